//! The prices of one stock as its file has them, before the stocks are put on one time grid.

use std::ops::Range;

use jiff::civil::Date;

use super::error::LineProblem;

/// Prices of one stock in the order of time: flat arrays, and where each day lies in them.
#[derive(Debug, Clone, Default, PartialEq)]
pub(super) struct Series {
    pub(super) stock: String,
    pub(super) days: Vec<Day>,
    /// Nanoseconds after midnight, increasing within a day.
    pub(super) times: Vec<u64>,
    pub(super) prices: Vec<f64>,
    /// The time of the row that came last, whether or not it is still held.
    last_time: u64,
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
    pub(super) times: &'a [u64],
    pub(super) prices: &'a [f64],
}

/// One stock and the days on which it has prices, wherever these are.
pub(super) trait Stock {
    /// The stock's name.
    fn name(&self) -> &str;
    /// Its days in calendar order, with their numbers of prices.
    fn days(&self) -> impl Iterator<Item = (Date, usize)>;
    /// The bytes that must be read for each of its days.
    fn texts(&self) -> impl Iterator<Item = u64>;
    /// Forgets the days that are not to be kept.
    fn retain_days(&mut self, keep: impl Fn(Date) -> bool);
}

impl Stock for Series {
    fn name(&self) -> &str {
        &self.stock
    }

    fn days(&self) -> impl Iterator<Item = (Date, usize)> {
        self.days.iter().map(|day| (day.date, day.rows.len()))
    }

    fn texts(&self) -> impl Iterator<Item = u64> {
        // They were read already.
        self.days.iter().map(|_| 0)
    }

    fn retain_days(&mut self, keep: impl Fn(Date) -> bool) {
        self.days.retain(|day| keep(day.date));
    }
}

impl Series {
    /// An empty series with room for `rows` prices.
    pub(super) fn new(stock: impl Into<String>, rows: usize) -> Self {
        let (times, prices) = (Vec::with_capacity(rows), Vec::with_capacity(rows));
        Self { stock: stock.into(), days: Vec::new(), times, prices, last_time: 0 }
    }

    /// Adds a price, which must come after the last in time.
    pub(super) fn push(&mut self, date: Date, time: u64, price: f64) -> Result<(), LineProblem> {
        match self.days.last_mut() {
            Some(day) if day.date == date => return self.push_same_day(time, price),
            Some(day) if day.date > date => {
                return Err(LineProblem::DayOrder { date, previous: day.date });
            }
            _ => {}
        }
        let rows = self.times.len();
        self.days.push(Day { date, rows: rows..rows + 1 });
        self.keep(time, price);
        Ok(())
    }

    /// Adds a price to the last day. A series without days takes none.
    pub(super) fn push_same_day(&mut self, time: u64, price: f64) -> Result<(), LineProblem> {
        let previous = self.last_time;
        if let Some(day) = self.days.last_mut() {
            if time <= previous {
                return Err(LineProblem::TimeOrder { date: day.date, time, previous });
            }
            day.rows.end += 1;
            self.keep(time, price);
        }
        Ok(())
    }

    fn keep(&mut self, time: u64, price: f64) {
        self.times.push(time);
        self.prices.push(price);
        self.last_time = time;
    }

    /// The ticks of a day that this series has.
    pub(super) fn ticks(&self, day: &Day) -> Ticks<'_> {
        Ticks { times: &self.times[day.rows.clone()], prices: &self.prices[day.rows.clone()] }
    }

    /// Adds the days to `counts`, with their numbers of prices, and forgets the prices. The last day may go
    /// on: its date and time are kept, so that what follows can be put in order.
    pub(super) fn forget(&mut self, counts: &mut Vec<(Date, u32)>) {
        for day in &self.days {
            let rows = day.rows.len() as u32;
            match counts.last_mut() {
                Some((date, count)) if *date == day.date => *count += rows,
                _ => counts.push((day.date, rows)),
            }
        }
        let last = self.days.pop();
        self.days.clear();
        self.days.extend(last.map(|day| Day { rows: 0..0, ..day }));
        self.times.clear();
        self.prices.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_still_orders_what_follows() {
        let day = |day| Date::new(2007, 1, day).unwrap();
        let rows = [(3, 10), (3, 20), (4, 5), (4, 6), (4, 7), (8, 1)];
        for every in 1..=rows.len() {
            let (mut series, mut counts) = (Series::new("A", 0), Vec::new());
            for rows in rows.chunks(every) {
                for &(date, time) in rows {
                    assert!(series.push(day(date), time, 1.0).is_ok());
                }
                series.forget(&mut counts);
                assert!(series.times.is_empty() && series.days.len() == 1);
                let (date, time) = rows[rows.len() - 1];
                assert!(matches!(series.push(day(date), time, 1.0), Err(LineProblem::TimeOrder { .. })));
                assert!(matches!(series.push(day(date - 1), 9, 1.0), Err(LineProblem::DayOrder { .. })));
            }
            assert_eq!(counts, [(day(3), 2), (day(4), 3), (day(8), 1)], "{every} rows at a time");
        }
    }
}
