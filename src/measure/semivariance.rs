//! Realized semivariances: Σ r² over the rows with r > 0, and over those with r < 0. Their sum is RV.
//!
//! Each tends to half of integrated variance, and to the squared jumps of its sign. Around that their limit
//! is shifted by the drift and by leverage at the order of its own spread (Proposition 2 of the source), and
//! neither is known from a day's returns: there is no standard error to give. A bootstrap of rows shows how
//! the returns that were seen spread, not that shift.
//!
//! Source: O. E. Barndorff-Nielsen, S. Kinnebrock and N. Shephard, "Measuring downside risk: realised
//! semivariance", in T. Bollerslev, J. Russell and M. Watson (editors), "Volatility and Time Series
//! Econometrics: Essays in Honor of Robert F. Engle", Oxford University Press, 2010.

use ndarray::ArrayRef2;

use super::{Measure, Totals, total, totals};

/// Realized semivariance.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Semivariance {
    /// Of rises.
    Positive,
    /// Of falls.
    Negative,
}

impl Semivariance {
    /// r², or 0 where the return has the other sign.
    fn square(self, r: f64) -> f64 {
        let counts = match self {
            Self::Positive => r > 0.0,
            Self::Negative => r < 0.0,
        };
        if counts { r * r } else { 0.0 }
    }
}

impl Measure for Semivariance {
    fn name(&self) -> &'static str {
        match self {
            Self::Positive => "positive_semivariance",
            Self::Negative => "negative_semivariance",
        }
    }

    fn columns(&self) -> usize {
        1
    }

    #[inline]
    fn quantities(&self, returns: &ArrayRef2<f64>, row: usize, stock: usize, out: &mut [f64]) {
        out[0] = self.square(returns[[row, stock]]);
    }

    /// A negative η moves a row from one semivariance to the other.
    fn degrees(&self) -> Option<&'static [u32]> {
        None
    }

    fn statistic(&self, sums: &[f64], _: u32) -> f64 {
        sums[0]
    }

    fn totals(&self, returns: &ArrayRef2<f64>, stock: usize) -> Totals {
        totals([total(returns, stock, |r| self.square(r))])
    }

    fn estimate_of(&self, totals: &Totals, _: u32) -> f64 {
        totals[0]
    }

    fn squared_error_of(&self, _: &Totals, _: u32) -> Option<f64> {
        None
    }

    fn without_error(&self) -> Option<&'static str> {
        Some(
            "drift and leverage shift a semivariance's limit by as much as its spread, and a day's returns \
             tell neither",
        )
    }

    fn is_positive(&self) -> bool {
        true
    }

    fn is_sum(&self) -> bool {
        true
    }
}
