//! The random stream, version 1: counter-based, exactly uniform, and the same on every device.
//!
//! A draw is a pure function of where it is used, never of what was drawn before it. The generator is
//! Philox4x32-10 ([`philox`]); its 128-bit counter is an address:
//!
//! | counter word | holds |
//! |---|---|
//! | 0 | block within the sample: words 4·block to 4·block + 3 of the stream |
//! | 1 | sample number b, 0 ≤ b < 2³² |
//! | 2 | calendar day as the number YYYYMMDD |
//! | 3 | purpose (high 8 bits, [`Purpose`]) and attempt (low 24 bits, see [`index`]) |
//!
//! and its 64-bit key is the user's seed, low word first. So the draws of (day, sample) depend on the seed,
//! the day, the sample's number and the day's number of rows, and on nothing else: not on which other days or
//! stocks are in the panel, not on how many samples are asked for, not on the device, its threads or how the
//! work was cut. January alone gives January's numbers of the full year, and 1,000 samples are the first
//! 1,000 of 10,000.
//!
//! The stream is part of the public interface: golden values pin it, and a change gets a new
//! [`STREAM_VERSION`].
//!
//! Reading order: [`philox`] (words), [`index`] (words to exactly uniform row numbers), [`rng`] (the same
//! words behind the `rand` traits, for the simulator). `shaders/philox.wgsl` and `shaders/index.wgsl` are the
//! twins of the first two.

pub mod index;
pub mod philox;
pub mod rng;

/// Version of the random stream. Results of equal seed and equal version are equal, bit for bit.
pub const STREAM_VERSION: u32 = 1;

/// What a random word is used for. Each use has a stream of its own, so that no two uses share a word.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[repr(u8)]
pub enum Purpose {
    /// Row numbers of the iid bootstrap.
    Rows = 0,
    /// External weights of the wild bootstrap.
    WildWeights = 1,
    /// The simulated panel.
    Simulation = 2,
    /// The mean of uniforms, a benchmark.
    UniformMean = 3,
    /// First rows of the block bootstrap's blocks.
    BlockStarts = 4,
    /// First rows of the stationary bootstrap's blocks.
    StationaryStarts = 5,
    /// Simulated days that intervals are held against.
    Coverage = 6,
    /// Where the stationary bootstrap's blocks begin.
    StationaryLengths = 7,
    /// Productivity along simulated paths of the growth model.
    Productivity = 8,
}

/// A seed, a purpose, a day and a sample: the address of one stream of 2³⁴ words.
///
/// # Examples
///
/// ```
/// use bellwether::random::{Purpose, Stream};
///
/// let january_3 = Stream { seed: 7, purpose: Purpose::Rows, day: 20070103, sample: 0 };
/// assert_eq!(january_3.word(5, 0), january_3.block(1, 0)[1]);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Stream {
    /// The user's seed: the generator's key, low word first.
    pub seed: u64,
    /// What the words are for.
    pub purpose: Purpose,
    /// Calendar day as the number YYYYMMDD (or any 32-bit label where there is no day).
    pub day: u32,
    /// Sample number, from 0.
    pub sample: u32,
}

impl Stream {
    /// The seed as Philox's key: low word, high word.
    pub const fn key(seed: u64) -> [u32; 2] {
        [seed as u32, (seed >> 32) as u32]
    }

    /// Counter word 3: the purpose above the redraw attempt.
    pub const fn purpose_word(purpose: Purpose, attempt: u32) -> u32 {
        ((purpose as u32) << 24) | (attempt & 0x00ff_ffff)
    }

    /// The four words of `block` at redraw `attempt` (0 unless a word was rejected).
    pub const fn block(&self, block: u32, attempt: u32) -> [u32; 4] {
        let counter = [block, self.sample, self.day, Self::purpose_word(self.purpose, attempt)];
        philox::philox4x32_10(counter, Self::key(self.seed))
    }

    /// Word number `word` of the stream at redraw `attempt`: word `word % 4` of block `word / 4`.
    pub const fn word(&self, word: u32, attempt: u32) -> u32 {
        self.block(word / 4, attempt)[(word % 4) as usize]
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn purposes_have_numbers_of_their_own_which_stay() {
        // In the order of their numbers, which are part of the stream's version 1: a new one gets the next.
        let purposes = [
            Purpose::Rows,
            Purpose::WildWeights,
            Purpose::Simulation,
            Purpose::UniformMean,
            Purpose::BlockStarts,
            Purpose::StationaryStarts,
            Purpose::Coverage,
            Purpose::StationaryLengths,
            Purpose::Productivity,
        ];
        let block = |purpose| Stream { seed: 7, purpose, day: 0, sample: 0 }.block(0, 0);
        for (number, purpose) in purposes.into_iter().enumerate() {
            assert_eq!(purpose as usize, number);
            let counter = [0, 0, 0, (number as u32) << 24];
            assert_eq!(block(purpose), philox::philox4x32_10(counter, [7, 0]));
            // No other purpose has these words.
            let same = purposes.into_iter().filter(|&other| block(other) == block(purpose)).count();
            assert_eq!(same, 1, "{purpose:?}");
        }
    }
}
