//! `bellwether coverage` and the truth of `bellwether simulate`, as a user meets them.

use std::collections::HashMap;
use std::fs;
use std::path::Path;

use assert_cmd::Command;
use tempfile::TempDir;

/// Exit code, standard output and standard error of the program, run in `folder`.
fn run(folder: &Path, arguments: &str) -> (i32, String, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    let output = command.current_dir(folder).args(arguments.split_whitespace()).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    (output.status.code().unwrap(), text(output.stdout), text(output.stderr))
}

fn done(folder: &Path, arguments: &str) -> String {
    let (code, stdout, stderr) = run(folder, arguments);
    assert_eq!(code, 0, "{stderr}");
    stdout
}

fn refused(folder: &Path, arguments: &str, parts: &[&str]) {
    let (code, stdout, stderr) = run(folder, arguments);
    assert_eq!((code, &*stdout), (1, ""), "{arguments}: {stderr}");
    let messages: Vec<&str> = stderr.lines().filter(|line| line.starts_with("bellwether: ")).collect();
    assert_eq!(messages.len(), 1, "{stderr}");
    for part in parts {
        assert!(messages[0].contains(part), "{part:?} is not in: {}", messages[0]);
    }
}

const SMALL: &str = "coverage --returns 12,39 --confidence .95,.9 --interval percentile,studentized-log \
                     -B 99 --replications 300";

#[test]
fn coverage_is_a_table_csv_json_and_a_picture() {
    let folder = TempDir::new().unwrap();
    let table = done(folder.path(), &format!("{SMALL} -o out.json --plot out.svg"));
    let rows: Vec<Vec<&str>> = table.lines().map(|line| line.split_whitespace().collect()).collect();
    let rows: Vec<&Vec<&str>> =
        rows.iter().filter(|row| matches!(row.first(), Some(&("12" | "39")))).collect();
    assert_eq!(rows.len(), 8, "{table}");
    let csv = done(folder.path(), &format!("{SMALL} --format csv --threads 1"));
    assert_eq!(csv.lines().count(), 9, "{csv}");
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(folder.path().join("out.json")).unwrap()).unwrap();
    for ((row, line), json) in rows.iter().zip(csv.lines().skip(1)).zip(json["rows"].as_array().unwrap()) {
        let fields: Vec<&str> = line.split(',').collect();
        assert_eq!(fields[..2], ["sv2", row[0]]);
        assert_eq!((fields[2], fields[4]), ("iid", row[2]));
        let [asked, percent]: [f64; 2] = [fields[3], row[1]].map(|field| field.parse().unwrap());
        assert_eq!(100.0 * asked, percent);
        let share: f64 = fields[7].parse().unwrap();
        assert_eq!(format!("{:.2}", 100.0 * share), row[3]);
        assert_eq!(json["coverage"].as_f64().unwrap(), share);
        assert!((0.6..=1.0).contains(&share), "{line}");
    }
    let picture = fs::read_to_string(folder.path().join("out.svg")).unwrap();
    assert!(picture.starts_with("<svg") && picture.contains("studentized-log"));
    // Another model and another seed give other figures.
    assert_ne!(done(folder.path(), &format!("{SMALL} --format csv --seed 1")), csv);
    assert_ne!(done(folder.path(), &format!("{SMALL} --format csv --model u-shape")), csv);
}

#[test]
fn coverage_that_can_not_be_found_is_refused() {
    let folder = TempDir::new().unwrap();
    for (arguments, parts) in [
        ("--model sv3", &["--model is sv3", "sv2-noise"][..]),
        ("--returns 1", &["--returns is 1", "2 to 23400"]),
        ("--confidence 95", &["--confidence is 95", "between 0 and 1"]),
        ("--interval percentile,students", &["--interval is students", "studentized-log"]),
        ("-B 0", &["--samples is 0"]),
        ("--replications 0", &["--replications is 0", "10000 is customary"]),
        ("-o out.dta", &["--output is out.dta"]),
        ("--plot out.pdf", &["--plot is out.pdf"]),
        ("--threads 0", &["--threads is 0"]),
    ] {
        refused(folder.path(), &format!("coverage {arguments}"), parts);
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
}

#[test]
fn the_truth_is_near_what_the_prices_say() {
    let folder = TempDir::new().unwrap();
    let small = "simulate --stocks 2 --days 30 --per-day 2341 --jumps 0.3 --noise 0";
    done(folder.path(), &format!("{small} -o panel --truth truth.csv"));
    let text = fs::read_to_string(folder.path().join("truth.csv")).unwrap();
    let mut lines = text.lines();
    assert_eq!(lines.next(), Some("date,stock,integrated_variance,quadratic_variation"));
    let truth: HashMap<&str, [f64; 2]> = lines
        .map(|line| {
            let (cell, figures) = line.split_at(16);
            let figures: Vec<f64> = figures[1..].split(',').map(|figure| figure.parse().unwrap()).collect();
            (cell, [figures[0], figures[1]])
        })
        .collect();
    assert_eq!(truth.len(), 60);
    let intervals = done(folder.path(), "bootstrap panel --device cpu -B 50");
    let mut jumped = 0;
    for line in intervals.lines().skip(1) {
        let (cell, figures) = line.split_at(16);
        let realized: f64 = figures[1..].split(',').next().unwrap().parse().unwrap();
        let [integrated, quadratic] = truth[cell];
        jumped += usize::from(quadratic > integrated);
        // √(2/2340) is 0.03; ticks of a cent add to it.
        assert!((0.85..1.6).contains(&(realized / quadratic)), "{line}: {quadratic}");
    }
    assert!((3..35).contains(&jumped), "{jumped}");
}

#[test]
fn flags_of_the_simulator_change_what_they_say() {
    let folder = TempDir::new().unwrap();
    let read = |name: &str, flags: &str| {
        done(folder.path(), &format!("simulate --stocks 1 --days 60 --per-day 40 -o {name} {flags}"));
        fs::read(folder.path().join(name).join("S0001.csv")).unwrap()
    };
    let usual = read("usual", "");
    assert_eq!(read("same", "--jumps rare --noise 0.75"), usual);
    assert_ne!(read("often", "--jumps often"), usual);
    assert_ne!(read("smooth", "--noise 0"), usual);
    assert_eq!(read("none", "--jumps none --noise 0"), read("zero", "--jumps 0 --noise 0"));
    let simulate = "simulate --stocks 1 --days 1 --per-day 40 -o new";
    refused(folder.path(), &format!("{simulate} --jumps 1.5"), &["--jumps is 1.5", "between 0 and 1"]);
    refused(folder.path(), &format!("{simulate} --noise -1"), &["--noise is -1", "in cents"]);
    refused(folder.path(), &format!("{simulate} --truth new.json"), &["--truth is new.json", ".csv"]);
    refused(folder.path(), &format!("{simulate} --truth missing/t.csv"), &["missing"]);
    assert!(!folder.path().join("new").exists());
    // A truth among the panel's files would be read as a stock.
    let again = "simulate --stocks 1 --days 1 --per-day 40 -o usual --force --truth usual/truth.csv";
    refused(folder.path(), again, &["the next run would read this one"]);
    // Beside them it is theirs, whoever makes the folder.
    for truth in ["made/truth.csv", "made/there/truth.txt"] {
        let made = format!("simulate --stocks 1 --days 2 --per-day 40 -o made/there --truth {truth}");
        done(folder.path(), &made);
        let text = fs::read_to_string(folder.path().join(truth)).unwrap();
        assert_eq!(text.lines().count(), 3, "{text}");
        fs::remove_dir_all(folder.path().join("made")).unwrap();
    }
    let (code, _, stderr) = run(folder.path(), &format!("{simulate} --jumps sometimes"));
    assert_eq!(code, 2);
    assert!(stderr.contains("rare, often, none, or a probability"), "{stderr}");
}
