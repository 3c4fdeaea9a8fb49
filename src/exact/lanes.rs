//! Eight doubles at once, with the vectors that this machine has; sine and cosine of turns, and exp.
//!
//! A [`Work`] is written once over any [`Floats`]; [`run`] compiles it for each instruction set of
//! [`Vectors`]. Where the machine fuses products and sums, results differ in their last bits from those of a
//! machine that does not: what is computed here carries a stated error, which covers that.

#![allow(unsafe_code, reason = "intrinsics; each block says why it is sound")]

#[cfg(target_arch = "x86_64")]
use std::arch::x86_64::*;

use crate::vector::Vectors;

/// Number of doubles.
pub(super) const LANES: usize = 8;

/// Eight doubles.
pub(super) trait Floats: Copy {
    fn splat(number: f64) -> Self;
    /// The first eight numbers of a slice of at least eight.
    fn load(numbers: &[f64]) -> Self;
    /// Into the first eight places of a slice of at least eight.
    fn store(self, numbers: &mut [f64]);
    fn add(self, other: Self) -> Self;
    fn sub(self, other: Self) -> Self;
    fn mul(self, other: Self) -> Self;
    /// `self · factor + addend`, fused where the machine does that.
    fn fma(self, factor: Self, addend: Self) -> Self;
    /// `addend − self · factor`, fused where the machine does that.
    fn fnma(self, factor: Self, addend: Self) -> Self;
    /// What `product`, the rounded product with `factor`, lacks of the true one; exact on every machine.
    fn lacking(self, factor: Self, product: Self) -> Self;
    /// The nearest integers, ties to even.
    fn round(self) -> Self;
    /// Products with 2 to the power of whole numbers above −1,000 and below 1,000.
    fn scale(self, power: Self) -> Self;
}

/// Work that is compiled for every instruction set. `run` must be `#[inline(always)]`, and so must all that
/// it calls in its inner loops.
pub(super) trait Work {
    type Output;
    fn run<F: Floats>(self) -> Self::Output;
}

/// Runs `work` with the best instruction set of this machine.
pub(super) fn run<W: Work>(work: W) -> W::Output {
    run_with(Vectors::best(), work)
}

/// Runs `work` with the instruction set named, or the portable one where the machine does not have it.
pub(super) fn run_with<W: Work>(vectors: Vectors, work: W) -> W::Output {
    match vectors {
        // SAFETY: the instruction sets exist on this machine.
        #[cfg(target_arch = "x86_64")]
        Vectors::Avx2 if is_x86_feature_detected!("avx2") && is_x86_feature_detected!("fma") => unsafe {
            run_avx2(work)
        },
        // SAFETY: as above.
        #[cfg(target_arch = "x86_64")]
        Vectors::Avx512 if is_x86_feature_detected!("avx512f") && is_x86_feature_detected!("fma") => unsafe {
            run_avx512(work)
        },
        _ => work.run::<Portable>(),
    }
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn run_avx2<W: Work>(work: W) -> W::Output {
    work.run::<Avx2>()
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx512f,avx2,fma")]
fn run_avx512<W: Work>(work: W) -> W::Output {
    work.run::<Avx512>()
}

/// Parts of a turn: `number · turns` less the nearest integer, exact but for one rounding.
#[inline(always)]
pub(super) fn part_of_turn<F: Floats>(number: F, turns: F) -> F {
    let product = number.mul(turns);
    product.sub(product.round()).add(number.lacking(turns, product))
}

/// Cosine and sine of 2π`turn`, for a turn in [−½, ½] or little beyond: Taylor's polynomials on the half turn
/// around 0, whose remainders are below 2⁻⁵³.
#[inline(always)]
pub(super) fn cos_sin<F: Floats>(turn: F) -> (F, F) {
    let half = turn.add(turn).round();
    let x = half.fnma(F::splat(0.5), turn).mul(F::splat(std::f64::consts::TAU));
    // −1 where half a turn was taken off, else 1.
    let sign = half.mul(half).fnma(F::splat(2.0), F::splat(1.0));
    let square = x.mul(x);
    let (mut cosine, mut sine) = (F::splat(COSINE[0]), F::splat(SINE[0]));
    for term in 1..COSINE.len() {
        cosine = cosine.fma(square, F::splat(COSINE[term]));
        sine = sine.fma(square, F::splat(SINE[term]));
    }
    (cosine.mul(sign), sine.mul(x).mul(sign))
}

/// Coefficients of x²⁰ … x⁰: (−1)^k/(2k)!.
const COSINE: [f64; 11] = [
    1.0 / 2_432_902_008_176_640_000.0,
    -1.0 / 6_402_373_705_728_000.0,
    1.0 / 20_922_789_888_000.0,
    -1.0 / 87_178_291_200.0,
    1.0 / 479_001_600.0,
    -1.0 / 3_628_800.0,
    1.0 / 40_320.0,
    -1.0 / 720.0,
    1.0 / 24.0,
    -0.5,
    1.0,
];

/// Coefficients of x²¹ … x¹: (−1)^k/(2k + 1)!.
const SINE: [f64; 11] = [
    1.0 / 51_090_942_171_709_440_000.0,
    -1.0 / 121_645_100_408_832_000.0,
    1.0 / 355_687_428_096_000.0,
    -1.0 / 1_307_674_368_000.0,
    1.0 / 6_227_020_800.0,
    -1.0 / 39_916_800.0,
    1.0 / 362_880.0,
    -1.0 / 5_040.0,
    1.0 / 120.0,
    -1.0 / 6.0,
    1.0,
];

/// exp of numbers from −690 to 690, to some 1e-15 of it.
#[inline(always)]
pub(super) fn exp<F: Floats>(x: F) -> F {
    let power = x.mul(F::splat(std::f64::consts::LOG2_E)).round();
    // ln 2 in two parts, the first with zeros at its end.
    let rest = power.fnma(F::splat(6.931_471_803_691_238e-1), x);
    let rest = power.fnma(F::splat(1.908_214_929_270_587_7e-10), rest);
    let mut sum = F::splat(EXP[0]);
    for term in 1..EXP.len() {
        sum = sum.fma(rest, F::splat(EXP[term]));
    }
    sum.scale(power)
}

/// 1/12! … 1/0!.
const EXP: [f64; 13] = [
    1.0 / 479_001_600.0,
    1.0 / 39_916_800.0,
    1.0 / 3_628_800.0,
    1.0 / 362_880.0,
    1.0 / 40_320.0,
    1.0 / 5_040.0,
    1.0 / 720.0,
    1.0 / 120.0,
    1.0 / 24.0,
    1.0 / 6.0,
    0.5,
    1.0,
    1.0,
];

/// The sum of the lanes.
#[inline(always)]
pub(super) fn total<F: Floats>(lanes: F) -> f64 {
    let mut numbers = [0.0; LANES];
    lanes.store(&mut numbers);
    numbers.iter().sum()
}

/// Doubles as an array, for the compiler to turn into what the target has.
#[derive(Debug, Clone, Copy)]
pub(super) struct Portable([f64; LANES]);

impl Portable {
    #[inline(always)]
    fn zip(self, other: Self, function: impl Fn(f64, f64) -> f64) -> Self {
        let mut out = [0.0; LANES];
        for lane in 0..LANES {
            out[lane] = function(self.0[lane], other.0[lane]);
        }
        Self(out)
    }
}

impl Floats for Portable {
    #[inline(always)]
    fn splat(number: f64) -> Self {
        Self([number; LANES])
    }

    #[inline(always)]
    fn load(numbers: &[f64]) -> Self {
        let mut out = [0.0; LANES];
        out.copy_from_slice(&numbers[..LANES]);
        Self(out)
    }

    #[inline(always)]
    fn store(self, numbers: &mut [f64]) {
        numbers[..LANES].copy_from_slice(&self.0);
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| a + b)
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| a - b)
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| a * b)
    }

    #[inline(always)]
    fn fma(self, factor: Self, addend: Self) -> Self {
        self.mul(factor).add(addend)
    }

    #[inline(always)]
    fn fnma(self, factor: Self, addend: Self) -> Self {
        addend.sub(self.mul(factor))
    }

    #[inline(always)]
    fn lacking(self, factor: Self, product: Self) -> Self {
        // Slow where it is a call, but asked for once in many steps only.
        let mut out = [0.0; LANES];
        for lane in 0..LANES {
            out[lane] = self.0[lane].mul_add(factor.0[lane], -product.0[lane]);
        }
        Self(out)
    }

    #[inline(always)]
    fn round(self) -> Self {
        // Adding and taking off 1.5 · 2⁵² rounds to the nearest integer, below 2⁵¹.
        const MAGIC: f64 = 6_755_399_441_055_744.0;
        let mut out = self.0;
        for number in &mut out {
            *number = (*number + MAGIC) - MAGIC;
        }
        Self(out)
    }

    #[inline(always)]
    fn scale(self, power: Self) -> Self {
        self.zip(power, |number, power| number * f64::from_bits(((power as i64 + 1023) as u64) << 52))
    }
}

/// Two vectors of four doubles.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
struct Avx2([__m256d; 2]);

#[cfg(target_arch = "x86_64")]
impl Avx2 {
    #[inline(always)]
    fn zip(self, other: Self, function: impl Fn(__m256d, __m256d) -> __m256d) -> Self {
        Self([function(self.0[0], other.0[0]), function(self.0[1], other.0[1])])
    }
}

// SAFETY of all blocks: AVX2 and FMA exist, as values of this type come into being inside of `run_avx2` only;
// slices are cut to eight numbers, with a check, before their addresses are taken.
#[cfg(target_arch = "x86_64")]
impl Floats for Avx2 {
    #[inline(always)]
    fn splat(number: f64) -> Self {
        Self([unsafe { _mm256_set1_pd(number) }; 2])
    }

    #[inline(always)]
    fn load(numbers: &[f64]) -> Self {
        let first = numbers[..LANES].as_ptr();
        Self(unsafe { [_mm256_loadu_pd(first), _mm256_loadu_pd(first.add(4))] })
    }

    #[inline(always)]
    fn store(self, numbers: &mut [f64]) {
        let first = numbers[..LANES].as_mut_ptr();
        unsafe {
            _mm256_storeu_pd(first, self.0[0]);
            _mm256_storeu_pd(first.add(4), self.0[1]);
        }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { _mm256_add_pd(a, b) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { _mm256_sub_pd(a, b) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        self.zip(other, |a, b| unsafe { _mm256_mul_pd(a, b) })
    }

    #[inline(always)]
    fn fma(self, factor: Self, addend: Self) -> Self {
        let ([a, b], [c, d], [e, f]) = (self.0, factor.0, addend.0);
        Self(unsafe { [_mm256_fmadd_pd(a, c, e), _mm256_fmadd_pd(b, d, f)] })
    }

    #[inline(always)]
    fn fnma(self, factor: Self, addend: Self) -> Self {
        let ([a, b], [c, d], [e, f]) = (self.0, factor.0, addend.0);
        Self(unsafe { [_mm256_fnmadd_pd(a, c, e), _mm256_fnmadd_pd(b, d, f)] })
    }

    #[inline(always)]
    fn lacking(self, factor: Self, product: Self) -> Self {
        let ([a, b], [c, d], [e, f]) = (self.0, factor.0, product.0);
        Self(unsafe { [_mm256_fmsub_pd(a, c, e), _mm256_fmsub_pd(b, d, f)] })
    }

    #[inline(always)]
    fn round(self) -> Self {
        const NEAREST: i32 = _MM_FROUND_TO_NEAREST_INT | _MM_FROUND_NO_EXC;
        let [one, two] = self.0;
        Self(unsafe { [_mm256_round_pd::<NEAREST>(one), _mm256_round_pd::<NEAREST>(two)] })
    }

    #[inline(always)]
    fn scale(self, power: Self) -> Self {
        // The low bits of power + 1023 + 1.5 · 2⁵² are those of the integer: an exponent after a shift.
        self.zip(power, |number, power| unsafe {
            let shifted = _mm256_add_pd(power, _mm256_set1_pd(6_755_399_441_055_744.0 + 1023.0));
            _mm256_mul_pd(number, _mm256_castsi256_pd(_mm256_slli_epi64::<52>(_mm256_castpd_si256(shifted))))
        })
    }
}

/// One vector of eight doubles.
#[cfg(target_arch = "x86_64")]
#[derive(Debug, Clone, Copy)]
struct Avx512(__m512d);

// SAFETY of all blocks: as for `Avx2`, with AVX-512F.
#[cfg(target_arch = "x86_64")]
impl Floats for Avx512 {
    #[inline(always)]
    fn splat(number: f64) -> Self {
        Self(unsafe { _mm512_set1_pd(number) })
    }

    #[inline(always)]
    fn load(numbers: &[f64]) -> Self {
        Self(unsafe { _mm512_loadu_pd(numbers[..LANES].as_ptr()) })
    }

    #[inline(always)]
    fn store(self, numbers: &mut [f64]) {
        unsafe { _mm512_storeu_pd(numbers[..LANES].as_mut_ptr(), self.0) }
    }

    #[inline(always)]
    fn add(self, other: Self) -> Self {
        Self(unsafe { _mm512_add_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn sub(self, other: Self) -> Self {
        Self(unsafe { _mm512_sub_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn mul(self, other: Self) -> Self {
        Self(unsafe { _mm512_mul_pd(self.0, other.0) })
    }

    #[inline(always)]
    fn fma(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { _mm512_fmadd_pd(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    fn fnma(self, factor: Self, addend: Self) -> Self {
        Self(unsafe { _mm512_fnmadd_pd(self.0, factor.0, addend.0) })
    }

    #[inline(always)]
    fn lacking(self, factor: Self, product: Self) -> Self {
        Self(unsafe { _mm512_fmsub_pd(self.0, factor.0, product.0) })
    }

    #[inline(always)]
    fn round(self) -> Self {
        Self(unsafe { _mm512_roundscale_pd::<0>(self.0) })
    }

    #[inline(always)]
    fn scale(self, power: Self) -> Self {
        Self(unsafe { _mm512_scalef_pd(self.0, power.0) })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Cosines, sines and exponentials of numbers of turns, next to those of `libm`.
    struct Functions(f64, f64);

    impl Work for Functions {
        type Output = [f64; 3];

        #[inline(always)]
        fn run<F: Floats>(self) -> [f64; 3] {
            let (cosine, sine) = cos_sin(part_of_turn(F::splat(self.0), F::splat(self.1)));
            let first = |lanes: F| {
                let mut out = [0.0; LANES];
                lanes.store(&mut out);
                out[LANES - 1]
            };
            [first(cosine), first(sine), first(exp(F::splat(self.1 * 100.0 - 50.0)))]
        }
    }

    #[test]
    fn functions_agree_with_libm_on_every_instruction_set() {
        for vectors in Vectors::available() {
            for i in 0..2_000u32 {
                // Turns that are multiples of 2⁻³⁰, so that the product is exact for the comparison.
                let turns = f64::from(i * 524_287 % (1 << 30)) / f64::from(1 << 30);
                let number = f64::from(i % 7) * 1000.5 + 0.5;
                let part = (number * turns).fract();
                let [cosine, sine, power] = run_with(vectors, Functions(number, turns));
                let angle = std::f64::consts::TAU * part;
                assert!((cosine - libm::cos(angle)).abs() < 2e-15, "{vectors:?} {part} {cosine}");
                assert!((sine - libm::sin(angle)).abs() < 2e-15, "{vectors:?} {part} {sine}");
                let expected = libm::exp(turns * 100.0 - 50.0);
                assert!((power / expected - 1.0).abs() < 1e-14, "{vectors:?} {turns} {power} {expected}");
            }
        }
    }
}
