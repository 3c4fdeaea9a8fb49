//! Panics recorded with their places. In a process of its own, as the panic hook belongs to the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic")]

use bellwether::jobs::{Failure, Jobs, record_panics};

fn text(failure: &Failure<()>) -> &str {
    let Failure::Panic(text) = failure else { panic!("{failure:?}") };
    text
}

#[test]
fn panics_in_jobs_have_a_file_and_a_line_once_recorded() {
    let one_job = || Jobs::new().map([1], |_| -> Result<(), ()> { panic!("inside") }).all().unwrap_err().1;
    assert_eq!(text(&one_job()), "inside");
    record_panics();
    let line = line!() + 1;
    let failure =
        Jobs::new().map([1], |_| -> Result<(), ()> { panic!("inside, recorded") }).all().unwrap_err().1;
    let place = format!("inside, recorded (at {}:{line}:", file!());
    assert!(text(&failure).starts_with(&place), "{failure:?}, not {place}");
    // The latest of the same text.
    let (one, other) = (one_job(), one_job());
    assert_eq!(one, other);
    assert_ne!(text(&one), text(&failure));

    // Rayon catches a panic in one thread and throws it again in another, where no hook is called.
    let jobs = Jobs::new().threads(2).unwrap();
    let other = jobs.clone();
    let across = Jobs::new().map([1], move |_| -> Result<(), ()> { other.install(|| panic!("across")) });
    let failure = across.all().unwrap_err().1;
    assert!(text(&failure).starts_with(&format!("across (at {}:", file!())), "{failure:?}");
}
