//! The basic interval: the distribution of θ* − θ̂ stands for that of θ̂ − θ.
//!
//! Source: A. C. Davison and D. V. Hinkley, "Bootstrap Methods and their Application", 1997, section 5.2.

use super::{Distribution, Estimate, Interval, Quantile, Tail};

/// The percentile interval, mirrored at the estimate.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Basic;

impl Interval for Basic {
    fn name(&self) -> &'static str {
        "basic"
    }

    fn levels(&self, tail: &Tail) -> Option<[f64; 2]> {
        Some(tail.mirrored())
    }

    fn ends(&self, estimate: &Estimate, statistic: &mut dyn Distribution, tail: &Tail) -> [Quantile; 2] {
        let [low, high] = tail.mirrored();
        [high, low].map(|level| {
            let Quantile { value, error } = statistic.quantile(level);
            // Infinite ones too, of the logarithm of a variance of 0, which is that of all its resamples.
            if value == estimate.value {
                return Quantile { value, error };
            }
            Quantile { value: 2.0 * estimate.value - value, error }
        })
    }
}
