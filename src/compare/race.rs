//! The race: every size on every device, one after the other, each answer compared with the first device's.

use std::time::{Duration, Instant};

use super::timing::{Summary, Timing};
use super::{Device, DeviceSummary};
use crate::error::{Error, Result};

/// What one run spent on which step, where the steps are waited for one by one.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
#[non_exhaustive]
pub struct Steps {
    /// Inputs to the device.
    pub upload: Duration,
    /// The kernels, or on the CPU the loops that they are twins of, by the clock below.
    pub kernel: Duration,
    /// Results back to the host.
    pub readback: Duration,
    /// The whole run; what is not in the steps above is the host's part.
    pub total: Duration,
    /// The clock of the kernels.
    pub clock: KernelClock,
}

/// How the time of the kernels was taken.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum KernelClock {
    /// By the host's clock, from the beginning (on a GPU, the submission) to the completion.
    #[default]
    Wall,
    /// By the device's own timestamps.
    Device,
    /// By the host's clock, uploads and readback included, which are not taken apart.
    WithTransfers,
    /// Time of all threads over their number, where they do other work in between.
    Threads,
}

impl KernelClock {
    /// The device's timestamps where there are some, else the host's clock.
    pub fn of_device(timestamps: bool) -> Self {
        if timestamps { Self::Device } else { Self::Wall }
    }

    /// How the time was taken, in words.
    pub fn description(self) -> &'static str {
        match self {
            Self::Wall => "wall time from the beginning to the completion",
            Self::WithTransfers => "wall time, upload and readback included",
            Self::Device => "by the device's own timestamps",
            Self::Threads => "time of all threads over their number",
        }
    }
}

impl Steps {
    /// What the host did: preparing columns, launching, selecting quantiles.
    pub fn host(&self) -> Duration {
        self.total.saturating_sub(self.upload + self.kernel + self.readback)
    }
}

/// The run of a size. Where steps are asked for, it waits after each and fills them in (all but the total);
/// such a run is slower, so that it is never one of the timed.
pub type Run<'a, A> = dyn FnMut(u64, Option<&mut Steps>) -> Result<A> + 'a;

/// One who runs.
pub struct Contender<'a, A> {
    /// The device.
    pub device: &'a Device,
    /// The method, where a device runs in several ways; else empty.
    pub method: &'static str,
    /// The run.
    pub run: Box<Run<'a, A>>,
}

impl<A> std::fmt::Debug for Contender<'_, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contender").field("device", &self.device.name).finish_non_exhaustive()
    }
}

/// One size on one device.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Lap {
    /// The size.
    pub size: u64,
    /// Number of the contender.
    pub device: usize,
    /// The timed runs.
    pub summary: Summary,
    /// The steps, where they were asked for: those of the run of median total among some.
    pub steps: Option<Steps>,
}

/// What came of a race.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Outcome<A> {
    /// Sizes × contenders, those of a size together.
    pub laps: Vec<Lap>,
    /// The contenders.
    pub devices: Vec<DeviceSummary>,
    /// The answers, one a size, the same on all devices.
    pub answers: Vec<A>,
}

/// How to race.
#[derive(Debug, Clone, Copy)]
pub struct Rules {
    /// How a run is timed.
    pub timing: Timing,
    /// Whether to take the steps apart as well.
    pub detail: bool,
}

/// Runs taken apart into steps, for each size and device.
const DETAILED_RUNS: usize = 3;

/// What a race is about.
pub struct Task<'t, A> {
    /// What a size counts, in messages: "samples".
    pub unit: &'static str,
    /// In what way two answers differ, where they do: the first contender's and another's.
    pub differ: &'t dyn Fn(&A, &A) -> Option<String>,
    /// Time of a run that does not count: what it spent on starting its device, by its answer.
    pub apart: &'t dyn Fn(&A) -> Duration,
    /// Called before each lap with its device.
    pub progress: &'t dyn Fn(&Device, u64),
}

impl<A> std::fmt::Debug for Task<'_, A> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Task").field("unit", &self.unit).finish_non_exhaustive()
    }
}

/// Sizes in their order, each once: the same work twice has one time.
pub fn distinct(sizes: &[u64]) -> Vec<u64> {
    let mut seen = std::collections::HashSet::new();
    sizes.iter().copied().filter(|size| seen.insert(*size)).collect()
}

/// Times all `contenders` at all `sizes`, a repeated one once.
///
/// # Errors
///
/// [`Error::Mismatch`] where a device's answer differs, and any error of a run.
pub fn race<A>(
    contenders: &mut [Contender<'_, A>],
    sizes: &[u64],
    rules: &Rules,
    task: &Task<'_, A>,
) -> Result<Outcome<A>> {
    let Task { unit, differ, apart, progress } = task;
    let mut outcome = Outcome { laps: Vec::new(), devices: Vec::new(), answers: Vec::new() };
    for size in distinct(sizes) {
        let mut reference: Option<A> = None;
        let reference_name = contenders.first().map_or("", |first| first.device.name.as_str()).to_owned();
        for (number, Contender { device, method, run }) in contenders.iter_mut().enumerate() {
            progress(device, size);
            let mut check = |answer: A| match &reference {
                None => {
                    reference = Some(answer);
                    Ok(())
                }
                Some(reference) => match differ(reference, &answer) {
                    None => Ok(()),
                    Some(how) => Err(Error::Mismatch {
                        device: device.name.clone(),
                        reference: reference_name.clone(),
                        size: format!("{size} {unit}"),
                        how,
                    }),
                },
            };
            let (first, summary) = rules.timing.measure(|| run(size, None), apart, &mut check)?;
            if outcome.devices.len() == number {
                outcome.devices.push(DeviceSummary::new(device, method, first));
            }
            let mut detailed = Vec::new();
            for _ in 0..if rules.detail { DETAILED_RUNS } else { 0 } {
                let mut steps = Steps::default();
                let start = Instant::now();
                let answer = run(size, Some(&mut steps))?;
                steps.total = start.elapsed().saturating_sub(apart(&answer));
                check(answer)?;
                detailed.push(steps);
            }
            detailed.sort_unstable_by_key(|steps| steps.total);
            let steps = detailed.get(detailed.len() / 2).copied();
            outcome.laps.push(Lap { size, device: number, summary, steps });
        }
        outcome.answers.extend(reference);
    }
    Ok(outcome)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules(detail: bool) -> Rules {
        let timing = Timing { warm_up: Duration::ZERO, min_runs: 2, min_time: Duration::ZERO };
        Rules { timing, detail }
    }

    fn differ(one: &u64, other: &u64) -> Option<String> {
        (one != other).then(|| format!("{one} and {other}"))
    }

    /// Devices that answer with the size, the second one plus `error` from the run numbered `from` on.
    fn race_of_two(error: u64, from: usize, detail: bool) -> Result<Outcome<u64>> {
        let devices = [Device::cpu(1).unwrap(), Device::cpu(2).unwrap()];
        let mut runs = 0;
        let mut contenders = vec![
            Contender { device: &devices[0], method: "", run: Box::new(|size, _| Ok(size)) },
            Contender {
                device: &devices[1],
                method: "",
                run: Box::new(|size, _| {
                    runs += 1;
                    Ok(if runs > from { size + error } else { size })
                }),
            },
        ];
        let task =
            Task { unit: "samples", differ: &differ, apart: &|_| Duration::ZERO, progress: &|_, _| {} };
        race(&mut contenders, &[10, 20], &rules(detail), &task)
    }

    #[test]
    fn a_mismatch_is_an_error_whenever_it_comes() {
        // Three runs of a size without detail, and three more with.
        for (from, detail) in [(0, false), (1, false), (2, false), (3, false), (5, true)] {
            let message = race_of_two(1, from, detail).unwrap_err().to_string();
            assert!(
                message.contains("1 core") && message.contains("2 cores") && message.contains("samples"),
                "{message}"
            );
        }
        // The perturbed twin: without the error there is none.
        assert!(race_of_two(0, 0, true).is_ok());
    }

    #[test]
    fn every_size_and_device_has_a_cell() {
        let outcome = race_of_two(0, 0, true).unwrap();
        let places: Vec<_> = outcome.laps.iter().map(|lap| (lap.size, lap.device)).collect();
        assert_eq!(places, [(10, 0), (10, 1), (20, 0), (20, 1)]);
        assert_eq!(outcome.answers, [10, 20]);
        assert_eq!(outcome.devices.len(), 2);
        assert!(outcome.laps.iter().all(|lap| lap.steps.is_some() && lap.summary.runs == 2));
        assert!(race_of_two(0, 0, false).unwrap().laps.iter().all(|lap| lap.steps.is_none()));
    }
}
