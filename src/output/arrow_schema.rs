//! The key `ARROW:schema` of a Parquet file: its columns' types as Arrow has them, so that readers that build
//! on Arrow (pandas, pyarrow, polars) take columns marked as categories for such.
//!
//! It is an Arrow IPC message with a schema, a FlatBuffer behind 0xFFFFFFFF and its length, in Base64. A
//! FlatBuffer's table begins with the distance back to its list of fields' places, and refers to what it
//! holds by distances forward; here everything is written in one pass, what is referred to behind what
//! refers.
//!
//! Sources: Apache Arrow, `Schema.fbs` and `Message.fbs`; "FlatBuffers binary format".

use super::field::{Field, Kind};

/// A field of a table.
#[derive(Debug, Clone, Copy)]
enum Slot {
    Absent,
    Byte(u8),
    Short(i16),
    Int(i32),
    Long(i64),
    /// A reference, to be filled in.
    Reference,
}

impl Slot {
    fn size(self) -> usize {
        match self {
            Self::Absent => 0,
            Self::Byte(_) => 1,
            Self::Short(_) => 2,
            Self::Int(_) | Self::Reference => 4,
            Self::Long(_) => 8,
        }
    }
}

/// A FlatBuffer that grows at its end.
#[derive(Debug, Default)]
struct Buffer(Vec<u8>);

impl Buffer {
    fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    /// Makes the reference at `place` one to what comes next.
    fn refer_here(&mut self, place: usize) {
        let distance = (self.0.len() - place) as u32;
        self.0[place..place + 4].copy_from_slice(&distance.to_le_bytes());
    }

    /// Writes a table, to which the reference at `from` leads, and gives the places of its references.
    fn table(&mut self, from: usize, slots: &[Slot]) -> Vec<usize> {
        let mut places = Vec::new();
        let mut size = 4_usize;
        for slot in slots {
            size = size.next_multiple_of(slot.size().max(1));
            places.push(if slot.size() == 0 { 0 } else { size });
            size += slot.size();
        }
        // The list of places comes first, and ends where the table begins.
        let list = 4 + 2 * slots.len();
        self.0.resize((self.0.len() + list).next_multiple_of(8) - list, 0);
        for number in [list, size].iter().chain(&places) {
            self.0.extend((*number as u16).to_le_bytes());
        }
        self.refer_here(from);
        let start = self.0.len();
        self.0.extend((list as i32).to_le_bytes());
        let mut references = Vec::new();
        for (slot, place) in slots.iter().zip(places) {
            if slot.size() > 0 {
                self.0.resize(start + place, 0);
            }
            match *slot {
                Slot::Absent => {}
                Slot::Byte(value) => self.0.push(value),
                Slot::Short(value) => self.0.extend(value.to_le_bytes()),
                Slot::Int(value) => self.0.extend(value.to_le_bytes()),
                Slot::Long(value) => self.0.extend(value.to_le_bytes()),
                Slot::Reference => {
                    references.push(self.0.len());
                    self.0.extend([0; 4]);
                }
            }
        }
        self.align(4);
        references
    }

    fn string(&mut self, from: usize, text: &str) {
        self.align(4);
        self.refer_here(from);
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.as_bytes());
        self.0.push(0);
        self.align(4);
    }

    /// Writes a list of so many references, and gives their places.
    fn list(&mut self, from: usize, count: usize) -> Vec<usize> {
        self.align(4);
        self.refer_here(from);
        self.0.extend((count as u32).to_le_bytes());
        let first = self.0.len();
        self.0.resize(first + 4 * count, 0);
        (0..count).map(|i| first + 4 * i).collect()
    }
}

/// The types of Arrow that are written.
const INT: u8 = 2;
const FLOAT: u8 = 3;
const UTF8: u8 = 5;
const DATE: u8 = 8;
const TIMESTAMP: u8 = 10;

/// The value of the key for a table of these columns.
pub(super) fn encoded(fields: &[Field]) -> String {
    const VERSION_5: i16 = 4;
    const SCHEMA: u8 = 1;
    let mut buffer = Buffer(vec![0; 4]);
    let header =
        buffer.table(0, &[Slot::Short(VERSION_5), Slot::Byte(SCHEMA), Slot::Reference, Slot::Long(0)])[0];
    let columns = buffer.table(header, &[Slot::Short(0), Slot::Reference])[0];
    let columns = buffer.list(columns, fields.len());
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
    buffer.align(8);
    let mut message = u32::MAX.to_le_bytes().to_vec();
    message.extend((buffer.0.len() as u32).to_le_bytes());
    message.extend(buffer.0);
    base64(&message)
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

    /// What pyarrow reads of it is in `tests/oracles/parquet_written.py`; here, that references stay inside.
    #[test]
    fn references_stay_inside() {
        let mut buffer = Buffer(vec![0; 4]);
        let references = buffer.table(0, &[Slot::Byte(7), Slot::Absent, Slot::Reference, Slot::Long(-1)]);
        buffer.string(references[0], "name");
        let bytes = &buffer.0;
        let int = |at: usize| u32::from_le_bytes(bytes[at..at + 4].try_into().unwrap()) as usize;
        let table = int(0);
        let list = table - int(table);
        let place = |slot: usize| {
            usize::from(u16::from_le_bytes([bytes[list + 4 + 2 * slot], bytes[list + 5 + 2 * slot]]))
        };
        assert_eq!(bytes[table + place(0)], 7);
        assert_eq!(place(1), 0);
        assert_eq!(bytes[table + place(3)..table + place(3) + 8], [0xff; 8]);
        assert_eq!((table + place(3)) % 8, 0);
        let text = table + place(2) + int(table + place(2));
        assert_eq!(&bytes[text + 4..text + 4 + int(text)], b"name");
    }
}
