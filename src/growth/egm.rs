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
//! With shocks it consumes, in state z, the expectation's worth of tomorrow's marginal values,
//!
//! ```text
//! g_zj = [β Σ P(z, z′) c_z′j^(−σ) (z′ α k_j^(α−1) + 1 − δ)]^(−1/σ)
//! ```
//!
//! one small matrix product an iteration, with two powers a node. Powers are taken of consumption in relation
//! to that of the state in the middle, whose σ-th power does not overflow.
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
use super::math;
use super::problem::Problem;
use super::refusal::{RAISE, not_finite};
use super::sup::sup;
use crate::error::Result;

/// The policy k′ (Z × N) of the endogenous grid method, in f64, from the last period's consumption until it
/// changes by less than `tolerance` of itself; and the number of iterations. No grid but that of `problem` is
/// used.
///
/// # Errors
///
/// [`GrowthError::NotConverged`] after 100,000 iterations; [`GrowthError::NotFinite`] where rounding leaves
/// nothing to consume.
pub fn euler_policy(problem: &Problem, tolerance: f64) -> Result<(Vec<f64>, usize)> {
    iterate(problem, &mut last_consumption(problem), tolerance, 100_000, RAISE, &mut |_, _| ())
}

/// Consumption in a last period: all but what must be left.
pub(super) fn last_consumption(problem: &Problem) -> Vec<f64> {
    problem.resources().iter().map(|f| f - problem.capital()[0]).collect()
}

/// [β f′(k_j)]^(−1/σ), N, without shocks: consumption today per unit of consumption tomorrow, where the Euler
/// equation holds.
pub(super) fn factors(problem: &Problem) -> Vec<f64> {
    let model = problem.model();
    let factor = |&k: &f64| math::power(model.beta() * model.gross_return(k), -1.0 / model.sigma());
    problem.capital().iter().map(factor).collect()
}

/// What the Euler equation makes of tomorrow's consumption.
pub(super) enum Marginal {
    /// Without shocks: the factors by point, N.
    Factors(Vec<f64>),
    /// With shocks: β P(z, z′) and the gross returns z′ α k_j^(α−1) + 1 − δ at the nodes.
    Expected { discounted: Vec<f64>, returns: Vec<f64>, values: Vec<f64> },
}

impl Marginal {
    pub(super) fn new(problem: &Problem) -> Self {
        if !problem.has_shocks() {
            return Self::Factors(factors(problem));
        }
        let (model, chain) = (problem.model(), problem.chain());
        let of_state = |&z: &f64| problem.capital().iter().map(move |&k| model.gross_return_at(z, k));
        Self::Expected {
            discounted: chain.transition().iter().map(|p| model.beta() * p).collect(),
            returns: chain.states().iter().flat_map(of_state).collect(),
            values: vec![0.0; problem.nodes()],
        }
    }

    /// Resources x_zj of today at which k_j is left and tomorrow's consumption is `consumption` (Z × N).
    fn endogenous(&mut self, problem: &Problem, consumption: &[f64], endogenous: &mut [f64]) {
        let (capital, n) = (problem.capital(), problem.len());
        match self {
            Self::Factors(factors) => {
                for j in 0..n {
                    endogenous[j] = capital[j] + consumption[j] * factors[j];
                }
            }
            Self::Expected { discounted, returns, values } => {
                let (sigma, states) = (problem.model().sigma(), problem.states());
                let middle = problem.of(states / 2, consumption);
                for (node, value) in values.iter_mut().enumerate() {
                    *value = returns[node] * math::power(consumption[node] / middle[node % n], -sigma);
                }
                let of_state = |(row, endogenous): (&[f64], &mut [f64])| {
                    endogenous.fill(0.0);
                    for (p, values) in row.iter().zip(values.chunks(n)) {
                        endogenous.iter_mut().zip(values).for_each(|(sum, value)| *sum += p * value);
                    }
                    for (j, x) in endogenous.iter_mut().enumerate() {
                        *x = capital[j] + middle[j] * math::power(*x, -1.0 / sigma);
                    }
                };
                discounted.chunks(states).zip(endogenous.chunks_mut(n)).for_each(of_state);
            }
        }
    }
}

/// Iterates from `consumption` (Z × N, increasing, positive) in place until it changes by less than
/// `tolerance` of itself. Returns the policy k′ (Z × N) and the number of iterations, at most `limit`;
/// `advice` is for where that is not enough.
pub(super) fn iterate(
    problem: &Problem,
    consumption: &mut [f64],
    tolerance: f64,
    limit: usize,
    advice: &'static str,
    observe: &mut dyn FnMut(usize, f64),
) -> Result<(Vec<f64>, usize)> {
    let n = problem.len();
    let mut marginal = Marginal::new(problem);
    let mut endogenous = vec![0.0; problem.nodes()];
    let mut policy = vec![0.0; problem.nodes()];
    let mut worst = f64::INFINITY;
    for iteration in 1..=limit {
        marginal.endogenous(problem, consumption, &mut endogenous);
        worst = 0.0;
        let by_state = consumption.chunks_mut(n).zip(policy.chunks_mut(n)).zip(endogenous.chunks(n));
        for (state, ((consumption, policy), endogenous)) in by_state.enumerate() {
            worst = sup(worst, merge(problem, state, endogenous, consumption, policy));
        }
        observe(iteration, worst);
        if worst < tolerance {
            return Ok((policy, iteration));
        }
        if !worst.is_finite() {
            let node = consumption.iter().position(|&c| c.is_nan() || c <= 0.0).unwrap_or(0);
            return Err(not_finite(problem, "the utility of consumption", node));
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

/// The policy in one state, and the consumption that it leaves, from the endogenous grid; the largest change
/// of consumption as a share of itself.
fn merge(
    problem: &Problem,
    state: usize,
    endogenous: &[f64],
    consumption: &mut [f64],
    policy: &mut [f64],
) -> f64 {
    let (capital, resources, n) = (problem.capital(), problem.resources_in(state), problem.len());
    let (mut worst, mut j) = (0.0, 0);
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
        worst = sup(worst, (new - consumption[i]).abs() / new);
        consumption[i] = new;
    }
    worst
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::choice::Choice;
    use crate::growth::grid::GridSpec;
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
        assert!(iterate(&problem, &mut last_consumption(&problem), 1e-10, 5, RAISE, &mut |_, _| ()).is_err());
    }
}
