//! The pictures of a run, and the cells that they and other outputs are of.

use std::collections::VecDeque;
use std::ops::ControlFlow;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};

use indicatif::ProgressBar;
use jiff::civil::Date;

use super::summary::percent;
use crate::bootstrap::{Bootstrap, Intervals, Observer};
use crate::cli::device::grouped;
use crate::cli::signals;
use crate::error::{Error, Result};
use crate::interval::Side;
use crate::jobs::Jobs;
use crate::panel::{DayReturns, PanelReader, parse_date};
use crate::plot::quantity::Quantity;
use crate::plot::{self, Drawn, PlotFile};
use crate::random::STREAM_VERSION;
use crate::resample::Scheme;

/// A stock and a day, as `--histogram` and `--cell` take them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct CellName {
    pub(super) stock: String,
    pub(super) date: Date,
}

impl FromStr for CellName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A stock's name may have a comma in it, a date has none.
        let (stock, date) = text.rsplit_once(',').ok_or("write a stock and a day, such as AXP,2007-01-03")?;
        let date = parse_date(date).map_err(|error| error.to_string())?;
        Ok(Self { stock: stock.trim().to_owned(), date })
    }
}

impl CellName {
    /// The error of a cell that is not there.
    fn refused(&self, flag: &'static str, requirement: String) -> Error {
        Error::Parameter { name: flag, value: format!("{},{}", self.stock, self.date), requirement }
    }

    /// The error of a cell whose day was left out.
    pub(super) fn left_out(&self, flag: &'static str) -> Error {
        self.refused(flag, "that day was left out, as it has fewer than two prices in common".into())
    }

    /// The error of a cell that a measure of two stocks does not have.
    pub(super) fn with_itself(&self, flag: &'static str, measure: &str) -> Error {
        self.refused(flag, format!("there is no {measure} of that stock with itself; name another"))
    }

    /// The number of its stock, if the panel has that stock's day too.
    pub(super) fn find(&self, flag: &'static str, panel: &PanelReader) -> Result<usize> {
        let Some(stock) = panel.stocks().iter().position(|stock| *stock == self.stock) else {
            let requirement = format!("the panel has no such stock; it has {}", panel.stocks().join(", "));
            return Err(self.refused(flag, requirement));
        };
        let (mut count, mut first, mut last) = (0, None, None);
        for date in panel.dates() {
            if date == self.date && panel.has(stock, date) {
                return Ok(stock);
            }
            if date == self.date {
                let requirement = "that stock has fewer than two prices on that day; name another";
                return Err(self.refused(flag, requirement.into()));
            }
            (count, first, last) = (count + 1, first.or(Some(date)), Some(date));
        }
        let range = match (first, last) {
            (Some(first), Some(last)) => format!("; its {count} days are from {first} to {last}"),
            _ => String::new(),
        };
        Err(self.refused(flag, format!("the panel has no such day{range}")))
    }
}

/// The returns of a cell: those of its day, and the number of its stock.
pub(super) type CellReturns = (DayReturns, usize);

/// The pictures asked for, and where they go.
pub(super) struct Pictures {
    pub(super) intervals: Option<PlotFile>,
    pub(super) histogram: Option<(CellName, PlotFile)>,
}

impl Pictures {
    /// Draws them all, and writes none. The first of `cells` is the histogram's, which is taken. `against` is
    /// the second stock of a measure that has one.
    pub(super) fn draw(
        &self,
        bootstrap: &Bootstrap,
        against: Option<&str>,
        stocks: &[String],
        intervals: &Intervals,
        cells: &mut VecDeque<Option<CellReturns>>,
        jobs: &Jobs,
    ) -> Result<Vec<Drawn<'_>>> {
        let mut drawn = Vec::new();
        let quantity = Quantity::new(bootstrap.measure().name(), against, bootstrap.period());
        if let Some(file) = &self.intervals {
            let picture = plot::intervals::picture(stocks, intervals, &quantity, &method(bootstrap))?;
            drawn.push(file.draw(&picture)?);
        }
        let Some((name, file)) = &self.histogram else { return Ok(drawn) };
        let Some(Some((returns, stock))) = cells.pop_front() else {
            return Err(name.left_out("--histogram"));
        };
        let Some(place) = intervals.cells.iter().position(|&cell| cell == stock) else {
            return Err(name.with_itself("--histogram", bootstrap.measure().name()));
        };
        if let Some(day) = intervals.dates.iter().position(|date| *date == name.date) {
            let bins = plot::histogram::bins(bootstrap.samples() as usize);
            let resampled = match bootstrap.is_exact() {
                true => None,
                false => Some(jobs.install(|| bootstrap.histogram_of(&returns, place, bins))?),
            };
            let exact = bootstrap.statistic_law(&returns, place)?;
            let at = [day, place];
            let ends = intervals.ends.iter().map(|ends| (ends.interval, [ends.lower[at], ends.upper[at]]));
            let distribution = plot::histogram::Distribution {
                name: &format!("{}, {}", name.stock, name.date),
                method: &format!("{}, {} returns", method(bootstrap), returns.returns.nrows()),
                quantity: &quantity,
                resampled: resampled.as_ref(),
                exact: exact.as_ref(),
                point: intervals.estimate[at],
                intervals: &ends.collect::<Vec<_>>(),
            };
            drawn.push(file.draw(&plot::histogram::picture(&distribution)?)?);
        }
        Ok(drawn)
    }
}

/// How intervals were computed, in a line.
fn method(bootstrap: &Bootstrap) -> String {
    let names: Vec<&str> = bootstrap.intervals().iter().map(|interval| interval.name()).collect();
    let side = match bootstrap.tail().side {
        Side::Both => "",
        Side::Lower => " lower ends of",
        Side::Upper => " upper ends of",
    };
    let mut method = format!("{} %{side} {} intervals", percent(bootstrap.confidence()), names.join(", "));
    if bootstrap.is_exact() {
        method += ", of infinitely many samples";
    } else if bootstrap.draws_of(1) > 0 {
        let (samples, seed) = (grouped(bootstrap.samples().into()), bootstrap.seed());
        method += &format!(", {samples} samples, seed {seed}, random stream {STREAM_VERSION}");
    }
    if *bootstrap.scheme() != Scheme::Iid {
        method += &format!(", scheme {}", bootstrap.scheme().name());
    }
    method
}

/// Shows progress, keeps the returns of some cells, and ends the run at a signal.
pub(super) struct Watch {
    pub(super) bar: ProgressBar,
    /// The days and the numbers of the stocks.
    wanted: Vec<(Date, usize)>,
    found: Mutex<VecDeque<Option<CellReturns>>>,
}

impl Watch {
    pub(super) fn new(bar: ProgressBar, wanted: Vec<(Date, usize)>) -> Self {
        let found = Mutex::new(wanted.iter().map(|_| None).collect());
        Self { bar, wanted, found }
    }

    /// The cells, in the order in which they were asked for; none for a day that was left out.
    pub(super) fn days(self) -> VecDeque<Option<CellReturns>> {
        self.found.into_inner().unwrap_or_else(PoisonError::into_inner)
    }
}

impl Observer for Watch {
    fn planned(&self, draws: u64) {
        self.bar.set_length(draws);
    }

    fn drawn(&self, draws: u64) -> ControlFlow<()> {
        self.bar.inc(draws);
        signals::go_on()
    }

    fn days(&self, days: &[DayReturns]) {
        if self.wanted.is_empty() {
            return;
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for ((date, stock), place) in self.wanted.iter().zip(found.iter_mut()) {
            let has = |day: &&DayReturns| day.date == *date && day.stocks.column(*stock).is_some();
            if let Some(day) = days.iter().find(has) {
                *place = Some((day.clone(), *stock));
            }
        }
    }
}
