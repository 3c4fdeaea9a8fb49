//! `bellwether bootstrap`: intervals of realized variance for every day and stock of a panel.

use std::path::PathBuf;
use std::str::FromStr;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::civil::Date;

use crate::error::{Error, Result, bytes};
use crate::inference::bootstrap::{Bootstrap, Intervals, Resources};
use crate::jobs::Jobs;
use crate::output::intervals::{Layout, write};
use crate::output::plot::{self, PlotFile};
use crate::output::{Destination, Format};
use crate::panel::{Align, DayReturns, LoadOptions, Loaded, Returns, load, parse_date};
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
    /// Picture of the intervals through time, a panel a stock: a file that ends in .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Picture of one cell's bootstrap distribution, into the file of --histogram-plot
    #[arg(long, value_name = "STOCK,DATE", requires = "histogram_plot")]
    histogram: Option<CellName>,
    /// File for the picture of --histogram, which ends in .svg or .png
    #[arg(long, value_name = "FILE", requires = "histogram")]
    histogram_plot: Option<PathBuf>,
}

/// A stock and a day, as `--histogram` takes them.
#[derive(Debug, Clone, PartialEq, Eq)]
struct CellName {
    stock: String,
    date: Date,
}

impl FromStr for CellName {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        // A stock's name may have a comma in it, a date has none.
        let (stock, date) = text.rsplit_once(',').ok_or("write a stock and a day, such as AXP,2007-01-03")?;
        let date = parse_date(date).map_err(|error| error.to_string())?;
        Ok(Self { stock: stock.trim().to_owned(), date })
    }
}

impl CellName {
    /// The numbers of its day and stock.
    fn find(&self, returns: &Returns) -> Result<(usize, usize)> {
        let refuse = |requirement: String| Error::Parameter {
            name: "--histogram",
            value: format!("{},{}", self.stock, self.date),
            requirement,
        };
        let stock = returns.stocks.iter().position(|stock| *stock == self.stock);
        let day = returns.days.iter().position(|day| day.date == self.date);
        let (first, last) = (returns.days.first(), returns.days.last());
        match (day, stock, first, last) {
            (Some(day), Some(stock), ..) => Ok((day, stock)),
            (_, None, ..) => {
                Err(refuse(format!("the panel has no such stock; it has {}", returns.stocks.join(", "))))
            }
            (None, _, Some(first), Some(last)) => Err(refuse(format!(
                "the panel has no such day; its {} days are from {} to {}",
                returns.days.len(),
                first.date,
                last.date
            ))),
            _ => Err(refuse("the panel has no days".into())),
        }
    }
}

/// The pictures asked for, and where they go.
struct Pictures {
    intervals: Option<PlotFile>,
    histogram: Option<(CellName, PlotFile)>,
}

impl Pictures {
    /// Draws them all. `cell` is the histogram's day and stock.
    fn save(
        &self,
        bootstrap: &Bootstrap,
        seed: u64,
        returns: &Returns,
        intervals: &Intervals,
        cell: Option<(usize, usize)>,
        jobs: &Jobs,
    ) -> Result<()> {
        let method = format!(
            "{} % percentile intervals, {} samples, seed {seed}, random stream {STREAM_VERSION}",
            percent(bootstrap.confidence()),
            grouped(bootstrap.samples().into())
        );
        if let Some(file) = &self.intervals {
            file.save(&plot::intervals::picture(&returns.stocks, intervals, &method)?)?;
        }
        if let (Some((name, file)), Some((day, stock))) = (&self.histogram, cell) {
            // The day's other stocks do not change this one's samples, so that they are left out.
            let of_stock = returns.days[day].returns.slice(ndarray::s![.., stock..=stock]).to_owned();
            let day_returns = DayReturns { date: name.date, returns: of_stock };
            let resampled = jobs.install(|| bootstrap.resampled(&day_returns))?;
            let at = [day, stock];
            let distribution = plot::histogram::Distribution {
                name: &format!("{}, {}", name.stock, name.date),
                method: &format!("{method}, {} returns", day_returns.returns.nrows()),
                resampled: &resampled.column(0).to_vec(),
                point: intervals.realized_variance[at],
                interval: [intervals.lower[at], intervals.upper[at]],
            };
            file.save(&plot::histogram::picture(&distribution)?)?;
        }
        Ok(())
    }
}

/// A share as a percentage, without the noise of binary fractions.
fn percent(share: f64) -> f64 {
    (share * 1e10).round() / 1e8
}

pub(super) fn run(args: BootstrapArgs, report: &Report) -> Result<Outcome> {
    let bootstrap = Bootstrap::new(args.samples, args.confidence, args.seed)?;
    let jobs = args.device.jobs()?;
    let memory = args.memory.bytes()?;
    let destination = Destination::from_option(args.output);
    destination.check()?;
    let device = args.device.find()?;
    let pictures = Pictures {
        intervals: args.plot.map(|path| PlotFile::new("--plot", path)).transpose()?,
        histogram: match (args.histogram, args.histogram_plot) {
            (Some(cell), Some(path)) => Some((cell, PlotFile::new("--histogram-plot", path)?)),
            _ => None,
        },
    };

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
    let cell = pictures.histogram.as_ref().map(|(cell, _)| cell.find(&returns)).transpose()?;

    let draws = bootstrap.draws(&returns.days);
    let size = format!("{} returns to draw", grouped(draws));
    let device = device.open(&jobs, draws >= WORTH_A_GPU, &size)?;
    let bar = report.progress("resample", draws);
    let resources = Resources { jobs: &jobs, gpu: device.gpu.as_ref(), memory };
    let intervals = bootstrap.run(&returns.days, &resources, &|draws| bar.inc(draws))?;
    bar.finish_and_clear();

    let write_started = Instant::now();
    destination.write(|out| write(out, &returns.stocks, &intervals, args.format, args.layout))?;
    pictures.save(&bootstrap, args.seed, &returns, &intervals, cell, &jobs)?;
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
