//! Exact quantiles of all cells of the shipped sample, on one thread and on two.
//!
//! Throughput is in cells (a day and a stock). `cargo bench --bench exact`.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a failed benchmark is a panic; criterion's macros have no docs"
)]

use bellwether::exact::SumLaw;
use bellwether::jobs::Jobs;
use bellwether::panel::{LoadOptions, load};
use criterion::{Criterion, Throughput, criterion_group, criterion_main};
use rayon::prelude::*;

fn quantiles(c: &mut Criterion) {
    let loaded = load(&["data/sample".into()], &LoadOptions::default(), &Jobs::new()).unwrap();
    let cells: Vec<Vec<f64>> = loaded
        .panel
        .returns()
        .days
        .iter()
        .flat_map(|day| {
            day.returns.columns().into_iter().map(|r| r.iter().map(|r| r * r).collect()).collect::<Vec<_>>()
        })
        .collect();
    let mut group = c.benchmark_group("exact");
    group.throughput(Throughput::Elements(cells.len() as u64));
    for threads in [1, 2] {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        group.bench_function(format!("quantiles, {threads} threads"), |b| {
            b.iter(|| {
                pool.install(|| {
                    cells
                        .par_iter()
                        .map(|cell| SumLaw::iid(cell).unwrap().quantiles(&[0.005, 0.995]).unwrap())
                        .collect::<Vec<_>>()
                })
            });
        });
    }
    group.finish();
}

criterion_group!(benches, quantiles);
criterion_main!(benches);
