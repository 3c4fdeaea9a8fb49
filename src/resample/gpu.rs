//! Resampled column sums on a GPU: rows go up once a wave, sums come back tile by tile.
//!
//! Iid resamples have two kernels ([`Kernel`]): `shaders/tally.wgsl` counts how often each row of a short day
//! is drawn and then goes through the rows once; `shaders/resample.wgsl` adds rows of days of any length as
//! they are drawn. Every other scheme has one of its own name. Each shader names its twin on the CPU. Two
//! tiles are under way at a time: while the host takes the sums of one and selects quantiles from them, the
//! device works on the next.
//!
//! Buffers are kept from wave to wave and from run to run, but never more of them than the plan counts for
//! the wave at hand ([`plan::device_bytes`]): what is larger, as an earlier wave was, is dropped first.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};
use wgpu::BufferUsages;

use super::plan::{
    self, Batch, DeviceLimits, Dispatch, Kernel, ROWS_ALIGNMENT, ROWS_PER_TALLY_WORD, Tally, TallyKind, Tile,
    UNIFORM_BYTES,
};
use super::scheme::last_beginning;
use super::table::Rows;
use super::{Chunk, Scheme};
use crate::columns::DayColumns;
use crate::error;
use crate::gpu::clock::{KernelTime, KernelTimer, PassClock};
use crate::gpu::launch::submissions;
use crate::gpu::{Buffer, Gpu, GpuError, Parameters, Piece, Recorder};
use crate::random::Stream;
use crate::random::index::RowRange;

/// A kernel's source: its own file first, so that a compiler's line numbers match it, then what it shares.
macro_rules! source {
    ($($file:literal),+) => {
        concat!(
            $(include_str!(concat!("../../shaders/", $file)),)+
            include_str!("../../shaders/batch.wgsl"),
            include_str!("../../shaders/index.wgsl"),
            include_str!("../../shaders/philox.wgsl"),
        )
    };
}

/// Source of the kernels that add rows as they are drawn, `single` and `line`.
pub const SOURCE: &str = source!("resample.wgsl", "draws.wgsl");
/// Source of the kernel that tallies, on hardware.
pub const TALLY: &str = source!("tally.wgsl", "draws.wgsl");
/// Source of the kernel that tallies, on software adapters.
pub const SOFTWARE_TALLY: &str = source!("tally_software.wgsl");

/// Source of the kernel of the wild bootstrap.
pub const WILD: &str = source!("wild.wgsl");
/// Source of the kernel of circular blocks.
pub const BLOCK: &str = source!("block.wgsl", "draws.wgsl");
/// Source of the kernel of stationary blocks.
pub const STATIONARY: &str = source!("stationary.wgsl", "draws.wgsl");

/// Invocations of a workgroup that adds rows as they are drawn.
const WORKGROUP: u32 = 64;

/// Invocations of a workgroup that tallies in workgroup memory: one subgroup of most devices, as memory is
/// what limits them.
const TALLY_WORKGROUP: u32 = 32;

/// The same on software adapters; and the words of tallies of a resample there, `TALLIES` in
/// `shaders/tally_software.wgsl`.
const SOFTWARE_WORKGROUP: u32 = 8;
const SOFTWARE_TALLIES: u32 = 256;

/// Tiles under way at a time.
const IN_FLIGHT: usize = 2;

/// Bytes up to which buffers of parameters and of batches are kept whatever the wave: some thousand of them.
const SMALL: u64 = 64 << 10;

/// What one dispatch does; `Dispatch` in `shaders/resample.wgsl`.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct DispatchParameters {
    /// Seed, low word.
    pub key_low: u32,
    /// Seed, high word.
    pub key_high: u32,
    /// Number of the first batch among the wave's.
    pub first_batch: u32,
    /// Number b of the tile's first resample.
    pub first_sample: u32,
    /// Number of this dispatch's first resample within the tile.
    pub sample_offset: u32,
    /// Resamples of this dispatch.
    pub samples: u32,
    /// Resamples of the tile: from the sums of one word to those of the next.
    pub tile_samples: u32,
    /// First draw of each resample, a multiple of 8.
    pub first_draw: u32,
    /// End of the draws; it may lie beyond a batch's rows.
    pub end_draw: u32,
    /// Purpose of the random stream, shifted above the attempt.
    pub purpose: u32,
    /// Rows of a block; for stationary blocks the largest word that begins one; else zero.
    pub length: u32,
    /// Zero.
    pub padding: u32,
}

/// One batch; `Batch` in `shaders/resample.wgsl`.
#[derive(Debug, Clone, Copy, Pod, Zeroable)]
#[repr(C)]
pub struct BatchEntry {
    /// Calendar day as YYYYMMDD.
    pub day: u32,
    /// Number of rows, n.
    pub rows: u32,
    /// Rows that a random word gives.
    pub rows_per_word: u32,
    /// Words with a last fraction below this are rejected.
    pub threshold: u32,
    /// First word of the batch's rows in the buffer of rows.
    pub first_word: u32,
    /// Words from one row to the next.
    pub stride: u32,
    /// Words of a row in use.
    pub row_words: u32,
    /// First word of the batch's sums in the tile.
    pub first_sum: u32,
}

/// What the planner may use of an open device.
pub fn device_limits(gpu: &Gpu) -> DeviceLimits {
    let limits = gpu.limits();
    let (work, tile) = match gpu.adapter().is_software() {
        true => (DeviceLimits::SOFTWARE_WORK, DeviceLimits::SOFTWARE_TILE),
        false => (DeviceLimits::WORK, DeviceLimits::TILE),
    };
    DeviceLimits {
        // Some devices bind more than 4 GiB, but shaders count words and bytes in 32 bits.
        binding: limits.max_storage_buffer_binding_size.min(limits.max_buffer_size).min(u32::MAX.into()),
        workgroups: limits.max_compute_workgroups_per_dimension,
        workgroup: WORKGROUP,
        work,
        draws: DeviceLimits::DRAWS,
        tile,
        tally: Some(tally(gpu)),
    }
}

/// How a device tallies: software with a kernel of its own.
fn tally(gpu: &Gpu) -> Tally {
    let limits = gpu.limits();
    let memory = limits.max_compute_workgroup_storage_size;
    let needed = 4 * SOFTWARE_TALLIES * SOFTWARE_WORKGROUP * plan::SOFTWARE_SAMPLES;
    let enough = memory >= needed && limits.max_uniform_buffer_binding_size >= UNIFORM_BYTES;
    if gpu.adapter().is_software() && enough {
        return Tally { kind: TallyKind::Software, workgroup: SOFTWARE_WORKGROUP, words: SOFTWARE_TALLIES };
    }
    let words = memory / (4 * TALLY_WORKGROUP);
    Tally { kind: TallyKind::Hardware, workgroup: TALLY_WORKGROUP, words }
}

/// The kernels of one device, which take long to compile, and the buffers that waves are resampled in.
#[derive(Debug)]
pub struct Resampler<'gpu> {
    gpu: &'gpu Gpu,
    limits: DeviceLimits,
    /// Compiled so far, with the words of tallies that they are for.
    kernels: HashMap<(Kernel, u32), wgpu::ComputePipeline>,
    buffers: Buffers,
    times: Option<Cell<DeviceTimes>>,
}

/// What is kept on the device from one wave to the next.
#[derive(Debug)]
struct Buffers {
    parameters: Buffer,
    batches: Buffer,
    rows: Buffer,
    sums: Buffer,
    staging: [Buffer; IN_FLIGHT],
}

impl Default for Buffers {
    fn default() -> Self {
        Self {
            parameters: Buffer::uniform("dispatch parameters"),
            batches: Buffer::storage("batches"),
            rows: Buffer::storage("rows"),
            sums: Buffer::storage("resampled sums"),
            staging: [const { Buffer::staging("sums on their way back") }; IN_FLIGHT],
        }
    }
}

impl Buffers {
    fn all(&self) -> impl Iterator<Item = &Buffer> {
        [&self.parameters, &self.batches, &self.rows, &self.sums].into_iter().chain(&self.staging)
    }

    /// Drops what is larger than a wave allows, of `rows` bytes of rows and `sums` bytes of the sums of a
    /// tile.
    fn shrink(&mut self, rows: u64, sums: u64) {
        self.parameters.shrink(SMALL);
        self.batches.shrink(SMALL);
        self.rows.shrink(rows);
        self.sums.shrink(sums);
        self.staging.iter_mut().for_each(|staging| staging.shrink(sums));
    }

    /// Bytes of sums, on the device and on their way back, where each buffer has room for `least`.
    fn sums_bytes(&self, least: u64) -> u64 {
        [&self.sums].into_iter().chain(&self.staging).map(|sums| sums.bytes().max(least)).sum()
    }

    /// Drops buffers of sums until there are `wanted` bytes left of `most`.
    fn make_room(&mut self, wanted: u64, most: u64) {
        for number in 0..=IN_FLIGHT {
            if self.sums_bytes(0) + wanted <= most {
                break;
            }
            self.staging.get_mut(number).unwrap_or(&mut self.sums).shrink(0);
        }
    }

    /// The buffer for rows as a kernel wants them, for `bytes`.
    fn hold_rows(&mut self, gpu: &Gpu, kernel: Kernel, bytes: u64) -> Result<wgpu::Buffer, GpuError> {
        let usage = if is_uniform(kernel) { BufferUsages::UNIFORM } else { BufferUsages::STORAGE };
        if !self.rows.usage().contains(usage) {
            self.rows = Buffer::new("rows", usage | BufferUsages::COPY_DST);
        }
        self.rows.hold(gpu, bytes)
    }
}

/// How long the device took, step by step.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct DeviceTimes {
    /// Rows to the device.
    pub upload: Duration,
    /// The kernels.
    pub kernel: Duration,
    /// Sums back to the host.
    pub readback: Duration,
    /// Whether `kernel` is by the device's timestamps; else it is from submission to completion.
    pub timestamps: bool,
}

/// A wave that is resampled: what its tiles share.
struct Work<'a> {
    wave: &'a [Batch],
    columns: &'a [DayColumns],
    scheme: &'a Scheme,
    seed: u64,
    kernel: Kernel,
    pipeline: wgpu::ComputePipeline,
    rows: wgpu::Buffer,
    sums: wgpu::Buffer,
}

/// A tile on its way.
struct Flight {
    tile: Tile,
    staging: wgpu::Buffer,
    submission: wgpu::SubmissionIndex,
}

impl<'gpu> Resampler<'gpu> {
    /// A resampler on `gpu` within `limits`. Kernels are compiled, and buffers made, when first needed.
    pub fn new(gpu: &'gpu Gpu, limits: DeviceLimits) -> Self {
        Self { gpu, limits, kernels: HashMap::new(), buffers: Buffers::default(), times: None }
    }

    /// What it may use of the device.
    pub fn limits(&self) -> DeviceLimits {
        self.limits
    }

    /// The buffers that it keeps for the next wave: none before the first, and none after one that failed.
    pub fn buffers(&self) -> impl Iterator<Item = &wgpu::Buffer> {
        self.buffers.all().filter_map(Buffer::made)
    }

    /// From now on waits after each step and takes its time; slower, as nothing overlaps any more.
    pub fn start_clock(&mut self) {
        self.times = Some(Cell::default());
    }

    /// The times since [`Self::start_clock`], which ends.
    pub fn stop_clock(&mut self) -> DeviceTimes {
        self.times.take().map_or(DeviceTimes::default(), Cell::into_inner)
    }

    /// Adds to the times, where the clock is on.
    fn add_time(&self, add: impl FnOnce(&mut DeviceTimes)) {
        if let Some(cell) = &self.times {
            let mut times = cell.get();
            add(&mut times);
            cell.set(times);
        }
    }

    /// The sums of each batch of a wave over the resamples 0..`samples`, handed to `take` tile by tile with
    /// the batches' numbers, in the order of the batches and for each in that of the resamples. They are
    /// where the device put them: while `take` looks at those of one tile, the device works on the next.
    /// Where it breaks, what is left of the wave is not begun.
    ///
    /// # Errors
    ///
    /// Any [`GpuError`] of the device; [`Error::Parameter`](crate::Error::Parameter) where
    /// the scheme does not suit a day.
    pub fn resample(
        &mut self,
        wave: &[Batch],
        columns: &[DayColumns],
        scheme: &Scheme,
        seed: u64,
        samples: u32,
        take: impl FnMut(&[(usize, Chunk<'_>)]) -> ControlFlow<()>,
    ) -> error::Result<()> {
        self.resample_some(wave, columns, scheme, seed, 0..samples, take)
    }

    /// As [`Self::resample`], over the resamples numbered `samples`.
    ///
    /// # Errors
    ///
    /// As [`Self::resample`].
    pub fn resample_some(
        &mut self,
        wave: &[Batch],
        columns: &[DayColumns],
        scheme: &Scheme,
        seed: u64,
        samples: Range<u32>,
        mut take: impl FnMut(&[(usize, Chunk<'_>)]) -> ControlFlow<()>,
    ) -> error::Result<()> {
        for columns in columns {
            scheme.check(columns.rows())?;
        }
        let (gpu, limits) = (self.gpu, self.limits);
        let kernel = Kernel::of(wave, &limits, scheme);
        let pipeline = self.pipeline(kernel, wave)?;
        let mut tiles = plan::tiles(wave, samples.end - samples.start, &limits, scheme);
        for tile in &mut tiles {
            tile.samples = samples.start + tile.samples.start..samples.start + tile.samples.end;
        }
        let largest = tiles.iter().map(|tile| tile.words * 4).max().unwrap_or(0);
        // Given back only at the end: after a failure or a break the device may still use them.
        let mut buffers = std::mem::take(&mut self.buffers);
        buffers.shrink(plan::rows_bytes(wave, &limits, scheme), limits.tile.min(limits.binding).max(largest));

        let start = Instant::now();
        let rows = upload_rows(gpu, &mut buffers, columns, kernel, scheme, limits.tile, largest)?;
        if self.times.is_some() {
            gpu.finish("uploading rows")?;
            self.add_time(|times| times.upload += start.elapsed());
        }
        let sums = buffers.sums.hold(gpu, largest)?;
        let work = Work { wave, columns, scheme, seed, kernel, pipeline, rows, sums };
        let mut flights: VecDeque<Flight> = VecDeque::new();
        for (number, tile) in tiles.into_iter().enumerate() {
            // Its staging buffer is free for this tile once it has landed.
            if flights.len() == IN_FLIGHT
                && let Some(flight) = flights.pop_front()
                && self.land(flight, &work, &mut take)?.is_break()
            {
                return Ok(());
            }
            let staging = buffers.staging[number % IN_FLIGHT].hold(gpu, largest)?;
            let submission = self.launch(&work, &mut buffers, &tile, &staging)?;
            flights.push_back(Flight { tile, staging, submission });
        }
        while let Some(flight) = flights.pop_front() {
            if self.land(flight, &work, &mut take)?.is_break() {
                return Ok(());
            }
        }
        self.buffers = buffers;
        Ok(())
    }

    /// Waits for the sums of a tile and hands them to `take`.
    fn land(
        &self,
        flight: Flight,
        work: &Work<'_>,
        take: &mut impl FnMut(&[(usize, Chunk<'_>)]) -> ControlFlow<()>,
    ) -> Result<ControlFlow<()>, GpuError> {
        let Flight { tile, staging, submission } = flight;
        let (start, mut waited, mut next) = (Instant::now(), Duration::ZERO, ControlFlow::Continue(()));
        self.gpu.read(&staging, tile.words * 4, submission, |bytes| {
            waited = start.elapsed();
            let words: &[u32] = bytemuck::cast_slice(bytes);
            let mut first = 0;
            let chunks = tile.batches.clone().map(|number| {
                let row_words = work.columns[number].row_words();
                let end = first + row_words * tile.samples.len();
                let chunk = Chunk::of_device(&tile.samples, &words[first..end]);
                first += plan::sum_words(row_words, work.scheme) * tile.samples.len();
                (number, chunk)
            });
            next = take(&chunks.collect::<Vec<_>>());
        })?;
        self.add_time(|times| times.readback += waited);
        Ok(next)
    }

    /// The kernel compiled for a wave.
    fn pipeline(&mut self, kernel: Kernel, wave: &[Batch]) -> Result<wgpu::ComputePipeline, GpuError> {
        // Workgroup memory decides how many workgroups run at a time: no more of it than the longest day
        // needs.
        const STEP: u32 = 16;
        let rows = wave.iter().map(|batch| batch.rows).max().unwrap_or(0);
        let (words, workgroup, entry, source) = match kernel {
            Kernel::Single => (0, self.limits.workgroup, "single", SOURCE),
            Kernel::Line => (0, self.limits.workgroup, "line", SOURCE),
            Kernel::Wild => (0, self.limits.workgroup, "wild", WILD),
            Kernel::Block => (0, self.limits.workgroup, "block", BLOCK),
            Kernel::Stationary => (0, self.limits.workgroup, "stationary", STATIONARY),
            Kernel::Tally(tally) => match tally.kind {
                TallyKind::Software => (0, tally.workgroup, "tally", SOFTWARE_TALLY),
                TallyKind::Hardware => {
                    let words = rows.div_ceil(ROWS_PER_TALLY_WORD).next_multiple_of(STEP).min(tally.words);
                    (words, tally.workgroup, "tally", TALLY)
                }
            },
        };
        if let Some(pipeline) = self.kernels.get(&(kernel, words)) {
            return Ok(pipeline.clone());
        }
        let mut constants = vec![("WORKGROUP", f64::from(workgroup))];
        if words > 0 {
            constants.push(("TALLIES", f64::from(words)));
        }
        let pipeline = self.gpu.kernel(entry, source, &constants)?;
        self.kernels.insert((kernel, words), pipeline.clone());
        Ok(pipeline)
    }

    /// Submits the dispatches of a tile, no more at a time than keep the device for as long as one may, and
    /// the copy back.
    fn launch(
        &self,
        work: &Work<'_>,
        buffers: &mut Buffers,
        tile: &Tile,
        staging: &wgpu::Buffer,
    ) -> Result<wgpu::SubmissionIndex, GpuError> {
        const WHAT: &str = "resampling";
        let Work { wave, columns, scheme, seed, kernel, .. } = *work;
        let gpu = self.gpu;
        let entries = batch_entries(columns, tile, kernel, scheme);
        let dispatches = plan::dispatches(tile, wave, &self.limits, scheme);
        let each: Vec<DispatchParameters> =
            dispatches.iter().map(|dispatch| dispatch_parameters(dispatch, tile, scheme, seed)).collect();
        let parameters = Parameters::within(&mut buffers.parameters, gpu, &each)?;
        let batches = buffers.batches.hold(gpu, size_of_val(&entries[..]) as u64)?;
        let parts = submissions(dispatches.iter().map(|one| one.work(wave, scheme)), self.limits.work);
        let kernels = |recorder: &mut Recorder<'_>, clock: Option<&PassClock>| {
            recorder.upload(&batches, &entries);
            let storage = |number: usize| {
                let first = entries[dispatches[number].batches.start].first_word;
                [batches.as_entire_binding(), work.rows_from(first), work.sums.as_entire_binding()]
            };
            let workgroups = |number: usize| dispatches[number].workgroups;
            let bound = recorder.bind(&work.pipeline, &parameters, storage, workgroups);
            recorder.launch_in_parts(&work.pipeline, &bound, &parts, clock);
        };
        let copy = |recorder: &mut Recorder<'_>| {
            recorder.gather(&[Piece { buffer: &work.sums, first: 0, bytes: tile.words * 4 }], staging);
        };
        if self.times.is_none() {
            return gpu.record(WHAT, |recorder| {
                kernels(recorder, None);
                copy(recorder);
            });
        }
        let timer = KernelTimer::start(gpu, dispatches.len())?;
        gpu.record(WHAT, |recorder| kernels(recorder, timer.passes()))?;
        let KernelTime { spent, by_device, .. } = timer.stop(gpu, WHAT)?;
        self.add_time(|times| {
            times.kernel += spent;
            times.timestamps = by_device;
        });
        gpu.record(WHAT, copy)
    }
}

impl Work<'_> {
    /// The rows of all batches, or from those on that begin at this word, as the kernel wants them.
    fn rows_from(&self, first_word: u32) -> wgpu::BindingResource<'_> {
        if !is_uniform(self.kernel) {
            return self.rows.as_entire_binding();
        }
        wgpu::BindingResource::Buffer(wgpu::BufferBinding {
            buffer: &self.rows,
            offset: u64::from(first_word) * 4,
            size: wgpu::BufferSize::new(UNIFORM_BYTES),
        })
    }
}

/// Whether a kernel reads rows as uniforms.
fn is_uniform(kernel: Kernel) -> bool {
    matches!(kernel, Kernel::Tally(Tally { kind: TallyKind::Software, .. }))
}

/// Words that the table of a batch takes on the device.
fn device_words(columns: &DayColumns, kernel: Kernel, scheme: &Scheme) -> usize {
    (device_rows(columns, scheme) * kernel.stride(columns.stride())).next_multiple_of(ROWS_ALIGNMENT)
}

/// Rows of that table.
fn device_rows(columns: &DayColumns, scheme: &Scheme) -> usize {
    columns.rows() as usize * plan::device_tables(scheme) as usize
}

/// The tables of all batches in one buffer. What is written waits for the device in copies; these have the
/// room of the sums of tiles of `tile` bytes, and are gone where a `largest` tile needs it.
fn upload_rows(
    gpu: &Gpu,
    buffers: &mut Buffers,
    columns: &[DayColumns],
    kernel: Kernel,
    scheme: &Scheme,
    tile: u64,
    largest: u64,
) -> Result<wgpu::Buffer, GpuError> {
    const WHAT: &str = "uploading rows";
    let mut parts = Vec::new();
    let mut bytes = 0;
    for (number, columns) in columns.iter().enumerate() {
        let row_bytes = kernel.stride(columns.stride()) as u64 * 4;
        let count = device_rows(columns, scheme) as u32;
        for rows in plan::uploads(count, kernel.stride(columns.stride()), tile) {
            let place = bytes + u64::from(rows.start) * row_bytes;
            parts.push(Upload { number, place, bytes: rows.len() as u64 * row_bytes, rows });
        }
        bytes += device_words(columns, kernel, scheme) as u64 * 4;
    }
    buffers.make_room(bytes.min(tile), plan::TILES * tile);
    // A uniform binding reaches beyond the last batch.
    let beyond = if is_uniform(kernel) { UNIFORM_BYTES } else { 0 };
    let buffer = buffers.hold_rows(gpu, kernel, bytes + beyond)?;
    // Sums of blocks, of the batch at hand; stationary blocks go through the rows themselves.
    let mut table: Option<(usize, Rows<'_>)> = None;
    for group in submissions(parts.iter().map(|part| part.bytes), tile) {
        let group = &parts[group];
        let submission = gpu.record(WHAT, |recorder| {
            for part in group {
                let columns = &columns[part.number];
                let rows = match table.take() {
                    Some((number, rows)) if number == part.number => rows,
                    _ if matches!(scheme, Scheme::Block { .. }) => Rows::new(scheme, columns),
                    _ => Rows::OfDay(columns.words()),
                };
                let (_, rows) = table.insert((part.number, rows));
                let (stride, device_stride) = (columns.stride(), kernel.stride(columns.stride()));
                let words = rows_for_device(rows.words(), stride, part.rows.clone(), device_stride);
                recorder.upload_at(&buffer, part.place, &words);
            }
        })?;
        let is_last = group.last() == parts.last();
        let waiting: u64 = group.iter().map(|part| part.bytes).sum();
        if !is_last || waiting + buffers.sums_bytes(largest) > plan::TILES * tile {
            gpu.wait(WHAT, submission)?;
        }
    }
    Ok(buffer)
}

/// Some rows of the table of one batch, on their way to the device.
#[derive(Debug, PartialEq, Eq)]
struct Upload {
    /// The batch.
    number: usize,
    /// Rows of its table.
    rows: Range<u32>,
    /// First byte of them in the buffer.
    place: u64,
    /// How many bytes they are.
    bytes: u64,
}

/// Some rows at the device's stride: where that is the host's, they are where they were.
fn rows_for_device(words: &[u32], stride: usize, rows: Range<u32>, device_stride: usize) -> Cow<'_, [u32]> {
    let words = &words[rows.start as usize * stride..rows.end as usize * stride];
    if stride == device_stride {
        return words.into();
    }
    let mut wide = vec![0; rows.len() * device_stride];
    for (wide, row) in wide.chunks_exact_mut(device_stride).zip(words.chunks_exact(stride)) {
        wide[..stride].copy_from_slice(row);
    }
    wide.into()
}

/// One entry for each batch of the wave, with its place in the rows and in the tile's sums.
fn batch_entries(columns: &[DayColumns], tile: &Tile, kernel: Kernel, scheme: &Scheme) -> Vec<BatchEntry> {
    let (mut first_word, mut first_sum) = (0, 0);
    let entry = |(number, columns): (usize, &DayColumns)| {
        let range = RowRange::new(columns.rows());
        let entry = BatchEntry {
            day: columns.day(),
            rows: columns.rows(),
            rows_per_word: range.rows_per_word(),
            threshold: range.threshold(),
            first_word,
            stride: kernel.stride(columns.stride()) as u32,
            row_words: columns.row_words() as u32,
            first_sum,
        };
        first_word += device_words(columns, kernel, scheme) as u32;
        if tile.batches.contains(&number) {
            first_sum += (plan::sum_words(columns.row_words(), scheme) * tile.samples.len()) as u32;
        }
        entry
    };
    columns.iter().enumerate().map(entry).collect()
}

fn dispatch_parameters(dispatch: &Dispatch, tile: &Tile, scheme: &Scheme, seed: u64) -> DispatchParameters {
    let [key_low, key_high] = Stream::key(seed);
    let length = |range: &Range<u32>| range.end - range.start;
    DispatchParameters {
        key_low,
        key_high,
        first_batch: dispatch.batches.start as u32,
        first_sample: tile.samples.start,
        sample_offset: dispatch.samples.start,
        samples: length(&dispatch.samples),
        tile_samples: length(&tile.samples),
        first_draw: dispatch.draws.start,
        end_draw: dispatch.draws.end,
        purpose: Stream::purpose_word(scheme.purpose(), 0),
        length: match *scheme {
            Scheme::Iid | Scheme::Wild => 0,
            Scheme::Block { length } => length,
            Scheme::Stationary { length } => last_beginning(length),
        },
        padding: 0,
    }
}
