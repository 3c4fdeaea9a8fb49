//! `bellwether growth --shocks` as a user meets it: results, messages and exit codes.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

/// Runs the command in `folder`.
fn growth(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::cargo_bin("bellwether").unwrap();
    command.current_dir(folder).arg("growth").args(arguments.split_whitespace()).output().unwrap()
}

fn standard_error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Chains in files: their names and lines.
const FILES: [(&str, &str); 10] = [
    ("two.csv", "z,low,high\n0.98,0.9,0.1\n1.02,0.1,0.9\n"),
    ("one.csv", "1,1\n"),
    ("short.csv", "0.98,0.9,0.1\n1.02,0.1\n"),
    ("tall.csv", "0.98,0.9,0.1\n1.02,0.1,0.9\n1.1,0.1,0.9\n"),
    ("negative.csv", "0.98,1.1,-0.1\n1.02,0.1,0.9\n"),
    ("sums.csv", "0.98,0.9,0.1001\n1.02,0.1,0.9\n"),
    ("words.csv", "0.98,0.9,0.1\n1.02,some,0.9\n"),
    ("falling.csv", "1.02,0.9,0.1\n0.98,0.1,0.9\n"),
    ("starving.csv", "0.05,0.9,0.1\n1,0.1,0.9\n"),
    ("much.csv", "0.98,1.1,0\n1.02,0,1.1\n"),
];

/// Arguments, exit code, and what the message must name.
const WRONG: [(&str, i32, &str); 29] = [
    // Files.
    ("--shocks none.csv", 1, "none.csv"),
    ("--shocks empty.csv", 1, "it holds no state"),
    ("--shocks short.csv", 1, "short.csv:2: 2 figures"),
    ("--shocks tall.csv", 1, "tall.csv:1: 3 figures"),
    ("--shocks negative.csv", 1, "must not be negative"),
    ("--shocks sums.csv", 1, "probabilities sum to 1"),
    ("--shocks sums.csv", 1, "--row-sums"),
    ("--shocks words.csv", 1, "words.csv:2: field 2"),
    ("--shocks falling.csv", 1, "states must increase"),
    ("--shocks starving.csv", 1, "with productivity 0.05; choose --low below"),
    ("--shocks much.csv --row-sums any", 1, "--beta is 0.95, but with this transition matrix"),
    // Autoregressions.
    ("--shocks rouwenhorst --persistence 1", 1, "--persistence is 1, but"),
    ("--shocks rouwenhorst --persistence -1.5", 1, "--persistence is -1.5, but"),
    ("--shocks tauchen --persistence nan", 1, "--persistence is NaN, but"),
    ("--shocks rouwenhorst --deviation 0", 1, "--deviation is 0, but"),
    ("--shocks tauchen --deviation -0.1", 1, "--deviation is -0.1, but"),
    ("--shocks rouwenhorst --states 1", 1, "--states is 1, but"),
    ("--shocks tauchen --states 0", 1, "--states is 0, but"),
    ("--shocks rouwenhorst --states 100000", 1, "--states is 100000, but"),
    ("--shocks tauchen --width 0", 1, "--width is 0, but"),
    ("--shocks rouwenhorst --deviation 1 --states 9", 1, "choose --low below"),
    // What does not go together.
    ("--shocks rouwenhorst --width 3", 1, "--width is 3, but"),
    ("--shocks two.csv --states 2", 1, "--states is 2, but"),
    ("--shocks two.csv --persistence 0.9", 1, "--persistence is 0.9, but"),
    ("--shocks tauchen --row-sums any", 1, "--row-sums is any, but"),
    ("--shocks tauchen --path 5 --from-capital 1 --path-output p.csv", 1, "--path is 5, but"),
    // Wrong usage.
    ("--states 5", 2, "--shocks"),
    ("--shocks rouwenhorst --states many", 2, "--states"),
    ("--shocks two.csv --row-sums some", 2, "--row-sums"),
];

fn folder() -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in FILES {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::write(folder.path().join("empty.csv"), "").unwrap();
    folder
}

#[test]
fn wrong_input_gets_one_clear_message() {
    let folder = folder();
    for (arguments, code, expected) in WRONG {
        let output = growth(folder.path(), arguments);
        let message = standard_error(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {message}");
        assert!(message.contains(expected), "{arguments}: {message}");
        assert!(output.stdout.is_empty() && !message.contains("panicked"), "{arguments}: {message}");
        assert!(code == 2 || message.trim_end().lines().count() == 1, "{arguments}: {message}");
    }
    assert!(!folder.path().join("p.csv").exists());
}

#[test]
fn the_table_has_productivity_in_front() {
    let folder = folder();
    for chain in ["rouwenhorst --states 3", "tauchen --states 3", "sums.csv --row-sums any", "two.csv"] {
        for method in ["vfi", "accelerated", "howard", "egm"] {
            for choice in ["continuous", "grid"] {
                let arguments = format!(
                    "--shocks {chain} --method {method} --choice {choice} --grid 50 --tolerance 1e-5"
                );
                let output = growth(folder.path(), &arguments);
                let summary = standard_error(&output);
                assert!(output.status.success(), "{arguments}: {summary}");
                let table = String::from_utf8(output.stdout).unwrap();
                assert!(
                    table
                        .starts_with("z,k,value,capital_next,consumption,euler_error,value_low,value_high\n"),
                    "{table}"
                );
                let states = if chain.contains('3') { 3 } else { 2 };
                assert_eq!(table.lines().count(), 50 * states + 1, "{arguments}");
                let expected = format!("shocks        {states} states of productivity");
                assert!(summary.contains(&expected) && summary.contains("guaranteed"), "{summary}");
            }
        }
    }
}

#[test]
fn one_state_of_productivity_1_is_the_model_without_shocks() {
    let folder = folder();
    let with = growth(folder.path(), "--shocks one.csv --method howard");
    let without = growth(folder.path(), "--method howard");
    let (with, without) = (with.stdout, String::from_utf8(without.stdout).unwrap());
    let cut: Vec<String> = String::from_utf8(with)
        .unwrap()
        .lines()
        .map(|line| line.split_once(',').unwrap().1.to_string())
        .collect();
    assert!(cut == without.lines().collect::<Vec<_>>());
}

#[test]
fn formats_hold_the_same_numbers() {
    let folder = folder();
    let solved = |file: &str| {
        let output = growth(folder.path(), &format!("--shocks two.csv --grid 20 -o {file}"));
        assert!(output.status.success(), "{}", standard_error(&output));
        std::fs::read(folder.path().join(file)).unwrap()
    };
    let csv = String::from_utf8(solved("a.csv")).unwrap();
    let json: serde_json::Value = serde_json::from_slice(&solved("a.json")).unwrap();
    assert!(solved("a.parquet").starts_with(b"PAR1"));
    assert_eq!(json["shocks"]["states"], serde_json::json!([0.98, 1.02]));
    assert_eq!(json["shocks"]["transition"], serde_json::json!([0.9, 0.1, 0.1, 0.9]));
    let names: Vec<&str> = csv.lines().next().unwrap().split(',').collect();
    for (line, row) in csv.lines().skip(1).zip(json["rows"].as_array().unwrap()) {
        for (name, field) in names.iter().zip(line.split(',')) {
            assert_eq!(row[name].as_f64(), field.parse().ok(), "{name}: {line}");
        }
    }
    assert_eq!(json["rows"].as_array().unwrap().len(), 40);
}

#[test]
fn a_picture_has_a_line_for_each_state() {
    let folder = folder();
    let output = growth(folder.path(), "--shocks two.csv --grid 50 --plot a.svg -o a.csv");
    assert!(output.status.success(), "{}", standard_error(&output));
    let picture = std::fs::read_to_string(folder.path().join("a.svg")).unwrap();
    assert!(picture.contains("z = 0.9800") && picture.contains("z = 1.0200"));
}

#[test]
fn the_answer_does_not_depend_on_the_threads() {
    let folder = folder();
    for rest in ["--method howard", "--method egm", "--choice grid"] {
        let solved = |threads| {
            let arguments = format!(
                "--shocks rouwenhorst --states 3 --grid 800 --tolerance 1e-4 {rest} --threads {threads}"
            );
            growth(folder.path(), &arguments).stdout
        };
        let one = solved(1);
        assert!(!one.is_empty() && one == solved(3), "{rest}");
    }
}

#[test]
fn methods_are_compared_with_shocks() {
    let mut command = Command::cargo_bin("bellwether").unwrap();
    let arguments = "compare growth --shocks rouwenhorst --states 3 --grid 50 --devices one,all --min-runs 1 \
                     --min-time 0";
    let output = command.args(arguments.split_whitespace()).output().unwrap();
    let text = format!("{}{}", String::from_utf8(output.stdout.clone()).unwrap(), standard_error(&output));
    assert!(output.status.success(), "{text}");
    assert!(text.contains("3 states of productivity") && text.contains("accelerated"), "{text}");
}
