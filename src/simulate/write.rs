//! Files of a simulated panel.

use std::ffi::OsString;
use std::io::{self, BufWriter, Write};
use std::path::{Path, PathBuf};

use rayon::prelude::*;

use super::SimulateSpec;
use super::panel::{StockPath, stock_name};
use crate::bootstrap::day_number;
use crate::error::{Error, Result};
use crate::output::temporary::{PREFIX, TemporaryFolder};
use crate::output::{folder_of, resolved};
use crate::panel::SECOND;

/// Writes the simulated panel to `folder`: one file a stock, `S0001.csv` and so on, lines
/// `YYYYMMDD,HHMM,PRICE` without a header. Files are written in parallel on the current Rayon pool, and a
/// thread holds one day of prices at a time. `progress` is called after each stock with the number of prices
/// written.
///
/// The panel is there as a whole or not at all: it is written to a hidden folder that is renamed when it is
/// complete, or whose files are, one right after the other, where `folder` exists. One folder holds one
/// panel: it must be empty, or, with `force`, hold no CSV files but those that are replaced.
///
/// Returns the paths of the files, in the order of the stocks.
///
/// # Errors
///
/// [`Error::Parameter`] where the specification is not valid. [`Error::Io`] where the folder or a file can't
/// be written, and where the folder holds what it must not.
pub fn write(
    spec: &SimulateSpec,
    folder: &Path,
    force: bool,
    progress: impl Fn(u64) + Sync,
) -> Result<Vec<PathBuf>> {
    spec.validate()?;
    let names: Vec<String> = (0..spec.stocks).map(|stock| format!("{}.csv", stock_name(stock))).collect();
    let target = resolved(folder);
    match std::fs::symlink_metadata(&target) {
        Ok(_) => refuse_other_files(folder, force.then_some(&names[..]))?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        // A name that is too long, or one below a file.
        Err(error) => return Err(Error::io("create", folder)(error)),
    }
    // Beside the first folder on the way that is missing, or within the one that is there.
    let missing = missing_folders(&target);
    let parent = missing.first().map_or(&*target, |first| folder_of(first));
    let temporary = TemporaryFolder::new(parent).map_err(Error::io("write", folder))?;
    let new = temporary.path().join("panel");
    let within = match (missing.first(), missing.last()) {
        (Some(first), Some(last)) => new.join(last.strip_prefix(first).unwrap_or(Path::new(""))),
        _ => new.clone(),
    };
    temporary.create_folders(&within).map_err(Error::io("create", folder))?;

    let pattern = spec.intraday_pattern();
    let times = clock_times(&spec.times());
    names.par_iter().zip(0..spec.stocks).try_for_each(|(name, stock)| {
        let prices = StockPath::new(spec, stock);
        let file = temporary.create(&within.join(name));
        let written = file.and_then(|file| {
            let mut out = BufWriter::with_capacity(1 << 16, file);
            write_stock(spec, prices, &pattern, &times, &mut out)?;
            out.flush()
        });
        written.map_err(Error::io("write", folder.join(name)))?;
        progress(u64::from(spec.days) * u64::from(spec.per_day));
        Ok::<(), Error>(())
    })?;

    let paths: Vec<PathBuf> = names.iter().map(|name| folder.join(name)).collect();
    let renames: Vec<(PathBuf, PathBuf)> = match missing.first() {
        Some(first) => vec![(new, first.clone())],
        None => names.iter().map(|name| (within.join(name), target.join(name))).collect(),
    };
    let renames = renames.iter().map(|(from, to)| (from.as_path(), to.as_path()));
    temporary.rename_all(renames).map_err(Error::io("write", folder))?;
    Ok(paths)
}

/// The folders on the way to `folder`, itself included, that are not there; outermost first.
fn missing_folders(folder: &Path) -> Vec<PathBuf> {
    let not_there = |path: &&Path| !path.as_os_str().is_empty() && std::fs::symlink_metadata(path).is_err();
    let mut missing: Vec<PathBuf> = folder.ancestors().take_while(not_there).map(Path::to_path_buf).collect();
    missing.reverse();
    missing
}

/// Fails where `folder` holds a file, or, where some may be `replaced`, another CSV file than those.
fn refuse_other_files(folder: &Path, replaced: Option<&[String]>) -> Result<()> {
    let mut names = Vec::new();
    for entry in std::fs::read_dir(folder).map_err(Error::io("read", folder))? {
        names.push(entry.map_err(Error::io("read", folder))?.file_name());
    }
    let csv = |name: &OsString| {
        Path::new(name).extension().is_some_and(|extension| extension.eq_ignore_ascii_case("csv"))
    };
    names.retain(|name| match replaced {
        // What a run that was killed has left behind is hidden, and in nobody's way.
        None => !name.as_encoded_bytes().starts_with(PREFIX.as_bytes()),
        Some(replaced) => csv(name) && !replaced.iter().any(|replaced| **name == **replaced),
    });
    // A CSV file says more about what is in the folder than another one.
    names.sort_by_key(|name| (!csv(name), name.clone()));
    let Some(name) = names.first() else { return Ok(()) };
    let reason = match replaced {
        None => {
            "the folder holds this file already, and one folder holds one panel; name a new folder, or \
             replace the panel with `force`"
        }
        Some(_) => {
            "the new panel has no such stock, and one folder holds one panel; name a new folder, or \
             remove the files that are no longer wanted"
        }
    };
    let reason = io::Error::new(io::ErrorKind::AlreadyExists, reason);
    Err(Error::io("simulate over", folder.join(name))(reason))
}

/// Times of day as the files hold them: HHMM where all are whole minutes, else HHMMSS.
fn clock_times(times: &[u64]) -> Vec<String> {
    let minutes = times.iter().all(|time| time % (60 * SECOND) == 0);
    let clock = |&time: &u64| {
        let time = time / SECOND;
        let hhmm = time / 3600 * 100 + time / 60 % 60;
        if minutes { hhmm.to_string() } else { (hhmm * 100 + time % 60).to_string() }
    };
    times.iter().map(clock).collect()
}

/// One stock's file.
fn write_stock(
    spec: &SimulateSpec,
    mut path: StockPath<'_>,
    pattern: &[f64],
    times: &[String],
    out: &mut dyn Write,
) -> io::Result<()> {
    let mut cents = Vec::with_capacity(times.len());
    let mut text = Vec::new();
    for date in spec.dates() {
        path.next_day(date, pattern, &mut cents);
        let day = day_number(date);
        text.clear();
        for (time, cents) in times.iter().zip(&cents) {
            writeln!(text, "{day},{time},{}.{:02}", cents / 100, cents % 100)?;
        }
        out.write_all(&text)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::super::{MAX_PER_DAY, simulate};
    use super::*;

    fn spec(stocks: u32, days: u32, per_day: u32) -> SimulateSpec {
        SimulateSpec { stocks, days, per_day, ..SimulateSpec::default() }
    }

    #[test]
    fn the_grid_ends_at_the_close_and_prefers_minutes() {
        let grid = |per_day| {
            let times = clock_times(&spec(1, 1, per_day).times());
            assert_eq!(times.len(), per_day as usize);
            [times[0].clone(), times[1].clone(), times[times.len() - 1].clone()]
        };
        assert_eq!(grid(386), ["935", "936", "1600"]);
        assert_eq!(grid(390), ["931", "932", "1600"]);
        assert_eq!(grid(391), ["930", "931", "1600"]);
        assert_eq!(grid(392), ["93531", "93630", "160000"]);
        assert_eq!(grid(79), ["930", "935", "1600"]);
        assert_eq!(grid(2), ["930", "1600", "1600"]);
        assert_eq!(grid(4681), ["93000", "93005", "160000"]);
        assert_eq!(grid(MAX_PER_DAY), ["93000", "93001", "160000"]);
    }

    #[test]
    fn files_hold_the_panel() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("new/panel");
        let spec = spec(3, 6, 392);
        let written = std::sync::atomic::AtomicU64::new(0);
        let count = |prices| {
            written.fetch_add(prices, std::sync::atomic::Ordering::Relaxed);
        };
        let paths = write(&spec, &folder, false, count).unwrap();
        assert_eq!(written.into_inner(), spec.prices());
        let panel = simulate(&spec).unwrap();
        for (stock, path) in paths.iter().enumerate() {
            assert_eq!(path, &folder.join(format!("{}.csv", panel.stocks[stock])));
            let text = std::fs::read_to_string(path).unwrap();
            let mut lines = text.lines();
            for day in &panel.days {
                for (i, time) in clock_times(&day.times).iter().enumerate() {
                    let line = lines.next().unwrap();
                    let price = line.strip_prefix(&format!("{},{time},", day_number(day.date))).unwrap();
                    assert_eq!(price.split_once('.').unwrap().1.len(), 2, "{line}");
                    assert_eq!(price.parse::<f64>().unwrap().to_bits(), day.prices[[i, stock]].to_bits());
                    assert!(day.prices[[i, stock]] >= 0.01);
                }
            }
            assert_eq!(lines.next(), None);
        }
    }

    #[test]
    fn one_folder_holds_one_panel() {
        let folder = tempfile::tempdir().unwrap();
        let folder = folder.path().join("a/b/panel");
        let names = || -> Vec<String> {
            let names = std::fs::read_dir(&folder).unwrap().map(|entry| entry.unwrap().file_name());
            let mut names: Vec<String> = names.map(|name| name.into_string().unwrap()).collect();
            names.sort();
            names
        };
        let refused = |stocks, force| {
            let before = names();
            let message = write(&spec(stocks, 1, 3), &folder, force, |_| ()).unwrap_err().to_string();
            assert_eq!(names(), before);
            message
        };
        write(&spec(2, 1, 3), &folder, false, |_| ()).unwrap();
        assert_eq!(names(), ["S0001.csv", "S0002.csv"]);
        assert_eq!(std::fs::read_dir(folder.parent().unwrap()).unwrap().count(), 1);
        assert!(refused(2, false).contains("S0001.csv: the folder holds this file already"));
        // Files of the same names are replaced, others would be mixed with the new panel's.
        let before = std::fs::read(folder.join("S0001.csv")).unwrap();
        write(&SimulateSpec { seed: 2, ..spec(3, 1, 3) }, &folder, true, |_| ()).unwrap();
        assert_ne!(std::fs::read(folder.join("S0001.csv")).unwrap(), before);
        assert_eq!(names(), ["S0001.csv", "S0002.csv", "S0003.csv"]);
        assert!(refused(2, true).contains("S0003.csv: the new panel has no such stock"));
        // What is no CSV file belongs to no panel, and stays.
        std::fs::write(folder.join("notes.txt"), "mine").unwrap();
        write(&spec(3, 1, 3), &folder, true, |_| ()).unwrap();
        assert_eq!(names().len(), 4);
        for name in ["S0001.csv", "S0002.csv", "S0003.csv"] {
            std::fs::remove_file(folder.join(name)).unwrap();
        }
        assert!(refused(1, false).contains("notes.txt"));
        std::fs::remove_file(folder.join("notes.txt")).unwrap();
        // An empty folder is taken, and so is one with the remains of a run that was killed.
        std::fs::create_dir(folder.join(".bellwether-1a2b3c")).unwrap();
        write(&spec(1, 1, 3), &folder, false, |_| ()).unwrap();
        assert_eq!(names(), [".bellwether-1a2b3c", "S0001.csv"]);
    }
}
