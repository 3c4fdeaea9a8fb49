//! The logarithm of realized variance, ln RV; −∞ on a day on which nothing moves.
//!
//! By the delta method the squared standard error is that of RV over RV². The logarithm makes its
//! distribution less skewed.
//!
//! Sources: O. E. Barndorff-Nielsen and N. Shephard, "Econometric analysis of realized volatility and its use
//! in estimating stochastic volatility models", Journal of the Royal Statistical Society B 64(2), 2002; S.
//! Gonçalves and N. Meddahi, "Box-Cox transforms for realized volatility", Journal of Econometrics 160(1),
//! 2011.

use ndarray::{ArrayRef1, ArrayRef2};

use super::variance::{powers, squared_error};
use super::{Measure, Studentize, Totals, Variance};

/// The logarithm of realized variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct LogVariance;

/// The squared standard error of ln RV, from RV and that of RV; 0 where nothing moves.
fn delta(variance: f64, squared_error: f64) -> f64 {
    // Divided twice: the square of a small variance may underflow.
    if variance > 0.0 { squared_error / variance / variance } else { 0.0 }
}

impl Measure for LogVariance {
    fn name(&self) -> &'static str {
        "log_variance"
    }

    fn is_of_squares(&self) -> bool {
        true
    }

    fn columns(&self) -> usize {
        1
    }

    #[inline]
    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]) {
        Measure::quantities(&Variance, returns, row, stock, out);
    }

    fn statistic(&self, sums: &[f64], _: u32) -> f64 {
        libm::log(sums[0])
    }

    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        powers(returns, stock)
    }

    fn estimate_of(&self, totals: &Totals, _: u32) -> f64 {
        libm::log(totals[0])
    }

    fn squared_error_of(&self, totals: &Totals, _: u32) -> Option<f64> {
        Some(delta(totals[0], squared_error(totals)))
    }

    fn is_of_sum(&self) -> bool {
        true
    }

    fn studentize(&self) -> Option<&dyn Studentize> {
        Some(self)
    }
}

impl Studentize for LogVariance {
    fn columns(&self) -> usize {
        1
    }

    fn degrees(&self) -> &'static [u32] {
        Studentize::degrees(&Variance)
    }

    fn quantities(&self, row: &ArrayRef1<f64>, stock: usize, out: &mut [f64]) {
        Studentize::quantities(&Variance, row, stock, out);
    }

    fn squared_error_of_resample(&self, rows: u32, sums: &[f64]) -> f64 {
        delta(sums[0], Variance.squared_error_of_resample(rows, sums))
    }

    fn squared_error_of_wild(&self, rows: u32, sums: &[f64]) -> f64 {
        delta(sums[0], Variance.squared_error_of_wild(rows, sums))
    }
}
