//! The bootstrap with infinitely many samples: the exact law of a resampled sum, without draws or a seed.
//!
//! # The law
//!
//! Under iid resampling of a day with n rows, the sum S* of a column v over a resample is a sum of n
//! independent draws from {v_1 … v_n}. Its characteristic function is φ(t)ⁿ with φ(t) = (1/n) Σ e^{itv_j}.
//! Under a wild scheme that takes factor `low` or `high` times each row it is
//! Π ((1 − p) e^{it·low·v_j} + p e^{it·high·v_j}). Sums over independent days multiply. [`SumLaw`] holds such
//! a law and answers what B → ∞ samples would say: quantiles inf {x: F(x) ≥ p}, and F itself.
//!
//! # Inversion
//!
//! With half-shifted frequencies t_k = (k + ½) 2π/L, the series
//!
//! ```text
//! F_L(x) = ½ − (1/π) Σ_{k ≥ 0} Im(Φ(t_k) e^{−i t_k x})/(k + ½)
//! ```
//!
//! is the expectation of a square wave of period 2L (Gil-Pelaez' integral by the midpoint rule), so that
//! |F_L(x) − F(x)| ≤ P(S > x + L) + P(S < x − L). Four things make an error, and are told from each other:
//!
//! * **Tails.** L is chosen by Chernoff's bound P(S > u) ≤ exp(K(s) − su), K = ln E e^{sS}, at an s that is
//!   nearly the best (any s gives a bound), and for the lower tail of non-negative terms X by
//!   P(S < E S − y) ≤ exp(−y²/(2 Σ E X²)).
//! * **Terms left out.** Φ(t) falls off, and where its modulus has gone below ε the terms end. That alone is
//!   not safe: prices in ticks make few different squared returns, nearly multiples of one number u, and |Φ|
//!   comes back near 2π/u. So the frequencies beyond are *screened*, by a bound that one evaluation gives for
//!   many frequencies around it (`screens` in `day.rs`), and evaluated where the bound does not rule them
//!   out. The screening ends where it finds nothing in the last half of what it looked at. Up to there what
//!   is left out is bounded; that nothing of size comes beyond is a conclusion from what was seen.
//! * **Rounding**, some n·10⁻¹⁵.
//! * **The search** for the quantile ends when the next step of Newton's method provably changes nothing.
//!
//! These errors of F make one of the quantile: F_L is off by at most ΔF, its density f_L(x) is known, and the
//! density's slope is at most M = Σ t_k |Φ(t_k)| 2/L. If δ(f − δM) ≥ ΔF then the quantile is within δ of x.
//! Where that has no solution (steps of the distribution function, valleys between lumps), F_L(x ± δ) ± ΔF
//! are compared with the level. Where δ is larger than half a millionth of the column's sum, all is done
//! again with a smaller ε and more frequencies.
//!
//! # Ticks
//!
//! Days of few values are the ones that need many frequencies. Their values come in clusters, which bound the
//! characteristic function over long stretches, and with many zeros they are near multiples of one number, so
//! that one frequency does the work of hundreds (`slices.rs`; `waves.rs` finds the frequencies that matter).
//!
//! # Few outcomes
//!
//! A law with few outcomes (n of 1, 2, 3; few distinct values) is listed, or is a sum of two laws that are
//! (`atoms.rs`). If all values are multiples of one number u, so are the sums: N = L/u frequencies then are
//! all there are, 1/(π(k + ½)) becomes 1/(N sin(π(k + ½)/N)), and F between two multiples is *equal* to the
//! series, up to the tails. Both give atoms exactly.
//!
//! # Sources
//!
//! J. Gil-Pelaez, "Note on the inversion theorem", Biometrika 38 (1951). R. B. Davies, "Numerical inversion
//! of a characteristic function", Biometrika 60 (1973): the midpoint rule and its error. J. Abate and W.
//! Whitt, "The Fourier-series method for inverting transforms of probability distributions", Queueing Systems
//! 10 (1992). W. Feller, *An Introduction to Probability Theory and Its Applications* II, XV and XVI.

mod atoms;
mod day;
mod lanes;
mod series;
mod slices;
mod waves;

use crate::{Error, Result};
use atoms::{Atoms, Extent, Groups, Pair, ROUNDING, SAME};
use day::{Day, MERGED, Moments};
use series::{Plan, Series};
use slices::{Split, Wanted};

/// A quantile, with the error that is stated for it.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Quantile {
    /// The quantile, in the column's units.
    pub value: f64,
    /// The quantile inf {x: F(x) ≥ level} is within this distance of the value, in the column's units.
    pub error: f64,
    /// What the error rests on.
    pub certainty: Certainty,
}

/// What a stated error rests on.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Certainty {
    /// Every outcome, or every frequency that there is, was taken into account: a bound, up to rounding,
    /// which is estimated.
    Bound,
    /// The same bound up to a high frequency, beyond which the characteristic function is concluded, from
    /// what was seen, not to come back.
    Estimate,
}

/// Values of the distribution function at x.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Cdf {
    /// P(S < x).
    pub below: f64,
    /// P(S ≤ x).
    pub at_most: f64,
    /// What both are off by at most, as [`Certainty`] says.
    pub error: f64,
    /// What the error rests on.
    pub certainty: Certainty,
}

impl Cdf {
    /// P(S < x) + ½ P(S = x), what bias corrections count.
    pub fn middle(&self) -> f64 {
        (self.below + self.at_most) / 2.0
    }
}

/// The law of a resampled sum.
///
/// ```
/// use bellwether::exact::SumLaw;
///
/// let law = SumLaw::iid(&[0.1, 0.4, 0.2, 0.9, 0.3])?;
/// let [lower, upper] = law.quantiles(&[0.025, 0.975])?[..] else { unreachable!() };
/// assert!((law.mean() - 1.9).abs() < 1e-12);
/// assert!((lower.value - 0.9).abs() < 1e-12 && (upper.value - 3.3).abs() < 1e-12);
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct SumLaw {
    days: Vec<Day>,
    /// What all outcomes have in common.
    offset: f64,
    /// Mean of the sum, from the values themselves.
    mean: f64,
    /// Σ |v|: errors are wanted small relative to that.
    size: f64,
}

/// Stated errors above this share of Σ|v| make a second, finer evaluation.
const WANTED: f64 = 5e-7;

/// Quantiles are searched to this share of Σ|v|; the error that is left is part of what is stated.
const FINE: f64 = 1e-11;

/// Characteristic functions below these are left out, and tails: first, and where that does not do.
const NEGLIGIBLE: [f64; 3] = [1e-10, 1e-12, 1e-14];

/// The same for slices, with the share of Σ|v| that they tell apart at the last frequency.
const SLICED: [f64; 2] = [1e-9, 3e-7];

/// Revivals are followed until an octave of them adds up to less than this times √ε.
const FADED: f64 = 1e-3;

/// Frequencies that are screened at least, by the number of distinct values, for days of 385 rows; a longer
/// day needs more, as its characteristic function is looked at in finer steps.
///
/// With few, whole ticks at a price that moves by a few of them, characteristic functions come back near 2π
/// over the square of a tick, and again near 2π over the small differences of such squares: of 400 days and
/// stocks with less than 64 values, in a year of twelve stocks, half did beyond frequency number 65,536. Of
/// 1,011 with up to 160 values, none did beyond 17,500; of 1,604 with more, none beyond 700.
const SCREENED: [(usize, usize); 3] = [(64, 1 << 21), (160, 1 << 15), (usize::MAX, 1 << 12)];

/// Outcomes that are listed at most: at first, and where nothing else does.
const LISTED: [usize; 2] = [1 << 18, 1 << 21];

/// Outcomes less likely than this are not listed where nothing else does.
const RARE: f64 = 1e-15;

/// Steps that two groups of counts may take for a value of the distribution function: at first, and where
/// nothing else does.
const GROUPED: [usize; 2] = [1 << 20, 1 << 26];

/// Distinct values of a day whose counts are listed at first, at most.
const KINDS: usize = 6;

/// Counts less likely than this are not listed at first.
const FEW: f64 = 1e-17;

/// Outcomes that two laws may have each, so that their sum is found from both.
const PAIRED: usize = 1 << 19;

/// Products of rows and frequencies that are worked on at most.
const WORK: usize = 1 << 31;

/// Points of a lattice at most.
const LATTICE: f64 = 4_194_304.0;

impl SumLaw {
    /// The sum of as many draws with replacement as there are values, each value as likely.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where there are no values, or not all are finite.
    pub fn iid(values: &[f64]) -> Result<Self> {
        check(values)?;
        let least = values.iter().fold(f64::INFINITY, |a, &b| if b < a { b } else { a });
        let off: Vec<f64> = values.iter().map(|value| value - least).collect();
        let (mut mean, mut size) = (0.0, 0.0);
        for value in values {
            mean += value;
            size += value.abs();
        }
        Ok(Self { days: vec![Day::draws(&off)], offset: values.len() as f64 * least, mean, size })
    }

    /// The sum of values times a factor each, `factors[1]` with probability `p` and `factors[0]` otherwise,
    /// independently.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where there are no values, or a number is not finite, or `p` is no probability.
    pub fn wild(values: &[f64], factors: [f64; 2], p: f64) -> Result<Self> {
        check(values)?;
        check(&factors)?;
        if !(0.0..=1.0).contains(&p) {
            return Err(Error::Parameter {
                name: "p",
                value: p.to_string(),
                requirement: "a probability is from 0 to 1".to_owned(),
            });
        }
        // The smaller of both products is always there; the rest with probability p, or where the second
        // product is the smaller one, 1 − p.
        let (mut offset, mut up, mut down) = (0.0, Vec::new(), Vec::new());
        for value in values {
            let [first, second] = factors.map(|factor| factor * value);
            offset += first.min(second);
            if second > first {
                up.push(second - first);
            } else if first > second {
                down.push(first - second);
            }
        }
        let mut days = Vec::new();
        for (rows, chance) in [(up, p), (down, 1.0 - p)] {
            if chance == 1.0 {
                offset += rows.iter().sum::<f64>();
            } else if !rows.is_empty() && chance > 0.0 {
                days.push(Day::chance(rows, chance));
            }
        }
        let sum: f64 = values.iter().sum();
        let mean = (factors[0] * (1.0 - p) + factors[1] * p) * sum;
        Ok(Self { days, offset, mean, size: values.iter().map(|value| value.abs()).sum() })
    }

    /// The sum over independent days.
    pub fn sum(days: Vec<Self>) -> Self {
        let mut all = Self { days: Vec::new(), offset: 0.0, mean: 0.0, size: 0.0 };
        for law in days {
            all.days.extend(law.days);
            all.offset += law.offset;
            all.mean += law.mean;
            all.size += law.size;
        }
        all
    }

    /// Mean of the sum.
    pub fn mean(&self) -> f64 {
        self.mean
    }

    /// Variance of the sum.
    pub fn variance(&self) -> f64 {
        let scaled = Scaled::new(self);
        scaled.moments.variance * scaled.unit * scaled.unit
    }

    /// Third central moment of the sum.
    pub fn third_central_moment(&self) -> f64 {
        let scaled = Scaled::new(self);
        scaled.moments.third * scaled.unit * scaled.unit * scaled.unit
    }

    /// The quantile inf {x: F(x) ≥ level}; at level 0, the least sum.
    ///
    /// # Errors
    ///
    /// As [`Self::quantiles`].
    pub fn quantile(&self, level: f64) -> Result<Quantile> {
        Ok(self.quantiles(&[level])?[0])
    }

    /// Quantiles, in the order of `levels`; the work is shared.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where a level is not from 0 to 1.
    pub fn quantiles(&self, levels: &[f64]) -> Result<Vec<Quantile>> {
        if let Some(level) = levels.iter().find(|level| !(0.0..=1.0).contains(*level)) {
            return Err(Error::Parameter {
                name: "level",
                value: level.to_string(),
                requirement: "a level of a quantile is from 0 to 1".to_owned(),
            });
        }
        let scaled = Scaled::new(self);
        Ok(scaled.quantiles(levels).into_iter().map(|quantile| scaled.unscaled(quantile)).collect())
    }

    /// The distribution function at the points `at`; the work is shared.
    ///
    /// Where the law has atoms that can be told from each other, P(S < x) and P(S ≤ x) differ at them; sums
    /// within 1e-12 of x, relative to Σ|v|, are taken for x. Elsewhere both are the same number.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where a point is not finite.
    pub fn cdfs(&self, at: &[f64]) -> Result<Vec<Cdf>> {
        if let Some(point) = at.iter().find(|point| !point.is_finite()) {
            return Err(Error::Parameter {
                name: "at",
                value: point.to_string(),
                requirement: "the distribution function is asked for at finite points".to_owned(),
            });
        }
        let scaled = Scaled::new(self);
        let points: Vec<f64> = at.iter().map(|x| (x - self.offset) / scaled.unit).collect();
        Ok(scaled.cdfs(&points))
    }

    /// The distribution function at x.
    ///
    /// # Errors
    ///
    /// As [`Self::cdfs`].
    pub fn cdf(&self, x: f64) -> Result<Cdf> {
        Ok(self.cdfs(&[x])?[0])
    }

    /// The mean density within each of `bins` equal bins from `from` to `to`: probability divided by width.
    ///
    /// # Errors
    ///
    /// As [`Self::cdfs`], and where `to` is not above `from`.
    pub fn density(&self, from: f64, to: f64, bins: usize) -> Result<Vec<f64>> {
        if to <= from || to.is_nan() || from.is_nan() {
            return Err(Error::Parameter {
                name: "to",
                value: to.to_string(),
                requirement: format!("it must be above the left end, which is {from}"),
            });
        }
        let width = (to - from) / bins.max(1) as f64;
        let edges: Vec<f64> =
            (0..=bins).map(|edge| if edge == bins { to } else { from + edge as f64 * width }).collect();
        let cdfs = self.cdfs(&edges)?;
        Ok(cdfs.windows(2).map(|pair| ((pair[1].at_most - pair[0].at_most) / width).max(0.0)).collect())
    }
}

/// Refuses no values, and values that are not finite.
fn check(values: &[f64]) -> Result<()> {
    let wrong = |value: String, requirement: &str| {
        Err(Error::Parameter { name: "values", value, requirement: requirement.to_owned() })
    };
    if values.is_empty() {
        return wrong("empty".to_owned(), "a sum needs at least one value");
    }
    if u32::try_from(values.len()).is_err() {
        return wrong(format!("{} numbers", values.len()), "a day has fewer than 2³² rows");
    }
    match values.iter().find(|value| !value.is_finite()) {
        Some(value) => wrong(value.to_string(), "a sum needs finite values"),
        None => Ok(()),
    }
}

/// The law in units in which its values are of ordinary size, less what all outcomes have in common.
struct Scaled {
    days: Vec<Day>,
    moments: Moments,
    /// A power of two.
    unit: f64,
    offset: f64,
    /// Σ|v|, in units.
    size: f64,
}

/// Of two answers to the same question, the one of the smaller error, quantile by quantile.
fn best(mut found: Vec<Quantile>, again: Vec<Quantile>) -> Vec<Quantile> {
    if found.is_empty() {
        return again;
    }
    for (quantile, again) in found.iter_mut().zip(again) {
        if again.error <= quantile.error {
            *quantile = again;
        }
    }
    found
}

/// What a search in a series gives.
#[derive(Debug, Clone, Copy)]
struct Found {
    x: f64,
    /// A number that the distribution function at x misses the level by at most, so far as the search goes.
    miss: f64,
    density: f64,
}

/// A law as a list, or as the sum of two, or as nearly that.
enum Way {
    Listed(Atoms),
    Paired(Pair),
    Grouped(Groups),
}

/// A series, with the tails that it was made for.
struct Inverted {
    series: Series,
    /// P(S > upper) and P(S < lower) are at most `tail`.
    upper: f64,
    lower: f64,
    tail: f64,
    /// What the distribution function can be off by everywhere, beside that.
    always: f64,
    /// Distance of the points of the lattice.
    unit: Option<f64>,
    /// The quantiles that are asked for are between these.
    range: [f64; 2],
}

/// What bounds the tails of a sum over days.
struct Chernoff<'a> {
    days: &'a [Day],
    moments: &'a Moments,
}

impl Chernoff<'_> {
    /// P(S > u) ≤ e^{−λ} for the u that is given.
    fn upper(&self, lambda: f64) -> f64 {
        let Moments { mean, variance, third, most, .. } = *self.moments;
        let root = (2.0 * lambda).sqrt();
        let skewness = (third / variance.powf(1.5)).max(0.0);
        let mut s = root / variance.sqrt() / (1.0 + root * skewness / 2.0);
        let mut best = most;
        for _ in 0..8 {
            let mut log = [0.0; 3];
            for day in self.days {
                let more = day.log_moments(s);
                log = [log[0] + more[0], log[1] + more[1], log[2] + more[2]];
            }
            let [value, slope, curvature] = log;
            let bound = (value + lambda) / s;
            let gain = best - bound;
            best = best.min(bound);
            // (K(s) + λ)/s is least where s K'(s) − K(s) = λ.
            let step = (s * slope - value - lambda) / (s * curvature);
            if step.is_nan() || step.abs() <= 0.1 * s || gain.abs() < 1e-3 * (best - mean) {
                break;
            }
            s = (s - step).clamp(s / 4.0, 4.0 * s);
        }
        best
    }

    /// P(S < l) ≤ e^{−λ} for the l that is given.
    fn lower(&self, lambda: f64) -> f64 {
        (self.moments.mean - (2.0 * lambda * self.moments.squares).sqrt()).max(0.0)
    }

    /// Where a quantile is about, by Cornish and Fisher.
    fn about(&self, level: f64) -> f64 {
        let Moments { mean, variance, third, most, .. } = *self.moments;
        let z = normal_quantile(level.clamp(1e-12, 1.0 - 1e-12));
        let skewness = third / variance.powf(1.5);
        (mean + variance.sqrt() * (z + skewness.clamp(-2.0, 2.0) * (z * z - 1.0) / 6.0)).clamp(0.0, most)
    }
}

impl Scaled {
    fn new(law: &SumLaw) -> Self {
        let largest = law.days.iter().map(|day| day.largest).fold(0.0, f64::max);
        // A constant law has no values but 0.
        let exponent = if largest > 0.0 { libm::ilogb(largest) } else { 0 };
        let unit = libm::ldexp(1.0, exponent.clamp(-1000, 1000));
        let varies = |day: &&Day| day.largest > 0.0;
        let days: Vec<Day> = law.days.iter().filter(varies).map(|day| day.scaled(1.0 / unit)).collect();
        let mut moments = Moments::default();
        for day in days.iter().map(Day::moments) {
            moments.mean += day.mean;
            moments.variance += day.variance;
            moments.third += day.third;
            moments.squares += day.squares;
            moments.most += day.most;
        }
        Self { days, moments, unit, offset: law.offset, size: law.size / unit }
    }

    fn unscaled(&self, quantile: Quantile) -> Quantile {
        let value = self.offset + quantile.value * self.unit;
        let rounding = MERGED * quantile.value * self.unit + f64::EPSILON * (self.offset.abs() + value.abs());
        let error = quantile.error * self.unit + rounding;
        Quantile { value, error, ..quantile }
    }

    /// The law as a list, if it has few outcomes.
    fn listed(&self, listed: usize, paired: usize, least: f64) -> Option<Way> {
        let single = atoms::list(&self.days, Extent { most: listed, least });
        if let Some((law, None)) = single {
            return Some(Way::Listed(law));
        }
        match atoms::list(&self.days, Extent { most: paired, least }) {
            Some((law, None)) => Some(Way::Listed(law)),
            Some((first, Some(second))) => Some(Way::Paired(Pair(first, second))),
            None => None,
        }
    }

    /// The law as two groups of counts, where that takes few steps.
    fn grouped(&self, kinds: usize, most: usize, least: f64) -> Option<Way> {
        if self.days.iter().any(|day| day.rows > kinds) {
            return None;
        }
        Groups::of(&self.days, most, least).map(Way::Grouped)
    }

    fn tails(&self) -> Chernoff<'_> {
        Chernoff { days: &self.days, moments: &self.moments }
    }

    fn about(&self, level: f64) -> f64 {
        self.tails().about(level)
    }

    /// The number that all values are multiples of, and the points of a lattice that holds the law.
    fn lattice(&self, width: f64) -> Option<(f64, usize)> {
        let values = || self.days.iter().flat_map(|day| day.values[..day.rows].iter().copied());
        let mut unit = 0.0;
        for value in values() {
            let (mut a, mut b) = (value, unit);
            // Euclid's algorithm. Remainders at the level of rounding are 0.
            while b > 1e-9 {
                let rest: f64 = a - (a / b).round() * b;
                (a, b) = (b, rest.abs());
                if b < 1e-13 * a.max(1.0) * 8.0 {
                    b = 0.0;
                }
            }
            unit = a;
            if unit > 0.0 && width / unit > LATTICE {
                return None;
            }
        }
        // The unit from the largest value, and a check of all.
        let largest = values().fold(0.0, f64::max);
        let unit = largest / (largest / unit).round();
        let draws: f64 = self.days.iter().map(|day| day.moments().most).sum::<f64>() / largest;
        let off = values().map(|value| (value - (value / unit).round() * unit).abs()).fold(0.0, f64::max);
        let points = (width / unit).ceil() as usize + 2;
        (unit > 0.0 && off * draws < 1e-11 * self.size && points as f64 <= LATTICE)
            .then(|| (unit, points.next_multiple_of(2)))
    }

    /// The series for x from `from` to `to`.
    fn inverted(&self, from: f64, to: f64, negligible: f64, effort: usize) -> Inverted {
        let lambda = -negligible.ln();
        let (upper, lower) = (self.tails().upper(lambda), self.tails().lower(lambda));
        let period = (upper - from).max(to - lower).min(self.moments.most) * (1.0 + 1e-6);
        let rows: usize = self.days.iter().map(|day| day.rows).sum();
        // A sum over days has large values only where all its days have.
        let screened = |day: &Day| {
            let kinds = day.kinds();
            let known = SCREENED.iter().find(|(most, _)| kinds <= *most);
            known.map_or(0.0, |(_, scan)| *scan as f64) * (rows as f64 / 385.0).sqrt().max(1.0)
        };
        let scan = self.days.iter().map(screened).fold(f64::INFINITY, f64::min) * effort as f64;
        let lattice = if rows <= 256 { self.lattice(period) } else { None };
        let plan = Plan {
            period: lattice.map_or(period, |(unit, points)| unit * points as f64),
            lattice: lattice.map(|(_, points)| points),
            negligible,
            faded: FADED * negligible.sqrt(),
            scan: (scan as usize).next_multiple_of(day::BLOCK),
            work: WORK,
        };
        let unit = lattice.map(|(unit, _)| unit);
        let range = [0.0, self.moments.most.min(upper)];
        let series = Series::new(&self.days, &plan);
        Inverted { series, upper, lower, tail: negligible, always: 0.0, unit, range }
    }

    fn quantiles(&self, levels: &[f64]) -> Vec<Quantile> {
        let bound = |value, error| Quantile { value, error, certainty: Certainty::Bound };
        if self.days.is_empty() {
            return vec![bound(0.0, 0.0); levels.len()];
        }
        let rounding = 64.0 * SAME * self.moments.most.min(self.size);
        let of_list = |way: &Way| -> Vec<Quantile> {
            let quantile = |&level: &f64| match way {
                _ if level == 0.0 => bound(0.0, rounding),
                _ if level == 1.0 => bound(self.moments.most, rounding),
                Way::Listed(law) => {
                    let (value, error) = law.quantile(level);
                    bound(value, error + rounding)
                }
                Way::Paired(pair) => bound(self.of_pair(pair, level), rounding),
                Way::Grouped(law) => {
                    let step = self.moments.variance.sqrt() / 64.0;
                    let (value, error) = law.quantile(level, self.about(level), step, self.moments.most);
                    bound(value, error + rounding)
                }
            };
            levels.iter().map(quantile).collect()
        };
        if let Some(way) =
            self.listed(LISTED[0], PAIRED, 0.0).or_else(|| self.grouped(KINDS, GROUPED[0], FEW))
        {
            return of_list(&way);
        }
        let mut found: Vec<Quantile> = Vec::new();
        if let Some(split) = Split::of(&self.days) {
            let [mut negligible, blur] = SLICED;
            for _ in 0..3 {
                let Some(again) = self.sliced(&split, levels, negligible, blur) else { break };
                found = best(found, again);
                let worst = found.iter().map(|quantile| quantile.error).fold(0.0, f64::max);
                if worst <= WANTED * self.size {
                    return found;
                }
                // Errors are in proportion, where the density is what it was.
                negligible *= (0.5 * WANTED * self.size / worst).clamp(1e-4, 0.3);
            }
        }
        let margin = self.moments.variance.sqrt() / 4.0;
        let about = || levels.iter().map(|&level| self.about(level));
        let mut from = (about().fold(f64::INFINITY, f64::min) - margin).max(0.0);
        let mut to = (about().fold(0.0, f64::max) + margin).min(self.moments.most);
        for (attempt, negligible) in NEGLIGIBLE.into_iter().enumerate() {
            let effort = [1, 1, 4][attempt];
            let mut inverted = self.inverted(from, to, negligible, effort);
            let mut again = inverted.quantiles(self, levels);
            // Farther out than was thought: the period must be long enough for that.
            let least = again.iter().map(|quantile| quantile.value).fold(from, f64::min);
            let most = again.iter().map(|quantile| quantile.value).fold(to, f64::max);
            if least < from || most > to {
                (from, to) = ((least - margin).max(0.0), (most + margin).min(self.moments.most));
                inverted = self.inverted(from, to, negligible, effort);
                again = inverted.quantiles(self, levels);
            }
            found = best(found, again);
            if found.iter().all(|quantile| quantile.error <= WANTED * self.size) {
                return found;
            }
        }
        if found.iter().any(|quantile| quantile.error > 2.0 * WANTED * self.size) {
            let listed = || self.listed(LISTED[1], LISTED[1], RARE);
            if let Some(way) = self.grouped(usize::MAX, GROUPED[1], RARE).or_else(listed) {
                found = best(found, of_list(&way));
            }
        }
        found
    }

    /// Quantiles from slices of the day, where that is a way.
    fn sliced(&self, split: &Split, levels: &[f64], negligible: f64, blur: f64) -> Option<Vec<Quantile>> {
        let inner: Vec<f64> = levels.iter().copied().filter(|&level| level > 0.0 && level < 1.0).collect();
        let margin = self.moments.variance.sqrt();
        let about = || inner.iter().map(|&level| self.about(level));
        let wanted = Wanted {
            levels: &inner,
            from: (about().fold(f64::INFINITY, f64::min) - margin).max(0.0),
            to: (about().fold(0.0, f64::max) + margin).min(self.moments.most),
            negligible,
            blur: blur * self.size,
            faded: FADED * negligible.sqrt(),
        };
        let mut all = split.inverted(&wanted)?.into_iter();
        levels
            .iter()
            .map(|&level| match level > 0.0 && level < 1.0 {
                true => Some(all.next()?.quantiles(self, &[level])[0]),
                false => {
                    let value = if level == 0.0 { 0.0 } else { self.moments.most };
                    Some(Quantile { value, error: 0.0, certainty: Certainty::Bound })
                }
            })
            .collect()
    }

    /// The quantile of a sum of two listed laws, by bisection.
    fn of_pair(&self, pair: &Pair, level: f64) -> f64 {
        let (mut low, mut high) = (-1e-9, self.moments.most);
        while high - low > 4.0 * SAME * self.moments.most.min(self.size) {
            let middle = low + (high - low) / 2.0;
            if middle <= low || middle >= high {
                break;
            }
            if pair.at_most(middle) < level - ROUNDING {
                low = middle;
            } else {
                high = middle;
            }
        }
        high.max(0.0)
    }

    fn cdfs(&self, at: &[f64]) -> Vec<Cdf> {
        let width = 1e-12 * self.size.max(f64::MIN_POSITIVE);
        let bound = |[below, at_most]: [f64; 2], error: f64| Cdf {
            below,
            at_most,
            error,
            certainty: Certainty::Bound,
        };
        if self.days.is_empty() {
            let law = Atoms::nothing();
            return at.iter().map(|&x| bound(law.cdf(x, width), law.error())).collect();
        }
        match self.listed(LISTED[0], PAIRED, 0.0).or_else(|| self.grouped(KINDS, GROUPED[0], FEW)) {
            Some(Way::Listed(law)) => at.iter().map(|&x| bound(law.cdf(x, width), law.error())).collect(),
            Some(Way::Grouped(law)) => {
                let error = law.error();
                let value = |x: f64| [x - width, x + width].map(|x| law.at_most(x).0.clamp(0.0, 1.0));
                at.iter().map(|&x| bound(value(x), error)).collect()
            }
            Some(Way::Paired(pair)) => {
                at.iter().map(|&x| bound([x - width, x + width].map(|x| pair.at_most(x)), ROUNDING)).collect()
            }
            None => {
                let inside = |x: f64| x.clamp(0.0, self.moments.most);
                let from = at.iter().map(|&x| inside(x)).fold(f64::INFINITY, f64::min);
                let to = at.iter().map(|&x| inside(x)).fold(0.0, f64::max);
                let inverted = self.inverted(from, to, NEGLIGIBLE[1], 1);
                at.iter().map(|&x| inverted.cdf(x, self.moments.most, width)).collect()
            }
        }
    }
}

impl Inverted {
    fn certainty(&self) -> Certainty {
        if self.series.complete { Certainty::Bound } else { Certainty::Estimate }
    }

    /// What the distribution function at x is off by.
    fn error(&self, x: f64) -> f64 {
        let period = self.series.period;
        let tails = [x + period >= self.upper, x - period <= self.lower];
        // Beyond what the period was made for, nothing is known.
        let tails: f64 = tails.iter().map(|&inside| if inside { self.tail } else { 1.0 }).sum();
        self.series.error() + self.always + tails
    }

    fn cdf(&self, x: f64, most: f64, width: f64) -> Cdf {
        let outside = |value| Cdf { below: value, at_most: value, error: 0.0, certainty: Certainty::Bound };
        if x < -width {
            return outside(0.0);
        }
        if x > most + width {
            return outside(1.0);
        }
        let at = |x: f64| self.series.at(x).0.clamp(0.0, 1.0);
        let [below, at_most] = match self.unit {
            Some(unit) => {
                let nearest = (x / unit).round();
                if (x - nearest * unit).abs() <= width {
                    [at((nearest - 0.5) * unit), at((nearest + 0.5) * unit)]
                } else {
                    [at(((x / unit).floor() + 0.5) * unit); 2]
                }
            }
            None => [at(x); 2],
        };
        Cdf { below, at_most, error: self.error(x), certainty: self.certainty() }
    }

    fn quantiles(&self, law: &Scaled, levels: &[f64]) -> Vec<Quantile> {
        let certainty = self.certainty();
        levels
            .iter()
            .map(|&level| {
                if level == 0.0 || level == 1.0 {
                    let value = if level == 0.0 { 0.0 } else { law.moments.most };
                    return Quantile { value, error: 0.0, certainty: Certainty::Bound };
                }
                let (value, error) = match self.unit {
                    Some(unit) => self.on_lattice(law, level, unit),
                    None => self.between(law, level),
                };
                Quantile { value, error, certainty }
            })
            .collect()
    }

    /// The least point of the lattice whose cumulative probability reaches the level, and its error.
    fn on_lattice(&self, law: &Scaled, level: f64, unit: f64) -> (f64, f64) {
        let least = |level: f64| {
            let (mut low, mut high) = (-1.0, (law.moments.most / unit).round());
            while high - low > 1.0 {
                let middle = ((low + high) / 2.0f64).floor();
                if self.series.at((middle + 0.5) * unit).0 < level {
                    low = middle;
                } else {
                    high = middle;
                }
            }
            high * unit
        };
        // A level that is a cumulative probability is reached there, whatever rounding says.
        let value = least(level - ROUNDING);
        let error = self.error(value).max(ROUNDING);
        let [low, high] = [least(level - error), least(level + error)];
        (value, (value - low).max(high - value) + 1e-11 * law.size)
    }

    /// The quantile by Newton's method within a bracket, and its error.
    fn between(&self, law: &Scaled, level: f64) -> (f64, f64) {
        let found = self.search(law, level);
        let (off, blur) = (self.error(found.x) + found.miss, self.series.blur);
        let bend = self.series.bend;
        // δ(f − δM) ≥ ΔF.
        let root = found.density * found.density - 4.0 * bend * off;
        if found.density > 0.0 && root > 0.0 {
            let error = (2.0 * off / (found.density + root.sqrt())).max(blur);
            if error <= WANTED * law.size {
                return (found.x, error);
            }
        }
        // Steps, or a valley: how far from here the level is passed for certain.
        let error = self.error(found.x);
        let mut reach = (WANTED * law.size / 16.0).max(blur);
        let [least, most] = self.range;
        while reach < law.moments.most {
            let [left, right] = [found.x - reach, found.x + reach];
            let before = level - error.max(self.error(left));
            let after = level + error.max(self.error(right));
            let low = left <= least || self.series.beside(left, before, &mut 0).0 < before;
            if low && (right >= most || self.series.beside(right, after, &mut 0).0 >= after) {
                return (found.x, reach);
            }
            reach *= 1.5;
        }
        (found.x, law.moments.most)
    }

    fn search(&self, law: &Scaled, level: f64) -> Found {
        let [mut low, mut high] = self.range;
        let fine = (FINE * law.size).max(self.series.blur / 64.0);
        let mut cut = 0;
        let mut x = law.about(level).clamp(low, high);
        let bend = self.series.bend;
        for _ in 0..200 {
            let (value, density, whole) = self.series.beside(x, level, &mut cut);
            let over = value - level;
            if over < 0.0 {
                low = x;
            } else {
                high = x;
            }
            let step = -over / density;
            let next = x + step;
            if density > 0.0 && next > low && next < high {
                // By Taylor's theorem, the step leaves at most this.
                let miss = bend / 2.0 * step * step;
                if whole && (miss < self.series.error() / 4.0 || step.abs() < fine) {
                    return Found { x: next, miss, density: density - bend * step.abs() };
                }
                x = next;
            } else {
                x = low + (high - low) / 2.0;
            }
            if high - low < fine {
                break;
            }
        }
        // A step of the distribution function: its upper end.
        Found { x: high, miss: 0.0, density: 0.0 }
    }
}

/// The normal quantile to some 5e-4, where a search begins: Abramowitz and Stegun, 26.2.23.
fn normal_quantile(level: f64) -> f64 {
    let tail = level.min(1.0 - level);
    let t = (-2.0 * tail.ln()).sqrt();
    let top = 2.515_517 + t * (0.802_853 + t * 0.010_328);
    let bottom = 1.0 + t * (1.432_788 + t * (0.189_269 + t * 0.001_308));
    let z = t - top / bottom;
    if level < 0.5 { -z } else { z }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Squares of bell-shaped numbers.
    fn squares(rows: u32) -> Vec<f64> {
        let uniform = |row: u32, which: u32| {
            f64::from((row * 4 + which).wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24)
        };
        let bell = |row: u32| (0..4).map(|which| uniform(row, which)).sum::<f64>() - 2.0;
        (1..=rows).map(|row| bell(row).powi(2)).collect()
    }

    #[test]
    fn too_few_frequencies_are_found_out_by_the_stated_error() {
        let law = SumLaw::iid(&squares(385)).unwrap();
        let scaled = Scaled::new(&law);
        let level = 0.005;
        let truth = scaled.quantiles(&[level])[0];
        assert!(truth.error < 1e-7 * scaled.size, "{truth:?}");
        let whole = scaled.inverted(0.0, scaled.moments.most, 1e-10, 1);
        let terms = whole.series.terms();
        assert!((16..200).contains(&terms), "{terms}");
        let plan = Plan {
            period: whole.series.period,
            lattice: None,
            negligible: 1e-10,
            faded: 1e-9,
            scan: 1 << 12,
            work: 16 * 385,
        };
        // One block of frequencies, where all need more.
        let series = Series::new(&scaled.days, &plan);
        let cut = Inverted {
            series,
            upper: whole.upper,
            lower: whole.lower,
            tail: whole.tail,
            always: 0.0,
            unit: None,
            range: whole.range,
        };
        let found = cut.quantiles(&scaled, &[level])[0];
        let off = (found.value - truth.value).abs();
        assert!(off > 1e-6 * scaled.size, "{off}: the cut does no harm");
        assert!(found.error >= off, "off by {off}, stated {}", found.error);
    }

    #[test]
    fn ticks_need_frequencies_far_beyond_the_first_fall() {
        // Moves by no tick, one and two, at prices within a few ticks.
        let values: Vec<f64> = (0..385u32)
            .map(|row| {
                let ticks = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 1.0, 0.0][(row * 7 % 10) as usize];
                (ticks / f64::from(1_000 + row % 9)).powi(2)
            })
            .collect();
        let scaled = Scaled::new(&SumLaw::iid(&values).unwrap());
        let found = scaled.quantiles(&[0.005])[0];
        assert!(found.error < 1e-6 * scaled.size, "{found:?}");
        let whole = scaled.inverted(0.0, scaled.moments.most, 1e-10, 1);
        let plan = Plan {
            period: whole.series.period,
            lattice: None,
            negligible: 1e-10,
            faded: 1e-9,
            scan: 0,
            work: WORK,
        };
        let first = Series::new(&scaled.days, &plan);
        assert!(2 * first.terms() < whole.series.terms(), "{} terms", whole.series.terms());
    }

    #[test]
    fn slices_and_a_series_of_the_whole_sum_agree() {
        let mut price = 1_700.0f64;
        let values: Vec<f64> = (0..385u32)
            .map(|row| {
                let moves = [0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0, 2.0, 0.0, 0.0, -1.0, 0.0, 1.0];
                let change = moves[((row + 1).wrapping_mul(2_654_435_761) >> 16) as usize % 13];
                let before = price;
                price += change;
                (change / before).powi(2)
            })
            .collect();
        let scaled = Scaled::new(&SumLaw::iid(&values).unwrap());
        let split = Split::of(&scaled.days).unwrap();
        let levels = [0.001, 0.005, 0.3, 0.975, 0.999];
        let slices = scaled.sliced(&split, &levels, 1e-10, 1e-7).unwrap();
        let whole = scaled.inverted(0.0, scaled.moments.most, 1e-12, 1).quantiles(&scaled, &levels);
        for (slices, whole) in slices.iter().zip(&whole) {
            let off = (slices.value - whole.value).abs();
            assert!(off <= slices.error + whole.error, "{slices:?} {whole:?}");
            assert!(slices.error < 1e-6 * scaled.size, "{slices:?} of {}", scaled.size);
        }
        // Too coarse to tell outcomes apart: the stated error says so.
        let coarse = scaled.sliced(&split, &levels, 1e-10, 1e-3).unwrap();
        assert!(
            coarse
                .iter()
                .zip(&whole)
                .all(|(coarse, whole)| { (coarse.value - whole.value).abs() <= coarse.error + whole.error })
        );
    }

    #[test]
    fn groups_of_counts_are_the_list_of_outcomes() {
        // Five values, none of which is 0, the heaviest in the middle; 40 draws have 135,751 outcomes.
        let values: Vec<f64> =
            (0..40u32).map(|row| [1.9, 1.3, 1.9, 2.71, 1.9, 0.77, 1.9, 3.3][row as usize % 8]).collect();
        let scaled = Scaled::new(&SumLaw::iid(&values).unwrap());
        let Some(Way::Listed(list)) = scaled.listed(1 << 20, 0, 0.0) else { panic!("not listed") };
        let Some(Way::Grouped(groups)) = scaled.grouped(KINDS, GROUPED[0], FEW) else {
            panic!("not grouped")
        };
        assert!(groups.error() < 1e-11, "{}", groups.error());
        for level in [0.001, 0.005, 0.3, 0.5, 0.975, 0.999] {
            let (value, _) = list.quantile(level);
            let (other, error) = groups.quantile(level, scaled.about(level), 0.01, scaled.moments.most);
            assert!((value - other).abs() <= error + 1e-12, "{level}: {value} {other} {error}");
            assert!(error < 1e-3, "{level}: {error}");
            let [_, listed] = list.cdf(value, 1e-9);
            assert!((listed - groups.at_most(value + 1e-9).0).abs() < 1e-11, "{level}");
        }
    }

    #[test]
    fn listed_and_inverted_laws_agree() {
        // Few enough outcomes to be listed, and a lattice that can be inverted.
        let values: Vec<f64> =
            (0..200u32).map(|row| f64::from([0, 0, 3, 0, 0, 7][row as usize % 6])).collect();
        let scaled = Scaled::new(&SumLaw::iid(&values).unwrap());
        let inverted = scaled.inverted(0.0, scaled.moments.most, 1e-14, 1);
        assert!(inverted.unit.is_some() && inverted.series.complete);
        let levels = [0.001, 0.005, 0.3, 0.975, 0.999];
        for (listed, inverted) in scaled.quantiles(&levels).iter().zip(inverted.quantiles(&scaled, &levels)) {
            assert!((listed.value - inverted.value).abs() < 1e-9, "{listed:?} {inverted:?}");
        }
        let x = 300.0 / scaled.unit;
        let [listed] = scaled.cdfs(&[x])[..] else { unreachable!() };
        let other = inverted.cdf(x, scaled.moments.most, 1e-9);
        assert!((listed.below - other.below).abs() < 1e-11 && (listed.at_most - other.at_most).abs() < 1e-11);
    }
}
