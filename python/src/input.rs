//! Tables of Python as frames of the library: columns that Python has taken apart, and Arrow's streams.

use std::sync::Arc;

use arrow_array::cast::AsArray;
use arrow_array::ffi_stream::{FFI_ArrowArrayStream, RecordBatchStreamReader};
use arrow_array::types as arrow;
use arrow_array::{Array, ArrowPrimitiveType, PrimitiveArray, RecordBatchReader};
use arrow_schema::{DataType, TimeUnit};
use bellwether::jiff::tz::{Offset, TimeZone};
use bellwether::panel::parquet::{NO_TEXT, Values};
use bellwether::panel::{Frame, FrameColumn};
use numpy::PyReadonlyArray1;
use pyo3::prelude::*;
use pyo3::types::{PyCapsule, PyDict};

use crate::errors::{exception, value_error};

/// A table of columns, each a dict: its `name`, its `kind`, its `values`, and what its kind needs beside.
/// Arrays are copied, so that nobody writes to them while the interpreter goes on.
pub(crate) fn frame(name: &str, columns: &[Bound<'_, PyDict>], wide: bool) -> PyResult<Frame> {
    let columns = columns.iter().map(column).collect::<PyResult<_>>()?;
    let frame = Frame::new(name, columns).map_err(exception)?;
    Ok(if wide { frame.wide() } else { frame })
}

fn column(column: &Bound<'_, PyDict>) -> PyResult<FrameColumn> {
    let item = |key: &str| -> PyResult<Bound<'_, PyAny>> {
        column.get_item(key)?.ok_or_else(|| value_error(format!("a column has no {key}")))
    };
    let name: String = item("name")?.extract()?;
    let kind: String = item("kind")?.extract()?;
    let values = item("values")?;
    let integers =
        || -> PyResult<Vec<i64>> { Ok(values.extract::<PyReadonlyArray1<'_, i64>>()?.as_array().to_vec()) };
    // NumPy's missing time.
    let are_there = |values: &[i64]| values.iter().map(|value| *value != i64::MIN).collect::<Vec<bool>>();
    Ok(match kind.as_str() {
        "number" => {
            let values: PyReadonlyArray1<'_, f64> = values.extract()?;
            FrameColumn::new(name, Values::Number(values.as_array().to_vec()))
        }
        "integer" => FrameColumn::new(name, Values::Integer(integers()?)),
        "time" => {
            let values = integers()?;
            let valid = are_there(&values);
            let column = FrameColumn::new(name, Values::Time(values)).valid(valid);
            match item("utc")?.extract::<bool>()? {
                true => column.instants(zone(item("zone")?.extract::<Option<String>>()?.as_deref())?),
                false => column,
            }
        }
        "time of day" => {
            let values = integers()?;
            let valid = are_there(&values);
            FrameColumn::new(name, Values::TimeOfDay(values)).valid(valid)
        }
        "text" => {
            // -1 where there is none.
            let codes = integers()?.into_iter().map(|code| u32::try_from(code).unwrap_or(NO_TEXT)).collect();
            let dictionary: Vec<String> = item("dictionary")?.extract()?;
            texts(name, codes, dictionary)?
        }
        other => return Err(value_error(format!("there is no kind {other:?} of columns"))),
    })
}

fn texts(name: String, codes: Vec<u32>, dictionary: Vec<String>) -> PyResult<FrameColumn> {
    if codes.iter().any(|&code| code != NO_TEXT && code as usize >= dictionary.len()) {
        return Err(value_error(format!("column {name:?} has codes beyond its dictionary")));
    }
    let valid = codes.iter().map(|&code| code != NO_TEXT).collect();
    Ok(FrameColumn::new(name, Values::Text { codes, dictionary: Arc::new(dictionary) }).valid(valid))
}

/// A zone by its name, or by an offset such as `-05:00`.
fn zone(name: Option<&str>) -> PyResult<Option<TimeZone>> {
    let Some(name) = name else { return Ok(None) };
    let offset = || {
        let (sign, digits) = match name.split_at_checked(1)? {
            ("+", digits) => (1, digits),
            ("-", digits) => (-1, digits),
            _ => return None,
        };
        let (hours, minutes) = digits.split_once(':').or_else(|| digits.split_at_checked(2))?;
        let minutes = hours.parse::<i32>().ok()? * 60 + minutes.parse::<i32>().ok()?;
        Offset::from_seconds(sign * minutes * 60).ok().map(TimeZone::fixed)
    };
    match offset().or_else(|| TimeZone::get(name).ok()) {
        Some(zone) => Ok(Some(zone)),
        None => Err(value_error(format!(
            "the times are in the zone {name:?}, which is not known; convert them to one like \"UTC\""
        ))),
    }
}

/// A table of what an object's `__arrow_c_stream__` gives.
pub(crate) fn arrow_frame(name: &str, table: &Bound<'_, PyAny>) -> PyResult<Frame> {
    let capsule = table.call_method0("__arrow_c_stream__")?;
    let capsule = capsule.cast::<PyCapsule>()?;
    let pointer = capsule.pointer_checked(Some(c"arrow_array_stream"))?;
    // SAFETY: by the PyCapsule interface a capsule of this name holds an Arrow stream, which is taken out of
    // it; what is left is marked as released, so that the capsule's end does not release it again.
    let stream = unsafe { FFI_ArrowArrayStream::from_raw(pointer.as_ptr().cast()) };
    let wrong =
        |error: &dyn std::fmt::Display| value_error(format!("{name}: Arrow's stream can't be read: {error}"));
    let reader = RecordBatchStreamReader::try_new(stream).map_err(|error| wrong(&error))?;
    let schema = reader.schema();
    let batches = reader.collect::<Result<Vec<_>, _>>().map_err(|error| wrong(&error))?;
    let mut columns = Vec::with_capacity(schema.fields().len());
    for (number, field) in schema.fields().iter().enumerate() {
        let arrays: Vec<&dyn Array> = batches.iter().map(|batch| &**batch.column(number)).collect();
        columns.push(arrow_column(field.name(), field.data_type(), &arrays)?);
    }
    Frame::new(name, columns).map_err(exception)
}

/// A column of Arrow's, piece after piece.
fn arrow_column(name: &str, kind: &DataType, pieces: &[&dyn Array]) -> PyResult<FrameColumn> {
    use DataType as Kind;
    let wide = |values: Values| with_valid(FrameColumn::new(name, values), pieces);
    Ok(match kind {
        Kind::Float64 => wide(Values::Number(numbers::<arrow::Float64Type, _>(pieces, |value| value))),
        Kind::Float32 => wide(Values::Number(numbers::<arrow::Float32Type, _>(pieces, f64::from))),
        Kind::Int64 => wide(Values::Integer(numbers::<arrow::Int64Type, _>(pieces, |value| value))),
        Kind::Int32 => wide(Values::Integer(numbers::<arrow::Int32Type, _>(pieces, i64::from))),
        Kind::Int16 => wide(Values::Integer(numbers::<arrow::Int16Type, _>(pieces, i64::from))),
        Kind::Int8 => wide(Values::Integer(numbers::<arrow::Int8Type, _>(pieces, i64::from))),
        Kind::UInt32 => wide(Values::Integer(numbers::<arrow::UInt32Type, _>(pieces, i64::from))),
        Kind::UInt16 => wide(Values::Integer(numbers::<arrow::UInt16Type, _>(pieces, i64::from))),
        Kind::UInt8 => wide(Values::Integer(numbers::<arrow::UInt8Type, _>(pieces, i64::from))),
        Kind::UInt64 => wide(Values::Number(numbers::<arrow::UInt64Type, _>(pieces, |value| value as f64))),
        Kind::Decimal128(_, scale) => {
            wide(Values::Number(numbers::<arrow::Decimal128Type, _>(pieces, |value| decimal(value, *scale))))
        }
        Kind::Date32 => wide(Values::Date(numbers::<arrow::Date32Type, _>(pieces, |value| value))),
        Kind::Date64 => {
            const DAY: i64 = 86_400_000;
            let day = |value: i64| i32::try_from(value.div_euclid(DAY)).unwrap_or(i32::MAX);
            wide(Values::Date(numbers::<arrow::Date64Type, _>(pieces, day)))
        }
        Kind::Time32(TimeUnit::Second) => {
            wide(Values::TimeOfDay(numbers::<arrow::Time32SecondType, _>(pieces, |value| {
                i64::from(value) * 1_000_000_000
            })))
        }
        Kind::Time32(_) => {
            wide(Values::TimeOfDay(numbers::<arrow::Time32MillisecondType, _>(pieces, |value| {
                i64::from(value) * 1_000_000
            })))
        }
        Kind::Time64(TimeUnit::Microsecond) => {
            wide(Values::TimeOfDay(numbers::<arrow::Time64MicrosecondType, _>(pieces, |value| {
                value.saturating_mul(1_000)
            })))
        }
        Kind::Time64(_) => {
            wide(Values::TimeOfDay(numbers::<arrow::Time64NanosecondType, _>(pieces, |value| value)))
        }
        Kind::Timestamp(unit, shown) => {
            let times = match unit {
                TimeUnit::Second => times::<arrow::TimestampSecondType>(name, pieces, 1_000_000_000)?,
                TimeUnit::Millisecond => times::<arrow::TimestampMillisecondType>(name, pieces, 1_000_000)?,
                TimeUnit::Microsecond => times::<arrow::TimestampMicrosecondType>(name, pieces, 1_000)?,
                TimeUnit::Nanosecond => times::<arrow::TimestampNanosecondType>(name, pieces, 1)?,
            };
            let column = wide(Values::Time(times));
            match shown {
                Some(shown) => column.instants(zone(Some(&**shown))?),
                None => column,
            }
        }
        Kind::Utf8 | Kind::LargeUtf8 | Kind::Utf8View | Kind::Dictionary(..) if is_text(kind) => {
            let mut dictionary = Dictionary::default();
            let mut codes = Vec::new();
            for piece in pieces {
                dictionary.codes(*piece, &mut codes);
            }
            texts(name.to_owned(), codes, dictionary.texts)?
        }
        Kind::Null => {
            let rows = pieces.iter().map(|piece| piece.len()).sum();
            FrameColumn::new(name, Values::Number(vec![f64::NAN; rows]))
        }
        other => {
            // No price, and no time: told if it is to be read.
            let rows = pieces.iter().map(|piece| piece.len()).sum();
            let dictionary = Arc::new(vec![format!("a value of Arrow's type {other}")]);
            FrameColumn::new(name, Values::Text { codes: vec![0; rows], dictionary })
        }
    })
}

fn is_text(kind: &DataType) -> bool {
    match kind {
        DataType::Utf8 | DataType::LargeUtf8 | DataType::Utf8View => true,
        DataType::Dictionary(_, values) => is_text(values),
        _ => false,
    }
}

/// The column without the values that Arrow's validity says are missing.
fn with_valid(column: FrameColumn, pieces: &[&dyn Array]) -> FrameColumn {
    if pieces.iter().all(|piece| piece.null_count() == 0) {
        return column;
    }
    let valid = pieces.iter().flat_map(|piece| (0..piece.len()).map(move |row| piece.is_valid(row)));
    column.valid(valid.collect())
}

/// All values, those that are missing as whatever is in their place.
fn numbers<T: ArrowPrimitiveType, N>(pieces: &[&dyn Array], convert: impl Fn(T::Native) -> N) -> Vec<N> {
    let of_piece =
        |piece: &&dyn Array| -> Option<PrimitiveArray<T>> { piece.as_primitive_opt::<T>().cloned() };
    pieces.iter().filter_map(of_piece).flat_map(|piece| piece.values().to_vec()).map(convert).collect()
}

/// Points in time in nanoseconds.
fn times<T: ArrowPrimitiveType<Native = i64>>(
    name: &str,
    pieces: &[&dyn Array],
    unit: i64,
) -> PyResult<Vec<i64>> {
    let mut times = Vec::new();
    for piece in pieces.iter().filter_map(|piece| piece.as_primitive_opt::<T>()) {
        for (row, value) in piece.values().iter().enumerate() {
            match value.checked_mul(unit) {
                Some(time) => times.push(time),
                None if piece.is_null(row) => times.push(0),
                None => {
                    let row = times.len();
                    return Err(value_error(format!(
                        "row {row} (from 0), column {name:?}: the time lies outside of the years 1678 to 2261"
                    )));
                }
            }
        }
    }
    Ok(times)
}

/// A decimal number as the nearest double.
fn decimal(value: i128, scale: i8) -> f64 {
    const EXACT: i128 = 1 << 53;
    if (0..=22).contains(&scale) && (-EXACT..=EXACT).contains(&value) {
        // Both are exact, so that the quotient is the nearest.
        return value as f64 / 10f64.powi(scale.into());
    }
    format!("{value}e{}", -i32::from(scale)).parse().unwrap_or(f64::NAN)
}

/// Texts, each once.
#[derive(Default)]
struct Dictionary {
    texts: Vec<String>,
    codes: std::collections::HashMap<String, u32>,
}

impl Dictionary {
    fn code(&mut self, text: &str) -> u32 {
        if let Some(code) = self.codes.get(text) {
            return *code;
        }
        let code = self.texts.len() as u32;
        self.texts.push(text.to_owned());
        self.codes.insert(text.to_owned(), code);
        code
    }

    /// Adds the codes of an array of texts.
    fn codes(&mut self, array: &dyn Array, codes: &mut Vec<u32>) {
        if let Some(array) = array.as_any_dictionary_opt() {
            let mut of_values = Vec::new();
            self.codes(&**array.values(), &mut of_values);
            let keys = array.normalized_keys();
            codes.extend(keys.into_iter().enumerate().map(|(row, key)| match array.is_valid(row) {
                true => of_values.get(key).copied().unwrap_or(NO_TEXT),
                false => NO_TEXT,
            }));
            return;
        }
        let mut add = |text: Option<&str>| codes.push(text.map_or(NO_TEXT, |text| self.code(text)));
        match array.data_type() {
            DataType::Utf8 => array.as_string::<i32>().iter().for_each(&mut add),
            DataType::LargeUtf8 => array.as_string::<i64>().iter().for_each(&mut add),
            DataType::Utf8View => array.as_string_view().iter().for_each(&mut add),
            _ => (0..array.len()).for_each(|_| add(None)),
        }
    }
}
