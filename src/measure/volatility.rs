//! Realized volatility, √RV: the standard deviation of the period's return, or of a year's.
//!
//! A year of so many periods (252 trading days) has that many times a period's variance. By the delta method
//! the squared standard error is that of RV over 4 RV, times the periods a year.
//!
//! Source: O. E. Barndorff-Nielsen and N. Shephard, "Econometric analysis of realized volatility and its use
//! in estimating stochastic volatility models", Journal of the Royal Statistical Society B 64(2), 2002.

use ndarray::{ArrayRef1, ArrayRef2};

use super::variance::{powers, squared_error};
use super::{Measure, Studentize, Totals, Variance, ratio};

/// Trading days of a year, by which daily volatility is annualized.
pub const TRADING_DAYS: u32 = 252;

/// Realized volatility.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Volatility {
    /// Periods of a year, where it is annualized: [`TRADING_DAYS`] for days, 52 for weeks, 12 for months.
    pub periods_a_year: Option<u32>,
}

impl Volatility {
    /// Periods that the volatility is of.
    fn periods(&self) -> f64 {
        self.periods_a_year.map_or(1.0, f64::from)
    }

    /// The volatility from RV.
    fn root(&self, variance: f64) -> f64 {
        (self.periods() * variance).sqrt()
    }

    /// Its squared standard error, from RV and that of RV.
    fn delta(&self, variance: f64, squared_error: f64) -> f64 {
        if variance > 0.0 { self.periods() * ratio(squared_error, 4.0 * variance) } else { 0.0 }
    }
}

impl Measure for Volatility {
    fn name(&self) -> &'static str {
        if self.periods_a_year.is_some() { "annual_volatility" } else { "volatility" }
    }

    fn columns(&self) -> usize {
        1
    }

    #[inline]
    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]) {
        Measure::quantities(&Variance, returns, row, stock, out);
    }

    fn statistic(&self, sums: &[f64], _: u32) -> f64 {
        self.root(sums[0])
    }

    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        powers(returns, stock)
    }

    fn estimate_of(&self, totals: &Totals, _: u32) -> f64 {
        self.root(totals[0])
    }

    fn squared_error_of(&self, totals: &Totals, _: u32) -> Option<f64> {
        Some(self.delta(totals[0], squared_error(totals)))
    }

    fn is_of_squares(&self) -> bool {
        true
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

impl Studentize for Volatility {
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
        self.delta(sums[0], Variance.squared_error_of_resample(rows, sums))
    }

    fn squared_error_of_wild(&self, rows: u32, sums: &[f64]) -> f64 {
        self.delta(sums[0], Variance.squared_error_of_wild(rows, sums))
    }
}
