//! The command line: arguments, to a validated specification, to a library call, to output.
//!
//! One file a subcommand. Each holds the raw arguments (`…Args`, what the user typed) and a `run` that validates them,
//! calls the library and writes the result. Exit codes: 0 done, 1 failed with one message, 2 wrong usage, 3 done in part
//! (`--keep-going` left something out).

mod bootstrap;
mod compare;
mod device;
mod devices;
mod growth;
mod report;
mod simulate;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::process::ExitCode;

use clap::{Parser, Subcommand};

use crate::error::{Error, Result};
use crate::jobs::record_panics;
use report::Report;

/// How a command ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All of the work was done.
    Done,
    /// Some inputs failed and were left out, as `--keep-going` allows; the rest was written.
    Partial,
}

/// Bootstrap intervals of realized variance and certified value function iteration, on the CPU and on any GPU.
#[derive(Debug, Parser)]
#[command(name = "bellwether", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print results and errors only: no summary, no warnings, no progress
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bootstrap(bootstrap::BootstrapArgs),
    Compare(compare::CompareArgs),
    Simulate(simulate::SimulateArgs),
    /// List the adapters of this machine, and what each can do
    Devices,
    /// Solve the deterministic growth model by value function iteration, with a certificate.
    Growth(growth::GrowthArgs),
    /// Start the drivers of these backends, open a device on each of their adapters, and say how that goes
    #[command(name = device::PROBE, hide = true)]
    Probe {
        /// Names of backends, separated by commas
        backends: String,
    },
}

/// Parses the process's arguments, runs the command and returns the exit code.
pub fn main() -> ExitCode {
    let arguments = Arguments::parse();
    let report = Report::new(arguments.quiet);
    // A panic is a mistake of this program. It is caught, here or in a job or at a device, and told as one message.
    record_panics();
    let outcome = catch_unwind(AssertUnwindSafe(|| run(arguments.command, &report)));
    match outcome.unwrap_or_else(|panic| Err(Error::from_panic("the command", &*panic))) {
        Ok(Outcome::Done) => ExitCode::SUCCESS,
        Ok(Outcome::Partial) => ExitCode::from(3),
        Err(error) => {
            report.failure(error.to_string());
            ExitCode::FAILURE
        }
    }
}

fn run(command: Command, report: &Report) -> Result<Outcome> {
    match command {
        Command::Bootstrap(args) => bootstrap::run(args, report),
        Command::Compare(args) => compare::run(args, report),
        Command::Simulate(args) => device::all_cores(report)?.install(|| simulate::run(&args, report)),
        Command::Devices => devices::run(report),
        Command::Growth(arguments) => growth::run(&arguments, report),
        Command::Probe { backends } => device::answer_probe(&backends),
    }
}
