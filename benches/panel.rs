//! Loading a panel from files, and its returns.
//!
//! Throughput is in bytes of CSV for loading and in prices for returns. `cargo bench --bench panel`.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a failed benchmark is a panic; criterion's macros have no docs"
)]

use bellwether::jobs::Jobs;
use bellwether::panel::{LoadOptions, load};
use bellwether::simulate::{SimulateSpec, write};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};

fn panel(c: &mut Criterion) {
    let folder = tempfile::tempdir().unwrap();
    let spec = SimulateSpec { stocks: 12, days: 63, ..SimulateSpec::default() };
    write(&spec, folder.path(), false, |_| {}).unwrap();
    let paths = [folder.path().to_path_buf()];
    let loaded = load(&paths, &LoadOptions::default(), &Jobs::new()).unwrap();

    let mut group = c.benchmark_group("panel");
    group.throughput(Throughput::Bytes(loaded.bytes));
    for threads in [1, 2] {
        let jobs = Jobs::new().threads(threads).unwrap();
        group.bench_function(format!("load, {threads} threads"), |b| {
            b.iter(|| load(&paths, &LoadOptions::default(), &jobs).unwrap());
        });
    }
    group.throughput(Throughput::Elements(loaded.prices as u64));
    group.bench_function("returns", |b| b.iter(|| loaded.panel.returns()));
}

criterion_group!(benches, panel);
criterion_main!(benches);
