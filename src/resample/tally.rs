//! Iid resamples by tallies: the rows of a resample are drawn and counted, then the rows are gone through
//! once.
//!
//! With c[i] how often row i is drawn, a column's sum over the n draws is one over the n rows,
//!
//! ```text
//! S = Σⱼ v[iⱼ] = Σᵢ c[i] v[i],   Σᵢ c[i] = n
//! ```
//!
//! with the same integers, so that it is the same to the last bit: products modulo 2³² are exact, as no sum
//! of n rows overflows ([`crate::columns`]). Three tallies of 10 bits share a word: word w of W = ⌈n/3⌉ has
//! those of rows w, w + W and w + 2W. A row can be drawn n times, so that n is at most 2¹⁰ − 1.
//!
//! Twin of `shaders/tally.wgsl`, step by step and name by name, for one resample after another; and of
//! `shaders/tally_software.wgsl`, where four resamples go together. On a GPU this is the fastest way for
//! short days, as resamples side by side read the same row at the same time. On the CPU it is not, and no run
//! takes it: [`super::cpu`] adds rows as they are drawn. Here it says what the kernels compute; tests compare
//! all three.

use std::ops::Range;

use super::plan::{MOST_TALLIED, ROWS_PER_TALLY_WORD};
use super::{Chunk, Scheme};
use crate::columns::DayColumns;
use crate::random::Stream;
use crate::random::index::RowRange;

/// Bits of a tally, and a number that has all of them.
const BITS: u32 = 10;
const MASK: u32 = (1 << BITS) - 1;

/// The sums of all columns of `day` over the iid resamples numbered `samples`, by tallies; `None` where the
/// day has more than 1,023 rows.
///
/// # Examples
///
/// ```
/// use bellwether::columns::DayColumns;
/// use bellwether::resample::{Scheme, Sums, cpu, tally::tally};
/// use ndarray::array;
///
/// let day = DayColumns::new(20070103, &array![[1.0, 5.0], [2.0, 0.5], [4.0, 0.25]])?;
/// let by_tallies = Sums::from_iter([tally(&day, 7, 0..20).unwrap()]);
/// let as_drawn = cpu::resample(&day, &Scheme::Iid, 7, 0..20)?;
/// for column in day.columns() {
///     assert_eq!(by_tallies.values(column), as_drawn.values(column));
/// }
/// # Ok::<(), bellwether::Error>(())
/// ```
pub fn tally(day: &DayColumns, seed: u64, samples: Range<u32>) -> Option<Chunk<'static>> {
    let rows = day.rows();
    if rows > MOST_TALLIED {
        return None;
    }
    let range = RowRange::new(rows);
    let words = rows.div_ceil(ROWS_PER_TALLY_WORD);
    let mut tallies = vec![0; words as usize];
    let mut sums = vec![0; day.row_words()];
    let mut chunk = Chunk::new(&samples, day.row_words());
    for (number, sample) in samples.enumerate() {
        let stream = Stream { seed, purpose: Scheme::Iid.purpose(), day: day.day(), sample };
        tallies.fill(0);
        // Days with tallies are short: each random word gives two rows.
        for draw in (0..rows).step_by(2) {
            let [first, second] = range.of_word(&stream, draw / 2);
            count(first, words, true, &mut tallies);
            count(second, words, draw + 1 < rows, &mut tallies);
        }
        sums.fill(0);
        for (word, fields) in (0..words).zip(&tallies) {
            add_row(fields & MASK, word, day, &mut sums);
            add_row((fields >> BITS) & MASK, word + words, day, &mut sums);
            add_row(fields >> (2 * BITS), word + 2 * words, day, &mut sums);
        }
        for (word, sum) in sums.iter().enumerate() {
            chunk.store(number, word, &[[*sum]]);
        }
    }
    Some(chunk)
}

/// Counts a row, or not where a draw is beyond the last.
fn count(row: u32, words: u32, is_drawn: bool, tallies: &mut [u32]) {
    let field = u32::from(row >= words) + u32::from(row >= 2 * words);
    tallies[(row - field * words) as usize] += u32::from(is_drawn) << (BITS * field);
}

/// Adds a row so many `times`. Beyond the last row tallies are zero.
fn add_row(times: u32, row: u32, day: &DayColumns, sums: &mut [u32]) {
    let words = day.words().chunks_exact(day.stride()).nth(row as usize);
    for (sum, word) in sums.iter_mut().zip(words.unwrap_or_default()) {
        *sum = sum.wrapping_add(times.wrapping_mul(*word));
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::cpu;
    use super::*;

    /// Columns with a jump here and there, so that some have two limbs.
    fn day(rows: usize, columns: usize) -> DayColumns {
        let values = Array2::from_shape_fn((rows, columns), |(row, column)| {
            let jump = if column % 3 == 1 && row == rows / 2 { 1e5 } else { 1.0 };
            1e-9 * jump * ((row * 7919 + column * 104_729) % 1009) as f64
        });
        DayColumns::new(20_070_103, &values).unwrap()
    }

    #[test]
    fn tallies_give_the_sums_of_the_rows_as_they_are_drawn() {
        for rows in [1, 2, 3, 4, 5, 6, 7, 8, 9, 64, 385, 768, 1022, 1023] {
            for columns in [1, 2, 5, 33] {
                let day = day(rows, columns);
                for samples in [0..1, 7..40, u32::MAX - 3..u32::MAX] {
                    let by_tallies = tally(&day, 9, samples.clone()).unwrap();
                    let drawn = |seed| cpu::resample(&day, &Scheme::Iid, seed, samples.clone()).unwrap();
                    let what = format!("{rows} rows, {columns} columns, {samples:?}");
                    assert!(drawn(9).chunks() == [by_tallies.clone()], "{what}");
                    if rows > 60 {
                        assert!(drawn(10).chunks() != [by_tallies], "another seed must differ, {what}");
                    }
                }
            }
        }
        assert_eq!(tally(&day(1024, 1), 9, 0..1), None);
    }

    /// One row that is drawn each time fills its tally, and no other.
    #[test]
    fn a_tally_holds_every_count() {
        let words = MOST_TALLIED.div_ceil(ROWS_PER_TALLY_WORD);
        for row in [0, 1, words - 1, words, 2 * words - 1, 2 * words, MOST_TALLIED - 1] {
            let mut tallies = vec![0; words as usize];
            for _ in 0..MOST_TALLIED {
                count(row, words, true, &mut tallies);
                count(row, words, false, &mut tallies);
            }
            let of = |row: u32| (tallies[(row % words) as usize] >> (BITS * (row / words))) & MASK;
            let counted: Vec<u32> = (0..MOST_TALLIED).filter(|&row| of(row) > 0).collect();
            assert_eq!((counted, of(row)), (vec![row], MOST_TALLIED));
        }
    }
}
