//! Did the price jump? The ratio test of Barndorff-Nielsen and Shephard, for a day of one stock.
//!
//! Realized variance holds the squared jumps, bipower variation BV ([`super::Bipower`]) does not. Without a
//! jump
//!
//! ```text
//! z = (1 − BV/RV) / √(ϑ/n max(1, IQ/BV²)) → N(0, 1),   ϑ = π²/4 + π − 5 = 0.609
//! ```
//!
//! with an estimate IQ of integrated quarticity that no jump enters:
//!
//! ```text
//! tripower:  n μ^{-3} n/(n−2) Σ (|r_i| |r_{i+1}| |r_{i+2}|)^{4/3},   μ = E |N(0,1)|^{4/3}
//! quadpower: n (π/2)² n/(n−3) Σ |r_i| |r_{i+1}| |r_{i+2}| |r_{i+3}|
//! ```
//!
//! Jumps make z large, so p = 1 − Φ(z). IQ ≥ BV² in the limit: max(1, ·) keeps small samples to it. In
//! small samples it rejects a little too often: at n = 385, of returns of constant variance, 5.14 % at 5 %
//! and 1.12 % at 1 % (`tests/oracles/measures.py --size`).
//!
//! Sources: O. E. Barndorff-Nielsen and N. Shephard, "Econometrics of testing for jumps in financial
//! economics using bipower variation", Journal of Financial Econometrics 4(1), 2006; X. Huang and G. Tauchen,
//! "The relative contribution of jumps to total price variance", Journal of Financial Econometrics 3(4),
//! 2005.

use std::f64::consts::{FRAC_1_SQRT_2, PI};

use ndarray::{ArrayRef1, ArrayRef2, Axis};

use super::bipower::{bipower, lacking, tripower};
use super::total;
use crate::error::{Error, Result};

/// How integrated quarticity is estimated.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Multipower {
    /// From three neighbours, as is customary.
    #[default]
    Tripower,
    /// From four neighbours.
    Quadpower,
}

/// What the test found.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct JumpTest {
    /// z, standard normal without jumps, large with them. 0 on a day on which nothing moves.
    pub statistic: f64,
    /// The probability of a larger z without jumps.
    pub p_value: f64,
}

/// The ratio test of a day's `returns` of one stock.
///
/// # Errors
///
/// [`Error::Parameter`] for fewer than four returns, or where one is not finite or too large to be squared.
///
/// # Examples
///
/// ```
/// use bellwether::measure::jumps::{Multipower, ratio_test};
/// use bellwether::ndarray::Array1;
///
/// // Ups and downs of 0.1 to 0.2 %, and one of 5 %.
/// let mut returns = Array1::from_shape_fn(78, |i| [1e-3, -2e-3, 1.5e-3][i % 3]);
/// assert!(ratio_test(&returns, Multipower::Tripower)?.p_value > 0.05);
/// returns[40] = 0.05;
/// assert!(ratio_test(&returns, Multipower::Tripower)?.p_value < 1e-6);
/// # Ok::<(), bellwether::Error>(())
/// ```
pub fn ratio_test(returns: &ArrayRef1<f64>, quarticity: Multipower) -> Result<JumpTest> {
    const LEAST: usize = 4;
    let rows = returns.len();
    if rows < LEAST {
        return Err(Error::Parameter {
            name: "the number of returns",
            value: rows.to_string(),
            requirement: format!(
                "a test for jumps needs {LEAST}; take prices more often, or leave the day out"
            ),
        });
    }
    if let Some((row, value)) = returns.iter().enumerate().find(|(_, r)| !(**r * **r).is_finite()) {
        return Err(Error::Parameter {
            name: "a return",
            value: format!("{value} in row {}", row + 1),
            requirement: "returns and their squares must be finite numbers".into(),
        });
    }
    // In units of the largest return, so that no power of a small one underflows.
    let largest = returns.iter().fold(0.0, |largest: f64, r| largest.max(r.abs()));
    if largest == 0.0 {
        return Ok(JumpTest { statistic: 0.0, p_value: 0.5 });
    }
    let returns = &*returns.mapv(|r| r / largest).insert_axis(Axis(1));
    let variance = total(returns, 0, |r| r * r);
    let bipower = bipower(returns, 0);
    let quarticity = match quarticity {
        Multipower::Tripower => tripower(returns, 0),
        Multipower::Quadpower => quadpower(returns),
    };
    // n times more is IQ. Where no two neighbours move there is nothing to compare with.
    let ratio = if bipower > 0.0 { rows as f64 * quarticity / (bipower * bipower) } else { 1.0 };
    let spread = (PI * PI / 4.0 + PI - 5.0) / rows as f64 * ratio.max(1.0);
    let statistic = (1.0 - bipower / variance) / spread.sqrt();
    Ok(JumpTest { statistic, p_value: 0.5 * libm::erfc(statistic * FRAC_1_SQRT_2) })
}

/// Quadpower quarticity over n, in row order.
fn quadpower(returns: &ArrayRef2<f64>) -> f64 {
    let rows = returns.nrows();
    let size = |row: usize| returns[[row, 0]].abs();
    let terms = (3..rows).map(|row| size(row - 3) * size(row - 2) * (size(row - 1) * size(row)));
    PI / 2.0 * (PI / 2.0) * lacking(rows, 3) * terms.fold(0.0, |sum, term| sum + term)
}
