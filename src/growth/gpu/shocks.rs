//! Expectations on a GPU, in f32: host side of `shaders/expectation.wgsl` and `shaders/euler.wgsl`, which
//! give brute force its continuation values and the endogenous grid method its grid, once an iteration.

use bytemuck::{Pod, Zeroable};

use super::super::problem::Problem;
use super::{LOOP_TURNS, WORKGROUP};
use crate::error::{Error, Result};
use crate::gpu::launch::whole;
use crate::gpu::{Bound, Buffer, Gpu, GpuError, Parameters, Recorder};

/// The source of the kernel that takes expectations of values.
pub const EXPECTATION: &str = include_str!("../../../shaders/expectation.wgsl");
/// The source of the kernel that takes expectations of marginal values.
pub const EULER: &str = include_str!("../../../shaders/euler.wgsl");

/// What one dispatch does; `Expectation` in `shaders/expectation.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct ExpectationParameters {
    /// Number of grid points N.
    pub points: u32,
    /// Number of states Z.
    pub states: u32,
    /// Place of the values V that are read.
    pub read: u32,
    /// Place of the expected values that are written.
    pub write: u32,
    /// First point of the dispatch.
    pub first_row: u32,
    /// End of its points.
    pub end_row: u32,
}

/// What one dispatch does; `Euler` in `shaders/euler.wgsl`.
#[derive(Debug, Clone, Copy, PartialEq, Pod, Zeroable)]
#[repr(C)]
pub struct EulerParameters {
    /// Number of grid points N.
    pub points: u32,
    /// Number of states Z.
    pub states: u32,
    /// First point of the dispatch.
    pub first_row: u32,
    /// End of its points.
    pub end_row: u32,
}

/// Refuses more states than a loop of a kernel may have, or a dispatch in its second dimension.
pub(super) fn check_states(problem: &Problem, gpu: &Gpu) -> Result<()> {
    let states = problem.states();
    // `euler.wgsl` goes over all pairs of states.
    let most = (LOOP_TURNS.isqrt() - 2).min(gpu.limits().max_compute_workgroups_per_dimension as usize);
    if states <= most {
        return Ok(());
    }
    let requirement = format!("a GPU takes at most {most} of them; choose fewer, or `device cpu`");
    Err(Error::Parameter { name: "states", value: states.to_string(), requirement })
}

/// Points first … end of the dispatches that cover all points.
fn dispatches(gpu: &Gpu, points: usize) -> impl Iterator<Item = (u32, u32)> {
    let most = gpu.limits().max_compute_workgroups_per_dimension as usize * WORKGROUP as usize;
    (0..points).step_by(most).map(move |first| (first as u32, (first + most).min(points) as u32))
}

/// A kernel bound to all that it needs, ready to be launched between two iterations.
#[derive(Debug)]
pub(super) struct Expectations {
    kernel: wgpu::ComputePipeline,
    /// The dispatches by parity of the iteration: those that read at place 0, and those that read at Z·N.
    bound: [Vec<Bound>; 2],
    transition: wgpu::Buffer,
}

impl Expectations {
    /// Expected values of what stands at the first or second Z·N places of `values`, to the third.
    pub(super) fn of_values(problem: &Problem, gpu: &Gpu, values: &wgpu::Buffer) -> Result<Self, GpuError> {
        let constants = [("WORKGROUP", f64::from(WORKGROUP))];
        let kernel = gpu.kernel("expect", EXPECTATION, &constants)?;
        let (points, states, nodes) = (problem.len() as u32, problem.states() as u32, problem.nodes() as u32);
        let plan = |read: u32| {
            let one = |(first_row, end_row)| ExpectationParameters {
                points,
                states,
                read,
                write: 2 * nodes,
                first_row,
                end_row,
            };
            dispatches(gpu, problem.len()).map(one).collect::<Vec<_>>()
        };
        let transition: Vec<f32> = problem.chain().transition().iter().map(|&p| p as f32).collect();
        let bytes = 4 * (transition.len() + problem.states()) as u64;
        let buffer = Buffer::storage("the transition matrix").hold(gpu, bytes)?;
        gpu.record("uploading the transition matrix", |recorder| recorder.upload(&buffer, &transition))?;
        let storage = [&buffer, values];
        let bound = [
            bind(gpu, &kernel, &plan(0), &storage, states)?,
            bind(gpu, &kernel, &plan(nodes), &storage, states)?,
        ];
        Ok(Self { kernel, bound, transition: buffer })
    }

    /// The endogenous grid of the consumption in `consumption`.
    pub(super) fn of_marginals(
        problem: &Problem,
        gpu: &Gpu,
        consumption: &wgpu::Buffer,
        endogenous: &wgpu::Buffer,
    ) -> Result<Self, GpuError> {
        let model = problem.model();
        let constants = [("WORKGROUP", f64::from(WORKGROUP)), ("SIGMA", model.sigma())];
        let kernel = gpu.kernel("endogenous_grid", EULER, &constants)?;
        let (points, states) = (problem.len() as u32, problem.states() as u32);
        let one = |(first_row, end_row)| EulerParameters { points, states, first_row, end_row };
        let plan: Vec<EulerParameters> = dispatches(gpu, problem.len()).map(one).collect();
        let chain = problem.chain();
        let discounted: Vec<f32> = chain.transition().iter().map(|p| (model.beta() * p) as f32).collect();
        let capital = problem.capital();
        let of_state = |&z: &f64| capital.iter().map(move |&k| model.gross_return_at(z, k) as f32);
        let mut returns: Vec<f32> = capital.iter().map(|&k| k as f32).collect();
        returns.extend(chain.states().iter().flat_map(of_state));
        let hold = |what, figures: usize| Buffer::storage(what).hold(gpu, 4 * figures as u64);
        let transition = hold("the transition matrix", discounted.len())?;
        let returns_buffer = hold("returns", returns.len())?;
        let marginal = hold("marginal values", problem.nodes())?;
        gpu.record("uploading the transition matrix", |recorder| {
            recorder.upload(&transition, &discounted);
            recorder.upload(&returns_buffer, &returns);
        })?;
        let storage = [&returns_buffer, &transition, consumption, &marginal, endogenous];
        let bound = bind(gpu, &kernel, &plan, &storage, 1)?;
        Ok(Self { kernel, bound: [bound.clone(), bound], transition })
    }

    /// Takes down the expectation before iteration `iteration`.
    pub(super) fn launch(&self, recorder: &mut Recorder<'_>, iteration: usize) {
        recorder.launch(&self.kernel, &self.bound[iteration % 2]);
    }

    /// What is added to the expected values of each state (Z), from now on.
    pub(super) fn add(&self, problem: &Problem, recorder: &Recorder<'_>, terms: &[f32]) {
        recorder.upload_at(&self.transition, 4 * (problem.states() * problem.states()) as u64, terms);
    }
}

/// Binds the dispatches of `plan`, for so many `states` in the second dimension.
fn bind<P: Pod>(
    gpu: &Gpu,
    kernel: &wgpu::ComputePipeline,
    plan: &[P],
    storage: &[&wgpu::Buffer],
    states: u32,
) -> Result<Vec<Bound>, GpuError> {
    let rows = |number: usize| {
        let words: &[u32] = bytemuck::cast_slice(&plan[number..=number]);
        words[words.len() - 1] - words[words.len() - 2]
    };
    let mut buffer = Buffer::uniform("dispatch parameters");
    let parameters = Parameters::within(&mut buffer, gpu, plan)?;
    let mut bound = Vec::new();
    gpu.record("binding expectations", |recorder| {
        bound = recorder.bind(kernel, &parameters, whole(storage), |number| {
            [rows(number).div_ceil(WORKGROUP), states, 1]
        });
    })?;
    Ok(bound)
}
