//! `bellwether simulate`: a panel in the lecture's format, for trying things out.

use std::path::{Path, PathBuf};

use clap::Args;
use jiff::civil::Date;

use crate::error::{Error, Result};
use crate::output::truth::write_csv;
use crate::output::{Destination, Format, Outputs};
use crate::simulate::{OFTEN_JUMPS, RARE_JUMPS, SimulateSpec, truth, write};

use super::device::{grouped, plural};
use super::report::Report;
use super::{Outcome, parse_seed};

/// Simulate a panel of intraday prices: stochastic volatility, a U-shaped day, correlated stocks, rare jumps,
/// bid-ask bounce
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(super) struct SimulateArgs {
    /// Folder for the files, one a stock; created if need be, else it must be empty
    #[arg(short, long, value_name = "DIR")]
    output: PathBuf,
    /// Number of stocks
    #[arg(long, default_value_t = 12)]
    stocks: u32,
    /// Number of trading days
    #[arg(long, default_value_t = 251)]
    days: u32,
    /// Prices a day, the last at 16:00
    #[arg(long, default_value_t = 386)]
    per_day: u32,
    /// Seed of the random stream
    #[arg(long, default_value_t = 1, value_parser = parse_seed)]
    seed: u64,
    /// First day; weekends are skipped
    #[arg(long, default_value = "2007-01-03", value_name = "DATE")]
    start: Date,
    /// Jumps: rare (as in real prices), often, none, or the probability of one a stock and day
    #[arg(long, default_value = "rare", value_name = "HOW", value_parser = parse_jumps)]
    jumps: f64,
    /// Bid-ask bounce: half the spread, in cents
    #[arg(long, default_value_t = SimulateSpec::default().noise, value_name = "CENTS")]
    noise: f64,
    /// File for the variances that the prices were drawn from, as CSV: date, stock, integrated variance from
    /// the day's first to its last price, and the same with the squares of the jumps
    #[arg(long, value_name = "FILE")]
    truth: Option<PathBuf>,
    /// Replace the files of the same names that the folder holds
    #[arg(long)]
    force: bool,
}

/// Reads `--jumps`.
fn parse_jumps(text: &str) -> Result<f64, String> {
    match text {
        "rare" => Ok(RARE_JUMPS),
        "often" => Ok(OFTEN_JUMPS),
        "none" => Ok(0.0),
        number => number.parse().map_err(|_| "it is rare, often, none, or a probability such as 0.01".into()),
    }
}

/// Where the truth goes, which must not be taken for a stock of the panel in `folder`.
fn truth_file(path: PathBuf, folder: &Path) -> Result<Destination> {
    let mut outputs = Outputs::after_panel(folder);
    let name = path.display().to_string();
    match outputs.table("--truth", Some(path), None)? {
        (destination, Format::Csv) => Ok(destination),
        (_, Format::Json | Format::Parquet | Format::Arrow) => Err(Error::Parameter {
            name: "--truth",
            value: name,
            requirement: "the truth is written as CSV; name a file that ends in .csv".into(),
        }),
    }
}

pub(super) fn run(args: &SimulateArgs, report: &Report) -> Result<Outcome> {
    let spec = SimulateSpec {
        stocks: args.stocks,
        days: args.days,
        per_day: args.per_day,
        seed: args.seed,
        start: args.start,
        jumps: args.jumps,
        noise: args.noise,
    };
    spec.validate()?;
    let truth_file = args.truth.clone().map(|path| truth_file(path, &args.output)).transpose()?;
    let bar = report.progress("simulate", spec.prices());
    let files = write(&spec, &args.output, args.force, |prices| bar.inc(prices));
    bar.finish_and_clear();
    let files = files?;
    if let Some(destination) = &truth_file {
        let rows = truth(&spec)?;
        destination.write(|out| write_csv(rows, &spec.stock_names(), out))?;
    }
    report.line(format!(
        "simulated {} prices: {}, {} of {} prices, in {}",
        grouped(spec.prices()),
        plural(files.len() as u64, "stock"),
        plural(spec.days.into(), "day"),
        spec.per_day,
        args.output.display()
    ));
    Ok(Outcome::Done)
}
