//! The rows of a text file: of one stock, of several in a column of their own, or with a column for each.

use std::path::Path;

use super::error::{FileProblem, LineProblem, PanelError};
use super::field::{self, TimeStyle};
use super::header::{self, Columns, Shape, When};
use super::intake::{Fault, Intake};
use super::moment::Clock;
use super::options::TableOptions;
use super::series::Series;
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
        loop {
            let start = self.bytes + (text.len() - lines.rest.len()) as u64;
            let Some(line) = lines.next() else { break };
            self.has_rows = true;
            let begins = self.row(line, intake).map_err(|fault| match fault {
                Fault::Row(problem) => at(lines.number, problem).into(),
                Fault::Other(error) => error,
            })?;
            if begins {
                self.starts.push(start);
            }
            if let Some(style) = self.layout.clock.plain_style()
                && self.layout.separator == b','
                && self.layout.columns.is_plain()
                && intake.is_direct()
                && let Some(series) = intake.series(self.places[0])
            {
                plain_rows(&mut lines, line, style, series);
            }
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

/// Reads the rows that follow `line`, a row, on the same day, as long as they have the common shape. It
/// leaves any other to [`Parser::row`]: this path only saves time.
fn plain_rows(lines: &mut Lines<'_>, line: &[u8], style: TimeStyle, series: &mut Series) {
    let Some(comma) = line.iter().position(|byte| *byte == b',') else { return };
    let date_field = &line[..=comma];
    while let Some((time, price, length)) = plain_row(lines.rest, date_field, style) {
        if series.push_same_day(time, price).is_err() {
            break;
        }
        lines.rest = &lines.rest[length..];
        lines.number += 1;
    }
}

/// The time and price of a row at the start of `text` that repeats `date_field`, and the length of its line.
fn plain_row(text: &[u8], date_field: &[u8], style: TimeStyle) -> Option<(u64, f64, usize)> {
    const LONGEST_TIME: usize = 18;
    let rest = text.strip_prefix(date_field)?;
    let comma = rest.iter().take(LONGEST_TIME + 1).position(|byte| *byte == b',')?;
    let (time, rest) = (&rest[..comma], &rest[comma + 1..]);
    let (time, _) = field::time(time).ok().filter(|(_, found)| *found == style)?;
    let (price, length) = field::decimal(rest).filter(|(price, _)| *price > 0.0)?;
    let rest = match &rest[length..] {
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => rest,
        [] => &[],
        _ => return None,
    };
    Some((time, price, text.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use jiff::civil::date;
    use proptest::prelude::*;

    use super::super::clean::{Cleaning, Missing};
    use super::super::header::ColumnNames;
    use super::super::intake::Rules;
    use super::super::spool::Store;
    use super::super::{SECOND, Zones};
    use super::*;
    use crate::error::Error;

    /// What comes of a text.
    struct Table {
        series: Vec<Series>,
        names: Vec<String>,
        layout: Layout,
        starts: Vec<u64>,
    }

    fn read_parts<'a>(
        parts: impl Iterator<Item = &'a str>,
        options: &TableOptions,
        rules: &Rules,
        wanted: Option<&[String]>,
    ) -> Result<Table> {
        let (path, store) = (Path::new("A.csv"), Arc::new(Store::new(u64::MAX)));
        let mut intake = Intake::new(path, rules, &store, wanted);
        let mut parser = Parser::new(path, "A", options);
        for part in parts {
            parser.feed(part.as_bytes(), &mut intake)?;
        }
        let Seen { layout, starts, bytes: _ } = parser.finish()?;
        let (stocks, names, _) = intake.finish()?;
        Ok(Table { series: stocks.into_iter().map(|kept| kept.series).collect(), names, layout, starts })
    }

    /// All at once; the same comes of a line at a time.
    fn read_with(
        text: &str,
        options: &TableOptions,
        rules: &Rules,
        wanted: Option<&[String]>,
    ) -> Result<Table> {
        let whole = read_parts([text].into_iter(), options, rules, wanted);
        let by_line = read_parts(text.split_inclusive('\n'), options, rules, wanted);
        match (&whole, by_line) {
            (Ok(whole), Ok(by_line)) => {
                assert_eq!((&whole.series, &whole.names), (&by_line.series, &by_line.names), "{text}");
            }
            (Err(whole), Err(by_line)) => assert_eq!(whole.to_string(), by_line.to_string()),
            (whole, by_line) => panic!("{:?} is not {:?}", whole.as_ref().err(), by_line.err()),
        }
        whole
    }

    fn read(text: &str) -> Table {
        read_with(text, &TableOptions::default(), &Rules::default(), None).unwrap()
    }

    fn error(text: &str) -> String {
        read_with(text, &TableOptions::default(), &Rules::default(), None).err().unwrap().to_string()
    }

    fn columns(text: &str) -> TableOptions {
        TableOptions { columns: text.parse::<ColumnNames>().unwrap(), ..TableOptions::default() }
    }

    #[test]
    fn one_row_is_read() {
        let table = read("20070103,935,12.34");
        assert_eq!((&table.series[0].times, &table.series[0].prices), (&vec![34500 * SECOND], &vec![12.34]));
        assert_eq!((table.names, table.starts), (vec!["A".to_owned()], vec![0]));
    }

    #[test]
    fn plain_rows_take_the_common_shape_only() {
        let plain = |text: &str| plain_row(text.as_bytes(), b"20070103,", TimeStyle::Minutes);
        assert_eq!(plain("20070103,935,12.34\nnext"), Some((34500 * SECOND, 12.34, 19)));
        assert_eq!(plain("20070103,935,12.34\r\n"), Some((34500 * SECOND, 12.34, 20)));
        assert_eq!(plain("20070103,935,12"), Some((34500 * SECOND, 12.0, 15)));
        for text in [
            "20070104,935,1\n",
            "20070103,93500,1\n",
            "20070103,935,1 \n",
            "20070103,935,1,2\n",
            "20070103,935,0\n",
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    /// The plain file's rows, written in other ways.
    #[test]
    fn every_way_to_write_a_stock_gives_its_series() {
        let plain = read("20070103,935,12.5\n20070103,936,13\n20070104,935,9\n").series;
        for text in [
            "date,time,price\n20070103,935,12.5\n20070103,936,13\n20070104,935,9\n",
            "date,price,time\n20070103,12.5,935\n20070103,13,936\n20070104,9,935\n",
            "\n\"Close\",Volume,HHMM,YYYYMMDD\r\n12.5,1,935,20070103\r\n\"13\",,936,20070103\r\n\
             9,2,935,20070104\r\n",
            "date,time,price,\n20070103,935,12.5,\n20070103,936,13,\n20070104,935,9,\n",
            "date;time;price\n20070103;935;12.5\n20070103;936;13\n20070104;935;9\n",
            "date\ttime\tprice\n20070103\t935\t12.5\n20070103\t936\t13\n20070104\t935\t9\n",
            "date|time|price\n20070103|935|12.5\n20070103|936|13\n20070104|935|9\n",
            "# from somewhere, price\n20070103,935,12.5\n#\n20070103,936,13\n20070104,935,9\n",
            "#date,time,price\n20070103,935,12.5\n20070103,936,13\n20070104,935,9\n",
            "timestamp,open,close\n2007-01-03 09:35,1,12.5\n2007-01-03 09:36,1,13\n2007-01-04 09:35,1,9\n",
            "2007-01-03T09:35:00,12.5\n2007-01-03T09:36:00,13\n2007-01-04T09:35:00,9\n",
            "time,price\n1167816900,12.5\n1167816960,13\n1167903300,9\n",
            ",A\n2007-01-03 09:35:00,12.5\n2007-01-03 09:36:00,13.0\n2007-01-04 09:35:00,9.0\n",
            "stock,date,time,price\nA,20070103,935,12.5\nA,20070103,936,13\nA,20070104,935,9\n",
            "DATE,TIME_M,EX,SYM_ROOT,PRICE\n03JAN2007,9:35:00.000,N,A,12.5\n03JAN2007,9:36:00,N,A,13\n\
             04JAN2007,9:35:00,N,A,9\n",
        ] {
            assert_eq!(read(text).series, plain, "{text}");
        }
        let with = |text: &str, options: &TableOptions| {
            read_with(text, options, &Rules::default(), None).unwrap().series
        };
        let comma = TableOptions { decimal_comma: true, ..TableOptions::default() };
        let text = "20070103;935;12,5\n20070103;936;13\n20070104;935;9,0\n";
        assert_eq!(with(text, &comma), plain);
        let text = "20070103,935,0,12.5\n20070103,936,0,13\n20070104,935,0,9\n";
        assert_eq!(with(text, &columns("date=1,time=2,price=4")), plain);
        let text = "d,t,bid,mid\n20070103,935,0,12.5\n20070103,936,0,13\n20070104,935,0,9\n";
        assert_eq!(with(text, &columns("date=d,time=t,price=mid")), plain);
        let zones = Zones { panel: Some(jiff::tz::TimeZone::get("America/New_York").unwrap()), files: None };
        let utc = TableOptions { zones, ..TableOptions::default() };
        let text = "t,price\n2007-01-03T14:35Z,12.5\n2007-01-03T14:36Z,13\n2007-01-04T14:35Z,9\n";
        let utc = TableOptions { columns: "time=t".parse().unwrap(), ..utc };
        assert_eq!(with(text, &utc), plain);
        let filters = vec!["EX=N|Q".parse().unwrap(), "CORR!=1".parse().unwrap()];
        let filtered = TableOptions { filters, ..TableOptions::default() };
        let text = "date,time,price,EX,CORR\n20070103,935,12.5,N,0\n20070103,935,bad,D,0\n\
                    20070103,936,13,Q,0\n\
                    20070103,936,0,N,1\n20070104,935,9,N,\n";
        assert_eq!(with(text, &filtered), plain);
    }

    #[test]
    fn what_was_understood_is_told() {
        let described = |text: &str, options: &TableOptions| {
            read_with(text, options, &Rules::default(), None).unwrap().layout.described()
        };
        let plain = TableOptions::default();
        assert_eq!(
            described("20070103,935,12.5\n", &plain),
            "column 1 → date, column 2 → time, column 3 → price (no header)"
        );
        assert_eq!(described("date,time,price\n20070103,935,12.5\n", &plain), "date, time, price");
        let zones = Zones { panel: Some(jiff::tz::TimeZone::get("America/New_York").unwrap()), files: None };
        let utc = TableOptions { zones, ..TableOptions::default() };
        assert_eq!(
            described("timestamp;close\n2007-01-03T14:35Z;12.5\n", &utc),
            "timestamp → time (UTC → America/New_York), close → price; separated by ';'"
        );
        assert_eq!(
            described("date,time,AAPL,MSFT\n20070103,935,12.5,1\n", &plain),
            "date, time, a column of prices for each of AAPL, MSFT"
        );
    }

    #[test]
    fn stocks_come_in_any_order() {
        let table = read(
            "\u{feff}\nVolume,CLOSE,Time,Ticker,YYYYMMDD\n1,10,930,B,20070103\n1,20.5,930,A,20070103\n\
             1,11,931,B,20070103\n",
        );
        assert_eq!(table.names, ["B", "A"]);
        assert_eq!(table.series[0].prices, [10.0, 11.0]);
        assert_eq!((&table.series[1].prices, &table.series[1].times), (&vec![20.5], &vec![34200 * SECOND]));

        let row = |(stock, time): (&str, u32)| format!("{stock},20070103,{time},1{time}\n");
        let stocks = ["A", "B", "C"];
        let alternate: Vec<_> = (930..940).flat_map(|time| stocks.map(|stock| (stock, time))).collect();
        let mut follow = alternate.clone();
        follow.sort();
        let text = |rows: Vec<_>| {
            "stock,date,time,price\n".to_owned() + &rows.into_iter().map(row).collect::<String>()
        };
        let long = read(&text(alternate));
        assert_eq!(long.names, stocks);
        assert!(long.series.iter().all(|series| series.times.len() == 10));
        assert_eq!(long.series, read(&text(follow)).series);
    }

    #[test]
    fn wide_tables_hold_a_stock_a_column() {
        let skip = Rules { cleaning: Cleaning::default().missing(Missing::Skip), ..Rules::default() };
        let text =
            "time,B,note,A\n2007-01-03 09:35,1,x,10\n2007-01-03 09:36,,x,11\n2007-01-03 09:37,3,x,NaN\n";
        let wide =
            read_with(&text.replace(",note", "").replace(",x", ""), &TableOptions::default(), &skip, None);
        let wide = wide.unwrap();
        assert_eq!(wide.names, ["B", "A"]);
        assert_eq!((&wide.series[0].prices, &wide.series[1].prices), (&vec![1.0, 3.0], &vec![10.0, 11.0]));
        assert_eq!(wide.series[0].times, [34500, 34620].map(|second| second * SECOND));
        assert!(error("time,B,A\n2007-01-03 09:35,1,10\n2007-01-03 09:36,,11\n").contains("missing skip"));
        assert!(error(text).contains("no column for the price"));
        assert!(error("time,B,B\n2007-01-03 09:35,1,10\n").contains("two columns for the stock"));
    }

    #[test]
    fn unwanted_stocks_are_named_and_not_read() {
        let wanted = ["BRK,B".to_owned()];
        let text = "symbol,date,time,price\nunwanted,never,ever,free\n\"BRK,B\",20070103,930,1\n";
        let table = read_with(text, &TableOptions::default(), &Rules::default(), Some(&wanted)).unwrap();
        assert_eq!(table.names, ["unwanted", "BRK,B"]);
        assert_eq!(table.series.len(), 1);
        assert_eq!(table.series[0].stock, "BRK,B");
    }

    #[test]
    fn rows_in_no_order_are_sorted_where_asked() {
        let text = "20070104,935,9\n20070103,936,13\n20070103,935,12.5\n";
        assert!(error(text).contains("say `sort`"));
        let sort = Rules { sort: true, ..Rules::default() };
        let sorted = read_with(text, &TableOptions::default(), &sort, None).unwrap();
        let plain = read("20070103,935,12.5\n20070103,936,13\n20070104,935,9\n");
        assert_eq!(sorted.series[0].days, plain.series[0].days);
        assert_eq!(sorted.series[0].prices, plain.series[0].prices);
        let twice = read_with("20070103,935,9\n20070103,935,8\n", &TableOptions::default(), &sort, None);
        let twice = twice.err().unwrap().to_string();
        assert!(
            twice.contains("two prices have the time 09:35") && twice.contains("A on 2007-01-03"),
            "{twice}"
        );
    }

    #[test]
    fn faulty_headers_say_what_they_lack() {
        assert!(error("stock,date,volume\n").contains("no column for the price"));
        assert!(error("stock,symbol,date,time,price\n").contains("two columns for the stock"));
        assert!(error("stock,date,time,price,price\n").contains("two columns for the price"));
        assert!(error("stock,date,time,price\n").contains("no prices"));
        assert!(error("stock,date,time,price\nA,20070103,930\n").starts_with("A.csv:2: expected 4 columns"));
        assert!(error("stock,date,time,price\n,20070103,930,1\n").contains("the stock is empty"));
        assert!(
            error("").contains("the file is empty") && error("# no more\n").contains("the file is empty")
        );
    }

    /// Each day once more from where it is said to begin.
    fn read_again(text: &str, table: &Table) {
        let (path, rules, store) = (Path::new("A.csv"), Rules::default(), Arc::new(Store::new(u64::MAX)));
        let (options, series) = (TableOptions::default(), &table.series[0]);
        assert_eq!(table.starts.len(), series.days.len());
        let ends = table.starts[1..].iter().copied().chain([text.len() as u64]);
        for ((day, &start), end) in series.days.iter().zip(&table.starts).zip(ends) {
            let mut intake = Intake::new(path, &rules, &store, None);
            let mut parser = Parser::amid(path, "A", &options, &table.layout, &mut intake);
            parser.feed(&text.as_bytes()[start as usize..end as usize], &mut intake).unwrap();
            let (again, ..) = intake.finish().unwrap();
            let again = &again[0].series;
            assert_eq!(again.ticks(&again.days[0]), series.ticks(day));
            assert_eq!((again.days.len(), again.days[0].date), (1, day.date));
        }
    }

    #[test]
    fn days_are_read_again_from_where_they_begin() {
        for text in [
            "date,price,time\n20070103,12.5,935\n20070103,13,936\n20070104,9,935\n",
            "stamp;timestamp;px\n;1167816900000;12.5\n;1167903300000;9\n",
        ] {
            let table = read(text);
            assert_eq!(table.series[0].days.last().unwrap().date, date(2007, 1, 4));
            read_again(text, &table);
        }
    }

    /// What [`read`] does, without the path for plain rows.
    fn read_slowly(text: &str) -> Result<Vec<Series>, String> {
        let (path, rules, store) = (Path::new("A.csv"), Rules::default(), Arc::new(Store::new(u64::MAX)));
        let options = TableOptions::default();
        let mut intake = Intake::new(path, &rules, &store, None);
        let mut parser = Parser::new(path, "A", &options);
        let mut lines = Lines::new(text.as_bytes());
        parser.begin(&mut lines, &mut intake).unwrap();
        while let Some(line) = lines.next() {
            parser.row(line, &mut intake).map_err(|fault| match fault {
                Fault::Row(problem) => format!("A.csv:{}: {problem}", lines.number),
                Fault::Other(error) => error.to_string(),
            })?;
        }
        Ok(intake.finish().unwrap().0.into_iter().map(|kept| kept.series).collect())
    }

    proptest! {
        /// Rows with every kind of flaw, rare enough that a few good rows come first.
        #[test]
        fn both_paths_read_the_same_and_find_the_same_fault(
            rows in prop::collection::vec(
                (0_u32..4, 0_u32..30, "[0-9]{1,3}(\\.[0-9]{0,2})?", 0_usize..60),
                1..40,
            ),
        ) {
            let (mut text, mut day, mut time) = ("20070102,930,1\n".to_owned(), 20070103, 930);
            for (step, minute, price, flaw) in rows {
                (day, time) = if step == 0 { (day + 1, 930) } else { (day, time + 1 + minute % 2) };
                text += &match flaw {
                    0 => format!("{day},{time},{price},\n"),
                    1 => format!("\"{day}\",{time},\"{price}\"\n"),
                    2 => format!("{day}, {time},{price} \r\n"),
                    3 => format!("{day},{time}00,{price}\n"),
                    4 => format!("{day},{time},-{price}\n"),
                    5 => format!("{day},{time},\"{price}\n"),
                    6 => format!("{day},930,{price}\n"),
                    7 => format!("20070101,{time},{price}\n"),
                    8 => format!("{day},9:{minute},{price}\n"),
                    9 => format!("\n#\n{day},{time},{price}\r\n"),
                    10 => format!("{day},{time},{price}e0\n"),
                    11 => format!("{day},{time},{price}00000000000000001\n"),
                    12..20 => format!("{day},0{time},{price}\r\n"),
                    _ => format!("{day},{time},{price}\n"),
                };
            }
            let fast = read_with(&text, &TableOptions::default(), &Rules::default(), None);
            let slow = read_slowly(&text);
            match (fast, slow) {
                (Ok(fast), Ok(slow)) => {
                    prop_assert_eq!(&fast.series, &slow, "{}", text);
                    read_again(&text, &fast);
                }
                (Err(fast), Err(slow)) => {
                    prop_assert!(matches!(fast, Error::Panel(_)));
                    prop_assert_eq!(fast.to_string(), slow, "{}", text);
                }
                (fast, slow) => prop_assert!(false, "{:?} {:?}", fast.err(), slow.err()),
            }
        }
    }
}
