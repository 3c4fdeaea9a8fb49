//! A stage: one period's problem in one state, which is all that a maximizer needs to know.
//!
//! ```text
//! max over k′ of U(y_i − k′) + W(k′),   i = 0 … N−1,   W(k′) = β E V(k′)
//! ```
//!
//! with resources y_i, and a continuation value W that is given at the grid points and linear between them.
//! How many states there are, and how the resources and the expectation came about, is not its business.

use super::grid::Grid;

/// One period's problem in one state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Stage<'a> {
    /// The points k_j that next period's capital lies on or between.
    pub grid: &'a Grid,
    /// Resources y_i, N, increasing.
    pub resources: &'a [f64],
    /// What next period's capital is worth.
    pub continuation: Continuation<'a>,
}

/// The continuation value W = β E V at the grid points, as its two factors, so that differences of E V are
/// taken before they are discounted.
#[derive(Debug, Clone, Copy)]
pub(super) struct Continuation<'a> {
    /// Discount factor β.
    pub discount: f64,
    /// Expected value E V of the next period at the grid points, N.
    pub expected: &'a [f64],
}

impl<'a> Stage<'a> {
    /// Capital k_j at the grid points, N, increasing.
    pub(super) fn capital(&self) -> &'a [f64] {
        self.grid.capital()
    }
}
