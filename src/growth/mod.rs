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
//! | `memory.rs` | memory that is not to be had is refused |
//! | `math.rs`, `sup.rs` | logarithms and powers with a known error; extremes that notice what is no number |
//! | `utility.rs`, `model/` | U and U′; the parameters and the steady state |
//! | `chain/` | productivity as a Markov chain: Rouwenhorst, Tauchen, from a file |
//! | `grid.rs`, `choice.rs`, `problem.rs` | the capital grid; the rule of choice; the gridded problem |
//! | `change.rs`, `discount.rs`, `rows.rs` | T V − V and what it bounds; rows divided among threads |
//! | `stage.rs`, `maximize/` | one period's problem in one state; how the best k′ is found |
//! | `operator.rs`, `evaluate/` | the Bellman operator T; the value of a policy |
//! | `roundoff.rs`, `rounding.rs` | the unit of rounding; how far it may take an application of T |
//! | `settings.rs`, `error.rs`, `refusal.rs` | what the solver is told; why it may refuse |
//! | `iterate.rs`, `multigrid.rs`, `egm.rs` | one grid; coarser grids first; the endogenous grid method |
//! | `euler.rs`, `certify.rs` | Euler errors; the guaranteed bound |
//! | `aruoba.rs` | the benchmark of languages, under its own rule |
//! | `solve.rs` | the methods, and what they return |
//! | `request.rs` | what a user names, and the defaults that follow |
//! | `gpu/` | policies proposed by a GPU in f32 |
//! | `linear.rs`, `collocation/` | the economy itself, without a grid, by Chebyshev polynomials |
//! | `enclose/`, `accuracy.rs` | bounds on the true V; the grid that an accuracy needs |
//! | `path.rs` | the transition path from a given capital |
//! | `simulate/`, `ergodic.rs` | simulated paths and their moments; the distribution in the long run |

mod accuracy;
pub mod aruoba;
mod certify;
mod chain;
mod change;
mod choice;
mod collocation;
mod discount;
mod egm;
pub mod enclose;
mod ergodic;
mod error;
mod euler;
mod evaluate;
#[cfg(test)]
mod exact {
    mod tests;
}
#[cfg(feature = "gpu")]
pub mod gpu;
mod grid;
mod iterate;
mod linear;
mod math;
mod maximize;
mod memory;
mod model;
mod multigrid;
mod operator;
mod path;
mod problem;
mod refusal;
mod request;
mod rounding;
mod roundoff;
mod rows;
mod settings;
mod simulate;
mod solve;
mod stage;
#[cfg(test)]
mod stochastic {
    mod tests;
}
mod sup;
#[cfg(test)]
mod tests;
mod utility;

pub use accuracy::{Enclosed, check_accuracy, solve_to};
pub use certify::{Certificate, certify};
pub use chain::{Chain, RowSums};
pub use change::Change;
pub use choice::Choice;
pub use collocation::Collocation;
pub use egm::euler_policy;
pub use enclose::Enclosure;
pub use ergodic::{Ergodic, ergodic};
pub use error::GrowthError;
pub use euler::{EULER_POINTS, euler_error, euler_errors};
#[cfg(feature = "gpu")]
pub use gpu::solve_on;
pub use grid::{Grid, GridSpec, Spacing};
pub use maximize::Maximizer;
pub use model::{Model, SteadyState};
pub use operator::Bellman;
pub use path::{PathPoint, transition_path};
pub use problem::Problem;
pub use request::{Request, Target};
pub use settings::{Method, Progress, Settings, Stop};
pub use simulate::{Moment, Moments, Simulated, SimulatedPeriod, Simulation, Simulator, simulate};
pub use solve::{ProposalReport, Solution, Timing, solve};
