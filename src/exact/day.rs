//! One day's independent rows: moments, and the cumulant function that bounds the tails.
//!
//! Under iid draws a row enters with its weight w = (times it is there)/n: E V^j = Σ w v^j, and the sum of n
//! draws has n times the cumulants of one and ln E e^{sS} = n ln Σ w e^{sv}. Rows that are in by chance p
//! have the cumulants p v, p(1 − p) v², p(1 − p)(1 − 2p) v³ and ln E e^{sS} = Σ ln(1 − p + p e^{sv}).

use super::lanes::{Floats, LANES, Work, exp, run, total};
use super::wheel::{PADDING, Power, Values, Wheel};

/// Days of more distinct values than this are not looked at by clusters.
pub(super) const CLUSTERED: usize = 160;

/// What merging values of equal digits changes a sum by at most, relative to it.
pub(super) const MERGED: f64 = 6e-14;

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

    pub(super) fn wheel_of(&self, rows: impl Iterator<Item = usize>, period: f64) -> Wheel {
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
