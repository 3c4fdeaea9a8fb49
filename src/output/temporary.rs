//! Unfinished files and folders: made beside the place that they are for, renamed into it when they are
//! whole, and removed where that does not come to pass, be it by an error or by a signal.
//!
//! All of them are in one list. Whoever makes, renames or removes one holds the list's lock; a signal's
//! thread takes the lock, removes what is in the list, and ends the process without giving the lock back. So
//! a rename happens before the signal or not at all, and nothing new is made after it.
//!
//! A process that is killed outright (`SIGKILL`, a power cut) leaves its unfinished files behind. Their names
//! begin with [`PREFIX`], so that they are hidden, no reader of panels takes them, and every run makes names
//! of its own.

use std::collections::BTreeSet;
use std::fs::{self, File};
use std::io;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};

/// How the names of unfinished files and folders begin.
pub(crate) const PREFIX: &str = ".bellwether-";

static UNFINISHED: Mutex<BTreeSet<PathBuf>> = Mutex::new(BTreeSet::new());

/// The list, locked. It holds nothing that a panic could have left half done.
fn unfinished() -> MutexGuard<'static, BTreeSet<PathBuf>> {
    UNFINISHED.lock().unwrap_or_else(PoisonError::into_inner)
}

/// A file that is not finished yet; removed when dropped.
#[derive(Debug)]
pub(crate) struct TemporaryFile {
    file: File,
    // Taken when the file is dropped, so that it is removed under the lock.
    path: Option<tempfile::TempPath>,
}

impl TemporaryFile {
    /// An empty file in `folder`.
    pub(crate) fn new(folder: &Path) -> io::Result<Self> {
        let mut builder = tempfile::Builder::new();
        // Like any new file: readable by whom the umask allows (a temporary file alone would be private).
        #[cfg(unix)]
        builder.permissions(std::os::unix::fs::PermissionsExt::from_mode(0o666));
        let mut unfinished = unfinished();
        let (file, path) =
            builder.prefix(PREFIX).tempfile_in(folder).map_err(|error| plain(&error))?.into_parts();
        unfinished.insert(path.to_path_buf());
        Ok(Self { file, path: Some(path) })
    }

    /// The file, to be written. Its errors do not name the temporary path.
    pub(crate) fn file(&self) -> &File {
        &self.file
    }

    /// Puts the file at `target`, in place of what is there.
    pub(crate) fn persist(mut self, target: &Path) -> io::Result<()> {
        let Some(path) = self.path.take() else { return Ok(()) };
        let mut unfinished = unfinished();
        let name = path.to_path_buf();
        let renamed = path.persist(target).map_err(|error| error.error);
        unfinished.remove(&name);
        renamed
    }
}

impl Drop for TemporaryFile {
    fn drop(&mut self) {
        if let Some(path) = self.path.take() {
            let mut unfinished = unfinished();
            unfinished.remove(&path.to_path_buf());
            drop(path);
        }
    }
}

/// A folder that is not finished yet; removed with all that is in it when dropped.
#[derive(Debug)]
pub(crate) struct TemporaryFolder {
    folder: Option<tempfile::TempDir>,
}

impl TemporaryFolder {
    /// An empty folder in `parent`.
    pub(crate) fn new(parent: &Path) -> io::Result<Self> {
        let mut unfinished = unfinished();
        let folder =
            tempfile::Builder::new().prefix(PREFIX).tempdir_in(parent).map_err(|error| plain(&error))?;
        unfinished.insert(folder.path().to_path_buf());
        Ok(Self { folder: Some(folder) })
    }

    /// Where it is.
    pub(crate) fn path(&self) -> &Path {
        self.folder.as_ref().map_or(Path::new(""), tempfile::TempDir::path)
    }

    /// Creates a folder in it, and those on the way.
    pub(crate) fn create_folders(&self, path: &Path) -> io::Result<()> {
        let _unfinished = unfinished();
        fs::create_dir_all(path)
    }

    /// Creates a file in it. After a signal this never returns, so that the folder can be removed.
    pub(crate) fn create(&self, path: &Path) -> io::Result<File> {
        let _unfinished = unfinished();
        File::create_new(path)
    }

    /// Does several renames, between which no signal ends the process.
    pub(crate) fn rename_all<'a>(
        &self,
        renames: impl Iterator<Item = (&'a Path, &'a Path)>,
    ) -> io::Result<()> {
        let _unfinished = unfinished();
        for (from, to) in renames {
            fs::rename(from, to)?;
        }
        Ok(())
    }
}

impl Drop for TemporaryFolder {
    fn drop(&mut self) {
        if let Some(folder) = self.folder.take() {
            let mut unfinished = unfinished();
            unfinished.remove(folder.path());
            // What can't be removed is hidden and in nobody's way.
            let _ = folder.close();
        }
    }
}

/// An error of `tempfile` as the operating system gave it: the temporary path is of no interest to the user.
fn plain(error: &io::Error) -> io::Error {
    let mut source: Option<&(dyn std::error::Error + 'static)> = Some(error);
    while let Some(inner) = source {
        if let Some(code) = inner.downcast_ref::<io::Error>().and_then(io::Error::raw_os_error) {
            return io::Error::from_raw_os_error(code);
        }
        source = match inner.downcast_ref::<io::Error>().and_then(io::Error::get_ref) {
            Some(inner) => Some(inner),
            None => inner.source(),
        };
    }
    error.kind().into()
}

/// Removes what is unfinished, and then ends the process by `end`, before which nothing new is made.
#[cfg(all(unix, feature = "cli"))]
pub(crate) fn remove_all(end: impl FnOnce()) {
    let unfinished = unfinished();
    for path in unfinished.iter() {
        let _ = if path.is_dir() { fs::remove_dir_all(path) } else { fs::remove_file(path) };
    }
    end();
}
