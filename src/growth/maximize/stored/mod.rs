//! The choice on the grid from one application of the operator to the next: a stored policy, its proof, and
//! what of it has to move.
//!
//! With C the continuation value at the grid points (V itself, or its expectation), row i prefers candidate
//! q+1 to candidate q where
//!
//! ```text
//! d_q = β (C_{q+1} − C_q) > L(i, q) = U(f_i − k_q) − U(f_i − k_{q+1})
//! ```
//!
//! L falls with i, as U is concave. So each q has a first row r_q that prefers q+1, and where r_q does not
//! fall with q, the objective of row i rises up to candidate j(i) = #{q: r_q ≤ i} and falls from there on:
//! j(i) is the best of **all** candidates. Nothing is assumed about the curvature of C.
//!
//! **Kept thresholds** (`adjust.rs`). From one application to the next few r_q move. So L(r_q − 1, q) and
//! L(r_q, q), on either side of d_q, are stored, and U(f_i − k_j(i)) as well. An application is then
//!
//! 1. one pass over the candidates: is L(r_q, q) < d_q < L(r_q − 1, q)? Those for which it is not are moved,
//!    which evaluates U;
//! 2. one pass over the rows: (T V)_i = U_i + β C_j(i).
//!
//! **From scratch.** The first applications move most r_q. Where there is a formula (`indifference.rs`, σ = 1
//! and 2), the resources y_q at which a row is indifferent between q and q+1 are computed for all q, and r_q
//! is where f passes y_q: one merge of two sorted lists (`merge.rs`). Where there is none, each row climbs
//! from the choice of the row before (`climb.rs`).
//!
//! **Rounding.** The choice is that of brute force on computed objectives, the smallest of equal ones, and so
//! is (T V)_i, to the last bit. Thresholds are stored with a margin that covers all rounding; where d_q lies
//! within the margin of L(i, q), the two objectives themselves are compared. Three candidates so close at one
//! row, an r_q that falls, a C that falls: all of this is left to the caller, who has a way that is right for
//! any C, and the state is made anew afterwards.

#![allow(clippy::neg_cmp_op_on_partial_ord, reason = "what is no number must not pass as one that does")]

mod adjust;
mod climb;
mod merge;
#[cfg(test)]
mod tests;

use std::ops::Range;

use rayon::prelude::*;

use super::super::change::{Change, Changes, LANES};
use super::indifference::{Indifference, margin};
use crate::vector::{Lanes, Places, PlacesMut, Vectorized, Vectors};

/// Candidates that are checked together, and rows that are worked off together.
const BLOCK: usize = 64;
/// Fewer rows than this are not divided among threads: waking one takes longer.
const ROWS_A_PART: usize = 4096;
/// Where more than one in so many rows has chosen anew, the next application starts from scratch.
const KEPT_SHARE: usize = 6;

/// What is maximized: β times the continuation value at the candidates, and the utility of what is left.
#[derive(Debug, Clone, Copy)]
pub(in crate::growth) struct Choices<'a, U> {
    /// Candidates k_j, N, increasing.
    pub grid: &'a [f64],
    /// Resources f_i, one a row, increasing.
    pub resources: &'a [f64],
    /// C_j, N.
    pub continuation: &'a [f64],
    /// β.
    pub beta: f64,
    /// U.
    pub utility: U,
}

impl<U: Indifference> Choices<'_, U> {
    /// U(f_i − k_j) + β C_j, −∞ where nothing is left to consume.
    #[inline(always)]
    fn objective(&self, row: usize, candidate: usize) -> f64 {
        let consumption = self.resources[row] - self.grid[candidate];
        let total = self.utility.value(consumption) + self.beta * self.continuation[candidate];
        if consumption > 0.0 { total } else { f64::NEG_INFINITY }
    }

    /// Whether the computed objective of q+1 is above that of q.
    #[inline(always)]
    fn is_better(&self, row: usize, q: usize) -> bool {
        self.objective(row, q + 1) > self.objective(row, q)
    }

    /// d_q.
    #[inline(always)]
    fn gain(&self, q: usize) -> f64 {
        self.beta * (self.continuation[q + 1] - self.continuation[q])
    }

    /// L(i, q) less and more its margin, where no |β C| is above `size`; ∞ where q+1 leaves nothing.
    #[inline(always)]
    fn loss(&self, row: usize, q: usize, size: f64) -> (f64, f64) {
        let f = self.resources[row];
        let (more, less) = (f - self.grid[q], f - self.grid[q + 1]);
        if less > 0.0 {
            let (high, low) = (self.utility.value(more), self.utility.value(less));
            let roundings = self.utility.roundings(more, high) + self.utility.roundings(less, low);
            let margin = margin(roundings, size);
            (high - low - margin, high - low + margin)
        } else {
            (f64::INFINITY, f64::INFINITY)
        }
    }

    /// Whether `row` prefers q+1 to q; none where rounding decides.
    #[inline(always)]
    fn prefers(&self, row: usize, q: usize, size: f64) -> Option<bool> {
        let (low, high) = self.loss(row, q, size);
        let gain = self.gain(q);
        if gain > high {
            Some(true)
        } else if gain < low {
            Some(false)
        } else {
            None
        }
    }

    /// The larger |β C| of both ends: that of all candidates, where C rises.
    fn size(&self) -> f64 {
        let [first, .., last] = self.continuation else { return f64::INFINITY };
        self.beta * f64::max(first.abs(), last.abs())
    }
}

/// A stored policy, from one application to the next of an operator with the same grid, resources, β and
/// utility.
#[derive(Debug, Default)]
pub(in crate::growth) struct StoredPolicy {
    state: State,
    /// j(i), a row.
    choice: Places,
    /// U(f_i − k_j(i)), a row.
    utility: Vec<f64>,
    /// r_q, N−1; the number of rows where none prefers q+1.
    first: Vec<u32>,
    /// What C_{q+1} − C_q must be above, N−1.
    least: Vec<f64>,
    /// What C_{q+1} − C_q must be below, N−1.
    most: Vec<f64>,
    /// max |β C| that the margins are good for.
    size: f64,
    /// y_q, with −∞ before and ∞ behind, N+1.
    indifferent: Vec<f64>,
    /// The least and the largest step of the grid.
    steps: (f64, f64),
    /// By part.
    journals: Vec<Journal>,
    /// Applications that were refused, and those still to be left to the caller for that.
    refused: (u32, u32),
}

#[derive(Debug, Default, Clone, Copy, PartialEq, Eq)]
enum State {
    /// Nothing is stored.
    #[default]
    None,
    /// Choices are stored, thresholds are not.
    Choices,
    /// All is stored.
    Thresholds,
}

/// What an application has moved.
#[derive(Debug, Default)]
struct Journal {
    /// Rows that have chosen anew.
    rows: Vec<Range<u32>>,
    /// First candidates of blocks some of which were moved.
    blocks: Vec<u32>,
}

/// The change of an application, and how many rows have chosen anew; none where nothing is proved.
type Applied = Option<(Change, usize)>;

/// One thread's rows.
struct Rows<'a> {
    /// The first row.
    row: usize,
    choice: PlacesMut<'a>,
    utility: &'a mut [f64],
    old: &'a [f64],
    next: &'a mut [f64],
}

impl StoredPolicy {
    /// j(i), a row: the candidates that the last application has chosen.
    pub(in crate::growth) fn choice(&self) -> &[u32] {
        self.choice.numbers()
    }

    /// Forgets all, but keeps the memory.
    pub(in crate::growth) fn forget(&mut self) {
        (self.state, self.refused) = (State::None, (0, 0));
    }

    /// (T V)_i to `next`, and its distance from `old`; none where this way cannot prove its choices: then
    /// neither `next` nor the choices are of any account.
    pub(in crate::growth) fn apply<U: Indifference>(
        &mut self,
        choices: Choices<'_, U>,
        old: &[f64],
        next: &mut [f64],
    ) -> Option<Change> {
        let (refused, left) = self.refused;
        if left > 0 {
            self.refused = (refused, left - 1);
            return None;
        }
        let applied = self.attempt(choices, old, next);
        if applied.is_none() {
            // What is refused once is likely to be refused again.
            self.refused = (refused + 1, refused);
        }
        applied
    }

    fn attempt<U: Indifference>(
        &mut self,
        choices: Choices<'_, U>,
        old: &[f64],
        next: &mut [f64],
    ) -> Option<Change> {
        let few = |moved: usize| moved * KEPT_SHARE <= choices.resources.len();
        let size = choices.size();
        if self.state == State::Thresholds && size <= self.size {
            // Not to be trusted where this stops half way.
            self.state = State::None;
            if let Some((change, moved)) = self.adjust(choices, old, next) {
                self.state = if few(moved) { State::Thresholds } else { State::Choices };
                return Some(change);
            }
        }
        if !size.is_finite() || !self.has_room(choices) {
            return None;
        }
        let known = std::mem::take(&mut self.state) != State::None;
        let (change, moved) = if U::CLOSED {
            self.merge(choices, size, old, next)?
        } else {
            self.climb(choices, size, old, next)?
        };
        self.state = State::Choices;
        if known && few(moved) && self.choice.numbers().is_sorted() {
            // Room for C to grow.
            self.size = 2.0 * size;
            self.store(choices);
            self.state = State::Thresholds;
        }
        Some(change)
    }

    /// Makes room for all that is stored; whether it can be stored.
    fn has_room<U: Indifference>(&mut self, choices: Choices<'_, U>) -> bool {
        let (candidates, rows) = (choices.grid.len(), choices.resources.len());
        let numbers = u32::try_from(usize::max(candidates, rows));
        if candidates < 2 || rows == 0 || numbers.is_err() {
            return false;
        }
        if self.choice.numbers().len() != rows || self.first.len() + 1 != candidates {
            let pairs = candidates - 1;
            self.state = State::None;
            self.choice = Places::new(rows, candidates);
            self.utility = vec![0.0; rows];
            self.first = vec![0; pairs];
            (self.least, self.most) = (vec![0.0; pairs], vec![0.0; pairs]);
            self.indifferent = vec![f64::INFINITY; candidates + 1];
            self.indifferent[0] = f64::NEG_INFINITY;
            let steps = choices.grid.windows(2).map(|pair| pair[1] - pair[0]);
            self.steps =
                steps.fold((f64::INFINITY, 0.0), |(least, most), step| (step.min(least), step.max(most)));
        }
        true
    }

    /// How many rows a thread takes.
    fn rows_a_part(rows: usize) -> usize {
        if rows < 2 * ROWS_A_PART {
            rows
        } else {
            rows.div_ceil(rayon::current_num_threads()).max(ROWS_A_PART)
        }
    }

    /// `work` on all rows, by part.
    fn by_rows(
        &mut self,
        old: &[f64],
        next: &mut [f64],
        work: impl Fn(Rows<'_>, &[f64]) -> Applied + Sync,
    ) -> Applied {
        let size = Self::rows_a_part(old.len());
        let indifferent = &self.indifferent;
        if size == old.len() {
            let choice = self.choice.all_mut();
            return work(Rows { row: 0, choice, utility: &mut self.utility, old, next }, indifferent);
        }
        let stored = self.choice.parts_mut(size).zip(self.utility.chunks_mut(size));
        let parts: Vec<_> = stored
            .zip(old.chunks(size).zip(next.chunks_mut(size)))
            .enumerate()
            .map(|(part, ((choice, utility), (old, next)))| Rows {
                row: part * size,
                choice,
                utility,
                old,
                next,
            })
            .collect();
        all(parts.into_par_iter().map(|rows| work(rows, indifferent)).collect())
    }

    /// Stores the thresholds of the choices, which must not fall.
    fn store<U: Indifference>(&mut self, choices: Choices<'_, U>) {
        let rows = choices.resources.len();
        let mut q = 0;
        for (row, &j) in self.choice.numbers().iter().enumerate() {
            while q < j as usize {
                self.first[q] = row as u32;
                q += 1;
            }
        }
        self.first[q..].fill(rows as u32);
        let (first, size) = (&self.first, self.size);
        let threshold = |q: usize| {
            let r = first[q] as usize;
            // Where no row prefers q+1, C rises all the same.
            let least = if r < rows { choices.loss(r, q, size).1 } else { 0.0 };
            let most = if r > 0 { choices.loss(r - 1, q, size).0 } else { f64::INFINITY };
            // The margins cover the division, too.
            (least / choices.beta, most / choices.beta)
        };
        let thresholds = self.least.par_iter_mut().zip(&mut self.most).enumerate();
        thresholds.with_min_len(ROWS_A_PART).for_each(|(q, (least, most))| (*least, *most) = threshold(q));
    }
}

/// All parts together.
fn all(parts: Vec<Applied>) -> Applied {
    parts.into_iter().try_fold((Change::NONE, 0), |(change, moved), part| {
        part.map(|(of_part, more)| (change.join(of_part), moved + more))
    })
}

/// (T V)_i = U_i + β C_j(i) to `next`, and its distance from `old`.
#[inline(always)]
fn add_continuation<U: Indifference>(
    choices: Choices<'_, U>,
    choice: &PlacesMut<'_>,
    utility: &[f64],
    old: &[f64],
    next: &mut [f64],
) -> Change {
    // As many changes as there are lanes, so that no sum waits for the one before.
    let mut changes = Changes::NONE;
    let (after, rest) = choice.look_up(choices.continuation);
    let (utility, last_utility) = utility.as_chunks::<LANES>();
    let (old, last_old) = old.as_chunks::<LANES>();
    let (next, last_next) = next.as_chunks_mut::<LANES>();
    for ((after, utility), (old, next)) in after.zip(utility).zip(old.iter().zip(next)) {
        for lane in 0..LANES {
            next[lane] = utility[lane] + choices.beta * after[lane];
            changes.add(lane, next[lane] - old[lane]);
        }
    }
    for lane in 0..rest.len() {
        last_next[lane] = last_utility[lane] + choices.beta * choices.continuation[rest[lane] as usize];
        changes.add(lane, last_next[lane] - last_old[lane]);
    }
    changes.all()
}
