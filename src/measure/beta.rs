//! Realized beta, β = Σ r_i r_j / Σ r_j²: the slope of a stock's returns on those of another, such as the
//! market's. Where the other never moves it is 0.
//!
//! Its gradient in (Σ r_i r_j, Σ r_i², Σ r_j²) is (1, 0, −β)/S_j: with Ω of [`super::Covariance`] the delta
//! method gives se², the variance of Σ (r_i − β r_j) r_j over S_j² (Barndorff-Nielsen and Shephard 2004).

use ndarray::ArrayRef2;

use super::covariance::{COLUMNS, OF_FOURTH_POWERS, of_sums, others, products, quadratic_form, squares};
use super::{Measure, Totals, ratio};

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
        slope(of_sums(sums), sums[2])
    }

    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        products(returns, [stock, self.against])
    }

    fn estimate_of(&self, totals: &Totals, _: u32) -> f64 {
        slope(totals[0], totals[2])
    }

    fn squared_error_of(&self, totals: &Totals, rows: u32) -> Option<f64> {
        let second = totals[2];
        if second == 0.0 {
            return Some(0.0);
        }
        Some(quadratic_form(totals, [1.0 / second, 0.0, -self.estimate_of(totals, rows) / second]))
    }

    fn without_studentizing(&self) -> Option<&'static str> {
        Some(OF_FOURTH_POWERS)
    }
}
