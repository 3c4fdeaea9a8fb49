//! Parameters of several dispatches in one uniform buffer.

use bytemuck::Pod;

use super::buffers::Buffer;
use super::{Gpu, GpuError};

/// One value of parameters for each of several dispatches, at offsets that the device can bind.
#[derive(Debug)]
pub struct Parameters {
    buffer: wgpu::Buffer,
    bytes: Vec<u8>,
    /// Bytes from one dispatch's parameters to the next.
    step: usize,
    /// Bytes of one.
    size: usize,
}

impl Parameters {
    /// A buffer for `dispatches`, one value each, not yet filled.
    ///
    /// # Errors
    ///
    /// As [`Gpu::buffer`].
    pub fn new<P: Pod>(gpu: &Gpu, dispatches: &[P]) -> Result<Self, GpuError> {
        Self::within(&mut Buffer::uniform("dispatch parameters"), gpu, dispatches)
    }

    /// The same in a uniform buffer that is `kept` from one plan of dispatches to the next.
    ///
    /// # Errors
    ///
    /// As [`Gpu::buffer`].
    pub fn within<P: Pod>(kept: &mut Buffer, gpu: &Gpu, dispatches: &[P]) -> Result<Self, GpuError> {
        let size = size_of::<P>();
        let step = size.next_multiple_of(gpu.limits().min_uniform_buffer_offset_alignment as usize);
        let mut bytes = vec![0; step * dispatches.len()];
        for (one, place) in dispatches.iter().zip(bytes.chunks_exact_mut(step)) {
            place[..size].copy_from_slice(bytemuck::bytes_of(one));
        }
        let buffer = kept.hold(gpu, bytes.len() as u64)?;
        Ok(Self { buffer, bytes, step, size })
    }

    /// Fills the buffer.
    pub fn upload(&self, queue: &wgpu::Queue) {
        queue.write_buffer(&self.buffer, 0, &self.bytes);
    }

    /// Number of dispatches.
    pub fn dispatches(&self) -> usize {
        self.bytes.len() / self.step
    }

    /// The parameters of dispatch `number` for binding 0, where every kernel has them.
    pub fn entry(&self, number: usize) -> wgpu::BindGroupEntry<'_> {
        wgpu::BindGroupEntry {
            binding: 0,
            resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                buffer: &self.buffer,
                offset: (number * self.step) as u64,
                size: wgpu::BufferSize::new(self.size as u64),
            }),
        }
    }
}
