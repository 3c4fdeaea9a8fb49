//! Choices from scratch by climbing: each row starts at the choice of the row before and goes on while the
//! next candidate is better.
//!
//! The proof is that of the thresholds: wherever a row passes from candidate q to q+1, the row before must
//! not prefer q+1; the first row must prefer all that it has passed, the last row none of those above. Where
//! rounding decides any of these, nothing is proved.

use super::*;

impl StoredPolicy {
    /// An application from scratch by climbing, where no |β C| is above `size`.
    pub(super) fn climb<U: Indifference>(
        &mut self,
        choices: Choices<'_, U>,
        size: f64,
        old: &[f64],
        next: &mut [f64],
    ) -> Applied {
        // That of both ends is that of all only where C does not fall.
        if !choices.continuation.is_sorted() {
            return None;
        }
        let applied = self.by_rows(old, next, |rows, _| Vectors::best().run(Climb { choices, size, rows }));
        let (rows, pairs) = (old.len(), choices.grid.len() - 1);
        let all_prefer = |row: usize, mut pairs: Range<usize>, expected: bool| {
            pairs.all(|q| choices.prefers(row, q, size) == Some(expected))
        };
        // What lies between two parts, before the first and behind the last.
        let size_of_part = Self::rows_a_part(rows);
        let choice = self.choice.numbers();
        let borders = (size_of_part..rows).step_by(size_of_part).all(|row| {
            let between = choice[row - 1] as usize..choice[row] as usize;
            choice[row - 1] <= choice[row]
                && all_prefer(row - 1, between.clone(), false)
                && all_prefer(row, between, true)
        });
        let proved = borders
            && all_prefer(0, 0..choice[0] as usize, true)
            && all_prefer(rows - 1, choice[rows - 1] as usize..pairs, false);
        if proved { applied } else { None }
    }
}

/// The climb on some rows.
struct Climb<'a, 'c, U> {
    choices: Choices<'c, U>,
    size: f64,
    rows: Rows<'a>,
}

impl<U: Indifference> Vectorized for Climb<'_, '_, U> {
    type Output = Applied;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Applied {
        let Self { choices, size, rows } = self;
        let Rows { row, mut choice, utility, old, next } = rows;
        let candidates = choices.grid.len();
        // By bisection, which is right where it is proved to be.
        let (mut j, mut high) = (0, candidates - 1);
        while j < high {
            let middle = usize::midpoint(j, high);
            if choices.is_better(row, middle) {
                j = middle + 1;
            } else {
                high = middle;
            }
        }
        let mut moved = 0;
        for i in 0..old.len() {
            let (f, start) = (choices.resources[row + i], j);
            let mut consumption = f - choices.grid[j];
            let mut here = choices.utility.value(consumption);
            while j + 1 < candidates {
                let less = f - choices.grid[j + 1];
                if less <= 0.0 {
                    break;
                }
                let there = choices.utility.value(less);
                let roundings =
                    choices.utility.roundings(consumption, here) + choices.utility.roundings(less, there);
                let (better, margin) = (choices.gain(j) - (here - there), margin(roundings, size));
                if better < -margin {
                    break;
                }
                let sure = better > margin
                    && (j == start || i == 0 || choices.prefers(row + i - 1, j, size) == Some(false));
                if !sure {
                    return None;
                }
                (j, here, consumption) = (j + 1, there, less);
            }
            moved += usize::from(choice.numbers()[i] != j as u32);
            choice.set(i, &[j as u32]);
            utility[i] = here;
        }
        Some((add_continuation(choices, &choice, utility, old, next), moved))
    }
}
