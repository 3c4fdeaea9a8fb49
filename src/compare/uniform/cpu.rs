//! The sum on the CPU: Rayon over rows, blocks of the generator side by side in vector lanes.
//!
//! Twin: `shaders/uniform.wgsl`, driven by [`super::gpu`].

use std::time::Instant;

use rayon::prelude::*;

use super::UniformSum;
use crate::compare::race::Steps;
use crate::random::philox::philox4x32_10_lanes;
use crate::random::{Purpose, Stream};

/// Blocks of the generator drawn together.
const LANES: usize = 16;

/// Words of a task: enough to pay for it.
const WORDS_PER_TASK: usize = 1 << 16;

/// The sum of the words of a matrix of `size`, computed by the current Rayon pool. Its time is all in the kernel's step.
pub fn sum(size: u32, seed: u64, steps: Option<&mut Steps>) -> UniformSum {
    let start = Instant::now();
    let rows_per_task = (WORDS_PER_TASK / size as usize).max(1);
    let rows = (0..size).into_par_iter().with_min_len(rows_per_task);
    let sum = rows.map(|row| sum_row(size, row, seed)).sum();
    if let Some(steps) = steps {
        steps.kernel += start.elapsed();
    }
    UniformSum { size, sum }
}

/// The sum of one row. A row has at most 2¹⁶ words, so that the halves of those in a lane fit 32 bits.
fn sum_row(size: u32, row: u32, seed: u64) -> u64 {
    let counter = [row, 0, Stream::purpose_word(Purpose::UniformMean, 0)];
    let key = Stream::key(seed);
    let mut low = [0u32; LANES];
    let mut high = [0u32; LANES];
    let step = LANES as u32;
    let whole = size / (4 * step) * step;
    for block in (0..whole).step_by(LANES) {
        for words in philox4x32_10_lanes::<LANES>(block, counter, key) {
            for lane in 0..LANES {
                low[lane] += words[lane] & 0xffff;
                high[lane] += words[lane] >> 16;
            }
        }
    }
    let sum = |halves: [u32; LANES]| halves.into_iter().map(u64::from).sum::<u64>();
    let mut total = (sum(high) << 16) + sum(low);
    // What is left of the row, word by word.
    if 4 * whole < size {
        let words = philox4x32_10_lanes::<LANES>(whole, counter, key);
        for column in 0..(size - 4 * whole) as usize {
            total += u64::from(words[column % 4][column / 4]);
        }
    }
    total
}
