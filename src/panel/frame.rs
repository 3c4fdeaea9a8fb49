//! Tables in memory, read by the same rules as files: a column of times and one of prices, with or without a
//! column of stocks, or a column of prices for each stock.
//!
//! A frame goes the way of a file from its header on ([`super`]). A fault is told with the row, counted from
//! 0, and with the column. Returns that someone has taken already come without the way: they are put together
//! by day, and are neither cleaned, nor sampled, nor aligned.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use jiff::civil::Date;
use jiff::tz::TimeZone;
use ndarray::Array2;

use super::align::Align;
use super::clean::{Cleaning, Missing};
use super::columnar::{self, Rows};
use super::error::{LineProblem, PanelError};
use super::header::{self, Columns, Shape, When};
use super::intake::{Fault, Intake, Rules, Steps};
use super::moment::{Clock, Zones};
use super::options::LoadOptions;
use super::parquet::{ColumnValues, Values};
use super::read::{GRID_BYTES, Held, Read};
use super::select::{check_stocks, restrict};
use super::series::{Kept, Series, Ticks};
use super::spool::{Store, TICK_BYTES};
use super::{DayReturns, Returns, Stocks};
use crate::error::{Error, Result};
use crate::jobs::Jobs;

/// A table in memory: named columns of as many rows each.
///
/// # Examples
///
/// ```
/// # use bellwether::jobs::Jobs;
/// # use bellwether::panel::{Frame, FrameColumn, LoadOptions, PanelReader, parquet::Values};
/// let minute = 60_000_000_000;
/// let times = Values::Time(vec![0, minute, 2 * minute]);
/// let columns = vec![
///     FrameColumn::new("time", times),
///     FrameColumn::new("AXP", Values::Number(vec![60.0, 60.5, 60.25])),
///     FrameColumn::new("BA", Values::Number(vec![89.0, 89.5, 88.75])),
/// ];
/// let frame = Frame::new("prices", columns)?;
/// let jobs = Jobs::new();
/// let mut panel = PanelReader::of_frame(frame, &LoadOptions::default(), u64::MAX, &jobs)?;
/// let days = panel.next_returns(&jobs)?.unwrap();
/// assert_eq!(panel.stocks(), ["AXP", "BA"]);
/// assert_eq!(days[0].returns.dim(), (2, 2));
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Frame {
    /// For messages, and the stock of a frame that names none.
    name: String,
    columns: Vec<FrameColumn>,
    /// Whether all columns but the first are of stocks, whatever they are called.
    wide: bool,
}

/// A column of a [`Frame`].
#[derive(Debug, Clone)]
pub struct FrameColumn {
    name: String,
    values: ColumnValues,
    /// Of points in time, whether they are counted in UTC, and the zone in which they are shown.
    utc: bool,
    zone: Option<TimeZone>,
}

impl FrameColumn {
    /// A column of this name. Points in time are what a clock showed, counted from 1970 as if it were of UTC.
    pub fn new(name: impl Into<String>, values: Values) -> Self {
        let values = ColumnValues { values, valid: None };
        Self { name: name.into(), values, utc: false, zone: None }
    }

    /// The same where the rows of which `valid` is false have no value; as many as there are rows.
    pub fn valid(mut self, valid: Vec<bool>) -> Self {
        self.values.valid = valid.contains(&false).then_some(valid);
        self
    }

    /// The same of points in time proper, counted in UTC and shown in a `zone`, if any: the panel's clock is
    /// of that one, where no other is asked for.
    pub fn instants(self, zone: Option<TimeZone>) -> Self {
        Self { utc: true, zone, ..self }
    }

    /// The number of rows; none where the list of valid ones is of another number.
    fn rows(&self) -> Option<usize> {
        let rows = self.values.len();
        self.values.valid.as_ref().is_none_or(|valid| valid.len() == rows).then_some(rows)
    }
}

impl Frame {
    /// A table of these columns. Its `name` is for messages, and that of the stock where no column names any.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where columns have different numbers of rows.
    pub fn new(name: impl Into<String>, columns: Vec<FrameColumn>) -> Result<Self> {
        let rows = columns.first().and_then(FrameColumn::rows);
        if let Some(other) = columns.iter().find(|column| column.rows().is_none() || column.rows() != rows) {
            return Err(Error::Parameter {
                name: "the number of rows",
                value: format!("{} in column {:?}", other.values.len(), other.name),
                requirement: format!("it must be that of the other columns, {}", rows.unwrap_or(0)),
            });
        }
        Ok(Self { name: name.into(), columns, wide: false })
    }

    /// The same with a stock for each column but the first, whatever they are called; the first has the
    /// times.
    pub fn wide(self) -> Self {
        Self { wide: true, ..self }
    }

    fn path(&self) -> &Path {
        Path::new(&self.name)
    }

    fn rows(&self) -> usize {
        self.columns.first().map_or(0, |column| column.values.len())
    }

    /// Which columns hold what, and how times are read.
    fn understood(&self, options: &LoadOptions) -> Result<(Columns, Clock, bool)> {
        let names: Vec<String> = self.columns.iter().map(|column| column.name.clone()).collect();
        let columns = match self.wide {
            true if names.len() > 1 && options.table.filters.is_empty() => all_stocks(names),
            _ => self.found(names, options).map_err(|problem| self.table(problem))?,
        };
        let (utc, zone) = match columns.when {
            When::Together(stamp) => (self.columns[stamp].utc, self.columns[stamp].zone.clone()),
            When::Apart { .. } => (false, None),
        };
        let zones = &options.table.zones;
        let zones = Zones { panel: zones.panel.clone().or(zone), ..zones.clone() };
        let clock = Clock::new(options.table.date_format.clone(), zones);
        if self.rows() == 0 {
            return Err(PanelError::EmptyTable { table: self.name.clone() }.into());
        }
        Ok((columns, clock, utc))
    }

    /// The columns by their names. Prices of stocks that are called like other quantities (LOW, OPEN) behind
    /// a column of time stamps are told from those by their capital letters.
    fn found(&self, names: Vec<String>, options: &LoadOptions) -> Result<Columns, LineProblem> {
        let all = || {
            let is_time = |first: &FrameColumn| matches!(first.values.values, Values::Time(_));
            self.columns.first().is_some_and(is_time)
                && names.len() > 1
                && options.table.columns.is_empty()
                && options.table.filters.is_empty()
                && names[1..].iter().all(|name| header::is_ticker(name))
        };
        let tables = &options.table;
        // At the end of a file's lines it is a separator too many; here it is a column.
        if names.iter().skip(1).any(String::is_empty) {
            return Err(LineProblem::EmptyStock);
        }
        match Columns::find(names.clone(), &tables.columns, &tables.filters, &self.name) {
            Err(LineProblem::MissingColumn { missing: "price", .. }) if all() => Ok(all_stocks(names)),
            found => found,
        }
    }

    fn table(&self, problem: LineProblem) -> Error {
        PanelError::Columns { table: self.name.clone(), problem }.into()
    }

    fn at(&self, columns: &Columns, row: usize, column: Option<usize>, problem: LineProblem) -> Error {
        let column = column.unwrap_or_else(|| blamed(columns, &problem));
        let name = columns.names.get(column).cloned().unwrap_or_default();
        PanelError::Row { table: self.name.clone(), row, column: name, problem: Box::new(problem) }.into()
    }

    /// Reads the frame into the series of its stocks.
    pub(super) fn read(mut self, options: &LoadOptions, room: u64, jobs: &Jobs) -> Result<Read> {
        let wanted = options.stocks.as_deref().filter(|stocks| !stocks.is_empty());
        let sampling = options.sampling()?;
        let rules = Rules { cleaning: options.cleaning.clone(), sampling, sort: options.sort };
        let store = Arc::new(Store::new(room / (TICK_BYTES + GRID_BYTES) * TICK_BYTES));
        let (columns, clock, utc) = self.understood(options)?;
        let understood = format!("{}: {}", self.name, columns.described());
        let bytes = self.columns.len() as u64 * self.rows() as u64 * 8;
        let (stocks, names, steps) = match &columns.shape {
            Shape::Wide(stocks) => {
                let rows = WideRows::of(&self, &columns, stocks, clock, utc, options)?;
                rows.read(&rules, &store, wanted, jobs)?
            }
            _ => {
                let path = PathBuf::from(&self.name);
                let mut intake = Intake::new(&path, &rules, &store, wanted);
                let mut rows = Rows::new(columns.clone(), clock, utc, &mut intake, &options.table);
                rows.prepare(&self.name).map_err(|problem| self.table(problem))?;
                let needed = rows.needed().to_vec();
                let batch: Vec<ColumnValues> = (0..needed.len())
                    .map(|number| match needed[number + 1..].contains(&needed[number]) {
                        true => self.columns[needed[number]].values.clone(),
                        false => std::mem::replace(&mut self.columns[needed[number]].values, nothing()),
                    })
                    .collect();
                rows.take(&batch).map_err(|(row, fault)| match fault {
                    Fault::Row(problem) => self.at(&columns, row, None, problem),
                    Fault::Other(error) => error,
                })?;
                intake.finish()?
            }
        };
        check_stocks(wanted, names.iter().map(String::as_str))?;
        Ok(Read {
            stocks: stocks.into_iter().map(Held::Kept).collect(),
            failures: Vec::new(),
            files: 1,
            bytes,
            understood: vec![understood],
            row_groups: 0,
            steps,
            origins: BTreeMap::new(),
        })
    }

    /// The frame's numbers as log returns, each within the day of its time. They are taken as they are:
    /// stocks, days, the columns, zones, the order of the rows and what to do with those without a return are
    /// as in `options`, which must say nothing else.
    ///
    /// # Errors
    ///
    /// [`Error::Panel`] for the first row at fault, or for the frame as a whole; [`Error::Parameter`] where
    /// `options` ask for what is done to prices.
    pub fn returns(self, options: &LoadOptions) -> Result<Returns> {
        refuse_for_returns(options)?;
        let (columns, mut clock, utc) = self.understood(options)?;
        let wanted = options.stocks.as_deref().filter(|stocks| !stocks.is_empty());
        let skips = options.cleaning.missing == Missing::Skip;
        let kept = self.filtered(&columns, options);
        let when = self.when(&columns);
        // Of each row and stock: day, time, return.
        let mut rows: BTreeMap<String, Vec<(Date, u64, f64, usize)>> = BTreeMap::new();
        for row in (0..self.rows()).filter(|&row| kept.as_ref().is_none_or(|kept| kept[row])) {
            let cells: Vec<(usize, String)> = match &columns.shape {
                Shape::Wide(stocks) => stocks.clone(),
                Shape::Single { price } => vec![(*price, self.name.clone())],
                Shape::Long { stock, price } => {
                    let name = columnar::text(&self.columns[*stock].values, row).unwrap_or_default();
                    if name.is_empty() {
                        return Err(self.at(&columns, row, None, LineProblem::EmptyStock));
                    }
                    vec![(*price, name)]
                }
            };
            let moment = columnar::moment(&when, row, &mut clock, utc);
            let (date, time) = moment.map_err(|problem| self.at(&columns, row, None, problem))?;
            for (column, stock) in cells {
                let found = number(&self.columns[column].values, row);
                match found.map_err(|problem| self.at(&columns, row, Some(column), problem))? {
                    None if skips => drop(rows.entry(stock).or_default()),
                    None => {
                        let problem = LineProblem::Return("NaN".into());
                        return Err(self.at(&columns, row, Some(column), problem));
                    }
                    Some(value) => rows.entry(stock).or_default().push((date, time, value, row)),
                }
            }
        }
        check_stocks(wanted, rows.keys().map(String::as_str))?;
        rows.retain(|stock, _| wanted.is_none_or(|wanted| wanted.contains(stock)));
        let mut series = Vec::with_capacity(rows.len());
        for (stock, mut rows) in rows {
            if options.sort {
                rows.sort_by_key(|&(date, time, ..)| (date, time));
            }
            let mut one = Series::new(stock, rows.len());
            for (date, time, value, row) in rows {
                one.push(date, time, value).map_err(|problem| self.at(&columns, row, None, problem))?;
            }
            series.push(one);
        }
        restrict(&mut series, options.from, options.to)?;
        let days = days_of(&series);
        if days.is_empty() {
            return Err(PanelError::NoDays { why: "there are no returns".into() }.into());
        }
        Ok(Returns { stocks: series.into_iter().map(|series| series.stock).collect(), days })
    }

    /// The columns of times.
    fn when(&self, columns: &Columns) -> Vec<&ColumnValues> {
        let numbers = match columns.when {
            When::Apart { date, time } => vec![date, time],
            When::Together(stamp) => vec![stamp],
        };
        numbers.into_iter().map(|number| &self.columns[number].values).collect()
    }

    /// Which rows pass the filters; none where there are no filters.
    fn filtered(&self, columns: &Columns, options: &LoadOptions) -> Option<Vec<bool>> {
        let mut all: Option<Vec<bool>> = None;
        for (filter, &column) in options.table.filters.iter().zip(&columns.filters) {
            let keeps = |text: &str| filter.keeps(text.as_bytes());
            let kept = columnar::kept(&self.columns[column].values, keeps);
            all = Some(match all {
                None => kept,
                Some(all) => all.into_iter().zip(kept).map(|(one, other)| one && other).collect(),
            });
        }
        all
    }
}

/// A column of time stamps, and one for each stock.
fn all_stocks(names: Vec<String>) -> Columns {
    let stocks = names.iter().cloned().enumerate().skip(1).collect();
    let (when, shape, filters) = (When::Together(0), Shape::Wide(stocks), Vec::new());
    Columns { when, shape, filters, count: names.len(), names }
}

/// No column.
fn nothing() -> ColumnValues {
    ColumnValues { values: Values::Number(Vec::new()), valid: None }
}

/// The column that a problem is about.
fn blamed(columns: &Columns, problem: &LineProblem) -> usize {
    use LineProblem::{DecimalComma, EmptyStock, NotFinite, NotPositive, Price, Return, StockName};
    let when = match columns.when {
        When::Apart { time, .. } => time,
        When::Together(stamp) => stamp,
    };
    match (problem, &columns.shape) {
        (EmptyStock | StockName(_), Shape::Long { stock, .. }) => *stock,
        (
            Price(_) | NotFinite(_) | NotPositive(_) | DecimalComma(_) | Return(_),
            Shape::Long { price, .. } | Shape::Single { price },
        ) => *price,
        _ => when,
    }
}

/// What is done to prices, and can't be to returns.
fn refuse_for_returns(options: &LoadOptions) -> Result<()> {
    let LoadOptions { align, every, subsample, cleaning, .. } = options;
    let plain = Cleaning { missing: cleaning.missing, ..Cleaning::default() };
    for (name, given) in [
        ("every", every.is_some()),
        ("subsample", subsample.is_some()),
        ("session", cleaning.session.is_some()),
        ("outliers", cleaning.outliers.is_some()),
        ("half_days", cleaning.half_days != plain.half_days),
        ("duplicates", cleaning.duplicates != plain.duplicates),
        ("align", !matches!(align, Align::None | Align::Exact)),
    ] {
        if given {
            return Err(Error::Parameter {
                name,
                value: "given".into(),
                requirement: "returns are taken as they are; leave it out, or give the prices".into(),
            });
        }
    }
    Ok(())
}

/// A number; none where it is missing.
fn number(values: &ColumnValues, row: usize) -> Result<Option<f64>, LineProblem> {
    if values.valid.as_ref().is_some_and(|valid| !valid[row]) {
        return Ok(None);
    }
    let value = match &values.values {
        Values::Number(values) => values[row],
        Values::Integer(values) => values[row] as f64,
        _ => return Err(LineProblem::Return(columnar::text(values, row).unwrap_or_default())),
    };
    match value {
        value if value.is_nan() => Ok(None),
        value if value.is_infinite() => Err(LineProblem::Return(value.to_string())),
        value => Ok(Some(value)),
    }
}

/// The days of returns, those of stocks that have equally many together.
fn days_of(series: &[Series]) -> Vec<DayReturns> {
    let mut dates: BTreeMap<Date, Vec<(usize, Ticks<'_>)>> = BTreeMap::new();
    for (number, series) in series.iter().enumerate() {
        for day in &series.days {
            dates.entry(day.date).or_default().push((number, series.ticks(day)));
        }
    }
    let mut days = Vec::with_capacity(dates.len());
    for (date, stocks) in dates {
        let mut groups: Vec<Vec<(usize, Ticks<'_>)>> = Vec::new();
        for one in stocks {
            match groups.iter_mut().find(|group| group[0].1.times.len() == one.1.times.len()) {
                Some(group) => group.push(one),
                None => groups.push(vec![one]),
            }
        }
        days.extend(groups.into_iter().map(|group| {
            let times = group[0].1.times;
            let shares_times = group.iter().all(|(_, ticks)| ticks.times == times);
            let value = |(row, column): (usize, usize)| group[column].1.prices[row];
            let returns = Array2::from_shape_fn((times.len(), group.len()), value);
            let numbers = group.iter().map(|(number, _)| *number).collect();
            let stocks = Stocks::of_sorted(numbers, series.len());
            DayReturns { date, stocks, shares_times, grids: 1, returns }
        }));
    }
    days
}

/// The rows of a table with a column for each stock: their times, decoded once.
struct WideRows<'a> {
    frame: &'a Frame,
    columns: &'a Columns,
    stocks: &'a [(usize, String)],
    /// Of the rows that pass the filters: their numbers, days and times.
    moments: Vec<(usize, Date, u64)>,
    filtered: u64,
    decimal_comma: bool,
}

impl<'a> WideRows<'a> {
    fn of(
        frame: &'a Frame,
        columns: &'a Columns,
        stocks: &'a [(usize, String)],
        mut clock: Clock,
        utc: bool,
        options: &LoadOptions,
    ) -> Result<Self> {
        for (number, (_, name)) in stocks.iter().enumerate() {
            let problem = match name {
                name if name.is_empty() => LineProblem::EmptyStock,
                name if name.contains(char::is_control) => LineProblem::StockName(format!("{name:?}")),
                name if stocks[..number].iter().any(|(_, other)| other == name) => {
                    LineProblem::RepeatedColumn { what: "stock", columns: name.clone() }
                }
                _ => continue,
            };
            return Err(frame.table(problem));
        }
        let kept = frame.filtered(columns, options);
        let when = frame.when(columns);
        let mut moments = Vec::with_capacity(frame.rows());
        for row in (0..frame.rows()).filter(|&row| kept.as_ref().is_none_or(|kept| kept[row])) {
            let (date, time) = columnar::moment(&when, row, &mut clock, utc)
                .map_err(|problem| frame.at(columns, row, None, problem))?;
            moments.push((row, date, time));
        }
        let filtered = (frame.rows() - moments.len()) as u64;
        let decimal_comma = options.table.decimal_comma;
        Ok(Self { frame, columns, stocks, moments, filtered, decimal_comma })
    }

    /// The series of the stocks that are wanted, each a job.
    fn read(
        &self,
        rules: &Rules,
        store: &Arc<Store>,
        wanted: Option<&[String]>,
        jobs: &Jobs,
    ) -> Result<(Vec<Kept>, Vec<String>, Steps)> {
        let is_wanted = |name: &String| wanted.is_none_or(|wanted| wanted.contains(name));
        let stocks = self.stocks.iter().filter(|(_, name)| is_wanted(name));
        let read = jobs.map(stocks, |(column, name)| {
            let mut intake = Intake::new(self.frame.path(), rules, store, None);
            let place = intake.add_only(name, self.moments.len());
            let values = &self.frame.columns[*column].values;
            for &(row, date, time) in &self.moments {
                let at = |problem| Box::new((row, *column, Fault::Row(problem)));
                match columnar::price(values, row, self.decimal_comma).map_err(at)? {
                    None if rules.cleaning.missing == Missing::Skip => intake.steps.counts.missing += 1,
                    None => return Err(at(LineProblem::NotFinite("\"\"".into()))),
                    Some(price) => {
                        let pushed = intake.push(place, date, time, price);
                        pushed.map_err(|fault| Box::new((row, *column, fault))).map(drop)?;
                    }
                }
            }
            intake.finish().map_err(|error| Box::new((usize::MAX, *column, Fault::Other(error))))
        });
        let (mut kept, mut steps) = (Vec::new(), Steps::default());
        let mut first: Option<Box<(usize, usize, Fault)>> = None;
        for job in read {
            match job.result {
                Ok((stocks, _, done)) => {
                    kept.extend(stocks);
                    steps.add(done);
                }
                Err(crate::jobs::Failure::Error(fault)) => {
                    if first.as_ref().is_none_or(|first| fault.0 < first.0) {
                        first = Some(fault);
                    }
                }
                Err(crate::jobs::Failure::Panic(why)) => {
                    return Err(Error::Job { what: format!("reading {}", self.frame.name), why });
                }
            }
        }
        steps.filtered += self.filtered;
        match first.map(|first| *first) {
            None => Ok((kept, self.stocks.iter().map(|(_, name)| name.clone()).collect(), steps)),
            Some((_, _, Fault::Other(error))) => Err(error),
            Some((row, column, Fault::Row(problem))) => {
                use LineProblem::{DecimalComma, NotFinite, NotPositive, Price};
                let is_price = matches!(problem, Price(_) | NotFinite(_) | NotPositive(_) | DecimalComma(_));
                Err(self.frame.at(self.columns, row, is_price.then_some(column), problem))
            }
        }
    }
}
