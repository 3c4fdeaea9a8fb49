//! Realized correlation of two stocks, ρ = Σ r_i r_j / √(Σ r_i² Σ r_j²), in −1 … 1. Where one of the two
//! never moves it is 0.
//!
//! Its gradient in (Σ r_i r_j, Σ r_i², Σ r_j²) is (1/√(S_i S_j), −ρ/(2 S_i), −ρ/(2 S_j)): with Ω of
//! [`super::Covariance`] the delta method gives se² (Barndorff-Nielsen and Shephard 2004).

use ndarray::ArrayRef2;

use super::covariance::{COLUMNS, OF_FOURTH_POWERS, of_sums, others, products, quadratic_form, squares};
use super::{Measure, Totals, ratio};

/// Realized correlation with the stock of number `against`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correlation {
    /// Number of the second stock, which has no cell.
    pub against: usize,
}

/// Rounding alone may carry it beyond −1 and 1.
fn correlation(covariance: f64, first: f64, second: f64) -> f64 {
    let scale = scale(first, second);
    if scale == 0.0 { 0.0 } else { ratio(covariance, scale).clamp(-1.0, 1.0) }
}

/// √(S_i S_j), by roots first: a product of two sums may underflow.
fn scale(first: f64, second: f64) -> f64 {
    first.sqrt() * second.sqrt()
}

impl Measure for Correlation {
    fn name(&self) -> &'static str {
        "correlation"
    }

    fn cells(&self, stocks: usize) -> Vec<usize> {
        others(stocks, self.against)
    }

    fn against(&self) -> Option<usize> {
        Some(self.against)
    }

    fn columns(&self) -> usize {
        COLUMNS
    }

    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]) {
        squares(returns, row, [stock, self.against], out);
    }

    fn statistic(&self, sums: &[f64], _: u32) -> f64 {
        correlation(of_sums(sums), sums[1], sums[2])
    }

    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        products(returns, [stock, self.against])
    }

    fn estimate_of(&self, totals: &Totals, _: u32) -> f64 {
        correlation(totals[0], totals[1], totals[2])
    }

    fn squared_error_of(&self, totals: &Totals, rows: u32) -> Option<f64> {
        let scale = scale(totals[1], totals[2]);
        if scale == 0.0 {
            return Some(0.0);
        }
        let half = -0.5 * self.estimate_of(totals, rows);
        Some(quadratic_form(totals, [1.0 / scale, half / totals[1], half / totals[2]]))
    }

    fn without_studentizing(&self) -> Option<&'static str> {
        Some(OF_FOURTH_POWERS)
    }
}
