//! Realized correlation of two stocks, Σ r_i r_j / √(Σ r_i² Σ r_j²), in −1 … 1. Where one of the two never
//! moves it is 0.

use ndarray::{ArrayRef1, ArrayRef2};

use super::covariance::{COLUMNS, of_sums, others, products, squares};
use super::{Measure, ratio};

/// Realized correlation with the stock of number `against`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correlation {
    /// Number of the second stock, which has no cell.
    pub against: usize,
}

/// Rounding alone may carry it beyond −1 and 1.
fn correlation(covariance: f64, first: f64, second: f64) -> f64 {
    // Roots first: a product of two sums may underflow.
    let scale = first.sqrt() * second.sqrt();
    if scale == 0.0 { 0.0 } else { ratio(covariance, scale).clamp(-1.0, 1.0) }
}

impl Measure for Correlation {
    fn name(&self) -> &'static str {
        "correlation"
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
        correlation(of_sums(sums), sums[1], sums[2])
    }

    fn estimate(&self, returns: &ArrayRef2<f64>, stock: usize) -> f64 {
        let [both, first, second] = products(returns, stock, self.against);
        correlation(both, first, second)
    }
}
