//! The fields of a row: dates, times and prices, parsed from bytes, each exactly as Rust's own parsers would.

use jiff::civil::Date;

use super::SECOND;
use super::error::{LineProblem, quoted};

/// How a file writes its times. One file keeps to one way, as digits alone are ambiguous: `500` is 05:00 as
/// HHMM and 00:05:00 as HHMMSS without its leading zeros.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum TimeStyle {
    /// `HHMM` or `HMM`: up to four digits.
    Minutes,
    /// `HHMMSS` or `HMMSS`: five or six digits.
    Seconds,
    /// `HH:MM`.
    IsoMinutes,
    /// `HH:MM:SS`.
    IsoSeconds,
}

/// The number that `text` writes in decimal digits alone, nine at most.
fn digits(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

/// A day: `YYYYMMDD` or `YYYY-MM-DD`.
pub(super) fn date(text: &[u8]) -> Result<Date, LineProblem> {
    let parts = match text {
        [y @ .., m1, m2, d1, d2] if y.len() == 4 => (digits(y), digits(&[*m1, *m2]), digits(&[*d1, *d2])),
        [y @ .., b'-', m1, m2, b'-', d1, d2] if y.len() == 4 => {
            (digits(y), digits(&[*m1, *m2]), digits(&[*d1, *d2]))
        }
        _ => (None, None, None),
    };
    let (Some(year), Some(month), Some(day)) = parts else { return Err(LineProblem::Date(quoted(text))) };
    // Years before 1 are a calendar's convention, not data.
    let valid = if year == 0 { None } else { Date::new(year as i16, month as i8, day as i8).ok() };
    valid.ok_or_else(|| LineProblem::ImpossibleDate(quoted(text)))
}

/// A time in nanoseconds after midnight, and how it is written.
pub(super) fn time(text: &[u8]) -> Result<(u64, TimeStyle), LineProblem> {
    let parsed = if text.contains(&b':') {
        let mut parts = text.split(|byte| *byte == b':');
        let mut part =
            |shortest| parts.next().filter(|part| (shortest..=2).contains(&part.len())).and_then(digits);
        match (part(1), part(2), text.iter().filter(|byte| **byte == b':').count()) {
            (Some(hour), Some(minute), 1) => Some((hour, minute, 0, TimeStyle::IsoMinutes)),
            (Some(hour), Some(minute), 2) => {
                part(2).map(|second| (hour, minute, second, TimeStyle::IsoSeconds))
            }
            _ => None,
        }
    } else {
        digits(text).and_then(|number| match text.len() {
            1..=4 => Some((number / 100, number % 100, 0, TimeStyle::Minutes)),
            5..=6 => Some((number / 10_000, number / 100 % 100, number % 100, TimeStyle::Seconds)),
            _ => None,
        })
    };
    match parsed {
        None => Err(LineProblem::Time(quoted(text))),
        Some((hour, minute, second, style)) if hour < 24 && minute < 60 && second < 60 => {
            Ok((u64::from(hour * 3600 + minute * 60 + second) * SECOND, style))
        }
        Some(_) => Err(LineProblem::ImpossibleTime(quoted(text))),
    }
}

/// A time in nanoseconds after midnight, written like the first one of the file, whose `style` is filled in.
pub(super) fn time_in_style(text: &[u8], style: &mut Option<TimeStyle>) -> Result<u64, LineProblem> {
    let (time, found) = time(text)?;
    if *style.get_or_insert(found) == found { Ok(time) } else { Err(LineProblem::TimeStyle(quoted(text))) }
}

/// A price: a finite positive number, as `str::parse` reads it.
pub(super) fn price(text: &[u8]) -> Result<f64, LineProblem> {
    let parsed = match decimal(text) {
        Some((number, length)) if length == text.len() => Some(number),
        _ => std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()),
    };
    match parsed {
        None => Err(LineProblem::Price(quoted(text))),
        Some(price) if !price.is_finite() => Err(LineProblem::NotFinite(quoted(text))),
        Some(price) if price <= 0.0 => Err(LineProblem::NotPositive(quoted(text))),
        Some(price) => Ok(price),
    }
}

/// The decimal number, like `12.34`, at the start of `text`, and its length; none where it is not short
/// enough to be exact at once.
///
/// Up to 15 digits make an integer below 2⁵³, and 10¹⁵ is a double too, so that their quotient, rounded once,
/// is the double nearest to the decimal (Clinger 1990): what `str::parse` returns.
pub(super) fn decimal(text: &[u8]) -> Option<(f64, usize)> {
    const DIGITS: usize = 15;
    const POWERS: [f64; DIGITS + 1] =
        [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15];
    let mut mantissa = 0_u64;
    let mut point = None;
    let mut length = 0;
    for byte in text {
        match byte {
            b'0'..=b'9' => mantissa = mantissa.wrapping_mul(10).wrapping_add(u64::from(byte - b'0')),
            b'.' if point.is_none() => point = Some(length),
            _ => break,
        }
        length += 1;
        if length > DIGITS + 1 {
            return None;
        }
    }
    let count = length - usize::from(point.is_some());
    if count == 0 || count > DIGITS {
        return None;
    }
    let decimals = point.map_or(0, |point| length - point - 1);
    Some((mantissa as f64 / POWERS[decimals], length))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_compact_or_iso() {
        let day = Date::new(2007, 1, 3).unwrap();
        assert_eq!(date(b"20070103"), Ok(day));
        assert_eq!(date(b"2007-01-03"), Ok(day));
        assert_eq!(date(b"20080229"), Ok(Date::new(2008, 2, 29).unwrap()));
        for text in ["20070229", "20071301", "20070100", "00000101", "2007-02-30"] {
            assert_eq!(date(text.as_bytes()), Err(LineProblem::ImpossibleDate(format!("{text:?}"))));
        }
        for text in
            ["", "2007013", "200701031", "2007/01/03", "2007-1-03", "07-01-2003", "2007010x", "+2007103"]
        {
            assert_eq!(date(text.as_bytes()), Err(LineProblem::Date(format!("{text:?}"))));
        }
    }

    #[test]
    fn times_are_digits_or_iso() {
        let ok = [
            ("935", 34500, TimeStyle::Minutes),
            ("0935", 34500, TimeStyle::Minutes),
            ("5", 300, TimeStyle::Minutes),
            ("0", 0, TimeStyle::Minutes),
            ("93501", 34501, TimeStyle::Seconds),
            ("093501", 34501, TimeStyle::Seconds),
            ("235959", 86399, TimeStyle::Seconds),
            ("9:35", 34500, TimeStyle::IsoMinutes),
            ("09:35", 34500, TimeStyle::IsoMinutes),
            ("09:35:01", 34501, TimeStyle::IsoSeconds),
        ];
        for (text, seconds, style) in ok {
            assert_eq!(time(text.as_bytes()), Ok((seconds * SECOND, style)), "{text}");
        }
        for text in ["2400", "1260", "240000", "126000", "120060", "24:00", "12:60", "12:00:60"] {
            assert_eq!(time(text.as_bytes()), Err(LineProblem::ImpossibleTime(format!("{text:?}"))));
        }
        for text in
            ["", "1234567", "9.35", "9:5", "9:35:1", "09:35:00.5", ":35", "1:2:3:4", "-935", "noon", "009:35"]
        {
            assert_eq!(time(text.as_bytes()), Err(LineProblem::Time(format!("{text:?}"))));
        }
    }

    #[test]
    fn prices_are_finite_and_positive() {
        assert_eq!(price(b"12.34"), Ok(12.34));
        assert_eq!(price(b"1e3"), Ok(1000.0));
        assert_eq!(price(b".5"), Ok(0.5));
        assert_eq!(price(b"5."), Ok(5.0));
        assert_eq!(price(b"123456789012345678901234567890"), Ok(123456789012345678901234567890.0));
        for text in ["", ".", "12,34", "1.2.3", "$5", "0x10", "12.34abc"] {
            assert_eq!(price(text.as_bytes()), Err(LineProblem::Price(format!("{text:?}"))));
        }
        for text in ["nan", "inf", "-inf", "1e999"] {
            assert_eq!(price(text.as_bytes()), Err(LineProblem::NotFinite(format!("{text:?}"))));
        }
        for text in ["0", "-1", "0.00", "-0", "1e-999"] {
            assert_eq!(price(text.as_bytes()), Err(LineProblem::NotPositive(format!("{text:?}"))));
        }
    }

    proptest! {
        #[test]
        fn short_decimals_are_what_the_standard_library_reads(text in "[0-9]{0,12}(\\.[0-9]{0,9})?") {
            if let Some((number, length)) = decimal(text.as_bytes()) {
                prop_assert_eq!(length, text.len());
                prop_assert_eq!(number.to_bits(), text.parse::<f64>().unwrap().to_bits());
            }
        }

        #[test]
        fn prices_round_trip(number in 1e-9..1e9_f64) {
            prop_assert_eq!(price(number.to_string().as_bytes()), Ok(number));
        }
    }
}
