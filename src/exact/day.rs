//! One day's independent rows: moments, Chernoff's bound, and the characteristic function at equally spaced
//! frequencies.
//!
//! Cosines and sines of a row's phase go from one frequency to the next by a rotation, for all rows side by
//! side: 4 operations a row and frequency, and 2 to add them up. Rotations begin afresh from exactly reduced
//! phases every 256 frequencies, so that their rounding errors stay below 1e-13.

use super::lanes::{Floats, LANES, Work, cos_sin, exp, part_of_turn, run, total};

/// Frequencies evaluated together.
pub(super) const BLOCK: usize = 16;

/// Blocks between fresh starts of the rotations.
const BLOCKS_OF_A_RUN: u32 = 16;

/// Rows are padded to a multiple of this, with weight 0 (or the value 0, where there are no weights).
pub(super) const PADDING: usize = 2 * LANES;

/// Rows whose cosines are added up before these sums are, which keeps rounding errors small.
pub(super) const SUMMED: usize = 1024;

/// What merging values of equal digits changes a sum by at most, relative to it.
pub(super) const MERGED: f64 = 6e-14;

/// Rows that show where a characteristic function may be large.
const SHOWN: usize = 64;

/// Rows at most whose phases in a block of frequencies are tabled: more do not fit the nearest cache.
const TABLED: usize = 64;

/// How rows enter the sum.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Kind {
    /// So many draws with replacement; a row's weight is its probability.
    Draws(u32),
    /// Each row with this probability, independently; weights are 1.
    Chance(f64),
}

/// Rows of a day. The values are at least 0: what all sums have in common is taken off.
#[derive(Debug, Clone)]
pub(super) struct Day {
    pub(super) kind: Kind,
    /// Distinct values (under [`Kind::Chance`] all values), padded.
    pub(super) values: Vec<f64>,
    /// Their weights, padded with 0.
    pub(super) weights: Vec<f64>,
    /// Number of values without padding.
    pub(super) rows: usize,
    /// The largest value.
    pub(super) largest: f64,
}

/// Cumulants and what Bennett's bound needs of a sum.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Moments {
    pub(super) mean: f64,
    pub(super) variance: f64,
    pub(super) third: f64,
    /// Σ E X² over the independent, non-negative terms X.
    pub(super) squares: f64,
    /// The largest sum there is.
    pub(super) most: f64,
}

impl Day {
    /// Draws from `values`, each of which is at least 0.
    pub(super) fn draws(values: &[f64]) -> Self {
        let (mut distinct, mut counts) = distinct(values);
        let rows = distinct.len();
        if rows < CLUSTERED {
            // In order, so that clusters lie together.
            let mut pairs: Vec<(f64, u32)> = distinct.into_iter().zip(counts).collect();
            pairs.sort_unstable_by(|a, b| a.0.total_cmp(&b.0));
            (distinct, counts) = pairs.into_iter().unzip();
        }
        let share = 1.0 / values.len() as f64;
        let mut weights: Vec<f64> = counts.iter().map(|&count| f64::from(count) * share).collect();
        let padded = rows.next_multiple_of(PADDING);
        distinct.resize(padded, 0.0);
        weights.resize(padded, 0.0);
        let largest = largest(&distinct);
        Self { kind: Kind::Draws(values.len() as u32), values: distinct, weights, rows, largest }
    }

    /// Draws from values that are distinct, each at least 0, with these weights.
    pub(super) fn of_distinct(draws: u32, values: &[f64], weights: &[f64]) -> Self {
        let (mut values, mut weights) = (values.to_vec(), weights.to_vec());
        let rows = values.len();
        let padded = rows.next_multiple_of(PADDING);
        values.resize(padded, 0.0);
        weights.resize(padded, 0.0);
        let largest = largest(&values);
        Self { kind: Kind::Draws(draws), values, weights, rows, largest }
    }

    /// Subsets of `values`, each of which is at least 0, with the chance of a row to be in.
    pub(super) fn chance(mut values: Vec<f64>, chance: f64) -> Self {
        let rows = values.len();
        values.resize(rows.next_multiple_of(PADDING), 0.0);
        let weights = (0..values.len()).map(|row| if row < rows { 1.0 } else { 0.0 }).collect();
        let largest = largest(&values);
        Self { kind: Kind::Chance(chance), values, weights, rows, largest }
    }

    /// The same with all values times a factor.
    pub(super) fn scaled(&self, factor: f64) -> Self {
        Self {
            kind: self.kind,
            values: self.values.iter().map(|value| value * factor).collect(),
            weights: self.weights.clone(),
            rows: self.rows,
            largest: self.largest * factor,
        }
    }

    /// Number of distinct values other than 0.
    pub(super) fn kinds(&self) -> usize {
        let values = &self.values[..self.rows];
        match self.kind {
            Kind::Draws(_) => self.rows,
            Kind::Chance(_) => distinct(values).0.len(),
        }
    }

    pub(super) fn moments(&self) -> Moments {
        let Self { values, weights, largest, .. } = self;
        let [first, second] = sums(values, weights, |value, weight| [value * weight, value * value * weight]);
        match self.kind {
            Kind::Draws(draws) => {
                let draws = f64::from(draws);
                let [variance, third] = sums(values, weights, |value, weight| {
                    let off = value - first;
                    [weight * off * off, weight * off * off * off]
                });
                Moments {
                    mean: draws * first,
                    variance: draws * variance,
                    third: draws * third,
                    squares: draws * second,
                    most: draws * largest,
                }
            }
            Kind::Chance(chance) => {
                let [cubes] = sums(values, weights, |value, _| [value * value * value]);
                let spread = chance * (1.0 - chance);
                Moments {
                    mean: chance * first,
                    variance: spread * second,
                    third: spread * (1.0 - 2.0 * chance) * cubes,
                    squares: chance * second,
                    most: first,
                }
            }
        }
    }

    /// ln E exp(sS) and its first two derivatives by s.
    pub(super) fn log_moments(&self, s: f64) -> [f64; 3] {
        match self.kind {
            Kind::Draws(draws) => {
                let top = if s > 0.0 { self.largest } else { 0.0 };
                let [zeroth, first, second] =
                    run(Exponentials { values: &self.values, weights: &self.weights, s, top });
                let (mean, draws) = (first / zeroth, f64::from(draws));
                let variance = second / zeroth - mean * mean;
                [draws * (s * top + zeroth.ln()), draws * (top + mean), draws * variance]
            }
            Kind::Chance(chance) => {
                let mut sums = [0.0; 3];
                for &value in &self.values[..self.rows] {
                    // By the more likely of both signs of the exponent, so that nothing overflows.
                    let power = (-(s * value).abs()).exp();
                    let (base, share, log) = if s > 0.0 {
                        let base = (1.0 - chance) * power + chance;
                        (base, chance / base, s * value)
                    } else {
                        let base = 1.0 - chance + chance * power;
                        (base, chance * power / base, 0.0)
                    };
                    sums[0] += log + base.ln();
                    sums[1] += value * share;
                    sums[2] += value * value * share * (1.0 - share);
                }
                sums
            }
        }
    }

    /// All rows, at frequencies in units of one in `period`.
    pub(super) fn wheel(&self, period: f64) -> Wheel {
        self.wheel_of(0..self.values.len(), period)
    }

    fn wheel_of(&self, rows: impl Iterator<Item = usize>, period: f64) -> Wheel {
        let per_turn = 1.0 / period;
        let (mut turns, mut weights) = (Vec::new(), Vec::new());
        for row in rows {
            turns.push(self.values[row] * per_turn);
            weights.push(self.weights[row]);
        }
        let chance = if let Kind::Chance(chance) = self.kind { Some(chance) } else { None };
        Wheel::new(turns, weights, chance)
    }
    /// To the power of the number of draws.
    pub(super) fn raise(&self, block: &mut Values) {
        if let Kind::Draws(draws) = self.kind {
            run(Power { block, power: draws });
        }
    }

    /// Tests of a block of frequencies, cheapest first: whether the modulus of the characteristic function
    /// can be `negligible` or more.
    ///
    /// The modulus of a mean φ of e^{itv} changes with t by at most E|v − c|, whatever c. So a value at one
    /// frequency bounds it around. Over a share a of all draws, with the mean φ_A over these, |φ| ≤ a|φ_A| +
    /// 1 − a: a few rows suffice to show that |φ| is not nearly 1. For rows that are in by chance the logs of
    /// the factors' moduli, all at most 0, take the place of the mean.
    pub(super) fn screens(&self, period: f64, negligible: f64) -> Vec<Screen> {
        let all = self.screen(0..self.rows, period, negligible, 0.0);
        let mut screens = Vec::new();
        screens.extend(self.clusters(period, negligible));
        let shown = if let Kind::Draws(_) = self.kind { SHOWN } else { 3 * SHOWN };
        if self.rows > shown + shown / 3 {
            screens.push(self.screen(self.shown(shown).into_iter(), period, negligible, 0.4));
        }
        screens.push(all);
        screens
    }

    /// So many rows that show most: heavy ones, then of those above the mean, whose phases part first, every
    /// so many, then of all.
    fn shown(&self, shown: usize) -> Vec<usize> {
        let (values, weights) = (&self.values[..self.rows], &self.weights[..self.rows]);
        let light = weights.iter().copied().fold(f64::INFINITY, f64::min);
        let (mut rows, mut equals) = (Vec::new(), Vec::with_capacity(self.rows));
        for row in 0..self.rows {
            if weights[row] > light && values[row] > 0.0 { rows.push(row) } else { equals.push(row) }
        }
        if rows.len() > shown {
            rows.select_nth_unstable_by(shown, |&a, &b| weights[b].total_cmp(&weights[a]).then(a.cmp(&b)));
            rows.truncate(shown);
        }
        let mean: f64 = values.iter().zip(weights).map(|(value, weight)| value * weight).sum();
        let above: Vec<usize> = equals.iter().copied().filter(|&row| values[row] > mean).collect();
        let more = shown - rows.len();
        if above.len() >= more {
            equals = above;
        }
        rows.extend((0..more).map(|place| equals[place * equals.len() / more]));
        rows
    }

    /// A test by some rows. `slack` is the share of the bound that may be spent on neighbouring frequencies.
    fn screen(&self, rows: impl Iterator<Item = usize>, period: f64, negligible: f64, slack: f64) -> Screen {
        let wheel = self.wheel_of(rows, period);
        let (turns, weights) = (&wheel.turns, &wheel.weights);
        let [share, first] = sums(turns, weights, |turn, weight| [weight, turn * weight]);
        let (limit, slope) = match self.kind {
            Kind::Draws(draws) => {
                let largest = (negligible.ln() / f64::from(draws)).exp();
                let mean = first / share;
                let [off] = sums(turns, weights, |turn, weight| [(turn - mean).abs() * weight]);
                (1.0 - (1.0 - largest) / share, off / share)
            }
            Kind::Chance(chance) => {
                // ln|1 − p + p e^{iθ}| = ½ ln(1 − q(1 − cos θ)), q = 2p(1 − p): its slope is largest where
                // cos θ = −q/(1 − q).
                let q = 2.0 * chance * (1.0 - chance);
                (negligible.ln(), q / (2.0 * (1.0 - 2.0 * q).max(0.0).sqrt()) * first)
            }
        };
        let slope = slope * std::f64::consts::TAU;
        let stride = stride(slack * limit.abs(), slope);
        let limit = limit - slope * (stride as f64 - 1.0) / 2.0;
        let limit = if let Kind::Draws(_) = self.kind { limit * share } else { limit };
        Screen { wheels: vec![wheel], fixed: 0.0, stride, slack: 0.0, limit }
    }

    /// A test by clusters of values that are close to each other, as those of moves by one tick, by two, by
    /// three. Within a cluster phases part slowly, so that one value speaks for many frequencies:
    /// |φ| ≤ Σ over clusters |Σ over a cluster|.
    fn clusters(&self, period: f64, negligible: f64) -> Option<Screen> {
        let Kind::Draws(draws) = self.kind else { return None };
        if self.rows >= CLUSTERED {
            return None;
        }
        let order: Vec<usize> = (0..self.rows).collect();
        let (mut wheels, mut fixed, mut slope, mut typical) = (Vec::new(), 0.0, 0.0, 0.0f64);
        for cluster in order.chunk_by(|&a, &b| self.values[b] < 1.05 * self.values[a]) {
            if let [alone] = cluster {
                fixed += self.weights[*alone];
                continue;
            }
            let wheel = self.wheel_of(cluster.iter().copied(), period);
            let (turns, weights) = (&wheel.turns, &wheel.weights);
            let [weight, first, squares] = sums(turns, weights, |t, w| [w, t * w, w * w]);
            let mean = first / weight;
            let [off] = sums(turns, weights, |t, w| [(t - mean).abs() * w]);
            slope += off * std::f64::consts::TAU;
            typical += squares.sqrt();
            wheels.push(wheel);
        }
        let limit = (negligible.ln() / f64::from(draws)).exp();
        let room = limit - fixed - typical;
        // Too much weight stays where it is: this shows nothing.
        if wheels.is_empty() || room < 0.05 {
            return None;
        }
        let stride = stride(0.4 * room, slope);
        let slack = slope * (stride as f64 - 1.0) / 2.0;
        Some(Screen { wheels, fixed, stride, slack, limit: limit - slack })
    }
}

/// A test by the moduli of the wheels' sums: whether all that can be `least` or more. Nothing where it would
/// show nothing, or one value would speak for no more than so many frequencies.
pub(super) fn screen_of(wheels: &[Wheel], least: f64, frequencies: usize) -> Option<Screen> {
    let (mut fixed, mut slope, mut typical) = (0.0, 0.0, 0.0);
    let mut moving = Vec::new();
    for wheel in wheels {
        let Wheel { turns, weights, rows, .. } = wheel;
        let [weight, first, squares] = sums(turns, weights, |t, w| [w, t * w, w * w]);
        if *rows == 1 {
            fixed += weight;
            continue;
        }
        let mean = first / weight;
        let [off] = sums(turns, weights, |t, w| [(t - mean).abs() * w]);
        slope += off * std::f64::consts::TAU;
        typical += squares.sqrt();
        moving.push(wheel);
    }
    let room = least - fixed - typical;
    // Too much weight stays where it is: this shows nothing.
    if moving.is_empty() || room < 0.01 {
        return None;
    }
    let stride = stride(0.4 * room, slope);
    let slack = slope * (stride as f64 - 1.0) / 2.0;
    (stride > frequencies).then(|| Screen {
        wheels: moving.into_iter().cloned().collect(),
        fixed,
        stride,
        slack,
        limit: least - slack,
    })
}

/// Frequencies of a run that a test takes one by one: more of them share the way from one to the next.
const FEW: usize = 3;

/// Days of more distinct values than this are not looked at by clusters.
pub(super) const CLUSTERED: usize = 160;

/// Frequencies around one whose values differ from its own by at most `slack`, as a multiple of a block.
fn stride(slack: f64, slope: f64) -> usize {
    let stride = slack / slope * 2.0;
    if stride >= BLOCK as f64 && stride.is_finite() {
        (stride as usize).min(1 << 20) / BLOCK * BLOCK
    } else {
        BLOCK
    }
}

/// A test whether a run of frequencies can hold a large value.
#[derive(Debug)]
pub(super) struct Screen {
    wheels: Vec<Wheel>,
    /// What is added to the moduli of the wheels' sums.
    fixed: f64,
    /// Frequencies that one value speaks for, a multiple of [`BLOCK`].
    stride: usize,
    /// What the sum of moduli may be smaller by than at frequencies that one value speaks for.
    slack: f64,
    /// Where the sum of moduli (for rows by chance, the log of the modulus) is below, there is nothing large.
    limit: f64,
}

impl Screen {
    /// The same for sums of `least` or more.
    pub(super) fn above(&mut self, least: f64) -> &mut Self {
        self.limit = least - self.slack;
        self
    }

    /// What a pass costs: rows a frequency.
    pub(super) fn cost(&self) -> usize {
        self.wheels.iter().map(|wheel| wheel.turns.len()).sum::<usize>() * (1 << 20) / self.stride
    }

    /// Of runs of frequencies (each begins at and ends before a multiple of [`BLOCK`]), those that are left.
    pub(super) fn pass(&mut self, runs: &[(usize, usize)]) -> Vec<(usize, usize)> {
        let chance = self.wheels.iter().any(|wheel| wheel.chance.is_some());
        if !chance && self.limit <= self.fixed || self.limit.is_nan() || self.limit == f64::NEG_INFINITY {
            return runs.to_vec();
        }
        let mut left: Vec<(usize, usize)> = Vec::new();
        let mut block = Values::default();
        for &(begin, end) in runs {
            if let [wheel] = &mut self.wheels[..]
                && !chance
                && end - begin <= FEW * self.stride
            {
                for first in (begin..end).step_by(self.stride) {
                    let square = wheel.square(first as f64 + self.stride as f64 / 2.0);
                    if self.fixed + square.sqrt() >= self.limit {
                        let next = (first + self.stride).min(end);
                        match left.last_mut() {
                            Some(last) if last.1 == first => last.1 = next,
                            _ => left.push((first, next)),
                        }
                    }
                }
                continue;
            }
            for wheel in &mut self.wheels {
                wheel.start(begin as f64 + (self.stride as f64 - 1.0) / 2.0, self.stride as f64);
            }
            let mut first = begin;
            while first < end {
                let mut moduli = [self.fixed; BLOCK];
                for wheel in &mut self.wheels {
                    wheel.block(&mut block);
                    for lane in 0..BLOCK {
                        let square = block.re[lane] * block.re[lane] + block.im[lane] * block.im[lane];
                        moduli[lane] += square.sqrt();
                    }
                }
                for modulus in moduli {
                    if first >= end {
                        break;
                    }
                    let next = (first + self.stride).min(end);
                    let value = if chance { modulus.ln() } else { modulus };
                    if value >= self.limit {
                        match left.last_mut() {
                            Some(last) if last.1 == first => last.1 = next,
                            _ => left.push((first, next)),
                        }
                    }
                    first = next;
                }
            }
        }
        left
    }
}

/// Values at the frequencies of a block.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    pub(super) re: [f64; BLOCK],
    pub(super) im: [f64; BLOCK],
}

/// Rows on their way through the frequencies.
#[derive(Debug, Clone)]
pub(super) struct Wheel {
    /// Turns a frequency.
    turns: Vec<f64>,
    weights: Vec<f64>,
    /// Cosines and sines at the next frequency, and of a step.
    phases: [Vec<f64>; 4],
    chance: Option<f64>,
    next: f64,
    stride: f64,
    blocks: u32,
    /// Number of rows without padding.
    rows: usize,
    /// Whether a table takes the place of rotations: few rows make short sums, in which one addition waits
    /// for the other, unless sums of many frequencies grow side by side.
    tabled: bool,
    /// Cosines and sines of all frequencies of a block relative to its first, a row after the other.
    table: Vec<f64>,
}

impl Wheel {
    fn new(mut turns: Vec<f64>, mut weights: Vec<f64>, chance: Option<f64>) -> Self {
        let padded = turns.len().next_multiple_of(PADDING);
        turns.resize(padded, 0.0);
        weights.resize(padded, 0.0);
        let empty = || vec![0.0; padded];
        let phases = [empty(), empty(), empty(), empty()];
        let rows =
            turns.iter().zip(&weights).rposition(|(_, &weight)| weight != 0.0).map_or(0, |last| last + 1);
        let tabled = chance.is_none() && rows <= TABLED;
        let table = Vec::new();
        Wheel { turns, weights, phases, chance, next: 0.0, stride: 1.0, blocks: 0, rows, tabled, table }
    }

    /// Of draws from values with these weights, at frequencies in units of one in `period`.
    pub(super) fn of(values: &[f64], weights: &[f64], period: f64) -> Self {
        let per_turn = 1.0 / period;
        Self::new(values.iter().map(|value| value * per_turn).collect(), weights.to_vec(), None)
    }

    /// Begins at frequency number `first`, which is half of one further than its number says.
    pub(super) fn start(&mut self, first: f64, stride: f64) {
        if self.tabled && (self.table.is_empty() || self.stride != stride) {
            self.table.resize(self.rows * 2 * BLOCK, 0.0);
            run(Fill { turns: &self.turns[..self.rows], stride, table: &mut self.table });
            let [_, _, cosines, sines] = &mut self.phases;
            run(Phases { turns: &self.turns, factor: stride * BLOCK as f64, cosines, sines });
        }
        (self.next, self.stride, self.blocks) = (first, stride, 0);
    }

    /// |Σ weight · e^{itv}|² at one frequency.
    fn square(&self, frequency: f64) -> f64 {
        let [x, y] = run(Single { turns: &self.turns, weights: &self.weights, frequency });
        x * x + y * y
    }

    /// Σ weight · e^{itv} (for rows that are in by chance: Π (1 − p + p e^{itv})) at the next frequencies.
    pub(super) fn block(&mut self, values: &mut Values) {
        if self.tabled {
            let Self { turns, weights, phases, next, rows, table, .. } = self;
            let [cosines, sines, step_cosines, step_sines] = phases;
            if self.blocks.is_multiple_of(BLOCKS_OF_A_RUN) {
                run(Phases { turns, factor: *next + 0.5, cosines, sines });
                for ((cosine, sine), weight) in cosines.iter_mut().zip(sines.iter_mut()).zip(weights) {
                    *cosine *= *weight;
                    *sine *= *weight;
                }
            } else {
                run(Turn { cosines, sines, step_cosines, step_sines });
            }
            self.blocks += 1;
            *next += self.stride * BLOCK as f64;
            run(Tabled { cosines: &cosines[..*rows], sines: &sines[..*rows], table, values });
            return;
        }
        if self.blocks.is_multiple_of(BLOCKS_OF_A_RUN) {
            let Self { turns, phases, next, stride, .. } = self;
            run(Begin { turns, phases, first: *next + 0.5, stride: *stride });
        }
        self.blocks += 1;
        self.next += self.stride * BLOCK as f64;
        let Self { weights, phases, chance, .. } = self;
        match *chance {
            None => run(Sums { weights, phases, values }),
            Some(chance) => run(Products { phases, chance, values }),
        }
    }
}

/// Σ weight · e^{itv} at one frequency.
struct Single<'a> {
    turns: &'a [f64],
    weights: &'a [f64],
    frequency: f64,
}

impl Work for Single<'_> {
    type Output = [f64; 2];

    #[inline(always)]
    fn run<F: Floats>(self) -> [f64; 2] {
        let frequency = F::splat(self.frequency);
        let (mut x, mut y) = (F::splat(0.0), F::splat(0.0));
        for (turns, weights) in self.turns.chunks_exact(LANES).zip(self.weights.chunks_exact(LANES)) {
            let (cosine, sine) = cos_sin(part_of_turn(frequency, F::load(turns)));
            let weights = F::load(weights);
            x = weights.fma(cosine, x);
            y = weights.fma(sine, y);
        }
        [total(x), total(y)]
    }
}

/// Cosines and sines of the turns times a factor.
struct Phases<'a> {
    turns: &'a [f64],
    factor: f64,
    cosines: &'a mut [f64],
    sines: &'a mut [f64],
}

impl Work for Phases<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let factor = F::splat(self.factor);
        let places = self.cosines.chunks_exact_mut(LANES).zip(self.sines.chunks_exact_mut(LANES));
        for (turns, (cosines, sines)) in self.turns.chunks_exact(LANES).zip(places) {
            let (cosine, sine) = cos_sin(part_of_turn(factor, F::load(turns)));
            cosine.store(cosines);
            sine.store(sines);
        }
    }
}

/// Phases go on by a step.
struct Turn<'a> {
    cosines: &'a mut [f64],
    sines: &'a mut [f64],
    step_cosines: &'a [f64],
    step_sines: &'a [f64],
}

impl Work for Turn<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let places = self.cosines.chunks_exact_mut(LANES).zip(self.sines.chunks_exact_mut(LANES));
        let steps = self.step_cosines.chunks_exact(LANES).zip(self.step_sines.chunks_exact(LANES));
        for ((cosines, sines), (step_cosines, step_sines)) in places.zip(steps) {
            let (c, s) = (F::load(cosines), F::load(sines));
            let (sc, ss) = (F::load(step_cosines), F::load(step_sines));
            s.fnma(ss, c.mul(sc)).store(cosines);
            s.fma(sc, c.mul(ss)).store(sines);
        }
    }
}

/// Cosines and sines of a block's frequencies relative to its first.
struct Fill<'a> {
    turns: &'a [f64],
    stride: f64,
    table: &'a mut [f64],
}

impl Work for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        for (&turns, table) in self.turns.iter().zip(self.table.chunks_exact_mut(2 * BLOCK)) {
            let (cosines, sines) = table.split_at_mut(BLOCK);
            let places = cosines.chunks_exact_mut(LANES).zip(sines.chunks_exact_mut(LANES));
            for (place, (cosines, sines)) in places.enumerate() {
                let factors: [f64; LANES] =
                    std::array::from_fn(|lane| (place * LANES + lane) as f64 * self.stride);
                let (cosine, sine) = cos_sin(part_of_turn(F::load(&factors), F::splat(turns)));
                cosine.store(cosines);
                sine.store(sines);
            }
        }
    }
}

/// Sums over rows of a weighted phase times what a table has for each frequency.
struct Tabled<'a> {
    cosines: &'a [f64],
    sines: &'a [f64],
    table: &'a [f64],
    values: &'a mut Values,
}

impl Work for Tabled<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        const HALF: usize = BLOCK / 2;
        let zero = F::splat(0.0);
        // c·c, s·s, c·s, s·c for each half of a block: eight sums that need not wait for each other.
        let (mut cc, mut ss, mut cs, mut sc) = ([zero; 2], [zero; 2], [zero; 2], [zero; 2]);
        let rows = self.cosines.iter().zip(self.sines).zip(self.table.chunks_exact(2 * BLOCK));
        for ((&cosine, &sine), table) in rows {
            let (cosine, sine) = (F::splat(cosine), F::splat(sine));
            let (c0, c1) = (F::load(table), F::load(&table[HALF..]));
            let (s0, s1) = (F::load(&table[BLOCK..]), F::load(&table[BLOCK + HALF..]));
            cc[0] = cosine.fma(c0, cc[0]);
            cc[1] = cosine.fma(c1, cc[1]);
            ss[0] = sine.fma(s0, ss[0]);
            ss[1] = sine.fma(s1, ss[1]);
            cs[0] = cosine.fma(s0, cs[0]);
            cs[1] = cosine.fma(s1, cs[1]);
            sc[0] = sine.fma(c0, sc[0]);
            sc[1] = sine.fma(c1, sc[1]);
        }
        let Values { re, im } = self.values;
        for half in 0..2 {
            cc[half].sub(ss[half]).store(&mut re[half * HALF..]);
            cs[half].add(sc[half]).store(&mut im[half * HALF..]);
        }
    }
}

/// Phases at the first frequency, and of a step.
struct Begin<'a> {
    turns: &'a [f64],
    phases: &'a mut [Vec<f64>; 4],
    first: f64,
    stride: f64,
}

impl Work for Begin<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let (first, stride) = (F::splat(self.first), F::splat(self.stride));
        let [cosines, sines, step_cosines, step_sines] = self.phases;
        let places = cosines.chunks_exact_mut(LANES).zip(sines.chunks_exact_mut(LANES));
        let steps = step_cosines.chunks_exact_mut(LANES).zip(step_sines.chunks_exact_mut(LANES));
        for ((turns, place), step) in self.turns.chunks_exact(LANES).zip(places).zip(steps) {
            let turns = F::load(turns);
            let (cosine, sine) = cos_sin(part_of_turn(first, turns));
            cosine.store(place.0);
            sine.store(place.1);
            let (cosine, sine) = if self.first == 0.5 && self.stride == 1.0 {
                // Twice the angle.
                let twice = sine.add(sine);
                (twice.fnma(sine, F::splat(1.0)), twice.mul(cosine))
            } else {
                cos_sin(part_of_turn(stride, turns))
            };
            cosine.store(step.0);
            sine.store(step.1);
        }
    }
}

/// Weighted sums of cosines and sines.
struct Sums<'a> {
    weights: &'a [f64],
    phases: &'a mut [Vec<f64>; 4],
    values: &'a mut Values,
}

impl Work for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        *self.values = Values::default();
        let [cosines, sines, step_cosines, step_sines] = self.phases;
        let places = cosines.chunks_mut(SUMMED).zip(sines.chunks_mut(SUMMED));
        let steps = step_cosines.chunks(SUMMED).zip(step_sines.chunks(SUMMED));
        for ((weights, place), step) in self.weights.chunks(SUMMED).zip(places).zip(steps) {
            add_up::<F>(weights, place, step, self.values);
        }
    }
}

/// Adds weighted sums over some rows.
#[inline(always)]
fn add_up<F: Floats>(
    weights: &[f64],
    (cosines, sines): (&mut [f64], &mut [f64]),
    (step_cosines, step_sines): (&[f64], &[f64]),
    values: &mut Values,
) {
    let zero = F::splat(0.0);
    let (mut re, mut im) = ([zero; BLOCK], [zero; BLOCK]);
    let places = cosines.chunks_exact_mut(PADDING).zip(sines.chunks_exact_mut(PADDING));
    let steps = step_cosines.chunks_exact(PADDING).zip(step_sines.chunks_exact(PADDING));
    for ((weights, place), step) in weights.chunks_exact(PADDING).zip(places).zip(steps) {
        let (w0, w1) = (F::load(weights), F::load(&weights[LANES..]));
        let (mut c0, mut c1) = (F::load(place.0), F::load(&place.0[LANES..]));
        let (mut s0, mut s1) = (F::load(place.1), F::load(&place.1[LANES..]));
        let (sc0, sc1) = (F::load(step.0), F::load(&step.0[LANES..]));
        let (ss0, ss1) = (F::load(step.1), F::load(&step.1[LANES..]));
        for k in 0..BLOCK {
            re[k] = w0.fma(c0, w1.fma(c1, re[k]));
            im[k] = w0.fma(s0, w1.fma(s1, im[k]));
            (c0, s0) = (s0.fnma(ss0, c0.mul(sc0)), s0.fma(sc0, c0.mul(ss0)));
            (c1, s1) = (s1.fnma(ss1, c1.mul(sc1)), s1.fma(sc1, c1.mul(ss1)));
        }
        c0.store(place.0);
        c1.store(&mut place.0[LANES..]);
        s0.store(place.1);
        s1.store(&mut place.1[LANES..]);
    }
    for k in 0..BLOCK {
        values.re[k] += total(re[k]);
        values.im[k] += total(im[k]);
    }
}

/// Products of 1 − p + p e^{itv}.
struct Products<'a> {
    phases: &'a mut [Vec<f64>; 4],
    chance: f64,
    values: &'a mut Values,
}

impl Work for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let (chance, out) = (F::splat(self.chance), F::splat(1.0 - self.chance));
        let (mut re, mut im) = ([F::splat(1.0); BLOCK], [F::splat(0.0); BLOCK]);
        let [cosines, sines, step_cosines, step_sines] = self.phases;
        let places = cosines.chunks_exact_mut(LANES).zip(sines.chunks_exact_mut(LANES));
        let steps = step_cosines.chunks_exact(LANES).zip(step_sines.chunks_exact(LANES));
        for (place, step) in places.zip(steps) {
            let (mut c, mut s) = (F::load(place.0), F::load(place.1));
            let (sc, ss) = (F::load(step.0), F::load(step.1));
            for k in 0..BLOCK {
                let (x, y) = (c.fma(chance, out), s.mul(chance));
                (re[k], im[k]) = (im[k].fnma(y, re[k].mul(x)), im[k].fma(x, re[k].mul(y)));
                (c, s) = (s.fnma(ss, c.mul(sc)), s.fma(sc, c.mul(ss)));
            }
            c.store(place.0);
            s.store(place.1);
        }
        for k in 0..BLOCK {
            let (mut x, mut y) = ([0.0; LANES], [0.0; LANES]);
            re[k].store(&mut x);
            im[k].store(&mut y);
            let (mut product, mut turned) = (1.0, 0.0);
            for lane in 0..LANES {
                (product, turned) =
                    (product * x[lane] - turned * y[lane], product * y[lane] + turned * x[lane]);
            }
            (self.values.re[k], self.values.im[k]) = (product, turned);
        }
    }
}

/// Whole powers by repeated squaring.
pub(super) struct Power<'a> {
    pub(super) block: &'a mut Values,
    pub(super) power: u32,
}

impl Work for Power<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let Values { re, im } = self.block;
        for half in 0..BLOCK / LANES {
            let (re, im) = (&mut re[half * LANES..], &mut im[half * LANES..]);
            let (mut x, mut y) = (F::load(re), F::load(im));
            let (mut a, mut b) = (F::splat(1.0), F::splat(0.0));
            let mut power = self.power;
            while power > 0 {
                if power & 1 == 1 {
                    (a, b) = (b.fnma(y, a.mul(x)), b.fma(x, a.mul(y)));
                }
                (x, y) = (y.fnma(y, x.mul(x)), x.add(x).mul(y));
                power >>= 1;
            }
            a.store(re);
            b.store(im);
        }
    }
}

/// Σ weight · v^j exp(s(v − top)) for j = 0, 1, 2, with v − top in place of v.
struct Exponentials<'a> {
    values: &'a [f64],
    weights: &'a [f64],
    s: f64,
    top: f64,
}

impl Work for Exponentials<'_> {
    type Output = [f64; 3];

    #[inline(always)]
    fn run<F: Floats>(self) -> [f64; 3] {
        let (s, top) = (F::splat(self.s), F::splat(self.top));
        let mut sums = [F::splat(0.0); 3];
        for (values, weights) in self.values.chunks_exact(LANES).zip(self.weights.chunks_exact(LANES)) {
            let mut exponents = [0.0; LANES];
            let value = F::load(values).sub(top);
            value.mul(s).store(&mut exponents);
            // Below −690 the function is not made for; what is there counts nothing.
            for exponent in &mut exponents {
                *exponent = exponent.max(-690.0);
            }
            let term = exp(F::load(&exponents)).mul(F::load(weights));
            sums[0] = sums[0].add(term);
            let term = term.mul(value);
            sums[1] = sums[1].add(term);
            sums[2] = value.fma(term, sums[2]);
        }
        sums.map(total)
    }
}

/// The distinct values, in order of their first row, and how often each is there. Values that agree in 44
/// binary digits count as one: a price that goes up and down by a tick leaves squared returns that differ by
/// rounding alone.
fn distinct(values: &[f64]) -> (Vec<f64>, Vec<u32>) {
    let size = (2 * values.len()).next_power_of_two();
    let mut places = vec![0u32; size];
    let (mut found, mut counts): (Vec<f64>, Vec<u32>) = (Vec::with_capacity(values.len()), Vec::new());
    for &value in values {
        let key = digits(value);
        let mut place = (key.wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32) as usize & (size - 1);
        loop {
            match places[place] as usize {
                0 => {
                    found.push(value);
                    counts.push(1);
                    places[place] = found.len() as u32;
                    break;
                }
                number if digits(found[number - 1]) == key => {
                    counts[number - 1] += 1;
                    break;
                }
                _ => place = (place + 1) & (size - 1),
            }
        }
    }
    (found, counts)
}

/// A number's first 44 binary digits.
fn digits(number: f64) -> u64 {
    (number.to_bits() + 0x80) >> 8
}

/// Sums over rows of what `terms` makes of a value and its weight, in eight lanes. Both slices are padded.
#[inline(always)]
pub(super) fn sums<const N: usize>(
    values: &[f64],
    weights: &[f64],
    terms: impl Fn(f64, f64) -> [f64; N],
) -> [f64; N] {
    let mut sums = [[0.0; LANES]; N];
    for (values, weights) in values.chunks_exact(LANES).zip(weights.chunks_exact(LANES)) {
        for lane in 0..LANES {
            let terms = terms(values[lane], weights[lane]);
            for term in 0..N {
                sums[term][lane] += terms[term];
            }
        }
    }
    sums.map(|lanes| lanes.iter().sum())
}

/// The largest of non-negative values, padded.
fn largest(values: &[f64]) -> f64 {
    let mut most = [0.0f64; LANES];
    for values in values.chunks_exact(LANES) {
        for lane in 0..LANES {
            most[lane] = if values[lane] > most[lane] { values[lane] } else { most[lane] };
        }
    }
    most.into_iter().fold(0.0, f64::max)
}
