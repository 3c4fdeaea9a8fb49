//! The pages of one column within one group of rows, each checked for its size before it is decompressed.

use std::fs::File;
use std::io::Cursor;
use std::sync::{Arc, Mutex, PoisonError};

use bytes::Bytes;
use parquet::basic::{Compression, Encoding};
use parquet::column::page::{Page, PageReader};
use parquet::errors::ParquetError;
use parquet::file::metadata::ColumnChunkMetaData;
use parquet::file::reader::{ChunkReader, Length, SerializedPageReader};

use super::packed;
use super::thrift::{self, PageHeader, PageKind};

/// Bytes of a file that are read at once.
const WINDOW: u64 = 4 << 20;
/// The most that a page may take decompressed, whatever it takes in the file.
const LARGEST_PAGE: u64 = 64 << 20;

/// Reads `length` bytes from `start` on.
pub(in crate::panel) fn read_at(file: &File, start: u64, length: usize) -> std::io::Result<Vec<u8>> {
    let mut bytes = vec![0; length];
    #[cfg(unix)]
    std::os::unix::fs::FileExt::read_exact_at(file, &mut bytes, start)?;
    #[cfg(not(unix))]
    {
        // A handle has one place at a time, and here nobody relies on it: every read says its own.
        let mut done = 0;
        while done < length {
            match std::os::windows::fs::FileExt::seek_read(file, &mut bytes[done..], start + done as u64)? {
                0 => return Err(std::io::ErrorKind::UnexpectedEof.into()),
                count => done += count,
            }
        }
    }
    Ok(bytes)
}

/// The part of a file that holds one column of one group of rows, read piece by piece.
#[derive(Debug)]
struct Chunk {
    file: Arc<File>,
    end: u64,
    /// The piece that was read last, and where it starts.
    window: Mutex<(u64, Bytes)>,
}

impl Chunk {
    fn new(file: Arc<File>, end: u64) -> Self {
        Self { file, end, window: Mutex::new((0, Bytes::new())) }
    }

    /// The bytes from `start` on that are at hand, at least `length` of them or up to the chunk's end.
    fn from(&self, start: u64, length: u64) -> std::io::Result<Bytes> {
        let length = length.min(self.end.saturating_sub(start));
        let mut window = self.window.lock().unwrap_or_else(PoisonError::into_inner);
        let (first, bytes) = &*window;
        let inside = start >= *first && start + length <= first + bytes.len() as u64;
        if !inside {
            let size = length.max(WINDOW).min(self.end.saturating_sub(start));
            *window = (start, read_at(&self.file, start, size as usize)?.into());
        }
        Ok(window.1.slice((start - window.0) as usize..))
    }
}

impl Length for Chunk {
    fn len(&self) -> u64 {
        self.end
    }
}

/// The length of headers of pages, about: with statistics of text they may be longer, but those are at the
/// end.
const HEADER: u64 = 1 << 10;

impl ChunkReader for Chunk {
    type T = Cursor<Bytes>;

    fn get_read(&self, start: u64) -> parquet::errors::Result<Self::T> {
        Ok(Cursor::new(self.from(start, 64 * HEADER)?))
    }

    fn get_bytes(&self, start: u64, length: usize) -> parquet::errors::Result<Bytes> {
        let bytes = self.from(start, length as u64)?;
        if bytes.len() < length {
            Err(ParquetError::EOF("a page ends early".into()))
        } else {
            Ok(bytes.slice(..length))
        }
    }
}

/// One page, decompressed.
#[derive(Debug)]
pub(super) enum Decompressed {
    /// The values that codes stand for.
    Dictionary {
        values: Bytes,
        count: usize,
    },
    Data(DataPage),
}

/// Values of some rows.
#[derive(Debug)]
pub(super) struct DataPage {
    /// The number of rows.
    pub(super) rows: usize,
    /// Which of them have a value; all, where there is no list.
    pub(super) valid: Option<Vec<bool>>,
    /// The number of values.
    pub(super) count: usize,
    pub(super) encoding: Encoding,
    /// The encoded values, without levels.
    pub(super) values: Bytes,
}

/// What is wrong with a page.
pub(super) enum PageProblem {
    Damaged(String),
    Unsupported(String),
}

impl From<&str> for PageProblem {
    fn from(why: &str) -> Self {
        Self::Damaged(why.to_owned())
    }
}

impl From<ParquetError> for PageProblem {
    fn from(error: ParquetError) -> Self {
        let unsupported = matches!(error, ParquetError::NYI(_));
        let text = message(error);
        if unsupported { Self::Unsupported(text) } else { Self::Damaged(text) }
    }
}

impl From<std::io::Error> for PageProblem {
    fn from(error: std::io::Error) -> Self {
        Self::Damaged(error.to_string())
    }
}

/// What the library says, without its own name for the kind of error.
pub(super) fn message(error: ParquetError) -> String {
    match error {
        ParquetError::General(text) | ParquetError::NYI(text) | ParquetError::EOF(text) => text,
        other => other.to_string(),
    }
}

/// The pages of one column of one group of rows, in turn.
pub(super) struct Pages {
    chunk: Arc<Chunk>,
    reader: SerializedPageReader<Chunk>,
    /// Where the next page begins, and where the last one ends.
    next: u64,
    end: u64,
    /// Rows that are still to come.
    rows: usize,
    /// Bytes that a byte in the file may become.
    expansion: u64,
    /// Bytes that a value takes at least in a dictionary.
    width: usize,
    optional: bool,
}

/// How many bytes a compressed byte can become at most.
fn expansion(codec: Compression) -> u64 {
    match codec {
        Compression::UNCOMPRESSED => 1,
        // Copies of 64 bytes in three; a length of 255 a byte; 258 bytes in two bits.
        Compression::SNAPPY => 32,
        Compression::LZ4 | Compression::LZ4_RAW => 260,
        Compression::GZIP(_) => 1100,
        // Runs of 128 KiB and more in a few bytes.
        _ => 1 << 17,
    }
}

impl Pages {
    /// The pages of the column that `meta` describes, of `rows` rows, in the bytes from `start` to `end`,
    /// which are within the file. A value of the column takes `width` bytes at least.
    pub(super) fn new(
        file: &Arc<File>,
        meta: &ColumnChunkMetaData,
        (start, end): (u64, u64),
        rows: usize,
        width: usize,
    ) -> Result<Self, PageProblem> {
        let chunk = Arc::new(Chunk::new(Arc::clone(file), end));
        let reader = SerializedPageReader::new(Arc::clone(&chunk), meta, rows, None)?;
        let expansion = expansion(meta.compression());
        let optional = meta.column_descr().max_def_level() > 0;
        Ok(Self { chunk, reader, next: start, end, rows, expansion, width, optional })
    }

    /// Rows that are still to come.
    pub(super) fn rows_left(&self) -> usize {
        self.rows
    }

    /// The next page; none behind the last row.
    pub(super) fn next(&mut self) -> Result<Option<Decompressed>, PageProblem> {
        while self.rows > 0 {
            if self.next >= self.end {
                return Err(format!("its pages have {} rows fewer than its footer says", self.rows)
                    .as_str()
                    .into());
            }
            let header = self.header()?;
            self.next += header.length as u64 + u64::from(header.compressed);
            if header.kind == PageKind::Index {
                // The library passes over it too.
                continue;
            }
            let Some(page) = self.reader.get_next_page()? else {
                return Err("its pages end early".into());
            };
            let page = self.apart(&header, page)?;
            if let Decompressed::Data(page) = &page {
                self.rows -= page.rows;
                if page.rows == 0 {
                    continue;
                }
            }
            return Ok(Some(page));
        }
        Ok(None)
    }

    /// The header of the next page, whose sizes are possible.
    fn header(&self) -> Result<PageHeader, PageProblem> {
        let mut length = HEADER;
        let header = loop {
            let bytes = self.chunk.from(self.next, length)?;
            match PageHeader::read(&bytes) {
                // A long one: more of it, unless that is all there is.
                Err(thrift::SHORT) if (bytes.len() as u64) < self.end - self.next => {
                    length = 4 * bytes.len() as u64;
                }
                other => {
                    break other.map_err(|why| PageProblem::Damaged(format!("a page's header: {why}")))?;
                }
            }
        };
        if self.next + header.length as u64 + u64::from(header.compressed) > self.end {
            return Err("a page is longer than its column".into());
        }
        let most = LARGEST_PAGE.max(u64::from(header.compressed).saturating_mul(self.expansion));
        if u64::from(header.uncompressed) > most {
            let text = format!(
                "a page of {} bytes says that it expands to {} bytes",
                header.compressed, header.uncompressed
            );
            return Err(PageProblem::Damaged(text));
        }
        let values = header.values as usize;
        match header.kind {
            PageKind::Dictionary if values.saturating_mul(self.width) > header.uncompressed as usize => {
                Err("its dictionary has fewer entries than it says".into())
            }
            PageKind::Data | PageKind::DataV2 if values > self.rows => {
                Err("its pages have more rows than its footer says".into())
            }
            _ => Ok(header),
        }
    }

    /// A page's levels and values apart.
    fn apart(&self, header: &PageHeader, page: Page) -> Result<Decompressed, PageProblem> {
        let rows = header.values as usize;
        let (levels, values, encoding) = match page {
            Page::DictionaryPage { buf, encoding, .. } => {
                if !matches!(encoding, Encoding::PLAIN | Encoding::PLAIN_DICTIONARY) {
                    return Err(PageProblem::Unsupported(format!("a dictionary encoded as {encoding}")));
                }
                return Ok(Decompressed::Dictionary { values: buf, count: rows });
            }
            Page::DataPage { buf, encoding, def_level_encoding, .. } if self.optional => {
                if def_level_encoding != Encoding::RLE {
                    let text = format!("levels encoded as {def_level_encoding}");
                    return Err(PageProblem::Unsupported(text));
                }
                let length = buf.first_chunk().map(|length| u32::from_le_bytes(*length) as usize);
                let length =
                    length.filter(|&length| length <= buf.len() - 4).ok_or("a page's levels are cut off")?;
                (buf.slice(4..4 + length), buf.slice(4 + length..), encoding)
            }
            Page::DataPage { buf, encoding, .. } => (Bytes::new(), buf, encoding),
            Page::DataPageV2 {
                buf, encoding, def_levels_byte_len, rep_levels_byte_len, num_rows, ..
            } => {
                if num_rows as usize != rows {
                    return Err("a page has several values in a row".into());
                }
                let repetitions = rep_levels_byte_len as usize;
                let levels = repetitions.saturating_add(def_levels_byte_len as usize);
                if levels > buf.len() {
                    return Err("a page's levels are cut off".into());
                }
                (buf.slice(repetitions..levels), buf.slice(levels..), encoding)
            }
        };
        let valid = if self.optional { packed::validity(&levels, rows)? } else { None };
        let count = valid.as_ref().map_or(rows, |valid| valid.iter().filter(|there| **there).count());
        Ok(Decompressed::Data(DataPage { rows, valid, count, encoding, values }))
    }
}
