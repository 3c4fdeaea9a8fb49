//! The methods: how the Bellman operator is iterated, and when to stop.
//!
//! All of them look for the fixed point V_N of the gridded problem's operator T; d = T V − V throughout.
//!
//! - **vfi**: V ← T V from V = 0. The error falls by β an iteration, and after the last is at most β/(1−β) max |d|.
//! - **accelerated**: the same iteration, but it stops at the MacQueen-Porteus interval: V_N − T V lies between
//!   β/(1−β) min d and β/(1−β) max d, so that T V, moved to the interval's middle, is within half its width. d becomes flat long
//!   before it becomes small. Large grids start from the solution of one an eighth of their size, and so on down
//!   (multigrid; Chow and Tsitsiklis 1991): most iterations are done where they cost least. The interpolated V has the coarse
//!   grid's kinks; the exact value of the policy that it leads to, one evaluation, has lost most of them.
//! - **howard**: policy improvement (Howard 1960): V ← the exact value of the policy that T V chose. The same interval decides;
//!   a handful of iterations suffice. With the continuous choice the value of a policy need not be concave, so T is applied
//!   to its concave envelope V̂. That keeps V ≤ V̂ ≤ T V̂ ≤ the next V ≤ V_N, so that the guarded method converges, by β an
//!   iteration at least.
//! - **egm**: the endogenous grid method proposes a policy, and Howard's method polishes its value on the gridded problem.
//!
//! Two rules stop an iteration: the guaranteed error is at most the tolerance (`bound`), or max |d| is below it
//! (`change`, the lecture's; it leaves an error up to β/(1−β) times as large). Either way the certificate follows.

use std::time::{Duration, Instant};

use super::certify::{self, Certificate, certify, macqueen_porteus};
use super::cpu::{Bellman, Change, Maximizer, fill_rows};
use super::egm;
use super::evaluate::evaluate;
use super::grid::{Choice, Problem};
use super::{GrowthError, next_digit};
use crate::error::{Error, Result};

/// How the operator is iterated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Plain value function iteration from V = 0.
    Vfi,
    /// Value function iteration with MacQueen-Porteus bounds, from coarser grids where the grid is large.
    Accelerated,
    /// Policy improvement with exact policy evaluation.
    Howard,
    /// The endogenous grid method, polished by policy improvement.
    Egm,
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize, clap::ValueEnum)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// When the guaranteed error of V is at most the tolerance.
    Bound,
    /// When the largest change of V is below the tolerance.
    Change,
}

/// What the solver is to do.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Settings {
    /// How the operator is iterated.
    pub method: Method,
    /// How the best k′ is found; it must serve the problem's rule of choice.
    pub maximizer: Maximizer,
    /// When to stop.
    pub stop: Stop,
    /// The tolerance of [`Stop`], in units of utility.
    pub tolerance: f64,
    /// Applications of the operator, on all grids together, after which the solver gives up.
    pub max_iterations: usize,
}

impl Settings {
    /// The defaults for a rule of choice: accelerated, a guaranteed error of 1e-6.
    pub fn for_choice(choice: Choice) -> Self {
        Self {
            method: Method::Accelerated,
            maximizer: Maximizer::fastest(choice),
            stop: Stop::Bound,
            tolerance: 1e-6,
            max_iterations: 100_000,
        }
    }

    /// Whether the settings make sense, and fit the rule of choice.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] with the flag and the reason.
    pub fn check(&self, choice: Choice) -> Result<()> {
        let refuse =
            |name, value: String, requirement: String| Err(Error::Parameter { name, value, requirement });
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return refuse(
                "--tolerance",
                self.tolerance.to_string(),
                "it must be positive and finite".into(),
            );
        }
        if self.max_iterations == 0 {
            return refuse("--max-iterations", "0".into(), "at least one iteration is needed".into());
        }
        if self.maximizer.choice() != choice {
            let requirement = match choice {
                Choice::Continuous => "--choice continuous takes cell or golden",
                Choice::Grid => "--choice grid takes brute, sweep or bisection",
            };
            let value = format!("{:?}", self.maximizer).to_lowercase();
            return refuse("--maximizer", value, requirement.into());
        }
        Ok(())
    }
}

/// How far the solver is.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Progress {
    /// Applications of the operator so far.
    pub iterations: usize,
    /// Points of the grid at work.
    pub points: usize,
    /// What the stopping rule looks at: the guaranteed error, or the change.
    pub measure: f64,
}

/// Wall-clock time of the parts of a solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub struct Timing {
    /// Starting the device; nothing on the CPU.
    pub start: Duration,
    /// The method itself.
    pub solve: Duration,
    /// Policy improvement in f64 after a proposal.
    pub polish: Duration,
    /// The certificate.
    pub certify: Duration,
}

/// A solution with its certificate.
#[derive(Debug, Clone)]
pub struct Solution {
    /// V at the grid points, N, in units of utility.
    pub value: Vec<f64>,
    /// Next period's capital k′ at the grid points, N: the best choice given `value`.
    pub capital_next: Vec<f64>,
    /// Applications of the operator on the grid itself, those of the polish included.
    pub iterations: usize,
    /// Iterations on coarser grids, and of the endogenous grid method on all.
    pub preparations: usize,
    /// What is guaranteed.
    pub certificate: Certificate,
    /// What took how long.
    pub timing: Timing,
}

/// Solves the gridded `problem`, reporting to `observe` after each iteration.
///
/// # Errors
///
/// [`Error::Parameter`] where the settings make no sense or do not fit the problem, [`GrowthError::Tolerance`] where f64 cannot
/// guarantee the tolerance, [`GrowthError::NotConverged`] where `max_iterations` were not enough.
pub fn solve(problem: &Problem, settings: &Settings, observe: &mut dyn FnMut(Progress)) -> Result<Solution> {
    settings.check(problem.choice())?;
    let began = Instant::now();
    refuse_unreachable(problem, settings.tolerance)?;
    let mut solver = Solver { settings, observe, done: 0, waited: 0 };
    let exact = Maximizer::fastest(problem.choice());

    let (mut value, preparations) = match settings.method {
        Method::Vfi => {
            (solver.iterate(problem, settings.maximizer, Step::Plain, vec![0.0; problem.len()])?, 0)
        }
        Method::Accelerated => solver.nested(problem, Step::Centered)?,
        Method::Howard => solver.nested(problem, Step::Howard)?,
        Method::Egm => solver.endogenous_grid(problem)?,
    };
    let solved = Instant::now();
    // A proposal always; and what golden section has found to its own, lesser precision.
    if settings.method == Method::Egm
        || settings.maximizer == Maximizer::Golden && settings.stop == Stop::Bound
    {
        value = solver.iterate(problem, exact, Step::Howard, value)?;
    }
    let polished = Instant::now();
    let (certificate, capital_next) = certify(problem, &value);
    if settings.stop == Stop::Bound && certificate.bound > settings.tolerance {
        return Err(unreachable(settings.tolerance, certificate.rounding.max(certificate.bound / 3.0)));
    }
    let timing = Timing {
        start: Duration::ZERO,
        solve: solved - began,
        polish: polished - solved,
        certify: polished.elapsed(),
    };
    let iterations = solver.done - preparations;
    Ok(Solution { value, capital_next, iterations, preparations, certificate, timing })
}

/// Refuses, before long work, what f64 cannot guarantee: by the rounding on a small grid with the same ends.
fn refuse_unreachable(problem: &Problem, tolerance: f64) -> Result<()> {
    const POINTS: usize = 201;
    let small = problem.with_points(problem.len().min(POINTS), problem.choice());
    let n = small.len();
    let (mut value, mut next, mut policy) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    let mut bellman = Bellman::new(&small, Maximizer::fastest(problem.choice()));
    for _ in 0..100 {
        let change = bellman.apply(&value, &mut next, &mut policy);
        evaluate(&small, &mut policy, &mut value);
        // Two digits of V are more than the estimate needs.
        if change.norm() <= 0.01 * (1.0 - small.model().beta()) * value[n - 1].abs() {
            break;
        }
    }
    // An estimate: the iteration itself knows better, so that only what is far out of reach is refused here.
    let least = rounding(&small, &value, &policy);
    if tolerance < 0.5 * least { Err(unreachable(tolerance, least)) } else { Ok(()) }
}

/// The part of the guaranteed error near `value` that no iteration can take away.
fn rounding(problem: &Problem, value: &[f64], policy: &[f64]) -> f64 {
    certify::rounding(problem, value, policy) / (1.0 - problem.model().beta())
}

/// The refusal of a tolerance where `least` is all of the bound that rounding makes.
fn unreachable(asked: f64, least: f64) -> Error {
    // Twice that is what the iteration stops at, and its own rounding keeps it from coming closer than as much again.
    GrowthError::Tolerance { asked, reachable: next_digit(3.0 * least) }.into()
}

/// What follows an application of the operator.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Step {
    /// V ← T V.
    Plain,
    /// V ← T V, and the last one is moved to the middle of the MacQueen-Porteus interval.
    Centered,
    /// Once V ← the value of the policy, which is smoother than V from a coarser grid; then as `Centered`.
    Prolonged,
    /// V ← the value of the policy, and the last T V is moved to the middle.
    Howard,
}

struct Solver<'a> {
    settings: &'a Settings,
    observe: &'a mut dyn FnMut(Progress),
    /// Iterations so far.
    done: usize,
    /// Iterations after which only rounding kept the error above the tolerance.
    waited: usize,
}

impl Solver<'_> {
    /// Iterates on one grid from `value` until the stopping rule holds; the solution found.
    fn iterate(
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

    /// Solves on coarser grids first, by the cell formula, each the start of the next. Returns V and the iterations on
    /// the coarser grids.
    fn nested(&mut self, problem: &Problem, step: Step) -> Result<(Vec<f64>, usize)> {
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

    /// The value of the policy of the endogenous grid method, found on coarser grids first, and its iterations.
    fn endogenous_grid(&mut self, problem: &Problem) -> Result<(Vec<f64>, usize)> {
        // The policy's own error on the grid is far larger than this, and the polish corrects both.
        const TOLERANCE: f64 = 1e-8;
        let mut coarse: Option<(Problem, Vec<f64>)> = None;
        for points in coarser(problem.len()).into_iter().chain([problem.len()]) {
            let level = problem.with_points(points, Choice::Continuous);
            let mut consumption = match &coarse {
                Some((from, consumption)) => prolong(from, consumption, &level),
                // The last period's: all but what must be left.
                None => level.resources().iter().map(|f| f - level.capital()[0]).collect(),
            };
            let left = self.settings.max_iterations.saturating_sub(self.done);
            let (policy, iterations) = egm::iterate(&level, &mut consumption, TOLERANCE, left)?;
            self.done += iterations;
            if points == problem.len() {
                return Ok((self.value_of(&level, policy), self.done));
            }
            coarse = Some((level, consumption));
        }
        Ok((vec![0.0; problem.len()], self.done))
    }

    fn value_of(&self, problem: &Problem, mut policy: Vec<f64>) -> Vec<f64> {
        let mut value = vec![0.0; problem.len()];
        evaluate(problem, &mut policy, &mut value);
        value
    }
}

/// Sizes of the coarser grids, increasing: each an eighth of the next, down to a hundred or two.
fn coarser(points: usize) -> Vec<usize> {
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
        (None, _) => (vec![0.0; problem.len()], step),
        (Some((from, value)), Step::Centered) => (prolong(from, value, problem), Step::Prolonged),
        (Some((from, value)), _) => (prolong(from, value, problem), step),
    }
}

/// `at_points` of the grid of `from`, interpolated linearly to the points of `to`, which has the same ends.
fn prolong(from: &Problem, at_points: &[f64], to: &Problem) -> Vec<f64> {
    let k = from.capital();
    let last = k.len() - 2;
    let mut prolonged = vec![0.0; to.len()];
    fill_rows(&mut prolonged, |first, prolonged| {
        let mut j = from.cell(to.capital()[first]);
        for (value, &capital) in prolonged.iter_mut().zip(&to.capital()[first..]) {
            while j < last && k[j + 1] < capital {
                j += 1;
            }
            let weight = (capital - k[j]) / (k[j + 1] - k[j]);
            *value = at_points[j] + weight * (at_points[j + 1] - at_points[j]);
        }
    });
    prolonged
}
