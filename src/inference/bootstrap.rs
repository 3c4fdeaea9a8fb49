//! Percentile intervals of daily realized variance by the iid bootstrap.
//!
//! On day d with intraday log returns r₁ … rₙ of a stock, realized variance is RV = Σ rᵢ². A resample draws n of the day's
//! rows with replacement (the same rows for all stocks) and gives RV*_b = `Σⱼ r²[iⱼ]`, b = 0 … B−1. The interval of confidence c
//! has as its ends the (1−c)/2 and (1+c)/2 quantiles of RV*₀ … RV*_{B−1} ([`super::quantile`]).
//!
//! The point estimate is plain f64, added in the order of the rows. Resampled sums are integers ([`crate::resample`]); whatever the device,
//! the threads and the memory budget, the interval is the same to the last bit. With ρ = [`Intervals::relative_error`], an end is within
//! ρ times the larger of itself and the bulk of the day (its RV without the five largest squared returns,
//! [`crate::resample::columns`]) of what exact arithmetic gives.
//!
//! **Rounding never moves RV out of its interval.** On a day of one return, or of equal ones, every resampled RV equals RV, but both are
//! rounded in their own way. An end that is on the wrong side of RV by no more than the rounding of both, n·2^(−e−1) + (n + 16)·2⁻⁵³ RV,
//! is RV.
//!
//! Sources: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1979 (percentile
//! intervals: Efron and Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13); T. G. Andersen, T. Bollerslev,
//! F. X. Diebold and P. Labys, "Modeling and forecasting realized volatility", Econometrica 71(2), 2003; S. Gonçalves and
//! N. Meddahi, "Bootstrapping realized volatility", Econometrica 77(1), 2009.

use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use ndarray::{Array2, ArrayRef2, Axis, s};
use rayon::prelude::*;

use super::histogram::Histogram;
use super::quantile::tail_levels;
use super::tails::{Tails, held};
use crate::error::{Error, Result};
use crate::gpu::Gpu;
use crate::jobs::Jobs;
use crate::panel::DayReturns;
use crate::resample::columns::{Column, DayColumns, plan_columns};
use crate::resample::gpu::{Resampler, device_limits};
use crate::resample::plan::{Batch, Budget, DayShape, Resamples, Wave, waves};
use crate::resample::{Block, cpu};

/// What to compute: the method's parameters.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Bootstrap {
    samples: u32,
    confidence: f64,
    seed: u64,
    /// Probability levels of the two ends.
    levels: [f64; 2],
}

/// Where to compute, and with how much memory.
#[derive(Debug, Clone, Copy)]
pub struct Resources<'a> {
    /// The threads of the CPU, for resampling and for quantiles.
    pub jobs: &'a Jobs,
    /// The GPU that resamples; the CPU where there is none.
    pub gpu: Option<&'a Gpu>,
    /// Bytes that rows, resampled sums and selection may take.
    pub memory: u64,
}

/// Intervals for every day and stock. Arrays are days × stocks, in units of squared log returns.
#[derive(Debug, Clone, PartialEq)]
pub struct Intervals {
    /// The calendar days.
    pub dates: Vec<Date>,
    /// Realized variance, in plain f64.
    pub realized_variance: Array2<f64>,
    /// Lower ends.
    pub lower: Array2<f64>,
    /// Upper ends.
    pub upper: Array2<f64>,
    /// Bound on the error of any resampled realized variance that comes from rounding, relative to the larger of itself and the cell's bulk
    /// (its realized variance without the five largest squared returns); the largest over all cells.
    pub relative_error: f64,
    /// How long it took.
    pub times: Times,
}

/// How long the steps took. On the CPU the two steps of different days overlap, so that each is counted in thread time.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Times {
    /// From the first to the last, by the clock.
    pub wall: Duration,
    /// Resampling: summed over the threads on the CPU, by the clock on a GPU.
    pub resample: Duration,
    /// Quantiles, summed over the threads.
    pub quantiles: Duration,
}

impl Intervals {
    /// Adds the intervals of later days of the same stocks.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the stocks differ in number.
    pub fn append(&mut self, later: &Self) -> Result<()> {
        let arrays = [
            (&mut self.realized_variance, &later.realized_variance),
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
    /// Intervals of the given `confidence` (between 0 and 1) from `samples` ≥ 1 resamples; `seed` fixes the random stream.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where a value is out of range.
    pub fn new(samples: u32, confidence: f64, seed: u64) -> Result<Self> {
        if samples == 0 {
            let requirement = "at least one resample is needed; 1000 is customary".into();
            return Err(Error::Parameter { name: "--samples", value: "0".into(), requirement });
        }
        if !(confidence > 0.0 && confidence < 1.0) {
            let requirement = "it must lie between 0 and 1, both excluded; give 0.99 for 99 %".into();
            return Err(Error::Parameter {
                name: "--confidence",
                value: confidence.to_string(),
                requirement,
            });
        }
        Ok(Self { samples, confidence, seed, levels: tail_levels(confidence) })
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

    /// The resamples to take, and how many sums of a column are held while they come in: a hundredth of B for 99 %.
    pub fn resamples(&self) -> Resamples {
        let held = held(self.samples as usize, self.levels);
        Resamples { count: self.samples, held: held as u64 }
    }

    /// The intervals of every day and stock. `progress` is told the number of returns drawn since it was last told, from
    /// any thread; they add up to [`Self::draws`].
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] where a single cell does not fit, [`Error::Gpu`] where the device fails, [`Error::Parameter`] for
    /// returns that are not finite, or days that differ in their numbers of stocks.
    pub fn run(
        &self,
        days: &[DayReturns],
        resources: &Resources,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Intervals> {
        let mut resampler = resources.gpu.map(|gpu| Resampler::new(gpu, device_limits(gpu)));
        self.run_with(days, resources, resampler.as_mut(), progress)
    }

    /// As [`Self::run`], with a `resampler` on the GPU of `resources` that outlives the run: its kernels are compiled once.
    ///
    /// # Errors
    ///
    /// As [`Self::run`].
    pub fn run_with(
        &self,
        days: &[DayReturns],
        resources: &Resources,
        mut resampler: Option<&mut Resampler>,
        progress: &(dyn Fn(u64) + Sync),
    ) -> Result<Intervals> {
        let start = Instant::now();
        let stocks = days.first().map_or(0, |day| day.returns.ncols());
        check_stocks(days)?;
        let look = |day: &DayReturns| {
            let squares = squares(&day.returns);
            let columns = plan_columns(&squares).map_err(|error| with_place(day, error))?;
            Ok((DayShape::new(day.returns.nrows() as u32, &columns), columns))
        };
        let looked = resources.jobs.install(|| days.par_iter().map(look).collect::<Result<Vec<_>>>())?;
        let (mut shapes, mut planned) = (Vec::with_capacity(days.len()), Vec::with_capacity(days.len()));
        let mut realized_variance = Array2::zeros((days.len(), stocks));
        for (mut row, (shape, columns)) in realized_variance.rows_mut().into_iter().zip(looked) {
            row.iter_mut().zip(&columns).for_each(|(variance, column)| *variance = column.sum);
            shapes.push(shape);
            planned.push(columns);
        }
        let budget = Budget {
            memory: resources.memory,
            threads: resources.jobs.thread_count(),
            device: resources.gpu.map(device_limits),
        };
        let waves = waves(&shapes, self.resamples(), &budget)?;
        let mut cells = Cells {
            lower: Array2::zeros((days.len(), stocks)),
            upper: Array2::zeros((days.len(), stocks)),
            relative_error: 0.0,
        };
        let clocks = Clocks::default();
        for wave in &waves {
            let (jobs, planned, clocks) = (resources.jobs, &planned, &clocks);
            let run = Run { bootstrap: self, days, planned, wave, jobs, clocks, progress };
            let finished = match &mut resampler {
                None => run.on_cpu()?,
                Some(resampler) => run.on_gpu(resampler)?,
            };
            for (batch, ends) in wave.iter().zip(finished) {
                cells.fill(batch, &ends);
            }
        }
        let times = Times {
            wall: start.elapsed(),
            resample: clocks.resample.total(),
            quantiles: clocks.quantiles.total(),
        };
        let Cells { lower, upper, relative_error } = cells;
        let dates = days.iter().map(|day| day.date).collect();
        Ok(Intervals { dates, realized_variance, lower, upper, relative_error, times })
    }

    /// The resampled realized variances themselves, B × stocks, for one day, on the CPU: what the intervals are
    /// quantiles of. Its first rows are those of a run with fewer samples.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a day without returns, or with returns that are not finite.
    pub fn resampled(&self, day: &DayReturns) -> Result<Array2<f64>> {
        let columns = DayColumns::new(day_number(day.date), &squares(&day.returns));
        let columns = columns.map_err(|error| with_place(day, error))?;
        let sums = cpu::resample(&columns, self.seed, 0..self.samples);
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
        Ok(Histogram::of_sums(&columns, self.seed, self.samples, bins))
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

/// The ends of one stock's interval, and the bound on the rounding error of its sums.
#[derive(Debug, Clone, Copy)]
struct Ends {
    lower: f64,
    upper: f64,
    relative_error: f64,
}

/// The cells filled so far, days × stocks.
struct Cells {
    lower: Array2<f64>,
    upper: Array2<f64>,
    relative_error: f64,
}

impl Cells {
    fn fill(&mut self, batch: &Batch, ends: &[Ends]) {
        for (stock, ends) in batch.stocks.clone().zip(ends) {
            self.lower[[batch.day, stock]] = ends.lower;
            self.upper[[batch.day, stock]] = ends.upper;
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
    /// How the columns of each day are written.
    planned: &'a [Vec<Column>],
    wave: &'a Wave,
    jobs: &'a Jobs,
    clocks: &'a Clocks,
    progress: &'a (dyn Fn(u64) + Sync),
}

impl Run<'_> {
    /// Each batch is a job: columns, resample, quantiles. Samples within a batch are spread over idle threads too.
    fn on_cpu(&self) -> Result<Vec<Vec<Ends>>> {
        let batch_job = |batch: &&Batch| {
            let columns = self.columns(batch)?;
            let tails = self.tails(&columns);
            cpu::resample_each(
                &columns,
                self.bootstrap.seed,
                0..self.bootstrap.samples,
                |block: &Block<'_>, spent: Duration| {
                    self.clocks.resample.add(spent);
                    self.push(&tails, &columns, block);
                    self.finished(batch, block);
                },
            );
            Ok(self.ends(tails, &columns))
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
        let tails: Vec<_> = columns.iter().map(|columns| self.tails(columns)).collect();
        let (start, mut selecting) = (Instant::now(), Duration::ZERO);
        let take = |blocks: &[(usize, Block<'_>)]| {
            let start = Instant::now();
            let select = |(number, block): &(usize, Block<'_>)| {
                tails[*number].par_iter().zip(columns[*number].columns()).for_each(|(tails, column)| {
                    self.clocks.quantiles.time(|| push(tails, column, block));
                });
                self.finished(&self.wave[*number], block);
            };
            self.jobs.install(|| blocks.par_iter().for_each(select));
            selecting += start.elapsed();
        };
        let Bootstrap { seed, samples, .. } = *self.bootstrap;
        resampler.resample(self.wave, &columns, seed, samples, take)?;
        self.clocks.resample.add(start.elapsed().saturating_sub(selecting));
        Ok(tails.into_iter().zip(&columns).map(|(tails, columns)| self.ends(tails, columns)).collect())
    }

    /// The columns of a batch: squared returns of its stocks.
    fn columns(&self, batch: &Batch) -> Result<DayColumns> {
        let day = &self.days[batch.day];
        let planned = self.planned[batch.day][batch.stocks.clone()].to_vec();
        let values = squares(&day.returns.slice(s![.., batch.stocks.clone()]));
        DayColumns::planned(day_number(day.date), &values, planned)
    }

    /// Tells of progress: some resamples of a batch are summed and selected from.
    fn finished(&self, batch: &Batch, block: &Block<'_>) {
        (self.progress)(u64::from(batch.rows) * batch.stocks.len() as u64 * block.samples() as u64);
    }

    /// What is kept of the sums of a batch, column by column.
    fn tails(&self, columns: &DayColumns) -> Vec<Mutex<ColumnTails>> {
        columns.columns().iter().map(|column| Mutex::new(ColumnTails::new(column, self.bootstrap))).collect()
    }

    /// Selects from a block of sums. Threads that come at a time begin at different columns.
    fn push(&self, tails: &[Mutex<ColumnTails>], columns: &DayColumns, block: &Block<'_>) {
        self.clocks.quantiles.time(|| {
            let first = rayon::current_thread_index().unwrap_or(0);
            for number in (0..tails.len()).map(|number| (first + number) % tails.len()) {
                push(&tails[number], &columns.columns()[number], block);
            }
        });
    }

    /// The interval of each column, when all sums have come.
    fn ends(&self, tails: Vec<Mutex<ColumnTails>>, columns: &DayColumns) -> Vec<Ends> {
        self.clocks.quantiles.time(|| {
            let ends = tails.into_iter().zip(columns.columns()).map(|(tails, column)| {
                let tails = tails.into_inner().unwrap_or_else(PoisonError::into_inner);
                let [lower, upper] = around(column, columns.rows(), tails.quantiles(column));
                Ends { lower, upper, relative_error: column.relative_error }
            });
            ends.collect()
        })
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

/// Selects from the sums of one column in a block.
fn push(tails: &Mutex<ColumnTails>, column: &Column, block: &Block<'_>) {
    // A thread that panicked while it held the lock brings the whole run to its end.
    tails.lock().unwrap_or_else(PoisonError::into_inner).push(column, block);
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
        let resources = Resources { jobs: &jobs, gpu: None, memory: 1 << 26 };
        Bootstrap::new(200, confidence, 0).unwrap().run(&days, &resources, &|_| {}).unwrap()
    }

    /// All resamples of equal squared returns are equal to RV in exact arithmetic.
    #[test]
    fn rounding_does_not_move_the_variance_out_of_its_interval() {
        for (n, r) in [(1, 0.1), (3, 1e-3 / 3.0), (78, 7.7e-4), (385, 0.001_234_567), (2500, -3.1e-9)] {
            let sign = |row: usize| if row.is_multiple_of(2) { r } else { -r };
            let intervals = intervals((0..n).map(sign).collect(), 0.99);
            let rv = intervals.realized_variance[[0, 0]];
            let (lower, upper) = (intervals.lower[[0, 0]], intervals.upper[[0, 0]]);
            assert!(lower <= rv && rv <= upper, "{n} returns of {r}: {rv} in {lower} to {upper}");
            // Both ends are rounded to the same number before.
            assert!(lower == rv || upper == rv);
            assert!(upper - lower <= 1e-6 * rv);
        }
        // Most of 200 resamples draw the only return that is not zero once or twice, or never: not rounding, so left alone.
        let one = intervals([vec![0.3], vec![0.0; 9]].concat(), 0.5);
        assert!(one.lower[[0, 0]] < one.realized_variance[[0, 0]] / 2.0, "{one:?}");
        let column = |values: Vec<f64>| {
            let values = Array2::from_shape_vec((values.len(), 1), values).unwrap();
            plan_columns(&values).unwrap().remove(0)
        };
        let column = column(vec![0.25; 385]);
        let far = column.sum + 2.0 * column.rounding + 1e-12 * column.sum;
        assert_eq!(around(&column, 385, [far, far]), [far, far]);
        assert_eq!(around(&column, 385, [0.0, 0.0]), [0.0, 0.0]);
    }

    #[test]
    fn appended_days_keep_the_larger_error_and_the_sum_of_the_times() {
        let intervals = |day: i8, relative_error: f64, seconds: u64| Intervals {
            dates: vec![date(2007, 1, day)],
            realized_variance: Array2::from_elem((1, 2), f64::from(day)),
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
            assert_eq!(all.realized_variance, ndarray::array![[3.0, 3.0], [4.0, 4.0]]);
            let [wall, resample, quantiles] = [all.times.wall, all.times.resample, all.times.quantiles];
            assert_eq!([wall, resample, quantiles].map(|time| time.as_secs()), [11, 22, 33]);
        }
        let mut narrow = intervals(3, 0.0, 1);
        narrow.lower = Array2::zeros((1, 3));
        assert!(narrow.append(&intervals(4, 0.0, 1)).is_err());
    }
}
