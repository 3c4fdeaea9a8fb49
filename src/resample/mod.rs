//! Resampling: sums of a day's columns over rows drawn at random, on the CPU and on the GPU.
//!
//! A day has n rows (returns) and some columns (a quantity a row, such as the squared return of one stock).
//! Resample b draws rows of the day by a [`Scheme`], the same for all columns: n rows i₁ … iₙ with
//! replacement, exactly uniform, in the iid bootstrap, whose sum for column v is
//!
//! ```text
//! S_b = Σⱼ v[iⱼ],   b = 0 … B−1
//! ```
//!
//! Rows come from the counter-based random stream ([`crate::random`]), values are integers
//! ([`crate::columns`]), sums of integers are equal in any order: so S_b is the same to the last bit on every
//! device and however the work is cut.
//!
//! Source: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1979; for
//! realized variance, S. Gonçalves and N. Meddahi, "Bootstrapping realized volatility", Econometrica 77(1),
//! 2009.
//!
//! Reading order: [`scheme`] (which rows), [`crate::columns`] (numbers to integers), [`cpu`] and [`gpu`] (the
//! two ways to the same sums), [`plan`] (how the work is cut to fit memory and device), [`tally`] (what the
//! GPU's kernel for short days does, in Rust).

use std::borrow::Cow;
use std::ops::{Add, Not, Range, Shl};

use crate::columns::{Column, DayColumns, Limb};

pub mod block_length;
pub mod cpu;
mod draws;
#[cfg_attr(not(feature = "gpu"), path = "no_gpu.rs")]
pub mod gpu;
pub mod histogram;
pub mod plan;
pub mod scheme;
mod stationary;
mod table;
pub mod tally;
pub mod wild;

pub use scheme::Scheme;

/// The sums over a chunk of resamples, consecutive ones that are done together: of its own, or where a device
/// put them.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Chunk<'a> {
    first: u32,
    samples: usize,
    /// Words of a row × samples.
    words: Cow<'a, [u32]>,
}

impl<'a> Chunk<'a> {
    /// Zeros for the resamples numbered `samples` of rows of so many words.
    fn new(samples: &Range<u32>, row_words: usize) -> Self {
        Self {
            first: samples.start,
            samples: samples.len(),
            words: vec![0; samples.len() * row_words].into(),
        }
    }

    /// The sums of the resamples numbered `samples` that a device put into `words`, words of a row × samples.
    #[cfg(feature = "gpu")]
    fn of_device(samples: &Range<u32>, words: &'a [u32]) -> Self {
        Self { first: samples.start, samples: samples.len(), words: words.into() }
    }

    /// The sums of the resample that has each row once, as if it were number 0.
    pub fn of_all_rows(columns: &DayColumns) -> Chunk<'static> {
        let mut chunk = Chunk::new(&(0..1), columns.row_words());
        let words = chunk.words.to_mut();
        for row in columns.words().chunks_exact(columns.stride()) {
            for (sum, word) in words.iter_mut().zip(row) {
                *sum = sum.wrapping_add(*word);
            }
        }
        chunk
    }

    /// The same sums, held.
    pub fn into_owned(self) -> Chunk<'static> {
        Chunk { first: self.first, samples: self.samples, words: self.words.into_owned().into() }
    }

    /// Number b of the first resample.
    pub fn first(&self) -> u32 {
        self.first
    }

    /// Number of resamples.
    pub fn samples(&self) -> usize {
        self.samples
    }

    /// The sums of one word of the rows, in the order of the resamples.
    pub fn sums_of(&self, word: usize) -> &[u32] {
        &self.words[word * self.samples..][..self.samples]
    }

    /// The sum of one column over resample `number` of the chunk, its limbs joined to an integer of type `K`:
    /// wide enough for every sum of the column ([`Column::joins_in_64_bits`]).
    #[inline(always)]
    pub fn sum<K: Word>(&self, column: &Column, number: usize) -> K {
        let digit = |limb: &Limb| K::from(limb.of(self.words[limb.word * self.samples + number]));
        let (first, lower) = (&column.limbs[0], &column.limbs[1..]);
        lower.iter().fold(digit(first), |total, limb| (total << limb.digit_bits) + digit(limb))
    }

    /// Adds sums to those of consecutive resamples; numbers as for [`Self::store`].
    #[inline(always)]
    fn add<const WORDS: usize>(&mut self, number: usize, first_word: usize, sums: &[[u32; WORDS]]) {
        let count = sums.len().min(self.samples - number);
        let places = self.words.to_mut().chunks_exact_mut(self.samples).skip(first_word).take(WORDS);
        for (word, places) in places.enumerate() {
            for (place, sums) in places[number..number + count].iter_mut().zip(sums) {
                *place = place.wrapping_add(sums[word]);
            }
        }
    }

    /// Hands over the sum of one column in the units of its values, resample after resample.
    pub fn for_each_value(&self, column: &Column, mut take: impl FnMut(usize, f64)) {
        match (column.unit(), &column.limbs[..]) {
            (Some(unit), [only]) => {
                for (number, &sum) in self.sums_of(only.word).iter().enumerate() {
                    take(number, f64::from(only.of(sum)) * unit);
                }
            }
            (Some(unit), [first, second]) => {
                let sums = self.sums_of(first.word).iter().zip(self.sums_of(second.word)).enumerate();
                for (number, (&one, &two)) in sums {
                    let total = (u64::from(first.of(one)) << second.digit_bits) + u64::from(second.of(two));
                    take(number, total as f64 * unit);
                }
            }
            _ => {
                for number in 0..self.samples {
                    take(number, column.value_of(self.sum(column, number)));
                }
            }
        }
    }

    /// Stores the sums of consecutive resamples, the first being `number` within the chunk, for the words
    /// from `first_word` on. Resamples beyond the chunk and words beyond the last are padding.
    #[inline(always)]
    fn store<const WORDS: usize>(&mut self, number: usize, first_word: usize, sums: &[[u32; WORDS]]) {
        let count = sums.len().min(self.samples - number);
        let places = self.words.to_mut().chunks_exact_mut(self.samples).skip(first_word).take(WORDS);
        for (word, places) in places.enumerate() {
            for (place, sums) in places[number..number + count].iter_mut().zip(sums) {
                *place = sums[word];
            }
        }
    }
}

/// The sums of a day's columns over consecutive resamples, in order, all held.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Sums {
    chunks: Vec<Chunk<'static>>,
}

impl FromIterator<Chunk<'static>> for Sums {
    fn from_iter<I: IntoIterator<Item = Chunk<'static>>>(chunks: I) -> Self {
        Self { chunks: chunks.into_iter().collect() }
    }
}

impl Sums {
    /// Number of resamples.
    pub fn samples(&self) -> usize {
        self.chunks.iter().map(|chunk| chunk.samples).sum()
    }

    /// The joined sums of one column, in the order of the resamples, as integers of type `K`: wide enough for
    /// every sum of the column ([`Column::joins_in_64_bits`]).
    pub fn joined<K: Word>(&self, column: &Column) -> Vec<K> {
        let of_chunk = |chunk: &Chunk| -> Vec<K> {
            (0..chunk.samples).map(|number| chunk.sum(column, number)).collect()
        };
        self.chunks.iter().flat_map(of_chunk).collect()
    }

    /// The chunks.
    pub fn chunks(&self) -> &[Chunk<'static>] {
        &self.chunks
    }

    /// The sums of one column in the units of its values, in the order of the resamples.
    pub fn values(&self, column: &Column) -> Vec<f64> {
        self.joined::<u128>(column).into_iter().map(|total| column.value_of(total)).collect()
    }
}

/// An integer that sums are joined in: `u32`, `u64` or `u128`.
pub trait Word: From<u32> + Into<u128> + Copy + Ord + Send
where
    Self: Shl<u32, Output = Self> + Add<Output = Self> + Not<Output = Self>,
{
}
impl Word for u32 {}
impl Word for u64 {}
impl Word for u128 {}
