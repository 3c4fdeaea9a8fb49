//! Files become the series of stocks: each file is read from end to end, once.
//!
//! What fits in the memory given is kept there. A plain text file of one stock that does not fit, and whose
//! rows are used as they are, is indexed: where each of its days begins is noted, and days are read again
//! when they are wanted. Every other goes to a temporary file ([`super::spool`]).
//!
//! A file that is read twice must be the same both times: its length is compared, and a checksum of each
//! day's bytes.

use std::collections::{BTreeMap, BTreeSet};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;

use super::clean::{Cleaning, Missing};
use super::decode::{Encoding, STANDARD_INPUT};
use super::error::PanelError;
use super::intake::{Intake, Rules, Steps};
use super::options::{LoadOptions, TableOptions};
use super::rows::{Layout, Parser, Seen};
use super::select::{Source, check_stocks};
use super::series::{Kept, Series, Stock};
use super::spool::{Store, TICK_BYTES};
use super::spread::Wanted;
use super::text;
use crate::error::{Error, Result};
use crate::jobs::Jobs;

/// Bytes that a price takes on a grid.
pub(super) const GRID_BYTES: u64 = 8;

/// What must be known to read rows again that were read before.
#[derive(Debug)]
pub(super) struct Again {
    pub(super) table: TableOptions,
    pub(super) missing: Missing,
}

/// A stock's prices: kept, or where they are in its file.
#[derive(Debug)]
pub(super) enum Held {
    Kept(Kept),
    Indexed(Box<IndexedFile>),
}

/// What came of reading files.
#[derive(Debug)]
pub(super) struct Read {
    /// The stocks wanted, sorted.
    pub(super) stocks: Vec<Held>,
    /// The files left out, and why.
    pub(super) failures: Vec<(PathBuf, Error)>,
    /// The number of files read, and their bytes.
    pub(super) files: usize,
    pub(super) bytes: u64,
    /// What was understood of the files, a line each.
    pub(super) understood: Vec<String>,
    /// The number of groups of rows of Parquet files that were read.
    pub(super) row_groups: usize,
    pub(super) steps: Steps,
    /// Of each stock the first file that holds it, by name.
    pub(super) origins: BTreeMap<String, PathBuf>,
}

/// Reads the files, in parallel, and keeps as much in memory as surely leaves a part of `room` bytes for
/// putting the stocks on a grid.
pub(super) fn read(files: Vec<Source>, options: &LoadOptions, room: u64, jobs: &Jobs) -> Result<Read> {
    something(gather(files, options, room, jobs, &DaysOf::new())?)
}

/// Refuses files of which none could be read.
pub(super) fn something(read: Read) -> Result<Read> {
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

/// The days wanted of files, by path, where these are not those of the options.
pub(super) type DaysOf = BTreeMap<PathBuf, Wanted>;

/// The same, where other files than these may be all that can be read; of these, `days` are wanted.
pub(super) fn gather(
    files: Vec<Source>,
    options: &LoadOptions,
    room: u64,
    jobs: &Jobs,
    days: &DaysOf,
) -> Result<Read> {
    let wanted = options.stocks.as_deref().filter(|stocks| !stocks.is_empty());
    let rules =
        Rules { cleaning: options.cleaning.clone(), sampling: options.sampling()?, sort: options.sort };
    let store = Arc::new(Store::new(room / (TICK_BYTES + GRID_BYTES) * TICK_BYTES));
    // A row is rarely shorter than 15 bytes. What can't be looked at now is told of when it is read.
    const SHORT_ROW: u64 = 15;
    let length = |file: &Source| std::fs::metadata(&file.path).map_or(0, |file| file.len());
    let rows = files.iter().map(length).sum::<u64>() / SHORT_ROW;
    let index = rules.are_none()
        && rows.saturating_mul(TICK_BYTES + GRID_BYTES) > room
        && files.windows(2).all(|pair| pair[0].stock != pair[1].stock)
        && files.iter().all(|file| is_plain(&file.path));
    let files = only_of(files, wanted);
    let ahead = files.len() < jobs.thread_count();
    let reading = Reading { rules: &rules, store: &store, options, wanted, index, ahead, days };
    let results = jobs.map(files, |file| reading.file(file));

    let mut read = Read {
        stocks: Vec::new(),
        failures: Vec::new(),
        files: 0,
        bytes: 0,
        understood: Vec::new(),
        row_groups: 0,
        steps: Steps::default(),
        origins: BTreeMap::new(),
    };
    let mut all_names = BTreeSet::new();
    let mut stocks: BTreeMap<String, (Held, PathBuf)> = BTreeMap::new();
    // Of each way to read a file, the first file, and how many there are.
    let mut understood: BTreeMap<String, (String, usize)> = BTreeMap::new();
    for job in results {
        let path = job.input.path.clone();
        let file = match job.result {
            Ok(file) => file,
            Err(failure) => {
                let error = failure.into_error(format!("reading {}", path.display()));
                if !options.keep_going {
                    return Err(error);
                }
                all_names.insert(job.input.stock);
                read.failures.push((path, error));
                continue;
            }
        };
        read.files += 1;
        read.bytes += file.bytes;
        read.row_groups += file.row_groups;
        read.steps.add(file.steps);
        all_names.extend(file.names);
        let name =
            path.file_name().map_or(path.display().to_string(), |name| name.to_string_lossy().into_owned());
        understood.entry(file.understood).or_insert((name, 0)).1 += 1;
        for held in file.stocks {
            add(&mut stocks, held, &path)?;
        }
    }
    check_stocks(wanted, all_names.iter().map(String::as_str))?;
    for (stock, (held, path)) in stocks {
        read.stocks.push(held);
        read.origins.insert(stock, path);
    }
    read.understood = understood
        .into_iter()
        .map(|(how, (first, files))| match files {
            1 => format!("{first}: {how}"),
            _ => format!("{files} files like {first}: {how}"),
        })
        .collect();
    Ok(read)
}

/// The files of the stocks wanted where each of these has one of its name, else all.
pub(super) fn only_of(mut files: Vec<Source>, wanted: Option<&[String]>) -> Vec<Source> {
    let is_named = |stock: &String| files.iter().any(|file| file.stock == *stock);
    if let Some(wanted) = wanted.filter(|wanted| wanted.iter().all(is_named)) {
        files.retain(|file| wanted.contains(&file.stock));
    }
    files
}

/// Adds the days of a stock, of which another file may have others.
fn add(stocks: &mut BTreeMap<String, (Held, PathBuf)>, held: Held, path: &Path) -> Result<()> {
    let stock = held.name().to_owned();
    let Some((known, first)) = stocks.remove(&stock) else {
        stocks.insert(stock, (held, path.to_path_buf()));
        return Ok(());
    };
    let twice = || PanelError::DuplicateStock {
        stock: stock.clone(),
        first: first.clone(),
        second: path.to_path_buf(),
    };
    // A stock in an indexed file and in another, of several.
    let (Held::Kept(mut known), Held::Kept(other)) = (known, held) else { return Err(twice().into()) };
    if !known.append(other)? {
        return Err(twice().into());
    }
    stocks.insert(stock, (Held::Kept(known), first));
    Ok(())
}

/// Whether a file is text that can be read at any place, and twice.
fn is_plain(path: &Path) -> bool {
    let regular =
        path != Path::new(STANDARD_INPUT) && std::fs::metadata(path).is_ok_and(|file| file.is_file());
    regular && Encoding::of_file(path).is_ok_and(|encoding| encoding == Encoding::Plain)
}

/// How files are read.
struct Reading<'a> {
    rules: &'a Rules,
    store: &'a Arc<Store>,
    options: &'a LoadOptions,
    wanted: Option<&'a [String]>,
    /// Whether files of one stock are indexed.
    index: bool,
    /// Whether texts are read ahead, where there are fewer files than threads.
    ahead: bool,
    #[cfg_attr(not(feature = "parquet"), expect(dead_code, reason = "a text is read as a whole"))]
    days: &'a DaysOf,
}

/// What a file holds.
struct OneFile {
    /// The stocks that are wanted.
    stocks: Vec<Held>,
    /// All stocks.
    names: Vec<String>,
    steps: Steps,
    understood: String,
    bytes: u64,
    row_groups: usize,
}

impl Reading<'_> {
    /// Reads a file from end to end.
    fn file(&self, file: &Source) -> Result<OneFile> {
        let mut intake = Intake::new(&file.path, self.rules, self.store, self.wanted);
        let encoding = Encoding::of_file(&file.path)?;
        if matches!(encoding, Encoding::Parquet | Encoding::Arrow) {
            return self.columnar(file, encoding, intake);
        }
        if self.index {
            intake = intake.forget();
        }
        let mut parser = Parser::new(&file.path, &file.stock, &self.options.table);
        if !self.index {
            let length = std::fs::metadata(&file.path).map_or(0, |file| file.len());
            parser = parser.room_for(length.min(self.store.room()));
        }
        let (mut counts, mut checksums) = (Vec::new(), Checksums::default());
        text::read_in_chunks(&file.path, self.ahead, |text| {
            parser.feed(text, &mut intake)?;
            if self.index && parser.is_single() {
                checksums.feed(text, parser.starts());
                if let Some(series) = (!intake.names().is_empty()).then(|| intake.series(0)).flatten() {
                    series.forget(&mut counts);
                }
            }
            Ok(())
        })?;
        let is_single = parser.is_single();
        let Seen { layout, starts, bytes } = parser.finish()?;
        let understood = layout.described();
        if self.index && is_single {
            let names = intake.names().to_vec();
            let ends = starts.iter().copied().skip(1).chain([bytes]);
            let parts = starts.iter().zip(ends).zip(checksums.finish());
            let day =
                |((date, rows), ((&start, end), checksum))| IndexedDay { date, rows, start, end, checksum };
            let days = counts.into_iter().zip(parts).map(day).collect();
            let indexed =
                IndexedFile { stock: file.stock.clone(), path: file.path.clone(), layout, days, bytes };
            let wanted = self.wanted.is_none_or(|wanted| wanted.contains(&file.stock));
            let stocks = wanted.then_some(Held::Indexed(Box::new(indexed))).into_iter().collect();
            return Ok(OneFile { stocks, names, steps: intake.steps, understood, bytes, row_groups: 0 });
        }
        let (stocks, names, steps) = intake.finish()?;
        let stocks = stocks.into_iter().map(Held::Kept).collect();
        Ok(OneFile { stocks, names, steps, understood, bytes, row_groups: 0 })
    }
}

impl Reading<'_> {
    #[cfg(feature = "parquet")]
    fn columnar(&self, file: &Source, _: Encoding, mut intake: Intake<'_>) -> Result<OneFile> {
        let options = self.options;
        let wanted = self.days.get(&file.path).copied().unwrap_or(Wanted::of(options));
        let taken = super::columnar::read(&file.path, &file.stock, options, wanted, &mut intake)?;
        let super::columnar::Taken { understood, bytes, row_groups } = taken;
        let (stocks, names, steps) = intake.finish()?;
        let stocks = stocks.into_iter().map(Held::Kept).collect();
        Ok(OneFile { stocks, names, steps, understood, bytes, row_groups })
    }

    #[cfg(not(feature = "parquet"))]
    fn columnar(&self, file: &Source, encoding: Encoding, _: Intake<'_>) -> Result<OneFile> {
        let problem = super::error::FileProblem::NotText(match encoding {
            Encoding::Arrow => "Arrow, which this build does not read: save it as CSV",
            _ => "Parquet, which this build does not read: save it as CSV",
        });
        Err(PanelError::File { path: file.path.clone(), problem }.into())
    }
}

/// A file of one stock whose rows were checked, and where its days are.
#[derive(Debug)]
pub(super) struct IndexedFile {
    stock: String,
    path: PathBuf,
    layout: Layout,
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
    /// The checksum of what lies between.
    checksum: u32,
}

impl IndexedFile {
    /// The prices of the days from `first` to `last`, read again.
    fn read(&self, first: Date, last: Date, again: &Again) -> Result<Series> {
        let from = self.days.partition_point(|day| day.date < first);
        let to = self.days.partition_point(|day| day.date <= last);
        let days = &self.days[from..to];
        let (Some(first), Some(last)) = (days.first(), days.last()) else {
            return Ok(Series::new(&self.stock, 0));
        };
        let text = text::read_range(&self.path, first.start..last.end, self.bytes)?;
        let changed = || text::changed(&self.path);
        let is_same = |day: &IndexedDay| {
            let (start, end) = (day.start - first.start, day.end - first.start);
            let part = text.get(start as usize..end as usize);
            part.is_some_and(|part| crc32fast::hash(part) == day.checksum)
        };
        if !days.iter().all(is_same) {
            return Err(changed().into());
        }
        let cleaning = Cleaning::default().missing(again.missing);
        let (rules, store) = (Rules { cleaning, ..Rules::default() }, Arc::new(Store::new(u64::MAX)));
        let mut intake = Intake::new(&self.path, &rules, &store, None);
        let mut parser = Parser::amid(&self.path, &self.stock, &again.table, &self.layout, &mut intake);
        parser.feed(&text, &mut intake).map_err(|_| changed())?;
        let (stocks, ..) = intake.finish()?;
        let series = stocks.into_iter().next().map(|kept| kept.series).unwrap_or_default();
        if !series.days().eq(days.iter().map(|day| (day.date, day.rows as usize))) {
            return Err(changed().into());
        }
        Ok(series)
    }
}

impl Stock for IndexedFile {
    fn name(&self) -> &str {
        &self.stock
    }

    fn days(&self) -> impl Iterator<Item = (Date, usize)> {
        self.days.iter().map(|day| (day.date, day.rows as usize))
    }

    fn texts(&self) -> impl Iterator<Item = u64> {
        self.days.iter().map(|day| day.end - day.start)
    }

    fn retain_days(&mut self, keep: impl Fn(Date) -> bool) {
        self.days.retain(|day| keep(day.date));
    }
}

impl Held {
    /// Whether every day is in memory.
    pub(super) fn in_memory(&self) -> Option<&Series> {
        match self {
            Self::Kept(kept) if kept.is_in_memory() => Some(&kept.series),
            _ => None,
        }
    }

    /// Bytes held in memory.
    pub(super) fn held_bytes(&self) -> u64 {
        match self {
            Self::Kept(kept) => kept.held_bytes(),
            Self::Indexed(file) => (file.days.len() * size_of::<IndexedDay>()) as u64,
        }
    }

    /// The series of these consecutive days, read from where they are.
    pub(super) fn read(&self, first: Date, last: Date, again: &Again) -> Result<Series> {
        match self {
            Self::Kept(kept) => kept.read(first, last),
            Self::Indexed(file) => file.read(first, last, again),
        }
    }

    fn path(&self) -> String {
        match self {
            Self::Kept(kept) => kept.name().to_owned(),
            Self::Indexed(file) => file.path.display().to_string(),
        }
    }
}

impl Stock for Held {
    fn name(&self) -> &str {
        match self {
            Self::Kept(kept) => kept.name(),
            Self::Indexed(file) => file.name(),
        }
    }

    fn days(&self) -> impl Iterator<Item = (Date, usize)> {
        let days: Box<dyn Iterator<Item = (Date, usize)>> = match self {
            Self::Kept(kept) => Box::new(kept.days()),
            Self::Indexed(file) => Box::new(file.days()),
        };
        days
    }

    fn texts(&self) -> impl Iterator<Item = u64> {
        let texts: Box<dyn Iterator<Item = u64>> = match self {
            Self::Kept(kept) => Box::new(kept.texts()),
            Self::Indexed(file) => Box::new(file.texts()),
        };
        texts
    }

    fn retain_days(&mut self, keep: impl Fn(Date) -> bool) {
        match self {
            Self::Kept(kept) => kept.retain_days(keep),
            Self::Indexed(file) => file.retain_days(keep),
        }
    }
}

/// The prices of some consecutive days, read from where they are.
pub(super) fn read_days(stocks: &[Held], dates: &[Date], again: &Again, jobs: &Jobs) -> Result<Vec<Series>> {
    let (Some(&first), Some(&last)) = (dates.first(), dates.last()) else { return Ok(Vec::new()) };
    let read = jobs.map(stocks, |stock: &&Held| stock.read(first, last, again)).all();
    read.map_err(|(stock, failure)| failure.into_error(format!("reading {}", stock.path())))
}

/// The checksums of a file's days, made while its text comes.
#[derive(Debug, Default)]
struct Checksums {
    /// Of the days that are over.
    done: Vec<u32>,
    /// Of the day, or of what comes before the first, that is not.
    hasher: crc32fast::Hasher,
    /// How many days have begun.
    begun: usize,
    /// Bytes so far.
    bytes: u64,
}

impl Checksums {
    /// Takes more of the text; `starts` says where the days begin that have begun by its end.
    fn feed(&mut self, text: &[u8], starts: &[u64]) {
        let mut from = 0;
        for start in &starts[self.begun..] {
            let to = (start - self.bytes) as usize;
            self.hasher.update(&text[from..to]);
            let over = std::mem::take(&mut self.hasher).finalize();
            if self.begun > 0 {
                self.done.push(over);
            }
            (self.begun, from) = (self.begun + 1, to);
        }
        self.hasher.update(&text[from..]);
        self.bytes += text.len() as u64;
    }

    /// Of all days.
    fn finish(mut self) -> Vec<u32> {
        self.done.push(self.hasher.finalize());
        self.done
    }
}
