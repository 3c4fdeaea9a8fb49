//! The certificate: what is guaranteed about a solution, found out afterwards, in f64, whoever proposed it.
//!
//! **Error of V.** T contracts by β, so that for any V, with d = T V − V (MacQueen 1966, Porteus 1971)
//!
//! ```text
//! T V + β/(1−β) min d ≤ V_N ≤ T V + β/(1−β) max d        hence  max |V − V_N| ≤ max |d| / (1−β)
//! ```
//!
//! V_N is the exact solution of the gridded problem. Computing d in floating point adds, with the unit roundoff u = 2⁻⁵³ and
//! libraries that return powers, exponentials and logarithms within one unit in the last place, at most
//!
//! ```text
//! r = u · max_i [ 5 |U(c_i)| + U′(c_i) (3 f_i + c_i + 4 c_i |ln c_i|) ] + u · (3 max |V| + 5 max |V_{j+1} − V_j|)
//! ```
//!
//! - f = k^α + (1−δ)k is off by 2u f, c = f − k′ by another u c, each worth U′(c) as much;
//! - U(c) = expm1((1−σ) ln c)/(1−σ) is off by 4u |U| and by 4u |ln c| c^(1−σ) from its exponent; the sum with β V by u |U|;
//! - interpolating, discounting and adding V: u |V| each, and 5u of the rise over the cell;
//! - a k′ that misses the best by rounding loses an amount of second order, below u U′(c) c.
//!
//! So the guaranteed bound is (max |d| + r)/(1−β). V itself is rounded too, which keeps max |d| from vanishing: tolerances
//! below 2r/(1−β) are refused.
//!
//! With the choice on the grid a runner-up may win by rounding, at a consumption of its own: r is doubled.
//!
//! **Euler errors** (Judd 1992) say how far the policy is from the model's own solution, grid or no grid. At k off the grid,
//! with k′ interpolated linearly between the policies at the points, c = f(k) − k′ and c′ = f(k′) − k″:
//!
//! ```text
//! e(k) = log10 |1 − [β c′^(−σ) f′(k′)]^(−1/σ) / c|
//! ```
//!
//! A value of −3 is a mistake of one unit in a thousand spent. 10,000 points are taken, spread evenly over the range and off
//! the grid; reported are the logarithms of the largest and of the mean error. Where the range binds (k′ at an end of the
//! grid) the equation is an inequality and e(k) says by how much, so a grid should hold the steady state.

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

/// Points at which the Euler equation is checked.
pub const EULER_POINTS: usize = 10_000;

/// What is guaranteed, and what was measured, about a solution.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Certificate {
    /// Sup-norm Bellman residual max |T V − V|, in units of utility.
    pub residual: f64,
    /// Guaranteed bound on max |V − V_N|, rounding included, in units of utility.
    pub bound: f64,
    /// The part of the bound that is due to rounding.
    pub rounding: f64,
    /// The largest Euler error, log10.
    pub euler_max: f64,
    /// The logarithm of the mean Euler error, log10.
    pub euler_mean: f64,
}

/// Certifies `value` (N): applies the exact operator once, and checks the Euler equation on its policy. Returns the
/// certificate and the policy k′ (N).
///
/// # Errors
///
/// [`NotFinite`](super::GrowthError::NotFinite) where a value, a choice, consumption, the bound or an Euler error is not finite: then nothing is
/// guaranteed.
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
    (0.5 * factor * (change.greatest + change.least), 0.5 * factor * (change.greatest - change.least))
}

/// The bound r on the rounding of T V − V: T has been applied to `value`, which gave `next` and `policy`, and interpolation
/// was off by `interpolation` units of the roundoff at most.
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
    /// Evaluating U at the computed consumption: functions and their combination.
    pub functions: f64,
    /// The same: the exponent.
    pub exponent: f64,
    /// Consumption itself.
    pub budget: f64,
    /// Discounting and adding.
    pub sums: f64,
    /// Interpolating.
    pub interpolation: f64,
}

impl Terms {
    pub(super) fn sum(self) -> f64 {
        self.functions + self.exponent + self.budget + self.sums + self.interpolation
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
        // Rows are taken together by their extremes, which bounds each of them and spares most of the U(c).
        const TOGETHER: usize = 16;
        let starts = rows.clone().step_by(TOGETHER);
        starts.fold(0.0, |worst, first| sup(worst, self.terms(first..(first + TOGETHER).min(rows.end)).sum()))
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
        if surely.is_nan() || surely <= 0.0 {
            return Terms {
                functions: 0.0,
                exponent: 0.0,
                budget: f64::INFINITY,
                sums: 0.0,
                interpolation: 0.0,
            };
        }
        let absolute = sup(self.utility.value(least).abs(), self.utility.value(greatest).abs());
        let (functions, exponent) = self.utility.roundoff(least, greatest);
        let (sums, interpolation) = match self.problem.choice() {
            Choice::Continuous => (3.0 * size + 2.0 * absolute, model.beta() * self.interpolation),
            Choice::Grid => (2.0 * size + absolute, 0.0),
        };
        Terms {
            functions,
            exponent,
            budget: self.utility.marginal(surely) * (resources + spent),
            sums,
            interpolation,
        }
    }

    /// By how much f is off at most from row `first` to row `last`, in units of the roundoff.
    fn resources(&self, first: usize, last: usize) -> f64 {
        let logarithm = |row: usize| libm::log(self.problem.capital()[row]).abs();
        let exponent = self.problem.model().alpha() * sup(logarithm(first), logarithm(last));
        self.problem.resources()[last] * (3.0 + 3.0 * exponent)
    }

    /// The least and the greatest consumption that may be the best one at `row`, given what was found.
    fn consumption(&self, row: usize) -> (f64, f64) {
        let f = self.problem.resources()[row];
        let found = f - self.policy[row];
        if self.problem.choice() == Choice::Continuous {
            return (found, found);
        }
        let capital = self.problem.capital();
        let chosen = self.problem.cell(self.policy[row]);
        // The last point is the upper end of the last cell.
        let chosen = if self.policy[row] >= capital[chosen + 1] { chosen + 1 } else { chosen };
        let more = if chosen > 0 { f - capital[chosen - 1] } else { found };
        let less = match capital.get(chosen + 1) {
            Some(k) if f - k > 0.0 && self.may_win(row, chosen + 1) => f - k,
            _ => found,
        };
        (less, more)
    }

    /// Whether rounding may hide that `candidate` is the best at `row`.
    fn may_win(&self, row: usize, candidate: usize) -> bool {
        let f = self.problem.resources()[row];
        let consumption = f - self.problem.capital()[candidate];
        // A neighbour on a fine grid: its rounding is what the chosen one's is, and asking takes longer than assuming.
        if consumption > 0.9 * (f - self.policy[row]) {
            return true;
        }
        let discounted = self.problem.model().beta() * self.value[candidate];
        let total = self.utility.value(consumption) + discounted;
        let (functions, exponent) = self.utility.roundoff(consumption, consumption);
        let budget = self.utility.marginal(consumption) * (self.resources(row, row) + consumption);
        let units =
            functions + exponent + budget + 3.0 * (total.abs() + discounted.abs() + self.next[row].abs());
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
    // Multiples of the golden ratio, modulo 1, fill the range evenly and keep no step with any grid (Weyl's sequence).
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

/// log10 of a relative error, at least −16, which is what f64 resolves, and at most 300, which is what it holds.
fn logarithm(error: f64) -> f64 {
    // A clamp keeps what is not a number.
    libm::log10(error.clamp(1e-16, 1e300))
}
