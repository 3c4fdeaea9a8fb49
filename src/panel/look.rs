//! What a look at a file tells without reading it: its rows and days, about, and whether it is of one stock.
//!
//! Looked at are both ends of a text and the footer of a Parquet file.

use std::fs::File;
use std::io::{Read as _, Seek, SeekFrom};
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::clean::{Cleaning, Missing};
use super::decode::{Encoding, STANDARD_INPUT, Text};
use super::input::{ENDS, Hash};
use super::intake::{Intake, Rules};
use super::options::LoadOptions;
use super::rows::Parser;
use super::sample::Every;
use super::select::Source;
use super::series::Stock;
use super::spool::Store;
use super::spread::{Spread, weekdays};
use crate::error::{Error, Result};
use crate::jobs::Jobs;

/// What a look at a file tells.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Look {
    /// Whether it is of one stock, that of its name.
    pub(super) is_single: bool,
    /// Its rows, or as many as it seems.
    pub(super) rows: u64,
    /// Its first day and its last.
    pub(super) days: Option<[Date; 2]>,
    /// How its rows lie over days, of a Parquet file that says it.
    pub(super) spread: Option<Spread>,
    /// A hash of its length, beginning and end.
    pub(super) ends: Hash,
    /// Its bytes.
    pub(super) bytes: u64,
}

impl Look {
    /// Of each file. Where files that can't be read are to be left out, one that cannot even be looked at is
    /// as good as any of one stock.
    pub(super) fn at_all(sources: &[Source], options: &LoadOptions, jobs: &Jobs) -> Result<Vec<Self>> {
        let look = |source: &&Source| match Self::at(source, options) {
            Err(_) if options.keep_going => Ok(Self { is_single: true, ..Self::NOTHING }),
            other => other,
        };
        jobs.map(sources, look)
            .all()
            .map_err(|(source, failure)| failure.into_error(format!("looking at {}", source.path.display())))
    }

    /// Of what nothing is known.
    const NOTHING: Self =
        Self { is_single: false, rows: 1, days: None, spread: None, ends: [0; 32], bytes: 0 };

    /// Of a file, which may be malformed: what cannot be told is for the reader to refuse.
    fn at(source: &Source, options: &LoadOptions) -> Result<Self> {
        let path = &source.path;
        let nothing = Self::NOTHING;
        let found = std::fs::metadata(path);
        if path == Path::new(STANDARD_INPUT) || !found.as_ref().is_ok_and(std::fs::Metadata::is_file) {
            return Ok(nothing);
        }
        let length = found.map_or(0, |found| found.len());
        let mut file = File::open(path).map_err(Error::io("read", path))?;
        let mut both = [Vec::new(), Vec::new()];
        let mut read = || {
            (&mut file).take(ENDS).read_to_end(&mut both[0])?;
            file.seek(SeekFrom::Start(length.saturating_sub(ENDS)))?;
            (&mut file).take(ENDS).read_to_end(&mut both[1])
        };
        read().map_err(Error::io("read", path))?;
        let mut hasher = blake3::Hasher::new();
        hasher.update(&length.to_le_bytes()).update(&both[0]).update(&both[1]);
        let nothing = Self { ends: *hasher.finalize().as_bytes(), bytes: length, ..nothing };
        let encoding = Encoding::of_file(path)?;
        if matches!(encoding, Encoding::Parquet | Encoding::Arrow) {
            return Ok(columnar(source, options, nothing));
        }
        let plain = encoding == Encoding::Plain;
        let mut head = Vec::new();
        if plain {
            head.clone_from(&both[0]);
        } else {
            Text::open(path)?.take(ENDS).read_to_end(&mut head).map_err(Error::io("read", path))?;
        }
        let whole = plain && length <= ENDS;
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
            let tail = &both[1][both[1].iter().position(|byte| *byte == b'\n').map_or(0, |at| at + 1)..];
            if parser.feed(tail, &mut intake).is_ok()
                && let Some(last) = days_of(intake)
            {
                days = Some([first[0].min(last[0]), first[1].max(last[1])]);
            }
        }
        // One that is to be left out as a whole is of no stock that could be elsewhere.
        let is_single = is_single || !fed && options.keep_going;
        Ok(Self { is_single, rows, days, ..nothing })
    }

    /// What the file weighs in the cut: its rows on the days wanted, or the number of these days where prices
    /// are taken at a step of time.
    pub(super) fn weight(&self, options: &LoadOptions) -> u64 {
        if let Some(spread) = &self.spread {
            return spread.rows().max(1);
        }
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

#[cfg(feature = "parquet")]
fn columnar(source: &Source, options: &LoadOptions, nothing: Look) -> Look {
    let Some(found) = super::columnar::glance(&source.path, &source.stock, options) else {
        return Look { is_single: options.keep_going, ..nothing };
    };
    let spread = found.groups.and_then(|groups| Spread::new(&groups, options));
    let days = spread.as_ref().map(Spread::days);
    Look { is_single: found.is_single, rows: found.rows.max(1), days, spread, ..nothing }
}

#[cfg(not(feature = "parquet"))]
fn columnar(_: &Source, options: &LoadOptions, nothing: Look) -> Look {
    Look { is_single: options.keep_going, ..nothing }
}
