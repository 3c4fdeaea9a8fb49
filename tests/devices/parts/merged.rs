//! Parts put together are the run that was not cut, byte for byte.

use bellwether::gpu::AdapterEntry;

use super::program::{bellwether, check, cpu, done, refused, sample};
use std::fs;
use tempfile::TempDir;

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

pub(crate) fn merged_is_direct() {
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

/// More parts than cells: some are empty. For each kind of interval, in every format.
pub(crate) fn many_parts() {
    let folder = sample();
    for (arguments, cuts) in [
        ("-B 50", &["--cut stocks", "--cut days", "--cut samples"][..]),
        ("-B 20 --interval studentized", &["--cut stocks", "--cut samples"]),
        ("-B 20 --interval bca", &["--cut days", "--cut samples"]),
        ("--samples exact", &["--cut stocks", "--cut days"]),
    ] {
        for cut in cuts {
            check(folder.path(), arguments, cut, 64, &cpu);
        }
    }
}

/// Coverage in parts, as a table and in every format.
pub(crate) fn coverage_is_merged() {
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
pub(crate) fn devices_are_mixed(adapter: &AdapterEntry) {
    let folder = sample();
    let index = adapter.index.to_string();
    let device = |number: usize| if number.is_multiple_of(2) { index.clone() } else { "cpu".to_owned() };
    for (arguments, cuts) in &METHODS[..4] {
        for cut in *cuts {
            check(folder.path(), arguments, cut, 3, &device);
        }
    }
}
