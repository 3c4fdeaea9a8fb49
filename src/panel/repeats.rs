//! Rows that repeat the row before them but for the time, the stock and the prices: most rows of any text.
//!
//! The row before was taken apart by [`Parser`](super::rows::Parser), which finds all that can be wrong with
//! a row. From it comes a pattern: its bytes up to the time, a time, its bytes up to the price, and so on. A
//! row that fits the pattern is read from left to right, once; any other is left to the parser. This only
//! saves time: what is read here, the parser would read as the same.

use jiff::civil::Date;

use super::field::{self, TimeStyle};
use super::header::{Columns, Shape, When};
use super::intake::{Fault, Intake};
use super::moment::{Clock, Repeated};
use super::text::{COMMENT, LONGEST_LINE, Lines, Splitter};

/// Rows that are handed on together.
const RUN: usize = 1 << 10;

/// A part of a row, from left to right.
#[derive(Debug, Clone, PartialEq)]
enum Part {
    /// These bytes: separators, the date, the zone, the stock of the row before.
    Bytes(Vec<u8>),
    Time,
    Stock,
    /// The price of the row's stock.
    Price,
    /// The price of the stock at this place, of a row with one for each.
    PriceOf(usize),
    /// A column that is not needed.
    Other,
}

/// The pattern of a row.
#[derive(Debug)]
pub(super) struct Pattern {
    /// The parts of rows of the same stock.
    same: Vec<Part>,
    /// Those of rows of any stock, where rows name theirs.
    any: Option<Vec<Part>>,
    /// The place of the same stock.
    place: usize,
    separator: u8,
    date: Date,
    style: TimeStyle,
    /// The day of stamps, as they write it; none where the date has a column of its own.
    stamp: Option<Repeated>,
    /// The prices of a row with one for each stock. NaN where one is missing.
    prices: Vec<(usize, f64)>,
}

/// Rows of one stock on one day that were read and not handed on yet.
#[derive(Debug, Default)]
struct Run {
    date: Date,
    times: Vec<u64>,
    prices: Vec<f64>,
    /// Bytes of the text from its first row on.
    left: usize,
}

/// What a row says but for the prices of a row with one for each stock.
struct Row<'a> {
    time: u64,
    price: f64,
    stock: &'a [u8],
    /// What comes behind it.
    rest: &'a [u8],
}

impl Pattern {
    /// The pattern of the `line` that was read last; none where rows must be taken apart.
    pub(super) fn of(
        line: &[u8],
        columns: &Columns,
        clock: &Clock,
        splitter: &mut Splitter,
        places: &[usize],
        intake: &mut Intake<'_>,
    ) -> Option<Self> {
        // Marks hide separators.
        if line.contains(&b'"') || !columns.filters.is_empty() {
            return None;
        }
        let separator = splitter.separator;
        let fields: Vec<&[u8]> = splitter.split(line).ok()?.collect();
        let (date, style, stamp) = match columns.when {
            When::Apart { date, .. } => {
                let (day, style) = clock.repeated_day(fields.get(date)?)?;
                (day, style, None)
            }
            When::Together(column) => {
                let text = fields.get(column)?;
                let (stamp, time) = clock.repeated_stamp(text)?;
                let (_, style) = field::time(&text[time.clone()]).ok()?;
                (Date::MIN, style, Some((stamp, time)))
            }
        };
        let (mut same, mut any): (Vec<Part>, Vec<Part>) = (Vec::new(), Vec::new());
        let mut place = places.first().copied().unwrap_or_default();
        let bytes = |text: &[u8], same: &mut Vec<Part>, any: &mut Vec<Part>| {
            for parts in [same, any] {
                match parts.last_mut() {
                    Some(Part::Bytes(bytes)) => bytes.extend_from_slice(text),
                    _ => parts.push(Part::Bytes(text.to_vec())),
                }
            }
        };
        for (number, field) in fields.into_iter().enumerate() {
            if number > 0 {
                bytes(&[separator], &mut same, &mut any);
            }
            let is_time = match columns.when {
                When::Apart { date, .. } if number == date => {
                    bytes(field, &mut same, &mut any);
                    continue;
                }
                When::Apart { time, .. } => number == time,
                When::Together(column) => number == column,
            };
            let part = match &columns.shape {
                _ if is_time => {
                    let time = stamp.as_ref().map_or(0..field.len(), |(_, time)| time.clone());
                    if time.start > 0 {
                        bytes(&field[..time.start], &mut same, &mut any);
                    }
                    same.push(Part::Time);
                    any.push(Part::Time);
                    if time.end < field.len() {
                        bytes(&field[time.end..], &mut same, &mut any);
                    }
                    continue;
                }
                Shape::Single { price } | Shape::Long { price, .. } if number == *price => Part::Price,
                Shape::Long { stock, .. } if number == *stock => {
                    place = intake.known_place(field)?;
                    any.push(Part::Stock);
                    bytes(field, &mut same, &mut Vec::new());
                    continue;
                }
                Shape::Wide(stocks) => {
                    let of = stocks.iter().zip(places).find(|((column, _), _)| *column == number);
                    let of = of.map(|(_, place)| *place).filter(|place| intake.wants(*place));
                    of.map_or(Part::Other, Part::PriceOf)
                }
                _ => Part::Other,
            };
            same.push(part.clone());
            any.push(part);
        }
        let any = matches!(columns.shape, Shape::Long { .. }).then_some(any);
        let stamp = stamp.map(|(stamp, _)| stamp);
        Some(Self { same, any, place, separator, date, style, stamp, prices: Vec::new() })
    }

    /// Reads the rows that follow, as long as they fit. For each that begins a day of a file of one stock
    /// calls `begins` with the bytes of the text from its start on. A fault comes with its line.
    pub(super) fn rows(
        &mut self,
        lines: &mut Lines<'_>,
        clock: &mut Clock,
        intake: &mut Intake<'_>,
        mut begins: impl FnMut(usize),
    ) -> Result<(), (u64, Fault)> {
        let skips = intake.skips_missing();
        let is_wide = self.same.iter().any(|part| matches!(part, Part::PriceOf(_)));
        let mut run = Run::default();
        // The stock of the row before, where it differed from that of the pattern.
        let mut other = None;
        loop {
            self.plain_rows(lines, clock, intake, &mut run, &mut begins)?;
            let Self { same, any, separator, style, prices, .. } = self;
            let rest = lines.rest;
            let mut fits = |parts: &[Part]| row(parts, rest, *separator, *style, skips, prices);
            let (row, place) = match (fits(same), &*any) {
                (Some(row), _) => (row, self.place),
                (None, None) => break,
                (None, Some(any)) => {
                    let Some(row) = fits(any) else { break };
                    let Some(place) = intake.known_place(row.stock) else { break };
                    (row, place)
                }
            };
            let moment = match self.stamp {
                None => clock.at(self.date, row.time).ok(),
                Some(stamp) => clock.again(stamp, row.time),
            };
            let Some((date, time)) = moment else { break };
            if is_wide {
                let line = lines.number + 1;
                for &(place, price) in &self.prices {
                    if price.is_nan() {
                        intake.steps.counts.missing += 1;
                    } else {
                        intake.push(place, date, time, price).map_err(|fault| (line, fault))?;
                    }
                }
            } else if row.price.is_nan() {
                run.hand_on(self.place, lines.number, intake, &mut begins)?;
                intake.steps.counts.missing += u64::from(intake.wants(place));
            } else {
                if place != self.place || run.date != date || run.times.len() == RUN {
                    run.hand_on(self.place, lines.number, intake, &mut begins)?;
                }
                if place == self.place {
                    if run.times.is_empty() {
                        (run.date, run.left) = (date, lines.rest.len());
                    }
                    run.times.push(time);
                    run.prices.push(row.price);
                } else {
                    let line = lines.number + 1;
                    intake.push(place, date, time, row.price).map_err(|fault| (line, fault))?;
                    if other.replace(place) == Some(place) {
                        self.be_of(row.stock, place);
                    }
                }
            }
            lines.rest = row.rest;
            lines.number += 1;
        }
        run.hand_on(self.place, lines.number, intake, &mut begins)
    }

    /// Reads the rows that follow where a row is nothing but some bytes, a time, some bytes and a price, and
    /// its moment is used as it is written. These are most rows, and [`row`] would read them as the same.
    fn plain_rows(
        &self,
        lines: &mut Lines<'_>,
        clock: &Clock,
        intake: &mut Intake<'_>,
        run: &mut Run,
        begins: &mut impl FnMut(usize),
    ) -> Result<(), (u64, Fault)> {
        let [Part::Bytes(before), Part::Time, Part::Bytes(between), Part::Price] = &*self.same else {
            return Ok(());
        };
        let Some(date) = clock.as_written(self.date, self.stamp) else { return Ok(()) };
        if lines.rest.starts_with(COMMENT) || before.starts_with(COMMENT) {
            return Ok(());
        }
        loop {
            if run.times.len() == RUN || run.date != date {
                run.hand_on(self.place, lines.number, intake, begins)?;
                (run.date, run.left) = (date, lines.rest.len());
            }
            let text = lines.rest;
            let Some(rest) = field::behind(text, before) else { break };
            let Some((time, rest)) = field::time_ahead(rest, self.style) else { break };
            let Some(rest) = field::behind(rest, between) else { break };
            let Some((price, length)) = field::decimal(rest).filter(|(price, _)| *price > 0.0) else { break };
            let [b'\n', rest @ ..] = &rest[length..] else { break };
            if run.times.is_empty() {
                run.left = text.len();
            }
            run.times.push(time);
            run.prices.push(price);
            lines.rest = rest;
            lines.number += 1;
        }
        Ok(())
    }

    /// Makes the pattern one of rows of this stock.
    fn be_of(&mut self, stock: &[u8], place: usize) {
        let Some(any) = &self.any else { return };
        self.same.clear();
        for part in any {
            let bytes = match part {
                Part::Stock => stock,
                Part::Bytes(bytes) => bytes,
                part => {
                    self.same.push(part.clone());
                    continue;
                }
            };
            match self.same.last_mut() {
                Some(Part::Bytes(before)) => before.extend_from_slice(bytes),
                _ => self.same.push(Part::Bytes(bytes.to_vec())),
            }
        }
        self.place = place;
    }
}

impl Run {
    /// Hands the rows on, of which the last is in this line.
    fn hand_on(
        &mut self,
        place: usize,
        line: u64,
        intake: &mut Intake<'_>,
        begins: &mut impl FnMut(usize),
    ) -> Result<(), (u64, Fault)> {
        let Self { date, times, prices, left } = self;
        if times.is_empty() {
            return Ok(());
        }
        let first = line + 1 - times.len() as u64;
        let begun = intake.push_run(place, *date, times, prices);
        if begun.map_err(|(row, fault)| (first + row as u64, fault))? {
            begins(*left);
        }
        times.clear();
        prices.clear();
        Ok(())
    }
}

/// The row at the start of `text`, if it consists of these parts.
#[inline(never)]
fn row<'a>(
    parts: &[Part],
    text: &'a [u8],
    separator: u8,
    style: TimeStyle,
    skips: bool,
    prices: &mut Vec<(usize, f64)>,
) -> Option<Row<'a>> {
    let mut row = Row { time: 0, price: 0.0, stock: &[], rest: text };
    prices.clear();
    for part in parts {
        let rest = row.rest;
        row.rest = match part {
            Part::Bytes(bytes) => field::behind(rest, bytes)?,
            Part::Time => {
                let rest;
                (row.time, rest) = field::time_ahead(row.rest, style)?;
                rest
            }
            Part::Price | Part::PriceOf(_) => {
                let (price, length) = match field::decimal(rest) {
                    Some((price, length)) if price > 0.0 => (price, length),
                    // What follows must be a separator, so that the field is empty.
                    None if skips => (f64::NAN, 0),
                    _ => return None,
                };
                match part {
                    Part::PriceOf(place) => prices.push((*place, price)),
                    _ => row.price = price,
                }
                &rest[length..]
            }
            Part::Stock | Part::Other => {
                let is_end = |byte: &u8| *byte == separator || matches!(byte, b'\n' | b'\r' | b'"');
                let (field, behind) = rest.split_at(rest.iter().position(is_end).unwrap_or(rest.len()));
                if *part == Part::Stock {
                    row.stock = field;
                }
                behind
            }
        };
    }
    row.rest = match row.rest {
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => rest,
        [] => &[],
        _ => return None,
    };
    // A comment, or one that is too long, is for the parser.
    (!text.starts_with(COMMENT) && text.len() - row.rest.len() <= LONGEST_LINE).then_some(row)
}
