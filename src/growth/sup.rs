//! Largest values that notice what is not a number.
//!
//! `f64::max` skips NaN and every comparison with it is false, so that a maximum taken with either hides it.
//! What decides here whether an iteration stops, or is stated as a bound, is taken with these instead: NaN
//! in, NaN out.

/// The larger of two figures, NaN if either is.
#[inline(always)]
pub(super) fn sup(a: f64, b: f64) -> f64 {
    if b > a || b.is_nan() { b } else { a }
}

/// The smaller of two figures, NaN if either is.
#[inline(always)]
pub(super) fn inf(a: f64, b: f64) -> f64 {
    if b < a || b.is_nan() { b } else { a }
}

/// max |a_i − b_i|, NaN if any of the differences is; 0 for none.
#[cfg(any(test, feature = "gpu"))]
pub(super) fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |most, (a, b)| sup(most, (a - b).abs()))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nothing_hides_what_is_not_a_number() {
        for (a, b) in [(f64::NAN, 1.0), (1.0, f64::NAN), (f64::NAN, f64::INFINITY), (f64::INFINITY, f64::NAN)]
        {
            assert!(sup(a, b).is_nan() && inf(a, b).is_nan(), "{a}, {b}");
        }
        assert_eq!((sup(1.0, 2.0), sup(2.0, 1.0)), (2.0, 2.0));
        assert_eq!((inf(1.0, 2.0), inf(2.0, 1.0)), (1.0, 1.0));
        assert_eq!(sup(f64::NEG_INFINITY, f64::INFINITY), f64::INFINITY);
        for place in 0..3 {
            let mut a = [1.0, 5.0, 2.0];
            assert_eq!(distance(&a, &[1.5, 2.0, 2.0]), 3.0);
            a[place] = f64::NAN;
            assert!(distance(&a, &[1.5, 2.0, 2.0]).is_nan());
        }
        // ∞ − ∞: two values that have both overflowed are not close.
        assert!(distance(&[f64::INFINITY], &[f64::INFINITY]).is_nan());
    }
}
