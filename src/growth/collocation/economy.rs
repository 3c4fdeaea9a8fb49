//! The economy that is solved: a model and a chain of productivity, in the terms that the equations take.

use crate::growth::chain::Chain;
use crate::growth::model::Model;

/// A model with a chain of productivity.
#[derive(Debug, Clone)]
pub(in crate::growth) struct Economy {
    model: Model,
    chain: Chain,
}

impl Economy {
    pub(in crate::growth) fn new(model: &Model, chain: &Chain) -> Self {
        Self { model: *model, chain: chain.clone() }
    }

    /// Number of states of productivity.
    pub(in crate::growth) fn len(&self) -> usize {
        self.chain.len()
    }

    pub(in crate::growth) fn model(&self) -> &Model {
        &self.model
    }

    pub(in crate::growth) fn beta(&self) -> f64 {
        self.model.beta()
    }

    pub(in crate::growth) fn sigma(&self) -> f64 {
        self.model.sigma()
    }

    /// z of a state.
    pub(in crate::growth) fn productivity(&self, state: usize) -> f64 {
        self.chain.states()[state]
    }

    /// z by state.
    pub(in crate::growth) fn states(&self) -> &[f64] {
        self.chain.states()
    }

    /// The probabilities P(z, z′) of tomorrow's states.
    pub(in crate::growth) fn row(&self, state: usize) -> &[f64] {
        self.chain.row(state)
    }

    /// z k^α + (1−δ) k.
    pub(in crate::growth) fn resources(&self, state: usize, capital: f64) -> f64 {
        self.productivity(state) * self.model.output(capital) + (1.0 - self.model.delta()) * capital
    }

    /// α z k^(α−1) + 1 − δ at a capital whose logarithm is given.
    pub(in crate::growth) fn gross_return(&self, state: usize, log_capital: f64) -> f64 {
        let alpha = self.model.alpha();
        let marginal = alpha * self.productivity(state) * libm::exp((alpha - 1.0) * log_capital);
        marginal + (1.0 - self.model.delta())
    }
}
