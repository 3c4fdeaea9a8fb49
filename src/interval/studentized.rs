//! Percentile-t intervals: quantiles of the studentized statistic, equal-tailed; and symmetric in logarithms.
//!
//! The bootstrap distribution of t* = (θ* − θ̂)/se* stands for that of t = (θ̂ − θ)/se, whose limit is free
//! of unknowns: intervals are right to a higher order. The logarithm makes the distribution of a variance
//! less skewed.
//!
//! A resample whose standard error is 0 (all its rows are equal) counts as ±∞ by the sign of its numerator,
//! and as 0 where that is 0 too: none is dropped. An end that such a resample decides is infinite. A resample
//! of the same sums as all rows have counts as 0, so that rounding makes no numerator of equal returns.
//!
//! Sources: P. Hall, "The Bootstrap and Edgeworth Expansion", 1992; S. Gonçalves and N. Meddahi,
//! "Bootstrapping realized volatility", Econometrica 77(1), 2009; "Box-Cox transforms for realized
//! volatility", Journal of Econometrics 160(1), 2011.

use super::{Distribution, Estimate, Interval, Pivot, Quantile, Resampled, Tail};

/// In the units of the statistic.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Studentized {
    symmetric: bool,
}

/// Of the logarithm of a statistic that is not negative.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct StudentizedLog {
    symmetric: bool,
}

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

/// (θ* − θ̂)/se*.
pub(super) fn raw(estimate: &Estimate, resample: &Resampled) -> f64 {
    // Equal infinite ones too, of the logarithm of a variance of 0.
    if resample.value == estimate.resampled || resample.value == estimate.value {
        return 0.0;
    }
    studentize(resample.value - estimate.value, resample.squared_error)
}

/// (ln θ* − ln θ̂)/(se*/θ*). Logarithms are those of the `libm` crate, the same everywhere.
pub(super) fn log(estimate: &Estimate, resample: &Resampled) -> f64 {
    if resample.value == estimate.resampled || resample.value == estimate.value {
        return 0.0;
    }
    if resample.value <= 0.0 {
        return f64::NEG_INFINITY;
    }
    if estimate.value <= 0.0 {
        return f64::INFINITY;
    }
    let numerator = libm::log(resample.value / estimate.value);
    studentize(numerator * resample.value, resample.squared_error)
}

/// Standard error times a quantile, of which the second may be infinite.
fn reach(squared_error: f64, quantile: f64) -> f64 {
    if squared_error > 0.0 { squared_error.sqrt() * quantile } else { 0.0 }
}

impl Studentized {
    /// As far below the estimate as the upper tail of t* reaches, and above it as the lower tail.
    pub const EQUAL_TAILED: Self = Self { symmetric: false };
    /// As far on both sides.
    pub const SYMMETRIC: Self = Self { symmetric: true };
}

impl StudentizedLog {
    /// As far below the estimate as the upper tail of t* reaches, and above it as the lower tail.
    pub const EQUAL_TAILED: Self = Self { symmetric: false };
    /// As far on both sides.
    pub const SYMMETRIC: Self = Self { symmetric: true };
}

/// Quantiles of the pivot for the lower and the upper end, the second with its sign turned where ends are
/// symmetric: what is to be taken off the estimate.
fn offsets(pivot: &mut dyn Distribution, tail: &Tail, symmetric: bool) -> [Quantile; 2] {
    if symmetric {
        let Quantile { value, error } = pivot.quantile(tail.confidence);
        return [Quantile { value, error }, Quantile { value: -value, error }];
    }
    let [low, high] = tail.mirrored();
    [high, low].map(|level| pivot.quantile(level))
}

/// The levels that [`offsets`] asks for: of symmetric ones the first, the smallest pivot, is not used.
fn levels(tail: &Tail, symmetric: bool) -> [f64; 2] {
    if symmetric { [0.0, tail.confidence] } else { tail.mirrored() }
}

impl Interval for Studentized {
    fn name(&self) -> &'static str {
        if self.symmetric { "studentized-symmetric" } else { "studentized" }
    }

    fn pivot(&self) -> Option<Pivot> {
        Some(if self.symmetric { Pivot::AbsoluteStudentized } else { Pivot::Studentized })
    }

    fn levels(&self, tail: &Tail) -> Option<[f64; 2]> {
        Some(levels(tail, self.symmetric))
    }

    fn ends(&self, estimate: &Estimate, pivot: &mut dyn Distribution, tail: &Tail) -> [Quantile; 2] {
        offsets(pivot, tail, self.symmetric).map(|Quantile { value, error }| Quantile {
            value: estimate.value - reach(estimate.squared_error, value),
            error: reach(estimate.squared_error, error),
        })
    }

    fn is_symmetric(&self) -> bool {
        self.symmetric
    }
}

impl Interval for StudentizedLog {
    fn name(&self) -> &'static str {
        if self.symmetric { "studentized-log" } else { "studentized-log-equal-tailed" }
    }

    fn pivot(&self) -> Option<Pivot> {
        Some(if self.symmetric { Pivot::AbsoluteStudentizedLog } else { Pivot::StudentizedLog })
    }

    fn levels(&self, tail: &Tail) -> Option<[f64; 2]> {
        Some(levels(tail, self.symmetric))
    }

    fn ends(&self, estimate: &Estimate, pivot: &mut dyn Distribution, tail: &Tail) -> [Quantile; 2] {
        let value = estimate.value;
        offsets(pivot, tail, self.symmetric).map(|offset| {
            if value <= 0.0 {
                return Quantile::certain(value);
            }
            let end = value * libm::exp(-(reach(estimate.squared_error, offset.value) / value));
            let error = end * reach(estimate.squared_error, offset.error) / value;
            Quantile { value: end, error: if error.is_nan() { f64::INFINITY } else { error } }
        })
    }

    fn is_symmetric(&self) -> bool {
        self.symmetric
    }

    fn is_log(&self) -> bool {
        true
    }
}

#[cfg(test)]
mod tests {
    use super::super::Side;
    use super::super::distribution::At;
    use super::*;

    const RV: Estimate = estimate(2.0, 0.25);

    const fn estimate(value: f64, squared_error: f64) -> Estimate {
        Estimate { value, resampled: value, squared_error, acceleration: f64::NAN }
    }

    fn resample(value: f64, squared_error: f64) -> Resampled {
        Resampled { value, squared_error }
    }

    /// The ends from two quantiles of the pivot, at the levels that the interval asks for.
    fn ends(interval: &dyn Interval, estimate: &Estimate, quantiles: [f64; 2]) -> [f64; 2] {
        let tail = Tail::new(0.9, Side::Both);
        let quantiles = quantiles.map(|value| Quantile { value, error: 0.0 });
        let mut pivot = At { levels: interval.levels(&tail).unwrap(), quantiles };
        interval.ends(estimate, &mut pivot, &tail).map(|end| end.value)
    }

    #[test]
    fn equal_tails_are_turned_round() {
        assert_eq!(Pivot::Studentized.of(&RV, &resample(3.0, 0.25)), 2.0);
        assert_eq!(ends(&Studentized::EQUAL_TAILED, &RV, [-1.0, 3.0]), [0.5, 2.5]);
        assert_eq!(ends(&Studentized::SYMMETRIC, &RV, [0.0, 3.0]), [0.5, 3.5]);
    }

    #[test]
    fn resamples_without_spread_count_by_the_sign() {
        let [raw, log] = [Pivot::Studentized, Pivot::AbsoluteStudentizedLog];
        assert_eq!(raw.of(&RV, &resample(1.0, 0.0)), f64::NEG_INFINITY);
        assert_eq!(raw.of(&RV, &resample(3.0, -1e-20)), f64::INFINITY);
        assert_eq!(raw.of(&RV, &resample(2.0, 0.0)), 0.0);
        assert_eq!(log.of(&RV, &resample(0.0, 0.0)), f64::INFINITY);
        assert_eq!(log.of(&RV, &resample(1.0, 0.0)), f64::INFINITY);
        assert_eq!(Pivot::StudentizedLog.of(&RV, &resample(1.0, 0.0)), f64::NEG_INFINITY);
        assert_eq!(log.of(&RV, &resample(2.0, 0.25)), 0.0);
        assert_eq!(ends(&Studentized::EQUAL_TAILED, &RV, [-1.0, f64::INFINITY]), [f64::NEG_INFINITY, 2.5]);
        assert_eq!(ends(&StudentizedLog::SYMMETRIC, &RV, [0.0, f64::INFINITY]), [0.0, f64::INFINITY]);
        // A day without any price change has no spread, and its interval none.
        let still = estimate(0.0, 0.0);
        assert_eq!(ends(&Studentized::EQUAL_TAILED, &still, [0.0, 0.0]), [0.0; 2]);
        assert_eq!(ends(&StudentizedLog::SYMMETRIC, &still, [0.0, 0.0]), [0.0; 2]);
    }

    #[test]
    fn logarithms_are_symmetric() {
        let pivot = |value: f64| Pivot::AbsoluteStudentizedLog.of(&RV, &resample(value, value * value));
        assert!((pivot(4.0) - std::f64::consts::LN_2).abs() < 1e-15);
        assert!((pivot(1.0) - std::f64::consts::LN_2).abs() < 1e-15);
        assert!(Pivot::StudentizedLog.of(&RV, &resample(1.0, 1.0)) < 0.0);
        let [low, high] = ends(&StudentizedLog::SYMMETRIC, &RV, [0.0, 4.0]);
        assert!((low * high - 4.0).abs() < 1e-14 && (high - 2.0 * 1f64.exp()).abs() < 1e-14);
        let [low, high] = ends(&StudentizedLog::EQUAL_TAILED, &RV, [-4.0, 8.0]);
        assert!((low - 2.0 * (-2f64).exp()).abs() < 1e-14 && (high - 2.0 * 1f64.exp()).abs() < 1e-14);
    }
}
