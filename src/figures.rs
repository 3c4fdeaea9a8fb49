//! Numbers as text, for messages, summaries and pictures.
//!
//! Text has fewer digits than a figure. A bound that is rounded to the nearest of them is false half of the
//! time, so bounds are rounded up: what is printed is never less than what is guaranteed.

/// `bound` ≥ 0 with `digits` digits behind the point of its scientific form, rounded up: 9.64072e-7 with two
/// is `9.65e-7`.
///
/// What it prints, read back, is at least `bound`, and by less than one unit of the last digit above it.
pub fn upper(bound: f64, digits: usize) -> String {
    let nearest = format!("{bound:.digits$e}");
    // Reading is exact to the nearest f64, and so is comparing: only what was rounded down reads below.
    if !nearest.parse().is_ok_and(|read: f64| read < bound) {
        return nearest;
    }
    one_more(&nearest).unwrap_or(nearest)
}

/// The decimal `text`, such as `9.99e-7`, with one more of the last digit of its mantissa: `1.00e-6`.
fn one_more(text: &str) -> Option<String> {
    let (mantissa, exponent) = text.split_once('e')?;
    let digits: u64 = mantissa.replace('.', "").parse().ok()?;
    let exponent: i32 = exponent.parse().ok()?;
    let places = mantissa.split_once('.').map_or(0, |(_, behind)| behind.len());
    let mut more = (digits + 1).to_string();
    let carried = more.len() > places + 1;
    if carried {
        more.pop();
    }
    if places > 0 {
        more.insert(1, '.');
    }
    Some(format!("{more}e{}", exponent + i32::from(carried)))
}

/// `x` in full where that is short, else in scientific form: `0.25`, `1e-300` instead of three hundred zeros.
pub(crate) fn figure(x: f64) -> String {
    if x == 0.0 || !x.is_finite() || (1e-5..1e16).contains(&x.abs()) {
        x.to_string()
    } else {
        format!("{x:e}")
    }
}

/// `1 thread`, `2 threads`.
pub fn plural(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Digits in groups of three: `96,600,000`.
pub fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// `n` bytes as a person reads them, in binary units: `1.5 KiB`.
pub(crate) fn bytes(n: u64) -> impl std::fmt::Display {
    bytesize::ByteSize(n).display().iec()
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn bounds_are_rounded_up() {
        for (bound, digits, text) in [
            (9.64072e-7, 2, "9.65e-7"),
            (9.64e-7, 2, "9.64e-7"),
            (1.81409e-5, 2, "1.82e-5"),
            (9.991e-7, 2, "1.00e-6"),
            (9.1e-7, 0, "1e-6"),
            (9.999_99, 3, "1.000e1"),
            (1.0, 1, "1.0e0"),
            (0.0, 1, "0.0e0"),
            (1.5e-300, 0, "2e-300"),
            // 1/10 itself lies below the f64 that is nearest to it, and reads as that.
            (0.1, 2, "1.00e-1"),
            (f64::INFINITY, 2, "inf"),
            (f64::NAN, 2, "NaN"),
        ] {
            assert_eq!(upper(bound, digits), text);
        }
    }

    #[test]
    fn figures_are_short() {
        assert_eq!(figure(0.25), "0.25");
        assert_eq!(figure(-2.0), "-2");
        assert_eq!(figure(1e300), "1e300");
        assert_eq!(figure(1e-300), "1e-300");
        assert_eq!(figure(f64::NAN), "NaN");
        assert_eq!(figure(0.0), "0");
    }

    proptest! {
        #[test]
        fn no_bound_is_printed_too_small_or_by_a_unit_too_large(
            // Of subnormal numbers, and from the sixteenth digit on, units of text are finer than those of
            // f64.
            bits in f64::MIN_POSITIVE.to_bits()..f64::INFINITY.to_bits(),
            digits in 0..15_usize,
        ) {
            let bound = f64::from_bits(bits);
            let text = upper(bound, digits);
            let read: f64 = text.parse().unwrap();
            prop_assert!(read >= bound, "{text} for {bound:e}");
            // One unit less of the last digit would be too small.
            let (mantissa, exponent) = text.split_once('e').unwrap();
            let units: i64 = mantissa.replace('.', "").parse().unwrap();
            let place = exponent.parse::<i64>().unwrap() - digits as i64;
            let less: f64 = format!("{}e{place}", units - 1).parse().unwrap();
            prop_assert!(less < bound, "{text} for {bound:e}");
        }
    }
}
