//! The Bellman operator by maximizer, and whole solves by number of grid points.
//!
//! Throughput is in grid points for the operator. `cargo bench --bench growth`.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a failed benchmark is a panic; criterion's macros have no docs"
)]

use bellwether::growth::aruoba::Aruoba;
use bellwether::growth::{
    Bellman, Choice, GridSpec, Maximizer, Method, Model, Problem, Settings, Stop, solve,
};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};

fn problem(points: usize, choice: Choice) -> Problem {
    Problem::new(Model::default(), GridSpec::default().points(points), choice).unwrap()
}

fn operator(c: &mut Criterion) {
    let mut group = c.benchmark_group("bellman");
    for points in [100, 10_000] {
        group.throughput(Throughput::Elements(points as u64));
        for maximizer in
            [Maximizer::Cell, Maximizer::Golden, Maximizer::Sweep, Maximizer::Bisection, Maximizer::Brute]
        {
            let problem = problem(points, maximizer.choice());
            let value =
                solve(&problem, &Settings::for_choice(maximizer.choice()), &mut |_| {}).unwrap().value;
            let (mut next, mut policy) = (vec![0.0; points], vec![0.0; points]);
            group.bench_function(BenchmarkId::new(format!("{maximizer:?}"), points), |b| {
                let mut bellman = Bellman::new(&problem, maximizer);
                b.iter(|| bellman.apply(&value, &mut next, &mut policy));
            });
        }
    }
}

fn solves(c: &mut Criterion) {
    let mut group = c.benchmark_group("solve");
    group.sample_size(20);
    for choice in [Choice::Continuous, Choice::Grid] {
        for points in [100, 10_000, 100_000] {
            let problem = problem(points, choice);
            let accelerated = Settings::for_choice(choice);
            group.bench_function(BenchmarkId::new(format!("to 1e-6, {choice:?}"), points), |b| {
                b.iter(|| solve(&problem, &accelerated, &mut |_| {}).unwrap());
            });
        }
        let problem = problem(1000, choice);
        let plain = Settings::for_choice(choice).method(Method::Vfi).stop(Stop::Change);
        group.bench_function(BenchmarkId::new(format!("plain, {choice:?}"), 1000), |b| {
            b.iter(|| solve(&problem, &plain, &mut |_| {}).unwrap());
        });
    }
}

/// The sweep from one application to the next: plain iteration, whose policy settles, from V = 0.
fn stored(c: &mut Criterion) {
    let mut group = c.benchmark_group("plain sweep");
    group.sample_size(20);
    for points in [100, 1000, 10_000] {
        let problem = problem(points, Choice::Grid);
        group.throughput(Throughput::Elements(213 * points as u64));
        group.bench_function(BenchmarkId::new("213 applications", points), |b| {
            b.iter(|| {
                let mut bellman = Bellman::new(&problem, Maximizer::Sweep);
                let (mut value, mut next) = (vec![0.0; points], vec![0.0; points]);
                let mut policy = vec![0.0; points];
                for _ in 0..213 {
                    bellman.apply(&value, &mut next, &mut policy);
                    std::mem::swap(&mut value, &mut next);
                }
                value
            });
        });
    }
}

/// Aruoba and Fernández-Villaverde's benchmark under their rule.
fn aruoba(c: &mut Criterion) {
    let problem = Aruoba::new();
    let mut group = c.benchmark_group("aruoba");
    group.sample_size(10);
    group.bench_function("their rule", |b| b.iter(|| problem.iterate().unwrap()));
}

criterion_group!(benches, operator, solves, stored, aruoba);
criterion_main!(benches);
