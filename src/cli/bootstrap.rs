//! `bellwether bootstrap`: intervals of realized variance for every day and stock of a panel.

use std::path::PathBuf;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::civil::Date;

use crate::error::{Result, bytes};
use crate::inference::bootstrap::{Bootstrap, Intervals, Resources};
use crate::output::intervals::{Layout, write};
use crate::output::{Destination, Format};
use crate::panel::{Align, LoadOptions, Loaded, load, parse_date};
use crate::random::STREAM_VERSION;

use super::Outcome;
use super::device::{DeviceArgs, MemoryArgs, grouped, plural};
use super::report::Report;

/// Returns drawn from which on starting a GPU pays for itself: some seconds on a few cores, against well under one to start.
const WORTH_A_GPU: u64 = 10_000_000_000;

/// Bootstrap confidence intervals of daily realized variance, for every day and stock of a panel of prices
#[derive(Debug, Args)]
pub(super) struct BootstrapArgs {
    /// A folder of CSV files, one a stock (lines `YYYYMMDD,HHMM,PRICE`); or some of these files; or one long CSV file whose
    /// header names stock, date, time and price
    #[arg(required = true, value_name = "PANEL")]
    panel: Vec<PathBuf>,
    /// Number of bootstrap samples
    #[arg(short = 'B', long, default_value_t = 1000, value_name = "N")]
    samples: u32,
    /// Confidence of the intervals
    #[arg(long, default_value_t = 0.99, value_name = "C")]
    confidence: f64,
    /// Seed of the random stream
    #[arg(long, default_value_t = 0, value_name = "N")]
    seed: u64,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    /// Only these stocks, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    stocks: Option<Vec<String>>,
    /// Only days from this one on (2007-01-31 or 20070131)
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    from: Option<Date>,
    /// Only days up to this one, itself included
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    to: Option<Date>,
    /// Where stocks do not share their times: exact refuses, inner keeps the times that all have, previous fills in the last
    /// price of the day
    #[arg(long, value_enum, default_value_t = Align::Exact)]
    align: Align,
    /// Leave out broken files and days that are too short, and end with exit code 3
    #[arg(long)]
    keep_going: bool,
    /// File for the intervals [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// File format
    #[arg(long, value_enum, default_value_t = Format::Csv)]
    format: Format,
    /// A record for each day and stock, or a row for each day
    #[arg(long, value_enum, default_value_t = Layout::Long)]
    layout: Layout,
}

pub(super) fn run(args: BootstrapArgs, report: &Report) -> Result<Outcome> {
    let bootstrap = Bootstrap::new(args.samples, args.confidence, args.seed)?;
    let jobs = args.device.jobs()?;
    let memory = args.memory.bytes()?;
    let destination = Destination::from_option(args.output);
    destination.check()?;

    let started = Instant::now();
    let options = LoadOptions {
        stocks: args.stocks,
        from: args.from,
        to: args.to,
        align: args.align,
        keep_going: args.keep_going,
    };
    let bar = report.spinner("load");
    let loaded = load(&args.panel, &options, &jobs)?;
    let returns = jobs.install(|| loaded.panel.returns());
    bar.finish_and_clear();
    let load_time = started.elapsed();
    report_load(&loaded, report);

    let draws = bootstrap.draws(&returns.days);
    let size = format!("{} returns to draw", grouped(draws));
    let device = args.device.open(&jobs, draws >= WORTH_A_GPU, &size)?;
    let bar = report.progress("resample", draws);
    let resources = Resources { jobs: &jobs, gpu: device.gpu.as_ref(), memory };
    let intervals = bootstrap.run(&returns.days, &resources, &|draws| bar.inc(draws))?;
    bar.finish_and_clear();

    let write_started = Instant::now();
    destination.write(|out| write(out, &returns.stocks, &intervals, args.format, args.layout))?;
    let write_time = write_started.elapsed();

    report.line(format!(
        "drew {} samples for each day, {} returns, on {}; stream version {STREAM_VERSION}, seed {}",
        grouped(bootstrap.samples().into()),
        grouped(draws),
        device.description,
        args.seed
    ));
    report.line(format!(
        "intervals of confidence {} for {} cells; rounding error of any resampled RV at most {:.1e} of the cell's RV",
        bootstrap.confidence(),
        grouped(intervals.realized_variance.len() as u64),
        intervals.relative_error
    ));
    report.line(times(load_time, device.start, &intervals, write_time, device.gpu.is_some()));
    Ok(if loaded.failures.is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// What was read, what was left out, and what to look at.
fn report_load(loaded: &Loaded, report: &Report) {
    let panel = &loaded.panel;
    let range = match &panel.days[..] {
        [only] => only.date.to_string(),
        [first, .., last] => format!("{} to {}", first.date, last.date),
        [] => "no day".into(),
    };
    report.line(format!(
        "read {} from {} ({}): {}, {}, {range}",
        plural(loaded.prices as u64, "price"),
        plural(loaded.files as u64, "file"),
        bytes(loaded.bytes),
        plural(panel.stocks.len() as u64, "stock"),
        plural(panel.days.len() as u64, "day"),
    ));
    for warning in &loaded.warnings {
        report.warning(warning);
    }
    for (path, error) in &loaded.failures {
        report.failure(format!("left out {}: {error}", path.display()));
    }
}

/// The time of each phase, in seconds.
fn times(load: Duration, start: Duration, intervals: &Intervals, write: Duration, gpu: bool) -> String {
    let times = intervals.times;
    let seconds = |duration: Duration| format!("{:.3} s", duration.as_secs_f64());
    let resample = if gpu { "on the device" } else { "of thread time" };
    format!(
        "time: load {}, device start {}, resample and quantiles {} (resample {} {resample}, quantiles {} of thread time), write {}",
        seconds(load),
        seconds(start),
        seconds(times.wall),
        seconds(times.resample),
        seconds(times.quantiles),
        seconds(write)
    )
}
