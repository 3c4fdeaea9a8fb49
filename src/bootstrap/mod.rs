//! The driver: a panel's returns, a measure, a scheme, some kinds of intervals and an engine give a table.
//!
//! ```text
//! returns by day ─ measure: columns ─ resample by a scheme (engine) ─ sums ─ measure: statistic
//!                                                  table ─ interval: pivot, quantiles, ends ─┘
//! ```
//!
//! Reading order: [`Bootstrap`] (the method), `groups` (which stocks of a day are resampled together), `run`
//! (days and cells, wave by wave), `selection` (what is kept
//! of their resamples), `results`; then `periods` (weeks, months), `exact` (infinitely many resamples) and
//! [`pairings`] (what goes with what).
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

mod exact;
mod groups;
pub mod pairings;
mod periods;
mod results;
mod run;
mod samples;
mod selection;

use std::borrow::Cow;
use std::ops::ControlFlow;
use std::path::Path;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use jiff::civil::Date;
use ndarray::Array2;
use rayon::prelude::*;

pub use exact::StatisticLaw;
pub use groups::ShortCell;
pub use periods::Period;
pub use results::{Description, Details, Ends, Intervals, PanelTimes, Times};
pub(crate) use run::CellFacts;
pub(crate) use samples::{SampleCell, SampleTable, run_panel_samples};
pub(crate) use selection::Carried;

use crate::columns::{Column, DayColumns, plan_columns};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::interval::{Estimate, Interval, Percentile, Pivot, Resampled, Side, Tail};
use crate::jobs::Jobs;
use crate::measure::{Measure, Studentize, Variance};
use crate::panel::{DayReturns, PanelError, PanelReader};
use crate::random::STREAM_VERSION;
use crate::resample::block_length::{self, BlockLength};
use crate::resample::gpu::{Resampler, device_limits};
use crate::resample::histogram::Histogram;
use crate::resample::plan::{Batch, Budget, DayShape, DeviceLimits, Resamples, waves};
use crate::resample::{Chunk, Scheme, cpu};
use groups::{Group, Groups};
use periods::Periods;
use results::Table;
use run::{Clocks, Planned, Run};
use selection::{Need, Selection};

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

    /// The intervals of all that `panel` still holds, block by block of days; `memory` bytes are for what the
    /// panel holds and for resampling. The counterpart of [`Self::run`] for panels that need not fit in
    /// memory.
    ///
    /// # Errors
    ///
    /// As [`run_panel`].
    pub fn run_panel(
        &self,
        panel: &mut PanelReader,
        engine: &mut Engine<'_>,
        resources: &Resources<'_>,
        observer: &dyn Observer,
    ) -> Result<(Intervals, PanelTimes)> {
        let (mut intervals, times) =
            run_panel(std::slice::from_ref(self), panel, engine, resources, observer)?;
        Ok((intervals.remove(0), times))
    }

    /// The intervals of every day and cell. Entries of one day follow each other, and are of different
    /// stocks: a stock that is in none of them has no cell there ([`Intervals::has`]).
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] where a single cell does not fit, [`Error::Gpu`] where the device fails,
    /// [`Error::Parameter`] for returns that are not finite, days of other stocks, or returns over different
    /// times where the measure is of two stocks, [`Error::Cancelled`].
    pub fn run(
        &self,
        days: &[DayReturns],
        engine: &mut Engine<'_>,
        resources: &Resources<'_>,
        observer: &dyn Observer,
    ) -> Result<Intervals> {
        let start = Instant::now();
        if self.period != Period::Day {
            let mut periods = Periods::default();
            self.add_days(days, engine, resources, observer, &mut periods)?;
            return self.close_periods(periods);
        }
        let all = self.groups(days)?;
        if self.exact {
            return self.run_exact(&all, resources.jobs, observer);
        }
        let groups = &all.groups[..];
        let (shapes, planned) = self.look(groups, resources.jobs)?;
        let budget = Budget {
            memory: resources.memory,
            threads: resources.jobs.thread_count(),
            device: engine.limits(),
        };
        let waves = waves(&shapes, self.resamples(), &budget)?;
        let mut table = Table::new(self, &all);
        for (group, planned) in groups.iter().zip(&planned) {
            for (&cell, estimate) in group.cells.iter().zip(&planned.estimates) {
                table.found.estimate[[group.row, cell]] = estimate.value;
            }
        }
        let (clocks, cancelled) = (Clocks::default(), AtomicBool::new(false));
        for wave in &waves {
            let (jobs, planned) = (resources.jobs, &planned);
            let (clocks, cancelled) = (&clocks, &cancelled);
            let samples = 0..self.samples;
            let run =
                Run { bootstrap: self, groups, planned, wave, samples, jobs, clocks, observer, cancelled };
            let finish =
                |batch: &Batch, selections: Vec<Selection>, estimate: &Estimate, columns: &[Column]| {
                    run.found(batch, selections, estimate, columns)
                };
            let finished = match engine {
                _ if self.needs.is_empty() => run.without_draws(),
                Engine::Cpu => run.on_cpu(&finish)?,
                Engine::Gpu(resampler) => run.on_gpu(resampler, &finish)?,
            };
            for (batch, found) in wave.iter().zip(finished) {
                table.fill(&groups[batch.day], batch, &found);
            }
        }
        let mut found = table.found;
        found.times = Times {
            wall: start.elapsed(),
            resample: clocks.resample.total(),
            quantiles: clocks.quantiles.total(),
        };
        exact::describe(&mut found.details, groups);
        if self.against_exact {
            let exact = self.run_exact(&all, resources.jobs, observer)?;
            for (ends, exact) in found.ends.iter_mut().zip(exact.ends) {
                ends.exact = Some([exact.lower, exact.upper]);
            }
        }
        Ok(found)
    }

    /// What is known of each group before resampling, and the shapes of their days.
    fn look(&self, groups: &[Group<'_>], jobs: &Jobs) -> Result<(Vec<DayShape>, Vec<Planned>)> {
        let per_cell = self.columns();
        let look = |group: &Group<'_>| {
            let day = &*group.day;
            let columns = plan_columns(&self.quantities(day, &group.columns))
                .map_err(|error| with_place(day, error))?;
            let estimates = group.columns.iter().zip(columns.chunks_exact(per_cell));
            let estimates = estimates
                .map(|(&stock, columns)| self.estimate(day, stock, columns))
                .collect::<Result<Vec<Estimate>>>()?;
            let key_bytes = self.key_bytes(&columns);
            let rows = day.returns.nrows() as u32;
            let shape = DayShape::new(rows, &columns, per_cell, key_bytes);
            let shape = DayShape { alone: self.automatic_blocks, ..shape };
            let scheme = |&column: &usize| self.scheme_of(day, column);
            let schemes = group
                .columns
                .iter()
                .map(scheme)
                .collect::<Result<Vec<_>>>()
                .map_err(|error| with_place(day, error))?;
            Ok((shape, Planned { columns, estimates, schemes }))
        };
        let looked = jobs.install(|| groups.par_iter().map(look).collect::<Result<Vec<_>>>())?;
        let (mut shapes, mut planned) = (Vec::with_capacity(groups.len()), Vec::with_capacity(groups.len()));
        for (shape, plan) in looked {
            shapes.push(shape);
            planned.push(plan);
        }
        Ok((shapes, planned))
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

    /// Columns of a cell: the measure's, and those of its standard error where the interval needs one.
    fn columns(&self) -> usize {
        self.measure.columns() + self.studentize().map_or(0, Studentize::columns)
    }

    /// The degree of a cell's column in the returns.
    fn degree(&self, column: usize) -> u32 {
        let own = self.measure.degrees().unwrap_or_default();
        let more = self.studentize().map_or(&[][..], Studentize::degrees);
        own.iter().chain(more).nth(column).copied().unwrap_or(0)
    }

    fn studentize(&self) -> Option<&dyn Studentize> {
        let is_wanted = |interval: &Arc<dyn Interval>| interval.pivot().is_some_and(Pivot::is_studentized);
        if self.intervals.iter().any(is_wanted) { self.measure.studentize() } else { None }
    }

    /// Whether quantiles of θ* are selected from the integers of a column's sums.
    fn selects_sums(&self) -> bool {
        self.measure.is_of_sum()
    }

    /// Bytes of a joined sum of the widest column that is selected from.
    fn key_bytes(&self, columns: &[Column]) -> u64 {
        let selected = columns.iter().step_by(self.columns());
        if self.selects_sums() { selected.map(Column::key_bytes).max().unwrap_or(4) } else { 0 }
    }

    /// Whether ends may be moved to the estimate by their rounding: where a resample of all rows is the sum.
    fn snaps(&self) -> bool {
        self.measure.is_of_sum() && self.scheme != Scheme::Wild
    }

    /// Whether an interval needs the acceleration.
    fn is_accelerated(&self) -> bool {
        self.intervals.iter().any(|interval| interval.is_accelerated())
    }

    /// The quantities of the columns of these `cells` (columns of the returns), n × columns, cell after cell.
    fn quantities(&self, day: &DayReturns, cells: &[usize]) -> Array2<f64> {
        let (own, all) = (self.measure.columns(), self.columns());
        let mut quantities = Array2::zeros((day.returns.nrows(), cells.len() * all));
        let Some(out) = quantities.as_slice_mut() else { return quantities };
        self.measure.fill(&day.returns, cells, all, out);
        if let Some(studentize) = self.studentize() {
            for (row, out) in
                day.returns.rows().into_iter().zip(out.chunks_exact_mut(cells.len().max(1) * all))
            {
                for (&stock, out) in cells.iter().zip(out.chunks_exact_mut(all)) {
                    studentize.quantities(&row, stock, &mut out[own..]);
                }
            }
        }
        quantities
    }

    /// θ̂ of a cell and its squared standard errors. What is known from the integers comes later.
    fn estimate(&self, day: &DayReturns, stock: usize, columns: &[Column]) -> Result<Estimate> {
        let (returns, rows) = (&day.returns, day.returns.nrows() as u32);
        let wants_error = |interval: &Arc<dyn Interval>| {
            interval.is_asymptotic() || interval.pivot().is_some_and(Pivot::is_studentized)
        };
        // What is a column's sum was added already.
        let (value, squared_error) = match self.intervals.iter().any(wants_error) {
            true => {
                let totals = self.measure.totals(returns, stock);
                let squared_error = self.measure.squared_error_of(&totals, rows);
                (self.measure.estimate_of(&totals, rows), squared_error.unwrap_or(f64::NAN))
            }
            false if self.measure.is_sum() => (columns[0].sum, f64::NAN),
            false => (self.measure.estimate(returns, stock), f64::NAN),
        };
        Ok(Estimate { value, resampled: f64::NAN, squared_error, acceleration: f64::NAN })
    }

    /// θ and its squared standard error (NaN where none is wanted) of each resample of a chunk, from the sums
    /// of a cell's `columns`, which are put into `sums`, resample after resample.
    fn of_chunk(
        &self,
        columns: &[Column],
        rows: u32,
        chunk: &Chunk<'_>,
        studentize: Option<&dyn Studentize>,
        sums: &mut Vec<f64>,
    ) -> Vec<Resampled> {
        let per_cell = columns.len();
        sums.clear();
        sums.resize(chunk.samples() * per_cell, 0.0);
        for (place, column) in columns.iter().enumerate() {
            let degree = self.degree(place);
            chunk.for_each_value(column, |number, sum| {
                sums[number * per_cell + place] = self.scheme.value(sum, column.sum, degree);
            });
        }
        let is_wild = self.scheme == Scheme::Wild;
        let of_sums = |sums: &[f64]| {
            let value = self.measure.statistic(sums, rows);
            let squared_error = match studentize {
                None => f64::NAN,
                Some(studentize) if is_wild => studentize.squared_error_of_wild(rows, sums),
                Some(studentize) => studentize.squared_error_of_resample(rows, sums),
            };
            Resampled { value, squared_error }
        };
        sums.chunks_exact(per_cell).map(of_sums).collect()
    }

    /// The resampled statistics themselves, B × cells, for one day, on the CPU: what percentile intervals are
    /// quantiles of; NaN for cells that the day does not have. Its first rows are those of a run with fewer
    /// samples.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a day without returns, or with returns that are not finite, or that the
    /// scheme does not suit.
    pub fn resampled(&self, day: &DayReturns) -> Result<Array2<f64>> {
        let days = std::slice::from_ref(day);
        let Groups { cells, groups, .. } = self.groups(days)?;
        let mut values = Array2::from_elem((self.samples as usize, cells.len()), f64::NAN);
        for &cell in groups.iter().flat_map(|group| &group.cells) {
            values.column_mut(cell).assign(&self.resampled_of(day, cell)?);
        }
        Ok(values)
    }

    /// The resampled statistics of one cell of a day, by number among the measure's: a column of
    /// [`Self::resampled`].
    ///
    /// # Errors
    ///
    /// As [`Self::resampled`], and where there is no such cell.
    pub fn resampled_of(&self, day: &DayReturns, cell: usize) -> Result<ndarray::Array1<f64>> {
        pairings::refuse_resamples(&*self.measure, &self.scheme)?;
        let (day, column) = &self.cell_of(day, cell)?;
        let columns = self.day_columns(day, &[*column])?;
        let scheme = self.scheme_of(day, *column).map_err(|error| with_place(day, error))?;
        let sums = cpu::resample(&columns, &scheme, self.seed, 0..self.samples)?;
        let (rows, mut of_columns) = (day.returns.nrows() as u32, Vec::new());
        let mut values = ndarray::Array1::zeros(self.samples as usize);
        for chunk in sums.chunks() {
            let resamples = self.of_chunk(columns.columns(), rows, chunk, None, &mut of_columns);
            let first = chunk.first() as usize;
            for (value, resample) in values.iter_mut().skip(first).zip(resamples) {
                *value = resample.value;
            }
        }
        Ok(values)
    }

    /// How rows of a day enter a resample for the cell of the stock in a `column` of the returns.
    fn scheme_of(&self, day: &DayReturns, column: usize) -> Result<Scheme> {
        let rows = day.returns.nrows() as u32;
        if !self.automatic_blocks {
            return Ok(self.scheme);
        }
        let series = self.quantities(day, &[column]).column(0).to_vec();
        let length = BlockLength::new(&series)?;
        let length = if day.grids > 1 { length.at_least(2.0) } else { length };
        Ok(match self.scheme {
            Scheme::Stationary { .. } => length.stationary(rows),
            _ => length.block(rows),
        })
    }

    /// The columns of all `cells` of a day.
    fn day_columns(&self, day: &DayReturns, cells: &[usize]) -> Result<DayColumns> {
        let columns = DayColumns::new(day_number(day.date), &self.quantities(day, cells));
        columns.map_err(|error| with_place(day, error))
    }

    /// The histogram of the resampled statistics of a day's first cell in so many `bins`, on the CPU, without
    /// holding them.
    ///
    /// # Errors
    ///
    /// As [`Self::resampled`].
    pub fn histogram(&self, day: &DayReturns, bins: usize) -> Result<Histogram> {
        self.histogram_of(day, 0, bins)
    }

    /// The same of a `cell`, by number among the measure's.
    ///
    /// # Errors
    ///
    /// As [`Self::resampled`], and where there is no such cell.
    pub fn histogram_of(&self, day: &DayReturns, cell: usize, bins: usize) -> Result<Histogram> {
        let (day, column) = &self.cell_of(day, cell)?;
        let columns = self.day_columns(day, &[*column])?;
        let rows = day.returns.nrows() as u32;
        let of_chunk = |chunk: &Chunk<'_>, take: &mut dyn FnMut(f64)| {
            let mut sums = Vec::new();
            for resample in self.of_chunk(columns.columns(), rows, chunk, None, &mut sums) {
                take(resample.value);
            }
        };
        let scheme = self.scheme_of(day, *column).map_err(|error| with_place(day, error))?;
        Histogram::of_resamples(&columns, &scheme, self.seed, self.samples, bins, &of_chunk)
    }

    /// The returns of a cell, by number among the measure's, and the column of its stock there.
    fn cell_of<'a>(&self, day: &'a DayReturns, cell: usize) -> Result<(Cow<'a, DayReturns>, usize)> {
        let Groups { cells, groups, .. } = self.groups(std::slice::from_ref(day))?;
        let refused =
            |requirement: String| Error::Parameter { name: "cell", value: cell.to_string(), requirement };
        if cell >= cells.len() {
            return Err(refused(format!("the {} has {} cells", self.measure.name(), cells.len())));
        }
        let found = groups.into_iter().find_map(|group| {
            let place = group.cells.iter().position(|known| *known == cell)?;
            Some((group.day, group.columns[place]))
        });
        found.ok_or_else(|| {
            refused(format!("{} has no returns for it, or too few; take another day", day.date))
        })
    }
}

/// The intervals of all that `panel` still holds, block by block of days, of each method in turn, with the
/// draws of one where their seeds and schemes are the same; `memory` bytes are for what the panel holds and
/// for resampling.
///
/// # Errors
///
/// As [`PanelReader::next_returns`] and [`Bootstrap::run`]; [`Error::Parameter`] where a measure's second
/// stock is not there.
pub fn run_panel(
    methods: &[Bootstrap],
    panel: &mut PanelReader,
    engine: &mut Engine<'_>,
    resources: &Resources<'_>,
    observer: &dyn Observer,
) -> Result<(Vec<Intervals>, PanelTimes)> {
    let (mut found, mut times) = (vec![None; methods.len()], PanelTimes::default());
    // Periods go on over blocks of days.
    let mut periods: Vec<Periods> = methods.iter().map(|_| Periods::default()).collect();
    let mut has_days = false;
    let samples: u64 = methods.iter().map(|method| method.draws_of(1)).sum();
    loop {
        let reading = Instant::now();
        let block = panel.next_returns(resources.jobs)?;
        times.load += reading.elapsed();
        let Some(days) = block else { break };
        // Where stocks do not share their times, a block may have other than the planned returns.
        times.draws += methods.iter().map(|method| method.draws(&days)).sum::<u64>();
        observer.planned(times.draws + panel.returns_left() * samples);
        observer.days(&days);
        // A block of which all days are too short is empty.
        if days.is_empty() {
            continue;
        }
        let held = panel.held_bytes();
        let left = Resources { memory: resources.memory.saturating_sub(held), ..*resources };
        has_days = true;
        for (number, method) in methods.iter().enumerate() {
            if method.period != Period::Day {
                refuse_short_cells(method, &days, panel)?;
                let added = method.add_days(&days, engine, &left, observer, &mut periods[number]);
                added.map_err(|error| beside(held, resources.memory, error))?;
                continue;
            }
            refuse_short_cells(method, &days, panel)?;
            let done = method.run(&days, engine, &left, observer);
            let done = done.map_err(|error| beside(held, resources.memory, error))?;
            match &mut found[number] {
                Some(intervals) => Intervals::append(intervals, &done)?,
                None => found[number] = Some(done),
            }
        }
    }
    if has_days {
        for (number, (method, periods)) in methods.iter().zip(periods).enumerate() {
            if method.period != Period::Day {
                found[number] = Some(method.close_periods(periods)?);
            }
        }
    }
    if !has_days {
        return Err(Error::Job { what: "reading the panel".into(), why: "it has no days".into() });
    }
    let found: Vec<Intervals> = found.into_iter().flatten().collect();
    for (method, found) in methods.iter().zip(&found) {
        if found.count() == 0 && !found.short.is_empty() {
            let why = short_cells_line(method, &found.short, panel);
            return Err(PanelError::NoDays { why }.into());
        }
    }
    Ok((found, times))
}

/// Refuses days of common times that are too short for the method, unless they are to be left out.
fn refuse_short_cells(method: &Bootstrap, days: &[DayReturns], panel: &PanelReader) -> Result<()> {
    if !panel.refuses_short_days() {
        return Ok(());
    }
    match method.groups(days)?.short.first() {
        None => Ok(()),
        Some(cell) => Err(PanelError::ShortForMeasure {
            date: cell.date,
            stock: panel.stocks()[cell.stock].clone(),
            path: panel.file_of(cell.stock).map(Path::to_path_buf).unwrap_or_default(),
            returns: cell.returns,
            measure: method.measure.name(),
            needed: method.least_rows(),
        }
        .into()),
    }
}

/// A line about the cells that days are too short for.
pub(crate) fn short_cells_line(method: &Bootstrap, short: &[ShortCell], panel: &PanelReader) -> String {
    let named = short.iter().map(|cell| {
        let file = panel.file_of(cell.stock).map_or(String::new(), |path| format!(", in {}", path.display()));
        format!("{} ({}, {} return(s){file})", cell.date, panel.stocks()[cell.stock], cell.returns)
    });
    format!(
        "{} day(s) of a stock with fewer than the {} returns that the {} needs: {}",
        short.len(),
        method.least_rows(),
        method.measure.name(),
        crate::panel::list(named)
    )
}

/// The calendar day as the number YYYYMMDD, a word of the random stream's counter.
pub fn day_number(date: Date) -> u32 {
    // Years of the calendar have four digits at most; days before year 0 do not occur in price data.
    date.year().unsigned_abs() as u32 * 10_000 + date.month() as u32 * 100 + date.day() as u32
}

/// The error of a day whose returns can't be resampled, with the place: the day, and the return where one is
/// at fault.
fn with_place(day: &DayReturns, error: Error) -> Error {
    let Error::Parameter { name, value, requirement } = error else { return error };
    let is_bad = |square: f64| !square.is_finite();
    match day.returns.indexed_iter().find(|(_, r)| is_bad(**r * **r)) {
        Some(((row, column), value)) => Error::Parameter {
            name: "a return",
            value: format!(
                "{value} on {}, in row {} of stock {}",
                day.date,
                row + 1,
                day.stocks.numbers().nth(column).unwrap_or(column) + 1
            ),
            requirement: "returns and their squares must be finite numbers".into(),
        },
        None => Error::Parameter { name, value: format!("{value} on {}", day.date), requirement },
    }
}

/// The error of a run that had less memory than the user gave, as `held` bytes of it were in use.
pub(crate) fn beside(held: u64, memory: u64, error: Error) -> Error {
    match error {
        Error::Memory { what, needed, allowed, advice } if allowed == memory.saturating_sub(held) => {
            Error::Memory { what, needed: needed + held, allowed: memory, advice }
        }
        other => other,
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use std::sync::atomic::{AtomicU64, Ordering};
    use std::time::Duration;

    use ndarray::Axis;

    use super::run::around;
    use super::*;
    use crate::interval::{Quantile, Studentized};

    fn intervals(returns: Vec<f64>, confidence: f64) -> Intervals {
        let returns = Array2::from_shape_vec((returns.len(), 1), returns).unwrap();
        let days = [DayReturns::new(Date::new(2007, 1, 3).unwrap(), returns)];
        let jobs = Jobs::new();
        let resources = Resources { jobs: &jobs, memory: 1 << 26 };
        Bootstrap::new(200, confidence, 0).unwrap().run(&days, &mut Engine::Cpu, &resources, &()).unwrap()
    }

    /// All resamples of equal squared returns are equal to RV in exact arithmetic.
    #[test]
    fn rounding_does_not_move_the_variance_out_of_its_interval() {
        for (n, r) in [(1, 0.1), (3, 1e-3 / 3.0), (78, 7.7e-4), (385, 0.001_234_567), (2500, -3.1e-9)] {
            let sign = |row: usize| if row.is_multiple_of(2) { r } else { -r };
            let intervals = intervals((0..n).map(sign).collect(), 0.99);
            let rv = intervals.estimate[[0, 0]];
            let (lower, upper) = (intervals.lower()[[0, 0]], intervals.upper()[[0, 0]]);
            assert!(lower <= rv && rv <= upper, "{n} returns of {r}: {rv} in {lower} to {upper}");
            // Both ends are rounded to the same number before.
            assert!(lower == rv || upper == rv);
            assert!(upper - lower <= 1e-6 * rv);
        }
        // Most of 200 resamples draw the only return that is not zero once or twice, or never: not rounding,
        // so left alone.
        let one = intervals([vec![0.3], vec![0.0; 9]].concat(), 0.5);
        assert!(one.lower()[[0, 0]] < one.estimate[[0, 0]] / 2.0, "{one:?}");
        let column = |values: Vec<f64>| {
            let values = Array2::from_shape_vec((values.len(), 1), values).unwrap();
            plan_columns(&values).unwrap().remove(0)
        };
        let column = column(vec![0.25; 385]);
        let far = column.sum + 2.0 * column.rounding + 1e-12 * column.sum;
        for end in [far, 0.0].map(Quantile::certain) {
            let sum = [column.sum, column.rounding];
            assert_eq!(around(sum, 385, [end, end], |sum| sum), [end, end]);
        }
    }

    /// Days of correlated returns, from the random stream.
    fn days(count: i8, stocks: usize) -> Vec<DayReturns> {
        let stream = |day: i8, stock: usize| crate::random::Stream {
            seed: 5,
            purpose: crate::random::Purpose::Simulation,
            day: day as u32,
            sample: stock as u32,
        };
        let uniform = |day: i8, stock: usize, row: usize| {
            f64::from(stream(day, stock).word(row as u32, 0)) / 2f64.powi(32) - 0.5
        };
        let returns = |day: i8| {
            Array2::from_shape_fn((78, stocks), |(row, stock)| {
                1e-3 * (uniform(day, 1000, row) + uniform(day, stock, row))
            })
        };
        (1..=count).map(|day| DayReturns::new(date(2007, 1, day), returns(day))).collect()
    }

    fn of_measure(name: &str, against: usize, days: &[DayReturns]) -> Intervals {
        let jobs = Jobs::new();
        let resources = Resources { jobs: &jobs, memory: 1 << 26 };
        let measure = crate::measure::by_name(name, Some(against)).unwrap();
        let bootstrap = Bootstrap::new(300, 0.9, 1)
            .unwrap()
            .with(measure, Scheme::Iid, vec![Arc::new(Percentile)])
            .unwrap();
        bootstrap.run(days, &mut Engine::Cpu, &resources, &()).unwrap()
    }

    #[test]
    fn stocks_that_are_left_out_or_moved_change_no_pair() {
        let all = days(3, 4);
        // Stocks 2 and 0 of the four, in this order: the cell of 2 against 0 is the first of two.
        let few: Vec<DayReturns> =
            all.iter().map(|day| DayReturns::new(day.date, day.returns.select(Axis(1), &[2, 0]))).collect();
        for name in ["covariance", "correlation", "beta"] {
            let (of_all, of_few) = (of_measure(name, 0, &all), of_measure(name, 1, &few));
            assert_eq!((of_all.cells.clone(), of_few.cells.clone()), (vec![1, 2, 3], vec![0]));
            for day in 0..3 {
                for (all, few) in [
                    (&of_all.estimate, &of_few.estimate),
                    (of_all.lower(), of_few.lower()),
                    (of_all.upper(), of_few.upper()),
                ] {
                    assert_eq!(all[[day, 1]].to_bits(), few[[day, 0]].to_bits(), "{name}");
                    assert!(all[[day, 0]].to_bits() != few[[day, 0]].to_bits(), "{name}");
                }
                assert!(of_all.lower()[[day, 1]] < of_all.upper()[[day, 1]]);
            }
        }
    }

    #[test]
    fn correlations_lie_within_one_and_of_equal_returns_are_one() {
        let mut days = days(2, 3);
        let first = days[0].returns.column(0).to_owned();
        days[0].returns.column_mut(1).assign(&first);
        days[0].returns.column_mut(2).assign(&(-first));
        let found = of_measure("correlation", 0, &days);
        let within = |array: &Array2<f64>| array.iter().all(|value| (-1.0..=1.0).contains(value));
        assert!(within(&found.estimate) && within(found.lower()) && within(found.upper()));
        for (cell, one) in [(0, 1.0), (1, -1.0)] {
            for array in [&found.estimate, found.lower(), found.upper()] {
                assert!((array[[0, cell]] - one).abs() < 3e-6, "{}", array[[0, cell]]);
            }
        }
    }

    #[test]
    fn an_observer_can_end_the_run() {
        struct Impatient(AtomicU64);
        impl Observer for Impatient {
            fn drawn(&self, draws: u64) -> ControlFlow<()> {
                if self.0.fetch_add(draws, Ordering::Relaxed) > 1_000_000 {
                    return ControlFlow::Break(());
                }
                ControlFlow::Continue(())
            }
        }
        let jobs = Jobs::new().threads(1).unwrap();
        let resources = Resources { jobs: &jobs, memory: 1 << 26 };
        // Some 10¹³ draws, which no test would wait for.
        let bootstrap = Bootstrap::new(u32::MAX, 0.999_999, 0).unwrap();
        let observer = Impatient(AtomicU64::new(0));
        let ended = bootstrap.run(&days(9, 4), &mut Engine::Cpu, &resources, &observer);
        assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
        assert!(observer.0.into_inner() < 10_000_000);
    }

    #[test]
    fn intervals_without_a_standard_error_are_refused() {
        let bootstrap = Bootstrap::new(300, 0.9, 1).unwrap();
        let beta = crate::measure::by_name("beta", Some(0)).unwrap();
        let refused = bootstrap
            .with(beta, Scheme::Iid, vec![Arc::new(Studentized::EQUAL_TAILED)])
            .unwrap_err()
            .to_string();
        assert!(refused.contains("take bca"), "{refused}");
    }

    #[test]
    fn appended_days_keep_the_larger_error_and_the_sum_of_the_times() {
        let intervals = |day: i8, relative_error: f64, seconds: u64| {
            let mut one = Intervals::empty("rv", vec![0, 1], vec![date(2007, 1, day)], &["percentile"]);
            one.estimate = Array2::from_elem((1, 2), f64::from(day));
            one.relative_error = relative_error;
            one.times = Times {
                wall: Duration::from_secs(seconds),
                resample: Duration::from_secs(2 * seconds),
                quantiles: Duration::from_secs(3 * seconds),
            };
            one
        };
        // The larger error comes first, and last.
        for (one, other) in [(1e-9, 1e-12), (1e-12, 1e-9)] {
            let mut all = intervals(3, one, 1);
            all.append(&intervals(4, other, 10)).unwrap();
            assert_eq!(all.relative_error, 1e-9);
            assert_eq!(all.dates, [date(2007, 1, 3), date(2007, 1, 4)]);
            assert_eq!(all.estimate, ndarray::array![[3.0, 3.0], [4.0, 4.0]]);
            let [wall, resample, quantiles] = [all.times.wall, all.times.resample, all.times.quantiles];
            assert_eq!([wall, resample, quantiles].map(|time| time.as_secs()), [11, 22, 33]);
        }
        let mut narrow = intervals(3, 0.0, 1);
        narrow.ends[0].lower = Array2::zeros((1, 3));
        assert!(narrow.append(&intervals(4, 0.0, 1)).is_err());
    }

    fn of_intervals(names: &[&str], scheme: Scheme, side: Side, samples: u32) -> Result<Intervals> {
        let jobs = Jobs::new();
        let resources = Resources { jobs: &jobs, memory: 1 << 26 };
        let kinds = names.iter().map(|name| crate::interval::by_name(name).unwrap()).collect();
        let measure = crate::measure::by_name("variance", None).unwrap();
        let bootstrap = Bootstrap::new(samples, 0.9, 1)?.with(measure, scheme, kinds)?.side(side)?;
        bootstrap.run(&days(2, 2), &mut Engine::Cpu, &resources, &())
    }

    /// Several intervals of one set of draws are what each is alone, with details and without.
    #[test]
    fn intervals_do_not_depend_on_each_other() {
        let names = crate::interval::NAMES;
        let together = of_intervals(&names, Scheme::Iid, Side::Both, 500).unwrap();
        for (name, together) in names.iter().zip(&together.ends) {
            let alone = of_intervals(&[name], Scheme::Iid, Side::Both, 500).unwrap();
            assert_eq!(together, &alone.ends[0], "{name}");
            assert_eq!(together.interval, *name);
            assert!(alone.lower()[[1, 1]] < alone.estimate[[1, 1]], "{name}");
            assert!(alone.estimate[[1, 1]] < alone.upper()[[1, 1]], "{name}");
        }
        // The perturbed twin: another seed, in the form of other samples.
        let other = of_intervals(&names, Scheme::Iid, Side::Both, 499).unwrap();
        for (one, other) in
            together.ends.iter().zip(&other.ends).filter(|(one, _)| !one.interval.contains("asym"))
        {
            assert_ne!(one.upper, other.upper, "{}", one.interval);
        }
    }

    /// A single end at confidence .95 is the end of both at .9.
    #[test]
    fn single_ends_are_those_of_twice_the_tail() {
        for name in crate::interval::NAMES {
            let both = of_intervals(&[name], Scheme::Iid, Side::Both, 400).unwrap();
            for side in [Side::Lower, Side::Upper] {
                let one = of_intervals(&[name], Scheme::Iid, side, 400);
                if crate::interval::by_name(name).unwrap().is_symmetric() {
                    assert!(one.unwrap_err().to_string().contains("on both sides"), "{name}");
                    continue;
                }
                let jobs = Jobs::new();
                let resources = Resources { jobs: &jobs, memory: 1 << 26 };
                let kinds = vec![crate::interval::by_name(name).unwrap()];
                let bootstrap = Bootstrap::new(400, 0.95, 1).unwrap();
                let bootstrap = bootstrap.with(Arc::new(Variance), Scheme::Iid, kinds).unwrap();
                let one = bootstrap
                    .side(side)
                    .unwrap()
                    .run(&days(2, 2), &mut Engine::Cpu, &resources, &())
                    .unwrap();
                let (kept, open, expected, infinite) = match side {
                    Side::Lower => (one.lower(), one.upper(), both.lower(), f64::INFINITY),
                    _ if name.contains("log") => (one.upper(), one.lower(), both.upper(), 0.0),
                    _ => (one.upper(), one.lower(), both.upper(), f64::NEG_INFINITY),
                };
                assert!(open.iter().all(|end| *end == infinite), "{name}");
                assert!(
                    kept.iter().zip(expected).all(|(one, both)| (one / both - 1.0).abs() < 1e-12),
                    "{name}"
                );
            }
        }
    }

    #[test]
    fn details_are_those_of_the_held_resamples() {
        let jobs = Jobs::new();
        let resources = Resources { jobs: &jobs, memory: 1 << 26 };
        let mut days = days(2, 2);
        days[1].returns[[3, 1]] = 0.0;
        let bootstrap = Bootstrap::new(700, 0.9, 1).unwrap().details(true).unwrap();
        let found = bootstrap.run(&days, &mut Engine::Cpu, &resources, &()).unwrap();
        let details = found.details.as_ref().unwrap();
        let resampled = bootstrap.resampled(&days[1]).unwrap();
        let mean = resampled.column(1).mean().unwrap();
        let deviation = resampled.column(1).std(1.0);
        assert!((details.standard_error[[1, 1]] / deviation - 1.0).abs() < 1e-12);
        assert!((details.bias[[1, 1]] - (mean - found.estimate[[1, 1]])).abs() < 1e-6 * mean);
        assert_eq!(details.rows[[1, 1]], 78);
        assert_eq!((details.zeros[[1, 1]], details.zeros[[0, 1]]), (1.0 / 78.0, 0.0));
        let squares = days[1].returns.column(1).mapv(|r| r * r);
        let largest = squares.iter().copied().fold(0.0, f64::max) / squares.sum();
        assert!((details.largest[[1, 1]] - largest).abs() < 1e-15);
        let without =
            Bootstrap::new(700, 0.9, 1).unwrap().run(&days, &mut Engine::Cpu, &resources, &()).unwrap();
        assert_eq!(without.ends, found.ends);
    }
}
