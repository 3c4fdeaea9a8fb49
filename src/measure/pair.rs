//! Measures of two stocks: functions of Σ r_i r_j, Σ r_i² and Σ r_j².
//!
//! Products may be negative, columns not: ½(Σ(r_i + r_j)² − Σ r_i² − Σ r_j²) is Σ r_i r_j from three columns
//! that are not. Rows are drawn jointly. Each sum is exact but for rounding to integers, ρ relative to itself
//! (or to its bulk), so that a resampled covariance is within ρ times the three sums' half.
//!
//! **Standard errors.** With z = (r_i r_j, r_i², r_j²) of a row, z₀ = z_{n+1} = 0 around the day's rows,
//!
//! ```text
//! Ω = Σ z z' − ½ Σ (z_t z'_{t+1} + z_{t+1} z'_t) = ½ Σ_{t=0}^{n} (z_{t+1} − z_t)(z_{t+1} − z_t)'
//! ```
//!
//! estimates the covariance matrix of Σ z, from neighbours, between which volatility hardly changes, and g'Ωg
//! is the se² of a function with gradient g (delta method). The second form of Ω is never negative.
//!
//! Source: O. E. Barndorff-Nielsen and N. Shephard, "Econometric analysis of realized covariation: high
//! frequency based covariance, regression, and correlation in financial economics", Econometrica 72(3), 2004.

use std::fmt::Debug;

use ndarray::ArrayRef2;

use super::{Measure, Studentize, Totals};

/// Columns of a pair: those of the sum, of the first and of the second stock.
pub(super) const COLUMNS: usize = 3;

/// A measure of a stock with a second one.
pub(super) trait Pair: Debug + Send + Sync {
    /// As [`Measure::name`].
    const NAME: &'static str;

    /// Number of the second stock, which has no cell.
    fn second(&self) -> usize;

    /// Its value of Σ r_i r_j, Σ r_i² and Σ r_j².
    fn value(sums: [f64; 3]) -> f64;

    /// Its gradient in them; zeros where it is constant because nothing moves.
    fn gradient(sums: [f64; 3]) -> [f64; 3];

    /// As [`Measure::studentize`].
    fn studentize(&self) -> Option<&dyn Studentize> {
        None
    }
}

/// Σ r_i r_j, of the columns' sums: half of what the square of a sum has beyond the sum of squares.
pub(super) fn product(sums: &[f64]) -> f64 {
    0.5 * (sums[0] - sums[1] - sums[2])
}

/// g' Ω g, with Ω's entries as [`Measure::totals`] has them; rounding may not make it negative.
fn quadratic_form([xx, xy, xw, yy, yw, ww]: [f64; 6], [x, y, w]: [f64; 3]) -> f64 {
    let form = x * (x * xx + 2.0 * (y * xy + w * xw)) + y * (y * yy + 2.0 * w * yw) + w * w * ww;
    // What is no number stays so.
    if form < 0.0 { 0.0 } else { form }
}

impl<P: Pair> Measure for P {
    fn name(&self) -> &'static str {
        P::NAME
    }

    /// All stocks but the second.
    fn cells(&self, stocks: usize) -> Vec<usize> {
        (0..stocks).filter(|&stock| stock != self.second()).collect()
    }

    fn against(&self) -> Option<usize> {
        Some(self.second())
    }

    fn columns(&self) -> usize {
        COLUMNS
    }

    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]) {
        let (one, other) = (returns[[row, stock]], returns[[row, self.second()]]);
        let both = one + other;
        out[..COLUMNS].copy_from_slice(&[both * both, one * one, other * other]);
    }

    fn statistic(&self, sums: &[f64], _: u32) -> f64 {
        P::value([product(sums), sums[1], sums[2]])
    }

    /// Σ z, z = (r_i r_j, r_i², r_j²), and then Ω's entries (row by row, those on and above the diagonal), in
    /// row order.
    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        let mut totals = Totals::default();
        let mut before = [0.0; 3];
        let pairs = returns.column(stock).into_iter().zip(returns.column(self.second()));
        let rows = pairs.map(|(&one, &other)| [one * other, one * one, other * other]);
        // The row of zeros after the last adds nothing to Σ z.
        for z in rows.chain([[0.0; 3]]) {
            let [x, y, w] = [z[0] - before[0], z[1] - before[1], z[2] - before[2]];
            let products = [x * x, x * y, x * w, y * y, y * w, w * w];
            let terms = z.into_iter().chain(products.map(|product| 0.5 * product));
            for (total, term) in totals.iter_mut().zip(terms) {
                *total += term;
            }
            before = z;
        }
        totals
    }

    fn estimate_of(&self, totals: &Totals, _: u32) -> f64 {
        let [product, first, second, ..] = *totals;
        P::value([product, first, second])
    }

    fn squared_error_of(&self, totals: &Totals, _: u32) -> Option<f64> {
        let [product, first, second, omega @ ..] = *totals;
        Some(quadratic_form(omega, P::gradient([product, first, second])))
    }

    fn studentize(&self) -> Option<&dyn Studentize> {
        Pair::studentize(self)
    }

    fn without_studentizing(&self) -> Option<&'static str> {
        Pair::studentize(self).is_none().then_some(
            "the standard error of a resample needs sums such as Σ r_i³ r_j, whose terms have both signs, as \
             no column's may",
        )
    }
}
