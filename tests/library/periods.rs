//! Weeks, months and all days together: what their intervals are of, and what they do not depend on; and
//! intervals of infinitely many resamples beside those of many.

use std::path::PathBuf;
use std::sync::Arc;

use bellwether::bootstrap::{Bootstrap, Engine, Intervals, Period, Resources, run_panel};
use bellwether::interval::position::tail_levels;
use bellwether::interval::tails::quantiles;
use bellwether::interval::{self, Percentile};
use bellwether::jobs::Jobs;
use bellwether::measure;
use bellwether::ndarray::{Array1, Array2};
use bellwether::panel::{DayReturns, LoadOptions, PanelReader, load};
use bellwether::resample::{Scheme, scheme};

fn sample() -> PathBuf {
    [env!("CARGO_MANIFEST_DIR"), "data", "sample"].iter().collect()
}

fn days() -> Vec<DayReturns> {
    load(&[sample()], &LoadOptions::default(), &Jobs::new()).unwrap().panel.returns().days
}

fn method(name: &str, scheme: Scheme, intervals: &[&str], samples: u32) -> Bootstrap {
    let pair = measure::is_of_two(name);
    let intervals = intervals.iter().map(|name| interval::by_name(name).unwrap()).collect();
    let measure = measure::by_name(name, pair.then_some(0)).unwrap();
    Bootstrap::new(samples, 0.9, 3).unwrap().with(measure, scheme, intervals).unwrap()
}

fn run(bootstrap: &Bootstrap, days: &[DayReturns]) -> Intervals {
    let jobs = Jobs::new();
    let resources = Resources { jobs: &jobs, memory: 1 << 28 };
    bootstrap.run(days, &mut Engine::Cpu, &resources, &()).unwrap()
}

/// A period of one day is that day, in every measure and by every scheme.
#[test]
fn a_period_of_one_day_is_the_day() {
    let day = &days()[..1];
    for name in measure::NAMES {
        for scheme in scheme::NAMES {
            let length = ["block", "stationary"].contains(&scheme).then_some(7.0);
            let scheme = scheme::by_name(scheme, length).unwrap();
            for kind in interval::NAMES {
                let intervals = vec![interval::by_name(kind).unwrap()];
                let pair = measure::is_of_two(name);
                let measure = measure::by_name(name, pair.then_some(0)).unwrap();
                let Ok(daily) = Bootstrap::new(99, 0.9, 3).unwrap().with(measure, scheme, intervals) else {
                    continue;
                };
                let Ok(all) = daily.clone().by(Period::All) else { continue };
                let (daily, all) = (run(&daily, day), run(&all, day));
                assert_eq!(daily.estimate, all.estimate, "{name}, {scheme:?}, {kind}");
                // Ends that rounding alone moved past the estimate are the estimate, of a day.
                for (one, other) in [(daily.lower(), all.lower()), (daily.upper(), all.upper())] {
                    assert_eq!(one, other, "{name}, {scheme:?}, {kind}");
                }
            }
        }
    }
}

/// Resample b of a period is the sum of its days' resamples b.
#[test]
fn a_month_is_the_sum_of_its_days() {
    let days = days();
    for scheme in [Scheme::Iid, Scheme::Block { length: 9 }] {
        let daily = method("variance", scheme, &["percentile"], 500);
        let found = run(&daily.clone().by(Period::Month).unwrap(), &days);
        assert_eq!(found.dates.len(), 1);
        assert_eq!(found.dates[0].to_string(), "2007-01-01");
        let of_days: Vec<_> = days.iter().map(|day| daily.resampled(day).unwrap()).collect();
        for stock in 0..found.cells.len() {
            let zero = Array1::<f64>::zeros(500);
            let sums = of_days.iter().fold(zero, |sum, day| sum + day.column(stock));
            let keys: Vec<u64> = sums.iter().copied().map(interval::key).collect();
            let expected = quantiles(&keys, tail_levels(0.9), interval::number);
            assert_eq!([found.lower()[[0, stock]], found.upper()[[0, stock]]], expected, "{scheme:?}");
            let rv: f64 = days.iter().map(|day| day.returns.column(stock).mapv(|r| r * r).sum()).sum();
            assert!((found.estimate[[0, stock]] / rv - 1.0).abs() < 1e-13);
        }
        // The perturbed twin: a day less.
        assert_ne!(run(&daily.by(Period::Month).unwrap(), &days[1..]).lower(), found.lower());
    }
}

/// Time is measured in periods: of D days of equally many rows the quarticity is D times the sum of the
/// days', and 2/n times it is the squared standard error of the period's variance.
#[test]
fn the_quarticity_is_in_units_of_the_period() {
    let days = days();
    let rows = days[0].returns.nrows();
    let days: Vec<DayReturns> = days.into_iter().filter(|day| day.returns.nrows() == rows).collect();
    let count = days.len() as f64;
    let daily = method("quarticity", Scheme::Iid, &["percentile"], 9);
    let of_days = run(&daily, &days).estimate;
    let of_all = run(&daily.by(Period::All).unwrap(), &days).estimate;
    let variance = method("variance", Scheme::Iid, &["asymptotic"], 9).by(Period::All).unwrap();
    let variance = run(&variance, &days);
    for cell in 0..of_all.ncols() {
        let sum = of_days.column(cell).sum();
        assert!((of_all[[0, cell]] / (count * sum) - 1.0).abs() < 1e-12, "{count} days");
        // 1.6448536269514722 is the standard normal's quantile at .95.
        let error = (variance.upper()[[0, cell]] - variance.estimate[[0, cell]]) / 1.644_853_626_951_472_2;
        let expected = (2.0 / (count * rows as f64) * of_all[[0, cell]]).sqrt();
        assert!((error / expected - 1.0).abs() < 1e-9, "{error}, {expected}");
    }
    assert!(count > 10.0);
}

/// Standard errors of the variance add over days, too.
#[test]
fn weeks_are_studentized() {
    let kinds = ["studentized", "studentized-log", "asymptotic"];
    let weekly = method("variance", Scheme::Iid, &kinds, 2000).by(Period::Week).unwrap();
    let found = run(&weekly, &days());
    let mondays = ["2007-01-01", "2007-01-08", "2007-01-15", "2007-01-22", "2007-01-29"];
    assert_eq!(found.dates.iter().map(ToString::to_string).collect::<Vec<_>>(), mondays);
    for ends in &found.ends {
        for (at, estimate) in found.estimate.indexed_iter() {
            assert!(ends.lower[at] < *estimate && *estimate < ends.upper[at], "{}", ends.interval);
        }
    }
    // Of the volatility they do not add.
    let refused = method("volatility", Scheme::Iid, &kinds, 99).by(Period::Week).unwrap_err().to_string();
    assert!(refused.contains("take percentile"), "{refused}");
}

/// Periods go on over the blocks of days that a panel is read in.
#[test]
fn memory_does_not_matter_to_periods() {
    let with = |memory: u64| {
        let jobs = Jobs::new().threads(1).unwrap();
        let mut panel = PanelReader::open(&[sample()], &LoadOptions::default(), memory, &jobs).unwrap();
        let blocks = panel.blocks();
        let methods = [
            method("variance", Scheme::Iid, &["percentile", "bca"], 100).by(Period::Week).unwrap(),
            method("variance", Scheme::Iid, &["percentile"], 100),
            method("beta", Scheme::Wild, &["percentile"], 100).by(Period::All).unwrap(),
        ];
        let resources = Resources { jobs: &jobs, memory };
        let (found, _) = run_panel(&methods, &mut panel, &mut Engine::Cpu, &resources, &()).unwrap();
        let tables: Vec<_> = found.into_iter().map(|one| (one.dates, one.estimate, one.ends)).collect();
        (blocks, tables)
    };
    let (one, whole) = with(1 << 28);
    let (many, cut) = with(600 << 10);
    assert!(one == 1 && many > 2, "{one}, {many}");
    for ((dates, estimate, ends), (other_dates, other_estimate, other_ends)) in whole.iter().zip(&cut) {
        assert_eq!(dates, other_dates);
        assert_eq!(estimate, other_estimate);
        assert_eq!(ends, other_ends);
    }
    assert_eq!(whole.iter().map(|(dates, ..)| dates.len()).collect::<Vec<_>>(), [5, 21, 1]);
}

/// Ends of resamples spread about the exact ones as their Monte Carlo errors say.
#[test]
fn many_resamples_come_near_infinitely_many() {
    let kinds = ["percentile", "basic", "normal", "bc", "bca"];
    for (name, scheme, period) in [
        ("variance", Scheme::Iid, Period::Day),
        ("quarticity", Scheme::Iid, Period::Day),
        ("positive-semivariance", Scheme::Iid, Period::Day),
        ("variance", Scheme::Wild, Period::Day),
        ("variance", Scheme::Iid, Period::Week),
    ] {
        let both = method(name, scheme, &kinds, 20_000).by(period).unwrap().against_exact(true).unwrap();
        let found = run(&both, &days());
        for ends in &found.ends {
            let [lower, upper] = ends.exact.as_ref().unwrap();
            let distances = |found: &Array2<f64>, exact, errors| -> Vec<f64> {
                let pairs = found.iter().zip::<&Array2<f64>>(exact);
                pairs.zip::<&Array2<f64>>(errors).map(|((a, b), e)| (a - b) / e).collect()
            };
            let z = [
                distances(&ends.lower, lower, &ends.lower_error),
                distances(&ends.upper, upper, &ends.upper_error),
            ]
            .concat();
            let root = (z.iter().map(|z| z * z).sum::<f64>() / z.len() as f64).sqrt();
            let worst = z.iter().fold(0.0, |worst: f64, z| worst.max(z.abs()));
            // Errors from two order statistics are rough themselves.
            assert!(root < 1.5 && worst < 6.75, "{name} {scheme:?} {}: {root}, {worst}", ends.interval);
            assert!(root > 0.5, "{name} {scheme:?} {}: {root}", ends.interval);
        }
    }
    // The perturbed twin: another confidence is far away.
    let at = |confidence: f64| {
        let exact = Bootstrap::exact(confidence).unwrap();
        run(
            &exact
                .with(measure::by_name("variance", None).unwrap(), Scheme::Iid, vec![Arc::new(Percentile)])
                .unwrap(),
            &days()[..1],
        )
    };
    let (wide, narrow) = (at(0.99), at(0.9));
    assert!(wide.lower()[[0, 0]] < narrow.lower()[[0, 0]] && wide.upper()[[0, 0]] > narrow.upper()[[0, 0]]);
    assert!(wide.relative_error < 1e-6);
}
