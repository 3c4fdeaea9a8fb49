//! Intervals as CSV and JSON, long and wide.
//!
//! * **Long**: a record for each day and stock, `date,stock,rv,lower,upper`, sorted by date, then stock. As
//!   JSON an array of records (`pd.read_json`).
//! * **Wide**: a row a day, two columns a stock. As CSV with two header rows (stock; lower, upper), which
//!   `pd.read_csv(file, header=[0, 1], index_col=0, parse_dates=True)` reads; as JSON what
//!   `pd.read_json(file, orient="split")` reads.
//!
//! Dates are ISO 8601; numbers are in the shortest form that reads back as the same double.

use std::io::{self, Write};

use serde::ser::SerializeMap;
use serde::{Serialize, Serializer};

use super::Format;
use crate::bootstrap::Intervals;

/// Arrangement of the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A record for each day and stock.
    Long,
    /// A row for each day, two columns for each stock, under two header rows.
    Wide,
}

/// One day and stock.
struct Record<'a> {
    date: String,
    stock: &'a str,
    /// What the estimate is called.
    name: &'static str,
    estimate: f64,
    lower: f64,
    upper: f64,
}

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(Some(5))?;
        fields.serialize_entry("date", &self.date)?;
        fields.serialize_entry("stock", self.stock)?;
        fields.serialize_entry(self.name, &self.estimate)?;
        fields.serialize_entry("lower", &self.lower)?;
        fields.serialize_entry("upper", &self.upper)?;
        fields.end()
    }
}

/// A table as pandas splits it.
#[derive(Debug, Serialize)]
struct Split<'a> {
    columns: Vec<[&'a str; 2]>,
    index: Vec<String>,
    data: Vec<Vec<f64>>,
}

/// Writes `intervals` of a panel of these `stocks`. The estimate's column has the measure's name: `rv` for
/// realized variance.
///
/// # Errors
///
/// Whatever `out` returns.
pub fn write(
    out: &mut dyn Write,
    stocks: &[String],
    intervals: &Intervals,
    format: Format,
    layout: Layout,
) -> io::Result<()> {
    match (format, layout) {
        (Format::Csv, Layout::Long) => {
            let mut writer = csv::Writer::from_writer(out);
            writer.write_record(["date", "stock", intervals.name, "lower", "upper"])?;
            for Record { date, stock, estimate, lower, upper, .. } in records(stocks, intervals) {
                writer.write_record([&date, stock, &number(estimate), &number(lower), &number(upper)])?;
            }
            writer.flush()
        }
        (Format::Csv, Layout::Wide) => {
            let mut writer = csv::Writer::from_writer(out);
            let Split { columns, index, data } = split(stocks, intervals);
            for level in 0..2 {
                let names = columns.iter().map(|column| column[level]);
                writer.write_record(std::iter::once("").chain(names))?;
            }
            for (date, row) in index.into_iter().zip(data) {
                writer.write_record(std::iter::once(date).chain(row.into_iter().map(number)))?;
            }
            writer.flush()
        }
        (Format::Json, Layout::Long) => json(out, &records(stocks, intervals).collect::<Vec<_>>()),
        (Format::Json, Layout::Wide) => json(out, &split(stocks, intervals)),
    }
}

fn json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// The shortest text that reads back as the same double: `1.25e-5`.
fn number(value: f64) -> String {
    format!("{value:?}")
}

fn records<'a>(stocks: &'a [String], intervals: &'a Intervals) -> impl Iterator<Item = Record<'a>> {
    intervals.dates.iter().enumerate().flat_map(move |(day, date)| {
        names(stocks, intervals).enumerate().map(move |(cell, stock)| Record {
            date: date.to_string(),
            stock,
            name: intervals.name,
            estimate: intervals.estimate[[day, cell]],
            lower: intervals.lower[[day, cell]],
            upper: intervals.upper[[day, cell]],
        })
    })
}

/// The stocks that have a cell.
fn names<'a>(stocks: &'a [String], intervals: &'a Intervals) -> impl Iterator<Item = &'a str> {
    intervals.cells.iter().filter_map(|&stock| stocks.get(stock)).map(String::as_str)
}

fn split<'a>(stocks: &'a [String], intervals: &'a Intervals) -> Split<'a> {
    let ends = |day: usize| {
        let of_stock = move |stock: usize| [intervals.lower[[day, stock]], intervals.upper[[day, stock]]];
        (0..intervals.cells.len()).flat_map(of_stock).collect()
    };
    Split {
        columns: names(stocks, intervals).flat_map(|stock| [[stock, "lower"], [stock, "upper"]]).collect(),
        index: intervals.dates.iter().map(ToString::to_string).collect(),
        data: (0..intervals.dates.len()).map(ends).collect(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::array;

    use super::*;
    use crate::bootstrap::Times;

    fn text(format: Format, layout: Layout) -> String {
        let intervals = Intervals {
            dates: vec![date(2007, 1, 3), date(2007, 1, 4)],
            name: "rv",
            cells: vec![0, 1],
            estimate: array![[0.5, 1e-5], [3e-7, 0.0]],
            lower: array![[0.25, 1.5e-6], [0.1, 0.0]],
            upper: array![[1.0, 2e-5], [0.3, 1e-300]],
            relative_error: 0.0,
            times: Times::default(),
        };
        let mut out = Vec::new();
        write(&mut out, &["A".into(), "B,C".into()], &intervals, format, layout).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn long_csv() {
        assert_eq!(
            text(Format::Csv, Layout::Long),
            "date,stock,rv,lower,upper\n2007-01-03,A,0.5,0.25,1.0\n2007-01-03,\"B,C\",1e-5,1.5e-6,2e-5\n\
             2007-01-04,A,3e-7,0.1,0.3\n2007-01-04,\"B,C\",0.0,0.0,1e-300\n"
        );
    }

    #[test]
    fn wide_csv() {
        assert_eq!(
            text(Format::Csv, Layout::Wide),
            ",A,A,\"B,C\",\"B,C\"\n,lower,upper,lower,upper\n2007-01-03,0.25,1.0,1.5e-6,2e-5\n2007-01-04,0.1,0.3,0.0,1e-300\n"
        );
    }

    #[test]
    fn json_holds_the_same_numbers() {
        let long: serde_json::Value = serde_json::from_str(&text(Format::Json, Layout::Long)).unwrap();
        assert_eq!(long[1]["stock"], "B,C");
        assert_eq!(long[3]["upper"], 1e-300);
        let wide: serde_json::Value = serde_json::from_str(&text(Format::Json, Layout::Wide)).unwrap();
        assert_eq!(wide["columns"][3], serde_json::json!(["B,C", "upper"]));
        assert_eq!(wide["data"][0][3], 2e-5);
        assert_eq!(wide["index"][1], "2007-01-04");
    }
}
