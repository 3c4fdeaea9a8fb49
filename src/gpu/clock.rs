//! The time that kernels take: by the device's own clock around compute passes, where it has one.

use std::time::{Duration, Instant};

use wgpu::BufferUsages;

use super::{Gpu, GpuError};

/// Timestamps at the beginning and the end of each of some passes of one submission.
#[derive(Debug)]
pub struct PassClock {
    queries: wgpu::QuerySet,
    resolved: wgpu::Buffer,
    staging: wgpu::Buffer,
    passes: u32,
    /// Nanoseconds of a tick.
    period: f64,
}

impl PassClock {
    /// A clock for `passes` passes; `None` where the device has no timestamps, or not as many.
    ///
    /// # Errors
    ///
    /// Any [`GpuError`] of making its buffers.
    pub fn new(gpu: &Gpu, passes: u32) -> Result<Option<Self>, GpuError> {
        let has = gpu.adapter().features.contains(wgpu::Features::TIMESTAMP_QUERY);
        if !has || passes == 0 || passes > wgpu::QUERY_SET_MAX_QUERIES / 2 {
            return Ok(None);
        }
        let bytes = Self::bytes(passes);
        let resolved = gpu.buffer(
            "timestamps",
            bytes,
            BufferUsages::QUERY_RESOLVE | BufferUsages::COPY_SRC | BufferUsages::COPY_DST,
        )?;
        let staging = gpu.buffer(
            "timestamps on their way back",
            bytes,
            BufferUsages::MAP_READ | BufferUsages::COPY_DST,
        )?;
        let (queries, period) = gpu.checked("making timestamps", |device, queue| {
            let queries = device.create_query_set(&wgpu::QuerySetDescriptor {
                label: Some("passes"),
                ty: wgpu::QueryType::Timestamp,
                count: 2 * passes,
            });
            (queries, f64::from(queue.get_timestamp_period()))
        })?;
        Ok(Some(Self { queries, resolved, staging, passes, period }))
    }

    fn bytes(passes: u32) -> u64 {
        u64::from(passes) * 16
    }

    /// What pass number `pass` writes.
    pub fn writes(&self, pass: u32) -> wgpu::ComputePassTimestampWrites<'_> {
        wgpu::ComputePassTimestampWrites {
            query_set: &self.queries,
            beginning_of_pass_write_index: Some(2 * pass),
            end_of_pass_write_index: Some(2 * pass + 1),
        }
    }

    /// The time of all passes together, once the submissions before are done.
    ///
    /// # Errors
    ///
    /// Any [`GpuError`] of the device.
    pub fn total(&self, gpu: &Gpu) -> Result<Duration, GpuError> {
        let bytes = Self::bytes(self.passes);
        let submission = gpu.checked("reading timestamps", |device, queue| {
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.resolve_query_set(&self.queries, 0..2 * self.passes, &self.resolved, 0);
            encoder.copy_buffer_to_buffer(&self.resolved, 0, &self.staging, 0, bytes);
            queue.submit([encoder.finish()])
        })?;
        let ticks: u64 = gpu.read(&self.staging, bytes, submission, |bytes| {
            let (pairs, _) = bytes.as_chunks::<16>();
            let stamp =
                |bytes: &[u8]| bytes.iter().rev().fold(0, |ticks, &byte| ticks << 8 | u64::from(byte));
            pairs.iter().map(|pair| stamp(&pair[8..]).saturating_sub(stamp(&pair[..8]))).sum()
        })?;
        Ok(Duration::from_secs_f64(ticks as f64 * self.period * 1e-9))
    }
}

/// The time of the kernels of a plan: by the device's own clock where it has one, else by the host's, from
/// their submission to their completion.
#[derive(Debug)]
pub struct KernelTimer {
    passes: Option<PassClock>,
    start: Instant,
}

/// What a [`KernelTimer`] has measured.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct KernelTime {
    /// The time of all kernels together.
    pub spent: Duration,
    /// Whether the device's own clock has taken it.
    pub by_device: bool,
}

impl KernelTimer {
    /// Starts, before `dispatches` of a plan are submitted.
    ///
    /// # Errors
    ///
    /// As [`PassClock::new`].
    pub fn start(gpu: &Gpu, dispatches: usize) -> Result<Self, GpuError> {
        // More of them than 32 bits number are more than a device has timestamps for.
        let passes = PassClock::new(gpu, u32::try_from(dispatches).unwrap_or(u32::MAX))?;
        Ok(Self { passes, start: Instant::now() })
    }

    /// The device's clock, where it has one.
    pub fn passes(&self) -> Option<&PassClock> {
        self.passes.as_ref()
    }

    /// Waits for what has been submitted since the start, which is `what`; its time.
    ///
    /// # Errors
    ///
    /// Any [`GpuError`] of the device.
    pub fn stop(self, gpu: &Gpu, what: &str) -> Result<KernelTime, GpuError> {
        gpu.finish(what)?;
        let by_host = self.start.elapsed();
        Ok(match self.passes {
            Some(passes) => KernelTime { spent: passes.total(gpu)?, by_device: true },
            None => KernelTime { spent: by_host, by_device: false },
        })
    }
}
