//! Prices as a long table in a Parquet or Arrow file, in a compact form: a row a price, sorted by stock,
//! then time.
//!
//! The columns are `stock` (text, as categories), `timestamp` (of a local clock) and `price` (f64). A group
//! of rows holds whole days: of one stock, or of several with few prices. So the bounds that Parquet has of
//! it say which stocks and days it holds, and the others are passed over.

use std::io::{self, Write};
use std::mem;
use std::sync::Arc;

use jiff::civil::Date;

use super::Format;
use super::table::{Cells, Field, Kind, TableWriter, days_since_1970};

/// Rows from which on a group ends at the next day.
const FULL: usize = 1 << 18;
/// Rows from which on a group ends at the next stock.
const ENOUGH: usize = 1 << 16;

/// Writes prices, day by day.
///
/// # Examples
///
/// ```
/// use bellwether::jiff::civil::date;
/// use bellwether::output::Format;
/// use bellwether::output::prices::{Precision, PriceWriter};
///
/// let mut file = Vec::new();
/// let mut prices = PriceWriter::new(&mut file, Format::Parquet, Precision::Microseconds, &[])?;
/// const SECOND: u64 = 1_000_000_000;
/// let open = 34_200 * SECOND;
/// prices.day("AAPL", date(2007, 1, 3), &[open, open + SECOND], &[86.29, 86.28])?;
/// prices.day("MSFT", date(2007, 1, 3), &[open], &[29.91])?;
/// assert!(prices.day("AAPL", date(2007, 1, 4), &[open], &[84.05]).is_err(), "AAPL was there before MSFT");
/// prices.finish()?;
/// # Ok::<(), std::io::Error>(())
/// ```
pub struct PriceWriter<'a> {
    table: TableWriter<'a>,
    precision: Precision,
    stocks: Vec<String>,
    codes: Vec<u32>,
    times: Vec<i64>,
    prices: Vec<f64>,
    /// The stock and day that came last.
    last: Option<(String, Date)>,
}

/// The unit of times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Precision {
    /// Microseconds, which all programs read.
    Microseconds,
    /// Nanoseconds.
    Nanoseconds,
}

impl<'a> PriceWriter<'a> {
    /// Begins a table in `out`. `metadata` are keys and values of the file's own.
    ///
    /// # Errors
    ///
    /// As [`TableWriter::new`].
    pub fn new(
        out: &'a mut dyn Write,
        format: Format,
        precision: Precision,
        metadata: &[(&str, String)],
    ) -> io::Result<Self> {
        let time = match precision {
            Precision::Microseconds => Kind::Microseconds,
            Precision::Nanoseconds => Kind::Nanoseconds,
        };
        let fields = vec![
            Field::new("stock", Kind::Category),
            Field::new("timestamp", time),
            Field::new("price", Kind::Number),
        ];
        let table = TableWriter::new(out, format, fields, metadata)?;
        Ok(Self {
            table,
            precision,
            stocks: Vec::new(),
            codes: Vec::new(),
            times: Vec::new(),
            prices: Vec::new(),
            last: None,
        })
    }

    /// Writes a stock's prices of a day, `times` in nanoseconds after midnight. Days come by stock, in the
    /// order of names, then by date.
    ///
    /// # Errors
    ///
    /// What the output fails with; [`io::ErrorKind::InvalidInput`] where there are not as many times as
    /// prices, times do not increase or are no times of a day, are finer than the precision, or days are out
    /// of order.
    pub fn day(&mut self, stock: &str, date: Date, times: &[u64], prices: &[f64]) -> io::Result<()> {
        const DAY: u64 = 86_400_000_000_000;
        let invalid = |why: String| {
            Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{stock} on {date}: {why}")))
        };
        if times.len() != prices.len() {
            return invalid(format!("there are {} times, but {} prices", times.len(), prices.len()));
        }
        if times.windows(2).any(|pair| pair[0] >= pair[1]) || times.last().is_some_and(|&time| time >= DAY) {
            return invalid("its times do not increase within a day".into());
        }
        let unit = match self.precision {
            Precision::Microseconds => 1_000,
            Precision::Nanoseconds => 1,
        };
        if times.iter().any(|time| time % unit != 0) {
            return invalid("its times are finer than a microsecond".into());
        }
        let days = i64::from(days_since_1970(date));
        let Some(midnight) = days
            .checked_mul((DAY / unit) as i64)
            .filter(|midnight| midnight.checked_add(DAY as i64).is_some())
        else {
            return invalid("the day can't be written in nanoseconds".into());
        };
        let new_stock = match &self.last {
            None => true,
            Some((before, day)) if before == stock => {
                if *day >= date {
                    return invalid(format!("it comes behind {day}"));
                }
                false
            }
            Some((before, _)) if before.as_str() < stock => true,
            Some((before, _)) => return invalid(format!("it comes behind {before}")),
        };
        if self.times.len() >= if new_stock { ENOUGH } else { FULL } {
            self.flush()?;
        }
        if new_stock || self.stocks.is_empty() {
            self.stocks.push(stock.to_owned());
        }
        self.last = Some((stock.to_owned(), date));
        let code = self.stocks.len() as u32 - 1;
        self.codes.resize(self.codes.len() + times.len(), code);
        self.times.extend(times.iter().map(|time| midnight + (time / unit) as i64));
        self.prices.extend(prices);
        Ok(())
    }

    fn flush(&mut self) -> io::Result<()> {
        let stocks = Arc::new(mem::take(&mut self.stocks));
        self.table.write(&[
            Cells::Texts(mem::take(&mut self.codes), stocks),
            Cells::Integers(mem::take(&mut self.times)),
            Cells::Numbers(mem::take(&mut self.prices)),
        ])
    }

    /// Ends the table.
    ///
    /// # Errors
    ///
    /// What the output fails with.
    pub fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.table.finish()
    }
}

/// Writes all of `days` (stock, day, times in nanoseconds after midnight, prices), which come by stock, then
/// day.
///
/// # Errors
///
/// As [`PriceWriter::day`].
pub fn write_prices<'d>(
    out: &mut dyn Write,
    format: Format,
    precision: Precision,
    metadata: &[(&str, String)],
    days: impl IntoIterator<Item = (&'d str, Date, &'d [u64], &'d [f64])>,
) -> io::Result<()> {
    let mut writer = PriceWriter::new(out, format, precision, metadata)?;
    for (stock, date, times, prices) in days {
        writer.day(stock, date, times, prices)?;
    }
    writer.finish()
}
