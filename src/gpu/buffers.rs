//! Buffers that are kept: made when they are first needed, and made anew only where more is asked for.
//!
//! Making a buffer is a call into the driver, and most flows need the same ones again and again. A flow keeps
//! each of them as a [`Buffer`] and asks for its room whenever it has something for it. Where memory is
//! limited, it has too large ones dropped first ([`Buffer::shrink`]).

use wgpu::BufferUsages;

use super::{Gpu, GpuError};

/// A buffer that is kept, and grown where it must be.
#[derive(Debug)]
pub struct Buffer {
    what: &'static str,
    usage: BufferUsages,
    made: Option<wgpu::Buffer>,
}

impl Buffer {
    /// A buffer with this usage, not yet made; `what` names it in errors.
    pub const fn new(what: &'static str, usage: BufferUsages) -> Self {
        Self { what, usage, made: None }
    }

    /// Storage that kernels read and write, filled from the host and copied from.
    pub const fn storage(what: &'static str) -> Self {
        let copied = BufferUsages::COPY_DST.union(BufferUsages::COPY_SRC);
        Self::new(what, BufferUsages::STORAGE.union(copied))
    }

    /// Uniforms that kernels read, filled from the host.
    pub const fn uniform(what: &'static str) -> Self {
        Self::new(what, BufferUsages::UNIFORM.union(BufferUsages::COPY_DST))
    }

    /// What results are copied to on their way back; see [`Gpu::read`].
    pub const fn staging(what: &'static str) -> Self {
        Self::new(what, BufferUsages::MAP_READ.union(BufferUsages::COPY_DST))
    }

    /// What it can be used for.
    pub const fn usage(&self) -> BufferUsages {
        self.usage
    }

    /// The buffer, where there is one.
    pub const fn made(&self) -> Option<&wgpu::Buffer> {
        self.made.as_ref()
    }

    /// Bytes that it takes on the device.
    pub fn bytes(&self) -> u64 {
        self.made.as_ref().map_or(0, wgpu::Buffer::size)
    }

    /// Drops the buffer where it is larger than `most` bytes.
    pub fn shrink(&mut self, most: u64) {
        self.made = self.made.take().filter(|made| made.size() <= most);
    }

    /// The buffer, with room for at least `bytes`. Where it had less it is made anew, and what it held is
    /// lost; the device keeps the old one until it is done with it.
    ///
    /// # Errors
    ///
    /// As [`Gpu::buffer`].
    pub fn hold(&mut self, gpu: &Gpu, bytes: u64) -> Result<wgpu::Buffer, GpuError> {
        if let Some(made) = self.made.as_ref().filter(|made| made.size() >= bytes) {
            return Ok(made.clone());
        }
        // First, so that old and new need not fit side by side.
        self.made = None;
        Ok(self.made.insert(gpu.buffer(self.what, bytes, self.usage)?).clone())
    }
}
