//! The Bellman operator on the CPU, in f64: one application maximizes at all nodes.
//!
//! ```text
//! (T V)_zi = max over k′ of U(y_zi − k′) + β Σ_z′ P(z, z′) V(k′, z′),   z = 0 … Z−1,   i = 0 … N−1
//! ```
//!
//! First the expectation P V, one small matrix product; then each state is a [`Stage`] by itself, that knows
//! its resources and its continuation value. The maximizations of all states and points read the same V and
//! write one figure each, so they are divided among threads, states and chunks of rows; the result does not
//! depend on how. Which k′ are compared, and how, is the [`Maximizer`]'s: see `maximize`.

use rayon::prelude::*;

use super::change::Change;
use super::choice::Choice;
use super::maximize::indifference::Indifference;
use super::maximize::{Maximizer, Scratch};
use super::problem::Problem;
use super::rows::ROWS_A_TASK;
use super::stage::{Continuation, Stage};
use super::sup::sup;
use super::utility::with_utility;

/// The Bellman operator of one gridded problem, with its scratch memory.
#[derive(Debug)]
pub struct Bellman<'a> {
    problem: &'a Problem,
    maximizer: Maximizer,
    /// Whether U is evaluated with a known error.
    known: bool,
    /// By state, Z.
    scratch: Vec<Scratch>,
    /// P V, Z × N; empty without shocks, where it is V.
    expected: Vec<f64>,
    /// Of the last application by state, Z.
    changes: Vec<Change>,
}

impl<'a> Bellman<'a> {
    /// The operator of `problem` with `maximizer`, which must serve the problem's rule of choice.
    pub fn new(problem: &'a Problem, maximizer: Maximizer) -> Self {
        debug_assert_eq!(problem.choice(), maximizer.choice());
        let scratch = (0..problem.states()).map(|_| Scratch::default()).collect();
        let changes = vec![Change::NONE; problem.states()];
        Self { problem, maximizer, known: false, scratch, expected: Vec::new(), changes }
    }

    /// The operator of `problem` as the certificate applies it: its rounding has a known bound.
    pub(super) fn known(problem: &'a Problem) -> Self {
        Self { known: true, ..Self::new(problem, Maximizer::fastest(problem.choice())) }
    }

    /// The same, which may leave a policy unwritten until it is [asked for](Self::complete_policy).
    pub(super) fn postponing_policies(mut self) -> Self {
        self.scratch.iter_mut().for_each(|scratch| scratch.may_postpone = true);
        self
    }

    /// Writes what of the last application's policy is not yet in `policy` (Z × N).
    pub(super) fn complete_policy(&mut self, policy: &mut [f64]) {
        let n = self.problem.len();
        for (scratch, policy) in self.scratch.iter_mut().zip(policy.chunks_mut(n)) {
            scratch.complete_policy(self.problem.capital(), policy);
        }
    }

    /// The problem.
    pub(super) fn problem(&self) -> &'a Problem {
        self.problem
    }

    /// The changes T V − V of the last application by state, Z.
    pub(super) fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// P V of the last application, to `value`, in state `state`, N.
    pub(super) fn expected<'b>(&'b self, state: usize, value: &'b [f64]) -> &'b [f64] {
        self.problem.of(state, if self.expected.is_empty() { value } else { &self.expected })
    }

    /// Applies the operator to `value` (Z × N): T V to `next` (Z × N), the best k′ to `policy` (Z × N).
    pub fn apply(&mut self, value: &[f64], next: &mut [f64], policy: &mut [f64]) -> Change {
        let sigma = self.problem.model().sigma();
        if self.known {
            with_utility!(known sigma, |utility| self.apply_with(utility, value, next, policy))
        } else {
            with_utility!(sigma, |utility| self.apply_with(utility, value, next, policy))
        }
    }

    fn apply_with<U: Indifference>(
        &mut self,
        utility: U,
        value: &[f64],
        next: &mut [f64],
        policy: &mut [f64],
    ) -> Change {
        let Self { problem, maximizer, scratch, expected, changes, .. } = self;
        let (n, discount) = (problem.len(), problem.model().beta());
        if problem.has_shocks() {
            expected.resize(value.len(), 0.0);
            problem.expectation(value, expected);
        }
        let expected: &[f64] = if !problem.has_shocks() { value } else { expected };
        let one = |state: usize, scratch: &mut Scratch, next: &mut [f64], policy: &mut [f64]| {
            let continuation = Continuation { discount, expected: problem.of(state, expected) };
            let stage = Stage { grid: problem.grid(), resources: problem.resources_in(state), continuation };
            maximizer.apply(&stage, utility, scratch, problem.of(state, value), next, policy)
        };
        if value.len() <= ROWS_A_TASK || changes.len() == 1 {
            let outputs = next.chunks_mut(n).zip(policy.chunks_mut(n));
            for (state, ((next, policy), scratch)) in outputs.zip(scratch).enumerate() {
                changes[state] = one(state, scratch, next, policy);
            }
        } else {
            let outputs = next.par_chunks_mut(n).zip(policy.par_chunks_mut(n));
            let states = outputs.zip(scratch).zip(changes.par_iter_mut()).enumerate();
            states.for_each(|(state, (((next, policy), scratch), change))| {
                *change = one(state, scratch, next, policy);
            });
        }
        changes.iter().copied().fold(Change::NONE, Change::join)
    }

    /// Whether the last application took the concave envelope.
    #[cfg(test)]
    pub(super) fn is_enveloped(&self) -> bool {
        self.scratch.iter().any(|scratch| scratch.envelope().is_some())
    }

    /// By how much interpolation in state `state` of the last application, to `value`, was off at most, in
    /// units of the roundoff: five times the largest rise from knot to knot, and with the concave envelope
    /// what its corners are off by. Nothing is interpolated with the choice on the grid.
    pub(super) fn interpolation(&self, state: usize, value: &[f64]) -> f64 {
        match (self.problem.choice(), self.scratch[state].envelope()) {
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
                5.0 * self
                    .expected(state, value)
                    .windows(2)
                    .fold(0.0, |most, pair| sup(most, (pair[1] - pair[0]).abs()))
            }
        }
    }
}
