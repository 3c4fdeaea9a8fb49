//! Utility of consumption with constant relative risk aversion (CRRA), σ > 0:
//!
//! ```text
//! U(c) = (c^(1−σ) − 1)/(1−σ),   σ = 1: U(c) = ln c,   U′(c) = c^(−σ)
//! ```
//!
//! The solver evaluates U once and inverts U′ once for every grid point of every iteration, so the two values
//! of σ that need no power function have types of their own, and the loops are compiled once for each type.
//! [`with_utility!`] picks the type. All three agree with each other where they overlap.

use super::math;
use super::sup::sup;

/// A utility function, its marginal utility, and the inverse of that.
pub(super) trait Utility: Copy + Send + Sync {
    /// U(c), for c > 0.
    fn value(self, consumption: f64) -> f64;

    /// By how much [`value`](Self::value) is off at most over consumption in [`least`, `greatest`], in units
    /// of the roundoff u: the part of the functions and their combination, and the part of the exponent.
    /// Powers and exponentials are off by less than one unit in the last place, 2u; see `math.rs`.
    fn roundoff(self, least: f64, greatest: f64) -> (f64, f64);

    /// U′(c) = c^(−σ), for c > 0.
    fn marginal(self, consumption: f64) -> f64;

    /// The consumption c at which 1/U′(c) = `reciprocal`, which is `reciprocal`^(1/σ), for `reciprocal` in
    /// [0, ∞].
    ///
    /// It takes the reciprocal because a slope ΔV/Δk is best inverted before the root: one division fewer.
    fn inverse_marginal(self, reciprocal: f64) -> f64;
}

/// σ = 1: U(c) = ln c.
#[derive(Debug, Clone, Copy)]
pub(super) struct Log;

impl Utility for Log {
    #[inline(always)]
    fn value(self, consumption: f64) -> f64 {
        math::log_side_by_side(consumption)
    }

    fn roundoff(self, least: f64, greatest: f64) -> (f64, f64) {
        (math::LOG_ROUNDOFF * sup(self.value(least).abs(), self.value(greatest).abs()), 0.0)
    }

    #[inline(always)]
    fn marginal(self, consumption: f64) -> f64 {
        1.0 / consumption
    }

    #[inline(always)]
    fn inverse_marginal(self, reciprocal: f64) -> f64 {
        reciprocal
    }
}

/// σ = 2: U(c) = 1 − 1/c.
#[derive(Debug, Clone, Copy)]
pub(super) struct Reciprocal;

impl Utility for Reciprocal {
    #[inline(always)]
    fn value(self, consumption: f64) -> f64 {
        1.0 - 1.0 / consumption
    }

    fn roundoff(self, least: f64, greatest: f64) -> (f64, f64) {
        // The quotient, then the difference.
        (1.0 / least + sup(self.value(least).abs(), self.value(greatest).abs()), 0.0)
    }

    #[inline(always)]
    fn marginal(self, consumption: f64) -> f64 {
        1.0 / (consumption * consumption)
    }

    #[inline(always)]
    fn inverse_marginal(self, reciprocal: f64) -> f64 {
        reciprocal.sqrt()
    }
}

/// Any other σ > 0.
#[derive(Debug, Clone, Copy)]
pub(super) struct Power<const KNOWN: bool> {
    sigma: f64,
    inverse_sigma: f64,
}

impl<const KNOWN: bool> Power<KNOWN> {
    pub(super) fn new(sigma: f64) -> Self {
        Self { sigma, inverse_sigma: 1.0 / sigma }
    }

    /// c^(1−σ), given U(c).
    #[inline(always)]
    pub(super) fn power(self, value: f64) -> f64 {
        sup(1.0 + (1.0 - self.sigma) * value, 0.0)
    }
}

impl<const KNOWN: bool> Utility for Power<KNOWN> {
    #[inline(always)]
    fn value(self, consumption: f64) -> f64 {
        // Not powf(…) − 1, which loses all digits as σ nears 1.
        let exponent = 1.0 - self.sigma;
        math::expm1::<KNOWN>(exponent * math::log::<KNOWN>(consumption)) / exponent
    }

    fn roundoff(self, least: f64, greatest: f64) -> (f64, f64) {
        let (low, high) = (self.value(least), self.value(greatest));
        let logarithm = sup(math::log::<KNOWN>(least).abs(), math::log::<KNOWN>(greatest).abs());
        // c^(1−σ) rises or falls with c.
        let power = |value: f64| self.power(value);
        // expm1 2u, the quotient u, 1−σ u; and in the exponent 1−σ u, the logarithm 2u, the product u, of
        // |(1−σ) ln c|, where the derivative of U is c^(1−σ)/(1−σ).
        (4.0 * sup(low.abs(), high.abs()), 4.0 * logarithm * sup(power(low), power(high)))
    }

    #[inline(always)]
    fn marginal(self, consumption: f64) -> f64 {
        consumption.powf(-self.sigma)
    }

    #[inline(always)]
    fn inverse_marginal(self, reciprocal: f64) -> f64 {
        reciprocal.powf(self.inverse_sigma)
    }
}

/// Runs an expression with `$utility` bound to the type that fits σ; after `known`, to one whose functions
/// have a known error.
macro_rules! with_utility {
    (known $sigma:expr, |$utility:ident| $body:expr) => {
        $crate::growth::utility::with_utility!(@ true, $sigma, |$utility| $body)
    };
    ($sigma:expr, |$utility:ident| $body:expr) => {
        $crate::growth::utility::with_utility!(@ false, $sigma, |$utility| $body)
    };
    (@ $known:literal, $sigma:expr, |$utility:ident| $body:expr) => {{
        let sigma: f64 = $sigma;
        if sigma == 1.0 {
            let $utility = $crate::growth::utility::Log;
            $body
        } else if sigma == 2.0 {
            let $utility = $crate::growth::utility::Reciprocal;
            $body
        } else {
            let $utility = $crate::growth::utility::Power::<$known>::new(sigma);
            $body
        }
    }};
}
pub(super) use with_utility;

#[cfg(test)]
mod tests {
    use super::*;

    fn check(utility: impl Utility, sigma: f64) {
        let power = Power::<true>::new(sigma);
        for c in [0.01, 0.3, 0.999, 1.0, 1.7, 40.0] {
            let close = |a: f64, b: f64| (a - b).abs() <= 1e-13 * (1.0 + a.abs());
            if sigma != 1.0 {
                assert!(close(utility.value(c), power.value(c)), "U({c}), σ = {sigma}");
            }
            assert!(close(utility.marginal(c), power.marginal(c)), "U'({c}), σ = {sigma}");
            assert!(
                close(utility.inverse_marginal(1.0 / utility.marginal(c)), c),
                "inverse at {c}, σ = {sigma}"
            );
        }
        assert_eq!(utility.inverse_marginal(f64::INFINITY), f64::INFINITY);
    }

    #[test]
    fn the_special_cases_agree_with_the_power_and_invert() {
        check(Log, 1.0);
        check(Reciprocal, 2.0);
        check(Power::<true>::new(0.5), 0.5);
        check(Power::<true>::new(5.0), 5.0);
        check(Power::<false>::new(5.0), 5.0);
    }

    #[test]
    fn power_utility_goes_over_into_the_logarithm() {
        for c in [0.2_f64, 1.0, 3.0] {
            let near = Power::<true>::new(1.0 + 1e-9).value(c);
            assert!((near - c.ln()).abs() < 2e-9, "{near} at {c}");
        }
    }
}
