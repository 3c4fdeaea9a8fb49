//! The buffers of a record batch, as bytes that come one after the other: plain, or compressed by LZ4
//! (frames) or Zstandard, each by itself behind its length.
//!
//! A buffer is never held as a whole, but read as far as it is wanted, so that a length that lies costs
//! nothing: there is too little, and that is told.

use std::fs::File;
use std::io::{self, BufReader, Read};
use std::sync::Arc;

use super::flatbuffer::{Table, long};
use super::messages::Place;

/// Bytes of a file that are read at once.
const WINDOW: u64 = 256 << 10;
/// The most that a buffer may take decompressed, whatever it takes in the file.
const LARGEST: u64 = 64 << 20;

/// There are fewer bytes than there should be.
pub(super) const SHORT: &str = "a buffer is shorter than its rows";

/// How buffers are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Codec {
    Lz4,
    Zstandard,
}

/// What a record batch says about its nodes and buffers.
#[derive(Debug)]
pub(super) struct Parts {
    pub(super) rows: usize,
    /// Of each node its rows and its nulls.
    pub(super) nodes: Vec<(i64, i64)>,
    /// Of each buffer where it begins in the file, and its length.
    buffers: Vec<(u64, u64)>,
    /// Of each column of views the number of its buffers of text.
    views: Vec<usize>,
    codec: Option<Codec>,
}

impl Parts {
    /// Of a batch whose body is at this place.
    pub(super) fn of(batch: Table<'_>, place: &Place, rows: usize) -> Result<Self, String> {
        let codec = match batch.table(3)? {
            None => None,
            Some(one) => match (one.byte(0)?, one.byte(1)?) {
                (0, 0) => Some(Codec::Lz4),
                (1, 0) => Some(Codec::Zstandard),
                other => return Err(format!("its buffers are compressed in an unknown way, {other:?}")),
            },
        };
        let pair = |pair: &[u8; 16]| Ok::<_, &str>((long(pair, 0)?, long(pair, 8)?));
        let nodes: Result<Vec<_>, _> = batch.structures(1)?.iter().map(pair).collect();
        let within = |offset: i64, length: i64| {
            let (offset, length) = (u64::try_from(offset).ok()?, u64::try_from(length).ok()?);
            let end = offset.checked_add(length)?;
            (end <= place.body_length).then_some((place.body + offset, length))
        };
        let buffers = batch.structures(2)?.iter().map(pair).collect::<Result<Vec<_>, _>>()?;
        let buffers: Option<Vec<_>> =
            buffers.into_iter().map(|(offset, length)| within(offset, length)).collect();
        let views = batch.structures::<8>(4)?.iter();
        let views: Option<Vec<usize>> =
            views.map(|count| usize::try_from(i64::from_le_bytes(*count)).ok()).collect();
        let buffers = buffers.ok_or("a buffer is not within its batch")?;
        let of_views = |views: &Vec<usize>| {
            views
                .iter()
                .try_fold(0_usize, |sum, count| sum.checked_add(*count))
                .is_some_and(|sum| sum <= buffers.len())
        };
        let views = views.filter(of_views).ok_or("its views have more buffers of text than there are")?;
        Ok(Self { rows, nodes: nodes?, buffers, views, codec })
    }

    /// The number of buffers of text of a column of views.
    pub(super) fn views(&self, number: usize) -> Option<usize> {
        self.views.get(number).copied()
    }

    /// The number of a column's first buffer, before which are `buffers` beside those of text of `views`
    /// columns.
    pub(super) fn first(&self, buffers: usize, views: usize) -> Option<usize> {
        Some(buffers + self.views.get(..views)?.iter().sum::<usize>())
    }

    /// The bytes of a buffer.
    pub(super) fn buffer(&self, file: &Arc<File>, number: usize) -> Result<Bytes, String> {
        let &(start, length) = self.buffers.get(number).ok_or("it has fewer buffers than its type")?;
        Bytes::new(file, start, length, self.codec)
    }

    /// Whether a buffer is there.
    pub(super) fn is_there(&self, number: usize) -> bool {
        self.buffers.get(number).is_some_and(|(_, length)| *length > 0)
    }
}

/// A part of a file, read from its start on.
struct Section {
    file: Arc<File>,
    at: u64,
    left: u64,
}

impl Read for Section {
    fn read(&mut self, bytes: &mut [u8]) -> io::Result<usize> {
        let most = self.left.min(bytes.len() as u64) as usize;
        if most == 0 {
            return Ok(0);
        }
        #[cfg(unix)]
        let count = std::os::unix::fs::FileExt::read_at(&*self.file, &mut bytes[..most], self.at)?;
        #[cfg(not(unix))]
        let count = std::os::windows::fs::FileExt::seek_read(&*self.file, &mut bytes[..most], self.at)?;
        self.at += count as u64;
        self.left -= count as u64;
        Ok(count)
    }
}

/// The bytes of a buffer that were not taken yet.
pub(super) struct Bytes {
    reader: Box<dyn Read + Send>,
    /// As many as it says.
    pub(super) left: u64,
}

impl Bytes {
    fn new(file: &Arc<File>, start: u64, length: u64, codec: Option<Codec>) -> Result<Self, String> {
        let section = Section { file: Arc::clone(file), at: start, left: length };
        let mut reader = BufReader::with_capacity(length.clamp(1, WINDOW) as usize, section);
        let (Some(codec), true) = (codec, length > 0) else {
            return Ok(Self { reader: Box::new(reader), left: length });
        };
        let mut says = [0; 8];
        reader.read_exact(&mut says).map_err(|_| "a compressed buffer is cut off")?;
        let (says, length) = (i64::from_le_bytes(says), length - 8);
        if says == -1 {
            // It would have become longer.
            return Ok(Self { reader: Box::new(reader), left: length });
        }
        // Lengths of 255 a byte; runs of 128 KiB in a few bytes.
        let expansion = if codec == Codec::Lz4 { 260 } else { 1 << 17 };
        let most = LARGEST.max(length.saturating_mul(expansion));
        let left = u64::try_from(says).ok().filter(|says| *says <= most);
        let left =
            left.ok_or_else(|| format!("a buffer of {length} bytes says that it expands to {says} bytes"))?;
        let reader: Box<dyn Read + Send> = match codec {
            Codec::Lz4 => Box::new(lz4_flex::frame::FrameDecoder::new(reader)),
            Codec::Zstandard => {
                let decoder = zstd::stream::read::Decoder::with_buffer(reader);
                Box::new(decoder.map_err(|error| error.to_string())?)
            }
        };
        Ok(Self { reader, left })
    }

    /// Reads `count` bytes into `out`, in place of what was there.
    pub(super) fn take(&mut self, count: usize, out: &mut Vec<u8>) -> Result<(), String> {
        out.clear();
        if count as u64 > self.left {
            return Err(SHORT.into());
        }
        self.left -= count as u64;
        // It grows with what comes.
        let read = (&mut self.reader).take(count as u64).read_to_end(out);
        match read {
            Ok(read) if read == count => Ok(()),
            Ok(_) => Err(SHORT.into()),
            Err(error) => Err(error.to_string()),
        }
    }

    /// Passes over `count` bytes.
    pub(super) fn skip(&mut self, count: u64) -> Result<(), String> {
        if count > self.left {
            return Err(SHORT.into());
        }
        self.left -= count;
        let passed = io::copy(&mut (&mut self.reader).take(count), &mut io::sink());
        match passed {
            Ok(passed) if passed == count => Ok(()),
            Ok(_) => Err(SHORT.into()),
            Err(error) => Err(error.to_string()),
        }
    }
}
