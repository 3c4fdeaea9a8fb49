//! The rows of a Parquet or Arrow table, by the same roles as those of a text: a stamp, or day and time;
//! price; stock.
//!
//! Only the columns needed are decoded, and of groups of rows only those that may hold wanted stocks and
//! days, as the file's bounds say. Groups are decoded in parallel, some at a time, and taken in their order;
//! of larger groups the rows that come next are decoded while those before are taken.

use std::borrow::Borrow;
use std::ops::Range;
use std::path::Path;

use jiff::civil::Date;
use jiff::tz::{Offset, TimeZone};
use rayon::prelude::*;

use super::column_file::{Batches, ColumnFile};
use super::error::{FileProblem, LineProblem, PanelError};
use super::field;
use super::header::{Columns, Shape, When};
use super::intake::{Fault, Intake};
use super::moment::{Clock, Zones};
use super::options::{LoadOptions, TableOptions};
use super::parquet::{Bounds, ColumnValues, Kind, NO_TEXT, Values};
use super::spread::Wanted;
use crate::error::Result;

/// Rows decoded at a time, of groups that are larger.
const ROWS: usize = 1 << 18;

/// A table, and the roles of its columns.
struct Opened {
    table: ColumnFile,
    columns: Columns,
}

impl Opened {
    fn at(path: &Path, stock: &str, options: &TableOptions) -> Result<Self> {
        let table = ColumnFile::open(path)?;
        let names = table.columns().iter().map(|column| match column.is_unnamed_index() {
            true => String::new(),
            false => column.name.clone(),
        });
        let columns = Columns::find(names.collect(), &options.columns, &options.filters, stock);
        let columns = columns.map_err(|line| of_columns(path, line))?;
        Ok(Self { table, columns })
    }

    /// The first day and the last of a group of rows, as its bounds say.
    fn days(&self, group: usize) -> Option<[i64; 2]> {
        let column = match self.columns.when {
            When::Apart { date, .. } => date,
            When::Together(stamp) => stamp,
        };
        const DAY: i64 = 86_400_000_000_000;
        match self.table.bounds(group, column)? {
            Bounds::Date(least, most) => Some([least.into(), most.into()]),
            Bounds::Time(least, most) => Some([least.div_euclid(DAY), most.div_euclid(DAY)]),
            _ => None,
        }
    }

    /// Whether a group of rows may hold wanted stocks.
    fn may_hold_stocks(&self, group: usize, options: &LoadOptions) -> bool {
        let wanted = options.stocks.as_deref().filter(|stocks| !stocks.is_empty());
        let (Shape::Long { stock, .. }, Some(wanted)) = (&self.columns.shape, wanted) else { return true };
        match self.table.bounds(group, *stock) {
            Some(Bounds::Text(least, most)) => wanted.iter().any(|name| least <= *name && *name <= most),
            _ => true,
        }
    }

    /// Whether a group of rows may hold wanted days.
    fn may_hold_days(&self, group: usize, wanted: Wanted) -> bool {
        // Two days more on each side than any zone could shift.
        const MARGIN: i64 = 2;
        let Some([first, last]) = self.days(group) else { return true };
        let day = super::moment::epoch_day;
        wanted.from.is_none_or(|from| last + MARGIN >= day(from))
            && wanted.to.is_none_or(|to| first - MARGIN <= day(to))
    }

    /// The groups of rows that are read.
    fn groups(&self, options: &LoadOptions, wanted: Wanted) -> Vec<usize> {
        let groups = 0..self.table.row_groups().len();
        let may_hold =
            |group: &usize| self.may_hold_stocks(*group, options) && self.may_hold_days(*group, wanted);
        groups.filter(may_hold).collect()
    }
}

/// The error of a table's columns.
fn of_columns(path: &Path, line: LineProblem) -> crate::Error {
    PanelError::File { path: path.to_path_buf(), problem: FileProblem::Columns(line) }.into()
}

/// What was read of a table.
pub(super) struct Taken {
    /// What was understood of it.
    pub(super) understood: String,
    /// Bytes of the groups of rows that were read, and how many these are.
    pub(super) bytes: u64,
    pub(super) row_groups: usize,
}

/// Reads the days `wanted` of a table, and maybe others, into `intake`.
pub(super) fn read(
    path: &Path,
    stock: &str,
    options: &LoadOptions,
    wanted: Wanted,
    intake: &mut Intake<'_>,
) -> Result<Taken> {
    let opened = Opened::at(path, stock, &options.table)?;
    let groups = opened.groups(options, wanted);
    if wanted.names_all {
        name_stocks(&opened, path, options, &groups, intake)?;
    }
    let Opened { table, columns } = opened;
    let fault = |fault| match fault {
        Fault::Row(line) => of_columns(path, line),
        Fault::Other(error) => error,
    };
    let TableOptions { date_format, zones, .. } = &options.table;
    let zones = zones_of(&table, &columns, zones);
    let zones = zones.map_err(|problem| PanelError::File { path: path.to_path_buf(), problem })?;
    let clock = Clock::new(date_format.clone(), zones);
    let is_instant = match columns.when {
        When::Together(stamp) => matches!(table.columns()[stamp].kind, Kind::Time { utc: true, .. }),
        When::Apart { .. } => false,
    };
    let mut rows = Rows::new(columns, clock, is_instant, intake, &options.table);
    rows.prepare(stock).map_err(|line| fault(line.into()))?;

    let needed = rows.needed.clone();
    let at_once = rayon::current_num_threads().max(1);
    let mut bytes = 0;
    for some in groups.chunks(at_once) {
        bytes += some.iter().map(|&group| table.row_groups()[group].bytes).sum::<u64>();
        let is_small = |group: &usize| table.row_groups()[*group].rows <= ROWS;
        let decoded: Vec<Option<Result<Vec<ColumnValues>>>> = if some.len() > 1 && some.iter().all(is_small) {
            some.par_iter().map(|&group| Some(table.read(group, &needed))).collect()
        } else {
            some.iter().map(|_| None).collect()
        };
        for (&group, decoded) in some.iter().zip(decoded) {
            let mut first = table.row_groups()[group].first_row;
            let at = |first: u64, row: usize, line| PanelError::Line {
                path: path.to_path_buf(),
                line: first + row as u64 + 1,
                problem: line,
            };
            let mut batches: Batches = match decoded {
                Some(values) => Box::new(std::iter::once(values)),
                None => table.batches(group, &needed, ROWS)?,
            };
            let mut next = batches.next();
            while let Some(batch) = next {
                let batch = batch?;
                let rows_of_batch = batch.first().map_or(0, ColumnValues::len);
                let (taken, following) = rayon::join(|| rows.take(&batch), || batches.next());
                next = following;
                taken.map_err(|(row, fault)| match fault {
                    Fault::Row(line) => at(first, row, line).into(),
                    Fault::Other(error) => error,
                })?;
                first += rows_of_batch as u64;
            }
        }
    }
    table.check_unchanged()?;
    if table.rows() == 0 {
        let problem = FileProblem::HeaderOnly;
        return Err(PanelError::File { path: path.to_path_buf(), problem }.into());
    }
    let zones = rows.clock.described().map_or(String::new(), |zones| format!(" ({zones})"));
    let understood = format!("{}{zones}; {}", rows.columns.described(), table.format());
    Ok(Taken { understood, bytes, row_groups: groups.len() })
}

/// Names the stocks of the groups of rows that are not read for their days: of these, the column of stocks
/// alone is decoded.
fn name_stocks(
    opened: &Opened,
    path: &Path,
    options: &LoadOptions,
    read: &[usize],
    intake: &mut Intake<'_>,
) -> Result<()> {
    let Shape::Long { stock, .. } = opened.columns.shape else { return Ok(()) };
    let others = (0..opened.table.row_groups().len()).filter(|group| !read.contains(group));
    for group in others.filter(|group| opened.may_hold_stocks(*group, options)) {
        for values in opened.table.read(group, &[stock])? {
            let mut names: Vec<String> = match &values.values {
                Values::Text { codes, dictionary } => {
                    let mut codes = codes.clone();
                    codes.sort_unstable();
                    codes.dedup();
                    codes.iter().filter_map(|&code| dictionary.get(code as usize).cloned()).collect()
                }
                _ => (0..values.len()).filter_map(|row| text(&values, row)).collect(),
            };
            names.dedup();
            for name in names {
                intake.place_of(name.as_bytes()).map_err(|line| of_columns(path, line))?;
            }
        }
    }
    Ok(())
}

/// What a table says of itself.
pub(super) struct Glance {
    /// Whether it is of one stock.
    pub(super) is_single: bool,
    /// The number of its rows.
    pub(super) rows: u64,
    /// Of each group of rows its first day and its last, in days since 1970, and its rows; nothing where they
    /// are not known of all.
    pub(super) groups: Option<Vec<([i64; 2], u64)>>,
}

/// What a table says of itself, in its footer.
pub(super) fn glance(path: &Path, stock: &str, options: &LoadOptions) -> Option<Glance> {
    let opened = Opened::at(path, stock, &options.table).ok()?;
    let groups = opened.table.row_groups().iter().enumerate().filter(|(_, group)| group.rows > 0);
    let groups = groups.map(|(number, group)| Some((opened.days(number)?, group.rows as u64))).collect();
    let is_single = matches!(opened.columns.shape, Shape::Single { .. });
    Some(Glance { is_single, rows: opened.table.rows(), groups })
}

/// The bytes of each group of rows that is read of a table, by number.
pub(super) fn ranges(
    path: &Path,
    stock: &str,
    options: &LoadOptions,
    wanted: Wanted,
) -> Option<Vec<(u32, Range<u64>)>> {
    let opened = Opened::at(path, stock, &options.table).ok()?;
    let groups = opened.groups(options, wanted).into_iter();
    groups.map(|group| Some((group as u32, opened.table.range(group)?))).collect()
}

/// The zones of a table: the panel's is that in which its times were shown, where nothing else is said.
fn zones_of(table: &ColumnFile, columns: &Columns, zones: &Zones) -> Result<Zones, FileProblem> {
    let stamp = match columns.when {
        When::Together(stamp) => stamp,
        When::Apart { .. } => return Ok(zones.clone()),
    };
    match &table.columns()[stamp].kind {
        Kind::Time { utc: true, zone: Some(zone) } if zones.panel.is_none() => {
            let shown = by_name(zone).ok_or_else(|| FileProblem::UnknownZone(zone.clone()))?;
            Ok(Zones { panel: Some(shown), ..zones.clone() })
        }
        _ => Ok(zones.clone()),
    }
}

/// A zone by its name, or by an offset such as `-05:00`.
fn by_name(name: &str) -> Option<TimeZone> {
    let offset = || {
        let sign = match name.as_bytes().first()? {
            b'+' => 1,
            b'-' => -1,
            _ => return None,
        };
        let (hours, minutes) = name[1..].split_once(':').or_else(|| name[1..].split_at_checked(2))?;
        let number = |text: &str| text.parse::<u8>().ok().map(i32::from);
        let minutes = number(hours)? * 60 + number(minutes)?;
        Offset::from_seconds(sign * minutes * 60).ok().map(TimeZone::fixed)
    };
    offset().or_else(|| TimeZone::get(name).ok())
}

/// Takes rows out of decoded columns.
pub(super) struct Rows<'a, 'b> {
    columns: Columns,
    clock: Clock,
    /// Whether points in time are counted in UTC.
    is_instant: bool,
    intake: &'a mut Intake<'b>,
    /// Of a wide table, the place of each stock; of one stock, its own.
    places: Vec<usize>,
    /// The columns that are decoded: those of times, of stocks, of prices, of filters.
    needed: Vec<usize>,
    options: &'a TableOptions,
}

impl<'a, 'b> Rows<'a, 'b> {
    /// For a table of these columns; `is_instant` says whether points in time are counted in UTC.
    pub(super) fn new(
        columns: Columns,
        clock: Clock,
        is_instant: bool,
        intake: &'a mut Intake<'b>,
        options: &'a TableOptions,
    ) -> Self {
        Self { columns, clock, is_instant, intake, places: Vec::new(), needed: Vec::new(), options }
    }

    /// The columns that [`Self::take`] takes, by number, once they are known.
    pub(super) fn needed(&self) -> &[usize] {
        &self.needed
    }

    /// Finds out which columns are needed, and the places of their stocks.
    pub(super) fn prepare(&mut self, stock: &str) -> Result<(), LineProblem> {
        match self.columns.when {
            When::Apart { date, time } => self.needed.extend([date, time]),
            When::Together(stamp) => self.needed.push(stamp),
        }
        match &self.columns.shape {
            Shape::Single { price } => {
                self.places.push(self.intake.add_only(stock, 0));
                self.needed.push(*price);
            }
            Shape::Long { stock, price } => self.needed.extend([*stock, *price]),
            Shape::Wide(stocks) => {
                for (column, name) in stocks {
                    let place = self.intake.place_of(name.as_bytes())?;
                    if self.places.contains(&place) {
                        return Err(LineProblem::RepeatedColumn { what: "stock", columns: name.clone() });
                    }
                    // Columns of stocks that are not wanted are not decoded.
                    if self.intake.wants(place) {
                        self.places.push(place);
                        self.needed.push(*column);
                    }
                }
            }
        }
        self.needed.extend(&self.columns.filters);
        Ok(())
    }

    /// Takes the rows of some decoded columns. An error comes with its row.
    pub(super) fn take(&mut self, batch: &[ColumnValues]) -> Result<(), (usize, Fault)> {
        let Self { columns, clock, is_instant, intake, places, options, .. } = self;
        let (when, rest) = batch.split_at(match columns.when {
            When::Apart { .. } => 2,
            When::Together(_) => 1,
        });
        let (prices, filters) = rest.split_at(rest.len() - columns.filters.len());
        let filters: Vec<Vec<bool>> = options
            .filters
            .iter()
            .zip(filters)
            .map(|(filter, values)| kept(values, |text| filter.keeps(text.as_bytes())))
            .collect();
        let skips = intake.skips_missing();
        // Of each text of the dictionary, the stock's place once it came.
        let mut places_of_codes: Vec<Option<usize>> = match prices.first().map(|values| &values.values) {
            Some(Values::Text { dictionary, .. }) => vec![None; dictionary.len()],
            _ => Vec::new(),
        };
        let runs = Runs::of(when, prices, &filters, *is_instant);
        let mut times = Vec::new();
        let (mut next, rows) = (0, batch.first().map_or(0, ColumnValues::len));
        while next < rows {
            let row = next;
            next += 1;
            let at = |problem: LineProblem| (row, Fault::Row(problem));
            if filters.iter().any(|kept| !kept[row]) {
                intake.steps.filtered += 1;
                continue;
            }
            if let Shape::Wide(_) = columns.shape {
                let (date, time) = moment(when, row, clock, *is_instant).map_err(at)?;
                for (place, values) in places.iter().zip(prices) {
                    match price(values, row, options.decimal_comma).map_err(at)? {
                        None if skips => intake.steps.counts.missing += 1,
                        None => return Err(at(LineProblem::NotFinite("\"\"".into()))),
                        Some(price) => {
                            intake.push(*place, date, time, price).map_err(|fault| (row, fault))?;
                        }
                    }
                }
                continue;
            }
            let place = match (&columns.shape, prices) {
                (Shape::Long { .. }, [stocks, _]) => match &stocks.values {
                    Values::Text { codes, dictionary } => {
                        let code = codes[row] as usize;
                        match places_of_codes.get(code).copied().flatten() {
                            Some(place) => place,
                            None => {
                                let name = if codes[row] == NO_TEXT { "" } else { &*dictionary[code] };
                                let place = intake.place_of(name.as_bytes()).map_err(at)?;
                                if let Some(known) = places_of_codes.get_mut(code) {
                                    *known = Some(place);
                                }
                                place
                            }
                        }
                    }
                    _ => {
                        let name = text(stocks, row).unwrap_or_default();
                        intake.place_of(name.as_bytes()).map_err(at)?
                    }
                },
                _ => places[0],
            };
            if !intake.wants(place) {
                continue;
            }
            let Some(values) = prices.last() else { continue };
            match price(values, row, options.decimal_comma).map_err(at)? {
                None if skips => intake.steps.counts.missing += 1,
                None => return Err(at(LineProblem::NotFinite("\"\"".into()))),
                Some(price) => {
                    let (date, time) = moment(when, row, clock, *is_instant).map_err(at)?;
                    let Some(runs) = &runs else {
                        intake.push(place, date, time, price).map_err(|fault| (row, fault))?;
                        continue;
                    };
                    let prices = runs.from(row, time, clock, &mut times);
                    let pushed = intake.push_run(place, date, &times, prices);
                    pushed.map_err(|(behind, fault)| (row + behind, fault))?;
                    next = row + times.len();
                }
            }
        }
        Ok(())
    }
}

/// The rows of a table that are taken many at a time: with points in time and prices that are all there, of
/// one stock or with codes of stocks.
struct Runs<'a> {
    stamps: &'a [i64],
    is_instant: bool,
    codes: Option<&'a [u32]>,
    prices: &'a [f64],
}

impl<'a> Runs<'a> {
    fn of(
        when: &'a [ColumnValues],
        prices: &'a [ColumnValues],
        filters: &[Vec<bool>],
        is_instant: bool,
    ) -> Option<Self> {
        let ([stamps], [stocks @ .., prices]) = (when, prices) else { return None };
        let (Values::Time(of_time), Values::Number(numbers)) = (&stamps.values, &prices.values) else {
            return None;
        };
        let codes = match stocks {
            [] => None,
            [ColumnValues { values: Values::Text { codes, .. }, .. }] => Some(&**codes),
            _ => return None,
        };
        let all = filters.is_empty() && stamps.valid.is_none() && prices.valid.is_none();
        all.then_some(Self { stamps: of_time, is_instant, codes, prices: numbers })
    }

    /// The times and the prices from this row on that are of its stock and day; of the row itself the time is
    /// given.
    fn from(&self, row: usize, time: u64, clock: &Clock, times: &mut Vec<u64>) -> &'a [f64] {
        times.clear();
        times.push(time);
        let Some((least, most)) = clock.span(self.stamps[row], time, self.is_instant) else {
            return &self.prices[row..=row];
        };
        let midnight = self.stamps[row].wrapping_sub(time as i64);
        let is_like = |row: &usize| {
            let (stamp, price) = (self.stamps[*row], self.prices[*row]);
            (least..most).contains(&stamp)
                && price > 0.0
                && price < f64::INFINITY
                && self.codes.is_none_or(|codes| codes[*row] == codes[*row - 1])
        };
        let rows = self.stamps.len().min(self.prices.len());
        let end = (row + 1..rows).find(|row| !is_like(row)).unwrap_or(rows);
        times.extend(self.stamps[row + 1..end].iter().map(|stamp| stamp.wrapping_sub(midnight) as u64));
        &self.prices[row..end]
    }
}

/// Whether a column has a value in a row.
fn is_there(values: &ColumnValues, row: usize) -> bool {
    values.valid.as_ref().is_none_or(|valid| valid[row])
}

/// A value as the text that a file of text would hold; none where it is missing.
pub(super) fn text(values: &ColumnValues, row: usize) -> Option<String> {
    if !is_there(values, row) {
        return None;
    }
    match &values.values {
        Values::Text { codes, dictionary } => dictionary.get(codes[row] as usize).cloned(),
        Values::Integer(values) => Some(values[row].to_string()),
        Values::Number(values) => Some(values[row].to_string()),
        Values::Date(values) => super::moment::checked_date(values[row].into()).map(|date| date.to_string()),
        _ => None,
    }
}

/// Of each row whether its value, as text, is kept.
pub(super) fn kept(values: &ColumnValues, keeps: impl Fn(&str) -> bool) -> Vec<bool> {
    match &values.values {
        Values::Text { codes, dictionary } => {
            let of_text: Vec<bool> = dictionary.iter().map(|text| keeps(text)).collect();
            let of_none = keeps("");
            codes.iter().map(|&code| of_text.get(code as usize).copied().unwrap_or(of_none)).collect()
        }
        _ => (0..values.len()).map(|row| keeps(&text(values, row).unwrap_or_default())).collect(),
    }
}

/// A price; none where it is missing.
pub(super) fn price(
    values: &ColumnValues,
    row: usize,
    decimal_comma: bool,
) -> Result<Option<f64>, LineProblem> {
    if !is_there(values, row) {
        return Ok(None);
    }
    let price = match &values.values {
        Values::Number(values) => values[row],
        Values::Integer(values) => values[row] as f64,
        Values::Time(_) | Values::TimeOfDay(_) => return Err(LineProblem::Price("\"a time\"".into())),
        _ => {
            let text = text(values, row).unwrap_or_default();
            let text = text.trim_ascii();
            return if field::is_missing(text.as_bytes()) {
                Ok(None)
            } else {
                field::price(text.as_bytes(), decimal_comma).map(Some)
            };
        }
    };
    match price {
        price if price.is_nan() => Ok(None),
        price if price.is_infinite() => Err(LineProblem::NotFinite(price.to_string())),
        price if price <= 0.0 => Err(LineProblem::NotPositive(price.to_string())),
        price => Ok(Some(price)),
    }
}

/// The day and the time of a row. A point in time is an instant, or what a clock showed.
pub(super) fn moment<V: Borrow<ColumnValues>>(
    when: &[V],
    row: usize,
    clock: &mut Clock,
    is_instant: bool,
) -> Result<(Date, u64), LineProblem> {
    if !when.iter().all(|values| is_there(values.borrow(), row)) {
        return Err(LineProblem::Stamp("a missing value".into()));
    }
    match when {
        [stamp] => match &stamp.borrow().values {
            Values::Time(values) => clock.of_nanoseconds(values[row], is_instant),
            _ => clock.stamp(text(stamp.borrow(), row).unwrap_or_default().trim_ascii().as_bytes()),
        },
        [date, time] => {
            let (date, time) = (date.borrow(), time.borrow());
            let date = match &date.values {
                Values::Date(values) => super::moment::checked_date(values[row].into())
                    .ok_or_else(|| LineProblem::ImpossibleDate(values[row].to_string()))?,
                _ => clock.date(text(date, row).unwrap_or_default().trim_ascii().as_bytes())?,
            };
            match &time.values {
                Values::TimeOfDay(values) => clock.at(date, values[row] as u64),
                _ => clock.time_of(date, text(time, row).unwrap_or_default().trim_ascii().as_bytes()),
            }
        }
        _ => Err(LineProblem::Stamp("nothing".into())),
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use proptest::prelude::*;

    use super::super::clean::{Cleaning, Duplicates, Missing};
    use super::super::header::ColumnNames;
    use super::super::intake::Rules;
    use super::super::series::Series;
    use super::super::spool::Store;
    use super::*;

    /// Reads a long table so many rows at a time; a fault with its row.
    fn read(
        batch: &[ColumnValues; 3],
        rows_at_once: usize,
        is_instant: bool,
        rules: &Rules,
        options: &TableOptions,
    ) -> Result<Vec<Series>, String> {
        let (path, store) = (Path::new("A.parquet"), Arc::new(Store::new(u64::MAX)));
        let mut intake = Intake::new(path, rules, &store, None);
        let names = ["timestamp", "stock", "price"].map(str::to_owned).to_vec();
        let columns = Columns::find(names, &ColumnNames::default(), &[], "A").unwrap();
        let clock = Clock::new(None, options.zones.clone());
        let mut rows = Rows::new(columns, clock, is_instant, &mut intake, options);
        rows.prepare("A").unwrap();
        let count = batch[0].len();
        for first in (0..count).step_by(rows_at_once) {
            let part = batch.clone().map(|mut values| {
                let mut part = values.split_off(first);
                part.split_off(rows_at_once.min(count - first));
                part
            });
            rows.take(&part).map_err(|(row, fault)| match fault {
                Fault::Row(line) => format!("row {}: {line}", first + row),
                Fault::Other(error) => error.to_string(),
            })?;
        }
        Ok(intake.finish().unwrap().0.into_iter().map(|kept| kept.series).collect())
    }

    proptest! {
        /// Around midnights and a change of clocks, with ties, steps back, and prices that are missing or
        /// wrong.
        #[test]
        fn rows_taken_together_are_those_taken_one_by_one(
            rows in prop::collection::vec((0_i64..9, 0_u32..12, 0_usize..60), 1..80),
            start in prop::sample::select(vec![0_i64, 3_542_399, 3_628_000, -40]),
            (is_instant, panel, files, skips, ties, holes) in any::<(bool, bool, bool, bool, bool, bool)>(),
        ) {
            // 2007-01-29, or near the end of a day, or of New York's winter time (2007-03-11 07:00 UTC).
            let mut seconds = 1_170_054_000 + start;
            let (mut stamps, mut codes, mut prices) = (vec![], vec![], vec![]);
            for (number, &(step, stock, flaw)) in rows.iter().enumerate() {
                seconds += match flaw {
                    0 => 40_000,
                    1 => -1,
                    _ => step,
                };
                stamps.push(seconds * 1_000_000_000 + number as i64 % 2);
                codes.push(if stock > 2 { codes.last().copied().unwrap_or(0) } else { stock });
                prices.push(match flaw {
                    2 => f64::NAN,
                    3 => 0.0,
                    4 => f64::INFINITY,
                    _ => 10.0 + number as f64,
                });
            }
            let valid = holes.then(|| rows.iter().map(|(_, _, flaw)| *flaw != 5).collect());
            let dictionary = Arc::new(["A", "B", "C"].map(str::to_owned).to_vec());
            let batch = [
                ColumnValues { values: Values::Time(stamps), valid: None },
                ColumnValues { values: Values::Text { codes, dictionary }, valid: None },
                ColumnValues { values: Values::Number(prices), valid },
            ];
            let zone = |name: &str| TimeZone::get(name).unwrap();
            let zones = Zones {
                panel: panel.then(|| zone("America/New_York")),
                files: files.then(|| zone("Europe/Berlin")),
            };
            let options = TableOptions { zones, ..TableOptions::default() };
            let cleaning = Cleaning::default()
                .missing(if skips { Missing::Skip } else { Missing::Error })
                .duplicates(if ties { Duplicates::Last } else { Duplicates::Error });
            let rules = Rules { cleaning, ..Rules::default() };
            let together = read(&batch, usize::MAX, is_instant, &rules, &options);
            prop_assert_eq!(&together, &read(&batch, 1, is_instant, &rules, &options));
            prop_assert_eq!(&together, &read(&batch, 7, is_instant, &rules, &options));
        }
    }
}
