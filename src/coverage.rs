//! Coverage: does an interval hold the truth as often as it says?
//!
//! Days are simulated from a model whose integrated variance IV is known ([`crate::simulate::model`]). The
//! driver ([`Bootstrap`]) computes their intervals as it does those of a panel, and they are counted:
//!
//! ```text
//! coverage = share of days with lower ≤ IV ≤ upper,      error = √(coverage (1 − coverage) / replications),
//! below    = share of days with IV < lower,              above = share of days with upper < IV.
//! ```
//!
//! An interval is worth its confidence where coverage is that, within a few errors; an equal-tailed one also
//! misses as often on each side. Of two that cover the shorter is the better: lengths are told by their mean,
//! in squared percent (the models' unit of variance), and by the median of length / IV.
//!
//! # Replications
//!
//! Replication r has a calendar day of its own, the r-th from 1 January 1000 on, so that its resamples are
//! independent of all others' ([`crate::random`]); its returns are day number r of the model. So what is
//! found depends on the seed, the model and the numbers of returns, samples and replications; not on the
//! threads, nor on which other intervals, confidences or numbers of returns there are; and the first 1,000
//! replications are the same of 10,000. All intervals and confidences are held against the same days.
//!
//! # Examples
//!
//! ```
//! use bellwether::coverage::Coverage;
//! use bellwether::jobs::Jobs;
//!
//! let coverage = Coverage { replications: 200, samples: 99, ..Coverage::default() };
//! let rows = coverage.run(&Jobs::new(), &())?;
//! assert_eq!((rows[0].interval, rows[0].returns), ("percentile", 78));
//! assert!(rows[0].coverage() > 0.8);
//! # Ok::<(), bellwether::Error>(())
//! ```
//!
//! Source: S. Gonçalves and N. Meddahi, "Bootstrapping realized volatility", Econometrica 77(1), 2009, whose
//! tables these are.

use std::ops::Range;
use std::sync::Arc;

use jiff::ToSpan;
use jiff::civil::{Date, date};
use ndarray::Array2;
use rayon::prelude::*;

use crate::bootstrap::{Bootstrap, Ends, Engine, Observer, Resources};
use crate::error::{Error, Result};
use crate::interval;
use crate::jobs::Jobs;
use crate::measure::Variance;
use crate::panel::DayReturns;
use crate::resample::Scheme;
use crate::simulate::model::{self, Days, Model};

/// Most replications: days of four-digit years.
pub const MAX_REPLICATIONS: u32 = 3_000_000;

/// Bytes for rows, sums and selection.
const MEMORY: u64 = 256 << 20;
/// Returns, and days, of a chunk of replications: enough for all threads, and few megabytes.
const CHUNK_RETURNS: usize = 1 << 20;
const CHUNK_DAYS: usize = 1000;
/// The calendar day of replication 0.
const FIRST_DAY: Date = date(1000, 1, 1);

/// What to find the coverage of. The default is the command's.
#[derive(Debug, Clone, PartialEq)]
pub struct Coverage {
    /// The model of prices.
    pub model: Model,
    /// Numbers of returns a day.
    pub returns: Vec<usize>,
    /// The intervals' names ([`interval::NAMES`]).
    pub intervals: Vec<String>,
    /// How rows enter a resample.
    pub scheme: Scheme,
    /// Confidences, each between 0 and 1.
    pub confidences: Vec<f64>,
    /// Resamples of each day, B.
    pub samples: u32,
    /// Simulated days for each number of returns, 1 to [`MAX_REPLICATIONS`].
    pub replications: u32,
    /// Seed of days and resamples.
    pub seed: u64,
}

impl Default for Coverage {
    fn default() -> Self {
        Self {
            model: model::SV2,
            returns: vec![78],
            intervals: interval::NAMES.map(str::to_owned).to_vec(),
            scheme: Scheme::Iid,
            confidences: vec![0.95],
            samples: 999,
            replications: 10_000,
            seed: 0,
        }
    }
}

/// How one interval did at one number of returns and one confidence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct CoverageRow {
    /// Returns a day, n.
    pub returns: usize,
    /// The confidence asked for.
    pub confidence: f64,
    /// The interval's name.
    pub interval: &'static str,
    /// Simulated days.
    pub replications: u32,
    /// Days of which the integrated variance lies below the interval.
    pub below: u32,
    /// Days of which it lies above.
    pub above: u32,
    /// Mean length, squared percent.
    pub mean_length: f64,
    /// Median of the lengths over the days' integrated variances. Where there are few returns a mean says
    /// little: the logarithmic interval of one day in a thousand may be as long as those of all others.
    pub median_relative_length: f64,
}

impl CoverageRow {
    /// Share of the days whose interval holds the integrated variance.
    pub fn coverage(&self) -> f64 {
        f64::from(self.replications - self.below - self.above) / f64::from(self.replications)
    }

    /// Binomial standard error of the coverage, as estimated from it.
    pub fn error(&self) -> f64 {
        let share = self.coverage();
        (share * (1.0 - share) / f64::from(self.replications)).sqrt()
    }

    /// Share of the days whose integrated variance lies below the interval.
    pub fn share_below(&self) -> f64 {
        f64::from(self.below) / f64::from(self.replications)
    }

    /// Share of the days whose integrated variance lies above the interval.
    pub fn share_above(&self) -> f64 {
        f64::from(self.above) / f64::from(self.replications)
    }
}

/// What some replications give at one number of returns.
#[derive(Debug, Clone, PartialEq, Default)]
pub struct ReplicationEnds {
    /// The days' integrated variances, squared percent.
    pub truth: Vec<f64>,
    /// The ends of every day, by confidence and interval.
    pub ends: Vec<Vec<[f64; 2]>>,
}

/// Counts of one row.
#[derive(Debug, Clone, Default)]
struct Tally {
    below: u32,
    above: u32,
    length: f64,
    relative_lengths: Vec<f64>,
}

impl Tally {
    fn add(&mut self, truth: f64, [lower, upper]: [f64; 2]) {
        self.below += u32::from(truth < lower);
        self.above += u32::from(truth > upper);
        self.length += upper - lower;
        self.relative_lengths.push((upper - lower) / truth);
    }
}

/// The median of at least one number, none of them NaN; NaN of none.
fn median(mut numbers: Vec<f64>) -> f64 {
    numbers.sort_unstable_by(f64::total_cmp);
    let middle = |place: usize| numbers.get(place).copied().unwrap_or(f64::NAN);
    (middle(numbers.len().saturating_sub(1) / 2) + middle(numbers.len() / 2)) / 2.0
}

/// What gives the ends of every day, for each kind of interval at the confidence of a bootstrap.
type EndsOf<'a> = dyn Fn(&Bootstrap, &[DayReturns]) -> Result<Vec<Vec<[f64; 2]>>> + 'a;

/// What takes the ends of a chunk of days: the number of the number of returns, the integrated variances, and
/// the ends by confidence and interval.
type TakeEnds<'a> = dyn FnMut(usize, &[f64], Vec<Vec<[f64; 2]>>) + 'a;

/// Simulated days as the driver takes them, and their integrated variances.
struct Simulated {
    days: Vec<DayReturns>,
    truth: Vec<f64>,
}

impl Coverage {
    /// Checks every field.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a value out of range, an unknown interval, or an empty list.
    pub fn validate(&self) -> Result<()> {
        for (name, empty) in [
            ("returns", self.returns.is_empty()),
            ("interval", self.intervals.is_empty()),
            ("confidence", self.confidences.is_empty()),
        ] {
            if empty {
                let requirement = "at least one is needed".into();
                return Err(Error::Parameter { name, value: "empty".into(), requirement });
            }
        }
        self.methods()?;
        for &returns in &self.returns {
            Days::new(self.model, returns)?;
        }
        if !(1..=MAX_REPLICATIONS).contains(&self.replications) {
            return Err(Error::Parameter {
                name: "replications",
                value: self.replications.to_string(),
                requirement: format!("it must lie between 1 and {MAX_REPLICATIONS}; 10000 is customary"),
            });
        }
        Ok(())
    }

    /// The bootstrap of all intervals at each confidence, checked: from one set of draws.
    fn methods(&self) -> Result<Vec<Bootstrap>> {
        let of_confidence = |&confidence: &f64| {
            let intervals =
                self.intervals.iter().map(|name| interval::by_name(name)).collect::<Result<_>>()?;
            Bootstrap::new(self.samples, confidence, self.seed)?.with(
                Arc::new(Variance),
                self.scheme,
                intervals,
            )
        };
        self.confidences.iter().map(of_confidence).collect()
    }

    /// The ends of every day, for each kind of interval.
    fn ends(
        &self,
        method: &Bootstrap,
        days: &[DayReturns],
        jobs: &Jobs,
        observer: &dyn Observer,
    ) -> Result<Vec<Vec<[f64; 2]>>> {
        let resources = Resources { jobs, memory: MEMORY };
        let found = method.run(days, &mut Engine::Cpu, &resources, observer)?;
        let of_kind =
            |ends: &Ends| ends.lower.iter().zip(&ends.upper).map(|(&low, &high)| [low, high]).collect();
        Ok(found.ends.iter().map(of_kind).collect())
    }

    /// The coverage of every interval: by number of returns, then confidence, then interval, each in the
    /// order given. The observer hears of returns drawn.
    ///
    /// # Errors
    ///
    /// As [`Self::validate`] and [`Bootstrap::run`].
    pub fn run(&self, jobs: &Jobs, observer: &dyn Observer) -> Result<Vec<CoverageRow>> {
        self.run_with(jobs, observer, &|method, days| self.ends(method, days, jobs, observer))
    }

    /// What some replications give, for a part of a run ([`crate::parts`]): parts of all replications, in
    /// order, give [`Self::rows_of`].
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn run_part(
        &self,
        replications: Range<u32>,
        jobs: &Jobs,
        observer: &dyn Observer,
    ) -> Result<Vec<ReplicationEnds>> {
        let kinds = self.confidences.len() * self.intervals.len();
        let empty = || ReplicationEnds { truth: Vec::new(), ends: vec![Vec::new(); kinds] };
        let mut all: Vec<ReplicationEnds> = self.returns.iter().map(|_| empty()).collect();
        let ends = |method: &Bootstrap, days: &[DayReturns]| self.ends(method, days, jobs, observer);
        self.each(replications, jobs, observer, &ends, &mut |returns, truth, ends| {
            all[returns].truth.extend(truth);
            for (all, ends) in all[returns].ends.iter_mut().zip(ends) {
                all.extend(ends);
            }
        })?;
        Ok(all)
    }

    /// The coverage of every interval from parts of all replications, in order; of each part, what it has at
    /// each number of returns.
    ///
    /// # Errors
    ///
    /// As [`Self::validate`].
    pub fn rows_of(&self, parts: &[Vec<ReplicationEnds>]) -> Result<Vec<CoverageRow>> {
        self.validate()?;
        let mut tallies = self.tallies();
        for part in parts {
            for (tallies, of_returns) in tallies.iter_mut().zip(part) {
                for (tally, ends) in tallies.iter_mut().zip(&of_returns.ends) {
                    for (&truth, &ends) in of_returns.truth.iter().zip(ends) {
                        tally.add(truth, ends);
                    }
                }
            }
        }
        self.rows(tallies)
    }

    /// A tally for each number of returns, confidence and interval.
    fn tallies(&self) -> Vec<Vec<Tally>> {
        vec![vec![Tally::default(); self.confidences.len() * self.intervals.len()]; self.returns.len()]
    }

    fn run_with(&self, jobs: &Jobs, observer: &dyn Observer, ends: &EndsOf<'_>) -> Result<Vec<CoverageRow>> {
        let mut tallies = self.tallies();
        self.each(0..self.replications, jobs, observer, ends, &mut |returns, truth, ends| {
            for (tally, ends) in tallies[returns].iter_mut().zip(ends) {
                for (&truth, ends) in truth.iter().zip(ends) {
                    tally.add(truth, ends);
                }
            }
        })?;
        self.rows(tallies)
    }

    /// Hands over what each chunk of these replications gives.
    fn each(
        &self,
        replications: Range<u32>,
        jobs: &Jobs,
        observer: &dyn Observer,
        ends: &EndsOf<'_>,
        take: &mut TakeEnds<'_>,
    ) -> Result<()> {
        self.validate()?;
        let methods = self.methods()?;
        let returns: u64 = self.returns.iter().map(|&returns| returns as u64).sum();
        let returns = returns.saturating_mul(replications.len() as u64);
        observer.planned(methods.iter().map(|method| method.draws_of(returns)).sum());
        for (number, &returns) in self.returns.iter().enumerate() {
            let model = Days::new(self.model, returns)?;
            let chunk = (CHUNK_RETURNS / returns).clamp(1, CHUNK_DAYS);
            for first in replications.clone().step_by(chunk) {
                let last = replications.end.min(first.saturating_add(chunk as u32));
                let Simulated { days, truth } = self.simulate(&model, first..last, jobs)?;
                let mut all = Vec::with_capacity(methods.len() * self.intervals.len());
                for method in &methods {
                    all.extend(ends(method, &days)?);
                }
                take(number, &truth, all);
            }
        }
        Ok(())
    }

    /// The rows, from the tallies of each number of returns.
    fn rows(&self, tallies: Vec<Vec<Tally>>) -> Result<Vec<CoverageRow>> {
        let methods = self.methods()?;
        let mut rows = Vec::new();
        for (&returns, tallies) in self.returns.iter().zip(tallies) {
            let mut tallies = tallies.into_iter();
            for method in &methods {
                for (interval, tally) in method.intervals().iter().zip(&mut tallies) {
                    rows.push(CoverageRow {
                        returns,
                        confidence: method.confidence(),
                        interval: interval.name(),
                        replications: self.replications,
                        below: tally.below,
                        above: tally.above,
                        mean_length: tally.length / f64::from(self.replications),
                        median_relative_length: median(tally.relative_lengths),
                    });
                }
            }
        }
        Ok(rows)
    }

    /// The days of these replications, in parallel.
    fn simulate(&self, model: &Days, replications: Range<u32>, jobs: &Jobs) -> Result<Simulated> {
        let one = |replication: u32| {
            let day = model.day(self.seed, replication);
            let date = FIRST_DAY.checked_add(i64::from(replication).days());
            let date = date.map_err(|error| Error::Job {
                what: format!("dating replication {replication}"),
                why: error.to_string(),
            })?;
            let returns = Array2::from_shape_fn((day.returns.len(), 1), |(row, _)| day.returns[row]);
            Ok((DayReturns::new(date, returns), day.integrated_variance))
        };
        let both = jobs.install(|| replications.into_par_iter().map(one).collect::<Result<Vec<_>>>())?;
        let (days, truth) = both.into_iter().unzip();
        Ok(Simulated { days, truth })
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::{AtomicU64, Ordering};

    use super::*;

    fn coverage(model: &str, returns: &[usize], intervals: &[&str], replications: u32) -> Coverage {
        Coverage {
            model: model::by_name(model).unwrap(),
            returns: returns.to_vec(),
            intervals: intervals.iter().map(|&name| name.to_owned()).collect(),
            replications,
            ..Coverage::default()
        }
    }

    fn realized(day: &DayReturns) -> f64 {
        day.returns.iter().map(|r| r * r).sum()
    }

    /// With constant volatility n·RV/IV is χ² with n degrees of freedom, so that [n·RV/q₀.₉₇₅, n·RV/q₀.₀₂₅]
    /// covers exactly. Quantiles: `scipy.stats.chi2.ppf([.025, .975], 12)`.
    const CHI_12: [f64; 2] = [4.403_788_506_981_703, 23.336_664_158_645_338];

    fn exact(day: &DayReturns) -> [f64; 2] {
        [12.0 * realized(day) / CHI_12[1], 12.0 * realized(day) / CHI_12[0]]
    }

    #[test]
    fn an_exact_interval_covers_exactly() {
        let run = |ends: &dyn Fn(&DayReturns) -> [f64; 2]| {
            let coverage = coverage("constant", &[12], &["percentile"], 4000);
            let all = |_: &Bootstrap, days: &[DayReturns]| Ok(vec![days.iter().map(ends).collect()]);
            coverage.run_with(&Jobs::new(), &(), &all).unwrap()[0]
        };
        let row = run(&exact);
        let error = (0.95 * 0.05 / 4000f64).sqrt();
        assert!((row.coverage() - 0.95).abs() < 4.0 * error, "{row:?}");
        assert!((row.error() / error - 1.0).abs() < 0.2, "{row:?}");
        let tail = 4.0 * (0.025 * 0.975 / 4000f64).sqrt();
        assert!(
            (row.share_below() - 0.025).abs() < tail && (row.share_above() - 0.025).abs() < tail,
            "{row:?}"
        );
        // E RV = IV = 1.
        let length = 12.0 / CHI_12[0] - 12.0 / CHI_12[1];
        assert!((row.mean_length / length - 1.0).abs() < 0.05, "{row:?}");
        // The median of χ² with 12 degrees of freedom, `scipy.stats.chi2.ppf(.5, 12)`, is 11.340322.
        assert!((row.median_relative_length / (length * 11.340_322 / 12.0) - 1.0).abs() < 0.03, "{row:?}");

        // The perturbed twins: half as long, and moved to one side.
        let half = run(&|day| {
            let [lower, upper] = exact(day);
            [0.75 * lower + 0.25 * upper, 0.25 * lower + 0.75 * upper]
        });
        assert!(half.coverage() < 0.95 - 20.0 * error, "{half:?}");
        let moved = run(&|day| exact(day).map(|end| end * 1.5));
        assert!(moved.share_below() > 0.1 && moved.share_above() < 0.01, "{moved:?}");
    }

    /// With constant volatility the bootstrap is consistent, and at a thousand returns the skewness of RV is
    /// small: the driver's own intervals are near their confidence, at both.
    #[test]
    fn intervals_cover_constant_volatility() {
        let coverage = Coverage {
            confidences: vec![0.95, 0.8],
            samples: 399,
            ..coverage("constant", &[1000], &["percentile", "studentized"], 1500)
        };
        let rows = coverage.run(&Jobs::new(), &()).unwrap();
        let named: Vec<_> = rows.iter().map(|row| (row.confidence, row.interval)).collect();
        assert_eq!(
            named,
            [(0.95, "percentile"), (0.95, "studentized"), (0.8, "percentile"), (0.8, "studentized")]
        );
        for row in &rows {
            let error = (row.confidence * (1.0 - row.confidence) / 1500.0).sqrt();
            assert!((row.coverage() - row.confidence).abs() < 4.0 * error, "{row:?}");
            // ± 1.96 √(2/n), ± 1.28 √(2/n).
            let z = if row.confidence == 0.95 { 1.96 } else { 1.2816 };
            assert!((row.median_relative_length / (2.0 * z * 0.002f64.sqrt()) - 1.0).abs() < 0.05, "{row:?}");
        }
    }

    #[test]
    fn studentizing_repairs_what_few_returns_spoil() {
        let rows = coverage("sv2", &[12], &["percentile", "studentized-log"], 1000).run(&Jobs::new(), &());
        let rows = rows.unwrap();
        // Percentile intervals are too short, and IV lies above them.
        assert!(rows[0].coverage() < 0.86 && rows[0].share_above() > 4.0 * rows[0].share_below(), "{rows:?}");
        assert!(rows[1].coverage() > 0.89, "{rows:?}");
        assert!(rows[1].mean_length > rows[0].mean_length);
    }

    #[test]
    fn rows_depend_on_nothing_else_that_is_asked_for() {
        let jobs = |threads| Jobs::new().threads(threads).unwrap();
        let few = Coverage { samples: 99, ..coverage("sv1", &[13, 5], &["percentile", "studentized"], 1300) };
        let rows = few.run(&jobs(1), &()).unwrap();
        assert_eq!(rows, few.run(&jobs(3), &()).unwrap());
        let one = Coverage { returns: vec![5], intervals: vec!["studentized".into()], ..few.clone() };
        assert_eq!(rows[3..], one.run(&jobs(2), &()).unwrap());
        // The perturbed twin.
        assert_ne!(rows, Coverage { seed: 1, ..few }.run(&jobs(2), &()).unwrap());
    }

    #[test]
    fn the_first_replications_are_the_same() {
        let coverage = |replications| coverage("sv2", &[24], &["percentile"], replications);
        let held = |replications: u32| {
            let held = std::sync::Mutex::new(Vec::new());
            let ends = |_: &Bootstrap, days: &[DayReturns]| {
                held.lock().unwrap().extend(days.iter().map(|day| (day.date, realized(day).to_bits())));
                Ok(vec![vec![[0.0, 0.0]; days.len()]])
            };
            coverage(replications).run_with(&Jobs::new(), &(), &ends).unwrap();
            held.into_inner().unwrap()
        };
        let (few, many) = (held(700), held(2300));
        assert_eq!((few.len(), many.len()), (700, 2300));
        assert_eq!(few[..], many[..700]);
        // Every replication has a date of its own.
        let mut dates: Vec<Date> = many.iter().map(|&(date, _)| date).collect();
        dates.dedup();
        assert_eq!(dates.len(), 2300);
        assert!(FIRST_DAY.checked_add(i64::from(MAX_REPLICATIONS).days()).unwrap().year() < 9999);
    }

    #[test]
    fn medians_are_in_the_middle() {
        assert_eq!(median(vec![3.0, 1.0, f64::INFINITY]), 3.0);
        assert_eq!(median(vec![4.0, 1.0, 2.0, f64::INFINITY]), 3.0);
        assert_eq!(median(vec![2.5]), 2.5);
    }

    #[test]
    fn all_draws_are_told() {
        #[derive(Default)]
        struct Count([AtomicU64; 2]);
        impl Observer for Count {
            fn planned(&self, draws: u64) {
                self.0[0].fetch_add(draws, Ordering::Relaxed);
            }
            fn drawn(&self, draws: u64) -> std::ops::ControlFlow<()> {
                self.0[1].fetch_add(draws, Ordering::Relaxed);
                std::ops::ControlFlow::Continue(())
            }
        }
        let count = Count::default();
        let coverage = Coverage { samples: 50, ..coverage("constant", &[12, 30], &["percentile"], 90) };
        coverage.run(&Jobs::new(), &count).unwrap();
        assert_eq!(count.0.map(AtomicU64::into_inner), [42 * 50 * 90; 2]);
    }

    #[test]
    fn bad_values_are_refused() {
        let good = coverage("sv2", &[12], &["percentile"], 10);
        let refused = |coverage: Coverage| coverage.run(&Jobs::new(), &()).unwrap_err().to_string();
        assert!(refused(Coverage { returns: vec![12, 1], ..good.clone() }).starts_with("returns is 1,"));
        assert!(refused(Coverage { returns: vec![], ..good.clone() }).starts_with("returns is empty"));
        assert!(
            refused(Coverage { intervals: vec!["t".into()], ..good.clone() }).starts_with("interval is t,")
        );
        assert!(refused(Coverage { intervals: vec![], ..good.clone() }).starts_with("interval is empty"));
        assert!(
            refused(Coverage { confidences: vec![0.9, 1.0], ..good.clone() }).starts_with("confidence is 1,")
        );
        assert!(refused(Coverage { confidences: vec![], ..good.clone() }).starts_with("confidence is empty"));
        assert!(refused(Coverage { samples: 0, ..good.clone() }).starts_with("samples is 0,"));
        for replications in [0, MAX_REPLICATIONS + 1] {
            assert!(refused(Coverage { replications, ..good.clone() }).starts_with("replications is "));
        }
    }
}
