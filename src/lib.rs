//! Bootstrap confidence intervals of realized variance, and certified value function iteration, on every CPU
//! core and on any GPU; the bootstrap is the same to the last bit on all of them.
//!
//! ```text
//!   prices ─ panel ─ returns ─ measure: columns ─┬─ resample by a scheme (CPU | GPU) ─┬─ measure: statistic
//! simulate                                       └─ exact: inversion, no draws ───────┘          │
//!                                                         plot, output ─ table ─ interval: ends ─┘
//!
//! model + grid ─ Bellman operator (CPU | GPU proposes) ─ iterate ─ certify in f64 ─┬─ output
//!                                                                                  └─ plot
//!
//! compare, coverage: the same flows against the clock, and against simulated truth
//! ```
//!
//! Data goes one way, and each arrow is a module. In reading order, of which each uses only those above it
//! (errors of a module are variants of [`Error`]):
//!
//! | module | what it is about |
//! |---|---|
//! | [`error`] | the one error type: what, where, what to do |
//! | [`figures`] | numbers as text: bounds are rounded up |
//! | [`jobs`] | many independent computations: in order or as completed, failures kept, progress told |
//! | [`gpu`] | adapters and devices, and their failures as errors; knows nothing of the two flows |
//! | [`vector`] | sixteen words at once, on the vectors that the CPU has |
//! | [`random`] | the counter-based random stream, and exactly uniform row numbers |
//! | [`panel`] | prices from files, aligned and checked; log returns within a day |
//! | [`columns`] | quantities a row as integers, whose sums are exact |
//! | [`resample`] | the heart: rows drawn by a scheme, summed as integers, on the CPU and on the GPU |
//! | [`measure`] | one file a measure: its columns, its statistic of their sums, its standard error |
//! | [`exact`] | the law of a resampled sum without draws: its quantiles, by inversion |
//! | [`interval`] | one file an interval: the order statistics that it needs, and its ends |
//! | [`bootstrap`] | the driver: panel × measures × scheme × intervals × engine to a table of intervals |
//! | [`parts`] | the same in parts: cut for a cluster, put together to the same bytes |
//! | [`growth`] | the growth model: grids, the Bellman operator, methods, the certificate |
//! | [`output`] | files written whole or not at all; CSV, JSON, Parquet, Arrow |
//! | [`simulate`] | panels of simulated prices, and files of them; models with known integrated variance |
//! | [`coverage`] | how often intervals hold the truth of such models |
//! | [`plot`] | pictures of intervals, distributions and solutions |
//! | [`compare`] | the same flows timed on one core, all cores and GPUs; tables and a picture of it |
//! | [`cli`] | the command line over all of this |
//!
//! **To add a measure**: a file in `src/measure` that names its columns and computes its statistic from their
//! sums, and a line in the list in `src/measure/mod.rs`. Resampling, intervals, engines, output and the
//! command line take it from there. `src/measure/beta.rs` is the shortest. To add an interval: the same in
//! `src/interval`. What goes with what, and why: [`bootstrap::pairings`].
//!
//! # Features
//!
//! | feature | what it adds |
//! |---|---|
//! | `gpu` | the same work on GPUs, and [`compare`] |
//! | `plot` | [`plot`] |
//! | `parquet` | tables in Parquet and Arrow files: prices to read, results to write |
//! | `cli` | [`cli`] and the program `bellwether`, with all others |
//!
//! All are on by default. None changes a result.
//!
//! # Examples
//!
//! The sample's intervals, by the library:
//!
//! ```
//! use bellwether::bootstrap::{Bootstrap, Engine, Resources};
//! use bellwether::jobs::Jobs;
//! use bellwether::panel::{LoadOptions, load};
//!
//! let jobs = Jobs::new();
//! let loaded = load(&["data/sample".into()], &LoadOptions::default(), &jobs)?;
//! let days = loaded.panel.returns().days;
//! let bootstrap = Bootstrap::new(200, 0.95, 0)?;
//! let resources = Resources { jobs: &jobs, memory: 64 << 20 };
//! let intervals = bootstrap.run(&days, &mut Engine::Cpu, &resources, &())?;
//! assert!(intervals.lower()[[0, 0]] < intervals.estimate[[0, 0]]);
//! # Ok::<(), bellwether::Error>(())
//! ```

pub mod bootstrap;
#[cfg(feature = "cli")]
pub mod cli;
pub mod columns;
#[cfg(feature = "gpu")]
pub mod compare;
pub mod coverage;
pub mod error;
pub mod exact;
pub mod figures;
pub mod gpu;
pub mod growth;
pub mod interval;
pub mod jobs;
pub mod measure;
pub mod output;
pub mod panel;
mod panics;
pub mod parts;
#[cfg(feature = "plot")]
#[cfg_attr(not(feature = "gpu"), allow(dead_code, reason = "series of marks are the comparison's"))]
pub mod plot;
pub mod random;
pub mod resample;
pub mod simulate;
pub mod vector;

pub use error::{Error, Result};
/// Dates, as this library takes and gives them.
pub use jiff;
/// Arrays, as this library takes and gives them.
pub use ndarray;
/// Adapters of GPUs, as this library takes and gives them.
#[cfg(feature = "gpu")]
pub use wgpu;
