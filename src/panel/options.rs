//! What to load, and how tables are written.

use std::num::NonZeroU64;

use jiff::civil::Date;

use super::align::Align;
use super::clean::Cleaning;
use super::header::{ColumnNames, RowFilter};
use super::moment::{DateFormat, Zones};
use super::sample::{Every, Sampling};
use crate::error::{Error, Result};

/// What to load, and what to do where the files do not fit together.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct LoadOptions {
    /// The stocks to load; all where there is no list, or an empty one.
    pub stocks: Option<Vec<String>>,
    /// The first day to keep.
    pub from: Option<Date>,
    /// The last day to keep.
    pub to: Option<Date>,
    /// At which times of a day stocks have their returns.
    pub align: Align,
    /// Leave out files that can't be read and days that are too short, instead of failing.
    pub keep_going: bool,
    /// How tables are written, where they do not say it themselves.
    pub table: TableOptions,
    /// Whether rows may come in any order; they are then sorted in memory.
    pub sort: bool,
    /// How the ticks of a day are cleaned.
    pub cleaning: Cleaning,
    /// The step at which prices are taken, of all that are left; all of them where there is none.
    pub every: Option<Every>,
    /// The number of offset grids over which returns are averaged ([`Sampling`]); one where nothing is said.
    /// Stocks keep their own times then ([`Align::None`]).
    pub subsample: Option<NonZeroU64>,
}

/// How tables are written, where they do not say it themselves.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct TableOptions {
    /// What stands between the fields of a text; the comma, semicolon, tab or bar that the first line has
    /// most of, where nothing is said.
    pub separator: Option<u8>,
    /// Which columns hold what.
    pub columns: ColumnNames,
    /// Which rows are kept, by what other columns hold: those that pass all of these.
    pub filters: Vec<RowFilter>,
    /// Whether a comma stands for the decimal point in prices.
    pub decimal_comma: bool,
    /// How dates are written that can be read in two ways.
    pub date_format: Option<DateFormat>,
    /// Whose clocks times are of.
    pub zones: Zones,
}

impl LoadOptions {
    /// Loads these stocks alone.
    pub fn stocks<S: Into<String>>(self, stocks: impl IntoIterator<Item = S>) -> Self {
        Self { stocks: Some(stocks.into_iter().map(Into::into).collect()), ..self }
    }

    /// Keeps the days from this one on.
    pub fn from_day(self, day: Date) -> Self {
        Self { from: Some(day), ..self }
    }

    /// Keeps the days up to this one, which is kept too.
    pub fn to_day(self, day: Date) -> Self {
        Self { to: Some(day), ..self }
    }

    /// Says at which times of a day stocks have their returns.
    pub fn align(self, align: Align) -> Self {
        Self { align, ..self }
    }

    /// Leaves out what can't be read, instead of failing.
    pub fn keep_going(self) -> Self {
        Self { keep_going: true, ..self }
    }

    /// Says how tables are written.
    pub fn table(self, table: TableOptions) -> Self {
        Self { table, ..self }
    }

    /// Sorts rows that come in any order.
    pub fn sort(self) -> Self {
        Self { sort: true, ..self }
    }

    /// Cleans the ticks of each day.
    pub fn cleaning(self, cleaning: Cleaning) -> Self {
        Self { cleaning, ..self }
    }

    /// Takes prices at this step.
    pub fn every(self, every: Every) -> Self {
        Self { every: Some(every), ..self }
    }

    /// Takes them on so many offset grids, over which returns are averaged.
    pub fn subsample(self, grids: NonZeroU64) -> Self {
        Self { subsample: Some(grids), ..self }
    }

    /// How ticks are sampled, if they are.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for a step that does not fit the session ([`Sampling::new`]), or offset grids
    /// that do not fit the step ([`Sampling::subsample`]), or without a step, or of stocks on common times.
    pub fn sampling(&self) -> Result<Option<Sampling>> {
        let sampling = self.every.map(|every| Sampling::new(every, self.cleaning.session)).transpose()?;
        let Some(grids) = self.subsample else { return Ok(sampling) };
        let refuse = |requirement: &str| {
            let (value, requirement) = (grids.to_string(), requirement.to_owned());
            Err(Error::Parameter { name: "subsample", value, requirement })
        };
        match sampling {
            None => refuse("offset grids are those of a step; give it by `every`, as in `every 5min`"),
            Some(_) if grids.get() > 1 && self.align != Align::None => {
                refuse("grids are averaged stock by stock, each on its own times; use `align none`")
            }
            Some(sampling) => sampling.subsample(grids).map(Some),
        }
    }
}
