//! Half days: the days on which the New York Stock Exchange closed early, as planned ahead.
//!
//! | day | weekdays | years | close |
//! |---|---|---|---|
//! | the day after Thanksgiving (the fourth Thursday of November) | Friday | 1992 | 14:00 |
//! | | | from 1993 | 13:00 |
//! | December 24 | Monday to Thursday | 1990 to 1992 | 14:00 |
//! | | | from 1993 | 13:00 |
//! | July 3 | Monday, Tuesday, Thursday | from 1995 | 13:00 |
//! | July 3 | Wednesday | from 2013 | 13:00 |
//! | July 5 | Friday | 1995 to 2012 | 13:00 |
//! | December 26, 1997 and 2003; December 31, 1999 | Friday | | 13:00 |
//!
//! On other weekdays the exchange is closed on the holiday's eve, or the eve is no trading day: where July 4
//! or December 25 falls on a Saturday, the holiday is kept on the Friday before; where it falls on a Sunday
//! or Monday, the day before is a Saturday or Sunday. Where July 4 is a Thursday, the exchange closed early
//! on the Friday after (1996, 2002) until it moved this to the Wednesday before (2013, 2019, 2024).
//!
//! Days cut short by events are not among them: snow (February 11, 1994; January 8, 1996), the circuit
//! breaker of October 27, 1997, and the fault of June 1, 2005. Before 1990 no day is: closes moved with the
//! events of their time. Later years follow the rule as it stands.
//!
//! Sources: New York Stock Exchange, "Special Closings" (1885 to 2011), and the calendars of holidays and
//! early closings that it publishes each year, the latest for 2026 to 2028 (of December 23, 2025); for
//! December 31, 1999 its announcement of June 4, 1999. The Python package exchange_calendars has the same
//! days, which the tests compare with day by day.

use jiff::civil::{Date, Weekday};

use super::session::HOUR;

/// When the New York Stock Exchange closed on this day, in nanoseconds after midnight, where it was a half
/// day by plan: at 13:00 (until 1992: 14:00) on the day after Thanksgiving (from 1992), on December 24 from
/// Monday to Thursday, and on the day before (or, as a Friday, after) July 4 (from 1995). None for any other
/// day, and before 1990.
///
/// ```
/// # use bellwether::{jiff::civil::date, panel::half_day_close};
/// assert_eq!(half_day_close(date(2007, 7, 3)), Some(13 * 3_600_000_000_000));
/// assert_eq!(half_day_close(date(2007, 7, 5)), None);
/// ```
pub fn half_day_close(date: Date) -> Option<u64> {
    use Weekday::{Friday, Monday, Thursday, Tuesday, Wednesday};

    let year = date.year();
    let half = match (date.month(), date.day(), date.weekday()) {
        (11, 23..=29, Friday) => year >= 1992,
        (12, 24, Monday | Tuesday | Wednesday | Thursday) => year >= 1990,
        (7, 3, Monday | Tuesday | Thursday) => year >= 1995,
        (7, 3, Wednesday) => year >= 2013,
        (7, 5, Friday) => (1995..=2012).contains(&year),
        (12, 26, Friday) => year == 1997 || year == 2003,
        (12, 31, Friday) => year == 1999,
        _ => false,
    };
    half.then_some(if year < 1993 { 14 * HOUR } else { 13 * HOUR })
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use jiff::civil::date;

    use super::*;
    use crate::panel::error::clock;
    use crate::panel::parse_date;

    /// Early closes by exchange_calendars (`tests/oracles/clean.py`), and every other day of these years.
    #[test]
    fn half_days_are_those_of_another_calendar() {
        let golden = include_str!("../../tests/golden/clean_half_days.csv");
        let closes: BTreeMap<Date, &str> = golden
            .lines()
            .skip(1)
            .map(|line| line.split_once(',').unwrap())
            .map(|(date, close)| (parse_date(date).unwrap(), close))
            .collect();
        assert!(closes.len() > 70);
        let mut day = date(1990, 1, 1);
        while day < date(2027, 1, 1) {
            let close = half_day_close(day).map(clock);
            assert_eq!(close.as_deref(), closes.get(&day).copied(), "{day}");
            day = day.tomorrow().unwrap();
        }
    }

    /// From the exchange's own announcements: "each market will close early at 1:00 p.m. on".
    #[test]
    fn half_days_are_those_that_the_exchange_announced() {
        let announced = [
            (1999, 12, 31), // NYSE, June 4, 1999
            (2014, 7, 3),   // NYSE Group's calendars: 2014 to 2016
            (2014, 11, 28),
            (2014, 12, 24),
            (2015, 11, 27),
            (2015, 12, 24),
            (2016, 11, 25),
            (2022, 11, 25), // 2022 to 2024
            (2023, 7, 3),
            (2023, 11, 24),
            (2024, 7, 3),
            (2024, 11, 29),
            (2024, 12, 24),
            (2025, 7, 3), // 2025 to 2027
            (2025, 11, 28),
            (2025, 12, 24),
            (2026, 11, 27), // 2026 to 2028
            (2026, 12, 24),
            (2027, 11, 26),
            (2028, 7, 3),
            (2028, 11, 24),
        ];
        for (year, month, day) in announced {
            assert_eq!(half_day_close(date(year, month, day)), Some(13 * HOUR), "{year}-{month}-{day}");
        }
        // Whole years of those calendars: no other day.
        for (year, days) in [(2022, 1), (2023, 2), (2024, 3), (2025, 3), (2026, 2), (2027, 1), (2028, 2)] {
            let first = date(year, 1, 1);
            let half = (0..366).filter_map(|day| first.checked_add(jiff::Span::new().days(day)).ok());
            let half = half.filter(|day| day.year() == year && half_day_close(*day).is_some());
            assert_eq!(half.count(), days, "{year}");
        }
    }

    #[test]
    fn holidays_and_common_days_are_no_half_days() {
        for (year, month, day) in [
            (1999, 12, 24), // a holiday, as Christmas fell on Saturday
            (2010, 12, 24),
            (2021, 12, 24),
            (2027, 12, 24),
            (2009, 7, 3), // a holiday, as July 4 fell on Saturday
            (2015, 7, 3),
            (2020, 7, 3),
            (2026, 7, 3),
            (1996, 7, 3), // the Friday after was the half day
            (2002, 7, 3),
            (2013, 7, 5), // the Wednesday before was
            (2019, 7, 5),
            (1991, 11, 29), // before there were half days after Thanksgiving
            (1990, 7, 3),
            (2008, 12, 26),
            (2014, 12, 26),
            (2025, 12, 26),
            (1994, 2, 11), // snow
            (1997, 10, 27),
            (2007, 11, 22), // Thanksgiving
            (2007, 11, 30),
            (1974, 12, 24),
        ] {
            assert_eq!(half_day_close(date(year, month, day)), None, "{year}-{month}-{day}");
        }
    }
}
