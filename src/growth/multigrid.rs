//! Coarser grids first: most iterations are done where they cost least.
//!
//! A grid of N points starts from the solution of one of about N/8 points, interpolated linearly, that from
//! one of N/64, and so on down to a hundred or two (Chow and Tsitsiklis 1991). Each is solved to the
//! tolerance, as V or as the consumption policy. The coarse grids always have the continuous choice, whose
//! error is the smaller.

use super::choice::Choice;
use super::egm;
use super::evaluate::evaluate;
use super::iterate::{Solver, Step};
use super::maximize::Maximizer;
use super::problem::Problem;
use super::rows::fill_rows;
use super::settings::Progress;
use crate::error::Result;

impl Solver<'_> {
    /// V on `problem`, by way of coarser grids, and the iterations on those.
    pub(super) fn nested(&mut self, problem: &Problem, step: Step) -> Result<(Vec<f64>, usize)> {
        let mut coarse: Option<(Problem, Vec<f64>)> = None;
        for points in coarser(problem.len()) {
            let level = problem.with_points(points, Choice::Continuous);
            let (start, step) = start_from(coarse.as_ref(), &level, step);
            let value = self.iterate(&level, Maximizer::Cell, step, start)?;
            coarse = Some((level, value));
        }
        let before = self.done;
        let (start, step) = start_from(coarse.as_ref(), problem, step);
        Ok((self.iterate(problem, self.settings.maximizer, step, start)?, before))
    }

    /// The value on `problem` of the endogenous grid method's policy, and the method's iterations on all
    /// grids.
    pub(super) fn endogenous_grid(&mut self, problem: &Problem) -> Result<(Vec<f64>, usize)> {
        let mut coarse: Option<(Problem, Vec<f64>)> = None;
        for points in coarser(problem.len()) {
            let level = problem.with_points(points, Choice::Continuous);
            let (consumption, _) = self.euler_iteration(coarse.as_ref(), &level)?;
            coarse = Some((level, consumption));
        }
        let (_, mut policy) = self.euler_iteration(coarse.as_ref(), problem)?;
        let mut value = vec![0.0; problem.nodes()];
        evaluate(problem, &mut policy, &mut value);
        Ok((value, self.done))
    }

    /// Consumption and policy k′ on one grid by the endogenous grid method.
    fn euler_iteration(
        &mut self,
        coarse: Option<&(Problem, Vec<f64>)>,
        problem: &Problem,
    ) -> Result<(Vec<f64>, Vec<f64>)> {
        // The policy's own error on the grid is far larger than this, and the polish corrects both.
        const TOLERANCE: f64 = 1e-8;
        let mut consumption = match coarse {
            Some((from, consumption)) => prolong(from, consumption, problem),
            None => egm::last_consumption(problem),
        };
        let left = self.settings.max_iterations.saturating_sub(self.done);
        let (done, points) = (self.done, problem.nodes());
        let mut observe = |iterations: usize, measure: f64| {
            (self.observe)(Progress { iterations: done + iterations, points, measure });
        };
        let (policy, iterations) =
            egm::iterate(problem, &mut consumption, TOLERANCE, left, self.advice, &mut observe)?;
        self.done += iterations;
        Ok((consumption, policy))
    }
}

/// Sizes of the coarser grids, increasing.
pub(super) fn coarser(points: usize) -> Vec<usize> {
    let mut sizes = Vec::new();
    let mut size = points;
    while size > 400 {
        size = (size - 1) / 8 + 1;
        sizes.push(size);
    }
    sizes.reverse();
    sizes
}

/// The start on `problem`: the coarse solution if there is one, else V = 0; and the step to take with it.
fn start_from(coarse: Option<&(Problem, Vec<f64>)>, problem: &Problem, step: Step) -> (Vec<f64>, Step) {
    match (coarse, step) {
        (None, _) => (vec![0.0; problem.nodes()], step),
        (Some((from, value)), Step::Centered) => (prolong(from, value, problem), Step::Prolonged),
        (Some((from, value)), _) => (prolong(from, value, problem), step),
    }
}

/// `at_nodes` of the grid of `from`, interpolated linearly to the points of `to`, which has the same ends and
/// states.
pub(super) fn prolong(from: &Problem, at_nodes: &[f64], to: &Problem) -> Vec<f64> {
    let k = from.capital();
    let last = k.len() - 2;
    let mut prolonged = vec![0.0; to.nodes()];
    for (at_points, prolonged) in at_nodes.chunks(from.len()).zip(prolonged.chunks_mut(to.len())) {
        fill_rows(prolonged, |first, prolonged| {
            let mut j = from.segment(to.capital()[first]);
            for (value, &capital) in prolonged.iter_mut().zip(&to.capital()[first..]) {
                while j < last && k[j + 1] < capital {
                    j += 1;
                }
                let weight = (capital - k[j]) / (k[j + 1] - k[j]);
                *value = at_points[j] + weight * (at_points[j + 1] - at_points[j]);
            }
        });
    }
    prolonged
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::grid::GridSpec;
    use crate::growth::model::Model;

    #[test]
    fn the_ladder_ends_small() {
        assert!(coarser(100).is_empty() && coarser(400).is_empty());
        assert_eq!(coarser(1000), [125]);
        assert_eq!(coarser(1_000_000), [245, 1954, 15_625, 125_000]);
    }

    #[test]
    fn prolonging_is_interpolating() {
        let to =
            Problem::new(Model::default(), GridSpec { points: 5000, ..GridSpec::default() }, Choice::Grid)
                .unwrap();
        let from = to.with_points(77, Choice::Continuous);
        let at_points: Vec<f64> = from.capital().iter().map(|k| k.sqrt()).collect();
        for (k, v) in to.capital().iter().zip(prolong(&from, &at_points, &to)) {
            assert!((v - from.interpolate(&at_points, *k)).abs() < 1e-14);
        }
    }
}
