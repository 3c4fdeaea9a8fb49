//! Why a table could not be read: the column, the group of rows and the row, and what to do.

use super::super::error::list;

/// Why a table could not be read.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[non_exhaustive]
pub enum TableProblem {
    /// It is a pipe, a device or a folder, in which one can't look around.
    #[error(
        "a Parquet or Arrow file is read from several places, so it must be a regular file; save it to one"
    )]
    NotAFile,
    /// It does not begin and end as Parquet files do.
    #[error(
        "this is no Parquet file, or a part of one: {0}; if it was copied or is being written, wait for its \
         end"
    )]
    NotParquet(String),
    /// It does not begin and end as Arrow files do.
    #[error(
        "this is no Arrow file, or a part of one: {0}; if it was copied or is being written, wait for its end"
    )]
    NotArrow(String),
    /// The messages of an Arrow file say what can't be.
    #[error("it is damaged: {0}; write the file again")]
    Messages(String),
    /// An Arrow file of another order of bytes, or of an old version.
    #[error(
        "it is written {0}, which can't be read; write it again with a current version of Arrow, lowest byte \
         first"
    )]
    OtherArrow(String),
    /// It is encrypted.
    #[error("it is encrypted; write it again without encryption")]
    Encrypted,
    /// Its footer says what can't be.
    #[error("its footer is damaged: {0}; write the file again")]
    Footer(String),
    /// A column's compression or encoding is not known here.
    #[error(
        "column {column:?} is stored as {what}, which can't be read; write it again with compression snappy \
         or zstd and the default encodings"
    )]
    Unsupported {
        /// The column.
        column: String,
        /// The codec or encoding.
        what: String,
    },
    /// A column of lists, structures or maps.
    #[error("column {column:?} is nested ({stored}); only columns with one value a row can be read")]
    Nested {
        /// The column.
        column: String,
        /// What it holds.
        stored: String,
    },
    /// A column of values of no use for a panel.
    #[error("column {column:?} holds {stored}, which can't be read as times, numbers or text")]
    Kind {
        /// The column.
        column: String,
        /// What it holds.
        stored: String,
    },
    /// There is no column or group of rows of this number.
    #[error("it has no {what} {number}; it has {count}")]
    Missing {
        /// Column or group of rows.
        what: &'static str,
        /// The number asked for, from 0.
        number: usize,
        /// How many there are.
        count: usize,
    },
    /// Data are damaged.
    #[error("column {column:?} is damaged in row group {row_group}: {why}; write the file again")]
    Damaged {
        /// The column.
        column: String,
        /// The group of rows, from 0.
        row_group: usize,
        /// What is wrong.
        why: String,
    },
    /// Data of an Arrow file are damaged.
    #[error("column {column:?} is damaged in record batch {batch}: {why}; write the file again")]
    DamagedBatch {
        /// The column.
        column: String,
        /// The record batch, from 0.
        batch: usize,
        /// What is wrong.
        why: String,
    },
    /// A value is missing where one is needed.
    #[error("row {row}: column {column:?} has no value there; leave such rows out, or fill them")]
    Null {
        /// The column.
        column: String,
        /// The row, from 1.
        row: u64,
    },
    /// A value is out of the range that can be represented.
    #[error("row {row}: column {column:?} has {value}, which is out of range")]
    Range {
        /// The column.
        column: String,
        /// The row, from 1.
        row: u64,
        /// The value, with its unit.
        value: String,
    },
    /// The file was written to while it was read.
    #[error("it changed while it was read; wait until it is written, then start again")]
    Changed,
    /// No column has one of these names.
    #[error("it has no column {missing:?}; it has {}", list(columns.iter().map(|name| format!("{name:?}"))))]
    MissingColumn {
        /// The name asked for.
        missing: String,
        /// The names that there are.
        columns: Vec<String>,
    },
}
