//! Rows drawn for sixteen samples, on their way from the random stream to the sums.
//!
//! A row is kept as its place in the table of rows, in bytes, so that adding it is one load of the place and one addition
//! from memory for each vector of the row.

#![allow(
    unsafe_code,
    reason = "places are rows of a table that was checked, by their making; see `Draws::row`"
)]

use super::columns::LINE;
use crate::random::Stream;
use crate::random::index::RowRange;
use crate::vector::{LANES, Lanes};

/// Blocks of the stream in a chunk: 64 draws of 16 samples take 4 KiB.
const BLOCKS: usize = 8;
/// Most draws of a chunk.
const DRAWS: usize = BLOCKS * 8;
/// Draws of which the additions are written out.
const UNROLLED: usize = 8;

/// Some draws of sixteen consecutive samples from a table of rows, draw by draw, with the samples in the lanes.
pub(super) struct Draws<'a> {
    /// The rows, n × `row_bytes`.
    table: &'a [u32],
    /// Bytes of a row.
    row_bytes: usize,
    range: RowRange,
    /// First byte of each drawn row in the table.
    places: [[u32; LANES]; DRAWS],
    /// Draws in use.
    count: usize,
}

impl<'a> Draws<'a> {
    /// No draws yet, of a table with n rows of `stride` words, where n is the range's.
    #[inline(always)]
    pub(super) fn new(table: &'a [u32], stride: usize, range: RowRange) -> Self {
        // What the unchecked reads rely on.
        assert!(table.len() >= range.rows() as usize * stride && size_of_val(table) <= u32::MAX as usize);
        Self { table, row_bytes: stride * 4, range, places: [[0; LANES]; DRAWS], count: 0 }
    }

    /// Draws from number `first` (a multiple of a chunk) on, as many as a chunk holds and the range wants. Returns the number
    /// of the next draw. `PER_WORD` is the range's rows a word.
    #[inline(always)]
    pub(super) fn draw<V: Lanes, const PER_WORD: usize>(&mut self, stream: &Stream, first: u32) -> u32 {
        let per_block = 4 * PER_WORD;
        self.count = ((self.range.rows() - first) as usize).min(BLOCKS * per_block);
        let blocks = self.places.chunks_exact_mut(per_block).take(self.count.div_ceil(per_block));
        for (number, places) in blocks.enumerate() {
            let block = first / per_block as u32 + number as u32;
            self.range.draw_block::<V, PER_WORD>(stream, block, self.row_bytes as u32, places);
        }
        first + self.count as u32
    }

    /// Calls `add` with the drawn rows' places of one sample.
    #[inline(always)]
    fn each(&self, lane: usize, mut add: impl FnMut(u32)) {
        let (unrolled, rest) = self.places[..self.count].as_chunks::<UNROLLED>();
        for places in unrolled {
            for place in places {
                add(place[lane]);
            }
        }
        for place in rest {
            add(place[lane]);
        }
    }

    /// `WORDS` words from word `first` on of the row at `place`.
    ///
    /// # Safety
    ///
    /// `place` must be a drawn one, and `first + WORDS` at most the stride.
    #[inline(always)]
    unsafe fn row<const WORDS: usize>(&self, place: u32, first: usize) -> &[u32; WORDS] {
        debug_assert!(
            (first + WORDS) * 4 <= self.row_bytes && (place as usize).is_multiple_of(self.row_bytes)
        );
        debug_assert!(place as usize / self.row_bytes < self.range.rows() as usize);
        // SAFETY: a drawn row is the high word of a product with n, hence below n; the table has n rows and fewer than 2^32
        // bytes (`new`), so that the place did not wrap and the words from `first` on lie within the row.
        unsafe { &*self.table.as_ptr().byte_add(place as usize).add(first).cast() }
    }

    /// Adds the rows of one sample, which have one word.
    #[inline(always)]
    pub(super) fn add_words(&self, lane: usize, sum: &mut u32) {
        let mut total = *sum;
        self.each(lane, |place| {
            // SAFETY: a drawn place, and the first word of a row.
            let [word] = unsafe { self.row(place, 0) };
            total = total.wrapping_add(*word);
        });
        *sum = total;
    }

    /// Adds `N` lines of the rows of one sample, from line number `line` of a row on.
    #[inline(always)]
    pub(super) fn add_lines<V: Lanes, const N: usize>(
        &self,
        lane: usize,
        line: usize,
        sums: [&mut [u32; LINE]; N],
    ) {
        assert!((line + N) * LINE * 4 <= self.row_bytes);
        let mut totals: [V; N] = std::array::from_fn(|n| V::load(sums[n]));
        self.each(lane, |place| {
            for (n, total) in totals.iter_mut().enumerate() {
                // SAFETY: a drawn place, and lines within a row.
                *total = total.add(V::load(unsafe { self.row(place, (line + n) * LINE) }));
            }
        });
        for (total, sums) in totals.into_iter().zip(sums) {
            total.store(sums);
        }
    }
}
