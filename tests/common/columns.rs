//! Columns of tables against what `expected.json` has of them.

use bellwether::panel::parquet::{Column, ColumnValues, Kind, Values};
use serde_json::Value;

/// The double that Python's `float.hex` writes.
fn from_hex(text: &str) -> f64 {
    let (sign, text) = text.strip_prefix('-').map_or((1.0, text), |rest| (-1.0, rest));
    let number = match text.strip_prefix("0x") {
        None => text.parse().unwrap(),
        Some(digits) => {
            let (digits, exponent) = digits.split_once('p').unwrap();
            let (whole, part) = digits.split_once('.').unwrap_or((digits, ""));
            let mantissa = u64::from_str_radix(&format!("{whole}{part}"), 16).unwrap() as f64;
            let exponent: i32 = exponent.parse().unwrap();
            // In two steps, of which none overflows.
            mantissa
                * 2_f64.powi(-4 * part.len() as i32)
                * 2_f64.powi(exponent / 2)
                * 2_f64.powi(exponent - exponent / 2)
        }
    };
    sign * number
}

/// The values of a column as `expected.json` has them; numbers as their bits.
pub(crate) fn shown(column: &ColumnValues) -> Vec<Value> {
    let there = |row: usize| column.valid.as_ref().is_none_or(|valid| valid[row]);
    let value = |row: usize| match &column.values {
        Values::Time(values) | Values::TimeOfDay(values) | Values::Integer(values) => values[row].into(),
        Values::Date(values) => values[row].into(),
        Values::Number(values) => values[row].to_bits().into(),
        Values::Text { codes, dictionary } => dictionary[codes[row] as usize].clone().into(),
        other => panic!("{other:?}"),
    };
    (0..column.len()).map(|row| if there(row) { value(row) } else { Value::Null }).collect()
}

/// The values of a column in `expected.json`, as [`shown`] has them.
pub(crate) fn wanted(column: &Column, columns: &Value) -> Vec<Value> {
    let wanted = columns[&column.name].as_array().unwrap().iter();
    let bits = |text: &Value| text.as_str().map_or(Value::Null, |text| from_hex(text).to_bits().into());
    if column.kind == Kind::Number { wanted.map(bits).collect() } else { wanted.cloned().collect() }
}
