//! Signals that ask the process to end: `SIGINT`, `SIGTERM`, and `SIGHUP` of a terminal that is closed.
//!
//! The first one is told to whoever asks [`go_on`], as observers do: the run then ends with
//! [`Error::Cancelled`](crate::Error::Cancelled), and what is unfinished is removed on the way. A run that
//! does not ask soon, as it reads, solves or times, or one that takes long to end, is not waited for: what is
//! unfinished is removed, and the process ends. So it does at a second signal. The exit code is 128 and the
//! signal's number, as shells have it.

use std::ops::ControlFlow;
use std::sync::atomic::{AtomicBool, AtomicI32, Ordering};
use std::time::Duration;

/// How long a run has to ask.
#[cfg(unix)]
const TO_ASK: Duration = Duration::from_millis(100);

/// How long a run that has asked has to end: what it has begun on a device is not interrupted.
#[cfg(unix)]
const TO_END: Duration = Duration::from_secs(2);

/// The first signal, and who knows of it.
struct Request {
    /// Its number; 0 before there is one.
    signal: AtomicI32,
    /// Whether a run was told to end.
    is_told: AtomicBool,
}

static REQUEST: Request = Request::new();

impl Request {
    const fn new() -> Self {
        Self { signal: AtomicI32::new(0), is_told: AtomicBool::new(false) }
    }

    fn signal(&self) -> Option<i32> {
        Some(self.signal.load(Ordering::Relaxed)).filter(|&signal| signal != 0)
    }

    fn go_on(&self) -> ControlFlow<()> {
        if self.signal().is_none() {
            return ControlFlow::Continue(());
        }
        self.is_told.store(true, Ordering::Relaxed);
        ControlFlow::Break(())
    }

    /// Whether the process is to end now, so long after the signal, without regard to the run.
    #[cfg(unix)]
    fn is_overdue(&self, waited: Duration) -> bool {
        waited >= if self.is_told.load(Ordering::Relaxed) { TO_END } else { TO_ASK }
    }
}

/// Whether the run goes on, for observers to answer: no more after a signal.
pub(super) fn go_on() -> ControlFlow<()> {
    REQUEST.go_on()
}

/// The exit code of a run that was cancelled by a signal.
pub(super) fn exit_code() -> Option<u8> {
    REQUEST.signal().and_then(|signal| u8::try_from(128 + signal).ok())
}

/// From now on signals end the process as the module says.
pub(super) fn watch() {
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| !is_ignored(signal));
        let Ok(mut signals) = signal_hook::iterator::Signals::new(wanted) else { return };
        let end = move || {
            const NAP: Duration = Duration::from_millis(2);
            let Some(signal) = signals.forever().next() else { return };
            REQUEST.signal.store(signal, Ordering::Relaxed);
            let start = std::time::Instant::now();
            while !REQUEST.is_overdue(start.elapsed()) && signals.pending().next().is_none() {
                std::thread::sleep(NAP);
            }
            // At once: other threads are at work, and a driver's own end would wait for them.
            crate::output::temporary::remove_all(|| signal_hook::low_level::exit(128 + signal));
        };
        // Without a thread the signals would be lost on the way: `end` is dropped, and with it their
        // handlers.
        let _ = std::thread::Builder::new().name("signals".into()).spawn(end);
    }
}

/// Whether the process was started with this signal ignored, as `nohup` does and a shell for what it runs in
/// the background. Then it is to stay so. Where the system does not say, only `SIGHUP` is taken to be.
#[cfg(unix)]
fn is_ignored(signal: i32) -> bool {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let ignored = status.lines().find_map(|line| line.strip_prefix("SigIgn:"));
    let ignored = ignored.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok());
    ignored.map_or(signal == signal_hook::consts::SIGHUP, |mask| mask >> (signal - 1) & 1 == 1)
}

#[cfg(all(test, unix))]
mod tests {
    use super::*;

    #[test]
    fn a_run_that_asks_is_given_time_to_end() {
        let request = Request::new();
        assert!(request.go_on().is_continue() && request.signal().is_none());
        request.signal.store(15, Ordering::Relaxed);
        // Nobody has asked.
        assert!(!request.is_overdue(TO_ASK / 2) && request.is_overdue(TO_ASK));
        assert!(request.go_on().is_break());
        assert!(!request.is_overdue(TO_ASK) && !request.is_overdue(TO_END / 2));
        assert!(request.is_overdue(TO_END));
        assert_eq!(request.signal(), Some(15));
    }
}
