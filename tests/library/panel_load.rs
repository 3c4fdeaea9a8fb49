//! Whole panels: written in every accepted way and read back, selected, left out in part, and the lecture's
//! own data.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use bellwether::jobs::Jobs;
use bellwether::panel::{Align, LoadOptions, Loaded, Panel, SECOND, load, parse_date};
use proptest::prelude::*;

/// Creates the files in a new folder.
fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, content) in files {
        fs::write(folder.path().join(name), content).unwrap();
    }
    folder
}

fn read(path: &Path, options: &LoadOptions) -> Loaded {
    load(&[path.to_path_buf()], options, &Jobs::new()).unwrap()
}

fn rows(day: u32, prices: &[u32]) -> String {
    prices.iter().zip(935..).map(|(price, time)| format!("{day},{time},{price}\n")).collect()
}

#[test]
fn folders_files_and_long_files_give_the_same_panel() {
    let (a, b) = (
        rows(20070103, &[1, 2, 3]) + &rows(20070104, &[4, 5]),
        rows(20070103, &[6, 7, 8]) + &rows(20070104, &[9, 8]),
    );
    let folder = folder(&[("A.csv", &a), ("B.csv", &b), ("._A.csv", "\0"), ("notes.txt", "no prices")]);
    let by_folder = read(folder.path(), &LoadOptions::default());
    assert_eq!((by_folder.files, by_folder.prices, by_folder.bytes), (2, 10, (a.len() + b.len()) as u64));
    assert_eq!(by_folder.panel.stocks, ["A", "B"]);
    assert_eq!(by_folder.panel.days[0].times, [34_500, 34_560, 34_620].map(|second| second * SECOND));
    assert_eq!(by_folder.panel.days[0].prices.column(1).to_vec(), [6.0, 7.0, 8.0]);
    let names = [folder.path().join("B.csv"), folder.path().join("A.csv")];
    let by_name = load(&names, &LoadOptions::default(), &Jobs::new().threads(1).unwrap()).unwrap();
    assert_eq!(by_name.panel, by_folder.panel);
    let long: String = [("B", b), ("A", a)]
        .iter()
        .flat_map(|(stock, text)| text.lines().map(move |line| format!("{line},{stock}\n")))
        .collect();
    fs::write(folder.path().join("long.csv"), format!("Date,Time,Price,Symbol\n{long}")).unwrap();
    assert_eq!(read(&folder.path().join("long.csv"), &LoadOptions::default()).panel, by_folder.panel);
}

#[test]
fn a_selection_reads_only_its_files() {
    let good = rows(20070103, &[1, 2]) + &rows(20070104, &[3, 4]) + &rows(20070105, &[5, 6]);
    let folder = folder(&[("A.csv", &good), ("B.csv", "broken"), ("C.csv", &good)]);
    let (from, to) = (parse_date("2007-01-04").unwrap(), parse_date("20070104").unwrap());
    let options = LoadOptions::default().stocks(["C", "A"]).from_day(from).to_day(to);
    let loaded = read(folder.path(), &options);
    assert_eq!((loaded.panel.stocks, loaded.files), (vec!["A".to_owned(), "C".to_owned()], 2));
    assert_eq!(loaded.panel.days.len(), 1);
    assert_eq!(loaded.panel.days[0].date, from);
}

#[test]
fn keep_going_leaves_out_what_is_broken() {
    let good = rows(20070103, &[1, 2]) + &rows(20070104, &[3]);
    let folder = folder(&[("A.csv", &good), ("B.csv", "20070103,935,x\n"), ("C.csv", "")]);
    let loaded = read(folder.path(), &LoadOptions::default().align(Align::Exact).keep_going());
    assert_eq!((loaded.panel.stocks.len(), loaded.panel.days.len(), loaded.files), (1, 1, 1));
    assert_eq!(loaded.short_days, [(parse_date("2007-01-04").unwrap(), 1)]);
    let names: Vec<_> = loaded.failures.iter().map(|(path, _)| path.file_name().unwrap()).collect();
    assert_eq!(names, ["B.csv", "C.csv"]);
    assert!(loaded.failures[0].1.to_string().contains("B.csv:1: the price \"x\""));
}

/// As pandas reads a file with a header: by its names.
#[test]
fn headers_say_which_column_is_which() {
    let plain = folder(&[("A.csv", "20070103,935,12.5\n20070103,936,9\n")]);
    let expected = read(plain.path(), &LoadOptions::default()).panel;
    for text in [
        "YYYYMMDD,HHMM,PRICE\n20070103,935,12.5\n20070103,936,9\n",
        "date,price,time\n20070103,12.5,935\n20070103,9,936\n",
        "\u{feff}\"Price\",\"Date\",\"Time\"\r\n\"12.5\",20070103,935\r\n9,20070103,936\r\n",
        "date,time,open,high,low,close,volume\n20070103,935,1,2,1,12.5,7\n20070103,936,1,2,1,9,\n",
        "date,time,price,\n20070103,935,12.5,\n20070103,936,9,\n",
        "<DATE>,<TIME>,<CLOSE>\n20070103,09:35,12.5\n20070103,09:36,9\n",
    ] {
        let headed = folder(&[("A.csv", text)]);
        for path in [headed.path().to_path_buf(), headed.path().join("A.csv")] {
            assert_eq!(read(&path, &LoadOptions::default()).panel, expected, "{text}");
        }
    }
}

/// Of the length of a header, and of what comes before it, the kind of a file does not depend.
#[test]
fn long_files_are_known_by_their_first_line_however_far_it_is() {
    let rows = "20070103,935,A,12.5\n20070103,936,A,9\n";
    let plain = folder(&[("long.csv", &format!("date,time,stock,price\n{rows}"))]);
    let expected = read(&plain.path().join("long.csv"), &LoadOptions::default()).panel;
    let (names, blanks) = (",x".repeat(50_000), ",".repeat(50_000));
    let wide: String = rows.lines().map(|line| format!("{line}{blanks}\n")).collect();
    for text in [
        "\n".repeat(70_000) + "date,time,stock,price\n" + rows,
        "\u{feff}".to_owned() + &" \r\n".repeat(2_000_000) + "date,time,stock,price\n" + rows,
        format!("date,time,stock,price{names}\n{wide}"),
    ] {
        let long = folder(&[("long.csv", &text)]);
        assert_eq!(read(&long.path().join("long.csv"), &LoadOptions::default()).panel, expected);
    }
    // Beyond a mebibyte a line is refused, whatever it is.
    for text in [format!("date,time,stock,price{}\n{rows}", ",x".repeat(1 << 19)), "1".repeat(5 << 20)] {
        let long = folder(&[("long.csv", &format!("\n{text}"))]);
        let path = long.path().join("long.csv");
        let error = load(&[path], &LoadOptions::default(), &Jobs::new()).unwrap_err().to_string();
        assert!(error.contains("long.csv:2: the line is longer than 1 MiB"), "{error}");
    }
}

/// Returns made by others than [`load`] may be anything.
#[test]
fn returns_that_can_not_be_resampled_are_told_with_their_place() {
    use bellwether::bootstrap::{Bootstrap, Engine, Resources};
    use bellwether::panel::DayReturns;

    let bootstrap = Bootstrap::new(10, 0.9, 0).unwrap();
    let jobs = Jobs::new().threads(1).unwrap();
    let day = |day: u32, stocks: usize| {
        let date = parse_date(&format!("200701{day:02}")).unwrap();
        DayReturns::new(date, ndarray::Array2::from_elem((3, stocks), 0.01))
    };
    let error = |days: &[DayReturns]| {
        let resources = Resources { jobs: &jobs, memory: 1 << 20 };
        bootstrap.run(days, &mut Engine::Cpu, &resources, &()).unwrap_err().to_string()
    };
    for stocks in [1, 3] {
        let error = error(&[day(3, 2), day(4, 2), day(5, stocks)]);
        let expected = format!("the number of stocks is {stocks} on 2007-01-05, but 2 on 2007-01-03; ");
        assert!(error.starts_with(&expected), "{error}");
    }
    for bad in [f64::NAN, f64::INFINITY, -1e200] {
        let mut days = [day(3, 2), day(4, 2)];
        days[1].returns[[2, 0]] = bad;
        let expected = format!("a return is {bad} on 2007-01-04, in row 3 of stock 1, but ");
        assert!(error(&days).starts_with(&expected), "{}", error(&days));
        let error = bootstrap.resampled(&days[1]).unwrap_err().to_string();
        assert!(error.starts_with(&expected), "{error}");
    }
    let mut none = day(4, 2);
    none.returns = ndarray::Array2::zeros((0, 2));
    let error = error(&[day(3, 2), none]);
    assert!(error.starts_with("the number of rows of a day is 0 on 2007-01-04, but "), "{error}");
}

#[test]
fn a_day_that_a_stock_lacks_is_dropped_when_aligning() {
    let folder = folder(&[
        ("A.csv", &rows(20070103, &[1, 2])),
        ("B.csv", &(rows(20070102, &[1, 2]) + &rows(20070103, &[3, 4, 5]))),
    ]);
    for (align, prices) in [(Align::Inner, 4), (Align::Previous, 6)] {
        let loaded = read(folder.path(), &LoadOptions::default().align(align));
        assert_eq!((loaded.panel.days.len(), loaded.prices), (1, prices));
        assert!(loaded.warnings[0].ends_with("2007-01-02 (A)"), "{:?}", loaded.warnings);
    }
}

/// How a generated file is written.
#[derive(Debug, Clone)]
struct Style {
    header: bool,
    byte_order_mark: bool,
    crlf: bool,
    final_newline: bool,
    iso_date: bool,
    time: u8,
    quotes: bool,
}

fn write(panel: &Panel, stock: usize, style: &Style) -> String {
    let end = if style.crlf { "\r\n" } else { "\n" };
    let mut lines = Vec::new();
    if style.header {
        lines.push("Date,Time,Price".to_owned());
    }
    for day in &panel.days {
        for (time, price) in day.times.iter().zip(day.prices.column(stock)) {
            let time = time / SECOND;
            let (hour, minute, second) = (time / 3600, time / 60 % 60, time % 60);
            let time = match style.time {
                0 => format!("{hour}{minute:02}{second:02}"),
                1 => format!("{hour:02}{minute:02}{second:02}"),
                _ => format!("{hour}:{minute:02}:{second:02}"),
            };
            let date =
                if style.iso_date { day.date.to_string() } else { day.date.to_string().replace('-', "") };
            lines.push(if style.quotes {
                format!("\"{date}\",\"{time}\",\"{price}\"")
            } else {
                format!("{date},{time},{price}")
            });
        }
    }
    let start = if style.byte_order_mark { "\u{feff}" } else { "" };
    start.to_owned() + &lines.join(end) + if style.final_newline { end } else { "" }
}

fn styles() -> impl Strategy<Value = Style> {
    let flags = (any::<[bool; 6]>(), 0_u8..3);
    flags.prop_map(|([header, byte_order_mark, crlf, final_newline, iso_date, quotes], time)| Style {
        header,
        byte_order_mark,
        crlf,
        final_newline,
        iso_date,
        time,
        quotes,
    })
}

fn panels() -> impl Strategy<Value = Panel> {
    // From 01:00:00 on, where HHMMSS needs no leading zero to be told from HHMM.
    let times = prop::collection::btree_set(3600_u32..86_400, 2..8);
    (prop::collection::vec(times, 1..4), 1_usize..4, any::<u64>()).prop_map(|(days, stocks, seed)| {
        let price = |day: usize, row: usize, stock: usize| {
            let mixed = (seed ^ ((day * 64 + row * 8 + stock) as u64)).wrapping_mul(0x9e37_79b9_7f4a_7c15);
            // From whole cents to all digits of a double.
            if mixed & 1 == 0 {
                (1 + mixed % 100_000) as f64 / 100.0
            } else {
                1.0 + (mixed >> 11) as f64 / 1e13
            }
        };
        let days = days.into_iter().enumerate().map(|(day, times)| {
            let times: Vec<u64> = times.into_iter().map(|second| u64::from(second) * SECOND).collect();
            let prices =
                ndarray::Array2::from_shape_fn((times.len(), stocks), |(row, stock)| price(day, row, stock));
            let date = parse_date(&format!("200701{:02}", day + 1)).unwrap();
            bellwether::panel::DayPrices::new(date, times, prices)
        });
        Panel { stocks: (0..stocks).map(|stock| format!("S{stock}")).collect(), days: days.collect() }
    })
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(64))]

    #[test]
    fn panels_round_trip_bit_for_bit(panel in panels(), styles in prop::collection::vec(styles(), 4)) {
        let folder = tempfile::tempdir().unwrap();
        for (stock, name) in panel.stocks.iter().enumerate() {
            let path = folder.path().join(format!("{name}.csv"));
            fs::write(path, write(&panel, stock, &styles[stock])).unwrap();
        }
        prop_assert_eq!(read(folder.path(), &LoadOptions::default()).panel, panel);
    }
}

/// The lecture's own panel, which is not part of the project: the test runs where it lies beside the crate.
#[test]
#[ignore = "needs ../shared/data/StocksHF.zip and unzip; run with --ignored"]
fn the_panel_of_the_lecture() {
    let archive = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("../shared/data/StocksHF.zip");
    let folder = tempfile::tempdir().unwrap();
    let unzip = Command::new("unzip").arg("-q").arg(&archive).arg("-d").arg(folder.path()).status().unwrap();
    assert!(unzip.success(), "cannot unzip {}", archive.display());
    let loaded = read(&folder.path().join("StocksHF"), &LoadOptions::default());
    assert_eq!((loaded.files, loaded.prices, loaded.panel.days.len()), (12, 1_162_632, 251));
    assert_eq!(loaded.bytes, 23_311_916);
    assert!(loaded.panel.days.iter().all(|day| day.times.len() == 386));
    assert!(loaded.failures.is_empty());
    // 3 January 2007, AAPL and AXP: sums of squared differences of logarithms, computed apart in Python.
    let returns = loaded.panel.returns();
    let variance = returns.days[0].realized_variance();
    for (stock, expected) in [(0, 0.000_562_120_129_594_728_9), (1, 0.000_699_030_844_840_928_9)] {
        assert!((variance[stock] / expected - 1.0).abs() < 1e-12, "{}", variance[stock]);
    }
    assert_eq!(loaded.warnings.len(), 3, "{:?}", loaded.warnings);
    assert!(loaded.warnings[0].contains("2007-07-03, 2007-11-23, 2007-12-24"), "{:?}", loaded.warnings);
    assert!(loaded.warnings[1].contains("GNTX 62.8 %, AAPL 35.1 %"), "{:?}", loaded.warnings);
    assert!(loaded.warnings[2].contains("7 of 3012 days of a stock"), "{:?}", loaded.warnings);
    // The files beside the folder are AppleDouble: hidden, so that the folder has no prices.
    let error =
        load(&[folder.path().join("__MACOSX/StocksHF")], &LoadOptions::default(), &Jobs::new()).unwrap_err();
    assert!(error.to_string().contains("holds no tables"), "{error}");
}
