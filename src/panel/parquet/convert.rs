//! Decoded values as a panel takes them, whatever format they come from: times in nanoseconds, decimals as
//! doubles, texts by number.

use std::collections::HashMap;
use std::sync::Arc;

use super::values::NO_TEXT;

/// A value out of range: its row, and its text.
pub(in crate::panel) type OutOfRange = (usize, String);

/// Times in nanoseconds, of units of `factor` nanoseconds; the first is that of row `at`.
pub(in crate::panel) fn scale(times: &mut [i64], factor: i64, at: usize) -> Result<(), OutOfRange> {
    if factor == 1 {
        return Ok(());
    }
    // Without a way out of the loop, so that it becomes vector instructions.
    let (least, most) = times.iter().fold((0, 0), |(least, most), &time| (time.min(least), time.max(most)));
    let range = i64::MIN / factor..=i64::MAX / factor;
    if !range.contains(&least) || !range.contains(&most) {
        let i = times.iter().position(|time| !range.contains(time)).unwrap_or_default();
        return Err((at + i, format!("a time of {} times {factor} ns", times[i])));
    }
    for time in times {
        *time *= factor;
    }
    Ok(())
}

/// Checks times of the day, in nanoseconds; the first is that of row `at`.
pub(in crate::panel) fn within_a_day(times: &[i64], at: usize) -> Result<(), OutOfRange> {
    const DAY: i64 = 86_400_000_000_000;
    match times.iter().position(|time| !(0..DAY).contains(time)) {
        None => Ok(()),
        Some(i) => Err((at + i, format!("a time of the day of {} ns", times[i]))),
    }
}

/// The double nearest to `number` / 10^`scale`.
pub(in crate::panel) fn decimal(number: i128, scale: u32) -> f64 {
    // Both are doubles, and their quotient is rounded once.
    const POWERS: [f64; 23] = [
        1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16, 1e17,
        1e18, 1e19, 1e20, 1e21, 1e22,
    ];
    if let (0..=0x20_0000_0000_0000, Some(power)) = (number.unsigned_abs(), POWERS.get(scale as usize)) {
        return number as f64 / power;
    }
    format!("{number}e-{scale}").parse().unwrap_or(f64::NAN)
}

/// An integer in two's complement, highest byte first, where it has up to 128 bits.
pub(in crate::panel) fn integer(bytes: &[u8]) -> Option<i128> {
    let sign: i8 = if bytes.first()? & 0x80 == 0 { 0 } else { -1 };
    let (front, back) = bytes.split_at(bytes.len().saturating_sub(16));
    let number = back.iter().fold(i128::from(sign), |number, byte| number << 8 | i128::from(*byte));
    let fits = front.iter().all(|byte| *byte == sign as u8) && (number < 0) == (sign < 0);
    fits.then_some(number)
}

/// Texts by number, each once.
#[derive(Debug, Default)]
pub(in crate::panel) struct Texts {
    /// The number of each.
    known: HashMap<String, u32>,
}

impl Texts {
    /// Of texts that are there, each once.
    pub(in crate::panel) fn of(all: &[String]) -> Self {
        let number = |(text, number): (&String, u32)| (text.clone(), number);
        Self { known: all.iter().zip(0..).map(number).collect() }
    }

    /// The number of a text among `all`, where it is put if it is new. Texts of a fixed length are filled up
    /// with zeros, which are no part of them.
    pub(in crate::panel) fn number(
        &mut self,
        bytes: &[u8],
        is_fixed: bool,
        all: &mut Arc<Vec<String>>,
    ) -> Result<u32, &'static str> {
        let text = std::str::from_utf8(bytes).map_err(|_| "a text is not UTF-8")?;
        let text = if is_fixed { text.trim_end_matches('\0') } else { text };
        if let Some(&number) = self.known.get(text) {
            return Ok(number);
        }
        let number = u32::try_from(all.len())
            .ok()
            .filter(|&number| number != NO_TEXT)
            .ok_or("it has too many texts")?;
        self.known.insert(text.to_owned(), number);
        Arc::make_mut(all).push(text.to_owned());
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn decimals_are_the_nearest_doubles() {
        assert_eq!(decimal(1_234_567, 4), 123.4567);
        assert_eq!(decimal(-5, 1), -0.5);
        assert_eq!(decimal(12_345_678_901_234_567_890_123, 20), 123.456_789_012_345_68);
        assert_eq!(decimal(i128::MAX, 0), i128::MAX as f64);
        assert_eq!(decimal(1, 30), 1e-30);
    }

    #[test]
    fn integers_of_bytes_keep_their_sign() {
        assert_eq!(integer(&[0xff]), Some(-1));
        assert_eq!(integer(&[0x00, 0xff]), Some(255));
        assert_eq!(integer(&[0x80, 0x00]), Some(-32_768));
        assert_eq!(integer(&[0xff; 20]), Some(-1));
        assert_eq!(integer(&(-7_i128).to_be_bytes()), Some(-7));
        assert_eq!(integer(&[1; 17]), None);
        assert_eq!(integer(&[]), None);
        // Positive, of 17 bytes, the last sixteen of which would be negative.
        let mut large = [0xff; 17];
        large[0] = 0;
        assert_eq!(integer(&large), None);
    }
}
