//! The exact value of a monotone policy, in O(N).
//!
//! Following the policy k′_i for ever is worth the solution of N linear equations, each with two unknowns
//! besides its own: with k′_i in segment j, at the share w of its width,
//!
//! ```text
//! v_i = U(f_i − k′_i) + β ((1−w) v_j + w v_{j+1})
//! ```
//!
//! A rising policy sends capital towards a stable point, and the equations are solved outwards from there.
//! Call a row *up* where k′_i ≥ k_i and *down* where k′_i < k_i. The first row is up. Each run of up rows a …
//! m, followed by a run of down rows m+1 … b, keeps to itself: rows m and m+1 both go to segment m (their
//! policies lie between k_m and k_{m+1}) and are two equations in two unknowns, whose determinant is (1−β)(1
//! − β(w_{m+1} − w_m)) > 0; each other row of the run points inwards, to rows solved before it. So Howard's
//! policy evaluation needs no iteration and no linear algebra.

use super::super::problem::Problem;
use super::super::utility::{Utility, with_utility};

/// The value of following `policy` (N, rising, k′ on the grid's range, f_i − k′_i > 0) for ever, to `value`
/// (N), without shocks.
pub(super) fn evaluate(problem: &Problem, policy: &[f64], value: &mut [f64]) {
    with_utility!(problem.model().sigma(), |utility| {
        Evaluation { problem, utility, policy }.run(value);
    });
}

struct Evaluation<'a, U> {
    problem: &'a Problem,
    utility: U,
    policy: &'a [f64],
}

impl<U: Utility> Evaluation<'_, U> {
    fn run(&self, value: &mut [f64]) {
        let (k, n) = (self.problem.capital(), self.policy.len());
        let mut start = 0;
        while start < n {
            let mut middle = start;
            while middle < n && self.policy[middle] >= k[middle] {
                middle += 1;
            }
            let mut end = middle;
            while end < n && self.policy[end] < k[end] {
                end += 1;
            }
            self.basin(start, middle, end, value);
            start = end;
        }
    }

    /// Up rows `start..middle`, then down rows `middle..end`.
    fn basin(&self, start: usize, middle: usize, end: usize, value: &mut [f64]) {
        let beta = self.problem.discounting().rate();
        let center = middle - 1;
        if middle < end {
            let (w, u) = (self.weight(center, center), self.reward(center));
            let (w_down, u_down) = (self.weight(middle, center), self.reward(middle));
            let determinant = (1.0 - beta) * (1.0 - beta * (w_down - w));
            value[center] = ((1.0 - beta * w_down) * u + beta * w * u_down) / determinant;
            value[middle] = ((1.0 - beta * (1.0 - w)) * u_down + beta * (1.0 - w_down) * u) / determinant;
        } else {
            // The last row of the grid is up: it stays at the upper end.
            value[center] = self.reward(center) / (1.0 - beta);
        }
        let mut j = center;
        for i in (start..center).rev() {
            j = self.segment(i, j);
            let (w, u) = (self.weight(i, j), self.reward(i));
            value[i] = if j == i {
                (u + beta * w * value[i + 1]) / (1.0 - beta * (1.0 - w))
            } else {
                u + beta * ((1.0 - w) * value[j] + w * value[j + 1])
            };
        }
        let mut j = center;
        for i in middle + 1..end {
            j = self.segment(i, j);
            let (w, u) = (self.weight(i, j), self.reward(i));
            value[i] = if j + 1 == i {
                (u + beta * (1.0 - w) * value[j]) / (1.0 - beta * w)
            } else {
                u + beta * ((1.0 - w) * value[j] + w * value[j + 1])
            };
        }
    }

    /// U(f_i − k′_i).
    #[inline(always)]
    fn reward(&self, row: usize) -> f64 {
        self.utility.value(self.problem.resources()[row] - self.policy[row])
    }

    /// The share w of segment `j` at which row `row`'s policy lies.
    #[inline(always)]
    fn weight(&self, row: usize, j: usize) -> f64 {
        let k = self.problem.capital();
        (self.policy[row] - k[j]) / (k[j + 1] - k[j])
    }

    /// The segment of row `row`'s policy, looked for from segment `j` on.
    #[inline(always)]
    fn segment(&self, row: usize, mut j: usize) -> usize {
        let (k, policy) = (self.problem.capital(), self.policy[row]);
        let last = k.len() - 2;
        j = j.min(last);
        while j > 0 && policy < k[j] {
            j -= 1;
        }
        while j < last && policy >= k[j + 1] {
            j += 1;
        }
        j
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::choice::Choice;
    use crate::growth::grid::{GridSpec, Spacing};
    use crate::growth::model::Model;

    #[test]
    fn the_value_solves_its_equations() {
        let spec = GridSpec { points: 301, spacing: Spacing::Log, ..GridSpec::default() };
        let problem = Problem::new(Model::default(), spec, Choice::Continuous).unwrap();
        let (k, f) = (problem.capital(), problem.resources());
        let (low, high) = (k[0], k[300]);
        // One stable point, a corner at each end, several stable points, staying at every point.
        let policies: [&dyn Fn(f64) -> f64; 5] =
            [&|k| 3.0 + 0.8 * (k - 3.0), &|_| low, &|k| 1.5 * k, &|k| k + 0.05 * (8.0 * k).sin(), &|k| k];
        for (which, next) in policies.into_iter().enumerate() {
            let policy: Vec<f64> =
                k.iter().zip(f).map(|(&k, &f)| next(k).clamp(low, high).min(low + 0.9 * (f - low))).collect();
            let mut value = vec![0.0; k.len()];
            evaluate(&problem, &policy, &mut value);
            for i in 0..k.len() {
                let right = problem.model().utility(f[i] - policy[i])
                    + problem.model().beta() * problem.interpolate(&value, policy[i]);
                assert!(
                    (value[i] - right).abs() < 1e-12,
                    "policy {which}, row {i}: {} against {right}",
                    value[i]
                );
            }
        }
    }
}
