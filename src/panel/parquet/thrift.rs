//! Thrift's compact protocol, as far as Parquet's footers and page headers are looked at before they are
//! trusted.
//!
//! A footer may say that a group of columns has two billion children, and a page header that its few bytes
//! expand to two gigabytes. Memory that is asked for and not there ends the process, and so does a stack that
//! is full; neither can be caught. So what a file says about sizes is read here first, in one pass without
//! any memory of its own, and refused where the file is too small for it.
//!
//! Source: Apache Thrift, "Thrift compact protocol encoding"; `parquet.thrift` of Apache Parquet.

/// Why bytes are not what they should be.
pub(super) type Malformed = &'static str;

pub(super) const SHORT: Malformed = "it ends in the middle of a value";
/// Structures within structures; Parquet's own are at most seven deep.
const DEEPEST: usize = 32;
/// Groups of columns within groups, which are read by recursion.
const DEEPEST_SCHEMA: usize = 64;

/// The types of fields that are told apart here.
const I32: u8 = 5;
const BINARY: u8 = 8;
const LIST: u8 = 9;
const STRUCT: u8 = 12;

/// Bytes that are read one value after another.
#[derive(Debug, Clone)]
struct Values<'a> {
    rest: &'a [u8],
}

impl<'a> Values<'a> {
    fn byte(&mut self) -> Result<u8, Malformed> {
        let (&byte, rest) = self.rest.split_first().ok_or(SHORT)?;
        self.rest = rest;
        Ok(byte)
    }

    fn bytes(&mut self, count: u64) -> Result<&'a [u8], Malformed> {
        let count = usize::try_from(count).map_err(|_| SHORT)?;
        let (bytes, rest) = self.rest.split_at_checked(count).ok_or(SHORT)?;
        self.rest = rest;
        Ok(bytes)
    }

    /// An unsigned number, seven bits a byte.
    fn varint(&mut self) -> Result<u64, Malformed> {
        let mut number = 0;
        for shift in (0..64).step_by(7) {
            let byte = self.byte()?;
            number |= u64::from(byte & 0x7f) << shift;
            if byte & 0x80 == 0 {
                return Ok(number);
            }
        }
        Err("a number is too long")
    }

    /// A signed number: 0, −1, 1, −2, … are 0, 1, 2, 3, …
    fn signed(&mut self) -> Result<i64, Malformed> {
        let number = self.varint()?;
        Ok((number >> 1) as i64 ^ -((number & 1) as i64))
    }

    /// The number and type of a structure's next field after number `last`; none at its end.
    fn field(&mut self, last: &mut i64) -> Result<Option<(i64, u8)>, Malformed> {
        let byte = self.byte()?;
        if byte & 0x0f == 0 {
            return Ok(None);
        }
        *last = match byte >> 4 {
            0 => self.signed()?,
            step => last.saturating_add(step.into()),
        };
        Ok(Some((*last, byte & 0x0f)))
    }

    /// The number and type of the elements of a list.
    fn list(&mut self) -> Result<(u64, u8), Malformed> {
        let byte = self.byte()?;
        let count = if byte >> 4 == 15 { self.varint()? } else { u64::from(byte >> 4) };
        // Each element has a byte at least.
        if count > self.rest.len() as u64 {
            return Err("a list is longer than what is there of it");
        }
        Ok((count, byte & 0x0f))
    }

    /// Passes over a value.
    fn skip(&mut self, kind: u8, depth: usize) -> Result<(), Malformed> {
        if depth > DEEPEST {
            return Err("its structures are nested too deeply");
        }
        match kind {
            // Booleans, whose value is their type.
            1 | 2 => {}
            3 => _ = self.byte()?,
            4 | I32 | 6 => _ = self.varint()?,
            7 => _ = self.bytes(8)?,
            BINARY => {
                let count = self.varint()?;
                self.bytes(count)?;
            }
            // A list or a set.
            LIST | 10 => {
                let (count, kind) = self.list()?;
                for _ in 0..count {
                    // In a list a boolean is a byte.
                    if matches!(kind, 1 | 2) { _ = self.byte()? } else { self.skip(kind, depth + 1)? }
                }
            }
            11 => {
                let count = self.varint()?;
                let kinds = if count == 0 { 0 } else { self.byte()? };
                for _ in 0..count {
                    for kind in [kinds >> 4, kinds & 0x0f] {
                        if matches!(kind, 1 | 2) { _ = self.byte()? } else { self.skip(kind, depth + 1)? }
                    }
                }
            }
            STRUCT => {
                let mut last = 0;
                while let Some((_, kind)) = self.field(&mut last)? {
                    self.skip(kind, depth + 1)?;
                }
            }
            _ => return Err("it has a value of an unknown type"),
        }
        Ok(())
    }
}

/// Checks a footer's structure (`FileMetaData`): that its lists are within its bytes, and that its tree of
/// columns is complete and at most 64 deep. All that is read of it afterwards takes memory in proportion to
/// its length.
pub(super) fn check_footer(bytes: &[u8]) -> Result<(), Malformed> {
    const SCHEMA: i64 = 2;
    let mut values = Values { rest: bytes };
    let mut last = 0;
    while let Some((id, kind)) = values.field(&mut last)? {
        if (id, kind) == (SCHEMA, LIST) { check_schema(&mut values)? } else { values.skip(kind, 0)? }
    }
    Ok(())
}

/// Checks the list of `SchemaElement`, a tree in depth-first order.
fn check_schema(values: &mut Values<'_>) -> Result<(), Malformed> {
    const CHILDREN: i64 = 5;
    let (count, kind) = values.list()?;
    if kind != STRUCT {
        return Err("its columns are not structures");
    }
    // Of the groups that are open, the children that are still to come.
    let mut open: Vec<u64> = Vec::new();
    for element in 0..count {
        let (mut last, mut children) = (0, 0);
        while let Some((id, kind)) = values.field(&mut last)? {
            if (id, kind) == (CHILDREN, I32) {
                children =
                    u64::try_from(values.signed()?).map_err(|_| "a group has fewer than no columns")?;
            } else {
                values.skip(kind, 0)?;
            }
        }
        if children > count - element - 1 {
            return Err("a group of columns has more of them than there are");
        }
        match open.last_mut() {
            Some(left) => *left -= 1,
            None if element > 0 => return Err("it has columns outside of its table"),
            None => {}
        }
        if children > 0 {
            open.push(children);
        }
        if open.len() > DEEPEST_SCHEMA {
            return Err("its columns are nested too deeply");
        }
        while open.last() == Some(&0) {
            open.pop();
        }
    }
    if open.is_empty() { Ok(()) } else { Err("columns are missing in its list of them") }
}

/// What a page is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum PageKind {
    Data,
    Index,
    Dictionary,
    DataV2,
}

/// What a page header (`PageHeader`) says about sizes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct PageHeader {
    /// The header's own length in bytes.
    pub(super) length: usize,
    pub(super) kind: PageKind,
    /// Bytes after decompression, levels included.
    pub(super) uncompressed: u32,
    /// Bytes in the file, levels included.
    pub(super) compressed: u32,
    /// Values, nulls included; of a dictionary, its entries.
    pub(super) values: u32,
}

impl PageHeader {
    /// The header at the start of `bytes`.
    pub(super) fn read(bytes: &[u8]) -> Result<Self, Malformed> {
        let mut all = Values { rest: bytes };
        let mut last = 0;
        let (mut kind, mut uncompressed, mut compressed) = (None, None, None);
        let mut counts = [None; 4];
        while let Some((id, of)) = all.field(&mut last)? {
            match (id, of) {
                (1, I32) => {
                    kind = Some(match all.signed()? {
                        0 => PageKind::Data,
                        1 => PageKind::Index,
                        2 => PageKind::Dictionary,
                        3 => PageKind::DataV2,
                        _ => return Err("it is of an unknown kind"),
                    });
                }
                (2, I32) => uncompressed = Some(all.signed()?),
                (3, I32) => compressed = Some(all.signed()?),
                // The headers of the kinds, which all begin with the number of values.
                (5, STRUCT) => counts[PageKind::Data as usize] = all.first_number()?,
                (7, STRUCT) => counts[PageKind::Dictionary as usize] = all.first_number()?,
                (8, STRUCT) => counts[PageKind::DataV2 as usize] = all.first_number()?,
                (_, of) => all.skip(of, 0)?,
            }
        }
        let kind = kind.ok_or("it does not say its kind")?;
        let size = |size: Option<i64>| {
            let size = size.ok_or("it does not say its size")?;
            u32::try_from(size).ok().filter(|&size| size <= i32::MAX as u32).ok_or("its size is not possible")
        };
        Ok(Self {
            length: bytes.len() - all.rest.len(),
            kind,
            uncompressed: size(uncompressed)?,
            compressed: size(compressed)?,
            values: if kind == PageKind::Index { 0 } else { size(counts[kind as usize])? },
        })
    }
}

impl Values<'_> {
    /// A structure's first field, where that is a number, with the structure passed over.
    fn first_number(&mut self) -> Result<Option<i64>, Malformed> {
        let (mut last, mut number) = (0, None);
        while let Some((id, kind)) = self.field(&mut last)? {
            if (id, kind) == (1, I32) { number = Some(self.signed()?) } else { self.skip(kind, 0)? }
        }
        Ok(number)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A list of columns whose numbers of children are these.
    fn schema(children: &[i64]) -> Vec<u8> {
        // Field 2 is a list of structures.
        let mut bytes = vec![0x29, 0xfc, children.len() as u8];
        for &count in children {
            // Field 4 is a name, field 5 a number.
            bytes.extend([0x48, 1, b'x', 0x15]);
            let mut number = (count << 1 ^ count >> 63) as u64;
            while number >= 0x80 {
                bytes.push(number as u8 | 0x80);
                number >>= 7;
            }
            bytes.extend([number as u8, 0]);
        }
        bytes.push(0);
        bytes
    }

    #[test]
    fn trees_of_columns_are_complete() {
        assert_eq!(check_footer(&schema(&[2, 0, 0])), Ok(()));
        assert_eq!(check_footer(&schema(&[2, 1, 0, 0])), Ok(()));
        assert_eq!(check_footer(&schema(&[1, 0, 0])), Err("it has columns outside of its table"));
        assert_eq!(check_footer(&schema(&[2, 1, 0])), Err("columns are missing in its list of them"));
        assert!(check_footer(&schema(&[i64::from(i32::MAX), 0])).unwrap_err().contains("more of them"));
        assert!(check_footer(&schema(&[-1])).is_err());
        let deep: Vec<i64> = (0..100).map(|level| i64::from(level < 99)).collect();
        assert_eq!(check_footer(&schema(&deep)), Err("its columns are nested too deeply"));
        assert_eq!(check_footer(&schema(&[1, 0])[..8]), Err(SHORT));
        // A list of 2³² numbers, in field 1.
        assert!(check_footer(&[0x19, 0xf5, 0x80, 0x80, 0x80, 0x80, 0x10, 0]).unwrap_err().contains("longer"));
    }

    #[test]
    fn headers_of_pages_say_their_sizes() {
        // Kind 0, 100 bytes from 50, a data page of 7 values in encoding 0.
        let bytes = [0x15, 0, 0x15, 0xc8, 1, 0x15, 100, 0x2c, 0x15, 14, 0x15, 0, 0, 0, 9, 9];
        let header = PageHeader::read(&bytes).unwrap();
        let expected =
            PageHeader { length: 14, kind: PageKind::Data, uncompressed: 100, compressed: 50, values: 7 };
        assert_eq!(header, expected);
        for length in 0..14 {
            assert_eq!(PageHeader::read(&bytes[..length]), Err(SHORT), "{length}");
        }
        // The same with a negative size, and as a dictionary, whose own header is missing.
        let mut wrong = bytes;
        wrong[6] = 1;
        assert_eq!(PageHeader::read(&wrong), Err("its size is not possible"));
        wrong[6] = 100;
        wrong[1] = 4;
        assert_eq!(PageHeader::read(&wrong), Err("it does not say its size"));
    }

    #[test]
    fn deep_structures_do_not_fill_the_stack() {
        assert_eq!(check_footer(&[0x1c; 100_000]), Err("its structures are nested too deeply"));
    }
}
