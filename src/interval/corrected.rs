//! Bias-corrected percentile intervals, without and with acceleration.
//!
//! If some monotone transformation makes θ̂ normal, with a bias z₀ and a standard deviation that changes at
//! the rate a, the percentile interval is right at the levels
//!
//! ```text
//! p' = Φ(z₀ + (z₀ + z(p)) / (1 − a(z₀ + z(p))))
//! z₀ = Φ⁻¹(share of θ* below θ̂, those equal to it by half)
//! a  = Σ (θ̄ − θ₍ᵢ₎)³ / (6 (Σ (θ̄ − θ₍ᵢ₎)²)^{3/2}),   θ₍ᵢ₎ the statistic without row i, θ̄ their mean
//! ```
//!
//! and a = 0 is the interval without acceleration. For a column's sum, θ̄ − θ₍ᵢ₎ = vᵢ − v̄. Where all θ* are
//! on one side of θ̂, z₀ is infinite and both ends are the extreme θ* there. Where 1 − a(z₀ + z(p)) ≤ 0 the
//! level is its limit, 0 or 1. Of an increasing function of a column's sum a is that of the sum.
//!
//! Source: B. Efron, "Better bootstrap confidence intervals", Journal of the American Statistical Association
//! 82, 1987; B. Efron and R. J. Tibshirani, "An Introduction to the Bootstrap", 1993, chapter 14.

use super::{Distribution, Estimate, Interval, Quantile, Tail, normal};

/// BC, without acceleration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BiasCorrected;

/// BCa, with acceleration.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Accelerated;

/// The level to take instead of `level`, and how it changes with z₀.
fn corrected(level: f64, bias: f64, acceleration: f64) -> (f64, f64) {
    let z = bias + normal::quantile(level);
    // Too far out for the acceleration, or infinitely: the limit, which does not change.
    let room = 1.0 - acceleration * z;
    if z.is_infinite() || room <= 0.0 {
        return (if z < 0.0 { 0.0 } else { 1.0 }, 0.0);
    }
    let corrected = bias + z / room;
    (normal::share_below(corrected), normal::density(corrected) * (1.0 + 1.0 / (room * room)))
}

/// How much larger the error of a quantile at `level` is, as the level depends on the `share` of the same
/// resamples below the estimate: with c = dp'/dz₀ / φ(z₀), the error is that of c·share − (share below the
/// quantile), two shares of the same B resamples.
fn error_factor(level: f64, slope: f64, bias: f64, share: f64) -> f64 {
    let own = level * (1.0 - level);
    if own <= 0.0 || bias.is_infinite() {
        return 1.0;
    }
    let c = slope / normal::density(bias);
    let both = c * c * share * (1.0 - share) - 2.0 * c * (level.min(share) - level * share) + own;
    (both.max(0.0) / own).sqrt()
}

fn ends(
    estimate: &Estimate,
    acceleration: f64,
    statistic: &mut dyn Distribution,
    tail: &Tail,
) -> [Quantile; 2] {
    let share = statistic.share_below(estimate.resampled);
    let bias = normal::quantile(share);
    let is_exact = statistic.moments().count.is_infinite();
    tail.levels.map(|level| {
        let (level, slope) = corrected(level, bias, acceleration);
        let Quantile { value, error } = statistic.quantile(level);
        let factor = if is_exact { 1.0 } else { error_factor(level, slope, bias, share) };
        Quantile { value, error: error * factor }
    })
}

impl Interval for BiasCorrected {
    fn name(&self) -> &'static str {
        "bc"
    }

    fn levels(&self, _: &Tail) -> Option<[f64; 2]> {
        None
    }

    fn ends(&self, estimate: &Estimate, statistic: &mut dyn Distribution, tail: &Tail) -> [Quantile; 2] {
        ends(estimate, 0.0, statistic, tail)
    }
}

impl Interval for Accelerated {
    fn name(&self) -> &'static str {
        "bca"
    }

    fn levels(&self, _: &Tail) -> Option<[f64; 2]> {
        None
    }

    fn ends(&self, estimate: &Estimate, statistic: &mut dyn Distribution, tail: &Tail) -> [Quantile; 2] {
        ends(estimate, estimate.acceleration, statistic, tail)
    }

    fn is_accelerated(&self) -> bool {
        true
    }
}

/// The acceleration from the statistics without one row each. Where all are equal it is 0.
pub fn acceleration(without_row: &[f64]) -> f64 {
    let mean = without_row.iter().sum::<f64>() / without_row.len() as f64;
    // In units of the largest difference: cubes of variances of returns underflow.
    let scale = without_row.iter().fold(0.0, |most: f64, value| most.max((mean - value).abs()));
    if scale == 0.0 {
        return 0.0;
    }
    let [squares, cubes] = without_row.iter().fold([0.0; 2], |[squares, cubes], value| {
        let difference = (mean - value) / scale;
        let square = difference * difference;
        [squares + square, cubes + square * difference]
    });
    cubes / (6.0 * squares * squares.sqrt())
}

#[cfg(test)]
mod tests {
    use super::super::distribution::Sample;
    use super::super::{Side, Tail};
    use super::*;
    use crate::random::{Purpose, Stream};

    /// Over many samples of uniform numbers ends spread as their errors say. Those of the quantiles alone,
    /// without what the bias correction adds, are too small by a quarter: 1/1.36.
    #[test]
    fn errors_of_corrected_ends_are_their_spread() {
        const SAMPLES: u32 = 1000;
        const NUMBERS: u32 = 4000;
        let estimate = Estimate { value: 0.5, resampled: 0.5, squared_error: f64::NAN, acceleration: 0.0 };
        let tail = Tail::new(0.9, Side::Both);
        let (mut values, mut errors) = ([const { Vec::new() }; 2], [0.0; 2]);
        for sample in 0..SAMPLES {
            let stream = Stream { seed: 1, purpose: Purpose::Simulation, day: 1, sample };
            let blocks = (0..NUMBERS / 4).flat_map(|block| stream.block(block, 0));
            let numbers: Vec<f64> = blocks.map(|word| f64::from(word) / 2f64.powi(32)).collect();
            let ends = BiasCorrected.ends(&estimate, &mut Sample::new(&numbers), &tail);
            for (end, quantile) in ends.into_iter().enumerate() {
                values[end].push(quantile.value);
                errors[end] += quantile.error / f64::from(SAMPLES);
            }
        }
        for (values, error) in values.iter().zip(errors) {
            let spread = Sample::new(values).moments().variance.sqrt();
            // The spread of a thousand is known to 2.2 %.
            assert!((error / spread - 1.0).abs() < 0.1, "{error} for {spread}");
        }
    }

    /// By hand: z₀ = 0 and a = 0 leave levels as they are; a half of ties leaves z₀ = 0.
    #[test]
    fn levels_without_bias_stay() {
        assert!((corrected(0.05, 0.0, 0.0).0 - 0.05).abs() < 1e-15);
        assert_eq!(corrected(0.05, f64::NEG_INFINITY, 0.0).0, 0.0);
        // 1 − a(z₀ + z) ≤ 0.
        assert_eq!(corrected(0.999, 0.0, 0.5).0, 1.0);
        assert_eq!(acceleration(&[3.0; 5]), 0.0);
    }
}
