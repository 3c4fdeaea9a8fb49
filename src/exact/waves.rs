//! A test of frequencies, for a day whose values lie near the multiples of one number.
//!
//! With values v_j = u·m_j + e_j (`slices.rs`) and A_m(t) = Σ w_j e^{i t v_j} over those of the multiple m,
//! the characteristic function of a draw is φ(t) = Σ_m A_m(t). A_m turns by its mean c and otherwise changes
//! slowly: |A_m(t) − e^{i(t − t′)c} A_m(t′)| ≤ |t − t′| Σ w_j |v_j − c|. So A_m is taken once for a stretch
//! of frequencies, and φ within it is a polynomial of few terms: its modulus tells which of them matter.

use super::day::{CLUSTERED, Day, Kind};
use super::lanes::{Floats, LANES, Work, cos_sin, part_of_turn, run};
use super::screen::{Screen, screen_of};
use super::wheel::{BLOCK, Values, Wheel};

/// Multiples at most.
pub(super) const MULTIPLES: usize = 32;

/// Values in ascending order, as multiples of a number and rests.
pub(super) struct Multiples {
    pub(super) unit: f64,
    /// The multiples that there are.
    pub(super) numbers: Vec<f64>,
    /// Where the values of each end.
    pub(super) ends: Vec<usize>,
    pub(super) rests: Vec<f64>,
}

impl Multiples {
    /// Those of a day's draws, where a few do.
    pub(super) fn of(day: &Day) -> Option<Self> {
        let rows = day.rows;
        if !matches!(day.kind, Kind::Draws(_)) || !(3..CLUSTERED).contains(&rows) {
            return None;
        }
        let (values, weights) = (&day.values[..rows], &day.weights[..rows]);
        // The least value that is not 0 is one unit, to begin with; each more value makes it better known.
        let mut unit = *values.iter().find(|&&value| value > 0.0)?;
        let (mut products, mut squares) = (0.0, 0.0);
        for (value, weight) in values.iter().zip(weights) {
            let multiple = nearest(value / unit);
            products += weight * value * multiple;
            squares += weight * multiple * multiple;
            if squares > 0.0 {
                unit = products / squares;
            }
        }
        // Then so that rests and multiples are not correlated.
        let multiples: Vec<f64> = values.iter().map(|value| nearest(value / unit)).collect();
        let mean = |of: &[f64]| of.iter().zip(weights).map(|(v, w)| v * w).sum::<f64>();
        let [count, value] = [mean(&multiples), mean(values)];
        let (mut joint, mut spread) = (0.0, 0.0);
        for row in 0..rows {
            joint += weights[row] * (values[row] - value) * (multiples[row] - count);
            spread += weights[row] * (multiples[row] - count) * (multiples[row] - count);
        }
        unit = joint / spread;
        if !unit.is_finite() || unit <= 0.0 {
            return None;
        }
        let (mut numbers, mut ends, mut rests) = (Vec::new(), Vec::new(), Vec::with_capacity(rows));
        for (row, value) in values.iter().enumerate() {
            let multiple = nearest(value / unit);
            rests.push(value - multiple * unit);
            match ends.last_mut() {
                Some(end) if numbers.last() == Some(&multiple) => *end = row + 1,
                _ => {
                    ends.push(row + 1);
                    numbers.push(multiple);
                }
            }
        }
        (numbers.len() <= MULTIPLES).then_some(Self { unit, numbers, ends, rests })
    }
}

/// The nearest whole number, of two the even one, of numbers from 0 to 2⁵¹; larger ones may become others of
/// their size.
fn nearest(number: f64) -> f64 {
    const MAGIC: f64 = 6_755_399_441_055_744.0;
    (number + MAGIC) - MAGIC
}

/// A test of frequencies by multiples: A_m changes slowly with the frequency, so that it is taken once for a
/// stretch, and φ within it is a polynomial of few terms.
pub(super) struct Waves {
    /// A test by sums of moduli alone, in longer steps.
    coarse: Option<Screen>,
    wheels: Vec<Wheel>,
    draws: f64,
    /// Frequencies of a stretch, a multiple of [`BLOCK`].
    stretch: usize,
    /// For each eight places of a stretch, two frequencies apart, and each multiple: cosines and sines.
    table: Vec<f64>,
    /// What |φ| can be larger by than what is computed.
    slack: f64,
}

/// Frequencies of a stretch at most.
const LONGEST: usize = 256;

/// What may be lost by taking A_m for a whole stretch.
const LOST: f64 = 0.005;

impl Waves {
    pub(super) fn of(day: &Day, period: f64, negligible: f64) -> Option<Self> {
        let Kind::Draws(draws) = day.kind else { return None };
        let multiples = Multiples::of(day)?;
        let weights = &day.weights[..day.rows];
        // |A_m(t) − e^{i(t − t')c} A_m(t')| ≤ |t − t'| Σ w|e − c|: with the mean of the multiple's values.
        let (mut begin, mut off) = (0, 0.0);
        let mut centers = Vec::with_capacity(multiples.ends.len());
        for &end in &multiples.ends {
            let (values, weights) = (&day.values[begin..end], &weights[begin..end]);
            let products: f64 = values.iter().zip(weights).map(|(value, weight)| value * weight).sum();
            let center = products / weights.iter().sum::<f64>();
            off += values.iter().zip(weights).map(|(v, weight)| (v - center).abs() * weight).sum::<f64>();
            centers.push(center);
            begin = end;
        }
        let mean: f64 = day.values.iter().zip(weights).map(|(value, weight)| value * weight).sum();
        let far: f64 =
            day.values.iter().zip(weights).map(|(value, weight)| (value - mean).abs() * weight).sum();
        let [slope, steep] = [off, far].map(|off| off * std::f64::consts::TAU / period);
        let stretch = (2.0 * LOST / slope).min(LONGEST as f64) as usize / BLOCK * BLOCK;
        if stretch < 2 * BLOCK {
            return None;
        }
        let (kinds, places) = (centers.len(), stretch / 2);
        let offsets: Vec<f64> =
            (0..places).map(|place| 2.0 * place as f64 + 1.0 - stretch as f64 / 2.0).collect();
        let mut table = vec![0.0; places * kinds * 2];
        let [mut cosines, mut sines] = [vec![0.0; places], vec![0.0; places]];
        for (kind, center) in centers.iter().enumerate() {
            let turns = center / period;
            run(Nodes { numbers: &offsets, turns, cosines: &mut cosines, sines: &mut sines });
            let both = cosines.chunks_exact(LANES).zip(sines.chunks_exact(LANES));
            for (block, (cosines, sines)) in both.enumerate() {
                let at = (block * kinds + kind) * 2 * LANES;
                table[at..at + LANES].copy_from_slice(cosines);
                table[at + LANES..at + 2 * LANES].copy_from_slice(sines);
            }
        }
        let slack = slope * stretch as f64 / 2.0 + steep / 2.0;
        let mut begin = 0;
        let wheel = |&end: &usize| {
            let range = begin..end;
            begin = end;
            Wheel::of(&day.values[range.clone()], &day.weights[range], period)
        };
        let wheels: Vec<Wheel> = multiples.ends.iter().map(wheel).collect();
        let draws = f64::from(draws);
        let coarse = screen_of(&wheels, (negligible.ln() / draws).exp(), stretch);
        Some(Self { coarse, wheels, draws, stretch, table, slack })
    }

    /// Of runs of frequencies those that may hold a value of `negligible` or more.
    pub(super) fn pass(&mut self, runs: &[(usize, usize)], negligible: f64) -> Vec<(usize, usize)> {
        let least = (negligible.ln() / self.draws).exp();
        let limit = least - self.slack;
        let coarse = self.coarse.as_mut().map(|screen| screen.above(least).pass(runs));
        let runs = coarse.as_deref().unwrap_or(runs);
        let kinds = self.wheels.len();
        let mut left: Vec<(usize, usize)> = Vec::new();
        let mut values = vec![Values::default(); kinds];
        let (mut re, mut im) = ([0.0; MULTIPLES], [0.0; MULTIPLES]);
        let mut passed = Vec::new();
        for &(begin, end) in runs {
            for wheel in &mut self.wheels {
                wheel.start(begin as f64 + (self.stretch as f64 - 1.0) / 2.0, self.stretch as f64);
            }
            let mut first = begin;
            while first < end {
                let mut bound = [0.0; BLOCK];
                for (wheel, values) in self.wheels.iter_mut().zip(&mut values) {
                    wheel.block(values);
                    for k in 0..BLOCK {
                        bound[k] += (values.re[k] * values.re[k] + values.im[k] * values.im[k]).sqrt();
                    }
                }
                for k in 0..BLOCK {
                    if first >= end {
                        break;
                    }
                    if bound[k] >= limit {
                        for kind in 0..kinds {
                            re[kind] = values[kind].re[k];
                            im[kind] = values[kind].im[k];
                        }
                        passed.clear();
                        run(Ripples {
                            table: &self.table,
                            re: &re[..kinds],
                            im: &im[..kinds],
                            least: limit * limit,
                            passed: &mut passed,
                        });
                        for &block in &passed {
                            let from = first + block * BLOCK;
                            let to = (from + BLOCK).min(end);
                            match left.last_mut() {
                                _ if from >= end => {}
                                Some(last) if last.1 == from => last.1 = to,
                                _ => left.push((from, to)),
                            }
                        }
                    }
                    first += self.stretch;
                }
            }
        }
        left
    }
}

/// Blocks of places where a modulus squared of φ is `least` or more.
struct Ripples<'a> {
    table: &'a [f64],
    re: &'a [f64],
    im: &'a [f64],
    least: f64,
    passed: &'a mut Vec<usize>,
}

impl Work for Ripples<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let zero = F::splat(0.0);
        for (number, table) in self.table.chunks_exact(self.re.len() * 2 * LANES).enumerate() {
            let (mut re, mut im) = ([zero; 2], [zero; 2]);
            for (table, (&a, &b)) in table.chunks_exact(2 * LANES).zip(self.re.iter().zip(self.im)) {
                let (a, b) = (F::splat(a), F::splat(b));
                let (c, s) = (F::load(table), F::load(&table[LANES..]));
                re[0] = a.fma(c, re[0]);
                re[1] = b.fma(s, re[1]);
                im[0] = a.fma(s, im[0]);
                im[1] = b.fma(c, im[1]);
            }
            let (x, y) = (re[0].sub(re[1]), im[0].add(im[1]));
            let mut squares = [0.0; LANES];
            x.fma(x, y.mul(y)).store(&mut squares);
            let mut any = false;
            for square in squares {
                any |= square >= self.least;
            }
            if any {
                self.passed.push(number);
            }
        }
    }
}

/// Cosines and sines of numbers of turns.
struct Nodes<'a> {
    numbers: &'a [f64],
    turns: f64,
    cosines: &'a mut [f64],
    sines: &'a mut [f64],
}

impl Work for Nodes<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let turns = F::splat(self.turns);
        let places = self.cosines.chunks_exact_mut(LANES).zip(self.sines.chunks_exact_mut(LANES));
        for (numbers, (cosines, sines)) in self.numbers.chunks_exact(LANES).zip(places) {
            let (cosine, sine) = cos_sin(part_of_turn(F::load(numbers), turns));
            cosine.store(cosines);
            sine.store(sines);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Squared returns of a price that moves by whole ticks, most of the time by none.
    fn ticks(rows: u32) -> Vec<f64> {
        let mut price = 17_000.0f64;
        (0..rows)
            .map(|row| {
                let hash = (row + 1).wrapping_mul(2_654_435_761) >> 16;
                let moves = [0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0, 2.0, 0.0, 0.0, -1.0, 0.0, 1.0];
                let change = moves[(hash % 13) as usize];
                let before = price;
                price += change;
                (change / before).powi(2) * 1e6
            })
            .collect()
    }

    #[test]
    fn waves_let_no_large_value_go() {
        let day = Day::draws(&ticks(385));
        let (period, negligible, end) = (day.largest * 60.0, 1e-10, 1 << 14);
        let mut waves = Waves::of(&day, period, negligible).unwrap();
        let runs = waves.pass(&[(0, end)], negligible);
        let passed: usize = runs.iter().map(|(first, last)| last - first).sum();
        assert!(passed < end / 2, "{passed} of {end} pass");
        let mut wheel = day.wheel(period);
        wheel.start(0.0, 1.0);
        let (mut block, mut large) = (Values::default(), 0);
        let least = (negligible.ln() / 385.0).exp();
        for first in (0..end).step_by(BLOCK) {
            wheel.block(&mut block);
            for k in 0..BLOCK {
                if block.re[k].hypot(block.im[k]) >= least {
                    large += 1;
                    let inside = |&(from, to): &(usize, usize)| (from..to).contains(&(first + k));
                    assert!(runs.iter().any(inside), "{} is lost", first + k);
                }
            }
        }
        assert!(large > 200, "{large} values that must pass");
    }
}
