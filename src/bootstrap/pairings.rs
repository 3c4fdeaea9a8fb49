//! Which measures, schemes and intervals go together, and why the others do not.
//!
//! | measure | iid | wild | block, stationary | asymptotic | asymptotic-log |
//! |---|---|---|---|---|---|
//! | variance | all | all | all but (a), (b) | yes | yes |
//! | volatility, annual-volatility | all | all | all but (a), (b) | yes | yes |
//! | log-variance | all but (e) | all but (e) | all but (a), (b) | yes | (e) |
//! | positive-, negative-semivariance | all but (c) | (d) | all but (a), (b) | (c) | (c) |
//! | quarticity | all | all | all but (a), (b) | yes | yes |
//! | covariance | all but (e) | all but (e) | all but (a), (b) | yes | (e) |
//! | correlation, beta | all but (f) | all but (f) | all but (a), (b) | yes | (e) |
//! | bipower, minrv, medrv | (g) | (g) | all but (a), (b) | yes | yes |
//!
//! *All* intervals are percentile, basic, normal, bc, bca, and the *studentized ones*: studentized,
//! studentized-symmetric, studentized-log and studentized-log-equal-tailed. Asymptotic intervals need no
//! scheme. The reasons:
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
//!
//! **Returns averaged over offset grids** ([`crate::panel::Grids`]) are squares without a sign or neighbours
//! of their own: they go with functions of Σ r², which are the variance, the volatilities and the log
//! variance. Their rows overlap, so that rows drawn or weighted one by one spread too little, while their
//! ratio to their own standard errors keeps the right law:
//!
//! | scheme | intervals of averaged returns |
//! |---|---|
//! | iid, wild | the studentized ones |
//! | block, stationary, of two rows or more | percentile, basic, normal, bc |
//! | none | asymptotic, asymptotic-log |
//!
//! Percentile, basic, normal, bc and bca intervals go with measures of which they are not first-order right:
//! where volatility moves within the day, the spread of iid resamples is not the estimate's (Gonçalves and
//! Meddahi 2009). They are what users know, and they are not refused. The same holds under the wild scheme,
//! where it is the rule: resamples spread by Var η² = 6/25 of Σ r⁴, the estimate of RV by 2/3 of it. Only
//! their ratio to their own standard errors has the right law: take studentized ones.

use crate::error::{Error, Result};
use crate::interval::{Interval, Pivot, Side};
use crate::measure::Measure;
use crate::resample::Scheme;

/// Refuses what does not go together. An asymptotic interval goes with any scheme, as it draws nothing.
///
/// # Errors
///
/// [`Error::Parameter`] with the reason and what to take instead.
///
/// # Examples
///
/// ```
/// use bellwether::bootstrap::pairings::refuse;
/// use bellwether::interval::{Percentile, Side};
/// use bellwether::measure::by_name;
/// use bellwether::resample::Scheme;
///
/// let bipower = by_name("bipower", None)?;
/// assert!(refuse(&*bipower, &Scheme::Block { length: 5 }, &Percentile, Side::Both).is_ok());
/// let refused = refuse(&*bipower, &Scheme::Iid, &Percentile, Side::Both).unwrap_err();
/// assert!(refused.to_string().contains("neighbour"));
/// # Ok::<(), bellwether::Error>(())
/// ```
pub fn refuse(measure: &dyn Measure, scheme: &Scheme, interval: &dyn Interval, side: Side) -> Result<()> {
    refuse_ends(interval, side)?;
    if !interval.is_asymptotic() {
        refuse_resamples(measure, scheme)?;
    }
    refuse_interval(measure, scheme, interval)
}

/// Refuses what the resamples of a scheme cannot tell, whatever is made of them.
///
/// # Errors
///
/// [`Error::Parameter`] with the reason and what to take instead.
pub fn refuse_resamples(measure: &dyn Measure, scheme: &Scheme) -> Result<()> {
    let what = measure.name();
    let error = |requirement: String| {
        Err(Error::Parameter { name: "scheme", value: scheme.name().to_owned(), requirement })
    };
    let blocks = matches!(scheme, Scheme::Block { .. } | Scheme::Stationary { .. });
    if measure.needs_neighbours() && !blocks {
        return error(format!(
            "the columns of {what} are of neighbouring rows, which rows drawn or weighted one by one tear \
             apart; take block or stationary, or an asymptotic interval, which needs no resamples"
        ));
    }
    if *scheme == Scheme::Wild && measure.degrees().is_none() {
        return error(format!(
            "its negative factors would turn rises into falls, which {what} tells apart; take iid"
        ));
    }
    Ok(())
}

/// Refuses what does not go with returns that are averaged over offset grids.
///
/// # Errors
///
/// [`Error::Parameter`] with the reason and what to take instead.
pub fn refuse_averaged(measure: &dyn Measure, scheme: &Scheme, interval: &dyn Interval) -> Result<()> {
    let error = |name: &'static str, value: &str, requirement: String| {
        Err(Error::Parameter { name, value: value.to_owned(), requirement })
    };
    if !measure.is_of_squares() {
        return error(
            "measure",
            measure.name(),
            "over offset grids squares are averaged, which have no sign and no neighbours of their own; take \
             variance, volatility, annual-volatility or log-variance, or leave `subsample` out"
                .into(),
        );
    }
    if interval.is_asymptotic() || interval.pivot().is_some_and(Pivot::is_studentized) {
        return Ok(());
    }
    match scheme {
        Scheme::Iid | Scheme::Wild => error(
            "interval",
            interval.name(),
            format!(
                "rows that are averaged over offset grids overlap, and drawn one by one ({}) they spread too \
                 little; take studentized-log or asymptotic, or block or stationary by `scheme`",
                scheme.name()
            ),
        ),
        Scheme::Block { .. } | Scheme::Stationary { .. } => Ok(()),
    }
}

/// Refuses blocks of single rows for such returns.
pub(super) fn refuse_short_blocks(scheme: &Scheme) -> Result<()> {
    match scheme.length().filter(|length| *length < 2.0) {
        None => Ok(()),
        Some(length) => Err(Error::Parameter {
            name: "block",
            value: length.to_string(),
            requirement: "rows that are averaged over offset grids overlap with the next, which blocks of \
                          fewer than two tear apart; take 2 or more, or auto"
                .into(),
        }),
    }
}

fn refuse_ends(interval: &dyn Interval, side: Side) -> Result<()> {
    if side == Side::Both || !interval.is_symmetric() {
        return Ok(());
    }
    let equal_tailed = if interval.is_log() { "studentized-log-equal-tailed" } else { "studentized" };
    Err(Error::Parameter {
        name: "interval",
        value: interval.name().to_owned(),
        requirement: format!(
            "it is as far from the estimate on both sides; for one `side` take {equal_tailed}"
        ),
    })
}

fn refuse_interval(measure: &dyn Measure, scheme: &Scheme, interval: &dyn Interval) -> Result<()> {
    let error = |name: &'static str, value: &str, requirement: String| {
        Err(Error::Parameter { name, value: value.to_owned(), requirement })
    };
    let what = measure.name();
    let studentized = interval.pivot().is_some_and(Pivot::is_studentized);
    let blocks = matches!(scheme, Scheme::Block { .. } | Scheme::Stationary { .. });
    let interval_name = interval.name();
    let instead = match scheme {
        _ if measure.needs_neighbours() || blocks => "bc",
        Scheme::Wild => "bca with the scheme iid",
        _ => "bca",
    };

    if blocks && (studentized || interval.is_accelerated()) {
        let reason = if studentized {
            "the standard error of a resample of blocks is no function of column sums"
        } else {
            "its acceleration is of rows that are independent of one another, which blocks do not assume"
        };
        return error("interval", interval_name, format!("{reason}; take bc, basic or percentile"));
    }

    // What is known of the measure.
    if interval.is_asymptotic()
        && let Some(reason) = measure.without_error()
    {
        let requirement = format!("{what} has no standard error: {reason}; take {instead}");
        return error("interval", interval_name, requirement);
    }
    if studentized && let Some(reason) = measure.without_studentizing() {
        let requirement = format!("{what} cannot be studentized: {reason}; take {instead}");
        return error("interval", interval_name, requirement);
    }
    if interval.is_log() && !measure.is_positive() {
        let plain = if interval.is_asymptotic() { "asymptotic" } else { "studentized-symmetric" };
        return error("interval", interval_name, format!("{what} may be negative; take {plain}"));
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::scheme;
    use crate::{interval, measure};

    fn scheme_of(name: &str) -> Scheme {
        let length = ["block", "stationary"].contains(&name).then_some(4.0);
        scheme::by_name(name, length).unwrap()
    }

    /// What goes with averaged returns, as the second table says.
    #[test]
    fn what_does_not_go_with_averages_is_refused() {
        for name in measure::NAMES {
            let of_name = measure::by_name(name, measure::is_of_two(name).then_some(0)).unwrap();
            let is_of_squares =
                ["variance", "volatility", "annual-volatility", "log-variance"].contains(&name);
            for (scheme, row) in
                scheme::NAMES.into_iter().zip(["-----yyyyyy", "-----yyyyyy", "yyyyyyyyyyy", "yyyyyyyyyyy"])
            {
                for (kind, goes) in interval::NAMES.into_iter().zip(row.chars()) {
                    let kind = interval::by_name(kind).unwrap();
                    let refused = refuse_averaged(&*of_name, &scheme_of(scheme), &*kind);
                    assert_eq!(refused.is_ok(), is_of_squares && goes == 'y', "{name}, {scheme}, {kind:?}");
                    let Err(error) = refused else { continue };
                    assert!(error.to_string().contains("take "), "{error}");
                }
            }
        }
        assert!(refuse_short_blocks(&Scheme::Block { length: 1 }).is_err());
        assert!(refuse_short_blocks(&Scheme::Stationary { length: 1.9 }).is_err());
        assert!(refuse_short_blocks(&Scheme::Block { length: 2 }).is_ok());
        assert!(refuse_short_blocks(&Scheme::Iid).is_ok());
    }

    /// What goes together, as the table above says: a letter for each of [`interval::NAMES`].
    #[test]
    fn what_does_not_go_together_is_refused() {
        let table = [
            ("variance", ["yyyyyyyyyyy", "yyyyyyyyyyy", "yyyy-----yy"]),
            ("volatility", ["yyyyyyyyyyy", "yyyyyyyyyyy", "yyyy-----yy"]),
            ("annual-volatility", ["yyyyyyyyyyy", "yyyyyyyyyyy", "yyyy-----yy"]),
            ("log-variance", ["yyyyyyy--y-", "yyyyyyy--y-", "yyyy-----y-"]),
            ("positive-semivariance", ["yyyyy------", "-----------", "yyyy-------"]),
            ("negative-semivariance", ["yyyyy------", "-----------", "yyyy-------"]),
            ("quarticity", ["yyyyyyyyyyy", "yyyyyyyyyyy", "yyyy-----yy"]),
            ("covariance", ["yyyyyyy--y-", "yyyyyyy--y-", "yyyy-----y-"]),
            ("correlation", ["yyyyy----y-", "yyyyy----y-", "yyyy-----y-"]),
            ("beta", ["yyyyy----y-", "yyyyy----y-", "yyyy-----y-"]),
            ("bipower", ["---------yy", "---------yy", "yyyy-----yy"]),
            ("minrv", ["---------yy", "---------yy", "yyyy-----yy"]),
            ("medrv", ["---------yy", "---------yy", "yyyy-----yy"]),
        ];
        assert_eq!(table.map(|(name, _)| name), measure::NAMES);
        for (name, rows) in table {
            let pair = measure::is_of_two(name);
            let of_name = measure::by_name(name, pair.then_some(0)).unwrap();
            for (scheme, row) in scheme::NAMES.into_iter().zip([rows[0], rows[1], rows[2], rows[2]]) {
                assert_eq!(row.len(), interval::NAMES.len());
                for (kind, goes) in interval::NAMES.into_iter().zip(row.chars()) {
                    let check = |scheme: &str, kind: &str| {
                        let kind = interval::by_name(kind).unwrap();
                        refuse(&*of_name, &scheme_of(scheme), &*kind, Side::Both)
                    };
                    let refused = check(scheme, kind);
                    assert_eq!(refused.is_ok(), goes == 'y', "{name}, {scheme}, {kind}");
                    let Err(error) = refused else { continue };
                    // What to take instead goes with the measure, and the scheme or another that is named.
                    let text = error.to_string();
                    let advice = text.rsplit_once("take ").unwrap().1;
                    let named = |name: &&str| advice.split([' ', ',']).any(|word| word == *name);
                    let schemes: Vec<&str> = scheme::NAMES.into_iter().filter(named).collect();
                    let kinds: Vec<&str> = interval::NAMES.into_iter().filter(named).collect();
                    let schemes = if schemes.is_empty() { vec![scheme] } else { schemes };
                    let kinds = if kinds.is_empty() { vec!["percentile"] } else { kinds };
                    let works = |scheme: &&str| kinds.iter().any(|kind| check(scheme, kind).is_ok());
                    assert!(schemes.iter().any(works), "{name}: {text}");
                }
            }
        }
    }
}
