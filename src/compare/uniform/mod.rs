//! The mean of n × n uniforms, the lecture's first benchmark: drawn and averaged on the device.
//!
//! Element (i, j) of the matrix is the word w = word j of the random stream of sample i (day 0,
//! [`Purpose::UniformMean`](crate::random::Purpose)), as the uniform u = w / 2³² in [0, 1). The mean is
//!
//! ```text
//! ū = S / (n² · 2³²),   S = Σᵢ Σⱼ w[i][j]
//! ```
//!
//! S < 2⁶⁴ is an integer sum, the same in any order: so ū is the same to the last bit on every device. The
//! CPU counts the carries of 32-bit sums, a GPU adds words in halves of 16 bits, of which 2¹⁶ fit a 32-bit
//! sum.
//!
//! Uniforms on [0, 1) have variance 1/12, so that ū lies within 5 / √(12 n²) of ½ − 2⁻³³ but once in 1.7
//! million seeds.

pub mod cpu;
pub mod gpu;

use std::time::Duration;

use super::race::{Contender, Steps};
use super::{Device, Outcome, Rules, race};
use crate::error::{Error, Result};
use gpu::UniformSummer;

/// Largest n: blocks are numbered in 30 bits.
pub const MAX_SIZE: u32 = 1 << 16;

/// The sum of the words of an n × n matrix.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct UniformSum {
    /// Rows and columns, n.
    pub size: u32,
    /// S, in units of 2⁻³².
    pub sum: u64,
}

impl UniformSum {
    /// The mean of the uniforms.
    pub fn mean(&self) -> f64 {
        let count = f64::from(self.size) * f64::from(self.size);
        // Powers of two scale without rounding.
        self.sum as f64 / count / 2f64.powi(32)
    }
}

/// Checks that a matrix of `size` can be summed.
///
/// # Errors
///
/// [`Error::Parameter`] for no size, or one above [`MAX_SIZE`].
pub fn check_size(size: u64) -> Result<u32> {
    match u32::try_from(size) {
        Ok(size) if (1..=MAX_SIZE).contains(&size) => Ok(size),
        _ => {
            let requirement = format!("rows and columns must number from 1 to {MAX_SIZE}");
            Err(Error::Parameter { name: "size", value: size.to_string(), requirement })
        }
    }
}

/// Times the sums of matrices of `sizes` on `devices`.
///
/// # Errors
///
/// [`Error::Parameter`] for a size out of range, [`Error::Mismatch`], or any of a device.
pub fn compare(
    devices: &[Device],
    sizes: &[u64],
    seed: u64,
    rules: &Rules,
    progress: &dyn Fn(&Device, u64),
) -> Result<Outcome<UniformSum>> {
    for &size in sizes {
        check_size(size)?;
    }
    let mut contenders = Vec::new();
    for device in devices {
        let mut summer: Option<UniformSummer<'_>> = None;
        let run = move |size: u64, steps: Option<&mut Steps>| {
            let size = check_size(size)?;
            let Some(gpu) = &device.gpu else {
                return Ok(device.jobs.install(|| cpu::sum(size, seed, steps)));
            };
            // The first run compiles the kernel, so that its time is told.
            let summer = match &mut summer {
                Some(summer) => summer,
                none => none.insert(UniformSummer::new(gpu)?),
            };
            Ok(summer.sum(size, seed, steps)?)
        };
        contenders.push(Contender { device, method: "", run: Box::new(run) });
    }
    let differ = |one: &UniformSum, other: &UniformSum| {
        (one != other).then(|| format!("the means are {:?} and {:?}", one.mean(), other.mean()))
    };
    let task = race::Task { unit: "rows and columns", differ: &differ, apart: &|_| Duration::ZERO, progress };
    race::race(&mut contenders, sizes, rules, &task)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::{Purpose, Stream};

    #[test]
    fn the_mean_is_that_of_the_words() {
        for size in [1, 2, 3, 4, 5, 7, 16, 63, 64, 65, 130] {
            for seed in [0, 1 << 40] {
                let words = (0..size).flat_map(|row| {
                    let stream = Stream { seed, purpose: Purpose::UniformMean, day: 0, sample: row };
                    (0..size).map(move |column| u64::from(stream.word(column, 0)))
                });
                assert_eq!(cpu::sum(size, seed, None).sum, words.sum::<u64>(), "n = {size}");
            }
        }
    }

    /// `tests/oracles/uniform.py`, which has a Philox of its own.
    #[test]
    fn golden_means() {
        for (size, seed, sum) in GOLDEN {
            assert_eq!(cpu::sum(size, seed, None).sum, sum, "n = {size}, seed {seed}");
        }
        assert_ne!(cpu::sum(10, 2, None).sum, GOLDEN[1].2, "the perturbed twin");
    }

    #[test]
    fn the_mean_is_near_one_half() {
        let size = 2000;
        let standard_error = 1.0 / (12f64.sqrt() * f64::from(size));
        for seed in 0..4 {
            let mean = cpu::sum(size, seed, None).mean();
            assert!((mean - 0.5).abs() < 5.0 * standard_error, "seed {seed}: {mean}");
        }
    }

    #[test]
    fn sizes_out_of_range_are_refused() {
        for size in [0, 65_537, u64::MAX] {
            assert!(check_size(size).unwrap_err().to_string().starts_with("size is"));
        }
        assert!(check_size(65_536).is_ok());
    }

    /// Rows and columns, seed, sum.
    const GOLDEN: [(u32, u64, u64); 4] = [
        (1, 0, 3_115_222_750),
        (10, 1, 220_216_565_647),
        (130, 7, 36_459_998_430_330),
        (67, 4_294_967_301, 9_686_553_738_939),
    ];
}
