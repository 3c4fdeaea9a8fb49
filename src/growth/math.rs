//! Logarithms, exponentials and powers with a known error, the same on every platform.
//!
//! Those of the `libm` crate come from FreeBSD's msun, whose authors bound their error by one unit in the
//! last place: at most 2u of the result, with the roundoff u = 2⁻⁵³. A platform's own are faster for the most
//! part and as good or better for all that one knows, but need not be. So resources and the certificate's
//! evaluation of utility, which the guaranteed bound stands on, take those of `libm`; iterations, which need
//! not be exact to be certified, take the platform's.

/// ln x, with a known error where `KNOWN`.
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
