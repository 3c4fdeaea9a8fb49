//! Bipower variation, BV = (π/2) n/(n−1) Σ |r_i| |r_{i+1}|: integrated variance without the jumps, of which
//! two hardly ever are neighbours. n/(n−1) is for the pair that n rows lack.
//!
//! A row's quantity is π/2 · n/(n−1) times the product with the next row, 0 in the last. se² = ϑ TP/n with
//! ϑ = π²/4 + π − 3 = 2.61 and tripower quarticity TP, in which no jump enters either:
//!
//! ```text
//! TP = n μ^{-3} n/(n−2) Σ (|r_i| |r_{i+1}| |r_{i+2}|)^{4/3},   μ = E |N(0,1)|^{4/3} = 2^{2/3} Γ(7/6)/Γ(1/2)
//! ```
//!
//! Sources: O. E. Barndorff-Nielsen and N. Shephard, "Power and bipower variation with stochastic volatility
//! and jumps", Journal of Financial Econometrics 2(1), 2004; "Econometrics of testing for jumps in financial
//! economics using bipower variation", Journal of Financial Econometrics 4(1), 2006; X. Huang and G. Tauchen,
//! "The relative contribution of jumps to total price variance", Journal of Financial Econometrics 3(4), 2005
//! (the factors n/(n−1) and n/(n−2)).

use std::f64::consts::PI;

use ndarray::ArrayRef2;

use super::{Measure, Totals, totals};

/// Bipower variation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Bipower;

/// 2^{2/3} Γ(7/6)/Γ(1/2).
const MU_FOUR_THIRDS: f64 = 0.830_860_925_029_559_1;

/// ϑ of the central limit theorem, π²/4 + π − 3.
const THETA: f64 = PI * PI / 4.0 + PI - 3.0;

/// n/(n − `lost`), of rows that have all their neighbours.
pub(super) fn lacking(rows: usize, lost: usize) -> f64 {
    rows as f64 / rows.saturating_sub(lost) as f64
}

/// The terms of bipower variation, none for a day of one row.
fn bipower_terms(returns: &ArrayRef2<f64>, stock: usize) -> impl Iterator<Item = f64> {
    (0..returns.nrows().saturating_sub(1)).map(move |row| bipower_term(returns, row, stock))
}

/// π/2 n/(n−1) |r_i| |r_{i+1}|, of a row that is not the last.
fn bipower_term(returns: &ArrayRef2<f64>, row: usize, stock: usize) -> f64 {
    let [one, next] = [returns[[row, stock]], returns[[row + 1, stock]]].map(f64::abs);
    PI / 2.0 * lacking(returns.nrows(), 1) * (one * next)
}

/// Bipower variation, in row order.
pub(super) fn bipower(returns: &ArrayRef2<f64>, stock: usize) -> f64 {
    bipower_terms(returns, stock).fold(0.0, |sum, term| sum + term)
}

/// TP/n, in row order: sums of days add. 0 for a day of fewer than three rows.
pub(super) fn tripower(returns: &ArrayRef2<f64>, stock: usize) -> f64 {
    let power = |row: usize| {
        let root = libm::cbrt(returns[[row, stock]].abs());
        (root * root) * (root * root)
    };
    let rows = returns.nrows();
    let terms = (2..rows).map(|row| power(row - 2) * power(row - 1) * power(row));
    let cube = MU_FOUR_THIRDS * MU_FOUR_THIRDS * MU_FOUR_THIRDS;
    let sum = terms.fold(0.0, |sum, term| sum + term);
    if rows < 3 { 0.0 } else { lacking(rows, 2) / cube * sum }
}

impl Measure for Bipower {
    fn name(&self) -> &'static str {
        "bipower"
    }

    fn columns(&self) -> usize {
        1
    }

    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]) {
        out[0] = if row + 1 < returns.nrows() { bipower_term(returns, row, stock) } else { 0.0 };
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
        totals([bipower(returns, stock), tripower(returns, stock)])
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
