//! Long files: the rows of all stocks in one file, under a header that names the columns stock, date, time and price.
//!
//! The columns come in any order, among others that are ignored. The rows of one stock come in the order of time; those of
//! different stocks may alternate or follow each other.

use std::collections::HashMap;
use std::path::Path;

use jiff::civil::Date;

use super::error::{FileProblem, LineProblem, PanelError};
use super::field::{self, TimeStyle};
use super::series::Series;
use super::text::{Lines, Splitter};

/// What the column of the stocks may be called.
const STOCK: [&str; 3] = ["stock", "symbol", "ticker"];

/// Whether this line, the first of a file, is the header of a long file.
pub(super) fn is_long(header: &[u8], splitter: &mut Splitter) -> bool {
    splitter.split(header).is_ok_and(|mut fields| fields.any(names_stock))
}

fn names_stock(field: &[u8]) -> bool {
    STOCK.iter().any(|name| field.eq_ignore_ascii_case(name.as_bytes()))
}

/// Where the four columns are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Columns {
    stock: usize,
    date: usize,
    time: usize,
    price: usize,
    /// The number of columns, others included.
    count: usize,
}

impl Columns {
    fn find(header: &[u8], splitter: &mut Splitter) -> Result<Self, LineProblem> {
        let names: Vec<&[u8]> = splitter.split(header)?.collect();
        let stock = only("stock", &names, names_stock)?.ok_or(LineProblem::EmptyStock)?;
        let column = |name: &'static str| {
            only(name, &names, |field| field.eq_ignore_ascii_case(name.as_bytes()))?.ok_or_else(|| {
                let stock = String::from_utf8_lossy(names[stock]).into_owned();
                LineProblem::MissingColumn { stock, missing: name }
            })
        };
        Ok(Self {
            stock,
            date: column("date")?,
            time: column("time")?,
            price: column("price")?,
            count: names.len(),
        })
    }
}

/// The place of the one name that fits.
fn only(
    what: &'static str,
    names: &[&[u8]],
    fits: impl Fn(&[u8]) -> bool,
) -> Result<Option<usize>, LineProblem> {
    let mut places = (0..names.len()).filter(|&place| fits(names[place]));
    let first = places.next();
    if places.next().is_some() { Err(LineProblem::RepeatedColumn(what)) } else { Ok(first) }
}

/// What a long file holds.
#[derive(Debug, Default)]
pub(super) struct Long {
    /// The stocks that were asked for, in the order in which they appear.
    pub(super) series: Vec<Series>,
    /// All stocks, in the order in which they appear.
    pub(super) stocks: Vec<String>,
}

/// Reads a long file. Rows of stocks that are not `wanted` are left unread beyond the stock's name.
pub(super) fn parse(path: &Path, text: &[u8], wanted: impl Fn(&str) -> bool) -> Result<Long, PanelError> {
    let at = |line, problem| PanelError::Line { path: path.to_path_buf(), line, problem };
    let mut lines = Lines::new(text);
    let mut splitter = Splitter::new();
    let header = lines.next().unwrap_or_default();
    let columns = Columns::find(header, &mut splitter).map_err(|problem| at(lines.number, problem))?;
    let mut rows = Rows {
        wanted,
        columns,
        long: Long::default(),
        places: HashMap::new(),
        series: Vec::new(),
        last_stock: 0,
        last_date: None,
        style: None,
    };
    while let Some(line) = lines.next() {
        rows.read(line, &mut splitter).map_err(|problem| at(lines.number, problem))?;
    }
    if rows.long.stocks.is_empty() {
        return Err(PanelError::File { path: path.to_path_buf(), problem: FileProblem::HeaderOnly });
    }
    Ok(rows.long)
}

/// The state of reading rows.
struct Rows<F> {
    wanted: F,
    columns: Columns,
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
    fn read(&mut self, line: &[u8], splitter: &mut Splitter) -> Result<(), LineProblem> {
        let [mut stock, mut date, mut time, mut price] = [&[][..]; 4];
        let mut count = 0;
        for field in splitter.split(line)? {
            match count {
                place if place == self.columns.stock => stock = field,
                place if place == self.columns.date => date = field,
                place if place == self.columns.time => time = field,
                place if place == self.columns.price => price = field,
                _ => {}
            }
            count += 1;
        }
        if count != self.columns.count {
            let names = "as the header has".to_owned();
            return Err(LineProblem::Columns { expected: self.columns.count, names, found: count });
        }
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
    use super::*;

    fn read(text: &str) -> Long {
        parse(Path::new("panel.csv"), text.as_bytes(), |stock| stock != "unwanted").unwrap()
    }

    fn error(text: &str) -> String {
        parse(Path::new("panel.csv"), text.as_bytes(), |_| true).unwrap_err().to_string()
    }

    #[test]
    fn columns_come_in_any_order_and_case() {
        let long = read(
            "Volume,PRICE,Time,Ticker,date\n1,10,930,B,20070103\n1,20.5,930,A,20070103\n1,11,931,B,20070103\n",
        );
        assert_eq!(long.stocks, ["B", "A"]);
        assert_eq!(long.series[0].prices, [10.0, 11.0]);
        assert_eq!(long.series[1].prices, [20.5]);
        assert_eq!(long.series[1].times, [34200]);
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
        assert!(error("stock,date,price\n").contains("no \"time\""));
        assert!(error("stock,symbol,date,time,price\n").contains("two columns for the stock"));
        assert!(error("stock,date,time,price,price\n").contains("two columns for the price"));
        assert!(error("stock,date,time,price\n").contains("no prices"));
        assert!(
            error("stock,date,time,price\nA,20070103,930\n").starts_with("panel.csv:2: expected 4 columns")
        );
        assert!(error("stock,date,time,price\n,20070103,930,1\n").contains("the stock is empty"));
    }
}
