//! The sweep over rows and candidates, for rising policies.
//!
//! Q has increasing differences: for j < j′, Q(i, j′) − Q(i, j) grows with i as U is concave, so the policy
//! rises. Each row climbs from the choice of the row before while the next candidate is better: O(N).
//!
//! That assumes that Q is unimodal in j. With the choice on the grid V is not exactly concave, so it is
//! checked, a chunk of rows at a time. By increasing differences it is enough that the choices of the first
//! and the last row are best (by brute force), and that each candidate between them is beaten by the next one
//! from the row on where the policy leaves it, and not before. Where the check fails, the chunk is done by
//! the **upper envelope**: two candidates cross once, so a stack holds the candidates in force, each entering
//! at the first row where it beats the last, and dropping those that it beats throughout. That is right for
//! any V, in O(N log N) at worst.

use super::super::utility::Utility;
use super::candidates::Rows;

impl<U: Utility> Rows<'_, U> {
    /// Each row from `first` on, climbing from the choice of the row before.
    pub(super) fn sweep(&self, first: usize, next: &mut [f64], policy: &mut [f64]) {
        if !self.climb_all(first, next, policy) {
            self.envelope(first, next, policy);
        }
    }

    /// The sweep, and whether it has proved on the way that its choices are the best of all candidates.
    fn climb_all(&self, first: usize, next: &mut [f64], policy: &mut [f64]) -> bool {
        let capital = self.stage.capital();
        let (mut j, last) = self.range(first, first + next.len());
        for i in 0..next.len() {
            let (row, start) = (first + i, j);
            let mut here = self.objective(row, j);
            while j + 1 < capital.len() {
                let there = self.objective(row, j + 1);
                if there <= here {
                    break;
                }
                // The row before has stopped at `start`; a candidate beyond must not win there either.
                if j > start && i > 0 && self.objective(row - 1, j + 1) > self.objective(row - 1, j) {
                    return false;
                }
                (j, here) = (j + 1, there);
            }
            next[i] = here;
            policy[i] = capital[j];
        }
        j == last
    }

    /// The upper envelope of the candidates over the rows from `first` on.
    pub(super) fn envelope(&self, first: usize, next: &mut [f64], policy: &mut [f64]) {
        let end = first + next.len();
        let capital = self.stage.capital();
        let (lowest, highest) = self.range(first, end);
        // Candidates in force, each from a row on: (candidate, first row, Q there).
        let mut envelope: Vec<(usize, usize, f64)> = vec![(lowest, first, self.objective(first, lowest))];
        'candidates: for j in lowest + 1..=highest {
            while let Some(&(top, start, there)) = envelope.last() {
                let here = self.objective(start, j);
                if here > there {
                    envelope.pop();
                    if envelope.is_empty() {
                        envelope.push((j, start, here));
                        continue 'candidates;
                    }
                    continue;
                }
                if let Some(row) = self.first_win(j, top, start, end) {
                    envelope.push((j, row, self.objective(row, j)));
                }
                continue 'candidates;
            }
        }
        let mut stop = end;
        for &(j, start, _) in envelope.iter().rev() {
            for row in start..stop {
                next[row - first] = self.objective(row, j);
                policy[row - first] = capital[j];
            }
            stop = start;
        }
    }

    /// The first row in (`start`, `end`) where `candidate` beats the lower `top`, by doubling steps and
    /// bisection.
    fn first_win(&self, candidate: usize, top: usize, start: usize, end: usize) -> Option<usize> {
        let wins = |row: usize| self.objective(row, candidate) > self.objective(row, top);
        let (mut low, mut step) = (start, 1);
        let mut high = loop {
            let row = low + step;
            if row >= end {
                break end;
            }
            if wins(row) {
                break row;
            }
            low = row;
            step *= 2;
        };
        while high - low > 1 {
            let middle = usize::midpoint(low, high);
            if wins(middle) {
                high = middle;
            } else {
                low = middle;
            }
        }
        (high < end).then_some(high)
    }
}
