//! `bellwether growth --simulate` and `--ergodic` as a user meets them: files, summaries, signals.

use std::path::Path;
use std::process::Output;

use assert_cmd::Command;

/// Runs the command in `folder`.
fn growth(folder: &Path, arguments: &str) -> Output {
    let mut command = Command::cargo_bin("bellwether").unwrap();
    command.current_dir(folder).arg("growth").args(arguments.split_whitespace()).output().unwrap()
}

/// Runs it, and returns its summary.
fn done(folder: &Path, arguments: &str) -> String {
    let output = growth(folder, arguments);
    let summary = String::from_utf8(output.stderr.clone()).unwrap();
    assert!(output.status.success(), "{arguments}: {summary}");
    summary
}

fn read(folder: &Path, name: &str) -> String {
    std::fs::read_to_string(folder.join(name)).unwrap()
}

/// The figures of a CSV file, by row.
fn figures(folder: &Path, name: &str) -> Vec<Vec<f64>> {
    let text = read(folder, name);
    text.lines().skip(1).map(|line| line.split(',').map(|field| field.parse().unwrap()).collect()).collect()
}

#[test]
fn paths_and_moments_are_those_of_the_solution() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    for how in
        ["", "--accuracy 1e-3", "--method collocation --grid 60", "--grid 60", "--choice grid --grid 60"]
    {
        let arguments = format!(
            "{how} --shocks rouwenhorst --states 3 --simulate 400 --seed 5 --burn-in 20 --paths p.csv \
             -o v.json --ergodic e.csv"
        );
        let summary = done(folder, &arguments);
        assert!(summary.contains("simulation    400 periods after 20 of burn-in, seed 5"), "{summary}");
        assert!(summary.contains("autocorrelation") && !summary.contains("warning"), "{summary}");
        assert!(read(folder, "p.csv").starts_with("period,k,z,c,y,i\n0,"));
        let path = figures(folder, "p.csv");
        assert_eq!(path.len(), 400);
        for (number, pair) in path.windows(2).enumerate() {
            let [period, k, z, c, y, i] = pair[0][..] else { panic!() };
            assert_eq!(period, number as f64);
            let next = i + 0.9 * k;
            assert!((next / pair[1][1] - 1.0).abs() < 1e-14, "{how}: {pair:?}");
            assert!((y / (z * k.powf(0.33)) - 1.0).abs() < 1e-14 && ((c + i) / y - 1.0).abs() < 1e-14);
        }
        let json: serde_json::Value = serde_json::from_str(&read(folder, "v.json")).unwrap();
        let simulation = &json["simulation"];
        assert_eq!((simulation["length"].as_u64(), simulation["seed"].as_u64()), (Some(400), Some(5)));
        for (name, column) in [("k", 1), ("z", 2), ("c", 3), ("y", 4), ("i", 5)] {
            let x: Vec<f64> = path.iter().map(|row| row[column]).collect();
            let mean = x.iter().sum::<f64>() / 400.0;
            let squares: f64 = x.iter().map(|x| (x - mean).powi(2)).sum();
            let lagged: f64 = x.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum();
            let found = &simulation["moments"][name];
            let figure = |field: &str| found[field].as_f64().unwrap();
            assert!((figure("mean") / mean - 1.0).abs() < 1e-13, "{how} {name}");
            assert!((figure("sd") / (squares / 400.0).sqrt() - 1.0).abs() < 1e-9, "{how} {name}");
            assert!((figure("autocorrelation") - lagged / squares).abs() < 1e-9, "{how} {name}");
        }
        let own = simulation["moments"]["y"]["output_correlation"].as_f64().unwrap();
        assert!((own - 1.0).abs() < 1e-14, "{own}");
        assert!(read(folder, "e.csv").starts_with("z,k,probability,simulated\n"));
        let shares = figures(folder, "e.csv");
        let sum = |column: usize| shares.iter().map(|row| row[column]).sum::<f64>();
        assert!((sum(2) - 1.0).abs() < 1e-12 && (sum(3) - 1.0).abs() < 1e-12, "{how}");
        let mean: f64 = shares.iter().map(|row| row[1] * row[2]).sum();
        let found = json["ergodic"]["moments"]["k"]["mean"].as_f64().unwrap();
        assert!((mean / found - 1.0).abs() < 1e-13, "{how}: {mean} {found}");
        // No more than the chain: three states of the symmetric binomial.
        let of_state: f64 = shares[..shares.len() / 3].iter().map(|row| row[2]).sum();
        assert!((of_state - 0.25).abs() < 1e-12, "{how}: {of_state}");
    }
}

#[test]
fn formats_hold_the_same_path() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let model = "--grid 40 --shocks tauchen --states 3 --simulate 30 -o v.csv";
    for (paths, distribution) in [("p.csv", "e.csv"), ("p.json", "e.json"), ("p.parquet", "e.parquet")] {
        done(folder, &format!("{model} --paths {paths} --ergodic {distribution}"));
    }
    for (name, columns) in [("p", "period,k,z,c,y,i"), ("e", "z,k,probability,simulated")] {
        let rows = figures(folder, &format!("{name}.csv"));
        let json: serde_json::Value = serde_json::from_str(&read(folder, &format!("{name}.json"))).unwrap();
        assert_eq!(json["rows"].as_array().unwrap().len(), rows.len());
        for (row, object) in rows.iter().zip(json["rows"].as_array().unwrap()) {
            for (figure, column) in row.iter().zip(columns.split(',')) {
                assert_eq!(object[column].as_f64(), Some(*figure), "{column}");
            }
        }
        assert_eq!(json["simulation"]["burn_in"], 1000);
        let table = bellwether::panel::parquet::Table::open(folder.join(format!("{name}.parquet"))).unwrap();
        let read = table.read(0, &[1]).unwrap();
        let bellwether::panel::parquet::Values::Number(k) = &read[0].values else { panic!("{read:?}") };
        assert!(k.iter().zip(&rows).all(|(k, row)| *k == row[1]) && k.len() == rows.len());
        let how: serde_json::Value = serde_json::from_str(table.metadata("bellwether").unwrap()).unwrap();
        assert_eq!(how["simulation"]["moments"], json["simulation"]["moments"]);
    }
    // Without a simulation there is no share.
    done(folder, "--grid 40 --ergodic alone.csv -o v.csv");
    assert!(read(folder, "alone.csv").starts_with("z,k,probability\n1.0,"));
}

#[test]
fn nothing_else_changes_with_a_simulation_and_seeds_tell_paths_apart() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let model = "--grid 50 --shocks rouwenhorst --states 5";
    let alone = growth(folder, model).stdout;
    let with = growth(folder, &format!("{model} --simulate 100 --paths a.csv --threads 1")).stdout;
    assert!(!alone.is_empty() && alone == with);
    done(folder, &format!("{model} --simulate 100 --paths b.csv --threads 2 --seed 0 -o v.csv"));
    done(folder, &format!("{model} --simulate 100 --paths c.csv --seed 1 -o v.csv"));
    assert_eq!(read(folder, "a.csv"), read(folder, "b.csv"));
    assert_ne!(read(folder, "a.csv"), read(folder, "c.csv"));
}

#[test]
fn what_a_reader_of_moments_must_know_is_told() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    std::fs::write(folder.join("absorbing.csv"), "0.98,0.9,0.1\n1.02,0,1\n").unwrap();
    std::fs::write(folder.join("apart.csv"), "0.98,1,0\n1.02,0,1\n").unwrap();
    std::fs::write(folder.join("sums.csv"), "0.98,0.9,0.1001\n1.02,0.1,0.9\n").unwrap();
    let long = "--grid 60 --simulate 500 --ergodic e.csv -o v.csv";
    for (arguments, told) in [
        ("--shocks absorbing.csv", "warning: productivity leaves 1 state for ever"),
        ("--shocks apart.csv", "warning: productivity can end in one of several sets of states"),
        ("--shocks sums.csv --row-sums any", "warning: rows of probabilities that do not sum to 1"),
        ("--shocks rouwenhorst --low 0.97 --high 1.03", "warning: the ends of the grid have probability"),
        ("--shocks rouwenhorst --low 0.97 --high 1.03", "warning: capital is at an end of the grid in"),
        ("--low 1.1", "warning: capital is at an end of the grid in 500 simulated periods"),
    ] {
        let summary = done(folder, &format!("{long} {arguments}"));
        assert!(summary.contains(told), "{arguments}: {summary}");
    }
    // Both are beside each other, and a constant has no correlation.
    let summary = done(folder, &format!("{long} --method collocation"));
    assert!(!summary.contains("warning"), "{summary}");
    let line = |start: &str| summary.lines().find(|line| line.trim_start().starts_with(start)).unwrap();
    assert!(line("k  simulated").contains("3.160860") && line("k  simulated").trim_end().ends_with('-'));
    assert!(summary.contains("long run"));
}

#[test]
fn a_picture_shows_the_long_run_where_it_was_computed() {
    let folder = tempfile::tempdir().unwrap();
    let folder = folder.path();
    let model = "--shocks rouwenhorst --states 3 --grid 80 -o v.csv --plot a.svg";
    done(folder, model);
    assert!(!read(folder, "a.svg").contains("long run"));
    done(folder, &format!("{model} --ergodic e.csv"));
    assert!(read(folder, "a.svg").contains("Capital in the long run, by productivity"));
}

/// A path that would take hours ends at a signal, and leaves nothing: before its file is begun, and after.
#[cfg(unix)]
#[test]
fn a_signal_ends_a_simulation_and_leaves_no_file() {
    use std::io::{BufRead, BufReader};
    let folder = tempfile::tempdir().unwrap();
    let files = || std::fs::read_dir(folder.path()).unwrap().count();
    for (length, waits_for_file) in [("1000000000", false), ("3000000", true)] {
        let model = "growth --grid 40 --shocks rouwenhorst --states 3 -o /dev/null --burn-in 0";
        let arguments = format!("{model} --simulate {length} --paths p.csv");
        let mut child = std::process::Command::new(assert_cmd::cargo::cargo_bin("bellwether"))
            .current_dir(folder.path())
            .args(arguments.split_whitespace())
            .stderr(std::process::Stdio::piped())
            .spawn()
            .unwrap();
        // The last line before the simulation.
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
        assert!(told.any(|line| line.unwrap().starts_with("true V")));
        while waits_for_file && files() == 0 {
            assert!(child.try_wait().unwrap().is_none(), "the run was over before it was looked at");
            std::thread::sleep(std::time::Duration::from_millis(2));
        }
        // In the background of a script SIGINT is ignored, and the program leaves it so.
        let sent =
            std::process::Command::new("kill").args(["-15", &child.id().to_string()]).status().unwrap();
        assert!(sent.success());
        assert_eq!(child.wait().unwrap().code(), Some(143), "{length}");
        assert_eq!(files(), 0, "{length}");
    }
}
