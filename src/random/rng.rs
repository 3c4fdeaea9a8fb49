//! The random stream behind the `rand` traits, so that any distribution of `rand` and `rand_distr` draws from
//! it.

use std::convert::Infallible;

use rand::TryRng;
use rand::rand_core::utils;

use super::Stream;

/// A [`Stream`] read from its first word on.
///
/// # Examples
///
/// ```
/// use bellwether::random::{Purpose, Stream, rng::StreamRng};
/// use rand::Rng;
///
/// let stream = Stream { seed: 7, purpose: Purpose::Simulation, day: 20070103, sample: 0 };
/// let mut rng = StreamRng::new(stream);
/// assert_eq!(rng.next_u32(), stream.word(0, 0));
/// assert_eq!(rng.next_u32(), stream.word(1, 0));
/// ```
#[derive(Debug, Clone)]
pub struct StreamRng {
    stream: Stream,
    block: [u32; 4],
    /// Number of the next word.
    next: u32,
}

impl StreamRng {
    /// A generator at the first word of `stream`.
    pub const fn new(stream: Stream) -> Self {
        Self { stream, block: [0; 4], next: 0 }
    }
}

impl TryRng for StreamRng {
    type Error = Infallible;

    fn try_next_u32(&mut self) -> Result<u32, Infallible> {
        let lane = (self.next % 4) as usize;
        if lane == 0 {
            self.block = self.stream.block(self.next / 4, 0);
        }
        self.next = self.next.wrapping_add(1);
        Ok(self.block[lane])
    }

    fn try_next_u64(&mut self) -> Result<u64, Infallible> {
        utils::next_u64_via_u32(self)
    }

    fn try_fill_bytes(&mut self, bytes: &mut [u8]) -> Result<(), Infallible> {
        utils::fill_bytes_via_next_word(bytes, || self.try_next_u32())
    }
}

#[cfg(test)]
mod tests {
    use rand::Rng;

    use super::*;
    use crate::random::Purpose;

    #[test]
    fn bytes_and_double_words_come_from_the_same_words() {
        let stream = Stream { seed: 1, purpose: Purpose::Simulation, day: 20070103, sample: 9 };
        let words: Vec<u32> = (0..6).map(|word| stream.word(word, 0)).collect();
        let mut rng = StreamRng::new(stream);
        assert_eq!(rng.next_u64(), u64::from(words[0]) | u64::from(words[1]) << 32);
        let mut bytes = [0; 16];
        rng.fill_bytes(&mut bytes);
        let expected: Vec<u8> = words[2..].iter().flat_map(|word| word.to_le_bytes()).collect();
        assert_eq!(bytes[..], expected);
    }
}
