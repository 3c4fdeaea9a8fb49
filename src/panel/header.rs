//! Which column of a table holds what: the names in its header, or the usual order where there is none.
//!
//! Names are compared without regard to case and to anything but letters and digits, so that `<CLOSE>`,
//! `Px_Last` and `YYYY-MM-DD` are known. Columns of other names are ignored. A header that names no column
//! for something needed, or two, is an error that lists the columns: to guess would be to take one quantity
//! for another. [`ColumnNames`] says which column is meant.
//!
//! A table is of one of three shapes:
//!
//! - **single**: a column of prices, all of one stock, whose name is the file's;
//! - **long**: a column of stocks beside that of prices;
//! - **wide**: a column of prices for each stock, which it is named after. A table is wide if its header
//!   names neither prices nor stocks, and nothing else that such tables hold (volume, bid, ask, open, …). A
//!   single column of an unknown name must look like a stock's: capital letters, digits and `.-/^=_`, or the
//!   file's name.
//!
//! Days and times are in columns of their own, or together in one: a column of time stamps, or one that is
//! named like a date or a time while there is none of the other kind.

use std::str::FromStr;

use super::error::{LineProblem, list, quoted};
use super::text::{Fields, Splitter};

const DATE: &[&str] = &["date", "day", "yyyymmdd", "tradedate", "tradingdate", "tradingday", "quotedate"];
const TIME: &[&str] = &["time", "timem", "hhmm", "hhmmss", "tradetime", "timeofday", "quotetime"];
/// A day and a time together. The names of pandas' indices are among them.
const STAMP: &[&str] = &[
    "timestamp",
    "datetime",
    "dt",
    "ts",
    "datetimeutc",
    "timeutc",
    "gmttime",
    "utctime",
    "localtime",
    "opentime",
    "windowstart",
    "tsevent",
    "siptimestamp",
    "participanttimestamp",
    "exchangetimestamp",
    "epoch",
    "unixtime",
    "unixtimestamp",
];
/// Names of a first column of time stamps that was a table's index.
const INDEX: &[&str] = &["", "index", "unnamed0", "indexlevel0"];
const PRICE: &[&str] = &[
    "price",
    "prices",
    "close",
    "last",
    "px",
    "prc",
    "mid",
    "midprice",
    "midquote",
    "adjclose",
    "adjustedclose",
    "closeprice",
    "closingprice",
    "lastprice",
    "ltp",
    "tradeprice",
    "pxlast",
    "pxclose",
    "pxmid",
];
/// Names of the column of stocks, and those that count where none of the first is there.
const STOCK: &[&str] = &["stock", "symbol", "ticker"];
const OTHER_STOCK: &[&str] = &[
    "sym",
    "symroot",
    "tic",
    "ric",
    "isin",
    "cusip",
    "sedol",
    "figi",
    "permno",
    "secid",
    "security",
    "instrument",
    "rawsymbol",
];
/// What else tables of intraday prices hold: columns of such names are no stocks.
const OTHER: &[&str] = &[
    "open",
    "high",
    "low",
    "volume",
    "vol",
    "size",
    "quantity",
    "qty",
    "shares",
    "amount",
    "value",
    "turnover",
    "bid",
    "ask",
    "offer",
    "bidprice",
    "askprice",
    "bidsize",
    "asksize",
    "ofr",
    "ofrsiz",
    "bidsiz",
    "vwap",
    "count",
    "trades",
    "transactions",
    "numtrades",
    "openinterest",
    "oi",
    "spread",
    "return",
    "returns",
    "ret",
    "ex",
    "exchange",
    "cond",
    "conditions",
    "corr",
    "trcorr",
    "trscond",
    "flags",
    "side",
    "id",
    "tradeid",
    "seq",
    "sequence",
    "sequencenumber",
    "currency",
    "barcount",
    "average",
    "wap",
    "hasgaps",
    "dividends",
    "stocksplits",
    "symsuffix",
    "note",
];

/// Which columns are meant, by their names, where a header does not say; by their numbers from 1, where a
/// file has no header.
///
/// ```
/// # use bellwether::panel::ColumnNames;
/// let columns: ColumnNames = "time=ts,price=mid,stock=sym".parse()?;
/// assert_eq!(columns.price.as_deref(), Some("mid"));
/// # Ok::<(), String>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
#[non_exhaustive]
pub struct ColumnNames {
    /// The column of stocks, of a table that holds several.
    pub stock: Option<String>,
    /// The column of days.
    pub date: Option<String>,
    /// The column of times, or of time stamps where `date` is not given.
    pub time: Option<String>,
    /// The column of prices.
    pub price: Option<String>,
}

impl ColumnNames {
    /// Whether columns are given by their numbers.
    pub(super) fn are_numbers(&self) -> bool {
        let Self { stock, date, time, price } = self;
        [stock, date, time, price].into_iter().flatten().all(|name| name.parse::<usize>().is_ok())
    }

    /// Whether nothing is said.
    pub fn is_empty(&self) -> bool {
        *self == Self::default()
    }
}

impl FromStr for ColumnNames {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form =
            "write which columns hold what, like time=ts,price=mid,stock=sym (of date, time, price, stock)";
        let mut names = Self::default();
        for part in text.split(',') {
            let (role, name) = part.split_once('=').ok_or(form)?;
            let role = match role.trim() {
                "stock" => &mut names.stock,
                "date" => &mut names.date,
                "time" => &mut names.time,
                "price" => &mut names.price,
                _ => return Err(form.into()),
            };
            if name.trim().is_empty() || role.replace(name.trim().to_owned()).is_some() {
                return Err(form.into());
            }
        }
        Ok(names)
    }
}

/// Rows to keep, by what a column holds: `CORR=0`, `EX!=D`, `COND=@|F|` (any of these, the last one empty).
/// Texts are compared as they are, without the blanks around them.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowFilter {
    /// The column's name.
    pub column: String,
    /// What it may hold, or must not.
    pub values: Vec<String>,
    /// Whether rows with these values are dropped, instead of kept.
    pub excludes: bool,
}

impl FromStr for RowFilter {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let form = "write a column and what it must hold, like CORR=0, EX=N|Q (either) or COND!=Z (not)";
        let (column, values) = text.split_once('=').ok_or(form)?;
        let (column, excludes) = column.strip_suffix('!').map_or((column, false), |column| (column, true));
        if column.trim().is_empty() {
            return Err(form.into());
        }
        let values = values.split('|').map(|value| value.trim().to_owned()).collect();
        Ok(Self { column: column.trim().to_owned(), values, excludes })
    }
}

impl RowFilter {
    /// Whether a row is kept that holds this in the filter's column.
    pub(super) fn keeps(&self, field: &[u8]) -> bool {
        self.values.iter().any(|value| value.as_bytes() == field) != self.excludes
    }
}

/// Where a table has its days and times.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum When {
    Apart { date: usize, time: usize },
    Together(usize),
}

/// Where a table has its prices, and whose they are.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) enum Shape {
    Single {
        price: usize,
    },
    Long {
        stock: usize,
        price: usize,
    },
    /// The columns of prices, each with its stock.
    Wide(Vec<(usize, String)>),
}

/// Where a table has what is read of it.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Columns {
    pub(super) when: When,
    pub(super) shape: Shape,
    /// Of each row filter, its column.
    pub(super) filters: Vec<usize>,
    /// The number of columns, others included.
    pub(super) count: usize,
    /// The names of the columns; empty where the file has no header.
    pub(super) names: Vec<String>,
}

impl Columns {
    /// Date, time and price: the columns of a file of one stock without a header.
    pub(super) fn plain() -> Self {
        let (when, shape) = (When::Apart { date: 0, time: 1 }, Shape::Single { price: 2 });
        Self { when, shape, filters: Vec::new(), count: 3, names: Vec::new() }
    }

    /// Whether these are date, time and price and nothing else, in this order.
    #[cfg(test)]
    pub(super) fn is_plain(&self) -> bool {
        self.when == When::Apart { date: 0, time: 1 }
            && self.shape == (Shape::Single { price: 2 })
            && self.filters.is_empty()
            && self.count == 3
    }

    /// The columns of a table without a header, whose first row has `count` of them: date, time and price, or
    /// a time stamp and a price, or those whose numbers are given.
    pub(super) fn without_header(
        count: usize,
        wanted: &ColumnNames,
        filters: &[RowFilter],
    ) -> Result<Self, LineProblem> {
        if let Some(filter) = filters.first() {
            return Err(LineProblem::NoHeader { column: filter.column.clone() });
        }
        if wanted.is_empty() {
            let together = || Self {
                when: When::Together(0),
                shape: Shape::Single { price: 1 },
                count: 2,
                ..Self::plain()
            };
            return Ok(if count == 2 { together() } else { Self::plain() });
        }
        let number = |role: &'static str, name: &Option<String>| -> Result<Option<usize>, LineProblem> {
            let Some(name) = name else { return Ok(None) };
            match name.parse::<usize>() {
                Ok(number) if (1..=count).contains(&number) => Ok(Some(number - 1)),
                Ok(_) => Err(LineProblem::ColumnNumber { role, number: name.clone(), count }),
                Err(_) => Err(LineProblem::NoHeader { column: name.clone() }),
            }
        };
        let (date, time) = (number("date", &wanted.date)?, number("time", &wanted.time)?);
        let missing =
            |role| LineProblem::MissingColumn { missing: role, columns: format!("{count} without names") };
        let price = number("price", &wanted.price)?.ok_or(missing("price"))?;
        let when = match (date, time) {
            (Some(date), Some(time)) => When::Apart { date, time },
            (Some(one), None) | (None, Some(one)) => When::Together(one),
            (None, None) => return Err(missing("time")),
        };
        let shape = match number("stock", &wanted.stock)? {
            Some(stock) => Shape::Long { stock, price },
            None => Shape::Single { price },
        };
        Ok(Self { when, shape, filters: Vec::new(), count, names: Vec::new() })
    }

    /// The columns that a header names. `stem` is the file's name.
    pub(super) fn find(
        names: Vec<String>,
        wanted: &ColumnNames,
        filters: &[RowFilter],
        stem: &str,
    ) -> Result<Self, LineProblem> {
        let find = Find { names: &names, stem };
        let when = find.when(wanted)?;
        let stock = match &wanted.stock {
            Some(_) => find.column("stock", &wanted.stock, &[])?,
            None => match find.column("stock", &None, STOCK)? {
                Some(stock) => Some(stock),
                None => find.column("stock", &None, OTHER_STOCK)?,
            },
        };
        let shape = match (find.column("price", &wanted.price, PRICE)?, stock) {
            (Some(price), Some(stock)) => Shape::Long { stock, price },
            (Some(price), None) => Shape::Single { price },
            (None, Some(_)) => return Err(find.missing("price")),
            (None, None) => Shape::Wide(find.wide(when, filters)?),
        };
        let column = |filter: &RowFilter| find.named(&filter.column);
        let filters = filters.iter().map(column).collect::<Result<_, _>>()?;
        Ok(Self { when, shape, filters, count: names.len(), names })
    }

    /// What is read of a table, in a few words.
    pub(super) fn described(&self) -> String {
        let name = |column: usize| match self.names.get(column).map(String::as_str) {
            Some("") => "the first column".to_owned(),
            Some(name) => name.to_owned(),
            None => format!("column {}", column + 1),
        };
        let pair = |column: usize, role: &str| match name(column) {
            same if same == role => same,
            other => format!("{other} → {role}"),
        };
        let mut parts = match self.when {
            When::Apart { date, time } => vec![pair(date, "date"), pair(time, "time")],
            When::Together(stamp) => vec![pair(stamp, "time")],
        };
        match &self.shape {
            Shape::Single { price } => parts.push(pair(*price, "price")),
            Shape::Long { stock, price } => parts.extend([pair(*stock, "stock"), pair(*price, "price")]),
            Shape::Wide(stocks) => {
                parts.push(format!(
                    "a column of prices for each of {}",
                    list(stocks.iter().map(|(_, name)| name))
                ));
            }
        }
        parts.join(", ")
    }
}

/// Looks columns up by their names.
struct Find<'a> {
    names: &'a [String],
    stem: &'a str,
}

impl Find<'_> {
    fn when(&self, wanted: &ColumnNames) -> Result<When, LineProblem> {
        match (&wanted.date, &wanted.time) {
            (Some(date), Some(time)) => {
                return Ok(When::Apart { date: self.named(date)?, time: self.named(time)? });
            }
            (None, Some(time)) => {
                // A stamp is whole; any other belongs to a day where there is one.
                let time = self.named(time)?;
                let is_stamp = is_one_of(&self.names[time], STAMP);
                return Ok(match self.column("date", &None, DATE)? {
                    Some(date) if !is_stamp && date != time => When::Apart { date, time },
                    _ => When::Together(time),
                });
            }
            (Some(date), None) => {
                let date = self.named(date)?;
                return Ok(match self.column("time", &None, TIME)? {
                    Some(time) if time != date => When::Apart { date, time },
                    _ => When::Together(date),
                });
            }
            (None, None) => {}
        }
        let (date, time) = (self.column("date", &None, DATE)?, self.column("time", &None, TIME)?);
        let stamp = self.column("time", &None, STAMP)?;
        match (date, time, stamp) {
            (Some(date), Some(time), None) => Ok(When::Apart { date, time }),
            (None, None, Some(stamp)) => Ok(When::Together(stamp)),
            (Some(one), None, None) | (None, Some(one), None) => Ok(When::Together(one)),
            (None, None, None) => match self.names.first() {
                Some(first) if is_one_of(first, INDEX) => Ok(When::Together(0)),
                _ => Err(self.missing("time")),
            },
            _ => {
                let columns = [date, time, stamp].into_iter().flatten().map(|column| self.quoted(column));
                Err(LineProblem::RepeatedColumn { what: "time", columns: list(columns) })
            }
        }
    }

    /// The prices of a wide table: all columns but those of times and of row filters.
    fn wide(&self, when: When, filters: &[RowFilter]) -> Result<Vec<(usize, String)>, LineProblem> {
        let is_time = |column: usize| match when {
            When::Apart { date, time } => column == date || column == time,
            When::Together(stamp) => column == stamp,
        };
        let is_filter = |name: &str| filters.iter().any(|filter| filter.column == name);
        let columns: Vec<usize> = (0..self.names.len())
            .filter(|&column| !is_time(column) && !is_filter(&self.names[column]))
            // A separator at the end of each line makes a column without a name.
            .filter(|&column| !(column + 1 == self.names.len() && self.names[column].is_empty()))
            .collect();
        let is_stock = |&column: &usize| {
            let name = &*self.names[column];
            !name.is_empty() && !is_one_of(name, OTHER) && (columns.len() > 1 || self.is_ticker(name))
        };
        if columns.is_empty() || !columns.iter().all(is_stock) {
            return Err(self.missing("price"));
        }
        Ok(columns.into_iter().map(|column| (column, self.names[column].clone())).collect())
    }

    /// Whether a column's name looks like that of a stock.
    fn is_ticker(&self, name: &str) -> bool {
        name == self.stem || is_ticker(name)
    }

    fn quoted(&self, column: usize) -> String {
        quoted(self.names[column].as_bytes())
    }

    fn missing(&self, missing: &'static str) -> LineProblem {
        LineProblem::MissingColumn { missing, columns: self.all() }
    }

    fn all(&self) -> String {
        list((0..self.names.len()).map(|column| self.quoted(column)))
    }

    /// The column of this very name; failing that, of this name but for case and signs.
    fn named(&self, wanted: &str) -> Result<usize, LineProblem> {
        let same: Vec<usize> = (0..self.names.len()).filter(|&column| self.names[column] == wanted).collect();
        let alike =
            || (0..self.names.len()).filter(|&column| reduced(&self.names[column]) == reduced(wanted));
        let found = if same.is_empty() { alike().collect() } else { same };
        match found[..] {
            [column] => Ok(column),
            [] => Err(LineProblem::UnknownColumn { column: wanted.to_owned(), columns: self.all() }),
            _ => {
                let columns = list(found.iter().map(|&column| self.quoted(column)));
                Err(LineProblem::RepeatedColumn { what: "name given", columns })
            }
        }
    }

    /// The column wanted by its name, or the only one among those `known`.
    fn column(
        &self,
        what: &'static str,
        wanted: &Option<String>,
        known: &[&str],
    ) -> Result<Option<usize>, LineProblem> {
        if let Some(name) = wanted {
            return self.named(name).map(Some);
        }
        let places: Vec<usize> =
            (0..self.names.len()).filter(|&place| is_one_of(&self.names[place], known)).collect();
        match places[..] {
            [] => Ok(None),
            [place] => Ok(Some(place)),
            _ => {
                let columns = list(places.iter().map(|&place| self.quoted(place)));
                Err(LineProblem::RepeatedColumn { what, columns })
            }
        }
    }
}

/// Whether a name looks like that of a stock.
pub(super) fn is_ticker(name: &str) -> bool {
    const LONGEST: usize = 12;
    let fits = |byte: u8| byte.is_ascii_uppercase() || byte.is_ascii_digit() || b".-/^=_".contains(&byte);
    !name.is_empty() && name.len() <= LONGEST && name.bytes().all(fits)
}

/// The letters and digits of a name, in lower case.
fn reduced(name: &str) -> String {
    name.chars().filter(|char| char.is_alphanumeric()).flat_map(char::to_lowercase).collect()
}

fn is_one_of(name: &str, known: &[&str]) -> bool {
    known.contains(&&*reduced(name))
}

/// Whether a name is that of a column of stocks.
pub(super) fn names_stocks(name: &str) -> bool {
    is_one_of(name, STOCK) || is_one_of(name, OTHER_STOCK)
}

/// The names in a header.
pub(super) fn names(fields: Fields<'_>) -> Vec<String> {
    fields.map(|field| String::from_utf8_lossy(field).into_owned()).collect()
}

/// Whether the first line of a file names columns: a known one, or others: there are letters, no field begins
/// like a number, and the last is not a missing price.
pub(super) fn is_header(line: &[u8], splitter: &mut Splitter) -> bool {
    const MISSING: [&str; 6] = ["", "na", "n/a", "nan", "inf", "null"];
    let Ok(fields) = splitter.split(line) else { return false };
    let known = [DATE, TIME, STAMP, PRICE, STOCK, OTHER_STOCK];
    let (mut letters, mut numbers, mut last) = (false, false, &[][..]);
    for field in fields {
        let name = String::from_utf8_lossy(field);
        if known.iter().any(|known| is_one_of(&name, known)) {
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

    fn find_wanted(header: &str, wanted: &str, filters: &[&str]) -> Result<Columns, String> {
        let mut splitter = Splitter::new(b',');
        let names = names(splitter.split(header.as_bytes()).unwrap());
        let wanted = if wanted.is_empty() { ColumnNames::default() } else { wanted.parse().unwrap() };
        let filters: Vec<RowFilter> = filters.iter().map(|filter| filter.parse().unwrap()).collect();
        Columns::find(names, &wanted, &filters, "stem").map_err(|problem| problem.to_string())
    }

    fn find(header: &str) -> Result<Columns, String> {
        find_wanted(header, "", &[])
    }

    fn single(header: &str) -> (usize, usize, usize, usize) {
        match find(header).unwrap() {
            Columns { when: When::Apart { date, time }, shape: Shape::Single { price }, count, .. } => {
                (date, time, price, count)
            }
            other => panic!("{header}: {other:?}"),
        }
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
            assert!(find(header).unwrap().is_plain(), "{header}");
        }
        assert_eq!(single("date,price,time"), (0, 2, 1, 3));
        assert_eq!(single("id,Price,volume,TIME,Date,"), (4, 3, 1, 6));
        assert_eq!(single("date,time,open,high,low,close,volume"), (0, 1, 5, 7));
        let stock = |header: &str| match find(header).unwrap().shape {
            Shape::Long { stock, price } => (stock, price),
            other => panic!("{other:?}"),
        };
        assert_eq!(stock("price,time,date,isin,symbol"), (4, 0));
        assert_eq!(stock("price,time,date,isin"), (3, 0));
        assert_eq!(stock("DATE,TIME_M,EX,SYM_ROOT,SYM_SUFFIX,TR_SCOND,SIZE,PRICE,TR_CORR"), (3, 7));
        assert_eq!(stock("ticker,volume,open,close,high,low,window_start,transactions"), (0, 3));
    }

    #[test]
    fn time_stamps_hold_day_and_time() {
        let stamp = |header: &str| match find(header).unwrap().when {
            When::Together(stamp) => stamp,
            other => panic!("{header}: {other:?}"),
        };
        assert_eq!(stamp("DT,EX,SYMBOL,COND,SIZE,PRICE,CORR"), 0);
        assert_eq!(stamp("price,timestamp"), 1);
        assert_eq!(stamp("Date,Open,High,Low,Close,Volume"), 0);
        assert_eq!(stamp("time,price"), 0);
        assert_eq!(stamp(",AAPL,MSFT"), 0);
        assert_eq!(stamp("Unnamed: 0,AAPL"), 0);
    }

    #[test]
    fn wide_tables_name_stocks() {
        let wide = |header: &str| match find(header).unwrap().shape {
            Shape::Wide(stocks) => stocks,
            other => panic!("{header}: {other:?}"),
        };
        let pairs = |pairs: &[(usize, &str)]| -> Vec<(usize, String)> {
            pairs.iter().map(|(column, name)| (*column, (*name).to_owned())).collect()
        };
        assert_eq!(wide("date,time,AAPL"), pairs(&[(2, "AAPL")]));
        assert_eq!(wide(",AAPL,BRK.B"), pairs(&[(1, "AAPL"), (2, "BRK.B")]));
        assert_eq!(wide("apple,timestamp,sap"), pairs(&[(0, "apple"), (2, "sap")]));
        assert_eq!(wide("timestamp,stem"), pairs(&[(1, "stem")]));
        for header in [
            "date,time,volume",
            "date,time,Kurs",
            "date,time,AAPL,volume",
            "date,time,AAPL,,MSFT",
            "date,time",
        ] {
            assert!(find(header).unwrap_err().contains("no column for the price"), "{header}");
        }
    }

    #[test]
    fn what_is_missing_or_twofold_is_told_with_the_names() {
        let error = |header: &str| find(header).unwrap_err();
        let volume = error("date,time,volume");
        assert!(
            volume.contains("no column for the price (its columns are \"date\", \"time\", \"volume\")"),
            "{volume}"
        );
        assert!(error("Datum,Zeit,Kurs").contains("no column for the time"));
        assert!(error("price,volume").contains("no column for the time"));
        assert!(
            error("date,time,close,Adj Close")
                .contains("two columns for the price: \"close\", \"Adj Close\"")
        );
        assert!(error("day,date,time,price").contains("two columns for the date: \"day\", \"date\""));
        assert!(error("ric,isin,date,time,price").contains("two columns for the stock: \"ric\", \"isin\""));
        assert!(error("date,time,timestamp,price").contains("two columns for the time"));
        assert!(error("stock,date,time,volume").contains("no column for the price"));
    }

    #[test]
    fn what_the_user_names_is_taken() {
        let found =
            find_wanted("sym,ts,bid,ask,mid,last", "time=ts,price=mid,stock=sym", &["ask=1|2", "bid!="])
                .unwrap();
        assert_eq!((found.when, found.shape), (When::Together(1), Shape::Long { stock: 0, price: 4 }));
        assert_eq!(found.filters, [3, 2]);
        let of = |header: &str, wanted: &str| find_wanted(header, wanted, &[]);
        assert_eq!(of("date,time,timestamp,price", "time=timestamp").unwrap().when, When::Together(2));
        assert_eq!(
            of("date,time,timestamp,price", "time=time").unwrap().when,
            When::Apart { date: 0, time: 1 }
        );
        assert_eq!(of("d,t,p", "date=d,time=t,price=P").unwrap().shape, Shape::Single { price: 2 });
        assert!(of("d,t,p", "date=d,time=x,price=p").unwrap_err().contains("no column \"x\""));
        assert!(of("p,t,P", "time=t,price=p").is_ok());
        assert!(of("P,t,P.", "time=t,price=p").unwrap_err().contains("two columns"));
        for text in ["", "price", "price=", "prize=x", "price=a,price=b"] {
            assert!(text.parse::<ColumnNames>().is_err(), "{text}");
        }
        for text in ["", "EX", "=N", "!=N"] {
            assert!(text.parse::<RowFilter>().is_err(), "{text}");
        }
        let filter: RowFilter = "COND=@|F|".parse().unwrap();
        assert!(filter.keeps(b"") && filter.keeps(b"F") && !filter.keeps(b"Z"));
        let filter: RowFilter = "COND!=@|F".parse().unwrap();
        assert!(filter.keeps(b"") && !filter.keeps(b"F"));
    }

    #[test]
    fn files_without_a_header_have_numbers() {
        let of = |count, wanted: &str| {
            let wanted = if wanted.is_empty() { ColumnNames::default() } else { wanted.parse().unwrap() };
            Columns::without_header(count, &wanted, &[]).map_err(|problem| problem.to_string())
        };
        assert!(of(3, "").unwrap().is_plain() && of(7, "").unwrap().is_plain());
        assert_eq!(of(2, "").unwrap().when, When::Together(0));
        let bars = of(7, "date=1,time=2,price=6").unwrap();
        assert_eq!((bars.shape, bars.count), (Shape::Single { price: 5 }, 7));
        assert!(of(7, "date=1,time=2,price=8").unwrap_err().contains("7 columns"));
        assert!(of(7, "date=1,time=2,price=close").unwrap_err().contains("no header"));
    }

    #[test]
    fn headers_name_columns() {
        let header = |line: &str| is_header(line.as_bytes(), &mut Splitter::new(b','));
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
