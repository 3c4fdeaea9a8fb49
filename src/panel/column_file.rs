//! A file of columns, Parquet or Arrow, as its first bytes say.

use std::ops::Range;
use std::path::Path;

use super::decode::Encoding;
use super::parquet::{Bounds, Column, ColumnValues, RowGroup};
use super::{arrow, parquet};
use crate::error::Result;

/// Columns of some rows, one part after the other.
pub(super) type Batches = Box<dyn Iterator<Item = Result<Vec<ColumnValues>>> + Send>;

/// A table in a file of columns, cut into groups of rows.
pub(crate) enum ColumnFile {
    Parquet(parquet::Table),
    Arrow(arrow::Table),
}

impl ColumnFile {
    /// Opens a file. One that is neither is told to be no Parquet file.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        Ok(match Encoding::of_file(path)? {
            Encoding::Arrow => Self::Arrow(arrow::Table::open(path)?),
            _ => Self::Parquet(parquet::Table::open(path)?),
        })
    }

    /// What the format is called.
    pub(super) fn format(&self) -> &'static str {
        match self {
            Self::Parquet(_) => "Parquet",
            Self::Arrow(_) => "Arrow",
        }
    }

    pub(crate) fn columns(&self) -> &[Column] {
        match self {
            Self::Parquet(table) => table.columns(),
            Self::Arrow(table) => table.columns(),
        }
    }

    pub(super) fn rows(&self) -> u64 {
        match self {
            Self::Parquet(table) => table.rows(),
            Self::Arrow(table) => table.rows(),
        }
    }

    pub(crate) fn row_groups(&self) -> &[RowGroup] {
        match self {
            Self::Parquet(table) => table.row_groups(),
            Self::Arrow(table) => table.batches(),
        }
    }

    pub(crate) fn metadata(&self, key: &str) -> Option<&str> {
        match self {
            Self::Parquet(table) => table.metadata(key),
            Self::Arrow(table) => table.metadata(key),
        }
    }

    /// The least and the most of a column within a group of rows, where the file says them.
    pub(crate) fn bounds(&self, row_group: usize, column: usize) -> Option<Bounds> {
        match self {
            Self::Parquet(table) => table.bounds(row_group, column),
            Self::Arrow(_) => None,
        }
    }

    /// Where a group of rows is in the file, in bytes, where that is one place.
    pub(super) fn range(&self, row_group: usize) -> Option<Range<u64>> {
        match self {
            Self::Parquet(table) => table.range(row_group),
            Self::Arrow(_) => None,
        }
    }

    pub(crate) fn read(&self, row_group: usize, columns: &[usize]) -> Result<Vec<ColumnValues>> {
        match self {
            Self::Parquet(table) => table.read(row_group, columns),
            Self::Arrow(table) => table.read(row_group, columns),
        }
    }

    /// The same, `rows` rows at a time.
    pub(super) fn batches(&self, row_group: usize, columns: &[usize], rows: usize) -> Result<Batches> {
        Ok(match self {
            Self::Parquet(table) => Box::new(table.batches(row_group, columns, rows)?),
            Self::Arrow(table) => Box::new(table.parts(row_group, columns, rows)?),
        })
    }

    pub(super) fn check_unchanged(&self) -> Result<()> {
        match self {
            Self::Parquet(table) => table.check_unchanged(),
            Self::Arrow(table) => table.check_unchanged(),
        }
    }
}
