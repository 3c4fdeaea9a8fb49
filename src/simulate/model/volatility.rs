//! Spot volatility: how it starts a day, and how it moves with the price.

use super::super::normal;
use crate::random::rng::StreamRng;

/// A process of spot volatility, and its correlation with the price. Time is in days, volatility in percent
/// a day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Volatility {
    /// σ = 1.
    Constant,
    /// σ = exp(β₀ + β₁ v), dv = α v dt + dB, correlated with the price.
    OneFactor,
    /// σ = s-exp(β₀ + β₁ v₁ + β₂ v₂), both factors correlated with the price.
    TwoFactor,
}

/// One factor: Barndorff-Nielsen, Hansen, Lunde and Shephard (2008). β₀ = β₁²/(2α) makes E σ² = 1.
mod one {
    pub(super) const SLOPE: f64 = 0.125;
    pub(super) const REVERSION: f64 = -0.025;
    pub(super) const LEVEL: f64 = SLOPE * SLOPE / (2.0 * REVERSION);
    pub(super) const LEVERAGE: f64 = -0.3;
}

/// Two factors: Chernov, Gallant, Ghysels and Tauchen (2003), with the values of Huang and Tauchen (2005).
mod two {
    pub(super) const LEVEL: f64 = -1.2;
    pub(super) const SLOW_SLOPE: f64 = 0.04;
    pub(super) const FAST_SLOPE: f64 = 1.5;
    pub(super) const SLOW_REVERSION: f64 = -0.00137;
    pub(super) const FAST_REVERSION: f64 = -1.386;
    /// dv₂ = … + (1 + FEEDBACK · v₂) dB₂.
    pub(super) const FEEDBACK: f64 = 0.25;
    pub(super) const LEVERAGE: f64 = -0.3;
    /// The fast factor runs so many days before the day, in such steps, to forget that it began at 0: what is
    /// left is e^(−1.386 · 5), a thousandth.
    pub(super) const BURN_IN_DAYS: usize = 5;
    pub(super) const BURN_IN_STEPS: usize = 200;
}

/// The state of a process.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum State {
    Constant,
    OneFactor { factor: f64 },
    TwoFactor { slow: f64, fast: f64 },
}

impl Volatility {
    /// A draw from the stationary distribution.
    pub(super) fn start(self, rng: &mut StreamRng) -> State {
        match self {
            Self::Constant => State::Constant,
            Self::OneFactor => State::OneFactor { factor: (-0.5 / one::REVERSION).sqrt() * normal(rng) },
            Self::TwoFactor => {
                let slow = (-0.5 / two::SLOW_REVERSION).sqrt() * normal(rng);
                let time = 1.0 / two::BURN_IN_STEPS as f64;
                let mut fast = 0.0;
                for _ in 0..two::BURN_IN_DAYS * two::BURN_IN_STEPS {
                    fast = next_fast(fast, time, time.sqrt() * normal(rng));
                }
                State::TwoFactor { slow, fast }
            }
        }
    }
}

impl State {
    /// Spot volatility σ.
    pub(super) fn volatility(&self) -> f64 {
        match *self {
            Self::Constant => 1.0,
            Self::OneFactor { factor } => (one::LEVEL + one::SLOPE * factor).exp(),
            Self::TwoFactor { slow, fast } => {
                spliced_exp(two::LEVEL + two::SLOW_SLOPE * slow + two::FAST_SLOPE * fast)
            }
        }
    }

    /// Moves on by `time` = `root`², an Euler step, and returns the standard normal that moves the price.
    pub(super) fn step(&mut self, time: f64, root: f64, rng: &mut StreamRng) -> f64 {
        match self {
            Self::Constant => normal(rng),
            Self::OneFactor { factor } => {
                let (shock, own) = (normal(rng), normal(rng));
                *factor += one::REVERSION * *factor * time + root * shock;
                one::LEVERAGE * shock + (1.0 - one::LEVERAGE * one::LEVERAGE).sqrt() * own
            }
            Self::TwoFactor { slow, fast } => {
                let (slow_shock, fast_shock, own) = (normal(rng), normal(rng), normal(rng));
                *slow += two::SLOW_REVERSION * *slow * time + root * slow_shock;
                *fast = next_fast(*fast, time, root * fast_shock);
                two::LEVERAGE * (slow_shock + fast_shock)
                    + (1.0 - 2.0 * two::LEVERAGE * two::LEVERAGE).sqrt() * own
            }
        }
    }
}

fn next_fast(fast: f64, time: f64, increment: f64) -> f64 {
    fast + two::FAST_REVERSION * fast * time + (1.0 + two::FEEDBACK * fast) * increment
}

/// exp with a tail that grows linearly from x₀ = ln 1.5 on, so that moments exist: e^{x₀}/√x₀ · √(x₀ − x₀² +
/// x²). Value and slope are those of exp at x₀.
fn spliced_exp(x: f64) -> f64 {
    const KNOT: f64 = 0.405_465_108_108_164_4;
    if x <= KNOT { x.exp() } else { 1.5 / KNOT.sqrt() * (KNOT - KNOT * KNOT + x * x).sqrt() }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_splice_is_smooth() {
        let knot = 1.5f64.ln();
        assert_eq!(spliced_exp(-1.0), (-1f64).exp());
        assert!((spliced_exp(knot + 1e-12) - 1.5).abs() < 1e-11);
        let slope = (spliced_exp(knot + 1e-6) - spliced_exp(knot)) / 1e-6;
        assert!((slope - 1.5).abs() < 1e-5, "{slope}");
        // Linear: doubling a large x doubles it, nearly.
        assert!((spliced_exp(2e3) / spliced_exp(1e3) - 2.0).abs() < 1e-6);
    }
}
