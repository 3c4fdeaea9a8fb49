//! The choice on the grid: k′ is one of the points.
//!
//! ```text
//! Q(i, j) = U(f_i − k_j) + β V_j,   (T V)_i = max over j with k_j < f_i of Q(i, j)
//! ```
//!
//! Three ways to the same answer, the smallest j where several are best:
//!
//! - **Brute force** looks at all candidates, and is right for any V. It need not evaluate U for each: U
//!   lies below its tangent at c₀ = f_i − k_b, where b is the best candidate so far, so Q(i, j) > Q(i, b)
//!   asks for β V_j − p k_j > β V_b − p k_b with p = U′(c₀). A span of candidates that fails this linear
//!   test (up to a margin for rounding) holds no better one; the others are evaluated. One product, one
//!   difference and one maximum a candidate.
//! - **Sweep.** Q has increasing differences: for j < j′, Q(i, j′) − Q(i, j) grows with i as U is concave,
//!   so the policy rises. Each row climbs from the choice of the row before while the next candidate is
//!   better: O(N).
//! - **Bisection.** Each row bisects on the sign of Q(i, j+1) − Q(i, j) above the choice of the row before:
//!   O(N log N).
//!
//! The last two assume that Q is unimodal in j. With the choice on the grid V is not exactly concave, so that
//! is checked, a chunk of rows at a time. By increasing differences it is enough that the choices of the
//! first and the last row are best (by brute force), and that each candidate between them is beaten by the
//! next one from the row on where the policy leaves it, and not before. Where the check fails, the chunk is
//! done by the **upper envelope**: two candidates cross once, so a stack holds the candidates in force, each
//! entering at the first row where it beats the last, and dropping those that it beats throughout. That is
//! right for any V, in O(N log N) at worst.

use super::grid::Problem;
use super::utility::Utility;

/// Candidates that one linear test covers.
const SPAN: usize = 64;
/// Rows that share one pass over the candidates in the brute force.
const GROUP: usize = 4;

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
        for start in (0..next.len()).step_by(GROUP) {
            let rows = GROUP.min(next.len() - start);
            // A group that is not full repeats its last row.
            let group: [usize; GROUP] = std::array::from_fn(|r| first + start + r.min(rows - 1));
            let best = self.best_of_all(group, guess);
            for r in 0..rows {
                next[start + r] = best[r].value;
                policy[start + r] = self.problem.capital()[best[r].index];
            }
            guess = best[rows - 1].index;
        }
    }

    /// The best of all candidates for each row of a group; `guess` is where the search starts.
    fn best_of_all(&self, group: [usize; GROUP], guess: usize) -> [Best; GROUP] {
        let capital = self.problem.capital();
        let feasible = group.map(|row| self.feasible(row));
        let mut best = [Best { index: 0, value: 0.0 }; GROUP];
        let mut price = [0.0; GROUP];
        let mut threshold = [0.0; GROUP];
        for r in 0..GROUP {
            let climbed = self.climb(group[r], guess.min(feasible[r] - 1), feasible[r]);
            best[r] = Best { index: climbed, value: self.objective(group[r], climbed) };
            (price[r], threshold[r]) = self.tangent(group[r], climbed);
        }
        let most = feasible.into_iter().max().unwrap_or(0);
        let mut start = 0;
        while start < most {
            let whole = (most - start) / SPAN;
            let (capital, discounted) = (&capital[start..most], &self.discounted[start..most]);
            let (skipped, passed) = next_span(capital, discounted, price, threshold);
            start += skipped * SPAN;
            // The last span may be short; then all of it is evaluated.
            let end = if skipped < whole { start + SPAN } else { most };
            for r in 0..GROUP {
                if passed[r] || skipped == whole {
                    for j in start..end.min(feasible[r]) {
                        let value = self.objective(group[r], j);
                        if value > best[r].value || (value == best[r].value && j < best[r].index) {
                            best[r] = Best { index: j, value };
                            (price[r], threshold[r]) = self.tangent(group[r], j);
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

    /// Each row from `first` on, climbing from the choice of the row before.
    pub(super) fn sweep(&self, first: usize, next: &mut [f64], policy: &mut [f64]) {
        if !self.climb_all(first, next, policy) {
            self.envelope(first, next, policy);
        }
    }

    /// The sweep, and whether it has proved on the way that its choices are the best of all candidates.
    fn climb_all(&self, first: usize, next: &mut [f64], policy: &mut [f64]) -> bool {
        let capital = self.problem.capital();
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
    fn envelope(&self, first: usize, next: &mut [f64], policy: &mut [f64]) {
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
        let [a, b, ..] =
            self.best_of_all(std::array::from_fn(|r| if r == 0 { first } else { end - 1 }), first);
        (a.index, b.index)
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

/// The number of whole spans before the first one that may hold a better candidate, and for which rows of
/// the group it may.
fn next_span(
    capital: &[f64],
    discounted: &[f64],
    price: [f64; GROUP],
    threshold: [f64; GROUP],
) -> (usize, [bool; GROUP]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") && std::arch::is_x86_feature_detected!("fma") {
        // SAFETY: the processor has both features.
        #[allow(unsafe_code)]
        return unsafe { next_span_avx2(capital, discounted, price, threshold) };
    }
    next_span_in_lanes::<4, false>(capital, discounted, price, threshold)
}

/// The same with wider vectors, and rounding once instead of twice: the margin of the threshold covers
/// either.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2,fma")]
fn next_span_avx2(
    capital: &[f64],
    discounted: &[f64],
    price: [f64; GROUP],
    threshold: [f64; GROUP],
) -> (usize, [bool; GROUP]) {
    next_span_in_lanes::<8, true>(capital, discounted, price, threshold)
}

#[inline(always)]
fn next_span_in_lanes<const LANES: usize, const FUSED: bool>(
    capital: &[f64],
    discounted: &[f64],
    price: [f64; GROUP],
    threshold: [f64; GROUP],
) -> (usize, [bool; GROUP]) {
    let mut spans = 0;
    for (k, w) in capital.chunks_exact(SPAN).zip(discounted.chunks_exact(SPAN)) {
        // Lanes of their own leave the compiler free to use vector instructions; a maximum does not depend on
        // the order.
        let mut highest = [[f64::NEG_INFINITY; LANES]; GROUP];
        for (k, w) in k.chunks_exact(LANES).zip(w.chunks_exact(LANES)) {
            for r in 0..GROUP {
                for lane in 0..LANES {
                    let linear = if FUSED {
                        (-price[r]).mul_add(k[lane], w[lane])
                    } else {
                        w[lane] - price[r] * k[lane]
                    };
                    let old = highest[r][lane];
                    highest[r][lane] = if linear > old { linear } else { old };
                }
            }
        }
        let passed: [bool; GROUP] =
            std::array::from_fn(|r| highest[r].into_iter().any(|linear| linear >= threshold[r]));
        if passed.contains(&true) {
            return (spans, passed);
        }
        spans += 1;
    }
    (spans, [false; GROUP])
}
