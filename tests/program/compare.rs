//! `bellwether compare`, and the pictures of all commands, as a user meets them: tables, files, messages and
//! exit codes.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;

use assert_cmd::Command;
use tempfile::TempDir;

/// Runs the program in the repository; words of `arguments` are separated by spaces.
fn run(arguments: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    let output = command.args(arguments.split_whitespace()).output().unwrap();
    let error = text(&output.stderr);
    assert!(!error.contains("panicked"), "{error}");
    output
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Standard output of a run that ends well.
fn done(arguments: &str) -> String {
    let output = run(arguments);
    assert!(output.status.success(), "{arguments}: {}", text(&output.stderr));
    text(&output.stdout)
}

/// Fails with code 1, nothing on standard output, and one message that has all of `parts`.
fn refused(arguments: &str, parts: &[&str]) {
    let output = run(arguments);
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{arguments}: {error}");
    assert!(output.stdout.is_empty(), "{arguments}");
    let messages: Vec<&str> = error.lines().filter(|line| line.starts_with("bellwether: ")).collect();
    assert_eq!(messages.len(), 1, "{arguments}: {error}");
    for part in parts {
        assert!(messages[0].contains(part), "{arguments}: {part:?} is not in {error}");
    }
}

const FAST: &str = "--min-runs 2 --min-time 0";

fn file(folder: &TempDir, name: &str) -> PathBuf {
    folder.path().join(name)
}

/// Checks that a file is the picture that its extension says, and not an empty one.
fn is_picture(path: &Path) {
    let bytes = fs::read(path).unwrap();
    assert!(bytes.len() > 3000, "{} has {} bytes", path.display(), bytes.len());
    if path.extension().is_some_and(|extension| extension == "png") {
        assert_eq!(bytes[..8], *b"\x89PNG\r\n\x1a\n");
    } else {
        let svg = String::from_utf8(bytes).unwrap();
        assert!(svg.starts_with("<svg width=\"800\"") && svg.trim_end().ends_with("</svg>"));
    }
}

#[test]
fn compare_bootstrap_writes_a_table_a_record_and_a_picture() {
    let folder = tempfile::tempdir().unwrap();
    for (record, picture) in [("times.csv", "times.svg"), ("times.json", "times.png")] {
        let (record, picture) = (file(&folder, record), file(&folder, picture));
        let table = done(&format!(
            "compare bootstrap data/sample --samples 1,20 --devices one,all --threads 2 --detail {FAST} -o \
             {} --plot {}",
            record.display(),
            picture.display()
        ));
        for part in [
            "1 core",
            "2 cores",
            "samples",
            "min–max",
            "2 stocks (S0001, S0002), 21 days",
            "time of all threads",
        ] {
            assert!(table.contains(part), "{part:?} is not in\n{table}");
        }
        is_picture(&picture);
        assert!(fs::metadata(&record).unwrap().len() > 500);
    }
    let mut rows = csv::Reader::from_path(file(&folder, "times.csv")).unwrap();
    let sizes: Vec<String> = rows.records().map(|row| row.unwrap()[2].to_owned()).collect();
    assert_eq!(sizes, ["1", "1", "20", "20"]);
    let json: serde_json::Value =
        serde_json::from_slice(&fs::read(file(&folder, "times.json")).unwrap()).unwrap();
    assert_eq!(json["records"].as_array().unwrap().len(), 4);
    assert!(json["records"][0]["median"].as_f64().unwrap() > 0.0);
}

#[test]
fn compare_bootstrap_takes_everything_where_asked() {
    let table = done(&format!("compare bootstrap data/sample --full --samples 2 --devices one {FAST}"));
    assert!(table.contains("3 stocks (S0001, S0002, S0003)"), "{table}");
    let table = done(&format!(
        "compare bootstrap data/sample --stocks S0003 --to 2007-01-05 -B 2 --devices cpu {FAST}"
    ));
    assert!(table.contains("1 stock (S0003), 3 days (2007-01-03 to 2007-01-05)"), "{table}");
}

#[test]
fn compare_uniform_and_growth_have_tables() {
    let table = done(&format!("compare uniform --size 10,130 --seed 7 --devices one,all --threads 3 {FAST}"));
    // The golden sum of 130 rows, tests/oracles/uniform.py.
    assert!(table.contains("n = 130: mean 0.5023079823759059, the same bits on all 2 devices"), "{table}");
    let table = done(&format!("compare growth --grid 50,100 --devices one,all --threads 2 {FAST}"));
    for part in ["plain iteration", "accelerated", "grid points"] {
        assert!(table.contains(part), "{part:?} is not in\n{table}");
    }
}

#[test]
fn a_repeated_size_is_one_size() {
    let folder = tempfile::tempdir().unwrap();
    let uniform = "compare uniform --size 30,10,30 --size 10 --devices one";
    let bootstrap = "compare bootstrap data/sample -B 2,1,2 --devices one";
    let growth = "compare growth --grid 60,50,60 --devices one";
    for (number, arguments) in [uniform, bootstrap, growth].into_iter().enumerate() {
        let record = file(&folder, &format!("{number}.csv"));
        done(&format!("{arguments} {FAST} -o {}", record.display()));
        let mut rows = csv::Reader::from_path(&record).unwrap();
        let mut sizes: Vec<String> = rows.records().map(|row| row.unwrap()[2].to_owned()).collect();
        // Growth has two methods a size.
        sizes.dedup();
        let expected = [["30", "10"], ["2", "1"], ["60", "50"]];
        assert_eq!(sizes, expected[number]);
    }
}

/// What is left of the memory beside the returns is enough for the default selection.
#[test]
fn little_memory_is_enough_for_a_part_of_the_panel() {
    let table = done(&format!("compare bootstrap data/sample -B 20 --devices one --memory 200KiB {FAST}"));
    assert!(table.contains("2 stocks (S0001, S0002), 21 days"), "{table}");
    let beyond =
        "compare bootstrap data/sample -B 20 --devices one --memory 155KiB --min-runs 1 --min-time 0";
    refused(beyond, &["but 155.0 KiB may be used"]);
}

#[test]
fn lists_in_the_help_are_as_they_are_typed() {
    for (workload, list) in [
        ("bootstrap", "1,5,10,50,100,200,500,1000"),
        ("growth", "100,200,500,1000,2000,5000,10000"),
        ("uniform", "10000"),
    ] {
        let help = done(&format!("compare {workload} --help"));
        assert!(help.contains(&format!("[default: {list}]")), "{help}");
    }
}

#[test]
fn uniform_writes_the_mean_that_it_computed() {
    let folder = tempfile::tempdir().unwrap();
    let [csv, json] = ["mean.csv", "mean.json"].map(|name| file(&folder, name));
    for record in [&csv, &json] {
        done(&format!("compare uniform --size 130 --seed 7 --devices one {FAST} -o {}", record.display()));
    }
    // The golden sum of 130 rows, tests/oracles/uniform.py.
    let mean = 36_459_998_430_330.0 / 16_900.0 / 2f64.powi(32);
    let rows: Vec<std::collections::HashMap<String, String>> =
        csv::Reader::from_path(&csv).unwrap().deserialize().collect::<Result<_, _>>().unwrap();
    assert_eq!(rows[0]["mean"].parse::<f64>().unwrap().to_bits(), mean.to_bits());
    let document: serde_json::Value = serde_json::from_slice(&fs::read(&json).unwrap()).unwrap();
    assert_eq!(document["records"][0]["mean"].as_f64().unwrap().to_bits(), mean.to_bits());
}

/// Threads with stacks of 2⁶⁰ bytes can't be started: whatever is left is one thread, and the answers are the
/// same.
#[test]
fn without_threads_there_is_one() {
    let folder = tempfile::tempdir().unwrap();
    let panel = file(&folder, "panel");
    let simulate = format!("simulate --stocks 2 --days 2 --output {}", panel.display());
    let all = [
        "bootstrap data/sample -B 20",
        "growth",
        "devices",
        &simulate,
        "compare bootstrap data/sample -B 2 --min-runs 1 --min-time 0",
        "compare growth --grid 50 --min-runs 1 --min-time 0",
        "compare uniform --size 10 --min-runs 1 --min-time 0",
    ];
    let run = |arguments: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
        command.env("RUST_MIN_STACK", (1_u64 << 60).to_string()).args(arguments.split_whitespace());
        command.output().unwrap()
    };
    for arguments in all {
        let output = run(arguments);
        let error = text(&output.stderr);
        assert!(output.status.success(), "{arguments}: {error}");
        let cores = std::thread::available_parallelism().unwrap().get();
        assert!(
            cores == 1 || error.contains("warning: only 1 thread could be started"),
            "{arguments}: {error}"
        );
        if arguments == all[0] {
            assert_eq!(text(&output.stdout), done(arguments));
        }
    }
    // More are asked for than there can be.
    let output = run("bootstrap data/sample -B 20 --threads 2");
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1));
    assert!(error.contains("--threads is 2, but that many could not be started"), "{error}");
}

#[test]
fn wrong_input_is_told_before_the_work() {
    let folder = tempfile::tempdir().unwrap();
    let nowhere = file(&folder, "missing/times.svg");
    let bootstrap = "compare bootstrap data/sample";
    refused(&format!("{bootstrap} --samples 10,0"), &["--samples is 0"]);
    refused(&format!("{bootstrap} --min-runs 0"), &["--min-runs is 0"]);
    refused(&format!("{bootstrap} --min-runs 18446744073709551615"), &["--min-runs is 18446744073709551615"]);
    refused(&format!("{bootstrap} --min-time -1"), &["--min-time is -1"]);
    refused(
        &format!("{bootstrap} --threads 18446744073709551615"),
        &["--threads is 18446744073709551615", "at most"],
    );
    refused(&format!("{bootstrap} --threads 0"), &["threads is 0"]);
    refused(&format!("{bootstrap} --devices abacus"), &["--devices is abacus", "one, all, cpu"]);
    refused(&format!("{bootstrap} --devices 4711"), &["--devices is 4711"]);
    refused(&format!("{bootstrap} --plot times.pdf"), &["--plot is times.pdf", ".svg or .png"]);
    refused(&format!("{bootstrap} --plot {}", nowhere.display()), &["cannot write", "missing"]);
    let nowhere = nowhere.with_extension("csv");
    refused(&format!("{bootstrap} -o {}", nowhere.display()), &["cannot write"]);
    refused(&format!("{bootstrap} --stocks NONE"), &["NONE"]);
    let full = format!("{bootstrap} --full --memory 200KiB");
    refused(
        &full,
        &["holding the returns of 3 stocks on", "but 200.0 KiB may be used", "fewer stocks or days"],
    );
    refused("compare bootstrap no-such-panel", &["no-such-panel"]);
    refused("compare uniform --size 0", &["--size is 0"]);
    refused("compare uniform --size 65537", &["--size is 65537", "65536"]);
    refused("compare growth --grid 100,0", &["0"]);
    refused("compare growth --tolerance 0", &["--tolerance is 0"]);
    refused("growth --plot curves.gif", &["--plot is curves.gif"]);
    let histogram = |cell: &str, name: &str| {
        let path = file(&folder, name);
        format!("bootstrap data/sample -B 5 --histogram {cell} --histogram-plot {}", path.display())
    };
    refused(&histogram("S0001,2007-01-24", "cell.jpg"), &["--histogram-plot is"]);
    refused(&histogram("S0009,2007-01-24", "cell.svg"), &["--histogram is S0009,2007-01-24", "S0001, S0002"]);
    refused(&histogram("S0001,2007-01-06", "cell.svg"), &["no such day", "21 days"]);
    for usage in [
        "compare",
        "compare bootstrap",
        "compare bootstrap data/sample --samples many",
        "compare everything",
        "bootstrap data/sample --histogram S0001,2007-01-24",
        "bootstrap data/sample --histogram S0001 --histogram-plot cell.svg",
    ] {
        assert_eq!(run(usage).status.code(), Some(2), "{usage}");
    }
    assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0, "nothing is left behind");
}

#[test]
fn pictures_are_files_of_their_kind() {
    let folder = tempfile::tempdir().unwrap();
    for extension in ["svg", "png"] {
        let [intervals, cell, curves, path, all] = ["intervals", "cell", "curves", "path", "all"]
            .map(|name| file(&folder, &format!("{name}.{extension}")));
        let csv = file(&folder, "out.csv");
        done(&format!(
            "bootstrap data/sample -B 200 -o {} --plot {} --histogram S0001,2007-01-24 --histogram-plot {}",
            csv.display(),
            intervals.display(),
            cell.display()
        ));
        done(&format!("growth -o {} --plot {}", csv.display(), curves.display()));
        done(&format!(
            "growth --grid 5000 -o {} --plot {} --path 60 --from-capital 1.0 --path-output {}",
            csv.display(),
            all.display(),
            path.with_extension("csv").display()
        ));
        for picture in [&intervals, &cell, &curves, &all] {
            is_picture(picture);
        }
        // The path has a panel of its own.
        assert_ne!(fs::read(&curves).unwrap(), fs::read(&all).unwrap());
    }
    let svg = fs::read_to_string(file(&folder, "cell.svg")).unwrap();
    assert!(svg.contains("S0001, 2007-01-24") && svg.contains("200 samples"));
    // The same run draws the same picture.
    let again = file(&folder, "again.svg");
    let csv = file(&folder, "out.csv");
    done(&format!("bootstrap data/sample -B 200 -o {} --plot {}", csv.display(), again.display()));
    assert_eq!(fs::read(again).unwrap(), fs::read(file(&folder, "intervals.svg")).unwrap());
}
