//! Characteristic functions of one draw at equally spaced frequencies, sixteen at a time.
//!
//! Cosines and sines of a row's phase go from one frequency to the next by a rotation, for all rows side by
//! side: 4 operations a row and frequency, and 2 to add them up. Rotations begin afresh from exactly reduced
//! phases every 256 frequencies, so that their rounding errors stay below 1e-13.

use super::lanes::{Floats, LANES, Work, cos_sin, part_of_turn, run, total};

/// Rows are padded to a multiple of this, with weight 0 (or the value 0, where there are no weights).
pub(super) const PADDING: usize = 2 * LANES;

/// Frequencies evaluated together.
pub(super) const BLOCK: usize = 16;

/// Blocks between fresh starts of the rotations.
const BLOCKS_OF_A_RUN: u32 = 16;

/// Rows whose cosines are added up before these sums are, which keeps rounding errors small.
pub(super) const SUMMED: usize = 1024;

/// Rows at most whose phases in a block of frequencies are tabled: more do not fit the nearest cache.
const TABLED: usize = 64;

/// Values at the frequencies of a block.
#[derive(Debug, Clone, Default)]
pub(super) struct Values {
    pub(super) re: [f64; BLOCK],
    pub(super) im: [f64; BLOCK],
}

impl Values {
    /// Products with the values of another day at the same frequencies.
    pub(super) fn multiply(&mut self, other: &Self) {
        for k in 0..BLOCK {
            let (a, b) = (self.re[k], self.im[k]);
            self.re[k] = a * other.re[k] - b * other.im[k];
            self.im[k] = a * other.im[k] + b * other.re[k];
        }
    }
}

/// Rows on their way through the frequencies.
#[derive(Debug, Clone)]
pub(super) struct Wheel {
    /// Turns a frequency.
    pub(super) turns: Vec<f64>,
    pub(super) weights: Vec<f64>,
    /// Cosines and sines at the next frequency, and of a step.
    phases: Vec<f64>,
    pub(super) chance: Option<f64>,
    next: f64,
    stride: f64,
    blocks: u32,
    /// Number of rows without padding.
    pub(super) rows: usize,
    /// Whether a table takes the place of rotations: few rows make short sums, in which one addition waits
    /// for the other, unless sums of many frequencies grow side by side.
    tabled: bool,
    /// Cosines and sines of the upper half of a block's frequencies relative to its middle, row after row.
    table: Vec<f64>,
}

impl Wheel {
    pub(super) fn new(mut turns: Vec<f64>, mut weights: Vec<f64>, chance: Option<f64>) -> Self {
        let padded = turns.len().next_multiple_of(PADDING);
        turns.resize(padded, 0.0);
        weights.resize(padded, 0.0);
        let rows =
            turns.iter().zip(&weights).rposition(|(_, &weight)| weight != 0.0).map_or(0, |last| last + 1);
        let tabled = chance.is_none() && rows <= TABLED;
        let table = Vec::new();
        let phases = Vec::new();
        Wheel { turns, weights, phases, chance, next: 0.0, stride: 1.0, blocks: 0, rows, tabled, table }
    }

    /// Of draws from values with these weights, at frequencies in units of one in `period`.
    pub(super) fn of(values: &[f64], weights: &[f64], period: f64) -> Self {
        let per_turn = 1.0 / period;
        Self::new(values.iter().map(|value| value * per_turn).collect(), weights.to_vec(), None)
    }

    /// Begins at frequency number `first`, which is half of one further than its number says.
    pub(super) fn start(&mut self, first: f64, stride: f64) {
        self.phases.resize(4 * self.turns.len(), 0.0);
        if self.tabled && (self.table.is_empty() || self.stride != stride) {
            self.table.resize(self.rows * BLOCK, 0.0);
            run(Fill { turns: &self.turns, stride, table: &mut self.table });
            let [_, _, cosines, sines] = quarters(&mut self.phases);
            run(Phases { turns: &self.turns, factor: stride * BLOCK as f64, cosines, sines });
        }
        (self.next, self.stride, self.blocks) = (first, stride, 0);
    }

    /// |Σ weight · e^{itv}|² at one frequency.
    pub(super) fn square(&self, frequency: f64) -> f64 {
        let [x, y] = run(Single { turns: &self.turns, weights: &self.weights, frequency });
        x * x + y * y
    }

    /// Σ weight · e^{itv} (for rows that are in by chance: Π (1 − p + p e^{itv})) at the next frequencies.
    pub(super) fn block(&mut self, values: &mut Values) {
        if self.tabled {
            let Self { turns, weights, phases, next, rows, table, .. } = self;
            let [cosines, sines, step_cosines, step_sines] = quarters(phases);
            if self.blocks.is_multiple_of(BLOCKS_OF_A_RUN) {
                let middle = *next + 0.5 + self.stride * (BLOCK - 1) as f64 / 2.0;
                run(Phases { turns, factor: middle, cosines, sines });
                weigh(cosines, sines, weights);
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
            if self.chance.is_none() {
                let [cosines, sines, ..] = quarters(phases);
                weigh(cosines, sines, &self.weights);
            }
        }
        self.blocks += 1;
        self.next += self.stride * BLOCK as f64;
        let Self { phases, chance, .. } = self;
        match *chance {
            None => run(Sums { phases, values }),
            Some(chance) => run(Products { phases, chance, values }),
        }
    }
}

/// Phases times weights.
fn weigh(cosines: &mut [f64], sines: &mut [f64], weights: &[f64]) {
    for ((cosine, sine), weight) in cosines.iter_mut().zip(sines).zip(weights) {
        *cosine *= weight;
        *sine *= weight;
    }
}

/// Four parts of equal length.
#[inline(always)]
fn quarters(phases: &mut [f64]) -> [&mut [f64]; 4] {
    let (first, second) = phases.split_at_mut(phases.len() / 2);
    let quarter = first.len() / 2;
    let ((a, b), (c, d)) = (first.split_at_mut(quarter), second.split_at_mut(quarter));
    [a, b, c, d]
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

/// Cosines and sines of the upper half of a block's frequencies relative to its middle; those of the lower
/// half differ by signs.
struct Fill<'a> {
    turns: &'a [f64],
    stride: f64,
    table: &'a mut [f64],
}

impl Work for Fill<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let half = F::splat(0.5 * self.stride);
        let tables = self.table.chunks_mut(LANES * BLOCK);
        for (turns, tables) in self.turns.chunks_exact(LANES).zip(tables) {
            let (cosine, sine) = cos_sin(part_of_turn(half, F::load(turns)));
            let (mut x, mut y) = ([0.0; LANES], [0.0; LANES]);
            cosine.store(&mut x);
            sine.store(&mut y);
            for (row, table) in tables.chunks_exact_mut(BLOCK).enumerate() {
                // Odd powers of half a step: the first four one by one, then four by four.
                let times = |a: [f64; 2], b: [f64; 2]| [a[0] * b[0] - a[1] * b[1], a[0] * b[1] + a[1] * b[0]];
                let half = [x[row], y[row]];
                let step = times(half, half);
                let two = times(step, step);
                let four = times(two, two);
                let second = times(half, step);
                let (cosines, sines) = table.split_at_mut(LANES);
                for (j, low) in [half, second, times(half, two), times(second, two)].into_iter().enumerate() {
                    let high = times(low, four);
                    (cosines[j], sines[j]) = (low[0], low[1]);
                    (cosines[j + 4], sines[j + 4]) = (high[0], high[1]);
                }
            }
        }
    }
}

const _: () = assert!(BLOCK == 2 * LANES && LANES == 8, "half a block is a vector of eight");

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
        let zero = F::splat(0.0);
        let (mut cc, mut ss, mut cs, mut sc) = (zero, zero, zero, zero);
        let rows = self.cosines.iter().zip(self.sines).zip(self.table.chunks_exact(BLOCK));
        for ((&cosine, &sine), table) in rows {
            let (cosine, sine) = (F::splat(cosine), F::splat(sine));
            let (c, s) = (F::load(table), F::load(&table[LANES..]));
            cc = cosine.fma(c, cc);
            ss = sine.fma(s, ss);
            cs = cosine.fma(s, cs);
            sc = sine.fma(c, sc);
        }
        // e^{i(θ ± δ)} = (cos θ cos δ ∓ sin θ sin δ) + i(sin θ cos δ ± cos θ sin δ).
        let Values { re, im } = self.values;
        cc.sub(ss).store(&mut re[LANES..]);
        sc.add(cs).store(&mut im[LANES..]);
        cc.add(ss).store(&mut re[..]);
        sc.sub(cs).store(&mut im[..]);
        re[..LANES].reverse();
        im[..LANES].reverse();
    }
}

/// Phases at the first frequency, and of a step.
struct Begin<'a> {
    turns: &'a [f64],
    phases: &'a mut [f64],
    first: f64,
    stride: f64,
}

impl Work for Begin<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let (first, stride) = (F::splat(self.first), F::splat(self.stride));
        let [cosines, sines, step_cosines, step_sines] = quarters(self.phases);
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

/// Sums of weighted cosines and sines.
struct Sums<'a> {
    phases: &'a mut [f64],
    values: &'a mut Values,
}

impl Work for Sums<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        *self.values = Values::default();
        let [cosines, sines, step_cosines, step_sines] = quarters(self.phases);
        let places = cosines.chunks_mut(SUMMED).zip(sines.chunks_mut(SUMMED));
        let steps = step_cosines.chunks(SUMMED).zip(step_sines.chunks(SUMMED));
        for (place, step) in places.zip(steps) {
            add_up::<F>(place, step, self.values);
        }
    }
}

/// Adds weighted sums over some rows.
#[inline(always)]
fn add_up<F: Floats>(
    (cosines, sines): (&mut [f64], &mut [f64]),
    (step_cosines, step_sines): (&[f64], &[f64]),
    values: &mut Values,
) {
    let zero = F::splat(0.0);
    let (mut re, mut im) = ([zero; BLOCK], [zero; BLOCK]);
    let places = cosines.chunks_exact_mut(PADDING).zip(sines.chunks_exact_mut(PADDING));
    let steps = step_cosines.chunks_exact(PADDING).zip(step_sines.chunks_exact(PADDING));
    for (place, step) in places.zip(steps) {
        let (mut c0, mut c1) = (F::load(place.0), F::load(&place.0[LANES..]));
        let (mut s0, mut s1) = (F::load(place.1), F::load(&place.1[LANES..]));
        let (sc0, sc1) = (F::load(step.0), F::load(&step.0[LANES..]));
        let (ss0, ss1) = (F::load(step.1), F::load(&step.1[LANES..]));
        for k in 0..BLOCK {
            re[k] = re[k].add(c0.add(c1));
            im[k] = im[k].add(s0.add(s1));
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
    phases: &'a mut [f64],
    chance: f64,
    values: &'a mut Values,
}

impl Work for Products<'_> {
    type Output = ();

    #[inline(always)]
    fn run<F: Floats>(self) {
        let (chance, out) = (F::splat(self.chance), F::splat(1.0 - self.chance));
        let (mut re, mut im) = ([F::splat(1.0); BLOCK], [F::splat(0.0); BLOCK]);
        let [cosines, sines, step_cosines, step_sines] = quarters(self.phases);
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
