//! Bellwether.

pub mod cli;
pub mod error;
pub mod gpu;
pub mod growth;
pub mod inference;
pub mod jobs;
pub mod output;
pub mod panel;
pub mod random;
pub mod resample;

pub use error::{Error, Result};
