//! Each stock on its own times and days: the panel's table is that of its stocks, one at a time.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use bellwether::Error;
use bellwether::bootstrap::{Bootstrap, Engine, Intervals, Period, Resources, run_panel};
use bellwether::interval;
use bellwether::jiff::civil::date;
use bellwether::jobs::Jobs;
use bellwether::measure::{self, Measure};
use bellwether::output::Format;
use bellwether::output::intervals::{Layout, Report, write};
use bellwether::panel::{Align, LoadOptions, PanelReader};
use bellwether::resample::Scheme;
use bellwether::simulate::{self, SimulateSpec};

const SAMPLES: u32 = 60;

/// Four stocks over 24 days of two months, with a price every few minutes.
fn balanced() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    let spec = SimulateSpec {
        stocks: 4,
        days: 24,
        per_day: 40,
        start: date(2007, 1, 22),
        ..SimulateSpec::default()
    };
    simulate::write(&spec, folder.path(), true, |_| {}).unwrap();
    folder
}

fn files(folder: &Path) -> Vec<PathBuf> {
    let mut files: Vec<PathBuf> = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().path()).collect();
    files.sort();
    files
}

/// The first stock is listed in the middle, the second lacks a day, the third has one price on another, and
/// all lack three in a hundred prices.
fn unbalanced() -> tempfile::TempDir {
    let folder = balanced();
    let files = files(folder.path());
    let dates: Vec<String> = {
        let text = fs::read_to_string(&files[0]).unwrap();
        let mut dates: Vec<String> = text.lines().map(|line| line[..8].to_owned()).collect();
        dates.dedup();
        dates
    };
    assert_eq!(dates.len(), 24);
    for (stock, file) in files.iter().enumerate() {
        let text = fs::read_to_string(file).unwrap();
        let mut of_short = 0;
        let mut keep = |number: usize, line: &str| {
            let date = &line[..8];
            // The high bits of a multiplicative hash.
            let hash = (number * 4 + stock + 1).wrapping_mul(0x9e37_79b9_7f4a_7c15) >> 32;
            of_short += usize::from(date == dates[4]);
            hash % 100 >= 3
                && !(stock == 0 && *date < *dates[9])
                && !(stock == 1 && date == dates[15])
                && !(stock == 2 && date == dates[4] && of_short != 8)
        };
        let kept: String = text
            .lines()
            .enumerate()
            .filter(|(number, line)| keep(*number, line))
            .map(|(_, line)| format!("{line}\n"))
            .collect();
        fs::write(file, kept).unwrap();
    }
    folder
}

/// Methods with all that could depend on other stocks; the exact ones, which take long, are last.
fn methods(period: Period) -> Vec<Bootstrap> {
    let of = |measure: &str, scheme: Scheme, kinds: &[&str]| {
        let kinds = kinds.iter().map(|name| interval::by_name(name).unwrap()).collect();
        let measure: Arc<dyn Measure> = measure::by_name(measure, None).unwrap();
        let method = Bootstrap::new(SAMPLES, 0.9, 5).unwrap().with(measure, scheme, kinds).unwrap();
        method.by(period).unwrap().details(true).unwrap()
    };
    let blocks = of("medrv", Scheme::Block { length: 1 }, &["percentile"]).automatic_blocks(true).unwrap();
    let exact = Bootstrap::exact(0.9).unwrap().by(period).unwrap().details(true).unwrap();
    vec![
        of("variance", Scheme::Iid, &["percentile", "bca", "studentized"]),
        of("quarticity", Scheme::Wild, &["percentile"]),
        blocks,
        of("variance", Scheme::Iid, &["percentile"]).against_exact(true).unwrap(),
        exact,
    ]
}

/// Stocks, tables and warnings.
type Tables = (Vec<String>, Vec<Intervals>, Vec<String>);

/// The tables of some files, and how reading them went.
fn run(paths: &[PathBuf], methods: &[Bootstrap], align: Align, memory: u64) -> Result<Tables, Error> {
    let jobs = Jobs::new().threads(2)?;
    let options = LoadOptions::default().align(align);
    let mut panel = PanelReader::open(paths, &options, memory, &jobs)?;
    let resources = Resources { jobs: &jobs, memory };
    let (found, _) = run_panel(methods, &mut panel, &mut Engine::Cpu, &resources, &())?;
    Ok((panel.stocks().to_vec(), found, panel.summary().warnings))
}

fn csv(stocks: &[String], intervals: &[Intervals], layout: Layout) -> String {
    let mut out = Vec::new();
    write(&mut out, &Report { stocks, intervals, method: &(), manifest: None }, Format::Csv, layout).unwrap();
    String::from_utf8(out).unwrap()
}

/// The table of each method.
fn tables(paths: &[PathBuf], methods: &[Bootstrap], align: Align, memory: u64) -> Vec<String> {
    let (stocks, found, _) = run(paths, methods, align, memory).unwrap();
    found.iter().map(|one| csv(&stocks, std::slice::from_ref(one), Layout::Long)).collect()
}

/// Tables of one stock each as one, by date and stock.
fn merged(tables: &[String]) -> String {
    let mut records: BTreeMap<(&str, &str), String> = BTreeMap::new();
    let mut header = "";
    for table in tables {
        let mut lines = table.lines();
        header = lines.next().unwrap();
        for line in lines {
            let mut fields = line.split(',');
            let key = (fields.next().unwrap(), fields.next().unwrap());
            *records.entry(key).or_default() += &format!("{line}\n");
        }
    }
    format!("{header}\n{}", records.into_values().collect::<String>())
}

#[test]
fn an_unbalanced_panel_is_its_stocks_one_at_a_time() {
    let folder = unbalanced();
    let files = files(folder.path());
    for period in [Period::Day, Period::Week, Period::Month] {
        let methods = methods(period);
        let methods = if period == Period::Week { &methods[..3] } else { &methods };
        let singles: Vec<Vec<String>> = files
            .iter()
            .map(|file| tables(std::slice::from_ref(file), methods, Align::None, 1 << 28))
            .collect();
        let whole = tables(&[folder.path().to_path_buf()], methods, Align::None, 1 << 28);
        for (number, whole) in whole.iter().enumerate() {
            let of_stocks: Vec<String> = singles.iter().map(|tables| tables[number].clone()).collect();
            // Not `assert_eq!`, which would print all of both.
            assert!(*whole == merged(&of_stocks), "{period:?}, method {number}:\n{whole}");
        }
        // The perturbed twin: a stock alone has other records.
        assert!(whole[0] != merged(&singles[..3].iter().map(|one| one[0].clone()).collect::<Vec<_>>()));
        let first = whole[1].lines().filter(|line| line.contains(",S0001,")).count();
        let all = whole[1].lines().filter(|line| line.contains(",S0004,")).count();
        let expected = match period {
            Period::Day => (15, 24),
            Period::Week => (4, 5),
            _ => (1, 2),
        };
        assert_eq!((first, all), expected, "{period:?}");
    }
}

/// In blocks of days, each of which has some of the stocks alone.
#[test]
fn memory_does_not_matter_to_unbalanced_panels() {
    let folder = unbalanced();
    let paths = [folder.path().to_path_buf()];
    for period in [Period::Day, Period::Month] {
        let methods = &methods(period)[..3];
        let jobs = Jobs::new().threads(2).unwrap();
        let memory = 128 << 10;
        let blocks = PanelReader::open(&paths, &LoadOptions::default(), memory, &jobs).unwrap().blocks();
        assert!(blocks > 1, "{blocks}");
        let whole = tables(&paths, methods, Align::None, 1 << 28);
        assert!(whole == tables(&paths, methods, Align::None, memory), "{period:?}");
    }
}

#[test]
fn what_is_missing_is_told_and_left_out() {
    let folder = unbalanced();
    let paths = [folder.path().to_path_buf()];
    let (stocks, found, warnings) = run(&paths, &methods(Period::Day)[1..2], Align::None, 1 << 28).unwrap();
    let found = &found[0];
    assert_eq!((found.dates.len(), found.count()), (24, 4 * 24 - 11));
    assert!(!found.has([3, 0]) && found.estimate[[3, 0]].is_nan() && found.lower()[[3, 0]].is_nan());
    assert_eq!(found.details.as_ref().unwrap().rows[[3, 0]], 0);
    let told = |part: &str| assert!(warnings.iter().any(|line| line.contains(part)), "{part}: {warnings:?}");
    told("2 of 4 stock(s) have no prices on some of the 24 day(s), and no interval there: S0001 9, S0002 1");
    told("1 day(s) of a stock with fewer than two prices, which have no interval: ");
    told("(S0003, 1 price(s))");
    let wide = csv(&stocks, std::slice::from_ref(found), Layout::Wide);
    let third = wide.lines().nth(2).unwrap();
    assert!(third.starts_with("2007-01-22,,,") && third.split(',').count() == 9, "{third}");
    assert_eq!(wide.lines().count(), 26);
}

/// MedRV needs three returns: a stock's day of two has no interval, is named with its file, and costs the
/// others nothing; on common times it is an error, or left out.
#[test]
fn days_too_short_for_a_measure_have_no_interval() {
    let folder = tempfile::tempdir().unwrap();
    for (stock, rows) in [("A", [9, 9]), ("B", [9, 3])] {
        let line = |day: usize, row: usize| {
            format!("2007010{},10{row:02},{}\n", day + 3, 100 + (row * 37 + day * 7 + 11) % 23)
        };
        let text: String = rows
            .iter()
            .enumerate()
            .flat_map(|(day, rows)| (0..*rows).map(move |row| line(day, row)))
            .collect();
        fs::write(folder.path().join(format!("{stock}.csv")), text).unwrap();
    }
    let paths = [folder.path().to_path_buf()];
    let of = |measure: &str, period: Period| {
        let kinds = vec![interval::by_name("percentile").unwrap()];
        let measure = measure::by_name(measure, None).unwrap();
        let method = Bootstrap::new(SAMPLES, 0.9, 5).unwrap();
        method.with(measure, Scheme::Block { length: 2 }, kinds).unwrap().by(period).unwrap()
    };
    for period in [Period::Day, Period::All] {
        let method = [of("medrv", period)];
        let (stocks, found, _) = run(&paths, &method, Align::None, 1 << 28).unwrap();
        let [cell] = found[0].short[..] else { panic!("{:?}", found[0].short) };
        assert_eq!((cell.date, cell.stock, cell.returns), (date(2007, 1, 4), 1, 2));
        // What is left is what there is without that day.
        let without = tempfile::tempdir().unwrap();
        for stock in ["A", "B"] {
            let text = fs::read_to_string(folder.path().join(format!("{stock}.csv"))).unwrap();
            let lines = text.lines().filter(|line| stock == "A" || line.starts_with("20070103"));
            let kept: String = lines.map(|line| format!("{line}\n")).collect();
            fs::write(without.path().join(format!("{stock}.csv")), kept).unwrap();
        }
        let (_, expected, _) = run(&[without.path().to_path_buf()], &method, Align::None, 1 << 28).unwrap();
        assert_eq!(csv(&stocks, &found, Layout::Long), csv(&stocks, &expected, Layout::Long));
        assert!(expected[0].short.is_empty());
        assert_eq!(found[0].count(), if period == Period::Day { 3 } else { 2 });
        // The variance has both days.
        let (_, found, _) = run(&paths, &[of("variance", period)], Align::None, 1 << 28).unwrap();
        assert!(found[0].short.is_empty());

        let refused = run(&paths, &method, Align::Inner, 1 << 28).unwrap_err().to_string();
        assert!(
            refused.contains("A.csv: on 2007-01-04 the stock A has 2 return(s), and the medrv needs 3"),
            "{refused}"
        );
        let jobs = Jobs::new();
        let options = LoadOptions::default().align(Align::Inner).keep_going();
        let mut panel = PanelReader::open(&paths, &options, 1 << 28, &jobs).unwrap();
        let resources = Resources { jobs: &jobs, memory: 1 << 28 };
        let (found, _) = run_panel(&method, &mut panel, &mut Engine::Cpu, &resources, &()).unwrap();
        assert_eq!((found[0].short.len(), found[0].count()), (2, 2));
    }
    // Where nothing is left, the days are named.
    let options = LoadOptions::default().stocks(["B"]).from_day(date(2007, 1, 4));
    let jobs = Jobs::new();
    let mut panel = PanelReader::open(&paths, &options, 1 << 28, &jobs).unwrap();
    let resources = Resources { jobs: &jobs, memory: 1 << 28 };
    let method = [of("medrv", Period::Day)];
    let refused = run_panel(&method, &mut panel, &mut Engine::Cpu, &resources, &()).unwrap_err().to_string();
    let expected = "no day is left: 1 day(s) of a stock with fewer than the 3 returns that the medrv needs: \
                    2007-01-04 (B, 2 return(s), in ";
    assert!(refused.contains(expected) && refused.contains("B.csv"), "{refused}");
}

/// On offset grids each stock is averaged on its own, so that an unbalanced panel is its stocks one at a
/// time, in blocks of days as well; what does not go with averages is refused when it is run.
#[test]
fn averages_over_grids_are_those_of_a_stock_alone() {
    let folder = unbalanced();
    let jobs = Jobs::new().threads(2).unwrap();
    let options = LoadOptions::default().every("15min".parse().unwrap()).subsample(5.try_into().unwrap());
    let of = |scheme: Scheme, kinds: &[&str]| {
        let kinds = kinds.iter().map(|name| interval::by_name(name).unwrap()).collect();
        let measure = measure::by_name("volatility", None).unwrap();
        Bootstrap::new(SAMPLES, 0.9, 5).unwrap().with(measure, scheme, kinds).unwrap()
    };
    let blocks = of(Scheme::Block { length: 1 }, &["percentile", "bc"]).automatic_blocks(true).unwrap();
    let methods = [of(Scheme::Iid, &["studentized-log", "asymptotic"]), blocks];
    let run = |paths: &[PathBuf], methods: &[Bootstrap], memory: u64| {
        let mut panel = PanelReader::open(paths, &options, memory, &jobs)?;
        let resources = Resources { jobs: &jobs, memory };
        let (found, _) = run_panel(methods, &mut panel, &mut Engine::Cpu, &resources, &())?;
        let line = "returns averaged over 5 offset grids of 15min each";
        assert!(panel.summary().steps.iter().any(|step| step == line));
        let tables = found.iter().map(|one| csv(panel.stocks(), std::slice::from_ref(one), Layout::Long));
        Ok::<_, Error>((panel.blocks(), tables.collect::<Vec<String>>()))
    };
    let (_, whole) = run(&[folder.path().to_path_buf()], &methods, 1 << 28).unwrap();
    let singles = files(folder.path());
    let singles = singles.iter().map(|file| run(std::slice::from_ref(file), &methods, 1 << 28).unwrap().1);
    let singles: Vec<Vec<String>> = singles.collect();
    for (number, whole) in whole.iter().enumerate() {
        let of_stocks: Vec<String> = singles.iter().map(|tables| tables[number].clone()).collect();
        assert!(*whole == merged(&of_stocks), "method {number}:\n{whole}");
    }
    let (blocks, cut) = run(&[folder.path().to_path_buf()], &methods, 160 << 10).unwrap();
    assert!(blocks > 1 && cut == whole, "{blocks}");
    for (method, part) in [
        (of(Scheme::Iid, &["percentile"]), "overlap, and drawn one by one (iid)"),
        (of(Scheme::Block { length: 1 }, &["percentile"]), "block is 1, but rows that are averaged"),
        (
            Bootstrap::new(SAMPLES, 0.9, 5)
                .unwrap()
                .with(
                    measure::by_name("medrv", None).unwrap(),
                    Scheme::Block { length: 3 },
                    vec![interval::by_name("percentile").unwrap()],
                )
                .unwrap(),
            "no sign and no neighbours of their own",
        ),
    ] {
        let refused = run(&[folder.path().to_path_buf()], &[method], 1 << 28).unwrap_err().to_string();
        assert!(refused.contains(part), "{refused}");
    }
}

/// Also the common grids, with a stock less where it lacks the day.
#[test]
fn a_balanced_panel_has_the_same_bytes_however_it_is_aligned() {
    let folder = balanced();
    let paths = [folder.path().to_path_buf()];
    for period in [Period::Day, Period::Month] {
        let methods = &methods(period)[..3];
        let exact = tables(&paths, methods, Align::Exact, 1 << 28);
        for align in [Align::None, Align::Inner, Align::Previous, Align::Refresh] {
            assert!(tables(&paths, methods, align, 1 << 28) == exact, "{period:?}, {align:?}");
        }
    }
    let refused = run(&[unbalanced().path().to_path_buf()], &methods(Period::Day), Align::Exact, 1 << 28);
    assert!(refused.unwrap_err().to_string().contains("do not share"));
}

/// Two stocks with the same returns at other times, and a third with one return less.
#[test]
fn stocks_with_equally_many_returns_share_draws() {
    let folder = tempfile::tempdir().unwrap();
    let price = |row: usize| 100.0 + ((row * 37 + 11) % 23) as f64 / 7.0;
    for (stock, rows, lacks) in [("A", 40, 5), ("B", 40, 9), ("C", 39, 9)] {
        let minutes = (0..60).filter(|minute| *minute != lacks).take(rows);
        let line = |(row, minute): (usize, usize)| format!("20070103,10{minute:02},{}\n", price(row));
        let text: String = minutes.enumerate().map(line).collect();
        fs::write(folder.path().join(format!("{stock}.csv")), text).unwrap();
    }
    let paths = [folder.path().to_path_buf()];
    let jobs = Jobs::new();
    let mut panel = PanelReader::open(&paths, &LoadOptions::default(), 1 << 28, &jobs).unwrap();
    let days = panel.next_returns(&jobs).unwrap().unwrap();
    let entries: Vec<_> = days.iter().map(|day| (day.stocks.len(), day.returns.nrows())).collect();
    assert_eq!(entries, [(2, 39), (1, 38)]);
    let method = Bootstrap::new(SAMPLES, 0.9, 5).unwrap();
    let resampled = method.resampled(&days[0]).unwrap();
    assert_eq!(resampled.dim(), (SAMPLES as usize, 3));
    assert_eq!(resampled.column(0), resampled.column(1));
    assert!(resampled.column(2).iter().all(|value| value.is_nan()));
    let other = method.resampled(&days[1]).unwrap();
    assert!(other.column(0).iter().all(|value| value.is_nan()));
    assert_ne!(resampled.column(0), other.column(2));
    let missing = method.resampled_of(&days[1], 0).unwrap_err().to_string();
    assert!(missing.contains("2007-01-03 has no returns for it, or too few"), "{missing}");
    // Measures of two stocks do not take rows over different times for one time.
    let beta = measure::by_name("beta", Some(0)).unwrap();
    let kinds = vec![interval::by_name("percentile").unwrap()];
    let beta = method.with(beta, Scheme::Iid, kinds).unwrap();
    let refused = run(&paths, &[beta], Align::None, 1 << 28).unwrap_err().to_string();
    assert!(refused.contains("align is none") && refused.contains("exact, inner, previous or refresh"));
}

/// On refresh times a day has the pairs whose stocks are there.
#[test]
fn pairs_on_refresh_times_lack_only_the_stocks_that_are_not_there() {
    let folder = unbalanced();
    let with = |against: usize, stocks: &[&str]| {
        let jobs = Jobs::new();
        let options = LoadOptions::default().align(Align::Refresh).stocks(stocks.iter().copied());
        let options = options.keep_going();
        let paths = [folder.path().to_path_buf()];
        let mut panel = PanelReader::open(&paths, &options, 1 << 28, &jobs).unwrap();
        let measure = measure::by_name("covariance", Some(against)).unwrap();
        let kinds = vec![interval::by_name("percentile").unwrap()];
        let method = Bootstrap::new(SAMPLES, 0.9, 5).unwrap().with(measure, Scheme::Iid, kinds).unwrap();
        let resources = Resources { jobs: &jobs, memory: 1 << 28 };
        method.run_panel(&mut panel, &mut Engine::Cpu, &resources, &()).unwrap().0
    };
    let all = with(3, &["S0001", "S0002", "S0003", "S0004"]);
    // The day on which the third stock has one price is too short.
    assert_eq!((all.dates.len(), all.cells.clone()), (23, vec![0, 1, 2]));
    assert_eq!(all.count(), 3 * 23 - 8 - 1);
    // Before the first stock is listed, times are those of the others.
    let others = with(2, &["S0002", "S0003", "S0004"]);
    for row in 0..8 {
        assert!(!all.has([row, 0]));
        for cell in [1, 2] {
            assert_eq!(all.lower()[[row, cell]].to_bits(), others.lower()[[row, cell - 1]].to_bits());
        }
    }
    assert_ne!(all.lower()[[20, 1]], others.lower()[[20, 0]]);
}
