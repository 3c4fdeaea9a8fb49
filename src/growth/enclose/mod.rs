//! The enclosure: bounds on the true value function of the economy, everywhere on the grid's range.
//!
//! The certificate (`certify.rs`) is about V_N, the solution of the problem on a grid. This is about V
//! itself: k′ anywhere on [k_0, k_{N−1}], V evaluated at every k. V is concave and T is monotone, so that a
//! function below it and one above it follow from one application of an operator each, whoever proposed them.
//!
//! **Below.** Take any policy k′_i and any values ℓ_i, and let L be linear between the points. Then
//!
//! ```text
//! ℓ⁺_i = U(f_i − k′_i) + β (E L)(k′_i),    V(k_i) ≥ ℓ⁺_i + β/(1−β) min (ℓ⁺ − ℓ)
//! ```
//!
//! as the policy is one of those that may be chosen, and chords of a concave function lie below it: so V on
//! the grid's points, interpolated, is at most V. The chord between two lower bounds is one, too.
//!
//! **Above.** Take any prices p_i > 0 (marginal utilities, of consumption c_i = p_i^(−1/σ)) and any values
//! w_i, and let W be the least of the lines w_i + s_i (k − k_i), s_i = p_i f′(k_i). For all c, k and k′, as
//! U and f are concave,
//!
//! ```text
//! U(c) ≤ U(c_i) + p_i (c − c_i),      f(k) ≤ f_i + f′(k_i) (k − k_i)
//! w⁺_i = U(c_i) + p_i (f_i − c_i) + sup over k′ of [β (E W)(k′) − p_i k′]
//! (T W)(k) ≤ w⁺_i + s_i (k − k_i)     V(k) ≤ w⁺_i + s_i (k − k_i) + β/(1−β) max (w⁺ − w)
//! ```
//!
//! This is weak duality: the right price gives the least bound, any other one a valid bound, and an error
//! of the price counts by its square. The slopes do not change from w to w⁺, so that the change is that at
//! the points. The supremum is at a kink of E W: with two lines j and j+1 whose slopes lie on both sides of
//! p_i/β, and their mixture λ that has this slope, E W is at most the mixture, which leaves nothing that
//! depends on k′.
//!
//! Both w⁺ and ℓ⁺ are a reward and a weighted mean of two values (`rows.rs`): an iteration takes two products
//! a point and no power. Where they start from the solution of the grid or from a smooth one
//! (`collocation/`), a few iterations, or one, do. The distance between the bounds falls with the square of
//! the spacing.
//!
//! **Shocks.** E L and E W take the expectation first: chords and lines of E V have the values Σ P ℓ and Σ
//! P w, and the slopes Σ P s. The changes m_z of the states bound V by T W + a for any a ≥ β P (m + a), as
//! T (T W + a) ≤ T W + β P (m + a): `shift.rs` finds one and verifies it.
//!
//! **Rounding** is in the bounds: each row's computed w⁺ and ℓ⁺ is off by no more than a margin, derived in
//! `lower.rs` and `upper.rs` with the conventions of `rounding.rs`.
//!
//! **Which economy?** The one whose capital stays on the grid's range. Where the best policy never leaves it,
//! this is the economy without bounds; else [`Enclosure::is_confined`] tells.

mod lower;
mod rows;
mod shift;
#[cfg(test)]
mod tests;
mod upper;

use self::rows::Rows;
use super::chain::Chain;
use super::collocation::{Collocation, Economy, endogenous_grid};
use super::error::GrowthError;
use super::model::Model;
use super::problem::Problem;
use super::roundoff::ROUNDOFF;
use super::solve::Solution;
use super::sup::{inf, sup};
use crate::error::Result;

/// Bounds on the true value function on a grid's range, rounding included.
#[derive(Debug, Clone)]
pub struct Enclosure {
    points: usize,
    capital: Vec<f64>,
    /// states × N.
    low: Vec<f64>,
    /// states × N.
    high: Vec<f64>,
    /// Of the lines above, states × N.
    slopes: Vec<f64>,
    rounding: f64,
    iterations: usize,
    confined: bool,
}

impl Enclosure {
    /// Lower bounds on V at the grid points, states × N, in units of utility. The chord between two
    /// neighbours is a lower bound between them.
    pub fn low(&self) -> &[f64] {
        &self.low
    }

    /// Upper bounds on V at the grid points, states × N.
    pub fn high(&self) -> &[f64] {
        &self.high
    }

    /// The largest distance between the bounds at a grid point.
    pub fn width(&self) -> f64 {
        self.low.iter().zip(&self.high).fold(0.0, |most, (low, high)| sup(most, (high - low).next_up()))
    }

    /// The part of the width that is due to rounding, about.
    pub fn rounding(&self) -> f64 {
        self.rounding
    }

    /// The middles of the bounds at the grid points, states × N.
    pub fn middle(&self) -> Vec<f64> {
        self.low.iter().zip(&self.high).map(|(low, high)| 0.5 * (low + high)).collect()
    }

    /// A guaranteed bound on max |`value` − V| over the grid points, for `value` of states × N.
    pub fn error_of(&self, value: &[f64]) -> f64 {
        let bounds = self.low.iter().zip(&self.high).zip(value);
        bounds.fold(0.0, |most, ((low, high), v)| sup(most, sup((high - v).next_up(), (v - low).next_up())))
    }

    /// A lower and an upper bound on V at `capital` on the grid's range, in a state (a number from 0).
    pub fn bounds_at(&self, state: usize, capital: f64) -> (f64, f64) {
        let k = &self.capital;
        let j = k.partition_point(|&k| k <= capital).clamp(1, k.len() - 1) - 1;
        let at = |values: &[f64], i: usize| values[state * self.points + i];
        let (below, above) = (at(&self.low, j), at(&self.low, j + 1));
        let low = below + (above - below) * ((capital - k[j]) / (k[j + 1] - k[j]));
        let line = |i: usize| at(&self.high, i) + at(&self.slopes, i) * (capital - k[i]);
        let high = f64::min(line(j), line(j + 1));
        // What these few operations round.
        let rise = at(&self.slopes, j) * (k[j + 1] - k[j]);
        let margin = 8.0 * ROUNDOFF * (low.abs() + high.abs() + (above - below).abs() + rise);
        (low - margin, high + margin)
    }

    /// Iterations of the two bounds.
    pub fn iterations(&self) -> usize {
        self.iterations
    }

    /// Whether the economy is confined to the grid: the best capital lies at an end of its range somewhere,
    /// so that V is the value of never leaving it.
    pub fn is_confined(&self) -> bool {
        self.confined
    }
}

/// What an enclosure starts from: anything, the better the closer. All are states × N.
#[derive(Debug, Clone, Copy)]
pub struct Proposal<'a> {
    /// About V.
    pub value: &'a [f64],
    /// A policy k′ that can be chosen.
    pub capital_next: &'a [f64],
    /// Smooth consumption, for the prices.
    pub consumption: &'a [f64],
}

/// Encloses V of the model with a chain of productivity at and between the points of `capital` (N,
/// increasing), from a proposal, in at most `iterations`.
///
/// # Errors
///
/// [`GrowthError::NotFinite`] where f64 holds no bound.
pub fn enclose(
    model: &Model,
    chain: &Chain,
    capital: &[f64],
    proposal: &Proposal<'_>,
    iterations: usize,
) -> Result<Enclosure> {
    let economy = Economy::new(model, chain);
    let grid = Grid::new(&economy, capital);
    let lower = lower::rows(&economy, &grid, proposal);
    let (upper, slopes) = upper::rows(&economy, &grid, proposal);
    let mut below = Iterate::new(&economy, &lower, proposal.value, -1.0);
    let mut above = Iterate::new(&economy, &upper, proposal.value, 1.0);
    let mut gap = f64::INFINITY;
    let mut done = 0;
    while done < iterations.max(1) {
        below.step()?;
        above.step()?;
        done += 1;
        let next = above.mean() - below.mean();
        // The rest is for a finer grid.
        if gap - next < LEAST_GAIN * next.abs() {
            break;
        }
        gap = next;
    }
    let ((low, rounded_low), (high, rounded_high)) = (below.bound(), above.bound());
    if let Some(at) = low.iter().chain(&high).position(|bound| !bound.is_finite()) {
        let capital = capital[at % capital.len()];
        return Err(GrowthError::NotFinite { what: "a bound on the value", capital }.into());
    }
    let confined = is_confined(&economy, &grid, proposal);
    Ok(Enclosure {
        points: capital.len(),
        capital: capital.to_vec(),
        low,
        high,
        slopes,
        rounding: rounded_low + rounded_high,
        iterations: done,
        confined,
    })
}

/// Encloses V from a solution on the grid of `problem`, or from one by collocation.
///
/// # Errors
///
/// As [`enclose`].
pub fn enclose_solution(problem: &Problem, solution: &Solution) -> Result<Enclosure> {
    let (model, chain, capital) = (problem.model(), problem.chain(), problem.capital());
    let consumption = match &solution.collocation {
        Some(collocation) => collocation.consumption_at(capital),
        None => smooth_consumption(model, chain, capital),
    };
    let proposal =
        Proposal { value: &solution.value, capital_next: &solution.capital_next, consumption: &consumption };
    enclose(model, chain, capital, &proposal, ITERATIONS)
}

/// An iteration that narrows the bounds by less than this share of their distance is the last one. Where
/// shocks last, the first ones gain little each, and much together.
const LEAST_GAIN: f64 = 0.01;
/// Iterations after which what is left to gain is little: the first ones gain most.
const ITERATIONS: usize = 40;

/// Consumption for the prices of an enclosure, states × N: by collocation, where that works, else by the
/// endogenous grid method on few points.
pub fn smooth_consumption(model: &Model, chain: &Chain, capital: &[f64]) -> Vec<f64> {
    let (low, high) = (capital[0], capital[capital.len() - 1]);
    match Collocation::new(model, chain, low, high) {
        Ok(solution) => solution.consumption_at(capital),
        Err(_) => {
            let logs: Vec<f64> = capital.iter().map(|k| libm::log(*k)).collect();
            let mut consumption = endogenous_grid(&Economy::new(model, chain), low, high, 600, &logs);
            consumption.iter_mut().for_each(|c| *c = libm::exp(*c));
            consumption
        }
    }
}

/// The points with what the equations take there.
struct Grid<'a> {
    capital: &'a [f64],
    logs: Vec<f64>,
    /// k^α, N.
    output: Vec<f64>,
    /// states × N.
    resources: Vec<f64>,
}

impl<'a> Grid<'a> {
    fn new(economy: &Economy, capital: &'a [f64]) -> Self {
        let logs: Vec<f64> = capital.iter().map(|k| libm::log(*k)).collect();
        let alpha = economy.model().alpha();
        let output: Vec<f64> = logs.iter().map(|log| libm::exp(alpha * log)).collect();
        let kept = 1.0 - economy.model().delta();
        let resources = (0..economy.len())
            .flat_map(|state| {
                let z = economy.productivity(state);
                output.iter().zip(capital).map(move |(y, k)| z * y + kept * k)
            })
            .collect();
        Self { capital, logs, output, resources }
    }

    /// f′(k_i) = α z k_i^α / k_i + 1 − δ: adds what is not negative, and is off by no more than (7 + 3 α
    /// |ln k|) u of itself.
    fn gross_return(&self, economy: &Economy, state: usize, i: usize) -> f64 {
        let model = economy.model();
        let marginal = model.alpha() * economy.productivity(state) * self.output[i] / self.capital[i];
        marginal + (1.0 - model.delta())
    }

    /// By how much f is off at most, in units of the roundoff u: the power, (2 + 3 α |ln k|) u, the product
    /// with z, u, (1−δ) k, 2u, and their sum, u.
    fn resources_roundoff(&self, economy: &Economy, state: usize, i: usize) -> f64 {
        let model = economy.model();
        let output = economy.productivity(state) * self.output[i];
        let kept = (1.0 - model.delta()) * self.capital[i];
        output * (3.0 + 3.0 * model.alpha() * self.logs[i].abs()) + 2.0 * kept + (output + kept)
    }

    fn len(&self) -> usize {
        self.capital.len()
    }

    fn low(&self) -> f64 {
        self.capital[0]
    }

    fn high(&self) -> f64 {
        self.capital[self.len() - 1]
    }
}

/// Whether capital would leave the range, or stays at its end, in some state.
fn is_confined(economy: &Economy, grid: &Grid<'_>, proposal: &Proposal<'_>) -> bool {
    if economy.len() == 1 && economy.productivity(0) == 1.0 && economy.row(0)[0] == 1.0 {
        // Without shocks capital goes to the steady state from everywhere, on the same side of it.
        let steady = economy.model().steady_state().capital;
        return !(grid.low()..=grid.high()).contains(&steady);
    }
    let n = grid.len();
    (0..economy.len()).any(|state| {
        [0, n - 1].into_iter().any(|point| {
            let at = state * n + point;
            let next = grid.resources[at] - proposal.consumption[at];
            next <= grid.low() || next >= grid.high()
        })
    })
}

/// One of the two bounds under way.
struct Iterate<'a> {
    economy: &'a Economy,
    rows: &'a Rows,
    /// −1 below, 1 above.
    side: f64,
    value: Vec<f64>,
    next: Vec<f64>,
    expected: Vec<f64>,
    /// a of each state.
    shift: Vec<f64>,
    margin: f64,
}

impl<'a> Iterate<'a> {
    fn new(economy: &'a Economy, rows: &'a Rows, start: &[f64], side: f64) -> Self {
        let empty = vec![0.0; start.len()];
        let shift = vec![0.0; economy.len()];
        Self {
            economy,
            rows,
            side,
            value: empty.clone(),
            next: start.to_vec(),
            expected: empty,
            shift,
            margin: 0.0,
        }
    }

    fn step(&mut self) -> Result<()> {
        std::mem::swap(&mut self.value, &mut self.next);
        let states = self.economy.len();
        let n = self.value.len() / states;
        let size = self.rows.expect(self.economy, &self.value, &mut self.expected);
        self.rows.apply(self.economy.beta(), &self.expected, &mut self.next);
        self.margin = self.rows.margin(self.economy.beta(), size);
        let changes: Vec<f64> = (0..states)
            .map(|state| {
                let rows = state * n..(state + 1) * n;
                let margins = self.rows.margins[rows.clone()].iter();
                let pairs = self.next[rows.clone()].iter().zip(&self.value[rows]);
                // The bound moved by its margin, less what it started from.
                pairs.zip(margins).fold(f64::NEG_INFINITY, |most, ((next, value), margin)| {
                    sup(most, self.side * (next - value) + margin + self.margin)
                })
            })
            .collect();
        self.shift = shift::shift(self.economy, &changes)?;
        Ok(())
    }

    /// The bound on average, over points and states.
    fn mean(&self) -> f64 {
        let shift: f64 = self.shift.iter().sum::<f64>() / self.shift.len() as f64;
        self.next.iter().sum::<f64>() / self.next.len() as f64 + self.side * shift
    }

    /// The bound at the points, and what rounding has to do with it.
    fn bound(&self) -> (Vec<f64>, f64) {
        let n = self.next.len() / self.economy.len();
        let most = self.rows.margins.iter().fold(0.0, |most, m| sup(most, *m)) + self.margin;
        let at = |(row, next): (usize, &f64)| {
            let away = self.shift[row / n] + self.rows.margins[row] + self.margin;
            let away = away + 4.0 * ROUNDOFF * (away.abs() + next.abs());
            next + self.side * away
        };
        let bound = self.next.iter().enumerate().map(at).collect();
        (bound, most / (1.0 - self.economy.beta()))
    }
}

/// The cell j with `capital`_j ≤ k ≤ `capital`_{j+1}, looked for from `j` on.
fn cell(capital: &[f64], k: f64, mut j: usize) -> usize {
    let last = capital.len() - 2;
    j = j.min(last);
    while j < last && capital[j + 1] <= k {
        j += 1;
    }
    while j > 0 && capital[j] > k {
        j -= 1;
    }
    j
}

/// c^(−σ), for c > 0, off by no more than (2 + 3 σ |ln c|) u of itself.
fn marginal(sigma: f64, consumption: f64) -> f64 {
    if sigma == 1.0 {
        1.0 / consumption
    } else if sigma == 2.0 {
        1.0 / (consumption * consumption)
    } else {
        super::math::power(consumption, -sigma)
    }
}

/// The larger of two distances from `k` to the ends of the range.
fn reach(grid: &Grid<'_>, k: f64) -> f64 {
    -inf(k - grid.high(), grid.low() - k)
}
