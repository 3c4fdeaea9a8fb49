//! Tables in Parquet files.
//!
//! * Days are DATE, times TIMESTAMP of a local clock in micro- or nanoseconds, numbers DOUBLE and INT64.
//! * Text is UTF-8 and stored as codes of a dictionary. Where it is marked as categories, pandas, pyarrow and
//!   polars read it as such (the key `ARROW:schema`).
//! * Pages are compressed by Zstandard, level 3.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};

use super::columns::{Cells, Field, Kind, ROWS, invalid};

/// Bytes on the way from the library, which wants a writer that can go to other threads, to the output.
#[derive(Debug, Clone, Default)]
struct Sink(Arc<Mutex<Vec<u8>>>);

impl Sink {
    fn take(&self) -> Vec<u8> {
        mem::take(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }
}

impl Write for Sink {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).extend_from_slice(bytes);
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// Writes a table, one group of rows after another.
pub(super) struct ParquetWriter<'a> {
    out: &'a mut dyn Write,
    sink: Sink,
    writer: SerializedFileWriter<Sink>,
}

impl<'a> ParquetWriter<'a> {
    /// Begins a table of these columns, with keys and values of the file's own.
    pub(super) fn new(
        out: &'a mut dyn Write,
        fields: &[Field],
        metadata: &[(&str, String)],
    ) -> io::Result<Self> {
        let columns = fields.iter().map(|field| Ok(Arc::new(column(field)?)));
        let columns: Vec<_> = columns.collect::<Result<_, ParquetError>>().map_err(other)?;
        let schema = Type::group_type_builder("schema").with_fields(columns).build().map_err(other)?;
        let mut keys = Vec::new();
        // Where this key is, pyarrow looks for pandas' in it and nowhere else.
        if fields.iter().any(|field| matches!(field.kind, Kind::Category)) {
            keys.push(KeyValue::new("ARROW:schema".to_owned(), super::arrow::encoded_schema(fields)));
        }
        keys.extend(metadata.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone())));
        let properties = properties(fields).set_key_value_metadata(Some(keys)).build();
        let sink = Sink::default();
        let writer = SerializedFileWriter::new(sink.clone(), Arc::new(schema), Arc::new(properties));
        Ok(Self { out, sink, writer: writer.map_err(other)? })
    }

    /// Writes a group of rows, the cells of the columns `fields`, and for each which rows have a value.
    pub(super) fn write(
        &mut self,
        fields: &[Field],
        cells: &[Cells],
        valid: &[Option<&[bool]>],
    ) -> io::Result<()> {
        let mut group = self.writer.next_row_group().map_err(other)?;
        for (i, cells) in cells.iter().enumerate() {
            let Some(mut column) = group.next_column().map_err(other)? else {
                return Err(invalid("there are more cells than columns".into()));
            };
            put(&mut column, &fields[i], cells, valid[i])?;
            column.close().map_err(other)?;
        }
        group.close().map_err(other)?;
        self.out.write_all(&self.sink.take())
    }

    /// Ends the table.
    pub(super) fn finish(self) -> io::Result<()> {
        let Self { out, sink, writer } = self;
        writer.close().map_err(other)?;
        out.write_all(&sink.take())?;
        out.flush()
    }
}

fn other(error: ParquetError) -> io::Error {
    io::Error::other(error)
}

/// A column of the file's schema.
fn column(field: &Field) -> Result<Type, ParquetError> {
    let timestamp = |unit| Some(LogicalType::timestamp(false, unit));
    let (physical, logical) = match field.kind {
        Kind::Date => (Physical::INT32, Some(LogicalType::Date)),
        Kind::Microseconds => (Physical::INT64, timestamp(TimeUnit::MICROS)),
        Kind::Nanoseconds => (Physical::INT64, timestamp(TimeUnit::NANOS)),
        Kind::Number => (Physical::DOUBLE, None),
        Kind::Integer => (Physical::INT64, None),
        Kind::Text | Kind::Category => (Physical::BYTE_ARRAY, Some(LogicalType::String)),
    };
    let repetition = if field.optional { Repetition::OPTIONAL } else { Repetition::REQUIRED };
    Type::primitive_type_builder(&field.name, physical)
        .with_logical_type(logical)
        .with_repetition(repetition)
        .build()
}

/// How the columns are stored.
fn properties(fields: &[Field]) -> WriterPropertiesBuilder {
    let level = ZstdLevel::try_new(3).unwrap_or_default();
    let mut properties = WriterProperties::builder()
        .set_created_by(format!("bellwether version {}", env!("CARGO_PKG_VERSION")))
        .set_compression(Compression::ZSTD(level))
        .set_statistics_enabled(EnabledStatistics::Chunk)
        .set_offset_index_disabled(true)
        .set_max_row_group_row_count(Some(ROWS));
    for field in fields {
        let path = || ColumnPath::new(vec![field.name.clone()]);
        properties = match field.kind {
            // Days and names repeat.
            Kind::Date | Kind::Text | Kind::Category => {
                properties.set_column_dictionary_enabled(path(), true)
            }
            Kind::Number => properties.set_column_dictionary_enabled(path(), false),
            Kind::Microseconds | Kind::Nanoseconds | Kind::Integer => properties
                .set_column_dictionary_enabled(path(), false)
                .set_column_encoding(path(), Encoding::DELTA_BINARY_PACKED),
        };
    }
    properties
}

/// Writes the cells of one column.
fn put(
    column: &mut SerializedColumnWriter<'_>,
    field: &Field,
    cells: &Cells,
    valid: Option<&[bool]>,
) -> io::Result<()> {
    use parquet::column::writer::ColumnWriter;
    let levels: Option<Vec<i16>> = match (field.optional, valid) {
        (false, _) => None,
        (true, None) => Some(vec![1; cells.len()]),
        (true, Some(valid)) => Some(valid.iter().map(|&there| i16::from(there)).collect()),
    };
    let levels = levels.as_deref();
    let written = match (column.untyped(), field.kind, cells) {
        (ColumnWriter::Int32ColumnWriter(writer), Kind::Date, Cells::Days(days)) => {
            put_values::<Int32Type>(writer, &present(days, valid), levels)
        }
        (ColumnWriter::DoubleColumnWriter(writer), Kind::Number, Cells::Numbers(numbers)) => {
            put_values::<DoubleType>(writer, &present(numbers, valid), levels)
        }
        (
            ColumnWriter::Int64ColumnWriter(writer),
            Kind::Integer | Kind::Microseconds | Kind::Nanoseconds,
            Cells::Integers(numbers),
        ) => put_values::<Int64Type>(writer, &present(numbers, valid), levels),
        (
            ColumnWriter::ByteArrayColumnWriter(writer),
            Kind::Text | Kind::Category,
            Cells::Texts(codes, texts),
        ) => {
            // Each text is held once, and its rows refer to it.
            let texts: Vec<ByteArray> = texts.iter().map(|text| text.as_bytes().to_vec().into()).collect();
            let codes = present(codes, valid);
            let values: Option<Vec<ByteArray>> =
                codes.iter().map(|&code| texts.get(code as usize).cloned()).collect();
            let values = values.ok_or_else(|| invalid("a row has a text that is not in the list".into()))?;
            put_values::<ByteArrayType>(writer, &values, levels)
        }
        _ => return Err(invalid(format!("the cells of column {:?} are of another kind", field.name))),
    };
    written.map(|_| ()).map_err(other)
}

fn put_values<T: parquet::data_type::DataType>(
    writer: &mut parquet::column::writer::ColumnWriterImpl<'_, T>,
    values: &[T::T],
    levels: Option<&[i16]>,
) -> Result<usize, ParquetError> {
    writer.write_batch(values, levels, None)
}

/// The values that are there.
fn present<'a, T: Copy>(values: &'a [T], valid: Option<&[bool]>) -> std::borrow::Cow<'a, [T]> {
    match valid {
        None => values.into(),
        Some(valid) => {
            values.iter().zip(valid).filter(|(_, there)| **there).map(|(value, _)| *value).collect()
        }
    }
}
