//! Tables in Parquet files: named columns, written in groups of rows.
//!
//! * Days are DATE, times TIMESTAMP of a local clock in micro- or nanoseconds, numbers DOUBLE and INT64. A
//!   NaN stays a NaN: pandas and polars tell it from a missing value, which is null.
//! * Text is UTF-8 and stored as codes of a dictionary. Where it is marked as categories, pandas, pyarrow and
//!   polars read it as such (the key `ARROW:schema`).
//! * Pages are compressed by Zstandard, level 3.
//! * The key `bellwether` of the file's metadata holds how the table came about, as JSON.
//!
//! A group of rows is written at once: memory is that of one group.

use std::io::{self, Write};
use std::mem;
use std::sync::{Arc, Mutex, PoisonError};

use jiff::civil::Date;
use parquet::basic::{Compression, Encoding, LogicalType, Repetition, TimeUnit, Type as Physical, ZstdLevel};
use parquet::data_type::{ByteArray, ByteArrayType, DoubleType, Int32Type, Int64Type};
use parquet::errors::ParquetError;
use parquet::file::metadata::KeyValue;
use parquet::file::properties::{EnabledStatistics, WriterProperties, WriterPropertiesBuilder};
use parquet::file::writer::{SerializedColumnWriter, SerializedFileWriter};
use parquet::schema::types::{ColumnPath, Type};

pub use super::field::{Field, Kind};

/// The most rows of a group.
pub const ROWS: usize = 1 << 20;

/// Values of one column in a group of rows.
#[derive(Debug, Clone)]
#[non_exhaustive]
pub enum Cells {
    /// Days since 1970, of [`Kind::Date`].
    Days(Vec<i32>),
    /// Numbers.
    Numbers(Vec<f64>),
    /// Integers, and points in time.
    Integers(Vec<i64>),
    /// Text: for each row the number of its text.
    Texts(Vec<u32>, Arc<Vec<String>>),
}

impl Cells {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Days(values) => values.len(),
            Self::Numbers(values) => values.len(),
            Self::Integers(values) => values.len(),
            Self::Texts(codes, _) => codes.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// The days from 1970-01-01 to `date`.
pub fn days_since_1970(date: Date) -> i32 {
    const EPOCH: Date = jiff::civil::date(1970, 1, 1);
    date.duration_since(EPOCH).as_hours() as i32 / 24
}

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
pub struct TableWriter<'a> {
    out: &'a mut dyn Write,
    sink: Sink,
    writer: SerializedFileWriter<Sink>,
    fields: Vec<Field>,
}

impl<'a> TableWriter<'a> {
    /// Begins a table of these columns. `metadata` are keys and values of the file's own.
    ///
    /// # Errors
    ///
    /// What `out` fails with; [`io::ErrorKind::InvalidInput`] where two columns have the same name.
    pub fn new(out: &'a mut dyn Write, fields: Vec<Field>, metadata: &[(&str, String)]) -> io::Result<Self> {
        let mut names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(invalid(format!("two columns have the name {:?}", pair[0])));
        }
        let columns = fields.iter().map(|field| Ok(Arc::new(column(field)?)));
        let columns: Vec<_> = columns.collect::<Result<_, ParquetError>>().map_err(other)?;
        let schema = Type::group_type_builder("schema").with_fields(columns).build().map_err(other)?;
        let mut keys = Vec::new();
        // Where this key is, pyarrow looks for pandas' in it and nowhere else.
        if fields.iter().any(|field| matches!(field.kind, Kind::Category)) {
            keys.push(KeyValue::new("ARROW:schema".to_owned(), super::arrow_schema::encoded(&fields)));
        }
        keys.extend(metadata.iter().map(|(key, value)| KeyValue::new((*key).to_owned(), value.clone())));
        let properties = properties(&fields).set_key_value_metadata(Some(keys)).build();
        let sink = Sink::default();
        let writer = SerializedFileWriter::new(sink.clone(), Arc::new(schema), Arc::new(properties));
        Ok(Self { out, sink, writer: writer.map_err(other)?, fields })
    }

    /// Writes a group of rows, the cells of all columns in their order.
    ///
    /// # Errors
    ///
    /// What the output fails with; [`io::ErrorKind::InvalidInput`] where the cells are not those of the
    /// columns.
    pub fn write(&mut self, cells: &[Cells]) -> io::Result<()> {
        let valid = vec![None; cells.len()];
        self.write_some(cells, &valid)
    }

    /// Writes a group of rows in which values may be missing: for each column which rows have one.
    ///
    /// # Errors
    ///
    /// As [`write`](Self::write).
    pub fn write_some(&mut self, cells: &[Cells], valid: &[Option<&[bool]>]) -> io::Result<()> {
        let rows = cells.first().map_or(0, Cells::len);
        let fits = |i: usize| {
            cells[i].len() == rows
                && valid[i].is_none_or(|valid| valid.len() == rows && self.fields[i].optional)
        };
        if cells.len() != self.fields.len() || valid.len() != cells.len() || !(0..cells.len()).all(fits) {
            return Err(invalid("the cells are not those of the columns".into()));
        }
        if rows == 0 {
            return Ok(());
        }
        let mut group = self.writer.next_row_group().map_err(other)?;
        for (i, cells) in cells.iter().enumerate() {
            let Some(mut column) = group.next_column().map_err(other)? else {
                return Err(invalid("there are more cells than columns".into()));
            };
            put(&mut column, &self.fields[i], cells, valid[i])?;
            column.close().map_err(other)?;
        }
        group.close().map_err(other)?;
        self.out.write_all(&self.sink.take())
    }

    /// Ends the table.
    ///
    /// # Errors
    ///
    /// What the output fails with.
    pub fn finish(self) -> io::Result<()> {
        let Self { out, sink, writer, .. } = self;
        writer.close().map_err(other)?;
        out.write_all(&sink.take())?;
        out.flush()
    }
}

fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
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

/// Texts by number, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: std::collections::HashMap<String, u32>,
    texts: Vec<String>,
}

impl Names {
    /// The number of a text.
    pub(crate) fn number(&mut self, text: &str) -> u32 {
        if let Some(&number) = self.numbers.get(text) {
            return number;
        }
        let number = self.texts.len() as u32;
        self.numbers.insert(text.to_owned(), number);
        self.texts.push(text.to_owned());
        number
    }
}

/// A value of a record.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum Value<'a> {
    /// A day.
    Date(Date),
    /// A text.
    Text(&'a str),
    /// A number.
    Number(f64),
    /// An integer.
    Integer(i64),
}

/// A record of a table.
pub trait Row {
    /// The names of its columns, and what they hold.
    const COLUMNS: &'static [(&'static str, Kind)];

    /// Its values, in their order.
    fn values(&self) -> Vec<Value<'_>>;
}

/// Writes records as a table. `how` they came about becomes the key `bellwether` of its metadata.
///
/// # Errors
///
/// What `out` fails with.
pub fn write_rows<R: Row>(
    out: &mut dyn Write,
    rows: impl IntoIterator<Item = R>,
    how: &impl serde::Serialize,
) -> io::Result<()> {
    let fields = R::COLUMNS.iter().map(|&(name, kind)| Field::new(name, kind)).collect();
    let mut writer = RecordWriter::new(out, fields, how)?;
    for row in rows {
        writer.write(row.values())?;
    }
    writer.finish()
}

/// Writes records, collected into groups of rows.
pub(crate) struct RecordWriter<'a> {
    table: TableWriter<'a>,
    cells: Vec<(Cells, Names)>,
    rows: usize,
}

impl<'a> RecordWriter<'a> {
    /// Begins a table of these columns; `how` it came about goes into its metadata.
    pub(crate) fn new(
        out: &'a mut dyn Write,
        fields: Vec<Field>,
        how: &impl serde::Serialize,
    ) -> io::Result<Self> {
        Self::with_metadata(out, fields, &[("bellwether", serde_json::to_string(how)?)])
    }

    /// Begins a table of these columns, with keys and values of the file's own.
    pub(crate) fn with_metadata(
        out: &'a mut dyn Write,
        fields: Vec<Field>,
        metadata: &[(&str, String)],
    ) -> io::Result<Self> {
        let cells = fields.iter().map(|field| (empty(field.kind), Names::default())).collect();
        let table = TableWriter::new(out, fields, metadata)?;
        Ok(Self { table, cells, rows: 0 })
    }

    /// Writes a record.
    pub(crate) fn write<'v>(&mut self, values: impl IntoIterator<Item = Value<'v>>) -> io::Result<()> {
        for (value, (cells, names)) in values.into_iter().zip(&mut self.cells) {
            match (cells, value) {
                (Cells::Days(days), Value::Date(date)) => days.push(days_since_1970(date)),
                (Cells::Numbers(numbers), Value::Number(number)) => numbers.push(number),
                (Cells::Integers(numbers), Value::Integer(number)) => numbers.push(number),
                (Cells::Texts(codes, _), Value::Text(text)) => codes.push(names.number(text)),
                (cells, value) => return Err(invalid(format!("{value:?} is not of the kind of {cells:?}"))),
            }
        }
        self.rows += 1;
        if self.rows == ROWS { self.flush() } else { Ok(()) }
    }

    fn flush(&mut self) -> io::Result<()> {
        self.rows = 0;
        let take = |(field, (cells, names)): (&Field, &mut (Cells, Names))| {
            let mut taken = mem::replace(cells, empty(field.kind));
            if let Cells::Texts(_, texts) = &mut taken {
                *texts = Arc::new(mem::take(names).texts);
            }
            taken
        };
        let cells: Vec<Cells> = self.table.fields.iter().zip(&mut self.cells).map(take).collect();
        self.table.write(&cells)
    }

    /// Ends the table.
    pub(crate) fn finish(mut self) -> io::Result<()> {
        self.flush()?;
        self.table.finish()
    }
}

/// No cells.
fn empty(kind: Kind) -> Cells {
    match kind {
        Kind::Date => Cells::Days(Vec::new()),
        Kind::Number => Cells::Numbers(Vec::new()),
        Kind::Microseconds | Kind::Nanoseconds | Kind::Integer => Cells::Integers(Vec::new()),
        Kind::Text | Kind::Category => Cells::Texts(Vec::new(), Arc::default()),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::output::prices::{Precision, write_prices};
    use crate::panel::parquet::{Bounds, Table, Values};

    fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Table {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table.parquet");
        let mut file = std::fs::File::create(&path).unwrap();
        write(&mut file).unwrap();
        // On Unix an open file outlives its folder.
        let table = Table::open(&path).unwrap();
        if cfg!(not(unix)) {
            mem::forget(folder);
        }
        table
    }

    #[test]
    fn days_are_counted_from_1970() {
        assert_eq!(days_since_1970(date(1970, 1, 1)), 0);
        assert_eq!(days_since_1970(date(1969, 12, 31)), -1);
        assert_eq!(days_since_1970(date(2007, 1, 3)), 13_516);
        assert_eq!(days_since_1970(date(1, 1, 1)), -719_162);
    }

    #[test]
    fn numbers_come_back_bit_for_bit_and_missing_ones_are_missing() {
        let numbers = vec![0.1, -0.0, f64::NAN, f64::INFINITY, 5e-324, f64::MAX];
        let integers = vec![0, -1, i64::MAX, i64::MIN, 7, 7];
        let valid = [true, false, true, true, false, true];
        let names = Arc::new(vec!["a".to_owned(), "ü".to_owned()]);
        let field = |name: &str, kind, optional| Field { name: name.into(), kind, optional };
        let table = written(|out| {
            let fields = vec![
                field("number", Kind::Number, false),
                field("some", Kind::Number, true),
                field("integer", Kind::Integer, true),
                field("text", Kind::Category, true),
                field("day", Kind::Date, false),
            ];
            let mut writer = TableWriter::new(out, fields, &[("key", "value".into())])?;
            let cells = [
                Cells::Numbers(numbers.clone()),
                Cells::Numbers(numbers.clone()),
                Cells::Integers(integers.clone()),
                Cells::Texts(vec![0, 1, 1, 0, 1, 0], Arc::clone(&names)),
                Cells::Days(vec![-1, 0, 1, 2, 3, 4]),
            ];
            writer.write_some(&cells, &[None, Some(&valid), None, Some(&valid), None])?;
            writer.write(&cells)?;
            writer.finish()
        });
        assert_eq!((table.rows(), table.metadata("key")), (12, Some("value")));
        let columns = table.read(0, &[0, 1, 2, 3, 4]).unwrap();
        let bits = |values: &Values| match values {
            Values::Number(values) => values.iter().map(|value| value.to_bits()).collect::<Vec<_>>(),
            other => panic!("{other:?}"),
        };
        let wanted: Vec<u64> = numbers.iter().map(|number| number.to_bits()).collect();
        assert_eq!(bits(&columns[0].values), wanted);
        assert_eq!((&columns[0].valid, columns[1].valid.as_deref()), (&None, Some(&valid[..])));
        for row in [0, 2, 3, 5] {
            assert_eq!(bits(&columns[1].values)[row], wanted[row]);
        }
        assert_eq!(columns[2].values, Values::Integer(integers));
        let Values::Text { codes, dictionary } = &columns[3].values else { panic!() };
        assert_eq!(
            (dictionary[codes[2] as usize].as_str(), columns[3].valid.as_deref()),
            ("ü", Some(&valid[..]))
        );
        assert_eq!(columns[4].values, Values::Date(vec![-1, 0, 1, 2, 3, 4]));
        assert_eq!(table.read(1, &[3]).unwrap()[0].valid, None);
    }

    #[test]
    fn cells_of_another_kind_or_number_are_refused() {
        let mut out = Vec::new();
        let two = || vec![Field::new("a", Kind::Number), Field::new("a", Kind::Number)];
        assert!(TableWriter::new(&mut out, two(), &[]).is_err());
        let mut writer = TableWriter::new(&mut out, vec![Field::new("a", Kind::Number)], &[]).unwrap();
        assert!(writer.write(&[]).is_err());
        let one = Cells::Numbers(vec![1.0]);
        assert!(writer.write_some(std::slice::from_ref(&one), &[Some(&[false])]).is_err());
        assert!(writer.write(&[one.clone(), one]).is_err());
    }

    #[test]
    fn prices_are_grouped_by_stock_and_day() {
        const MINUTE: u64 = 60_000_000_000;
        let times: Vec<u64> = (0..40_000).map(|i| 34_200_000_000_000 + i * MINUTE / 1000).collect();
        let prices: Vec<f64> = (0..40_000).map(|i| 100.0 + f64::from(i) / 7.0).collect();
        let days = [date(2007, 1, 3), date(2007, 1, 4), date(2007, 1, 5)];
        let all = ["AAA", "BBB"].into_iter().flat_map(|stock| {
            let (times, prices) = (&times[..], &prices[..]);
            days.into_iter().map(move |day| (stock, day, times, prices))
        });
        let table = written(|out| write_prices(out, Precision::Microseconds, &[], all));
        assert_eq!(table.rows(), 240_000);
        assert_eq!(table.row_groups().iter().map(|group| group.rows).collect::<Vec<_>>(), [120_000; 2]);
        assert_eq!(table.bounds(1, 0), Some(Bounds::Text("BBB".into(), "BBB".into())));
        let first = i64::from(days_since_1970(days[0])) * 86_400_000_000_000 + 34_200_000_000_000;
        let Some(Bounds::Time(least, _)) = table.bounds(0, 1) else { panic!() };
        assert_eq!(least, first);
        let columns = table.read(1, &[0, 1, 2]).unwrap();
        let Values::Number(read) = &columns[2].values else { panic!() };
        assert_eq!(read[40_000..80_000], prices);
        let Values::Time(read) = &columns[1].values else { panic!() };
        assert_eq!(read[40_001] - first, 86_400_000_000_000 + 60_000_000);

        let mut out = Vec::new();
        let fine = [("A", days[0], &[1][..], &[1.0][..])];
        assert!(write_prices(&mut out, Precision::Microseconds, &[], fine).is_err());
        assert!(write_prices(&mut out, Precision::Nanoseconds, &[], fine).is_ok());
        let back = [("A", days[1], &[1][..], &[1.0][..]), ("A", days[0], &[1][..], &[1.0][..])];
        assert!(write_prices(&mut out, Precision::Nanoseconds, &[], back).is_err());
        assert!(
            write_prices(&mut out, Precision::Nanoseconds, &[], [("A", days[0], &[2, 2][..], &[1.0; 2][..])])
                .is_err()
        );
    }
}
