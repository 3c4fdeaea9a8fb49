//! Sixteen words at once, with the vectors that this machine has.
//!
//! [`Lanes`] is a vector of sixteen 32-bit words with the few operations that the random stream and the
//! column sums need. Work that is [`Vectorized`] is written once over any `Lanes`; [`Vectors::run`] compiles
//! it for each instruction set and runs it on the one that is named. All arithmetic is on integers, so that
//! all give the same bits.
//!
//! `unsafe` code lives here and, for reading rows without a check, in `resample/draws.rs`: intrinsics are
//! sound where their instruction set exists, and values of the types for AVX2 and AVX-512 only come into
//! being inside of [`Vectors::run`], which has checked that.

#![allow(unsafe_code, reason = "intrinsics; each block says why it is sound")]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;
use std::sync::OnceLock;

/// Number of lanes.
pub const LANES: usize = 16;

/// Number of lanes of 64 bits.
pub const WIDE_LANES: usize = 8;

/// Eight lanes of 64 bits, for products of words: the low word of a lane is a number, its high word is what a
/// product leaves there, or of no account.
pub trait Wide: Copy {
    /// The same number in all lanes.
    fn splat(number: u64) -> Self;
    /// The lanes of an array.
    fn load(lanes: &[u64; WIDE_LANES]) -> Self;
    /// Writes the lanes into an array.
    fn store(self, lanes: &mut [u64; WIDE_LANES]);
    /// The products of the low words, of 64 bits.
    fn multiply(self, factor: Self) -> Self;
    /// The high words, moved to the places of the low ones.
    fn high(self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, other: Self) -> Self;
    /// Sums of the lanes with the low words of `other`, modulo 2⁶⁴.
    fn add_low(self, other: Self) -> Self;
    /// The smaller low words.
    fn smaller(self, other: Self) -> Self;
    /// Lanes whose low word is below that of `bound`, lane l as bit l.
    fn below(self, bound: Self) -> u8;
    /// Where the low word of a lane is below that of `bound` that lane of `number`, whose high word must be
    /// zero; else zero.
    fn choose_below(self, bound: Self, number: Self) -> Self;
    /// The high words of this and of `next`, as the low and the high word of a lane.
    fn pair_high(self, next: Self) -> Self;
    /// This, or 16 bits higher the `other`: numbers below 2¹⁶ in words become pairs of halves.
    fn or_above(self, other: Self) -> Self;
    /// Products of halves (16 bits) modulo 2¹⁶, with one factor for all.
    fn scale_halves(self, factor: u16) -> Self;
    /// Products of words modulo 2³², with one factor for all.
    fn scale_words(self, factor: u32) -> Self;
}

/// Sixteen 32-bit words.
pub trait Lanes: Copy {
    /// Lanes of 64 bits with the same instruction set.
    type Wide: Wide;
    /// The same word in all lanes.
    fn splat(word: u32) -> Self;
    /// The words of an array.
    fn load(words: &[u32; LANES]) -> Self;
    /// Writes the words into an array.
    fn store(self, words: &mut [u32; LANES]);
    /// Sums modulo 2³².
    fn add(self, other: Self) -> Self;
    /// Bitwise exclusive or.
    fn xor(self, other: Self) -> Self;
    /// High and low words of the 64-bit products with `factor`, one number for all lanes.
    fn multiply(self, factor: Self) -> (Self, Self);
    /// Low words of the products with the same lane of `other`.
    fn multiply_low(self, other: Self) -> Self;
    /// Lanes below the same lane of `bound`, lane l as bit l.
    fn below(self, bound: Self) -> u16;
}

/// Numbers of values, each below a bound that is known: looking values up needs one test for all.
#[derive(Debug, Clone, Default)]
pub struct Places {
    numbers: Vec<u32>,
    bound: usize,
}

/// Some [`Places`] in a row, to be changed.
#[derive(Debug)]
pub struct PlacesMut<'a> {
    numbers: &'a mut [u32],
    bound: usize,
}

impl Places {
    /// So many places, all 0, among `bound` > 0 values.
    pub fn new(count: usize, bound: usize) -> Self {
        Self { numbers: vec![0; if bound == 0 { 0 } else { count }], bound }
    }

    /// The numbers, each below the bound.
    pub fn numbers(&self) -> &[u32] {
        &self.numbers
    }

    /// All of them, to be changed.
    pub fn all_mut(&mut self) -> PlacesMut<'_> {
        PlacesMut { numbers: &mut self.numbers, bound: self.bound }
    }

    /// All of them in parts of `size`, the last one what is left.
    pub fn parts_mut(&mut self, size: usize) -> impl Iterator<Item = PlacesMut<'_>> {
        let bound = self.bound;
        self.numbers.chunks_mut(size).map(move |numbers| PlacesMut { numbers, bound })
    }
}

impl PlacesMut<'_> {
    /// The numbers, each below the bound.
    pub fn numbers(&self) -> &[u32] {
        self.numbers
    }

    /// Places from `first` on become `numbers`, or the last value where a number is none.
    #[inline(always)]
    pub fn set(&mut self, first: usize, numbers: &[u32]) {
        let last = u32::try_from(self.bound - 1).unwrap_or(u32::MAX);
        for (place, number) in self.numbers[first..].iter_mut().zip(numbers) {
            *place = (*number).min(last);
        }
    }

    /// The values at each eight places in a row, and the numbers of up to seven places that are left; no
    /// values where there are fewer than places may name.
    #[inline(always)]
    pub fn look_up<'v>(
        &'v self,
        values: &'v [f64],
    ) -> (impl Iterator<Item = [f64; WIDE_LANES]> + 'v, &'v [u32]) {
        let (eights, rest) = self.numbers.as_chunks::<WIDE_LANES>();
        let eights = if values.len() < self.bound { &[] } else { eights };
        let found = eights.iter().map(move |places| {
            // SAFETY: numbers are below the bound from the beginning, `set` keeps them there, and there are
            // as many values.
            places.map(|place| unsafe { *values.get_unchecked(place as usize) })
        });
        (found, rest)
    }
}

/// Work that is compiled for every instruction set. `run` must be `#[inline(always)]`, and so must all that
/// it calls in its inner loops: only what is inlined into [`Vectors::run`] is compiled for the instruction
/// set.
pub trait Vectorized {
    /// What the work gives.
    type Output;
    /// The work.
    fn run<V: Lanes>(self) -> Self::Output;
}

/// An instruction set.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Vectors {
    /// What the compiler's target has at the least: SSE2 on x86-64, NEON on 64-bit Arm.
    Portable,
    /// AVX2: two vectors of 8 words.
    #[cfg(target_arch = "x86_64")]
    Avx2,
    /// AVX-512 (F, BW, DQ, VL): one vector of 16 words.
    #[cfg(target_arch = "x86_64")]
    Avx512,
}

impl Vectors {
    /// The instruction sets that this machine has, best last.
    pub fn available() -> Vec<Self> {
        #[allow(unused_mut, reason = "other machines have nothing to add")]
        let mut available = vec![Self::Portable];
        #[cfg(target_arch = "x86_64")]
        available.extend([Self::Avx2, Self::Avx512].into_iter().filter(|vectors| vectors.exists()));
        available
    }

    /// The best instruction set that this machine has; or, for tests of the whole program, the one that the
    /// environment variable `BELLWETHER_VECTORS` names (`portable`, `avx2`, `avx512`), where the machine has
    /// it.
    pub fn best() -> Self {
        static BEST: OnceLock<Vectors> = OnceLock::new();
        *BEST.get_or_init(|| {
            let available = Self::available();
            let wanted = std::env::var("BELLWETHER_VECTORS").unwrap_or_default();
            let named = available.iter().find(|vectors| format!("{vectors:?}").eq_ignore_ascii_case(&wanted));
            named.or(available.last()).copied().unwrap_or(Self::Portable)
        })
    }

    /// Whether this machine has it. The answer is cached by the standard library.
    fn exists(self) -> bool {
        match self {
            Self::Portable => true,
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 => is_x86_feature_detected!("avx2"),
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 => {
                is_x86_feature_detected!("avx512f")
                    && is_x86_feature_detected!("avx512bw")
                    && is_x86_feature_detected!("avx512dq")
                    && is_x86_feature_detected!("avx512vl")
            }
        }
    }

    /// Runs `work` with this instruction set, or with the portable one where the machine does not have it.
    pub fn run<W: Vectorized>(self, work: W) -> W::Output {
        match self {
            // SAFETY: the instruction set exists on this machine.
            #[cfg(target_arch = "x86_64")]
            Self::Avx2 if self.exists() => unsafe { run_avx2(work) },
            // SAFETY: as above.
            #[cfg(target_arch = "x86_64")]
            Self::Avx512 if self.exists() => unsafe { run_avx512(work) },
            _ => work.run::<Portable>(),
        }
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn run_avx2<W: Vectorized>(work: W) -> W::Output {
    work.run::<Avx2>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx512bw,avx512dq,avx512vl,avx2")]
fn run_avx512<W: Vectorized>(work: W) -> W::Output {
    work.run::<Avx512>()
}

/// Wide lanes as an array, for the compiler to turn into what the target has.
#[derive(Debug, Clone, Copy)]
pub struct PortableWide([u64; WIDE_LANES]);

/// The low word of a lane.
const LOW: u64 = u32::MAX as u64;

impl PortableWide {
    #[inline(always)]
    fn zip(self, other: Self, function: impl Fn(u64, u64) -> u64) -> Self {
        Self(std::array::from_fn(|lane| function(self.0[lane], other.0[lane])))
    }
}

impl Wide for PortableWide {
    #[inline(always)]
    fn splat(number: u64) -> Self {
        Self([number; WIDE_LANES])
    }

    #[inline(always)]
    fn load(lanes: &[u64; WIDE_LANES]) -> Self {
        Self(*lanes)
    }

    #[inline(always)]
    fn store(self, lanes: &mut [u64; WIDE_LANES]) {
        *lanes = self.0;
    }

    #[inline(always)]
    fn multiply(self, factor: Self) -> Self {
        self.zip(factor, |a, b| (a & LOW) * (b & LOW))
    }

    #[inline(always)]
    fn high(self) -> Self {
        Self(self.0.map(|lane| lane >> 32))
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.zip(other, |a, b| a ^ b)
    }

    #[inline(always)]
    fn add_low(self, other: Self) -> Self {
        self.zip(other, |a, b| a.wrapping_add(b & LOW))
    }

    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        self.zip(other, |a, b| (a & LOW).min(b & LOW))
    }

    #[inline(always)]
    fn below(self, bound: Self) -> u8 {
        (0..WIDE_LANES)
            .fold(0, |mask, lane| mask | u8::from(self.0[lane] & LOW < bound.0[lane] & LOW) << lane)
    }

    #[inline(always)]
    fn choose_below(self, bound: Self, number: Self) -> Self {
        Self(std::array::from_fn(|lane| {
            let below = self.0[lane] & LOW < bound.0[lane] & LOW;
            if below { number.0[lane] } else { 0 }
        }))
    }

    #[inline(always)]
    fn pair_high(self, next: Self) -> Self {
        self.zip(next, |a, b| a >> 32 | b & !LOW)
    }

    #[inline(always)]
    fn or_above(self, other: Self) -> Self {
        self.zip(other, |a, b| a | b << 16)
    }

    #[inline(always)]
    fn scale_halves(self, factor: u16) -> Self {
        let halves: [u16; 4 * WIDE_LANES] = bytemuck::cast(self.0);
        Self(bytemuck::cast(halves.map(|half| half.wrapping_mul(factor))))
    }

    #[inline(always)]
    fn scale_words(self, factor: u32) -> Self {
        let words: [u32; 2 * WIDE_LANES] = bytemuck::cast(self.0);
        Self(bytemuck::cast(words.map(|word| word.wrapping_mul(factor))))
    }
}

/// Lanes as an array, for the compiler to turn into what the target has.
#[derive(Debug, Clone, Copy)]
pub struct Portable([u32; LANES]);

impl Lanes for Portable {
    type Wide = PortableWide;

    #[inline(always)]
    fn splat(word: u32) -> Self {
        Self([word; LANES])
    }

    #[inline(always)]
    fn load(words: &[u32; LANES]) -> Self {
        Self(*words)
    }

    #[inline(always)]
    fn store(self, words: &mut [u32; LANES]) {
        *words = self.0;
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane].wrapping_add(other.0[lane])))
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane] ^ other.0[lane]))
    }

    #[inline(always)]
    fn multiply(self, factor: Self) -> (Self, Self) {
        let product = |lane: usize| u64::from(self.0[lane]) * u64::from(factor.0[lane]);
        (
            Self(std::array::from_fn(|lane| (product(lane) >> 32) as u32)),
            Self(std::array::from_fn(|lane| product(lane) as u32)),
        )
    }

    #[inline(always)]
    fn multiply_low(self, other: Self) -> Self {
        Self(std::array::from_fn(|lane| self.0[lane].wrapping_mul(other.0[lane])))
    }

    #[inline(always)]
    fn below(self, bound: Self) -> u16 {
        (0..LANES).fold(0, |mask, lane| mask | u16::from(self.0[lane] < bound.0[lane]) << lane)
    }
}

/// Lanes 0 to 7 and 8 to 15.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
struct Avx2([__m256i; 2]);

// SAFETY of all blocks: values of this type exist only inside `run_avx2`, on a machine with AVX2; loads and
// stores are unaligned ones of 32 bytes each within the array's 64.
#[cfg(target_arch = "x86_64")]
impl Lanes for Avx2 {
    type Wide = Avx2Wide;

    #[inline(always)]
    fn splat(word: u32) -> Self {
        Self([unsafe { _mm256_set1_epi32(word as i32) }; 2])
    }

    #[inline(always)]
    fn load(words: &[u32; LANES]) -> Self {
        let first = words.as_ptr().cast::<__m256i>();
        Self(unsafe { [_mm256_loadu_si256(first), _mm256_loadu_si256(first.add(1))] })
    }

    #[inline(always)]
    fn store(self, words: &mut [u32; LANES]) {
        let first = words.as_mut_ptr().cast::<__m256i>();
        unsafe {
            _mm256_storeu_si256(first, self.0[0]);
            _mm256_storeu_si256(first.add(1), self.0[1]);
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        let ([a, b], [c, d]) = (self.0, other.0);
        Self(unsafe { [_mm256_add_epi32(a, c), _mm256_add_epi32(b, d)] })
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self([0, 1].map(|half| unsafe { _mm256_xor_si256(self.0[half], other.0[half]) }))
    }

    #[inline(always)]
    fn multiply(self, factor: Self) -> (Self, Self) {
        // Products of the even and of the odd lanes, as pairs (low, high), then put back in the order of the
        // lanes.
        let products = [0, 1].map(|half| unsafe {
            let (a, m) = (self.0[half], factor.0[half]);
            let even = _mm256_mul_epu32(a, m);
            let odd = _mm256_mul_epu32(_mm256_srli_epi64::<32>(a), m);
            let high = _mm256_blend_epi32::<0xaa>(_mm256_srli_epi64::<32>(even), odd);
            let low = _mm256_blend_epi32::<0xaa>(even, _mm256_slli_epi64::<32>(odd));
            (high, low)
        });
        (Self(products.map(|(high, _)| high)), Self(products.map(|(_, low)| low)))
    }

    #[inline(always)]
    fn multiply_low(self, other: Self) -> Self {
        Self([0, 1].map(|half| unsafe { _mm256_mullo_epi32(self.0[half], other.0[half]) }))
    }

    #[inline(always)]
    fn below(self, bound: Self) -> u16 {
        // AVX2 compares signed words: a < b where max(a, b) is not a.
        let mask = |this: __m256i, bound: __m256i| unsafe {
            let least = _mm256_cmpeq_epi32(_mm256_max_epu32(this, bound), this);
            !_mm256_movemask_ps(_mm256_castsi256_ps(least)) as u16 & 0xff
        };
        let masks = [mask(self.0[0], bound.0[0]), mask(self.0[1], bound.0[1])];
        masks[0] | masks[1] << 8
    }
}

/// All lanes in one vector.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
struct Avx512(__m512i);

// SAFETY of all blocks: values of this type exist only inside `run_avx512`, on a machine with AVX-512; loads
// and stores are unaligned ones of the array's 64 bytes.
#[cfg(target_arch = "x86_64")]
impl Lanes for Avx512 {
    type Wide = Avx512Wide;

    #[inline(always)]
    fn splat(word: u32) -> Self {
        Self(unsafe { _mm512_set1_epi32(word as i32) })
    }

    #[inline(always)]
    fn load(words: &[u32; LANES]) -> Self {
        Self(unsafe { _mm512_loadu_si512(words.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self, words: &mut [u32; LANES]) {
        unsafe { _mm512_storeu_si512(words.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_epi32(self.0, other.0) })
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(unsafe { _mm512_xor_si512(self.0, other.0) })
    }

    #[inline(always)]
    fn multiply(self, factor: Self) -> (Self, Self) {
        unsafe {
            // Products of the even and of the odd lanes, as pairs (low, high); each half of the result is one
            // of them with the other's words moved in.
            let even = _mm512_mul_epu32(self.0, factor.0);
            let odd = _mm512_mul_epu32(_mm512_srli_epi64::<32>(self.0), factor.0);
            let high = _mm512_mask_shuffle_epi32::<0b11_11_01_01>(odd, 0x5555, even);
            let low = _mm512_mask_shuffle_epi32::<0b10_10_00_00>(even, 0xaaaa, odd);
            (Self(high), Self(low))
        }
    }

    #[inline(always)]
    fn multiply_low(self, other: Self) -> Self {
        Self(unsafe { _mm512_mullo_epi32(self.0, other.0) })
    }

    #[inline(always)]
    fn below(self, bound: Self) -> u16 {
        unsafe { _mm512_cmplt_epu32_mask(self.0, bound.0) }
    }
}

/// Lanes 0 to 3 and 4 to 7.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
struct Avx2Wide([__m256i; 2]);

#[cfg(target_arch = "x86_64")]
impl Avx2Wide {
    #[inline(always)]
    fn zip(self, other: Self, function: impl Fn(__m256i, __m256i) -> __m256i) -> Self {
        Self([function(self.0[0], other.0[0]), function(self.0[1], other.0[1])])
    }
}

// SAFETY of all blocks: as for `Avx2`.
#[cfg(target_arch = "x86_64")]
impl Wide for Avx2Wide {
    #[inline(always)]
    fn splat(number: u64) -> Self {
        Self([unsafe { _mm256_set1_epi64x(number as i64) }; 2])
    }

    #[inline(always)]
    fn load(lanes: &[u64; WIDE_LANES]) -> Self {
        let first = lanes.as_ptr().cast::<__m256i>();
        Self(unsafe { [_mm256_loadu_si256(first), _mm256_loadu_si256(first.add(1))] })
    }

    #[inline(always)]
    fn store(self, lanes: &mut [u64; WIDE_LANES]) {
        let first = lanes.as_mut_ptr().cast::<__m256i>();
        unsafe {
            _mm256_storeu_si256(first, self.0[0]);
            _mm256_storeu_si256(first.add(1), self.0[1]);
        }
    }

    #[inline(always)]
    fn multiply(self, factor: Self) -> Self {
        self.zip(factor, |a, b| unsafe { _mm256_mul_epu32(a, b) })
    }

    #[inline(always)]
    fn high(self) -> Self {
        // A shuffle of words: more execution units do it than shift lanes of 64 bits.
        let [one, two] = self.0;
        Self(unsafe {
            [_mm256_shuffle_epi32::<0b11_11_01_01>(one), _mm256_shuffle_epi32::<0b11_11_01_01>(two)]
        })
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { _mm256_xor_si256(a, b) })
    }

    #[inline(always)]
    fn add_low(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe {
            _mm256_add_epi64(a, _mm256_and_si256(b, _mm256_set1_epi64x(LOW as i64)))
        })
    }

    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { _mm256_min_epu32(a, b) })
    }

    #[inline(always)]
    fn below(self, bound: Self) -> u8 {
        // AVX2 compares signed words: a < b where max(a, b) is not a. The signs of lanes of 64 bits are those
        // of the words that are low.
        let mask = |this: __m256i, bound: __m256i| unsafe {
            let least = _mm256_cmpeq_epi32(_mm256_max_epu32(this, bound), this);
            !_mm256_movemask_pd(_mm256_castsi256_pd(_mm256_slli_epi64::<32>(least))) as u8 & 0xf
        };
        let masks = [mask(self.0[0], bound.0[0]), mask(self.0[1], bound.0[1])];
        masks[0] | masks[1] << 4
    }

    #[inline(always)]
    fn choose_below(self, bound: Self, number: Self) -> Self {
        let choose = |this: __m256i, bound: __m256i, number: __m256i| unsafe {
            // Not below where the larger is this one. In high words, which are not compared, nothing is
            // chosen, as there is nothing to choose.
            _mm256_andnot_si256(_mm256_cmpeq_epi32(_mm256_max_epu32(this, bound), this), number)
        };
        let ([a, b], [c, d], [e, f]) = (self.0, bound.0, number.0);
        Self([choose(a, c, e), choose(b, d, f)])
    }

    #[inline(always)]
    fn pair_high(self, next: Self) -> Self {
        self.zip(next, |a, b| unsafe { _mm256_blend_epi32::<0xaa>(_mm256_srli_epi64::<32>(a), b) })
    }

    #[inline(always)]
    fn or_above(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { _mm256_or_si256(a, _mm256_slli_epi32::<16>(b)) })
    }

    #[inline(always)]
    fn scale_halves(self, factor: u16) -> Self {
        let ([one, two], factor) = (self.0, unsafe { _mm256_set1_epi16(factor as i16) });
        Self(unsafe { [_mm256_mullo_epi16(one, factor), _mm256_mullo_epi16(two, factor)] })
    }

    #[inline(always)]
    fn scale_words(self, factor: u32) -> Self {
        let ([one, two], factor) = (self.0, unsafe { _mm256_set1_epi32(factor as i32) });
        Self(unsafe { [_mm256_mullo_epi32(one, factor), _mm256_mullo_epi32(two, factor)] })
    }
}

/// All wide lanes in one vector.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
struct Avx512Wide(__m512i);

// SAFETY of all blocks: as for `Avx512`.
#[cfg(target_arch = "x86_64")]
impl Wide for Avx512Wide {
    #[inline(always)]
    fn splat(number: u64) -> Self {
        Self(unsafe { _mm512_set1_epi64(number as i64) })
    }

    #[inline(always)]
    fn load(lanes: &[u64; WIDE_LANES]) -> Self {
        Self(unsafe { _mm512_loadu_si512(lanes.as_ptr().cast()) })
    }

    #[inline(always)]
    fn store(self, lanes: &mut [u64; WIDE_LANES]) {
        unsafe { _mm512_storeu_si512(lanes.as_mut_ptr().cast(), self.0) }
    }

    #[inline(always)]
    fn multiply(self, factor: Self) -> Self {
        Self(unsafe { _mm512_mul_epu32(self.0, factor.0) })
    }

    #[inline(always)]
    fn high(self) -> Self {
        // A shuffle of words: more execution units do it than shift lanes of 64 bits.
        Self(unsafe { _mm512_shuffle_epi32::<0b11_11_01_01>(self.0) })
    }

    #[inline(always)]
    fn xor(self, other: Self) -> Self {
        Self(unsafe { _mm512_xor_si512(self.0, other.0) })
    }

    #[inline(always)]
    fn add_low(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_epi64(self.0, _mm512_and_si512(other.0, _mm512_set1_epi64(LOW as i64))) })
    }

    #[inline(always)]
    fn smaller(self, other: Self) -> Self {
        Self(unsafe { _mm512_min_epu32(self.0, other.0) })
    }

    #[inline(always)]
    fn below(self, bound: Self) -> u8 {
        let words = unsafe { _mm512_mask_cmplt_epu32_mask(0x5555, self.0, bound.0) };
        if words == 0 { 0 } else { (0..8).fold(0, |mask, lane| mask | (words >> lane) as u8 & 1 << lane) }
    }

    #[inline(always)]
    fn choose_below(self, bound: Self, number: Self) -> Self {
        Self(unsafe {
            _mm512_maskz_mov_epi32(_mm512_mask_cmplt_epu32_mask(0x5555, self.0, bound.0), number.0)
        })
    }

    #[inline(always)]
    fn pair_high(self, next: Self) -> Self {
        Self(unsafe { _mm512_mask_shuffle_epi32::<0b11_11_01_01>(next.0, 0x5555, self.0) })
    }

    #[inline(always)]
    fn or_above(self, other: Self) -> Self {
        Self(unsafe { _mm512_or_si512(self.0, _mm512_slli_epi32::<16>(other.0)) })
    }

    #[inline(always)]
    fn scale_halves(self, factor: u16) -> Self {
        Self(unsafe { _mm512_mullo_epi16(self.0, _mm512_set1_epi16(factor as i16)) })
    }

    #[inline(always)]
    fn scale_words(self, factor: u32) -> Self {
        Self(unsafe { _mm512_mullo_epi32(self.0, _mm512_set1_epi32(factor as i32)) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::philox::philox4x32_10;

    /// Every operation on every lane, by the instruction set against plain words.
    struct Check {
        a: [u32; LANES],
        b: [u32; LANES],
    }

    impl Vectorized for Check {
        type Output = ();

        #[inline(always)]
        fn run<V: Lanes>(self) {
            let Self { a, b } = self;
            let words = |lanes: V| {
                let mut out = [0; LANES];
                lanes.store(&mut out);
                out
            };
            let (x, y) = (V::load(&a), V::load(&b));
            assert_eq!(words(x.add(y)), std::array::from_fn(|i| a[i].wrapping_add(b[i])));
            assert_eq!(words(x.xor(y)), std::array::from_fn(|i| a[i] ^ b[i]));
            assert_eq!(words(x.multiply_low(y)), std::array::from_fn(|i| a[i].wrapping_mul(b[i])));
            let product = |i: usize| u64::from(a[i]) * u64::from(b[i]);
            let (high, low) = x.multiply(y);
            // The factor is one number in all lanes where the odd lanes are multiplied, so that pairs of
            // lanes share it.
            assert_eq!(words(high), std::array::from_fn(|i| (product(i) >> 32) as u32));
            assert_eq!(words(low), std::array::from_fn(|i| product(i) as u32));
            let below = (0..LANES).fold(0, |mask, i| mask | u16::from(a[i] < b[i]) << i);
            assert_eq!(x.below(y), below);
            assert_eq!(words(V::splat(a[3])), [a[3]; LANES]);
        }
    }

    /// Every operation on every wide lane. High words are of no account where an operation takes low ones.
    struct CheckWide {
        a: [u64; WIDE_LANES],
        b: [u64; WIDE_LANES],
    }

    impl Vectorized for CheckWide {
        type Output = ();

        #[inline(always)]
        fn run<V: Lanes>(self) {
            let Self { a, b } = self;
            let lanes = |wide: V::Wide| {
                let mut out = [0; WIDE_LANES];
                wide.store(&mut out);
                out
            };
            let each = |function: &dyn Fn(u64, u64) -> u64| std::array::from_fn(|i| function(a[i], b[i]));
            let (x, y) = (V::Wide::load(&a), V::Wide::load(&b));
            let low = |number: u64| u64::from(number as u32);
            assert_eq!(lanes(x.multiply(y)), each(&|a, b| low(a) * low(b)));
            assert_eq!(lanes(x.high()).map(low), each(&|a, _| a >> 32));
            assert_eq!(lanes(x.xor(y)), each(&|a, b| a ^ b));
            assert_eq!(lanes(x.add_low(y)), each(&|a, b| a.wrapping_add(low(b))));
            assert_eq!(lanes(x.smaller(y)).map(low), each(&|a, b| low(a).min(low(b))));
            let below = (0..WIDE_LANES).fold(0, |mask, i| mask | u8::from(low(a[i]) < low(b[i])) << i);
            assert_eq!(x.below(y), below);
            let numbers = V::Wide::load(&a.map(|a| a >> 32));
            assert_eq!(
                lanes(x.choose_below(y, numbers)),
                each(&|a, b| if low(a) < low(b) { a >> 32 } else { 0 })
            );
            assert_eq!(lanes(x.pair_high(y)), each(&|a, b| a >> 32 | (b >> 32) << 32));
            let halves = 0xffff_0000_ffff;
            let (small_a, small_b) = (a.map(|a| a & halves), b.map(|b| b & halves));
            let above = V::Wide::load(&small_a).or_above(V::Wide::load(&small_b));
            assert_eq!(lanes(above), std::array::from_fn(|i| small_a[i] | small_b[i] << 16));
            let scaled = |number: u64, bits: u32, factor: u64| {
                (0..64 / bits).fold(0, |all, field| {
                    let mask = u64::MAX >> (64 - bits);
                    let product = (number >> (field * bits) & mask).wrapping_mul(factor) & mask;
                    all | product << (field * bits)
                })
            };
            assert_eq!(lanes(x.scale_halves(24)), each(&|a, _| scaled(a, 16, 24)));
            assert_eq!(lanes(x.scale_words(40)), each(&|a, _| scaled(a, 32, 40)));
            assert_eq!(lanes(V::Wide::splat(a[3])), [a[3]; WIDE_LANES]);
        }
    }

    #[test]
    fn every_instruction_set_computes_as_plain_wide_lanes_do() {
        for vectors in Vectors::available() {
            for round in 0..200u32 {
                let lanes = |which: u32| -> [u64; WIDE_LANES] {
                    std::array::from_fn(|i| {
                        let words = philox4x32_10([i as u32, round, which, 1], [1, 2]);
                        u64::from(words[0]) | u64::from(words[1]) << 32
                    })
                };
                let (a, b) = (lanes(0), lanes(1));
                vectors.run(CheckWide { a, b });
                vectors.run(CheckWide { a, b: a });
                vectors.run(CheckWide { a, b: a.map(|a| a + u64::from(round % 3) - 1) });
                vectors.run(CheckWide { a, b: [[0, 1, u64::MAX, 1 << 31][round as usize % 4]; WIDE_LANES] });
            }
        }
    }

    #[test]
    fn every_instruction_set_computes_as_plain_words_do() {
        for vectors in Vectors::available() {
            for round in 0..200u32 {
                let words = |which: u32| -> [u32; LANES] {
                    std::array::from_fn(|i| philox4x32_10([i as u32, round, which, 0], [1, 2])[0])
                };
                let a = words(0);
                // Factors alike in all lanes, as the operation asks; and bounds near the words.
                vectors.run(Check { a, b: [words(1)[0]; LANES] });
                vectors.run(Check { a: [a[0]; LANES], b: [a[0]; LANES] });
                vectors.run(Check { a, b: [[0, 1, u32::MAX, 1 << 31][round as usize % 4]; LANES] });
            }
        }
    }
}
