//! How long does it take on one core, on all cores, on the GPU? The library's own flows against the clock.
//!
//! A *workload* ([`bootstrap`], [`growth`], [`uniform`]) is run at some sizes on some devices ([`device`]).
//! Each size runs on each device until its time is settled ([`timing`]), and every answer is compared with
//! the first device's: a difference is an error, so that a table shows times of the same work ([`race`]). A
//! [`Comparison`] holds what came of it, with all that a reader needs to judge it ([`machine`]), and is
//! written for people ([`table`], [`picture`]) and for programs ([`record`]).
//!
//! What a time includes is said by each workload. Starting a device (finding its driver, opening it) and
//! compiling its kernels happens once and is told apart, as [`Device::start`] and as the time of the first
//! run. A GPU's time is its whole run as the host sees it, uploads and the way back included; [`race::Steps`]
//! take one apart.

pub mod aruoba;
pub mod bootstrap;
pub mod device;
pub mod growth;
pub mod machine;
#[cfg(feature = "plot")]
pub mod picture;
pub mod race;
pub mod record;
pub mod table;
pub mod timing;
pub mod uniform;

use std::time::Duration;

pub use device::{Device, Wanted, needs_adapters, open};
pub use machine::Machine;
pub use race::{Contender, KernelClock, Lap, Outcome, Rules, Steps, distinct};
pub use timing::{Summary, Timing};

use crate::figures::grouped;

/// A finished comparison: what was run, on what, and how long it took.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Comparison {
    /// The workload, as the command line calls it.
    pub workload: &'static str,
    /// What a size counts: "samples".
    pub unit: &'static str,
    /// What was computed, and what a time includes; one line each.
    pub description: Vec<String>,
    /// The machine and the versions.
    pub machine: Machine,
    /// The devices (and methods, where a device runs in several ways), in the order of the laps' numbers.
    pub devices: Vec<DeviceSummary>,
    /// How runs were timed.
    pub timing: Timing,
    /// Sizes × devices, those of a size together.
    pub laps: Vec<Lap>,
    /// The mean that was computed at each size, on all devices the same bits; empty where the workload has
    /// none.
    pub means: Vec<(u64, f64)>,
}

/// A device that took part.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct DeviceSummary {
    /// What it is called.
    pub name: String,
    /// The method, where a device runs in several ways; else empty.
    pub method: &'static str,
    /// What kind it is, in words.
    pub kind: &'static str,
    /// Threads of the CPU that work, on the host's part where the device is a GPU.
    pub threads: usize,
    /// An adapter's driver and its version; empty for the CPU.
    pub driver: String,
    /// Time to start it, as [`Device::start`].
    pub start: Duration,
    /// Time of its first run, in which kernels are compiled.
    pub first_run: Duration,
}

impl DeviceSummary {
    pub(crate) fn new(device: &Device, method: &'static str, first_run: Duration) -> Self {
        let driver = device.gpu.as_ref().map_or(String::new(), |gpu| gpu.adapter().driver());
        let (name, kind, threads) = (device.name.clone(), device.kind(), device.threads());
        Self { name, method, kind, threads, driver, start: device.start, first_run }
    }

    /// Whether it is the CPU itself, not an adapter.
    pub fn is_cpu(&self) -> bool {
        self.kind == "CPU"
    }

    /// The name without what a driver adds in parentheses: "Vulkan llvmpipe".
    pub fn short_name(&self) -> &str {
        self.name.split_once(" (").map_or(&self.name, |(short, _)| short)
    }
}

impl Comparison {
    /// A comparison from what came of a race.
    pub fn new<A>(
        workload: &'static str,
        unit: &'static str,
        description: Vec<String>,
        rules: &Rules,
        outcome: &Outcome<A>,
    ) -> Self {
        Self {
            workload,
            unit,
            description,
            machine: Machine::this(),
            devices: outcome.devices.clone(),
            timing: rules.timing,
            laps: outcome.laps.clone(),
            means: Vec::new(),
        }
    }

    /// The same, with the mean that was computed at each size.
    #[must_use]
    pub fn with_means(self, means: Vec<(u64, f64)>) -> Self {
        Self { means, ..self }
    }

    /// The mean that was computed at `size`.
    pub fn mean(&self, size: u64) -> Option<f64> {
        self.means.iter().find(|(of, _)| *of == size).map(|&(_, mean)| mean)
    }

    /// The sizes, each once, in order.
    pub fn sizes(&self) -> Vec<u64> {
        let mut sizes: Vec<u64> = self.laps.iter().map(|lap| lap.size).collect();
        sizes.dedup();
        sizes
    }

    /// The lap of a size on a device.
    pub fn lap(&self, size: u64, device: usize) -> Option<&Lap> {
        self.laps.iter().find(|lap| lap.size == size && lap.device == device)
    }

    /// How many times faster than one core (by the first of its methods) a lap is, by the medians; `None`
    /// where one core did not take part.
    pub fn speed_up(&self, lap: &Lap) -> Option<f64> {
        let one = self.devices.iter().position(|device| device.is_cpu() && device.threads == 1)?;
        let one = self.lap(lap.size, one)?.summary.median.as_secs_f64();
        let median = lap.summary.median.as_secs_f64();
        (median > 0.0).then(|| one / median)
    }

    /// What the reader should know about the spread, one line each.
    pub fn warnings(&self) -> Vec<String> {
        let with: Vec<&Lap> = self.laps.iter().filter(|lap| lap.summary.outliers > 0).collect();
        let slowness = |lap: &Lap| lap.summary.max.as_secs_f64() / lap.summary.median.as_secs_f64();
        let worst = with.iter().copied().max_by(|one, other| slowness(one).total_cmp(&slowness(other)));
        let Some(worst) = worst else { return Vec::new() };
        let (Summary { outliers, runs, .. }, device) = (worst.summary, &self.devices[worst.device]);
        vec![format!(
            "{} of {} times have outliers (*), the worst at {} {} on {}: {outliers} of {runs} runs, the \
             slowest {:.1} × the median; they count in min–max. Stop other programs and run again, or raise \
             `min_time`",
            with.len(),
            self.laps.len(),
            grouped(worst.size),
            self.unit,
            device.short_name(),
            slowness(worst),
        )]
    }
}

#[cfg(test)]
pub(crate) mod tests {
    use super::*;

    /// Two devices, two sizes, outliers in one of them.
    pub(crate) fn comparison() -> Comparison {
        let device = |name: &str, kind, threads, driver: &str| DeviceSummary {
            name: name.into(),
            method: "",
            kind,
            threads,
            driver: driver.into(),
            start: Duration::from_millis(30),
            first_run: Duration::from_millis(250),
        };
        let lap = |size, device, milliseconds, outliers| Lap {
            size,
            device,
            summary: Summary {
                runs: 20,
                median: Duration::from_millis(milliseconds),
                min: Duration::from_millis(milliseconds - 1),
                max: Duration::from_millis(milliseconds * 3),
                outliers,
            },
            steps: (device == 1).then_some(Steps {
                upload: Duration::from_millis(1),
                kernel: Duration::from_millis(2),
                readback: Duration::from_millis(3),
                total: Duration::from_millis(10),
                clock: KernelClock::Device,
            }),
        };
        Comparison {
            workload: "bootstrap",
            unit: "samples",
            description: vec!["percentile intervals".into()],
            machine: Machine {
                cpu: "Some CPU".into(),
                cores: 2,
                system: "Some Linux".into(),
                version: "1.2.3",
            },
            devices: vec![
                device("1 core", "CPU", 1, ""),
                device("Vulkan llvmpipe (LLVM 15.0.6, 256 bits)", "software, not a GPU", 2, "Mesa 22"),
            ],
            timing: Timing::default(),
            laps: vec![lap(10, 0, 8, 0), lap(10, 1, 4, 2), lap(1000, 0, 800, 0), lap(1000, 1, 100, 0)],
            means: Vec::new(),
        }
    }

    #[test]
    fn speed_ups_are_against_one_core() {
        let comparison = comparison();
        let speed_ups: Vec<_> = comparison.laps.iter().map(|lap| comparison.speed_up(lap)).collect();
        assert_eq!(speed_ups, [Some(1.0), Some(2.0), Some(1.0), Some(8.0)]);
        let mut without = comparison.clone();
        without.devices[0].threads = 4;
        assert_eq!(without.speed_up(&without.laps[1]), None);
        assert_eq!(comparison.sizes(), [10, 1000]);
    }

    #[test]
    fn outliers_are_told_with_the_worst() {
        let mut comparison = comparison();
        let warnings = comparison.warnings().join("\n");
        assert!(warnings.contains("1 of 4 times") && warnings.contains("2 of 20 runs"), "{warnings}");
        comparison.laps[1].summary.outliers = 0;
        assert!(comparison.warnings().is_empty());
    }
}
