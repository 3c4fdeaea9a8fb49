//! The certificate: what is guaranteed about a solution, found out afterwards, in f64, whoever proposed it.
//!
//! **Error of V.** T contracts by β, so that for any V, with d = T V − V (MacQueen 1966, Porteus 1971)
//!
//! ```text
//! T V + β/(1−β) min d ≤ V_N ≤ T V + β/(1−β) max d        hence  max |V − V_N| ≤ max |d| / (1−β)
//! ```
//!
//! V_N is the exact solution of the gridded problem. Computing d in floating point adds, with the unit roundoff u = 2⁻⁵³ and
//! libraries that return powers, exponentials and logarithms within one unit in the last place, at most
//!
//! ```text
//! r = u · max_i [ 5 |U(c_i)| + U′(c_i) (3 f_i + c_i + 4 c_i |ln c_i|) ] + u · (3 max |V| + 5 max |V_{j+1} − V_j|)
//! ```
//!
//! - f = k^α + (1−δ)k is off by 2u f, c = f − k′ by another u c, each worth U′(c) as much;
//! - U(c) = expm1((1−σ) ln c)/(1−σ) is off by 4u |U| and by 4u |ln c| c^(1−σ) from its exponent; the sum with β V by u |U|;
//! - interpolating, discounting and adding V: u |V| each, and 5u of the rise over the cell;
//! - a k′ that misses the best by rounding loses an amount of second order, below u U′(c) c.
//!
//! So the guaranteed bound is (max |d| + r)/(1−β). V itself is rounded too, which keeps max |d| from vanishing: tolerances
//! below 2r/(1−β) are refused.
//!
//! With the choice on the grid a runner-up may win by rounding, at a consumption of its own: r is doubled.
//!
//! **Euler errors** (Judd 1992) say how far the policy is from the model's own solution, grid or no grid. At k off the grid,
//! with k′ interpolated linearly between the policies at the points, c = f(k) − k′ and c′ = f(k′) − k″:
//!
//! ```text
//! e(k) = log10 |1 − [β c′^(−σ) f′(k′)]^(−1/σ) / c|
//! ```
//!
//! A value of −3 is a mistake of one unit in a thousand spent. 10,000 points are taken, spread evenly over the range and off
//! the grid; reported are the logarithms of the largest and of the mean error. Where the range binds (k′ at an end of the
//! grid) the equation is an inequality and e(k) says by how much, so a grid should hold the steady state.

use rayon::prelude::*;

use super::cpu::{Bellman, Change, Maximizer, ROWS_A_TASK};
use super::grid::{Choice, Problem};
use super::iterate::not_finite;
use super::model::Model;
use super::sup::{inf, sup};
use super::utility::{Utility, with_utility};
use crate::error::Result;

/// Points at which the Euler equation is checked.
pub const EULER_POINTS: usize = 10_000;

/// What is guaranteed, and what was measured, about a solution.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Certificate {
    /// Sup-norm Bellman residual max |T V − V|, in units of utility.
    pub residual: f64,
    /// Guaranteed bound on max |V − V_N|, rounding included, in units of utility.
    pub bound: f64,
    /// The part of the bound that is due to rounding.
    pub rounding: f64,
    /// The largest Euler error, log10.
    pub euler_max: f64,
    /// The logarithm of the mean Euler error, log10.
    pub euler_mean: f64,
}

/// Certifies `value` (N): applies the exact operator once, and checks the Euler equation on its policy. Returns the
/// certificate and the policy k′ (N).
///
/// # Errors
///
/// [`NotFinite`](super::GrowthError::NotFinite) where a value, a choice, consumption, the bound or an Euler error is not finite: then nothing is
/// guaranteed.
pub fn certify(problem: &Problem, value: &[f64]) -> Result<(Certificate, Vec<f64>)> {
    let mut next = vec![0.0; value.len()];
    let mut policy = vec![0.0; value.len()];
    let exact = Maximizer::fastest(problem.choice());
    let change = Bellman::new(problem, exact).apply(value, &mut next, &mut policy);
    let beta = problem.model().beta();
    let rounding = rounding(problem, value, &policy) / (1.0 - beta);
    let residual = change.norm();
    let (euler_max, euler_mean) = euler_summary(problem, &policy);
    let bound = residual / (1.0 - beta) + rounding;
    let refuse_unless =
        |what, holds: &dyn Fn(usize) -> bool| match (0..value.len()).find(|&point| !holds(point)) {
            Some(point) => Err(not_finite(problem, what, point)),
            None => Ok(()),
        };
    refuse_unless("the value", &|i| value[i].is_finite())?;
    refuse_unless("the utility of consumption", &|i| problem.resources()[i] - policy[i] > 0.0)?;
    for (what, figure) in
        [("the bound", bound), ("an Euler error", euler_max), ("an Euler error", euler_mean)]
    {
        if !figure.is_finite() {
            return Err(not_finite(problem, what, 0));
        }
    }
    Ok((Certificate { residual, bound, rounding, euler_max, euler_mean }, policy))
}

/// The MacQueen-Porteus interval of V_N − T V for a change d = T V − V: its middle and its half width.
pub(super) fn macqueen_porteus(beta: f64, change: Change) -> (f64, f64) {
    let factor = beta / (1.0 - beta);
    (0.5 * factor * (change.greatest + change.least), 0.5 * factor * (change.greatest - change.least))
}

/// The bound r on the rounding of T V − V.
pub(super) fn rounding(problem: &Problem, value: &[f64], policy: &[f64]) -> f64 {
    const ROUNDOFF: f64 = 0.5 * f64::EPSILON;
    let rows = problem.resources().par_chunks(ROWS_A_TASK).zip(policy.par_chunks(ROWS_A_TASK));
    let of_rows = |(f, k): (&[f64], &[f64])| {
        with_utility!(problem.model().sigma(), |utility| rounding_of_choice(utility, f, k))
    };
    let choice = if value.len() <= ROWS_A_TASK {
        of_rows((problem.resources(), policy))
    } else {
        rows.map(of_rows).reduce(|| 0.0, sup)
    };
    let (mut size, mut rise) = (value[0].abs(), 0.0);
    for pair in value.windows(2) {
        let (here, step) = (pair[1].abs(), (pair[1] - pair[0]).abs());
        size = sup(size, here);
        rise = sup(rise, step);
    }
    let doubt = match problem.choice() {
        Choice::Continuous => 1.0,
        Choice::Grid => 2.0,
    };
    doubt * ROUNDOFF * (choice + 3.0 * size + 5.0 * rise)
}

/// The first term of r/u, over the rows with the given resources and policy.
fn rounding_of_choice(utility: impl Utility, resources: &[f64], policy: &[f64]) -> f64 {
    // Rows are taken together by the extremes of their consumption, which bounds each of them and spares most of the U(c).
    const ROWS: usize = 16;
    let mut worst: f64 = 0.0;
    for (f, k) in resources.chunks(ROWS).zip(policy.chunks(ROWS)) {
        let (mut least, mut greatest) = (f64::INFINITY, 0.0);
        for (f, k) in f.iter().zip(k) {
            let c = f - k;
            least = inf(least, c);
            greatest = sup(greatest, c);
        }
        let logarithm = sup(least.ln().abs(), greatest.ln().abs());
        let absolute = sup(utility.value(least).abs(), utility.value(greatest).abs());
        let weight = 3.0 * f[f.len() - 1] + greatest * (1.0 + 4.0 * logarithm);
        worst = sup(worst, 5.0 * absolute + utility.marginal(least) * weight);
    }
    worst
}

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
    consumption_next * (model.beta() * model.gross_return(capital_next)).powf(-1.0 / model.sigma())
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
fn euler_summary(problem: &Problem, policy: &[f64]) -> (f64, f64) {
    let capital = problem.capital();
    let (low, high) = (capital[0], capital[capital.len() - 1]);
    // Multiples of the golden ratio, modulo 1, fill the range evenly and keep no step with any grid (Weyl's sequence).
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

/// log10 of a relative error, at least −16, which is what f64 resolves, and at most 300, which is what it holds.
fn logarithm(error: f64) -> f64 {
    // A clamp keeps what is not a number.
    error.clamp(1e-16, 1e300).log10()
}
