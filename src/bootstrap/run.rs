//! Resampling days and cells wave by wave, on either engine, and their intervals.

use std::ops::{ControlFlow, Range};
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::groups::Group;
use super::results::Found;
use super::selection::{Need, Selection};
use super::{Bootstrap, Observer, day_number};
use crate::columns::{Column, DayColumns};
use crate::error::{Error, Result};
use crate::interval::distribution::{Distribution, Nothing};
use crate::interval::{Estimate, Moments, Pivot, Quantile, Resampled, Side, corrected};
use crate::jobs::Jobs;
use crate::resample::gpu::Resampler;
use crate::resample::plan::{Batch, Wave};
use crate::resample::{Chunk, Scheme, cpu};

/// Time spent, added up over threads.
#[derive(Debug, Default)]
pub(super) struct Clock(AtomicU64);

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

    pub(super) fn total(&self) -> Duration {
        Duration::from_nanos(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Debug, Default)]
pub(super) struct Clocks {
    pub(super) resample: Clock,
    pub(super) quantiles: Clock,
}

/// What is known of a group before resampling.
pub(super) struct Planned {
    /// How its columns are written, cell after cell.
    pub(super) columns: Vec<Column>,
    /// Its estimates, by cell.
    pub(super) estimates: Vec<Estimate>,
    /// How rows enter a resample, by cell.
    pub(super) schemes: Vec<Scheme>,
}

/// What is made of a cell of a batch, of what is kept of its resamples, its estimate and its columns.
pub(super) type Finish<'a, T> = dyn Fn(&Batch, Vec<Selection>, &Estimate, &[Column]) -> T + Sync + 'a;

/// One wave and what it needs.
pub(super) struct Run<'a> {
    pub(super) bootstrap: &'a Bootstrap,
    pub(super) groups: &'a [Group<'a>],
    /// What is known of each group before resampling.
    pub(super) planned: &'a [Planned],
    pub(super) wave: &'a Wave,
    /// The resamples to take.
    pub(super) samples: Range<u32>,
    pub(super) jobs: &'a Jobs,
    pub(super) clocks: &'a Clocks,
    pub(super) observer: &'a dyn Observer,
    pub(super) cancelled: &'a AtomicBool,
}

impl Run<'_> {
    /// The intervals that need no resamples.
    pub(super) fn without_draws<T>(&self, finish: &Finish<'_, T>) -> Vec<Vec<T>> {
        let of_batch = |batch: &Batch| {
            let Planned { columns, estimates, .. } = &self.planned[batch.day];
            let per_cell = self.bootstrap.columns();
            let of_cell = |cell: usize| {
                finish(batch, Vec::new(), &estimates[cell], &columns[cell * per_cell..][..per_cell])
            };
            batch.cells.clone().map(of_cell).collect()
        };
        self.wave.iter().map(of_batch).collect()
    }

    /// Each batch is a job: columns, resample, quantiles. Samples within a batch are spread over idle threads
    /// too.
    pub(super) fn on_cpu<T: Send>(&self, finish: &Finish<'_, T>) -> Result<Vec<Vec<T>>> {
        let batch_job = |batch: &&Batch| {
            if self.cancelled.load(Ordering::Relaxed) {
                return Err(Error::Cancelled);
            }
            let columns = self.columns(batch)?;
            let estimates = self.estimates(batch, &columns);
            let selections = self.selections(&columns);
            let take = |chunk: &Chunk<'_>, spent: Duration| {
                self.clocks.resample.add(spent);
                self.push(&estimates, &selections, &columns, chunk);
                self.finished(batch, chunk)
            };
            let (seed, samples) = (self.bootstrap.seed, self.samples.clone());
            cpu::resample_each(&columns, self.scheme(batch), seed, samples, take)?;
            self.ends(batch, selections, &estimates, &columns, finish)
        };
        let finished = self.jobs.map(self.wave, batch_job).all();
        finished.map_err(|(batch, failure)| {
            failure.into_error(format!("the day {}", self.groups[batch.day].day.date))
        })
    }

    /// The device resamples; the pool selects from the sums of a tile while the device works on the next.
    pub(super) fn on_gpu<T: Send>(
        &self,
        resampler: &mut Resampler,
        finish: &Finish<'_, T>,
    ) -> Result<Vec<Vec<T>>> {
        let columns: Vec<DayColumns> = self
            .jobs
            .install(|| self.wave.par_iter().map(|batch| self.columns(batch)).collect::<Result<_>>())?;
        let estimates = self.wave.par_iter().zip(&columns);
        let estimates: Vec<Vec<Estimate>> =
            self.jobs.install(|| estimates.map(|(batch, columns)| self.estimates(batch, columns)).collect());
        let selections: Vec<_> = columns.iter().map(|columns| self.selections(columns)).collect();
        let (start, mut selecting) = (Instant::now(), Duration::ZERO);
        let seed = self.bootstrap.seed;
        // Batches of one scheme at a time: all of them, but for blocks of which each cell has its own length.
        let mut first = 0;
        for batches in self.wave.chunk_by(|one, other| self.scheme(one) == self.scheme(other)) {
            let take = |chunks: &[(usize, Chunk<'_>)]| {
                let start = Instant::now();
                let select = |(number, chunk): &(usize, Chunk<'_>)| {
                    let number = first + number;
                    let (batch, columns) = (&self.wave[number], &columns[number]);
                    let estimates = &estimates[number];
                    selections[number].par_iter().enumerate().for_each(|(cell, selection)| {
                        let select = || self.select(&estimates[cell], cell, selection, columns, chunk);
                        self.clocks.quantiles.time(select);
                    });
                    self.finished(batch, chunk)
                };
                let next = self.jobs.install(|| chunks.par_iter().try_for_each(select));
                selecting += start.elapsed();
                next
            };
            let columns = &columns[first..first + batches.len()];
            let (scheme, samples) = (self.scheme(&batches[0]), self.samples.clone());
            resampler.resample_some(batches, columns, scheme, seed, samples, take)?;
            first += batches.len();
        }
        self.clocks.resample.add(start.elapsed().saturating_sub(selecting));
        let batches = self.wave.iter().zip(selections).zip(&estimates).zip(&columns);
        batches
            .map(|(((batch, selections), estimates), columns)| {
                self.ends(batch, selections, estimates, columns, finish)
            })
            .collect()
    }

    /// How rows of a batch enter a resample.
    fn scheme(&self, batch: &Batch) -> &Scheme {
        &self.planned[batch.day].schemes[batch.cells.start]
    }

    /// The columns of a batch.
    fn columns(&self, batch: &Batch) -> Result<DayColumns> {
        let (Group { day, columns, .. }, per_cell) = (&self.groups[batch.day], self.bootstrap.columns());
        let Range { start, end } = batch.cells.clone();
        let planned = self.planned[batch.day].columns[start * per_cell..end * per_cell].to_vec();
        let values = self.bootstrap.quantities(day, &columns[batch.cells.clone()]);
        DayColumns::planned(day_number(day.date), &values, planned)
    }

    /// Tells of progress: some resamples of a batch are summed and selected from.
    fn finished(&self, batch: &Batch, chunk: &Chunk<'_>) -> ControlFlow<()> {
        let draws = u64::from(batch.rows) * batch.cells.len() as u64 * chunk.samples() as u64;
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
    fn selections(&self, columns: &DayColumns) -> Vec<Mutex<Vec<Selection>>> {
        let bootstrap = self.bootstrap;
        let of_cell = |columns: &[Column]| {
            let of_need = |need: &Need| {
                let (samples, sums) = (&self.samples, bootstrap.selects_sums());
                Selection::new(*need, samples, bootstrap.samples, &columns[0], sums)
            };
            Mutex::new(bootstrap.needs.iter().map(of_need).collect())
        };
        columns.columns().chunks_exact(bootstrap.columns()).map(of_cell).collect()
    }

    /// Selects from a chunk of sums. Threads that come at a time begin at different cells.
    fn push(
        &self,
        estimates: &[Estimate],
        selections: &[Mutex<Vec<Selection>>],
        columns: &DayColumns,
        chunk: &Chunk<'_>,
    ) {
        self.clocks.quantiles.time(|| {
            let first = rayon::current_thread_index().unwrap_or(0);
            for cell in (0..selections.len()).map(|number| (first + number) % selections.len()) {
                self.select(&estimates[cell], cell, &selections[cell], columns, chunk);
            }
        });
    }

    /// Selects from the sums of one cell of a batch in a chunk.
    fn select(
        &self,
        estimate: &Estimate,
        cell: usize,
        selections: &Mutex<Vec<Selection>>,
        columns: &DayColumns,
        chunk: &Chunk<'_>,
    ) {
        let bootstrap = self.bootstrap;
        let per_cell = bootstrap.columns();
        let own = &columns.columns()[cell * per_cell..][..per_cell];
        let only_sums = bootstrap
            .needs
            .iter()
            .all(|need| matches!(need, Need::Tails(Pivot::Statistic, _)) && bootstrap.selects_sums());
        let resampled: Vec<Resampled> = if only_sums {
            Vec::new()
        } else {
            bootstrap.of_chunk(own, columns.rows(), chunk, bootstrap.studentize(), &mut Vec::new())
        };
        // A thread that panicked while it held the lock brings the whole run to its end.
        for selection in selections.lock().unwrap_or_else(PoisonError::into_inner).iter_mut() {
            selection.push(estimate, &own[0], chunk, &resampled);
        }
    }

    /// What is made of each cell of a batch, when all sums have come.
    fn ends<T>(
        &self,
        batch: &Batch,
        selections: Vec<Mutex<Vec<Selection>>>,
        estimates: &[Estimate],
        columns: &DayColumns,
        finish: &Finish<'_, T>,
    ) -> Result<Vec<T>> {
        if self.cancelled.load(Ordering::Relaxed) {
            return Err(Error::Cancelled);
        }
        let cells = columns.columns().chunks_exact(self.bootstrap.columns());
        Ok(self.clocks.quantiles.time(|| {
            let cells = selections.into_iter().zip(cells).zip(estimates);
            let found = cells.map(|((selections, own), estimate)| {
                let selections = selections.into_inner().unwrap_or_else(PoisonError::into_inner);
                finish(batch, selections, estimate, own)
            });
            found.collect()
        }))
    }

    /// The estimates of a batch, cell by cell, with what only some intervals need.
    fn estimates(&self, batch: &Batch, columns: &DayColumns) -> Vec<Estimate> {
        let estimates = &self.planned[batch.day].estimates[batch.cells.clone()];
        let bootstrap = self.bootstrap;
        if !bootstrap.needs.contains(&Need::All) && bootstrap.studentize().is_none() {
            return estimates.to_vec();
        }
        let whole = Chunk::of_all_rows(columns);
        let cells = columns.columns().chunks_exact(bootstrap.columns()).zip(estimates).enumerate();
        cells.map(|(cell, (own, estimate))| self.completed(batch, cell, estimate, &whole, own)).collect()
    }

    /// The estimate of a cell of a batch with what only some intervals need.
    fn completed(
        &self,
        batch: &Batch,
        cell: usize,
        estimate: &Estimate,
        whole: &Chunk<'_>,
        own: &[Column],
    ) -> Estimate {
        let bootstrap = self.bootstrap;
        let mut sums = vec![0.0; own.len()];
        for (sum, column) in sums.iter_mut().zip(own) {
            *sum = column.value_of(whole.sum(column, 0));
        }
        let resampled = bootstrap.measure.statistic(&sums, batch.rows);
        let acceleration = if bootstrap.is_accelerated() {
            let Group { day, columns, .. } = &self.groups[batch.day];
            let quantities = bootstrap.quantities(day, &[columns[batch.cells.start + cell]]);
            let without_row = |row: ndarray::ArrayView1<'_, f64>| {
                // Of an increasing function of a sum it is that of the sum.
                if bootstrap.measure.is_of_sum() {
                    return -row[0];
                }
                let sums: Vec<f64> = own.iter().zip(&row).map(|(column, value)| column.sum - value).collect();
                bootstrap.measure.statistic(&sums, batch.rows - 1)
            };
            corrected::acceleration(&quantities.rows().into_iter().map(without_row).collect::<Vec<_>>())
        } else {
            f64::NAN
        };
        Estimate { resampled, acceleration, ..*estimate }
    }
}

/// What is known of a cell's columns once they are resampled.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct CellFacts {
    /// Rows of the day.
    pub(crate) rows: u32,
    /// The first column's sum, and the rounding of its resampled sums to integers.
    pub(crate) sum: [f64; 2],
    /// The bound on the rounding error of any column's sum.
    pub(crate) relative_error: f64,
}

impl CellFacts {
    pub(super) fn new(rows: u32, columns: &[Column]) -> Self {
        let relative_error = columns.iter().map(|column| column.relative_error).fold(0.0, f64::max);
        Self { rows, sum: [columns[0].sum, columns[0].rounding], relative_error }
    }
}

impl Bootstrap {
    /// The statistic of a resampled sum of a cell's only column, whose own is `all`.
    pub(super) fn of_resampled_sum(&self, sum: f64, all: f64, rows: u32) -> f64 {
        self.measure.of_sum(self.scheme.value(sum, all, self.degree(0)), rows)
    }

    /// The intervals of a cell, from what is kept of all resamples.
    pub(super) fn of_selections(
        &self,
        batch: &Batch,
        selections: Vec<Selection>,
        estimate: &Estimate,
        columns: &[Column],
    ) -> Found {
        let of_sum = |sum: f64| self.of_resampled_sum(sum, columns[0].sum, batch.rows);
        let distributions = selections.into_iter().map(|one| one.distribution(&columns[0], of_sum));
        self.found(&CellFacts::new(batch.rows, columns), estimate, distributions.collect())
    }

    /// The same, from what its needs give of all resamples.
    pub(super) fn found(
        &self,
        facts: &CellFacts,
        estimate: &Estimate,
        mut distributions: Vec<Box<dyn Distribution>>,
    ) -> Found {
        let moments = match (self.details, distributions.first()) {
            (true, Some(all)) => error_and_bias(all.moments(), estimate.resampled),
            _ => [f64::NAN; 2],
        };
        let ends = self.intervals.iter().zip(&self.need_of).map(|(interval, need)| {
            let mut nothing = Nothing;
            let pivot: &mut dyn Distribution = match need {
                Some(need) => &mut *distributions[*need],
                None => &mut nothing,
            };
            let mut ends = interval.ends(estimate, pivot, &self.tail);
            if interval.name() == "percentile" && self.snaps() {
                ends = around(facts.sum, facts.rows, ends, |sum| self.measure.of_sum(sum, facts.rows));
            }
            one_sided(ends, self.tail.side, interval.is_log())
        });
        let ends = ends.collect();
        Found { ends, exact: None, moments, relative_error: facts.relative_error }
    }
}

/// Standard error and bias of resamples that have these moments.
pub(super) fn error_and_bias(moments: Moments, resampled: f64) -> [f64; 2] {
    // Equal infinite ones too, of the logarithm of a variance of 0.
    let bias = if moments.mean == resampled { 0.0 } else { moments.mean - resampled };
    [moments.variance.sqrt(), bias]
}

/// The ends, of which only one may be wanted.
pub(super) fn one_sided([lower, upper]: [Quantile; 2], side: Side, is_log: bool) -> [Quantile; 2] {
    match side {
        Side::Both => [lower, upper],
        Side::Lower => [lower, Quantile::certain(f64::INFINITY)],
        Side::Upper => [Quantile::certain(if is_log { 0.0 } else { f64::NEG_INFINITY }), upper],
    }
}

/// The ends, such that an end on the wrong side of a column's own sum by rounding alone is that sum; given
/// are the sum and the rounding of its resamples to integers. `of_sum` makes a statistic of a sum, and must
/// not decrease.
pub(super) fn around(
    [sum, rounding]: [f64; 2],
    rows: u32,
    [lower, upper]: [Quantile; 2],
    of_sum: impl Fn(f64) -> f64,
) -> [Quantile; 2] {
    const UNIT: f64 = f64::EPSILON / 2.0;
    let rounding = rounding + (f64::from(rows) + 16.0) * UNIT * sum;
    let value = of_sum(sum);
    let [least, most] = [sum - rounding, sum + rounding].map(of_sum);
    let snapped = |end: Quantile| Quantile { value, ..end };
    let lower = if lower.value > value && lower.value <= most { snapped(lower) } else { lower };
    [lower, if upper.value < value && upper.value >= least { snapped(upper) } else { upper }]
}
