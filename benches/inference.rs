//! Quantiles of resampled sums, and whole intervals by number of threads and by device.
//!
//! Throughput is in sums for quantiles, in returns drawn for intervals. `cargo bench --bench inference`.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a failed benchmark is a panic; criterion's macros have no docs"
)]

use bellwether::bootstrap::{Bootstrap, Engine, Resources};
use bellwether::gpu::{Gpu, adapters};
use bellwether::interval::tails::quantiles;
use bellwether::jobs::Jobs;
use bellwether::random::{Purpose, Stream};
use bellwether::simulate::{SimulateSpec, simulate};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn select(c: &mut Criterion) {
    let mut group = c.benchmark_group("quantiles");
    let stream = Stream { seed: 0, purpose: Purpose::Rows, day: 0, sample: 0 };
    for samples in [1000u32, 100_000] {
        let words: Vec<u32> = (0..samples).map(|word| stream.word(word, 0)).collect();
        group.throughput(Throughput::Elements(samples.into()));
        group.bench_function(BenchmarkId::new("one limb", samples), |b| {
            b.iter(|| quantiles(&words, [0.005, 0.995], f64::from));
        });
        let wide: Vec<u64> = words.iter().map(|&word| u64::from(word) << 8).collect();
        group.bench_function(BenchmarkId::new("two limbs", samples), |b| {
            b.iter(|| quantiles(&wide, [0.005, 0.995], |word| word as f64));
        });
    }
}

fn intervals(c: &mut Criterion) {
    let mut group = c.benchmark_group("intervals");
    let bootstrap = Bootstrap::new(1000, 0.99, 0).unwrap();
    let opened: Vec<Gpu> = adapters(wgpu::Backends::all())
        .into_iter()
        .filter(|entry| entry.unusable.is_none())
        .filter_map(|entry| Gpu::open(entry).ok())
        .collect();
    for stocks in [1, 12] {
        let spec = SimulateSpec { stocks, days: 21, ..SimulateSpec::default() };
        let days = simulate(&spec).unwrap().returns().days;
        group.throughput(Throughput::Elements(bootstrap.draws(&days)));
        let cores = std::thread::available_parallelism().unwrap().get();
        let mut counts = vec![1, cores];
        counts.dedup();
        for threads in counts {
            let jobs = Jobs::new().threads(threads).unwrap();
            group.bench_function(BenchmarkId::new(format!("{threads} threads"), stocks), |b| {
                let resources = Resources { jobs: &jobs, memory: 1 << 30 };
                b.iter(|| bootstrap.run(&days, &mut Engine::Cpu, &resources, &()).unwrap());
            });
        }
        let jobs = Jobs::new();
        for gpu in &opened {
            group.bench_function(BenchmarkId::new(gpu.adapter().label(), stocks), |b| {
                let resources = Resources { jobs: &jobs, memory: 1 << 30 };
                let mut engine = Engine::new(Some(gpu));
                b.iter(|| bootstrap.run(&days, &mut engine, &resources, &()).unwrap());
            });
        }
    }
}

criterion_group!(benches, select, intervals);
criterion_main!(benches);
