//! An open device: compiling kernels, making buffers, submitting and waiting, with every failure as an `Err`.

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use wgpu::{BufferUsages, ErrorFilter};

use super::{AdapterEntry, GpuError};
use crate::panics::panic_text;

/// Longest wait for one submission. Dispatches are bounded to about a second; a device that takes this long
/// hangs.
const PATIENCE: Duration = Duration::from_secs(300);

/// An open device with its queue.
#[derive(Debug)]
pub struct Gpu {
    adapter: AdapterEntry,
    device: wgpu::Device,
    queue: wgpu::Queue,
    /// What the first failure outside of an error scope said, set by callbacks on any thread.
    failure: Arc<Mutex<Option<Failure>>>,
}

#[derive(Debug, Clone)]
enum Failure {
    Lost(String),
    Uncaptured(String),
}

impl Gpu {
    /// Opens `adapter` with all that it allows.
    ///
    /// # Errors
    ///
    /// [`GpuError::Unusable`] where the driver refuses.
    pub fn open(adapter: AdapterEntry) -> Result<Self, GpuError> {
        let wanted = wgpu::Features::TIMESTAMP_QUERY;
        let descriptor = wgpu::DeviceDescriptor {
            label: Some("bellwether"),
            required_features: adapter.features & wanted,
            required_limits: adapter.limits.clone(),
            ..Default::default()
        };
        let opened = catch_unwind(AssertUnwindSafe(|| {
            pollster::block_on(adapter.adapter.request_device(&descriptor))
        }));
        let refused = |why: String| GpuError::Unusable { adapter: adapter.label(), why };
        let (device, queue) = opened
            .map_err(|panic| refused(panic_text(&*panic)))?
            .map_err(|error| refused(error.to_string()))?;
        let failure = Arc::new(Mutex::new(None));
        let keep_first = |failure: &Arc<Mutex<Option<Failure>>>, what: Failure| {
            failure.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(what);
        };
        let lost = Arc::clone(&failure);
        device.set_device_lost_callback(move |reason, message| {
            // Dropping the device at the end also calls back; nobody reads that.
            keep_first(&lost, Failure::Lost(format!("{reason:?}: {message}")));
        });
        let uncaptured = Arc::clone(&failure);
        device.on_uncaptured_error(Arc::new(move |error: wgpu::Error| {
            keep_first(&uncaptured, Failure::Uncaptured(error.to_string()));
        }));
        Ok(Self { adapter, device, queue, failure })
    }

    /// The adapter that was opened.
    pub fn adapter(&self) -> &AdapterEntry {
        &self.adapter
    }

    /// What the device allows.
    pub fn limits(&self) -> &wgpu::Limits {
        &self.adapter.limits
    }

    /// Runs `work` on the device; whatever it breaks comes back as an error about `what`. Error scopes belong
    /// to a thread, so that `work` must stay on this one.
    pub fn checked<T>(
        &self,
        what: &str,
        work: impl FnOnce(&wgpu::Device, &wgpu::Queue) -> T,
    ) -> Result<T, GpuError> {
        let filters = [ErrorFilter::Internal, ErrorFilter::OutOfMemory, ErrorFilter::Validation];
        let scopes = filters.map(|filter| self.device.push_error_scope(filter));
        let result = catch_unwind(AssertUnwindSafe(|| work(&self.device, &self.queue)));
        let mut failed = None;
        // Scopes are popped in the reverse order of their making.
        for scope in scopes.into_iter().rev() {
            failed = failed.or(pollster::block_on(scope.pop()));
        }
        self.check(what)?;
        let adapter = self.adapter.label();
        match failed {
            Some(wgpu::Error::OutOfMemory { .. }) => {
                Err(GpuError::OutOfMemory { adapter, what: what.into() })
            }
            Some(error) => Err(GpuError::Failed { adapter, what: what.into(), why: error.to_string() }),
            None => result.map_err(|panic| GpuError::Failed {
                adapter,
                what: what.into(),
                why: panic_text(&*panic),
            }),
        }
    }

    /// The first failure that no scope saw, if any.
    fn check(&self, what: &str) -> Result<(), GpuError> {
        let adapter = self.adapter.label();
        match self.failure.lock().unwrap_or_else(PoisonError::into_inner).clone() {
            None => Ok(()),
            Some(Failure::Lost(why)) => Err(GpuError::Lost { adapter, why }),
            Some(Failure::Uncaptured(why)) => Err(GpuError::Failed { adapter, what: what.into(), why }),
        }
    }

    /// Compiles entry point `entry` of the WGSL `source` (the kernel's file first, shared files after it, so
    /// that error lines match the file) with its `override` constants.
    ///
    /// # Errors
    ///
    /// [`GpuError::Failed`] with the compiler's message.
    pub fn kernel(
        &self,
        entry: &str,
        source: &str,
        constants: &[(&str, f64)],
    ) -> Result<wgpu::ComputePipeline, GpuError> {
        self.checked(&format!("compiling kernel {entry}"), |device, _| {
            let module = device.create_shader_module(wgpu::ShaderModuleDescriptor {
                label: Some(entry),
                source: wgpu::ShaderSource::Wgsl(source.into()),
            });
            device.create_compute_pipeline(&wgpu::ComputePipelineDescriptor {
                label: Some(entry),
                layout: None,
                module: &module,
                entry_point: Some(entry),
                compilation_options: wgpu::PipelineCompilationOptions {
                    constants,
                    zero_initialize_workgroup_memory: false,
                },
                cache: None,
            })
        })
    }

    /// A buffer of at least `bytes` (rounded up to 16), checked against the device's limits first.
    ///
    /// # Errors
    ///
    /// [`GpuError::OutOfMemory`] where it is too large or the device is full.
    pub fn buffer(&self, what: &str, bytes: u64, usage: BufferUsages) -> Result<wgpu::Buffer, GpuError> {
        let limit = self.limits().max_buffer_size;
        if bytes > limit {
            let what = format!(
                "{what}: {} asked for, {} allowed",
                crate::figures::bytes(bytes),
                crate::figures::bytes(limit)
            );
            return Err(GpuError::OutOfMemory { adapter: self.adapter.label(), what });
        }
        self.checked(what, |device, _| {
            device.create_buffer(&wgpu::BufferDescriptor {
                label: Some(what),
                size: bytes.max(16).next_multiple_of(16),
                usage,
                mapped_at_creation: false,
            })
        })
    }

    /// Waits until `submission` is done. The one place that waits.
    ///
    /// # Errors
    ///
    /// [`GpuError::Lost`] or [`GpuError::Failed`].
    pub fn wait(&self, what: &str, submission: wgpu::SubmissionIndex) -> Result<(), GpuError> {
        let poll = wgpu::PollType::Wait { submission_index: Some(submission), timeout: Some(PATIENCE) };
        self.checked(what, |device, _| device.poll(poll))?.map(drop).map_err(|error| GpuError::Lost {
            adapter: self.adapter.label(),
            why: format!("{what}: {error}"),
        })
    }

    /// Waits until all that was asked of the device is done, uploads included.
    ///
    /// # Errors
    ///
    /// As [`Self::wait`].
    pub fn finish(&self, what: &str) -> Result<(), GpuError> {
        let submission = self.checked(what, |_, queue| queue.submit([]))?;
        self.wait(what, submission)
    }

    /// Reads the first `bytes` of a mappable `buffer` after `submission` is done, and hands them to `read`.
    ///
    /// # Errors
    ///
    /// As [`Self::wait`].
    pub fn read<T>(
        &self,
        buffer: &wgpu::Buffer,
        bytes: u64,
        submission: wgpu::SubmissionIndex,
        read: impl FnOnce(&[u8]) -> T,
    ) -> Result<T, GpuError> {
        const WHAT: &str = "reading results back";
        let (send, receive) = std::sync::mpsc::channel();
        self.checked(WHAT, |_, _| {
            buffer.map_async(wgpu::MapMode::Read, 0..bytes, move |mapped| {
                // The receiver lives until the end of this function.
                let _ = send.send(mapped);
            });
        })?;
        self.wait(WHAT, submission)?;
        let failed = |why: String| GpuError::Failed { adapter: self.adapter.label(), what: WHAT.into(), why };
        // Another thread that waits on this device may have taken the callback along, and be about to call
        // it.
        match receive.recv_timeout(PATIENCE) {
            Ok(Ok(())) => {}
            Ok(Err(error)) => return Err(failed(error.to_string())),
            Err(_) => return Err(failed("the buffer was not mapped in time".into())),
        }
        let view = buffer.get_mapped_range(0..bytes).map_err(|error| failed(error.to_string()))?;
        let value = read(&view);
        drop(view);
        buffer.unmap();
        Ok(value)
    }
}
