//! Every malformed panel is refused by the library and by the command line, with a message that says what is
//! wrong, where, and what to do.

#[cfg(feature = "cli")]
use assert_cmd::Command;
use bellwether::jiff::tz::TimeZone;
use bellwether::jobs::Jobs;
use bellwether::panel::{Align, HalfDays, LoadOptions, Missing, PanelReader, load, parse_date};

use crate::common::malformed::cases;

/// The options that the flags of a case stand for.
fn options(flags: &[&str]) -> LoadOptions {
    let mut options = LoadOptions::default();
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let mut value = || *flags.next().unwrap();
        match *flag {
            "--keep-going" => options.keep_going = true,
            "--stocks" => options.stocks = Some(value().split(',').map(str::to_owned).collect()),
            "--from" => options.from = Some(parse_date(value()).unwrap()),
            "--to" => options.to = Some(parse_date(value()).unwrap()),
            "--align" => {
                options.align = match value() {
                    "exact" => Align::Exact,
                    "inner" => Align::Inner,
                    "previous" => Align::Previous,
                    other => panic!("no such alignment: {other}"),
                }
            }
            "--separator" => options.table.separator = Some(value().as_bytes()[0]),
            "--decimal" => options.table.decimal_comma = value() == "comma",
            "--date-format" => options.table.date_format = Some(value().parse().unwrap()),
            "--timezone" => options.table.zones.panel = Some(TimeZone::get(value()).unwrap()),
            "--times-in" => options.table.zones.files = Some(TimeZone::get(value()).unwrap()),
            "--columns" => options.table.columns = value().parse().unwrap(),
            "--where" => options.table.filters.push(value().parse().unwrap()),
            "--every" => options.every = Some(value().parse().unwrap()),
            "--subsample" => options.subsample = Some(value().parse().unwrap()),
            "--session" => options.cleaning.session = Some(value().parse().unwrap()),
            "--missing" if value() == "skip" => options.cleaning.missing = Missing::Skip,
            "--holidays" if value() == "drop" => options.cleaning.half_days = HalfDays::Drop,
            // Of the command, which comes to the panel's fault with it.
            "--interval" => drop(value()),
            "--sort" => options.sort = true,
            other => panic!("no such flag: {other}"),
        }
    }
    options
}

/// What the library says in place of flags.
fn by_name(part: &str) -> String {
    match part.strip_prefix("--") {
        Some(flag) => format!("`{}", flag.replace('-', "_")),
        None => part.to_owned(),
    }
}

#[test]
fn malformed_panels_are_refused_with_their_place() {
    let cases = cases();
    assert!(cases.len() >= 150, "{}", cases.len());
    let jobs = Jobs::new().threads(2).unwrap();
    let mut wrong = Vec::new();
    for case in &cases {
        let folder = tempfile::tempdir().unwrap();
        let paths = case.create(folder.path());
        let message = match load(&paths, &options(case.flags), &jobs) {
            Err(error) => error.to_string(),
            Ok(loaded) => {
                wrong.push(format!("{}: was accepted: {loaded:?}", case.name));
                continue;
            }
        };
        for part in case.message.iter().map(|part| by_name(part)).filter(|part| !message.contains(part)) {
            wrong.push(format!("{}: {part:?} is not in {message:?}", case.name));
        }
        assert!(!message.contains('\n'), "{}: more than one line: {message:?}", case.name);
        // The same message where the panel is read one day at a time.
        let options = options(case.flags);
        // Rows that are sorted are held.
        let memory = if options.sort { 4096 } else { 0 };
        let by_day = PanelReader::open(&paths, &options, memory, &jobs).and_then(|mut panel| {
            while panel.next_returns(&jobs)?.is_some() {}
            Ok(())
        });
        assert_eq!(by_day.unwrap_err().to_string(), message, "{}", case.name);
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    eprintln!("{} malformed panels refused", cases.len());
}

/// The same table from the outside: exit code 1, the same one line on standard error, nothing on standard
/// output, and no output file.
#[cfg(feature = "cli")]
#[test]
fn malformed_panels_end_the_command_with_one_message() {
    for case in &cases() {
        let folder = tempfile::tempdir().unwrap();
        let panel = folder.path().join("panel");
        std::fs::create_dir(&panel).unwrap();
        let paths = case.create(&panel);
        let output = folder.path().join("intervals.csv");
        let ran = Command::new(env!("CARGO_BIN_EXE_bellwether"))
            .arg("bootstrap")
            .args(&paths)
            .args(case.flags)
            .args(["--samples", "2000", "--device", "cpu", "-o"])
            .arg(&output)
            .output()
            .unwrap();
        let message = String::from_utf8(ran.stderr).unwrap();
        assert_eq!(ran.status.code(), Some(1), "{}: {message}", case.name);
        assert!(
            message.starts_with("bellwether: ") && message.lines().count() == 1,
            "{}: {message}",
            case.name
        );
        for part in case.message {
            assert!(message.contains(part), "{}: {part:?} is not in {message:?}", case.name);
        }
        assert!(ran.stdout.is_empty() && !output.exists(), "{}", case.name);
        // Nothing but the panel: no temporary file stays behind.
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1, "{}", case.name);
    }
}
