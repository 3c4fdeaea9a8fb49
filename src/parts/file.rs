//! A part of a run as one file that says what it is.
//!
//! ```text
//! "bellwether part\n"  16 bytes
//! length of the header as u64
//! header: JSON, what the part is of and what arrays follow
//! arrays: one after the other, as the header lists them by name, kind and length; little endian
//! BLAKE3 of all before: 32 bytes
//! ```
//!
//! Without the program the arrays are read by a few lines of NumPy: `numpy.frombuffer` of each in turn,
//! behind the header. Numbers are carried as they are in memory, so that none is rounded on the way. How a
//! part was computed (device, threads, times) is not in it: computed again it is the same file, byte for
//! byte.

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Write};
use std::ops::Range;
use std::path::{Path, PathBuf};

use jiff::civil::Date;
use serde::{Deserialize, Serialize};

use super::cells::Cells;
use super::error::PartError;
use crate::bootstrap::{Intervals, day_number};
use crate::coverage::ReplicationEnds;
use crate::error::{Error, Result};
use crate::output::manifest::{Covers, Parameters};
use crate::panel::content::{Cell, Content};
use crate::panel::input::{Hash, InputFile, Piece};

const MAGIC: &[u8; 16] = b"bellwether part\n";
const CHECKSUM: usize = 32;

/// The number of a piece that is all of its file.
const WHOLE: u32 = u32::MAX;

/// The version of the format.
const FORMAT: u32 = 2;

/// What a part is of.
#[derive(Debug, Clone, PartialEq, Serialize, Deserialize)]
#[non_exhaustive]
pub struct Header {
    /// The version of the format.
    pub format: u32,
    /// The program and its version.
    pub program: String,
    /// The version of the random stream.
    pub random_stream: u32,
    /// Every parameter, by name.
    pub parameters: Parameters,
    /// The part's number, from 1.
    pub part: u64,
    /// How many parts there are.
    pub of: u64,
    /// How the run was cut: by stocks, days or samples.
    pub cut: String,
    /// The names of all files of the panel; their hashes are arrays.
    pub files: Vec<String>,
    /// The stocks that the part is of; where the run was cut by days or samples, all of the panel.
    pub stocks: Vec<String>,
    /// The hash of the prices that the part used.
    pub content: String,
    /// What the part computed.
    pub covers: Covers,
    /// What was left out of what it read, a line each.
    pub left_out: Vec<String>,
    /// The arrays that follow.
    pub arrays: Vec<ArrayHeader>,
}

/// An array in the file.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct ArrayHeader {
    name: String,
    kind: Kind,
    length: u64,
}

/// What an array holds.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
enum Kind {
    U32,
    U64,
    F64,
    U8,
}

impl Kind {
    fn bytes(self) -> u64 {
        match self {
            Self::U8 => 1,
            Self::U32 => 4,
            Self::U64 | Self::F64 => 8,
        }
    }
}

/// Numbers of one kind.
#[derive(Debug, Clone)]
pub(super) enum Array {
    U32(Vec<u32>),
    U64(Vec<u64>),
    F64(Vec<f64>),
    U8(Vec<u8>),
}

impl Array {
    fn header(&self, name: &str) -> ArrayHeader {
        let (kind, length) = match self {
            Self::U32(all) => (Kind::U32, all.len()),
            Self::U64(all) => (Kind::U64, all.len()),
            Self::F64(all) => (Kind::F64, all.len()),
            Self::U8(all) => (Kind::U8, all.len()),
        };
        ArrayHeader { name: name.to_owned(), kind, length: length as u64 }
    }

    fn bytes(&self) -> Vec<u8> {
        match self {
            Self::U32(all) => all.iter().flat_map(|one| one.to_le_bytes()).collect(),
            Self::U64(all) => all.iter().flat_map(|one| one.to_le_bytes()).collect(),
            Self::F64(all) => all.iter().flat_map(|one| one.to_le_bytes()).collect(),
            Self::U8(all) => all.clone(),
        }
    }

    fn of_bytes(kind: Kind, bytes: &[u8]) -> Self {
        match kind {
            Kind::U8 => Self::U8(bytes.to_vec()),
            Kind::U32 => Self::U32(bytes.as_chunks().0.iter().map(|one| u32::from_le_bytes(*one)).collect()),
            Kind::U64 => Self::U64(bytes.as_chunks().0.iter().map(|one| u64::from_le_bytes(*one)).collect()),
            Kind::F64 => Self::F64(bytes.as_chunks().0.iter().map(|one| f64::from_le_bytes(*one)).collect()),
        }
    }
}

/// A part of a run.
#[derive(Debug, Clone)]
pub struct PartFile {
    /// What it is of.
    pub header: Header,
    /// All files of the panel, with hashes of what the part read of them.
    pub input: Vec<InputFile>,
    /// The cells' content.
    pub content: Content,
    /// What was found, one for each measure.
    pub cells: Vec<Cells>,
    /// A hash of all of it.
    pub(super) fingerprint: blake3::Hash,
}

impl PartFile {
    /// A part that holds `content` and `cells`, from files `input`; what the header says of files and arrays
    /// is filled in here.
    pub fn new(mut header: Header, input: Vec<InputFile>, content: Content, cells: Vec<Cells>) -> Self {
        header.files = input.iter().map(|file| file.name.clone()).collect();
        let arrays = arrays(&input, &content, &cells);
        header.arrays = arrays.iter().map(|(name, array)| array.header(name)).collect();
        let fingerprint = fingerprint(&header, &arrays);
        Self { header, input, content, cells, fingerprint }
    }

    /// A part of the replications of a study of coverage: what they give at each number of returns.
    pub fn of_replications(
        parameters: Parameters,
        part: super::Part,
        cut: &str,
        replications: &Range<u32>,
        found: &[ReplicationEnds],
    ) -> Self {
        let covers = Covers::of(&[], Some([replications.start, replications.end]));
        let none = Content::default();
        let hash = none.hash(&[]);
        let header = Header::new(parameters, part, cut, Vec::new(), hash, covers, Vec::new());
        let cells = found.iter().map(|found| {
            let kinds = found.ends.iter().enumerate();
            let kinds = kinds.map(|(kind, ends)| (format!("{kind:06}.ends"), ends.as_flattened().to_vec()));
            let samples = kinds.chain([("truth".to_owned(), found.truth.clone())]).collect();
            Cells { samples, ..Cells::default() }
        });
        Self::new(header, Vec::new(), none, cells.collect())
    }

    /// What [`Self::of_replications`] was given; nothing where the part does not hold it.
    pub fn replications(&self) -> Option<Vec<ReplicationEnds>> {
        let of_returns = |cells: &Cells| {
            let (mut truth, mut ends) = (None, Vec::new());
            for (name, values) in &cells.samples {
                match name.as_str() {
                    "truth" => truth = Some(values.clone()),
                    _ => ends.push(values.as_chunks().0.to_vec()),
                }
            }
            let truth = truth?;
            let fits = ends.iter().all(|ends: &Vec<[f64; 2]>| ends.len() == truth.len());
            fits.then_some(ReplicationEnds { truth, ends })
        };
        self.cells.iter().map(of_returns).collect()
    }

    /// Writes the part.
    ///
    /// # Errors
    ///
    /// What `out` fails with.
    pub fn write(&self, out: &mut dyn Write) -> io::Result<()> {
        let mut hasher = blake3::Hasher::new();
        let mut put = |bytes: &[u8]| {
            hasher.update(bytes);
            out.write_all(bytes)
        };
        let header = serde_json::to_vec(&self.header)?;
        put(MAGIC)?;
        put(&(header.len() as u64).to_le_bytes())?;
        put(&header)?;
        for (_, array) in arrays(&self.input, &self.content, &self.cells) {
            put(&array.bytes())?;
        }
        out.write_all(hasher.finalize().as_bytes())
    }

    /// Reads a part, and checks that it is whole and as it was written.
    ///
    /// # Errors
    ///
    /// [`Error::Io`], or [`Error::Part`] where it is not.
    pub fn read(path: &Path) -> Result<Self> {
        let bytes = fs::read(path).map_err(Error::io("read", path))?;
        Ok(Self::of_bytes(path, &bytes)?)
    }

    fn of_bytes(path: &Path, bytes: &[u8]) -> Result<Self, PartError> {
        let path = || path.to_path_buf();
        let damaged = |why: &str| PartError::Damaged { path: path(), why: why.to_owned() };
        let cut = |part: &str, expected: u64| PartError::Truncated {
            path: path(),
            part: part.to_owned(),
            expected,
            found: bytes.len() as u64,
        };
        let whole = bytes.starts_with(MAGIC);
        if !whole {
            // Less than the first line of one.
            return Err(if !bytes.is_empty() && MAGIC.starts_with(bytes) {
                cut("of this file", MAGIC.len() as u64)
            } else {
                PartError::NotAPart { path: path() }
            });
        }
        let Some((length, rest)) = bytes[MAGIC.len()..].split_first_chunk() else {
            return Err(cut("of this file", MAGIC.len() as u64 + 8));
        };
        let length = u64::from_le_bytes(*length);
        let Some(header) = usize::try_from(length).ok().and_then(|length| rest.get(..length)) else {
            return Err(cut("of this file", length.saturating_add(MAGIC.len() as u64 + 8)));
        };
        let checksum = |bytes: &[u8]| match bytes.split_last_chunk::<CHECKSUM>() {
            Some((before, last)) => blake3::hash(before) == *last,
            None => false,
        };
        let parsed: Result<Header, _> = serde_json::from_slice(header);
        let Ok(header) = parsed else { return Err(damaged("its header cannot be read")) };
        let arrays = header.arrays.iter().map(|array| array.length.saturating_mul(array.kind.bytes()));
        let before = MAGIC.len() as u64 + 8 + length;
        let expected = arrays.fold(before + CHECKSUM as u64, u64::saturating_add);
        if expected != bytes.len() as u64 {
            return Err(cut(&format!("{}/{}", header.part, header.of), expected));
        }
        if !checksum(bytes) {
            return Err(damaged("its checksum is not that of its bytes"));
        }
        if header.format != FORMAT {
            let why = format!("its format is {}, and this program reads format {FORMAT}", header.format);
            return Err(damaged(&why));
        }
        let mut place = before as usize;
        let mut named = BTreeMap::new();
        for array in &header.arrays {
            let next = place + (array.length * array.kind.bytes()) as usize;
            named.insert(array.name.clone(), Array::of_bytes(array.kind, &bytes[place..next]));
            place = next;
        }
        let read = Reader { named };
        let misfit = || damaged("its arrays do not fit together");
        let input = read.input(&header.files).ok_or_else(misfit)?;
        let (content, cells) = read.all().ok_or_else(misfit)?;
        Ok(Self::new(header, input, content, cells))
    }
}

impl Header {
    /// Of a part; what it computed is `covers`, from stocks and prices of this hash.
    pub fn new(
        parameters: Parameters,
        part: super::Part,
        cut: &str,
        stocks: Vec<String>,
        content: String,
        covers: Covers,
        left_out: Vec<String>,
    ) -> Self {
        Self {
            format: FORMAT,
            program: crate::output::manifest::PROGRAM.to_owned(),
            random_stream: crate::random::STREAM_VERSION,
            parameters,
            part: part.number(),
            of: part.of(),
            cut: cut.to_owned(),
            files: Vec::new(),
            stocks,
            content,
            covers,
            left_out,
            arrays: Vec::new(),
        }
    }
}

/// A hash of all that a part says.
fn fingerprint(header: &Header, arrays: &[(String, Array)]) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    hasher.update(&serde_json::to_vec(header).unwrap_or_default());
    arrays.iter().for_each(|(_, array)| _ = hasher.update(&array.bytes()));
    hasher.finalize()
}

/// A part's arrays with their names, in the file's order.
fn arrays(input: &[InputFile], content: &Content, cells: &[Cells]) -> Vec<(String, Array)> {
    let of_content = &content.cells;
    let pieces = || {
        let of_file = |(number, file): (usize, &'_ InputFile)| {
            file.pieces.iter().map(move |piece| (number as u32, *piece)).collect::<Vec<_>>()
        };
        input.iter().enumerate().flat_map(of_file)
    };
    let number = |piece: Piece| match piece {
        Piece::Whole => WHOLE,
        Piece::RowGroup(group) => group,
    };
    let mut arrays = vec![
        ("input.ends".to_owned(), Array::U8(input.iter().flat_map(|file| file.ends).collect())),
        ("input.file".to_owned(), Array::U32(pieces().map(|(file, _)| file).collect())),
        ("input.piece".to_owned(), Array::U32(pieces().map(|(_, (piece, _))| number(piece)).collect())),
        ("input.hash".to_owned(), Array::U8(pieces().flat_map(|(_, (_, hash))| hash).collect())),
        ("content.day".to_owned(), Array::U32(of_content.iter().map(|cell| day_number(cell.date)).collect())),
        ("content.stock".to_owned(), Array::U32(of_content.iter().map(|cell| cell.stock as u32).collect())),
        ("content.prices".to_owned(), Array::U64(of_content.iter().map(|cell| cell.prices).collect())),
        ("content.hash".to_owned(), Array::U8(of_content.iter().flat_map(|cell| cell.hash).collect())),
    ];
    for (number, cells) in cells.iter().enumerate() {
        let name = |what: &str| format!("{number}.{what}");
        let days = |dates: &[Date]| Array::U32(dates.iter().map(|&date| day_number(date)).collect());
        arrays.push((name("days"), days(&cells.dates)));
        arrays.push((name("relative_error"), Array::F64(vec![cells.relative_error])));
        let (dates, stocks): (Vec<Date>, Vec<u32>) = cells.places.iter().copied().unzip();
        arrays.push((name("day"), days(&dates)));
        arrays.push((name("stock"), Array::U32(stocks)));
        for (column, values) in &cells.columns {
            arrays.push((name(&format!("column.{column}")), Array::F64(values.clone())));
        }
        for (column, values) in &cells.samples {
            arrays.push((name(&format!("samples.{column}")), Array::F64(values.clone())));
        }
    }
    arrays
}

/// A date from YYYYMMDD.
fn date_of(number: u32) -> Option<Date> {
    let [year, month, day] = [number / 10_000, number / 100 % 100, number % 100];
    Date::new(year.try_into().ok()?, month.try_into().ok()?, day.try_into().ok()?).ok()
}

/// Takes a part's arrays by name.
struct Reader {
    named: BTreeMap<String, Array>,
}

impl Reader {
    fn u32(&self, name: &str) -> Option<&[u32]> {
        match self.named.get(name)? {
            Array::U32(all) => Some(all),
            _ => None,
        }
    }

    fn f64(&self, name: &str) -> Option<&[f64]> {
        match self.named.get(name)? {
            Array::F64(all) => Some(all),
            _ => None,
        }
    }

    fn days(&self, name: &str) -> Option<Vec<Date>> {
        self.u32(name)?.iter().map(|&day| date_of(day)).collect()
    }

    fn u8(&self, name: &str) -> Option<&[u8]> {
        match self.named.get(name)? {
            Array::U8(all) => Some(all),
            _ => None,
        }
    }

    /// The files of these names, where the arrays fit together.
    fn input(&self, names: &[String]) -> Option<Vec<InputFile>> {
        let (ends, rest) = self.u8("input.ends")?.as_chunks();
        if ends.len() != names.len() || !rest.is_empty() {
            return None;
        }
        let file = |(name, ends): (&String, &Hash)| InputFile::new(name.clone(), *ends, Vec::new());
        let mut files: Vec<InputFile> = names.iter().zip(ends).map(file).collect();
        let (numbers, pieces) = (self.u32("input.file")?, self.u32("input.piece")?);
        let (hashes, rest) = self.u8("input.hash")?.as_chunks();
        if pieces.len() != numbers.len() || hashes.len() != numbers.len() || !rest.is_empty() {
            return None;
        }
        for ((&number, &piece), &hash) in numbers.iter().zip(pieces).zip(hashes) {
            let piece = if piece == WHOLE { Piece::Whole } else { Piece::RowGroup(piece) };
            files.get_mut(number as usize)?.pieces.push((piece, hash));
        }
        Some(files)
    }

    /// What the part holds, where its arrays fit together.
    fn all(&self) -> Option<(Content, Vec<Cells>)> {
        let (Array::U64(prices), Array::U8(hashes)) =
            (self.named.get("content.prices")?, self.named.get("content.hash")?)
        else {
            return None;
        };
        let (days, stocks) = (self.days("content.day")?, self.u32("content.stock")?);
        if days.len() != stocks.len() || days.len() != prices.len() || hashes.len() != 16 * days.len() {
            return None;
        }
        let cells = days.iter().zip(stocks).zip(prices).zip(hashes.as_chunks().0);
        let cell = |(((&date, &stock), &prices), &hash): (((&Date, &u32), &u64), &[u8; 16])| Cell {
            date,
            stock: stock as usize,
            prices,
            hash,
        };
        let content = Content { cells: cells.map(cell).collect() };
        let mut all = Vec::new();
        while self.named.contains_key(&format!("{}.day", all.len())) {
            let number = all.len();
            let name = |what: &str| format!("{number}.{what}");
            let (days, stocks) = (self.days(&name("day"))?, self.u32(&name("stock"))?);
            let of = |kind: &str| -> Vec<(String, Vec<f64>)> {
                let prefix = name(&format!("{kind}."));
                let values = |(name, array): (&String, &Array)| match array {
                    Array::F64(all) => Some((name.strip_prefix(&prefix)?.to_owned(), all.clone())),
                    _ => None,
                };
                self.named.iter().filter_map(values).collect()
            };
            let columns = of("column");
            if days.len() != stocks.len() || columns.iter().any(|(_, values)| values.len() != days.len()) {
                return None;
            }
            all.push(Cells {
                dates: self.days(&name("days"))?,
                relative_error: *self.f64(&name("relative_error"))?.first()?,
                places: days.into_iter().zip(stocks.iter().copied()).collect(),
                columns,
                samples: of("samples"),
            });
        }
        Some((content, all))
    }
}

/// The parts in these files.
///
/// # Errors
///
/// As [`PartFile::read`], for the first that cannot be read.
pub fn read_all(paths: &[PathBuf]) -> Result<Vec<(PathBuf, PartFile)>> {
    paths.iter().map(|path| Ok((path.clone(), PartFile::read(path)?))).collect()
}

/// What an empty part has of each of so many measures.
pub fn nothing(measures: usize) -> Vec<Cells> {
    vec![Cells::default(); measures]
}

/// What a part has of the intervals of each measure.
pub fn of_intervals(found: &[Intervals]) -> Vec<Cells> {
    found.iter().map(Cells::of).collect()
}
