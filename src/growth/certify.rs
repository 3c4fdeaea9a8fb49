//! The certificate: what is guaranteed about a solution, found out afterwards, in f64, whoever proposed it.
//!
//! **Error of V.** T contracts by β, so that with d = T V − V
//!
//! ```text
//! max |V − V_N| ≤ max |d| / (1−β)          with shocks   max H d̄,   d̄_z = max |d(·, z)|
//! ```
//!
//! with H = (I − βP)^{−1}: see `discount.rs`.
//!
//! V_N is the exact solution of the gridded problem: that on this grid. The bound is on the error that
//! iterating and rounding leave, and says nothing about how far V_N is from the V of the model itself, which
//! is the grid's doing: it falls with the square of the spacing, and Euler errors give an idea of it.
//!
//! **Rounding.** d is computed in floating point, and off by at most r: see `rounding.rs`.
//!
//! The guaranteed bound is (max |d| + r)/(1−β), or H (d̄ + r), rounded up. V itself is rounded too, which
//! keeps max |d| from vanishing: tolerances below 2r/(1−β) are refused.
//!
//! **Euler errors** say how far the policy is from the model's own solution: see `euler.rs`.

use super::euler::euler_summary;
use super::operator::Bellman;
use super::problem::Problem;
use super::refusal::not_finite;
use super::rounding::rounding;
use super::roundoff::ROUNDOFF;
use crate::error::Result;

/// What is guaranteed, and what was measured, about a solution.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Certificate {
    /// Sup-norm Bellman residual max |T V − V|, in units of utility.
    pub residual: f64,
    /// Guaranteed bound on max |V − V_N| over the grid points, rounding included, in units of utility. V_N is
    /// the exact solution on this grid; how far that is from the model's own V is not part of the bound.
    #[serde(rename = "iteration_error")]
    pub bound: f64,
    /// The part of the bound that is due to rounding.
    pub rounding: f64,
    /// The largest Euler error, log10.
    pub euler_max: f64,
    /// The logarithm of the mean Euler error, log10.
    pub euler_mean: f64,
}

/// Certifies `value` (Z × N): applies the exact operator once, and checks the Euler equation on its policy.
/// Returns the certificate and the policy k′ (Z × N).
///
/// # Errors
///
/// [`NotFinite`](super::GrowthError::NotFinite) where a value, a choice, consumption, the bound or an Euler
/// error is not finite: then nothing is guaranteed.
pub fn certify(problem: &Problem, value: &[f64]) -> Result<(Certificate, Vec<f64>)> {
    certify_with(problem, value, |policy| euler_summary(problem, policy))
}

/// As [`certify`], with the largest and the mean Euler error, log10, from `euler`, which is given the policy.
pub(super) fn certify_with(
    problem: &Problem,
    value: &[f64],
    euler: impl FnOnce(&[f64]) -> (f64, f64),
) -> Result<(Certificate, Vec<f64>)> {
    let mut next = vec![0.0; value.len()];
    let mut policy = vec![0.0; value.len()];
    let mut bellman = Bellman::known(problem);
    let change = bellman.apply(value, &mut next, &mut policy);
    // Subtracting, adding, dividing and 1 − β round as well, each by u of the result.
    const UPWARDS: f64 = 1.0 + 8.0 * ROUNDOFF;
    let rounding = rounding(&bellman, value, &next, &policy) * UPWARDS;
    let residual = change.norm();
    let (euler_max, euler_mean) = euler(&policy);
    let norms: Vec<f64> = bellman.changes().iter().map(|change| change.norm()).collect();
    let bound = (problem.discounting().largest_total(&norms) + rounding) * UPWARDS;
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
