//! The prices of one stock as they come from its files, before the stocks are put on one time grid.

use std::ops::Range;
use std::sync::Arc;

use jiff::civil::Date;

use super::error::LineProblem;
use super::spool::{Store, TICK_BYTES};
use crate::error::Result;

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

    /// Makes room for so many more prices.
    pub(super) fn reserve(&mut self, rows: usize) {
        self.times.reserve(rows);
        self.prices.reserve(rows);
    }

    /// Adds a price, which must come after the last in time.
    pub(super) fn push(&mut self, date: Date, time: u64, price: f64) -> Result<(), LineProblem> {
        match self.days.last_mut() {
            Some(day) if day.date == date => return self.push_same_day(time, price),
            _ => self.push_day(date)?,
        }
        self.keep(time, price);
        Ok(())
    }

    /// Adds a price, which must not come before the last in time, but may come with it.
    pub(super) fn push_tied(&mut self, date: Date, time: u64, price: f64) -> Result<(), LineProblem> {
        let previous = self.last_time;
        match self.days.last_mut() {
            Some(day) if day.date == date && time < previous => {
                return Err(LineProblem::TimeOrder { date, time, previous });
            }
            Some(day) if day.date == date => {}
            _ => self.push_day(date)?,
        }
        self.keep(time, price);
        Ok(())
    }

    /// Adds a price to the last day. A series without days takes none.
    pub(super) fn push_same_day(&mut self, time: u64, price: f64) -> Result<(), LineProblem> {
        let previous = self.last_time;
        if let Some(day) = self.days.last() {
            if time <= previous {
                return Err(LineProblem::TimeOrder { date: day.date, time, previous });
            }
            self.keep(time, price);
        }
        Ok(())
    }

    /// Adds prices to the last day, each after the one before in time, or with it where there may be `ties`.
    /// An error comes with the number of its price. A series without days takes none.
    pub(super) fn push_run(
        &mut self,
        ties: bool,
        times: &[u64],
        prices: &[f64],
    ) -> Result<(), (usize, LineProblem)> {
        let (Some(day), Some(&last)) = (self.days.last_mut(), times.last()) else { return Ok(()) };
        let mut previous = self.last_time;
        for (row, &time) in times.iter().enumerate() {
            if time < previous || time == previous && !ties {
                return Err((row, LineProblem::TimeOrder { date: day.date, time, previous }));
            }
            previous = time;
        }
        self.times.extend_from_slice(times);
        self.prices.extend_from_slice(prices);
        self.last_time = last;
        day.rows.end = self.times.len();
        Ok(())
    }

    /// Begins a day, which must come after the last.
    fn push_day(&mut self, date: Date) -> Result<(), LineProblem> {
        if let Some(day) = self.days.last()
            && day.date > date
        {
            return Err(LineProblem::DayOrder { date, previous: day.date });
        }
        let rows = self.times.len();
        self.days.push(Day { date, rows: rows..rows });
        Ok(())
    }

    /// Adds a tick to the last day.
    fn keep(&mut self, time: u64, price: f64) {
        self.times.push(time);
        self.prices.push(price);
        self.last_time = time;
        if let Some(day) = self.days.last_mut() {
            day.rows.end = self.times.len();
        }
    }

    /// The ticks of a day that this series has.
    pub(super) fn ticks(&self, day: &Day) -> Ticks<'_> {
        Ticks { times: &self.times[day.rows.clone()], prices: &self.prices[day.rows.clone()] }
    }

    /// Takes the ticks of the last day out, and the day itself with them.
    pub(super) fn take_last_day(&mut self) -> Option<(Date, Vec<u64>, Vec<f64>)> {
        let day = self.days.pop()?;
        let (times, prices) = (self.times.split_off(day.rows.start), self.prices.split_off(day.rows.start));
        Some((day.date, times, prices))
    }

    /// Adds a day with its ticks, unless it has none.
    pub(super) fn add_day(&mut self, date: Date, times: &[u64], prices: &[f64]) {
        if times.is_empty() {
            return;
        }
        let start = self.times.len();
        self.times.extend_from_slice(times);
        self.prices.extend_from_slice(prices);
        self.days.push(Day { date, rows: start..self.times.len() });
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

/// The prices of one stock, some of its days in memory and the others in a temporary file.
#[derive(Debug)]
pub(super) struct Kept {
    /// The days in memory.
    pub(super) series: Series,
    /// The others, in calendar order.
    spooled: Vec<SpooledDay>,
    store: Arc<Store>,
}

#[derive(Debug, Clone, Copy)]
struct SpooledDay {
    date: Date,
    rows: usize,
    /// Where the store has it.
    start: u64,
}

impl Kept {
    /// A stock without days.
    pub(super) fn new(stock: impl Into<String>, store: &Arc<Store>) -> Self {
        Self { series: Series::new(stock, 0), spooled: Vec::new(), store: Arc::clone(store) }
    }

    /// Takes note that the last day is over; it goes to the store's file, with all before it, if memory is
    /// full.
    pub(super) fn close_day(&mut self) -> Result<()> {
        let rows = self.series.days.last().map_or(0, |day| day.rows.len());
        if !self.store.hold(rows) {
            self.spool()?;
        }
        Ok(())
    }

    /// Moves all days to the store's file.
    fn spool(&mut self) -> Result<()> {
        for day in &self.series.days {
            let Ticks { times, prices } = self.series.ticks(day);
            let start = self.store.write(times, prices)?;
            self.spooled.push(SpooledDay { date: day.date, rows: times.len(), start });
        }
        self.store.release(self.series.times.len());
        self.series.days.clear();
        self.series.times.clear();
        self.series.prices.clear();
        Ok(())
    }

    /// Adds the days of another file of the same stock; false where both have one of them.
    pub(super) fn append(&mut self, mut other: Self) -> Result<bool> {
        if !self.spooled.is_empty() || !other.spooled.is_empty() {
            self.spool()?;
            other.spool()?;
            self.spooled.append(&mut other.spooled);
            self.spooled.sort_by_key(|day| day.date);
            return Ok(self.spooled.windows(2).all(|pair| pair[0].date < pair[1].date));
        }
        let start = self.series.times.len();
        let shifted = other
            .series
            .days
            .iter()
            .map(|day| Day { date: day.date, rows: day.rows.start + start..day.rows.end + start });
        self.series.days.extend(shifted);
        self.series.times.append(&mut other.series.times);
        self.series.prices.append(&mut other.series.prices);
        self.series.days.sort_by_key(|day| day.date);
        Ok(self.series.days.windows(2).all(|pair| pair[0].date < pair[1].date))
    }

    /// Whether every day is in memory.
    pub(super) fn is_in_memory(&self) -> bool {
        self.spooled.is_empty()
    }

    /// The series of these consecutive days, read from where they are.
    pub(super) fn read(&self, first: Date, last: Date) -> Result<Series> {
        let mut series = Series::new(&self.series.stock, 0);
        let inside = |date: Date| first <= date && date <= last;
        for day in self.spooled.iter().filter(|day| inside(day.date)) {
            let (times, prices) = self.store.read(day.start, day.rows)?;
            series.add_day(day.date, &times, &prices);
        }
        for day in self.series.days.iter().filter(|day| inside(day.date)) {
            let ticks = self.series.ticks(day);
            series.add_day(day.date, ticks.times, ticks.prices);
        }
        series.days.sort_by_key(|day| day.date);
        Ok(series)
    }

    /// Bytes held in memory.
    pub(super) fn held_bytes(&self) -> u64 {
        self.series.times.len() as u64 * TICK_BYTES + (self.spooled.len() * size_of::<SpooledDay>()) as u64
    }
}

impl Stock for Kept {
    fn name(&self) -> &str {
        &self.series.stock
    }

    fn days(&self) -> impl Iterator<Item = (Date, usize)> {
        // The days in memory came last.
        let spooled = self.spooled.iter().map(|day| (day.date, day.rows));
        spooled.chain(self.series.days())
    }

    fn texts(&self) -> impl Iterator<Item = u64> {
        let spooled = self.spooled.iter().map(|day| day.rows as u64 * TICK_BYTES);
        spooled.chain(self.series.texts())
    }

    fn retain_days(&mut self, keep: impl Fn(Date) -> bool) {
        self.spooled.retain(|day| keep(day.date));
        self.series.retain_days(keep);
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

    #[test]
    fn ties_are_kept_where_they_may_be() {
        let day = |day| Date::new(2007, 1, day).unwrap();
        let mut series = Series::new("A", 0);
        for (date, time) in [(3, 10), (3, 10), (3, 20), (4, 1), (4, 1)] {
            assert!(series.push_tied(day(date), time, 1.0).is_ok());
        }
        assert_eq!(series.days().collect::<Vec<_>>(), [(day(3), 3), (day(4), 2)]);
        assert!(matches!(series.push_tied(day(4), 0, 1.0), Err(LineProblem::TimeOrder { .. })));
        assert!(matches!(series.push_tied(day(3), 30, 1.0), Err(LineProblem::DayOrder { .. })));
    }

    /// Whatever the memory, the same days come back.
    #[test]
    fn days_come_back_from_memory_and_file() {
        let day = |day| Date::new(2007, 1, day).unwrap();
        let in_store = |store: &Arc<Store>, days: &[i8]| {
            let mut kept = Kept::new("A", store);
            for &date in days {
                for time in 0..10 {
                    kept.series.push(day(date), time, f64::from(date) + time as f64).unwrap();
                }
                kept.close_day().unwrap();
            }
            kept
        };
        let stock = |room: u64, days: &[i8]| in_store(&Arc::new(Store::new(room)), days);
        let days: Vec<i8> = (1..9).collect();
        let expected = stock(u64::MAX, &days).read(day(3), day(6)).unwrap();
        assert_eq!(expected.days.len(), 4);
        for room in [0, 160, 399, 400, 800, 1280] {
            let kept = stock(room, &days);
            assert_eq!(kept.is_in_memory(), room >= 1280, "{room}");
            assert!(kept.series.times.len() as u64 * TICK_BYTES <= room);
            assert_eq!(kept.days().collect::<Vec<_>>(), stock(u64::MAX, &days).days().collect::<Vec<_>>());
            assert_eq!(kept.read(day(3), day(6)).unwrap(), expected);
            // Two files of one stock, whose days take turns.
            let store = Arc::new(Store::new(room));
            let (mut first, second) = (in_store(&store, &[1, 3, 5, 7]), in_store(&store, &[2, 4, 6, 8]));
            assert!(first.append(second).unwrap());
            assert_eq!(first.days().collect::<Vec<_>>(), kept.days().collect::<Vec<_>>(), "{room}");
            assert_eq!(first.read(day(3), day(6)).unwrap(), expected, "{room}");
            assert!(!first.append(in_store(&store, &[8, 9])).unwrap(), "{room}");
        }
        let mut first = stock(u64::MAX, &[1, 3, 5, 7]);
        assert!(first.append(stock(u64::MAX, &[2, 4, 6, 8])).unwrap());
        assert_eq!(first.read(day(3), day(6)).unwrap(), expected);
        assert!(!first.append(stock(u64::MAX, &[8, 9])).unwrap());
    }
}
