//! A file as the bytes of its text: plain, or compressed by gzip or Zstandard; or standard input.
//!
//! What a file is, its first bytes say, whatever its name. Compressed files may consist of several members
//! (gzip) or frames (Zstandard) one after the other, as `cat` and parallel compressors make them. They are
//! decompressed as they are read, never as a whole.

use std::fs::{File, Metadata};
use std::io::{self, Cursor, Read};
use std::path::Path;

use flate2::read::MultiGzDecoder;

use super::error::{FileProblem, PanelError};
use crate::error::{Error, Result};

/// The path that stands for standard input.
pub(super) const STANDARD_INPUT: &str = "-";

/// What a file's first bytes say that it is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Encoding {
    Plain,
    Gzip,
    Zstandard,
    Parquet,
    /// Arrow's IPC format, as a file or as a stream.
    Arrow,
    /// Feather, version 1.
    OldFeather,
    /// An archive of files, `.zip`.
    Zip,
    /// A workbook of an old spreadsheet program, `.xls`.
    Workbook,
}

impl Encoding {
    /// The longest of the marks that tell encodings apart.
    const MARK: usize = 6;

    fn of(first: &[u8]) -> Self {
        match first {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] => Self::Zstandard,
            // A Zstandard frame that decoders skip.
            [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstandard,
            [b'P', b'A', b'R', b'1' | b'E', ..] => Self::Parquet,
            [b'A', b'R', b'R', b'O', b'W', b'1', ..] | [0xff, 0xff, 0xff, 0xff, ..] => Self::Arrow,
            [b'F', b'E', b'A', b'1', ..] => Self::OldFeather,
            [b'P', b'K', 3, 4, ..] => Self::Zip,
            [0xd0, 0xcf, 0x11, 0xe0, ..] => Self::Workbook,
            _ => Self::Plain,
        }
    }

    /// What the first bytes of a regular file say; of a pipe, whose bytes come once, that it is plain.
    pub(super) fn of_file(path: &Path) -> Result<Self> {
        if path == Path::new(STANDARD_INPUT) {
            return Ok(Self::Plain);
        }
        let mut file = File::open(path).map_err(Error::io("read", path))?;
        if !file.metadata().map_err(Error::io("read", path))?.is_file() {
            return Ok(Self::Plain);
        }
        let mut first = Vec::with_capacity(Self::MARK);
        (&mut file).take(Self::MARK as u64).read_to_end(&mut first).map_err(Error::io("read", path))?;
        Ok(Self::of(&first))
    }
}

/// The text of a file, decompressed while it is read.
pub(super) struct Text {
    inner: Box<dyn Read + Send>,
    /// Of the file, to see whether it changes; none for standard input.
    file: Option<(File, Metadata)>,
    pub(super) encoding: Encoding,
}

impl Text {
    /// Opens a file, or standard input for the path `-`.
    ///
    /// # Errors
    ///
    /// [`Error::Io`]; [`FileProblem::NotText`] where the first bytes are those of another kind of file.
    pub(super) fn open(path: &Path) -> Result<Self> {
        let failed = || Error::io("read", path);
        let (mut input, file): (Box<dyn Read + Send>, _) = if path == Path::new(STANDARD_INPUT) {
            (Box::new(io::stdin()), None)
        } else {
            let file = File::open(path).map_err(failed())?;
            let before = file.metadata().map_err(failed())?;
            (Box::new(file.try_clone().map_err(failed())?), Some((file, before)))
        };
        let mut first = Vec::with_capacity(Encoding::MARK);
        (&mut input).take(Encoding::MARK as u64).read_to_end(&mut first).map_err(failed())?;
        let encoding = Encoding::of(&first);
        let input = Cursor::new(first).chain(input);
        let inner: Box<dyn Read + Send> = match encoding {
            Encoding::Plain => Box::new(input),
            Encoding::Gzip => Box::new(MultiGzDecoder::new(input)),
            Encoding::Zstandard => Box::new(zstd::stream::read::Decoder::new(input).map_err(failed())?),
            other => {
                let problem = FileProblem::NotText(other.remedy());
                return Err(PanelError::File { path: path.to_path_buf(), problem }.into());
            }
        };
        Ok(Self { inner, file, encoding })
    }

    /// The file's bytes on disk, where that is known.
    pub(super) fn length(&self) -> u64 {
        self.file.as_ref().map_or(0, |(_, before)| before.len())
    }

    /// The error of reading this text from `path`: of the file, or of its compression.
    pub(super) fn error(&self, path: &Path, error: io::Error) -> Error {
        let kind = match self.encoding {
            Encoding::Gzip => "gzip",
            Encoding::Zstandard => "Zstandard",
            _ => return Error::io("read", path)(error),
        };
        // The operating system's errors have a number; a decoder's do not.
        if error.raw_os_error().is_some() {
            return Error::io("read", path)(error);
        }
        let problem = if error.kind() == io::ErrorKind::UnexpectedEof {
            FileProblem::CutShort(kind)
        } else {
            FileProblem::Compression { kind, why: error.to_string() }
        };
        PanelError::File { path: path.to_path_buf(), problem }.into()
    }

    /// Whether someone wrote to the file while its text of `total` bytes was read.
    pub(super) fn has_changed(&self, total: u64) -> io::Result<bool> {
        let Some((file, before)) = &self.file else { return Ok(false) };
        let after = file.metadata()?;
        // Some systems' own files are made as they are read, and have no length.
        let length = self.encoding == Encoding::Plain && before.len() > 0 && before.len() != total;
        Ok(before.is_file()
            && (length || before.len() != after.len() || before.modified().ok() != after.modified().ok()))
    }
}

impl Encoding {
    /// What a file that is no text is, and what to do with it.
    fn remedy(self) -> &'static str {
        match self {
            Self::Parquet => "Parquet, which is read from its end: name the file itself, not a pipe",
            Self::Arrow => "Arrow, which is read from several places: name the file itself, not a pipe",
            Self::OldFeather => "Feather version 1, which is not read: save it as version 2, or as Parquet",
            Self::Zip => "a zip archive: unpack it first (`unzip`), and name the folder",
            Self::Workbook => "a spreadsheet's workbook: save it as CSV",
            Self::Plain | Self::Gzip | Self::Zstandard => "text",
        }
    }
}

impl Read for Text {
    fn read(&mut self, buffer: &mut [u8]) -> io::Result<usize> {
        self.inner.read(buffer)
    }
}

#[cfg(test)]
mod tests {
    use std::fs;
    use std::io::Write;

    use flate2::Compression;
    use flate2::write::GzEncoder;

    use super::*;

    fn gzip(text: &[u8]) -> Vec<u8> {
        let mut encoder = GzEncoder::new(Vec::new(), Compression::fast());
        encoder.write_all(text).unwrap();
        encoder.finish().unwrap()
    }

    fn read(bytes: &[u8]) -> Result<Vec<u8>, String> {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x.csv");
        fs::write(&path, bytes).unwrap();
        let mut text = Text::open(&path).map_err(|error| error.to_string())?;
        let mut all = Vec::new();
        match text.read_to_end(&mut all) {
            Ok(_) => Ok(all),
            Err(error) => Err(text.error(&path, error).to_string()),
        }
    }

    #[test]
    fn compressed_text_is_the_text() {
        let text = b"date,time,price\n20070103,935,12.34\n".repeat(1000);
        let zstd = zstd::encode_all(&text[..], 3).unwrap();
        for bytes in [&text, &gzip(&text), &zstd] {
            assert_eq!(read(bytes).unwrap(), text);
        }
        // Members and frames one after the other.
        let (head, tail) = text.split_at(777);
        assert_eq!(read(&[gzip(head), gzip(tail)].concat()).unwrap(), text);
        let frames = [zstd::encode_all(head, 3).unwrap(), zstd::encode_all(tail, 3).unwrap()];
        assert_eq!(read(&frames.concat()).unwrap(), text);
        assert_eq!(read(b"").unwrap(), b"");
        assert_eq!(read(b"\x1f").unwrap(), b"\x1f");
    }

    #[test]
    fn what_is_cut_short_or_damaged_is_told() {
        let text: Vec<u8> = (0..20_000_u32).flat_map(|number| number.to_string().into_bytes()).collect();
        for bytes in [gzip(&text), zstd::encode_all(&text[..], 3).unwrap()] {
            for cut in [7, bytes.len() / 2, bytes.len() - 1] {
                let error = read(&bytes[..cut]).unwrap_err();
                assert!(error.contains("is cut short"), "{cut}: {error}");
            }
            let mut damaged = bytes.clone();
            let middle = damaged.len() / 2;
            for byte in &mut damaged[middle..middle + 8] {
                *byte ^= 0xff;
            }
            // Even where it can be decompressed, the checksum at the end differs.
            if bytes[0] == 0x1f {
                assert!(read(&damaged).is_err());
            }
        }
        for (bytes, part) in [(&b"PK\x03\x04...."[..], "unzip"), (b"PAR1....", "Parquet")] {
            assert!(read(bytes).unwrap_err().contains(part));
        }
    }
}
