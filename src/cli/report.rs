//! What a person reads while a command runs: the summary, warnings, errors and progress, all on standard error.

use std::io::{IsTerminal, Write, stderr};

use indicatif::{ProgressBar, ProgressStyle};

use crate::error::Error;

/// The way to standard error. Progress bars show on a terminal only; `--quiet` leaves errors alone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Report {
    quiet: bool,
}

impl Report {
    pub(super) fn new(quiet: bool) -> Self {
        Self { quiet }
    }

    /// One line of the summary.
    pub(super) fn line(&self, text: impl AsRef<str>) {
        if !self.quiet {
            write_line(text.as_ref());
        }
    }

    /// One line about something that the user should look at; the result stands.
    pub(super) fn warning(&self, text: impl AsRef<str>) {
        if !self.quiet {
            write_line(&format!("warning: {}", text.as_ref()));
        }
    }

    /// The one message of a failed command. Shown even when quiet.
    pub(super) fn error(&self, error: &Error) {
        write_line(&format!("bellwether: {error}"));
    }

    /// A progress bar over `total` steps, hidden unless standard error is a terminal.
    pub(super) fn progress(&self, what: &'static str, total: u64) -> ProgressBar {
        if self.quiet || !stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let style =
            ProgressStyle::with_template("{msg:<10} {bar:40} {percent:>3}%  {elapsed} elapsed, {eta} left");
        let bar = ProgressBar::new(total).with_message(what);
        style.map_or(bar.clone(), |style| bar.with_style(style))
    }
}

/// A closed standard error is no reason to fail, so that what `writeln!` returns is dropped.
fn write_line(text: &str) {
    let _ = writeln!(stderr().lock(), "{text}");
}
