//! GPUs: which adapters there are, how one is chosen and opened, and how its failures become errors.
//!
//! This room knows nothing of what is computed. [`adapter`] lists and chooses, [`device`] opens, compiles
//! and waits, [`buffers`] keeps buffers and grows them, [`launch`] binds, records and submits, [`parameters`]
//! hands them to dispatches, [`clock`] reads the device's own clock, [`probe`] tries drivers in another
//! process. wgpu reports failure in several ways (error scopes, a callback for lost devices, panics of the
//! backend): all of them leave here as a [`GpuError`] that says what to do.

#[cfg(feature = "gpu")]
pub mod adapter;
#[cfg(feature = "gpu")]
pub mod buffers;
#[cfg(feature = "gpu")]
pub mod clock;
#[cfg(feature = "gpu")]
pub mod device;
#[cfg(feature = "gpu")]
pub mod launch;
#[cfg(feature = "gpu")]
pub mod parameters;
#[cfg(feature = "gpu")]
pub mod probe;

#[cfg(feature = "gpu")]
pub use adapter::{AdapterEntry, DeviceChoice, adapters, choose, find, find_with};
#[cfg(feature = "gpu")]
pub use buffers::Buffer;
#[cfg(feature = "gpu")]
pub use device::Gpu;
#[cfg(feature = "gpu")]
pub use launch::{Bound, Piece, Recorder};
#[cfg(feature = "gpu")]
pub use parameters::Parameters;
#[cfg(feature = "gpu")]
pub use probe::{LeftOut, Prober};

/// A library without the feature `gpu` has no device: this type has no value, and an `Option` of it is always
/// `None`.
#[cfg(not(feature = "gpu"))]
#[derive(Debug)]
pub enum Gpu {}

/// No usable device, or a device that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {
    /// No adapter is what was asked for.
    #[error("no {wanted} was found; {found}; try `device cpu`")]
    NotFound {
        /// What was asked for.
        wanted: String,
        /// What there is instead.
        found: String,
    },
    /// The adapter exists but can't do the work.
    #[error("{adapter} can't be used: {why}; try `device cpu`")]
    Unusable {
        /// The adapter, as `bellwether devices` names it.
        adapter: String,
        /// What it lacks, or why it did not open.
        why: String,
    },
    /// The device ran out of memory.
    #[error("{adapter} ran out of memory ({what}); lower `memory`, or try `device cpu`")]
    OutOfMemory {
        /// The adapter.
        adapter: String,
        /// What was being done.
        what: String,
    },
    /// The device was lost: unplugged, reset by its driver, or stopped by a watchdog.
    #[error("{adapter} was lost while at work ({why}); try again, or `device cpu`")]
    Lost {
        /// The adapter.
        adapter: String,
        /// What the driver said.
        why: String,
    },
    /// The driver or wgpu refused something that this program did.
    #[error("{adapter} failed ({what}): {why}; try `device cpu`, and please report this")]
    Failed {
        /// The adapter.
        adapter: String,
        /// What was being done.
        what: String,
        /// What wgpu said.
        why: String,
    },
}
