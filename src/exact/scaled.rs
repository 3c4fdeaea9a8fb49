//! Which way a law's quantiles are found: its outcomes listed, slices of ticks, or the series of the whole
//! sum.
//!
//! Values are divided by a power of two, so that the largest is from 1 to 2, and each way states the error of
//! what it finds. Lists come first where they are short. Else the series is made with ever smaller ε until
//! the stated error is at most half a millionth of Σ|v|; where the last one misses that, longer lists are
//! made, and of both answers the one of the smaller error counts.

use super::atoms::{self, Atoms, Extent, Pair, ROUNDING, SAME};
use super::day::{Day, MERGED, Moments};
use super::groups::Groups;
use super::inverted::{Inverted, WANTED};
use super::series::{Plan, Series};
use super::slices::{Split, Wanted};
use super::tails::Chernoff;
use super::{Cdf, Certainty, Quantile, SumLaw, wheel};

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
pub(super) const GROUPED: [usize; 2] = [1 << 20, 1 << 26];

/// Distinct values of a day whose counts are listed at first, at most.
pub(super) const KINDS: usize = 6;

/// Counts less likely than this are not listed at first.
pub(super) const FEW: f64 = 1e-17;

/// Outcomes that two laws may have each, so that their sum is found from both.
const PAIRED: usize = 1 << 19;

/// Products of rows and frequencies that are worked on at most.
pub(super) const WORK: usize = 1 << 31;

/// Points of a lattice at most.
const LATTICE: f64 = 4_194_304.0;

/// The law in units in which its values are of ordinary size, less what all outcomes have in common.
pub(super) struct Scaled {
    pub(super) days: Vec<Day>,
    pub(super) moments: Moments,
    /// A power of two.
    pub(super) unit: f64,
    pub(super) offset: f64,
    /// Σ|v|, in units.
    pub(super) size: f64,
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

/// A law as a list, or as the sum of two, or as nearly that.
pub(super) enum Way {
    Listed(Atoms),
    Paired(Pair),
    Grouped(Groups),
}

impl Scaled {
    pub(super) fn new(law: &SumLaw) -> Self {
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

    pub(super) fn unscaled(&self, quantile: Quantile) -> Quantile {
        let value = self.offset + quantile.value * self.unit;
        let rounding = MERGED * quantile.value * self.unit + f64::EPSILON * (self.offset.abs() + value.abs());
        let error = quantile.error * self.unit + rounding;
        Quantile { value, error, ..quantile }
    }

    /// The law as a list, if it has few outcomes.
    pub(super) fn listed(&self, listed: usize, paired: usize, least: f64) -> Option<Way> {
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
    pub(super) fn grouped(&self, kinds: usize, most: usize, least: f64) -> Option<Way> {
        if self.days.iter().any(|day| day.rows > kinds) {
            return None;
        }
        Groups::of(&self.days, most, least).map(Way::Grouped)
    }

    fn tails(&self) -> Chernoff<'_> {
        Chernoff { days: &self.days, moments: &self.moments }
    }

    pub(super) fn about(&self, level: f64) -> f64 {
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
    pub(super) fn inverted(&self, from: f64, to: f64, negligible: f64, effort: usize) -> Inverted {
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
            scan: (scan as usize).next_multiple_of(wheel::BLOCK),
            work: WORK,
        };
        let unit = lattice.map(|(unit, _)| unit);
        let range = [0.0, self.moments.most.min(upper)];
        let series = Series::new(&self.days, &plan);
        Inverted { series, upper, lower, tail: negligible, always: 0.0, unit, range }
    }

    pub(super) fn quantiles(&self, levels: &[f64]) -> Vec<Quantile> {
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
    pub(super) fn sliced(
        &self,
        split: &Split,
        levels: &[f64],
        negligible: f64,
        blur: f64,
    ) -> Option<Vec<Quantile>> {
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

    pub(super) fn cdfs(&self, at: &[f64]) -> Vec<Cdf> {
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
