//! `bellwether growth`: solve the growth model, write the solution, say what is guaranteed.

use std::path::PathBuf;
use std::time::Duration;

use clap::{Args, ValueEnum};
use indicatif::ProgressBar;

use super::Outcome;
use super::report::Report;
use crate::error::{Error, Result};
use crate::growth::{
    Choice, EULER_POINTS, GridSpec, Maximizer, Method, Model, PathPoint, Problem, Progress, Settings,
    Solution, Spacing, Stop, euler_error, solve, transition_path,
};
use crate::output::growth::{growth_rows, write_csv, write_json};
use crate::output::plot::{self, Picture, PlotFile};
use crate::output::{Destination, grouped};

/// What the user typed.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
pub(super) struct GrowthArgs {
    /// Relative risk aversion σ > 0; 1 is logarithmic utility.
    #[arg(long, default_value_t = 2.0, help_heading = "Model")]
    sigma: f64,
    /// Discount factor, between 0 and 1.
    #[arg(long, default_value_t = 0.95, help_heading = "Model")]
    beta: f64,
    /// Depreciation of capital a period, above 0 and at most 1.
    #[arg(long, default_value_t = 0.1, help_heading = "Model")]
    delta: f64,
    /// Capital share of output k^α, between 0 and 1.
    #[arg(long, default_value_t = 0.33, help_heading = "Model")]
    alpha: f64,

    /// Number of grid points.
    #[arg(long, value_name = "N", default_value_t = 100, help_heading = "Grid")]
    grid: usize,
    /// Lower end of the grid, as a multiple of the steady state's capital.
    #[arg(long, default_value_t = 0.25, help_heading = "Grid")]
    low: f64,
    /// Upper end of the grid, as a multiple of the steady state's capital.
    #[arg(long, default_value_t = 1.75, help_heading = "Grid")]
    high: f64,
    /// Spacing of the grid points.
    #[arg(long, value_enum, default_value_t = Spacing::Linear, help_heading = "Grid")]
    grid_spacing: Spacing,
    /// Where next period's capital may lie.
    #[arg(long, value_enum, default_value_t = Choice::Continuous, help_heading = "Grid")]
    choice: Choice,

    /// How the Bellman operator is iterated.
    #[arg(long, value_enum, default_value_t = Method::Accelerated, help_heading = "Method")]
    method: Method,
    /// How the best next capital is found [default: cell, or sweep with --choice grid].
    #[arg(long, value_enum, help_heading = "Method")]
    maximizer: Option<Maximizer>,
    /// When to stop: at a guaranteed error, or at a small change.
    #[arg(long, value_enum, default_value_t = Stop::Bound, help_heading = "Method")]
    stop: Stop,
    /// The guaranteed error of V, or the change, in units of utility.
    #[arg(long, default_value_t = 1e-6, help_heading = "Method")]
    tolerance: f64,
    /// Give up after this many iterations.
    #[arg(long, value_name = "N", default_value_t = 100_000, help_heading = "Method")]
    max_iterations: usize,

    /// Where to compute; auto takes the CPU.
    #[arg(long, value_enum, default_value_t = Device::Auto)]
    device: Device,
    /// Number of CPU threads [default: all].
    #[arg(long, value_name = "N")]
    threads: Option<usize>,

    /// Write the solution to this file instead of standard output.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    output: Option<PathBuf>,
    /// Format of the solution and of the path.
    #[arg(long, value_enum, default_value_t = Format::Csv, help_heading = "Output")]
    format: Format,
    /// Also compute the transition path of this many periods.
    #[arg(long, value_name = "T", requires_all = ["from_capital", "path_output"], help_heading = "Output")]
    path: Option<usize>,
    /// Capital at the start of the path, in the units of k.
    #[arg(long, value_name = "K0", requires = "path", help_heading = "Output")]
    from_capital: Option<f64>,
    /// File for the path.
    #[arg(long, value_name = "FILE", requires = "path", help_heading = "Output")]
    path_output: Option<PathBuf>,
    /// Picture of the value function, the policy and the Euler errors, and of the path: a file that ends in .svg or .png.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    plot: Option<PathBuf>,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Device {
    Auto,
    Cpu,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq, ValueEnum)]
enum Format {
    Csv,
    Json,
}

/// The transition path that was asked for.
struct PathSpec {
    periods: usize,
    from: f64,
    destination: Destination,
}

/// The most periods of a path: more than any path takes to arrive, and few enough to hold.
const MOST_PERIODS: usize = 10_000_000;

/// Validates the arguments, solves, and writes the results.
pub(super) fn run(arguments: &GrowthArgs, report: &Report) -> Result<Outcome> {
    let (problem, settings) = validate(arguments)?;
    let destination = Destination::from_option(arguments.output.clone());
    let path = path_spec(arguments)?;
    destination.check()?;
    let plot = arguments.plot.clone().map(|path| PlotFile::new("--plot", path)).transpose()?;
    if let Some(path) = &path {
        path.destination.check()?;
        // Before the work, whether the path can start there.
        transition_path(&problem, problem.capital(), path.from, 0)?;
    }
    let pool = thread_pool(arguments.threads)?;
    let work = || -> Result<()> {
        let solution = solve_with_progress(&problem, &settings, report)?;
        summarize(&problem, &settings, &solution, report);
        let rows = growth_rows(&problem, &solution);
        destination.write(|out| match arguments.format {
            Format::Csv => write_csv(&rows, out),
            Format::Json => write_json(&problem, &settings, &solution, &rows, out),
        })?;
        let mut points = Vec::new();
        if let Some(path) = &path {
            points = transition_path(&problem, &solution.capital_next, path.from, path.periods)?;
            path.destination.write(|out| match arguments.format {
                Format::Csv => write_csv(&points, out),
                Format::Json => write_json(&problem, &settings, &solution, &points, out),
            })?;
        }
        match &plot {
            Some(plot) => plot.save(&picture(&problem, &settings, &solution, &points)?),
            None => Ok(()),
        }
    };
    match pool {
        Some(pool) => pool.install(work)?,
        None => work()?,
    }
    Ok(Outcome::Done)
}

fn validate(arguments: &GrowthArgs) -> Result<(Problem, Settings)> {
    let model = Model::new(arguments.sigma, arguments.beta, arguments.delta, arguments.alpha)?;
    let spec = GridSpec {
        points: arguments.grid,
        low: arguments.low,
        high: arguments.high,
        spacing: arguments.grid_spacing,
    };
    let settings = Settings {
        method: arguments.method,
        maximizer: arguments.maximizer.unwrap_or(Maximizer::fastest(arguments.choice)),
        stop: arguments.stop,
        tolerance: arguments.tolerance,
        max_iterations: arguments.max_iterations,
    };
    settings.check(arguments.choice)?;
    Ok((Problem::new(model, spec, arguments.choice)?, settings))
}

fn path_spec(arguments: &GrowthArgs) -> Result<Option<PathSpec>> {
    let (Some(periods), Some(from), Some(file)) =
        (arguments.path, arguments.from_capital, arguments.path_output.as_ref())
    else {
        return Ok(None);
    };
    let refuse = |name, value: String, requirement: &str| {
        Err(Error::Parameter { name, value, requirement: requirement.to_string() })
    };
    if periods == 0 || periods > MOST_PERIODS {
        return refuse("--path", periods.to_string(), "a path has between 1 and 10,000,000 periods");
    }
    if arguments.output.as_ref() == Some(file) {
        let value = file.display().to_string();
        return refuse("--path-output", value, "--output is the same file; name another one for the path");
    }
    Ok(Some(PathSpec { periods, from, destination: Destination::File(file.clone()) }))
}

/// A pool of `threads`; none where the number is left to the system.
fn thread_pool(threads: Option<usize>) -> Result<Option<rayon::ThreadPool>> {
    const MOST: usize = 1024;
    let refuse = |threads: usize, requirement: String| Error::Parameter {
        name: "--threads",
        value: threads.to_string(),
        requirement,
    };
    match threads {
        None => Ok(None),
        Some(threads) if threads == 0 || threads > MOST => {
            Err(refuse(threads, format!("it must be between 1 and {MOST}")))
        }
        Some(threads) => {
            let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build();
            pool.map(Some).map_err(|error| refuse(threads, format!("the system refuses so many ({error})")))
        }
    }
}

fn solve_with_progress(problem: &Problem, settings: &Settings, report: &Report) -> Result<Solution> {
    const STEPS: f64 = 1000.0;
    let bar = report.progress("solving", STEPS as u64);
    let mut level = (0, 0.0);
    let solution = solve(problem, settings, &mut |progress: Progress| {
        if bar.is_hidden() {
            return;
        }
        if level.0 != progress.points {
            level = (progress.points, progress.measure);
        }
        show(&bar, STEPS, settings, level.1, progress);
    });
    bar.finish_and_clear();
    solution
}

/// The bar's length is the way of the measure, in logarithms, from where the grid started down to the tolerance.
fn show(bar: &ProgressBar, steps: f64, settings: &Settings, first: f64, progress: Progress) {
    let way = (first / progress.measure).ln() / (first / settings.tolerance).ln();
    if way.is_finite() {
        bar.set_position((steps * way.clamp(0.0, 1.0)) as u64);
    }
    let measure = match settings.stop {
        Stop::Bound => "bound",
        Stop::Change => "change",
    };
    bar.set_message(format!("N = {}, {measure} {:.1e}", progress.points, progress.measure));
}

/// The picture of a solution, and of the path where there is one.
fn picture(
    problem: &Problem,
    settings: &Settings,
    solution: &Solution,
    path: &[PathPoint],
) -> Result<Picture> {
    let model = problem.model();
    let method = format!(
        "σ = {}, β = {}, δ = {}, α = {}; {} points, {} choice, {}; max |V − V_N| ≤ {:.1e} guaranteed",
        model.sigma(),
        model.beta(),
        model.delta(),
        model.alpha(),
        grouped(problem.len() as u64),
        name(&problem.choice()),
        name(&settings.method),
        solution.certificate.bound
    );
    // No more points than a picture can show.
    const MOST: usize = 2000;
    let every = problem.len().div_ceil(MOST);
    let thin = |values: &[f64]| -> Vec<f64> {
        let last = values.last().filter(|_| !(values.len() - 1).is_multiple_of(every));
        values.iter().step_by(every).chain(last).copied().collect()
    };
    let capital = problem.capital();
    let (lowest, highest) = (capital[0], capital[capital.len() - 1]);
    // Off the grid, where errors are largest.
    let error_at = |number: usize| {
        let k = lowest + (highest - lowest) * (number as f64 + 0.5) / 1000.0;
        (k, euler_error(problem, &solution.capital_next, k))
    };
    let every_period = path.len().div_ceil(MOST).max(1);
    let periods = path.iter().step_by(every_period).map(|point| (point.t as f64, point.k, point.c));
    plot::growth::picture(&plot::growth::Curves {
        method: &method,
        capital: &thin(capital),
        value: &thin(&solution.value),
        capital_next: &thin(&solution.capital_next),
        steady_state: model.steady_state().capital,
        euler_errors: &(0..1000).map(error_at).collect::<Vec<_>>(),
        path: &periods.collect::<Vec<_>>(),
    })
}

fn summarize(problem: &Problem, settings: &Settings, solution: &Solution, report: &Report) {
    let steady = problem.model().steady_state();
    report.line(format!(
        "steady state  k* = {}, c* = {}, V(k*) = {}",
        steady.capital, steady.consumption, steady.value
    ));
    let capital = problem.capital();
    if !(capital[0]..=capital[problem.len() - 1]).contains(&steady.capital) {
        report.warning("the grid does not hold the steady state: capital is kept on it, and the Euler equation fails where it binds");
    }
    report.line(format!(
        "grid          {} points on [{:.6}, {:.6}], {}, {} choice",
        problem.len(),
        capital[0],
        capital[problem.len() - 1],
        name(&problem.spec().spacing),
        name(&problem.choice()),
    ));
    let preparations = match (settings.method, solution.preparations) {
        (_, 0) => String::new(),
        (Method::Egm, n) => format!(" after {n} of the endogenous grid method"),
        (_, n) => format!(" after {n} on coarser grids"),
    };
    report.line(format!(
        "method        {}, maximizer {}, {} iterations{preparations}, on the CPU",
        name(&settings.method),
        name(&settings.maximizer),
        solution.iterations,
    ));
    let certificate = &solution.certificate;
    report.line(format!(
        "certificate   max |V − V_N| ≤ {:.2e} guaranteed (Bellman residual {:.2e}, rounding {:.1e})",
        certificate.bound, certificate.residual, certificate.rounding
    ));
    report.line(format!(
        "Euler errors  log10: max {:.2}, mean {:.2}, at {EULER_POINTS} points off the grid",
        certificate.euler_max, certificate.euler_mean
    ));
    let timing = &solution.timing;
    report.line(format!(
        "time          device start {}, solve {}, polish {}, certify {}",
        milliseconds(timing.start),
        milliseconds(timing.solve),
        milliseconds(timing.polish),
        milliseconds(timing.certify)
    ));
}

/// The name of a setting, as it is typed.
fn name(setting: &impl ValueEnum) -> String {
    setting.to_possible_value().map(|value| value.get_name().to_string()).unwrap_or_default()
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}
