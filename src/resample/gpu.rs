//! Resampled column sums on a GPU: rows go up once a wave, sums come back tile by tile.
//!
//! Twin of [`super::cpu`]. Iid resamples have two kernels ([`Kernel`]): `shaders/tally.wgsl` counts how often
//! each row of a short day is drawn and then goes through the rows once; `shaders/resample.wgsl` adds rows of
//! days of any length as they are drawn. Every other scheme has one of its own name. Two tiles are under way
//! at a time: while the host takes the sums of one and selects quantiles from them, the device works on the
//! next.

use std::borrow::Cow;
use std::cell::Cell;
use std::collections::{HashMap, VecDeque};
use std::ops::Range;
use std::time::{Duration, Instant};

use bytemuck::{Pod, Zeroable};
use wgpu::BufferUsages;

use super::plan::{
    self, Batch, DeviceLimits, Dispatch, Kernel, ROWS_ALIGNMENT, ROWS_PER_TALLY_WORD, Tally, TallyKind, Tile,
    UNIFORM_BYTES,
};
use super::scheme::last_beginning;
use super::table::Rows;
use super::{Block, Scheme};
use crate::columns::DayColumns;
use crate::error;
use crate::gpu::clock::PassClock;
use crate::gpu::{Gpu, GpuError, Parameters};
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

/// Source of the kernels that add rows as they are drawn, `lane` and `line`.
pub const SOURCE: &str = source!("resample.wgsl");
/// Source of the kernel that tallies, on hardware.
pub const TALLY: &str = source!("tally.wgsl");
/// Source of the kernel that tallies, on software adapters.
pub const SOFTWARE_TALLY: &str = source!("tally_software.wgsl");

/// Source of the kernel of the wild bootstrap.
pub const WILD: &str = source!("wild.wgsl");
/// Source of the kernel of circular blocks.
pub const BLOCK: &str = source!("block.wgsl");
/// Source of the kernel of stationary blocks.
pub const STATIONARY: &str = source!("stationary.wgsl");

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
    /// Resamples of the tile: from one lane of the sums to the next.
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
    /// Limbs in use.
    pub lanes: u32,
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

/// The kernels of one device. Dear to make, used for every wave.
#[derive(Debug)]
pub struct Resampler<'gpu> {
    gpu: &'gpu Gpu,
    limits: DeviceLimits,
    /// Compiled so far, with the words of tallies that they are for.
    kernels: HashMap<(Kernel, u32), wgpu::ComputePipeline>,
    times: Option<Cell<DeviceTimes>>,
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

/// A tile on its way.
struct Flight {
    tile: Tile,
    staging: wgpu::Buffer,
    submission: wgpu::SubmissionIndex,
}

impl<'gpu> Resampler<'gpu> {
    /// A resampler on `gpu` within `limits`. Kernels are compiled when first needed.
    pub fn new(gpu: &'gpu Gpu, limits: DeviceLimits) -> Self {
        Self { gpu, limits, kernels: HashMap::new(), times: None }
    }

    /// What it may use of the device.
    pub fn limits(&self) -> DeviceLimits {
        self.limits
    }

    /// From now on waits after each step and takes its time; slower, as nothing overlaps any more.
    pub fn start_clock(&mut self) {
        self.times = Some(Cell::default());
    }

    /// The times since [`Self::start_clock`], which ends.
    pub fn stop_clock(&mut self) -> DeviceTimes {
        self.times.take().map_or(DeviceTimes::default(), Cell::into_inner)
    }

    /// Adds to the step that `of` names, where the clock is on.
    fn add_time(&self, of: impl FnOnce(&mut DeviceTimes) -> &mut Duration, spent: Duration) {
        if let Some(cell) = &self.times {
            let mut times = cell.get();
            *of(&mut times) += spent;
            cell.set(times);
        }
    }

    /// The sums of each batch of a wave over the resamples 0..`samples`, handed to `take` tile by tile with
    /// the batches' numbers, in the order of the batches and for each in that of the resamples. They are
    /// where the device put them: while `take` looks at those of one tile, the device works on the next.
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
        mut take: impl FnMut(&[(usize, Block<'_>)]),
    ) -> error::Result<()> {
        for columns in columns {
            scheme.check(columns.rows())?;
        }
        let gpu = self.gpu;
        let limits = self.limits;
        let kernel = Kernel::of(wave, &limits, scheme);
        let pipeline = self.pipeline(kernel, wave)?;
        let tiles = plan::tiles(wave, samples, &limits, scheme);
        let largest = tiles.iter().map(|tile| tile.words * 4).max().unwrap_or(0);
        let this = &*self;
        let start = Instant::now();
        // Rows wait for the device in copies, for which there is the room of the tiles, none of which is
        // under way yet.
        let rows = upload_rows(
            gpu,
            columns,
            kernel,
            scheme,
            limits.tile,
            3 * (limits.tile - largest.min(limits.tile)),
        )?;
        if this.times.is_some() {
            gpu.finish("uploading rows")?;
            this.add_time(|times| &mut times.upload, start.elapsed());
        }
        let sums = gpu.buffer("resampled sums", largest, BufferUsages::STORAGE | BufferUsages::COPY_SRC)?;
        let mut flights: VecDeque<Flight> = VecDeque::new();
        // Gives back the buffer that the sums came in.
        let mut land = |flight: Flight| -> Result<wgpu::Buffer, GpuError> {
            let Flight { tile, staging, submission } = flight;
            let (start, mut waited) = (Instant::now(), Duration::ZERO);
            gpu.read(&staging, tile.words * 4, submission, |bytes| {
                waited = start.elapsed();
                let words: &[u32] = bytemuck::cast_slice(bytes);
                let mut first = 0;
                let blocks = tile.batches.clone().map(|number| {
                    let lanes = columns[number].lanes();
                    let end = first + lanes * tile.samples.len();
                    let block = Block::of_device(&tile.samples, &words[first..end]);
                    first += plan::sum_lanes(lanes, scheme) * tile.samples.len();
                    (number, block)
                });
                take(&blocks.collect::<Vec<_>>());
            })?;
            this.add_time(|times| &mut times.readback, waited);
            Ok(staging)
        };
        for tile in tiles {
            let landing = if flights.len() < IN_FLIGHT { None } else { flights.pop_front() };
            let staging = match landing {
                Some(flight) => land(flight)?,
                None => {
                    let usage = BufferUsages::MAP_READ | BufferUsages::COPY_DST;
                    gpu.buffer("sums on their way back", largest, usage)?
                }
            };
            let bindings = Bindings { kernel, scheme, pipeline: &pipeline, rows: &rows, sums: &sums };
            let submission = this.launch(&bindings, wave, columns, seed, &tile, &staging)?;
            flights.push_back(Flight { tile, staging, submission });
        }
        while let Some(flight) = flights.pop_front() {
            land(flight)?;
        }
        Ok(())
    }

    /// The kernel compiled for a wave.
    fn pipeline(&mut self, kernel: Kernel, wave: &[Batch]) -> Result<wgpu::ComputePipeline, GpuError> {
        // Workgroup memory decides how many workgroups run at a time: no more of it than the longest day
        // needs.
        const STEP: u32 = 16;
        let rows = wave.iter().map(|batch| batch.rows).max().unwrap_or(0);
        let (words, workgroup, entry, source) = match kernel {
            Kernel::Lane => (0, self.limits.workgroup, "lane", SOURCE),
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
        bindings: &Bindings,
        wave: &[Batch],
        columns: &[DayColumns],
        seed: u64,
        tile: &Tile,
        staging: &wgpu::Buffer,
    ) -> Result<wgpu::SubmissionIndex, GpuError> {
        let scheme = bindings.scheme;
        let entries = batch_entries(columns, tile, bindings.kernel, scheme);
        let dispatches = plan::dispatches(tile, wave, &self.limits, scheme);
        let each: Vec<DispatchParameters> =
            dispatches.iter().map(|dispatch| dispatch_parameters(dispatch, tile, scheme, seed)).collect();
        let parameters = Parameters::new(self.gpu, &each)?;
        let usage = BufferUsages::STORAGE | BufferUsages::COPY_DST;
        let entry_buffer = self.gpu.buffer("batches", size_of_val(&entries[..]) as u64, usage)?;
        let clock = match &self.times {
            Some(_) => PassClock::new(self.gpu, dispatches.len() as u32)?,
            None => None,
        };
        let start = Instant::now();
        self.gpu.checked("resampling", |device, queue| {
            parameters.upload(queue);
            queue.write_buffer(&entry_buffer, 0, bytemuck::cast_slice(&entries));
            let layout = bindings.pipeline.get_bind_group_layout(0);
            let new_encoder = || device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            let (mut encoder, mut work) = (new_encoder(), 0);
            for (number, dispatch) in dispatches.iter().enumerate() {
                let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
                    label: Some("resample"),
                    layout: &layout,
                    entries: &[
                        parameters.entry(number),
                        wgpu::BindGroupEntry { binding: 1, resource: entry_buffer.as_entire_binding() },
                        wgpu::BindGroupEntry {
                            binding: 2,
                            resource: bindings.rows_from(entries[dispatch.batches.start].first_word),
                        },
                        wgpu::BindGroupEntry { binding: 3, resource: bindings.sums.as_entire_binding() },
                    ],
                });
                let one = dispatch.work(wave, scheme);
                if work > 0 && work + one > self.limits.work {
                    queue.submit([std::mem::replace(&mut encoder, new_encoder()).finish()]);
                    work = 0;
                }
                work += one;
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor {
                    label: Some("resample"),
                    timestamp_writes: clock.as_ref().map(|clock| clock.writes(number as u32)),
                });
                pass.set_pipeline(bindings.pipeline);
                pass.set_bind_group(0, &group, &[]);
                let [x, y, z] = dispatch.workgroups;
                pass.dispatch_workgroups(x, y, z);
            }
            queue.submit([encoder.finish()]);
        })?;
        self.stop_kernel_clock(clock.as_ref(), start)?;
        self.gpu.checked("resampling", |device, queue| {
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            encoder.copy_buffer_to_buffer(bindings.sums, 0, staging, 0, tile.words * 4);
            queue.submit([encoder.finish()])
        })
    }

    /// Where the clock is on, waits for the kernels submitted since `start` and takes their time.
    fn stop_kernel_clock(&self, clock: Option<&PassClock>, start: Instant) -> Result<(), GpuError> {
        let Some(cell) = &self.times else { return Ok(()) };
        self.gpu.finish("resampling")?;
        let by_host = start.elapsed();
        let mut times = cell.get();
        times.timestamps = clock.is_some();
        times.kernel += match clock {
            Some(clock) => clock.total(self.gpu)?,
            None => by_host,
        };
        cell.set(times);
        Ok(())
    }
}

/// What stays bound over the tiles of a wave.
struct Bindings<'a> {
    kernel: Kernel,
    scheme: &'a Scheme,
    pipeline: &'a wgpu::ComputePipeline,
    rows: &'a wgpu::Buffer,
    sums: &'a wgpu::Buffer,
}

impl Bindings<'_> {
    /// The rows of all batches, or from those on that begin at this word, as the kernel wants them.
    fn rows_from(&self, first_word: u32) -> wgpu::BindingResource<'_> {
        match self.kernel {
            Kernel::Tally(Tally { kind: TallyKind::Software, .. }) => {
                wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                    buffer: self.rows,
                    offset: u64::from(first_word) * 4,
                    size: wgpu::BufferSize::new(UNIFORM_BYTES),
                })
            }
            _ => self.rows.as_entire_binding(),
        }
    }
}

/// Words that the table of a batch takes on the device.
fn device_words(columns: &DayColumns, kernel: Kernel, scheme: &Scheme) -> usize {
    (device_rows(columns, scheme) * kernel.stride(columns.stride())).next_multiple_of(ROWS_ALIGNMENT)
}

/// Rows of that table.
fn device_rows(columns: &DayColumns, scheme: &Scheme) -> usize {
    columns.rows() as usize * plan::device_tables(scheme) as usize
}

/// The tables of all batches in one buffer. What is written waits for the device in copies, of which there
/// are `most` bytes at a time, and `left` when this is done.
fn upload_rows(
    gpu: &Gpu,
    columns: &[DayColumns],
    kernel: Kernel,
    scheme: &Scheme,
    most: u64,
    left: u64,
) -> Result<wgpu::Buffer, GpuError> {
    const WHAT: &str = "uploading rows";
    let words: usize = columns.iter().map(|columns| device_words(columns, kernel, scheme)).sum();
    // A uniform binding reaches beyond the last batch.
    let (beyond, usage) = match kernel {
        Kernel::Tally(Tally { kind: TallyKind::Software, .. }) => (UNIFORM_BYTES, BufferUsages::UNIFORM),
        _ => (0, BufferUsages::STORAGE),
    };
    let buffer = gpu.buffer("rows", words as u64 * 4 + beyond, usage | BufferUsages::COPY_DST)?;
    let (mut first, mut waiting) = (0, 0);
    for columns in columns {
        let device_stride = kernel.stride(columns.stride());
        let (stride, count) = (columns.stride(), device_rows(columns, scheme));
        // Sums of blocks; stationary blocks go through the rows themselves.
        let table = match scheme {
            Scheme::Block { .. } => Rows::new(scheme, columns),
            _ => Rows::OfDay(columns.words()),
        };
        for rows in plan::uploads(count as u32, device_stride, most) {
            let bytes = rows.len() as u64 * device_stride as u64 * 4;
            if waiting > 0 && waiting + bytes > most {
                gpu.finish(WHAT)?;
                waiting = 0;
            }
            let place = first + u64::from(rows.start) * device_stride as u64 * 4;
            let rows = rows_for_device(table.words(), stride, rows, device_stride);
            gpu.checked(WHAT, |_, queue| queue.write_buffer(&buffer, place, bytemuck::cast_slice(&rows)))?;
            waiting += bytes;
        }
        first += device_words(columns, kernel, scheme) as u64 * 4;
    }
    if waiting > left {
        gpu.finish(WHAT)?;
    }
    Ok(buffer)
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
            lanes: columns.lanes() as u32,
            first_sum,
        };
        first_word += device_words(columns, kernel, scheme) as u32;
        if tile.batches.contains(&number) {
            first_sum += (plan::sum_lanes(columns.lanes(), scheme) * tile.samples.len()) as u32;
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
