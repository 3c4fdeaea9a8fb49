//! The prices of one stock as its file has them, before the stocks are put on one time grid.

use std::ops::Range;

use jiff::civil::Date;

use super::error::LineProblem;

/// Prices of one stock in the order of time: flat arrays, and where each day lies in them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Series {
    pub(super) stock: String,
    pub(super) days: Vec<Day>,
    /// Seconds after midnight, increasing within a day.
    pub(super) times: Vec<u32>,
    pub(super) prices: Vec<f64>,
}

/// A day of a [`Series`] and the rows that are its own.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Day {
    pub(super) date: Date,
    pub(super) rows: Range<usize>,
}

/// The times and prices of one stock on one day.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Ticks<'a> {
    pub(super) times: &'a [u32],
    pub(super) prices: &'a [f64],
}

impl Series {
    /// An empty series with room for `rows` prices.
    pub(super) fn new(stock: impl Into<String>, rows: usize) -> Self {
        let (times, prices) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        Self { stock: stock.into(), days: Vec::new(), times, prices }
    }

    /// Adds a price, which must come after the last in time.
    pub(super) fn push(&mut self, date: Date, time: u32, price: f64) -> Result<(), LineProblem> {
        match self.days.last_mut() {
            Some(day) if day.date == date => return self.push_same_day(time, price),
            Some(day) if day.date > date => {
                return Err(LineProblem::DayOrder { date, previous: day.date });
            }
            _ => {}
        }
        let rows = self.times.len();
        self.days.push(Day { date, rows: rows..rows + 1 });
        self.times.push(time);
        self.prices.push(price);
        Ok(())
    }

    /// Adds a price to the last day. A series without days takes none.
    pub(super) fn push_same_day(&mut self, time: u32, price: f64) -> Result<(), LineProblem> {
        if let (Some(day), Some(&previous)) = (self.days.last_mut(), self.times.last()) {
            if time <= previous {
                return Err(LineProblem::TimeOrder { date: day.date, time, previous });
            }
            day.rows.end += 1;
            self.times.push(time);
            self.prices.push(price);
        }
        Ok(())
    }

    /// The ticks of a day that this series has.
    pub(super) fn ticks(&self, day: &Day) -> Ticks<'_> {
        Ticks { times: &self.times[day.rows.clone()], prices: &self.prices[day.rows.clone()] }
    }
}
