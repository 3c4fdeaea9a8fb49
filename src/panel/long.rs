//! Long files: the rows of all stocks in one file, under a header that names the columns stock, date, time
//! and price.
//!
//! The columns come in any order, among others that are ignored. The rows of one stock come in the order of
//! time; those of different stocks may alternate or follow each other.

use std::collections::HashMap;
use std::path::Path;

use jiff::civil::Date;

use super::error::{FileProblem, LineProblem, PanelError, quoted};
use super::field::{self, TimeStyle};
use super::header::{Columns, Row};
use super::series::Series;
use super::text::{self, Lines, Splitter};

/// What a long file holds.
#[derive(Debug, Default)]
pub(super) struct Long {
    /// The stocks that were asked for, in the order in which they appear.
    pub(super) series: Vec<Series>,
    /// All stocks, in the order in which they appear.
    pub(super) stocks: Vec<String>,
}

/// Reads a long file, its text some whole lines at a time. Rows of stocks that are not wanted are left unread
/// beyond the stock's name.
#[derive(Debug)]
pub(super) struct Parser<'a, F> {
    /// For messages.
    path: &'a Path,
    splitter: Splitter,
    /// Lines and bytes so far.
    lines: u64,
    bytes: u64,
    /// None before the header.
    columns: Option<Columns>,
    rows: Rows<F>,
}

impl<'a, F: Fn(&str) -> bool> Parser<'a, F> {
    /// For the text of a file after so many lines and bytes, all of them blank.
    pub(super) fn after((lines, bytes): (u64, u64), path: &'a Path, wanted: F) -> Self {
        let rows = Rows {
            wanted,
            long: Long::default(),
            places: HashMap::new(),
            series: Vec::new(),
            last_stock: 0,
            last_date: None,
            style: None,
        };
        Self { path, splitter: Splitter::new(), lines, bytes, columns: None, rows }
    }

    /// Reads more of the text.
    pub(super) fn feed(&mut self, text: &[u8]) -> Result<(), PanelError> {
        let Self { path, splitter, rows, .. } = self;
        let at = |line, problem| PanelError::Line { path: path.to_path_buf(), line, problem };
        text::check(path, text, self.lines)?;
        let mut lines = Lines::after(self.bytes, self.lines, text);
        while let Some(line) = lines.next() {
            let read = match &self.columns {
                Some(columns) => rows.read(line, columns, splitter),
                None => Columns::find(line, splitter).map(|columns| self.columns = Some(columns)),
            };
            read.map_err(|problem| at(lines.number, problem))?;
        }
        self.lines = lines.number;
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// What the file holds, which must have rows.
    pub(super) fn finish(self) -> Result<Long, PanelError> {
        if self.rows.long.stocks.is_empty() {
            let problem = FileProblem::HeaderOnly;
            return Err(PanelError::File { path: self.path.to_path_buf(), problem });
        }
        Ok(self.rows.long)
    }
}

/// The state of reading rows.
#[derive(Debug)]
struct Rows<F> {
    wanted: F,
    long: Long,
    /// The place of each stock among `long.stocks`.
    places: HashMap<String, usize>,
    /// The place of each stock's series among `long.series`, where it is wanted.
    series: Vec<Option<usize>>,
    /// The stock of the row before.
    last_stock: usize,
    /// The day of the row before, as written and as meant.
    last_date: Option<(Vec<u8>, Date)>,
    style: Option<TimeStyle>,
}

impl<F: Fn(&str) -> bool> Rows<F> {
    fn read(&mut self, line: &[u8], columns: &Columns, splitter: &mut Splitter) -> Result<(), LineProblem> {
        let Row { stock, date, time, price } = columns.of(splitter.split(line)?)?;
        let Some(series) = self.series_of(stock)? else { return Ok(()) };
        let date = self.date_of(date)?;
        let time = field::time_in_style(time, &mut self.style)?;
        self.long.series[series].push(date, time, field::price(price)?)
    }

    /// The place of a stock's series; none for a stock that is not wanted.
    fn series_of(&mut self, stock: &[u8]) -> Result<Option<usize>, LineProblem> {
        // The stocks follow each other or take turns: mostly it is the same again, or the next.
        let next = (self.last_stock + 1) % self.long.stocks.len().max(1);
        let is = |place: &usize| self.long.stocks.get(*place).is_some_and(|name| name.as_bytes() == stock);
        self.last_stock = match [self.last_stock, next].into_iter().find(is) {
            Some(place) => place,
            None => self.place_of(stock)?,
        };
        Ok(self.series[self.last_stock])
    }

    /// The place of a stock, which may be new.
    fn place_of(&mut self, stock: &[u8]) -> Result<usize, LineProblem> {
        let name = String::from_utf8_lossy(stock);
        if let Some(&place) = self.places.get(name.as_ref()) {
            return Ok(place);
        }
        if name.is_empty() {
            return Err(LineProblem::EmptyStock);
        }
        if name.contains(char::is_control) {
            return Err(LineProblem::StockName(quoted(stock)));
        }
        let (place, name) = (self.long.stocks.len(), name.into_owned());
        self.series.push((self.wanted)(&name).then_some(self.long.series.len()));
        if self.series[place].is_some() {
            self.long.series.push(Series::new(&name, 0));
        }
        self.long.stocks.push(name.clone());
        self.places.insert(name, place);
        Ok(place)
    }

    fn date_of(&mut self, text: &[u8]) -> Result<Date, LineProblem> {
        match &self.last_date {
            Some((field, date)) if field == text => Ok(*date),
            _ => {
                let date = field::date(text)?;
                self.last_date = Some((text.to_vec(), date));
                Ok(date)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::SECOND;
    use super::*;

    /// All at once; the same comes of a line at a time.
    fn parse(text: &str, wanted: impl Fn(&str) -> bool) -> Result<Long, PanelError> {
        let read = |parts: &mut dyn Iterator<Item = &str>| {
            let mut parser = Parser::after((0, 0), Path::new("panel.csv"), &wanted);
            for part in parts {
                parser.feed(part.as_bytes())?;
            }
            parser.finish()
        };
        let (whole, by_line) = (read(&mut [text].into_iter()), read(&mut text.split_inclusive('\n')));
        match (&whole, by_line) {
            (Ok(whole), Ok(by_line)) => {
                assert_eq!((&whole.series, &whole.stocks), (&by_line.series, &by_line.stocks));
            }
            (Err(whole), Err(by_line)) => assert_eq!(whole.to_string(), by_line.to_string()),
            (whole, by_line) => panic!("{whole:?} is not {by_line:?}"),
        }
        whole
    }

    fn read(text: &str) -> Long {
        parse(text, |stock| stock != "unwanted").unwrap()
    }

    fn error(text: &str) -> String {
        parse(text, |_| true).unwrap_err().to_string()
    }

    #[test]
    fn columns_come_in_any_order_and_case() {
        let long = read(
            "\u{feff}\nVolume,CLOSE,Time,Ticker,YYYYMMDD\n1,10,930,B,20070103\n1,20.5,930,A,20070103\n\
             1,11,931,B,20070103\n",
        );
        assert_eq!(long.stocks, ["B", "A"]);
        assert_eq!(long.series[0].prices, [10.0, 11.0]);
        assert_eq!(long.series[1].prices, [20.5]);
        assert_eq!(long.series[1].times, [34200 * SECOND]);
    }

    #[test]
    fn rows_alternate_or_follow_each_other() {
        let row = |(stock, time): (&str, u32)| format!("{stock},20070103,{time},1{time}\n");
        let stocks = ["A", "B", "C"];
        let alternate: Vec<_> = (930..940).flat_map(|time| stocks.map(|stock| (stock, time))).collect();
        let mut follow = alternate.clone();
        follow.sort();
        let text = |rows: Vec<_>| {
            "stock,date,time,price\n".to_owned() + &rows.into_iter().map(row).collect::<String>()
        };
        let long = read(&text(alternate));
        assert_eq!(long.stocks, stocks);
        assert!(long.series.iter().all(|series| series.times.len() == 10));
        assert_eq!(long.series, read(&text(follow)).series);
    }

    #[test]
    fn unwanted_stocks_are_named_and_not_read() {
        let long = read("symbol,date,time,price\nunwanted,never,ever,free\n\"BRK,B\",20070103,930,1\n");
        assert_eq!(long.stocks, ["unwanted", "BRK,B"]);
        assert_eq!(long.series.len(), 1);
        assert_eq!(long.series[0].stock, "BRK,B");
    }

    #[test]
    fn faulty_headers_say_what_they_lack() {
        assert!(error("stock,date,price\n").contains("no column for the time"));
        assert!(error("stock,symbol,date,time,price\n").contains("two columns for the stock"));
        assert!(error("stock,date,time,price,price\n").contains("two columns for the price"));
        assert!(error("stock,date,time,price\n").contains("no prices"));
        assert!(
            error("stock,date,time,price\nA,20070103,930\n").starts_with("panel.csv:2: expected 4 columns")
        );
        assert!(error("stock,date,time,price\n,20070103,930,1\n").contains("the stock is empty"));
    }
}
