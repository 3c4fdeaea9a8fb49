//! Work for a device: binding, recording, submitting, and having the results back.
//!
//! [`Gpu::record`] hands out a [`Recorder`], which takes down what the device is to do, in order, and submits
//! it. A kernel's dispatches are bound to the [`Parameters`] of a plan (binding 0) and to storage (from
//! binding 1 on) by [`Recorder::bind`], and launched by [`Recorder::launch`], as often as one likes. A plan
//! that would keep the device for too long is cut by [`submissions`].

use std::ops::Range;

use bytemuck::Pod;

use super::buffers::Buffer;
use super::clock::PassClock;
use super::{Gpu, GpuError, Parameters};

/// A dispatch: what it binds, and its numbers of workgroups.
#[derive(Debug, Clone)]
pub struct Bound {
    /// What the kernel binds.
    pub group: wgpu::BindGroup,
    /// Workgroups in each dimension.
    pub workgroups: [u32; 3],
}

/// Some bytes of a buffer.
#[derive(Debug, Clone, Copy)]
pub struct Piece<'a> {
    /// The buffer.
    pub buffer: &'a wgpu::Buffer,
    /// The first byte.
    pub first: u64,
    /// How many there are.
    pub bytes: u64,
}

/// Takes down what a device is to do.
#[derive(Debug)]
pub struct Recorder<'a> {
    device: &'a wgpu::Device,
    queue: &'a wgpu::Queue,
    encoder: wgpu::CommandEncoder,
}

impl Recorder<'_> {
    /// Writes `data` to the beginning of `buffer`, before all that is submitted from now on.
    pub fn upload<T: Pod>(&self, buffer: &wgpu::Buffer, data: &[T]) {
        self.upload_at(buffer, 0, data);
    }

    /// The same from byte `place` of the buffer on, a multiple of 4.
    pub fn upload_at<T: Pod>(&self, buffer: &wgpu::Buffer, place: u64, data: &[T]) {
        self.queue.write_buffer(buffer, place, bytemuck::cast_slice(data));
    }

    /// Uploads `parameters`, and binds each dispatch to its own and to what `storage` gives for its number.
    /// `workgroups` gives their numbers.
    pub fn bind<'b, S>(
        &self,
        kernel: &wgpu::ComputePipeline,
        parameters: &'b Parameters,
        storage: impl Fn(usize) -> S,
        workgroups: impl Fn(usize) -> [u32; 3],
    ) -> Vec<Bound>
    where
        S: IntoIterator<Item = wgpu::BindingResource<'b>>,
    {
        parameters.upload(self.queue);
        let layout = kernel.get_bind_group_layout(0);
        let bound = |number: usize| {
            let mut entries = vec![parameters.entry(number)];
            entries.extend((1..).zip(storage(number)).map(entry));
            let descriptor = wgpu::BindGroupDescriptor { label: None, layout: &layout, entries: &entries };
            Bound { group: self.device.create_bind_group(&descriptor), workgroups: workgroups(number) }
        };
        (0..parameters.dispatches()).map(bound).collect()
    }

    /// Sets all bytes of `buffer` to zero.
    pub fn clear(&mut self, buffer: &wgpu::Buffer) {
        self.encoder.clear_buffer(buffer, 0, None);
    }

    /// Has `kernel` do these dispatches, one after another: each sees what those before it have written.
    pub fn launch<'b>(
        &mut self,
        kernel: &wgpu::ComputePipeline,
        dispatches: impl IntoIterator<Item = &'b Bound>,
    ) {
        self.pass(kernel, dispatches, None);
    }

    /// The same for a plan, whose dispatches are submitted in these `parts` (see [`submissions`]), timed one
    /// by one where there is a clock. The last part is not yet submitted.
    pub fn launch_in_parts(
        &mut self,
        kernel: &wgpu::ComputePipeline,
        dispatches: &[Bound],
        parts: &[Range<usize>],
        clock: Option<&PassClock>,
    ) {
        for (number, part) in parts.iter().enumerate() {
            if number > 0 {
                self.submit();
            }
            match clock {
                None => self.launch(kernel, &dispatches[part.clone()]),
                Some(clock) => part.clone().for_each(|one| {
                    self.pass(kernel, [&dispatches[one]], Some(clock.writes(one as u32)));
                }),
            }
        }
    }

    fn pass<'b>(
        &mut self,
        kernel: &wgpu::ComputePipeline,
        dispatches: impl IntoIterator<Item = &'b Bound>,
        timestamp_writes: Option<wgpu::ComputePassTimestampWrites<'_>>,
    ) {
        let descriptor = wgpu::ComputePassDescriptor { label: None, timestamp_writes };
        let mut pass = self.encoder.begin_compute_pass(&descriptor);
        pass.set_pipeline(kernel);
        for Bound { group, workgroups: [x, y, z] } in dispatches {
            pass.set_bind_group(0, group, &[]);
            pass.dispatch_workgroups(*x, *y, *z);
        }
    }

    /// Copies `pieces` one after another to the beginning of `to`.
    pub fn gather(&mut self, pieces: &[Piece<'_>], to: &wgpu::Buffer) {
        let mut place = 0;
        for &Piece { buffer, first, bytes } in pieces {
            self.encoder.copy_buffer_to_buffer(buffer, first, to, place, bytes);
            place += bytes;
        }
    }

    /// Submits what has been taken down so far.
    pub fn submit(&mut self) -> wgpu::SubmissionIndex {
        let next = new_encoder(self.device);
        self.queue.submit([std::mem::replace(&mut self.encoder, next).finish()])
    }
}

fn entry((binding, resource): (u32, wgpu::BindingResource<'_>)) -> wgpu::BindGroupEntry<'_> {
    wgpu::BindGroupEntry { binding, resource }
}

fn new_encoder(device: &wgpu::Device) -> wgpu::CommandEncoder {
    device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default())
}

/// These buffers as a whole, for [`Recorder::bind`].
pub fn whole<'a>(buffers: &'a [&'a wgpu::Buffer]) -> impl Fn(usize) -> Vec<wgpu::BindingResource<'a>> + 'a {
    |_| buffers.iter().map(|buffer| buffer.as_entire_binding()).collect()
}

impl Gpu {
    /// Records `work` and submits it; `what` names it in errors. Error scopes belong to a thread, so that
    /// `work` must stay on this one.
    ///
    /// # Errors
    ///
    /// Whatever `work` breaks, as a [`GpuError`].
    pub fn record(
        &self,
        what: &str,
        work: impl FnOnce(&mut Recorder<'_>),
    ) -> Result<wgpu::SubmissionIndex, GpuError> {
        self.checked(what, |device, queue| {
            let mut recorder = Recorder { device, queue, encoder: new_encoder(device) };
            work(&mut recorder);
            recorder.submit()
        })
    }

    /// As [`Self::record`]; then copies `pieces` one after another to a `staging` buffer, waits for them, and
    /// hands their bytes to `read`.
    ///
    /// # Errors
    ///
    /// As [`Gpu::buffer`], [`Self::record`] and [`Gpu::read`].
    pub fn fetch<T>(
        &self,
        what: &str,
        work: impl FnOnce(&mut Recorder<'_>),
        pieces: &[Piece<'_>],
        staging: &mut Buffer,
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, GpuError> {
        let bytes = pieces.iter().map(|piece| piece.bytes).sum();
        let staging = staging.hold(self, bytes)?;
        let submission = self.record(what, |recorder| {
            work(recorder);
            recorder.gather(pieces, &staging);
        })?;
        self.read(&staging, bytes, submission, read)
    }
}

/// Cuts dispatches of so much `work` each, in order, into submissions of at most `most` together, so that
/// none keeps a slow device for long. A dispatch of more than that has a submission of its own.
pub fn submissions(work: impl IntoIterator<Item = u64>, most: u64) -> Vec<Range<usize>> {
    let mut parts: Vec<Range<usize>> = Vec::new();
    let mut sum = 0_u64;
    for (number, one) in work.into_iter().enumerate() {
        match parts.last_mut() {
            Some(part) if sum.saturating_add(one) <= most => {
                part.end += 1;
                sum += one;
            }
            _ => {
                parts.push(number..number + 1);
                sum = one;
            }
        }
    }
    parts
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn what_fits_is_submitted_together() {
        assert_eq!(submissions([3, 3, 4, 1, 20, 1], 10), [0..3, 3..4, 4..5, 5..6]);
        assert_eq!(submissions([1; 3], 0), [0..1, 1..2, 2..3]);
        assert!(submissions([], 10).is_empty());
    }

    proptest! {
        #[test]
        fn submissions_are_as_long_as_they_may_be(
            work in prop::collection::vec(0_u64..50, 0..60),
            most in 0_u64..100,
        ) {
            let parts = submissions(work.iter().copied(), most);
            let covered: Vec<usize> = parts.iter().cloned().flatten().collect();
            prop_assert_eq!(covered, (0..work.len()).collect::<Vec<_>>());
            let sum = |part: &Range<usize>| work[part.clone()].iter().sum::<u64>();
            for part in &parts {
                prop_assert!(part.len() == 1 || sum(part) <= most);
            }
            for pair in parts.windows(2) {
                prop_assert!(sum(&pair[0]) + work[pair[1].start] > most);
            }
        }
    }
}
