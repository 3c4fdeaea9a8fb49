//! The resampled statistics of some cells, as CSV: `date,stock,measure,sample,value`, by cell, measure and
//! sample.

use std::collections::VecDeque;
use std::io::{self, Write};

use ndarray::Array1;

use super::pictures::{CellName, CellReturns};
use crate::bootstrap::{Bootstrap, pairings};
use crate::cli::device::plural;
use crate::error::{Error, Result};

/// The resampled statistics of one cell and measure.
pub(super) struct Resamples<'a> {
    cell: &'a CellName,
    measure: &'static str,
    values: Array1<f64>,
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
pub(super) fn write(out: &mut dyn Write, all: &[Resamples<'_>]) -> io::Result<()> {
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
