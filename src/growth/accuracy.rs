//! A solution to an accuracy: the error of V against the true value function is named, and the grid follows.
//!
//! Small grids come first. Each is solved and V enclosed (`enclose/`); the middle of the bounds is within
//! half their width of V, and that falls with the square of the number of points, which says how many the
//! next grid needs. By collocation V is known to rounding from the start, so that each grid costs one
//! enclosure.

use super::certify::certify;
use super::collocation::Collocation;
use super::enclose::{Enclosure, Proposal, enclose, enclose_solution};
use super::error::GrowthError;
use super::problem::Problem;
use super::refusal::next_digit;
use super::settings::{Method, Progress, Settings, Stop};
use super::solve::{Solution, Timing, collocated, solve};
use crate::error::{Error, Result};
use crate::figures::figure;

/// A solution on a grid, and bounds on the true value function there.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub struct Enclosed {
    /// The problem on the grid, given or chosen.
    pub problem: Problem,
    /// The settings that its grid was solved with.
    pub settings: Settings,
    /// The solution; to an accuracy, its values are the middles of the enclosure.
    pub solution: Solution,
    /// Bounds on the true V.
    pub enclosure: Enclosure,
}

impl Enclosed {
    /// A solution of `problem` by `settings`, and the bounds that follow from it.
    ///
    /// # Errors
    ///
    /// As [`enclose`].
    pub fn new(problem: Problem, settings: Settings, solution: Solution) -> Result<Self> {
        let enclosure = enclose_solution(&problem, &solution)?;
        Ok(Self { problem, settings, solution, enclosure })
    }

    /// No value of the solution is farther from the true one than this, guaranteed, in units of utility.
    pub fn error(&self) -> f64 {
        self.enclosure.error_of(&self.solution.value)
    }
}

/// Points of the first grid.
const FIRST: usize = 33;

/// The most points in all states together: some seconds and a gigabyte.
const MOST: usize = 1 << 21;

/// Iterations of a one-shot enclosure: the proposal is V itself, and a second one gains a hundredth.
const ONE_SHOT: usize = 1;

/// Whether an accuracy makes sense.
///
/// # Errors
///
/// [`Error::Parameter`] with the reason.
pub fn check_accuracy(accuracy: f64) -> Result<()> {
    if accuracy > 0.0 && accuracy.is_finite() {
        return Ok(());
    }
    let requirement = "the error of V against the true value function, in units of utility, must be positive \
                       and finite";
    Err(Error::Parameter { name: "accuracy", value: figure(accuracy), requirement: requirement.into() })
}

/// Solves the model of `problem` until no value is farther than `accuracy` from the true value function, on a
/// grid with the ends and the spacing of that of `problem` and as many points as it takes. The tolerance of
/// `settings` is set to a tenth of the accuracy, with [`Stop::Bound`].
///
/// # Errors
///
/// [`GrowthError::Accuracy`] where no grid that is tried suffices, and whatever [`solve`] and
/// [`enclose`] fail with.
pub fn solve_to(
    problem: &Problem,
    settings: &Settings,
    accuracy: f64,
    observe: &mut dyn FnMut(Progress),
) -> Result<Enclosed> {
    check_accuracy(accuracy)?;
    let settings = settings.stop(Stop::Bound).tolerance(0.1 * accuracy);
    settings.check(problem.choice())?;
    let began = std::time::Instant::now();
    let collocation = match settings.method {
        Method::Collocation => {
            let (low, high) = problem.grid().ends();
            Some(Collocation::new(problem.model(), problem.chain(), low, high)?)
        }
        _ => None,
    };
    let most = MOST / problem.states();
    let mut points = FIRST.min(most);
    loop {
        let problem = problem.with_points(points, problem.choice());
        let (found, enclosure) = attempt(&problem, &settings, collocation.as_ref(), observe)?;
        let middle = enclosure.middle();
        let error = enclosure.error_of(&middle);
        if error <= accuracy {
            let solve = began.elapsed();
            let solution = finish(&problem, found, collocation, middle, solve)?;
            return Ok(Enclosed { problem, settings, solution, enclosure });
        }
        // Of second order; a little more, as that is not exact, and at least half as many again.
        let needed = points as f64 * (error / accuracy).sqrt() * 1.03 + 1.0;
        let limit = if collocation.is_some() { most } else { 16 * points };
        if needed <= most as f64 {
            points = (needed as usize).max(points + points / 2).min(limit).min(most);
        } else if points < most / 16 {
            points = (most / 16).min(limit);
        } else {
            // Of what is left a part is rounding, which more points do not lower.
            let share = points as f64 / most as f64;
            let reachable = next_digit(2.0 * (error * share * share + enclosure.rounding()));
            let reachable = f64::max(reachable, next_digit(accuracy.next_up()));
            return Err(GrowthError::Accuracy { asked: accuracy, reachable, points: most }.into());
        }
    }
}

/// What was found on one grid.
enum Found {
    /// By an iteration on it.
    Solution(Box<Solution>),
    /// k′ at its nodes, by collocation.
    Policy(Vec<f64>),
}

/// The solution on one grid, or the collocation's policy there, and the enclosure.
fn attempt(
    problem: &Problem,
    settings: &Settings,
    collocation: Option<&Collocation>,
    observe: &mut dyn FnMut(Progress),
) -> Result<(Found, Enclosure)> {
    let Some(collocation) = collocation else {
        let solution = solve(problem, settings, observe)?;
        let enclosure = enclose_solution(problem, &solution)?;
        return Ok((Found::Solution(Box::new(solution)), enclosure));
    };
    let (value, capital_next, consumption) = collocation.at(problem.capital());
    let proposal = Proposal { value: &value, capital_next: &capital_next, consumption: &consumption };
    let enclosure = enclose(problem.model(), problem.chain(), problem.capital(), &proposal, ONE_SHOT)?;
    Ok((Found::Policy(capital_next), enclosure))
}

/// The solution with the middles as its values.
fn finish(
    problem: &Problem,
    found: Found,
    collocation: Option<Collocation>,
    middle: Vec<f64>,
    solve: std::time::Duration,
) -> Result<Solution> {
    match (found, collocation) {
        (Found::Policy(capital_next), Some(collocation)) => {
            collocated(problem, collocation, middle, capital_next, Timing { solve, ..Timing::default() })
        }
        (Found::Policy(_), None) => {
            Err(GrowthError::NotFinite { what: "the value", capital: problem.capital()[0] }.into())
        }
        (Found::Solution(solution), _) => {
            // The certificate is about the values that are returned.
            let (certificate, capital_next) = certify(problem, &middle)?;
            let timing = Timing { solve, ..solution.timing };
            Ok(Solution { value: middle, capital_next, certificate, timing, ..*solution })
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::{Chain, Choice, GridSpec, Model, Spacing};

    fn small(chain: Chain, choice: Choice) -> Problem {
        let spec = GridSpec::default().points(33).spacing(Spacing::Log);
        Problem::with_shocks(Model::default(), chain, spec, choice).unwrap()
    }

    fn true_error(accurate: &Enclosed) -> f64 {
        let (problem, n) = (&accurate.problem, accurate.problem.len());
        let (low, high) = problem.grid().ends();
        let truth = Collocation::new(problem.model(), problem.chain(), low, high).unwrap();
        accurate.solution.value.iter().enumerate().fold(0.0, |most, (node, v)| {
            f64::max(most, (v - truth.value(node / n, problem.capital()[node % n])).abs())
        })
    }

    #[test]
    fn the_accuracy_is_reached_by_every_method() {
        for method in [Method::Collocation, Method::Accelerated, Method::Howard, Method::Egm] {
            for chain in [Chain::certain(), Chain::rouwenhorst(0.95, 0.007, 3).unwrap()] {
                let problem = small(chain, Choice::Continuous);
                for accuracy in [1e-3, 1e-6] {
                    let settings = Settings::for_choice(Choice::Continuous).method(method);
                    let found = solve_to(&problem, &settings, accuracy, &mut |_| ()).unwrap();
                    let error = found.enclosure.error_of(&found.solution.value);
                    let off = true_error(&found);
                    println!(
                        "{method:?} {accuracy:e}: {} points, {error:.1e}, truly {off:.1e}",
                        found.problem.len()
                    );
                    assert!(
                        error <= accuracy && off <= error,
                        "{method:?}, {accuracy:e}: {error:e}, {off:e}"
                    );
                }
            }
        }
        let problem = small(Chain::certain(), Choice::Grid);
        let settings = Settings::for_choice(Choice::Grid);
        let found = solve_to(&problem, &settings, 1e-5, &mut |_| ()).unwrap();
        assert!(true_error(&found) <= 1e-5);
    }

    #[test]
    fn high_accuracy_costs_points_only() {
        let problem = small(Chain::certain(), Choice::Continuous);
        let settings = Settings::for_choice(Choice::Continuous).method(Method::Collocation);
        for accuracy in [1e-4, 1e-8, 1e-10] {
            let found = solve_to(&problem, &settings, accuracy, &mut |_| ()).unwrap();
            println!("{accuracy:e}: {} points, truly {:.1e}", found.problem.len(), true_error(&found));
            assert!(true_error(&found) <= accuracy && found.solution.certificate.euler_max < -12.0);
        }
    }

    #[test]
    fn what_no_grid_gives_is_refused_and_what_is_named_is_reached() {
        let problem = small(Chain::certain(), Choice::Continuous);
        let settings = Settings::for_choice(Choice::Continuous).method(Method::Collocation);
        for asked in [1e-16, 1e-300, 1e-12] {
            match solve_to(&problem, &settings, asked, &mut |_| ()) {
                Err(Error::Growth(GrowthError::Accuracy { reachable, .. })) => {
                    assert!(reachable > asked && reachable < 1e-9);
                    assert!(solve_to(&problem, &settings, reachable, &mut |_| ()).is_ok(), "{reachable:e}");
                }
                other => panic!("{asked:e}: {:?}", other.map(|found| found.problem.len())),
            }
        }
        for wrong in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            let refused = solve_to(&problem, &settings, wrong, &mut |_| ()).unwrap_err();
            assert!(matches!(refused, Error::Parameter { name: "accuracy", .. }));
        }
    }
}
