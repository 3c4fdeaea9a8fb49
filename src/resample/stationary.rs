//! The stationary bootstrap on the CPU: blocks of geometric lengths, each the difference of two running sums.
//!
//! The places of a resample that begin a block are the words of one stream below a bound; a block of the
//! stream has four of them, for eight samples at once, one in each lane, and they are collected in masks of
//! 32 places. The blocks' first rows are drawn as those of the scheme of blocks are, as many as the sample
//! that has the most blocks needs. Then each sample goes through its blocks, two rows of the table
//! ([`super::table`]) a block: n/4 + n/(8L) vector Philox blocks for eight samples, and 2n/L additions of a
//! row a sample.
//!
//! The method and its source: [`super::scheme`]. Twin: `shaders/stationary.wgsl`.

use std::ops::Range;

use super::scheme::last_beginning;
use super::table::Rows;
use super::{Chunk, Scheme};
use crate::columns::{DayColumns, LINE};
use crate::random::index::{Places, RowRange, unpack};
use crate::random::philox::{BlockWords, Samples};
use crate::random::{Purpose, Stream};
use crate::vector::{Lanes, Vectorized, WIDE_LANES, Wide};

/// Places of a mask, and blocks of the stream that they take.
const PLACES: u32 = 32;
const BLOCKS: u32 = PLACES / 4;

/// A day, and what drawing its blocks takes that does not depend on the sample.
pub(super) struct StationaryDay<'a> {
    day: &'a DayColumns,
    table: Rows<'a>,
    range: RowRange,
    seed: u64,
    /// The largest word that begins a block.
    last_beginning: u32,
    /// Of the words that say where blocks begin, and of their first rows.
    lengths: Vec<BlockWords>,
    starts: Vec<BlockWords>,
}

impl<'a> StationaryDay<'a> {
    /// Blocks of `length` rows on average of `day`, for samples of the stream with this `seed`.
    pub(super) fn new(day: &'a DayColumns, length: f64, seed: u64) -> Self {
        let range = RowRange::new(day.rows());
        let words = |purpose, count: u32| {
            let purpose = Stream::purpose_word(purpose, 0);
            let words = move |block| BlockWords::new(block, day.day(), purpose, Stream::key(seed));
            (0..count).map(words).collect()
        };
        Self {
            day,
            table: Rows::new(&Scheme::Stationary { length }, day),
            range,
            seed,
            last_beginning: last_beginning(length),
            lengths: words(Purpose::StationaryLengths, day.rows().div_ceil(PLACES) * BLOCKS),
            starts: words(Purpose::StationaryStarts, day.rows().div_ceil(4 * range.rows_per_word())),
        }
    }
}

/// One chunk of samples on the current thread.
pub(super) struct StationaryChunk<'a> {
    pub(super) stationary: &'a StationaryDay<'a>,
    pub(super) samples: Range<u32>,
}

impl Vectorized for StationaryChunk<'_> {
    type Output = Chunk<'static>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Chunk<'static> {
        if self.stationary.range.rows_per_word() == 2 { self.sums::<V, 2>() } else { self.sums::<V, 1>() }
    }
}

impl StationaryChunk<'_> {
    #[inline(always)]
    fn sums<V: Lanes, const PER_WORD: usize>(&self) -> Chunk<'static> {
        let StationaryDay { day, range, seed, last_beginning, lengths, starts, .. } = self.stationary;
        let mut chunk = Chunk::new(&self.samples, day.row_words());
        let mut masks = vec![[0_u64; WIDE_LANES]; lengths.len() / BLOCKS as usize];
        let mut places = vec![Places::default(); starts.len()];
        // The first and the last row of the table for each block of a sample.
        let mut ends: Vec<[usize; 2]> = Vec::with_capacity(day.rows() as usize);
        let per_block = 4 * PER_WORD;
        for first in (0..self.samples.len()).step_by(WIDE_LANES) {
            let sample = self.samples.start + first as u32;
            let samples = Samples::<V::Wide>::new(sample, day.day(), Stream::key(*seed));
            let bound = V::Wide::splat(u64::from(*last_beginning));
            for (mask, lengths) in masks.iter_mut().zip(lengths.chunks_exact(BLOCKS as usize)) {
                let mut all = V::Wide::splat(0);
                for (number, words) in lengths.iter().enumerate() {
                    let words = samples.words(words);
                    for word in 0..4 {
                        // Those above the bound do not begin a block.
                        let bit = V::Wide::splat(1 << (4 * number + word));
                        all = all.xor(bound.choose_below(words[word], bit));
                    }
                }
                all.xor(V::Wide::splat(u64::from(u32::MAX))).store(mask);
            }
            // The first place always begins a block, and those beyond the last row do not.
            for lane in 0..WIDE_LANES {
                masks[0][lane] |= 1;
                if let (Some(last), rest @ 1..) = (masks.last_mut(), day.rows() % PLACES) {
                    last[lane] &= (1 << rest) - 1;
                }
            }
            let count = |lane: usize| masks.iter().map(|mask| mask[lane].count_ones() as usize).sum();
            let most: usize = (0..WIDE_LANES).map(count).max().unwrap_or(0);
            let stream = Stream { seed: *seed, purpose: Purpose::StationaryStarts, day: day.day(), sample };
            for number in 0..most.div_ceil(per_block) {
                let words = (number as u32, &starts[number]);
                range.draw_block::<V::Wide, PER_WORD>(&stream, &samples, words, 1, &mut places[number]);
            }
            for lane in 0..WIDE_LANES.min(self.samples.len() - first) {
                let start_of = |number: usize| {
                    let (half, within) = (number % per_block / (2 * PER_WORD), number % (2 * PER_WORD));
                    unpack::<PER_WORD>(places[number / per_block][half][lane], within) as usize
                };
                ends.clear();
                let mut begun = 0;
                for (mask, base) in masks.iter().zip((0..).step_by(PLACES as usize)) {
                    let mut mask = mask[lane];
                    while mask != 0 {
                        let place = base + mask.trailing_zeros() as usize;
                        mask &= mask - 1;
                        if let Some([start, end]) = ends.last_mut() {
                            *end = *start + place - begun;
                        }
                        let start = start_of(ends.len());
                        ends.push([start, start]);
                        begun = place;
                    }
                }
                if let Some([start, end]) = ends.last_mut() {
                    *end = *start + day.rows() as usize - begun;
                }
                self.add::<V>(first + lane, &ends, &mut chunk);
            }
        }
        chunk
    }

    /// Stores the sums of a sample over its blocks.
    #[inline(always)]
    fn add<V: Lanes>(&self, number: usize, ends: &[[usize; 2]], chunk: &mut Chunk<'static>) {
        let (words, stride) = (self.stationary.table.words(), self.stationary.day.stride());
        if stride == 1 {
            let mut sum = 0_u32;
            for &[start, end] in ends {
                sum = sum.wrapping_add(words[end]).wrapping_sub(words[start]);
            }
            chunk.store(number, 0, &[[sum]]);
            return;
        }
        let (lines, _) = words.as_chunks::<LINE>();
        let per_row = stride / LINE;
        for line in 0..per_row {
            let (mut upper, mut lower) = (V::splat(0), V::splat(0));
            for &[start, end] in ends {
                upper = upper.add(V::load(&lines[end * per_row + line]));
                lower = lower.add(V::load(&lines[start * per_row + line]));
            }
            let (mut sums, mut less) = ([0; LINE], [0; LINE]);
            upper.store(&mut sums);
            lower.store(&mut less);
            for (sum, less) in sums.iter_mut().zip(less) {
                *sum = sum.wrapping_sub(less);
            }
            chunk.store(number, line * LINE, &[sums]);
        }
    }
}
