//! `bellwether verify`: whether a result is what its manifest says, by the prices that it is of.
//!
//! The hash of the prices is compared, and that of the records; then some cells, drawn at random, or all are
//! computed again and compared number by number. So a changed price, a changed digit and a changed parameter
//! are found; and whoever would change records and hash together must hope that none of the cells is drawn.

use std::collections::{BTreeMap, BTreeSet};
use std::path::PathBuf;
use std::str::FromStr;
use std::time::{SystemTime, UNIX_EPOCH};

use clap::Args;
use jiff::civil::Date;
use ndarray::Axis;

use super::bootstrap::BootstrapArgs;
use super::device::{DeviceArgs, MemoryArgs, grouped, plural};
use super::report::Report;
use super::{Outcome, parameters, signals};
use crate::bootstrap::{Bootstrap, Engine, Intervals, Observer, Period, Resources};
use crate::error::{Error, Result};
use crate::output::Format;
use crate::output::intervals::{RecordsHash, records};
use crate::output::manifest::{Manifest, PROGRAM};
use crate::output::result::{ResultFile, read_manifest};
use crate::panel::{DayReturns, PanelReader, Stocks};
use crate::random::STREAM_VERSION;

/// Check a result by the prices that it is of: their hash, its records, and some cells computed again
#[derive(Debug, Args)]
pub(super) struct VerifyArgs {
    /// A result of `bellwether bootstrap` or `merge`: .csv (with --manifest), .json, .parquet or .arrow
    #[arg(value_name = "RESULT")]
    result: PathBuf,
    /// The panel of prices, as for `bellwether bootstrap`
    #[arg(required = true, value_name = "PANEL")]
    panel: Vec<PathBuf>,
    /// How many cells to compute again, drawn at random; or `all`
    #[arg(long, default_value = "100", value_name = "N|all")]
    cells: CellCount,
    /// The file of the result's manifest, where the result has none inside
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
    /// The result's format [default: by its extension, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// The number that decides which cells are drawn [default: the time]
    #[arg(long, value_name = "N")]
    draw: Option<u64>,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    memory: MemoryArgs,
}

/// How many cells are computed again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum CellCount {
    Some(usize),
    All,
}

impl FromStr for CellCount {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "all" => Ok(Self::All),
            _ => text.parse().map(Self::Some).map_err(|_| "write a whole number, or all".to_owned()),
        }
    }
}

/// A cell: the day's (or period's) date, and the stock.
type Key = (String, String);

/// Ends the work at a signal.
struct Signals;

impl Observer for Signals {
    fn drawn(&self, _: u64) -> std::ops::ControlFlow<()> {
        signals::go_on()
    }
}

pub(super) fn run(args: VerifyArgs, report: &Report) -> Result<Outcome> {
    let jobs = args.device.jobs(report)?;
    let memory = args.memory.bytes()?;
    let format = Format::of("RESULT", &args.result, args.format)?;
    let device = args.device.find(report)?;
    let result = ResultFile::read(&args.result, format)?;
    let manifest = match (&args.manifest, &result.manifest) {
        (Some(path), _) => read_manifest(path)?,
        (None, Some(inside)) => inside.clone(),
        (None, None) => {
            return Err(Error::Unusable {
                path: args.result,
                why: "it has no manifest inside; name the file that --manifest wrote beside it".into(),
            });
        }
    };
    let typed: BootstrapArgs = parameters::arguments(&manifest.parameters, &args.panel)?;
    if manifest.random_stream.is_some_and(|version| version != STREAM_VERSION) {
        return Err(Error::Unusable {
            path: args.result,
            why: "it is of another version of the random stream; take the program that it names".into(),
        });
    }
    if manifest.program != PROGRAM {
        report.warning(format!("the result is of {}, and this is {PROGRAM}", manifest.program));
    }
    let mut findings = Vec::new();
    if !result.is_wide {
        let mut hash = RecordsHash::new(result.columns.iter().map(String::as_str));
        result.records.iter().for_each(|record| hash.add(record.iter()));
        if hash.finish() != manifest.records {
            findings.push("its records are not those that its manifest was written for".to_owned());
        }
    }

    let all = keys(&result);
    let draw = args.draw.unwrap_or_else(|| {
        SystemTime::now().duration_since(UNIX_EPOCH).map_or(0, |time| time.as_nanos() as u64)
    });
    let chosen = match args.cells {
        CellCount::Some(count) if count < all.len() => drawn(&all, count, draw),
        _ => all.clone(),
    };
    let options = typed.load_options()?;
    let mut panel = PanelReader::open(&args.panel, &options, memory, &jobs)?;
    panel.hash_content();
    let methods = typed.methods_for(panel.stocks())?;
    let planned = methods.iter().map(|method| method.draws_of(1)).sum::<u64>() * 400 * chosen.len() as u64;
    let size = plural(chosen.len() as u64, "cell");
    let device = device.open(&jobs, planned >= super::bootstrap::WORTH_A_GPU, &size, report)?;
    let mut engine = Engine::new(device.gpu.as_ref());

    let mut again =
        Again { methods: &methods, chosen: &chosen, there: BTreeSet::new(), days: Vec::new(), first: None };
    while let Some(days) = panel.next_returns(&jobs)? {
        again.take(&days, panel.stocks());
    }
    let stocks = panel.stocks().to_vec();
    if let Some(content) = panel.content() {
        let hash = content.hash(&stocks);
        if hash != manifest.panel.hash {
            findings.push(format!(
                "the panel's prices are not those of the result: their hash is {hash}, and the manifest says \
                 {}",
                manifest.panel.hash
            ));
        }
    }
    findings.extend(again.missing(&all));
    let held = panel.held_bytes();
    let resources = Resources { jobs: &jobs, memory: memory.saturating_sub(held).max(memory / 2) };
    let mut found = Vec::new();
    if !again.days.is_empty() {
        for method in &methods {
            found.push(method.run(&again.days, &mut engine, &resources, &Signals)?);
        }
    }
    findings.extend(compare(&result, &manifest, &typed, (&stocks, &found), &chosen));
    if !findings.is_empty() {
        return Err(Error::NotVerified { path: args.result, findings });
    }
    let exact =
        if methods.iter().any(Bootstrap::is_exact) { "within the stated error" } else { "to the last bit" };
    report.line(format!(
        "verified: {} of {} computed again on {}, equal {exact}; prices and records are those of the \
         manifest (drawn by --draw {draw})",
        grouped(chosen.len() as u64),
        plural(all.len() as u64, "cell"),
        device.description
    ));
    Ok(Outcome::Done)
}

/// The cells that a result has records of.
fn keys(result: &ResultFile) -> BTreeSet<Key> {
    let place = |name: &str| result.columns.iter().position(|known| known == name).unwrap_or(0);
    let (date, stock) = (place("date"), place("stock"));
    result.records.iter().map(|record| (record[date].clone(), record[stock].clone())).collect()
}

/// `count` of the cells: those of the least hashes, which `draw` decides.
fn drawn(all: &BTreeSet<Key>, count: usize, draw: u64) -> BTreeSet<Key> {
    let hash = |(date, stock): &Key| {
        let mut hasher = blake3::Hasher::new();
        hasher.update(&draw.to_le_bytes()).update(date.as_bytes()).update(b",").update(stock.as_bytes());
        *hasher.finalize().as_bytes()
    };
    let mut hashed: Vec<([u8; 32], &Key)> = all.iter().map(|key| (hash(key), key)).collect();
    hashed.sort_unstable();
    hashed.into_iter().take(count).map(|(_, key)| key.clone()).collect()
}

/// The returns of the cells that are computed again, as they are read.
struct Again<'a> {
    methods: &'a [Bootstrap],
    chosen: &'a BTreeSet<Key>,
    /// The cells that the panel has.
    there: BTreeSet<Key>,
    days: Vec<DayReturns>,
    /// The panel's first day.
    first: Option<Date>,
}

impl Again<'_> {
    fn take(&mut self, days: &[DayReturns], stocks: &[String]) {
        let Some(method) = self.methods.first() else { return };
        let period: Period = method.period();
        for day in days {
            let first = *self.first.get_or_insert(day.date);
            let label = period.label(day.date, first).to_string();
            let against: Vec<usize> = self.methods.iter().filter_map(|one| one.measure().against()).collect();
            // Without the second stock of a day, two have no cell.
            let has = |method: &Bootstrap, stock: usize| {
                let with = method.measure().against();
                method.measure().cells(stocks.len()).binary_search(&stock).is_ok()
                    && with.is_none_or(|with| day.stocks.column(with).is_some())
            };
            let mut columns = Vec::new();
            for (column, stock) in day.stocks.numbers().enumerate() {
                let key = (label.clone(), stocks[stock].clone());
                if self.methods.iter().any(|method| has(method, stock)) {
                    self.there.insert(key.clone());
                }
                if self.chosen.contains(&key) || against.contains(&stock) {
                    columns.push((column, stock));
                }
            }
            if columns
                .iter()
                .all(|(_, stock)| !self.chosen.contains(&(label.clone(), stocks[*stock].clone())))
            {
                // All days together are called by the first of them.
                if !(period == Period::All && self.days.is_empty()) {
                    continue;
                }
            }
            let (columns, numbers): (Vec<usize>, Vec<usize>) = columns.into_iter().unzip();
            let Ok(of_day) = Stocks::some(numbers, stocks.len()) else { continue };
            self.days.push(DayReturns {
                date: day.date,
                stocks: of_day,
                shares_times: day.shares_times,
                grids: day.grids,
                returns: day.returns.select(Axis(1), &columns),
            });
        }
    }

    /// Cells that the result lacks, and those that the panel does.
    fn missing(&self, all: &BTreeSet<Key>) -> Vec<String> {
        let list = |what: &str, keys: Vec<&Key>| {
            let (date, stock) = keys.first()?;
            Some(format!("{what} {} as of {stock} on {date}", plural(keys.len() as u64, "cell")))
        };
        let lacking = list("it lacks", self.there.difference(all).collect());
        let extra = list("the panel lacks", all.difference(&self.there).collect());
        lacking.into_iter().chain(extra).collect()
    }
}

/// What differs between the result's records of the chosen cells and those computed again.
fn compare(
    result: &ResultFile,
    manifest: &Manifest,
    typed: &BootstrapArgs,
    (stocks, found): (&[String], &[Intervals]),
    chosen: &BTreeSet<Key>,
) -> Vec<String> {
    const MOST: usize = 3;
    let (columns, again) = records(stocks, found);
    let place = |columns: &[String], name: &str| columns.iter().position(|known| known == name);
    let texts = ["date", "stock", "measure", "interval"];
    let key_of = |columns: &[String], record: &[String]| -> Vec<String> {
        texts.iter().filter_map(|name| place(columns, name)).map(|at| record[at].clone()).collect()
    };
    let mut by_key: BTreeMap<Vec<String>, &Vec<String>> = BTreeMap::new();
    let mut findings = Vec::new();
    for record in &result.records {
        if by_key.insert(key_of(&result.columns, record), record).is_some() {
            findings.push(format!("it has two records of {}", key_of(&result.columns, record).join(", ")));
        }
    }
    let numbers: Vec<(&String, usize, usize)> = columns
        .iter()
        .enumerate()
        .filter(|(_, name)| !texts.contains(&name.as_str()))
        .filter_map(|(at, name)| Some((name, at, place(&result.columns, name)?)))
        .collect();
    let complete = result.is_wide || columns == result.columns || found.is_empty();
    if !complete {
        findings.push(format!(
            "its columns are {}, and the manifest's parameters give {}",
            result.columns.join(", "),
            columns.join(", ")
        ));
    }
    let tolerance = |record: &[String]| {
        let estimate = columns
            .iter()
            .position(|name| name == "lower")
            .map_or(0.0, |lower| record.get(lower - 1).and_then(|text| text.parse().ok()).unwrap_or(0.0));
        let error = found.iter().map(|one| one.relative_error).fold(0.0, f64::max);
        if typed.is_exact() { 2.0 * error * f64::abs(estimate) } else { 0.0 }
    };
    let (mut differ, mut compared) = (0, 0);
    for record in &again {
        let key = key_of(&columns, record);
        if !chosen.contains(&(key[0].clone(), key[1].clone())) {
            continue;
        }
        compared += 1;
        let Some(written) = by_key.get(&key) else {
            findings.push(format!("it has no record of {}", key.join(", ")));
            continue;
        };
        let near = tolerance(record);
        let other = numbers.iter().find(|(_, at, place)| {
            let (one, two) = (&record[*at], &written[*place]);
            let close = |one: f64, two: f64| (one - two).abs() <= near;
            one != two
                && !matches!((one.parse(), two.parse()), (Ok(one), Ok(two)) if near > 0.0 && close(one, two))
        });
        if let Some((name, at, place)) = other {
            differ += 1;
            if differ <= MOST {
                findings.push(format!(
                    "the {name} of {} is {} in it, and {} when computed again",
                    key.join(", "),
                    written[*place],
                    record[*at]
                ));
            }
        }
    }
    if differ > MOST {
        findings.push(format!("{differ} of {compared} records differ in all"));
    }
    if manifest.covers.cells == 0 && !chosen.is_empty() {
        findings.push("its manifest says that it covers no cell".to_owned());
    }
    findings
}
