//! The deterministic growth model, by value function iteration, with a certificate.
//!
//! A household lives for ever, owns capital k_t, and divides its resources each period between consumption
//! c_t and next period's capital:
//!
//! ```text
//! max Σ β^t U(c_t),   k_{t+1} = k_t^α − c_t + (1−δ) k_t,   U(c) = (c^(1−σ) − 1)/(1−σ)
//! ```
//!
//! # The lecture's questions
//!
//! **The problem as a Bellman equation.** The value V(k) of owning k depends on k alone, and satisfies
//!
//! ```text
//! V(k) = max over k′ of U(k^α + (1−δ) k − k′) + β V(k′),   c = k^α + (1−δ) k − k′ > 0
//! ```
//!
//! **The Euler equation.** The first-order condition U′(c) = β V′(k′) and the envelope theorem
//! V′(k) = U′(c)(α k^(α−1) + 1 − δ), taken one period ahead, give
//!
//! ```text
//! c_t^(−σ) = β c_{t+1}^(−σ) (α k_{t+1}^(α−1) + 1 − δ)
//! ```
//!
//! **What can be run in parallel?** Within one iteration the maximizations at the N grid points read the same
//! V and write one figure each: they are independent of each other. **Is the problem embarrassingly
//! parallel?** No: an iteration needs all of the one before, so the iterations form a chain, 213 long with
//! the lecture's figures at any N. **Are subsets of it?** Yes: each iteration is. So threads help where an
//! iteration is long (many points, or a slow maximizer) and do nothing for a hundred points; and whatever
//! makes the chain shorter, or moves it to coarser grids, helps always.
//!
//! # Reading order
//!
//! | file | what it is about |
//! |---|---|
//! | `utility.rs`, `model.rs` | U and U′; the parameters and the steady state |
//! | `math.rs` | logarithms and powers with a known error |
//! | `grid.rs` | the capital grid, and the gridded problem that is solved |
//! | `cpu.rs` | the Bellman operator T; `continuous.rs` and `discrete.rs`: how the best k′ is found |
//! | `concave.rs`, `evaluate.rs` | the concave envelope of V; the exact value of a policy |
//! | `solve.rs` | the methods, what they are told and what they return |
//! | `sup.rs` | largest values that notice what is not a number |
//! | `iterate.rs`, `multigrid.rs`, `egm.rs` | one grid; coarser grids first; the endogenous grid method |
//! | `gpu/` | policies proposed by a GPU in f32 |
//! | `certify.rs` | the guaranteed bound, and Euler errors |
//! | `path.rs` | the transition path from a given capital |

mod certify;
mod concave;
mod continuous;
mod cpu;
mod discrete;
mod egm;
mod evaluate;
#[cfg(test)]
mod exact;
#[cfg(feature = "gpu")]
pub mod gpu;
mod grid;
mod iterate;
mod math;
mod model;
mod multigrid;
mod path;
mod solve;
mod sup;
#[cfg(test)]
mod tests;
mod utility;

pub use certify::{Certificate, EULER_POINTS, certify, euler_error, euler_errors};
pub use cpu::{Bellman, Change, Maximizer};
pub use egm::euler_policy;
#[cfg(feature = "gpu")]
pub use gpu::solve_on;
pub use grid::{Choice, GridSpec, Problem, Spacing};
pub use model::{Model, SteadyState};
pub use path::{PathPoint, transition_path};
pub use solve::{Method, Progress, ProposalReport, Settings, Solution, Stop, Timing, solve};

use crate::figures::{figure, upper};

/// Why the growth model could not be solved as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrowthError {
    /// Nothing is left to consume at the lower end of the grid, even when capital is run down to it.
    #[error(
        "`low` is {0}, but consumption must be positive at every grid point, and from {0} k* on depreciation takes \
             all that is produced; choose `low` below {1}",
        figure(*low), figure(*largest)
    )]
    Consumption {
        /// The lower end, as a multiple of k*.
        low: f64,
        /// What it must stay below.
        largest: f64,
    },
    /// Rounding in f64 makes the tolerance impossible to guarantee.
    #[error(
        "`tolerance` is {asked:e}, but rounding in 64-bit floating point allows this problem {measure} of {reachable:e} at \
             best; ask for that or more"
    )]
    Tolerance {
        /// The tolerance asked for.
        asked: f64,
        /// What the stopping rule looks at.
        measure: &'static str,
        /// One that can be reached.
        reachable: f64,
    },
    /// A figure has left the range of f64, or is lost in rounding.
    #[error(
        "{what} at capital {} is not a finite number: 64-bit floating point cannot hold this problem there, as consumption \
             is lost in the rounding of resources or its utility overflows; move `low` and `high` towards 1, or `beta`, \
             `delta` and `alpha` away from their ends",
        figure(*capital)
    )]
    NotFinite {
        /// What is not finite.
        what: &'static str,
        /// Capital at a grid point, of the grid itself or of a coarser one, where that is so.
        capital: f64,
    },
    /// The iterations allowed were not enough.
    #[error(
        "no solution after {iterations} iterations: {measure} is still {}, above `tolerance` {tolerance:e}; {advice}",
        upper(*reached, 1)
    )]
    NotConverged {
        /// Iterations done.
        iterations: usize,
        /// What the stopping rule looks at.
        measure: &'static str,
        /// Its last value.
        reached: f64,
        /// What it had to reach.
        tolerance: f64,
        /// What to do.
        advice: &'static str,
    },
}
