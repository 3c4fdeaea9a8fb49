//! The command line as a user meets it: exit codes, where messages go and what they say, and that files
//! appear whole.
//!
//! Exit codes: 0 done, 1 failed with one message, 2 wrong usage, 3 done in part. Malformed panels have tests
//! of their own.

use std::ffi::OsStr;
use std::fs;
use std::path::{Path, PathBuf};

use assert_cmd::Command;
use bellwether::gpu::{AdapterEntry, adapters};
use tempfile::TempDir;

/// How a run of the program ended.
struct Ran {
    code: i32,
    stdout: String,
    stderr: String,
}

fn run(arguments: impl IntoIterator<Item = impl AsRef<OsStr>>) -> Ran {
    let output = Command::new(env!("CARGO_BIN_EXE_bellwether")).args(arguments).output().unwrap();
    let text = |bytes: Vec<u8>| String::from_utf8(bytes).unwrap();
    let ran =
        Ran { code: output.status.code().unwrap(), stdout: text(output.stdout), stderr: text(output.stderr) };
    // Whatever happens, no panic reaches a user.
    assert!(!ran.stderr.contains("panicked") && !ran.stderr.contains("RUST_BACKTRACE"), "{}", ran.stderr);
    ran
}

fn sample() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample")
}

/// `bellwether bootstrap` of the shipped sample, on the CPU.
fn bootstrap(arguments: &str) -> Ran {
    bootstrap_of(&sample(), &format!("--device cpu {arguments}"))
}

fn bootstrap_of(panel: &Path, arguments: &str) -> Ran {
    let words = arguments.split_whitespace().map(OsStr::new);
    run([OsStr::new("bootstrap"), panel.as_os_str()].into_iter().chain(words))
}

impl Ran {
    fn succeeded(self) -> Self {
        assert_eq!(self.code, 0, "{}", self.stderr);
        self
    }

    /// Failed with one message, which holds each of `parts`, and nothing else.
    fn failed_with(self, parts: &[&str]) -> Self {
        assert_eq!(self.code, 1, "{}", self.stderr);
        assert_eq!(self.stdout, "");
        let messages: Vec<&str> =
            self.stderr.lines().filter(|line| line.starts_with("bellwether: ")).collect();
        assert_eq!(messages.len(), 1, "{}", self.stderr);
        for part in parts {
            assert!(messages[0].contains(part), "{part:?} is not in: {}", messages[0]);
        }
        self
    }

    /// Refused as wrong usage, with an explanation that holds `part`.
    fn misused(self, part: &str) {
        assert_eq!(self.code, 2, "{}", self.stderr);
        assert_eq!(self.stdout, "");
        assert!(self.stderr.contains(part) && self.stderr.contains("--help"), "{part:?}: {}", self.stderr);
    }
}

#[test]
fn wrong_usage_ends_with_2() {
    run(["--nonsense"]).misused("--nonsense");
    run(["resample"]).misused("resample");
    run(["bootstrap"]).misused("<PANEL>");
    run(["simulate"]).misused("--output");
    run(["devices", "extra"]).misused("extra");
    bootstrap("--samples many").misused("many");
    bootstrap("--samples -1").misused("-1");
    // One more than 32 bits hold.
    bootstrap("--samples 4294967296").misused("4294967296");
    bootstrap("--confidence high").misused("high");
    bootstrap("--seed 1.5").misused("1.5");
    bootstrap("--seed -1").misused("invalid value '-1' for '--seed <N>': a seed is a whole number from 0");
    run(["simulate", "-o", "panel", "--seed", "-1"]).misused("a seed is a whole number from 0");
    run(["bootstrap", "data/sample", "--device", ""]).misused("name a device");
    bootstrap("--format xml").misused("[possible values: csv, json, parquet, arrow]");
    bootstrap("--layout tall").misused("[possible values: long, wide]");
    bootstrap("--align loosely").misused("[possible values:");
    bootstrap("--from 2007-02-30").misused("2007-02-30");
    bootstrap("--to yesterday").misused("yesterday");
    bootstrap("--threads two").misused("two");
    bootstrap("--memory lots").misused("lots");
    // Nothing at all shows what there is.
    let nothing = run([] as [&str; 0]);
    assert_eq!((nothing.code, nothing.stdout.as_str()), (2, ""));
    assert!(nothing.stderr.contains("bootstrap") && nothing.stderr.contains("Usage"), "{}", nothing.stderr);
}

#[test]
fn help_and_version_are_results() {
    for arguments in [&["--help"][..], &["bootstrap", "--help"], &["help", "simulate"]] {
        let help = run(arguments).succeeded();
        assert!(help.stdout.contains("Usage") && help.stderr.is_empty(), "{}", help.stderr);
    }
    let version = run(["--version"]).succeeded();
    assert_eq!(version.stdout, format!("bellwether {}\n", env!("CARGO_PKG_VERSION")));
}

#[test]
fn parameters_out_of_range_are_refused() {
    bootstrap("--samples 0").failed_with(&["--samples is 0", "at least one"]);
    for confidence in ["0", "1", "1.5", "-0.5", "99", "NaN", "inf"] {
        bootstrap(&format!("--confidence={confidence}")).failed_with(&[
            &format!("--confidence is {confidence}"),
            "between 0 and 1",
            "0.99",
        ]);
    }
    bootstrap("--threads 0").failed_with(&["threads", "0", "at least one"]);
    bootstrap("--memory 0").failed_with(&["--memory is 0"]);
    // The ends of what is allowed.
    bootstrap("--samples 1 --confidence 0.000001 --threads 1").succeeded();
    bootstrap("--samples 1 --confidence 0.999999").succeeded();
}

#[test]
fn too_little_memory_says_how_much_is_needed() {
    let mut memory = 1.0;
    let first = bootstrap("--memory 1KiB --threads 2").failed_with(&[
        "with 385 returns 10000 times",
        "of memory, but 1.0 KiB may be used",
        "raise --memory, or lower --samples or --threads",
    ]);
    let needed = |message: &str| -> f64 {
        message.split("at least ").nth(1).unwrap().split(' ').next().unwrap().parse().unwrap()
    };
    let at_least = needed(&first.stderr);
    assert!(first.stderr.contains(&format!("needs at least {at_least:.1} KiB")), "{}", first.stderr);
    // Half of what the message asks for is not enough. All of it (rounded to a tenth of a KiB) is for the day
    // that it was about; days that need more say so in their turn.
    bootstrap(&format!("--memory {:.0}KiB --threads 2", 0.5 * at_least)).failed_with(&["raise --memory"]);
    for _ in 0..5 {
        let run = bootstrap(&format!("--memory {:.0}B --threads 2", memory * 1024.0));
        if run.code == 0 {
            assert!(memory >= at_least && memory < 3.0 * at_least, "{memory} for {at_least}");
            return;
        }
        assert!(needed(&run.stderr) > memory, "{}", run.stderr);
        memory = needed(&run.stderr) + 0.1;
    }
    panic!("{memory} KiB are not enough");
}

#[test]
fn stocks_and_days_that_are_not_there_are_refused() {
    bootstrap("--stocks S0001,IBM").failed_with(&["no stock \"IBM\"", "S0001, S0002, S0003"]);
    bootstrap("--from 2008-01-01").failed_with(&["no day from 2008-01-01 on", "2007-01-03", "2007-01-31"]);
    bootstrap("--from 2007-01-06 --to 2007-01-07").failed_with(&["no day from 2007-01-06 to 2007-01-07"]);
    bootstrap("--from 2007-01-10 --to 2007-01-09").failed_with(&["exchange the two"]);
    bootstrap_of(Path::new("no/such/panel"), "--device cpu").failed_with(&["cannot read no/such/panel"]);
    // Blanks after commas are no part of a name.
    let panel = sample();
    let spaced =
        ["bootstrap", "--quiet", "--device", "cpu", "--stocks", "S0001, S0003", panel.to_str().unwrap()];
    assert_eq!(run(spaced).succeeded().stdout, bootstrap("--quiet --stocks S0001,S0003").stdout);
    // Days that no calendar has are wrong usage.
    for (date, told) in
        [("2007-02-30", "is not a day of the calendar"), ("soon", "is not a date; write YYYYMMDD")]
    {
        let ran = bootstrap(&format!("--from {date}"));
        assert!(
            ran.code == 2 && ran.stderr.contains(told) && ran.stderr.contains("--from"),
            "{}",
            ran.stderr
        );
    }
}

#[test]
fn devices_that_are_not_there_are_refused_with_what_there_is() {
    let all = adapters(wgpu::Backends::all());
    let says_what_there_is = |ran: Ran, wanted: &str| {
        let ran = ran.failed_with(&[wanted, "try --device cpu"]);
        for entry in &all {
            assert!(ran.stderr.contains(&entry.label()), "{} is not in: {}", entry.label(), ran.stderr);
        }
        if all.is_empty() {
            assert!(ran.stderr.contains("no adapter"), "{}", ran.stderr);
        }
    };
    says_what_there_is(bootstrap_of(&sample(), "--device nonsense"), "adapter named \"nonsense\"");
    says_what_there_is(bootstrap_of(&sample(), "--device 99"), "adapter with number 99");
    let usable = |entry: &AdapterEntry| !entry.is_software() && entry.unusable.is_none();
    let on_gpu = bootstrap_of(&sample(), "--device gpu -B 10");
    if all.iter().any(usable) {
        on_gpu.succeeded();
    } else if all.iter().all(AdapterEntry::is_software) {
        says_what_there_is(on_gpu, "no hardware GPU was found");
    } else {
        on_gpu.failed_with(&["can't be used"]);
    }
}

#[test]
fn the_summary_says_which_device_and_why() {
    let auto = bootstrap_of(&sample(), "").succeeded();
    assert!(auto.stderr.contains("on the CPU") && auto.stderr.contains("(auto: "), "{}", auto.stderr);
    let chosen = bootstrap("--threads 2").succeeded();
    assert!(chosen.stderr.contains("on the CPU, 2 threads; stream version 1, seed 0"), "{}", chosen.stderr);
    let devices = run(["devices"]).succeeded();
    assert!(devices.stdout.starts_with("cpu: "), "{}", devices.stdout);
    for entry in adapters(wgpu::Backends::all()) {
        assert!(
            devices.stdout.contains(&format!("\n{}: {}", entry.index, entry.info.name)),
            "{}",
            devices.stdout
        );
    }
}

#[test]
fn quiet_prints_results_only() {
    let quiet = bootstrap("--quiet").succeeded();
    assert_eq!(quiet.stderr, "");
    // The twin: without it there is a summary and a warning, and the results are the same.
    let told = bootstrap("").succeeded();
    assert!(told.stderr.contains("warning: ") && told.stderr.contains("time: load"), "{}", told.stderr);
    assert!(quiet.stdout == told.stdout);
    assert_eq!(quiet.stdout.lines().count(), 1 + 21 * 3);
    // Errors are told all the same.
    bootstrap("--quiet --samples 0").failed_with(&["--samples is 0"]);
}

/// The names in a folder, sorted.
fn names(folder: &Path) -> Vec<String> {
    let mut names: Vec<String> = fs::read_dir(folder)
        .unwrap()
        .map(|entry| entry.unwrap().file_name().into_string().unwrap())
        .collect();
    names.sort();
    names
}

#[test]
fn a_file_holds_what_standard_output_would() {
    let folder = TempDir::new().unwrap();
    let file = folder.path().join("intervals.csv");
    let expected = bootstrap("").succeeded().stdout;
    for before in [None, Some("an old file that is replaced")] {
        if let Some(text) = before {
            fs::write(&file, text).unwrap();
        }
        let ran = bootstrap(&format!("-o {}", file.display())).succeeded();
        assert_eq!(ran.stdout, "");
        assert!(fs::read_to_string(&file).unwrap() == expected);
        assert_eq!(names(folder.path()), ["intervals.csv"]);
    }
    // A run that fails leaves the file as it was.
    bootstrap(&format!("-o {} --stocks IBM", file.display())).failed_with(&["IBM"]);
    assert!(fs::read_to_string(&file).unwrap() == expected);
    assert_eq!(names(folder.path()), ["intervals.csv"]);
}

#[test]
fn places_that_can_not_be_written_are_found_before_the_work() {
    let folder = TempDir::new().unwrap();
    // The panel does not exist either: the message is about the output, so that it was looked at first.
    let panel = Path::new("no/such/panel");
    let missing = folder.path().join("missing/intervals.csv");
    bootstrap_of(panel, &format!("--device cpu -o {}", missing.display()))
        .failed_with(&[&format!("cannot write {}", missing.display())]);
    let itself = folder.path();
    bootstrap_of(panel, &format!("--device cpu -o {}", itself.display()))
        .failed_with(&[&format!("cannot write {}", itself.display()), "it is a folder; name a file"]);
    assert_eq!(names(folder.path()), [] as [&str; 0]);
}

/// The end of a 99 % interval lies between the fifth and the sixth of 1000 samples.
#[test]
fn too_few_samples_for_the_confidence_are_told() {
    let warning = |arguments: &str| {
        let ran = bootstrap(arguments).succeeded();
        ran.stderr.lines().find(|line| line.contains("each end of")).map(str::to_owned)
    };
    assert_eq!(
        warning("-B 1000").unwrap(),
        "warning: 1,000 samples put only 5 beyond each end of a 99 % interval, which makes the ends rough: \
         -B 2000 puts 10 there"
    );
    assert!(warning("-B 1999").unwrap().contains("only 9.995 beyond"));
    assert_eq!(warning("-B 2000"), None);
    assert!(warning("-B 399 --confidence 0.95").unwrap().contains("-B 400 puts"));
    assert_eq!(warning("-B 400 --confidence 0.95"), None);
    assert!(warning("-B 10 --confidence 0.999999999").unwrap().contains("lower --confidence"));
}

#[test]
fn stocks_that_a_picture_leaves_out_are_told() {
    let folder = TempDir::new().unwrap();
    let panel = folder.path().join("panel");
    let simulate = [OsStr::new("simulate"), OsStr::new("-o"), panel.as_os_str()];
    let small = ["--stocks", "13", "--days", "2", "--per-day", "10"].map(OsStr::new);
    run(simulate.into_iter().chain(small)).succeeded();
    let picture = folder.path().join("all.svg");
    let drawn = |stocks: &str| {
        let arguments = format!("--device cpu -B 10 --plot {} {stocks}", picture.display());
        bootstrap_of(&panel, &arguments)
            .succeeded()
            .stderr
            .contains("the picture shows the first 12 of 13 stocks")
    };
    assert!(drawn(""));
    assert!(!drawn("--stocks S0002,S0013"));
}

#[test]
fn wide_output_has_two_header_rows() {
    let wide = bootstrap("--layout wide --stocks S0001,S0003").succeeded().stdout;
    let lines: Vec<&str> = wide.lines().collect();
    assert_eq!(lines[..2], [",S0001,S0001,S0003,S0003", ",lower,upper,lower,upper"]);
    assert_eq!(lines.len(), 2 + 21);
    assert!(lines[2].starts_with("2007-01-03,") && lines[2].split(',').count() == 5, "{}", lines[2]);
    let long = bootstrap("").succeeded().stdout;
    assert!(long.starts_with("date,stock,rv,lower,upper\n2007-01-03,S0001,"), "{long}");
}

#[test]
fn simulated_panels_are_read_back() {
    let folder = TempDir::new().unwrap();
    let simulate = |name: &str, seed: u32| {
        let output = folder.path().join(name);
        let arguments = format!("--stocks 2 --days 3 --per-day 30 --seed {seed} --start 2010-06-04");
        let words = arguments.split_whitespace().map(OsStr::new);
        let told =
            run([OsStr::new("simulate"), OsStr::new("-o"), output.as_os_str()].into_iter().chain(words));
        let told = told.succeeded();
        assert!(
            told.stderr.contains("simulated 180 prices: 2 stocks, 3 days of 30 prices"),
            "{}",
            told.stderr
        );
        assert_eq!(told.stdout, "");
        bootstrap_of(&output, "--device cpu").succeeded().stdout
    };
    let first = simulate("first", 5);
    let cells: Vec<&str> = first.lines().skip(1).map(|line| &line[..16]).collect();
    // From a Friday on, the weekend left out.
    let expected = [
        "2010-06-04,S0001",
        "2010-06-04,S0002",
        "2010-06-07,S0001",
        "2010-06-07,S0002",
        "2010-06-08,S0001",
        "2010-06-08,S0002",
    ];
    assert_eq!(cells, expected);
    assert_eq!(simulate("again", 5), first);
    // The perturbed twin.
    assert_ne!(simulate("other", 6), first);
}

#[test]
fn simulate_overwrites_only_when_told() {
    let folder = TempDir::new().unwrap();
    let output = folder.path().join("panel");
    let simulate = |extra: &[&str]| {
        let usual = ["--stocks", "2", "--days", "1", "--per-day", "10"];
        let first = [OsStr::new("simulate"), OsStr::new("-o"), output.as_os_str()];
        let usual = if extra.contains(&"--stocks") { &usual[2..] } else { &usual[..] };
        run(first.into_iter().chain(usual.iter().chain(extra).map(OsStr::new)))
    };
    let read = || names(&output).iter().map(|name| fs::read(output.join(name)).unwrap()).collect::<Vec<_>>();
    simulate(&["--seed", "1"]).succeeded();
    let before = read();
    simulate(&["--seed", "2"]).failed_with(&["S0001.csv", "--force"]);
    // Two stocks of one run among one of another would be a panel that nobody made.
    simulate(&["--seed", "2", "--force", "--stocks", "1"]).failed_with(&["S0002.csv", "no such stock"]);
    assert_eq!(read(), before);
    simulate(&["--seed", "2", "--force"]).succeeded();
    assert_ne!(read(), before);
    assert_eq!(names(&output), ["S0001.csv", "S0002.csv"]);
}

#[test]
fn panels_that_can_not_be_simulated_are_refused() {
    let folder = TempDir::new().unwrap();
    let output = folder.path().join("panel");
    for (flag, value) in [("--stocks", "0"), ("--days", "0"), ("--per-day", "1"), ("--per-day", "100000")] {
        let arguments = [OsStr::new("simulate"), OsStr::new("-o"), output.as_os_str()];
        run(arguments.into_iter().chain([flag, value].map(OsStr::new))).failed_with(&[value]);
        assert!(!output.exists(), "{flag} {value} left something behind");
    }
}

#[test]
fn keep_going_writes_the_rest_and_ends_with_3() {
    let folder = TempDir::new().unwrap();
    for name in names(&sample()) {
        fs::copy(sample().join(&name), folder.path().join(&name)).unwrap();
    }
    let broken = folder.path().join("BROKEN.csv");
    fs::write(&broken, "20070103,0935,10.5\n20070103,0936,ten\n").unwrap();
    let broken = broken.display().to_string();
    let expected = bootstrap("").succeeded().stdout;

    bootstrap_of(folder.path(), "--device cpu").failed_with(&[&format!("{broken}:2: "), "\"ten\""]);
    for quiet in ["", "--quiet"] {
        let ran = bootstrap_of(folder.path(), &format!("--device cpu --keep-going {quiet}"));
        assert_eq!(ran.code, 3, "{}", ran.stderr);
        assert!(ran.stdout == expected, "the intervals of the other files are not the same");
        let told = format!("bellwether: left out a file: {broken}:2: the price \"ten\"");
        assert!(ran.stderr.contains(&told), "{}", ran.stderr);
        assert_eq!(ran.stderr.matches(&broken).count(), 1, "{}", ran.stderr);
    }
    // Into a file, too.
    let file = folder.path().join("out.txt");
    let ran = bootstrap_of(folder.path(), &format!("--device cpu --keep-going -o {}", file.display()));
    assert_eq!((ran.code, ran.stdout.as_str()), (3, ""));
    assert!(fs::read_to_string(&file).unwrap() == expected);
    // The twin: with nothing broken, the same flag ends with 0.
    bootstrap("--keep-going").succeeded();
}

/// The program's side of stocks that keep their own times; `align_none.rs` has the library's.
#[test]
fn stocks_keep_their_own_times_but_for_measures_of_two() {
    let folder = TempDir::new().unwrap();
    let names = names(&sample());
    for (stock, name) in names.iter().enumerate() {
        let text = fs::read_to_string(sample().join(name)).unwrap();
        // Every stock lacks other prices, and the first a day; the second has one price on another.
        let mut first = true;
        let mut keep = |number: usize, line: &str| {
            let is_short = stock == 1 && line.starts_with("20070110");
            number % 97 != stock
                && !(stock == 0 && line.starts_with("20070105"))
                && (!is_short || std::mem::take(&mut first))
        };
        let lines = text.lines().enumerate().filter(|(number, line)| keep(*number, line));
        fs::write(folder.path().join(name), lines.map(|(_, line)| format!("{line}\n")).collect::<String>())
            .unwrap();
    }
    for by in ["day", "week", "month"] {
        let all = format!("-B 50 --quiet --device cpu --details --by {by}");
        let whole = bootstrap_of(folder.path(), &all).succeeded().stdout;
        let singles =
            names.iter().map(|name| bootstrap_of(&folder.path().join(name), &all).succeeded().stdout);
        let singles: Vec<String> = singles.collect();
        let mut lines: Vec<&str> = singles.iter().flat_map(|table| table.lines().skip(1)).collect();
        // By date, then stock.
        lines.sort_by_key(|line| line.split(',').take(2).collect::<Vec<_>>());
        assert!(whole.lines().skip(1).eq(lines.iter().copied()), "{by}: {whole}");
    }
    let ran = bootstrap_of(folder.path(), "-B 50 --device cpu").succeeded();
    assert!(ran.stderr.contains("for 61 cells"), "{}", ran.stderr);
    assert!(ran.stderr.contains("1 of 3 stock(s) have no prices on some of the 21 day(s)"), "{}", ran.stderr);
    let picture = folder.path().join("picture.svg").display().to_string();
    bootstrap_of(folder.path(), &format!("-B 50 --device cpu --plot {picture}")).succeeded();
    assert!(!fs::read_to_string(&picture).unwrap().contains("NaN"));
    let cell = format!("-B 50 --device cpu --histogram-plot {picture}.svg --histogram");
    bootstrap_of(folder.path(), &format!("{cell} S0002,2007-01-05")).succeeded();
    // A table in the panel's folder would be a part of it.
    let elsewhere = tempfile::tempdir().unwrap();
    let elsewhere = elsewhere.path().join("resamples.csv").display().to_string();
    for cell in
        [format!("{cell} S0001,2007-01-05"), format!("--resamples {elsewhere} --cell S0002,2007-01-10")]
    {
        bootstrap_of(folder.path(), &cell).failed_with(&["that stock has fewer than two prices on that day"]);
    }
    let pair = "--device cpu --measure variance,beta --against S0001";
    bootstrap_of(folder.path(), pair).failed_with(&["do not share their days", "--align none"]);
    bootstrap_of(folder.path(), &format!("{pair} --align none")).failed_with(&[
        "--align is none",
        "the beta needs",
        "exact, inner, previous or refresh",
    ]);
    let refresh = bootstrap_of(folder.path(), &format!("-B 50 {pair} --align refresh --keep-going"));
    assert_eq!(refresh.code, 3, "{}", refresh.stderr);
    // Without the first stock there is no beta, and the tenth is too short for all.
    let betas = refresh.stdout.lines().filter(|line| line.contains(",beta,")).count();
    let variances = refresh.stdout.lines().filter(|line| line.contains(",rv,")).count();
    assert_eq!((betas, variances), (2 * 19, 3 * 20 - 1), "{}", refresh.stdout);
}

/// A pipe can be read but once.
#[cfg(unix)]
#[test]
fn prices_may_come_through_a_pipe() {
    let piped = |text: &str| {
        let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
        command.args(["bootstrap", "/dev/stdin", "--quiet", "--device", "cpu", "--memory", "1MiB"]);
        let output = command.write_stdin(text).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    let single = fs::read_to_string(sample().join("S0001.csv")).unwrap();
    let expected = bootstrap("--quiet --stocks S0001").succeeded().stdout;
    assert_eq!(piped(&single), expected.replace("S0001", "stdin"));
    let long: String = single.lines().map(|line| format!("S0001,{line}\n")).collect();
    assert_eq!(piped(&format!("stock,date,time,price\n{long}")), expected);
    // Pipes that a shell opens have numbers for names.
    let shell = |arguments: &str| {
        let command = format!("\"$0\" bootstrap --quiet --device cpu {arguments}");
        let output = Command::new("bash")
            .args(["-c", &command, env!("CARGO_BIN_EXE_bellwether")])
            .current_dir(sample())
            .output()
            .unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
        String::from_utf8(output.stdout).unwrap()
    };
    assert_eq!(shell("<(cat S0001.csv)"), expected.replace("S0001", "pipe"));
    let two = bootstrap("--quiet --stocks S0001,S0002").succeeded().stdout;
    let two = two.replace("S0001", "pipe1").replace("S0002", "pipe2");
    assert_eq!(shell("<(cat S0001.csv) <(cat S0002.csv)"), two);
}

/// Blocks of one day, of which some are dropped as too short: the first, one between, and the last.
#[test]
fn blocks_without_days_are_passed_over() {
    let folder = tempfile::tempdir().unwrap();
    let days = [(3, 1), (4, 400), (5, 1), (8, 390), (9, 1)];
    let rows = |price: usize| {
        let of_day = |&(day, prices): &(usize, usize)| {
            let row = move |row: usize| {
                let minute = 570 + row;
                format!("200701{day:02},{}{:02},{}\n", minute / 60, minute % 60, price + row * row % 7)
            };
            (0..prices).map(row).collect::<String>()
        };
        days.iter().map(of_day).collect::<String>()
    };
    fs::write(folder.path().join("A.csv"), rows(10)).unwrap();
    fs::write(folder.path().join("B.csv"), rows(20)).unwrap();
    let run = |arguments: &str| {
        let all = format!("--align exact --device cpu --keep-going --threads 1 {arguments}");
        let run = bootstrap_of(folder.path(), &all);
        // Something was left out, which is told even when quiet.
        assert_eq!(run.code, 3, "{}", run.stderr);
        let days = "2007-01-03 (1 price(s)), 2007-01-05 (1 price(s)), 2007-01-09 (1 price(s))";
        let told = format!("bellwether: left out 3 day(s) with fewer than two prices: {days}\n");
        assert_eq!(run.stderr.matches(&told).count(), 1, "{}", run.stderr);
        run
    };
    let (at_once, by_day) = (run(""), run("--memory 40KiB"));
    run("--quiet");
    run("--quiet --memory 40KiB");
    assert!(by_day.stderr.contains("reading 5 blocks of days"), "{}", by_day.stderr);
    assert_eq!(by_day.stdout.lines().count(), 1 + 4);
    assert_eq!(by_day.stdout, at_once.stdout);
    let picture = folder.path().join("cell.svg");
    for align in ["none", "exact"] {
        let cell = format!("--histogram A,2007-01-05 --histogram-plot {}", picture.display());
        let dropped = format!("--align {align} --keep-going --device cpu {cell}");
        bootstrap_of(folder.path(), &dropped)
            .failed_with(&["A,2007-01-05, but that stock has fewer than two prices on that day"]);
        assert!(!picture.exists());
    }
    // On their own times such days are no fault.
    let own = bootstrap_of(folder.path(), "--device cpu --threads 1").succeeded();
    assert_eq!(own.stdout, at_once.stdout);
    assert!(own.stderr.contains("6 day(s) of a stock with fewer than two prices"), "{}", own.stderr);
    assert!(own.stderr.contains("for 4 cells"), "{}", own.stderr);
    // Where no day is left there is nothing to write.
    fs::write(folder.path().join("A.csv"), "20070103,930,1\n").unwrap();
    fs::write(folder.path().join("B.csv"), "20070103,930,1\n").unwrap();
    let none = bootstrap_of(folder.path(), "--align exact --device cpu --keep-going --memory 40KiB");
    none.failed_with(&["no day is left: 1 day(s) with fewer than two prices"]);
}
