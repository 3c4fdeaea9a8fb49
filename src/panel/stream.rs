//! A panel read some days at a time, so that it need not fit in memory.
//!
//! Files of one stock each are first read from end to end: every row is checked, and where each day begins is
//! noted. If all prices fit the memory given they are kept, else forgotten, and read again block by block:
//! consecutive days, of which only the files' parts that hold them are read. Whatever the memory, the same
//! days come in the same order with the same returns, and the same errors and warnings.
//!
//! A file that is read twice must be the same both times: its length is compared, and a checksum of each
//! day's bytes.
//!
//! A long file has its stocks in any order; it is read once and its series are kept.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use rayon::prelude::*;

use super::align::{Alignment, CalendarDay, short_days_line};
use super::content::{self, Content};
use super::error::PanelError;
#[cfg(feature = "parquet")]
use super::frame::Frame;
use super::intake::Steps;
use super::quality::{DayQuality, Quality};
use super::read::{self, Again, GRID_BYTES, Held, Read};
use super::select::{restrict, sources};
use super::series::{Series, Stock, Ticks};
use super::spool::TICK_BYTES;
use super::{DayPrices, DayReturns, LoadOptions, returns_of_day};
use crate::error::{Error, Result};
use crate::jobs::Jobs;

/// What the panel's files hold, read block by block of days.
///
/// # Examples
///
/// ```
/// # use bellwether::jobs::Jobs;
/// # use bellwether::panel::{LoadOptions, PanelReader};
/// let jobs = Jobs::new();
/// // With a quarter of a megabyte, not all days at once.
/// let mut panel = PanelReader::open(&["data/sample".into()], &LoadOptions::default(), 256 << 10, &jobs)?;
/// assert!(panel.blocks() > 1);
/// let mut days = 0;
/// while let Some(block) = panel.next_returns(&jobs)? {
///     days += block.len();
/// }
/// assert_eq!((days, panel.summary().days), (21, 21));
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Debug)]
pub struct PanelReader {
    stocks: Vec<String>,
    held: Vec<Held>,
    again: Again,
    alignment: Alignment,
    quality: Quality,
    /// Numbers of the days in the calendar, block by block.
    blocks: Vec<Range<usize>>,
    /// Number of the block that comes next.
    next: usize,
    /// Bytes that may be used, and those of the returns of the block that came last.
    memory: u64,
    last_bytes: u64,
    prices: usize,
    range: Option<(Date, Date)>,
    failures: Vec<(PathBuf, Error)>,
    files: usize,
    bytes: u64,
    understood: Vec<String>,
    row_groups: usize,
    steps: Steps,
    /// What the blocks so far hold, where it is asked for.
    content: Option<Content>,
    /// Of each stock the first file that holds it.
    origins: BTreeMap<String, PathBuf>,
    keep_going: bool,
}

/// Which of some days, given with their returns, are kept.
pub(super) type KeptDays<'a> = dyn Fn(&[(Date, u64)]) -> BTreeSet<Date> + 'a;

/// How reading a panel went.
#[derive(Debug)]
#[non_exhaustive]
pub struct Summary<'a> {
    /// What the user should look at, one line each.
    pub warnings: Vec<String>,
    /// The files that were left out, sorted by stock, and why.
    pub failures: &'a [(PathBuf, Error)],
    /// The days that were left out as they have fewer than two prices in common, and how many they have.
    pub short_days: &'a [(Date, usize)],
    /// The number of files that went into the panel.
    pub files: usize,
    /// The number of days read.
    pub days: usize,
    /// The first and the last of them.
    pub range: Option<(Date, Date)>,
    /// The number of prices taken, over all days.
    pub prices: usize,
    /// Bytes of those files.
    pub bytes: u64,
    /// What was understood of the files, a line for each way in which they are written.
    pub understood: &'a [String],
    /// The number of groups of rows of Parquet files that were read.
    pub row_groups: usize,
    /// What row filters, cleaning and sampling did, a line for each that did anything.
    pub steps: Vec<String>,
}

impl Summary<'_> {
    /// What [`LoadOptions::keep_going`] left out, a line each: files, then days.
    pub fn left_out(&self) -> Vec<String> {
        left_out(self.failures).chain(short_days_line(self.short_days)).collect()
    }
}

/// A line for each file that was left out.
pub(super) fn left_out(failures: &[(PathBuf, Error)]) -> impl Iterator<Item = String> {
    // Every error of a file names it.
    failures.iter().map(|(_, error)| format!("a file: {error}"))
}

impl PanelReader {
    /// Reads the files that `paths` name from end to end, as [`super::load`] does, and plans blocks of days
    /// for which reading takes at most half of `memory` bytes; the other half is for who uses them. A block
    /// is a day at least, even where that takes more.
    ///
    /// # Errors
    ///
    /// [`Error::Panel`] or [`Error::Io`], for the first file (by stock) at fault, or for the panel as a
    /// whole. Times that stocks do not share are found later, in [`Self::next_returns`].
    pub fn open(paths: &[PathBuf], options: &LoadOptions, memory: u64, jobs: &Jobs) -> Result<Self> {
        Self::of(read::read(sources(paths)?, options, memory / 2, jobs)?, options, memory, jobs, None)
    }

    /// The same of a table in memory, which is read by the rules of a file.
    ///
    /// # Errors
    ///
    /// As [`Self::open`]; a fault is told with its row and column.
    #[cfg(feature = "parquet")]
    pub fn of_frame(frame: Frame, options: &LoadOptions, memory: u64, jobs: &Jobs) -> Result<Self> {
        Self::of(frame.read(options, memory / 2, jobs)?, options, memory, jobs, None)
    }

    /// Of what was read, all days or those that `kept` gives of the days and their returns.
    pub(super) fn of(
        read: Read,
        options: &LoadOptions,
        memory: u64,
        jobs: &Jobs,
        kept: Option<&KeptDays<'_>>,
    ) -> Result<Self> {
        let room = memory / 2;
        let Read { stocks: mut held, failures, files, bytes, understood, row_groups, steps, origins } = read;
        let (stocks, mut alignment) =
            calendar(&mut held, options).map_err(|error| explained(error, &steps))?;
        if let Some(kept) = kept {
            let days = alignment.calendar.iter().map(|day| (day.date, alignment.usual_returns(day) as u64));
            let kept = kept(&days.collect::<Vec<_>>());
            alignment.calendar.retain(|day| kept.contains(&day.date));
        }
        let blocks = blocks(&alignment, stocks.len(), jobs.thread_count(), room);
        let (next, last_bytes, prices, range) = (0, 0, 0, None);
        Ok(Self {
            stocks,
            held,
            again: Again { table: options.table.clone(), missing: options.cleaning.missing },
            alignment,
            quality: Quality::default(),
            blocks,
            next,
            memory,
            last_bytes,
            prices,
            range,
            failures,
            files,
            bytes,
            understood,
            row_groups,
            steps,
            content: None,
            origins,
            keep_going: options.keep_going,
        })
    }

    /// Stock names, sorted.
    pub fn stocks(&self) -> &[String] {
        &self.stocks
    }

    /// The days in calendar order: those of any stock, or those that all have, as the alignment says. Those
    /// that turn out to be too short may be dropped yet.
    pub fn dates(&self) -> impl Iterator<Item = Date> {
        self.alignment.calendar.iter().map(|day| day.date)
    }

    /// From now on hashes what the blocks hold; see [`Self::content`].
    pub fn hash_content(&mut self) {
        self.content.get_or_insert_default();
    }

    /// What the blocks so far hold, since [`Self::hash_content`]: nothing where that was not called.
    pub fn content(&self) -> Option<&Content> {
        self.content.as_ref()
    }

    /// The first of the files that hold a stock, by its number.
    pub fn file_of(&self, stock: usize) -> Option<&Path> {
        self.origins.get(self.stocks.get(stock)?).map(PathBuf::as_path)
    }

    /// Whether days that are too short are an error: where stocks have common times, and nothing is left out.
    pub fn refuses_short_days(&self) -> bool {
        self.alignment.is_common() && !self.keep_going
    }

    /// Whether stocks are on common times, so that a day is too short for all of them.
    pub fn has_common_times(&self) -> bool {
        self.alignment.is_common()
    }

    /// The number of blocks that all days come in.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Whether all blocks were read.
    pub fn is_done(&self) -> bool {
        self.next == self.blocks.len()
    }

    /// Whether a stock, by number, has enough prices on a day for a return. As long as there are blocks to
    /// come.
    #[cfg_attr(not(feature = "cli"), allow(dead_code, reason = "cells are named on the command line"))]
    pub(crate) fn has(&self, stock: usize, date: Date) -> bool {
        let has = |day: (Date, usize)| day.0 == date && day.1 > 1;
        self.held.get(stock).is_some_and(|held| held.days().any(has))
    }

    /// The number of cells of the days still to come that have returns, where stocks keep their own times;
    /// about as many where not.
    pub fn cells_left(&self) -> usize {
        self.held.iter().map(|held| held.days().filter(|(_, rows)| *rows > 1).count()).sum()
    }

    /// The number of sets of stocks with as many prices on a day, of the days still to come: each is
    /// resampled together. On common times that is all of a day.
    pub fn groups_left(&self) -> usize {
        if self.alignment.is_common() {
            return self.blocks[self.next..].iter().map(ExactSizeIterator::len).sum();
        }
        let groups: BTreeSet<(Date, usize)> =
            self.held.iter().flat_map(Stock::days).filter(|(_, rows)| *rows > 1).collect();
        groups.len()
    }

    /// Returns of all stocks over the days still to come, where stocks share their times or keep their own;
    /// about as many where not.
    pub fn returns_left(&self) -> u64 {
        let days = self.blocks[self.next..].iter().flat_map(|block| &self.alignment.calendar[block.clone()]);
        days.map(|day| self.alignment.usual_returns(day) as u64).sum()
    }

    /// Bytes that this reader holds between blocks, and those of the returns of the largest block: of the
    /// block that came last, where stocks that do not share their times made it larger than any was planned.
    pub fn held_bytes(&self) -> u64 {
        let returns = |block: &Range<usize>| {
            let days = &self.alignment.calendar[block.clone()];
            days.iter().map(|day| self.alignment.usual_prices(day) as u64 * GRID_BYTES).sum::<u64>()
        };
        let own: u64 = self.held.iter().map(Held::held_bytes).sum();
        own + self.blocks.iter().map(returns).max().unwrap_or(0).max(self.last_bytes)
    }

    /// The returns of the next block's days; `None` after the last block. Every block has days, but where all
    /// of them turn out too short. A day has several entries where stocks have different numbers of returns
    /// ([`Align::None`](super::Align::None)).
    ///
    /// # Errors
    ///
    /// [`Error::Panel`] where stocks do not share their times, a day is too short, a file has changed, or no
    /// day is left at the end; [`Error::Memory`] where they do not share them, and a day takes more than the
    /// memory given once they are brought to; [`Error::Io`].
    pub fn next_returns(&mut self, jobs: &Jobs) -> Result<Option<Vec<DayReturns>>> {
        self.next_block(jobs, |_, returns| returns)
    }

    /// Hands each stock's ticks of each of its days to `take`, as they were cleaned and sampled and before
    /// stocks are put on common times: stock after stock, times in nanoseconds after midnight. Before any
    /// block was read.
    ///
    /// # Errors
    ///
    /// Those of `take`; [`Error::Panel`] where a file has changed; [`Error::Io`].
    pub fn each_day(&self, mut take: impl FnMut(&str, Date, &[u64], &[f64]) -> Result<()>) -> Result<()> {
        // Some days at a time.
        const TICKS: usize = 1 << 20;
        for held in &self.held {
            let days: Vec<(Date, usize)> = held.days().collect();
            let mut first = 0;
            while first < days.len() {
                let mut ticks = 0;
                let more = days[first..].iter().take_while(|(_, rows)| {
                    let fits = ticks == 0 || ticks + rows <= TICKS;
                    ticks += rows;
                    fits
                });
                let next = first + more.count();
                let series = held.read(days[first].0, days[next - 1].0, &self.again)?;
                for day in &series.days {
                    let Ticks { times, prices } = series.ticks(day);
                    take(&series.stock, day.date, times, prices)?;
                }
                first = next;
            }
        }
        Ok(())
    }

    /// As [`Self::next_returns`], for the prices.
    ///
    /// # Errors
    ///
    /// As [`Self::next_returns`].
    pub fn next_prices(&mut self, jobs: &Jobs) -> Result<Option<Vec<DayPrices>>> {
        self.next_block(jobs, |prices, _| prices)
    }

    fn next_block<T: Send>(
        &mut self,
        jobs: &Jobs,
        keep: impl Fn(Vec<DayPrices>, Vec<DayReturns>) -> Vec<T> + Sync,
    ) -> Result<Option<Vec<T>>> {
        let Some(block) = self.blocks.get(self.next).cloned() else { return Ok(None) };
        self.next += 1;
        let dates: Vec<Date> = self.alignment.calendar[block].iter().map(|day| day.date).collect();
        let in_memory: Option<Vec<&Series>> = self.held.iter().map(Held::in_memory).collect();
        let prices = match in_memory {
            Some(series) => self.alignment.days(&series, &dates, self.memory, jobs)?,
            None => {
                let series = read::read_days(&self.held, &dates, &self.again, jobs)?;
                self.alignment.days(&series.iter().collect::<Vec<_>>(), &dates, self.memory, jobs)?
            }
        };
        if self.next == self.blocks.len() {
            self.held.clear();
        }
        let mut of_all = prices.iter().flatten();
        if let Some(first) = of_all.next() {
            let last = of_all.next_back().unwrap_or(first);
            self.range = Some((self.range.map_or(first.date, |(first, _)| first), last.date));
        }
        let count: usize = prices.iter().flatten().map(|day| day.prices.len()).sum();
        self.prices += count;
        self.last_bytes = count as u64 * GRID_BYTES;
        let hashes = self.content.is_some();
        let look = |day: Vec<DayPrices>| {
            let returns = returns_of_day(&day);
            let cells = if hashes { day.iter().flat_map(content::of_day).collect() } else { Vec::new() };
            ((DayQuality::of(&day, &returns), cells), keep(day, returns))
        };
        let (looked, days): (Vec<_>, Vec<Vec<T>>) = jobs.install(|| prices.into_par_iter().map(look).unzip());
        for (quality, cells) in looked {
            self.quality.add(quality);
            if let Some(content) = &mut self.content {
                content.cells.extend(cells);
            }
        }
        if self.is_done() {
            self.alignment.check().map_err(|error| explained(error.into(), &self.steps))?;
        }
        Ok(Some(days.into_iter().flatten().collect()))
    }

    /// How reading went so far; all of it after the last block.
    pub fn summary(&self) -> Summary<'_> {
        let mut warnings = self.alignment.warnings();
        warnings.extend(self.quality.warnings(&self.stocks));
        Summary {
            warnings,
            failures: &self.failures,
            short_days: &self.alignment.short_days,
            files: self.files,
            days: self.alignment.days_kept(),
            range: self.range,
            prices: self.prices,
            bytes: self.bytes,
            understood: &self.understood,
            row_groups: self.row_groups,
            steps: {
                let mut lines = self.steps.lines();
                let averaged = self.alignment.sampling().filter(|sampling| sampling.grids() > 1);
                lines.extend(averaged.map(|sampling| {
                    let (grids, every) = (sampling.grids(), sampling.every());
                    format!("returns averaged over {grids} offset grids of {every} each")
                }));
                lines
            },
        }
    }

    /// The files that were left out, sorted by stock, and why.
    pub(super) fn into_failures(self) -> Vec<(PathBuf, Error)> {
        self.failures
    }
}

/// The error of a panel without days, with what was done to its rows.
fn explained(error: Error, steps: &Steps) -> Error {
    match error {
        Error::Panel(PanelError::NoDays { why }) => {
            let why = std::iter::once(why).chain(steps.lines()).filter(|line| !line.is_empty());
            PanelError::NoDays { why: why.collect::<Vec<_>>().join("; ") }.into()
        }
        other => other,
    }
}

/// Sorts and restricts the stocks, and finds the days to keep.
fn calendar<S: Stock>(stocks: &mut [S], options: &LoadOptions) -> Result<(Vec<String>, Alignment)> {
    stocks.sort_by(|a, b| a.name().cmp(b.name()));
    restrict(stocks, options.from, options.to)?;
    let alignment = Alignment::new(stocks, options.align, options.keep_going)?.sampled(options.sampling()?);
    if alignment.calendar.is_empty() {
        alignment.check()?;
    }
    Ok((stocks.iter().map(|stock| stock.name().to_owned()).collect(), alignment))
}

/// Cuts the calendar into blocks, as few as may be, each of at least a day. Reading one takes the ticks of
/// its series, the prices once aligned and, for each file that a thread reads, its text.
fn blocks(alignment: &Alignment, stocks: usize, threads: usize, room: u64) -> Vec<Range<usize>> {
    let bytes = |day: &CalendarDay| {
        let grid = alignment.most_prices(day) as u64;
        let text = day.text * stocks.min(threads) as u64;
        day.all as u64 * TICK_BYTES + grid * GRID_BYTES + text
    };
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut free = 0;
    for (number, bytes) in alignment.calendar.iter().map(bytes).enumerate() {
        match blocks.last_mut() {
            Some(block) if bytes <= free => block.end = number + 1,
            _ => {
                blocks.push(number..number + 1);
                free = room;
            }
        }
        free = free.saturating_sub(bytes);
    }
    blocks
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::panel::{Align, load};
    use crate::simulate::{SimulateSpec, write};

    fn all_returns(reader: &mut PanelReader) -> Vec<DayReturns> {
        let mut days = Vec::new();
        while let Some(block) = reader.next_returns(&Jobs::new()).unwrap() {
            days.extend(block);
        }
        days
    }

    /// A folder with a simulated panel of three stocks over twelve days.
    fn folder() -> tempfile::TempDir {
        let folder = tempfile::tempdir().unwrap();
        let spec = SimulateSpec { stocks: 3, days: 12, ..SimulateSpec::default() };
        write(&spec, folder.path(), true, |_| {}).unwrap();
        folder
    }

    #[test]
    fn blocks_give_what_loading_at_once_gives() {
        let folder = folder();
        for entry in fs::read_dir(folder.path()).unwrap() {
            let path = entry.unwrap().path();
            let rows = fs::read_to_string(&path).unwrap();
            fs::write(&path, rows.lines().map(|line| format!("{line:39}\n")).collect::<String>()).unwrap();
        }
        let paths = [folder.path().to_path_buf()];
        let options = LoadOptions::default();
        let loaded = load(&paths, &options, &Jobs::new()).unwrap();
        let expected = loaded.panel.returns();
        let prices: usize = loaded.panel.days[0].times.len();
        let jobs = Jobs::new().threads(2).unwrap();
        // A day takes 24 bytes a price, and 40 for the text of each of two files.
        let day = prices as u64 * (3 * 24 + 2 * 40);
        for (memory, blocks) in
            [(0, 12), (2 * day, 12), (4 * day - 1, 12), (4 * day, 6), (10 * day, 3), (1 << 30, 1)]
        {
            let mut reader = PanelReader::open(&paths, &options, memory, &jobs).unwrap();
            assert_eq!(reader.blocks(), blocks, "{memory} bytes");
            assert_eq!(reader.stocks(), expected.stocks);
            // One block: the prices and times, 16 bytes each. More: 32 bytes a day of a file.
            // And the returns of the largest block.
            let days = (memory / 2 / day).clamp(1, 12);
            let own = if blocks == 1 { 12 * 3 * prices as u64 * 16 } else { 12 * 3 * 32 };
            assert_eq!(reader.held_bytes(), own + days * 3 * prices as u64 * 8, "{memory} bytes");
            let returns: usize = expected.days.iter().map(|day| day.returns.len()).sum();
            assert_eq!(reader.returns_left(), returns as u64);
            assert_eq!(all_returns(&mut reader), expected.days, "{memory} bytes");
            assert!(reader.is_done() && reader.returns_left() == 0);
            let summary = reader.summary();
            assert_eq!((summary.files, summary.days, summary.prices), (3, 12, loaded.prices));
            assert_eq!((summary.bytes, &summary.warnings), (loaded.bytes, &loaded.warnings));
        }
    }

    #[test]
    fn blocks_are_restricted_and_aligned_as_the_whole_is() {
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        let names: Vec<String> = fs::read_dir(folder.path())
            .unwrap()
            .map(|entry| entry.unwrap().file_name().into_string().unwrap())
            .collect();
        // One stock lacks a day, another some prices, and a day has one price.
        let edit = |name: &str, keep: &dyn Fn(usize, &str) -> bool| {
            let text = fs::read_to_string(path(name)).unwrap();
            let lines = text.lines().enumerate().filter(|(number, line)| keep(*number, line));
            fs::write(path(name), lines.map(|(_, line)| format!("{line}\n")).collect::<String>()).unwrap();
        };
        let dates: Vec<String> = {
            let text = fs::read_to_string(path(&names[0])).unwrap();
            let mut dates: Vec<String> = text.lines().map(|line| line[..8].to_owned()).collect();
            dates.dedup();
            dates
        };
        edit(&names[0], &|_, line| !line.starts_with(&dates[3]));
        edit(&names[1], &|number, _| number % 7 != 5);
        let mut last = String::new();
        let of_last_day = std::cell::RefCell::new(&mut last);
        edit(&names[2], &|_, line| {
            let mut seen = of_last_day.borrow_mut();
            let again = **seen == line[..8];
            **seen = line[..8].to_owned();
            !(again && line.starts_with(&dates[10]))
        });
        let paths = [folder.path().to_path_buf()];
        let date = |at: usize| crate::panel::parse_date(&dates[at]).unwrap();
        for align in [Align::None, Align::Inner, Align::Previous, Align::Refresh] {
            let options = LoadOptions {
                align,
                keep_going: true,
                from: Some(date(1)),
                to: Some(date(11)),
                ..LoadOptions::default()
            };
            let loaded = load(&paths, &options, &Jobs::new()).unwrap();
            assert!(loaded.warnings.len() >= 2, "{:?}", loaded.warnings);
            // The one price is carried on, but is the only time that all have, or all have anew.
            let short: &[_] = match align {
                Align::Inner | Align::Refresh => &[(date(10), 1)],
                _ => &[],
            };
            assert_eq!(loaded.short_days, short);
            for memory in [50_000, 200_000] {
                let mut reader = PanelReader::open(&paths, &options, memory, &Jobs::new()).unwrap();
                assert!(reader.blocks() > 1);
                assert_eq!(all_returns(&mut reader), loaded.panel.returns().days);
                let summary = reader.summary();
                assert_eq!((summary.prices, &summary.warnings), (loaded.prices, &loaded.warnings));
                assert_eq!(summary.short_days, loaded.short_days);
            }
        }
    }

    /// Every edit of what is yet to come, even one that leaves all lengths as they were.
    #[test]
    fn files_that_change_are_found_out() {
        let swap = |text: &str| {
            let end = text.rfind(|char: char| char.is_ascii_digit()).unwrap();
            let digit = if text[end..].starts_with('5') { "6" } else { "5" };
            format!("{}{digit}{}", &text[..end], &text[end + 1..])
        };
        let cut = |text: &str| text[..text.len() - 4].to_owned();
        let edits: [&dyn Fn(&str) -> String; 6] = [
            &swap,
            &cut,
            &|text| text.to_owned() + "20990101,930,1\n",
            &|_| String::new(),
            &|text| "x".repeat(text.len()),
            &|text| text.to_owned(),
        ];
        for (number, edit) in edits.iter().enumerate() {
            let folder = folder();
            let paths = [folder.path().to_path_buf()];
            let mut reader = PanelReader::open(&paths, &LoadOptions::default(), 0, &Jobs::new()).unwrap();
            assert!(reader.next_returns(&Jobs::new()).unwrap().is_some());
            let file = fs::read_dir(folder.path()).unwrap().next().unwrap().unwrap().path();
            // As `mv` does: another file takes its place.
            let edited = edit(&fs::read_to_string(&file).unwrap());
            fs::write(folder.path().join("new"), edited).unwrap();
            fs::rename(folder.path().join("new"), &file).unwrap();
            let mut read = || -> Result<()> {
                while reader.next_returns(&Jobs::new())?.is_some() {}
                Ok(())
            };
            // The last edit changes nothing.
            match read() {
                Ok(()) => assert_eq!(number, 5),
                Err(error) => {
                    let expected = format!("{}: the file changed while it was read", file.display());
                    assert!(number < 5 && error.to_string().starts_with(&expected), "{number}: {error}");
                }
            }
        }
    }

    /// Days are read again by the columns of the header, wherever chunks and blanks lie.
    #[test]
    fn days_with_headers_and_blank_lines_are_read_again() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("A.csv");
        let blank = "\n".repeat(crate::panel::text::CHUNK as usize / 2);
        let rows = |day: u32, price: u32| format!("{price},x,{day},935\n{blank}{},y,{day},936\n", price + 1);
        let text =
            format!("{blank}price,note,date,time\n{blank}{}{blank}{}", rows(20070103, 5), rows(20070104, 8));
        fs::write(&path, text).unwrap();
        let expected = load(std::slice::from_ref(&path), &LoadOptions::default(), &Jobs::new()).unwrap();
        assert_eq!(expected.panel.days[1].prices, ndarray::array![[8.0], [9.0]]);
        let mut reader = PanelReader::open(&[path], &LoadOptions::default(), 0, &Jobs::new()).unwrap();
        assert_eq!(reader.blocks(), 2);
        assert_eq!(all_returns(&mut reader), expected.panel.returns().days);
    }

    /// Three stocks that share no time but the first of the day.
    #[test]
    fn blocks_are_planned_for_the_grid_that_may_come() {
        let folder = tempfile::tempdir().unwrap();
        for stock in 0..3 {
            let row = |day: u32, row: u32| {
                let second = if row == 0 { 0 } else { 3 * row + stock };
                format!("{day},{:06},{}\n", 100_000 + second / 60 * 100 + second % 60, 10 + row % 7)
            };
            let text: String =
                (20070101..20070111).flat_map(|day| (0..100).map(move |number| row(day, number))).collect();
            fs::write(folder.path().join(format!("{stock}.csv")), text).unwrap();
        }
        let paths = [folder.path().to_path_buf()];
        let options = LoadOptions { align: Align::Previous, ..LoadOptions::default() };
        let jobs = Jobs::new().threads(1).unwrap();
        let expected = load(&paths, &options, &jobs).unwrap().panel.returns().days;
        // 298 times, but the plan knows only that there are at most 300.
        assert_eq!(expected[0].returns.dim(), (297, 3));
        let day = 300 * 16 + 300 * 3 * 8 + 100 * 19;
        for (memory, blocks) in [(4 * day, 5), (4 * day - 1, 10)] {
            let mut reader = PanelReader::open(&paths, &options, memory, &jobs).unwrap();
            assert_eq!(reader.blocks(), blocks);
            let before = reader.held_bytes();
            let first = reader.next_returns(&jobs).unwrap().unwrap();
            // Planned for 100 times a day, read with 298.
            let days = 10 / blocks as u64;
            assert_eq!(reader.held_bytes() - before, days * 198 * 3 * 8);
            assert_eq!(first, expected[..days as usize]);
            assert_eq!(all_returns(&mut reader), expected[days as usize..]);
        }
        // The series, of 300 ticks, and the grid of 298 times.
        let needed = 300 * 16 + 298 * 3 * 8;
        let mut reader = PanelReader::open(&paths, &options, needed - 1, &jobs).unwrap();
        let error = reader.next_returns(&jobs).unwrap_err();
        assert!(matches!(error, Error::Memory { needed: n, .. } if n == needed), "{error}");
        assert!(PanelReader::open(&paths, &options, needed, &jobs).unwrap().next_returns(&jobs).is_ok());
    }
}
