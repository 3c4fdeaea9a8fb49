//! Euler errors at many points: [`Collocation::euler_error`] at each, side by side.
//!
//! ```text
//! |(β Σ P(z,z′) (c(k′,z′)/c(k,z))^(−σ) (α z′ k′^(α−1) + 1 − δ))^(−1/σ) − 1|,   k′ = z k^α + (1−δ) k − c(k,z)
//! ```

use super::Collocation;
use super::chebyshev::{Scale, recurrence};
use crate::growth::math::{exp_side_by_side, expm1_side_by_side, log_side_by_side};
use crate::vector::{Lanes, Vectorized};

/// Points side by side.
const SIDE_BY_SIDE: usize = 16;

/// Relative Euler errors in one state at each of `capital`, to `errors`.
pub(super) struct EulerErrors<'a> {
    pub(super) solution: &'a Collocation,
    pub(super) state: usize,
    pub(super) capital: &'a [f64],
    pub(super) errors: &'a mut [f64],
}

/// What is the same at all points.
#[derive(Clone, Copy)]
struct Common<'a> {
    scale: Scale,
    /// Of ln c, states × n.
    coefficients: &'a [f64],
    n: usize,
    state: usize,
    productivity: &'a [f64],
    /// P(z, ·).
    chances: &'a [f64],
    alpha: f64,
    beta: f64,
    sigma: f64,
    /// 1 − δ.
    kept: f64,
}

impl Common<'_> {
    /// ln c in a state at each x.
    #[inline(always)]
    fn log_consumption(&self, state: usize, x: &[f64; SIDE_BY_SIDE]) -> [f64; SIDE_BY_SIDE] {
        recurrence(&self.coefficients[state * self.n..(state + 1) * self.n], x)
    }

    #[inline(always)]
    fn errors(&self, capital: &[f64; SIDE_BY_SIDE]) -> [f64; SIDE_BY_SIDE] {
        let log = capital.map(log_side_by_side);
        let log_now = self.log_consumption(self.state, &log.map(|log| self.scale.of_log(log)));
        let mut log_next = [0.0; SIDE_BY_SIDE];
        for at in 0..SIDE_BY_SIDE {
            let output = self.productivity[self.state] * exp_side_by_side(self.alpha * log[at]);
            let resources = output + self.kept * capital[at];
            log_next[at] = log_side_by_side(resources - exp_side_by_side(log_now[at]));
        }
        let x = log_next.map(|log| self.scale.of_log(log));
        // α k′^(α−1), of productivity 1.
        let marginal = log_next.map(|log| self.alpha * exp_side_by_side((self.alpha - 1.0) * log));
        let mut expected = [0.0; SIDE_BY_SIDE];
        for (to, (&chance, &productivity)) in self.chances.iter().zip(self.productivity).enumerate() {
            if chance == 0.0 {
                continue;
            }
            let log_then = self.log_consumption(to, &x);
            for at in 0..SIDE_BY_SIDE {
                // In logarithms relative to today's: no overflow.
                let growth = log_then[at] - log_now[at];
                let gross_return = productivity * marginal[at] + self.kept;
                expected[at] += chance * exp_side_by_side(-self.sigma * growth) * gross_return;
            }
        }
        expected.map(|sum| expm1_side_by_side(-log_side_by_side(self.beta * sum) / self.sigma).abs())
    }
}

impl Vectorized for EulerErrors<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { solution, state, capital, errors } = self;
        let economy = &solution.economy;
        let model = economy.model();
        let common = Common {
            scale: solution.scale,
            coefficients: &solution.consumption,
            n: solution.consumption.len() / economy.len(),
            state,
            productivity: economy.states(),
            chances: economy.row(state),
            alpha: model.alpha(),
            beta: model.beta(),
            sigma: model.sigma(),
            kept: 1.0 - model.delta(),
        };
        for (capital, errors) in capital.chunks(SIDE_BY_SIDE).zip(errors.chunks_mut(SIDE_BY_SIDE)) {
            // A last block that is not full repeats its first point.
            let mut block = [capital[0]; SIDE_BY_SIDE];
            block[..capital.len()].copy_from_slice(capital);
            errors.copy_from_slice(&common.errors(&block)[..capital.len()]);
        }
    }
}
