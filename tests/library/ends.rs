//! Ends of intervals against values of NumPy and SciPy: from given resamples (`tests/oracles/ends.py`), and
//! of whole days by every measure, scheme and interval that go together (`tests/oracles/flow.py`).

use std::collections::BTreeMap;

use bellwether::bootstrap::{Bootstrap, Engine, Resources};
use bellwether::interval::distribution::{Distribution, Nothing, Sample};
use bellwether::interval::{self, Estimate, Resampled, Side, Tail};
use bellwether::jiff::civil::date;
use bellwether::jobs::Jobs;
use bellwether::ndarray::Array2;
use bellwether::panel::DayReturns;
use bellwether::resample::scheme;
use bellwether::{interval::corrected, measure};
use serde_json::Value;

/// Ends are met to this, relative to the larger: different libraries' Φ and z, and sums in other orders,
/// differ in the last digits.
const TOLERANCE: f64 = 1e-12;

fn agree(found: [f64; 2], expected: [f64; 2], tolerance: f64) -> bool {
    let finite = |value: f64| if value.is_finite() { value.abs() } else { 0.0 };
    let scale = finite(expected[0]).max(finite(expected[1]));
    found
        .iter()
        .zip(expected)
        .all(|(found, expected)| *found == expected || (found - expected).abs() <= tolerance * scale)
}

/// Numbers, of which the infinite ones are texts.
fn number(value: &Value) -> f64 {
    match value {
        Value::String(text) => text.parse().unwrap(),
        other => other.as_f64().unwrap(),
    }
}

fn numbers(value: &Value) -> Vec<f64> {
    value.as_array().unwrap().iter().map(number).collect()
}

fn side(name: &str) -> Side {
    match name {
        "lower" => Side::Lower,
        "upper" => Side::Upper,
        _ => Side::Both,
    }
}

/// The ends from resamples as they come, by the library's parts.
fn ends(name: &str, estimate: &Estimate, resamples: &[Resampled], tail: &Tail) -> [f64; 2] {
    let interval = interval::by_name(name).unwrap();
    let mut distribution: Box<dyn Distribution> = match interval.pivot() {
        Some(pivot) => {
            let pivots: Vec<f64> = resamples.iter().map(|one| pivot.of(estimate, one)).collect();
            Box::new(Sample::new(&pivots))
        }
        None => Box::new(Nothing),
    };
    interval.ends(estimate, &mut *distribution, tail).map(|end| end.value)
}

#[test]
fn ends_from_resamples_are_those_of_numpy_and_scipy() {
    let golden: Value = serde_json::from_str(include_str!("../golden/ends.json")).unwrap();
    let (mut compared, mut kinds) = (0, BTreeMap::new());
    for case in golden.as_array().unwrap() {
        let errors = numbers(&case["squared_errors"]);
        let resamples: Vec<Resampled> = numbers(&case["values"])
            .into_iter()
            .zip(errors)
            .map(|(value, squared_error)| Resampled { value, squared_error })
            .collect();
        let column: Vec<f64> = numbers(&case["column"]).into_iter().map(|value| -value).collect();
        let estimate = Estimate {
            value: number(&case["estimate"]),
            resampled: number(&case["own"]),
            squared_error: number(&case["squared_error"]),
            acceleration: corrected::acceleration(&column),
        };
        assert!((estimate.acceleration - number(&case["acceleration"])).abs() < 1e-14, "{}", case["name"]);
        for row in case["ends"].as_array().unwrap() {
            let name = row["interval"].as_str().unwrap();
            let wanted = side(row["side"].as_str().unwrap());
            // A single end is that of the equal-tailed form.
            let name = match (name, wanted) {
                ("studentized-log", Side::Lower | Side::Upper) => "studentized-log-equal-tailed",
                (name, _) => name,
            };
            let tail = Tail::new(row["confidence"].as_f64().unwrap(), wanted);
            let mut found = ends(name, &estimate, &resamples, &tail);
            let expected: [f64; 2] = numbers(&row["ends"]).try_into().unwrap();
            match wanted {
                Side::Lower => found[1] = expected[1],
                Side::Upper => found[0] = expected[0],
                Side::Both => {}
            }
            assert!(agree(found, expected, TOLERANCE), "{}, {row}: {found:?}", case["name"]);
            compared += 1;
            *kinds.entry(name).or_insert(0) += 1;
            // The perturbed twin: another confidence. A distribution of few steps may not tell.
            let other = Tail::new(0.7 * tail.confidence, wanted);
            if ends(name, &estimate, &resamples, &other) == found {
                assert!(["ties", "jump", "still"].contains(&case["name"].as_str().unwrap()), "{row}");
            }
        }
    }
    assert!(compared > 400 && kinds.len() == interval::NAMES.len(), "{compared}, {kinds:?}");
}

/// The first stock of each day against the second, as the oracle has them.
fn days() -> BTreeMap<String, Array2<f64>> {
    let mut days: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for line in include_str!("../golden/measures_returns.csv").lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let returns = days.entry(fields[0].to_owned()).or_default();
        returns.extend(fields[1..3].iter().map(|field| field.parse::<f64>().unwrap()));
    }
    let array = |returns: Vec<f64>| Array2::from_shape_vec((returns.len() / 2, 2), returns).unwrap();
    days.into_iter().map(|(name, returns)| (name, array(returns))).collect()
}

/// The ends of the first stock of a day.
fn of_day(row: &[&str], number: i8, returns: &Array2<f64>, seed: u64) -> [f64; 3] {
    let [_, name, scheme, length, interval, ..] = *row else { panic!("{row:?}") };
    let pair = measure::is_of_two(name);
    let measure = measure::by_name(name, pair.then_some(1)).unwrap();
    let scheme = scheme::by_name(scheme, length.parse().ok()).unwrap();
    let bootstrap = Bootstrap::new(99, 0.9, seed).unwrap();
    let bootstrap = bootstrap.with(measure, scheme, vec![interval::by_name(interval).unwrap()]).unwrap();
    let jobs = Jobs::new();
    let resources = Resources { jobs: &jobs, memory: 1 << 26 };
    let day = DayReturns::new(date(2012, 1, 2 + number), returns.clone());
    let found = bootstrap.run(&[day], &mut Engine::Cpu, &resources, &()).unwrap();
    [&found.estimate, found.lower(), found.upper()].map(|array| array[[0, 0]])
}

#[test]
fn every_measure_scheme_and_interval_is_that_of_numpy() {
    const DAYS: [&str; 4] = ["simulated 12", "ticks 12", "jump 78", "simulated 385"];
    let days = days();
    let (mut compared, mut differ) = (0, 0);
    for line in include_str!("../golden/flow.csv").lines().skip(1) {
        let row: Vec<&str> = line.split(',').collect();
        let number = DAYS.iter().position(|day| *day == row[0]).unwrap();
        let returns = &days[row[0]];
        let [estimate, lower, upper] = of_day(&row, number as i8, returns, 5);
        let [expected, ends @ ..] = [row[5], row[6], row[7]].map(|field| field.parse::<f64>().unwrap());
        assert!((estimate - expected).abs() <= TOLERANCE * expected.abs(), "{line}: {estimate}");
        assert!(agree([lower, upper], ends, TOLERANCE), "{line}: {lower}, {upper}");
        compared += 1;
        // The perturbed twin: another seed, where there are draws.
        if compared % 20 == 0 && !row[4].starts_with("asymptotic") {
            let [_, lower, upper] = of_day(&row, number as i8, returns, 6);
            differ += i32::from(!agree([lower, upper], ends, TOLERANCE));
        }
    }
    assert!(compared > 900 && differ > 30, "{compared}, {differ}");
}
