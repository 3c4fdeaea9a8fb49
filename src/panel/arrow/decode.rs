//! From buffers to values, some rows at a time.

use std::fs::File;
use std::sync::Arc;

use super::super::parquet::{
    ColumnValues, NO_TEXT, OutOfRange, Texts, Values, decimal, integer, scale, within_a_day,
};
use super::buffers::{Bytes, Parts, SHORT};
use super::schema::{Form, Leaf, Place, Width};

/// Why values could not be decoded.
#[derive(Debug)]
pub(super) enum DecodeProblem {
    Damaged(String),
    /// A value is out of range: its row among those of the batch, from 0, and its text.
    Range(usize, String),
}

impl From<&str> for DecodeProblem {
    fn from(why: &str) -> Self {
        Self::Damaged(why.to_owned())
    }
}

impl From<String> for DecodeProblem {
    fn from(why: String) -> Self {
        Self::Damaged(why)
    }
}

impl From<OutOfRange> for DecodeProblem {
    fn from((row, value): OutOfRange) -> Self {
        Self::Range(row, value)
    }
}

type Result<T> = std::result::Result<T, DecodeProblem>;

/// Decodes one column of one record batch.
pub(super) struct Decoder {
    rows: usize,
    /// Rows that were taken.
    taken: usize,
    /// Which rows have a value; all, where there are no bits.
    valid: Option<Bits>,
    /// Rows without a value: as many as the batch says, and as many as were taken.
    nulls: (u64, u64),
    source: Source,
    scratch: Vec<u8>,
}

/// Where raw values come from.
enum Source {
    Fixed { values: Bytes, form: Form },
    Text { offsets: Bytes, is_large: bool, at: Option<u64>, text: Bytes },
    Views { views: Bytes, texts: Vec<Held> },
    Codes { codes: Bytes, width: Width, dictionary: Arc<ColumnValues> },
}

/// A buffer of text that is held from its first use on.
enum Held {
    Not(Bytes),
    Whole(Vec<u8>),
}

/// Bits, lowest first.
struct Bits {
    bytes: Bytes,
    /// The byte at hand, and how many of its bits are left.
    byte: u8,
    left: usize,
}

impl Bits {
    fn take(&mut self, count: usize, scratch: &mut Vec<u8>) -> Result<Vec<bool>> {
        self.bytes.take(count.saturating_sub(self.left).div_ceil(8), scratch)?;
        let mut bytes = scratch.iter();
        let mut bits = Vec::with_capacity(count);
        while bits.len() < count {
            if self.left == 0 {
                (self.byte, self.left) = (*bytes.next().ok_or(SHORT)?, 8);
            }
            let some = self.left.min(count - bits.len());
            bits.extend((0..some).map(|bit| self.byte >> bit & 1 == 1));
            self.byte = self.byte.checked_shr(some as u32).unwrap_or(0);
            self.left -= some;
        }
        Ok(bits)
    }
}

impl Decoder {
    /// A decoder of values that are at `place` in a batch, in this form; or, where there is a `dictionary`,
    /// of codes of this width.
    pub(super) fn new(
        file: &Arc<File>,
        parts: &Parts,
        leaf: Leaf,
        dictionary: Option<Arc<ColumnValues>>,
    ) -> Result<Self> {
        let Place { node, buffer, views } = leaf.place;
        let &(rows, nulls) = parts.nodes.get(node).ok_or("it has fewer nodes than columns")?;
        if usize::try_from(rows).ok() != Some(parts.rows) {
            return Err(format!("it has {rows} rows, its batch {}", parts.rows).into());
        }
        let nulls = u64::try_from(nulls).map_err(|_| "it has fewer than no nulls")?;
        let first = parts.first(buffer, views).ok_or("it has fewer buffers than its type")?;
        let bits = || Ok::<_, String>(Bits { bytes: parts.buffer(file, first)?, byte: 0, left: 0 });
        let valid = if parts.is_there(first) { Some(bits()?) } else { None };
        let next = |behind: usize| parts.buffer(file, first + behind);
        let source = match (leaf.dictionary, dictionary, leaf.form) {
            (Some((_, width)), Some(dictionary), _) => Source::Codes { codes: next(1)?, width, dictionary },
            (_, _, Form::Text { is_large }) => {
                Source::Text { offsets: next(1)?, is_large, at: None, text: next(2)? }
            }
            (_, _, Form::View) => {
                let count = parts.views(views).ok_or("it does not say how many buffers of text it has")?;
                let texts: std::result::Result<Vec<Held>, String> =
                    (0..count).map(|number| Ok(Held::Not(next(2 + number)?))).collect();
                Source::Views { views: next(1)?, texts: texts? }
            }
            (_, _, form) => Source::Fixed { values: next(1)?, form },
        };
        Ok(Self { rows: parts.rows, taken: 0, valid, nulls: (nulls, 0), source, scratch: Vec::new() })
    }

    /// The next `rows` rows, or all that are left.
    pub(super) fn take(&mut self, rows: usize) -> Result<ColumnValues> {
        let rows = rows.min(self.rows - self.taken);
        let valid = match &mut self.valid {
            None => None,
            Some(bits) => Some(bits.take(rows, &mut self.scratch)?),
        };
        let there = valid.as_deref();
        let scratch = &mut self.scratch;
        let mut all = match &mut self.source {
            Source::Fixed { values, form } => {
                let valid = there.map(<[bool]>::to_vec);
                ColumnValues { values: fixed(values, *form, rows, there, self.taken, scratch)?, valid }
            }
            Source::Text { offsets, is_large, at, text } => {
                texts(offsets, *is_large, at, text, rows, there, scratch)?
            }
            Source::Views { views, texts } => of_views(views, texts, rows, there, scratch)?,
            Source::Codes { codes, width, dictionary } => {
                codes.take(rows.checked_mul(width.bytes).ok_or(SHORT)?, scratch)?;
                let mut numbers = Vec::with_capacity(rows);
                integers(scratch, *width, &mut numbers);
                blank(&mut numbers, there, 0);
                gather(dictionary, &numbers, there)?
            }
        };
        self.taken += rows;
        if let Some(valid) = valid {
            self.nulls.1 += valid.iter().filter(|there| !**there).count() as u64;
        }
        if self.taken == self.rows && self.nulls.0 != self.nulls.1 {
            return Err(format!("it has {} nulls, but says {}", self.nulls.1, self.nulls.0).into());
        }
        // A part without nulls says so.
        all.valid = all.valid.filter(|valid| valid.contains(&false));
        Ok(all)
    }
}

/// Puts `missing` where no value is.
fn blank<T: Copy>(values: &mut [T], valid: Option<&[bool]>, missing: T) {
    for (value, there) in values.iter_mut().zip(valid.unwrap_or_default()) {
        if !there {
            *value = missing;
        }
    }
}

/// Appends values of N bytes each.
fn each<const N: usize, T>(bytes: &[u8], out: &mut Vec<T>, convert: impl Fn([u8; N]) -> T) {
    out.extend(bytes.as_chunks::<N>().0.iter().map(|bytes| convert(*bytes)));
}

/// Appends integers; those of 64 bits without a sign as if they had one.
fn integers(bytes: &[u8], width: Width, out: &mut Vec<i64>) {
    match (width.bytes, width.signed) {
        (1, true) => each(bytes, out, |bytes| i8::from_le_bytes(bytes).into()),
        (1, false) => each(bytes, out, |bytes| u8::from_le_bytes(bytes).into()),
        (2, true) => each(bytes, out, |bytes| i16::from_le_bytes(bytes).into()),
        (2, false) => each(bytes, out, |bytes| u16::from_le_bytes(bytes).into()),
        (4, true) => each(bytes, out, |bytes| i32::from_le_bytes(bytes).into()),
        (4, false) => each(bytes, out, |bytes| u32::from_le_bytes(bytes).into()),
        _ => each(bytes, out, i64::from_le_bytes),
    }
}

/// Values of a fixed width, the first of which is that of row `at`.
fn fixed(
    values: &mut Bytes,
    form: Form,
    rows: usize,
    valid: Option<&[bool]>,
    at: usize,
    scratch: &mut Vec<u8>,
) -> Result<Values> {
    let width = match form {
        Form::Date | Form::TimeOfDay32(_) | Form::Float => 4,
        Form::Time(_) | Form::DateMillis | Form::TimeOfDay64(_) | Form::Double => 8,
        Form::Integer(width) => width.bytes,
        Form::Decimal(bytes, _) | Form::Fixed(bytes) => bytes,
        Form::Text { .. } | Form::View | Form::None => return Err("its type does not fit its values".into()),
    };
    values.take(rows.checked_mul(width).ok_or(SHORT)?, scratch)?;
    let bytes = &scratch[..];
    let (long, short) = (Width { bytes: 8, signed: true }, Width { bytes: 4, signed: true });
    let signed = |width: Width| {
        let mut numbers = Vec::with_capacity(rows);
        integers(bytes, width, &mut numbers);
        blank(&mut numbers, valid, 0);
        numbers
    };
    Ok(match form {
        Form::Time(factor) => {
            let mut times = signed(long);
            scale(&mut times, factor, at)?;
            Values::Time(times)
        }
        Form::TimeOfDay32(factor) | Form::TimeOfDay64(factor) => {
            let mut times = signed(if width == 4 { short } else { long });
            scale(&mut times, factor, at)?;
            within_a_day(&times, at)?;
            Values::TimeOfDay(times)
        }
        Form::Date => Values::Date(signed(short).into_iter().map(|day| day as i32).collect()),
        Form::DateMillis => {
            const DAY: i64 = 86_400_000;
            let mut days = Vec::with_capacity(rows);
            for (row, time) in signed(long).into_iter().enumerate() {
                let day = i32::try_from(time.div_euclid(DAY)).ok().filter(|_| time % DAY == 0);
                days.push(day.ok_or_else(|| (at + row, format!("a day of {time} ms")))?);
            }
            Values::Date(days)
        }
        Form::Double | Form::Float => {
            let mut numbers = Vec::with_capacity(rows);
            match form {
                Form::Double => each(bytes, &mut numbers, f64::from_le_bytes),
                _ => each(bytes, &mut numbers, |bytes| f32::from_le_bytes(bytes).into()),
            }
            blank(&mut numbers, valid, f64::NAN);
            Values::Number(numbers)
        }
        Form::Integer(width) => {
            let numbers = signed(width);
            let wraps = width == Width { bytes: 8, signed: false };
            match numbers.iter().position(|&number| wraps && number < 0) {
                None => Values::Integer(numbers),
                Some(row) => {
                    return Err((at + row, format!("the number {}", numbers[row] as u64)).into());
                }
            }
        }
        Form::Decimal(_, scale) => {
            let mut numbers = Vec::with_capacity(rows);
            for (row, bytes) in bytes.chunks_exact(width).enumerate() {
                let highest_first: Vec<u8> = bytes.iter().rev().copied().collect();
                let is_there = valid.is_none_or(|valid| valid[row]);
                numbers.push(match integer(&highest_first) {
                    Some(number) if is_there => decimal(number, scale),
                    None if is_there => return Err("a decimal has more than 38 digits".into()),
                    _ => f64::NAN,
                });
            }
            Values::Number(numbers)
        }
        _ => {
            let mut codes = Coding::new(rows);
            for (row, bytes) in bytes.chunks_exact(width).enumerate() {
                codes.push(valid.is_none_or(|valid| valid[row]).then_some(bytes), true)?;
            }
            codes.values()
        }
    })
}

/// Codes of texts, that come one after the other.
struct Coding {
    codes: Vec<u32>,
    texts: Texts,
    all: Arc<Vec<String>>,
    /// The text that came last, and its code: most rows have the text of the row before.
    last: Option<(Vec<u8>, u32)>,
}

impl Coding {
    fn new(rows: usize) -> Self {
        let codes = Vec::with_capacity(rows);
        Self { codes, texts: Texts::default(), all: Arc::default(), last: None }
    }

    fn push(&mut self, text: Option<&[u8]>, is_fixed: bool) -> Result<()> {
        let code = match (text, &self.last) {
            (None, _) => NO_TEXT,
            (Some(text), Some((last, code))) if last == text => *code,
            (Some(text), _) => {
                let code = self.texts.number(text, is_fixed, &mut self.all)?;
                self.last = Some((text.to_vec(), code));
                code
            }
        };
        self.codes.push(code);
        Ok(())
    }

    fn values(self) -> Values {
        Values::Text { codes: self.codes, dictionary: self.all }
    }
}

/// Texts behind offsets. `at` is where the text was read up to.
fn texts(
    offsets: &mut Bytes,
    is_large: bool,
    at: &mut Option<u64>,
    text: &mut Bytes,
    rows: usize,
    valid: Option<&[bool]>,
    scratch: &mut Vec<u8>,
) -> Result<ColumnValues> {
    const BACK: &str = "the offsets of its texts go back";
    let mut ends: Vec<i64> = Vec::new();
    if rows > 0 {
        let bytes = if is_large { 8 } else { 4 };
        // One more than there are rows: the first is where the first text begins.
        let count = rows + usize::from(at.is_none());
        offsets.take(count.checked_mul(bytes).ok_or(SHORT)?, scratch)?;
        integers(scratch, Width { bytes, signed: true }, &mut ends);
    }
    let mut ends = ends.into_iter().map(|end| u64::try_from(end).map_err(|_| BACK));
    let start = match *at {
        Some(at) => at,
        None => {
            let first = ends.next().transpose()?.unwrap_or(0);
            text.skip(first)?;
            first
        }
    };
    let ends: Vec<u64> = ends.collect::<std::result::Result<_, _>>()?;
    let end = ends.last().copied().unwrap_or(start);
    text.take(usize::try_from(end.checked_sub(start).ok_or(BACK)?).map_err(|_| SHORT)?, scratch)?;
    let mut codes = Coding::new(rows);
    let mut from = start;
    for (row, to) in ends.into_iter().enumerate() {
        let one = (from <= to && to <= end).then(|| &scratch[(from - start) as usize..(to - start) as usize]);
        let one = one.ok_or(BACK)?;
        codes.push(valid.is_none_or(|valid| valid[row]).then_some(one), false)?;
        from = to;
    }
    *at = Some(end);
    Ok(ColumnValues { values: codes.values(), valid: valid.map(<[bool]>::to_vec) })
}

/// Texts of views: a length and up to 12 bytes; or a length, the first 4 bytes, the number of a buffer, and
/// where the text begins in it.
fn of_views(
    views: &mut Bytes,
    texts: &mut [Held],
    rows: usize,
    valid: Option<&[bool]>,
    scratch: &mut Vec<u8>,
) -> Result<ColumnValues> {
    const WIDTH: usize = 16;
    const OUTSIDE: &str = "a text is not within its buffer";
    views.take(rows.checked_mul(WIDTH).ok_or(SHORT)?, scratch)?;
    let mut codes = Coding::new(rows);
    for (row, view) in scratch.as_chunks::<WIDTH>().0.iter().enumerate() {
        if valid.is_some_and(|valid| !valid[row]) {
            codes.push(None, false)?;
            continue;
        }
        let [number, _, buffer, start] =
            [0, 4, 8, 12].map(|at| u32::from_le_bytes([view[at], view[at + 1], view[at + 2], view[at + 3]]));
        let length = number as usize;
        if let Some(short) = view[4..].get(..length) {
            codes.push(Some(short), false)?;
            continue;
        }
        let held = texts.get_mut(buffer as usize).ok_or(OUTSIDE)?;
        if let Held::Not(bytes) = held {
            let mut whole = Vec::new();
            bytes.take(usize::try_from(bytes.left).map_err(|_| SHORT)?, &mut whole)?;
            *held = Held::Whole(whole);
        }
        let Held::Whole(whole) = held else { return Err(OUTSIDE.into()) };
        let start = start as usize;
        let text = start.checked_add(length).and_then(|end| whole.get(start..end)).ok_or(OUTSIDE)?;
        codes.push(Some(text), false)?;
    }
    Ok(ColumnValues { values: codes.values(), valid: valid.map(<[bool]>::to_vec) })
}

/// The values of a dictionary that codes stand for. A code may be that of a missing value.
fn gather(dictionary: &ColumnValues, codes: &[i64], valid: Option<&[bool]>) -> Result<ColumnValues> {
    let mut rows = Vec::with_capacity(codes.len());
    let mut all = true;
    for (row, &code) in codes.iter().enumerate() {
        if valid.is_some_and(|valid| !valid[row]) {
            all = false;
            rows.push(None);
            continue;
        }
        let code = usize::try_from(code).ok().filter(|code| *code < dictionary.len());
        let code = code.ok_or("a code is not in its dictionary")?;
        let is_there = dictionary.valid.as_ref().is_none_or(|valid| valid[code]);
        all &= is_there;
        rows.push(is_there.then_some(code));
    }
    fn of<T: Copy>(rows: &[Option<usize>], values: &[T], missing: T) -> Vec<T> {
        rows.iter().map(|row| row.map_or(missing, |row| values[row])).collect()
    }
    let values = match &dictionary.values {
        Values::Time(values) => Values::Time(of(&rows, values, 0)),
        Values::Date(values) => Values::Date(of(&rows, values, 0)),
        Values::TimeOfDay(values) => Values::TimeOfDay(of(&rows, values, 0)),
        Values::Number(values) => Values::Number(of(&rows, values, f64::NAN)),
        Values::Integer(values) => Values::Integer(of(&rows, values, 0)),
        Values::Text { codes, dictionary } => {
            Values::Text { codes: of(&rows, codes, NO_TEXT), dictionary: Arc::clone(dictionary) }
        }
    };
    let valid = (!all).then(|| rows.iter().map(Option::is_some).collect());
    Ok(ColumnValues { values, valid })
}

/// Values that follow each other as one column.
pub(super) fn concatenated(parts: Vec<ColumnValues>) -> Result<ColumnValues> {
    let mut parts = parts.into_iter();
    let Some(mut all) = parts.next() else { return Err("its dictionary is missing".into()) };
    for part in parts {
        let before = all.len();
        if all.valid.is_some() || part.valid.is_some() {
            let of_part = part.valid.clone().unwrap_or_else(|| vec![true; part.len()]);
            all.valid.get_or_insert_with(|| vec![true; before]).extend(of_part);
        }
        match (&mut all.values, part.values) {
            (Values::Time(all), Values::Time(part)) => all.extend(part),
            (Values::Date(all), Values::Date(part)) => all.extend(part),
            (Values::TimeOfDay(all), Values::TimeOfDay(part)) => all.extend(part),
            (Values::Number(all), Values::Number(part)) => all.extend(part),
            (Values::Integer(all), Values::Integer(part)) => all.extend(part),
            (Values::Text { codes, dictionary }, Values::Text { codes: more, dictionary: of_part }) => {
                let mut texts = Texts::of(dictionary);
                let mut numbers = Vec::with_capacity(of_part.len());
                for text in of_part.iter() {
                    numbers.push(texts.number(text.as_bytes(), false, dictionary)?);
                }
                codes.extend(more.iter().map(|&code| numbers.get(code as usize).copied().unwrap_or(NO_TEXT)));
            }
            _ => return Err("its type does not fit its values".into()),
        }
    }
    Ok(all)
}
