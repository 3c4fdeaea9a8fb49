//! Logarithms, exponentials and powers with a known error, the same on every platform.
//!
//! Those of the `libm` crate come from FreeBSD's msun, whose authors bound their error by one unit in the
//! last place: at most 2u of the result, with the roundoff u = 2⁻⁵³. A platform's own are faster for the most
//! part and as good or better for all that one knows, but need not be. So resources and the certificate's
//! evaluation of utility, which the guaranteed bound stands on, take those of `libm`; iterations, which need
//! not be exact to be certified, take the platform's.
//!
//! Those that are computed side by side have no branch, and are the same on every platform, too. The
//! logarithm's error is proved here ([`LOG_ROUNDOFF`]), so that logarithmic utility takes it everywhere;
//! those of the others are measured, and what is measured with them is not guaranteed.

/// ln x, off by 2u of itself where `KNOWN`.
#[inline(always)]
pub(super) fn log<const KNOWN: bool>(x: f64) -> f64 {
    if KNOWN { libm::log(x) } else { x.ln() }
}

/// e^x − 1, with a known error where `KNOWN`.
#[inline(always)]
pub(super) fn expm1<const KNOWN: bool>(x: f64) -> f64 {
    if KNOWN { libm::expm1(x) } else { x.exp_m1() }
}

/// x^y with a known error: of (2 + 3 |y ln x|) u, as the logarithm is off by 2u, the product by u, and the
/// exponential by 2u. A third of the time of `libm`'s own power, which is off by 2u.
#[inline(always)]
pub(super) fn power(x: f64, y: f64) -> f64 {
    libm::exp(y * libm::log(x))
}

/// e^x for x in [−700, 700], else of the nearer end; off by less than 3u of itself, as measured. Without a
/// branch, so that many are computed side by side: for what is measured, not for what is guaranteed.
#[inline(always)]
pub(super) fn exp_side_by_side(x: f64) -> f64 {
    // x = n ln 2 + r with |r| ≤ ln(2)/2: e^x = 2ⁿ e^r. Adding 1.5 · 2⁵² rounds to a whole number, and leaves
    // it in the low bits.
    const WHOLE: f64 = 6_755_399_441_055_744.0;
    let x = x.clamp(-700.0, 700.0);
    let shifted = x * std::f64::consts::LOG2_E + WHOLE;
    let n = shifted - WHOLE;
    let r = (x - n * LN_2_HIGH) - n * LN_2_LOW;
    // Taylor's series: r¹⁴/14! is below 5e-18.
    const FACTORIALS: [f64; 12] = [
        1.0 / 6_227_020_800.0,
        1.0 / 479_001_600.0,
        1.0 / 39_916_800.0,
        1.0 / 3_628_800.0,
        1.0 / 362_880.0,
        1.0 / 40_320.0,
        1.0 / 5_040.0,
        1.0 / 720.0,
        1.0 / 120.0,
        1.0 / 24.0,
        1.0 / 6.0,
        0.5,
    ];
    let series = FACTORIALS.iter().fold(0.0, |sum, term| sum * r + term);
    let power = f64::from_bits((shifted.to_bits() << 52).wrapping_add(1023 << 52));
    power + power * (r + r * r * series)
}

/// By how much [`log_side_by_side`] is off at most, in units of u of its result.
///
/// With x = 2ⁿ m, f = m − 1 is exact, as m is within a factor of two of 1. s = f/(m + 1) is off by 2u of
/// itself, |s| < 0.172, and z = s² by 5u, so that f − z·series, which differs from f by less than 0.07
/// |f|, is off by less than 1.7u |f|; s times that by 4.8u of itself, which is 0.9u |f| at most. Its
/// difference from f is rounded once more and at least 0.83 |f|. For n = 0, where it is the result, that
/// is less than 2.1u. Else the result is at least ½ ln 2, the larger part n ln 2 (high) exact, the inner
/// sum off by less than 1.8u |f| < 0.75u and n ln 2 (low) by far less, and the last sum rounds once: 0.75u
/// / (½ ln 2) + 1u < 3.2u of the result.
pub(super) const LOG_ROUNDOFF: f64 = 4.0;

/// ln x for x > 0, off by at most [`LOG_ROUNDOFF`] u of itself; −∞ for x below the normal numbers, no number
/// where x is none or ∞. Without a branch, so that many are computed side by side, and without a function of
/// the platform: the same everywhere.
#[inline(always)]
pub(super) fn log_side_by_side(x: f64) -> f64 {
    // x = 2ⁿ m with m in [√½, √2).
    const ROOT_OF_HALF: u64 = 0x3fe6_a09e_667f_3bcd;
    const ONE: u64 = 1023 << 52;
    // A double between 2⁵² and 2⁵³ holds a whole number in its low bits.
    const TWO_TO_52: f64 = 4_503_599_627_370_496.0;
    let raised = x.to_bits().wrapping_sub(ROOT_OF_HALF).wrapping_add(ONE) >> 52;
    let n = f64::from_bits(raised | TWO_TO_52.to_bits()) - (TWO_TO_52 + 1023.0);
    let m = f64::from_bits(x.to_bits().wrapping_sub(raised << 52).wrapping_add(ONE));
    // ln m = 2 artanh s, s = (m − 1)/(m + 1), |s| < 0.172: s²⁴/25 is below 1e-19.
    let f = m - 1.0;
    let s = f / (m + 1.0);
    let z = s * s;
    const ODD: [f64; 11] = [
        2.0 / 23.0,
        2.0 / 21.0,
        2.0 / 19.0,
        2.0 / 17.0,
        2.0 / 15.0,
        2.0 / 13.0,
        2.0 / 11.0,
        2.0 / 9.0,
        2.0 / 7.0,
        2.0 / 5.0,
        2.0 / 3.0,
    ];
    let series = ODD.iter().fold(0.0, |sum, term| sum * z + term);
    // 2s = f − s f: exact where f is small.
    let log = n * LN_2_HIGH + (f - s * (f - z * series) + n * LN_2_LOW);
    let log = if x >= f64::MIN_POSITIVE { log } else { f64::NEG_INFINITY };
    // No number where x is not finite.
    log + 0.0 * x
}

/// e^x − 1 for |x| ≤ 700, off by less than 4u, as measured: of itself where |x| < 10⁻⁴, else of the larger of
/// e^x and 1; as [`exp_side_by_side`].
#[inline(always)]
pub(super) fn expm1_side_by_side(x: f64) -> f64 {
    let small = x + x * x * (0.5 + x * (1.0 / 6.0 + x * (1.0 / 24.0)));
    if x.abs() < 1e-4 { small } else { exp_side_by_side(x) - 1.0 }
}

/// ln 2 in two parts; whole numbers below 2²⁰ times the first are exact.
const LN_2_HIGH: f64 = f64::from_bits(0x3fe6_2e42_fee0_0000);
const LN_2_LOW: f64 = f64::from_bits(0x3dea_39ef_3579_3c76);

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn side_by_side_they_are_as_good_as_one_by_one() {
        let units = |found: f64, exact: f64, of: f64| (found - exact).abs() / (of.abs() * 0.5 * f64::EPSILON);
        let (mut of_exp, mut of_log, mut of_expm1) = (0.0, 0.0, 0.0);
        for i in 0..400_000 {
            let t = f64::from(i) / 400_000.0;
            for x in [1400.0 * t - 700.0, 2.0 * t - 1.0, 1e-3 * (t - 0.5)] {
                of_exp = f64::max(of_exp, units(exp_side_by_side(x), libm::exp(x), libm::exp(x)));
            }
            for x in [libm::exp(1400.0 * t - 700.0), 0.5 + t, 1.0 + 1e-6 * (t - 0.5), 1.0 - 1e-15 * t] {
                let exact = libm::log(x);
                of_log = f64::max(of_log, units(log_side_by_side(x), exact, exact + f64::MIN_POSITIVE));
            }
            for x in [1.9e-4 * (t - 0.5), 1e-14 * (t - 0.5)] {
                let exact = libm::expm1(x);
                of_expm1 = f64::max(of_expm1, units(expm1_side_by_side(x), exact, exact + f64::MIN_POSITIVE));
            }
        }
        println!("exp {of_exp:.2}, log {of_log:.2}, expm1 {of_expm1:.2} u");
        // Those of libm are off by 2u themselves.
        assert!(of_exp < 5.0 && of_log < 5.0 && of_expm1 < 5.0, "{of_exp} {of_log} {of_expm1}");
        assert!(of_log <= LOG_ROUNDOFF + 2.0);
        assert_eq!((log_side_by_side(1.0), exp_side_by_side(0.0), expm1_side_by_side(0.0)), (0.0, 1.0, 0.0));
        for none in [0.0, -0.0, -1.0, f64::MIN_POSITIVE / 2.0] {
            assert_eq!(log_side_by_side(none), f64::NEG_INFINITY);
        }
        for unknown in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            assert!(log_side_by_side(unknown).is_nan());
        }
    }
}
