//! The continuous choice: k′ anywhere on the grid's range, V linear between the points.
//!
//! **Segment formula.** On the segment [k_j, k_{j+1}] V has the slope s_j = (V_{j+1} − V_j)/(k_{j+1} − k_j),
//! and the first-order condition U′(f − k′) = β s_j gives the consumption g_j = (β s_j)^(−1/σ) whatever the
//! resources f are. For concave V the g_j increase with j, and the maximizer is exact:
//!
//! ```text
//! k_j + g_j < f < k_{j+1} + g_j      k′ = f − g_j, inside of segment j
//! k_j + g_{j−1} ≤ f ≤ k_j + g_j      k′ = k_j, on the kink
//! ```
//!
//! These thresholds are the endogenous grid (Carroll 2006) of a piecewise linear V. They and the resources
//! f_i both increase, so that one merge finds all N choices: O(N) with one root and one U for each point, and
//! no minimizer. Rows are independent once the g_j are known; a chunk of rows finds its first segment by
//! bisection.
//!
//! **Golden section**, the lecture's "minimization function" (Kiefer 1953): the objective is unimodal for
//! concave V, and a bracket shrinks by 0.618 an evaluation. Comparing values resolves k′ to about the root of
//! the machine's precision, so the result is compared with the nodes around it, where the maximum of a kinked
//! objective often sits.

use rayon::prelude::*;

use super::change::Change;
use super::concave::{envelope, envelope_at_points};
use super::grid::Problem;
use super::rows::{ROWS_A_TASK, fill_rows, for_rows};
use super::utility::Utility;

/// g may fall from one segment to the next by this share η of itself, if that is less than the segment is
/// wide. Rounding of V does so on fine grids. Then some f have a local maximum in either of the two segments,
/// the distance ηg apart, and as the objective's derivative between them is at most η U′(c), taking the wrong
/// one loses at most η² U′(c) c: rounding.
const NOISE: f64 = 3e-9;

/// What the segment formula keeps from one application to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    /// g_j, N − 1.
    consumption: Vec<f64>,
    /// The corners of the concave envelope, where V is not concave.
    corners: (Vec<f64>, Vec<f64>),
    /// Whether the last application took them.
    enveloped: bool,
}

impl Scratch {
    /// The corners of the envelope and the values there, where the last application took it.
    pub(super) fn envelope(&self) -> Option<(&[f64], &[f64])> {
        self.enveloped.then_some((&self.corners.0, &self.corners.1))
    }
}

/// T̂ V by the segment formula: values to `next`, k′ to `policy`, all of length N.
pub(super) fn segment_formula<U: Utility>(
    problem: &Problem,
    utility: U,
    scratch: &mut Scratch,
    value: &[f64],
    next: &mut [f64],
    policy: &mut [f64],
) -> Change {
    let (knots, at_knots, consumption) = concave(problem, utility, scratch, value);
    let (beta, resources) = (problem.model().beta(), problem.resources());
    let last = consumption.len() - 1;
    for_rows(ROWS_A_TASK, value, next, policy, |first, value, next, policy| {
        let mut change = Change::NONE;
        let rows = &resources[first..first + next.len()];
        let mut j = first_segment(knots, consumption, rows[0]);
        for (i, &f) in rows.iter().enumerate() {
            while j < last && knots[j + 1] + consumption[j] < f {
                j += 1;
            }
            let (left, right) = (knots[j], knots[j + 1]);
            let mut k = f - consumption[j];
            k = if k > left { k } else { left };
            k = if k < right { k } else { right };
            let slope = (at_knots[j + 1] - at_knots[j]) / (right - left);
            let best = utility.value(f - k) + beta * (at_knots[j] + slope * (k - left));
            change.add(best - value[i]);
            next[i] = best;
            policy[i] = k;
        }
        change
    })
}

/// The knots of a concave V, its values there, and the consumption g of each segment between them: the grid
/// itself where `value` is concave, else the corners of its envelope.
fn concave<'a, U: Utility>(
    problem: &'a Problem,
    utility: U,
    scratch: &'a mut Scratch,
    value: &'a [f64],
) -> (&'a [f64], &'a [f64], &'a [f64]) {
    let Scratch { consumption, corners, enveloped } = scratch;
    let beta = problem.model().beta();
    *enveloped = !segment_consumption(utility, beta, problem.capital(), value, consumption);
    if !*enveloped {
        return (problem.capital(), value, consumption);
    }
    envelope(problem.capital(), value, corners);
    segment_consumption(utility, beta, &corners.0, &corners.1, consumption);
    (&corners.0, &corners.1, consumption)
}

/// g_j for each segment between `knots`; whether they increase, up to noise.
fn segment_consumption<U: Utility>(
    utility: U,
    beta: f64,
    knots: &[f64],
    at_knots: &[f64],
    consumption: &mut Vec<f64>,
) -> bool {
    let segments = knots.len() - 1;
    if consumption.len() != segments {
        // Fresh zeroed memory, which each thread touches first where it writes: faster than growing the old.
        *consumption = vec![0.0; segments];
    }
    fill_rows(consumption, |first, consumption| {
        let knots = &knots[first..=first + consumption.len()];
        let at_knots = &at_knots[first..=first + consumption.len()];
        for (j, g) in consumption.iter_mut().enumerate() {
            let rise = at_knots[j + 1] - at_knots[j];
            // Where V does not rise there is no reason to leave more than the left end: g = ∞.
            let reciprocal = (knots[j + 1] - knots[j]) / (beta * rise);
            *g = utility.inverse_marginal(if rise > 0.0 { reciprocal } else { f64::INFINITY });
        }
    });
    let rises = |first: usize| {
        let last = (first + ROWS_A_TASK).min(segments - 1);
        let (g, k) = (&consumption[first..=last], &knots[first..=last]);
        g.windows(2).zip(k.windows(2)).all(|(g, k)| g[1] >= g[0] - f64::min(NOISE * g[0], k[1] - k[0]))
    };
    if segments <= ROWS_A_TASK {
        rises(0)
    } else {
        (0..segments.div_ceil(ROWS_A_TASK)).into_par_iter().all(|chunk| rises(chunk * ROWS_A_TASK))
    }
}

/// The segment in which the search for resources `f` starts: the first whose upper threshold is not below.
fn first_segment(knots: &[f64], consumption: &[f64], f: f64) -> usize {
    let (mut low, mut high) = (0, consumption.len() - 1);
    while low < high {
        let middle = usize::midpoint(low, high);
        if knots[middle + 1] + consumption[middle] < f {
            low = middle + 1;
        } else {
            high = middle;
        }
    }
    low
}

/// T̂ V by golden section over the whole range, in tasks of `rows_a_task`.
pub(super) fn golden_section<U: Utility>(
    problem: &Problem,
    utility: U,
    rows_a_task: usize,
    value: &[f64],
    next: &mut [f64],
    policy: &mut [f64],
) -> Change {
    let (beta, capital) = (problem.model().beta(), problem.capital());
    let concave = envelope_at_points(capital, value);
    for_rows(rows_a_task, value, next, policy, |first, old, next, policy| {
        let mut change = Change::NONE;
        for i in 0..next.len() {
            let f = problem.resources()[first + i];
            let objective = |k: f64| {
                let consumption = f - k;
                if consumption > 0.0 {
                    utility.value(consumption) + beta * problem.interpolate(&concave, k)
                } else {
                    f64::NEG_INFINITY
                }
            };
            let highest = capital[capital.len() - 1].min(f);
            let found = maximize(objective, capital[0], highest);
            let j = problem.segment(found);
            let mut best = (objective(found), found);
            for k in [capital[j], capital[j + 1], capital[0], capital[capital.len() - 1]] {
                let there = objective(k);
                if there > best.0 {
                    best = (there, k);
                }
            }
            change.add(best.0 - old[i]);
            next[i] = best.0;
            policy[i] = best.1;
        }
        change
    })
}

/// The maximizer of a unimodal function on [low, high], to 1e-9 of the upper end.
fn maximize(objective: impl Fn(f64) -> f64, mut low: f64, mut high: f64) -> f64 {
    const SHARE: f64 = 0.618_033_988_749_894_9;
    let width = 1e-9 * high;
    let (mut a, mut b) = (high - SHARE * (high - low), low + SHARE * (high - low));
    let (mut at_a, mut at_b) = (objective(a), objective(b));
    while high - low > width {
        // Equal values (both out of reach, too) drop the upper part: there consumption is not positive.
        if at_b > at_a {
            low = a;
            (a, at_a) = (b, at_b);
            b = low + SHARE * (high - low);
            at_b = objective(b);
        } else {
            high = b;
            (b, at_b) = (a, at_a);
            a = high - SHARE * (high - low);
            at_a = objective(a);
        }
    }
    0.5 * (low + high)
}
