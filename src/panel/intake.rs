//! Rows become series: those of a stock are put together day by day, cleaned and sampled as each day ends.

use std::collections::HashMap;
use std::path::Path;
use std::sync::Arc;

use jiff::civil::Date;

use super::clean::{Cleaning, Counts, DayTicks, Duplicates, HalfDays, Missing};
use super::error::{LineProblem, PanelError, quoted};
use super::sample::Sampling;
use super::series::{Kept, Series, Stock};
use super::spool::Store;
use crate::error::{Error, Result};

/// What is done to the ticks of a day before they are used.
#[derive(Debug, Clone, Default)]
pub(super) struct Rules {
    pub(super) cleaning: Cleaning,
    pub(super) sampling: Option<Sampling>,
    /// Whether rows may come in any order.
    pub(super) sort: bool,
}

impl Rules {
    /// Whether rows are used as they are.
    pub(super) fn are_none(&self) -> bool {
        let Self { cleaning, sampling, sort } = self;
        *cleaning == Cleaning { missing: cleaning.missing, ..Cleaning::default() }
            && sampling.is_none()
            && !sort
    }

    /// Whether each row must come after the one before, which is then told with its line. Rows that are left
    /// out later may have any times.
    fn are_strict(&self) -> bool {
        let Cleaning { duplicates, session, half_days, .. } = &self.cleaning;
        *duplicates == Duplicates::Error && session.is_none() && *half_days == HalfDays::Keep && !self.sort
    }
}

/// How many rows a step took or left.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Steps {
    /// Rows that a row filter left out.
    pub(super) filtered: u64,
    /// Those of cleaning.
    pub(super) counts: Counts,
    /// Prices that sampling made of what cleaning left.
    pub(super) sampled: u64,
}

impl Steps {
    pub(super) fn add(&mut self, other: Self) {
        let Self { filtered, counts, sampled } = other;
        self.filtered += filtered;
        self.counts += counts;
        self.sampled += sampled;
    }
}

impl Steps {
    /// What was done, a line for each step that took rows.
    pub(super) fn lines(&self) -> Vec<String> {
        let Counts { rows, missing, session, half_days, duplicates, outliers, .. } = self.counts;
        let all = rows + missing + self.filtered;
        let mut lines: Vec<String> = [
            (self.filtered, "left out by what other columns hold"),
            (missing, "without a price left out"),
            (session, "outside of the session left out"),
            (half_days, "of half days left out"),
            (duplicates, "merged with others of the same time"),
            (outliers, "left out as outliers"),
        ]
        .into_iter()
        .filter(|(count, _)| *count > 0)
        .map(|(count, what)| format!("{count} of {all} rows {what}"))
        .collect();
        if self.sampled > 0 {
            lines.push(format!("{} prices sampled from {} ticks", self.sampled, self.counts.kept()));
        }
        lines
    }
}

/// Why a row can't be used: the row itself, or what was to be done with the rows before it.
pub(super) enum Fault {
    Row(LineProblem),
    Other(Error),
}

impl From<LineProblem> for Fault {
    fn from(problem: LineProblem) -> Self {
        Self::Row(problem)
    }
}

/// Takes the rows of a file, of one stock or of several.
pub(super) struct Intake<'a> {
    /// For messages.
    path: &'a Path,
    rules: &'a Rules,
    store: &'a Arc<Store>,
    /// The stocks to keep; all where there is no list.
    wanted: Option<&'a [String]>,
    /// All stocks, in the order in which they appear.
    names: Vec<String>,
    places: HashMap<String, usize>,
    /// Of each stock, the rows so far; none of those that are not wanted.
    stocks: Vec<Option<Rows>>,
    /// The stock of the row that came last.
    last: usize,
    /// Whether who reads takes the rows out itself, of a file of one stock.
    forgets: bool,
    /// Whether it is such a file.
    is_single: bool,
    pub(super) steps: Steps,
}

/// The rows of one stock.
struct Rows {
    kept: Kept,
    /// The day that has not ended.
    open: Option<Date>,
    /// Rows to sort.
    unsorted: Vec<(Date, u64, f64)>,
}

impl<'a> Intake<'a> {
    pub(super) fn new(
        path: &'a Path,
        rules: &'a Rules,
        store: &'a Arc<Store>,
        wanted: Option<&'a [String]>,
    ) -> Self {
        Self {
            path,
            rules,
            store,
            wanted,
            names: Vec::new(),
            places: HashMap::new(),
            stocks: Vec::new(),
            last: 0,
            forgets: false,
            is_single: false,
            steps: Steps::default(),
        }
    }

    /// All stocks, in the order in which they appear, wanted or not.
    pub(super) fn names(&self) -> &[String] {
        &self.names
    }

    /// Whether the rows of the stock at `place` are wanted.
    pub(super) fn wants(&self, place: usize) -> bool {
        self.stocks[place].is_some()
    }

    /// Whether rows without a price are left out.
    pub(super) fn skips_missing(&self) -> bool {
        self.rules.cleaning.missing == Missing::Skip
    }

    /// Leaves it to who reads to take the rows out of the series.
    pub(super) fn forget(self) -> Self {
        Self { forgets: true, ..self }
    }

    /// Adds the stock of a file that has no other, with room for so many rows.
    pub(super) fn add_only(&mut self, name: &str, rows: usize) -> usize {
        let place = self.add(name.to_owned());
        self.is_single = true;
        if let Some(rows_of) = self.stocks[place].as_mut().filter(|_| self.rules.are_none()) {
            rows_of.kept.series.reserve(rows);
        }
        place
    }

    /// The series of the stock at `place`, if it is wanted.
    pub(super) fn series(&mut self, place: usize) -> Option<&mut Series> {
        self.stocks[place].as_mut().map(|rows| &mut rows.kept.series)
    }

    /// The place of a stock, which may be new.
    pub(super) fn place_of(&mut self, stock: &[u8]) -> Result<usize, LineProblem> {
        if self.known_place(stock).is_none() {
            self.last = self.find_or_add(stock)?;
        }
        Ok(self.last)
    }

    /// The place of a stock that had rows before; none where it is new.
    pub(super) fn known_place(&mut self, stock: &[u8]) -> Option<usize> {
        // The stocks follow each other or take turns: mostly it is the same again, or the next.
        let is =
            |place: usize, names: &[String]| names.get(place).is_some_and(|name| name.as_bytes() == stock);
        if is(self.last, &self.names) {
            return Some(self.last);
        }
        let next = if self.last + 1 < self.names.len() { self.last + 1 } else { 0 };
        self.last =
            if is(next, &self.names) { next } else { *self.places.get(std::str::from_utf8(stock).ok()?)? };
        Some(self.last)
    }

    fn find_or_add(&mut self, stock: &[u8]) -> Result<usize, LineProblem> {
        let name = String::from_utf8_lossy(stock);
        if let Some(&place) = self.places.get(name.as_ref()) {
            return Ok(place);
        }
        if name.is_empty() {
            return Err(LineProblem::EmptyStock);
        }
        if name.contains(char::is_control) {
            return Err(LineProblem::StockName(quoted(stock)));
        }
        Ok(self.add(name.into_owned()))
    }

    /// Adds a stock that is new.
    pub(super) fn add(&mut self, name: String) -> usize {
        let is_wanted = self.wanted.is_none_or(|wanted| wanted.contains(&name));
        let rows = || Rows { kept: Kept::new(&name, self.store), open: None, unsorted: Vec::new() };
        self.stocks.push(is_wanted.then(rows));
        self.names.push(name.clone());
        self.places.insert(name, self.names.len() - 1);
        self.names.len() - 1
    }

    /// Takes a row of the stock at `place`. Returns whether a day begins with it.
    pub(super) fn push(&mut self, place: usize, date: Date, time: u64, price: f64) -> Result<bool, Fault> {
        let Some(rows) = &mut self.stocks[place] else { return Ok(false) };
        if self.rules.sort {
            rows.unsorted.push((date, time, price));
            let bytes = (rows.unsorted.len() * size_of::<(Date, u64, f64)>()) as u64;
            if bytes > self.store.room() {
                return Err(Fault::Other(Error::Memory {
                    what: format!("sorting the rows of {}", self.path.display()),
                    needed: bytes,
                    allowed: self.store.room(),
                    advice: "raise `memory`, or sort the file before".into(),
                }));
            }
            return Ok(false);
        }
        let begins = rows.open != Some(date);
        if begins {
            if let Some(previous) = rows.open
                && previous > date
            {
                return Err(LineProblem::DayOrder { date, previous }.into());
            }
            if !(self.forgets && self.is_single) {
                rows.close(self.rules, self.path, &mut self.steps).map_err(Fault::Other)?;
            }
            rows.open = Some(date);
        }
        if self.rules.are_strict() {
            rows.kept.series.push(date, time, price)?;
        } else {
            rows.kept.series.push_tied(date, time, price)?;
        }
        Ok(begins)
    }

    /// Takes rows of the stock at `place` that follow each other on one day, as [`Self::push`] takes each. A
    /// fault comes with the number of its row.
    pub(super) fn push_run(
        &mut self,
        place: usize,
        date: Date,
        times: &[u64],
        prices: &[f64],
    ) -> Result<bool, (usize, Fault)> {
        let (Some(&time), Some(&price)) = (times.first(), prices.first()) else { return Ok(false) };
        let begins = self.push(place, date, time, price).map_err(|fault| (0, fault))?;
        let (times, prices) = (&times[1..], &prices[1..]);
        if self.rules.sort {
            for (row, (&time, &price)) in times.iter().zip(prices).enumerate() {
                self.push(place, date, time, price).map_err(|fault| (row + 1, fault))?;
            }
        } else if let Some(rows) = &mut self.stocks[place] {
            let ties = !self.rules.are_strict();
            let pushed = rows.kept.series.push_run(ties, times, prices);
            pushed.map_err(|(row, problem)| (row + 1, problem.into()))?;
        }
        Ok(begins)
    }

    /// The stocks that are wanted, once there are no more rows, and all their names.
    pub(super) fn finish(mut self) -> Result<(Vec<Kept>, Vec<String>, Steps)> {
        let mut stocks = Vec::new();
        for mut rows in self.stocks.into_iter().flatten() {
            rows.sort(self.rules, self.path, &mut self.steps)?;
            rows.close(self.rules, self.path, &mut self.steps)?;
            stocks.push(rows.kept);
        }
        Ok((stocks, self.names, self.steps))
    }
}

impl Rows {
    /// Puts rows that came in any order in that of time; rows of one time keep theirs.
    fn sort(&mut self, rules: &Rules, path: &Path, steps: &mut Steps) -> Result<()> {
        let mut unsorted = std::mem::take(&mut self.unsorted);
        unsorted.sort_by_key(|(date, time, _)| (*date, *time));
        for (date, time, price) in unsorted {
            if self.open != Some(date) {
                self.close(rules, path, steps)?;
                self.open = Some(date);
            }
            // Sorted, so that none is refused.
            let _ = self.kept.series.push_tied(date, time, price);
        }
        Ok(())
    }

    /// Ends the day: cleans and samples its ticks.
    fn close(&mut self, rules: &Rules, path: &Path, steps: &mut Steps) -> Result<()> {
        if self.open.take().is_none() {
            return Ok(());
        }
        if !rules.are_none()
            && let Some((date, times, prices)) = self.kept.series.take_last_day()
        {
            let at = |fault| PanelError::Ticks {
                path: path.to_path_buf(),
                stock: self.kept.name().to_owned(),
                date,
                fault,
            };
            let mut ticks = DayTicks::new(times, prices).map_err(at)?;
            rules.cleaning.clean(date, &mut ticks, &mut steps.counts).map_err(at)?;
            if let Some(sampling) = &rules.sampling {
                ticks = sampling.together(&ticks, rules.cleaning.early_close(date));
                steps.sampled += ticks.len() as u64;
            }
            self.kept.series.add_day(date, ticks.times(), ticks.prices());
            if ticks.is_empty() {
                return Ok(());
            }
        }
        self.kept.close_day()
    }
}
