//! A part of a panel: of the files only those that hold it are read, as far as their format allows.
//!
//! **By stocks**, where each keeps its own times: stocks lie on a line by their names, each with the weight
//! of its files, and a part reads those that its share touches. A stock that two parts share is read by both,
//! and each takes its days. What a file weighs is told by its length, by the rows that it begins with, and by
//! the first day and the last: nobody reads it all beforehand. A Parquet or Arrow file says how many rows
//! it has. Where a file holds several stocks, all files are read by every part.
//!
//! **By days**, where stocks must share their times: all files are read, and a part takes its days.

use std::collections::{BTreeMap, BTreeSet};
use std::fs::File;
use std::io::{Read as _, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::{Date, Weekday};

use super::clean::{Cleaning, Missing};
use super::decode::{Encoding, STANDARD_INPUT, Text};
use super::intake::{Intake, Rules};
use super::options::LoadOptions;
use super::read::{self, Held};
use super::rows::Parser;
use super::sample::Every;
use super::select::{Source, check_stocks, restrict, sources};
use super::series::Stock;
use super::spool::Store;
use super::stream::PanelReader;
use crate::bootstrap::Period;
use crate::error::{Error, Result};
use crate::jobs::Jobs;
use crate::parts::Part;

/// How a panel is cut.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ShareBy {
    /// Along stocks, and the days of a stock.
    Stocks,
    /// Along days, with all stocks.
    Days,
    /// Not at all: every part has all of it.
    Nothing,
}

/// Which part of a panel.
#[derive(Debug, Clone, Copy)]
pub struct Share {
    /// Its number.
    pub part: Part,
    /// How it is cut.
    pub by: ShareBy,
    /// Days that are not to be torn apart.
    pub period: Period,
}

/// A part of a panel that is open.
#[derive(Debug)]
pub struct OpenShare {
    /// The reader; none where the part has no day.
    pub panel: Option<PanelReader>,
    /// All stocks of which the part is, whether or not they have days: sorted.
    pub stocks: Vec<String>,
    /// A hash of the names, lengths, beginnings and ends of all of the panel's files: equal where parts were
    /// cut alike.
    pub files: String,
}

/// What a look at a file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether it is of one stock, that of its name.
    is_single: bool,
    /// Its rows, or as many as it seems.
    rows: u64,
    /// Its first day and its last.
    days: Option<[Date; 2]>,
    /// A hash of its length, beginning and end.
    hash: [u8; 32],
}

/// Bytes that are looked at.
const GLANCE: u64 = 32 << 10;

impl Look {
    /// Of a file, which may be malformed: what cannot be told is for the reader to refuse.
    fn at(source: &Source, options: &LoadOptions) -> Result<Self> {
        let path = &source.path;
        let nothing = Self { is_single: false, rows: 1, days: None, hash: [0; 32] };
        let found = std::fs::metadata(path);
        if path == Path::new(STANDARD_INPUT) || !found.as_ref().is_ok_and(std::fs::Metadata::is_file) {
            return Ok(nothing);
        }
        let length = found.map_or(0, |found| found.len());
        let mut file = File::open(path).map_err(Error::io("read", path))?;
        let mut ends = [Vec::new(), Vec::new()];
        let mut read = || {
            (&mut file).take(GLANCE).read_to_end(&mut ends[0])?;
            file.seek(SeekFrom::Start(length.saturating_sub(GLANCE)))?;
            (&mut file).take(GLANCE).read_to_end(&mut ends[1])
        };
        read().map_err(Error::io("read", path))?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&length.to_le_bytes()).update(&ends[0]).update(&ends[1]);
        let hash = *hasher.finalize().as_bytes();
        let encoding = Encoding::of_file(path)?;
        if matches!(encoding, Encoding::Parquet | Encoding::Arrow) {
            let (is_single, rows) = columnar(source, options);
            return Ok(Self { is_single, rows: rows.max(1), hash, ..nothing });
        }
        let plain = encoding == Encoding::Plain;
        let mut head = Vec::new();
        if plain {
            head.clone_from(&ends[0]);
        } else {
            Text::open(path)?.take(GLANCE).read_to_end(&mut head).map_err(Error::io("read", path))?;
        }
        let whole = plain && length <= GLANCE;
        let end = if whole {
            head.len()
        } else {
            head.iter().rposition(|byte| *byte == b'\n').map_or(0, |at| at + 1)
        };
        let rules =
            Rules { sort: true, cleaning: Cleaning::default().missing(Missing::Skip), ..Rules::default() };
        let store = Arc::new(Store::new(u64::MAX));
        let mut intake = Intake::new(path, &rules, &store, None);
        let mut parser = Parser::new(path, &source.stock, &options.table);
        let fed = parser.feed(&head[..end], &mut intake).is_ok();
        let is_single = parser.is_single();
        let lines = head[..end].iter().filter(|byte| **byte == b'\n').count().max(1) as u64;
        // Texts are about four times as long as they are compressed.
        let text = if plain { length } else { 4 * length };
        let rows = (text.saturating_mul(lines) / (end as u64).max(1)).max(1);
        let first = days_of(intake);
        let mut days = None;
        if let (true, true, true, Some(first), Ok(seen)) = (fed, is_single, plain, first, parser.finish()) {
            let mut intake = Intake::new(path, &rules, &store, None);
            let mut parser = Parser::amid(path, &source.stock, &options.table, &seen.layout, &mut intake);
            let tail = &ends[1][ends[1].iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1)..];
            if parser.feed(tail, &mut intake).is_ok()
                && let Some(last) = days_of(intake)
            {
                days = Some([first[0].min(last[0]), first[1].max(last[1])]);
            }
        }
        Ok(Self { is_single, rows, days, hash })
    }

    /// What the file weighs in the cut: its rows on the days wanted, or the number of these days where prices
    /// are taken at a step of time.
    fn weight(&self, options: &LoadOptions) -> u64 {
        let Some([first, last]) = self.days else { return self.rows };
        let from = options.from.map_or(first, |from| from.max(first));
        let to = options.to.map_or(last, |to| to.min(last));
        let (inside, all) = (weekdays(from, to), weekdays(first, last).max(1));
        let weight = match options.every {
            Some(Every::Time(_)) => inside,
            _ => (u128::from(self.rows) * u128::from(inside) / u128::from(all)) as u64,
        };
        weight.max(1)
    }
}

/// The first and the last day of the rows of a file of one stock.
fn days_of(intake: Intake<'_>) -> Option<[Date; 2]> {
    let (stocks, ..) = intake.finish().ok()?;
    let days: Vec<Date> = stocks.first()?.days().map(|(date, _)| date).collect();
    Some([*days.first()?, *days.last()?])
}

/// The days from `from` to `to` that are no Saturday and no Sunday, both included; at least one.
fn weekdays(from: Date, to: Date) -> u64 {
    if from > to {
        return 0;
    }
    let days = (to.duration_since(from).as_hours() / 24) as u64 + 1;
    let whole = days / 7 * 5;
    let mut date = to;
    let mut rest = 0;
    for _ in 0..days % 7 {
        rest += u64::from(!matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday));
        date = date.yesterday().unwrap_or(date);
    }
    (whole + rest).max(1)
}

#[cfg(feature = "parquet")]
fn columnar(source: &Source, options: &LoadOptions) -> (bool, u64) {
    super::columnar::glance(&source.path, &source.stock, options).unwrap_or((false, 1))
}

#[cfg(not(feature = "parquet"))]
fn columnar(_: &Source, _: &LoadOptions) -> (bool, u64) {
    (false, 1)
}

/// The stocks on the line, each with its files; or all files together.
struct Line {
    /// Of each piece, its files and its weight.
    pieces: Vec<(Vec<Source>, u64)>,
    is_by_stock: bool,
    /// A hash of what was looked at.
    files: String,
}

impl Line {
    fn new(sources: Vec<Source>, options: &LoadOptions, jobs: &Jobs) -> Result<Self> {
        let looks = jobs.map(&sources, |source: &&Source| Look::at(source, options)).all();
        let looks = looks.map_err(|(source, failure)| {
            failure.into_error(format!("looking at {}", source.path.display()))
        })?;
        let mut hasher = blake3::Hasher::new();
        for (source, look) in sources.iter().zip(&looks) {
            hasher.update(&(source.stock.len() as u64).to_le_bytes());
            hasher.update(source.stock.as_bytes()).update(&look.hash);
        }
        let files = super::content::named(&hasher.finalize());
        let is_by_stock = looks.iter().all(|look| look.is_single);
        if !is_by_stock {
            return Ok(Self { pieces: vec![(sources, 1)], is_by_stock, files });
        }
        let mut pieces: Vec<(Vec<Source>, u64)> = Vec::new();
        for (source, look) in sources.into_iter().zip(&looks) {
            let weight = look.weight(options);
            match pieces.last_mut() {
                Some((of_stock, all)) if of_stock[0].stock == source.stock => {
                    of_stock.push(source);
                    *all += weight;
                }
                _ => pieces.push((vec![source], weight)),
            }
        }
        Ok(Self { pieces, is_by_stock, files })
    }
}

/// What a look at a panel's files tells, without reading them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Outline {
    /// The number of files, and their bytes.
    pub files: usize,
    /// Bytes of the files.
    pub bytes: u64,
    /// The number of stocks, where each has files of its own; else of files.
    pub stocks: usize,
    /// About as many rows as there are on the days wanted.
    pub rows: u64,
    /// Weekdays from the first day to the last, as far as the files' ends tell; at least one.
    pub days: u64,
}

impl PanelReader {
    /// Looks at the files of a panel.
    ///
    /// # Errors
    ///
    /// [`Error::Panel`] or [`Error::Io`], where there is nothing to look at.
    pub fn outline(paths: &[PathBuf], options: &LoadOptions, jobs: &Jobs) -> Result<Outline> {
        let wanted = options.stocks.as_deref().filter(|stocks| !stocks.is_empty());
        let sources = read::only_of(sources(paths)?, wanted);
        let looks = jobs.map(&sources, |source: &&Source| Look::at(source, options)).all();
        let looks = looks.map_err(|(source, failure)| {
            failure.into_error(format!("looking at {}", source.path.display()))
        })?;
        let bytes = sources.iter().map(|source| std::fs::metadata(&source.path).map_or(0, |file| file.len()));
        let stocks: BTreeSet<&str> = sources.iter().map(|source| source.stock.as_str()).collect();
        let ends = looks.iter().filter_map(|look| look.days);
        let ends = ends.reduce(|one, other| [one[0].min(other[0]), one[1].max(other[1])]);
        let inside = ends.map(|[first, last]| {
            let from = options.from.map_or(first, |from| from.max(first));
            weekdays(from, options.to.map_or(last, |to| to.min(last)))
        });
        let days = inside.unwrap_or(1).max(1);
        // As many as are wanted of those that there are; of a step of time it is days that are known.
        let rows = looks.iter().map(|look| match options.every {
            Some(Every::Time(step)) => {
                const TRADING_DAY: u64 = 23_400 * super::SECOND;
                look.weight(options) * (TRADING_DAY / step).max(1)
            }
            _ => look.weight(options),
        });
        Ok(Outline { files: sources.len(), bytes: bytes.sum(), stocks: stocks.len(), rows: rows.sum(), days })
    }

    /// As [`Self::open`], for a part of the panel. What the parts of one cut read together is what the whole
    /// reads.
    ///
    /// # Errors
    ///
    /// As [`Self::open`].
    pub fn open_share(
        paths: &[PathBuf],
        options: &LoadOptions,
        memory: u64,
        jobs: &Jobs,
        share: Share,
    ) -> Result<OpenShare> {
        let wanted = options.stocks.as_deref().filter(|stocks| !stocks.is_empty());
        let files = read::only_of(sources(paths)?, wanted);
        let room = memory / 2;
        if share.by != ShareBy::Stocks {
            let line = Line::new(files.clone(), options, jobs)?;
            let read = read::read(files, options, room, jobs)?;
            let opened = Self::of(read, options, memory, jobs, (share.by == ShareBy::Days).then_some(share))?;
            let stocks = opened.stocks().to_vec();
            let panel = (opened.blocks() > 0).then_some(opened);
            return Ok(OpenShare { panel, stocks, files: line.files });
        }

        let line = Line::new(files, options, jobs)?;
        let mut own = options.clone();
        if line.is_by_stock {
            let names = line.pieces.iter().map(|(files, _)| files[0].stock.as_str());
            check_stocks(wanted, names)?;
            own.stocks = None;
        }
        // Of each stock that is read, where its piece begins, and its weight; of all together, once.
        let total: u64 = line.pieces.iter().map(|(_, weight)| weight).sum();
        let (mut start, mut places, mut files) = (0, BTreeMap::new(), Vec::new());
        for (of_piece, weight) in line.pieces {
            if share.part.touches(total, start, weight) {
                places.insert(of_piece[0].stock.clone(), (start, weight));
                files.extend(of_piece);
            }
            start += weight;
        }
        let mut read = read::read(files, &own, room, jobs)?;
        restrict(&mut read.stocks, options.from, options.to).or_else(|error| match error {
            // Others may have days there.
            super::PanelError::EmptyRange { .. } if line.is_by_stock && total > 0 => Ok(()),
            other => Err(other),
        })?;
        let stocks: Vec<Held> = std::mem::take(&mut read.stocks);
        let mut names = Vec::new();
        if line.is_by_stock {
            for held in stocks {
                let (start, weight) = places.get(held.name()).copied().unwrap_or((0, 0));
                let kept = keep(vec![held], share, [total, start, weight], &mut names);
                read.stocks.extend(kept);
            }
        } else {
            read.stocks = keep(stocks, share, [1, 0, 1], &mut names);
        }
        names.sort_unstable();
        let panel = match read.stocks.is_empty() {
            true => None,
            false => Some(Self::of(read, &own, memory, jobs, None)?),
        };
        Ok(OpenShare { panel, stocks: names, files: line.files })
    }
}

/// Of the stocks of a piece of the line, the days that the part has; `names` takes the stocks that it is of.
/// The piece's cells lie along it by stock and day, with the weights of their returns.
fn keep(
    mut stocks: Vec<Held>,
    share: Share,
    [total, start, weight]: [u64; 3],
    names: &mut Vec<String>,
) -> Vec<Held> {
    let returns = |rows: usize| rows.saturating_sub(1).max(1) as u64;
    let of_piece: u64 = stocks.iter().flat_map(|held| held.days().map(|(_, rows)| returns(rows))).sum();
    // In units in which a cell of one return is still a whole number.
    let scale =
        |at: u64| u128::from(start) * u128::from(of_piece.max(1)) + u128::from(weight) * u128::from(at);
    let has = |from: u64, of_cell: u64| {
        let line = u128::from(total) * u128::from(of_piece.max(1));
        let middle = scale(from) + scale(from + of_cell);
        let number = middle * u128::from(share.part.of()) / (2 * line).max(1);
        number.min(u128::from(share.part.of() - 1)) as u64 + 1 == share.part.number()
    };
    let mut from = 0;
    for held in &mut stocks {
        let days: Vec<(Date, u64)> = held.days().map(|(date, rows)| (date, returns(rows))).collect();
        let mut kept = BTreeSet::new();
        let first = days.first().map_or(Date::ZERO, |(date, _)| *date);
        let label = |date: Date| share.period.label(date, first);
        for cell in days.chunk_by(|one, next| label(one.0) == label(next.0)) {
            let of_cell = cell.iter().map(|(_, returns)| returns).sum();
            if has(from, of_cell) {
                kept.extend(cell.iter().map(|(date, _)| *date));
            }
            from += of_cell;
        }
        // A stock without any day is named all the same.
        if !kept.is_empty() || days.is_empty() && has(from, 0) {
            names.push(held.name().to_owned());
        }
        held.retain_days(|date| kept.contains(&date));
    }
    stocks.retain(|held| held.days().next().is_some());
    stocks
}

/// The days of a calendar that a part has, where all stocks go together; given are the days' returns.
pub(super) fn days_of_share(days: &[(Date, u64)], share: Share) -> BTreeSet<Date> {
    let first = days.first().map_or(Date::ZERO, |(date, _)| *date);
    let label = |date: Date| share.period.label(date, first);
    let total: u64 = days.iter().map(|(_, returns)| returns).sum();
    let (mut kept, mut start) = (BTreeSet::new(), 0);
    for period in days.chunk_by(|one, next| label(one.0) == label(next.0)) {
        let weight = period.iter().map(|(_, returns)| returns).sum();
        if share.part.has(total, start, weight) {
            kept.extend(period.iter().map(|(date, _)| *date));
        }
        start += weight;
    }
    kept
}
