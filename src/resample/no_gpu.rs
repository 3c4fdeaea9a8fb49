//! What is left of [`gpu`](super::gpu) in a library without the feature `gpu`: types without values, as no
//! [`Gpu`] exists to make one of. Nothing here ever runs.

use std::ops::ControlFlow;

use super::plan::{Batch, DeviceLimits};
use super::{Chunk, Scheme};
use crate::columns::DayColumns;
use crate::error::Result;
use crate::gpu::Gpu;

/// Resamples on a GPU, of which there is none.
#[derive(Debug)]
pub struct Resampler<'gpu> {
    gpu: &'gpu Gpu,
}

/// What the device allows.
pub fn device_limits(gpu: &Gpu) -> DeviceLimits {
    match *gpu {}
}

impl<'gpu> Resampler<'gpu> {
    /// A resampler on `gpu`.
    pub fn new(gpu: &'gpu Gpu, _limits: DeviceLimits) -> Self {
        Self { gpu }
    }

    /// What it may use of the device.
    pub fn limits(&self) -> DeviceLimits {
        match *self.gpu {}
    }

    /// Resamples a wave.
    ///
    /// # Errors
    ///
    /// None.
    pub fn resample(
        &mut self,
        _wave: &[Batch],
        _columns: &[DayColumns],
        _scheme: &Scheme,
        _seed: u64,
        _samples: u32,
        _take: impl FnMut(&[(usize, Chunk<'_>)]) -> ControlFlow<()>,
    ) -> Result<()> {
        match *self.gpu {}
    }

    /// Resamples some samples of a wave.
    ///
    /// # Errors
    ///
    /// None.
    pub fn resample_some(
        &mut self,
        _wave: &[Batch],
        _columns: &[DayColumns],
        _scheme: &Scheme,
        _seed: u64,
        _samples: std::ops::Range<u32>,
        _take: impl FnMut(&[(usize, Chunk<'_>)]) -> ControlFlow<()>,
    ) -> Result<()> {
        match *self.gpu {}
    }
}
