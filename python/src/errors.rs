//! Errors and panics as exceptions, with the library's messages.

use std::any::Any;
use std::io::ErrorKind;
use std::panic::{AssertUnwindSafe, catch_unwind};

use bellwether::Error;
use bellwether::jobs::panic_text;
use pyo3::exceptions::{
    PyFileNotFoundError, PyKeyboardInterrupt, PyMemoryError, PyOSError, PyRuntimeError, PyValueError,
};
use pyo3::prelude::*;

pyo3::create_exception!(bellwether, GpuError, PyRuntimeError, "No usable device, or a device that failed.");

/// The exception of an error.
pub(crate) fn exception(error: Error) -> PyErr {
    match error {
        Error::Io { action, path, source } => {
            let text = format!("cannot {action} {}: {source}", path.display());
            match (source.kind(), source.raw_os_error()) {
                // By the number Python knows the class; Windows' own come fourth.
                (_, Some(number)) if cfg!(windows) => {
                    PyOSError::new_err((0, format!("cannot {action}: {source}"), path, number))
                }
                (_, Some(number)) => PyOSError::new_err((number, format!("cannot {action}: {source}"), path)),
                (ErrorKind::NotFound, _) => PyFileNotFoundError::new_err(text),
                _ => PyOSError::new_err(text),
            }
        }
        Error::Stdout(_) => PyOSError::new_err(error.to_string()),
        Error::Memory { .. } => PyMemoryError::new_err(message(&error)),
        Error::Gpu(_) => GpuError::new_err(message(&error)),
        Error::Panel(_) | Error::Growth(_) | Error::Parameter { .. } => {
            PyValueError::new_err(message(&error))
        }
        Error::Cancelled => PyKeyboardInterrupt::new_err(()),
        _ => PyRuntimeError::new_err(message(&error)),
    }
}

/// A value that can't be used.
pub(crate) fn value_error(text: impl Into<String>) -> PyErr {
    PyValueError::new_err(text.into())
}

/// Parameters of the library that are called otherwise in Python.
const NAMES: [(&str, &str); 6] = [
    ("from", "from_day"),
    ("to", "to_day"),
    ("filters", "where"),
    ("half_days", "holidays"),
    ("points", "grid"),
    ("the number of threads", "threads"),
];

fn name(parameter: &str) -> &str {
    NAMES.iter().find_map(|(library, python)| (*library == parameter).then_some(*python)).unwrap_or(parameter)
}

/// The message of an error, with parameters as Python has them: `align none` is align="none".
fn message(error: &Error) -> String {
    let text = match error {
        Error::Parameter { name: parameter, value, requirement } => {
            format!("{} is {value}, but {requirement}", name(parameter))
        }
        other => other.to_string(),
    };
    let mut typed = String::with_capacity(text.len());
    for (number, part) in text.split('`').enumerate() {
        // What stands between two marks.
        if number % 2 == 0 {
            typed.push_str(part);
            continue;
        }
        match part.split_once(' ') {
            Some((parameter, value))
                if parameter.bytes().all(|byte| byte.is_ascii_lowercase() || byte == b'_') =>
            {
                typed.push_str(&format!("{}={value:?}", name(parameter)));
            }
            _ => typed.push_str(name(part)),
        }
    }
    typed
}

/// What `work` gives; a panic becomes a `RuntimeError`.
pub(crate) fn guarded<T>(work: impl FnOnce() -> PyResult<T>) -> PyResult<T> {
    catch_unwind(AssertUnwindSafe(work)).unwrap_or_else(|panic| Err(panicked(&*panic)))
}

/// The exception of a panic.
pub(crate) fn panicked(payload: &(dyn Any + Send)) -> PyErr {
    let text = panic_text(payload);
    PyRuntimeError::new_err(format!("bellwether panicked: {text}; please report this, with what you called"))
}
