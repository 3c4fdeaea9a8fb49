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
//!   nearly the best (any s gives a bound, `tails.rs`), and for the lower tail of non-negative terms X by
//!   P(S < E S − y) ≤ exp(−y²/(2 Σ E X²)).
//! * **Terms left out.** Φ(t) falls off, and where its modulus has gone below ε the terms end. That alone is
//!   not safe: prices in ticks make few different squared returns, nearly multiples of one number u, and |Φ|
//!   comes back near 2π/u. So the frequencies beyond are *screened*, by a bound that one evaluation gives for
//!   many frequencies around it (`screen.rs`), and evaluated where the bound does not rule them
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
//! (`atoms.rs`, `groups.rs`). If all values are multiples of one number u, so are the sums: N = L/u
//! frequencies then are all there are, 1/(π(k + ½)) becomes 1/(N sin(π(k + ½)/N)), and F between two
//! multiples is *equal* to the series, up to the tails. Both give atoms exactly.
//!
//! # Sources
//!
//! J. Gil-Pelaez, "Note on the inversion theorem", Biometrika 38 (1951). R. B. Davies, "Numerical inversion
//! of a characteristic function", Biometrika 60 (1973): the midpoint rule and its error. J. Abate and W.
//! Whitt, "The Fourier-series method for inverting transforms of probability distributions", Queueing Systems
//! 10 (1992). W. Feller, *An Introduction to Probability Theory and Its Applications* II, XV and XVI.

mod atoms;
mod day;
mod groups;
mod inverted;
mod lanes;
mod near;
mod scaled;
mod screen;
mod series;
mod slicer;
mod slices;
mod tails;
mod terms;
#[cfg(test)]
mod tests;
mod waves;
mod wheel;

use crate::{Error, Result};
use day::Day;
use scaled::Scaled;

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
