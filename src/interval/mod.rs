//! Intervals: the order statistics that they need, and how these become ends.
//!
//! Of each resample an interval wants one number, its *pivot*: the statistic θ* itself, or a studentized t*.
//! It names two levels of the pivot's bootstrap distribution; its quantiles there ([`position`], found by
//! [`tails`] in the stream of resamples) and the estimate give the ends.
//!
//! | interval | pivot | levels, confidence 1 − α | ends |
//! |---|---|---|---|
//! | [`Percentile`] | θ* | α/2, 1 − α/2 | the quantiles |
//! | [`Studentized`] | t* = (θ* − θ̂)/se* | α/2, 1 − α/2 | θ̂ − se·q(1−α/2), θ̂ − se·q(α/2) |
//! | [`StudentizedLog`] | \|t*\|, t* = (ln θ* − ln θ̂)/(se*/θ*) | 1 − α | exp(ln θ̂ ∓ (se/θ̂)·q) |
//!
//! se and se* are those of [`crate::measure::Studentize`]. Pivots in f64 are selected as integers of 64 bits
//! in the same order ([`key`]); where the pivot is a column's sum, the integers themselves are.

mod percentile;
pub mod position;
mod studentized;
pub mod tails;

use std::fmt::Debug;
use std::sync::Arc;

pub use percentile::Percentile;
pub use studentized::{Studentized, StudentizedLog};

use crate::error::{Error, Result};

/// A value and its squared standard error (NaN where the interval has no use for it).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// θ̂, or θ* of a resample.
    pub value: f64,
    /// se².
    pub squared_error: f64,
}

/// A kind of confidence interval.
pub trait Interval: Debug + Send + Sync {
    /// What users call it.
    fn name(&self) -> &'static str;

    /// Whether it needs standard errors.
    fn is_studentized(&self) -> bool;

    /// The two levels at which it needs quantiles of the pivot, the first at most the second.
    fn levels(&self, confidence: f64) -> [f64; 2];

    /// The pivot of a resample; never NaN.
    fn pivot(&self, estimate: &Estimate, resample: &Estimate) -> f64;

    /// The ends, from the pivot's quantiles at the two levels.
    fn ends(&self, estimate: &Estimate, quantiles: [f64; 2]) -> [f64; 2];
}

/// The intervals' names.
pub const NAMES: [&str; 3] = ["percentile", "studentized", "studentized-log"];

/// The interval of this name.
///
/// # Errors
///
/// [`Error::Parameter`] for an unknown name.
pub fn by_name(name: &str) -> Result<Arc<dyn Interval>> {
    match name {
        "percentile" => Ok(Arc::new(Percentile)),
        "studentized" => Ok(Arc::new(Studentized)),
        "studentized-log" => Ok(Arc::new(StudentizedLog)),
        _ => Err(Error::Parameter {
            name: "interval",
            value: name.to_owned(),
            requirement: format!("there are {}", NAMES.join(", ")),
        }),
    }
}

/// An integer whose order is that of the numbers: −∞ first, +∞ last, both zeros the same.
pub fn key(number: f64) -> u64 {
    // Adding zero turns −0 into 0.
    let bits = (number + 0.0).to_bits();
    if bits >> 63 == 0 { bits | 1 << 63 } else { !bits }
}

/// The number of a [`key`].
pub fn number(key: u64) -> f64 {
    f64::from_bits(if key >> 63 == 1 { key & !(1 << 63) } else { !key })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    proptest! {
        #[test]
        fn keys_are_in_the_order_of_the_numbers(a in any::<f64>(), b in any::<f64>()) {
            prop_assume!(!a.is_nan() && !b.is_nan());
            prop_assert_eq!(key(a).cmp(&key(b)), a.partial_cmp(&b).unwrap());
            prop_assert_eq!(number(key(a)), a);
        }
    }

    #[test]
    fn infinities_and_zeros_have_their_places() {
        let numbers = [f64::NEG_INFINITY, f64::MIN, -1.0, 0.0, f64::from_bits(1), f64::MAX, f64::INFINITY];
        assert!(numbers.windows(2).all(|pair| key(pair[0]) < key(pair[1])));
        assert_eq!(key(-0.0), key(0.0));
        assert!(key(f64::INFINITY) < u64::MAX && key(f64::NEG_INFINITY) > 0);
    }

    #[test]
    fn every_name_has_an_interval() {
        for name in NAMES {
            assert_eq!(by_name(name).unwrap().name(), name);
        }
        assert!(by_name("percentil").unwrap_err().to_string().contains("studentized-log"));
    }
}
