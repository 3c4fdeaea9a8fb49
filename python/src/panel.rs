//! Panels of prices: read from files or from tables in memory, or simulated.

use std::path::PathBuf;
use std::sync::{Arc, Mutex};

use bellwether::cli::half_of_free;
use bellwether::jiff::civil::Date;
use bellwether::jobs::Jobs;
use bellwether::panel::{
    Align, DayPrices, DayReturns, Frame, LoadOptions, Panel as Prices, PanelReader, SECOND,
};
use bellwether::simulate::{SimulateSpec, simulate as simulate_panel, truth, write as write_files};
use numpy::{PyArray1, PyArray2, PyArrayMethods};
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::{exception, guarded, value_error};
use crate::input;
use crate::options::{choice, date, load_options};
use crate::run::{Watch, interruptible};

/// The returns of a panel.
pub(crate) enum Days {
    /// In memory.
    Held(Arc<Vec<DayReturns>>),
    /// Still to be read, block by block, once.
    Blocks(Mutex<Option<Box<PanelReader>>>),
}

/// A panel.
#[pyclass(frozen, module = "bellwether._bellwether")]
pub(crate) struct Panel {
    pub(crate) stocks: Vec<String>,
    pub(crate) days: Days,
    /// Where they are kept.
    prices: Option<Vec<DayPrices>>,
    /// What the user should look at, one line each.
    #[pyo3(get)]
    warnings: Vec<String>,
    /// How tables were understood, one line each.
    #[pyo3(get)]
    understood: Vec<String>,
    /// What filters, cleaning and sampling did, one line each.
    #[pyo3(get)]
    steps: Vec<String>,
    /// What was left out, one line each.
    #[pyo3(get)]
    left_out: Vec<String>,
}

/// How a panel is read, as Python says it.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Asked<'py> {
    options: Bound<'py, PyDict>,
    /// Where the options do not say it.
    default_align: String,
    threads: Option<usize>,
    /// Bytes, none for half of what is free.
    memory: Option<u64>,
    keep_prices: bool,
}

/// The same, checked.
struct Reading {
    options: LoadOptions,
    threads: Option<usize>,
    memory: u64,
    keep_prices: bool,
}

impl Reading {
    fn new(asked: &Asked<'_>) -> PyResult<Self> {
        let Asked { ref options, ref default_align, threads, memory, keep_prices } = *asked;
        let (mut options, align) = load_options(options)?;
        options.align = match align {
            Some(align) => align,
            None => choice::<Align>("align", default_align)?,
        };
        // Before anything is read.
        options.sampling().map_err(exception)?;
        let memory = if keep_prices { u64::MAX } else { memory.unwrap_or_else(half_of_free) };
        Ok(Self { options, threads, memory, keep_prices })
    }

    fn jobs(&self) -> bellwether::Result<Jobs> {
        match self.threads {
            Some(threads) => Jobs::new().threads(threads),
            None => Jobs::all_cores(),
        }
    }

    /// Reads all that `open` opens, or what fits in memory.
    fn read(
        &self,
        watch: &Watch,
        open: impl FnOnce(&LoadOptions, u64, &Jobs) -> bellwether::Result<PanelReader>,
    ) -> bellwether::Result<Panel> {
        let jobs = watch.jobs(self.jobs()?);
        let mut reader = open(&self.options, self.memory, &jobs)?;
        let stocks = reader.stocks().to_vec();
        if reader.blocks() > 1 && !self.keep_prices {
            let days = Days::Blocks(Mutex::new(Some(Box::new(reader))));
            return Ok(Panel::new(stocks, days, None));
        }
        let (days, prices) = if self.keep_prices {
            let mut days = Vec::new();
            while let Some(block) = reader.next_prices(&jobs)? {
                watch.check();
                days.extend(block);
            }
            let prices = Prices { stocks: stocks.clone(), days };
            (jobs.install(|| prices.returns()).days, Some(prices.days))
        } else {
            (reader.next_returns(&jobs)?.unwrap_or_default(), None)
        };
        let mut panel = Panel::new(stocks, Days::Held(Arc::new(days)), prices);
        panel.tell(&reader);
        Ok(panel)
    }
}

impl Panel {
    fn new(stocks: Vec<String>, days: Days, prices: Option<Vec<DayPrices>>) -> Self {
        let [warnings, understood, steps, left_out] = [const { Vec::new() }; 4];
        Self { stocks, days, prices, warnings, understood, steps, left_out }
    }

    fn tell(&mut self, reader: &PanelReader) {
        let summary = reader.summary();
        self.left_out = summary.left_out();
        self.understood = summary.understood.to_vec();
        (self.warnings, self.steps) = (summary.warnings, summary.steps);
    }

    /// The returns where they are in memory.
    pub(crate) fn held(&self) -> Option<&Arc<Vec<DayReturns>>> {
        match &self.days {
            Days::Held(days) => Some(days),
            Days::Blocks(_) => None,
        }
    }
}

/// Days since 1970-01-01.
pub(crate) fn epoch_day(date: Date) -> i64 {
    const EPOCH: Date = bellwether::jiff::civil::date(1970, 1, 1);
    date.since(EPOCH).map_or(0, |span| span.get_days().into())
}

#[pymethods]
impl Panel {
    /// Stock names, sorted.
    #[getter]
    fn stocks(&self) -> Vec<String> {
        self.stocks.clone()
    }

    /// Days since 1970-01-01 of the panel's days.
    fn day_numbers<'py>(&self, py: Python<'py>) -> PyResult<Bound<'py, PyArray1<i64>>> {
        let days = self.held().ok_or_else(not_held)?;
        let mut numbers: Vec<i64> = days.iter().map(|day| epoch_day(day.date)).collect();
        numbers.dedup();
        Ok(PyArray1::from_vec(py, numbers))
    }

    /// Times in nanoseconds since 1970-01-01 on the panel's clock, and prices, times × stocks, NaN where a
    /// stock has none.
    fn prices<'py>(
        &self,
        py: Python<'py>,
    ) -> PyResult<(Bound<'py, PyArray1<i64>>, Bound<'py, PyArray2<f64>>)> {
        guarded(|| {
            let prices = self.prices.as_ref().ok_or_else(not_held)?;
            let width = self.stocks.len();
            let (mut times, mut values) = (Vec::new(), Vec::new());
            for entries in prices.chunk_by(|one, next| one.date == next.date) {
                let mut of_day: Vec<u64> = entries.iter().flat_map(|entry| entry.times.clone()).collect();
                of_day.sort_unstable();
                of_day.dedup();
                let first = values.len();
                values.resize(first + of_day.len() * width, f64::NAN);
                for entry in entries {
                    let mut row = 0;
                    for (time, prices) in entry.times.iter().zip(entry.prices.rows()) {
                        row += of_day[row..].iter().take_while(|other| *other < time).count();
                        for (stock, price) in entry.stocks.numbers().zip(prices) {
                            values[first + row * width + stock] = *price;
                        }
                    }
                }
                let midnight = epoch_day(entries[0].date) * 86_400 * SECOND as i64;
                times.extend(of_day.into_iter().map(|time| midnight + time as i64));
            }
            let rows = times.len();
            Ok((PyArray1::from_vec(py, times), PyArray1::from_vec(py, values).reshape([rows, width])?))
        })
    }

    /// Log returns of each day, as day numbers, stocks' numbers and returns, rows × stocks.
    fn returns<'py>(&self, py: Python<'py>) -> PyResult<Vec<(i64, Vec<usize>, Bound<'py, PyArray2<f64>>)>> {
        let days = self.held().ok_or_else(not_held)?;
        let of_day = |day: &DayReturns| {
            let values = PyArray1::from_vec(py, day.returns.iter().copied().collect());
            let values = values.reshape([day.returns.nrows(), day.returns.ncols()])?;
            Ok((epoch_day(day.date), day.stocks.numbers().collect(), values))
        };
        days.iter().map(of_day).collect()
    }
}

fn not_held() -> PyErr {
    value_error("the panel's prices are not held in memory; use read_panel")
}

/// Reads the panel that some files hold.
#[pyfunction]
pub(crate) fn read_files(py: Python<'_>, paths: Vec<PathBuf>, asked: Asked<'_>) -> PyResult<Panel> {
    guarded(|| {
        let reading = Reading::new(&asked)?;
        let watch = Watch::default();
        interruptible(py, &watch, None, || {
            reading.read(&watch, |options, memory, jobs| PanelReader::open(&paths, options, memory, jobs))
        })
    })
}

/// Reads a table of columns that Python has taken apart; of prices, or of returns.
#[pyfunction]
pub(crate) fn read_columns(
    py: Python<'_>,
    name: &str,
    columns: Vec<Bound<'_, PyDict>>,
    wide: bool,
    are_returns: bool,
    asked: Asked<'_>,
) -> PyResult<Panel> {
    guarded(|| read_frame(py, input::frame(name, &columns, wide)?, are_returns, &asked))
}

/// Reads a table that has `__arrow_c_stream__`.
#[pyfunction]
pub(crate) fn read_arrow(
    py: Python<'_>,
    name: &str,
    table: &Bound<'_, PyAny>,
    are_returns: bool,
    asked: Asked<'_>,
) -> PyResult<Panel> {
    guarded(|| read_frame(py, input::arrow_frame(name, table)?, are_returns, &asked))
}

fn read_frame(py: Python<'_>, frame: Frame, are_returns: bool, asked: &Asked<'_>) -> PyResult<Panel> {
    // It is in memory already.
    let reading = Reading { memory: u64::MAX, ..Reading::new(asked)? };
    let watch = Watch::default();
    interruptible(py, &watch, None, || {
        if are_returns {
            let returns = frame.returns(&reading.options)?;
            return Ok(Panel::new(returns.stocks, Days::Held(Arc::new(returns.days)), None));
        }
        reading.read(&watch, |options, memory, jobs| PanelReader::of_frame(frame, options, memory, jobs))
    })
}

/// Simulates a panel, and writes it to a folder where one is named. With the truth: day numbers, stocks'
/// numbers, integrated variances and quadratic variations.
#[pyfunction]
#[pyo3(signature = (stocks, days, per_day, seed, start, jumps, noise, folder, force))]
#[allow(clippy::too_many_arguments, reason = "Python's side sorts them out")]
#[allow(clippy::type_complexity, reason = "what it gives is said above")]
pub(crate) fn simulate<'py>(
    py: Python<'py>,
    stocks: u32,
    days: u32,
    per_day: u32,
    seed: u64,
    start: &Bound<'py, PyAny>,
    jumps: f64,
    noise: f64,
    folder: Option<PathBuf>,
    force: bool,
) -> PyResult<(
    Panel,
    Bound<'py, PyArray1<i64>>,
    Vec<usize>,
    Bound<'py, PyArray1<f64>>,
    Bound<'py, PyArray1<f64>>,
)> {
    guarded(|| {
        let spec = SimulateSpec { stocks, days, per_day, seed, start: date("start", start)?, jumps, noise };
        spec.validate().map_err(exception)?;
        let watch = Watch::default();
        let (panel, truth) = interruptible(py, &watch, None, || {
            let jobs = Jobs::all_cores()?;
            jobs.install(|| {
                if let Some(folder) = &folder {
                    write_files(&spec, folder, force, |_| watch.check())?;
                }
                let prices = simulate_panel(&spec)?;
                let returns = Days::Held(Arc::new(prices.returns().days));
                let truth: Vec<_> = truth(&spec)?.collect();
                Ok((Panel::new(prices.stocks, returns, Some(prices.days)), truth))
            })
        })?;
        let numbers = |value: fn(&bellwether::simulate::DayTruth) -> f64| {
            PyArray1::from_vec(py, truth.iter().map(value).collect())
        };
        Ok((
            panel,
            PyArray1::from_vec(py, truth.iter().map(|row| epoch_day(row.date)).collect()),
            truth.iter().map(|row| row.stock).collect(),
            numbers(|row| row.integrated_variance),
            numbers(|row| row.quadratic_variation),
        ))
    })
}
