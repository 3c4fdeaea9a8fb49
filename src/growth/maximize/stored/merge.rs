//! Choices from scratch where the resources of indifference y_q have a formula: one merge of the rows'
//! resources with the y_q.
//!
//! Row i chooses candidate j with y_{j−1} < f_i ≤ y_j, which is the best of all where y rises.
//!
//! **Rounding.** y_q is off by what moves L by as much as rounding may move d and L. For consumption x and
//! the smallest step h of the grid, −dL/df = σ U′(x)/x h at the least and L = U′(x) h, so that for σ ≥ 1 it
//! is enough that f_i is farther from y_q than
//!
//! ```text
//! 2 x κ,   κ = 64 ε ((max |β C| + |U| + 1)/U′(x) + x)/h
//! ```
//!
//! at x = f_i − k_{j−1}. For q above j, x is smaller, and for q below, f_i − y_q grows by a quarter of a step
//! from q to q−1 at least, which is checked, and 2xκ by less than that as long as κ < 1/32. Rows that are
//! closer to a y_q compare objectives.

use rayon::prelude::*;

use super::*;

/// How far rounding may move the resources of indifference.
#[derive(Clone, Copy)]
struct Margins<U> {
    utility: U,
    /// max |β C|.
    size: f64,
    least_step: f64,
    most_step: f64,
}

impl<U: Indifference> Margins<U> {
    /// κ, where consumption is at most `consumption`.
    #[inline(always)]
    fn share(self, consumption: f64) -> f64 {
        const UNITS: f64 = 64.0 * f64::EPSILON;
        UNITS * (self.utility.worth(consumption, self.size + 1.0) + consumption) / self.least_step
    }
}

impl StoredPolicy {
    /// An application from scratch by merging, where no |β C| is above `size`.
    pub(super) fn merge<U: Indifference>(
        &mut self,
        choices: Choices<'_, U>,
        size: f64,
        old: &[f64],
        next: &mut [f64],
    ) -> Applied {
        let (grid, resources) = (choices.grid, choices.resources);
        let (least_step, most_step) = self.steps;
        let margins = Margins { utility: choices.utility, size, least_step, most_step };
        let sure = margins.share(resources[resources.len() - 1] - grid[0]) < 1.0 / 32.0;
        if !sure {
            return None;
        }
        let y = &mut self.indifferent[1..grid.len()];
        let rising = if y.len() < 2 * ROWS_A_PART {
            Vectors::best().run(Indifferences { choices, first: 0, y })
        } else {
            let parts = y.par_chunks_mut(ROWS_A_PART).enumerate();
            parts
                .all(|(part, y)| Vectors::best().run(Indifferences { choices, first: part * ROWS_A_PART, y }))
        };
        if !rising {
            return None;
        }
        self.by_rows(old, next, |rows, indifferent| {
            Vectors::best().run(Merge { choices, margins, indifferent, rows })
        })
    }
}

/// The y_q from `first` on; and whether C does not fall, and y rises by a quarter of each step, also from the
/// one before.
struct Indifferences<'a, 'c, U> {
    choices: Choices<'c, U>,
    first: usize,
    y: &'a mut [f64],
}

impl<U: Indifference> Vectorized for Indifferences<'_, '_, U> {
    type Output = bool;

    #[inline(always)]
    fn run<V: Lanes>(self) -> bool {
        let Self { choices: Choices { grid, continuation, beta, utility, .. }, first, y } = self;
        let (mut last, mut out) = (f64::NEG_INFINITY, 0_u64);
        if first > 0 {
            let (k, c) = (&grid[first - 1..], &continuation[first - 1..]);
            last = utility.indifferent(k[0], k[1], beta * (c[1] - c[0]));
        }
        for (block, y) in y.chunks_mut(BLOCK).enumerate() {
            let start = first + block * BLOCK;
            let (k, c) = (&grid[start..][..y.len() + 1], &continuation[start..][..y.len() + 1]);
            utility.indifferent_all(k, |q| beta * (c[q + 1] - c[q]), y);
            out |= u64::from(!(y[0] >= last + 0.25 * (k[1] - k[0]) && c[1] >= c[0]));
            for q in 1..y.len() {
                out |= u64::from(!(y[q] >= y[q - 1] + 0.25 * (k[q + 1] - k[q])));
                out |= u64::from(!(c[q + 1] >= c[q]));
            }
            last = y[y.len() - 1];
        }
        out == 0
    }
}

/// The merge on some rows.
struct Merge<'a, 'c, U> {
    choices: Choices<'c, U>,
    margins: Margins<U>,
    /// y_q, with −∞ before and ∞ behind, N+1.
    indifferent: &'a [f64],
    rows: Rows<'a>,
}

impl<U: Indifference> Vectorized for Merge<'_, '_, U> {
    type Output = Applied;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Applied {
        let Self { choices, margins, indifferent, rows } = self;
        let Rows { row, mut choice, utility, old, next } = rows;
        let resources = &choices.resources[row..][..old.len()];
        let mut j = indifferent[1..].partition_point(|&y| y < resources[0]);
        let mut moved = 0;
        let (mut found, mut chosen) = ([0; BLOCK], [0.0; BLOCK]);
        let (mut below, mut above) = ([0.0; BLOCK], [0.0; BLOCK]);
        for (block, (f, utility)) in resources.chunks(BLOCK).zip(utility.chunks_mut(BLOCK)).enumerate() {
            let start = block * BLOCK;
            let (from, mut passed, mut ahead) = (j, indifferent[j], indifferent[j + 1]);
            for i in 0..f.len() {
                while ahead < f[i] {
                    j += 1;
                    passed = ahead;
                    ahead = indifferent[j + 1];
                }
                found[i] = j as u32;
                (chosen[i], below[i], above[i]) = (choices.grid[j], passed, ahead);
            }
            // No row of these consumes more.
            let wide = f[f.len() - 1] - choices.grid[from] + margins.most_step;
            let margin = 2.0 * wide * margins.share(wide);
            let is_close = |f: f64, below: f64, above: f64| !(f - below > margin) | !(above - f > margin);
            let mut close = 0_u64;
            for i in 0..f.len() {
                utility[i] = choices.utility.value(f[i] - chosen[i]);
                close |= u64::from(is_close(f[i], below[i], above[i]));
            }
            if close != 0 {
                for i in (0..f.len()).filter(|&i| is_close(f[i], below[i], above[i])) {
                    let j = resolve(choices, row + start + i, found[i] as usize, margins.size)?;
                    found[i] = j as u32;
                    utility[i] = choices.utility.value(f[i] - choices.grid[j]);
                }
            }
            let before = &choice.numbers()[start..][..f.len()];
            moved += before.iter().zip(&found).filter(|(before, found)| before != found).count();
            choice.set(start, &found[..f.len()]);
        }
        Some((add_continuation(choices, &choice, utility, old, next), moved))
    }
}

/// The best of candidate `j` and those around it of which rounding decides, at `row`; none where it is not
/// around `j`.
#[inline(never)]
fn resolve<U: Indifference>(choices: Choices<'_, U>, row: usize, j: usize, size: f64) -> Option<usize> {
    let mut best = j;
    let mut candidate = j;
    while candidate > 0 {
        match choices.prefers(row, candidate - 1, size) {
            Some(true) => break,
            Some(false) => return None,
            None => {
                candidate -= 1;
                if choices.objective(row, candidate) >= choices.objective(row, best) {
                    best = candidate;
                }
            }
        }
    }
    candidate = j;
    while candidate + 1 < choices.grid.len() {
        match choices.prefers(row, candidate, size) {
            Some(false) => break,
            Some(true) => return None,
            None => {
                candidate += 1;
                if choices.objective(row, candidate) > choices.objective(row, best) {
                    best = candidate;
                }
            }
        }
    }
    Some(best)
}
