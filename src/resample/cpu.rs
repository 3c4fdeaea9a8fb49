//! Resampled column sums on the CPU: Rayon over chunks of samples, vectors within.
//!
//! Eight samples go together. Their draws are made with the samples in the lanes of a vector, block by block
//! of the stream ([`RowRange::draw_block`]); each sample's rows are added with the day's columns in the
//! lanes, two blocks behind the drawing ([`super::draws`]). The work for a day with n rows of W words is, a
//! sample, n/64 vector Philox blocks and n loads and additions of W words; the floor is the n·W/16 loads of a
//! cache line. [`crate::vector`] compiles it for the vectors that the machine has.
//!
//! Other schemes: blocks are draws from a table of their sums (`table.rs`), the wild bootstrap has
//! [`super::wild`], the stationary one `stationary.rs`.
//!
//! Twin: `shaders/resample.wgsl`, whose kernels `single` and `line` are `single` and `lines` here; and with a
//! table of blocks `shaders/block.wgsl`. The GPU's kernel for short days has a twin of its own,
//! [`super::tally`].

use std::ops::{ControlFlow, Range};
use std::time::{Duration, Instant};

use rayon::prelude::*;

use super::draws::{AHEAD, Draws, RING, Table};
use super::plan::chunk_samples;
use super::stationary::{StationaryChunk, StationaryDay};
use super::wild::{WildChunk, WildDay};
use super::{Chunk, Scheme, Sums};
use crate::columns::{DayColumns, LINE};
use crate::error::Result;
use crate::random::index::RowRange;
use crate::vector::{Lanes, Vectorized, Vectors, WIDE_LANES};

/// The sums of all columns of `day` over the resamples numbered `samples`, computed by the current Rayon
/// pool, all held.
///
/// # Errors
///
/// [`Error::Parameter`](crate::Error::Parameter) where the scheme does not suit the day ([`Scheme::check`]).
pub fn resample(day: &DayColumns, scheme: &Scheme, seed: u64, samples: Range<u32>) -> Result<Sums> {
    resample_with(Vectors::best(), day, scheme, seed, samples)
}

/// As [`resample`], with the vectors that are named. The sums are the same with all.
///
/// # Errors
///
/// As [`resample`].
pub fn resample_with(
    vectors: Vectors,
    day: &DayColumns,
    scheme: &Scheme,
    seed: u64,
    samples: Range<u32>,
) -> Result<Sums> {
    scheme.check(day.rows())?;
    let prepared = Prepared::new(day, scheme, seed);
    let chunks = chunks(day.row_words(), samples);
    Ok(Sums { chunks: chunks.map(|samples| prepared.sums(vectors, samples)).collect() })
}

/// Hands the sums of all columns of `day` over the resamples numbered `samples` to `take`, chunk by chunk as
/// they are ready, on the threads of the current Rayon pool, with the time each took. None is held. Chunks
/// that were not begun when `take` breaks are left out.
///
/// # Errors
///
/// As [`resample`].
pub fn resample_each(
    day: &DayColumns,
    scheme: &Scheme,
    seed: u64,
    samples: Range<u32>,
    take: impl Fn(&Chunk<'_>, Duration) -> ControlFlow<()> + Sync,
) -> Result<()> {
    scheme.check(day.rows())?;
    let prepared = Prepared::new(day, scheme, seed);
    let _ = chunks(day.row_words(), samples).try_for_each(|samples| {
        let start = Instant::now();
        let chunk = prepared.sums(Vectors::best(), samples);
        take(&chunk, start.elapsed())
    });
    Ok(())
}

/// Cuts `samples` into those of one task each.
fn chunks(row_words: usize, samples: Range<u32>) -> impl IndexedParallelIterator<Item = Range<u32>> {
    let size = chunk_samples(row_words);
    let count = samples.len().div_ceil(size as usize) as u32;
    (0..count).into_par_iter().map(move |chunk| {
        let first = samples.start + chunk * size;
        first..first.saturating_add(size).min(samples.end)
    })
}

/// A day and a scheme, and what they take that does not depend on the sample.
enum Prepared<'a> {
    /// A row of a table for each draw: iid rows, and blocks.
    Drawn {
        table: Table<'a>,
        day: &'a DayColumns,
    },
    Wild(WildDay<'a>),
    Stationary(StationaryDay<'a>),
}

impl<'a> Prepared<'a> {
    /// Of a scheme that suits the day.
    fn new(day: &'a DayColumns, scheme: &Scheme, seed: u64) -> Self {
        match *scheme {
            Scheme::Iid => Self::Drawn { table: Table::iid(day, seed), day },
            Scheme::Block { length } => Self::Drawn { table: Table::blocks(day, length, seed), day },
            Scheme::Wild => Self::Wild(WildDay::new(day, seed)),
            Scheme::Stationary { length } => Self::Stationary(StationaryDay::new(day, length, seed)),
        }
    }

    /// The sums over one chunk of samples, on the current thread.
    fn sums(&self, vectors: Vectors, samples: Range<u32>) -> Chunk<'static> {
        match self {
            Self::Drawn { table, day } => vectors.run(DrawnChunk { table, day, samples }),
            Self::Wild(wild) => vectors.run(WildChunk { wild, samples }),
            Self::Stationary(stationary) => vectors.run(StationaryChunk { stationary, samples }),
        }
    }
}

/// One chunk of samples of draws from a table.
struct DrawnChunk<'a> {
    table: &'a Table<'a>,
    day: &'a DayColumns,
    samples: Range<u32>,
}

impl Vectorized for DrawnChunk<'_> {
    type Output = Chunk<'static>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Chunk<'static> {
        let rows_per_word = RowRange::new(self.day.rows()).rows_per_word();
        match (rows_per_word, self.day.stride() / LINE, self.table.fits_eights()) {
            (2, 0, _) => self.single::<V, 2>(),
            (2, 1, _) => self.lines::<V, 2, 1>(),
            (2, 2, _) => self.lines::<V, 2, 2>(),
            (2, _, true) => self.many_lines::<V, 2, 8>(),
            (2, _, false) => self.many_lines::<V, 2, 0>(),
            (_, 0, _) => self.single::<V, 1>(),
            (_, 1, _) => self.lines::<V, 1, 1>(),
            (_, 2, _) => self.lines::<V, 1, 2>(),
            _ => self.many_lines::<V, 1, 8>(),
        }
    }
}

// Loops are written out where closures would read shorter: what is not inlined is not compiled for the
// instruction set.
impl DrawnChunk<'_> {
    /// Rows of one word.
    #[inline(always)]
    fn single<V: Lanes, const PER_WORD: usize>(&self) -> Chunk<'static> {
        let mut chunk = Chunk::new(&self.samples, self.day.row_words());
        for first in (0..self.samples.len()).step_by(WIDE_LANES) {
            let mut draws = Draws::<V::Wide, PER_WORD, 4>::new(self.table, self.samples.start + first as u32);
            let mut sums = [[0u32]; WIDE_LANES];
            draws.begin();
            for number in 0..draws.whole_blocks() {
                draws.draw(number + AHEAD);
                for (lane, [sum]) in sums.iter_mut().enumerate() {
                    draws.add_words(number, lane, 4 * PER_WORD as u32, sum);
                }
            }
            for (lane, [sum]) in sums.iter_mut().enumerate() {
                draws.add_words(draws.whole_blocks(), lane, draws.rest(), sum);
                if self.table.has_cut() {
                    draws.add_cut_word(lane, sum);
                }
            }
            chunk.store(first, 0, &sums);
        }
        chunk
    }

    /// Rows of one or two lines: the sums of eight samples stay in registers, where there are enough.
    #[inline(always)]
    fn lines<V: Lanes, const PER_WORD: usize, const LINES: usize>(&self) -> Chunk<'static> {
        let mut chunk = Chunk::new(&self.samples, self.day.row_words());
        for first in (0..self.samples.len()).step_by(WIDE_LANES) {
            let mut draws = Draws::<V::Wide, PER_WORD, 8>::new(self.table, self.samples.start + first as u32);
            let mut sums = [[V::splat(0); LINES]; WIDE_LANES];
            draws.begin();
            for number in 0..draws.whole_blocks() {
                draws.draw(number + AHEAD);
                draws.add_lines_of_all(number, 4 * PER_WORD as u32, &mut sums);
            }
            draws.add_lines_of_all(draws.whole_blocks(), draws.rest(), &mut sums);
            if self.table.has_cut() {
                draws.add_cut_lines_of_all(&mut sums);
            }
            for line in 0..LINES {
                let mut words = [[0; LINE]; WIDE_LANES];
                for (sums, words) in sums.iter().zip(&mut words) {
                    sums[line].store(words);
                }
                chunk.store(first, line * LINE, &words);
            }
        }
        chunk
    }

    /// Rows of more lines: some blocks are drawn, then their rows are added two lines at a time.
    #[inline(always)]
    fn many_lines<V: Lanes, const PER_WORD: usize, const SCALE: usize>(&self) -> Chunk<'static> {
        let mut chunk = Chunk::new(&self.samples, self.day.row_words());
        let mut sums = vec![[[0u32; LINE]; WIDE_LANES]; self.day.stride() / LINE];
        let blocks = self.table.stream_blocks();
        for first in (0..self.samples.len()).step_by(WIDE_LANES) {
            let mut draws =
                Draws::<V::Wide, PER_WORD, SCALE>::new(self.table, self.samples.start + first as u32);
            sums.fill([[0; LINE]; WIDE_LANES]);
            for start in (0..blocks).step_by(RING) {
                let end = (start + RING as u32).min(blocks);
                for number in start..end {
                    draws.draw(number);
                }
                for (pair, sums) in sums.chunks_mut(2).enumerate() {
                    for lane in 0..WIDE_LANES {
                        match sums {
                            [one, two] => {
                                let mut totals: [V; 2] = [V::load(&one[lane]), V::load(&two[lane])];
                                draws.add_blocks(start..end, lane, 2 * pair, &mut totals);
                                totals[0].store(&mut one[lane]);
                                totals[1].store(&mut two[lane]);
                            }
                            [one] => {
                                let mut totals: [V; 1] = [V::load(&one[lane])];
                                draws.add_blocks(start..end, lane, 2 * pair, &mut totals);
                                totals[0].store(&mut one[lane]);
                            }
                            _ => {}
                        }
                    }
                }
            }
            for (line, sums) in sums.iter_mut().enumerate() {
                if self.table.has_cut() {
                    for (lane, sums) in sums.iter_mut().enumerate() {
                        let mut total = [V::load(sums)];
                        draws.add_cut_lines(lane, line, &mut total);
                        total[0].store(sums);
                    }
                }
                chunk.store(first, line * LINE, sums);
            }
        }
        chunk
    }
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use ndarray::Array2;

    use super::*;

    /// Values with some spread and a jump in every third column, so that columns have one limb and more.
    fn day(rows: usize, columns: usize) -> DayColumns {
        let values = Array2::from_shape_fn((rows, columns), |(row, column)| {
            let spread = ((row * 7919 + column * 104_729) % 1009) as f64;
            let jump = if column % 3 == 1 && row == rows / 2 { 1e5 } else { 1.0 };
            1e-9 * spread * jump
        });
        DayColumns::new(20_070_103, &values).unwrap()
    }

    /// By the definition: each sample's rows in drawing order, word by word.
    fn defined(day: &DayColumns, scheme: &Scheme, seed: u64, samples: Range<u32>) -> Chunk<'static> {
        let mut chunk = Chunk::new(&samples, day.row_words());
        for (number, sample) in samples.enumerate() {
            for row in scheme.rows(day.rows(), seed, day.day(), sample) {
                for word in 0..day.row_words() {
                    let added = day.words()[row as usize * day.stride() + word];
                    let place = &mut chunk.words.to_mut()[word * chunk.samples + number];
                    *place = place.checked_add(added).expect("no sum overflows");
                }
            }
        }
        chunk
    }

    fn joined(day: &DayColumns, chunks: Vec<Chunk<'static>>) -> Vec<Vec<u128>> {
        let sums = Sums { chunks };
        day.columns().iter().map(|column| sums.joined(column)).collect()
    }

    #[test]
    fn every_instruction_set_gives_the_defined_sums() {
        // All strides, one row a word and two, whole chunks and rests, samples that fill no vector.
        for rows in [1, 2, 63, 64, 65, 385, 2012, 2049, 5000] {
            for columns in [1, 2, 3, 6, 11, 17, 30, 60] {
                let day = day(rows, columns);
                for samples in [0..1, 5..38, u32::MAX - 17..u32::MAX] {
                    if rows > 2000 && (columns > 11 || samples.start != 5) {
                        continue;
                    }
                    let expected = joined(&day, vec![defined(&day, &Scheme::Iid, 9, samples.clone())]);
                    for vectors in Vectors::available() {
                        let sums = resample_with(vectors, &day, &Scheme::Iid, 9, samples.clone()).unwrap();
                        assert_eq!(sums.samples(), samples.len());
                        let what = format!("{vectors:?}: {rows} rows, stride {}, {samples:?}", day.stride());
                        assert!(joined(&day, sums.chunks) == expected, "{what}");
                        if rows > 60 {
                            let other =
                                resample_with(vectors, &day, &Scheme::Iid, 10, samples.clone()).unwrap();
                            assert!(
                                joined(&day, other.chunks) != expected,
                                "another seed must differ, {what}"
                            );
                        }
                    }
                }
            }
        }
    }

    /// Schemes of all kinds for a day of so many rows: blocks of one row, of all, and between, with a last
    /// block that is cut and one that is not.
    fn schemes(rows: u32) -> Vec<Scheme> {
        let mut schemes = vec![Scheme::Wild];
        for length in [1, 2, 3, 5, 8, 10, 77, rows - 1, rows] {
            if (1..=rows).contains(&length) {
                schemes.push(Scheme::Block { length });
                schemes.push(Scheme::Stationary { length: length.into() });
            }
        }
        schemes.extend([1.25_f64, 4.7].map(|length| Scheme::Stationary { length: length.min(rows.into()) }));
        schemes
    }

    #[test]
    fn every_scheme_gives_the_defined_sums_with_all_vectors() {
        for rows in [1, 2, 3, 4, 5, 31, 32, 33, 64, 65, 385, 2012, 2048, 2049, 5000, 20_000] {
            for columns in [1, 2, 11, 17, 60] {
                if rows > 385 && columns > if rows > 5000 { 1 } else { 11 } {
                    continue;
                }
                let day = day(rows, columns);
                for scheme in schemes(rows as u32) {
                    for samples in [0..1, u32::MAX - 19..u32::MAX] {
                        let expected = joined(&day, vec![defined(&day, &scheme, 9, samples.clone())]);
                        for vectors in Vectors::available() {
                            let of_seed = |seed| {
                                let sums = resample_with(vectors, &day, &scheme, seed, samples.clone());
                                joined(&day, sums.unwrap().chunks)
                            };
                            let what = format!("{vectors:?}: {rows} rows, {columns} columns, {scheme:?}");
                            assert!(of_seed(9) == expected, "{what}, {samples:?}");
                            // The twin: another seed; all rows are the same whatever the seed.
                            let all = scheme == Scheme::Block { length: rows as u32 };
                            if all || rows > 60 && samples.len() > 1 && scheme.length() <= Some(10.0) {
                                assert_eq!(of_seed(10) == expected, all, "{what}, another seed");
                            }
                        }
                    }
                }
            }
        }
    }

    #[test]
    fn schemes_that_do_not_suit_the_day_are_refused() {
        let day = day(9, 2);
        for scheme in [Scheme::Block { length: 10 }, Scheme::Stationary { length: 0.5 }] {
            assert!(resample(&day, &scheme, 0, 0..5).is_err(), "{scheme:?}");
            let taken = resample_each(&day, &scheme, 0, 0..5, |_, _| panic!("{scheme:?} gave sums"));
            assert!(taken.is_err());
        }
    }

    #[test]
    fn chunks_know_their_first_resample() {
        let day = day(50, 3);
        for scheme in schemes(50).into_iter().chain([Scheme::Iid]) {
            let samples = 3000..3000 + 2 * chunk_samples(day.row_words()) + 5;
            let firsts = Mutex::new(Vec::new());
            resample_each(&day, &scheme, 0, samples.clone(), |chunk, _| {
                let own = chunk.first()..chunk.first() + chunk.samples() as u32;
                let alone = joined(&day, resample(&day, &scheme, 0, own).unwrap().chunks);
                assert_eq!(alone, joined(&day, vec![chunk.clone().into_owned()]));
                firsts.lock().unwrap().push(chunk.first());
                ControlFlow::Continue(())
            })
            .unwrap();
            let mut firsts = firsts.into_inner().unwrap();
            firsts.sort_unstable();
            let expected = [0, 1, 2].map(|number| 3000 + number * chunk_samples(day.row_words()));
            assert_eq!(firsts, expected);
        }
    }

    #[test]
    fn tasks_follow_each_other() {
        let day = day(50, 3);
        let samples = 3000..3000 + 2 * chunk_samples(3) + 5;
        let sums = resample(&day, &Scheme::Iid, 0, samples.clone()).unwrap();
        assert_eq!(sums.chunks.len(), 3);
        let expected = joined(&day, vec![defined(&day, &Scheme::Iid, 0, samples.clone())]);
        assert_eq!(joined(&day, sums.chunks), expected);

        let taken = Mutex::new(Vec::new());
        resample_each(&day, &Scheme::Iid, 0, samples, |chunk, _| {
            taken.lock().unwrap().push(chunk.clone().into_owned());
            ControlFlow::Continue(())
        })
        .unwrap();
        // In any order: compared as multisets.
        let sorted = |mut columns: Vec<Vec<u128>>| {
            columns.iter_mut().for_each(|sums| sums.sort_unstable());
            columns
        };
        assert_eq!(sorted(joined(&day, taken.into_inner().unwrap())), sorted(expected));
    }
}
