//! The shipped sample is what the simulator makes.

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::io;
use std::path::Path;

use bellwether::simulate::{OFTEN_JUMPS, SimulateSpec, write};

/// The arguments in `data/README.md`.
fn sample() -> SimulateSpec {
    SimulateSpec {
        stocks: 3,
        days: 21,
        per_day: 386,
        seed: 1,
        start: jiff::civil::date(2007, 1, 3),
        jumps: OFTEN_JUMPS,
        noise: 0.0,
    }
}

/// The files of `folder`, by name.
fn files(folder: &Path) -> io::Result<BTreeMap<OsString, Vec<u8>>> {
    let entries = std::fs::read_dir(folder)?;
    entries
        .map(|entry| entry.and_then(|entry| Ok((entry.file_name(), std::fs::read(entry.path())?))))
        .collect()
}

#[test]
fn the_sample_is_simulated_byte_for_byte() {
    let folder = tempfile::tempdir().unwrap();
    let shipped = files(&Path::new(env!("CARGO_MANIFEST_DIR")).join("data/sample")).unwrap();
    assert_eq!(shipped.len(), 3);
    assert!(shipped.values().map(Vec::len).sum::<usize>() < 1 << 20);

    write(&sample(), &folder.path().join("same"), false, |_| ()).unwrap();
    // Not `assert_eq!`: a difference would print every byte.
    assert!(
        files(&folder.path().join("same")).unwrap() == shipped,
        "data/sample differs from what its command makes"
    );

    // The perturbed twin.
    write(&SimulateSpec { seed: 2, ..sample() }, &folder.path().join("other"), false, |_| ()).unwrap();
    assert!(files(&folder.path().join("other")).unwrap() != shipped);
}
