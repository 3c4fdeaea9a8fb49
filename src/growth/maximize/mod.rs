//! How the best k′ is found: the maximizers of a [`Stage`].
//!
//! | file | what it is about |
//! |---|---|
//! | `cell.rs` | continuous choice: the exact formula on each segment of the grid |
//! | `golden.rs` | continuous choice: golden section, the lecture's minimizer |
//! | `concave.rs` | the concave envelope of the continuation value, where it is not concave |
//! | `candidates.rs` | choice on the grid: the objective, and when a candidate can be better |
//! | `brute.rs` | all candidates |
//! | `sweep.rs` | rising policies: one sweep, its check, and the upper envelope |
//! | `indifference.rs`, `stored/` | the sweep from one application to the next: what stays is kept |
//! | `bisection.rs` | bisection on the sign of differences |

mod bisection;
mod brute;
mod candidates;
mod cell;
mod concave;
mod golden;
pub(super) mod indifference;
pub(super) mod stored;
mod sweep;

use super::change::Change;
use super::choice::Choice;
use super::rows::{ROWS_A_TASK, for_rows};
use super::stage::Stage;
use indifference::Indifference;
use stored::{Choices, StoredPolicy};

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

/// What maximizers keep of one state's stage from one application to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    cell: cell::Scratch,
    /// β E V_j, N.
    discounted: Vec<f64>,
    /// The sweep's policy.
    stored: StoredPolicy,
    /// Whether the policy of the last application is in `stored` only.
    is_postponed: bool,
    /// Whether a policy may stay there until it is asked for: writing it takes as long as finding it.
    pub may_postpone: bool,
}

impl Scratch {
    /// The corners of the concave envelope and the expected values there, where the last application took it.
    pub(super) fn envelope(&self) -> Option<(&[f64], &[f64])> {
        self.cell.envelope()
    }

    /// Writes the policy of the last application, on the points `capital` (N), to `policy` (N), if that has
    /// been postponed.
    pub(super) fn complete_policy(&mut self, capital: &[f64], policy: &mut [f64]) {
        if std::mem::take(&mut self.is_postponed) {
            for (policy, &j) in policy.iter_mut().zip(self.stored.choice()) {
                *policy = capital[j as usize];
            }
        }
    }
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

    /// Maximizes at all N points of `stage`: the best totals to `next` (N), the best k′ to `policy` (N). The
    /// change is that from `value` (N) to `next`. The policy may be [postponed](Scratch::complete_policy).
    pub(super) fn apply<U: Indifference>(
        self,
        stage: &Stage<'_>,
        utility: U,
        scratch: &mut Scratch,
        value: &[f64],
        next: &mut [f64],
        policy: &mut [f64],
    ) -> Change {
        scratch.is_postponed = false;
        if self == Self::Sweep {
            let choices = Choices {
                grid: stage.capital(),
                resources: stage.resources,
                continuation: stage.continuation.expected,
                beta: stage.continuation.discount,
                utility,
            };
            if let Some(change) = scratch.stored.apply(choices, value, next) {
                scratch.is_postponed = true;
                if !scratch.may_postpone {
                    scratch.complete_policy(stage.capital(), policy);
                }
                return change;
            }
        }
        match self {
            Self::Cell => cell::segment_formula(stage, utility, &mut scratch.cell, value, next, policy),
            Self::Golden => golden::golden_section(stage, utility, SLOW_ROWS_A_TASK, value, next, policy),
            Self::Brute | Self::Sweep | Self::Bisection => {
                let discount = stage.continuation.discount;
                scratch.discounted.clear();
                scratch.discounted.extend(stage.continuation.expected.iter().map(|v| discount * v));
                let rows = candidates::Rows::new(stage, utility, &scratch.discounted);
                // Sweep and bisection look at all candidates at both ends of a chunk: few chunks keep that
                // below their own work.
                let size = match self {
                    Self::Brute => SLOW_ROWS_A_TASK,
                    _ => ROWS_A_TASK.max(value.len() / 32),
                };
                for_rows(size, value, next, policy, |first, old, next, policy| {
                    match self {
                        Self::Brute => rows.brute(first, next, policy),
                        Self::Bisection => rows.bisection(first, next, policy),
                        _ => rows.sweep(first, next, policy),
                    }
                    let mut change = Change::NONE;
                    old.iter().zip(&*next).for_each(|(old, next)| change.add(next - old));
                    change
                })
            }
        }
    }
}
