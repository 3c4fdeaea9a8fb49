//! Realized variance, RV = Σ r².
//!
//! With h = 1/n the estimate of integrated variance has the squared standard error se² = ⅔ Σ r⁴, and (RV −
//! IV)/se → N(0, 1). Given the resample, RV* has Σ r*⁴ − RV*²/n under the iid bootstrap, and (6/31) Σ r*⁴
//! under the wild one, as (μ₄ − μ₂²)/μ₄ = 6/31 for the moments of its η.
//!
//! Sources: O. E. Barndorff-Nielsen and N. Shephard, "Econometric analysis of realized volatility and its use
//! in estimating stochastic volatility models", Journal of the Royal Statistical Society B 64(2), 2002; S.
//! Gonçalves and N. Meddahi, "Bootstrapping realized volatility", Econometrica 77(1), 2009.

use ndarray::{ArrayRef1, ArrayRef2};

use super::{Measure, Studentize, Totals, spread, total, totals};

/// Realized variance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Variance;

/// Σ r² and Σ r⁴ of a day.
pub(super) fn powers(returns: &ArrayRef2<f64>, stock: usize) -> Totals {
    totals([total(returns, stock, |r| r * r), total(returns, stock, fourth)])
}

/// r⁴.
pub(super) fn fourth(r: f64) -> f64 {
    let square = r * r;
    square * square
}

/// The squared standard error of RV, from Σ r² and Σ r⁴.
pub(super) fn squared_error(totals: &Totals) -> f64 {
    2.0 * totals[1] / 3.0
}

impl Measure for Variance {
    fn name(&self) -> &'static str {
        "rv"
    }

    fn columns(&self) -> usize {
        1
    }

    #[inline]
    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]) {
        let r = returns[[row, stock]];
        out[0] = r * r;
    }

    fn statistic(&self, sums: &[f64], _: u32) -> f64 {
        sums[0]
    }

    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        powers(returns, stock)
    }

    fn estimate_of(&self, totals: &Totals, _: u32) -> f64 {
        totals[0]
    }

    fn squared_error_of(&self, totals: &Totals, _: u32) -> Option<f64> {
        Some(squared_error(totals))
    }

    fn is_of_squares(&self) -> bool {
        true
    }

    fn is_positive(&self) -> bool {
        true
    }

    fn is_sum(&self) -> bool {
        true
    }

    fn studentize(&self) -> Option<&dyn Studentize> {
        Some(self)
    }
}

impl Studentize for Variance {
    fn columns(&self) -> usize {
        1
    }

    fn degrees(&self) -> &'static [u32] {
        &[4]
    }

    fn quantities(&self, row: &ArrayRef1<f64>, stock: usize, out: &mut [f64]) {
        out[0] = fourth(row[stock]);
    }

    fn squared_error_of_resample(&self, rows: u32, sums: &[f64]) -> f64 {
        spread(sums[1], sums[0], rows)
    }

    fn squared_error_of_wild(&self, _: u32, sums: &[f64]) -> f64 {
        6.0 / 31.0 * sums[1]
    }
}
