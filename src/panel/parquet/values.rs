//! Decoded columns.

use std::sync::Arc;

/// The code of a missing text.
pub const NO_TEXT: u32 = u32::MAX;

/// The values of one column, one a row.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub enum Values {
    /// Points in time, in nanoseconds since 1970-01-01 00:00. Whether that is in UTC says the column's
    /// [`Kind`](super::Kind). A missing one is 0.
    Time(Vec<i64>),
    /// Calendar days, counted from 1970-01-01. A missing one is 0.
    Date(Vec<i32>),
    /// Times of the day, in nanoseconds after midnight, below 24 hours. A missing one is 0.
    TimeOfDay(Vec<i64>),
    /// Real numbers. A missing one is NaN, and so may be one that is there.
    Number(Vec<f64>),
    /// Integers. A missing one is 0.
    Integer(Vec<i64>),
    /// Text.
    Text {
        /// For each row the number of its text in the dictionary; [`NO_TEXT`] where it is missing.
        codes: Vec<u32>,
        /// All texts, each once.
        dictionary: Arc<Vec<String>>,
    },
}

impl Values {
    /// The number of rows.
    pub fn len(&self) -> usize {
        match self {
            Self::Time(values) | Self::TimeOfDay(values) | Self::Integer(values) => values.len(),
            Self::Date(values) => values.len(),
            Self::Number(values) => values.len(),
            Self::Text { codes, .. } => codes.len(),
        }
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Takes the rows from `at` on off the end.
    pub(in crate::panel) fn split_off(&mut self, at: usize) -> Self {
        match self {
            Self::Time(values) => Self::Time(values.split_off(at)),
            Self::Date(values) => Self::Date(values.split_off(at)),
            Self::TimeOfDay(values) => Self::TimeOfDay(values.split_off(at)),
            Self::Number(values) => Self::Number(values.split_off(at)),
            Self::Integer(values) => Self::Integer(values.split_off(at)),
            Self::Text { codes, dictionary } => {
                Self::Text { codes: codes.split_off(at), dictionary: Arc::clone(dictionary) }
            }
        }
    }
}

/// The values of one column, and which of them are there.
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ColumnValues {
    /// The values.
    pub values: Values,
    /// Which rows have a value; all, where there is no list.
    pub valid: Option<Vec<bool>>,
}

impl ColumnValues {
    /// The number of rows.
    pub fn len(&self) -> usize {
        self.values.len()
    }

    /// Whether there is no row.
    pub fn is_empty(&self) -> bool {
        self.values.is_empty()
    }

    /// The first row without a value, from 0.
    pub fn first_null(&self) -> Option<usize> {
        self.valid.as_ref().and_then(|valid| valid.iter().position(|there| !there))
    }

    pub(in crate::panel) fn split_off(&mut self, at: usize) -> Self {
        let values = self.values.split_off(at);
        let valid = self.valid.as_mut().map(|valid| valid.split_off(at));
        // A part without nulls says so.
        let some_missing = |valid: &Vec<bool>| valid.contains(&false);
        self.valid = self.valid.take().filter(some_missing);
        Self { values, valid: valid.filter(some_missing) }
    }
}
