//! Results read back, to be checked: the records of a table of intervals in any format, and its manifest.
//!
//! Fields are texts as [`super::intervals::records`] has them, so that two tables are compared record by
//! record, whatever they are written as.

use std::collections::BTreeMap;
use std::path::Path;

use serde::Deserialize;
use serde_json::value::RawValue;

use super::Format;
use super::manifest::{Manifest, ManifestFile};
use crate::error::{Error, Result};

/// A table of intervals that was written.
#[derive(Debug, Clone, PartialEq)]
pub struct ResultFile {
    /// What it says that it was computed from.
    pub manifest: Option<Manifest>,
    /// The columns' names: of the long table, or of a wide one `date`, `stock`, `lower` and `upper`.
    pub columns: Vec<String>,
    /// The records, field after field.
    pub records: Vec<Vec<String>>,
    /// Whether it is wide, and holds the ends alone.
    pub is_wide: bool,
}

/// Columns that hold texts, or whole numbers.
const TEXTS: [&str; 5] = ["date", "stock", "measure", "interval", "n"];

/// A field of a number as text: in its shortest form, `null` where it is none.
fn number(text: &str) -> String {
    match text.parse::<f64>() {
        Ok(value) if value.is_finite() => format!("{value:?}"),
        _ => "null".to_owned(),
    }
}

fn field(column: &str, text: &str) -> String {
    if TEXTS.contains(&column) { text.to_owned() } else { number(text) }
}

fn unusable(path: &Path, why: impl std::fmt::Display) -> Error {
    Error::Unusable { path: path.to_path_buf(), why: why.to_string() }
}

impl ResultFile {
    /// Reads a result in this format.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], or [`Error::Unusable`] where it is no table of intervals.
    pub fn read(path: &Path, format: Format) -> Result<Self> {
        match format {
            Format::Csv => Self::csv(path),
            Format::Json => Self::json(path),
            #[cfg(feature = "parquet")]
            Format::Parquet | Format::Arrow => Self::columns(path),
        }
    }

    fn csv(path: &Path) -> Result<Self> {
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        let mut reader = csv::ReaderBuilder::new().has_headers(false).from_reader(text.as_bytes());
        let rows: Result<Vec<csv::StringRecord>, csv::Error> = reader.records().collect();
        let rows = rows.map_err(|error| unusable(path, error))?;
        let Some((header, rows)) = rows.split_first() else { return Err(unusable(path, "it is empty")) };
        let columns: Vec<String> = header.iter().map(str::to_owned).collect();
        if columns.first().is_some_and(String::is_empty) {
            let Some((ends, rows)) = rows.split_first() else { return Err(unusable(path, "it has one row")) };
            let names = header.iter().skip(1).zip(ends.iter().skip(1));
            let names: Vec<[String; 2]> = names.map(|(one, two)| [one.to_owned(), two.to_owned()]).collect();
            let rows = rows.iter().map(|row| {
                let mut fields = row.iter().map(str::to_owned);
                (fields.next().unwrap_or_default(), fields.map(Some).collect())
            });
            return Ok(wide(None, &names, rows.collect()));
        }
        let fields =
            |row: &csv::StringRecord| columns.iter().zip(row).map(|(name, text)| field(name, text)).collect();
        let records = rows.iter().map(fields).collect();
        Self { manifest: None, columns, records, is_wide: false }.checked(path)
    }

    fn json(path: &Path) -> Result<Self> {
        #[derive(Deserialize)]
        struct Name {
            name: String,
        }
        #[derive(Deserialize)]
        struct Schema {
            fields: Vec<Name>,
        }
        #[derive(Deserialize)]
        struct Long<'a> {
            manifest: Option<Manifest>,
            schema: Schema,
            #[serde(borrow)]
            data: Vec<BTreeMap<String, &'a RawValue>>,
        }
        #[derive(Deserialize)]
        struct Split {
            columns: Vec<[String; 2]>,
            index: Vec<String>,
            data: Vec<Vec<Box<RawValue>>>,
        }
        let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
        if let Ok(Split { columns, index, data }) = serde_json::from_str(&text) {
            let fields = |row: Vec<Box<RawValue>>| row.iter().map(|one| Some(one.get().to_owned())).collect();
            return Ok(wide(None, &columns, index.into_iter().zip(data.into_iter().map(fields)).collect()));
        }
        let Long { manifest, schema, data } =
            serde_json::from_str(&text).map_err(|error| unusable(path, error))?;
        let columns: Vec<String> = schema.fields.into_iter().map(|field| field.name).collect();
        let of_row = |row: BTreeMap<String, &RawValue>| -> Vec<String> {
            let of_column = |name: &String| {
                let raw = row.get(name).map_or("", |raw| raw.get());
                field(name, &serde_json::from_str::<String>(raw).unwrap_or_else(|_| raw.to_owned()))
            };
            columns.iter().map(of_column).collect()
        };
        let records = data.into_iter().map(of_row).collect();
        Self { manifest, columns, records, is_wide: false }.checked(path)
    }

    #[cfg(feature = "parquet")]
    fn columns(path: &Path) -> Result<Self> {
        use crate::panel::ColumnFile;
        use crate::panel::parquet::Values;
        let table = ColumnFile::open(path)?;
        let manifest = table.metadata(super::manifest::KEY);
        let manifest =
            manifest.map(serde_json::from_str).transpose().map_err(|error| unusable(path, error))?;
        let all: Vec<usize> = (0..table.columns().len()).collect();
        let mut rows: Vec<Vec<String>> = Vec::new();
        for group in 0..table.row_groups().len() {
            let columns = table.read(group, &all)?;
            let count = columns.first().map_or(0, crate::panel::parquet::ColumnValues::len);
            for row in 0..count {
                let text = |values: &Values| match values {
                    Values::Date(days) => {
                        let days = jiff::Span::new().try_days(days[row]);
                        let date = days.and_then(|days| jiff::civil::date(1970, 1, 1).checked_add(days));
                        date.map_or_else(|_| String::new(), |date| date.to_string())
                    }
                    Values::Number(numbers) => number(&format!("{:?}", numbers[row])),
                    Values::Integer(numbers) => numbers[row].to_string(),
                    Values::Text { codes, dictionary } => {
                        dictionary.get(codes[row] as usize).cloned().unwrap_or_default()
                    }
                    _ => String::new(),
                };
                rows.push(columns.iter().map(|column| text(&column.values)).collect());
            }
        }
        let index = table.columns().iter().position(crate::panel::parquet::Column::is_unnamed_index);
        if let Some(index) = index {
            let names = table.columns().iter().filter(|column| !column.is_unnamed_index());
            let names = names.map(|column| match &column.levels[..] {
                [stock, end] => [stock.clone(), end.clone()],
                _ => [column.name.clone(), String::new()],
            });
            let rows = rows.into_iter().map(|mut row| {
                let date = row.remove(index);
                (date, row.into_iter().map(Some).collect())
            });
            return Ok(wide(manifest, &names.collect::<Vec<_>>(), rows.collect()));
        }
        let columns = table.columns().iter().map(|column| column.name.clone()).collect();
        Self { manifest, columns, records: rows, is_wide: false }.checked(path)
    }

    fn checked(self, path: &Path) -> Result<Self> {
        if !["date", "stock", "lower", "upper"]
            .iter()
            .all(|name| self.columns.iter().any(|known| known == name))
        {
            return Err(unusable(path, "it has no columns date, stock, lower and upper"));
        }
        if let Some(row) = self.records.iter().position(|record| record.len() != self.columns.len()) {
            return Err(unusable(path, format!("record {} has not a field for each column", row + 1)));
        }
        Ok(self)
    }
}

/// The records of a wide table: names of columns are stocks and ends, two of each stock.
fn wide(
    manifest: Option<Manifest>,
    names: &[[String; 2]],
    rows: Vec<(String, Vec<Option<String>>)>,
) -> ResultFile {
    let mut records = Vec::new();
    for (date, fields) in rows {
        for (pair, names) in fields.chunks(2).zip(names.chunks(2)) {
            let texts: Vec<String> = pair.iter().flatten().map(|text| number(text)).collect();
            // A stock without a cell on the day has neither end.
            if texts.iter().any(|text| text != "null") {
                let mut record = vec![date.clone(), names[0][0].clone()];
                record.extend(texts);
                records.push(record);
            }
        }
    }
    let columns = ["date", "stock", "lower", "upper"].map(str::to_owned).to_vec();
    ResultFile { manifest, columns, records, is_wide: true }
}

/// Reads a manifest that has a file of its own.
///
/// # Errors
///
/// [`Error::Io`], or [`Error::Unusable`] where it is none.
pub fn read_manifest(path: &Path) -> Result<Manifest> {
    let text = std::fs::read_to_string(path).map_err(Error::io("read", path))?;
    let file: ManifestFile = serde_json::from_str(&text).map_err(|error| unusable(path, error))?;
    Ok(file.manifest)
}
