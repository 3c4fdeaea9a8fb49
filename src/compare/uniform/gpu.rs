//! The sum on a GPU: a partial sum a workgroup, put together on the host.
//!
//! Twin of [`super::cpu`]; the kernel is `shaders/uniform.wgsl`.

use std::time::Instant;

use bytemuck::{Pod, Zeroable};

use super::UniformSum;
use crate::compare::race::{KernelClock, Steps};
use crate::gpu::clock::KernelTimer;
use crate::gpu::launch::{submissions, whole};
use crate::gpu::{Buffer, Gpu, GpuError, Parameters, Piece};
use crate::random::{Purpose, Stream};

/// The kernel's source: its own file first, so that a compiler's line numbers match it.
pub const SOURCE: &str =
    concat!(include_str!("../../../shaders/uniform.wgsl"), include_str!("../../../shaders/philox.wgsl"));

/// Blocks of a workgroup: 64 invocations of 256.
const BLOCKS_PER_GROUP: u32 = 64 * 256;

/// Most workgroups of one dispatch: 2²⁶ words, short of a watchdog's patience even on a software adapter.
const GROUPS_PER_DISPATCH: u32 = 1024;

/// What one dispatch does; `Dispatch` in `shaders/uniform.wgsl`.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct DispatchParameters {
    /// Seed, low word.
    pub key_low: u32,
    /// Seed, high word.
    pub key_high: u32,
    /// Rows and columns of the matrix, n.
    pub size: u32,
    /// Blocks of a row, ⌈n/4⌉.
    pub blocks_per_row: u32,
    /// Blocks of all rows, at most 2³⁰.
    pub blocks: u32,
    /// Number of the dispatch's first workgroup.
    pub first_group: u32,
    /// Purpose of the random stream, shifted above the attempt.
    pub purpose: u32,
    /// Nothing.
    pub padding: u32,
}

/// What one workgroup adds up; `Partial` in `shaders/uniform.wgsl`.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct Partial {
    /// Sum of the words' low halves.
    pub low: u32,
    /// Sum of the words' high halves.
    pub high: u32,
}

/// The kernel of one device, with its buffers.
#[derive(Debug)]
pub struct UniformSummer<'gpu> {
    gpu: &'gpu Gpu,
    kernel: wgpu::ComputePipeline,
    parameters: Buffer,
    partials: Buffer,
    staging: Buffer,
}

impl<'gpu> UniformSummer<'gpu> {
    /// Compiles the kernel on `gpu`.
    ///
    /// # Errors
    ///
    /// [`GpuError::Failed`] with the compiler's message.
    pub fn new(gpu: &'gpu Gpu) -> Result<Self, GpuError> {
        Ok(Self {
            gpu,
            kernel: gpu.kernel("sum_words", SOURCE, &[])?,
            parameters: Buffer::uniform("dispatch parameters"),
            partials: Buffer::storage("partial sums"),
            staging: Buffer::staging("sums on their way back"),
        })
    }

    /// The sum of the words of a matrix of `size` (from 1 to [`super::MAX_SIZE`]). With `steps` each is
    /// waited for and its time added.
    ///
    /// # Errors
    ///
    /// Any [`GpuError`] of the device.
    pub fn sum(
        &mut self,
        size: u32,
        seed: u64,
        mut steps: Option<&mut Steps>,
    ) -> Result<UniformSum, GpuError> {
        const WHAT: &str = "summing uniforms";
        let gpu = self.gpu;
        let dispatches = dispatches(size, seed);
        let groups = u64::from(dispatches.iter().map(|(_, groups)| groups).sum::<u32>());
        let bytes = groups * size_of::<Partial>() as u64;

        let start = Instant::now();
        let each: Vec<DispatchParameters> = dispatches.iter().map(|&(parameters, _)| parameters).collect();
        let parameters = Parameters::within(&mut self.parameters, gpu, &each)?;
        let partials = self.partials.hold(gpu, bytes)?;
        let mut bound = Vec::new();
        gpu.record(WHAT, |recorder| {
            let workgroups = |number: usize| [dispatches[number].1, 1, 1];
            bound = recorder.bind(&self.kernel, &parameters, whole(&[&partials]), workgroups);
        })?;
        if let Some(steps) = steps.as_deref_mut() {
            gpu.finish("uploading parameters")?;
            steps.upload += start.elapsed();
        }

        let timer = steps.is_some().then(|| KernelTimer::start(gpu, dispatches.len())).transpose()?;
        let clock = timer.as_ref().and_then(KernelTimer::passes);
        // Each on its own, so that none keeps the device for long.
        let parts = submissions(dispatches.iter().map(|&(_, groups)| groups.into()), 0);
        gpu.record(WHAT, |recorder| recorder.launch_in_parts(&self.kernel, &bound, &parts, clock))?;
        if let (Some(steps), Some(timer)) = (steps.as_deref_mut(), timer) {
            let time = timer.stop(gpu, WHAT)?;
            steps.kernel += time.spent;
            steps.clock = KernelClock::of_device(time.by_device);
        }

        let start = Instant::now();
        let pieces = [Piece { buffer: &partials, first: 0, bytes }];
        let sum = gpu.fetch(
            "copying sums",
            |_| (),
            &pieces,
            &mut self.staging,
            |bytes| {
                let partials: &[Partial] = bytemuck::cast_slice(bytes);
                partials.iter().map(|partial| (u64::from(partial.high) << 16) + u64::from(partial.low)).sum()
            },
        )?;
        if let Some(steps) = steps {
            steps.readback += start.elapsed();
        }
        Ok(UniformSum { size, sum })
    }
}

/// The dispatches of a matrix of `size`, each with its number of workgroups.
fn dispatches(size: u32, seed: u64) -> Vec<(DispatchParameters, u32)> {
    let [key_low, key_high] = Stream::key(seed);
    let blocks_per_row = size.div_ceil(4);
    let blocks = size * blocks_per_row;
    let groups = blocks.div_ceil(BLOCKS_PER_GROUP);
    let dispatch = |first_group: u32| {
        let parameters = DispatchParameters {
            key_low,
            key_high,
            size,
            blocks_per_row,
            blocks,
            first_group,
            purpose: Stream::purpose_word(Purpose::UniformMean, 0),
            padding: 0,
        };
        (parameters, (groups - first_group).min(GROUPS_PER_DISPATCH))
    };
    (0..groups).step_by(GROUPS_PER_DISPATCH as usize).map(dispatch).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dispatches_cover_every_block_once() {
        for size in [1, 2, 127, 128, 129, 10_000, 50_000, super::super::MAX_SIZE] {
            let dispatches = dispatches(size, 0);
            let mut next = 0;
            for (parameters, groups) in &dispatches {
                assert_eq!(parameters.first_group, next, "n = {size}");
                assert!((1..=GROUPS_PER_DISPATCH).contains(groups));
                next += groups;
            }
            let blocks = u64::from(size) * u64::from(size.div_ceil(4));
            assert_eq!(u64::from(next), blocks.div_ceil(u64::from(BLOCKS_PER_GROUP)), "n = {size}");
            assert!(blocks <= 1 << 30);
        }
    }
}
