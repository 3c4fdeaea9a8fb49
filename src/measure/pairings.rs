//! Which measures, schemes and intervals go together, and why the others do not.
//!
//! | measure | iid | wild | block, stationary | asymptotic | asymptotic-log |
//! |---|---|---|---|---|---|
//! | variance | all | studentized ones | all but (a), (b) | yes | yes |
//! | volatility, annual-volatility | all | studentized ones | all but (a), (b) | yes | yes |
//! | log-variance | all but (e) | studentized ones but (e) | all but (a), (b) | yes | (e) |
//! | positive-, negative-semivariance | all but (c) | (d) | all but (a), (b) | (c) | (c) |
//! | quarticity | all | studentized ones | all but (a), (b) | yes | yes |
//! | covariance | all but (e) | studentized ones but (e) | all but (a), (b) | yes | (e) |
//! | correlation, beta | all but (f) | (f) | all but (a), (b) | yes | (e) |
//! | bipower, minrv, medrv | (g) | (g) | all but (a), (b) | yes | yes |
//!
//! *All* intervals are percentile, basic, normal, bc, bca, and the *studentized ones*: studentized,
//! studentized-symmetric and studentized-log. Asymptotic intervals need no scheme. The reasons:
//!
//! - (a) Studentized ones under blocks: the standard error of a resample of blocks is of squared sums of
//!   blocks, which are no column.
//! - (b) bca under blocks: its acceleration is of rows that are independent of one another.
//! - (c) Studentized and asymptotic ones of a semivariance: drift and leverage shift its limit by as much as
//!   its spread, and a day's returns tell neither.
//! - (d) A negative factor of the wild bootstrap would move a row to the other semivariance.
//! - (e) Logarithms of what may be negative, or is a logarithm already.
//! - (f) The standard error of a resampled correlation or beta needs sums whose terms have both signs.
//! - (g) Rows drawn or weighted one by one tear neighbours apart.
//! - Wild and any interval that is not studentized, for all: resamples spread by Var η² = 6/25 of Σ r⁴, the
//!   estimate by 2/3 of it: only their ratio to their own standard errors has the right law.
//!
//! Percentile, basic, normal, bc and bca intervals go with measures of which they are not first-order right:
//! where volatility moves within the day, the spread of iid resamples is not the estimate's (Gonçalves and
//! Meddahi 2009). They are what users know, and they are not refused.

use super::Measure;
use crate::error::{Error, Result};

/// The schemes' names.
pub const SCHEMES: [&str; 4] = ["iid", "wild", "block", "stationary"];

/// The intervals' names.
pub const INTERVALS: [&str; 10] = [
    "percentile",
    "basic",
    "normal",
    "bc",
    "bca",
    "studentized",
    "studentized-symmetric",
    "studentized-log",
    "asymptotic",
    "asymptotic-log",
];

/// Refuses what does not go together. An asymptotic interval goes with any scheme, as it draws nothing.
///
/// # Errors
///
/// [`Error::Parameter`] with the reason and what to take instead; also for an unknown name.
///
/// # Examples
///
/// ```
/// use bellwether::measure::{by_name, pairings::refuse};
///
/// let bipower = by_name("bipower", None)?;
/// assert!(refuse(&*bipower, "block", "percentile").is_ok());
/// assert!(refuse(&*bipower, "iid", "percentile").unwrap_err().to_string().contains("neighbour"));
/// # Ok::<(), bellwether::Error>(())
/// ```
pub fn refuse(measure: &dyn Measure, scheme: &str, interval: &str) -> Result<()> {
    let error = |name: &'static str, value: &str, requirement: String| {
        Err(Error::Parameter { name, value: value.to_owned(), requirement })
    };
    if !SCHEMES.contains(&scheme) {
        return error("scheme", scheme, format!("there are {}", SCHEMES.join(", ")));
    }
    if !INTERVALS.contains(&interval) {
        return error("interval", interval, format!("there are {}", INTERVALS.join(", ")));
    }
    let what = measure.name();
    let (asymptotic, studentized) = (interval.starts_with("asymptotic"), interval.starts_with("studentized"));
    let blocks = ["block", "stationary"].contains(&scheme);
    let instead = match scheme {
        "wild" => "bca with the scheme iid",
        _ if measure.needs_neighbours() || blocks => "bc",
        _ => "bca",
    };

    // What the resamples of the scheme can tell.
    if !asymptotic && measure.needs_neighbours() && !blocks {
        return error(
            "scheme",
            scheme,
            format!(
                "the columns of {what} are of neighbouring rows, which rows drawn or weighted one by one tear \
                 apart; take block or stationary, or an asymptotic interval"
            ),
        );
    }
    if !asymptotic && scheme == "wild" {
        if measure.degrees().is_none() {
            return error(
                "scheme",
                scheme,
                format!(
                    "its negative factors would turn rises into falls, which {what} tells apart; take iid"
                ),
            );
        }
        if !studentized {
            let requirement = "wild resamples do not spread as the estimate does, only studentized ones do; take \
                               studentized or studentized-symmetric, or the scheme iid";
            return error("interval", interval, requirement.into());
        }
    }
    if blocks && (studentized || interval == "bca") {
        let reason = if studentized {
            "the standard error of a resample of blocks is no function of column sums"
        } else {
            "its acceleration is of rows that are independent of one another, which blocks do not assume"
        };
        return error("interval", interval, format!("{reason}; take bc, basic or percentile"));
    }

    // What is known of the measure.
    if asymptotic && let Some(reason) = measure.without_error() {
        return error(
            "interval",
            interval,
            format!("{what} has no standard error: {reason}; take {instead}"),
        );
    }
    if studentized && let Some(reason) = measure.without_studentizing() {
        return error(
            "interval",
            interval,
            format!("{what} cannot be studentized: {reason}; take {instead}"),
        );
    }
    if interval.ends_with("-log") && !measure.is_positive() {
        let plain = if asymptotic { "asymptotic" } else { "studentized-symmetric" };
        return error("interval", interval, format!("{what} may be negative; take {plain}"));
    }
    Ok(())
}
