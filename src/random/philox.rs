//! Philox4x32-10, a counter-based generator: 128 bits of counter and 64 bits of key in, 128 random bits out.
//!
//! One round takes the counter (c₀, c₁, c₂, c₃) and the key (k₀, k₁) to
//!
//! ```text
//! c₀' = hi(M₁·c₂) ⊕ c₁ ⊕ k₀     c₁' = lo(M₁·c₂)
//! c₂' = hi(M₀·c₀) ⊕ c₃ ⊕ k₁     c₃' = lo(M₀·c₀)
//! ```
//!
//! with hi and lo the halves of the 64-bit product; between rounds the key grows by (W₀, W₁). Ten rounds pass every
//! test of TestU01's BigCrush.
//!
//! Source: J. K. Salmon, M. A. Moraes, R. O. Dror and D. E. Shaw, "Parallel random numbers: as easy as 1, 2, 3", SC 2011.
//! Twin: `shaders/philox.wgsl`.

use crate::vector::Lanes;

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

/// The words of one block for sixteen consecutive samples: `[w]` lane l is word w at the counter
/// (`block`, `sample` + l, `day`, `purpose`).
///
/// Only one word of the counter differs between the lanes, and it takes two rounds to reach all four: until then what is
/// the same in all lanes is computed once. Four of the twenty vector multiplications fall away.
#[inline(always)]
pub fn philox4x32_10_samples<V: Lanes>(counter: [u32; 4], key: [u32; 2]) -> [V; 4] {
    let [block, sample, day, purpose] = counter;
    let [mut k0, mut k1] = key;
    let samples = V::splat(sample).add(V::load(&std::array::from_fn(|lane| lane as u32)));
    // Round 1: word 0 gets the samples.
    let (high0, low0) = multiply(M0, block);
    let (high1, low1) = multiply(M1, day);
    let (c0, c1, c2, c3) = (V::splat(high1 ^ k0).xor(samples), low1, high0 ^ purpose ^ k1, low0);
    (k0, k1) = (k0.wrapping_add(W0), k1.wrapping_add(W1));
    // Round 2: words 2 and 3 get them from word 0.
    let (high0, low0) = c0.multiply(V::splat(M0));
    let (high1, low1) = multiply(M1, c2);
    let (c0, c1, c2, c3) = (high1 ^ c1 ^ k0, low1, high0.xor(V::splat(c3 ^ k1)), low0);
    (k0, k1) = (k0.wrapping_add(W0), k1.wrapping_add(W1));
    // Round 3: words 0 and 1 get them from word 2.
    let (high0, low0) = multiply(M0, c0);
    let (high1, low1) = c2.multiply(V::splat(M1));
    let (mut c0, mut c1, mut c2, mut c3) =
        (high1.xor(V::splat(c1 ^ k0)), low1, c3.xor(V::splat(high0 ^ k1)), V::splat(low0));
    (k0, k1) = (k0.wrapping_add(W0), k1.wrapping_add(W1));
    for _ in 3..ROUNDS {
        let (high0, low0) = c0.multiply(V::splat(M0));
        let (high1, low1) = c2.multiply(V::splat(M1));
        (c0, c1, c2, c3) = (high1.xor(c1).xor(V::splat(k0)), low1, high0.xor(c3).xor(V::splat(k1)), low0);
        (k0, k1) = (k0.wrapping_add(W0), k1.wrapping_add(W1));
    }
    [c0, c1, c2, c3]
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vector::{Kernel, LANES, Vectors};

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

    /// The blocks of sixteen samples, as sixteen counters would give them.
    struct Samples {
        counter: [u32; 4],
        key: [u32; 2],
    }

    impl Kernel for Samples {
        type Output = [[u32; LANES]; 4];

        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            let mut words = [[0; LANES]; 4];
            for (lanes, words) in
                philox4x32_10_samples::<V>(self.counter, self.key).into_iter().zip(&mut words)
            {
                lanes.store(words);
            }
            words
        }
    }

    #[test]
    fn samples_equal_single_counters() {
        for vectors in Vectors::available() {
            for (counter, key, _) in KNOWN_ANSWERS {
                let words = vectors.run(Samples { counter, key });
                for lane in 0..LANES {
                    let mut single = counter;
                    single[1] = single[1].wrapping_add(lane as u32);
                    let expected = philox4x32_10(single, key);
                    assert_eq!(
                        std::array::from_fn(|word| words[word][lane]),
                        expected,
                        "{vectors:?}, lane {lane}"
                    );
                }
            }
        }
    }
}
