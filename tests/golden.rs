//! Intervals to the last bit: the files of `tests/golden/intervals`, which NumPy computed from the documentation.
//!
//! `tests/oracles/intervals.py` makes them, and says how. A change of any of these bytes is a change of what users cite: it needs
//! a new version of the random stream, or a note in the changelog that says which rounding changed.

#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "a failed test is a panic")]

use std::path::Path;

use bellwether::inference::bootstrap::{Bootstrap, Resources};
use bellwether::jobs::Jobs;
use bellwether::output::Format;
use bellwether::output::intervals::{Layout, write};
use bellwether::panel::{LoadOptions, load};

/// A golden file, and the run that gives it.
struct Golden {
    name: &'static str,
    panel: &'static str,
    samples: u32,
    confidence: f64,
    seed: u64,
}

/// As in `tests/oracles/intervals.py`.
const GOLDEN: [Golden; 7] = [
    Golden { name: "sample", panel: "data/sample", samples: 1000, confidence: 0.99, seed: 0 },
    Golden { name: "sample_95", panel: "data/sample", samples: 10_000, confidence: 0.95, seed: 7 },
    Golden { name: "sample_few", panel: "data/sample", samples: 37, confidence: 0.5, seed: u64::MAX },
    Golden { name: "panel", panel: "tests/golden/panel", samples: 1000, confidence: 0.99, seed: 0 },
    Golden { name: "panel_90", panel: "tests/golden/panel", samples: 999, confidence: 0.9, seed: 20_070_103 },
    Golden { name: "panel_one", panel: "tests/golden/panel", samples: 1, confidence: 0.5, seed: 3 },
    Golden { name: "long_day", panel: "tests/golden/long_day", samples: 500, confidence: 0.975, seed: 3 },
];

impl Golden {
    /// The output of the run, with a seed that may be another.
    fn output(&self, seed: u64) -> String {
        let jobs = Jobs::new();
        let root = Path::new(env!("CARGO_MANIFEST_DIR"));
        let loaded = load(&[root.join(self.panel)], &LoadOptions::default(), &jobs).unwrap();
        let returns = loaded.panel.returns();
        let bootstrap = Bootstrap::new(self.samples, self.confidence, seed).unwrap();
        let resources = Resources { jobs: &jobs, gpu: None, memory: 64 << 20 };
        let intervals = bootstrap.run(&returns.days, &resources, &|_| {}).unwrap();
        let mut out = Vec::new();
        write(&mut out, &returns.stocks, &intervals, Format::Csv, Layout::Long).unwrap();
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
