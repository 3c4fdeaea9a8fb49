//! What discounting and the chain of shocks make of a sum over all periods to come.
//!
//! With Z states and transition matrix P ≥ 0, a figure r_z that is due in each period in state z adds up to
//!
//! ```text
//! Σ_t (βP)^t r = H r,   H = (I − βP)^{−1}
//! ```
//!
//! which is finite, and H is not negative, where the spectral radius of βP is below 1. If the rows of P sum
//! to 1, H 1 = 1/(1−β). H turns every bound on one application of T into one on V (MacQueen 1966, Porteus
//! 1971): T(V + a) = T V + βP a for any a by state, so that l ≤ T V − V ≤ u gives
//!
//! ```text
//! T V + βPH l ≤ V_N ≤ T V + βPH u        and        |V − V_N| ≤ H max(|l|, |u|)
//! ```
//!
//! For one state these are the scalar bounds with 1/(1−β). For several, the bounds by state are far apart
//! only as long as the shape of V(·, z) changes: that V rises in one state and falls in another, which
//! persistent shocks undo slowly, is no part of the width.
//!
//! **Rounding.** H is computed by elimination, and checked: with E = I − (I−βP)H, whose entries are computed
//! with their rounding, and e ≥ ‖E‖_∞, e < 1 proves that the spectral radius is below 1 (x = H 1 > 0 has x −
//! βP x > 0), and H r + e/(1−e) max r · H 1 is at least the exact sum for r ≥ 0.

use super::chain::Chain;
use super::change::Change;
use super::roundoff::ROUNDOFF;
use super::sup::sup;
use crate::error::{Error, Result};
use crate::figures::figure;

/// Sums over all periods to come, by state.
#[derive(Debug, Clone)]
pub(super) struct Discounting {
    /// β P, Z × Z, row by row.
    matrix: Vec<f64>,
    /// H, Z × Z; empty for one state, whose sum is a quotient.
    total: Vec<f64>,
    /// e/(1−e) H 1, Z: what may have been lost in computing H, per unit of the largest figure.
    lost: Vec<f64>,
}

impl Discounting {
    /// Of discount factor `beta` and the transition matrix of `chain`.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the sum is not finite, or f64 cannot tell.
    pub(super) fn new(beta: f64, chain: &Chain) -> Result<Self> {
        let states = chain.len();
        let matrix: Vec<f64> = chain.transition().iter().map(|p| beta * p).collect();
        let refuse = || {
            Err(Error::Parameter {
                name: "beta",
                value: figure(beta),
                requirement: "with this transition matrix the discounted sum is not finite, as its rows sum \
                              to more than 1; choose a smaller `beta`, or correct the matrix"
                    .into(),
            })
        };
        if states == 1 {
            let finite = matrix[0] < 1.0;
            return if finite { Ok(Self { matrix, total: Vec::new(), lost: vec![0.0] }) } else { refuse() };
        }
        let Some(total) = inverse(&matrix, states) else { return refuse() };
        let mut off = 0.0_f64;
        for row in 0..states {
            let mut of_row = 0.0;
            for column in 0..states {
                let mut product = total[row * states + column];
                let mut size = product.abs();
                for k in 0..states {
                    let term = matrix[row * states + k] * total[k * states + column];
                    product -= term;
                    size += term.abs();
                }
                let one = if row == column { 1.0 } else { 0.0 };
                of_row += (one - product).abs() + (states as f64 + 4.0) * ROUNDOFF * (size + one);
            }
            off = sup(off, of_row);
        }
        // Its own sum rounds, too.
        off *= 1.0 + 4.0 * states as f64 * ROUNDOFF;
        if total.iter().any(|h| !(0.0..f64::INFINITY).contains(h)) || off.is_nan() || off >= 0.5 {
            return refuse();
        }
        let sum = |row: &[f64]| 2.0 * off / (1.0 - off) * row.iter().sum::<f64>();
        let lost = total.chunks(states).map(sum).collect();
        Ok(Self { matrix, total, lost })
    }

    /// Number of states Z.
    fn states(&self) -> usize {
        self.lost.len()
    }

    /// The largest sum over all states, H r, of figures `due` ≥ 0 (Z) a period: at least that, for several
    /// states; correctly rounded operations away from it for one.
    pub(super) fn largest_total(&self, due: &[f64]) -> f64 {
        if self.states() == 1 {
            return due[0] / (1.0 - self.matrix[0]);
        }
        let largest = due.iter().fold(0.0, |most, &r| sup(most, r));
        let upwards = 1.0 + 2.0 * (self.states() as f64 + 2.0) * ROUNDOFF;
        self.totals(due).zip(&self.lost).fold(0.0, |most, (sum, lost)| sup(most, sum + lost * largest))
            * upwards
    }

    /// H r by state.
    fn totals<'a>(&'a self, due: &'a [f64]) -> impl Iterator<Item = f64> + 'a {
        let states = self.states();
        self.total.chunks(states).map(move |row| row.iter().zip(due).map(|(h, r)| h * r).sum())
    }

    /// βPH r by state, Z: as H r, from the next period on.
    fn after_now(&self, due: &[f64]) -> Vec<f64> {
        if self.states() == 1 {
            let factor = self.matrix[0] / (1.0 - self.matrix[0]);
            return vec![factor * due[0]];
        }
        self.totals(due).zip(due).map(|(sum, now)| sum - now).collect()
    }

    /// The bound of plain iteration on |T V − V_N|, from the changes by state.
    pub(super) fn plain(&self, changes: &[Change]) -> f64 {
        let norms: Vec<f64> = changes.iter().map(|change| change.norm()).collect();
        self.after_now(&norms).into_iter().fold(0.0, sup)
    }

    /// The MacQueen-Porteus interval of V_N − T V: its middle by state, and its largest half width.
    pub(super) fn macqueen_porteus(&self, changes: &[Change]) -> (Vec<f64>, f64) {
        if let [change] = changes {
            let factor = self.matrix[0] / (1.0 - self.matrix[0]);
            let middle = 0.5 * factor * (change.greatest() + change.least());
            return (vec![middle], 0.5 * factor * (change.greatest() - change.least()));
        }
        let sums: Vec<f64> = changes.iter().map(|d| 0.5 * (d.greatest() + d.least())).collect();
        let widths: Vec<f64> = changes.iter().map(|d| 0.5 * (d.greatest() - d.least())).collect();
        (self.after_now(&sums), self.after_now(&widths).into_iter().fold(0.0, sup))
    }

    /// The rate at which the error of plain iteration falls: β, where rows sum to 1.
    pub(super) fn rate(&self) -> f64 {
        match self.states() {
            1 => self.matrix[0],
            states => 1.0 - 1.0 / self.largest_total(&vec![1.0; states]),
        }
    }
}

/// (I − M)^{−1} for M ≥ 0, n × n, by Gauss-Jordan elimination, which needs no pivots for such a matrix; none
/// where one is not positive.
fn inverse(matrix: &[f64], n: usize) -> Option<Vec<f64>> {
    let identity = |row: usize, column: usize| if row == column { 1.0 } else { 0.0 };
    let mut left: Vec<f64> = (0..n * n).map(|at| identity(at / n, at % n) - matrix[at]).collect();
    let mut right: Vec<f64> = (0..n * n).map(|at| identity(at / n, at % n)).collect();
    for pivot in 0..n {
        let by = left[pivot * n + pivot];
        if by.is_nan() || by <= 0.0 {
            return None;
        }
        for column in 0..n {
            left[pivot * n + column] /= by;
            right[pivot * n + column] /= by;
        }
        for row in (0..n).filter(|&row| row != pivot) {
            let times = left[row * n + pivot];
            if times != 0.0 {
                for column in 0..n {
                    left[row * n + column] -= times * left[pivot * n + column];
                    right[row * n + column] -= times * right[pivot * n + column];
                }
            }
        }
    }
    Some(right)
}
