//! `bellwether compare`: how long it takes on one core, on all cores, and on every adapter.

use std::path::PathBuf;

use clap::{Args, Subcommand};

use crate::compare::{
    self, Comparison, Device, Rules, Timing, Wanted, aruoba, bootstrap, distinct, growth, record, table,
    uniform,
};
use crate::error::{Error, Result};
use crate::figures::{grouped, plural};
use crate::growth::{Chain, Choice, GridSpec, Model};
use crate::jobs::Jobs;
use crate::output::Format;
use crate::output::{Destination, Outputs, visible};
use crate::panel::{Align, DayReturns, PanelReader, Returns, Stocks};
use crate::plot::PlotFile;

use super::Outcome;
use super::device::{MemoryArgs, all_cores, prober};
use super::growth::check_grid_fits;
use super::report::Report;
use super::shocks::ShockArgs;
use super::table::PanelArgs;
use crate::bootstrap::beside;

/// Time the same work on one core, on all cores and on every adapter, and check that the answers are equal
#[derive(Debug, Args)]
pub(super) struct CompareArgs {
    #[command(subcommand)]
    workload: Workload,
    /// Refused, with the reason
    #[arg(long, global = true, hide = true, value_name = "I/N")]
    part: Option<String>,
}

#[derive(Debug, Subcommand)]
enum Workload {
    /// Bootstrap intervals of realized variance, at several numbers of samples
    Bootstrap(Box<BootstrapArgs>),
    /// The growth model: plain value function iteration and the best method, to the same guaranteed error
    Growth(GrowthArgs),
    /// The mean of a square matrix of uniform random numbers
    Uniform(UniformArgs),
}

#[derive(Debug, Args)]
struct BootstrapArgs {
    #[command(flatten)]
    panel: PanelArgs,
    /// Numbers of bootstrap samples
    #[arg(
        short = 'B',
        long,
        value_delimiter = ',',
        value_name = "N,N",
        default_value = "1,5,10,50,100,200,500,1000"
    )]
    samples: Vec<u64>,
    /// All stocks and days of the panel [default: its first two stocks, its first month; those of --stocks,
    /// --from and --to, where given]
    #[arg(long)]
    full: bool,
    /// Confidence of the intervals
    #[arg(long, default_value_t = 0.99, value_name = "C")]
    confidence: f64,
    #[command(flatten)]
    memory: MemoryArgs,
    #[command(flatten)]
    race: RaceArgs,
}

/// What a benchmark by others says itself.
const GROWTH: [&str; 8] = ["grid", "sigma", "beta", "delta", "alpha", "choice", "tolerance", "shocks"];

/// A benchmark by others.
#[derive(Debug, Clone, Copy, clap::ValueEnum)]
enum Benchmark {
    /// Aruoba and Fernández-Villaverde's comparison of languages, under their rule: 17,820 × 5 points
    Aruoba,
}

#[derive(Debug, Args)]
struct GrowthArgs {
    /// A published benchmark instead, with its own model, grid and rule to stop
    #[arg(long, value_enum, conflicts_with_all = GROWTH)]
    benchmark: Option<Benchmark>,
    /// Numbers of grid points
    #[arg(
        long,
        value_delimiter = ',',
        value_name = "N,N",
        default_value = "100,200,500,1000,2000,5000,10000"
    )]
    grid: Vec<u64>,
    /// Relative risk aversion σ
    #[arg(long, default_value_t = 2.0)]
    sigma: f64,
    /// Discount factor
    #[arg(long, default_value_t = 0.95)]
    beta: f64,
    /// Depreciation of capital a period
    #[arg(long, default_value_t = 0.1)]
    delta: f64,
    /// Capital share of output
    #[arg(long, default_value_t = 0.33)]
    alpha: f64,
    /// Where next period's capital may lie; on the grid, plain iteration compares all N candidates at all N
    /// points
    #[arg(long, value_enum, default_value_t = Choice::Continuous)]
    choice: Choice,
    /// The guaranteed error of V, in units of utility
    #[arg(long, default_value_t = 1e-6)]
    tolerance: f64,
    #[command(flatten)]
    shocks: ShockArgs,
    #[command(flatten)]
    race: RaceArgs,
}

#[derive(Debug, Args)]
struct UniformArgs {
    /// Rows and columns of the matrix, or several numbers of them
    #[arg(long, value_delimiter = ',', value_name = "N,N", default_value = "10000")]
    size: Vec<u64>,
    #[command(flatten)]
    race: RaceArgs,
}

/// What all workloads share.
#[derive(Debug, Args)]
struct RaceArgs {
    /// Devices, separated by commas: one (core), all (cores), cpu (both), gpu, software, adapters (all that
    /// can be used), or an adapter's number or part of its name, as `bellwether devices` lists them [default:
    /// one,all,adapters]
    #[arg(long, value_delimiter = ',', value_name = "A,B")]
    devices: Vec<Wanted>,
    /// Threads of "all cores" [default: one a core]
    #[arg(long, value_name = "N")]
    threads: Option<usize>,
    /// Fewest timed runs of a size on a device
    #[arg(long, default_value_t = 5, value_name = "N")]
    min_runs: usize,
    /// Least time of all timed runs of a size on a device, in seconds
    #[arg(long, default_value_t = 0.25, value_name = "S", allow_negative_numbers = true)]
    min_time: f64,
    /// Take one run apart into upload, kernel, readback and the host's part
    #[arg(long)]
    detail: bool,
    /// Seed of the random stream
    #[arg(long, default_value_t = 0, value_name = "N", value_parser = super::parse_seed)]
    #[arg(allow_negative_numbers = true)]
    seed: u64,
    /// File for the times: a record for each size and device, with the mean where the workload computes one
    #[arg(short, long, value_name = "FILE")]
    output: Option<PathBuf>,
    /// Picture of the times against the sizes: a file that ends in .svg or .png
    #[arg(long, value_name = "FILE")]
    plot: Option<PathBuf>,
    /// Format of the file of times [default: by its extension, else csv]
    #[arg(long, value_enum)]
    format: Option<Format>,
}

/// The race's settings, validated.
struct RaceSpec {
    rules: Rules,
    output: Option<(Destination, Format)>,
    plot: Option<PlotFile>,
}

impl RaceArgs {
    /// Checks all that can be checked before a device is opened.
    fn check(&self, sizes: &[u64], panel: &[PathBuf]) -> Result<RaceSpec> {
        let timing = Timing::new(self.min_runs, self.min_time)?;
        if sizes.is_empty() {
            let requirement = "at least one size is needed".into();
            return Err(Error::Parameter { name: "the list of sizes", value: "empty".into(), requirement });
        }
        let mut outputs = Outputs::new(panel);
        outputs.claim_stdout("the comparison's table")?;
        let file = self.output.clone();
        let output = file.map(|path| outputs.table("--output", Some(path), self.format)).transpose()?;
        if let (Some((_, Format::Parquet | Format::Arrow)), Some(path)) = (&output, &self.output) {
            return Err(Error::Parameter {
                name: "--output",
                value: path.display().to_string(),
                requirement: "times are written as CSV or JSON; name a file that ends in .csv or .json"
                    .into(),
            });
        }
        let plot = self.plot.clone().map(|path| PlotFile::new("--plot", path, &mut outputs)).transpose()?;
        Ok(RaceSpec { plot, rules: Rules { timing, detail: self.detail }, output })
    }

    /// The threads of "all cores", which load the panel too.
    fn jobs(&self, report: &Report) -> Result<Jobs> {
        match self.threads {
            Some(threads) => Jobs::new().threads(threads),
            None => all_cores(report),
        }
    }

    fn open(&self, jobs: &Jobs, report: &Report) -> Result<Vec<Device>> {
        let bar = report.spinner("open devices");
        let mut prober = prober()?;
        let wanted = &self.devices;
        let backends = match compare::needs_adapters(wanted) {
            true => prober.allow(wgpu::Backends::all()),
            false => wgpu::Backends::empty(),
        };
        let devices = compare::open(wanted, jobs, backends);
        bar.finish_and_clear();
        prober.left_out().iter().for_each(|left_out| report.warning(left_out.to_string()));
        devices
    }
}

impl RaceSpec {
    /// The table on standard output, the file, the warnings.
    fn tell(&self, comparison: &Comparison, report: &Report) -> Result<Outcome> {
        let picture = match &self.plot {
            Some(plot) => Some(plot.draw(&compare::picture::picture(comparison)?)?),
            None => None,
        };
        let width = terminal_size::terminal_size_of(std::io::stdout()).map(|(width, _)| width.0.into());
        Destination::Stdout.write(|out| table::write(out, comparison, width))?;
        for warning in comparison.warnings() {
            report.warning(warning);
        }
        if let Some((destination, format)) = &self.output {
            destination.write(|out| record::write(out, comparison, *format))?;
        }
        if let Some(picture) = &picture {
            picture.save()?;
        }
        Ok(Outcome::Done)
    }
}

pub(super) fn run(args: CompareArgs, report: &Report) -> Result<Outcome> {
    if let Some(part) = args.part {
        return Err(Error::Parameter {
            name: "part",
            value: part,
            requirement: "a comparison is of times on one machine, and times of several do not add up to \
                          that of one; cut `bellwether bootstrap` or `coverage`, whose results do"
                .into(),
        });
    }
    match args.workload {
        Workload::Bootstrap(args) => run_bootstrap(*args, report),
        Workload::Growth(args) => run_growth(&args, report),
        Workload::Uniform(args) => run_uniform(&args, report),
    }
}

/// Runs `race` under a progress bar that moves with each size and device.
fn with_progress<T>(
    report: &Report,
    steps: usize,
    race: impl FnOnce(&dyn Fn(&Device, u64)) -> Result<T>,
) -> Result<T> {
    let bar = report.progress("compare", steps as u64);
    let begun = std::cell::Cell::new(0);
    let outcome = race(&|device: &Device, size: u64| {
        bar.set_position(begun.get());
        begun.set(begun.get() + 1);
        bar.set_message(format!("{} on {}", grouped(size), visible(&device.name)));
    });
    bar.finish_and_clear();
    outcome
}

fn run_bootstrap(args: BootstrapArgs, report: &Report) -> Result<Outcome> {
    let BootstrapArgs { samples, race, confidence, .. } = args;
    let samples = distinct(&samples);
    for &samples in &samples {
        let method = bootstrap::check_samples(samples, confidence, race.seed)?;
        if args.panel.is_averaged() {
            method.check_averaged()?;
        }
    }
    let PanelArgs { panel: paths, stocks, from, to, align, .. } = &args.panel;
    let spec = race.check(&samples, paths)?;
    let memory = args.memory.bytes()?;
    let jobs = race.jobs(report)?;
    let options = args.panel.options(align.unwrap_or(Align::None))?;
    let bar = report.spinner("load");
    let mut panel = PanelReader::open(paths, &options, memory, &jobs)?;
    let part = Part {
        stocks: if args.full || stocks.is_some() { usize::MAX } else { 2 },
        first_month: !args.full && from.is_none() && to.is_none(),
    };
    let returns = read_returns(&mut panel, &part, memory, &jobs)?;
    panel.summary().left_out().iter().for_each(|line| report.failure(format!("left out {line}")));
    drop(panel);
    bar.finish_and_clear();
    let held = held_bytes(&returns.days);

    let devices = race.open(&jobs, report)?;
    let task = bootstrap::Spec {
        days: &returns.days,
        confidence,
        seed: race.seed,
        memory: memory.saturating_sub(held),
    };
    let outcome = with_progress(report, samples.len() * devices.len(), |progress| {
        bootstrap::compare(&devices, &samples, &task, &spec.rules, progress)
    })
    .map_err(|error| beside(held, memory, error))?;
    let per_sample: usize = returns.days.iter().map(|day| day.returns.len()).sum();
    let dates = returns.days.chunk_by(|one, next| one.date == next.date).count();
    let range = match &returns.days[..] {
        [only] => only.date.to_string(),
        [first, .., last] => format!("{} to {}", first.date, last.date),
        [] => "no day".into(),
    };
    let description = vec![
        format!(
            "percentile intervals of realized variance, confidence {confidence}, seed {}: {} ({}), {} \
             ({range}), {} returns a sample",
            race.seed,
            plural(returns.stocks.len() as u64, "stock"),
            names(&returns.stocks),
            plural(dates as u64, "day"),
            grouped(per_sample as u64)
        ),
        "from returns in memory to intervals in memory; on a GPU with upload, readback and the host's \
         quantiles"
            .into(),
        format!("the same intervals, bit for bit, on {}", all_devices(&devices)),
    ];
    spec.tell(&Comparison::new("bootstrap", "samples", description, &spec.rules, &outcome), report)
}

fn run_growth(args: &GrowthArgs, report: &Report) -> Result<Outcome> {
    let GrowthArgs { benchmark, grid, sigma, beta, delta, alpha, choice, tolerance, shocks, race } = args;
    if let Some(Benchmark::Aruoba) = benchmark {
        return run_aruoba(race, report);
    }
    let grid = &distinct(grid);
    let shocks = shocks.chain()?;
    let task = growth::Spec {
        model: Model::new(*sigma, *beta, *delta, *alpha)?,
        chain: shocks.as_ref().map_or_else(Chain::certain, |shocks| shocks.chain.clone()),
        grid: GridSpec::default(),
        choice: *choice,
        tolerance: *tolerance,
    };
    let jobs = race.jobs(report)?;
    for &points in grid {
        check_grid_fits(&task.grid.points(usize::try_from(points).unwrap_or(usize::MAX)), task.chain.len())?;
    }
    jobs.install(|| task.check(grid))?;
    let spec = race.check(grid, &[])?;
    let devices = race.open(&jobs, report)?;
    let outcome = with_progress(report, grid.len() * task.contenders(&devices), |progress| {
        growth::compare(&devices, grid, &task, &spec.rules, progress)
    })?;
    let mut description = vec![
        format!(
            "the growth model, σ = {sigma}, β = {beta}, δ = {delta}, α = {alpha}, on [0.25 k*, 1.75 k*], {} \
             choice",
            match choice {
                Choice::Continuous => "continuous",
                Choice::Grid => "grid",
            }
        ),
        format!(
            "from the gridded problem to V, the policy and their certificate, in f64 by the CPU; every \
             method guarantees an error of at most {tolerance:e}"
        ),
        "the same V on all, within the sum of the guaranteed errors".into(),
    ];
    if let Some(shocks) = shocks {
        description.insert(1, format!("shocks: {}", shocks.description));
    }
    spec.tell(&Comparison::new("growth", "grid points", description, &spec.rules, &outcome), report)
}

fn run_aruoba(race: &RaceArgs, report: &Report) -> Result<Outcome> {
    let jobs = race.jobs(report)?;
    let spec = race.check(&[1], &[])?;
    let devices = race.open(&jobs, report)?;
    let processors = devices.iter().filter(|device| device.gpu.is_none()).count();
    if processors == 0 {
        return Err(Error::Parameter {
            name: "devices",
            value: "no CPU".into(),
            requirement: "this benchmark runs on the CPU; name one, all or cpu".into(),
        });
    }
    let outcome =
        with_progress(report, 2 * processors, |progress| aruoba::compare(&devices, &spec.rules, progress))?;
    let description = aruoba::description(&outcome);
    spec.tell(&Comparison::new("growth", "grid points", description, &spec.rules, &outcome), report)
}

fn run_uniform(args: &UniformArgs, report: &Report) -> Result<Outcome> {
    let UniformArgs { size, race } = args;
    let sizes = &distinct(size);
    for &size in sizes {
        uniform::check_size(size)?;
    }
    let spec = race.check(sizes, &[])?;
    let jobs = race.jobs(report)?;
    let devices = race.open(&jobs, report)?;
    let outcome = with_progress(report, sizes.len() * devices.len(), |progress| {
        uniform::compare(&devices, sizes, race.seed, &spec.rules, progress)
    })?;
    let mut description = vec![
        format!("the mean of n × n uniform random numbers, seed {}", race.seed),
        "drawn and summed on the device; on a GPU with its launch and the way back of the sums".into(),
    ];
    for sum in &outcome.answers {
        let (n, mean) = (grouped(sum.size.into()), sum.mean());
        description.push(format!("n = {n}: mean {mean}, the same bits on {}", all_devices(&devices)));
    }
    let means = outcome.answers.iter().map(|sum| (sum.size.into(), sum.mean())).collect();
    spec.tell(&Comparison::new("uniform", "n", description, &spec.rules, &outcome).with_means(means), report)
}

/// `all 4 devices`, or what there is to say of one.
fn all_devices(devices: &[Device]) -> String {
    match devices {
        [_] => "every run (no second device to compare with)".into(),
        devices => format!("all {} devices", devices.len()),
    }
}

/// Some names: all of up to four, else the first and how many more.
fn names(stocks: &[String]) -> String {
    match stocks {
        [first, .., last] if stocks.len() > 4 => visible(&format!("{first} to {last}")).into_owned(),
        _ => visible(&stocks.join(", ")).into_owned(),
    }
}

/// What is compared of a panel.
#[derive(Debug, Clone, Copy)]
struct Part {
    /// So many of its first stocks.
    stocks: usize,
    /// Its first calendar month alone.
    first_month: bool,
}

/// The returns of a part of a panel, which stay in memory while they are resampled again and again.
fn read_returns(panel: &mut PanelReader, part: &Part, memory: u64, jobs: &Jobs) -> Result<Returns> {
    let mut returns = Returns { stocks: panel.stocks().to_vec(), days: Vec::new() };
    let reading = panel.held_bytes();
    while let Some(days) = panel.next_returns(jobs)? {
        let mut block = Returns { stocks: panel.stocks().to_vec(), days };
        first_stocks(&mut block, part.stocks)?;
        returns.stocks = block.stocks;
        returns.days.extend(block.days);
        if part.first_month {
            first_month(&mut returns.days);
        }
        let needed = reading + held_bytes(&returns.days);
        if needed > memory {
            let dates = returns.days.chunk_by(|one, next| one.date == next.date).count();
            let (stocks, days) = (returns.stocks.len() as u64, dates as u64);
            let what =
                format!("holding the returns of {} on {}", plural(stocks, "stock"), plural(days, "day"));
            let advice = "raise --memory, or compare fewer stocks or days (--stocks, --from, --to)".into();
            return Err(Error::Memory { what, needed, allowed: memory, advice });
        }
    }
    Ok(returns)
}

/// Bytes of the returns of some days.
fn held_bytes(days: &[DayReturns]) -> u64 {
    days.iter()
        .map(|day| (day.returns.len() * size_of::<f64>()) as u64 + size_of::<DayReturns>() as u64)
        .sum()
}

/// Keeps the first `count` stocks.
fn first_stocks(returns: &mut Returns, count: usize) -> Result<()> {
    let count = count.min(returns.stocks.len());
    if count == returns.stocks.len() {
        return Ok(());
    }
    returns.stocks.truncate(count);
    for day in &mut returns.days {
        let numbers: Vec<usize> = day.stocks.numbers().take_while(|&stock| stock < count).collect();
        day.returns = day.returns.slice(ndarray::s![.., ..numbers.len()]).to_owned();
        day.stocks = Stocks::some(numbers, count)?;
    }
    returns.days.retain(|day| !day.stocks.is_empty());
    Ok(())
}

/// Keeps the days of the first day's calendar month.
fn first_month(days: &mut Vec<DayReturns>) {
    let Some(first) = days.first().map(|day| day.date) else { return };
    days.retain(|day| (day.date.year(), day.date.month()) == (first.year(), first.month()));
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::Array2;

    use super::*;

    #[test]
    fn the_default_selection_is_a_month_and_two_stocks() {
        let day = |date| DayReturns::new(date, Array2::from_shape_fn((3, 4), |(i, j)| (i * 4 + j) as f64));
        let dates = [date(2007, 1, 30), date(2007, 1, 31), date(2007, 2, 1), date(2008, 1, 2)];
        let mut returns = Returns {
            stocks: ["A", "B", "C", "D"].map(str::to_owned).to_vec(),
            days: dates.into_iter().map(day).collect(),
        };
        first_month(&mut returns.days);
        first_stocks(&mut returns, 2).unwrap();
        assert_eq!(returns.days.len(), 2);
        assert_eq!(returns.stocks, ["A", "B"]);
        assert_eq!(returns.days[1].returns, ndarray::array![[0.0, 1.0], [4.0, 5.0], [8.0, 9.0]]);
        first_stocks(&mut returns, 5).unwrap();
        assert_eq!(returns.stocks.len(), 2);
    }
}
