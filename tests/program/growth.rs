//! `bellwether growth` as a user meets it: results, messages and exit codes.

use std::process::Output;

use assert_cmd::Command;

fn growth(arguments: &str) -> Output {
    let mut command = Command::cargo_bin("bellwether").unwrap();
    command.arg("growth").args(arguments.split_whitespace()).output().unwrap()
}

fn standard_error(output: &Output) -> String {
    String::from_utf8(output.stderr.clone()).unwrap()
}

/// Arguments, exit code, and what the message must name.
const WRONG: [(&str, i32, &str); 57] = [
    // Values outside of what the model allows.
    ("--sigma 0", 1, "--sigma is 0, but"),
    ("--sigma -2", 1, "--sigma is -2, but"),
    ("--sigma nan", 1, "--sigma is NaN, but"),
    ("--sigma inf", 1, "--sigma is inf, but"),
    ("--sigma 1e6 --low 0.01", 1, "--sigma is 1000000, but"),
    ("--beta 0", 1, "--beta is 0, but"),
    ("--beta 1", 1, "--beta is 1, but"),
    ("--beta -0.5", 1, "--beta is -0.5, but"),
    ("--beta 1.05", 1, "--beta is 1.05, but"),
    ("--delta 0", 1, "--delta is 0, but"),
    ("--delta 1.5", 1, "--delta is 1.5, but"),
    ("--alpha 0", 1, "--alpha is 0, but"),
    ("--alpha 1", 1, "--alpha is 1, but"),
    ("--alpha 0.9999", 1, "--alpha is 0.9999, but"),
    // Grids.
    ("--grid 0", 1, "--grid is 0, but"),
    ("--grid 1", 1, "at least 2 points"),
    ("--grid 1000000000000", 1, "choose a smaller --grid"),
    ("--low 0", 1, "--low is 0, but"),
    ("--low -1", 1, "--low is -1, but"),
    ("--low 2", 1, "--high is 1.75, but"),
    ("--low 1.75", 1, "above --low"),
    ("--high inf", 1, "--high is inf, but"),
    ("--low 20 --high 30", 1, "choose --low below"),
    ("--low 1 --high 1.00000000000001", 1, "coincide"),
    // Methods.
    ("--tolerance 0", 1, "--tolerance is 0, but"),
    ("--tolerance -0.001", 1, "--tolerance is -0.001, but"),
    ("--tolerance nan", 1, "--tolerance is NaN, but"),
    ("--tolerance 1e-18", 1, "ask for that or more"),
    ("--tolerance 1e-18 --stop change --method vfi", 1, "ask for that or more"),
    ("--max-iterations 0", 1, "--max-iterations is 0, but"),
    ("--max-iterations 5", 1, "after 5 iterations"),
    ("--maximizer brute", 1, "--choice continuous takes cell or golden"),
    ("--maximizer cell --choice grid", 1, "--choice grid takes brute, sweep or bisection"),
    ("--threads 0", 1, "--threads is 0, but"),
    // Output.
    ("-o no/such/folder/out.csv", 1, "no/such/folder"),
    ("--path 10 --from-capital 100 --path-output path.csv", 1, "--from-capital is 100, but"),
    ("--path 0 --from-capital 1 --path-output path.csv", 1, "--path is 0, but"),
    ("--path 10 --from-capital 1 --path-output a.csv -o a.csv", 1, "--path-output is a.csv, but"),
    // Simulated paths.
    ("--simulate 0", 1, "--simulate is 0, but a simulated path has between 2"),
    ("--simulate 1", 1, "--simulate is 1, but"),
    ("--simulate 1000000001", 1, "--simulate is 1000000001, but"),
    ("--simulate 10 --burn-in 1000000001", 1, "--burn-in is 1000000001, but"),
    ("--simulate 10 --from-capital 100", 1, "--from-capital is 100, but the grid runs from"),
    ("--simulate 10 --from-capital nan", 1, "--from-capital is NaN, but"),
    ("--simulate 10 --from-state 2", 1, "--from-state is 2, but productivity has one state"),
    ("--simulate 10 --from-state 0 --shocks rouwenhorst", 1, "have the numbers 1 to 7"),
    ("--simulate 10 --from-state 8 --shocks rouwenhorst", 1, "--from-state is 8, but"),
    ("--simulate 10 --paths a.csv -o a.csv", 1, "--paths is a.csv, but --output is the same file"),
    ("--simulate 10 --paths a.csv --ergodic a.csv", 1, "--ergodic is a.csv, but --paths is the same file"),
    ("--simulate 10 --paths a.xlsx", 1, "not as .xlsx"),
    ("--simulate 10 --paths no/such/folder/p.csv", 1, "no/such/folder"),
    ("--ergodic a.png", 1, "that is a picture's name"),
    ("--simulate 10 --shocks tauchen --path 5 --from-capital 1 --path-output p.csv", 1, "--path is 5, but"),
    ("--simulate 99999999999999999999", 2, "--simulate"),
    ("--simulate 10 --seed -1", 2, "a seed is a whole number"),
    // Wrong usage.
    ("--path 10 --from-capital 1", 2, "--path-output"),
    ("--sigma two", 2, "--sigma"),
];

/// The same, all of them refused by the parser.
const WRONG_USAGE: [&str; 16] = [
    "--grid -5",
    "--grid 10.5",
    "--choice both",
    "--method newton",
    "--stop never",
    "--format xml",
    "--from-capital 1",
    "--capital 1",
    "--simulate -5",
    "--simulate 1e30",
    "--simulate 10.5",
    "--simulate 10 --burn-in -1",
    "--paths path.csv",
    "--seed 1",
    "--burn-in 10",
    "--from-state 1",
];

#[test]
fn wrong_input_gets_one_clear_message() {
    let usage = WRONG_USAGE.map(|arguments| (arguments, 2, "error:"));
    for (arguments, code, expected) in WRONG.into_iter().chain(usage) {
        let output = growth(arguments);
        let message = standard_error(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {message}");
        assert!(message.contains(expected), "{arguments}: {message}");
        assert!(output.stdout.is_empty(), "{arguments}");
        assert!(!message.contains("panicked"), "{arguments}: {message}");
        // One message, on one line; the parser's own have a hint below.
        assert!(code == 2 || message.trim_end().lines().count() == 1, "{arguments}: {message}");
    }
}

#[test]
fn the_tolerance_that_a_refusal_names_is_reached() {
    let message = standard_error(&growth("--tolerance 1e-18"));
    let named = message.split("guaranteed error of ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(growth(&format!("--tolerance {named}")).status.success(), "{named}");
}

/// The figure after `label` in a summary.
fn printed(summary: &str, label: &str) -> f64 {
    let behind = summary.split(label).nth(1).unwrap_or(summary);
    let figure = behind.trim_start().split([' ', ')', ',']).next().unwrap();
    figure.parse().unwrap()
}

#[test]
fn no_bound_is_printed_smaller_than_it_is() {
    let mut runs = 0;
    for points in [2, 3, 10, 50, 100, 333, 1000] {
        for method in ["vfi", "accelerated", "howard", "egm"] {
            for rest in
                ["", " --choice grid", " --stop change", " --choice grid --stop change --tolerance 1e-5"]
            {
                let arguments = format!("--grid {points} --method {method}{rest} --format json");
                let output = growth(&arguments);
                let summary = standard_error(&output);
                assert!(output.status.success(), "{arguments}: {summary}");
                let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
                for (label, field) in
                    [("V_N| ≤", "iteration_error"), ("residual", "residual"), ("rounding", "rounding")]
                {
                    let exact = read["certificate"][field].as_f64().unwrap();
                    let text = printed(&summary, label);
                    assert!(
                        text >= exact && text <= exact * 1.11,
                        "{arguments}: {field} {text:e} for {exact:e}"
                    );
                }
                runs += 1;
            }
        }
    }
    assert_eq!(runs, 112);
}

#[test]
fn what_f64_cannot_hold_is_refused_and_not_written() {
    let upper_end =
        "--sigma 10 --beta .999 --delta 1e-3 --alpha .7 --low 1e-7 --high 1e11 --grid 1000 --tolerance 1e-3";
    let lower_end =
        "--sigma 5 --beta .99999 --delta 1e-6 --alpha .9 --low 4.48209e-05 --grid 11 --tolerance 5.6e-4";
    let wrong = [
        format!("{upper_end} --stop change"),
        format!("{upper_end} --stop change --method egm"),
        format!("{upper_end} --stop change --method howard"),
        format!("{lower_end} --stop change --method egm --max-iterations 3000000"),
    ];
    for arguments in wrong {
        let output = growth(&arguments);
        let message = standard_error(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments}: {message}");
        assert!(message.contains("is not a finite number") && message.contains("--low"), "{message}");
        assert!(output.stdout.is_empty() && message.lines().count() == 1, "{message}");
    }
}

/// With a limit on its memory the program ends with a message of its own, or with a result.
#[cfg(unix)]
#[test]
fn too_little_memory_is_a_message() {
    let program = assert_cmd::cargo::cargo_bin("bellwether");
    let folder = tempfile::tempdir().unwrap();
    let path = format!(
        "--path 10000000 --from-capital 1 --path-output {}",
        folder.path().join("path.csv").display()
    );
    let mut refused = 0;
    for (limit, arguments) in [
        (200_000, "--grid 10000000"),
        (200_000, "--grid 500000"),
        (1_000_000, "--grid 10000000 --choice grid"),
        (400_000, "--grid 1000000"),
        (400_000, &path),
    ] {
        let run = format!(
            "ulimit -v {limit}; exec {} growth --device cpu -o /dev/null {arguments}",
            program.display()
        );
        let output = Command::new("sh").args(["-c", &run]).output().unwrap();
        let message = standard_error(&output);
        let code = output.status.code();
        assert!(code == Some(0) || code == Some(1), "{limit} KiB, {arguments}: {code:?}, {message}");
        if code == Some(1) {
            assert!(
                message.contains("of memory, but") && message.contains("choose a smaller --"),
                "{message}"
            );
            assert!(!message.contains(" 0 B"), "{message}");
            refused += 1;
        }
    }
    assert!(refused >= 2);
}

#[test]
fn messages_have_short_figures() {
    for arguments in [
        "--low 1e-300",
        "--high 1e300",
        "--sigma 1e300",
        "--low 20 --high 1e300",
        "--tolerance 1e-300",
        "--path 5 --from-capital 1e300 --path-output path.csv",
        "--low 1e-4 --high 1e120",
        "--beta 1e300",
    ] {
        let output = growth(arguments);
        let message = standard_error(&output);
        assert_eq!(output.status.code(), Some(1), "{arguments}: {message}");
        let longest = message.split(|c: char| !c.is_ascii_digit()).map(str::len).max();
        assert!(longest < Some(25) && !message.contains("inf"), "{arguments}: {message}");
    }
}

#[test]
fn the_defaults_print_a_table_and_a_summary() {
    // An accuracy by default, the lecture's grid by one flag: both tell how far V is from the true one.
    for (arguments, lines, method, error) in
        [("", 400..700, "collocation", 1e-4), ("--grid 100", 101..102, "accelerated", 7.9e-3)]
    {
        let output = growth(arguments);
        assert!(output.status.success(), "{}", standard_error(&output));
        let table = String::from_utf8(output.stdout.clone()).unwrap();
        assert!(table.starts_with("k,value,capital_next,consumption,euler_error,value_low,value_high\n"));
        assert!(lines.contains(&table.lines().count()), "{arguments}: {} lines", table.lines().count());
        let summary = standard_error(&output);
        for expected in
            ["3.1608601990722", "1.1458748377178", "2.5460867612454", "true value function", "Euler", method]
        {
            assert!(summary.contains(expected), "{expected}: {summary}");
        }
        assert!(printed(&summary, "V_true| ≤") <= error, "{summary}");
        // The distance to the solution on the grid is only told where there is one.
        assert_eq!(summary.contains("max |V − V_N|"), !arguments.is_empty(), "{summary}");
    }
    assert!(
        standard_error(&Command::cargo_bin("bellwether").unwrap().args(["growth", "-q"]).output().unwrap())
            .is_empty()
    );
}

/// The columns of a table.
fn columns(output: &Output) -> Vec<Vec<f64>> {
    let table = String::from_utf8(output.stdout.clone()).unwrap();
    table.lines().skip(1).map(|line| line.split(',').map(|field| field.parse().unwrap()).collect()).collect()
}

#[test]
fn an_accuracy_is_kept_against_the_true_value_function() {
    // By collocation at the same points, which is exact to rounding: see the oracle tables.
    for accuracy in ["1e-3", "1e-5", "1e-6"] {
        for method in ["collocation", "accelerated", "howard"] {
            let output = growth(&format!("--accuracy {accuracy} --method {method}"));
            assert!(output.status.success(), "{}", standard_error(&output));
            let found = columns(&output);
            let exact = growth(&format!("--grid {} --grid-spacing log --method collocation", found.len()));
            let asked: f64 = accuracy.parse().unwrap();
            assert!(printed(&standard_error(&output), "V_true| ≤") <= asked);
            for (row, exact) in found.iter().zip(columns(&exact)) {
                let (value, low, high, truth) = (row[1], row[5], row[6], exact[1]);
                assert!((value - truth).abs() <= asked && (high - low) <= 2.0 * asked, "{method} {accuracy}");
                assert!(low <= truth + 1e-12 && truth <= high + 1e-12);
                assert!((value - 0.5 * (low + high)).abs() <= 1e-15 * (1.0 + value.abs()), "the middle");
            }
        }
    }
}

#[test]
fn a_grid_that_capital_leaves_is_told() {
    for (range, told) in [("--low 1.1", true), ("--high 0.9", true), ("", false)] {
        let output = growth(&format!("--grid 50 {range}"));
        assert!(output.status.success());
        assert_eq!(standard_error(&output).contains("capital would leave the grid"), told, "{range}");
    }
}

/// Arguments about accuracies, exit code, and what the message must name.
const WRONG_ACCURACY: [(&str, i32, &str); 22] = [
    ("--accuracy 0", 1, "--accuracy is 0, but"),
    ("--accuracy -0.001", 1, "--accuracy is -0.001, but"),
    ("--accuracy nan", 1, "--accuracy is NaN, but"),
    ("--accuracy inf", 1, "--accuracy is inf, but"),
    ("--accuracy 1e-16", 1, "ask for that or more"),
    ("--accuracy 1e-300", 1, "ask for that or more"),
    ("--accuracy 1e-4 --grid 100", 1, "--grid is 100, but --accuracy chooses"),
    ("--grid 100 --accuracy 1", 1, "--grid is 100, but --accuracy chooses"),
    ("--accuracy 1e-4 --tolerance 1e-6", 1, "--tolerance is 1e-6, but"),
    ("--accuracy 1e-4 --stop change", 1, "--stop is given, but"),
    ("--accuracy 1e-4 --device software", 1, "--device is a GPU, but"),
    ("--accuracy 1e-4 --max-iterations 10", 1, "--max-iterations is 10, but"),
    ("--accuracy 1e-4 --maximizer golden", 1, "--maximizer is golden, but"),
    ("--accuracy 1e-4 --choice grid --method collocation", 1, "--method is collocation, but"),
    ("--accuracy 1e-4 --low 2 --high 3 --method collocation", 1, "collocation finds no solution"),
    ("--method collocation --choice grid", 1, "--method is collocation, but"),
    ("--method collocation --grid 100 --tolerance 1e-8", 1, "--tolerance is 1e-8, but"),
    ("--method collocation --grid 100 --low 1.2", 1, "move --low and --high apart"),
    ("--method collocation --grid 1", 1, "at least 2 points"),
    ("--accuracy", 2, "--accuracy"),
    ("--accuracy fine", 2, "--accuracy"),
    ("--accuracy 1e-4 --accuracy 1e-5", 2, "--accuracy"),
];

#[test]
fn wrong_accuracies_get_one_clear_message() {
    for (arguments, code, expected) in WRONG_ACCURACY {
        let output = growth(arguments);
        let message = standard_error(&output);
        assert_eq!(output.status.code(), Some(code), "{arguments}: {message}");
        assert!(message.contains(expected), "{arguments}: {message}");
        assert!(output.stdout.is_empty() && !message.contains("panicked"), "{arguments}: {message}");
        assert!(code == 2 || message.trim_end().lines().count() == 1, "{arguments}: {message}");
    }
}

#[test]
fn the_accuracy_that_a_refusal_names_is_reached() {
    let message = standard_error(&growth("--accuracy 1e-16"));
    let named = message.split("enclosed to ").nth(1).unwrap().split(' ').next().unwrap();
    assert!(growth(&format!("--accuracy {named} -o /dev/null")).status.success(), "{named}");
}

#[test]
fn the_answer_does_not_depend_on_the_threads() {
    for choice in ["continuous", "grid"] {
        let solved = |threads| growth(&format!("--grid 20000 --choice {choice} --threads {threads}")).stdout;
        assert!(solved(1) == solved(3), "{choice}");
    }
}

#[test]
fn the_path_is_a_second_file() {
    let folder = tempfile::tempdir().unwrap();
    let (solution, path) = (folder.path().join("v.csv"), folder.path().join("path.csv"));
    let arguments = format!(
        "-o {} --format csv --path 25 --from-capital 1.5 --path-output {}",
        solution.display(),
        path.display()
    );
    let output = growth(&arguments);
    assert!(output.status.success() && output.stdout.is_empty(), "{}", standard_error(&output));
    let table = std::fs::read_to_string(path).unwrap();
    assert!(table.starts_with("t,k,c,output,investment\n0,1.5,"));
    assert_eq!(table.lines().count(), 27);
    assert!(std::fs::read_to_string(solution).unwrap().lines().count() > 400);
}

#[test]
fn json_is_one_document() {
    let output = growth("--format json --grid 50 --sigma 1 --delta 1 --method egm");
    let read: serde_json::Value = serde_json::from_slice(&output.stdout).unwrap();
    assert_eq!(read["rows"].as_array().unwrap().len(), 50);
    assert!(read["certificate"]["iteration_error"].as_f64().unwrap() <= 1e-6);
}
