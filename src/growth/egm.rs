//! The endogenous grid method (Carroll 2006): iteration on the Euler equation, without a maximizer and
//! without V.
//!
//! Suppose that consumption c_j is known at every point k_j of tomorrow. Whoever chooses k′ = k_j today
//! consumes, by the Euler equation, and has had, by the budget,
//!
//! ```text
//! g_j = [β c_j^(−σ) f′(k_j)]^(−1/σ) = c_j · (β f′(k_j))^(−1/σ),      x_j = k_j + g_j
//! ```
//!
//! The resources x_j are the endogenous grid. Interpolating k′ between the (x_j, k_j) at the resources f_i of
//! the capital grid gives today's policy; below x_0 it is k_0, above x_{N−1} it is k_{N−1}, where the range
//! binds. The factors do not change from iteration to iteration, so that one costs a product a point and a
//! merge.
//!
//! Its policy is smooth where that of the gridded problem clings to the kinks of a piecewise linear V, so it
//! solves a slightly different discretization. It is a proposal: its exact value is the start of a short
//! polish by Howard's method.

use super::error::GrowthError;
use super::grid::Problem;
use super::math;
use super::refusal::{RAISE, not_finite};
use super::sup::sup;
use crate::error::Result;

/// The policy k′ (N) of the endogenous grid method, in f64, from the last period's consumption until it
/// changes by less than `tolerance` of itself; and the number of iterations. No grid but that of `problem` is
/// used.
///
/// # Errors
///
/// [`GrowthError::NotConverged`] after 100,000 iterations; [`GrowthError::NotFinite`] where rounding leaves
/// nothing to consume.
pub fn euler_policy(problem: &Problem, tolerance: f64) -> Result<(Vec<f64>, usize)> {
    iterate(problem, &mut last_consumption(problem), tolerance, 100_000, RAISE)
}

/// Consumption in a last period: all but what must be left.
pub(super) fn last_consumption(problem: &Problem) -> Vec<f64> {
    problem.resources().iter().map(|f| f - problem.capital()[0]).collect()
}

/// [β f′(k_j)]^(−1/σ), N: consumption today per unit of consumption tomorrow, where the Euler equation holds.
pub(super) fn factors(problem: &Problem) -> Vec<f64> {
    let model = problem.model();
    let factor = |&k: &f64| math::power(model.beta() * model.gross_return(k), -1.0 / model.sigma());
    problem.capital().iter().map(factor).collect()
}

/// Iterates from `consumption` (N, increasing, positive) in place until it changes by less than `tolerance`
/// of itself. Returns the policy k′ (N) and the number of iterations, at most `limit`; `advice` is for where
/// that is not enough.
pub(super) fn iterate(
    problem: &Problem,
    consumption: &mut [f64],
    tolerance: f64,
    limit: usize,
    advice: &'static str,
) -> Result<(Vec<f64>, usize)> {
    let (capital, resources) = (problem.capital(), problem.resources());
    let n = capital.len();
    let factors = factors(problem);
    let mut endogenous = vec![0.0; n];
    let mut policy = vec![0.0; n];
    let mut worst = f64::INFINITY;
    for iteration in 1..=limit {
        for j in 0..n {
            endogenous[j] = capital[j] + consumption[j] * factors[j];
        }
        worst = 0.0;
        let mut j = 0;
        for i in 0..n {
            let f = resources[i];
            while j + 2 < n && endogenous[j + 1] < f {
                j += 1;
            }
            let width = endogenous[j + 1] - endogenous[j];
            // Where rounding leaves a segment without width either end will do.
            let share = if width > 0.0 { ((f - endogenous[j]) / width).clamp(0.0, 1.0) } else { 0.0 };
            policy[i] = capital[j] + share * (capital[j + 1] - capital[j]);
            let new = f - policy[i];
            let change = (new - consumption[i]).abs() / new;
            worst = sup(worst, change);
            consumption[i] = new;
        }
        if worst < tolerance {
            return Ok((policy, iteration));
        }
        if !worst.is_finite() {
            let point = consumption.iter().position(|&c| c.is_nan() || c <= 0.0).unwrap_or(0);
            return Err(not_finite(problem, "the utility of consumption", point));
        }
    }
    Err(GrowthError::NotConverged {
        iterations: limit,
        measure: "the change of the policy",
        reached: worst,
        tolerance,
        advice,
    }
    .into())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::grid::{Choice, GridSpec};
    use crate::growth::model::Model;

    fn policy(model: Model, points: usize) -> (Problem, Vec<f64>) {
        let spec = GridSpec { points, ..GridSpec::default() };
        let problem = Problem::new(model, spec, Choice::Continuous).unwrap();
        let (policy, _) = euler_policy(&problem, 1e-10).unwrap();
        (problem, policy)
    }

    #[test]
    fn the_policy_meets_the_closed_form() {
        let (problem, policy) = policy(Model::new(1.0, 0.95, 1.0, 0.33).unwrap(), 1000);
        for (k, next) in problem.capital().iter().zip(&policy) {
            let exact = 0.33 * 0.95 * k.powf(0.33);
            // Where the upper end of the grid does not bind.
            assert!((next / exact - 1.0).abs() < 1e-5, "{next} against {exact} at {k}");
        }
    }

    #[test]
    fn the_policy_meets_the_oracle_table() {
        let (problem, policy) = policy(Model::default(), 1000);
        let steady = problem.model().steady_state().capital;
        for (share, next) in [(0.5, 1.724802420522), (1.0, 3.160860199072), (1.5, 4.571479781988)] {
            let found = problem.interpolate(&policy, share * steady);
            assert!((found - next).abs() < 1e-5, "{found} at {share}");
        }
    }

    #[test]
    fn too_few_iterations_are_an_error() {
        let spec = GridSpec::default();
        let problem = Problem::new(Model::default(), spec, Choice::Continuous).unwrap();
        assert!(iterate(&problem, &mut last_consumption(&problem), 1e-10, 5, RAISE).is_err());
    }
}
