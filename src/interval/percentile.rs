//! The percentile interval: quantiles of θ* itself.
//!
//! Source: B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13. For
//! integrated variance it is not consistent unless volatility is constant: the iid bootstrap variance of RV*
//! tends to 3 IQ − IV², not to 2 IQ (Gonçalves and Meddahi 2009).

use super::{Distribution, Estimate, Interval, Quantile, Tail};

/// Quantiles of the resampled statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentile;

impl Interval for Percentile {
    fn name(&self) -> &'static str {
        "percentile"
    }

    fn levels(&self, tail: &Tail) -> Option<[f64; 2]> {
        Some(tail.levels)
    }

    fn ends(&self, _: &Estimate, statistic: &mut dyn Distribution, tail: &Tail) -> [Quantile; 2] {
        tail.levels.map(|level| statistic.quantile(level))
    }
}
