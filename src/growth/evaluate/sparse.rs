//! The value of a policy with shocks: a sparse linear system, solved by a Krylov method.
//!
//! Following the policy k′(z, k) for ever is worth the solution v of Z·N equations
//!
//! ```text
//! v = u + βQ v,   u_zi = U(y_zi − k′_zi),   (Q v)_zi = Σ_z′ P(z, z′) ((1−w) v_z′j + w v_z′,j+1)
//! ```
//!
//! where k′_zi lies in segment j at the share w of its width. In states of high productivity capital rises
//! where it falls in others, so there is no order that solves the equations one by one. A matrix of Z·N rows
//! with 2Z entries each, in a band as wide as the farthest that capital moves in a period, fills up when it
//! is factored. But Q v costs one small matrix product for P v and one interpolation a node. The eigenvalues
//! of βQ are, nearly, products of those of βP and powers of the policy's slope: few of them are near 1, which
//! suits a Krylov method: BiCGSTAB (van der Vorst 1992) takes 20 to 40 products where the iteration v ← u +
//! βQ v with its MacQueen-Porteus correction by state takes hundreds.
//!
//! **What is guaranteed.** The residual u + βQ v − v is computed from v itself at the end, not carried along,
//! and the method starts again from there until it is at rounding, or no longer falls. Where the method fails
//! the plain iteration takes over, which converges from anywhere. No bound on V rests on that: the
//! certificate takes any V. Sums are taken in chunks of rows whose size is fixed, so that the result does not
//! depend on the threads.

use rayon::prelude::*;

use super::super::change::Change;
use super::super::problem::Problem;
use super::super::rows::{ROWS_A_TASK, fill_rows};
use super::super::sup::sup;
use super::super::utility::{Utility, with_utility};

/// Residual, in units of the largest |v| · 2⁻⁵², that counts as rounding.
const ROUNDING: f64 = 4.0;
/// Products after which the Krylov method starts again.
const RESTART: usize = 200;
/// Times that it starts before the plain iteration takes over.
const STARTS: usize = 6;
/// Plain iterations at most, and those without a new least change after which only rounding is left.
const PLAIN: usize = 20_000;
const PATIENCE: usize = 20;

/// The value of following `policy` (Z × N, k′ on the grid's range, y − k′ > 0) for ever: from the guess in
/// `value` (Z × N), to `value`.
pub(super) fn evaluate(problem: &Problem, policy: &[f64], value: &mut [f64]) {
    let mut system = System::new(problem, policy);
    if value.iter().any(|v| !v.is_finite()) {
        value.fill(0.0);
    }
    let mut scratch = vec![0.0; value.len()];
    let mut best = value.to_vec();
    let mut least = f64::INFINITY;
    for _ in 0..STARTS {
        // One plain iteration with its correction takes away what is the same everywhere.
        let change = system.plain(value, &mut scratch);
        if change.is_nan() || change >= least {
            value.copy_from_slice(&best);
            break;
        }
        best.copy_from_slice(value);
        let enough = change <= system.floor(value) || change > 0.5 * least;
        least = change;
        if enough {
            break;
        }
        system.krylov(value, &mut scratch);
    }
    let mut since = 0;
    for _ in 0..PLAIN {
        if since > PATIENCE || least <= system.floor(value) {
            break;
        }
        let change = system.plain(value, &mut scratch);
        (least, since) = if change < least { (change, 0) } else { (least, since + 1) };
    }
}

/// The equations.
struct System<'a> {
    problem: &'a Problem,
    /// u, Z × N.
    reward: Vec<f64>,
    /// Segment of each choice and the share of its width, Z × N.
    place: Vec<(u32, f64)>,
    /// P v, Z × N.
    expected: Vec<f64>,
}

impl<'a> System<'a> {
    fn new(problem: &'a Problem, policy: &[f64]) -> Self {
        let (n, capital, resources) = (problem.len(), problem.capital(), problem.resources());
        let mut reward = vec![0.0; policy.len()];
        with_utility!(problem.model().sigma(), |utility| {
            fill_rows(&mut reward, |first, reward| {
                for (node, u) in reward.iter_mut().enumerate().map(|(i, u)| (first + i, u)) {
                    *u = utility.value(resources[node] - policy[node]);
                }
            });
        });
        let mut place = vec![(0, 0.0); policy.len()];
        for (place, policy) in place.chunks_mut(n).zip(policy.chunks(n)) {
            let mut j = 0;
            for (place, &k) in place.iter_mut().zip(policy) {
                // The policy rises.
                while j + 2 < n && capital[j + 1] <= k {
                    j += 1;
                }
                *place = (j as u32, (k - capital[j]) / (capital[j + 1] - capital[j]));
            }
        }
        Self { problem, reward, place, expected: vec![0.0; policy.len()] }
    }

    /// Residuals of this size are rounding.
    fn floor(&self, value: &[f64]) -> f64 {
        ROUNDING * f64::EPSILON * value.iter().fold(0.0, |most, v| sup(most, v.abs()))
    }

    /// βQ v to `out`.
    fn product(&mut self, v: &[f64], out: &mut [f64]) {
        let Self { problem, place, expected, .. } = self;
        let (n, beta) = (problem.len(), problem.model().beta());
        problem.expectation(v, expected);
        let (place, expected) = (&*place, &*expected);
        fill_rows(out, |first, out| {
            for (node, out) in out.iter_mut().enumerate().map(|(i, out)| (first + i, out)) {
                let (j, share) = place[node];
                let at = node / n * n + j as usize;
                let (left, right) = (expected[at], expected[at + 1]);
                *out = beta * (left + share * (right - left));
            }
        });
    }

    /// One plain iteration with its correction by state; the largest change before the correction's like is
    /// taken away. `scratch` is overwritten.
    fn plain(&mut self, value: &mut [f64], scratch: &mut [f64]) -> f64 {
        let n = self.problem.len();
        self.product(value, scratch);
        let changes: Vec<Change> = (0..self.problem.states())
            .map(|state| {
                let mut change = Change::NONE;
                for node in state * n..(state + 1) * n {
                    let new = self.reward[node] + scratch[node];
                    change.add(new - value[node]);
                    value[node] = new;
                }
                change
            })
            .collect();
        let (middle, half_width) = self.problem.discounting().macqueen_porteus(&changes);
        for (value, middle) in value.chunks_mut(n).zip(middle) {
            value.iter_mut().for_each(|v| *v += middle);
        }
        half_width * (1.0 - self.problem.discounting().rate())
    }

    /// BiCGSTAB from `value`, in place, until its residual is at rounding, it breaks down, or [`RESTART`].
    fn krylov(&mut self, value: &mut [f64], r: &mut [f64]) {
        let floor = 0.1 * self.floor(value);
        self.product(value, r);
        for ((r, u), v) in r.iter_mut().zip(&self.reward).zip(&*value) {
            *r += u - v;
        }
        let shadow = r.to_vec();
        let mut p = r.to_vec();
        let (mut ap, mut s, mut a_s) = (vec![0.0; r.len()], vec![0.0; r.len()], vec![0.0; r.len()]);
        let mut rho = dot(&shadow, r);
        let mut products = 0;
        while products < RESTART && largest(r) > floor && rho != 0.0 {
            self.times(&p, &mut ap);
            let alpha = rho / dot(&shadow, &ap);
            combine(&mut s, |i| r[i] - alpha * ap[i]);
            self.times(&s, &mut a_s);
            products += 2;
            let square = dot(&a_s, &a_s);
            let omega = if square > 0.0 { dot(&a_s, &s) / square } else { 0.0 };
            if !(alpha.is_finite() && omega.is_finite()) {
                return;
            }
            update(value, |i, v| v + alpha * p[i] + omega * s[i]);
            combine(r, |i| s[i] - omega * a_s[i]);
            let new = dot(&shadow, r);
            let beta = new / rho * (alpha / omega);
            if !beta.is_finite() {
                return;
            }
            rho = new;
            update(&mut p, |i, p| r[i] + beta * (p - omega * ap[i]));
        }
    }

    /// (I − βQ) v to `out`.
    fn times(&mut self, v: &[f64], out: &mut [f64]) {
        self.product(v, out);
        update(out, |i, product| v[i] - product);
    }
}

/// Fills `out` by row.
fn combine(out: &mut [f64], of: impl Fn(usize) -> f64 + Sync) {
    update(out, |i, _| of(i));
}

/// Replaces each figure of `out`, given its row and itself.
fn update(out: &mut [f64], of: impl Fn(usize, f64) -> f64 + Sync) {
    fill_rows(out, |first, out| {
        for (i, out) in out.iter_mut().enumerate() {
            *out = of(first + i, *out);
        }
    });
}

/// Σ a_i b_i, the same on any number of threads.
fn dot(a: &[f64], b: &[f64]) -> f64 {
    let sum = |(a, b): (&[f64], &[f64])| -> f64 { a.iter().zip(b).map(|(a, b)| a * b).sum() };
    if a.len() <= ROWS_A_TASK {
        return sum((a, b));
    }
    let sums: Vec<f64> = a.par_chunks(ROWS_A_TASK).zip(b.par_chunks(ROWS_A_TASK)).map(sum).collect();
    sums.iter().sum()
}

/// The largest |a_i|.
fn largest(a: &[f64]) -> f64 {
    a.iter().fold(0.0, |most, a| sup(most, a.abs()))
}
