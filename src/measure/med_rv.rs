//! MedRV = π/(6−4√3+π) n/(n−2) Σ med(|r_{i−1}|, |r_i|, |r_{i+1}|)²: integrated variance without the jumps,
//! which are not the median of three neighbours, and less hurt by zero returns than [`super::MinRv`].
//!
//! A row's quantity is with the rows before and after, 0 in the first and the last. se² = ϑ MedRQ/n with
//!
//! ```text
//! MedRQ = 3π n/(9π+72−52√3) n/(n−2) Σ med(|r_{i−1}|, |r_i|, |r_{i+1}|)⁴
//! ϑ = c² (Var m₁ + 2 Cov(m₁, m₂) + 2 Cov(m₁, m₃)) = 2.96,   c = π/(6−4√3+π)
//!     m_i = med(|z_{i−1}|, |z_i|, |z_{i+1}|)²
//! ```
//!
//! of z ~ N(0,1); `tests/oracles/measures.py` integrates it.
//!
//! Source: T. G. Andersen, D. Dobrev and E. Schaumburg, "Jump-robust volatility estimation using nearest
//! neighbor truncation", Journal of Econometrics 169(1), 2012.

use std::f64::consts::PI;

use ndarray::ArrayRef2;

use super::bipower::lacking;
use super::{Measure, Totals, totals};

/// MedRV.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct MedRv;

/// ϑ of the central limit theorem; the source rounds it to 2.96.
const THETA: f64 = 2.958_964_219_273_398;

const ROOT_THREE: f64 = 1.732_050_807_568_877_2;

/// The square of the median of a row, neither the first nor the last, and its neighbours.
fn square(returns: &ArrayRef2<f64>, row: usize, stock: usize) -> f64 {
    let [a, b, c] = [row - 1, row, row + 1].map(|row| returns[[row, stock]].abs());
    let median = a.min(b).max(a.max(b).min(c));
    median * median
}

/// What MedRV multiplies squares by.
fn factor(rows: usize) -> f64 {
    PI / (6.0 - 4.0 * ROOT_THREE + PI) * lacking(rows, 2)
}

impl Measure for MedRv {
    fn name(&self) -> &'static str {
        "medrv"
    }

    fn columns(&self) -> usize {
        1
    }

    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]) {
        let rows = returns.nrows();
        let inside = row > 0 && row + 1 < rows;
        out[0] = if inside { factor(rows) * square(returns, row, stock) } else { 0.0 };
    }

    fn needs_neighbours(&self) -> bool {
        true
    }

    fn least_rows(&self) -> usize {
        3
    }

    fn statistic(&self, sums: &[f64], _: u32) -> f64 {
        sums[0]
    }

    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        let rows = returns.nrows();
        if rows < self.least_rows() {
            return Totals::default();
        }
        let quarticity = 3.0 * PI / (9.0 * PI + 72.0 - 52.0 * ROOT_THREE) * lacking(rows, 2);
        let terms = (1..rows - 1).map(|row| square(returns, row, stock));
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
