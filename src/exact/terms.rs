//! Sums over the terms of a Fourier series, eight at a time.
//!
//! At x, a term of frequency number ν has the phase 2πνx/L. Frequencies mostly come in runs, and within a run
//! the phases of eight go on to those of the next eight by one rotation; each seventeenth eight begins afresh
//! from an exactly reduced phase.

use super::lanes::{Floats, LANES, Work, cos_sin, part_of_turn, total};

/// Σ √(a² + b²).
pub(super) fn sum_of_moduli(a: &[f64], b: &[f64]) -> f64 {
    let mut sums = [0.0; LANES];
    let (places, rest) = (a.len() / LANES * LANES, a.len() % LANES);
    for (a, b) in a[..places].chunks_exact(LANES).zip(b[..places].chunks_exact(LANES)) {
        for lane in 0..LANES {
            sums[lane] += (a[lane] * a[lane] + b[lane] * b[lane]).sqrt();
        }
    }
    for lane in 0..rest {
        sums[lane] += (a[places + lane] * a[places + lane] + b[places + lane] * b[places + lane]).sqrt();
    }
    sums.iter().sum()
}

/// Rotations in a row at most, which keeps rounding errors small.
const ROTATED: u32 = 16;

/// Σ (b cos − a sin) and Σ (k + ½)(a cos + b sin).
pub(super) struct Terms<'a> {
    pub(super) numbers: &'a [f64],
    pub(super) a: &'a [f64],
    pub(super) b: &'a [f64],
    /// x, in periods.
    pub(super) turns: f64,
}

impl Work for Terms<'_> {
    type Output = [f64; 2];

    #[inline(always)]
    fn run<F: Floats>(self) -> [f64; 2] {
        let turns = F::splat(self.turns);
        let (mut integral, mut density) = (F::splat(0.0), F::splat(0.0));
        let terms = self.a.chunks_exact(LANES).zip(self.b.chunks_exact(LANES));
        // Where frequencies follow upon those before, phases go on by a rotation.
        let far = F::splat(LANES as f64);
        let (step_cosine, step_sine) = cos_sin(part_of_turn(far, turns));
        let (mut cosine, mut sine) = (F::splat(1.0), F::splat(0.0));
        let (mut next, mut rotated) = (f64::NAN, 0);
        for (numbers, (a, b)) in self.numbers.chunks_exact(LANES).zip(terms) {
            let (number, a, b) = (F::load(numbers), F::load(a), F::load(b));
            let [first, last] = [numbers[0], numbers[LANES - 1]];
            let follows = last - first == (LANES - 1) as f64;
            if first == next && follows && rotated < ROTATED {
                (cosine, sine) = (
                    sine.fnma(step_sine, cosine.mul(step_cosine)),
                    sine.fma(step_cosine, cosine.mul(step_sine)),
                );
                rotated += 1;
            } else {
                (cosine, sine) = cos_sin(part_of_turn(number, turns));
                rotated = 0;
            }
            next = if follows { last + 1.0 } else { f64::NAN };
            integral = integral.add(a.fnma(sine, b.mul(cosine)));
            density = density.add(number.mul(a.fma(cosine, b.mul(sine))));
        }
        [total(integral), total(density)]
    }
}
