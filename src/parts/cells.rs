//! The cells that a part has: what it knows of them, before they are written or after they are read.

use jiff::civil::Date;

use crate::bootstrap::Intervals;

/// The column of the cells' numbers of returns, where details are wanted.
pub(super) const ROWS: &str = "rows";

/// The cells of one measure that a part has.
#[derive(Debug, Clone, Default, PartialEq)]
pub struct Cells {
    /// The days (or weeks, months) of the table, with cells or without.
    pub dates: Vec<Date>,
    /// The bound on the rounding error of any sum.
    pub relative_error: f64,
    /// Of each cell its day and its stock's number among the part's stocks.
    pub places: Vec<(Date, u32)>,
    /// The columns of the table by name, cell after cell.
    pub columns: Vec<(String, Vec<f64>)>,
    /// What a part of the samples carries of each cell.
    pub samples: Vec<(String, Vec<f64>)>,
}

impl Cells {
    /// Of intervals.
    pub fn of(found: &Intervals) -> Self {
        let there = found.present.indexed_iter().filter(|(_, there)| **there).map(|(at, _)| at);
        let there: Vec<(usize, usize)> = there.collect();
        let columns = found.columns().into_iter().map(|(name, array)| {
            let values = there.iter().map(|&at| array[at]).collect();
            (name, values)
        });
        let mut columns: Vec<(String, Vec<f64>)> = columns.collect();
        if let Some(details) = &found.details {
            columns.push((ROWS.to_owned(), there.iter().map(|&at| f64::from(details.rows[at])).collect()));
        }
        columns.sort_by(|one, other| one.0.cmp(&other.0));
        Self {
            dates: found.dates.clone(),
            relative_error: found.relative_error,
            places: there.iter().map(|&(day, cell)| (found.dates[day], found.cells[cell] as u32)).collect(),
            columns,
            samples: Vec::new(),
        }
    }
}
