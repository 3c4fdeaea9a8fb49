//! `bellwether panel`: what a panel holds, once it is understood, cleaned and sampled; and that as one file.

use std::collections::BTreeMap;
use std::path::PathBuf;

use clap::Args;
use jiff::civil::Date;

use crate::error::{Error, Result};
use crate::jobs::Jobs;
use crate::output::panel::{PriceRows, StockSummary, digits, write_summary};
use crate::output::{Destination, Format, Outputs};
use crate::panel::{Align, PanelReader, SECOND, half_day_close};

use super::Outcome;
use super::bootstrap::summary;
use super::device::{MemoryArgs, ThreadArgs};
use super::report::Report;
use super::table::PanelArgs;

/// What a panel of prices holds, a row a stock: days, prices a day, zero returns, gaps, half days; and what
/// to look at. With -o the prices themselves as one file, as they were understood, cleaned and sampled
#[derive(Debug, Args)]
pub(super) struct PanelCommand {
    #[command(flatten)]
    panel: PanelArgs,
    #[command(flatten)]
    threads: ThreadArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    /// File for the prices, which every command reads
    #[arg(short, long, value_name = "FILE", conflicts_with = "align")]
    output: Option<PathBuf>,
    /// File format of the prices [default: by the file's extension, else csv]
    #[arg(long, value_enum, requires = "output")]
    format: Option<Format>,
}

/// What a stock has, as its days come.
#[derive(Debug, Default)]
struct Holding {
    days: Vec<Date>,
    /// Prices of each day.
    prices: Vec<u64>,
    zeros: u64,
    returns: u64,
    /// How often each step between two times comes, in nanoseconds.
    steps: BTreeMap<u64, u64>,
    longest_gap: u64,
    half_days: u64,
    /// The earliest and the latest time of any day.
    span: Option<(u64, u64)>,
}

impl Holding {
    fn add(&mut self, date: Date, times: &[u64], prices: &[f64]) {
        // More kinds of steps than a regular grid could have say that there is no step.
        const MOST_STEPS: usize = 1000;
        self.days.push(date);
        self.prices.push(times.len() as u64);
        self.returns += times.len().saturating_sub(1) as u64;
        self.zeros += prices.windows(2).filter(|pair| pair[0] == pair[1]).count() as u64;
        for pair in times.windows(2) {
            let step = pair[1] - pair[0];
            self.longest_gap = self.longest_gap.max(step);
            if self.steps.len() < MOST_STEPS || self.steps.contains_key(&step) {
                *self.steps.entry(step).or_default() += 1;
            }
        }
        self.half_days += u64::from(half_day_close(date).is_some());
        if let (Some(&first), Some(&last)) = (times.first(), times.last()) {
            let (from, to) = self.span.unwrap_or((first, last));
            self.span = Some((from.min(first), to.max(last)));
        }
    }

    /// The step that comes most often, in nanoseconds, if it is that of nine returns in ten.
    fn step(&self) -> Option<u64> {
        let (step, count) = self.steps.iter().max_by_key(|(_, count)| **count)?;
        (*count * 10 >= self.returns * 9).then_some(*step)
    }

    fn summary(&self, stock: &str) -> StockSummary {
        let mut a_day = self.prices.clone();
        a_day.sort_unstable();
        let seconds = |nanoseconds: u64| nanoseconds as f64 / SECOND as f64;
        StockSummary {
            stock: stock.to_owned(),
            days: self.days.len(),
            first: self.days.first().copied(),
            last: self.days.last().copied(),
            prices: a_day.iter().sum(),
            fewest_a_day: a_day.first().copied(),
            median_a_day: a_day.get(a_day.len() / 2).copied(),
            most_a_day: a_day.last().copied(),
            step_seconds: self.step().map(seconds),
            longest_gap_seconds: seconds(self.longest_gap),
            zero_returns: self.zeros as f64 / self.returns.max(1) as f64,
            half_days: self.half_days,
        }
    }
}

pub(super) fn run(mut args: PanelCommand, report: &Report) -> Result<Outcome> {
    let jobs = args.threads.jobs(report)?;
    let memory = args.memory.bytes()?;
    let mut outputs = Outputs::new(&args.panel.panel);
    let is_summary = args.output.is_none();
    let (destination, format) = outputs.table("--output", args.output.take(), args.format)?;
    if format == Format::Json {
        return Err(Error::Parameter {
            name: "--format",
            value: "json".into(),
            requirement: "prices are written as tables; take csv, parquet or arrow".into(),
        });
    }
    let options = args.panel.options(args.panel.align.unwrap_or(Align::None))?;
    let bar = report.spinner("load");
    let mut panel = PanelReader::open(&args.panel.panel, &options, memory, &jobs)?;
    bar.finish_and_clear();

    let mut holdings: Vec<(String, Holding)> = Vec::new();
    let mut add = |stock: &str, date: Date, times: &[u64], prices: &[f64]| {
        if holdings.last().is_none_or(|(name, _)| name != stock) {
            holdings.push((stock.to_owned(), Holding::default()));
        }
        if let Some((_, holding)) = holdings.last_mut() {
            holding.add(date, times, prices);
        }
    };
    if is_summary {
        panel.each_day(|stock, date, times, prices| {
            add(stock, date, times, prices);
            Ok(())
        })?;
    } else {
        write_prices(&mut panel, &jobs, &destination, format, &mut add)?;
    }
    let summaries: Vec<StockSummary> =
        holdings.iter().map(|(stock, holding)| holding.summary(stock)).collect();
    // Through all days, for what there is to look at.
    while panel.next_returns(&jobs)?.is_some() {}
    summary::load(&panel, report);
    suggestions(&holdings, &args.panel).iter().for_each(|line| report.line(line));
    if is_summary {
        destination.write(|out| write_summary(&summaries, out))?;
    }
    Ok(if panel.summary().left_out().is_empty() { Outcome::Done } else { Outcome::Partial })
}

/// Writes the prices, and hands them to `add`.
///
/// A panel without days has no file: all blocks are read before it takes its place.
fn write_prices(
    panel: &mut PanelReader,
    jobs: &Jobs,
    destination: &Destination,
    format: Format,
    add: &mut impl FnMut(&str, Date, &[u64], &[f64]),
) -> Result<()> {
    // What the panel fails with is told as such, whatever the writer makes of it.
    let mut failure = None;
    // Times are written alike throughout, as programs that read them expect.
    let mut finest = 0;
    panel.each_day(|_, _, times, _| {
        finest = finest.max(digits(times));
        Ok(())
    })?;
    let written = destination.write(|out| {
        let mut rows = PriceRows::new(out, format, finest)?;
        let done = panel.each_day(|stock, date, times, prices| {
            add(stock, date, times, prices);
            rows.day(stock, date, times, prices).map_err(Error::Stdout)
        });
        match done {
            Ok(()) => {
                rows.finish()?;
                while panel.next_returns(jobs).map_err(|error| keep(&mut failure, error))?.is_some() {}
                Ok(())
            }
            Err(Error::Stdout(error)) => Err(error),
            Err(error) => Err(keep(&mut failure, error)),
        }
    });
    failure.map_or(written, Err)
}

/// Keeps what the panel fails with for later, and gives the writer another error in its place.
fn keep(failure: &mut Option<Error>, error: Error) -> std::io::Error {
    *failure = Some(error);
    std::io::Error::other("the panel can't be read")
}

/// What a user may want to type.
fn suggestions(holdings: &[(String, Holding)], args: &PanelArgs) -> Vec<String> {
    // Prices a day beyond which those of neighbours move because buyers and sellers take turns.
    const MANY: u64 = 1000;
    const HOUR: u64 = 3600 * SECOND;
    let mut lines = Vec::new();
    let irregular = holdings.iter().filter(|(_, holding)| holding.step().is_none()).count();
    let most = holdings.iter().flat_map(|(_, holding)| holding.prices.iter().copied()).max().unwrap_or(0);
    if args.every.is_none() && (most > MANY || irregular > 0) {
        lines.push(format!(
            "suggestion: --every 5min, as {}",
            if most > MANY {
                format!("a day has up to {most} prices, whose noise adds to realized variance")
            } else {
                format!("the times of {irregular} stock(s) are not regular")
            }
        ));
    }
    let span = holdings.iter().filter_map(|(_, holding)| holding.span);
    let span = span.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)));
    if let Some((from, to)) = span
        && args.cleaning.session.is_none()
        && to - from > 8 * HOUR
    {
        let clock = |time: u64| format!("{:02}:{:02}", time / HOUR, time / (60 * SECOND) % 60);
        lines.push(format!(
            "suggestion: --session 09:30-16:00 or the like, as prices are from {} to {}; and --timezone, if \
             this is not the exchange's clock",
            clock(from),
            clock(to)
        ));
    }
    let half_days: u64 = holdings.iter().map(|(_, holding)| holding.half_days).max().unwrap_or(0);
    if half_days > 0 && args.cleaning.holidays == crate::panel::HalfDays::Keep {
        lines.push(format!(
            "suggestion: --holidays short, if this is New York: {half_days} day(s) closed at 13:00 there"
        ));
    }
    lines
}
