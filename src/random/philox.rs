//! Philox4x32-10, a counter-based generator: 128 bits of counter and 64 bits of key in, 128 random bits out.
//!
//! One round takes the counter (c₀, c₁, c₂, c₃) and the key (k₀, k₁) to
//!
//! ```text
//! c₀' = hi(M₁·c₂) ⊕ c₁ ⊕ k₀     c₁' = lo(M₁·c₂)
//! c₂' = hi(M₀·c₀) ⊕ c₃ ⊕ k₁     c₃' = lo(M₀·c₀)
//! ```
//!
//! with hi and lo the halves of the 64-bit product; between rounds the key grows by (W₀, W₁). Ten rounds pass
//! every test of TestU01's BigCrush.
//!
//! Source: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2,
//! 3", SC 2011. Twin: `shaders/philox.wgsl`.

use crate::vector::Wide;

/// Multiplier of counter word 0.
pub const M0: u32 = 0xd251_1f53;
/// Multiplier of counter word 2.
pub const M1: u32 = 0xcd9e_8d57;
/// Weyl increment of key word 0: the golden ratio.
pub const W0: u32 = 0x9e37_79b9;
/// Weyl increment of key word 1: √3 − 1.
pub const W1: u32 = 0xbb67_ae85;
/// Number of rounds.
pub const ROUNDS: usize = 10;

/// High and low half of the 64-bit product of two words.
#[inline(always)]
const fn multiply(a: u32, b: u32) -> (u32, u32) {
    let product = a as u64 * b as u64;
    ((product >> 32) as u32, product as u32)
}

/// The four random words at `counter` under `key`.
///
/// # Examples
///
/// The known answer of the authors' library for an all-zero counter and key:
///
/// ```
/// use bellwether::random::philox::philox4x32_10;
///
/// assert_eq!(philox4x32_10([0; 4], [0; 2]), [0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8]);
/// ```
#[inline]
pub const fn philox4x32_10(counter: [u32; 4], key: [u32; 2]) -> [u32; 4] {
    let [mut c0, mut c1, mut c2, mut c3] = counter;
    let [mut k0, mut k1] = key;
    let mut round = 0;
    while round < ROUNDS {
        let (high0, low0) = multiply(M0, c0);
        let (high1, low1) = multiply(M1, c2);
        (c0, c1, c2, c3) = (high1 ^ c1 ^ k0, low1, high0 ^ c3 ^ k1, low0);
        k0 = k0.wrapping_add(W0);
        k1 = k1.wrapping_add(W1);
        round += 1;
    }
    [c0, c1, c2, c3]
}

/// Blocks of the stream for eight consecutive samples of a day, with the samples in the lanes.
///
/// Only one word of the counter, c₁, differs between samples, and only c₀ between blocks. Three rounds mix
/// the two, and most of these is a number of its own for the samples or for the blocks:
///
/// ```text
/// round   c₀                          c₁            c₂                             c₃
/// 1       hi(M₁·day) ⊕ sample ⊕ k₀    lo(M₁·day)    hi(M₀·block) ⊕ purpose ⊕ k₁    lo(M₀·block)
/// 2, 3    hi(M₁·c₂) ⊕ c₁ ⊕ k₀         lo(M₁·c₂)     hi(M₀·c₀) ⊕ c₃ ⊕ k₁            lo(M₀·c₀)
/// ```
///
/// After round 1, c₀ is the samples' and the others are the block's; after round 2, c₀ and c₁ are the
/// block's, c₃ is the samples', and c₂ is one of each. So a block has four numbers ([`BlockWords`]), the
/// samples have two products ([`Samples`]), and the first three rounds of both together take one
/// multiplication.
#[derive(Debug, Clone, Copy)]
pub struct Samples<W> {
    /// hi(M₀·c₀) and lo(M₀·c₀) of round 2.
    products: [W; 2],
    /// The keys of the rounds after the third.
    keys: [[W; 2]; ROUNDS - 3],
}

/// What the first three rounds make of a block and a day, whatever the sample: words, in 64 bits as they are
/// spread over lanes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct BlockWords {
    /// c₃ ⊕ k₁ of round 2.
    second: u64,
    /// c₁ ⊕ k₀ of round 3.
    first: u64,
    /// hi(M₀·c₀) ⊕ k₁ of round 3.
    third: u64,
    /// lo(M₀·c₀) of round 3.
    fourth: u64,
}

/// The key of a round, counted from 0.
#[inline(always)]
const fn round_key([k0, k1]: [u32; 2], round: u32) -> [u32; 2] {
    [k0.wrapping_add(W0.wrapping_mul(round)), k1.wrapping_add(W1.wrapping_mul(round))]
}

impl BlockWords {
    /// Those of `block` on `day` for `purpose`, counter words 0, 2 and 3.
    pub const fn new(block: u32, day: u32, purpose: u32, key: [u32; 2]) -> Self {
        let (high0, low0) = multiply(M0, block);
        let (_, low1) = multiply(M1, day);
        let (c1, c2, c3) = (low1, high0 ^ purpose ^ round_key(key, 0)[1], low0);
        let [k0, k1] = round_key(key, 1);
        let second = c3 ^ k1;
        let (high1, low1) = multiply(M1, c2);
        let (c0, c1) = (high1 ^ c1 ^ k0, low1);
        let [k0, k1] = round_key(key, 2);
        let (high0, low0) = multiply(M0, c0);
        Self {
            second: second as u64,
            first: (c1 ^ k0) as u64,
            third: (high0 ^ k1) as u64,
            fourth: low0 as u64,
        }
    }
}

impl<W: Wide> Samples<W> {
    /// Those from `sample` on, on `day`.
    #[inline(always)]
    pub fn new(sample: u32, day: u32, key: [u32; 2]) -> Self {
        let (high1, _) = multiply(M1, day);
        let samples = W::load(&std::array::from_fn(|lane| sample.wrapping_add(lane as u32).into()));
        let product =
            samples.xor(W::splat((high1 ^ round_key(key, 0)[0]).into())).multiply(W::splat(M0.into()));
        let mut keys = [[product; 2]; ROUNDS - 3];
        for (round, keys) in keys.iter_mut().enumerate() {
            let [k0, k1] = round_key(key, 3 + round as u32);
            *keys = [W::splat(k0.into()), W::splat(k1.into())];
        }
        Self { products: [product.high(), product], keys }
    }

    /// The words of a block: `[w]` lane l is word w of sample l, in the low word of the lane.
    #[inline(always)]
    pub fn words(&self, block: &BlockWords) -> [W; 4] {
        let [high, low] = self.products;
        let (m0, m1) = (W::splat(M0.into()), W::splat(M1.into()));
        let product = high.xor(W::splat(block.second)).multiply(m1);
        let mut c0 = product.high().xor(W::splat(block.first));
        let mut c1 = product;
        let mut c2 = low.xor(W::splat(block.third));
        let mut c3 = W::splat(block.fourth);
        for &[k0, k1] in &self.keys {
            let (product0, product1) = (c0.multiply(m0), c2.multiply(m1));
            c0 = product1.high().xor(c1).xor(k0);
            c2 = product0.high().xor(c3).xor(k1);
            (c1, c3) = (product1, product0);
        }
        [c0, c1, c2, c3]
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::{Lanes, Vectorized, Vectors, WIDE_LANES};

    /// Counter, key and answer of Random123's `kat_vectors` (philox4x32 10).
    const KNOWN_ANSWERS: [([u32; 4], [u32; 2], [u32; 4]); 3] = [
        ([0; 4], [0; 2], [0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8]),
        ([u32::MAX; 4], [u32::MAX; 2], [0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd]),
        (
            [0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344],
            [0xa409_3822, 0x299f_31d0],
            [0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1],
        ),
    ];

    #[test]
    fn known_answers() {
        for (counter, key, answer) in KNOWN_ANSWERS {
            assert_eq!(philox4x32_10(counter, key), answer);
        }
    }

    /// The blocks of eight samples, as eight counters would give them.
    struct Block {
        counter: [u32; 4],
        key: [u32; 2],
    }

    impl Vectorized for Block {
        type Output = [[u64; WIDE_LANES]; 4];

        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            let Self { counter: [block, sample, day, purpose], key } = self;
            let block = BlockWords::new(block, day, purpose, key);
            let mut words = [[0; WIDE_LANES]; 4];
            let samples = Samples::<V::Wide>::new(sample, day, key);
            for (lanes, words) in samples.words(&block).into_iter().zip(&mut words) {
                lanes.store(words);
            }
            words
        }
    }

    #[test]
    fn samples_equal_single_counters() {
        for vectors in Vectors::available() {
            for (counter, key, _) in KNOWN_ANSWERS {
                let words = vectors.run(Block { counter, key });
                for lane in 0..WIDE_LANES {
                    let mut single = counter;
                    single[1] = single[1].wrapping_add(lane as u32);
                    let expected = philox4x32_10(single, key);
                    assert_eq!(
                        std::array::from_fn(|word| words[word][lane] as u32),
                        expected,
                        "{vectors:?}, lane {lane}"
                    );
                }
            }
        }
    }
}
