use std::sync::Arc;

use jiff::civil::date;
use proptest::prelude::*;

use super::*;
use crate::error::Error;
use crate::panel::clean::{Cleaning, Duplicates, Missing};
use crate::panel::header::ColumnNames;
use crate::panel::intake::Rules;
use crate::panel::series::Series;
use crate::panel::spool::Store;
use crate::panel::{SECOND, Zones};

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
fn read_with(text: &str, options: &TableOptions, rules: &Rules, wanted: Option<&[String]>) -> Result<Table> {
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
    let text =
        |rows: Vec<_>| "stock,date,time,price\n".to_owned() + &rows.into_iter().map(row).collect::<String>();
    let long = read(&text(alternate));
    assert_eq!(long.names, stocks);
    assert!(long.series.iter().all(|series| series.times.len() == 10));
    assert_eq!(long.series, read(&text(follow)).series);
}

#[test]
fn wide_tables_hold_a_stock_a_column() {
    let skip = Rules { cleaning: Cleaning::default().missing(Missing::Skip), ..Rules::default() };
    let text = "time,B,note,A\n2007-01-03 09:35,1,x,10\n2007-01-03 09:36,,x,11\n2007-01-03 09:37,3,x,NaN\n";
    let wide = read_with(&text.replace(",note", "").replace(",x", ""), &TableOptions::default(), &skip, None);
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
    assert!(twice.contains("two prices have the time 09:35") && twice.contains("A on 2007-01-03"), "{twice}");
}

#[test]
fn faulty_headers_say_what_they_lack() {
    assert!(error("stock,date,volume\n").contains("no column for the price"));
    assert!(error("stock,symbol,date,time,price\n").contains("two columns for the stock"));
    assert!(error("stock,date,time,price,price\n").contains("two columns for the price"));
    assert!(error("stock,date,time,price\n").contains("no prices"));
    assert!(error("stock,date,time,price\nA,20070103,930\n").starts_with("A.csv:2: expected 4 columns"));
    assert!(error("stock,date,time,price\n,20070103,930,1\n").contains("the stock is empty"));
    assert!(error("").contains("the file is empty") && error("# no more\n").contains("the file is empty"));
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

/// What [`read_with`] does, each row taken apart.
fn read_slowly(text: &str, options: &TableOptions, rules: &Rules) -> Result<Vec<Series>, String> {
    let (path, store) = (Path::new("A.csv"), Arc::new(Store::new(u64::MAX)));
    let mut intake = Intake::new(path, rules, &store, None);
    let mut parser = Parser::new(path, "A", options);
    let mut lines = Lines::new(text.as_bytes());
    parser.begin(&mut lines, &mut intake).unwrap();
    while let Some(line) = lines.next() {
        parser.row(line, &mut intake).map_err(|fault| match fault {
            Fault::Row(problem) => format!("A.csv:{}: {problem}", lines.number),
            Fault::Other(error) => error.to_string(),
        })?;
    }
    Ok(intake.finish().map_err(|error| error.to_string())?.0.into_iter().map(|kept| kept.series).collect())
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
        let slow = read_slowly(&text, &TableOptions::default(), &Rules::default());
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

    /// Rows of three stocks in any layout: apart or together, long or wide, in zones, with gaps, ties and
    /// flaws; taken many at a time, a line at a time, and each apart.
    #[test]
    fn rows_that_repeat_others_are_read_as_if_each_were_taken_apart(
        rows in prop::collection::vec(
            (0_u32..9, 0_u32..4, 0_usize..3, "[0-9]{1,4}(\\.[0-9]{0,5})?", 0..40),
            1..60,
        ),
        (layout, style, by_stock) in (0_usize..6, 0_usize..5, any::<bool>()),
        (skips, ties, sort, panel, files) in any::<(bool, bool, bool, bool, bool)>(),
    ) {
        let header = [
            "date,time,price",
            "stock,date,time,price",
            "x;price;time;stock;date",
            "timestamp,price",
            "timestamp|stock|price",
            "date\ttime\tx\tBA\tA\tC",
        ][layout];
        let separator = header.chars().find(|letter| !letter.is_alphanumeric()).unwrap();
        let zone = ["", "Z", "-05:00", " UTC", ""][style];
        let (mut text, mut second) = (format!("{header}\n"), 30_000);
        let names = ["A", "BA", "a long name of a stock"];
        for (number, (step, more, stock, price, flaw)) in rows.iter().enumerate() {
            second += if *step == 0 { 40_000 } else { 60 * more };
            let (day, second) = (3 + second / 86_400, second % 86_400);
            let (hour, minute, of_minute) = (second / 3600, second / 60 % 60, second % 60);
            let mut time = match style {
                0 => format!("{hour:02}:{minute:02}"),
                1 => format!("{hour:02}:{minute:02}:{of_minute:02}"),
                2 => format!("{hour}:{minute:02}:{of_minute:02}.{number}"),
                3 => format!("{hour:02}:{minute:02}:{of_minute:02}.123456789"),
                _ if layout < 3 || layout == 5 => format!("{hour}{minute:02}{of_minute:02}"),
                _ => format!("{hour}:{minute:02}:{of_minute:02} AM"),
            };
            let mut date = format!("2007-03-{day:02}");
            let is_zero = price.bytes().all(|byte| b"0.".contains(&byte));
            let mut price = if is_zero { "7".to_owned() } else { price.clone() };
            let stock = if by_stock { names[number * 3 / rows.len()] } else { names[*stock] };
            let mut end = "\n";
            match flaw {
                0 => price = String::new(),
                1 => price += "00000000000000001",
                2 => price += "e0",
                3 => price = format!("-{price}"),
                4 => time += " ",
                5 => date = format!(" {date}"),
                6 => price = format!("\"{price}\""),
                7 => end = "\r\n",
                8 => end = "\n\n# x\n",
                9 => time = "24:00:00".into(),
                10 => date = "2007-03-01".into(),
                _ => {}
            }
            let stamp = format!("{date}T{time}{zone}");
            let fields = match layout {
                0 => vec![&*date, &time, &price],
                1 => vec![stock, &date, &time, &price],
                2 => vec!["x", &price, &time, stock, &date],
                3 => vec![&*stamp, &price],
                4 => vec![&*stamp, stock, &price],
                _ => vec![&*date, &time, "", &price, "1", &price],
            };
            text += &(fields.join(&separator.to_string()) + end);
        }
        let new_york = jiff::tz::TimeZone::get("America/New_York").unwrap();
        let zones = Zones {
            panel: panel.then(|| new_york.clone()),
            files: files.then(|| jiff::tz::TimeZone::get("Europe/Berlin").unwrap()),
        };
        let cleaning = Cleaning::default()
            .missing(if skips { Missing::Skip } else { Missing::Error })
            .duplicates(if ties { Duplicates::Last } else { Duplicates::Error });
        let rules = Rules { cleaning, sort, ..Rules::default() };
        let options = TableOptions { zones, ..TableOptions::default() };
        let fast = read_with(&text, &options, &rules, None);
        match (fast, read_slowly(&text, &options, &rules)) {
            (Ok(fast), Ok(slow)) => prop_assert_eq!(&fast.series, &slow, "{}", text),
            (Err(fast), Err(slow)) => prop_assert_eq!(fast.to_string(), slow, "{}", text),
            (fast, slow) => prop_assert!(false, "{:?} {:?} of {}", fast.err(), slow.err(), text),
        }
    }
}
