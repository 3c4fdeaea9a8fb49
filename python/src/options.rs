//! What was asked for in Python, as the library has it. Values are written as on the command line.

use std::num::NonZeroU64;
use std::str::FromStr;
use std::sync::Arc;

use bellwether::bootstrap::{Bootstrap, Period};
use bellwether::interval::{self, Side};
use bellwether::jiff::civil::Date;
use bellwether::jiff::tz::TimeZone;
use bellwether::measure::{self, Measure, Volatility};
use bellwether::panel::{Align, ColumnNames, LoadOptions, RowFilter, parse_date};
use bellwether::resample::scheme;
use clap::ValueEnum;
use pyo3::exceptions::PyTypeError;
use pyo3::prelude::*;
use pyo3::types::PyDict;

use crate::errors::{exception, value_error};

/// One of a setting's values, by its name.
pub(crate) fn choice<T: ValueEnum>(name: &str, text: &str) -> PyResult<T> {
    T::from_str(text, false).map_err(|_| {
        let values = T::value_variants().iter().filter_map(ValueEnum::to_possible_value);
        let names: Vec<String> = values.map(|value| format!("{:?}", value.get_name())).collect();
        value_error(format!("{name} is {text:?}, but it must be one of {}", names.join(", ")))
    })
}

/// A value that is read from text.
fn parsed<T: FromStr>(name: &str, text: &str) -> PyResult<T>
where
    T::Err: std::fmt::Display,
{
    text.parse().map_err(|error: T::Err| {
        let error = error.to_string();
        let told = format!("{name} is ");
        // The library's own says it already.
        value_error(if error.starts_with(&told) { error } else { format!("{told}{text:?}, but {error}") })
    })
}

/// A day: a text, or what Python has for days and points in time.
pub(crate) fn date(name: &str, value: &Bound<'_, PyAny>) -> PyResult<Date> {
    let text: String = match value.extract() {
        Ok(text) => text,
        Err(_) => match value.call_method0("isoformat") {
            Ok(text) => text.extract::<String>()?.chars().take(10).collect(),
            Err(_) => value.str()?.to_string().chars().take(10).collect(),
        },
    };
    parse_date(&text).map_err(|error| value_error(format!("{name} is {text:?}, but {error}")))
}

fn zone(name: &str, text: &str) -> PyResult<TimeZone> {
    let refused = || {
        value_error(format!(
            "{name} is {text:?}, but there is no such zone; write one like \"America/New_York\" or \"UTC\""
        ))
    };
    TimeZone::get(text).map_err(|_| refused())
}

/// One text, or several.
pub(crate) fn texts(value: &Bound<'_, PyAny>) -> PyResult<Vec<String>> {
    match value.extract::<String>() {
        Ok(one) => Ok(vec![one]),
        Err(_) => value.extract(),
    }
}

/// How a panel is read. `align` is none where nothing is said.
pub(crate) fn load_options(given: &Bound<'_, PyDict>) -> PyResult<(LoadOptions, Option<Align>)> {
    let (mut options, mut align) = (LoadOptions::default(), None);
    for (key, value) in given.iter() {
        if value.is_none() {
            continue;
        }
        let key: String = key.extract()?;
        let text = || -> PyResult<String> {
            value.extract::<String>().map_err(|_| PyTypeError::new_err(format!("{key} must be a str")))
        };
        let is_true = || {
            value.extract::<bool>().map_err(|_| PyTypeError::new_err(format!("{key} must be True or False")))
        };
        let table = &mut options.table;
        match key.as_str() {
            "stocks" => options.stocks = Some(texts(&value)?),
            "from_day" => options.from = Some(date(&key, &value)?),
            "to_day" => options.to = Some(date(&key, &value)?),
            "align" => align = Some(choice(&key, &text()?)?),
            "keep_going" => options.keep_going = is_true()?,
            "every" => options.every = Some(parsed(&key, &text()?)?),
            "subsample" => options.subsample = NonZeroU64::new(value.extract()?),
            "columns" => table.columns = column_names(&value)?,
            "where" => {
                let all = texts(&value)?;
                let filters = all.iter().map(|text| parsed::<RowFilter>(&key, text));
                table.filters = filters.collect::<PyResult<_>>()?;
            }
            "separator" => {
                table.separator = Some(match text()?.as_str() {
                    "\t" | "tab" => b'\t',
                    "," => b',',
                    ";" => b';',
                    "|" => b'|',
                    other => {
                        return Err(value_error(format!(
                            "separator is {other:?}, but it must be one of \",\", \";\", \"|\" and \"tab\""
                        )));
                    }
                });
            }
            "decimal" => {
                table.decimal_comma = match text()?.as_str() {
                    "comma" | "," => true,
                    "point" | "." => false,
                    other => {
                        let must = "but it must be \"point\" or \"comma\"";
                        return Err(value_error(format!("decimal is {other:?}, {must}")));
                    }
                };
            }
            "date_format" => table.date_format = Some(parsed(&key, &text()?)?),
            "timezone" => table.zones.panel = Some(zone(&key, &value.str()?.to_string())?),
            "times_in" => table.zones.files = Some(zone(&key, &value.str()?.to_string())?),
            "sort" => options.sort = is_true()?,
            "missing" => options.cleaning.missing = choice(&key, &text()?)?,
            "duplicates" => options.cleaning.duplicates = choice(&key, &text()?)?,
            "session" => options.cleaning.session = Some(parsed(&key, &text()?)?),
            "holidays" => options.cleaning.half_days = choice(&key, &text()?)?,
            "outliers" => options.cleaning.outliers = Some(parsed(&key, &text()?)?),
            other => return Err(PyTypeError::new_err(format!("there is no parameter {other:?}"))),
        }
    }
    if options.table.zones.files.is_some() && options.table.zones.panel.is_none() {
        return Err(value_error(
            "times_in says whose clock the table's times are of, so that timezone must say which is wanted",
        ));
    }
    Ok((options, align))
}

/// Which columns hold what: `{"time": "ts"}`, or `"time=ts"`.
fn column_names(value: &Bound<'_, PyAny>) -> PyResult<ColumnNames> {
    let Ok(dict) = value.cast::<PyDict>() else { return parsed("columns", &value.extract::<String>()?) };
    let mut names = ColumnNames::default();
    for (role, name) in dict.iter() {
        let (role, name): (String, String) = (role.extract()?, name.str()?.to_string());
        match role.as_str() {
            "date" => names.date = Some(name),
            "time" => names.time = Some(name),
            "price" => names.price = Some(name),
            "stock" => names.stock = Some(name),
            other => {
                return Err(value_error(format!(
                    "columns has the role {other:?}, but there are date, time, price and stock"
                )));
            }
        }
    }
    Ok(names)
}

/// What is to be computed.
#[derive(FromPyObject)]
#[pyo3(from_item_all)]
pub(crate) struct Method {
    /// None for infinitely many.
    pub(crate) samples: Option<u32>,
    pub(crate) confidence: f64,
    pub(crate) seed: Option<u64>,
    pub(crate) measures: Vec<String>,
    pub(crate) against: Option<String>,
    pub(crate) scheme: String,
    /// Rows, or none for a length by each cell's returns.
    pub(crate) block: Option<f64>,
    pub(crate) intervals: Vec<String>,
    pub(crate) side: String,
    pub(crate) by: String,
    pub(crate) details: bool,
    pub(crate) against_exact: bool,
}

impl Method {
    /// Whether a measure is of two stocks.
    pub(crate) fn is_of_two(&self) -> bool {
        self.measures.iter().any(|name| measure::is_of_two(name))
    }

    /// The number of the second stock among these.
    pub(crate) fn second(&self, stocks: &[String]) -> PyResult<Option<usize>> {
        let Some(name) = &self.against else { return Ok(None) };
        let refused =
            |why: String| Err(value_error(format!("against is {name:?}, but the panel has no {why}")));
        match stocks.iter().position(|stock| stock == name) {
            None => refused(format!("such stock; it has {}", stocks.join(", "))),
            Some(_) if stocks.len() == 1 => refused("other stock".into()),
            Some(number) => Ok(Some(number)),
        }
    }

    /// The method of each measure; `against` is the number of the second stock.
    pub(crate) fn methods(&self, against: Option<usize>) -> PyResult<Vec<Bootstrap>> {
        let period: Period = choice("by", &self.by)?;
        let side: Side = choice("side", &self.side)?;
        let make = || -> bellwether::Result<Vec<Bootstrap>> {
            if against.is_some() && !self.is_of_two() {
                // Refused with the reason.
                measure::by_name(&self.measures[0], against)?;
            }
            let base = match self.samples {
                Some(samples) => Bootstrap::new(samples, self.confidence, self.seed.unwrap_or(0))?,
                None => Bootstrap::exact(self.confidence)?,
            };
            let has_blocks = ["block", "stationary"].contains(&self.scheme.as_str());
            let automatic = has_blocks && self.block.is_none();
            // One row stands for what each cell's returns say.
            let length = if automatic { Some(1.0) } else { self.block };
            let scheme = scheme::by_name(&self.scheme, length)?;
            let of_name = |name: &String| {
                let of_two = against.filter(|_| measure::is_of_two(name));
                let intervals =
                    self.intervals.iter().map(|name| interval::by_name(name)).collect::<Result<_, _>>()?;
                base.clone()
                    .with(of_period(name, of_two, period)?, scheme, intervals)?
                    .automatic_blocks(automatic)?
                    .by(period)?
                    .side(side)?
                    .details(self.details)?
                    .against_exact(self.against_exact)
            };
            self.measures.iter().map(of_name).collect()
        };
        make().map_err(exception)
    }
}

/// The measure of this name. A volatility of the year is by the number of such periods that a year has.
fn of_period(name: &str, against: Option<usize>, period: Period) -> bellwether::Result<Arc<dyn Measure>> {
    let periods_a_year = match period {
        _ if name != "annual-volatility" => return measure::by_name(name, against),
        Period::Day => return measure::by_name(name, against),
        Period::Week => Some(52),
        Period::Month => Some(12),
        Period::All => {
            return Err(bellwether::Error::Parameter {
                name: "measure",
                value: name.into(),
                requirement: "all days together are no known part of a year; take volatility, or `by month`"
                    .into(),
            });
        }
    };
    Ok(Arc::new(Volatility { periods_a_year }))
}
