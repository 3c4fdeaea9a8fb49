//! A part of a panel: of the files only those that hold it are read, as far as their format allows.
//!
//! **By stocks**, where each keeps its own times: stocks lie on a line by their names, each with the weight
//! of its files, and a part reads those that its share touches. A stock that two parts share is read by both,
//! and each takes its days. What a file weighs is told by its length, by the rows that it begins with, and by
//! the first day and the last: nobody reads it all beforehand. Where a file holds several stocks, all files
//! are read by every part.
//!
//! **By days**, where stocks must share their times: all files are read, and a part takes its days.
//!
//! **Parquet files** that state the days of their groups of rows ([`super::spread`]) are cut along these
//! days, as are tables of several stocks: a part reads only those groups that may hold its own days.

use std::collections::{BTreeMap, BTreeSet, HashMap};
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::ToSpan;
use jiff::civil::Date;

use super::PanelError;
#[cfg(feature = "parquet")]
use super::decode::Encoding;
use super::input::{self, Hasher, InputFile};
use super::look::Look;
use super::options::LoadOptions;
use super::read::{self, DaysOf, Held};
use super::sample::Every;
use super::select::{Source, check_stocks, restrict, sources};
use super::series::Stock;
use super::spread::{Spread, Wanted, weekdays};
use super::stream::{KeptDays, PanelReader, left_out};
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
    /// All of the panel's files, sorted by stock, with hashes of what the part read of them.
    pub files: Vec<InputFile>,
    /// What was left out where there is no reader, a line each.
    pub left_out: Vec<String>,
}

/// A piece of the line.
struct Piece {
    files: Vec<Source>,
    weight: u64,
    /// How its rows lie over days, where its files say it.
    spread: Option<Spread>,
}

/// The stocks on the line, each with its files; or all files together.
struct Line {
    pieces: Vec<Piece>,
    is_by_stock: bool,
    /// All files, and where they are.
    files: Vec<InputFile>,
    paths: Vec<PathBuf>,
    /// Their bytes.
    bytes: u64,
}

impl Line {
    fn new(sources: Vec<Source>, options: &LoadOptions, jobs: &Jobs) -> Result<Self> {
        let looks = Look::at_all(&sources, options, jobs)?;
        let files = input::names(&sources).into_iter().zip(&looks);
        let files = files.map(|(name, look)| InputFile::new(name, look.ends, Vec::new())).collect();
        let paths = sources.iter().map(|source| source.path.clone()).collect();
        let bytes = looks.iter().map(|look| look.bytes).sum();
        let is_by_stock = looks.iter().all(|look| look.is_single);
        let mut pieces: Vec<Piece> = Vec::new();
        if !is_by_stock {
            let spread = Spread::join(looks.into_iter().map(|look| look.spread));
            pieces.push(Piece { files: sources, weight: 1, spread });
            return Ok(Self { pieces, is_by_stock, files, paths, bytes });
        }
        for (source, look) in sources.into_iter().zip(looks) {
            let weight = look.weight(options);
            match pieces.last_mut() {
                Some(piece) if piece.files[0].stock == source.stock => {
                    piece.files.push(source);
                    piece.weight += weight;
                    piece.spread = Spread::join([piece.spread.take(), look.spread]);
                }
                _ => pieces.push(Piece { files: vec![source], weight, spread: look.spread }),
            }
        }
        Ok(Self { pieces, is_by_stock, files, paths, bytes })
    }

    /// Hashes what is about to be read, or all of a small panel: of a Parquet file the groups of rows that
    /// hold the `days` wanted. What cannot be read is for the reader to refuse.
    fn hash(&mut self, read: &[Source], options: &LoadOptions, days: &DaysOf, jobs: &Jobs) -> Result<Hasher> {
        let read: BTreeMap<&Path, &Source> = read.iter().map(|source| (&*source.path, source)).collect();
        let is_small = self.bytes <= input::SMALL;
        let numbers = (0..self.paths.len()).filter(|&file| is_small || read.contains_key(&*self.paths[file]));
        let numbers: Vec<usize> = numbers.collect();
        let of_file = |&&number: &&usize| {
            let path = &self.paths[number];
            let source = read.get(&**path).filter(|_| !is_small);
            let wanted = days.get(path).copied().unwrap_or(Wanted::of(options));
            let ranges = source.and_then(|source| ranges(source, options, wanted));
            let mut hasher = Hasher::default();
            let pieces = hasher.pieces(path, ranges.as_deref()).unwrap_or_default();
            Ok((pieces, hasher))
        };
        let hashed = jobs.map(&numbers, of_file).all();
        let hashed =
            hashed.map_err(|(_, failure)| failure.into_error("hashing the panel's files".to_owned()))?;
        let mut all = Hasher::default();
        for (&number, (pieces, hasher)) in numbers.iter().zip(hashed) {
            self.files[number].pieces = pieces;
            all.append(hasher);
        }
        Ok(all)
    }
}

/// The groups of rows that are read of a Parquet file, with their places; nothing of another.
#[cfg(feature = "parquet")]
fn ranges(source: &Source, options: &LoadOptions, wanted: Wanted) -> Option<Vec<(u32, Range<u64>)>> {
    let is_parquet = Encoding::of_file(&source.path).ok()? == Encoding::Parquet;
    is_parquet.then(|| super::columnar::ranges(&source.path, &source.stock, options, wanted))?
}

#[cfg(not(feature = "parquet"))]
fn ranges(_: &Source, _: &LoadOptions, _: Wanted) -> Option<Vec<(u32, Range<u64>)>> {
    None
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
        let looks = Look::at_all(&sources, options, jobs)?;
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
        let mut line = Line::new(files.clone(), options, jobs)?;
        if share.by != ShareBy::Stocks {
            return Self::open_days(line, files, options, (memory, jobs), share);
        }

        let mut own = options.clone();
        if line.is_by_stock {
            let names = line.pieces.iter().map(|piece| piece.files[0].stock.as_str());
            check_stocks(wanted, names)?;
            own.stocks = None;
        }
        // Of each stock that is read, where its piece is; of all together, once.
        let total: u64 = line.pieces.iter().map(|piece| piece.weight).sum();
        let (mut start, mut places, mut files, mut days) = (0, BTreeMap::new(), Vec::new(), DaysOf::new());
        for Piece { files: of_piece, weight, spread } in std::mem::take(&mut line.pieces) {
            if share.part.touches(total, start, weight) {
                let stretch = Stretch { share, total, start, weight, spread };
                if let Some(wanted) = stretch.wanted(&own, own.stocks.is_some()) {
                    days.extend(of_piece.iter().map(|source| (source.path.clone(), wanted)));
                }
                places.insert(of_piece[0].stock.clone(), stretch);
                files.extend(of_piece);
            }
            start += weight;
        }
        let hasher = line.hash(&files, &own, &days, jobs)?;
        let mut read = match line.is_by_stock {
            // Others may have files that can be read.
            true => read::gather(files, &own, room, jobs, &days)?,
            false => read::something(read::gather(files, &own, room, jobs, &days)?)?,
        };
        hasher.check_unchanged()?;
        restrict(&mut read.stocks, options.from, options.to).or_else(|error| match error {
            // Others may have days there.
            PanelError::EmptyRange { .. } if line.is_by_stock && total > 0 || !days.is_empty() => Ok(()),
            other => Err(other),
        })?;
        let stocks: Vec<Held> = std::mem::take(&mut read.stocks);
        let mut names = Vec::new();
        if line.is_by_stock {
            for held in stocks {
                if let Some(stretch) = places.get(held.name()) {
                    read.stocks.extend(stretch.keep(vec![held], &mut names));
                }
            }
        } else if let Some(stretch) = places.values().next() {
            read.stocks = stretch.keep(stocks, &mut names);
        }
        names.sort_unstable();
        let files = line.files;
        if read.stocks.is_empty() {
            let left_out = left_out(&read.failures).collect();
            return Ok(OpenShare { panel: None, stocks: names, files, left_out });
        }
        let panel = Some(Self::of(read, &own, memory, jobs, None)?);
        Ok(OpenShare { panel, stocks: names, files, left_out: Vec::new() })
    }

    /// The same for days of all stocks, or all of it.
    fn open_days(
        mut line: Line,
        files: Vec<Source>,
        options: &LoadOptions,
        (memory, jobs): (u64, &Jobs),
        share: Share,
    ) -> Result<OpenShare> {
        let spread = match share.by {
            ShareBy::Days => Spread::join(line.pieces.iter().map(|piece| piece.spread.clone())),
            _ => None,
        };
        let stretch = Stretch { share, total: 1, start: 0, weight: 1, spread };
        let mut days = DaysOf::new();
        if let Some(wanted) = stretch.wanted(options, true) {
            days.extend(files.iter().map(|source| (source.path.clone(), wanted)));
        }
        let hasher = line.hash(&files, options, &days, jobs)?;
        let mut read = read::something(read::gather(files, options, memory / 2, jobs, &days)?)?;
        hasher.check_unchanged()?;
        let mut names: Vec<String> = read.stocks.iter().map(|held| held.name().to_owned()).collect();
        names.sort_unstable();
        let left_out: Vec<String> = left_out(&read.failures).collect();
        let empty = |stocks, files| Ok(OpenShare { panel: None, stocks, files, left_out });
        if let Some(wanted) = days.values().next() {
            match restrict(&mut read.stocks, wanted.from, wanted.to) {
                // Others may have days.
                Err(PanelError::EmptyRange { .. } | PanelError::ReversedRange { .. }) => {
                    return empty(names, line.files);
                }
                restricted => restricted?,
            }
            if read.stocks.iter().all(|held| held.days().next().is_none()) {
                return empty(names, line.files);
            }
        }
        let of_spread = |days: &[(Date, u64)]| {
            let has = |date: &Date| stretch.number_of(*date).is_none_or(|of| of == share.part.number());
            days.iter().map(|(date, _)| *date).filter(has).collect()
        };
        let counted = |days: &[(Date, u64)]| days_of_share(days, share);
        let kept: Option<&KeptDays<'_>> = match share.by {
            ShareBy::Days if stretch.spread.is_none() => Some(&counted),
            ShareBy::Days => Some(&of_spread),
            _ => None,
        };
        let opened = match Self::of(read, options, memory, jobs, kept) {
            // On the days of others stocks may have times in common.
            Err(Error::Panel(PanelError::NoDays { .. } | PanelError::EmptyRange { .. }))
                if !days.is_empty() =>
            {
                return empty(names, line.files);
            }
            opened => opened?,
        };
        let stocks = opened.stocks().to_vec();
        let panel = (opened.blocks() > 0).then_some(opened);
        Ok(OpenShare { panel, stocks, files: line.files, left_out: Vec::new() })
    }
}

/// A piece of the line, whose cells lie along it by stock and day.
struct Stretch {
    share: Share,
    /// The line's weight, where the piece begins on it, and the piece's.
    total: u64,
    start: u64,
    weight: u64,
    /// How its rows lie over days, where its files say it.
    spread: Option<Spread>,
}

impl Stretch {
    /// The part that has the cell that takes `of_cell` units from `from` on, of the piece's `of_piece`.
    fn number(&self, of_piece: u64, from: u64, of_cell: u64) -> u64 {
        // In units in which a cell of one return is still a whole number.
        let of_piece = u128::from(of_piece.max(1));
        let scale = |at: u64| u128::from(self.start) * of_piece + u128::from(self.weight) * u128::from(at);
        let middle = scale(from) + scale(from + of_cell);
        let of = self.share.part.of();
        let number = middle * u128::from(of) / (2 * u128::from(self.total) * of_piece).max(1);
        number.min(u128::from(of - 1)) as u64 + 1
    }

    /// The part that has a day, where that is known without the rows.
    fn number_of(&self, date: Date) -> Option<u64> {
        let spread = self.spread.as_ref()?;
        let period = self.share.period;
        let label = match period {
            Period::All => Date::MIN,
            _ => period.label(date, date),
        };
        let (from, to) = (spread.before(label), spread.before(period.end(label)));
        Some(self.number(spread.rows(), from, to - from))
    }

    /// The days that the part has, in whole periods, where they are known without the rows and are not all.
    fn wanted(&self, options: &LoadOptions, names_all: bool) -> Option<Wanted> {
        let [first, last] = self.spread.as_ref()?.days();
        let days: Vec<Date> = first.series(1.day()).take_while(|date| *date <= last).collect();
        // Parts have days in their order, so that those of this one follow each other.
        let own = self.share.part.number();
        let until = |number: u64| days.partition_point(|date| self.number_of(*date) <= Some(number));
        let (from, to) = (until(own - 1), until(own));
        if from == to {
            return Some(Wanted { from: Some(Date::MAX), to: Some(Date::MIN), names_all });
        }
        // Beyond the ends there may be days that no bound tells.
        let from = if from == 0 { options.from } else { Some(days[from]) };
        let to = if to == days.len() { options.to } else { Some(days[to - 1]) };
        (from != options.from || to != options.to).then_some(Wanted { from, to, names_all })
    }

    /// Of stocks the days that the part has; `names` takes the stocks that it is of.
    fn keep(&self, mut stocks: Vec<Held>, names: &mut Vec<String>) -> Vec<Held> {
        let returns = |rows: usize| rows.saturating_sub(1).max(1) as u64;
        let of_piece: u64 = stocks.iter().flat_map(|held| held.days().map(|(_, rows)| returns(rows))).sum();
        let own = self.share.part.number();
        let mut known: HashMap<Date, Option<u64>> = HashMap::new();
        let mut from = 0;
        for held in &mut stocks {
            let days: Vec<(Date, u64)> = held.days().map(|(date, rows)| (date, returns(rows))).collect();
            let mut kept = BTreeSet::new();
            let first = days.first().map_or(Date::ZERO, |(date, _)| *date);
            let label = |date: Date| self.share.period.label(date, first);
            for cell in days.chunk_by(|one, next| label(one.0) == label(next.0)) {
                let of_cell = cell.iter().map(|(_, returns)| returns).sum();
                let date = cell[0].0;
                let number = *known.entry(date).or_insert_with(|| self.number_of(date));
                if number.unwrap_or_else(|| self.number(of_piece, from, of_cell)) == own {
                    kept.extend(cell.iter().map(|(date, _)| *date));
                }
                from += of_cell;
            }
            // A stock without any day is named all the same.
            let is_named = || self.spread.is_some() || self.number(of_piece, from, 0) == own;
            if !kept.is_empty() || days.is_empty() && is_named() {
                names.push(held.name().to_owned());
            }
            held.retain_days(|date| kept.contains(&date));
        }
        stocks.retain(|held| held.days().next().is_some());
        stocks
    }
}

/// The days of a calendar that a part has, where all stocks go together; given are the days' returns.
fn days_of_share(days: &[(Date, u64)], share: Share) -> BTreeSet<Date> {
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

#[cfg(test)]
#[cfg(feature = "parquet")]
mod tests {
    use super::*;

    /// Of a panel too large to be hashed as a whole, texts that are read are, and of Parquet files the groups
    /// of rows.
    #[test]
    fn large_panels_are_hashed_as_they_are_read() {
        let table = Path::new("tests/data/parquet/long.parquet");
        let folder = tempfile::tempdir().unwrap();
        let [parquet, text] = ["x.parquet", "y.csv"].map(|name| folder.path().join(name));
        std::fs::copy(table, &parquet).unwrap();
        std::fs::copy("data/sample/S0001.csv", &text).unwrap();
        let (options, jobs) = (LoadOptions::default(), Jobs::new());
        let files = sources(&[parquet.clone(), text]).unwrap();
        let hashed = |read: &[Source]| {
            let mut line = Line::new(files.clone(), &options, &jobs).unwrap();
            line.bytes = input::SMALL + 1;
            line.hash(read, &options, &DaysOf::new(), &jobs).unwrap();
            line.files
        };
        let groups = super::super::parquet::Table::open(table).unwrap().row_groups().len();
        let found = hashed(&files);
        assert_eq!((found[0].pieces.len(), found[1].pieces.len()), (groups, 1));
        assert_eq!(found[0].pieces[0].0, input::Piece::RowGroup(0));
        assert_eq!(found[1].pieces[0].0, input::Piece::Whole);
        assert!(hashed(&files[..1])[1].pieces.is_empty());
        // A byte of the first group of rows.
        let first = ranges(&files[0], &options, Wanted::default()).unwrap()[0].1.clone();
        let mut bytes = std::fs::read(&parquet).unwrap();
        bytes[(first.start + first.end) as usize / 2] ^= 1;
        std::fs::write(&parquet, bytes).unwrap();
        let changed = hashed(&files);
        assert_ne!(changed[0].pieces[0], found[0].pieces[0]);
        assert_eq!((&changed[0].pieces[1..], &changed[1]), (&found[0].pieces[1..], &found[1]));
    }
}
