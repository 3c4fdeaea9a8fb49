//! Quantiles of a distribution function that is known as a series, with the errors of that.
//!
//! Where the series is off by ΔF at most, its density at x is f and the density's slope at most M, the
//! quantile is within δ of the point at which the series passes the level, if δ(f − δM) ≥ ΔF. Where no δ does
//! that, the series at x ± δ is compared with the level. On a lattice the quantile is the least point whose
//! cumulative probability reaches the level.

use super::atoms::ROUNDING;
use super::scaled::Scaled;
use super::series::Series;
use super::{Cdf, Certainty, Quantile};

/// Stated errors above this share of Σ|v| make a second, finer evaluation.
pub(super) const WANTED: f64 = 5e-7;

/// Quantiles are searched to this share of Σ|v|; the error that is left is part of what is stated.
const FINE: f64 = 1e-11;

/// What a search in a series gives.
#[derive(Debug, Clone, Copy)]
struct Found {
    x: f64,
    /// A number that the distribution function at x misses the level by at most, so far as the search goes.
    miss: f64,
    density: f64,
}

/// A series, with the tails that it was made for.
pub(super) struct Inverted {
    pub(super) series: Series,
    /// P(S > upper) and P(S < lower) are at most `tail`.
    pub(super) upper: f64,
    pub(super) lower: f64,
    pub(super) tail: f64,
    /// What the distribution function can be off by everywhere, beside that.
    pub(super) always: f64,
    /// Distance of the points of the lattice.
    pub(super) unit: Option<f64>,
    /// The quantiles that are asked for are between these.
    pub(super) range: [f64; 2],
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

    pub(super) fn cdf(&self, x: f64, most: f64, width: f64) -> Cdf {
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

    pub(super) fn quantiles(&self, law: &Scaled, levels: &[f64]) -> Vec<Quantile> {
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
