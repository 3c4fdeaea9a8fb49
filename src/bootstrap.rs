//! The driver: a panel's returns, a measure, an interval and an engine give a table of intervals.
//!
//! ```text
//! returns by day ─ measure: columns ─ resample (engine) ─ sums ─ measure: statistic ─ interval: pivot, quantiles, ends ─ table
//! ```
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

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use ndarray::{Array2, ArrayRef2, Axis};
use rayon::prelude::*;

use crate::columns::{Column, DayColumns, plan_columns};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::interval::tails::{Tails, held};
use crate::interval::{self, Estimate, Interval, Percentile};
use crate::jobs::Jobs;
use crate::measure::{Measure, Studentize, Variance};
use crate::panel::{DayReturns, PanelReader};
use crate::resample::gpu::{Resampler, device_limits};
use crate::resample::histogram::Histogram;
use crate::resample::plan::{Batch, Budget, DayShape, DeviceLimits, Resamples, Wave, waves};
use crate::resample::{Block, Scheme, cpu};

/// What to compute: the method and its parameters.
#[derive(Debug, Clone)]
pub struct Bootstrap {
    samples: u32,
    confidence: f64,
    seed: u64,
    measure: Arc<dyn Measure>,
    interval: Arc<dyn Interval>,
    /// Probability levels of the two quantiles of the pivot.
    levels: [f64; 2],
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

/// Intervals for every day and cell. Arrays are days × cells, in the units of the statistic: for realized
/// variance, squared log returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// What the estimate is called.
    pub name: &'static str,
    /// The stocks that have a cell, by number.
    pub cells: Vec<usize>,
    /// The calendar days.
    pub dates: Vec<Date>,
    /// The estimates, in plain f64.
    pub estimate: Array2<f64>,
    /// Lower ends.
    pub lower: Array2<f64>,
    /// Upper ends.
    pub upper: Array2<f64>,
    /// Bound on the error of any resampled column's sum that comes from rounding, relative to the larger of
    /// itself and the column's bulk (its sum without the five largest rows); the largest over all cells.
    pub relative_error: f64,
    /// How long it took.
    pub times: Times,
}

/// How long the steps took. On the CPU the two steps of different days overlap, so that each is counted in
/// thread time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// From the first to the last, by the clock.
    pub wall: Duration,
    /// Resampling: summed over the threads on the CPU, by the clock on a GPU.
    pub resample: Duration,
    /// Quantiles, summed over the threads.
    pub quantiles: Duration,
}

/// What reading and drawing a panel took.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PanelTimes {
    /// Time that reading took, in [`Bootstrap::run_panel`].
    pub load: Duration,
    /// Returns drawn.
    pub draws: u64,
}

impl Intervals {
    /// Adds the intervals of later days of the same stocks.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the stocks differ in number.
    pub fn append(&mut self, later: &Self) -> Result<()> {
        let arrays = [
            (&mut self.estimate, &later.estimate),
            (&mut self.lower, &later.lower),
            (&mut self.upper, &later.upper),
        ];
        for (array, later) in arrays {
            array.append(Axis(0), later.view()).map_err(|_| Error::Parameter {
                name: "the number of stocks",
                value: later.ncols().to_string(),
                requirement: "it must be that of the days before".into(),
            })?;
        }
        self.dates.extend(&later.dates);
        self.relative_error = self.relative_error.max(later.relative_error);
        self.times.wall += later.times.wall;
        self.times.resample += later.times.resample;
        self.times.quantiles += later.times.quantiles;
        Ok(())
    }
}

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
        let (measure, interval) = (Arc::new(Variance), Arc::new(Percentile));
        Ok(Self { samples, confidence, seed, measure, levels: interval.levels(confidence), interval })
    }

    /// The same for another measure and kind of interval.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the interval needs standard errors that the measure does not know.
    pub fn with(self, measure: Arc<dyn Measure>, interval: Arc<dyn Interval>) -> Result<Self> {
        if interval.is_studentized() && measure.studentize().is_none() {
            return Err(Error::Parameter {
                name: "interval",
                value: interval.name().into(),
                requirement: format!(
                    "it needs a standard error, which is known for the variance and not for the {}; take percentile",
                    measure.name()
                ),
            });
        }
        Ok(Self { levels: interval.levels(self.confidence), measure, interval, ..self })
    }

    /// The seed of the random stream.
    pub fn seed(&self) -> u64 {
        self.seed
    }

    /// The measure.
    pub fn measure(&self) -> &dyn Measure {
        &*self.measure
    }

    /// The kind of interval.
    pub fn interval(&self) -> &dyn Interval {
        &*self.interval
    }

    /// Number of resamples, B.
    pub fn samples(&self) -> u32 {
        self.samples
    }

    /// Confidence of the intervals, c.
    pub fn confidence(&self) -> f64 {
        self.confidence
    }

    /// Returns that [`Self::run`] draws from these days: Σ n·S·B over days with n returns of S stocks.
    pub fn draws(&self, days: &[DayReturns]) -> u64 {
        days.iter().map(|day| day.returns.len() as u64 * u64::from(self.samples)).sum()
    }

    /// The resamples to take, and how many sums of a column are held while they come in: a hundredth of B for
    /// 99 %.
    pub fn resamples(&self) -> Resamples {
        let held = held(self.samples as usize, self.levels);
        Resamples { count: self.samples, held: held as u64, scheme: Scheme::Iid }
    }

    /// The intervals of all that `panel` still holds, block by block of days; `memory` bytes are for what the
    /// panel holds and for resampling. The counterpart of [`Self::run`] for panels that need not fit in
    /// memory.
    ///
    /// # Errors
    ///
    /// As [`PanelReader::next_returns`] and [`Self::run`]; [`Error::Parameter`] where the measure's second
    /// stock is not there.
    pub fn run_panel(
        &self,
        panel: &mut PanelReader,
        engine: &mut Engine<'_>,
        resources: &Resources<'_>,
        observer: &dyn Observer,
    ) -> Result<(Intervals, PanelTimes)> {
        let (mut intervals, mut times): (Option<Intervals>, PanelTimes) = (None, PanelTimes::default());
        loop {
            let reading = Instant::now();
            let block = panel.next_returns(resources.jobs)?;
            times.load += reading.elapsed();
            let Some(days) = block else { break };
            // Where stocks do not share their times, a block may have other than the planned returns.
            times.draws += self.draws(&days);
            observer.planned(times.draws + panel.returns_left() * u64::from(self.samples));
            observer.days(&days);
            // A block of which all days are too short is empty.
            if days.is_empty() {
                continue;
            }
            let held = panel.held_bytes();
            let left = Resources { memory: resources.memory.saturating_sub(held), ..*resources };
            let done = self.run(&days, engine, &left, observer);
            let done = done.map_err(|error| beside(held, resources.memory, error))?;
            match &mut intervals {
                Some(intervals) => intervals.append(&done)?,
                None => intervals = Some(done),
            }
        }
        let nothing = || Error::Job { what: "reading the panel".into(), why: "it has no days".into() };
        Ok((intervals.ok_or_else(nothing)?, times))
    }

    /// The intervals of every day and cell.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] where a single cell does not fit, [`Error::Gpu`] where the device fails,
    /// [`Error::Parameter`] for returns that are not finite, [`Error::Cancelled`].
    pub fn run(
        &self,
        days: &[DayReturns],
        engine: &mut Engine<'_>,
        resources: &Resources<'_>,
        observer: &dyn Observer,
    ) -> Result<Intervals> {
        let start = Instant::now();
        let stocks = days.first().map_or(0, |day| day.returns.ncols());
        check_stocks(days)?;
        let cells = self.measure.cells(stocks);
        let per_cell = self.columns();
        let look = |day: &DayReturns| {
            let columns =
                plan_columns(&self.quantities(day, &cells)).map_err(|error| with_place(day, error))?;
            let estimates = cells.iter().zip(columns.chunks_exact(per_cell));
            let estimates: Vec<Estimate> =
                estimates.map(|(&stock, columns)| self.estimate(&day.returns, stock, columns)).collect();
            let key_bytes = self.key_bytes(&columns);
            let shape = DayShape::new(day.returns.nrows() as u32, &columns, per_cell, key_bytes);
            Ok((shape, columns, estimates))
        };
        let looked = resources.jobs.install(|| days.par_iter().map(look).collect::<Result<Vec<_>>>())?;
        let (mut shapes, mut planned) = (Vec::with_capacity(days.len()), Vec::with_capacity(days.len()));
        for (shape, columns, estimates) in looked {
            shapes.push(shape);
            planned.push((columns, estimates));
        }
        let estimate =
            Array2::from_shape_fn((days.len(), cells.len()), |(day, cell)| planned[day].1[cell].value);
        let budget = Budget {
            memory: resources.memory,
            threads: resources.jobs.thread_count(),
            device: engine.limits(),
        };
        let waves = waves(&shapes, self.resamples(), &budget)?;
        let shape = (days.len(), cells.len());
        let mut table =
            Table { lower: Array2::zeros(shape), upper: Array2::zeros(shape), relative_error: 0.0 };
        let (clocks, cancelled) = (Clocks::default(), AtomicBool::new(false));
        for wave in &waves {
            let (jobs, cells, planned) = (resources.jobs, &cells, &planned);
            let (clocks, cancelled) = (&clocks, &cancelled);
            let run = Run { bootstrap: self, days, cells, planned, wave, jobs, clocks, observer, cancelled };
            let finished = match engine {
                Engine::Cpu => run.on_cpu()?,
                Engine::Gpu(resampler) => run.on_gpu(resampler)?,
            };
            for (batch, ends) in wave.iter().zip(finished) {
                table.fill(batch, &ends);
            }
        }
        let times = Times {
            wall: start.elapsed(),
            resample: clocks.resample.total(),
            quantiles: clocks.quantiles.total(),
        };
        let Table { lower, upper, relative_error } = table;
        let dates = days.iter().map(|day| day.date).collect();
        let name = self.measure.name();
        Ok(Intervals { name, cells, dates, estimate, lower, upper, relative_error, times })
    }

    /// Columns of a cell: the measure's, and those of its standard error where the interval needs one.
    fn columns(&self) -> usize {
        self.measure.columns() + self.studentize().map_or(0, Studentize::columns)
    }

    fn studentize(&self) -> Option<&dyn Studentize> {
        if self.interval.is_studentized() { self.measure.studentize() } else { None }
    }

    /// Whether quantiles are selected from the integers of a column's sums.
    fn selects_sums(&self) -> bool {
        self.measure.is_sum() && !self.interval.is_studentized()
    }

    /// Bytes of what is selected: a joined sum of the widest column, or a pivot.
    fn key_bytes(&self, columns: &[Column]) -> u64 {
        if self.selects_sums() { columns.iter().map(Column::key_bytes).max().unwrap_or(4) } else { 8 }
    }

    /// The quantities of the columns of these `cells` (stocks), n × columns, cell after cell.
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

    /// θ̂ of a cell and its squared standard error.
    fn estimate(&self, returns: &ArrayRef2<f64>, stock: usize, columns: &[Column]) -> Estimate {
        let value =
            if self.measure.is_sum() { columns[0].sum } else { self.measure.estimate(returns, stock) };
        let squared_error = self.studentize().map_or(f64::NAN, |studentize| {
            studentize.squared_error(&columns.iter().map(|column| column.sum).collect::<Vec<_>>())
        });
        Estimate { value, squared_error }
    }

    /// The resampled realized variances themselves, B × stocks, for one day, on the CPU: what the intervals
    /// are quantiles of. Its first rows are those of a run with fewer samples.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a day without returns, or with returns that are not finite.
    pub fn resampled(&self, day: &DayReturns) -> Result<Array2<f64>> {
        let columns = DayColumns::new(day_number(day.date), &squares(&day.returns));
        let columns = columns.map_err(|error| with_place(day, error))?;
        let sums = cpu::resample(&columns, &Scheme::Iid, self.seed, 0..self.samples)?;
        let mut values = Array2::zeros((self.samples as usize, columns.columns().len()));
        for (mut values, column) in values.columns_mut().into_iter().zip(columns.columns()) {
            values.assign(&ndarray::Array1::from(sums.values(column)));
        }
        Ok(values)
    }

    /// The histogram of the resampled realized variances of a day's first stock in so many `bins`, on the
    /// CPU, without holding them.
    ///
    /// # Errors
    ///
    /// As [`Self::resampled`].
    pub fn histogram(&self, day: &DayReturns, bins: usize) -> Result<Histogram> {
        let columns = DayColumns::new(day_number(day.date), &squares(&day.returns))?;
        Histogram::of_sums(&columns, &Scheme::Iid, self.seed, self.samples, bins)
    }
}

/// The calendar day as the number YYYYMMDD, a word of the random stream's counter.
pub fn day_number(date: Date) -> u32 {
    // Years of the calendar have four digits at most; days before year 0 do not occur in price data.
    date.year().unsigned_abs() as u32 * 10_000 + date.month() as u32 * 100 + date.day() as u32
}

/// Checks that all days have the same stocks, as far as their number tells.
fn check_stocks(days: &[DayReturns]) -> Result<()> {
    let Some(first) = days.first() else { return Ok(()) };
    match days.iter().find(|day| day.returns.ncols() != first.returns.ncols()) {
        None => Ok(()),
        Some(day) => Err(Error::Parameter {
            name: "the number of stocks",
            value: format!("{} on {}", day.returns.ncols(), day.date),
            requirement: format!(
                "{} on {}; give the returns of the same stocks on every day",
                first.returns.ncols(),
                first.date
            ),
        }),
    }
}

/// The error of a day whose returns can't be resampled, with the place: the day, and the return where one is
/// at fault.
fn with_place(day: &DayReturns, error: Error) -> Error {
    let Error::Parameter { name, value, requirement } = error else { return error };
    let is_bad = |square: f64| !square.is_finite();
    match day.returns.indexed_iter().find(|(_, r)| is_bad(**r * **r)) {
        Some(((row, stock), value)) => Error::Parameter {
            name: "a return",
            value: format!("{value} on {}, in row {} of stock {}", day.date, row + 1, stock + 1),
            requirement: "returns and their squares must be finite numbers".into(),
        },
        None => Error::Parameter { name, value: format!("{value} on {}", day.date), requirement },
    }
}

/// Squared returns, n × stocks.
fn squares(returns: &ArrayRef2<f64>) -> Array2<f64> {
    returns.mapv(|r| r * r)
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

/// The ends of one stock's interval, and the bound on the rounding error of its sums.
#[derive(Debug, Clone, Copy)]
struct Ends {
    lower: f64,
    upper: f64,
    relative_error: f64,
}

/// The cells filled so far, days × cells.
struct Table {
    lower: Array2<f64>,
    upper: Array2<f64>,
    relative_error: f64,
}

impl Table {
    fn fill(&mut self, batch: &Batch, ends: &[Ends]) {
        for (cell, ends) in batch.cells.clone().zip(ends) {
            self.lower[[batch.day, cell]] = ends.lower;
            self.upper[[batch.day, cell]] = ends.upper;
            self.relative_error = self.relative_error.max(ends.relative_error);
        }
    }
}

/// Time spent, added up over threads.
#[derive(Debug, Default)]
struct Clock(AtomicU64);

impl Clock {
    fn time<T>(&self, work: impl FnOnce() -> T) -> T {
        let start = Instant::now();
        let result = work();
        self.add(start.elapsed());
        result
    }

    fn add(&self, spent: Duration) {
        self.0.fetch_add(spent.as_nanos() as u64, Ordering::Relaxed);
    }

    fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Debug, Default)]
struct Clocks {
    resample: Clock,
    quantiles: Clock,
}

/// One wave and what it needs.
struct Run<'a> {
    bootstrap: &'a Bootstrap,
    days: &'a [DayReturns],
    /// The stocks that have a cell.
    cells: &'a [usize],
    /// How the columns of each day are written, and its estimates.
    planned: &'a [(Vec<Column>, Vec<Estimate>)],
    wave: &'a Wave,
    jobs: &'a Jobs,
    clocks: &'a Clocks,
    observer: &'a dyn Observer,
    cancelled: &'a AtomicBool,
}

impl Run<'_> {
    /// Each batch is a job: columns, resample, quantiles. Samples within a batch are spread over idle threads
    /// too.
    fn on_cpu(&self) -> Result<Vec<Vec<Ends>>> {
        let batch_job = |batch: &&Batch| {
            let columns = self.columns(batch)?;
            let selections = self.selections(&columns);
            let take = |block: &Block<'_>, spent: Duration| {
                self.clocks.resample.add(spent);
                self.push(batch, &selections, &columns, block);
                self.finished(batch, block)
            };
            let (seed, samples) = (self.bootstrap.seed, 0..self.bootstrap.samples);
            cpu::resample_each(&columns, &Scheme::Iid, seed, samples, take)?;
            self.ends(batch, selections, &columns)
        };
        let finished = self.jobs.map(self.wave, batch_job).all();
        finished
            .map_err(|(batch, failure)| failure.into_error(format!("the day {}", self.days[batch.day].date)))
    }

    /// The device resamples; the pool selects from the sums of a tile while the device works on the next.
    fn on_gpu(&self, resampler: &mut Resampler) -> Result<Vec<Vec<Ends>>> {
        let columns: Vec<DayColumns> = self
            .jobs
            .install(|| self.wave.par_iter().map(|batch| self.columns(batch)).collect::<Result<_>>())?;
        let selections: Vec<_> = columns.iter().map(|columns| self.selections(columns)).collect();
        let (start, mut selecting) = (Instant::now(), Duration::ZERO);
        let take = |blocks: &[(usize, Block<'_>)]| {
            let start = Instant::now();
            let select = |(number, block): &(usize, Block<'_>)| {
                let (batch, columns) = (&self.wave[*number], &columns[*number]);
                selections[*number].par_iter().enumerate().for_each(|(cell, selection)| {
                    self.clocks.quantiles.time(|| self.select(batch, cell, selection, columns, block));
                });
                // A device that is at work is not interrupted; the run ends with its wave.
                let _ = self.finished(batch, block);
            };
            self.jobs.install(|| blocks.par_iter().for_each(select));
            selecting += start.elapsed();
        };
        let (seed, samples) = (self.bootstrap.seed, self.bootstrap.samples);
        resampler.resample(self.wave, &columns, &Scheme::Iid, seed, samples, take)?;
        self.clocks.resample.add(start.elapsed().saturating_sub(selecting));
        let batches = self.wave.iter().zip(selections).zip(&columns);
        batches.map(|((batch, selections), columns)| self.ends(batch, selections, columns)).collect()
    }

    /// The columns of a batch.
    fn columns(&self, batch: &Batch) -> Result<DayColumns> {
        let (day, per_cell) = (&self.days[batch.day], self.bootstrap.columns());
        let Range { start, end } = batch.cells.clone();
        let planned = self.planned[batch.day].0[start * per_cell..end * per_cell].to_vec();
        let values = self.bootstrap.quantities(day, &self.cells[batch.cells.clone()]);
        DayColumns::planned(day_number(day.date), &values, planned)
    }

    /// Tells of progress: some resamples of a batch are summed and selected from.
    fn finished(&self, batch: &Batch, block: &Block<'_>) -> ControlFlow<()> {
        let draws = u64::from(batch.rows) * batch.cells.len() as u64 * block.samples() as u64;
        let next = self.observer.drawn(draws);
        if next.is_break() {
            self.cancelled.store(true, Ordering::Relaxed);
        }
        if self.cancelled.load(Ordering::Relaxed) {
            ControlFlow::Break(())
        } else {
            ControlFlow::Continue(())
        }
    }

    /// What is kept of the resamples of a batch, cell by cell.
    fn selections(&self, columns: &DayColumns) -> Vec<Mutex<Selection>> {
        let cells = columns.columns().chunks_exact(self.bootstrap.columns());
        cells.map(|columns| Mutex::new(Selection::new(columns, self.bootstrap))).collect()
    }

    /// Selects from a block of sums. Threads that come at a time begin at different cells.
    fn push(&self, batch: &Batch, selections: &[Mutex<Selection>], columns: &DayColumns, block: &Block<'_>) {
        self.clocks.quantiles.time(|| {
            let first = rayon::current_thread_index().unwrap_or(0);
            for cell in (0..selections.len()).map(|number| (first + number) % selections.len()) {
                self.select(batch, cell, &selections[cell], columns, block);
            }
        });
    }

    /// Selects from the sums of one cell of a batch in a block.
    fn select(
        &self,
        batch: &Batch,
        cell: usize,
        selection: &Mutex<Selection>,
        columns: &DayColumns,
        block: &Block<'_>,
    ) {
        let per_cell = self.bootstrap.columns();
        let own = &columns.columns()[cell * per_cell..][..per_cell];
        // A thread that panicked while it held the lock brings the whole run to its end.
        let lock = || selection.lock().unwrap_or_else(PoisonError::into_inner);
        if self.bootstrap.selects_sums() {
            if let Selection::Sums(tails) = &mut *lock() {
                tails.push(&own[0], block);
            }
            return;
        }
        let pivots =
            self.pivots(&self.planned[batch.day].1[batch.cells.start + cell], own, batch.rows, block);
        if let Selection::Pivots(tails) = &mut *lock() {
            tails.push(&pivots);
        }
    }

    /// The pivots of a cell's resamples in a block, as integers in the same order.
    fn pivots(&self, estimate: &Estimate, columns: &[Column], rows: u32, block: &Block<'_>) -> Vec<u64> {
        let Bootstrap { measure, interval, .. } = self.bootstrap;
        let studentize = self.bootstrap.studentize();
        let mut sums = vec![0.0; columns.len()];
        let of_sample = |number: usize| {
            for (sum, column) in sums.iter_mut().zip(columns) {
                *sum = column.value_of(block.sum(column, number));
            }
            let value = measure.statistic(&sums);
            let squared_error =
                studentize.map_or(f64::NAN, |studentize| studentize.squared_error_of_resample(rows, &sums));
            interval::key(interval.pivot(estimate, &Estimate { value, squared_error }))
        };
        (0..block.samples()).map(of_sample).collect()
    }

    /// The interval of each cell of a batch, when all sums have come.
    fn ends(
        &self,
        batch: &Batch,
        selections: Vec<Mutex<Selection>>,
        columns: &DayColumns,
    ) -> Result<Vec<Ends>> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        let estimates = &self.planned[batch.day].1[batch.cells.clone()];
        let cells = columns.columns().chunks_exact(self.bootstrap.columns());
        Ok(self.clocks.quantiles.time(|| {
            let cells = selections.into_iter().zip(cells).zip(estimates);
            let ends = cells.map(|((selection, columns), estimate)| {
                let selection = selection.into_inner().unwrap_or_else(PoisonError::into_inner);
                let quantiles = selection.quantiles(&columns[0]);
                let mut ends = self.bootstrap.interval.ends(estimate, quantiles);
                if self.bootstrap.selects_sums() {
                    ends = around(&columns[0], batch.rows, ends);
                }
                let relative_error = columns.iter().map(|column| column.relative_error).fold(0.0, f64::max);
                Ends { lower: ends[0], upper: ends[1], relative_error }
            });
            ends.collect()
        }))
    }
}

/// The ends, such that an end on the wrong side of the column's own sum by rounding alone is that sum.
fn around(column: &Column, rows: u32, [lower, upper]: [f64; 2]) -> [f64; 2] {
    const UNIT: f64 = f64::EPSILON / 2.0;
    let rounding = column.rounding + (f64::from(rows) + 16.0) * UNIT * column.sum;
    let within = |beyond: f64| beyond > 0.0 && beyond <= rounding;
    let lower = if within(lower - column.sum) { column.sum } else { lower };
    [lower, if within(column.sum - upper) { column.sum } else { upper }]
}

/// The tails of one cell's resamples.
#[derive(Debug)]
enum Selection {
    /// Of the only column's sums.
    Sums(ColumnTails),
    /// Of pivots, as integers in the same order.
    Pivots(Tails<u64>),
}

impl Selection {
    fn new(columns: &[Column], bootstrap: &Bootstrap) -> Self {
        if bootstrap.selects_sums() {
            Self::Sums(ColumnTails::new(&columns[0], bootstrap))
        } else {
            Self::Pivots(Tails::new(bootstrap.samples as usize, bootstrap.levels))
        }
    }

    fn quantiles(self, column: &Column) -> [f64; 2] {
        match self {
            Self::Sums(tails) => tails.quantiles(column),
            Self::Pivots(tails) => tails.quantiles(interval::number),
        }
    }
}

/// The tails of one column's sums, as integers that are wide enough for them.
#[derive(Debug)]
enum ColumnTails {
    Word(Tails<u32>),
    Double(Tails<u64>),
    Quadruple(Tails<u128>),
}

impl ColumnTails {
    fn new(column: &Column, bootstrap: &Bootstrap) -> Self {
        let (count, levels) = (bootstrap.samples as usize, bootstrap.levels);
        match column.limbs.len() {
            1 => Self::Word(Tails::new(count, levels)),
            _ if column.joins_in_64_bits() => Self::Double(Tails::new(count, levels)),
            _ => Self::Quadruple(Tails::new(count, levels)),
        }
    }

    fn push(&mut self, column: &Column, block: &Block<'_>) {
        match self {
            Self::Word(tails) => tails.push_sums(column, block),
            Self::Double(tails) => tails.push_sums(column, block),
            Self::Quadruple(tails) => tails.push_sums(column, block),
        }
    }

    fn quantiles(self, column: &Column) -> [f64; 2] {
        match self {
            Self::Word(tails) => tails.quantiles(|total| column.value_of(total.into())),
            Self::Double(tails) => tails.quantiles(|total| column.value_of(total.into())),
            Self::Quadruple(tails) => tails.quantiles(|total| column.value_of(total)),
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;

    fn intervals(returns: Vec<f64>, confidence: f64) -> Intervals {
        let returns = Array2::from_shape_vec((returns.len(), 1), returns).unwrap();
        let days = [DayReturns { date: Date::new(2007, 1, 3).unwrap(), returns }];
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
            let (lower, upper) = (intervals.lower[[0, 0]], intervals.upper[[0, 0]]);
            assert!(lower <= rv && rv <= upper, "{n} returns of {r}: {rv} in {lower} to {upper}");
            // Both ends are rounded to the same number before.
            assert!(lower == rv || upper == rv);
            assert!(upper - lower <= 1e-6 * rv);
        }
        // Most of 200 resamples draw the only return that is not zero once or twice, or never: not rounding,
        // so left alone.
        let one = intervals([vec![0.3], vec![0.0; 9]].concat(), 0.5);
        assert!(one.lower[[0, 0]] < one.estimate[[0, 0]] / 2.0, "{one:?}");
        let column = |values: Vec<f64>| {
            let values = Array2::from_shape_vec((values.len(), 1), values).unwrap();
            plan_columns(&values).unwrap().remove(0)
        };
        let column = column(vec![0.25; 385]);
        let far = column.sum + 2.0 * column.rounding + 1e-12 * column.sum;
        assert_eq!(around(&column, 385, [far, far]), [far, far]);
        assert_eq!(around(&column, 385, [0.0, 0.0]), [0.0, 0.0]);
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
        (1..=count).map(|day| DayReturns { date: date(2007, 1, day), returns: returns(day) }).collect()
    }

    fn of_measure(name: &str, against: usize, days: &[DayReturns]) -> Intervals {
        let jobs = Jobs::new();
        let resources = Resources { jobs: &jobs, memory: 1 << 26 };
        let measure = crate::measure::by_name(name, Some(against)).unwrap();
        let bootstrap = Bootstrap::new(300, 0.9, 1).unwrap().with(measure, Arc::new(Percentile)).unwrap();
        bootstrap.run(days, &mut Engine::Cpu, &resources, &()).unwrap()
    }

    #[test]
    fn stocks_that_are_left_out_or_moved_change_no_pair() {
        let all = days(3, 4);
        // Stocks 2 and 0 of the four, in this order: the cell of 2 against 0 is the first of two.
        let few: Vec<DayReturns> = all
            .iter()
            .map(|day| DayReturns { date: day.date, returns: day.returns.select(Axis(1), &[2, 0]) })
            .collect();
        for name in ["covariance", "correlation", "beta"] {
            let (of_all, of_few) = (of_measure(name, 0, &all), of_measure(name, 1, &few));
            assert_eq!((of_all.cells.clone(), of_few.cells.clone()), (vec![1, 2, 3], vec![0]));
            for day in 0..3 {
                for (all, few) in [
                    (&of_all.estimate, &of_few.estimate),
                    (&of_all.lower, &of_few.lower),
                    (&of_all.upper, &of_few.upper),
                ] {
                    assert_eq!(all[[day, 1]].to_bits(), few[[day, 0]].to_bits(), "{name}");
                    assert!(all[[day, 0]].to_bits() != few[[day, 0]].to_bits(), "{name}");
                }
                assert!(of_all.lower[[day, 1]] < of_all.upper[[day, 1]]);
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
        assert!(within(&found.estimate) && within(&found.lower) && within(&found.upper));
        for (cell, one) in [(0, 1.0), (1, -1.0)] {
            for array in [&found.estimate, &found.lower, &found.upper] {
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
        let covariance = crate::measure::by_name("covariance", Some(0)).unwrap();
        let refused = bootstrap.with(covariance, Arc::new(interval::Studentized)).unwrap_err().to_string();
        assert!(refused.contains("take percentile"), "{refused}");
    }

    #[test]
    fn appended_days_keep_the_larger_error_and_the_sum_of_the_times() {
        let intervals = |day: i8, relative_error: f64, seconds: u64| Intervals {
            dates: vec![date(2007, 1, day)],
            name: "rv",
            cells: vec![0, 1],
            estimate: Array2::from_elem((1, 2), f64::from(day)),
            lower: Array2::zeros((1, 2)),
            upper: Array2::ones((1, 2)),
            relative_error,
            times: Times {
                wall: Duration::from_secs(seconds),
                resample: Duration::from_secs(2 * seconds),
                quantiles: Duration::from_secs(3 * seconds),
            },
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
        narrow.lower = Array2::zeros((1, 3));
        assert!(narrow.append(&intervals(4, 0.0, 1)).is_err());
    }
}
