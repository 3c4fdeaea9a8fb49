//! Why a panel could not be read or used: the file and line, the text found there, and what to do.

use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::SECOND;
use super::clean::TickFault;

/// Why a panel could not be read or used.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum PanelError {
    /// A line of a file is malformed.
    #[error("{}:{line}: {problem}", shown(path))]
    Line {
        /// The file.
        path: PathBuf,
        /// The line, from 1.
        line: u64,
        /// What is wrong with it.
        problem: LineProblem,
    },
    /// A row of a table in memory can't be used.
    #[error("{table}: row {row} (from 0), column {column:?}: {problem}")]
    Row {
        /// What the table is called.
        table: String,
        /// The row, from 0.
        row: usize,
        /// The column's name.
        column: String,
        /// What is wrong with it.
        problem: Box<LineProblem>,
    },
    /// The columns of a table in memory are not what is needed.
    #[error("{table}: {problem}")]
    Columns {
        /// What the table is called.
        table: String,
        /// What is wrong with them.
        problem: LineProblem,
    },
    /// A table in memory without rows.
    #[error("{table}: there are no rows")]
    EmptyTable {
        /// What the table is called.
        table: String,
    },
    /// A file as a whole is of no use.
    #[error("{}: {problem}", shown(path))]
    File {
        /// The file or folder.
        path: PathBuf,
        /// What is wrong with it.
        problem: FileProblem,
    },
    /// A table could not be read.
    #[cfg(feature = "parquet")]
    #[error("{}: {problem}", shown(path))]
    Table {
        /// The file.
        path: PathBuf,
        /// What is wrong with it.
        problem: Box<super::parquet::TableProblem>,
    },
    /// Every file was left out.
    #[error("none of the {files} files could be used; the first: {first}")]
    NothingLeft {
        /// How many files there were.
        files: usize,
        /// Why the first of them failed.
        first: Box<dyn std::error::Error + Send + Sync>,
    },
    /// No input was named.
    #[error("no prices were named: give a folder of tables, or files, or - for standard input")]
    NoInput,
    /// Two files hold the same stock.
    #[error("{} and {} both hold the stock {stock:?}; leave one out", shown(first), shown(second))]
    DuplicateStock {
        /// The stock.
        stock: String,
        /// The file in which it is.
        first: PathBuf,
        /// The file in which it is too.
        second: PathBuf,
    },
    /// Stocks were selected that the panel does not have.
    #[error(
        "the panel has no stock {}; it has {}",
        list(unknown.iter().map(|stock| format!("{stock:?}"))), list(available)
    )]
    UnknownStock {
        /// The stocks asked for that are not there.
        unknown: Vec<String>,
        /// The stocks that are there, sorted.
        available: Vec<String>,
    },
    /// The first day selected comes after the last.
    #[error("the range of days is empty: it goes from {from} to {to}; exchange the two")]
    ReversedRange {
        /// The first day asked for.
        from: Date,
        /// The last day asked for.
        to: Date,
    },
    /// No day lies in the range selected.
    #[error("the panel has no day {}; it has {days} day(s) from {first} to {last}", range(*from, *to))]
    EmptyRange {
        /// The first day asked for.
        from: Option<Date>,
        /// The last day asked for.
        to: Option<Date>,
        /// How many days there are.
        days: usize,
        /// The first day there is.
        first: Date,
        /// The last day there is.
        last: Date,
    },
    /// Some stocks have no prices on a day that others have.
    #[error(
        "the stocks do not share their days: on {date} there are prices of {}, but none of {}; choose other \
         stocks or days, take each stock's own days with `align none`, or leave such days out with `align \
         inner` or `align previous`",
        list(with),
        list(without)
    )]
    MissingDay {
        /// The first such day.
        date: Date,
        /// The stocks that have it.
        with: Vec<String>,
        /// The stocks that lack it.
        without: Vec<String>,
    },
    /// Some stocks have no price at a time at which others have one.
    #[error(
        "the stocks do not share their times: on {date} at {} there is a price of {}, but none of {}; use \
         `align none` to take each stock's own times, `align inner` to keep the times that all stocks have, \
         `align previous` to take the day's previous price, or `align refresh` to take the times when all \
         have a new one",
        clock(*time), list(with), list(without)
    )]
    MissingTime {
        /// The first such day.
        date: Date,
        /// The first such time on that day, in nanoseconds after midnight.
        time: u64,
        /// The stocks that have it.
        with: Vec<String>,
        /// The stocks that lack it.
        without: Vec<String>,
    },
    /// A day is too short for a return.
    #[error(
        "on {date} the stocks have {prices} time(s) in common, but a return needs two; leave the day out \
         with `from` and `to`, or all such days with `keep_going`"
    )]
    ShortDay {
        /// The first such day.
        date: Date,
        /// How many times it has.
        prices: usize,
    },
    /// A day of common times has too few returns for a measure.
    #[error(
        "{}: on {date} the stock {stock} has {returns} return(s), and the {measure} needs {needed}; leave \
         the day out by `keep_going`, or take prices more often",
        shown(path)
    )]
    ShortForMeasure {
        /// The first such day.
        date: Date,
        /// The stock.
        stock: String,
        /// The first file that holds it.
        path: PathBuf,
        /// How many returns it has.
        returns: usize,
        /// The measure.
        measure: &'static str,
        /// How many it needs.
        needed: usize,
    },
    /// Every day was dropped.
    #[error("no day is left: {why}")]
    NoDays {
        /// Why the days were dropped.
        why: String,
    },
    /// The ticks of a stock on a day can't be cleaned as asked.
    #[error("{}: {stock} on {date}: {fault}", shown(path))]
    Ticks {
        /// The file.
        path: PathBuf,
        /// The stock.
        stock: String,
        /// The day.
        date: Date,
        /// What is wrong with its ticks.
        fault: TickFault,
    },
    /// A day typed by the user is not one.
    #[error("{0}")]
    Date(LineProblem),
}

/// What is wrong with a line. Texts from the file are quoted and shortened.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum LineProblem {
    /// Not as many fields as expected.
    #[error(
        "expected {expected} columns separated by {separator} ({names}), found {found}{}",
        if *found == 1 { "; say with `separator` what stands between them" } else { "" }
    )]
    Columns {
        /// How many fields there should be.
        expected: usize,
        /// What separates them.
        separator: String,
        /// What they hold.
        names: String,
        /// How many there are.
        found: usize,
    },
    /// Not a date.
    #[error(
        "{0} is not a date; write YYYYMMDD or YYYY-MM-DD, or say with `date_format` how dates are written"
    )]
    Date(String),
    /// A date that no calendar has.
    #[error("{0} is not a day of the calendar")]
    ImpossibleDate(String),
    /// Not a time.
    #[error("{0} is not a time; write HHMM, HHMMSS, HH:MM or HH:MM:SS, the last with a fraction or without")]
    Time(String),
    /// A date whose month could be any of two of its numbers.
    #[error("the date {0} can be read in two ways; say `date_format mdy` (month first) or `date_format dmy`")]
    TwofoldDate(String),
    /// Not a date of three numbers, the year last.
    #[error("{0} is not a date of three numbers as `date_format` says, with a year of four digits")]
    DateParts(String),
    /// Not a day and a time.
    #[error(
        "{0} is not a day and a time; write 2007-01-03 09:35:00, with a zone or without, or the time since \
         1970 in seconds to nanoseconds, or say with `date_format` how it is written"
    )]
    Stamp(String),
    /// A stamp that is written unlike those before.
    #[error("the time stamp {0} is written unlike the first of the file; write all in one way")]
    StampStyle(String),
    /// A stamp with a zone among such without, or the other way around.
    #[error("the time stamp {0} has a zone and the first of the file has none, or the other way around")]
    MixedZones(String),
    /// Stamps of several offsets, whose clocks differ.
    #[error(
        "the time stamp {0} has another offset from UTC than the first of the file; say with `timezone` on \
         which clock they are meant, like `timezone America/New_York`"
    )]
    Offsets(String),
    /// A time that clocks skipped.
    #[error("the time {written} does not exist in {zone}: clocks were put forward past it")]
    ClockGap {
        /// The time, as it is written.
        written: String,
        /// The zone.
        zone: String,
    },
    /// A time that clocks showed twice.
    #[error("the time {written} came twice in {zone}, as clocks were put back; write it with its offset")]
    ClockFold {
        /// The time, as it is written.
        written: String,
        /// The zone.
        zone: String,
    },
    /// Not as a pattern has it.
    #[error("{0} is not written as `date_format {1}` says")]
    Pattern(String, String),
    /// A time that no clock shows.
    #[error("{0} is not a time of the day, which ends at 23:59:59")]
    ImpossibleTime(String),
    /// A time with seconds among times without, or the other way around.
    #[error(
        "the time {0} is written unlike the first of the file: use one of HHMM, HHMMSS, HH:MM and HH:MM:SS \
         throughout (HHMMSS before 01:00:00 needs its leading zeros)"
    )]
    TimeStyle(String),
    /// Not a number.
    #[error("the price {0} is not a number; write it like 12.34")]
    Price(String),
    /// A price that is infinite or not a number.
    #[error(
        "the price {0} is missing or not finite; leave out the rows without a price, or say `missing skip`"
    )]
    NotFinite(String),
    /// A price with a comma.
    #[error(
        "the price {0} has a comma: if it is a decimal one say `decimal comma`; thousands are written without"
    )]
    DecimalComma(String),
    /// A return that is infinite or not a number.
    #[error("the return {0} is no finite number; leave out the rows without a return, or say `missing skip`")]
    Return(String),
    /// A price with a point where decimals have a comma.
    #[error(
        "the price {0} has a point, though `decimal comma` says that decimals have a comma; thousands are \
         written without"
    )]
    PointForComma(String),
    /// A price of zero or below.
    #[error("the price {0} is not positive, so that it has no logarithm")]
    NotPositive(String),
    /// A time that does not come after the one before.
    #[error(
        "the time {} does not come after {}, the time before it on {date}; say `sort` if rows are in \
         no order, and with `duplicates` what prices of one time mean",
        clock(*time), clock(*previous)
    )]
    TimeOrder {
        /// The day.
        date: Date,
        /// This row's time, in nanoseconds after midnight.
        time: u64,
        /// The time of the row before.
        previous: u64,
    },
    /// A day that does not come after the one before.
    #[error(
        "the day {date} does not come after {previous}, the day before it; say `sort` if rows are in no order"
    )]
    DayOrder {
        /// This row's day.
        date: Date,
        /// The day of the row before.
        previous: Date,
    },
    /// A quote that is opened and not closed.
    #[error("a quotation mark is not closed on this line")]
    Quote,
    /// Text between the end of a quoted field and the next comma.
    #[error(
        "text follows the end of a quoted field (byte {0} of the line); quote the whole field, or none of it"
    )]
    AfterQuote(usize),
    /// A carriage return amid a line.
    #[error("a carriage return stands amid the line (byte {0}); end lines with LF or CRLF")]
    CarriageReturn(usize),
    /// A line without an end.
    #[error("the line is longer than 1 MiB; is this a CSV file with a row on each line?")]
    TooLong,
    /// Bytes that are no text.
    #[error("the file is not UTF-8 text (byte {0} of the line); save it as CSV in UTF-8")]
    NotUtf8(usize),
    /// A NUL byte: the file is no text.
    #[error("the file is binary, not CSV (byte {0} of the line is zero)")]
    Binary(usize),
    /// A row of a long file without a stock.
    #[error("the stock is empty")]
    EmptyStock,
    /// A stock whose name would change what a terminal shows.
    #[error("the stock {0} has control characters in its name; leave them out")]
    StockName(String),
    /// The header lacks a column.
    #[error(
        "the header names no column for the {missing} (its columns are {columns}); say which it is, like \
         `columns {missing}=NAME`"
    )]
    MissingColumn {
        /// What the column would hold.
        missing: &'static str,
        /// The columns that there are.
        columns: String,
    },
    /// The header has two columns for one thing.
    #[error(
        "the header names two columns for the {what}: {columns}; say which is meant, like `columns \
         {what}=NAME`"
    )]
    RepeatedColumn {
        /// What they hold.
        what: &'static str,
        /// The columns in question.
        columns: String,
    },
    /// A column by its name, in a file that has none.
    #[error(
        "the file has no header, so that no column is named {column:?}; give its number, counted from 1, or \
         add a header"
    )]
    NoHeader {
        /// The name given.
        column: String,
    },
    /// A number that no column has.
    #[error("the {role} is to be column {number}, but there are {count} columns")]
    ColumnNumber {
        /// What the column holds.
        role: &'static str,
        /// The number given.
        number: String,
        /// How many columns there are.
        count: usize,
    },
    /// A name that no column has.
    #[error("there is no column {column:?}; there are {columns}")]
    UnknownColumn {
        /// The name given.
        column: String,
        /// The columns that there are.
        columns: String,
    },
}

/// What is wrong with a file or folder as a whole.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum FileProblem {
    /// Nothing in it.
    #[error("the file is empty")]
    Empty,
    /// Nothing but a header.
    #[error("the file has a header but no prices")]
    HeaderOnly,
    /// Columns are not what is needed.
    #[error("{0}")]
    Columns(LineProblem),
    /// Another kind of file.
    #[error("the file is {0}")]
    NotText(&'static str),
    /// A compressed file without its end.
    #[error("the {0} data is cut short; copy the file again")]
    CutShort(&'static str),
    /// A compressed file that can't be decompressed.
    #[error("the {kind} data is damaged ({why}); copy the file again")]
    Compression {
        /// How it is compressed.
        kind: &'static str,
        /// What the decoder said.
        why: String,
    },
    /// Times are shown in a zone that is not known.
    #[error(
        "its times are shown in the time zone {0:?}, which is not known; say in which zone to take them, by \
         `timezone`"
    )]
    UnknownZone(String),
    /// Rows are not those that were there a moment ago.
    #[error("the file changed while it was read; run again when nothing writes to it")]
    Changed,
    /// The stock would have no name.
    #[error(
        "the file's name is the stock's name, and must be UTF-8 text without control characters; rename it"
    )]
    Name,
    /// A folder without tables.
    #[error(
        "the folder holds no tables: no *.csv, *.tsv, *.psv, *.txt, *.parquet, *.arrow or *.feather files, \
         compressed (.gz, .zst) or not (hidden ones do not count)"
    )]
    NoFiles,
}

/// `names` for a message, the first of them where there are many.
pub(crate) fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
    const MOST: usize = 12;
    let names: Vec<T> = names.into_iter().collect();
    let shown: Vec<&str> = names.iter().take(MOST).map(AsRef::as_ref).collect();
    match names.len().saturating_sub(MOST) {
        0 => shown.join(", "),
        left => format!("{} and {left} more", shown.join(", ")),
    }
}

/// A field of a file for a message: quoted, escaped, and shortened.
pub(super) fn quoted(field: &[u8]) -> String {
    const MOST: usize = 32;
    let text = String::from_utf8_lossy(field);
    match text.char_indices().nth(MOST) {
        Some((end, _)) => format!("{:?}…", &text[..end]),
        None => format!("{text:?}"),
    }
}

/// A path for a message of one line, with its control characters escaped.
fn shown(path: &Path) -> String {
    let text = path.display().to_string();
    let escape =
        |char: char| if char.is_control() { char.escape_default().to_string() } else { char.to_string() };
    text.chars().map(escape).collect()
}

/// Nanoseconds after midnight as `HH:MM`, with the seconds and their fraction where there are any.
pub(super) fn clock(time: u64) -> String {
    let (seconds, fraction) = (time / SECOND, time % SECOND);
    let (hours, minutes, seconds) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
    match (seconds, fraction) {
        (0, 0) => format!("{hours:02}:{minutes:02}"),
        (_, 0) => format!("{hours:02}:{minutes:02}:{seconds:02}"),
        _ => {
            let fraction = format!("{fraction:09}");
            format!("{hours:02}:{minutes:02}:{seconds:02}.{}", fraction.trim_end_matches('0'))
        }
    }
}

fn range(from: Option<Date>, to: Option<Date>) -> String {
    match (from, to) {
        (Some(from), Some(to)) => format!("from {from} to {to}"),
        (Some(from), None) => format!("from {from} on"),
        (None, Some(to)) => format!("up to {to}"),
        (None, None) => "at all".to_owned(),
    }
}
