//! FlatBuffers, as the heads of messages are, read.
//!
//! A table begins with the distance back to its list of fields' places, which has its own length and that of
//! the table in front; a place of 0 is a field that is not there, and has its default. What a table holds
//! lies forward, by a distance. Nothing is trusted: every read says where, and is refused where the bytes
//! end. What is read takes no memory.
//!
//! Source: "FlatBuffers binary format".

/// Why a buffer is not read.
pub(super) const MALFORMED: &str = "a message refers to what is not within it";

type Result<T> = std::result::Result<T, &'static str>;

/// N bytes at a place.
fn at<const N: usize>(bytes: &[u8], place: usize) -> Result<[u8; N]> {
    bytes.get(place..).and_then(<[u8]>::first_chunk).copied().ok_or(MALFORMED)
}

/// A table.
#[derive(Debug, Clone, Copy)]
pub(super) struct Table<'a> {
    bytes: &'a [u8],
    start: usize,
    /// Where the list of places is, and its length in bytes.
    list: usize,
    length: usize,
}

impl<'a> Table<'a> {
    /// The table that the first reference of a buffer leads to.
    pub(super) fn root(bytes: &'a [u8]) -> Result<Self> {
        Self::referred(bytes, 0)
    }

    /// The table that the reference at `place` leads to.
    fn referred(bytes: &'a [u8], place: usize) -> Result<Self> {
        let start = follow(bytes, place)?;
        let back = i64::from(i32::from_le_bytes(at(bytes, start)?));
        let list = usize::try_from(start as i64 - back).map_err(|_| MALFORMED)?;
        let length = usize::from(u16::from_le_bytes(at(bytes, list)?));
        if length < 4 { Err(MALFORMED) } else { Ok(Self { bytes, start, list, length }) }
    }

    /// The bytes of the buffer that it is in.
    pub(super) fn size(&self) -> usize {
        self.bytes.len()
    }

    /// Where a field is, by its number; none where it has its default.
    fn place(&self, field: usize) -> Result<Option<usize>> {
        let entry = 4 + 2 * field;
        if entry + 2 > self.length {
            return Ok(None);
        }
        let distance = usize::from(u16::from_le_bytes(at(self.bytes, self.list + entry)?));
        Ok((distance > 0).then_some(self.start + distance))
    }

    fn number<const N: usize>(&self, field: usize) -> Result<Option<[u8; N]>> {
        self.place(field)?.map(|place| at(self.bytes, place)).transpose()
    }

    pub(super) fn byte(&self, field: usize) -> Result<u8> {
        Ok(self.number(field)?.map_or(0, u8::from_le_bytes))
    }

    pub(super) fn short(&self, field: usize, default: i16) -> Result<i16> {
        Ok(self.number(field)?.map_or(default, i16::from_le_bytes))
    }

    pub(super) fn int(&self, field: usize, default: i32) -> Result<i32> {
        Ok(self.number(field)?.map_or(default, i32::from_le_bytes))
    }

    pub(super) fn long(&self, field: usize) -> Result<i64> {
        Ok(self.number(field)?.map_or(0, i64::from_le_bytes))
    }

    pub(super) fn table(&self, field: usize) -> Result<Option<Self>> {
        self.place(field)?.map(|place| Self::referred(self.bytes, place)).transpose()
    }

    pub(super) fn text(&self, field: usize) -> Result<Option<&'a str>> {
        let Some(place) = self.place(field)? else { return Ok(None) };
        let text = list::<1>(self.bytes, place)?.as_flattened();
        Ok(Some(std::str::from_utf8(text).map_err(|_| "a name is not UTF-8")?))
    }

    /// A list of structures of N bytes.
    pub(super) fn structures<const N: usize>(&self, field: usize) -> Result<&'a [[u8; N]]> {
        self.place(field)?.map_or(Ok(&[]), |place| list(self.bytes, place))
    }

    /// A list of tables.
    pub(super) fn tables(&self, field: usize) -> Result<impl Iterator<Item = Result<Self>> + use<'a>> {
        let bytes = self.bytes;
        let (first, count) = match self.place(field)? {
            None => (0, 0),
            // The references are behind the list's length.
            Some(place) => (follow(bytes, place)? + 4, list::<4>(bytes, place)?.len()),
        };
        Ok((0..count).map(move |number| Self::referred(bytes, first + 4 * number)))
    }
}

/// Where the reference at `place` leads.
fn follow(bytes: &[u8], place: usize) -> Result<usize> {
    let distance = u32::from_le_bytes(at(bytes, place)?) as usize;
    place.checked_add(distance).filter(|to| *to < bytes.len()).ok_or(MALFORMED)
}

/// The elements, of N bytes each, of the list that the reference at `place` leads to.
fn list<const N: usize>(bytes: &[u8], place: usize) -> Result<&[[u8; N]]> {
    let start = follow(bytes, place)?;
    let count = u32::from_le_bytes(at(bytes, start)?) as usize;
    let rest = bytes.get(start + 4..).ok_or(MALFORMED)?;
    rest.as_chunks().0.get(..count).ok_or(MALFORMED)
}

/// An integer of 64 bits at a place in a structure.
pub(super) fn long<const N: usize>(structure: &[u8; N], place: usize) -> Result<i64> {
    at(structure, place).map(i64::from_le_bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_there_is_refused_and_what_is_left_out_has_its_default() {
        // A reference to a table at 12, whose list of places at 4 has one field, at 4: a byte of 7.
        let bytes = [12, 0, 0, 0, 6, 0, 8, 0, 4, 0, 0, 0, 8, 0, 0, 0, 7, 0, 0, 0];
        let table = Table::root(&bytes).unwrap();
        assert_eq!((table.byte(0), table.byte(1), table.short(9, 5)), (Ok(7), Ok(0), Ok(5)));
        assert_eq!(table.long(0), Err(MALFORMED));
        assert_eq!(table.text(0), Err(MALFORMED));
        assert_eq!(table.structures::<16>(0), Err(MALFORMED));
        assert!(table.tables(0).is_err() && table.table(0).is_err());
        assert_eq!(table.structures::<16>(3), Ok(&[][..]));
        for length in 0..bytes.len() - 3 {
            let cut = Table::root(&bytes[..length]).and_then(|table| table.byte(0));
            assert_eq!(cut, Err(MALFORMED), "{length}");
        }
    }
}
