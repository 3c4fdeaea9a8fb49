//! Tables of named columns, written in groups of rows, as Parquet or Arrow.
//!
//! * Days are dates, times points in time of a local clock in micro- or nanoseconds, numbers doubles and
//!   integers of 64 bits. A NaN stays a NaN: pandas and polars tell it from a missing value, which is null.
//! * Text that is marked as categories is read as such by pandas, pyarrow and polars.
//! * The key `bellwether` of the file's metadata holds how the table came about, as JSON.
//!
//! A group of rows is written at once: memory is that of one group.

use std::io::{self, Write};
use std::mem;
use std::sync::Arc;

use jiff::civil::Date;

use super::Format;
use super::arrow::ArrowWriter;
pub use super::columns::{Cells, Field, Kind, ROWS};
use super::columns::{Names, invalid};
use super::parquet::ParquetWriter;

/// The days from 1970-01-01 to `date`.
pub fn days_since_1970(date: Date) -> i32 {
    const EPOCH: Date = jiff::civil::date(1970, 1, 1);
    date.duration_since(EPOCH).as_hours() as i32 / 24
}

/// Writes a table, one group of rows after another.
pub struct TableWriter<'a> {
    writer: Writer<'a>,
    fields: Vec<Field>,
}

enum Writer<'a> {
    Parquet(Box<ParquetWriter<'a>>),
    Arrow(Box<ArrowWriter<'a>>),
}

impl<'a> TableWriter<'a> {
    /// Begins a table of these columns. `metadata` are keys and values of the file's own.
    ///
    /// # Errors
    ///
    /// What `out` fails with; [`io::ErrorKind::InvalidInput`] where two columns have the same name;
    /// [`io::ErrorKind::Unsupported`] for another format than Parquet and Arrow.
    pub fn new(
        out: &'a mut dyn Write,
        format: Format,
        fields: Vec<Field>,
        metadata: &[(&str, String)],
    ) -> io::Result<Self> {
        let mut names: Vec<&str> = fields.iter().map(|field| field.name.as_str()).collect();
        names.sort_unstable();
        if let Some(pair) = names.windows(2).find(|pair| pair[0] == pair[1]) {
            return Err(invalid(format!("two columns have the name {:?}", pair[0])));
        }
        let writer = match format {
            Format::Parquet => Writer::Parquet(Box::new(ParquetWriter::new(out, &fields, metadata)?)),
            Format::Arrow => Writer::Arrow(Box::new(ArrowWriter::new(out, &fields, metadata)?)),
            Format::Csv | Format::Json => {
                let why = "tables of columns are written as Parquet or Arrow";
                return Err(io::Error::new(io::ErrorKind::Unsupported, why));
            }
        };
        Ok(Self { writer, fields })
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
        match &mut self.writer {
            Writer::Parquet(writer) => writer.write(&self.fields, cells, valid),
            Writer::Arrow(writer) => writer.write(cells, valid),
        }
    }

    /// Ends the table.
    ///
    /// # Errors
    ///
    /// What the output fails with.
    pub fn finish(self) -> io::Result<()> {
        match self.writer {
            Writer::Parquet(writer) => writer.finish(),
            Writer::Arrow(writer) => writer.finish(),
        }
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
/// As [`TableWriter::new`].
pub fn write_rows<R: Row>(
    out: &mut dyn Write,
    format: Format,
    rows: impl IntoIterator<Item = R>,
    how: &impl serde::Serialize,
) -> io::Result<()> {
    let fields = R::COLUMNS.iter().map(|&(name, kind)| Field::new(name, kind)).collect();
    let mut writer = RecordWriter::new(out, format, fields, how)?;
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
        format: Format,
        fields: Vec<Field>,
        how: &impl serde::Serialize,
    ) -> io::Result<Self> {
        Self::with_metadata(out, format, fields, &[("bellwether", serde_json::to_string(how)?)])
    }

    /// Begins a table of these columns, with keys and values of the file's own.
    pub(crate) fn with_metadata(
        out: &'a mut dyn Write,
        format: Format,
        fields: Vec<Field>,
        metadata: &[(&str, String)],
    ) -> io::Result<Self> {
        let cells = fields.iter().map(|field| (empty(field.kind), Names::default())).collect();
        let table = TableWriter::new(out, format, fields, metadata)?;
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
    use crate::panel::ColumnFile;
    use crate::panel::parquet::{Bounds, Values};

    fn written(write: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> ColumnFile {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("table");
        let mut file = std::fs::File::create(&path).unwrap();
        write(&mut file).unwrap();
        // On Unix an open file outlives its folder.
        let table = ColumnFile::open(&path).unwrap();
        if cfg!(not(unix)) {
            mem::forget(folder);
        }
        table
    }

    const FORMATS: [Format; 2] = [Format::Parquet, Format::Arrow];

    fn rows(table: &ColumnFile) -> usize {
        table.row_groups().iter().map(|group| group.rows).sum()
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
        for format in FORMATS {
            come_back(format);
        }
    }

    fn come_back(format: Format) {
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
            let mut writer = TableWriter::new(out, format, fields, &[("key", "value".into())])?;
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
        assert_eq!((rows(&table), table.metadata("key")), (12, Some("value")));
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
        assert!(TableWriter::new(&mut out, Format::Arrow, two(), &[]).is_err());
        let one_column = vec![Field::new("a", Kind::Number)];
        assert!(TableWriter::new(&mut out, Format::Json, one_column.clone(), &[]).is_err());
        let mut writer = TableWriter::new(&mut out, Format::Arrow, one_column, &[]).unwrap();
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
        let written_as =
            |format| written(|out| write_prices(out, format, Precision::Microseconds, &[], all.clone()));
        let table = written_as(Format::Parquet);
        assert_eq!(table.row_groups().iter().map(|group| group.rows).collect::<Vec<_>>(), [120_000; 2]);
        assert_eq!(table.bounds(1, 0), Some(Bounds::Text("BBB".into(), "BBB".into())));
        let first = i64::from(days_since_1970(days[0])) * 86_400_000_000_000 + 34_200_000_000_000;
        let Some(Bounds::Time(least, _)) = table.bounds(0, 1) else { panic!() };
        assert_eq!(least, first);
        for table in FORMATS.map(written_as) {
            assert_eq!((rows(&table), table.row_groups().len()), (240_000, 2));
            let columns = table.read(1, &[0, 1, 2]).unwrap();
            let Values::Text { codes, dictionary } = &columns[0].values else { panic!() };
            assert!(codes.iter().all(|&code| dictionary[code as usize] == "BBB"));
            let Values::Number(read) = &columns[2].values else { panic!() };
            assert_eq!(read[40_000..80_000], prices);
            let Values::Time(read) = &columns[1].values else { panic!() };
            assert_eq!(read[40_001] - first, 86_400_000_000_000 + 60_000_000);
        }

        let mut out = Vec::new();
        let fine = [("A", days[0], &[1][..], &[1.0][..])];
        assert!(write_prices(&mut out, Format::Arrow, Precision::Microseconds, &[], fine).is_err());
        assert!(write_prices(&mut out, Format::Arrow, Precision::Nanoseconds, &[], fine).is_ok());
        let back = [("A", days[1], &[1][..], &[1.0][..]), ("A", days[0], &[1][..], &[1.0][..])];
        assert!(write_prices(&mut out, Format::Arrow, Precision::Nanoseconds, &[], back).is_err());
        assert!(
            write_prices(
                &mut out,
                Format::Arrow,
                Precision::Nanoseconds,
                &[],
                [("A", days[0], &[2, 2][..], &[1.0; 2][..])]
            )
            .is_err()
        );
    }
}
