//! Which column of a file holds what: the names in its header, or the usual order where there is none.
//!
//! Names are compared without regard to case and to anything but letters and digits, so that `<CLOSE>`,
//! `Px_Last` and `YYYY-MM-DD` are known. Columns of other names are ignored. A header that names no column
//! for something needed, or two, is an error: to guess would be to take one quantity for another.

use super::error::{LineProblem, list, quoted};
use super::text::{Fields, Splitter};

const DATE: &[&str] = &["date", "day", "yyyymmdd", "tradedate", "tradingdate", "tradingday"];
const TIME: &[&str] = &["time", "hhmm", "hhmmss", "tradetime", "timeofday"];
const PRICE: &[&str] = &[
    "price",
    "prices",
    "close",
    "last",
    "px",
    "prc",
    "adjclose",
    "adjustedclose",
    "closeprice",
    "closingprice",
    "lastprice",
    "tradeprice",
    "pxlast",
    "pxclose",
];
/// Names of the column of stocks, and those that count where none of the first is there.
const STOCK: &[&str] = &["stock", "symbol", "ticker"];
const OTHER_STOCK: &[&str] =
    &["sym", "symroot", "tic", "ric", "isin", "cusip", "sedol", "figi", "permno", "secid", "security"];

/// Where a file has what is read of it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Columns {
    /// Only long files have one.
    stock: Option<usize>,
    date: usize,
    time: usize,
    price: usize,
    /// The number of columns, others included.
    count: usize,
}

/// The fields of a row that are read.
#[derive(Debug, Clone, Copy, Default)]
pub(super) struct Row<'a> {
    pub(super) stock: &'a [u8],
    pub(super) date: &'a [u8],
    pub(super) time: &'a [u8],
    pub(super) price: &'a [u8],
}

impl Columns {
    /// Date, time and price: the columns of a file of one stock without a header.
    pub(super) const PLAIN: Self = Self { stock: None, date: 0, time: 1, price: 2, count: 3 };

    /// The columns that a header names.
    pub(super) fn find(header: &[u8], splitter: &mut Splitter) -> Result<Self, LineProblem> {
        let names: Vec<&[u8]> = splitter.split(header)?.collect();
        let column = |what: &'static str, known: &[&str]| {
            only(what, &names, known)?.ok_or_else(|| LineProblem::MissingColumn {
                missing: what,
                columns: list(names.iter().map(|name| quoted(name))),
            })
        };
        let stock = match only("stock", &names, STOCK)? {
            Some(stock) => Some(stock),
            None => only("stock", &names, OTHER_STOCK)?,
        };
        Ok(Self {
            stock,
            date: column("date", DATE)?,
            time: column("time", TIME)?,
            price: column("price", PRICE)?,
            count: names.len(),
        })
    }

    /// Takes from a row what is read.
    pub(super) fn of<'a>(&self, fields: Fields<'a>) -> Result<Row<'a>, LineProblem> {
        let mut row = Row::default();
        let mut count = 0;
        for field in fields {
            match count {
                place if place == self.date => row.date = field,
                place if place == self.time => row.time = field,
                place if place == self.price => row.price = field,
                place if Some(place) == self.stock => row.stock = field,
                _ => {}
            }
            count += 1;
        }
        if count == self.count {
            return Ok(row);
        }
        let names = if *self == Self::PLAIN { "date, time, price" } else { "as the header has" }.to_owned();
        Err(LineProblem::Columns { expected: self.count, names, found: count })
    }
}

/// The place of the one name among those `known`.
fn only(what: &'static str, names: &[&[u8]], known: &[&str]) -> Result<Option<usize>, LineProblem> {
    let places: Vec<usize> = (0..names.len()).filter(|&place| is_one_of(names[place], known)).collect();
    match places[..] {
        [] => Ok(None),
        [place] => Ok(Some(place)),
        _ => {
            let columns = list(places.iter().map(|&place| quoted(names[place])));
            Err(LineProblem::RepeatedColumn { what, columns })
        }
    }
}

fn is_one_of(field: &[u8], known: &[&str]) -> bool {
    let text = String::from_utf8_lossy(field);
    let name: String =
        text.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect();
    known.contains(&&*name)
}

/// Whether this line, the first of a file, is the header of a long file: it names a column of stocks.
pub(super) fn is_long(line: &[u8], splitter: &mut Splitter) -> bool {
    let names_stock = |field: &[u8]| is_one_of(field, STOCK) || is_one_of(field, OTHER_STOCK);
    is_header(line, splitter) && splitter.split(line).is_ok_and(|mut fields| fields.any(names_stock))
}

/// Whether the first line of a file names columns: a known one, or others: there are letters, no field begins
/// like a number, and the last is not a missing price.
pub(super) fn is_header(line: &[u8], splitter: &mut Splitter) -> bool {
    const MISSING: [&str; 6] = ["", "na", "n/a", "nan", "inf", "null"];
    let Ok(fields) = splitter.split(line) else { return false };
    let known = [DATE, TIME, PRICE, STOCK, OTHER_STOCK];
    let (mut letters, mut numbers, mut last) = (false, false, &[][..]);
    for field in fields {
        if known.iter().any(|known| is_one_of(field, known)) {
            return true;
        }
        letters |= field.iter().any(u8::is_ascii_alphabetic) || !field.is_ascii();
        numbers |= matches!(field, [b'0'..=b'9', ..] | [b'+' | b'-' | b'.', b'0'..=b'9', ..]);
        last = field;
    }
    letters && !numbers && !MISSING.iter().any(|word| last.eq_ignore_ascii_case(word.as_bytes()))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn find(header: &str) -> Result<Columns, String> {
        Columns::find(header.as_bytes(), &mut Splitter::new()).map_err(|problem| problem.to_string())
    }

    fn places(header: &str) -> (usize, usize, usize, usize) {
        let Columns { date, time, price, count, .. } = find(header).unwrap();
        (date, time, price, count)
    }

    #[test]
    fn columns_are_found_by_their_names() {
        for header in [
            "date,time,price",
            "YYYYMMDD,HHMM,PRICE",
            "Day, HH:MM:SS ,\"Close\"",
            "<DATE>,<TIME>,<CLOSE>",
            "YYYY-MM-DD,hhmmss,Px_Last",
        ] {
            assert_eq!(find(header), Ok(Columns::PLAIN), "{header}");
        }
        assert_eq!(places("date,price,time"), (0, 2, 1, 3));
        assert_eq!(places("id,Price,volume,TIME,Date,"), (4, 3, 1, 6));
        assert_eq!(places("date,time,open,high,low,close,volume"), (0, 1, 5, 7));
        assert_eq!(find("price,time,date,isin,symbol").unwrap().stock, Some(4));
        assert_eq!(find("price,time,date,isin").unwrap().stock, Some(3));
    }

    #[test]
    fn what_is_missing_or_twofold_is_told_with_the_names() {
        let error = |header: &str| find(header).unwrap_err();
        let volume = error("date,time,volume");
        assert!(volume.contains("no column for the price (its columns are \"date\", \"time\", \"volume\")"));
        assert!(error("Datum,Zeit,Kurs").contains("no column for the date"));
        assert!(error("date,price").contains("no column for the time"));
        assert!(
            error("date,time,close,Adj Close")
                .contains("two columns for the price: \"close\", \"Adj Close\"")
        );
        assert!(error("day,date,time,price").contains("two columns for the date: \"day\", \"date\""));
        assert!(error("ric,isin,date,time,price").contains("two columns for the stock: \"ric\", \"isin\""));
    }

    #[test]
    fn headers_name_columns() {
        let header = |line: &str| is_header(line.as_bytes(), &mut Splitter::new());
        for line in [
            "YYYYMMDD,HHMM,PRICE",
            "\"date\",\"time\",\"price\"",
            "a,b1,c",
            "date,time,5min",
            "date,time,",
            "日,刻,値",
        ] {
            assert!(header(line), "{line}");
        }
        for line in
            ["20070103,935,12.34", "20070103,935,nan", "x,935,1", "NA,NA,NA", "-,-,-", "a,-1,b", "date,\"x"]
        {
            assert!(!header(line), "{line}");
        }
    }
}
