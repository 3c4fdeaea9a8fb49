//! `bellwether bootstrap --plan`: what a run will take, and into how many parts to cut it, without the run.
//!
//! Draws are counted from the panel itself where it is small, else from a look at its files. Seconds are
//! measured: a day like the panel's is resampled on one thread here for a moment, quantiles and all; counted
//! is the time on the CPU, so that other work here does not lengthen it. A cluster whose cores are faster
//! takes less.

use std::fs;
use std::io::Write;
use std::time::{Duration, Instant};

use jiff::civil::date;
use ndarray::Array2;

use super::part::bytes_of;
use super::{BootstrapArgs, LoadOptions};
use crate::bootstrap::{Bootstrap, Engine, Resources};
use crate::cli::Outcome;
use crate::cli::device::{grouped, plural};
use crate::cli::report::Report;
use crate::error::{Result, bytes};
use crate::jobs::Jobs;
use crate::output::Destination;
use crate::panel::{DayReturns, Outline, PanelReader};

/// Panels of so many bytes are read to count their cells; of larger ones files are looked at.
const SMALL: u64 = 256 << 20;
/// Core seconds of a part that are worth a task of their own: ten minutes on four cores.
const SECONDS_A_PART: f64 = 2400.0;
/// Stocks that the measurement resamples together.
const MOST_STOCKS: usize = 32;

/// What there is to compute.
struct Work {
    stocks: usize,
    days: u64,
    cells: u64,
    /// Sets of stocks that are resampled together.
    groups: u64,
    returns: u64,
    files: usize,
    bytes: u64,
    is_counted: bool,
}

impl Work {
    fn of(args: &BootstrapArgs, options: &LoadOptions, jobs: &Jobs) -> Result<Self> {
        let Outline { files, bytes, stocks, rows, days, .. } =
            PanelReader::outline(&args.panel.panel, options, jobs)?;
        if bytes_of(&args.panel.panel) <= SMALL {
            let panel = PanelReader::open(&args.panel.panel, options, u64::MAX, jobs)?;
            return Ok(Self {
                stocks: panel.stocks().len(),
                days: panel.dates().count() as u64,
                cells: panel.cells_left() as u64,
                groups: panel.groups_left() as u64,
                returns: panel.returns_left(),
                files,
                bytes,
                is_counted: true,
            });
        }
        // As if all stocks of a day had as many returns.
        let (cells, groups) = (days * stocks as u64, days);
        Ok(Self { stocks, days, cells, groups, returns: rows, files, bytes, is_counted: false })
    }
}

pub(super) fn run(args: &BootstrapArgs, report: &Report) -> Result<Outcome> {
    let options = args.load_options()?;
    let jobs = args.device.jobs(report)?;
    let work = Work::of(args, &options, &jobs)?;
    let methods = args.methods(args.against.as_ref().map(|_| 0))?;
    let draws: u64 = methods.iter().map(|method| method.draws_of(work.returns)).sum();
    let rows = (work.returns / work.cells.max(1)).max(1);
    let together = work.cells.div_ceil(work.groups.max(1)).max(1) as usize;
    let seconds = seconds_of(&methods, rows as usize, together, work.returns)?;
    let held: u64 = methods
        .iter()
        .map(|method| {
            let resamples = method.resamples();
            16 * resamples.held + resamples.bytes
        })
        .max()
        .unwrap_or(0);
    let parts = ((seconds / SECONDS_A_PART).ceil() as u64).clamp(1, work.cells.max(1));
    let parts_of_memory = 24 * work.returns / parts + held * 16 + (256 << 20);
    let memory = parts_of_memory.clamp(512 << 20, 16 << 30);
    let about = if work.is_counted { "" } else { "about " };
    Destination::Stdout.write(|out: &mut dyn Write| {
        writeln!(
            out,
            "input      {} in {}: {about}{}, {}, {} cells of {} returns each",
            bytes(work.bytes),
            plural(work.files as u64, "file"),
            plural(work.stocks as u64, "stock"),
            plural(work.days, "day"),
            grouped(work.cells),
            grouped(rows)
        )?;
        writeln!(out, "draws      {about}{} returns", grouped(draws))?;
        writeln!(
            out,
            "one core   {} here, quantiles included, as measured on such days ({:.3e} returns a second)",
            span(seconds),
            if seconds > 0.0 { draws as f64 / seconds } else { 0.0 }
        )?;
        writeln!(out, "memory     {} a part; with less, it is read in blocks of days", bytes(memory))?;
        let a_part = span(seconds / parts as f64);
        match parts {
            1 => writeln!(out, "suggested  one task: no parts are needed"),
            _ => writeln!(
                out,
                "suggested  {parts} parts, {a_part} of one core each: --array=1-{parts} --cpus-per-task=4 \
                 --mem={}M",
                memory >> 20
            ),
        }
    })?;
    Ok(Outcome::Done)
}

/// Seconds in words.
fn span(seconds: f64) -> String {
    match seconds {
        0.0..10.0 => format!("{seconds:.2} s"),
        10.0..60.0 => format!("{seconds:.1} s"),
        60.0..7200.0 => format!("{:.1} min", seconds / 60.0),
        7200.0..172_800.0 => format!("{:.1} h", seconds / 3600.0),
        _ => format!("{:.1} days", seconds / 86_400.0),
    }
}

/// Seconds that one core takes for `returns` returns of days of so many `rows`, with so many stocks on a day.
fn seconds_of(methods: &[Bootstrap], rows: usize, stocks: usize, returns: u64) -> Result<f64> {
    /// Long enough for a clock, short enough for a person.
    const WHILE: Duration = Duration::from_millis(300);
    let jobs = Jobs::new().threads(1)?;
    let resources = Resources { jobs: &jobs, memory: 4 << 30 };
    let needed = methods.iter().filter_map(|one| one.measure().against()).max().map_or(1, |with| with + 2);
    let stocks = stocks.clamp(1, MOST_STOCKS).max(needed);
    // Longer days take as long a return.
    let rows = rows.clamp(2, 1 << 16);
    let wave = |row: usize, stock: usize| 1e-3 * (1.0 + (row * 7919 + stock * 104_729) as f64 % 1009.0).ln();
    let mut all = 0.0;
    for method in methods {
        let (mut spent, mut samples, mut days) = (Duration::ZERO, 0u64, 0u32);
        let mut few = method.with_samples(method.samples().min(256));
        for number in 0..64 {
            let day =
                date(2000, 1, 1).checked_add(jiff::Span::new().days(number)).unwrap_or(date(2000, 1, 1));
            let day =
                DayReturns::new(day, Array2::from_shape_fn((rows, stocks), |(row, stock)| wave(row, stock)));
            let (start, before) = (Instant::now(), on_cpu());
            few.run(&[day], &mut Engine::Cpu, &resources, &())?;
            let on_cpu = before.zip(on_cpu()).map(|(before, after)| after.saturating_sub(before));
            let last = on_cpu.filter(|spent| !spent.is_zero()).unwrap_or(start.elapsed());
            // With more samples the work before them weighs less, as it will.
            if last < WHILE / 8 && !method.is_exact() && few.samples() < method.samples() {
                few = method.with_samples(method.samples().min(few.samples().saturating_mul(4)));
                continue;
            }
            (spent, samples, days) = (spent + last, samples + u64::from(few.samples()), days + 1);
            if spent >= WHILE {
                break;
            }
        }
        let done = rows as f64 * stocks as f64;
        // What a return takes, once if nothing is drawn.
        let a_return = match method.draws_of(1) {
            0 => spent.as_secs_f64() / (done * f64::from(days)),
            _ => spent.as_secs_f64() / (done * samples as f64) * f64::from(method.samples()),
        };
        all += a_return * returns as f64;
    }
    Ok(all)
}

/// Time that the threads of this process were on a CPU, where the system says it (Linux).
fn on_cpu() -> Option<Duration> {
    let mut all = Duration::ZERO;
    for thread in fs::read_dir("/proc/self/task").ok()? {
        // A thread may end at any moment.
        let Ok(text) = fs::read_to_string(thread.ok()?.path().join("schedstat")) else { continue };
        all += Duration::from_nanos(text.split(' ').next()?.parse().ok()?);
    }
    Some(all)
}
