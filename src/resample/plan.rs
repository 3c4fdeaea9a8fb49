//! How the work is cut: pure arithmetic on sizes, without data and without a device.
//!
//! ```text
//! days × stocks ──waves──▶ what is in memory at once: batches (some cells of one day, with all of their samples)
//!   wave ──tiles──▶ what one GPU buffer holds: whole batches, or some samples of one batch
//!     tile ──dispatches──▶ what one launch does: bounded in time, in loop work and in workgroups a dimension
//! ```
//!
//! No cut changes a result: draws depend on (seed, day, sample) alone and sums are integers. Sizes in bytes
//! throughout.

use std::ops::Range;

use super::{Scheme, wild};
use crate::columns::{Column, FieldCount, LINE, MAX_BYTES, stride_of};
use crate::error::{Error, Result};

/// Bytes of a word.
const WORD: u64 = 4;

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
pub const BLOCK_BYTES: u64 = 512 << 10;

/// Resamples that a thread of the CPU takes at a time, of columns with so many lanes: a multiple of 16,
/// enough to pay for a task, few enough that their sums stay in a core's cache.
pub fn block_samples(lanes: usize) -> u32 {
    const MOST: u64 = 1024;
    (BLOCK_BYTES / (WORD * lanes.max(1) as u64)).clamp(16, MOST) as u32 / 16 * 16
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
    /// Lanes of these cells.
    pub fn lanes(&self) -> usize {
        self.fields.lanes()
    }

    /// Bytes of the rows, at the device's stride (on the host it can be less).
    fn row_bytes(&self) -> u64 {
        (u64::from(self.rows) * stride_of(self.lanes()).max(4) as u64 + ROWS_ALIGNMENT as u64) * WORD
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

/// What a GPU allows, and how much it is given at a time.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DeviceLimits {
    /// Largest buffer that can be bound, bytes.
    pub binding: u64,
    /// Most workgroups a dimension.
    pub workgroups: u32,
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// Most additions of a word in one dispatch, and in dispatches submitted together: keeps them short of a
    /// watchdog's patience.
    pub work: u64,
    /// Most draws of an invocation in one dispatch, a multiple of 8: some drivers stop loops silently at
    /// 65,535 turns.
    pub draws: u32,
    /// Bytes of the sums of a tile.
    pub tile: u64,
    /// Where the device tallies, if it does.
    pub tally: Option<Tally>,
}

/// How a device tallies the rows drawn.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub struct Tally {
    /// Which kernel tallies.
    pub kind: TallyKind,
    /// Invocations of a workgroup.
    pub workgroup: u32,
    /// Most words of tallies a resample, [`ROWS_PER_TALLY_WORD`] tallies each.
    pub words: u32,
}

impl Tally {
    /// Resamples of a workgroup.
    fn workgroup_samples(&self) -> u32 {
        match self.kind {
            TallyKind::Hardware => self.workgroup,
            TallyKind::Software => SOFTWARE_SAMPLES * self.workgroup,
        }
    }
}

/// Which kernel tallies.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum TallyKind {
    /// `shaders/tally.wgsl`: one resample an invocation, rows in a storage buffer.
    Hardware,
    /// `shaders/tally_software.wgsl`: four resamples an invocation, rows in a uniform buffer, one batch a
    /// dispatch.
    Software,
}

/// Resamples of an invocation on a software adapter; `SAMPLES` in `shaders/tally_software.wgsl`.
pub const SOFTWARE_SAMPLES: u32 = 4;

/// Resamples of an invocation in the wild bootstrap; `SAMPLES` in `shaders/wild.wgsl`.
pub const WILD_SAMPLES: u32 = 4;

/// Rows that share a word of tallies, and so the most rows, and draws of one row, that 10 bits can count.
pub const ROWS_PER_TALLY_WORD: u32 = 3;
pub(super) const MOST_TALLIED: u32 = (1 << 10) - 1;

/// Tiles whose sums are in memory: one on the device, and two in copies on their way back; before there are
/// any, rows on their way there.
pub const TILES: u64 = 3;

/// Bytes of the rows that a kernel with [`TallyKind::Software`] binds.
pub const UNIFORM_BYTES: u64 = 64 << 10;

/// Words that the rows of a batch on a device begin at multiples of: 256 bytes, the strictest that a binding
/// may ask for.
pub const ROWS_ALIGNMENT: usize = 64;

/// How a wave is resampled on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// Tallies of rows, then one pass over the rows: days of up to some hundred rows.
    Tally(Tally),
    /// Each draw adds a row of one word.
    Lane,
    /// Each draw adds a row of sixteen words, an invocation for each sixteen.
    Line,
    /// A random subset of the rows, an invocation for each sixteen words.
    Wild,
    /// Each draw adds the sum of a block, an invocation for each sixteen words.
    Block,
    /// Blocks of random lengths, row by row, an invocation for each sixteen words.
    Stationary,
}

impl DeviceLimits {
    /// Draws of an invocation in one dispatch. A draw costs up to 2.8 turns of loops (a turn a word and
    /// block, ten rounds a block), so that 4,096 stay near 11,000 of the 65,535.
    pub const DRAWS: u32 = 4096;
    /// Additions in one dispatch on a software adapter: about a second, far below what any watchdog waits.
    pub const SOFTWARE_WORK: u64 = 1 << 30;
    /// The same on hardware: less than a second on a small one, milliseconds on a large one.
    pub const WORK: u64 = 1 << 31;
    /// Bytes of a tile's sums on a software adapter: large enough to pay for a launch, small enough that the
    /// next tile overlaps with the selection of quantiles of the last.
    pub const SOFTWARE_TILE: u64 = 8 << 20;
    /// The same on hardware, where a launch and the way back cost as much as more work does.
    pub const TILE: u64 = 32 << 20;
}

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
/// the sums that it holds; whatever the wave, each thread has a block of sums (and a table of subsets, in the
/// wild bootstrap), or the device some tiles.
///
/// # Errors
///
/// [`Error::Memory`] where one stock of one day does not fit.
pub fn waves(shapes: &[DayShape], resamples: Resamples, budget: &Budget) -> Result<Vec<Wave>> {
    let fixed = match &budget.device {
        Some(device) => TILES * device.tile + uniform_bytes(device, &resamples.scheme),
        None => budget.threads as u64 * widest_block(shapes, &resamples.scheme),
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
pub(super) fn device_tables(scheme: &Scheme) -> u64 {
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

/// Words of a resample in a tile, for so many lanes: stationary blocks leave two behind for each group of
/// lanes, for the next dispatch.
pub(super) fn sum_lanes(lanes: usize, scheme: &Scheme) -> usize {
    match scheme {
        Scheme::Iid | Scheme::Wild | Scheme::Block { .. } => lanes,
        Scheme::Stationary { .. } => lanes + 2 * lanes.div_ceil(LINE),
    }
}

/// Bytes of the largest block of sums that a thread has, with what else it needs.
fn widest_block(shapes: &[DayShape], scheme: &Scheme) -> u64 {
    let bytes = |shape: &DayShape| {
        let draws = scheme.draws(shape.rows);
        let add = |all: FieldCount, &lower_bits: &u32| all.with(draws, lower_bits);
        let lanes = shape.lower_bits.iter().fold(FieldCount::default(), add).lanes();
        let table = if *scheme == Scheme::Wild { wild::table_bytes(shape.rows, stride_of(lanes)) } else { 0 };
        u64::from(block_samples(lanes)) * lanes as u64 * WORD + table
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
pub fn tiles(wave: &[Batch], samples: u32, device: &DeviceLimits, scheme: &Scheme) -> Vec<Tile> {
    let limit = device.tile.min(device.binding) / WORD;
    let mut tiles: Vec<Tile> = Vec::new();
    let mut open = false;
    for (number, batch) in wave.iter().enumerate() {
        let lanes = sum_lanes(batch.lanes(), scheme) as u64;
        let words = lanes * u64::from(samples);
        if words > limit {
            let part = (limit / lanes).clamp(1, u64::from(samples)) as u32;
            let mut start = 0;
            while start < samples {
                let end = start.saturating_add(part).min(samples);
                let words = lanes * u64::from(end - start);
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

/// Cuts the rows of a batch into parts that are written to the device one at a time: whole rows of `stride`
/// words, in order, at most `limit` bytes a part where a row is no longer than that.
pub fn uploads(rows: u32, stride: usize, limit: u64) -> Vec<Range<u32>> {
    let part = (limit / (stride.max(1) as u64 * WORD)).clamp(1, u64::from(rows.max(1))) as u32;
    let starts = (0..rows).step_by(part as usize);
    starts.map(|start| start..start.saturating_add(part).min(rows)).collect()
}

/// What one launch does: some draws of some samples of some batches of a tile.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Dispatch {
    /// Numbers of the batches in the wave.
    pub batches: Range<usize>,
    /// Numbers of the samples within the tile.
    pub samples: Range<u32>,
    /// Draws of each sample (rows, blocks, or places that may begin one); the end may lie beyond a batch's.
    pub draws: Range<u32>,
    /// Workgroups: samples, batches, groups of lanes.
    pub workgroups: [u32; 3],
}

impl Dispatch {
    /// Additions of a word that the dispatch does, or as many as take as long.
    pub fn work(&self, wave: &[Batch], scheme: &Scheme) -> u64 {
        let draws = self.draws.end - self.draws.start;
        let of_sample =
            |batch: &Batch| u64::from(scheme.turns(batch.rows).min(draws)) * stride_of(batch.lanes()) as u64;
        let all = wave[self.batches.clone()].iter().map(of_sample).sum::<u64>();
        self.samples.len() as u64 * all * effort(scheme)
    }
}

impl Kernel {
    /// The kernel for a wave: that of the scheme; for iid rows tallies where all days are short enough, else
    /// by the width of the rows.
    pub fn of(wave: &[Batch], device: &DeviceLimits, scheme: &Scheme) -> Self {
        match scheme {
            Scheme::Iid => {}
            Scheme::Wild => return Self::Wild,
            Scheme::Block { .. } => return Self::Block,
            Scheme::Stationary { .. } => return Self::Stationary,
        }
        let tallies = |tally: &Tally| {
            wave.iter().all(|batch| {
                let bytes = u64::from(batch.rows) * stride_of(batch.lanes()).max(4) as u64 * WORD;
                let bound = tally.kind == TallyKind::Hardware || bytes <= UNIFORM_BYTES;
                bound && batch.rows <= device.draws.min(ROWS_PER_TALLY_WORD * tally.words).min(MOST_TALLIED)
            })
        };
        match device.tally {
            Some(tally) if tallies(&tally) => Self::Tally(tally),
            _ if wave.iter().all(|batch| batch.lanes() == 1) => Self::Lane,
            _ => Self::Line,
        }
    }

    /// Words from one row to the next on the device, where it is `stride` on the host.
    pub fn stride(self, stride: usize) -> usize {
        if self == Self::Lane { stride } else { stride.max(4) }
    }
}

/// How much longer an addition takes than in the iid bootstrap: the kernel of stationary blocks draws a first
/// row wherever one of the invocations that go together begins a block.
fn effort(scheme: &Scheme) -> u64 {
    if matches!(scheme, Scheme::Stationary { .. }) { 4 } else { 1 }
}

/// Most draws of an invocation in one dispatch. In the wild bootstrap a row takes up to 11 turns of loops, as
/// four resamples go together. A place of stationary blocks takes up to 15: where blocks are short, one
/// begins at nearly every place, in one or the other of the invocations that go together.
fn draws_at_a_time(device: &DeviceLimits, scheme: &Scheme) -> u32 {
    match scheme {
        Scheme::Iid | Scheme::Block { .. } => device.draws,
        Scheme::Wild => (device.draws / 2 / 8 * 8).max(8),
        Scheme::Stationary { .. } => (device.draws / 4 / 8 * 8).max(8),
    }
}

/// Cuts a tile into dispatches. For each resample the draws come in order, from 0.
pub fn dispatches(tile: &Tile, wave: &[Batch], device: &DeviceLimits, scheme: &Scheme) -> Vec<Dispatch> {
    let samples = tile.samples.len() as u64;
    let turns = |batch: &Batch| scheme.turns(batch.rows);
    let most_draws = draws_at_a_time(device, scheme);
    let work = |batch: &Batch, samples: u64| {
        let of_sample = u64::from(turns(batch).min(most_draws)) * stride_of(batch.lanes()) as u64;
        samples * of_sample * effort(scheme)
    };
    let kernel = Kernel::of(wave, device, scheme);
    // Resamples of a workgroup.
    let workgroup = match kernel {
        Kernel::Tally(tally) => tally.workgroup_samples(),
        Kernel::Wild => WILD_SAMPLES * device.workgroup,
        _ => device.workgroup,
    };
    let most_batches = match kernel {
        Kernel::Tally(Tally { kind: TallyKind::Software, .. }) => 1,
        _ => device.workgroups as usize,
    };
    let mut dispatches = Vec::new();
    let mut first = tile.batches.start;
    while first < tile.batches.end {
        // As many batches as the work allows, at least one; a single large one is cut along its samples.
        let mut total = work(&wave[first], samples);
        let mut end = first + 1;
        while end < tile.batches.end
            && end - first < most_batches
            && total + work(&wave[end], samples) <= device.work
        {
            total += work(&wave[end], samples);
            end += 1;
        }
        let most = (device.work / work(&wave[first], 1).max(1)).max(u64::from(workgroup));
        let most = most.min(u64::from(device.workgroups) * u64::from(workgroup));
        let part = most.min(samples) as u32;
        let rows = wave[first..end].iter().map(turns).max().unwrap_or(0);
        let lanes = wave[first..end].iter().map(Batch::lanes).max().unwrap_or(0);
        let lane_groups = match kernel {
            Kernel::Tally(_) => 1,
            Kernel::Lane => lanes as u32,
            _ => lanes.div_ceil(LINE) as u32,
        };
        for sample in (0..samples as u32).step_by(part as usize) {
            let sample_end = sample.saturating_add(part).min(samples as u32);
            for draw in (0..rows).step_by(most_draws as usize) {
                dispatches.push(Dispatch {
                    batches: first..end,
                    samples: sample..sample_end,
                    draws: draw..draw.saturating_add(most_draws).min(rows),
                    workgroups: [
                        (sample_end - sample).div_ceil(workgroup),
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

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    type Checked = std::result::Result<(), String>;

    fn ensure(holds: bool, what: impl FnOnce() -> String) -> Checked {
        if holds { Ok(()) } else { Err(what()) }
    }

    /// The fields of columns of one limb.
    fn full(columns: usize) -> FieldCount {
        (0..columns).fold(FieldCount::default(), |all, _| all.with(1, 0))
    }

    /// The fields of some stocks of a day.
    fn fields(shape: &DayShape, stocks: Range<usize>) -> FieldCount {
        let add = |all: FieldCount, &lower_bits: &u32| all.with(shape.rows, lower_bits);
        shape.lower_bits[stocks.start * shape.per_cell..stocks.end * shape.per_cell]
            .iter()
            .fold(FieldCount::default(), add)
    }

    /// Days of `rows` rows with stocks of one limb.
    fn shapes(rows: &[u32], stocks: usize) -> Vec<DayShape> {
        rows.iter()
            .map(|&rows| DayShape {
                rows,
                lower_bits: vec![0; stocks],
                per_cell: 1,
                key_bytes: 4,
                alone: false,
            })
            .collect()
    }

    fn on_cpu(memory: u64, threads: usize) -> Budget {
        Budget { memory, threads, device: None }
    }

    fn usual_device() -> DeviceLimits {
        DeviceLimits {
            binding: 128 << 20,
            workgroups: 65_535,
            workgroup: 64,
            work: DeviceLimits::SOFTWARE_WORK,
            draws: DeviceLimits::DRAWS,
            tile: DeviceLimits::SOFTWARE_TILE,
            tally: None,
        }
    }

    const HARDWARE: Tally = Tally { kind: TallyKind::Hardware, workgroup: 32, words: 256 };
    const SOFTWARE: Tally = Tally { kind: TallyKind::Software, workgroup: 8, words: 256 };

    /// Of `count` resamples a hundredth is held.
    fn resamples(count: u32) -> Resamples {
        Resamples { count, held: u64::from(count / 100 + 10), bytes: 0, scheme: Scheme::Iid }
    }

    /// Bytes that a batch takes, spelled out: rows (on the host, and on the device where there is one) and
    /// held sums.
    fn bytes(batch: &Batch, resamples: Resamples, budget: &Budget) -> u64 {
        let stride = stride_of(batch.lanes()).max(4) as u64;
        let rows = 4 * (u64::from(batch.rows) * stride + 64);
        let held = batch.cells.len() as u64 * resamples.held * batch.key_bytes;
        // Tables of blocks: twice the rows, on host and device; on the CPU also of stationary ones.
        let copies = match (resamples.scheme, budget.device) {
            (Scheme::Iid | Scheme::Wild, None) => 1,
            (Scheme::Iid | Scheme::Wild | Scheme::Stationary { .. }, Some(_)) => 2,
            (Scheme::Block { .. } | Scheme::Stationary { .. }, None) => 3,
            (Scheme::Block { .. }, Some(_)) => 5,
        };
        rows * copies + held
    }

    /// Bytes that every wave takes: what each thread works on, and the tiles under way.
    fn fixed_bytes(shapes: &[DayShape], resamples: Resamples, budget: &Budget) -> u64 {
        let lanes =
            |shape: &DayShape| fields(shape, 0..shape.lower_bits.len() / shape.per_cell).lanes() as u64;
        // Up to 128 lanes 1,024 samples; else the most sixteens of samples that stay within 512 KiB.
        let block = |lanes: u64| 4 * lanes * if lanes <= 128 { 1024 } else { 131_072 / lanes / 16 * 16 };
        // Sixteen sums for each four rows, up to 256 KiB.
        let subsets = |shape: &DayShape| {
            let group = 16 * 4 * stride_of(lanes(shape) as usize) as u64;
            (u64::from(shape.rows).div_ceil(4) * group).min(group.max(256 << 10))
        };
        let with_subsets =
            |shape: &DayShape| if resamples.scheme == Scheme::Wild { subsets(shape) } else { 0 };
        let widest = shapes.iter().map(|shape| block(lanes(shape)) + with_subsets(shape)).max().unwrap_or(0);
        match &budget.device {
            None => budget.threads as u64 * widest,
            Some(device) => {
                // The rows of the last batch are bound as 64 KiB.
                let software = device.tally.is_some_and(|tally| tally.kind == TallyKind::Software);
                3 * device.tile + if software && resamples.scheme == Scheme::Iid { 65_536 } else { 0 }
            }
        }
    }

    /// Every day and stock in one batch, in order; each wave within the budget, and none that the wave before
    /// had room for.
    fn check_waves(waves: &[Wave], shapes: &[DayShape], resamples: Resamples, budget: &Budget) -> Checked {
        let cells: Vec<(usize, usize)> = waves
            .iter()
            .flatten()
            .flat_map(|batch| batch.cells.clone().map(|stock| (batch.day, stock)))
            .collect();
        let expected: Vec<(usize, usize)> = (0..shapes.len())
            .flat_map(|day| {
                (0..shapes[day].lower_bits.len() / shapes[day].per_cell).map(move |stock| (day, stock))
            })
            .collect();
        ensure(cells == expected, || format!("cells {cells:?}"))?;
        for batch in waves.iter().flatten() {
            let shape = &shapes[batch.day];
            let fields = fields(shape, batch.cells.clone());
            let same =
                batch.rows == shape.rows && batch.fields == fields && batch.key_bytes == shape.key_bytes;
            ensure(same, || format!("{batch:?} of {shape:?}"))?;
        }
        let fixed = fixed_bytes(shapes, resamples, budget);
        let tables =
            if budget.device.is_some() && matches!(resamples.scheme, Scheme::Block { .. }) { 2 } else { 1 };
        let binding = budget.device.map_or(u64::MAX, |device| device.binding);
        let fits = |wave: &mut dyn Iterator<Item = &Batch>| {
            let (mut total, mut rows) = (fixed, 0);
            for batch in wave {
                total += bytes(batch, resamples, budget);
                rows += tables * batch.row_bytes();
            }
            total <= budget.memory && rows <= binding
        };
        for wave in waves {
            ensure(!wave.is_empty() && fits(&mut wave.iter()), || format!("{wave:?} does not fit"))?;
        }
        for pair in waves.windows(2) {
            ensure(!fits(&mut pair[0].iter().chain(&pair[1][..1])), || format!("room for more in {pair:?}"))?;
        }
        Ok(())
    }

    /// The samples of each batch once and in order, in tiles that fit.
    fn check_tiles(
        tiles: &[Tile],
        wave: &[Batch],
        samples: u32,
        device: &DeviceLimits,
        scheme: &Scheme,
    ) -> Checked {
        // The batch and sample that come next.
        let (mut number, mut sample) = (0, 0);
        for tile in tiles {
            let name = || format!("{tile:?} where batch {number}, sample {sample} comes next");
            ensure(tile.batches.start == number && tile.samples.start == sample, name)?;
            ensure(!tile.batches.is_empty() && !tile.samples.is_empty(), name)?;
            let whole = tile.samples == (0..samples);
            ensure(whole || tile.batches.len() == 1, || format!("{tile:?} cuts several batches"))?;
            // Stationary blocks leave two more words for each sixteen lanes.
            let state = if matches!(scheme, Scheme::Stationary { .. }) { 2 } else { 0 };
            let lanes = |batch: &Batch| (batch.lanes() + state * batch.lanes().div_ceil(16)) as u64;
            let lanes: u64 = wave[tile.batches.clone()].iter().map(lanes).sum();
            let words = lanes * tile.samples.len() as u64;
            ensure(tile.words == words, || format!("{tile:?} has {words} words"))?;
            let smallest = tile.samples.len() == 1;
            ensure(4 * words <= device.tile.min(device.binding) || smallest, || {
                format!("{tile:?} is large")
            })?;
            ensure(tile.batches.len() <= device.workgroups as usize, || {
                format!("{tile:?} has many batches")
            })?;
            if tile.samples.end == samples {
                (number, sample) = (tile.batches.end, 0);
            } else {
                sample = tile.samples.end;
            }
        }
        ensure(number == wave.len() && sample == 0, || format!("batch {number}, sample {sample} is left"))
    }

    /// Every draw of every sample, batch and lane of a tile once, the draws of a sample in order, within the
    /// limits.
    fn check_dispatches(
        dispatches: &[Dispatch],
        tile: &Tile,
        wave: &[Batch],
        device: &DeviceLimits,
        scheme: &Scheme,
    ) -> Checked {
        let samples = tile.samples.len() as u32;
        let turns = |batch: &Batch| match *scheme {
            Scheme::Block { length } => batch.rows.div_ceil(length),
            _ => batch.rows,
        };
        for dispatch in dispatches {
            let Dispatch { batches, samples, draws, workgroups } = dispatch;
            let limit = |holds: bool, what: &str| ensure(holds, || format!("{what}: {dispatch:?}"));
            limit(draws.start.is_multiple_of(8) && draws.end - draws.start <= device.draws, "draws")?;
            let stationary = matches!(scheme, Scheme::Stationary { .. });
            let few = draws.end - draws.start <= (device.draws / 4).max(8);
            limit(few || !stationary, "places of stationary blocks")?;
            let half = draws.end - draws.start <= (device.draws / 2).max(8);
            limit(half || *scheme != Scheme::Wild, "rows of subsets")?;
            limit(!draws.is_empty() && !samples.is_empty() && !batches.is_empty(), "empty")?;
            limit(workgroups.iter().all(|&groups| (1..=device.workgroups).contains(&groups)), "workgroups")?;
            let lanes = wave[batches.clone()].iter().map(Batch::lanes).max().unwrap_or(0);
            let (workgroup, lane_groups) = match Kernel::of(wave, device, scheme) {
                Kernel::Tally(tally) => {
                    let whole = draws.start == 0 && wave[batches.clone()].iter().all(|b| b.rows <= draws.end);
                    limit(whole, "tallies of a part of the draws")?;
                    limit(tally.kind == TallyKind::Hardware || batches.len() == 1, "rows of two batches")?;
                    (tally.workgroup * if tally.kind == TallyKind::Software { 4 } else { 1 }, 1)
                }
                Kernel::Lane => (device.workgroup, lanes),
                Kernel::Wild => (4 * device.workgroup, lanes.div_ceil(LINE)),
                _ => (device.workgroup, lanes.div_ceil(LINE)),
            };
            limit(workgroups[0] == (samples.len() as u32).div_ceil(workgroup), "samples")?;
            limit(workgroups[1] as usize == batches.len(), "batches")?;
            limit(workgroups[2] as usize == lane_groups, "lanes")?;
            let work = |samples: u64| -> u64 {
                let of_batch = |batch: &Batch| {
                    u64::from(turns(batch).min(draws.end - draws.start)) * stride_of(batch.lanes()) as u64
                };
                let effort = if stationary { 4 } else { 1 };
                effort * samples * wave[batches.clone()].iter().map(of_batch).sum::<u64>()
            };
            // One batch and one workgroup are the least that a dispatch can do.
            let least = batches.len() == 1 && samples.len() as u32 <= workgroup;
            limit(work(samples.len() as u64) <= device.work || least, "work")?;
        }
        for number in tile.batches.clone() {
            let rows = turns(&wave[number]);
            // Draws done of each sample.
            let mut done = vec![0; samples as usize];
            for dispatch in dispatches.iter().filter(|dispatch| dispatch.batches.contains(&number)) {
                for done in &mut done[dispatch.samples.start as usize..dispatch.samples.end as usize] {
                    let in_order =
                        dispatch.draws.start == *done || (*done == rows && dispatch.draws.start > rows);
                    ensure(in_order, || format!("batch {number} has {done} of {rows} draws: {dispatch:?}"))?;
                    *done = dispatch.draws.end.min(rows);
                }
            }
            ensure(done.iter().all(|&done| done == rows), || format!("batch {number}: {done:?} of {rows}"))?;
        }
        let mut all = dispatches.iter().flat_map(|dispatch| dispatch.batches.clone());
        ensure(all.all(|number| tile.batches.contains(&number)), || "a batch of another tile".into())
    }

    /// The whole plan, each part checked.
    fn check_plan(shapes: &[DayShape], samples: u32, budget: &Budget) -> Checked {
        check_plan_of(shapes, resamples(samples), budget)
    }

    /// The same for any scheme.
    fn check_plan_of(shapes: &[DayShape], resamples: Resamples, budget: &Budget) -> Checked {
        let (samples, scheme) = (resamples.count, &resamples.scheme);
        let waves = waves(shapes, resamples, budget).map_err(|error| error.to_string())?;
        check_waves(&waves, shapes, resamples, budget)?;
        let Some(device) = &budget.device else { return Ok(()) };
        for wave in &waves {
            let tiles = tiles(wave, samples, device, scheme);
            check_tiles(&tiles, wave, samples, device, scheme)?;
            for tile in &tiles {
                check_dispatches(&dispatches(tile, wave, device, scheme), tile, wave, device, scheme)?;
            }
        }
        Ok(())
    }

    #[test]
    fn a_small_panel_is_one_wave_one_tile_one_dispatch() {
        let shapes = shapes(&[385, 210], 3);
        let budget = Budget { memory: 1 << 30, threads: 2, device: Some(usual_device()) };
        let waves = waves(&shapes, resamples(1000), &budget).unwrap();
        let batch = |day, rows| Batch { day, cells: 0..3, rows, fields: full(3), key_bytes: 4 };
        assert_eq!(waves, [[batch(0, 385), batch(1, 210)]]);
        let tiles = tiles(&waves[0], 1000, &usual_device(), &Scheme::Iid);
        assert_eq!(tiles, [Tile { batches: 0..2, samples: 0..1000, words: 6000 }]);
        let dispatches = dispatches(&tiles[0], &waves[0], &usual_device(), &Scheme::Iid);
        assert_eq!(
            dispatches,
            [Dispatch { batches: 0..2, samples: 0..1000, draws: 0..385, workgroups: [16, 2, 1] }]
        );
    }

    #[test]
    fn less_memory_makes_more_and_smaller_waves() {
        let shapes = shapes(&[385; 4], 8);
        let count = |memory: u64| {
            let waves = waves(&shapes, resamples(10_000), &on_cpu(memory, 2)).unwrap();
            check_waves(&waves, &shapes, resamples(10_000), &on_cpu(memory, 2)).unwrap();
            (waves.len(), waves.iter().map(Vec::len).sum::<usize>())
        };
        assert_eq!(count(1 << 30), (1, 4));
        // Fixed: 1,024 sums of 8 lanes a thread. A day of eight stocks: 8 x 110 sums held, 24,896 bytes of
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

    #[test]
    fn long_days_are_cut_along_draws_and_heavy_ones_along_samples() {
        let shapes = shapes(&[100_000, 5], 1);
        let device = DeviceLimits { work: 1 << 20, ..usual_device() };
        let budget = Budget { memory: 1 << 30, threads: 2, device: Some(device) };
        let wave = waves(&shapes, resamples(1000), &budget).unwrap().remove(0);
        let tiles = tiles(&wave, 1000, &device, &Scheme::Iid);
        let dispatches = dispatches(&tiles[0], &wave, &device, &Scheme::Iid);
        check_dispatches(&dispatches, &tiles[0], &wave, &device, &Scheme::Iid).unwrap();
        // 2^20 additions are 256 samples of 4096 draws: four cuts along the samples, 25 along the draws; then
        // the short day.
        assert_eq!(dispatches.len(), 4 * 25 + 1);
        assert_eq!(dispatches[1].draws, 4096..8192);
        assert_eq!(dispatches[25].samples, 256..512);
    }

    #[test]
    fn the_kernel_follows_the_rows_and_the_device() {
        let of = |wave: &[Batch], device: &DeviceLimits| Kernel::of(wave, device, &Scheme::Iid);
        let batch = |lanes, rows| Batch { day: 0, cells: 0..1, rows, fields: full(lanes), key_bytes: 4 };
        let without = usual_device();
        assert_eq!(of(&[batch(1, 9), batch(1, 9)], &without), Kernel::Lane);
        assert_eq!(of(&[batch(1, 9), batch(2, 9)], &without), Kernel::Line);
        assert_eq!([1, 2, 3, 16, 17].map(stride_of), [1, 16, 16, 16, 32]);
        // All days short enough for tallies, or none.
        let hardware = DeviceLimits { tally: Some(HARDWARE), ..without };
        assert_eq!(of(&[batch(1, 768), batch(900, 385)], &hardware), Kernel::Tally(HARDWARE));
        assert_eq!(of(&[batch(1, 769), batch(1, 9)], &hardware), Kernel::Lane);
        // A tally has 10 bits.
        let large = DeviceLimits { tally: Some(Tally { words: 1000, ..HARDWARE }), ..without };
        assert!(matches!(of(&[batch(1, 1023)], &large), Kernel::Tally(_)));
        assert_eq!(of(&[batch(1, 1024)], &large), Kernel::Lane);
        assert_eq!(of(&[batch(1, 9)], &DeviceLimits { draws: 8, ..hardware }), Kernel::Lane);
        // 64 KiB are 512 rows of 32 words.
        let software = DeviceLimits { tally: Some(SOFTWARE), ..without };
        assert_eq!(of(&[batch(32, 512)], &software), Kernel::Tally(SOFTWARE));
        assert_eq!(of(&[batch(33, 512)], &software), Kernel::Line);
        assert_eq!(of(&[batch(33, 341)], &software), Kernel::Tally(SOFTWARE));
    }

    #[test]
    fn tallies_take_whole_days_and_on_software_one_at_a_time() {
        let shapes = shapes(&[385, 210], 3);
        let plan = |tally| {
            let device = DeviceLimits { tally: Some(tally), ..usual_device() };
            let budget = Budget { memory: 1 << 30, threads: 2, device: Some(device) };
            let wave = waves(&shapes, resamples(1000), &budget).unwrap().remove(0);
            check_plan(&shapes, 1000, &budget).unwrap();
            dispatches(&tiles(&wave, 1000, &device, &Scheme::Iid)[0], &wave, &device, &Scheme::Iid)
        };
        let dispatch =
            |batches, rows, workgroups| Dispatch { batches, samples: 0..1000, draws: 0..rows, workgroups };
        assert_eq!(plan(HARDWARE), [dispatch(0..2, 385, [32, 2, 1])]);
        assert_eq!(plan(SOFTWARE), [dispatch(0..1, 385, [32, 1, 1]), dispatch(1..2, 210, [32, 1, 1])]);
    }

    #[test]
    fn rows_are_uploaded_in_parts_of_at_most_a_tile() {
        assert_eq!(uploads(385, 16, 1 << 20), vec![Range { start: 0, end: 385 }]);
        // 64 bytes a row.
        assert_eq!(uploads(385, 16, 64 * 200 + 63), [0..200, 200..385]);
        assert_eq!(uploads(3, 16, 10), [0..1, 1..2, 2..3]);
        assert_eq!(uploads(0, 16, 10), []);
        for (rows, stride, limit) in [(100_000, 1, 4096), (23_400, 48, 8 << 20), (u32::MAX - 1, 1, 1 << 34)] {
            let parts = uploads(rows, stride, limit);
            assert!(parts.iter().all(|part| part.len() as u64 * stride as u64 * WORD <= limit));
            assert!(parts[0].start == 0 && parts[parts.len() - 1].end == rows);
            assert!(parts.windows(2).all(|pair| pair[0].end == pair[1].start));
        }
    }

    #[test]
    fn the_work_of_a_dispatch_is_its_additions() {
        let batch = |lanes, rows| Batch { day: 0, cells: 0..1, rows, fields: full(lanes), key_bytes: 4 };
        let wave = [batch(3, 385), batch(1, 100), batch(17, 7)];
        let dispatch = |batches, samples, draws| Dispatch { batches, samples, draws, workgroups: [1; 3] };
        // Rows of 16, 1 and 32 words.
        assert_eq!(dispatch(0..1, 0..10, 0..385).work(&wave, &Scheme::Iid), 10 * 385 * 16);
        assert_eq!(dispatch(0..3, 5..10, 0..385).work(&wave, &Scheme::Iid), 5 * (385 * 16 + 100 + 7 * 32));
        // Days shorter than the draws end early.
        assert_eq!(dispatch(0..2, 0..1, 128..384).work(&wave, &Scheme::Iid), 256 * 16 + 100);
    }

    /// The perturbed twin of the checks: plans with a fault in them, each of which must be found.
    #[test]
    fn faulty_plans_are_found_out() {
        let shapes = shapes(&[385, 5000, 23], 12);
        let device = DeviceLimits { tile: 16_384, work: 400_000, ..usual_device() };
        let samples = 1000;
        let budget = Budget { memory: 660_000 + 3 * device.tile, threads: 2, device: Some(device) };
        check_plan(&shapes, samples, &budget).unwrap();
        let waves = waves(&shapes, resamples(samples), &budget).unwrap();
        let faulty = |fault: &dyn Fn(&mut Vec<Wave>)| {
            let mut waves = waves.clone();
            fault(&mut waves);
            check_waves(&waves, &shapes, resamples(samples), &budget).unwrap_err()
        };
        assert!(waves.len() > 1, "{waves:?}");
        faulty(&|waves| _ = waves.pop());
        faulty(&|waves| waves.swap(0, 1));
        faulty(&|waves| waves[0][0].cells.end -= 1);
        faulty(&|waves| waves[0][0].fields.add(1, 0));
        faulty(&|waves| waves[0][0].rows += 1);
        let joined = faulty(&|waves| {
            let second = waves.remove(1);
            waves[0].extend(second);
        });
        assert!(joined.contains("does not fit"), "{joined}");
        let alone = faulty(&|waves| {
            let first = waves[0].remove(0);
            waves.insert(0, vec![first]);
        });
        assert!(alone.contains("room for more") || alone.contains("does not fit"), "{alone}");

        let wave = &waves[0];
        let right = tiles(wave, samples, &device, &Scheme::Iid);
        let faulty = |fault: &dyn Fn(&mut Vec<Tile>)| {
            let mut tiles = right.clone();
            fault(&mut tiles);
            check_tiles(&tiles, wave, samples, &device, &Scheme::Iid).unwrap_err()
        };
        assert!(right.len() > 2, "{right:?}");
        faulty(&|tiles| _ = tiles.pop());
        faulty(&|tiles| _ = tiles.remove(0));
        faulty(&|tiles| tiles.swap(0, 1));
        faulty(&|tiles| tiles[0].samples.end -= 1);
        faulty(&|tiles| tiles[0].words += 1);
        faulty(&|tiles| {
            let end = tiles.remove(1).samples.end;
            tiles[0].words = tiles[0].words / tiles[0].samples.len() as u64 * u64::from(end);
            tiles[0].samples.end = end;
        });

        // The long day: cut along samples and draws.
        let wave = waves.iter().find(|wave| wave[0].rows == 5000).unwrap();
        let tile = &tiles(wave, samples, &device, &Scheme::Iid)[0];
        let right = dispatches(tile, wave, &device, &Scheme::Iid);
        let faulty = |fault: &dyn Fn(&mut Vec<Dispatch>)| {
            let mut dispatches = right.clone();
            fault(&mut dispatches);
            check_dispatches(&dispatches, tile, wave, &device, &Scheme::Iid).unwrap_err()
        };
        assert!(right.len() > 2, "{right:?}");
        check_dispatches(&right, tile, wave, &device, &Scheme::Iid).unwrap();
        faulty(&|dispatches| _ = dispatches.pop());
        faulty(&|dispatches| _ = dispatches.remove(0));
        faulty(&|dispatches| dispatches.swap(0, 1));
        faulty(&|dispatches| dispatches.push(dispatches[0].clone()));
        faulty(&|dispatches| dispatches[0].samples.end -= 1);
        faulty(&|dispatches| dispatches[1].draws.start += 8);
        faulty(&|dispatches| dispatches[0].workgroups[0] += 1);
        faulty(&|dispatches| dispatches[0].workgroups[2] += 1);
    }

    /// Days of at most `stocks` stocks, as any panel may have them, with limbs of every width.
    fn any_shapes() -> impl Strategy<Value = Vec<DayShape>> {
        let day = move |stocks: usize| {
            let rows = prop_oneof![1_u32..10, 300_u32..400, 1_u32..20_000];
            let key_bytes = prop::sample::select(vec![4_u64, 8, 16]);
            (1_usize..4).prop_flat_map(move |per_cell| {
                (rows.clone(), prop::collection::vec(0_u32..60, stocks * per_cell), key_bytes.clone())
                    .prop_map(move |(rows, lower_bits, key_bytes)| DayShape {
                        rows,
                        lower_bits,
                        per_cell,
                        key_bytes,
                        alone: false,
                    })
            })
        };
        (1_usize..20).prop_flat_map(move |stocks| prop::collection::vec(day(stocks), 1..12))
    }

    fn any_device() -> impl Strategy<Value = DeviceLimits> {
        let scale = |low: u32, high: u32| (low..high).prop_flat_map(|bits| (1_u64 << bits)..(2 << bits));
        // Bindings of 16 MiB and 256 workgroups are the least that an adapter must offer.
        let tally = prop::sample::select(vec![None, Some(HARDWARE), Some(SOFTWARE)]);
        (24_u32..32, 8_u32..16, 5_u32..9, scale(4, 34), 1_u32..600, scale(6, 24), tally).prop_map(
            |(binding, workgroups, workgroup, work, eights, tile, tally)| DeviceLimits {
                binding: 1 << binding,
                workgroups: 1 << workgroups,
                workgroup: 1 << workgroup,
                work,
                draws: 8 * eights,
                tile,
                tally,
            },
        )
    }

    fn any_scheme() -> impl Strategy<Value = Scheme> {
        prop_oneof![
            Just(Scheme::Iid),
            Just(Scheme::Wild),
            (1_u32..50).prop_map(|length| Scheme::Block { length }),
            Just(Scheme::Stationary { length: 4.0 }),
        ]
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(600))]

        /// Any panel on any device: either a plan that keeps every promise, or the error for a cell that does
        /// not fit.
        #[test]
        fn any_plan_covers_all_work_once_within_its_limits(
            shapes in any_shapes(),
            samples in prop_oneof![Just(1_u32), 1_u32..300, 1_u32..3000],
            threads in 1_usize..9,
            device in prop::option::of(any_device()),
            scheme in any_scheme(),
            // From a little less than the largest cell needs, to far more than all.
            spare in prop_oneof![-8.0_f64..28.0, Just(36.0)],
        ) {
            let none = Budget { memory: 0, threads, device };
            let resamples = Resamples { scheme, ..resamples(samples) };
            let fixed = fixed_bytes(&shapes, resamples, &none);
            let cell = |day: usize, stock: usize| Batch {
                day,
                cells: stock..stock + 1,
                rows: shapes[day].rows,
                fields: fields(&shapes[day], stock..stock + 1),
                key_bytes: shapes[day].key_bytes,
            };
            let largest = (0..shapes.len())
                .flat_map(|day| (0..shapes[day].lower_bits.len() / shapes[day].per_cell).map(move |stock| (day, stock)))
                .map(|(day, stock)| bytes(&cell(day, stock), resamples, &none))
                .max()
                .unwrap();
            let memory = (fixed + largest).saturating_add_signed(
                if spare < 0.0 { (100.0 * spare) as i64 } else { 2_f64.powf(spare) as i64 - 1 }
            );
            let budget = Budget { memory, ..none };
            let fits = memory >= fixed + largest;
            match waves(&shapes, resamples, &budget) {
                Ok(_) => {
                    prop_assert!(fits, "{memory} bytes, {} needed", fixed + largest);
                    prop_assert_eq!(check_plan_of(&shapes, resamples, &budget), Ok(()));
                }
                Err(Error::Memory { needed, allowed, .. }) => {
                    prop_assert!(!fits, "{memory} bytes are enough for {}", fixed + largest);
                    prop_assert!(needed > allowed && needed <= fixed + largest && allowed == memory);
                }
                Err(error) => panic!("{error}"),
            }
        }
    }
}
