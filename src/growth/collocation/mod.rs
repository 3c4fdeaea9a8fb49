//! Collocation: the solution of the economy itself, without a grid, to rounding.
//!
//! Consumption is sought as ln c(k, z) = Σ_j a_{z,j} T_j(x), with x linear in ln k (`chebyshev.rs`) and a
//! polynomial for each state z of productivity. The Euler equation is to hold exactly at the nodes,
//!
//! ```text
//! R_z(k) = ln c(k, z) + (1/σ) ln( β Σ P(z,z′) c(k′, z′)^(−σ) (α z′ k′^(α−1) + 1 − δ) ) = 0
//! k′ = z k^α + (1−δ) k − c(k, z)
//! ```
//!
//! which are as many equations as coefficients (Judd 1992, "Projection methods for solving aggregate growth
//! models"). In logarithms both sides are nearly linear, so that few coefficients do and Newton's method
//! converges from afar (`newton.rs`). The number of coefficients grows until the last ones are rounding, and
//! the equation holds between the nodes as well as at them.
//!
//! V follows from c by one linear system: with V(k, z) = Σ_j v_{z,j} T_j(x), at the nodes,
//!
//! ```text
//! V(k, z) − β Σ P(z,z′) V(k′, z′) = U(c(k, z))
//! ```
//!
//! This is the economy's own solution as long as capital stays between `low` and `high`, which is checked:
//! where it leaves, there is no solution to be had on that range, and the error says so. Nothing is
//! guaranteed here, only measured: [`enclose`](super::enclose) turns it into bounds.

mod chebyshev;
mod economy;
mod euler;
mod newton;
mod start;
#[cfg(test)]
mod tests;

use rayon::prelude::*;

use self::chebyshev::{Exponentials, Polynomial, Scale, Xs, evaluate};
pub(super) use self::economy::Economy;
use self::euler::EulerErrors;
use self::newton::Newton;
pub(super) use self::start::endogenous_grid;
#[cfg(test)]
pub(super) use self::tests::closed_form;
use super::chain::Chain;
use super::error::GrowthError;
use super::euler::{EULER_POINTS, logarithm};
use super::linear::solve_linear;
use super::model::Model;
use super::sup::sup;
use super::utility::{Utility, with_utility};
use crate::error::Result;
use crate::vector::Vectors;

/// Numbers of coefficients a state that are tried, one after another.
const DEGREES: [usize; 10] = [8, 16, 22, 30, 42, 60, 84, 120, 170, 220];

/// The most unknowns: of more, one step of Newton's method takes seconds.
const MOST_UNKNOWNS: usize = 1600;

/// Coefficients below this share of the largest are rounding.
const ROUNDED: f64 = 4e-15;

/// Residuals off the nodes that rounding alone may leave, a unit of the condition 1/(1−β).
const RESIDUAL: f64 = 2e-14;

/// A solution that is less exact than this is none.
const WORST: f64 = 1e-9;

/// The solution of the economy by collocation.
#[derive(Debug, Clone)]
pub struct Collocation {
    economy: Economy,
    scale: Scale,
    /// Of ln c, states × n.
    consumption: Vec<f64>,
    /// Of V, states × m.
    value: Vec<f64>,
    steps: usize,
    residual: f64,
}

impl Collocation {
    /// Solves the model with the chain of productivity on capital from `low` to `high`.
    ///
    /// # Errors
    ///
    /// [`GrowthError::Collocation`] with the reason, where capital leaves that range or no polynomial of the
    /// degrees that are tried solves the equation to 1e-9.
    pub fn new(model: &Model, chain: &Chain, low: f64, high: f64) -> Result<Self> {
        let economy = Economy::new(model, chain);
        let scale = Scale::new(low, high);
        let solved = economy.clone();
        let mut newton = Newton::new(&solved, scale, low, high);
        let mut failures = 0;
        let mut best: Option<(f64, Vec<f64>)> = None;
        let mut reason = "too many states for collocation: 1,600 coefficients are the most".to_string();
        for nodes in DEGREES {
            if nodes * economy.len() > MOST_UNKNOWNS {
                break;
            }
            if !newton.solve(nodes) {
                reason = "Newton's method does not converge; capital may leave the range, so move `low` and \
                          `high` apart, around 1"
                    .into();
                failures += 1;
                if failures == 3 {
                    break;
                }
                continue;
            }
            if let Some(why) = newton.leaves() {
                reason = why;
                failures += 1;
                if failures == 3 {
                    break;
                }
                continue;
            }
            let residual = newton.residual_between();
            let is_better = best.as_ref().is_none_or(|(least, _)| residual < *least);
            // Where more coefficients do not help any more, rounding is what is left.
            let stalls = best.as_ref().is_some_and(|(least, _)| *least < 1e-11 && residual > 0.1 * least);
            if is_better {
                best = Some((residual, newton.coefficients().to_vec()));
            }
            let floor = RESIDUAL + 2e-16 / (1.0 - economy.beta());
            if stalls || residual <= floor && newton.tail() <= ROUNDED {
                break;
            }
            reason = format!("with {nodes} coefficients the Euler equation is off by {residual:.1e}");
        }
        let Some((residual, consumption)) = best.filter(|(residual, _)| *residual <= WORST) else {
            return Err(GrowthError::Collocation { reason }.into());
        };
        let mut solution =
            Self { economy, scale, consumption, value: Vec::new(), steps: newton.steps, residual };
        solution.evaluate_policy(low, high)?;
        Ok(solution)
    }

    /// Solves for V, with more coefficients than ln c has where it needs them.
    fn evaluate_policy(&mut self, low: f64, high: f64) -> Result<()> {
        let (states, first) = (self.economy.len(), self.consumption.len() / self.economy.len());
        let tail = |v: &[f64], n: usize| {
            let largest = v.iter().fold(0.0, |most, v| sup(most, v.abs()));
            let last = v.chunks(n).flat_map(|v| &v[n - 2..]).fold(0.0, |most, v| sup(most, v.abs()));
            last / largest
        };
        let mut least = f64::INFINITY;
        for nodes in std::iter::once(first).chain(DEGREES.into_iter().filter(|&n| n > first)) {
            if nodes * states > MOST_UNKNOWNS {
                break;
            }
            let Some(value) = self.value_at(nodes, low, high) else { break };
            let tail = tail(&value, nodes);
            let stalls = least < 1e-12 && tail > 0.1 * least;
            if tail < least {
                (least, self.value) = (tail, value);
            }
            if stalls || least <= ROUNDED {
                break;
            }
        }
        if least <= WORST {
            return Ok(());
        }
        let reason = format!("the last coefficients of V are {least:.1e} of the largest");
        Err(GrowthError::Collocation { reason }.into())
    }

    /// The coefficients of V with `n` a state.
    fn value_at(&self, n: usize, low: f64, high: f64) -> Option<Vec<f64>> {
        let states = self.economy.len();
        let size = states * n;
        let (mut matrix, mut right) = (vec![0.0; size * size], vec![0.0; size]);
        let (mut here, mut there, mut slopes) = (vec![0.0; n], vec![0.0; n], vec![0.0; n]);
        for (i, x) in chebyshev::nodes(n).into_iter().enumerate() {
            let capital = libm::exp(self.scale.log(x));
            chebyshev::basis(x, &mut here, &mut slopes);
            for state in 0..states {
                let resources = self.economy.resources(state, capital);
                let consumption = libm::exp(evaluate(self.log_consumption(state), x));
                let next = (resources - consumption).clamp(low, high);
                chebyshev::basis(self.scale.of_log(libm::log(next)), &mut there, &mut slopes);
                let row = &mut matrix[(state * n + i) * size..(state * n + i + 1) * size];
                row[state * n..(state + 1) * n].copy_from_slice(&here);
                for (to, &p) in self.economy.row(state).iter().enumerate() {
                    let discounted = self.economy.beta() * p;
                    for (entry, t) in row[to * n..(to + 1) * n].iter_mut().zip(&there) {
                        *entry -= discounted * t;
                    }
                }
                right[state * n + i] = with_utility!(known self.economy.sigma(), |u| u.value(consumption));
            }
        }
        solve_linear(&mut matrix, &mut right).then_some(right)
    }

    fn log_consumption(&self, state: usize) -> &[f64] {
        let n = self.consumption.len() / self.economy.len();
        &self.consumption[state * n..(state + 1) * n]
    }

    fn x(&self, capital: f64) -> f64 {
        self.scale.of_log(libm::log(capital))
    }

    /// Consumption at `capital` in a state (a number from 0).
    pub fn consumption(&self, state: usize, capital: f64) -> f64 {
        libm::exp(evaluate(self.log_consumption(state), self.x(capital)))
    }

    /// Next period's capital k′ at `capital` in a state.
    pub fn capital_next(&self, state: usize, capital: f64) -> f64 {
        self.economy.resources(state, capital) - self.consumption(state, capital)
    }

    /// V at `capital` in a state, in units of utility.
    pub fn value(&self, state: usize, capital: f64) -> f64 {
        let m = self.value.len() / self.economy.len();
        evaluate(&self.value[state * m..(state + 1) * m], self.x(capital))
    }

    /// The relative Euler error |1 − implied/actual consumption| at `capital` in a state.
    pub fn euler_error(&self, state: usize, capital: f64) -> f64 {
        let economy = &self.economy;
        let log_now = evaluate(self.log_consumption(state), self.x(capital));
        let log_next = libm::log(economy.resources(state, capital) - libm::exp(log_now));
        let x = self.scale.of_log(log_next);
        let expected = |(to, p): (usize, &f64)| {
            // In logarithms relative to today's: no overflow.
            let growth = evaluate(self.log_consumption(to), x) - log_now;
            p * libm::exp(-economy.sigma() * growth) * economy.gross_return(to, log_next)
        };
        let sum: f64 = economy.row(state).iter().enumerate().map(expected).sum();
        libm::expm1(-libm::log(economy.beta() * sum) / economy.sigma()).abs()
    }

    /// The largest and the mean Euler error in all states, log10, at the points of
    /// [`EULER_POINTS`](super::EULER_POINTS).
    pub(super) fn euler_summary(&self, low: f64, high: f64) -> (f64, f64) {
        const GOLDEN: f64 = 0.618_033_988_749_894_9;
        let point = |number: usize| low + (high - low) * (number as f64 * GOLDEN).fract();
        let errors = self.relative_euler_errors(&(1..=EULER_POINTS).map(point).collect::<Vec<f64>>());
        let greatest = errors.iter().fold(0.0, |most, &error| sup(most, error));
        let sum: f64 = errors.iter().sum();
        (logarithm(greatest), logarithm(sum / errors.len() as f64))
    }

    /// Euler errors at the points of `capital`, log10, states × N.
    pub fn euler_errors(&self, capital: &[f64]) -> Vec<f64> {
        let mut errors = self.relative_euler_errors(capital);
        errors.iter_mut().for_each(|error| *error = logarithm(*error));
        errors
    }

    /// The relative Euler errors at the points of `capital`, states × N.
    fn relative_euler_errors(&self, capital: &[f64]) -> Vec<f64> {
        const POINTS_A_TASK: usize = 4096;
        let mut errors = vec![0.0; self.economy.len() * capital.len()];
        for (state, errors) in errors.chunks_mut(capital.len().max(1)).enumerate() {
            let tasks = capital.par_chunks(POINTS_A_TASK).zip(errors.par_chunks_mut(POINTS_A_TASK));
            tasks.for_each(|(capital, errors)| {
                Vectors::best().run(EulerErrors { solution: self, state, capital, errors });
            });
        }
        errors
    }

    /// V, k′ and consumption at the points of `capital`, each states × N.
    pub fn at(&self, capital: &[f64]) -> (Vec<f64>, Vec<f64>, Vec<f64>) {
        let (states, n) = (self.economy.len(), capital.len());
        let xs = self.xs(capital);
        let (value, consumption) = (self.values_at_x(&xs), self.consumption_at_x(&xs));
        let next = (0..states * n)
            .map(|row| self.economy.resources(row / n, capital[row % n]) - consumption[row])
            .collect();
        (value, next, consumption)
    }

    /// V at the points of `capital`, states × N, in units of utility.
    pub fn values_at(&self, capital: &[f64]) -> Vec<f64> {
        self.values_at_x(&self.xs(capital))
    }

    fn values_at_x(&self, xs: &[f64]) -> Vec<f64> {
        self.polynomials(&self.value, xs)
    }

    /// The polynomials with these coefficients, one a state, at `xs`: states × N.
    fn polynomials(&self, coefficients: &[f64], xs: &[f64]) -> Vec<f64> {
        let (states, n) = (self.economy.len(), xs.len());
        let mut values = vec![0.0; states * n];
        let of_states = coefficients.chunks(coefficients.len() / states).zip(values.chunks_mut(n.max(1)));
        of_states.for_each(|(coefficients, values)| {
            Vectors::best().run(Polynomial { coefficients, xs, values });
        });
        values
    }

    fn xs(&self, capital: &[f64]) -> Vec<f64> {
        let mut xs = vec![0.0; capital.len()];
        Vectors::best().run(Xs { scale: self.scale, capital, xs: &mut xs });
        xs
    }

    /// Consumption at the points of `capital`, states × N.
    pub fn consumption_at(&self, capital: &[f64]) -> Vec<f64> {
        self.consumption_at_x(&self.xs(capital))
    }

    fn consumption_at_x(&self, xs: &[f64]) -> Vec<f64> {
        let mut consumption = self.polynomials(&self.consumption, xs);
        Vectors::best().run(Exponentials(&mut consumption));
        consumption
    }

    /// Coefficients of ln c and of V a state.
    pub fn coefficients(&self) -> (usize, usize) {
        let states = self.economy.len();
        (self.consumption.len() / states, self.value.len() / states)
    }

    /// Steps of Newton's method, with all numbers of coefficients together.
    pub fn steps(&self) -> usize {
        self.steps
    }

    /// The largest residual |R| between the nodes that was seen.
    pub fn residual(&self) -> f64 {
        self.residual
    }
}
