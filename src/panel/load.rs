//! From paths to a panel.

use std::path::PathBuf;

use jiff::civil::Date;

use super::align::{Align, align};
use super::error::PanelError;
use super::select::{Source, check_stocks, restrict, sources};
use super::series::Series;
use super::text::{Lines, Splitter};
use super::{Panel, long, quality, single, text};
use crate::error::{Error, Result};
use crate::jobs::Jobs;

/// What to load, and what to do where the files do not fit together.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct LoadOptions {
    /// The stocks to load; all where there is no list, or an empty one.
    pub stocks: Option<Vec<String>>,
    /// The first day to keep.
    pub from: Option<Date>,
    /// The last day to keep.
    pub to: Option<Date>,
    /// What to do where stocks do not share their times.
    pub align: Align,
    /// Leave out files that can't be read and days that are too short, instead of failing.
    pub keep_going: bool,
}

/// A panel, and how loading it went.
#[derive(Debug)]
#[non_exhaustive]
pub struct Loaded {
    /// The panel: at least one stock and one day, each day with at least two prices.
    pub panel: Panel,
    /// What the user should look at, one line each.
    pub warnings: Vec<String>,
    /// The files that were left out, sorted by stock, and why.
    pub failures: Vec<(PathBuf, Error)>,
    /// The number of files that went into the panel.
    pub files: usize,
    /// The number of prices in the panel: times × stocks, over all days.
    pub prices: usize,
    /// Bytes read from those files.
    pub bytes: u64,
}

/// Loads the panel that `paths` (folders of files of one stock each, such files, or one long file) hold. Files are read
/// in parallel, a job each, so that the progress of `jobs` counts files.
///
/// Under [`LoadOptions::keep_going`] a file that can't be read or is malformed is left out and kept among the failures. A
/// path that does not exist, a stock in two files, or stocks that do not share their times remain errors: what to do about
/// them is the user's choice.
///
/// # Errors
///
/// [`Error::Panel`] or [`Error::Io`], for the first file (by stock) at fault, or for the panel as a whole.
pub fn load(paths: &[PathBuf], options: &LoadOptions, jobs: &Jobs) -> Result<Loaded> {
    let wanted = options.stocks.as_deref().filter(|stocks| !stocks.is_empty());
    let files = sources(paths)?;
    let read = match &files[..] {
        [file] if paths == [file.path.clone()] => read_one(file, wanted)?,
        _ => read_many(files, wanted, options.keep_going, jobs)?,
    };
    let mut series = read.series;
    series.sort_by(|a, b| a.stock.cmp(&b.stock));
    restrict(&mut series, options.from, options.to)?;
    let aligned = align(&series, options.align, options.keep_going, jobs)?;
    let stocks = series.into_iter().map(|series| series.stock).collect();
    let panel = Panel { stocks, days: aligned.days };
    let mut warnings = aligned.warnings;
    warnings.extend(quality::warnings(&panel, jobs));
    let prices = panel.len();
    Ok(Loaded { panel, warnings, failures: read.failures, files: read.files, prices, bytes: read.bytes })
}

/// The series of the stocks wanted.
#[derive(Default)]
struct Read {
    series: Vec<Series>,
    failures: Vec<(PathBuf, Error)>,
    files: usize,
    bytes: u64,
}

impl Read {
    fn add(&mut self, series: impl IntoIterator<Item = Series>, bytes: usize) {
        self.series.extend(series);
        self.files += 1;
        self.bytes += bytes as u64;
    }

    /// Keeps a failure beside the successes, or fails at once.
    fn fail(&mut self, path: PathBuf, error: Error, keep_going: bool) -> Result<()> {
        if !keep_going {
            return Err(error);
        }
        self.failures.push((path, error));
        Ok(())
    }
}

/// Reads files of one stock each. Only those of the stocks wanted are opened.
fn read_many(
    mut files: Vec<Source>,
    wanted: Option<&[String]>,
    keep_going: bool,
    jobs: &Jobs,
) -> Result<Read> {
    check_stocks(wanted, files.iter().map(|file| file.stock.as_str()))?;
    files.retain(|file| wanted.is_none_or(|wanted| wanted.contains(&file.stock)));
    let results = jobs.map(files, |file| {
        let bytes = text::read(&file.path)?;
        Ok((single::parse(&file.stock, &file.path, &bytes)?, bytes.len()))
    });
    let mut read = Read::default();
    for job in results {
        match job.result {
            Ok((series, bytes)) => read.add([series], bytes),
            Err(failure) => {
                let error = failure.into_error(format!("reading {}", job.input.path.display()));
                read.fail(job.input.path, error, keep_going)?;
            }
        }
    }
    if read.files > 0 {
        return Ok(read);
    }
    // One file alone is its own explanation.
    let files = read.failures.len();
    match read.failures.into_iter().next() {
        Some((_, error)) if files == 1 => Err(error),
        Some((_, error)) => Err(PanelError::NothingLeft { files, first: Box::new(error) }.into()),
        None => Err(PanelError::NoInput.into()),
    }
}

/// Reads the only file there is, named by the user: a long file, or one stock's. Without it nothing is left, whether to
/// keep going or not.
fn read_one(file: &Source, wanted: Option<&[String]>) -> Result<Read> {
    let bytes = text::read(&file.path)?;
    let mut read = Read::default();
    if is_long(&bytes) {
        let is_wanted = |stock: &str| wanted.is_none_or(|wanted| wanted.iter().any(|name| name == stock));
        let long = long::parse(&file.path, &bytes, is_wanted)?;
        check_stocks(wanted, long.stocks.iter().map(String::as_str))?;
        read.add(long.series, bytes.len());
    } else {
        check_stocks(wanted, [file.stock.as_str()])?;
        read.add([single::parse(&file.stock, &file.path, &bytes)?], bytes.len());
    }
    Ok(read)
}

fn is_long(text: &[u8]) -> bool {
    Lines::new(text).next().is_some_and(|line| long::is_long(line, &mut Splitter::new()))
}
