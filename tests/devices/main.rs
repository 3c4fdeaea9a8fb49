//! The devices of this machine, each against the CPU; and what runs need of devices and of threads.
//!
//! Without an adapter these tests are listed as ignored; with `BELLWETHER_REQUIRE_GPU=1` in the environment
//! they fail instead. Each test of an adapter has its label in its name: `-- '(GL '` runs those of GL.

#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::panic,
    missing_docs,
    reason = "a failed test is a panic"
)]

mod adapters;
mod gpu;
mod growth;
mod identity;
mod parts;
mod real_panel;

fn main() {
    let arguments = adapters::arguments();
    let trials = [gpu::trials(), growth::trials(), identity::trials(), parts::trials(), real_panel::trials()];
    let conclusion = libtest_mimic::run(&arguments, trials.into_iter().flatten().collect());
    // The process ends below without dropping anything.
    real_panel::clear();
    conclusion.exit();
}
