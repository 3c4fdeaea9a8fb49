//! Work on threads of its own, while the calling thread looks for signals and tells of progress.
//!
//! The interpreter's lock is released from the beginning to the end; the calling thread takes it for a moment
//! every 20 ms. A signal's handler that raises (Ctrl-C) ends the work: it is asked to stop, waited for, and
//! the exception goes on. Threads are started for each call and gone after it, so that a process may fork
//! between calls.

use std::ops::ControlFlow;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::mpsc::{RecvTimeoutError, channel};
use std::thread;
use std::time::Duration;

use bellwether::Result;
use bellwether::bootstrap::Observer;
use bellwether::jobs::Jobs;
use pyo3::exceptions::PyRuntimeError;
use pyo3::prelude::*;

use crate::errors::{exception, panicked};

/// How long the calling thread sleeps.
const NAP: Duration = Duration::from_millis(20);

/// How far the work is, and whether it is to stop.
#[derive(Debug, Default)]
pub(crate) struct Watch {
    planned: AtomicU64,
    drawn: AtomicU64,
    cancelled: Arc<AtomicBool>,
}

/// What is thrown to end work that does not ask whether it is to go on.
struct Cancelled;

impl Watch {
    /// Ends the work by unwinding where it is to stop: for what calls back and takes no answer.
    pub(crate) fn check(&self) {
        check(&self.cancelled);
    }

    /// So many steps of the work are done, of so many.
    pub(crate) fn step(&self, done: u64, all: u64) {
        self.planned.store(all, Ordering::Relaxed);
        self.drawn.store(done, Ordering::Relaxed);
    }

    /// `jobs` that end where the work is to stop, between one job and the next.
    pub(crate) fn jobs(&self, jobs: Jobs) -> Jobs {
        let cancelled = Arc::clone(&self.cancelled);
        jobs.on_progress(move |_| check(&cancelled))
    }
}

fn check(cancelled: &AtomicBool) {
    if cancelled.load(Ordering::Relaxed) {
        // No panic: the hook is not called.
        resume_unwind(Box::new(Cancelled));
    }
}

impl Observer for Watch {
    fn planned(&self, draws: u64) {
        self.planned.store(draws, Ordering::Relaxed);
    }

    fn drawn(&self, draws: u64) -> ControlFlow<()> {
        self.drawn.fetch_add(draws, Ordering::Relaxed);
        match self.cancelled.load(Ordering::Relaxed) {
            true => ControlFlow::Break(()),
            false => ControlFlow::Continue(()),
        }
    }
}

/// What `work` gives, done on another thread; `progress` is called with what is done and what is planned.
pub(crate) fn interruptible<T: Send>(
    py: Python<'_>,
    watch: &Watch,
    progress: Option<&Bound<'_, PyAny>>,
    work: impl FnOnce() -> Result<T> + Send,
) -> PyResult<T> {
    let progress = progress.map(|call| call.clone().unbind());
    let look = |py: Python<'_>| -> PyResult<()> {
        py.check_signals()?;
        if let Some(progress) = &progress {
            let count = |counter: &AtomicU64| counter.load(Ordering::Relaxed);
            progress.call1(py, (count(&watch.drawn), count(&watch.planned)))?;
        }
        Ok(())
    };
    let (done, failed) = py.detach(|| {
        thread::scope(|scope| {
            let (sender, receiver) = channel();
            let worker = move || {
                let done = catch_unwind(AssertUnwindSafe(work));
                // The receiver stays until it has this.
                let _ = sender.send(done);
            };
            if let Err(error) = thread::Builder::new().name("bellwether".into()).spawn_scoped(scope, worker) {
                let text = format!("no thread could be started ({error}); stop other programs");
                return (None, Some(PyRuntimeError::new_err(text)));
            }
            let mut failed = None;
            loop {
                match receiver.recv_timeout(NAP) {
                    Ok(done) => return (Some(done), failed),
                    Err(RecvTimeoutError::Disconnected) => return (None, failed),
                    Err(RecvTimeoutError::Timeout) if failed.is_none() => {
                        failed = Python::attach(look).err();
                        watch.cancelled.store(failed.is_some(), Ordering::Relaxed);
                    }
                    Err(RecvTimeoutError::Timeout) => {}
                }
            }
        })
    });
    match (failed, done) {
        (Some(failed), _) => Err(failed),
        (None, Some(Ok(done))) => done.map_err(exception),
        (None, Some(Err(panic))) => Err(panicked(&*panic)),
        (None, None) => Err(PyRuntimeError::new_err("the work ended without a result")),
    }
}
