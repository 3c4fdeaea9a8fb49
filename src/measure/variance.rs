//! Realized variance, RV = Σ r².
//!
//! With h = 1/n the estimate of integrated variance has the squared standard error se² = ⅔ Σ r⁴, and (RV −
//! IV)/se → N(0, 1). Under the iid bootstrap, given the resample, RV* has Σ r*⁴ − RV*²/n.
//!
//! Sources: O. E. Barndorff-Nielsen and N. Shephard, "Econometric analysis of realized volatility and its use
//! in estimating stochastic volatility models", Journal of the Royal Statistical Society B 64(2), 2002; S.
//! Gonçalves and N. Meddahi, "Bootstrapping realized volatility", Econometrica 77(1), 2009.

use ndarray::{ArrayRef1, ArrayRef2};

use super::{Measure, Studentize};

/// Realized variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variance;

impl Measure for Variance {
    fn name(&self) -> &'static str {
        "rv"
    }

    fn columns(&self) -> usize {
        1
    }

    #[inline]
    fn quantities(&self, row: &ArrayRef1<f64>, stock: usize, out: &mut [f64]) {
        out[0] = row[stock] * row[stock];
    }

    fn statistic(&self, sums: &[f64], _rows: u32) -> f64 {
        sums[0]
    }

    fn estimate(&self, returns: &ArrayRef2<f64>, stock: usize) -> f64 {
        returns.column(stock).iter().fold(0.0, |sum, r| sum + r * r)
    }

    fn is_sum(&self) -> bool {
        true
    }

    fn degrees(&self) -> Option<&[u32]> {
        Some(&[2])
    }

    fn is_positive(&self) -> bool {
        true
    }

    fn has_squared_error(&self) -> bool {
        true
    }

    fn squared_error(&self, returns: &ArrayRef2<f64>, stock: usize) -> Option<f64> {
        Some(2.0 / 3.0 * returns.column(stock).iter().fold(0.0, |sum, r| sum + r * r * r * r))
    }

    fn studentize(&self) -> Option<&dyn Studentize> {
        Some(self)
    }
}

impl Studentize for Variance {
    fn columns(&self) -> usize {
        1
    }

    fn quantities(&self, row: &ArrayRef1<f64>, stock: usize, out: &mut [f64]) {
        let square = row[stock] * row[stock];
        out[0] = square * square;
    }

    fn squared_error(&self, sums: &[f64], _rows: u32) -> f64 {
        2.0 * sums[1] / 3.0
    }

    fn squared_error_of_resample(&self, sums: &[f64], rows: u32) -> f64 {
        sums[1] - sums[0] * sums[0] / f64::from(rows)
    }

    fn squared_error_of_wild(&self, sums: &[f64], _rows: u32) -> f64 {
        6.0 * sums[1] / 31.0
    }

    fn degrees(&self) -> &[u32] {
        &[4]
    }
}
