//! Realized correlation of two stocks, ρ = Σ r_i r_j / √(Σ r_i² Σ r_j²), in −1 … 1. Where one of the two
//! never moves it is 0.
//!
//! Its gradient in (Σ r_i r_j, Σ r_i², Σ r_j²) is (1/√(S_i S_j), −ρ/(2 S_i), −ρ/(2 S_j)). Columns and se²:
//! `pair.rs`.

use super::pair::Pair;
use super::ratio;

/// Realized correlation with the stock of number `against`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Correlation {
    /// Number of the second stock, which has no cell.
    pub against: usize,
}

/// √(S_i S_j), by roots first: a product of two sums may underflow.
fn scale(first: f64, second: f64) -> f64 {
    first.sqrt() * second.sqrt()
}

impl Pair for Correlation {
    const NAME: &'static str = "correlation";

    fn second(&self) -> usize {
        self.against
    }

    /// Rounding alone may carry it beyond −1 and 1.
    fn value([product, first, second]: [f64; 3]) -> f64 {
        let scale = scale(first, second);
        if scale == 0.0 { 0.0 } else { ratio(product, scale).clamp(-1.0, 1.0) }
    }

    fn gradient(sums: [f64; 3]) -> [f64; 3] {
        let [_, first, second] = sums;
        let scale = scale(first, second);
        if scale == 0.0 {
            return [0.0; 3];
        }
        let half = -0.5 * Self::value(sums);
        [1.0 / scale, half / first, half / second]
    }
}
