//! Resampled column sums on the CPU: Rayon over blocks of samples, whole rows added as vectors.
//!
//! Work for one sample of a day with n rows of `stride` words: ⌈n/8⌉ Philox blocks (two rows a word), n loads and additions
//! of a row. Twin: `shaders/resample.wgsl`, driven by [`super::gpu`].

use std::ops::Range;
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::columns::{DayColumns, LINE};
use super::{Block, Sums};
use crate::random::index::RowRange;
use crate::random::{Purpose, Stream};

/// Samples of one task: enough to pay for the task, few enough that its sums stay in a core's cache.
const SAMPLES_PER_BLOCK: u32 = 1024;

/// The sums of all columns of `day` over the resamples numbered `samples`, computed by the current Rayon pool. `done` is
/// told of each finished block its number of samples and the thread time it took.
pub fn resample(
    day: &DayColumns,
    seed: u64,
    samples: Range<u32>,
    done: impl Fn(u32, Duration) + Sync,
) -> Sums {
    let blocks = samples.len().div_ceil(SAMPLES_PER_BLOCK as usize) as u32;
    let blocks = (0..blocks).into_par_iter().map(|block| {
        let first = samples.start + block * SAMPLES_PER_BLOCK;
        let end = first.saturating_add(SAMPLES_PER_BLOCK).min(samples.end);
        let start = Instant::now();
        let block = resample_block(day, seed, first..end);
        done(end - first, start.elapsed());
        block
    });
    Sums { lanes: day.lanes(), blocks: blocks.collect() }
}

/// One block on the current thread.
fn resample_block(day: &DayColumns, seed: u64, samples: Range<u32>) -> Block {
    match day.stride() {
        1 => narrow::<1>(day, seed, samples),
        2 => narrow::<2>(day, seed, samples),
        4 => narrow::<4>(day, seed, samples),
        8 => narrow::<8>(day, seed, samples),
        LINE => narrow::<LINE>(day, seed, samples),
        _ => wide(day, seed, samples),
    }
}

/// Draws each of `samples` in turn and hands its rows and its number within the block to `sum`.
#[inline(always)]
fn each_sample(day: &DayColumns, seed: u64, samples: Range<u32>, mut sum: impl FnMut(usize, &[u32])) {
    let range = RowRange::new(day.rows());
    let mut draws = vec![0; range.buffer_len()];
    for (number, sample) in samples.enumerate() {
        range.draw(Stream { seed, purpose: Purpose::Rows, day: day.day(), sample }, &mut draws);
        sum(number, &draws[..day.rows() as usize]);
    }
}

/// Rows of `STRIDE` words, summed in registers.
#[inline(always)]
fn narrow<const STRIDE: usize>(day: &DayColumns, seed: u64, samples: Range<u32>) -> Block {
    let mut block = Block::new(samples.len(), day.lanes());
    let (rows, _) = day.words().as_chunks::<STRIDE>();
    each_sample(day, seed, samples, |number, draws| {
        let mut sums = [0u32; STRIDE];
        for &row in draws {
            add(&mut sums, &rows[row as usize]);
        }
        block.store(number, 0, &sums);
    });
    block
}

/// Rows of several lines: the sample is drawn once and its rows are read two lines at a time.
#[inline(always)]
fn wide(day: &DayColumns, seed: u64, samples: Range<u32>) -> Block {
    let mut block = Block::new(samples.len(), day.lanes());
    let (lines, _) = day.words().as_chunks::<LINE>();
    let lines_per_row = day.stride() / LINE;
    each_sample(day, seed, samples, |number, draws| {
        for line in (0..lines_per_row).step_by(2) {
            let pair = line + 1 < lines_per_row;
            let (mut first, mut second) = ([0u32; LINE], [0u32; LINE]);
            for &row in draws {
                let at = row as usize * lines_per_row + line;
                add(&mut first, &lines[at]);
                if pair {
                    add(&mut second, &lines[at + 1]);
                }
            }
            block.store(number, line * LINE, &first);
            if pair {
                block.store(number, (line + 1) * LINE, &second);
            }
        }
    });
    block
}

/// Adds a row. No sum exceeds 32 bits, by the scale of the columns.
#[inline(always)]
fn add<const WORDS: usize>(sums: &mut [u32; WORDS], row: &[u32; WORDS]) {
    for (sum, &word) in sums.iter_mut().zip(row) {
        *sum = sum.wrapping_add(word);
    }
}
