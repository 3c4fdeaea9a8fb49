//! The certificate: what is guaranteed about a solution, found out afterwards, in f64, whoever proposed it.
//!
//! **Error of V.** T contracts by β, so that for any V, with d = T V − V (MacQueen 1966, Porteus 1971)
//!
//! ```text
//! T V + β/(1−β) min d ≤ V_N ≤ T V + β/(1−β) max d        hence  max |V − V_N| ≤ max |d| / (1−β)
//! ```
//!
//! V_N is the exact solution of the gridded problem: that on this grid. The bound is on the error that
//! iterating and rounding leave, and says nothing about how far V_N is from the V of the model itself, which
//! is the grid's doing: it falls with the square of the spacing, and Euler errors give an idea of it.
//!
//! **Rounding.** d is computed in floating point. With the unit roundoff u = 2⁻⁵³, and functions off by at
//! most 2u of their result (`math.rs`), the computed (T V)_i is off by at most u times
//!
//! ```text
//! sums           3 |T V_i| + 2 |U(c_i)| + ρ
//! exponent       4 |ln c_i| c_i^(1−σ)
//! budget         U′(c_i⁻) (y_i (2 + 3 α |ln k_i|) + 2 (1−δ) k_i + f_i + 1.1 c_i),   y_i = k_i^α
//! interpolation  5 β max |V_{j+1} − V_j|
//! ```
//!
//! and r is the largest sum of the four over the rows i. They are, one after another:
//!
//! - *sums.* V(k′) is the sum of V at a knot and of a share of the rise: u |V(k′)|. Discounting it takes
//!   another u, adding U(c) u |T V|; and β |V(k′)| ≤ |T V| + |U(c)|. U by itself: σ = 1: a logarithm, ρ = 2
//!   |U|. σ = 2: a quotient and a difference, ρ = 1/c + |U|. Else U = expm1((1−σ) ln c)/(1−σ) has 2u from
//!   expm1, u from the quotient and u from 1−σ: ρ = 4 |U|.
//! - *exponent*, for σ other than 1 and 2. (1−σ) ln c is off by u for 1−σ, 2u for the logarithm, u for the
//!   product, which is 4u |1−σ| |ln c|; the derivative of U with respect to it is c^(1−σ)/(1−σ).
//! - *budget.* k^α = e^(α ln k): 2u for the exponential, and its argument is off by 3u of itself. (1−δ) k:
//!   2u. Their sum f: u. Then c = f − k′: u. An amount Δc is worth at most U′(c⁻) Δc, where c⁻ = c − Δc is
//!   the least that c may be. Where that is nothing, r is infinite, and the problem is refused.
//! - *interpolation.* The share of the rise is (V_{j+1} − V_j)/(k_{j+1} − k_j) · (k′ − k_j), five
//!   operations. Where V is replaced by its concave envelope, each point between two of its corners was
//!   dropped for a height above a chord that is off by 3u of the rise between the corners: 3u more a point.
//!
//! The maximizer finds k′ only up to its own rounding. A cell's c = g is off by the share ξ ≤ u (4/σ + 2 +
//! |ln c| + f/c) of itself, which loses ½ σ U′(c) c ξ²: of second order, as are products of the errors above.
//! r is raised by a millionth for them. What `NOISE` in `continuous.rs` allows loses U′(c) c · 9e-18 = 0.1u
//! U′(c) c, hence 1.1 c in the budget.
//!
//! With the choice on the grid nothing is interpolated, *sums* are 2 |T V| + |U| + ρ, and a runner-up may win
//! by rounding, at a consumption of its own. The computed T V is the largest of all computed Q(i, j), so that
//! it is off by no more than the most that any candidate is off by that can still be the best. Candidates
//! that leave less to consume are off by more. Those that can still be the best are looked for from the
//! choice on, in steps of a tenth of consumption, to the first one that its own rounding cannot make the best
//! (Q falls beyond it), and the terms are taken at the least consumption before it, and at the most that
//! there is.
//!
//! The guaranteed bound is (max |d| + r)/(1−β), rounded up. V itself is rounded too, which keeps max |d| from
//! vanishing: tolerances below 2r/(1−β) are refused. `exact.rs` measures all this against 192 bits.
//!
//! **Euler errors** (Judd 1992) say how far the policy is from the model's own solution, grid or no grid. At
//! k off the grid, with k′ interpolated linearly between the policies at the points, c = f(k) − k′ and c′ =
//! f(k′) − k″:
//!
//! ```text
//! e(k) = log10 |1 − [β c′^(−σ) f′(k′)]^(−1/σ) / c|
//! ```
//!
//! A value of −3 is a mistake of one unit in a thousand spent. It is taken at 10,000 points off the grid,
//!
//! ```text
//! k = k_0 + (k_{N−1} − k_0) · frac(m φ),   m = 1 … 10,000,   φ = (√5 − 1)/2 = 0.618…
//! ```
//!
//! where frac is the fractional part: multiples of the golden ratio fill the range evenly and keep no step
//! with any grid (Weyl's sequence). Reported are the logarithms of the largest and of the mean error, between
//! −16, which is what f64 resolves, and 300. Where the range binds (k′ at an end of the grid) the equation is
//! an inequality and e(k) says by how much, so a grid should hold the steady state.

use std::ops::Range;

use rayon::prelude::*;

use super::cpu::{Bellman, Change, ROWS_A_TASK};
use super::grid::{Choice, Problem};
use super::iterate::{self, not_finite};
use super::math;
use super::model::Model;
use super::sup::{inf, sup};
use super::utility::{Utility, with_utility};
use crate::error::Result;

/// Points off the grid at which the Euler equation is checked: k_0 + (k_{N−1} − k_0) · frac(m φ) for m = 1 …
/// 10,000, with the golden ratio φ = 0.618….
pub const EULER_POINTS: usize = 10_000;

/// What is guaranteed, and what was measured, about a solution.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Certificate {
    /// Sup-norm Bellman residual max |T V − V|, in units of utility.
    pub residual: f64,
    /// Guaranteed bound on max |V − V_N| over the grid points, rounding included, in units of utility. V_N is
    /// the exact solution on this grid; how far that is from the model's own V is not part of the bound.
    pub bound: f64,
    /// The part of the bound that is due to rounding.
    pub rounding: f64,
    /// The largest Euler error, log10.
    pub euler_max: f64,
    /// The logarithm of the mean Euler error, log10.
    pub euler_mean: f64,
}

/// Certifies `value` (N): applies the exact operator once, and checks the Euler equation on its policy.
/// Returns the certificate and the policy k′ (N).
///
/// # Errors
///
/// [`NotFinite`](super::GrowthError::NotFinite) where a value, a choice, consumption, the bound or an Euler
/// error is not finite: then nothing is guaranteed.
pub fn certify(problem: &Problem, value: &[f64]) -> Result<(Certificate, Vec<f64>)> {
    let mut next = vec![0.0; value.len()];
    let mut policy = vec![0.0; value.len()];
    let mut bellman = Bellman::known(problem);
    let change = bellman.apply(value, &mut next, &mut policy);
    let beta = problem.model().beta();
    // Subtracting, adding, dividing and 1 − β round as well, each by u of the result.
    const UPWARDS: f64 = 1.0 + 8.0 * ROUNDOFF;
    let rounding = iterate::rounding(&bellman, value, &next, &policy) * UPWARDS;
    let residual = change.norm();
    let (euler_max, euler_mean) = euler_summary(problem, &policy);
    let bound = (residual / (1.0 - beta) + rounding) * UPWARDS;
    let refuse_unless =
        |what, holds: &dyn Fn(usize) -> bool| match (0..value.len()).find(|&point| !holds(point)) {
            Some(point) => Err(not_finite(problem, what, point)),
            None => Ok(()),
        };
    refuse_unless("the value", &|i| value[i].is_finite())?;
    refuse_unless("the utility of consumption", &|i| problem.resources()[i] - policy[i] > 0.0)?;
    for (what, figure) in
        [("the bound", bound), ("an Euler error", euler_max), ("an Euler error", euler_mean)]
    {
        if !figure.is_finite() {
            return Err(not_finite(problem, what, 0));
        }
    }
    Ok((Certificate { residual, bound, rounding, euler_max, euler_mean }, policy))
}

/// The MacQueen-Porteus interval of V_N − T V for a change d = T V − V: its middle and its half width.
pub(super) fn macqueen_porteus(beta: f64, change: Change) -> (f64, f64) {
    let factor = beta / (1.0 - beta);
    (0.5 * factor * (change.greatest() + change.least()), 0.5 * factor * (change.greatest() - change.least()))
}

/// The bound r on the rounding of T V − V: T has been applied to `value`, which gave `next` and `policy`, and
/// interpolation was off by `interpolation` units of the roundoff at most.
pub(super) fn rounding(
    problem: &Problem,
    interpolation: f64,
    value: &[f64],
    next: &[f64],
    policy: &[f64],
) -> f64 {
    let of_rows = |rows: Range<usize>| {
        with_utility!(known problem.model().sigma(), |utility| {
            Roundings { problem, utility, interpolation, value, next, policy }.largest(rows)
        })
    };
    let n = value.len();
    let units = if n <= ROWS_A_TASK {
        of_rows(0..n)
    } else {
        let tasks = (0..n).into_par_iter().step_by(ROWS_A_TASK);
        tasks.map(|first| of_rows(first..(first + ROWS_A_TASK).min(n))).reduce(|| 0.0, sup)
    };
    units * ROUNDOFF * SECOND_ORDER
}

/// The unit roundoff u of f64.
pub(super) const ROUNDOFF: f64 = 0.5 * f64::EPSILON;

/// Covers what is of second order in u.
pub(super) const SECOND_ORDER: f64 = 1.0 + 1e-6;

/// One row's part of r/u, by where it comes from; see the module's mathematics.
#[derive(Debug, Clone, Copy)]
pub(super) struct Terms {
    /// Evaluating U and V, discounting and adding: multiples of what is added.
    pub sums: f64,
    /// The exponent of U.
    pub exponent: f64,
    /// Consumption.
    pub budget: f64,
    /// Interpolating.
    pub interpolation: f64,
}

impl Terms {
    pub(super) fn sum(self) -> f64 {
        self.sums + self.exponent + self.budget + self.interpolation
    }
}

/// An application of T, for its roundings.
pub(super) struct Roundings<'a, U> {
    pub problem: &'a Problem,
    pub utility: U,
    pub interpolation: f64,
    pub value: &'a [f64],
    pub next: &'a [f64],
    pub policy: &'a [f64],
}

impl<U: Utility> Roundings<'_, U> {
    /// The largest sum of terms over `rows`.
    fn largest(&self, rows: Range<usize>) -> f64 {
        // Rows are taken together by their extremes, which bounds each of them and spares most of the U(c):
        // more of them where the grid is finer.
        let together = (self.value.len() / 1024).clamp(16, ROWS_A_TASK);
        let starts = rows.clone().step_by(together);
        starts.fold(0.0, |worst, first| sup(worst, self.terms(first..(first + together).min(rows.end)).sum()))
    }

    /// The terms of `rows` (not empty), each at least that of any of them.
    pub(super) fn terms(&self, rows: Range<usize>) -> Terms {
        self.terms_of(rows, |row| self.consumption(row))
    }

    /// The same, where consumption at a row lies between the two figures of `consumption`.
    pub(super) fn terms_of(&self, rows: Range<usize>, consumption: impl Fn(usize) -> (f64, f64)) -> Terms {
        let (mut least, mut greatest, mut size) = (f64::INFINITY, 0.0, 0.0);
        for row in rows.clone() {
            let (low, high) = consumption(row);
            least = inf(least, low);
            greatest = sup(greatest, high);
            size = sup(size, self.next[row].abs());
        }
        let model = self.problem.model();
        let resources = self.resources(rows.start, rows.end - 1);
        let spent = 1.1 * greatest;
        // U′ where consumption is least, after rounding.
        let surely = least - ROUNDOFF * (resources + spent);
        // Nothing may be left: then nothing is guaranteed.
        let price = if surely > 0.0 { self.utility.marginal(surely) } else { f64::INFINITY };
        let absolute = sup(self.utility.value(least).abs(), self.utility.value(greatest).abs());
        let (functions, exponent) = self.utility.roundoff(least, greatest);
        let (added, interpolation) = match self.problem.choice() {
            Choice::Continuous => (3.0 * size + 2.0 * absolute, model.beta() * self.interpolation),
            Choice::Grid => (2.0 * size + absolute, 0.0),
        };
        Terms { sums: functions + added, exponent, budget: price * (resources + spent), interpolation }
    }

    /// By how much f is off at most at `row`, whatever the capital there, in units of the roundoff.
    fn resources_at(&self, row: usize) -> f64 {
        (3.0 + 3.0 * 745.0) * self.problem.resources()[row]
    }

    /// By how much f is off at most from row `first` to row `last`, in units of the roundoff.
    fn resources(&self, first: usize, last: usize) -> f64 {
        let model = self.problem.model();
        let logarithm = |row: usize| libm::log(self.problem.capital()[row]).abs();
        let f = self.problem.resources()[last];
        let kept = (1.0 - model.delta()) * self.problem.capital()[last];
        let output = sup(f - kept, 0.0);
        output * (2.0 + 3.0 * model.alpha() * sup(logarithm(first), logarithm(last))) + 2.0 * kept + f
    }

    /// The least and the greatest consumption that may be the best one at `row`, given what was found.
    fn consumption(&self, row: usize) -> (f64, f64) {
        let f = self.problem.resources()[row];
        let found = f - self.policy[row];
        if self.problem.choice() == Choice::Continuous {
            return (found, found);
        }
        // All that leave more are off by less, but for what grows with consumption: that is taken at the most
        // of all.
        (self.least_that_may_win(row, found), f - self.problem.capital()[0])
    }

    /// From `found` down, as long as a candidate that leaves a tenth less may win: less than any candidate
    /// that may.
    fn least_that_may_win(&self, row: usize, found: f64) -> f64 {
        let (f, k) = (self.problem.resources()[row], self.problem.capital());
        let mut consumption = found;
        loop {
            let tenth_less = f - 0.9 * consumption;
            let j = self.problem.cell(tenth_less);
            if k[j + 1] <= tenth_less {
                return f - k[j + 1];
            }
            if f - k[j + 1] <= 0.0 || !self.may_win(row, j + 1) {
                return f - k[j];
            }
            consumption = f - k[j + 1];
        }
    }

    /// Whether rounding may hide that `candidate`, which leaves something to consume, is the best at `row`;
    /// in doubt it may.
    fn may_win(&self, row: usize, candidate: usize) -> bool {
        let consumption = self.problem.resources()[row] - self.problem.capital()[candidate];
        let discounted = self.problem.model().beta() * self.value[candidate];
        let now = self.utility.value(consumption);
        let total = now + discounted;
        // c^(1−σ) by way of U spares a power. No f64 has a logarithm above 745.
        let power = sup(1.0 + (1.0 - self.problem.model().sigma()) * now, 0.0) + f64::EPSILON;
        let budget = power / consumption * (self.resources_at(row) + consumption);
        let sums = 4.0 * (now.abs() + total.abs() + discounted.abs() + self.next[row].abs());
        let units = sums + 4.0 * 745.0 * power + budget;
        total + 2.0 * ROUNDOFF * units >= self.next[row]
    }
}

/// The Euler error at `capital` of `policy` (N, k′ at the grid points), log10; at least −16.
pub fn euler_error(problem: &Problem, policy: &[f64], capital: f64) -> f64 {
    logarithm(relative_euler_error(problem, policy, capital))
}

/// |1 − implied/actual consumption| at `capital`.
fn relative_euler_error(problem: &Problem, policy: &[f64], capital: f64) -> f64 {
    let model = problem.model();
    let next = problem.interpolate(policy, capital);
    // Positive, but for rounding: see the transition path.
    let consumption = f64::max(model.resources(capital) - next, f64::MIN_POSITIVE);
    let consumption_next = model.resources(next) - problem.interpolate(policy, next);
    let implied = implied_consumption(model, consumption_next, next);
    (1.0 - implied / consumption).abs()
}

/// [β c′^(−σ) f′(k′)]^(−1/σ), the consumption today that the Euler equation asks for.
fn implied_consumption(model: &Model, consumption_next: f64, capital_next: f64) -> f64 {
    // c′ out of the power: exact for every σ, and no overflow on the way.
    consumption_next * math::power(model.beta() * model.gross_return(capital_next), -1.0 / model.sigma())
}

/// Euler errors of `policy` at all N grid points, log10.
pub fn euler_errors(problem: &Problem, policy: &[f64]) -> Vec<f64> {
    let at = |&k: &f64| euler_error(problem, policy, k);
    if problem.len() <= EULER_POINTS {
        return problem.capital().iter().map(at).collect();
    }
    problem.capital().par_iter().with_min_len(1024).map(at).collect()
}

/// The largest and the mean Euler error off the grid, log10.
fn euler_summary(problem: &Problem, policy: &[f64]) -> (f64, f64) {
    let capital = problem.capital();
    let (low, high) = (capital[0], capital[capital.len() - 1]);
    // Multiples of the golden ratio, modulo 1, fill the range evenly and keep no step with any grid (Weyl's
    // sequence).
    const GOLDEN: f64 = 0.618_033_988_749_894_9;
    let (mut greatest, mut sum) = (0.0_f64, 0.0);
    for point in 1..=EULER_POINTS {
        let share = (point as f64 * GOLDEN).fract();
        let error = relative_euler_error(problem, policy, low + (high - low) * share);
        greatest = sup(greatest, error);
        sum += error;
    }
    (logarithm(greatest), logarithm(sum / EULER_POINTS as f64))
}

/// log10 of a relative error, at least −16, which is what f64 resolves, and at most 300, which is what it
/// holds.
fn logarithm(error: f64) -> f64 {
    // A clamp keeps what is not a number.
    libm::log10(error.clamp(1e-16, 1e300))
}
