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
//! [`compute`], [`file`] (one part as a file that says what it is), [`merge`].
//!
//! # Examples
//!
//! ```
//! use bellwether::bootstrap::{Bootstrap, Engine, Period, Resources};
//! use bellwether::jobs::Jobs;
//! use bellwether::output::manifest::Parameters;
//! use bellwether::panel::{LoadOptions, PanelReader, Share, ShareBy};
//! use bellwether::parts::file::Header;
//! use bellwether::parts::{Part, PartFile, compute, merge};
//!
//! let (jobs, options, memory) = (Jobs::new(), LoadOptions::default(), 64 << 20);
//! let resources = Resources { jobs: &jobs, memory };
//! let methods = vec![Bootstrap::new(100, 0.95, 0)?];
//! let mut parts = Vec::new();
//! for number in 1..=2 {
//!     let part = Part::new(number, 2)?;
//!     let share = Share { part, by: ShareBy::Stocks, period: Period::Day };
//!     let opened = PanelReader::open_share(&["data/sample".into()], &options, memory, &jobs, share)?;
//!     let (Some(mut panel), stocks) = (opened.panel, opened.stocks) else { unreachable!() };
//!     let found = compute(&methods, &mut panel, &stocks, &mut Engine::Cpu, &resources, &(), None)?;
//!     let hash = found.content.hash(&stocks);
//!     let header =
//!         Header::new(Parameters::new(), part, "stocks", stocks, hash, found.covers, found.left_out);
//!     let file = PartFile::new(header, opened.files, found.content, found.cells);
//!     parts.push((format!("{number}.part").into(), file));
//! }
//! let parts = merge::check(parts)?;
//! let (_, merged) = merge(&parts, |_| Ok(methods))?;
//! assert_eq!(merged.intervals[0].count(), 3 * 21);
//! # Ok::<(), bellwether::Error>(())
//! ```

mod cells;
pub mod cut;
mod error;
pub mod file;
pub mod merge;
mod run;
mod samples;

pub use cells::Cells;
pub use cut::Part;
pub use error::PartError;
pub use file::PartFile;
pub use merge::{Merged, merge};
pub use run::{Computed, compute};

/// What the cut along samples is called.
pub const SAMPLES: &str = "samples";
