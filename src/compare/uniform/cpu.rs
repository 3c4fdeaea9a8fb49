//! The sum on the CPU: Rayon over bands of eight rows, a row in each lane of 64 bits. Twin:
//! `shaders/uniform.wgsl`, driven by [`super::gpu`].

use std::time::Instant;

use rayon::prelude::*;

use super::UniformSum;
use crate::compare::race::Steps;
use crate::random::philox::{BlockWords, Samples};
use crate::random::{Purpose, Stream};
use crate::vector::{Lanes, Vectorized, Vectors, WIDE_LANES, Wide};

/// Words of a task: enough to pay for it.
const WORDS_PER_TASK: usize = 1 << 17;

/// The sum of the words of a matrix of `size`, computed by the current Rayon pool. Its time is all in the
/// kernel's step.
pub fn sum(size: u32, seed: u64, steps: Option<&mut Steps>) -> UniformSum {
    sum_with(Vectors::best(), size, seed, steps)
}

/// As [`sum`], with the vectors that are named. The sum is the same with all.
pub fn sum_with(vectors: Vectors, size: u32, seed: u64, steps: Option<&mut Steps>) -> UniformSum {
    let start = Instant::now();
    let bands = size.div_ceil(WIDE_LANES as u32);
    let bands_per_task = (WORDS_PER_TASK / (WIDE_LANES * size as usize)).max(1);
    let sum_band = |band| vectors.run(Band { size, seed, first_row: band * WIDE_LANES as u32 });
    let sum = (0..bands).into_par_iter().with_min_len(bands_per_task).map(sum_band).sum();
    if let Some(steps) = steps {
        steps.kernel += start.elapsed();
    }
    UniformSum { size, sum }
}

/// Up to eight rows of the matrix, summed on the current thread.
struct Band {
    size: u32,
    seed: u64,
    first_row: u32,
}

impl Vectorized for Band {
    type Output = u64;

    #[inline(always)]
    fn run<V: Lanes>(self) -> u64 {
        let Self { size, seed, first_row } = self;
        let rows = (size - first_row).min(WIDE_LANES as u32);
        let purpose = Stream::purpose_word(Purpose::UniformMean, 0);
        let key = Stream::key(seed);
        let samples = Samples::<V::Wide>::new(first_row, 0, key);
        // A row has fewer than 2³² words, so that its sum fits 64 bits.
        let mut sums = V::Wide::splat(0);
        for block in 0..size.div_ceil(4) {
            let words = samples.words(&BlockWords::new(block, 0, purpose, key));
            // The last block may hold words beyond the rows' ends.
            let left = (size - 4 * block).min(4) as usize;
            for &word in &words[..left] {
                sums = sums.add_low(word);
            }
        }
        let mut lanes = [0; WIDE_LANES];
        sums.store(&mut lanes);
        lanes[..rows as usize].iter().sum()
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
