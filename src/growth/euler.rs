//! Euler errors (Judd 1992) say how far the policy is from the model's own solution, grid or no grid. At
//! k off the grid, with k′ interpolated linearly between the policies at the points, c = f(k) − k′ and c′ =
//! f(k′) − k″:
//!
//! ```text
//! e(k) = log10 |1 − [β c′^(−σ) f′(k′)]^(−1/σ) / c|
//! ```
//!
//! A value of −3 is a mistake of one unit in a thousand spent. It is taken at 10,000 points off the grid,
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

use super::grid::Problem;
use super::math;
use super::model::Model;
use super::sup::sup;

/// Points off the grid at which the Euler equation is checked: k_0 + (k_{N−1} − k_0) · frac(m φ) for m = 1 …
/// 10,000, with the golden ratio φ = 0.618….
pub const EULER_POINTS: usize = 10_000;

/// The Euler error at `capital` of `policy` (N, k′ at the grid points), log10; at least −16.
pub fn euler_error(problem: &Problem, policy: &[f64], capital: f64) -> f64 {
    logarithm(relative_euler_error(problem, policy, capital))
}

/// |1 − implied/actual consumption| at `capital`.
fn relative_euler_error(problem: &Problem, policy: &[f64], capital: f64) -> f64 {
    let model = problem.model();
    let next = problem.interpolate(policy, capital);
    // Positive, but for rounding: see the transition path.
    let consumption = f64::max(model.resources(capital) - next, f64::MIN_POSITIVE);
    let consumption_next = model.resources(next) - problem.interpolate(policy, next);
    let implied = implied_consumption(model, consumption_next, next);
    (1.0 - implied / consumption).abs()
}

/// [β c′^(−σ) f′(k′)]^(−1/σ), the consumption today that the Euler equation asks for.
fn implied_consumption(model: &Model, consumption_next: f64, capital_next: f64) -> f64 {
    // c′ out of the power: exact for every σ, and no overflow on the way.
    consumption_next * math::power(model.beta() * model.gross_return(capital_next), -1.0 / model.sigma())
}

/// Euler errors of `policy` at all N grid points, log10.
pub fn euler_errors(problem: &Problem, policy: &[f64]) -> Vec<f64> {
    let at = |&k: &f64| euler_error(problem, policy, k);
    if problem.len() <= EULER_POINTS {
        return problem.capital().iter().map(at).collect();
    }
    problem.capital().par_iter().with_min_len(1024).map(at).collect()
}

/// The largest and the mean Euler error off the grid, log10.
pub(super) fn euler_summary(problem: &Problem, policy: &[f64]) -> (f64, f64) {
    let capital = problem.capital();
    let (low, high) = (capital[0], capital[capital.len() - 1]);
    // Multiples of the golden ratio, modulo 1, fill the range evenly and keep no step with any grid (Weyl's
    // sequence).
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let (mut greatest, mut sum) = (0.0_f64, 0.0);
    for point in 1..=EULER_POINTS {
        let share = (point as f64 * GOLDEN).fract();
        let error = relative_euler_error(problem, policy, low + (high - low) * share);
        greatest = sup(greatest, error);
        sum += error;
    }
    (logarithm(greatest), logarithm(sum / EULER_POINTS as f64))
}

/// log10 of a relative error, at least −16, which is what f64 resolves, and at most 300, which is what it
/// holds.
fn logarithm(error: f64) -> f64 {
    // A clamp keeps what is not a number.
    libm::log10(error.clamp(1e-16, 1e300))
}
