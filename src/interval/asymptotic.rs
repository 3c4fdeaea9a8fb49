//! Asymptotic intervals, which need no resamples: θ̂ ± z · se by the measure's central limit theorem, of the
//! estimate itself or of its logarithm.
//!
//! Source: O. E. Barndorff-Nielsen and N. Shephard, "Econometric analysis of realized volatility and its use
//! in estimating stochastic volatility models", Journal of the Royal Statistical Society B 64(2), 2002, who
//! find that of the logarithm better at usual numbers of returns.

use super::{Distribution, Estimate, Interval, Pivot, Quantile, Tail, normal};

/// Of the estimate itself.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Asymptotic;

/// Of its logarithm.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct AsymptoticLog;

impl Interval for Asymptotic {
    fn name(&self) -> &'static str {
        "asymptotic"
    }

    fn pivot(&self) -> Option<Pivot> {
        None
    }

    fn levels(&self, _: &Tail) -> Option<[f64; 2]> {
        None
    }

    fn ends(&self, estimate: &Estimate, _: &mut dyn Distribution, tail: &Tail) -> [Quantile; 2] {
        tail.levels.map(|level| {
            let reach = normal::reach(estimate.squared_error, normal::quantile(level));
            Quantile::certain(estimate.value + reach)
        })
    }

    fn is_asymptotic(&self) -> bool {
        true
    }
}

impl Interval for AsymptoticLog {
    fn name(&self) -> &'static str {
        "asymptotic-log"
    }

    fn pivot(&self) -> Option<Pivot> {
        None
    }

    fn levels(&self, _: &Tail) -> Option<[f64; 2]> {
        None
    }

    fn ends(&self, estimate: &Estimate, _: &mut dyn Distribution, tail: &Tail) -> [Quantile; 2] {
        let value = estimate.value;
        tail.levels.map(|level| {
            if value <= 0.0 {
                return Quantile::certain(value);
            }
            let reach = normal::reach(estimate.squared_error, normal::quantile(level)) / value;
            Quantile::certain(value * libm::exp(reach))
        })
    }

    fn is_asymptotic(&self) -> bool {
        true
    }

    fn is_log(&self) -> bool {
        true
    }
}
