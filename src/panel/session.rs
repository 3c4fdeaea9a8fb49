//! Times of a day as nanoseconds after midnight, and the session: the part of the day that is used.

use std::fmt;
use std::str::FromStr;

use super::SECOND;
use super::error::clock;
use crate::error::{Error, Result};

/// Nanoseconds in a minute.
pub(super) const MINUTE: u64 = 60 * SECOND;
/// Nanoseconds in an hour.
pub(super) const HOUR: u64 = 60 * MINUTE;
/// Nanoseconds in a day: midnight at its end.
pub(super) const DAY: u64 = 24 * HOUR;

/// A part of the day, from one time to a later one, both included, in nanoseconds after local midnight.
///
/// As text it is two times with a hyphen between: `09:30-16:00`. Each is `HH:MM`, `HH:MM:SS` or `HH:MM:SS`
/// with a fraction of at most nine digits; the hour may have one digit, and a session may end at `24:00`.
///
/// ```
/// # use bellwether::panel::Session;
/// let session: Session = "09:30-16:00".parse()?;
/// assert_eq!(session.from(), (9 * 60 + 30) * 60 * 1_000_000_000);
/// assert_eq!(session.to_string(), "09:30-16:00");
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Session {
    from: u64,
    to: u64,
}

impl Session {
    /// The session from one time to another, both included, in nanoseconds after midnight.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where it does not end after it begins, or ends after 24:00.
    pub fn new(from: u64, to: u64) -> Result<Self> {
        let refuse = |requirement: &str| {
            Err(refusal(format!("{}-{}", clock(from), clock(to)), requirement.to_owned()))
        };
        if from >= to {
            return refuse("it must end after it begins; exchange the two times, or widen it");
        }
        if to > DAY {
            return refuse("a day ends at 24:00; end the session there or before");
        }
        Ok(Self { from, to })
    }

    /// Its first time, in nanoseconds after midnight.
    pub fn from(&self) -> u64 {
        self.from
    }

    /// Its last time, in nanoseconds after midnight.
    pub fn to(&self) -> u64 {
        self.to
    }
}

impl FromStr for Session {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::Parameter`] where the text is no session.
    fn from_str(text: &str) -> Result<Self> {
        let times = || {
            let (from, to) = text.split_once('-')?;
            Some((clock_time(from.trim())?, clock_time(to.trim())?))
        };
        let Some((from, to)) = times() else {
            let requirement = "it must be two times of a day with a hyphen between, as in 09:30-16:00; \
                               seconds and their fractions may follow the minutes";
            return Err(refusal(text.to_owned(), requirement.to_owned()));
        };
        Self::new(from, to)
    }
}

impl fmt::Display for Session {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}-{}", clock(self.from), clock(self.to))
    }
}

fn refusal(value: String, requirement: String) -> Error {
    Error::Parameter { name: "session", value, requirement }
}

/// Nanoseconds after midnight of `H:MM`, `HH:MM`, `HH:MM:SS` or `HH:MM:SS.FFF`, up to 24:00.
fn clock_time(text: &str) -> Option<u64> {
    // A number of `digits` digits, which is below `end`.
    let number = |text: &str, digits: std::ops::RangeInclusive<usize>, end: u64| {
        let right = digits.contains(&text.len()) && text.bytes().all(|byte| byte.is_ascii_digit());
        text.parse::<u64>().ok().filter(|number| right && *number < end)
    };
    let mut parts = text.splitn(3, ':');
    let hours = number(parts.next()?, 1..=2, 25)?;
    let minutes = number(parts.next()?, 2..=2, 60)?;
    let seconds = match parts.next() {
        None => 0,
        Some(seconds) => match seconds.split_once('.') {
            None => number(seconds, 2..=2, 60)? * SECOND,
            Some((seconds, fraction)) => {
                let parsed = number(fraction, 1..=9, SECOND)?;
                number(seconds, 2..=2, 60)? * SECOND + parsed * 10_u64.pow(9 - fraction.len() as u32)
            }
        },
    };
    Some(hours * HOUR + minutes * MINUTE + seconds).filter(|time| *time <= DAY)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn sessions_are_read_to_the_nanosecond() {
        let read =
            |text: &str| text.parse::<Session>().map(|session| (session.from(), session.to())).unwrap();
        assert_eq!(read("09:30-16:00"), (34_200 * SECOND, 57_600 * SECOND));
        assert_eq!(read(" 9:30 - 16:00 "), (34_200 * SECOND, 57_600 * SECOND));
        assert_eq!(read("09:30:01-15:59:59.999"), (34_201 * SECOND, 57_600 * SECOND - 1_000_000));
        assert_eq!(read("00:00-00:00:00.000000001"), (0, 1));
        assert_eq!(read("0:00-24:00"), (0, DAY));
    }

    #[test]
    fn what_is_no_session_is_refused() {
        for text in [
            "",
            "-",
            "09:30",
            "09:30-",
            "09:30-16",
            "0930-1600",
            "09:30-16:60",
            "25:00-26:00",
            "09:30-24:00:01",
            "09:3-16:00",
            "009:30-16:00",
            "09:30:5-16:00",
            "09:30-16:00:00.",
            "09:30-16:00:00.0000000001",
            "+9:30-16:00",
            "09:30-16:00-17:00",
            "09:30–16:00",
            "09:30-16:00:00:00",
            "9.30-16.00",
            "x",
        ] {
            let error = text.parse::<Session>().unwrap_err().to_string();
            assert!(error.contains("two times of a day") && error.contains("09:30-16:00"), "{text}: {error}");
        }
        for text in ["16:00-09:30", "09:30-09:30"] {
            let error = text.parse::<Session>().unwrap_err().to_string();
            assert_eq!(
                error,
                format!(
                    "session is {text}, but it must end after it begins; exchange the two times, or widen it"
                )
            );
        }
        assert!(Session::new(0, DAY + 1).is_err());
    }

    proptest! {
        #[test]
        fn a_session_is_read_as_it_was_written(
            a in 0..=DAY,
            b in 0..=DAY,
            unit in prop::sample::select(vec![1, 1_000, 1_000_000, SECOND, MINUTE]),
        ) {
            let (a, b) = (a / unit * unit, b / unit * unit);
            prop_assume!(a != b);
            let session = Session::new(a.min(b), a.max(b)).unwrap();
            prop_assert_eq!(session.to_string().parse::<Session>().unwrap(), session);
        }
    }
}
