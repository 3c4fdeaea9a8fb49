//! The value of a policy: exactly, where there are no shocks; else by a sparse system.

mod monotone;
mod sparse;

use super::problem::Problem;

/// The value of following `policy` (Z × N, k′ on the grid's range, y − k′ > 0) for ever, to `value` (Z × N),
/// which with shocks also is where the solution starts from.
///
/// Where rounding makes `policy` fall it is raised to the level of the row before. Where a choice is not a
/// number no value is one.
pub(super) fn evaluate(problem: &Problem, policy: &mut [f64], value: &mut [f64]) {
    // Rows of a policy that is no number would be neither up nor down.
    if !policy.iter().all(|k| k.is_finite()) {
        value.fill(f64::NAN);
        return;
    }
    for policy in policy.chunks_mut(problem.len()) {
        for i in 1..policy.len() {
            if policy[i] < policy[i - 1] {
                policy[i] = policy[i - 1];
            }
        }
    }
    match problem.states() {
        1 => monotone::evaluate(problem, policy, value),
        _ => sparse::evaluate(problem, policy, value),
    }
}
