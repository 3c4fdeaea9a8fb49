//! The resampled statistics of some cells, as CSV, Parquet or Arrow: `date,stock,measure,sample,value`, by
//! cell, measure and sample.

use std::collections::VecDeque;
use std::io::{self, Write};
use std::path::PathBuf;

use ndarray::Array1;

use super::pictures::{CellName, CellReturns};
use crate::bootstrap::{Bootstrap, pairings};
use crate::cli::device::plural;
use crate::error::{Error, Result};
use crate::output::table::{Field, Kind, RecordWriter, Value};
use crate::output::{Destination, Format, Outputs};

/// The resampled statistics of one cell and measure.
pub(super) struct Resamples<'a> {
    cell: &'a CellName,
    measure: &'static str,
    values: Array1<f64>,
}

/// Where the resamples go, and in which format.
pub(super) fn file(path: PathBuf, outputs: &mut Outputs) -> Result<(Destination, Format)> {
    let name = path.display().to_string();
    match outputs.table("--resamples", Some(path), None)? {
        (_, Format::Json) => Err(Error::Parameter {
            name: "--resamples",
            value: name,
            requirement: "resamples are written as tables; name a file that ends in .csv, .parquet or .arrow"
                .into(),
        }),
        other => Ok(other),
    }
}

/// Checks before the work that there will be resamples of all `cells`, whose stocks have these numbers, and
/// that they fit into `memory` bytes.
pub(super) fn check(
    methods: &[Bootstrap],
    cells: &[CellName],
    numbers: &[usize],
    stocks: usize,
    memory: u64,
) -> Result<()> {
    for method in methods {
        pairings::refuse_resamples(method.measure(), method.scheme())?;
        let known = method.measure().cells(stocks);
        if let Some((cell, _)) = cells.iter().zip(numbers).find(|(_, number)| !known.contains(number)) {
            return Err(cell.with_itself("--cell", method.measure().name()));
        }
    }
    let samples: u64 = methods.iter().map(|method| u64::from(method.samples())).sum();
    // Those of all cells, and the sums of one: of up to three columns, each of one or more words.
    let needed =
        8 * samples * cells.len() as u64 + 32 * methods.first().map_or(0, |one| one.samples().into());
    if needed > memory {
        return Err(Error::Memory {
            what: format!("holding the resampled statistics of {}", plural(cells.len() as u64, "cell")),
            needed,
            allowed: memory,
            advice: "raise `memory`, lower `samples`, or name fewer cells".into(),
        });
    }
    Ok(())
}

/// The statistics of `cells`, whose returns are `days`, by each method, on the current Rayon pool.
pub(super) fn of_cells<'a>(
    methods: &[Bootstrap],
    cells: &'a [CellName],
    stocks: &[String],
    days: &mut VecDeque<Option<CellReturns>>,
) -> Result<Vec<Resamples<'a>>> {
    let mut found = Vec::new();
    for cell in cells {
        let Some(Some((day, stock))) = days.pop_front() else { return Err(cell.left_out("--cell")) };
        for method in methods {
            let measure = method.measure().name();
            let Some(place) = method.measure().cells(stocks.len()).iter().position(|&cell| cell == stock)
            else {
                return Err(cell.with_itself("--cell", measure));
            };
            let values = method.resampled_of(&day, place)?;
            found.push(Resamples { cell, measure, values });
        }
    }
    Ok(found)
}

/// Writes them.
pub(super) fn write(out: &mut dyn Write, all: &[Resamples<'_>], format: Format) -> io::Result<()> {
    if format != Format::Csv {
        return write_columns(out, all, format);
    }
    let mut writer = csv::Writer::from_writer(out);
    writer.write_record(["date", "stock", "measure", "sample", "value"])?;
    for Resamples { cell, measure, values } in all {
        let date = cell.date.to_string();
        for (sample, value) in values.iter().enumerate() {
            writer.write_record([
                &date,
                &cell.stock,
                *measure,
                &sample.to_string(),
                &format!("{value:?}"),
            ])?;
        }
    }
    writer.flush()
}

fn write_columns(out: &mut dyn Write, all: &[Resamples<'_>], format: Format) -> io::Result<()> {
    let fields = vec![
        Field::new("date", Kind::Date),
        Field::new("stock", Kind::Category),
        Field::new("measure", Kind::Category),
        Field::new("sample", Kind::Integer),
        Field::new("value", Kind::Number),
    ];
    let mut writer = RecordWriter::new(out, format, fields, &"resampled statistics")?;
    for Resamples { cell, measure, values } in all {
        for (sample, &value) in values.iter().enumerate() {
            writer.write([
                Value::Date(cell.date),
                Value::Text(&cell.stock),
                Value::Text(measure),
                Value::Integer(sample as i64),
                Value::Number(value),
            ])?;
        }
    }
    writer.finish()
}
