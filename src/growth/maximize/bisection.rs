//! Bisection: each row bisects on the sign of Q(i, j+1) − Q(i, j) above the choice of the row before, O(N log
//! N). That Q is unimodal in j is checked as for the sweep (`sweep.rs`), with the same way out.

use super::super::utility::Utility;
use super::candidates::Rows;

impl<U: Utility> Rows<'_, U> {
    /// Bisection for each row from `first` on, from the choice of the row before upwards.
    pub(super) fn bisection(&self, first: usize, next: &mut [f64], policy: &mut [f64]) {
        let capital = self.stage.capital();
        let mut chosen = Vec::with_capacity(next.len());
        let mut low = 0;
        for (i, (next, policy)) in next.iter_mut().zip(policy.iter_mut()).enumerate() {
            let row = first + i;
            let mut high = self.feasible(row) - 1;
            while low < high {
                let middle = usize::midpoint(low, high);
                if self.objective(row, middle + 1) > self.objective(row, middle) {
                    low = middle + 1;
                } else {
                    high = middle;
                }
            }
            *next = self.objective(row, low);
            *policy = capital[low];
            chosen.push(low);
        }
        if !self.is_best(first, &chosen) {
            self.envelope(first, next, policy);
        }
    }

    /// Whether `chosen`, which increases, is the best of all candidates in all rows from `first` on.
    fn is_best(&self, first: usize, chosen: &[usize]) -> bool {
        let n = chosen.len();
        let next_is_better = |row: usize, j: usize| self.objective(row, j + 1) > self.objective(row, j);
        self.range(first, first + n) == (chosen[0], chosen[n - 1])
            && (1..n).all(|i| {
                let row = first + i;
                (chosen[i - 1]..chosen[i]).all(|j| next_is_better(row, j) && !next_is_better(row - 1, j))
            })
    }
}
