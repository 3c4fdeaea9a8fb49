//! One panel, written in every shape that users have, is read as the same panel; what can't be understood is
//! refused with what to say.

use std::fs;
use std::io::Write;
#[cfg(feature = "parquet")]
use std::path::Path;
use std::path::PathBuf;

use bellwether::jiff::Timestamp;
use bellwether::jiff::civil::{Date, date};
use bellwether::jiff::tz::TimeZone;
use bellwether::jobs::Jobs;
use bellwether::panel::{
    Align, Cleaning, DateFormat, Duplicates, LoadOptions, Missing, Panel, SECOND, TableOptions, Zones, load,
};

/// A price of a stock.
#[derive(Debug, Clone, Copy)]
struct Row {
    stock: &'static str,
    date: Date,
    /// Minutes after midnight.
    minute: u32,
    price: f64,
}

impl Row {
    fn compact(&self) -> String {
        self.date.to_string().replace('-', "")
    }

    fn hhmm(&self) -> u32 {
        self.minute / 60 * 100 + self.minute % 60
    }

    fn clock(&self) -> String {
        format!("{:02}:{:02}:00", self.minute / 60, self.minute % 60)
    }

    /// Seconds since 1970, of New York in winter.
    fn epoch(&self) -> i64 {
        let midnight = self.date.to_zoned(TimeZone::UTC).unwrap().timestamp().as_second();
        midnight + i64::from(self.minute) * 60 + 5 * 3600
    }

    fn utc(&self) -> String {
        Timestamp::from_second(self.epoch()).unwrap().to_string()
    }
}

const STOCKS: [&str; 2] = ["AAPL", "MSFT"];

/// Two stocks over three days.
fn rows() -> Vec<Row> {
    let mut rows = Vec::new();
    for (number, stock) in STOCKS.into_iter().enumerate() {
        for day in 3..6 {
            for minute in 0..12 {
                let price =
                    90.0 + f64::from((number as i32 * 7 + i32::from(day) * 13 + minute * 29) % 40) / 8.0;
                let minute = 570 + minute as u32;
                rows.push(Row { stock, date: date(2007, 1, day), minute, price });
            }
        }
    }
    rows
}

/// A file for each stock: `line` for each of its rows, behind a header, if any.
fn singles(ending: &str, header: &str, line: impl Fn(&Row) -> String) -> Vec<(String, Vec<u8>)> {
    let file = |stock: &str| {
        let own = rows().into_iter().filter(|row| row.stock == stock);
        let text: String = own.map(|row| line(&row) + "\n").collect();
        (format!("{stock}{ending}"), (header.to_owned() + &text).into_bytes())
    };
    STOCKS.into_iter().map(file).collect()
}

/// One file of all rows, in the order of time.
fn long(header: &str, line: impl Fn(&Row) -> String) -> Vec<(String, Vec<u8>)> {
    let mut rows = rows();
    rows.sort_by_key(|row| (row.date, row.minute));
    let text: String = rows.iter().map(|row| line(row) + "\n").collect();
    vec![("all.csv".into(), (header.to_owned() + &text).into_bytes())]
}

/// One file with a column of prices for each stock.
fn wide(header: &str, line: impl Fn(&Row, f64) -> String) -> Vec<(String, Vec<u8>)> {
    let all = rows();
    let (first, second) = all.split_at(all.len() / 2);
    let text: String = first.iter().zip(second).map(|(row, other)| line(row, other.price) + "\n").collect();
    vec![("wide.csv".into(), (header.to_owned() + &text).into_bytes())]
}

fn gzip(bytes: &[u8]) -> Vec<u8> {
    let mut encoder = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::default());
    encoder.write_all(bytes).unwrap();
    encoder.finish().unwrap()
}

fn read(files: &[(String, Vec<u8>)], options: &LoadOptions) -> Result<Panel, String> {
    let folder = tempfile::tempdir().unwrap();
    for (name, bytes) in files {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, bytes).unwrap();
    }
    read_at(&[folder.path().to_path_buf()], options)
}

fn read_at(paths: &[PathBuf], options: &LoadOptions) -> Result<Panel, String> {
    let loaded = load(paths, options, &Jobs::new().threads(2).unwrap());
    loaded.map(|loaded| loaded.panel).map_err(|error| error.to_string())
}

fn expected() -> Panel {
    let plain = singles(".csv", "", |row| format!("{},{},{}", row.compact(), row.hhmm(), row.price));
    let panel = read(&plain, &LoadOptions::default()).unwrap();
    assert_eq!(panel.stocks, STOCKS);
    assert_eq!(panel.days[0].times[..2], [570 * 60 * SECOND, 571 * 60 * SECOND]);
    assert_eq!(panel.len(), 72);
    panel
}

fn with(table: impl FnOnce(&mut TableOptions)) -> LoadOptions {
    let mut options = TableOptions::default();
    table(&mut options);
    LoadOptions::default().table(options)
}

fn new_york() -> Option<TimeZone> {
    Some(TimeZone::get("America/New_York").unwrap())
}

/// A shape: its name, its files, and what must be said of it.
type Shape = (&'static str, Vec<(String, Vec<u8>)>, LoadOptions);

fn shapes() -> Vec<Shape> {
    let plain = LoadOptions::default;
    let in_new_york = || with(|table| table.zones.panel = new_york());
    let csv = |row: &Row| format!("{},{},{}", row.compact(), row.hhmm(), row.price);
    let stamped = |row: &Row| format!("{} {},{}", row.date, row.clock(), row.price);
    let compressed = |ending: &'static str, pack: &dyn Fn(&[u8]) -> Vec<u8>| {
        let files = singles(ending, "", csv).into_iter();
        files.map(|(name, bytes)| (name, pack(&bytes))).collect::<Vec<_>>()
    };
    let bars = |row: &Row| format!("{} {},1,2,3,{},100", row.date, row.clock(), row.price);
    let of_exchange = |row: &Row, ex: &str, price: &str| {
        format!("{},{} {},{ex},{price},0", row.stock, row.date, row.clock())
    };
    let dated =
        |row: &Row| format!("{}/{}/2007 {},{}", row.date.month(), row.date.day(), row.clock(), row.price);
    let german = |row: &Row| {
        let price = row.price.to_string().replace('.', ",");
        format!("{:02}.{:02}.2007;{};{price}", row.date.day(), row.date.month(), row.clock())
    };
    let mut shapes: Vec<Shape> = vec![
        ("semicolons", singles(".csv", "", |row| csv(row).replace(',', ";")), plain()),
        ("tabs", singles(".tsv", "", |row| csv(row).replace(',', "\t")), plain()),
        ("bars", singles(".psv", "", |row| csv(row).replace(',', "|")), plain()),
        ("text files", singles(".txt", "", csv), plain()),
        (
            "a header in another order",
            singles(".csv", "price,time,date\n", |row| {
                format!("{},{},{}", row.price, row.hhmm(), row.compact())
            }),
            plain(),
        ),
        (
            "quoted fields and CRLF",
            singles(".csv", "\"Date\",\"Time\",\"Close\"\r\n", |row| {
                format!("\"{}\",\"{}\",\"{}\"\r", row.date, row.clock(), row.price)
            }),
            plain(),
        ),
        ("a header behind a comment sign", singles(".csv", "#date,time,price\n", csv), plain()),
        ("comments", singles(".csv", "# by hand\n# twice\n", csv), plain()),
        ("stamps without a header", singles(".csv", "", stamped), plain()),
        (
            "stamps with a T",
            singles(".csv", "timestamp,price\n", |row| stamped(row).replace(' ', "T")),
            plain(),
        ),
        (
            "stamps with fractions",
            singles(".csv", "datetime,last\n", |row| {
                format!("{} {}.000000,{}", row.date, row.clock(), row.price)
            }),
            plain(),
        ),
        ("OHLCV bars", singles(".csv", "Datetime,Open,High,Low,Close,Volume\n", bars), plain()),
        ("stamps in a column of dates", singles(".csv", "Date,Open,High,Low,Close,Volume\n", bars), plain()),
        (
            "bars without a header, by number",
            singles(".csv", "", bars),
            with(|table| {
                table.columns = "time=1,price=5".parse().unwrap();
            }),
        ),
        (
            "UTC with Z",
            singles(".csv", "timestamp,close\n", |row| format!("{},{}", row.utc(), row.price)),
            in_new_york(),
        ),
        (
            "offsets",
            singles(".csv", "timestamp,close\n", |row| {
                format!("{} {}-05:00,{}", row.date, row.clock(), row.price)
            }),
            plain(),
        ),
        (
            "UTC without a zone",
            singles(".csv", "timestamp,close\n", |row| {
                format!("{},{}", row.utc().trim_end_matches('Z'), row.price)
            }),
            with(|table| {
                table.zones = Zones::default();
                (table.zones.panel, table.zones.files) = (new_york(), Some(TimeZone::UTC));
            }),
        ),
        (
            "seconds since 1970",
            singles(".csv", "ts,px\n", |row| format!("{},{}", row.epoch(), row.price)),
            in_new_york(),
        ),
        (
            "milliseconds since 1970",
            singles(".csv", "ts,px\n", |row| format!("{}000,{}", row.epoch(), row.price)),
            in_new_york(),
        ),
        (
            "nanoseconds since 1970",
            singles(".csv", "ts,px\n", |row| format!("{}000000000,{}", row.epoch(), row.price)),
            in_new_york(),
        ),
        (
            "US dates",
            singles(".csv", "time,price\n", dated),
            with(|table| {
                table.date_format = Some(DateFormat::MonthDayYear);
            }),
        ),
        (
            "European dates and decimals",
            singles(".csv", "", german),
            with(|table| {
                (table.date_format, table.decimal_comma) = (Some(DateFormat::DayMonthYear), true);
            }),
        ),
        (
            "dates by a pattern",
            singles(".csv", "", |row| german(row).replace("2007", "07").replacen(";", " ", 1)),
            with(|table| {
                (table.date_format, table.decimal_comma) = (Some("%d.%m.%y %H:%M:%S".parse().unwrap()), true);
            }),
        ),
        (
            "SAS dates",
            singles(".csv", "DATE,TIME_M,PRICE\n", |row| {
                format!("{:02}JAN2007,{}.000,{}", row.date.day(), row.clock(), row.price)
            }),
            plain(),
        ),
        (
            "milliseconds as digits",
            singles(".csv", "", |row| format!("{},{}00000,{}", row.compact(), row.hhmm(), row.price)),
            plain(),
        ),
        (
            "twelve hours",
            singles(".csv", "date,time,price\n", |row| {
                format!("{},{} AM,{}", row.date, row.clock(), row.price)
            }),
            plain(),
        ),
        ("long", long("symbol,date,time,price\n", |row| format!("{},{}", row.stock, csv(row))), plain()),
        (
            "long with stamps and bars",
            long("ticker,volume,open,close,high,low,window_start,transactions\n", |row| {
                format!("{},1,2,{},3,4,{}000000000,5", row.stock, row.price, row.epoch())
            }),
            in_new_york(),
        ),
        (
            "long, named columns",
            long("id,when,mid,ask\n", |row| {
                format!("{},{} {},{},1", row.stock, row.date, row.clock(), row.price)
            }),
            with(|table| table.columns = "stock=id,time=when,price=mid".parse().unwrap()),
        ),
        (
            "wide",
            wide("time,AAPL,MSFT\n", |row, other| {
                format!("{} {},{},{other}", row.date, row.clock(), row.price)
            }),
            plain(),
        ),
        (
            "wide, by pandas",
            wide(",AAPL,MSFT\n", |row, other| {
                format!("{} {},{:?},{other:?}", row.date, row.clock(), row.price)
            }),
            plain(),
        ),
        (
            "wide, day and time apart",
            wide("date,time,MSFT,AAPL\n", |row, other| {
                format!("{},{},{other},{}", row.compact(), row.hhmm(), row.price)
            }),
            plain(),
        ),
        (
            "trades of some exchanges",
            long("SYMBOL,DT,EX,PRICE,CORR\n", |row| {
                let other = of_exchange(row, "D", "bad");
                format!(
                    "{}\n{other}\n{}",
                    of_exchange(row, "N", &row.price.to_string()),
                    of_exchange(row, "Z", "0")
                )
            }),
            with(|table| table.filters = vec!["EX=N|Q".parse().unwrap(), "CORR=0".parse().unwrap()]),
        ),
        (
            "rows in no order",
            long("symbol,date,time,price\n", |row| format!("{},{}", row.stock, csv(row)))
                .into_iter()
                .map(|(name, bytes)| {
                    let text = String::from_utf8(bytes).unwrap();
                    let (header, rest) = text.split_once('\n').unwrap();
                    let rows: Vec<&str> = rest.lines().rev().collect();
                    (name, format!("{header}\n{}\n", rows.join("\n")).into_bytes())
                })
                .collect(),
            plain().sort(),
        ),
        (
            "rows without a price",
            singles(".csv", "date,time,price\n", |row| {
                format!("{}\n{},{},", csv(row), row.compact(), row.hhmm())
            }),
            plain().cleaning(Cleaning::default().missing(Missing::Skip)),
        ),
        (
            "several prices at a time",
            singles(".csv", "", |row| {
                let other = |price: f64| format!("{},{},{price}", row.compact(), row.hhmm());
                [other(row.price + 1.0), other(row.price), other(row.price - 2.0)].join("\n")
            }),
            plain().cleaning(Cleaning::default().duplicates(Duplicates::Median)),
        ),
        (
            "outside of the session",
            singles(".csv", "", |row| {
                let outside =
                    if row.minute == 581 { format!("\n{},1601,1", row.compact()) } else { String::new() };
                csv(row) + &outside
            }),
            plain().cleaning(Cleaning::default().session("09:30-16:00".parse().unwrap())),
        ),
        ("gzip", compressed(".csv.gz", &gzip), plain()),
        ("Zstandard", compressed(".csv.zst", &|bytes| zstd::encode_all(bytes, 3).unwrap()), plain()),
        ("gzip under another name", compressed(".csv", &gzip), plain()),
    ];
    // A folder a stock, a file a day.
    for (name, pattern) in
        [("folders of stocks", "{}/2007-01-{}.csv"), ("partitions", "symbol={}/date={}/part.csv")]
    {
        let files = rows()
            .chunk_by(|one, next| one.stock == next.stock && one.date == next.date)
            .map(|day| {
                let path = pattern.replacen("{}", day[0].stock, 1).replacen(
                    "{}",
                    &format!("{:02}", day[0].date.day()),
                    1,
                );
                (path, day.iter().map(|row| csv(row) + "\n").collect::<String>().into_bytes())
            })
            .collect::<Vec<_>>();
        shapes.push((name, files, plain()));
    }
    // A long file a day.
    let mut all = rows();
    all.sort_by_key(|row| (row.date, row.minute));
    let files = all.chunk_by(|one, next| one.date == next.date).map(|day| {
        let text: String = day.iter().map(|row| format!("{},{}\n", row.stock, csv(row))).collect();
        (format!("{}.csv", day[0].date), format!("stock,date,time,price\n{text}").into_bytes())
    });
    shapes.push(("a long file a day", files.collect(), plain()));
    shapes
}

#[test]
fn every_shape_is_the_plain_panel() {
    let expected = expected();
    let shapes = shapes();
    assert!(shapes.len() >= 40, "{}", shapes.len());
    let mut wrong = Vec::new();
    for (name, files, options) in &shapes {
        match read(files, options) {
            Ok(panel) if panel == expected => {}
            Ok(panel) => wrong.push(format!("{name}: another panel, of {:?}", panel.stocks)),
            Err(error) => wrong.push(format!("{name}: {error}")),
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    // The twin: a price that differs is found.
    let other = singles(".csv", "", |row| format!("{},{},{}", row.compact(), row.hhmm(), row.price + 1.0));
    assert_ne!(read(&other, &LoadOptions::default()).unwrap(), expected);
}

/// Whatever the memory, a stream of compressed or long tables gives the same.
#[test]
fn tables_that_do_not_fit_give_the_same() {
    use bellwether::panel::PanelReader;
    let jobs = Jobs::new().threads(2).unwrap();
    for (name, files, options) in shapes() {
        let folder = tempfile::tempdir().unwrap();
        for (name, bytes) in &files {
            let path = folder.path().join(name);
            fs::create_dir_all(path.parent().unwrap()).unwrap();
            fs::write(path, bytes).unwrap();
        }
        let paths = [folder.path().to_path_buf()];
        let all = |memory| {
            let mut reader = PanelReader::open(&paths, &options, memory, &jobs).expect(name);
            let blocks = reader.blocks();
            let mut days = Vec::new();
            while let Some(block) = reader.next_returns(&jobs).expect(name) {
                days.extend(block);
            }
            (blocks, days)
        };
        // Rows that are sorted are held.
        let least = if options.sort { 4096 } else { 0 };
        let ((few, whole), (many, parts)) = (all(u64::MAX), all(least));
        assert_eq!(whole, parts, "{name}");
        assert!(few == 1 && (many == 3 || options.sort), "{name}: {few} {many}");
    }
}

#[cfg(feature = "parquet")]
#[test]
fn tables_by_pandas_are_the_plain_panel() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parquet");
    // Any of them is read or refused by name, and no more.
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.extension().is_some_and(|ending| ending == "parquet")
            && let Err(message) = read_at(std::slice::from_ref(&path), &LoadOptions::default())
        {
            assert!(message.contains(&*path.file_name().unwrap().to_string_lossy()), "{message}");
        }
    }
}

#[test]
fn what_is_not_understood_is_refused_with_what_to_say() {
    let cases: Vec<(&str, &str, LoadOptions, &str)> = vec![
        (
            "A.csv",
            "date,time,volume\n20070103,930,5\n",
            LoadOptions::default(),
            "no column for the price (its columns are \"date\", \"time\", \"volume\"); say which it is, \
             like `columns price=NAME`",
        ),
        ("A.csv", "date,time,Kurs\n20070103,930,5\n", LoadOptions::default(), "`columns price=NAME`"),
        (
            "A.csv",
            "date,time,close,adj close\n20070103,930,5,5\n",
            LoadOptions::default(),
            "two columns for the price: \"close\", \"adj close\"; say which is meant, like `columns \
             price=NAME`",
        ),
        ("A.csv", "bid,ask,time\n1,2,2007-01-03 09:30\n", LoadOptions::default(), "no column for the price"),
        (
            "A.csv",
            "time,price\n01/03/2007 09:30,5\n",
            LoadOptions::default(),
            "can be read in two ways; say `date_format mdy`",
        ),
        (
            "A.csv",
            "time,price\n2007-01-03 09:30,5\n2007-01-03 09:31Z,5\n",
            LoadOptions::default(),
            "A.csv:3: the time stamp",
        ),
        (
            "A.csv",
            "time,price\n2007-01-03 09:30-05:00,5\n2007-07-03 09:31-04:00,5\n",
            LoadOptions::default(),
            "timezone America/New_York",
        ),
        (
            "A.csv",
            "date,time,price\n20070103,930,\n",
            LoadOptions::default(),
            "A.csv:2: the price \"\" is missing or not finite; leave out the rows without a price, or say \
             `missing skip`",
        ),
        ("A.csv", "20070103;930;12,5\n", LoadOptions::default(), "say `decimal comma`"),
        ("A.csv", "20070103,930,5\n20070103,930,6\n", LoadOptions::default(), "A.csv:2: the time 09:30"),
        ("A.csv", "20070103,931,5\n20070103,930,6\n", LoadOptions::default(), "say `sort`"),
        (
            "A.csv",
            "date,time,price\n20070103,930,5\n",
            with(|table| table.columns = "price=close".parse().unwrap()),
            "there is no column \"close\"; there are \"date\", \"time\", \"price\"",
        ),
        (
            "A.csv",
            "20070103,930,5\n",
            with(|table| table.columns = "date=1,time=2,price=4".parse().unwrap()),
            "3 columns",
        ),
        (
            "A.csv",
            "20070103,930,5\n",
            with(|table| table.filters = vec!["EX=N".parse().unwrap()]),
            "no header",
        ),
        (
            "A.csv",
            "date,time,price\n20070103,930,5\n",
            with(|table| table.filters = vec!["EX=N".parse().unwrap()]),
            "no column \"EX\"",
        ),
        ("A.csv", "PK\u{3}\u{4}rest", LoadOptions::default(), "unpack it first"),
    ];
    for (name, text, options, part) in cases {
        let files = [(name.to_owned(), text.as_bytes().to_vec())];
        match read(&files, &options) {
            Ok(panel) => panic!("{text:?} was read as {panel:?}"),
            Err(message) => assert!(message.contains(part), "{text:?}: {part:?} is not in {message:?}"),
        }
    }
    // Clocks that were changed.
    let zones = with(|table| {
        (table.zones.panel, table.zones.files) = (Some(TimeZone::UTC), new_york());
    });
    for (stamp, part) in
        [("2007-03-11 02:30", "does not exist in America/New_York"), ("2007-11-04 01:30", "came twice")]
    {
        let files = [("A.csv".to_owned(), format!("time,price\n{stamp},5\n").into_bytes())];
        assert!(read(&files, &zones).unwrap_err().contains(part));
    }
    // Compressed files without their end.
    let text =
        singles(".csv", "", |row| format!("{},{},{}", row.compact(), row.hhmm(), row.price)).remove(0).1;
    for (name, packed) in [("A.csv.gz", gzip(&text)), ("A.csv.zst", zstd::encode_all(&text[..], 3).unwrap())]
    {
        let cut = packed[..packed.len() / 2].to_vec();
        assert!(read(&[(name.to_owned(), cut)], &LoadOptions::default()).unwrap_err().contains("cut short"));
    }
    // One stock's day in two files.
    let twice = [("a/A.csv", "20070103,930,5\n"), ("b/A.csv", "20070103,931,5\n")];
    let folder = tempfile::tempdir().unwrap();
    let mut paths = Vec::new();
    for (name, text) in twice {
        let path = folder.path().join(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, text).unwrap();
        paths.push(path);
    }
    assert!(read_at(&paths, &LoadOptions::default()).unwrap_err().contains("both hold the stock \"A\""));
}

/// Sampling on the plain panel's own grid changes nothing; every fifth minute is every fifth price.
#[test]
fn prices_are_taken_at_each_step() {
    let files = singles(".csv", "", |row| format!("{},{},{}", row.compact(), row.hhmm(), row.price));
    let whole = expected();
    let every = |step: &str| read(&files, &LoadOptions::default().every(step.parse().unwrap())).unwrap();
    assert_eq!(every("1min"), whole);
    let fifth = every("5min");
    // From 09:30 to 09:41: up to the point at or after the last price.
    assert_eq!(fifth.days[0].times, [570, 575, 580, 585].map(|minute| minute * 60 * SECOND));
    let taken = |stock| [0, 5, 10, 11].map(|row| whole.days[1].prices[[row, stock]]);
    for stock in 0..2 {
        assert_eq!(fifth.days[1].prices.column(stock).to_vec(), taken(stock));
    }
    let ticks = every("4ticks");
    assert_eq!(ticks.days[2].times, [570, 574, 578].map(|minute| minute * 60 * SECOND));
}

/// A table of prices of unlike times stays whole: each stock keeps its own.
#[test]
fn stocks_of_a_long_table_keep_their_times() {
    let text = "symbol,timestamp,price\nA,2007-01-03 09:30:00.25,1\nB,2007-01-03 09:30:00.5,2\n\
                A,2007-01-03 09:31,3\nB,2007-01-03 09:31:10,4\nB,2007-01-03 09:32,5\n";
    let files = [("all.csv".to_owned(), text.as_bytes().to_vec())];
    let panel = read(&files, &LoadOptions::default().align(Align::None)).unwrap();
    let counts: Vec<usize> = panel.days.iter().map(|day| day.times.len()).collect();
    assert_eq!(counts, [2, 3]);
    assert_eq!(panel.days[0].times[0], 570 * 60 * SECOND + SECOND / 4);
}
