//! The driver's tests: rounding, pairs, single ends, what does not depend on each other.

use jiff::civil::date;

use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use ndarray::Axis;

use super::run::around;
use super::*;
use crate::columns::plan_columns;
use crate::interval::{Quantile, Studentized};

fn intervals(returns: Vec<f64>, confidence: f64) -> Intervals {
    let returns = Array2::from_shape_vec((returns.len(), 1), returns).unwrap();
    let days = [DayReturns::new(Date::new(2007, 1, 3).unwrap(), returns)];
    let jobs = Jobs::new();
    let resources = Resources { jobs: &jobs, memory: 1 << 26 };
    Bootstrap::new(200, confidence, 0).unwrap().run(&days, &mut Engine::Cpu, &resources, &()).unwrap()
}

/// All resamples of equal squared returns are equal to RV in exact arithmetic.
#[test]
fn rounding_does_not_move_the_variance_out_of_its_interval() {
    for (n, r) in [(1, 0.1), (3, 1e-3 / 3.0), (78, 7.7e-4), (385, 0.001_234_567), (2500, -3.1e-9)] {
        let sign = |row: usize| if row.is_multiple_of(2) { r } else { -r };
        let intervals = intervals((0..n).map(sign).collect(), 0.99);
        let rv = intervals.estimate[[0, 0]];
        let (lower, upper) = (intervals.lower()[[0, 0]], intervals.upper()[[0, 0]]);
        assert!(lower <= rv && rv <= upper, "{n} returns of {r}: {rv} in {lower} to {upper}");
        // Both ends are rounded to the same number before.
        assert!(lower == rv || upper == rv);
        assert!(upper - lower <= 1e-6 * rv);
    }
    // Most of 200 resamples draw the only return that is not zero once or twice, or never: not rounding,
    // so left alone.
    let one = intervals([vec![0.3], vec![0.0; 9]].concat(), 0.5);
    assert!(one.lower()[[0, 0]] < one.estimate[[0, 0]] / 2.0, "{one:?}");
    let column = |values: Vec<f64>| {
        let values = Array2::from_shape_vec((values.len(), 1), values).unwrap();
        plan_columns(&values).unwrap().remove(0)
    };
    let column = column(vec![0.25; 385]);
    let far = column.sum + 2.0 * column.rounding + 1e-12 * column.sum;
    for end in [far, 0.0].map(Quantile::certain) {
        let sum = [column.sum, column.rounding];
        assert_eq!(around(sum, 385, [end, end], |sum| sum), [end, end]);
    }
}

/// Days of correlated returns, from the random stream.
fn days(count: i8, stocks: usize) -> Vec<DayReturns> {
    let stream = |day: i8, stock: usize| crate::random::Stream {
        seed: 5,
        purpose: crate::random::Purpose::Simulation,
        day: day as u32,
        sample: stock as u32,
    };
    let uniform = |day: i8, stock: usize, row: usize| {
        f64::from(stream(day, stock).word(row as u32, 0)) / 2f64.powi(32) - 0.5
    };
    let returns = |day: i8| {
        Array2::from_shape_fn((78, stocks), |(row, stock)| {
            1e-3 * (uniform(day, 1000, row) + uniform(day, stock, row))
        })
    };
    (1..=count).map(|day| DayReturns::new(date(2007, 1, day), returns(day))).collect()
}

fn of_measure(name: &str, against: usize, days: &[DayReturns]) -> Intervals {
    let jobs = Jobs::new();
    let resources = Resources { jobs: &jobs, memory: 1 << 26 };
    let measure = crate::measure::by_name(name, Some(against)).unwrap();
    let bootstrap =
        Bootstrap::new(300, 0.9, 1).unwrap().with(measure, Scheme::Iid, vec![Arc::new(Percentile)]).unwrap();
    bootstrap.run(days, &mut Engine::Cpu, &resources, &()).unwrap()
}

#[test]
fn stocks_that_are_left_out_or_moved_change_no_pair() {
    let all = days(3, 4);
    // Stocks 2 and 0 of the four, in this order: the cell of 2 against 0 is the first of two.
    let few: Vec<DayReturns> =
        all.iter().map(|day| DayReturns::new(day.date, day.returns.select(Axis(1), &[2, 0]))).collect();
    for name in ["covariance", "correlation", "beta"] {
        let (of_all, of_few) = (of_measure(name, 0, &all), of_measure(name, 1, &few));
        assert_eq!((of_all.cells.clone(), of_few.cells.clone()), (vec![1, 2, 3], vec![0]));
        for day in 0..3 {
            for (all, few) in [
                (&of_all.estimate, &of_few.estimate),
                (of_all.lower(), of_few.lower()),
                (of_all.upper(), of_few.upper()),
            ] {
                assert_eq!(all[[day, 1]].to_bits(), few[[day, 0]].to_bits(), "{name}");
                assert!(all[[day, 0]].to_bits() != few[[day, 0]].to_bits(), "{name}");
            }
            assert!(of_all.lower()[[day, 1]] < of_all.upper()[[day, 1]]);
        }
    }
}

#[test]
fn correlations_lie_within_one_and_of_equal_returns_are_one() {
    let mut days = days(2, 3);
    let first = days[0].returns.column(0).to_owned();
    days[0].returns.column_mut(1).assign(&first);
    days[0].returns.column_mut(2).assign(&(-first));
    let found = of_measure("correlation", 0, &days);
    let within = |array: &Array2<f64>| array.iter().all(|value| (-1.0..=1.0).contains(value));
    assert!(within(&found.estimate) && within(found.lower()) && within(found.upper()));
    for (cell, one) in [(0, 1.0), (1, -1.0)] {
        for array in [&found.estimate, found.lower(), found.upper()] {
            assert!((array[[0, cell]] - one).abs() < 3e-6, "{}", array[[0, cell]]);
        }
    }
}

#[test]
fn an_observer_can_end_the_run() {
    struct Impatient(AtomicU64);
    impl Observer for Impatient {
        fn drawn(&self, draws: u64) -> ControlFlow<()> {
            if self.0.fetch_add(draws, Ordering::Relaxed) > 1_000_000 {
                return ControlFlow::Break(());
            }
            ControlFlow::Continue(())
        }
    }
    let jobs = Jobs::new().threads(1).unwrap();
    let resources = Resources { jobs: &jobs, memory: 1 << 26 };
    // Some 10¹³ draws, which no test would wait for.
    let bootstrap = Bootstrap::new(u32::MAX, 0.999_999, 0).unwrap();
    let observer = Impatient(AtomicU64::new(0));
    let ended = bootstrap.run(&days(9, 4), &mut Engine::Cpu, &resources, &observer);
    assert!(matches!(ended, Err(Error::Cancelled)), "{ended:?}");
    assert!(observer.0.into_inner() < 10_000_000);
}

#[test]
fn intervals_without_a_standard_error_are_refused() {
    let bootstrap = Bootstrap::new(300, 0.9, 1).unwrap();
    let beta = crate::measure::by_name("beta", Some(0)).unwrap();
    let refused =
        bootstrap.with(beta, Scheme::Iid, vec![Arc::new(Studentized::EQUAL_TAILED)]).unwrap_err().to_string();
    assert!(refused.contains("take bca"), "{refused}");
}

#[test]
fn appended_days_keep_the_larger_error_and_the_sum_of_the_times() {
    let intervals = |day: i8, relative_error: f64, seconds: u64| {
        let mut one = Intervals::empty("rv", vec![0, 1], vec![date(2007, 1, day)], &["percentile"]);
        one.estimate = Array2::from_elem((1, 2), f64::from(day));
        one.relative_error = relative_error;
        one.times = Times {
            wall: Duration::from_secs(seconds),
            resample: Duration::from_secs(2 * seconds),
            quantiles: Duration::from_secs(3 * seconds),
        };
        one
    };
    // The larger error comes first, and last.
    for (one, other) in [(1e-9, 1e-12), (1e-12, 1e-9)] {
        let mut all = intervals(3, one, 1);
        all.append(&intervals(4, other, 10)).unwrap();
        assert_eq!(all.relative_error, 1e-9);
        assert_eq!(all.dates, [date(2007, 1, 3), date(2007, 1, 4)]);
        assert_eq!(all.estimate, ndarray::array![[3.0, 3.0], [4.0, 4.0]]);
        let [wall, resample, quantiles] = [all.times.wall, all.times.resample, all.times.quantiles];
        assert_eq!([wall, resample, quantiles].map(|time| time.as_secs()), [11, 22, 33]);
    }
    let mut narrow = intervals(3, 0.0, 1);
    narrow.ends[0].lower = Array2::zeros((1, 3));
    assert!(narrow.append(&intervals(4, 0.0, 1)).is_err());
}

fn of_intervals(names: &[&str], scheme: Scheme, side: Side, samples: u32) -> Result<Intervals> {
    let jobs = Jobs::new();
    let resources = Resources { jobs: &jobs, memory: 1 << 26 };
    let kinds = names.iter().map(|name| crate::interval::by_name(name).unwrap()).collect();
    let measure = crate::measure::by_name("variance", None).unwrap();
    let bootstrap = Bootstrap::new(samples, 0.9, 1)?.with(measure, scheme, kinds)?.side(side)?;
    bootstrap.run(&days(2, 2), &mut Engine::Cpu, &resources, &())
}

/// Several intervals of one set of draws are what each is alone, with details and without.
#[test]
fn intervals_do_not_depend_on_each_other() {
    let names = crate::interval::NAMES;
    let together = of_intervals(&names, Scheme::Iid, Side::Both, 500).unwrap();
    for (name, together) in names.iter().zip(&together.ends) {
        let alone = of_intervals(&[name], Scheme::Iid, Side::Both, 500).unwrap();
        assert_eq!(together, &alone.ends[0], "{name}");
        assert_eq!(together.interval, *name);
        assert!(alone.lower()[[1, 1]] < alone.estimate[[1, 1]], "{name}");
        assert!(alone.estimate[[1, 1]] < alone.upper()[[1, 1]], "{name}");
    }
    // The perturbed twin: another seed, in the form of other samples.
    let other = of_intervals(&names, Scheme::Iid, Side::Both, 499).unwrap();
    for (one, other) in
        together.ends.iter().zip(&other.ends).filter(|(one, _)| !one.interval.contains("asym"))
    {
        assert_ne!(one.upper, other.upper, "{}", one.interval);
    }
}

/// A single end at confidence .95 is the end of both at .9.
#[test]
fn single_ends_are_those_of_twice_the_tail() {
    for name in crate::interval::NAMES {
        let both = of_intervals(&[name], Scheme::Iid, Side::Both, 400).unwrap();
        for side in [Side::Lower, Side::Upper] {
            let one = of_intervals(&[name], Scheme::Iid, side, 400);
            if crate::interval::by_name(name).unwrap().is_symmetric() {
                assert!(one.unwrap_err().to_string().contains("on both sides"), "{name}");
                continue;
            }
            let jobs = Jobs::new();
            let resources = Resources { jobs: &jobs, memory: 1 << 26 };
            let kinds = vec![crate::interval::by_name(name).unwrap()];
            let bootstrap = Bootstrap::new(400, 0.95, 1).unwrap();
            let bootstrap = bootstrap.with(Arc::new(Variance), Scheme::Iid, kinds).unwrap();
            let one =
                bootstrap.side(side).unwrap().run(&days(2, 2), &mut Engine::Cpu, &resources, &()).unwrap();
            let (kept, open, expected, infinite) = match side {
                Side::Lower => (one.lower(), one.upper(), both.lower(), f64::INFINITY),
                _ if name.contains("log") => (one.upper(), one.lower(), both.upper(), 0.0),
                _ => (one.upper(), one.lower(), both.upper(), f64::NEG_INFINITY),
            };
            assert!(open.iter().all(|end| *end == infinite), "{name}");
            assert!(kept.iter().zip(expected).all(|(one, both)| (one / both - 1.0).abs() < 1e-12), "{name}");
        }
    }
}

#[test]
fn details_are_those_of_the_held_resamples() {
    let jobs = Jobs::new();
    let resources = Resources { jobs: &jobs, memory: 1 << 26 };
    let mut days = days(2, 2);
    days[1].returns[[3, 1]] = 0.0;
    let bootstrap = Bootstrap::new(700, 0.9, 1).unwrap().details(true).unwrap();
    let found = bootstrap.run(&days, &mut Engine::Cpu, &resources, &()).unwrap();
    let details = found.details.as_ref().unwrap();
    let resampled = bootstrap.resampled(&days[1]).unwrap();
    let mean = resampled.column(1).mean().unwrap();
    let deviation = resampled.column(1).std(1.0);
    assert!((details.standard_error[[1, 1]] / deviation - 1.0).abs() < 1e-12);
    assert!((details.bias[[1, 1]] - (mean - found.estimate[[1, 1]])).abs() < 1e-6 * mean);
    assert_eq!(details.rows[[1, 1]], 78);
    assert_eq!((details.zeros[[1, 1]], details.zeros[[0, 1]]), (1.0 / 78.0, 0.0));
    let squares = days[1].returns.column(1).mapv(|r| r * r);
    let largest = squares.iter().copied().fold(0.0, f64::max) / squares.sum();
    assert!((details.largest[[1, 1]] - largest).abs() < 1e-15);
    let without = Bootstrap::new(700, 0.9, 1).unwrap().run(&days, &mut Engine::Cpu, &resources, &()).unwrap();
    assert_eq!(without.ends, found.ends);
}
