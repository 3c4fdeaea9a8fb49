//! The sum on the CPU: Rayon over bands of sixteen rows, a row in each lane of a vector.
//!
//! A lane adds words modulo 2³² and carries are counted: a sum that is below what was added to it has passed 2³². Twin:
//! `shaders/uniform.wgsl`, driven by [`super::gpu`].

use std::time::Instant;

use rayon::prelude::*;

use super::UniformSum;
use crate::compare::race::Steps;
use crate::random::philox::philox4x32_10_samples;
use crate::random::{Purpose, Stream};
use crate::vector::{Kernel, LANES, Lanes, Vectors};

/// Words of a task: enough to pay for it.
const WORDS_PER_TASK: usize = 1 << 17;

/// The sum of the words of a matrix of `size`, computed by the current Rayon pool. Its time is all in the kernel's step.
pub fn sum(size: u32, seed: u64, steps: Option<&mut Steps>) -> UniformSum {
    sum_with(Vectors::best(), size, seed, steps)
}

/// As [`sum`], with the vectors that are named. The sum is the same with all.
pub fn sum_with(vectors: Vectors, size: u32, seed: u64, steps: Option<&mut Steps>) -> UniformSum {
    let start = Instant::now();
    let bands = size.div_ceil(LANES as u32);
    let bands_per_task = (WORDS_PER_TASK / (LANES * size as usize)).max(1);
    let sum_band = |band| vectors.run(Band { size, seed, first_row: band * LANES as u32 });
    let sum = (0..bands).into_par_iter().with_min_len(bands_per_task).map(sum_band).sum();
    if let Some(steps) = steps {
        steps.kernel += start.elapsed();
    }
    UniformSum { size, sum }
}

/// Up to sixteen rows of the matrix, summed on the current thread.
struct Band {
    size: u32,
    seed: u64,
    first_row: u32,
}

impl Kernel for Band {
    type Output = u64;

    #[inline(always)]
    fn run<V: Lanes>(self) -> u64 {
        let Self { size, seed, first_row } = self;
        let rows = (size - first_row).min(LANES as u32);
        // Lanes of rows that the matrix has, lane l as bit l.
        let inside = (u32::MAX >> (32 - rows)) as u16;
        let purpose = Stream::purpose_word(Purpose::UniformMean, 0);
        let key = Stream::key(seed);
        let mut sums = V::splat(0);
        let mut carries = 0;
        for block in 0..size.div_ceil(4) {
            let words = philox4x32_10_samples::<V>([block, first_row, 0, purpose], key);
            // The last block may hold words beyond the rows' ends.
            let left = (size - 4 * block).min(4) as usize;
            for &word in &words[..left] {
                sums = sums.add(word);
                carries += (sums.below(word) & inside).count_ones();
            }
        }
        let mut lanes = [0; LANES];
        sums.store(&mut lanes);
        let low: u64 = lanes[..rows as usize].iter().copied().map(u64::from).sum();
        low + (u64::from(carries) << 32)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn all_vectors_give_the_same_sum() {
        for size in [1, 15, 16, 17, 33, 250] {
            let expected = sum_with(Vectors::Portable, size, 9, None);
            for vectors in Vectors::available() {
                assert_eq!(sum_with(vectors, size, 9, None), expected, "{vectors:?}, n = {size}");
            }
            assert_ne!(sum_with(Vectors::Portable, size, 10, None), expected, "another seed");
        }
    }
}
