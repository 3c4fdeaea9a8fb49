//! Coverage as a table for people, CSV, JSON, Parquet and Arrow.
//!
//! CSV has one row for each number of returns, confidence and interval, with the model and the numbers of
//! samples and replications. JSON holds the same rows as objects under `rows`, beside what they were computed
//! from; Parquet holds the rows as a table, and the rest as the key `bellwether` of its metadata. `coverage`,
//! its binomial standard `error`, `below` and `above` (where the integrated variance lies, seen from the
//! interval) are shares of the replications; `mean_length` is in the model's unit of variance, squared
//! percent, and `median_relative_length` the median of the lengths over the integrated variances. Figures are
//! in shortest round-trip form.

use std::io::{self, Write};

use serde::Serialize;

use crate::coverage::{Coverage, CoverageRow};
use crate::figures::grouped;

/// A row, as written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
struct Row<'a> {
    model: &'a str,
    returns: usize,
    scheme: &'a str,
    confidence: f64,
    interval: &'a str,
    samples: u32,
    replications: u32,
    coverage: f64,
    error: f64,
    below: f64,
    above: f64,
    mean_length: f64,
    median_relative_length: f64,
}

impl<'a> Row<'a> {
    fn new(spec: &'a Coverage, row: &'a CoverageRow) -> Self {
        Self {
            model: spec.model.name(),
            returns: row.returns,
            scheme: spec.scheme.name(),
            confidence: row.confidence,
            interval: row.interval,
            samples: spec.samples,
            replications: row.replications,
            coverage: row.coverage(),
            error: row.error(),
            below: row.share_below(),
            above: row.share_above(),
            mean_length: row.mean_length,
            median_relative_length: row.median_relative_length,
        }
    }
}

/// Writes rows as CSV with a header.
///
/// # Errors
///
/// What the writer fails with.
pub fn write_csv(spec: &Coverage, rows: &[CoverageRow], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for row in rows {
        writer.serialize(Row::new(spec, row))?;
    }
    writer.flush()
}

#[derive(Serialize)]
struct Document<'a> {
    model: &'a str,
    description: &'a str,
    samples: u32,
    replications: u32,
    seed: u64,
    stream_version: u32,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<Vec<Row<'a>>>,
}

/// Writes rows as JSON, with what they were computed from.
///
/// # Errors
///
/// What the writer fails with.
pub fn write_json(spec: &Coverage, rows: &[CoverageRow], out: &mut dyn Write) -> io::Result<()> {
    let rows = rows.iter().map(|row| Row::new(spec, row)).collect();
    serde_json::to_writer_pretty(&mut *out, &document(spec, Some(rows)))?;
    writeln!(out)
}

/// Writes rows as Parquet or Arrow.
///
/// # Errors
///
/// What the writer fails with.
#[cfg(feature = "parquet")]
pub fn write_columns(
    spec: &Coverage,
    rows: &[CoverageRow],
    format: super::Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    super::table::write_rows(out, format, rows.iter().map(|row| Row::new(spec, row)), &document(spec, None))
}

#[cfg(feature = "parquet")]
impl super::table::Row for Row<'_> {
    const COLUMNS: &'static [(&'static str, super::table::Kind)] = {
        use super::table::Kind::{Category, Integer, Number};
        &[
            ("model", Category),
            ("returns", Integer),
            ("scheme", Category),
            ("confidence", Number),
            ("interval", Category),
            ("samples", Integer),
            ("replications", Integer),
            ("coverage", Number),
            ("error", Number),
            ("below", Number),
            ("above", Number),
            ("mean_length", Number),
            ("median_relative_length", Number),
        ]
    };

    fn values(&self) -> Vec<super::table::Value<'_>> {
        use super::table::Value::{Integer, Number, Text};
        vec![
            Text(self.model),
            Integer(self.returns as i64),
            Text(self.scheme),
            Number(self.confidence),
            Text(self.interval),
            Integer(self.samples.into()),
            Integer(self.replications.into()),
            Number(self.coverage),
            Number(self.error),
            Number(self.below),
            Number(self.above),
            Number(self.mean_length),
            Number(self.median_relative_length),
        ]
    }
}

/// What rows were computed from, with the rows where there are any.
fn document<'a>(spec: &'a Coverage, rows: Option<Vec<Row<'a>>>) -> Document<'a> {
    Document {
        model: spec.model.name(),
        description: spec.model.description(),
        samples: spec.samples,
        replications: spec.replications,
        seed: spec.seed,
        stream_version: crate::random::STREAM_VERSION,
        rows,
    }
}

/// Writes rows as a table for people, shares in percent.
///
/// # Errors
///
/// What the writer fails with.
pub fn write_table(spec: &Coverage, rows: &[CoverageRow], out: &mut dyn Write) -> io::Result<()> {
    writeln!(
        out,
        "coverage of the integrated variance, in percent of {} days of each n: model {} ({}), B = {}, \
         seed {}",
        grouped(spec.replications.into()),
        spec.model.name(),
        spec.model.description(),
        grouped(spec.samples.into()),
        spec.seed
    )?;
    let widest = rows.iter().map(|row| row.interval.len()).max().unwrap_or(0).max("interval".len());
    writeln!(
        out,
        "\n{:>6}  {:>10}  {:<widest$}  {:>8}  {:>5}  {:>6}  {:>6}  {:>11}  {:>9}",
        "n", "confidence", "interval", "coverage", "error", "below", "above", "mean length", "median/IV"
    )?;
    for row in rows {
        writeln!(
            out,
            "{:>6}  {:>10}  {:<widest$}  {:>8.2}  {:>5.2}  {:>6.2}  {:>6.2}  {:>11}  {:>9.3}",
            grouped(row.returns as u64),
            100.0 * row.confidence,
            row.interval,
            100.0 * row.coverage(),
            100.0 * row.error(),
            100.0 * row.share_below(),
            100.0 * row.share_above(),
            length(row.mean_length),
            row.median_relative_length
        )?;
    }
    writeln!(
        out,
        "\nbelow, above: the integrated variance lies below, above the interval. error: binomial. Mean \
         length: in \
         squared percent; median/IV: of the lengths over the integrated variances."
    )
}

/// A length with four digits, whatever its size.
fn length(length: f64) -> String {
    if length < 1e4 { format!("{length:.4}") } else { format!("{length:.3e}") }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rows() -> (Coverage, [CoverageRow; 2]) {
        let row = |interval, below, above| CoverageRow {
            returns: 78,
            confidence: 0.95,
            interval,
            replications: 400,
            below,
            above,
            mean_length: 0.25,
            median_relative_length: 1.5,
        };
        let spec = Coverage { replications: 400, ..Coverage::default() };
        (spec, [row("percentile", 4, 36), row("studentized", 0, 0)])
    }

    #[test]
    fn csv_and_json_hold_the_same() {
        let (spec, rows) = rows();
        let mut text = Vec::new();
        write_csv(&spec, &rows, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let expected = "model,returns,scheme,confidence,interval,samples,replications,coverage,error,below,\
                        above,mean_length,median_relative_length\n\
                        sv2,78,iid,0.95,percentile,999,400,0.9,0.015,0.01,0.09,0.25,1.5\n\
                        sv2,78,iid,0.95,studentized,999,400,1.0,0.0,0.0,0.0,0.25,1.5\n";
        assert_eq!(text, expected);
        #[cfg(feature = "parquet")]
        {
            use super::super::Format;
            use super::super::table::Row as _;
            let lines: Vec<&str> = expected.lines().collect();
            let names: Vec<&str> = Row::COLUMNS.iter().map(|(name, _)| *name).collect();
            assert_eq!(names.join(","), lines[0]);
            for (row, line) in rows.iter().zip(&lines[1..]) {
                let row = Row::new(&spec, row);
                let shown = row.values().into_iter().map(|value| match value {
                    super::super::table::Value::Text(text) => text.to_owned(),
                    super::super::table::Value::Number(number) => format!("{number:?}"),
                    super::super::table::Value::Integer(number) => number.to_string(),
                    other => panic!("{other:?}"),
                });
                assert_eq!(shown.collect::<Vec<_>>().join(","), *line);
            }
            for (format, magic) in [(Format::Parquet, &b"PAR1"[..]), (Format::Arrow, b"ARROW1")] {
                let mut columns = Vec::new();
                write_columns(&spec, &rows, format, &mut columns).unwrap();
                assert!(columns.starts_with(magic));
            }
        }
        let mut json = Vec::new();
        write_json(&spec, &rows, &mut json).unwrap();
        let json: serde_json::Value = serde_json::from_slice(&json).unwrap();
        assert_eq!((&json["model"], &json["replications"]), (&"sv2".into(), &400.into()));
        assert_eq!(json["rows"][0]["above"], 0.09);
        assert_eq!(json["rows"].as_array().unwrap().len(), 2);
    }

    #[test]
    fn the_table_is_in_percent() {
        let (spec, rows) = rows();
        let mut text = Vec::new();
        write_table(&spec, &rows, &mut text).unwrap();
        let text = String::from_utf8(text).unwrap();
        let words = |line: usize| text.lines().nth(line).unwrap().split_whitespace().collect::<Vec<_>>();
        assert_eq!(words(3), ["78", "95", "percentile", "90.00", "1.50", "1.00", "9.00", "0.2500", "1.500"]);
        assert_eq!(words(4)[3], "100.00");
    }
}
