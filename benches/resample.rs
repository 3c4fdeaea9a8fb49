//! Drawing rows, and resampling on one thread: by number of stocks, length of the day and instruction set.
//!
//! Throughput is in draws of a row, whatever the number of stocks. `cargo bench --bench resample`.

#![allow(
    clippy::unwrap_used,
    missing_docs,
    reason = "a failed benchmark is a panic; criterion's macros have no docs"
)]

use bellwether::columns::DayColumns;
use bellwether::random::index::{Places, RowRange};
use bellwether::random::philox::{BlockWords, Samples};
use bellwether::random::{Purpose, Stream};
use bellwether::resample::{Scheme, cpu, scheme};
use bellwether::vector::{Lanes, Vectorized, Vectors, WIDE_LANES};
use criterion::{BenchmarkId, Criterion, Throughput, criterion_group, criterion_main};
use ndarray::Array2;

/// Squared returns of a day with some spread: `stocks` columns, the later ones with a larger largest row.
fn day(rows: usize, stocks: usize) -> DayColumns {
    let values = Array2::from_shape_fn((rows, stocks), |(row, stock)| {
        let stream = Stream { seed: 0, purpose: Purpose::Simulation, day: 20_070_103, sample: stock as u32 };
        let uniform = f64::from(stream.word(row as u32, 0)) / 2f64.powi(32);
        let jump = if row == stock && stock % 2 == 1 { 30.0 } else { 1.0 };
        1e-7 * uniform * uniform * jump
    });
    DayColumns::new(20_070_103, &values).unwrap()
}

/// A block of the stream for eight samples.
struct DrawBlock<'a> {
    range: RowRange,
    block: u32,
    places: &'a mut Places,
}

impl Vectorized for DrawBlock<'_> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let stream = Stream { seed: 0, purpose: Purpose::Rows, day: 20_070_103, sample: 0 };
        let key = Stream::key(stream.seed);
        let samples = Samples::<V::Wide>::new(0, stream.day, key);
        let words = BlockWords::new(self.block, stream.day, Stream::purpose_word(stream.purpose, 0), key);
        let block = (self.block, &words);
        match self.range.rows_per_word() {
            2 => self.range.draw_block::<V::Wide, 2>(&stream, &samples, block, 1, self.places),
            _ => self.range.draw_block::<V::Wide, 1>(&stream, &samples, block, 1, self.places),
        }
    }
}

fn draw_rows(c: &mut Criterion) {
    let mut group = c.benchmark_group("draw");
    for rows in [385u32, 23_400] {
        let range = RowRange::new(rows);
        let per_block = 4 * range.rows_per_word() as usize;
        group.throughput(Throughput::Elements((per_block * WIDE_LANES) as u64));
        let mut places = Places::default();
        for vectors in Vectors::available() {
            group.bench_function(BenchmarkId::new(format!("{vectors:?}"), rows), |b| {
                let mut block = 0u32;
                b.iter(|| {
                    block = block.wrapping_add(1);
                    vectors.run(DrawBlock { range, block, places: &mut places });
                    places[0][0]
                });
            });
        }
    }
}

fn resample(c: &mut Criterion) {
    const SAMPLES: u32 = 1024;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut group = c.benchmark_group("resample");
    for (rows, stocks) in [(385, 1), (385, 2), (385, 6), (385, 12), (385, 40), (23_400, 1)] {
        let day = day(rows, stocks);
        group.throughput(Throughput::Elements(rows as u64 * u64::from(SAMPLES)));
        for vectors in Vectors::available() {
            let id = BenchmarkId::new(format!("{vectors:?}"), format!("{rows}x{stocks}"));
            group.bench_function(id, |b| {
                b.iter(|| pool.install(|| cpu::resample_with(vectors, &day, &Scheme::Iid, 0, 0..SAMPLES)));
            });
        }
    }
}

fn schemes(c: &mut Criterion) {
    const SAMPLES: u32 = 1024;
    let pool = rayon::ThreadPoolBuilder::new().num_threads(1).build().unwrap();
    let mut group = c.benchmark_group("scheme");
    for (rows, stocks) in [(385, 1), (385, 12), (385, 40), (23_400, 1), (23_400, 12)] {
        let day = day(rows, stocks);
        group.throughput(Throughput::Elements(rows as u64 * u64::from(SAMPLES)));
        for (name, length) in [
            ("iid", None),
            ("wild", None),
            ("block", Some(5.0)),
            ("block", Some(20.0)),
            ("stationary", Some(5.0)),
            ("stationary", Some(20.0)),
        ] {
            let scheme = scheme::by_name(name, length).unwrap();
            let name = format!("{name}{}", length.map_or(String::new(), |length| format!(" of {length}")));
            group.bench_function(BenchmarkId::new(name, format!("{rows}x{stocks}")), |b| {
                b.iter(|| pool.install(|| cpu::resample(&day, &scheme, 0, 0..SAMPLES).unwrap()));
            });
        }
    }
}

criterion_group!(benches, draw_rows, resample, schemes);
criterion_main!(benches);
