//! Rows drawn for sixteen samples, on their way from the random stream to the sums.

#![allow(
    unsafe_code,
    reason = "rows are below n by their making, and tables are checked once for all draws of a chunk"
)]

use super::columns::LINE;
use crate::random::Stream;
use crate::random::index::RowRange;
use crate::vector::{LANES, Lanes, at};

/// Blocks of the stream in a chunk: 64 draws of 16 samples take 4 KiB.
const BLOCKS: usize = 8;
/// Most draws of a chunk.
const DRAWS: usize = BLOCKS * 8;

/// Some draws of sixteen consecutive samples, draw by draw, with the samples in the lanes. All rows are below `below`.
pub(super) struct Draws {
    rows: [[u32; LANES]; DRAWS],
    count: usize,
    below: usize,
}

impl Draws {
    /// No draws yet.
    #[inline(always)]
    pub(super) fn new() -> Self {
        Self { rows: [[0; LANES]; DRAWS], count: 0, below: 0 }
    }

    /// Draws from number `first` (a multiple of a chunk) on, as many as a chunk holds and the range wants. Returns the number
    /// of the next draw. `PER_WORD` is the range's rows a word.
    #[inline(always)]
    pub(super) fn draw<V: Lanes, const PER_WORD: usize>(
        &mut self,
        range: &RowRange,
        stream: &Stream,
        first: u32,
    ) -> u32 {
        let per_block = 4 * PER_WORD;
        self.count = ((range.rows() - first) as usize).min(BLOCKS * per_block);
        self.below = range.rows() as usize;
        let blocks = self.rows.chunks_exact_mut(per_block).take(self.count.div_ceil(per_block));
        for (number, rows) in blocks.enumerate() {
            range.draw_block::<V, PER_WORD>(stream, first / per_block as u32 + number as u32, rows);
        }
        first + self.count as u32
    }

    /// Adds the rows of one sample, of `STRIDE` words each.
    #[inline(always)]
    pub(super) fn add_rows<const STRIDE: usize>(
        &self,
        lane: usize,
        table: &[[u32; STRIDE]],
        sums: &mut [u32; STRIDE],
    ) {
        assert!(self.below <= table.len());
        let mut total = *sums;
        for draws in &self.rows[..self.count] {
            // SAFETY: a drawn row is below `below` (the high word of a product with n is below n), and the table is as long.
            let row = unsafe { at(table, draws[lane] as usize) };
            for (total, &word) in total.iter_mut().zip(row) {
                *total = total.wrapping_add(word);
            }
        }
        *sums = total;
    }

    /// Adds `N` lines from number `line` on of the rows of one sample; a row takes `per_row` lines.
    #[inline(always)]
    pub(super) fn add_lines<V: Lanes, const N: usize>(
        &self,
        lane: usize,
        table: &[[u32; LINE]],
        per_row: usize,
        line: usize,
        sums: [&mut [u32; LINE]; N],
    ) {
        assert!(self.below * per_row <= table.len() && line + N <= per_row);
        let mut totals: [V; N] = std::array::from_fn(|n| V::load(sums[n]));
        for draws in &self.rows[..self.count] {
            let first = draws[lane] as usize * per_row + line;
            for (n, total) in totals.iter_mut().enumerate() {
                // SAFETY: as above, and lines `line` to `line + N` are within a row.
                *total = total.add(V::load(unsafe { at(table, first + n) }));
            }
        }
        for (total, sums) in totals.into_iter().zip(sums) {
            total.store(sums);
        }
    }
}
