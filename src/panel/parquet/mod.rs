//! Tables in Parquet files.
//!
//! A [`Table`] is a file of R rows and C columns, cut into groups of rows. Any column of any group can be
//! read by itself; nothing else of the file is.
//!
//! ```text
//! footer ─ schema, kinds ──────┐
//!                              ├─ Table ─ read(row group, columns) ─ pages ─ decode ─ Values
//! footer ─ row groups, bounds ─┘
//! ```
//!
//! * **Times** are nanoseconds since 1970, whatever their unit in the file; one that does not fit (before
//!   1677, after 2262) is an error. INT96, which Spark and Impala wrote, is read as what a local clock
//!   showed.
//! * **Numbers** are doubles: decimals become the nearest ones.
//! * **Text** is a code a row and a list of distinct texts, so that a column of stocks takes four bytes a
//!   row.
//! * **Missing** values are told apart from NaN: see [`ColumnValues::valid`].
//!
//! # Trust
//!
//! A file may be cut off, damaged, or made to harm. Before anything is allocated the sizes that it states are
//! held against its own size: the footer's lists and its tree of columns, the place of each column, the
//! number of rows, and each page's size against what its codec can expand. Checksums of pages are verified
//! where there are any. Damage within values that has none can't be noticed, as in any format. The `parquet`
//! crate may panic on malformed input; that is caught here, in one place, and becomes an error.
//!
//! # Examples
//!
//! ```
//! use bellwether::panel::parquet::{Kind, Table, Values};
//!
//! let table = Table::open("tests/data/parquet/long.parquet")?;
//! let place = |name| table.columns().iter().position(|column| column.name == name);
//! let (Some(stock), Some(price)) = (place("stock"), place("price")) else { unreachable!() };
//! assert_eq!(table.columns()[stock].kind, Kind::Text);
//! for group in 0..table.row_groups().len() {
//!     let columns = table.read(group, &[stock, price])?;
//!     let (stocks, prices) = (&columns[0].values, &columns[1].values);
//!     let (Values::Text { codes, dictionary }, Values::Number(prices)) = (stocks, prices)
//!     else {
//!         unreachable!()
//!     };
//!     println!("{} at {}", dictionary[codes[0] as usize], prices[0]);
//! }
//! # Ok::<(), bellwether::Error>(())
//! ```

mod convert;
mod decode;
mod error;
mod packed;
mod pages;
mod schema;
mod thrift;
mod values;

use std::fs::{self, File};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::SystemTime;

use parquet::basic::Type as Physical;
use parquet::file::metadata::{ParquetMetaData, ParquetMetaDataReader, RowGroupMetaData};
use parquet::file::statistics::Statistics;

pub use error::TableProblem;
pub use schema::{Column, Kind};
pub use values::{ColumnValues, NO_TEXT, Values};

use super::PanelError;
use crate::error::{Error, Result};
use crate::panics;
pub(in crate::panel) use convert::{OutOfRange, Texts, decimal, integer, scale, within_a_day};
use decode::{DecodeProblem, Decoder};
pub(in crate::panel) use pages::read_at;
use pages::{PageProblem, Pages};
use schema::{Form, Leaf};
pub(in crate::panel) use schema::{MOST_DECIMALS, Pandas};

/// A group of rows of a table.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub struct RowGroup {
    /// The number of rows.
    pub rows: usize,
    /// The number of rows before it.
    pub first_row: u64,
    /// Its bytes in the file.
    pub bytes: u64,
}

/// The least and the most of a column within a group of rows, as the file states them. They are bounds: no
/// value lies outside, but they need not be values.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Bounds {
    /// Of times, in nanoseconds since 1970.
    Time(i64, i64),
    /// Of days since 1970.
    Date(i32, i32),
    /// Of times of the day, in nanoseconds.
    TimeOfDay(i64, i64),
    /// Of numbers, NaN left aside.
    Number(f64, f64),
    /// Of integers.
    Integer(i64, i64),
    /// Of texts, in the order of their bytes.
    Text(String, String),
}

/// A Parquet file. Clones share the file and what is known of it, so that each thread can have one.
#[derive(Debug, Clone)]
pub struct Table {
    path: PathBuf,
    file: Arc<File>,
    stamp: Stamp,
    metadata: Arc<ParquetMetaData>,
    columns: Arc<[Column]>,
    leaves: Arc<[Leaf]>,
    row_groups: Arc<[RowGroup]>,
}

/// What changes when a file is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(in crate::panel) struct Stamp {
    pub(in crate::panel) size: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    /// Of a file, and whether it is a regular one.
    pub(in crate::panel) fn of(file: &File) -> std::io::Result<(Self, bool)> {
        let found = file.metadata()?;
        Ok((Self { size: found.len(), modified: found.modified().ok() }, found.is_file()))
    }
}

/// How Parquet files begin and end, and those whose footer is encrypted.
const MAGIC: &[u8; 4] = b"PAR1";
const MAGIC_ENCRYPTED: &[u8; 4] = b"PARE";

/// Whether a file with this beginning is a Parquet file.
pub fn is_parquet(beginning: &[u8]) -> bool {
    beginning.starts_with(MAGIC) || beginning.starts_with(MAGIC_ENCRYPTED)
}

impl Table {
    /// Opens the file at `path` and reads its footer.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; [`PanelError::Table`] where it is no Parquet file, is cut off, encrypted, or its footer
    /// is damaged.
    pub fn open(path: impl AsRef<Path>) -> Result<Self> {
        let path = path.as_ref();
        // Opening a pipe waits for its writer.
        let found = fs::metadata(path).map_err(Error::io("read", path))?;
        if !found.is_file() {
            return Err(wrong(path, TableProblem::NotAFile));
        }
        let file = File::open(path).map_err(Error::io("read", path))?;
        let (stamp, is_file) = Stamp::of(&file).map_err(Error::io("read", path))?;
        if !is_file {
            return Err(wrong(path, TableProblem::NotAFile));
        }
        let read = |start, length| read_at(&file, start, length).map_err(Error::io("read", path));
        let no_parquet = |why: String| wrong(path, TableProblem::NotParquet(why));
        // The magic, twice, and the footer's length.
        if stamp.size < 12 {
            return Err(no_parquet(format!("it has {} bytes", stamp.size)));
        }
        let begin = read(0, 4)?;
        let end = read(stamp.size - 8, 8)?;
        if begin == MAGIC_ENCRYPTED || end[4..] == MAGIC_ENCRYPTED[..] {
            return Err(wrong(path, TableProblem::Encrypted));
        }
        if begin != MAGIC {
            return Err(no_parquet("it does not begin with PAR1".into()));
        }
        if end[4..] != MAGIC[..] {
            return Err(no_parquet("it does not end with PAR1".into()));
        }
        let length = u64::from(u32::from_le_bytes([end[0], end[1], end[2], end[3]]));
        if length > stamp.size - 12 {
            return Err(wrong(path, TableProblem::Footer("it is longer than the file".into())));
        }
        let footer = read(stamp.size - 8 - length, length as usize)?;
        let footer_error = |why: String| wrong(path, TableProblem::Footer(why));
        thrift::check_footer(&footer).map_err(|why| footer_error(why.into()))?;
        let (metadata, (columns, leaves)) = panics::caught(|| {
            let metadata = ParquetMetaDataReader::decode_metadata(&footer).map_err(pages::message)?;
            let columns = schema::columns(metadata.file_metadata());
            Ok((metadata, columns))
        })
        .unwrap_or_else(Err)
        .map_err(footer_error)?;
        let row_groups = row_groups(&metadata, stamp.size - 8 - length).map_err(footer_error)?;
        Ok(Self {
            path: path.to_path_buf(),
            file: Arc::new(file),
            stamp,
            metadata: Arc::new(metadata),
            columns: columns.into(),
            leaves: leaves.into(),
            row_groups: row_groups.into(),
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The columns, in the order of the file.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The number of rows.
    pub fn rows(&self) -> u64 {
        self.row_groups.last().map_or(0, |last| last.first_row + last.rows as u64)
    }

    /// The groups of rows, in the order of the file.
    pub fn row_groups(&self) -> &[RowGroup] {
        &self.row_groups
    }

    /// The value of a key of the file's own metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        let all = self.metadata.file_metadata().key_value_metadata()?;
        all.iter().find(|entry| entry.key == key)?.value.as_deref()
    }

    /// The least and the most of a column within a group of rows, where the file says them. They are not
    /// checked against the values of a group that is not read.
    pub fn bounds(&self, row_group: usize, column: usize) -> Option<Bounds> {
        let leaf = self.leaves.get(column)?;
        let chunk = self.metadata.row_groups().get(row_group)?.columns().get(leaf.number)?;
        bounds(leaf.form, chunk.statistics()?)
    }

    /// Where all columns of a group of rows are in the file, in bytes.
    pub(super) fn range(&self, row_group: usize) -> Option<Range<u64>> {
        let group = self.metadata.row_groups().get(row_group)?;
        let places = group.columns().iter().map(|chunk| place(chunk, self.stamp.size).ok());
        let all = places.collect::<Option<Vec<_>>>()?.into_iter();
        let (start, end) = all.reduce(|one, other| (one.0.min(other.0), one.1.max(other.1)))?;
        Some(start..end)
    }

    /// Reads columns of a group of rows: for each of the `columns`, in their order, its values. Memory: eight
    /// bytes a value at most (four of text and days) and one for each where some are missing, beside a few
    /// MiB.
    ///
    /// # Errors
    ///
    /// [`PanelError::Table`] where there is no such column or group, a column is of a kind that is not read,
    /// values are out of range, data are damaged, or the file changed since it was opened.
    pub fn read(&self, row_group: usize, columns: &[usize]) -> Result<Vec<ColumnValues>> {
        let mut batches = self.batches(row_group, columns, usize::MAX)?;
        match batches.next() {
            Some(all) => all,
            // A group without rows.
            None => batches.nothing(),
        }
    }

    /// Reads columns of a group of rows, `rows` of them at a time: for groups that are too large for memory.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), here and from the iterator.
    pub fn batches(&self, row_group: usize, columns: &[usize], rows: usize) -> Result<Batches> {
        let missing = |what, number, count| self.wrong(TableProblem::Missing { what, number, count });
        let groups = self.row_groups.len();
        let group = *self.row_groups.get(row_group).ok_or_else(|| missing("row group", row_group, groups))?;
        let mut decoders = Vec::with_capacity(columns.len());
        for &number in columns {
            let column = self.columns.get(number).zip(self.leaves.get(number));
            let (column, &leaf) = column.ok_or_else(|| missing("column", number, self.columns.len()))?;
            let decoder = panics::caught(|| self.decoder(row_group, column, leaf));
            let decoder = decoder.unwrap_or_else(|why| Err(self.damaged(row_group, column, why)))?;
            decoders.push((number, decoder));
        }
        let table = self.clone();
        Ok(Batches {
            table,
            row_group,
            decoders,
            rows: rows.max(1),
            left: group.rows,
            done: 0,
            failed: false,
        })
    }

    /// Checks that a column that was read has a value in each row.
    ///
    /// # Errors
    ///
    /// [`TableProblem::Null`] with the first row that has none. `first_row` is the number of rows before
    /// those of `values`.
    pub fn require_all(&self, column: usize, values: &ColumnValues, first_row: u64) -> Result<()> {
        match (values.first_null(), self.columns.get(column)) {
            (Some(row), Some(column)) => {
                let row = first_row + row as u64 + 1;
                Err(self.wrong(TableProblem::Null { column: column.name.clone(), row }))
            }
            _ => Ok(()),
        }
    }

    /// Checks that the file was not written to since it was opened.
    ///
    /// # Errors
    ///
    /// [`TableProblem::Changed`], or [`Error::Io`].
    pub fn check_unchanged(&self) -> Result<()> {
        let (stamp, _) = Stamp::of(&self.file).map_err(Error::io("read", &self.path))?;
        if stamp == self.stamp { Ok(()) } else { Err(self.wrong(TableProblem::Changed)) }
    }

    fn wrong(&self, problem: TableProblem) -> Error {
        wrong(&self.path, problem)
    }

    fn damaged(&self, row_group: usize, column: &Column, why: String) -> Error {
        self.wrong(TableProblem::Damaged { column: column.name.clone(), row_group, why })
    }

    fn unreadable(&self, row_group: usize, column: &Column, problem: PageProblem) -> Error {
        match problem {
            PageProblem::Damaged(why) => self.damaged(row_group, column, why),
            PageProblem::Unsupported(what) => {
                self.wrong(TableProblem::Unsupported { column: column.name.clone(), what })
            }
        }
    }

    fn decoder(&self, row_group: usize, column: &Column, leaf: Leaf) -> Result<Decoder> {
        let (name, stored) = (column.name.clone(), column.stored.clone());
        match column.kind {
            Kind::Nested => return Err(self.wrong(TableProblem::Nested { column: name, stored })),
            Kind::Boolean | Kind::Other => {
                return Err(self.wrong(TableProblem::Kind { column: name, stored }));
            }
            _ => {}
        }
        let group = self.metadata.row_group(row_group);
        let damaged = |why: &str| self.damaged(row_group, column, why.to_owned());
        let chunk = group.columns().get(leaf.number).ok_or_else(|| damaged("its group lacks it"))?;
        if chunk.file_path().is_some() {
            return Err(damaged("its values are in another file"));
        }
        if chunk.num_values() != group.num_rows() {
            return Err(damaged("its number of values is not that of the rows"));
        }
        let place = place(chunk, self.stamp.size).map_err(|why| self.damaged(row_group, column, why))?;
        let description = chunk.column_descr();
        let width = match description.physical_type() {
            Physical::BOOLEAN => 0,
            Physical::INT32 | Physical::FLOAT | Physical::BYTE_ARRAY => 4,
            Physical::INT64 | Physical::DOUBLE => 8,
            Physical::INT96 => 12,
            Physical::FIXED_LEN_BYTE_ARRAY => {
                usize::try_from(description.type_length()).unwrap_or_default().max(1)
            }
        };
        let rows = self.row_groups[row_group].rows;
        let pages = Pages::new(&self.file, chunk, place, rows, width)
            .map_err(|problem| self.unreadable(row_group, column, problem))?;
        Decoder::new(description, leaf.form, pages)
            .ok_or_else(|| self.wrong(TableProblem::Kind { column: name, stored }))
    }
}

/// Columns of a group of rows, some rows at a time.
pub struct Batches {
    table: Table,
    row_group: usize,
    /// The number of each column, and its decoder.
    decoders: Vec<(usize, Decoder)>,
    /// Rows at a time.
    rows: usize,
    left: usize,
    done: usize,
    failed: bool,
}

impl Batches {
    /// The values of no rows.
    fn nothing(&mut self) -> Result<Vec<ColumnValues>> {
        self.take(0)
    }

    fn take(&mut self, rows: usize) -> Result<Vec<ColumnValues>> {
        let Self { table, row_group, decoders, done, .. } = self;
        let first = table.row_groups[*row_group].first_row;
        let mut all = Vec::with_capacity(decoders.len());
        for (number, decoder) in decoders {
            let column = &table.columns[*number];
            let values = match panics::caught(|| decoder.take(rows)) {
                Ok(Ok(values)) => values,
                Err(why) => return Err(table.damaged(*row_group, column, why)),
                Ok(Err(DecodeProblem::Page(problem))) => {
                    // A file that is written to looks damaged.
                    table.check_unchanged()?;
                    return Err(table.unreadable(*row_group, column, problem));
                }
                Ok(Err(DecodeProblem::Range(row, value))) => {
                    let column = column.name.clone();
                    return Err(table.wrong(TableProblem::Range {
                        column,
                        row: first + row as u64 + 1,
                        value,
                    }));
                }
            };
            if values.len() != rows {
                return Err(table.damaged(
                    *row_group,
                    column,
                    "it has fewer rows than its footer says".into(),
                ));
            }
            all.push(values);
        }
        table.check_unchanged()?;
        *done += rows;
        Ok(all)
    }
}

impl Iterator for Batches {
    type Item = Result<Vec<ColumnValues>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.failed || self.left == 0 {
            return None;
        }
        let rows = self.rows.min(self.left);
        self.left -= rows;
        let taken = self.take(rows);
        self.failed = taken.is_err();
        Some(taken)
    }
}

fn wrong(path: &Path, problem: TableProblem) -> Error {
    PanelError::Table { path: path.to_path_buf(), problem: Box::new(problem) }.into()
}

/// The groups of rows, whose numbers are possible in a file whose footer begins at `end`.
fn row_groups(metadata: &ParquetMetaData, end: u64) -> std::result::Result<Vec<RowGroup>, String> {
    // A column that is constant, or missing, takes a few bytes for any number of rows; no writer makes groups
    // beyond the first bound of those alone.
    const ALWAYS: u64 = 1 << 26;
    const A_BYTE: u64 = 1 << 16;
    let mut first_row = 0_u64;
    let mut groups = Vec::with_capacity(metadata.num_row_groups());
    for (number, group) in metadata.row_groups().iter().enumerate() {
        let rows = u64::try_from(group.num_rows())
            .map_err(|_| format!("row group {number} has fewer than no rows"))?;
        let bytes = bytes(group).min(end);
        if rows > ALWAYS.saturating_add(bytes.saturating_mul(A_BYTE)) || usize::try_from(rows).is_err() {
            return Err(format!("row group {number} has {rows} rows, it says, but {bytes} bytes"));
        }
        groups.push(RowGroup { rows: rows as usize, first_row, bytes });
        first_row = first_row.saturating_add(rows);
    }
    if i64::try_from(first_row).ok() != Some(metadata.file_metadata().num_rows()) {
        let said = metadata.file_metadata().num_rows();
        return Err(format!("it says that there are {said} rows, but its row groups have {first_row}"));
    }
    Ok(groups)
}

/// The bytes of a group of rows in the file.
fn bytes(group: &RowGroupMetaData) -> u64 {
    group.columns().iter().fold(0, |sum: u64, chunk| {
        sum.saturating_add(u64::try_from(chunk.compressed_size()).unwrap_or_default())
    })
}

/// Where a column of a group of rows begins and ends in a file of `size` bytes.
fn place(
    chunk: &parquet::file::metadata::ColumnChunkMetaData,
    size: u64,
) -> std::result::Result<(u64, u64), String> {
    let number = |number: i64| u64::try_from(number).ok();
    let start = number(chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset()));
    let end = start.zip(number(chunk.compressed_size())).and_then(|(start, size)| start.checked_add(size));
    match start.zip(end) {
        Some((start, end)) if start >= 4 && end <= size - 8 => Ok((start, end)),
        _ => Err(format!(
            "it says that its {} bytes begin at {}, in a file of {size} bytes",
            chunk.compressed_size(),
            chunk.dictionary_page_offset().unwrap_or_else(|| chunk.data_page_offset())
        )),
    }
}

/// The bounds of a column, of statistics whose order is that of its values.
fn bounds(form: Form, statistics: &Statistics) -> Option<Bounds> {
    // Old statistics compare bytes as if they were signed: right for numbers with a sign alone.
    let old = statistics.is_min_max_deprecated();
    let ends = match statistics {
        Statistics::Int32(ends) => (i64::from(*ends.min_opt()?), i64::from(*ends.max_opt()?)),
        Statistics::Int64(ends) => (*ends.min_opt()?, *ends.max_opt()?),
        Statistics::Double(ends) if form == Form::Double => {
            return numbers(*ends.min_opt()?, *ends.max_opt()?);
        }
        Statistics::Float(ends) if form == Form::Float => {
            return numbers((*ends.min_opt()?).into(), (*ends.max_opt()?).into());
        }
        Statistics::ByteArray(ends) if form == Form::Text(None) && !old => {
            let text = |bytes: &[u8]| std::str::from_utf8(bytes).ok().map(str::to_owned);
            return Some(Bounds::Text(text(ends.min_opt()?.data())?, text(ends.max_opt()?.data())?));
        }
        _ => return None,
    };
    let times = |factor: i64| Some((ends.0.checked_mul(factor)?, ends.1.checked_mul(factor)?));
    let ordered = |(least, most): (i64, i64)| (least <= most).then_some((least, most));
    match form {
        Form::Time(factor) => times(factor).and_then(ordered).map(|(a, b)| Bounds::Time(a, b)),
        Form::TimeOfDay(factor) => times(factor).and_then(ordered).map(|(a, b)| Bounds::TimeOfDay(a, b)),
        Form::TimeMillis => times(1_000_000).and_then(ordered).map(|(a, b)| Bounds::TimeOfDay(a, b)),
        Form::Date => {
            let (least, most) = ordered(ends)?;
            Some(Bounds::Date(i32::try_from(least).ok()?, i32::try_from(most).ok()?))
        }
        Form::Int32 { signed: true } | Form::Int64 { signed: true } => {
            ordered(ends).map(|(a, b)| Bounds::Integer(a, b))
        }
        _ => None,
    }
}

/// The bounds of numbers; none where one is NaN, as they then bound nothing.
fn numbers(least: f64, most: f64) -> Option<Bounds> {
    (least <= most).then_some(Bounds::Number(least, most))
}
