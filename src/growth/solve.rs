//! The methods: how the Bellman operator is iterated, and when to stop.
//!
//! All of them look for the fixed point V_N of the gridded problem's operator T; d = T V − V throughout.
//!
//! - **vfi**: V ← T V from V = 0. The error falls by β an iteration, and after the last is at most β/(1−β)
//!   max |d|.
//! - **accelerated**: the same iteration, but it stops at the MacQueen-Porteus interval: V_N − T V lies
//!   between β/(1−β) min d and β/(1−β) max d, so that T V, moved to the interval's middle, is within half its
//!   width. d becomes flat long before it becomes small. Large grids start from the solution of one an eighth
//!   of their size, and so on down (multigrid; Chow and Tsitsiklis 1991): most iterations are done where they
//!   cost least. The interpolated V has the coarse grid's kinks; the exact value of the policy that it leads
//!   to, one evaluation, has lost most of them.
//! - **howard**: policy improvement (Howard 1960): V ← the exact value of the policy that T V chose. The
//!   same interval decides; a handful of iterations suffice. With the continuous choice the value of a policy
//!   need not be concave, so T is applied to its concave envelope V̂. That keeps V ≤ V̂ ≤ T V̂ ≤ the next V ≤
//!   V_N, so that the guarded method converges, by β an iteration at least.
//! - **egm**: the endogenous grid method proposes a policy, and Howard's method polishes its value on the
//!   gridded problem.
//! - **collocation** (`collocation/`): no fixed point of T but the economy's own V, by polynomials. The
//!   grid is where it is written; tolerance and number of iterations have no part in it.
//!
//! A GPU proposes in f32 (`gpu/`): by the endogenous grid method, or by brute force. The polish and the
//! certificate are the same.
//!
//! Two rules stop an iteration: the guaranteed error is at most the tolerance (`bound`), or max |d| is below
//! it (`change`, the lecture's; it leaves an error up to β/(1−β) times as large). Either way the certificate
//! follows.

use std::time::{Duration, Instant};

use super::certify::{Certificate, certify, certify_with};
use super::collocation::Collocation;
use super::error::GrowthError;
use super::evaluate::evaluate;
use super::iterate::{Floor, Solver, Step};
use super::maximize::Maximizer;
use super::operator::Bellman;
use super::problem::Problem;
use super::refusal::{RAISE, first_not_finite, next_digit, not_finite, unreachable};
use super::rounding::rounding;
use super::settings::{Method, Progress, Settings, Stop};
use crate::error::{Error, Result};

/// How the device's proposal compares with the certified solution.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct ProposalReport {
    /// Iterations on the device, in f32.
    pub iterations: usize,
    /// The last of them changed this much: consumption, as a share of itself, or V.
    pub change: f64,
    /// max |V_p − V| over the grid points, where V_p is the exact value of the proposed policy.
    pub value_distance: f64,
    /// max |k′_p − k′| over the grid points.
    pub policy_distance: f64,
}

/// Wall-clock time of the parts of a solution.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub struct Timing {
    /// Compiling the device's kernels, and starting it where the caller adds that; nothing on the CPU.
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
#[non_exhaustive]
pub struct Solution {
    /// V at the nodes, Z × N (N without shocks), in units of utility.
    pub value: Vec<f64>,
    /// Next period's capital k′ at the nodes, Z × N: the best choice given `value`.
    pub capital_next: Vec<f64>,
    /// Applications of the operator on the grid itself, those of the polish included.
    pub iterations: usize,
    /// Iterations on coarser grids, of the endogenous grid method on all, and those on a GPU.
    pub preparations: usize,
    /// What a GPU proposed; none on the CPU.
    pub proposal: Option<ProposalReport>,
    /// The solution without a grid, where the method is collocation.
    pub collocation: Option<Collocation>,
    /// What is guaranteed about the solution on this grid; for what is guaranteed about the true value
    /// function see [`enclose_solution`](super::enclose::enclose_solution).
    pub certificate: Certificate,
    /// What took how long.
    pub timing: Timing,
}

/// Solves the gridded `problem` on the CPU, reporting to `observe` after each iteration.
///
/// # Errors
///
/// [`Error::Parameter`] where the settings make no sense or do not fit the problem,
/// [`GrowthError::Tolerance`](super::GrowthError::Tolerance) where f64 cannot guarantee the tolerance,
/// [`GrowthError::NotConverged`](super::GrowthError::NotConverged) where `max_iterations` were not enough,
/// [`GrowthError::NotFinite`](super::GrowthError::NotFinite) where f64 cannot hold the problem.
pub fn solve(problem: &Problem, settings: &Settings, observe: &mut dyn FnMut(Progress)) -> Result<Solution> {
    settings.check(problem.choice())?;
    attempt(problem, settings, observe).map_err(|error| with_reachable(problem, settings, error))
}

/// As [`solve`], for settings that make sense. The tolerance that a refusal names is an estimate.
fn attempt(problem: &Problem, settings: &Settings, observe: &mut dyn FnMut(Progress)) -> Result<Solution> {
    if settings.method == Method::Collocation {
        return collocate(problem);
    }
    let began = Instant::now();
    refuse_unreachable(problem, settings)?;
    let advice = match settings.method {
        Method::Howard => RAISE,
        _ => "raise `max_iterations`, or choose `method howard`, which needs few",
    };
    let mut solver = Solver { settings, observe, done: 0, floor: Floor::default(), advice };

    let (mut value, preparations) = match settings.method {
        Method::Vfi => {
            (solver.iterate(problem, settings.maximizer, Step::Plain, vec![0.0; problem.nodes()])?, 0)
        }
        Method::Accelerated => solver.nested(problem, Step::Centered)?,
        Method::Howard => solver.nested(problem, Step::Howard)?,
        Method::Egm | Method::Collocation => solver.endogenous_grid(problem)?,
    };
    let timing = Timing { solve: began.elapsed(), ..Timing::default() };
    // A proposal always; and what golden section has found to its own, lesser precision.
    if settings.method == Method::Egm
        || settings.maximizer == Maximizer::Golden && settings.stop == Stop::Bound
    {
        value = solver.polish(problem, value)?;
    }
    let polish = began.elapsed() - timing.solve;
    finish(problem, settings, value, solver.done, preparations, Timing { polish, ..timing })
}

/// Certifies `value`, and refuses it where the bound that was asked for is not met.
pub(super) fn finish(
    problem: &Problem,
    settings: &Settings,
    value: Vec<f64>,
    done: usize,
    preparations: usize,
    timing: Timing,
) -> Result<Solution> {
    let began = Instant::now();
    let (certificate, capital_next) = certify(problem, &value)?;
    if settings.stop == Stop::Bound && certificate.bound > settings.tolerance {
        return Err(unreachable(settings, f64::max(3.0 * certificate.rounding, certificate.bound)));
    }
    let timing = Timing { certify: began.elapsed(), ..timing };
    let iterations = done - preparations;
    Ok(Solution {
        value,
        capital_next,
        iterations,
        preparations,
        proposal: None,
        collocation: None,
        certificate,
        timing,
    })
}

/// The solution by collocation, at the nodes of `problem`.
fn collocate(problem: &Problem) -> Result<Solution> {
    let began = Instant::now();
    let (low, high) = problem.grid().ends();
    let solution = Collocation::new(problem.model(), problem.chain(), low, high)?;
    let (value, capital_next, _) = solution.at(problem.capital());
    let solve = began.elapsed();
    collocated(problem, solution, value, capital_next, Timing { solve, ..Timing::default() })
}

/// Certifies `value`, which is about that of a `solution` by collocation.
pub(super) fn collocated(
    problem: &Problem,
    solution: Collocation,
    value: Vec<f64>,
    capital_next: Vec<f64>,
    timing: Timing,
) -> Result<Solution> {
    let began = Instant::now();
    let (low, high) = problem.grid().ends();
    // Euler errors of the solution itself, not of lines between its values at the nodes.
    let (certificate, _) = certify_with(problem, &value, |_| solution.euler_summary(low, high))?;
    Ok(Solution {
        value,
        capital_next,
        iterations: solution.steps(),
        preparations: 0,
        proposal: None,
        collocation: Some(solution),
        certificate,
        timing: Timing { certify: began.elapsed(), ..timing },
    })
}

/// Refuses, before long work, what f64 cannot guarantee: by the rounding on a small grid with the same ends.
pub(super) fn refuse_unreachable(problem: &Problem, settings: &Settings) -> Result<()> {
    const POINTS: usize = 201;
    let small = problem.with_points(problem.len().min(POINTS), problem.choice());
    let n = small.nodes();
    let (mut value, mut next, mut policy) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
    let mut bellman = Bellman::new(&small, Maximizer::fastest(problem.choice()));
    for _ in 0..100 {
        let change = bellman.apply(&value, &mut next, &mut policy);
        // Two digits of V are more than the estimate needs.
        if change.norm() <= 0.01 * (1.0 - small.model().beta()) * next[n - 1].abs() {
            break;
        }
        evaluate(&small, &mut policy, &mut value);
    }
    let mut least = rounding(&bellman, &value, &next, &policy);
    // An estimate: the iteration itself knows better, so that only what is far out of reach is refused here.
    if settings.stop == Stop::Change {
        least *= 1.0 - small.discounting().rate();
    }
    if !least.is_finite() {
        // Rounding is all that there is, at some point or at all of them.
        return Err(not_finite(&small, "the value", first_not_finite(&value)));
    }
    if settings.tolerance < 0.5 * least { Err(unreachable(settings, 3.0 * least)) } else { Ok(()) }
}

/// The refusal of a tolerance names one that has been tried; other errors stay as they are.
pub(super) fn with_reachable(problem: &Problem, settings: &Settings, refused: Error) -> Error {
    const ATTEMPTS: usize = 40;
    let Error::Growth(GrowthError::Tolerance { asked, measure, mut reachable }) = refused else {
        return refused;
    };
    // Brute force finds what the others find, later.
    let maximizer = match settings.maximizer {
        Maximizer::Brute => Maximizer::fastest(problem.choice()),
        other => other,
    };
    for _ in 0..ATTEMPTS {
        let settings = Settings { tolerance: reachable, maximizer, ..*settings };
        match attempt(problem, &settings, &mut |_| ()) {
            Err(Error::Growth(GrowthError::Tolerance { reachable: next, .. })) => {
                reachable = f64::max(next, next_digit(reachable.next_up()));
            }
            Err(error @ Error::Growth(GrowthError::NotFinite { .. })) => return error,
            // Iterations that are not enough are another refusal, with advice of its own.
            _ => break,
        }
    }
    GrowthError::Tolerance { asked, measure, reachable }.into()
}
