//! The rows that draws add up: those of the day, or sums of consecutive ones for the schemes of blocks.
//!
//! With v the rows of a day, words and all, and row numbers modulo n, a table of 2n rows holds
//!
//! ```text
//! block of L rows, the last cut to m     T[s] = v[s] + … + v[s+L−1],   T[n+s] = v[s] + … + v[s+m−1],   s < n
//! stationary                             T[s] = v[0] + … + v[s−1],   s < 2n
//! ```
//!
//! so that a block is one row of the table, or the difference of two. Words are added as they are: the sum of
//! up to n rows leaves every field within its bits ([`crate::columns`]), and a difference modulo 2³² of two
//! running sums is the sum of the rows between them, exactly.

use super::Scheme;
use crate::columns::{DayColumns, LINE, Line};

/// A table of rows, each as many words as the day's.
pub(super) enum Rows<'a> {
    OfDay(&'a [u32]),
    Sums(Vec<Line>),
}

impl<'a> Rows<'a> {
    /// The table of `day` under a scheme that suits it.
    pub(super) fn new(scheme: &Scheme, day: &'a DayColumns) -> Self {
        match *scheme {
            Scheme::Iid | Scheme::Wild => Self::OfDay(day.words()),
            Scheme::Block { length } => {
                let (length, rows) = (length as usize, day.rows() as usize);
                let mut table = sums(day);
                let (whole, cut) = words_of(&mut table, day).split_at_mut(rows * day.stride());
                windows(day, length, whole);
                windows(day, rows - length * ((rows - 1) / length), cut);
                Self::Sums(table)
            }
            Scheme::Stationary { .. } => {
                let mut table = sums(day);
                let words = words_of(&mut table, day);
                let stride = day.stride();
                for row in 1..2 * day.rows() as usize {
                    let added = (row - 1) % day.rows() as usize * stride;
                    for word in 0..stride {
                        let sum = words[(row - 1) * stride + word].wrapping_add(day.words()[added + word]);
                        words[row * stride + word] = sum;
                    }
                }
                Self::Sums(table)
            }
        }
    }

    /// The words, rows × stride, aligned to 64 bytes; sums may be followed by zeros.
    pub(super) fn words(&self) -> &[u32] {
        match self {
            Self::OfDay(words) => words,
            Self::Sums(lines) => bytemuck::cast_slice(lines),
        }
    }
}

/// Zeros for 2n rows.
fn sums(day: &DayColumns) -> Vec<Line> {
    vec![Line([0; LINE]); (2 * day.rows() as usize * day.stride()).div_ceil(LINE)]
}

fn words_of<'t>(table: &'t mut [Line], day: &DayColumns) -> &'t mut [u32] {
    &mut bytemuck::cast_slice_mut(table)[..2 * day.rows() as usize * day.stride()]
}

/// The circular sums of `length` ≤ n consecutive rows, by their first.
fn windows(day: &DayColumns, length: usize, out: &mut [u32]) {
    let (words, stride) = (day.words(), day.stride());
    for row in words[..length * stride].chunks_exact(stride) {
        for (sum, word) in out.iter_mut().zip(row) {
            *sum = sum.wrapping_add(*word);
        }
    }
    // Each without the first row of the one before, and with the row after its last.
    let end = length * stride;
    for at in stride..words.len() {
        let added = words[(at - stride + end) % words.len()];
        out[at] = out[at - stride].wrapping_sub(words[at - stride]).wrapping_add(added);
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    /// Against sums of rows one by one, over the end of the day.
    #[test]
    fn tables_hold_sums_of_consecutive_rows() {
        for (rows, stocks) in [(1, 1), (2, 3), (7, 1), (7, 3), (30, 17)] {
            let values = Array2::from_shape_fn((rows, stocks), |(row, stock)| {
                ((row * 7919 + stock * 104_729) % 1009) as f64 + if row == 0 { 5e4 } else { 0.0 }
            });
            let day = DayColumns::new(20_070_103, &values).unwrap();
            let stride = day.stride();
            let sum = |start: usize, length: usize, word: usize| {
                (start..start + length)
                    .map(|row| day.words()[row % rows * stride + word])
                    .fold(0, |sum: u32, word| sum.checked_add(word).unwrap())
            };
            for length in 1..=rows {
                let table = Rows::new(&Scheme::Block { length: length as u32 }, &day);
                let last = if rows.is_multiple_of(length) { length } else { rows % length };
                for (start, word) in (0..rows).flat_map(|start| (0..stride).map(move |word| (start, word))) {
                    assert_eq!(table.words()[start * stride + word], sum(start, length, word));
                    assert_eq!(table.words()[(rows + start) * stride + word], sum(start, last, word));
                }
            }
            let table = Rows::new(&Scheme::Stationary { length: 1.0 }, &day);
            for (start, word) in (0..rows).flat_map(|start| (0..stride).map(move |word| (start, word))) {
                for length in 0..rows {
                    let [from, to] = [start, start + length].map(|row| table.words()[row * stride + word]);
                    assert_eq!(to.wrapping_sub(from), sum(start, length, word));
                }
            }
        }
    }
}
