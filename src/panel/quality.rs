//! What to look at before trusting an interval: signs that prices are padded, stale or dominated by one jump.
//!
//! Nothing is changed or left out here. Each sign is one line, however often it occurs:
//!
//! - **Flat prices**: a long run in which no stock's price changes, like the padded afternoon of a half day. Its zero
//!   returns are resampled like any others, although no market was open.
//! - **Zero returns**: a share that says that a stock trades rarely, or that its price is rounded coarsely.
//! - **One dominating return**: more than half of a day's realized variance comes from one return. The bootstrap
//!   distribution of such a day has several modes (the return is drawn 0, 1, 2, … times), and few samples give no
//!   reliable interval.

use jiff::civil::Date;
use rayon::prelude::*;

use super::align::percent;
use super::error::{clock, list};
use super::{DayPrices, Panel};
use crate::jobs::Jobs;

/// A run of flat prices is long from this share of the day's returns on, and from [`FLAT_RETURNS`] on.
const FLAT_SHARE: f64 = 0.2;
const FLAT_RETURNS: usize = 10;
/// The share of zero returns above which a stock is named.
const ZERO_SHARE: f64 = 0.25;
/// The share of a day's realized variance above which a return dominates it.
const DOMINATING_SHARE: f64 = 0.5;

/// What one day shows.
struct DayQuality {
    /// The longest run of returns that are zero for all stocks: its first row and its length.
    flat: (usize, usize),
    /// Zero returns of each stock.
    zeros: Vec<usize>,
    /// The largest share of one return in the day's realized variance, for each stock; none where it is zero.
    largest_share: Vec<Option<f64>>,
}

impl DayQuality {
    fn of(day: &DayPrices) -> Self {
        let stocks = day.prices.ncols();
        let mut zeros = vec![0; stocks];
        let (mut flat, mut run) = ((0, 0), 0);
        for row in 1..day.prices.nrows() {
            let mut unchanged = 0;
            for stock in 0..stocks {
                let same = day.prices[[row, stock]] == day.prices[[row - 1, stock]];
                zeros[stock] += usize::from(same);
                unchanged += usize::from(same);
            }
            run = if unchanged == stocks { run + 1 } else { 0 };
            if run > flat.1 {
                flat = (row - run, run);
            }
        }
        let returns = day.returns();
        let largest =
            returns.returns.columns().into_iter().map(|column| column.fold(0.0, |m: f64, r| m.max(r * r)));
        let share = |(largest, variance): (f64, f64)| (variance > 0.0).then(|| largest / variance);
        let largest_share = largest.zip(returns.realized_variance()).map(share).collect();
        Self { flat, zeros, largest_share }
    }
}

/// The warnings about a panel, one line each.
pub(super) fn warnings(panel: &Panel, jobs: &Jobs) -> Vec<String> {
    let days: Vec<DayQuality> = jobs.install(|| panel.days.par_iter().map(DayQuality::of).collect());
    let lines = [
        flat_days(panel, &days),
        zero_returns(panel, &days),
        still_days(panel, &days),
        dominated(panel, &days),
    ];
    lines.into_iter().flatten().collect()
}

fn flat_days(panel: &Panel, days: &[DayQuality]) -> Option<String> {
    let is_flat = |(day, quality): &(&DayPrices, &DayQuality)| {
        let (_, length) = quality.flat;
        length >= FLAT_RETURNS && length as f64 >= FLAT_SHARE * (day.times.len() - 1) as f64
    };
    let flat: Vec<_> = panel.days.iter().zip(days).filter(is_flat).collect();
    let (day, quality) = flat.iter().max_by_key(|(_, quality)| quality.flat.1)?;
    let (start, length) = quality.flat;
    Some(format!(
        "{} day(s) with a long run of flat prices, the longest {length} of {} returns from {} on {}: {}; half days padded \
         with the last price look like this",
        flat.len(),
        day.times.len() - 1,
        clock(day.times[start]),
        day.date,
        list(flat.iter().map(|(day, _)| day.date.to_string())),
    ))
}

fn zero_returns(panel: &Panel, days: &[DayQuality]) -> Option<String> {
    let returns: usize = panel.days.iter().map(|day| day.times.len() - 1).sum();
    let zeros = |stock: usize| days.iter().map(|day| day.zeros[stock]).sum::<usize>();
    let mut high: Vec<(usize, &String)> =
        panel.stocks.iter().enumerate().map(|(s, name)| (zeros(s), name)).collect();
    high.retain(|(zeros, _)| *zeros as f64 > ZERO_SHARE * returns as f64);
    high.sort_by_key(|(zeros, _)| std::cmp::Reverse(*zeros));
    let names = list(high.iter().map(|(zeros, name)| format!("{name} {}", percent(*zeros, returns))));
    (!high.is_empty()).then(|| {
        format!("{} stock(s) with more than {:.0} % zero returns: {names}", high.len(), 100.0 * ZERO_SHARE)
    })
}

fn still_days(panel: &Panel, days: &[DayQuality]) -> Option<String> {
    let mut still = cells(panel, days).filter(|(_, _, share)| share.is_none());
    let (date, stock, _) = still.next()?;
    Some(format!(
        "{} day(s) of a stock without any price change, the first {stock} on {date}: the realized variance and its interval \
         are zero",
        1 + still.count()
    ))
}

fn dominated(panel: &Panel, days: &[DayQuality]) -> Option<String> {
    let high: Vec<(Date, &str, f64)> = cells(panel, days)
        .filter_map(|(date, stock, share)| {
            Some((date, stock, share.filter(|share| *share > DOMINATING_SHARE)?))
        })
        .collect();
    let (date, stock, share) = high.iter().max_by(|a, b| a.2.total_cmp(&b.2))?;
    Some(format!(
        "one return makes up more than half of the realized variance on {} of {} days of a stock, the most {:.1} % ({stock} \
         on {date}): the bootstrap distribution has several modes there",
        high.len(),
        panel.days.len() * panel.stocks.len(),
        100.0 * share,
    ))
}

/// Every day of every stock, with the largest share of one return.
fn cells<'a>(
    panel: &'a Panel,
    days: &'a [DayQuality],
) -> impl Iterator<Item = (Date, &'a str, Option<f64>)> + use<'a> {
    panel.days.iter().zip(days).flat_map(|(day, quality)| {
        let shares = panel.stocks.iter().zip(&quality.largest_share);
        shares.map(|(stock, share)| (day.date, stock.as_str(), *share))
    })
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;

    use super::*;

    /// A panel of one day whose column `s` is `columns[s]`, a price a minute from 09:30 on.
    fn panel(columns: &[Vec<f64>]) -> Panel {
        let rows = columns[0].len();
        let prices = Array2::from_shape_fn((rows, columns.len()), |(row, stock)| columns[stock][row]);
        let times = (0..rows as u32).map(|minute| 34_200 + 60 * minute).collect();
        let day = DayPrices { date: Date::new(2007, 7, 3).unwrap(), times, prices };
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
        warnings(panel, &Jobs::new())
    }

    #[test]
    fn lively_prices_raise_no_warning() {
        assert!(all(&panel(&[lively(41), lively(41)])).is_empty());
    }

    #[test]
    fn padded_half_days_are_named() {
        // Flat for 10 of 40 returns in both stocks: long enough, while a quarter of zeros is not more than a quarter.
        let warnings = all(&panel(&[padded(41, 30), padded(41, 30)]));
        assert_eq!(warnings.len(), 1, "{warnings:?}");
        assert!(warnings[0].starts_with(
            "1 day(s) with a long run of flat prices, the longest 10 of 40 returns from 10:00 on 2007-07-03"
        ));
        assert!(all(&panel(&[padded(41, 31), padded(41, 31)])).is_empty());
        assert!(all(&panel(&[padded(41, 30), lively(41)])).is_empty());
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
