//! The iteration on one grid: apply the operator, ask the stopping rule, take the next step.

use super::GrowthError;
use super::certify::{self, macqueen_porteus};
use super::cpu::{Bellman, Change, Maximizer, fill_rows};
use super::evaluate::evaluate;
use super::grid::Problem;
use super::solve::{Progress, Settings, Stop};
use crate::error::{Error, Result};

/// What follows an application of the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Step {
    /// V ← T V.
    Plain,
    /// V ← T V, and the last one is moved to the middle of the MacQueen-Porteus interval.
    Centered,
    /// Once V ← the value of the policy, which is smoother than V from a coarser grid; then as `Centered`.
    Prolonged,
    /// V ← the value of the policy, and the last T V is moved to the middle.
    Howard,
}

/// An iteration under way, on one grid after another.
pub(super) struct Solver<'a> {
    pub settings: &'a Settings,
    pub observe: &'a mut dyn FnMut(Progress),
    /// Iterations so far.
    pub done: usize,
    /// Iterations after which only rounding kept the error above the tolerance.
    pub waited: usize,
}

impl Solver<'_> {
    /// Iterates on one grid from `value` until the stopping rule holds; the solution found.
    pub(super) fn iterate(
        &mut self,
        problem: &Problem,
        maximizer: Maximizer,
        mut step: Step,
        mut value: Vec<f64>,
    ) -> Result<Vec<f64>> {
        let beta = problem.model().beta();
        let mut bellman = Bellman::new(problem, maximizer);
        let mut next = vec![0.0; value.len()];
        let mut policy = vec![0.0; value.len()];
        self.waited = 0;
        loop {
            let change = bellman.apply(&value, &mut next, &mut policy);
            self.done += 1;
            let (middle, half_width) = macqueen_porteus(beta, change);
            let error = match step {
                Step::Plain => beta / (1.0 - beta) * change.norm(),
                Step::Prolonged | Step::Centered | Step::Howard => half_width,
            };
            if self.has_converged(problem, change, error, &next, &policy)? {
                if step != Step::Plain {
                    fill_rows(&mut next, |_, rows| rows.iter_mut().for_each(|v| *v += middle));
                }
                return Ok(next);
            }
            match step {
                Step::Plain | Step::Centered => std::mem::swap(&mut value, &mut next),
                Step::Howard => evaluate(problem, &mut policy, &mut value),
                Step::Prolonged => {
                    evaluate(problem, &mut policy, &mut value);
                    step = Step::Centered;
                }
            }
        }
    }

    /// Policy improvement with the exact maximizer from a proposed `value`, until the stopping rule holds.
    pub(super) fn polish(&mut self, problem: &Problem, value: Vec<f64>) -> Result<Vec<f64>> {
        self.iterate(problem, Maximizer::fastest(problem.choice()), Step::Howard, value)
    }

    fn has_converged(
        &mut self,
        problem: &Problem,
        change: Change,
        error: f64,
        value: &[f64],
        policy: &[f64],
    ) -> Result<bool> {
        let Settings { stop, tolerance, max_iterations, .. } = *self.settings;
        let (measure, name) = match stop {
            Stop::Bound => (error, "the guaranteed error"),
            Stop::Change => (change.norm(), "the change"),
        };
        (self.observe)(Progress { iterations: self.done, points: problem.len(), measure });
        let converged = match stop {
            Stop::Change => measure < tolerance,
            Stop::Bound if error > tolerance => false,
            Stop::Bound => {
                // Once for the certificate's evaluation, once for what the last iteration and its move to the middle round off.
                let least = rounding(problem, value, policy);
                // The error went on falling by β an iteration while it could; now it is rounding alone.
                let stalled =
                    error <= 2.0 * least && self.waited as f64 > 5.0 / (1.0 - problem.model().beta());
                if tolerance < 2.0 * least || stalled {
                    return Err(unreachable(tolerance, least));
                }
                self.waited += 1;
                error + 2.0 * least <= tolerance
            }
        };
        // Also where a figure has become NaN, which no comparison above notices.
        if !converged && self.done >= max_iterations {
            let reached = measure;
            return Err(GrowthError::NotConverged {
                iterations: self.done,
                measure: name,
                reached,
                tolerance,
            }
            .into());
        }
        Ok(converged)
    }
}

/// The part of the guaranteed error near `value` that no iteration can take away.
pub(super) fn rounding(problem: &Problem, value: &[f64], policy: &[f64]) -> f64 {
    certify::rounding(problem, value, policy) / (1.0 - problem.model().beta())
}

/// The refusal of a tolerance where `least` is all of the bound that rounding makes.
pub(super) fn unreachable(asked: f64, least: f64) -> Error {
    // Twice that is what the iteration stops at, and its own rounding keeps it from coming closer than as much again.
    GrowthError::Tolerance { asked, reachable: next_digit(3.0 * least) }.into()
}

/// `x` > 0 rounded up to one significant digit.
fn next_digit(x: f64) -> f64 {
    let exponent = x.log10().floor();
    let digit = (x / 10f64.powf(exponent)).ceil();
    // By way of its decimal form, so that it prints as one digit.
    format!("{digit}e{exponent}").parse().unwrap_or(x)
}
