//! Standard output as it was given to the process: perhaps closed, perhaps open for reading alone.
//!
//! Rust's runtime opens `/dev/null` in place of a standard output that is closed, and takes writes to one
//! that cannot be written as done. Results would be lost without a word. What the runtime put there looks
//! just like what many programs give to their children on purpose, so that only a look before the runtime
//! starts tells the two apart ([`look_at_standard_output`]); and writing goes past the runtime's own handle
//! ([`open`]).

use std::fs::File;
use std::io;

#[cfg(unix)]
use std::{
    os::fd::AsFd,
    sync::atomic::{AtomicBool, Ordering},
};

#[cfg(unix)]
static CLOSED: AtomicBool = AtomicBool::new(false);

/// Notes whether standard output is open. To be called before `main`, where the runtime has not opened
/// anything yet; it does one system call and uses nothing of the runtime.
#[cfg(unix)]
pub fn look_at_standard_output() {
    let closed = rustix::io::fcntl_getfd(rustix::stdio::stdout()).is_err();
    CLOSED.store(closed, Ordering::Relaxed);
}

/// Standard output as a file, if it can be written.
#[cfg(unix)]
pub(super) fn open() -> io::Result<File> {
    let refused = |why: &str| Err(io::Error::other(format!("{why}; send it to a file or a pipe")));
    if CLOSED.load(Ordering::Relaxed) {
        return refused("it is closed");
    }
    let stdout = io::stdout();
    let flags = rustix::fs::fcntl_getfl(&stdout)?;
    if flags & rustix::fs::OFlags::RWMODE == rustix::fs::OFlags::RDONLY {
        return refused("it is open for reading only");
    }
    Ok(File::from(stdout.as_fd().try_clone_to_owned()?))
}

/// Standard output as a file, if there is one.
#[cfg(windows)]
pub(super) fn open() -> io::Result<File> {
    use std::os::windows::io::AsHandle;
    Ok(File::from(io::stdout().as_handle().try_clone_to_owned()?))
}
