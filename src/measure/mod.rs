//! Measures: statistics of a day's returns that are functions of column sums.
//!
//! A day has n rows of returns r₁ … rₙ (of all stocks). A measure has a *cell* for each stock (or for each
//! but one), and says of a cell
//!
//! - its *columns*, quantities a row such as r² or (r_i + r_j)², which are summed exactly
//!   ([`crate::columns`]);
//! - its *statistic*, a function of the columns' sums: θ* where the sums are a resample's;
//! - its *estimate* θ̂, from the returns themselves in plain f64;
//! - where it can be studentized ([`Studentize`]), the squared standard errors of both.
//!
//! Functions of sums are evaluated in f64 with the operations of IEEE 754 alone, in the order in which they
//! are written, so that they have the same bits everywhere.
//!
//! | measure | columns of a cell | statistic of their sums |
//! |---|---|---|
//! | [`Variance`] | r² | S |
//! | [`Covariance`] with stock j | (r_i + r_j)², r_i², r_j² | ½(S₊ − S_i − S_j) |
//! | [`Correlation`] | the same | covariance / √(S_i S_j) |
//! | [`Beta`] | the same | covariance / S_j |
//!
//! A new measure is a new file here, and a line in [`by_name`].
//!
//! Sources: T. G. Andersen, T. Bollerslev, F. X. Diebold and P. Labys, "Modeling and forecasting realized
//! volatility", Econometrica 71(2), 2003; O. E. Barndorff-Nielsen and N. Shephard, "Econometric analysis of
//! realized covariation: high frequency based covariance, regression, and correlation in financial
//! economics", Econometrica 72(3), 2004.

mod beta;
mod correlation;
mod covariance;
mod variance;

use std::fmt::Debug;
use std::sync::Arc;

use ndarray::{ArrayRef1, ArrayRef2};

use crate::error::{Error, Result};

pub use beta::Beta;
pub use correlation::Correlation;
pub use covariance::Covariance;
pub use variance::Variance;

/// A statistic of a day's returns, a number for each cell.
pub trait Measure: Debug + Send + Sync {
    /// What the estimate is called in tables: a word in lower case.
    fn name(&self) -> &'static str;

    /// The stocks that have a cell, by number, of so many.
    fn cells(&self, stocks: usize) -> Vec<usize> {
        (0..stocks).collect()
    }

    /// Number of columns of a cell.
    fn columns(&self) -> usize;

    /// The quantities of a cell's columns in one row, none negative. `row` has the returns of all stocks,
    /// `stock` is the cell's, `out` has room for [`Self::columns`].
    fn quantities(&self, row: &ArrayRef1<f64>, stock: usize, out: &mut [f64]);

    /// As [`Self::quantities`] for these `cells` (stocks) in all rows of `returns`, n × stocks, into the
    /// first columns of each `stride` of `out`. One call for a day, in which the compiler knows the measure.
    fn fill(&self, returns: &ArrayRef2<f64>, cells: &[usize], stride: usize, out: &mut [f64]) {
        let columns = self.columns();
        for (row, out) in returns.rows().into_iter().zip(out.chunks_exact_mut(stride * cells.len().max(1))) {
            for (&stock, out) in cells.iter().zip(out.chunks_exact_mut(stride)) {
                self.quantities(&row, stock, &mut out[..columns]);
            }
        }
    }

    /// θ of the columns' sums over a resample of `rows` rows.
    fn statistic(&self, sums: &[f64], rows: u32) -> f64;

    /// θ̂ of a stock, from the day's returns, n × stocks.
    fn estimate(&self, returns: &ArrayRef2<f64>, stock: usize) -> f64;

    /// Whether the statistic is the sum of the only column, so that order statistics can be selected from the
    /// integers.
    fn is_sum(&self) -> bool {
        false
    }

    /// The statistic of the only column's sum, where [`Self::is_sum`]; it must not decrease.
    fn of_sum(&self, sum: f64, rows: u32) -> f64 {
        self.statistic(&[sum], rows)
    }

    /// The degree of each column as a function of the returns, where turning the sign of a row changes none.
    fn degrees(&self) -> Option<&[u32]>;

    /// Whether a row's quantities are of its neighbours too.
    fn needs_neighbours(&self) -> bool {
        false
    }

    /// Whether it is never negative.
    fn is_positive(&self) -> bool {
        false
    }

    /// Whether [`Self::squared_error`] is known.
    fn has_squared_error(&self) -> bool {
        false
    }

    /// The squared standard error of the estimate, by its central limit theorem.
    fn squared_error(&self, _returns: &ArrayRef2<f64>, _stock: usize) -> Option<f64> {
        None
    }

    /// How to studentize it, where that is known.
    fn studentize(&self) -> Option<&dyn Studentize> {
        None
    }
}

/// Squared standard errors of a measure, from sums of its columns and of some more.
pub trait Studentize {
    /// Number of columns that the errors need beside the measure's.
    fn columns(&self) -> usize;

    /// The quantities of those columns in one row, as [`Measure::quantities`].
    fn quantities(&self, row: &ArrayRef1<f64>, stock: usize, out: &mut [f64]);

    /// The squared standard error of θ̂, from the plain sums of the measure's columns and of these.
    fn squared_error(&self, sums: &[f64], rows: u32) -> f64;

    /// The same of θ*, from the sums over an iid resample of n = `rows` rows; rounding may make it negative
    /// where it is zero.
    fn squared_error_of_resample(&self, sums: &[f64], rows: u32) -> f64;

    /// The same of θ* of the wild scheme.
    fn squared_error_of_wild(&self, sums: &[f64], rows: u32) -> f64;

    /// The degree of each of its columns in the returns.
    fn degrees(&self) -> &[u32];
}

/// The measures' names.
pub const NAMES: [&str; 4] = ["variance", "covariance", "correlation", "beta"];

/// The measure of this name; those of two stocks are taken `against` the stock of that number.
///
/// # Errors
///
/// [`Error::Parameter`] for an unknown name, or where a second stock is lacking or of no use.
pub fn by_name(name: &str, against: Option<usize>) -> Result<Arc<dyn Measure>> {
    let refused =
        |requirement: String| Error::Parameter { name: "measure", value: name.to_owned(), requirement };
    match (name, against) {
        ("variance", None) => Ok(Arc::new(Variance)),
        ("covariance", Some(against)) => Ok(Arc::new(Covariance { against })),
        ("correlation", Some(against)) => Ok(Arc::new(Correlation { against })),
        ("beta", Some(against)) => Ok(Arc::new(Beta { against })),
        ("variance", Some(_)) => Err(refused("it is of one stock; leave `against` out".into())),
        ("covariance" | "correlation" | "beta", None) => {
            Err(refused("it is of two stocks; name the second by `against`".into()))
        }
        _ => Err(refused(format!("there are {}", NAMES.join(", ")))),
    }
}

/// a / b, with 0/0 as 0.
fn ratio(a: f64, b: f64) -> f64 {
    if a == 0.0 { 0.0 } else { a / b }
}
