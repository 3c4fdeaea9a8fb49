//! The endogenous grid method on a GPU, in f32: host side of `shaders/egm.wgsl`, twin of `src/growth/egm.rs`.
//!
//! Carrying values along, f32 resolves the best k′ to the root of its precision only, for near the maximum
//! they are flat. The first-order condition with the envelope theorem compares marginal values instead, U′(c)
//! = β V′(k′) with V′(k) = U′(c) f′(k), and its rounding enters k′ once. In the endogenous grid method V′
//! appears as the consumption that it asks for, so that an iteration has no power and no root, whatever σ is.
//!
//! With shocks what consumption is asked for is an expectation (`shocks.rs`), a kernel of its own before each
//! iteration.
//!
//! Coarser grids come first, as on the CPU. Small grids are iterated on by one workgroup in one dispatch. On
//! larger ones an iteration is a dispatch (or several), and a submission holds many. The changes of all of
//! its iterations come back together, and tell when the iteration stops: at two units in the last place, or
//! where rounding keeps it from falling, never later than after 4,096 iterations on all grids.

use std::ops::Range;
use std::time::Instant;

use bytemuck::{Pod, Zeroable};

use super::super::choice::Choice;
use super::super::egm as cpu;
use super::super::multigrid::prolong;
use super::super::problem::Problem;
use super::super::settings::Progress;
use super::shocks::Expectations;
use super::{LOOP_TURNS, Proposal, Stall, WORKGROUP, binding, coarser_within, refuse_grid, share};
use crate::error::Result;
use crate::gpu::launch::whole;
use crate::gpu::{Bound, Buffer, Gpu, GpuError, Parameters, Piece, Recorder};

/// The kernels' source.
pub const SOURCE: &str = include_str!("../../../shaders/egm.wgsl");

/// Most points that one workgroup iterates on; `SMALL` in `shaders/egm.wgsl`.
const SMALL: usize = 1024;
/// Relative change of consumption at which the iteration stops: two units in the last place of f32.
const TOLERANCE: f32 = 2.0 * f32::EPSILON;
/// Iterations after which it stops in any case. A proposal that is not yet there costs the polish a few
/// iterations.
const LIMIT: usize = 4096;
/// Most iterations of a submission, an even number: one then starts where the last has written.
const MOST_ITERATIONS: usize = 32;
/// Rows times iterations of a submission, so that none keeps a slow device for long.
const WORK: usize = 1 << 23;

/// What one dispatch does; `Iteration` in `shaders/egm.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct IterationParameters {
    /// Number of grid points N.
    pub points: u32,
    /// First row of the dispatch.
    pub first_row: u32,
    /// End of its rows.
    pub end_row: u32,
    /// Place of the endogenous grid that is read, 0 or N.
    pub read: u32,
    /// Place of the one that is written, N or 0.
    pub write: u32,
    /// Word of the changes that takes the largest one.
    pub slot: u32,
    /// Most iterations of the dispatch, where one workgroup does them all.
    pub iterations: u32,
    /// Relative change at which it stops, where one workgroup does them all.
    pub tolerance: f32,
    /// Number of states Z, 1 without shocks.
    pub states: u32,
}

/// The policy k′ (Z × N) that the device proposes for `problem`, as f32 has left it, and the number of
/// iterations; twin of [`euler_policy`](super::super::euler_policy).
///
/// # Errors
///
/// [`Error::Parameter`](crate::Error::Parameter) where the grid is beyond the device, else any [`GpuError`].
pub fn euler_policy(problem: &Problem, gpu: &Gpu) -> Result<(Vec<f64>, usize)> {
    let proposal = propose(problem, gpu, LIMIT, &mut |_| ())?;
    Ok((proposal.policy, proposal.iterations))
}

/// Proposes a policy for `problem`, by way of coarser grids, reporting to `observe` after each submission.
pub(super) fn propose(
    problem: &Problem,
    gpu: &Gpu,
    limit: usize,
    observe: &mut dyn FnMut(Progress),
) -> Result<Proposal> {
    let points = problem.len();
    let most = binding(gpu) / (if problem.has_shocks() { 1 + problem.states() as u64 } else { 3 } * 4);
    if points as u64 > most {
        return Err(refuse_grid(gpu, points, most));
    }
    let began = Instant::now();
    let kernels = Kernels::new(gpu, problem)?;
    let start = began.elapsed();
    let limit = limit.min(LIMIT);
    let buffers = Buffers::default();
    let mut run = Run { gpu, kernels, buffers, observe, iterations: 0, change: f32::INFINITY };
    let mut coarse: Option<(Problem, Vec<f64>)> = None;
    let sizes = coarser_within(points, limit);
    for (number, &size) in sizes.iter().enumerate() {
        let level = problem.with_points(size, Choice::Continuous);
        let may = share(limit.saturating_sub(run.iterations), sizes.len() - number);
        let consumption = run.iterate(coarse.as_ref(), &level, may)?;
        coarse = Some((level, consumption));
    }
    let left = limit.saturating_sub(run.iterations).max(1);
    let consumption = run.iterate(coarse.as_ref(), problem, left)?;
    let policy = problem.resources().iter().zip(consumption).map(|(f, c)| f - c).collect();
    Ok(Proposal { policy, iterations: run.iterations, change: run.change.into(), start })
}

/// The kernels, compiled as far as the grid needs them.
struct Kernels {
    one_workgroup: wgpu::ComputePipeline,
    one_iteration: Option<wgpu::ComputePipeline>,
}

impl Kernels {
    fn new(gpu: &Gpu, problem: &Problem) -> Result<Self, GpuError> {
        let kernel = |entry| gpu.kernel(entry, SOURCE, &[("WORKGROUP", f64::from(WORKGROUP))]);
        let large = problem.len() > SMALL || problem.has_shocks();
        let one_iteration = if large { Some(kernel("one_iteration")?) } else { None };
        Ok(Self { one_workgroup: kernel("one_workgroup")?, one_iteration })
    }
}

/// A proposal in the making, on one grid after another.
struct Run<'a> {
    gpu: &'a Gpu,
    kernels: Kernels,
    buffers: Buffers,
    observe: &'a mut dyn FnMut(Progress),
    /// Iterations so far, on all grids.
    iterations: usize,
    /// The last one's change.
    change: f32,
}

impl Run<'_> {
    /// Consumption on one grid after at most `limit` ≥ 1 iterations, from that on a coarser one or in a last
    /// period.
    fn iterate(
        &mut self,
        coarse: Option<&(Problem, Vec<f64>)>,
        problem: &Problem,
        limit: usize,
    ) -> Result<Vec<f64>> {
        let (gpu, points) = (self.gpu, problem.len());
        let end = self.iterations + limit;
        let (small, kernel, plan) = match &self.kernels.one_iteration {
            Some(kernel) if points > SMALL || problem.has_shocks() => {
                (false, kernel, submission(problem, row_limit(gpu)))
            }
            _ => (true, &self.kernels.one_workgroup, vec![in_one_workgroup(points, limit)]),
        };
        let start = match coarse {
            Some((from, consumption)) => prolong(from, consumption, problem),
            None => cpu::last_consumption(problem),
        };
        // One workgroup does as many in every submission; of several dispatches, those beyond the limit are
        // left out.
        let a_submission = if small { plan[0].iterations as usize } else { 1 };
        let mut iteration = Iteration::new(problem, gpu, kernel, &mut self.buffers, &plan, &start)?;
        let mut stall = Stall::default();
        loop {
            for (iterations, change) in iteration.submit(small, end - self.iterations)? {
                self.iterations += iterations;
                self.change = change;
                stall.add(iterations, change);
            }
            (self.observe)(Progress { iterations: self.iterations, points, measure: self.change.into() });
            // Also where the change is NaN: it is no new least one.
            if self.change <= TOLERANCE || stall.is_final() || end - self.iterations < a_submission {
                return Ok(iteration.consumption(problem.nodes())?);
            }
        }
    }
}

/// Rows that one dispatch may have.
fn row_limit(gpu: &Gpu) -> usize {
    gpu.limits().max_compute_workgroups_per_dimension as usize * WORKGROUP as usize
}

/// The one dispatch of a small grid, of as many iterations as an invocation's turns of loops allow.
fn in_one_workgroup(points: usize, limit: usize) -> IterationParameters {
    // Rows of an invocation, each with its bisection, and the reduction.
    let rows = points.div_ceil(WORKGROUP as usize);
    let turns = rows * (2 + (points - 1).ilog2() as usize) + WORKGROUP.ilog2() as usize + 2;
    // Before and after the iterations the rows are copied.
    let most = ((LOOP_TURNS - 2 * rows) / turns).max(1);
    // As many in each of the submissions that it takes, so that they stay within the limit.
    let iterations = limit / limit.div_ceil(most);
    IterationParameters {
        points: points as u32,
        end_row: points as u32,
        iterations: iterations as u32,
        tolerance: TOLERANCE,
        states: 1,
        ..Zeroable::zeroed()
    }
}

/// The dispatches of one submission on a large grid, in order.
fn submission(problem: &Problem, row_limit: usize) -> Vec<IterationParameters> {
    let (points, states) = (problem.len(), problem.states());
    // Expectations take as long as the rest for two or three states, and grow with their number.
    let work = if problem.has_shocks() { points * states * (1 + states / 2) } else { points };
    let iterations = (WORK / work).clamp(2, MOST_ITERATIONS) & !1;
    // The endogenous grid with shocks is made between the iterations, always at the same place.
    let other = if problem.has_shocks() { 0 } else { points };
    let rows = (0..points).step_by(row_limit).map(|first| first..(first + row_limit).min(points));
    let rows: Vec<Range<usize>> = rows.collect();
    let dispatch = |slot: usize, rows: &Range<usize>| IterationParameters {
        points: points as u32,
        first_row: rows.start as u32,
        end_row: rows.end as u32,
        read: (slot % 2 * other) as u32,
        write: ((slot + 1) % 2 * other) as u32,
        slot: slot as u32,
        states: states as u32,
        ..Zeroable::zeroed()
    };
    (0..iterations).flat_map(|slot| rows.iter().map(move |rows| dispatch(slot, rows))).collect()
}

/// The buffers, kept from one grid to the next.
struct Buffers {
    parameters: Buffer,
    grid: Buffer,
    endogenous: Buffer,
    consumption: Buffer,
    changes: Buffer,
    staging: Buffer,
}

impl Default for Buffers {
    fn default() -> Self {
        Self {
            parameters: Buffer::uniform("dispatch parameters"),
            grid: Buffer::storage("the capital grid"),
            endogenous: Buffer::storage("the endogenous grid"),
            consumption: Buffer::storage("consumption"),
            changes: Buffer::storage("changes"),
            staging: Buffer::staging("results on their way back"),
        }
    }
}

/// The state on the device.
struct Iteration<'a> {
    gpu: &'a Gpu,
    kernel: &'a wgpu::ComputePipeline,
    /// The dispatches of a submission, bound, and their parameters.
    dispatches: Vec<(Bound, IterationParameters)>,
    /// With shocks what makes the endogenous grid before each iteration.
    expectations: Option<Expectations>,
    consumption: wgpu::Buffer,
    changes: wgpu::Buffer,
    staging: &'a mut Buffer,
}

/// Bytes of the changes, or of the last change and the number of iterations.
const CHANGES: u64 = 4 * MOST_ITERATIONS as u64;

impl<'a> Iteration<'a> {
    fn new(
        problem: &Problem,
        gpu: &'a Gpu,
        kernel: &'a wgpu::ComputePipeline,
        buffers: &'a mut Buffers,
        plan: &[IterationParameters],
        start: &[f64],
    ) -> Result<Self, GpuError> {
        let (points, states) = (problem.len(), problem.states() as u32);
        let (capital, resources) = (problem.capital(), problem.resources());
        let factors = if problem.has_shocks() { Vec::new() } else { cpu::factors(problem) };
        let grid: Vec<f32> = [capital, resources, &factors].concat().iter().map(|&x| x as f32).collect();
        let consumed: Vec<f32> = start.iter().map(|&c| c as f32).collect();
        let at_start = |(j, factor): (usize, &f64)| (capital[j] + start[j] * factor) as f32;
        let endogenous: Vec<f32> = factors.iter().enumerate().map(at_start).collect();

        let bytes = 4 * problem.nodes() as u64;
        let grid_buffer = buffers.grid.hold(gpu, 4 * grid.len() as u64)?;
        let endogenous_buffer =
            buffers.endogenous.hold(gpu, if problem.has_shocks() { bytes } else { 8 * points as u64 })?;
        let consumption = buffers.consumption.hold(gpu, bytes)?;
        let changes = buffers.changes.hold(gpu, CHANGES)?;
        let parameters = Parameters::within(&mut buffers.parameters, gpu, plan)?;
        let expectations = match problem.has_shocks() {
            true => Some(Expectations::of_marginals(problem, gpu, &consumption, &endogenous_buffer)?),
            false => None,
        };
        let mut bound = Vec::new();
        gpu.record("preparing the endogenous grid method", |recorder| {
            recorder.upload(&grid_buffer, &grid);
            recorder.upload(&consumption, &consumed);
            recorder.upload(&endogenous_buffer, &endogenous);
            let storage = [&grid_buffer, &endogenous_buffer, &consumption, &changes];
            bound = recorder.bind(kernel, &parameters, whole(&storage), |number| {
                let one = &plan[number];
                let workgroups = match one.iterations {
                    0 => (one.end_row - one.first_row).div_ceil(WORKGROUP),
                    _ => 1,
                };
                [workgroups, states, 1]
            });
        })?;
        let dispatches = bound.into_iter().zip(plan.iter().copied()).collect();
        let staging = &mut buffers.staging;
        Ok(Self { gpu, kernel, dispatches, expectations, consumption, changes, staging })
    }

    /// Runs one submission of at most `limit` ≥ 1 iterations: the change of each of them, or the last one of
    /// as many as one workgroup has done.
    fn submit(&mut self, small: bool, limit: usize) -> Result<Vec<(usize, f32)>, GpuError> {
        let iterations = self.dispatches.last().map_or(0, |(_, one)| one.slot as usize + 1).min(limit);
        let work = |recorder: &mut Recorder<'_>| {
            recorder.clear(&self.changes);
            let dispatches = self.dispatches.iter().filter(|(_, one)| (one.slot as usize) < limit);
            let Some(expectations) = &self.expectations else {
                return recorder.launch(self.kernel, dispatches.map(|(bound, _)| bound));
            };
            let dispatches: Vec<_> = dispatches.collect();
            for iteration in dispatches.chunk_by(|(_, a), (_, b)| a.slot == b.slot) {
                expectations.launch(recorder, 0);
                recorder.launch(self.kernel, iteration.iter().map(|(bound, _)| bound));
            }
        };
        let changes = Piece { buffer: &self.changes, first: 0, bytes: CHANGES };
        self.gpu.fetch("the endogenous grid method", work, &[changes], self.staging, |bytes| {
            let words: Vec<u32> = bytemuck::pod_collect_to_vec(bytes);
            if small {
                return vec![(words[1] as usize, f32::from_bits(words[0]))];
            }
            words[..iterations].iter().map(|&bits| (1, f32::from_bits(bits))).collect()
        })
    }

    /// Consumption c (Z × N).
    fn consumption(&mut self, nodes: usize) -> Result<Vec<f64>, GpuError> {
        let piece = Piece { buffer: &self.consumption, first: 0, bytes: 4 * nodes as u64 };
        self.gpu.fetch(
            "reading consumption back",
            |_| (),
            &[piece],
            self.staging,
            |bytes| {
                let consumption: Vec<f32> = bytemuck::pod_collect_to_vec(bytes);
                consumption.into_iter().map(f64::from).collect()
            },
        )
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::{GridSpec, Model};

    #[test]
    fn submissions_cover_all_rows_and_alternate() {
        for (points, row_limit) in [(1025, 64), (1_000_000, 4_194_240), (10_000_000, 4_194_240)] {
            let problem =
                Problem::new(Model::default(), GridSpec::default().points(points), Choice::Continuous);
            let plan = submission(&problem.unwrap(), row_limit);
            let iterations = plan.last().unwrap().slot as usize + 1;
            assert!(iterations.is_multiple_of(2) && iterations <= MOST_ITERATIONS);
            for (slot, dispatches) in plan.chunk_by(|a, b| a.slot == b.slot).enumerate() {
                let mut next = 0;
                for one in dispatches {
                    assert_eq!((one.slot as usize, one.first_row), (slot, next));
                    assert_eq!(one.read + one.write, points as u32);
                    assert_eq!(one.read == 0, slot % 2 == 0);
                    assert!((one.end_row - one.first_row) as usize <= row_limit);
                    next = one.end_row;
                }
                assert_eq!(next as usize, points);
            }
        }
    }

    #[test]
    fn one_workgroup_stays_within_its_turns() {
        for points in [2, 3, 64, 65, 100, 1000, SMALL] {
            let one = in_one_workgroup(points, LIMIT);
            let rows = points.div_ceil(64);
            // Of the points − 1 segments.
            let bisection = ((points - 1) as f64).log2().ceil() as usize;
            let turns = 2 * rows + one.iterations as usize * (1 + rows * (1 + bisection) + 6);
            assert!(one.iterations > 0 && turns <= LOOP_TURNS, "{points}: {turns}");
        }
        assert_eq!(in_one_workgroup(100, 5).iterations, 5);
        for limit in 1..500 {
            let iterations = in_one_workgroup(1000, limit).iterations as usize;
            // Nearly all of them are used.
            let used = limit / iterations * iterations;
            assert!((1..=limit).contains(&iterations) && limit - used < 10, "{limit}: {iterations}");
        }
    }
}
