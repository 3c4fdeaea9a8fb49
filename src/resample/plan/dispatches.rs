//! What a device does at a time: tiles of sums, the kernels that make them, and their dispatches.

use std::ops::Range;

use super::WORD;
use super::device::{DeviceLimits, MOST_TALLIED, ROWS_PER_TALLY_WORD, Tally, TallyKind, UNIFORM_BYTES};
use super::memory::Batch;
use crate::columns::{LINE, stride_of};
use crate::resample::Scheme;

/// Resamples of an invocation in the wild bootstrap; `SAMPLES` in `shaders/wild.wgsl`.
pub const WILD_SAMPLES: u32 = 4;

/// How a wave is resampled on a device.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
pub enum Kernel {
    /// Tallies of rows, then one pass over the rows: days of up to some hundred rows.
    Tally(Tally),
    /// Each draw adds a row of one word.
    Single,
    /// Each draw adds a row of sixteen words, an invocation for each sixteen.
    Line,
    /// A random subset of the rows, an invocation for each sixteen words.
    Wild,
    /// Each draw adds the sum of a block, an invocation for each sixteen words.
    Block,
    /// Blocks of random lengths, row by row, an invocation for each sixteen words.
    Stationary,
}

/// Words of a resample in a tile, for rows of so many: stationary blocks leave two behind for each line, for
/// the next dispatch.
pub(in crate::resample) fn sum_words(row_words: usize, scheme: &Scheme) -> usize {
    match scheme {
        Scheme::Iid | Scheme::Wild | Scheme::Block { .. } => row_words,
        Scheme::Stationary { .. } => row_words + 2 * row_words.div_ceil(LINE),
    }
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
        let row_words = sum_words(batch.row_words(), scheme) as u64;
        let words = row_words * u64::from(samples);
        if words > limit {
            let part = (limit / row_words).clamp(1, u64::from(samples)) as u32;
            let mut start = 0;
            while start < samples {
                let end = start.saturating_add(part).min(samples);
                let words = row_words * u64::from(end - start);
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
    /// Workgroups: samples, batches, lines (or words) of a row.
    pub workgroups: [u32; 3],
}

impl Dispatch {
    /// Additions of a word that the dispatch does, or as many as take as long.
    pub fn work(&self, wave: &[Batch], scheme: &Scheme) -> u64 {
        let draws = self.draws.end - self.draws.start;
        let of_sample = |batch: &Batch| {
            u64::from(scheme.turns(batch.rows).min(draws)) * stride_of(batch.row_words()) as u64
        };
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
                let bytes = u64::from(batch.rows) * stride_of(batch.row_words()).max(4) as u64 * WORD;
                let bound = tally.kind == TallyKind::Hardware || bytes <= UNIFORM_BYTES;
                bound && batch.rows <= device.draws.min(ROWS_PER_TALLY_WORD * tally.words).min(MOST_TALLIED)
            })
        };
        match device.tally {
            Some(tally) if tallies(&tally) => Self::Tally(tally),
            _ if wave.iter().all(|batch| batch.row_words() == 1) => Self::Single,
            _ => Self::Line,
        }
    }

    /// Words from one row to the next on the device, where it is `stride` on the host.
    pub fn stride(self, stride: usize) -> usize {
        if self == Self::Single { stride } else { stride.max(4) }
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
        let of_sample = u64::from(turns(batch).min(most_draws)) * stride_of(batch.row_words()) as u64;
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
        let row_words = wave[first..end].iter().map(Batch::row_words).max().unwrap_or(0);
        let lines = match kernel {
            Kernel::Tally(_) => 1,
            Kernel::Single => row_words as u32,
            _ => row_words.div_ceil(LINE) as u32,
        };
        for sample in (0..samples as u32).step_by(part as usize) {
            let sample_end = sample.saturating_add(part).min(samples as u32);
            for draw in (0..rows).step_by(most_draws as usize) {
                dispatches.push(Dispatch {
                    batches: first..end,
                    samples: sample..sample_end,
                    draws: draw..draw.saturating_add(most_draws).min(rows),
                    workgroups: [(sample_end - sample).div_ceil(workgroup), (end - first) as u32, lines],
                });
            }
        }
        first = end;
    }
    dispatches
}

#[cfg(test)]
mod tests {
    use super::super::checks::{
        HARDWARE, SOFTWARE, check_dispatches, check_plan, full, resamples, shapes, usual_device,
    };
    use super::super::memory::{Budget, waves};
    use super::*;

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
        let batch =
            |row_words, rows| Batch { day: 0, cells: 0..1, rows, fields: full(row_words), key_bytes: 4 };
        let without = usual_device();
        assert_eq!(of(&[batch(1, 9), batch(1, 9)], &without), Kernel::Single);
        assert_eq!(of(&[batch(1, 9), batch(2, 9)], &without), Kernel::Line);
        assert_eq!([1, 2, 3, 16, 17].map(stride_of), [1, 16, 16, 16, 32]);
        // All days short enough for tallies, or none.
        let hardware = DeviceLimits { tally: Some(HARDWARE), ..without };
        assert_eq!(of(&[batch(1, 768), batch(900, 385)], &hardware), Kernel::Tally(HARDWARE));
        assert_eq!(of(&[batch(1, 769), batch(1, 9)], &hardware), Kernel::Single);
        // A tally has 10 bits.
        let large = DeviceLimits { tally: Some(Tally { words: 1000, ..HARDWARE }), ..without };
        assert!(matches!(of(&[batch(1, 1023)], &large), Kernel::Tally(_)));
        assert_eq!(of(&[batch(1, 1024)], &large), Kernel::Single);
        assert_eq!(of(&[batch(1, 9)], &DeviceLimits { draws: 8, ..hardware }), Kernel::Single);
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
        let batch =
            |row_words, rows| Batch { day: 0, cells: 0..1, rows, fields: full(row_words), key_bytes: 4 };
        let wave = [batch(3, 385), batch(1, 100), batch(17, 7)];
        let dispatch = |batches, samples, draws| Dispatch { batches, samples, draws, workgroups: [1; 3] };
        // Rows of 16, 1 and 32 words.
        assert_eq!(dispatch(0..1, 0..10, 0..385).work(&wave, &Scheme::Iid), 10 * 385 * 16);
        assert_eq!(dispatch(0..3, 5..10, 0..385).work(&wave, &Scheme::Iid), 5 * (385 * 16 + 100 + 7 * 32));
        // Days shorter than the draws end early.
        assert_eq!(dispatch(0..2, 0..1, 128..384).work(&wave, &Scheme::Iid), 256 * 16 + 100);
    }
}
