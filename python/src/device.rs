//! What to compute on: threads, memory, and a GPU if one is wanted.

use std::path::PathBuf;

use bellwether::cli::{PROBE, half_of_free};
use bellwether::figures::plural;
use bellwether::gpu::{AdapterEntry, DeviceChoice, Gpu, Prober, adapters, find_with};
use bellwether::jobs::Jobs;
use bellwether::wgpu::Backends;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::{exception, guarded, value_error};

/// What was asked for.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Resources {
    device: String,
    threads: Option<usize>,
    /// Bytes, none for half of what is free.
    memory: Option<u64>,
    /// The program that tries drivers, and its first arguments.
    own: Vec<String>,
}

/// A GPU, or none, and in words what is computed on and why.
pub(crate) struct Opened {
    pub(crate) gpu: Option<Gpu>,
    pub(crate) description: String,
}

impl Resources {
    /// Bytes that may be used.
    pub(crate) fn memory(&self) -> PyResult<u64> {
        match self.memory {
            Some(0) => {
                Err(value_error("memory is 0, but some is needed; leave it out to use half of what is free"))
            }
            Some(bytes) => Ok(bytes),
            None => Ok(half_of_free()),
        }
    }

    /// The threads asked for, which are started for this call.
    pub(crate) fn own_jobs(&self) -> bellwether::Result<Jobs> {
        match self.threads {
            Some(threads) => Jobs::new().threads(threads),
            None => Jobs::all_cores(),
        }
    }

    /// Which device is wanted.
    pub(crate) fn choice(&self) -> PyResult<DeviceChoice> {
        self.device
            .parse()
            .map_err(|why: String| value_error(format!("device is {:?}, but {why}", self.device)))
    }

    /// A prober whose children are this package.
    pub(crate) fn prober(&self) -> Option<Prober> {
        prober(&self.own)
    }

    /// Opens a device for work that is `large` enough for a GPU or not, judged by `size`.
    pub(crate) fn open(
        &self,
        choice: &DeviceChoice,
        large: bool,
        size: &str,
        jobs: &Jobs,
    ) -> bellwether::Result<Opened> {
        let cpu = |why: &str| {
            let threads = plural(jobs.thread_count() as u64, "thread");
            Opened { gpu: None, description: format!("the CPU, {threads}{why}") }
        };
        let is_auto = *choice == DeviceChoice::Auto;
        if is_auto && !large {
            return Ok(cpu(&format!(" (auto: {size} is too little to start a GPU for)")));
        }
        let adapter = match self.prober() {
            Some(mut prober) => {
                find_with(choice, |backends| prober.allow(backends)).map_err(|error| prober.explain(error))?
            }
            None => find_with(choice, |backends| backends)?,
        };
        let Some(adapter) = adapter else {
            return Ok(cpu(if is_auto { " (auto: no hardware GPU was found)" } else { "" }));
        };
        let why =
            if is_auto { format!(" (auto: a GPU was found, and {size} is worth it)") } else { String::new() };
        let description = format!("{}, {}{why}", adapter.label(), adapter.kind());
        Ok(Opened { gpu: Some(Gpu::open(adapter)?), description })
    }
}

/// A prober whose children are started in this way; none where the interpreter does not know its program.
fn prober(own: &[String]) -> Option<Prober> {
    let (program, first) = own.split_first().filter(|(program, _)| !program.is_empty())?;
    Some(Prober::new(PathBuf::from(program), first.iter().map(String::as_str).chain([PROBE])))
}

/// The adapters of this machine, each as a dict. `own` starts this program, to try drivers in a process of
/// their own.
#[pyfunction]
pub(crate) fn devices<'py>(
    py: Python<'py>,
    own: Vec<String>,
) -> PyResult<(usize, Vec<Bound<'py, PyDict>>, Vec<String>)> {
    guarded(|| {
        let (found, left_out) = py.detach(|| match prober(&own) {
            Some(mut prober) => {
                let found = adapters(prober.allow(Backends::all()));
                (found, prober.left_out().iter().map(ToString::to_string).collect())
            }
            None => (adapters(Backends::all()), Vec::new()),
        });
        let threads = Jobs::all_cores().map_err(exception)?.thread_count();
        let found = found.iter().map(|entry| described(py, entry)).collect::<PyResult<_>>()?;
        Ok((threads, found, left_out))
    })
}

fn described<'py>(py: Python<'py>, entry: &AdapterEntry) -> PyResult<Bound<'py, PyDict>> {
    let dict = PyDict::new(py);
    dict.set_item("number", entry.index)?;
    dict.set_item("name", &entry.info.name)?;
    dict.set_item("backend", entry.backend())?;
    dict.set_item("kind", entry.kind())?;
    dict.set_item("driver", entry.driver())?;
    dict.set_item("software", entry.is_software())?;
    dict.set_item(
        "binding_bytes",
        entry.limits.max_storage_buffer_binding_size.min(entry.limits.max_buffer_size),
    )?;
    dict.set_item("unusable", &entry.unusable)?;
    Ok(dict)
}
