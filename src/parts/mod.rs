//! Runs in parts: cut for the tasks of a cluster, put together to the bytes of the whole.
//!
//! The draws of (day, sample) depend on the seed, the day and the sample alone ([`crate::random`]), so that a
//! run may be cut anywhere:
//!
//! ```text
//! panel ─ cut ─┬─ part 1 of N: bootstrap ─ file ─┬─ merge ─ the table of the whole, byte for byte
//!              ├─ …                              │
//!              └─ part N of N: bootstrap ─ file ─┘
//! ```
//!
//! | cut | where | what a part reads | what it carries |
//! |---|---|---|---|
//! | by stocks | each stock keeps its own times | the files of its stocks | estimates and ends of its cells |
//! | by days | stocks share their times | all files, its days | the same |
//! | by samples | few cells, many samples | all | the order statistics that can still decide an end |
//!
//! Reading order: [`cut`] (the arithmetic of equal shares), [`crate::panel::Share`] (a part of a panel),
//! [`file`] (one part as a file that says what it is), [`merge`].

pub mod cut;
mod error;
pub mod file;
pub mod merge;
mod samples;

pub use cut::Part;
pub use error::PartError;
pub use file::PartFile;
pub use merge::{Merged, merge};
pub(crate) use samples::of_samples;

/// What the cut along samples is called.
pub const SAMPLES: &str = "samples";
