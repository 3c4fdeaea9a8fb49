//! Cleaning, sampling and refresh times against pandas (`tests/oracles/clean.py`).

use std::collections::BTreeMap;
use std::fs;
use std::num::NonZeroU64;

use bellwether::jiff::civil::Date;
use bellwether::jobs::Jobs;
use bellwether::panel::{
    Align, Cleaning, Counts, DayTicks, Duplicates, Every, HalfDays, LoadOptions, Sampling, Session, load,
    parse_date, refresh_prices, refresh_times,
};

/// The lines of a golden file, without its head, in fields.
fn golden(name: &str) -> Vec<Vec<String>> {
    let path = format!("{}/tests/golden/{name}.csv", env!("CARGO_MANIFEST_DIR"));
    let text = fs::read_to_string(path).unwrap();
    text.lines().skip(1).map(|line| line.split(',').map(str::to_owned).collect()).collect()
}

/// The simulated ticks, by the name of their series.
fn series() -> BTreeMap<String, DayTicks> {
    let mut series: BTreeMap<String, (Vec<u64>, Vec<f64>)> = BTreeMap::new();
    for line in golden("clean_ticks") {
        let (times, prices) = series.entry(line[0].clone()).or_default();
        times.push(line[1].parse().unwrap());
        prices.push(line[2].parse().unwrap());
    }
    series.into_iter().map(|(name, (times, prices))| (name, DayTicks::new(times, prices).unwrap())).collect()
}

/// What a case does to the ticks of a day.
struct Case {
    date: Date,
    cleaning: Cleaning,
    every: Option<Every>,
    session: Option<Session>,
    subsample: NonZeroU64,
    grid: usize,
}

impl Case {
    fn new(spec: &str) -> Self {
        let mut case = Self {
            date: parse_date("2018-01-02").unwrap(),
            cleaning: Cleaning::default(),
            every: None,
            session: None,
            subsample: NonZeroU64::MIN,
            grid: 0,
        };
        // Ticks of one time are an error unless a case says what to do with them; the other series have none.
        for setting in spec.split_whitespace() {
            let (name, value) = setting.split_once('=').unwrap();
            let cleaning = case.cleaning.clone();
            match name {
                "date" => case.date = parse_date(value).unwrap(),
                "session" => {
                    case.session = Some(value.parse().unwrap());
                    case.cleaning = cleaning.session(value.parse().unwrap());
                }
                "half_days" => {
                    let half_days = match value {
                        "short" => HalfDays::Short,
                        "drop" => HalfDays::Drop,
                        other => panic!("half days {other}"),
                    };
                    case.cleaning = cleaning.half_days(half_days);
                }
                "duplicates" => {
                    let duplicates = match value {
                        "last" => Duplicates::Last,
                        "mean" => Duplicates::Mean,
                        "median" => Duplicates::Median,
                        other => panic!("duplicates {other}"),
                    };
                    case.cleaning = cleaning.duplicates(duplicates);
                }
                "outliers" => case.cleaning = cleaning.outliers(value.replace('/', ",").parse().unwrap()),
                "every" => case.every = Some(value.parse().unwrap()),
                "subsample" => case.subsample = value.parse().unwrap(),
                "grid" => case.grid = value.parse().unwrap(),
                other => panic!("setting {other}"),
            }
        }
        case
    }

    fn apply(&self, mut ticks: DayTicks) -> (DayTicks, Counts) {
        let (mut counts, rows) = (Counts::default(), ticks.len());
        self.cleaning.clean(self.date, &mut ticks, &mut counts).unwrap();
        assert_eq!((counts.rows, counts.kept()), (rows as u64, ticks.len() as u64));
        let Some(every) = self.every else { return (ticks, counts) };
        let sampling = Sampling::new(every, self.session).unwrap().subsample(self.subsample).unwrap();
        let mut grids = sampling.subsamples(&ticks, self.cleaning.early_close(self.date));
        assert_eq!(grids.len() as u64, self.subsample.get());
        assert_eq!(grids[0], sampling.sample(&ticks, self.cleaning.early_close(self.date)));
        (grids.swap_remove(self.grid), counts)
    }
}

#[test]
fn cleaned_and_sampled_ticks_are_those_of_pandas() {
    let series = series();
    let mut expected: BTreeMap<String, Vec<(u64, f64)>> = BTreeMap::new();
    for line in golden("clean") {
        expected
            .entry(line[0].clone())
            .or_default()
            .push((line[1].parse().unwrap(), line[2].parse().unwrap()));
    }
    let cases = golden("clean_cases");
    assert!(cases.len() > 50);
    let mut all = Counts::default();
    for line in cases {
        let [number, name, spec] = &line[..] else { panic!("{line:?}") };
        let case = Case::new(spec);
        let (ticks, counts) = case.apply(series[name].clone());
        let expected = expected.remove(number).unwrap_or_default();
        let times: Vec<u64> = expected.iter().map(|(time, _)| *time).collect();
        assert_eq!(ticks.times(), times, "{name}: {spec}");
        for (price, (time, expected)) in ticks.prices().iter().zip(expected) {
            // Means are summed in another order; all others are prices, or means of two.
            let tolerance = if spec.contains("mean") { 1e-12 * expected } else { 0.0 };
            assert!(
                (price - expected).abs() <= tolerance,
                "{name}: {spec}: {price}, not {expected}, at {time}"
            );
        }
        all += counts;
    }
    assert!(expected.is_empty());
    // Every step had something to do.
    assert!(
        [all.session, all.half_days, all.duplicates, all.outliers].iter().all(|taken| *taken > 0),
        "{all:?}"
    );
}

/// The realized variance of prices.
fn variance(prices: &[f64]) -> f64 {
    prices.windows(2).map(|pair| (pair[1] / pair[0]).ln().powi(2)).sum()
}

/// From a file to averaged returns: their realized variance is the mean over the grids, of which pandas
/// sampled the prices.
#[test]
fn averages_over_grids_are_those_of_pandas() {
    let mut prices: BTreeMap<String, Vec<f64>> = BTreeMap::new();
    for line in golden("clean") {
        prices.entry(line[0].clone()).or_default().push(line[2].parse().unwrap());
    }
    // By series and what is done to it but for the number of the grid: the prices of each grid.
    let mut grids: BTreeMap<(String, String), Vec<Vec<f64>>> = BTreeMap::new();
    for line in golden("clean_cases").into_iter().filter(|line| line[2].contains("subsample")) {
        let (spec, _) = line[2].split_once(" grid=").unwrap();
        let of_grid = prices.remove(&line[0]).unwrap();
        grids.entry((line[1].clone(), spec.to_owned())).or_default().push(of_grid);
    }
    assert_eq!(grids.len(), 3);
    let (series, mut apart) = (series(), [0.0_f64; 2]);
    for ((name, spec), grids) in grids {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("A.csv");
        let ticks = &series[&name];
        let line = |(time, price): (&u64, &f64)| {
            let (seconds, fraction) = (time / 1_000_000_000, time % 1_000_000_000);
            let (hour, minute, second) = (seconds / 3600, seconds / 60 % 60, seconds % 60);
            format!("2018-01-02,{hour:02}:{minute:02}:{second:02}.{fraction:09},{price}\n")
        };
        let text: String = ticks.times().iter().zip(ticks.prices()).map(line).collect();
        fs::write(&path, text).unwrap();
        let case = Case::new(&spec);
        let mut options = LoadOptions::default().cleaning(case.cleaning.clone()).every(case.every.unwrap());
        options = options.subsample(case.subsample);
        let panel = load(std::slice::from_ref(&path), &options, &Jobs::new()).unwrap().panel;
        let [day] = &panel.returns().days[..] else { panic!("not one day") };
        assert_eq!(day.grids as u64, case.subsample.get());
        let returns: Vec<f64> = grids.iter().map(|prices| (prices.len() - 1) as f64).collect();
        let scaled = grids.iter().zip(&returns).map(|(prices, n)| variance(prices) * returns[0] / n);
        let expected = scaled.sum::<f64>() / grids.len() as f64;
        let found = day.realized_variance()[0];
        assert!((found / expected - 1.0).abs() < 1e-12, "{name}: {spec}: {found}, not {expected}");
        let plain = grids.iter().map(|prices| variance(prices)).sum::<f64>() / grids.len() as f64;
        apart[0] = apart[0].max((found / plain - 1.0).abs());
        apart[1] = apart[1].max((found / variance(&grids[0]) - 1.0).abs());
        let refused = load(&[path], &options.align(Align::Inner), &Jobs::new()).unwrap_err().to_string();
        assert!(refused.contains("subsample is") && refused.contains("`align none`"), "{refused}");
    }
    // The perturbed twins: without the scale, or of the first grid alone, it is another.
    assert!(apart[0] > 1e-3 && apart[1] > 1e-3, "{apart:?}");
    let refused = LoadOptions::default().subsample(NonZeroU64::MIN).sampling().unwrap_err().to_string();
    assert!(refused.contains("give it by `every`"), "{refused}");
}

/// The prices of a file of one stock, of which one day is wanted.
fn prices_of(text: &str, options: &LoadOptions) -> Vec<f64> {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("A.csv");
    fs::write(&path, text).unwrap();
    let panel = load(&[path], options, &Jobs::new()).unwrap().panel;
    let [day] = &panel.days[..] else { panic!("not one day") };
    day.prices.iter().copied().collect()
}

/// The grid of a half day ends with its close, from a file too: 3 July 2018 until 13:00.
#[test]
fn grids_of_half_days_from_files_end_with_the_close() {
    let text = "2018-07-03,09:30,1\n2018-07-03,12:40,2\n2018-07-03,15:00,3\n";
    let cleaning = Cleaning::default().session("09:30-16:00".parse().unwrap());
    let every = |cleaning| LoadOptions::default().cleaning(cleaning).every("30min".parse().unwrap());
    let short = prices_of(text, &every(cleaning.clone().half_days(HalfDays::Short)));
    assert_eq!(short, [1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 1.0, 2.0]);
    let whole = prices_of(text, &every(cleaning));
    assert_eq!((whole.len(), whole[10], whole[13]), (14, 2.0, 3.0));
}

/// Sorted, rows of one time keep the order in which they came.
#[test]
fn the_last_of_equal_times_is_the_last_row() {
    let text = "20070103,0936,3\n20070103,0935,1\n20070103,0936,5\n20070103,0936,4\n20070103,0935,2\n";
    let options = LoadOptions::default().sort().cleaning(Cleaning::default().duplicates(Duplicates::Last));
    assert_eq!(prices_of(text, &options), [2.0, 4.0]);
}

#[test]
fn refresh_times_and_their_prices_are_those_of_the_definition() {
    let mut series = series();
    let mut counts = Counts::default();
    let last = Cleaning::default().duplicates(Duplicates::Last);
    for ticks in series.values_mut() {
        last.clean(parse_date("2018-01-02").unwrap(), ticks, &mut counts).unwrap();
    }
    let mut expected: BTreeMap<String, (Vec<u64>, Vec<f64>)> = BTreeMap::new();
    for line in golden("clean_refresh") {
        let (times, prices) = expected.entry(line[0].clone()).or_default();
        times.push(line[1].parse().unwrap());
        prices.extend(line[2].split(' ').map(|price| price.parse::<f64>().unwrap()));
    }
    assert!(expected.len() >= 6);
    for (names, (times, prices)) in expected {
        let stocks: Vec<&DayTicks> = names.split('+').map(|name| &series[name]).collect();
        let stocks: Vec<_> = stocks.iter().map(|ticks| (ticks.times(), ticks.prices())).collect();
        let (found, table) = refresh_prices(&stocks);
        assert_eq!(found, times, "{names}");
        assert_eq!(table.dim(), (times.len(), stocks.len()));
        assert!(table.iter().eq(&prices), "{names}");
        let of_stocks: Vec<&[u64]> = stocks.iter().map(|(times, _)| *times).collect();
        assert_eq!(refresh_times(&of_stocks), times);
    }
}
