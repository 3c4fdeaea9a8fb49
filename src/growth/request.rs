//! What is asked for, and the defaults that follow from what is named.
//!
//! An accuracy is the error of V against the true value function, and the grid follows; it is what a user
//! wants to name, and the default. Whoever names a part of the iteration on a grid (its points, its rule of
//! choice, its stopping rule, its maximizer, one of its methods, a GPU) asks for that iteration: on the
//! lecture's 100 points, unless a number of points or an accuracy says otherwise.

use super::accuracy::{Enclosed, check_accuracy, solve_to};
use super::choice::Choice;
use super::error::GrowthError;
use super::grid::{GridSpec, Spacing};
use super::maximize::Maximizer;
use super::problem::Problem;
use super::settings::{Method, Progress, Settings, Stop};
use super::solve::solve;
use crate::error::{Error, Result};
use crate::figures::figure;

/// The default: V to four digits, which 500 grid points and less than a millisecond give at the lecture's
/// parameters. Of the coarser 1e-3 the third digit can be seen in a picture; the finer 1e-5 takes 1,600 rows.
const ACCURACY: f64 = 1e-4;

/// The lecture's grid.
const POINTS: usize = 100;

/// What was named, and what was not.
///
/// ```
/// use bellwether::growth::{Method, Request, Target};
///
/// let request = Request { method: Some(Method::Howard), ..Request::default() };
/// assert_eq!(request.target()?, Target::Grid(100));
/// assert_eq!(Request::default().target()?, Target::Accuracy(1e-4));
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Request {
    /// The error of V that is allowed against the true value function, in units of utility.
    pub accuracy: Option<f64>,
    /// Number of grid points.
    pub points: Option<usize>,
    /// Lower end of the grid, as a multiple of the steady state's capital.
    pub low: f64,
    /// Upper end.
    pub high: f64,
    /// Spacing of the grid points.
    pub spacing: Option<Spacing>,
    /// Where next period's capital may lie.
    pub choice: Option<Choice>,
    /// How V is found.
    pub method: Option<Method>,
    /// How the best next capital is found.
    pub maximizer: Option<Maximizer>,
    /// When iterations on a grid stop.
    pub stop: Option<Stop>,
    /// The iteration error or the change at which they stop, in units of utility.
    pub tolerance: Option<f64>,
    /// Iterations after which the solver gives up.
    pub max_iterations: Option<usize>,
    /// Whether a device was named that is not the CPU.
    pub on_gpu: bool,
}

impl Default for Request {
    /// Nothing named: the lecture's ends of the grid.
    fn default() -> Self {
        let GridSpec { low, high, .. } = GridSpec::default();
        Self {
            accuracy: None,
            points: None,
            low,
            high,
            spacing: None,
            choice: None,
            method: None,
            maximizer: None,
            stop: None,
            tolerance: None,
            max_iterations: None,
            on_gpu: false,
        }
    }
}

/// What the solution must be.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Target {
    /// On a grid of so many points.
    Grid(usize),
    /// V to an accuracy.
    Accuracy(f64),
}

fn refuse<T>(name: &'static str, value: String, requirement: &str) -> Result<T> {
    Err(Error::Parameter { name, value, requirement: requirement.into() })
}

/// A setting in one word.
fn word(setting: impl std::fmt::Debug) -> String {
    format!("{setting:?}").to_lowercase()
}

impl Request {
    /// What the solution must be.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where an accuracy makes no sense, or something is named that it chooses itself.
    pub fn target(&self) -> Result<Target> {
        if let Some(accuracy) = self.accuracy {
            if let Some(points) = self.points {
                let requirement = "`accuracy` chooses the number of points; leave one of the two out";
                return refuse("points", points.to_string(), requirement);
            }
            check_accuracy(accuracy)?;
            if let Some(tolerance) = self.tolerance {
                let requirement = "it is the iteration error on a grid of your own, and with `accuracy` both \
                                   are chosen; leave one of the two out";
                return refuse("tolerance", figure(tolerance), requirement);
            }
            if self.stop.is_some() {
                let requirement = "`accuracy` stops at the distance to the true V; leave one of the two out";
                return refuse("stop", "given".into(), requirement);
            }
            if self.on_gpu {
                let requirement = "the grids of `accuracy` are solved on the CPU; leave one of the two out";
                return refuse("device", "a GPU".into(), requirement);
            }
            return Ok(Target::Accuracy(accuracy));
        }
        if let Some(points) = self.points {
            return Ok(Target::Grid(points));
        }
        let iterates = self.tolerance.is_some()
            || self.stop.is_some()
            || self.maximizer.is_some()
            || self.max_iterations.is_some()
            || self.choice.is_some()
            || self.method.is_some_and(|method| method != Method::Collocation)
            || self.on_gpu;
        Ok(if iterates { Target::Grid(POINTS) } else { Target::Accuracy(ACCURACY) })
    }

    /// The rule of choice.
    pub fn choice(&self) -> Choice {
        self.choice.unwrap_or(Choice::Continuous)
    }

    /// The grid of the problem that is set up first. With an accuracy its ends are what is checked.
    pub fn grid_spec(&self, target: Target) -> GridSpec {
        let (points, spacing) = match target {
            Target::Grid(points) => (points, Spacing::Linear),
            // Fewer points do.
            Target::Accuracy(_) => (33, Spacing::Log),
        };
        let spec = GridSpec::default().points(points).between(self.low, self.high);
        spec.spacing(self.spacing.unwrap_or(spacing))
    }

    /// The settings on the CPU.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where they make no sense, or something is named that is not used.
    pub fn settings(&self, target: Target) -> Result<Settings> {
        let settings = Settings::for_choice(self.choice());
        self.named(match (target, self.choice()) {
            (Target::Accuracy(_), Choice::Continuous) => settings.method(Method::Collocation),
            _ => settings,
        })
    }

    /// The settings where a GPU proposes.
    ///
    /// # Errors
    ///
    /// As [`Self::settings`].
    pub fn settings_for_gpu(&self) -> Result<Settings> {
        self.named(Settings::for_gpu(self.choice()))
    }

    /// What was named, and `defaults` for the rest.
    fn named(&self, defaults: Settings) -> Result<Settings> {
        let settings = defaults
            .method(self.method.unwrap_or(defaults.method))
            .maximizer(self.maximizer.unwrap_or(defaults.maximizer))
            .stop(self.stop.unwrap_or(defaults.stop))
            .tolerance(self.tolerance.unwrap_or(defaults.tolerance))
            .max_iterations(self.max_iterations.unwrap_or(defaults.max_iterations));
        settings.check(self.choice())?;
        let told = [
            ("tolerance", self.tolerance.map(figure)),
            ("max_iterations", self.max_iterations.map(|most| most.to_string())),
            ("stop", self.stop.map(word)),
            ("maximizer", self.maximizer.map(word)),
        ];
        if settings.method == Method::Collocation
            && let Some((name, Some(value))) = told.into_iter().find(|(_, value)| value.is_some())
        {
            let requirement =
                "`method collocation` iterates on no grid, to rounding; leave one of the two out";
            return refuse(name, value, requirement);
        }
        Ok(settings)
    }

    /// Solves `problem` on the CPU by `settings`, and encloses the true V. Where no method was named and
    /// collocation fails, as capital leaves the range, the iteration on grids takes its place.
    ///
    /// # Errors
    ///
    /// Those of [`solve`], [`solve_to`] and [`enclose`](super::enclose::enclose).
    pub fn solve(
        &self,
        target: Target,
        problem: Problem,
        settings: Settings,
        observe: &mut dyn FnMut(Progress),
    ) -> Result<Enclosed> {
        match target {
            Target::Accuracy(accuracy) => match solve_to(&problem, &settings, accuracy, observe) {
                Err(Error::Growth(GrowthError::Collocation { .. })) if self.method.is_none() => {
                    solve_to(&problem, &settings.method(Method::Accelerated), accuracy, observe)
                }
                found => found,
            },
            Target::Grid(_) => {
                let solution = solve(&problem, &settings, observe)?;
                Enclosed::new(problem, settings, solution)
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_speaks_of_iterations_asks_for_a_grid() {
        let plain = Request::default();
        let of = |request: Request| request.target().unwrap();
        assert_eq!(of(plain), Target::Accuracy(1e-4));
        assert_eq!(of(Request { method: Some(Method::Collocation), ..plain }), Target::Accuracy(1e-4));
        assert_eq!(of(Request { low: 0.5, spacing: Some(Spacing::Linear), ..plain }), Target::Accuracy(1e-4));
        for request in [
            Request { method: Some(Method::Vfi), ..plain },
            Request { tolerance: Some(1e-3), ..plain },
            Request { stop: Some(Stop::Bound), ..plain },
            Request { maximizer: Some(Maximizer::Cell), ..plain },
            Request { max_iterations: Some(5), ..plain },
            Request { choice: Some(Choice::Continuous), ..plain },
            Request { on_gpu: true, ..plain },
        ] {
            assert_eq!(of(request), Target::Grid(100), "{request:?}");
        }
        let many = Request { accuracy: Some(1e-5), method: Some(Method::Vfi), ..plain };
        assert_eq!(of(many), Target::Accuracy(1e-5));
    }

    #[test]
    fn what_an_accuracy_chooses_is_refused_beside_it() {
        let accurate = Request { accuracy: Some(1e-4), ..Request::default() };
        for (request, told) in [
            (Request { points: Some(100), ..accurate }, "points"),
            (Request { tolerance: Some(1e-6), ..accurate }, "tolerance"),
            (Request { stop: Some(Stop::Change), ..accurate }, "stop"),
            (Request { on_gpu: true, ..accurate }, "device"),
            (Request { accuracy: Some(0.0), ..accurate }, "accuracy"),
        ] {
            let refused = request.target().unwrap_err();
            assert!(matches!(refused, Error::Parameter { name, .. } if name == told), "{refused}");
        }
        let unused = Request { max_iterations: Some(10), ..accurate };
        let refused = unused.settings(Target::Accuracy(1e-4)).unwrap_err();
        assert!(matches!(refused, Error::Parameter { name: "max_iterations", .. }), "{refused}");
    }
}
