//! `--device` and `--threads`, `--memory`: what a command computes on.

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::{Duration, Instant};

use bytesize::ByteSize;
use clap::Args;

use super::Outcome;
use super::report::Report;
use crate::error::{Error, Result};
pub(super) use crate::figures::{grouped, plural};
use crate::gpu::{AdapterEntry, DeviceChoice, Gpu, Prober, find_with, probe};
use crate::jobs::Jobs;
use crate::output::Destination;

/// What to compute on.
#[derive(Debug, Args)]
pub(super) struct DeviceArgs {
    /// Where to compute: auto, cpu, gpu, software (a driver that computes on the CPU), or an adapter's number
    /// or part of its name, as `bellwether devices` lists them. `auto` takes a hardware GPU where there is
    /// one and the work is large.
    #[arg(long, default_value = "auto", value_name = "DEVICE")]
    device: DeviceChoice,
    #[command(flatten)]
    threads: ThreadArgs,
}

/// How many threads.
#[derive(Debug, Args)]
pub(super) struct ThreadArgs {
    /// Threads of the CPU [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
}

impl ThreadArgs {
    /// The threads asked for.
    pub(super) fn jobs(&self, report: &Report) -> Result<Jobs> {
        match self.threads {
            Some(threads) => Jobs::new().threads(threads),
            None => all_cores(report),
        }
    }
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
    pub(super) fn jobs(&self, report: &Report) -> Result<Jobs> {
        self.threads.jobs(report)
    }

    /// Whether a device was named, and it is not the CPU.
    pub(super) fn names_a_gpu(&self) -> bool {
        !matches!(self.device, DeviceChoice::Auto | DeviceChoice::Cpu)
    }

    /// The threads asked for, or as many where nothing was said.
    pub(super) fn jobs_or(&self, threads: Option<usize>, report: &Report) -> Result<Jobs> {
        match threads.filter(|_| self.threads.threads.is_none()) {
            Some(threads) => Jobs::new().threads(threads),
            None => self.jobs(report),
        }
    }

    /// Looks for an adapter that is named, so that a missing one is told before any work. `auto` looks later,
    /// if at all.
    pub(super) fn find(&self, report: &Report) -> Result<Found<'_>> {
        let started = Instant::now();
        let adapter = match self.device {
            DeviceChoice::Auto | DeviceChoice::Cpu => None,
            _ => find(&self.device, prober()?, report)?,
        };
        Ok(Found { choice: &self.device, adapter, spent: started.elapsed() })
    }

    /// Finds and opens the device; see [`Found::open`].
    pub(super) fn open(&self, jobs: &Jobs, large: bool, size: &str, report: &Report) -> Result<Opened> {
        self.find(report)?.open(jobs, large, size, report)
    }
}

/// One thread a core, or as many as can be started, with a warning.
pub(super) fn all_cores(report: &Report) -> Result<Jobs> {
    let jobs = Jobs::all_cores()?;
    if jobs.missing_threads() > 0 {
        let threads = plural(jobs.thread_count() as u64, "thread");
        report.warning(format!("only {threads} could be started, fewer than there are cores"));
    }
    Ok(jobs)
}

/// The command that this program runs itself with, to try drivers where a crash harms nothing.
pub const PROBE: &str = "__probe-adapters";

/// How this program is started, where the process's program is another one that holds this library.
static OWN_COMMAND: OnceLock<(PathBuf, Vec<OsString>)> = OnceLock::new();

pub(super) fn set_own_command(command: Option<(PathBuf, Vec<OsString>)>) {
    if let Some(command) = command {
        // The first one stays: it is the same program.
        let _ = OWN_COMMAND.set(command);
    }
}

/// A prober whose children are this program.
pub(super) fn prober() -> Result<Prober> {
    if let Some((program, first)) = OWN_COMMAND.get() {
        return Ok(Prober::new(program.clone(), first.iter().cloned().chain([PROBE.into()])));
    }
    let program = std::env::current_exe().map_err(Error::io("find", "this program"))?;
    Ok(Prober::new(program, [PROBE]))
}

/// What such a child does.
pub(super) fn answer_probe(backends: &str) -> Result<Outcome> {
    let backends = wgpu::Backends::from_comma_list(backends);
    Destination::Stdout.write(|out| probe::answer(backends, out))?;
    Ok(Outcome::Done)
}

/// The adapter that `choice` names, whose driver was tried before. What is left out is told: in a warning, or
/// in the error.
fn find(choice: &DeviceChoice, mut prober: Prober, report: &Report) -> Result<Option<AdapterEntry>> {
    let found =
        find_with(choice, |backends| prober.allow(backends)).map_err(|error| prober.explain(error))?;
    prober.left_out().iter().for_each(|left_out| report.warning(left_out.to_string()));
    Ok(found)
}

/// A device that exists, not yet opened.
#[derive(Debug)]
pub(super) struct Found<'a> {
    choice: &'a DeviceChoice,
    adapter: Option<AdapterEntry>,
    spent: Duration,
}

impl Found<'_> {
    /// Opens the device; `large` says whether the work is worth starting a GPU for, and `size` what it was
    /// judged by.
    pub(super) fn open(self, jobs: &Jobs, large: bool, size: &str, report: &Report) -> Result<Opened> {
        let started = Instant::now();
        let cpu = |why: &str| Opened {
            gpu: None,
            start: Duration::ZERO,
            description: format!("the CPU, {}{why}", plural(jobs.thread_count() as u64, "thread")),
        };
        let (adapter, why) = match self.choice {
            DeviceChoice::Auto if !large => {
                return Ok(cpu(&format!(" (auto: {size} is too little to start a GPU for)")));
            }
            DeviceChoice::Auto => (
                find(self.choice, prober()?, report)?,
                format!(" (auto: a GPU was found, and {size} is worth it)"),
            ),
            _ => (self.adapter, String::new()),
        };
        let Some(adapter) = adapter else {
            let auto = *self.choice == DeviceChoice::Auto;
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
    /// Memory for prices, rows and sums, such as 512MiB or 4GiB. A panel whose prices do not fit into half of
    /// it is read in blocks of days; results do not depend on it [default: half of what is free]
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

/// Refuses `what` where it needs more memory than is free.
pub(super) fn check_free(what: impl FnOnce() -> String, needed: u64, advice: &str) -> Result<()> {
    // What every computer has needs no asking, which takes longer than most solutions.
    const MUCH: u64 = 1 << 30;
    // Where the system does not say, a few GiB are a fair guess.
    const UNKNOWN: u64 = 8 << 30;
    if needed < MUCH {
        return Ok(());
    }
    let allowed = sysinfo::System::new().map_or(UNKNOWN, |mut system| {
        system.refresh_memory();
        system.available_memory()
    });
    if needed <= allowed {
        return Ok(());
    }
    Err(Error::Memory { what: what(), needed, allowed, advice: advice.to_string() })
}

/// Half of the memory that is free, by what the system says.
pub fn half_of_free() -> u64 {
    let Ok(mut system) = sysinfo::System::new() else { return half_of(None, None) };
    system.refresh_memory_specifics(sysinfo::MemoryRefreshKind::nothing().with_ram());
    half_of(Some(system.available_memory()), system.cgroup_limits().map(|limits| limits.free_memory))
}

/// Half of the memory that is free on the machine or, where that is less, in its container; 512 MiB where the
/// system does not say.
fn half_of(machine: Option<u64>, container: Option<u64>) -> u64 {
    const UNKNOWN: u64 = 512 << 20;
    match machine.into_iter().chain(container).min() {
        None | Some(0) => UNKNOWN,
        Some(free) => free / 2,
    }
}

#[cfg(test)]
mod tests {
    use super::super::flags::message;
    use super::*;

    /// With a child that crashes as it would in a driver.
    #[cfg(unix)]
    #[test]
    fn where_drivers_crash_auto_takes_the_cpu_and_others_are_told() {
        let crash = || Prober::new("/bin/sh".into(), ["-c", "kill -SEGV $$"]);
        let report = Report::new(true);
        assert!(find(&DeviceChoice::Auto, crash(), &report).unwrap().is_none());
        for choice in [
            DeviceChoice::Gpu,
            DeviceChoice::Software,
            DeviceChoice::Index(0),
            DeviceChoice::Named("x".into()),
        ] {
            let message = message(&find(&choice, crash(), &report).unwrap_err());
            assert!(message.contains("crashed when it was started (signal: 11"), "{message}");
            assert!(message.ends_with("try --device cpu"), "{message}");
        }
    }

    #[test]
    fn what_does_not_fit_into_the_free_memory_is_refused() {
        let check = |needed| check_free(|| "it".into(), needed, "take less");
        assert!(check(0).is_ok() && check(1 << 20).is_ok());
        let refused = check(1 << 50);
        let Err(Error::Memory { needed, allowed, .. }) = refused else { panic!("{refused:?}") };
        assert!(needed == 1 << 50 && (1 << 20..1 << 48).contains(&allowed), "{allowed}");
    }

    #[test]
    fn half_of_what_is_free_is_used() {
        assert_eq!(half_of(Some(1000), None), 500);
        assert_eq!(half_of(Some(1000), Some(300)), 150);
        assert_eq!(half_of(Some(300), Some(1000)), 150);
        assert_eq!([half_of(None, None), half_of(Some(0), None), half_of(Some(7), Some(0))], [512 << 20; 3]);
        let now = half_of_free();
        let mut system = sysinfo::System::new().unwrap();
        system.refresh_memory_specifics(sysinfo::MemoryRefreshKind::nothing().with_ram());
        // Half of all memory is the most that half of what is free can be.
        assert!(now <= system.total_memory() / 2, "{now}");
    }
}
