//! The problem on the grid: the model, its shocks, the capital grid and the rule of choice.
//!
//! Next period's capital is chosen between the ends of the grid, either anywhere (V is then interpolated
//! linearly between the points) or at the points alone. In state z of Z, with resources y_zi = z k_i^α +
//! (1−δ) k_i, the *gridded problem* is to find the Z·N values with
//!
//! ```text
//! V_zi = max over k′ in [k_0, k_{N−1}], k′ < y_zi, of U(y_zi − k′) + β Σ_z′ P(z, z′) V(k′, z′)
//! ```
//!
//! Its solution V_N exists and is unique because the right-hand side is a contraction (by β, where the rows
//! of P sum to 1). Choosing k′ = k_0 must leave something to consume at every point and in every state: y_00
//! > k_0, the one condition that the ends of the grid have to meet.
//!
//! **Layout.** Figures at the *nodes* (z, k) stand in one vector of length Z·N, state by state: that of node
//! (z, i) at z·N + i. Without shocks Z is 1, productivity 1, and V a function of k alone.

use rayon::prelude::*;

use super::chain::Chain;
use super::choice::Choice;
use super::discount::Discounting;
use super::error::GrowthError;
use super::grid::{Grid, GridSpec, increasing};
use super::memory::check_reservable;
use super::model::Model;
use super::rows::ROWS_A_TASK;
use crate::error::{Error, Result};
use crate::figures::figure;

/// The gridded problem: a model, its shocks, a grid and the rule of choice.
#[derive(Debug, Clone)]
pub struct Problem {
    model: Model,
    chain: Chain,
    discounting: Discounting,
    grid: Grid,
    choice: Choice,
    /// y_zi, Z × N, strictly increasing in each state.
    resources: Vec<f64>,
}

impl Problem {
    /// The problem of `model` without shocks on the grid of `spec`.
    ///
    /// # Errors
    ///
    /// As [`with_shocks`](Self::with_shocks).
    pub fn new(model: Model, spec: GridSpec, choice: Choice) -> Result<Self> {
        Self::with_shocks(model, Chain::certain(), spec, choice)
    }

    /// The problem of `model` with productivity that follows `chain` on the grid of `spec`.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the grid makes no sense or the discounted sum of utility is not finite,
    /// [`GrowthError::Consumption`] where nothing is left to consume at some point, [`Error::Memory`] where
    /// the system does not give the memory.
    pub fn with_shocks(model: Model, chain: Chain, spec: GridSpec, choice: Choice) -> Result<Self> {
        let discounting = Discounting::new(model.beta(), &chain)?;
        let what = || match chain.len() {
            1 => format!("a grid of {} points", spec.points),
            states => format!("a grid of {} points in {states} states", spec.points),
        };
        check_reservable(what, spec.bytes(chain.len()), "choose a smaller `points`")?;
        let steady = model.steady_state();
        let grid = Grid::new(spec, steady)?;
        let (lowest, _) = grid.ends();
        for &productivity in chain.states() {
            let left = model.resources_at(productivity, lowest) - lowest;
            // A difference in the last digits of f(k) would be rounding, not consumption.
            if left <= 1e-9 * lowest {
                let sustainable = model.largest_sustainable_capital_at(productivity);
                let (low, largest) = (spec.low, sustainable / steady.capital);
                return Err(GrowthError::Consumption { low, largest, productivity }.into());
            }
        }
        let problem = Self::on(model, chain, discounting, grid, choice);
        if !problem.resources.chunks(spec.points).all(increasing) {
            return Err(spec.too_many_points());
        }
        let first = problem.capital()[0];
        let fits = |resources: &[f64]| {
            let values = [resources[0], resources[spec.points - 1]].map(|resources| {
                problem
                    .discounting
                    .largest_total(&vec![model.utility(resources - first).abs(); problem.states()])
            });
            values.into_iter().all(|value| value < 1e200)
        };
        if !problem.resources.chunks(spec.points).all(fits) {
            let requirement =
                "utility overflows on this grid; choose a smaller one, or a `low` closer to 1".into();
            return Err(Error::Parameter { name: "sigma", value: figure(model.sigma()), requirement });
        }
        Ok(problem)
    }

    fn on(model: Model, chain: Chain, discounting: Discounting, grid: Grid, choice: Choice) -> Self {
        let resources = resources(&model, &chain, grid.capital());
        Self { model, chain, discounting, grid, choice, resources }
    }

    /// The same model between the same ends with another number of points and rule of choice.
    pub(super) fn with_points(&self, points: usize, choice: Choice) -> Self {
        let (chain, discounting) = (self.chain.clone(), self.discounting.clone());
        Self::on(self.model, chain, discounting, self.grid.with_points(points), choice)
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The shocks: one state with productivity 1 where there are none.
    pub fn chain(&self) -> &Chain {
        &self.chain
    }

    /// Whether there are shocks: otherwise an expectation is the value itself.
    pub fn has_shocks(&self) -> bool {
        self.chain.states() != [1.0] || self.chain.transition() != [1.0]
    }

    /// Sums over all periods to come.
    pub(super) fn discounting(&self) -> &Discounting {
        &self.discounting
    }

    /// The capital grid.
    pub fn grid(&self) -> &Grid {
        &self.grid
    }

    /// The grid as asked for.
    pub fn spec(&self) -> GridSpec {
        self.grid.spec()
    }

    /// Which next capital may be chosen.
    pub fn choice(&self) -> Choice {
        self.choice
    }

    /// Capital k_i at the N grid points, increasing.
    pub fn capital(&self) -> &[f64] {
        self.grid.capital()
    }

    /// Resources y_zi at the Z × N nodes, increasing in each state.
    pub fn resources(&self) -> &[f64] {
        &self.resources
    }

    /// Resources in state `state` at the N grid points, increasing.
    pub fn resources_in(&self, state: usize) -> &[f64] {
        self.of(state, &self.resources)
    }

    /// Of figures at the nodes (Z × N) those in state `state` (N).
    pub fn of<'a>(&self, state: usize, at_nodes: &'a [f64]) -> &'a [f64] {
        &at_nodes[state * self.len()..(state + 1) * self.len()]
    }

    /// The expectation P V of `value` (Z × N), given the state, to `expected` (Z × N).
    pub(super) fn expectation(&self, value: &[f64], expected: &mut [f64]) {
        let n = self.len();
        // Chunks of points, so that what is read for one state is at hand for the next.
        const POINTS: usize = 512;
        let of_state = |(state, expected): (usize, &mut [f64])| {
            expected.fill(0.0);
            for (first, expected) in (0..n).step_by(POINTS).zip(expected.chunks_mut(POINTS)) {
                for (p, value) in self.chain.row(state).iter().zip(value.chunks(n)) {
                    if *p > 0.0 {
                        let value = &value[first..first + expected.len()];
                        expected.iter_mut().zip(value).for_each(|(sum, v)| *sum += p * v);
                    }
                }
            }
        };
        if value.len() <= ROWS_A_TASK {
            expected.chunks_mut(n).enumerate().for_each(of_state);
        } else {
            expected.par_chunks_mut(n).enumerate().for_each(of_state);
        }
    }

    /// Number of grid points N.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.grid.len()
    }

    /// Number of states of productivity Z; 1 without shocks.
    pub fn states(&self) -> usize {
        self.chain.len()
    }

    /// Number of nodes Z · N.
    pub fn nodes(&self) -> usize {
        self.states() * self.len()
    }

    /// The segment j, 0 … N−2, with k_j ≤ k ≤ k_{j+1}; the nearest segment where k lies outside of the grid.
    pub fn segment(&self, capital: f64) -> usize {
        self.grid.segment(capital)
    }

    /// The piecewise linear function through (k_i, `at_points`_i) at `capital`, which must lie on the grid.
    pub fn interpolate(&self, at_points: &[f64], capital: f64) -> f64 {
        self.grid.interpolate(at_points, capital)
    }
}

/// z k^α + (1−δ) k at each state of `chain` and each `capital`.
fn resources(model: &Model, chain: &Chain, capital: &[f64]) -> Vec<f64> {
    let n = capital.len();
    let at = |node: usize| model.resources_at(chain.states()[node / n], capital[node % n]);
    let nodes = chain.len() * n;
    if nodes <= ROWS_A_TASK {
        (0..nodes).map(at).collect()
    } else {
        (0..nodes).into_par_iter().with_min_len(ROWS_A_TASK).map(at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids_without_consumption_name_the_flag() {
        let model = Model::default();
        let largest = model.largest_sustainable_capital() / model.steady_state().capital;
        let grid =
            |low| Problem::new(model, GridSpec { low, high: 100.0, ..GridSpec::default() }, Choice::Grid);
        let message = grid(largest * 1.001).unwrap_err().to_string();
        assert!(message.contains("`low`"), "{message}");
        assert!(grid(largest * 0.999).is_ok());
    }

    #[test]
    fn too_many_points_are_refused_before_they_are_allocated() {
        let spec = GridSpec { points: usize::MAX, ..GridSpec::default() };
        assert!(matches!(Problem::new(Model::default(), spec, Choice::Grid), Err(Error::Memory { .. })));
    }
}
