//! A file as lines of text, and a line as fields.
//!
//! A row is a line: dates, times and prices hold no line breaks, so that a quotation mark left open is an
//! error of its line and does not swallow the rest of the file. Lines end in LF or CRLF; a carriage return
//! elsewhere is an error, as other programs take it for the end of a row. Fields lie between separators
//! (commas, semicolons, tabs or vertical bars), without the blanks around them; a line with quotation marks
//! is taken apart by the `csv` crate's parser, any other right here. Lines that begin with `#` are comments.
//!
//! No line is longer than [`LONGEST_LINE`], so that a file without line feeds does not fill the memory.

use std::fs::File;
use std::io::{Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::Path;

use csv_core::ReadRecordResult;

use super::decode::{Encoding, Text};
use super::error::{FileProblem, LineProblem, PanelError};
use crate::error::{Error, Result};

const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// What a comment begins with.
pub(super) const COMMENT: &[u8] = b"#";

/// Bytes of a file that are in memory at a time.
pub(super) const CHUNK: u64 = 4 << 20;

/// Bytes of the longest line. The header of a table with many columns is some hundred kilobytes long.
pub(super) const LONGEST_LINE: usize = 1 << 20;

/// Hands the text of a file to `each`, some whole lines at a time. Of a line that is too long `each` sees the
/// beginning, for [`Splitter::split`] to refuse it. Returns the bytes of the text.
///
/// With `ahead` what comes next is read, and decompressed, while `each` takes what came before, by another
/// thread of the Rayon pool if one is idle.
pub(super) fn read_in_chunks(
    path: &Path,
    ahead: bool,
    mut each: impl FnMut(&[u8]) -> Result<()> + Send,
) -> Result<u64> {
    let mut file = Text::open(path)?;
    // Of a compressed file the text is some times longer. Some kilobytes are read to their end before any row
    // is taken: that data are damaged says more than what is wrong with the rows before.
    const EXPANSION: u64 = 8;
    const SMALL: u64 = 1 << 16;
    let length = match file.encoding {
        Encoding::Plain => file.length(),
        _ => u64::max(EXPANSION * file.length(), SMALL),
    };
    // One byte to spare, so that the end of a small file is found without more room.
    let room = (length + 1).min(CHUNK) as usize;
    let (mut chunk, mut next) = (Chunk::of(room), Chunk::default());
    let mut total = 0;
    loop {
        total += chunk.fill(&mut file).map_err(|error| file.error(path, error))? as u64;
        // What comes next is read ahead while it is sure that there is more.
        while !chunk.is_last {
            let end = chunk.whole_lines();
            if end == 0 {
                break;
            }
            let text = chunk.text();
            next.begin(&text[end..], room);
            let mut fill = || next.fill(&mut file);
            let (taken, read) =
                if ahead { rayon::join(|| each(&text[..end]), fill) } else { (each(&text[..end]), fill()) };
            taken?;
            total += read.map_err(|error| file.error(path, error))? as u64;
            std::mem::swap(&mut chunk, &mut next);
        }
        if chunk.is_last {
            each(chunk.text())?;
            break;
        }
    }
    if file.has_changed(total).map_err(Error::io("read", path))? {
        return Err(changed(path).into());
    }
    Ok(total)
}

/// A part of a file's text, in room that is used again.
#[derive(Debug, Default)]
struct Chunk {
    /// The text, and room behind it.
    bytes: Vec<u8>,
    /// Bytes of the text, and how many of them were seen to hold no end of a line.
    length: usize,
    seen: usize,
    /// Whether the file ends here.
    is_last: bool,
}

impl Chunk {
    /// Without text, with this room.
    fn of(room: usize) -> Self {
        Self { bytes: vec![0; room], ..Self::default() }
    }

    fn text(&self) -> &[u8] {
        &self.bytes[..self.length]
    }

    /// Begins with what is left of another chunk, which has no end of a line.
    fn begin(&mut self, left: &[u8], room: usize) {
        if self.bytes.len() < room.max(left.len()) {
            self.bytes.resize(room.max(left.len()), 0);
        }
        self.bytes[..left.len()].copy_from_slice(left);
        (self.length, self.seen, self.is_last) = (left.len(), left.len(), false);
    }

    /// Reads until there is no room or the file ends. Returns the bytes read.
    fn fill(&mut self, file: &mut Text) -> std::io::Result<usize> {
        // A compressed file may hold far more text than it has bytes; a line, more than there is room.
        if self.length == self.bytes.len() {
            self.bytes.resize((2 * self.length).clamp(1, CHUNK as usize).max(self.length + 1), 0);
        }
        let before = self.length;
        while self.length < self.bytes.len() {
            match file.read(&mut self.bytes[self.length..]) {
                Ok(0) => {
                    self.is_last = true;
                    break;
                }
                Ok(read) => self.length += read,
                Err(error) if error.kind() == std::io::ErrorKind::Interrupted => {}
                Err(error) => return Err(error),
            }
        }
        Ok(self.length - before)
    }

    /// Bytes of whole lines, or of what there is of a line that is too long; zero where there is no whole
    /// line yet.
    fn whole_lines(&mut self) -> usize {
        let end = match memchr::memrchr(b'\n', &self.bytes[self.seen..self.length]) {
            Some(newline) => self.seen + newline + 1,
            None if self.length > LONGEST_LINE => whole_characters(self.text()),
            None => 0,
        };
        self.seen = self.length;
        end
    }
}

/// Bytes of a text without the character that it ends amid, if it does.
fn whole_characters(text: &[u8]) -> usize {
    const LONGEST: usize = 4;
    let starts = |at: &usize| text[*at] & 0xc0 != 0x80;
    (0..text.len()).rev().take(LONGEST).find(starts).unwrap_or(text.len())
}

/// The error of a file that changes.
pub(super) fn changed(path: &Path) -> PanelError {
    PanelError::File { path: path.to_path_buf(), problem: FileProblem::Changed }
}

/// The bytes `range` of a file that has `length` bytes, or had when it was read before.
pub(super) fn read_range(path: &Path, range: Range<u64>, length: u64) -> Result<Vec<u8>> {
    let failed = || Error::io("read", path);
    let mut file = File::open(path).map_err(failed())?;
    if file.metadata().map_err(failed())?.len() != length {
        return Err(changed(path).into());
    }
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
    if let Some(at) = memchr::memchr(0, bytes) {
        return Err(problem(at, LineProblem::Binary));
    }
    Ok(())
}

/// The lines of a text that are neither blank nor comments, with their numbers from 1.
#[derive(Debug, Clone)]
pub(super) struct Lines<'a> {
    /// What is left.
    pub(super) rest: &'a [u8],
    /// The number of the line returned last.
    pub(super) number: u64,
    /// Whether comments count as lines.
    pub(super) with_comments: bool,
}

impl<'a> Lines<'a> {
    /// The lines of a text from the file's beginning on.
    pub(super) fn new(text: &'a [u8]) -> Self {
        let rest = text.strip_prefix(BYTE_ORDER_MARK).unwrap_or(text);
        Self { rest, number: 0, with_comments: false }
    }

    /// The lines of a text that comes after so many bytes and lines of the file.
    pub(super) fn after(bytes: u64, lines: u64, text: &'a [u8]) -> Self {
        match bytes {
            0 => Self::new(text),
            _ => Self { rest: text, number: lines, with_comments: false },
        }
    }
}

impl<'a> Iterator for Lines<'a> {
    type Item = &'a [u8];

    fn next(&mut self) -> Option<&'a [u8]> {
        while !self.rest.is_empty() {
            let end = memchr::memchr(b'\n', self.rest);
            let line = &self.rest[..end.unwrap_or(self.rest.len())];
            self.rest = &self.rest[end.map_or(self.rest.len(), |end| end + 1)..];
            self.number += 1;
            // One that is too long is for `Splitter::split` to refuse, even blank: it may be the beginning of
            // a row.
            let is_comment = !self.with_comments && line.starts_with(COMMENT);
            if line.len() > LONGEST_LINE || !(line.trim_ascii().is_empty() || is_comment) {
                return Some(without_returns(line));
            }
        }
        None
    }
}

/// A line without the carriage returns at its end. Text that was converted twice has two.
fn without_returns(mut line: &[u8]) -> &[u8] {
    while let [rest @ .., b'\r'] = line {
        line = rest;
    }
    line
}

/// What may stand between fields, the likelier first where a line has as many of one as of another: the comma
/// comes last, as it may be a decimal point.
const SEPARATORS: [u8; 4] = [b'\t', b';', b'|', b','];

/// What stands between the fields of a line: the one of the usual separators that there are most of, outside
/// of quotation marks. A tab beside another separator, or at an end of the line, is a blank around a field.
pub(super) fn separator_of(line: &[u8]) -> u8 {
    let mut counts = [0_usize; SEPARATORS.len()];
    let mut quoted = false;
    let is_blank = |byte: &&u8| matches!(byte, b' ' | b'\t');
    let ends_field = |byte: Option<&u8>| byte.is_none_or(|byte| matches!(byte, b',' | b';' | b'|'));
    for (at, byte) in line.iter().enumerate() {
        quoted ^= *byte == b'"';
        let around = || {
            let before = line[..at].iter().rev().find(|byte| !is_blank(byte));
            ends_field(before) || ends_field(line[at + 1..].iter().find(|byte| !is_blank(byte)))
        };
        let number = SEPARATORS.iter().position(|separator| separator == byte).filter(|_| !quoted);
        if let Some(number) = number
            && (*byte != b'\t' || !around())
        {
            counts[number] += 1;
        }
    }
    let most = counts.iter().copied().max().unwrap_or(0);
    let first = counts.iter().position(|count| *count == most && most > 0);
    first.map_or(b',', |number| SEPARATORS[number])
}

/// Takes lines apart. One serves a whole file.
#[derive(Debug, Clone)]
pub(super) struct Splitter {
    pub(super) separator: u8,
    /// Made for the first line with quotation marks: that takes as long as many lines without.
    parser: Option<csv_core::Reader>,
    text: Vec<u8>,
    ends: Vec<usize>,
}

impl Splitter {
    /// Of lines with this between their fields.
    pub(super) fn new(separator: u8) -> Self {
        Self { separator, parser: None, text: Vec::new(), ends: Vec::new() }
    }

    /// The fields of a line.
    pub(super) fn split<'a>(&'a mut self, line: &'a [u8]) -> Result<Fields<'a>, LineProblem> {
        if line.len() > LONGEST_LINE {
            return Err(LineProblem::TooLong);
        }
        if let Some(at) = memchr::memchr(b'\r', line) {
            return Err(LineProblem::CarriageReturn(at + 1));
        }
        if memchr::memchr(b'"', line).is_none() {
            return Ok(Fields { text: line, ends: Ends::Separators(self.separator) });
        }
        check_quotes(line, self.separator)?;
        Ok(self.split_quoted(line))
    }

    fn split_quoted<'a>(&'a mut self, line: &'a [u8]) -> Fields<'a> {
        // Enough room, so that the parser never stops for want of it; one more end than separators, and one
        // to spare.
        self.text.resize(line.len() + 1, 0);
        self.ends.resize(line.iter().filter(|byte| **byte == self.separator).count() + 2, 0);
        // Not `default`, which leaves the parser's tables empty.
        let parser = self
            .parser
            .get_or_insert_with(|| csv_core::ReaderBuilder::new().delimiter(self.separator).build());
        parser.reset();
        // The parser takes a byte order mark off what it reads first. One at the beginning of the file is no
        // part of the line any more, and any other belongs to its field: the parser gets one for itself.
        let marked = line.starts_with(BYTE_ORDER_MARK).then(|| [BYTE_ORDER_MARK, line].concat());
        let (mut written, mut fields, mut input) = (0, 0, marked.as_deref().unwrap_or(line));
        loop {
            let (result, read, bytes, ends) =
                parser.read_record(input, &mut self.text[written..], &mut self.ends[fields..]);
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

/// Checks that each field which begins with a quotation mark ends with one: the parser would take what
/// follows it for more of the field.
fn check_quotes(line: &[u8], separator: u8) -> Result<(), LineProblem> {
    /// Where in a field a byte is.
    enum At {
        Start,
        Plain,
        Quoted,
        /// After a mark that ends the field, or is the first of two that stand for one.
        Mark,
        /// Among blanks after the end.
        End,
    }
    let mut at = At::Start;
    for (number, byte) in line.iter().enumerate() {
        at = match (at, byte) {
            (At::Quoted, b'"') => At::Mark,
            (At::Quoted, _) | (At::Start | At::Mark, b'"') => At::Quoted,
            (_, byte) if *byte == separator => At::Start,
            (At::Start | At::Plain, _) => At::Plain,
            (At::Mark | At::End, b' ' | b'\t') => At::End,
            (At::Mark | At::End, _) => return Err(LineProblem::AfterQuote(number + 1)),
        };
    }
    if matches!(at, At::Quoted) { Err(LineProblem::Quote) } else { Ok(()) }
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
    /// At each separator, which is this, and at the end of the line.
    Separators(u8),
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
            Ends::Separators(separator) => match self.text.iter().position(|byte| byte == separator) {
                Some(end) => (&self.text[..end], &self.text[end + 1..]),
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
    use std::fs;

    use proptest::prelude::*;

    use super::*;

    /// Nothing is read ahead.
    const AHEAD: bool = false;

    fn fields(line: &str) -> Vec<String> {
        let mut splitter = Splitter::new(b',');
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
        assert_eq!(fields(r#"5",a"b"c, "d""#), ["5\"", "a\"b\"c", "\"d\""]);
        assert_eq!(fields(r#""a" ,"b"	"#), ["a", "b"]);
        assert_eq!(fields("\u{feff}\"a\",\"b,c\""), ["\u{feff}\"a\"", "b,c"]);
        let problem = |line: &[u8]| Splitter::new(b',').split(line).unwrap_err();
        assert_eq!(problem(br#"a,"b"#), LineProblem::Quote);
        assert_eq!(problem(br#"a,"b"",c"#), LineProblem::Quote);
        assert_eq!(problem(br#"a,"1"2"#), LineProblem::AfterQuote(6));
        assert_eq!(problem(br#"a,"1" "2""#), LineProblem::AfterQuote(7));
    }

    #[test]
    fn lines_with_carriage_returns_or_beyond_all_bounds_are_refused() {
        let problem = |line: &[u8]| Splitter::new(b',').split(line).unwrap_err();
        assert_eq!(problem(b"a,1\ra,2"), LineProblem::CarriageReturn(4));
        assert_eq!(problem(b"a,\"1\"\ra,2"), LineProblem::CarriageReturn(6));
        assert_eq!(problem(b"a,\"1\r\",2"), LineProblem::CarriageReturn(5));
        let long = "x".repeat(LONGEST_LINE);
        assert_eq!(fields(&long).concat(), long);
        assert_eq!(problem(format!("{long}x").as_bytes()), LineProblem::TooLong);
    }

    #[test]
    fn separators_are_those_that_a_line_has_most_of() {
        for (line, separator) in [
            ("date,time,price", ','),
            ("20070103;935;12,34", ';'),
            ("2007-01-03 09:35;12,34", ';'),
            ("date\ttime\tprice", '\t'),
            ("a|b|c,d", '|'),
            ("\"a;b;c\",d", ','),
            ("price", ','),
            ("20070103\t,935 \t, 12\t", ','),
            ("\t,\t", ','),
            ("a\tb,c\td", '\t'),
            ("", ','),
        ] {
            assert_eq!(separator_of(line.as_bytes()), separator as u8, "{line}");
        }
        for separator in ";\t|,".chars() {
            let line = format!("\"BRK{separator}B\"{separator}2{separator}\"3\"");
            let mut splitter = Splitter::new(separator as u8);
            let fields: Vec<&[u8]> = splitter.split(line.as_bytes()).unwrap().collect();
            assert_eq!(fields, [format!("BRK{separator}B").as_bytes(), b"2", b"3"]);
        }
    }

    #[test]
    fn comments_are_left_out() {
        let lines = || Lines::new(b"# one\na\n#two,\n\nb # no\n");
        assert_eq!(lines().collect::<Vec<_>>(), [&b"a"[..], b"b # no"]);
        assert_eq!(Lines { with_comments: true, ..lines() }.count(), 4);
    }

    #[test]
    fn lines_end_like_on_unix_or_windows() {
        let mut lines = Lines::new(b"\xef\xbb\xbfa\r\n\n \r\nb\r\r\n");
        assert_eq!((lines.next(), lines.number), (Some(&b"a"[..]), 1));
        assert_eq!((lines.next(), lines.number), (Some(&b"b"[..]), 4));
        assert_eq!(lines.next(), None);
    }

    #[test]
    fn chunks_are_whole_lines_and_the_whole_text() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        let long = "x".repeat(LONGEST_LINE - 1);
        let longs = format!("{long}\nb\n").repeat(9);
        let texts = ["", "a", "a\n", "a\nb", &format!("{long}\nb\n"), &format!("a\n{long}y\nb"), &longs];
        for text in texts.into_iter().chain([&*"row\n".repeat(3_000_000)]) {
            fs::write(&path, text).unwrap();
            let mut chunks: Vec<Vec<u8>> = Vec::new();
            let read = read_in_chunks(&path, AHEAD, |text| {
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

    /// The memory and the time for a line that does not end are those for its beginning.
    #[test]
    fn of_a_line_without_end_only_the_beginning_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        // Four mebibytes that end amid a character.
        fs::write(&path, "a\n".to_owned() + &"é".repeat(4 * CHUNK as usize)).unwrap();
        let mut seen = Vec::new();
        let refused = read_in_chunks(&path, AHEAD, |text| {
            seen.push(text.len());
            assert!(check(&path, text, 0).is_ok());
            if text.len() > LONGEST_LINE { Err(changed(&path).into()) } else { Ok(()) }
        });
        assert!(refused.is_err());
        assert_eq!(seen, [2, CHUNK as usize - 2]);
    }

    #[test]
    fn files_that_change_amid_reading_are_found_out() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        let row = "20070103,935,1\n";
        for edited in [row.repeat(400_001), row.repeat(399_999), row.repeat(400_000)] {
            fs::write(&path, row.repeat(400_000)).unwrap();
            // The clock of a file system may tick slowly.
            let past = std::time::SystemTime::now() - std::time::Duration::from_secs(60);
            File::options().write(true).open(&path).unwrap().set_modified(past).unwrap();
            let mut edit = Some(edited);
            let read = read_in_chunks(&path, AHEAD, |_| {
                edit.take().into_iter().for_each(|text| fs::write(&path, text).unwrap());
                Ok(())
            });
            let error = read.unwrap_err().to_string();
            assert!(error.contains("x.csv: the file changed while it was read"), "{error}");
        }
        assert_eq!(read_in_chunks(&path, AHEAD, |_| Ok(())).unwrap(), 400_000 * row.len() as u64);
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
            let mut splitter = Splitter::new(b',');
            let by_csv: Vec<Vec<u8>> = splitter.split_quoted(line.as_bytes()).map(<[u8]>::to_vec).collect();
            let here: Vec<Vec<u8>> = splitter.split(line.as_bytes()).unwrap().map(<[u8]>::to_vec).collect();
            prop_assert_eq!(here, by_csv);
        }
    }

    #[test]
    fn a_byte_order_mark_amid_a_file_is_kept_where_it_stands() {
        for line in ["\u{feff}20070103,935,12", "\u{feff}\"20070103\",935,12"] {
            let mut splitter = Splitter::new(b',');
            let first = splitter.split(line.as_bytes()).unwrap().next().map(<[u8]>::to_vec);
            assert!(first.is_some_and(|field| field.starts_with(BYTE_ORDER_MARK)), "{line:?}");
        }
    }
}
