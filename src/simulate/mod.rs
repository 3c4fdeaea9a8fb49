//! Simulated prices, of which the truth is known.
//!
//! * [`simulate`] and [`write()`]: a panel of many stocks and days in the format that the loader reads, for
//!   trying things out and for tests; [`truth`]: the variances behind it. The model: [`panel`].
//! * [`model`]: single days of well-known models of the literature, by name, with their integrated variance:
//!   what [`crate::coverage`] holds intervals against.

pub mod model;
pub mod panel;
mod write;

use rand_distr::{Distribution, StandardNormal};

pub use panel::{
    DayTruth, MAX_DAYS, MAX_NOISE, MAX_PER_DAY, MAX_STOCKS, OFTEN_JUMPS, RARE_JUMPS, SimulateSpec, simulate,
    truth,
};
pub use write::write;

use crate::random::rng::StreamRng;

/// A standard normal draw.
fn normal(rng: &mut StreamRng) -> f64 {
    StandardNormal.sample(rng)
}
