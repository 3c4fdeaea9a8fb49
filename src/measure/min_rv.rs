//! MinRV = π/(π−2) n/(n−1) Σ min(|r_i|, |r_{i+1}|)²: integrated variance without the jumps, which are the
//! larger of two neighbours.
//!
//! A row's quantity is with the next row, 0 in the last. se² = ϑ MinRQ/n with
//!
//! ```text
//! MinRQ = π n/(3π−8) n/(n−1) Σ min(|r_i|, |r_{i+1}|)⁴
//! ϑ = c² (Var m₁ + 2 Cov(m₁, m₂)) = 3.81,   m_i = min(|z_i|, |z_{i+1}|)² of z ~ N(0,1), c = π/(π−2)
//! ```
//!
//! where E m₁ m₂ = E g(z)², g(b) = b² P(|z| > b) + E(z²; |z| < b); `tests/oracles/measures.py` integrates it.
//!
//! Source: T. G. Andersen, D. Dobrev and E. Schaumburg, "Jump-robust volatility estimation using nearest
//! neighbor truncation", Journal of Econometrics 169(1), 2012.

use std::f64::consts::PI;

use ndarray::ArrayRef2;

use super::bipower::lacking;
use super::{Measure, Totals, totals};

/// MinRV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MinRv;

/// ϑ of the central limit theorem; the source rounds it to 3.81.
const THETA: f64 = 3.809_878_101_115_854;

/// The square of the smaller of a row, not the last, and the next.
fn square(returns: &ArrayRef2<f64>, row: usize, stock: usize) -> f64 {
    let smaller = returns[[row, stock]].abs().min(returns[[row + 1, stock]].abs());
    smaller * smaller
}

/// What MinRV multiplies squares by.
fn factor(rows: usize) -> f64 {
    PI / (PI - 2.0) * lacking(rows, 1)
}

impl Measure for MinRv {
    fn name(&self) -> &'static str {
        "minrv"
    }

    fn columns(&self) -> usize {
        1
    }

    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]) {
        let rows = returns.nrows();
        out[0] = if row + 1 < rows { factor(rows) * square(returns, row, stock) } else { 0.0 };
    }

    fn needs_neighbours(&self) -> bool {
        true
    }

    fn least_rows(&self) -> usize {
        2
    }

    fn statistic(&self, sums: &[f64], _: u32) -> f64 {
        sums[0]
    }

    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        let rows = returns.nrows();
        if rows < self.least_rows() {
            return Totals::default();
        }
        let quarticity = PI / (3.0 * PI - 8.0) * lacking(rows, 1);
        let terms = (1..rows).map(|row| square(returns, row - 1, stock));
        // Term by term as in the column, so that the sums have the same bits.
        let factor = factor(rows);
        let [sum, fourths] =
            terms.fold([0.0; 2], |[sum, fourths], square| [sum + factor * square, fourths + square * square]);
        totals([sum, quarticity * fourths])
    }

    fn estimate_of(&self, totals: &Totals, _: u32) -> f64 {
        totals[0]
    }

    fn squared_error_of(&self, totals: &Totals, _: u32) -> Option<f64> {
        Some(THETA * totals[1])
    }

    fn is_positive(&self) -> bool {
        true
    }

    fn is_sum(&self) -> bool {
        true
    }
}
