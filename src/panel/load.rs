//! From paths to a panel.

use std::path::PathBuf;

use jiff::civil::Date;

use super::Panel;
use super::options::LoadOptions;
use super::stream::{PanelReader, Summary};
use crate::error::{Error, Result};
use crate::jobs::Jobs;

/// A panel, and how loading it went.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The panel: at least one stock and one day, each entry of a day with at least two prices of a stock.
    pub panel: Panel,
    /// What the user should look at, one line each.
    pub warnings: Vec<String>,
    /// The files that were left out, sorted by stock, and why.
    pub failures: Vec<(PathBuf, Error)>,
    /// The days that were left out as they have fewer than two prices in common, and how many they have.
    pub short_days: Vec<(Date, usize)>,
    /// The number of files that went into the panel.
    pub files: usize,
    /// The number of prices in the panel, over all days.
    pub prices: usize,
    /// Bytes read from those files.
    pub bytes: u64,
}

/// Loads the panel that `paths` (folders of tables, tables, or `-` for standard input) hold.
/// Files are read in parallel, a job each, so that the progress of `jobs` counts files. [`PanelReader`] reads
/// a panel that is too large for memory.
///
/// Under [`LoadOptions::keep_going`] a file that can't be read or is malformed is left out and kept among the
/// failures. A path that does not exist, a stock in two files, or stocks that must share their times and do
/// not ([`Align::Exact`]) remain errors: what to do about them is the user's choice.
///
/// # Errors
///
/// [`Error::Panel`] or [`Error::Io`], for the first file (by stock) at fault, or for the panel as a whole.
pub fn load(paths: &[PathBuf], options: &LoadOptions, jobs: &Jobs) -> Result<Loaded> {
    let mut reader = PanelReader::open(paths, options, u64::MAX, jobs)?;
    let mut days = Vec::new();
    while let Some(block) = reader.next_prices(jobs)? {
        days.extend(block);
    }
    let panel = Panel { stocks: reader.stocks().to_vec(), days };
    let Summary { warnings, short_days, files, prices, bytes, .. } = reader.summary();
    let short_days = short_days.to_vec();
    Ok(Loaded { panel, warnings, failures: reader.into_failures(), short_days, files, prices, bytes })
}
