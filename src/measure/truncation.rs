//! Nearest neighbour truncation: integrated variance without the jumps, which are not the smaller of two
//! neighbours (MinRV) or the median of three (MedRV, less hurt by zero returns).
//!
//! With m_i the square of that, of the n − ℓ rows that have all their neighbours,
//!
//! ```text
//! estimate     c n/(n−ℓ) Σ m_i              se² = ϑ quarticity/n
//! quarticity   d n · n/(n−ℓ) Σ m_i²
//!
//!          m_i                               ℓ   c             d                 ϑ
//! MinRV    min(|r_i|, |r_{i+1}|)²            1   π/(π−2)       π/(3π−8)          3.81
//! MedRV    med(|r_{i−1}|, |r_i|, |r_{i+1}|)² 2   π/(6−4√3+π)   3π/(9π+72−52√3)   2.96
//! ```
//!
//! A row's quantity is with the next row (MinRV) or with those before and after (MedRV), 0 where one lacks.
//! ϑ = c² (Var m₁ + 2 Cov(m₁, m₂) + 2 Cov(m₁, m₃)), the last for MedRV alone, with z ~ N(0,1) for r; for
//! MinRV E m₁ m₂ = E g(z)², g(b) = b² P(|z| > b) + E(z²; |z| < b). `tests/oracles/measures.py` integrates
//! both.
//!
//! Source: T. G. Andersen, D. Dobrev and E. Schaumburg, "Jump-robust volatility estimation using nearest
//! neighbor truncation", Journal of Econometrics 169(1), 2012.

use std::f64::consts::PI;

use ndarray::ArrayRef2;

use super::bipower::lacking;
use super::{Measure, Totals, totals};

/// An estimator of integrated variance by nearest neighbour truncation.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Truncation {
    /// MinRV, of the smaller of two neighbours.
    Min,
    /// MedRV, of the median of three.
    Med,
}

const ROOT_THREE: f64 = 1.732_050_807_568_877_2;

impl Truncation {
    /// ϑ of the central limit theorem; the source rounds it to 3.81 and 2.96.
    const fn theta(self) -> f64 {
        match self {
            Self::Min => 3.809_878_101_115_854,
            Self::Med => 2.958_964_219_273_398,
        }
    }

    /// ℓ, rows of a day that lack a neighbour.
    const fn lost(self) -> usize {
        match self {
            Self::Min => 1,
            Self::Med => 2,
        }
    }

    /// What squares are multiplied by.
    fn factor(self, rows: usize) -> f64 {
        let scale = match self {
            Self::Min => PI / (PI - 2.0),
            Self::Med => PI / (6.0 - 4.0 * ROOT_THREE + PI),
        };
        scale * lacking(rows, self.lost())
    }

    /// What fourth powers are multiplied by, for the quarticity over n.
    fn quarticity_factor(self, rows: usize) -> f64 {
        let scale = match self {
            Self::Min => PI / (3.0 * PI - 8.0),
            Self::Med => 3.0 * PI / (9.0 * PI + 72.0 - 52.0 * ROOT_THREE),
        };
        scale * lacking(rows, self.lost())
    }

    /// The square of a row's smaller or median return, `None` where it lacks a neighbour.
    #[inline]
    fn square(self, returns: &ArrayRef2<f64>, row: usize, stock: usize) -> Option<f64> {
        let size = |row: usize| returns[[row, stock]].abs();
        let has_next = row + 1 < returns.nrows();
        let kept = match self {
            Self::Min if has_next => size(row).min(size(row + 1)),
            Self::Med if has_next && row > 0 => {
                let [a, b, c] = [row - 1, row, row + 1].map(size);
                a.min(b).max(a.max(b).min(c))
            }
            _ => return None,
        };
        Some(kept * kept)
    }
}

impl Measure for Truncation {
    fn name(&self) -> &'static str {
        match self {
            Self::Min => "minrv",
            Self::Med => "medrv",
        }
    }

    fn columns(&self) -> usize {
        1
    }

    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]) {
        let factor = self.factor(returns.nrows());
        out[0] = self.square(returns, row, stock).map_or(0.0, |square| factor * square);
    }

    fn needs_neighbours(&self) -> bool {
        true
    }

    fn least_rows(&self) -> usize {
        self.lost() + 1
    }

    fn statistic(&self, sums: &[f64], _: u32) -> f64 {
        sums[0]
    }

    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        let rows = returns.nrows();
        if rows < self.least_rows() {
            return Totals::default();
        }
        let terms = (0..rows).filter_map(|row| self.square(returns, row, stock));
        // Term by term as in the column, so that the sums have the same bits.
        let factor = self.factor(rows);
        let [sum, fourths] =
            terms.fold([0.0; 2], |[sum, fourths], square| [sum + factor * square, fourths + square * square]);
        totals([sum, self.quarticity_factor(rows) * fourths])
    }

    fn estimate_of(&self, totals: &Totals, _: u32) -> f64 {
        totals[0]
    }

    fn squared_error_of(&self, totals: &Totals, _: u32) -> Option<f64> {
        Some(self.theta() * totals[1])
    }

    fn is_positive(&self) -> bool {
        true
    }

    fn is_sum(&self) -> bool {
        true
    }
}
