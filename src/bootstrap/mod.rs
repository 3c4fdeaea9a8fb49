//! The driver: a panel's returns, a measure, a scheme, some kinds of intervals and an engine give a table.
//!
//! ```text
//! returns by day ─ measure: columns ─ resample by a scheme (engine) ─ sums ─ measure: statistic
//!                                                  table ─ interval: pivot, quantiles, ends ─┘
//! ```
//!
//! Reading order: [`Bootstrap`] (the method), `groups` (which stocks of a day are resampled together),
//! `cells` (what is known of a cell before), `days` and `run` (days and cells, wave by wave), `selection`
//! (what is kept of their resamples), `results`; `panel` (block by block of days); then `periods` (weeks,
//! months), `exact` (infinitely many resamples), `samples` (a part of the resamples) and [`pairings`] (what
//! goes with what).
//!
//! On day d with n rows of intraday log returns, a resample draws n of the rows with replacement, the same
//! rows for all stocks. A measure's columns are summed over them ([`crate::measure`]); of B resamples the
//! interval wants two quantiles of its pivot ([`crate::interval`]). The default is the percentile interval of
//! realized variance: RV*_b = `Σⱼ r²[iⱼ]`, b = 0 … B−1, and the (1−c)/2 and (1+c)/2 quantiles of RV*₀ …
//! RV*_{B−1}, which are selected from the integers. Whatever the measure, interval and engine, this is the
//! one way.
//!
//! The point estimate is plain f64, added in the order of the rows. Resampled sums are integers
//! ([`crate::resample`]); whatever the device, the threads and the memory budget, the interval is the same to
//! the last bit. With ρ = [`Intervals::relative_error`], an end is within ρ times the larger of itself and
//! the bulk of the day (its RV without the five largest squared returns, [`crate::columns`]) of what exact
//! arithmetic gives.
//!
//! **Rounding never moves RV out of its interval.** On a day of one return, or of equal ones, every resampled
//! RV equals RV, but both are rounded in their own way. An end that is on the wrong side of RV by no more
//! than the rounding of both, n·2^(−e−1) + (n + 16)·2⁻⁵³ RV, is RV.
//!
//! Sources: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1979
//! (percentile intervals: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13); T. G.
//! Andersen, T. Bollerslev, F. X. Diebold and P. Labys, "Modeling and forecasting realized volatility",
//! Econometrica 71(2), 2003; S. Gonçalves and N. Meddahi, "Bootstrapping realized volatility", Econometrica
//! 77(1), 2009.

mod cells;
mod days;
mod exact;
mod groups;
pub mod pairings;
mod panel;
mod periods;
mod resampled;
mod results;
mod run;
mod samples;
mod selection;

use std::ops::ControlFlow;
use std::sync::Arc;

use jiff::civil::Date;
use ndarray::Array2;

use cells::with_place;
pub use exact::StatisticLaw;
pub use groups::ShortCell;
pub use panel::run_panel;
pub(crate) use panel::run_some;
#[cfg(feature = "cli")]
pub(crate) use panel::{beside, short_cells_line};
pub use periods::Period;
pub use results::{Description, Details, Ends, Intervals, PanelTimes, Times};
pub(crate) use run::CellFacts;
pub(crate) use samples::{SampleCell, SampleTable, run_panel_samples};
pub(crate) use selection::Carried;

use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::interval::{Interval, Percentile, Pivot, Side, Tail};
use crate::jobs::Jobs;
use crate::measure::{Measure, Variance};
use crate::panel::DayReturns;
use crate::random::STREAM_VERSION;
use crate::resample::gpu::{Resampler, device_limits};
use crate::resample::plan::{DeviceLimits, Resamples};
use crate::resample::{Scheme, block_length};
use groups::Groups;
use results::Table;
use selection::Need;

/// What to compute: the method and its parameters.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    samples: u32,
    seed: u64,
    tail: Tail,
    measure: Arc<dyn Measure>,
    scheme: Scheme,
    intervals: Vec<Arc<dyn Interval>>,
    details: bool,
    /// Of infinitely many resamples.
    exact: bool,
    /// Beside those of resamples.
    against_exact: bool,
    /// Blocks are as long as each cell's returns say.
    automatic_blocks: bool,
    /// The days that a cell is of.
    period: Period,
    /// What to keep of the resamples, each for some intervals.
    needs: Vec<Need>,
    /// Of each interval, the number of its need.
    need_of: Vec<Option<usize>>,
}

/// What resamples: the CPU, or one GPU. The sums are the same.
#[derive(Debug)]
pub enum Engine<'gpu> {
    /// The threads of [`Resources::jobs`].
    Cpu,
    /// A GPU, whose kernels are compiled once.
    Gpu(Box<Resampler<'gpu>>),
}

impl<'gpu> Engine<'gpu> {
    /// The `gpu`, or the CPU where there is none.
    pub fn new(gpu: Option<&'gpu Gpu>) -> Self {
        gpu.map_or(Self::Cpu, |gpu| Self::Gpu(Box::new(Resampler::new(gpu, device_limits(gpu)))))
    }

    fn limits(&self) -> Option<DeviceLimits> {
        match self {
            Self::Cpu => None,
            Self::Gpu(resampler) => Some(resampler.limits()),
        }
    }
}

/// What a run may use beside its engine.
#[derive(Debug, Clone, Copy)]
pub struct Resources<'a> {
    /// The threads of the CPU, for resampling and for quantiles.
    pub jobs: &'a Jobs,
    /// Bytes that rows, resampled sums and selection may take.
    pub memory: u64,
}

/// Who hears of progress, from any thread, and may end the run.
pub trait Observer: Sync {
    /// So many returns are to be drawn in all, as far as is known.
    fn planned(&self, _draws: u64) {}

    /// So many returns were drawn since the last call. [`ControlFlow::Break`] ends the run with
    /// [`Error::Cancelled`].
    fn drawn(&self, _draws: u64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    /// The returns of some days, before they are resampled.
    fn days(&self, _days: &[DayReturns]) {}
}

/// No observer.
impl Observer for () {}

impl Bootstrap {
    /// Intervals of the given `confidence` (between 0 and 1) from `samples` ≥ 1 resamples; `seed` fixes the
    /// random stream.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where a value is out of range.
    pub fn new(samples: u32, confidence: f64, seed: u64) -> Result<Self> {
        if samples == 0 {
            let requirement = "at least one resample is needed; 1000 is customary".into();
            return Err(Error::Parameter { name: "samples", value: "0".into(), requirement });
        }
        if !(confidence > 0.0 && confidence < 1.0) {
            let requirement = "it must lie between 0 and 1, both excluded; give 0.99 for 99 %".into();
            return Err(Error::Parameter { name: "confidence", value: confidence.to_string(), requirement });
        }
        let mut new = Self {
            samples,
            seed,
            tail: Tail::new(confidence, Side::Both),
            measure: Arc::new(Variance),
            scheme: Scheme::Iid,
            intervals: vec![Arc::new(Percentile)],
            details: false,
            exact: false,
            against_exact: false,
            automatic_blocks: false,
            period: Period::Day,
            needs: Vec::new(),
            need_of: Vec::new(),
        };
        new.find_needs();
        Ok(new)
    }

    /// Intervals of the given `confidence` (between 0 and 1) from infinitely many resamples: exact but for a
    /// stated error ([`Quantile::error`]), without draws and a seed.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the confidence is out of range.
    ///
    /// # Sources
    ///
    /// [`crate::exact`].
    pub fn exact(confidence: f64) -> Result<Self> {
        Self { exact: true, ..Self::new(1, confidence, 0)? }.checked()
    }

    /// Whether the intervals are of infinitely many resamples.
    pub fn is_exact(&self) -> bool {
        self.exact
    }

    /// The same, with or without the ends of infinitely many resamples beside ([`Ends::exact`]), for those
    /// kinds of intervals that have them.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where no kind has.
    pub fn against_exact(self, against_exact: bool) -> Result<Self> {
        Self { against_exact, ..self }.checked()
    }

    /// The same with blocks that are as long as each cell's returns say
    /// ([`crate::resample::block_length`]), instead of the scheme's own length.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the scheme has no blocks.
    pub fn automatic_blocks(self, automatic_blocks: bool) -> Result<Self> {
        if automatic_blocks && self.scheme.length().is_none() {
            return Err(Error::Parameter {
                name: "block",
                value: "auto".into(),
                requirement: format!("the scheme {} has no blocks", self.scheme.name()),
            });
        }
        Self { automatic_blocks, ..self }.checked()
    }

    /// The same for periods of days. Rows are resampled within their day.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where a standard error does not add over days.
    pub fn by(self, period: Period) -> Result<Self> {
        Self { period, ..self }.checked()
    }

    /// The same for another measure, scheme and some kinds of intervals, at least one.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where they do not go together.
    pub fn with(
        self,
        measure: Arc<dyn Measure>,
        scheme: Scheme,
        intervals: Vec<Arc<dyn Interval>>,
    ) -> Result<Self> {
        Self { measure, scheme, intervals, ..self }.checked()
    }

    /// The same with one end, or with both.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where one end is wanted of an interval that is symmetric.
    pub fn side(self, side: Side) -> Result<Self> {
        Self { tail: Tail::new(self.tail.confidence, side), ..self }.checked()
    }

    /// The same, with or without [`Details`].
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the scheme's resamples cannot tell the measure, even if no interval needs
    /// them.
    pub fn details(self, details: bool) -> Result<Self> {
        Self { details, ..self }.checked()
    }

    /// Checks that the method goes with returns that are averaged over offset grids
    /// ([`crate::panel::Grids`]), as each run does once it has them.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] with the reason and what to take instead ([`pairings`]).
    pub fn check_averaged(&self) -> Result<()> {
        if !self.automatic_blocks {
            pairings::refuse_short_blocks(&self.scheme)?;
        }
        let refuse =
            |kind: &Arc<dyn Interval>| pairings::refuse_averaged(&*self.measure, &self.scheme, &**kind);
        self.intervals.iter().try_for_each(refuse)
    }

    /// The groups of `days`, if the method goes with them.
    fn groups<'a>(&self, days: &'a [DayReturns]) -> Result<Groups<'a>> {
        if days.iter().any(|day| day.grids > 1) {
            self.check_averaged()?;
        }
        Groups::new(&*self.measure, days, self.least_rows())
    }

    /// The fewest returns of a day that has a cell.
    pub fn least_rows(&self) -> usize {
        let of_blocks = if self.automatic_blocks { block_length::LEAST } else { 1 };
        self.measure.least_rows().max(of_blocks)
    }

    fn checked(mut self) -> Result<Self> {
        if self.intervals.is_empty() {
            return Err(Error::Parameter {
                name: "interval",
                value: "none".into(),
                requirement: "at least one kind is needed; percentile is the default".into(),
            });
        }
        for interval in &self.intervals {
            pairings::refuse(&*self.measure, &self.scheme, &**interval, self.tail.side)?;
            periods::refuse(&self, &**interval)?;
        }
        // Whose standard error and bias are of resamples.
        if self.details && !self.exact {
            pairings::refuse_resamples(&*self.measure, &self.scheme)?;
        }
        let exact = |interval: &Arc<dyn Interval>| exact::refuse(&*self.measure, &self.scheme, &**interval);
        if self.exact {
            self.intervals.iter().try_for_each(exact)?;
        } else if self.against_exact {
            let mut forms = self.intervals.iter().filter(|one| one.pivot().is_some()).map(exact);
            let Some(first) = forms.next() else {
                return Err(Error::Parameter {
                    name: "interval",
                    value: self.intervals[0].name().into(),
                    requirement: "no resamples are drawn for it, which could be held against infinitely \
                                  many; take percentile"
                        .into(),
                });
            };
            if !forms.any(|form| form.is_ok()) {
                first?;
            }
        }
        self.find_needs();
        Ok(self)
    }

    /// Decides what to keep of the resamples.
    fn find_needs(&mut self) {
        self.needs.clear();
        self.need_of.clear();
        if self.exact {
            return;
        }
        let need_of = |interval: &Arc<dyn Interval>| {
            Some(match (interval.pivot()?, interval.levels(&self.tail)) {
                (pivot, Some(levels)) => Need::Tails(pivot, levels),
                (_, None) => Need::All,
            })
        };
        let mut wanted: Vec<Option<Need>> = self.intervals.iter().map(need_of).collect();
        // Where all statistics are held, they serve all intervals of them.
        let all = wanted.contains(&Some(Need::All)) || self.details;
        for need in wanted.iter_mut().flatten() {
            if all && matches!(need, Need::Tails(Pivot::Statistic, _)) {
                *need = Need::All;
            }
        }
        if self.details {
            self.needs.push(Need::All);
        }
        let needs = &mut self.needs;
        let mut number = |need: Need| {
            needs.iter().position(|known| *known == need).unwrap_or_else(|| {
                needs.push(need);
                needs.len() - 1
            })
        };
        self.need_of = wanted.into_iter().map(|need| need.map(&mut number)).collect();
    }

    /// The same with another number of samples, at least one.
    #[cfg(feature = "cli")]
    pub(crate) fn with_samples(&self, samples: u32) -> Self {
        Self { samples: samples.max(1), ..self.clone() }
    }

    /// The seed of the random stream.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The measure.
    pub fn measure(&self) -> &dyn Measure {
        &*self.measure
    }

    /// The scheme.
    pub fn scheme(&self) -> &Scheme {
        &self.scheme
    }

    /// The kinds of intervals.
    pub fn intervals(&self) -> &[Arc<dyn Interval>] {
        &self.intervals
    }

    /// The share that intervals are to hold, and their levels.
    pub fn tail(&self) -> &Tail {
        &self.tail
    }

    /// The days that a cell is of.
    pub fn period(&self) -> Period {
        self.period
    }

    /// What the method is and how sure its results are, for a file of them.
    pub fn describe(&self, found: &Intervals) -> Description {
        let draws = !self.needs.is_empty();
        Description {
            program: concat!("bellwether ", env!("CARGO_PKG_VERSION")),
            measure: found.name,
            intervals: self.intervals.iter().map(|interval| interval.name()).collect(),
            confidence: self.tail.confidence,
            side: match self.tail.side {
                Side::Both => "both",
                Side::Lower => "lower",
                Side::Upper => "upper",
            },
            by: match self.period {
                Period::Day => "day",
                Period::Week => "week",
                Period::Month => "month",
                Period::All => "all",
            },
            scheme: self.scheme.name(),
            block_length: if self.automatic_blocks { None } else { self.scheme.length() },
            samples: draws.then_some(self.samples),
            exact: self.exact,
            seed: draws.then_some(self.seed),
            random_stream: draws.then_some(STREAM_VERSION),
            relative_error: found.relative_error,
        }
    }

    /// Number of resamples, B.
    pub fn samples(&self) -> u32 {
        self.samples
    }

    /// Confidence of the intervals, c.
    pub fn confidence(&self) -> f64 {
        self.tail.confidence
    }

    /// Returns that [`Self::run`] draws from these days: Σ n·S·B over days with n returns of S stocks.
    pub fn draws(&self, days: &[DayReturns]) -> u64 {
        days.iter().map(|day| self.draws_of(day.returns.len() as u64)).sum()
    }

    /// Returns that are drawn from so many; none where no interval needs resamples.
    pub fn draws_of(&self, returns: u64) -> u64 {
        if self.needs.is_empty() { 0 } else { returns * u64::from(self.samples) }
    }

    /// The resamples to take, and what is held while they come in: a hundredth of B for percentile intervals
    /// of 99 %.
    pub fn resamples(&self) -> Resamples {
        let held = self.needs.iter().map(|need| need.held(self.samples, self.selects_sums()));
        let [held, bytes] = held.fold([0; 2], |[a, b], [c, d]| [a + c, b + d]);
        Resamples { count: self.samples, held, bytes, scheme: self.scheme }
    }

    /// The table of these days and a panel of so many `stocks`, without cells: for those of parts to be
    /// filled in ([`crate::parts`]).
    pub(crate) fn table(&self, dates: Vec<Date>, stocks: usize) -> Intervals {
        let cells = self.measure.cells(stocks);
        let present = Array2::from_elem((dates.len(), cells.len()), false);
        let mut found = Table::of(self, cells, dates, present).found;
        if self.against_exact {
            let missing = || Array2::from_elem(found.estimate.dim(), f64::NAN);
            let missing = [missing(), missing()];
            found.ends.iter_mut().for_each(|ends| ends.exact = Some(missing.clone()));
        }
        found
    }
}

/// The calendar day as the number YYYYMMDD, a word of the random stream's counter.
pub fn day_number(date: Date) -> u32 {
    // Years of the calendar have four digits at most; days before year 0 do not occur in price data.
    date.year().unsigned_abs() as u32 * 10_000 + date.month() as u32 * 100 + date.day() as u32
}

#[cfg(test)]
mod tests;
