//! Checks of plans, each of everything that a plan promises, and the panels and devices of tests.

use std::ops::Range;

use super::*;
use crate::columns::{FieldCount, LINE, stride_of};
use crate::resample::Scheme;

pub(super) type Checked = Result<(), String>;

pub(super) fn ensure(holds: bool, what: impl FnOnce() -> String) -> Checked {
    if holds { Ok(()) } else { Err(what()) }
}

/// The fields of columns of one limb.
pub(super) fn full(columns: usize) -> FieldCount {
    (0..columns).fold(FieldCount::default(), |all, _| all.with(1, 0))
}

/// The fields of some stocks of a day.
pub(super) fn fields(shape: &DayShape, stocks: Range<usize>) -> FieldCount {
    let add = |all: FieldCount, &lower_bits: &u32| all.with(shape.rows, lower_bits);
    shape.lower_bits[stocks.start * shape.per_cell..stocks.end * shape.per_cell]
        .iter()
        .fold(FieldCount::default(), add)
}

/// Days of `rows` rows with stocks of one limb.
pub(super) fn shapes(rows: &[u32], stocks: usize) -> Vec<DayShape> {
    rows.iter()
        .map(|&rows| DayShape { rows, lower_bits: vec![0; stocks], per_cell: 1, key_bytes: 4, alone: false })
        .collect()
}

pub(super) fn on_cpu(memory: u64, threads: usize) -> Budget {
    Budget { memory, threads, device: None }
}

pub(super) fn usual_device() -> DeviceLimits {
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

pub(super) const HARDWARE: Tally = Tally { kind: TallyKind::Hardware, workgroup: 32, words: 256 };
pub(super) const SOFTWARE: Tally = Tally { kind: TallyKind::Software, workgroup: 8, words: 256 };

/// Of `count` resamples a hundredth is held.
pub(super) fn resamples(count: u32) -> Resamples {
    Resamples { count, held: u64::from(count / 100 + 10), bytes: 0, scheme: Scheme::Iid }
}

/// Bytes that a batch takes, spelled out: rows (on the host, and on the device where there is one) and
/// held sums.
pub(super) fn bytes(batch: &Batch, resamples: Resamples, budget: &Budget) -> u64 {
    let stride = stride_of(batch.row_words()).max(4) as u64;
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
pub(super) fn fixed_bytes(shapes: &[DayShape], resamples: Resamples, budget: &Budget) -> u64 {
    let row_words =
        |shape: &DayShape| fields(shape, 0..shape.lower_bits.len() / shape.per_cell).row_words() as u64;
    // Up to 128 words a row 1,024 samples; else the most sixteens of samples that stay within 512 KiB.
    let chunk =
        |row_words: u64| 4 * row_words * if row_words <= 128 { 1024 } else { 131_072 / row_words / 16 * 16 };
    // Sixteen sums for each four rows, up to 256 KiB.
    let subsets = |shape: &DayShape| {
        let group = 16 * 4 * stride_of(row_words(shape) as usize) as u64;
        (u64::from(shape.rows).div_ceil(4) * group).min(group.max(256 << 10))
    };
    let with_subsets = |shape: &DayShape| if resamples.scheme == Scheme::Wild { subsets(shape) } else { 0 };
    let widest = shapes.iter().map(|shape| chunk(row_words(shape)) + with_subsets(shape)).max().unwrap_or(0);
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
pub(super) fn check_waves(
    waves: &[Wave],
    shapes: &[DayShape],
    resamples: Resamples,
    budget: &Budget,
) -> Checked {
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
        let same = batch.rows == shape.rows && batch.fields == fields && batch.key_bytes == shape.key_bytes;
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
pub(super) fn check_tiles(
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
        // Stationary blocks leave two more words for each line.
        let state = if matches!(scheme, Scheme::Stationary { .. }) { 2 } else { 0 };
        let row_words = |batch: &Batch| (batch.row_words() + state * batch.row_words().div_ceil(16)) as u64;
        let row_words: u64 = wave[tile.batches.clone()].iter().map(row_words).sum();
        let words = row_words * tile.samples.len() as u64;
        ensure(tile.words == words, || format!("{tile:?} has {words} words"))?;
        let smallest = tile.samples.len() == 1;
        ensure(4 * words <= device.tile.min(device.binding) || smallest, || format!("{tile:?} is large"))?;
        ensure(tile.batches.len() <= device.workgroups as usize, || format!("{tile:?} has many batches"))?;
        if tile.samples.end == samples {
            (number, sample) = (tile.batches.end, 0);
        } else {
            sample = tile.samples.end;
        }
    }
    ensure(number == wave.len() && sample == 0, || format!("batch {number}, sample {sample} is left"))
}

/// Every draw of every sample, batch and word of a tile once, the draws of a sample in order, within the
/// limits.
pub(super) fn check_dispatches(
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
        let row_words = wave[batches.clone()].iter().map(Batch::row_words).max().unwrap_or(0);
        let (workgroup, lines) = match Kernel::of(wave, device, scheme) {
            Kernel::Tally(tally) => {
                let whole = draws.start == 0 && wave[batches.clone()].iter().all(|b| b.rows <= draws.end);
                limit(whole, "tallies of a part of the draws")?;
                limit(tally.kind == TallyKind::Hardware || batches.len() == 1, "rows of two batches")?;
                (tally.workgroup * if tally.kind == TallyKind::Software { 4 } else { 1 }, 1)
            }
            Kernel::Single => (device.workgroup, row_words),
            Kernel::Wild => (4 * device.workgroup, row_words.div_ceil(LINE)),
            _ => (device.workgroup, row_words.div_ceil(LINE)),
        };
        limit(workgroups[0] == (samples.len() as u32).div_ceil(workgroup), "samples")?;
        limit(workgroups[1] as usize == batches.len(), "batches")?;
        limit(workgroups[2] as usize == lines, "lines")?;
        let work = |samples: u64| -> u64 {
            let of_batch = |batch: &Batch| {
                u64::from(turns(batch).min(draws.end - draws.start)) * stride_of(batch.row_words()) as u64
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
pub(super) fn check_plan(shapes: &[DayShape], samples: u32, budget: &Budget) -> Checked {
    check_plan_of(shapes, resamples(samples), budget)
}

/// The same for any scheme.
pub(super) fn check_plan_of(shapes: &[DayShape], resamples: Resamples, budget: &Budget) -> Checked {
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
