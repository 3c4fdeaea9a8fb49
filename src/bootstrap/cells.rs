//! What is computed of a cell before and after its rows are drawn: the columns' quantities, the estimate, and
//! the statistics of resamples from their sums.

use std::sync::Arc;

use ndarray::Array2;
use rayon::prelude::*;

use super::groups::Group;
use super::run::Planned;
use super::{Bootstrap, day_number};
use crate::columns::{Column, DayColumns, plan_columns};
use crate::error::{Error, Result};
use crate::interval::{Estimate, Interval, Pivot, Resampled};
use crate::jobs::Jobs;
use crate::measure::Studentize;
use crate::panel::DayReturns;
use crate::resample::block_length::BlockLength;
use crate::resample::plan::DayShape;
use crate::resample::{Chunk, Scheme};

impl Bootstrap {
    /// What is known of each group before resampling, and the shapes of their days.
    pub(super) fn look(&self, groups: &[Group<'_>], jobs: &Jobs) -> Result<(Vec<DayShape>, Vec<Planned>)> {
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

    /// Columns of a cell: the measure's, and those of its standard error where the interval needs one.
    pub(super) fn columns(&self) -> usize {
        self.measure.columns() + self.studentize().map_or(0, Studentize::columns)
    }

    /// The degree of a cell's column in the returns.
    pub(super) fn degree(&self, column: usize) -> u32 {
        let own = self.measure.degrees().unwrap_or_default();
        let more = self.studentize().map_or(&[][..], Studentize::degrees);
        own.iter().chain(more).nth(column).copied().unwrap_or(0)
    }

    pub(super) fn studentize(&self) -> Option<&dyn Studentize> {
        let is_wanted = |interval: &Arc<dyn Interval>| interval.pivot().is_some_and(Pivot::is_studentized);
        if self.intervals.iter().any(is_wanted) { self.measure.studentize() } else { None }
    }

    /// Whether quantiles of θ* are selected from the integers of a column's sums.
    pub(super) fn selects_sums(&self) -> bool {
        self.measure.is_of_sum()
    }

    /// Bytes of a joined sum of the widest column that is selected from.
    pub(super) fn key_bytes(&self, columns: &[Column]) -> u64 {
        let selected = columns.iter().step_by(self.columns());
        if self.selects_sums() { selected.map(Column::key_bytes).max().unwrap_or(4) } else { 0 }
    }

    /// Whether ends may be moved to the estimate by their rounding: where a resample of all rows is the sum.
    pub(super) fn snaps(&self) -> bool {
        self.measure.is_of_sum() && self.scheme != Scheme::Wild
    }

    /// Whether an interval needs the acceleration.
    pub(super) fn is_accelerated(&self) -> bool {
        self.intervals.iter().any(|interval| interval.is_accelerated())
    }

    /// The quantities of the columns of these `cells` (columns of the returns), n × columns, cell after cell.
    pub(super) fn quantities(&self, day: &DayReturns, cells: &[usize]) -> Array2<f64> {
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
    pub(super) fn estimate(&self, day: &DayReturns, stock: usize, columns: &[Column]) -> Result<Estimate> {
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
    pub(super) fn of_chunk(
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

    /// How rows of a day enter a resample for the cell of the stock in a `column` of the returns.
    pub(super) fn scheme_of(&self, day: &DayReturns, column: usize) -> Result<Scheme> {
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
    pub(super) fn day_columns(&self, day: &DayReturns, cells: &[usize]) -> Result<DayColumns> {
        let columns = DayColumns::new(day_number(day.date), &self.quantities(day, cells));
        columns.map_err(|error| with_place(day, error))
    }
}

/// The error of a day whose returns can't be resampled, with the place: the day, and the return where one is
/// at fault.
pub(super) fn with_place(day: &DayReturns, error: Error) -> Error {
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
