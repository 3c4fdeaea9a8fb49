//! The library, as Python sees it.
//!
//! The package `bellwether` is written in Python around this module: there arguments are sorted out, and
//! tables become plain columns. Here columns become a panel, and the library's results become arrays.
//!
//! Work is done on threads of its own while the interpreter goes on ([`run`]); errors become exceptions, and
//! so do panics ([`errors`]).

mod compare;
mod device;
mod errors;
mod growth;
mod input;
mod intervals;
mod options;
mod panel;
mod run;

use pyo3::prelude::*;

#[pymodule]
mod _bellwether {
    use std::ffi::OsString;
    use std::path::PathBuf;

    use pyo3::prelude::*;

    use crate::errors::guarded;

    #[pymodule_export]
    use crate::compare::compare;
    #[pymodule_export]
    use crate::device::devices;
    #[pymodule_export]
    use crate::errors::GpuError;
    #[pymodule_export]
    use crate::growth::{Growth, growth};
    #[pymodule_export]
    use crate::intervals::{Intervals, bootstrap};
    #[pymodule_export]
    use crate::panel::{Panel, read_arrow, read_columns, read_files, simulate};

    #[pymodule_init]
    fn init(module: &Bound<'_, PyModule>) -> PyResult<()> {
        // What panics becomes an exception, whose text says where.
        bellwether::jobs::record_panics();
        module.add("__version__", env!("CARGO_PKG_VERSION"))
    }

    /// Runs the command line with these arguments, the first of which is the program's name; returns the exit
    /// code. `own` starts this program again, for work in a process of its own.
    #[pyfunction]
    fn main(py: Python<'_>, arguments: Vec<OsString>, own: Vec<OsString>) -> PyResult<u8> {
        guarded(|| {
            let mut own = own.into_iter();
            let own = own.next().map(|program| (PathBuf::from(program), own.collect()));
            #[cfg(unix)]
            bellwether::output::look_at_standard_output();
            Ok(py.detach(|| bellwether::cli::run_with(arguments, own)))
        })
    }

    /// Panics, so that a test can see what becomes of it: here, or in the thread that works.
    #[pyfunction]
    #[allow(clippy::panic, reason = "that is what it is for")]
    fn _panic(py: Python<'_>, message: String, at_work: bool) -> PyResult<()> {
        guarded(|| {
            if at_work {
                let watch = crate::run::Watch::default();
                return crate::run::interruptible(py, &watch, None, || panic!("{message}"));
            }
            panic!("{message}")
        })
    }
}
