//! What a person reads while a command runs: the summary, warnings, errors and progress, all on standard
//! error.

use std::io::{IsTerminal, Write, stderr};
use std::time::Duration;

use indicatif::{ProgressBar, ProgressStyle};

use super::flags::typed;
use crate::output::visible;

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
            write_line(&format!("warning: {}", typed(text.as_ref())));
        }
    }

    /// A failure: the one message of a failed command, or what `--keep-going` left out. Shown even when
    /// quiet.
    pub(super) fn failure(&self, text: impl AsRef<str>) {
        write_line(&format!("bellwether: {}", typed(text.as_ref())));
    }

    /// A sign of life for a step of unknown length, hidden unless standard error is a terminal.
    pub(super) fn spinner(&self, what: &'static str) -> ProgressBar {
        if self.quiet || !stderr().is_terminal() {
            return ProgressBar::hidden();
        }
        let bar = ProgressBar::new_spinner().with_message(what);
        bar.enable_steady_tick(Duration::from_millis(100));
        bar
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

/// One line on standard error, whatever names of files, stocks and devices are in it: a line feed among them
/// must not begin a message of its own. A closed standard error is no reason to fail, so that what `writeln!`
/// returns is dropped.
fn write_line(text: &str) {
    let _ = writeln!(stderr().lock(), "{}", visible(text));
}
