//! What a run says of itself on standard error: what was read, what was computed, how sure it is.

use std::time::Duration;

use crate::bootstrap::{Bootstrap, Ends, Intervals, PanelTimes, Times, short_cells_line};
use crate::cli::device::{grouped, plural};
use crate::cli::report::Report;
use crate::error::bytes;
use crate::figures::upper;
use crate::interval::{Pivot, Side};
use crate::panel::PanelReader;
use crate::random::STREAM_VERSION;
use crate::resample::Scheme;

/// A share as a percentage, without the noise of binary fractions.
pub(super) fn percent(share: f64) -> f64 {
    (share * 1e10).round() / 1e8
}

/// What to say where a tail outside of the interval holds fewer than ten samples, so that the interval's end
/// is a rough estimate.
pub(super) fn few_samples(bootstrap: &Bootstrap) -> Option<String> {
    if bootstrap.draws_of(1) == 0 {
        return None;
    }
    const FEWEST: f64 = 10.0;
    let tail = (1.0 - bootstrap.confidence()) / if bootstrap.tail().side == Side::Both { 2.0 } else { 1.0 };
    let (samples, confidence) = (bootstrap.samples(), percent(bootstrap.confidence()));
    // Without the noise of a confidence that is no binary fraction: 0.99 takes 2000, not 2001.
    let needed = (FEWEST / tail * (1.0 - 1e-9)).ceil();
    if f64::from(samples) >= needed {
        return None;
    }
    // Rounded down, so that it is below ten as told; the little is for tails that are no binary fraction.
    let beyond = (tail * f64::from(samples) * 1e3 + 1e-6).floor() / 1e3;
    let beyond = if beyond < 1.0 { "less than one".into() } else { format!("only {beyond}") };
    let advice = if needed <= f64::from(u32::MAX) {
        format!("-B {needed} puts {FEWEST} there")
    } else {
        "lower --confidence".into()
    };
    Some(format!(
        "{} put {beyond} beyond each end of a {confidence} % interval, which makes the ends rough: {advice}",
        plural(samples.into(), "sample")
    ))
}

/// Tells of days that are too short for a measure. Returns whether they were left out on request: where
/// stocks are on common times.
pub(super) fn short_cells(
    methods: &[Bootstrap],
    found: &[Intervals],
    panel: &PanelReader,
    report: &Report,
) -> bool {
    let mut left_out = false;
    for (method, found) in methods.iter().zip(found).filter(|(_, found)| !found.short.is_empty()) {
        let line = short_cells_line(method, &found.short, panel);
        if panel.has_common_times() {
            report.failure(format!("left out {line}"));
            left_out = true;
        } else {
            report.warning(format!("{line}; they have no interval"));
        }
    }
    left_out
}

/// What was read, what was left out, and what to look at.
pub(in crate::cli) fn load(panel: &PanelReader, report: &Report) {
    let loaded = panel.summary();
    let range = match loaded.range {
        Some((first, last)) if first == last => first.to_string(),
        Some((first, last)) => format!("{first} to {last}"),
        None => "no day".into(),
    };
    report.line(format!(
        "read {} from {} ({}): {}, {}, {range}",
        plural(loaded.prices as u64, "price"),
        plural(loaded.files as u64, "file"),
        bytes(loaded.bytes),
        plural(panel.stocks().len() as u64, "stock"),
        plural(loaded.days as u64, "day"),
    ));
    loaded.understood.iter().for_each(|line| report.line(format!("read {line}")));
    loaded.steps.iter().for_each(|line| report.line(line));
    for warning in &loaded.warnings {
        report.warning(warning);
    }
    for line in loaded.left_out() {
        report.failure(format!("left out {line}"));
    }
}

/// The time of each phase, in seconds.
pub(super) fn times(
    load: Duration,
    start: Duration,
    found: &[Intervals],
    write: Duration,
    gpu: bool,
) -> String {
    let sum =
        |of: fn(&Times) -> Duration| found.iter().map(|intervals| of(&intervals.times)).sum::<Duration>();
    let times = Times {
        wall: sum(|one| one.wall),
        resample: sum(|one| one.resample),
        quantiles: sum(|one| one.quantiles),
    };
    let seconds = |duration: Duration| format!("{:.3} s", duration.as_secs_f64());
    let resample = if gpu { "on the device" } else { "of thread time" };
    format!(
        "time: load {}, device start {}, resample and quantiles {} (resample {} {resample}, quantiles {} of \
         thread time), write {}",
        seconds(load),
        seconds(start),
        seconds(times.wall),
        seconds(times.resample),
        seconds(times.quantiles),
        seconds(write)
    )
}

/// How the intervals came about, and how sure they are.
pub(super) fn method(
    methods: &[Bootstrap],
    found: &[Intervals],
    times: &PanelTimes,
    device: &str,
    report: &Report,
) {
    let Some(first) = methods.first() else { return };
    if times.draws > 0 {
        report.line(format!(
            "drew {} samples for each day, {} returns, on {device}; stream version {STREAM_VERSION}, seed {}",
            grouped(first.samples().into()),
            grouped(times.draws),
            first.seed()
        ));
    } else {
        report.line("drew no samples");
    }
    for (method, found) in methods.iter().zip(found) {
        let names: Vec<&str> = method.intervals().iter().map(|interval| interval.name()).collect();
        let error = upper(found.relative_error, 1);
        let error = match (method.is_exact(), times.draws > 0) {
            (true, _) => {
                format!("of infinitely many samples; stated error of any end at most {error} of the estimate")
            }
            (_, true) => format!(
                "rounding error of any resampled sum at most {error} of itself, or of the day's without \
                 its five \
                 largest rows where that is larger"
            ),
            _ => "no draws are needed".into(),
        };
        let measure = if methods.len() > 1 { format!(" of {}", found.name) } else { String::new() };
        report.line(format!(
            "{} intervals{measure} of confidence {} for {} cells; {error}",
            names.join(", "),
            method.confidence(),
            grouped(found.count() as u64),
        ));
        for ends in &found.ends {
            let name = if found.ends.len() > 1 {
                format!("{} intervals", ends.interval)
            } else {
                "intervals".into()
            };
            if let Some(line) = monte_carlo(method, ends) {
                report.line(format!("Monte Carlo error of the ends of {name}{measure}: {line}"));
            }
            if let Some(line) = distance(ends) {
                report.line(format!("from infinitely many samples, ends of {name}{measure} are {line}"));
            }
        }
        advice(method, found, report);
    }
}

/// Shares of the widths of intervals, sorted, of figures of their ends. Intervals without width are left out.
fn shares(ends: &Ends, figures: [&ndarray::Array2<f64>; 2]) -> Vec<f64> {
    let widths = ends.upper.iter().zip(&ends.lower).map(|(upper, lower)| upper - lower);
    let figures = figures[0].iter().zip(figures[1]);
    let shares = widths.zip(figures).filter(|(width, _)| *width > 0.0 && width.is_finite());
    let mut shares: Vec<f64> = shares
        .flat_map(|(width, (lower, upper))| [lower / width, upper / width])
        .filter(|share| !share.is_nan())
        .collect();
    shares.sort_unstable_by(f64::total_cmp);
    shares
}

/// A share as a percentage of two figures.
fn percentage(share: f64) -> String {
    let percent = 100.0 * share;
    if percent >= 9.95 {
        format!("{percent:.0} %")
    } else if percent >= 0.095 {
        format!("{percent:.1} %")
    } else {
        format!("{percent:.1e} %")
    }
}

/// The standard errors of ends because of the number of resamples, as shares of the widths.
fn monte_carlo(method: &Bootstrap, ends: &Ends) -> Option<String> {
    const ENOUGH: f64 = 0.01;
    if method.is_exact() || method.tail().side != Side::Both {
        return None;
    }
    let shares = shares(ends, [&ends.lower_error, &ends.upper_error]);
    let (median, worst) = (*shares.get(shares.len() / 2)?, *shares.last()?);
    if worst == 0.0 {
        return None;
    }
    // Errors fall with the root of B; told in two figures, rounded up.
    let needed = f64::from(method.samples()) * (median / ENOUGH).powi(2);
    let magnitude = 10f64.powf(needed.log10().floor() - 1.0);
    let needed = (needed / magnitude).ceil() * magnitude;
    let advice = if median <= ENOUGH || needed > f64::from(u32::MAX) {
        String::new()
    } else {
        format!("; -B {needed:.0} brings the median below 1 %")
    };
    Some(format!("median {}, worst {} of the width{advice}", percentage(median), percentage(worst)))
}

/// How far ends are from those of infinitely many resamples.
fn distance(ends: &Ends) -> Option<String> {
    let [lower, upper] = ends.exact.as_ref()?;
    let [lower_off, upper_off] = [&ends.lower - lower, &ends.upper - upper].map(|off| off.mapv(f64::abs));
    let of_width = shares(ends, [&lower_off, &upper_off]);
    let standardized = lower_off.iter().zip(&ends.lower_error).chain(upper_off.iter().zip(&ends.upper_error));
    let standardized: Vec<f64> = standardized
        .filter(|(_, error)| **error > 0.0 && error.is_finite())
        .map(|(off, error)| off / error)
        .collect();
    let root = (standardized.iter().map(|z| z * z).sum::<f64>() / standardized.len().max(1) as f64).sqrt();
    let (median, worst) = (*of_width.get(of_width.len() / 2)?, *of_width.last()?);
    Some(format!(
        "off by {} of the width at the median and {} at worst, {root:.2} Monte Carlo errors (root mean \
         square)",
        percentage(median),
        percentage(worst)
    ))
}

/// Which interval to take instead, where there is a better one.
fn advice(method: &Bootstrap, found: &Intervals, report: &Report) {
    let studentizes = method.measure().studentize().is_some() && method.measure().is_positive();
    let none_is_right = method
        .intervals()
        .iter()
        .all(|one| !one.is_asymptotic() && !one.pivot().is_some_and(Pivot::is_studentized));
    if *method.scheme() == Scheme::Wild && none_is_right {
        report.warning(
            "wild resamples spread by 36 % of the estimate's variance (6/25 against 2/3 of the sum of \
             fourth powers), so \
             that these intervals are too narrow; take a studentized one",
        );
        return;
    }
    if studentizes && none_is_right && !method.is_exact() {
        report.line(format!(
            "these intervals are of the resampled {}; to hold the integrated one about as often as they \
             say, take \
             --interval studentized-log",
            found.name
        ));
    }
}
