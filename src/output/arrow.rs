//! Tables in Arrow files: the IPC format as a file, which is Feather of version 2.
//!
//! * Days are date32, times timestamps without a zone, numbers double and int64, text utf8; categories are
//!   dictionaries of it with codes of 32 bits.
//! * Buffers are compressed by LZ4, as pandas writes Feather.
//! * Keys and values of the file's own are the schema's.
//!
//! A file has one dictionary a column, which is known when the last group of rows is. It is therefore written
//! behind the record batches, as the format allows; a table of one group has it in front, for readers that
//! take a file from its beginning.
//!
//! A message is a FlatBuffer behind `0xFFFFFFFF` and its length, and a body of buffers. The numbers of fields
//! and types below are those of the sources.
//!
//! Sources: Apache Arrow, "Columnar format", section "IPC file format"; `Schema.fbs`, `Message.fbs`,
//! `File.fbs`.

use std::io::{self, Write};

use super::columns::{Cells, Field, Kind, Names, invalid};
use super::flatbuffer::{Buffer, Slot};

const VERSION_5: i16 = 4;

/// What a message holds.
#[derive(Debug, Clone, Copy)]
enum Header {
    Schema = 1,
    Dictionary = 2,
    Batch = 3,
}

/// The types of Arrow that are written.
const INT: u8 = 2;
const FLOAT: u8 = 3;
const UTF8: u8 = 5;
const DATE: u8 = 8;
const TIMESTAMP: u8 = 10;

/// Writes the schema of these columns, to which the reference at `from` leads. A dictionary has the number of
/// its column.
fn schema(buffer: &mut Buffer, from: usize, fields: &[Field], metadata: &[(&str, String)]) {
    let own = if metadata.is_empty() { Slot::Absent } else { Slot::Reference };
    let references = buffer.table(from, &[Slot::Short(0), Slot::Reference, own]);
    let columns = buffer.list(references[0], fields.len());
    for ((number, field), from) in fields.iter().enumerate().zip(columns) {
        let category = field.kind == Kind::Category;
        let (kind, slots): (u8, &[Slot]) = match field.kind {
            Kind::Date => (DATE, &[Slot::Short(0)]),
            Kind::Microseconds => (TIMESTAMP, &[Slot::Short(2)]),
            Kind::Nanoseconds => (TIMESTAMP, &[Slot::Short(3)]),
            Kind::Number => (FLOAT, &[Slot::Short(2)]),
            Kind::Integer => (INT, &[Slot::Int(64), Slot::Byte(1)]),
            Kind::Text | Kind::Category => (UTF8, &[]),
        };
        let references = buffer.table(
            from,
            &[
                Slot::Reference,
                Slot::Byte(field.optional.into()),
                Slot::Byte(kind),
                Slot::Reference,
                if category { Slot::Reference } else { Slot::Absent },
                Slot::Reference,
            ],
        );
        buffer.string(references[0], &field.name);
        buffer.table(references[1], slots);
        if category {
            // Codes of 32 bits, with a sign.
            let codes = buffer.table(references[2], &[Slot::Long(number as i64), Slot::Reference])[0];
            buffer.table(codes, &[Slot::Int(32), Slot::Byte(1)]);
        }
        buffer.list(references[references.len() - 1], 0);
    }
    if let Some(&own) = references.get(1) {
        let entries = buffer.list(own, metadata.len());
        for ((key, value), from) in metadata.iter().zip(entries) {
            let references = buffer.table(from, &[Slot::Reference, Slot::Reference]);
            buffer.string(references[0], key);
            buffer.string(references[1], value);
        }
    }
}

/// The head of a message with a body of so many bytes: its FlatBuffer behind its length, filled up to a
/// multiple of 8. `write` writes what it holds, to which the reference that it is given leads.
fn head(header: Header, body: usize, write: impl FnOnce(&mut Buffer, usize)) -> Vec<u8> {
    let mut buffer = Buffer(vec![0; 4]);
    let slots = [Slot::Short(VERSION_5), Slot::Byte(header as u8), Slot::Reference, Slot::Long(body as i64)];
    let from = buffer.table(0, &slots)[0];
    write(&mut buffer, from);
    buffer.align(8);
    let mut message = u32::MAX.to_le_bytes().to_vec();
    message.extend((buffer.0.len() as u32).to_le_bytes());
    message.extend(buffer.0);
    message
}

/// The value of the key `ARROW:schema` of a Parquet file: its columns' types as Arrow has them, so that
/// readers that build on Arrow (pandas, pyarrow, polars) take columns marked as categories for such. It is
/// the message of the schema, in Base64.
pub(super) fn encoded_schema(fields: &[Field]) -> String {
    base64(&head(Header::Schema, 0, |buffer, from| schema(buffer, from, fields, &[])))
}

/// Bytes in Base64, filled up.
fn base64(bytes: &[u8]) -> String {
    const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::with_capacity(bytes.len().div_ceil(3) * 4);
    for three in bytes.chunks(3) {
        let number = three.iter().fold(0_u32, |number, &byte| number << 8 | u32::from(byte));
        let number = number << (8 * (3 - three.len()));
        for digit in 0..4 {
            let value = (number >> (18 - 6 * digit) & 63) as usize;
            text.push(if digit <= three.len() { char::from(DIGITS[value]) } else { '=' });
        }
    }
    text
}

/// The columns of a record batch: of each its nulls, and its buffers, compressed, in one body.
#[derive(Debug, Default)]
struct Body {
    rows: usize,
    nulls: Vec<usize>,
    /// Where buffers begin, and their lengths.
    buffers: Vec<(usize, usize)>,
    bytes: Vec<u8>,
}

impl Body {
    fn column(&mut self, nulls: usize) {
        self.nulls.push(nulls);
    }

    /// Adds a buffer: its length and its frame; or −1 and itself, where that is shorter.
    fn buffer(&mut self, plain: &[u8]) -> io::Result<()> {
        let start = self.bytes.len();
        if !plain.is_empty() {
            let mut encoder = lz4_flex::frame::FrameEncoder::new(Vec::new());
            encoder.write_all(plain)?;
            let frame = encoder.finish().map_err(io::Error::other)?;
            if frame.len() < plain.len() {
                self.bytes.extend((plain.len() as i64).to_le_bytes());
                self.bytes.extend(frame);
            } else {
                self.bytes.extend((-1_i64).to_le_bytes());
                self.bytes.extend(plain);
            }
        }
        self.buffers.push((start, self.bytes.len() - start));
        self.bytes.resize(self.bytes.len().next_multiple_of(8), 0);
        Ok(())
    }

    /// The bits of which rows have a value; nothing, where all have.
    fn validity(&mut self, valid: Option<&[bool]>) -> io::Result<()> {
        let missing = valid.unwrap_or_default().iter().filter(|there| !**there).count();
        self.column(missing);
        let valid = valid.filter(|_| missing > 0).unwrap_or_default();
        let byte = |bits: &[bool]| bits.iter().rev().fold(0_u8, |byte, &bit| byte << 1 | u8::from(bit));
        self.buffer(&valid.chunks(8).map(byte).collect::<Vec<u8>>())
    }

    /// Texts behind their offsets.
    fn texts<'t>(&mut self, texts: impl Iterator<Item = &'t str>) -> io::Result<()> {
        let (mut offsets, mut all) = (vec![0; 4], Vec::new());
        for text in texts {
            all.extend(text.as_bytes());
            let end =
                i32::try_from(all.len()).map_err(|_| invalid("its texts take 2 GiB and more".into()))?;
            offsets.extend(end.to_le_bytes());
        }
        self.buffer(&offsets)?;
        self.buffer(&all)
    }

    /// Writes the table of the batch, to which the reference at `from` leads.
    fn table(&self, buffer: &mut Buffer, from: usize) {
        let pair = |one: usize, two: usize| {
            let mut bytes = [0; 16];
            bytes[..8].copy_from_slice(&(one as i64).to_le_bytes());
            bytes[8..].copy_from_slice(&(two as i64).to_le_bytes());
            bytes
        };
        let slots = [Slot::Long(self.rows as i64), Slot::Reference, Slot::Reference, Slot::Reference];
        let references = buffer.table(from, &slots);
        let nodes: Vec<[u8; 16]> = self.nulls.iter().map(|&nulls| pair(self.rows, nulls)).collect();
        buffer.structures(references[0], &nodes);
        let places: Vec<[u8; 16]> = self.buffers.iter().map(|&(start, length)| pair(start, length)).collect();
        buffer.structures(references[1], &places);
        // LZ4 frames, buffer by buffer.
        buffer.table(references[2], &[Slot::Byte(0), Slot::Byte(0)]);
    }
}

/// Where a message is: its start, the bytes of its head, those of its body.
type Block = (usize, usize, usize);

/// Writes a table, one record batch after another.
pub(super) struct ArrowWriter<'a> {
    out: &'a mut dyn Write,
    fields: Vec<Field>,
    metadata: Vec<(String, String)>,
    /// Of each column the texts of its dictionary.
    names: Vec<Names>,
    /// Bytes that were written.
    at: usize,
    batches: Vec<Block>,
    /// The first batch, until it is known whether there is another.
    held: Option<Body>,
}

const MAGIC: &[u8; 6] = b"ARROW1";

impl<'a> ArrowWriter<'a> {
    /// Begins a table of these columns, with keys and values of the file's own.
    pub(super) fn new(
        out: &'a mut dyn Write,
        fields: &[Field],
        metadata: &[(&str, String)],
    ) -> io::Result<Self> {
        let message = head(Header::Schema, 0, |buffer, from| schema(buffer, from, fields, metadata));
        out.write_all(MAGIC)?;
        out.write_all(&[0; 2])?;
        out.write_all(&message)?;
        Ok(Self {
            out,
            fields: fields.to_vec(),
            metadata: metadata.iter().map(|(key, value)| ((*key).to_owned(), value.clone())).collect(),
            names: fields.iter().map(|_| Names::default()).collect(),
            at: 8 + message.len(),
            batches: Vec::new(),
            held: None,
        })
    }

    /// Writes a record batch, the cells of the columns, and for each which rows have a value.
    pub(super) fn write(&mut self, cells: &[Cells], valid: &[Option<&[bool]>]) -> io::Result<()> {
        let mut body = Body { rows: cells.first().map_or(0, Cells::len), ..Body::default() };
        let columns = self.fields.iter().zip(cells).zip(valid).zip(&mut self.names);
        for (((field, cells), valid), names) in columns {
            put(&mut body, field, cells, *valid, names)?;
        }
        if self.batches.is_empty() && self.held.is_none() {
            self.held = Some(body);
            return Ok(());
        }
        if let Some(first) = self.held.take() {
            self.batch(&first)?;
        }
        self.batch(&body)
    }

    fn batch(&mut self, body: &Body) -> io::Result<()> {
        let message = head(Header::Batch, body.bytes.len(), |buffer, from| body.table(buffer, from));
        let block = self.message(&message, &body.bytes)?;
        self.batches.push(block);
        Ok(())
    }

    fn message(&mut self, head: &[u8], body: &[u8]) -> io::Result<Block> {
        self.out.write_all(head)?;
        self.out.write_all(body)?;
        let block = (self.at, head.len(), body.len());
        self.at += head.len() + body.len();
        Ok(block)
    }

    /// Ends the table.
    pub(super) fn finish(mut self) -> io::Result<()> {
        let mut dictionaries = Vec::new();
        for number in 0..self.fields.len() {
            if self.fields[number].kind != Kind::Category {
                continue;
            }
            let texts = &self.names[number].texts;
            let mut body = Body { rows: texts.len(), ..Body::default() };
            body.validity(None)?;
            body.texts(texts.iter().map(String::as_str))?;
            let message = head(Header::Dictionary, body.bytes.len(), |buffer, from| {
                let slots = [Slot::Long(number as i64), Slot::Reference, Slot::Byte(0)];
                let data = buffer.table(from, &slots)[0];
                body.table(buffer, data);
            });
            dictionaries.push(self.message(&message, &body.bytes)?);
        }
        if let Some(first) = self.held.take() {
            self.batch(&first)?;
        }
        // The end of the stream that the messages are, then what a file has beside.
        self.out.write_all(&u32::MAX.to_le_bytes())?;
        self.out.write_all(&[0; 4])?;
        let footer = self.footer(&dictionaries);
        self.out.write_all(&footer)?;
        self.out.write_all(&(footer.len() as u32).to_le_bytes())?;
        self.out.write_all(MAGIC)?;
        self.out.flush()
    }

    fn footer(&self, dictionaries: &[Block]) -> Vec<u8> {
        let structure = |&(start, head, body): &Block| {
            let mut bytes = [0; 24];
            bytes[..8].copy_from_slice(&(start as i64).to_le_bytes());
            bytes[8..12].copy_from_slice(&(head as i32).to_le_bytes());
            bytes[16..].copy_from_slice(&(body as i64).to_le_bytes());
            bytes
        };
        let mut buffer = Buffer(vec![0; 4]);
        let slots = [Slot::Short(VERSION_5), Slot::Reference, Slot::Reference, Slot::Reference];
        let references = buffer.table(0, &slots);
        let metadata: Vec<(&str, String)> =
            self.metadata.iter().map(|(key, value)| (key.as_str(), value.clone())).collect();
        schema(&mut buffer, references[0], &self.fields, &metadata);
        buffer.structures(references[1], &dictionaries.iter().map(structure).collect::<Vec<_>>());
        buffer.structures(references[2], &self.batches.iter().map(structure).collect::<Vec<_>>());
        buffer.align(8);
        buffer.0
    }
}

/// Adds a column's cells to a body. Texts of categories are added to the column's names.
fn put(
    body: &mut Body,
    field: &Field,
    cells: &Cells,
    valid: Option<&[bool]>,
    names: &mut Names,
) -> io::Result<()> {
    let unlisted = || invalid("a row has a text that is not in the list".into());
    let is_there = |row: usize| valid.is_none_or(|valid| valid[row]);
    body.validity(valid)?;
    match (field.kind, cells) {
        (Kind::Date, Cells::Days(days)) => {
            body.buffer(&days.iter().flat_map(|day| day.to_le_bytes()).collect::<Vec<u8>>())
        }
        (Kind::Number, Cells::Numbers(numbers)) => {
            body.buffer(&numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())
        }
        (Kind::Integer | Kind::Microseconds | Kind::Nanoseconds, Cells::Integers(numbers)) => {
            body.buffer(&numbers.iter().flat_map(|number| number.to_le_bytes()).collect::<Vec<u8>>())
        }
        (Kind::Text, Cells::Texts(codes, texts)) => {
            let text = |(row, code): (usize, &u32)| match is_there(row) {
                true => texts.get(*code as usize).map(String::as_str).ok_or_else(unlisted),
                false => Ok(""),
            };
            let texts: Vec<&str> = codes.iter().enumerate().map(text).collect::<io::Result<_>>()?;
            body.texts(texts.into_iter())
        }
        (Kind::Category, Cells::Texts(codes, texts)) => {
            let numbers: Vec<u32> = texts.iter().map(|text| names.number(text)).collect();
            let mut bytes = Vec::with_capacity(4 * codes.len());
            for (row, code) in codes.iter().enumerate() {
                let number = match is_there(row) {
                    true => *numbers.get(*code as usize).ok_or_else(unlisted)?,
                    false => 0,
                };
                let number = i32::try_from(number).map_err(|_| invalid("there are too many texts".into()))?;
                bytes.extend(number.to_le_bytes());
            }
            body.buffer(&bytes)
        }
        _ => Err(invalid(format!("the cells of column {:?} are of another kind", field.name))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_that_of_the_rfc() {
        // RFC 4648, section 10.
        for (plain, encoded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), encoded);
        }
    }
}
