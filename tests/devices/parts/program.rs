//! The program at work in a folder: runs that are done and runs that are refused, parts, and their merge.

use std::fs;
use std::path::Path;
use std::process::{Command, Output};

use tempfile::TempDir;

/// Runs the program in `folder`.
pub(crate) fn bellwether(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command.args(line.split_whitespace()).current_dir(folder).output().unwrap()
}

pub(crate) fn done(folder: &Path, line: &str) {
    let output = bellwether(folder, line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// A run that leaves out what cannot be read.
pub(crate) fn partly(folder: &Path, line: &str) {
    let output = bellwether(folder, line);
    assert_eq!(output.status.code(), Some(3), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The message of a run that must fail.
pub(crate) fn refused(folder: &Path, line: &str) -> String {
    let output = bellwether(folder, line);
    assert_eq!(output.status.code(), Some(1), "{line}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// A folder in which `panel` is the sample, whose stocks have days of their own: some lack the first, some
/// the last.
pub(crate) fn sample() -> TempDir {
    let folder = TempDir::new().unwrap();
    fs::create_dir(folder.path().join("panel")).unwrap();
    for (number, name) in ["S0001.csv", "S0002.csv", "S0003.csv"].into_iter().enumerate() {
        let text = fs::read_to_string(Path::new("data/sample").join(name)).unwrap();
        let keep = |line: &&str| match number {
            0 => true,
            1 => !line.starts_with("20070103") && !line.starts_with("20070105"),
            _ => !line.starts_with("20070131"),
        };
        let lines: Vec<&str> = text.lines().filter(keep).collect();
        fs::write(folder.path().join("panel").join(name), lines.join("\n") + "\n").unwrap();
    }
    folder
}

/// Computes all of `of` parts into `name-1.part` and so on, each on the device that `device` gives it.
pub(crate) fn parts(
    folder: &Path,
    name: &str,
    arguments: &str,
    of: usize,
    device: &dyn Fn(usize) -> String,
) -> String {
    let mut files = Vec::new();
    for number in 1..=of {
        let file = format!("{name}-{number}.part");
        let device = device(number);
        done(
            folder,
            &format!(
                "bootstrap panel {arguments} --part {number}/{of} --device {device} --threads 2 -o {file}"
            ),
        );
        files.push(file);
    }
    // In no order, one of them twice.
    files.rotate_left(of / 2);
    files.push(files[0].clone());
    files.join(" ")
}

pub(crate) fn cpu(_: usize) -> String {
    "cpu".to_owned()
}

/// That the parts of a run give it, in every format.
pub(crate) fn check(folder: &Path, arguments: &str, cut: &str, of: usize, device: &dyn Fn(usize) -> String) {
    let files = parts(folder, "one", &format!("{arguments} {cut}"), of, device);
    for (format, layout) in
        [("csv", "long"), ("json", "long"), ("parquet", "long"), ("arrow", "long"), ("csv", "wide")]
    {
        if layout == "wide" && (arguments.contains("details") || arguments.contains(',')) {
            continue;
        }
        // Of each method and format once.
        let words: String =
            arguments.chars().map(|one| if one.is_alphanumeric() { one } else { '_' }).collect();
        let (direct, merged) = (format!("{words}.{layout}.{format}"), format!("merged.{format}"));
        if !folder.join(&direct).exists() {
            let line =
                format!("bootstrap panel {arguments} --layout {layout} --threads 1 --device cpu -o {direct}");
            done(folder, &line);
        }
        done(folder, &format!("merge {files} --layout {layout} -o {merged}"));
        let [direct, merged] = [direct, merged].map(|name| fs::read(folder.join(name)).unwrap());
        assert!(direct == merged, "{arguments} {cut}, {of} parts, {format} {layout}");
        assert!(direct.len() > 100);
    }
}
