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
    /// `HHMMSSmmm` or `HMMSSmmm`, with milliseconds: eight or nine digits.
    Milliseconds,
    /// `HH:MM`.
    IsoMinutes,
    /// `HH:MM:SS`, with or without a fraction.
    IsoSeconds,
}

/// The number that `text` writes in decimal digits alone, nine at most.
pub(super) fn digits(text: &[u8]) -> Option<u32> {
    if text.is_empty() || text.len() > 9 {
        return None;
    }
    text.iter()
        .try_fold(0, |number, byte| byte.is_ascii_digit().then(|| number * 10 + u32::from(byte - b'0')))
}

/// A day: `YYYYMMDD`, `YYYY-MM-DD`, `YYYY/MM/DD`, or with the month's name, `03JAN2007` or `3-Jan-2007`.
pub(super) fn date(text: &[u8]) -> Result<Date, LineProblem> {
    let parts = match text {
        [y @ .., m1, m2, d1, d2] if y.len() == 4 => (digits(y), digits(&[*m1, *m2]), digits(&[*d1, *d2])),
        [y @ .., b'-', m1, m2, b'-', d1, d2] | [y @ .., b'/', m1, m2, b'/', d1, d2] if y.len() == 4 => {
            (digits(y), digits(&[*m1, *m2]), digits(&[*d1, *d2]))
        }
        _ => (None, None, None),
    };
    let parts = by_name_of_month(text).unwrap_or(parts);
    let (Some(year), Some(month), Some(day)) = parts else {
        // Three numbers, of which it is not known which is the month.
        return Err(match numbers(text) {
            Some([_, _, year]) if year > 31 => LineProblem::TwofoldDate(quoted(text)),
            _ => LineProblem::Date(quoted(text)),
        });
    };
    calendar_day(year, month, day, text)
}

/// A day whose parts are numbers between `/`, `-` or `.`, `places` of which are day, month and year.
pub(super) fn date_by_parts(text: &[u8], places: [usize; 3]) -> Result<Date, LineProblem> {
    let numbers = numbers(text).ok_or_else(|| LineProblem::DateParts(quoted(text)))?;
    let [day, month, year] = places.map(|place| numbers[place]);
    if year < 1000 {
        return Err(LineProblem::DateParts(quoted(text)));
    }
    calendar_day(year, month, day, text)
}

fn calendar_day(year: u32, month: u32, day: u32, text: &[u8]) -> Result<Date, LineProblem> {
    // Years before 1 are a calendar's convention, not data.
    let fits = (1..=9999).contains(&year) && month <= 12 && day <= 31;
    let valid = if fits { Date::new(year as i16, month as i8, day as i8).ok() } else { None };
    valid.ok_or_else(|| LineProblem::ImpossibleDate(quoted(text)))
}

/// Three numbers between `/`, `-` or `.`.
fn numbers(text: &[u8]) -> Option<[u32; 3]> {
    let mut parts = text.split(|byte| b"/-.".contains(byte));
    let mut number = || parts.next().and_then(digits);
    let numbers = [number()?, number()?, number()?];
    parts.next().is_none().then_some(numbers)
}

/// Year, month and day of a date like `03JAN2007` or `3-Jan-2007`.
fn by_name_of_month(text: &[u8]) -> Option<(Option<u32>, Option<u32>, Option<u32>)> {
    const MONTHS: [&[u8]; 12] =
        [b"jan", b"feb", b"mar", b"apr", b"may", b"jun", b"jul", b"aug", b"sep", b"oct", b"nov", b"dec"];
    let start = text.iter().position(u8::is_ascii_alphabetic)?;
    let name = text.get(start..start + 3)?;
    let month = MONTHS.iter().position(|month| name.eq_ignore_ascii_case(month))? as u32 + 1;
    let (day, year) = (&text[..start], &text[start + 3..]);
    let sign = |byte: &u8| matches!(byte, b'-' | b' ');
    let (day, year) = match (day.split_last(), year.split_first()) {
        (Some((before, rest)), Some((after, year))) if sign(before) && before == after => (rest, year),
        _ => (day, year),
    };
    let fits = (1..=2).contains(&day.len()) && year.len() == 4;
    fits.then(|| (digits(year), Some(month), digits(day)))
}

/// A time in nanoseconds after midnight, and how it is written.
pub(super) fn time(text: &[u8]) -> Result<(u64, TimeStyle), LineProblem> {
    let parsed = if text.contains(&b':') { clock_time(text) } else { time_of_digits(text) };
    match parsed {
        None => Err(LineProblem::Time(quoted(text))),
        Some(([hour, minute, second], fraction, style)) if hour < 24 && minute < 60 && second < 60 => {
            Ok((u64::from(hour * 3600 + minute * 60 + second) * SECOND + fraction, style))
        }
        Some(_) => Err(LineProblem::ImpossibleTime(quoted(text))),
    }
}

/// Hour, minute and second, nanoseconds of the second, and how they are written.
type Parts = ([u32; 3], u64, TimeStyle);

/// A time with colons; on a clock of twelve hours where AM or PM follows.
fn clock_time(text: &[u8]) -> Option<Parts> {
    let (text, afternoon) = match text {
        [time @ .., b'A' | b'a', b'M' | b'm'] => (time.trim_ascii_end(), Some(false)),
        [time @ .., b'P' | b'p', b'M' | b'm'] => (time.trim_ascii_end(), Some(true)),
        _ => (text, None),
    };
    let mut parts = text.split(|byte| *byte == b':');
    let mut part = |shortest| {
        let part = parts.next().filter(|part| (shortest..=2).contains(&part.len()));
        part.and_then(digits)
    };
    let (hour, minute) = (part(1)?, part(2)?);
    let hour = match afternoon {
        None => hour,
        Some(_) if hour == 0 || hour > 12 => return None,
        Some(afternoon) => hour % 12 + if afternoon { 12 } else { 0 },
    };
    let Some(second) = parts.next() else { return Some(([hour, minute, 0], 0, TimeStyle::IsoMinutes)) };
    if parts.next().is_some() {
        return None;
    }
    let (second, fraction) = second_and_fraction(second)?;
    Some(([hour, minute, second], fraction, TimeStyle::IsoSeconds))
}

/// A time of digits, the last six of them with a fraction at most.
fn time_of_digits(text: &[u8]) -> Option<Parts> {
    if let Some(point) = text.iter().position(|byte| *byte == b'.') {
        if !(5..=6).contains(&point) {
            return None;
        }
        let (second, fraction) = second_and_fraction(&text[point - 2..])?;
        let minutes = digits(&text[..point - 2])?;
        return Some(([minutes / 100, minutes % 100, second], fraction, TimeStyle::Seconds));
    }
    let number = digits(text)?;
    match text.len() {
        1..=4 => Some(([number / 100, number % 100, 0], 0, TimeStyle::Minutes)),
        5..=6 => Some((seconds(number), 0, TimeStyle::Seconds)),
        8..=9 => {
            let milliseconds = u64::from(number % 1000);
            Some((seconds(number / 1000), milliseconds * (SECOND / 1000), TimeStyle::Milliseconds))
        }
        _ => None,
    }
}

/// Hour, minute and second of HHMMSS.
fn seconds(number: u32) -> [u32; 3] {
    [number / 10_000, number / 100 % 100, number % 100]
}

/// Two digits of a second, and the nanoseconds of a fraction of one to nine digits behind.
fn second_and_fraction(text: &[u8]) -> Option<(u32, u64)> {
    let second = digits(text.get(..2)?)?;
    match &text[2..] {
        [] => Some((second, 0)),
        [b'.' | b',', fraction @ ..] => {
            let nanoseconds = u64::from(digits(fraction)?) * 10_u64.pow(9 - fraction.len() as u32);
            Some((second, nanoseconds))
        }
        _ => None,
    }
}

/// A time in nanoseconds after midnight, written like the first one of the file, whose `style` is filled in.
pub(super) fn time_in_style(text: &[u8], style: &mut Option<TimeStyle>) -> Result<u64, LineProblem> {
    let (time, found) = time(text)?;
    if *style.get_or_insert(found) == found { Ok(time) } else { Err(LineProblem::TimeStyle(quoted(text))) }
}

/// What comes behind these bytes at the start of `text`, if they are there.
#[inline]
pub(super) fn behind<'a>(text: &'a [u8], bytes: &[u8]) -> Option<&'a [u8]> {
    let (start, rest) = text.split_at_checked(bytes.len())?;
    // They are few: eight at a time, without a call.
    let (eights, tail) = start.as_chunks::<8>();
    let (of_eights, of_tail) = bytes.as_chunks::<8>();
    let same = eights
        .iter()
        .zip(of_eights)
        .all(|(one, other)| u64::from_ne_bytes(*one) == u64::from_ne_bytes(*other))
        && tail.iter().zip(of_tail).all(|(one, other)| one == other);
    same.then_some(rest)
}

/// Eight characters less `'0'` each, the first in the lowest byte.
fn eight(text: &[u8]) -> Option<u64> {
    text.first_chunk::<8>().map(|bytes| u64::from_le_bytes(*bytes) ^ 0x3030_3030_3030_3030)
}

/// The highest bit of each byte that is no digit, of characters less `'0'`.
fn others(eight: u64) -> u64 {
    ((eight & 0x7f7f_7f7f_7f7f_7f7f).wrapping_add(0x7676_7676_7676_7676) | eight) & 0x8080_8080_8080_8080
}

/// The time at the start of `text`, if it is written in this style, and what comes behind. Some spellings are
/// for [`time`] alone, and none here.
#[inline]
pub(super) fn time_ahead(text: &[u8], style: TimeStyle) -> Option<(u64, &[u8])> {
    let ([hour, minute, second], nanoseconds, rest) = match style {
        TimeStyle::IsoMinutes | TimeStyle::IsoSeconds => clock_ahead(text, style)?,
        _ => {
            let (number, length) = digits_ahead(text);
            let rest = &text[length..];
            match (style, length) {
                (TimeStyle::Minutes, 1..=4) => ([number / 100, number % 100, 0], 0, rest),
                (TimeStyle::Seconds, 5..=6) => {
                    let (nanoseconds, rest) = fraction_ahead(rest)?;
                    (seconds(number), nanoseconds, rest)
                }
                (TimeStyle::Milliseconds, 8..=9) => {
                    (seconds(number / 1000), u64::from(number % 1000) * (SECOND / 1000), rest)
                }
                _ => return None,
            }
        }
    };
    let time = u64::from(hour * 3600 + minute * 60 + second) * SECOND + nanoseconds;
    (hour < 24 && minute < 60 && second < 60).then_some((time, rest))
}

/// Hour, minute and second, nanoseconds, and what comes behind them.
type Ahead<'a> = ([u32; 3], u64, &'a [u8]);

/// A time with colons at the start of `text`.
fn clock_ahead(text: &[u8], style: TimeStyle) -> Option<Ahead<'_>> {
    let digit =
        |at: usize| text.get(at).map(|byte| u32::from(byte.wrapping_sub(b'0'))).filter(|digit| *digit < 10);
    let two = |at: usize| Some(10 * digit(at)? + digit(at + 1)?);
    if style == TimeStyle::IsoSeconds
        && let Some(clock) = eight(text)
        && clock & 0x0000_ff00_00ff_0000 == 0x0000_0a00_000a_0000
        && others(clock) == 0x0000_8000_0080_0000
    {
        // Tens and ones of each part are next to each other.
        let two = |shift: u32| 10 * (clock >> shift & 0xf) as u32 + (clock >> (shift + 8) & 0xf) as u32;
        let (nanoseconds, rest) = fraction_ahead(&text[8..])?;
        return Some(([two(0), two(24), two(48)], nanoseconds, rest));
    }
    let (hour, colon) = match text.get(1)? {
        b':' => (digit(0)?, 1),
        _ => (two(0)?, 2),
    };
    let minute = two(colon + 1).filter(|_| text[colon] == b':')?;
    if style == TimeStyle::IsoMinutes {
        return Some(([hour, minute, 0], 0, &text[colon + 3..]));
    }
    let second = two(colon + 4).filter(|_| text[colon + 3] == b':')?;
    let (nanoseconds, rest) = fraction_ahead(&text[colon + 6..])?;
    Some(([hour, minute, second], nanoseconds, rest))
}

/// The number that the digits at the start of `text` write, and how many there are, ten at most.
fn digits_ahead(text: &[u8]) -> (u32, usize) {
    let (mut number, mut length) = (0_u32, 0);
    for byte in text.iter().take(10) {
        let digit = byte.wrapping_sub(b'0');
        if digit > 9 {
            break;
        }
        (number, length) = (number.wrapping_mul(10).wrapping_add(digit.into()), length + 1);
    }
    (number, length)
}

/// Nanoseconds of the point and the digits at the start of `text`, if they are there, and what comes behind.
fn fraction_ahead(text: &[u8]) -> Option<(u64, &[u8])> {
    let [b'.', digits @ ..] = text else { return Some((0, text)) };
    let (number, length) = digits_ahead(digits);
    // Nine at most.
    let unit = POWERS_OF_TEN.get(9_usize.checked_sub(length)?).filter(|_| length > 0)?;
    Some((u64::from(number) * unit, &digits[length..]))
}

/// 10⁰ to 10⁹.
const POWERS_OF_TEN: [u64; 10] =
    [1, 10, 100, 1_000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000, 1_000_000_000];

/// A price: a finite positive number, as `str::parse` reads it. With a decimal comma the comma stands for the
/// point, and there is no point.
pub(super) fn price(text: &[u8], decimal_comma: bool) -> Result<f64, LineProblem> {
    // 1.234 may be a thousand and more.
    if decimal_comma && text.contains(&b'.') && !is_missing(text) {
        return Err(LineProblem::PointForComma(quoted(text)));
    }
    if decimal_comma && let Some(comma) = text.iter().position(|byte| *byte == b',') {
        let mut with_point = text.to_vec();
        with_point[comma] = b'.';
        return if with_point.contains(&b',') {
            Err(LineProblem::Price(quoted(text)))
        } else {
            price(&with_point, false)
        };
    }
    let parsed = match decimal(text) {
        Some((number, length)) if length == text.len() => Some(number),
        _ => std::str::from_utf8(text).ok().and_then(|text| text.parse().ok()),
    };
    match parsed {
        None if is_missing(text) => Err(LineProblem::NotFinite(quoted(text))),
        None if text.contains(&b',') && !decimal_comma => Err(LineProblem::DecimalComma(quoted(text))),
        None => Err(LineProblem::Price(quoted(text))),
        Some(price) if !price.is_finite() => Err(LineProblem::NotFinite(quoted(text))),
        Some(price) if price <= 0.0 => Err(LineProblem::NotPositive(quoted(text))),
        Some(price) => Ok(price),
    }
}

/// Whether a field says that there is no value, as pandas, R, SAS and databases write it.
pub(super) fn is_missing(text: &[u8]) -> bool {
    const WORDS: [&str; 10] = ["", "na", "n/a", "nan", "null", "none", "nat", ".", "-", "#n/a"];
    WORDS.iter().any(|word| text.eq_ignore_ascii_case(word.as_bytes()))
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
    if let Some(short) = short_decimal(text) {
        return Some(short);
    }
    let (mut mantissa, mut end) = (0_u64, 0);
    // At most one digit more than there may be.
    let mut digits = |end: &mut usize, most: usize| {
        while let Some(digit) = text.get(*end).map(|byte| byte.wrapping_sub(b'0')).filter(|digit| *digit < 10)
            && *end < most
        {
            mantissa = mantissa * 10 + u64::from(digit);
            *end += 1;
        }
    };
    digits(&mut end, DIGITS + 1);
    let (mut count, mut decimals) = (end, 0);
    if text.get(end) == Some(&b'.') {
        end += 1;
        digits(&mut end, DIGITS + 2);
        decimals = end - count - 1;
        count += decimals;
    }
    if count == 0 || count > DIGITS {
        return None;
    }
    Some((mantissa as f64 / POWERS[decimals], end))
}

/// The same of a number that ends within eight characters, point included: all of them at once.
#[inline]
fn short_decimal(text: &[u8]) -> Option<(f64, usize)> {
    const POWERS: [f64; 8] = [1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7];
    let eight = eight(text)?;
    let others = others(eight);
    let whole = others.trailing_zeros() / 8;
    if whole == 8 {
        return None;
    }
    let (digits, count, length) = if text[whole as usize] == b'.' {
        // The digits behind the point move up to those before it.
        let end = (others & (others - 1)).trailing_zeros() / 8;
        if end == 8 {
            return None;
        }
        let before = (1_u64 << (8 * whole)) - 1;
        (eight & before | eight >> 8 & !before, end - 1, end)
    } else {
        (eight, whole, whole)
    };
    if count == 0 {
        return None;
    }
    // With zeros before them to eight digits, whose pairs, fours and eight become numbers side by side.
    let digits = digits << (64 - 8 * count);
    let pairs = (digits.wrapping_mul(10).wrapping_add(digits >> 8)) & 0x00ff_00ff_00ff_00ff;
    let fours = (pairs.wrapping_mul(100).wrapping_add(pairs >> 16)) & 0x0000_ffff_0000_ffff;
    let number = fours.wrapping_mul(10_000).wrapping_add(fours >> 32) & 0xffff_ffff;
    let decimals = count - whole.min(count);
    Some((number as i64 as f64 / POWERS[decimals as usize & 7], length as usize))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn dates_are_compact_or_iso() {
        let day = Date::new(2007, 1, 3).unwrap();
        assert_eq!(date(b"20070103"), Ok(day));
        for text in ["2007-01-03", "2007/01/03", "03JAN2007", "3-Jan-2007", "03 jan 2007", "3Jan2007"] {
            assert_eq!(date(text.as_bytes()), Ok(day), "{text}");
        }
        for text in ["01/03/2007", "07-01-2003", "3.1.2007"] {
            assert_eq!(date(text.as_bytes()), Err(LineProblem::TwofoldDate(format!("{text:?}"))));
        }
        assert_eq!(date_by_parts(b"1/3/2007", [1, 0, 2]), Ok(day));
        assert_eq!(date_by_parts(b"03.01.2007", [0, 1, 2]), Ok(day));
        for text in ["3.1.07", "2007-01-03", "1/3", "1/3/2007/4", "x"] {
            let problem = date_by_parts(text.as_bytes(), [0, 1, 2]).unwrap_err();
            assert_eq!(problem, LineProblem::DateParts(format!("{text:?}")), "{text}");
        }
        assert_eq!(date(b"20080229"), Ok(Date::new(2008, 2, 29).unwrap()));
        for text in ["20070229", "20071301", "20070100", "00000101", "2007-02-30"] {
            assert_eq!(date(text.as_bytes()), Err(LineProblem::ImpossibleDate(format!("{text:?}"))));
        }
        for text in [
            "",
            "2007013",
            "200701031",
            "2007-1-03",
            "2007-01/03",
            "2007010x",
            "+2007103",
            "03JUX2007",
            "03JAN07",
            "3-Jan 2007",
        ] {
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
            ("9:35:01 AM", 34501, TimeStyle::IsoSeconds),
            ("09:35pm", 77700, TimeStyle::IsoMinutes),
            ("12:00:00 PM", 43200, TimeStyle::IsoSeconds),
            ("12:00 AM", 0, TimeStyle::IsoMinutes),
            ("93501000", 34501, TimeStyle::Milliseconds),
        ];
        for (text, fraction, style) in [
            ("09:35:01.5", 500_000_000, TimeStyle::IsoSeconds),
            ("9:35:01.123456789", 123_456_789, TimeStyle::IsoSeconds),
            ("93501.25", 250_000_000, TimeStyle::Seconds),
            ("093501123", 123_000_000, TimeStyle::Milliseconds),
        ] {
            assert_eq!(time(text.as_bytes()), Ok((34501 * SECOND + fraction, style)), "{text}");
        }
        for (text, seconds, style) in ok {
            assert_eq!(time(text.as_bytes()), Ok((seconds * SECOND, style)), "{text}");
        }
        for text in ["2400", "1260", "240000", "126000", "120060", "24:00", "12:60", "12:00:60"] {
            assert_eq!(time(text.as_bytes()), Err(LineProblem::ImpossibleTime(format!("{text:?}"))));
        }
        for text in [
            "",
            "1234567",
            "9.35",
            "9:5",
            "9:35:1",
            "09:35:00.",
            "13:00 PM",
            "0:30 AM",
            ":35",
            "1:2:3:4",
            "-935",
            "noon",
            "009:35",
            "1234567890",
            "09:35:00.1234567890",
        ] {
            assert_eq!(time(text.as_bytes()), Err(LineProblem::Time(format!("{text:?}"))));
        }
    }

    #[test]
    fn prices_are_finite_and_positive() {
        assert_eq!(price(b"12.34", false), Ok(12.34));
        assert_eq!(price(b"1e3", false), Ok(1000.0));
        assert_eq!(price(b".5", false), Ok(0.5));
        assert_eq!(price(b"5.", false), Ok(5.0));
        assert_eq!(price(b"123456789012345678901234567890", false), Ok(123456789012345678901234567890.0));
        for text in ["1.2.3", "$5", "0x10", "12.34abc"] {
            assert_eq!(price(text.as_bytes(), false), Err(LineProblem::Price(format!("{text:?}"))));
        }
        for text in ["nan", "inf", "-inf", "1e999", "", ".", "NA", "null", "None"] {
            assert_eq!(price(text.as_bytes(), false), Err(LineProblem::NotFinite(format!("{text:?}"))));
        }
        for text in ["12,34", "1,234.5"] {
            assert_eq!(price(text.as_bytes(), false), Err(LineProblem::DecimalComma(format!("{text:?}"))));
        }
        assert_eq!(price(b"12,34", true), Ok(12.34));
        for text in [&b"12.34"[..], b"1.234,5", b"1.234"] {
            let shown = format!("{:?}", std::str::from_utf8(text).unwrap());
            assert_eq!(price(text, true), Err(LineProblem::PointForComma(shown)));
        }
        assert_eq!(price(b"1,2,3", true), Err(LineProblem::Price("\"1,2,3\"".into())));
        for text in ["0", "-1", "0.00", "-0", "1e-999"] {
            assert_eq!(price(text.as_bytes(), false), Err(LineProblem::NotPositive(format!("{text:?}"))));
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
            prop_assert_eq!(price(number.to_string().as_bytes(), false), Ok(number));
        }
    }
}
