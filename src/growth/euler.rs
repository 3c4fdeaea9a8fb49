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

use super::math::{exp_side_by_side, log_side_by_side};
use super::problem::Problem;
use super::sup::{inf, sup};
use crate::vector::{Lanes, Vectorized, Vectors};

/// Points off the grid at which the Euler equation is checked in each state: k_0 + (k_{N−1} − k_0) · frac(m
/// φ) for m = 1 … 10,000, with the golden ratio φ = 0.618….
pub const EULER_POINTS: usize = 10_000;

/// Points side by side.
const SIDE_BY_SIDE: usize = 16;

/// The Euler error in state `state` (0 without shocks) at `capital` of `policy` (Z × N, k′ at the nodes),
/// log10; at least −16.
pub fn euler_error(problem: &Problem, policy: &[f64], state: usize, capital: f64) -> f64 {
    let mut error = [0.0];
    relative_errors(problem, policy, state, &[capital], &mut error);
    logarithm(error[0])
}

/// |1 − implied/actual consumption| in state `state` at each of `capital`, to `errors`.
fn relative_errors(problem: &Problem, policy: &[f64], state: usize, capital: &[f64], errors: &mut [f64]) {
    Vectors::best().run(RelativeErrors { problem, policy, state, capital, errors });
}

struct RelativeErrors<'a> {
    problem: &'a Problem,
    /// k′ at the nodes, Z × N.
    policy: &'a [f64],
    state: usize,
    capital: &'a [f64],
    errors: &'a mut [f64],
}

impl Vectorized for RelativeErrors<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { problem, policy, state, capital, errors } = self;
        for (capital, errors) in capital.chunks(SIDE_BY_SIDE).zip(errors.chunks_mut(SIDE_BY_SIDE)) {
            // A last block that is not full repeats its first point.
            let mut block = [capital[0]; SIDE_BY_SIDE];
            block[..capital.len()].copy_from_slice(capital);
            errors.copy_from_slice(&block_of_errors(problem, policy, state, &block)[..capital.len()]);
        }
    }
}

/// [β Σ P(z, z′) c′(z′)^(−σ) (z′ α k′^(α−1) + 1 − δ)]^(−1/σ) is the consumption that the equation asks for.
#[inline(always)]
fn block_of_errors(
    problem: &Problem,
    policy: &[f64],
    state: usize,
    capital: &[f64; SIDE_BY_SIDE],
) -> [f64; SIDE_BY_SIDE] {
    let (model, chain, grid) = (problem.model(), problem.chain(), problem.capital());
    let (states, chances, kept) = (chain.states(), chain.row(state), 1.0 - model.delta());
    // k′; the node below, and the weight of the one above; output of productivity 1.
    let mut next = [0.0; SIDE_BY_SIDE];
    let mut place = [0; SIDE_BY_SIDE];
    let mut share = [0.0; SIDE_BY_SIDE];
    let mut output = [0.0; SIDE_BY_SIDE];
    for at in 0..SIDE_BY_SIDE {
        next[at] = problem.interpolate(problem.of(state, policy), capital[at]);
        let j = problem.segment(next[at]);
        (place[at], share[at]) = (j, (next[at] - grid[j]) / (grid[j + 1] - grid[j]));
    }
    for at in 0..SIDE_BY_SIDE {
        output[at] = power(next[at], model.alpha());
    }
    let reached = || (0..states.len()).filter(|&z| chances[z] > 0.0);
    // Consumption in relation to the least: powers of ratios do not overflow.
    let mut consumption = [0.0; SIDE_BY_SIDE];
    let mut least = [f64::INFINITY; SIDE_BY_SIDE];
    for z in reached() {
        consume(&mut consumption, states[z], &output, kept, &next, problem.of(z, policy), &place, &share);
        for at in 0..SIDE_BY_SIDE {
            least[at] = inf(least[at], consumption[at]);
        }
    }
    let is_certain = reached().count() == 1;
    let mut expected = [0.0; SIDE_BY_SIDE];
    for z in reached() {
        consume(&mut consumption, states[z], &output, kept, &next, problem.of(z, policy), &place, &share);
        for at in 0..SIDE_BY_SIDE {
            let gross_return = states[z] * (model.alpha() * output[at] / next[at]) + kept;
            // Of a single state the ratio is 1.
            let ratio = if is_certain { 1.0 } else { power(consumption[at] / least[at], -model.sigma()) };
            expected[at] += chances[z] * gross_return * ratio;
        }
    }
    let mut errors = [0.0; SIDE_BY_SIDE];
    for at in 0..SIDE_BY_SIDE {
        let implied = least[at] * power(model.beta() * expected[at], -1.0 / model.sigma());
        let resources = states[state] * power(capital[at], model.alpha()) + kept * capital[at];
        // Positive, but for rounding: see the transition path.
        let actual = sup(resources - next[at], f64::MIN_POSITIVE);
        errors[at] = (1.0 - implied / actual).abs();
    }
    errors
}

/// x^y for x > 0.
#[inline(always)]
fn power(x: f64, y: f64) -> f64 {
    exp_side_by_side(y * log_side_by_side(x))
}

/// c′ at productivity `z`, where k″ is interpolated on `policy`.
#[inline(always)]
#[allow(clippy::too_many_arguments)]
fn consume(
    consumption: &mut [f64; SIDE_BY_SIDE],
    z: f64,
    output: &[f64; SIDE_BY_SIDE],
    kept: f64,
    next: &[f64; SIDE_BY_SIDE],
    policy: &[f64],
    place: &[usize; SIDE_BY_SIDE],
    share: &[f64; SIDE_BY_SIDE],
) {
    for at in 0..SIDE_BY_SIDE {
        let j = place[at];
        let after = policy[j] + share[at] * (policy[j + 1] - policy[j]);
        consumption[at] = z * output[at] + kept * next[at] - after;
    }
}

/// Euler errors of `policy` at all Z × N nodes, log10.
pub fn euler_errors(problem: &Problem, policy: &[f64]) -> Vec<f64> {
    const AT_A_TIME: usize = 1024;
    let mut errors = vec![0.0; problem.nodes()];
    let chunks = errors.par_chunks_mut(problem.len()).enumerate().flat_map(|(state, errors)| {
        let nodes = errors.par_chunks_mut(AT_A_TIME).zip(problem.capital().par_chunks(AT_A_TIME));
        nodes.map(move |(errors, capital)| (state, errors, capital))
    });
    chunks.for_each(|(state, errors, capital)| {
        relative_errors(problem, policy, state, capital, errors);
        errors.iter_mut().for_each(|error| *error = logarithm(*error));
    });
    errors
}

/// The largest and the mean Euler error off the grid over all states, log10.
pub(super) fn euler_summary(problem: &Problem, policy: &[f64]) -> (f64, f64) {
    let (low, high) = problem.grid().ends();
    // Multiples of the golden ratio, modulo 1, fill the range evenly and keep no step with any grid (Weyl's
    // sequence).
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let share = |point: usize| (point as f64 * GOLDEN).fract();
    let capital: Vec<f64> = (1..=EULER_POINTS).map(|point| low + (high - low) * share(point)).collect();
    let of_state = |state: usize| {
        let mut errors = vec![0.0; EULER_POINTS];
        relative_errors(problem, policy, state, &capital, &mut errors);
        (errors.iter().fold(0.0, |most, &error| sup(most, error)), errors.iter().sum())
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
