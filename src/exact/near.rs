//! The characteristic function of a day's draws at low frequencies, from power moments.
//!
//! Until Φ = φⁿ has fallen off, phases of all but the largest values are small: at n = 385 a standard
//! deviation turns by a third of a radian. With x = (v − c)/h, |x| ≤ 1, over the values up to c + h and
//! their moments μ_m = Σ w x^m,
//!
//! ```text
//! Σ w e^{itv} = e^{itc} Σ_{m < 20} (ith)^m/m! μ_m,   off by at most (th)^20/20! · Σ w,
//! ```
//!
//! 4·10⁻¹⁷ where th ≤ 5/4. The moments take one pass of 40 operations a row; then a frequency takes some 20
//! in all, where rows one by one would take 6 each. Values above c + h, a few, are taken one by one.

use super::day::{Day, Kind};
use super::lanes::{Floats, LANES, Work, cos_sin, part_of_turn, run, total};
use super::wheel::{BLOCK, PADDING, Values, Wheel};

/// Number of moments.
const MOMENTS: usize = 20;

/// th is at most this.
const PHASE: f64 = 1.25;

/// Frequencies that moments are made for: periods are 11 standard deviations and more, so that Φ of
/// bell-shaped sums is below 1e-10 from number 12 on.
const REACH: usize = 3 * BLOCK;

/// Days of fewer distinct values are taken row by row.
const FEWEST: usize = 64;

/// Rows side by side.
const GROUP: usize = 4;

/// Low frequencies of a day, one block after the other.
pub(super) struct Near {
    /// Frequencies that it is good for.
    pub(super) end: usize,
    /// c and h, in turns a frequency.
    center: f64,
    half: f64,
    /// μ_m times what goes with it: ±1/m!.
    moments: [f64; MOMENTS],
    rest: Option<Wheel>,
}

impl Near {
    /// For frequencies in units of one in `period`, where that is less work than row by row.
    pub(super) fn of(day: &Day, period: f64) -> Option<Self> {
        let Kind::Draws(_) = day.kind else { return None };
        if day.rows < FEWEST {
            return None;
        }
        let half = PHASE / (std::f64::consts::TAU * REACH as f64) * period;
        let largest = 2.0 * half;
        let (mut far, mut count) = (vec![0usize; day.rows], 0);
        for (row, &value) in day.values[..day.rows].iter().enumerate() {
            far[count] = row;
            count += usize::from(value > largest);
        }
        if 4 * count > day.rows {
            return None;
        }
        far.truncate(count);
        let mut weights = day.weights.clone();
        for (weight, &value) in weights.iter_mut().zip(&day.values) {
            *weight = if value > largest { 0.0 } else { *weight };
        }
        let mut moments =
            run(Powers { values: &day.values, weights: &weights, center: half, scale: 1.0 / half });
        let mut factor = 1.0;
        for (m, moment) in moments.iter_mut().enumerate() {
            *moment *= if m % 4 < 2 { factor } else { -factor };
            factor /= (m + 1) as f64;
        }
        let per_turn = 1.0 / period;
        let rest = (count > 0).then(|| {
            let values: Vec<f64> = far.iter().map(|&row| day.values[row]).collect();
            let weights: Vec<f64> = far.iter().map(|&row| day.weights[row]).collect();
            let mut wheel = Wheel::of(&values, &weights, period);
            wheel.start(0.0, 1.0);
            wheel
        });
        Some(Self { end: REACH, center: half * per_turn, half: half * per_turn, moments, rest })
    }

    /// Σ w e^{itv} at the next frequencies, from number `first` on.
    pub(super) fn block(&mut self, first: usize, values: &mut Values) {
        let Self { center, half, moments, rest, .. } = self;
        match rest {
            Some(wheel) => wheel.block(values),
            None => *values = Values::default(),
        }
        run(Expanded { center: *center, half: *half, moments, first: first as f64 + 0.5, values });
    }
}

/// Σ w ((v − center) scale)^m.
struct Powers<'a> {
    values: &'a [f64],
    weights: &'a [f64],
    center: f64,
    scale: f64,
}

impl Work for Powers<'_> {
    type Output = [f64; MOMENTS];

    #[inline(always)]
    fn run<F: Floats>(self) -> [f64; MOMENTS] {
        let (center, scale) = (F::splat(self.center), F::splat(self.scale));
        let mut sums = [F::splat(0.0); MOMENTS];
        let (values, last_values) = self.values.as_chunks::<{ GROUP * LANES }>();
        let (weights, last_weights) = self.weights.as_chunks::<{ GROUP * LANES }>();
        for (values, weights) in values.iter().zip(weights) {
            let (mut x, mut power) = ([F::splat(0.0); GROUP], [F::splat(0.0); GROUP]);
            for part in 0..GROUP {
                x[part] = F::load(&values[part * LANES..]).sub(center).mul(scale);
                power[part] = F::load(&weights[part * LANES..]);
            }
            for sum in &mut sums {
                *sum = sum.add(power[0].add(power[1]).add(power[2].add(power[3])));
                for part in 0..GROUP {
                    power[part] = power[part].mul(x[part]);
                }
            }
        }
        for (values, weights) in last_values.chunks_exact(LANES).zip(last_weights.chunks_exact(LANES)) {
            let (x, mut power) = (F::load(values).sub(center).mul(scale), F::load(weights));
            for sum in &mut sums {
                *sum = sum.add(power);
                power = power.mul(x);
            }
        }
        sums.map(total)
    }
}

const _: () = assert!(PADDING.is_multiple_of(LANES), "rows come in whole vectors");

/// Adds e^{itc} Σ (ith)^m/m! μ_m.
struct Expanded<'a> {
    center: f64,
    half: f64,
    moments: &'a [f64; MOMENTS],
    first: f64,
    values: &'a mut Values,
}

impl Work for Expanded<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let Values { re, im } = self.values;
        let parts = re.chunks_exact_mut(LANES).zip(im.chunks_exact_mut(LANES));
        for (part, (re, im)) in parts.enumerate() {
            let numbers: [f64; LANES] = std::array::from_fn(|lane| self.first + (part * LANES + lane) as f64);
            let number = F::load(&numbers);
            let phase = number.mul(F::splat(std::f64::consts::TAU * self.half));
            let square = phase.mul(phase);
            let (mut even, mut odd) =
                (F::splat(self.moments[MOMENTS - 2]), F::splat(self.moments[MOMENTS - 1]));
            for m in (0..MOMENTS - 2).step_by(2).rev() {
                even = even.fma(square, F::splat(self.moments[m]));
                odd = odd.fma(square, F::splat(self.moments[m + 1]));
            }
            let odd = odd.mul(phase);
            let (cosine, sine) = cos_sin(part_of_turn(number, F::splat(self.center)));
            F::load(re).add(odd.fnma(sine, even.mul(cosine))).store(re);
            F::load(im).add(odd.fma(cosine, even.mul(sine))).store(im);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn moments_give_the_values_that_rows_give() {
        // Mostly small, a few some twenty times as large.
        let values: Vec<f64> = (1..=385u32)
            .map(|row| {
                let share = f64::from(row.wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24);
                -(1.0 - share * 0.999_9).ln() + if row % 96 == 0 { 20.0 } else { 0.0 }
            })
            .collect();
        let day = Day::draws(&values);
        let period = 300.0;
        let mut near = Near::of(&day, period).unwrap();
        assert!(near.rest.is_some(), "some rows are too large for the moments");
        let mut wheel = day.wheel(period);
        wheel.start(0.0, 1.0);
        let (mut found, mut expected) = (Values::default(), Values::default());
        for first in (0..near.end).step_by(BLOCK) {
            near.block(first, &mut found);
            wheel.block(&mut expected);
            for k in 0..BLOCK {
                let off = (found.re[k] - expected.re[k]).hypot(found.im[k] - expected.im[k]);
                assert!(off < 1e-14, "{} is off by {off}", first + k);
            }
        }
        // All small: nothing is left for rows one by one.
        let small = Day::draws(&(0..100).map(|row| f64::from(row) / 100.0).collect::<Vec<_>>());
        assert!(Near::of(&small, period).unwrap().rest.is_none());
    }
}
