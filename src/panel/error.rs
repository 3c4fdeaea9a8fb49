//! Why a panel could not be read or used: the file and line, the text found there, and what to do.

use std::path::{Path, PathBuf};

use jiff::civil::Date;

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
    #[error("no prices were named: give a folder of CSV files, or CSV files")]
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
         stocks or days, or leave such days out with `align inner` or `align previous`",
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
         `align inner` to keep the times that all stocks have, or `align previous` to take the day's \
         previous price",
        clock(*time), list(with), list(without)
    )]
    MissingTime {
        /// The first such day.
        date: Date,
        /// The first such time on that day, in seconds after midnight.
        time: u32,
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
    /// Every day was dropped.
    #[error("no day is left: {why}")]
    NoDays {
        /// Why the days were dropped.
        why: String,
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
    #[error("expected {expected} columns separated by commas ({names}), found {found}")]
    Columns {
        /// How many fields there should be.
        expected: usize,
        /// What they hold.
        names: String,
        /// How many there are.
        found: usize,
    },
    /// Not a date.
    #[error("{0} is not a date; write YYYYMMDD or YYYY-MM-DD")]
    Date(String),
    /// A date that no calendar has.
    #[error("{0} is not a day of the calendar")]
    ImpossibleDate(String),
    /// Not a time.
    #[error("{0} is not a time; write HHMM, HHMMSS, HH:MM or HH:MM:SS")]
    Time(String),
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
    #[error("the price {0} is not finite; leave out the rows without a price")]
    NotFinite(String),
    /// A price of zero or below.
    #[error("the price {0} is not positive, so that it has no logarithm")]
    NotPositive(String),
    /// A time that does not come after the one before.
    #[error(
        "the time {} does not come after {}, the time before it on {date}; sort the rows and drop duplicates",
        clock(*time), clock(*previous)
    )]
    TimeOrder {
        /// The day.
        date: Date,
        /// This row's time, in seconds after midnight.
        time: u32,
        /// The time of the row before.
        previous: u32,
    },
    /// A day that does not come after the one before.
    #[error(
        "the day {date} does not come after {previous}, the day before it; sort the rows by day and time"
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
        "the header names no column for the {missing} (its columns are {columns}); name the columns date, \
         time and price, separated by commas"
    )]
    MissingColumn {
        /// What the column would hold.
        missing: &'static str,
        /// The columns that there are.
        columns: String,
    },
    /// The header has two columns for one thing.
    #[error("the header names two columns for the {what}: {columns}; rename or leave out all but one")]
    RepeatedColumn {
        /// What they hold.
        what: &'static str,
        /// The columns in question.
        columns: String,
    },
    /// A long file where a file of one stock belongs.
    #[error(
        "this is a long file (its header names a stock column); name it alone, instead of a folder or \
         several files"
    )]
    Long,
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
    /// Rows are not those that were there a moment ago.
    #[error("the file changed while it was read; run again when nothing writes to it")]
    Changed,
    /// The stock would have no name.
    #[error(
        "the file's name is the stock's name, and must be UTF-8 text without control characters; rename it"
    )]
    Name,
    /// A folder without CSV files.
    #[error("the folder holds no *.csv files (those of folders inside it and hidden ones do not count)")]
    NoFiles,
}

/// `names` for a message, the first of them where there are many.
pub(super) fn list<T: AsRef<str>>(names: impl IntoIterator<Item = T>) -> String {
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

/// Seconds after midnight as `HH:MM`, with the seconds where there are any.
pub(super) fn clock(time: u32) -> String {
    let (hours, minutes, seconds) = (time / 3600, time / 60 % 60, time % 60);
    match seconds {
        0 => format!("{hours:02}:{minutes:02}"),
        _ => format!("{hours:02}:{minutes:02}:{seconds:02}"),
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
