//! The columns of a table: their names, what they hold, and what pandas has written about them.
//!
//! pandas keeps the key `pandas` in a file's footer, a JSON object: `index_columns` are the names of the
//! columns that were the index (`__index_level_0__` where it had no name), `columns` has for each column its
//! `name` and, for times with a time zone, `metadata.timezone`. Names of several levels are stored as Python
//! writes tuples: `('AAPL', 'price')`.

use std::collections::HashMap;

use parquet::basic::{ConvertedType, LogicalType, TimeUnit, Type as Physical};
use parquet::file::metadata::FileMetaData;
use parquet::schema::types::{ColumnDescriptor, Type};

/// What a column holds.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Points in time.
    Time {
        /// Whether they are points in time proper, counted from 1970 in UTC; else they are what a clock
        /// showed, counted as if that clock were UTC.
        utc: bool,
        /// The time zone in which they were shown, where pandas says so.
        zone: Option<String>,
    },
    /// Calendar days.
    Date,
    /// Times of the day.
    TimeOfDay,
    /// Real numbers: floating-point or decimal.
    Number,
    /// Integers.
    Integer,
    /// Text.
    Text,
    /// True or false: never read.
    Boolean,
    /// Lists, structures or maps: never read.
    Nested,
    /// Anything else, such as UUIDs: never read.
    Other,
}

/// A column of a table.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct Column {
    /// Its name in the file.
    pub name: String,
    /// Its name in parts: those of pandas' columns of several levels, `["AAPL", "price"]`; else the name
    /// alone.
    pub levels: Vec<String>,
    /// Whether it was the index of a pandas table, or a part of it.
    pub index: bool,
    /// What it holds.
    pub kind: Kind,
    /// How it is stored, for messages: `INT64 TIMESTAMP(MICROS)`.
    pub stored: String,
}

/// Where a column's values are, and how they are decoded.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    /// Its number among the leaves of the schema.
    pub(super) number: usize,
    pub(super) form: Form,
}

impl Column {
    /// Whether the column is pandas' index without a name.
    pub fn is_unnamed_index(&self) -> bool {
        self.index && self.name.starts_with("__index_level_") && self.name.ends_with("__")
    }
}

/// How values are decoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// 64-bit integers: nanoseconds are these times the factor.
    Time(i64),
    /// Days and nanoseconds in 96 bits.
    Int96,
    Date,
    /// Of 32-bit integers: nanoseconds are these times a million.
    TimeMillis,
    /// Of 64-bit integers.
    TimeOfDay(i64),
    Float,
    Double,
    Int32 {
        signed: bool,
    },
    Int64 {
        signed: bool,
    },
    /// Numbers times ten to this power.
    Decimal32(u32),
    Decimal64(u32),
    /// The same in bytes, highest first.
    DecimalBytes(u32, Option<usize>),
    /// Text, of a fixed length where there is one.
    Text(Option<usize>),
    /// Not read.
    None,
}

/// What pandas says about the columns.
#[derive(Default)]
pub(in crate::panel) struct Pandas {
    index: Vec<String>,
    zones: HashMap<String, String>,
    several_levels: bool,
}

impl Pandas {
    /// Of the value of the key `pandas`; an empty one, or one that is no such object, says nothing.
    pub(in crate::panel) fn new(text: &str) -> Self {
        let json: serde_json::Value = serde_json::from_str(text).unwrap_or_default();
        let list = |value: &serde_json::Value| value.as_array().cloned().unwrap_or_default();
        let string = |value: &serde_json::Value| value.as_str().map(str::to_owned);
        let zone = |column: &serde_json::Value| {
            let name = string(&column["field_name"]).or_else(|| string(&column["name"]))?;
            Some((name, string(&column["metadata"]["timezone"])?))
        };
        Self {
            // A range of numbers, which has no column, is an object here.
            index: list(&json["index_columns"]).iter().filter_map(string).collect(),
            zones: list(&json["columns"]).iter().filter_map(zone).collect(),
            several_levels: list(&json["column_indexes"]).len() > 1,
        }
    }

    /// The column of this name. The zone of its times is what pandas says, where `kind` says none.
    pub(in crate::panel) fn column(&self, name: String, mut kind: Kind, stored: String) -> Column {
        if let Kind::Time { zone: zone @ None, .. } = &mut kind {
            *zone = self.zones.get(&name).cloned();
        }
        let levels = tuple(&name).filter(|_| self.several_levels).unwrap_or_else(|| vec![name.clone()]);
        Column { index: self.index.contains(&name), levels, kind, stored, name }
    }
}

/// The columns of a table, in the order of the file, and their leaves.
pub(super) fn columns(metadata: &FileMetaData) -> (Vec<Column>, Vec<Leaf>) {
    let entry = metadata.key_value_metadata().and_then(|all| all.iter().find(|entry| entry.key == "pandas"));
    let pandas = Pandas::new(entry.and_then(|entry| entry.value.as_deref()).unwrap_or_default());
    let schema = metadata.schema_descr();
    // The leaves of each column.
    let mut leaves: Vec<Vec<usize>> = vec![Vec::new(); schema.root_schema().get_fields().len()];
    for leaf in 0..schema.num_columns() {
        if let Some(of_root) = leaves.get_mut(schema.get_column_root_idx(leaf)) {
            of_root.push(leaf);
        }
    }
    let fields = schema.root_schema().get_fields();
    fields
        .iter()
        .zip(leaves)
        .map(|(field, leaves)| {
            let number = leaves.first().copied().unwrap_or_default();
            let flat =
                field.is_primitive() && leaves.len() == 1 && schema.column(number).max_rep_level() == 0;
            let (kind, form, stored) =
                if flat { of_leaf(&schema.column(number)) } else { (Kind::Nested, Form::None, group(field)) };
            (pandas.column(field.name().to_owned(), kind, stored), Leaf { number, form })
        })
        .unzip()
}

/// What a nested column is, in a word.
fn group(field: &Type) -> String {
    match field.get_basic_info().converted_type() {
        ConvertedType::LIST => "a list".into(),
        ConvertedType::MAP | ConvertedType::MAP_KEY_VALUE => "a map".into(),
        _ if field.is_primitive() => "repeated values".into(),
        _ => "a structure".into(),
    }
}

/// What a column of single values holds.
fn of_leaf(leaf: &ColumnDescriptor) -> (Kind, Form, String) {
    let (physical, logical, converted) =
        (leaf.physical_type(), leaf.logical_type_ref(), leaf.converted_type());
    let length = usize::try_from(leaf.type_length()).ok().filter(|&length| length > 0);
    let fixed = if physical == Physical::FIXED_LEN_BYTE_ARRAY { length } else { None };
    let factor = |unit: &TimeUnit| match unit {
        TimeUnit::MILLIS => 1_000_000,
        TimeUnit::MICROS => 1_000,
        TimeUnit::NANOS => 1,
    };
    let time = |utc, factor| (Kind::Time { utc, zone: None }, Form::Time(factor));
    let scale = match logical {
        Some(LogicalType::Decimal(decimal)) => Some(decimal.scale),
        None if converted == ConvertedType::DECIMAL => Some(leaf.type_scale()),
        _ => None,
    };
    let scale = scale.map(|scale| u32::try_from(scale).ok().filter(|&scale| scale <= MOST_DECIMALS));
    let other = (Kind::Other, Form::None);
    let (kind, form) = match (physical, logical, converted) {
        (Physical::BOOLEAN, ..) => (Kind::Boolean, Form::None),
        (_, Some(LogicalType::Decimal(_)), _) | (_, None, ConvertedType::DECIMAL) => {
            match (physical, scale.flatten()) {
                (Physical::INT32, Some(scale)) => (Kind::Number, Form::Decimal32(scale)),
                (Physical::INT64, Some(scale)) => (Kind::Number, Form::Decimal64(scale)),
                (Physical::BYTE_ARRAY, Some(scale)) => (Kind::Number, Form::DecimalBytes(scale, None)),
                (Physical::FIXED_LEN_BYTE_ARRAY, Some(scale)) if length.is_some() => {
                    (Kind::Number, Form::DecimalBytes(scale, length))
                }
                _ => other,
            }
        }
        (Physical::INT64, Some(LogicalType::Timestamp(stamp)), _) => {
            time(stamp.is_adjusted_to_u_t_c, factor(&stamp.unit))
        }
        (Physical::INT64, None, ConvertedType::TIMESTAMP_MILLIS) => time(true, 1_000_000),
        (Physical::INT64, None, ConvertedType::TIMESTAMP_MICROS) => time(true, 1_000),
        // Of old writers, which do not say what their clock was; pyarrow takes it for a local one too.
        (Physical::INT96, ..) => (Kind::Time { utc: false, zone: None }, Form::Int96),
        (Physical::INT32, Some(LogicalType::Date), _) | (Physical::INT32, None, ConvertedType::DATE) => {
            (Kind::Date, Form::Date)
        }
        (Physical::INT32, Some(LogicalType::Time(_)), _)
        | (Physical::INT32, None, ConvertedType::TIME_MILLIS) => (Kind::TimeOfDay, Form::TimeMillis),
        (Physical::INT64, Some(LogicalType::Time(time)), _) => {
            (Kind::TimeOfDay, Form::TimeOfDay(factor(&time.unit)))
        }
        (Physical::INT64, None, ConvertedType::TIME_MICROS) => (Kind::TimeOfDay, Form::TimeOfDay(1_000)),
        (Physical::INT32 | Physical::INT64, logical, converted) => {
            let signed = match logical {
                Some(LogicalType::Integer(integer)) => Some(integer.is_signed),
                None => match converted {
                    ConvertedType::NONE
                    | ConvertedType::INT_8
                    | ConvertedType::INT_16
                    | ConvertedType::INT_32
                    | ConvertedType::INT_64 => Some(true),
                    ConvertedType::UINT_8
                    | ConvertedType::UINT_16
                    | ConvertedType::UINT_32
                    | ConvertedType::UINT_64 => Some(false),
                    _ => None,
                },
                _ => None,
            };
            match (physical, signed) {
                (_, None) => other,
                (Physical::INT32, Some(signed)) => (Kind::Integer, Form::Int32 { signed }),
                (_, Some(signed)) => (Kind::Integer, Form::Int64 { signed }),
            }
        }
        (Physical::FLOAT, ..) => (Kind::Number, Form::Float),
        (Physical::DOUBLE, ..) => (Kind::Number, Form::Double),
        (Physical::BYTE_ARRAY, Some(LogicalType::String | LogicalType::Enum | LogicalType::Json), _)
        | (
            Physical::BYTE_ARRAY,
            None,
            ConvertedType::NONE | ConvertedType::UTF8 | ConvertedType::ENUM | ConvertedType::JSON,
        ) => (Kind::Text, Form::Text(None)),
        (Physical::FIXED_LEN_BYTE_ARRAY, None, ConvertedType::NONE) if fixed.is_some() => {
            (Kind::Text, Form::Text(fixed))
        }
        _ => other,
    };
    (kind, form, stored(leaf))
}

/// Powers of ten up to this one are read exactly as a decimal's scale; no writer has more.
pub(in crate::panel) const MOST_DECIMALS: u32 = 76;

/// How a column is stored.
fn stored(leaf: &ColumnDescriptor) -> String {
    let physical = leaf.physical_type();
    match (leaf.logical_type_ref(), leaf.converted_type()) {
        (Some(LogicalType::Timestamp(stamp)), _) => {
            let clock = if stamp.is_adjusted_to_u_t_c { ", UTC" } else { "" };
            format!("{physical} TIMESTAMP({:?}{clock})", stamp.unit)
        }
        (Some(LogicalType::Time(time)), _) => format!("{physical} TIME({:?})", time.unit),
        (Some(LogicalType::Decimal(decimal)), _) => {
            format!("{physical} DECIMAL({}, {})", decimal.precision, decimal.scale)
        }
        (Some(LogicalType::Integer(integer)), _) => {
            let sign = if integer.is_signed { "" } else { "unsigned " };
            format!("{physical}, {sign}of {} bits", integer.bit_width)
        }
        (Some(logical), _) => format!("{physical} {logical:?}").to_uppercase(),
        (None, ConvertedType::NONE) => physical.to_string(),
        (None, converted) => format!("{physical} {converted}"),
    }
}

/// The parts of a name that Python writes as a tuple of strings and numbers: `('AAPL', 'price')`.
fn tuple(name: &str) -> Option<Vec<String>> {
    let mut rest = name.strip_prefix('(')?.strip_suffix(')')?.trim();
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let quote = rest.chars().next().filter(|char| matches!(char, '\'' | '"'));
        if let Some(quote) = quote {
            let (mut part, mut chars) = (String::new(), rest[1..].char_indices());
            let end = loop {
                match chars.next()? {
                    (at, char) if char == quote => break at + 2,
                    (_, '\\') => match chars.next()?.1 {
                        char @ ('\\' | '\'' | '"') => part.push(char),
                        // Escapes of control characters: no name of a stock has one.
                        _ => return None,
                    },
                    (_, char) => part.push(char),
                }
            };
            parts.push(part);
            rest = rest[end..].trim_start();
        } else {
            let end = rest.find(',').unwrap_or(rest.len());
            parts.push(rest[..end].trim_end().to_owned());
            rest = &rest[end..];
        }
        match rest.strip_prefix(',') {
            Some(next) => rest = next.trim_start(),
            None if rest.is_empty() => {}
            None => return None,
        }
    }
    (parts.len() > 1).then_some(parts)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn tuples_are_read_as_python_writes_them() {
        let parts = |text: &str| tuple(text).map(|parts| parts.join("|"));
        assert_eq!(parts("('AAPL', 'price')").unwrap(), "AAPL|price");
        assert_eq!(parts("(10107, 'price')").unwrap(), "10107|price");
        assert_eq!(parts(r#"("O'Reilly", 'a, b')"#).unwrap(), "O'Reilly|a, b");
        assert_eq!(parts(r"('a\'b\\', '')").unwrap(), r"a'b\|");
        for text in ["price", "('AAPL',)", "('AAPL', 'price'", "('AAPL' 'price')", r"('a\n', 'b')", "()"] {
            assert_eq!(parts(text), None, "{text}");
        }
    }
}
