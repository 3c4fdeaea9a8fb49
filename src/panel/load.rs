//! From paths to a panel.

use std::path::PathBuf;

use jiff::civil::Date;

use super::Panel;
use super::align::Align;
use super::clean::Cleaning;
use super::header::{ColumnNames, RowFilter};
use super::moment::{DateFormat, Zones};
use super::sample::Every;
use super::stream::{PanelReader, Summary};
use crate::error::{Error, Result};
use crate::jobs::Jobs;

/// What to load, and what to do where the files do not fit together.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct LoadOptions {
    /// The stocks to load; all where there is no list, or an empty one.
    pub stocks: Option<Vec<String>>,
    /// The first day to keep.
    pub from: Option<Date>,
    /// The last day to keep.
    pub to: Option<Date>,
    /// At which times of a day stocks have their returns.
    pub align: Align,
    /// Leave out files that can't be read and days that are too short, instead of failing.
    pub keep_going: bool,
    /// How tables are written, where they do not say it themselves.
    pub table: TableOptions,
    /// Whether rows may come in any order; they are then sorted in memory.
    pub sort: bool,
    /// How the ticks of a day are cleaned.
    pub cleaning: Cleaning,
    /// The step at which prices are taken, of all that are left; all of them where there is none.
    pub every: Option<Every>,
}

/// How tables are written, where they do not say it themselves.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TableOptions {
    /// What stands between the fields of a text; the comma, semicolon, tab or bar that the first line has
    /// most of, where nothing is said.
    pub separator: Option<u8>,
    /// Which columns hold what.
    pub columns: ColumnNames,
    /// Which rows are kept, by what other columns hold: those that pass all of these.
    pub filters: Vec<RowFilter>,
    /// Whether a comma stands for the decimal point in prices.
    pub decimal_comma: bool,
    /// How dates are written that can be read in two ways.
    pub date_format: Option<DateFormat>,
    /// Whose clocks times are of.
    pub zones: Zones,
}

impl LoadOptions {
    /// Loads these stocks alone.
    pub fn stocks<S: Into<String>>(self, stocks: impl IntoIterator<Item = S>) -> Self {
        Self { stocks: Some(stocks.into_iter().map(Into::into).collect()), ..self }
    }

    /// Keeps the days from this one on.
    pub fn from_day(self, day: Date) -> Self {
        Self { from: Some(day), ..self }
    }

    /// Keeps the days up to this one, which is kept too.
    pub fn to_day(self, day: Date) -> Self {
        Self { to: Some(day), ..self }
    }

    /// Says at which times of a day stocks have their returns.
    pub fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// Leaves out what can't be read, instead of failing.
    pub fn keep_going(self) -> Self {
        Self { keep_going: true, ..self }
    }

    /// Says how tables are written.
    pub fn table(self, table: TableOptions) -> Self {
        Self { table, ..self }
    }

    /// Sorts rows that come in any order.
    pub fn sort(self) -> Self {
        Self { sort: true, ..self }
    }

    /// Cleans the ticks of each day.
    pub fn cleaning(self, cleaning: Cleaning) -> Self {
        Self { cleaning, ..self }
    }

    /// Takes prices at this step.
    pub fn every(self, every: Every) -> Self {
        Self { every: Some(every), ..self }
    }
}

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
