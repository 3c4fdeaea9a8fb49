//! Chebyshev polynomials T_j(x) = cos(j arccos x) on [−1, 1], with x linear in ln k:
//!
//! ```text
//! x = (2 ln k − ln low − ln high)/(ln high − ln low)
//! nodes x_i = cos(π (2i + 1)/(2n)), i = 0 … n−1, the zeros of T_n
//! ```

use crate::growth::math::{exp_side_by_side, log_side_by_side};
use crate::vector::{Lanes, Vectorized};

/// The map from capital on [low, high] to x on [−1, 1].
#[derive(Debug, Clone, Copy)]
pub(super) struct Scale {
    middle: f64,
    half: f64,
}

impl Scale {
    pub(super) fn new(low: f64, high: f64) -> Self {
        let (low, high) = (libm::log(low), libm::log(high));
        Self { middle: 0.5 * (low + high), half: 0.5 * (high - low) }
    }

    /// x of a capital whose logarithm is given.
    #[inline(always)]
    pub(super) fn of_log(self, log_capital: f64) -> f64 {
        (log_capital - self.middle) / self.half
    }

    /// ln k at x.
    pub(super) fn log(self, x: f64) -> f64 {
        self.middle + self.half * x
    }

    /// d x/d ln k.
    pub(super) fn slope(self) -> f64 {
        1.0 / self.half
    }
}

/// The n nodes, from the right to the left.
pub(super) fn nodes(n: usize) -> Vec<f64> {
    (0..n).map(|i| libm::cos(std::f64::consts::PI * (2 * i + 1) as f64 / (2 * n) as f64)).collect()
}

/// T_0(x) … T_{n−1}(x) to `basis` and their derivatives to `slopes`, both n.
pub(super) fn basis(x: f64, basis: &mut [f64], slopes: &mut [f64]) {
    let (mut t, mut next) = (1.0, x);
    let (mut d, mut d_next) = (0.0, 1.0);
    for (basis, slope) in basis.iter_mut().zip(slopes) {
        (*basis, *slope) = (t, d);
        let (t_after, d_after) = (2.0 * x * next - t, 2.0 * next + 2.0 * x * d_next - d);
        (t, next, d, d_next) = (next, t_after, d_next, d_after);
    }
}

/// The polynomial with these coefficients at x, by Clenshaw's recurrence.
#[inline(always)]
pub(super) fn evaluate(coefficients: &[f64], x: f64) -> f64 {
    let (mut above, mut last) = (0.0, 0.0);
    for &coefficient in coefficients[1..].iter().rev() {
        (above, last) = (coefficient + 2.0 * x * above - last, above);
    }
    coefficients[0] + x * above - last
}

/// [`evaluate`] at each x. As many recurrences side by side as keep a vector unit busy; each is the same as
/// one by itself.
#[inline(always)]
pub(super) fn recurrence<const N: usize>(coefficients: &[f64], x: &[f64; N]) -> [f64; N] {
    let (mut above, mut last) = ([0.0; N], [0.0; N]);
    for &coefficient in coefficients[1..].iter().rev() {
        for at in 0..N {
            let next = coefficient + 2.0 * x[at] * above[at] - last[at];
            last[at] = above[at];
            above[at] = next;
        }
    }
    std::array::from_fn(|at| coefficients[0] + x[at] * above[at] - last[at])
}

/// A polynomial at many x: [`evaluate`] at each, to `values`.
pub(super) struct Polynomial<'a> {
    pub(super) coefficients: &'a [f64],
    pub(super) xs: &'a [f64],
    pub(super) values: &'a mut [f64],
}

impl Vectorized for Polynomial<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { coefficients, xs, values } = self;
        let (xs, last_xs) = xs.as_chunks::<16>();
        let (values, last_values) = values.as_chunks_mut::<16>();
        for (x, value) in xs.iter().zip(values) {
            *value = recurrence(coefficients, x);
        }
        for (value, &x) in last_values.iter_mut().zip(last_xs) {
            *value = evaluate(coefficients, x);
        }
    }
}

/// The x of each capital, to `xs`.
pub(super) struct Xs<'a> {
    pub(super) scale: Scale,
    pub(super) capital: &'a [f64],
    pub(super) xs: &'a mut [f64],
}

impl Vectorized for Xs<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        for (x, &capital) in self.xs.iter_mut().zip(self.capital) {
            *x = self.scale.of_log(log_side_by_side(capital));
        }
    }
}

/// The exponential of each figure in its place.
pub(super) struct Exponentials<'a>(pub(super) &'a mut [f64]);

impl Vectorized for Exponentials<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        for figure in self.0 {
            *figure = exp_side_by_side(*figure);
        }
    }
}

/// The coefficients of the polynomial through `values` at the n nodes.
pub(super) fn coefficients(values: &[f64]) -> Vec<f64> {
    let n = values.len();
    let angle = std::f64::consts::PI / (2 * n) as f64;
    let coefficient = |j: usize| {
        // cos(j π (2i + 1)/2n) repeats after 4n: exact arguments for large j, too.
        let term = |(i, v): (usize, &f64)| v * libm::cos(angle * ((j * (2 * i + 1)) % (4 * n)) as f64);
        let sum: f64 = values.iter().enumerate().map(term).sum();
        sum * if j == 0 { 1.0 } else { 2.0 } / n as f64
    };
    (0..n).map(coefficient).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn polynomials_are_met_with_their_slopes() {
        let cubic = |x: f64| 1.0 - 2.0 * x + 0.5 * x * x * x;
        let values: Vec<f64> = nodes(6).into_iter().map(cubic).collect();
        let found = coefficients(&values);
        for x in [-1.0, -0.3, 0.0, 0.77, 1.0] {
            let (mut t, mut d) = ([0.0; 6], [0.0; 6]);
            basis(x, &mut t, &mut d);
            let dot = |b: &[f64]| b.iter().zip(&found).map(|(b, a)| b * a).sum::<f64>();
            assert!((evaluate(&found, x) - cubic(x)).abs() < 1e-14);
            assert!((dot(&t) - cubic(x)).abs() < 1e-14 && (dot(&d) - (1.5 * x * x - 2.0)).abs() < 1e-13);
        }
    }

    #[test]
    fn the_scale_is_linear_in_logarithms() {
        let scale = Scale::new(0.5, 8.0);
        assert!((scale.of_log(8.0_f64.ln()) - 1.0).abs() < 1e-15 && scale.of_log(2.0_f64.ln()).abs() < 1e-15);
        assert!(
            (scale.log(-1.0) - 0.5_f64.ln()).abs() < 1e-15
                && (scale.slope() * 16.0_f64.ln() - 2.0).abs() < 1e-14
        );
    }
}
