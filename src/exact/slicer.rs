//! Slices of a sum at one frequency after the other, and their series (`slices.rs`).
//!
//! c_k(t) is the coefficient of z^k in (Σ A_m z^m)ⁿ. Where zeros are common, so that A_0 is large and the
//! same for all t, with a_m = A_m/A_0,
//!
//! ```text
//! c_0 = A_0ⁿ,   c_k = Σ_{m > 0} ((n + 1) m/k − 1) a_m c_{k − m}.
//! ```
//!
//! With k ≤ n all factors are positive, and rounding errors are to P(M = k) what they are in a sum of
//! positive terms: some k·10⁻¹⁶.
//!
//! # Sources
//!
//! J. C. P. Miller's recurrence for powers of series: D. E. Knuth, *The Art of Computer Programming* 2, 4.7;
//! of aggregate claims, H. H. Panjer, "Recursive evaluation of a family of compound distributions", ASTIN
//! Bulletin 12 (1981).

use super::lanes::{Floats, LANES, Work, cos_sin, part_of_turn, run};
use super::screen::screen_of;
use super::series::{STRETCH, Series};
use super::slices::{Split, Wanted, Window};
use super::waves::MULTIPLES;
use super::wheel::{BLOCK, Values, Wheel};

/// Slices of one frequency after the other.
pub(super) struct Slicer<'a> {
    split: &'a Split<'a>,
    period: f64,
    windows: &'a [Window],
    /// A wheel for the values of each multiple.
    wheels: Vec<Wheel>,
    multiples: Vec<f64>,
    largest: usize,
    /// Slices at eight frequencies: count by count, real and imaginary parts.
    slices: [Vec<f64>; 2],
    /// Transformed sums of a window's slices at the frequencies that were kept, window by window.
    terms: Vec<Terms>,
    numbers: Vec<f64>,
}

#[derive(Default)]
struct Terms {
    re: Vec<f64>,
    im: Vec<f64>,
}

impl<'a> Slicer<'a> {
    pub(super) fn new(split: &'a Split<'a>, period: f64, windows: &'a [Window], largest: usize) -> Self {
        let mut begin = 0;
        let mut wheels = Vec::new();
        for &end in &split.ends {
            wheels.push(Wheel::of(&split.rests[begin..end], &split.day.weights[begin..end], period));
            begin = end;
        }
        let multiples: Vec<f64> = split.counts.values[..split.counts.rows].to_vec();
        let size = (largest + 1) * LANES;
        let slices = [vec![0.0; size], vec![0.0; size]];
        let terms = windows.iter().map(|_| Terms::default()).collect();
        Self { split, period, windows, wheels, multiples, largest, slices, terms, numbers: Vec::new() }
    }

    pub(super) fn series(&mut self, wanted: &Wanted, farthest: usize) -> Vec<Series> {
        use std::f64::consts::PI;
        let draws = f64::from(self.split.draws);
        let mut begin = 0;
        // All frequencies until none of a block counts; then in stretches, by screens.
        let mut queue = Queue::default();
        while begin < farthest {
            let stretch = if begin == 0 { 4 * BLOCK } else { (begin * STRETCH).min(farthest) };
            let stretch = stretch.min(farthest);
            let negligible = wanted.negligible;
            let least = (negligible.ln() / draws).exp();
            let runs = match begin {
                0 => vec![(begin, stretch)],
                _ => match screen_of(&self.wheels, least, 0) {
                    Some(mut screen) => screen.pass(&[(begin, stretch)]),
                    None => vec![(begin, stretch)],
                },
            };
            for (first, last) in runs {
                for wheel in &mut self.wheels {
                    wheel.start(first as f64, 1.0);
                }
                for block in (first..last).step_by(BLOCK) {
                    self.block(block, least, &mut queue);
                }
            }
            self.flush(&mut queue);
            begin = stretch;
        }
        let (split, numbers) = (self.split, &self.numbers);
        let period = self.period;
        let all = self.terms.drain(..).zip(self.windows).map(|(terms, window)| {
            let mut series = Series::within(period, window.center * split.unit, window.middle);
            for ((&number, &re), &im) in numbers.iter().zip(&terms.re).zip(&terms.im) {
                series.push(number, re, im, 1.0 / (PI * number));
            }
            // Of a window's slices each frequency left out leaves Lebesgue's constant times `negligible`.
            let lebesgue = 2.0 + 0.5 * (1.0 + window.reach).ln();
            series.dropped = lebesgue * wanted.negligible / PI * (2.0 + (2.0 * farthest as f64).ln());
            series.end(farthest, wanted.faded);
            series.finished(split.day.rows, draws)
        });
        all.collect()
    }

    /// The next 16 frequencies.
    fn block(&mut self, first: usize, least: f64, queue: &mut Queue) {
        let kinds = self.wheels.len();
        queue.values.resize(kinds, Values::default());
        let mut bound = [0.0; BLOCK];
        for (wheel, values) in self.wheels.iter_mut().zip(&mut queue.values) {
            wheel.block(values);
            for k in 0..BLOCK {
                bound[k] += (values.re[k] * values.re[k] + values.im[k] * values.im[k]).sqrt();
            }
        }
        for k in 0..BLOCK {
            if bound[k] < least {
                continue;
            }
            let place = queue.numbers.len();
            queue.numbers.push((first + k) as f64 + 0.5);
            for (kind, values) in queue.values.iter().enumerate() {
                queue.re[kind * LANES + place] = values.re[k];
                queue.im[kind * LANES + place] = values.im[k];
            }
            if queue.numbers.len() == LANES {
                self.flush(queue);
            }
        }
    }

    /// The slices at the frequencies of the queue.
    fn flush(&mut self, queue: &mut Queue) {
        let found = queue.numbers.len();
        if found == 0 {
            return;
        }
        let Self { split, windows, multiples, largest, slices, terms, numbers, period, .. } = self;
        let turns = split.unit / *period;
        let [re, im] = slices;
        queue.numbers.resize(LANES, 0.5);
        run(Recurrence {
            re: &queue.re,
            im: &queue.im,
            multiples,
            draws: split.draws,
            largest: *largest,
            slices: [re, im],
        });
        for (window, terms) in windows.iter().zip(terms) {
            let (mut x, mut y) = ([0.0; LANES], [0.0; LANES]);
            let low = (window.center - window.reach).max(0.0) as usize;
            let high = ((window.center + window.reach) as usize).min(*largest);
            let center = window.center;
            let out = [&mut x, &mut y];
            run(Gather { slices: [re, im], low, high, center, numbers: &queue.numbers, turns, out });
            terms.re.extend_from_slice(&x[..found]);
            terms.im.extend_from_slice(&y[..found]);
        }
        numbers.extend_from_slice(&queue.numbers[..found]);
        queue.numbers.clear();
    }
}

/// Frequencies on their way, eight at a time.
struct Queue {
    numbers: Vec<f64>,
    /// A_m at these, multiple by multiple.
    re: Vec<f64>,
    im: Vec<f64>,
    values: Vec<Values>,
}

impl Default for Queue {
    fn default() -> Self {
        let empty = || vec![0.0; MULTIPLES * LANES];
        Self { numbers: Vec::with_capacity(LANES), re: empty(), im: empty(), values: Vec::new() }
    }
}

/// Slices 0 … largest at eight frequencies, by the recurrence.
struct Recurrence<'a> {
    re: &'a [f64],
    im: &'a [f64],
    multiples: &'a [f64],
    draws: u32,
    largest: usize,
    slices: [&'a mut [f64]; 2],
}

impl Work for Recurrence<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let [re, im] = self.slices;
        let n = f64::from(self.draws);
        // A_0 is the share of zeros.
        let zeros = self.re[0];
        let inverse = F::splat(1.0 / zeros);
        let mut kinds = [(0usize, F::splat(0.0), F::splat(0.0)); MULTIPLES];
        let mut count = 0;
        for (kind, &multiple) in self.multiples.iter().enumerate().skip(1) {
            if multiple as usize > self.largest {
                break;
            }
            let (a, b) = (F::load(&self.re[kind * LANES..]), F::load(&self.im[kind * LANES..]));
            kinds[count] = (multiple as usize, a.mul(inverse), b.mul(inverse));
            count += 1;
        }
        F::splat((n * zeros.ln()).exp()).store(re);
        F::splat(0.0).store(im);
        let mut used = 0;
        for k in 1..=self.largest {
            while used < count && kinds[used].0 <= k {
                used += 1;
            }
            let (mut x, mut y) = (F::splat(0.0), F::splat(0.0));
            let share = (n + 1.0) / k as f64;
            // The slice before this one last: it has only just been made.
            for &(multiple, a, b) in kinds[..used].iter().rev() {
                let at = (k - multiple) * LANES;
                let (c, d) = (F::load(&re[at..]), F::load(&im[at..]));
                let factor = F::splat(share * multiple as f64 - 1.0);
                x = factor.fma(b.fnma(d, a.mul(c)), x);
                y = factor.fma(b.fma(c, a.mul(d)), y);
            }
            x.store(&mut re[k * LANES..]);
            y.store(&mut im[k * LANES..]);
        }
    }
}

/// Σ over slices of c_k e^{it(k − center)u}.
struct Gather<'a> {
    slices: [&'a [f64]; 2],
    low: usize,
    high: usize,
    center: f64,
    numbers: &'a [f64],
    turns: f64,
    out: [&'a mut [f64; LANES]; 2],
}

impl Work for Gather<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let (mut x, mut y) = (F::splat(0.0), F::splat(0.0));
        let turn = part_of_turn(F::load(self.numbers), F::splat(self.turns));
        // By Horner's rule from the last slice on, then by the phase of the first.
        let (c, s) = cos_sin(turn);
        for k in (self.low..=self.high).rev() {
            let (a, b) = (F::load(&self.slices[0][k * LANES..]), F::load(&self.slices[1][k * LANES..]));
            (x, y) = (y.fnma(s, x.fma(c, a)), y.fma(c, x.fma(s, b)));
        }
        let turn = turn.mul(F::splat(self.low as f64 - self.center));
        let (c, s) = cos_sin(turn.sub(turn.round()));
        (x, y) = (y.fnma(s, x.mul(c)), y.fma(c, x.mul(s)));
        x.store(self.out[0]);
        y.store(self.out[1]);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_recurrence_gives_the_coefficients_of_a_power() {
        // (½ + ¼ z + ¼ i z⁴)⁶ by multiplication.
        let (re, im) = ([0.5, 0.25, 0.0], [0.0, 0.0, 0.25]);
        let mut expected = vec![[0.0f64; 2]; 13];
        expected[0] = [1.0, 0.0];
        for _ in 0..6 {
            let mut next = vec![[0.0; 2]; 13];
            for k in 0..13 {
                for (number, at) in [0, 1, 4].into_iter().enumerate() {
                    if k + at < 13 {
                        let [a, b] = expected[k];
                        next[k + at][0] += a * re[number] - b * im[number];
                        next[k + at][1] += a * im[number] + b * re[number];
                    }
                }
            }
            expected = next;
        }
        let lanes = |numbers: [f64; 3]| numbers.iter().flat_map(|&x| [x; LANES]).collect::<Vec<f64>>();
        let (mut x, mut y) = (vec![0.0; 7 * LANES], vec![0.0; 7 * LANES]);
        let multiples = [0.0, 1.0, 4.0];
        let (re, im) = (lanes(re), lanes(im));
        let slices: [&mut [f64]; 2] = [&mut x, &mut y];
        run(Recurrence { re: &re, im: &im, multiples: &multiples, draws: 6, largest: 6, slices });
        for k in 0..7 {
            for lane in [0, LANES - 1] {
                assert!((x[k * LANES + lane] - expected[k][0]).abs() < 1e-15, "{k}: {expected:?}");
                assert!((y[k * LANES + lane] - expected[k][1]).abs() < 1e-15, "{k}: {expected:?}");
            }
        }
    }
}
