//! The library's one error type. Every message says what went wrong, where, and what to do about it.

use std::io;
use std::path::{Path, PathBuf};

pub(crate) use crate::figures::bytes;

/// Everything that can fail in this library. Rooms with many ways to fail own an enum of their own, held
/// here.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// A file or folder could not be read or written.
    #[error("cannot {action} {}: {source}", path.display())]
    Io {
        /// What was attempted, as a verb: "read", "write", "create".
        action: &'static str,
        /// The file or folder.
        path: PathBuf,
        /// What the operating system said.
        source: io::Error,
    },
    /// Standard output could not be written.
    #[error("cannot write to standard output: {0}")]
    Stdout(io::Error),
    /// A panel of prices could not be read or is not usable.
    #[error(transparent)]
    Panel(#[from] crate::panel::PanelError),
    /// No usable device, or a device that failed.
    #[error(transparent)]
    Gpu(#[from] crate::gpu::GpuError),
    /// The growth model could not be solved as asked.
    #[error(transparent)]
    Growth(#[from] crate::growth::GrowthError),
    /// A file is not what it was named as.
    #[error("{} cannot be used: {why}", path.display())]
    Unusable {
        /// The file.
        path: PathBuf,
        /// Why.
        why: String,
    },
    /// A result is not what its manifest says, or not of this panel.
    #[error("{} is not verified: {}", path.display(), findings.join("; "))]
    NotVerified {
        /// The result.
        path: PathBuf,
        /// What differs, a line each.
        findings: Vec<String>,
    },
    /// Parts of a run do not go together.
    #[error(transparent)]
    Part(Box<crate::parts::PartError>),
    /// A parameter lies outside of what the method accepts.
    #[error("{name} is {value}, but {requirement}")]
    Parameter {
        /// The parameter's name; the command line shows its flag instead.
        name: &'static str,
        /// The value given.
        value: String,
        /// What is required, and what to do.
        requirement: String,
    },
    /// The work does not fit in the memory allowed.
    #[error(
        "{what} needs at least {} of memory, but {} may be used; {advice}",
        bytes(*needed), bytes(*allowed)
    )]
    Memory {
        /// The step that needs the memory.
        what: String,
        /// Bytes needed.
        needed: u64,
        /// Bytes allowed.
        allowed: u64,
        /// What the user can change.
        advice: String,
    },
    /// A picture could not be drawn.
    #[error("cannot draw the picture: {0}; please report this, with the command that you ran")]
    Plot(String),
    /// Two devices do not give the same answer.
    #[error(
        "{device} and {reference} differ at {size}: {how}; do not trust {device}, and please report this, \
         with the output of `bellwether devices`"
    )]
    Mismatch {
        /// The device that differs.
        device: String,
        /// The device that it was compared with.
        reference: String,
        /// What was computed, with its unit.
        size: String,
        /// In what way they differ.
        how: String,
    },
    /// An observer ended the work.
    #[error("the work was cancelled")]
    Cancelled,
    /// A computation failed or panicked inside a job; the others went on.
    #[error("{what} failed: {why}; please report this, with the command that you ran")]
    Job {
        /// The job that failed.
        what: String,
        /// Its error or panic message.
        why: String,
    },
}

/// The library's result type.
pub type Result<T, E = Error> = std::result::Result<T, E>;

impl From<crate::parts::PartError> for Error {
    fn from(error: crate::parts::PartError) -> Self {
        Self::Part(Box::new(error))
    }
}

impl Error {
    /// An [`Error::Io`] for an `action` (a verb) on `path`; made for `map_err`.
    pub fn io(action: &'static str, path: impl AsRef<Path>) -> impl FnOnce(io::Error) -> Self {
        let path = path.as_ref().to_path_buf();
        move |source| Self::Io { action, path, source }
    }
}
