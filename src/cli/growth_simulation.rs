//! `bellwether growth --simulate` and `--ergodic`: what the solved policy does in the long run.

use super::growth_arguments::GrowthArgs;
use super::report::Report;
use super::signals;
use crate::error::Result;
use crate::figures::{figure, grouped, plural, upper};
use crate::growth::{Ergodic, Moment, Moments, Problem, Simulated, Simulation, Solution, ergodic, simulate};
use crate::output::{Destination, Format, Outputs};

/// What was asked for.
pub(super) struct LongRunSpec {
    pub(super) simulation: Option<Simulation>,
    /// Where the simulated path goes.
    pub(super) paths: Option<(Destination, Format)>,
    /// Where the distribution goes.
    pub(super) ergodic: Option<(Destination, Format)>,
}

/// What came of it.
pub(super) struct LongRun {
    pub(super) simulated: Option<Simulated>,
    pub(super) ergodic: Option<Ergodic>,
}

impl LongRunSpec {
    /// What the arguments ask for, checked against the `problem` as far as it is known before the work.
    pub(super) fn new(arguments: &GrowthArgs, problem: &Problem, outputs: &mut Outputs) -> Result<Self> {
        let typed = &arguments.simulation;
        let simulation = typed.simulate.map(|length| Simulation {
            burn_in: typed.burn_in.unwrap_or(Simulation::BURN_IN),
            from_capital: arguments.from_capital,
            // States are counted from 1 by people; 0 is refused as a number that no state has.
            from_state: typed.from_state.map(|state| state.wrapping_sub(1)),
            shares: typed.ergodic.is_some(),
            ..Simulation::new(length).seed(typed.seed.unwrap_or(0))
        });
        simulation.map_or(Ok(()), |simulation| simulation.check(problem).map(|_| ()))?;
        let mut table = |flag, file: &Option<std::path::PathBuf>| {
            file.clone().map(|file| outputs.table(flag, Some(file), arguments.format)).transpose()
        };
        let paths = table("--paths", &typed.paths)?;
        Ok(Self { simulation, paths, ergodic: table("--ergodic", &typed.ergodic)? })
    }

    /// Does the work, and prints what came of it.
    pub(super) fn run(&self, problem: &Problem, solution: &Solution, report: &Report) -> Result<LongRun> {
        let simulated = match &self.simulation {
            None => None,
            Some(simulation) => {
                let bar = report.progress("simulating", simulation.length + simulation.burn_in);
                let simulated = simulate(problem, solution, simulation, &mut |periods| {
                    bar.inc(periods);
                    signals::go_on()
                });
                bar.finish_and_clear();
                Some(simulated?)
            }
        };
        let ergodic = match &self.ergodic {
            None => None,
            Some(_) => {
                let bar = report.spinner("distribution in the long run");
                let found = ergodic(problem, solution, &mut |_| signals::go_on());
                bar.finish_and_clear();
                Some(found?)
            }
        };
        let long_run = LongRun { simulated, ergodic };
        long_run.summarize(problem, report);
        Ok(long_run)
    }
}

impl LongRun {
    fn summarize(&self, problem: &Problem, report: &Report) {
        if let Some(simulated) = &self.simulated {
            report.line(format!(
                "simulation    {} after {} of burn-in, seed {}, from k = {}{}",
                plural(simulated.length, "period"),
                grouped(simulated.burn_in),
                simulated.seed,
                figure(simulated.from_capital),
                match problem.has_shocks() {
                    true => format!(", z = {:.6}", simulated.from_productivity),
                    false => String::new(),
                },
            ));
        }
        if let Some(ergodic) = &self.ergodic {
            report.line(format!(
                "long run      distribution over {} nodes, {} iterations, the last change {}",
                grouped(problem.nodes() as u64),
                grouped(ergodic.iterations as u64),
                upper(ergodic.change, 1),
            ));
        }
        let kinds = [
            self.simulated.as_ref().map(|simulated| ("simulated", &simulated.moments)),
            self.ergodic.as_ref().map(|ergodic| ("long run", &ergodic.moments)),
        ];
        let kinds: Vec<_> = kinds.into_iter().flatten().collect();
        if !kinds.is_empty() {
            table(&kinds, report);
            self.warn(problem, report);
        }
    }

    /// What a reader of the moments must know.
    fn warn(&self, problem: &Problem, report: &Report) {
        let chain = problem.chain();
        if !chain.is_stochastic() {
            report.warning(
                "rows of probabilities that do not sum to 1 are divided by their sums where productivity \
                 moves; V is discounted by what they sum to",
            );
        }
        match chain.stationary() {
            Err(_) => report.warning(
                "productivity can end in one of several sets of states, so that the long run depends on the \
                 start, and on chance",
            ),
            Ok(stationary) if stationary.contains(&0.0) => {
                let left = stationary.iter().filter(|&&p| p == 0.0).count() as u64;
                report.warning(format!(
                    "productivity leaves {} for ever sooner or later: the long run is that of the others",
                    plural(left, "state"),
                ));
            }
            Ok(_) => {}
        }
        let at_ends = self.simulated.as_ref().map_or(0, |simulated| simulated.at_ends);
        if at_ends > 0 {
            report.warning(format!(
                "capital is at an end of the grid in {}: the grid does not hold the path; move `low` and \
                 `high` apart",
                plural(at_ends, "simulated period"),
            ));
        }
        // Far below it is the rounding of the iteration.
        const NEXT_TO_NOTHING: f64 = 1e-11;
        let at_ends = self.ergodic.as_ref().map_or(0.0, |ergodic| ergodic.at_ends);
        if at_ends > NEXT_TO_NOTHING {
            report.warning(format!(
                "the ends of the grid have probability {at_ends:.1e} in the long run: the grid does not hold \
                 the ergodic set; move `low` and `high` apart",
            ));
        }
    }
}

/// The moments of one or more kinds, a line for each variable and kind.
fn table(kinds: &[(&str, &Moments)], report: &Report) {
    report.line(format!(
        "moments       {:<13}{:>12} {:>12} {:>17} {:>21}",
        "", "mean", "sd", "autocorrelation", "correlation with y"
    ));
    let (_, first) = kinds[0];
    for (variable, (name, _)) in first.each().into_iter().enumerate() {
        for (number, (kind, moments)) in kinds.iter().enumerate() {
            let (_, moment) = moments.each()[variable];
            let name = if number == 0 { name } else { "" };
            report.line(format!("              {name:<2} {kind:<10}{}", line(moment)));
        }
    }
}

fn line(moment: &Moment) -> String {
    let ratio = |ratio: Option<f64>| ratio.map_or("-".into(), |ratio| format!("{ratio:.4}"));
    let level = |x: f64| match x.abs() {
        size if size == 0.0 || (1e-4..1e6).contains(&size) => format!("{x:.6}"),
        _ => format!("{x:.4e}"),
    };
    format!(
        "{:>12} {:>12} {:>17} {:>21}",
        level(moment.mean),
        level(moment.sd),
        ratio(moment.autocorrelation),
        ratio(moment.output_correlation)
    )
}
