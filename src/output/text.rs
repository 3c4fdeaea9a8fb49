//! Text that others wrote (names of files, stocks and drivers) where a person reads it.
//!
//! Such text may hold control characters: a terminal obeys them, a line feed makes what follows look like a
//! message of ours, and marks of direction show text in another order than it has. In messages they are
//! written as escapes, in pictures as a replacement character. Files of results hold text as it is.

use std::borrow::Cow;
use std::io::{self, Write};

/// Whether `letter` does something else than to be seen.
pub(crate) fn is_hidden(letter: char) -> bool {
    let mark = matches!(letter, '\u{61c}' | '\u{200e}' | '\u{200f}');
    let direction = mark || matches!(letter, '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    let line = matches!(letter, '\u{2028}' | '\u{2029}');
    letter.is_control() || direction || line
}

/// `text` on one line, with escapes such as `\n` and `\u{1b}` for what is not seen.
///
/// ```
/// assert_eq!(bellwether::output::visible("A\nB\u{1b}[2J"), r"A\nB\u{1b}[2J");
/// ```
pub fn visible(text: &str) -> Cow<'_, str> {
    if !text.contains(is_hidden) {
        return Cow::Borrowed(text);
    }
    let mut escaped = String::with_capacity(text.len() + 16);
    for letter in text.chars() {
        if is_hidden(letter) { escaped.extend(letter.escape_default()) } else { escaped.push(letter) }
    }
    Cow::Owned(escaped)
}

/// Results on their way to a terminal: control characters other than line feeds and tabs are written as
/// escapes. Text may come in any pieces.
pub(super) struct ToTerminal<W> {
    out: W,
    /// The first byte of a character from U+0080 on, of which the second has not come yet.
    begun: bool,
}

/// The first byte of U+0080 to U+00BF in UTF-8; those up to U+009F are control characters.
const FIRST: u8 = 0xc2;

impl<W: Write> ToTerminal<W> {
    pub(super) fn new(out: W) -> Self {
        Self { out, begun: false }
    }
}

impl<W: Write> Write for ToTerminal<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let mut shown = Vec::with_capacity(text.len());
        for &byte in text {
            if std::mem::take(&mut self.begun) {
                match byte {
                    0x80..=0x9f => {
                        write!(shown, "\\u{{{byte:x}}}")?;
                        continue;
                    }
                    _ => shown.push(FIRST),
                }
            }
            match byte {
                b'\n' | b'\t' => shown.push(byte),
                0..0x20 | 0x7f => write!(shown, "\\u{{{byte:x}}}")?,
                FIRST => self.begun = true,
                _ => shown.push(byte),
            }
        }
        self.out.write_all(&shown)?;
        Ok(text.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        if std::mem::take(&mut self.begun) {
            self.out.write_all(&[FIRST])?;
        }
        self.out.flush()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_not_seen_is_escaped() {
        assert!(matches!(visible("AXP é 株 \\n"), Cow::Borrowed("AXP é 株 \\n")));
        assert_eq!(visible("a\nb\tc\rd\u{1b}[31m\u{7f}\u{9b}"), r"a\nb\tc\rd\u{1b}[31m\u{7f}\u{9b}");
        assert_eq!(visible("gpj.\u{202e}exe\u{2028}"), r"gpj.\u{202e}exe\u{2028}");
    }

    #[test]
    fn a_terminal_gets_no_control_characters_in_whatever_pieces() {
        let text = "date,stock\n\t2007,A\u{1b}[2J\u{9b}1m é \u{a0}株\r\u{7f}\n";
        let expected = "date,stock\n\t2007,A\\u{1b}[2J\\u{9b}1m é \u{a0}株\\u{d}\\u{7f}\n";
        for pieces in [1, 2, 3, 100] {
            let mut shown = Vec::new();
            let mut out = ToTerminal::new(&mut shown);
            for piece in text.as_bytes().chunks(pieces) {
                out.write_all(piece).unwrap();
            }
            out.flush().unwrap();
            assert_eq!(String::from_utf8(shown).unwrap(), expected, "{pieces} bytes at a time");
        }
    }
}
