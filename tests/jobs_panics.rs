//! Panics in jobs, kept off standard error. In a process of its own, as the panic hook belongs to the whole process.
#![allow(clippy::unwrap_used, clippy::expect_used, clippy::panic, reason = "tests may panic")]

use std::panic;
use std::sync::atomic::{AtomicUsize, Ordering};

use bellwether::jobs::{Failure, Jobs, silence_panics};

static HEARD: AtomicUsize = AtomicUsize::new(0);

#[test]
fn panics_in_jobs_are_silent_and_others_are_not() {
    panic::set_hook(Box::new(|_| {
        HEARD.fetch_add(1, Ordering::SeqCst);
    }));
    let one_job = || Jobs::new().map([1], |_| -> Result<(), ()> { panic!("inside") }).all();
    assert_eq!(one_job(), Err((1, Failure::Panic("inside".to_owned()))));
    assert_eq!(HEARD.load(Ordering::SeqCst), 1);
    silence_panics();
    silence_panics();
    assert_eq!(one_job(), Err((1, Failure::Panic("inside".to_owned()))));
    assert_eq!(HEARD.load(Ordering::SeqCst), 1);
    assert!(panic::catch_unwind(|| panic!("outside")).is_err());
    assert_eq!(HEARD.load(Ordering::SeqCst), 2);
}
