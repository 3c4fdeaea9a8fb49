//! What is resampled together: the returns of a day's stocks that have equally many, and which cells they are
//! of.
//!
//! Draws depend on the seed, the day, the number of the sample and that of the rows, so that stocks with as
//! many returns on a day share them. Usually that is a group a day, with all stocks.

use std::borrow::Cow;

use jiff::civil::Date;
use ndarray::Array2;

use crate::error::{Error, Result};
use crate::measure::Measure;
use crate::panel::DayReturns;

/// Cells of one day that are resampled together.
#[derive(Debug)]
pub(super) struct Group<'a> {
    /// Their returns.
    pub(super) day: Cow<'a, DayReturns>,
    /// The number of the day among all.
    pub(super) row: usize,
    /// The cells' numbers among the table's.
    pub(super) cells: Vec<usize>,
    /// The columns of their stocks in the returns.
    pub(super) columns: Vec<usize>,
}

/// All of some days' groups, in order, and the table that their cells are of.
#[derive(Debug)]
pub(super) struct Groups<'a> {
    /// The stocks that the table has cells of.
    pub(super) cells: Vec<usize>,
    /// Its days.
    pub(super) dates: Vec<Date>,
    /// The groups, none of them empty.
    pub(super) groups: Vec<Group<'a>>,
    /// The cells that days are too short for.
    pub(super) short: Vec<ShortCell>,
}

/// A stock that has too few returns on a day for a measure, and so no cell there.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct ShortCell {
    /// The day.
    pub date: Date,
    /// The stock's number.
    pub stock: usize,
    /// How many returns it has.
    pub returns: usize,
}

impl<'a> Groups<'a> {
    /// The groups of `days` for a measure that needs `least` returns of a day. Entries of one day follow each
    /// other.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where days are not of the same stocks, a stock is twice on a day, or a measure of
    /// two stocks lacks the second or has returns over different times.
    pub(super) fn new(measure: &dyn Measure, days: &'a [DayReturns], least: usize) -> Result<Self> {
        let total = days.first().map_or(0, |day| day.stocks.total());
        check(days)?;
        let cells = measure.cells(total);
        let (mut dates, mut groups, mut short) = (Vec::new(), Vec::new(), Vec::new());
        for parts in days.chunk_by(|one, next| one.date == next.date) {
            check_parts(measure, parts, total)?;
            for part in parts {
                let group = Group::new(measure, part, dates.len(), &cells);
                // A day without any is none of the panel's, and an error where it is resampled.
                if part.returns.nrows() >= least || part.returns.nrows() == 0 {
                    groups.extend(group);
                    continue;
                }
                let of_cell = |&cell: &usize| ShortCell {
                    date: part.date,
                    stock: cells[cell],
                    returns: part.returns.nrows(),
                };
                short.extend(group.iter().flat_map(|group| &group.cells).map(of_cell));
            }
            dates.push(parts[0].date);
        }
        Ok(Self { cells, dates, groups, short })
    }

    /// Which cells of the table there are.
    pub(super) fn present(&self) -> Array2<bool> {
        let mut present = Array2::from_elem((self.dates.len(), self.cells.len()), false);
        for group in &self.groups {
            for &cell in &group.cells {
                present[[group.row, cell]] = true;
            }
        }
        present
    }
}

impl<'a> Group<'a> {
    /// The cells of a day's returns, if there are any; `stocks` have cells.
    fn new(measure: &dyn Measure, day: &'a DayReturns, row: usize, stocks: &[usize]) -> Option<Self> {
        let (mut cells, mut columns) = (Vec::new(), Vec::new());
        for (cell, &stock) in stocks.iter().enumerate() {
            if let Some(column) = day.stocks.column(stock) {
                cells.push(cell);
                columns.push(column);
            }
        }
        let mut day = Cow::Borrowed(day);
        if let Some(against) = measure.against() {
            day.stocks.column(against)?;
            // A measure knows its second stock by number: zeros stand in for the stocks that are not there.
            if day.stocks.len() < day.stocks.total() {
                columns = cells.iter().map(|&cell| stocks[cell]).collect();
                day = Cow::Owned(with_all_columns(&day));
            }
        }
        (!cells.is_empty()).then_some(Self { day, row, cells, columns })
    }
}

/// The returns of a day with a column for each stock of the panel, 0 where there are none.
fn with_all_columns(day: &DayReturns) -> DayReturns {
    let mut returns = Array2::zeros((day.returns.nrows(), day.stocks.total()));
    for (stock, column) in day.stocks.numbers().zip(day.returns.columns()) {
        returns.column_mut(stock).assign(&column);
    }
    DayReturns::new(day.date, returns)
}

/// Checks that all days are of the same stocks, as far as their number tells.
fn check(days: &[DayReturns]) -> Result<()> {
    let Some(first) = days.first() else { return Ok(()) };
    let refused = |value: String, requirement: String| {
        Err(Error::Parameter { name: "the number of stocks", value, requirement })
    };
    for day in days {
        let (columns, stocks, total) = (day.returns.ncols(), day.stocks.len(), day.stocks.total());
        if columns != stocks {
            let requirement = format!("the returns have {columns} columns; give one for each stock");
            return refused(format!("{stocks} on {}", day.date), requirement);
        }
        if total != first.stocks.total() {
            let requirement = format!(
                "{} on {}; give the returns of the same stocks on every day",
                first.stocks.total(),
                first.date
            );
            return refused(format!("{total} on {}", day.date), requirement);
        }
    }
    Ok(())
}

/// Checks the entries of one day.
fn check_parts(measure: &dyn Measure, parts: &[DayReturns], total: usize) -> Result<()> {
    if parts.len() > 1 {
        let mut numbers: Vec<usize> = parts.iter().flat_map(|part| part.stocks.numbers()).collect();
        numbers.sort_unstable();
        if let Some(pair) = numbers.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(Error::Parameter {
                name: "a stock",
                value: format!("number {} twice on {}", pair[0] + 1, parts[0].date),
                requirement: "give the returns of a stock on a day once".into(),
            });
        }
    }
    let Some(against) = measure.against() else { return Ok(()) };
    if against >= total {
        return Err(Error::Parameter {
            name: "against",
            value: against.to_string(),
            requirement: format!("there are {total} stocks, numbered from 0"),
        });
    }
    if parts.len() > 1 || parts.iter().any(|part| !part.shares_times) {
        return Err(Error::Parameter {
            name: "align",
            value: "none".into(),
            requirement: format!(
                "on {} stocks have times of their own, and the {} needs the returns of two over the same \
                 time; take exact, inner, previous or refresh",
                parts[0].date,
                measure.name()
            ),
        });
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::{Axis, array};

    use super::*;
    use crate::measure::{Beta, Variance};
    use crate::panel::Stocks;

    fn part(day: i8, stocks: &[usize], rows: usize) -> DayReturns {
        let returns =
            Array2::from_shape_fn((rows, stocks.len()), |(row, column)| (row + stocks[column]) as f64);
        let stocks = Stocks::some(stocks.to_vec(), 4).unwrap();
        DayReturns { stocks, ..DayReturns::new(date(2007, 1, day), returns) }
    }

    #[test]
    fn groups_are_of_the_cells_that_there_are() {
        let days = [part(3, &[0, 1, 2, 3], 5), part(4, &[0, 3], 2), part(4, &[2], 9)];
        let Groups { cells, dates, groups, short } = Groups::new(&Variance, &days, 1).unwrap();
        assert!(short.is_empty());
        assert_eq!((cells, dates.len()), (vec![0, 1, 2, 3], 2));
        let of = |group: &Group<'_>| (group.row, group.cells.clone(), group.columns.clone());
        assert_eq!(
            groups.iter().map(of).collect::<Vec<_>>(),
            [(0, vec![0, 1, 2, 3], vec![0, 1, 2, 3]), (1, vec![0, 3], vec![0, 1]), (1, vec![2], vec![0])]
        );
        let present = Groups::new(&Variance, &days, 1).unwrap().present();
        assert_eq!(present, array![[true; 4], [true, false, true, true]]);
    }

    /// The second stock's day is too short for three returns: its cell is named, and there is none.
    #[test]
    fn short_days_have_no_cell() {
        let days = [part(3, &[0, 1, 2, 3], 5), part(4, &[0, 3], 2), part(4, &[2], 9)];
        let found = Groups::new(&Variance, &days, 3).unwrap();
        let short = |stock: usize| ShortCell { date: date(2007, 1, 4), stock, returns: 2 };
        assert_eq!(found.short, [short(0), short(3)]);
        assert_eq!(found.present(), array![[true; 4], [false, false, true, false]]);
        // Of pairs too, but for the second stock, which has no cell.
        let found = Groups::new(&Beta { against: 3 }, &days[1..2], 3).unwrap();
        assert_eq!((found.short, found.groups.len()), (vec![short(0)], 0));
    }

    /// A day of two stocks of four, and one without the second stock of the measure.
    #[test]
    fn pairs_are_of_the_stocks_that_there_are() {
        let days = [part(3, &[1, 3], 5), part(4, &[0, 1, 2], 5), part(5, &[0, 1, 2, 3], 5)];
        let Groups { cells, dates, groups, .. } = Groups::new(&Beta { against: 3 }, &days, 1).unwrap();
        assert_eq!((cells, dates.len()), (vec![0, 1, 2], 3));
        let of = |group: &Group<'_>| (group.row, group.cells.clone(), group.columns.clone());
        assert_eq!(
            groups.iter().map(of).collect::<Vec<_>>(),
            [(0, vec![1], vec![1]), (2, vec![0, 1, 2], vec![0, 1, 2])]
        );
        let expected = days[0].returns.select(Axis(1), &[0, 1]);
        assert_eq!(groups[0].day.returns.select(Axis(1), &[1, 3]), expected);
    }

    #[test]
    fn what_is_no_table_is_refused() {
        let beta = Beta { against: 0 };
        let refused = |measure: &dyn Measure, days: &[DayReturns]| {
            Groups::new(measure, days, 1).map(|_| ()).unwrap_err().to_string()
        };
        let apart = [part(3, &[0, 1], 5), part(3, &[2, 3], 4)];
        let error = refused(&beta, &apart);
        assert!(error.contains("on 2007-01-03 stocks have times of their own"), "{error}");
        assert!(error.contains("exact, inner, previous or refresh"), "{error}");
        let joined = DayReturns { shares_times: false, ..part(3, &[0, 1, 2, 3], 5) };
        assert_eq!(refused(&beta, &[joined]), error);
        let error = refused(&Beta { against: 4 }, &apart[..1]);
        assert!(error.starts_with("against is 4"), "{error}");
        let error = refused(&Variance, &[part(3, &[0, 1], 5), part(3, &[1, 2], 4)]);
        assert!(error.starts_with("a stock is number 2 twice on 2007-01-03"), "{error}");
        let mut narrow = part(3, &[0, 1], 5);
        narrow.returns = narrow.returns.select(Axis(1), &[0]);
        let error = refused(&Variance, &[narrow]);
        assert!(error.contains("the returns have 1 columns"), "{error}");
    }
}
