//! The lecture's own panel: 12 stocks, the trading days of 2007, a price a minute.
//!
//! The data are no part of this repository. Where `../shared/data/StocksHF.zip` is there (and the command
//! `unzip`), the program runs on them; elsewhere these tests are listed as ignored.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::{LazyLock, Mutex, MutexGuard, PoisonError};

use assert_cmd::Command;
use bellwether::gpu::AdapterEntry;
use libtest_mimic::Trial;
use tempfile::TempDir;

use crate::adapters;

const STOCKS: [&str; 12] =
    ["AAPL", "AXP", "BA", "BAC", "BLK", "C", "CAT", "CSCO", "CVX", "DIS", "GE", "GNTX"];
const DAYS: usize = 251;

const TESTS: &[(&str, fn())] = &[
    ("every_day_and_stock_has_a_row", every_day_and_stock_has_a_row),
    ("warnings_name_what_is_odd", warnings_name_what_is_odd),
    ("realized_variance_is_that_of_plain_loops", realized_variance_is_that_of_plain_loops),
    ("a_month_alone_is_that_month_of_the_year", a_month_alone_is_that_month_of_the_year),
    ("two_stocks_are_those_of_twelve", two_stocks_are_those_of_twelve),
];

/// The unpacked archive, once a test has asked for it.
static UNPACKED: Mutex<Option<TempDir>> = Mutex::new(None);

/// The tests: those of the CPU, and those of every adapter.
pub(crate) fn trials() -> Vec<Trial> {
    let of_cpu = TESTS.iter().map(|&(name, test)| adapters::once(&format!("real_panel::{name}"), test));
    let of_adapters = adapters::on_each_adapter("real_panel::device_equals_cpu", device_equals_cpu);
    let trials = of_cpu.chain(of_adapters);
    let Some(why) = absent() else { return trials.collect() };
    let ignored = |trial: Trial| {
        let fails = move || Err(why.into());
        Trial::test(format!("{} ({why})", trial.name()), fails).with_ignored_flag(true)
    };
    trials.map(ignored).collect()
}

/// Removes what was unpacked.
pub(crate) fn clear() {
    drop(unpacked().take());
}

fn archive() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../shared/data/StocksHF.zip")
}

/// What keeps these tests from running, if anything.
fn absent() -> Option<&'static str> {
    let runs = |program: &str| std::process::Command::new(program).arg("-v").output().is_ok();
    match archive().exists() {
        false => Some("no ../shared/data/StocksHF.zip"),
        true => (!runs("unzip")).then_some("no unzip for ../shared/data/StocksHF.zip"),
    }
}

fn unpacked() -> MutexGuard<'static, Option<TempDir>> {
    // A test that failed while it unpacked has put nothing here.
    UNPACKED.lock().unwrap_or_else(PoisonError::into_inner)
}

fn unpack() -> TempDir {
    let folder = tempfile::tempdir().unwrap();
    let mut unzip = std::process::Command::new("unzip");
    let status = unzip.arg("-q").arg(archive()).arg("-d").arg(folder.path()).status().unwrap();
    assert!(status.success(), "unzip failed");
    folder
}

/// The folder of the twelve files.
fn folder() -> PathBuf {
    unpacked().get_or_insert_with(unpack).path().join("StocksHF")
}

/// What `bellwether bootstrap FOLDER ARGUMENTS` writes: results and messages.
fn bootstrap(arguments: &str) -> (String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    let command =
        command.arg("bootstrap").arg(folder()).args(["-B", "200"]).args(arguments.split_whitespace());
    let output = command.output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let (results, messages) = (text(output.stdout), text(output.stderr));
    assert!(output.status.success(), "bootstrap {arguments}: {messages}");
    (results, messages)
}

/// The whole year on the CPU.
static YEAR: LazyLock<(String, String)> = LazyLock::new(|| bootstrap("--device cpu"));

/// The rows of a long CSV, split in fields, without the header.
fn rows(csv: &str) -> Vec<Vec<&str>> {
    csv.lines().skip(1).map(|line| line.split(',').collect()).collect()
}

fn every_day_and_stock_has_a_row() {
    let rows = rows(&YEAR.0);
    assert_eq!(rows.len(), STOCKS.len() * DAYS);
    for (number, row) in rows.iter().enumerate() {
        assert_eq!(row[1], STOCKS[number % STOCKS.len()]);
        let [rv, lower, upper] = [2, 3, 4].map(|field| row[field].parse::<f64>().unwrap());
        // At B = 200 the ends of 99 % are almost the extremes: the point estimate is inside, whatever the
        // day.
        assert!(0.0 < lower && lower < rv && rv < upper, "{row:?}");
    }
    // A row a day for each stock, in order.
    let dates: Vec<&str> = rows.chunks(STOCKS.len()).map(|day| day[0][0]).collect();
    assert!(dates.windows(2).all(|pair| pair[0] < pair[1]));
    assert_eq!((dates[0], dates[DAYS - 1]), ("2007-01-03", "2007-12-31"));
}

fn warnings_name_what_is_odd() {
    let messages = &YEAR.1;
    assert!(messages.contains("read 1,162,632 prices from 12 files"), "{messages}");
    let warning = |about: &str| {
        let found = messages.lines().find(|line| line.starts_with("warning: ") && line.contains(about));
        found.unwrap_or_else(|| panic!("no warning about {about}: {messages}"))
    };
    // Half days, padded with the last price.
    let flat = warning("flat prices");
    for day in ["3 day(s)", "2007-07-03", "2007-11-23", "2007-12-24"] {
        assert!(flat.contains(day), "{flat}");
    }
    let zeros = warning("zero returns");
    assert!(zeros.contains("GNTX 62.8 %, AAPL 35.1 %"), "{zeros}");
    assert!(warning("one return").contains("(BLK on 2007-05-31)"), "{}", warning("one return"));
}

/// Realized variances from the files' text, with nothing of the library: (date, stock) to Σ (ln Pᵢ₊₁ − ln
/// Pᵢ)². Returns over night count where `over_night` says so.
fn plain_loops(over_night: bool) -> BTreeMap<(String, String), f64> {
    let mut variances = BTreeMap::new();
    for stock in STOCKS {
        let text = std::fs::read_to_string(folder().join(format!("{stock}.csv"))).unwrap();
        let mut previous: Option<(&str, f64)> = None;
        for line in text.lines() {
            let mut fields = line.split(',');
            let (date, _time, price) = (fields.next().unwrap(), fields.next(), fields.next().unwrap());
            let price: f64 = price.parse().unwrap();
            if let Some((previous_date, previous_price)) = previous
                && (previous_date == date || over_night)
            {
                let r = price.ln() - previous_price.ln();
                let day = format!("{}-{}-{}", &date[..4], &date[4..6], &date[6..]);
                *variances.entry((day, stock.to_owned())).or_insert(0.0) += r * r;
            }
            previous = Some((date, price));
        }
    }
    variances
}

fn realized_variance_is_that_of_plain_loops() {
    // What the program agrees with other software to. Summing 385 terms in another order costs 4.3e-14 at the
    // most, and logarithms of the platform's own make, off in the last bit here and there, about as much.
    const TOLERANCE: f64 = 1e-12;
    let expected = plain_loops(false);
    let over_night = plain_loops(true);
    let rows = rows(&YEAR.0);
    assert_eq!(rows.len(), expected.len());
    let mut told_apart = 0;
    for row in &rows {
        let cell = (row[0].to_owned(), row[1].to_owned());
        let rv: f64 = row[2].parse().unwrap();
        let close = |other: f64| (rv - other).abs() <= TOLERANCE * other;
        assert!(close(expected[&cell]), "{cell:?}: {rv:e} and {:e}", expected[&cell]);
        told_apart += usize::from(!close(over_night[&cell]));
    }
    // The perturbed twin: a night's return shows, but on the first day, and where the price stood still.
    assert!(told_apart > 2800, "{told_apart} of {}", rows.len());
}

fn a_month_alone_is_that_month_of_the_year() {
    // The first month, and one amid the year, whose days have other numbers there.
    for (month, last, days) in [("2007-01", 31, 20), ("2007-05", 31, 22)] {
        let alone = |seed: u32| {
            bootstrap(&format!("--device cpu --from {month}-01 --to {month}-{last} --seed {seed}")).0
        };
        let (same, other) = (alone(0), alone(1));
        let same: Vec<&str> = same.lines().skip(1).collect();
        let of_year: Vec<&str> = YEAR.0.lines().filter(|line| line.starts_with(month)).collect();
        assert_eq!(same.len(), days * STOCKS.len());
        assert!(same == of_year, "{month}");
        // The perturbed twin.
        assert!(other.lines().skip(1).collect::<Vec<_>>() != of_year, "{month}");
    }
}

fn two_stocks_are_those_of_twelve() {
    let (two, _) = bootstrap("--device cpu --stocks GNTX,AXP");
    let two: Vec<&str> = two.lines().skip(1).collect();
    let of = |stocks: [&str; 2]| -> Vec<&str> {
        let wanted = |line: &&str| stocks.contains(&line.split(',').nth(1).unwrap());
        YEAR.0.lines().skip(1).filter(wanted).collect()
    };
    assert_eq!(two.len(), 2 * DAYS);
    assert!(two == of(["AXP", "GNTX"]));
    // The perturbed twin.
    assert!(two != of(["AXP", "GE"]));
}

fn device_equals_cpu(adapter: &AdapterEntry) {
    let (results, messages) = bootstrap(&format!("--device {}", adapter.index));
    assert!(messages.contains(&format!("on {}", adapter.label())), "{messages}");
    assert!(results == YEAR.0, "{}", adapter.label());
    // The perturbed twin.
    let (other, _) = bootstrap(&format!("--device {} --seed 1 --to 2007-01-31", adapter.index));
    assert!(!YEAR.0.starts_with(&other) && other.lines().count() == 1 + 20 * STOCKS.len());
}
