//! The benchmark of Aruoba and Fernández-Villaverde, "A comparison of programming languages in economics"
//! (2015), under their rule: the stochastic growth model with full depreciation and logarithmic utility, by
//! plain value function iteration.
//!
//! ```text
//! V(k, z) = max over k′ on the grid of (1−β) ln(z k^α − k′) + β Σ_z′ P(z, z′) V(k′, z′)
//! α = 0.33333333333, β = 0.95, k_i = k*/2 + 0.00001 i, i = 0 … 17,819, z and P: `Chain::aruoba`
//! ```
//!
//! from V = 0 until the largest change is below 1e-7: 257 iterations. Values are in units of (1−β) utility.
//! Their program searches each row from the choice of the row before to the first decline. Its number to be
//! checked is the choice at the 1,000th capital and the third state, 0.146549.
//!
//! **The third row of P sums to 1.0001**, so that β/(1−β) times the change is no bound, and k′ = αβ z k^α is
//! not the solution. Comparing coefficients of ln k and constants gives, by state,
//!
//! ```text
//! V = A_z + B_z ln k,   (I − αβP) B = (1−β) α 1,   θ_z = β (P B)_z / (1 − β + β (P B)_z),   k′ = θ_z z k^α
//! (I − βP) A = (1−β) ln((1−θ_z) z) + β (P B)_z ln(θ_z z)
//! ```
//!
//! **How it is done here.** Each state has a stored policy (`maximize/stored`) with thresholds, which
//! is the same iteration: the same V and choices, of all candidates, and not by a search for them. Once the
//! policy has settled it looks at the candidates in use and a margin around them only, as their search does,
//! and computes V where a later iteration reads it, which is at those: two fifths of the points. The last
//! iterations, whose change decides, are of all points. An application to all candidates ends the run, and
//! says that no other would have been better.
//!
//! **To a guaranteed error** the same problem on the grid takes one application: to V of the economy, by
//! collocation, which is nearer to the solution on a grid of these many points than any tolerance asked for.
//! The bounds of the changes by state (`discount.rs`) say how near the result is. Rounding, in units of u, by
//! row: a scaled logarithm, 5 (1−β) |ln c|; resources z k^α, (4 + 3 α |ln k|) (1−β) z k^α/c; the expectation
//! of three terms, discounted, and the sum, 5 |V|. With |ln c| and |ln k| below 3 and z k^α/c below 2 that is
//! less than 5 + 5 max |V|.

use std::ops::Range;

use rayon::prelude::*;

use super::chain::Chain;
use super::change::Change;
use super::collocation::Collocation;
use super::discount::Discounting;
use super::error::GrowthError;
use super::maximize::indifference::Indifference;
use super::maximize::stored::{Choices, StoredPolicy};
use super::model::Model;
use super::roundoff::ROUNDOFF;
use super::sup::sup;
use super::utility::{Log, Utility};
use crate::error::Result;
use crate::vector::{Lanes, Vectorized, Vectors};

/// Capital share α.
const ALPHA: f64 = 0.333_333_333_33;
/// Discount factor β.
const BETA: f64 = 0.95;
/// Grid points a state.
const POINTS: usize = 17_820;
/// Distance of two points.
const STEP: f64 = 0.00001;
/// The iteration ends with a change below this.
const TOLERANCE: f64 = 1e-7;
/// Iterations with all candidates and at all points: after these few rows choose anew.
const SETTLED: usize = 7;
/// V is computed at all points again once the change is below so many tolerances. The change falls by about β
/// an iteration, so that two more are to come.
const NEAR: f64 = 1.2;
/// Candidates kept on either side of those in use.
const MARGIN: usize = 64;

/// (1−β) U(c), or another factor.
#[derive(Debug, Clone, Copy)]
struct Scaled<U> {
    utility: U,
    factor: f64,
}

impl<U: Utility> Utility for Scaled<U> {
    #[inline(always)]
    fn value(self, consumption: f64) -> f64 {
        self.factor * self.utility.value(consumption)
    }

    fn roundoff(self, least: f64, greatest: f64) -> (f64, f64) {
        let (functions, exponent) = self.utility.roundoff(least, greatest);
        let product = f64::max(self.value(least).abs(), self.value(greatest).abs());
        (self.factor * functions + product, self.factor * exponent)
    }

    #[inline(always)]
    fn marginal(self, consumption: f64) -> f64 {
        self.factor * self.utility.marginal(consumption)
    }

    #[inline(always)]
    fn inverse_marginal(self, reciprocal: f64) -> f64 {
        self.utility.inverse_marginal(self.factor * reciprocal)
    }
}

impl<U: Indifference> Indifference for Scaled<U> {
    const CLOSED: bool = U::CLOSED;

    #[inline(always)]
    fn indifferent(self, low: f64, high: f64, gain: f64) -> f64 {
        self.utility.indifferent(low, high, gain / self.factor)
    }

    #[inline(always)]
    fn indifferent_all(self, grid: &[f64], gain: impl Fn(usize) -> f64, resources: &mut [f64]) {
        let inverse = 1.0 / self.factor;
        self.utility.indifferent_all(grid, |q| gain(q) * inverse, resources);
    }

    #[inline(always)]
    fn worth(self, consumption: f64, size: f64) -> f64 {
        self.utility.worth(consumption, size / self.factor)
    }

    #[inline(always)]
    fn roundings(self, consumption: f64, value: f64) -> f64 {
        self.factor * self.utility.roundings(consumption, value / self.factor) + value.abs()
    }
}

/// (1−β) ln c.
const UTILITY: Scaled<Log> = Scaled { utility: Log, factor: 1.0 - BETA };

/// At which points an iteration computes V.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reach {
    /// At all.
    All,
    /// Where a later iteration reads it: at the candidates that are looked at.
    InUse,
    /// At all, from V at those in use.
    AllAgain,
}

/// What came of the iteration.
struct Run {
    value: Vec<f64>,
    /// V of the iteration before, and memory for another one.
    next: Vec<f64>,
    stages: Vec<Stage>,
    iterations: usize,
    change: f64,
}

/// The benchmark's problem: grid, resources by state, chain.
#[derive(Debug, Clone)]
pub struct Aruoba {
    chain: Chain,
    capital: Vec<f64>,
    /// z k^α, states × points.
    resources: Vec<f64>,
}

/// What came of the iteration under their rule.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Iterated {
    /// V, states × points, in units of (1−β) utility.
    pub value: Vec<f64>,
    /// The numbers of the points chosen, states × points.
    pub choice: Vec<u32>,
    /// Iterations.
    pub iterations: usize,
    /// The last iteration's largest change.
    pub change: f64,
    /// The guaranteed distance of `value` from the solution on the grid, but for rounding.
    pub bound: f64,
    /// Whether one more application, with all candidates, keeps each of the choices or moves it by one point
    /// at the most.
    pub is_proved: bool,
}

/// The solution on the grid to a guaranteed error.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Solved {
    /// V, states × points, in units of (1−β) utility.
    pub value: Vec<f64>,
    /// The numbers of the points chosen, states × points.
    pub choice: Vec<u32>,
    /// Applications of the operator, to all candidates.
    pub iterations: usize,
    /// The guaranteed distance of `value` from the solution on the grid, rounding included.
    pub bound: f64,
}

/// The exact solution on the line, by state.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ClosedForm {
    /// A_z, in units of (1−β) utility.
    pub level: Vec<f64>,
    /// B_z, in units of (1−β) utility.
    pub slope: Vec<f64>,
    /// θ_z, the share of output that is saved.
    pub saved: Vec<f64>,
}

impl Default for Aruoba {
    fn default() -> Self {
        Self::new()
    }
}

impl Aruoba {
    /// The problem as published.
    pub fn new() -> Self {
        let chain = Chain::aruoba();
        let steady = libm::pow(ALPHA * BETA, 1.0 / (1.0 - ALPHA));
        let capital: Vec<f64> = (0..POINTS).map(|i| 0.5 * steady + STEP * i as f64).collect();
        let output: Vec<f64> = capital.iter().map(|&k| libm::pow(k, ALPHA)).collect();
        let resources = chain.states().iter().flat_map(|z| output.iter().map(move |y| z * y)).collect();
        Self { chain, capital, resources }
    }

    /// The grid points, 17,820.
    pub fn capital(&self) -> &[f64] {
        &self.capital
    }

    /// The chain of productivity, of five states.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// The discount factor.
    pub fn beta(&self) -> f64 {
        BETA
    }

    /// The exact solution of the model without a grid.
    ///
    /// With V = A_z + B_z ln k the right-hand side is (1−β) ln(z k^α (1−θ)) + β Σ P (A + B ln(θ z k^α)),
    /// whose best θ is as above, and comparing coefficients gives two linear systems.
    pub fn closed_form(&self) -> ClosedForm {
        let n = self.chain.len();
        let weight = 1.0 - BETA;
        let product = |values: &[f64]| -> Vec<f64> {
            let row = |z: usize| self.chain.row(z).iter().zip(values).map(|(p, v)| p * v).sum();
            (0..n).map(row).collect()
        };
        let slope = self.solve_linear(ALPHA * BETA, &vec![weight * ALPHA; n]);
        let ahead = product(&slope);
        let saved: Vec<f64> = ahead.iter().map(|b| BETA * b / (weight + BETA * b)).collect();
        let due: Vec<f64> = (0..n)
            .map(|z| {
                let log = libm::log(self.chain.states()[z]);
                weight * (libm::log(1.0 - saved[z]) + log) + BETA * ahead[z] * (libm::log(saved[z]) + log)
            })
            .collect();
        ClosedForm { level: self.solve_linear(BETA, &due), slope, saved }
    }

    /// x with (I − `factor` P) x = `right`.
    fn solve_linear(&self, factor: f64, right: &[f64]) -> Vec<f64> {
        // The sum Σ (factor P)^t right, which converges by 0.95 a term; nothing cancels.
        let n = right.len();
        let mut x = right.to_vec();
        for _ in 0..2000 {
            let next: Vec<f64> = (0..n)
                .map(|z| {
                    right[z] + factor * self.chain.row(z).iter().zip(&x).map(|(p, x)| p * x).sum::<f64>()
                })
                .collect();
            x = next;
        }
        x
    }

    /// max |V − `value`| over all points, with the V of the model without a grid and `value` (states ×
    /// points) in units of (1−β) utility.
    pub fn distance_from_closed_form(&self, value: &[f64]) -> f64 {
        let ClosedForm { level, slope, .. } = self.closed_form();
        let log: Vec<f64> = self.capital.iter().map(|&k| libm::log(k)).collect();
        let of_state = |(z, value): (usize, &[f64])| {
            let off = value.iter().zip(&log).map(|(value, log)| (level[z] + slope[z] * log - value).abs());
            off.fold(0.0, sup)
        };
        value.chunks(POINTS).enumerate().map(of_state).fold(0.0, sup)
    }

    /// The iteration under their rule, with the threads of the pool that it is called in.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](crate::error::Error::Parameter) where the discounted sum is not finite, which it
    /// is.
    pub fn iterate(&self) -> Result<Iterated> {
        let run = self.run(true).or_else(|| self.run(false));
        let never = GrowthError::NotConverged {
            iterations: 0,
            measure: "the change",
            reached: f64::INFINITY,
            tolerance: TOLERANCE,
            advice: "please report this",
        };
        let Run { value, mut next, mut stages, iterations, change } = run.ok_or(never)?;
        let changes: Vec<Change> = stages.iter().map(|stage| stage.change).collect();
        let bound = Discounting::new(BETA, &self.chain)?.plain(&changes);
        let choice: Vec<u32> = stages.iter().flat_map(Stage::choice).collect();
        stages.iter_mut().for_each(Stage::widen);
        self.apply(&mut stages, &value, &mut next);
        let again = stages.iter().flat_map(Stage::choice);
        let is_proved = choice.iter().zip(again).all(|(choice, again)| choice.abs_diff(again) <= 1);
        Ok(Iterated { value, choice, iterations, change, bound, is_proved })
    }

    /// The iteration. Where it `narrows`, none where that was not right.
    fn run(&self, narrows: bool) -> Option<Run> {
        let states = self.chain.len();
        let mut value = vec![0.0; states * POINTS];
        let mut next = vec![0.0; states * POINTS];
        let mut stages: Vec<Stage> = (0..states).map(|_| Stage::default()).collect();
        let (mut iterations, mut reach, mut in_use) = (0, Reach::All, 0..POINTS);
        loop {
            if !self.apply(&mut stages, &value, &mut next) {
                return None;
            }
            std::mem::swap(&mut value, &mut next);
            iterations += 1;
            let change = stages.iter().map(|stage| stage.change).fold(Change::NONE, Change::join).norm();
            // What is no number ends it, too.
            let ends = change.is_nan() || change < TOLERANCE;
            match reach {
                Reach::All if ends => return Some(Run { value, next, stages, iterations, change }),
                Reach::All if iterations == SETTLED && narrows => {
                    stages.iter_mut().for_each(Stage::narrow);
                    let first = stages.iter().map(|stage| stage.window.start).min()?;
                    let last = stages.iter().map(|stage| stage.window.end).max()?;
                    in_use = first..last;
                    stages.iter_mut().for_each(|stage| stage.compute_at(in_use.clone()));
                    reach = Reach::InUse;
                }
                Reach::All => {}
                // The end is only seen at all points.
                Reach::InUse if ends => return None,
                Reach::InUse if change < NEAR * TOLERANCE => {
                    stages.iter_mut().for_each(|stage| stage.compute_at(0..POINTS));
                    reach = Reach::AllAgain;
                }
                Reach::InUse => {}
                Reach::AllAgain => {
                    let changes = value.chunks(POINTS).zip(next.chunks(POINTS)).flat_map(|(value, old)| {
                        value[in_use.clone()].iter().zip(&old[in_use.clone()]).map(|(v, w)| (v - w).abs())
                    });
                    if changes.fold(0.0, sup) < TOLERANCE {
                        return None;
                    }
                    reach = Reach::All;
                }
            }
        }
    }

    /// The solution on the grid within `tolerance`, in units of (1−β) utility, guaranteed: by collocation of
    /// the economy, and one application to all candidates, or more where that is not enough.
    ///
    /// # Errors
    ///
    /// [`GrowthError::NotConverged`] where a thousand applications are not enough for `tolerance`, as
    /// rounding is above it; [`GrowthError::Collocation`], which this problem does not give.
    pub fn solve(&self, tolerance: f64) -> Result<Solved> {
        const MOST: usize = 1000;
        let scale = 1.0 - BETA;
        let discounting = Discounting::new(BETA, &self.chain)?;
        let model = Model::new(1.0, BETA, 1.0, ALPHA)?;
        let economy = Collocation::new(&model, &self.chain, self.capital[0], self.capital[POINTS - 1])?;
        let mut value = economy.values_at(&self.capital);
        value.iter_mut().for_each(|value| *value *= scale);
        let mut next = vec![0.0; value.len()];
        let mut choice = vec![0; value.len()];
        let mut bound = f64::INFINITY;
        for iterations in 1..=MOST {
            let changes = self.apply_once(&value, &mut next, &mut choice);
            std::mem::swap(&mut value, &mut next);
            let (middle, half_width) = discounting.macqueen_porteus(&changes);
            // V rises with k: its ends are its largest.
            let ends = value.chunks(POINTS).flat_map(|value| [value[0], value[POINTS - 1]]);
            let size = ends.fold(0.0, |most, end| sup(most, end.abs()));
            let rounding = vec![2.0 * (5.0 + 5.0 * size) * ROUNDOFF; self.chain.len()];
            bound = half_width + discounting.largest_total(&rounding);
            if bound <= tolerance {
                for (value, middle) in value.chunks_mut(POINTS).zip(middle) {
                    value.iter_mut().for_each(|value| *value += middle);
                }
                return Ok(Solved { value, choice, iterations, bound });
            }
        }
        Err(GrowthError::NotConverged {
            iterations: MOST,
            measure: "the guaranteed error",
            reached: bound,
            tolerance,
            advice: "raise the tolerance",
        }
        .into())
    }

    /// T `value` to `next`, the points chosen to `choice`, and the changes by state: a single application,
    /// with memory for as many states as are worked on at a time.
    fn apply_once(&self, value: &[f64], next: &mut [f64], choice: &mut [u32]) -> Vec<Change> {
        let outputs = next.par_chunks_mut(POINTS).zip(choice.par_chunks_mut(POINTS)).enumerate();
        let applied = outputs.map_init(Stage::default, |stage, (state, (next, choice))| {
            stage.stored.forget();
            let old = &value[state * POINTS..][..POINTS];
            let resources = &self.resources[state * POINTS..][..POINTS];
            stage.apply(&self.capital, self.chain.row(state), resources, value, old, next);
            choice.iter_mut().zip(stage.choice()).for_each(|(choice, chosen)| *choice = chosen);
            stage.change
        });
        applied.collect()
    }

    /// T `value` to `next`, at the rows of each stage; whether the candidates that it looks at were enough.
    fn apply(&self, stages: &mut [Stage], value: &[f64], next: &mut [f64]) -> bool {
        let work = stages.par_iter_mut().zip(next.par_chunks_mut(POINTS)).enumerate();
        let applied = work.map(|(state, (stage, next))| {
            let rows = stage.rows.clone();
            let old = &value[state * POINTS..][rows.clone()];
            let resources = &self.resources[state * POINTS..][rows.clone()];
            let chances = self.chain.row(state);
            stage.apply(&self.capital, chances, resources, value, old, &mut next[rows])
        });
        applied.reduce(|| true, |all, one| all && one)
    }
}

/// One state's stage.
#[derive(Debug)]
struct Stage {
    /// The candidates looked at.
    window: Range<usize>,
    /// The points at which V is computed.
    rows: Range<usize>,
    stored: StoredPolicy,
    /// The choices where they are not in `stored`; else empty.
    searched: Vec<u32>,
    /// E V at the candidates.
    expected: Vec<f64>,
    change: Change,
}

impl Default for Stage {
    fn default() -> Self {
        let stored = StoredPolicy::default();
        Self {
            window: 0..POINTS,
            rows: 0..POINTS,
            stored,
            searched: Vec::new(),
            expected: vec![0.0; POINTS],
            change: Change::NONE,
        }
    }
}

impl Stage {
    fn choice(&self) -> impl Iterator<Item = u32> {
        let found = if self.searched.is_empty() { self.stored.choice() } else { &self.searched };
        found.iter().map(|&j| j + self.window.start as u32)
    }

    /// Looks at candidates in use only, and some around them.
    fn narrow(&mut self) {
        let (mut least, mut most) = (POINTS, 0);
        for j in self.choice() {
            (least, most) = (least.min(j as usize), most.max(j as usize));
        }
        if least <= most {
            self.window = least.saturating_sub(MARGIN)..POINTS.min(most + MARGIN + 1);
            self.stored = StoredPolicy::default();
        }
    }

    /// Computes V at the points `rows`.
    fn compute_at(&mut self, rows: Range<usize>) {
        self.rows = rows;
        self.stored = StoredPolicy::default();
    }

    /// Looks at all candidates, at all points.
    fn widen(&mut self) {
        (self.window, self.rows) = (0..POINTS, 0..POINTS);
        self.stored = StoredPolicy::default();
    }

    /// Whether the candidates that are looked at were enough; where these are all, they are.
    #[allow(clippy::too_many_arguments)]
    fn apply(
        &mut self,
        capital: &[f64],
        chances: &[f64],
        resources: &[f64],
        value: &[f64],
        old: &[f64],
        next: &mut [f64],
    ) -> bool {
        let window = self.window.clone();
        let expected = &mut self.expected[..window.len()];
        Vectors::best().run(Expectation { chances, value, first: window.start, expected });
        let grid = &capital[window.clone()];
        let choices = Choices { grid, resources, continuation: expected, beta: BETA, utility: UTILITY };
        let found = self.stored.apply(choices, old, next);
        let at_an_end = |j: Option<&u32>, end: usize| j.is_some_and(|&j| j as usize + window.start == end);
        let choice = self.stored.choice();
        let leaves = window.start > 0 && at_an_end(choice.first(), window.start)
            || window.end < POINTS && at_an_end(choice.last(), window.end - 1);
        match found {
            Some(change) => {
                self.change = change;
                self.searched.clear();
            }
            // All candidates one after another, which this problem does not need.
            None if window.len() == POINTS => (self.change, self.searched) = search(choices, old, next),
            None => return false,
        }
        !leaves
    }
}

/// All candidates of all rows: the change, and the first of the best candidates by row.
fn search<U: Indifference>(choices: Choices<'_, U>, old: &[f64], next: &mut [f64]) -> (Change, Vec<u32>) {
    let mut change = Change::NONE;
    let rows = choices.resources.iter().zip(old).zip(next);
    let best = rows.map(|((f, old), next)| {
        let mut best = 0;
        *next = f64::NEG_INFINITY;
        for (j, (k, c)) in choices.grid.iter().zip(choices.continuation).enumerate() {
            let total = choices.utility.value(f - k) + choices.beta * c;
            if k < f && total > *next {
                (best, *next) = (j as u32, total);
            }
        }
        change.add(*next - old);
        best
    });
    let best = best.collect();
    (change, best)
}

/// Σ_z′ P(z, z′) V(k, z′) at some points.
struct Expectation<'a> {
    chances: &'a [f64],
    /// states × points.
    value: &'a [f64],
    first: usize,
    expected: &'a mut [f64],
}

impl Vectorized for Expectation<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { chances, value, first, expected } = self;
        let n = expected.len();
        let mut terms: Vec<(f64, &[f64])> = Vec::with_capacity(chances.len());
        for (state, &chance) in chances.iter().enumerate() {
            if chance != 0.0 {
                terms.push((chance, &value[state * POINTS + first..][..n]));
            }
        }
        // Three states at a time: as many as one leads to, so that the sum is written once.
        match terms[..] {
            [(p, v), (q, w)] => {
                for i in 0..n {
                    expected[i] = p * v[i] + q * w[i];
                }
            }
            [(p, v), (q, w), (r, x)] => {
                for i in 0..n {
                    expected[i] = p * v[i] + q * w[i] + r * x[i];
                }
            }
            _ => {
                expected.fill(0.0);
                for (chance, values) in terms {
                    for i in 0..n {
                        expected[i] += chance * values[i];
                    }
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    #[ignore = "a minute without optimization"]
    fn the_published_numbers_come_out() {
        let problem = Aruoba::new();
        let found = problem.iterate().unwrap();
        assert_eq!(found.iterations, 257);
        assert_eq!(format!("{:.3e}", found.change), "9.716e-8");
        let checked = problem.capital()[found.choice[2 * POINTS + 999] as usize];
        assert_eq!(format!("{checked:.6}"), "0.146549");
        assert!(found.is_proved);
        // All 89,100 choices are those of the C++ (`benches/peers/aruoba.cpp`).
        let bytes: Vec<u8> = found.choice.iter().flat_map(|j| j.to_le_bytes()).collect();
        assert_eq!(crc32fast::hash(&bytes), 0x6346_5797);
        // Within what is guaranteed of the gridded problem and the grid's own error, which is far smaller.
        assert!(found.bound < 1.95e-6 && problem.distance_from_closed_form(&found.value) < 1.95e-6);
    }

    #[test]
    #[ignore = "a minute without optimization"]
    fn what_no_iteration_reads_changes_nothing() {
        let problem = Aruoba::new();
        let (narrow, all) = (problem.run(true).unwrap(), problem.run(false).unwrap());
        assert_eq!((narrow.iterations, narrow.change), (all.iterations, all.change));
        assert!(narrow.value == all.value && narrow.next == all.next);
        let choice = |run: &Run| run.stages.iter().flat_map(Stage::choice).collect::<Vec<_>>();
        assert!(choice(&narrow) == choice(&all));
        // The first looks at fewer candidates.
        assert!(narrow.stages[0].window.len() < POINTS / 2 && all.stages[0].window.len() == POINTS);
    }

    #[test]
    #[ignore = "a minute without optimization"]
    fn one_application_guarantees_the_solution_on_the_grid() {
        let problem = Aruoba::new();
        let found = problem.solve(1e-7).unwrap();
        assert_eq!(found.iterations, 1);
        assert!(found.bound < 1e-8, "{}", found.bound);
        // Four hundred plain applications more, which come within 1e-9 of the solution on the grid.
        let mut stages: Vec<Stage> = (0..5).map(|_| Stage::default()).collect();
        let mut value = problem.iterate().unwrap().value;
        let mut next = vec![0.0; value.len()];
        for _ in 0..400 {
            problem.apply(&mut stages, &value, &mut next);
            std::mem::swap(&mut value, &mut next);
        }
        let left = stages.iter().map(|stage| stage.change).fold(Change::NONE, Change::join).norm() / 0.05;
        let apart = value.iter().zip(&found.value).fold(0.0, |most, (a, b)| sup(most, (a - b).abs()));
        assert!(left < 1e-10 && apart <= found.bound + 2.0 * left, "{apart:e} {left:e} {:e}", found.bound);
        // No bound is stated that rounding does not allow.
        assert!(matches!(problem.solve(1e-16), Err(crate::Error::Growth(GrowthError::NotConverged { .. }))));
    }

    #[test]
    fn the_closed_form_solves_the_bellman_equation() {
        let problem = Aruoba::new();
        let ClosedForm { level, slope, saved } = problem.closed_form();
        let value = |k: f64, z: usize| level[z] + slope[z] * k.ln();
        for (z, &productivity) in problem.chain().states().iter().enumerate() {
            for k in [0.09_f64, 0.18, 0.26] {
                let output = productivity * k.powf(ALPHA);
                let total = |share: f64| {
                    let row = problem.chain().row(z);
                    let ahead: f64 = (0..row.len()).map(|to| row[to] * value(share * output, to)).sum();
                    (1.0 - BETA) * ((1.0 - share) * output).ln() + BETA * ahead
                };
                assert!((total(saved[z]) - value(k, z)).abs() < 1e-13);
                // The best share.
                for other in [saved[z] - 1e-3, saved[z] + 1e-3] {
                    assert!(total(other) < total(saved[z]) - 1e-8);
                }
            }
        }
        // The distance is that of the value it is given.
        let mut exact: Vec<f64> = Vec::new();
        for z in 0..problem.chain().len() {
            exact.extend(problem.capital().iter().map(|&k| value(k, z)));
        }
        assert!(problem.distance_from_closed_form(&exact) < 1e-14);
        exact[3 * POINTS + 77] += 1e-3;
        assert!((problem.distance_from_closed_form(&exact) - 1e-3).abs() < 1e-14);
        // A row that sums to 1.0001 makes it differ from αβ; with rows that sum to 1 it would not.
        assert!((saved[2] - ALPHA * BETA).abs() > 1e-6);
    }
}
