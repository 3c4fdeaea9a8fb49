//! The columns of a table that is written: their names, what they hold, and a group of their cells.

use std::io;
use std::sync::Arc;

/// What a column holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
#[non_exhaustive]
pub enum Kind {
    /// Calendar days.
    Date,
    /// Points in time of a local clock, in microseconds since 1970.
    Microseconds,
    /// The same in nanoseconds.
    Nanoseconds,
    /// Real numbers.
    Number,
    /// Integers.
    Integer,
    /// Text.
    Text,
    /// Text of which few are distinct: the names of stocks.
    Category,
}

/// A column of a table that is written.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Field {
    /// Its name.
    pub name: String,
    /// What it holds.
    pub kind: Kind,
    /// Whether values may be missing.
    pub optional: bool,
}

impl Field {
    /// A column of this name, each row of which has a value.
    pub fn new(name: impl Into<String>, kind: Kind) -> Self {
        Self { name: name.into(), kind, optional: false }
    }
}

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

/// Texts by number, each once.
#[derive(Debug, Default)]
pub(crate) struct Names {
    numbers: std::collections::HashMap<String, u32>,
    pub(super) texts: Vec<String>,
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

/// The error of a table that is not what it should be.
pub(super) fn invalid(why: String) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidInput, why)
}
