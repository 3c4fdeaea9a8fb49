//! Signals that ask the process to end.

/// From now on a signal that asks the process to end (`SIGINT`, `SIGTERM`, and `SIGHUP` of a terminal that is
/// closed) removes what is unfinished first. The exit code is 128 and the signal's number, as shells have it.
pub(super) fn remove_unfinished() {
    #[cfg(unix)]
    {
        use signal_hook::consts::{SIGHUP, SIGINT, SIGTERM};
        let wanted = [SIGINT, SIGTERM, SIGHUP].into_iter().filter(|&signal| !is_ignored(signal));
        let Ok(mut signals) = signal_hook::iterator::Signals::new(wanted) else { return };
        let end = move || {
            if let Some(signal) = signals.forever().next() {
                // At once: other threads are at work, and a driver's own end would wait for them.
                crate::output::temporary::remove_all(|| signal_hook::low_level::exit(128 + signal));
            }
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
