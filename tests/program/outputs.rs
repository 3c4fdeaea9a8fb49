//! Where results go, as a user meets it: outputs that would destroy a file or each other, formats, readers
//! that stop, standard output that is closed, and names that hold control characters.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use tempfile::TempDir;

fn bellwether() -> Command {
    Command::new(env!("CARGO_BIN_EXE_bellwether"))
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8(bytes.to_vec()).unwrap()
}

/// Failed with one message on one line, which holds all of `parts`, and with nothing on standard output.
fn refused(output: &Output, parts: &[&str]) {
    let error = text(&output.stderr);
    assert_eq!(output.status.code(), Some(1), "{error}");
    assert_eq!(text(&output.stdout), "");
    let messages: Vec<&str> = error.lines().filter(|line| line.starts_with("bellwether: ")).collect();
    assert_eq!(messages.len(), 1, "{error}");
    for part in parts {
        assert!(messages[0].contains(part), "{part:?} is not in {error}");
    }
}

fn succeeded(output: &Output) {
    assert!(output.status.success(), "{}", text(&output.stderr));
}

/// A folder with a panel of two stocks in `panel`.
fn folder() -> TempDir {
    let folder = TempDir::new().unwrap();
    let panel = folder.path().join("panel");
    fs::create_dir(&panel).unwrap();
    for name in ["S0001.csv", "S0002.csv"] {
        fs::copy(Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample").join(name), panel.join(name))
            .unwrap();
    }
    folder
}

/// Every file below a folder and what it holds, sorted.
fn contents(folder: &Path) -> Vec<(PathBuf, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            all.extend(contents(&path));
        } else {
            all.push((path.clone(), fs::read(path).unwrap_or_default()));
        }
    }
    all.sort();
    all
}

/// Runs a command line in a folder, words separated by spaces.
fn run_in(folder: &Path, line: &str) -> Output {
    bellwether().args(line.split_whitespace()).current_dir(folder).output().unwrap()
}

#[test]
fn no_output_destroys_the_panel() {
    let folder = folder();
    #[cfg(unix)]
    {
        fs::hard_link(folder.path().join("panel/S0001.csv"), folder.path().join("hard.csv")).unwrap();
        fs::hard_link(folder.path().join("panel/S0001.csv"), folder.path().join("hard.svg")).unwrap();
        std::os::unix::fs::symlink("panel/S0001.csv", folder.path().join("soft.svg")).unwrap();
    }
    let before = contents(folder.path());
    let mut lines = vec![
        "bootstrap panel -o panel/S0001.csv",
        "bootstrap panel/S0001.csv panel/S0002.csv -o panel/../panel/S0002.csv",
        "bootstrap panel --stocks S0002 -o panel/S0001.csv",
        "compare bootstrap panel -B 1 --devices one -o panel/S0002.csv",
    ];
    #[cfg(unix)]
    lines.extend([
        "bootstrap panel -o hard.csv",
        "bootstrap panel --plot soft.svg",
        "bootstrap panel --histogram S0001,2007-01-03 --histogram-plot hard.svg",
        "compare bootstrap panel -B 1 --devices one --plot soft.svg",
    ]);
    for line in lines {
        refused(&run_in(folder.path(), line), &["is read, and would be lost"]);
        assert!(contents(folder.path()) == before, "{line}");
    }
    // A new CSV file in the folder would be a stock of the next run.
    refused(
        &run_in(folder.path(), "bootstrap panel -o panel/out.csv"),
        &["the next run would read this one"],
    );
    assert!(contents(folder.path()) == before);
    for line in [
        "bootstrap panel -o panel/out.json --plot panel/out.svg",
        "bootstrap panel/S0001.csv -o panel/out.csv",
    ] {
        succeeded(&run_in(folder.path(), line));
    }
}

#[test]
fn no_two_outputs_are_one_file() {
    let folder = folder();
    let before = contents(folder.path());
    for (line, parameter) in [
        (
            "bootstrap panel -o a.svg.csv --plot ./a.svg --histogram S0001,2007-01-03 --histogram-plot a.svg",
            "--plot",
        ),
        ("growth -o g.csv --path 5 --from-capital 1 --path-output ./g.csv", "--output"),
        ("growth --plot p.svg -o panel/../x.csv --path 5 --from-capital 1 --path-output x.csv", "--output"),
    ] {
        refused(&run_in(folder.path(), line), &[&format!("but {parameter} is the same file")]);
        assert!(contents(folder.path()) == before, "{line}");
    }
    // Names without an extension are tables', and pictures have theirs: only a link makes the two one.
    #[cfg(unix)]
    for line in [
        "bootstrap panel -o t.csv --plot l.svg",
        "compare uniform --size 2 --devices one -o t.csv --plot l.svg",
    ] {
        let link = folder.path().join("l.svg");
        std::os::unix::fs::symlink("t.csv", &link).unwrap();
        refused(&run_in(folder.path(), line), &["--plot is l.svg, but --output is the same file"]);
        fs::remove_file(link).unwrap();
        assert!(contents(folder.path()) == before, "{line}");
    }
    // Standard output that goes to a file is an output too.
    #[cfg(unix)]
    {
        let out = fs::File::create(folder.path().join("out.svg")).unwrap();
        let mut command = bellwether();
        command.current_dir(folder.path()).args(["bootstrap", "panel", "--plot", "out.svg"]).stdout(out);
        refused(&command.output().unwrap(), &["--plot is out.svg, but --output is the same file"]);
        succeeded(&run_in(folder.path(), "bootstrap panel -q -o /dev/null --plot new.svg"));
    }
}

#[test]
fn extensions_are_kept_to() {
    let folder = folder();
    let before = contents(folder.path());
    for (line, part) in [
        ("bootstrap panel -o x.ipc", "CSV, JSON, Parquet or Arrow, not as .ipc"),
        ("bootstrap panel -o x.csv --format parquet", "ends in .parquet"),
        ("bootstrap panel -o x.xlsx --format csv", "CSV, JSON, Parquet or Arrow, not as .xlsx"),
        ("bootstrap panel -o x.json --format csv", "--format is csv"),
        ("growth -o x.csv --format json", "--format is json"),
        ("growth --path 5 --from-capital 1 --path-output x.dta", "not as .dta"),
        ("compare uniform --size 2 --devices one -o x.csv --format json", "--format is json"),
        ("compare uniform --size 2 --devices one -o x.png", "a picture's name"),
    ] {
        refused(&run_in(folder.path(), line), &[part]);
        assert!(contents(folder.path()) == before, "{line}");
    }
    for line in [
        "bootstrap panel -o x.json",
        "growth -o x.JSON --path 5 --from-capital 1 --path-output path.csv",
        "compare uniform --size 2 --devices one --min-runs 1 --min-time 0 -o x.json",
    ] {
        succeeded(&run_in(folder.path(), line));
        let name = if line.contains("JSON") { "x.JSON" } else { "x.json" };
        let json = fs::read(folder.path().join(name)).unwrap();
        serde_json::from_slice::<serde_json::Value>(&json).expect(line);
    }
    // Each file by its own name.
    assert!(fs::read_to_string(folder.path().join("path.csv")).unwrap().starts_with("t,k,c,"));
}

#[test]
fn a_picture_can_hold_any_name() {
    let folder = folder();
    let panel = folder.path().join("long.csv");
    let prices = fs::read_to_string(folder.path().join("panel/S0001.csv")).unwrap();
    let rows: String = prices.lines().map(|line| format!("A<&>\u{ffff},{line}\n")).collect();
    fs::write(panel, format!("stock,date,time,price\n{rows}")).unwrap();
    for extension in ["svg", "png"] {
        let name = "A<&>\u{ffff},2007-01-03";
        let (all, cell) = (format!("all.{extension}"), format!("cell.{extension}"));
        let arguments = ["bootstrap", "long.csv", "-q", "-o", "out.csv", "--plot", &all];
        let mut command = bellwether();
        command.current_dir(folder.path()).args(arguments).args([
            "--histogram",
            name,
            "--histogram-plot",
            &cell,
        ]);
        succeeded(&command.output().unwrap());
    }
    for picture in ["all.svg", "cell.svg"] {
        let svg = fs::read_to_string(folder.path().join(picture)).unwrap();
        assert!(svg.contains("A&lt;&amp;&gt;\u{fffd}"), "{svg}");
        assert!(!svg.contains(|letter: char| letter.is_control() && letter != '\n'));
    }
}

/// No text of others reaches the terminal as it is: neither escapes, nor line feeds that begin a message of
/// their own.
#[test]
fn messages_can_not_be_forged() {
    let folder = folder();
    let evil = "x\u{1b}[2J\nbellwether: all is well\r\u{202e}";
    let prices = fs::read_to_string(folder.path().join("panel/S0001.csv")).unwrap();
    let field = format!("\"{}\"", evil.replace(['\n', '\r'], " "));
    let long: String = prices.lines().take(5).map(|line| format!("{field},{line}\n")).collect();
    fs::write(folder.path().join("long.csv"), format!("stock,date,time,price\n{long}")).unwrap();
    let missing = format!("{evil}.csv");
    let cases: [&[&str]; 12] = [
        &["bootstrap", &missing],
        &["bootstrap", "panel", "--stocks", evil],
        &["bootstrap", "panel", "-o", &format!("{evil}/x.csv")],
        &["bootstrap", "panel", "--plot", evil],
        &["bootstrap", "panel", "--device", evil],
        &["bootstrap", "panel", "--seed", evil],
        &["bootstrap", "panel", "--from", evil],
        &["bootstrap", "panel", "--memory", evil],
        &["bootstrap", "panel", "--format", evil],
        &["bootstrap", "long.csv", "--stocks", "none"],
        &["bootstrap", "long.csv", "--histogram", "A,2007-01-03", "--histogram-plot", "cell.svg"],
        &[evil],
    ];
    let flag = format!("--{evil}");
    let with_flag = ["bootstrap", "panel", flag.as_str()];
    let cases = cases.iter().copied().chain([&with_flag[..]]);
    for arguments in cases {
        let output = bellwether().current_dir(folder.path()).args(arguments).output().unwrap();
        assert!(!output.status.success());
        let error = text(&output.stderr);
        assert!(
            !error.contains(|letter: char| letter.is_control() && letter != '\n'),
            "{arguments:?}: {error:?}"
        );
        assert!(!error.contains('\u{202e}'), "{arguments:?}: {error:?}");
        assert!(
            !error.lines().any(|line| line.starts_with("bellwether: all is well")),
            "{arguments:?}: {error}"
        );
        assert!(error.contains("\\u{1b}[2J"), "{arguments:?}: {error}");
    }
}

#[cfg(unix)]
mod unix {
    use std::io::{BufRead, BufReader};
    use std::os::unix::fs::{FileTypeExt, PermissionsExt};
    use std::process::Stdio;
    use std::thread;

    use super::*;

    /// Runs a line of shell, in which `$bw` is the program.
    fn shell(folder: &Path, line: &str) -> Output {
        let mut command = Command::new("bash");
        command.args(["-c", line]).env("bw", env!("CARGO_BIN_EXE_bellwether"));
        command.current_dir(folder).output().unwrap()
    }

    #[test]
    fn a_closed_standard_output_is_told() {
        let folder = folder();
        for line in [
            "bootstrap panel -B 5",
            "growth --grid 10",
            "compare uniform --size 2 --devices one",
            "devices",
            "--help",
            "--version",
        ] {
            let closed = shell(folder.path(), &format!("$bw {line} >&-"));
            refused(&closed, &["cannot write to standard output: it is closed"]);
            let reading = shell(folder.path(), &format!("$bw {line} 1</dev/null"));
            refused(&reading, &["cannot write to standard output: it is open for reading only"]);
        }
        // A result that goes to a file does not need it.
        succeeded(&shell(folder.path(), "$bw bootstrap panel -q -B 5 -o x.csv --plot x.svg >&- 2>&- <&-"));
        assert!(folder.path().join("x.svg").exists());
        // The twins: thrown away on purpose, in the ways that shells and other programs do it.
        for thrown_away in [">/dev/null", "1<>/dev/null", ">>/dev/null"] {
            succeeded(&shell(folder.path(), &format!("$bw bootstrap panel -q -B 5 {thrown_away}")));
        }
        refused(&shell(folder.path(), "$bw bootstrap panel -q >/dev/full"), &["No space left on device"]);
    }

    #[test]
    fn a_reader_that_stops_early_is_no_error() {
        let folder = folder();
        for line in [
            "$bw bootstrap panel -q",
            "$bw bootstrap panel -q --format json",
            "$bw bootstrap panel -q --layout wide",
            "$bw bootstrap panel -q -o /dev/stdout",
            "$bw growth -q --grid 20000",
            "$bw growth -q --grid 20000 --format json",
            "$bw compare uniform -q --size 2 --devices one --min-runs 1 --min-time 0",
            "$bw devices",
            "$bw bootstrap --help",
        ] {
            // `true` reads nothing, and has mostly gone when the first line comes.
            for reader in ["head -1 >/dev/null", "true"] {
                let ran = shell(folder.path(), &format!("{line} | {reader}; exit ${{PIPESTATUS[0]}}"));
                // Drivers may have something to say of their own.
                let error = text(&ran.stderr);
                assert!(
                    ran.status.code() == Some(0) && !error.contains("bellwether: "),
                    "{line} | {reader}: {error}"
                );
            }
        }
        // A pipe by name, whose reader takes one line.
        let made = Command::new("mkfifo").arg(folder.path().join("pipe.csv")).status().unwrap();
        assert!(made.success());
        let mut child = bellwether();
        child.current_dir(folder.path()).args(["growth", "-q", "--grid", "20000", "-o", "pipe.csv"]);
        let child = child.stderr(Stdio::piped()).spawn().unwrap();
        let mut line = String::new();
        BufReader::new(fs::File::open(folder.path().join("pipe.csv")).unwrap()).read_line(&mut line).unwrap();
        assert_eq!(line, "k,value,capital_next,consumption,euler_error,value_low,value_high\n");
        let output = child.wait_with_output().unwrap();
        assert_eq!((output.status.code(), text(&output.stderr).as_str()), (Some(0), ""));
    }

    /// A reader of a pipe takes the first end of its writer for the end of all.
    #[test]
    fn a_pipe_is_opened_once() {
        let folder = folder();
        let pipe = folder.path().join("pipe");
        assert!(Command::new("mkfifo").arg(&pipe).status().unwrap().success());
        let expected = run_in(folder.path(), "bootstrap panel -q").stdout;
        for _ in 0..5 {
            let reader = thread::spawn({
                let pipe = pipe.clone();
                move || fs::read(pipe).unwrap()
            });
            succeeded(&run_in(folder.path(), "bootstrap panel -q -o pipe"));
            assert!(reader.join().unwrap() == expected);
        }
        assert!(fs::metadata(&pipe).unwrap().file_type().is_fifo());
    }

    #[test]
    fn files_keep_what_is_theirs() {
        let folder = folder();
        let path = |name: &str| folder.path().join(name);
        fs::write(path("private.csv"), "old").unwrap();
        fs::set_permissions(path("private.csv"), fs::Permissions::from_mode(0o600)).unwrap();
        succeeded(&run_in(folder.path(), "bootstrap panel -q -B 5 -o private.csv"));
        assert_eq!(fs::metadata(path("private.csv")).unwrap().permissions().mode() & 0o777, 0o600);
        // A link to what is not there yet leads to the result.
        std::os::unix::fs::symlink("results/out.csv", path("link.csv")).unwrap();
        refused(&run_in(folder.path(), "bootstrap panel -o link.csv"), &["there is no folder results"]);
        fs::create_dir(path("results")).unwrap();
        succeeded(&run_in(folder.path(), "bootstrap panel -q -B 5 -o link.csv"));
        assert!(fs::symlink_metadata(path("link.csv")).unwrap().is_symlink());
        assert!(fs::read(path("results/out.csv")).unwrap() == fs::read(path("private.csv")).unwrap());
        // What is read-only is meant to stay, whoever asks.
        fs::set_permissions(path("private.csv"), fs::Permissions::from_mode(0o444)).unwrap();
        let before = contents(folder.path());
        refused(
            &run_in(folder.path(), "bootstrap no-panel -o private.csv"),
            &["private.csv: it is read-only"],
        );
        let long = "n".repeat(300);
        refused(
            &run_in(folder.path(), &format!("bootstrap no-panel -o {long}")),
            &["cannot write nnn", "too long"],
        );
        refused(&run_in(folder.path(), &format!("simulate -o {long}")), &["cannot create nnn", "too long"]);
        assert!(contents(folder.path()) == before);
    }
}
