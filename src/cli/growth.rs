//! `bellwether growth`: solve the growth model, write the solution, say what is guaranteed.

use std::time::Duration;

use indicatif::ProgressBar;
use serde::Serialize;

use super::Outcome;
use super::device::{Opened, check_free};
use super::growth_arguments::GrowthArgs;
use super::growth_picture::picture;
use super::growth_simulation::{LongRun, LongRunSpec};
use super::report::Report;
use super::shocks::Shocks;
use super::values::name;
use crate::error::{Error, Result};
use crate::figures::{figure, grouped, upper};
use crate::growth::{
    Chain, EULER_POINTS, Enclosed, GridSpec, Maximizer, Method, Model, Problem, Progress, Request, Settings,
    Simulator, Stop, Target, solve_on, transition_path,
};
use crate::output::ergodic::{ergodic_rows, simulated_share_rows};
use crate::output::growth::{Source, growth_rows, shock_rows, write_columns, write_csv, write_json};
use crate::output::table::Row;
use crate::output::{Destination, Format, Outputs};
use crate::plot::PlotFile;

/// The transition path that was asked for.
struct PathSpec {
    periods: usize,
    from: f64,
    destination: Destination,
    format: Format,
}

/// The most periods of a path: more than any path takes to arrive, and few enough to hold.
const MOST_PERIODS: usize = 10_000_000;

/// Pairs of row and candidate from which on brute force gains from starting a GPU: some seconds on a few
/// cores, against well under one to start.
const WORTH_A_GPU: f64 = 1e11;

/// Validates the arguments, solves, and writes the results.
pub(super) fn run(arguments: &GrowthArgs, report: &Report) -> Result<Outcome> {
    let model = Model::new(arguments.sigma, arguments.beta, arguments.delta, arguments.alpha)?;
    let request = request(arguments);
    let target = request.target()?;
    let settings = request.settings(target)?;
    let jobs = arguments.device.jobs(report)?;
    let spec = request.grid_spec(target);
    let shocks = arguments.shocks.chain()?;
    let chain = shocks.as_ref().map_or_else(Chain::certain, |shocks| shocks.chain.clone());
    check_grid_fits(&spec, chain.len())?;
    let problem = jobs.install(|| Problem::with_shocks(model, chain, spec, request.choice()))?;
    let mut outputs = Outputs::default();
    let (destination, format) = outputs.table("--output", arguments.output.clone(), arguments.format)?;
    let path = path_spec(arguments, &mut outputs)?;
    if let (Some(path), Some(_)) = (&path, &shocks) {
        let requirement = "a transition path is that of the model without shocks; leave --shocks out".into();
        return Err(Error::Parameter { name: "--path", value: path.periods.to_string(), requirement });
    }
    let long_run = LongRunSpec::new(arguments, &problem, &mut outputs)?;
    let plot = arguments.plot.clone().map(|path| PlotFile::new("--plot", path, &mut outputs)).transpose()?;
    if let Some(path) = &path {
        // Before the work, whether the path can start there.
        transition_path(&problem, problem.capital(), path.from, 0)?;
    }
    let (large, size) = match target {
        Target::Grid(_) => work(&problem, &settings, arguments.method),
        Target::Accuracy(_) => (false, format!("{} to an accuracy", name(&settings.method))),
    };
    let device = arguments.device.open(&jobs, large, &size, report)?;
    let settings = match device.gpu {
        Some(_) => request.settings_for_gpu()?,
        None => settings,
    };
    jobs.install(|| {
        let solved = solve_with_progress(&request, target, problem, settings, &device, report)?;
        summarize(&solved, shocks.as_ref(), &device, report);
        summarize_enclosure(&solved, target, report);
        let Enclosed { problem, solution, enclosure, .. } = &solved;
        let points = match &path {
            Some(path) => transition_path(problem, &solution.capital_next, path.from, path.periods)?,
            None => Vec::new(),
        };
        let found = long_run.run(problem, solution, report)?;
        let drawn = match &plot {
            Some(plot) => Some(plot.draw(&picture(&solved, &points, found.ergodic.as_ref())?)?),
            None => None,
        };
        let written = Written { solved: &solved, long_run: &found };
        let (without, with);
        match shocks {
            None => {
                without = growth_rows(problem, solution, enclosure);
                written.write(|| without.iter().copied(), &destination, format)?;
            }
            Some(_) => {
                with = shock_rows(problem, solution, enclosure);
                written.write(|| with.iter().copied(), &destination, format)?;
            }
        }
        if let Some(path) = path {
            written.write(|| points.iter().copied(), &path.destination, path.format)?;
        }
        written.write_long_run(&long_run)?;
        drawn.map_or(Ok(()), |picture| picture.save())
    })?;
    Ok(Outcome::Done)
}

/// What is written beside each table.
struct Written<'a> {
    solved: &'a Enclosed,
    long_run: &'a LongRun,
}

impl Written<'_> {
    /// Writes the rows that `rows` makes, one after another.
    fn write<I: Iterator<Item: Row + Serialize>>(
        &self,
        rows: impl Fn() -> I,
        destination: &Destination,
        format: Format,
    ) -> Result<()> {
        let Enclosed { problem, settings, solution, enclosure } = self.solved;
        let source = Source::new(problem, settings, solution, enclosure)
            .long_run(self.long_run.simulated.as_ref(), self.long_run.ergodic.as_ref());
        destination.write(|out| match format {
            Format::Csv => write_csv(rows(), out),
            Format::Json => write_json(&source, rows, out),
            Format::Parquet | Format::Arrow => write_columns(&source, rows(), format, out),
        })
    }

    /// Writes the simulated path, which is simulated once more instead of held, and the distribution.
    fn write_long_run(&self, asked: &LongRunSpec) -> Result<()> {
        let Enclosed { problem, solution, .. } = self.solved;
        if let (Some(simulation), Some((destination, format))) = (&asked.simulation, &asked.paths) {
            let path = Simulator::new(problem, solution, simulation)?;
            self.write(|| path.clone(), destination, *format)?;
        }
        let LongRun { simulated, ergodic } = self.long_run;
        let (Some(ergodic), Some((destination, format))) = (ergodic, &asked.ergodic) else { return Ok(()) };
        match simulated.as_ref().and_then(|simulated| simulated.shares.as_ref()) {
            Some(shares) => {
                self.write(|| simulated_share_rows(problem, ergodic, shares), destination, *format)
            }
            None => self.write(|| ergodic_rows(problem, ergodic), destination, *format),
        }
    }
}

/// What was typed.
fn request(arguments: &GrowthArgs) -> Request {
    Request {
        accuracy: arguments.accuracy,
        points: arguments.grid,
        low: arguments.low,
        high: arguments.high,
        spacing: arguments.grid_spacing,
        choice: arguments.choice,
        method: arguments.method,
        maximizer: arguments.maximizer,
        stop: arguments.stop,
        tolerance: arguments.tolerance,
        max_iterations: arguments.max_iterations,
        on_gpu: arguments.device.names_a_gpu(),
    }
}

/// Refuses a grid whose solution in so many states needs more memory than is free.
pub(super) fn check_grid_fits(spec: &GridSpec, states: usize) -> Result<()> {
    let what = || match states {
        1 => format!("a grid of {} points", spec.points),
        _ => format!("a grid of {} points in {states} states", spec.points),
    };
    check_free(what, spec.bytes(states), "choose a smaller `points`")
}

/// Whether the work is worth starting a GPU for, and what it was judged by. Only brute force ever is: the
/// other maximizers do little for a point, and the chain of iterations stays.
fn work(problem: &Problem, settings: &Settings, method: Option<Method>) -> (bool, String) {
    let points = problem.nodes() as u64;
    let iterations = match method {
        // On the grid itself, after coarser ones.
        None | Some(Method::Howard) => 5.0,
        // Until β^t is below the tolerance.
        Some(Method::Vfi) => (settings.tolerance.ln() / problem.model().beta().ln()).max(10.0),
        Some(Method::Accelerated | Method::Egm | Method::Collocation) => 0.0,
    };
    if settings.maximizer != Maximizer::Brute || iterations == 0.0 {
        let method = match method {
            Some(method) => name(&method),
            None => name(&settings.method),
        };
        return (
            false,
            format!("{} grid points by {method} and {}", grouped(points), name(&settings.maximizer)),
        );
    }
    let pairs = points as f64 * problem.len() as f64 * iterations;
    (pairs >= WORTH_A_GPU, format!("{pairs:.0e} pairs of grid points to compare"))
}

fn path_spec(arguments: &GrowthArgs, outputs: &mut Outputs) -> Result<Option<PathSpec>> {
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
    let (destination, format) = outputs.table("--path-output", Some(file.clone()), arguments.format)?;
    Ok(Some(PathSpec { periods, from, destination, format }))
}

/// Solves, and encloses the true V.
fn solve_with_progress(
    request: &Request,
    target: Target,
    problem: Problem,
    settings: Settings,
    device: &Opened,
    report: &Report,
) -> Result<Enclosed> {
    const STEPS: f64 = 1000.0;
    let bar = report.progress("solving", STEPS as u64);
    let mut level = (0, 0.0);
    let mut observe = |progress: Progress| {
        if bar.is_hidden() {
            return;
        }
        if level.0 != progress.points {
            level = (progress.points, progress.measure);
        }
        show(&bar, STEPS, &settings, level.1, progress);
    };
    let solved = match &device.gpu {
        Some(gpu) => solve_on(gpu, &problem, &settings, &mut observe)
            .and_then(|solution| Enclosed::new(problem, settings, solution)),
        None => request.solve(target, problem, settings, &mut observe),
    };
    bar.finish_and_clear();
    let mut solved = solved?;
    solved.solution.timing.start += device.start;
    Ok(solved)
}

/// The bar's length is the way of the measure, in logarithms, from where the grid started down to the
/// tolerance.
fn show(bar: &ProgressBar, steps: f64, settings: &Settings, first: f64, progress: Progress) {
    let way = (first / progress.measure).ln() / (first / settings.tolerance).ln();
    if way.is_finite() {
        bar.set_position((steps * way.clamp(0.0, 1.0)) as u64);
    }
    let measure = match settings.stop {
        Stop::Bound => "iteration error",
        Stop::Change => "change",
    };
    bar.set_message(format!("N = {}, {measure} {:.1e}", progress.points, progress.measure));
}

fn summarize(solved: &Enclosed, shocks: Option<&Shocks>, device: &Opened, report: &Report) {
    let Enclosed { problem, settings, solution, .. } = solved;
    let steady = problem.model().steady_state();
    report.line(format!(
        "steady state  k* = {}, c* = {}, V(k*) = {}",
        steady.capital, steady.consumption, steady.value
    ));
    let capital = problem.capital();
    if !(capital[0]..=capital[problem.len() - 1]).contains(&steady.capital) {
        report.warning(
            "the grid does not hold the steady state: capital is kept on it, and the Euler \
         equation fails where it binds",
        );
    }
    report.line(format!(
        "grid          {} points on [{}, {}], {}, {} choice",
        problem.len(),
        six_places(capital[0]),
        six_places(capital[problem.len() - 1]),
        name(&problem.spec().spacing),
        name(&problem.choice()),
    ));
    if let Some(shocks) = shocks {
        report.line(format!("shocks        {}", shocks.description));
    }
    let preparations = match (settings.method, solution.preparations) {
        (_, 0) => String::new(),
        _ if solution.proposal.is_some() => " on the CPU after the device's proposal".into(),
        (Method::Egm, n) => format!(" after {n} of the endogenous grid method"),
        (_, n) => format!(" after {n} on coarser grids"),
    };
    match &solution.collocation {
        Some(collocation) => report.line(format!(
            "method        collocation, {} Chebyshev coefficients of ln c, {} of V, {} steps of Newton",
            collocation.coefficients().0,
            collocation.coefficients().1,
            solution.iterations,
        )),
        None => report.line(format!(
            "method        {}, maximizer {}, {} iterations{preparations}",
            name(&settings.method),
            name(&settings.maximizer),
            solution.iterations,
        )),
    }
    report.line(format!("device        {}", device.description));
    if let Some(proposal) = &solution.proposal {
        report.line(format!(
            "proposal      {} iterations in 32-bit floating point, the last change {:.1e}; its policy is \
             within {} of the certified one in k', worth the same to {} in V",
            proposal.iterations,
            proposal.change,
            upper(proposal.policy_distance, 1),
            upper(proposal.value_distance, 1)
        ));
    }
    let certificate = &solution.certificate;
    // By collocation the values are those of no grid.
    if solution.collocation.is_none() {
        report.line(format!(
            "iteration     max |V − V_N| ≤ {} guaranteed, distance to the solution V_N on this grid (Bellman \
             residual {}, rounding {})",
            upper(certificate.bound, 2),
            upper(certificate.residual, 2),
            upper(certificate.rounding, 1)
        ));
    }
    report.line(format!(
        "Euler errors  log10: max {:.2}, mean {:.2}, at {EULER_POINTS} points off the grid{}",
        certificate.euler_max,
        certificate.euler_mean,
        if problem.states() > 1 { " in each state" } else { "" }
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

/// Says what is guaranteed about the true value function.
fn summarize_enclosure(solved: &Enclosed, target: Target, report: &Report) {
    let Enclosed { problem, enclosure, .. } = solved;
    let asked = match target {
        Target::Accuracy(accuracy) => format!(", {accuracy:e} was asked for"),
        Target::Grid(_) => String::new(),
    };
    report.line(format!(
        "true V        max |V − V_true| ≤ {} guaranteed, distance to the true value function{asked}; it lies \
         between value_low and value_high, {} apart at most (rounding {})",
        upper(solved.error(), 2),
        upper(enclosure.width(), 2),
        upper(enclosure.rounding(), 1)
    ));
    if enclosure.is_confined() {
        let (low, high) = problem.grid().ends();
        report.warning(format!(
            "capital would leave the grid, so that V_true is the value of the economy whose capital is kept \
             between {low} and {high}"
        ));
    }
}

/// With six places behind the point where that says enough, else in full.
fn six_places(x: f64) -> String {
    if (1e-2..1e9).contains(&x) { format!("{x:.6}") } else { figure(x) }
}

fn milliseconds(time: Duration) -> String {
    format!("{:.3} ms", time.as_secs_f64() * 1e3)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::Choice;

    #[test]
    fn only_much_brute_force_is_worth_a_gpu() {
        let large = |points, choice, method: Option<Method>, maximizer: Option<Maximizer>| {
            let spec = GridSpec { points, ..GridSpec::default() };
            let problem = Problem::new(Model::default(), spec, choice).unwrap();
            let defaults = Settings::for_choice(choice);
            let settings = Settings {
                method: method.unwrap_or(defaults.method),
                maximizer: maximizer.unwrap_or(defaults.maximizer),
                ..defaults
            };
            work(&problem, &settings, method)
        };
        let (grid, brute) = (Choice::Grid, Some(Maximizer::Brute));
        assert!(large(200_000, grid, None, brute).0);
        assert!(large(50_000, grid, Some(Method::Vfi), brute).0);
        assert!(!large(1000, grid, None, brute).0);
        // A GPU does not iterate this way.
        assert!(!large(200_000, grid, Some(Method::Accelerated), brute).0);
        assert!(!large(200_000, grid, None, None).0);
        let (large, size) = large(200_000, Choice::Continuous, None, None);
        assert!(!large && size == "200,000 grid points by accelerated and cell", "{size}");
    }
}
