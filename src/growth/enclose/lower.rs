//! The rows of the bound below: a policy's reward, and where its k′ lies between the points.
//!
//! ```text
//! r_i = U(c_i),  c_i = f_i − k′_i,    ω = (k′_i − k_j)/(k_{j+1} − k_j)
//! ```
//!
//! **Rounding**, in units of u. f_i is off by what `Grid::resources_roundoff` says, F, and the
//! difference by c: an amount is worth at most U′(c⁻) times itself, where c⁻ is the least that c may be. U
//! by itself is off by what [`Utility::roundoff`] says. ω is off by 3u of itself, as its differences are
//! exact or off by u: worth 3 β times the rise of E L over the cell, which is at most its slope there times
//! the width; the slope of the proposal, doubled, is taken. Where consumption may be lost in rounding, the
//! margin is infinite.

use super::super::roundoff::{ROUNDOFF, SECOND_ORDER};
use super::super::utility::{Utility, with_utility};
use super::rows::{Rows, expect};
use super::{Economy, Grid, Proposal, cell, marginal};

pub(super) fn rows(economy: &Economy, grid: &Grid<'_>, proposal: &Proposal<'_>) -> Rows {
    let n = grid.len();
    let mut rows = Rows::new(economy.len(), n);
    let mut expected = vec![0.0; proposal.value.len()];
    expect(economy, proposal.value, &mut expected);
    let sigma = economy.sigma();
    with_utility!(known sigma, |utility| fill(economy, grid, proposal, &expected, &mut rows, utility));
    rows
}

fn fill<U: Utility>(
    economy: &Economy,
    grid: &Grid<'_>,
    proposal: &Proposal<'_>,
    expected: &[f64],
    rows: &mut Rows,
    utility: U,
) {
    let (n, k) = (grid.len(), grid.capital);
    for state in 0..economy.len() {
        let mut j = 0;
        for i in 0..n {
            let row = state * n + i;
            let next = proposal.capital_next[row].clamp(grid.low(), grid.high());
            j = cell(k, next, j);
            let width = k[j + 1] - k[j];
            let consumption = grid.resources[row] - next;
            let off = grid.resources_roundoff(economy, state, i) + consumption;
            let surely = consumption - 2.0 * ROUNDOFF * off;
            rows.cell[row] = (state * n + j) as u32;
            rows.weight[row] = ((next - k[j]) / width).clamp(0.0, 1.0);
            if surely.is_nan() || surely <= 0.0 {
                rows.margins[row] = f64::INFINITY;
                continue;
            }
            rows.reward[row] = utility.value(consumption);
            let (functions, exponent) = utility.roundoff(consumption, consumption);
            let rise = (expected[state * n + j + 1] - expected[state * n + j]).abs();
            let price = marginal(economy.sigma(), surely);
            let units = functions + exponent + price * off + 6.0 * economy.beta() * rise;
            rows.margins[row] = units * ROUNDOFF * SECOND_ORDER;
        }
    }
}
