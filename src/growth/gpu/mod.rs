//! Proposals by a GPU, in f32: the GPU proposes a policy, the CPU polishes and certifies its value in f64.
//!
//! f32 alone can't reach a tolerance of 1e-6 in V: iterated values stall above it. A policy is another
//! matter. It enters its own value in second order only, so that a policy off by 1e-6 has an exact value, one
//! O(N) evaluation in f64, off by far less than that. What is left is taken away by a few iterations of
//! Howard's method, and the certificate is the CPU's.
//!
//! | file | proposal |
//! |---|---|
//! | `egm.rs`, `shaders/egm.wgsl` | the continuous choice: the endogenous grid method, on marginal values |
//! | `brute.rs`, `shaders/brute.wgsl` | the choice on the grid: all candidates compared, a tile at a time |
//! | `shocks.rs`, `shaders/expectation.wgsl`, `shaders/euler.wgsl` | with shocks: expectations for either |

pub mod brute;
pub mod egm;
pub mod shocks;

use std::time::{Duration, Instant};

use super::choice::Choice;
use super::evaluate::evaluate;
use super::iterate::{Floor, Solver};
use super::maximize::Maximizer;
use super::multigrid::coarser;
use super::problem::Problem;
use super::settings::{Method, Progress, Settings};
use super::solve::{ProposalReport, Solution, Timing, finish, refuse_unreachable, with_reachable};
use super::sup::distance;
use crate::error::{Error, Result};
use crate::figures::figure;
use crate::gpu::{Gpu, GpuError};

/// Invocations of a workgroup.
const WORKGROUP: u32 = 64;
/// Turns of all loops together that one invocation takes in a dispatch. Mesa's software adapters stop loops
/// silently after 65,535.
const LOOP_TURNS: usize = 16_000;

/// A policy from the device.
#[derive(Debug, Clone)]
pub(super) struct Proposal {
    /// k′ at the nodes, Z × N: on the grid's range, with something left to consume.
    pub policy: Vec<f64>,
    /// Iterations on the device.
    pub iterations: usize,
    /// The last iteration's change.
    pub change: f64,
    /// Time to compile the kernels.
    pub start: Duration,
}

/// Solves the gridded `problem`: `gpu` proposes a policy in f32, the CPU polishes and certifies its value in
/// f64. The settings must be among those that [`Settings::check_gpu`] accepts.
///
/// # Errors
///
/// As [`solve`](super::solve), and any [`GpuError`].
pub fn solve_on(
    gpu: &Gpu,
    problem: &Problem,
    settings: &Settings,
    observe: &mut dyn FnMut(Progress),
) -> Result<Solution> {
    settings.check(problem.choice())?;
    settings.check_gpu()?;
    // The polish decides what can be reached.
    let polishing =
        Settings { method: Method::Howard, maximizer: Maximizer::fastest(problem.choice()), ..*settings };
    attempt_on(gpu, problem, settings, observe).map_err(|error| with_reachable(problem, &polishing, error))
}

/// As [`solve_on`], for settings that make sense. The tolerance that a refusal names is an estimate.
fn attempt_on(
    gpu: &Gpu,
    problem: &Problem,
    settings: &Settings,
    observe: &mut dyn FnMut(Progress),
) -> Result<Solution> {
    let began = Instant::now();
    refuse_unreachable(problem, settings)?;
    let mut proposal = propose(problem, settings, gpu, observe)?;
    let timing =
        Timing { start: proposal.start, solve: began.elapsed() - proposal.start, ..Timing::default() };

    let polishing = Instant::now();
    let mut proposed = vec![0.0; problem.nodes()];
    evaluate(problem, &mut proposal.policy, &mut proposed);
    let advice = "raise `max_iterations`, or choose `device cpu`";
    let mut solver = Solver { settings, observe, done: proposal.iterations, floor: Floor::default(), advice };
    let value = solver.polish(problem, proposed.clone())?;
    let timing = Timing { polish: polishing.elapsed(), ..timing };
    let mut solution = finish(problem, settings, value, solver.done, proposal.iterations, timing)?;
    solution.proposal = Some(ProposalReport {
        iterations: proposal.iterations,
        change: proposal.change,
        value_distance: distance(&proposed, &solution.value),
        policy_distance: distance(&proposal.policy, &solution.capital_next),
    });
    Ok(solution)
}

/// A policy for `problem`, found on `gpu`.
pub(super) fn propose(
    problem: &Problem,
    settings: &Settings,
    gpu: &Gpu,
    observe: &mut dyn FnMut(Progress),
) -> Result<Proposal> {
    check_range(problem)?;
    shocks::check_states(problem, gpu)?;
    let limit = budget(settings.max_iterations);
    let mut proposal = match problem.choice() {
        Choice::Continuous => egm::propose(problem, gpu, limit, observe)?,
        Choice::Grid => brute::propose(problem, settings.method, limit, gpu, observe)?,
    };
    keep_within(problem, &mut proposal.policy).map_err(|row| GpuError::Failed {
        adapter: gpu.adapter().label(),
        what: "proposing a policy".into(),
        why: format!("the policy at node {row} is not a number"),
    })?;
    Ok(proposal)
}

/// The iterations that a proposal may take of those that are allowed: half of them, so that the polish has as
/// many. A proposal that is not yet there costs the polish a few iterations more; one that leaves nothing to
/// polish with has been for nothing.
fn budget(max_iterations: usize) -> usize {
    max_iterations / 2
}

/// Sizes of the coarser grids on which to start with so many iterations, increasing: none where each grid
/// could not have two.
fn coarser_within(points: usize, limit: usize) -> Vec<usize> {
    let sizes = coarser(points);
    if limit < 2 * (sizes.len() + 1) { Vec::new() } else { sizes }
}

/// The iterations that one of so many grids may take, where `left` are left for them all: those on coarser
/// grids leave two for each grid after them.
fn share(left: usize, grids_after: usize) -> usize {
    left.saturating_sub(2 * grids_after).max(1)
}

/// Refuses what f32 can't hold.
fn check_range(problem: &Problem) -> Result<()> {
    const LEAST: f64 = 1e-12;
    const MOST: f64 = 1e12;
    let capital = problem.capital();
    let (low, high) = (capital[0], capital[capital.len() - 1]);
    if low < LEAST || high > MOST {
        let requirement = format!(
            "a GPU computes in 32-bit floating point, which serves capital between {LEAST:e} and {MOST:e}, \
             and here it lies between {low:.1e} and {high:.1e}; choose `device cpu`"
        );
        let (name, value) =
            if low < LEAST { ("low", problem.spec().low) } else { ("high", problem.spec().high) };
        return Err(Error::Parameter { name, value: figure(value), requirement });
    }
    Ok(())
}

/// Moves a rounded policy onto the grid's range, and to where something is left to consume; the first row
/// that is no number.
fn keep_within(problem: &Problem, policy: &mut [f64]) -> Result<(), usize> {
    let capital = problem.capital();
    let (low, high) = (capital[0], capital[capital.len() - 1]);
    for (row, (k, f)) in policy.iter_mut().zip(problem.resources()).enumerate() {
        if !k.is_finite() {
            return Err(row);
        }
        // A millionth of what could be consumed is kept: f32 resolves no less. Choices on the grid leave
        // something already.
        *k = k.clamp(low, high);
        if *k >= *f {
            *k = low + (1.0 - 1e-6) * (f - low);
        }
    }
    Ok(())
}

/// Bytes that a kernel may bind in one buffer, and count in 32 bits.
fn binding(gpu: &Gpu) -> u64 {
    let limits = gpu.limits();
    limits.max_storage_buffer_binding_size.min(limits.max_buffer_size).min(u32::MAX.into())
}

/// The refusal of a grid of more than `most` points.
fn refuse_grid(gpu: &Gpu, points: usize, most: u64) -> Error {
    let requirement = format!(
        "{} binds {} in one buffer, which holds at most {most} points; choose fewer, or `device cpu`",
        gpu.adapter().label(),
        crate::error::bytes(binding(gpu))
    );
    Error::Parameter { name: "points", value: points.to_string(), requirement }
}

/// Notices when rounding keeps the change from falling.
#[derive(Debug)]
struct Stall {
    least: f32,
    since: usize,
}

impl Default for Stall {
    fn default() -> Self {
        Self { least: f32::INFINITY, since: 0 }
    }
}

impl Stall {
    /// Iterations without a new least change that make a stall.
    const PATIENCE: usize = 16;

    /// Takes the change after so many more iterations.
    fn add(&mut self, iterations: usize, change: f32) {
        if change < self.least {
            (self.least, self.since) = (change, 0);
        } else {
            self.since += iterations;
        }
    }

    fn is_final(&self) -> bool {
        self.since >= Self::PATIENCE
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_budget_is_exceeded_by_its_shares() {
        for points in [2, 400, 401, 10_000, 10_000_000] {
            for max_iterations in [2, 3, 5, 8, 20, 60, 1000] {
                let limit = budget(max_iterations);
                assert!(limit >= 1 && max_iterations - limit >= limit);
                let grids = coarser_within(points, limit).len() + 1;
                // Each grid takes all that it may.
                let mut left = limit;
                for grid in 0..grids {
                    let taken = share(left, grids - 1 - grid);
                    assert!((1..=left).contains(&taken), "{points}, {max_iterations}: {taken} of {left}");
                    left -= taken;
                }
                assert_eq!(left, 0);
            }
        }
    }

    #[test]
    fn a_stall_is_noticed_and_a_fall_is_none() {
        let mut falling = Stall::default();
        (0..100).for_each(|i| falling.add(1, 0.9_f32.powi(i)));
        assert!(!falling.is_final());
        let mut flat = Stall::default();
        (0..20).for_each(|i| flat.add(1, 1e-6 + 1e-7 * (i % 3) as f32));
        assert!(flat.is_final());
        let mut broken = Stall::default();
        (0..16).for_each(|_| broken.add(1, f32::NAN));
        assert!(broken.is_final());
    }
}
