//! The rows of a text file: of one stock, of several in a column of their own, or with a column for each.

use std::path::Path;

use super::error::{FileProblem, LineProblem, PanelError};
use super::field;
use super::header::{self, Columns, Shape, When};
use super::intake::{Fault, Intake};
use super::moment::Clock;
use super::options::TableOptions;
use super::repeats::Pattern;
use super::text::{self, COMMENT, Lines, Splitter};
use crate::error::Result;

/// How a file writes its rows: what must be known to read on amid it.
#[derive(Debug, Clone)]
pub(super) struct Layout {
    pub(super) columns: Columns,
    pub(super) clock: Clock,
    separator: u8,
}

impl Layout {
    /// What was understood of the file, in a few words.
    pub(super) fn described(&self) -> String {
        let separator = match self.separator {
            b',' => String::new(),
            b'\t' => "; separated by tabs".to_owned(),
            other => format!("; separated by '{}'", char::from(other)),
        };
        let zones = self.clock.described().map_or(String::new(), |zones| format!(" ({zones})"));
        let columns = self.columns.described();
        // The zone belongs to the time.
        let columns = match columns.find("time") {
            Some(at) if !zones.is_empty() => {
                let end = columns[at..].find(',').map_or(columns.len(), |comma| at + comma);
                format!("{}{zones}{}", &columns[..end], &columns[end..])
            }
            _ => columns,
        };
        let header = if self.columns.names.is_empty() { " (no header)" } else { "" };
        format!("{columns}{header}{separator}")
    }
}

/// Reads a file's text, some whole lines at a time.
pub(super) struct Parser<'a> {
    /// For messages.
    path: &'a Path,
    /// The stock of a file that names none.
    stock: &'a str,
    options: &'a TableOptions,
    splitter: Splitter,
    layout: Layout,
    /// About how many rows there may be.
    rows: usize,
    /// The places of a wide table's stocks, or of the only one.
    places: Vec<usize>,
    /// Whether the first line was seen, that is no comment.
    begun: bool,
    /// Whether there was a row.
    has_rows: bool,
    /// Rows that were taken apart since one last repeated another.
    apart: u32,
    /// Lines and bytes so far.
    lines: u64,
    bytes: u64,
    /// Where the first row of each day begins, in bytes, of a file of one stock.
    starts: Vec<u64>,
}

impl<'a> Parser<'a> {
    /// For the text of a file from its beginning on.
    pub(super) fn new(path: &'a Path, stock: &'a str, options: &'a TableOptions) -> Self {
        let clock = Clock::new(options.date_format.clone(), options.zones.clone());
        Self {
            path,
            stock,
            options,
            splitter: Splitter::new(b','),
            layout: Layout { columns: Columns::plain(), clock, separator: b',' },
            rows: 0,
            places: Vec::new(),
            begun: false,
            has_rows: false,
            apart: 0,
            lines: 0,
            bytes: 0,
            starts: Vec::new(),
        }
    }

    /// With room for the rows of a file of so many bytes, if it is of one stock.
    pub(super) fn room_for(self, bytes: u64) -> Self {
        const SHORT_ROW: u64 = 16;
        Self { rows: (bytes / SHORT_ROW) as usize, ..self }
    }

    /// For rows from amid a file of one stock, which are written in this way.
    pub(super) fn amid(
        path: &'a Path,
        stock: &'a str,
        options: &'a TableOptions,
        layout: &Layout,
        intake: &mut Intake<'_>,
    ) -> Self {
        let places = vec![intake.add_only(stock, 0)];
        let splitter = Splitter::new(layout.separator);
        Self { layout: layout.clone(), splitter, begun: true, places, ..Self::new(path, stock, options) }
    }

    /// Reads more of the text.
    pub(super) fn feed(&mut self, text: &[u8], intake: &mut Intake<'_>) -> Result<()> {
        let path = self.path;
        let at = |line, problem| PanelError::Line { path: path.to_path_buf(), line, problem };
        text::check(path, text, self.lines)?;
        let mut lines = Lines::after(self.bytes, self.lines, text);
        if !self.begun {
            self.begin(&mut lines, intake).map_err(|(line, problem)| at(line, problem))?;
        }
        let end = self.bytes + text.len() as u64;
        loop {
            let start = end - lines.rest.len() as u64;
            let Some(line) = lines.next() else { break };
            self.has_rows = true;
            let begins = self.row(line, intake).map_err(|fault| match fault {
                Fault::Row(problem) => at(lines.number, problem).into(),
                Fault::Other(error) => error,
            })?;
            if begins {
                self.starts.push(start);
            }
            self.repeats(line, &mut lines, end, intake).map_err(|(line, fault)| match fault {
                Fault::Row(problem) => at(line, problem).into(),
                Fault::Other(error) => error,
            })?;
        }
        self.lines = lines.number;
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// Looks at the first line that is neither blank nor a comment: at the separator, and whether it is a
    /// header. A comment is a header too if it names all columns that are needed.
    fn begin(&mut self, lines: &mut Lines<'_>, intake: &mut Intake<'_>) -> Result<(), (u64, LineProblem)> {
        let TableOptions { separator, columns: wanted, filters, .. } = self.options;
        lines.with_comments = true;
        loop {
            let mut ahead = lines.clone();
            let Some(line) = ahead.next() else { break };
            let number = ahead.number;
            let at = |problem| (number, problem);
            let comment = line.strip_prefix(COMMENT);
            let line = comment.unwrap_or(line);
            let separator = separator.unwrap_or_else(|| text::separator_of(line));
            let mut splitter = Splitter::new(separator);
            if comment.is_some() {
                let found =
                    header::is_header(line, &mut splitter).then(|| splitter.split(line).map(header::names));
                let found = found.and_then(Result::ok);
                let found = found.and_then(|names| Columns::find(names, wanted, filters, self.stock).ok());
                *lines = ahead;
                // One that is all of a wide table's header could be any remark.
                let Some(columns) = found.filter(|columns| !matches!(columns.shape, Shape::Wide(_))) else {
                    continue;
                };
                self.layout.columns = columns;
            } else {
                let by_number = !wanted.is_empty() && wanted.are_numbers();
                if !by_number && (!wanted.is_empty() || header::is_header(line, &mut splitter)) {
                    lines.next();
                    let names = header::names(splitter.split(line).map_err(at)?);
                    self.layout.columns = Columns::find(names, wanted, filters, self.stock).map_err(at)?;
                } else {
                    let count = splitter.split(line).map_err(at)?.count();
                    self.layout.columns = Columns::without_header(count, wanted, filters).map_err(at)?;
                }
            }
            self.begun = true;
            (self.layout.separator, self.splitter) = (separator, splitter);
            self.places = match &self.layout.columns.shape {
                Shape::Single { .. } => vec![intake.add_only(self.stock, self.rows)],
                Shape::Long { .. } => Vec::new(),
                Shape::Wide(stocks) => {
                    let place = |(_, name): &(usize, String)| intake.place_of(name.as_bytes());
                    let places: Vec<usize> =
                        stocks.iter().map(place).collect::<Result<_, _>>().map_err(at)?;
                    if let Some(number) =
                        (1..places.len()).find(|&number| places[..number].contains(&places[number]))
                    {
                        return Err(at(LineProblem::RepeatedColumn {
                            what: "stock",
                            columns: stocks[number].1.clone(),
                        }));
                    }
                    places
                }
            };
            break;
        }
        lines.with_comments = false;
        Ok(())
    }

    /// Reads a row of any kind, and finds whatever is wrong with it. Returns whether a day begins, of a file
    /// of one stock.
    fn row(&mut self, line: &[u8], intake: &mut Intake<'_>) -> Result<bool, Fault> {
        let Self { layout: Layout { columns, clock, .. }, splitter, options, places, .. } = self;
        let fields = splitter.split(line)?;
        let mut row = Row::default();
        let mut count = 0;
        let (date_column, time_column) = match columns.when {
            When::Apart { date, time } => (date, time),
            When::Together(stamp) => (stamp, stamp),
        };
        let (stock_column, price_column) = match columns.shape {
            Shape::Single { price } => (usize::MAX, price),
            Shape::Long { stock, price } => (stock, price),
            Shape::Wide(_) => (usize::MAX, usize::MAX),
        };
        let mut filtered = false;
        for field in fields.clone() {
            if count == date_column {
                row.date = field;
            }
            if count == time_column {
                row.time = field;
            }
            if count == price_column {
                row.price = field;
            }
            if count == stock_column {
                row.stock = field;
            }
            // There are few, mostly none.
            for (filter, column) in options.filters.iter().zip(&columns.filters) {
                filtered |= count == *column && !filter.keeps(field);
            }
            count += 1;
        }
        if count != columns.count {
            let named = if columns.names.is_empty() { "date, time, price" } else { "as the header has" };
            let names =
                if columns.count == 2 && columns.names.is_empty() { "time stamp, price" } else { named };
            return Err(LineProblem::Columns {
                expected: columns.count,
                separator: match splitter.separator {
                    b',' => "commas".to_owned(),
                    b'\t' => "tabs".to_owned(),
                    other => format!("'{}'", char::from(other)),
                },
                names: names.to_owned(),
                found: count,
            }
            .into());
        }
        if filtered {
            intake.steps.filtered += 1;
            return Ok(false);
        }
        let skips = intake.skips_missing();
        let is_missing = |field: &[u8]| skips && field::is_missing(field);
        if let Shape::Wide(stocks) = &columns.shape {
            let (date, time) = moment(columns, clock, &row)?;
            let mut next = stocks.iter().zip(&*places).peekable();
            for (number, field) in fields.enumerate() {
                let Some(((_, _), place)) = next.next_if(|((column, _), _)| *column == number) else {
                    continue;
                };
                if !intake.wants(*place) {
                    continue;
                }
                if is_missing(field) {
                    intake.steps.counts.missing += 1;
                    continue;
                }
                intake.push(*place, date, time, field::price(field, options.decimal_comma)?)?;
            }
            return Ok(false);
        }
        let place = match columns.shape {
            Shape::Long { .. } => intake.place_of(row.stock)?,
            _ => places[0],
        };
        if !intake.wants(place) {
            return Ok(false);
        }
        if is_missing(row.price) {
            intake.steps.counts.missing += 1;
            return Ok(false);
        }
        let (date, time) = moment(columns, clock, &row)?;
        intake.push(place, date, time, field::price(row.price, options.decimal_comma)?)
    }

    /// Reads the rows that follow `line`, a row, as long as they repeat it but for time, stock and prices.
    /// The lines' text ends after so many bytes of the file. A fault comes with its line.
    fn repeats(
        &mut self,
        line: &[u8],
        lines: &mut Lines<'_>,
        end: u64,
        intake: &mut Intake<'_>,
    ) -> Result<(), (u64, Fault)> {
        // Where no row repeats the one before, it is tried now and then.
        const TRIES: u32 = 16;
        self.apart += 1;
        if self.apart > TRIES && !self.apart.is_multiple_of(TRIES) || self.options.decimal_comma {
            return Ok(());
        }
        let Self { layout: Layout { columns, clock, .. }, splitter, places, starts, .. } = self;
        let Some(mut pattern) = Pattern::of(line, columns, clock, splitter, places, intake) else {
            return Ok(());
        };
        let number = lines.number;
        pattern.rows(lines, clock, intake, |left| starts.push(end - left as u64))?;
        if lines.number > number {
            self.apart = 0;
        }
        Ok(())
    }

    /// Where the first row of each day begins that was read so far, in bytes.
    pub(super) fn starts(&self) -> &[u64] {
        &self.starts
    }

    /// Whether the file is of one stock, which it does not name; known once its header was seen.
    pub(super) fn is_single(&self) -> bool {
        matches!(self.layout.columns.shape, Shape::Single { .. })
    }

    /// What was seen of the file, which must have rows.
    pub(super) fn finish(self) -> Result<Seen, PanelError> {
        let useless = |problem| Err(PanelError::File { path: self.path.to_path_buf(), problem });
        match (self.begun, self.has_rows) {
            (false, _) => useless(FileProblem::Empty),
            (true, false) => useless(FileProblem::HeaderOnly),
            (true, true) => Ok(Seen { layout: self.layout, starts: self.starts, bytes: self.bytes }),
        }
    }
}

/// The fields of a row that are read.
#[derive(Debug, Clone, Copy, Default)]
struct Row<'a> {
    stock: &'a [u8],
    date: &'a [u8],
    time: &'a [u8],
    price: &'a [u8],
}

fn moment(
    columns: &Columns,
    clock: &mut Clock,
    row: &Row<'_>,
) -> Result<(jiff::civil::Date, u64), LineProblem> {
    match columns.when {
        When::Apart { .. } => clock.apart(row.date, row.time),
        When::Together(_) => clock.stamp(row.time),
    }
}

/// What [`Parser`] saw of a file beside its prices.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) layout: Layout,
    /// Where the first row of each day begins, in bytes.
    pub(super) starts: Vec<u64>,
    /// Bytes of the text in all.
    pub(super) bytes: u64,
}

#[cfg(test)]
mod tests;
