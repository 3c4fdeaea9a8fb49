//! Realized beta, Σ r_i r_j / Σ r_j²: the slope of a stock's returns on those of another, such as the
//! market's. Where the other never moves it is 0.

use ndarray::{ArrayRef1, ArrayRef2};

use super::covariance::{COLUMNS, of_sums, others, products, squares};
use super::{Measure, ratio};

/// Realized beta on the stock of number `against`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beta {
    /// Number of the second stock, which has no cell.
    pub against: usize,
}

/// The slope; 0 where the regressor never moves, though roundings of the covariance may remain.
fn slope(covariance: f64, second: f64) -> f64 {
    if second == 0.0 { 0.0 } else { ratio(covariance, second) }
}

impl Measure for Beta {
    fn name(&self) -> &'static str {
        "beta"
    }

    fn cells(&self, stocks: usize) -> Vec<usize> {
        others(stocks, self.against)
    }

    fn columns(&self) -> usize {
        COLUMNS
    }

    fn quantities(&self, row: &ArrayRef1<f64>, stock: usize, out: &mut [f64]) {
        squares(row, stock, self.against, out);
    }

    fn degrees(&self) -> Option<&[u32]> {
        Some(&[2, 2, 2])
    }

    fn statistic(&self, sums: &[f64], _rows: u32) -> f64 {
        slope(of_sums(sums), sums[2])
    }

    fn estimate(&self, returns: &ArrayRef2<f64>, stock: usize) -> f64 {
        let [both, _, second] = products(returns, stock, self.against);
        slope(both, second)
    }
}
