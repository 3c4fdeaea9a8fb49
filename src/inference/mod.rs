//! From resampled sums to intervals: measures of a day, their quantiles, and the bootstrap that ties them together.
//!
//! Reading order: [`quantile`] (a number from a sample), [`tails`] (the same from a stream), [`histogram`]
//! (all of a stream, counted), [`bootstrap`] (the whole flow for a panel's returns).

pub mod bootstrap;
pub mod histogram;
pub mod quantile;
pub mod tails;
