//! `growth`: the growth model, solved and certified.

use bellwether::growth::enclose::{Enclosure, enclose_solution};
use bellwether::growth::{
    Chain, Choice, GridSpec, Model, Problem, RowSums, Settings, Solution, solve, solve_on, transition_path,
};
use bellwether::output::growth::{ShockRow, growth_rows, shock_rows, write_csv};
use bellwether::output::{Destination, Format};
use numpy::PyArray1;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::device::Resources;
use crate::errors::{exception, guarded, value_error};
use crate::options::choice;
use crate::run::{Watch, interruptible};

/// What is to be solved, and how.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Wanted {
    sigma: f64,
    beta: f64,
    delta: f64,
    alpha: f64,
    grid: usize,
    low: f64,
    high: f64,
    spacing: String,
    choice: String,
    method: Option<String>,
    maximizer: Option<String>,
    stop: String,
    tolerance: f64,
    max_iterations: usize,
    /// None without shocks.
    shocks: Option<Shocks>,
}

/// Productivity as a Markov chain.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
struct Shocks {
    /// How the chain is made, or `given`.
    chain: String,
    rho: f64,
    shock_sd: f64,
    states: usize,
    width: f64,
    productivity: Vec<f64>,
    /// One row after another.
    transition: Vec<f64>,
    row_sums: String,
}

impl Shocks {
    fn chain(&self) -> PyResult<Chain> {
        let Self { rho, shock_sd, states, width, .. } = *self;
        match self.chain.as_str() {
            "rouwenhorst" => Chain::rouwenhorst(rho, shock_sd, states).map_err(exception),
            "tauchen" => Chain::tauchen(rho, shock_sd, states, width).map_err(exception),
            "given" => {
                let row_sums = match self.row_sums.as_str() {
                    "one" => RowSums::One,
                    "scaled" => RowSums::Scaled,
                    "any" => RowSums::Any,
                    other => {
                        let must = "but it must be one of \"one\", \"scaled\", \"any\"";
                        return Err(value_error(format!("row_sums is {other:?}, {must}")));
                    }
                };
                let (states, transition) = (self.productivity.clone(), self.transition.clone());
                Chain::new(states, transition, row_sums).map_err(exception)
            }
            other => Err(value_error(format!(
                "chain is {other:?}, but it must be one of \"rouwenhorst\", \"tauchen\""
            ))),
        }
    }
}

impl Wanted {
    fn settings(&self, defaults: Settings) -> PyResult<Settings> {
        let method = self.method.as_deref().map(|name| choice("method", name)).transpose()?;
        let maximizer = self.maximizer.as_deref().map(|name| choice("maximizer", name)).transpose()?;
        let settings = defaults
            .method(method.unwrap_or(defaults.method))
            .maximizer(maximizer.unwrap_or(defaults.maximizer))
            .stop(choice("stop", &self.stop)?)
            .tolerance(self.tolerance)
            .max_iterations(self.max_iterations);
        Ok(settings)
    }
}

/// A solution with its certificate.
#[pyclass(frozen, module = "bellwether._bellwether")]
pub(crate) struct Growth {
    problem: Problem,
    settings: Settings,
    solution: Solution,
    enclosure: Enclosure,
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
        let kind: Choice = choice("choice", &wanted.choice)?;
        let model = Model::new(wanted.sigma, wanted.beta, wanted.delta, wanted.alpha).map_err(exception)?;
        let spec = GridSpec::default().points(wanted.grid).between(wanted.low, wanted.high);
        let spec = spec.spacing(choice("spacing", &wanted.spacing)?);
        let on_cpu = wanted.settings(Settings::for_choice(kind))?;
        let on_gpu = wanted.settings(Settings::for_gpu(kind))?;
        let chain = wanted.shocks.as_ref().map(Shocks::chain).transpose()?;
        let (device, memory) = (resources.choice()?, resources.memory()?);
        if spec.bytes(1) > memory {
            return Err(exception(bellwether::Error::Memory {
                what: format!("a grid of {} points", spec.points),
                needed: spec.bytes(1),
                allowed: memory,
                advice: "choose a smaller `grid`".into(),
            }));
        }
        let needed = spec.bytes(chain.as_ref().map_or(1, Chain::len));
        if needed > memory {
            return Err(exception(bellwether::Error::Memory {
                what: format!("a grid of {} points with shocks", spec.points),
                needed,
                allowed: memory,
                advice: "choose a smaller `grid`, or fewer `states`".into(),
            }));
        }
        let watch = Watch::default();
        let (problem, settings, solution, enclosure, rows, device) =
            interruptible(py, &watch, progress, || {
                let jobs = watch.jobs(resources.own_jobs()?);
                let opened = resources.open(&device, false, "the growth model", &jobs)?;
                let settings = if opened.gpu.is_some() { on_gpu } else { on_cpu };
                settings.check(kind)?;
                jobs.install(|| {
                    let problem = match chain {
                        Some(chain) => Problem::with_shocks(model, chain, spec, kind)?,
                        None => Problem::new(model, spec, kind)?,
                    };
                    let most = settings.max_iterations as u64;
                    let mut observe = |progress: bellwether::growth::Progress| {
                        watch.step(progress.iterations as u64, most);
                        watch.check();
                    };
                    let solution = match &opened.gpu {
                        Some(gpu) => solve_on(gpu, &problem, &settings, &mut observe)?,
                        None => solve(&problem, &settings, &mut observe)?,
                    };
                    let enclosure = enclose_solution(&problem, &solution)?;
                    let rows = shock_rows(&problem, &solution, &enclosure);
                    Ok((problem, settings, solution, enclosure, rows, opened.description))
                })
            })?;
        Ok(Growth { problem, settings, solution, enclosure, rows, device })
    })
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
        self.problem.has_shocks()
    }

    /// The certificate, the steady state and how it went, as JSON.
    fn description(&self) -> PyResult<String> {
        let Solution { iterations, preparations, certificate, timing, proposal, .. } = &self.solution;
        let steady = self.problem.model().steady_state();
        let described = serde_json::json!({
            "certificate": certificate,
            "steady_state": steady,
            "shocks": self.problem.has_shocks().then(|| self.problem.chain()),
            "settings": self.settings,
            "iterations": iterations,
            "preparations": preparations,
            "proposal": proposal,
            "seconds": {
                "solve": timing.solve.as_secs_f64(),
                "polish": timing.polish.as_secs_f64(),
                "certify": timing.certify.as_secs_f64(),
            },
        });
        Ok(described.to_string())
    }

    /// The transition path of so many periods: a dict of arrays.
    fn path<'py>(&self, py: Python<'py>, periods: usize, from_capital: f64) -> PyResult<Bound<'py, PyDict>> {
        guarded(|| {
            let path = transition_path(&self.problem, &self.solution.capital_next, from_capital, periods)
                .map_err(exception)?;
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

    /// Writes the solution to a file of CSV, whole or not at all.
    fn write(&self, py: Python<'_>, path: std::path::PathBuf) -> PyResult<()> {
        guarded(|| {
            if Format::of("path", &path, None).map_err(exception)? != Format::Csv {
                return Err(value_error("a solution is written as CSV; for others take to_frame()"));
            }
            let destination = Destination::File(path);
            let written = py.detach(|| {
                destination.write(|out| match self.problem.has_shocks() {
                    true => write_csv(&self.rows, out),
                    false => write_csv(&growth_rows(&self.problem, &self.solution, &self.enclosure), out),
                })
            });
            written.map_err(exception)
        })
    }
}
