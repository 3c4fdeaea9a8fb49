//! `bellwether bootstrap`: intervals of realized variance for every day and stock of a panel.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::str::FromStr;
use std::sync::{Mutex, PoisonError};
use std::time::{Duration, Instant};

use clap::Args;
use indicatif::ProgressBar;
use jiff::civil::Date;

use crate::bootstrap::{Bootstrap, Engine, Intervals, Observer, Resources};
use crate::error::{Error, Result, bytes};
use crate::jobs::Jobs;
use crate::output::intervals::{Layout, write};
use crate::output::{Format, Outputs};
use crate::panel::{Align, DayReturns, LoadOptions, PanelReader, parse_date};
use crate::plot::intervals::MOST_STOCKS;
use crate::plot::{self, Drawn, PlotFile};
use crate::random::STREAM_VERSION;
use crate::{interval, measure};

use super::device::{DeviceArgs, MemoryArgs, grouped, plural};
use super::report::Report;
use super::{Outcome, parse_seed, stock_name};

/// Returns drawn from which on starting a GPU pays for itself: some seconds on a few cores, against well
/// under one to start.
const WORTH_A_GPU: u64 = 10_000_000_000;

/// Bootstrap confidence intervals of daily realized measures, for every day and stock of a panel of prices
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(super) struct BootstrapArgs {
    /// A folder of CSV files, one a stock (lines `YYYYMMDD,HHMM,PRICE`); or some of these files; or one long
    /// CSV file whose header names stock, date, time and price
    #[arg(required = true, value_name = "PANEL")]
    panel: Vec<PathBuf>,
    /// Number of bootstrap samples
    #[arg(short = 'B', long, default_value_t = 1000, value_name = "N")]
    samples: u32,
    /// Confidence of the intervals
    #[arg(long, default_value_t = 0.99, value_name = "C")]
    confidence: f64,
    /// Seed of the random stream
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = parse_seed)]
    seed: u64,
    /// What to estimate: realized variance, or realized covariance, correlation or beta with the stock of
    /// --against
    #[arg(long, default_value = "variance", value_name = "MEASURE", value_parser = measure::NAMES)]
    measure: String,
    /// The second stock of covariance, correlation and beta (the regressor of beta)
    #[arg(long, value_name = "STOCK", value_parser = stock_name)]
    against: Option<String>,
    /// Kind of interval: percentile; studentized (percentile-t, equal-tailed) or studentized-log (symmetric
    /// in logarithms), which hold integrated variance as often as they say where percentile intervals do not
    #[arg(long, default_value = "percentile", value_name = "INTERVAL", value_parser = interval::NAMES)]
    interval: String,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    /// Only these stocks, separated by commas
    #[arg(long, value_delimiter = ',', value_name = "A,B", value_parser = stock_name)]
    stocks: Option<Vec<String>>,
    /// Only days from this one on (2007-01-31 or 20070131)
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    from: Option<Date>,
    /// Only days up to this one, itself included
    #[arg(long, value_name = "DATE", value_parser = parse_date)]
    to: Option<Date>,
    /// Where stocks do not share their times: exact refuses, inner keeps the times that all have, previous
    /// fills in the last price of the day
    #[arg(long, value_enum, default_value_t = Align::Exact)]
    align: Align,
    /// Leave out broken files and days that are too short, and end with exit code 3
    #[arg(long)]
    keep_going: bool,
    /// File for the intervals [default: standard output]
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// File format [default: by the file's extension, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// A record for each day and stock; or a row for each day under two header rows, which
    /// pd.read_csv(f, header=[0, 1], index_col=0, parse_dates=True) reads
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
    /// The error of a cell that is not there.
    fn refused(&self, requirement: String) -> Error {
        Error::Parameter { name: "--histogram", value: format!("{},{}", self.stock, self.date), requirement }
    }

    /// The number of its stock, if the panel has its day too.
    fn find(&self, panel: &PanelReader) -> Result<usize> {
        let Some(stock) = panel.stocks().iter().position(|stock| *stock == self.stock) else {
            return Err(
                self.refused(format!("the panel has no such stock; it has {}", panel.stocks().join(", ")))
            );
        };
        let (mut count, mut first, mut last) = (0, None, None);
        for date in panel.dates() {
            if date == self.date {
                return Ok(stock);
            }
            (count, first, last) = (count + 1, first.or(Some(date)), Some(date));
        }
        let range = match (first, last) {
            (Some(first), Some(last)) => format!("; its {count} days are from {first} to {last}"),
            _ => String::new(),
        };
        Err(self.refused(format!("the panel has no such day{range}")))
    }
}

/// The returns of the histogram's cell, and the number of its stock.
struct Cell {
    stock: usize,
    returns: DayReturns,
}

/// The pictures asked for, and where they go.
struct Pictures {
    intervals: Option<PlotFile>,
    histogram: Option<(CellName, PlotFile)>,
}

impl Pictures {
    /// Draws them all, and writes none. `cell` is the histogram's.
    fn draw(
        &self,
        bootstrap: &Bootstrap,
        seed: u64,
        stocks: &[String],
        intervals: &Intervals,
        cell: Option<Cell>,
        jobs: &Jobs,
    ) -> Result<Vec<Drawn<'_>>> {
        let mut drawn = Vec::new();
        let method = format!(
            "{} % {} intervals, {} samples, seed {seed}, random stream {STREAM_VERSION}",
            percent(bootstrap.confidence()),
            bootstrap.interval().name(),
            grouped(bootstrap.samples().into())
        );
        if let Some(file) = &self.intervals {
            drawn.push(file.draw(&plot::intervals::picture(stocks, intervals, &method)?)?);
        }
        let Some((name, file)) = &self.histogram else { return Ok(drawn) };
        let day = intervals.dates.iter().position(|date| *date == name.date);
        if let (Some(day), Some(Cell { stock, returns })) = (day, cell) {
            let bins = plot::histogram::bins(bootstrap.samples() as usize);
            let resampled = jobs.install(|| bootstrap.histogram(&returns, bins))?;
            let at = [day, stock];
            let distribution = plot::histogram::Distribution {
                name: &format!("{}, {}", name.stock, name.date),
                method: &format!("{method}, {} returns", returns.returns.nrows()),
                resampled: &resampled,
                point: intervals.estimate[at],
                interval: [intervals.lower[at], intervals.upper[at]],
            };
            drawn.push(file.draw(&plot::histogram::picture(&distribution)?)?);
        }
        Ok(drawn)
    }
}

/// A share as a percentage, without the noise of binary fractions.
fn percent(share: f64) -> f64 {
    (share * 1e10).round() / 1e8
}

/// What to say where a tail outside of the interval holds fewer than ten samples, so that the interval's end
/// is a rough estimate.
fn few_samples(bootstrap: &Bootstrap) -> Option<String> {
    const FEWEST: f64 = 10.0;
    let tail = (1.0 - bootstrap.confidence()) / 2.0;
    let (samples, confidence) = (bootstrap.samples(), percent(bootstrap.confidence()));
    // Without the noise of a confidence that is no binary fraction: 0.99 takes 2000, not 2001.
    let needed = (FEWEST / tail * (1.0 - 1e-9)).ceil();
    if f64::from(samples) >= needed {
        return None;
    }
    // Rounded down, so that it is below ten as told; the little is for tails that are no binary fraction.
    let beyond = (tail * f64::from(samples) * 1e3 + 1e-6).floor() / 1e3;
    let beyond = if beyond < 1.0 { "less than one".into() } else { format!("only {beyond}") };
    let advice = if needed <= f64::from(u32::MAX) {
        format!("-B {needed} puts {FEWEST} there")
    } else {
        "lower --confidence".into()
    };
    Some(format!(
        "{} put {beyond} beyond each end of a {confidence} % interval, which makes the ends rough: {advice}",
        plural(samples.into(), "sample")
    ))
}

pub(super) fn run(args: BootstrapArgs, report: &Report) -> Result<Outcome> {
    let bootstrap = Bootstrap::new(args.samples, args.confidence, args.seed)?;
    let against = args.against.as_deref();
    // Before the work, whether the method makes sense; the second stock's number is known later.
    let placeholder = against.map(|_| 0);
    let bootstrap =
        bootstrap.with(measure::by_name(&args.measure, placeholder)?, interval::by_name(&args.interval)?)?;
    let of_variance = args.measure == "variance";
    for (flag, given, fits) in [
        ("--plot", args.plot.is_some(), of_variance),
        ("--histogram", args.histogram.is_some(), of_variance && args.interval == "percentile"),
    ] {
        if given && !fits {
            return Err(Error::Parameter {
                name: flag,
                value: format!("asked for {} intervals of the {}", args.interval, args.measure),
                requirement: "pictures are of realized variance, histograms of its percentile intervals"
                    .into(),
            });
        }
    }
    let jobs = args.device.jobs(report)?;
    let memory = args.memory.bytes()?;
    let mut outputs = Outputs::new(&args.panel);
    let (destination, format) = outputs.table("--output", args.output, args.format)?;
    let pictures = Pictures {
        intervals: args.plot.map(|path| PlotFile::new("--plot", path, &mut outputs)).transpose()?,
        histogram: match (args.histogram, args.histogram_plot) {
            (Some(cell), Some(path)) => Some((cell, PlotFile::new("--histogram-plot", path, &mut outputs)?)),
            _ => None,
        },
    };
    let device = args.device.find(report)?;

    let started = Instant::now();
    let options = LoadOptions {
        stocks: args.stocks,
        from: args.from,
        to: args.to,
        align: args.align,
        keep_going: args.keep_going,
    };
    let bar = report.spinner("load");
    let mut panel = PanelReader::open(&args.panel, &options, memory, &jobs)?;
    bar.finish_and_clear();
    let open_time = started.elapsed();
    let against = against.map(|name| second_stock(name, panel.stocks())).transpose()?;
    let bootstrap =
        bootstrap.with(measure::by_name(&args.measure, against)?, interval::by_name(&args.interval)?)?;
    let cell_stock = pictures.histogram.as_ref().map(|(cell, _)| cell.find(&panel)).transpose()?;
    if panel.blocks() > 1 {
        let blocks = panel.blocks();
        report.line(format!("reading {blocks} blocks of days one after the other, to stay within --memory"));
    }

    let planned = panel.returns_left() * u64::from(bootstrap.samples());
    let size = format!("{} returns to draw", grouped(planned));
    let device = device.open(&jobs, planned >= WORTH_A_GPU, &size, report)?;
    let watch = Watch {
        bar: report.progress("resample", planned),
        wanted: pictures.histogram.as_ref().zip(cell_stock).map(|((name, _), stock)| (name.date, stock)),
        cell: Mutex::new(None),
    };
    let resources = Resources { jobs: &jobs, memory };
    let mut engine = Engine::new(device.gpu.as_ref());
    let done = bootstrap.run_panel(&mut panel, &mut engine, &resources, &watch);
    watch.bar.finish_and_clear();
    let (intervals, panel_times) = done?;
    let cell = watch.cell.into_inner().unwrap_or_else(PoisonError::into_inner);
    report_load(&panel, report);
    if let Some(warning) = few_samples(&bootstrap) {
        report.warning(warning);
    }

    if let (Some((name, _)), None) = (&pictures.histogram, &cell) {
        return Err(name.refused("that day was left out, as it has fewer than two prices".into()));
    }

    let write_started = Instant::now();
    // All pictures are drawn before anything is written: one that fails leaves none of the outputs.
    let drawn = pictures.draw(&bootstrap, args.seed, panel.stocks(), &intervals, cell, &jobs)?;
    destination.write(|out| write(out, panel.stocks(), &intervals, format, args.layout))?;
    drawn.iter().try_for_each(Drawn::save)?;
    let write_time = write_started.elapsed();
    let stocks = panel.stocks().len();
    if pictures.intervals.is_some() && stocks > MOST_STOCKS {
        report.warning(format!(
            "the picture shows the first {MOST_STOCKS} of {stocks} stocks; choose others with --stocks"
        ));
    }

    report.line(format!(
        "drew {} samples for each day, {} returns, on {}; stream version {STREAM_VERSION}, seed {}",
        grouped(bootstrap.samples().into()),
        grouped(panel_times.draws),
        device.description,
        args.seed
    ));
    report.line(format!(
        "{} intervals of confidence {} for {} cells; rounding error of any resampled sum at most {} of itself, or of the \
         day's without its five largest rows where that is larger",
        bootstrap.interval().name(),
        bootstrap.confidence(),
        grouped(intervals.estimate.len() as u64),
        crate::figures::upper(intervals.relative_error, 1)
    ));
    report.line(times(
        open_time + panel_times.load,
        device.start,
        &intervals,
        write_time,
        device.gpu.is_some(),
    ));
    Ok(if panel.summary().left_out().is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// Shows progress, and keeps the returns of the histogram's cell.
struct Watch {
    bar: ProgressBar,
    /// The day and the number of the stock.
    wanted: Option<(Date, usize)>,
    cell: Mutex<Option<Cell>>,
}

impl Observer for Watch {
    fn planned(&self, draws: u64) {
        self.bar.set_length(draws);
    }

    fn drawn(&self, draws: u64) -> ControlFlow<()> {
        self.bar.inc(draws);
        ControlFlow::Continue(())
    }

    fn days(&self, days: &[DayReturns]) {
        let Some((date, stock)) = self.wanted else { return };
        if let Some(day) = days.iter().find(|day| day.date == date) {
            // The day's other stocks do not change this one's samples, so that they are left out.
            let returns = day.returns.slice(ndarray::s![.., stock..=stock]).to_owned();
            let cell = Cell { stock, returns: DayReturns { date, returns } };
            *self.cell.lock().unwrap_or_else(PoisonError::into_inner) = Some(cell);
        }
    }
}

/// The number of the stock of --against among the panel's, of which there must be another.
fn second_stock(name: &str, stocks: &[String]) -> Result<usize> {
    let refused = |requirement: String| Error::Parameter { name: "against", value: name.into(), requirement };
    match stocks.iter().position(|stock| stock == name) {
        None => Err(refused(format!("the panel has no such stock; it has {}", stocks.join(", ")))),
        Some(_) if stocks.len() == 1 => {
            Err(refused("the panel has no other stock; --stocks may leave them out".into()))
        }
        Some(number) => Ok(number),
    }
}

/// What was read, what was left out, and what to look at.
fn report_load(panel: &PanelReader, report: &Report) {
    let loaded = panel.summary();
    let range = match loaded.range {
        Some((first, last)) if first == last => first.to_string(),
        Some((first, last)) => format!("{first} to {last}"),
        None => "no day".into(),
    };
    report.line(format!(
        "read {} from {} ({}): {}, {}, {range}",
        plural(loaded.prices as u64, "price"),
        plural(loaded.files as u64, "file"),
        bytes(loaded.bytes),
        plural(panel.stocks().len() as u64, "stock"),
        plural(loaded.days as u64, "day"),
    ));
    for warning in &loaded.warnings {
        report.warning(warning);
    }
    for line in loaded.left_out() {
        report.failure(format!("left out {line}"));
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
