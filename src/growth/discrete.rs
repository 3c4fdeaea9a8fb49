//! The choice on the grid: k′ is one of the points.
//!
//! ```text
//! Q(i, j) = U(f_i − k_j) + β V_j,   (T V)_i = max over j with k_j < f_i of Q(i, j)
//! ```
//!
//! Three ways to the same answer, the smallest j where several are best:
//!
//! - **Brute force** looks at all candidates, and is right for any V. It need not evaluate U for each: U lies below its
//!   tangent at c₀ = f_i − k_b, where b is the best candidate so far, so Q(i, j) > Q(i, b) asks for
//!   β V_j − p k_j > β V_b − p k_b with p = U′(c₀). A block of candidates that fails this linear test (up to a margin for
//!   rounding) holds no better one; the others are evaluated. One product, one difference and one maximum a candidate.
//! - **Sweep.** Q has increasing differences: for j < j′, Q(i, j′) − Q(i, j) grows with i as U is concave. Two candidates
//!   cross once, so the upper envelope of all of them over the rows is built by a stack, each candidate entering at the first
//!   row where it beats the last. Right for any V, O(N) as long as neighbours cross near each other, O(N log N) at worst.
//! - **Bisection.** Where Q is unimodal in j, the sign of Q(i, j+1) − Q(i, j) changes once. With the choice on the grid V is
//!   not exactly concave, so this is an assumption, and it is checked afterwards: by increasing differences it is enough that
//!   the first and the last row of a chunk are right, and that each candidate between their choices is beaten by the next one
//!   from the row on where the policy leaves it, and not before. Where the check fails the chunk is done again by the sweep.

use super::grid::Problem;
use super::utility::Utility;

/// Candidates that one linear test covers.
const BLOCK: usize = 64;
/// Rows that share one pass over the candidates in the brute force.
const TILE: usize = 4;

/// All that one application needs to work on any rows.
#[derive(Debug, Clone, Copy)]
pub(super) struct Rows<'a, U> {
    problem: &'a Problem,
    utility: U,
    /// β V_j, N.
    discounted: &'a [f64],
    /// max |β V_j|.
    size: f64,
}

/// A row's best candidate so far.
#[derive(Debug, Clone, Copy)]
struct Best {
    index: usize,
    value: f64,
}

impl<'a, U: Utility> Rows<'a, U> {
    /// The rows of `problem` with the discounted values β V_j in `discounted`.
    pub(super) fn new(problem: &'a Problem, utility: U, discounted: &'a [f64]) -> Self {
        let size = discounted.iter().fold(0.0, |size: f64, w| size.max(w.abs()));
        Self { problem, utility, discounted, size }
    }

    /// Q(i, j), −∞ where nothing is left to consume. All three maximizers compare these very figures.
    #[inline(always)]
    fn objective(&self, row: usize, candidate: usize) -> f64 {
        let consumption = self.problem.resources()[row] - self.problem.capital()[candidate];
        let total = self.utility.value(consumption) + self.discounted[candidate];
        if consumption > 0.0 { total } else { f64::NEG_INFINITY }
    }

    /// Number of candidates that leave something to consume at `row`; at least 1.
    fn feasible(&self, row: usize) -> usize {
        let f = self.problem.resources()[row];
        self.problem.capital().partition_point(|&k| k < f)
    }

    /// All candidates of the rows from `first` on.
    pub(super) fn brute(&self, first: usize, next: &mut [f64], policy: &mut [f64]) {
        let mut guess = 0;
        for start in (0..next.len()).step_by(TILE) {
            let rows = TILE.min(next.len() - start);
            // A tile that is not full repeats its last row.
            let tile: [usize; TILE] = std::array::from_fn(|r| first + start + r.min(rows - 1));
            let best = self.best_of_all(tile, guess);
            for r in 0..rows {
                next[start + r] = best[r].value;
                policy[start + r] = self.problem.capital()[best[r].index];
            }
            guess = best[rows - 1].index;
        }
    }

    /// The best of all candidates for each row of a tile; `guess` is where the search starts.
    fn best_of_all(&self, tile: [usize; TILE], guess: usize) -> [Best; TILE] {
        let capital = self.problem.capital();
        let feasible = tile.map(|row| self.feasible(row));
        let mut best = [Best { index: 0, value: 0.0 }; TILE];
        let mut price = [0.0; TILE];
        let mut threshold = [0.0; TILE];
        for r in 0..TILE {
            let climbed = self.climb(tile[r], guess.min(feasible[r] - 1), feasible[r]);
            best[r] = Best { index: climbed, value: self.objective(tile[r], climbed) };
            (price[r], threshold[r]) = self.tangent(tile[r], climbed);
        }
        let most = feasible.into_iter().max().unwrap_or(0);
        let mut start = 0;
        while start < most {
            let end = (start + BLOCK).min(most);
            let highest = if end - start == BLOCK {
                highest_in_block(&capital[start..end], &self.discounted[start..end], price)
            } else {
                [f64::INFINITY; TILE]
            };
            for r in 0..TILE {
                if highest[r] >= threshold[r] && start < feasible[r] {
                    for j in start..end.min(feasible[r]) {
                        let value = self.objective(tile[r], j);
                        if value > best[r].value || (value == best[r].value && j < best[r].index) {
                            best[r] = Best { index: j, value };
                            (price[r], threshold[r]) = self.tangent(tile[r], j);
                        }
                    }
                }
            }
            start = end;
        }
        best
    }

    /// A local maximum reached from `guess`: a good start for the search, nothing more.
    fn climb(&self, row: usize, guess: usize, feasible: usize) -> usize {
        let (mut j, mut here) = (guess, self.objective(row, guess));
        for upwards in [true, false] {
            loop {
                let to = if upwards { j + 1 } else { j.wrapping_sub(1) };
                if to >= feasible {
                    break;
                }
                let there = self.objective(row, to);
                if there <= here {
                    break;
                }
                (j, here) = (to, there);
            }
        }
        j
    }

    /// The price p = U′(c₀) at candidate `b`, and what β V_j − p k_j must reach for j to be able to beat it.
    fn tangent(&self, row: usize, b: usize) -> (f64, f64) {
        let (k, w) = (self.problem.capital(), self.discounted);
        let consumption = self.problem.resources()[row] - k[b];
        let price = self.utility.marginal(consumption);
        if !price.is_finite() {
            return (0.0, f64::NEG_INFINITY);
        }
        // Rounding of either side stays below a few units in the last place of its largest term.
        let size = self.size + price * (k[k.len() - 1] + self.problem.resources()[row]);
        let margin = 100.0 * f64::EPSILON * (size + self.utility.value(consumption).abs());
        (price, w[b] - price * k[b] - margin)
    }

    /// The upper envelope of the candidates over the rows from `first` on.
    pub(super) fn sweep(&self, first: usize, next: &mut [f64], policy: &mut [f64]) {
        let end = first + next.len();
        let capital = self.problem.capital();
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

    /// The best candidates of the first and the last row: the policy of the rows between lies between.
    fn range(&self, first: usize, end: usize) -> (usize, usize) {
        // A chunk that is all of the grid needs no bounds: all candidates are O(N) anyway.
        if first == 0 && end == self.problem.len() {
            return (0, self.feasible(end - 1) - 1);
        }
        let [a, b, ..] =
            self.best_of_all(std::array::from_fn(|r| if r == 0 { first } else { end - 1 }), first);
        (a.index, b.index)
    }

    /// The first row in (`start`, `end`) where `candidate` beats the lower `top`, by doubling steps and bisection.
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

    /// Bisection for each row from `first` on, from the choice of the row before upwards.
    pub(super) fn bisection(&self, first: usize, next: &mut [f64], policy: &mut [f64]) {
        let capital = self.problem.capital();
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
            self.sweep(first, next, policy);
        }
    }

    /// Whether `chosen`, which increases, is the best of all candidates in all rows from `first` on.
    fn is_best(&self, first: usize, chosen: &[usize]) -> bool {
        let (n, last) = (chosen.len(), first + chosen.len() - 1);
        let [a, b, ..] =
            self.best_of_all(std::array::from_fn(|r| if r == 0 { first } else { last }), chosen[0]);
        let next_is_better = |row: usize, j: usize| self.objective(row, j + 1) > self.objective(row, j);
        (a.index, b.index) == (chosen[0], chosen[n - 1])
            && (1..n).all(|i| {
                let row = first + i;
                (chosen[i - 1]..chosen[i]).all(|j| next_is_better(row, j) && !next_is_better(row - 1, j))
            })
    }
}

/// The highest β V_j − p k_j in a block of candidates, for the price p of each row of a tile.
#[inline(always)]
fn highest_in_block(capital: &[f64], discounted: &[f64], price: [f64; TILE]) -> [f64; TILE] {
    // Lanes of their own leave the compiler free to use vector instructions; a maximum does not depend on the order.
    const LANES: usize = 4;
    let mut highest = [[f64::NEG_INFINITY; LANES]; TILE];
    for (k, w) in capital.chunks_exact(LANES).zip(discounted.chunks_exact(LANES)) {
        for r in 0..TILE {
            for lane in 0..LANES {
                let linear = w[lane] - price[r] * k[lane];
                let old = highest[r][lane];
                highest[r][lane] = if linear > old { linear } else { old };
            }
        }
    }
    highest.map(|lanes| lanes.into_iter().fold(f64::NEG_INFINITY, f64::max))
}
