//! What `bellwether growth` is asked for: a grid, or an accuracy.
//!
//! An accuracy is the error of V against the true value function, and the program chooses the grid; it is
//! what a user wants to name, and the default. Whoever names a part of the iteration on a grid (its points,
//! its rule of choice, its stopping rule, its maximizer, one of its methods, a GPU) asks for that
//! iteration: on the lecture's 100 points, unless `--grid` or `--accuracy` says otherwise.

use crate::error::{Error, Result};
use crate::figures::{figure, upper};
use crate::growth::{Choice, Enclosure, Method, Problem, Settings, Solution, Spacing, check_accuracy};

use super::growth_arguments::GrowthArgs;
use super::report::Report;

/// The default: V to four digits, which 500 grid points and less than a millisecond give at the lecture's
/// parameters. Of the coarser 1e-3 the third digit can be seen in a picture; the finer 1e-5 takes 1,600 rows.
const ACCURACY: f64 = 1e-4;

/// The lecture's grid.
const POINTS: usize = 100;

/// What is asked for.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Wanted {
    /// The solution on a grid of so many points.
    Grid(usize),
    /// V to an accuracy.
    Accuracy(f64),
}

impl Wanted {
    /// What the arguments ask for; `on_gpu` where a device was named that is none of the CPU's.
    pub(super) fn of(arguments: &GrowthArgs, on_gpu: bool) -> Result<Self> {
        let refuse = |name, value: String, requirement: &str| {
            Err(Error::Parameter { name, value, requirement: requirement.into() })
        };
        if let Some(accuracy) = arguments.accuracy {
            if let Some(points) = arguments.grid {
                let requirement = "`accuracy` chooses the number of points; leave one of the two out";
                return refuse("points", points.to_string(), requirement);
            }
            check_accuracy(accuracy)?;
            if let Some(tolerance) = arguments.tolerance {
                let requirement = "it is the iteration error on a grid of your own, and with `accuracy` both \
                                   are chosen; leave one of the two out";
                return refuse("tolerance", figure(tolerance), requirement);
            }
            if arguments.stop.is_some() {
                let requirement = "`accuracy` stops at the distance to the true V; leave one of the two out";
                return refuse("--stop", "given".into(), requirement);
            }
            if on_gpu {
                let requirement = "the grids of `accuracy` are solved on the CPU; leave one of the two out";
                return refuse("device", "a GPU".into(), requirement);
            }
            return Ok(Self::Accuracy(accuracy));
        }
        if let Some(points) = arguments.grid {
            return Ok(Self::Grid(points));
        }
        let iterates = arguments.tolerance.is_some()
            || arguments.stop.is_some()
            || arguments.maximizer.is_some()
            || arguments.max_iterations.is_some()
            || arguments.choice.is_some()
            || arguments.method.is_some_and(|method| method != Method::Collocation)
            || on_gpu;
        Ok(if iterates { Self::Grid(POINTS) } else { Self::Accuracy(ACCURACY) })
    }

    /// The points of the problem that is set up first.
    pub(super) fn points(self) -> usize {
        match self {
            Self::Grid(points) => points,
            // The ends are what is checked.
            Self::Accuracy(_) => 33,
        }
    }

    /// How the points are spaced where that is not said.
    pub(super) fn spacing(self) -> Spacing {
        match self {
            Self::Grid(_) => Spacing::Linear,
            // Fewer points do.
            Self::Accuracy(_) => Spacing::Log,
        }
    }

    /// The settings where no method is named.
    pub(super) fn defaults(self, choice: Choice) -> Settings {
        let settings = Settings::for_choice(choice);
        match (self, choice) {
            (Self::Accuracy(_), Choice::Continuous) => settings.method(Method::Collocation),
            _ => settings,
        }
    }
}

/// Says what is guaranteed about the true value function.
pub(super) fn summarize(
    wanted: Wanted,
    problem: &Problem,
    solution: &Solution,
    enclosure: &Enclosure,
    report: &Report,
) {
    let error = enclosure.error_of(&solution.value);
    let asked = match wanted {
        Wanted::Accuracy(accuracy) => format!(", {accuracy:e} was asked for"),
        Wanted::Grid(_) => String::new(),
    };
    report.line(format!(
        "true V        max |V − V_true| ≤ {} guaranteed, distance to the true value function{asked}; it lies \
         between value_low and value_high, {} apart at most (rounding {})",
        upper(error, 2),
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
