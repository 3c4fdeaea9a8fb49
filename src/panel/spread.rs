//! How the rows of files lie over days, as far as bounds tell that are read without them.
//!
//! A Parquet file states, of each group of rows, its first day and its last. Taken are the rows of a group to
//! lie evenly over its weekdays; so there is, for any day, a number of rows before it:
//!
//! ```text
//! before(d) = Σ over groups of ⌊rows · (weekdays from first to before d) / (weekdays from first to last)⌋
//! ```
//!
//! Every part of a run finds the same numbers in the footers, so that all agree on who has a day, and each
//! reads those groups of rows alone that may hold its own days.

use jiff::ToSpan;
use jiff::civil::{Date, Weekday};

use super::options::LoadOptions;
#[cfg(any(test, feature = "parquet"))]
use super::sample::Every;

/// The days wanted of a file.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub(super) struct Wanted {
    /// The first.
    pub(super) from: Option<Date>,
    /// The last.
    pub(super) to: Option<Date>,
    /// Whether stocks without any of these days are wanted by name.
    pub(super) names_all: bool,
}

impl Wanted {
    /// Those of the options.
    pub(super) fn of(options: &LoadOptions) -> Self {
        Self { from: options.from, to: options.to, names_all: false }
    }
}

/// Rows from a first day to a last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Group {
    first: Date,
    last: Date,
    rows: u64,
}

/// How rows lie over the days that are wanted.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(super) struct Spread {
    groups: Vec<Group>,
    from: Option<Date>,
    to: Option<Date>,
}

impl Spread {
    /// Of groups of rows, each with its first day and its last in days since 1970. Where prices are taken at
    /// a step of time, every day has as many. Nothing where there are no rows, or days of no calendar.
    #[cfg(any(test, feature = "parquet"))]
    pub(super) fn new(groups: &[([i64; 2], u64)], options: &LoadOptions) -> Option<Self> {
        let date = super::moment::checked_date;
        let group = |&([first, last], rows): &([i64; 2], u64)| {
            Some(Group { first: date(first)?, last: date(last)?, rows })
        };
        let mut groups = groups.iter().map(group).collect::<Option<Vec<Group>>>()?;
        let first = groups.iter().map(|group| group.first).min()?;
        let last = groups.iter().map(|group| group.last).max()?;
        if matches!(options.every, Some(Every::Time(_))) {
            groups = vec![Group { first, last, rows: weekdays(first, last) }];
        }
        Some(Self { groups, from: options.from, to: options.to })
    }

    /// Of several files together.
    pub(super) fn join(all: impl IntoIterator<Item = Option<Self>>) -> Option<Self> {
        let joined = |one: Option<Self>, other: Option<Self>| {
            let (mut one, other) = (one?, other?);
            one.groups.extend(other.groups);
            Some(one)
        };
        all.into_iter().reduce(joined)?
    }

    /// The first and the last of the days wanted on which there may be rows; the last is before the first
    /// where there are none.
    pub(super) fn days(&self) -> [Date; 2] {
        let first = self.groups.iter().map(|group| group.first).min().unwrap_or(Date::MAX);
        let last = self.groups.iter().map(|group| group.last).max().unwrap_or(Date::MIN);
        [self.from.map_or(first, |from| from.max(first)), self.to.map_or(last, |to| to.min(last))]
    }

    /// Rows before `date`.
    fn all_before(&self, date: Date) -> u64 {
        let of_group = |group: &Group| {
            if date <= group.first {
                return 0;
            }
            if date > group.last {
                return group.rows;
            }
            let count = |to: Date| match weekdays_between(group.first, group.last) {
                // A group of a weekend alone.
                0 => days_between(group.first, to),
                _ => weekdays_between(group.first, to),
            };
            let before = date.yesterday().unwrap_or(date);
            (u128::from(group.rows) * u128::from(count(before)) / u128::from(count(group.last)).max(1)) as u64
        };
        self.groups.iter().map(of_group).sum()
    }

    /// Of the days wanted, rows before `date`.
    pub(super) fn before(&self, date: Date) -> u64 {
        let start = self.from.map_or(0, |from| self.all_before(from));
        let end = self.to.and_then(|to| to.tomorrow().ok()).unwrap_or(Date::MAX);
        self.all_before(date.min(end)).saturating_sub(start)
    }

    /// Of the days wanted, all rows.
    pub(super) fn rows(&self) -> u64 {
        self.before(Date::MAX)
    }
}

/// The days from `from` to `to`, both included.
fn days_between(from: Date, to: Date) -> u64 {
    if from > to { 0 } else { (to.duration_since(from).as_hours() / 24) as u64 + 1 }
}

/// Those of them that are no Saturday and no Sunday.
fn weekdays_between(from: Date, to: Date) -> u64 {
    let days = days_between(from, to);
    let mut rest = 0;
    for back in 0..days % 7 {
        let date = to.checked_sub((back as i64).days()).unwrap_or(to);
        rest += u64::from(!matches!(date.weekday(), Weekday::Saturday | Weekday::Sunday));
    }
    days / 7 * 5 + rest
}

/// The same; at least one, where there is a day.
pub(super) fn weekdays(from: Date, to: Date) -> u64 {
    if from > to { 0 } else { weekdays_between(from, to).max(1) }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;

    use super::*;
    use crate::panel::moment::epoch_day;

    #[test]
    fn rows_lie_evenly_over_weekdays() {
        // Thursday to the Friday of the next week, seven weekdays; then a weekend alone.
        let groups = [
            ([epoch_day(date(2007, 1, 4)), epoch_day(date(2007, 1, 12))], 700),
            ([epoch_day(date(2007, 1, 13)), epoch_day(date(2007, 1, 14))], 10),
        ];
        let all = Spread::new(&groups, &LoadOptions::default()).unwrap();
        let before = |spread: &Spread, day: i8| spread.before(date(2007, 1, day));
        let found: Vec<u64> = (4..16).map(|day| before(&all, day)).collect();
        assert_eq!(found, [0, 100, 200, 200, 200, 300, 400, 500, 600, 700, 705, 710]);
        assert_eq!((all.rows(), all.days()), (710, [date(2007, 1, 4), date(2007, 1, 14)]));
        let some = LoadOptions::default().from_day(date(2007, 1, 9)).to_day(date(2007, 1, 10));
        let some = Spread::new(&groups, &some).unwrap();
        assert_eq!([3, 9, 10, 11, 20].map(|day| before(&some, day)), [0, 0, 100, 200, 200]);
        assert_eq!((some.rows(), some.days()), (200, [date(2007, 1, 9), date(2007, 1, 10)]));
        assert_eq!(Spread::join([Some(all.clone()), None]), None);
        assert_eq!(Spread::join([Some(all.clone()), Some(all)]).unwrap().rows(), 1420);
        assert!(Spread::new(&[], &LoadOptions::default()).is_none());
    }
}
