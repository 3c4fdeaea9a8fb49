//! Intervals of weeks, months, or all days together.
//!
//! A period's column sums are those of its days, added: θ of a period is a function of them. Rows are
//! resampled within their day, resample b of a period being the sum of the days' resamples b, so that the
//! draws are those of the days' own intervals and days keep their volatilities. The bootstrap thus holds each
//! day's distribution of returns apart; volatility that moves from day to day is no uncertainty of a sum of
//! realized variances.
//!
//! Integer sums of each day become f64 once, and days are added in the order of the calendar, resample by
//! resample: the same bits on every device and however the work is cut. All B sums of a period are held, of
//! one period at a time.
//!
//! A stock's sums are over its own days: one that lacks some of a period is summed over the others, and has
//! no cell where it lacks them all.

use std::ops::Range;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use jiff::civil::Date;
use ndarray::{Array2, ArrayRef1};

use super::exact::{ExactDistribution, has_exact_form};
use super::groups::{Group, Groups, ShortCell};
use super::results::{Found, Table};
use super::run::{around, error_and_bias, one_sided};
use super::{Bootstrap, Engine, Intervals, Observer, Resources, Times, day_number, with_place};
use crate::columns::{DayColumns, plan_columns};
use crate::error::{Error, Result};
use crate::exact::SumLaw;
use crate::interval::distribution::{Distribution, Nothing, Sample};
use crate::interval::{Estimate, Interval, Pivot, Quantile, corrected};
use crate::measure::Totals;
use crate::panel::DayReturns;
use crate::resample::plan::{Batch, Budget, DayShape, waves};
use crate::resample::{Chunk, Scheme, cpu};

/// The days that a cell is of.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Period {
    /// Each day.
    #[default]
    Day,
    /// The days of a week, from Monday on.
    Week,
    /// The days of a calendar month.
    Month,
    /// All days.
    All,
}

impl Period {
    /// The date that stands for the period of `date`: the week's Monday, the first of the month, or for all
    /// days the first that there is.
    pub fn label(self, date: Date, first: Date) -> Date {
        match self {
            Self::Day => date,
            Self::Week => {
                let since_monday = date.weekday().to_monday_zero_offset();
                date.checked_sub(jiff::Span::new().days(since_monday)).unwrap_or(date)
            }
            Self::Month => date.first_of_month(),
            Self::All => first,
        }
    }

    /// The day after the period that begins on the day `label`.
    pub(crate) fn end(self, label: Date) -> Date {
        let after = match self {
            Self::Day => label.tomorrow(),
            Self::Week => label.checked_add(jiff::Span::new().days(7)),
            Self::Month => label.checked_add(jiff::Span::new().months(1)),
            Self::All => Ok(Date::MAX),
        };
        after.unwrap_or(Date::MAX)
    }
}

/// What the days of a period gave for one cell so far.
#[derive(Debug, Clone)]
struct Open {
    /// Resample after resample, the columns' sums and, where one is wanted and it adds over days, the squared
    /// standard error.
    sums: Vec<f64>,
    /// The columns' sums of the resample that has each row once.
    own: Vec<f64>,
    /// The columns' sums in plain f64.
    plain: Vec<f64>,
    totals: Totals,
    rows: u32,
    /// The measure's quantities, row after row, where the acceleration is wanted.
    quantities: Vec<f64>,
    /// The laws of the days, where the exact distribution is wanted, and their column's sum over all rows.
    laws: Vec<SumLaw>,
    sum: f64,
    relative_error: f64,
    /// The rounding of resampled sums of the first column to integers.
    rounding: f64,
    /// Returns that are 0, the largest squared return, and their sum.
    shape: [f64; 3],
}

/// A cell of a period that is done: the estimate, what was found, and what is left of its sums.
type Closed = (f64, Found, Open);

/// No cell where a stock has no day of the period.
type Cells = Vec<Option<Closed>>;

/// The period that days are added to, and those that are done.
#[derive(Debug, Default)]
pub(super) struct Periods {
    first: Option<Date>,
    label: Option<Date>,
    open: Vec<Open>,
    cells: Vec<usize>,
    /// The label and the cells of each period that is done.
    done: Vec<(Date, Cells)>,
    /// Days that are too short for a cell to have part in.
    short: Vec<ShortCell>,
    times: Times,
}

impl Bootstrap {
    /// Numbers that are held of a resample of a cell.
    fn held(&self) -> usize {
        self.columns() + usize::from(self.studentize().is_some())
    }

    /// Whether the sums of resamples are wanted.
    fn draws_any(&self) -> bool {
        !self.needs.is_empty()
    }

    /// Adds some days, later than those before, to their periods.
    pub(super) fn add_days(
        &self,
        days: &[DayReturns],
        engine: &mut Engine<'_>,
        resources: &Resources<'_>,
        observer: &dyn Observer,
        periods: &mut Periods,
    ) -> Result<()> {
        let start = Instant::now();
        let Groups { cells, dates, groups, short } = self.groups(days)?;
        periods.short.extend(short);
        let mut groups = groups.iter().peekable();
        for (row, date) in dates.into_iter().enumerate() {
            let first = *periods.first.get_or_insert(date);
            let label = self.period.label(date, first);
            if periods.label != Some(label) {
                self.close(periods)?;
                periods.label = Some(label);
                periods.cells.clone_from(&cells);
                periods.open = self.open(cells.len(), resources.memory)?;
            }
            while let Some(group) = groups.next_if(|group| group.row == row) {
                self.add_group(group, engine, resources, observer, periods)?;
            }
        }
        periods.times.wall += start.elapsed();
        Ok(())
    }

    /// New sums for so many cells.
    fn open(&self, cells: usize, memory: u64) -> Result<Vec<Open>> {
        let held = if self.draws_any() { self.samples as usize * self.held() } else { 0 };
        // Those of the period, and those of the day that is added.
        let needed = 2 * 8 * held as u64 * cells as u64;
        if needed > memory {
            return Err(Error::Memory {
                what: format!("holding {} resamples of {cells} stocks for a period", self.samples),
                needed,
                allowed: memory,
                advice: "raise `memory`, lower `samples`, or choose fewer `stocks`".into(),
            });
        }
        let one = Open {
            sums: vec![0.0; held],
            own: vec![0.0; self.columns()],
            plain: vec![0.0; self.columns()],
            totals: [0.0; 9],
            rows: 0,
            quantities: Vec::new(),
            laws: Vec::new(),
            sum: 0.0,
            relative_error: 0.0,
            rounding: 0.0,
            shape: [0.0; 3],
        };
        Ok(vec![one; cells])
    }

    /// Adds the cells of a day that are resampled together to the open period.
    fn add_group(
        &self,
        group: &Group<'_>,
        engine: &mut Engine<'_>,
        resources: &Resources<'_>,
        observer: &dyn Observer,
        periods: &mut Periods,
    ) -> Result<()> {
        let Periods { open, times, .. } = periods;
        let Group { day, cells, columns: of_returns, .. } = group;
        let rows = day.returns.nrows() as u32;
        let quantities = self.quantities(day, of_returns);
        let columns = plan_columns(&quantities).map_err(|error| with_place(day, error))?;
        let per_cell = self.columns();
        for (number, (&stock, &cell)) in of_returns.iter().zip(cells).enumerate() {
            let open = &mut open[cell];
            let totals = self.measure.totals(&day.returns, stock);
            for (sum, of_day) in open.totals.iter_mut().zip(totals) {
                *sum += of_day;
            }
            open.rows += rows;
            let of_cell = number * per_cell..(number + 1) * per_cell;
            for (sum, column) in open.plain.iter_mut().zip(&columns[of_cell.clone()]) {
                *sum += column.sum;
            }
            let errors = columns[of_cell.clone()].iter().map(|column| column.relative_error);
            open.rounding += columns[of_cell.start].rounding;
            open.relative_error = errors.fold(open.relative_error, f64::max);
            if self.is_accelerated() {
                let own = of_cell.start..of_cell.start + self.measure.columns();
                quantities
                    .rows()
                    .into_iter()
                    .for_each(|row| open.quantities.extend(own.clone().map(|at| row[at])));
            }
            if self.exact || self.against_exact {
                let values = quantities.column(of_cell.start).to_owned();
                open.laws.push(self.law(&values).map_err(|error| with_place(day, error))?);
                open.sum += values.iter().sum::<f64>();
            }
            describe(&mut open.shape, &day.returns.column(stock));
        }
        if !self.draws_any() {
            return if observer.drawn(0).is_break() { Err(Error::Cancelled) } else { Ok(()) };
        }

        let shape = DayShape::new(rows, &columns, per_cell, 0);
        let shapes = [DayShape { alone: self.automatic_blocks, ..shape }];
        let taken = 2 * 8 * open.iter().map(|open| open.sums.len() as u64).sum::<u64>();
        let budget = Budget {
            memory: resources.memory.saturating_sub(taken),
            threads: resources.jobs.thread_count(),
            device: engine.limits(),
        };
        let resamples = crate::resample::plan::Resamples { held: 0, bytes: 0, ..self.resamples() };
        for wave in waves(&shapes, resamples, &budget)? {
            let of_batch = |batch: &Batch| {
                let Range { start, end } = batch.cells.clone();
                let planned = columns[start * per_cell..end * per_cell].to_vec();
                let values = self.quantities(day, &of_returns[batch.cells.clone()]);
                DayColumns::planned(day_number(day.date), &values, planned)
            };
            for batch in &wave {
                let tables = [of_batch(batch)?];
                let scheme = self.scheme_of(day, of_returns[batch.cells.start]);
                let scheme = scheme.map_err(|error| with_place(day, error))?;
                let sums = self.day_sums(batch, &tables, &scheme, engine, resources, observer, times)?;
                let start = Instant::now();
                let whole = Chunk::of_all_rows(&tables[0]);
                for (number, (&cell, sums)) in cells[batch.cells.clone()].iter().zip(&sums).enumerate() {
                    let open = &mut open[cell];
                    for (sum, of_day) in open.sums.iter_mut().zip(sums) {
                        *sum += of_day;
                    }
                    let own = &tables[0].columns()[number * per_cell..][..per_cell];
                    for (sum, column) in open.own.iter_mut().zip(own) {
                        *sum += column.value_of(whole.sum(column, 0));
                    }
                }
                times.quantiles += start.elapsed();
            }
        }
        Ok(())
    }

    /// The sums of a batch of one day, cell by cell, resample after resample.
    #[expect(clippy::too_many_arguments, reason = "what a day's work needs, once")]
    fn day_sums(
        &self,
        batch: &Batch,
        tables: &[DayColumns; 1],
        scheme: &Scheme,
        engine: &mut Engine<'_>,
        resources: &Resources<'_>,
        observer: &dyn Observer,
        times: &mut Times,
    ) -> Result<Vec<Vec<f64>>> {
        let (held, per_cell) = (self.held(), self.columns());
        let empty = |_| Mutex::new(vec![0.0; self.samples as usize * held]);
        let cells: Vec<Mutex<Vec<f64>>> = batch.cells.clone().map(empty).collect();
        let cancelled = std::sync::atomic::AtomicBool::new(false);
        let take = |chunk: &Chunk<'_>| {
            let studentize = self.studentize();
            for (cell, of_cell) in cells.iter().enumerate() {
                let own = &tables[0].columns()[cell * per_cell..][..per_cell];
                let (mut values, mut sums) = (vec![0.0; chunk.samples() * held], Vec::new());
                let resamples = self.of_chunk(own, batch.rows, chunk, studentize, &mut sums);
                let of_sample = values.chunks_exact_mut(held).zip(sums.chunks_exact(per_cell)).zip(resamples);
                for ((values, sums), resample) in of_sample {
                    let (columns, error) = values.split_at_mut(per_cell);
                    columns.copy_from_slice(sums);
                    error.iter_mut().for_each(|error| *error = resample.squared_error);
                }
                // A thread that panicked while it held the lock brings the whole run to its end.
                let mut of_cell = of_cell.lock().unwrap_or_else(PoisonError::into_inner);
                let first = chunk.first() as usize * held;
                of_cell[first..first + values.len()].copy_from_slice(&values);
            }
            let draws = u64::from(batch.rows) * batch.cells.len() as u64 * chunk.samples() as u64;
            let next = observer.drawn(draws);
            if next.is_break() {
                cancelled.store(true, std::sync::atomic::Ordering::Relaxed);
            }
            next
        };
        let start = Instant::now();
        match engine {
            Engine::Cpu => {
                let take = |chunk: &Chunk<'_>, _: Duration| take(chunk);
                let samples = 0..self.samples;
                resources
                    .jobs
                    .install(|| cpu::resample_each(&tables[0], scheme, self.seed, samples, take))?;
            }
            Engine::Gpu(resampler) => {
                let wave = [Batch { day: 0, ..batch.clone() }];
                let take =
                    |chunks: &[(usize, Chunk<'_>)]| chunks.iter().try_for_each(|(_, chunk)| take(chunk));
                resampler.resample(&wave, tables, scheme, self.seed, self.samples, take)?;
            }
        }
        times.resample += start.elapsed();
        if cancelled.into_inner() {
            return Err(Error::Cancelled);
        }
        Ok(cells.into_iter().map(|sums| sums.into_inner().unwrap_or_else(PoisonError::into_inner)).collect())
    }

    /// Computes the intervals of the open period.
    fn close(&self, periods: &mut Periods) -> Result<()> {
        let Some(label) = periods.label.take() else { return Ok(()) };
        let start = Instant::now();
        let open = std::mem::take(&mut periods.open);
        let of_cell = |mut open: Open| {
            if open.rows == 0 {
                return Ok(None);
            }
            let (value, found) = self.period_found(&mut open)?;
            // What was summed is not needed any more.
            (open.sums, open.quantities) = (Vec::new(), Vec::new());
            Ok(Some((value, found, open)))
        };
        let cells = open.into_iter().map(of_cell).collect::<Result<_>>()?;
        periods.done.push((label, cells));
        periods.times.quantiles += start.elapsed();
        Ok(())
    }

    /// The estimate and the intervals of a cell of a period.
    fn period_found(&self, open: &mut Open) -> Result<(f64, Found)> {
        let (held, per_cell, rows) = (self.held(), self.columns(), open.rows);
        let value = self.measure.estimate_of(&open.totals, rows);
        let squared_error = self.measure.squared_error_of(&open.totals, rows).unwrap_or(f64::NAN);
        let is_of_sum = self.measure.is_of_sum();
        let acceleration = match self.is_accelerated() {
            false => f64::NAN,
            true => {
                let columns = self.measure.columns();
                let without_row = |row: &[f64]| {
                    if is_of_sum {
                        return -row[0];
                    }
                    let sums: Vec<f64> = open.plain.iter().zip(row).map(|(sum, value)| sum - value).collect();
                    self.measure.statistic(&sums, rows - 1)
                };
                let without: Vec<f64> = open.quantities.chunks_exact(columns).map(without_row).collect();
                corrected::acceleration(&without)
            }
        };
        let resampled = if self.draws_any() { self.measure.statistic(&open.own, rows) } else { value };
        let estimate = Estimate { value, resampled, squared_error, acceleration };

        let resample = |sums: &[f64]| {
            let (sums, error) = sums.split_at(per_cell);
            let squared_error = match (self.studentize(), self.scheme) {
                (Some(studentize), Scheme::Wild) => studentize.squared_error_of_wild(rows, sums),
                _ => error.first().copied().unwrap_or(f64::NAN),
            };
            crate::interval::Resampled { value: self.measure.statistic(sums, rows), squared_error }
        };
        let law = (!open.laws.is_empty()).then(|| SumLaw::sum(std::mem::take(&mut open.laws)));
        let exact = |law| {
            let mut exact = ExactDistribution::new(law, &*self.measure, rows, open.sum);
            exact.prepare(&self.scheme, &self.intervals, &self.tail);
            exact
        };
        let mut exact = law.as_ref().map(exact);
        let mut samples: Vec<(Pivot, Sample)> = Vec::new();
        let (mut ends, mut exact_ends) = (Vec::new(), Vec::new());
        for interval in &self.intervals {
            let of = |pivot: &mut dyn Distribution, estimate: &Estimate| {
                let mut found = interval.ends(estimate, pivot, &self.tail);
                let of_resamples = pivot.moments().count.is_finite();
                if interval.name() == "percentile" && self.snaps() && of_resamples {
                    let sum = [open.plain[0], open.rounding];
                    found = around(sum, rows, found, |sum| self.measure.of_sum(sum, rows));
                }
                one_sided(found, self.tail.side, interval.is_log())
            };
            let exact_form = match &mut exact {
                Some(exact) if has_exact_form(&*self.measure, &self.scheme, &**interval) => {
                    of(exact, &Estimate { resampled: value, ..estimate })
                }
                _ => [Quantile { value: f64::NAN, error: f64::NAN }; 2],
            };
            ends.push(match interval.pivot() {
                None => of(&mut Nothing, &estimate),
                Some(_) if self.exact => exact_form,
                Some(pivot) => {
                    if !samples.iter().any(|(known, _)| *known == pivot) {
                        let pivots =
                            open.sums.chunks_exact(held).map(|sums| pivot.of(&estimate, &resample(sums)));
                        samples.push((pivot, Sample::new(&pivots.collect::<Vec<_>>())));
                    }
                    match samples.iter_mut().find(|(known, _)| *known == pivot) {
                        Some((_, sample)) => of(sample, &estimate),
                        None => of(&mut Nothing, &estimate),
                    }
                }
            });
            exact_ends.push(exact_form.map(|end| end.value));
        }
        let moments = match (self.details, &exact) {
            (true, Some(exact)) if self.exact => exact.error_and_bias(value),
            (true, _) if self.draws_any() => {
                let values: Vec<f64> =
                    open.sums.chunks_exact(held).map(|sums| resample(sums).value).collect();
                let moments = Sample::new(&values).moments();
                error_and_bias(moments, resampled)
            }
            _ => [f64::NAN; 2],
        };
        if let Some(failure) = exact.and_then(|exact| exact.failure) {
            return Err(failure);
        }
        let relative_error = match self.exact {
            true => super::exact::largest_error(&ends, value),
            false => open.relative_error,
        };
        Ok((value, Found { ends, exact: self.against_exact.then_some(exact_ends), moments, relative_error }))
    }

    /// The table of all periods.
    pub(super) fn close_periods(&self, mut periods: Periods) -> Result<Intervals> {
        self.close(&mut periods)?;
        let Periods { cells, done, short, times, .. } = periods;
        let dates = done.iter().map(|(label, _)| *label).collect();
        let present =
            Array2::from_shape_fn((done.len(), cells.len()), |(period, cell)| done[period].1[cell].is_some());
        let mut table = Table::of(self, cells, dates, present);
        if self.against_exact {
            let missing = || Array2::from_elem(table.found.estimate.dim(), f64::NAN);
            for ends in &mut table.found.ends {
                ends.exact = Some([missing(), missing()]);
            }
        }
        for (period, (_, cells)) in done.into_iter().enumerate() {
            for (cell, closed) in cells.into_iter().enumerate() {
                let Some((value, found, open)) = closed else { continue };
                let at = [period, cell];
                table.found.estimate[at] = value;
                table.fill_cell(at, &found);
                // The test for jumps and padding are of a day alone.
                if let Some(details) = &mut table.found.details {
                    let [zeros, largest, sum] = open.shape;
                    details.rows[at] = open.rows;
                    details.zeros[at] = zeros / f64::from(open.rows);
                    details.largest[at] = if sum > 0.0 { largest / sum } else { 0.0 };
                }
            }
        }
        let mut all = table.found;
        (all.short, all.times) = (short, times);
        Ok(all)
    }
}

fn describe([zeros, largest, sum]: &mut [f64; 3], returns: &ArrayRef1<f64>) {
    for r in returns {
        let square = r * r;
        *zeros += f64::from(u8::from(*r == 0.0));
        *largest = largest.max(square);
        *sum += square;
    }
}

/// Refuses what does not add over days.
///
/// # Errors
///
/// [`Error::Parameter`] with the reason and what to take instead.
pub(super) fn refuse(bootstrap: &Bootstrap, interval: &dyn Interval) -> Result<()> {
    let studentized = interval.pivot().is_some_and(Pivot::is_studentized);
    if bootstrap.period == Period::Day
        || !studentized
        || bootstrap.measure.is_sum()
        || bootstrap.scheme == Scheme::Wild
    {
        return Ok(());
    }
    Err(Error::Parameter {
        name: "interval",
        value: interval.name().into(),
        requirement: format!(
            "standard errors of resampled days add up for sums and not for the {}; take percentile or \
             bca, or the \
             variance",
            bootstrap.measure.name()
        ),
    })
}
