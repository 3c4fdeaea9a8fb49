//! What a run gives: estimates, ends and details of every cell, and how it came about.

use std::sync::Arc;
use std::time::Duration;

use jiff::civil::Date;
use ndarray::{Array2, Axis};
use serde::Serialize;

use super::Bootstrap;
use super::groups::{Group, Groups, ShortCell};
use crate::error::{Error, Result};
use crate::interval::{Interval, Quantile};
use crate::measure::jumps::{Multipower, ratio_test};
use crate::panel::DayReturns;
use crate::resample::plan::Batch;

/// All arrays of numbers of a table, by `&` or by `&mut`, in the order of [`Intervals::names`].
macro_rules! arrays {
    ($table:expr, $each:ident, $($by:tt)+) => {{
        let table = $($by)+ *$table;
        let mut all = vec![$($by)+ table.estimate];
        for ends in table.ends.$each() {
            let Ends { interval: _, lower, upper, lower_error, upper_error, exact } = ends;
            all.extend([lower, upper, lower_error, upper_error]);
            if let Some([lower, upper]) = exact {
                all.extend([lower, upper]);
            }
        }
        if let Some(details) = $($by)+ table.details {
            let Details {
                rows: _,
                standard_error,
                bias,
                zeros,
                largest,
                jump_statistic,
                jump_p_value,
                padded,
            } = details;
            all.extend([standard_error, bias, zeros, largest, jump_statistic, jump_p_value, padded]);
        }
        all
    }};
}

/// Intervals for every day and cell. Arrays are days × cells, in the units of the statistic: for realized
/// variance, squared log returns. A stock without returns on a day has no cell there ([`Self::has`]), and NaN
/// in all arrays.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Intervals {
    /// What the estimate is called.
    pub name: &'static str,
    /// The stocks that have a cell, by number.
    pub cells: Vec<usize>,
    /// The calendar days.
    pub dates: Vec<Date>,
    /// Which cells there are.
    pub present: Array2<bool>,
    /// The estimates, in plain f64.
    pub estimate: Array2<f64>,
    /// The ends, for each kind of interval that was asked for.
    pub ends: Vec<Ends>,
    /// More of each cell, where it was asked for.
    pub details: Option<Details>,
    /// Bound on the error of any resampled column's sum that comes from rounding, relative to the larger of
    /// itself and the column's bulk (its sum without the five largest rows); the largest over all cells.
    pub relative_error: f64,
    /// The stocks that have too few returns on a day for the measure, and so no cell there, or no part in
    /// that of its period.
    pub short: Vec<ShortCell>,
    /// How long it took.
    pub times: Times,
}

/// The ends of one kind of interval. Arrays are days × cells.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Ends {
    /// The interval's name.
    pub interval: &'static str,
    /// Lower ends.
    pub lower: Array2<f64>,
    /// Upper ends.
    pub upper: Array2<f64>,
    /// Standard errors of the lower ends that come from the number of resamples ([`Quantile::error`]).
    pub lower_error: Array2<f64>,
    /// The same of the upper ends.
    pub upper_error: Array2<f64>,
    /// Lower and upper ends of infinitely many resamples, where these were asked for beside.
    pub exact: Option<[Array2<f64>; 2]>,
}

/// More of each cell. Arrays are days × cells.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct Details {
    /// Numbers of returns; 0 where there is no cell.
    pub rows: Array2<u32>,
    /// The bootstrap's standard errors: standard deviations of θ* (about their mean, with B − 1).
    pub standard_error: Array2<f64>,
    /// The bootstrap's biases: means of θ*, less θ̂.
    pub bias: Array2<f64>,
    /// Shares of returns that are 0.
    pub zeros: Array2<f64>,
    /// The largest squared return's share of all.
    pub largest: Array2<f64>,
    /// The ratio test's statistic for jumps ([`crate::measure::jumps`]), standard normal without any.
    pub jump_statistic: Array2<f64>,
    /// Its p value.
    pub jump_p_value: Array2<f64>,
    /// Shares of returns that are 0 at the end of the day, in one run: of a half day filled up.
    pub padded: Array2<f64>,
}

impl Ends {
    /// The same `value` for so many days and cells.
    fn filled(interval: &'static str, shape: (usize, usize), value: f64) -> Self {
        let filled = || Array2::from_elem(shape, value);
        Self {
            interval,
            lower: filled(),
            upper: filled(),
            lower_error: filled(),
            upper_error: filled(),
            exact: None,
        }
    }
}

impl Details {
    /// The names of its arrays of numbers, in order.
    const NAMES: [&str; 7] =
        ["standard_error", "bias", "zeros", "largest", "jump_statistic", "jump_p_value", "padded"];

    /// Of so many days and cells, none of which there is.
    fn missing(shape: (usize, usize)) -> Self {
        let missing = || Array2::from_elem(shape, f64::NAN);
        Self {
            rows: Array2::zeros(shape),
            standard_error: missing(),
            bias: missing(),
            zeros: missing(),
            largest: missing(),
            jump_statistic: missing(),
            jump_p_value: missing(),
            padded: missing(),
        }
    }
}

/// What a method is and how sure its results are: what a file of them says of itself.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Description {
    /// The program and its version.
    pub program: &'static str,
    /// What the estimate is called.
    pub measure: &'static str,
    /// The kinds of intervals.
    pub intervals: Vec<&'static str>,
    /// Confidence.
    pub confidence: f64,
    /// Which ends: both, lower or upper.
    pub side: &'static str,
    /// The days that a cell is of: day, week, month or all.
    pub by: &'static str,
    /// The scheme.
    pub scheme: &'static str,
    /// Rows of a block; none where there are no blocks, or each cell's own.
    pub block_length: Option<f64>,
    /// Resamples; none where none were drawn.
    pub samples: Option<u32>,
    /// Whether intervals are of infinitely many resamples.
    pub exact: bool,
    /// The seed; none where nothing was drawn.
    pub seed: Option<u64>,
    /// Version of the random stream; none where nothing was drawn.
    pub random_stream: Option<u32>,
    /// [`Intervals::relative_error`].
    pub relative_error: f64,
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
    /// Zeros for these `cells` (stocks) and `dates`, of a measure of this `name` and kinds of intervals.
    pub fn empty(
        name: &'static str,
        cells: Vec<usize>,
        dates: Vec<Date>,
        intervals: &[&'static str],
    ) -> Self {
        let shape = (dates.len(), cells.len());
        Self {
            name,
            cells,
            dates,
            present: Array2::from_elem(shape, true),
            estimate: Array2::zeros(shape),
            ends: intervals.iter().map(|&interval| Ends::filled(interval, shape, 0.0)).collect(),
            details: None,
            relative_error: 0.0,
            short: Vec::new(),
            times: Times::default(),
        }
    }

    /// Whether there is a cell at these numbers of a day and a cell.
    pub fn has(&self, at: [usize; 2]) -> bool {
        self.present[at]
    }

    /// The number of cells that there are.
    pub fn count(&self) -> usize {
        self.present.iter().filter(|present| **present).count()
    }

    /// Lower ends of the first kind of interval.
    pub fn lower(&self) -> &Array2<f64> {
        &self.ends[0].lower
    }

    /// Upper ends of the first kind of interval.
    pub fn upper(&self) -> &Array2<f64> {
        &self.ends[0].upper
    }

    /// The names of all arrays of numbers: the estimates, the ends of each kind of interval, the details.
    fn names(&self) -> Vec<String> {
        let mut names = vec!["estimate".to_owned()];
        for ends in &self.ends {
            let kinds = ["lower", "upper", "lower_error", "upper_error", "exact_lower", "exact_upper"];
            let count = if ends.exact.is_some() { 6 } else { 4 };
            names.extend(kinds[..count].iter().map(|kind| format!("{}.{kind}", ends.interval)));
        }
        if self.details.is_some() {
            names.extend(Details::NAMES.map(str::to_owned));
        }
        names
    }

    /// All arrays of numbers by name.
    pub(crate) fn columns(&self) -> Vec<(String, &Array2<f64>)> {
        self.names().into_iter().zip(arrays!(self, iter, &)).collect()
    }

    /// The same, to be filled in.
    pub(crate) fn columns_mut(&mut self) -> Vec<(String, &mut Array2<f64>)> {
        self.names().into_iter().zip(arrays!(self, iter_mut, &mut)).collect()
    }

    /// Adds the intervals of later days of the same stocks.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the stocks differ in number.
    pub fn append(&mut self, later: &Self) -> Result<()> {
        let differ = |stocks: usize| Error::Parameter {
            name: "the number of stocks",
            value: stocks.to_string(),
            requirement: "it must be that of the days before".into(),
        };
        if let (Some(details), Some(later)) = (&mut self.details, &later.details) {
            details.rows.append(Axis(0), later.rows.view()).map_err(|_| differ(later.rows.ncols()))?;
        }
        self.present.append(Axis(0), later.present.view()).map_err(|_| differ(later.present.ncols()))?;
        for (array, later) in arrays!(self, iter_mut, &mut).into_iter().zip(arrays!(later, iter, &)) {
            array.append(Axis(0), later.view()).map_err(|_| differ(later.ncols()))?;
        }
        self.dates.extend(&later.dates);
        self.short.extend(&later.short);
        self.relative_error = self.relative_error.max(later.relative_error);
        self.times.wall += later.times.wall;
        self.times.resample += later.times.resample;
        self.times.quantiles += later.times.quantiles;
        Ok(())
    }
}

/// What was found for one cell.
#[derive(Debug, Clone)]
pub(crate) struct Found {
    /// The ends of each interval.
    pub(super) ends: Vec<[Quantile; 2]>,
    /// The same of infinitely many resamples, where they were asked for beside.
    pub(super) exact: Option<Vec<[f64; 2]>>,
    /// Standard error and bias, where details are wanted.
    pub(super) moments: [f64; 2],
    /// The bound on the rounding error of its sums.
    pub(super) relative_error: f64,
}

/// The table, and the cells filled in so far.
pub(super) struct Table {
    pub(super) found: Intervals,
}

impl Table {
    /// The table of some groups' cells, which are still to be filled in.
    pub(super) fn new(bootstrap: &Bootstrap, groups: &Groups<'_>) -> Self {
        let (cells, dates) = (groups.cells.clone(), groups.dates.clone());
        let mut table = Self::of(bootstrap, cells, dates, groups.present());
        table.found.short.clone_from(&groups.short);
        table
    }

    /// The table of these stocks, dates and cells.
    pub(super) fn of(
        bootstrap: &Bootstrap,
        cells: Vec<usize>,
        dates: Vec<Date>,
        present: Array2<bool>,
    ) -> Self {
        let shape = present.dim();
        let ends = |interval: &Arc<dyn Interval>| Ends::filled(interval.name(), shape, f64::NAN);
        let found = Intervals {
            name: bootstrap.measure.name(),
            cells,
            dates,
            present,
            estimate: Array2::from_elem(shape, f64::NAN),
            ends: bootstrap.intervals.iter().map(ends).collect(),
            details: bootstrap.details.then(|| Details::missing(shape)),
            relative_error: 0.0,
            short: Vec::new(),
            times: Times::default(),
        };
        Self { found }
    }

    /// Fills in the cells of a batch of a group.
    pub(super) fn fill(&mut self, group: &Group<'_>, batch: &Batch, found: &[Found]) {
        for (&cell, found) in group.cells[batch.cells.clone()].iter().zip(found) {
            self.fill_cell([group.row, cell], found);
        }
    }

    pub(super) fn fill_cell(&mut self, at: [usize; 2], found: &Found) {
        self.found.fill(at, found);
    }
}

impl Intervals {
    /// Fills in what was found of a cell.
    pub(crate) fn fill(&mut self, at: [usize; 2], found: &Found) {
        fill_ends(&mut self.ends, at, found);
        if let Some(details) = &mut self.details {
            [details.standard_error[at], details.bias[at]] = found.moments;
        }
        self.relative_error = self.relative_error.max(found.relative_error);
    }
}

/// Fills in the ends of a cell.
fn fill_ends(all: &mut [Ends], at: [usize; 2], found: &Found) {
    for (number, (ends, [lower, upper])) in all.iter_mut().zip(&found.ends).enumerate() {
        (ends.lower[at], ends.upper[at]) = (lower.value, upper.value);
        (ends.lower_error[at], ends.upper_error[at]) = (lower.error, upper.error);
        if let (Some(exact), Some(found)) = (&mut ends.exact, &found.exact) {
            [exact[0][at], exact[1][at]] = found[number];
        }
    }
}

impl Details {
    /// Fills in what a cell's returns show, a column of the day's.
    pub(super) fn describe(&mut self, at: [usize; 2], day: &DayReturns, column: usize) {
        let returns = day.returns.column(column);
        let [zeros, largest, sum] = returns.iter().fold([0.0_f64; 3], |[zeros, largest, sum], r| {
            let square = r * r;
            [zeros + f64::from(u8::from(*r == 0.0)), largest.max(square), sum + square]
        });
        self.rows[at] = returns.len() as u32;
        self.zeros[at] = zeros / returns.len() as f64;
        self.largest[at] = if sum > 0.0 { largest / sum } else { 0.0 };
        let padded = returns.iter().rev().take_while(|r| **r == 0.0).count();
        self.padded[at] = padded as f64 / returns.len() as f64;
        // Days of fewer than four returns have no test.
        let test = ratio_test(&returns, Multipower::Tripower).ok();
        // Averaged over offset grids, returns have no neighbours of their own.
        let test = test.filter(|_| day.grids == 1);
        self.jump_statistic[at] = test.map_or(f64::NAN, |test| test.statistic);
        self.jump_p_value[at] = test.map_or(f64::NAN, |test| test.p_value);
    }
}
