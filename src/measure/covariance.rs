//! Realized covariance of two stocks, Σ r_i r_j.
//!
//! Products may be negative, columns not: ½(Σ(r_i + r_j)² − Σ r_i² − Σ r_j²) is the same from three columns
//! that are not. Rows are drawn jointly. Each sum is exact but for rounding to integers, ρ relative to itself
//! (or to its bulk), so that a resampled covariance is within ρ times the three sums' half.
//!
//! **Standard errors.** With z = (r_i r_j, r_i², r_j²) of a row, z₀ = z_{n+1} = 0 around the day's rows,
//!
//! ```text
//! Ω = Σ z z' − ½ Σ (z_t z'_{t+1} + z_{t+1} z'_t) = ½ Σ_{t=0}^{n} (z_{t+1} − z_t)(z_{t+1} − z_t)'
//! ```
//!
//! estimates the covariance matrix of Σ z, from neighbours, between which volatility hardly changes. Its
//! first entry is the covariance's se²; correlation and beta take the quadratic form of their gradients
//! (delta method). The second form is never negative. Under the iid bootstrap of pairs, a resample's
//! covariance has Σ x*² − (Σ x*)²/n, x = r_i r_j; under the wild one (6/31) Σ x*².
//!
//! Sources: O. E. Barndorff-Nielsen and N. Shephard, "Econometric analysis of realized covariation: high
//! frequency based covariance, regression, and correlation in financial economics", Econometrica 72(3), 2004;
//! P. Dovonon, S. Gonçalves and N. Meddahi, "Bootstrapping realized multivariate volatility measures",
//! Journal of Econometrics 172(1), 2013.

use ndarray::{ArrayRef1, ArrayRef2};

use super::{Measure, Studentize, Totals, spread};

/// Realized covariance with the stock of number `against`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covariance {
    /// Number of the second stock, which has no cell.
    pub against: usize,
}

/// Columns of a pair: those of the sum, of the first and of the second stock.
pub(super) const COLUMNS: usize = 3;

/// Why correlation and beta cannot be studentized.
pub(super) const OF_FOURTH_POWERS: &str = "the standard error of a resample needs sums such as Σ r_i³ r_j, whose terms have both signs, as no \
     column's may";

/// The squares of a pair of stocks in one row.
pub(super) fn squares(returns: &ArrayRef2<f64>, row: usize, [stock, against]: [usize; 2], out: &mut [f64]) {
    let (one, other) = (returns[[row, stock]], returns[[row, against]]);
    let both = one + other;
    out[..COLUMNS].copy_from_slice(&[both * both, one * one, other * other]);
}

/// Half of what the square of a sum has beyond the sum of squares.
pub(super) fn of_sums(sums: &[f64]) -> f64 {
    0.5 * (sums[0] - sums[1] - sums[2])
}

/// Σ z, z = (r_i r_j, r_i², r_j²), and then Ω's entries (row by row, those on and above the diagonal) of a
/// day's returns, in row order.
pub(super) fn products(returns: &ArrayRef2<f64>, [stock, against]: [usize; 2]) -> Totals {
    let mut totals = Totals::default();
    let mut before = [0.0; 3];
    let pairs = returns.column(stock).into_iter().zip(returns.column(against));
    let rows = pairs.map(|(&one, &other)| [one * other, one * one, other * other]);
    // The row of zeros after the last adds nothing to Σ z.
    for z in rows.chain([[0.0; 3]]) {
        let [x, y, w] = [z[0] - before[0], z[1] - before[1], z[2] - before[2]];
        let products = [x * x, x * y, x * w, y * y, y * w, w * w];
        for (total, term) in totals.iter_mut().zip(z.into_iter().chain(products.map(|product| 0.5 * product)))
        {
            *total += term;
        }
        before = z;
    }
    totals
}

/// g' Ω g for the gradient g of a function of Σ z; rounding may not make it negative.
pub(super) fn quadratic_form(totals: &Totals, [x, y, w]: [f64; 3]) -> f64 {
    let [_, _, _, xx, xy, xw, yy, yw, ww] = *totals;
    let form = x * (x * xx + 2.0 * (y * xy + w * xw)) + y * (y * yy + 2.0 * w * yw) + w * w * ww;
    // What is no number stays so.
    if form < 0.0 { 0.0 } else { form }
}

/// All stocks but one.
pub(super) fn others(stocks: usize, against: usize) -> Vec<usize> {
    (0..stocks).filter(|&stock| stock != against).collect()
}

impl Measure for Covariance {
    fn name(&self) -> &'static str {
        "covariance"
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
        of_sums(sums)
    }

    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        products(returns, [stock, self.against])
    }

    fn estimate_of(&self, totals: &Totals, _: u32) -> f64 {
        totals[0]
    }

    fn squared_error_of(&self, totals: &Totals, _: u32) -> Option<f64> {
        Some(totals[3])
    }

    fn studentize(&self) -> Option<&dyn Studentize> {
        Some(self)
    }
}

impl Studentize for Covariance {
    fn columns(&self) -> usize {
        1
    }

    fn degrees(&self) -> &'static [u32] {
        &[4]
    }

    fn quantities(&self, row: &ArrayRef1<f64>, stock: usize, out: &mut [f64]) {
        let product = row[stock] * row[self.against];
        out[0] = product * product;
    }

    fn squared_error_of_resample(&self, rows: u32, sums: &[f64]) -> f64 {
        let covariance = of_sums(sums);
        spread(sums[COLUMNS], covariance, rows)
    }

    fn squared_error_of_wild(&self, _: u32, sums: &[f64]) -> f64 {
        6.0 / 31.0 * sums[COLUMNS]
    }
}
