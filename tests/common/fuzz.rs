//! Damaged files: each is read or refused, without a panic, in memory that fits its size.
//!
//! Every case is made from the seed and its number alone: one of some good files with some of its bytes
//! changed, put in, taken out or cut off. By default a few thousand cases are run;
//! `BELLWETHER_FUZZ_SECONDS=600 BELLWETHER_FUZZ_SEED=7 cargo test --release --test panel_arrow_fuzz --
//! --nocapture` runs as many as fit, and tells what was found. A case that ends the process leaves its
//! file, `fuzz-case-SEED-N` in the system's temporary folder.

use std::alloc::{GlobalAlloc, Layout, System};
use std::collections::BTreeMap;
use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::{Duration, Instant};

use rand::rngs::Xoshiro256PlusPlus;
use rand::{Rng, RngExt, SeedableRng};

/// Bytes that are allocated, and the most since it was set back.
static NOW: AtomicUsize = AtomicUsize::new(0);
static MOST: AtomicUsize = AtomicUsize::new(0);

struct Counting;

// SAFETY: all requests go to the system's allocator as they are.
unsafe impl GlobalAlloc for Counting {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        unsafe { System.alloc(layout) }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        let now = NOW.fetch_add(layout.size(), Ordering::Relaxed) + layout.size();
        MOST.fetch_max(now, Ordering::Relaxed);
        unsafe { System.alloc_zeroed(layout) }
    }

    unsafe fn dealloc(&self, place: *mut u8, layout: Layout) {
        NOW.fetch_sub(layout.size(), Ordering::Relaxed);
        unsafe { System.dealloc(place, layout) }
    }
}

#[global_allocator]
static ALLOCATOR: Counting = Counting;

/// The bytes of one of the files with some of them changed, half of the changes from its `footer` on.
fn damaged(files: &[Vec<u8>], footer: impl Fn(&[u8]) -> usize, random: &mut Xoshiro256PlusPlus) -> Vec<u8> {
    let mut bytes = files[random.random_range(0..files.len())].clone();
    for _ in 0..random.random_range(1..=4) {
        if bytes.is_empty() {
            break;
        }
        let footer = footer(&bytes);
        let from = if random.random() { footer.min(bytes.len() - 1) } else { 0 };
        let at = random.random_range(from..bytes.len());
        let end = (at + random.random_range(1..=16)).min(bytes.len());
        match random.random_range(0..10) {
            0 | 1 => bytes[at] ^= 1 << random.random_range(0..8),
            2 => bytes[at] = random.random(),
            3 => bytes[at] = [0, 1, 0x7f, 0x80, 0xff][random.random_range(0..5)],
            4 => {
                bytes.drain(at..end);
            }
            5 => {
                let copy = bytes[at..end].to_vec();
                bytes.splice(at..at, copy);
            }
            6 => {
                // A large number of seven bits a byte.
                let large: Vec<u8> = [vec![0xff; random.random_range(1..=9)], vec![0x0f]].concat();
                let until = (at + large.len()).min(bytes.len());
                bytes.splice(at..if random.random() { until } else { at }, large);
            }
            7 => random.fill_bytes(&mut bytes[at..end]),
            8 => {
                let other = &files[random.random_range(0..files.len())];
                let from = random.random_range(0..other.len());
                let part = other[from..(from + 64).min(other.len())].to_vec();
                let until = (at + part.len()).min(bytes.len());
                bytes.splice(at..until, part);
            }
            _ => bytes.truncate(at),
        }
    }
    bytes
}

/// A format of files.
pub(crate) struct Format<'a> {
    /// The folder of good files.
    pub(crate) folder: &'a str,
    /// What they end in.
    pub(crate) endings: &'a [&'a str],
    /// Where half of the changes are made: from this place on.
    pub(crate) footer: fn(&[u8]) -> usize,
    /// Makes good what would be refused at once.
    pub(crate) mend: fn(&mut Vec<u8>),
    /// Reads all that can be read of a file, and gives what was wrong with it.
    pub(crate) read: fn(&Path) -> Vec<String>,
}

/// Runs the cases.
pub(crate) fn run(format: &Format<'_>) {
    let number = |name: &str| std::env::var(name).ok().map(|text| text.parse::<u64>().unwrap());
    let seconds = number("BELLWETHER_FUZZ_SECONDS").map(Duration::from_secs);
    let seed = number("BELLWETHER_FUZZ_SEED").unwrap_or(1);
    let mut names: Vec<_> = fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join(format.folder))
        .unwrap()
        .map(|entry| entry.unwrap().path())
        .filter(|path| {
            let ending = path.extension().unwrap_or_default().to_string_lossy().into_owned();
            format.endings.contains(&&*ending)
        })
        .collect();
    names.sort();
    let files: Vec<Vec<u8>> = names.iter().map(|path| fs::read(path).unwrap()).collect();
    assert!(files.len() > 15);

    let folder = tempfile::tempdir().unwrap();
    let started = Instant::now();
    let (mut cases, mut read, mut worst, mut slowest) = (0_u64, 0_u64, 0, Duration::ZERO);
    let mut panics: BTreeMap<String, u64> = BTreeMap::new();
    while seconds.map_or(cases < 3000, |seconds| started.elapsed() < seconds) {
        let mut random = Xoshiro256PlusPlus::seed_from_u64(seed << 32 | cases);
        let mut bytes = damaged(&files, format.footer, &mut random);
        // Without its end a file is refused at once.
        if random.random_range(0..8) > 0 && bytes.len() >= 12 {
            (format.mend)(&mut bytes);
        }
        let path = folder.path().join("fuzzed-file");
        fs::write(&path, &bytes).unwrap();
        let kept = std::env::temp_dir().join(format!("fuzz-case-{seed}-{cases}"));
        if seconds.is_some() {
            fs::copy(&path, &kept).unwrap();
        }
        MOST.store(NOW.load(Ordering::Relaxed), Ordering::Relaxed);
        let before = NOW.load(Ordering::Relaxed);
        let case = Instant::now();
        let errors = (format.read)(&path);
        slowest = slowest.max(case.elapsed());
        let most = MOST.load(Ordering::Relaxed) - before;
        worst = worst.max(most);
        // A page may take 64 MiB beside what it is decompressed to, and all that it is decoded to.
        assert!(most < 1 << 29, "case {cases} of seed {seed}: {most} bytes");
        for error in &errors {
            assert!(error.contains("fuzzed-file: ") && error.len() < 4000, "case {cases}: {error}");
            if let Some((_, place)) = error.split_once(" (at ") {
                let place = place.split(')').next().unwrap_or_default();
                *panics.entry(place.rsplit("/src/").next().unwrap_or(place).to_owned()).or_default() += 1;
            }
        }
        read += u64::from(errors.is_empty());
        if seconds.is_some() {
            fs::remove_file(&kept).unwrap();
        }
        cases += 1;
    }
    let caught: u64 = panics.values().sum();
    println!(
        "{cases} cases of seed {seed}, {read} of them read whole; at most {worst} bytes and {slowest:?} a \
         case; panics caught: {caught}"
    );
    for (place, times) in &panics {
        println!("  {times:6} {place}");
    }
    // Some must be refused, and some not, or nothing was tried.
    assert!(read > 0 && read < cases);
}
