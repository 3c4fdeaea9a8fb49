//! Panics that are caught, and what they said: they become errors, with the file and the line.

use std::any::Any;
use std::collections::VecDeque;
use std::panic;
use std::sync::{Mutex, PoisonError};

/// The text and the place of the last panics, where they are recorded. A panic in one thread may be caught in
/// another.
static PANICS: Mutex<VecDeque<(String, String)>> = Mutex::new(VecDeque::new());

/// Keeps panics off standard error. Where one is caught and becomes an error, as
/// [`Failure::Panic`](crate::jobs::Failure::Panic) or an [`Error::Job`](crate::Error::Job), its message has
/// the file and the line.
///
/// For a program that reports its errors itself, to call when it starts: it replaces the process's panic
/// hook.
pub fn record_panics() {
    const KEPT: usize = 64;
    panic::set_hook(Box::new(|info| {
        let place = info.location().map_or_else(|| "an unknown place".into(), ToString::to_string);
        let mut panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
        if panics.len() == KEPT {
            panics.pop_front();
        }
        panics.push_back((payload_text(info.payload()), place));
    }));
}

/// What `work` gives, or what its panic said and where. The panic's message is kept off standard error, in
/// this thread alone: for work of other libraries on bytes that may be damaged.
#[cfg(feature = "parquet")]
pub(crate) fn caught<T>(work: impl FnOnce() -> T) -> Result<T, String> {
    use std::cell::{Cell, RefCell};
    use std::sync::Once;
    thread_local! {
        static QUIET: Cell<bool> = const { Cell::new(false) };
        static PLACE: RefCell<String> = const { RefCell::new(String::new()) };
    }
    static HOOK: Once = Once::new();
    // The hook that is there goes on to hear of all other panics.
    if !std::thread::panicking() {
        HOOK.call_once(|| {
            let before = panic::take_hook();
            panic::set_hook(Box::new(move |info| {
                if QUIET.get() {
                    let place = info.location().map(ToString::to_string).unwrap_or_default();
                    PLACE.set(place);
                } else {
                    before(info);
                }
            }));
        });
    }
    let outer = QUIET.replace(true);
    let done = panic::catch_unwind(panic::AssertUnwindSafe(work));
    QUIET.set(outer);
    done.map_err(|payload| format!("{} (at {})", payload_text(&*payload), PLACE.take()))
}

/// The text of what a panic threw, with its file and line where they were recorded.
pub fn panic_text(payload: &(dyn Any + Send)) -> String {
    let text = payload_text(payload);
    let panics = PANICS.lock().unwrap_or_else(PoisonError::into_inner);
    let place = panics.iter().rev().find_map(|(other, place)| (*other == text).then_some(place));
    place.map_or_else(|| text.clone(), |place| format!("{text} (at {place})"))
}

/// `panic!` throws a `&str` or a `String`.
fn payload_text(payload: &dyn Any) -> String {
    let text = payload.downcast_ref::<&str>().copied();
    text.or_else(|| payload.downcast_ref::<String>().map(String::as_str)).unwrap_or("no message").to_owned()
}
