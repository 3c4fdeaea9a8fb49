//! The kernels on every adapter of this machine, against the CPU and against known answers.
//!
//! Without an adapter these tests are listed as ignored; with `BELLWETHER_REQUIRE_GPU=1` in the environment
//! they fail instead. Each comparison has a perturbed twin that must differ, so that no test compares a thing
//! with itself.

use std::ops::ControlFlow;
use std::path::PathBuf;
use std::process::{Command, Output};

use bellwether::Error;
use bellwether::columns::{Column, DayColumns, FieldCount};
use bellwether::compare::Steps;
use bellwether::compare::uniform::{self, gpu::UniformSummer};
use bellwether::gpu::{Buffer, Gpu, GpuError, Parameters, Piece, Recorder};
use bellwether::random::index::RowRange;
use bellwether::random::{Purpose, Stream};
use bellwether::resample::gpu::{Resampler, device_limits};
use bellwether::resample::plan::{self, Batch, DeviceLimits, Kernel, Tally, TallyKind};
use bellwether::resample::{Chunk, Scheme, Sums, cpu, tally::tally};
use libtest_mimic::{Failed, Trial};
use ndarray::Array2;

use crate::adapters;

const PROBE: &str = concat!(
    include_str!("../shaders/probe.wgsl"),
    include_str!("../../shaders/index.wgsl"),
    include_str!("../../shaders/philox.wgsl"),
);

type Test = fn(&Gpu);

const TESTS: &[(&str, Test)] = &[
    ("philox_known_answers", philox_known_answers),
    ("rows_and_redraws_equal_the_cpu", rows_and_redraws_equal_the_cpu),
    ("loops_turn_as_often_as_asked", loops_turn_as_often_as_asked),
    ("sums_equal_the_cpu_for_every_width", sums_equal_the_cpu_for_every_width),
    ("tallied_sums_equal_the_cpu_for_every_length", tallied_sums_equal_the_cpu_for_every_length),
    ("sums_equal_the_cpu_for_long_days", sums_equal_the_cpu_for_long_days),
    ("sums_do_not_depend_on_the_cut", sums_do_not_depend_on_the_cut),
    ("every_scheme_equals_the_cpu", every_scheme_equals_the_cpu),
    ("every_scheme_equals_the_cpu_for_long_days", every_scheme_equals_the_cpu_for_long_days),
    ("schemes_do_not_depend_on_the_cut", schemes_do_not_depend_on_the_cut),
    ("a_scheme_that_does_not_suit_is_refused", a_scheme_that_does_not_suit_is_refused),
    ("uniform_sums_equal_the_cpu", uniform_sums_equal_the_cpu),
    ("steps_take_time_and_change_nothing", steps_take_time_and_change_nothing),
    ("buffers_are_kept_until_they_are_too_small", buffers_are_kept_until_they_are_too_small),
    ("buffers_that_are_too_large_are_dropped", buffers_that_are_too_large_are_dropped),
    ("waves_keep_their_buffers", waves_keep_their_buffers),
    ("kept_buffers_stay_within_the_plan_of_each_wave", kept_buffers_stay_within_the_plan_of_each_wave),
    ("a_wave_that_failed_leaves_no_buffers", a_wave_that_failed_leaves_no_buffers),
    ("a_wave_ends_where_it_is_told_to", a_wave_ends_where_it_is_told_to),
    ("pieces_come_back_one_after_another", pieces_come_back_one_after_another),
    (
        "a_lost_device_is_an_error_wherever_it_is_waited_for",
        a_lost_device_is_an_error_wherever_it_is_waited_for,
    ),
];

/// The tests, which need an adapter or a C compiler.
pub(crate) fn trials() -> Vec<Trial> {
    let on_each = |&(name, test): &(&str, Test)| {
        adapters::on_each_adapter(&format!("gpu::{name}"), move |entry| {
            test(&Gpu::open(entry.clone()).expect("a usable adapter opens"));
        })
    };
    let mut trials: Vec<Trial> = TESTS.iter().flat_map(on_each).collect();
    trials.push(crashing_driver("gpu::a_driver_that_crashes_is_left_out", a_driver_that_crashes_is_left_out));
    trials.push(crashing_driver("gpu::other_drivers_go_on_beside_it", other_drivers_go_on_beside_it));
    trials
}

/// Runs `entry` of the probe: one invocation a question, `answer_words` words an answer.
fn ask(gpu: &Gpu, entry: &str, questions: &[u32], count: usize, answer_words: usize) -> Vec<u32> {
    use wgpu::BufferUsages as Usage;
    let kernel = gpu.kernel(entry, PROBE, &[]).unwrap();
    let bytes = (count * answer_words * 4) as u64;
    let question_bytes: &[u8] = bytemuck::cast_slice(questions);
    let input =
        gpu.buffer("questions", question_bytes.len() as u64, Usage::STORAGE | Usage::COPY_DST).unwrap();
    let output = gpu.buffer("answers", bytes, Usage::STORAGE | Usage::COPY_SRC).unwrap();
    let staging = gpu.buffer("staging", bytes, Usage::MAP_READ | Usage::COPY_DST).unwrap();
    let submission = gpu
        .checked("probing", |device, queue| {
            queue.write_buffer(&input, 0, question_bytes);
            let group = device.create_bind_group(&wgpu::BindGroupDescriptor {
                label: None,
                layout: &kernel.get_bind_group_layout(0),
                entries: &[
                    // Exactly the questions: the kernel's bounds check reads the length of the binding.
                    wgpu::BindGroupEntry {
                        binding: 0,
                        resource: wgpu::BindingResource::Buffer(wgpu::BufferBinding {
                            buffer: &input,
                            offset: 0,
                            size: wgpu::BufferSize::new(question_bytes.len() as u64),
                        }),
                    },
                    wgpu::BindGroupEntry { binding: 1, resource: output.as_entire_binding() },
                ],
            });
            let mut encoder = device.create_command_encoder(&wgpu::CommandEncoderDescriptor::default());
            {
                let mut pass = encoder.begin_compute_pass(&wgpu::ComputePassDescriptor::default());
                pass.set_pipeline(&kernel);
                pass.set_bind_group(0, &group, &[]);
                pass.dispatch_workgroups((count as u32).div_ceil(64), 1, 1);
            }
            encoder.copy_buffer_to_buffer(&output, 0, &staging, 0, bytes);
            queue.submit([encoder.finish()])
        })
        .unwrap();
    gpu.read(&staging, bytes, submission, |bytes| bytemuck::cast_slice(bytes).to_vec()).unwrap()
}

/// The known answers of Random123.
fn philox_known_answers(gpu: &Gpu) {
    #[rustfmt::skip]
    let questions = [
        0, 0, 0, 0, 0, 0,
        u32::MAX, u32::MAX, u32::MAX, u32::MAX, u32::MAX, u32::MAX,
        0x243f_6a88, 0x85a3_08d3, 0x1319_8a2e, 0x0370_7344, 0xa409_3822, 0x299f_31d0,
    ];
    #[rustfmt::skip]
    let known = [
        0x6627_e8d5, 0xe169_c58d, 0xbc57_ac4c, 0x9b00_dbd8,
        0x408f_276d, 0x41c8_3b0e, 0xa20b_c7c6, 0x6d54_51fd,
        0xd16c_fe09, 0x94fd_cceb, 0x5001_e420, 0x2412_6ea1,
    ];
    assert_eq!(ask(gpu, "philox", &questions, 3, 4), known);
    // Perturbed twin: one bit of the counter.
    let mut perturbed = questions;
    perturbed[12] ^= 1;
    assert_ne!(ask(gpu, "philox", &perturbed, 3, 4)[8..], known[8..]);
}

/// Rows of single words, over numbers of rows that reject rarely, often and every second time.
fn rows_and_redraws_equal_the_cpu(gpu: &Gpu) {
    const WORDS: u32 = 4096;
    let seed = 7;
    for rows in [1, 2, 3, 385, 1000, 2012, 2048, 2049, 23_400, 100_000, (1 << 31) + 1, 3 << 30] {
        let range = RowRange::new(rows);
        let question = |word| [rows, range.rows_per_word(), range.threshold(), 5, word, seed];
        let questions: Vec<u32> = (0..WORDS).flat_map(question).collect();
        let answers = ask(gpu, "rows", &questions, WORDS as usize, 2);
        let stream = Stream { seed: seed.into(), purpose: Purpose::Rows, day: 20_070_103, sample: 5 };
        let expected: Vec<u32> = (0..WORDS).flat_map(|word| range.of_word(&stream, word)).collect();
        assert_eq!(answers, expected, "{rows} rows");
        let redrawn = (0..WORDS).filter(|&word| range.split(stream.word(word, 0)).is_none()).count();
        if rows == 2012 || rows > 1 << 30 {
            assert!(redrawn > 0, "no word was rejected at {rows} rows: the redraw went untested");
        }
        // Perturbed twin: another sample.
        if rows > 2 {
            let other = Stream { sample: 6, ..stream };
            let other: Vec<u32> = (0..WORDS).flat_map(|word| range.of_word(&other, word)).collect();
            assert_ne!(answers, other, "{rows} rows");
        }
    }
}

/// The canary. Some drivers stop a shader's loops silently after a number of turns (Mesa's llvmpipe 22.3:
/// 65,535 for an invocation in all). An invocation of ours takes about 2.8 turns a draw, at most 4,096 draws
/// a dispatch: 11,500 turns.
fn loops_turn_as_often_as_asked(gpu: &Gpu) {
    let needed = 4 * DeviceLimits::DRAWS;
    let answers = ask(gpu, "count", &[0, 1, 1000, needed, 70_000], 5, 1);
    assert_eq!(answers[..4], [0, 1, 1000, needed], "this driver stops loops short of what the kernels need");
    if answers[4] != 70_000 {
        println!("{}: a loop of 70,000 turns stops at {}", gpu.adapter().label(), answers[4]);
    }
}

/// Columns with a jump here and there, so that some have two limbs.
fn day(date: u32, rows: usize, stocks: usize) -> DayColumns {
    let values = Array2::from_shape_fn((rows, stocks), |(row, stock)| {
        let noise = Stream { seed: 99, purpose: Purpose::Simulation, day: date, sample: stock as u32 };
        let uniform = f64::from(noise.word(row as u32, 0)) / 2f64.powi(32);
        let jump = if stock % 3 == 1 && row == rows / 2 { 1e4 } else { 1.0 };
        1e-7 * jump * uniform * uniform
    });
    DayColumns::new(date, &values).unwrap()
}

fn batch(number: usize, columns: &DayColumns) -> Batch {
    let add = |all: FieldCount, column: &Column| all.with(columns.rows(), column.lower_bits());
    let fields = columns.columns().iter().fold(FieldCount::default(), add);
    Batch { day: number, cells: 0..columns.columns().len(), rows: columns.rows(), fields, key_bytes: 16 }
}

fn on_gpu(
    gpu: &Gpu,
    limits: DeviceLimits,
    days: &[DayColumns],
    scheme: &Scheme,
    seed: u64,
    samples: u32,
) -> Vec<Sums> {
    on_resampler(&mut Resampler::new(gpu, limits), days, scheme, seed, samples)
}

/// The batches of days, with all of their stocks.
fn wave_of(days: &[DayColumns]) -> Vec<Batch> {
    days.iter().enumerate().map(|(number, columns)| batch(number, columns)).collect()
}

fn on_resampler(
    resampler: &mut Resampler<'_>,
    days: &[DayColumns],
    scheme: &Scheme,
    seed: u64,
    samples: u32,
) -> Vec<Sums> {
    let wave = wave_of(days);
    let mut chunks = vec![Vec::new(); days.len()];
    let mut last = 0;
    let take = |tile: &[(usize, Chunk<'_>)]| {
        for (number, chunk) in tile {
            assert!(*number >= last, "batches come in order");
            let done: usize = chunks[*number].iter().map(Chunk::samples).sum();
            assert_eq!(chunk.first() as usize, done, "resamples come in order");
            last = *number;
            chunks[*number].push(chunk.clone().into_owned());
        }
        ControlFlow::Continue(())
    };
    resampler.resample(&wave, days, scheme, seed, samples, take).unwrap();
    chunks.into_iter().map(Sums::from_iter).collect()
}

/// All joined sums, as values.
fn values(columns: &DayColumns, sums: &Sums) -> Vec<Vec<f64>> {
    columns.columns().iter().map(|column| sums.values(column)).collect()
}

fn assert_equals_cpu(gpu: &Gpu, limits: DeviceLimits, days: &[DayColumns], seed: u64, samples: u32) {
    assert_scheme_equals_cpu(gpu, limits, days, &Scheme::Iid, seed, samples);
}

fn assert_scheme_equals_cpu(
    gpu: &Gpu,
    limits: DeviceLimits,
    days: &[DayColumns],
    scheme: &Scheme,
    seed: u64,
    samples: u32,
) {
    let sums = on_gpu(gpu, limits, days, scheme, seed, samples);
    assert_sums_equal_cpu(&sums, days, scheme, seed, samples);
}

fn assert_sums_equal_cpu(sums: &[Sums], days: &[DayColumns], scheme: &Scheme, seed: u64, samples: u32) {
    assert_eq!(sums.len(), days.len());
    for (columns, sums) in days.iter().zip(sums) {
        let what = format!(
            "{} rows, {} words a row, {samples} samples, {scheme:?}",
            columns.rows(),
            columns.row_words()
        );
        let expected = cpu::resample(columns, scheme, seed, 0..samples).unwrap();
        assert!(values(columns, sums) == values(columns, &expected), "{what}");
        // Perturbed twins: the next seed, and the samples moved by one.
        let is_whole = matches!(scheme, Scheme::Block { length } if *length == columns.rows());
        if columns.rows() > if *scheme == Scheme::Iid { 2 } else { 30 } && !is_whole {
            let other = cpu::resample(columns, scheme, seed + 1, 0..samples).unwrap();
            assert!(values(columns, sums) != values(columns, &other), "{what}, another seed");
            let other = cpu::resample(columns, scheme, seed, 1..samples + 1).unwrap();
            assert!(values(columns, sums) != values(columns, &other), "{what}, other samples");
        }
    }
}

/// The limits of a device with each way to resample: adding rows as they are drawn, and by tallies as
/// hardware and as software does.
fn all_kernels(gpu: &Gpu) -> [DeviceLimits; 3] {
    let usual = device_limits(gpu);
    let words = gpu.limits().max_compute_workgroup_storage_size / (4 * 32);
    let hardware = Tally { kind: TallyKind::Hardware, workgroup: 32, words };
    let software = Tally { kind: TallyKind::Software, workgroup: 8, words: 256 };
    [None, Some(hardware), Some(software)].map(|tally| DeviceLimits { tally, ..usual })
}

fn sums_equal_the_cpu_for_every_width(gpu: &Gpu) {
    for limits in all_kernels(gpu) {
        for stocks in [1, 2, 3, 4, 5, 8, 12, 16, 17, 40] {
            let days = [day(20_070_103, 385, stocks), day(20_070_104, 210, stocks)];
            assert_equals_cpu(gpu, limits, &days, 3, 300);
        }
    }
    // Days of all lengths together, narrow and wide.
    for stocks in [1, 2, 7] {
        let lengths = [1, 2, 3, 4, 7, 8, 9, 100, 128, 129, 390, 1000, 2012, 2048, 2049];
        let days: Vec<DayColumns> =
            lengths.iter().map(|&rows| day(20_070_000 + rows as u32, rows, stocks)).collect();
        assert_equals_cpu(gpu, device_limits(gpu), &days, 1 << 40, 65);
    }
}

/// Days of all kinds of length that tallies hold, up to the longest.
fn tallied_sums_equal_the_cpu_for_every_length(gpu: &Gpu) {
    for limits in all_kernels(gpu) {
        for stocks in [1, 5, 33] {
            let lengths = [1, 2, 3, 4, 5, 6, 7, 8, 9, 100, 128, 129, 390, 600, 767, 768];
            let days: Vec<DayColumns> =
                lengths.iter().map(|&rows| day(20_070_000 + rows as u32, rows, stocks)).collect();
            let wave = wave_of(&days);
            // Rows of 48 words are more than a uniform buffer holds.
            let expected = limits.tally.is_some_and(|tally| tally.kind == TallyKind::Hardware || stocks < 33);
            assert_eq!(
                matches!(Kernel::of(&wave, &limits, &Scheme::Iid), Kernel::Tally(_)),
                expected,
                "{stocks} stocks"
            );
            assert_equals_cpu(gpu, limits, &days, 1 << 40, 65);
            // And the twin of the kernel, which says what it does.
            let sums = on_gpu(gpu, limits, &days, &Scheme::Iid, 1 << 40, 65);
            for (columns, sums) in days.iter().zip(&sums) {
                let twin = Sums::from_iter([tally(columns, 1 << 40, 0..65).unwrap()]);
                assert!(values(columns, sums) == values(columns, &twin), "{} rows", columns.rows());
            }
        }
    }
}

fn sums_equal_the_cpu_for_long_days(gpu: &Gpu) {
    let limits = device_limits(gpu);
    for stocks in [1, 3] {
        assert_equals_cpu(gpu, limits, &[day(20_070_103, 23_400, stocks)], 0, 70);
        assert_equals_cpu(
            gpu,
            limits,
            &[day(20_070_103, 100_000, stocks), day(20_070_104, 385, stocks)],
            0,
            9,
        );
    }
}

fn sums_do_not_depend_on_the_cut(gpu: &Gpu) {
    let usual = device_limits(gpu);
    let days = [day(20_070_103, 385, 12), day(20_070_104, 23, 12), day(20_070_105, 4500, 12)];
    let cuts = [
        DeviceLimits { draws: 8, ..usual },
        DeviceLimits { draws: 136, work: 1, ..usual },
        DeviceLimits { tile: 4096, ..usual },
        DeviceLimits { tile: 60_000, work: 100_000, workgroups: 1, ..usual },
        DeviceLimits { workgroups: 2, ..usual },
    ];
    for limits in cuts {
        assert_equals_cpu(gpu, limits, &days, 0, 200);
    }
    // Short days, which all kernels can do.
    let days = [day(20_070_103, 385, 12), day(20_070_104, 23, 12)];
    for usual in all_kernels(gpu) {
        let cuts = [
            DeviceLimits { tile: 4096, ..usual },
            DeviceLimits { tile: 30_000, work: 100_000, workgroups: 1, ..usual },
            DeviceLimits { workgroups: 2, ..usual },
            DeviceLimits { work: 1, ..usual },
        ];
        for limits in cuts {
            assert_equals_cpu(gpu, limits, &days, 0, 200);
        }
    }
}

/// Every scheme but iid, with blocks that suit days of so many rows.
fn schemes(rows: u32) -> Vec<Scheme> {
    let mut schemes = vec![Scheme::Wild];
    for length in [1, 3, 5, 20, rows] {
        if length <= rows {
            schemes.push(Scheme::Block { length });
            schemes.push(Scheme::Stationary { length: length.into() });
        }
    }
    schemes
}

fn every_scheme_equals_the_cpu(gpu: &Gpu) {
    let limits = device_limits(gpu);
    for stocks in [1, 2, 5, 12, 17, 40] {
        let days = [day(20_070_103, 385, stocks), day(20_070_104, 210, stocks)];
        for scheme in schemes(210) {
            assert_scheme_equals_cpu(gpu, limits, &days, &scheme, 3, 300);
        }
    }
    // Days of all lengths together, narrow and wide.
    for stocks in [1, 7] {
        let lengths = [1, 2, 3, 4, 5, 7, 8, 9, 100, 128, 129, 390, 1000, 2048, 2049];
        let days: Vec<DayColumns> =
            lengths.iter().map(|&rows| day(20_070_000 + rows as u32, rows, stocks)).collect();
        for scheme in schemes(1) {
            assert_scheme_equals_cpu(gpu, limits, &days, &scheme, 1 << 40, 65);
        }
        for scheme in schemes(100) {
            assert_scheme_equals_cpu(gpu, limits, &days[8..], &scheme, 1 << 40, 65);
        }
    }
}

/// Over several dispatches; short stationary blocks turn the loops most often.
fn every_scheme_equals_the_cpu_for_long_days(gpu: &Gpu) {
    let limits = device_limits(gpu);
    for stocks in [1, 3] {
        let days = [day(20_070_103, 23_400, stocks), day(20_070_104, 385, stocks)];
        for scheme in schemes(385).into_iter().chain([Scheme::Stationary { length: 1.3 }]) {
            assert_scheme_equals_cpu(gpu, limits, &days, &scheme, 0, 40);
        }
    }
    let days = [day(20_070_103, 100_000, 3)];
    for scheme in [Scheme::Wild, Scheme::Block { length: 7 }, Scheme::Stationary { length: 70_000.0 }] {
        assert_scheme_equals_cpu(gpu, limits, &days, &scheme, 0, 9);
    }
}

fn schemes_do_not_depend_on_the_cut(gpu: &Gpu) {
    let usual = device_limits(gpu);
    let days = [day(20_070_103, 385, 20), day(20_070_104, 23, 20), day(20_070_105, 2500, 20)];
    let cuts = [
        DeviceLimits { draws: 8, ..usual },
        DeviceLimits { draws: 136, work: 1, ..usual },
        DeviceLimits { tile: 4096, ..usual },
        DeviceLimits { tile: 60_000, work: 100_000, workgroups: 2, ..usual },
    ];
    for limits in cuts {
        for scheme in [Scheme::Wild, Scheme::Block { length: 6 }, Scheme::Stationary { length: 6.5 }] {
            assert_scheme_equals_cpu(gpu, limits, &days, &scheme, 0, 150);
        }
    }
}

fn a_scheme_that_does_not_suit_is_refused(gpu: &Gpu) {
    let days = [day(20_070_103, 385, 2), day(20_070_104, 23, 2)];
    let wave = [batch(0, &days[0]), batch(1, &days[1])];
    let mut resampler = Resampler::new(gpu, device_limits(gpu));
    let refused = resampler.resample(&wave, &days, &Scheme::Block { length: 24 }, 0, 10, |_| panic!("sums"));
    assert!(matches!(refused, Err(Error::Parameter { .. })), "{refused:?}");
    resampler
        .resample(&wave, &days, &Scheme::Block { length: 23 }, 0, 10, |_| ControlFlow::Continue(()))
        .unwrap();
}

fn uniform_sums_equal_the_cpu(gpu: &Gpu) {
    let mut summer = UniformSummer::new(gpu).unwrap();
    // Up to several dispatches: 4,097 rows of 1,025 blocks are 257 workgroups, 9,000 rows 1,236.
    for size in [1, 2, 3, 4, 5, 63, 64, 100, 257, 1000, 4097, 9000] {
        for seed in [0, 5 << 33] {
            let expected = uniform::cpu::sum(size, seed, None);
            assert_eq!(summer.sum(size, seed, None).unwrap(), expected, "n = {size}");
            // The perturbed twin.
            assert_ne!(summer.sum(size, seed + 1, None).unwrap(), expected, "n = {size}, another seed");
        }
    }
}

fn steps_take_time_and_change_nothing(gpu: &Gpu) {
    let mut steps = Steps::default();
    let size = 1500;
    let sum = UniformSummer::new(gpu).unwrap().sum(size, 0, Some(&mut steps)).unwrap();
    assert_eq!(sum, uniform::cpu::sum(size, 0, None));
    assert!(steps.kernel > std::time::Duration::ZERO, "{steps:?}");
    assert!(steps.kernel < std::time::Duration::from_secs(60), "{steps:?}");

    let days = [day(20_070_103, 385, 12), day(20_070_104, 390, 12)];
    let wave = wave_of(&days);
    let mut resampler = Resampler::new(gpu, device_limits(gpu));
    let mut run = |clock: bool| {
        let mut sums = Vec::new();
        if clock {
            resampler.start_clock();
        }
        let take = |tile: &[(usize, Chunk<'_>)]| {
            sums.extend(tile.iter().map(|(_, chunk)| chunk.clone().into_owned()));
            ControlFlow::Continue(())
        };
        resampler.resample(&wave, &days, &Scheme::Iid, 3, 200, take).unwrap();
        (sums, resampler.stop_clock())
    };
    let (without, no_times) = run(false);
    let (with, times) = run(true);
    assert!(without == with);
    assert_eq!(no_times, Default::default());
    assert!(
        times.kernel > std::time::Duration::ZERO && times.readback > std::time::Duration::ZERO,
        "{times:?}"
    );
}

fn buffers_are_kept_until_they_are_too_small(gpu: &Gpu) {
    let mut kept = Buffer::storage("kept");
    let first = kept.hold(gpu, 64).unwrap();
    assert_eq!(kept.hold(gpu, 64).unwrap(), first);
    assert_eq!(kept.hold(gpu, 4).unwrap(), first);
    let grown = kept.hold(gpu, 65).unwrap();
    assert!(grown != first && grown.size() >= 65);
    assert_eq!(kept.hold(gpu, 64).unwrap(), grown);
    // One that can't be made is an error each time, and no smaller one is in its place.
    let too_large = gpu.limits().max_buffer_size + 1;
    assert!(matches!(kept.hold(gpu, too_large), Err(GpuError::OutOfMemory { .. })));
    assert!(kept.hold(gpu, 64).unwrap() != grown);
}

fn buffers_that_are_too_large_are_dropped(gpu: &Gpu) {
    let mut kept = Buffer::storage("kept");
    assert_eq!((kept.bytes(), kept.made()), (0, None));
    let first = kept.hold(gpu, 64).unwrap();
    kept.shrink(64);
    assert_eq!((kept.bytes(), kept.made()), (64, Some(&first)));
    kept.shrink(63);
    assert_eq!((kept.bytes(), kept.made()), (0, None));
}

/// The buffers of a resampler, as it keeps them.
fn kept(resampler: &Resampler<'_>) -> Vec<wgpu::Buffer> {
    resampler.buffers().cloned().collect()
}

/// Waves of one size after another, of one run and of the next.
fn waves_keep_their_buffers(gpu: &Gpu) {
    let days = [day(20_070_103, 385, 12), day(20_070_104, 23, 12)];
    let others = [day(20_070_105, 385, 12), day(20_070_106, 23, 12)];
    for usual in all_kernels(gpu) {
        // A batch a tile, so that there are two on their way back; with room for the rows beside them.
        let row_words = days.iter().map(DayColumns::row_words).max().unwrap() as u64;
        let limits = DeviceLimits { tile: 4 * row_words * 1000 * 3 / 2, ..usual };
        let mut resampler = Resampler::new(gpu, limits);
        assert!(kept(&resampler).is_empty());
        on_resampler(&mut resampler, &days, &Scheme::Iid, 1, 1000);
        let first = kept(&resampler);
        assert_eq!(first.len(), 6);
        for (days, seed) in [(&days, 1), (&others, 1), (&days, 2)] {
            let sums = on_resampler(&mut resampler, days, &Scheme::Iid, seed, 1000);
            assert_sums_equal_cpu(&sums, days, &Scheme::Iid, seed, 1000);
            assert!(kept(&resampler) == first, "{limits:?}");
        }
    }
}

/// A resampler that has just had larger waves, of one scheme or another, and then a small one.
fn kept_buffers_stay_within_the_plan_of_each_wave(gpu: &Gpu) {
    // Buffers of parameters, and of batches, that the plan does not count.
    const UNCOUNTED: u64 = 2 * (64 << 10);
    let large: Vec<DayColumns> =
        (0..8).map(|number| day(20_070_103 + number, 700 + number as usize, 33)).collect();
    let small = [day(20_070_103, 23, 2)];
    let long = [day(20_070_103, 9000, 17)];
    let schemes =
        [Scheme::Iid, Scheme::Wild, Scheme::Block { length: 5 }, Scheme::Stationary { length: 5.0 }];
    for usual in all_kernels(gpu) {
        let limits = DeviceLimits { tile: 100_000, ..usual };
        let mut resampler = Resampler::new(gpu, limits);
        let mut was_larger = false;
        for scheme in schemes {
            for (days, samples) in [(&large[..], 150), (&small[..], 90), (&long[..], 20), (&small[..], 500)] {
                let allowed = |days| plan::device_bytes(&wave_of(days), &limits, &scheme) + UNCOUNTED;
                let sums = on_resampler(&mut resampler, days, &scheme, 3, samples);
                assert_sums_equal_cpu(&sums, days, &scheme, 3, samples);
                let bytes: u64 = kept(&resampler).iter().map(wgpu::Buffer::size).sum();
                assert!(bytes <= allowed(days), "{bytes} bytes, {} allowed: {scheme:?}", allowed(days));
                was_larger |= bytes > allowed(&small);
            }
        }
        assert!(was_larger, "no wave needed more than the small one may keep: the test tests nothing");
    }
}

fn a_wave_that_failed_leaves_no_buffers(gpu: &Gpu) {
    let days = [day(20_070_103, 385, 12), day(20_070_104, 23, 12)];
    let limits = DeviceLimits { tile: 4096, ..device_limits(gpu) };
    let mut resampler = Resampler::new(gpu, limits);
    let expected = on_resampler(&mut resampler, &days, &Scheme::Iid, 1, 100);
    // A panic while sums are mapped, and other tiles on their way.
    let fails = std::panic::AssertUnwindSafe(|| {
        let _ = resampler.resample(&wave_of(&days), &days, &Scheme::Iid, 1, 100, |_| {
            std::panic::resume_unwind(Box::new("on purpose"));
        });
    });
    assert!(std::panic::catch_unwind(fails).is_err());
    assert!(kept(&resampler).is_empty());
    assert!(on_resampler(&mut resampler, &days, &Scheme::Iid, 1, 100) == expected);
}

fn a_wave_ends_where_it_is_told_to(gpu: &Gpu) {
    let days = [day(20_070_103, 385, 12), day(20_070_104, 23, 12)];
    let limits = DeviceLimits { tile: 4096, ..device_limits(gpu) };
    let tiles = plan::tiles(&wave_of(&days), 100, &limits, &Scheme::Iid).len();
    let mut resampler = Resampler::new(gpu, limits);
    let expected = on_resampler(&mut resampler, &days, &Scheme::Iid, 1, 100);
    for last in [1, 2, tiles - 1, tiles] {
        let mut taken = 0;
        let take = |_: &[(usize, Chunk<'_>)]| {
            taken += 1;
            if taken == last { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        };
        resampler.resample(&wave_of(&days), &days, &Scheme::Iid, 1, 100, take).unwrap();
        assert_eq!(taken, last, "of {tiles}");
        assert!(on_resampler(&mut resampler, &days, &Scheme::Iid, 1, 100) == expected);
    }
}

fn pieces_come_back_one_after_another(gpu: &Gpu) {
    let [mut one, mut other] = ["one", "other"].map(Buffer::storage);
    let (one, other) = (one.hold(gpu, 32).unwrap(), other.hold(gpu, 32).unwrap());
    let mut staging = Buffer::staging("staging");
    let mut fetch = |pieces: &[Piece<'_>], work: &dyn Fn(&mut Recorder<'_>)| -> Vec<u32> {
        gpu.fetch("testing", work, pieces, &mut staging, bytemuck::pod_collect_to_vec).unwrap()
    };
    let pieces = [Piece { buffer: &other, first: 8, bytes: 8 }, Piece { buffer: &one, first: 0, bytes: 12 }];
    let upload = |recorder: &mut Recorder<'_>| {
        recorder.upload(&one, &[1_u32, 2, 3, 4, 5, 6, 7, 8]);
        recorder.upload(&other, &[11_u32, 12, 13, 14, 15, 16, 17, 18]);
    };
    assert_eq!(fetch(&pieces, &upload), [13, 14, 1, 2, 3]);
    // Fewer bytes, of the larger staging buffer that is kept; and what was there is still there.
    assert_eq!(fetch(&pieces[..1], &|_| ()), [13, 14]);
    assert_eq!(fetch(&pieces, &|recorder| recorder.clear(&other)), [0, 0, 1, 2, 3]);
}

/// Destroys the device, and then asks for everything that waits for one.
fn a_lost_device_is_an_error_wherever_it_is_waited_for(gpu: &Gpu) {
    use wgpu::BufferUsages as Usage;
    let days = [day(20_070_103, 385, 2)];
    let wave = [batch(0, &days[0])];
    let mut resampler = Resampler::new(gpu, device_limits(gpu));
    resampler.resample(&wave, &days, &Scheme::Iid, 0, 10, |_| ControlFlow::Continue(())).unwrap();
    let mut summer = UniformSummer::new(gpu).unwrap();
    let staging = gpu.buffer("staging", 16, Usage::MAP_READ | Usage::COPY_DST).unwrap();
    let submission = gpu.checked("nothing", |_, queue| queue.submit([])).unwrap();

    let lost = |what: &str, result: Result<(), GpuError>| {
        assert!(matches!(result, Err(GpuError::Lost { .. })), "{what}: {result:?}");
    };
    lost(
        "destroying",
        gpu.checked("destroying", |device, _| device.destroy()).and_then(|()| gpu.finish("at once")),
    );
    lost("waiting", gpu.wait("waiting", submission.clone()));
    lost("finishing", gpu.finish("finishing"));
    lost("reading", gpu.read(&staging, 16, submission, |_| ()));
    lost("compiling", gpu.kernel("philox", PROBE, &[]).map(drop));
    lost("a buffer", gpu.buffer("one more", 16, Usage::STORAGE).map(drop));
    lost("parameters", Parameters::new(gpu, &[0_u32]).map(drop));
    lost("uniform sums", summer.sum(100, 0, None).map(drop));
    let resampled =
        resampler.resample(&wave, &days, &Scheme::Iid, 0, 10, |_| panic!("a lost device gave sums"));
    assert!(matches!(resampled, Err(Error::Gpu(GpuError::Lost { .. }))), "{resampled:?}");
}

/// A test with a driver that crashes, which a C compiler makes; ignored where there is none.
fn crashing_driver(name: &str, test: fn(&CrashingDriver)) -> Trial {
    let compiler = Command::new("cc").arg("--version").output().is_ok_and(|output| output.status.success());
    let possible = cfg!(target_os = "linux") && compiler;
    let run = move || match possible {
        true => {
            test(&CrashingDriver::new());
            Ok(())
        }
        false => Err(Failed::from("no C compiler (cc) on Linux, and BELLWETHER_REQUIRE_GPU=1")),
    };
    Trial::test(name, run).with_ignored_flag(!possible && !adapters::required())
}

/// A Vulkan driver that crashes when the loader starts it.
struct CrashingDriver {
    folder: tempfile::TempDir,
}

impl CrashingDriver {
    fn new() -> Self {
        const SOURCE: &str = "
            #include <stdlib.h>
            void *vk_icdGetInstanceProcAddr(void *instance, const char *name) { abort(); }
            int vk_icdNegotiateLoaderICDInterfaceVersion(unsigned *version) { abort(); }
        ";
        let folder = tempfile::tempdir().unwrap();
        let [source, library] = ["crash.c", "libcrash.so"].map(|name| folder.path().join(name));
        std::fs::write(&source, SOURCE).unwrap();
        let compiled =
            Command::new("cc").args(["-shared", "-fPIC", "-w", "-o"]).args([&library, &source]).output();
        assert!(compiled.unwrap().status.success());
        let icd = serde_json::json!({ "library_path": library, "api_version": "1.2.0" });
        let manifest = serde_json::json!({ "file_format_version": "1.0.0", "ICD": icd });
        std::fs::write(folder.path().join("crash.json"), manifest.to_string()).unwrap();
        Self { folder }
    }

    fn manifest(&self) -> PathBuf {
        self.folder.path().join("crash.json")
    }

    /// The program where the Vulkan loader finds this driver and then `others`.
    fn run(&self, others: &[PathBuf], arguments: &str) -> Output {
        let files = std::env::join_paths([self.manifest()].iter().chain(others)).unwrap();
        let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
        command.args(arguments.split_whitespace()).current_dir(env!("CARGO_MANIFEST_DIR"));
        command.env("VK_DRIVER_FILES", &files).env("VK_ICD_FILENAMES", &files).output().unwrap()
    }
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn a_driver_that_crashes_is_left_out(driver: &CrashingDriver) {
    let complaint =
        format!("the Vulkan driver of {} crashed when it was started", driver.manifest().display());
    // Named: an error that says what is known.
    let named = driver.run(&[], "bootstrap data/sample -B 10 --device Vulkan");
    assert_eq!(named.status.code(), Some(1), "{named:?}");
    let error = text(&named.stderr);
    assert!(
        error.contains("bellwether: no adapter named \"Vulkan\"") && error.contains(&complaint),
        "{error}"
    );
    assert!(named.stdout.is_empty());
    // Lists and races go on without it.
    let list = driver.run(&[], "devices");
    assert!(list.status.success() && text(&list.stdout).contains(&complaint), "{list:?}");
    let race = driver.run(&[], "compare uniform --size 10 --devices one,adapters --min-runs 1 --min-time 0");
    assert!(race.status.success() && text(&race.stderr).contains(&complaint), "{race:?}");
}

/// Every usable Vulkan adapter stays in the list, and works, with a crashing driver beside its own.
fn other_drivers_go_on_beside_it(driver: &CrashingDriver) {
    let others = bellwether::gpu::probe::manifests();
    let list = driver.run(&others, "devices");
    let (list, error) = (text(&list.stdout), text(&list.stderr));
    assert!(list.contains(&format!("{} crashed", driver.manifest().display())), "{list}{error}");
    let race =
        driver.run(&others, "compare uniform --size 50 --devices one,adapters --min-runs 1 --min-time 0");
    assert!(race.status.success(), "{race:?}");
    let table = text(&race.stdout);
    let usable = adapters::usable().into_iter().filter(|entry| entry.info.backend == wgpu::Backend::Vulkan);
    for entry in usable {
        let listed = format!(": {}\n   backend    Vulkan", entry.info.name);
        assert!(list.contains(&listed), "{listed} is not in\n{list}{error}");
        assert!(table.contains(&entry.label()), "{} is not in\n{table}", entry.label());
    }
}
