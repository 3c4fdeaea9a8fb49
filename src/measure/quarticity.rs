//! Realized quarticity, RQ = n/3 Σ r⁴, which tends to integrated quarticity: with returns of variance σ² h, h
//! = 1/n, a fourth power has the mean 3 σ⁴ h².
//!
//! Fourth powers of such returns have the variance (105 − 9) σ⁸ h⁴ and eighth powers the mean 105 σ⁸ h⁴, so
//! that se² = n²/9 · 96/105 Σ r⁸. Given the resample, RQ* has n²/9 (Σ r*⁸ − (Σ r*⁴)²/n) under the iid
//! bootstrap, and n²/9 · 24/49 Σ r*⁸ under the wild one, as (μ₈ − μ₄²)/μ₈ = 24/49 for the moments of its η.
//!
//! **Of a period of several days** it is n/3 Σ r⁴ with the n rows of all of them, and time is measured in
//! periods: a variance of σ² a day is Dσ² a period of D days, so that the quarticity is D times the sum of
//! the days' where these have equally many rows, not that sum. It goes with the period's variance, whose
//! se² is 2/n times it. Periods of unequally many days compare after division by D².
//!
//! Jumps enter it with n times their fourth power: it is of days without.
//!
//! Sources: O. E. Barndorff-Nielsen and N. Shephard, "Econometric analysis of realized volatility and its use
//! in estimating stochastic volatility models", Journal of the Royal Statistical Society B 64(2), 2002;
//! "Realized power variation and stochastic volatility models", Bernoulli 9(2), 2003.

use ndarray::{ArrayRef1, ArrayRef2};

use super::variance::fourth;
use super::{Measure, Studentize, Totals, spread, total, totals};

/// Realized quarticity.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Quarticity;

/// n/3 times the sum of fourth powers.
fn scaled(sum: f64, rows: u32) -> f64 {
    f64::from(rows) / 3.0 * sum
}

/// n²/9 times a variance of the sum of fourth powers.
fn scaled_error(variance: f64, rows: u32) -> f64 {
    let scale = f64::from(rows) / 3.0;
    scale * scale * variance
}

/// r⁸.
fn eighth(r: f64) -> f64 {
    let fourth = fourth(r);
    fourth * fourth
}

impl Measure for Quarticity {
    fn name(&self) -> &'static str {
        "quarticity"
    }

    fn columns(&self) -> usize {
        1
    }

    #[inline]
    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]) {
        out[0] = fourth(returns[[row, stock]]);
    }

    fn degrees(&self) -> Option<&'static [u32]> {
        Some(&[4])
    }

    fn statistic(&self, sums: &[f64], rows: u32) -> f64 {
        scaled(sums[0], rows)
    }

    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        totals([total(returns, stock, fourth), total(returns, stock, eighth)])
    }

    fn estimate_of(&self, totals: &Totals, rows: u32) -> f64 {
        scaled(totals[0], rows)
    }

    fn squared_error_of(&self, totals: &Totals, rows: u32) -> Option<f64> {
        Some(scaled_error(96.0 / 105.0 * totals[1], rows))
    }

    fn is_positive(&self) -> bool {
        true
    }

    fn is_of_sum(&self) -> bool {
        true
    }

    fn studentize(&self) -> Option<&dyn Studentize> {
        Some(self)
    }
}

impl Studentize for Quarticity {
    fn columns(&self) -> usize {
        1
    }

    fn degrees(&self) -> &'static [u32] {
        &[8]
    }

    fn quantities(&self, row: &ArrayRef1<f64>, stock: usize, out: &mut [f64]) {
        out[0] = eighth(row[stock]);
    }

    fn squared_error_of_resample(&self, rows: u32, sums: &[f64]) -> f64 {
        scaled_error(spread(sums[1], sums[0], rows), rows)
    }

    fn squared_error_of_wild(&self, rows: u32, sums: &[f64]) -> f64 {
        scaled_error(24.0 / 49.0 * sums[1], rows)
    }
}
