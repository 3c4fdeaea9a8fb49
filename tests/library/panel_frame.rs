//! Tables in memory against files of the same prices.

use std::fmt::Write;
use std::sync::Arc;

use bellwether::jiff::tz::TimeZone;
use bellwether::jobs::Jobs;
use bellwether::panel::parquet::Values;
use bellwether::panel::{
    Align, Cleaning, DayReturns, Duplicates, Frame, FrameColumn, LoadOptions, Missing, PanelReader,
};

const DAY: i64 = 86_400_000_000_000;
const MINUTE: i64 = 60_000_000_000;
/// 2007-01-03 in days.
const FIRST: i64 = 13_516;

/// Times and the prices of two stocks over three days.
fn table() -> (Vec<i64>, [Vec<f64>; 2]) {
    let rows = (0..3).flat_map(|day| (0..40).map(move |row| (day, row)));
    let times = rows.map(|(day, row)| (FIRST + day) * DAY + (575 + row) * MINUTE).collect();
    let price = |stock: i64| (0..120).map(move |row| 50.0 + ((row * 7 + stock * 3) % 11) as f64 / 100.0);
    (times, [price(0).collect(), price(1).collect()])
}

fn wide() -> Vec<FrameColumn> {
    let (times, [first, second]) = table();
    vec![
        FrameColumn::new("time", Values::Time(times)),
        FrameColumn::new("BA", Values::Number(second)),
        FrameColumn::new("AXP", Values::Number(first)),
    ]
}

fn returns(frame: Frame, options: &LoadOptions) -> bellwether::Result<Vec<DayReturns>> {
    let jobs = Jobs::new().threads(2)?;
    let mut reader = PanelReader::of_frame(frame, options, u64::MAX, &jobs)?;
    Ok(reader.next_returns(&jobs)?.unwrap_or_default())
}

fn refused(columns: Vec<FrameColumn>, options: &LoadOptions) -> String {
    Frame::new("prices", columns).and_then(|frame| returns(frame, options)).unwrap_err().to_string()
}

#[test]
fn frames_are_read_as_files_are() {
    let (times, prices) = table();
    let folder = tempfile::tempdir().unwrap();
    for (stock, prices) in ["AXP", "BA"].iter().zip(&prices) {
        let mut text = String::new();
        for (time, price) in times.iter().zip(prices) {
            let (day, minute) = (time / DAY - FIRST + 20_070_103, time % DAY / MINUTE);
            writeln!(text, "{day},{},{price}", minute / 60 * 100 + minute % 60).unwrap();
        }
        std::fs::write(folder.path().join(format!("{stock}.csv")), text).unwrap();
    }
    let codes = (0..240).map(|row| row % 2).collect();
    let dictionary = Arc::new(vec!["BA".to_owned(), "AXP".to_owned()]);
    let twice = |values: &[i64]| values.iter().flat_map(|&value| [value; 2]).collect();
    let both = prices[1].iter().zip(&prices[0]).flat_map(|(second, first)| [*second, *first]).collect();
    let long = vec![
        FrameColumn::new("price", Values::Number(both)),
        FrameColumn::new("symbol", Values::Text { codes, dictionary }),
        FrameColumn::new("timestamp", Values::Time(twice(&times))),
        FrameColumn::new("size", Values::Integer(vec![100; 240])),
    ];
    // In UTC, of which New York is five hours behind.
    let shifted = times.iter().map(|time| time + 300 * MINUTE).collect();
    let mut zoned = wide();
    zoned[0] = FrameColumn::new("time", Values::Time(shifted))
        .instants(Some(TimeZone::get("America/New_York").unwrap()));
    let mut named = wide();
    named[0] = FrameColumn::new("when", Values::Time(times));
    let options = [
        LoadOptions::default(),
        LoadOptions::default().align(Align::Exact).every("5min".parse().unwrap()),
        LoadOptions::default().sort().cleaning(
            Cleaning::default()
                .session("10:00-16:00".parse().unwrap())
                .duplicates(Duplicates::Last)
                .missing(Missing::Skip),
        ),
        LoadOptions::default().stocks(["BA"]),
        LoadOptions::default().from_day(jiff::civil::date(2007, 1, 4)),
    ];
    for options in options {
        let paths = [folder.path().to_path_buf()];
        let expected = bellwether::panel::load(&paths, &options, &Jobs::new()).unwrap().panel.returns().days;
        let mut frames = [wide(), long.clone(), zoned.clone(), named.clone()]
            .map(|columns| Frame::new("prices", columns).unwrap());
        frames[3] = frames[3].clone().wide();
        for frame in frames {
            assert_eq!(returns(frame, &options).unwrap(), expected, "{options:?}");
        }
        // The perturbed twin: a price of the second day at 10:10, which each of the options uses.
        let mut other = wide();
        let mut prices = prices[1].clone();
        prices[75] += 0.01;
        other[1] = FrameColumn::new("BA", Values::Number(prices));
        assert_ne!(returns(Frame::new("prices", other).unwrap(), &options).unwrap(), expected);
    }
}

#[test]
fn faults_are_told_with_row_and_column() {
    let with = |column: usize, row: usize, price: f64| {
        let (_, mut prices) = table();
        prices[column][row] = price;
        let mut columns = wide();
        columns[2 - column] = FrameColumn::new(["AXP", "BA"][column], Values::Number(prices[column].clone()));
        columns
    };
    let default = LoadOptions::default();
    let skip = LoadOptions::default().cleaning(Cleaning::default().missing(Missing::Skip));
    let missing = refused(with(1, 17, f64::NAN), &default);
    assert!(missing.starts_with("prices: row 17 (from 0), column \"BA\": the price"), "{missing}");
    assert!(returns(Frame::new("prices", with(1, 17, f64::NAN)).unwrap(), &skip).is_ok());
    let negative = refused(with(0, 3, -1.0), &skip);
    assert_eq!(
        negative,
        "prices: row 3 (from 0), column \"AXP\": the price -1 is not positive, so that it has no logarithm"
    );
    let mut columns = wide();
    let (mut times, _) = table();
    times.swap(5, 6);
    columns[0] = FrameColumn::new("time", Values::Time(times.clone()));
    let order = refused(columns.clone(), &default);
    assert!(order.starts_with("prices: row 6 (from 0), column \"time\": the time 09:40 does not"), "{order}");
    assert!(returns(Frame::new("prices", columns.clone()).unwrap(), &default.clone().sort()).is_ok());
    columns[0] = FrameColumn::new("time", Values::Time(times[1..].to_vec()));
    assert_eq!(
        refused(columns.clone(), &default),
        "the number of rows is 120 in column \"BA\", but it must be that of the other columns, 119"
    );
    columns.remove(0);
    assert!(refused(columns, &default).contains("names no column for the time"));
    let mut columns = wide();
    columns[1] = FrameColumn::new("", Values::Number(vec![1.0; 120]));
    assert_eq!(refused(columns, &default), "prices: the stock is empty");
    assert_eq!(
        refused(
            vec![
                FrameColumn::new("time", Values::Time(Vec::new())),
                FrameColumn::new("BA", Values::Number(Vec::new())),
            ],
            &default
        ),
        "prices: there are no rows"
    );
}

#[test]
fn returns_are_taken_as_they_are() {
    let (times, _) = table();
    let value = |row: usize, stock: usize| (row * 5 + stock) as f64 * 1e-4 - 0.03;
    let of = |stock: usize| (0..120).map(|row| value(row, stock)).collect::<Vec<f64>>();
    let mut second = of(1);
    second[0] = f64::NAN;
    let frame = |second: Vec<f64>| {
        let columns = vec![
            FrameColumn::new("time", Values::Time(times.clone())),
            FrameColumn::new("AXP", Values::Number(of(0))),
            FrameColumn::new("BA", Values::Number(second)),
        ];
        Frame::new("returns", columns).unwrap()
    };
    let skip = LoadOptions::default().cleaning(Cleaning::default().missing(Missing::Skip));
    let found = frame(of(1)).returns(&LoadOptions::default()).unwrap();
    assert_eq!((found.stocks.len(), found.days.len()), (2, 3));
    assert!(found.days.iter().all(|day| day.shares_times && day.returns.dim() == (40, 2)));
    assert_eq!(found.days[2].returns[[7, 1]], value(87, 1));
    // Of a stock that lacks a return the day is apart.
    let found = frame(second.clone()).returns(&skip).unwrap();
    let shapes: Vec<_> = found.days.iter().map(|day| (day.stocks.len(), day.returns.nrows())).collect();
    assert_eq!(shapes, [(1, 40), (1, 39), (2, 40), (2, 40)]);
    let told = frame(second).returns(&LoadOptions::default()).unwrap_err().to_string();
    assert!(
        told.starts_with("returns: row 0 (from 0), column \"BA\": the return NaN is no finite"),
        "{told}"
    );
    let sampled = LoadOptions::default().every("5min".parse().unwrap());
    assert!(frame(of(1)).returns(&sampled).unwrap_err().to_string().starts_with("every is given, but"));
}
