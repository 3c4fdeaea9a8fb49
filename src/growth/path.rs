//! The transition path: what the household does from a given capital on.
//!
//! ```text
//! y_t = k_t^α,   k_{t+1} = k′(k_t),   i_t = k_{t+1} − (1−δ) k_t,   c_t = y_t − i_t
//! ```
//!
//! with the policy k′ interpolated linearly between the grid points, as in the Euler errors. Consumption
//! stays positive: f is concave, so that f(k) − k′ is at least the interpolated consumption of the points
//! around k.

use super::memory::check_reservable;
use super::problem::Problem;
use crate::error::{Error, Result};
use crate::figures::figure;

/// One period of a transition path. Goods are in units of output.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct PathPoint {
    /// Period, from 0.
    pub t: usize,
    /// Capital k_t at the start of the period.
    pub k: f64,
    /// Consumption c_t.
    pub c: f64,
    /// Output k_t^α.
    pub output: f64,
    /// Gross investment k_{t+1} − (1−δ) k_t.
    pub investment: f64,
}

/// The path of periods 0 … `periods` from capital `from` under `policy` (N, k′ at the grid points).
///
/// # Errors
///
/// [`Error::Parameter`] where `from` does not lie on the grid's range, [`Error::Memory`] where the path does
/// not fit in memory.
pub fn transition_path(
    problem: &Problem,
    policy: &[f64],
    from: f64,
    periods: usize,
) -> Result<Vec<PathPoint>> {
    if problem.states() > 1 {
        return Err(Error::Parameter {
            name: "periods",
            value: periods.to_string(),
            requirement: "the transition path is that of the model without shocks; leave the shocks out"
                .into(),
        });
    }
    let (lowest, highest) = problem.grid().ends();
    if !(lowest..=highest).contains(&from) {
        return Err(Error::Parameter {
            name: "from_capital",
            value: figure(from),
            requirement: format!(
                "the grid runs from {} to {}; choose a capital there, or widen it by `low` and `high`",
                figure(lowest),
                figure(highest)
            ),
        });
    }
    let needed = (periods as u64).saturating_mul(size_of::<PathPoint>() as u64);
    check_reservable(|| format!("a path of {periods} periods"), needed, "choose a smaller `periods`")?;
    let model = problem.model();
    let mut k = from;
    let path = (0..=periods).map(|t| {
        let next = problem.interpolate(policy, k).clamp(lowest, highest);
        let point = PathPoint {
            t,
            k,
            c: model.resources(k) - next,
            output: model.output(k),
            investment: next - (1.0 - model.delta()) * k,
        };
        k = next;
        point
    });
    Ok(path.collect())
}
