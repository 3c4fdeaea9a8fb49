//! How the work is cut: pure arithmetic on sizes, without data and without a device.
//!
//! ```text
//! days × stocks ──waves──▶ what is in memory at once: batches (some stocks of one day, all of their samples)
//!   wave ──tiles──▶ what one GPU buffer holds: whole batches, or some samples of one batch
//!     tile ──dispatches──▶ what one launch does: bounded in time, in loop work and in workgroups a dimension
//! ```
//!
//! No cut changes a result: draws depend on (seed, day, sample) alone and sums are integers. Sizes in bytes throughout.

use std::ops::Range;

use super::columns::{Column, LINE, LimbCount, stride_of};
use crate::error::{Error, Result};

/// Bytes of a word.
const WORD: u64 = 4;

/// What the planner needs to know of one day: its rows and how each stock's column is written.
#[derive(Debug, Clone, PartialEq)]
pub struct DayShape {
    /// Number of rows, n.
    pub rows: u32,
    /// Limbs of each stock's column.
    pub limbs: Vec<LimbCount>,
    /// Bytes of a joined sum of the widest column: 4, 8 or 16.
    pub key_bytes: u64,
}

impl DayShape {
    /// The shape of a day with these columns.
    pub fn new(rows: u32, columns: &[Column]) -> Self {
        let key_bytes = columns.iter().map(key_bytes).max().unwrap_or(WORD);
        Self { rows, limbs: columns.iter().map(Column::limb_count).collect(), key_bytes }
    }
}

/// Bytes of the integer that a column's joined sum is selected as.
fn key_bytes(column: &Column) -> u64 {
    match column.limbs.len() {
        1 => 4,
        _ if column.joins_in_64_bits() => 8,
        _ => 16,
    }
}

/// Some stocks of one day, with all of their samples.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Batch {
    /// Number of the day in the panel.
    pub day: usize,
    /// Numbers of the stocks in the panel.
    pub stocks: Range<usize>,
    /// Rows of the day, n.
    pub rows: u32,
    /// Limbs of these stocks.
    pub limbs: LimbCount,
}

impl Batch {
    /// Lanes of these stocks.
    pub fn lanes(&self) -> usize {
        self.limbs.lanes()
    }

    /// Bytes of the rows, at the device's stride (on the host it can be less).
    fn row_bytes(&self) -> u64 {
        (u64::from(self.rows) * stride_of(self.lanes()).max(4) as u64 + 4) * WORD
    }

    /// Bytes of the sums of `samples` resamples.
    fn sum_bytes(&self, samples: u32) -> u64 {
        self.lanes() as u64 * u64::from(samples) * WORD
    }
}

/// What may be used.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Budget {
    /// Bytes of memory for rows, sums and selection.
    pub memory: u64,
    /// Threads that select quantiles, each with a scratch copy of one column's sums.
    pub threads: usize,
    /// The device, where one is used.
    pub device: Option<DeviceLimits>,
}

/// What a GPU allows, and how much it is given at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceLimits {
    /// Largest buffer that can be bound, bytes.
    pub binding: u64,
    /// Most workgroups a dimension.
    pub workgroups: u32,
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// Most additions of a word in one dispatch: keeps it short of a watchdog's patience.
    pub work: u64,
    /// Most draws of an invocation in one dispatch, a multiple of 8: some drivers stop loops silently at 65,535 turns.
    pub draws: u32,
    /// Bytes of the sums of a tile.
    pub tile: u64,
}

impl DeviceLimits {
    /// Draws of an invocation in one dispatch. A draw costs up to 2.8 turns of loops (a turn a word and block, ten rounds a
    /// block), so that 4,096 stay near 11,000 of the 65,535.
    pub const DRAWS: u32 = 4096;
    /// Additions in one dispatch: about a second on a software adapter, a millisecond on a graphics card.
    pub const WORK: u64 = 1 << 30;
    /// Bytes of a tile's sums: large enough to pay for a launch, small enough that the next tile overlaps with the
    /// selection of quantiles of the last.
    pub const TILE: u64 = 8 << 20;

    /// Words from one row to the next on the device: a multiple of 4, but for narrow rows read by the word.
    pub fn stride(lanes: usize) -> usize {
        let stride = stride_of(lanes);
        if stride <= 2 { stride } else { stride.max(4) }
    }
}

/// Batches that are in memory together.
pub type Wave = Vec<Batch>;

/// Cuts days × stocks into waves that stay within the budget. The memory of a wave is that of its rows and sums, and one
/// scratch copy of a column's sums for each thread.
///
/// # Errors
///
/// [`Error::Memory`] where one stock of one day does not fit.
pub fn waves(shapes: &[DayShape], samples: u32, budget: &Budget) -> Result<Vec<Wave>> {
    let key_bytes = shapes.iter().map(|shape| shape.key_bytes).max().unwrap_or(WORD);
    let mut fixed = budget.threads as u64 * u64::from(samples) * key_bytes;
    if let Some(device) = &budget.device {
        // On the device and in the two copies on their way back.
        fixed += 4 * device.tile;
    }
    let row_limit = budget.device.map_or(u64::MAX, |device| device.binding);
    // The rows also live on the device while they are resampled.
    let row_copies = if budget.device.is_some() { 2 } else { 1 };
    let cost = |batch: &Batch| row_copies * batch.row_bytes() + batch.sum_bytes(samples);
    let room = budget.memory.saturating_sub(fixed);
    let mut waves: Vec<Wave> = Vec::new();
    let (mut free, mut free_rows) = (0, 0);
    for (day, shape) in shapes.iter().enumerate() {
        for batch in batches(day, shape, |batch| cost(batch) <= room && batch.row_bytes() <= row_limit) {
            let bytes = cost(&batch);
            if bytes > room || batch.row_bytes() > row_limit {
                return Err(too_large(&batch, samples, fixed + bytes, budget.memory, row_limit));
            }
            if bytes > free || batch.row_bytes() > free_rows || waves.is_empty() {
                waves.push(Vec::new());
                (free, free_rows) = (room, row_limit);
            }
            (free, free_rows) = (free - bytes, free_rows - batch.row_bytes());
            if let Some(wave) = waves.last_mut() {
                wave.push(batch);
            }
        }
    }
    Ok(waves)
}

/// The batches of one day: as many stocks together as `fits` allows, at least one.
fn batches(day: usize, shape: &DayShape, fits: impl Fn(&Batch) -> bool) -> Vec<Batch> {
    let mut batches: Vec<Batch> = Vec::new();
    for (stock, &limbs) in shape.limbs.iter().enumerate() {
        if let Some(last) = batches.last_mut() {
            let grown =
                Batch { stocks: last.stocks.start..stock + 1, limbs: last.limbs + limbs, ..last.clone() };
            if fits(&grown) {
                *last = grown;
                continue;
            }
        }
        batches.push(Batch { day, stocks: stock..stock + 1, rows: shape.rows, limbs });
    }
    batches
}

fn too_large(batch: &Batch, samples: u32, needed: u64, memory: u64, row_limit: u64) -> Error {
    let what = format!("resampling one stock of a day with {} returns {samples} times", batch.rows);
    if batch.row_bytes() > row_limit {
        let advice = "that is the largest buffer of this device; try --device cpu".into();
        return Error::Memory { what, needed: batch.row_bytes(), allowed: row_limit, advice };
    }
    let advice = "raise --memory, or lower --samples or --threads".into();
    Error::Memory { what, needed, allowed: memory, advice }
}

/// What one GPU buffer of sums holds: whole batches of a wave, or a part of the samples of one batch.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Tile {
    /// Numbers of the batches in the wave.
    pub batches: Range<usize>,
    /// Numbers of the samples.
    pub samples: Range<u32>,
    /// Words of all sums.
    pub words: u64,
}

/// Cuts a wave into tiles in the order of its batches; the samples of a batch come in order.
pub fn tiles(wave: &[Batch], samples: u32, device: &DeviceLimits) -> Vec<Tile> {
    let limit = device.tile.min(device.binding) / WORD;
    let mut tiles: Vec<Tile> = Vec::new();
    let mut open = false;
    for (number, batch) in wave.iter().enumerate() {
        let words = batch.lanes() as u64 * u64::from(samples);
        if words > limit {
            let part = (limit / batch.lanes() as u64).clamp(1, u64::from(samples)) as u32;
            let mut start = 0;
            while start < samples {
                let end = start.saturating_add(part).min(samples);
                let words = batch.lanes() as u64 * u64::from(end - start);
                tiles.push(Tile { batches: number..number + 1, samples: start..end, words });
                start = end;
            }
            open = false;
            continue;
        }
        match tiles.last_mut() {
            Some(tile)
                if open && tile.words + words <= limit && tile.batches.len() < device.workgroups as usize =>
            {
                tile.batches.end = number + 1;
                tile.words += words;
            }
            _ => tiles.push(Tile { batches: number..number + 1, samples: 0..samples, words }),
        }
        open = true;
    }
    tiles
}

/// What one launch does: some draws of some samples of some batches of a tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// Numbers of the batches in the wave.
    pub batches: Range<usize>,
    /// Numbers of the samples within the tile.
    pub samples: Range<u32>,
    /// Draws of each sample; the end may lie beyond a batch's rows.
    pub draws: Range<u32>,
    /// Workgroups: samples, batches, groups of lanes.
    pub workgroups: [u32; 3],
}

/// Cuts a tile into dispatches. For each resample the draws come in order, from 0.
pub fn dispatches(tile: &Tile, wave: &[Batch], device: &DeviceLimits) -> Vec<Dispatch> {
    let samples = tile.samples.len() as u64;
    let work = |batch: &Batch, samples: u64| {
        samples * u64::from(batch.rows.min(device.draws)) * DeviceLimits::stride(batch.lanes()) as u64
    };
    let mut dispatches = Vec::new();
    let mut first = tile.batches.start;
    while first < tile.batches.end {
        // As many batches as the work allows, at least one; a single large one is cut along its samples.
        let mut total = work(&wave[first], samples);
        let mut end = first + 1;
        while end < tile.batches.end
            && end - first < device.workgroups as usize
            && total + work(&wave[end], samples) <= device.work
        {
            total += work(&wave[end], samples);
            end += 1;
        }
        let most = (device.work / work(&wave[first], 1).max(1)).max(u64::from(device.workgroup));
        let most = most.min(u64::from(device.workgroups) * u64::from(device.workgroup));
        let part = if total <= device.work { samples.min(most) } else { most.min(samples) } as u32;
        let rows = wave[first..end].iter().map(|batch| batch.rows).max().unwrap_or(0);
        let lanes = wave[first..end].iter().map(Batch::lanes).max().unwrap_or(0);
        let lane_groups = if narrow(wave) { lanes } else { lanes.div_ceil(LINE) } as u32;
        for sample in (0..samples as u32).step_by(part as usize) {
            let sample_end = sample.saturating_add(part).min(samples as u32);
            for draw in (0..rows).step_by(device.draws as usize) {
                dispatches.push(Dispatch {
                    batches: first..end,
                    samples: sample..sample_end,
                    draws: draw..draw.saturating_add(device.draws).min(rows),
                    workgroups: [
                        (sample_end - sample).div_ceil(device.workgroup),
                        (end - first) as u32,
                        lane_groups,
                    ],
                });
            }
        }
        first = end;
    }
    dispatches
}

/// Whether all rows of the wave have one or two words: the kernel `lane` reads them by the word, `line` reads others by
/// four.
pub fn narrow(wave: &[Batch]) -> bool {
    wave.iter().all(|batch| stride_of(batch.lanes()) <= 2)
}
