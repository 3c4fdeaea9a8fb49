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
use crate::error::{Error, Result};
use crate::jobs::Jobs;
use crate::panel::{DayReturns, PanelReader, parse_date};
use crate::plot::{self, Drawn, PlotFile};
use crate::random::STREAM_VERSION;

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
        self.refused(flag, "that day was left out, as it has fewer than two prices".into())
    }

    /// The number of its stock, if the panel has its day too.
    pub(super) fn find(&self, flag: &'static str, panel: &PanelReader) -> Result<usize> {
        let Some(stock) = panel.stocks().iter().position(|stock| *stock == self.stock) else {
            let requirement = format!("the panel has no such stock; it has {}", panel.stocks().join(", "));
            return Err(self.refused(flag, requirement));
        };
        let (mut count, mut first, mut last) = (0, None, None);
        for date in panel.dates() {
            if date == self.date {
                return Ok(stock);
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
    /// Draws them all, and writes none. The first of `cells` is the histogram's, which is taken.
    pub(super) fn draw(
        &self,
        bootstrap: &Bootstrap,
        seed: u64,
        stocks: &[String],
        intervals: &Intervals,
        cells: &mut VecDeque<Option<CellReturns>>,
        jobs: &Jobs,
    ) -> Result<Vec<Drawn<'_>>> {
        let mut drawn = Vec::new();
        let names: Vec<&str> = bootstrap.intervals().iter().map(|interval| interval.name()).collect();
        let samples = if bootstrap.is_exact() {
            "of infinitely many samples".into()
        } else {
            format!(
                "{} samples, seed {seed}, random stream {STREAM_VERSION}",
                grouped(bootstrap.samples().into())
            )
        };
        let method =
            format!("{} % {} intervals, {samples}", percent(bootstrap.confidence()), names.join(", "));
        if let Some(file) = &self.intervals {
            drawn.push(file.draw(&plot::intervals::picture(stocks, intervals, &method)?)?);
        }
        let Some((name, file)) = &self.histogram else { return Ok(drawn) };
        let Some(Some((returns, stock))) = cells.pop_front() else {
            return Err(name.left_out("--histogram"));
        };
        if let Some(day) = intervals.dates.iter().position(|date| *date == name.date) {
            let at = [day, stock];
            let of_stock = returns.returns.slice(ndarray::s![.., stock..=stock]).to_owned();
            let returns = DayReturns { date: returns.date, returns: of_stock };
            let bins = plot::histogram::bins(bootstrap.samples() as usize);
            let resampled = jobs.install(|| bootstrap.histogram(&returns, bins))?;
            let distribution = plot::histogram::Distribution {
                name: &format!("{}, {}", name.stock, name.date),
                method: &format!("{method}, {} returns", returns.returns.nrows()),
                resampled: &resampled,
                point: intervals.estimate[at],
                interval: [intervals.lower()[at], intervals.upper()[at]],
            };
            drawn.push(file.draw(&plot::histogram::picture(&distribution)?)?);
        }
        Ok(drawn)
    }
}

/// Shows progress, and keeps the returns of some cells.
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
        ControlFlow::Continue(())
    }

    fn days(&self, days: &[DayReturns]) {
        if self.wanted.is_empty() {
            return;
        }
        let mut found = self.found.lock().unwrap_or_else(PoisonError::into_inner);
        for ((date, stock), place) in self.wanted.iter().zip(found.iter_mut()) {
            if let Some(day) = days.iter().find(|day| day.date == *date) {
                *place = Some((day.clone(), *stock));
            }
        }
    }
}
