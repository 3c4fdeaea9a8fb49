//! Days in memory: resampled wave by wave on an engine, and the table of their cells.

use std::ops::Range;
use std::sync::atomic::AtomicBool;
use std::time::Instant;

use super::groups::{Group, Groups};
use super::periods::Periods;
use super::results::Table;
use super::run::{Clocks, Finish, Planned, Run};
use super::selection::Selection;
use super::{Bootstrap, Engine, Intervals, Observer, Period, Resources, Times, exact};
use crate::columns::Column;
use crate::error::Result;
use crate::interval::Estimate;
use crate::panel::DayReturns;
use crate::resample::plan::{Batch, Budget, DayShape, waves};

impl Bootstrap {
    /// The intervals of every day and cell. Entries of one day follow each other, and are of different
    /// stocks: a stock that is in none of them has no cell there ([`Intervals::has`]).
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] where a single cell does not fit, [`Error::Gpu`] where the device fails,
    /// [`Error::Parameter`] for returns that are not finite, days of other stocks, or returns over different
    /// times where the measure is of two stocks, [`Error::Cancelled`].
    ///
    /// [`Error::Memory`]: crate::Error::Memory
    /// [`Error::Gpu`]: crate::Error::Gpu
    /// [`Error::Parameter`]: crate::Error::Parameter
    /// [`Error::Cancelled`]: crate::Error::Cancelled
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
        let looked = self.look(&all.groups, resources.jobs)?;
        let mut table = Table::new(self, &all);
        for (group, planned) in all.groups.iter().zip(&looked.1) {
            for (&cell, estimate) in group.cells.iter().zip(&planned.estimates) {
                table.found.estimate[[group.row, cell]] = estimate.value;
            }
        }
        let finish = |batch: &Batch, selections: Vec<Selection>, estimate: &Estimate, columns: &[Column]| {
            self.of_selections(batch, selections, estimate, columns)
        };
        let (samples, clocks) = (0..self.samples, Clocks::default());
        let work = (&all.groups[..], &looked, samples, &clocks);
        self.each_wave(work, engine, resources, observer, &finish, |group, batch, found| {
            table.fill(group, batch, &found);
        })?;
        let mut found = table.found;
        found.times = Times {
            wall: start.elapsed(),
            resample: clocks.resample.total(),
            quantiles: clocks.quantiles.total(),
        };
        self.describe_cells(&mut found, &all, resources, observer)?;
        Ok(found)
    }

    /// Takes the resamples numbered `samples` of the days of groups, of which is known what was looked at,
    /// wave by wave: what `finish` makes of the cells of a batch goes to `take`.
    pub(super) fn each_wave<T: Send>(
        &self,
        (groups, (shapes, planned), samples, clocks): Work<'_, '_>,
        engine: &mut Engine<'_>,
        resources: &Resources<'_>,
        observer: &dyn Observer,
        finish: &Finish<'_, T>,
        mut take: impl FnMut(&Group<'_>, &Batch, Vec<T>),
    ) -> Result<()> {
        let jobs = resources.jobs;
        let budget =
            Budget { memory: resources.memory, threads: jobs.thread_count(), device: engine.limits() };
        let cancelled = &AtomicBool::new(false);
        for wave in &waves(shapes, self.resamples(), &budget)? {
            let samples = samples.clone();
            let run =
                Run { bootstrap: self, groups, planned, wave, samples, jobs, clocks, observer, cancelled };
            let finished = match engine {
                _ if self.needs.is_empty() => run.without_draws(finish),
                Engine::Cpu => run.on_cpu(finish)?,
                Engine::Gpu(resampler) => run.on_gpu(resampler, finish)?,
            };
            for (batch, found) in wave.iter().zip(finished) {
                take(&groups[batch.day], batch, found);
            }
        }
        Ok(())
    }

    /// Adds to the cells' ends what their returns show, and the ends of infinitely many resamples, each where
    /// it is wanted.
    pub(super) fn describe_cells(
        &self,
        found: &mut Intervals,
        all: &Groups<'_>,
        resources: &Resources<'_>,
        observer: &dyn Observer,
    ) -> Result<()> {
        exact::describe(&mut found.details, &all.groups);
        if self.against_exact {
            let exact = self.run_exact(all, resources.jobs, observer)?;
            for (ends, exact) in found.ends.iter_mut().zip(exact.ends) {
                ends.exact = Some([exact.lower, exact.upper]);
            }
        }
        Ok(())
    }
}

/// What is resampled: groups, what is known of them before, which resamples; and where their time is counted.
pub(super) type Work<'a, 'b> = (&'a [Group<'b>], &'a (Vec<DayShape>, Vec<Planned>), Range<u32>, &'a Clocks);
