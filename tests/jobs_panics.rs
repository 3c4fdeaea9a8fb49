//! Panics recorded with their places. In a process of its own, as the panic hook belongs to the whole
//! process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic")]

use bellwether::jobs::{Failure, Jobs, record_panics};

/// What a job that panics fails with.
fn panicked(jobs: &Jobs, job: impl Fn() + Sync) -> String {
    let failure = jobs
        .map([()], |()| -> Result<(), ()> {
            job();
            Ok(())
        })
        .all()
        .unwrap_err()
        .1;
    let Failure::Panic(text) = failure else { unreachable!("{failure:?}") };
    text
}

#[test]
fn panics_in_jobs_have_a_file_and_a_line_once_recorded() {
    let jobs = Jobs::new();
    let before = panicked(&jobs, || panic!("inside"));
    record_panics();
    let (first, line) = (panicked(&jobs, || panic!("inside")), line!());
    // The latest of the same text.
    let (second, other_line) = (panicked(&jobs, || panic!("inside")), line!());
    // Rayon catches a panic in one thread and throws it again in another, where no hook is called.
    let other = Jobs::new().threads(2).unwrap();
    let (across, across_line) = (panicked(&jobs, || other.install(|| panic!("across"))), line!());
    // From here on the hook is as it was, so that a failure of this test is told.
    drop(std::panic::take_hook());

    assert_eq!(before, "inside");
    let file = file!();
    for (text, expected) in [
        (first, format!("inside (at {file}:{line}:")),
        (second, format!("inside (at {file}:{other_line}:")),
        (across, format!("across (at {file}:{across_line}:")),
    ] {
        assert!(text.starts_with(&expected), "{text}, not {expected}");
    }
}
