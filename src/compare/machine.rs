//! The machine that a time belongs to.

use std::thread::available_parallelism;

use sysinfo::{CpuRefreshKind, System};

/// What to know about the machine to judge a time.
#[derive(Debug, Clone, PartialEq, Eq, serde::Serialize)]
#[non_exhaustive]
pub struct Machine {
    /// Model of the CPU.
    pub cpu: String,
    /// Cores that this process may use.
    pub cores: usize,
    /// Operating system.
    pub system: String,
    /// Version of this program.
    pub version: &'static str,
}

impl Machine {
    /// The machine that this runs on; "unknown" is what it does not tell.
    pub fn this() -> Self {
        let cpu = System::new().ok().and_then(|mut system| {
            system.refresh_cpu_list(CpuRefreshKind::nothing());
            system.cpus().first().map(|cpu| cpu.brand().trim().to_owned())
        });
        Self {
            cpu: cpu.filter(|model| !model.is_empty()).unwrap_or_else(|| "unknown".into()),
            cores: available_parallelism().map_or(1, usize::from),
            system: System::long_os_version().unwrap_or_else(|_| std::env::consts::OS.into()),
            version: env!("CARGO_PKG_VERSION"),
        }
    }
}
