//! Manifests: what a result was computed from, so that it can be cut, put together and checked.
//!
//! A manifest holds all that decides the result's bytes: the program's version, that of the random stream,
//! every parameter, the hash of the panel's content ([`crate::panel::content`]), what it covers, and a hash
//! of the records themselves. What decides nothing (the device, threads, memory, times) is kept apart, in
//! [`Run`]: two runs of equal manifests have equal results.
//!
//! JSON has the manifest under the key `manifest`, Parquet and Arrow as the key `bellwether.manifest` of
//! their metadata; CSV and JSON that is split as pandas does it have no place for one, which `--manifest`
//! writes to a file of its own.

use std::collections::BTreeMap;

use jiff::civil::Date;
use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::bootstrap::Intervals;
use crate::panel::content::Content;

/// The key of a Parquet or Arrow file's metadata.
pub const KEY: &str = "bellwether.manifest";

/// The program and its version.
pub const PROGRAM: &str = concat!("bellwether ", env!("CARGO_PKG_VERSION"));

/// What a result was computed from.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Manifest {
    /// The program and its version.
    pub program: String,
    /// The version of the random stream; none where nothing was drawn.
    pub random_stream: Option<u32>,
    /// Every parameter of the method and of reading, by name: a text, or a list of them.
    pub parameters: Parameters,
    /// What was read.
    pub panel: PanelContent,
    /// What was computed.
    pub covers: Covers,
    /// The hash of the records ([`super::intervals::records_hash`]).
    pub records: String,
}

/// Parameters by name.
pub type Parameters = BTreeMap<String, Value>;

/// What was read of a panel.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct PanelContent {
    /// The hash of all prices used ([`Content::hash`]).
    pub hash: String,
    /// The number of prices.
    pub prices: u64,
    /// The number of stocks.
    pub stocks: usize,
}

/// What a result is of.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Covers {
    /// The number of days (or weeks, months).
    pub days: usize,
    /// The first of them, and the last.
    pub first: Option<Date>,
    /// The last.
    pub last: Option<Date>,
    /// Cells, over all measures.
    pub cells: usize,
    /// Samples, from the first to before the last; none where there are infinitely many.
    pub samples: Option<[u32; 2]>,
}

impl Manifest {
    /// Of all that `found` holds; `records` is their hash, `stream` the version of the random stream where
    /// anything was drawn, `samples` how many.
    pub fn new(
        parameters: Parameters,
        stream: Option<u32>,
        samples: Option<u32>,
        (content, stocks): (&Content, &[String]),
        found: &[Intervals],
        records: String,
    ) -> Self {
        Self {
            program: PROGRAM.to_owned(),
            random_stream: stream,
            parameters,
            panel: PanelContent {
                hash: content.hash(stocks),
                prices: content.prices(),
                stocks: stocks.len(),
            },
            covers: Covers::of(found, samples.map(|samples| [0, samples])),
            records,
        }
    }
}

impl Covers {
    /// What was found, from these samples.
    pub fn of(found: &[Intervals], samples: Option<[u32; 2]>) -> Self {
        let dates = found.first().map_or(&[][..], |one| &one.dates);
        Self {
            days: dates.len(),
            first: dates.first().copied(),
            last: dates.last().copied(),
            cells: found.iter().map(Intervals::count).sum(),
            samples,
        }
    }
}

/// How a run went, which decides nothing of its result.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Run {
    /// What it was computed on.
    pub device: String,
    /// Threads of the CPU.
    pub threads: usize,
    /// Bytes that it might use.
    pub memory: u64,
    /// Seconds of each step, by the clock.
    pub seconds: BTreeMap<String, f64>,
}

impl Run {
    /// On this device, with so many threads and bytes, in these seconds.
    pub fn new(device: &str, threads: usize, memory: u64, seconds: &[(&str, f64)]) -> Self {
        let seconds = seconds.iter().map(|&(step, seconds)| (step.to_owned(), seconds)).collect();
        Self { device: device.to_owned(), threads, memory, seconds }
    }
}

/// A file of a manifest alone.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct ManifestFile {
    /// What decides the result.
    pub manifest: Manifest,
    /// How the run went.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub run: Option<Run>,
}

impl ManifestFile {
    /// Of a run.
    pub fn new(manifest: Manifest, run: Option<Run>) -> Self {
        Self { manifest, run }
    }

    /// Writes it as JSON.
    ///
    /// # Errors
    ///
    /// What the writer fails with.
    pub fn write(&self, out: &mut dyn std::io::Write) -> std::io::Result<()> {
        serde_json::to_writer_pretty(&mut *out, self)?;
        out.write_all(b"\n")
    }
}
