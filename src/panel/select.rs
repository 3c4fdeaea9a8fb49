//! Which files are read, and which stocks and days of them are kept.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::decode::STANDARD_INPUT;
use super::error::{FileProblem, PanelError};
use super::header;
use super::series::Stock;
use crate::error::{Error, Result};

/// A file of one stock, or so its name says.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Source {
    /// The file's stem.
    pub(super) stock: String,
    pub(super) path: PathBuf,
}

impl Source {
    fn new(path: PathBuf) -> Result<Self> {
        match stem_and_kind(&path).0 {
            Some(stock) if !stock.contains(char::is_control) => Ok(Self { stock, path }),
            _ => Err(PanelError::File { path, problem: FileProblem::Name }.into()),
        }
    }
}

/// The files that `paths` name, folders taken apart, sorted by stock. A pipe that a shell opened has a number
/// for a name: its stock is `pipe`, or `pipe1`, `pipe2` and so on where there are several, in the order
/// given; that of standard input (`-`) is `stdin`.
pub(super) fn sources(paths: &[PathBuf]) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let pipes = paths.iter().filter(|path| is_numbered(path)).count();
    let mut pipe = 0;
    for path in paths {
        if path == Path::new(STANDARD_INPUT) {
            sources.push(Source { stock: "stdin".to_owned(), path: path.clone() });
            continue;
        }
        let kind = fs::metadata(path).map_err(Error::io("read", path))?;
        if kind.is_dir() {
            sources.extend(folder(path, None)?);
        } else if is_numbered(path) {
            pipe += 1;
            let stock = if pipes == 1 { "pipe".to_owned() } else { format!("pipe{pipe}") };
            sources.push(Source { stock, path: path.clone() });
        } else {
            sources.push(Source::new(path.clone())?);
        }
    }
    sources.sort();
    match sources.windows(2).find(|pair| pair[0] == pair[1]) {
        Some([first, second]) => Err(PanelError::DuplicateStock {
            stock: first.stock.clone(),
            first: first.path.clone(),
            second: second.path.clone(),
        }
        .into()),
        _ if sources.is_empty() => Err(PanelError::NoInput.into()),
        _ => Ok(sources),
    }
}

/// Whether a path is that of an open file by its number, such as `/dev/fd/63`.
fn is_numbered(path: &Path) -> bool {
    let number = path.file_name().is_some_and(|name| name.as_encoded_bytes().iter().all(u8::is_ascii_digit));
    let folder = path.parent().unwrap_or(path);
    number && (folder == Path::new("/dev/fd") || folder.starts_with("/proc") && folder.ends_with("fd"))
}

/// Endings of the files in a folder that are read, before any of [`COMPRESSED`].
const TABLES: [&str; 7] = ["csv", "tsv", "psv", "parquet", "pq", "arrow", "feather"];
const COMPRESSED: [&str; 3] = ["gz", "zst", "zstd"];

/// Whether a folder of a panel gives the file of this name to the reader.
pub(crate) fn is_table(path: &Path) -> bool {
    let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
    !hidden && TABLES.contains(&&*stem_and_kind(path).1)
}

/// What a file's name is without its endings, and the ending that says what it holds, in lower case. Only
/// known endings are taken off: a stock may have a point in its name.
fn stem_and_kind(path: &Path) -> (Option<String>, String) {
    let Some(name) = path.file_name() else { return (None, String::new()) };
    let lower = name.to_string_lossy().to_lowercase();
    let mut end = name.len();
    let mut kind = String::new();
    let strip = |end: usize, endings: &[&str]| {
        let (stem, ending) = lower.get(..end)?.rsplit_once('.')?;
        endings.contains(&ending).then(|| (stem.len(), ending.to_owned()))
    };
    // Names whose length changes with their case have no known ending beyond ASCII.
    if lower.len() == name.len() {
        if let Some((stem, _)) = strip(end, &COMPRESSED) {
            end = stem;
        }
        if let Some((stem, ending)) = strip(end, &[&TABLES[..], &["txt", "ipc"]].concat()) {
            (end, kind) = (stem, ending);
        }
    }
    let stem = match name.to_str() {
        Some(name) if kind.is_empty() && end == name.len() => {
            Path::new(name).file_stem().and_then(|stem| stem.to_str())
        }
        Some(name) => name.get(..end),
        None => None,
    };
    (stem.map(str::to_owned), kind)
}

/// The files of a folder: regular files (or links to them) that are not hidden and whose names end like those
/// of tables; text files (`.txt`) where there are no others. Where a folder holds none, those of the folders
/// inside it: their stock is the folder's name, without the `symbol=` of a partitioned table. Folders inside
/// these, and those of other partitions (`date=2007-01-03`), are of the same stock.
fn folder(folder: &Path, stock: Option<&str>) -> Result<Vec<Source>> {
    let (mut tables, mut texts, mut folders) = (Vec::new(), Vec::new(), Vec::new());
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        let first =
            path.file_name().map_or(b'.', |name| name.as_encoded_bytes().first().copied().unwrap_or(b'.'));
        if first == b'.' {
            continue;
        }
        // A link that leads nowhere counts: reading it fails with a message, and its stock is not silently
        // missing.
        let kind = fs::metadata(&path);
        let is_file = kind.as_ref().map_or(true, fs::Metadata::is_file);
        let (_, ending) = stem_and_kind(&path);
        if kind.is_ok_and(|kind| kind.is_dir()) {
            // Not what an archive of macOS holds beside the data, nor the notes of those who wrote a
            // partition.
            if first != b'_' {
                folders.push(path);
            }
        } else if is_file && TABLES.contains(&&*ending) {
            tables.push(path);
        } else if is_file && ending == "txt" {
            texts.push(path);
        }
    }
    let files = if tables.is_empty() { texts } else { tables };
    let source = |path: PathBuf| match stock {
        None => Source::new(path),
        Some(stock) => Ok(Source { stock: stock.to_owned(), path }),
    };
    let mut sources = files.into_iter().map(source).collect::<Result<Vec<_>>>()?;
    if sources.is_empty() {
        folders.sort();
        for inner in folders {
            let name = inner.file_name().and_then(|name| name.to_str());
            let name =
                name.ok_or_else(|| PanelError::File { path: inner.clone(), problem: FileProblem::Name })?;
            let of_stock = match name.split_once('=') {
                Some((key, value)) if header::names_stocks(key) => Some(value),
                Some(_) => stock,
                None => stock.or(Some(name)),
            };
            sources.extend(self::folder(&inner, of_stock).or_else(|error| match error {
                // A folder beside others may be of anything.
                Error::Panel(PanelError::File { problem: FileProblem::NoFiles, .. }) => Ok(Vec::new()),
                other => Err(other),
            })?);
        }
    }
    if sources.is_empty() {
        return Err(PanelError::File { path: folder.to_path_buf(), problem: FileProblem::NoFiles }.into());
    }
    Ok(sources)
}

/// Checks that every stock asked for is `available`.
pub(super) fn check_stocks<'a>(
    wanted: Option<&[String]>,
    available: impl IntoIterator<Item = &'a str>,
) -> Result<(), PanelError> {
    let available: BTreeSet<&str> = available.into_iter().collect();
    let mut unknown: Vec<String> = wanted.unwrap_or_default().to_vec();
    unknown.retain(|stock| !available.contains(stock.as_str()));
    if unknown.is_empty() {
        return Ok(());
    }
    Err(PanelError::UnknownStock { unknown, available: available.into_iter().map(str::to_owned).collect() })
}

/// Keeps the days from `from` to `to`, both included.
pub(super) fn restrict<S: Stock>(
    stocks: &mut [S],
    from: Option<Date>,
    to: Option<Date>,
) -> Result<(), PanelError> {
    if let (Some(from), Some(to)) = (from, to)
        && from > to
    {
        return Err(PanelError::ReversedRange { from, to });
    }
    if from.is_none() && to.is_none() {
        return Ok(());
    }
    let all: BTreeSet<Date> = stocks.iter().flat_map(|stock| stock.days().map(|(date, _)| date)).collect();
    let inside = |date: Date| from.is_none_or(|from| date >= from) && to.is_none_or(|to| date <= to);
    for stock in stocks.iter_mut() {
        stock.retain_days(inside);
    }
    match (all.first(), all.last()) {
        (Some(&first), Some(&last)) if !all.iter().any(|date| inside(*date)) => {
            Err(PanelError::EmptyRange { from, to, days: all.len(), first, last })
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn folders_give_their_visible_csv_files_sorted() {
        let folder = tempfile::tempdir().unwrap();
        for name in ["B.csv", "A.CSV", "._A.csv", ".csv", "notes.txt", "BRK.B.csv"] {
            fs::write(folder.path().join(name), "").unwrap();
        }
        fs::create_dir(folder.path().join("inner.csv")).unwrap();
        let stocks = |paths: &[PathBuf]| -> Vec<String> {
            sources(paths).unwrap().into_iter().map(|source| source.stock).collect()
        };
        assert_eq!(stocks(&[folder.path().to_path_buf()]), ["A", "B", "BRK.B"]);
        assert_eq!(stocks(&[folder.path().join("B.csv"), folder.path().join("A.CSV")]), ["A", "B"]);
        #[cfg(unix)]
        {
            std::os::unix::fs::symlink(folder.path().join("B.csv"), folder.path().join("link.csv")).unwrap();
            std::os::unix::fs::symlink(folder.path().join("nowhere"), folder.path().join("broken.csv"))
                .unwrap();
            std::os::unix::fs::symlink(folder.path().join("inner.csv"), folder.path().join("folder.csv"))
                .unwrap();
            assert_eq!(stocks(&[folder.path().to_path_buf()]), ["A", "B", "BRK.B", "broken", "link"]);
        }
        assert!(sources(&[]).unwrap_err().to_string().contains("no prices were named"));
    }

    #[test]
    fn numbers_of_open_files_are_no_names() {
        for path in ["/dev/fd/63", "/proc/self/fd/0", "/proc/12/fd/3"] {
            assert!(is_numbered(Path::new(path)), "{path}");
        }
        for path in ["/dev/stdin", "63", "/data/fd/63", "/dev/fd/63.csv", "/dev/fd", "/"] {
            assert!(!is_numbered(Path::new(path)), "{path}");
        }
    }

    #[test]
    fn unknown_stocks_list_what_there_is() {
        let many: Vec<String> = (10..40).map(|i| format!("S{i}")).collect();
        let wanted = ["S11".to_owned(), "s12".to_owned()];
        let error = check_stocks(Some(&wanted), many.iter().map(String::as_str)).unwrap_err().to_string();
        assert!(error.starts_with("the panel has no stock \"s12\"; it has S10, S11, S12"), "{error}");
        assert!(error.ends_with("S21 and 18 more"), "{error}");
        assert!(check_stocks(None, []).is_ok());
    }
}
