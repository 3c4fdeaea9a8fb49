//! `bellwether coverage`: how often intervals hold the integrated variance of simulated days.

use std::ops::ControlFlow;
use std::path::PathBuf;

use clap::Args;
use indicatif::ProgressBar;

use super::bootstrap::part::{PartArg, variable};
use super::device::{all_cores, plural};
use super::report::Report;
use super::{Outcome, distinct, parse_seed, signals, stock_name};
use crate::bootstrap::Observer;
use crate::coverage::{Coverage, CoverageRow, ReplicationEnds};
use crate::error::Result;
use crate::jobs::Jobs;
use crate::output::coverage::{write_columns, write_csv, write_json, write_table};
use crate::output::manifest::Parameters;
use crate::output::{Destination, Format, Outputs};
use crate::parts::{PartError, PartFile};
use crate::plot::{self, PlotFile};
use crate::resample::scheme;
use crate::simulate::model;

/// Find how often intervals hold the integrated variance of simulated days, at your number of returns
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(super) struct CoverageArgs {
    /// Numbers of returns a day: 78 are five minutes apart, 385 one minute
    #[arg(long, value_delimiter = ',', value_name = "N,N", default_value = "78")]
    returns: Vec<usize>,
    /// Model of prices: constant, u-shape, sv1 (one-factor stochastic volatility with leverage), sv2
    /// (two-factor, U-shaped), sv2-jumps or sv2-noise
    #[arg(long, default_value = "sv2", value_name = "NAME")]
    model: String,
    /// Confidences of the intervals
    #[arg(long, value_delimiter = ',', value_name = "C,C", default_value = "0.95")]
    confidence: Vec<f64>,
    /// Intervals, separated by commas, as for `bellwether bootstrap`
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "A,B",
        value_parser = stock_name,
        default_value = "percentile,bca,studentized,studentized-log,asymptotic,asymptotic-log"
    )]
    interval: Vec<String>,
    /// How rows enter a resample, as for `bellwether bootstrap`
    #[arg(long, default_value = "iid", value_name = "SCHEME", value_parser = scheme::NAMES)]
    scheme: String,
    /// Rows of a block, for the schemes of blocks
    #[arg(long, value_name = "L")]
    block: Option<f64>,
    /// Number of bootstrap samples of each day
    #[arg(short = 'B', long, default_value_t = 999, value_name = "B")]
    samples: u32,
    /// Simulated days for each number of returns
    #[arg(long, default_value_t = 10_000, value_name = "R")]
    replications: u32,
    /// Seed of days and samples
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = parse_seed)]
    seed: u64,
    /// Compute part I of N of the replications, and write a part file, for `bellwether merge`: `3/8`, or
    /// `slurm` as for `bellwether bootstrap`
    #[arg(long, value_name = "I/N|slurm", requires = "output", conflicts_with_all = ["format", "plot"])]
    part: Option<PartArg>,
    /// Threads of the CPU [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// File for the rows, as CSV, JSON, Parquet or Arrow; the table is printed all the same
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Format of the file [default: by its extension, else csv]; without a file, of what is printed instead
    /// of the table
    #[arg(long, value_enum)]
    format: Option<Format>,
    /// Picture of coverage against the number of returns: a file that ends in .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
}

/// Moves a progress bar, and ends the run at a signal.
struct Bar(ProgressBar);

impl Observer for Bar {
    fn planned(&self, draws: u64) {
        self.0.set_length(draws);
    }

    fn drawn(&self, draws: u64) -> ControlFlow<()> {
        self.0.inc(draws);
        signals::go_on()
    }
}

impl CoverageArgs {
    /// What to find the coverage of, checked.
    pub(super) fn spec(&self) -> Result<Coverage> {
        let spec = Coverage {
            model: model::by_name(&self.model)?,
            returns: distinct(self.returns.clone()),
            intervals: distinct(self.interval.clone()),
            scheme: scheme::by_name(&self.scheme, self.block)?,
            confidences: distinct(self.confidence.clone()),
            samples: self.samples,
            replications: self.replications,
            seed: self.seed,
        };
        spec.validate()?;
        Ok(spec)
    }
}

/// What the cut along replications is called.
pub(super) const REPLICATIONS: &str = "replications";

/// Computes a part of the replications.
fn run_part(args: CoverageArgs, part: PartArg, parameters: Parameters, report: &Report) -> Result<Outcome> {
    let spec = args.spec()?;
    let jobs = match args.threads.or(part.threads(variable)) {
        Some(threads) => Jobs::new().threads(threads)?,
        None => all_cores(report)?,
    };
    let part = part.part(variable)?;
    let mut outputs = Outputs::default();
    let Some(path) = args.output else { return Ok(Outcome::Done) };
    let destination = outputs.claim("--output", path)?;
    let replications = part.samples(spec.replications);
    let bar = Bar(report.progress("coverage", 1));
    let found = spec.run_part(replications.clone(), &jobs, &bar);
    bar.0.finish_and_clear();
    let file = PartFile::of_replications(parameters, part, REPLICATIONS, &replications, &found?);
    destination.write(|out| file.write(out))?;
    let count = plural(replications.len() as u64, "replication");
    report.line(format!("part {}/{}: {count}", part.number(), part.of()));
    Ok(Outcome::Done)
}

/// The rows of all parts of the replications.
pub(super) fn merged(spec: &Coverage, parts: &[(PathBuf, PartFile)]) -> Result<Vec<CoverageRow>> {
    let kinds = spec.confidences.len() * spec.intervals.len();
    let mut next = 0;
    let mut all = Vec::with_capacity(parts.len());
    for (path, part) in parts {
        let damaged = || PartError::Damaged { path: path.clone(), why: "its replications do not fit".into() };
        let of_part = part.replications().ok_or_else(damaged)?;
        let [first, last] = part.header.covers.samples.unwrap_or_default();
        let count = last.saturating_sub(first) as usize;
        let fits = |ends: &ReplicationEnds| ends.truth.len() == count && ends.ends.len() == kinds;
        if first != next || of_part.len() != spec.returns.len() || !of_part.iter().all(fits) {
            return Err(damaged().into());
        }
        next = last;
        all.push(of_part);
    }
    spec.rows_of(&all)
}

pub(super) fn run(mut args: CoverageArgs, parameters: Parameters, report: &Report) -> Result<Outcome> {
    if let Some(part) = args.part.take() {
        return run_part(args, part, parameters, report);
    }
    let spec = args.spec()?;
    let mut outputs = Outputs::default();
    let stdout = outputs.claim_stdout("the table of coverage")?;
    let printed = if args.output.is_none() { args.format } else { None };
    let file = args.output.map(|path| outputs.table("--output", Some(path), args.format)).transpose()?;
    let plot = args.plot.map(|path| PlotFile::new("--plot", path, &mut outputs)).transpose()?;
    let jobs = match args.threads {
        Some(threads) => Jobs::new().threads(threads)?,
        None => all_cores(report)?,
    };

    let bar = Bar(report.progress("coverage", 1));
    let rows = spec.run(&jobs, &bar);
    bar.0.finish_and_clear();
    let rows = rows?;
    let drawn = match &plot {
        Some(plot) => Some(plot.draw(&plot::coverage::picture(&spec, &rows)?)?),
        None => None,
    };
    match printed {
        Some(format) => save(&stdout, format, &spec, &rows)?,
        None => stdout.write(|out| write_table(&spec, &rows, out))?,
    }
    if let Some((destination, format)) = &file {
        save(destination, *format, &spec, &rows)?;
    }
    drawn.map_or(Ok(()), |picture| picture.save())?;
    Ok(Outcome::Done)
}

pub(super) fn save(
    destination: &Destination,
    format: Format,
    spec: &Coverage,
    rows: &[CoverageRow],
) -> Result<()> {
    destination.write(|out| match format {
        Format::Csv => write_csv(spec, rows, out),
        Format::Json => write_json(spec, rows, out),
        Format::Parquet | Format::Arrow => write_columns(spec, rows, format, out),
    })
}
