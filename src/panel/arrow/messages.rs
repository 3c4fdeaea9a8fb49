//! The messages of a file: where its schema, dictionaries and record batches are.
//!
//! A message is a FlatBuffer (`Message.fbs`) behind `0xFFFFFFFF` and its length, and a body of buffers. A
//! *stream* is messages one after the other, the schema first, up to a length of 0 or the end. A *file* has
//! `ARROW1` at its beginning and at its end, and a footer (`File.fbs`) with the schema and the places of the
//! other messages. Both become the same lists here.
//!
//! Every place is checked to be within the file, and the messages that a footer lists to take no more than
//! the file has: each byte is looked at once.
//!
//! Source: Apache Arrow, "Columnar format", section "Serialization and interprocess communication".

use std::fs::File;

use super::super::parquet::read_at;
use super::flatbuffer::{MALFORMED, Table, long};
use super::schema::{Columns, columns};

/// What a message holds, by number.
const SCHEMA: u8 = 1;
const DICTIONARY_BATCH: u8 = 2;
const RECORD_BATCH: u8 = 3;

/// Versions of the format, by number: that of 0.8 to 0.17, and that since 1.0.
const VERSION_4: i16 = 3;
const VERSION_5: i16 = 4;

/// How files begin and end, and streams begin. Messages of streams from before 2019 begin with their length.
pub(super) const MAGIC: &[u8; 6] = b"ARROW1";
pub(super) const CONTINUATION: [u8; 4] = [0xff; 4];

/// Why messages are not read.
#[derive(Debug)]
pub(super) enum Problem {
    /// It is no Arrow file.
    NoArrow(String),
    /// What can't be.
    Damaged(String),
    /// What can be, but is not read.
    Unsupported(String),
    Io(std::io::Error),
}

impl From<&str> for Problem {
    fn from(why: &str) -> Self {
        Self::Damaged(why.to_owned())
    }
}

impl From<std::io::Error> for Problem {
    fn from(error: std::io::Error) -> Self {
        Self::Io(error)
    }
}

/// Where a message is.
#[derive(Debug, Clone, Copy)]
pub(super) struct Place {
    /// Of its FlatBuffer.
    start: u64,
    length: usize,
    /// Of its body.
    pub(super) body: u64,
    pub(super) body_length: u64,
}

/// A record batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Batch {
    pub(super) place: Place,
    pub(super) rows: usize,
    /// The number of rows before it.
    pub(super) first_row: u64,
}

/// A dictionary batch.
#[derive(Debug, Clone, Copy)]
pub(super) struct Dictionary {
    pub(super) place: Place,
    pub(super) rows: usize,
    id: i64,
    /// Whether it comes behind those that were there before, and does not replace them.
    is_delta: bool,
    /// The first record batch for which it holds.
    first_batch: usize,
}

/// What a file holds.
#[derive(Debug)]
pub(super) struct Contents {
    pub(super) columns: Columns,
    /// Keys and values of the schema's own.
    pub(super) metadata: Vec<(String, String)>,
    pub(super) batches: Vec<Batch>,
    dictionaries: Vec<Dictionary>,
}

impl Contents {
    /// Reads what a file of `size` bytes has.
    pub(super) fn of(file: &File, size: u64) -> Result<Self, Problem> {
        let beginning = read_at(file, 0, size.min(8) as usize)?;
        if beginning.starts_with(MAGIC) {
            Self::of_file(file, size)
        } else if beginning.starts_with(&CONTINUATION) {
            Self::of_stream(file, size)
        } else {
            Err(Problem::NoArrow("it begins neither with ARROW1 nor with a message".into()))
        }
    }

    fn of_file(file: &File, size: u64) -> Result<Self, Problem> {
        // Magic and padding; the footer's length and the magic.
        const HEAD: u64 = 8;
        const TAIL: u64 = 10;
        if size < HEAD + TAIL {
            return Err(Problem::NoArrow(format!("it has {size} bytes")));
        }
        let tail = read_at(file, size - TAIL, TAIL as usize)?;
        let (length, magic) = tail.split_at(4);
        if magic != MAGIC {
            return Err(Problem::NoArrow("it does not end with ARROW1".into()));
        }
        let length = i32::from_le_bytes([length[0], length[1], length[2], length[3]]);
        let length = u64::try_from(length).ok().filter(|length| *length <= size - HEAD - TAIL);
        let length = length.ok_or("its footer is longer than the file")?;
        let end = size - TAIL - length;
        let bytes = read_at(file, end, length as usize)?;
        const FOOTER: &str = "its footer refers to what is not within it";
        let footer = Table::root(&bytes).map_err(|_| FOOTER)?;
        let schema = footer.table(1).map_err(|_| FOOTER)?.ok_or("its footer has no schema")?;
        let mut contents = Self::new(schema, footer.short(0, 0)?)?;
        let mut left = end - HEAD;
        // A place, the length of the head, that of the body.
        let mut one = |block: &[u8; 24]| -> Result<(Vec<u8>, Place), Problem> {
            let number = |number: i64| u64::try_from(number).ok();
            let (start, metadata, body) = (long(block, 0)?, long(block, 8)? as i32, long(block, 16)?);
            let place = number(start).and_then(|start| {
                let (metadata, body) = (number(metadata.into())?, number(body)?);
                let behind = start.checked_add(metadata)?.checked_add(body)?;
                left = left.checked_sub(metadata.checked_add(body)?)?;
                (start >= HEAD && behind <= end).then_some((start, behind))
            });
            let (start, behind) = place.ok_or("its footer lists what is not within the file")?;
            let found = message(file, start, behind)?;
            Ok(found.ok_or("its footer lists a message of no length")?)
        };
        for block in footer.structures(2)? {
            let (bytes, place) = one(block)?;
            contents.add(&bytes, place, DICTIONARY_BATCH)?;
        }
        // In any order with the record batches, so that all hold for each of them.
        for (number, dictionary) in contents.dictionaries.iter().enumerate() {
            let before = &contents.dictionaries[..number];
            if !dictionary.is_delta && before.iter().any(|other| other.id == dictionary.id) {
                return Err("it has two dictionaries of a column".into());
            }
        }
        for block in footer.structures(3)? {
            let (bytes, place) = one(block)?;
            contents.add(&bytes, place, RECORD_BATCH)?;
        }
        Ok(contents)
    }

    fn of_stream(file: &File, size: u64) -> Result<Self, Problem> {
        let (bytes, mut place) = message(file, 0, size)?.ok_or("its schema is missing")?;
        let first = Table::root(&bytes)?;
        let schema = header(first, SCHEMA)?.ok_or("it does not begin with a schema")?;
        let mut contents = Self::new(schema, first.short(0, 0)?)?;
        while let Some((bytes, next)) = message(file, place.body + place.body_length, size)? {
            place = next;
            let kind = Table::root(&bytes)?.byte(1)?;
            contents.add(&bytes, place, kind)?;
        }
        Ok(contents)
    }

    fn new(schema: Table<'_>, version: i16) -> Result<Self, Problem> {
        if schema.short(0, 0)? != 0 {
            return Err(Problem::Unsupported("with the highest byte first (big-endian)".into()));
        }
        if !matches!(version, VERSION_4 | VERSION_5) {
            return Err(Problem::Unsupported(format!("in version {} of the format", version + 1)));
        }
        // Many may refer to the same long text; written apart they are no longer than the message.
        let (mut metadata, mut left) = (Vec::new(), schema.size());
        for entry in schema.tables(2)? {
            let entry = entry?;
            let mut text = |field| {
                let text = entry.text(field)?.unwrap_or_default();
                left = left.checked_sub(text.len()).ok_or(MALFORMED)?;
                Ok::<_, &str>(text.to_owned())
            };
            metadata.push((text(0)?, text(1)?));
        }
        let pandas = metadata.iter().find(|(key, _)| key == "pandas").map_or("", |(_, value)| value.as_str());
        let columns = columns(schema, pandas, version == VERSION_4)?;
        Ok(Self { columns, metadata, batches: Vec::new(), dictionaries: Vec::new() })
    }

    /// Adds a message, which must be of this kind.
    fn add(&mut self, bytes: &[u8], place: Place, kind: u8) -> Result<(), Problem> {
        // A constant, or missing, value takes a few bytes for any number of rows; no writer makes batches
        // beyond the first bound of those alone.
        const ALWAYS: u64 = 1 << 26;
        const A_BYTE: u64 = 1 << 16;
        let message = Table::root(bytes)?;
        let possible = |batch: Table<'_>| {
            let says = batch.long(0)?;
            let most = ALWAYS.saturating_add(place.body_length.saturating_mul(A_BYTE));
            let rows = u64::try_from(says).ok().filter(|rows| *rows <= most);
            rows.and_then(|rows| usize::try_from(rows).ok()).ok_or_else(|| {
                let bytes = place.body_length;
                Problem::Damaged(format!("a batch has {says} rows, it says, but {bytes} bytes"))
            })
        };
        let missing = "a message is not what its place says";
        match kind {
            RECORD_BATCH => {
                let rows = possible(header(message, kind)?.ok_or(missing)?)?;
                let first_row = self.rows();
                self.batches.push(Batch { place, rows, first_row });
            }
            DICTIONARY_BATCH => {
                let batch = header(message, kind)?.ok_or(missing)?;
                let rows = possible(batch.table(1)?.ok_or(missing)?)?;
                let (id, is_delta, first_batch) = (batch.long(0)?, batch.byte(2)? != 0, self.batches.len());
                self.dictionaries.push(Dictionary { place, rows, id, is_delta, first_batch });
            }
            _ => return Err("a message is neither a record batch nor a dictionary".into()),
        }
        Ok(())
    }

    /// The number of rows.
    pub(super) fn rows(&self) -> u64 {
        self.batches.last().map_or(0, |last| last.first_row.saturating_add(last.rows as u64))
    }

    /// The dictionary batches that together are the dictionary `id` for a record batch, by number.
    pub(super) fn dictionary(&self, id: i64, batch: usize) -> Vec<(usize, Dictionary)> {
        let all = self.dictionaries.iter().copied().enumerate();
        let of_id = all.filter(|(_, one)| one.id == id && one.first_batch <= batch);
        let mut found: Vec<(usize, Dictionary)> = of_id.collect();
        if let Some(last) = found.iter().rposition(|(_, one)| !one.is_delta) {
            found.drain(..last);
        }
        found
    }
}

/// What a message holds, where it is of this kind.
fn header(message: Table<'_>, kind: u8) -> Result<Option<Table<'_>>, &'static str> {
    if message.byte(1)? == kind { message.table(2) } else { Ok(None) }
}

/// The record batch that a message is, or holds as a dictionary.
pub(super) fn batch(bytes: &[u8], is_dictionary: bool) -> Result<Option<Table<'_>>, &'static str> {
    let message = Table::root(bytes)?;
    if !is_dictionary {
        return header(message, RECORD_BATCH);
    }
    header(message, DICTIONARY_BATCH)?.map_or(Ok(None), |dictionary| dictionary.table(1))
}

/// The FlatBuffer of the message that begins at `start`, and its place, both before `end`; none where the
/// messages end there.
fn message(file: &File, start: u64, end: u64) -> Result<Option<(Vec<u8>, Place)>, Problem> {
    const SHORT: &str = "a message goes beyond its end";
    if start == end {
        return Ok(None);
    }
    let head = read_at(file, start, end.saturating_sub(start).min(8) as usize)?;
    let number = |at: usize| head.get(at..)?.first_chunk().map(|bytes| i32::from_le_bytes(*bytes));
    let is_new = head.starts_with(&CONTINUATION);
    let (length, start) = if is_new { (number(4), start + 8) } else { (number(0), start + 4) };
    let length = u64::try_from(length.ok_or(SHORT)?).map_err(|_| SHORT)?;
    if length == 0 {
        return Ok(None);
    }
    let body = start.checked_add(length).filter(|body| *body <= end).ok_or(SHORT)?;
    let bytes = read_at(file, start, length as usize)?;
    let body_length = u64::try_from(Table::root(&bytes)?.long(3)?).map_err(|_| SHORT)?;
    if body.checked_add(body_length).is_none_or(|behind| behind > end) {
        return Err(SHORT.into());
    }
    Ok(Some((bytes, Place { start, length: length as usize, body, body_length })))
}

impl Place {
    /// The FlatBuffer that is there.
    pub(super) fn read(&self, file: &File) -> std::io::Result<Vec<u8>> {
        read_at(file, self.start, self.length)
    }
}
