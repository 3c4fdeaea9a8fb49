//! What is compared: one core, all cores, and adapters.

use std::str::FromStr;
use std::time::{Duration, Instant};

use crate::error::{Error, Result};
use crate::gpu::{AdapterEntry, DeviceChoice, Gpu, adapters, choose};
use crate::jobs::Jobs;

/// A device that takes part, named by the user.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Wanted {
    /// The CPU, one thread.
    OneCore,
    /// The CPU, a thread a core.
    AllCores,
    /// One core and all cores.
    Cpu,
    /// Every adapter that can be used.
    Usable,
    /// The adapter that a choice names.
    Adapter(DeviceChoice),
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        Ok(match text.trim().to_ascii_lowercase().as_str() {
            "one" => Self::OneCore,
            "all" => Self::AllCores,
            "cpu" => Self::Cpu,
            "adapters" => Self::Usable,
            _ => Self::Adapter(text.parse()?),
        })
    }
}

/// A device, open and ready.
#[derive(Debug)]
pub struct Device {
    /// What it is called in tables: "1 core", "2 cores", "Vulkan llvmpipe (LLVM 15.0.6, 256 bits)".
    pub name: String,
    /// The CPU's threads: all of the work of a CPU device, the host's part of a GPU's.
    pub jobs: Jobs,
    /// The GPU, where it is one.
    pub gpu: Option<Gpu>,
    /// Time to start it: listing the machine's adapters, which wakes their drivers, and opening this one.
    pub start: Duration,
}

impl Device {
    /// The CPU with this many threads.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where they can't be started.
    pub fn cpu(threads: usize) -> Result<Self> {
        let started = Instant::now();
        let jobs = Jobs::new().threads(threads)?;
        Ok(Self::cpu_of(jobs, started.elapsed()))
    }

    /// The CPU with the threads of these jobs, which took so long to start.
    fn cpu_of(jobs: Jobs, start: Duration) -> Self {
        let threads = jobs.thread_count();
        let name = format!("{threads} core{}", if threads == 1 { "" } else { "s" });
        Self { name, jobs, gpu: None, start }
    }

    fn adapter(entry: AdapterEntry, jobs: Jobs, listing: Duration) -> Result<Self> {
        let started = Instant::now();
        let name = entry.label();
        let gpu = Gpu::open(entry)?;
        Ok(Self { name, jobs, gpu: Some(gpu), start: listing + started.elapsed() })
    }

    /// Threads that work.
    pub fn threads(&self) -> usize {
        self.jobs.thread_count()
    }

    /// What kind it is, in words: "CPU", "discrete GPU", "software, not a GPU".
    pub fn kind(&self) -> &'static str {
        self.gpu.as_ref().map_or("CPU", |gpu| gpu.adapter().kind())
    }
}

/// What is compared where nothing is asked for.
const DEFAULT: [Wanted; 3] = [Wanted::OneCore, Wanted::AllCores, Wanted::Usable];

/// Whether [`open`] looks for adapters.
pub fn needs_adapters(wanted: &[Wanted]) -> bool {
    let is_adapter = |wanted: &Wanted| matches!(wanted, Wanted::Usable | Wanted::Adapter(_));
    wanted.is_empty() || wanted.iter().any(is_adapter)
}

/// Opens the devices `wanted`, or without any one core, all cores and every adapter that can be used; in this
/// order, and each once. All cores are the threads of `jobs`; adapters are looked for on `backends`.
///
/// # Errors
///
/// [`Error::Parameter`] for a name that no adapter has; [`Error::Gpu`] for one that can't be opened.
pub fn open(wanted: &[Wanted], jobs: &Jobs, backends: wgpu::Backends) -> Result<Vec<Device>> {
    let all = Device::cpu_of(jobs.clone(), Duration::ZERO);
    let started = Instant::now();
    let found = if needs_adapters(wanted) { adapters(backends) } else { Vec::new() };
    let listing = started.elapsed();
    let wanted = if wanted.is_empty() { &DEFAULT[..] } else { wanted };
    let entries = select(wanted, &found)?;
    let mut devices = Vec::new();
    let asks = |one: &Wanted| wanted.iter().any(|wanted| wanted == one || *wanted == Wanted::Cpu);
    // All cores are one where there are no more, or where no more threads could be started.
    let is_single = all.threads() == 1;
    if asks(&Wanted::OneCore) && !is_single {
        let started = Instant::now();
        let jobs = Jobs::one_thread()?;
        devices.push(Device::cpu_of(jobs, started.elapsed()));
    }
    if asks(&Wanted::AllCores) || (asks(&Wanted::OneCore) && is_single) {
        devices.push(all);
    }
    for entry in entries {
        devices.push(Device::adapter(entry, jobs.clone(), listing)?);
    }
    Ok(devices)
}

/// The adapters `wanted` among `found`, each once.
fn select(wanted: &[Wanted], found: &[AdapterEntry]) -> Result<Vec<AdapterEntry>> {
    let mut entries: Vec<AdapterEntry> = Vec::new();
    for wanted in wanted {
        let more = match wanted {
            Wanted::Usable => found.iter().filter(|entry| entry.unusable.is_none()).cloned().collect(),
            Wanted::Adapter(choice) => one(choice, found)?,
            _ => Vec::new(),
        };
        for entry in more {
            if entries.iter().all(|other| other.index != entry.index) {
                entries.push(entry);
            }
        }
    }
    Ok(entries)
}

/// The adapter that `choice` names; none for an automatic choice without a hardware GPU.
fn one(choice: &DeviceChoice, found: &[AdapterEntry]) -> Result<Vec<AdapterEntry>> {
    match choose(choice, found.to_vec()) {
        Ok(entry) => Ok(entry.into_iter().collect()),
        Err(crate::gpu::GpuError::NotFound { wanted, found }) => {
            let value = match choice {
                DeviceChoice::Named(name) => name.clone(),
                DeviceChoice::Index(index) => index.to_string(),
                other => format!("{other:?}").to_ascii_lowercase(),
            };
            let requirement = format!(
                "no {wanted} was found; {found}; give one, all, cpu, gpu, software, adapters, or an \
                 adapter's number or name"
            );
            Err(Error::Parameter { name: "devices", value, requirement })
        }
        Err(other) => Err(other.into()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn devices_are_read_as_the_manual_says() {
        let read = |text: &str| text.parse::<Wanted>().unwrap();
        assert_eq!(read("one"), Wanted::OneCore);
        assert_eq!(read("All"), Wanted::AllCores);
        assert_eq!(read("cpu"), Wanted::Cpu);
        assert_eq!(read("gpu"), Wanted::Adapter(DeviceChoice::Gpu));
        assert_eq!(read("0"), Wanted::Adapter(DeviceChoice::Index(0)));
        assert_eq!(read("Radeon"), Wanted::Adapter(DeviceChoice::Named("Radeon".into())));
    }

    #[test]
    fn cores_come_once_and_in_order() {
        let names = |wanted: &[Wanted], threads| -> Vec<String> {
            open(wanted, &Jobs::new().threads(threads).unwrap(), wgpu::Backends::empty())
                .unwrap()
                .into_iter()
                .map(|device| device.name)
                .collect()
        };
        assert_eq!(names(&[Wanted::AllCores, Wanted::OneCore, Wanted::Cpu], 3), ["1 core", "3 cores"]);
        assert_eq!(names(&[Wanted::Cpu], 1), ["1 core"]);
        assert_eq!(names(&[Wanted::AllCores], 1), ["1 core"]);
        assert_eq!(names(&[Wanted::AllCores], 2), ["2 cores"]);
    }

    #[test]
    fn adapters_are_looked_for_only_where_they_take_part() {
        assert!(needs_adapters(&[]) && needs_adapters(&[Wanted::OneCore, Wanted::Usable]));
        assert!(needs_adapters(&[Wanted::Adapter(DeviceChoice::Index(0))]));
        assert!(!needs_adapters(&[Wanted::OneCore, Wanted::AllCores, Wanted::Cpu]));
    }

    #[test]
    fn unknown_devices_are_named() {
        let choice = Wanted::Adapter(DeviceChoice::Named("abacus".into()));
        let message = select(&[choice], &[]).unwrap_err().to_string();
        assert!(message.starts_with("devices is abacus, but no adapter named \"abacus\""), "{message}");
    }
}
