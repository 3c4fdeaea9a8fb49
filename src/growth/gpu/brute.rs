//! Brute force on a GPU, in f32: host side of `shaders/brute.wgsl`, twin of `brute` in `discrete.rs`.
//!
//! Each of N rows compares all N candidates. Near the best one the objective is flat, so that f32 finds one
//! that is worth as much up to the rounding of a value: some points away on a fine grid. The exact value of
//! the policy in f64 forgives that, for it loses no more than 1/(1−β) times the rounding.
//!
//! With `--method howard` an application of the operator on the device alternates with the policy's exact
//! value in f64 on the host, O(N) against O(N²), on coarser grids first. With `--method vfi` plain iterations
//! stay on the device, many a submission, until the change no longer falls; on grids of one tile a workgroup
//! does them all by itself.
//!
//! With shocks the values to come are expectations (`shocks.rs`), a kernel of its own before each iteration.
//!
//! Either way work is cut into dispatches by candidates, so that no loop grows long, and by rows, so that
//! none keeps the device for long; the running best stays on the device in between.

use std::time::Instant;

use bytemuck::{Pod, Zeroable};

use super::super::choice::Choice;
use super::super::evaluate::evaluate;
use super::super::multigrid::prolong;
use super::super::problem::Problem;
use super::super::settings::{Method, Progress};
use super::super::sup::distance;
use super::shocks::Expectations;
use super::{LOOP_TURNS, Proposal, Stall, WORKGROUP, binding, coarser_within, refuse_grid, share};
use crate::error::{Error, Result};
use crate::figures::figure;
use crate::gpu::launch::{submissions, whole};
use crate::gpu::{Buffer, Gpu, GpuError, Parameters, Piece, Recorder};

/// The kernel's source.
pub const SOURCE: &str = include_str!("../../../shaders/brute.wgsl");

/// Candidates of a tile in workgroup memory.
const TILE: u32 = 256;
/// Rows of one invocation. A workgroup then has a tile of rows, and iterates alone on grids that are no
/// larger.
const ROWS: usize = 4;
/// Most candidates of a dispatch: as many turns of an invocation's loop.
const CANDIDATES: usize = 8192;
/// Most pairs of row and candidate of a submission, so that none keeps a slow device for long.
const PAIRS: usize = 1 << 28;
/// Most iterations of a submission, and those with shocks.
const MOST_ITERATIONS: usize = 32;
const ITERATIONS_A_SUBMISSION: usize = 4;
/// Most rounds of Howard's method on a grid, and plain iterations, after which a proposal is taken as it is.
const ROUNDS: usize = 64;
const LIMIT: usize = 4096;

/// What one dispatch does; `Slice` in `shaders/brute.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct SliceParameters {
    /// Number of grid points N.
    pub points: u32,
    /// First row of the dispatch.
    pub first_row: u32,
    /// End of its rows.
    pub end_row: u32,
    /// First candidate of the dispatch.
    pub first_candidate: u32,
    /// End of its candidates.
    pub end_candidate: u32,
    /// Place of the values that are read, 0 or Z·N.
    pub read: u32,
    /// Place of those that are written, Z·N or 0.
    pub write: u32,
    /// Word of the changes that takes the largest one.
    pub slot: u32,
    /// Discount factor.
    pub beta: f32,
    /// (1 − β) times the reference.
    pub shift: f32,
    /// Most iterations of the dispatch, where one workgroup does them all.
    pub iterations: u32,
    /// Change at which it stops, where one workgroup does them all.
    pub tolerance: f32,
    /// Place of the values to come: 2 Z·N with shocks, else `read`.
    pub continuation: u32,
}

/// Proposes a policy for `problem`, reporting to `observe` after each submission or round.
pub(super) fn propose(
    problem: &Problem,
    method: Method,
    limit: usize,
    gpu: &Gpu,
    observe: &mut dyn FnMut(Progress),
) -> Result<Proposal> {
    let began = Instant::now();
    let mut brute = BruteForce::new(problem, gpu)?;
    let start = began.elapsed();
    if method == Method::Vfi {
        let (policy, iterations, change) = brute.plain_iterations(limit.min(LIMIT), observe)?;
        return Ok(Proposal { policy, iterations, change, start });
    }
    let mut done = 0;
    let mut coarse: Option<(Problem, Vec<f64>)> = None;
    let sizes = coarser_within(problem.len(), limit);
    for (number, &size) in sizes.iter().enumerate() {
        let level = problem.with_points(size, Choice::Grid);
        let mut on_level = BruteForce::with_kernel(&level, gpu, brute.kernel.clone())?;
        let may = share(limit.saturating_sub(done), sizes.len() - number);
        let improved = on_level.policy_improvement(coarse.as_ref(), may, observe, &mut done)?;
        coarse = Some((level, improved.value));
    }
    let left = limit.saturating_sub(done).max(1);
    let Improved { policy, change, .. } =
        brute.policy_improvement(coarse.as_ref(), left, observe, &mut done)?;
    Ok(Proposal { policy, iterations: done, change, start })
}

/// What Howard's method has come to on one grid.
struct Improved {
    /// The last policy, k′.
    policy: Vec<f64>,
    /// Its exact value.
    value: Vec<f64>,
    /// How much the last round changed the value.
    change: f64,
}

/// The brute-force operator of one problem on a device, with its buffers.
#[derive(Debug)]
pub struct BruteForce<'a> {
    problem: &'a Problem,
    gpu: &'a Gpu,
    kernel: wgpu::ComputePipeline,
    grid: wgpu::Buffer,
    values: wgpu::Buffer,
    /// With shocks what makes the values to come before each iteration.
    expectations: Option<Expectations>,
    choices: wgpu::Buffer,
    changes: wgpu::Buffer,
    parameters: Buffer,
    staging: Buffer,
}

/// Values T V and their best candidates.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Applied {
    /// T V, Z × N, in units of utility.
    pub value: Vec<f64>,
    /// The best j, Z × N.
    pub choices: Vec<u32>,
    /// max |T V − V| of each application.
    pub changes: Vec<f32>,
}

impl<'a> BruteForce<'a> {
    /// Compiles the kernel for `problem` and uploads its grid.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the grid or utility is beyond the device, else any [`GpuError`].
    pub fn new(problem: &'a Problem, gpu: &'a Gpu) -> Result<Self> {
        let points = problem.len();
        // Two values a node, with shocks three.
        let figures = if problem.has_shocks() { 3 * problem.states() as u64 } else { 2 };
        let most = (binding(gpu) / (4 * figures)).min(u64::from(u32::MAX) / figures);
        if points as u64 > most {
            return Err(refuse_grid(gpu, points, most));
        }
        check_utility(problem)?;
        Ok(Self::with_kernel(problem, gpu, Self::kernel(problem, gpu, "one_iteration")?)?)
    }

    fn with_kernel(
        problem: &'a Problem,
        gpu: &'a Gpu,
        kernel: wgpu::ComputePipeline,
    ) -> Result<Self, GpuError> {
        let bytes = 4 * problem.nodes() as u64;
        let storage = |what, bytes| Buffer::storage(what).hold(gpu, bytes);
        let values = storage("values", if problem.has_shocks() { 3 } else { 2 } * bytes)?;
        let expectations = match problem.has_shocks() {
            true => Some(Expectations::of_values(problem, gpu, &values)?),
            false => None,
        };
        let this = Self {
            problem,
            gpu,
            kernel,
            grid: storage("the capital grid", 4 * problem.len() as u64 + bytes)?,
            values,
            expectations,
            choices: storage("choices", bytes)?,
            changes: storage("changes", 4 * MOST_ITERATIONS as u64)?,
            parameters: Buffer::uniform("dispatch parameters"),
            staging: Buffer::staging("results on their way back"),
        };
        let grid = [problem.capital(), problem.resources()].concat();
        let grid: Vec<f32> = grid.iter().map(|&x| x as f32).collect();
        gpu.record("uploading the grid", |recorder| recorder.upload(&this.grid, &grid))?;
        Ok(this)
    }

    fn kernel(problem: &Problem, gpu: &Gpu, entry: &str) -> Result<wgpu::ComputePipeline, GpuError> {
        let constants = [
            ("WORKGROUP", f64::from(WORKGROUP)),
            ("TILE", f64::from(TILE)),
            ("SIGMA", problem.model().sigma()),
        ];
        gpu.kernel(entry, SOURCE, &constants)
    }

    /// Applies the operator `iterations` times (at most 32) to `value` (Z × N).
    ///
    /// # Errors
    ///
    /// Any [`GpuError`].
    pub fn apply(&mut self, value: &[f64], iterations: usize) -> Result<Applied, GpuError> {
        let reference = value[value.len() / 2];
        let relative: Vec<f32> = value.iter().map(|v| (v - reference) as f32).collect();
        let plan = slices(self.problem.len(), self.problem.states(), iterations);
        let kernel = self.kernel.clone();
        let Results { values, choices, changes } = self.run(&kernel, plan, Some(&relative), reference)?;
        let value = values.into_iter().map(|v| f64::from(v) + reference).collect();
        let changes = changes[..iterations].iter().map(|&bits| f32::from_bits(bits)).collect();
        Ok(Applied { value, choices, changes })
    }

    /// At most `limit` ≥ 1 rounds of one application on the device and the exact value of its policy on the
    /// host, from the value on a coarser grid.
    fn policy_improvement(
        &mut self,
        coarse: Option<&(Problem, Vec<f64>)>,
        limit: usize,
        observe: &mut dyn FnMut(Progress),
        done: &mut usize,
    ) -> Result<Improved, GpuError> {
        // Rounds without a new least change after which only rounding changes the policy.
        const PATIENCE: usize = 2;
        let points = self.problem.len();
        let mut value = match coarse {
            Some((from, value)) => prolong(from, value, self.problem),
            None => self.value_of_staying(),
        };
        let (mut least, mut since) = (f64::INFINITY, 0);
        let limit = *done + limit.min(ROUNDS);
        loop {
            let Applied { choices, .. } = self.apply(&value, 1)?;
            *done += 1;
            let mut policy = self.policy(&choices);
            let mut exact = value.clone();
            evaluate(self.problem, &mut policy, &mut exact);
            let change = distance(&exact, &value);
            value = exact;
            observe(Progress { iterations: *done, points, measure: change });
            (least, since) = if change < least { (change, 0) } else { (least, since + 1) };
            if change == 0.0 || since >= PATIENCE || *done >= limit {
                return Ok(Improved { policy, value, change });
            }
        }
    }

    /// The value of keeping capital where it is, or of consuming half of what can be, where that leaves less:
    /// nearer to the solution than V = 0, from where the horizon grows by a period a round.
    fn value_of_staying(&self) -> Vec<f64> {
        let (capital, resources) = (self.problem.capital(), self.problem.resources());
        let stay = |(&k, &f): (&f64, &f64)| k.min(f64::midpoint(capital[0], f));
        let mut policy: Vec<f64> = capital.iter().cycle().zip(resources).map(stay).collect();
        let mut value = vec![0.0; self.problem.nodes()];
        evaluate(self.problem, &mut policy, &mut value);
        value
    }

    /// At most `limit` ≥ 1 plain iterations on the device from V = 0.
    fn plain_iterations(
        &mut self,
        limit: usize,
        observe: &mut dyn FnMut(Progress),
    ) -> Result<(Vec<f64>, usize, f64), GpuError> {
        let points = self.problem.len();
        // Where values are going, so that few of their digits are spent on it.
        let reference = self.problem.model().steady_state().value;
        let start = vec![-reference as f32; self.problem.nodes()];
        let mut start = Some(&start[..]);
        let small = points <= TILE as usize && !self.problem.has_shocks();
        let (kernel, plan) = if small {
            (Self::kernel(self.problem, self.gpu, "one_workgroup")?, vec![in_one_workgroup(points, limit)])
        } else {
            // An even number: the next submission starts where the last has written.
            (self.kernel.clone(), slices(points, self.problem.states(), MOST_ITERATIONS))
        };
        let mut stall = Stall::default();
        let mut done = 0;
        loop {
            let left = (limit - done) as u32;
            let mut plan = plan.clone();
            plan.retain(|slice| slice.slot < left);
            plan.iter_mut().for_each(|slice| slice.iterations = slice.iterations.min(left));
            let iterations = plan.last().map_or(0, |slice| slice.slot as usize + 1);
            let Results { choices, changes, .. } = self.run(&kernel, plan, start.take(), reference)?;
            let changes: Vec<(usize, f32)> = if small {
                vec![(changes[1] as usize, f32::from_bits(changes[0]))]
            } else {
                changes[..iterations].iter().map(|&bits| (1, f32::from_bits(bits))).collect()
            };
            let mut change = 0.0;
            for (iterations, reached) in changes {
                done += iterations;
                change = reached.into();
                stall.add(iterations, reached);
            }
            observe(Progress { iterations: done, points, measure: change });
            if change == 0.0 || stall.is_final() || done >= limit {
                return Ok((self.policy(&choices), done, change));
            }
        }
    }

    /// k′ for the choices j; what the device left out of bounds, at the nearest candidate that leaves
    /// something.
    fn policy(&self, choices: &[u32]) -> Vec<f64> {
        let capital = self.problem.capital();
        let feasible = |(&j, f): (&u32, &f64)| {
            // A candidate that leaves something in f32 may leave nothing in f64.
            let mut j = (j as usize).min(capital.len() - 1);
            while j > 0 && capital[j] >= *f {
                j -= 1;
            }
            capital[j]
        };
        choices.iter().zip(self.problem.resources()).map(feasible).collect()
    }

    /// Runs the dispatches of `plan` on `value`, or on what is there.
    fn run(
        &mut self,
        kernel: &wgpu::ComputePipeline,
        mut plan: Vec<SliceParameters>,
        value: Option<&[f32]>,
        reference: f64,
    ) -> Result<Results, GpuError> {
        let Self { problem, gpu, grid, values, expectations, choices, changes, parameters, staging, .. } =
            self;
        let bytes = 4 * problem.nodes() as u64;
        let states = problem.states();
        let beta = problem.model().beta();
        for slice in &mut plan {
            slice.beta = beta as f32;
            slice.shift = ((1.0 - beta) * reference) as f32;
            slice.continuation = if expectations.is_some() { 2 * problem.nodes() as u32 } else { slice.read };
        }
        // The expectation of V less the reference is E V less the reference and what a row's sum is off 1.
        let excess: Vec<f32> = (0..states)
            .map(|state| (reference * (problem.chain().row(state).iter().sum::<f64>() - 1.0)) as f32)
            .collect();
        let parameters = Parameters::within(parameters, gpu, &plan)?;
        let pairs = |slices: &[SliceParameters]| {
            submissions(slices.iter().map(|slice| (states * slice.pairs()) as u64), PAIRS as u64)
        };
        let work = |recorder: &mut Recorder<'_>| {
            if let Some(value) = value {
                recorder.upload(values, value);
            }
            let storage = [&*grid, values, choices, changes];
            let bound = recorder.bind(kernel, &parameters, whole(&storage), |number| {
                let rows = plan[number].end_row - plan[number].first_row;
                [rows.div_ceil(WORKGROUP * ROWS as u32), states as u32, 1]
            });
            recorder.clear(changes);
            let Some(expectations) = expectations else {
                return recorder.launch_in_parts(kernel, &bound, &pairs(&plan), None);
            };
            expectations.add(problem, recorder, &excess);
            let mut first = 0;
            for (number, iteration) in plan.chunk_by(|a, b| a.slot == b.slot).enumerate() {
                let parts = pairs(iteration);
                // Few iterations of a small grid share a submission.
                if parts.len() > 1 || number % ITERATIONS_A_SUBMISSION == 0 {
                    recorder.submit();
                }
                expectations.launch(recorder, number);
                recorder.launch_in_parts(kernel, &bound[first..first + iteration.len()], &parts, None);
                first += iteration.len();
            }
        };
        let written = plan.last().map_or(0, |slice| 4 * u64::from(slice.write));
        let pieces = [
            Piece { buffer: values, first: written, bytes },
            Piece { buffer: choices, first: 0, bytes },
            Piece { buffer: changes, first: 0, bytes: 4 * MOST_ITERATIONS as u64 },
        ];
        gpu.fetch("brute force", work, &pieces, staging, |read| {
            let (values, rest) = read.split_at(bytes as usize);
            let (choices, changes) = rest.split_at(bytes as usize);
            Results {
                values: bytemuck::pod_collect_to_vec(values),
                choices: bytemuck::pod_collect_to_vec(choices),
                changes: bytemuck::pod_collect_to_vec(changes),
            }
        })
    }
}

/// What a submission leaves on the device: values less the reference, choices, and the words of the changes.
struct Results {
    values: Vec<f32>,
    choices: Vec<u32>,
    changes: Vec<u32>,
}

impl SliceParameters {
    fn pairs(&self) -> usize {
        (self.end_row - self.first_row) as usize * (self.end_candidate - self.first_candidate) as usize
    }
}

/// The one dispatch of a small grid, of as many iterations as an invocation's turns of loops allow.
fn in_one_workgroup(points: usize, limit: usize) -> SliceParameters {
    // The candidates, the reduction, and the rows of the invocation.
    let turns = points + WORKGROUP.ilog2() as usize + ROWS + 2;
    SliceParameters {
        points: points as u32,
        end_row: points as u32,
        end_candidate: points as u32,
        iterations: (LOOP_TURNS / turns - 1).min(limit) as u32,
        ..Zeroable::zeroed()
    }
}

/// The dispatches of so many iterations in so many states, in order: all candidates of some rows, then of the
/// next rows, then the next iteration.
fn slices(points: usize, states: usize, iterations: usize) -> Vec<SliceParameters> {
    let step = (PAIRS / CANDIDATES / states).max(1);
    let mut slices = Vec::new();
    for iteration in 0..iterations {
        for row in (0..points).step_by(step) {
            for candidate in (0..points).step_by(CANDIDATES) {
                slices.push(SliceParameters {
                    points: points as u32,
                    first_row: row as u32,
                    end_row: (row + step).min(points) as u32,
                    first_candidate: candidate as u32,
                    end_candidate: (candidate + CANDIDATES).min(points) as u32,
                    read: (iteration % 2 * points * states) as u32,
                    write: ((iteration + 1) % 2 * points * states) as u32,
                    slot: iteration as u32,
                    ..Zeroable::zeroed()
                });
            }
        }
    }
    slices
}

/// Refuses a utility that f32 can't hold.
fn check_utility(problem: &Problem) -> Result<()> {
    const MOST: f64 = 1e20;
    let model = problem.model();
    let lowest = problem.resources()[0] - problem.capital()[0];
    let highest = problem.resources()[problem.nodes() - 1] - problem.capital()[0];
    let size = model.utility(lowest).abs().max(model.utility(highest).abs()) / (1.0 - model.beta());
    if size > MOST {
        let requirement = format!(
            "a GPU computes in 32-bit floating point, and values of {size:.0e} on this grid are beyond it; \
             choose `device cpu`"
        );
        return Err(Error::Parameter { name: "sigma", value: figure(model.sigma()), requirement });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn small_grids_have_one_submission() {
        let parts = |points| {
            submissions(slices(points, 1, 32).iter().map(|slice| slice.pairs() as u64), PAIRS as u64).len()
        };
        assert_eq!(parts(2000), 1);
        assert!(parts(5000) >= (5000 * 5000 * 32_usize).div_ceil(PAIRS));
    }

    #[test]
    fn slices_cover_all_pairs_within_the_turns_of_a_loop() {
        for points in [2, 100, 8192, 8193, 20_000, 100_000] {
            let slices = slices(points, 1, 2);
            for slot in 0..2 {
                let of_one = slices.iter().filter(|slice| slice.slot == slot);
                assert_eq!(of_one.map(SliceParameters::pairs).sum::<usize>(), points * points);
            }
            for slice in &slices {
                assert!(slice.pairs() <= PAIRS && slice.end_row as usize <= points);
                let candidates = (slice.end_candidate - slice.first_candidate) as usize;
                let tiles = candidates.div_ceil(TILE as usize);
                let turns = candidates + tiles * (2 + TILE.div_ceil(WORKGROUP) as usize) + 8;
                assert!(turns <= LOOP_TURNS, "{turns} turns");
            }
            // The best so far is carried from slice to slice: those of some rows follow each other.
            for pair in slices.windows(2) {
                let same = pair[0].first_row == pair[1].first_row && pair[0].slot == pair[1].slot;
                let next = pair[0].end_candidate == pair[1].first_candidate;
                assert!(if same { next } else { pair[0].end_candidate as usize == points });
            }
        }
    }
}
