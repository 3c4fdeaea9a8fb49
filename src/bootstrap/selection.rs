//! What is kept of a cell's resamples while they come in: the tails of pivots, or all statistics.

use std::ops::Range;

use crate::columns::Column;
use crate::interval::distribution::{At, Distribution, Sample};
use crate::interval::tails::{Tails, held};
use crate::interval::{Estimate, Pivot, Quantile, Resampled, key, number};
use crate::resample::{Chunk, Word};

/// What an interval, or some that share it, need of a cell's resamples.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Need {
    /// The quantiles of a pivot at two levels.
    Tails(Pivot, [f64; 2]),
    /// All θ*.
    All,
}

impl Need {
    /// Numbers that are held of `count`: those of as many bytes as a column's joined sum has where
    /// quantiles of sums are selected, and bytes beside them.
    pub(super) fn held(self, count: u32, selects_sums: bool) -> [u64; 2] {
        match self {
            Self::Tails(Pivot::Statistic, levels) if selects_sums => [held(count as usize, levels) as u64, 0],
            Self::Tails(_, levels) => [0, 8 * held(count as usize, levels) as u64],
            // The statistics in order, and their keys while quantiles are selected.
            Self::All => [0, 16 * u64::from(count)],
        }
    }
}

/// What is kept of a cell's resamples for one need.
#[derive(Debug)]
pub(super) enum Selection {
    /// Tails of the only column's sums.
    Sums(ColumnTails),
    /// Tails of a pivot, as integers in the same order.
    Pivots(Pivot, Tails<u64>),
    /// All statistics, in the order of the resamples from this one on.
    All(u32, Vec<f64>),
}

/// What a part of the resamples has for one need: all that can still matter.
#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Carried {
    /// The smallest and the largest numbers, each in increasing order.
    Tails([Vec<f64>; 2]),
    /// All of them, in the order of the resamples.
    All(Vec<f64>),
}

impl Selection {
    /// Of the resamples numbered `samples` of `count`; `column` is the cell's first.
    pub(super) fn new(
        need: Need,
        samples: &Range<u32>,
        count: u32,
        column: &Column,
        selects_sums: bool,
    ) -> Self {
        let (count, coming) = (count as usize, samples.len());
        match need {
            Need::Tails(Pivot::Statistic, levels) if selects_sums => {
                Self::Sums(ColumnTails::new(column, count, levels, coming))
            }
            Need::Tails(pivot, levels) => Self::Pivots(pivot, Tails::of_some(count, levels, coming)),
            Need::All => Self::All(samples.start, vec![f64::NAN; coming]),
        }
    }

    /// Takes the resamples of a chunk: their sums, or what was computed of them. `first` is the number of the
    /// first.
    pub(super) fn push(
        &mut self,
        estimate: &Estimate,
        column: &Column,
        chunk: &Chunk<'_>,
        resampled: &[Resampled],
    ) {
        match self {
            Self::Sums(tails) => tails.push(column, chunk),
            Self::Pivots(pivot, tails) => {
                let keys: Vec<u64> =
                    resampled.iter().map(|resample| key(pivot.of(estimate, resample))).collect();
                tails.push(&keys);
            }
            Self::All(start, values) => {
                let first = (chunk.first() - *start) as usize;
                for (value, resample) in values[first..].iter_mut().zip(resampled) {
                    *value = resample.value;
                }
            }
        }
    }

    /// The distribution of the pivot, when all resamples have come. `of_sum` gives a column's sum its
    /// statistic, and must not decrease.
    pub(super) fn distribution(self, column: &Column, of_sum: impl Fn(f64) -> f64) -> Box<dyn Distribution> {
        match self {
            Self::Sums(tails) => Box::new(tails.quantiles(column, of_sum)),
            Self::Pivots(_, tails) => Box::new(at(tails, number)),
            Self::All(_, values) => Box::new(Sample::new(&values)),
        }
    }

    /// What those of all resamples that came have, `came` of them; `of_sum` as above.
    pub(super) fn carried(self, came: usize, column: &Column, of_sum: impl Fn(f64) -> f64) -> Carried {
        match self {
            Self::Sums(tails) => Carried::Tails(tails.kept(came, column, of_sum)),
            Self::Pivots(_, tails) => {
                Carried::Tails(tails.kept(came).map(|keys| keys.into_iter().map(number).collect()))
            }
            Self::All(_, values) => Carried::All(values),
        }
    }
}

/// The distribution of all `count` resamples, from what the parts have of them, in order, each with the
/// number of its resamples. Nothing where they do not fit together.
pub(super) fn joined(need: Need, count: u32, parts: &[(usize, &Carried)]) -> Option<Box<dyn Distribution>> {
    match need {
        Need::All => {
            let mut all = Vec::with_capacity(count as usize);
            for (_, part) in parts {
                let Carried::All(values) = part else { return None };
                all.extend_from_slice(values);
            }
            (all.len() == count as usize).then(|| Box::new(Sample::new(&all)) as Box<dyn Distribution>)
        }
        Need::Tails(_, levels) => {
            if parts.iter().map(|(came, _)| came).sum::<usize>() != count as usize {
                return None;
            }
            let mut tails = Tails::<u64>::new(count as usize, levels);
            for (came, part) in parts {
                let Carried::Tails([smallest, largest]) = part else { return None };
                let keys = |values: &[f64]| values.iter().copied().map(key).collect::<Vec<u64>>();
                tails.absorb(*came, [&keys(smallest), &keys(largest)]);
            }
            Some(Box::new(at(tails, number)))
        }
    }
}

fn at<K: Word>(tails: Tails<K>, value: impl Fn(K) -> f64) -> At {
    let levels = tails.levels();
    let quantiles: [Quantile; 2] = tails.quantiles(value);
    At { levels, quantiles }
}

/// The tails of one column's sums, as integers that are wide enough for them.
#[derive(Debug)]
pub(super) enum ColumnTails {
    Word(Tails<u32>),
    Double(Tails<u64>),
    Quadruple(Tails<u128>),
}

impl ColumnTails {
    fn new(column: &Column, count: usize, levels: [f64; 2], coming: usize) -> Self {
        match column.limbs.len() {
            1 => Self::Word(Tails::of_some(count, levels, coming)),
            _ if column.joins_in_64_bits() => Self::Double(Tails::of_some(count, levels, coming)),
            _ => Self::Quadruple(Tails::of_some(count, levels, coming)),
        }
    }

    /// The statistics of what is kept, which increase with the sums.
    fn kept(self, came: usize, column: &Column, of_sum: impl Fn(f64) -> f64) -> [Vec<f64>; 2] {
        fn values<K: Word>(keys: [Vec<K>; 2], value: impl Fn(u128) -> f64) -> [Vec<f64>; 2] {
            keys.map(|keys| keys.into_iter().map(|key| value(key.into())).collect())
        }
        let value = |total: u128| of_sum(column.value_of(total));
        match self {
            Self::Word(tails) => values(tails.kept(came), value),
            Self::Double(tails) => values(tails.kept(came), value),
            Self::Quadruple(tails) => values(tails.kept(came), value),
        }
    }

    fn push(&mut self, column: &Column, chunk: &Chunk<'_>) {
        match self {
            Self::Word(tails) => tails.push_sums(column, chunk),
            Self::Double(tails) => tails.push_sums(column, chunk),
            Self::Quadruple(tails) => tails.push_sums(column, chunk),
        }
    }

    fn quantiles(self, column: &Column, of_sum: impl Fn(f64) -> f64) -> At {
        match self {
            Self::Word(tails) => at(tails, |total| of_sum(column.value_of(total.into()))),
            Self::Double(tails) => at(tails, |total| of_sum(column.value_of(total.into()))),
            Self::Quadruple(tails) => at(tails, |total| of_sum(column.value_of(total))),
        }
    }
}
