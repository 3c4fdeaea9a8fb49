//! A panel read some days at a time, so that it need not fit in memory.
//!
//! Files of one stock each are first read from end to end: every row is checked, and where each day begins is noted. If all
//! prices fit the memory given they are kept, else forgotten, and read again block by block: consecutive days, of which
//! only the files' parts that hold them are read. Whatever the memory, the same days come in the same order with the same
//! returns, and the same errors and warnings.
//!
//! A long file has its stocks in any order; it is read as a whole and its series are kept.

use std::ops::Range;
use std::path::PathBuf;

use jiff::civil::Date;
use rayon::prelude::*;

use super::align::Alignment;
use super::error::{FileProblem, PanelError};
use super::field::TimeStyle;
use super::quality::{DayQuality, Quality};
use super::select::{Source, check_stocks, restrict, sources};
use super::series::{Series, Stock};
use super::single::{Parser, Seen};
use super::text::{self, Lines, Splitter};
use super::{DayPrices, DayReturns, LoadOptions, long};
use crate::error::{Error, Result};
use crate::jobs::Jobs;

/// Bytes that a price takes while its block is made: a time and a price in its series, a price on the grid.
const PRICE_BYTES: u64 = 4 + 8 + 8;

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
    origin: Origin,
    alignment: Alignment,
    quality: Quality,
    /// Numbers of the days in the calendar, block by block.
    blocks: Vec<Range<usize>>,
    /// Number of the block that comes next.
    next: usize,
    prices: usize,
    range: Option<(Date, Date)>,
    failures: Vec<(PathBuf, Error)>,
    files: usize,
    bytes: u64,
}

/// How reading a panel went.
#[derive(Debug)]
#[non_exhaustive]
pub struct Summary<'a> {
    /// What the user should look at, one line each.
    pub warnings: Vec<String>,
    /// The files that were left out, sorted by stock, and why.
    pub failures: &'a [(PathBuf, Error)],
    /// The number of files that went into the panel.
    pub files: usize,
    /// The number of days read.
    pub days: usize,
    /// The first and the last of them.
    pub range: Option<(Date, Date)>,
    /// The number of prices read: times × stocks, over all days.
    pub prices: usize,
    /// Bytes of those files.
    pub bytes: u64,
}

/// Where prices come from.
#[derive(Debug)]
enum Origin {
    Memory(Vec<Series>),
    Files(Vec<IndexedFile>),
}

impl PanelReader {
    /// Reads the files that `paths` name from end to end, as [`super::load`] does, and plans blocks of days for which reading
    /// takes at most half of `memory` bytes, where stocks share their times; the other half is for who uses them.
    ///
    /// # Errors
    ///
    /// [`Error::Panel`] or [`Error::Io`], for the first file (by stock) at fault, or for the panel as a whole. Times that
    /// stocks do not share are found later, in [`Self::next_returns`].
    pub fn open(paths: &[PathBuf], options: &LoadOptions, memory: u64, jobs: &Jobs) -> Result<Self> {
        let wanted = options.stocks.as_deref().filter(|stocks| !stocks.is_empty());
        let files = sources(paths)?;
        let room = memory / 2;
        let read = match &files[..] {
            [file] if paths == [file.path.clone()] => read_one(file, wanted, room, jobs)?,
            _ => read_singles(files, wanted, options.keep_going, room, jobs)?,
        };
        let Read { mut origin, failures, files, bytes } = read;
        let (stocks, alignment) = match &mut origin {
            Origin::Memory(series) => calendar(series, options)?,
            Origin::Files(files) => calendar(files, options)?,
        };
        let blocks = blocks(&alignment.calendar, stocks.len(), jobs.thread_count(), room);
        let quality = Quality::default();
        let (next, prices, range) = (0, 0, None);
        Ok(Self { stocks, origin, alignment, quality, blocks, next, prices, range, failures, files, bytes })
    }

    /// Stock names, sorted.
    pub fn stocks(&self) -> &[String] {
        &self.stocks
    }

    /// The days that all stocks have, in calendar order. Those that turn out to be too short may be dropped yet.
    pub fn dates(&self) -> impl Iterator<Item = Date> {
        self.alignment.calendar.iter().map(|&(date, _)| date)
    }

    /// The number of blocks that all days come in.
    pub fn blocks(&self) -> usize {
        self.blocks.len()
    }

    /// Whether all blocks were read.
    pub fn is_done(&self) -> bool {
        self.next == self.blocks.len()
    }

    /// Returns of all stocks over the days still to come, where stocks share their times; about as many where not.
    pub fn returns_left(&self) -> u64 {
        let days = self.blocks[self.next..].iter().flat_map(|block| &self.alignment.calendar[block.clone()]);
        self.stocks.len() as u64 * days.map(|&(_, prices)| prices.saturating_sub(1) as u64).sum::<u64>()
    }

    /// Bytes that this reader holds between blocks, and those of the returns of the largest block.
    pub fn held_bytes(&self) -> u64 {
        let returns = |block: &Range<usize>| {
            let days = &self.alignment.calendar[block.clone()];
            days.iter().map(|&(_, prices)| (prices * self.stocks.len()) as u64 * 8).sum::<u64>()
        };
        let own = match &self.origin {
            Origin::Memory(series) => series.iter().map(|series| series.times.len() as u64 * 12).sum::<u64>(),
            Origin::Files(files) => {
                files.iter().map(|file| (file.days.len() * size_of::<IndexedDay>()) as u64).sum()
            }
        };
        own + self.blocks.iter().map(returns).max().unwrap_or(0)
    }

    /// The returns of the next block's days; `None` after the last block. Every block has days, but where all of them turn out
    /// too short.
    ///
    /// # Errors
    ///
    /// [`Error::Panel`] where stocks do not share their times, a day is too short, a file has changed, or no day is left at
    /// the end; [`Error::Io`].
    pub fn next_returns(&mut self, jobs: &Jobs) -> Result<Option<Vec<DayReturns>>> {
        self.next_block(jobs, |_, returns| returns)
    }

    /// As [`Self::next_returns`], for the prices.
    pub(super) fn next_prices(&mut self, jobs: &Jobs) -> Result<Option<Vec<DayPrices>>> {
        self.next_block(jobs, |prices, _| prices)
    }

    fn next_block<T: Send>(
        &mut self,
        jobs: &Jobs,
        keep: impl Fn(DayPrices, DayReturns) -> T + Sync,
    ) -> Result<Option<Vec<T>>> {
        let Some(block) = self.blocks.get(self.next).cloned() else { return Ok(None) };
        self.next += 1;
        let dates: Vec<Date> = self.alignment.calendar[block].iter().map(|&(date, _)| date).collect();
        let prices = match &mut self.origin {
            Origin::Memory(series) => {
                let prices = self.alignment.days(series, &dates, jobs)?;
                if self.next == self.blocks.len() {
                    series.clear();
                }
                prices
            }
            Origin::Files(files) => {
                let series = read_days(files, &dates, jobs)?;
                self.alignment.days(&series, &dates, jobs)?
            }
        };
        if let (Some(first), Some(last)) = (prices.first(), prices.last()) {
            self.range = Some((self.range.map_or(first.date, |(first, _)| first), last.date));
        }
        self.prices += prices.iter().map(|day| day.prices.len()).sum::<usize>();
        let look = |day: DayPrices| {
            let returns = day.returns();
            (DayQuality::of(&day, &returns), keep(day, returns))
        };
        let (quality, days): (Vec<DayQuality>, Vec<T>) =
            jobs.install(|| prices.into_par_iter().map(look).unzip());
        quality.into_iter().for_each(|day| self.quality.add(day));
        if self.is_done() {
            self.alignment.check()?;
        }
        Ok(Some(days))
    }

    /// How reading went so far; all of it after the last block.
    pub fn summary(&self) -> Summary<'_> {
        let mut warnings = self.alignment.warnings();
        warnings.extend(self.quality.warnings(&self.stocks));
        Summary {
            warnings,
            failures: &self.failures,
            files: self.files,
            days: self.alignment.days_kept(),
            range: self.range,
            prices: self.prices,
            bytes: self.bytes,
        }
    }

    /// The files that were left out, sorted by stock, and why.
    pub(super) fn into_failures(self) -> Vec<(PathBuf, Error)> {
        self.failures
    }
}

/// Sorts and restricts the stocks, and finds the days that all have.
fn calendar<S: Stock>(stocks: &mut [S], options: &LoadOptions) -> Result<(Vec<String>, Alignment)> {
    stocks.sort_by(|a, b| a.name().cmp(b.name()));
    restrict(stocks, options.from, options.to)?;
    let alignment = Alignment::new(stocks, options.align, options.keep_going)?;
    if alignment.calendar.is_empty() {
        alignment.check()?;
    }
    Ok((stocks.iter().map(|stock| stock.name().to_owned()).collect(), alignment))
}

/// Cuts the calendar into blocks, as few as may be, each of at least a day. Reading one takes [`PRICE_BYTES`] a price and,
/// for each file that a thread reads, its text.
fn blocks(calendar: &[(Date, usize)], stocks: usize, threads: usize, room: u64) -> Vec<Range<usize>> {
    const TEXT_BYTES: u64 = 24;
    let mut blocks: Vec<Range<usize>> = Vec::new();
    let mut free = 0;
    for (number, &(_, prices)) in calendar.iter().enumerate() {
        let bytes = prices as u64 * (stocks as u64 * PRICE_BYTES + stocks.min(threads) as u64 * TEXT_BYTES);
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

/// The series of the stocks wanted, or where their days are.
struct Read {
    origin: Origin,
    failures: Vec<(PathBuf, Error)>,
    files: usize,
    bytes: u64,
}

/// Reads the only file there is, named by the user: a long file, or one stock's. Without it nothing is left, whether to
/// keep going or not.
fn read_one(file: &Source, wanted: Option<&[String]>, room: u64, jobs: &Jobs) -> Result<Read> {
    const HEADER: u64 = 64 << 10;
    let is_long =
        |text: &[u8]| Lines::new(text).next().is_some_and(|line| long::is_long(line, &mut Splitter::new()));
    if !is_regular(file) {
        // A pipe can be read once.
        let text = text::read(&file.path)?;
        if is_long(&text) {
            return read_long(file, &text, wanted);
        }
        check_stocks(wanted, [file.stock.as_str()])?;
        let (mut parser, mut series) = (Parser::new(&file.path), Series::new(&file.stock, 0));
        parser.feed(&text, &mut series)?;
        let bytes = parser.finish()?.bytes;
        return Ok(Read { origin: Origin::Memory(vec![series]), failures: Vec::new(), files: 1, bytes });
    }
    if is_long(&text::read_range(&file.path, 0..HEADER)?) {
        return read_long(file, &text::read(&file.path)?, wanted);
    }
    read_singles(vec![file.clone()], wanted, false, room, jobs)
}

/// Whether a file can be read more than once. What can't be looked at now is told of when it is read.
fn is_regular(file: &Source) -> bool {
    std::fs::metadata(&file.path).map_or(true, |file| file.is_file())
}

/// Takes the series out of the text of a long file.
fn read_long(file: &Source, text: &[u8], wanted: Option<&[String]>) -> Result<Read> {
    let is_wanted = |stock: &str| wanted.is_none_or(|wanted| wanted.iter().any(|name| name == stock));
    let long = long::parse(&file.path, text, is_wanted)?;
    check_stocks(wanted, long.stocks.iter().map(String::as_str))?;
    Ok(Read { origin: Origin::Memory(long.series), failures: Vec::new(), files: 1, bytes: text.len() as u64 })
}

/// Reads files of one stock each, in parallel. Only those of the stocks wanted are opened. Their prices are kept where they
/// surely fit into `room` bytes, or where one of them is a pipe.
fn read_singles(
    mut files: Vec<Source>,
    wanted: Option<&[String]>,
    keep_going: bool,
    room: u64,
    jobs: &Jobs,
) -> Result<Read> {
    // A row is rarely shorter than 15 bytes.
    const SHORT_ROW: u64 = 15;
    check_stocks(wanted, files.iter().map(|file| file.stock.as_str()))?;
    files.retain(|file| wanted.is_none_or(|wanted| wanted.contains(&file.stock)));
    // What can't be looked at now is told of when it is read.
    let length = |file: &Source| std::fs::metadata(&file.path).map_or(0, |file| file.len());
    let rows = files.iter().map(length).sum::<u64>() / SHORT_ROW;
    let keep = rows.saturating_mul(PRICE_BYTES) <= room || !files.iter().all(is_regular);
    let results = jobs.map(files, |file| survey(file, keep));
    let mut read = Read { origin: Origin::Memory(Vec::new()), failures: Vec::new(), files: 0, bytes: 0 };
    let (mut kept, mut indexed) = (Vec::new(), Vec::new());
    for job in results {
        match job.result {
            Ok((series, file)) => {
                read.files += 1;
                read.bytes += file.bytes;
                kept.push(series);
                indexed.push(file);
            }
            Err(failure) => {
                let error = failure.into_error(format!("reading {}", job.input.path.display()));
                if !keep_going {
                    return Err(error);
                }
                read.failures.push((job.input.path, error));
            }
        }
    }
    if read.files > 0 {
        read.origin = if keep { Origin::Memory(kept) } else { Origin::Files(indexed) };
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

/// A file of one stock whose rows were checked, and where its days are.
#[derive(Debug)]
struct IndexedFile {
    stock: String,
    path: PathBuf,
    style: Option<TimeStyle>,
    days: Vec<IndexedDay>,
    /// Bytes of the file.
    bytes: u64,
}

/// A day of a file.
#[derive(Debug, Clone, Copy)]
struct IndexedDay {
    date: Date,
    rows: u32,
    /// Where its first row begins, in bytes.
    start: u64,
    /// Where the next day's does, or the file ends.
    end: u64,
}

impl Stock for IndexedFile {
    fn name(&self) -> &str {
        &self.stock
    }

    fn days(&self) -> impl Iterator<Item = (Date, usize)> {
        self.days.iter().map(|day| (day.date, day.rows as usize))
    }

    fn retain_days(&mut self, keep: impl Fn(Date) -> bool) {
        self.days.retain(|day| keep(day.date));
    }
}

/// Reads a file of one stock from end to end. The series is empty where prices are not to be kept.
fn survey(file: &Source, keep: bool) -> Result<(Series, IndexedFile)> {
    const SHORT_ROW: usize = 16;
    let length = std::fs::metadata(&file.path).map_or(0, |file| file.len()) as usize;
    let room = if keep { length } else { length.min(text::CHUNK as usize) } / SHORT_ROW;
    let mut series = Series::new(&file.stock, room);
    let mut parser = Parser::new(&file.path);
    let mut counts = Vec::new();
    text::read_in_chunks(&file.path, |text| {
        parser.feed(text, &mut series)?;
        if !keep {
            series.forget(&mut counts);
        }
        Ok(())
    })?;
    if keep {
        counts.extend(series.days.iter().map(|day| (day.date, day.rows.len() as u32)));
    } else {
        series = Series::new(&file.stock, 0);
    }
    let Seen { style, starts, bytes } = parser.finish()?;
    let ends = starts.iter().copied().skip(1).chain([bytes]);
    let days = counts.into_iter().zip(&starts).zip(ends);
    let days = days.map(|(((date, rows), &start), end)| IndexedDay { date, rows, start, end }).collect();
    let (stock, path) = (file.stock.clone(), file.path.clone());
    Ok((series, IndexedFile { stock, path, style, days, bytes }))
}

/// The prices of some consecutive days, read again from the files.
fn read_days(files: &[IndexedFile], dates: &[Date], jobs: &Jobs) -> Result<Vec<Series>> {
    let (Some(first), Some(last)) = (dates.first(), dates.last()) else { return Ok(Vec::new()) };
    let read = |file: &&IndexedFile| -> Result<Series> {
        let from = file.days.partition_point(|day| day.date < *first);
        let to = file.days.partition_point(|day| day.date <= *last);
        let days = &file.days[from..to];
        let (Some(first), Some(last)) = (days.first(), days.last()) else {
            return Ok(Series::new(&file.stock, 0));
        };
        let mut series = Series::new(&file.stock, days.iter().map(|day| day.rows as usize).sum());
        let text = text::read_range(&file.path, first.start..last.end)?;
        let changed = || PanelError::File { path: file.path.clone(), problem: FileProblem::Changed };
        Parser::amid(&file.path, file.style).feed(&text, &mut series).map_err(|_| changed())?;
        if !series.days().eq(days.iter().map(|day| (day.date, day.rows as usize))) {
            return Err(changed().into());
        }
        Ok(series)
    };
    let read = jobs.map(files, read).all();
    read.map_err(|(file, failure)| failure.into_error(format!("reading {}", file.path.display())))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;
    use crate::panel::simulate::{SimulateSpec, write};
    use crate::panel::{Align, load};

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
        let paths = [folder.path().to_path_buf()];
        let options = LoadOptions::default();
        let loaded = load(&paths, &options, &Jobs::new()).unwrap();
        let expected = loaded.panel.returns();
        let prices: usize = loaded.panel.days[0].times.len();
        let jobs = Jobs::new().threads(2).unwrap();
        // A day takes 20 bytes a price, and 24 for the text of each of two files.
        let day = prices as u64 * (3 * 20 + 2 * 24);
        for (memory, blocks) in
            [(0, 12), (2 * day, 12), (4 * day - 1, 12), (4 * day, 6), (10 * day, 3), (1 << 30, 1)]
        {
            let mut reader = PanelReader::open(&paths, &options, memory, &jobs).unwrap();
            assert_eq!(reader.blocks(), blocks, "{memory} bytes");
            assert_eq!(reader.stocks(), expected.stocks);
            // One block: the prices and times, 12 bytes each. More: 24 bytes a day of a file. And the returns of the largest block.
            let days = (memory / 2 / day).clamp(1, 12);
            let own = if blocks == 1 { 12 * 3 * prices as u64 * 12 } else { 12 * 3 * 24 };
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
        for align in [Align::Inner, Align::Previous] {
            let options = LoadOptions {
                align,
                keep_going: true,
                from: Some(date(1)),
                to: Some(date(11)),
                ..LoadOptions::default()
            };
            let loaded = load(&paths, &options, &Jobs::new()).unwrap();
            assert!(loaded.warnings.len() >= 2, "{:?}", loaded.warnings);
            for memory in [0, 200_000] {
                let mut reader = PanelReader::open(&paths, &options, memory, &Jobs::new()).unwrap();
                assert!(reader.blocks() > 1);
                assert_eq!(all_returns(&mut reader), loaded.panel.returns().days);
                let summary = reader.summary();
                assert_eq!((summary.prices, summary.warnings), (loaded.prices, loaded.warnings.clone()));
            }
        }
    }

    #[test]
    fn files_that_change_are_found_out() {
        for change in ["", "20990101,930,1\n", "x"] {
            let folder = folder();
            let paths = [folder.path().to_path_buf()];
            let mut reader = PanelReader::open(&paths, &LoadOptions::default(), 0, &Jobs::new()).unwrap();
            assert!(reader.next_returns(&Jobs::new()).unwrap().is_some());
            for entry in fs::read_dir(folder.path()).unwrap() {
                fs::write(entry.unwrap().path(), change).unwrap();
            }
            let error = reader.next_returns(&Jobs::new()).unwrap_err().to_string();
            assert!(error.contains("changed while it was read"), "{error}");
        }
    }
}
