//! Intervals: what they need of the bootstrap distribution, and how that becomes ends.
//!
//! Of each resample an interval wants one number, its [`Pivot`]: the statistic θ* itself, or a studentized
//! t*. From the pivot's [`Distribution`] (of B resamples, or the exact one) and from the estimate follow the
//! ends. With confidence c, the tails' levels are α = (1 − c)/2 and 1 − α, or 1 − c where only one end is
//! wanted ([`Tail`]); q(p) is the pivot's quantile, z(p) the standard normal's.
//!
//! | interval | pivot | ends |
//! |---|---|---|
//! | [`Percentile`] | θ* | q(α), q(1−α) |
//! | [`Basic`] | θ* | 2θ̂ − q(1−α), 2θ̂ − q(α) |
//! | [`Normal`] | θ* | 2θ̂ − mean θ* ± z(α) · sd θ* |
//! | [`BiasCorrected`], [`Accelerated`] | θ* | q at levels moved by the share of θ* < θ̂ and the jackknife |
//! | [`Studentized::EQUAL_TAILED`] | t* = (θ* − θ̂)/se* | θ̂ − se·q(1−α), θ̂ − se·q(α) |
//! | [`Studentized::SYMMETRIC`] | \|t*\| | θ̂ ∓ se·q(c) |
//! | [`StudentizedLog::EQUAL_TAILED`] | t* = ln(θ*/θ̂)/(se*/θ*) | θ̂ exp(−s q(1−α)), θ̂ exp(−s q(α)) |
//! | [`StudentizedLog::SYMMETRIC`] | \|t*\| of that | θ̂ exp(∓s q(c)) |
//! | [`Asymptotic`], [`AsymptoticLog`] | none | θ̂ ± se·z(α), θ̂ exp(±s z(α)) |
//!
//! se is that of the measure's central limit theorem ([`crate::measure::Measure::squared_error`]), se* that
//! of [`crate::measure::Studentize`], and s = se/θ̂. Pivots in f64 are selected as integers of 64 bits in the
//! same order ([`key`]); where the pivot is a function of a column's sum, the integers themselves are.
//!
//! A new interval is a new file here, and a line in the list of them.

mod asymptotic;
mod basic;
pub mod corrected;
pub mod distribution;
pub mod normal;
mod percentile;
pub mod position;
mod studentized;
pub mod tails;

use std::fmt::Debug;
use std::sync::Arc;

pub use asymptotic::{Asymptotic, AsymptoticLog};
pub use basic::Basic;
pub use corrected::{Accelerated, BiasCorrected};
pub use distribution::{Distribution, Moments, Quantile};
pub use normal::Normal;
pub use percentile::Percentile;
pub use studentized::{Studentized, StudentizedLog};

use crate::error::{Error, Result};

/// What is known of a cell without resampling. What no interval asks for is NaN.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Estimate {
    /// θ̂.
    pub value: f64,
    /// θ̂ as the resampled statistics are computed, from the integers of its columns: what θ* of a resample
    /// that draws each row once is.
    pub resampled: f64,
    /// se² of its central limit theorem ([`crate::measure::Measure::squared_error`]).
    pub squared_error: f64,
    /// The acceleration of [`Accelerated`], from the jackknife.
    pub acceleration: f64,
}

/// θ* of a resample, and its squared standard error (NaN where no interval asks for it).
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resampled {
    /// θ*.
    pub value: f64,
    /// se*².
    pub squared_error: f64,
}

/// The number that an interval wants of each resample.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Pivot {
    /// θ*.
    Statistic,
    /// (θ* − θ̂)/se*.
    Studentized,
    /// |θ* − θ̂|/se*.
    AbsoluteStudentized,
    /// (ln θ* − ln θ̂)/(se*/θ*).
    StudentizedLog,
    /// Its absolute value.
    AbsoluteStudentizedLog,
}

impl Pivot {
    /// Whether it needs standard errors.
    pub fn is_studentized(self) -> bool {
        self != Self::Statistic
    }

    /// Of one resample; never NaN.
    pub fn of(self, estimate: &Estimate, resample: &Resampled) -> f64 {
        match self {
            Self::Statistic => resample.value,
            Self::Studentized => studentized::raw(estimate, resample),
            Self::AbsoluteStudentized => studentized::raw(estimate, resample).abs(),
            Self::StudentizedLog => studentized::log(estimate, resample),
            Self::AbsoluteStudentizedLog => studentized::log(estimate, resample).abs(),
        }
    }
}

/// Which ends are wanted.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Side {
    /// Both.
    #[default]
    Both,
    /// A lower end; the upper one is ∞.
    Lower,
    /// An upper end; the lower one is −∞, or 0 for intervals of logarithms.
    Upper,
}

/// The share that an interval is to hold, and the levels of its ends.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Tail {
    /// Confidence c.
    pub confidence: f64,
    /// Which ends.
    pub side: Side,
    /// Levels of the lower and of the upper end; 0 or 1 for an end that is not wanted.
    pub levels: [f64; 2],
}

impl Tail {
    /// The levels for this confidence, the nearest doubles to what decimal arithmetic gives.
    pub fn new(confidence: f64, side: Side) -> Self {
        let levels = match side {
            Side::Both => position::tail_levels(confidence),
            Side::Lower => [position::one_tail_level(confidence), 1.0],
            Side::Upper => [0.0, confidence],
        };
        Self { confidence, side, levels }
    }

    /// The complements of the levels, in order: where ends are on the other side of the estimate than the
    /// quantiles that they come from.
    pub fn mirrored(&self) -> [f64; 2] {
        match self.side {
            Side::Both => self.levels,
            Side::Lower => [0.0, self.confidence],
            Side::Upper => [position::one_tail_level(self.confidence), 1.0],
        }
    }
}

/// A kind of confidence interval.
pub trait Interval: Debug + Send + Sync {
    /// What users call it.
    fn name(&self) -> &'static str;

    /// What it needs of each resample; nothing where it needs no resamples.
    fn pivot(&self) -> Option<Pivot> {
        Some(Pivot::Statistic)
    }

    /// The two levels, the first at most the second, at which it needs quantiles of the pivot and all that it
    /// needs; or nothing where it needs the whole distribution.
    fn levels(&self, tail: &Tail) -> Option<[f64; 2]>;

    /// The ends, each with what it is uncertain by because of the resamples ([`Quantile::error`]). An end
    /// that is not wanted may be anything.
    fn ends(&self, estimate: &Estimate, pivot: &mut dyn Distribution, tail: &Tail) -> [Quantile; 2];

    /// Whether both ends are as far from the estimate, so that it has no one-sided form.
    fn is_symmetric(&self) -> bool {
        false
    }

    /// Whether it takes logarithms of the estimate, which must be positive then.
    fn is_log(&self) -> bool {
        false
    }

    /// Whether it needs the standard error of the measure's central limit theorem.
    fn is_asymptotic(&self) -> bool {
        false
    }

    /// Whether it needs the jackknife.
    fn is_accelerated(&self) -> bool {
        false
    }
}

/// How an interval is made.
type Make = fn() -> Arc<dyn Interval>;

/// The intervals, a line each: what users call them, and how they are made.
const ALL: [(&str, Make); 11] = [
    ("percentile", || Arc::new(Percentile)),
    ("basic", || Arc::new(Basic)),
    ("normal", || Arc::new(Normal)),
    ("bc", || Arc::new(BiasCorrected)),
    ("bca", || Arc::new(Accelerated)),
    ("studentized", || Arc::new(Studentized::EQUAL_TAILED)),
    ("studentized-symmetric", || Arc::new(Studentized::SYMMETRIC)),
    ("studentized-log", || Arc::new(StudentizedLog::SYMMETRIC)),
    ("studentized-log-equal-tailed", || Arc::new(StudentizedLog::EQUAL_TAILED)),
    ("asymptotic", || Arc::new(Asymptotic)),
    ("asymptotic-log", || Arc::new(AsymptoticLog)),
];

/// The intervals' names.
pub const NAMES: [&str; ALL.len()] = {
    let mut names = [""; ALL.len()];
    let mut number = 0;
    while number < names.len() {
        names[number] = ALL[number].0;
        number += 1;
    }
    names
};

/// The interval of this name.
///
/// # Errors
///
/// [`Error::Parameter`] for an unknown name.
pub fn by_name(name: &str) -> Result<Arc<dyn Interval>> {
    match ALL.iter().find(|(known, _)| *known == name) {
        Some((_, make)) => Ok(make()),
        None => Err(Error::Parameter {
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
