//! FlatBuffers, as the heads of Arrow's messages are, written.
//!
//! A table begins with the distance back to its list of fields' places, and refers to what it holds by
//! distances forward; here everything is written in one pass, what is referred to behind what refers.
//!
//! Source: "FlatBuffers binary format".

/// A field of a table.
#[derive(Debug, Clone, Copy)]
pub(super) enum Slot {
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
pub(super) struct Buffer(pub(super) Vec<u8>);

impl Buffer {
    pub(super) fn align(&mut self, to: usize) {
        self.0.resize(self.0.len().next_multiple_of(to), 0);
    }

    /// Makes the reference at `place` one to what comes next.
    fn refer_here(&mut self, place: usize) {
        let distance = (self.0.len() - place) as u32;
        self.0[place..place + 4].copy_from_slice(&distance.to_le_bytes());
    }

    /// Writes a table, to which the reference at `from` leads, and gives the places of its references.
    pub(super) fn table(&mut self, from: usize, slots: &[Slot]) -> Vec<usize> {
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

    pub(super) fn string(&mut self, from: usize, text: &str) {
        self.align(4);
        self.refer_here(from);
        self.0.extend((text.len() as u32).to_le_bytes());
        self.0.extend(text.as_bytes());
        self.0.push(0);
        self.align(4);
    }

    /// Writes a list of structures of N bytes each, which begin at a multiple of 8.
    pub(super) fn structures<const N: usize>(&mut self, from: usize, all: &[[u8; N]]) {
        self.0.resize((self.0.len() + 4).next_multiple_of(8) - 4, 0);
        self.refer_here(from);
        self.0.extend((all.len() as u32).to_le_bytes());
        self.0.extend(all.as_flattened());
    }

    /// Writes a list of so many references, and gives their places.
    pub(super) fn list(&mut self, from: usize, count: usize) -> Vec<usize> {
        self.align(4);
        self.refer_here(from);
        self.0.extend((count as u32).to_le_bytes());
        let first = self.0.len();
        self.0.resize(first + 4 * count, 0);
        (0..count).map(|i| first + 4 * i).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What pyarrow reads of it is in `tests/oracles/columns_written.py`; here, that references stay inside.
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
