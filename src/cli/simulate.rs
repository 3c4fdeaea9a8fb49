//! `bellwether simulate`: a panel in the lecture's format, for trying things out.

use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use crate::error::Result;
use crate::simulate::{SimulateSpec, write};

use super::device::{grouped, plural};
use super::report::Report;
use super::{Outcome, parse_seed};

/// Simulate a panel of intraday prices: stochastic volatility, a U-shaped day, correlated stocks, rare jumps
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
    /// Replace the files of the same names that the folder holds
    #[arg(long)]
    force: bool,
}

pub(super) fn run(args: &SimulateArgs, report: &Report) -> Result<Outcome> {
    let spec = SimulateSpec {
        stocks: args.stocks,
        days: args.days,
        per_day: args.per_day,
        seed: args.seed,
        start: args.start,
    };
    let bar = report.progress("simulate", spec.prices());
    let files = write(&spec, &args.output, args.force, |prices| bar.inc(prices));
    bar.finish_and_clear();
    report.line(format!(
        "simulated {} prices: {}, {} of {} prices, in {}",
        grouped(spec.prices()),
        plural(files?.len() as u64, "stock"),
        plural(spec.days.into(), "day"),
        spec.per_day,
        args.output.display()
    ));
    Ok(Outcome::Done)
}
