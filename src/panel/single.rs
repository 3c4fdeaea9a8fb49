//! Files of one stock: rows of date, time and price, `20070103,935,12.34`, without a header or with one.

use std::path::Path;

use super::error::{FileProblem, LineProblem, PanelError};
use super::field::{self, TimeStyle};
use super::header::{self, Columns, Row};
use super::series::Series;
use super::text::{self, Lines, Splitter};

/// How a file writes its rows: what must be known to read on amid it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Layout {
    columns: Columns,
    /// None before the first row.
    style: Option<TimeStyle>,
}

/// Reads a file of one stock, its text some whole lines at a time.
#[derive(Debug)]
pub(super) struct Parser<'a> {
    /// For messages.
    path: &'a Path,
    splitter: Splitter,
    layout: Layout,
    /// Whether the first line was seen.
    begun: bool,
    /// Lines and bytes so far.
    lines: u64,
    bytes: u64,
    /// Where the first row of each day begins, in bytes.
    starts: Vec<u64>,
}

impl<'a> Parser<'a> {
    /// For the text of a file from its beginning on.
    pub(super) fn new(path: &'a Path) -> Self {
        Self {
            path,
            splitter: Splitter::new(),
            layout: Layout { columns: Columns::PLAIN, style: None },
            begun: false,
            lines: 0,
            bytes: 0,
            starts: Vec::new(),
        }
    }

    /// For rows from amid a file, which are written in this way.
    pub(super) fn amid(path: &'a Path, layout: Layout) -> Self {
        Self { layout, begun: true, ..Self::new(path) }
    }

    /// Reads more of the text into `series`.
    pub(super) fn feed(&mut self, text: &[u8], series: &mut Series) -> Result<(), PanelError> {
        let Self { path, splitter, layout, starts, .. } = self;
        let at = |line, problem| PanelError::Line { path: path.to_path_buf(), line, problem };
        text::check(path, text, self.lines)?;
        let mut lines = Lines::after(self.bytes, self.lines, text);
        if !self.begun
            && let Some(first) = lines.clone().next()
        {
            self.begun = true;
            if header::is_header(first, splitter) {
                lines.next();
                layout.columns = read_header(first, splitter).map_err(|problem| at(lines.number, problem))?;
            }
        }
        loop {
            let start = self.bytes + (text.len() - lines.rest.len()) as u64;
            let Some(line) = lines.next() else { break };
            let days = series.days.len();
            row(line, splitter, layout, series).map_err(|problem| at(lines.number, problem))?;
            if series.days.len() > days {
                starts.push(start);
            }
            if layout.columns == Columns::PLAIN {
                plain_rows(&mut lines, line, layout.style, series);
            }
        }
        self.lines = lines.number;
        self.bytes += text.len() as u64;
        Ok(())
    }

    /// Lines and bytes read so far.
    pub(super) fn position(&self) -> (u64, u64) {
        (self.lines, self.bytes)
    }

    /// Where the first row of each day begins that was read so far, in bytes.
    pub(super) fn starts(&self) -> &[u64] {
        &self.starts
    }

    /// What was seen of the file, which must have rows.
    pub(super) fn finish(self) -> Result<Seen, PanelError> {
        let useless = |problem| Err(PanelError::File { path: self.path.to_path_buf(), problem });
        match (self.begun, self.starts.is_empty()) {
            (false, _) => useless(FileProblem::Empty),
            (true, true) => useless(FileProblem::HeaderOnly),
            (true, false) => Ok(Seen { layout: self.layout, starts: self.starts, bytes: self.bytes }),
        }
    }
}

/// What [`Parser`] saw of a file beside its prices.
#[derive(Debug)]
pub(super) struct Seen {
    pub(super) layout: Layout,
    /// Where the first row of each day begins, in bytes.
    pub(super) starts: Vec<u64>,
    /// Bytes in all.
    pub(super) bytes: u64,
}

/// Reads the text of one stock's file, all at once.
#[cfg(test)]
fn parse(stock: &str, path: &Path, text: &[u8]) -> Result<Series, PanelError> {
    let (mut parser, mut series) = (Parser::new(path), Series::new(stock, 0));
    parser.feed(text, &mut series)?;
    parser.finish()?;
    Ok(series)
}

/// The columns of a file with this header.
fn read_header(line: &[u8], splitter: &mut Splitter) -> Result<Columns, LineProblem> {
    if header::is_long(line, splitter) {
        return Err(LineProblem::Long);
    }
    Columns::find(line, splitter)
}

/// Reads any row, and finds whatever is wrong with it.
fn row(
    line: &[u8],
    splitter: &mut Splitter,
    layout: &mut Layout,
    series: &mut Series,
) -> Result<(), LineProblem> {
    let Row { date, time, price, .. } = layout.columns.of(splitter.split(line)?)?;
    let date = field::date(date)?;
    let (time, price) = (field::time_in_style(time, &mut layout.style)?, field::price(price)?);
    series.push(date, time, price)
}

/// Reads the rows that follow `line`, a row, on the same day, as long as they have the common shape. It
/// leaves any other to [`row`]: this path only saves time.
fn plain_rows(lines: &mut Lines<'_>, line: &[u8], style: Option<TimeStyle>, series: &mut Series) {
    let Some(comma) = line.iter().position(|byte| *byte == b',') else { return };
    let date_field = &line[..=comma];
    while let Some((time, price, length)) = plain_row(lines.rest, date_field, style) {
        if series.push_same_day(time, price).is_err() {
            break;
        }
        lines.rest = &lines.rest[length..];
        lines.number += 1;
    }
}

/// The time and price of a row at the start of `text` that repeats `date_field`, and the length of its line.
fn plain_row(text: &[u8], date_field: &[u8], style: Option<TimeStyle>) -> Option<(u64, f64, usize)> {
    const LONGEST_TIME: usize = 8;
    let rest = text.strip_prefix(date_field)?;
    let comma = rest.iter().take(LONGEST_TIME + 1).position(|byte| *byte == b',')?;
    let (time, rest) = (&rest[..comma], &rest[comma + 1..]);
    let (time, _) = field::time(time).ok().filter(|(_, found)| Some(*found) == style)?;
    let (price, length) = field::decimal(rest).filter(|(price, _)| *price > 0.0)?;
    let rest = match &rest[length..] {
        [b'\n', rest @ ..] | [b'\r', b'\n', rest @ ..] => rest,
        [] => &[],
        _ => return None,
    };
    Some((time, price, text.len() - rest.len()))
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::super::SECOND;
    use super::*;

    /// What [`parse`] does, without the path for plain rows.
    fn parse_slowly(text: &[u8]) -> Result<Series, (u64, LineProblem)> {
        let (mut lines, mut splitter) = (Lines::new(text), Splitter::new());
        let mut layout = Layout { columns: Columns::PLAIN, style: None };
        let mut series = Series::default();
        while let Some(line) = lines.next() {
            row(line, &mut splitter, &mut layout, &mut series).map_err(|problem| (lines.number, problem))?;
        }
        Ok(series)
    }

    fn parse_fast(text: &[u8]) -> Result<Series, (u64, LineProblem)> {
        parse("", Path::new("x.csv"), text).map_err(|error| match error {
            PanelError::Line { line, problem, .. } => (line, problem),
            other => panic!("{other}"),
        })
    }

    /// Some lines at a time, and each day once more from where it is said to begin.
    fn parse_in_parts(text: &[u8]) -> Result<Series, (u64, LineProblem)> {
        let path = Path::new("x.csv");
        let (mut parser, mut series) = (Parser::new(path), Series::default());
        for (number, line) in text.split_inclusive(|byte| *byte == b'\n').enumerate() {
            parser.feed(line, &mut series).map_err(|error| match error {
                PanelError::Line { line, problem, .. } => {
                    assert_eq!(line, number as u64 + 1);
                    (line, problem)
                }
                other => panic!("{other}"),
            })?;
        }
        let seen = parser.finish().unwrap();
        assert_eq!((seen.starts.len(), seen.bytes), (series.days.len(), text.len() as u64));
        let ends = seen.starts[1..].iter().copied().chain([seen.bytes]);
        for ((day, &start), end) in series.days.iter().zip(&seen.starts).zip(ends) {
            let mut again = Series::default();
            let part = &text[start as usize..end as usize];
            Parser::amid(path, seen.layout).feed(part, &mut again).unwrap();
            assert_eq!(again.ticks(&again.days[0]), series.ticks(day));
            assert_eq!((again.days.len(), again.days[0].date), (1, day.date));
        }
        Ok(series)
    }

    #[test]
    fn one_row_is_read() {
        let series = parse("A", Path::new("A.csv"), b"20070103,935,12.34").unwrap();
        assert_eq!((series.times, series.prices), (vec![34500 * SECOND], vec![12.34]));
    }

    #[test]
    fn plain_rows_take_the_common_shape_only() {
        let style = Some(TimeStyle::Minutes);
        let plain = |text: &str| plain_row(text.as_bytes(), b"20070103,", style);
        assert_eq!(plain("20070103,935,12.34\nnext"), Some((34500 * SECOND, 12.34, 19)));
        assert_eq!(plain("20070103,935,12.34\r\n"), Some((34500 * SECOND, 12.34, 20)));
        assert_eq!(plain("20070103,935,12"), Some((34500 * SECOND, 12.0, 15)));
        for text in [
            "20070104,935,1\n",
            "20070103,93500,1\n",
            "20070103,935,1 \n",
            "20070103,935,1,2\n",
            "20070103,935,0\n",
        ] {
            assert_eq!(plain(text), None, "{text}");
        }
    }

    #[test]
    fn headers_say_which_column_is_which() {
        let plain =
            parse("A", Path::new("A.csv"), b"20070103,935,12.5\n20070103,936,13\n20070104,935,9\n").unwrap();
        for text in [
            "date,time,price\n20070103,935,12.5\n20070103,936,13\n20070104,935,9\n",
            "date,price,time\n20070103,12.5,935\n20070103,13,936\n20070104,9,935\n",
            "\n\"Close\",Volume,HHMM,YYYYMMDD\r\n12.5,1,935,20070103\r\n\"13\",,936,20070103\r\n\
             9,2,935,20070104\r\n",
            "date,time,price,\n20070103,935,12.5,\n20070103,936,13,\n20070104,935,9,\n",
        ] {
            assert_eq!(parse("A", Path::new("A.csv"), text.as_bytes()).unwrap(), plain, "{text}");
            // Days are read again with the same columns.
            if !text.starts_with('\n') {
                assert!(parse_in_parts(text.as_bytes()).is_ok());
            }
        }
    }

    proptest! {
        /// Rows with every kind of flaw, rare enough that a few good rows come first.
        #[test]
        fn both_paths_read_the_same_and_find_the_same_fault(
            rows in prop::collection::vec(
                (0_u32..4, 0_u32..30, "[0-9]{1,3}(\\.[0-9]{0,2})?", 0_usize..60),
                1..40,
            ),
        ) {
            let (mut text, mut day, mut time) = (String::new(), 20070103, 930);
            for (step, minute, price, flaw) in rows {
                (day, time) = if step == 0 { (day + 1, 930) } else { (day, time + 1 + minute % 2) };
                text += &match flaw {
                    0 => format!("{day},{time},{price},\n"),
                    1 => format!("\"{day}\",{time},\"{price}\"\n"),
                    2 => format!("{day}, {time},{price} \r\n"),
                    3 => format!("{day},{time}00,{price}\n"),
                    4 => format!("{day},{time},-{price}\n"),
                    5 => format!("{day},{time},\"{price}\n"),
                    6 => format!("{day},930,{price}\n"),
                    7 => format!("20070101,{time},{price}\n"),
                    8 => format!("{day},9:{minute},{price}\n"),
                    9 => format!("\n{day},{time},{price}\r\n"),
                    10 => format!("{day},{time},{price}e0\n"),
                    11 => format!("{day},{time},{price}00000000000000001\n"),
                    12..20 => format!("{day},0{time},{price}\r\n"),
                    _ => format!("{day},{time},{price}\n"),
                };
            }
            let slow = parse_slowly(text.as_bytes());
            prop_assert_eq!(parse_fast(text.as_bytes()), slow.clone(), "{}", text);
            prop_assert_eq!(parse_in_parts(text.as_bytes()), slow, "{}", text);
        }
    }
}
