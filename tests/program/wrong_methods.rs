//! Methods that make no sense, at the command line: each is refused with one message that says what is wrong
//! and what to do, before anything is written.

use std::fs;
use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

/// Prices of three stocks on three days of two weeks and two months: enough rows for every method.
fn panel(folder: &Path) {
    fs::create_dir(folder.join("panel")).unwrap();
    for (stock, step) in [("A", 3), ("B", 5), ("C", 7)] {
        let mut text = String::new();
        for day in ["20070130", "20070131", "20070201"] {
            for row in 0..20 {
                let (hour, minute) = (9 + (30 + row) / 60, (30 + row) % 60);
                text += &format!("{day},{hour}{minute:02},{}.{:02}\n", 20 + step, row * row * step % 31);
            }
        }
        fs::write(folder.join("panel").join(format!("{stock}.csv")), text).unwrap();
    }
}

struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

/// Runs the program in `folder`, which has the panel.
fn run(folder: &Path, arguments: &str) -> Ran {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    let output = command.current_dir(folder).args(arguments.split_whitespace()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ran =
        Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) };
    assert!(!ran.stderr.contains("panicked"), "{arguments}: {}", ran.stderr);
    ran
}

/// The files in a folder and those below, sorted, with their contents.
fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            found.extend(files(&path));
        } else {
            found.push((path.display().to_string(), fs::read(&path).unwrap()));
        }
    }
    found.sort();
    found
}

/// Each of `cases`, arguments and parts of the message, ends with `code` and leaves no file.
fn refused(command: &str, code: i32, cases: &[(&str, &[&str])]) {
    let folder = TempDir::new().unwrap();
    panel(folder.path());
    let before = files(folder.path());
    for (arguments, parts) in cases {
        let ran = run(folder.path(), &format!("{command} {arguments}"));
        assert_eq!(ran.code, code, "{arguments}: {}{}", ran.stdout, ran.stderr);
        assert_eq!(ran.stdout, "", "{arguments}");
        let prefix = if code == 1 { "bellwether: " } else { "error: " };
        let messages = ran.stderr.lines().filter(|line| line.starts_with(prefix)).count();
        assert_eq!(messages, 1, "{arguments}: {}", ran.stderr);
        for part in *parts {
            assert!(ran.stderr.contains(part), "{arguments}: {part:?} is not in: {}", ran.stderr);
        }
        // Names of parameters are the library's.
        assert!(!ran.stderr.contains('`'), "{arguments}: {}", ran.stderr);
        assert!(files(folder.path()) == before, "{arguments} left something behind");
    }
}

const BOOTSTRAP: &str = "bootstrap panel --device cpu --quiet -o out.csv";

#[test]
fn what_is_no_value_is_wrong_usage() {
    refused(
        BOOTSTRAP,
        2,
        &[
            ("--measure nope", &["'nope'", "possible values: variance"]),
            ("--measure variance,", &["a value is required for '--measure"]),
            ("--interval percentile,nope", &["'nope'", "possible values: percentile"]),
            ("--scheme nope", &["'nope'", "possible values: iid, wild, block, stationary"]),
            ("--side middle", &["'middle'", "both, lower, upper"]),
            ("--by year", &["'year'", "day, week, month, all"]),
            ("--samples exac", &["'exac'", "whole number up to 4,294,967,295, or exact"]),
            ("--samples -1", &["'-1'"]),
            ("--samples 4294967296", &["'4294967296'"]),
            ("--samples 1e3", &["'1e3'"]),
            ("--scheme block --block many", &["'many'", "a number of rows, or auto"]),
            ("--cell B,20070130", &["--resamples <FILE>"]),
            ("--resamples x.csv", &["--cell <STOCK,DATE>"]),
            ("--resamples x.csv --cell B", &["'B'", "write a stock and a day"]),
            ("--resamples x.csv --cell B,20071330", &["20071330", "not a day of the calendar"]),
            ("--histogram B,20070130", &["--histogram-plot <FILE>"]),
        ],
    );
}

#[test]
fn numbers_out_of_range_are_refused() {
    refused(
        BOOTSTRAP,
        1,
        &[
            ("--samples 0", &["--samples is 0", "at least one"]),
            ("--confidence 0", &["--confidence is 0", "between 0 and 1"]),
            ("--confidence 1", &["--confidence is 1", "between 0 and 1"]),
            ("--confidence nan", &["--confidence is NaN", "between 0 and 1"]),
            ("--confidence 99", &["--confidence is 99", "give 0.99"]),
            ("--confidence -0.5", &["--confidence is -0.5"]),
            ("--scheme block --block 0", &["--block is 0", "one row at least"]),
            ("--scheme block --block -3", &["--block is -3"]),
            ("--scheme block --block nan", &["--block is NaN"]),
            ("--scheme block --block 2.5", &["--block is 2.5", "whole number"]),
            ("--scheme block --block 20", &["--block is 20", "a day has 19 rows"]),
            ("--scheme block --block 1e9", &["--block is 1000000000", "a day has 19 rows"]),
            ("--scheme stationary --block 0.5", &["--block is 0.5", "one row at least"]),
            ("--scheme stationary --block inf", &["--block is inf"]),
            ("--scheme stationary --block 1e9", &["a day has 19 rows"]),
            ("--samples 100000000 --details --memory 100MiB", &["1.5 GiB", "lower --samples"]),
            ("--samples 100000000 --by week --memory 100MiB", &["for a period", "lower --samples"]),
            (
                "--samples 10000000 --resamples x.csv --cell A,20070130 --memory 100MiB",
                &["the resampled statistics of 1 cell", "raise --memory, lower --samples"],
            ),
        ],
    );
}

#[test]
fn what_does_not_go_together_is_refused() {
    refused(
        BOOTSTRAP,
        1,
        &[
            ("--block 3", &["--scheme is iid", "leave --block out"]),
            ("--block auto", &["--scheme is iid", "leave --block out"]),
            ("--scheme wild --block auto", &["--scheme is wild", "leave --block out"]),
            ("--scheme block --interval bca", &["--interval is bca", "take bc"]),
            ("--scheme stationary --interval studentized-log", &["--interval is studentized-log", "take bc"]),
            ("--scheme wild --measure positive-semivariance", &["--scheme is wild", "take iid"]),
            ("--measure negative-semivariance --interval asymptotic", &["no standard error", "take bca"]),
            (
                "--measure positive-semivariance --interval studentized",
                &["cannot be studentized", "take bca"],
            ),
            ("--measure bipower", &["--scheme is iid", "take block or stationary"]),
            ("--measure medrv --scheme wild", &["--scheme is wild", "take block or stationary"]),
            // Resamples that no interval needs, but the details do, and a file of them.
            ("--measure bipower --interval asymptotic --details", &["--scheme is iid", "take block"]),
            ("--measure minrv --scheme wild --interval asymptotic --details", &["--scheme is wild"]),
            (
                "--measure bipower --interval asymptotic --resamples x.csv --cell A,20070130",
                &["--scheme is iid", "take block"],
            ),
            ("--measure log-variance --interval asymptotic-log", &["may be negative", "take asymptotic"]),
            ("--measure covariance --against A --interval studentized-log", &["take studentized-symmetric"]),
            ("--measure correlation --against A --interval studentized", &["take bca"]),
            ("--measure beta", &["--measure is beta", "name the second by --against"]),
            ("--against A", &["--measure is variance", "leave --against out"]),
            ("--measure beta --against Q", &["--against is Q", "it has A, B, C"]),
            ("--measure beta --against B --stocks A", &["--against is B", "it has A"]),
            ("--measure beta --against B --stocks B", &["--against is B", "no other stock"]),
            ("--side lower --interval studentized-log", &["take studentized-log-equal-tailed"]),
            ("--side upper --interval studentized-symmetric", &["for one --side take studentized"]),
            ("--by week --measure volatility --interval studentized", &["--interval is studentized"]),
            ("--by all --measure annual-volatility", &["--measure is annual-volatility", "--by month"]),
            ("--samples exact --interval studentized", &["--interval is studentized", "number of --samples"]),
            ("--samples exact --scheme block", &["--scheme is block", "take iid"]),
            ("--samples exact --measure covariance --against A", &["--samples is exact", "single column"]),
            ("--samples exact --measure volatility --interval normal", &["--interval is normal"]),
            ("--against-exact --scheme block", &["--scheme is block", "take iid"]),
            ("--against-exact --interval asymptotic", &["--interval is asymptotic", "no resamples"]),
            ("--layout wide --measure variance,volatility", &["--layout", "one measure"]),
            ("--layout wide --interval basic,bc", &["--layout", "one kind of interval"]),
            ("--layout wide --details", &["--layout", "no details"]),
            ("--plot p.svg --measure variance,volatility", &["--plot", "of one measure"]),
            ("--histogram A,20070130 --histogram-plot h.svg --by week", &["--histogram", "of a day"]),
            ("--samples exact --seed 5", &["--seed is 5", "without draws"]),
            ("--samples exact --seed 0", &["--seed is 0", "without draws"]),
            ("--samples exact --resamples x.csv --cell A,20070130", &["--resamples", "infinitely many"]),
        ],
    );
}

#[test]
fn cells_and_files_that_are_no_place_are_refused() {
    refused(
        BOOTSTRAP,
        1,
        &[
            ("--resamples x.csv --cell Z,20070130", &["--cell is Z,2007-01-30", "it has A, B, C"]),
            ("--resamples x.csv --cell B,20080130", &["no such day", "its 3 days are from 2007-01-30"]),
            ("--resamples panel/B.csv --cell B,20070130", &["--resamples is panel/B.csv", "name another"]),
            ("--resamples panel/N.csv --cell B,20070130", &["--resamples is panel/N.csv", "another folder"]),
            ("--resamples out.csv --cell B,20070130", &["--output is the same file"]),
            ("--resamples no/x.csv --cell B,20070130", &["cannot write no/x.csv", "create it first"]),
            // Of a stock with itself: known once the panel is open, and all the same nothing is written.
            (
                "--measure beta --against A --resamples x.csv --cell A,20070130",
                &["--cell is A,2007-01-30", "no beta of that stock with itself"],
            ),
            (
                "--measure variance,beta --against A --resamples x.csv --cell A,20070130",
                &["--cell is A,2007-01-30", "no beta of that stock with itself"],
            ),
        ],
    );
}

#[test]
fn coverage_and_simulation_that_make_no_sense_are_refused() {
    refused(
        "coverage --quiet --replications 10 -o out.csv",
        1,
        &[
            ("--returns 0", &["--returns is 0"]),
            ("--returns 1", &["--returns is 1"]),
            ("--model x", &["--model is x", "sv2"]),
            ("--samples 0", &["--samples is 0"]),
            ("--confidence 0.95,1", &["--confidence is 1"]),
            ("--interval nope", &["--interval is nope", "percentile"]),
            ("--scheme block --interval bca", &["--scheme is block", "--block"]),
            ("--scheme block --block 5 --interval bca", &["--interval is bca"]),
            ("--scheme block --block 500 --interval percentile", &["--block is 500", "78"]),
            ("--block 5", &["--scheme is iid", "leave --block out"]),
            ("--plot out.csv", &["--plot"]),
        ],
    );
    let folder = TempDir::new().unwrap();
    for (command, part) in [
        ("coverage --replications 0", "--replications is 0"),
        ("coverage --replications 3000001", "--replications is 3000001"),
        ("simulate -o new --jumps 2", "--jumps is 2"),
        ("simulate -o new --jumps -0.1", "--jumps is -0.1"),
        ("simulate -o new --noise -1", "--noise is -1"),
        ("simulate -o new --noise nan", "--noise is NaN"),
        ("simulate -o new --noise inf", "--noise is inf"),
        ("simulate -o new --truth new/truth.csv", "the next run would read this one"),
        ("simulate -o new --truth truth.json", "--truth is truth.json"),
        ("simulate -o new --truth no/truth.csv", "no/truth.csv"),
    ] {
        let ran = run(folder.path(), command);
        assert_eq!((ran.code, ran.stdout.as_str()), (1, ""), "{command}: {}", ran.stderr);
        assert!(ran.stderr.contains(part), "{command}: {}", ran.stderr);
        assert_eq!(
            ran.stderr.lines().filter(|line| line.starts_with("bellwether: ")).count(),
            1,
            "{command}"
        );
        assert!(files(folder.path()).is_empty(), "{command}");
    }
    let ran = run(folder.path(), "simulate -o new --jumps many");
    assert_eq!(ran.code, 2, "{}", ran.stderr);
    assert!(ran.stderr.contains("rare, often, none"), "{}", ran.stderr);
}

/// Named twice is computed and written once.
#[test]
fn doubled_names_count_once() {
    let folder = TempDir::new().unwrap();
    panel(folder.path());
    let table = |arguments: &str| {
        let ran = run(folder.path(), &format!("bootstrap panel --device cpu --quiet -B 50 {arguments}"));
        assert_eq!(ran.code, 0, "{}", ran.stderr);
        ran.stdout
    };
    let twice = table("--measure variance,volatility,variance --interval basic,bc,basic");
    assert!(twice == table("--measure variance,volatility --interval basic,bc"));
    assert!(table("--interval basic,basic --layout wide") == table("--interval basic --layout wide"));
    // The twin: what is named once is there.
    assert!(twice != table("--measure variance --interval basic,bc"));
}

/// The numbers of a column of a table of CSV.
fn column(table: &str, name: &str) -> Vec<f64> {
    let place = table.lines().next().unwrap().split(',').position(|column| column == name).unwrap();
    table.lines().skip(1).map(|line| line.split(',').nth(place).unwrap().parse().unwrap()).collect()
}

/// A volatility of the year is by the periods of a year: 52 weeks, 12 months.
#[test]
fn annual_volatility_of_a_period_is_of_a_year() {
    let folder = TempDir::new().unwrap();
    panel(folder.path());
    for (by, periods) in [("day", 252.0_f64), ("week", 52.0), ("month", 12.0)] {
        let of = |measure: &str| {
            let arguments =
                format!("bootstrap panel --device cpu --quiet -B 50 --by {by} --measure {measure}");
            run(folder.path(), &arguments).stdout
        };
        let (year, period) = (of("annual-volatility"), of("volatility"));
        for (name, other) in [("annual_volatility", "volatility"), ("lower", "lower"), ("upper", "upper")] {
            for (year, period) in column(&year, name).iter().zip(column(&period, other)) {
                assert!((year / period / periods.sqrt() - 1.0).abs() < 1e-12, "{by}: {year} {period}");
            }
        }
    }
}

/// On days of equal returns, and of none at all, every interval that is refused by nothing holds the
/// estimate, and no number is missing.
#[test]
fn days_without_spread_have_intervals_of_their_estimate() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("panel")).unwrap();
    // Doubling prices, and prices that stand still.
    for (stock, factor) in [("DOUBLING", 2.0_f64), ("STILL", 1.0)] {
        let price = |row: i32| format!("20070130,{},{}\n", 930 + row, 8.0 * factor.powi(row));
        fs::write(folder.path().join(format!("panel/{stock}.csv")), (0..20).map(price).collect::<String>())
            .unwrap();
    }
    let common = "--device cpu --quiet -B 200 --details --interval";
    let all = "percentile,basic,normal,bc,bca,studentized,studentized-symmetric";
    let logs = "studentized-log,studentized-log-equal-tailed";
    for (measure, name, intervals) in [
        ("variance", "rv", format!("{all},{logs}")),
        ("volatility", "volatility", format!("{all},{logs}")),
        ("quarticity", "quarticity", format!("{all},{logs}")),
        ("log-variance", "log_variance", all.to_owned()),
    ] {
        for by in ["day", "week"] {
            // Studentized ones of a week are for sums.
            let intervals =
                if by == "week" && measure != "variance" { "percentile,basic" } else { &intervals };
            let arguments = format!("bootstrap panel {common} {intervals} --by {by} --measure {measure}");
            let ran = run(folder.path(), &arguments);
            assert_eq!(ran.code, 0, "{}", ran.stderr);
            let of = |name: &str| column(&ran.stdout, name);
            let columns = [of(name), of("lower"), of("upper"), of("se"), of("bias")];
            for row in 0..columns[0].len() {
                let [estimate, lower, upper, se, bias] = [0, 1, 2, 3, 4].map(|place| columns[place][row]);
                let line = ran.stdout.lines().nth(row + 1).unwrap();
                let near = |end: f64| end == estimate || (end - estimate).abs() <= 1e-6 * estimate.abs();
                assert!(near(lower) && near(upper), "{measure}, {by}: {line}");
                // Rounding moves no estimate out of the interval of resamples that all equal it.
                let holds = lower <= estimate && estimate <= upper;
                assert!(holds || !line.contains(",percentile,"), "{measure}, {by}: {line}");
                assert!(
                    se <= 1e-6 * estimate.abs() && bias.abs() <= 1e-6 * estimate.abs().max(1.0),
                    "{line}"
                );
            }
        }
    }
}
