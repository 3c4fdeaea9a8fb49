//! How far rounding may have taken one application of the operator, in units of the roundoff: the part of the
//! guaranteed error that no iteration can take away.
//!
//! The change d = T V − V is computed in floating point. With the unit roundoff u = 2⁻⁵³, and functions off
//! by at most 2u of their result (`math.rs`), the computed (T V)_i is off by at most u times
//!
//! ```text
//! sums           3 |T V_i| + 2 |U(c_i)| + ρ
//! exponent       4 |ln c_i| c_i^(1−σ)
//! budget         U′(c_i⁻) (y_i (2 + 3 α |ln k_i|) + 2 (1−δ) k_i + f_i + 1.1 c_i),   y_i = k_i^α
//! interpolation  5 β max |V_{j+1} − V_j|
//! expectation    Z β Σ P(z, z′) max |V(·, z′)|
//! ```
//!
//! and r is the largest sum of the five over the rows i of a state. They are, one after another:
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
//! - *expectation*, with shocks: P V is a sum of Z products. V stands for it in *interpolation*. With z other
//!   than 1 the product z k^α adds u to the 2u of *budget*.
//!
//! The maximizer finds k′ only up to its own rounding. A segment's c = g is off by the share ξ ≤ u (4/σ + 2 +
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
//! `exact/tests.rs` measures all this against 192 bits.

use std::ops::Range;

use rayon::prelude::*;

use super::choice::Choice;
use super::operator::Bellman;
use super::problem::Problem;
use super::roundoff::{ROUNDOFF, SECOND_ORDER};
use super::rows::ROWS_A_TASK;
use super::sup::{inf, sup};
use super::utility::{Utility, with_utility};

/// The part of the guaranteed error near `value` that no iteration can take away: `bellman` has been applied
/// to `value`, which gave `next` and `policy`.
pub(super) fn rounding(bellman: &Bellman<'_>, value: &[f64], next: &[f64], policy: &[f64]) -> f64 {
    let problem = bellman.problem();
    let sizes: Vec<f64> = value
        .chunks(problem.len())
        .map(|value| value.iter().fold(0.0, |most, v| sup(most, v.abs())))
        .collect();
    let of_state = |state: usize| {
        let chain = problem.chain();
        let terms = if problem.has_shocks() { chain.len() as f64 } else { 0.0 };
        let application = Application {
            problem,
            state,
            interpolation: bellman.interpolation(state, value),
            expectation: terms * chain.row(state).iter().zip(&sizes).map(|(p, size)| p * size).sum::<f64>(),
            expected: bellman.expected(state, value),
            next: problem.of(state, next),
            policy: problem.of(state, policy),
        };
        application.rounding()
    };
    problem.discounting().largest_total(&(0..problem.states()).map(of_state).collect::<Vec<_>>())
}

/// An application of T in one state.
#[derive(Debug, Clone, Copy)]
pub(super) struct Application<'a> {
    pub problem: &'a Problem,
    pub state: usize,
    /// By how much interpolation was off, in units of the roundoff.
    pub interpolation: f64,
    /// By how much the expectation was off, in units of the roundoff.
    pub expectation: f64,
    /// E V, N.
    pub expected: &'a [f64],
    /// T V, N.
    pub next: &'a [f64],
    /// k′, N.
    pub policy: &'a [f64],
}

impl Application<'_> {
    /// The bound r on the rounding of T V − V.
    fn rounding(self) -> f64 {
        let sigma = self.problem.model().sigma();
        let of_rows = |rows: Range<usize>| {
            with_utility!(known sigma, |utility| {
                let roundings = Roundings { of: self, utility };
                roundings.largest(rows)
            })
        };
        let n = self.next.len();
        let units = if n <= ROWS_A_TASK {
            of_rows(0..n)
        } else {
            let tasks = (0..n).into_par_iter().step_by(ROWS_A_TASK);
            tasks.map(|first| of_rows(first..(first + ROWS_A_TASK).min(n))).reduce(|| 0.0, sup)
        };
        units * ROUNDOFF * SECOND_ORDER
    }
}

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
    /// The expectation.
    pub expectation: f64,
}

impl Terms {
    pub(super) fn sum(self) -> f64 {
        self.sums + self.exponent + self.budget + self.interpolation + self.expectation
    }
}

/// An application of T and its utility, for its roundings.
pub(super) struct Roundings<'a, U> {
    pub of: Application<'a>,
    pub utility: U,
}

impl<U: Utility> Roundings<'_, U> {
    /// The largest sum of terms over `rows`.
    fn largest(&self, rows: Range<usize>) -> f64 {
        // Rows are taken together by their extremes, which bounds each of them and spares most of the U(c):
        // more of them where the grid is finer.
        let together = (self.of.expected.len() / 1024).clamp(16, ROWS_A_TASK);
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
            size = sup(size, self.of.next[row].abs());
        }
        let model = self.of.problem.model();
        let resources = self.resources(rows.start, rows.end - 1);
        let spent = 1.1 * greatest;
        // U′ where consumption is least, after rounding.
        let surely = least - ROUNDOFF * (resources + spent);
        // Nothing may be left: then nothing is guaranteed.
        let price = if surely > 0.0 { self.utility.marginal(surely) } else { f64::INFINITY };
        let absolute = sup(self.utility.value(least).abs(), self.utility.value(greatest).abs());
        let (functions, exponent) = self.utility.roundoff(least, greatest);
        let (added, interpolation) = match self.of.problem.choice() {
            Choice::Continuous => (3.0 * size + 2.0 * absolute, model.beta() * self.of.interpolation),
            Choice::Grid => (2.0 * size + absolute, 0.0),
        };
        let expectation = model.beta() * self.of.expectation;
        let budget = price * (resources + spent);
        Terms { sums: functions + added, exponent, budget, interpolation, expectation }
    }

    /// By how much the product z k^α is off, in units of the roundoff: a product by 1 is exact.
    fn product(&self) -> f64 {
        if self.of.problem.chain().states()[self.of.state] == 1.0 { 0.0 } else { 1.0 }
    }

    /// By how much f is off at most at `row`, whatever the capital there, in units of the roundoff.
    fn resources_at(&self, row: usize) -> f64 {
        (3.0 + self.product() + 3.0 * 745.0) * self.of.problem.resources_in(self.of.state)[row]
    }

    /// By how much f is off at most from row `first` to row `last`, in units of the roundoff.
    fn resources(&self, first: usize, last: usize) -> f64 {
        let model = self.of.problem.model();
        let logarithm = |row: usize| libm::log(self.of.problem.capital()[row]).abs();
        let f = self.of.problem.resources_in(self.of.state)[last];
        let kept = (1.0 - model.delta()) * self.of.problem.capital()[last];
        let output = sup(f - kept, 0.0);
        output * (2.0 + self.product() + 3.0 * model.alpha() * sup(logarithm(first), logarithm(last)))
            + 2.0 * kept
            + f
    }

    /// The least and the greatest consumption that may be the best one at `row`, given what was found.
    fn consumption(&self, row: usize) -> (f64, f64) {
        let f = self.of.problem.resources_in(self.of.state)[row];
        let found = f - self.of.policy[row];
        if self.of.problem.choice() == Choice::Continuous {
            return (found, found);
        }
        // All that leave more are off by less, but for what grows with consumption: that is taken at the most
        // of all.
        (self.least_that_may_win(row, found), f - self.of.problem.capital()[0])
    }

    /// From `found` down, as long as a candidate that leaves a tenth less may win: less than any candidate
    /// that may.
    fn least_that_may_win(&self, row: usize, found: f64) -> f64 {
        let (f, k) = (self.of.problem.resources_in(self.of.state)[row], self.of.problem.capital());
        let mut consumption = found;
        loop {
            let tenth_less = f - 0.9 * consumption;
            let j = self.of.problem.segment(tenth_less);
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
        let consumption =
            self.of.problem.resources_in(self.of.state)[row] - self.of.problem.capital()[candidate];
        let discounted = self.of.problem.model().beta() * self.of.expected[candidate];
        let now = self.utility.value(consumption);
        let total = now + discounted;
        // c^(1−σ) by way of U spares a power. No f64 has a logarithm above 745.
        let power = sup(1.0 + (1.0 - self.of.problem.model().sigma()) * now, 0.0) + f64::EPSILON;
        let budget = power / consumption * (self.resources_at(row) + consumption);
        let sums = 4.0 * (now.abs() + total.abs() + discounted.abs() + self.of.next[row].abs());
        let expectation = self.of.problem.model().beta() * self.of.expectation;
        let units = sums + 4.0 * 745.0 * power + budget + expectation;
        total + 2.0 * ROUNDOFF * units >= self.of.next[row]
    }
}
