//! The encodings of levels, codes and lengths: runs and bit-packed groups, and packed differences.
//!
//! * **Hybrid** of run lengths and bit-packing: runs, each with a header h. Even h: the value that follows,
//!   in ⌈w/8⌉ bytes, h/2 times. Odd h: ⌊h/2⌋ groups of eight values of w bits each, lowest bits first.
//! * **Packed differences**: a block has the least difference m of its values and a width for each of its
//!   groups; value i is value i − 1 plus m plus the bits of i.
//!
//! Source: Apache Parquet, `Encodings.md` (RLE and DELTA_BINARY_PACKED).

use super::thrift::Malformed;

const SHORT: Malformed = "it has fewer values than it says";

/// A number of seven bits a byte, lowest first.
fn varint(data: &mut &[u8]) -> Result<u64, Malformed> {
    let mut number = 0;
    for shift in (0..64).step_by(7) {
        let (&byte, rest) = data.split_first().ok_or(SHORT)?;
        *data = rest;
        number |= u64::from(byte & 0x7f) << shift;
        if byte & 0x80 == 0 {
            return Ok(number);
        }
    }
    Err("a number is too long")
}

/// One run of the hybrid encoding.
enum Run<'a> {
    /// This value, so many times.
    Same(u32, usize),
    /// So many values, packed.
    Packed(&'a [u8], usize),
}

/// The next run of at most `left` values of `width` bits.
fn run<'a>(data: &mut &'a [u8], width: u32, left: usize) -> Result<Run<'a>, Malformed> {
    let header = varint(data)?;
    let count = usize::try_from(header >> 1).map_err(|_| SHORT)?;
    if header & 1 == 0 {
        let (bytes, rest) = data.split_at_checked(width.div_ceil(8) as usize).ok_or(SHORT)?;
        *data = rest;
        let value = bytes.iter().rev().fold(0, |value, byte| value << 8 | u32::from(*byte));
        return Ok(Run::Same(value, count.min(left)));
    }
    let size = count.checked_mul(width as usize).ok_or(SHORT)?;
    // The last group may be cut off behind the values that are needed.
    let (bytes, rest) = data.split_at(size.min(data.len()));
    *data = rest;
    let there = if width == 0 { usize::MAX } else { bytes.len() * 8 / width as usize };
    let count = count.saturating_mul(8).min(left);
    if count > there { Err(SHORT) } else { Ok(Run::Packed(bytes, count)) }
}

/// Appends `count` values of `width` ≤ 32 bits to `out`.
pub(super) fn hybrid(mut data: &[u8], width: u32, count: usize, out: &mut Vec<u32>) -> Result<(), Malformed> {
    if width > 32 {
        return Err("its codes are wider than 32 bits");
    }
    let end = out.len() + count;
    while out.len() < end {
        match run(&mut data, width, end - out.len())? {
            Run::Same(_, 0) | Run::Packed(_, 0) => return Err("it has an empty run"),
            Run::Same(value, count) => out.resize(out.len() + count, value),
            Run::Packed(bytes, count) => {
                let mask = (1_u64 << width) - 1;
                let (mut buffer, mut filled, mut bytes) = (0_u64, 0, bytes.iter());
                out.extend((0..count).map(|_| {
                    while filled < width {
                        buffer |= u64::from(bytes.next().copied().unwrap_or(0)) << filled;
                        filled += 8;
                    }
                    let value = buffer & mask;
                    buffer >>= width;
                    filled -= width;
                    value as u32
                }));
            }
        }
    }
    Ok(())
}

/// Which of `count` values are there, of definition levels 0 and 1; none where all are.
pub(super) fn validity(data: &[u8], count: usize) -> Result<Option<Vec<bool>>, Malformed> {
    let mut rest = data;
    let mut seen = 0;
    while seen < count {
        match run(&mut rest, 1, count - seen)? {
            Run::Same(_, 0) | Run::Packed(_, 0) => return Err("it has an empty run"),
            Run::Same(1, count) => seen += count,
            Run::Packed(bytes, count) if ones(bytes, count) => seen += count,
            _ => {
                let mut levels = Vec::with_capacity(count);
                hybrid(data, 1, count, &mut levels)?;
                return Ok(Some(levels.into_iter().map(|level| level == 1).collect()));
            }
        }
    }
    Ok(None)
}

/// Whether the first `count` bits are all set.
fn ones(bytes: &[u8], count: usize) -> bool {
    let (whole, rest) = (count / 8, count % 8);
    bytes[..whole].iter().all(|byte| *byte == 0xff) && (rest == 0 || bytes[whole] | (0xff << rest) == 0xff)
}

/// Takes `count` lengths, as packed differences of 32 bits, off the front of `data`.
pub(super) fn lengths(data: &mut &[u8], count: usize) -> Result<Vec<usize>, Malformed> {
    let block = varint(data)?;
    let groups = varint(data)?;
    let total = varint(data)?;
    let first = varint(data)?;
    let signed = |number: u64| (number >> 1) as i64 ^ -((number & 1) as i64);
    if total != count as u64 {
        return Err("its number of lengths is not that of its values");
    }
    if groups == 0 || block > 1 << 20 || block % groups != 0 || (block / groups) % 8 != 0 || block == 0 {
        return Err("its blocks are not possible");
    }
    let per_group = (block / groups) as usize;
    let length = |value: i64| usize::try_from(value).ok().filter(|&length| length <= i32::MAX as usize);
    let mut value = signed(first);
    let mut out = Vec::new();
    if count > 0 {
        out.push(length(value).ok_or("a length is not possible")?);
    }
    while out.len() < count {
        let least = signed(varint(data)?);
        let (widths, rest) = data.split_at_checked(groups as usize).ok_or(SHORT)?;
        *data = rest;
        for &width in widths {
            if out.len() == count {
                break;
            }
            if width > 32 {
                return Err("its differences are wider than its lengths");
            }
            let (bytes, rest) = data.split_at_checked(per_group / 8 * usize::from(width)).ok_or(SHORT)?;
            *data = rest;
            let (mut buffer, mut filled, mut bytes) = (0_u64, 0, bytes.iter());
            for _ in 0..per_group.min(count - out.len()) {
                while filled < u32::from(width) {
                    buffer |= u64::from(bytes.next().copied().unwrap_or(0)) << filled;
                    filled += 8;
                }
                let difference = buffer & ((1 << width) - 1);
                buffer >>= width;
                filled -= u32::from(width);
                // Lengths are of 32 bits, and so are their differences: sums wrap as such.
                value = i64::from(value.wrapping_add(least).wrapping_add(difference as i64) as i32);
                out.push(length(value).ok_or("a length is not possible")?);
            }
        }
    }
    Ok(out)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn the_example_of_the_specification() {
        // 0 to 7 in three bits each.
        let mut out = Vec::new();
        hybrid(&[0b0000_0011, 0b1000_1000, 0b1100_0110, 0b1111_1010], 3, 8, &mut out).unwrap();
        assert_eq!(out, [0, 1, 2, 3, 4, 5, 6, 7]);
        // Runs of one value, in as many bytes as it needs, the lowest first.
        for (width, data, value) in [
            (8, &[8, 0xff][..], 0xff),
            (9, &[8, 0xff, 0x01], 0x1ff),
            (16, &[8, 0x34, 0x12], 0x1234),
            (17, &[8, 0x34, 0x12, 0x01], 0x1_1234),
            (32, &[8, 0x78, 0x56, 0x34, 0x12], 0x1234_5678),
        ] {
            let mut out = Vec::new();
            hybrid(data, width, 4, &mut out).unwrap();
            assert_eq!(out, [value; 4], "{width}");
            assert_eq!(hybrid(&data[..data.len() - 1], width, 4, &mut out), Err(SHORT));
        }
        // Packed differences: 7, 5, 3, 1, 2, 3, 4, 5 in a block of 128 with four groups.
        let mut data: &[u8] = &[128, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0xc0, 0x3f, 0, 0, 0, 0, 0, 0, 9];
        assert_eq!(lengths(&mut data, 8).unwrap(), [7, 5, 3, 1, 2, 3, 4, 5]);
        assert_eq!(data, [9]);
    }

    #[test]
    fn what_is_cut_off_is_told() {
        let mut out = Vec::new();
        assert_eq!(hybrid(&[0b0000_0011, 0b1000_1000, 0b1100_0110], 3, 8, &mut out), Err(SHORT));
        assert_eq!(hybrid(&[4, 1], 1, 3, &mut Vec::new()), Err(SHORT));
        assert_eq!(hybrid(&[0, 1, 0, 1], 1, 3, &mut Vec::new()), Err("it has an empty run"));
        // A run of 2⁶² values, of which three are taken.
        let long = [0xfe, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0xff, 0x7f, 1];
        let mut out = Vec::new();
        hybrid(&long, 1, 3, &mut out).unwrap();
        assert_eq!(out, [1, 1, 1]);
        assert!(lengths(&mut &[128, 1, 4, 9, 14][..], 8).unwrap_err().contains("number of lengths"));
        assert_eq!(lengths(&mut &[128, 1, 4, 8, 14, 3, 2, 0, 0, 0, 0xc0, 0x3f][..], 8), Err(SHORT));
    }

    #[test]
    fn levels_that_are_all_one_need_no_list() {
        assert_eq!(validity(&[20, 1], 10), Ok(None));
        assert_eq!(validity(&[5, 0xff, 0x03], 10), Ok(None));
        let mut nine = vec![true; 10];
        nine[9] = false;
        assert_eq!(validity(&[5, 0xff, 0x01], 10), Ok(Some(nine)));
        assert_eq!(validity(&[18, 1, 2, 0], 10).unwrap().unwrap().iter().filter(|there| **there).count(), 9);
        assert_eq!(validity(&[18, 1], 10), Err(SHORT));
    }

    proptest! {
        #[test]
        fn packed_values_come_back(
            width in 1_u32..=32,
            values in prop::collection::vec(any::<u32>(), 1..50),
        ) {
            let mask = ((1_u64 << width) - 1) as u32;
            let values: Vec<u32> = values.into_iter().map(|value| value & mask).collect();
            let mut bits = vec![0_u8; values.len().div_ceil(8) * width as usize];
            for (i, value) in values.iter().enumerate() {
                for bit in 0..width as usize {
                    let place = i * width as usize + bit;
                    bits[place / 8] |= ((value >> bit & 1) as u8) << (place % 8);
                }
            }
            let mut data = vec![(values.len().div_ceil(8) << 1 | 1) as u8];
            data.extend(bits);
            let mut out = Vec::new();
            hybrid(&data, width, values.len(), &mut out).unwrap();
            prop_assert_eq!(out, values);
        }
    }
}
