//! What is in memory at once: waves of batches, and what each of them takes.

use std::ops::Range;

use super::WORD;
use super::device::{DeviceLimits, TallyKind, UNIFORM_BYTES};
use crate::columns::{Column, FieldCount, MAX_BYTES, stride_of};
use crate::error::{Error, Result};
use crate::resample::{Scheme, wild};

/// What the planner needs to know of one day: its rows and how each stock's column is written.
#[derive(Debug, Clone, PartialEq)]
pub struct DayShape {
    /// Number of rows, n.
    pub rows: u32,
    /// Bits of the lower limbs of each column, cell after cell.
    pub lower_bits: Vec<u32>,
    /// Columns of a cell.
    pub per_cell: usize,
    /// Bytes of a number that is selected of a cell's resamples: 4, 8 or 16.
    pub key_bytes: u64,
    /// Whether cells have schemes of their own, so that none is resampled with another.
    pub alone: bool,
}

/// The resamples to take, and what remains of them in memory.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Resamples {
    /// Number of resamples, B.
    pub count: u32,
    /// Sums that are held of each cell, while its quantiles are selected.
    pub held: u64,
    /// Bytes that are held of each cell beside them.
    pub bytes: u64,
    /// How rows enter a resample.
    pub scheme: Scheme,
}

/// Most bytes of the sums that a thread of the CPU computes before they are selected from.
pub const CHUNK_BYTES: u64 = 512 << 10;

/// Resamples that a thread of the CPU takes at a time, of columns whose rows have so many words: a multiple
/// of 16, enough to pay for a task, few enough that their sums stay in a core's cache.
pub fn chunk_samples(row_words: usize) -> u32 {
    const MOST: u64 = 1024;
    (CHUNK_BYTES / (WORD * row_words.max(1) as u64)).clamp(16, MOST) as u32 / 16 * 16
}

impl DayShape {
    /// The shape of a day with these columns, so many of a cell, of which numbers of `key_bytes` bytes are
    /// selected.
    pub fn new(rows: u32, columns: &[Column], per_cell: usize, key_bytes: u64) -> Self {
        let lower_bits = columns.iter().map(Column::lower_bits).collect();
        Self { rows, lower_bits, per_cell, key_bytes, alone: false }
    }
}

/// Some cells of one day, with all of their samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Number of the day in the panel.
    pub day: usize,
    /// Numbers of the cells among the day's.
    pub cells: Range<usize>,
    /// Rows of the day, n.
    pub rows: u32,
    /// Fields of the limbs of these cells.
    pub fields: FieldCount,
    /// Bytes of a joined sum.
    pub key_bytes: u64,
}

impl Batch {
    /// Words of a row of these cells.
    pub fn row_words(&self) -> usize {
        self.fields.row_words()
    }

    /// Bytes of the rows, at the device's stride (on the host it can be less).
    pub(super) fn row_bytes(&self) -> u64 {
        (u64::from(self.rows) * stride_of(self.row_words()).max(4) as u64 + ROWS_ALIGNMENT as u64) * WORD
    }

    /// Bytes of the sums held while quantiles are selected.
    fn held_bytes(&self, resamples: Resamples) -> u64 {
        self.cells.len() as u64 * (resamples.held * self.key_bytes + resamples.bytes)
    }
}

/// What may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of memory for rows, sums and selection.
    pub memory: u64,
    /// Threads of the CPU, each with the sums that it works on.
    pub threads: usize,
    /// The device, where one is used.
    pub device: Option<DeviceLimits>,
}

/// Tiles whose sums are in memory: one on the device, and two in copies on their way back; before there are
/// any, rows on their way there.
pub const TILES: u64 = 3;

/// Words that the rows of a batch on a device begin at multiples of: 256 bytes, the strictest that a binding
/// may ask for.
pub const ROWS_ALIGNMENT: usize = 64;

/// Bytes that a device binds beyond the rows of the last batch, as uniform bindings have one size.
fn uniform_bytes(device: &DeviceLimits, scheme: &Scheme) -> u64 {
    let is_software = device.tally.is_some_and(|tally| tally.kind == TallyKind::Software);
    if is_software && *scheme == Scheme::Iid { UNIFORM_BYTES } else { 0 }
}

/// Bytes that are counted for the rows of a wave on a device.
pub fn rows_bytes(wave: &[Batch], device: &DeviceLimits, scheme: &Scheme) -> u64 {
    let rows: u64 = wave.iter().map(Batch::row_bytes).sum();
    device_tables(scheme) * rows + uniform_bytes(device, scheme)
}

/// Bytes that are counted for a wave on a device: for its rows, and for the sums of tiles there and on their
/// way back. Parameters of dispatches and of batches are not, which take some hundred bytes each.
pub fn device_bytes(wave: &[Batch], device: &DeviceLimits, scheme: &Scheme) -> u64 {
    TILES * device.tile + rows_bytes(wave, device, scheme)
}

/// Batches that are in memory together.
pub type Wave = Vec<Batch>;

/// Cuts days × stocks into waves that stay within the budget. The memory of a wave is that of its rows and of
/// the sums that it holds; whatever the wave, each thread has a chunk of sums (and a table of subsets, in the
/// wild bootstrap), or the device some tiles.
///
/// # Errors
///
/// [`Error::Memory`] where one stock of one day does not fit.
pub fn waves(shapes: &[DayShape], resamples: Resamples, budget: &Budget) -> Result<Vec<Wave>> {
    let fixed = match &budget.device {
        Some(device) => TILES * device.tile + uniform_bytes(device, &resamples.scheme),
        None => budget.threads as u64 * largest_chunk(shapes, &resamples.scheme),
    };
    let row_limit = budget.device.map_or(u64::MAX, |device| device.binding).min(MAX_BYTES);
    // The rows, and the sums of blocks that are made of them; both also live on the device while they are
    // resampled.
    let on_device = budget.device.map_or(0, |_| device_tables(&resamples.scheme));
    let row_copies = 1 + on_device + sum_tables(&resamples.scheme, budget.device.is_some());
    let table_bytes = |batch: &Batch| on_device.max(1) * batch.row_bytes();
    let cost = |batch: &Batch| row_copies * batch.row_bytes() + batch.held_bytes(resamples);
    let room = budget.memory.saturating_sub(fixed);
    // The largest stock and day decides, so that what the message asks for is enough for all.
    let alone =
        shapes.iter().enumerate().flat_map(|(day, shape)| batches(day, shape, &resamples.scheme, |_| false));
    if let Some(largest) = alone.max_by_key(|batch| cost(batch))
        && (cost(&largest) > room || table_bytes(&largest) > row_limit)
    {
        let (table, needed) = (table_bytes(&largest), fixed + cost(&largest));
        return Err(too_large(&largest, resamples.count, table, needed, budget.memory, row_limit));
    }
    let mut waves: Vec<Wave> = Vec::new();
    let (mut free, mut free_rows) = (0, 0);
    for (day, shape) in shapes.iter().enumerate() {
        for batch in batches(day, shape, &resamples.scheme, |batch| {
            cost(batch) <= room && table_bytes(batch) <= row_limit
        }) {
            let bytes = cost(&batch);
            if bytes > free || table_bytes(&batch) > free_rows || waves.is_empty() {
                waves.push(Vec::new());
                (free, free_rows) = (room, row_limit);
            }
            (free, free_rows) = (free - bytes, free_rows - table_bytes(&batch));
            if let Some(wave) = waves.last_mut() {
                wave.push(batch);
            }
        }
    }
    Ok(waves)
}

/// The batches of one day: as many stocks together as `fits` allows, at least one.
fn batches(day: usize, shape: &DayShape, scheme: &Scheme, fits: impl Fn(&Batch) -> bool) -> Vec<Batch> {
    let draws = scheme.draws(shape.rows);
    let mut batches: Vec<Batch> = Vec::new();
    for (cell, lower_bits) in shape.lower_bits.chunks_exact(shape.per_cell).enumerate() {
        let add = |fields: FieldCount| {
            lower_bits.iter().fold(fields, |all, &lower_bits| all.with(draws, lower_bits))
        };
        if !shape.alone
            && let Some(last) = batches.last_mut()
        {
            let fields = add(last.fields);
            let grown = Batch { cells: last.cells.start..cell + 1, fields, ..last.clone() };
            if fits(&grown) {
                *last = grown;
                continue;
            }
        }
        let key_bytes = shape.key_bytes;
        let fields = add(FieldCount::default());
        batches.push(Batch { day, cells: cell..cell + 1, rows: shape.rows, fields, key_bytes });
    }
    batches
}

/// Tables of n rows that a device reads: the rows themselves, or the sums of whole blocks and of cut ones.
pub(in crate::resample) fn device_tables(scheme: &Scheme) -> u64 {
    match scheme {
        Scheme::Iid | Scheme::Wild | Scheme::Stationary { .. } => 1,
        Scheme::Block { .. } => 2,
    }
}

/// Tables of n rows that the host makes of the rows: for stationary blocks the CPU alone.
fn sum_tables(scheme: &Scheme, for_device: bool) -> u64 {
    match scheme {
        Scheme::Iid | Scheme::Wild => 0,
        Scheme::Block { .. } => 2,
        Scheme::Stationary { .. } => {
            if for_device {
                0
            } else {
                2
            }
        }
    }
}

/// Bytes of the largest chunk of sums that a thread has, with what else it needs.
fn largest_chunk(shapes: &[DayShape], scheme: &Scheme) -> u64 {
    let bytes = |shape: &DayShape| {
        let draws = scheme.draws(shape.rows);
        let add = |all: FieldCount, &lower_bits: &u32| all.with(draws, lower_bits);
        let row_words = shape.lower_bits.iter().fold(FieldCount::default(), add).row_words();
        let table =
            if *scheme == Scheme::Wild { wild::table_bytes(shape.rows, stride_of(row_words)) } else { 0 };
        u64::from(chunk_samples(row_words)) * row_words as u64 * WORD + table
    };
    shapes.iter().map(bytes).max().unwrap_or(0)
}

fn too_large(batch: &Batch, samples: u32, table: u64, needed: u64, memory: u64, row_limit: u64) -> Error {
    let what = format!("resampling one stock of a day with {} returns {samples} times", batch.rows);
    if table > row_limit {
        let advice = "that is the largest buffer of rows; resample shorter days, or try `device cpu`".into();
        return Error::Memory { what, needed: table, allowed: row_limit, advice };
    }
    let advice = "raise `memory`, or lower `samples` or `threads`".into();
    Error::Memory { what, needed, allowed: memory, advice }
}

#[cfg(test)]
mod tests {
    use super::super::checks::{check_waves, on_cpu, resamples, shapes, usual_device};
    use super::*;

    #[test]
    fn less_memory_makes_more_and_smaller_waves() {
        let shapes = shapes(&[385; 4], 8);
        let count = |memory: u64| {
            let waves = waves(&shapes, resamples(10_000), &on_cpu(memory, 2)).unwrap();
            check_waves(&waves, &shapes, resamples(10_000), &on_cpu(memory, 2)).unwrap();
            (waves.len(), waves.iter().map(Vec::len).sum::<usize>())
        };
        assert_eq!(count(1 << 30), (1, 4));
        // Fixed: 1,024 sums of 8 words a thread. A day of eight stocks: 8 x 110 sums held, 24,896 bytes of
        // rows.
        let fixed = 2 * 32_768;
        assert_eq!(count(fixed + 3_520 + 24_896), (4, 4));
        assert_eq!(count(fixed + 3_520 + 24_895), (8, 8));
        // A stock alone: 440 bytes of sums and 6,416 of rows.
        assert_eq!(count(fixed + 440 + 6_416), (32, 32));
    }

    #[test]
    fn what_does_not_fit_is_an_error_with_the_sizes() {
        let shapes = shapes(&[385], 8);
        let least = 2 * 32_768 + 440 + 6_416;
        let error = waves(&shapes, resamples(10_000), &on_cpu(least - 1, 2)).unwrap_err();
        let Error::Memory { needed, allowed, .. } = error else { panic!("{error}") };
        assert_eq!((needed, allowed), (least, least - 1));
        let message = error.to_string();
        assert!(
            message.starts_with(
                "resampling one stock of a day with 385 returns 10000 times needs at least 70.7 KiB"
            ),
            "{message}"
        );
        assert!(message.ends_with("raise `memory`, or lower `samples` or `threads`"), "{message}");
        // What the message asks for is enough, on one thread less is.
        assert!(waves(&shapes, resamples(10_000), &on_cpu(least, 2)).is_ok());
        assert!(waves(&shapes, resamples(10_000), &on_cpu(least - 32_768, 1)).is_ok());

        // Rows that are larger than a buffer of the device.
        let device = DeviceLimits { binding: 1 << 20, ..usual_device() };
        let budget = Budget { memory: 1 << 40, threads: 2, device: Some(device) };
        let shapes = self::shapes(&[100_000], 1);
        let error = waves(&shapes, resamples(10), &budget).unwrap_err();
        assert!(matches!(error, Error::Memory { needed: 1_600_256, allowed: 1_048_576, .. }), "{error:?}");
        assert!(
            error
                .to_string()
                .contains("the largest buffer of rows; resample shorter days, or try `device cpu`"),
            "{error}"
        );
        assert!(waves(&shapes, resamples(10), &Budget { device: Some(usual_device()), ..budget }).is_ok());
    }
}
