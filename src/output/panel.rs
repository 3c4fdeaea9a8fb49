//! What a panel holds, a row a stock, and its prices, as CSV, Parquet or Arrow.

use std::io::{self, Write};

use jiff::civil::Date;
use serde::Serialize;

use super::Format;

/// What one stock of a panel has.
#[derive(Debug, Clone, PartialEq, Serialize)]
#[non_exhaustive]
pub struct StockSummary {
    /// The stock.
    pub stock: String,
    /// The number of its days.
    pub days: usize,
    /// The first day.
    pub first: Option<Date>,
    /// The last day.
    pub last: Option<Date>,
    /// The number of prices.
    pub prices: u64,
    /// Prices of the day with the fewest.
    pub fewest_a_day: Option<u64>,
    /// Prices of the day in the middle.
    pub median_a_day: Option<u64>,
    /// Prices of the day with the most.
    pub most_a_day: Option<u64>,
    /// The time from price to price, in seconds, if nine of ten have it.
    pub step_seconds: Option<f64>,
    /// The longest time from price to price, in seconds.
    pub longest_gap_seconds: f64,
    /// The share of zero returns.
    pub zero_returns: f64,
    /// Half days of the New York Stock Exchange.
    pub half_days: u64,
}

/// Writes a header and a row for each stock.
///
/// # Errors
///
/// What the writer fails with.
pub fn write_summary(stocks: &[StockSummary], out: &mut dyn Write) -> io::Result<()> {
    let mut table = csv::Writer::from_writer(out);
    for stock in stocks {
        table.serialize(stock)?;
    }
    table.flush()
}

/// Writes prices, stock after stock and day after day, each with its times in nanoseconds after midnight.
///
/// As CSV a header and a row each, `stock,date,time,price`: times with the same number of digits of a second
/// throughout, prices in the shortest form that reads back as the same double. As Parquet or
/// Arrow what [`super::prices`] says.
pub enum PriceRows<'a> {
    /// Comma-separated values.
    Csv {
        /// The file.
        table: Box<csv::Writer<&'a mut dyn Write>>,
        /// Digits of a fraction of a second.
        digits: usize,
    },
    /// Parquet, or Arrow.
    #[cfg(feature = "parquet")]
    Columns(Box<super::prices::PriceWriter<'a>>),
}

impl<'a> PriceRows<'a> {
    /// Writes the header.
    ///
    /// # Errors
    ///
    /// What the writer fails with; [`io::ErrorKind::Unsupported`] for a format that prices are not written
    /// in.
    pub fn new(out: &'a mut dyn Write, format: Format, digits: usize) -> io::Result<Self> {
        match format {
            Format::Csv => {
                let mut table = csv::Writer::from_writer(out);
                table.write_record(["stock", "date", "time", "price"])?;
                Ok(Self::Csv { table: Box::new(table), digits })
            }
            #[cfg(feature = "parquet")]
            Format::Parquet | Format::Arrow => {
                use super::prices::{Precision, PriceWriter};
                Ok(Self::Columns(Box::new(PriceWriter::new(out, format, Precision::Nanoseconds, &[])?)))
            }
            Format::Json => Err(io::Error::new(io::ErrorKind::Unsupported, "prices are not written as JSON")),
        }
    }

    /// Writes the ticks of a stock's day.
    ///
    /// # Errors
    ///
    /// What the writer fails with.
    pub fn day(&mut self, stock: &str, date: Date, times: &[u64], prices: &[f64]) -> io::Result<()> {
        match self {
            Self::Csv { table, digits } => {
                let date = date.to_string();
                for (time, price) in times.iter().zip(prices) {
                    let (time, price) = (clock(*time, *digits), price.to_string());
                    table.write_record([stock, &date, &time, &price])?;
                }
                Ok(())
            }
            #[cfg(feature = "parquet")]
            Self::Columns(table) => table.day(stock, date, times, prices),
        }
    }

    /// Ends the table.
    ///
    /// # Errors
    ///
    /// What the writer fails with.
    pub fn finish(self) -> io::Result<()> {
        match self {
            Self::Csv { mut table, .. } => table.flush(),
            #[cfg(feature = "parquet")]
            Self::Columns(table) => table.finish(),
        }
    }
}

/// Digits of a fraction of a second that these times need: none, 3, 6 or 9.
pub fn digits(times: &[u64]) -> usize {
    let fits = |unit: u64| times.iter().all(|time| time.is_multiple_of(unit));
    [(crate::panel::SECOND, 0), (1_000_000, 3), (1_000, 6)]
        .into_iter()
        .find_map(|(unit, digits)| fits(unit).then_some(digits))
        .unwrap_or(9)
}

/// `HH:MM:SS`, with so many digits of a fraction.
fn clock(time: u64, digits: usize) -> String {
    const SECOND: u64 = crate::panel::SECOND;
    let (seconds, fraction) = (time / SECOND, time % SECOND);
    let clock = format!("{:02}:{:02}:{:02}", seconds / 3600, seconds / 60 % 60, seconds % 60);
    match digits {
        0 => clock,
        _ => format!("{clock}.{}", &format!("{fraction:09}")[..digits.min(9)]),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::panel::SECOND;

    #[test]
    fn prices_are_rows() {
        let mut text = Vec::new();
        let mut rows = PriceRows::new(&mut text, Format::Csv, 6).unwrap();
        let open = 34_200 * SECOND;
        rows.day("BRK,B", date(2007, 1, 3), &[open, open + 1_500_000], &[0.1 + 0.2, 5.0]).unwrap();
        rows.finish().unwrap();
        let expected = "stock,date,time,price\n\"BRK,B\",2007-01-03,09:30:00.000000,0.30000000000000004\n\
                        \"BRK,B\",2007-01-03,09:30:00.001500,5\n";
        assert_eq!(String::from_utf8(text).unwrap(), expected);
        let of = |time: u64| digits(&[0, time]);
        assert_eq!([of(SECOND), of(SECOND / 10), of(1_000_000), of(1_000), of(1)], [0, 3, 3, 6, 9]);
    }
}
