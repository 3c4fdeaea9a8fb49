//! Runs in parts: put together they are the run that was not cut, byte for byte; what does not belong
//! together is refused by name; and a result is verified, or found to be changed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

use bellwether::gpu::AdapterEntry;
use libtest_mimic::{Trial, run};
use tempfile::TempDir;

#[path = "common/devices.rs"]
mod devices;

/// Runs the program in `folder`.
fn bellwether(folder: &Path, line: &str) -> Output {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command.args(line.split_whitespace()).current_dir(folder).output().unwrap()
}

fn done(folder: &Path, line: &str) {
    let output = bellwether(folder, line);
    assert!(output.status.success(), "{line}: {}", String::from_utf8_lossy(&output.stderr));
}

/// The message of a run that must fail.
fn refused(folder: &Path, line: &str) -> String {
    let output = bellwether(folder, line);
    assert_eq!(output.status.code(), Some(1), "{line}: {}", String::from_utf8_lossy(&output.stdout));
    String::from_utf8(output.stderr).unwrap()
}

/// A folder in which `panel` is the sample, whose stocks have days of their own: some lack the first, some
/// the last.
fn sample() -> TempDir {
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
fn parts(folder: &Path, name: &str, arguments: &str, of: usize, device: &dyn Fn(usize) -> String) -> String {
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

fn cpu(_: usize) -> String {
    "cpu".to_owned()
}

/// That the parts of a run give it, in every format.
fn check(folder: &Path, arguments: &str, cut: &str, of: usize, device: &dyn Fn(usize) -> String) {
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

/// Methods, and how runs of them are cut.
const METHODS: [(&str, &[&str]); 7] = [
    ("-B 300", &["--cut stocks", "--cut days", "--cut samples"]),
    (
        "-B 200 --interval studentized,bca,studentized-log,asymptotic,percentile --details",
        &["--cut stocks", "--cut samples"],
    ),
    ("-B 150 --measure variance,medrv --scheme block --block 5", &["--cut stocks", "--cut samples"]),
    ("-B 100 --scheme wild --interval studentized --measure quarticity", &["--cut days", "--cut samples"]),
    ("--samples exact --confidence .95", &["--cut stocks", "--cut days"]),
    ("-B 100 --measure covariance,beta --against S0002 --align inner", &["", "--cut samples"]),
    ("-B 100 --against-exact --details --interval percentile,basic", &["", "--cut samples"]),
];

fn merged_is_direct() {
    let folder = sample();
    for (arguments, cuts) in METHODS {
        for cut in cuts {
            for of in [1, 2, 7] {
                check(folder.path(), arguments, cut, of, &cpu);
            }
        }
    }
    for by in ["week", "month", "all"] {
        for cut in ["--cut stocks", "--cut days"] {
            check(folder.path(), &format!("-B 100 --by {by}"), cut, 3, &cpu);
        }
    }
    check(
        folder.path(),
        "-B 100 --every 5min --from 2007-01-04 --to 2007-01-12 --stocks S0003,S0001",
        "",
        4,
        &cpu,
    );
}

/// More parts than cells: some are empty.
fn many_parts() {
    let folder = sample();
    for cut in ["--cut stocks", "--cut days", "--cut samples"] {
        check(folder.path(), "-B 50", cut, 64, &cpu);
    }
}

/// One file of all stocks, and a Parquet file for each: the same parts' bytes, of the same prices.
fn any_files() {
    let folder = sample();
    let path = folder.path();
    done(path, "bootstrap panel -B 50 -o direct.json");
    let direct = fs::read(path.join("direct.json")).unwrap();
    done(path, "panel panel -o long.csv");
    done(path, "panel panel -o long.parquet");
    done(path, "panel panel -o long.arrow");
    fs::create_dir(path.join("each")).unwrap();
    for stock in ["S0001", "S0002", "S0003"] {
        done(path, &format!("panel panel --stocks {stock} -o each/{stock}.parquet"));
    }
    for panel in ["long.csv", "long.parquet", "long.arrow", "each"] {
        let mut files = Vec::new();
        for number in 1..=3 {
            let file = format!("{panel}-{number}.part").replace('/', "-");
            done(path, &format!("bootstrap {panel} -B 50 --part {number}/3 -o {file}"));
            files.push(file);
        }
        done(path, &format!("merge {} -o merged.json", files.join(" ")));
        assert!(fs::read(path.join("merged.json")).unwrap() == direct, "{panel}");
    }
}

/// With one day and very many samples the cut is along the samples, unasked; else along stocks or days.
fn the_cut_follows_the_work() {
    let folder = sample();
    let path = folder.path();
    let header = |arguments: &str| {
        done(path, &format!("bootstrap panel {arguments} --part 1/400000 --device cpu -o x.part"));
        let bytes = fs::read(path.join("x.part")).unwrap();
        let text = String::from_utf8_lossy(&bytes[24..]).into_owned();
        let start = text.find("\"cut\":\"").unwrap() + 7;
        text[start..].split('"').next().unwrap().to_owned()
    };
    assert_eq!(header("-B 10000000 --stocks S0001 --from 2007-01-05 --to 2007-01-05"), "samples");
    assert_eq!(header("-B 1000000 --stocks S0001 --from 2007-01-05 --to 2007-01-05"), "stocks");
    assert_eq!(header("-B 100 --align inner"), "days");
}

/// A part reads the files of its stocks, and no other: the rest may not even be prices.
fn a_part_reads_its_files_alone() {
    let folder = sample();
    let path = folder.path();
    let middle = path.join("panel/S0002.csv");
    let text = fs::read_to_string(&middle).unwrap();
    // Broken amid the file, far from what is looked at.
    fs::write(&middle, text.replacen("20070116,1200", "20070116,noon", 1)).unwrap();
    done(path, "bootstrap panel -B 20 --part 1/9 -o 1.part");
    done(path, "bootstrap panel -B 20 --part 9/9 -o 9.part");
    let message = refused(path, "bootstrap panel -B 20 --part 5/9 -o 5.part");
    assert!(message.contains("S0002.csv") && !path.join("5.part").exists(), "{message}");
}

/// What a mix of parts is, and what the message must say.
struct Mix {
    what: &'static str,
    files: &'static str,
    says: &'static [&'static str],
}

const fn mix(what: &'static str, files: &'static str, says: &'static [&'static str]) -> Mix {
    Mix { what, files, says }
}

const MIXES: &[Mix] = &[
    mix("one part missing", "a1 a2 a4", &["1 of 4 parts", "--array=3`"]),
    mix("two missing", "a2 a4", &["2 of 4 parts", "--array=1,3`"]),
    mix("three missing", "a4", &["--array=1-3`"]),
    mix("another seed", "a1 a2 seed3 a4", &["a1.part and seed3.part", "--seed", "0 in the one and 5"]),
    mix("another number of samples", "a1 a2 samples3 a4", &["samples3.part", "--samples", "21"]),
    mix("another confidence", "a1 confidence2 a3 a4", &["confidence2.part", "--confidence", "0.9"]),
    mix("another measure", "a1 measure2 a3 a4", &["measure2.part", "--measure", "quarticity"]),
    mix("another interval", "a1 interval2 a3 a4", &["interval2.part", "--interval", "basic"]),
    mix("another scheme", "a1 scheme2 a3 a4", &["scheme2.part", "--scheme", "wild"]),
    mix("another side", "a1 side2 a3 a4", &["side2.part", "--side"]),
    mix("other days", "a1 days2 a3 a4", &["days2.part", "2007-01-05", "not given"]),
    mix("other stocks", "a1 stocks2 a3 a4", &["stocks2.part", "--stocks"]),
    mix("another step of time", "a1 every2 a3 a4", &["every2.part", "10min"]),
    mix(
        "another number of parts",
        "a1 a2 a3 five4",
        &["five4.part", "number of parts", "4 in the one and 5"],
    ),
    mix("another cut", "a1 a2 a3 cut4", &["cut4.part", "the cut is stocks in the one and days"]),
    mix("another panel", "a1 a2 a3 panel4", &["panel4.part", "the input"]),
    mix("a panel of which a price was changed", "a1 a2 a3 price4", &["price4.part", "the input"]),
    mix("another version of the program", "a1 a2 a3 version4", &["version4.part", "the program", "0.0.9"]),
    mix(
        "another random stream",
        "a1 a2 a3 stream4",
        &["stream4.part", "random stream", "1 in the one and 2"],
    ),
    mix("a part that was cut off", "a1 a2 short3 a4", &["short3.part", "cut off"]),
    mix("a part of which the beginning is left", "a1 stub2 a3 a4", &["stub2.part", "cut off"]),
    mix("an empty file", "a1 empty2 a3 a4", &["empty2.part", "no part of a run"]),
    mix("a changed bit", "a1 bit2 a3 a4", &["bit2.part", "damaged", "checksum"]),
    mix("a part with something behind", "a1 long2 a3 a4", &["long2.part", "not whole"]),
    mix(
        "a part twice, with other numbers",
        "a1 a2 twin2 a3 a4",
        &["a2.part and twin2.part", "disagree", "part 2/4"],
    ),
    mix("parts that have a cell in common", "a1 a2 over3 a4", &["over3.part", "disagree"]),
    mix("a table", "a1 a2 a3 table", &["table.part", "no part of a run"]),
];

/// Writes a part again with its header and arrays changed, and a checksum that fits.
fn forged(
    folder: &Path,
    from: &str,
    to: &str,
    change: impl Fn(String) -> String,
    arrays: impl Fn(&mut Vec<u8>),
) {
    let bytes = fs::read(folder.join(from)).unwrap();
    let length = u64::from_le_bytes(bytes[16..24].try_into().unwrap()) as usize;
    let header = change(String::from_utf8(bytes[24..24 + length].to_vec()).unwrap());
    let mut rest = bytes[24 + length..bytes.len() - 32].to_vec();
    arrays(&mut rest);
    let mut new = bytes[..16].to_vec();
    new.extend((header.len() as u64).to_le_bytes());
    new.extend(header.as_bytes());
    new.extend(rest);
    let checksum = blake3::hash(&new);
    new.extend(checksum.as_bytes());
    fs::write(folder.join(to), new).unwrap();
}

fn wrong_mixes_are_refused() {
    let folder = sample();
    let path = folder.path();
    let same = |text: String| text;
    let part = |name: &str, arguments: &str, number: usize, of: usize| {
        let line =
            format!("bootstrap panel {arguments} --device cpu --part {number}/{of} -o {name}{number}.part");
        done(path, &line);
    };
    const BASE: &str = "-B 20 --every 5min";
    for number in 1..=4 {
        part("a", BASE, number, 4);
    }
    part("seed", &format!("{BASE} --seed 5"), 3, 4);
    part("samples", "-B 21 --every 5min", 3, 4);
    part("confidence", &format!("{BASE} --confidence .9"), 2, 4);
    part("measure", &format!("{BASE} --measure quarticity"), 2, 4);
    part("interval", &format!("{BASE} --interval basic"), 2, 4);
    part("scheme", &format!("{BASE} --scheme wild"), 2, 4);
    part("side", &format!("{BASE} --side lower"), 2, 4);
    part("days", &format!("{BASE} --from 2007-01-05"), 2, 4);
    part("stocks", &format!("{BASE} --stocks S0001,S0002"), 2, 4);
    part("every", "-B 20 --every 10min", 2, 4);
    part("five", BASE, 4, 5);
    part("cut", &format!("{BASE} --cut days"), 4, 4);
    fs::copy(path.join("a2.part"), path.join("table.part")).unwrap();
    forged(
        path,
        "a4.part",
        "version4.part",
        |text| text.replace("bellwether 0.1.0", "bellwether 0.0.9"),
        |_| (),
    );
    forged(
        path,
        "a4.part",
        "stream4.part",
        |text| text.replace("\"random_stream\":1", "\"random_stream\":2"),
        |_| (),
    );
    // The last number of the last array, within what the part has of its cells.
    let last = |bytes: &mut Vec<u8>| {
        let at = bytes.len() - 3;
        bytes[at] ^= 1;
    };
    forged(path, "a2.part", "twin2.part", same, last);
    // Part 2 under the name of part 3, with another number.
    forged(path, "a2.part", "over3.part", |text| text.replace("\"part\":2", "\"part\":3"), last);
    let bytes = fs::read(path.join("a3.part")).unwrap();
    fs::write(path.join("short3.part"), &bytes[..bytes.len() - 100]).unwrap();
    let bytes = fs::read(path.join("a2.part")).unwrap();
    fs::write(path.join("stub2.part"), &bytes[..20]).unwrap();
    fs::write(path.join("empty2.part"), b"").unwrap();
    fs::write(path.join("long2.part"), [&bytes[..], b"x"].concat()).unwrap();
    let mut changed = bytes.clone();
    let at = bytes.len() - 200;
    changed[at] ^= 4;
    fs::write(path.join("bit2.part"), changed).unwrap();
    done(path, "bootstrap panel -B 20 -o table.part");
    let file = path.join("panel/S0001.csv");
    let text = fs::read_to_string(&file).unwrap();
    fs::write(&file, text.replacen("20070103,936,91", "20070103,936,92", 1)).unwrap();
    assert_ne!(fs::read_to_string(&file).unwrap(), text);
    part("price", BASE, 4, 4);
    fs::write(&file, &text).unwrap();
    fs::write(path.join("panel/T.csv"), &text).unwrap();
    part("panel", BASE, 4, 4);
    fs::remove_file(path.join("panel/T.csv")).unwrap();

    assert!(MIXES.len() >= 20);
    for Mix { what, files, says } in MIXES {
        for files in [files.split(' ').collect::<Vec<_>>(), files.split(' ').rev().collect()] {
            // In the other order messages have the files in the other order.
            let ordered = files[0] == MIXES_FIRST || files.len() == 1;
            let names: Vec<String> = files.iter().map(|name| format!("{name}.part")).collect();
            let message = refused(path, &format!("merge {} -o out.csv", names.join(" ")));
            if ordered {
                for word in *says {
                    assert!(message.contains(word), "{what}: {message} lacks {word:?}");
                }
            }
            assert!(!path.join("out.csv").exists(), "{what}");
        }
    }
    done(path, "merge a1.part a2.part a3.part a4.part a2.part -o out.csv");
    assert!(refused(path, "merge a1.part nowhere.part").contains("nowhere.part"));
    assert!(refused(path, "merge a1.part a2.part a3.part a4.part -o a1.part").contains("would be lost"));
}

const MIXES_FIRST: &str = "a1";

/// Parts take no flags that are of the whole, and say so.
fn parts_refuse_what_is_of_the_whole() {
    let folder = sample();
    for (flags, says) in [
        ("-o x.part --plot x.svg", "--plot"),
        ("-o x.part --format json", "--format"),
        ("-o x.part --manifest x.json", "--manifest"),
        ("", "name a file for the part"),
        ("-o x.part --align inner --cut stocks", "cut by days"),
        ("-o x.part --cut samples --by week", "cut those of weeks and months by days"),
        ("-o x.part --cut samples --samples exact", "no samples are drawn"),
    ] {
        let samples = if flags.contains("exact") { "" } else { "-B 20" };
        let message = refused(folder.path(), &format!("bootstrap panel {samples} --part 1/2 {flags}"));
        assert!(message.contains(says), "{flags}: {message}");
        assert!(!folder.path().join("x.part").exists());
    }
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    command.args("bootstrap panel -B 20 --part slurm -o x.part".split(' ')).current_dir(folder.path());
    for (name, value) in [("ID", "3"), ("MIN", "3"), ("MAX", "7"), ("COUNT", "2")] {
        command.env(format!("SLURM_ARRAY_TASK_{name}"), value);
    }
    let output = command.output().unwrap();
    let message = String::from_utf8(output.stderr).unwrap();
    assert!(message.contains("as in slurm/7"), "{message}");
}

/// A result is verified on each device, whichever it was made on; and a change of anything is found.
fn results_are_verified(device: &str) {
    let folder = sample();
    let path = folder.path();
    let methods = [
        "-B 300 --details --interval percentile,studentized",
        "-B 100 --by week",
        "-B 100 --by all",
        "-B 100 --measure beta,variance --against S0002 --align inner",
        "--samples exact",
    ];
    for method in methods {
        for (format, device, other) in
            [("json", "cpu", device), ("parquet", device, "cpu"), ("csv", "cpu", device)]
        {
            let line = format!("bootstrap panel {method} --device {device} -o r.{format} --manifest m.json");
            done(path, &line);
            let manifest = if format == "csv" { "--manifest m.json" } else { "" };
            for cells in ["all", "5"] {
                let line = format!("verify r.{format} panel {manifest} --cells {cells} --device {other}");
                done(path, &line);
            }
        }
    }
    done(path, "bootstrap panel -B 100 --layout wide -o wide.csv --manifest m.json");
    done(path, "verify wide.csv panel --manifest m.json");
}

fn changes_are_found() {
    let folder = sample();
    let path = folder.path();
    done(path, "bootstrap panel -B 300 -o r.json --manifest m.json");
    done(path, "bootstrap panel -B 300 -o r.csv");
    done(path, "verify r.json panel --cells all");
    done(path, "verify r.csv panel --cells all --manifest m.json");

    // A digit of the result, whether or not its cell is drawn.
    for name in ["r.json", "r.csv"] {
        let text = fs::read_to_string(path.join(name)).unwrap();
        let at = text.trim_end().rfind(|letter: char| letter.is_ascii_digit()).unwrap() - 6;
        let digit = if &text[at..=at] == "3" { "4" } else { "3" };
        let changed = format!("{}{digit}{}", &text[..at], &text[at + 1..]);
        fs::write(path.join(format!("changed-{name}")), changed).unwrap();
        for cells in ["all", "1"] {
            let line = format!("verify changed-{name} panel --manifest m.json --cells {cells} --draw 1");
            let message = refused(path, &line);
            assert!(message.contains("its records are not those"), "{message}");
            if cells == "all" {
                assert!(message.contains("when computed again"), "{message}");
            }
        }
        // A record that is not there, and one too many.
        if name == "r.csv" {
            let lines: Vec<&str> = text.lines().collect();
            fs::write(path.join("lacks.csv"), lines[..lines.len() - 1].join("\n")).unwrap();
            let message = refused(path, "verify lacks.csv panel --manifest m.json");
            assert!(message.contains("it lacks 1 cell"), "{message}");
            fs::write(path.join("more.csv"), text.clone() + "2008-01-02,S0001,1.0,1.0,1.0\n").unwrap();
            let message = refused(path, "verify more.csv panel --manifest m.json");
            assert!(message.contains("the panel lacks 1 cell as of S0001 on 2008-01-02"), "{message}");
        }
    }
    // A parameter of the manifest.
    for (from, to) in [
        ("\"seed\": \"0\"", "\"seed\": \"1\""),
        ("\"samples\": \"300\"", "\"samples\": \"299\""),
        ("\"confidence\": \"0.99\"", "\"confidence\": \"0.98\""),
    ] {
        let text = fs::read_to_string(path.join("m.json")).unwrap();
        assert!(text.contains(from), "{text}");
        fs::write(path.join("other.json"), text.replace(from, to)).unwrap();
        let message = refused(path, "verify r.csv panel --manifest other.json --cells 3");
        assert!(message.contains("when computed again"), "{to}: {message}");
    }
    // A price of the input, in the last digit.
    let file = path.join("panel/S0003.csv");
    let text = fs::read_to_string(&file).unwrap();
    let at = text.find("20070118,1100,").unwrap() + "20070118,1100,".len() + 4;
    let digit = if &text[at..=at] == "3" { "4" } else { "3" };
    fs::write(&file, format!("{}{digit}{}", &text[..at], &text[at + 1..])).unwrap();
    let message = refused(path, "verify r.json panel --cells 1");
    assert!(message.contains("the panel's prices are not those of the result"), "{message}");
    let message = refused(path, "verify r.json panel --cells all");
    assert!(message.contains("2007-01-18, S0003"), "{message}");
    fs::write(&file, text).unwrap();
    done(path, "verify r.json panel");

    assert!(refused(path, "verify r.csv panel").contains("it has no manifest inside"));
    assert!(refused(path, "verify m.json panel").contains("cannot be used"));
    assert!(refused(path, "verify panel/S0001.csv panel --manifest m.json").contains("no columns date"));
}

/// What JSON and Parquet say of where they are from is what `--manifest` writes, and does not depend on how
/// the run went; the prices' hash is that of the library.
fn manifests_say_the_same() {
    let folder = sample();
    let path = folder.path();
    done(path, "bootstrap panel -B 50 --threads 1 -o a.json --manifest a.manifest.json");
    done(path, "bootstrap panel -B 50 --threads 2 --memory 1MiB -o b.json --manifest b.manifest.json");
    let read = |name: &str| -> serde_json::Value {
        serde_json::from_slice(&fs::read(path.join(name)).unwrap()).unwrap()
    };
    let [a, b] = [read("a.manifest.json"), read("b.manifest.json")];
    assert_eq!(fs::read(path.join("a.json")).unwrap(), fs::read(path.join("b.json")).unwrap());
    assert_eq!((&a["manifest"], &read("a.json")["manifest"]), (&b["manifest"], &a["manifest"]));
    assert_ne!(a["run"], b["run"]);
    let paths: [PathBuf; 1] = [path.join("panel")];
    let jobs = bellwether::jobs::Jobs::new();
    let panel =
        bellwether::panel::load(&paths, &bellwether::panel::LoadOptions::default(), &jobs).unwrap().panel;
    let hash = bellwether::panel::content::Content::of(&panel).hash(&panel.stocks);
    assert_eq!(a["manifest"]["panel"]["hash"], hash);
    assert_eq!(a["manifest"]["parameters"]["samples"], "50");
    assert_eq!(a["manifest"]["parameters"]["align"], "none");
}

/// What a plan counts is what a run draws; and it computes nothing.
fn plans_count_what_runs_draw() {
    let folder = sample();
    let path = folder.path();
    for arguments in ["-B 300", "-B 200 --measure beta --against S0001 --align inner", "--samples exact"] {
        let plan = bellwether(path, &format!("bootstrap panel {arguments} --plan"));
        assert!(plan.status.success(), "{}", String::from_utf8_lossy(&plan.stderr));
        let plan = String::from_utf8(plan.stdout).unwrap();
        let run = bellwether(path, &format!("bootstrap panel {arguments} -o out.csv"));
        let told = String::from_utf8(run.stderr).unwrap();
        let draws =
            told.split_once("for each day, ").map_or("0", |(_, rest)| rest.split(' ').next().unwrap());
        assert!(plan.contains(&format!("draws      {draws} returns")), "{arguments}: {plan}{told}");
        assert!(plan.contains("suggested  one task"), "{plan}");
    }
}

/// Coverage in parts, as a table and in every format.
fn coverage_is_merged() {
    let folder = TempDir::new().unwrap();
    let path = folder.path();
    let study = "coverage --returns 12,39 --replications 203 -B 99 --confidence .9,.95 \
                 --interval percentile,studentized";
    let mut files = Vec::new();
    for number in 1..=4 {
        done(path, &format!("{study} --part {number}/4 --threads 1 -o c{number}.part"));
        files.push(format!("c{number}.part"));
    }
    for format in ["csv", "json", "parquet", "arrow"] {
        done(path, &format!("{study} -o direct.{format}"));
        done(path, &format!("merge {} -o merged.{format}", files.join(" ")));
        let read = |name: &str| fs::read(path.join(format!("{name}.{format}"))).unwrap();
        assert!(read("direct") == read("merged"), "{format}");
    }
    assert_eq!(
        bellwether(path, study).stdout,
        bellwether(path, &format!("merge {}", files.join(" "))).stdout
    );
    let message = refused(path, "merge c1.part c2.part c4.part");
    assert!(message.contains("--array=3`"), "{message}");
    done(path, &format!("{study} --seed 1 --part 3/4 -o other.part"));
    let message = refused(path, "merge c1.part c2.part other.part c4.part");
    assert!(message.contains("other.part") && message.contains("--seed"), "{message}");
}

/// Parts on the CPU and on an adapter, in turn.
fn devices_are_mixed(adapter: &AdapterEntry) {
    let folder = sample();
    let index = adapter.index.to_string();
    let device = |number: usize| if number.is_multiple_of(2) { index.clone() } else { "cpu".to_owned() };
    for (arguments, cuts) in &METHODS[..4] {
        for cut in *cuts {
            check(folder.path(), arguments, cut, 3, &device);
        }
    }
}

fn main() {
    let mut arguments = devices::arguments();
    arguments.test_threads = arguments.test_threads.or(Some(1));
    let trial = |name: &str, test: fn()| {
        Trial::test(name, move || {
            test();
            Ok(())
        })
    };
    let mut trials = vec![
        trial("merged_is_direct", merged_is_direct),
        trial("many_parts", many_parts),
        trial("any_files", any_files),
        trial("the_cut_follows_the_work", the_cut_follows_the_work),
        trial("a_part_reads_its_files_alone", a_part_reads_its_files_alone),
        trial("wrong_mixes_are_refused", wrong_mixes_are_refused),
        trial("parts_refuse_what_is_of_the_whole", parts_refuse_what_is_of_the_whole),
        trial("results_are_verified", || results_are_verified("cpu")),
        trial("changes_are_found", changes_are_found),
        trial("manifests_say_the_same", manifests_say_the_same),
        trial("coverage_is_merged", coverage_is_merged),
        trial("plans_count_what_runs_draw", plans_count_what_runs_draw),
    ];
    trials.extend(devices::on_each_adapter("devices_are_mixed", devices_are_mixed));
    let verified = |adapter: &AdapterEntry| results_are_verified(&adapter.index.to_string());
    trials.extend(devices::on_each_adapter("results_are_verified_on", verified));
    run(&arguments, trials).exit();
}
