//! `--device` and `--threads`, `--memory`: what a command computes on.

use std::time::{Duration, Instant};

use bytesize::ByteSize;
use clap::Args;

use crate::error::{Error, Result};
use crate::gpu::{AdapterEntry, Choice, Gpu, find};
use crate::jobs::Jobs;
pub(super) use crate::output::{grouped, plural};

/// What to compute on.
#[derive(Debug, Args)]
pub(super) struct DeviceArgs {
    /// Where to compute: auto, cpu, gpu, software (a driver that computes on the CPU), or an adapter's number or part of its
    /// name, as `bellwether devices` lists them. `auto` takes a hardware GPU where there is one and the work is large.
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    device: Choice,
    /// Threads of the CPU [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

/// A device ready to work.
#[derive(Debug)]
pub(super) struct Opened {
    /// The GPU, where one is used.
    pub(super) gpu: Option<Gpu>,
    /// Time to find and open it.
    pub(super) start: Duration,
    /// Which device, and why, for the summary.
    pub(super) description: String,
}

impl DeviceArgs {
    /// The threads asked for.
    pub(super) fn jobs(&self) -> Result<Jobs> {
        match self.threads {
            Some(threads) => Jobs::new().threads(threads).map_err(|error| match error {
                Error::Parameter { value, requirement, .. } => {
                    Error::Parameter { name: "--threads", value, requirement }
                }
                other => other,
            }),
            None => Ok(Jobs::new()),
        }
    }

    /// Looks for an adapter that is named, so that a missing one is told before any work. `auto` looks later, if at all.
    pub(super) fn find(&self) -> Result<Found<'_>> {
        let started = Instant::now();
        let adapter = match self.device {
            Choice::Auto | Choice::Cpu => None,
            _ => find(&self.device)?,
        };
        Ok(Found { choice: &self.device, adapter, spent: started.elapsed() })
    }

    /// Finds and opens the device; see [`Found::open`].
    pub(super) fn open(&self, jobs: &Jobs, large: bool, size: &str) -> Result<Opened> {
        self.find()?.open(jobs, large, size)
    }
}

/// A device that exists, not yet opened.
#[derive(Debug)]
pub(super) struct Found<'a> {
    choice: &'a Choice,
    adapter: Option<AdapterEntry>,
    spent: Duration,
}

impl Found<'_> {
    /// Opens the device; `large` says whether the work is worth starting a GPU for, and `size` what it was judged by.
    pub(super) fn open(self, jobs: &Jobs, large: bool, size: &str) -> Result<Opened> {
        let started = Instant::now();
        let cpu = |why: &str| Opened {
            gpu: None,
            start: Duration::ZERO,
            description: format!("the CPU, {}{why}", plural(jobs.thread_count() as u64, "thread")),
        };
        let (adapter, why) = match self.choice {
            Choice::Auto if !large => {
                return Ok(cpu(&format!(" (auto: {size} is too little to start a GPU for)")));
            }
            Choice::Auto => (find(self.choice)?, format!(" (auto: a GPU was found, and {size} is worth it)")),
            _ => (self.adapter, String::new()),
        };
        let Some(adapter) = adapter else {
            let auto = *self.choice == Choice::Auto;
            return Ok(cpu(if auto { " (auto: no hardware GPU was found)" } else { "" }));
        };
        let description = format!("{}, {}{why}", adapter.label(), adapter.kind());
        let gpu = Some(Gpu::open(adapter)?);
        Ok(Opened { gpu, start: self.spent + started.elapsed(), description })
    }
}

/// Memory to use.
#[derive(Debug, Args)]
pub(super) struct MemoryArgs {
    /// Memory for prices, rows and sums, such as 512MiB or 4GiB. A panel whose prices do not fit into half of it is read in
    /// blocks of days; results do not depend on it [default: half of what is free]
    #[arg(long, value_name = "SIZE")]
    memory: Option<ByteSize>,
}

impl MemoryArgs {
    /// Bytes.
    pub(super) fn bytes(&self) -> Result<u64> {
        match self.memory {
            Some(ByteSize(0)) => Err(Error::Parameter {
                name: "--memory",
                value: "0".into(),
                requirement: "some is needed; leave it out to use half of what is free".into(),
            }),
            Some(ByteSize(bytes)) => Ok(bytes),
            None => Ok(half_of_free()),
        }
    }
}

/// Half of the memory that is free, the limit of a container counted; 512 MiB where the system does not say.
fn half_of_free() -> u64 {
    const UNKNOWN: u64 = 512 << 20;
    let Ok(mut system) = sysinfo::System::new() else { return UNKNOWN };
    system.refresh_memory_specifics(sysinfo::MemoryRefreshKind::nothing().with_ram());
    let available = system.available_memory();
    let limited = system.cgroup_limits().map_or(available, |limits| available.min(limits.free_memory));
    if limited == 0 { UNKNOWN } else { limited / 2 }
}
