//! What to look at before trusting an interval: signs that prices are padded, stale or dominated by one jump.
//!
//! Nothing is changed or left out here. Each sign is one line, however often it occurs:
//!
//! - **Flat prices**: a long run in which no stock's price changes, like the padded afternoon of a half day.
//!   Its zero returns are resampled like any others, although no market was open.
//! - **Zero returns**: a share that says that a stock trades rarely, or that its price is rounded coarsely.
//! - **One dominating return**: more than half of a day's realized variance comes from one return. The
//!   bootstrap distribution of such a day has several modes (the return is drawn 0, 1, 2, … times), and few
//!   samples give no reliable interval.

use jiff::civil::Date;
use ndarray::ArrayView1;

use super::align::percent;
use super::error::{clock, list};
use super::{DayPrices, DayReturns};

/// A run of flat prices is long from this share of the day's returns on, and from [`FLAT_RETURNS`] on.
const FLAT_SHARE: f64 = 0.2;
const FLAT_RETURNS: usize = 10;
/// The share of zero returns above which a stock is named.
const ZERO_SHARE: f64 = 0.25;
/// The share of a day's realized variance above which a return dominates it.
const DOMINATING_SHARE: f64 = 0.5;

/// What one day shows.
#[derive(Debug)]
pub(super) struct DayQuality {
    date: Date,
    /// Number of returns, over the times at which any stock has a price.
    returns: usize,
    /// The longest run of these that are zero for all stocks: when it begins, and its length.
    flat: (u64, usize),
    /// What each stock shows that has returns.
    stocks: Vec<StockQuality>,
}

/// What one day of a stock shows.
#[derive(Debug)]
struct StockQuality {
    /// The stock's number.
    stock: usize,
    returns: usize,
    /// Returns that are zero.
    zeros: usize,
    /// The largest share of one return in the day's realized variance; none where that is zero.
    largest_share: Option<f64>,
}

impl DayQuality {
    /// Looks at the prices of one day, and the `returns` between them.
    pub(super) fn of(day: &[DayPrices], returns: &[DayReturns]) -> Self {
        // The times of all stocks, and whether no price changes there.
        let mut still: Vec<(u64, bool)> = Vec::new();
        for DayPrices { times, prices, .. } in day {
            let rows = prices.rows().into_iter();
            let before = prices.rows().into_iter().take(1).chain(rows.clone());
            still.extend(
                times.iter().zip(rows.zip(before)).map(|(&time, (row, before))| (time, row == before)),
            );
        }
        still.sort_by_key(|(time, _)| *time);
        still.dedup_by(|later, kept| {
            let same = later.0 == kept.0;
            kept.1 &= !same || later.1;
            same
        });
        let (mut flat, mut run) = ((0, 0), 0);
        for (row, (_, is_still)) in still.iter().enumerate().skip(1) {
            run = if *is_still { run + 1 } else { 0 };
            if run > flat.1 {
                flat = (still[row - run].0, run);
            }
        }
        let of_part = |part: &DayReturns| {
            // Measures compute it once more: one pass over the returns, .2 % of what reading a year of twelve
            // stocks takes on one core, and not worth handing it through the panel.
            let variance = part.realized_variance();
            let columns = part.returns.columns().into_iter().zip(variance).zip(part.stocks.numbers());
            let of_stock = |((column, variance), stock): ((ArrayView1<'_, f64>, f64), usize)| {
                let largest = column.fold(0.0, |m: f64, r| m.max(r * r));
                StockQuality {
                    stock,
                    returns: column.len(),
                    zeros: column.iter().filter(|r| **r == 0.0).count(),
                    largest_share: (variance > 0.0).then(|| largest / variance),
                }
            };
            columns.map(of_stock).collect::<Vec<_>>()
        };
        let mut stocks: Vec<StockQuality> = returns.iter().flat_map(of_part).collect();
        stocks.sort_by_key(|one| one.stock);
        let date = day.first().map_or(Date::ZERO, |day| day.date);
        Self { date, returns: still.len().saturating_sub(1), flat, stocks }
    }

    fn is_flat(&self) -> bool {
        let (_, length) = self.flat;
        length >= FLAT_RETURNS && length as f64 >= FLAT_SHARE * self.returns as f64
    }
}

/// What the days so far show.
#[derive(Debug, Default)]
pub(super) struct Quality {
    /// Days of a stock.
    cells: usize,
    flat_days: Vec<Date>,
    /// The day with the longest flat run: the run, and the day's returns.
    flattest: Option<(Date, (u64, usize), usize)>,
    /// Zero returns of each stock, and all of them.
    zeros: Vec<[usize; 2]>,
    /// Days of a stock without any change of price, and the first of them with the stock's number.
    still: usize,
    first_still: Option<(Date, usize)>,
    /// Days of a stock that one return dominates, and the one with the largest share.
    dominated: usize,
    most_dominated: Option<(Date, usize, f64)>,
}

impl Quality {
    /// Adds a day.
    pub(super) fn add(&mut self, day: DayQuality) {
        if day.is_flat() {
            self.flat_days.push(day.date);
            if self.flattest.is_none_or(|(_, (_, length), _)| day.flat.1 >= length) {
                self.flattest = Some((day.date, day.flat, day.returns));
            }
        }
        self.cells += day.stocks.len();
        for StockQuality { stock, returns, zeros, largest_share } in day.stocks {
            self.zeros.resize(self.zeros.len().max(stock + 1), [0; 2]);
            let [of_zero, all] = &mut self.zeros[stock];
            (*of_zero, *all) = (*of_zero + zeros, *all + returns);
            match largest_share {
                None => {
                    self.still += 1;
                    self.first_still.get_or_insert((day.date, stock));
                }
                Some(share) if share > DOMINATING_SHARE => {
                    self.dominated += 1;
                    if self.most_dominated.is_none_or(|(.., most)| share >= most) {
                        self.most_dominated = Some((day.date, stock, share));
                    }
                }
                Some(_) => {}
            }
        }
    }

    /// The warnings about a panel of these stocks, one line each.
    pub(super) fn warnings(&self, stocks: &[String]) -> Vec<String> {
        let lines =
            [self.flat_runs(), self.zero_returns(stocks), self.still_days(stocks), self.domination(stocks)];
        lines.into_iter().flatten().collect()
    }

    fn flat_runs(&self) -> Option<String> {
        let (date, (start, length), returns) = self.flattest?;
        Some(format!(
            "{} day(s) with a long run of flat prices, the longest {length} of {returns} returns from {} on \
             {date}: {}; half days padded with the last price look like this",
            self.flat_days.len(),
            clock(start),
            list(self.flat_days.iter().map(ToString::to_string)),
        ))
    }

    fn zero_returns(&self, stocks: &[String]) -> Option<String> {
        let mut high: Vec<([usize; 2], &String)> = self.zeros.iter().copied().zip(stocks).collect();
        high.retain(|([zeros, all], _)| *zeros as f64 > ZERO_SHARE * *all as f64);
        high.sort_by_key(|([zeros, _], _)| std::cmp::Reverse(*zeros));
        let names = list(high.iter().map(|([zeros, all], name)| format!("{name} {}", percent(*zeros, *all))));
        (!high.is_empty()).then(|| {
            format!(
                "{} stock(s) with more than {:.0} % zero returns: {names}",
                high.len(),
                100.0 * ZERO_SHARE
            )
        })
    }

    fn still_days(&self, stocks: &[String]) -> Option<String> {
        let (date, stock) = self.first_still?;
        Some(format!(
            "{} day(s) of a stock without any price change, the first {} on {date}: the realized variance \
             and its interval are zero",
            self.still, stocks[stock]
        ))
    }

    fn domination(&self, stocks: &[String]) -> Option<String> {
        let (date, stock, share) = self.most_dominated?;
        Some(format!(
            "one return makes up more than half of the realized variance on {} of {} days of a stock, the \
             most {:.1} % ({} on {date}): the bootstrap distribution has several modes there",
            self.dominated,
            self.cells,
            100.0 * share,
            stocks[stock],
        ))
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::super::{Panel, SECOND, Stocks, returns_of_day};
    use super::*;

    /// A panel of one day whose column `s` is `columns[s]`, a price a minute from 09:30 on.
    fn panel(columns: &[Vec<f64>]) -> Panel {
        let rows = columns[0].len();
        let prices = Array2::from_shape_fn((rows, columns.len()), |(row, stock)| columns[stock][row]);
        let times = (0..rows as u64).map(|minute| (34_200 + 60 * minute) * SECOND).collect();
        let day = DayPrices::new(Date::new(2007, 7, 3).unwrap(), times, prices);
        Panel {
            stocks: ["A", "B"][..columns.len()].iter().map(ToString::to_string).collect(),
            days: vec![day],
        }
    }

    /// Prices that go up and down by one percent, so that no return stands out.
    fn lively(rows: usize) -> Vec<f64> {
        (0..rows).map(|row| if row % 2 == 0 { 100.0 } else { 101.0 }).collect()
    }

    fn padded(rows: usize, from: usize) -> Vec<f64> {
        let mut prices = lively(rows);
        let last = prices[from];
        prices[from..].fill(last);
        prices
    }

    fn all(panel: &Panel) -> Vec<String> {
        let mut quality = Quality::default();
        let days = panel.days.chunk_by(|one, next| one.date == next.date);
        days.for_each(|day| quality.add(DayQuality::of(day, &returns_of_day(day))));
        quality.warnings(&panel.stocks)
    }

    #[test]
    fn lively_prices_raise_no_warning() {
        assert!(all(&panel(&[lively(41), lively(41)])).is_empty());
    }

    #[test]
    fn padded_half_days_are_named() {
        // Flat for 10 of 40 returns in both stocks: long enough, while a quarter of zeros is not more than a
        // quarter.
        let warnings = all(&panel(&[padded(41, 30), padded(41, 30)]));
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with(
            "1 day(s) with a long run of flat prices, the longest 10 of 40 returns from 10:00 on 2007-07-03"
        ));
        assert!(all(&panel(&[padded(41, 31), padded(41, 31)])).is_empty());
        assert!(all(&panel(&[padded(41, 30), lively(41)])).is_empty());
    }

    /// The same prices, with B's as a day's second entry; then at times between A's.
    #[test]
    fn prices_are_flat_where_no_stock_moves_whatever_their_times() {
        let apart = |from: usize, shift: u64| {
            let mut panel = panel(&[padded(41, 30), padded(41, from)]);
            let both = panel.days.remove(0);
            let column = |stock: usize| both.prices.slice(ndarray::s![.., stock..=stock]).to_owned();
            for (stock, shift) in [(0, 0), (1, shift)] {
                let times = both.times.iter().map(|time| time + shift).collect();
                let stocks = Stocks::some(vec![stock], 2).unwrap();
                let (date, prices, grids) = (both.date, column(stock), both.grids);
                panel.days.push(DayPrices { date, stocks, times, prices, grids });
            }
            all(&panel)
        };
        let expected = all(&panel(&[padded(41, 30), padded(41, 30)]));
        assert_eq!(apart(30, 0), expected);
        // B moves last half a minute after A, and neither in 20 of the 81 steps between all times.
        let warnings = apart(30, 30 * SECOND);
        assert!(warnings[0].contains("the longest 20 of 81 returns from 10:00:30"), "{warnings:?}");
        // B moves on to the end.
        assert!(apart(40, 0).iter().all(|line| !line.contains("flat")));
    }

    #[test]
    fn stocks_with_many_zero_returns_are_named() {
        let warnings = all(&panel(&[lively(41), padded(41, 29)]));
        assert_eq!(warnings, ["1 stock(s) with more than 25 % zero returns: B 27.5 %"]);
    }

    #[test]
    fn one_dominating_return_is_named() {
        // The last return, with the given share in the realized variance of 39 others, all of ln 1.01.
        let last = |share: f64| 1.01_f64.ln() * (39.0 * share / (1.0 - share)).sqrt();
        let with_share = |share| {
            let mut prices = lively(41);
            prices[40] = prices[39] * last(share).exp();
            prices
        };
        assert!(all(&panel(&[lively(41), with_share(0.49)])).is_empty());
        let warnings = all(&panel(&[lively(41), with_share(0.51)]));
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(
            warnings[0]
                .starts_with("one return makes up more than half of the realized variance on 1 of 2 days")
        );
        assert!(warnings[0].contains("the most 51.0 % (B on 2007-07-03)"));
    }

    #[test]
    fn a_stock_that_never_moves_is_named() {
        let warnings = all(&panel(&[lively(41), vec![5.0; 41]]));
        assert!(
            warnings
                .iter()
                .any(|line| line.starts_with("1 day(s) of a stock without any price change, the first B"))
        );
    }
}
