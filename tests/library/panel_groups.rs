//! Groups of rows of a Parquet file that are left out for their days, and prices that are missing, against
//! what pandas reads (`tests/oracles/parquet_groups.py`).

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

use bellwether::jobs::Jobs;
use bellwether::panel::parquet::Table;
use bellwether::panel::{
    Align, Cleaning, LoadOptions, Missing, Panel, PanelReader, TableOptions, Zones, load, parse_date,
};
use jiff::tz::TimeZone;
use serde_json::Value;

fn folder() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data/parquet")
}

fn expected() -> Value {
    serde_json::from_str(&fs::read_to_string(folder().join("groups.json")).unwrap()).unwrap()
}

/// The number of prices, and their sum, of each stock and day.
fn cells(panel: &Panel) -> BTreeMap<(String, String), (usize, f64)> {
    let mut cells = BTreeMap::new();
    for day in &panel.days {
        for (stock, prices) in day.stocks.numbers().zip(day.prices.columns()) {
            let cell = (panel.stocks[stock].clone(), day.date.to_string());
            assert!(cells.insert(cell, (prices.len(), prices.sum())).is_none());
        }
    }
    cells
}

/// A multiple of 1/4 as Python's `float.hex` writes it.
fn of_hex(text: &str) -> f64 {
    let (digits, exponent) = text.strip_prefix("0x1.").unwrap().split_once("p+").unwrap();
    let fraction = u64::from_str_radix(digits, 16).unwrap() as f64 / 16_f64.powi(digits.len() as i32);
    (1.0 + fraction) * 2_f64.powi(exponent.parse().unwrap())
}

/// Whatever days are asked for, on whatever clock: those of pandas, though few groups are read.
#[test]
fn days_asked_for_are_those_of_pandas_and_other_groups_are_not_read() {
    let path = folder().join("groups.parquet");
    let groups = Table::open(&path).unwrap().row_groups().len();
    assert_eq!(groups, 16);
    let expected = expected();
    for (zone, rows) in expected["days"].as_object().unwrap() {
        let rows = rows.as_array().unwrap();
        let all: BTreeMap<(String, String), (usize, f64)> = rows
            .iter()
            .map(|row| {
                let text = |at: usize| row[at].as_str().unwrap().to_owned();
                ((text(0), text(1)), (row[2].as_u64().unwrap() as usize, of_hex(&text(3))))
            })
            // Of a day with one price there is no return.
            .filter(|(_, (count, _))| *count > 1)
            .collect();
        let mut table = TableOptions::default();
        table.zones = Zones::default();
        table.zones.panel = Some(TimeZone::get(zone).unwrap());
        let options = LoadOptions::default().table(table).align(Align::None);
        let read = |options: &LoadOptions| load(std::slice::from_ref(&path), options, &Jobs::new()).unwrap();
        assert_eq!(cells(&read(&options).panel), all, "{zone}");
        let days: Vec<&String> = all.keys().filter(|(stock, _)| stock == "A").map(|(_, day)| day).collect();
        for (number, first) in days.iter().enumerate() {
            for last in &days[number..] {
                let some = options
                    .clone()
                    .from_day(parse_date(first).unwrap())
                    .to_day(parse_date(last).unwrap())
                    .stocks(["B"]);
                let wanted: BTreeMap<_, _> = all
                    .iter()
                    .filter(|((stock, day), _)| stock == "B" && (*first..=*last).contains(&day))
                    .map(|(cell, found)| (cell.clone(), *found))
                    .collect();
                assert_eq!(cells(&read(&some).panel), wanted, "{zone}: {first} to {last}");
                let reader = PanelReader::open(std::slice::from_ref(&path), &some, u64::MAX, &Jobs::new());
                let read = reader.unwrap().summary().row_groups;
                // Those of the days and of two days more at each end.
                let days = wanted.len() + 4;
                assert!(read <= days.min(groups / 2), "{zone}: {first} to {last}: {read} groups");
            }
        }
    }
}

#[test]
fn integers_that_are_missing_are_no_prices() {
    let path = folder().join("integers.parquet");
    let refused = load(std::slice::from_ref(&path), &LoadOptions::default(), &Jobs::new()).unwrap_err();
    assert!(refused.to_string().contains("integers.parquet:2: "), "{refused}");
    let skips = LoadOptions::default().cleaning(Cleaning::default().missing(Missing::Skip));
    let panel = load(&[path], &skips, &Jobs::new()).unwrap().panel;
    let prices: Vec<f64> = panel.days[0].prices.iter().copied().collect();
    let expected = expected();
    let there = expected["integers"].as_array().unwrap().iter();
    assert_eq!(prices, there.map(|price| price.as_f64().unwrap()).collect::<Vec<_>>());
}
