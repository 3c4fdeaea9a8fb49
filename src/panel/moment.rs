//! Days and times as tables write them, apart or together, and the zones that they are in.
//!
//! Written together a day and a time are a *stamp*:
//!
//! - ISO 8601, `2007-01-03T09:35:00.123`, with a blank for the `T`, with or without a fraction, and with `Z`,
//!   `UTC`, an offset (`-05:00`, `-0500`, `-05`) or no zone behind;
//! - digits alone, `200701030935` or `20070103093500`;
//! - the time since 1970-01-01 UTC, in seconds (9 or 10 digits, also with a fraction), milliseconds (12 or
//!   13), microseconds (15 or 16) or nanoseconds (18 or 19 digits), as the number of digits of the first row
//!   says;
//! - whatever a [`DateFormat`] says.
//!
//! A file keeps to one way from its first row to its last: one that does not is refused, as `0935` among
//! `093500` would be taken for another time.
//!
//! **Zones.** A stamp with `Z`, an offset, or counted from 1970 is an instant, and is put on the clock of the
//! zone asked for; without one its clock is taken as it is written, which must then be of one offset
//! throughout. Stamps without a zone are on the exchange's clock already, unless it is said which zone's
//! clock they are of. A clock's time that does not exist, or exists twice, on a day when clocks change, is
//! refused where it must be converted.

use std::ops::Range;
use std::str::FromStr;

use jiff::civil::{Date, DateTime, Time};
use jiff::fmt::strtime::BrokenDownTime;
use jiff::tz::{AmbiguousOffset, TimeZone};
use jiff::{Timestamp, civil};

use super::SECOND;
use super::error::{LineProblem, quoted};
use super::field::{self, TimeStyle, digits};

const DAY: i64 = 24 * 60 * 60;

/// How dates are written that can be read in two ways.
///
/// Without one, `YYYYMMDD`, `YYYY-MM-DD`, `YYYY/MM/DD` and `03JAN2007` are read.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum DateFormat {
    /// Month, day, year: `1/3/2007`, as in the United States.
    MonthDayYear,
    /// Day, month, year: `3.1.2007`, as in Europe.
    DayMonthYear,
    /// A pattern of `strftime` for the date, or for the whole stamp: `%d.%m.%Y %H:%M`.
    Pattern(String),
}

impl FromStr for DateFormat {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        match text {
            "mdy" => Ok(Self::MonthDayYear),
            "dmy" => Ok(Self::DayMonthYear),
            pattern if pattern.contains('%') => {
                let day = civil::date(2007, 1, 3).at(9, 35, 0, 0).to_zoned(TimeZone::UTC);
                match day.and_then(|day| jiff::fmt::strtime::format(pattern, &day)) {
                    Ok(_) => Ok(Self::Pattern(pattern.to_owned())),
                    Err(error) => Err(format!("the pattern can't be used: {error}")),
                }
            }
            _ => Err("write mdy, dmy, or a pattern like %d.%m.%Y".into()),
        }
    }
}

/// Whose clocks times are of.
///
/// A stamp with `Z` or an offset, or counted from 1970, is put on the clock of `panel`; without that its
/// clock is taken as it is written, which must be of one offset throughout. A stamp without a zone is on the
/// panel's clock already, or on that of `files`, and is then converted.
#[derive(Debug, Clone, Default, PartialEq)]
#[non_exhaustive]
pub struct Zones {
    /// The zone whose clock the panel's days and times are of; none where those of the files are.
    pub panel: Option<TimeZone>,
    /// The zone whose clock times without a zone are of; none where that is the panel's.
    pub files: Option<TimeZone>,
}

/// How a file writes its moments: what must be known to read on amid it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Style {
    Iso(Zone),
    /// `YYYYMMDDHHMM` or `YYYYMMDDHHMMSS`, which has so many digits.
    Digits(usize),
    /// So many nanoseconds make a unit.
    Epoch(i64),
    Pattern(Zone),
}

/// The zone that stamps carry.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Zone {
    None,
    /// This offset from UTC, in seconds; of any row where stamps are put into another zone, of all where not.
    Offset(i32),
}

/// An instant, or a clock's time without a zone: seconds since 1970-01-01 and nanoseconds.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Moment {
    seconds: i64,
    nanoseconds: u32,
}

/// What stamps share that differ in their times alone: seconds since 1970 at their midnight, as their clock
/// shows it, and their zone.
#[derive(Debug, Clone, Copy)]
pub(super) struct Repeated {
    midnight: i64,
    zone: Zone,
}

/// Reads the moments of a file. Cheap to copy; a copy reads on in the same way.
#[derive(Debug, Clone)]
pub(super) struct Clock {
    format: Option<DateFormat>,
    zones: Zones,
    /// None before the first row.
    style: Option<Style>,
    time_style: Option<TimeStyle>,
    /// The date written last, and what it meant.
    last_date: Option<(Vec<u8>, Date)>,
    /// The day of the moment that came last.
    last_day: (i64, Date),
    /// Offsets of the panel's zone and of the files', each with the instants from and to which it holds.
    panel_offset: (i64, i64, i32),
    files_offset: (i64, i64, i32),
}

/// No instant.
const NEVER: (i64, i64, i32) = (0, 0, 0);

impl Clock {
    pub(super) fn new(format: Option<DateFormat>, zones: Zones) -> Self {
        Self {
            format,
            zones,
            style: None,
            time_style: None,
            last_date: None,
            last_day: (0, epoch_date(0)),
            panel_offset: NEVER,
            files_offset: NEVER,
        }
    }

    /// The day that was read last, if it was written in this way, and how times are written.
    pub(super) fn repeated_day(&self, text: &[u8]) -> Option<(Date, TimeStyle)> {
        let (_, date) = self.last_date.as_ref().filter(|(last, _)| last == text)?;
        self.time_style.map(|style| (*date, style))
    }

    /// What stamps share that are written like this one but for the time, and where in it the time is; none
    /// where rows before have shown no such stamp of this day.
    pub(super) fn repeated_stamp(&self, text: &[u8]) -> Option<(Repeated, Range<usize>)> {
        let Some(Style::Iso(first)) = self.style else { return None };
        let end = self.end_of_date(text)?;
        let (_, date) = self.last_date.as_ref().filter(|(last, _)| *last == text[..end].trim_ascii_end())?;
        let behind = text[end + 1..].trim_ascii();
        let (time, zone) = split_zone(behind)?;
        let are_offsets = |one, other| one != Zone::None && other != Zone::None;
        if zone != first && !(self.zones.panel.is_some() && are_offsets(zone, first)) {
            return None;
        }
        let from = text.len() - text[end + 1..].trim_ascii_start().len();
        Some((Repeated { midnight: epoch_day(*date) * DAY, zone }, from..from + time.len()))
    }

    /// The day of rows that repeat the one that was read last but for the time, where this is used as it is
    /// written.
    pub(super) fn as_written(&self, date: Date, stamp: Option<Repeated>) -> Option<Date> {
        let is_moved = match stamp {
            Some(Repeated { zone: Zone::Offset(_), .. }) => self.zones.panel.is_some(),
            _ => self.zones.files.is_some(),
        };
        let date = match stamp {
            None => Some(date),
            Some(Repeated { midnight, .. }) => checked_date(midnight / DAY),
        };
        date.filter(|_| !is_moved)
    }

    /// The day and the time of a stamp that repeats another but for its time.
    pub(super) fn again(&mut self, stamp: Repeated, time: u64) -> Option<(Date, u64)> {
        let Repeated { midnight, zone } = stamp;
        let moment =
            Moment { seconds: midnight + (time / SECOND) as i64, nanoseconds: (time % SECOND) as u32 };
        self.convert(moment, zone, String::new).ok()
    }

    /// The day and the time of a row that has them apart.
    pub(super) fn apart(&mut self, date: &[u8], time: &[u8]) -> Result<(Date, u64), LineProblem> {
        let date = self.date(date)?;
        self.time_of(date, time)
    }

    /// A day, and a time of it as text.
    pub(super) fn time_of(&mut self, date: Date, time: &[u8]) -> Result<(Date, u64), LineProblem> {
        let time = field::time_in_style(time, &mut self.time_style)?;
        self.at(date, time)
    }

    /// A day and a time of it, of the files' clock.
    pub(super) fn at(&mut self, date: Date, time: u64) -> Result<(Date, u64), LineProblem> {
        if self.zones.files.is_none() {
            return Ok((date, time));
        }
        let moment = Moment {
            seconds: epoch_day(date) * DAY + (time / SECOND) as i64,
            nanoseconds: (time % SECOND) as u32,
        };
        self.convert(moment, Zone::None, || format!("{date} {}", super::error::clock(time)))
    }

    /// The day and the time of a stamp.
    pub(super) fn stamp(&mut self, text: &[u8]) -> Result<(Date, u64), LineProblem> {
        let (moment, style) = self.parse(text)?;
        let zone = match style {
            Style::Iso(zone) | Style::Pattern(zone) => zone,
            Style::Epoch(_) => Zone::Offset(0),
            Style::Digits(_) => Zone::None,
        };
        match self.style {
            None => self.style = Some(style),
            Some(first) if first == style => {}
            Some(Style::Iso(first) | Style::Pattern(first)) if zone != Zone::None && first != Zone::None => {
                // Of other offsets, on one clock.
                if self.zones.panel.is_none() {
                    return Err(LineProblem::Offsets(quoted(text)));
                }
            }
            Some(Style::Iso(_)) if matches!(style, Style::Iso(_)) => {
                return Err(LineProblem::MixedZones(quoted(text)));
            }
            Some(_) => return Err(LineProblem::StampStyle(quoted(text))),
        }
        self.convert(moment, zone, || String::from_utf8_lossy(text).into_owned())
    }

    /// An instant, or a clock's time: nanoseconds since 1970-01-01.
    #[cfg(any(feature = "parquet", test))]
    pub(super) fn of_nanoseconds(
        &mut self,
        nanoseconds: i64,
        is_instant: bool,
    ) -> Result<(Date, u64), LineProblem> {
        let (seconds, rest) = (nanoseconds.div_euclid(SECOND as i64), nanoseconds.rem_euclid(SECOND as i64));
        let moment = Moment { seconds, nanoseconds: rest as u32 };
        let zone = if is_instant { Zone::Offset(0) } else { Zone::None };
        self.convert(moment, zone, || shown(moment))
    }

    /// From and up to which nanoseconds since 1970 moments are of the same day as this one, which was read
    /// last and has this time of the day, and as far from each other on the panel's clock; none where that is
    /// not known.
    #[cfg(feature = "parquet")]
    pub(super) fn span(&self, nanoseconds: i64, time: u64, is_instant: bool) -> Option<(i64, i64)> {
        const OF_DAY: i64 = DAY * SECOND as i64;
        let midnight = nanoseconds.checked_sub(i64::try_from(time).ok()?)?;
        let (mut least, mut most) = (midnight, midnight.checked_add(OF_DAY)?);
        match (is_instant, &self.zones) {
            (true, Zones { panel: Some(_), .. }) => {
                let (from, to, _) = self.panel_offset;
                least = least.max(from.saturating_mul(SECOND as i64));
                most = most.min(to.saturating_mul(SECOND as i64));
            }
            (false, Zones { files: Some(_), .. }) => return None,
            _ => {}
        }
        Some((least, most))
    }

    /// The zones between which times are brought, in a few words, once a row was read; none where clocks are
    /// taken as written, without a zone.
    pub(super) fn described(&self) -> Option<String> {
        let name = |zone: &TimeZone| zone.iana_name().unwrap_or("a fixed offset").to_owned();
        let written = match self.style {
            Some(Style::Epoch(_)) => Some("UTC".to_owned()),
            Some(Style::Iso(Zone::Offset(0)) | Style::Pattern(Zone::Offset(0))) => Some("UTC".to_owned()),
            Some(Style::Iso(Zone::Offset(offset)) | Style::Pattern(Zone::Offset(offset))) => {
                let minutes = offset.abs() / 60;
                let sign = if offset < 0 { '-' } else { '+' };
                Some(format!("{sign}{:02}:{:02}", minutes / 60, minutes % 60))
            }
            _ => self.zones.files.as_ref().map(name),
        };
        match (written, &self.zones.panel) {
            (Some(written), Some(panel)) => Some(format!("{written} → {}", name(panel))),
            (Some(written), None) => Some(written),
            (None, _) => None,
        }
    }

    /// A day as text.
    pub(super) fn date(&mut self, text: &[u8]) -> Result<Date, LineProblem> {
        if let Some((last, date)) = &self.last_date
            && last == text
        {
            return Ok(*date);
        }
        let date = match &self.format {
            None => field::date(text)?,
            Some(DateFormat::MonthDayYear) => field::date_by_parts(text, [1, 0, 2])?,
            Some(DateFormat::DayMonthYear) => field::date_by_parts(text, [0, 1, 2])?,
            Some(DateFormat::Pattern(pattern)) => {
                let parsed = parse_pattern(pattern, text)?;
                parsed.to_date().map_err(|_| LineProblem::Pattern(quoted(text), pattern.clone()))?
            }
        };
        self.last_date = Some((text.to_vec(), date));
        Ok(date)
    }

    fn parse(&mut self, text: &[u8]) -> Result<(Moment, Style), LineProblem> {
        if let Some(DateFormat::Pattern(pattern)) = &self.format {
            let pattern = pattern.clone();
            return parse_whole_pattern(&pattern, text);
        }
        let digits = text.iter().take_while(|byte| byte.is_ascii_digit()).count();
        if digits == text.len() || (digits >= 9 && text[digits] == b'.') {
            return self.parse_digits(text, digits);
        }
        // The date ends at a T, or at the first blank before a time.
        let end = self.end_of_date(text).ok_or_else(|| LineProblem::Stamp(quoted(text)))?;
        let date = self.date(text[..end].trim_ascii_end())?;
        let (time, zone) =
            split_zone(text[end + 1..].trim_ascii()).ok_or_else(|| LineProblem::Stamp(quoted(text)))?;
        let time = match field::time(time) {
            Ok((time, TimeStyle::IsoMinutes | TimeStyle::IsoSeconds)) => time,
            Ok(_) | Err(LineProblem::Time(_)) => return Err(LineProblem::Stamp(quoted(text))),
            Err(problem) => return Err(problem),
        };
        let moment = Moment {
            seconds: epoch_day(date) * DAY + (time / SECOND) as i64,
            nanoseconds: (time % SECOND) as u32,
        };
        Ok((moment, Style::Iso(zone)))
    }

    /// Where the date of a stamp ends.
    fn end_of_date(&self, text: &[u8]) -> Option<usize> {
        // Mostly it is as long as the one before.
        if let Some((last, _)) = &self.last_date
            && matches!(text.get(last.len()), Some(b'T' | b' '))
        {
            return Some(last.len());
        }
        let colon = text.iter().position(|byte| *byte == b':')?;
        text[..colon].iter().rposition(|byte| matches!(byte, b'T' | b' ' | b't'))
    }

    fn parse_digits(&mut self, text: &[u8], count: usize) -> Result<(Moment, Style), LineProblem> {
        let wrong = || LineProblem::Stamp(quoted(text));
        // As a calendar's date these numbers of digits stand for years from 1900 on; as seconds or
        // milliseconds for years that no such data is of.
        if text.len() == count && matches!(count, 12 | 14) && matches!(&text[..2], b"19" | b"20") {
            let date = self.date(&text[..8])?;
            let mut style = None;
            let time = field::time_in_style(&text[8..], &mut style)?;
            let seconds = epoch_day(date) * DAY + (time / SECOND) as i64;
            return Ok((Moment { seconds, nanoseconds: 0 }, Style::Digits(count)));
        }
        let unit = match (self.style, count) {
            (Some(Style::Epoch(unit)), _) => unit,
            (_, 9 | 10) => SECOND as i64,
            (_, 12 | 13) => 1_000_000,
            (_, 15 | 16) => 1_000,
            (_, 18 | 19) => 1,
            _ => return Err(wrong()),
        };
        let number: i64 =
            std::str::from_utf8(&text[..count]).ok().and_then(|text| text.parse().ok()).ok_or_else(wrong)?;
        // Of another length than any moment of this unit within some decades.
        let digits_of_unit = match unit {
            1 => 18..=19,
            1_000 => 15..=16,
            1_000_000 => 12..=13,
            _ => 9..=10,
        };
        if !digits_of_unit.contains(&count) {
            return Err(LineProblem::StampStyle(quoted(text)));
        }
        let per_second = SECOND as i64 / unit;
        let mut nanoseconds = (number % per_second) * unit;
        if let Some(fraction) = text.get(count + 1..) {
            // Of a second, and no finer than a nanosecond.
            let digits = fraction.len();
            if unit != SECOND as i64 || digits == 0 || digits > 9 {
                return Err(wrong());
            }
            let value = field::digits(fraction).ok_or_else(wrong)?;
            nanoseconds += i64::from(value) * 10_i64.pow(9 - digits as u32);
        }
        let moment = Moment { seconds: number / per_second, nanoseconds: nanoseconds as u32 };
        Ok((moment, Style::Epoch(unit)))
    }

    /// Brings a moment to the panel's clock.
    fn convert(
        &mut self,
        moment: Moment,
        zone: Zone,
        written: impl Fn() -> String,
    ) -> Result<(Date, u64), LineProblem> {
        let instant = match (zone, &self.zones.files) {
            (Zone::Offset(offset), _) => Some(moment.seconds - i64::from(offset)),
            (Zone::None, Some(_)) => Some(self.instant(moment.seconds, &written)?),
            (Zone::None, None) => None,
        };
        let seconds = match (instant, &self.zones.panel) {
            (Some(instant), Some(zone)) => {
                let (from, to, _) = self.panel_offset;
                if !(from..to).contains(&instant) {
                    self.panel_offset =
                        offset_at(zone, instant).ok_or_else(|| LineProblem::Stamp(written()))?;
                }
                instant + i64::from(self.panel_offset.2)
            }
            // As it is written.
            _ => moment.seconds,
        };
        let day = seconds.div_euclid(DAY);
        if day != self.last_day.0 {
            let date = checked_date(day).ok_or_else(|| LineProblem::Stamp(quoted(written().as_bytes())))?;
            self.last_day = (day, date);
        }
        let time = seconds.rem_euclid(DAY) as u64 * SECOND + u64::from(moment.nanoseconds);
        Ok((self.last_day.1, time))
    }

    /// The instant at which clocks of the files' zone show this.
    fn instant(&mut self, clock: i64, written: impl Fn() -> String) -> Result<i64, LineProblem> {
        // Far enough from any change of clocks.
        let (from, to, offset) = self.files_offset;
        let instant = clock - i64::from(offset);
        if from + DAY <= instant && instant < to - DAY {
            return Ok(instant);
        }
        let Some(zone) = self.zones.files.clone() else { return Ok(clock) };
        let wrong = || LineProblem::Stamp(quoted(written().as_bytes()));
        let date = checked_date(clock.div_euclid(DAY)).ok_or_else(wrong)?;
        let second = clock.rem_euclid(DAY) as i32;
        let time = Time::new((second / 3600) as i8, (second / 60 % 60) as i8, (second % 60) as i8, 0);
        let time = time.map_err(|_| wrong())?;
        let name = zone.iana_name().unwrap_or("the files' zone").to_owned();
        match zone.to_ambiguous_timestamp(DateTime::from_parts(date, time)).offset() {
            AmbiguousOffset::Unambiguous { offset } => {
                let instant = clock - i64::from(offset.seconds());
                self.files_offset = offset_at(&zone, instant).ok_or_else(wrong)?;
                Ok(instant)
            }
            AmbiguousOffset::Gap { .. } => Err(LineProblem::ClockGap { written: written(), zone: name }),
            AmbiguousOffset::Fold { .. } => Err(LineProblem::ClockFold { written: written(), zone: name }),
        }
    }
}

/// A moment for a message: the day and the time that its clock shows.
#[cfg(any(feature = "parquet", test))]
fn shown(moment: Moment) -> String {
    let time = moment.seconds.rem_euclid(DAY) as u64 * SECOND + u64::from(moment.nanoseconds);
    match checked_date(moment.seconds.div_euclid(DAY)) {
        Some(date) => format!("{date} {}", super::error::clock(time)),
        None => format!("{} s since 1970", moment.seconds),
    }
}

/// The offset of a zone at an instant, in seconds, and from and to which instant it holds.
fn offset_at(zone: &TimeZone, instant: i64) -> Option<(i64, i64, i32)> {
    let at = Timestamp::from_second(instant).ok()?;
    let next = zone.following(at).next().map_or(i64::MAX, |change| change.timestamp().as_second());
    // The one before, or at, this instant.
    let after = Timestamp::from_second(instant.checked_add(1)?).ok()?;
    let last = zone.preceding(after).next().map_or(i64::MIN / 2, |change| change.timestamp().as_second());
    Some((last, next, zone.to_offset(at).seconds()))
}

/// Days since 1970-01-01.
pub(super) fn epoch_day(date: Date) -> i64 {
    // H. Hinnant, "chrono-compatible low-level date algorithms", 2013: days_from_civil.
    let (year, month, day) = (i64::from(date.year()), i64::from(date.month()), i64::from(date.day()));
    let year = if month <= 2 { year - 1 } else { year };
    let era = year.div_euclid(400);
    let of_era = year.rem_euclid(400);
    let of_year = (153 * ((month + 9) % 12) + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date so many days after 1970-01-01, of the years from 1 to 9999.
pub(super) fn checked_date(day: i64) -> Option<Date> {
    const RANGE: std::ops::RangeInclusive<i64> = -719_162..=2_932_896;
    RANGE.contains(&day).then(|| epoch_date(day))
}

fn epoch_date(day: i64) -> Date {
    // The same source: civil_from_days.
    let day = day + 719_468;
    let (era, of_era) = (day.div_euclid(146_097), day.rem_euclid(146_097));
    let year_of_era = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year_of_era + year_of_era / 4 - year_of_era / 100);
    let shifted = (5 * of_year + 2) / 153;
    let month = if shifted < 10 { shifted + 3 } else { shifted - 9 };
    let year = year_of_era + era * 400 + i64::from(month <= 2);
    Date::new(year as i16, month as i8, (of_year - (153 * shifted + 2) / 5 + 1) as i8).unwrap_or(Date::MIN)
}

/// The time of a stamp without its zone, and the zone.
fn split_zone(text: &[u8]) -> Option<(&[u8], Zone)> {
    if let [time @ .., b'Z' | b'z'] = text {
        return Some((time, Zone::Offset(0)));
    }
    for name in [&b"UTC"[..], b"GMT"] {
        if let Some(time) = text.strip_suffix(name) {
            return Some((time.trim_ascii_end(), Zone::Offset(0)));
        }
    }
    let Some(sign) = text.iter().rposition(|byte| matches!(byte, b'+' | b'-')) else {
        return Some((text, Zone::None));
    };
    let (time, offset) = (text[..sign].trim_ascii_end(), &text[sign + 1..]);
    let (hours, minutes) = match offset {
        [h1, h2] => (digits(&[*h1, *h2])?, 0),
        [h1, h2, m1, m2] | [h1, h2, b':', m1, m2] => (digits(&[*h1, *h2])?, digits(&[*m1, *m2])?),
        _ => return None,
    };
    if hours > 18 || minutes > 59 {
        return None;
    }
    let seconds = (hours * 3600 + minutes * 60) as i32;
    Some((time, Zone::Offset(if text[sign] == b'-' { -seconds } else { seconds })))
}

fn parse_pattern(pattern: &str, text: &[u8]) -> Result<BrokenDownTime, LineProblem> {
    BrokenDownTime::parse(pattern, text).map_err(|_| LineProblem::Pattern(quoted(text), pattern.to_owned()))
}

/// A stamp by a pattern, which must give its day and its time.
fn parse_whole_pattern(pattern: &str, text: &[u8]) -> Result<(Moment, Style), LineProblem> {
    let wrong = || LineProblem::Pattern(quoted(text), pattern.to_owned());
    let parsed = parse_pattern(pattern, text)?;
    if let Ok(instant) = parsed.to_timestamp() {
        let nanoseconds = instant.as_nanosecond();
        let seconds = i64::try_from(nanoseconds.div_euclid(i128::from(SECOND))).map_err(|_| wrong())?;
        let nanoseconds = nanoseconds.rem_euclid(i128::from(SECOND)) as u32;
        return Ok((Moment { seconds, nanoseconds }, Style::Pattern(Zone::Offset(0))));
    }
    let clock = parsed.to_datetime().map_err(|_| wrong())?;
    let time = clock.time();
    let second = i64::from(time.hour()) * 3600 + i64::from(time.minute()) * 60 + i64::from(time.second());
    let seconds = epoch_day(clock.date()) * DAY + second;
    Ok((Moment { seconds, nanoseconds: time.subsec_nanosecond() as u32 }, Style::Pattern(Zone::None)))
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use proptest::prelude::*;

    use super::*;

    fn zone(name: &str) -> Option<TimeZone> {
        Some(TimeZone::get(name).unwrap())
    }

    fn plain() -> Clock {
        Clock::new(None, Zones::default())
    }

    fn new_york() -> Zones {
        Zones { panel: zone("America/New_York"), files: None }
    }

    const MORNING: u64 = (9 * 3600 + 35 * 60) * SECOND;

    #[test]
    fn stamps_are_read_in_every_usual_way() {
        for (text, fraction) in [
            ("2007-01-03T09:35:00", 0),
            ("2007-01-03 09:35", 0),
            ("20070103 09:35:00", 0),
            ("2007/01/03 09:35:00", 0),
            ("03JAN2007 9:35:00", 0),
            ("2007-01-03 09:35:00.5", 500_000_000),
            ("2007-01-03 09:35:00.123456789", 123_456_789),
            ("2007-01-03T09:35:00Z", 0),
            ("2007-01-03 09:35:00 UTC", 0),
            ("2007-01-03 09:35:00+00:00", 0),
            ("2007-01-03 09:35:00-05:00", 0),
            ("2007-01-03T09:35:00.250000-0500", 250_000_000),
            ("2007-01-03 09:35:00-05", 0),
            ("200701030935", 0),
            ("20070103093500", 0),
            ("1167816900", 0),
            ("1167816900.75", 750_000_000),
            ("1167816900123", 123_000_000),
            ("1167816900123456", 123_456_000),
            ("1167816900123456789", 123_456_789),
        ] {
            assert_eq!(plain().stamp(text.as_bytes()), Ok((date(2007, 1, 3), MORNING + fraction)), "{text}");
        }
        for text in [
            "",
            "2007-01-03",
            "09:35",
            "2007-01-03 935",
            "2007-01-03 09:35:00 EST",
            "2007-01-03 09:35:00+5",
            "11678169001234567",
            "12.5",
            "2007-01-03T",
        ] {
            assert!(
                matches!(plain().stamp(text.as_bytes()), Err(LineProblem::Stamp(_))),
                "{text}: {:?}",
                plain().stamp(text.as_bytes())
            );
        }
        assert!(matches!(plain().stamp(b"01/03/2007 09:35"), Err(LineProblem::TwofoldDate(_))));
        assert!(matches!(plain().stamp(b"2007-02-30 09:35"), Err(LineProblem::ImpossibleDate(_))));
        assert!(matches!(plain().stamp(b"2007-02-03 25:35"), Err(LineProblem::ImpossibleTime(_))));
    }

    #[test]
    fn a_file_keeps_to_one_way() {
        let second = |first: &str, second: &str| {
            let mut clock = plain();
            clock.stamp(first.as_bytes()).unwrap();
            clock.stamp(second.as_bytes())
        };
        assert!(second("2007-01-03 09:35:00", "2007-01-03T09:35:00.5").is_ok());
        assert!(second("2007-01-03 09:35", "2007-01-03 09:35:30").is_ok());
        let problems = [
            ("1167816900", "1167816900000"),
            ("1167816900000", "1167816900"),
            ("2007-01-03 09:35:00", "1167816900"),
            ("200701030935", "20070103093500"),
        ];
        for (first, other) in problems {
            assert!(matches!(second(first, other), Err(LineProblem::StampStyle(_))), "{first}, {other}");
        }
        for (first, other) in
            [("2007-01-03 09:35", "2007-01-03 09:36Z"), ("2007-01-03 09:35-05", "2007-01-03 09:36")]
        {
            assert!(matches!(second(first, other), Err(LineProblem::MixedZones(_))), "{first}, {other}");
        }
        assert!(matches!(second("2007-01-03 09:35-05", "2007-07-03 09:36-04"), Err(LineProblem::Offsets(_))));
    }

    #[test]
    fn instants_are_put_on_the_clock_asked_for() {
        let mut clock = Clock::new(None, new_york());
        let at = |clock: &mut Clock, text: &str| clock.stamp(text.as_bytes()).unwrap();
        assert_eq!(at(&mut clock, "2007-01-03T14:35:00Z"), (date(2007, 1, 3), MORNING));
        assert_eq!(at(&mut clock, "2007-07-03T13:35:00Z"), (date(2007, 7, 3), MORNING));
        assert_eq!(at(&mut clock, "2007-01-04T03:00:00+01:00"), (date(2007, 1, 3), 21 * 3600 * SECOND));
        assert_eq!(clock.described().unwrap(), "UTC → America/New_York");
        // Around the change of clocks of 2007-03-11, at 07:00 UTC.
        assert_eq!(at(&mut clock, "2007-03-11T06:59:59Z").1, (2 * 3600 - 1) * SECOND);
        assert_eq!(at(&mut clock, "2007-03-11T07:00:00Z").1, 3 * 3600 * SECOND);
        let mut clock = Clock::new(None, new_york());
        assert_eq!(at(&mut clock, "1167834900000"), (date(2007, 1, 3), MORNING));
        // Without a zone a clock is the exchange's already.
        let mut clock = Clock::new(None, new_york());
        assert_eq!(at(&mut clock, "2007-01-03 09:35"), (date(2007, 1, 3), MORNING));
        assert_eq!(clock.described(), None);
        // Unless it is said whose it is.
        let zones = Zones { files: zone("UTC"), ..new_york() };
        let mut clock = Clock::new(None, zones);
        assert_eq!(at(&mut clock, "2007-01-03 14:35"), (date(2007, 1, 3), MORNING));
        assert_eq!(clock.apart(b"20070103", b"1435"), Ok((date(2007, 1, 3), MORNING)));
        assert_eq!(
            clock.of_nanoseconds(1_167_834_900 * SECOND as i64, true),
            Ok((date(2007, 1, 3), MORNING))
        );
        assert_eq!(clock.of_nanoseconds(-1, true).unwrap().0, date(1969, 12, 31));
    }

    #[test]
    fn times_that_do_not_exist_or_exist_twice_are_refused() {
        let zones = Zones { panel: zone("UTC"), files: zone("America/New_York") };
        let mut clock = Clock::new(None, zones);
        assert!(clock.stamp(b"2007-03-11 01:59:59").is_ok());
        assert!(matches!(clock.stamp(b"2007-03-11 02:30:00"), Err(LineProblem::ClockGap { .. })));
        assert_eq!(clock.stamp(b"2007-03-11 03:00:00"), Ok((date(2007, 3, 11), 7 * 3600 * SECOND)));
        assert!(matches!(clock.stamp(b"2007-11-04 01:30:00"), Err(LineProblem::ClockFold { .. })));
        assert_eq!(clock.stamp(b"2007-11-04 02:00:00"), Ok((date(2007, 11, 4), 7 * 3600 * SECOND)));
    }

    #[test]
    fn dates_that_can_be_read_in_two_ways_need_a_format() {
        let of = |format: &str, text: &str| {
            Clock::new(Some(format.parse().unwrap()), Zones::default()).stamp(text.as_bytes())
        };
        let expected = Ok((date(2007, 1, 3), MORNING));
        assert_eq!(of("mdy", "1/3/2007 9:35"), expected);
        assert_eq!(of("mdy", "01-03-2007 9:35:00 AM"), expected);
        assert_eq!(of("dmy", "03.01.2007 09:35"), expected);
        assert_eq!(of("%d.%m.%Y %H:%M", "03.01.2007 09:35"), expected);
        assert_eq!(of("%Y-%j %H%M", "2007-003 0935"), expected);
        assert!(matches!(of("dmy", "01/13/2007 09:35"), Err(LineProblem::ImpossibleDate(_))));
        assert!(matches!(of("%d.%m.%Y %H:%M", "x"), Err(LineProblem::Pattern(..))));
        for text in ["", "ymd", "%!", "d.m.Y"] {
            assert!(text.parse::<DateFormat>().is_err(), "{text}");
        }
    }

    proptest! {
        #[test]
        fn days_of_the_epoch_are_those_of_the_calendar(day in -719_162_i64..2_932_896) {
            let date = epoch_date(day);
            prop_assert_eq!(epoch_day(date), day);
            let since = civil::date(1970, 1, 1).until(date).unwrap();
            prop_assert_eq!(i64::from(since.get_days()), day);
        }

        #[test]
        fn instants_convert_as_the_library_does(
            second in 0_i64..2_000_000_000,
            steps in prop::collection::vec(0_i64..9_000_000, 1..20),
        ) {
            let mut clock = Clock::new(None, Zones { files: zone("UTC"), panel: zone("Europe/Berlin") });
            let mut back = Clock::new(None, Zones { files: zone("Europe/Berlin"), panel: zone("UTC") });
            let mut at = second;
            for step in steps {
                at += step;
                let (date, time) = clock.of_nanoseconds(at * SECOND as i64, true).unwrap();
                let zoned = Timestamp::from_second(at).unwrap().in_tz("Europe/Berlin").unwrap();
                prop_assert_eq!(date, zoned.date());
                let expected = zoned.time();
                let [hour, minute, second] = [expected.hour(), expected.minute(), expected.second()];
                let seconds = hour as u64 * 3600 + minute as u64 * 60 + second as u64;
                prop_assert_eq!(time, seconds * SECOND);
                // And back, but where clocks show a time twice.
                let local = epoch_day(date) * DAY + (time / SECOND) as i64;
                match back.of_nanoseconds(local * SECOND as i64, false) {
                    Ok((date, time)) => prop_assert_eq!(epoch_day(date) * DAY + (time / SECOND) as i64, at),
                    Err(LineProblem::ClockFold { .. }) => {}
                    Err(problem) => prop_assert!(false, "{problem}"),
                }
            }
        }
    }
}
