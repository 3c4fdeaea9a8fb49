//! Which files a panel is read from, so that parts of a run can be held against each other.
//!
//! ```text
//! ends  = BLAKE3(length as u64, little endian ‖ first 32 KiB ‖ last 32 KiB): of every file
//! whole = BLAKE3(bytes): of files that are read; of all where the panel has at most 1 GiB
//! rows  = BLAKE3(bytes of a group of rows of a Parquet file): of the groups that are read, where the panel
//!         has more
//! ```
//!
//! Two parts had the same input where their files have the same names and ends, and everything that both
//! hashed has the same hash. So any change of a panel of at most 1 GiB between two parts is found, and of a
//! larger one any change of what two parts read. What one part alone reads of a larger panel no other part
//! can know; `verify` finds out whether the panel is still the one that was read.
//!
//! Hashing takes about a second of a core a GiB, an eighth of what reading text takes (12 files of 23 MB, on
//! a machine with other work: .023 s of a core to hash them, .17 s to read them).

use std::fs::{File, Metadata};
use std::io::{self, Read, Seek, SeekFrom};
use std::ops::Range;
use std::path::{Path, PathBuf};
use std::time::SystemTime;

use super::decode::STANDARD_INPUT;
use super::select::Source;
use super::text::changed;
use crate::error::{Error, Result};

/// Panels of so many bytes are hashed as a whole by every part.
pub(super) const SMALL: u64 = 1 << 30;

/// Bytes of either end of a file that are looked at.
pub(super) const ENDS: u64 = 32 << 10;

/// What is hashed of a file beside its ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Piece {
    /// All of it.
    Whole,
    /// A group of rows of a Parquet file, by number.
    RowGroup(u32),
}

/// A hash of bytes.
pub type Hash = [u8; 32];

/// A file of a panel.
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub struct InputFile {
    /// Its path below the folder that holds all of the panel's files, with `/` between names.
    pub name: String,
    /// The hash of its length, beginning and end.
    pub ends: Hash,
    /// The hashes of what is read of it.
    pub pieces: Vec<(Piece, Hash)>,
}

impl InputFile {
    /// A file of this name, ends and pieces.
    pub fn new(name: String, ends: Hash, pieces: Vec<(Piece, Hash)>) -> Self {
        Self { name, ends, pieces }
    }
}

/// What changes when a file is written to.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Stamp {
    length: u64,
    modified: Option<SystemTime>,
}

impl Stamp {
    fn of(found: &Metadata) -> Self {
        Self { length: found.len(), modified: found.modified().ok() }
    }
}

/// Hashes files before they are read, and sees to it that they stay as they are until then.
#[derive(Debug, Default)]
pub(super) struct Hasher {
    stamps: Vec<(PathBuf, Stamp)>,
}

impl Hasher {
    /// The pieces of a file of which `ranges` are read; all of it where there are none. A pipe has no pieces:
    /// its bytes come once.
    pub(super) fn pieces(
        &mut self,
        path: &Path,
        ranges: Option<&[(u32, Range<u64>)]>,
    ) -> Result<Vec<(Piece, Hash)>> {
        let failed = || Error::io("read", path);
        if path == Path::new(STANDARD_INPUT) || !std::fs::metadata(path).map_err(failed())?.is_file() {
            return Ok(Vec::new());
        }
        let mut file = File::open(path).map_err(failed())?;
        self.stamps.push((path.to_path_buf(), Stamp::of(&file.metadata().map_err(failed())?)));
        let Some(ranges) = ranges else {
            return Ok(vec![(Piece::Whole, hash(&mut file).map_err(failed())?)]);
        };
        let of_range = |(group, range): &(u32, Range<u64>)| {
            file.seek(SeekFrom::Start(range.start))?;
            let length = range.end.saturating_sub(range.start);
            Ok((Piece::RowGroup(*group), hash(&mut (&mut file).take(length))?))
        };
        ranges.iter().map(of_range).collect::<io::Result<_>>().map_err(failed())
    }

    /// Takes the files of another in.
    pub(super) fn append(&mut self, mut other: Self) {
        self.stamps.append(&mut other.stamps);
    }

    /// Checks, once the files were read, that what was read is what was hashed.
    pub(super) fn check_unchanged(&self) -> Result<()> {
        for (path, stamp) in &self.stamps {
            let found = std::fs::metadata(path).map_err(Error::io("read", path))?;
            if Stamp::of(&found) != *stamp {
                return Err(changed(path).into());
            }
        }
        Ok(())
    }
}

/// The hash of all that comes.
fn hash(input: &mut impl Read) -> io::Result<Hash> {
    // Long enough for the widest vectors, short enough for the cache.
    let mut buffer = vec![0; 256 << 10];
    let mut hasher = blake3::Hasher::new();
    loop {
        match input.read(&mut buffer)? {
            0 => return Ok(*hasher.finalize().as_bytes()),
            count => _ = hasher.update(&buffer[..count]),
        }
    }
}

/// The files' names: their paths below the folder that holds all of them.
pub(super) fn names(sources: &[Source]) -> Vec<String> {
    let folders = sources.iter().filter_map(|source| source.path.parent());
    let above = folders.map(Path::to_path_buf).reduce(|one, other| {
        let same = one.components().zip(other.components()).take_while(|(one, other)| one == other);
        same.map(|(one, _)| one).collect()
    });
    let above = above.unwrap_or_default();
    let name = |source: &Source| {
        let below = source.path.strip_prefix(&above).unwrap_or(&source.path);
        let names = below.components().map(|name| name.as_os_str().to_string_lossy());
        names.collect::<Vec<_>>().join("/")
    };
    sources.iter().map(name).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_below_the_folder_of_all() {
        let source = |path: &str| Source { stock: "x".into(), path: path.into() };
        let of = |paths: &[&str]| names(&paths.iter().map(|path| source(path)).collect::<Vec<_>>());
        assert_eq!(of(&["/a/b/X.csv", "/a/b/c/Y.csv"]), ["X.csv", "c/Y.csv"]);
        assert_eq!(of(&["/a/b/X.csv"]), ["X.csv"]);
        assert_eq!(of(&["X.csv", "b/Y.csv"]), ["X.csv", "b/Y.csv"]);
        assert_eq!(
            of(&["/a/date=1/x.parquet", "/a/date=2/x.parquet"]),
            ["date=1/x.parquet", "date=2/x.parquet"]
        );
    }

    #[test]
    fn pieces_are_hashes_of_their_bytes() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("x");
        let bytes: Vec<u8> = (0..700_000_u32).map(|number| (number.wrapping_mul(7919) >> 5) as u8).collect();
        std::fs::write(&path, &bytes).unwrap();
        let mut hasher = Hasher::default();
        let whole = hasher.pieces(&path, None).unwrap();
        assert_eq!(whole, [(Piece::Whole, *blake3::hash(&bytes).as_bytes())]);
        let groups = hasher.pieces(&path, Some(&[(3, 10..20), (5, 300_000..650_000)])).unwrap();
        let expected = [(3, &bytes[10..20]), (5, &bytes[300_000..650_000])]
            .map(|(group, bytes)| (Piece::RowGroup(group), *blake3::hash(bytes).as_bytes()));
        assert_eq!(groups, expected);
        hasher.check_unchanged().unwrap();
        std::fs::write(&path, &bytes[1..]).unwrap();
        assert!(hasher.check_unchanged().unwrap_err().to_string().contains("changed while it was read"));
    }
}
