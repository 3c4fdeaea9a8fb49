//! Measures: statistics of a day's returns that are functions of column sums.
//!
//! A day has n rows of returns r₁ … rₙ (of all stocks). A measure has a *cell* for each stock (or for each
//! but one), and says of a cell
//!
//! - its *columns*, quantities a row such as r² or (r_i + r_j)², which are summed exactly
//!   ([`crate::columns`]);
//! - its *statistic*, a function of the columns' sums: θ* where the sums are a resample's;
//! - its *estimate* θ̂, from the returns themselves in plain f64;
//! - where a central limit theorem is known, the squared standard error se² of θ̂;
//! - where it can be studentized ([`Studentize`]), the squared standard error of θ*.
//!
//! Functions of sums are evaluated in f64 with the operations of IEEE 754 and the `libm` crate alone, in the
//! order in which they are written, so that they have the same bits everywhere.
//!
//! | measure | columns of a cell | statistic of their sums | se² of the estimate |
//! |---|---|---|---|
//! | [`Variance`] | r² | S | ⅔ Σ r⁴ |
//! | [`Volatility`], of a year if asked | r² | √S, √(252 S) | ⅔ Σ r⁴ / (4 S), 252 times that |
//! | [`LogVariance`] | r² | ln S | ⅔ Σ r⁴ / S² |
//! | [`Semivariance`], of either sign | r² where r > 0 (r < 0) | S | unknown |
//! | [`Quarticity`] | r⁴ | n/3 S | n²/9 · 96/105 Σ r⁸ |
//! | [`Covariance`] with stock j | (r_i + r_j)², r_i², r_j² | ½(S₊ − S_i − S_j) | from neighbours |
//! | [`Correlation`] | the same | covariance / √(S_i S_j) | delta method on the same |
//! | [`Beta`] | the same | covariance / S_j | delta method on the same |
//! | [`Bipower`] | \|r\| of two neighbours, multiplied | S | 2.61 quarticity / n |
//! | [`Truncation::Min`], MinRV | the smaller of two neighbours, squared | S | 3.81 quarticity / n |
//! | [`Truncation::Med`], MedRV | the median of three neighbours, squared | S | 2.96 quarticity / n |
//!
//! Constants stand with the measures. [`jumps`] tests a day for jumps, without a bootstrap. Which schemes and
//! intervals a measure goes with, and why not with the others: [`crate::bootstrap::pairings`].
//!
//! **Periods of several days.** Column sums add over days, and so do [`Totals`], from which θ̂ and se² are
//! computed; a statistic's `rows` is then the number of rows in all. Neighbours are of one day: no pair
//! reaches over a night. Variances are of the period; so is the unit of time of the [`Quarticity`], n/3 Σ r⁴
//! with all its rows n: of D like days it is D times their sum.
//!
//! A new measure is a new file here, and a line in the list of them.
//!
//! Sources: T. G. Andersen, T. Bollerslev, F. X. Diebold and P. Labys, "Modeling and forecasting realized
//! volatility", Econometrica 71(2), 2003; O. E. Barndorff-Nielsen and N. Shephard, "Econometric analysis of
//! realized covariation: high frequency based covariance, regression, and correlation in financial
//! economics", Econometrica 72(3), 2004; more in each file.

mod beta;
mod bipower;
mod correlation;
mod covariance;
pub mod jumps;
mod log_variance;
mod pair;
mod quarticity;
mod semivariance;
#[cfg(test)]
mod tests;
mod truncation;
mod variance;
mod volatility;

use std::fmt::Debug;
use std::sync::Arc;

use ndarray::{ArrayRef1, ArrayRef2};

use crate::columns::MAX_RELATIVE_ERROR;
use crate::error::{Error, Result};

pub use beta::Beta;
pub use bipower::Bipower;
pub use correlation::Correlation;
pub use covariance::Covariance;
pub use log_variance::LogVariance;
pub use quarticity::Quarticity;
pub use semivariance::Semivariance;
pub use truncation::Truncation;
pub use variance::Variance;
pub use volatility::{TRADING_DAYS, Volatility};

/// Sums over a day's rows in plain f64, row order, of which an estimate and its standard error are functions.
/// Those of a period are the sums of its days', added in their order. A measure uses the first few; the
/// others are zero.
pub type Totals = [f64; 9];

/// Degrees of columns that are squares.
const SQUARES: [u32; 3] = [2; 3];

/// A statistic of a day's returns, a number for each cell.
pub trait Measure: Debug + Send + Sync {
    /// What the estimate is called in tables: a word in lower case.
    fn name(&self) -> &'static str;

    /// The stocks that have a cell, by number, of so many.
    fn cells(&self, stocks: usize) -> Vec<usize> {
        (0..stocks).collect()
    }

    /// The number of the second stock, of a measure of two, which need returns over the same times; it has no
    /// cell.
    fn against(&self) -> Option<usize> {
        None
    }

    /// Number of columns of a cell.
    fn columns(&self) -> usize;

    /// The quantities of a cell's columns in row number `row` of a day's `returns`, n × stocks; none
    /// negative. `stock` is the cell's, `out` has room for [`Self::columns`].
    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]);

    /// As [`Self::quantities`] for these `cells` (stocks) in all rows of `returns`, n × stocks, into the
    /// first columns of each `stride` of `out`. One call for a day, in which the compiler knows the measure.
    fn fill(&self, returns: &ArrayRef2<f64>, cells: &[usize], stride: usize, out: &mut [f64]) {
        let columns = self.columns();
        for (row, out) in out.chunks_exact_mut(stride * cells.len().max(1)).enumerate() {
            for (&stock, out) in cells.iter().zip(out.chunks_exact_mut(stride)) {
                self.quantities(returns, row, stock, &mut out[..columns]);
            }
        }
    }

    /// Of each column, the degree of homogeneity in the returns: a row whose returns are multiplied by η has
    /// η to this power times the quantity, as the wild bootstrap wants. `None` where that is not so for
    /// negative η, or where a quantity is of several rows.
    fn degrees(&self) -> Option<&'static [u32]> {
        if self.needs_neighbours() { None } else { SQUARES.get(..self.columns()) }
    }

    /// Whether a row's quantities are of the rows beside it too, so that they are no function of the rows
    /// that a resample draws one by one. Rows without such neighbours have zeros.
    fn needs_neighbours(&self) -> bool {
        false
    }

    /// The fewest rows of a day for which it is defined.
    fn least_rows(&self) -> usize {
        1
    }

    /// θ of the columns' sums over a resample of so many `rows` in all.
    fn statistic(&self, sums: &[f64], rows: u32) -> f64;

    /// The sums of a day that [`Self::estimate_of`] and [`Self::squared_error_of`] need of a stock, from the
    /// day's returns, n × stocks.
    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals;

    /// θ̂ from totals of so many `rows`.
    fn estimate_of(&self, totals: &Totals, rows: u32) -> f64;

    /// The squared standard error of θ̂ by its central limit theorem, from totals of so many `rows`; `None`
    /// where none is known ([`Self::without_error`] says why), and for all days alike. A day on which nothing
    /// moves has 0.
    fn squared_error_of(&self, totals: &Totals, rows: u32) -> Option<f64>;

    /// θ̂ of a stock, from the day's returns, n × stocks.
    fn estimate(&self, returns: &ArrayRef2<f64>, stock: usize) -> f64 {
        self.estimate_of(&self.totals(returns, stock), rows_of(returns))
    }

    /// The squared standard error of θ̂, from the day's returns, n × stocks.
    fn squared_error(&self, returns: &ArrayRef2<f64>, stock: usize) -> Option<f64> {
        self.squared_error_of(&self.totals(returns, stock), rows_of(returns))
    }

    /// Why there is no standard error of θ̂; `None` where there is one.
    fn without_error(&self) -> Option<&'static str> {
        None
    }

    /// Whether it is positive but for a day on which nothing moves, so that intervals of its logarithm make
    /// sense.
    fn is_positive(&self) -> bool {
        false
    }

    /// Whether the statistic is the sum of the only column, so that order statistics can be selected from the
    /// integers. The estimate then is the plain sum in row order.
    fn is_sum(&self) -> bool {
        false
    }

    /// Whether the statistic is an increasing function of the only column's sum, [`Self::of_sum`]. Its order
    /// statistics are then that function of the sum's: select from the integers, apply the function to the
    /// order statistics, then interpolate.
    fn is_of_sum(&self) -> bool {
        self.is_sum()
    }

    /// The statistic as a function of the only column's sum and the number of rows, where
    /// [`Self::is_of_sum`].
    fn of_sum(&self, sum: f64, rows: u32) -> f64 {
        self.statistic(&[sum], rows)
    }

    /// Whether it is a function of Σ r² alone, for which the average of Σ r² over offset grids can stand
    /// ([`crate::panel::Grids`]).
    fn is_of_squares(&self) -> bool {
        false
    }

    /// How to studentize it, where that is known.
    fn studentize(&self) -> Option<&dyn Studentize> {
        None
    }

    /// Why it cannot be studentized; `None` where it can.
    fn without_studentizing(&self) -> Option<&'static str> {
        self.without_error().or(self.needs_neighbours().then_some(
            "its columns are of neighbouring rows, and the standard error of a resample that keeps \
             neighbours together is no function of column sums",
        ))
    }
}

/// Squared standard errors of a measure's resamples, from sums of its columns and of some more.
pub trait Studentize {
    /// Number of columns that the errors need beside the measure's.
    fn columns(&self) -> usize;

    /// Their degrees, as [`Measure::degrees`].
    fn degrees(&self) -> &'static [u32];

    /// The quantities of those columns in one row, which has the returns of all stocks; none negative.
    /// `stock` is the cell's, `out` has room for [`Self::columns`].
    fn quantities(&self, row: &ArrayRef1<f64>, stock: usize, out: &mut [f64]);

    /// The squared standard error of θ*, from the sums of the measure's columns and of these over an iid
    /// resample of n = `rows` rows; 0 where rounding alone may have made it.
    fn squared_error_of_resample(&self, rows: u32, sums: &[f64]) -> f64;

    /// The same of a wild resample, whose rows are all n rows, each multiplied by its own η with E η² = 1, E
    /// η⁴ = 31/25 and E η⁸ = 47,089/15,625 (Gonçalves and Meddahi 2009).
    fn squared_error_of_wild(&self, rows: u32, sums: &[f64]) -> f64;
}

/// How a measure is made.
enum Make {
    /// Of one stock.
    One(fn() -> Arc<dyn Measure>),
    /// Of a stock with the stock of this number.
    Two(fn(usize) -> Arc<dyn Measure>),
}

/// The measures, a line each: what users call them, and how they are made.
const ALL: [(&str, Make); 13] = [
    ("variance", Make::One(|| Arc::new(Variance))),
    ("volatility", Make::One(|| Arc::new(Volatility::default()))),
    ("annual-volatility", Make::One(|| Arc::new(Volatility { periods_a_year: Some(TRADING_DAYS) }))),
    ("log-variance", Make::One(|| Arc::new(LogVariance))),
    ("positive-semivariance", Make::One(|| Arc::new(Semivariance::Positive))),
    ("negative-semivariance", Make::One(|| Arc::new(Semivariance::Negative))),
    ("quarticity", Make::One(|| Arc::new(Quarticity))),
    ("covariance", Make::Two(|against| Arc::new(Covariance { against }))),
    ("correlation", Make::Two(|against| Arc::new(Correlation { against }))),
    ("beta", Make::Two(|against| Arc::new(Beta { against }))),
    ("bipower", Make::One(|| Arc::new(Bipower))),
    ("minrv", Make::One(|| Arc::new(Truncation::Min))),
    ("medrv", Make::One(|| Arc::new(Truncation::Med))),
];

/// The measures' names.
pub const NAMES: [&str; ALL.len()] = {
    let mut names = [""; ALL.len()];
    let mut number = 0;
    while number < names.len() {
        names[number] = ALL[number].0;
        number += 1;
    }
    names
};

/// Whether the measure of this name is of two stocks.
pub fn is_of_two(name: &str) -> bool {
    ALL.iter().any(|(known, make)| *known == name && matches!(make, Make::Two(_)))
}

/// The measure of this name; those of two stocks are taken `against` the stock of that number.
///
/// # Errors
///
/// [`Error::Parameter`] for an unknown name, or where a second stock is lacking or of no use.
pub fn by_name(name: &str, against: Option<usize>) -> Result<Arc<dyn Measure>> {
    let refused =
        |requirement: String| Error::Parameter { name: "measure", value: name.to_owned(), requirement };
    match (ALL.iter().find(|(known, _)| *known == name), against) {
        (Some((_, Make::One(make))), None) => Ok(make()),
        (Some((_, Make::Two(make))), Some(against)) => Ok(make(against)),
        (Some((_, Make::One(_))), Some(_)) => Err(refused("it is of one stock; leave `against` out".into())),
        (Some((_, Make::Two(_))), None) => {
            Err(refused("it is of two stocks; name the second by `against`".into()))
        }
        (None, _) => Err(refused(format!("there are {}", NAMES.join(", ")))),
    }
}

/// Number of rows of a day, which [`crate::columns::MAX_ROWS`] bounds where a day is resampled.
fn rows_of(returns: &ArrayRef2<f64>) -> u32 {
    u32::try_from(returns.nrows()).unwrap_or(u32::MAX)
}

/// a / b, with 0/0 as 0.
fn ratio(a: f64, b: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a / b }
}

/// Σ x² − (Σ x)²/n of n = `rows` numbers, from their `sum` and that of their `squares`, both with the
/// rounding of columns ([`crate::columns::MAX_RELATIVE_ERROR`]): what that alone may make of equal numbers is
/// 0.
fn spread(squares: f64, sum: f64, rows: u32) -> f64 {
    let spread = squares - sum * sum / f64::from(rows);
    if spread <= 4.0 * MAX_RELATIVE_ERROR * squares { 0.0 } else { spread }
}

/// Σ f(r) of a stock, in row order.
fn total(returns: &ArrayRef2<f64>, stock: usize, f: impl Fn(f64) -> f64) -> f64 {
    returns.column(stock).iter().fold(0.0, |sum, &r| sum + f(r))
}

/// These sums, and zeros for the others.
fn totals<const COUNT: usize>(sums: [f64; COUNT]) -> Totals {
    let mut totals = [0.0; 9];
    for (total, sum) in totals.iter_mut().zip(sums) {
        *total = sum;
    }
    totals
}
