//! The rows of the bound above: for each price the best line of E W, or mixture of two.
//!
//! With the slopes s̄_j of E W, s̄_j ≥ p_i/β ≥ s̄_{j+1}, the share ω of line j+1 in the mixture, and k′
//! measured from k_j,
//!
//! ```text
//! ω = (s̄_j − p_i/β)/(s̄_j − s̄_{j+1}),        g = β ((1 − ω) s̄_j + ω s̄_{j+1}) − p_i
//! r_i = U(c_i) + p_i (f_i − c_i − k_j) − β ω s̄_{j+1} (k_{j+1} − k_j)
//!       + max(g (k_{N−1} − k_j), −g (k_j − k_0))
//! ```
//!
//! Any j and any ω in [0, 1] give a bound: the last term is the most that is gained by another k′ where the
//! mixture does not have the slope p_i/β, which is rounding, or at the range's ends.
//!
//! **Rounding**, in units of u, with F for f as in `lower.rs`, and R the farthest distance on the range
//! from k_j or k_i:
//!
//! - U(c_i): what [`Utility::roundoff`] says. That p_i is not quite U′(c_i) counts by its square: below u
//!   p_i c_i.
//! - p_i (f_i − c_i − k_j): p_i (F + |f_i − c_i| + 2 |f_i − c_i − k_j|).
//! - β ω s̄ h: s̄ is off by n for n states, h, ω and the products by 5: β (n + 5) s̄_{j+1} h.
//! - g: s̄ by n, the mean by 4, the difference by 1, times R: (β (n + 5) s̄_j + p_i) R.
//! - the line's slope s_i = p_i f′(k_i) is off by (8 + 3 α |ln k_i|) of itself, which tilts it: times R.
//! - the sum of r: 4 times its largest part.

use super::super::roundoff::{ROUNDOFF, SECOND_ORDER};
use super::super::utility::{Utility, with_utility};
use super::rows::{Rows, expect};
use super::{Economy, Grid, Proposal, marginal, reach};

/// The rows, and the slopes s of the lines, states × N.
pub(super) fn rows(economy: &Economy, grid: &Grid<'_>, proposal: &Proposal<'_>) -> (Rows, Vec<f64>) {
    let n = grid.len();
    let prices: Vec<f64> = proposal.consumption.iter().map(|&c| marginal(economy.sigma(), c)).collect();
    let slope = |(row, p): (usize, &f64)| p * grid.gross_return(economy, row / n, row % n);
    let slopes: Vec<f64> = prices.iter().enumerate().map(slope).collect();
    let mut expected = vec![0.0; slopes.len()];
    expect(economy, &slopes, &mut expected);
    let mut rows = Rows::new(economy.len(), n);
    let prices =
        Prices { economy, grid, consumption: proposal.consumption, prices, slopes: &slopes, expected };
    with_utility!(known economy.sigma(), |utility| prices.fill(&mut rows, utility));
    (rows, slopes)
}

struct Prices<'a> {
    economy: &'a Economy,
    grid: &'a Grid<'a>,
    consumption: &'a [f64],
    prices: Vec<f64>,
    slopes: &'a [f64],
    /// s̄.
    expected: Vec<f64>,
}

impl Prices<'_> {
    fn fill<U: Utility>(&self, rows: &mut Rows, utility: U) {
        let n = self.grid.len();
        for state in 0..self.economy.len() {
            let slopes = &self.expected[state * n..(state + 1) * n];
            let mut j = 0;
            for i in 0..n {
                let wanted = self.prices[state * n + i] / self.economy.beta();
                while j + 2 < n && slopes[j + 1] > wanted {
                    j += 1;
                }
                while j > 0 && slopes[j] < wanted {
                    j -= 1;
                }
                self.row(rows, utility, state, i, j);
            }
        }
    }

    fn row<U: Utility>(&self, rows: &mut Rows, utility: U, state: usize, i: usize, j: usize) {
        let (economy, grid, n) = (self.economy, self.grid, self.grid.len());
        let (beta, k, row) = (economy.beta(), grid.capital, state * n + i);
        let (price, consumption) = (self.prices[row], self.consumption[row]);
        let (here, there) = (self.expected[state * n + j], self.expected[state * n + j + 1]);
        let width = k[j + 1] - k[j];
        let share = (here - price / beta) / (here - there);
        // Where the two slopes are the same any mixture will do.
        let weight = if share > 0.0 { share.min(1.0) } else { 0.0 };
        let gain = beta * ((1.0 - weight) * here + weight * there) - price;
        let elsewhere = f64::max(gain * (grid.high() - k[j]), gain * (grid.low() - k[j]));
        let saved = grid.resources[row] - consumption;
        let utility_of = utility.value(consumption);
        let step = beta * weight * there * width;
        let left = price * (saved - k[j]);
        rows.cell[row] = (state * n + j) as u32;
        rows.weight[row] = weight;
        rows.reward[row] = utility_of + left - step + elsewhere;

        let (functions, exponent) = utility.roundoff(consumption, consumption);
        let resources = grid.resources_roundoff(economy, state, i);
        let terms = economy.len() as f64 + 5.0;
        let bend = 8.0 + 3.0 * economy.model().alpha() * grid.logs[i].abs();
        let units = functions
            + exponent
            + price * (consumption + resources + saved.abs() + 2.0 * (saved - k[j]).abs())
            + terms * step
            + (terms * beta * here + price) * reach(grid, k[j])
            + bend * self.slopes[row] * reach(grid, k[i])
            + 4.0 * (utility_of.abs() + left.abs() + step + elsewhere.abs());
        rows.margins[row] = units * ROUNDOFF * SECOND_ORDER;
    }
}
