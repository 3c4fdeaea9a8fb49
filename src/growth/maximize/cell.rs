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

use rayon::prelude::*;

use super::super::change::Change;
use super::super::rows::{ROWS_A_TASK, fill_rows, for_rows};
use super::super::stage::Stage;
use super::super::utility::Utility;
use super::concave::envelope;

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
    stage: &Stage<'_>,
    utility: U,
    scratch: &mut Scratch,
    value: &[f64],
    next: &mut [f64],
    policy: &mut [f64],
) -> Change {
    let (knots, at_knots, consumption) = concave(stage, utility, scratch);
    let (beta, resources) = (stage.continuation.discount, stage.resources);
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
    stage: &Stage<'a>,
    utility: U,
    scratch: &'a mut Scratch,
) -> (&'a [f64], &'a [f64], &'a [f64]) {
    let Scratch { consumption, corners, enveloped } = scratch;
    let (beta, expected) = (stage.continuation.discount, stage.continuation.expected);
    *enveloped = !segment_consumption(utility, beta, stage.capital(), expected, consumption);
    if !*enveloped {
        return (stage.capital(), expected, consumption);
    }
    envelope(stage.capital(), expected, corners);
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
