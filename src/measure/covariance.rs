//! Realized covariance of two stocks, Σ r_i r_j.
//!
//! Columns and se², which is the first entry of Ω: `pair.rs`. Under the iid bootstrap of pairs, a resample's
//! covariance has the squared error Σ x*² − (Σ x*)²/n, x = r_i r_j; under the wild one (6/31) Σ x*².
//!
//! Source: P. Dovonon, S. Gonçalves and N. Meddahi, "Bootstrapping realized multivariate volatility
//! measures", Journal of Econometrics 172(1), 2013.

use ndarray::ArrayRef1;

use super::pair::{COLUMNS, Pair, product};
use super::{Studentize, spread};

/// Realized covariance with the stock of number `against`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Covariance {
    /// Number of the second stock, which has no cell.
    pub against: usize,
}

impl Pair for Covariance {
    const NAME: &'static str = "covariance";

    fn second(&self) -> usize {
        self.against
    }

    fn value([product, ..]: [f64; 3]) -> f64 {
        product
    }

    fn gradient(_: [f64; 3]) -> [f64; 3] {
        [1.0, 0.0, 0.0]
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
        spread(sums[COLUMNS], product(sums), rows)
    }

    fn squared_error_of_wild(&self, _: u32, sums: &[f64]) -> f64 {
        6.0 / 31.0 * sums[COLUMNS]
    }
}
