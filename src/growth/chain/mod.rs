//! Productivity as a Markov chain: n states z_1 < … < z_n, multiples of output, and the probabilities
//! P(z, z′) of going from one to another in a period. Row z of P belongs to today's state.
//!
//! Two chains approximate the autoregression ln z′ = ρ ln z + ε, ε ~ N(0, σ_ε²), whose standard deviation in
//! the long run is σ_z = σ_ε/√(1−ρ²):
//!
//! - **Rouwenhorst** (1995; Kopecky and Suen 2010): ln z at n equal distances on [−ψ, ψ], ψ = σ_z √(n−1).
//!   Think of n−1 switches that are on or off, and each stays as it is with probability p = (1+ρ)/2; the
//!   state is the number of those that are on. With i on, row i of P are the coefficients of
//!   ((1−p) + p t)^i (p + (1−p) t)^(n−1−i). Exact at any n: the mean ρ ln z and variance σ_ε² of ln z′ given
//!   z, the variance σ_z², the autocorrelation ρ; in the long run i is binomial (n−1, ½).
//! - **Tauchen** (1986): ln z at n equal distances, h apart, on [−m σ_z, m σ_z], and all of the normal
//!   distribution that is nearest to a state is given to it:
//!
//! ```text
//! P(z_i, z_j) = Φ((ln z_j + h/2 − ρ ln z_i)/σ_ε) − Φ((ln z_j − h/2 − ρ ln z_i)/σ_ε)
//! ```
//!
//! with the first bound −∞ for j = 1 and the second +∞ for j = n. Its moments are off, by much as ρ → 1.
//!
//! Any other chain comes from a file (`file.rs`).
//!
//! **Rows that do not sum to 1** are mistakes as a rule, so they are refused unless [`RowSums`] says
//! otherwise. A published benchmark has such a row (`Chain::aruoba`), and its published numbers are those of
//! the matrix as printed.

mod file;
mod stationary;

use crate::error::{Error, Result};
use crate::figures::figure;

/// What is done with rows of P that do not sum to 1.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum RowSums {
    /// They are refused, if they are off by more than 1e-12.
    #[default]
    One,
    /// Each row is divided by its sum.
    Scaled,
    /// They are taken as they are: V is then discounted by β times the row's sum.
    Any,
}

/// A Markov chain of productivity, validated.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
pub struct Chain {
    states: Vec<f64>,
    /// P, n × n, one row after another.
    transition: Vec<f64>,
}

/// The most states of a chain.
const MOST_STATES: usize = 500;

/// Row sums that are off by less are rounding.
const ROUNDED: f64 = 1e-12;

fn refuse<T>(name: &'static str, value: String, requirement: impl Into<String>) -> Result<T> {
    Err(Error::Parameter { name, value, requirement: requirement.into() })
}

impl Chain {
    /// The chain with `states` z (n, increasing, positive) and `transition` P (n × n, row-major).
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] with the state or the row that is wrong.
    pub fn new(states: Vec<f64>, transition: Vec<f64>, row_sums: RowSums) -> Result<Self> {
        let n = states.len();
        if n == 0 || n > MOST_STATES {
            return refuse("states", n.to_string(), format!("a chain has between 1 and {MOST_STATES}"));
        }
        if transition.len() != n * n {
            return refuse(
                "transition",
                format!("{} probabilities", transition.len()),
                format!("{n} states need {n} × {n}"),
            );
        }
        // Powers and products with other figures of the model must not overflow or vanish.
        if let Some(z) = states.iter().find(|&&z| !(1e-50..=1e50).contains(&z)) {
            return refuse("states", figure(*z), "productivity is a multiple of output: a positive number");
        }
        if let Some(pair) = states.windows(2).find(|pair| pair[0] >= pair[1]) {
            return refuse(
                "states",
                format!("{} after {}", figure(pair[1]), figure(pair[0])),
                "states must increase from row to row; sort the rows, and the columns with them",
            );
        }
        let mut chain = Self { states, transition };
        for state in 0..n {
            let row = &mut chain.transition[state * n..(state + 1) * n];
            if let Some(p) = row.iter().find(|&&p| !(p >= 0.0 && p.is_finite())) {
                return refuse(
                    "transition",
                    format!("{} in row {}", figure(*p), state + 1),
                    "a probability must not be negative",
                );
            }
            let sum: f64 = row.iter().sum();
            let off = (sum - 1.0).abs();
            match row_sums {
                RowSums::One if off > ROUNDED => {
                    return refuse(
                        "transition",
                        format!("{} in sum in row {}", figure(sum), state + 1),
                        "probabilities sum to 1; give them with more digits, or allow other sums by \
                         `row_sums` scaled (divide by the sum) or any (take them as they are)",
                    );
                }
                _ if !(sum > 0.0 && sum.is_finite()) => {
                    return refuse(
                        "transition",
                        format!("{} in sum in row {}", figure(sum), state + 1),
                        "from each state some state must follow",
                    );
                }
                RowSums::Scaled => row.iter_mut().for_each(|p| *p /= sum),
                RowSums::One | RowSums::Any => {}
            }
        }
        Ok(chain)
    }

    /// The chain without shocks: one state, z = 1.
    pub fn certain() -> Self {
        Self { states: vec![1.0], transition: vec![1.0] }
    }

    /// Rouwenhorst's chain with `states` states for autocorrelation `rho`, between −1 and 1, and standard
    /// deviation `shock_sd` > 0 of the shocks to ln z.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] with the name and the reason.
    pub fn rouwenhorst(rho: f64, shock_sd: f64, states: usize) -> Result<Self> {
        let long_run = check_autoregression(rho, shock_sd, states)?;
        let n = states;
        let (stays, leaves) = (0.5 * (1.0 + rho), 0.5 * (1.0 - rho));
        let mut transition = Vec::with_capacity(n * n);
        for on in 0..n {
            // The distribution of the number of switches that are on tomorrow, switch by switch.
            let mut row = vec![0.0; n];
            row[0] = 1.0;
            for switch in 0..n - 1 {
                let turns_on = if switch < on { stays } else { leaves };
                for count in (0..=switch + 1).rev() {
                    let one_less = if count > 0 { row[count - 1] } else { 0.0 };
                    row[count] = row[count] * (1.0 - turns_on) + one_less * turns_on;
                }
            }
            transition.extend(row);
        }
        Self::new(equidistant(long_run * ((n - 1) as f64).sqrt(), n), transition, RowSums::One)
    }

    /// Tauchen's chain with `states` states for autocorrelation `rho`, between −1 and 1, and standard
    /// deviation `shock_sd` > 0 of the shocks to ln z, `width` > 0 standard deviations of ln z to either
    /// side (3 is customary).
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] with the name and the reason.
    pub fn tauchen(rho: f64, shock_sd: f64, states: usize, width: f64) -> Result<Self> {
        let long_run = check_autoregression(rho, shock_sd, states)?;
        if !(width > 0.0 && width.is_finite()) {
            return refuse("width", figure(width), "it is a positive number of standard deviations");
        }
        let (n, end) = (states, width * long_run);
        let log_state = |i: usize| log_state(end, n, i);
        let half = end / (n - 1) as f64;
        let mut transition = Vec::with_capacity(n * n);
        for i in 0..n {
            for j in 0..n {
                let middle = log_state(j) - rho * log_state(i);
                let (low, high) = ((middle - half) / shock_sd, (middle + half) / shock_sd);
                transition.push(match j {
                    0 => normal(high),
                    _ if j == n - 1 => normal(-low),
                    // On the side where Φ is small: nothing cancels.
                    _ if low > 0.0 => normal(-low) - normal(-high),
                    _ => normal(high) - normal(low),
                });
            }
        }
        Self::new(equidistant(end, n), transition, RowSums::One)
    }

    /// The chain of Aruoba and Fernández-Villaverde (2015), "A comparison of programming languages in
    /// economics", as they print it: its third row sums to 1.0001.
    pub fn aruoba() -> Self {
        #[rustfmt::skip]
        let transition = vec![
            0.9727, 0.0273, 0.0,    0.0,    0.0,
            0.0041, 0.9806, 0.0153, 0.0,    0.0,
            0.0,    0.0082, 0.9837, 0.0082, 0.0,
            0.0,    0.0,    0.0153, 0.9806, 0.0041,
            0.0,    0.0,    0.0,    0.0273, 0.9727,
        ];
        Self { states: vec![0.9792, 0.9896, 1.0000, 1.0106, 1.0212], transition }
    }

    /// Number of states n, at least 1.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.states.len()
    }

    /// The states z, n, increasing.
    pub fn states(&self) -> &[f64] {
        &self.states
    }

    /// P, n × n, one row after another.
    pub fn transition(&self) -> &[f64] {
        &self.transition
    }

    /// Row `state` of P, n: the probabilities of tomorrow's states.
    pub fn row(&self, state: usize) -> &[f64] {
        &self.transition[state * self.len()..(state + 1) * self.len()]
    }

    /// The largest sum of a row of P: the norm of P as an operator on V, so that β times it must be below 1.
    pub fn largest_row_sum(&self) -> f64 {
        (0..self.len()).map(|state| self.row(state).iter().sum()).fold(0.0, f64::max)
    }

    /// Whether all rows sum to 1, up to rounding.
    pub fn is_stochastic(&self) -> bool {
        (0..self.len()).all(|state| (self.row(state).iter().sum::<f64>() - 1.0).abs() <= ROUNDED)
    }
}

/// σ_z, where the autoregression makes sense.
fn check_autoregression(rho: f64, shock_sd: f64, states: usize) -> Result<f64> {
    if !(rho > -1.0 && rho < 1.0) {
        return refuse("rho", figure(rho), "the autocorrelation lies between -1 and 1, both excluded");
    }
    if !(shock_sd > 0.0 && shock_sd.is_finite()) {
        return refuse("shock_sd", figure(shock_sd), "the shocks' standard deviation is a positive number");
    }
    if !(2..=MOST_STATES).contains(&states) {
        return refuse(
            "states",
            states.to_string(),
            format!("an approximation of an autoregression takes between 2 and {MOST_STATES}"),
        );
    }
    // 1 − ρ² without cancellation.
    Ok(shock_sd / ((1.0 - rho) * (1.0 + rho)).sqrt())
}

/// The i-th of `n` equidistant points on [−`end`, `end`]; symmetric to the last bit.
fn log_state(end: f64, n: usize, i: usize) -> f64 {
    end * ((2 * i) as f64 - (n - 1) as f64) / (n - 1) as f64
}

fn equidistant(end: f64, n: usize) -> Vec<f64> {
    (0..n).map(|i| libm::exp(log_state(end, n, i))).collect()
}

/// The standard normal distribution function Φ.
fn normal(x: f64) -> f64 {
    0.5 * libm::erfc(-x * std::f64::consts::FRAC_1_SQRT_2)
}

#[cfg(test)]
mod tests;
