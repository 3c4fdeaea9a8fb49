//! The bootstrap distribution of a pivot, as intervals ask for it: of B resamples, or exact.
//!
//! **Monte Carlo error.** Of B resamples, the number below the p-quantile of the exact bootstrap distribution
//! is binomial with mean Bp and variance Bp(1 − p). So half the distance between the order statistics of
//! ranks Bp ± √(Bp(1 − p)) estimates the standard error of a sample quantile, without a density.
//!
//! Source: B. C. Arnold, N. Balakrishnan and H. N. Nagaraja, "A First Course in Order Statistics", 1992,
//! section 7.1.

use super::position::Position;
use super::{key, number};

/// A quantile, or an end that comes from some.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// Its value.
    pub value: f64,
    /// What it is uncertain by: a standard error where it is of a number of resamples, the error of the
    /// method where it is of the exact distribution; ∞ where it is infinite itself or next to what is.
    pub error: f64,
}

impl Quantile {
    /// A value without uncertainty.
    pub fn certain(value: f64) -> Self {
        Self { value, error: 0.0 }
    }

    /// From the order statistics at `position`, and from those a standard error away.
    pub(super) fn of_order_statistics(position: &Position, around: [f64; 2], away: [f64; 2]) -> Self {
        let [low, high] = away;
        let error = if low == high && low.is_finite() { 0.0 } else { ((high - low) / 2.0).max(0.0) };
        let error = if around[0].is_infinite() || around[1].is_infinite() { f64::INFINITY } else { error };
        Self { value: position.interpolate(around[0], around[1]), error }
    }
}

/// Moments of a distribution.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Moments {
    /// Numbers that they are from; ∞ where they are exact.
    pub count: f64,
    /// Mean.
    pub mean: f64,
    /// Variance; of B numbers with B − 1.
    pub variance: f64,
    /// Fourth central moment over the square of the second: 3 for normal numbers; 0 where all are equal.
    pub kurtosis: f64,
}

/// The bootstrap distribution of a pivot.
pub trait Distribution {
    /// The quantile at `level`.
    fn quantile(&mut self, level: f64) -> Quantile;

    /// Mean, variance and kurtosis.
    fn moments(&self) -> Moments;

    /// The share below `value`, what equals it counted by half.
    fn share_below(&self, value: f64) -> f64;
}

/// The quantiles at two levels, and nothing else.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct At {
    /// The levels.
    pub levels: [f64; 2],
    /// The quantiles there.
    pub quantiles: [Quantile; 2],
}

impl Distribution for At {
    /// NaN at other levels.
    fn quantile(&mut self, level: f64) -> Quantile {
        let place = self.levels.iter().position(|&known| known == level);
        place.map_or(Quantile { value: f64::NAN, error: f64::NAN }, |place| self.quantiles[place])
    }

    fn moments(&self) -> Moments {
        Moments { count: 0.0, mean: f64::NAN, variance: f64::NAN, kurtosis: f64::NAN }
    }

    fn share_below(&self, _: f64) -> f64 {
        f64::NAN
    }
}

/// No distribution, for intervals that need none.
#[derive(Debug, Clone, Copy)]
pub struct Nothing;

impl Distribution for Nothing {
    fn quantile(&mut self, _: f64) -> Quantile {
        Quantile { value: f64::NAN, error: f64::NAN }
    }

    fn moments(&self) -> Moments {
        Moments { count: 0.0, mean: f64::NAN, variance: f64::NAN, kurtosis: f64::NAN }
    }

    fn share_below(&self, _: f64) -> f64 {
        f64::NAN
    }
}

/// A sample of B numbers, all held.
#[derive(Debug, Clone)]
pub struct Sample {
    /// Keys of the numbers, in any order.
    keys: Vec<u64>,
    moments: Moments,
}

impl Sample {
    /// Of some `numbers`, of which none is NaN. Moments are summed in their order. Where some are infinite,
    /// the variance is infinite; where all are the same infinity, it is 0.
    pub fn new(numbers: &[f64]) -> Self {
        let count = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        if !mean.is_finite() {
            let equal = numbers.iter().all(|number| *number == mean);
            let variance = if equal { 0.0 } else { f64::INFINITY };
            let moments = Moments { count, mean, variance, kurtosis: 0.0 };
            return Self { keys: numbers.iter().copied().map(key).collect(), moments };
        }
        let [squares, fourths] = numbers.iter().fold([0.0; 2], |[squares, fourths], number| {
            let square = (number - mean) * (number - mean);
            [squares + square, fourths + square * square]
        });
        let variance = squares / (count - 1.0).max(1.0);
        let kurtosis = if fourths > 0.0 { count * fourths / (squares * squares) } else { 0.0 };
        let moments = Moments { count, mean, variance, kurtosis };
        Self { keys: numbers.iter().copied().map(key).collect(), moments }
    }
}

impl Distribution for Sample {
    fn quantile(&mut self, level: f64) -> Quantile {
        let count = self.keys.len();
        let position = Position::new(count, level);
        let [low, high] = Position::spread(count, level);
        let (first, last) = (low.min(position.below), high.max(position.above));
        // What is between the first and the last of the order statistics is little.
        let (_, _, above) = self.keys.select_nth_unstable(first);
        if last > first {
            above.select_nth_unstable(last - first - 1);
            self.keys[first..=last].sort_unstable();
        }
        let at = |place: usize| number(self.keys[place]);
        let around = [at(position.below), at(position.above)];
        Quantile::of_order_statistics(&position, around, [at(low), at(high)])
    }

    fn moments(&self) -> Moments {
        self.moments
    }

    fn share_below(&self, value: f64) -> f64 {
        let value = key(value);
        // Twice the share, in whole numbers.
        let twice: u64 =
            self.keys.iter().map(|&key| 2 * u64::from(key < value) + u64::from(key == value)).sum();
        twice as f64 / (2 * self.keys.len()) as f64
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::tails::quantiles;
    use super::*;

    #[test]
    fn moments_and_shares() {
        let sample = Sample::new(&[1.0, 2.0, 2.0, 3.0]);
        let Moments { count, mean, variance, kurtosis } = sample.moments();
        assert_eq!([count, mean, variance, kurtosis], [4.0, 2.0, 2.0 / 3.0, 2.0]);
        assert_eq!([0.0, 1.0, 2.0, 3.5].map(|value| sample.share_below(value)), [0.0, 0.125, 0.5, 1.0]);
        assert_eq!(Sample::new(&[5.0; 3]).moments().kurtosis, 0.0);
        assert_eq!(Sample::new(&[5.0]).moments().variance, 0.0);
        let of_still_days = Sample::new(&[f64::NEG_INFINITY; 3]).moments();
        assert_eq!([of_still_days.mean, of_still_days.variance], [f64::NEG_INFINITY, 0.0]);
        let of_one = Sample::new(&[1.0, f64::NEG_INFINITY]).moments();
        assert_eq!([of_one.mean, of_one.variance], [f64::NEG_INFINITY, f64::INFINITY]);
    }

    /// The standard error of the median of uniform numbers is 1/(2√B), of other quantiles √(p(1−p)/B).
    #[test]
    fn errors_of_quantiles_of_uniform_numbers() {
        let count = 10_000;
        let numbers: Vec<f64> =
            (0..count).map(|i| f64::from((i * 7919) % count) / f64::from(count)).collect();
        let mut sample = Sample::new(&numbers);
        for level in [0.005, 0.025, 0.5, 0.975, 0.995] {
            let expected = (level * (1.0 - level) / f64::from(count)).sqrt();
            let error = sample.quantile(level).error;
            assert!((error - expected).abs() < 1.1 / f64::from(count), "{level}: {error}, {expected}");
        }
    }

    proptest! {
        /// Held samples and streams give the same, with their errors.
        #[test]
        fn samples_give_what_streams_give(
            numbers in prop::collection::vec(
                prop_oneof![-1e3..1e3_f64, Just(0.0), Just(f64::INFINITY)], 1..500
            ),
            levels in (0.0..=1.0_f64, 0.0..=1.0_f64),
        ) {
            let levels = [levels.0.min(levels.1), levels.0.max(levels.1)];
            let keys: Vec<u64> = numbers.iter().copied().map(key).collect();
            let mut tails = super::super::tails::Tails::new(keys.len(), levels);
            tails.push(&keys);
            let mut sample = Sample::new(&numbers);
            let held = levels.map(|level| sample.quantile(level));
            prop_assert_eq!(tails.quantiles(number), held);
            prop_assert_eq!(quantiles(&keys, levels, number), held.map(|quantile| quantile.value));
        }
    }
}
