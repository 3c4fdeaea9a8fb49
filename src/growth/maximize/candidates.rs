//! The choice on the grid: k′ is one of the points.
//!
//! ```text
//! Q(i, j) = U(f_i − k_j) + β V_j,   (T V)_i = max over j with k_j < f_i of Q(i, j)
//! ```
//!
//! where V stands for the expected value of the next period and f for resources. `brute.rs`, `sweep.rs` and
//! `bisection.rs` are three ways to the same answer, the smallest j where several are best: all of them
//! compare the figures Q(i, j) of this file.

use super::super::stage::Stage;
use super::super::utility::Utility;

/// All that one application needs to work on any rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a, U> {
    pub stage: &'a Stage<'a>,
    pub utility: U,
    /// β V_j, N.
    pub discounted: &'a [f64],
    /// max |β V_j|.
    pub size: f64,
}

/// A row's best candidate so far.
#[derive(Debug, Clone, Copy)]
pub(super) struct Best {
    pub index: usize,
    pub value: f64,
}

impl<'a, U: Utility> Rows<'a, U> {
    /// The rows of `stage` with the discounted values β V_j in `discounted`.
    pub(super) fn new(stage: &'a Stage<'a>, utility: U, discounted: &'a [f64]) -> Self {
        let size = discounted.iter().fold(0.0, |size: f64, w| size.max(w.abs()));
        Self { stage, utility, discounted, size }
    }

    /// Q(i, j), −∞ where nothing is left to consume. All three maximizers compare these very figures.
    #[inline(always)]
    pub(super) fn objective(&self, row: usize, candidate: usize) -> f64 {
        let consumption = self.stage.resources[row] - self.stage.capital()[candidate];
        let total = self.utility.value(consumption) + self.discounted[candidate];
        if consumption > 0.0 { total } else { f64::NEG_INFINITY }
    }

    /// Number of candidates that leave something to consume at `row`; at least 1.
    pub(super) fn feasible(&self, row: usize) -> usize {
        let f = self.stage.resources[row];
        self.stage.capital().partition_point(|&k| k < f)
    }
}
