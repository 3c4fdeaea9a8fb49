//! Tables in Arrow files: the IPC format as a file (`.arrow`, and `.feather` of version 2) or as a stream.
//!
//! A [`Table`] is a file of R rows and C columns, cut into record batches. Any column of any batch can be
//! read by itself; nothing else of the file is.
//!
//! ```text
//! messages: schema, places of batches ─ Table ─ read(batch, columns) ─ buffers ─ decode ─ Values
//! ```
//!
//! Columns, values and what is missing are those of [`super::parquet`]: times in nanoseconds since 1970,
//! days, numbers as doubles, text as codes. A point in time with a zone is counted in UTC, and shown in
//! that zone. A dictionary stands for its values.
//!
//! # Trust
//!
//! A file may be cut off, damaged, or made to harm. The schema and the heads of messages are FlatBuffers,
//! of which every reference is checked when it is followed. Every place that they state is held against the
//! file's size, every buffer against its batch, and what it expands to against what its codec can. Values are
//! taken as far as they are there, and memory grows with them; offsets, codes and views are checked one by
//! one. Damage within values can't be noticed: the format has no checksums.
//!
//! # Examples
//!
//! ```
//! use bellwether::panel::arrow::Table;
//! use bellwether::panel::parquet::{Kind, Values};
//!
//! let table = Table::open("tests/data/arrow/long.arrow")?;
//! let price = table.columns().iter().position(|column| column.name == "price");
//! let Some(price) = price else { unreachable!() };
//! assert_eq!(table.columns()[price].kind, Kind::Number);
//! for batch in 0..table.batches().len() {
//!     let columns = table.read(batch, &[price])?;
//!     let Values::Number(prices) = &columns[0].values else { unreachable!() };
//!     println!("{}", prices[0]);
//! }
//! # Ok::<(), bellwether::Error>(())
//! ```

mod buffers;
mod decode;
mod flatbuffer;
mod messages;
mod schema;

use std::collections::HashMap;
use std::fs::{self, File};
use std::path::{Path, PathBuf};
use std::sync::{Arc, Mutex, PoisonError};

use super::PanelError;
use super::parquet::{Column, ColumnValues, Kind, RowGroup, Stamp, TableProblem};
use crate::error::{Error, Result};
use buffers::Parts;
use decode::{DecodeProblem, Decoder, concatenated};
use messages::{Contents, Place, Problem};
use schema::Leaf;

/// Whether a file with this beginning is an Arrow file or stream.
pub fn is_arrow(beginning: &[u8]) -> bool {
    beginning.starts_with(messages::MAGIC) || beginning.starts_with(&messages::CONTINUATION)
}

/// An Arrow file. Clones share the file and what is known of it, so that each thread can have one.
#[derive(Debug, Clone)]
pub struct Table {
    path: PathBuf,
    file: Arc<File>,
    stamp: Stamp,
    contents: Arc<Contents>,
    batches: Arc<[RowGroup]>,
    /// Of a column with a dictionary, the one that was read last.
    dictionaries: Arc<Mutex<HashMap<usize, Known>>>,
}

/// A dictionary, and the numbers of the messages that it is in.
#[derive(Debug, Clone)]
struct Known {
    messages: Vec<usize>,
    values: Arc<ColumnValues>,
}

impl Table {
    /// Opens the file at `path`, and finds its schema and its record batches.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; [`PanelError::Table`] where it is no Arrow file, is cut off, its messages are
    /// malformed, or it is of an order of bytes or a version that is not read.
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
        let contents = Contents::of(&file, stamp.size).map_err(|problem| match problem {
            Problem::Io(error) => Error::io("read", path)(error),
            Problem::NoArrow(why) => wrong(path, TableProblem::NotArrow(why)),
            Problem::Damaged(why) => wrong(path, TableProblem::Messages(why)),
            Problem::Unsupported(how) => wrong(path, TableProblem::OtherArrow(how)),
        })?;
        let batches = contents.batches.iter().map(|batch| RowGroup {
            rows: batch.rows,
            first_row: batch.first_row,
            bytes: batch.place.body_length,
        });
        Ok(Self {
            path: path.to_path_buf(),
            file: Arc::new(file),
            stamp,
            batches: batches.collect(),
            contents: Arc::new(contents),
            dictionaries: Arc::default(),
        })
    }

    /// Where the file is.
    pub fn path(&self) -> &Path {
        &self.path
    }

    /// The columns, in the order of the file.
    pub fn columns(&self) -> &[Column] {
        &self.contents.columns.columns
    }

    /// The number of rows.
    pub fn rows(&self) -> u64 {
        self.contents.rows()
    }

    /// The record batches, in the order of the file.
    pub fn batches(&self) -> &[RowGroup] {
        &self.batches
    }

    /// The value of a key of the schema's own metadata.
    pub fn metadata(&self, key: &str) -> Option<&str> {
        self.contents.metadata.iter().find(|(name, _)| name == key).map(|(_, value)| value.as_str())
    }

    /// Reads columns of a record batch: for each of the `columns`, in their order, its values.
    ///
    /// # Errors
    ///
    /// [`PanelError::Table`] where there is no such column or batch, a column is of a type that is not read,
    /// values are out of range, data are damaged, or the file changed since it was opened.
    pub fn read(&self, batch: usize, columns: &[usize]) -> Result<Vec<ColumnValues>> {
        let mut parts = self.parts(batch, columns, usize::MAX)?;
        let all = parts.next_rows(usize::MAX)?;
        self.check_unchanged()?;
        Ok(all)
    }

    /// Reads columns of a record batch, `rows` of them at a time: for batches that are too large for memory.
    /// Of views of text, the texts beyond 12 bytes are held all the same.
    ///
    /// # Errors
    ///
    /// As [`read`](Self::read), here and from the iterator.
    pub fn parts(&self, batch: usize, columns: &[usize], rows: usize) -> Result<RowsOfBatch> {
        let missing = |what, number, count| self.wrong(TableProblem::Missing { what, number, count });
        let count = self.batches.len();
        let found = *self.contents.batches.get(batch).ok_or_else(|| missing("record batch", batch, count))?;
        let parts = self.head(&found.place, found.rows, false);
        let mut decoders = Vec::with_capacity(columns.len());
        for &number in columns {
            let column = self.columns().get(number).zip(self.contents.columns.leaves.get(number));
            let (column, &leaf) = column.ok_or_else(|| missing("column", number, self.columns().len()))?;
            let (name, stored) = (column.name.clone(), column.stored.clone());
            match column.kind {
                Kind::Nested => return Err(self.wrong(TableProblem::Nested { column: name, stored })),
                Kind::Boolean | Kind::Other => {
                    return Err(self.wrong(TableProblem::Kind { column: name, stored }));
                }
                _ => {}
            }
            let decoder = parts.as_ref().map_err(|why| why.clone().into()).and_then(|parts| {
                let dictionary = match leaf.dictionary {
                    None => None,
                    Some((id, _)) => Some(self.dictionary(number, leaf, id, batch)?),
                };
                Decoder::new(&self.file, parts, leaf, dictionary)
            });
            decoders.push((number, decoder.map_err(|problem| self.failed(batch, number, problem))?));
        }
        Ok(RowsOfBatch { table: self.clone(), batch, decoders, rows: rows.max(1), left: found.rows })
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

    /// What a record batch, or a dictionary, says about its buffers.
    fn head(&self, place: &Place, rows: usize, is_dictionary: bool) -> std::result::Result<Parts, String> {
        const OTHER: &str = "its message is another than a moment ago";
        let bytes = place.read(&self.file).map_err(|error| error.to_string())?;
        let batch = messages::batch(&bytes, is_dictionary)?;
        Parts::of(batch.ok_or(OTHER)?, place, rows)
    }

    /// The dictionary of a column, as it is for a record batch.
    fn dictionary(
        &self,
        column: usize,
        leaf: Leaf,
        id: i64,
        batch: usize,
    ) -> std::result::Result<Arc<ColumnValues>, DecodeProblem> {
        let of_batch = self.contents.dictionary(id, batch);
        let messages: Vec<usize> = of_batch.iter().map(|(number, _)| *number).collect();
        let known = || self.dictionaries.lock().unwrap_or_else(PoisonError::into_inner);
        if let Some(known) = known().get(&column).filter(|known| known.messages == messages) {
            return Ok(Arc::clone(&known.values));
        }
        let leaf = Leaf { place: schema::Place::default(), dictionary: None, ..leaf };
        let mut parts = Vec::with_capacity(of_batch.len());
        for (_, dictionary) in of_batch {
            let head = self.head(&dictionary.place, dictionary.rows, true)?;
            parts.push(Decoder::new(&self.file, &head, leaf, None)?.take(usize::MAX)?);
        }
        let values = Arc::new(concatenated(parts)?);
        known().insert(column, Known { messages, values: Arc::clone(&values) });
        Ok(values)
    }

    fn wrong(&self, problem: TableProblem) -> Error {
        wrong(&self.path, problem)
    }

    /// The error of decoding a column of a batch.
    fn failed(&self, batch: usize, column: usize, problem: DecodeProblem) -> Error {
        // A file that is written to looks damaged.
        if let Err(error) = self.check_unchanged() {
            return error;
        }
        let column = self.columns().get(column).map(|column| column.name.clone()).unwrap_or_default();
        self.wrong(match problem {
            DecodeProblem::Damaged(why) => TableProblem::DamagedBatch { column, batch, why },
            DecodeProblem::Range(row, value) => {
                let first = self.batches.get(batch).map_or(0, |batch| batch.first_row);
                TableProblem::Range { column, row: first + row as u64 + 1, value }
            }
        })
    }
}

/// Columns of a record batch, some rows at a time.
pub struct RowsOfBatch {
    table: Table,
    batch: usize,
    /// The number of each column, and its decoder.
    decoders: Vec<(usize, Decoder)>,
    /// Rows at a time.
    rows: usize,
    left: usize,
}

impl RowsOfBatch {
    fn next_rows(&mut self, rows: usize) -> Result<Vec<ColumnValues>> {
        let Self { table, batch, decoders, .. } = self;
        let take = |(number, decoder): &mut (usize, Decoder)| {
            decoder.take(rows).map_err(|problem| table.failed(*batch, *number, problem))
        };
        decoders.iter_mut().map(take).collect()
    }
}

impl Iterator for RowsOfBatch {
    type Item = Result<Vec<ColumnValues>>;

    fn next(&mut self) -> Option<Self::Item> {
        if self.left == 0 {
            return None;
        }
        let rows = self.rows.min(self.left);
        let taken = self.next_rows(rows).and_then(|taken| self.table.check_unchanged().map(|()| taken));
        // None comes behind an error.
        self.left = if taken.is_ok() { self.left - rows } else { 0 };
        Some(taken)
    }
}

fn wrong(path: &Path, problem: TableProblem) -> Error {
    PanelError::Table { path: path.to_path_buf(), problem: Box::new(problem) }.into()
}
