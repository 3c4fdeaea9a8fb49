//! Panels of intraday prices: reading, aligning, validating, and the log returns within each day.
//!
//! A panel holds the prices P of S stocks on D days. On day d all stocks share the times t₀ < t₁ < … < tₙ (in seconds
//! after midnight), so the day is an (n+1) × S matrix, and its returns are the n × S matrix
//!
//! ```text
//! r[i][s] = ln P[i+1][s] − ln P[i][s],   i = 0 … n−1
//! ```
//!
//! No return spans a night. Days may have different lengths.

pub mod simulate;

use jiff::civil::Date;
use ndarray::Array2;

/// Why a panel could not be read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PanelError {}

/// Prices of one day: every stock at every time.
#[derive(Debug, Clone, PartialEq)]
pub struct DayPrices {
    /// The calendar day.
    pub date: Date,
    /// Times in seconds after midnight, strictly increasing.
    pub times: Vec<u32>,
    /// Prices, times × stocks.
    pub prices: Array2<f64>,
}

/// Prices of several stocks over several days on a common time grid.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Stock names, sorted.
    pub stocks: Vec<String>,
    /// Days, in calendar order.
    pub days: Vec<DayPrices>,
}

/// Log returns of one day.
#[derive(Debug, Clone, PartialEq)]
pub struct DayReturns {
    /// The calendar day.
    pub date: Date,
    /// Returns, n × stocks, where the day has n + 1 prices.
    pub returns: Array2<f64>,
}
