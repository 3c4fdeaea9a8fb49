//! Which files are read, and which stocks and days of them are kept.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use jiff::civil::Date;

use super::error::{FileProblem, PanelError};
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
        match path.file_stem().and_then(|stem| stem.to_str()) {
            Some(stock) if !stock.contains(char::is_control) => Ok(Self { stock: stock.to_owned(), path }),
            _ => Err(PanelError::File { path, problem: FileProblem::Name }.into()),
        }
    }
}

/// The files that `paths` name, folders taken apart, sorted by stock. A pipe that a shell opened has a number
/// for a name: its stock is `pipe`, or `pipe1`, `pipe2` and so on where there are several, in the order
/// given.
pub(super) fn sources(paths: &[PathBuf]) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    let pipes = paths.iter().filter(|path| is_numbered(path)).count();
    let mut pipe = 0;
    for path in paths {
        let kind = fs::metadata(path).map_err(Error::io("read", path))?;
        if kind.is_dir() {
            sources.extend(folder(path)?);
        } else if is_numbered(path) {
            pipe += 1;
            let stock = if pipes == 1 { "pipe".to_owned() } else { format!("pipe{pipe}") };
            sources.push(Source { stock, path: path.clone() });
        } else {
            sources.push(Source::new(path.clone())?);
        }
    }
    sources.sort();
    match sources.windows(2).find(|pair| pair[0].stock == pair[1].stock) {
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

/// The CSV files of a folder: regular files (or links to them) that are not hidden.
fn folder(folder: &Path) -> Result<Vec<Source>> {
    let mut sources = Vec::new();
    for entry in fs::read_dir(folder).map_err(Error::io("read", folder))? {
        let path = entry.map_err(Error::io("read", folder))?.path();
        let hidden = path.file_name().is_some_and(|name| name.as_encoded_bytes().starts_with(b"."));
        let csv = path.extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"));
        // A link that leads nowhere counts: reading it fails with a message, and its stock is not silently
        // missing.
        if csv && !hidden && fs::metadata(&path).map_or(true, |kind| kind.is_file()) {
            sources.push(Source::new(path)?);
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
