//! The library as its users call it: panels that are read, and results against independent truth.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")]

mod align_none;
mod clean;
#[cfg(feature = "parquet")]
#[path = "../common/columns.rs"]
mod columns;
#[path = "../common/mod.rs"]
mod common;
mod cut_balance;
mod ends;
mod exact_distribution;
mod exact_quantiles;
mod formats;
mod golden;
#[cfg(feature = "parquet")]
mod panel_arrow;
#[cfg(feature = "parquet")]
mod panel_frame;
#[cfg(feature = "parquet")]
mod panel_groups;
mod panel_load;
mod panel_malformed;
#[cfg(feature = "parquet")]
mod panel_parquet;
mod periods;
mod quantiles;
mod sample;
