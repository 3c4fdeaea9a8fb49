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

/// `L` consecutive blocks of one stream at once, as four arrays of `L` words: `words[w][l]` is word `w` of block
/// `first + l`. The lanes are independent, so that a compiler turns each step into one vector instruction.
#[inline(always)]
pub fn philox4x32_10_lanes<const L: usize>(first: u32, counter: [u32; 3], key: [u32; 2]) -> [[u32; L]; 4] {
    let mut c0: [u32; L] = std::array::from_fn(|lane| first.wrapping_add(lane as u32));
    let mut c1 = [counter[0]; L];
    let mut c2 = [counter[1]; L];
    let mut c3 = [counter[2]; L];
    let [mut k0, mut k1] = key;
    for _ in 0..ROUNDS {
        for lane in 0..L {
            let (high0, low0) = multiply(M0, c0[lane]);
            let (high1, low1) = multiply(M1, c2[lane]);
            c0[lane] = high1 ^ c1[lane] ^ k0;
            c1[lane] = low1;
            c2[lane] = high0 ^ c3[lane] ^ k1;
            c3[lane] = low0;
        }
        k0 = k0.wrapping_add(W0);
        k1 = k1.wrapping_add(W1);
    }
    [c0, c1, c2, c3]
}

#[cfg(test)]
mod tests {
    use super::*;

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

    #[test]
    fn lanes_equal_single_blocks() {
        for (counter, key, _) in KNOWN_ANSWERS {
            let lanes = philox4x32_10_lanes::<16>(counter[0], [counter[1], counter[2], counter[3]], key);
            for lane in 0..16 {
                let mut single = counter;
                single[0] = single[0].wrapping_add(lane as u32);
                let expected = philox4x32_10(single, key);
                assert_eq!(std::array::from_fn(|word| lanes[word][lane]), expected, "lane {lane}");
            }
        }
    }
}
