//! The program as a user meets it: what it prints and writes, where messages go, and how it ends.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")]

mod cli;
mod compare;
mod coverage;
mod growth;
mod growth_shocks;
mod growth_simulate;
mod outputs;
#[cfg(unix)]
mod signals;
mod wrong_methods;
