//! `bellwether bootstrap`: intervals of realized measures for every day and stock of a panel.

pub(super) mod manifest;
pub(super) mod part;
mod pictures;
mod plan;
mod resamples;
pub(super) mod summary;

use std::path::PathBuf;
use std::str::FromStr;
use std::sync::Arc;
use std::time::{Duration, Instant};

use clap::Args;
use jiff::civil::Date;

use crate::bootstrap::{Bootstrap, Engine, Period, Resources, run_panel};
use crate::error::{Error, Result};
use crate::interval::Side;
use crate::measure::{Measure, Volatility};
use crate::output::intervals::Layout;
use crate::output::manifest::{ManifestFile, Parameters, Run};
use crate::output::{Format, Outputs};
use crate::panel::{Align, LoadOptions, PanelReader};
use crate::plot::intervals::MOST_STOCKS;
use crate::plot::{Drawn, PlotFile};
use crate::resample::scheme;
use crate::{interval, measure};

use self::pictures::{CellName, Pictures, Watch};
use super::device::{DeviceArgs, MemoryArgs, grouped};
use super::report::Report;
use super::table::PanelArgs;
use super::{Outcome, distinct, parse_seed, stock_name};

/// Returns drawn from which on starting a GPU pays for itself: some seconds on a few cores, against well
/// under one to start.
pub const WORTH_A_GPU: u64 = 50_000_000_000;

/// What the wide layout is not for.
const WIDE: &str = "the wide layout has two columns a stock: one measure, one kind of interval, no details";

/// Bootstrap confidence intervals of daily realized measures, for every day and stock of a panel of prices
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(super) struct BootstrapArgs {
    #[command(flatten)]
    panel: PanelArgs,
    /// Number of bootstrap samples; or `exact`, for infinitely many, without draws and a seed
    #[arg(short = 'B', long, default_value = "10000", value_name = "N|exact")]
    samples: Samples,
    /// Confidence of the intervals
    #[arg(long, default_value_t = 0.99, value_name = "C")]
    confidence: f64,
    /// Seed of the random stream, 0 unless given; infinitely many samples have none
    #[arg(long, value_name = "N", value_parser = parse_seed)]
    seed: Option<u64>,
    /// What to estimate, one or more of these, separated by commas; those of two stocks are with the stock of
    /// --against
    #[arg(long, default_value = "variance", value_name = "MEASURE")]
    #[arg(value_delimiter = ',', value_parser = measure::NAMES)]
    measure: Vec<String>,
    /// The second stock of covariance, correlation and beta (the regressor of beta)
    #[arg(long, value_name = "STOCK", value_parser = stock_name)]
    against: Option<String>,
    /// How rows enter a resample: drawn one by one (iid), each weighted by one of two numbers (wild), in
    /// blocks of neighbours of one length (block) or of random lengths (stationary)
    #[arg(long, default_value = "iid", value_name = "SCHEME", value_parser = scheme::NAMES)]
    scheme: String,
    /// Rows of a block (stationary: on average); or `auto`, by the rule of Politis and White for each day and
    /// stock [default: auto, for block and stationary]
    #[arg(long, value_name = "L|auto")]
    block: Option<BlockLength>,
    /// Kinds of intervals, one or more of these, separated by commas, from the same draws. Studentized ones
    /// hold integrated variance about as often as they say, where percentile ones do not; asymptotic ones
    /// need no draws
    #[arg(long, default_value = "percentile", value_name = "INTERVAL")]
    #[arg(value_delimiter = ',', value_parser = interval::NAMES)]
    interval: Vec<String>,
    /// Both ends, or one, which leaves all of 1 − C beyond it
    #[arg(long, value_enum, default_value_t = Side::Both)]
    side: Side,
    /// Intervals of each day, or of the sums over the days of a week, of a month, or over all of them; rows
    /// are resampled within their day. Variances are then of the period, and so is the time of the
    /// quarticity: of D like days it is D times their sum. The date is the week's Monday, the first of the
    /// month, or the panel's first day
    #[arg(long, value_enum, default_value_t = Period::Day)]
    by: Period,
    /// Add columns: n, the bootstrap's standard error and bias, the Monte Carlo error of each end, the share
    /// of zero returns, the largest return's share, the ratio test for jumps, the share padded at the end
    #[arg(long)]
    details: bool,
    /// Say how far each end is from that of infinitely many samples; with --details add these as columns
    #[arg(long)]
    against_exact: bool,
    /// File for the resampled statistics themselves, of the cells of --cell: .csv, .parquet or .arrow
    #[arg(long, value_name = "FILE", requires = "cell")]
    resamples: Option<PathBuf>,
    /// A cell whose resampled statistics are written; repeat it for more
    #[arg(long, value_name = "STOCK,DATE", requires = "resamples")]
    cell: Vec<CellName>,
    /// Compute part I of N, and write a part file, for `bellwether merge` to put together to the bytes of the
    /// whole: `3/8`; `slurm` takes both from the array of Slurm that the task is of, and `slurm/8` its number
    /// alone
    #[arg(long, value_name = "I/N|slurm", help_heading = "Parts")]
    part: Option<part::PartArg>,
    /// How a run is cut into parts [default: by stocks where each keeps its own times, else by days; by
    /// samples where there are few days and very many samples]
    #[arg(long, value_enum, requires = "part", help_heading = "Parts")]
    cut: Option<part::Cut>,
    /// Compute nothing: say what the run takes (draws, seconds of a core as measured here, memory), and into
    /// how many parts to cut it
    #[arg(long, help_heading = "Parts", conflicts_with = "part")]
    plan: bool,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    memory: MemoryArgs,
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
    /// File for what the result was computed from, as JSON: every parameter, versions, a hash of the prices;
    /// `bellwether verify` checks a result by it. JSON, Parquet and Arrow have it inside
    #[arg(long, value_name = "FILE")]
    manifest: Option<PathBuf>,
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

/// How many resamples.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Samples {
    Count(u32),
    Exact,
}

impl FromStr for Samples {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "exact" {
            return Ok(Self::Exact);
        }
        text.parse()
            .map(Self::Count)
            .map_err(|_| format!("write a whole number up to {}, or exact", grouped(u32::MAX.into())))
    }
}

/// How long blocks are.
#[derive(Debug, Clone, Copy, PartialEq)]
enum BlockLength {
    Rows(f64),
    Auto,
}

impl FromStr for BlockLength {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        if text == "auto" {
            return Ok(Self::Auto);
        }
        text.parse().map(Self::Rows).map_err(|_| "write a number of rows, or auto".into())
    }
}

impl BootstrapArgs {
    /// The method of each measure; `against` is the number of the second stock.
    fn methods(&self, against: Option<usize>) -> Result<Vec<Bootstrap>> {
        if against.is_some() && !self.measure.iter().any(|name| measure::is_of_two(name)) {
            // Refused with the reason.
            measure::by_name(&self.measure[0], against)?;
        }
        let base = match self.samples {
            Samples::Count(samples) => Bootstrap::new(samples, self.confidence, self.seed.unwrap_or(0))?,
            Samples::Exact => match self.seed {
                None => Bootstrap::exact(self.confidence)?,
                Some(seed) => {
                    return Err(Error::Parameter {
                        name: "--seed",
                        value: seed.to_string(),
                        requirement: "infinitely many samples are without draws; leave it out, or give a \
                                      number of samples"
                            .into(),
                    });
                }
            },
        };
        let blocks = ["block", "stationary"].contains(&self.scheme.as_str());
        let (length, auto) = match self.block {
            Some(BlockLength::Rows(length)) => (Some(length), false),
            // One row stands for what each cell's returns say.
            Some(BlockLength::Auto) => (Some(1.0), true),
            None if blocks => (Some(1.0), true),
            None => (None, false),
        };
        let scheme = scheme::by_name(&self.scheme, length)?;
        let of_name = |name: &String| {
            let measure = self.measure_of(name, against.filter(|_| measure::is_of_two(name)))?;
            let intervals =
                self.interval.iter().map(|name| interval::by_name(name)).collect::<Result<_>>()?;
            base.clone()
                .with(measure, scheme, intervals)?
                .automatic_blocks(auto)?
                .by(self.by)?
                .side(self.side)?
                .details(self.details)?
                .against_exact(self.against_exact)
        };
        self.measure.iter().map(of_name).collect()
    }

    /// How the panel is read.
    pub(super) fn load_options(&self) -> Result<LoadOptions> {
        self.panel.options(self.align()?)
    }

    /// Whether there are infinitely many samples.
    pub(super) fn is_exact(&self) -> bool {
        self.samples == Samples::Exact
    }

    /// The method of each measure, for a panel of these stocks.
    pub(super) fn methods_for(&self, stocks: &[String]) -> Result<Vec<Bootstrap>> {
        let against = self.against.as_deref().map(|name| second_stock(name, stocks)).transpose()?;
        self.methods(against)
    }

    /// Refuses a layout that these intervals do not fit into.
    pub(super) fn check_layout(&self, layout: Layout) -> Result<()> {
        let single = self.measure.len() == 1 && self.interval.len() == 1 && !self.details;
        if layout == Layout::Long || single {
            return Ok(());
        }
        Err(Error::Parameter { name: "--layout", value: "wide".into(), requirement: WIDE.into() })
    }

    /// The measure of this name. A volatility of the year is by the number of such periods that a year has.
    fn measure_of(&self, name: &str, against: Option<usize>) -> Result<Arc<dyn Measure>> {
        let periods_a_year = match self.by {
            Period::Day => return measure::by_name(name, against),
            _ if name != "annual-volatility" => return measure::by_name(name, against),
            Period::Week => Some(52),
            Period::Month => Some(12),
            Period::All => {
                return Err(Error::Parameter {
                    name: "measure",
                    value: name.into(),
                    requirement: "all days together are no known part of a year; take volatility, or `by \
                                  month`"
                        .into(),
                });
            }
        };
        Ok(Arc::new(Volatility { periods_a_year }))
    }

    /// At which times stocks have their returns: measures of two need common ones.
    fn align(&self) -> Result<Align> {
        let of_two = self.measure.iter().find(|name| measure::is_of_two(name));
        match (self.panel.align, of_two) {
            (Some(Align::None), Some(name)) => Err(Error::Parameter {
                name: "align",
                value: "none".into(),
                requirement: format!(
                    "the {name} needs the returns of two stocks over the same times; take exact, inner, \
                     previous or refresh"
                ),
            }),
            (Some(align), _) => Ok(align),
            (None, Some(_)) => Ok(Align::Exact),
            (None, None) => Ok(Align::None),
        }
    }

    /// What pictures and the wide layout are not of.
    fn check_shapes(&self, methods: &[Bootstrap]) -> Result<()> {
        let single = self.measure.len() == 1 && self.interval.len() == 1;
        let of_one = methods.len() == 1;
        let is_shown = self.samples != Samples::Exact || methods.iter().all(Bootstrap::has_law);
        for (flag, given, fits, requirement) in [
            ("--plot", self.plot.is_some(), of_one, "a picture is of one measure; choose it by --measure"),
            (
                "--histogram",
                self.histogram.is_some(),
                of_one && self.by == Period::Day,
                "a histogram is of one measure and of a day; choose it by --measure, and leave --by out",
            ),
            (
                "--histogram",
                self.histogram.is_some(),
                is_shown,
                "no distribution of infinitely many samples is known of that; give a number of samples",
            ),
            ("--layout", self.layout == Layout::Wide, single && !self.details, WIDE),
            (
                "--resamples",
                self.resamples.is_some(),
                self.samples != Samples::Exact,
                "infinitely many samples are no file; give a number of samples",
            ),
        ] {
            if given && !fits {
                return Err(Error::Parameter {
                    name: flag,
                    value: format!(
                        "asked for {} intervals of {}",
                        self.interval.join(", "),
                        self.measure.join(", ")
                    ),
                    requirement: requirement.into(),
                });
            }
        }
        Ok(())
    }
}

pub(super) fn run(mut args: BootstrapArgs, parameters: Parameters, report: &Report) -> Result<Outcome> {
    args.measure = distinct(args.measure);
    args.interval = distinct(args.interval);
    // Before the work, whether the method makes sense; the second stock's number is known later.
    let methods = args.methods(args.against.as_ref().map(|_| 0))?;
    args.check_shapes(&methods)?;
    if args.panel.is_averaged() {
        methods.iter().try_for_each(Bootstrap::check_averaged)?;
    }
    let align = args.align()?;
    let parameters = args.parameters(parameters)?;
    if args.plan {
        return plan::run(&args, report);
    }
    if let Some(part) = args.part.take() {
        return part::run(args, part, parameters, report);
    }
    let jobs = args.device.jobs(report)?;
    let memory = args.memory.bytes()?;
    let mut outputs = Outputs::new(&args.panel.panel);
    let (destination, format) = outputs.table("--output", args.output.take(), args.format)?;
    let pictures = Pictures {
        intervals: args.plot.take().map(|path| PlotFile::new("--plot", path, &mut outputs)).transpose()?,
        histogram: match (args.histogram.take(), args.histogram_plot.take()) {
            (Some(cell), Some(path)) => Some((cell, PlotFile::new("--histogram-plot", path, &mut outputs)?)),
            _ => None,
        },
    };
    let manifest_file = args.manifest.take().map(|path| outputs.claim("--manifest", path)).transpose()?;
    let resamples = args.resamples.take().map(|path| resamples::file(path, &mut outputs)).transpose()?;
    let device = args.device.find(report)?;

    let started = Instant::now();
    let options = args.panel.options(align)?;
    let bar = report.spinner("load");
    let mut panel = PanelReader::open(&args.panel.panel, &options, memory, &jobs)?;
    bar.finish_and_clear();
    let open_time = started.elapsed();
    let has_manifest = manifest_file.is_some() || format != Format::Csv;
    if has_manifest {
        panel.hash_content();
    }
    let against = args.against.as_deref().map(|name| second_stock(name, panel.stocks())).transpose()?;
    let methods = args.methods(against)?;
    let mut wanted: Vec<(Date, usize)> = Vec::new();
    for (flag, name) in pictures
        .histogram
        .iter()
        .map(|(cell, _)| ("--histogram", cell))
        .chain(args.cell.iter().map(|cell| ("--cell", cell)))
    {
        wanted.push((name.date, name.find(flag, &panel)?));
    }
    if resamples.is_some() {
        let first = wanted.len() - args.cell.len();
        let numbers: Vec<usize> = wanted[first..].iter().map(|(_, number)| *number).collect();
        resamples::check(&methods, &args.cell, &numbers, panel.stocks().len(), memory)?;
    }
    if panel.blocks() > 1 {
        let blocks = panel.blocks();
        report.line(format!("reading {blocks} blocks of days one after the other, to stay within --memory"));
    }

    let planned: u64 = methods.iter().map(|method| method.draws_of(panel.returns_left())).sum();
    let size = format!("{} returns to draw", grouped(planned));
    let device = device.open(&jobs, planned >= WORTH_A_GPU, &size, report)?;
    let watch = Watch::new(report.progress("resample", planned), wanted);
    let resources = Resources { jobs: &jobs, memory };
    let mut engine = Engine::new(device.gpu.as_ref());
    let done = run_panel(&methods, &mut panel, &mut engine, &resources, &watch);
    watch.bar.finish_and_clear();
    let (found, panel_times) = done?;
    let mut days = watch.days();
    summary::load(&panel, report);
    let left_out = summary::short_cells(&methods, &found, &panel, report);
    methods.iter().take(1).filter_map(summary::few_samples).for_each(|warning| report.warning(warning));

    let write_started = Instant::now();
    // All pictures and resamples are there before anything is written: one that fails leaves no output.
    let drawn =
        pictures.draw(&methods[0], args.against.as_deref(), panel.stocks(), &found[0], &mut days, &jobs)?;
    let content = panel.content().map(|content| (content, panel.stocks()));
    let manifest = content.map(|content| manifest::of(&methods, parameters, content, &found));
    let resampled = jobs.install(|| resamples::of_cells(&methods, &args.cell, panel.stocks(), &mut days))?;
    let form = (format, args.layout);
    manifest::write_table(&destination, form, &methods, panel.stocks(), &found, manifest.as_ref())?;
    drawn.iter().try_for_each(Drawn::save)?;
    if let Some((file, format)) = resamples {
        file.write(|out| resamples::write(out, &resampled, format))?;
    }
    let write_time = write_started.elapsed();
    if let (Some(file), Some(manifest)) = (&manifest_file, manifest) {
        let resample = found.iter().map(|one| one.times.wall).sum::<Duration>();
        let seconds = [
            ("load", open_time + panel_times.load),
            ("device start", device.start),
            ("resample and quantiles", resample),
            ("write", write_time),
        ];
        let seconds = seconds.map(|(step, time)| (step, time.as_secs_f64()));
        let run = Run::new(&device.description, jobs.thread_count(), memory, &seconds);
        file.write(|out| ManifestFile::new(manifest, Some(run)).write(out))?;
    }
    let stocks = panel.stocks().len();
    if pictures.intervals.is_some() && stocks > MOST_STOCKS {
        report.warning(format!(
            "the picture shows the first {MOST_STOCKS} of {stocks} stocks; choose others with --stocks"
        ));
    }

    summary::method(&methods, &found, &panel_times, &device.description, report);
    report.line(summary::times(
        open_time + panel_times.load,
        device.start,
        &found,
        write_time,
        device.gpu.is_some(),
    ));
    Ok(if panel.summary().left_out().is_empty() && !left_out { Outcome::Done } else { Outcome::Partial })
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
