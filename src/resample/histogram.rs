//! A histogram of a stream of resampled sums, of which none is held.
//!
//! The resamples of a day can be drawn again and again, the same each time. So a histogram takes two passes:
//! the first finds the smallest and the largest, the second counts how many lie in each of the bins of equal
//! width between them,
//!
//! ```text
//! bin of x = min(⌊(x − low) / width⌋, bins − 1),   width = (high − low) / bins
//! ```
//!
//! Numbers that are not finite are in no bin. Both are the same in any order. Memory is that of the day's
//! columns and of a chunk of sums for each thread, as for the intervals themselves, however many resamples
//! there are.

use std::ops::ControlFlow;
use std::sync::{Mutex, PoisonError};

use crate::columns::DayColumns;
use crate::error::Result;
use crate::resample::{Chunk, Scheme, cpu};

/// What hands over the statistics of a chunk's resamples, one by one.
pub(crate) type OfChunk<'a> = dyn Fn(&Chunk<'_>, &mut dyn FnMut(f64)) + Sync + 'a;

/// How many numbers lie in each of some bins of equal width.
#[derive(Debug, Clone, PartialEq)]
pub struct Histogram {
    /// The smallest number.
    pub low: f64,
    /// The largest.
    pub high: f64,
    /// Numbers in each bin, from `low` to `high`.
    pub counts: Vec<u64>,
}

impl Histogram {
    /// The histogram of `values`, in so many `bins`.
    pub fn new(values: &[f64], bins: usize) -> Self {
        let mut histogram = Self::empty(bins);
        histogram.stretch(values.iter().copied());
        histogram.count(values.iter().copied());
        histogram
    }

    /// The histogram of the statistics of a day's resamples 0..`samples`, which `of_chunk` hands over for
    /// each chunk of sums, by the current Rayon pool.
    ///
    /// # Errors
    ///
    /// As [`cpu::resample_each`].
    pub(crate) fn of_resamples(
        columns: &DayColumns,
        scheme: &Scheme,
        seed: u64,
        samples: u32,
        bins: usize,
        of_chunk: &OfChunk<'_>,
    ) -> Result<Self> {
        let whole = Mutex::new(Self::empty(bins));
        let pass = |take: fn(&mut Self, f64)| {
            cpu::resample_each(columns, scheme, seed, 0..samples, |chunk: &Chunk<'_>, _| {
                // A thread that panicked while it held the lock brings the whole run to its end.
                let mut histogram = whole.lock().unwrap_or_else(PoisonError::into_inner);
                of_chunk(chunk, &mut |value| take(&mut histogram, value));
                ControlFlow::Continue(())
            })
        };
        pass(|histogram, value| histogram.stretch([value].into_iter()))?;
        pass(|histogram, value| histogram.count([value].into_iter()))?;
        Ok(whole.into_inner().unwrap_or_else(PoisonError::into_inner))
    }

    /// Of no numbers.
    fn empty(bins: usize) -> Self {
        Self { low: f64::INFINITY, high: f64::NEG_INFINITY, counts: vec![0; bins.max(1)] }
    }

    /// Width of a bin; where all numbers are equal the least that there is.
    pub fn width(&self) -> f64 {
        ((self.high - self.low) / self.counts.len() as f64).max(f64::MIN_POSITIVE)
    }

    /// Moves the ends out to `values`.
    fn stretch(&mut self, values: impl Iterator<Item = f64>) {
        for value in values.filter(|value| value.is_finite()) {
            (self.low, self.high) = (self.low.min(value), self.high.max(value));
        }
    }

    /// Counts `values`, which lie between the ends.
    fn count(&mut self, values: impl Iterator<Item = f64>) {
        let (width, last) = (self.width(), self.counts.len() - 1);
        for value in values.filter(|value| value.is_finite()) {
            self.counts[(((value - self.low) / width) as usize).min(last)] += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use jiff::civil::date;
    use ndarray::Array2;

    use super::*;
    use crate::bootstrap::Bootstrap;
    use crate::panel::DayReturns;

    #[test]
    fn numbers_are_counted_where_they_lie() {
        let histogram = Histogram::new(&[1.0, 2.0, 2.5, 4.9, 5.0], 4);
        assert_eq!((histogram.low, histogram.high), (1.0, 5.0));
        assert_eq!(histogram.counts, [1, 2, 0, 2]);
        assert_eq!(Histogram::new(&[3.0; 7], 2).counts, [7, 0]);
        assert_eq!(Histogram::new(&[0.0; 7], 2).counts, [7, 0]);
        assert_eq!(Histogram::new(&[], 3).counts, [0; 3]);
        let of_logarithms = Histogram::new(&[f64::NEG_INFINITY, -2.0, -1.0, f64::NAN], 2);
        assert_eq!((of_logarithms.low, of_logarithms.counts), (-2.0, vec![1, 1]));
    }

    /// The stream's histogram is that of all resamples held, of the first stock, with several chunks.
    #[test]
    fn the_histogram_of_the_stream_is_that_of_the_held_resamples() {
        let returns =
            Array2::from_shape_fn((40, 2), |(row, stock)| ((row * 7 + 3 * stock) % 11) as f64 * 1e-3);
        let day = DayReturns::new(date(2007, 1, 3), returns);
        for samples in [1, 17, 5000] {
            let bootstrap = Bootstrap::new(samples, 0.99, 3).unwrap();
            let held = bootstrap.resampled(&day).unwrap();
            let expected = Histogram::new(&held.column(0).to_vec(), 63);
            let histogram = bootstrap.histogram(&day, 63).unwrap();
            assert_eq!(histogram, expected, "{samples} samples");
            assert_eq!(histogram.counts.iter().sum::<u64>(), u64::from(samples));
        }
        // The perturbed twin: another seed.
        let [one, other] =
            [3, 4].map(|seed| Bootstrap::new(5000, 0.99, seed).unwrap().histogram(&day, 63).unwrap());
        assert_ne!(one, other);
    }
}
