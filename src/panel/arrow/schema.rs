//! The columns of a table: what they hold, and which nodes and buffers of a record batch are theirs.
//!
//! A record batch has, for the columns in their order and for those within them, a node each (its length and
//! its number of nulls) and as many buffers as its type takes: one of bits that say which values are there,
//! where the type has it, then offsets and values. Views of text have further buffers, whose number the batch
//! says.
//!
//! Source: Apache Arrow, `Schema.fbs`, whose numbers of fields and types these are.

use super::super::parquet::{Column, Kind, MOST_DECIMALS, Pandas};
use super::flatbuffer::{MALFORMED, Table};

/// How values are decoded. Numbers have their lowest byte first.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Form {
    /// Of 64 bits: nanoseconds are these times the factor.
    Time(i64),
    /// Days, of 32 bits.
    Date,
    /// Milliseconds, of 64 bits.
    DateMillis,
    /// Of 32 bits, or of 64, with a factor too.
    TimeOfDay32(i64),
    TimeOfDay64(i64),
    Float,
    Double,
    Integer(Width),
    /// Of so many bytes: numbers times ten to this power.
    Decimal(usize, u32),
    /// Behind offsets of 32 bits, or of 64.
    Text {
        is_large: bool,
    },
    /// Views of 16 bytes.
    View,
    /// Text of a fixed length.
    Fixed(usize),
    /// Not read.
    None,
}

/// An integer's size in bytes, and whether it has a sign.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Width {
    pub(super) bytes: usize,
    pub(super) signed: bool,
}

/// Where a column's values are in a record batch, and how they are decoded.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Place {
    /// Its node.
    pub(super) node: usize,
    /// Its first buffer, where no column before it had views, and how many columns of views are before it.
    pub(super) buffer: usize,
    pub(super) views: usize,
}

/// A column in record batches.
#[derive(Debug, Clone, Copy)]
pub(super) struct Leaf {
    pub(super) place: Place,
    /// Of the values; of a dictionary, its own.
    pub(super) form: Form,
    /// Where values are codes: the dictionary's number, and the codes' width.
    pub(super) dictionary: Option<(i64, Width)>,
}

/// The columns of a table.
#[derive(Debug)]
pub(super) struct Columns {
    pub(super) columns: Vec<Column>,
    pub(super) leaves: Vec<Leaf>,
}

/// The types, by number.
mod types {
    pub(super) const NULL: u8 = 1;
    pub(super) const INT: u8 = 2;
    pub(super) const FLOAT: u8 = 3;
    pub(super) const BINARY: u8 = 4;
    pub(super) const UTF8: u8 = 5;
    pub(super) const BOOL: u8 = 6;
    pub(super) const DECIMAL: u8 = 7;
    pub(super) const DATE: u8 = 8;
    pub(super) const TIME: u8 = 9;
    pub(super) const TIMESTAMP: u8 = 10;
    pub(super) const INTERVAL: u8 = 11;
    pub(super) const LIST: u8 = 12;
    pub(super) const STRUCT: u8 = 13;
    pub(super) const UNION: u8 = 14;
    pub(super) const FIXED_SIZE_BINARY: u8 = 15;
    pub(super) const FIXED_SIZE_LIST: u8 = 16;
    pub(super) const MAP: u8 = 17;
    pub(super) const DURATION: u8 = 18;
    pub(super) const LARGE_BINARY: u8 = 19;
    pub(super) const LARGE_UTF8: u8 = 20;
    pub(super) const LARGE_LIST: u8 = 21;
    pub(super) const RUN_END_ENCODED: u8 = 22;
    pub(super) const BINARY_VIEW: u8 = 23;
    pub(super) const UTF8_VIEW: u8 = 24;
    pub(super) const LIST_VIEW: u8 = 25;
    pub(super) const LARGE_LIST_VIEW: u8 = 26;
}

/// A field of a schema: the number of its type, and the type.
#[derive(Debug, Clone, Copy)]
struct Field<'a> {
    table: Table<'a>,
    number: u8,
    kind: Table<'a>,
    dictionary: Option<Table<'a>>,
}

impl<'a> Field<'a> {
    fn of(table: Table<'a>) -> Result<Self, &'static str> {
        let kind = table.table(3)?.ok_or("a column has no type")?;
        Ok(Self { table, number: table.byte(2)?, kind, dictionary: table.table(4)? })
    }
}

/// The columns of a schema. In version 4 of the format unions have bits of which are there.
pub(super) fn columns(schema: Table<'_>, pandas: &str, is_version_4: bool) -> Result<Columns, &'static str> {
    let pandas = Pandas::new(pandas);
    let (mut columns, mut leaves, mut all) = (Vec::new(), Vec::new(), Place::default());
    // Many may refer to the same long name or zone; written apart they are no longer than the schema.
    let mut left = schema.size();
    for field in schema.tables(1)? {
        let field = Field::of(field?)?;
        let place = all;
        pass(field, &mut all, is_version_4, 0)?;
        let dictionary = match field.dictionary {
            None => None,
            Some(dictionary) => {
                // Without a type they are of 32 bits.
                let width = match dictionary.table(1)? {
                    None => Some(Width { bytes: 4, signed: true }),
                    Some(codes) => width(codes.int(0, 0)?, codes.byte(1)? != 0),
                };
                Some((dictionary.long(0)?, width.ok_or("the codes of a dictionary are of no known width")?))
            }
        };
        let name = field.table.text(0)?.unwrap_or_default();
        let zone = if field.number == types::TIMESTAMP { field.kind.text(1)? } else { None };
        let length = name.len() + zone.unwrap_or_default().len();
        left = left.checked_sub(length).ok_or(MALFORMED)?;
        let (kind, form, stored) = of_type(field)?;
        columns.push(pandas.column(name.to_owned(), kind, stored));
        leaves.push(Leaf { place, form, dictionary });
    }
    Ok(Columns { columns, leaves })
}

/// Passes over the nodes and buffers of a column.
fn pass(field: Field<'_>, place: &mut Place, is_version_4: bool, depth: usize) -> Result<(), &'static str> {
    use types::*;
    const DEEPEST: usize = 64;
    // Far more than any table has: columns may refer to one that contains as many again, over and over.
    const MOST: usize = 1 << 20;
    if depth > DEEPEST || place.node > MOST {
        return Err("its columns are nested too deeply");
    }
    place.node += 1;
    if field.dictionary.is_some() {
        place.buffer += 2;
        return Ok(());
    }
    place.buffer += match field.number {
        NULL | RUN_END_ENCODED => 0,
        STRUCT | FIXED_SIZE_LIST => 1,
        UTF8 | LARGE_UTF8 | BINARY | LARGE_BINARY | LIST_VIEW | LARGE_LIST_VIEW => 3,
        UTF8_VIEW | BINARY_VIEW => {
            place.views += 1;
            2
        }
        UNION => {
            let is_dense = field.kind.short(0, 0)? == 1;
            1 + usize::from(is_dense) + usize::from(is_version_4)
        }
        INT | FLOAT | BOOL | DECIMAL | FIXED_SIZE_BINARY | DATE | TIME | TIMESTAMP | INTERVAL | DURATION => 2,
        LIST | LARGE_LIST | MAP => 2,
        _ => return Err("a column is of a type that is not known"),
    };
    for child in field.table.tables(5)? {
        pass(Field::of(child?)?, place, is_version_4, depth + 1)?;
    }
    Ok(())
}

fn width(bits: i32, signed: bool) -> Option<Width> {
    matches!(bits, 8 | 16 | 32 | 64).then_some(Width { bytes: bits as usize / 8, signed })
}

/// What a column holds, how it is decoded, and what its type is called.
fn of_type(field: Field<'_>) -> Result<(Kind, Form, String), &'static str> {
    use types::*;
    let dictionary = if field.dictionary.is_some() { "a dictionary of " } else { "" };
    if let Some((kind, form, stored)) = read(field)? {
        return Ok((kind, form, format!("{dictionary}{stored}")));
    }
    let (kind, stored) = match field.number {
        BOOL => (Kind::Boolean, "bool"),
        LIST | LARGE_LIST | FIXED_SIZE_LIST | LIST_VIEW | LARGE_LIST_VIEW => (Kind::Nested, "a list"),
        STRUCT => (Kind::Nested, "a structure"),
        MAP => (Kind::Nested, "a map"),
        UNION => (Kind::Nested, "a union"),
        NULL => (Kind::Other, "nulls alone"),
        FLOAT => (Kind::Other, "half floats"),
        DECIMAL => (Kind::Other, "decimals of an unusual scale"),
        INTERVAL | DURATION => (Kind::Other, "spans of time"),
        RUN_END_ENCODED => (Kind::Other, "run-end encoded values"),
        _ => (Kind::Other, "values of an unknown type"),
    };
    Ok((kind, Form::None, format!("{dictionary}{stored}")))
}

/// The same of a type that is read.
fn read(field: Field<'_>) -> Result<Option<(Kind, Form, String)>, &'static str> {
    use types::*;
    let kind = field.kind;
    let unit = |unit: i16| match unit {
        0 => Ok((1_000_000_000, "s")),
        1 => Ok((1_000_000, "ms")),
        2 => Ok((1_000, "us")),
        3 => Ok((1, "ns")),
        _ => Err("times are in a unit that is not known"),
    };
    let text = |form: Form, stored: &str| (Kind::Text, form, stored.to_owned());
    Ok(Some(match field.number {
        TIMESTAMP => {
            let (factor, unit) = unit(kind.short(0, 0)?)?;
            let zone = kind.text(1)?.filter(|zone| !zone.is_empty()).map(str::to_owned);
            let shown = zone.as_ref().map_or_else(String::new, |zone| format!(", tz={zone}"));
            let stored = format!("timestamp[{unit}{shown}]");
            (Kind::Time { utc: zone.is_some(), zone }, Form::Time(factor), stored)
        }
        DATE => match kind.short(0, 1)? {
            0 => (Kind::Date, Form::Date, "date32".into()),
            1 => (Kind::Date, Form::DateMillis, "date64".into()),
            _ => return Err(MALFORMED),
        },
        TIME => {
            let (factor, unit) = unit(kind.short(0, 1)?)?;
            let bits = kind.int(1, 32)?;
            let form = match bits {
                32 => Form::TimeOfDay32(factor),
                64 => Form::TimeOfDay64(factor),
                _ => return Err(MALFORMED),
            };
            (Kind::TimeOfDay, form, format!("time{bits}[{unit}]"))
        }
        FLOAT => match kind.short(0, 0)? {
            1 => (Kind::Number, Form::Float, "float".into()),
            2 => (Kind::Number, Form::Double, "double".into()),
            _ => return Ok(None),
        },
        INT => {
            let (bits, signed) = (kind.int(0, 0)?, kind.byte(1)? != 0);
            let width = width(bits, signed).ok_or("integers are of a width that is not known")?;
            let sign = if signed { "" } else { "u" };
            (Kind::Integer, Form::Integer(width), format!("{sign}int{bits}"))
        }
        DECIMAL => {
            let (precision, scale, bits) = (kind.int(0, 0)?, kind.int(1, 0)?, kind.int(2, 128)?);
            let scale = u32::try_from(scale).ok().filter(|scale| *scale <= MOST_DECIMALS);
            let bytes = matches!(bits, 32 | 64 | 128 | 256).then_some(bits as usize / 8);
            let Some((scale, bytes)) = scale.zip(bytes) else { return Ok(None) };
            let stored = format!("decimal{bits}({precision}, {scale})");
            (Kind::Number, Form::Decimal(bytes, scale), stored)
        }
        UTF8 => text(Form::Text { is_large: false }, "utf8"),
        BINARY => text(Form::Text { is_large: false }, "binary"),
        LARGE_UTF8 => text(Form::Text { is_large: true }, "large_utf8"),
        LARGE_BINARY => text(Form::Text { is_large: true }, "large_binary"),
        UTF8_VIEW => text(Form::View, "utf8_view"),
        BINARY_VIEW => text(Form::View, "binary_view"),
        FIXED_SIZE_BINARY => match usize::try_from(kind.int(0, 0)?) {
            Ok(bytes) if bytes > 0 => text(Form::Fixed(bytes), &format!("fixed_size_binary({bytes})")),
            _ => return Err(MALFORMED),
        },
        _ => return Ok(None),
    }))
}
