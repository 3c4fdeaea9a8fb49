//! Thresholds from one application to the next: those that no longer enclose d_q are moved, row by row.
//!
//! Threads take rows, and with them the candidates whose r_q lay among those rows. An r_q that wants to leave
//! them, or moves farther than a few rows, is left to an application from scratch.

use rayon::prelude::*;

use super::*;

/// Rows that a threshold may move at once.
const FARTHEST: usize = 64;

/// A loss that no gain is above.
const NEVER: (f64, f64) = (f64::INFINITY, f64::INFINITY);

/// One thread's rows, and the candidates whose thresholds lie among them.
struct Part<'a> {
    rows: Rows<'a>,
    /// The first candidate.
    candidate: usize,
    first: &'a mut [u32],
    least: &'a mut [f64],
    most: &'a mut [f64],
    journal: &'a mut Journal,
}

/// The adjustment of a part.
struct Adjust<'a, 'c, U> {
    part: Part<'a>,
    choices: Choices<'c, U>,
    size: f64,
}

impl<U: Indifference> Vectorized for Adjust<'_, '_, U> {
    type Output = Applied;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Applied {
        self.part.adjust(self.choices, self.size)
    }
}

impl StoredPolicy {
    /// An application that moves what has to move.
    pub(super) fn adjust<U: Indifference>(
        &mut self,
        choices: Choices<'_, U>,
        old: &[f64],
        next: &mut [f64],
    ) -> Applied {
        let (size, pairs) = (self.size, self.first.len());
        let rows_a_part = Self::rows_a_part(old.len());
        let count = old.len().div_ceil(rows_a_part);
        self.journals.resize_with(count.max(self.journals.len()), Journal::default);
        if count == 1 {
            let choice = self.choice.all_mut();
            let part = Part {
                rows: Rows { row: 0, choice, utility: &mut self.utility, old, next },
                candidate: 0,
                first: &mut self.first,
                least: &mut self.least,
                most: &mut self.most,
                journal: self.journals.first_mut()?,
            };
            return Vectors::best().run(Adjust { part, choices, size });
        }
        // Candidates below the choice of a part's last row before are the business of the parts before.
        let mut starts = vec![0];
        starts.extend((1..count).map(|part| self.choice.numbers()[part * rows_a_part - 1] as usize));
        starts.push(pairs);
        let (mut first, mut least, mut most) = (&mut self.first[..], &mut self.least[..], &mut self.most[..]);
        let stored = self.choice.parts_mut(rows_a_part).zip(self.utility.chunks_mut(rows_a_part));
        let outputs = old.chunks(rows_a_part).zip(next.chunks_mut(rows_a_part)).zip(&mut self.journals);
        let mut parts = Vec::with_capacity(count);
        for (part, ((choice, utility), ((old, next), journal))) in stored.zip(outputs).enumerate() {
            let own = starts[part + 1].checked_sub(starts[part])?;
            parts.push(Part {
                rows: Rows { row: part * rows_a_part, choice, utility, old, next },
                candidate: starts[part],
                first: first.split_off_mut(..own)?,
                least: least.split_off_mut(..own)?,
                most: most.split_off_mut(..own)?,
                journal,
            });
        }
        let adjusted = parts.into_par_iter().map(|part| Vectors::best().run(Adjust { part, choices, size }));
        all(adjusted.collect())
    }
}

impl Part<'_> {
    #[inline(always)]
    fn adjust<U: Indifference>(mut self, choices: Choices<'_, U>, size: f64) -> Applied {
        let own = self.first.len();
        let values = &choices.continuation[self.candidate..][..own + 1];
        self.journal.rows.clear();
        self.journal.blocks.clear();
        for start in (0..own).step_by(BLOCK) {
            let end = own.min(start + BLOCK);
            if self.keeps(values, start..end) {
                continue;
            }
            for from in (start..end).step_by(LANES) {
                let to = end.min(from + LANES);
                if !self.keeps(values, from..to) {
                    for q in from..to {
                        let rise = values[q + 1] - values[q];
                        if !(rise > self.least[q] && rise < self.most[q]) {
                            self.adjust_one(choices, q, size)?;
                        }
                    }
                }
            }
            self.journal.blocks.push(start as u32);
        }
        for &start in &self.journal.blocks {
            let (start, end) = (start as usize, own.min(start as usize + BLOCK + 1));
            if !self.first[start.saturating_sub(1)..end].is_sorted() {
                return None;
            }
        }
        let Rows { row, choice, utility, old, next } = self.rows;
        let mut moved = 0;
        for rows in &self.journal.rows {
            moved += rows.len();
            for i in rows.start as usize - row..rows.end as usize - row {
                let consumption = choices.resources[row + i] - choices.grid[choice.numbers()[i] as usize];
                utility[i] = choices.utility.value(consumption);
            }
        }
        Some((add_continuation(choices, &choice, utility, old, next), moved))
    }

    /// Whether the thresholds of the candidates `own` enclose the rises of `values`.
    #[inline(always)]
    fn keeps(&self, values: &[f64], own: Range<usize>) -> bool {
        all_kept(&values[own.start..=own.end], &self.least[own.clone()], &self.most[own])
    }

    /// Moves r_q (q counted from the part's first) to where it belongs; none where this is no matter of a few
    /// rows of this part.
    #[inline(never)]
    fn adjust_one<U: Indifference>(&mut self, choices: Choices<'_, U>, q: usize, size: f64) -> Option<()> {
        let (begin, end) = (self.rows.row, self.rows.row + self.rows.old.len());
        let (candidate, rows) = (self.candidate + q, choices.resources.len());
        let gain = choices.gain(candidate);
        // C rises, or its size at the ends is not that of all.
        if gain.is_nan() || gain <= 0.0 {
            return None;
        }
        let old = self.first[q] as usize;
        // The losses at row r, none beyond the last one, and at row r − 1.
        let loss_at = |r: usize| if r < rows { choices.loss(r, candidate, size) } else { (0.0, 0.0) };
        let loss_before = |r: usize| if r > 0 { choices.loss(r - 1, candidate, size) } else { NEVER };
        let (mut r, mut at, mut before) = (old, loss_at(old), loss_before(old));
        while gain > before.1 {
            if old - r > FARTHEST {
                return None;
            }
            r -= 1;
            (at, before) = (before, loss_before(r));
        }
        while gain < at.0 {
            if r.abs_diff(old) > FARTHEST {
                return None;
            }
            r += 1;
            (at, before) = (loss_at(r), at);
        }
        // Now row r prefers q+1 and row r − 1 does not, but where rounding decides.
        let tie = match (gain <= at.1, gain >= before.0) {
            (false, false) => None,
            (true, false) => Some(r),
            (false, true) => Some(r - 1),
            (true, true) => return None,
        };
        if let Some(tie) = tie {
            r = if choices.is_better(tie, candidate) { tie } else { tie + 1 };
            // Nothing else may be as close at this row, nor this pair at another row.
            let sure = |row: usize, q: usize, expected| choices.prefers(row, q, size) == Some(expected);
            let alone = (tie == 0 || sure(tie - 1, candidate, false))
                && (tie + 1 >= rows || sure(tie + 1, candidate, true))
                && (candidate == 0 || sure(tie, candidate - 1, true))
                && (candidate + 2 >= choices.grid.len() || sure(tie, candidate + 1, false));
            if !alone {
                return None;
            }
        }
        if r < begin && begin > 0 || r >= end && end < rows {
            return None;
        }
        self.first[q] = r as u32;
        // What rounding decides is decided anew each time. The margins cover the division, too.
        (self.least[q], self.most[q]) = match tie {
            Some(_) => (f64::INFINITY, 0.0),
            None => (at.1 / choices.beta, before.0 / choices.beta),
        };
        let (low, high) = (old.min(r), old.max(r));
        for row in low - begin..high - begin {
            let choice = self.rows.choice.numbers()[row];
            self.rows.choice.set(row, &[if r < old { choice + 1 } else { choice - 1 }]);
        }
        if low < high {
            self.journal.rows.push(low as u32..high as u32);
        }
        Some(())
    }
}

/// Whether all rises of `values`, N+1, lie strictly between `least` and `most`, N.
#[inline(always)]
fn all_kept(values: &[f64], least: &[f64], most: &[f64]) -> bool {
    let outside = |rise: f64, least: f64, most: f64| {
        u64::from(!(rise > least)).wrapping_neg() | u64::from(!(rise < most)).wrapping_neg()
    };
    let (from, from_rest) = values[..least.len()].as_chunks::<LANES>();
    let (to, to_rest) = values[1..].as_chunks::<LANES>();
    let (least, least_rest) = least.as_chunks::<LANES>();
    let (most, most_rest) = most.as_chunks::<LANES>();
    // Lanes of their own, and no short circuit: a block is a few vectors.
    let mut out = [0_u64; LANES];
    for ((from, to), (least, most)) in from.iter().zip(to).zip(least.iter().zip(most)) {
        for lane in 0..LANES {
            out[lane] |= outside(to[lane] - from[lane], least[lane], most[lane]);
        }
    }
    for q in 0..least_rest.len() {
        out[0] |= outside(to_rest[q] - from_rest[q], least_rest[q], most_rest[q]);
    }
    out.into_iter().fold(0, |all, lane| all | lane) == 0
}
