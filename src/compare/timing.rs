//! How a run is timed, and what is made of the times.
//!
//! A run is repeated on the monotonic clock of the operating system: first as warm-up, which is not counted,
//! until [`Timing::warm_up`] has passed (once at least); then until both [`Timing::min_runs`] runs and
//! [`Timing::min_time`] are reached. All counted runs are kept: the figure is their median, told with the
//! smallest and the largest.
//!
//! **Outliers** are told and left in. With m the median of the runs x₁ … x_R and the median absolute
//! deviation
//!
//! ```text
//! MAD = max(median |xᵢ − m|, m / 1000)
//! ```
//!
//! (below a thousandth of the figure, deviations say more about the clock than about the run), a run is an
//! outlier where
//!
//! ```text
//! 0.6745 · |xᵢ − m| / MAD > 10
//! ```
//!
//! The left side is the modified z-score of B. Iglewicz and D. C. Hoaglin, "How to detect and handle
//! outliers", ASQC, 1993. They suggest 3.5 for what is nearly normal; times are not, their right tail is
//! long, so that the bar is set where a run was disturbed rather than slow: ten standard deviations, were
//! they normal.

use std::time::{Duration, Instant};

use crate::error::{Error, Result};

/// Modified z-score above which a run is an outlier.
pub const OUTLIER_SCORE: f64 = 10.0;

/// Most runs that can be asked for: each one's time is held.
const MOST_RUNS: usize = 1_000_000;

/// The 0.75 quantile of the standard normal distribution: MAD / 0.6745 estimates a standard deviation.
const NORMAL_QUARTILE: f64 = 0.6745;

/// How long to repeat a run.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Timing {
    /// Time of warm-up before the first counted run; one run at least.
    pub warm_up: Duration,
    /// Fewest counted runs.
    pub min_runs: usize,
    /// Least time of all counted runs together.
    pub min_time: Duration,
}

impl Default for Timing {
    fn default() -> Self {
        Self { warm_up: Duration::from_millis(50), min_runs: 5, min_time: Duration::from_millis(250) }
    }
}

/// The counted runs of one size on one device.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Summary {
    /// Number of counted runs.
    pub runs: usize,
    /// Their median.
    pub median: Duration,
    /// The fastest.
    pub min: Duration,
    /// The slowest.
    pub max: Duration,
    /// How many are outliers, as the module says.
    pub outliers: usize,
}

impl Timing {
    /// Timing with at least `min_runs` runs and `min_time` seconds.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for no runs or more than a million, or for a time that is not a number of seconds
    /// from 0 to an hour.
    pub fn new(min_runs: usize, min_time: f64) -> Result<Self> {
        if min_runs == 0 {
            let requirement = "at least one run is needed; 5 or more show the spread".into();
            return Err(Error::Parameter { name: "min_runs", value: "0".into(), requirement });
        }
        if min_runs > MOST_RUNS {
            let requirement =
                format!("at most {MOST_RUNS} runs can be asked for; `min_time` asks for longer ones");
            return Err(Error::Parameter { name: "min_runs", value: min_runs.to_string(), requirement });
        }
        if !(0.0..=3600.0).contains(&min_time) {
            let requirement = "it must be a number of seconds from 0 to 3600".into();
            return Err(Error::Parameter { name: "min_time", value: min_time.to_string(), requirement });
        }
        Ok(Self { min_runs, min_time: Duration::from_secs_f64(min_time), ..Self::default() })
    }

    /// Times `run` and hands every answer, those of the warm-up too, to `check`, off the clock. What a run
    /// spent on what does not count (`apart`, by its answer) is taken off, but for the first run. Returns the
    /// first run's time (a device's first run compiles its kernels) and the summary of the counted ones.
    ///
    /// # Errors
    ///
    /// The first of `run` or `check`.
    pub fn measure<A>(
        &self,
        mut run: impl FnMut() -> Result<A>,
        apart: impl Fn(&A) -> Duration,
        mut check: impl FnMut(A) -> Result<()>,
    ) -> Result<(Duration, Summary)> {
        // The time of a run, whole, and without what does not count.
        let mut once = || -> Result<(Duration, Duration)> {
            let start = Instant::now();
            let answer = run()?;
            let time = start.elapsed();
            let counted = time.saturating_sub(apart(&answer));
            check(answer)?;
            Ok((time, counted))
        };
        let (first, _) = once()?;
        let mut warm = first.min(self.warm_up);
        while warm < self.warm_up {
            warm += once()?.0;
        }
        let mut times = Vec::new();
        let mut total = Duration::ZERO;
        while times.len() < self.min_runs || total < self.min_time {
            let (whole, counted) = once()?;
            total += whole;
            times.push(counted);
        }
        Ok((first, Summary::new(&times)))
    }
}

impl Summary {
    /// The summary of `times`; of zeros, where there are none.
    pub fn new(times: &[Duration]) -> Self {
        let mut seconds: Vec<f64> = times.iter().map(Duration::as_secs_f64).collect();
        let center = median(&mut seconds);
        let mut deviations: Vec<f64> = seconds.iter().map(|time| (time - center).abs()).collect();
        let mad = median(&mut deviations).max(center / 1000.0);
        let outliers =
            deviations.iter().filter(|&deviation| NORMAL_QUARTILE * deviation > OUTLIER_SCORE * mad).count();
        Self {
            runs: times.len(),
            median: Duration::from_secs_f64(center),
            min: times.iter().min().copied().unwrap_or_default(),
            max: times.iter().max().copied().unwrap_or_default(),
            outliers,
        }
    }
}

/// The median (reorders): the mean of the middle two of an even number, 0 of none.
fn median(values: &mut [f64]) -> f64 {
    values.sort_unstable_by(f64::total_cmp);
    let middle = values.len() / 2;
    match values.len() {
        0 => 0.0,
        odd if odd % 2 == 1 => values[middle],
        _ => (values[middle - 1] + values[middle]) / 2.0,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn milliseconds(times: &[u64]) -> Summary {
        Summary::new(&times.iter().map(|&time| Duration::from_millis(time)).collect::<Vec<_>>())
    }

    #[test]
    fn medians_of_odd_and_even_numbers_of_runs() {
        let odd = milliseconds(&[30, 10, 20]);
        assert_eq!((odd.min.as_millis(), odd.median.as_millis(), odd.max.as_millis()), (10, 20, 30));
        assert_eq!(milliseconds(&[40, 10, 20, 30]).median, Duration::from_millis(25));
        assert_eq!(milliseconds(&[7]).median, Duration::from_millis(7));
        assert_eq!(milliseconds(&[]).runs, 0);
    }

    #[test]
    fn outliers_lie_ten_robust_standard_deviations_out() {
        // Median 102, absolute deviations 2 2 1 1 0 1 1 2 and the last: MAD 1, bar at 10 / 0.6745 = 14.8.
        let usual = [100, 100, 101, 101, 102, 103, 103, 104];
        let with = |last: u64| {
            let mut times = usual.to_vec();
            times.push(last);
            milliseconds(&times).outliers
        };
        assert_eq!(with(104), 0);
        assert_eq!(with(116), 0);
        assert_eq!(with(117), 1);
        // Below, the median is 101.
        assert_eq!(with(87), 0);
        assert_eq!(with(86), 1);
    }

    #[test]
    fn equal_runs_have_no_outliers_but_what_a_thousandth_explains() {
        assert_eq!(milliseconds(&[1000; 9]).outliers, 0);
        // MAD is 0, so that a thousandth of the median stands in: 1 ms, the bar is at 14.8 ms.
        assert_eq!(milliseconds(&[1000, 1000, 1000, 1000, 1014]).outliers, 0);
        assert_eq!(milliseconds(&[1000, 1000, 1000, 1000, 1015]).outliers, 1);
    }

    #[test]
    fn runs_go_on_until_both_the_number_and_the_time_are_reached() {
        let count = |timing: Timing, each: Duration| {
            let mut runs = 0;
            let run = || {
                std::thread::sleep(each);
                Ok(())
            };
            let check = |()| {
                runs += 1;
                Ok(())
            };
            let summary = timing.measure(run, |()| Duration::ZERO, check);
            (runs, summary.unwrap().1)
        };
        let timing = Timing { warm_up: Duration::ZERO, min_runs: 3, min_time: Duration::from_millis(20) };
        let (all, summary) = count(timing, Duration::from_millis(5));
        assert!((3..=4).contains(&summary.runs), "{summary:?}");
        assert_eq!(all, summary.runs + 1, "every answer is checked, the warm-up's too");
        let (_, summary) = count(timing, Duration::from_millis(30));
        assert_eq!(summary.runs, 3);
    }

    #[test]
    fn what_does_not_count_is_taken_off_but_for_the_first_run() {
        let timing = Timing { warm_up: Duration::ZERO, min_runs: 3, min_time: Duration::ZERO };
        let pause = Duration::from_millis(20);
        let run = || {
            std::thread::sleep(pause);
            Ok(())
        };
        let (first, summary) = timing.measure(run, |()| pause, |()| Ok(())).unwrap();
        assert!(first >= pause, "{first:?}");
        assert!(summary.min < pause, "{summary:?}");
    }

    #[test]
    fn senseless_timings_are_refused() {
        let message = |runs, time| Timing::new(runs, time).unwrap_err().to_string();
        assert!(message(0, 1.0).contains("min_runs is 0"));
        assert!(message(usize::MAX, 1.0).contains("min_runs is 18446744073709551615, but at most 1000000"));
        assert!(message(5, f64::NAN).contains("min_time is NaN"));
        assert!(message(5, -1.0).contains("min_time is -1"));
        assert!(Timing::new(1, 0.0).is_ok());
    }
}
