//! Rows drawn for eight samples, on their way from the random stream to the sums.
//!
//! A block of the stream gives each sample eight draws (four, on days too long for two rows a word). Its rows
//! are kept as places in the table of rows, packed four or two to a number of 64 bits, so that adding a row
//! takes a shift, and an addition from memory for each vector of the row. Blocks are drawn some ahead of
//! being added: a processor that executes out of order then does both at once, and what it stored is in the
//! cache when it is read. Twin: `shaders/draws.wgsl`, for one sample at a time.

#![allow(
    unsafe_code,
    reason = "places are rows of a table that was checked, by their making; see `Draws::row`"
)]

use std::ops::Range;

use super::Scheme;
use super::table::Rows;
use crate::columns::{DayColumns, LINE};
use crate::random::Stream;
use crate::random::index::{Places, RowRange, unpack};
use crate::random::philox::{BlockWords, Samples};
use crate::vector::{Lanes, WIDE_LANES, Wide};

/// Blocks that are kept: a power of two.
pub(super) const RING: usize = 8;

/// How far a block is drawn ahead of being added. With less, places are read while they are still on their
/// way to the cache.
pub(super) const AHEAD: u32 = 2;

/// The rows to draw from, and what drawing them takes that does not depend on the sample.
pub(super) struct Table<'a> {
    /// The rows, n × `row_bytes`; with blocks, those of the last draw after them.
    rows: Rows<'a>,
    /// Bytes of a row.
    row_bytes: usize,
    range: RowRange,
    /// Draws of a sample, but for the last one of blocks.
    draws: u32,
    /// Whether there is one more draw, from rows of its own.
    has_cut: bool,
    /// Where draws come from; its sample is of no account.
    stream: Stream,
    /// Of every block that a sample needs, and [`AHEAD`] more.
    blocks: Vec<BlockWords>,
}

impl<'a> Table<'a> {
    /// The rows of `day`, for iid samples of the stream with this `seed`.
    pub(super) fn iid(day: &'a DayColumns, seed: u64) -> Self {
        Self::new(day, &Scheme::Iid, seed, day.rows(), false)
    }

    /// Blocks of `length` rows of `day`.
    pub(super) fn blocks(day: &'a DayColumns, length: u32, seed: u64) -> Self {
        Self::new(day, &Scheme::Block { length }, seed, (day.rows() - 1) / length, true)
    }

    fn new(day: &'a DayColumns, scheme: &Scheme, seed: u64, draws: u32, has_cut: bool) -> Self {
        let range = RowRange::new(day.rows());
        let row_bytes = day.stride() * 4;
        let rows = Rows::new(scheme, day);
        // What the unchecked reads rely on.
        let parts = 1 + usize::from(has_cut);
        assert!(rows.words().len() >= parts * range.rows() as usize * day.stride());
        assert!(range.rows() as u64 * row_bytes as u64 <= u32::MAX.into());
        let stream = Stream { seed, purpose: scheme.purpose(), day: day.day(), sample: 0 };
        let purpose = Stream::purpose_word(stream.purpose, 0);
        let count = (draws + u32::from(has_cut)).div_ceil(4 * range.rows_per_word()) + AHEAD;
        let words = |block| BlockWords::new(block, day.day(), purpose, Stream::key(seed));
        Self { rows, row_bytes, range, draws, has_cut, stream, blocks: (0..count).map(words).collect() }
    }

    /// Whether a sample has one more draw, from rows of its own.
    pub(super) fn has_cut(&self) -> bool {
        self.has_cut
    }

    /// Blocks of the stream that a sample needs.
    pub(super) fn stream_blocks(&self) -> u32 {
        self.blocks.len() as u32 - AHEAD
    }

    /// Whether a place of a row of whole lines in eights of bytes fits the bits that it is packed in.
    pub(super) fn fits_eights(&self) -> bool {
        let bits = if self.range.rows_per_word() == 2 { 16 } else { 32 };
        (u64::from(self.range.rows()) * (self.row_bytes / 8) as u64) >> bits == 0
    }
}

/// The draws of eight consecutive samples. `PER_WORD` is the rows a word of the table's range; places are in
/// units of `SCALE` bytes: 4 for rows of one word, 8 for rows of lines, or 0 where they are row numbers, as
/// they would not fit their bits.
pub(super) struct Draws<'a, W, const PER_WORD: usize, const SCALE: usize> {
    table: &'a Table<'a>,
    words: &'a [u32],
    stream: Stream,
    samples: Samples<W>,
    ring: [Places; RING],
}

impl<'a, W: Wide, const PER_WORD: usize, const SCALE: usize> Draws<'a, W, PER_WORD, SCALE> {
    /// Those of the samples from number `sample` on. No block is drawn yet.
    #[inline(always)]
    pub(super) fn new(table: &'a Table<'a>, sample: u32) -> Self {
        let stream = Stream { sample, ..table.stream };
        let samples = Samples::new(sample, stream.day, Stream::key(stream.seed));
        Self { table, words: table.rows.words(), stream, samples, ring: [[[0; WIDE_LANES]; 2]; RING] }
    }

    /// Blocks of which all draws count.
    #[inline(always)]
    pub(super) fn whole_blocks(&self) -> u32 {
        self.table.draws / (4 * PER_WORD as u32)
    }

    /// Draws that count of the block after those.
    #[inline(always)]
    pub(super) fn rest(&self) -> u32 {
        self.table.draws % (4 * PER_WORD as u32)
    }

    /// Draws the first [`AHEAD`] blocks.
    #[inline(always)]
    pub(super) fn begin(&mut self) {
        for block in 0..AHEAD {
            self.draw(block);
        }
    }

    /// Draws a block, in the place of the one that is [`RING`] before.
    #[inline(always)]
    pub(super) fn draw(&mut self, block: u32) {
        let unit = self.table.row_bytes.checked_div(SCALE).unwrap_or(1);
        let words = &self.table.blocks[block as usize];
        let places = &mut self.ring[block as usize % RING];
        let range = &self.table.range;
        range.draw_block::<W, PER_WORD>(&self.stream, &self.samples, (block, words), unit as u32, places);
    }

    /// `WORDS` words from word `first` on of the row at `place`.
    ///
    /// # Safety
    ///
    /// `place` must be one that was drawn, `first + WORDS` at most the words of a row, and `is_cut` only
    /// where the table has rows for a last draw.
    #[inline(always)]
    unsafe fn row<const WORDS: usize>(&self, place: u32, first: usize, is_cut: bool) -> &[u32; WORDS] {
        let scale = if SCALE == 0 { self.table.row_bytes } else { SCALE };
        let cut = if is_cut { self.table.range.rows() as usize * self.table.row_bytes } else { 0 };
        let byte = place as usize * scale;
        debug_assert!(
            (first + WORDS) * 4 <= self.table.row_bytes && byte.is_multiple_of(self.table.row_bytes)
        );
        debug_assert!(byte / self.table.row_bytes < self.table.range.rows() as usize);
        // SAFETY: a drawn row is the high word of a product with n, hence below n (a ring that is not drawn
        // yet has row 0); the table has n rows of fewer than 2^32 bytes, and as many more where there is a
        // last draw (`Table::new`), and a place fits its bits (by the choice of `SCALE`), so that the words
        // from `first` on lie within the row.
        unsafe { &*self.words.as_ptr().byte_add(cut + byte).add(first).cast() }
    }

    /// Adds the first `count` rows that one sample draws from `block`, which have one word.
    #[inline(always)]
    pub(super) fn add_words(&self, block: u32, lane: usize, count: u32, sum: &mut u32) {
        let mut total = *sum;
        for (half, packed) in self.ring[block as usize % RING].iter().enumerate() {
            for number in 0..2 * PER_WORD {
                if ((2 * PER_WORD * half + number) as u32) < count {
                    // SAFETY: a drawn place, and the first word of a row.
                    let [word] = unsafe { self.row(unpack::<PER_WORD>(packed[lane], number), 0, false) };
                    total = total.wrapping_add(*word);
                }
            }
        }
        *sum = total;
    }

    /// Adds `N` lines, from number `first` of a row on, of the first `count` rows that one sample draws from
    /// `block`.
    #[inline(always)]
    pub(super) fn add_lines<V: Lanes, const N: usize>(
        &self,
        block: u32,
        lane: usize,
        count: u32,
        first: usize,
        sums: &mut [V; N],
    ) {
        assert!((first + N) * LINE * 4 <= self.table.row_bytes);
        let mut totals = *sums;
        for (half, packed) in self.ring[block as usize % RING].iter().enumerate() {
            for number in 0..2 * PER_WORD {
                if ((2 * PER_WORD * half + number) as u32) < count {
                    let place = unpack::<PER_WORD>(packed[lane], number);
                    for (n, total) in totals.iter_mut().enumerate() {
                        // SAFETY: a drawn place, and lines within a row.
                        *total = total.add(V::load(unsafe { self.row(place, (first + n) * LINE, false) }));
                    }
                }
            }
        }
        *sums = totals;
    }

    /// The place of the draw after those that [`Self::whole_blocks`] and [`Self::rest`] count, in the block
    /// after the whole ones, which must be the last or the last but one that was drawn.
    #[inline(always)]
    fn last_place(&self, lane: usize) -> u32 {
        let rest = self.rest() as usize;
        let packed = self.ring[self.whole_blocks() as usize % RING][rest / (2 * PER_WORD)][lane];
        unpack::<PER_WORD>(packed, rest % (2 * PER_WORD))
    }

    /// Adds the row of the last draw, which has one word.
    #[inline(always)]
    pub(super) fn add_cut_word(&self, lane: usize, sum: &mut u32) {
        assert!(self.table.has_cut);
        // SAFETY: a drawn place, the first word of a row, and a table with rows for it.
        let [word] = unsafe { self.row(self.last_place(lane), 0, true) };
        *sum = sum.wrapping_add(*word);
    }

    /// Adds `N` lines, from number `first` on, of the row of the last draw.
    #[inline(always)]
    pub(super) fn add_cut_lines<V: Lanes, const N: usize>(
        &self,
        lane: usize,
        first: usize,
        sums: &mut [V; N],
    ) {
        assert!(self.table.has_cut && (first + N) * LINE * 4 <= self.table.row_bytes);
        let place = self.last_place(lane);
        for (n, total) in sums.iter_mut().enumerate() {
            // SAFETY: a drawn place, lines within a row, and a table with rows for it.
            *total = total.add(V::load(unsafe { self.row(place, (first + n) * LINE, true) }));
        }
    }

    /// As [`Self::add_cut_lines`], for all eight samples. Written out, so that the sums stay in registers.
    #[inline(always)]
    pub(super) fn add_cut_lines_of_all<V: Lanes, const N: usize>(
        &self,
        [s0, s1, s2, s3, s4, s5, s6, s7]: &mut [[V; N]; WIDE_LANES],
    ) {
        self.add_cut_lines(0, 0, s0);
        self.add_cut_lines(1, 0, s1);
        self.add_cut_lines(2, 0, s2);
        self.add_cut_lines(3, 0, s3);
        self.add_cut_lines(4, 0, s4);
        self.add_cut_lines(5, 0, s5);
        self.add_cut_lines(6, 0, s6);
        self.add_cut_lines(7, 0, s7);
    }

    /// As [`Self::add_lines`], for all eight samples. Written out, so that the sums stay in registers.
    #[inline(always)]
    pub(super) fn add_lines_of_all<V: Lanes, const N: usize>(
        &self,
        block: u32,
        count: u32,
        [s0, s1, s2, s3, s4, s5, s6, s7]: &mut [[V; N]; WIDE_LANES],
    ) {
        self.add_lines(block, 0, count, 0, s0);
        self.add_lines(block, 1, count, 0, s1);
        self.add_lines(block, 2, count, 0, s2);
        self.add_lines(block, 3, count, 0, s3);
        self.add_lines(block, 4, count, 0, s4);
        self.add_lines(block, 5, count, 0, s5);
        self.add_lines(block, 6, count, 0, s6);
        self.add_lines(block, 7, count, 0, s7);
    }

    /// As [`Self::add_lines`], of all draws of some blocks that count.
    #[inline(always)]
    pub(super) fn add_blocks<V: Lanes, const N: usize>(
        &self,
        blocks: Range<u32>,
        lane: usize,
        first: usize,
        sums: &mut [V; N],
    ) {
        let whole = blocks.end.min(self.whole_blocks());
        for block in blocks.start..whole {
            self.add_lines(block, lane, 4 * PER_WORD as u32, first, sums);
        }
        if whole < blocks.end {
            self.add_lines(whole, lane, self.rest(), first, sums);
        }
    }
}
