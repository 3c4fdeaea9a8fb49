//! What a change of at most m_z in each state leads to in the end: a_z with a ≥ β P (m + a).
//!
//! The least such a is (I − βP)^(−1) βP m: MacQueen's bound with the states kept apart, which is much less
//! than β/(1−β) max m where shocks persist. The solved system is rounded, so that what it misses is added:
//! a constant η in all states gains at least η (1 − β r) in each, r being the largest sum of a row of P.

use super::super::error::GrowthError;
use super::super::linear::solve_linear;
use super::super::roundoff::ROUNDOFF;
use super::super::sup::sup;
use super::Economy;
use crate::error::Result;

pub(super) fn shift(economy: &Economy, changes: &[f64]) -> Result<Vec<f64>> {
    let (n, beta) = (economy.len(), economy.beta());
    let identity = |e: usize| if e / n == e % n { 1.0 } else { 0.0 };
    let mut matrix: Vec<f64> = (0..n * n).map(|e| identity(e) - beta * economy.row(e / n)[e % n]).collect();
    let discounted = |x: &[f64]| -> Vec<f64> {
        let of_state = |state| economy.row(state).iter().zip(x).map(|(p, x)| beta * p * x).sum();
        (0..n).map(of_state).collect()
    };
    let mut shift = discounted(changes);
    let none = GrowthError::NotFinite { what: "a bound on the value", capital: 1.0 };
    let most = (0..n).map(|state| economy.row(state).iter().sum::<f64>()).fold(0.0, sup);
    let gain = 1.0 - beta * most * (1.0 + 4.0 * ROUNDOFF);
    if !solve_linear(&mut matrix, &mut shift) || gain.is_nan() || gain <= 0.0 {
        return Err(none.into());
    }
    let both: Vec<f64> = shift.iter().zip(changes).map(|(a, m)| a + m).collect();
    let size = both.iter().fold(0.0, |most, x| sup(most, x.abs()));
    let missing = discounted(&both).iter().zip(&shift).fold(0.0, |worst, (right, a)| sup(worst, right - a));
    // Sums of n products, and what the addition itself rounds.
    let rounded = (n as f64 + 6.0) * ROUNDOFF * size;
    let more = (missing + rounded) / gain * (1.0 + 8.0 * ROUNDOFF) + 4.0 * ROUNDOFF * size;
    Ok(shift.into_iter().map(|a| a + more).collect())
}
