//! Newton's method for the Euler equation at the nodes.
//!
//! The unknowns are the coefficients of ln c, the equations the residuals R of the module above, whose
//! derivatives are exact: with the shares ω(z′) of tomorrow's states in the expectation,
//!
//! ```text
//! ∂R_z(k)/∂a_{z′,j} = T_j(x) [z = z′] (1 − c ∂/∂k′ (1/σ) ln E) − ω(z′) T_j(x′)
//! ∂/∂k′ (1/σ) ln E  = Σ ω(z′) ( −∂ ln c(k′, z′)/∂k′ + (1/σ) ∂ ln R(k′, z′)/∂k′ )
//! ```
//!
//! A step is halved until it lowers max |R|. A k′ outside of the range is moved to its end, where it no
//! longer depends on c. The first start is `start.rs`; each further number of coefficients starts from the
//! last one's solution.

use super::chebyshev::{Scale, basis, coefficients, evaluate, nodes};
use super::economy::Economy;
use super::start;
use crate::figures::figure;
use crate::growth::linear::solve_linear;
use crate::growth::sup::sup;

/// Steps with one number of coefficients, after which there is no hope.
const MOST_STEPS: usize = 40;

/// A step this small leaves an error of its square: rounding.
const SMALL: f64 = 1e-9;

pub(super) struct Newton<'a> {
    economy: &'a Economy,
    scale: Scale,
    low: f64,
    high: f64,
    /// Coefficients of ln c, states × n.
    a: Vec<f64>,
    n: usize,
    /// Steps so far.
    pub steps: usize,
    /// Whether `a` solves the equations with its n.
    solved: bool,
    scratch: Scratch,
}

#[derive(Default)]
struct Scratch {
    basis: Vec<f64>,
    slopes: Vec<f64>,
    shares: Vec<f64>,
}

impl<'a> Newton<'a> {
    pub(super) fn new(economy: &'a Economy, scale: Scale, low: f64, high: f64) -> Self {
        let scratch = Scratch::default();
        Self { economy, scale, low, high, a: Vec::new(), n: 0, steps: 0, solved: false, scratch }
    }

    pub(super) fn coefficients(&self) -> &[f64] {
        &self.a
    }

    /// Solves with `n` coefficients a state; whether that worked.
    pub(super) fn solve(&mut self, n: usize) -> bool {
        let prolonged = self.solved;
        if prolonged {
            self.resize(n);
        } else {
            self.n = n;
            self.begin(start::near_steady_state);
        }
        self.solved = self.iterate();
        if !self.solved {
            self.begin(|economy, low, high, logs| start::endogenous_grid(economy, low, high, 120, logs));
            self.solved = self.iterate();
        }
        self.solved
    }

    /// ln c of `guess` at the nodes.
    fn begin(&mut self, guess: impl Fn(&Economy, f64, f64, &[f64]) -> Vec<f64>) {
        let n = self.n;
        let logs: Vec<f64> = nodes(n).into_iter().map(|x| self.scale.log(x)).collect();
        let values = guess(self.economy, self.low, self.high, &logs);
        self.a = values.chunks(n).flat_map(coefficients).collect();
    }

    fn resize(&mut self, n: usize) {
        let more = |a: &[f64]| {
            let mut a = a.to_vec();
            a.resize(n, 0.0);
            a
        };
        self.a = self.a.chunks(self.n).flat_map(more).collect();
        self.n = n;
    }

    fn iterate(&mut self) -> bool {
        let (states, n) = (self.economy.len(), self.n);
        let size = states * n;
        let xs = nodes(n);
        let capital: Vec<(f64, f64)> =
            xs.iter().map(|&x| self.scale.log(x)).map(|log| (libm::exp(log), log)).collect();
        let (mut residual, mut matrix) = (vec![0.0; size], vec![0.0; size * size]);
        let mut norm = self.residuals(&xs, &capital, &mut residual, Some(&mut matrix));
        for _ in 0..MOST_STEPS {
            if !norm.is_finite() {
                return false;
            }
            self.steps += 1;
            let mut step = residual.clone();
            if !solve_linear(&mut matrix, &mut step) {
                return false;
            }
            let longest = step.iter().fold(0.0, |most, s| sup(most, s.abs()));
            let before = self.a.clone();
            // ln c moves by 2 at most.
            let mut share = f64::min(1.0, 2.0 / longest);
            loop {
                for ((a, before), step) in self.a.iter_mut().zip(&before).zip(&step) {
                    *a = before - share * step;
                }
                if longest < SMALL {
                    return true;
                }
                let next = self.residuals(&xs, &capital, &mut residual, None);
                if next < norm {
                    break;
                }
                share *= 0.5;
                if share < 1e-3 {
                    return false;
                }
            }
            norm = self.residuals(&xs, &capital, &mut residual, Some(&mut matrix));
        }
        false
    }

    /// R at x (of capital and its logarithm) to `residual`, states × nodes, and its derivatives to `matrix`;
    /// max |R|.
    fn residuals(
        &mut self,
        xs: &[f64],
        capital: &[(f64, f64)],
        residual: &mut [f64],
        mut matrix: Option<&mut Vec<f64>>,
    ) -> f64 {
        let (economy, n, states, nodes) = (self.economy, self.n, self.economy.len(), xs.len());
        let (sigma, delta, alpha) = (economy.sigma(), economy.model().delta(), economy.model().alpha());
        let Scratch { basis: t, slopes, shares } = &mut self.scratch;
        t.resize(n, 0.0);
        slopes.resize(n, 0.0);
        shares.resize(states, 0.0);
        let mut norm = 0.0;
        for (i, (&x, &(k, _))) in xs.iter().zip(capital).enumerate() {
            for state in 0..states {
                let log_c = evaluate(&self.a[state * n..(state + 1) * n], x);
                let c = libm::exp(log_c);
                let free = economy.resources(state, k) - c;
                let next = free.clamp(self.low, self.high);
                let log_next = libm::log(next);
                basis(self.scale.of_log(log_next), t, slopes);
                let dot = |a: &[f64], b: &[f64]| a.iter().zip(b).map(|(a, b)| a * b).sum::<f64>();
                let (mut sum, mut slope) = (0.0, 0.0);
                let power = libm::exp((alpha - 1.0) * log_next);
                for (to, &p) in economy.row(state).iter().enumerate() {
                    shares[to] = 0.0;
                    if p == 0.0 {
                        continue;
                    }
                    let a = &self.a[to * n..(to + 1) * n];
                    let marginal = alpha * economy.productivity(to) * power;
                    let gross = marginal + (1.0 - delta);
                    // Relative to today's consumption: no overflow.
                    shares[to] = p * libm::exp(sigma * (log_c - dot(a, t))) * gross;
                    sum += shares[to];
                    let of_return = (alpha - 1.0) * marginal / (gross * sigma);
                    slope += shares[to] * (of_return - dot(a, slopes) * self.scale.slope());
                }
                let r = libm::log(economy.beta() * sum) / sigma;
                let row = state * nodes + i;
                residual[row] = r;
                norm = sup(norm, r.abs());
                if let Some(matrix) = &mut matrix {
                    let size = states * n;
                    let row = &mut matrix[row * size..(row + 1) * size];
                    for to in 0..states {
                        let share = shares[to] / sum;
                        for (entry, t) in row[to * n..(to + 1) * n].iter_mut().zip(&*t) {
                            *entry = -share * t;
                        }
                    }
                    // d/d ln k′, times d ln k′/d ln c = −c/k′.
                    let own = if free == next { 1.0 - c / next * slope / sum } else { 1.0 };
                    basis(x, t, slopes);
                    for (entry, t) in row[state * n..(state + 1) * n].iter_mut().zip(&*t) {
                        *entry += own * t;
                    }
                }
            }
        }
        norm
    }

    /// The largest residual between the nodes, and at the ends of the range.
    pub(super) fn residual_between(&mut self) -> f64 {
        let n = self.n;
        let mut xs = nodes(n + 1);
        (xs[0], xs[n]) = (1.0, -1.0);
        let capital: Vec<(f64, f64)> =
            xs.iter().map(|&x| self.scale.log(x)).map(|log| (libm::exp(log), log)).collect();
        let mut residual = vec![0.0; self.economy.len() * xs.len()];
        self.residuals(&xs, &capital, &mut residual, None)
    }

    /// The last coefficients, as a share of the largest.
    pub(super) fn tail(&self) -> f64 {
        let largest = self.a.iter().fold(1.0, |most, a| sup(most, a.abs()));
        let last = self.a.chunks(self.n).flat_map(|a| &a[self.n - 2..]);
        last.fold(0.0, |most, a| sup(most, a.abs())) / largest
    }

    /// Why the solution is none, where capital leaves the range.
    pub(super) fn leaves(&self) -> Option<String> {
        let n = self.n;
        for state in 0..self.economy.len() {
            for (x, capital) in [(-1.0, self.low), (1.0, self.high)] {
                let consumption = libm::exp(evaluate(&self.a[state * n..(state + 1) * n], x));
                let next = self.economy.resources(state, capital) - consumption;
                if !(self.low..=self.high).contains(&next) {
                    return Some(format!(
                        "capital would go from {} to {}, outside of the range from {} to {}; move `low` and \
                         `high` apart, around 1",
                        figure(capital),
                        figure(next),
                        figure(self.low),
                        figure(self.high)
                    ));
                }
            }
        }
        None
    }
}
