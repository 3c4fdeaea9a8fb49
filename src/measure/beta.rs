//! Realized beta, β = Σ r_i r_j / Σ r_j²: the slope of a stock's returns on those of another, such as the
//! market's. Where the other never moves it is 0.
//!
//! Its gradient in (Σ r_i r_j, Σ r_i², Σ r_j²) is (1, 0, −β)/S_j, so that se² is the variance of Σ (r_i − β
//! r_j) r_j over S_j². Columns and se²: `pair.rs`.

use super::pair::Pair;
use super::ratio;

/// Realized beta on the stock of number `against`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Beta {
    /// Number of the second stock, which has no cell.
    pub against: usize,
}

impl Pair for Beta {
    const NAME: &'static str = "beta";

    fn second(&self) -> usize {
        self.against
    }

    /// 0 where the regressor never moves, though roundings of the covariance may remain.
    fn value([product, _, second]: [f64; 3]) -> f64 {
        if second == 0.0 { 0.0 } else { ratio(product, second) }
    }

    fn gradient(sums: [f64; 3]) -> [f64; 3] {
        let [_, _, second] = sums;
        if second == 0.0 {
            return [0.0; 3];
        }
        [1.0 / second, 0.0, -Self::value(sums) / second]
    }
}
