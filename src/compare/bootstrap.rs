//! The percentile bootstrap against the clock: from returns in memory to intervals in memory.
//!
//! A run is [`Bootstrap::run`]: squared returns to integer columns, rows drawn and summed, quantiles
//! selected. Reading the panel, starting a device and compiling its kernels come before the clock starts. On
//! a GPU the run has the upload of the columns, the kernels and the way back of the sums in it, and the
//! host's threads, all of them, select the quantiles.

use std::time::Duration;

use super::race::{Contender, KernelClock, Steps};
use super::{Device, Outcome, Rules, race};
use crate::bootstrap::{Bootstrap, Engine, Intervals, Resources};
use crate::error::{Error, Result};
use crate::panel::DayReturns;

/// What to compute.
#[derive(Debug, Clone, Copy)]
pub struct Spec<'a> {
    /// The returns, by day.
    pub days: &'a [DayReturns],
    /// Confidence of the intervals.
    pub confidence: f64,
    /// Seed of the random stream.
    pub seed: u64,
    /// Bytes that rows, resampled sums and selection may take.
    pub memory: u64,
}

/// Checks that intervals from `samples` resamples can be computed.
///
/// # Errors
///
/// [`Error::Parameter`] for none, or more than 2³² − 1.
pub fn check_samples(samples: u64, confidence: f64, seed: u64) -> Result<Bootstrap> {
    let too_many = |_| Error::Parameter {
        name: "samples",
        value: samples.to_string(),
        requirement: format!("there are at most {} resamples", u32::MAX),
    };
    Bootstrap::new(u32::try_from(samples).map_err(too_many)?, confidence, seed)
}

/// Times the intervals from `sizes` resamples on `devices`.
///
/// # Errors
///
/// [`Error::Parameter`] for a size out of range, [`Error::Mismatch`], or any of [`Bootstrap::run`].
pub fn compare(
    devices: &[Device],
    sizes: &[u64],
    spec: &Spec<'_>,
    rules: &Rules,
    progress: &dyn Fn(&Device, u64),
) -> Result<Outcome<Intervals>> {
    let mut contenders = Vec::new();
    for device in devices {
        let gpu = device.gpu.as_ref();
        let mut engine = Engine::new(gpu);
        let run = move |size: u64, steps: Option<&mut Steps>| {
            let bootstrap = check_samples(size, spec.confidence, spec.seed)?;
            let resources = Resources { jobs: &device.jobs, memory: spec.memory };
            if let (Some(_), Engine::Gpu(resampler)) = (&steps, &mut engine) {
                resampler.start_clock();
            }
            let intervals = bootstrap.run(spec.days, &mut engine, &resources, &())?;
            if let Some(steps) = steps {
                match &mut engine {
                    Engine::Gpu(resampler) => {
                        let times = resampler.stop_clock();
                        steps.upload = times.upload;
                        steps.kernel = times.kernel;
                        steps.readback = times.readback;
                        steps.clock = KernelClock::of_device(times.timestamps);
                    }
                    Engine::Cpu => {
                        steps.kernel = intervals.times.resample / device.threads() as u32;
                        steps.clock = KernelClock::Threads;
                    }
                }
            }
            Ok(intervals)
        };
        contenders.push(Contender { device, method: "", run: Box::new(run) });
    }
    let task = race::Task { unit: "samples", differ: &differ, apart: &|_| Duration::ZERO, progress };
    race::race(&mut contenders, sizes, rules, &task)
}

/// The first cell in which two sets of intervals are not equal, bit for bit.
fn differ(one: &Intervals, other: &Intervals) -> Option<String> {
    let ends = one.lower().indexed_iter().zip(one.upper()).zip(other.lower().iter().zip(other.upper()));
    let mut different = ends.filter(|(((_, lower), upper), (other_lower, other_upper))| {
        lower.to_bits() != other_lower.to_bits() || upper.to_bits() != other_upper.to_bits()
    });
    let ((((day, stock), lower), upper), (other_lower, other_upper)) = different.next()?;
    let date = one.dates.get(day).map(ToString::to_string).unwrap_or_default();
    Some(format!(
        "the interval of stock {} on {date} is {lower:?} to {upper:?} on one and {other_lower:?} to \
         {other_upper:?} on the other",
        stock + 1
    ))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::Array2;

    use super::*;

    #[test]
    fn any_bit_of_any_interval_counts() {
        let returns = Array2::from_shape_fn((30, 2), |(row, stock)| ((row * 7 + stock) % 11) as f64 * 1e-3);
        let days = [DayReturns::new(date(2007, 1, 3), returns)];
        let jobs = crate::jobs::Jobs::new();
        let resources = Resources { jobs: &jobs, memory: 1 << 20 };
        let intervals =
            Bootstrap::new(20, 0.9, 0).unwrap().run(&days, &mut Engine::Cpu, &resources, &()).unwrap();
        assert_eq!(differ(&intervals, &intervals.clone()), None);
        let mut other = intervals.clone();
        other.ends[0].upper[[0, 1]] = other.upper()[[0, 1]].next_up();
        let how = differ(&intervals, &other).unwrap();
        assert!(how.contains("stock 2 on 2007-01-03"), "{how}");
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        assert!(check_samples(0, 0.99, 0).unwrap_err().to_string().contains("samples is 0"));
        assert!(check_samples(1 << 32, 0.99, 0).unwrap_err().to_string().contains("at most 4294967295"));
        assert!(check_samples(1, 0.99, 0).is_ok());
    }
}
