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

use super::super::change::{Change, Changes};
use super::super::rows::{ROWS_A_TASK, for_rows};
use super::super::stage::Stage;
use super::super::utility::Utility;
use super::concave::envelope;
use crate::vector::{Lanes, Vectorized, Vectors};

/// g may fall from one segment to the next by this share η of itself, if that is less than the segment is
/// wide. Rounding of V does so on fine grids. Then some f have a local maximum in either of the two segments,
/// the distance ηg apart, and as the objective's derivative between them is at most η U′(c), taking the wrong
/// one loses at most η² U′(c) c: rounding.
const NOISE: f64 = 3e-9;

/// What the segment formula keeps from one application to the next.
#[derive(Debug, Default)]
pub(super) struct Scratch {
    segments: Segments,
    /// The corners of the concave envelope, where V is not concave.
    corners: (Vec<f64>, Vec<f64>),
    /// Whether the last application took them.
    enveloped: bool,
}

/// The segments between knots.
#[derive(Debug, Default)]
struct Segments {
    /// g_j, one a segment.
    consumption: Vec<f64>,
    /// Segment j, its right end included, is for resources above the threshold j and up to threshold j+1,
    /// which is k_{j+1} + g_j; the first is −∞, the last ∞. One more than there are segments.
    thresholds: Vec<f64>,
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
    let Scratch { segments, corners, enveloped } = scratch;
    let (beta, expected) = (stage.continuation.discount, stage.continuation.expected);
    let (mut knots, mut at_knots) = (stage.capital(), expected);
    // The grid itself where V is concave, else the corners of its envelope.
    *enveloped = !segments.fill(utility, beta, knots, at_knots);
    if *enveloped {
        envelope(knots, at_knots, corners);
        (knots, at_knots) = (&corners.0, &corners.1);
        segments.fill(utility, beta, knots, at_knots);
    }
    let Segments { consumption, thresholds } = &*segments;
    for_rows(ROWS_A_TASK, value, next, policy, |first, value, next, policy| {
        let resources = &stage.resources[first..first + next.len()];
        let segments = [consumption, thresholds, knots, at_knots];
        Vectors::best().run(Rows { utility, beta, segments, resources, value, next, policy })
    })
}

/// Rows worked off together.
const BLOCK: usize = 64;

/// Some rows.
struct Rows<'a, U> {
    utility: U,
    beta: f64,
    /// g_j, the thresholds, the knots, and V there.
    segments: [&'a [f64]; 4],
    resources: &'a [f64],
    value: &'a [f64],
    next: &'a mut [f64],
    policy: &'a mut [f64],
}

impl<U: Utility> Vectorized for Rows<'_, U> {
    type Output = Change;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Change {
        let Self { utility, beta, segments, resources, value, next, policy } = self;
        let [consumption, thresholds, knots, at_knots] = segments;
        let last = consumption.len() - 1;
        let mut j = thresholds[1..=last].partition_point(|&threshold| threshold < resources[0]);
        let mut changes = Changes::NONE;
        // Of each row's segment: g, its ends, and V there.
        let [mut g, mut left, mut right, mut low, mut high] = [[0.0; BLOCK]; 5];
        let inputs = resources.chunks(BLOCK).zip(value.chunks(BLOCK));
        let outputs = next.chunks_mut(BLOCK).zip(policy.chunks_mut(BLOCK));
        for ((f, value), (next, policy)) in inputs.zip(outputs) {
            let n = f.len();
            for i in 0..n {
                while thresholds[j + 1] < f[i] {
                    j += 1;
                }
                (g[i], left[i], right[i]) = (consumption[j], knots[j], knots[j + 1]);
                (low[i], high[i]) = (at_knots[j], at_knots[j + 1]);
            }
            let (next, policy, value) = (&mut next[..n], &mut policy[..n], &value[..n]);
            for i in 0..n {
                let k = f[i] - g[i];
                let k = if k > left[i] { k } else { left[i] };
                let k = if k < right[i] { k } else { right[i] };
                let slope = (high[i] - low[i]) / (right[i] - left[i]);
                next[i] = utility.value(f[i] - k) + beta * (low[i] + slope * (k - left[i]));
                policy[i] = k;
            }
            changes.add_all(next, value);
        }
        changes.all()
    }
}

impl Segments {
    /// g and the threshold of each segment between `knots`; whether they increase, up to noise.
    fn fill<U: Utility>(&mut self, utility: U, beta: f64, knots: &[f64], at_knots: &[f64]) -> bool {
        let Self { consumption, thresholds } = self;
        let count = knots.len() - 1;
        if consumption.len() != count {
            // Fresh zeroed memory, which each thread touches first where it writes: faster than growing the
            // old.
            (*consumption, *thresholds) = (vec![0.0; count], vec![0.0; count + 1]);
            thresholds[0] = f64::NEG_INFINITY;
        }
        let fill = |chunk: usize, consumption: &mut [f64], thresholds: &mut [f64]| {
            let (first, n) = (chunk * ROWS_A_TASK, consumption.len());
            let (knots, at_knots) = (&knots[first..=first + n], &at_knots[first..=first + n]);
            Vectors::best().run(Fill { utility, beta, knots, at_knots, consumption, thresholds })
        };
        let rise = if count <= ROWS_A_TASK {
            fill(0, consumption, &mut thresholds[1..])
        } else {
            // All of them are filled, whether they rise or not.
            let chunks = consumption.par_chunks_mut(ROWS_A_TASK);
            let chunks = chunks.zip(thresholds[1..].par_chunks_mut(ROWS_A_TASK)).enumerate();
            let filled =
                chunks.map(|(chunk, (consumption, thresholds))| fill(chunk, consumption, thresholds));
            let inside = filled.reduce(|| true, |all, one| all & one);
            let mut borders = (ROWS_A_TASK..count).step_by(ROWS_A_TASK);
            inside && borders.all(|j| rises(consumption[j - 1], consumption[j], knots[j] - knots[j - 1]))
        };
        thresholds[count] = f64::INFINITY;
        rise
    }
}

/// g and the upper threshold of some segments.
struct Fill<'a, U> {
    utility: U,
    beta: f64,
    knots: &'a [f64],
    at_knots: &'a [f64],
    consumption: &'a mut [f64],
    thresholds: &'a mut [f64],
}

impl<U: Utility> Vectorized for Fill<'_, U> {
    /// Whether they increase, up to noise.
    type Output = bool;

    #[inline(always)]
    fn run<V: Lanes>(self) -> bool {
        let Self { utility, beta, knots, at_knots, consumption, thresholds } = self;
        let n = consumption.len();
        let (left, right) = (&knots[..n], &knots[1..=n]);
        let (low, high) = (&at_knots[..n], &at_knots[1..=n]);
        let thresholds = &mut thresholds[..n];
        for j in 0..n {
            let rise = high[j] - low[j];
            // Where V does not rise there is no reason to leave more than the left end: g = ∞.
            let reciprocal = (right[j] - left[j]) / (beta * rise);
            let g = utility.inverse_marginal(if rise > 0.0 { reciprocal } else { f64::INFINITY });
            consumption[j] = g;
            thresholds[j] = right[j] + g;
        }
        let mut falls = 0;
        for j in 1..n {
            let width = right[j - 1] - left[j - 1];
            falls |= u64::from(!rises(consumption[j - 1], consumption[j], width));
        }
        falls == 0
    }
}

/// Whether g increases from a segment of this width to the next, up to noise.
#[inline(always)]
fn rises(g: f64, next: f64, width: f64) -> bool {
    let allowed = if NOISE * g < width { NOISE * g } else { width };
    next >= g - allowed
}
