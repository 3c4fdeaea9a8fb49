//! `bootstrap`: a panel and a method give intervals, and those give columns, tables and resamples.

use std::sync::Arc;

use bellwether::bootstrap::{Bootstrap, Engine, Intervals as Found, Resources as Means, run_panel};
use bellwether::cli::WORTH_A_GPU;
use bellwether::figures::grouped;
use bellwether::output::intervals::{Layout, LongColumn, Report, long_columns, write};
use bellwether::output::{Destination, Format};
use bellwether::panel::DayReturns;
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyBytes;

use crate::device::Resources;
use crate::errors::{exception, guarded, value_error};
use crate::options::{Method, choice, date};
use crate::panel::{Days, Panel, epoch_day};
use crate::run::{Watch, interruptible};

/// Intervals of every day and stock.
#[pyclass(frozen, module = "bellwether._bellwether")]
pub(crate) struct Intervals {
    stocks: Vec<String>,
    methods: Vec<Bootstrap>,
    found: Vec<Found>,
    /// The returns, where they are in memory.
    days: Option<Arc<Vec<DayReturns>>>,
    /// What was computed on, and why.
    #[pyo3(get)]
    device: String,
    /// What the user should look at, one line each.
    #[pyo3(get)]
    warnings: Vec<String>,
}

/// The intervals of a panel by a method.
#[pyfunction]
#[pyo3(signature = (panel, method, resources, progress=None))]
pub(crate) fn bootstrap(
    py: Python<'_>,
    panel: &Bound<'_, Panel>,
    method: Method,
    resources: Resources,
    progress: Option<&Bound<'_, PyAny>>,
) -> PyResult<Intervals> {
    guarded(|| {
        let panel = panel.get();
        let methods = method.methods(method.second(&panel.stocks)?)?;
        let (device, memory) = (resources.choice()?, resources.memory()?);
        let watch = Watch::default();
        let (found, device, warnings) = interruptible(py, &watch, progress, || {
            let jobs = watch.jobs(resources.own_jobs()?);
            let means = Means { jobs: &jobs, memory };
            let per_return: u64 = methods.iter().map(|method| method.draws_of(1)).sum();
            let open = |returns: u64| {
                let draws = returns * per_return;
                bellwether::bootstrap::Observer::planned(&watch, draws);
                let size = format!("{} returns to draw", grouped(draws));
                resources.open(&device, draws >= WORTH_A_GPU, &size, &jobs)
            };
            match &panel.days {
                Days::Held(days) => {
                    let opened = open(days.iter().map(|day| day.returns.len() as u64).sum())?;
                    let mut engine = Engine::new(opened.gpu.as_ref());
                    let run = |method: &Bootstrap| method.run(days, &mut engine, &means, &watch);
                    let found = methods.iter().map(run).collect::<bellwether::Result<Vec<_>>>()?;
                    Ok((found, opened.description, Vec::new()))
                }
                Days::Blocks(reader) => {
                    let taken = reader.lock().unwrap_or_else(std::sync::PoisonError::into_inner).take();
                    let Some(mut reader) = taken else { return Err(bellwether::Error::Cancelled) };
                    let opened = open(reader.returns_left())?;
                    let mut engine = Engine::new(opened.gpu.as_ref());
                    let (found, _) = run_panel(&methods, &mut reader, &mut engine, &means, &watch)?;
                    let summary = reader.summary();
                    let warnings = summary.left_out().into_iter().chain(summary.warnings).collect();
                    Ok((found, opened.description, warnings))
                }
            }
        })?;
        let (stocks, days) = (panel.stocks.clone(), panel.held().cloned());
        Ok(Intervals { stocks, methods, found, days, device, warnings })
    })
}

impl Intervals {
    /// The table in a file's form.
    fn table(&self, out: &mut dyn std::io::Write, format: Format, layout: Layout) -> std::io::Result<()> {
        let described: Vec<_> =
            self.methods.iter().zip(&self.found).map(|(method, found)| method.describe(found)).collect();
        let report =
            Report { stocks: &self.stocks, intervals: &self.found, method: &described, manifest: None };
        write(out, &report, format, layout)
    }

    fn check_layout(&self, layout: Layout) -> PyResult<()> {
        let single = |found: &Found| found.ends.len() == 1 && found.details.is_none();
        if layout == Layout::Wide && !(self.found.len() == 1 && self.found.iter().all(single)) {
            return Err(value_error(
                "the wide layout has two columns a stock: one measure, one kind of interval, no details",
            ));
        }
        Ok(())
    }
}

#[pymethods]
impl Intervals {
    /// The panel's stocks.
    #[getter]
    fn stocks(&self) -> Vec<String> {
        self.stocks.clone()
    }

    /// What the estimates are called, a name a measure.
    #[getter]
    fn names(&self) -> Vec<&'static str> {
        self.found.iter().map(|found| found.name).collect()
    }

    /// Seconds that resampling and quantiles took, by the clock.
    #[getter]
    fn seconds(&self) -> f64 {
        self.found.iter().map(|found| found.times.wall.as_secs_f64()).sum()
    }

    /// The long table's columns: name, kind, values. Days are numbers since 1970-01-01, texts are codes and
    /// a dictionary.
    fn columns<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<Vec<(&'static str, &'static str, Bound<'py, PyAny>, Vec<String>)>> {
        guarded(|| {
            let columns = long_columns(&self.stocks, &self.found).into_iter();
            Ok(columns
                .map(|(name, column)| match column {
                    LongColumn::Dates(dates) => {
                        let days = dates.into_iter().map(epoch_day).collect();
                        (name, "date", PyArray1::<i64>::from_vec(py, days).into_any(), Vec::new())
                    }
                    LongColumn::Numbers(numbers) => {
                        (name, "number", PyArray1::from_vec(py, numbers).into_any(), Vec::new())
                    }
                    LongColumn::Counts(counts) => {
                        let counts = counts.into_iter().map(i64::from).collect();
                        (name, "count", PyArray1::<i64>::from_vec(py, counts).into_any(), Vec::new())
                    }
                    LongColumn::Texts(texts) => {
                        let mut dictionary: Vec<String> = Vec::new();
                        let mut places = std::collections::HashMap::new();
                        let code = |text: &str| {
                            *places.entry(text.to_owned()).or_insert_with(|| {
                                dictionary.push(text.to_owned());
                                dictionary.len() as i64 - 1
                            })
                        };
                        let codes: Vec<i64> = texts.into_iter().map(code).collect();
                        (name, "text", PyArray1::from_vec(py, codes).into_any(), dictionary)
                    }
                    _ => (name, "unknown", py.None().into_bound(py), Vec::new()),
                })
                .collect())
        })
    }

    /// The wide table: day numbers, the stocks that have a cell, and days × (lower, upper) of each.
    fn wide<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyArray1<i64>>, Vec<String>, Bound<'py, PyArray2<f64>>)> {
        guarded(|| {
            self.check_layout(Layout::Wide)?;
            let Some(found) = self.found.first() else { return Err(value_error("there are no intervals")) };
            let days: Vec<i64> = found.dates.iter().map(|date| epoch_day(*date)).collect();
            let names: Vec<String> =
                found.cells.iter().filter_map(|&stock| self.stocks.get(stock).cloned()).collect();
            let mut values = Vec::with_capacity(days.len() * names.len() * 2);
            for day in 0..days.len() {
                for cell in 0..names.len() {
                    values.extend([found.lower()[[day, cell]], found.upper()[[day, cell]]]);
                }
            }
            let shape = [days.len(), 2 * names.len()];
            Ok((PyArray1::from_vec(py, days), names, PyArray1::from_vec(py, values).reshape(shape)?))
        })
    }

    /// The table as the bytes of a file.
    fn bytes<'py>(&self, py: Python<'py>, format: &str, layout: &str) -> PyResult<Bound<'py, PyBytes>> {
        guarded(|| {
            let (format, layout) = (choice("format", format)?, choice("layout", layout)?);
            self.check_layout(layout)?;
            let mut out = Vec::new();
            py.detach(|| self.table(&mut out, format, layout))?;
            Ok(PyBytes::new(py, &out))
        })
    }

    /// Writes the table to a file, whole or not at all.
    #[pyo3(signature = (path, format, layout))]
    fn write(
        &self,
        py: Python<'_>,
        path: std::path::PathBuf,
        format: Option<&str>,
        layout: &str,
    ) -> PyResult<()> {
        guarded(|| {
            let given = format.map(|format| choice("format", format)).transpose()?;
            let format = Format::of("path", &path, given).map_err(exception)?;
            let layout = choice("layout", layout)?;
            self.check_layout(layout)?;
            let destination = Destination::File(path);
            py.detach(|| destination.write(|out| self.table(out, format, layout))).map_err(exception)
        })
    }

    /// The methods and how sure the results are, as JSON.
    fn description(&self) -> PyResult<String> {
        let described: Vec<_> =
            self.methods.iter().zip(&self.found).map(|(method, found)| method.describe(found)).collect();
        serde_json::to_string(&described).map_err(|error| value_error(error.to_string()))
    }

    /// The resampled statistics of one cell, by the method of this number. The array is the library's own.
    fn resamples<'py>(
        &self,
        py: Python<'py>,
        stock: &str,
        day: &Bound<'py, PyAny>,
        method: usize,
    ) -> PyResult<Bound<'py, PyArray1<f64>>> {
        guarded(|| {
            let Some(method) = self.methods.get(method) else { return Err(value_error("no such measure")) };
            if method.is_exact() {
                return Err(value_error("infinitely many samples are no array; give a number of samples"));
            }
            if method.period() != bellwether::bootstrap::Period::Day {
                return Err(value_error("resamples are of a day; leave by out"));
            }
            let Some(days) = &self.days else {
                return Err(value_error(
                    "the panel was too large to be held in memory; bootstrap the stock and the day alone",
                ));
            };
            let Some(number) = self.stocks.iter().position(|name| name == stock) else {
                let stocks = self.stocks.join(", ");
                return Err(value_error(format!("the panel has no stock {stock:?}; it has {stocks}")));
            };
            let cells = method.measure().cells(self.stocks.len());
            let Some(cell) = cells.iter().position(|&cell| cell == number) else {
                return Err(value_error(format!("{stock} has no {} with itself", method.measure().name())));
            };
            let date = date("date", day)?;
            let has = |day: &&DayReturns| day.date == date && day.stocks.column(number).is_some();
            let Some(day) = days.iter().find(has) else {
                return Err(value_error(format!("{stock} has no returns on {date}; see to_frame()")));
            };
            let watch = Watch::default();
            // In threads of this call, as a process that forks has no others.
            let draw = || bellwether::jobs::Jobs::all_cores()?.install(|| method.resampled_of(day, cell));
            let values = interruptible(py, &watch, None, draw)?;
            Ok(PyArray1::from_owned_array(py, values))
        })
    }
}
