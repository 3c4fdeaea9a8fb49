//! Writing results: whole or not at all, to a file or to standard output.
//!
//! [`Outputs`] checks where they go before the work; then [`intervals`] and the growth model's
//! solution ([`growth`], [`ergodic`]) as CSV, JSON, Parquet and Arrow ([`Format`]), [`coverage`], and the
//! [`truth`] of simulated panels. [`manifest`] is what a result says of where it is from.

#[cfg(feature = "parquet")]
mod arrow;
#[cfg(feature = "parquet")]
mod columns;
pub mod coverage;
pub mod ergodic;
#[cfg(feature = "parquet")]
mod flatbuffer;
pub mod growth;
pub mod intervals;
pub mod manifest;
mod outputs;
pub mod panel;
#[cfg(feature = "parquet")]
mod parquet;
#[cfg(feature = "parquet")]
pub mod prices;
pub mod result;
mod stdout;
#[cfg(feature = "parquet")]
pub mod table;
pub(crate) mod temporary;
pub(crate) mod text;
pub mod truth;

use std::fs::{self, File};
use std::io::{self, BufWriter, IsTerminal, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

pub use outputs::Outputs;
#[cfg(unix)]
pub use stdout::look_at_standard_output;
pub use text::visible;

use crate::error::{Error, Result};
use temporary::TemporaryFile;

/// File format.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Format {
    /// Comma-separated values.
    Csv,
    /// JSON.
    Json,
    /// Parquet.
    #[cfg(feature = "parquet")]
    Parquet,
    /// Arrow's IPC format, which is Feather of version 2.
    #[cfg(feature = "parquet")]
    Arrow,
}

/// The formats of tables, and what their files end in.
#[cfg(feature = "parquet")]
const FORMATS: &str = "CSV, JSON, Parquet or Arrow";
#[cfg(not(feature = "parquet"))]
const FORMATS: &str = "CSV or JSON";
#[cfg(feature = "parquet")]
const ENDINGS: &str = ".csv, .json, .parquet, .arrow or .feather";
#[cfg(not(feature = "parquet"))]
const ENDINGS: &str = ".csv or .json";

/// Extensions of formats, of tables and of archives, that no table is written in. A file with one of them
/// would not hold what its name says.
const FOREIGN: &[&str] = &[
    "7z", "avro", "bz2", "db", "dta", "duckdb", "gz", "h5", "hdf", "hdf5", "htm", "html", "ipc", "jsonl",
    "mat", "md", "ndjson", "npy", "npz", "ods", "orc", "pdf", "pickle", "pkl", "pq", "rda", "rdata", "rds",
    "sas7bdat", "sav", "sqlite", "tar", "tex", "tsv", "xls", "xlsb", "xlsx", "xml", "xz", "zip", "zst",
];

impl Format {
    /// What files of this format end in, and what it is called.
    const fn extension(self) -> &'static str {
        match self {
            Self::Csv => "csv",
            Self::Json => "json",
            #[cfg(feature = "parquet")]
            Self::Parquet => "parquet",
            #[cfg(feature = "parquet")]
            Self::Arrow => "arrow",
        }
    }

    /// The format of a table in the file at `path`, which the user named by `parameter`: `given`, or what the
    /// extension says, or CSV where it says nothing.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the extension is that of another format than `given`, or of one that can't
    /// be written.
    pub fn of(parameter: &'static str, path: &Path, given: Option<Self>) -> Result<Self> {
        let extension = path.extension().unwrap_or_default().to_string_lossy().to_ascii_lowercase();
        let refused = |requirement: String| {
            Err(Error::Parameter { name: parameter, value: path.display().to_string(), requirement })
        };
        let says = match extension.as_str() {
            "csv" => Some(Self::Csv),
            "json" => Some(Self::Json),
            #[cfg(feature = "parquet")]
            "parquet" => Some(Self::Parquet),
            #[cfg(feature = "parquet")]
            "arrow" | "feather" => Some(Self::Arrow),
            "svg" | "png" => {
                return refused(format!(
                    "that is a picture's name, and this is a table; name a file that ends in {ENDINGS}"
                ));
            }
            #[cfg(not(feature = "parquet"))]
            "parquet" | "arrow" | "feather" => {
                return refused(
                    "this program was built without the feature `parquet`; name a file that ends in .csv or \
                     .json"
                        .into(),
                );
            }
            foreign if FOREIGN.contains(&foreign) => {
                return refused(format!(
                    "tables are written as {FORMATS}, not as .{foreign}; name a file that ends in {ENDINGS}"
                ));
            }
            _ => None,
        };
        match (says, given) {
            (Some(says), Some(given)) if says != given => refused(format!(
                "`format` is {}; name a file that ends in .{}, or leave `format` out",
                given.extension(),
                given.extension()
            )),
            _ => Ok(given.or(says).unwrap_or(Self::Csv)),
        }
    }
}

/// Where results go; see [`Outputs`] for how to come by one.
#[derive(Debug, Clone)]
pub enum Destination {
    /// Standard output.
    Stdout,
    /// A file, replaced if it exists.
    File(PathBuf),
    /// A device or a pipe that is open.
    Open(PathBuf, Arc<File>),
}

impl Destination {
    /// Writes what `produce` writes. A file appears whole or not at all: a temporary file beside it is
    /// renamed at the end. It keeps its permissions, and a link stays a link: what it points to is replaced,
    /// or made. Devices and pipes (`/dev/null`) are written to as they are.
    ///
    /// # Errors
    ///
    /// [`Error::Io`] or [`Error::Stdout`]; an existing file is then unchanged. A reader that closes standard
    /// output or a pipe early (`| head`) has all that it wants: that is no error.
    pub fn write(&self, produce: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> Result<()> {
        match self {
            Self::Stdout => write_stdout(produce).map_err(Error::Stdout),
            Self::File(path) if is_special(path) => {
                let open = fs::OpenOptions::new().write(true).open(path);
                open.and_then(|file| quietly(fill(file, produce))).map_err(Error::io("write", path))
            }
            Self::Open(path, file) => quietly(fill(&**file, produce)).map_err(Error::io("write", path)),
            Self::File(path) => write_file(path, produce).map_err(Error::io("write", path)),
        }
    }
}

fn write_stdout(produce: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let out = stdout::open()?;
    if out.is_terminal() {
        quietly(fill(text::ToTerminal::new(out), produce))
    } else {
        quietly(fill(out, produce))
    }
}

/// Replaces the file that `path` leads to.
fn write_file(path: &Path, produce: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let target = resolved(path);
    let file = TemporaryFile::new(folder_of(&target))?;
    fill(file.file(), produce)?;
    if let Ok(before) = fs::metadata(&target) {
        keep_permissions(file.file(), &before);
    }
    file.persist(&target)
}

/// Gives `file` the permissions and, where it may be given away, the owner of the one that it replaces. What
/// the system does not let us keep is less than the result that is at stake.
fn keep_permissions(file: &File, before: &fs::Metadata) {
    #[cfg(unix)]
    {
        use std::os::unix::fs::MetadataExt;
        if file.metadata().is_ok_and(|now| (now.uid(), now.gid()) != (before.uid(), before.gid())) {
            let _ = std::os::unix::fs::fchown(file, Some(before.uid()), Some(before.gid()));
        }
    }
    let _ = file.set_permissions(before.permissions());
}

/// Writes what `produce` writes to `out`. An error is that of `out` itself: writers of formats put errors
/// into words of their own, and lose their kind.
fn fill<W: Write>(out: W, produce: impl FnOnce(&mut dyn Write) -> io::Result<()>) -> io::Result<()> {
    let mut out = BufWriter::with_capacity(1 << 16, Watched { out, failure: None });
    let done = produce(&mut out).and_then(|()| out.flush());
    // Taken apart, so that what is left in the buffer is not tried again.
    let (watched, _) = out.into_parts();
    done.map_err(|error| watched.failure.unwrap_or(error))
}

/// A reader that has gone has read what it wants.
fn quietly(written: io::Result<()>) -> io::Result<()> {
    match written {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Ok(()),
        other => other,
    }
}

/// A writer that keeps its first error.
struct Watched<W> {
    out: W,
    failure: Option<io::Error>,
}

impl<W> Watched<W> {
    fn note<T>(&mut self, done: io::Result<T>) -> io::Result<T> {
        if let Err(error) = &done
            && error.kind() != io::ErrorKind::Interrupted
            && self.failure.is_none()
        {
            let copy = |code| io::Error::from_raw_os_error(code);
            self.failure = Some(error.raw_os_error().map_or_else(|| error.kind().into(), copy));
        }
        done
    }
}

impl<W: Write> Write for Watched<W> {
    fn write(&mut self, text: &[u8]) -> io::Result<usize> {
        let done = self.out.write(text);
        self.note(done)
    }

    fn flush(&mut self) -> io::Result<()> {
        let done = self.out.flush();
        self.note(done)
    }
}

/// The folder that holds `path`.
pub(crate) fn folder_of(path: &Path) -> &Path {
    match path.parent() {
        Some(folder) if !folder.as_os_str().is_empty() => folder,
        _ => Path::new("."),
    }
}

/// Whether `path` exists and is neither a regular file nor a folder: a device, a pipe, a socket. Renaming
/// over one would put a file in its place.
fn is_special(path: &Path) -> bool {
    fs::metadata(path).is_ok_and(|found| !found.is_file() && !found.is_dir())
}

/// Where `path` leads, through links of which the last may point to what is not there yet. Links that go
/// around in a circle are left for the system to refuse.
pub(crate) fn resolved(path: &Path) -> PathBuf {
    const MOST_LINKS: usize = 40;
    let mut target = path.to_path_buf();
    for _ in 0..MOST_LINKS {
        match fs::read_link(&target) {
            Ok(next) => target = target.parent().map(|folder| folder.join(&next)).unwrap_or(next),
            Err(_) => break,
        }
    }
    target
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
        assert_eq!(fs::read(&path).unwrap(), b"first");
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
        destination.write(|out| out.write_all(b"second")).unwrap();
        assert_eq!(fs::read(&path).unwrap(), b"second");
    }

    #[cfg(unix)]
    #[test]
    fn links_stay_links_and_pipes_stay_pipes() {
        let folder = tempfile::tempdir().unwrap();
        let (link, target) = (folder.path().join("link"), folder.path().join("target"));
        fs::write(&target, "old").unwrap();
        std::os::unix::fs::symlink(&target, &link).unwrap();
        Destination::File(link.clone()).write(|out| out.write_all(b"new")).unwrap();
        assert!(fs::symlink_metadata(&link).unwrap().is_symlink());
        assert_eq!(fs::read(&target).unwrap(), b"new");

        // A link to what is not there yet makes it.
        let (dangling, made) = (folder.path().join("dangling"), folder.path().join("made"));
        std::os::unix::fs::symlink("made", &dangling).unwrap();
        Destination::File(dangling.clone()).write(|out| out.write_all(b"made")).unwrap();
        assert!(fs::symlink_metadata(&dangling).unwrap().is_symlink());
        assert_eq!(fs::read(&made).unwrap(), b"made");

        let pipe = folder.path().join("pipe");
        let made = std::process::Command::new("mkfifo").arg(&pipe).status().unwrap();
        assert!(made.success());
        let reader = std::thread::spawn({
            let pipe = pipe.clone();
            move || fs::read(pipe).unwrap()
        });
        Destination::File(pipe.clone()).write(|out| out.write_all(b"through")).unwrap();
        assert_eq!(reader.join().unwrap(), b"through");
        assert!(is_special(&pipe), "the pipe was replaced by a file");
    }

    #[cfg(unix)]
    #[test]
    fn a_file_keeps_its_permissions() {
        use std::os::unix::fs::PermissionsExt;
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("private.csv");
        for mode in [0o600, 0o664] {
            fs::write(&path, "old").unwrap();
            fs::set_permissions(&path, fs::Permissions::from_mode(mode)).unwrap();
            Destination::File(path.clone()).write(|out| out.write_all(b"new")).unwrap();
            assert_eq!(fs::read(&path).unwrap(), b"new");
            assert_eq!(fs::metadata(&path).unwrap().permissions().mode() & 0o7777, mode);
        }
    }

    #[cfg(target_os = "linux")]
    #[test]
    fn a_full_disk_is_told_by_the_name_that_was_given() {
        let full = Destination::File("/dev/full".into());
        let error = full.write(|out| out.write_all(&[b'x'; 1 << 17])).unwrap_err().to_string();
        assert_eq!(error, "cannot write /dev/full: No space left on device (os error 28)");
    }

    #[test]
    fn a_writer_of_a_format_does_not_hide_that_the_reader_has_gone() {
        struct Gone;
        impl Write for Gone {
            fn write(&mut self, _: &[u8]) -> io::Result<usize> {
                Err(io::ErrorKind::BrokenPipe.into())
            }
            fn flush(&mut self) -> io::Result<()> {
                Ok(())
            }
        }
        let table = |out: &mut dyn Write| {
            let mut writer = csv::Writer::from_writer(out);
            (0..50_000).try_for_each(|_| writer.write_record(["a", "b"]))?;
            writer.flush()
        };
        assert_eq!(fill(Gone, table).unwrap_err().kind(), io::ErrorKind::BrokenPipe);
        assert!(quietly(fill(Gone, table)).is_ok());
    }

    #[test]
    fn extensions_say_the_format() {
        let of = |name: &str, given| Format::of("output", Path::new(name), given);
        for (name, format) in [("a.csv", Format::Csv), ("a.JSON", Format::Json), ("a", Format::Csv)] {
            assert_eq!(of(name, None).unwrap(), format);
            assert_eq!(of(name, Some(format)).unwrap(), format);
        }
        assert_eq!(of("a.txt", Some(Format::Json)).unwrap(), Format::Json);
        assert_eq!(of("a.2024", None).unwrap(), Format::Csv);
        let refused = |name: &str, given| of(name, given).unwrap_err().to_string();
        assert!(refused("a.json", Some(Format::Csv)).contains("output is a.json, but `format` is csv"));
        assert!(refused("a.csv", Some(Format::Json)).contains("ends in .json"));
        #[cfg(feature = "parquet")]
        {
            assert_eq!(of("a.Parquet", None).unwrap(), Format::Parquet);
            assert_eq!(of("a.arrow", None).unwrap(), Format::Arrow);
            assert_eq!(of("a.feather", Some(Format::Arrow)).unwrap(), Format::Arrow);
            assert_eq!(of("a", Some(Format::Parquet)).unwrap(), Format::Parquet);
            assert!(refused("a.csv", Some(Format::Parquet)).contains("ends in .parquet"));
            assert!(refused("a.parquet", Some(Format::Csv)).contains("`format` is csv"));
        }
        for given in [None, Some(Format::Csv)] {
            let avro = refused("a.Avro", given);
            assert!(avro.contains(&format!("{FORMATS}, not as .avro")), "{avro}");
            assert!(refused("a.csv.gz", given).contains("not as .gz"));
            assert!(refused("a.png", given).contains("a picture's name"));
        }
    }
}
