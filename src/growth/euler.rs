//! Euler errors (Judd 1992) say how far the policy is from the model's own solution, grid or no grid. At
//! k off the grid, with k′ interpolated linearly between the policies at the points, c = f(k) − k′ and c′ =
//! f(k′) − k″:
//!
//! ```text
//! e(k) = log10 |1 − [β c′^(−σ) f′(k′)]^(−1/σ) / c|
//! ```
//!
//! With shocks, at (z, k), the right-hand side is an expectation over the next state z′:
//!
//! ```text
//! e(z, k) = log10 |1 − [β Σ P(z, z′) c′(z′)^(−σ) (z′ α k′^(α−1) + 1 − δ)]^(−1/σ) / c|
//! ```
//!
//! A value of −3 is a mistake of one unit in a thousand spent. It is taken at 10,000 points off the grid (in
//! each state),
//!
//! ```text
//! k = k_0 + (k_{N−1} − k_0) · frac(m φ),   m = 1 … 10,000,   φ = (√5 − 1)/2 = 0.618…
//! ```
//!
//! where frac is the fractional part: multiples of the golden ratio fill the range evenly and keep no step
//! with any grid (Weyl's sequence). Reported are the logarithms of the largest and of the mean error, between
//! −16, which is what f64 resolves, and 300. Where the range binds (k′ at an end of the grid) the equation is
//! an inequality and e(k) says by how much, so a grid should hold the steady state.

use rayon::prelude::*;

use super::math;
use super::problem::Problem;
use super::sup::{inf, sup};

/// Points off the grid at which the Euler equation is checked in each state: k_0 + (k_{N−1} − k_0) · frac(m
/// φ) for m = 1 … 10,000, with the golden ratio φ = 0.618….
pub const EULER_POINTS: usize = 10_000;

/// The Euler error in state `state` (0 without shocks) at `capital` of `policy` (Z × N, k′ at the nodes),
/// log10; at least −16.
pub fn euler_error(problem: &Problem, policy: &[f64], state: usize, capital: f64) -> f64 {
    logarithm(relative_euler_error(problem, policy, state, capital))
}

/// |1 − implied/actual consumption| in state `state` at `capital`.
fn relative_euler_error(problem: &Problem, policy: &[f64], state: usize, capital: f64) -> f64 {
    let (model, productivity) = (problem.model(), problem.chain().states()[state]);
    let next = problem.interpolate(problem.of(state, policy), capital);
    // Positive, but for rounding: see the transition path.
    let consumption = f64::max(model.resources_at(productivity, capital) - next, f64::MIN_POSITIVE);
    let implied = match problem.states() {
        1 => {
            let consumption_next = model.resources_at(productivity, next) - problem.interpolate(policy, next);
            // c′ out of the power: exact for every σ, and no overflow on the way.
            let discount = model.beta() * problem.chain().transition()[0];
            let factor = discount * model.gross_return_at(productivity, next);
            consumption_next * math::power(factor, -1.0 / model.sigma())
        }
        _ => expected_implied(problem, policy, state, next),
    };
    (1.0 - implied / consumption).abs()
}

/// [β Σ P(z, z′) c′(z′)^(−σ) y′(z′, k′)]^(−1/σ), the consumption in state `state` that the Euler equation
/// asks for where k′ is `next` and consumption c′(z′) follows from `policy` (Z × N).
fn expected_implied(problem: &Problem, policy: &[f64], state: usize, next: f64) -> f64 {
    let (model, chain, capital) = (problem.model(), problem.chain(), problem.capital());
    let j = problem.segment(next);
    let share = (next - capital[j]) / (capital[j + 1] - capital[j]);
    // ∂y/∂k and y, both linear in z.
    let kept = (1.0 - model.delta()) * next;
    let output = model.output(next);
    let marginal = model.gross_return_at(1.0, next) - (1.0 - model.delta());
    let consumption = |state: usize, productivity: f64| {
        let policy = problem.of(state, policy);
        productivity * output + kept - (policy[j] + share * (policy[j + 1] - policy[j]))
    };
    let reached = || (0..chain.len()).filter(|&z| chain.row(state)[z] > 0.0);
    // Consumption in relation to the least: powers of ratios do not overflow.
    let least = reached().fold(f64::INFINITY, |least, z| inf(least, consumption(z, chain.states()[z])));
    let of_state = |z: usize| {
        let productivity = chain.states()[z];
        let ratio = consumption(z, productivity) / least;
        chain.row(state)[z]
            * (productivity * marginal + 1.0 - model.delta())
            * math::power(ratio, -model.sigma())
    };
    let expected: f64 = reached().map(of_state).sum();
    least * math::power(model.beta() * expected, -1.0 / model.sigma())
}

/// Euler errors of `policy` at all Z × N nodes, log10.
pub fn euler_errors(problem: &Problem, policy: &[f64]) -> Vec<f64> {
    let n = problem.len();
    let at = |node: usize| euler_error(problem, policy, node / n, problem.capital()[node % n]);
    if problem.nodes() <= EULER_POINTS {
        return (0..problem.nodes()).map(at).collect();
    }
    (0..problem.nodes()).into_par_iter().with_min_len(1024).map(at).collect()
}

/// The largest and the mean Euler error off the grid over all states, log10.
pub(super) fn euler_summary(problem: &Problem, policy: &[f64]) -> (f64, f64) {
    let (low, high) = problem.grid().ends();
    // Multiples of the golden ratio, modulo 1, fill the range evenly and keep no step with any grid (Weyl's
    // sequence).
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let of_state = |state: usize| {
        let (mut greatest, mut sum) = (0.0_f64, 0.0);
        for point in 1..=EULER_POINTS {
            let share = (point as f64 * GOLDEN).fract();
            let error = relative_euler_error(problem, policy, state, low + (high - low) * share);
            greatest = sup(greatest, error);
            sum += error;
        }
        (greatest, sum)
    };
    let states = problem.states();
    let by_state: Vec<(f64, f64)> = match states {
        1 => vec![of_state(0)],
        _ => (0..states).into_par_iter().map(of_state).collect(),
    };
    let greatest = by_state.iter().fold(0.0, |most, &(greatest, _)| sup(most, greatest));
    let sum: f64 = by_state.iter().map(|&(_, sum)| sum).sum();
    (logarithm(greatest), logarithm(sum / (states * EULER_POINTS) as f64))
}

/// log10 of a relative error, at least −16, which is what f64 resolves, and at most 300, which is what it
/// holds.
pub(super) fn logarithm(error: f64) -> f64 {
    // A clamp keeps what is not a number.
    libm::log10(error.clamp(1e-16, 1e300))
}
