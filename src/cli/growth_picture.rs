//! The picture of `bellwether growth --plot`.

use super::values::name;
use crate::error::Result;
use crate::figures::{grouped, upper};
use crate::growth::{Enclosed, Ergodic, PathPoint, Problem, euler_error};
use crate::plot::{self, Picture};

/// No more points than a picture can show.
const MOST: usize = 2000;

/// The picture of a solution, of the path where there is one, and of the distribution in the long run where
/// it was computed.
pub(super) fn picture(solved: &Enclosed, path: &[PathPoint], ergodic: Option<&Ergodic>) -> Result<Picture> {
    let Enclosed { problem, settings, solution, enclosure } = solved;
    let model = problem.model();
    let method = format!(
        "σ = {}, β = {}, δ = {}, α = {}; {} points, {} choice, {}; distance to the true V ≤ {}, iteration \
         error ≤ {}",
        model.sigma(),
        model.beta(),
        model.delta(),
        model.alpha(),
        grouped(problem.len() as u64),
        name(&problem.choice()),
        name(&settings.method),
        upper(enclosure.error_of(&solution.value), 1),
        upper(solution.certificate.bound, 1)
    );
    let every = problem.len().div_ceil(MOST);
    let thin = |values: &[f64]| -> Vec<f64> {
        let of_state = |values: &[f64]| {
            let last = values.last().filter(|_| !(values.len() - 1).is_multiple_of(every));
            values.iter().step_by(every).chain(last).copied().collect::<Vec<f64>>()
        };
        values.chunks(problem.len()).flat_map(of_state).collect()
    };
    let capital = problem.capital();
    let (lowest, highest) = problem.grid().ends();
    // Off the grid, where errors are largest.
    let error_at = |number: usize| {
        let (state, place) = (number / 1000, number % 1000);
        let k = lowest + (highest - lowest) * (place as f64 + 0.5) / 1000.0;
        let error = match &solution.collocation {
            Some(collocation) => collocation.euler_errors(&[k])[state],
            None => euler_error(problem, &solution.capital_next, state, k),
        };
        (k, error)
    };
    let every_period = path.len().div_ceil(MOST).max(1);
    let periods = path.iter().step_by(every_period).map(|point| (point.t as f64, point.k, point.c));
    let density = ergodic.map(|ergodic| density(problem, &ergodic.probability)).unwrap_or_default();
    plot::growth::picture(&plot::growth::Curves {
        method: &method,
        states: problem.chain().states(),
        capital: &thin(capital),
        value: &thin(&solution.value),
        capital_next: &thin(&solution.capital_next),
        steady_state: model.steady_state().capital,
        euler_errors: &(0..1000 * problem.states()).map(error_at).collect::<Vec<_>>(),
        path: &periods.collect::<Vec<_>>(),
        density: &thin(&density),
    })
}

/// The density of capital at the nodes, Z × N, in probability a unit of capital: a node's probability over
/// half of the way to its neighbours.
fn density(problem: &Problem, probability: &[f64]) -> Vec<f64> {
    let (k, last) = (problem.capital(), problem.len() - 1);
    let width = |i: usize| 0.5 * (k[(i + 1).min(last)] - k[i.saturating_sub(1)]);
    probability.iter().enumerate().map(|(node, p)| p / width(node % k.len())).collect()
}
