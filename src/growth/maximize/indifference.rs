//! Resources at which two neighbouring choices are worth the same.
//!
//! Leaving k′ = b instead of a < b costs the utility
//!
//! ```text
//! L(f) = U(f − a) − U(f − b),     which falls with resources f, as U is concave,
//! ```
//!
//! and is worth it from the resources y on at which L(y) is the gain d = β (V_b − V_a):
//!
//! ```text
//! σ = 2:  y = (a+b)/2 + √(h²/4 + h/d)        σ = 1:  y = b + h/(e^d − 1)        h = b − a
//! ```
//!
//! Other σ have no closed form.
//!
//! **Rounding.** L, found as a difference of two computed utilities, is uncertain by their rounding, and so
//! is a comparison of two computed objectives. [`margin`] is a bound on both together, with room to spare.

use super::super::math::LOG_ROUNDOFF;
use super::super::utility::{Log, Power, Reciprocal, Utility};

/// A utility function with what the comparison of two choices needs.
pub(in crate::growth) trait Indifference: Utility {
    /// Whether [`indifferent`](Self::indifferent) is a formula.
    const CLOSED: bool;

    /// The resources y at which leaving `low` and leaving `high` are worth the same, where `high` brings
    /// `gain`; ∞ where it brings nothing. Only called where it is [closed](Self::CLOSED).
    fn indifferent(self, low: f64, high: f64, gain: f64) -> f64;

    /// [`indifferent`](Self::indifferent) between each of the `grid` (N+1) and the next, which brings
    /// `gain(q)`, to `resources` (N), off by a few units in the last place.
    #[inline(always)]
    fn indifferent_all(self, grid: &[f64], gain: impl Fn(usize) -> f64, resources: &mut [f64]) {
        let pairs = grid[..=resources.len()].windows(2).enumerate();
        for (y, (q, pair)) in resources.iter_mut().zip(pairs) {
            *y = self.indifferent(pair[0], pair[1], gain(q));
        }
    }

    /// A bound on (`size` + |U(c)|)/U′(c) for c up to `consumption`. Only called where it is
    /// [closed](Self::CLOSED).
    fn worth(self, consumption: f64, size: f64) -> f64;

    /// A bound, in units of the roundoff, on how far the objective with this consumption may be off by what
    /// is rounded of U(`consumption`) = `value`: the function, consumption itself, and the sum's part due to
    /// U.
    fn roundings(self, consumption: f64, value: f64) -> f64;
}

impl Indifference for Reciprocal {
    const CLOSED: bool = true;

    #[inline(always)]
    fn indifferent(self, low: f64, high: f64, gain: f64) -> f64 {
        let step = high - low;
        let gain = if gain > 0.0 { gain } else { 0.0 };
        0.5 * (low + high) + (0.25 * step * step + step / gain).sqrt()
    }

    #[inline(always)]
    fn worth(self, consumption: f64, size: f64) -> f64 {
        // |U| ≤ 1 + 1/c.
        (size + 1.0) * consumption * consumption + consumption
    }

    #[inline(always)]
    fn roundings(self, _: f64, value: f64) -> f64 {
        // 1/c = 1 − U for the quotient, U for the difference; U′(c) c = 1/c; U for the sum.
        2.0 * ((1.0 - value) + value.abs())
    }
}

impl Indifference for Log {
    const CLOSED: bool = true;

    #[inline(always)]
    fn indifferent(self, low: f64, high: f64, gain: f64) -> f64 {
        let step = high - low;
        let gain = if gain > 0.0 { gain } else { 0.0 };
        high + step * expm1_reciprocal(gain)
    }

    #[inline(always)]
    fn indifferent_all(self, grid: &[f64], gain: impl Fn(usize) -> f64, resources: &mut [f64]) {
        // The series for all, without a branch, and the function only where it does not do.
        let mut is_long = 0;
        let grid = &grid[..=resources.len()];
        for q in 0..resources.len() {
            let gain = gain(q);
            let gain = if gain > 0.0 { gain } else { 0.0 };
            is_long |= u64::from(gain >= SHORT);
            resources[q] = grid[q + 1] + (grid[q + 1] - grid[q]) * expm1_reciprocal_series(gain);
        }
        if is_long != 0 {
            for (q, y) in resources.iter_mut().enumerate() {
                *y = self.indifferent(grid[q], grid[q + 1], gain(q));
            }
        }
    }

    #[inline(always)]
    fn worth(self, consumption: f64, size: f64) -> f64 {
        // c |ln c| is below 1/e, where it does not rise.
        (size + self.value(consumption).abs()) * consumption + 0.4
    }

    #[inline(always)]
    fn roundings(self, _: f64, value: f64) -> f64 {
        // U′(c) c = 1; U for the sum.
        (LOG_ROUNDOFF + 1.0) * value.abs() + 1.0
    }
}

impl<const KNOWN: bool> Indifference for Power<KNOWN> {
    const CLOSED: bool = false;

    fn indifferent(self, _: f64, _: f64, _: f64) -> f64 {
        f64::NAN
    }

    fn worth(self, _: f64, _: f64) -> f64 {
        f64::INFINITY
    }

    #[inline(always)]
    fn roundings(self, consumption: f64, value: f64) -> f64 {
        // c^(1−σ) = 1 + (1−σ) U, which is U′(c) c; the exponent (1−σ) ln c is off by 4 |(1−σ) ln c|, worth
        // 4 |ln c| c^(1−σ); the function and its quotient by 4 |U|.
        // |ln c| is below (|e| + 1) ln 2, with the binary exponent e of c.
        let exponent = (consumption.to_bits() >> 52 & 0x7ff) as i32 - 1023;
        let logarithm = 0.7 * f64::from(exponent.abs() + 1);
        5.0 * value.abs() + (4.0 * logarithm + 1.0) * self.power(value)
    }
}

/// Below this x the series of 1/(e^x − 1) is right to a few units in the last place.
const SHORT: f64 = 0.06;

/// 1/(e^x − 1) for x ≥ 0, to a few units in the last place.
#[inline(always)]
fn expm1_reciprocal(x: f64) -> f64 {
    if x < SHORT { expm1_reciprocal_series(x) } else { 1.0 / x.exp_m1() }
}

/// 1/(e^x − 1) for x from 0 to [`SHORT`], by Bernoulli's series 1/x − 1/2 + x/12 − x³/720 + x⁵/30240 − …,
/// whose next term is below x⁷/1.2e6.
#[inline(always)]
fn expm1_reciprocal_series(x: f64) -> f64 {
    let square = x * x;
    1.0 / x - 0.5 + x * (1.0 / 12.0 + square * (-1.0 / 720.0 + square * (1.0 / 30_240.0)))
}

/// How far a loss U(c₀) − U(c₁) and a comparison of the two choices' objectives may be off, where the
/// [roundings](Indifference::roundings) of both utilities add up to `roundings` and neither discounted value
/// is above `size`.
#[inline(always)]
pub(in crate::growth) fn margin(roundings: f64, size: f64) -> f64 {
    // The platform's functions are not known to keep within what is taken for granted, hence the room.
    const ROOM: f64 = 8.0;
    // β V is rounded, and the objective; twice.
    ROOM * 0.5 * f64::EPSILON * (roundings + 4.0 * size)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(utility: impl Indifference) {
        for (low, step) in [(0.5, 0.1), (2.0, 1e-3), (3.0, 1e-6)] {
            let high = low + step;
            for consumption in [1e-3, 0.1, 1.0, 30.0] {
                let resources = high + consumption;
                let gain = utility.value(resources - low) - utility.value(resources - high);
                let found = utility.indifferent(low, high, gain);
                // The gain is a difference of figures of this size.
                let size = 1.0 + utility.value(consumption).abs();
                let allowed = 1e-14 + 4.0 * f64::EPSILON * size / gain;
                let off = (found - resources).abs() / (consumption + step);
                assert!(off <= allowed, "{off:e} above {allowed:e} at {low}, {step}, {consumption}");
            }
            assert_eq!(utility.indifferent(low, high, 0.0), f64::INFINITY);
            assert_eq!(utility.indifferent(low, high, -1.0), f64::INFINITY);
        }
    }

    #[test]
    fn both_choices_are_worth_the_same_there() {
        check(Reciprocal);
        check(Log);
    }

    #[test]
    fn the_series_goes_over_into_the_function() {
        for x in [1e-12, 1e-5, 0.01, 0.03, 0.0599999, 0.06, 0.2, 3.0] {
            let exact = 1.0 / libm::expm1(x);
            assert!((expm1_reciprocal(x) / exact - 1.0).abs() < 1e-15, "at {x}");
        }
    }
}
