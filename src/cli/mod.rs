//! The command line: arguments, to a validated specification, to a library call, to output.
//!
//! One file a subcommand. Each holds the raw arguments (`…Args`, what the user typed) and a `run` that
//! validates them, calls the library and writes the result. Exit codes: 0 done, 1 failed with one message, 2
//! wrong usage, 3 done in part (`--keep-going` left something out), 128 and more ended by a signal
//! ([`signals`]).

mod bootstrap;
mod compare;
mod coverage;
mod device;
mod devices;
mod flags;
mod growth;
mod growth_arguments;
mod growth_picture;
mod growth_simulation;
mod merge;
mod panel;
mod parameters;
mod report;
mod shocks;
mod signals;
mod simulate;
mod table;
mod values;
mod verify;

use std::ffi::OsString;
use std::io::{IsTerminal, stdout};
use std::panic::{AssertUnwindSafe, catch_unwind};
use std::path::PathBuf;
use std::process::ExitCode;

use clap::error::ContextValue;
use clap::{CommandFactory, FromArgMatches, Parser, Subcommand};

use crate::error::{Error, Result};
use crate::jobs::record_panics;
use crate::output::manifest::Parameters;
use crate::output::{Destination, visible};
use crate::panics::panic_text;
use report::Report;

pub use bootstrap::WORTH_A_GPU;
pub use device::{PROBE, half_of_free};

/// How a command ended, where it did not fail.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Outcome {
    /// All of the work was done.
    Done,
    /// Some inputs failed and were left out, as `--keep-going` allows; the rest was written.
    Partial,
}

/// Bootstrap intervals of realized variance and certified value function iteration, on the CPU and on any
/// GPU.
#[derive(Debug, Parser)]
#[command(name = "bellwether", bin_name = "bellwether", version, propagate_version = true)]
struct Arguments {
    #[command(subcommand)]
    command: Command,
    /// Print results and errors only: no summary, no warnings, no progress
    #[arg(short, long, global = true)]
    quiet: bool,
}

#[derive(Debug, Subcommand)]
enum Command {
    Bootstrap(Box<bootstrap::BootstrapArgs>),
    Panel(Box<panel::PanelCommand>),
    Merge(merge::MergeArgs),
    Verify(verify::VerifyArgs),
    Compare(compare::CompareArgs),
    Coverage(coverage::CoverageArgs),
    Simulate(simulate::SimulateArgs),
    /// List the adapters of this machine, and what each can do
    Devices,
    /// Solve the growth model, with or without shocks, to a certified accuracy.
    Growth(growth_arguments::GrowthArgs),
    /// Start the drivers of these backends, open a device on each of their adapters, and say how that goes
    #[command(name = device::PROBE, hide = true)]
    Probe {
        /// Names of backends, separated by commas
        backends: String,
    },
}

/// Parses the process's arguments, runs the command and returns the exit code.
pub fn main() -> ExitCode {
    run_with(std::env::args_os(), None).into()
}

/// Runs the command of these `arguments`, the first of which is the program's name, and returns the exit
/// code. The process is the command's: it takes over signals and the panic hook.
///
/// Some work is done by this program in a process of its own. `own_command`, a program and its first
/// arguments, says how another program that holds this library starts it; none where it is the process's own
/// program.
pub fn run_with(
    arguments: impl IntoIterator<Item = OsString>,
    own_command: Option<(PathBuf, Vec<OsString>)>,
) -> u8 {
    signals::watch();
    device::set_own_command(own_command);
    let (arguments, parameters) = match parse(arguments) {
        Ok(parsed) => parsed,
        Err(told) if told.use_stderr() => return wrong_usage(told),
        Err(asked_for) => return help(&asked_for),
    };
    let report = Report::new(arguments.quiet);
    // A panic is a mistake of this program. It is caught, here or in a job or at a device, and told as one
    // message.
    record_panics();
    let outcome = catch_unwind(AssertUnwindSafe(|| run(arguments.command, parameters, &report)));
    match outcome
        .unwrap_or_else(|panic| Err(Error::Job { what: "the command".into(), why: panic_text(&*panic) }))
    {
        Ok(Outcome::Done) => 0,
        Ok(Outcome::Partial) => 3,
        Err(error) => {
            // Whoever sent a signal knows why the run ended.
            if let (Error::Cancelled, Some(code)) = (&error, signals::exit_code()) {
                return code;
            }
            report.failure(flags::message(&error));
            1
        }
    }
}

/// The process's arguments; those of which parts are computed also as a manifest has them.
fn parse(arguments: impl IntoIterator<Item = OsString>) -> Result<(Arguments, Parameters), clap::Error> {
    let matches = Arguments::command().try_get_matches_from(arguments)?;
    let parsed = Arguments::from_arg_matches(&matches);
    let arguments = parsed.map_err(|error| error.format(&mut Arguments::command()))?;
    let parameters = match matches.subcommand() {
        Some(("bootstrap", typed)) => parameters::typed::<bootstrap::BootstrapArgs>(typed),
        Some(("coverage", typed)) => parameters::typed::<coverage::CoverageArgs>(typed),
        _ => Parameters::new(),
    };
    Ok((arguments, parameters))
}

/// Tells what is wrong with the arguments, which may hold anything.
fn wrong_usage(mut error: clap::Error) -> u8 {
    let typed: Vec<_> = error.context().map(|(kind, value)| (kind, value.clone())).collect();
    for (kind, value) in typed {
        let value = match value {
            ContextValue::String(text) => ContextValue::String(visible(&text).into_owned()),
            ContextValue::Strings(texts) => {
                ContextValue::Strings(texts.iter().map(|text| visible(text).into_owned()).collect())
            }
            // Advice, which repeats what was typed.
            ContextValue::StyledStrs(texts) => ContextValue::StyledStrs(
                texts.iter().map(|text| visible(&text.to_string()).into_owned().into()).collect(),
            ),
            other => other,
        };
        error.insert(kind, value);
    }
    // With colours, where standard error is a terminal. It being closed is no reason to fail otherwise.
    let _ = error.print();
    2
}

/// Prints the help or the version, which are results like any other.
fn help(text: &clap::Error) -> u8 {
    // With colours.
    let printed = if stdout().is_terminal() {
        text.print().map_err(Error::Stdout)
    } else {
        Destination::Stdout.write(|out| write!(out, "{text}"))
    };
    match printed {
        Ok(()) => 0,
        Err(error) => {
            Report::new(false).failure(flags::message(&error));
            1
        }
    }
}

/// Each value once, where it comes first: nothing is computed twice.
fn distinct<T: PartialEq>(values: Vec<T>) -> Vec<T> {
    let mut kept = Vec::with_capacity(values.len());
    for value in values {
        if !kept.contains(&value) {
            kept.push(value);
        }
    }
    kept
}

/// Reads `--seed`.
fn parse_seed(text: &str) -> Result<u64, String> {
    text.parse().map_err(|_| format!("a seed is a whole number from 0 to {}", u64::MAX))
}

fn run(command: Command, parameters: Parameters, report: &Report) -> Result<Outcome> {
    match command {
        Command::Bootstrap(args) => bootstrap::run(*args, parameters, report),
        Command::Merge(args) => merge::run(args, report),
        Command::Verify(args) => verify::run(args, report),
        Command::Compare(args) => compare::run(args, report),
        Command::Panel(args) => panel::run(*args, report),
        Command::Coverage(args) => coverage::run(args, parameters, report),
        Command::Simulate(args) => device::all_cores(report)?.install(|| simulate::run(&args, report)),
        Command::Devices => devices::run(report),
        Command::Growth(arguments) => growth::run(&arguments, report),
        Command::Probe { backends } => device::answer_probe(&backends),
    }
}

/// A stock's name as a list of them has it, without the blanks that may follow a comma.
#[allow(clippy::unnecessary_wraps, reason = "a parser of arguments")]
fn stock_name(text: &str) -> Result<String, std::convert::Infallible> {
    Ok(text.trim().to_owned())
}
