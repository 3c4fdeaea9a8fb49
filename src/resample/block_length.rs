//! Automatic block lengths for the schemes of blocks.
//!
//! The mean squared error of a block bootstrap's variance of the mean is least for blocks of
//!
//! ```text
//! b = (2 g² n / d)^(1/3),   d = (4/3) σ⁴ circular, 2 σ⁴ stationary,
//! g = Σ_{|k| ≤ m} h(k/m) |k| γ_k,   σ² = Σ_{|k| ≤ m} h(k/m) γ_k,   h(x) = min(1, 2(1 − |x|))
//! ```
//!
//! with γ_k = Σ_t (x_t − x̄)(x_{t+k} − x̄) / n of a series of n numbers. The window is m = 2 max(M, 1), where
//! M is the first lag that begins a run of k_n = max(5, ⌊log₁₀ n⌋) autocorrelations below 2 √(log₁₀ n / n),
//! and at most ⌈√n⌉ + k_n, which it also is where there is no such lag. b is at most ⌈min(3 √n, n/3)⌉.
//!
//! Numbers are plain f64 in row order, with `libm` alone beside IEEE operations: the same bits everywhere.
//! Details follow `arch.bootstrap.optimal_block_length` of the Python package arch, whose numbers a test has:
//! γ by all n − k products, autocorrelations of lag k normalized by the sums of squares without the last and
//! without the first k + 1 numbers.
//!
//! Sources: D. N. Politis and H. White, "Automatic block-length selection for the dependent bootstrap",
//! Econometric Reviews 23(1), 2004; A. Patton, D. N. Politis and H. White, "Correction to 'Automatic
//! block-length selection for the dependent bootstrap'", Econometric Reviews 28(4), 2009.

use super::Scheme;
use crate::error::{Error, Result};

/// The fewest numbers of a series, as fewer have too few lags.
pub const LEAST: usize = 11;

/// Block lengths that suit a series, as real numbers; they may lie below 1 where there is no dependence.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct BlockLength {
    /// For circular blocks of a fixed length.
    pub circular: f64,
    /// The mean length of stationary blocks.
    pub stationary: f64,
}

impl BlockLength {
    /// Those of a series of numbers in time order; of equal numbers 1, as there is nothing to keep.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a series of fewer than 11 numbers, which has too few lags, or with one that
    /// is not finite.
    pub fn new(series: &[f64]) -> Result<Self> {
        if let Some(value) = series.iter().find(|value| !value.is_finite()) {
            return Err(refused(value.to_string(), "a number of the series must be finite"));
        }
        let count = series.len();
        let n = count as f64;
        let significant = (count.max(1).ilog10() as usize).max(5);
        let most = n.sqrt().ceil() as usize + significant;
        if most + 1 >= count {
            return Err(refused(
                format!("{count} numbers"),
                "11 at least are needed; give the length itself by `block`",
            ));
        }
        let mean = series.iter().sum::<f64>() / n;
        let centered: Vec<f64> = series.iter().map(|value| value - mean).collect();
        let product = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
        let bound = 2.0 * (libm::log10(n) / n).sqrt();
        let (mut covariances, mut small, mut window) = (Vec::with_capacity(most + 1), 0, None);
        for lag in 0..=most {
            // So many correlations before this one are below the bound.
            if small >= significant && window.is_none() {
                window = Some(lag - significant);
            }
            let (late, early) = (&centered[lag + 1..], &centered[..count - lag - 1]);
            let cross = product(&centered[lag..], &centered[..count - lag]);
            let correlation = cross.abs() / (product(late, late) * product(early, early)).sqrt();
            covariances.push(cross / n);
            small = if correlation < bound { small + 1 } else { 0 };
        }
        let window = window.map_or(most, |lag| (2 * lag.max(1)).min(most));
        let (mut g, mut variance) = (0.0, covariances[0]);
        for (lag, covariance) in covariances.iter().enumerate().take(window + 1).skip(1) {
            let share = lag as f64 / window as f64;
            let weight = if share <= 0.5 { 1.0 } else { 2.0 * (1.0 - share) };
            g += 2.0 * weight * lag as f64 * covariance;
            variance += 2.0 * weight * covariance;
        }
        if covariances[0] == 0.0 || series.iter().all(|value| *value == series[0]) {
            return Ok(Self { circular: 1.0, stationary: 1.0 });
        }
        let largest = (3.0 * n.sqrt()).min(n / 3.0).ceil();
        let length = |factor: f64| {
            let ratio = 2.0 * g * g / (factor * variance * variance);
            // Where no variance is left the ratio is no number or infinite: blocks as long as may be.
            (libm::pow(ratio, 1.0 / 3.0) * libm::pow(n, 1.0 / 3.0)).min(largest)
        };
        Ok(Self { circular: length(4.0 / 3.0), stationary: length(2.0) })
    }

    /// These, or `least` where that is more.
    pub fn at_least(self, least: f64) -> Self {
        Self { circular: self.circular.max(least), stationary: self.stationary.max(least) }
    }

    /// Circular blocks of this length, rounded up, for days of `rows` rows.
    pub fn block(&self, rows: u32) -> Scheme {
        Scheme::Block { length: (self.circular.ceil() as u32).clamp(1, rows.max(1)) }
    }

    /// Stationary blocks of this mean length, at least 1, for days of `rows` rows.
    pub fn stationary(&self, rows: u32) -> Scheme {
        Scheme::Stationary { length: self.stationary.clamp(1.0, f64::from(rows.max(1))) }
    }
}

fn refused(value: String, requirement: &str) -> Error {
    Error::Parameter { name: "the series for a block length", value, requirement: requirement.into() }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// As `tests/oracles/block_length.py` makes them.
    fn series(count: usize, phi: f64, theta: f64, seed: u32) -> Vec<f64> {
        let (mut x, mut last, mut state) = (0.0, 0.0, seed);
        let mut next = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            let u = f64::from(state) / 4_294_967_296.0 - 0.5;
            x = phi * x + theta * last + u;
            last = u;
            x
        };
        (0..count).map(|_| next()).collect()
    }

    #[test]
    fn lengths_are_those_of_the_python_package() {
        let golden = include_str!("../../tests/golden/block_length.csv");
        let mut lines = 0;
        for line in golden.lines().skip(1) {
            let fields: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
            let [count, phi, theta, seed, circular, stationary] = fields[..] else { panic!("{line}") };
            let series = series(count as usize, phi, theta, seed as u32);
            let found = BlockLength::new(&series).unwrap();
            for (found, expected) in [(found.circular, circular), (found.stationary, stationary)] {
                assert!((found - expected).abs() <= 1e-10 * expected, "{line}: {found}");
            }
            // The twin: a number that is moved changes the length, unless it is the longest that may be.
            let mut moved = series;
            moved[count as usize / 2] += 0.5;
            let moved = BlockLength::new(&moved).unwrap();
            assert!(moved != found || found.circular.fract() == 0.0, "{line}");
            lines += 1;
        }
        assert_eq!(lines, 42);
    }

    #[test]
    fn lengths_make_schemes_that_suit_the_day() {
        for (circular, stationary) in [(0.0, 0.0), (0.2, 0.9), (3.1, 2.4), (900.0, 700.0)] {
            let length = BlockLength { circular, stationary };
            for rows in [1, 23, 385] {
                length.block(rows).check(rows).unwrap();
                length.stationary(rows).check(rows).unwrap();
            }
        }
        let length = BlockLength { circular: 3.1, stationary: 2.4 };
        assert_eq!(length.block(385), Scheme::Block { length: 4 });
        assert_eq!(length.stationary(385), Scheme::Stationary { length: 2.4 });
    }

    #[test]
    fn series_of_no_use_are_refused_and_constant_ones_have_length_one() {
        for count in 0..11 {
            assert!(BlockLength::new(&series(count, 0.0, 0.0, 1)).is_err(), "{count}");
        }
        assert!(BlockLength::new(&series(11, 0.0, 0.0, 1)).is_ok());
        let one = BlockLength { circular: 1.0, stationary: 1.0 };
        // The mean of equal numbers is rounded where they are no dyadic fractions.
        for equal in [0.0, 0.25, 0.1, -1e-3 / 3.0] {
            assert_eq!(BlockLength::new(&[equal; 385]).unwrap(), one);
        }
        let mut bad = series(100, 0.0, 0.0, 1);
        bad[50] = f64::NAN;
        assert!(BlockLength::new(&bad).unwrap_err().to_string().contains("NaN"));
    }
}
