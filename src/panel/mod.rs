//! Panels of intraday prices: reading, aligning, validating, and the log returns within each day.
//!
//! A panel holds the prices P of S stocks on D days. Stocks that share the times t₀ < t₁ < … < tₙ of a day
//! (in nanoseconds after midnight) are the columns of an (n+1) × S matrix, and their returns are the n × S
//! matrix
//!
//! ```text
//! r[i][s] = ln(P[i+1][s] / P[i][s]),   i = 0 … n−1
//! ```
//!
//! Usually all stocks do, and a day is one matrix. Where each stock keeps its own times ([`Align::None`]), a
//! day has a matrix for each set of times, each of which says which [`Stocks`] it is of; a stock without
//! prices on a day is in none. Returns of equally many rows are joined again into one matrix, whether or not
//! their times are shared: they are resampled together.
//!
//! No return spans a night. Days may have different lengths. The realized variance of a stock on a day is the
//! sum of its squared returns, RV = Σᵢ r[i][s]², added in the order of the rows.
//!
//! **Rounding.** The difference of two logarithms cancels: at prices of 100,000 that change by 1e-9 of
//! themselves, half of its digits are wrong. So returns are computed as
//!
//! ```text
//! r = log1p((P₁ − P₀) / P₀)   where −½ ≤ (P₁ − P₀)/P₀ ≤ 1, which makes P₁ − P₀ exact (Sterbenz 1974)
//! r = ln(P₁ / P₀)             elsewhere; ln P₁ − ln P₀ where the quotient is not a normal number
//! ```
//!
//! With u = 2⁻⁵³ the quotient is within u, which log1p stretches to at most 1.45u on that range, and log1p
//! itself is within 2u: a return is within 3.5u of the logarithm of the ratio of the prices as read, relative
//! to itself, and its square within 8u. Logarithms are those of the `libm` crate (a translation of musl's,
//! which are FreeBSD's): a platform's own differ in the last bit from one system to the next, and so would
//! all that follows.
//!
//! # Files
//!
//! Tables of text, with commas, semicolons, tabs or vertical bars between fields, or of Parquet or Arrow;
//! texts plain or compressed by gzip or Zstandard, as their first bytes say; standard input as `-`.
//!
//! - **Files**, by name, and **folders** of them: every `*.csv`, `*.tsv`, `*.psv`, `*.parquet`, `*.arrow` or
//!   `*.feather` in it that is not hidden, with `.gz` or `.zst` behind or without; `*.txt` where there is
//!   no other. A folder without any has a folder for each stock, or for each part of a table
//!   (`symbol=AAPL/date=2007-01-03`). A stock's days may be in several files, no day in two.
//! - A table is of one stock, which has the file's name (or its folder's), of several in a column of their
//!   own, or has a column for each: the header says it. Without one the columns are date, time, price; or
//!   time stamp, price; or what [`ColumnNames`] says by number.
//! - Dates are `YYYYMMDD`, `YYYY-MM-DD`, `YYYY/MM/DD` or `03JAN2007`, others by a [`DateFormat`]; times
//!   `HHMM`, `HHMMSS`, `HHMMSSmmm`, `HH:MM` or `HH:MM:SS` with or without a fraction, `AM` or `PM`; stamps
//!   and zones as [`Zones`] tells. One way throughout a file. Prices are positive.
//! - Rows are in the order of time, or sorted where asked. Lines end in LF or CRLF and are at most 1 MiB
//!   long; blank ones, and comments behind `#`, are skipped.
//!
//! # The way from files to a panel
//!
//! ```text
//! select: which files ─ decode: text ─ header: which column is which ─ rows, columnar: moment, price
//!   ─ intake: series by day ─ clean ─ sample ─ select: days ─ align: common times, or own ─ quality
//! ```
//!
//! Tables in memory ([`Frame`]) join it at the header. [`stream`](PanelReader) goes this way, with all days
//! at once or block by block; [`load()`] takes all that it gives.

mod align;
#[cfg(feature = "parquet")]
pub mod arrow;
mod clean;
#[cfg(feature = "parquet")]
mod column_file;
#[cfg(feature = "parquet")]
mod columnar;
pub mod content;
mod decode;
mod error;
mod field;
#[cfg(feature = "parquet")]
mod frame;
mod grids;
mod half_day;
mod header;
pub mod input;
mod intake;
mod load;
mod look;
mod moment;
mod options;
mod outliers;
#[cfg(feature = "parquet")]
pub mod parquet;
mod quality;
mod read;
mod refresh;
mod repeats;
mod rows;
mod sample;
mod select;
mod series;
mod session;
mod share;
mod spool;
mod spread;
mod stocks;
mod stream;
mod text;

#[cfg(feature = "parquet")]
pub(crate) use column_file::ColumnFile;
use jiff::civil::Date;
use ndarray::{Array2, ArrayView1};
use rayon::prelude::*;

pub use align::Align;
pub use clean::{Cleaning, Counts, DayTicks, Duplicates, HalfDays, Missing, TickFault};
pub(crate) use error::list;
pub use error::{FileProblem, LineProblem, PanelError};
#[cfg(feature = "parquet")]
pub use frame::{Frame, FrameColumn};
pub use grids::Grids;
pub use half_day::half_day_close;
pub use header::{ColumnNames, RowFilter};
pub use load::{Loaded, load};
pub use moment::{DateFormat, Zones};
pub use options::{LoadOptions, TableOptions};
pub use outliers::Outliers;
pub use refresh::{refresh_prices, refresh_times};
pub use sample::{Every, Sampling};
pub(crate) use select::is_table;
pub use session::Session;
pub use share::{OpenShare, Outline, Share, ShareBy};
pub use stocks::Stocks;
pub use stream::{PanelReader, Summary};

/// Nanoseconds of a second: times of a day are in nanoseconds after midnight.
pub const SECOND: u64 = 1_000_000_000;

/// Prices of one day, of stocks that share their times.
#[derive(Debug, Clone, PartialEq)]
pub struct DayPrices {
    /// The calendar day.
    pub date: Date,
    /// The stocks, column after column.
    pub stocks: Stocks,
    /// Times in nanoseconds after midnight, strictly increasing.
    pub times: Vec<u64>,
    /// Prices, times × stocks.
    pub prices: Array2<f64>,
    /// The offset grids whose points the times are, in turn; one without subsampling.
    pub grids: Grids,
}

/// Prices of several stocks over several days.
#[derive(Debug, Clone, PartialEq)]
pub struct Panel {
    /// Stock names, sorted.
    pub stocks: Vec<String>,
    /// Days, in calendar order. A day on which stocks keep times of their own has several entries, by their
    /// first stocks.
    pub days: Vec<DayPrices>,
}

/// Log returns of one day, of stocks that have equally many.
#[derive(Debug, Clone, PartialEq)]
pub struct DayReturns {
    /// The calendar day.
    pub date: Date,
    /// The stocks, column after column.
    pub stocks: Stocks,
    /// Whether a row's returns are over the same time, as measures of two stocks need it.
    pub shares_times: bool,
    /// The number of offset grids that returns are averaged over; 1 without subsampling.
    pub grids: usize,
    /// Returns, n × stocks, where the stocks have n + 1 prices. Averaged over several grids, an entry is the
    /// square root of the average square ([`Grids`]).
    pub returns: Array2<f64>,
}

/// Log returns of several stocks over several days.
#[derive(Debug, Clone, PartialEq)]
pub struct Returns {
    /// Stock names, sorted.
    pub stocks: Vec<String>,
    /// Days, in calendar order. A day on which stocks have different numbers of returns has several entries,
    /// by their first stocks.
    pub days: Vec<DayReturns>,
}

impl Panel {
    /// The log returns within each day. Runs on the Rayon pool of the calling thread.
    pub fn returns(&self) -> Returns {
        let dates: Vec<&[DayPrices]> = self.days.chunk_by(|one, next| one.date == next.date).collect();
        let days = dates.into_par_iter().flat_map_iter(returns_of_day).collect();
        Returns { stocks: self.stocks.clone(), days }
    }

    /// The number of prices over all days.
    pub fn len(&self) -> usize {
        self.days.iter().map(|day| day.prices.len()).sum()
    }

    /// Whether there is no price.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

impl DayPrices {
    /// Prices of all stocks of a panel, times × stocks.
    pub fn new(date: Date, times: Vec<u64>, prices: Array2<f64>) -> Self {
        Self { date, stocks: Stocks::all(prices.ncols()), times, prices, grids: Grids::default() }
    }

    /// The log returns of the day, n × stocks for n + 1 prices, each within 3.5 · 2⁻⁵³ of itself (see the
    /// [module](self)); averaged where the prices are on several grids.
    pub fn returns(&self) -> DayReturns {
        let (date, stocks) = (self.date, self.stocks.clone());
        let grids = self.grids.count();
        DayReturns { date, stocks, shares_times: true, grids, returns: self.grids.returns(&self.prices) }
    }
}

/// The log returns of a day, in one matrix where stocks have equally many.
fn returns_of_day(day: &[DayPrices]) -> Vec<DayReturns> {
    let mut joined: Vec<Vec<DayReturns>> = Vec::new();
    for returns in day.iter().map(DayPrices::returns) {
        let (rows, grids) = (returns.returns.nrows(), returns.grids);
        let is_like =
            |parts: &&mut Vec<DayReturns>| parts[0].returns.nrows() == rows && parts[0].grids == grids;
        match joined.iter_mut().find(is_like) {
            Some(parts) => parts.push(returns),
            None => joined.push(vec![returns]),
        }
    }
    joined.into_iter().filter_map(join).collect()
}

/// Joins the returns of different stocks, as many of each, whose times differ.
fn join(mut parts: Vec<DayReturns>) -> Option<DayReturns> {
    let last = parts.pop()?;
    if parts.is_empty() {
        return Some(last);
    }
    parts.push(last);
    let columns = parts.iter().flat_map(|part| part.stocks.numbers().zip(part.returns.columns()));
    let mut columns: Vec<(usize, ArrayView1<'_, f64>)> = columns.collect();
    columns.sort_by_key(|(stock, _)| *stock);
    let (date, total, grids) = (parts[0].date, parts[0].stocks.total(), parts[0].grids);
    let mut returns = Array2::zeros((parts[0].returns.nrows(), columns.len()));
    for (mut to, (_, from)) in returns.columns_mut().into_iter().zip(&columns) {
        to.assign(from);
    }
    let stocks = Stocks::of_sorted(columns.into_iter().map(|(stock, _)| stock).collect(), total);
    Some(DayReturns { date, stocks, shares_times: false, grids, returns })
}

/// ln(`after` / `before`) of two finite positive prices.
fn log_return(before: f64, after: f64) -> f64 {
    let change = (after - before) / before;
    if (-0.5..=1.0).contains(&change) {
        return libm::log1p(change);
    }
    let ratio = after / before;
    if ratio.is_normal() { libm::log(ratio) } else { libm::log(after) - libm::log(before) }
}

impl DayReturns {
    /// Returns of all stocks of a panel over the same times, n × stocks.
    pub fn new(date: Date, returns: Array2<f64>) -> Self {
        Self { date, stocks: Stocks::all(returns.ncols()), shares_times: true, grids: 1, returns }
    }

    /// The realized variance of each stock: the sum of its squared returns over the day, in the order of the
    /// rows.
    pub fn realized_variance(&self) -> Vec<f64> {
        // Not `sum_axis`, whose order of additions depends on how the array lies in memory.
        let mut sums = vec![0.0; self.returns.ncols()];
        for row in self.returns.rows() {
            for (sum, r) in sums.iter_mut().zip(row) {
                *sum += r * r;
            }
        }
        sums
    }
}

/// Reads a day as files and the command line write it: `YYYYMMDD` or `YYYY-MM-DD`.
///
/// # Errors
///
/// [`PanelError::Date`] with the text.
///
/// ```
/// # use bellwether::panel::parse_date;
/// assert_eq!(parse_date("20070103")?, parse_date("2007-01-03")?);
/// # Ok::<(), bellwether::panel::PanelError>(())
/// ```
pub fn parse_date(text: &str) -> Result<Date, PanelError> {
    field::date(text.trim_ascii().as_bytes()).map_err(PanelError::Date)
}

#[cfg(test)]
mod tests {
    use ndarray::{ShapeBuilder, array};

    use super::*;

    #[test]
    fn returns_stay_within_the_day() {
        let times = vec![0, 60 * SECOND, 120 * SECOND];
        let day = |d, prices| DayPrices::new(Date::new(2007, 1, d).unwrap(), times.clone(), prices);
        let panel = Panel {
            stocks: vec!["A".into(), "B".into()],
            days: vec![
                day(3, array![[1.0, 8.0], [2.0, 8.0], [8.0, 4.0]]),
                day(4, array![[100.0, 1.0], [100.0, 1.0], [50.0, 1.0]]),
            ],
        };
        let returns = panel.returns();
        let ln2 = std::f64::consts::LN_2;
        let expected = array![[ln2, 0.0], [2.0 * ln2, -ln2]];
        // Within 3.5 u of each, the largest being 1.4.
        let tolerance = 2.5 * f64::EPSILON;
        assert!(
            (&returns.days[0].returns - &expected).iter().all(|difference| difference.abs() <= tolerance)
        );
        assert_eq!(returns.days[1].returns.dim(), (2, 2));
        let variance = returns.days[0].realized_variance();
        assert!((variance[0] - 5.0 * ln2 * ln2).abs() <= 10.0 * tolerance);
        assert_eq!(returns.days[1].realized_variance()[1], 0.0);
        assert_eq!(panel.len(), 12);
        for rows in [0, 1] {
            assert_eq!(day(5, Array2::ones((rows, 2))).returns().returns.dim(), (0, 2));
        }
    }

    /// Prices, and ln(P₁ / P₀) to 20 digits (mpmath), at magnitudes and changes where a difference of
    /// logarithms cancels.
    #[test]
    fn returns_are_exact_to_the_last_bits_at_any_price() {
        let golden = include_str!("../../tests/golden/returns.csv");
        let mut worst = 0.0_f64;
        for line in golden.lines().skip(1) {
            let fields: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
            let [before, after, expected] = fields[..] else { panic!("not three fields: {line}") };
            let error = (log_return(before, after) - expected).abs() / expected.abs();
            assert!(error <= 3.5 * 0.5 * f64::EPSILON, "{line}: off by {error}");
            let difference = (libm::log(after) - libm::log(before) - expected).abs() / expected.abs();
            worst = worst.max(difference);
        }
        assert!(golden.lines().count() > 200 && worst > 1e-3, "differences of logarithms would do: {worst}");
    }

    #[test]
    fn realized_variance_does_not_depend_on_how_returns_lie_in_memory() {
        let returns = Array2::from_shape_fn((385, 12), |(row, stock)| {
            1e-3 / (1.0 + ((row * 7 + stock * 13) % 101) as f64)
        });
        let date = Date::new(2007, 1, 3).unwrap();
        let mut columns = Array2::zeros((385, 12).f());
        columns.assign(&returns);
        let [rows, columns] = [returns, columns].map(|returns| DayReturns::new(date, returns));
        assert!(!columns.returns.is_standard_layout());
        assert_eq!(rows.realized_variance(), columns.realized_variance());
    }
}
