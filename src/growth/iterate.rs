//! The iteration on one grid: apply the operator, ask the stopping rule, take the next step.

use super::GrowthError;
use super::change::Change;
use super::evaluate::evaluate;
use super::maximize::Maximizer;
use super::operator::Bellman;
use super::problem::Problem;
use super::refusal::{first_not_finite, not_finite, unreachable};
use super::rounding::rounding;
use super::rows::fill_rows;
use super::settings::{Progress, Settings, Stop};
use crate::error::Result;

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
    /// Whether rounding alone keeps the error from falling.
    pub floor: Floor,
    /// What to do where the iterations allowed are not enough.
    pub advice: &'static str,
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
        let discounting = problem.discounting();
        let mut bellman = Bellman::new(problem, maximizer).postponing_policies();
        let mut next = vec![0.0; value.len()];
        let mut policy = vec![0.0; value.len()];
        self.floor = Floor::default();
        loop {
            let change = bellman.apply(&value, &mut next, &mut policy);
            self.done += 1;
            let (middle, half_width) = discounting.macqueen_porteus(bellman.changes());
            let error = match step {
                Step::Plain => discounting.plain(bellman.changes()),
                Step::Prolonged | Step::Centered | Step::Howard => half_width,
            };
            // Evaluation needs the policy; so does rounding, which decides once the error is small.
            if matches!(step, Step::Howard | Step::Prolonged) || error <= self.settings.tolerance {
                bellman.complete_policy(&mut policy);
            }
            if self.has_converged(&bellman, change, error, [&value, &next, &policy])? {
                if step != Step::Plain {
                    for (next, middle) in next.chunks_mut(problem.len()).zip(middle) {
                        fill_rows(next, |_, rows| rows.iter_mut().for_each(|v| *v += middle));
                    }
                }
                return Ok(next);
            }
            match step {
                Step::Plain | Step::Centered => std::mem::swap(&mut value, &mut next),
                Step::Howard => {
                    std::mem::swap(&mut value, &mut next);
                    evaluate(problem, &mut policy, &mut value);
                }
                Step::Prolonged => {
                    std::mem::swap(&mut value, &mut next);
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
        bellman: &Bellman<'_>,
        change: Change,
        error: f64,
        [value, next, policy]: [&[f64]; 3],
    ) -> Result<bool> {
        let problem = bellman.problem();
        let Settings { stop, tolerance, max_iterations, .. } = *self.settings;
        let mut measure = match stop {
            Stop::Bound => error,
            Stop::Change => change.norm(),
        };
        (self.observe)(Progress { iterations: self.done, points: problem.len(), measure });
        // No comparison below notices what is not a number.
        if !measure.is_finite() {
            return Err(not_finite(problem, "the value", first_not_finite(next)));
        }
        let converged = match stop {
            Stop::Change => measure < tolerance,
            Stop::Bound if error > tolerance => false,
            Stop::Bound => {
                // Once for the certificate's evaluation, once for what the last iteration and its move to the
                // middle round off.
                let least = rounding(bellman, value, next, policy);
                if !least.is_finite() {
                    return Err(not_finite(problem, "the rounding of the value", 0));
                }
                if tolerance < 2.0 * least {
                    return Err(unreachable(self.settings, 3.0 * least));
                }
                measure = error + 2.0 * least;
                measure <= tolerance
            }
        };
        if converged {
            return Ok(true);
        }
        if self.floor.is_reached(measure, problem.discounting().rate()) {
            return Err(unreachable(self.settings, 1.5 * self.floor.least));
        }
        if self.done >= max_iterations {
            let name = stop.measure();
            let (iterations, advice) = (self.done, self.advice);
            return Err(GrowthError::NotConverged {
                iterations,
                measure: name,
                reached: measure,
                tolerance,
                advice,
            }
            .into());
        }
        Ok(false)
    }
}

/// Notices when rounding alone keeps the measure of an iteration from falling.
///
/// Without rounding the error e of an iteration falls by β at least, and (1−β) e is a bound below what is
/// measured, e one above it, up to a factor that stays the same. So a new least measure comes once β^n < 1−β,
/// which n = ln(1/(1−β))/(1−β) is enough for.
#[derive(Debug)]
pub(super) struct Floor {
    least: f64,
    since: usize,
}

impl Default for Floor {
    fn default() -> Self {
        Self { least: f64::INFINITY, since: 0 }
    }
}

impl Floor {
    fn is_reached(&mut self, measure: f64, beta: f64) -> bool {
        (self.least, self.since) =
            if measure < self.least { (measure, 0) } else { (self.least, self.since + 1) };
        self.since as f64 > 16.0 + (2.0 - (1.0 - beta).ln()) / (1.0 - beta)
    }
}
