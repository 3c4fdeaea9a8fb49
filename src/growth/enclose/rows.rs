//! Rows of a bound: each is a reward and the discounted mean of two neighbouring values.
//!
//! ```text
//! next_{z,i} = r_{z,i} + β ((1 − ω) x̄_{z,j} + ω x̄_{z,j+1}),    x̄_z = Σ P(z,z′) x_{z′}
//! ```
//!
//! Rounding: x̄ is off by n u Σ P |x| for n states; the mean by 4u of the larger of the two, discounting by
//! u, the sum by u: together, with the largest X of all |x̄|, by (β (n + 6) X + |r|) u. Other roundings are
//! each row's own margin.

use super::super::roundoff::{ROUNDOFF, SECOND_ORDER};
use super::super::rows::fill_rows;
use super::super::sup::sup;
use super::Economy;

/// Rows of one of the two bounds, states × N each.
pub(super) struct Rows {
    /// r.
    pub reward: Vec<f64>,
    /// j, counted over all states: z N + j.
    pub cell: Vec<u32>,
    /// ω.
    pub weight: Vec<f64>,
    /// By how much the reward, and what multiplies values, may be off: in units of utility.
    pub margins: Vec<f64>,
    states: usize,
}

impl Rows {
    pub(super) fn new(states: usize, points: usize) -> Self {
        let size = states * points;
        let empty = || vec![0.0; size];
        Self { reward: empty(), cell: vec![0; size], weight: empty(), margins: empty(), states }
    }

    /// x̄ of `value` to `expected`, both states × N; max |x̄|.
    pub(super) fn expect(&self, economy: &Economy, value: &[f64], expected: &mut [f64]) -> f64 {
        expect(economy, value, expected);
        expected.iter().fold(0.0, |most, x| sup(most, x.abs()))
    }

    /// The next values, from `expected` of the last ones.
    pub(super) fn apply(&self, beta: f64, expected: &[f64], next: &mut [f64]) {
        fill_rows(next, |first, next| {
            let rows = self.reward[first..].iter().zip(&self.weight[first..]).zip(&self.cell[first..]);
            for (next, ((reward, weight), &cell)) in next.iter_mut().zip(rows) {
                let (left, right) = (expected[cell as usize], expected[cell as usize + 1]);
                *next = reward + beta * ((1.0 - weight) * left + weight * right);
            }
        });
    }

    /// What an application rounds in every row, where no |x̄| is above `size`.
    pub(super) fn margin(&self, beta: f64, size: f64) -> f64 {
        let reward = self.reward.iter().fold(0.0, |most, r| sup(most, r.abs()));
        (beta * (self.states as f64 + 6.0) * size + reward) * ROUNDOFF * SECOND_ORDER
    }
}

/// Σ P(z,z′) x_{z′} at each point, states × N.
pub(super) fn expect(economy: &Economy, x: &[f64], expected: &mut [f64]) {
    let states = economy.len();
    let n = x.len() / states;
    for state in 0..states {
        let row = economy.row(state);
        let expected = &mut expected[state * n..(state + 1) * n];
        if states == 1 && row[0] == 1.0 {
            expected.copy_from_slice(x);
            continue;
        }
        expected.fill(0.0);
        for (to, &p) in row.iter().enumerate().filter(|(_, p)| **p != 0.0) {
            for (expected, x) in expected.iter_mut().zip(&x[to * n..(to + 1) * n]) {
                *expected += p * x;
            }
        }
    }
}
