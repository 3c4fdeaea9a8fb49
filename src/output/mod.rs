//! Writing results: whole or not at all, to a file or to standard output.
//!
//! [`intervals`] as CSV and JSON, and the pictures ([`plot`]). [`bound`] says how error bounds become text.

pub mod bound;
pub mod growth;
pub mod intervals;
pub mod plot;

use std::io::{self, Write};
use std::path::{Path, PathBuf};

use crate::error::{Error, Result};

/// File format.
#[derive(Debug, Clone, Copy, PartialEq, Eq, clap::ValueEnum)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// JSON.
    Json,
}

/// Where results go.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A file, replaced if it exists.
    File(PathBuf),
}

impl Destination {
    /// A file where a path is given, else standard output.
    pub fn from_option(path: Option<PathBuf>) -> Self {
        path.map_or(Self::Stdout, Self::File)
    }

    /// Checks, before long work starts, that the destination can be written: its folder exists, takes a file, and it
    /// is not itself a folder.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] with the path and the reason.
    pub fn check(&self) -> Result<()> {
        let Self::File(path) = self else { return Ok(()) };
        if path.is_dir() {
            let reason = io::Error::new(io::ErrorKind::IsADirectory, "it is a folder; name a file");
            return Err(Error::io("write", path)(reason));
        }
        if is_special(path) {
            return std::fs::OpenOptions::new()
                .write(true)
                .open(path)
                .map(drop)
                .map_err(Error::io("write", path));
        }
        let target = resolved(path);
        let folder = folder_of(&target);
        if !folder.is_dir() {
            let reason = format!("there is no folder {}; create it first", folder.display());
            return Err(Error::io("write", path)(io::Error::new(io::ErrorKind::NotFound, reason)));
        }
        // The temporary file vanishes when dropped. Its own path is of no interest to the user.
        let probe = tempfile::NamedTempFile::new_in(folder).map(drop);
        probe.map_err(|error| Error::io("write", path)(error.kind().into()))
    }

    /// Writes what `produce` writes. A file appears whole or not at all: a temporary file beside it is renamed at the end. A
    /// link stays a link: what it points to is replaced. Devices and pipes (`/dev/null`) are written to as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::Stdout`]; an existing file is then unchanged. A reader that closes standard output early
    /// (`| head`) is not an error.
    pub fn write(&self, produce: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        match self {
            Self::Stdout => {
                let mut out = io::BufWriter::new(io::stdout().lock());
                match produce(&mut out).and_then(|()| out.flush()) {
                    Err(error) if error.kind() != io::ErrorKind::BrokenPipe => Err(Error::Stdout(error)),
                    _ => Ok(()),
                }
            }
            Self::File(path) => write_file(path, produce).map_err(Error::io("write", path)),
        }
    }
}

/// `1 thread`, `2 threads`.
pub(crate) fn plural(count: u64, noun: &str) -> String {
    format!("{} {noun}{}", grouped(count), if count == 1 { "" } else { "s" })
}

/// Digits in groups of three: `96,600,000`.
pub(crate) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (place, digit) in digits.chars().enumerate() {
        if place > 0 && (digits.len() - place).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// The folder that holds `path`.
fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether `path` exists and is neither a regular file nor a folder: a device, a pipe, a socket. Renaming over one would
/// put a file in its place.
fn is_special(path: &Path) -> bool {
    std::fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Where links lead, or `path` itself where there is nothing yet.
fn resolved(path: &Path) -> PathBuf {
    std::fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf())
}

fn write_file(path: &Path, produce: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    if is_special(path) {
        let mut out = io::BufWriter::new(std::fs::OpenOptions::new().write(true).open(path)?);
        produce(&mut out)?;
        return out.flush();
    }
    let path = &resolved(path);
    let mut builder = tempfile::Builder::new();
    // Like any new file: readable by whom the umask allows (a temporary file alone would be private).
    #[cfg(unix)]
    builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
    let file = builder.prefix(".bellwether-").tempfile_in(folder_of(path))?;
    let mut out = io::BufWriter::with_capacity(1 << 16, file);
    produce(&mut out)?;
    let file = out.into_inner().map_err(io::IntoInnerError::into_error)?;
    file.persist(path).map_err(|error| error.error)?;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_failed_write_leaves_the_old_file_and_no_other() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("out.csv");
        let destination = Destination::File(path.clone());
        destination.write(|out| out.write_all(b"first")).unwrap();
        let error = destination.write(|out| {
            out.write_all(b"half")?;
            Err(io::Error::other("disk full"))
        });
        assert!(error.unwrap_err().to_string().contains("disk full"));
        assert_eq!(std::fs::read(&path).unwrap(), b"first");
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 1);
        destination.write(|out| out.write_all(b"second")).unwrap();
        assert_eq!(std::fs::read(&path).unwrap(), b"second");
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_pipes_stay_pipes() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        std::fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        Destination::File(link.clone()).write(|out| out.write_all(b"new")).unwrap();
        assert!(std::fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(std::fs::read(&target).unwrap(), b"new");

        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || std::fs::read(pipe).unwrap()
        });
        Destination::File(pipe.clone()).write(|out| out.write_all(b"through")).unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        assert!(is_special(&pipe), "the pipe was replaced by a file");
    }

    #[test]
    fn unwritable_places_are_found_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let error = |path: &Path| Destination::File(path.to_path_buf()).check().unwrap_err().to_string();
        assert!(error(folder.path()).contains("it is a folder"));
        assert!(error(&folder.path().join("missing/out.csv")).contains("missing"));
        assert!(Destination::File(folder.path().join("out.csv")).check().is_ok());
        assert_eq!(std::fs::read_dir(folder.path()).unwrap().count(), 0);
    }
}
