//! Realized covariance of two stocks, Σ r_i r_j.
//!
//! Products may be negative, columns not: ½(Σ(r_i + r_j)² − Σ r_i² − Σ r_j²) is the same from three columns
//! that are not. Rows are drawn jointly. Each sum is exact but for rounding to integers, ρ relative to itself
//! (or to its bulk), so that a resampled covariance is within ρ times the three sums' half.

use ndarray::{ArrayRef1, ArrayRef2};

use super::Measure;

/// Realized covariance with the stock of number `against`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covariance {
    /// Number of the second stock, which has no cell.
    pub against: usize,
}

/// Columns of a pair: those of the sum, of the first and of the second stock.
pub(super) const COLUMNS: usize = 3;

/// The squares of a pair of stocks in one row.
pub(super) fn squares(row: &ArrayRef1<f64>, stock: usize, against: usize, out: &mut [f64]) {
    let (one, other) = (row[stock], row[against]);
    let both = one + other;
    out[..COLUMNS].copy_from_slice(&[both * both, one * one, other * other]);
}

/// Half of what the square of a sum has beyond the sum of squares.
pub(super) fn of_sums(sums: &[f64]) -> f64 {
    0.5 * (sums[0] - sums[1] - sums[2])
}

/// Σ r_i r_j, Σ r_i² and Σ r_j² of a day's returns, in row order.
pub(super) fn products(returns: &ArrayRef2<f64>, stock: usize, against: usize) -> [f64; 3] {
    let pairs = returns.column(stock).into_iter().zip(returns.column(against));
    pairs.fold([0.0; 3], |[both, first, second], (&one, &other)| {
        [both + one * other, first + one * one, second + other * other]
    })
}

/// All stocks but one.
pub(super) fn others(stocks: usize, against: usize) -> Vec<usize> {
    (0..stocks).filter(|&stock| stock != against).collect()
}

impl Measure for Covariance {
    fn name(&self) -> &'static str {
        "covariance"
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
        of_sums(sums)
    }

    fn estimate(&self, returns: &ArrayRef2<f64>, stock: usize) -> f64 {
        products(returns, stock, self.against)[0]
    }
}
