//! The columns of a table that is written: their names, and what they hold.

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
