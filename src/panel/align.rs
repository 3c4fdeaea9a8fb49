//! The times at which a day's returns are taken: each stock's own, or one grid for all.
//!
//! A return compares prices at two times. Each stock's are its own under [`Align::None`]: no price is moved
//! or left out for another stock's sake, and a day that a stock lacks is no loss for the others. A stock with
//! fewer than two prices on a day has no return there, and is told of.
//!
//! Measures of two stocks multiply returns over the same time, so that both need prices at the same times:
//!
//! - [`Align::Exact`] refuses stocks that do not share their times;
//! - [`Align::Inner`] keeps the times at which every stock has a price;
//! - [`Align::Previous`] takes every time at which any stock has a price, and each stock's last price of the
//!   day up to then (previous-tick interpolation). Times before the first price of any stock are dropped:
//!   there is no price yet, and the price of the day before would put a night into a return;
//! - [`Align::Refresh`] takes the refresh times of the stocks that have prices on the day: the first is when
//!   all of them have one, each further one when all have a new one since the last. With t(i, j) the j-th
//!   time of stock i,
//!
//!   ```text
//!   τ₁ = max over i of t(i, 1),   τ_{k+1} = max over i of min {t(i, j) > τ_k}
//!   ```
//!
//!   and prices are each stock's last up to τ_k.
//!
//! The second and the third drop the days that some stock does not have at all.
//!
//! Source: O. E. Barndorff-Nielsen, P. R. Hansen, A. Lunde and N. Shephard, "Multivariate realised kernels:
//! consistent positive semi-definite estimators of the covariation of equity prices with noise and
//! non-synchronous trading", Journal of Econometrics 162(2), 2011, section 2.

use std::cell::OnceCell;
use std::collections::BTreeMap;

use jiff::civil::Date;
use ndarray::Array2;
use rayon::prelude::*;

use super::error::{PanelError, list};
use super::grids::Grids;
use super::sample::Sampling;
use super::series::{Series, Stock, Ticks};
use super::spool::TICK_BYTES;
use super::{DayPrices, Stocks};
use crate::error::{Error, Result};
use crate::jobs::Jobs;

/// At which times of a day stocks have their returns.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum Align {
    /// Each stock's own times and days.
    #[default]
    None,
    /// Refuse: stocks must share their times.
    Exact,
    /// Keep the times that all stocks have.
    Inner,
    /// Take all times, and a stock's previous price of the day where it has none.
    Previous,
    /// Take the times when all stocks have a new price since the last.
    Refresh,
}

impl Align {
    /// Whether stocks may lack days that others have.
    fn keeps_all_days(self) -> bool {
        matches!(self, Self::None | Self::Refresh)
    }
}

/// A day that is kept, and what the stocks have on it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct CalendarDay {
    pub(super) date: Date,
    /// How many stocks have prices.
    stocks: usize,
    /// The most prices that one of the stocks has.
    most: usize,
    /// The prices of all stocks.
    pub(super) all: usize,
    /// The most bytes that must be read for a stock.
    pub(super) text: u64,
}

/// The days that are kept, and what it takes to align them, some days at a time.
#[derive(Debug)]
pub(super) struct Alignment {
    align: Align,
    /// How ticks were sampled, if they were.
    sampling: Option<Sampling>,
    /// Whether days with fewer than two common prices are dropped; else they are an error.
    drop_short: bool,
    /// The days that are kept, in order.
    pub(super) calendar: Vec<CalendarDay>,
    dropped_days: Vec<String>,
    /// The stocks that lack some of the days, and how many of how many stocks; where that drops no day.
    lacking: Vec<String>,
    stocks: usize,
    /// Days left out as too short so far, with their numbers of prices.
    pub(super) short_days: Vec<(Date, usize)>,
    /// Days of a stock with fewer than two prices so far, where that concerns the stock alone.
    short_cells: Vec<String>,
    /// Days, and prices, so far: taken; taken from the time before; not taken.
    days: usize,
    kept: usize,
    filled: usize,
    dropped: usize,
}

impl Alignment {
    /// Finds the days to keep.
    pub(super) fn new<S: Stock>(stocks: &[S], align: Align, drop_short: bool) -> Result<Self, PanelError> {
        let mut days: BTreeMap<Date, CalendarDay> = BTreeMap::new();
        for ((date, prices), text) in stocks.iter().flat_map(|stock| stock.days().zip(stock.texts())) {
            let none = CalendarDay { date, stocks: 0, most: 0, all: 0, text: 0 };
            let day = days.entry(date).or_insert(none);
            day.stocks += 1;
            day.most = day.most.max(prices);
            day.all += prices;
            day.text = day.text.max(text);
        }
        let mut alignment = Self {
            align,
            sampling: None,
            drop_short,
            calendar: Vec::with_capacity(days.len()),
            dropped_days: Vec::new(),
            lacking: Vec::new(),
            stocks: stocks.len(),
            short_days: Vec::new(),
            short_cells: Vec::new(),
            days: 0,
            kept: 0,
            filled: 0,
            dropped: 0,
        };
        if align.keeps_all_days() {
            let lacks = |stock: &S| (stock.name().to_owned(), days.len() - stock.days().count());
            let lacking = stocks.iter().map(lacks).filter(|(_, days)| *days > 0);
            alignment.lacking = lacking.map(|(name, days)| format!("{name} {days}")).collect();
            alignment.calendar = days.into_values().collect();
            return Ok(alignment);
        }
        // Each stock's days, to look those up that some lack: made when the first turns up.
        let dates = OnceCell::new();
        let has = |date: &Date| {
            let dates = dates.get_or_init(|| -> Vec<Vec<Date>> {
                stocks.iter().map(|stock| stock.days().map(|(date, _)| date).collect()).collect()
            });
            dates.iter().map(|dates| dates.binary_search(date).is_ok()).collect::<Vec<bool>>()
        };
        for (date, day) in days {
            if day.stocks == stocks.len() {
                alignment.calendar.push(day);
                continue;
            }
            let (with, without) = partition(stocks, &has(&date));
            if align == Align::Exact {
                return Err(PanelError::MissingDay { date, with, without });
            }
            alignment.dropped_days.push(format!("{date} ({})", list(without)));
        }
        Ok(alignment)
    }

    /// Whether stocks are on common times.
    pub(super) fn is_common(&self) -> bool {
        self.align != Align::None
    }

    /// The same of prices that were sampled so.
    pub(super) fn sampled(self, sampling: Option<Sampling>) -> Self {
        Self { sampling, ..self }
    }

    /// How ticks were sampled, if they were.
    pub(super) fn sampling(&self) -> Option<&Sampling> {
        self.sampling.as_ref()
    }

    /// The number of offset grids.
    fn grids(&self) -> usize {
        self.sampling.map_or(1, |sampling| sampling.grids() as usize)
    }

    /// The most prices that a day may have once it is aligned.
    pub(super) fn most_prices(&self, day: &CalendarDay) -> usize {
        match self.align {
            Align::None => day.all,
            // No time may be shared.
            Align::Previous => day.all * day.stocks,
            Align::Exact | Align::Inner | Align::Refresh => day.most * day.stocks,
        }
    }

    /// The prices of a day where stocks share their times; about as many where not.
    pub(super) fn usual_prices(&self, day: &CalendarDay) -> usize {
        if self.align == Align::None { day.all } else { day.most * day.stocks }
    }

    /// The returns of a day where stocks share their times; about as many where not.
    pub(super) fn usual_returns(&self, day: &CalendarDay) -> usize {
        (self.usual_prices(day) / self.grids()).saturating_sub(day.stocks)
    }

    /// The prices of each of these days of the calendar that has any to take returns of. No day may take more
    /// than `memory` bytes, where stocks that do not share their times are brought to.
    pub(super) fn days(
        &mut self,
        series: &[&Series],
        dates: &[Date],
        memory: u64,
        jobs: &Jobs,
    ) -> Result<Vec<Vec<DayPrices>>> {
        let days = ticks_on(series, dates);
        if self.align == Align::None {
            let sampling = self.sampling.as_ref();
            let apart: Vec<Vec<DayPrices>> =
                jobs.install(|| days.par_iter().map(|day| day.apart(sampling)).collect());
            for day in &days {
                let short =
                    day.stocks.numbers().zip(&day.ticks).filter(|(_, ticks)| ticks.are_short(sampling));
                self.short_cells.extend(short.map(|(stock, ticks)| {
                    format!("{} ({}, {} price(s))", day.date, series[stock].stock, ticks.times.len())
                }));
            }
            self.kept += apart.iter().flatten().map(|day| day.prices.len()).sum::<usize>();
            return Ok(self.taken(apart));
        }
        let align = |day_ticks: &TicksOfDay<'_>| day(&day_ticks.ticks, self.align, memory);
        let aligned: Vec<_> = jobs.install(|| days.par_iter().map(align).collect());
        let mut all = Vec::with_capacity(days.len());
        for (TicksOfDay { date, stocks, ticks }, day) in days.into_iter().zip(aligned) {
            let day = day.map_err(|misfit| match misfit {
                Misfit::Time(time) => {
                    let has: Vec<bool> =
                        ticks.iter().map(|ticks| ticks.times.binary_search(&time).is_ok()).collect();
                    let names: Vec<&str> = series.iter().map(|series| series.name()).collect();
                    let (with, without) = partition_names(&names, &has);
                    PanelError::MissingTime { date, time, with, without }.into()
                }
                Misfit::Memory { times, needed } => Error::Memory {
                    what: format!("a grid of {times} times for {} stocks on {date}", ticks.len()),
                    needed,
                    allowed: memory,
                    advice: "raise `memory`, choose fewer stocks, or use `align inner`".into(),
                },
            })?;
            self.dropped += day.dropped;
            self.filled += day.filled;
            self.kept += day.prices.len() - day.filled;
            match day.times.len() {
                prices @ 0..2 if self.drop_short => self.short_days.push((date, prices)),
                prices @ 0..2 => return Err(PanelError::ShortDay { date, prices }.into()),
                _ => {
                    let (times, prices, grids) = (day.times, day.prices, Grids::default());
                    all.push(vec![DayPrices { date, stocks, times, prices, grids }]);
                }
            }
        }
        Ok(self.taken(all))
    }

    /// Leaves out days without prices, and counts the others.
    fn taken(&mut self, mut days: Vec<Vec<DayPrices>>) -> Vec<Vec<DayPrices>> {
        days.retain(|day| !day.is_empty());
        self.days += days.len();
        days
    }

    /// What was done to the prices so far, a line each. Days left out as too short are told apart.
    pub(super) fn warnings(&self) -> Vec<String> {
        let mut warnings = Vec::new();
        if !self.dropped_days.is_empty() {
            let (count, days) = (self.dropped_days.len(), list(&self.dropped_days));
            warnings.push(format!("{count} day(s) dropped that some stock does not have: {days}"));
        }
        if !self.lacking.is_empty() {
            let (count, days) = (self.lacking.len(), self.calendar.len());
            warnings.push(format!(
                "{count} of {} stock(s) have no prices on some of the {days} day(s), and no interval there: \
                 {}",
                self.stocks,
                list(&self.lacking)
            ));
        }
        if !self.short_cells.is_empty() {
            let count = self.short_cells.len();
            warnings.push(format!(
                "{count} day(s) of a stock with fewer than two prices, which have no interval: {}",
                list(&self.short_cells)
            ));
        }
        if self.dropped > 0 {
            let total = self.kept + self.dropped;
            let why = match self.align {
                Align::Refresh => "which came between refresh times",
                _ => "as other stocks have none at that time",
            };
            warnings.push(format!("{} of {total} prices dropped, {why}", self.dropped));
        }
        if self.filled > 0 {
            let share = percent(self.filled, self.filled + self.kept);
            warnings.push(format!(
                "{} prices ({share} of the panel) taken from the time before: their returns are zero",
                self.filled
            ));
        }
        warnings
    }

    /// Days taken so far.
    pub(super) fn days_kept(&self) -> usize {
        self.days
    }

    /// An error where no day is left.
    pub(super) fn check(&self) -> Result<(), PanelError> {
        if self.days == 0 {
            let mut why = self.warnings();
            why.extend(short_days_line(&self.short_days));
            return Err(PanelError::NoDays { why: why.join("; ") });
        }
        Ok(())
    }
}

/// A line about days with too few prices, where there are any.
pub(super) fn short_days_line(days: &[(Date, usize)]) -> Option<String> {
    let named = days.iter().map(|(date, prices)| format!("{date} ({prices} price(s))"));
    (!days.is_empty()).then(|| format!("{} day(s) with fewer than two prices: {}", days.len(), list(named)))
}

/// `part` of `whole` in percent.
pub(super) fn percent(part: usize, whole: usize) -> String {
    format!("{:.1} %", 100.0 * part as f64 / whole.max(1) as f64)
}

/// The names of the stocks for which `has` holds, and of the others.
fn partition<S: Stock>(stocks: &[S], has: &[bool]) -> (Vec<String>, Vec<String>) {
    partition_names(&stocks.iter().map(Stock::name).collect::<Vec<_>>(), has)
}

fn partition_names(names: &[&str], has: &[bool]) -> (Vec<String>, Vec<String>) {
    let of = |wanted: bool| {
        let names = names.iter().zip(has).filter(|(_, has)| **has == wanted);
        names.map(|(name, _)| (*name).to_owned()).collect()
    };
    (of(true), of(false))
}

/// The prices of one day as the files have them.
struct TicksOfDay<'a> {
    date: Date,
    /// The stocks that have any.
    stocks: Stocks,
    /// Their prices.
    ticks: Vec<Ticks<'a>>,
}

impl TicksOfDay<'_> {
    /// The prices of each stock at its own times, together where stocks have the same. Those of a stock that
    /// has no return are left out.
    fn apart(&self, sampling: Option<&Sampling>) -> Vec<DayPrices> {
        // Of stocks that share their times, the numbers and the prices.
        type Set<'a> = (&'a [u64], Vec<(usize, &'a [f64])>);
        let mut sets: Vec<Set<'_>> = Vec::new();
        for (stock, ticks) in self.stocks.numbers().zip(&self.ticks) {
            if ticks.are_short(sampling) {
                continue;
            }
            match sets.iter_mut().find(|(times, _)| *times == ticks.times) {
                Some((_, set)) => set.push((stock, ticks.prices)),
                None => sets.push((ticks.times, vec![(stock, ticks.prices)])),
            }
        }
        let prices = |(times, set): (&[u64], Vec<(usize, &[f64])>)| DayPrices {
            date: self.date,
            stocks: Stocks::of_sorted(set.iter().map(|(stock, _)| *stock).collect(), self.stocks.total()),
            times: times.to_vec(),
            prices: Array2::from_shape_fn((times.len(), set.len()), |(row, column)| set[column].1[row]),
            grids: grids(sampling, times),
        };
        sets.into_iter().map(prices).collect()
    }
}

/// The offset grids of points at these times.
fn grids(sampling: Option<&Sampling>, times: &[u64]) -> Grids {
    match (sampling, times.first()) {
        (Some(sampling), Some(first)) => sampling.grids_from(*first),
        _ => Grids::default(),
    }
}

impl Ticks<'_> {
    /// Whether they are too few for a return.
    fn are_short(&self, sampling: Option<&Sampling>) -> bool {
        grids(sampling, self.times).rows(self.times.len()) == 0
    }
}

/// The ticks of the stocks on each of the days.
fn ticks_on<'a>(series: &[&'a Series], dates: &[Date]) -> Vec<TicksOfDay<'a>> {
    let mut next = vec![0; series.len()];
    let ticks_on = |&date: &Date| {
        let stocks = series.iter().zip(&mut next).enumerate().filter_map(|(number, (series, next))| {
            *next += series.days[*next..].iter().take_while(|day| day.date < date).count();
            let day = series.days.get(*next).filter(|day| day.date == date)?;
            Some((number, series.ticks(day)))
        });
        let (numbers, ticks) = stocks.unzip();
        TicksOfDay { date, stocks: Stocks::of_sorted(numbers, series.len()), ticks }
    };
    dates.iter().map(ticks_on).collect()
}

/// One day on the common grid.
struct AlignedDay {
    times: Vec<u64>,
    /// Times × stocks.
    prices: Array2<f64>,
    /// Prices of the files that are not on the grid.
    dropped: usize,
    /// Prices on the grid that are a stock's previous one.
    filled: usize,
}

/// Why the stocks of a day can't be put on one grid.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Misfit {
    /// The first time that not all stocks have.
    Time(u64),
    /// The grid would have so many times, and take so many bytes with what it is made of.
    Memory { times: usize, needed: u64 },
}

/// Aligns one day. Where stocks do not share their times this may take at most `memory` bytes.
fn day(ticks: &[Ticks<'_>], align: Align, memory: u64) -> Result<AlignedDay, Misfit> {
    let Some(first) = ticks.first() else {
        return Ok(AlignedDay { times: Vec::new(), prices: Array2::zeros((0, 0)), dropped: 0, filled: 0 });
    };
    if ticks.iter().all(|stock| stock.times == first.times) {
        let prices =
            Array2::from_shape_fn((first.times.len(), ticks.len()), |(row, stock)| ticks[stock].prices[row]);
        return Ok(AlignedDay { times: first.times.to_vec(), prices, dropped: 0, filled: 0 });
    }
    let times = match align {
        Align::None | Align::Exact => return Err(Misfit::Time(first_difference(ticks))),
        Align::Inner => common_times(ticks),
        Align::Previous => {
            let times = times_once_all_have_ticked(ticks);
            let ticks_of_all: usize = ticks.iter().map(|stock| stock.times.len()).sum();
            let needed = ticks_of_all as u64 * TICK_BYTES + (times.len() * ticks.len()) as u64 * 8;
            if needed > memory {
                return Err(Misfit::Memory { times: times.len(), needed });
            }
            times
        }
        Align::Refresh => refresh_times(ticks),
    };
    let mut prices = Array2::zeros((times.len(), ticks.len()));
    let (mut dropped, mut filled) = (0, 0);
    for (mut column, stock) in prices.columns_mut().into_iter().zip(ticks) {
        // The number of the stock's ticks up to the time of the row.
        let mut seen = 0;
        let mut exact = 0;
        for (price, &time) in column.iter_mut().zip(&times) {
            while stock.times.get(seen).is_some_and(|tick| *tick <= time) {
                seen += 1;
            }
            // The grid starts when every stock has ticked.
            if let Some(last) = seen.checked_sub(1) {
                *price = stock.prices[last];
                exact += usize::from(stock.times[last] == time);
            }
        }
        // Between two refresh times every stock has a price of its own, whenever it came.
        let own = if align == Align::Refresh { times.len() } else { exact };
        dropped += stock.times.len() - own;
        filled += times.len() - own;
    }
    Ok(AlignedDay { times, prices, dropped, filled })
}

/// The first time that some stocks have and others do not.
fn first_difference(ticks: &[Ticks<'_>]) -> u64 {
    let all = union(ticks);
    let shared = |time: &u64| ticks.iter().all(|stock| stock.times.binary_search(time).is_ok());
    all.iter().copied().find(|time| !shared(time)).unwrap_or_default()
}

fn union(ticks: &[Ticks<'_>]) -> Vec<u64> {
    let mut times: Vec<u64> = ticks.iter().flat_map(|stock| stock.times.iter().copied()).collect();
    times.sort_unstable();
    times.dedup();
    times
}

fn common_times(ticks: &[Ticks<'_>]) -> Vec<u64> {
    let mut times = ticks.first().map(|stock| stock.times.to_vec()).unwrap_or_default();
    for stock in ticks {
        let mut rest = stock.times;
        times.retain(|time| {
            while let [tick, later @ ..] = rest
                && tick < time
            {
                rest = later;
            }
            rest.first() == Some(time)
        });
    }
    times
}

/// The refresh times of some stocks, each with times in order.
fn refresh_times(ticks: &[Ticks<'_>]) -> Vec<u64> {
    let mut times = Vec::new();
    let mut next = vec![0; ticks.len()];
    loop {
        let firsts: Option<Vec<u64>> =
            ticks.iter().zip(&next).map(|(stock, &next)| stock.times.get(next).copied()).collect();
        let Some(time) = firsts.and_then(|firsts| firsts.into_iter().max()) else { return times };
        times.push(time);
        for (stock, next) in ticks.iter().zip(&mut next) {
            *next += stock.times[*next..].iter().take_while(|tick| **tick <= time).count();
        }
    }
}

fn times_once_all_have_ticked(ticks: &[Ticks<'_>]) -> Vec<u64> {
    let start = ticks.iter().filter_map(|stock| stock.times.first().copied()).max();
    let mut times = union(ticks);
    times.retain(|time| start.is_some_and(|start| *time >= start));
    times
}

#[cfg(test)]
mod tests {
    use ndarray::array;
    use proptest::prelude::*;

    use super::super::SECOND;
    use super::*;

    fn series(stock: &str, rows: &[(i8, u64, f64)]) -> Series {
        let mut series = Series::new(stock, 0);
        for &(day, time, price) in rows {
            series.push(Date::new(2007, 1, day).unwrap(), time * SECOND, price).unwrap();
        }
        series
    }

    struct Aligned {
        days: Vec<DayPrices>,
        warnings: Vec<String>,
        short_days: Vec<(Date, usize)>,
    }

    fn aligned(series: &[Series], how: Align) -> Result<Aligned> {
        align(series, how, false)
    }

    /// All days, one at a time.
    fn align(series: &[Series], how: Align, drop_short: bool) -> Result<Aligned> {
        let mut alignment = Alignment::new(series, how, drop_short)?;
        let mut days = Vec::new();
        let all: Vec<&Series> = series.iter().collect();
        for CalendarDay { date, .. } in alignment.calendar.clone() {
            days.extend(alignment.days(&all, &[date], u64::MAX, &Jobs::new())?.into_iter().flatten());
        }
        alignment.check()?;
        Ok(Aligned { days, warnings: alignment.warnings(), short_days: alignment.short_days })
    }

    /// B lacks 20, A lacks 30 and starts first.
    fn two() -> [Series; 2] {
        [
            series("A", &[(3, 5, 1.0), (3, 10, 2.0), (3, 20, 3.0), (3, 40, 4.0)]),
            series("B", &[(3, 10, 11.0), (3, 30, 12.0), (3, 40, 13.0), (3, 50, 14.0)]),
        ]
    }

    #[test]
    fn exact_shows_the_first_difference() {
        let error = aligned(&two(), Align::Exact).err().unwrap().to_string();
        assert!(error.contains("on 2007-01-03 at 00:00:05 there is a price of A, but none of B"), "{error}");
        assert!(error.contains("`align inner`") && error.contains("`align previous`"));
        let same = series("B", &[(3, 5, 1.0), (3, 10, 1.0), (3, 20, 1.0), (3, 40, 1.0)]);
        assert!(aligned(&[two()[0].clone(), same], Align::Exact).unwrap().warnings.is_empty());
    }

    #[test]
    fn inner_keeps_the_times_of_all() {
        let result = aligned(&two(), Align::Inner).unwrap();
        assert_eq!(result.days[0].times, [10, 40].map(|second| second * SECOND));
        assert_eq!(result.days[0].prices, array![[2.0, 11.0], [4.0, 13.0]]);
        assert_eq!(result.warnings, ["4 of 8 prices dropped, as other stocks have none at that time"]);
    }

    #[test]
    fn previous_carries_the_last_price_of_the_day() {
        let result = aligned(&two(), Align::Previous).unwrap();
        assert_eq!(result.days[0].times, [10, 20, 30, 40, 50].map(|second| second * SECOND));
        let expected = array![[2.0, 11.0], [3.0, 11.0], [3.0, 12.0], [4.0, 13.0], [4.0, 14.0]];
        assert_eq!(result.days[0].prices, expected);
        assert_eq!(result.warnings.len(), 2);
        assert!(result.warnings[0].starts_with("1 of 8 prices dropped"), "{}", result.warnings[0]);
        assert!(result.warnings[1].starts_with("3 prices (30.0 % of the panel)"), "{}", result.warnings[1]);
    }

    /// Two stocks with ten times each, none of them shared but the first.
    #[test]
    fn a_grid_beyond_the_memory_is_refused_before_it_is_made() {
        let rows = |stock: u64| -> Vec<(i8, u64, f64)> {
            (0..10).map(|row| (3, if row == 0 { 0 } else { 2 * row + stock }, 1.0)).collect()
        };
        let series = [series("A", &rows(0)), series("B", &rows(1))];
        let mut alignment = Alignment::new(&series, Align::Previous, false).unwrap();
        let day = alignment.calendar[0];
        assert_eq!((day.most, day.all, alignment.most_prices(&day)), (10, 20, 40));
        // Twenty ticks of 16 bytes, and a grid of 19 times and two stocks.
        let needed = 20 * 16 + 19 * 2 * 8;
        let mut run = |memory| alignment.days(&series.each_ref(), &[day.date], memory, &Jobs::new());
        assert_eq!(run(needed).unwrap()[0][0].prices.dim(), (19, 2));
        let error = run(needed - 1).unwrap_err();
        assert!(matches!(error, Error::Memory { needed: n, allowed, .. } if n == needed && allowed == n - 1));
        assert!(
            error.to_string().starts_with("a grid of 19 times for 2 stocks on 2007-01-03 needs"),
            "{error}"
        );
    }

    /// A starts before B and lacks 20; B has one price on the 4th and none on the 5th.
    #[test]
    fn without_alignment_each_stock_keeps_its_times_and_days() {
        let panel = [
            series("A", &[(3, 5, 1.0), (3, 10, 2.0), (4, 5, 3.0), (4, 6, 4.0), (5, 5, 5.0), (5, 6, 6.0)]),
            series("B", &[(3, 10, 7.0), (3, 20, 8.0), (4, 5, 9.0)]),
            series("C", &[(3, 5, 10.0), (3, 10, 11.0), (4, 5, 12.0), (4, 6, 13.0), (6, 1, 1.0)]),
        ];
        let result = aligned(&panel, Align::None).unwrap();
        let entries = result.days.iter().map(|day| {
            let seconds: Vec<u64> = day.times.iter().map(|time| time / SECOND).collect();
            (day.date.day(), day.stocks.numbers().collect::<Vec<_>>(), seconds)
        });
        let expected = [
            (3, vec![0, 2], vec![5, 10]),
            (3, vec![1], vec![10, 20]),
            (4, vec![0, 2], vec![5, 6]),
            (5, vec![0], vec![5, 6]),
        ];
        assert_eq!(entries.collect::<Vec<_>>(), expected);
        assert_eq!(result.days[0].prices, array![[1.0, 10.0], [2.0, 11.0]]);
        assert_eq!(result.days[1].prices, array![[7.0], [8.0]]);
        assert_eq!(
            result.warnings,
            [
                "3 of 3 stock(s) have no prices on some of the 4 day(s), and no interval there: A 1, B 2, C \
                 1",
                "2 day(s) of a stock with fewer than two prices, which have no interval: 2007-01-04 (B, 1 \
                 price(s)), 2007-01-06 (C, 1 price(s))",
            ]
        );
        // Two stocks with as many returns at other times are one matrix, whose rows are of no common time.
        let stocks = ["A", "B", "C"].map(str::to_owned).to_vec();
        let returns = super::super::Panel { stocks, days: result.days }.returns().days;
        let entries = returns.iter().map(|day| (day.stocks.len(), day.shares_times, day.returns.nrows()));
        assert_eq!(entries.collect::<Vec<_>>(), [(3, false, 1), (2, true, 1), (1, true, 1)]);
        for (found, expected) in returns[0].returns.row(0).iter().zip([2.0, 8.0 / 7.0, 1.1].map(f64::ln)) {
            assert!((found - expected).abs() <= 2.0 * f64::EPSILON, "{found} is not {expected}");
        }
        let short = aligned(&[series("A", &[(3, 5, 1.0)])], Align::None).err().unwrap().to_string();
        assert_eq!(
            short,
            "no day is left: 1 day(s) of a stock with fewer than two prices, which have no interval: \
             2007-01-03 (A, 1 price(s))"
        );
    }

    #[test]
    fn refresh_waits_for_all_stocks_of_the_day() {
        let result = aligned(&two(), Align::Refresh).unwrap();
        assert_eq!(result.days[0].times, [10, 30, 40].map(|second| second * SECOND));
        assert_eq!(result.days[0].prices, array![[2.0, 11.0], [3.0, 12.0], [4.0, 13.0]]);
        assert_eq!(result.warnings, ["2 of 8 prices dropped, which came between refresh times"]);
        // On the 4th B is not waited for, and on the 5th all are too short.
        let rows = [(3, 1, 1.0), (3, 2, 1.0), (4, 1, 1.0), (4, 2, 1.0), (5, 1, 1.0)];
        let panel = [series("A", &rows), series("B", &rows[..2])];
        let result = align(&panel, Align::Refresh, true).unwrap();
        let stocks: Vec<usize> = result.days.iter().map(|day| day.stocks.len()).collect();
        assert_eq!((stocks, result.short_days.len()), (vec![2, 1], 1));
        assert!(result.warnings[0].starts_with("1 of 2 stock(s)"), "{:?}", result.warnings);
        assert!(result.warnings[0].ends_with("no interval there: B 2"), "{:?}", result.warnings);
    }

    #[test]
    fn days_that_a_stock_lacks_are_an_error_or_dropped() {
        let a = series("A", &[(3, 5, 1.0), (3, 6, 1.0), (4, 5, 1.0), (4, 6, 1.0)]);
        let b = series("B", &[(4, 5, 1.0), (4, 6, 1.0), (5, 5, 1.0), (5, 6, 1.0)]);
        let error = aligned(&[a.clone(), b.clone()], Align::Exact).err().unwrap().to_string();
        assert!(error.contains("on 2007-01-03 there are prices of A, but none of B"), "{error}");
        for how in [Align::Inner, Align::Previous] {
            let result = aligned(&[a.clone(), b.clone()], how).unwrap();
            assert_eq!(result.days.len(), 1);
            assert_eq!(result.days[0].date, Date::new(2007, 1, 4).unwrap());
            assert!(result.warnings[0].ends_with("2007-01-03 (B), 2007-01-05 (A)"), "{}", result.warnings[0]);
        }
    }

    #[test]
    fn short_days_are_an_error_or_dropped() {
        let one = [series("A", &[(3, 5, 1.0), (4, 5, 1.0), (4, 6, 1.0)])];
        let error = aligned(&one, Align::Exact).err().unwrap().to_string();
        assert!(error.contains("on 2007-01-03 the stocks have 1 time(s)"), "{error}");
        let result = align(&one, Align::Exact, true).unwrap();
        assert_eq!(result.days.len(), 1);
        assert!(result.warnings.is_empty(), "{:?}", result.warnings);
        assert_eq!(
            short_days_line(&result.short_days).unwrap(),
            "1 day(s) with fewer than two prices: 2007-01-03 (1 price(s))"
        );
        assert_eq!(short_days_line(&[]), None);
        let error = align(&[series("A", &[(3, 5, 1.0)])], Align::Exact, true).err().unwrap();
        assert!(error.to_string().starts_with("no day is left: 1 day(s) with fewer"), "{error}");
    }

    proptest! {
        /// Against the definitions, spelled out time by time.
        #[test]
        fn alignments_are_what_they_say(
            ticks in prop::collection::vec(prop::collection::btree_map(0_u64..12, 1_u32..100, 1..10), 1..4),
        ) {
            let tick = |(time, price): (&u64, &u32)| (*time, f64::from(*price));
            let columns: Vec<(Vec<u64>, Vec<f64>)> =
                ticks.iter().map(|stock| stock.iter().map(tick).unzip()).collect();
            let views: Vec<Ticks<'_>> =
                columns.iter().map(|(times, prices)| Ticks { times, prices }).collect();
            let all = |time: &u64| ticks.iter().all(|stock| stock.contains_key(time));
            let any = |time: &u64| ticks.iter().any(|stock| stock.contains_key(time));
            let started = |time: &u64| {
                ticks.iter().all(|stock| stock.keys().next().is_some_and(|first| first <= time))
            };
            let day = |align| day(&views, align, u64::MAX);
            let inner = day(Align::Inner).unwrap();
            prop_assert_eq!(&inner.times, &(0..12).filter(all).collect::<Vec<_>>());
            let previous = day(Align::Previous).unwrap();
            let expected: Vec<u64> = (0..12).filter(|time| any(time) && started(time)).collect();
            prop_assert_eq!(&previous.times, &expected);
            // A time at which, since the last such time, all stocks have had one.
            let (mut refreshed, mut from) = (Vec::new(), 0);
            for time in 0..12 {
                if ticks.iter().all(|stock| stock.range(from..=time).next().is_some()) {
                    refreshed.push(time);
                    from = time + 1;
                }
            }
            let refresh = day(Align::Refresh).unwrap();
            prop_assert_eq!(&refresh.times, &refreshed);
            prop_assert_eq!(&refresh_times(&views), &refreshed);
            for aligned in [&inner, &previous, &refresh] {
                for (row, time) in aligned.times.iter().enumerate() {
                    for (stock, ticks) in ticks.iter().enumerate() {
                        let (_, price) = ticks.range(..=time).next_back().unwrap();
                        prop_assert_eq!(aligned.prices[[row, stock]], f64::from(*price));
                    }
                }
            }
            let first = (0..12).find(|time| any(time) && !all(time));
            prop_assert_eq!(day(Align::Exact).err(), first.map(Misfit::Time));
        }
    }
}
