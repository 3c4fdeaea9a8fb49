//! From pages to values.
//!
//! Numbers are decoded by the `parquet` crate, which is handed pages without levels; levels and text are
//! decoded here. Text is kept as codes of a dictionary, which is what it mostly is in the file.

use std::collections::VecDeque;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::basic::{Encoding, Type as Physical};
use parquet::column::page::{Page, PageMetadata, PageReader};
use parquet::column::reader::ColumnReaderImpl;
use parquet::data_type::{DataType, DoubleType, FloatType, Int32Type, Int64Type, Int96, Int96Type};
use parquet::errors::ParquetError;
use parquet::schema::types::{ColumnDescriptor, ColumnPath};

use super::convert::{OutOfRange, Texts, decimal, integer, scale, within_a_day};
use super::packed;
use super::pages::{DataPage, Decompressed, PageProblem, Pages};
use super::schema::Form;
use super::values::{ColumnValues, NO_TEXT, Values};

/// Bytes of the texts of a page that are always allowed.
const LONGEST_TEXTS: usize = 64 << 20;
const SHORT: &str = "a page has fewer values than it says";

/// Why values could not be decoded.
pub(super) enum DecodeProblem {
    Page(PageProblem),
    /// A value is out of range: its row among those of the decoder, from 0, and its text.
    Range(usize, String),
}

impl From<OutOfRange> for DecodeProblem {
    fn from((row, value): OutOfRange) -> Self {
        Self::Range(row, value)
    }
}

impl From<PageProblem> for DecodeProblem {
    fn from(problem: PageProblem) -> Self {
        Self::Page(problem)
    }
}

impl From<&str> for DecodeProblem {
    fn from(why: &str) -> Self {
        Self::Page(why.into())
    }
}

impl From<ParquetError> for DecodeProblem {
    fn from(error: ParquetError) -> Self {
        Self::Page(error.into())
    }
}

type Result<T> = std::result::Result<T, DecodeProblem>;

/// Decodes one column of one group of rows.
pub(super) struct Decoder {
    pages: Pages,
    form: Form,
    source: Source,
    /// What is decoded and not taken yet.
    ready: ColumnValues,
    /// Rows that were taken.
    taken: usize,
}

/// Where raw values come from.
enum Source {
    Int32(Feed<Int32Type>),
    Int64(Feed<Int64Type>),
    Int96(Feed<Int96Type>),
    Float(Feed<FloatType>),
    Double(Feed<DoubleType>),
    Bytes(ByteStrings),
}

impl Decoder {
    /// A decoder of the pages of the column `leaf`. None where the column can't be read.
    pub(super) fn new(leaf: &ColumnDescriptor, form: Form, pages: Pages) -> Option<Self> {
        let source = match leaf.physical_type() {
            Physical::INT32 => Source::Int32(Feed::new(leaf)),
            Physical::INT64 => Source::Int64(Feed::new(leaf)),
            Physical::INT96 => Source::Int96(Feed::new(leaf)),
            Physical::FLOAT => Source::Float(Feed::new(leaf)),
            Physical::DOUBLE => Source::Double(Feed::new(leaf)),
            Physical::BYTE_ARRAY => Source::Bytes(ByteStrings::new(None)),
            Physical::FIXED_LEN_BYTE_ARRAY => {
                Source::Bytes(ByteStrings::new(Some(usize::try_from(leaf.type_length()).ok()?)))
            }
            Physical::BOOLEAN => return None,
        };
        let values = match form {
            Form::Time(_) | Form::Int96 => Values::Time(Vec::new()),
            Form::Date => Values::Date(Vec::new()),
            Form::TimeMillis | Form::TimeOfDay(_) => Values::TimeOfDay(Vec::new()),
            Form::Float | Form::Double | Form::Decimal32(_) | Form::Decimal64(_) | Form::DecimalBytes(..) => {
                Values::Number(Vec::new())
            }
            Form::Int32 { .. } | Form::Int64 { .. } => Values::Integer(Vec::new()),
            Form::Text(_) => Values::Text { codes: Vec::new(), dictionary: Arc::default() },
            Form::None => return None,
        };
        Some(Self { pages, form, source, ready: ColumnValues { values, valid: None }, taken: 0 })
    }

    /// The next `rows` rows, or all that are left.
    pub(super) fn take(&mut self, rows: usize) -> Result<ColumnValues> {
        let mut has_room = false;
        while self.ready.len() < rows {
            let Some(page) = self.pages.next()? else { break };
            // Room for all that is asked for, once a page has shown that there is something.
            if !has_room {
                self.reserve(rows.min(self.pages.rows_left().saturating_mul(2)).min(1 << 22));
                has_room = true;
            }
            match page {
                Decompressed::Dictionary { values, count } => self.source.dictionary(values, count)?,
                Decompressed::Data(page) => self.append(&page)?,
            }
        }
        let rest = self.ready.split_off(rows.min(self.ready.len()));
        let taken = std::mem::replace(&mut self.ready, rest);
        self.taken += taken.len();
        Ok(taken)
    }

    fn reserve(&mut self, rows: usize) {
        match &mut self.ready.values {
            Values::Time(values) | Values::TimeOfDay(values) | Values::Integer(values) => {
                values.reserve(rows);
            }
            Values::Date(values) => values.reserve(rows),
            Values::Number(values) => values.reserve(rows),
            Values::Text { codes, .. } => codes.reserve(rows),
        }
    }

    /// Decodes a page.
    fn append(&mut self, page: &DataPage) -> Result<()> {
        let before = self.ready.len();
        let DataPage { rows, valid, .. } = page;
        let (rows, valid) = (*rows, valid.clone());
        let at = self.taken + before;
        self.values(page, at)?;
        if self.ready.len() != before + rows {
            return Err(SHORT.into());
        }
        match (&mut self.ready.valid, valid) {
            (None, None) => {}
            (Some(all), None) => all.resize(before + rows, true),
            (all, Some(valid)) => all.get_or_insert_with(|| vec![true; before]).extend(valid),
        }
        Ok(())
    }

    /// Appends a page's values, the first of which is that of row `at`.
    fn values(&mut self, page: &DataPage, at: usize) -> Result<()> {
        let valid = page.valid.as_deref();
        match (&mut self.source, self.form, &mut self.ready.values) {
            (Source::Int64(feed), Form::Time(factor), Values::Time(out)) => {
                let start = out.len();
                feed.decode(page, out)?;
                spread(out, start, valid, 0);
                Ok(scale(&mut out[start..], factor, at)?)
            }
            (Source::Int96(feed), Form::Int96, Values::Time(out)) => {
                let raw = feed.decoded(page, Int96::new())?;
                for (i, value) in raw.iter().enumerate() {
                    let there = valid.is_none_or(|valid| valid[i]);
                    let time = if there { nanoseconds(value) } else { Some(0) };
                    out.push(time.ok_or_else(|| {
                        DecodeProblem::Range(at + i, format!("the time {:?}", value.data()))
                    })?);
                }
                Ok(())
            }
            (Source::Int32(feed), Form::Date, Values::Date(out)) => {
                let start = out.len();
                feed.decode(page, out)?;
                spread(out, start, valid, 0);
                Ok(())
            }
            (Source::Int32(feed), Form::TimeMillis, Values::TimeOfDay(out)) => {
                let start = out.len();
                out.extend(feed.decoded(page, 0)?.iter().map(|&time| i64::from(time)));
                scale(&mut out[start..], 1_000_000, at)?;
                Ok(within_a_day(&out[start..], at)?)
            }
            (Source::Int64(feed), Form::TimeOfDay(factor), Values::TimeOfDay(out)) => {
                let start = out.len();
                feed.decode(page, out)?;
                spread(out, start, valid, 0);
                scale(&mut out[start..], factor, at)?;
                Ok(within_a_day(&out[start..], at)?)
            }
            (Source::Double(feed), Form::Double, Values::Number(out)) => {
                let start = out.len();
                feed.decode(page, out)?;
                spread(out, start, valid, f64::NAN);
                Ok(())
            }
            (Source::Float(feed), Form::Float, Values::Number(out)) => {
                out.extend(feed.decoded(page, f32::NAN)?.iter().map(|&number| f64::from(number)));
                Ok(())
            }
            (Source::Int32(feed), Form::Decimal32(scale), Values::Number(out)) => {
                let start = out.len();
                out.extend(feed.decoded_dense(page)?.iter().map(|&number| decimal(number.into(), scale)));
                spread(out, start, valid, f64::NAN);
                Ok(())
            }
            (Source::Int64(feed), Form::Decimal64(scale), Values::Number(out)) => {
                let start = out.len();
                out.extend(feed.decoded_dense(page)?.iter().map(|&number| decimal(number.into(), scale)));
                spread(out, start, valid, f64::NAN);
                Ok(())
            }
            (Source::Bytes(strings), Form::DecimalBytes(scale, _), Values::Number(out)) => {
                let start = out.len();
                strings.for_each(page, |bytes| {
                    out.push(decimal(integer(bytes).ok_or("a decimal has more than 38 digits")?, scale));
                    Ok(())
                })?;
                spread(out, start, valid, f64::NAN);
                Ok(())
            }
            (Source::Int32(feed), Form::Int32 { signed }, Values::Integer(out)) => {
                let wide = |&number: &i32| if signed { i64::from(number) } else { i64::from(number as u32) };
                out.extend(feed.decoded(page, 0)?.iter().map(wide));
                Ok(())
            }
            (Source::Int64(feed), Form::Int64 { signed }, Values::Integer(out)) => {
                let start = out.len();
                feed.decode(page, out)?;
                spread(out, start, valid, 0);
                match out[start..].iter().position(|&number| !signed && number < 0) {
                    None => Ok(()),
                    Some(i) => {
                        Err(DecodeProblem::Range(at + i, format!("the number {}", out[start + i] as u64)))
                    }
                }
            }
            (Source::Bytes(strings), Form::Text(_), Values::Text { codes, dictionary }) => {
                let start = codes.len();
                strings.codes(page, codes, dictionary)?;
                spread(codes, start, valid, NO_TEXT);
                Ok(())
            }
            _ => Err("its type does not fit its values".into()),
        }
    }
}

/// Moves the values from `start` on to the rows that have one, and puts `missing` elsewhere.
fn spread<T: Copy>(values: &mut Vec<T>, start: usize, valid: Option<&[bool]>, missing: T) {
    let Some(valid) = valid else { return };
    let mut from = values.len();
    values.resize(start + valid.len(), missing);
    for (row, &there) in valid.iter().enumerate().rev() {
        if there && from > start {
            from -= 1;
            values[start + row] = values[from];
        } else {
            values[start + row] = missing;
        }
    }
}

/// Nanoseconds since 1970 of a day, counted from the Julian day 0, and nanoseconds within it.
fn nanoseconds(value: &Int96) -> Option<i64> {
    const JULIAN_DAY_OF_1970: i128 = 2_440_588;
    let [low, high, day] = *value.data() else { return None };
    let within = i128::from((u64::from(high) << 32 | u64::from(low)) as i64);
    i64::try_from((i128::from(day as i32) - JULIAN_DAY_OF_1970) * 86_400_000_000_000 + within).ok()
}

/// Pages that a reader of the library is given one by one.
#[derive(Clone, Default)]
struct Queue(Arc<Mutex<VecDeque<Page>>>);

impl Queue {
    fn push(&self, page: Page) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push_back(page);
    }

    fn pop(&self) -> Option<Page> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop_front()
    }
}

impl Iterator for Queue {
    type Item = parquet::errors::Result<Page>;

    fn next(&mut self) -> Option<Self::Item> {
        self.pop().map(Ok)
    }
}

impl PageReader for Queue {
    fn get_next_page(&mut self) -> parquet::errors::Result<Option<Page>> {
        Ok(self.pop())
    }

    fn peek_next_page(&mut self) -> parquet::errors::Result<Option<PageMetadata>> {
        Err(ParquetError::General("pages are not looked at ahead".into()))
    }

    fn skip_next_page(&mut self) -> parquet::errors::Result<()> {
        Err(ParquetError::General("pages are not skipped".into()))
    }
}

/// Decodes values of a fixed width by the library.
struct Feed<T: DataType> {
    queue: Queue,
    reader: ColumnReaderImpl<T>,
    has_dictionary: bool,
    raw: Vec<T::T>,
}

impl<T: DataType> Feed<T>
where
    T::T: Clone,
{
    fn new(leaf: &ColumnDescriptor) -> Self {
        let queue = Queue::default();
        // Without levels: those are taken off before.
        let bare =
            ColumnDescriptor::new(leaf.self_type_ptr(), 0, 0, ColumnPath::new(leaf.path().parts().to_vec()));
        let reader = ColumnReaderImpl::new(Arc::new(bare), Box::new(queue.clone()));
        Self { queue, reader, has_dictionary: false, raw: Vec::new() }
    }

    fn dictionary(&mut self, values: Bytes, count: usize) -> Result<()> {
        if self.has_dictionary {
            return Err("it has two dictionaries".into());
        }
        self.has_dictionary = true;
        self.queue.push(Page::DictionaryPage {
            buf: values,
            num_values: count as u32,
            encoding: Encoding::PLAIN,
            is_sorted: false,
        });
        Ok(())
    }

    /// Appends the values of a page that are there.
    fn decode(&mut self, page: &DataPage, out: &mut Vec<T::T>) -> Result<()> {
        let width = T::get_type_size();
        let enough = page.count.checked_mul(width).is_some_and(|size| size <= page.values.len());
        match page.encoding {
            Encoding::PLAIN if enough => {}
            Encoding::BYTE_STREAM_SPLIT if page.count.checked_mul(width) == Some(page.values.len()) => {}
            Encoding::PLAIN | Encoding::BYTE_STREAM_SPLIT => return Err(SHORT.into()),
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY if !self.has_dictionary => {
                return Err("its values are codes of a dictionary that is not there".into());
            }
            Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY => {}
            Encoding::DELTA_BINARY_PACKED
                if matches!(T::get_physical_type(), Physical::INT32 | Physical::INT64) => {}
            other => return Err(PageProblem::Unsupported(format!("pages encoded as {other}")).into()),
        }
        if page.count == 0 {
            return Ok(());
        }
        self.queue.push(Page::DataPage {
            buf: page.values.clone(),
            num_values: page.count as u32,
            encoding: page.encoding,
            def_level_encoding: Encoding::RLE,
            rep_level_encoding: Encoding::RLE,
            statistics: None,
        });
        let (_, read, _) = self.reader.read_records(page.count, None, None, out)?;
        if read == page.count { Ok(()) } else { Err(SHORT.into()) }
    }

    /// The values of a page that are there.
    fn decoded_dense(&mut self, page: &DataPage) -> Result<&[T::T]> {
        let mut raw = std::mem::take(&mut self.raw);
        raw.clear();
        self.decode(page, &mut raw)?;
        self.raw = raw;
        Ok(&self.raw)
    }

    /// The values of a page, one a row.
    fn decoded(&mut self, page: &DataPage, missing: T::T) -> Result<&[T::T]>
    where
        T::T: Copy,
    {
        self.decoded_dense(page)?;
        spread(&mut self.raw, 0, page.valid.as_deref(), missing);
        Ok(&self.raw)
    }
}

impl Source {
    fn dictionary(&mut self, values: Bytes, count: usize) -> Result<()> {
        match self {
            Self::Int32(feed) => feed.dictionary(values, count),
            Self::Int64(feed) => feed.dictionary(values, count),
            Self::Int96(feed) => feed.dictionary(values, count),
            Self::Float(feed) => feed.dictionary(values, count),
            Self::Double(feed) => feed.dictionary(values, count),
            Self::Bytes(strings) => strings.dictionary(&values, count),
        }
    }
}

/// Strings of bytes: text, and decimals.
struct ByteStrings {
    /// The length of all of them, where it is fixed.
    fixed: Option<usize>,
    /// What codes in pages stand for.
    dictionary: Option<Vec<Bytes>>,
    /// The numbers of those texts among all, in order, as far as they are known.
    numbers: Vec<u32>,
    /// The number of each of all texts.
    known: Texts,
    scratch: Vec<u32>,
}

impl ByteStrings {
    fn new(fixed: Option<usize>) -> Self {
        Self { fixed, dictionary: None, numbers: Vec::new(), known: Texts::default(), scratch: Vec::new() }
    }

    fn dictionary(&mut self, values: &Bytes, count: usize) -> Result<()> {
        if self.dictionary.is_some() {
            return Err("it has two dictionaries".into());
        }
        let mut entries = Vec::with_capacity(count);
        plain(values, count, self.fixed, |entry| {
            entries.push(values.slice_ref(entry));
            Ok(())
        })?;
        self.dictionary = Some(entries);
        Ok(())
    }

    /// Reads the codes of a page into `scratch`, and gives the dictionary; none where the page holds the
    /// strings themselves.
    fn codes_of(&mut self, page: &DataPage) -> Result<bool> {
        if !matches!(page.encoding, Encoding::RLE_DICTIONARY | Encoding::PLAIN_DICTIONARY) {
            return Ok(false);
        }
        let entries =
            self.dictionary.as_ref().ok_or("its values are codes of a dictionary that is not there")?;
        self.scratch.clear();
        if page.count > 0 {
            let (&width, codes) = page.values.split_first().ok_or(SHORT)?;
            packed::hybrid(codes, width.into(), page.count, &mut self.scratch)?;
        }
        let most = self.scratch.iter().copied().max().unwrap_or(0) as usize;
        if page.count > 0 && most >= entries.len() {
            return Err("a code is not in its dictionary".into());
        }
        Ok(true)
    }

    /// Calls `take` for each string that is there.
    fn for_each(&mut self, page: &DataPage, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
        if !self.codes_of(page)? {
            return strings(page, self.fixed, take);
        }
        let entries = self.dictionary.as_deref().unwrap_or_default();
        self.scratch.iter().try_for_each(|&code| take(&entries[code as usize]))
    }

    /// Appends the numbers of the texts that are there, and new texts to the dictionary of all.
    fn codes(&mut self, page: &DataPage, codes: &mut Vec<u32>, all: &mut Arc<Vec<String>>) -> Result<()> {
        if self.codes_of(page)? {
            let entries = self.dictionary.as_deref().unwrap_or_default();
            while let Some(entry) = entries.get(self.numbers.len()) {
                self.numbers.push(self.known.number(entry, self.fixed.is_some(), all)?);
            }
            codes.extend(self.scratch.iter().map(|&code| self.numbers[code as usize]));
            return Ok(());
        }
        let (fixed, known) = (self.fixed, &mut self.known);
        // Most rows have the text of the row before.
        let mut last: Option<(Vec<u8>, u32)> = None;
        strings(page, fixed, |bytes| {
            let code = match &mut last {
                Some((text, code)) if text == bytes => *code,
                other => {
                    let code = known.number(bytes, fixed.is_some(), all)?;
                    *other = Some((bytes.to_vec(), code));
                    code
                }
            };
            codes.push(code);
            Ok(())
        })
    }
}

/// Calls `take` for each string of a page that holds them itself.
fn strings(page: &DataPage, fixed: Option<usize>, mut take: impl FnMut(&[u8]) -> Result<()>) -> Result<()> {
    let mut data = &page.values[..];
    match page.encoding {
        Encoding::PLAIN => plain(data, page.count, fixed, take),
        Encoding::DELTA_LENGTH_BYTE_ARRAY if fixed.is_none() => {
            for length in packed::lengths(&mut data, page.count)? {
                let (bytes, rest) = data.split_at_checked(length).ok_or(SHORT)?;
                data = rest;
                take(bytes)?;
            }
            Ok(())
        }
        Encoding::DELTA_BYTE_ARRAY => {
            let prefixes = packed::lengths(&mut data, page.count)?;
            let suffixes = packed::lengths(&mut data, page.count)?;
            // A few bytes may say that a long text is repeated with changes, over and over.
            let most = LONGEST_TEXTS.max(1024 * page.values.len());
            let sum =
                |lengths: &[usize]| lengths.iter().fold(0_usize, |sum, length| sum.saturating_add(*length));
            if sum(&prefixes).saturating_add(sum(&suffixes)) > most {
                return Err("its texts are too long for its size".into());
            }
            let mut text = Vec::new();
            for (prefix, suffix) in prefixes.into_iter().zip(suffixes) {
                if prefix > text.len() {
                    return Err("a text begins like one that is shorter".into());
                }
                let (bytes, rest) = data.split_at_checked(suffix).ok_or(SHORT)?;
                data = rest;
                text.truncate(prefix);
                text.extend_from_slice(bytes);
                if fixed.is_some_and(|fixed| fixed != text.len()) {
                    return Err("a text is not of the length of all".into());
                }
                take(&text)?;
            }
            Ok(())
        }
        other => Err(PageProblem::Unsupported(format!("pages encoded as {other}")).into()),
    }
}

/// Calls `take` for each of `count` strings that follow each other, each behind its length unless it is
/// fixed.
fn plain<'a>(
    mut data: &'a [u8],
    count: usize,
    fixed: Option<usize>,
    mut take: impl FnMut(&'a [u8]) -> Result<()>,
) -> Result<()> {
    for _ in 0..count {
        let length = match fixed {
            Some(length) => length,
            None => {
                let (length, rest) = data.split_first_chunk().ok_or(SHORT)?;
                data = rest;
                u32::from_le_bytes(*length) as usize
            }
        };
        let (bytes, rest) = data.split_at_checked(length).ok_or(SHORT)?;
        data = rest;
        take(bytes)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn days_are_counted_from_1970() {
        let mut value = Int96::new();
        value.set_data(1, 0, 2_440_588);
        assert_eq!(nanoseconds(&value), Some(1));
        value.set_data(0, 0, 2_440_587);
        assert_eq!(nanoseconds(&value), Some(-86_400_000_000_000));
        value.set_data(0, 0, 0x7fff_ffff);
        assert_eq!(nanoseconds(&value), None);
    }

    #[test]
    fn values_move_to_the_rows_that_have_one() {
        let mut values = vec![9, 1, 2, 3];
        spread(&mut values, 1, Some(&[false, true, true, false, true, false]), 0);
        assert_eq!(values, [9, 0, 1, 2, 0, 3, 0]);
        spread(&mut values, 7, Some(&[]), 0);
        assert_eq!(values.len(), 7);
    }
}
