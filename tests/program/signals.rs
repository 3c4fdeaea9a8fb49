//! What is left behind by a run that a signal ends: nothing, or all of the result.

use std::fs;
use std::io::{BufRead, BufReader};
use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::thread;
use std::time::Duration;

use tempfile::TempDir;

fn names(folder: &Path) -> Vec<String> {
    let names = fs::read_dir(folder).unwrap().map(|entry| entry.unwrap().file_name());
    let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
    names.sort();
    names
}

fn start(folder: &Path, line: &str) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command.args(line.split_whitespace()).current_dir(folder).stderr(Stdio::null()).spawn().unwrap()
}

fn send(signal: &str, child: &Child) {
    let sent = Command::new("kill").args([signal, &child.id().to_string()]).status().unwrap();
    assert!(sent.success());
}

/// Waits until `child` has something unfinished in `folder`, and then for a file in it where it is a folder.
fn wait_for_work(folder: &Path, child: &mut Child) {
    loop {
        let begun = names(folder).into_iter().find(|name| name.starts_with(".bellwether-"));
        let at_work = begun.is_some_and(|name| {
            let path = folder.join(name);
            let panel = path.join("panel");
            !path.is_dir() || fs::read_dir(panel).is_ok_and(|mut files| files.next().is_some())
        });
        if at_work {
            return;
        }
        assert!(child.try_wait().unwrap().is_none(), "the run was over before it was looked at");
        thread::sleep(Duration::from_millis(1));
    }
}

/// Seconds of work, of which the signal comes at the beginning.
const LONG: &str = "simulate --stocks 2 --days 400 --per-day 20000 -o";

/// Whether these tests, and so what they start, were started with a signal ignored: under `nohup`, or in the
/// background of a script. Where the system does not say, the program takes `SIGHUP` to be.
fn is_ignored(signal: i32) -> bool {
    let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
    let mask = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    mask.map_or(signal == 1, |mask| u64::from_str_radix(mask.trim(), 16).unwrap() >> (signal - 1) & 1 == 1)
}

#[test]
fn a_signal_leaves_nothing_behind() {
    for signal in [2, 15, 1] {
        for output in ["panel", "new/and/deeper", "there"] {
            let folder = TempDir::new().unwrap();
            fs::create_dir(folder.path().join("there")).unwrap();
            let mut child = start(folder.path(), &format!("{LONG} {output}"));
            let within =
                if output == "there" { folder.path().join("there") } else { folder.path().to_path_buf() };
            wait_for_work(&within, &mut child);
            send(&format!("-{signal}"), &child);
            let code = child.wait().unwrap().code();
            if is_ignored(signal) {
                assert_eq!(code, Some(0), "{signal}");
                assert_eq!(names(&folder.path().join(output)), ["S0001.csv", "S0002.csv"]);
                continue;
            }
            assert_eq!(code, Some(128 + signal), "{signal}");
            assert_eq!(names(folder.path()), ["there"], "{signal} {output}");
            assert!(names(&folder.path().join("there")).is_empty(), "{signal} {output}");
        }
    }
}

/// Hours of drawing, which hear of the signal; what was there before stays.
#[test]
fn a_signal_ends_a_run_that_draws() {
    let folder = TempDir::new().unwrap();
    let panel = "simulate --stocks 2 --days 60 --per-day 400 -q -o panel";
    assert!(start(folder.path(), panel).wait().unwrap().success());
    fs::write(folder.path().join("out.csv"), "before").unwrap();
    for signal in [2, 15, 1].into_iter().filter(|&signal| !is_ignored(signal)) {
        let line =
            "bootstrap panel -B 4000000000 --confidence .9999999 --device cpu --memory 2MiB -o out.csv";
        let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
        command.args(line.split_whitespace()).current_dir(folder.path()).stderr(Stdio::piped());
        let mut child = command.spawn().unwrap();
        let mut told = BufReader::new(child.stderr.take().unwrap()).lines();
        // Of the days that come one after the other, before the first are resampled.
        assert!(told.any(|line| line.unwrap().contains("blocks of days")));
        send(&format!("-{signal}"), &child);
        assert_eq!(child.wait().unwrap().code(), Some(128 + signal), "{signal}");
        // The run says nothing: whoever sent the signal knows.
        let told: Vec<String> = told.map(Result::unwrap).collect();
        assert!(told.is_empty(), "{told:?}");
        assert_eq!(names(folder.path()), ["out.csv", "panel"], "{signal}");
        assert_eq!(fs::read_to_string(folder.path().join("out.csv")).unwrap(), "before");
    }
}

/// What can't be caught leaves a hidden folder, and no run after it minds.
#[test]
fn remains_of_a_killed_run_are_in_nobodys_way() {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("there")).unwrap();
    let within = folder.path().join("there");
    let mut child = start(folder.path(), &format!("{LONG} there"));
    wait_for_work(&within, &mut child);
    send("-KILL", &child);
    child.wait().unwrap();
    let remains = names(&within);
    assert_eq!(remains.len(), 1);
    let done = |line: &str| assert!(start(folder.path(), line).wait().unwrap().success(), "{line}");
    done("simulate --stocks 2 --days 2 --per-day 20 -o there");
    assert_eq!(names(&within), [&remains[..], &["S0001.csv".into(), "S0002.csv".into()]].concat());
    done("bootstrap there -B 5 -o out.csv");
}

/// A run that was told to live on when its terminal closes does so.
#[cfg(target_os = "linux")]
#[test]
fn a_signal_that_is_ignored_stays_so() {
    let folder = TempDir::new().unwrap();
    let line = format!(
        "trap '' HUP; exec {} simulate --stocks 1 --days 400 --per-day 20000 -o panel",
        env!("CARGO_BIN_EXE_bellwether")
    );
    let mut command = Command::new("sh");
    let mut child =
        command.args(["-c", &line]).current_dir(folder.path()).stderr(Stdio::null()).spawn().unwrap();
    wait_for_work(folder.path(), &mut child);
    send("-HUP", &child);
    assert!(child.wait().unwrap().success());
    assert_eq!(names(folder.path()), ["panel"]);
}
