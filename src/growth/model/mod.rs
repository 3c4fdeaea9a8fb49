//! Models: what is produced, and what is left to divide between consumption and next period's capital.
//!
//! The solver asks a model for four things: relative risk aversion σ and the discount factor β; the resources
//! y(z, k) with capital k and productivity z, which increase in k; the gross return ∂y/∂k, for the Euler
//! equation; and the steady state, around which the grid is put. All else (stages, maximizers, iterations,
//! the certificate) works on these.

mod growth;

pub use growth::{Model, SteadyState};
