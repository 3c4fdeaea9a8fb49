//! A part of the samples: what it has for each cell, and the intervals from what all parts have.
//!
//! With few days and very many samples a run is cut along the samples. An interval's ends follow from few
//! order statistics of its pivot ([`crate::interval::tails`]), and of a part's samples only those can be
//! among them that are as near to an end of its own: the m smallest of all are among the m smallest of each
//! part. So a part carries as many of its smallest and largest as decide the ends of all B, and these merge
//! exactly. Where an interval needs all statistics (BC, BCa, normal, details) the part carries its own, in
//! order.

use std::ops::Range;
use std::time::Instant;

use super::panel::each_block;
use super::results::{Found, Table};
use super::run::{CellFacts, Clocks};
use super::selection::{Carried, Selection, joined};
use super::{Bootstrap, Engine, Intervals, Observer, PanelTimes, Period, Resources};
use crate::columns::Column;
use crate::error::{Error, Result};
use crate::interval::Estimate;
use crate::panel::{DayReturns, PanelReader};
use crate::resample::plan::Batch;

/// What a part of the samples has of a cell.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct SampleCell {
    pub(crate) estimate: Estimate,
    pub(crate) facts: CellFacts,
    /// Of each need.
    pub(crate) carried: Vec<Carried>,
}

/// Cells of a part of the samples, in the order of the table's, which has all but the ends.
#[derive(Debug)]
pub(crate) struct SampleTable {
    pub(crate) table: Intervals,
    pub(crate) cells: Vec<SampleCell>,
}

impl Bootstrap {
    /// Refuses methods of which samples alone are no part.
    pub(crate) fn check_samples(&self) -> Result<()> {
        let refused = |value: &str, requirement: &str| {
            Err(Error::Parameter { name: "cut", value: value.into(), requirement: requirement.into() })
        };
        if self.needs.is_empty() {
            return refused("samples", "no samples are drawn; cut by stocks or days");
        }
        if self.period != Period::Day {
            return refused(
                "samples",
                "that is for the intervals of days; cut those of weeks and months by days",
            );
        }
        Ok(())
    }

    /// What the resamples numbered `samples` give for every day and cell.
    fn run_samples(
        &self,
        days: &[DayReturns],
        engine: &mut Engine<'_>,
        resources: &Resources<'_>,
        observer: &dyn Observer,
        samples: &Range<u32>,
    ) -> Result<SampleTable> {
        let start = Instant::now();
        let all = self.groups(days)?;
        let looked = self.look(&all.groups, resources.jobs)?;
        let mut found = Table::new(self, &all).found;
        let mut cells: Vec<([usize; 2], SampleCell)> = Vec::new();
        let finish = |batch: &Batch, selections: Vec<Selection>, estimate: &Estimate, columns: &[Column]| {
            let facts = CellFacts::new(batch.rows, columns);
            let of_sum = |sum: f64| self.of_resampled_sum(sum, facts.sum[0], batch.rows);
            let carried = selections.into_iter().map(|one| one.carried(samples.len(), &columns[0], of_sum));
            SampleCell { estimate: *estimate, facts, carried: carried.collect() }
        };
        let work = (&all.groups[..], &looked, samples.clone(), &Clocks::default());
        self.each_wave(work, engine, resources, observer, &finish, |group, batch, of_batch| {
            for (&cell, of_cell) in group.cells[batch.cells.clone()].iter().zip(of_batch) {
                let at = [group.row, cell];
                found.estimate[at] = of_cell.estimate.value;
                found.relative_error = found.relative_error.max(of_cell.facts.relative_error);
                cells.push((at, of_cell));
            }
        })?;
        cells.sort_by_key(|(at, _)| *at);
        self.describe_cells(&mut found, &all, resources, observer)?;
        found.times.wall = start.elapsed();
        Ok(SampleTable { table: found, cells: cells.into_iter().map(|(_, cell)| cell).collect() })
    }

    /// The intervals of a cell from what all parts have, in the order of the samples, each with the number of
    /// its samples. Nothing where they do not fit together.
    pub(crate) fn of_samples(&self, parts: &[(usize, &SampleCell)]) -> Option<Found> {
        let (_, first) = parts.first()?;
        let of_need = |(number, need)| {
            let carried = parts.iter().map(|(came, cell)| Some((*came, cell.carried.get(number)?)));
            joined(need, self.samples, &carried.collect::<Option<Vec<_>>>()?)
        };
        let distributions =
            self.needs.iter().copied().enumerate().map(of_need).collect::<Option<Vec<_>>>()?;
        Some(self.found(&first.facts, &first.estimate, distributions))
    }

    /// How many needs there are, and of which all statistics are wanted.
    pub(crate) fn carries_all(&self) -> Vec<bool> {
        self.needs.iter().map(|need| *need == super::selection::Need::All).collect()
    }
}

/// What the resamples numbered `samples` give, for all that `panel` still holds, of each method; of no days,
/// nothing.
pub(crate) fn run_panel_samples(
    methods: &[Bootstrap],
    panel: &mut PanelReader,
    engine: &mut Engine<'_>,
    resources: &Resources<'_>,
    observer: &dyn Observer,
    samples: &Range<u32>,
) -> Result<(Vec<SampleTable>, PanelTimes)> {
    let mut found: Vec<Option<SampleTable>> = methods.iter().map(|_| None).collect();
    let draws = samples.len() as u64 * methods.len() as u64;
    let times = each_block(panel, resources, observer, draws, |_, days, left| {
        for (method, found) in methods.iter().zip(&mut found) {
            let done = method.run_samples(days, engine, left, observer, samples)?;
            match found {
                Some(all) => {
                    all.table.append(&done.table)?;
                    all.cells.extend(done.cells);
                }
                None => *found = Some(done),
            }
        }
        Ok(())
    })?;
    Ok((found.into_iter().flatten().collect(), times))
}
