//! Golden section, the lecture's "minimization function" (Kiefer 1953): the objective is unimodal for
//! concave V, and a bracket shrinks by 0.618 an evaluation. Comparing values resolves k′ to about the root of
//! the machine's precision, so the result is compared with the nodes around it, where the maximum of a kinked
//! objective often sits.

use super::super::change::Change;
use super::super::rows::for_rows;
use super::super::stage::Stage;
use super::super::utility::Utility;
use super::concave::envelope_at_points;

/// T̂ V by golden section over the whole range, in tasks of `rows_a_task`.
pub(super) fn golden_section<U: Utility>(
    stage: &Stage<'_>,
    utility: U,
    rows_a_task: usize,
    value: &[f64],
    next: &mut [f64],
    policy: &mut [f64],
) -> Change {
    let (beta, capital) = (stage.continuation.discount, stage.capital());
    let concave = envelope_at_points(capital, stage.continuation.expected);
    for_rows(rows_a_task, value, next, policy, |first, old, next, policy| {
        let mut change = Change::NONE;
        for i in 0..next.len() {
            let f = stage.resources[first + i];
            let objective = |k: f64| {
                let consumption = f - k;
                if consumption > 0.0 {
                    utility.value(consumption) + beta * stage.grid.interpolate(&concave, k)
                } else {
                    f64::NEG_INFINITY
                }
            };
            let highest = capital[capital.len() - 1].min(f);
            let found = maximize(objective, capital[0], highest);
            let j = stage.grid.segment(found);
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
