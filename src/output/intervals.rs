//! Intervals as CSV, JSON, Parquet and Arrow, long and wide.
//!
//! * **Long**: a record for each day and stock, `date,stock,rv,lower,upper`, sorted by date, then stock.
//!   Several measures add a column `measure` and call the estimate `estimate`, several kinds of intervals a
//!   column `interval`; details add columns behind. As JSON an object that `pd.read_json(file,
//!   orient="table")` reads: a table schema and its records, beside what they are and how they came about.
//!   Parquet has what they are and how they came about as the key `bellwether` of its metadata.
//! * **Wide**: a row a day, two columns a stock. As CSV with two header rows (stock; lower, upper), which
//!   `pd.read_csv(file, header=[0, 1], index_col=0, parse_dates=True)` reads; as JSON what
//!   `pd.read_json(file, orient="split")` reads; as Parquet what `pd.read_parquet(file)` reads, with columns
//!   of two levels. Of one measure and one kind of interval.
//!
//! A stock without returns on a day has no cell there: no record in the long table, empty fields (null) in
//! the wide one.
//!
//! Dates are ISO 8601; numbers are in the shortest form that reads back as the same double. JSON has no
//! infinity: an infinite end is null there.

use std::io::{self, Write};

use jiff::civil::Date;
use ndarray::Array2;
use serde::ser::{SerializeMap, SerializeSeq};
use serde::{Serialize, Serializer};

use super::Format;
use super::manifest::Manifest;
use crate::bootstrap::{Ends, Intervals};

/// Arrangement of the cells.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Layout {
    /// A record for each day and stock.
    Long,
    /// A row for each day, two columns for each stock, under two header rows.
    Wide,
}

/// What is written.
#[derive(Debug, Clone, Copy)]
pub struct Report<'a, M> {
    /// The panel's stocks.
    pub stocks: &'a [String],
    /// The intervals, one for each measure.
    pub intervals: &'a [Intervals],
    /// What they are and how they came about: the key `method` of long JSON.
    pub method: &'a M,
    /// What they were computed from: the key `manifest` of long JSON, and of Parquet's metadata.
    pub manifest: Option<&'a Manifest>,
}

/// The value of one column in one record.
#[derive(Debug, Clone, Copy)]
enum Value<'a> {
    Date(Date),
    Text(&'a str),
    Number(f64),
    Count(u32),
}

impl Serialize for Value<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        match *self {
            Self::Date(date) => serializer.collect_str(&date),
            Self::Text(text) => serializer.serialize_str(text),
            // What is not finite becomes null.
            Self::Number(number) => serializer.serialize_f64(number),
            Self::Count(count) => serializer.serialize_u32(count),
        }
    }
}

#[cfg(feature = "parquet")]
impl<'a> From<Value<'a>> for super::table::Value<'a> {
    fn from(value: Value<'a>) -> Self {
        match value {
            Value::Date(date) => Self::Date(date),
            Value::Text(text) => Self::Text(text),
            Value::Number(number) => Self::Number(number),
            Value::Count(count) => Self::Integer(count.into()),
        }
    }
}

impl Value<'_> {
    fn text(&self) -> String {
        match *self {
            Self::Date(date) => date.to_string(),
            Self::Text(text) => text.to_owned(),
            Self::Number(value) => number(value),
            Self::Count(count) => count.to_string(),
        }
    }

    /// The text, `null` for what is not finite.
    fn plain(&self) -> String {
        match *self {
            Self::Number(value) if !value.is_finite() => "null".to_owned(),
            _ => self.text(),
        }
    }
}

/// Where a record is from.
#[derive(Debug, Clone, Copy)]
struct Place<'a> {
    intervals: &'a Intervals,
    ends: &'a Ends,
    stock: &'a str,
    at: [usize; 2],
}

/// One column of the long table.
struct Column {
    name: &'static str,
    /// Its type in a table schema.
    kind: &'static str,
    value: for<'a> fn(&Place<'a>) -> Value<'a>,
}

/// A column of numbers that intervals may have.
const fn numbers(name: &'static str, value: for<'a> fn(&Place<'a>) -> Value<'a>) -> Column {
    Column { name, kind: "number", value }
}

fn at(place: &Place<'_>, array: &Array2<f64>) -> Value<'static> {
    Value::Number(array[place.at])
}

/// A column of the details, NaN where there are none.
fn detail(place: &Place<'_>, of: impl FnOnce(&crate::bootstrap::Details) -> &Array2<f64>) -> Value<'static> {
    Value::Number(place.intervals.details.as_ref().map_or(f64::NAN, |details| of(details)[place.at]))
}

/// An end of infinitely many resamples, NaN where there is none.
fn exact(place: &Place<'_>, end: usize) -> Value<'static> {
    Value::Number(place.ends.exact.as_ref().map_or(f64::NAN, |exact| exact[end][place.at]))
}

/// The columns of the long table.
fn columns(all: &[Intervals]) -> Vec<Column> {
    let text = |name, value| Column { name, kind: "string", value };
    let mut columns = vec![
        Column {
            name: "date",
            kind: "datetime",
            value: |place| Value::Date(place.intervals.dates[place.at[0]]),
        },
        text("stock", |place| Value::Text(place.stock)),
    ];
    if all.len() > 1 {
        columns.push(text("measure", |place| Value::Text(place.intervals.name)));
    }
    if all.iter().any(|intervals| intervals.ends.len() > 1) {
        columns.push(text("interval", |place| Value::Text(place.ends.interval)));
    }
    let name = match all {
        [one] => one.name,
        _ => "estimate",
    };
    columns.push(numbers(name, |place| at(place, &place.intervals.estimate)));
    columns.push(numbers("lower", |place| at(place, &place.ends.lower)));
    columns.push(numbers("upper", |place| at(place, &place.ends.upper)));
    if all.iter().any(|intervals| intervals.ends.iter().any(|ends| ends.exact.is_some())) {
        columns.push(numbers("exact_lower", |place| exact(place, 0)));
        columns.push(numbers("exact_upper", |place| exact(place, 1)));
    }
    if all.iter().any(|intervals| intervals.details.is_some()) {
        columns.extend([
            Column {
                name: "n",
                kind: "integer",
                value: |place| {
                    Value::Count(place.intervals.details.as_ref().map_or(0, |details| details.rows[place.at]))
                },
            },
            numbers("se", |place| detail(place, |details| &details.standard_error)),
            numbers("bias", |place| detail(place, |details| &details.bias)),
            numbers("lower_error", |place| at(place, &place.ends.lower_error)),
            numbers("upper_error", |place| at(place, &place.ends.upper_error)),
            numbers("zeros", |place| detail(place, |details| &details.zeros)),
            numbers("largest", |place| detail(place, |details| &details.largest)),
            numbers("jump_z", |place| detail(place, |details| &details.jump_statistic)),
            numbers("jump_p", |place| detail(place, |details| &details.jump_p_value)),
            numbers("padded", |place| detail(place, |details| &details.padded)),
        ]);
    }
    columns
}

/// A column of the long table in memory, one value a record.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum LongColumn<'a> {
    /// Calendar days.
    Dates(Vec<Date>),
    /// Names of stocks, measures or intervals.
    Texts(Vec<&'a str>),
    /// Real numbers.
    Numbers(Vec<f64>),
    /// Numbers of returns.
    Counts(Vec<u32>),
}

/// The long table's columns with their names, in the order of a file of it; records by date, stock, measure
/// and interval. `stocks` are the panel's.
pub fn long_columns<'a>(stocks: &'a [String], all: &'a [Intervals]) -> Vec<(&'static str, LongColumn<'a>)> {
    let columns = columns(all);
    let mut values: Vec<LongColumn<'a>> = columns
        .iter()
        .map(|column| match column.kind {
            "datetime" => LongColumn::Dates(Vec::new()),
            "string" => LongColumn::Texts(Vec::new()),
            "integer" => LongColumn::Counts(Vec::new()),
            _ => LongColumn::Numbers(Vec::new()),
        })
        .collect();
    let Ok(()) = for_each(stocks, all, |place| {
        for (column, values) in columns.iter().zip(&mut values) {
            match ((column.value)(place), values) {
                (Value::Date(date), LongColumn::Dates(dates)) => dates.push(date),
                (Value::Text(text), LongColumn::Texts(texts)) => texts.push(text),
                (Value::Number(number), LongColumn::Numbers(numbers)) => numbers.push(number),
                (Value::Count(count), LongColumn::Counts(counts)) => counts.push(count),
                // A column's values are of its kind.
                _ => {}
            }
        }
        Ok::<(), std::convert::Infallible>(())
    });
    columns.iter().map(|column| column.name).zip(values).collect()
}

/// Calls `take` for each record of the long table, by date, stock, measure and interval.
fn for_each<'a, E>(
    stocks: &'a [String],
    all: &'a [Intervals],
    mut take: impl FnMut(&Place<'a>) -> Result<(), E>,
) -> Result<(), E> {
    let Some(first) = all.first() else { return Ok(()) };
    for day in 0..first.dates.len() {
        for (number, stock) in stocks.iter().enumerate() {
            for intervals in all {
                let Some(cell) = intervals.cells.iter().position(|&cell| cell == number) else { continue };
                if !intervals.has([day, cell]) {
                    continue;
                }
                for ends in &intervals.ends {
                    take(&Place { intervals, ends, stock, at: [day, cell] })?;
                }
            }
        }
    }
    Ok(())
}

/// A record of the long table.
struct Record<'a>(&'a [Column], Place<'a>);

impl Serialize for Record<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut fields = serializer.serialize_map(Some(self.0.len()))?;
        for column in self.0 {
            fields.serialize_entry(column.name, &(column.value)(&self.1))?;
        }
        fields.end()
    }
}

/// The records of the long table.
struct Records<'a>(&'a [Column], &'a [String], &'a [Intervals]);

impl Serialize for Records<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        let mut records = serializer.serialize_seq(None)?;
        for_each(self.1, self.2, |place| records.serialize_element(&Record(self.0, *place)))?;
        records.end()
    }
}

/// A field of a table schema.
#[derive(Serialize)]
struct Field {
    name: &'static str,
    #[serde(rename = "type")]
    kind: &'static str,
}

#[derive(Serialize)]
struct Schema {
    fields: Vec<Field>,
    pandas_version: &'static str,
}

#[derive(Serialize)]
struct Table<'a, M> {
    method: &'a M,
    #[serde(skip_serializing_if = "Option::is_none")]
    manifest: Option<&'a Manifest>,
    schema: Schema,
    data: Records<'a>,
}

/// A table as pandas splits it.
#[derive(Debug, Serialize)]
struct Split<'a> {
    columns: Vec<[&'a str; 2]>,
    #[serde(serialize_with = "as_texts")]
    index: Vec<Date>,
    /// None where there is no cell.
    data: Vec<Vec<Option<f64>>>,
}

fn as_texts<S: Serializer>(dates: &[Date], serializer: S) -> Result<S::Ok, S::Error> {
    serializer.collect_seq(dates.iter().map(ToString::to_string))
}

/// Writes a report. The estimate's column has the measure's name: `rv` for realized variance.
///
/// # Errors
///
/// Whatever `out` returns.
pub fn write<M: Serialize>(
    out: &mut dyn Write,
    report: &Report<'_, M>,
    format: Format,
    layout: Layout,
) -> io::Result<()> {
    let Report { stocks, intervals, method, manifest } = *report;
    match (format, layout) {
        (Format::Csv, Layout::Long) => {
            let columns = columns(intervals);
            let mut writer = csv::Writer::from_writer(out);
            writer.write_record(columns.iter().map(|column| column.name))?;
            for_each(stocks, intervals, |place| {
                writer.write_record(columns.iter().map(|column| (column.value)(place).text()))
            })?;
            writer.flush()
        }
        (Format::Csv, Layout::Wide) => {
            let mut writer = csv::Writer::from_writer(out);
            let Split { columns, index, data } = split(stocks, intervals);
            for level in 0..2 {
                let names = columns.iter().map(|column| column[level]);
                writer.write_record(std::iter::once("").chain(names))?;
            }
            for (date, row) in index.into_iter().zip(data) {
                let row = row.into_iter().map(|end| end.map(number).unwrap_or_default());
                writer.write_record(std::iter::once(date.to_string()).chain(row))?;
            }
            writer.flush()
        }
        (Format::Json, Layout::Long) => {
            let columns = columns(intervals);
            let fields =
                columns.iter().map(|column| Field { name: column.name, kind: column.kind }).collect();
            let schema = Schema { fields, pandas_version: "1.4.0" };
            json(out, &Table { method, manifest, schema, data: Records(&columns, stocks, intervals) })
        }
        (Format::Json, Layout::Wide) => json(out, &split(stocks, intervals)),
        #[cfg(feature = "parquet")]
        (Format::Parquet | Format::Arrow, Layout::Long) => {
            use super::table::{Field, Kind, RecordWriter};
            let columns = columns(intervals);
            let kind = |column: &Column| match column.kind {
                "datetime" => Kind::Date,
                "string" => Kind::Category,
                "integer" => Kind::Integer,
                _ => Kind::Number,
            };
            let fields = columns.iter().map(|column| Field::new(column.name, kind(column))).collect();
            let mut writer = RecordWriter::with_metadata(out, format, fields, &metadata(method, manifest)?)?;
            for_each(stocks, intervals, |place| {
                writer.write(columns.iter().map(|column| (column.value)(place).into()))
            })?;
            writer.finish()
        }
        #[cfg(feature = "parquet")]
        (Format::Parquet | Format::Arrow, Layout::Wide) => {
            wide_columns(out, format, &split(stocks, intervals), metadata(method, manifest)?)
        }
    }
}

/// The names of the long table's columns, and its records: the text of each field as CSV has it, `null` for
/// what is not finite, as JSON has it.
pub fn records(stocks: &[String], intervals: &[Intervals]) -> (Vec<String>, Vec<Vec<String>>) {
    let columns = columns(intervals);
    let mut records = Vec::new();
    let done: Result<(), std::convert::Infallible> = for_each(stocks, intervals, |place| {
        records.push(columns.iter().map(|column| (column.value)(place).plain()).collect());
        Ok(())
    });
    let Ok(()) = done;
    (columns.iter().map(|column| column.name.to_owned()).collect(), records)
}

/// The hash of the records of the long table, whatever the file's format: `blake3:` and 64 hexadecimal
/// digits. Each field is its text in [`records`] and the byte 0x1f; each record, the names of the columns
/// first, ends with 0x1e.
pub fn records_hash(stocks: &[String], intervals: &[Intervals]) -> String {
    let columns = columns(intervals);
    let mut hash = RecordsHash::new(columns.iter().map(|column| column.name));
    let done: Result<(), std::convert::Infallible> = for_each(stocks, intervals, |place| {
        hash.add(columns.iter().map(|column| (column.value)(place).plain()));
        Ok(())
    });
    let Ok(()) = done;
    hash.finish()
}

/// The hash of records, one after the other.
#[derive(Debug, Default)]
pub(crate) struct RecordsHash(blake3::Hasher);

impl RecordsHash {
    /// Of records of these columns.
    pub(crate) fn new<'a>(columns: impl Iterator<Item = &'a str>) -> Self {
        let mut new = Self::default();
        new.add(columns);
        new
    }

    /// Takes a record.
    pub(crate) fn add(&mut self, fields: impl Iterator<Item = impl AsRef<str>>) {
        for field in fields {
            self.0.update(field.as_ref().as_bytes()).update(&[0x1f]);
        }
        self.0.update(&[0x1e]);
    }

    /// Of all records.
    pub(crate) fn finish(self) -> String {
        crate::panel::content::named(&self.0.finalize())
    }
}

/// The keys of a Parquet or Arrow file's metadata.
#[cfg(feature = "parquet")]
fn metadata(method: &impl Serialize, manifest: Option<&Manifest>) -> io::Result<Vec<(&'static str, String)>> {
    let mut metadata = vec![("bellwether", serde_json::to_string(method)?)];
    if let Some(manifest) = manifest {
        metadata.push((super::manifest::KEY, serde_json::to_string(manifest)?));
    }
    Ok(metadata)
}

/// The wide table as pandas would write it: the index is called `__index_level_0__`, and names of two levels
/// are Python's tuples.
#[cfg(feature = "parquet")]
fn wide_columns(
    out: &mut dyn Write,
    format: Format,
    split: &Split<'_>,
    mut metadata: Vec<(&'static str, String)>,
) -> io::Result<()> {
    use super::table::{Cells, Field, Kind, ROWS, TableWriter, days_since_1970};
    use serde_json::json;
    const INDEX: &str = "__index_level_0__";
    let names: Vec<String> =
        split.columns.iter().map(|[stock, end]| format!("({}, '{end}')", python(stock))).collect();
    let level = json!({
        "name": null, "field_name": null, "pandas_type": "unicode", "numpy_type": "object",
        "metadata": { "encoding": "UTF-8" },
    });
    let column = |name: &str, shown: Option<&str>, pandas: &str, numpy: &str| {
        json!({
            "name": shown, "field_name": name, "pandas_type": pandas, "numpy_type": numpy, "metadata": null,
        })
    };
    let numbers = names.iter().map(|name| column(name, Some(name), "float64", "float64"));
    let pandas = json!({
        "index_columns": [INDEX],
        "column_indexes": [level, level],
        "columns": numbers.chain([column(INDEX, None, "date", "object")]).collect::<Vec<_>>(),
        "creator": { "library": "bellwether", "version": env!("CARGO_PKG_VERSION") },
        "pandas_version": "2.0.0",
    });
    let fields = names.iter().map(|name| Field::new(name, Kind::Number));
    let fields = fields.chain([Field::new(INDEX, Kind::Date)]).collect();
    metadata.push(("pandas", pandas.to_string()));
    let mut writer = TableWriter::new(out, format, fields, &metadata)?;
    for (dates, rows) in split.index.chunks(ROWS).zip(split.data.chunks(ROWS)) {
        let numbers = (0..names.len())
            .map(|i| Cells::Numbers(rows.iter().map(|row| row[i].unwrap_or(f64::NAN)).collect()));
        let days = Cells::Days(dates.iter().map(|&date| days_since_1970(date)).collect());
        writer.write(&numbers.chain([days]).collect::<Vec<_>>())?;
    }
    writer.finish()
}

/// A text as Python writes it.
#[cfg(feature = "parquet")]
fn python(text: &str) -> String {
    format!("'{}'", text.replace('\\', "\\\\").replace('\'', "\\'").replace('\n', "\\n").replace('\r', "\\r"))
}

fn json(out: &mut dyn Write, value: &impl Serialize) -> io::Result<()> {
    serde_json::to_writer(&mut *out, value)?;
    out.write_all(b"\n")
}

/// The shortest text that reads back as the same double: `1.25e-5`.
fn number(value: f64) -> String {
    format!("{value:?}")
}

/// The first measure's first kind of intervals.
fn split<'a>(stocks: &'a [String], all: &'a [Intervals]) -> Split<'a> {
    let Some(intervals) = all.first() else {
        return Split { columns: Vec::new(), index: Vec::new(), data: Vec::new() };
    };
    let ends = |day: usize| {
        let of_cell = move |cell: usize| {
            let at = [day, cell];
            [intervals.lower(), intervals.upper()].map(|ends| intervals.has(at).then_some(ends[at]))
        };
        (0..intervals.cells.len()).flat_map(of_cell).collect()
    };
    let names = intervals.cells.iter().filter_map(|&stock| stocks.get(stock)).map(String::as_str);
    Split {
        columns: names.flat_map(|stock| [[stock, "lower"], [stock, "upper"]]).collect(),
        index: intervals.dates.clone(),
        data: (0..intervals.dates.len()).map(ends).collect(),
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::array;

    use super::*;

    fn intervals() -> Intervals {
        let dates = vec![date(2007, 1, 3), date(2007, 1, 4)];
        let mut intervals = Intervals::empty("rv", vec![0, 1], dates, &["percentile"]);
        intervals.estimate = array![[0.5, 1e-5], [3e-7, 0.0]];
        intervals.ends[0].lower = array![[0.25, 1.5e-6], [0.1, 0.0]];
        intervals.ends[0].upper = array![[1.0, 2e-5], [0.3, 1e-300]];
        intervals
    }

    fn text(intervals: &[Intervals], format: Format, layout: Layout) -> String {
        let mut out = Vec::new();
        let report =
            Report { stocks: &["A".into(), "B,C".into()], intervals, method: &"how", manifest: None };
        write(&mut out, &report, format, layout).unwrap();
        String::from_utf8(out).unwrap()
    }

    #[test]
    fn columns_in_memory_are_those_of_the_file() {
        let (stocks, all) = (["A".to_owned(), "B,C".to_owned()], [intervals(), intervals()]);
        let columns = long_columns(&stocks, &all);
        let file = text(&all, Format::Csv, Layout::Long);
        let mut reader = csv::Reader::from_reader(file.as_bytes());
        let names: Vec<&str> = columns.iter().map(|(name, _)| *name).collect();
        assert_eq!(reader.headers().unwrap(), names);
        let records: Vec<csv::StringRecord> = reader.records().collect::<Result<_, _>>().unwrap();
        assert_eq!(records.len(), 8);
        for (place, (name, column)) in columns.iter().enumerate() {
            let texts: Vec<String> = match column {
                LongColumn::Dates(dates) => dates.iter().map(ToString::to_string).collect(),
                LongColumn::Texts(texts) => texts.iter().map(ToString::to_string).collect(),
                LongColumn::Numbers(numbers) => numbers.iter().map(|value| number(*value)).collect(),
                LongColumn::Counts(counts) => counts.iter().map(ToString::to_string).collect(),
            };
            assert_eq!(records.iter().map(|record| &record[place]).collect::<Vec<_>>(), texts, "{name}");
        }
    }

    #[test]
    fn long_csv() {
        assert_eq!(
            text(&[intervals()], Format::Csv, Layout::Long),
            "date,stock,rv,lower,upper\n2007-01-03,A,0.5,0.25,1.0\n2007-01-03,\"B,C\",1e-5,1.5e-6,2e-5\n\
             2007-01-04,A,3e-7,0.1,0.3\n2007-01-04,\"B,C\",0.0,0.0,1e-300\n"
        );
    }

    #[test]
    fn wide_csv() {
        assert_eq!(
            text(&[intervals()], Format::Csv, Layout::Wide),
            ",A,A,\"B,C\",\"B,C\"\n,lower,upper,lower,upper\n2007-01-03,0.25,1.0,1.5e-6,2e-5\n\
             2007-01-04,0.1,0.3,0.0,1e-300\n"
        );
    }

    #[cfg(feature = "parquet")]
    fn table(
        intervals: &[Intervals],
        format: Format,
        layout: Layout,
    ) -> (tempfile::TempDir, crate::panel::ColumnFile) {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("intervals");
        let mut out = std::fs::File::create(&path).unwrap();
        let report =
            Report { stocks: &["A".into(), "B,'C".into()], intervals, method: &"how", manifest: None };
        write(&mut out, &report, format, layout).unwrap();
        let table = crate::panel::ColumnFile::open(&path).unwrap();
        (folder, table)
    }

    /// The columns of a table, as CSV has them.
    #[cfg(feature = "parquet")]
    fn read_back(table: &crate::panel::ColumnFile) -> String {
        use crate::panel::parquet::Values;
        let columns: Vec<usize> = (0..table.columns().len()).collect();
        let mut writer = csv::Writer::from_writer(Vec::new());
        writer.write_record(table.columns().iter().map(|column| &column.name)).unwrap();
        for group in 0..table.row_groups().len() {
            let columns = table.read(group, &columns).unwrap();
            for row in 0..columns[0].len() {
                let text = |values: &Values| match values {
                    Values::Date(days) => {
                        date(1970, 1, 1).checked_add(jiff::Span::new().days(days[row])).unwrap().to_string()
                    }
                    Values::Number(numbers) => number(numbers[row]),
                    Values::Integer(numbers) => numbers[row].to_string(),
                    Values::Text { codes, dictionary } => dictionary[codes[row] as usize].clone(),
                    other => panic!("{other:?}"),
                };
                writer.write_record(columns.iter().map(|column| text(&column.values))).unwrap();
            }
        }
        String::from_utf8(writer.into_inner().unwrap()).unwrap()
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn files_of_columns_hold_the_same_numbers() {
        let stocks = ["A".to_owned(), "B,'C".to_owned()];
        let csv = |intervals: &[Intervals]| {
            let mut out = Vec::new();
            write(
                &mut out,
                &Report { stocks: &stocks, intervals, method: &"how", manifest: None },
                Format::Csv,
                Layout::Long,
            )
            .unwrap();
            String::from_utf8(out).unwrap()
        };
        for format in [Format::Parquet, Format::Arrow] {
            let mut one = intervals();
            let (_folder, read) = table(&[one.clone()], format, Layout::Long);
            assert_eq!(read_back(&read), csv(&[one.clone()]));
            assert_eq!(read.metadata("bellwether"), Some("\"how\""));
            assert_eq!(read.metadata("ARROW:schema").is_some(), format == Format::Parquet);

            // What is infinite or no number, several kinds and measures, and details.
            one.ends.push(Ends { interval: "basic", ..one.ends[0].clone() });
            one.ends[1].upper[[0, 0]] = f64::INFINITY;
            one.ends[1].lower[[0, 0]] = f64::NAN;
            let other = Intervals::empty("beta", vec![1], one.dates.clone(), &["percentile"]);
            let all = [one, other];
            let (_folder, read) = table(&all, format, Layout::Long);
            assert_eq!(read_back(&read), csv(&all));

            let (_folder, wide) = table(&[intervals()], format, Layout::Wide);
            assert_eq!(
                read_back(&wide),
                "\"('A', 'lower')\",\"('A', 'upper')\",\"('B,\\'C', 'lower')\",\"('B,\\'C', 'upper')\",\
                 __index_level_0__\n0.25,1.0,1.5e-6,2e-5,2007-01-03\n0.1,0.3,0.0,1e-300,2007-01-04\n"
            );
            assert_eq!(wide.columns()[2].levels, ["B,'C", "lower"]);
            assert!(wide.columns()[4].is_unnamed_index());
        }
    }

    #[test]
    fn json_holds_the_same_numbers() {
        let long: serde_json::Value =
            serde_json::from_str(&text(&[intervals()], Format::Json, Layout::Long)).unwrap();
        assert_eq!(long["data"][1]["stock"], "B,C");
        assert_eq!(long["data"][3]["upper"], 1e-300);
        assert_eq!(long["schema"]["fields"][2], serde_json::json!({ "name": "rv", "type": "number" }));
        assert_eq!(long["method"], "how");
        let wide: serde_json::Value =
            serde_json::from_str(&text(&[intervals()], Format::Json, Layout::Wide)).unwrap();
        assert_eq!(wide["columns"][3], serde_json::json!(["B,C", "upper"]));
        assert_eq!(wide["data"][0][3], 2e-5);
        assert_eq!(wide["index"][1], "2007-01-04");
    }

    #[test]
    fn cells_that_are_not_there_are_left_out_or_empty() {
        let mut one = intervals();
        one.present[[1, 0]] = false;
        one.estimate[[1, 0]] = f64::NAN;
        assert_eq!(
            text(&[one.clone()], Format::Csv, Layout::Long),
            "date,stock,rv,lower,upper\n2007-01-03,A,0.5,0.25,1.0\n2007-01-03,\"B,C\",1e-5,1.5e-6,2e-5\n\
             2007-01-04,\"B,C\",0.0,0.0,1e-300\n"
        );
        let wide = text(&[one.clone()], Format::Csv, Layout::Wide);
        assert!(wide.ends_with("2007-01-03,0.25,1.0,1.5e-6,2e-5\n2007-01-04,,,0.0,1e-300\n"), "{wide}");
        let json = |layout| -> serde_json::Value {
            serde_json::from_str(&text(&[one.clone()], Format::Json, layout)).unwrap()
        };
        assert_eq!(json(Layout::Long)["data"].as_array().unwrap().len(), 3);
        let wide = json(Layout::Wide);
        assert_eq!(wide["data"][1], serde_json::json!([null, null, 0.0, 1e-300]));
    }

    #[test]
    fn several_measures_and_intervals_are_named() {
        let mut one = intervals();
        one.ends.push(Ends { interval: "basic", ..one.ends[0].clone() });
        one.ends[1].upper[[0, 0]] = f64::INFINITY;
        // A measure of pairs, which has no cell of the first stock.
        let other = Intervals::empty("beta", vec![1], one.dates.clone(), &["percentile"]);
        let table = text(&[one.clone(), other.clone()], Format::Csv, Layout::Long);
        let lines: Vec<&str> = table.lines().collect();
        assert_eq!(
            lines[..6],
            [
                "date,stock,measure,interval,estimate,lower,upper",
                "2007-01-03,A,rv,percentile,0.5,0.25,1.0",
                "2007-01-03,A,rv,basic,0.5,0.25,inf",
                "2007-01-03,\"B,C\",rv,percentile,1e-5,1.5e-6,2e-5",
                "2007-01-03,\"B,C\",rv,basic,1e-5,1.5e-6,2e-5",
                "2007-01-03,\"B,C\",beta,percentile,0.0,0.0,0.0",
            ]
        );
        let json: serde_json::Value =
            serde_json::from_str(&text(&[one, other], Format::Json, Layout::Long)).unwrap();
        assert_eq!(json["data"][1]["upper"], serde_json::Value::Null);
    }
}
