//! Brute force looks at all candidates, and is right for any V.
//!
//! It need not evaluate U for each: U lies below its tangent at c₀ = f_i − k_b, where b is the best candidate
//! so far, so Q(i, j) > Q(i, b) asks for β V_j − p k_j > β V_b − p k_b with p = U′(c₀). A span of candidates
//! that fails this linear test (up to a margin for rounding) holds no better one; the others are evaluated.
//! One product, one difference and one maximum a candidate.

use super::super::utility::Utility;
use super::candidates::{Best, Rows};

/// Candidates that one linear test covers.
const SPAN: usize = 64;
/// Rows that share one pass over the candidates in the brute force.
const GROUP: usize = 4;

impl<U: Utility> Rows<'_, U> {
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
                policy[start + r] = self.stage.capital()[best[r].index];
            }
            guess = best[rows - 1].index;
        }
    }

    /// The best of all candidates for each row of a group; `guess` is where the search starts.
    fn best_of_all(&self, group: [usize; GROUP], guess: usize) -> [Best; GROUP] {
        let capital = self.stage.capital();
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
        let (k, w) = (self.stage.capital(), self.discounted);
        let consumption = self.stage.resources[row] - k[b];
        let price = self.utility.marginal(consumption);
        if !price.is_finite() {
            return (0.0, f64::NEG_INFINITY);
        }
        // Rounding of either side stays below a few units in the last place of its largest term.
        let size = self.size + price * (k[k.len() - 1] + self.stage.resources[row]);
        let margin = 100.0 * f64::EPSILON * (size + self.utility.value(consumption).abs());
        (price, w[b] - price * k[b] - margin)
    }

    /// The best candidates of the first and the last row: the policy of the rows between lies between.
    pub(super) fn range(&self, first: usize, end: usize) -> (usize, usize) {
        let [a, b, ..] =
            self.best_of_all(std::array::from_fn(|r| if r == 0 { first } else { end - 1 }), first);
        (a.index, b.index)
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
