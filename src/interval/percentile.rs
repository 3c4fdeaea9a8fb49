//! The percentile interval: quantiles of θ* itself.
//!
//! Source: B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 13. For
//! integrated variance it is not consistent unless volatility is constant: the iid bootstrap variance of RV*
//! tends to 3 IQ − IV², not to 2 IQ (Gonçalves and Meddahi 2009).

use super::position::tail_levels;
use super::{Estimate, Interval};

/// Quantiles of the resampled statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Percentile;

impl Interval for Percentile {
    fn name(&self) -> &'static str {
        "percentile"
    }

    fn is_studentized(&self) -> bool {
        false
    }

    fn levels(&self, confidence: f64) -> [f64; 2] {
        tail_levels(confidence)
    }

    fn pivot(&self, _: &Estimate, resample: &Estimate) -> f64 {
        resample.value
    }

    fn ends(&self, _: &Estimate, quantiles: [f64; 2]) -> [f64; 2] {
        quantiles
    }
}
