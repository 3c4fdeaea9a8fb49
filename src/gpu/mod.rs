//! GPU devices.

/// No usable device, or a device that failed.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GpuError {}
