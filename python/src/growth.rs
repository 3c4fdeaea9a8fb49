//! `growth`: the growth model, solved and certified.

use std::path::PathBuf;

use bellwether::gpu::DeviceChoice;
use bellwether::growth::{
    Chain, Enclosed, GridSpec, Model, Problem, Progress, Request, RowSums, solve_on, transition_path,
};
use bellwether::output::growth::{
    ShockRow, Source, growth_rows, shock_rows, write_columns, write_csv, write_json,
};
use bellwether::output::table::Row;
use bellwether::output::{Destination, Format};
use clap::ValueEnum;
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;
use serde::Serialize;

use crate::device::Resources;
use crate::errors::{exception, guarded, value_error};
use crate::options::choice;
use crate::run::{Watch, interruptible};

/// What is to be solved, and how; none for what was not named.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Wanted {
    sigma: f64,
    beta: f64,
    delta: f64,
    alpha: f64,
    accuracy: Option<f64>,
    grid: Option<usize>,
    low: f64,
    high: f64,
    spacing: Option<String>,
    choice: Option<String>,
    method: Option<String>,
    maximizer: Option<String>,
    stop: Option<String>,
    tolerance: Option<f64>,
    max_iterations: Option<usize>,
    /// None without shocks.
    shocks: Option<Shocks>,
}

/// Productivity as a Markov chain: in one of three ways.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Shocks {
    /// How the chain is made; none where it is given.
    chain: Option<String>,
    rho: f64,
    shock_sd: f64,
    states: usize,
    width: f64,
    /// A file that holds it.
    file: Option<PathBuf>,
    /// Its states.
    productivity: Vec<f64>,
    /// Its probabilities, one row after another.
    transition: Vec<f64>,
    row_sums: Option<String>,
}

impl Shocks {
    fn chain(&self) -> PyResult<Chain> {
        let Self { rho, shock_sd, states, width, .. } = *self;
        let row_sums = named("row_sums", &self.row_sums)?.unwrap_or(RowSums::One);
        let chain = match (&self.file, self.chain.as_deref()) {
            (Some(file), _) => Chain::read(file, row_sums),
            (None, None) => Chain::new(self.productivity.clone(), self.transition.clone(), row_sums),
            (None, Some("rouwenhorst")) => Chain::rouwenhorst(rho, shock_sd, states),
            (None, Some("tauchen")) => Chain::tauchen(rho, shock_sd, states, width),
            (None, Some(other)) => {
                let must = "but it must be one of \"rouwenhorst\", \"tauchen\", or the path of a file";
                return Err(value_error(format!("chain is {other:?}, {must}")));
            }
        };
        chain.map_err(exception)
    }
}

/// A setting that was named.
fn named<T: ValueEnum>(name: &str, value: &Option<String>) -> PyResult<Option<T>> {
    value.as_deref().map(|value| choice(name, value)).transpose()
}

impl Wanted {
    fn request(&self, device: &DeviceChoice) -> PyResult<Request> {
        Ok(Request {
            accuracy: self.accuracy,
            points: self.grid,
            low: self.low,
            high: self.high,
            spacing: named("spacing", &self.spacing)?,
            choice: named("choice", &self.choice)?,
            method: named("method", &self.method)?,
            maximizer: named("maximizer", &self.maximizer)?,
            stop: named("stop", &self.stop)?,
            tolerance: self.tolerance,
            max_iterations: self.max_iterations,
            on_gpu: !matches!(device, DeviceChoice::Auto | DeviceChoice::Cpu),
        })
    }
}

/// A solution, with what is guaranteed about it.
#[pyclass(frozen, module = "bellwether._bellwether")]
pub(crate) struct Growth {
    solved: Enclosed,
    rows: Vec<ShockRow>,
    /// What was computed on, and why.
    #[pyo3(get)]
    device: String,
}

/// Solves the growth model.
#[pyfunction]
#[pyo3(signature = (wanted, resources, progress=None))]
pub(crate) fn growth(
    py: Python<'_>,
    wanted: Wanted,
    resources: Resources,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Growth> {
    guarded(|| {
        let (device, memory) = (resources.choice()?, resources.memory()?);
        let request = wanted.request(&device)?;
        let target = request.target().map_err(exception)?;
        let on_cpu = request.settings(target).map_err(exception)?;
        let model = Model::new(wanted.sigma, wanted.beta, wanted.delta, wanted.alpha).map_err(exception)?;
        let spec = request.grid_spec(target);
        // Before the chain, whose states may be too many themselves.
        fits(&spec, 1, memory)?;
        let chain = wanted.shocks.as_ref().map_or_else(|| Ok(Chain::certain()), Shocks::chain)?;
        fits(&spec, chain.len(), memory)?;
        let watch = Watch::default();
        let (solved, rows, device) = interruptible(py, &watch, progress, || {
            let jobs = watch.jobs(resources.own_jobs()?);
            let opened = resources.open(&device, false, "the growth model", &jobs)?;
            jobs.install(|| {
                let problem = Problem::with_shocks(model, chain, spec, request.choice())?;
                let mut observe = |progress: Progress| {
                    watch.step(progress.iterations as u64, on_cpu.max_iterations as u64);
                    watch.check();
                };
                let solved = match &opened.gpu {
                    Some(gpu) => {
                        let settings = request.settings_for_gpu()?;
                        let solution = solve_on(gpu, &problem, &settings, &mut observe)?;
                        Enclosed::new(problem, settings, solution)?
                    }
                    None => request.solve(target, problem, on_cpu, &mut observe)?,
                };
                let rows = shock_rows(&solved.problem, &solved.solution, &solved.enclosure);
                Ok((solved, rows, opened.description))
            })
        })?;
        Ok(Growth { solved, rows, device })
    })
}

/// Refuses a grid whose solution in so many states takes more than the memory.
fn fits(spec: &GridSpec, states: usize, memory: u64) -> PyResult<()> {
    let needed = spec.bytes(states);
    if needed <= memory {
        return Ok(());
    }
    let (what, advice) = match states {
        1 => (String::new(), "choose a smaller `grid`"),
        _ => (format!(" in {states} states"), "choose a smaller `grid`, or fewer `states`"),
    };
    let what = format!("a grid of {} points{what}", spec.points);
    Err(exception(bellwether::Error::Memory { what, needed, allowed: memory, advice: advice.into() }))
}

#[pymethods]
impl Growth {
    /// Columns of the solution, a value a node: `z`, `k`, `value`, `capital_next`, `consumption`,
    /// `euler_error`, and bounds on the true V, `value_low` and `value_high`.
    fn column<'py>(&self, py: Python<'py>, name: &str) -> PyResult<Bound<'py, PyArray1<f64>>> {
        let of: fn(&ShockRow) -> f64 = match name {
            "z" => |row| row.z,
            "k" => |row| row.k,
            "value" => |row| row.value,
            "capital_next" => |row| row.capital_next,
            "consumption" => |row| row.consumption,
            "euler_error" => |row| row.euler_error,
            "value_low" => |row| row.value_low,
            "value_high" => |row| row.value_high,
            other => return Err(value_error(format!("there is no column {other:?}"))),
        };
        Ok(PyArray1::from_vec(py, self.rows.iter().map(of).collect()))
    }

    /// Whether productivity is a chain.
    #[getter]
    fn has_shocks(&self) -> bool {
        self.solved.problem.has_shocks()
    }

    /// The largest distance to the true V, guaranteed.
    #[getter]
    fn error(&self) -> f64 {
        self.solved.error()
    }

    /// All but the rows of the JSON that the command line writes.
    fn description(&self) -> PyResult<String> {
        let mut out = Vec::new();
        write_json(&self.source(), || [(); 0], &mut out)?;
        Ok(String::from_utf8_lossy(&out).into_owned())
    }

    /// The transition path of so many periods: a dict of arrays.
    fn path<'py>(&self, py: Python<'py>, periods: usize, from_capital: f64) -> PyResult<Bound<'py, PyDict>> {
        guarded(|| {
            let Enclosed { problem, solution, .. } = &self.solved;
            let path = transition_path(problem, &solution.capital_next, from_capital, periods);
            let path = path.map_err(exception)?;
            let dict = PyDict::new(py);
            dict.set_item("t", PyArray1::from_vec(py, path.iter().map(|point| point.t as i64).collect()))?;
            let columns: [(&str, fn(&bellwether::growth::PathPoint) -> f64); 4] = [
                ("k", |point| point.k),
                ("c", |point| point.c),
                ("output", |point| point.output),
                ("investment", |point| point.investment),
            ];
            for (name, of) in columns {
                dict.set_item(name, PyArray1::from_vec(py, path.iter().map(of).collect()))?;
            }
            Ok(dict)
        })
    }

    /// Writes the solution to a file, whole or not at all.
    #[pyo3(signature = (path, format=None))]
    fn write(&self, py: Python<'_>, path: PathBuf, format: Option<&str>) -> PyResult<()> {
        guarded(|| {
            let given = format.map(|format| choice("format", format)).transpose()?;
            let format = Format::of("path", &path, given).map_err(exception)?;
            let destination = Destination::File(path);
            let Enclosed { problem, solution, enclosure, .. } = &self.solved;
            let written = py.detach(|| match problem.has_shocks() {
                true => self.write_rows(&self.rows, &destination, format),
                false => self.write_rows(&growth_rows(problem, solution, enclosure), &destination, format),
            });
            written.map_err(exception)
        })
    }
}

impl Growth {
    /// What tables are computed from.
    fn source(&self) -> Source<'_> {
        let Enclosed { problem, settings, solution, enclosure, .. } = &self.solved;
        Source::new(problem, settings, solution, enclosure)
    }

    fn write_rows<R: Row + Serialize + Copy>(
        &self,
        rows: &[R],
        destination: &Destination,
        format: Format,
    ) -> bellwether::Result<()> {
        let (source, rows) = (self.source(), || rows.iter().copied());
        destination.write(|out| match format {
            Format::Csv => write_csv(rows(), out),
            Format::Json => write_json(&source, rows, out),
            Format::Parquet | Format::Arrow => write_columns(&source, rows(), format, out),
        })
    }
}
