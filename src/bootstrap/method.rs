//! Which measures, schemes and intervals go together, and why others do not.

use crate::error::{Error, Result};
use crate::interval::{Interval, Pivot, Side};
use crate::measure::Measure;
use crate::resample::Scheme;

/// Checks that an interval of `side` suits the measure and the scheme.
///
/// # Errors
///
/// [`Error::Parameter`], which says why it does not and what to take.
pub(super) fn check(
    measure: &dyn Measure,
    scheme: &Scheme,
    interval: &dyn Interval,
    side: Side,
) -> Result<()> {
    let (name, kind) = (measure.name(), interval.name());
    let refused = |parameter: &'static str, value: &str, why: String| {
        Err(Error::Parameter { name: parameter, value: value.into(), requirement: why })
    };
    if interval.is_symmetric() && side != Side::Both {
        let why = "it is symmetric, so that it has both ends; take an equal-tailed one for one `side`";
        return refused("interval", kind, why.into());
    }
    if interval.is_log() && !measure.is_positive() {
        let why = format!("it takes logarithms, but the {name} may be negative; take one without `log`");
        return refused("interval", kind, why);
    }
    if interval.is_asymptotic() {
        return match measure.has_squared_error() {
            true => Ok(()),
            false => refused("interval", kind, format!("no standard error of the {name} is known")),
        };
    }
    let blocks = matches!(scheme, Scheme::Block { .. } | Scheme::Stationary { .. });
    if measure.needs_neighbours() && !blocks {
        let why = format!(
            "the {name} is of neighbouring returns, which only blocks keep together; take `scheme block` or an \
             asymptotic interval"
        );
        return refused("scheme", scheme.name(), why);
    }
    if *scheme == Scheme::Wild && measure.degrees().is_none() {
        let why = format!("it turns signs of returns, on which the {name} depends; take `scheme iid`");
        return refused("scheme", "wild", why);
    }
    if interval.pivot().is_some_and(Pivot::is_studentized) {
        if measure.studentize().is_none() {
            let why = format!("no standard error of a resampled {name} is known; take percentile");
            return refused("interval", kind, why);
        }
        if blocks {
            let why = "standard errors of block resamples are not known; take percentile, or `scheme iid`";
            return refused("interval", kind, why.into());
        }
    }
    if interval.is_accelerated() && *scheme != Scheme::Iid {
        let why = "its acceleration is from leaving out one independent row; take bc, or `scheme iid`";
        return refused("interval", kind, why.into());
    }
    Ok(())
}
