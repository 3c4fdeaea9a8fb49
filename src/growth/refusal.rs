//! Why a problem is not solved as asked, and what to do: the errors of more than one method.

use super::error::GrowthError;
use super::problem::Problem;
use super::settings::{Settings, Stop};
use crate::error::Error;
use crate::figures::upper;

/// What to do where iterations are not enough.
pub(super) const RAISE: &str = "raise `max_iterations`";

/// The refusal of a tolerance where the measure needs `least`.
pub(super) fn unreachable(settings: &Settings, least: f64) -> Error {
    let measure = match settings.stop {
        Stop::Bound => "a guaranteed error",
        Stop::Change => "a change",
    };
    // Above what was asked for, whatever the estimate says.
    let reachable = next_digit(f64::max(least, settings.tolerance.next_up()));
    GrowthError::Tolerance { asked: settings.tolerance, measure, reachable }.into()
}

/// The first that is not finite, else the first.
pub(super) fn first_not_finite(at_points: &[f64]) -> usize {
    at_points.iter().position(|x| !x.is_finite()).unwrap_or(0)
}

/// The refusal of a problem where `what` is not finite at the node with number `node`.
pub(super) fn not_finite(problem: &Problem, what: &'static str, node: usize) -> Error {
    GrowthError::NotFinite { what, capital: problem.capital()[node % problem.len()] }.into()
}

/// `x` > 0 rounded up to one significant digit.
pub(super) fn next_digit(x: f64) -> f64 {
    // By way of its decimal form, so that it prints as one digit.
    upper(x, 0).parse().unwrap_or(x)
}
