//! The resampled statistics themselves of single cells, on the CPU: as numbers, and as a histogram.

use std::borrow::Cow;

use ndarray::{Array1, Array2};

use super::cells::with_place;
use super::groups::Groups;
use super::{Bootstrap, pairings};
use crate::error::{Error, Result};
use crate::panel::DayReturns;
use crate::resample::histogram::Histogram;
use crate::resample::{Chunk, cpu};

impl Bootstrap {
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
    pub fn resampled_of(&self, day: &DayReturns, cell: usize) -> Result<Array1<f64>> {
        pairings::refuse_resamples(&*self.measure, &self.scheme)?;
        let (day, column) = &self.cell_of(day, cell)?;
        let columns = self.day_columns(day, &[*column])?;
        let scheme = self.scheme_of(day, *column).map_err(|error| with_place(day, error))?;
        let sums = cpu::resample(&columns, &scheme, self.seed, 0..self.samples)?;
        let (rows, mut of_columns) = (day.returns.nrows() as u32, Vec::new());
        let mut values = Array1::zeros(self.samples as usize);
        for chunk in sums.chunks() {
            let resamples = self.of_chunk(columns.columns(), rows, chunk, None, &mut of_columns);
            let first = chunk.first() as usize;
            for (value, resample) in values.iter_mut().skip(first).zip(resamples) {
                *value = resample.value;
            }
        }
        Ok(values)
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
    pub(super) fn cell_of<'a>(
        &self,
        day: &'a DayReturns,
        cell: usize,
    ) -> Result<(Cow<'a, DayReturns>, usize)> {
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
