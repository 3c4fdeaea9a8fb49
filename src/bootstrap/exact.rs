//! Intervals of infinitely many resamples: the same kinds of intervals, from the exact bootstrap distribution
//! of a column's sum ([`crate::exact`]) instead of resamples. No draws, no seed.
//!
//! Known for statistics that are an increasing function f of one column's sum: a quantile of f(S) is f of
//! that of S, with the error that f makes of the stated one. Means and variances are known where f is linear.

use std::sync::Arc;

use ndarray::Array1;

use super::groups::{Group, Groups};
use super::results::{Found, Table};
use super::run::one_sided;
use super::{Bootstrap, Details, Intervals, Observer, Times, with_place};
use crate::error::{Error, Result};
use crate::exact::{Cdf, SumLaw};
use crate::interval::distribution::{Distribution, Nothing};
use crate::interval::{Estimate, Interval, Moments, Pivot, Quantile, Tail, corrected};
use crate::jobs::Jobs;
use crate::measure::Measure;
use crate::panel::DayReturns;
use crate::resample::{Scheme, wild};

/// The exact distribution of a statistic of one cell.
pub(super) struct ExactDistribution<'a> {
    law: &'a SumLaw,
    measure: &'a dyn Measure,
    rows: u32,
    /// The column's sum over all rows.
    sum: f64,
    /// Quantiles of the sum that were computed together, and their levels.
    known: Vec<(f64, crate::exact::Quantile)>,
    /// The first failure; what was asked for then is NaN.
    pub(super) failure: Option<Error>,
}

impl<'a> ExactDistribution<'a> {
    /// Of a statistic of the sum that has this law, of so many rows; `sum` is that of all rows.
    pub(super) fn new(law: &'a SumLaw, measure: &'a dyn Measure, rows: u32, sum: f64) -> Self {
        Self { law, measure, rows, sum, known: Vec::new(), failure: None }
    }

    /// Computes the quantiles at the levels of `intervals` that are known beforehand, which share most of the
    /// work.
    pub(super) fn prepare(&mut self, scheme: &Scheme, intervals: &[Arc<dyn Interval>], tail: &Tail) {
        let mut levels: Vec<f64> = Vec::new();
        for interval in intervals {
            if has_exact_form(self.measure, scheme, &**interval) {
                levels.extend(interval.levels(tail).into_iter().flatten());
            }
        }
        levels.retain(|level| *level > 0.0 && *level < 1.0);
        levels.sort_unstable_by(f64::total_cmp);
        levels.dedup();
        // What fails here fails again, and is kept, where the quantile is asked for.
        if let Ok(found) = self.law.quantiles(&levels) {
            self.known = levels.into_iter().zip(found).collect();
        }
    }

    /// Standard error and bias of the statistic, where they are known.
    pub(super) fn error_and_bias(&self, estimate: f64) -> [f64; 2] {
        if !is_linear(self.measure) {
            return [f64::NAN; 2];
        }
        let moments = self.moments();
        [moments.variance.sqrt(), moments.mean - estimate]
    }

    fn of_sum(&self, sum: f64) -> f64 {
        self.measure.of_sum(sum, self.rows)
    }
}

impl Distribution for ExactDistribution<'_> {
    fn quantile(&mut self, level: f64) -> Quantile {
        // Beyond all outcomes, which only an end that is not wanted asks for.
        if level <= 0.0 || level >= 1.0 {
            return Quantile::certain(if level <= 0.0 { f64::NEG_INFINITY } else { f64::INFINITY });
        }
        let known = self.known.iter().find(|(known, _)| *known == level);
        match known.map_or_else(|| self.law.quantile(level), |(_, found)| Ok(*found)) {
            Ok(found) => {
                let value = self.of_sum(found.value);
                let low = self.of_sum((found.value - found.error).max(0.0));
                let high = self.of_sum(found.value + found.error);
                let error = if found.error == 0.0 { 0.0 } else { (value - low).max(high - value) };
                Quantile { value, error }
            }
            Err(error) => {
                self.failure.get_or_insert(error);
                Quantile { value: f64::NAN, error: f64::NAN }
            }
        }
    }

    fn moments(&self) -> Moments {
        let factor = self.of_sum(1.0);
        Moments {
            count: f64::INFINITY,
            mean: factor * self.law.mean(),
            variance: factor * factor * self.law.variance(),
            kurtosis: f64::NAN,
        }
    }

    fn share_below(&self, _: f64) -> f64 {
        // A failure shows at the quantiles, which follow.
        self.law.cdf(self.sum).map_or(f64::NAN, |cdf| cdf.middle())
    }
}

/// The exact distribution of a cell's resampled statistic: an increasing function f of one column's sum,
/// which is not negative.
#[derive(Debug, Clone)]
pub struct StatisticLaw {
    law: SumLaw,
    measure: Arc<dyn Measure>,
    rows: u32,
}

impl StatisticLaw {
    /// Quantiles inf {x: F(x) ≥ level}, in the order of `levels` and the statistic's units; the work is
    /// shared.
    ///
    /// # Errors
    ///
    /// As [`SumLaw::quantiles`].
    pub fn quantiles(&self, levels: &[f64]) -> Result<Vec<f64>> {
        let of_sum = |found: crate::exact::Quantile| self.measure.of_sum(found.value.max(0.0), self.rows);
        Ok(self.law.quantiles(levels)?.into_iter().map(of_sum).collect())
    }

    /// The distribution function at the points `at`, in the statistic's units; the work is shared.
    ///
    /// # Errors
    ///
    /// As [`SumLaw::cdfs`].
    pub fn cdfs(&self, at: &[f64]) -> Result<Vec<Cdf>> {
        self.law.cdfs(&at.iter().map(|&value| self.sum_of(value)).collect::<Vec<_>>())
    }

    /// The largest sum whose f is at most `value`; a negative number where there is none, and `value` itself
    /// where that is no number.
    fn sum_of(&self, value: f64) -> f64 {
        if !value.is_finite() {
            return value;
        }
        if self.measure.of_sum(0.0, self.rows) > value {
            return -1.0;
        }
        // Numbers that are not negative are in the order of their bits. f is at most the value at `low`.
        let (mut low, mut high) = (0_u64, f64::MAX.to_bits());
        while high - low > 1 {
            let middle = low + (high - low) / 2;
            if self.measure.of_sum(f64::from_bits(middle), self.rows) <= value {
                low = middle;
            } else {
                high = middle;
            }
        }
        f64::from_bits(low)
    }
}

/// Whether a statistic of a column's sum is a multiple of it.
fn is_linear(measure: &dyn Measure) -> bool {
    const ROWS: u32 = 385;
    measure.of_sum(0.0, ROWS) == 0.0 && measure.of_sum(2.0, ROWS) == 2.0 * measure.of_sum(1.0, ROWS)
}

/// Whether an interval of resamples has an exact form.
pub(super) fn has_exact_form(measure: &dyn Measure, scheme: &Scheme, interval: &dyn Interval) -> bool {
    interval.pivot().is_some() && refuse(measure, scheme, interval).is_ok()
}

/// The largest stated error of an end, relative to the estimate.
pub(super) fn largest_error(ends: &[[Quantile; 2]], estimate: f64) -> f64 {
    let error = |end: &Quantile| if end.value.is_finite() { end.error } else { 0.0 };
    let largest = ends.iter().flatten().map(error).fold(0.0, f64::max);
    if estimate == 0.0 { 0.0 } else { largest / estimate.abs() }
}

/// Refuses what has no exact form.
///
/// # Errors
///
/// [`Error::Parameter`] with the reason and what to take instead.
pub(super) fn refuse(measure: &dyn Measure, scheme: &Scheme, interval: &dyn Interval) -> Result<()> {
    let error = |name: &'static str, value: &str, why: String| {
        Err(Error::Parameter { name, value: value.into(), requirement: why })
    };
    if interval.pivot().is_none() {
        return Ok(());
    }
    if !measure.is_of_sum() {
        let why = format!(
            "the exact distribution is known of a single column's sum, which the {} is not; give a number of \
             `samples`",
            measure.name()
        );
        return error("samples", "exact", why);
    }
    if matches!(scheme, Scheme::Block { .. } | Scheme::Stationary { .. }) {
        let why = "the exact distribution is known for independent rows; take iid, or a number of `samples`";
        return error("scheme", scheme.name(), why.into());
    }
    if interval.pivot().is_some_and(Pivot::is_studentized) {
        let why = "the exact distribution is of sums and not of their ratio to a standard error; take \
                   percentile, basic, normal, bc or bca, or a number of `samples`";
        return error("interval", interval.name(), why.into());
    }
    if interval.name() == "normal" && !is_linear(measure) {
        let why = format!(
            "the exact variance is known of sums and not of the {}; take percentile, basic, bc or bca",
            measure.name()
        );
        return error("interval", interval.name(), why);
    }
    Ok(())
}

impl Bootstrap {
    /// The exact distribution of the resampled statistic of a day's `cell`, by number among the measure's;
    /// none where it is not known: of measures that are no function of one column's sum, and of blocks.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where there is no such cell, or its returns are not finite.
    pub fn statistic_law(&self, day: &DayReturns, cell: usize) -> Result<Option<StatisticLaw>> {
        if !self.has_law() {
            return Ok(None);
        }
        let (day, column) = &self.cell_of(day, cell)?;
        let values = self.quantities(day, &[*column]).column(0).to_owned();
        let law = self.law(&values).map_err(|error| with_place(day, error))?;
        Ok(Some(StatisticLaw { law, measure: self.measure.clone(), rows: day.returns.nrows() as u32 }))
    }

    /// Whether the exact distribution of the resampled statistic is known ([`Self::statistic_law`]).
    pub fn has_law(&self) -> bool {
        self.measure.is_of_sum() && !matches!(self.scheme, Scheme::Block { .. } | Scheme::Stationary { .. })
    }

    /// The law of a cell's resampled sum.
    pub(super) fn law(&self, values: &Array1<f64>) -> Result<SumLaw> {
        let values = values.to_vec();
        match self.scheme {
            Scheme::Wild => {
                let [low, more] = wild::factors(self.degree(0)).unwrap_or([f64::NAN; 2]);
                SumLaw::wild(&values, [low, low + more], f64::from(wild::THRESHOLD) / 2f64.powi(32))
            }
            _ => SumLaw::iid(&values),
        }
    }

    /// The exact intervals of the cells of a group, and the estimates.
    fn exact_group(&self, Group { day, columns, .. }: &Group<'_>) -> Result<Vec<(f64, Found)>> {
        let rows = day.returns.nrows() as u32;
        let of_cell = |&column: &usize| {
            let quantities = self.quantities(day, &[column]);
            let values = quantities.column(0).to_owned();
            let law = self.law(&values)?;
            let totals = self.measure.totals(&day.returns, column);
            let value = self.measure.estimate_of(&totals, rows);
            let squared_error = self.measure.squared_error_of(&totals, rows).unwrap_or(f64::NAN);
            let acceleration = match self.is_accelerated() {
                true => corrected::acceleration(&values.iter().map(|value| -value).collect::<Vec<_>>()),
                false => f64::NAN,
            };
            let estimate = Estimate { value, resampled: value, squared_error, acceleration };
            let sum = values.iter().sum();
            let mut exact = ExactDistribution::new(&law, &*self.measure, rows, sum);
            exact.prepare(&self.scheme, &self.intervals, &self.tail);
            let mut ends = Vec::with_capacity(self.intervals.len());
            for interval in &self.intervals {
                let has_form = has_exact_form(&*self.measure, &self.scheme, &**interval);
                let found = match interval.pivot() {
                    None => interval.ends(&estimate, &mut Nothing, &self.tail),
                    Some(_) if has_form => interval.ends(&estimate, &mut exact, &self.tail),
                    // Beside resamples, an interval that has no exact form.
                    Some(_) => [Quantile { value: f64::NAN, error: f64::NAN }; 2],
                };
                ends.push(one_sided(found, self.tail.side, interval.is_log()));
            }
            let moments = exact.error_and_bias(value);
            if let Some(failure) = exact.failure {
                return Err(failure);
            }
            let relative_error = largest_error(&ends, value);
            Ok((value, Found { ends, exact: None, moments, relative_error }))
        };
        columns.iter().map(of_cell).collect::<Result<_>>().map_err(|error| with_place(day, error))
    }

    /// The exact intervals of every day and cell.
    pub(super) fn run_exact(
        &self,
        groups: &Groups<'_>,
        jobs: &Jobs,
        observer: &dyn Observer,
    ) -> Result<Intervals> {
        let start = std::time::Instant::now();
        let found = jobs.map(&groups.groups, |group: &&Group<'_>| {
            if observer.drawn(0).is_break() {
                return Err(Error::Cancelled);
            }
            self.exact_group(group)
        });
        let found = found
            .all()
            .map_err(|(group, failure)| failure.into_error(format!("the day {}", group.day.date)))?;
        let mut table = Table::new(self, groups);
        for (group, found) in groups.groups.iter().zip(found) {
            for (&cell, (value, found)) in group.cells.iter().zip(found) {
                let at = [group.row, cell];
                table.found.estimate[at] = value;
                table.fill_cell(at, &found);
            }
        }
        let mut found = table.found;
        describe(&mut found.details, &groups.groups);
        found.times = Times { wall: start.elapsed(), ..Times::default() };
        Ok(found)
    }
}

/// Fills in what the returns show.
pub(super) fn describe(details: &mut Option<Details>, groups: &[Group<'_>]) {
    let Some(details) = details else { return };
    for Group { day, row, cells, columns } in groups {
        for (&cell, &column) in cells.iter().zip(columns) {
            details.describe([*row, cell], day, column);
        }
    }
}
