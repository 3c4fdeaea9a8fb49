//! The outputs of one run, checked before its work: each can be written, no two are one file, and none is a
//! file that the run reads.
//!
//! Files are told apart by what they are, not by their names: on Unix by device and inode, so that links of
//! either kind are seen; elsewhere by the path that they resolve to. A file that is not there yet is told by
//! its folder and its name.

use std::collections::HashMap;
use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::{Destination, Format, folder_of, is_special, resolved, stdout};
use crate::error::{Error, Result};
use crate::panel::is_table;

/// What the outputs of a run may not be: what it reads, and each other. An output is had from here alone, by
/// the parameter that names it.
///
/// # Examples
///
/// ```
/// # use bellwether::output::Outputs;
/// # let folder = tempfile::tempdir().unwrap();
/// let mut outputs = Outputs::new(&["data/sample".into()]);
/// let file = folder.path().join("intervals.json");
/// let (intervals, _) = outputs.table("output", Some(file.clone()), None)?;
/// assert!(outputs.claim("plot", file).is_err());
/// assert!(outputs.claim("plot", "data/sample/S0001.csv".into()).is_err());
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Debug, Default)]
pub struct Outputs {
    /// The files that are read.
    read: HashMap<Identity, PathBuf>,
    /// The folders of which every CSV file is read, and how they were named.
    folders: HashMap<Identity, PathBuf>,
    /// The folders that the run makes before it writes its outputs.
    made: Vec<Identity>,
    /// The outputs so far, and the parameters that named them.
    taken: HashMap<Identity, &'static str>,
}

/// What makes two names names of one file.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
enum Identity {
    /// A file that there is.
    #[cfg(unix)]
    Inode(u64, u64),
    /// The path that it resolves to, or will.
    Path(PathBuf),
}

impl Identity {
    #[cfg(unix)]
    fn of_metadata(found: &fs::Metadata) -> Self {
        use std::os::unix::fs::MetadataExt;
        Self::Inode(found.dev(), found.ino())
    }

    /// The file that `path` leads to, whether it exists or not.
    fn of(path: &Path) -> Self {
        #[cfg(unix)]
        if let Ok(found) = fs::metadata(path) {
            return Self::of_metadata(&found);
        }
        if let Ok(path) = fs::canonicalize(path) {
            return Self::Path(path);
        }
        let target = resolved(path);
        let folder = folder_of(&target);
        let folder = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_path_buf());
        let name = target.file_name().unwrap_or_default();
        // Where names differ by more than case only.
        let blind = cfg!(any(windows, target_vendor = "apple"));
        if blind {
            Self::Path(folder.join(name.to_string_lossy().to_lowercase()))
        } else {
            Self::Path(folder.join(name))
        }
    }
}

impl Outputs {
    /// The outputs of a run that reads the panel at `paths`: folders of CSV files, or files. Paths that can't
    /// be read are for the reader to refuse.
    pub fn new(paths: &[PathBuf]) -> Self {
        let mut outputs = Self::default();
        for path in paths {
            let Ok(folder) = fs::read_dir(path) else {
                outputs.read.insert(Identity::of(path), path.clone());
                continue;
            };
            outputs.folders.insert(Identity::of(path), path.clone());
            let files = folder.flatten().map(|entry| entry.path()).filter(|path| is_table(path));
            outputs.read.extend(files.map(|file| (Identity::of(&file), file)));
        }
        outputs
    }

    /// The outputs of a run that first writes a panel to `folder`, which it makes where it is not there, with
    /// those on the way.
    pub fn after_panel(folder: &Path) -> Self {
        let mut outputs = Self::new(&[folder.to_path_buf()]);
        outputs.folders.insert(Identity::of(folder), folder.to_path_buf());
        let missing = folder.ancestors().take_while(|path| !path.as_os_str().is_empty() && !path.exists());
        outputs.made = missing.map(Identity::of).collect();
        outputs
    }

    /// Checks and takes the file at `path`, which the user named by `parameter`.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where another output or the input is the same file; [`Error::Io`] where it can't
    /// be written.
    pub fn claim(&mut self, parameter: &'static str, path: PathBuf) -> Result<Destination> {
        if is_stdout(&path) {
            return self.claim_stdout(parameter);
        }
        let refused = |requirement: String| {
            Err(Error::Parameter { name: parameter, value: path.display().to_string(), requirement })
        };
        let identity = Identity::of(&path);
        if let Some(file) = self.read.get(&identity) {
            let what = if *file == path { "that file".into() } else { file.display().to_string() };
            return refused(format!("{what} is read, and would be lost; name another file"));
        }
        if !is_sink(&path)
            && let Some(other) = self.taken.get(&identity)
        {
            return refused(format!("{other} is the same file; name another one"));
        }
        let target = resolved(&path);
        if is_table(&target)
            && let Some(folder) = self.folders.get(&Identity::of(folder_of(&target)))
        {
            return refused(format!(
                "every table in {} is read as prices, and the next run would read this one, \
                 too; write it to another folder, or under a name that does not end like that of a table",
                folder.display()
            ));
        }
        let is_made = self.made.contains(&Identity::of(folder_of(&target)));
        let destination = check(path, is_made)?;
        self.taken.insert(identity, parameter);
        Ok(destination)
    }

    /// Checks and takes standard output, for what `parameter` would name a file for.
    ///
    /// # Errors
    ///
    /// [`Error::Stdout`] where it can't be written, [`Error::Parameter`] where another output goes there.
    pub fn claim_stdout(&mut self, parameter: &'static str) -> Result<Destination> {
        let out = stdout::open().map_err(Error::Stdout)?;
        #[cfg(unix)]
        if let Ok(found) = out.metadata() {
            use std::os::unix::fs::FileTypeExt;
            if !found.file_type().is_char_device()
                && let Some(other) = self.taken.insert(Identity::of_metadata(&found), parameter)
            {
                return Err(Error::Parameter {
                    name: parameter,
                    value: "standard output".into(),
                    requirement: format!("{other} goes there too; name another file"),
                });
            }
        }
        #[cfg(not(unix))]
        let _ = (out, parameter);
        Ok(Destination::Stdout)
    }

    /// Checks and takes a table's file, or standard output where there is no path, and finds the table's
    /// format: `given`, or what the file's extension says, or CSV.
    ///
    /// # Errors
    ///
    /// As [`Self::claim`], and [`Error::Parameter`] where the extension is that of another format.
    pub fn table(
        &mut self,
        parameter: &'static str,
        path: Option<PathBuf>,
        given: Option<Format>,
    ) -> Result<(Destination, Format)> {
        let Some(path) = path else {
            let format = given.unwrap_or(Format::Csv);
            #[cfg(feature = "parquet")]
            if matches!(format, Format::Parquet | Format::Arrow) && io::IsTerminal::is_terminal(&io::stdout())
            {
                return Err(Error::Parameter {
                    name: "format",
                    value: format.extension().into(),
                    requirement: format!("a terminal can't show it; name a file by `{parameter}`"),
                });
            }
            return Ok((self.claim_stdout(parameter)?, format));
        };
        let format = Format::of(parameter, &path, given)?;
        Ok((self.claim(parameter, path)?, format))
    }
}

/// Whether `path` is another name of standard output, which is then written like it, in place.
fn is_stdout(path: &Path) -> bool {
    cfg!(unix) && ["/dev/stdout", "/dev/fd/1", "/proc/self/fd/1"].iter().any(|name| path == Path::new(name))
}

/// Whether `path` is a device such as `/dev/null` or a terminal, that takes several outputs one after the
/// other.
fn is_sink(path: &Path) -> bool {
    #[cfg(unix)]
    {
        use std::os::unix::fs::FileTypeExt;
        fs::metadata(path).is_ok_and(|found| found.file_type().is_char_device())
    }
    #[cfg(not(unix))]
    {
        let _ = path;
        false
    }
}

/// Checks that `path` can be written, and opens it where it is a device or a pipe: a pipe's reader takes its
/// first writer's end for the end of all. Of a folder that `is_made` by the run nothing is known yet.
fn check(path: PathBuf, is_made: bool) -> Result<Destination> {
    let because =
        |kind: io::ErrorKind, reason: &str| Err(Error::io("write", &path)(io::Error::new(kind, reason)));
    let separated =
        path.as_os_str().as_encoded_bytes().last().is_some_and(|&last| std::path::is_separator(last.into()));
    if path.as_os_str().is_empty() {
        return because(io::ErrorKind::InvalidFilename, "the name is empty; name a file");
    }
    if path.is_dir() || separated {
        return because(io::ErrorKind::IsADirectory, "it is a folder; name a file");
    }
    if is_special(&path) {
        let file = fs::OpenOptions::new().write(true).open(&path).map_err(Error::io("write", &path))?;
        return Ok(Destination::Open(path, file.into()));
    }
    if is_made {
        return Ok(Destination::File(path));
    }
    let target = resolved(&path);
    let folder = folder_of(&target);
    if !folder.is_dir() {
        let reason = format!("there is no folder {}; create it first", folder.display());
        return because(io::ErrorKind::NotFound, &reason);
    }
    match fs::symlink_metadata(&target) {
        // An administrator may write to such a file; that someone made it so says enough.
        Ok(found) if found.permissions().readonly() => {
            let reason = "it is read-only; make it writable, or name another file";
            return because(io::ErrorKind::PermissionDenied, reason);
        }
        Ok(_) => {
            fs::OpenOptions::new().write(true).open(&target).map_err(Error::io("write", &path))?;
        }
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // A name that is too long, or that this file system does not have.
        Err(error) => return Err(Error::io("write", &path)(error)),
    }
    // Whether the folder takes a file. This one vanishes at once.
    super::temporary::TemporaryFile::new(folder).map(drop).map_err(Error::io("write", &path))?;
    Ok(Destination::File(path))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn message(result: Result<Destination>) -> String {
        result.unwrap_err().to_string()
    }

    #[test]
    fn no_two_outputs_are_one_file() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("inner")).unwrap();
        fs::write(path("old.csv"), "").unwrap();
        let mut same = vec![
            (path("new.csv"), path("new.csv")),
            (path("new.csv"), path("inner/../new.csv")),
            (path("old.csv"), path("inner/../old.csv")),
        ];
        #[cfg(unix)]
        {
            fs::hard_link(path("old.csv"), path("hard.csv")).unwrap();
            std::os::unix::fs::symlink("old.csv", path("soft.csv")).unwrap();
            std::os::unix::fs::symlink("new.csv", path("dangling.csv")).unwrap();
            std::os::unix::fs::symlink(folder.path(), path("around")).unwrap();
            same.push((path("old.csv"), path("hard.csv")));
            same.push((path("soft.csv"), path("hard.csv")));
            same.push((path("dangling.csv"), path("new.csv")));
            same.push((path("new.csv"), path("around/new.csv")));
        }
        for (one, other) in same {
            let mut outputs = Outputs::default();
            outputs.claim("output", one.clone()).unwrap();
            let message = message(outputs.claim("plot", other.clone()));
            let expected = format!("plot is {}, but output is the same file", other.display());
            assert!(message.starts_with(&expected), "{message}");
            // The twin: another file is taken.
            outputs.claim("plot", path("third.csv")).unwrap();
        }
    }

    #[test]
    fn no_output_is_a_file_that_is_read() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        fs::create_dir(path("panel")).unwrap();
        fs::write(path("panel/A.csv"), "").unwrap();
        let mut names = vec!["panel/A.csv", "panel/../panel/A.csv"];
        #[cfg(unix)]
        {
            fs::hard_link(path("panel/A.csv"), path("hard.svg")).unwrap();
            std::os::unix::fs::symlink("panel/A.csv", path("soft.svg")).unwrap();
            names.extend(["hard.svg", "soft.svg"]);
        }
        for panel in ["panel", "panel/A.csv"] {
            for name in &names {
                let message = message(Outputs::new(&[path(panel)]).claim("plot", path(name)));
                assert!(message.contains(" is read, and would be lost"), "{message}");
            }
            let mut outputs = Outputs::new(&[path(panel)]);
            outputs.claim("plot", path("panel/A.svg")).unwrap();
            outputs.claim("output", path("A.csv")).unwrap();
            outputs.claim("output", path("panel/.hidden.csv")).unwrap();
        }
        // A new CSV file would become a stock of a folder, and of nothing else.
        let new = |panel: &str| Outputs::new(&[path(panel)]).claim("output", path("panel/B.CSV"));
        let refused = message(new("panel"));
        assert!(refused.contains("the next run would read this one"), "{refused}");
        new("panel/A.csv").unwrap();
    }

    /// A panel that is simulated makes its folder, and those on the way, for outputs beside it.
    #[test]
    fn folders_that_the_run_makes_take_outputs() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let claim = |name: &str| Outputs::after_panel(&path("new/panel")).claim("truth", path(name));
        let refused = message(claim("new/panel/truth.csv"));
        assert!(refused.contains("the next run would read this one"), "{refused}");
        for name in ["new/panel/truth.txt", "new/truth.csv", "truth.csv"] {
            claim(name).unwrap();
        }
        // The twins: folders that nobody makes.
        for name in ["old/truth.csv", "new/panel/deeper/truth.csv"] {
            assert!(message(claim(name)).contains("create it first"), "{name}");
        }
        let nobody = Outputs::default().claim("truth", path("new/panel/truth.txt"));
        assert!(message(nobody).contains("create it first"));
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 0);
    }

    #[test]
    fn unwritable_places_are_found_before_the_work() {
        let folder = tempfile::tempdir().unwrap();
        let path = |name: &str| folder.path().join(name);
        let refused = |name: &str| message(Outputs::default().claim("output", path(name)));
        assert!(refused("").contains("it is a folder"));
        assert!(refused("new/").contains("it is a folder"));
        assert!(refused("missing/out.csv").contains("missing; create it first"));
        assert!(message(Outputs::default().claim("output", "".into())).contains("the name is empty"));
        let long = refused(&"n".repeat(300));
        assert!(long.contains("cannot write") && long.contains("nnn: "), "{long}");
        fs::write(path("kept.csv"), "kept").unwrap();
        let mut permissions = fs::metadata(path("kept.csv")).unwrap().permissions();
        permissions.set_readonly(true);
        fs::set_permissions(path("kept.csv"), permissions).unwrap();
        assert!(refused("kept.csv").contains("it is read-only"));
        Outputs::default().claim("output", path("out.csv")).unwrap();
        assert_eq!(fs::read_dir(folder.path()).unwrap().count(), 1);
    }
}
