//! Percentile-t intervals: quantiles of the studentized statistic, equal-tailed; and symmetric in logarithms.
//!
//! The bootstrap distribution of t* = (θ* − θ̂)/se* stands for that of t = (θ̂ − θ)/se, whose limit is free
//! of unknowns: intervals are right to a higher order. The logarithm makes the distribution of a variance
//! less skewed.
//!
//! A resample whose standard error is 0 (all its rows are equal) counts as ±∞ by the sign of its numerator,
//! and as 0 where that is 0 too: none is dropped. An end that such a resample decides is infinite.
//!
//! Sources: P. Hall, "The Bootstrap and Edgeworth Expansion", 1992; S. Gonçalves and N. Meddahi,
//! "Bootstrapping realized volatility", Econometrica 77(1), 2009; "Box-Cox transforms for realized
//! volatility", Journal of Econometrics 160(1), 2011.

use super::position::tail_levels;
use super::{Estimate, Interval};

/// Equal-tailed, in the units of the statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Studentized;

/// Symmetric, of the logarithm of a statistic that is not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudentizedLog;

/// `numerator` over the root of `square`, which may be zero, or below by rounding.
fn studentize(numerator: f64, square: f64) -> f64 {
    if numerator == 0.0 {
        0.0
    } else if square > 0.0 {
        numerator / square.sqrt()
    } else {
        f64::INFINITY.copysign(numerator)
    }
}

/// Standard error times a quantile, of which the second may be infinite.
fn reach(squared_error: f64, quantile: f64) -> f64 {
    if squared_error > 0.0 { squared_error.sqrt() * quantile } else { 0.0 }
}

impl Interval for Studentized {
    fn name(&self) -> &'static str {
        "studentized"
    }

    fn is_studentized(&self) -> bool {
        true
    }

    fn levels(&self, confidence: f64) -> [f64; 2] {
        tail_levels(confidence)
    }

    fn pivot(&self, estimate: &Estimate, resample: &Estimate) -> f64 {
        studentize(resample.value - estimate.value, resample.squared_error)
    }

    fn ends(&self, estimate: &Estimate, [low, high]: [f64; 2]) -> [f64; 2] {
        [high, low].map(|quantile| estimate.value - reach(estimate.squared_error, quantile))
    }
}

impl Interval for StudentizedLog {
    fn name(&self) -> &'static str {
        "studentized-log"
    }

    fn is_studentized(&self) -> bool {
        true
    }

    /// The first quantile, the smallest pivot, is not used.
    fn levels(&self, confidence: f64) -> [f64; 2] {
        [0.0, confidence]
    }

    /// Logarithms are those of the `libm` crate, the same everywhere.
    fn pivot(&self, estimate: &Estimate, resample: &Estimate) -> f64 {
        if resample.value == estimate.value {
            return 0.0;
        }
        if resample.value <= 0.0 || estimate.value <= 0.0 {
            return f64::INFINITY;
        }
        let numerator = libm::log(resample.value / estimate.value);
        studentize(numerator * resample.value, resample.squared_error).abs()
    }

    fn ends(&self, estimate: &Estimate, [_, quantile]: [f64; 2]) -> [f64; 2] {
        let Estimate { value, squared_error } = *estimate;
        if value <= 0.0 {
            return [value; 2];
        }
        let reach = reach(squared_error, quantile) / value;
        [-reach, reach].map(|reach| value * libm::exp(reach))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const RV: Estimate = Estimate { value: 2.0, squared_error: 0.25 };

    fn resample(value: f64, squared_error: f64) -> Estimate {
        Estimate { value, squared_error }
    }

    #[test]
    fn equal_tails_are_turned_round() {
        assert_eq!(Studentized.pivot(&RV, &resample(3.0, 0.25)), 2.0);
        assert_eq!(Studentized.ends(&RV, [-1.0, 3.0]), [0.5, 2.5]);
    }

    #[test]
    fn resamples_without_spread_count_by_the_sign() {
        assert_eq!(Studentized.pivot(&RV, &resample(1.0, 0.0)), f64::NEG_INFINITY);
        assert_eq!(Studentized.pivot(&RV, &resample(3.0, -1e-20)), f64::INFINITY);
        assert_eq!(Studentized.pivot(&RV, &resample(2.0, 0.0)), 0.0);
        assert_eq!(StudentizedLog.pivot(&RV, &resample(0.0, 0.0)), f64::INFINITY);
        assert_eq!(StudentizedLog.pivot(&RV, &resample(1.0, 0.0)), f64::INFINITY);
        assert_eq!(StudentizedLog.pivot(&RV, &RV), 0.0);
        assert_eq!(Studentized.ends(&RV, [-1.0, f64::INFINITY]), [f64::NEG_INFINITY, 2.5]);
        assert_eq!(StudentizedLog.ends(&RV, [0.0, f64::INFINITY]), [0.0, f64::INFINITY]);
        // A day without any price change has no spread, and its interval none.
        let still = resample(0.0, 0.0);
        assert_eq!(Studentized.ends(&still, [0.0, 0.0]), [0.0; 2]);
        assert_eq!(StudentizedLog.ends(&still, [0.0, 0.0]), [0.0; 2]);
    }

    #[test]
    fn logarithms_are_symmetric() {
        let pivot = |value: f64| StudentizedLog.pivot(&RV, &resample(value, value * value));
        assert!((pivot(4.0) - std::f64::consts::LN_2).abs() < 1e-15);
        assert!((pivot(1.0) - std::f64::consts::LN_2).abs() < 1e-15);
        let [low, high] = StudentizedLog.ends(&RV, [0.0, 4.0]);
        assert!((low * high - 4.0).abs() < 1e-14 && (high - 2.0 * 1f64.exp()).abs() < 1e-14);
    }
}
