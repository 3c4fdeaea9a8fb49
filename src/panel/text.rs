//! A file as lines of text, and a line as fields.
//!
//! A row is a line: dates, times and prices hold no line breaks, so that a quotation mark left open is an error of its
//! line and does not swallow the rest of the file. Fields lie between commas, without the blanks around them; a line with
//! quotation marks is taken apart by the `csv` crate's parser, any other right here.

use std::fs;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use csv_core::ReadRecordResult;

use super::error::{LineProblem, PanelError};
use crate::error::{Error, Result};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// Bytes of a file that are in memory at a time.
pub(super) const CHUNK: u64 = 4 << 20;

/// Reads a whole file, and checks that it is UTF-8 text.
pub(super) fn read(path: &Path) -> Result<Vec<u8>> {
    let bytes = fs::read(path).map_err(Error::io("read", path))?;
    check(path, &bytes, 0)?;
    Ok(bytes)
}

/// Hands the text of a file to `each`, some whole lines at a time. Returns its bytes.
pub(super) fn read_in_chunks(path: &Path, mut each: impl FnMut(&[u8]) -> Result<()>) -> Result<u64> {
    let failed = || Error::io("read", path);
    let mut file = fs::File::open(path).map_err(failed())?;
    let length = file.metadata().map_or(0, |file| file.len());
    let (mut text, mut total) = (Vec::with_capacity(length.min(CHUNK) as usize + 1), 0);
    loop {
        let read = (&mut file).take(CHUNK).read_to_end(&mut text).map_err(failed())?;
        total += read as u64;
        if read == 0 {
            each(&text)?;
            return Ok(total);
        }
        // What follows the last line break waits for its rest.
        if let Some(end) = text.iter().rposition(|byte| *byte == b'\n') {
            each(&text[..=end])?;
            text.drain(..=end);
        }
    }
}

/// The bytes `range` of a file.
pub(super) fn read_range(path: &Path, range: Range<u64>) -> Result<Vec<u8>> {
    let failed = || Error::io("read", path);
    let mut file = fs::File::open(path).map_err(failed())?;
    file.seek(SeekFrom::Start(range.start)).map_err(failed())?;
    let length = range.end - range.start;
    let mut text = Vec::with_capacity(length as usize);
    file.take(length).read_to_end(&mut text).map_err(failed())?;
    Ok(text)
}

/// Checks that a text, the file's from after line `lines` on, is UTF-8 without zeros.
pub(super) fn check(path: &Path, bytes: &[u8], lines: u64) -> Result<(), PanelError> {
    // Line and byte within the line, both from 1.
    let problem = |at: usize, problem: fn(usize) -> LineProblem| {
        let start = bytes[..at].iter().rposition(|byte| *byte == b'\n').map_or(0, |newline| newline + 1);
        let line = lines + 1 + bytes[..at].iter().filter(|byte| **byte == b'\n').count() as u64;
        PanelError::Line { path: path.to_path_buf(), line, problem: problem(at - start + 1) }
    };
    if let Err(error) = std::str::from_utf8(bytes) {
        return Err(problem(error.valid_up_to(), LineProblem::NotUtf8));
    }
    // `contains` compares many bytes at once, `position` one by one.
    if bytes.contains(&0) {
        let at = bytes.iter().position(|byte| *byte == 0).unwrap_or(0);
        return Err(problem(at, LineProblem::Binary));
    }
    Ok(())
}

/// The lines of a text that are not blank, with their numbers from 1.
#[derive(Debug, Clone)]
pub(super) struct Lines<'a> {
    /// What is left.
    pub(super) rest: &'a [u8],
    /// The number of the line returned last.
    pub(super) number: u64,
}

impl<'a> Lines<'a> {
    pub(super) fn new(text: &'a [u8]) -> Self {
        Self { rest: text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text), number: 0 }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = self.rest.iter().position(|byte| *byte == b'\n');
            let line = &self.rest[..end.unwrap_or(self.rest.len())];
            self.rest = &self.rest[end.map_or(self.rest.len(), |end| end + 1)..];
            self.number += 1;
            let line = line.strip_suffix(b"\r").unwrap_or(line);
            if !line.trim_ascii().is_empty() {
                return Some(line);
            }
        }
        None
    }
}

/// Takes quoted lines apart. One serves a whole file.
#[derive(Debug)]
pub(super) struct Splitter {
    parser: csv_core::Reader,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Splitter {
    pub(super) fn new() -> Self {
        // Not `default`, which leaves the parser's tables empty.
        Self { parser: csv_core::Reader::new(), text: Vec::new(), ends: Vec::new() }
    }

    /// The fields of a line.
    pub(super) fn split<'a>(&'a mut self, line: &'a [u8]) -> Result<Fields<'a>, LineProblem> {
        match line.iter().filter(|byte| **byte == b'"').count() {
            0 => Ok(Fields { text: line, ends: Ends::Commas }),
            quotes if quotes % 2 == 1 => Err(LineProblem::Quote),
            _ => Ok(self.split_quoted(line)),
        }
    }

    fn split_quoted<'a>(&'a mut self, line: &'a [u8]) -> Fields<'a> {
        // Enough room, so that the parser never stops for want of it; one more end than commas, and one to spare.
        self.text.resize(line.len() + 1, 0);
        self.ends.resize(line.iter().filter(|byte| **byte == b',').count() + 2, 0);
        self.parser.reset();
        let (mut written, mut fields, mut input) = (0, 0, line);
        loop {
            let (result, read, bytes, ends) =
                self.parser.read_record(input, &mut self.text[written..], &mut self.ends[fields..]);
            input = &input[read..];
            written += bytes;
            fields += ends;
            // An empty input, the second time around, tells the parser that the line is over.
            if result != ReadRecordResult::InputEmpty {
                break;
            }
        }
        Fields { text: &self.text[..written], ends: Ends::At(&self.ends[..fields], 0) }
    }
}

/// The fields of a line, without the blanks around them.
#[derive(Debug, Clone)]
pub(super) struct Fields<'a> {
    text: &'a [u8],
    ends: Ends<'a>,
}

/// Where fields end.
#[derive(Debug, Clone)]
enum Ends<'a> {
    /// At each comma, and at the end of the line.
    Commas,
    /// At these places, counted from the line's start, of which so much is behind.
    At(&'a [usize], usize),
    /// There are no more fields.
    Over,
}

impl<'a> Iterator for Fields<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        let (field, rest) = match &mut self.ends {
            Ends::Over => return None,
            Ends::Commas => match self.text.iter().position(|byte| *byte == b',') {
                Some(comma) => (&self.text[..comma], &self.text[comma + 1..]),
                None => {
                    self.ends = Ends::Over;
                    (self.text, &[][..])
                }
            },
            Ends::At(ends, behind) => {
                let (end, later) = ends.split_first()?;
                let split = self.text.split_at(*end - *behind);
                (*ends, *behind) = (later, *end);
                split
            }
        };
        self.text = rest;
        Some(field.trim_ascii())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn fields(line: &str) -> Vec<String> {
        let mut splitter = Splitter::new();
        let fields = splitter.split(line.as_bytes()).unwrap();
        fields.map(|field| String::from_utf8(field.to_vec()).unwrap()).collect()
    }

    #[test]
    fn fields_lie_between_commas() {
        assert_eq!(fields("20070103,935,12.34"), ["20070103", "935", "12.34"]);
        assert_eq!(fields(" a ,\tb, "), ["a", "b", ""]);
        assert_eq!(fields(",,"), ["", "", ""]);
        assert_eq!(fields("a"), ["a"]);
    }

    #[test]
    fn quoted_fields_hold_commas_and_quotes() {
        assert_eq!(fields(r#""BRK,B",2,"3""#), ["BRK,B", "2", "3"]);
        assert_eq!(fields(r#""a ""b""",c"#), ["a \"b\"", "c"]);
        assert_eq!(Splitter::new().split(br#"a,"b"#).unwrap_err(), LineProblem::Quote);
    }

    #[test]
    fn lines_end_like_on_unix_or_windows() {
        let mut lines = Lines::new(b"\xef\xbb\xbfa\r\n\n \r\nb");
        assert_eq!((lines.next(), lines.number), (Some(&b"a"[..]), 1));
        assert_eq!((lines.next(), lines.number), (Some(&b"b"[..]), 4));
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn chunks_are_whole_lines_and_the_whole_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        let long = "x".repeat(CHUNK as usize);
        let texts = ["", "a", "a\n", "a\nb", &format!("{long}\nb\n"), &format!("a\n{long}{long}y\nb")];
        for text in texts.into_iter().chain([&*"row\n".repeat(3_000_000)]) {
            fs::write(&path, text).unwrap();
            let mut chunks: Vec<Vec<u8>> = Vec::new();
            let read = read_in_chunks(&path, |text| {
                chunks.push(text.to_vec());
                Ok(())
            });
            assert_eq!(read.unwrap(), text.len() as u64);
            assert!(chunks.concat() == text.as_bytes());
            let whole = |chunk: &Vec<u8>| chunk.last() == Some(&b'\n');
            assert!(chunks[..chunks.len() - 1].iter().all(whole), "{} chunks", chunks.len());
            assert_eq!(chunks.len() > 2, text.len() > 2 * CHUNK as usize, "{} chunks", chunks.len());
        }
    }

    #[test]
    fn what_is_no_text_is_found_with_its_place() {
        let message = |text: &[u8], lines| check(Path::new("x.csv"), text, lines).unwrap_err().to_string();
        assert!(
            message(b"a\nb\xff", 0).starts_with("x.csv:2: the file is not UTF-8 text (byte 2 "),
            "{}",
            message(b"a\nb\xff", 0)
        );
        assert!(message(b"a\nb\n\0", 0).starts_with("x.csv:3: "), "{}", message(b"a\nb\n\0", 0));
        assert!(message(b"a\nb\n\0", 7).starts_with("x.csv:10: "), "{}", message(b"a\nb\n\0", 7));
        assert!(check(Path::new("x.csv"), "a\né".as_bytes(), 0).is_ok());
    }

    proptest! {
        #[test]
        fn plain_lines_split_as_the_csv_crate_splits_them(line in "[a-z0-9. ]{0,3}(,[a-z0-9. -]{0,4}){0,6}") {
            // The parser takes an empty line for no record.
            prop_assume!(!line.is_empty());
            let mut splitter = Splitter::new();
            let by_csv: Vec<Vec<u8>> = splitter.split_quoted(line.as_bytes()).map(<[u8]>::to_vec).collect();
            let here: Vec<Vec<u8>> = splitter.split(line.as_bytes()).unwrap().map(<[u8]>::to_vec).collect();
            prop_assert_eq!(here, by_csv);
        }
    }
}
