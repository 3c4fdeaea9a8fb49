//! What the solver is told: the method, the maximizer, and when to stop. And what it tells on its way.

use super::choice::Choice;
use super::maximize::Maximizer;
use crate::error::{Error, Result};
use crate::figures::figure;

/// How the operator is iterated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Method {
    /// Plain value function iteration from V = 0.
    Vfi,
    /// Value function iteration with MacQueen-Porteus bounds, from coarser grids where the grid is large.
    Accelerated,
    /// Policy improvement with exact policy evaluation.
    Howard,
    /// The endogenous grid method, polished by policy improvement.
    Egm,
    /// Chebyshev collocation: the economy itself, to rounding; the grid is only where it is written.
    Collocation,
}

/// When to stop.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Stop {
    /// When the guaranteed error of V is at most the tolerance.
    Bound,
    /// When the largest change of V is below the tolerance.
    Change,
}

impl Stop {
    /// What the rule looks at.
    pub(super) fn measure(self) -> &'static str {
        match self {
            Self::Bound => "the guaranteed error",
            Self::Change => "the change",
        }
    }
}

/// What the solver is to do: the defaults [for a rule of choice](Self::for_choice), and what is set
/// otherwise.
///
/// ```
/// # use bellwether::growth::{Choice, Method, Settings};
/// let settings = Settings::for_choice(Choice::Continuous).method(Method::Howard).tolerance(1e-9);
/// assert_eq!(settings.max_iterations, 100_000);
/// ```
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Settings {
    /// How the operator is iterated.
    pub method: Method,
    /// How the best k′ is found; it must serve the problem's rule of choice.
    pub maximizer: Maximizer,
    /// When to stop.
    pub stop: Stop,
    /// The tolerance of [`Stop`], in units of utility.
    pub tolerance: f64,
    /// Applications of the operator, on all grids together, after which the solver gives up.
    pub max_iterations: usize,
}

impl Settings {
    /// The defaults for a rule of choice: accelerated, a guaranteed error of 1e-6.
    pub fn for_choice(choice: Choice) -> Self {
        Self {
            method: Method::Accelerated,
            maximizer: Maximizer::fastest(choice),
            stop: Stop::Bound,
            tolerance: 1e-6,
            max_iterations: 100_000,
        }
    }

    /// The defaults for a rule of choice where a GPU proposes.
    pub fn for_gpu(choice: Choice) -> Self {
        let (method, maximizer) = match choice {
            Choice::Continuous => (Method::Egm, Maximizer::Cell),
            Choice::Grid => (Method::Howard, Maximizer::Brute),
        };
        Self { method, maximizer, ..Self::for_choice(choice) }
    }

    /// With this method.
    pub fn method(self, method: Method) -> Self {
        Self { method, ..self }
    }

    /// With this maximizer, which must serve the problem's rule of choice.
    pub fn maximizer(self, maximizer: Maximizer) -> Self {
        Self { maximizer, ..self }
    }

    /// With this rule to stop by.
    pub fn stop(self, stop: Stop) -> Self {
        Self { stop, ..self }
    }

    /// With this tolerance, in units of utility.
    pub fn tolerance(self, tolerance: f64) -> Self {
        Self { tolerance, ..self }
    }

    /// Giving up after so many applications of the operator, on all grids together.
    pub fn max_iterations(self, max_iterations: usize) -> Self {
        Self { max_iterations, ..self }
    }

    /// Whether the settings make sense, and fit the rule of choice.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] with the name and the reason.
    pub fn check(&self, choice: Choice) -> Result<()> {
        let refuse =
            |name, value: String, requirement: String| Err(Error::Parameter { name, value, requirement });
        if !(self.tolerance > 0.0 && self.tolerance.is_finite()) {
            return refuse("tolerance", figure(self.tolerance), "it must be positive and finite".into());
        }
        if self.max_iterations == 0 {
            return refuse("max_iterations", "0".into(), "at least one iteration is needed".into());
        }
        if self.method == Method::Collocation && choice == Choice::Grid {
            let requirement = "it solves without a grid; leave `choice` out, or choose another method";
            return refuse("method", "collocation".into(), requirement.into());
        }
        if self.maximizer.choice() != choice {
            let requirement = match choice {
                Choice::Continuous => "`choice continuous` takes cell or golden",
                Choice::Grid => "`choice grid` takes brute, sweep or bisection",
            };
            let value = format!("{:?}", self.maximizer).to_lowercase();
            return refuse("maximizer", value, requirement.into());
        }
        Ok(())
    }

    /// Whether a GPU can propose by this method and maximizer, within so many iterations.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] with the name and the reason.
    pub fn check_gpu(&self) -> Result<()> {
        let refuse = |name, value: String, requirement: &str| {
            Err(Error::Parameter { name, value: value.to_lowercase(), requirement: requirement.into() })
        };
        if self.max_iterations < 2 {
            return refuse(
                "max_iterations",
                self.max_iterations.to_string(),
                "a GPU's proposal and its polish take one each at least",
            );
        }
        match (self.maximizer, self.method) {
            (Maximizer::Cell, Method::Egm) | (Maximizer::Brute, Method::Vfi | Method::Howard) => Ok(()),
            (Maximizer::Cell, method) => refuse(
                "method",
                format!("{method:?}"),
                "with the continuous choice a GPU proposes by egm; leave `method` out, or choose \
                 `device cpu`",
            ),
            (Maximizer::Brute, method) => refuse(
                "method",
                format!("{method:?}"),
                "with `choice grid` a GPU proposes by howard or vfi; leave `method` out, or choose \
                 `device cpu`",
            ),
            (maximizer, _) => refuse(
                "maximizer",
                format!("{maximizer:?}"),
                "a GPU has cell, or brute with `choice grid`; leave `maximizer` out, or choose `device cpu`",
            ),
        }
    }
}

/// How far the solver is.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Progress {
    /// Applications of the operator so far.
    pub iterations: usize,
    /// Points of the grid at work.
    pub points: usize,
    /// What the stopping rule looks at: the guaranteed error, or the change.
    pub measure: f64,
}
