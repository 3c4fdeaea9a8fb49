//! Intervals to the last bit: the files of `tests/golden/intervals`, which NumPy computed from the
//! documentation.
//!
//! `tests/oracles/intervals.py` makes them, and says how. A change of any of these bytes is a change of what
//! users cite: it needs a new version of the random stream, or a note in the changelog that says which
//! rounding changed.

use std::path::Path;

use bellwether::bootstrap::{Bootstrap, Engine, Resources};
use bellwether::jobs::Jobs;
use bellwether::output::Format;
use bellwether::output::intervals::{Layout, Report, write};
use bellwether::panel::{LoadOptions, load};
use bellwether::resample::Scheme;
use bellwether::{interval, measure};

/// A golden file, and the run that gives it.
struct Golden {
    name: &'static str,
    panel: &'static str,
    samples: u32,
    confidence: f64,
    seed: u64,
    /// Measure, second stock, interval.
    method: (&'static str, Option<&'static str>, &'static str),
}

const PERCENTILE: (&str, Option<&str>, &str) = ("variance", None, "percentile");
const STUDENTIZED: (&str, Option<&str>, &str) = ("variance", None, "studentized");
const STUDENTIZED_LOG: (&str, Option<&str>, &str) = ("variance", None, "studentized-log");

const fn golden(
    name: &'static str,
    panel: &'static str,
    samples: u32,
    confidence: f64,
    seed: u64,
    method: (&'static str, Option<&'static str>, &'static str),
) -> Golden {
    Golden { name, panel, samples, confidence, seed, method }
}

/// As in `tests/oracles/intervals.py`.
const GOLDEN: [Golden; 14] = [
    golden("sample", "data/sample", 1000, 0.99, 0, PERCENTILE),
    golden("sample_95", "data/sample", 10_000, 0.95, 7, PERCENTILE),
    golden("sample_few", "data/sample", 37, 0.5, u64::MAX, PERCENTILE),
    golden("panel", "tests/golden/panel", 1000, 0.99, 0, PERCENTILE),
    golden("panel_90", "tests/golden/panel", 999, 0.9, 20_070_103, PERCENTILE),
    golden("panel_one", "tests/golden/panel", 1, 0.5, 3, PERCENTILE),
    golden("long_day", "tests/golden/long_day", 500, 0.975, 3, PERCENTILE),
    golden("studentized", "data/sample", 1000, 0.95, 0, STUDENTIZED),
    golden("studentized_log", "data/sample", 1000, 0.95, 0, STUDENTIZED_LOG),
    golden("studentized_panel", "tests/golden/panel", 999, 0.9, 1, STUDENTIZED),
    golden("studentized_log_panel", "tests/golden/panel", 999, 0.9, 1, STUDENTIZED_LOG),
    golden("covariance", "data/sample", 1000, 0.99, 0, ("covariance", Some("S0002"), "percentile")),
    golden("correlation", "data/sample", 1000, 0.99, 0, ("correlation", Some("S0002"), "percentile")),
    golden("beta", "tests/golden/panel", 999, 0.9, 1, ("beta", Some("A"), "percentile")),
];

impl Golden {
    /// The output of the run, with a seed that may be another.
    fn output(&self, seed: u64) -> String {
        let jobs = Jobs::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let loaded = load(&[root.join(self.panel)], &LoadOptions::default(), &jobs).unwrap();
        let returns = loaded.panel.returns();
        let (measure, against, interval) = self.method;
        let against = against.map(|name| returns.stocks.iter().position(|stock| stock == name).unwrap());
        let bootstrap = Bootstrap::new(self.samples, self.confidence, seed).unwrap();
        let method = (measure::by_name(measure, against).unwrap(), interval::by_name(interval).unwrap());
        let bootstrap = bootstrap.with(method.0, Scheme::Iid, vec![method.1]).unwrap();
        let resources = Resources { jobs: &jobs, memory: 64 << 20 };
        let intervals = bootstrap.run(&returns.days, &mut Engine::Cpu, &resources, &()).unwrap();
        let mut out = Vec::new();
        let report = Report {
            stocks: &returns.stocks,
            intervals: std::slice::from_ref(&intervals),
            method: &(),
            manifest: None,
        };
        write(&mut out, &report, Format::Csv, Layout::Long).unwrap();
        String::from_utf8(out).unwrap()
    }

    fn expected(&self) -> String {
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let path = root.join(format!("tests/golden/intervals/{}.csv", self.name));
        std::fs::read_to_string(path).unwrap().replace("\r\n", "\n")
    }
}

#[test]
fn intervals_are_the_golden_ones_to_the_last_bit() {
    for golden in &GOLDEN {
        let (output, expected) = (golden.output(golden.seed), golden.expected());
        let differing =
            output.lines().zip(expected.lines()).filter(|(found, expected)| found != expected).count();
        let first = output.lines().zip(expected.lines()).find(|(found, expected)| found != expected);
        assert!(
            output == expected,
            "{}: {differing} of {} rows differ, the first (found, expected) {first:?}",
            golden.name,
            expected.lines().count()
        );
        // The perturbed twin.
        assert!(golden.output(golden.seed ^ 1) != expected, "{}: another seed must differ", golden.name);
    }
}
