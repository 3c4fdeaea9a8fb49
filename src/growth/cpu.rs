//! The Bellman operator on the CPU, in f64: one application maximizes at all N grid points.
//!
//! ```text
//! (T V)_i = max over k′ of U(f_i − k′) + β V(k′),   i = 0 … N−1
//! ```
//!
//! The N maximizations read the same V and write one figure each, so they are divided among threads in chunks
//! of rows; the result does not depend on how. Which k′ are compared, and how, is the [`Maximizer`]'s: see
//! `continuous.rs` and `discrete.rs`.

use super::change::Change;
use super::grid::{Choice, Problem};
use super::rows::{ROWS_A_TASK, for_rows};
use super::sup::sup;
use super::utility::{Utility, with_utility};
use super::{continuous, discrete};

/// Rows that one task takes by golden section, and by brute force, where a row takes microseconds.
const SLOW_ROWS_A_TASK: usize = 64;

/// How the best k′ is found.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Maximizer {
    /// Continuous choice: the exact formula on each segment, or cell, of the grid.
    Cell,
    /// Continuous choice: golden section on the objective.
    Golden,
    /// Choice on the grid: all candidates are compared.
    Brute,
    /// Choice on the grid: one sweep over rows and candidates, as the policy is monotone.
    Sweep,
    /// Choice on the grid: bisection on the sign of the objective's differences, as it is concave.
    Bisection,
}

impl Maximizer {
    /// The rule of choice that this maximizer serves.
    pub fn choice(self) -> Choice {
        match self {
            Self::Cell | Self::Golden => Choice::Continuous,
            Self::Brute | Self::Sweep | Self::Bisection => Choice::Grid,
        }
    }

    /// The fastest maximizer for a rule of choice.
    pub fn fastest(choice: Choice) -> Self {
        match choice {
            Choice::Continuous => Self::Cell,
            Choice::Grid => Self::Sweep,
        }
    }
}

/// The Bellman operator of one gridded problem, with its scratch memory.
#[derive(Debug)]
pub struct Bellman<'a> {
    problem: &'a Problem,
    maximizer: Maximizer,
    /// Whether U is evaluated with a known error.
    known: bool,
    scratch: continuous::Scratch,
    discounted: Vec<f64>,
}

impl<'a> Bellman<'a> {
    /// The operator of `problem` with `maximizer`, which must serve the problem's rule of choice.
    pub fn new(problem: &'a Problem, maximizer: Maximizer) -> Self {
        debug_assert_eq!(problem.choice(), maximizer.choice());
        let scratch = continuous::Scratch::default();
        Self { problem, maximizer, known: false, scratch, discounted: Vec::new() }
    }

    /// The operator of `problem` as the certificate applies it: its rounding has a known bound.
    pub(super) fn known(problem: &'a Problem) -> Self {
        Self { known: true, ..Self::new(problem, Maximizer::fastest(problem.choice())) }
    }

    /// The problem.
    pub(super) fn problem(&self) -> &'a Problem {
        self.problem
    }

    /// Applies the operator to `value` (N): T V to `next` (N), the best k′ to `policy` (N).
    pub fn apply(&mut self, value: &[f64], next: &mut [f64], policy: &mut [f64]) -> Change {
        let sigma = self.problem.model().sigma();
        if self.known {
            with_utility!(known sigma, |utility| self.apply_with(utility, value, next, policy))
        } else {
            with_utility!(sigma, |utility| self.apply_with(utility, value, next, policy))
        }
    }

    fn apply_with<U: Utility>(
        &mut self,
        utility: U,
        value: &[f64],
        next: &mut [f64],
        policy: &mut [f64],
    ) -> Change {
        let problem = self.problem;
        match self.maximizer {
            Maximizer::Cell => {
                continuous::segment_formula(problem, utility, &mut self.scratch, value, next, policy)
            }
            Maximizer::Golden => {
                continuous::golden_section(problem, utility, SLOW_ROWS_A_TASK, value, next, policy)
            }
            Maximizer::Brute | Maximizer::Sweep | Maximizer::Bisection => {
                let beta = problem.model().beta();
                self.discounted.clear();
                self.discounted.extend(value.iter().map(|v| beta * v));
                let rows = discrete::Rows::new(problem, utility, &self.discounted);
                // Sweep and bisection look at all candidates at both ends of a chunk: few chunks keep that
                // below their own work.
                let size = match self.maximizer {
                    Maximizer::Brute => SLOW_ROWS_A_TASK,
                    _ => ROWS_A_TASK.max(value.len() / 32),
                };
                for_rows(size, value, next, policy, |first, old, next, policy| {
                    match self.maximizer {
                        Maximizer::Brute => rows.brute(first, next, policy),
                        Maximizer::Bisection => rows.bisection(first, next, policy),
                        _ => rows.sweep(first, next, policy),
                    }
                    let mut change = Change::NONE;
                    old.iter().zip(&*next).for_each(|(old, next)| change.add(next - old));
                    change
                })
            }
        }
    }

    /// Whether the last application took the concave envelope.
    #[cfg(test)]
    pub(super) fn is_enveloped(&self) -> bool {
        self.scratch.envelope().is_some()
    }

    /// By how much interpolation in the last application, to `value`, was off at most, in units of the
    /// roundoff: five times the largest rise from knot to knot, and with the concave envelope what its
    /// corners are off by. Nothing is interpolated with the choice on the grid.
    pub(super) fn interpolation(&self, value: &[f64]) -> f64 {
        match (self.problem.choice(), self.scratch.envelope()) {
            (Choice::Grid, _) => 0.0,
            (Choice::Continuous, Some((x, y))) => {
                // The height of a point above a chord is off by 3u of the rise; dropping points one after
                // another adds that up.
                let capital = self.problem.capital();
                let (mut worst, mut first) = (0.0, 0);
                for (x, y) in x.windows(2).zip(y.windows(2)) {
                    let inside = capital[first + 1..].iter().take_while(|&&k| k < x[1]).count();
                    first += inside + 1;
                    worst = sup(worst, (5.0 + 3.0 * inside as f64) * (y[1] - y[0]).abs());
                }
                worst
            }
            (Choice::Continuous, None) => {
                5.0 * value.windows(2).fold(0.0, |most, pair| sup(most, (pair[1] - pair[0]).abs()))
            }
        }
    }
}
