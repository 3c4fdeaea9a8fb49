//! Returns averaged over offset grids: subsampling.
//!
//! Prices are sampled on m grids, o = 0 … m − 1, which [`Sampling`](super::Sampling) describes; grid o has
//! N_o returns r_{o,i}. The points of all grids, in the order of time, are the rows of one table: a return of
//! a grid spans m rows, and consecutive rows are of consecutive grids. Row j of the averaged returns is
//!
//! ```text
//! q_j = 1/m' Σ_o (N_0 / N_o) r²_{o,i},   r̃_j = √q_j
//! ```
//!
//! over the m returns that begin with the rows jm … jm + m − 1, where m' is the number of grids that have a
//! return. So
//!
//! ```text
//! Σ_j r̃²_j = 1/m' Σ_o RV_o · N_0 / N_o
//! ```
//!
//! is the averaged realized variance, and everything that is made of a day's squared returns is made of these
//! in its place: columns, resamples, estimates. Where the session is a whole number of steps there are N_0
//! rows, the last of which has a return of grid 0 alone.
//!
//! **What they mean.** Returns of different grids overlap, so that neighbouring q_j share ticks and are
//! dependent. With volatility σ constant over two steps of length h, and c(d) = 2(1 − d)² σ⁴h² the covariance
//! of two squared returns whose beginnings are d steps apart,
//!
//! ```text
//! E q²_j = (2 + 1/m²) σ⁴h²,   Σ_k cov(q_j, q_{j+k}) = (4/3 + 2/(3m²)) σ⁴h²
//! ```
//!
//! (the second tends to the 4/3 of Zhang, Mykland and Aït-Sahalia 2005, and is 2 for m = 1). Their ratio is ⅔
//! for every m: **⅔ Σ r̃⁴ estimates the variance of the averaged RV**, as ⅔ Σ r⁴ does that of a plain one.
//! Asymptotic and studentized intervals, which scale by it, hold. The variance of q_j alone is (1 + 1/m²)
//! σ⁴h², less than the sum of the covariances: rows drawn one by one spread too little (by a quarter of the
//! variance for large m), and what is made of their quantiles alone is refused
//! ([`pairings`](crate::bootstrap::pairings)).
//!
//! Source: L. Zhang, P. A. Mykland and Y. Aït-Sahalia (2005), as at [`Sampling`](super::Sampling).

use ndarray::Array2;

use super::log_return;

/// How many offset grids the rows of a day's prices are of.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Grids {
    count: usize,
    /// The grid of the first row.
    first: usize,
}

impl Default for Grids {
    /// One grid: each row is the next of the same.
    fn default() -> Self {
        Self { count: 1, first: 0 }
    }
}

impl Grids {
    /// So many grids, at least one, in turn, of which the first row is of number `first`.
    pub fn new(count: usize, first: usize) -> Self {
        let count = count.max(1);
        Self { count, first: first % count }
    }

    /// The number of grids.
    pub fn count(self) -> usize {
        self.count
    }

    /// The first row of prices that is of grid number `grid`.
    pub(super) fn first_row_of(self, grid: usize) -> usize {
        (grid + self.count - self.first) % self.count
    }

    /// The number of returns of grid number `grid` where the day has so many rows of prices.
    fn returns_of(self, grid: usize, rows: usize) -> usize {
        rows.saturating_sub(self.first_row_of(grid)).div_ceil(self.count).saturating_sub(1)
    }

    /// The number of averaged returns of a day with so many rows of prices; 0 where grid 0 has none.
    pub fn rows(self, prices: usize) -> usize {
        if self.returns_of(0, prices) == 0 { 0 } else { (prices - self.count).div_ceil(self.count) }
    }

    /// The averaged returns r̃ of `prices`, times × stocks; the returns themselves where there is one grid.
    pub(super) fn returns(self, prices: &Array2<f64>) -> Array2<f64> {
        let mut rows = Array2::zeros((self.rows(prices.nrows()), prices.ncols()));
        if self.count == 1 {
            for (row, mut out) in rows.rows_mut().into_iter().enumerate() {
                for (stock, out) in out.iter_mut().enumerate() {
                    *out = log_return(prices[[row, stock]], prices[[row + 1, stock]]);
                }
            }
            return rows;
        }
        if rows.is_empty() {
            return rows;
        }
        let of_grids: Vec<usize> =
            (0..self.count).map(|grid| self.returns_of(grid, prices.nrows())).collect();
        let used = of_grids.iter().filter(|returns| **returns > 0).count();
        for begin in 0..prices.nrows() - self.count {
            let returns = of_grids[(self.first + begin) % self.count];
            let weight = of_grids[0] as f64 / (returns * used) as f64;
            for (stock, sum) in rows.row_mut(begin / self.count).iter_mut().enumerate() {
                let r = log_return(prices[[begin, stock]], prices[[begin + self.count, stock]]);
                *sum += weight * (r * r);
            }
        }
        rows.mapv_inplace(f64::sqrt);
        rows
    }
}

#[cfg(test)]
mod tests {
    use ndarray::{Array2, Axis, Slice};

    use super::*;

    fn prices(rows: usize) -> Array2<f64> {
        Array2::from_shape_fn((rows, 2), |(row, stock)| 100.0 + ((row * 37 + stock * 11) % 23) as f64 / 7.0)
    }

    /// Grid by grid, as the definition says.
    fn average(prices: &Array2<f64>, grids: Grids, stock: usize) -> f64 {
        let of_grid = |grid: usize| {
            let first = (0..grids.count).find(|row| (grids.first + row) % grids.count == grid).unwrap();
            if first >= prices.nrows() {
                return Vec::new();
            }
            let own = prices.slice_axis(Axis(0), Slice::new(first as isize, None, grids.count as isize));
            let own = own.column(stock).to_vec();
            own.windows(2).map(|pair| (pair[1] / pair[0]).ln().powi(2)).collect::<Vec<f64>>()
        };
        let all: Vec<Vec<f64>> = (0..grids.count).map(of_grid).collect();
        let n = all[0].len() as f64;
        let some: Vec<f64> = all
            .iter()
            .filter(|squares| !squares.is_empty())
            .map(|squares| squares.iter().sum::<f64>() * n / squares.len() as f64)
            .collect();
        some.iter().sum::<f64>() / some.len() as f64
    }

    #[test]
    fn sums_of_squares_are_the_average_over_grids() {
        for count in 1..6 {
            for first in 0..count {
                for rows in 0..27 {
                    let (prices, grids) = (prices(rows), Grids::new(count, first));
                    let returns = grids.returns(&prices);
                    if grids.returns_of(0, rows) == 0 {
                        assert_eq!(returns.dim(), (0, 2), "{count} {first} {rows}");
                        continue;
                    }
                    for stock in 0..2 {
                        let sum: f64 = returns.column(stock).iter().map(|r| r * r).sum();
                        let expected = average(&prices, grids, stock);
                        assert!(
                            (sum / expected - 1.0).abs() < 1e-12,
                            "{count} {first} {rows}: {sum}, not {expected}"
                        );
                    }
                }
            }
        }
    }

    /// A session of a whole number of steps: as many rows as grid 0 has returns.
    #[test]
    fn rows_are_those_of_the_plain_grid() {
        for (count, steps) in [(1, 9), (3, 4), (5, 78)] {
            let grids = Grids::new(count, 0);
            assert_eq!(grids.rows(count * steps + 1), steps);
            assert_eq!(grids.returns_of(0, count * steps + 1), steps);
            if count > 1 {
                assert_eq!(grids.returns_of(1, count * steps + 1), steps - 1);
            }
        }
        assert_eq!(Grids::new(0, 7), Grids::default());
    }
}
