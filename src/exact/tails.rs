//! Bounds of the tails of a sum, and where its quantiles are about.
//!
//! Above, Chernoff's: P(S > u) ≤ exp(K(s) − su) with K = ln E e^{sS}, so that u = (K(s) + λ)/s has a tail of
//! at most e^{−λ}, whatever s > 0; the best s has s K'(s) − K(s) = λ. Below, for non-negative independent
//! terms X, P(S < E S − y) ≤ exp(−y²/(2 Σ E X²)). Quantiles are about where Cornish and Fisher's expansion
//! has them.

use super::day::{Day, Moments};

/// What bounds the tails of a sum over days.
pub(super) struct Chernoff<'a> {
    pub(super) days: &'a [Day],
    pub(super) moments: &'a Moments,
}

impl Chernoff<'_> {
    /// P(S > u) ≤ e^{−λ} for the u that is given.
    pub(super) fn upper(&self, lambda: f64) -> f64 {
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
    pub(super) fn lower(&self, lambda: f64) -> f64 {
        (self.moments.mean - (2.0 * lambda * self.moments.squares).sqrt()).max(0.0)
    }

    /// Where a quantile is about, by Cornish and Fisher.
    pub(super) fn about(&self, level: f64) -> f64 {
        let Moments { mean, variance, third, most, .. } = *self.moments;
        let z = normal_quantile(level.clamp(1e-12, 1.0 - 1e-12));
        let skewness = third / variance.powf(1.5);
        (mean + variance.sqrt() * (z + skewness.clamp(-2.0, 2.0) * (z * z - 1.0) / 6.0)).clamp(0.0, most)
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
