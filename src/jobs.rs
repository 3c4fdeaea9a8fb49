//! Many independent computations: in order or as they complete, failures kept beside the successes, with
//! progress.
//!
//! A problem is *embarrassingly parallel* where one function is applied to many inputs and no application
//! needs another. A [`Jobs`] value applies it on all cores, or on as many threads as asked. This is
//! `concurrent.futures` in Rust, on top of Rayon, whose threads share memory: nothing is copied to another
//! process and back.
//!
//! | Python                                   | here                                                |
//! |------------------------------------------|-----------------------------------------------------|
//! | `ProcessPoolExecutor(max_workers=n)`     | [`Jobs::threads`]                                   |
//! | `executor.map(f, inputs)`                | [`Jobs::map`]: results in the order of the inputs   |
//! | `submit` and `as_completed`              | [`Jobs::as_completed`]: results as they are ready   |
//! | `to_do[future]`, to find a result's input| [`Finished::index`] and [`Finished::input`]         |
//! | `tqdm(as_completed(…), total=…)`         | [`Jobs::on_progress`]                               |
//! | `try: future.result() except …`          | [`Finished::result`], [`Results::failures`]         |
//!
//! # Results in order
//!
//! ```
//! # use bellwether::jobs::Jobs;
//! # use std::convert::Infallible;
//! let squares = Jobs::new().map(0..20, |x| Ok::<_, Infallible>(x * x));
//! let values: Vec<_> = squares.successes().map(|(_, value)| *value).collect();
//! assert_eq!(values[..5], [0, 1, 4, 9, 16]);
//! ```
//!
//! # Results as they complete
//!
//! The jobs run on the pool while the closure runs on the calling thread and takes what is ready. Each result
//! comes with its input and the input's number, so that the order can be restored.
//!
//! ```
//! # use bellwether::jobs::Jobs;
//! # use std::convert::Infallible;
//! let mut results = vec![0; 10];
//! Jobs::new().threads(2)?.as_completed(0..10, |x| Ok::<_, Infallible>(x + 3), |completed| {
//!     for job in completed {
//!         if let Ok(value) = job.result {
//!             results[job.index] = value;
//!         }
//!     }
//! });
//! assert_eq!(results, [3, 4, 5, 6, 7, 8, 9, 10, 11, 12]);
//! # Ok::<(), bellwether::Error>(())
//! ```
//!
//! # Progress
//!
//! ```
//! # use bellwether::jobs::Jobs;
//! # use std::convert::Infallible;
//! let jobs = Jobs::new().on_progress(|p| eprint!("\r{} of {} done, {} failed", p.done, p.total, p.failed));
//! jobs.map(0..10, |x| Ok::<_, Infallible>(f64::from(*x).exp() + 3.0));
//! ```
//!
//! # Failures
//!
//! A job fails where its function returns an error or panics. The others go on, and the failure is kept with
//! its input.
//!
//! ```
//! # use bellwether::jobs::{Failure, Jobs};
//! let logarithms = Jobs::new().map([1.0, -1.0, 2.0], |x: &f64| {
//!     if *x > 0.0 { Ok(x.ln()) } else { Err("the logarithm needs a positive number") }
//! });
//! assert_eq!(logarithms.successes().count(), 2);
//! let failures: Vec<_> = logarithms.failures().collect();
//! assert_eq!(failures, [(&-1.0, &Failure::Error("the logarithm needs a positive number"))]);
//! ```
//!
//! # Panics
//!
//! A panic in a job becomes [`Failure::Panic`]. Before it is caught Rust's panic hook prints it on standard
//! error. The hook belongs to the whole process, so the library leaves it alone; a program that reports
//! failures itself calls [`record_panics`] once when it starts.

use std::fmt;
use std::panic::{self, AssertUnwindSafe};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::mpsc::{Receiver, RecvTimeoutError, TryRecvError, channel};
use std::thread::available_parallelism;
use std::time::Duration;

use rayon::{ScopeFifo, ThreadPool, ThreadPoolBuilder, Yield};

use crate::error::{Error, Result};
pub use crate::panics::{panic_text, record_panics};

/// How many threads run the jobs, and who hears of progress. Cheap to clone; clones share the threads.
#[derive(Clone, Default)]
pub struct Jobs {
    pool: Option<Arc<ThreadPool>>,
    /// Threads that could not be started.
    missing: usize,
    on_progress: Option<Arc<dyn Fn(Progress) + Send + Sync>>,
}

/// How far a set of jobs is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct Progress {
    /// Jobs finished, the failed ones included.
    pub done: usize,
    /// Jobs that failed.
    pub failed: usize,
    /// Jobs in all.
    pub total: usize,
}

/// A job that ran to its end: its input and what came of it.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Finished<I, T, E> {
    /// The input's place among the inputs, from 0.
    pub index: usize,
    /// The input.
    pub input: I,
    /// What the function returned, or why it did not.
    pub result: Result<T, Failure<E>>,
}

/// Why a job failed.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Failure<E> {
    /// The function returned this error.
    Error(E),
    /// The function panicked with this message.
    Panic(String),
}

impl Jobs {
    /// Jobs on the pool of the calling thread: Rayon's global pool, one thread a core, unless called inside
    /// another. Where the operating system may refuse to start threads, use [`Self::all_cores`]: the global
    /// pool panics.
    pub fn new() -> Self {
        Self::default()
    }

    /// Jobs on a pool of their own, one thread a core (or `RAYON_NUM_THREADS`). Where the operating system
    /// does not give as many there are fewer ([`Self::missing_threads`]), and at the least the calling
    /// thread, which must then be the one that uses the jobs.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where not even that can be done.
    pub fn all_cores() -> Result<Self> {
        let cores = available_parallelism().map_or(1, usize::from);
        // By Rayon's own count first, then ever fewer.
        let fewer = std::iter::successors(Some(cores.div_ceil(2)), |&threads| {
            (threads > 1).then(|| threads.div_ceil(2))
        });
        for threads in std::iter::once(0).chain(fewer) {
            if let Ok(pool) = ThreadPoolBuilder::new().num_threads(threads).build() {
                let started = pool.current_num_threads();
                let missing = if threads == 0 { 0 } else { cores.saturating_sub(started) };
                return Ok(Self { pool: Some(Arc::new(pool)), missing, on_progress: None });
            }
        }
        Ok(Self { missing: cores.saturating_sub(1), ..Self::on_this_thread()? })
    }

    /// Jobs on one thread: one of their own, or where none can be started the calling thread, which must then
    /// be the one that uses the jobs.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where not even that can be done.
    pub fn one_thread() -> Result<Self> {
        Self::new().threads(1).or_else(|_| Self::on_this_thread())
    }

    /// Jobs on the calling thread alone. A thread that already works for other jobs works for these, too.
    fn on_this_thread() -> Result<Self> {
        if rayon::current_thread_index().is_some() {
            return Ok(Self::new());
        }
        let pool = ThreadPoolBuilder::new().num_threads(1).use_current_thread().build();
        let pool = pool.map_err(|error| Error::Parameter {
            name: "the number of threads",
            value: "1".into(),
            requirement: format!("not even that can be had ({error}); stop other programs"),
        })?;
        Ok(Self { pool: Some(Arc::new(pool)), ..Self::new() })
    }

    /// Limits the jobs, and whatever runs in [`Jobs::install`], to `threads` threads of their own.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for no threads at all, for many more than there are cores, or where the operating
    /// system does not give as many.
    pub fn threads(self, threads: usize) -> Result<Self> {
        let refused = |requirement: String| Error::Parameter {
            name: "threads",
            value: threads.to_string(),
            requirement,
        };
        if threads == 0 {
            return Err(refused("at least one is needed; leave the limit out to use every core".into()));
        }
        let most = most_threads(available_parallelism().map_or(1, usize::from));
        if threads > most {
            return Err(refused(format!(
                "at most {most} are started here; leave the limit out to use every core"
            )));
        }
        let pool = ThreadPoolBuilder::new()
            .num_threads(threads)
            .build()
            .map_err(|error| refused(format!("that many could not be started ({error}); ask for fewer")))?;
        Ok(Self { pool: Some(Arc::new(pool)), missing: 0, ..self })
    }

    /// How many threads fewer than cores there are, as the operating system did not start them.
    pub fn missing_threads(&self) -> usize {
        self.missing
    }

    /// Calls `report` on the calling thread: once before the first job, then whenever a result is taken.
    #[must_use]
    pub fn on_progress(self, report: impl Fn(Progress) + Send + Sync + 'static) -> Self {
        Self { on_progress: Some(Arc::new(report)), ..self }
    }

    /// Runs other Rayon code (a parallel iterator, say) under the same limit on threads.
    pub fn install<R: Send>(&self, run: impl FnOnce() -> R + Send) -> R {
        match &self.pool {
            Some(pool) => pool.install(run),
            None => run(),
        }
    }

    /// The number of threads that run the jobs.
    pub fn thread_count(&self) -> usize {
        self.pool.as_ref().map_or_else(rayon::current_num_threads, |pool| pool.current_num_threads())
    }

    /// Applies `function` to every input and returns what came of each, in the order of the inputs.
    pub fn map<I, T, E, F>(&self, inputs: impl IntoIterator<Item = I>, function: F) -> Results<I, T, E>
    where
        I: Send,
        T: Send,
        E: Send,
        F: Fn(&I) -> Result<T, E> + Sync,
    {
        let mut finished: Vec<_> = self.as_completed(inputs, function, |completed| completed.collect());
        finished.sort_unstable_by_key(|job: &Finished<I, T, E>| job.index);
        Results(finished)
    }

    /// Applies `function` to every input, and hands the results to `consume`, which runs on the calling
    /// thread, in the order in which they complete. Jobs start in the order of the inputs.
    ///
    /// Returns what `consume` returns. Where it drops the iterator early, the jobs that have not started
    /// never do.
    pub fn as_completed<I, T, E, F, R>(
        &self,
        inputs: impl IntoIterator<Item = I>,
        function: F,
        consume: impl FnOnce(Completed<'_, I, T, E>) -> R,
    ) -> R
    where
        I: Send,
        T: Send,
        E: Send,
        F: Fn(&I) -> Result<T, E> + Sync,
    {
        let inputs: Vec<I> = inputs.into_iter().collect();
        let progress = Progress { done: 0, failed: 0, total: inputs.len() };
        if let Some(report) = &self.on_progress {
            report(progress);
        }
        let (sender, receiver) = channel();
        let cancelled = AtomicBool::new(false);
        let (cancelled, function) = (&cancelled, &function);
        self.in_place_scope(|scope| {
            let completed =
                Completed { receiver, progress, on_progress: self.on_progress.as_deref(), cancelled };
            for (index, input) in inputs.into_iter().enumerate() {
                let sender = sender.clone();
                scope.spawn_fifo(move |_| {
                    if !cancelled.load(Ordering::Relaxed) {
                        let result = run(function, &input);
                        // The receiver is gone where the consumer wants no more results.
                        let _ = sender.send(Finished { index, input, result });
                    }
                });
            }
            consume(completed)
        })
    }

    /// Runs `body` on the calling thread, and what it spawns on the pool.
    fn in_place_scope<'scope, R>(&self, body: impl FnOnce(&ScopeFifo<'scope>) -> R) -> R {
        match &self.pool {
            Some(pool) => pool.in_place_scope_fifo(body),
            None => rayon::in_place_scope_fifo(body),
        }
    }
}

impl fmt::Debug for Jobs {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Jobs").field("threads", &self.thread_count()).finish_non_exhaustive()
    }
}

/// The results of jobs, in the order in which they complete.
pub struct Completed<'a, I, T, E> {
    receiver: Receiver<Finished<I, T, E>>,
    progress: Progress,
    on_progress: Option<&'a (dyn Fn(Progress) + Send + Sync)>,
    cancelled: &'a AtomicBool,
}

impl<I, T, E> Completed<'_, I, T, E> {
    /// Waits for a result. A thread of the pool works on other jobs in the meantime: if it slept, a pool of
    /// one thread would wait for itself.
    fn wait(&self) -> Option<Finished<I, T, E>> {
        const NAP: Duration = Duration::from_micros(100);
        loop {
            match self.receiver.try_recv() {
                Ok(finished) => return Some(finished),
                Err(TryRecvError::Disconnected) => return None,
                Err(TryRecvError::Empty) => {}
            }
            match rayon::yield_now() {
                // Not a thread of a pool.
                None => return self.receiver.recv().ok(),
                Some(Yield::Executed) => {}
                Some(Yield::Idle) => match self.receiver.recv_timeout(NAP) {
                    Ok(finished) => return Some(finished),
                    Err(RecvTimeoutError::Disconnected) => return None,
                    Err(RecvTimeoutError::Timeout) => {}
                },
            }
        }
    }
}

impl<I, T, E> Iterator for Completed<'_, I, T, E> {
    type Item = Finished<I, T, E>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.progress.done == self.progress.total {
            return None;
        }
        let finished = self.wait()?;
        self.progress.done += 1;
        self.progress.failed += usize::from(finished.result.is_err());
        if let Some(report) = self.on_progress {
            report(self.progress);
        }
        Some(finished)
    }

    fn size_hint(&self) -> (usize, Option<usize>) {
        let left = self.progress.total - self.progress.done;
        (left, Some(left))
    }
}

impl<I, T, E> Drop for Completed<'_, I, T, E> {
    fn drop(&mut self) {
        self.cancelled.store(true, Ordering::Relaxed);
    }
}

/// What came of a set of jobs, in the order of their inputs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Results<I, T, E>(Vec<Finished<I, T, E>>);

impl<I, T, E> Results<I, T, E> {
    /// The inputs of the jobs that succeeded, with their values.
    pub fn successes(&self) -> impl Iterator<Item = (&I, &T)> {
        self.0.iter().filter_map(|job| job.result.as_ref().ok().map(|value| (&job.input, value)))
    }

    /// The inputs of the jobs that failed, with the reasons.
    pub fn failures(&self) -> impl Iterator<Item = (&I, &Failure<E>)> {
        self.0.iter().filter_map(|job| job.result.as_ref().err().map(|failure| (&job.input, failure)))
    }

    /// All values, or the first input (in the order of the inputs) that failed and why.
    ///
    /// # Errors
    ///
    /// The failed input with its [`Failure`].
    pub fn all(self) -> Result<Vec<T>, (I, Failure<E>)> {
        self.0.into_iter().map(|job| job.result.map_err(|failure| (job.input, failure))).collect()
    }
}

impl<I, T, E> IntoIterator for Results<I, T, E> {
    type Item = Finished<I, T, E>;
    type IntoIter = std::vec::IntoIter<Self::Item>;

    fn into_iter(self) -> Self::IntoIter {
        self.0.into_iter()
    }
}

impl<E: fmt::Display> fmt::Display for Failure<E> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Error(error) => error.fmt(f),
            Self::Panic(message) => write!(f, "panicked: {message}"),
        }
    }
}

impl Failure<Error> {
    /// The error itself, or an [`Error::Job`] that names the job (`what`) that panicked.
    pub fn into_error(self, what: impl Into<String>) -> Error {
        match self {
            Self::Error(error) => error,
            Self::Panic(why) => Error::Job { what: what.into(), why },
        }
    }
}

/// Most threads that are started on a machine of so many cores: more take minutes to start and gain nothing.
fn most_threads(cores: usize) -> usize {
    cores.saturating_mul(16).max(1024)
}

/// Runs one job and catches its panic. The function is only shared, not mutated, so that what a panic may
/// leave broken is behind the caller's own locks, and those know (they are poisoned).
fn run<I, T, E>(function: impl Fn(&I) -> Result<T, E>, input: &I) -> Result<T, Failure<E>> {
    match panic::catch_unwind(AssertUnwindSafe(|| function(input))) {
        Ok(result) => result.map_err(Failure::Error),
        Err(payload) => Err(Failure::Panic(panic_text(payload.as_ref()))),
    }
}

#[cfg(test)]
mod tests {
    use std::convert::Infallible;
    use std::sync::Mutex;
    use std::sync::atomic::AtomicUsize;
    use std::thread;

    use super::*;

    fn limited(threads: usize) -> Jobs {
        Jobs::new().threads(threads).unwrap()
    }

    /// The first inputs take longest, so that they complete last.
    fn slow_square(x: &u64) -> Result<u64, Infallible> {
        thread::sleep(Duration::from_millis(2 * (10 - x)));
        Ok(x * x)
    }

    #[test]
    fn map_keeps_the_order_of_the_inputs() {
        for jobs in [Jobs::new(), limited(1), limited(4)] {
            let results = jobs.map(0..10, slow_square);
            let pairs: Vec<_> = results.successes().map(|(x, value)| (*x, *value)).collect();
            assert_eq!(pairs, (0..10).map(|x| (x, x * x)).collect::<Vec<_>>());
            assert_eq!(results.all(), Ok((0..10).map(|x| x * x).collect()));
        }
        assert_eq!(Jobs::new().map([], slow_square).into_iter().count(), 0);
    }

    #[test]
    fn results_come_as_they_complete_and_name_their_input() {
        // Job 0 waits for the result of job 1 to be taken: it would wait for ever if results came in order.
        let taken = AtomicBool::new(false);
        let wait_for_the_other = |x: &usize| {
            while *x == 0 && !taken.load(Ordering::Acquire) {
                thread::yield_now();
            }
            Ok::<_, Infallible>(x * 10)
        };
        limited(2).as_completed([0, 1], wait_for_the_other, |mut completed| {
            let first = completed.next().unwrap();
            assert_eq!((first.index, first.input, first.result), (1, 1, Ok(10)));
            taken.store(true, Ordering::Release);
            assert_eq!(completed.next().unwrap().index, 0);
            assert!(completed.next().is_none());
        });
    }

    #[test]
    fn failures_are_kept_beside_the_successes() {
        let results = limited(2).map(0..6, |x| match x {
            2 => Err(format!("{x} is refused")),
            4 => panic!("{x} is a bug"),
            _ => Ok(*x),
        });
        assert_eq!(results.successes().map(|(x, _)| *x).collect::<Vec<_>>(), [0, 1, 3, 5]);
        let failures: Vec<_> = results.failures().map(|(x, failure)| (*x, failure.to_string())).collect();
        assert_eq!(failures, [(2, "2 is refused".to_owned()), (4, "panicked: 4 is a bug".to_owned())]);
        assert_eq!(results.all(), Err((2, Failure::Error("2 is refused".to_owned()))));
    }

    #[test]
    fn a_panic_becomes_an_error_that_names_the_job() {
        let failure = Jobs::new().map([7], |_| -> Result<(), Error> { panic!("oh") }).all().unwrap_err();
        let error = failure.1.into_error("day 7").to_string();
        assert!(error.starts_with("day 7 failed: oh"), "{error}");
    }

    #[test]
    fn progress_counts_up_to_the_total() {
        let seen = Arc::new(Mutex::new(Vec::new()));
        let log = Arc::clone(&seen);
        let jobs = limited(3).on_progress(move |progress| log.lock().unwrap().push(progress));
        jobs.map(0..5, |x| if *x == 3 { Err(()) } else { Ok(()) });
        let seen = seen.lock().unwrap();
        assert_eq!(seen.iter().map(|p| p.done).collect::<Vec<_>>(), [0, 1, 2, 3, 4, 5]);
        assert!(seen.windows(2).all(|pair| pair[0].failed <= pair[1].failed));
        assert_eq!(seen[5], Progress { done: 5, failed: 1, total: 5 });
    }

    #[test]
    fn no_more_jobs_run_at_once_than_threads() {
        let (running, most) = (AtomicUsize::new(0), AtomicUsize::new(0));
        limited(2).map(0..12, |_| {
            most.fetch_max(running.fetch_add(1, Ordering::SeqCst) + 1, Ordering::SeqCst);
            thread::sleep(Duration::from_millis(2));
            running.fetch_sub(1, Ordering::SeqCst);
            Ok::<_, Infallible>(())
        });
        assert!(most.into_inner() <= 2);
        assert_eq!(limited(3).install(rayon::current_num_threads), 3);
        assert_eq!(limited(3).thread_count(), 3);
        assert!(Jobs::new().threads(0).unwrap_err().to_string().contains("at least one"));
    }

    #[test]
    fn far_more_threads_than_cores_are_refused() {
        assert_eq!([1, 64, 65, 1000].map(most_threads), [1024, 1024, 1040, 16_000]);
        let message = Jobs::new().threads(usize::MAX).unwrap_err().to_string();
        assert!(message.starts_with("threads is 18446744073709551615, but at most "), "{message}");
    }

    #[test]
    fn all_cores_are_a_pool_of_their_own() {
        let jobs = Jobs::all_cores().unwrap();
        assert_eq!(jobs.missing_threads(), 0);
        assert_eq!(jobs.map(0..10, |x| Ok::<_, Infallible>(x * x)).all().unwrap()[9], 81);
        assert!(jobs.install(rayon::current_thread_index).is_some());
    }

    #[test]
    fn jobs_within_jobs_do_not_deadlock_on_one_thread() {
        let outer = limited(1);
        let inner = outer.clone();
        let sums = outer.map(0..3, |x| {
            let own_pool = Jobs::new().map(0..4, |y| Ok::<_, Infallible>(x * y));
            let shared_pool = inner.map(0..4, |y| Ok::<_, Infallible>(x * y));
            Ok::<i32, Infallible>(own_pool.successes().chain(shared_pool.successes()).map(|(_, z)| z).sum())
        });
        assert_eq!(sums.all(), Ok(vec![0, 12, 24]));
    }

    #[test]
    fn jobs_not_started_when_the_consumer_stops_never_start() {
        let started = AtomicUsize::new(0);
        let first = limited(1).as_completed(
            0..1000,
            |x| {
                started.fetch_add(1, Ordering::SeqCst);
                thread::sleep(Duration::from_millis(1));
                Ok::<_, Infallible>(*x)
            },
            |mut completed| completed.next().map(|job| job.index),
        );
        assert_eq!(first, Some(0));
        assert!(started.into_inner() < 500);
    }
}
