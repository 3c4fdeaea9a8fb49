//! `bellwether panel`: what a panel holds, once it is understood, cleaned and sampled; and that as one file.

use std::collections::BTreeMap;
use std::io::Write;

use clap::Args;
use jiff::civil::Date;

use crate::error::{Error, Result};
use crate::output::{Destination, Format, Outputs};
use crate::panel::{Align, DayPrices, PanelReader, SECOND, half_day_close};

use super::Outcome;
use super::bootstrap::summary;
use super::device::{DeviceArgs, MemoryArgs};
use super::report::Report;
use super::table::PanelArgs;

/// What a panel of prices holds: stocks, days, prices a day, zero returns, gaps, half days; and what to look at.
/// With -o, the prices themselves as one file, as they were understood, cleaned and sampled
#[derive(Debug, Args)]
pub(super) struct PanelCommand {
    #[command(flatten)]
    panel: PanelArgs,
    #[command(flatten)]
    device: DeviceArgs,
    #[command(flatten)]
    memory: MemoryArgs,
    /// File for the prices, which every command reads: `stock,date,time,price` as CSV, or Parquet
    #[arg(short, long, value_name = "FILE")]
    output: Option<std::path::PathBuf>,
    /// File format [default: by the file's extension, else csv]
    #[arg(long, value_enum, requires = "output")]
    format: Option<Format>,
}

/// What a stock has.
#[derive(Debug, Default)]
struct Holding {
    days: Vec<Date>,
    prices: Vec<u64>,
    zeros: u64,
    returns: u64,
    /// How often each step between two times comes, in nanoseconds.
    steps: BTreeMap<u64, u64>,
    longest_gap: u64,
    half_days: u64,
}

impl Holding {
    fn add(&mut self, date: Date, times: &[u64], prices: impl Iterator<Item = f64> + Clone) {
        // More kinds of steps than a regular grid could have say that there is no step.
        const MOST_STEPS: usize = 1000;
        self.days.push(date);
        self.prices.push(times.len() as u64);
        self.returns += times.len() as u64 - 1;
        self.zeros += prices.clone().zip(prices.skip(1)).filter(|(one, next)| one == next).count() as u64;
        for pair in times.windows(2) {
            let step = pair[1] - pair[0];
            self.longest_gap = self.longest_gap.max(step);
            if self.steps.len() < MOST_STEPS || self.steps.contains_key(&step) {
                *self.steps.entry(step).or_default() += 1;
            }
        }
        self.half_days += u64::from(half_day_close(date).is_some());
    }

    /// The step that comes most often, in seconds, if it is that of nine returns in ten.
    fn step(&self) -> Option<f64> {
        let (step, count) = self.steps.iter().max_by_key(|(_, count)| **count)?;
        (*count * 10 >= self.returns * 9).then(|| seconds(*step))
    }
}

fn seconds(nanoseconds: u64) -> f64 {
    nanoseconds as f64 / SECOND as f64
}

pub(super) fn run(mut args: PanelCommand, report: &Report) -> Result<Outcome> {
    let jobs = args.device.jobs(report)?;
    let memory = args.memory.bytes()?;
    let mut outputs = Outputs::new(&args.panel.panel);
    let written = match args.output.take() {
        Some(path) => Some(outputs.table("--output", Some(path), args.format)?),
        None => None,
    };
    let options = args.panel.options(args.panel.align.unwrap_or(Align::None))?;
    let bar = report.spinner("load");
    let mut panel = PanelReader::open(&args.panel.panel, &options, memory, &jobs)?;
    bar.finish_and_clear();
    let stocks = panel.stocks().to_vec();
    let mut holdings: Vec<Holding> = stocks.iter().map(|_| Holding::default()).collect();
    let mut each_block = |take: &mut dyn FnMut(&[DayPrices]) -> Result<()>| -> Result<()> {
        while let Some(block) = panel.next_prices(&jobs)? {
            for day in &block {
                for (stock, column) in day.stocks.numbers().zip(day.prices.columns()) {
                    holdings[stock].add(day.date, &day.times, column.iter().copied());
                }
            }
            take(&block)?;
        }
        Ok(())
    };
    match written {
        Some((destination, format)) => write_prices(destination, format, &stocks, &mut each_block)?,
        None => each_block(&mut |_| Ok(()))?,
    }
    summary::load(&panel, report);
    for line in suggestions(&holdings, &args.panel) {
        report.line(line);
    }
    if args.output.is_none() {
        let table = |out: &mut dyn Write| -> std::io::Result<()> {
            writeln!(
                out,
                "stock,days,first,last,prices,fewest_a_day,median_a_day,most_a_day,step_seconds,longest_gap_seconds,\
                 zero_returns,half_days"
            )?;
            for (stock, holding) in stocks.iter().zip(&holdings) {
                let mut a_day = holding.prices.clone();
                a_day.sort_unstable();
                let (Some(first), Some(last), Some(fewest), Some(most)) =
                    (holding.days.first(), holding.days.last(), a_day.first(), a_day.last())
                else {
                    writeln!(out, "{},0,,,0,,,,,,,0", crate::output::text::csv_field(stock))?;
                    continue;
                };
                writeln!(
                    out,
                    "{},{},{first},{last},{},{fewest},{},{most},{},{},{:.4},{}",
                    crate::output::text::csv_field(stock),
                    holding.days.len(),
                    a_day.iter().sum::<u64>(),
                    a_day[a_day.len() / 2],
                    holding.step().map_or(String::new(), |step| step.to_string()),
                    seconds(holding.longest_gap),
                    holding.zeros as f64 / holding.returns.max(1) as f64,
                    holding.half_days,
                )?;
            }
            Ok(())
        };
        let (destination, _) = Outputs::default().table("--output", None, None)?;
        destination.write(|out| table(out))?;
    }
    Ok(if panel.summary().left_out().is_empty() { Outcome::Done } else { Outcome::Partial })
}
