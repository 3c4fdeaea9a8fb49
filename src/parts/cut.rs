//! How a run is cut into parts of equal work: pure arithmetic on weights.
//!
//! The work lies on a line: pieces of the weights w₁, w₂, …, one after the other, which sum to W. Part i of N
//! is to have the share [(i−1) W/N, i W/N) of it, and has those pieces whose middle lies there:
//!
//! ```text
//! part of piece k = ⌊N (2 s + w_k) / 2W⌋ + 1,   s = w₁ + … + w_{k−1}
//! ```
//!
//! So every piece is in one part, whatever order anyone looks at them in, and a part's work differs from W/N
//! by less than the largest piece: half of one at either end. Integers throughout: no rounding lets two parts
//! disagree on a piece.

use std::ops::Range;
use std::str::FromStr;

use crate::error::{Error, Result};

/// Most parts of a run: as many tasks as an array of a cluster may have by far.
pub const MOST: u64 = 1_000_000;

/// Part number i of N.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Part {
    number: u64,
    of: u64,
}

impl Part {
    /// Part `number`, from 1, of `of`.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where there is no such part.
    ///
    /// # Examples
    ///
    /// ```
    /// use bellwether::parts::Part;
    ///
    /// let part = Part::new(2, 4)?;
    /// assert_eq!(part.samples(10), 2..5);
    /// assert_eq!("2/4".parse::<Part>()?, part);
    /// # Ok::<(), bellwether::Error>(())
    /// ```
    pub fn new(number: u64, of: u64) -> Result<Self> {
        if number == 0 || number > of || of > MOST {
            return Err(Error::Parameter {
                name: "part",
                value: format!("{number}/{of}"),
                requirement: format!("parts are numbered from 1, as in 3/8; at most {MOST}"),
            });
        }
        Ok(Self { number, of })
    }

    /// Its number, from 1.
    pub fn number(self) -> u64 {
        self.number
    }

    /// How many parts there are.
    pub fn of(self) -> u64 {
        self.of
    }

    /// Whether it has the piece of the weight `weight` that begins at `start` of the line's `total`.
    pub fn has(self, total: u64, start: u64, weight: u64) -> bool {
        number_of(self.of, total, start, weight) == self.number
    }

    /// Whether any point from `start` to `start + weight` is in its share of the line's `total`, the ends of
    /// both included.
    pub fn touches(self, total: u64, start: u64, weight: u64) -> bool {
        let (of, total) = (u128::from(self.of), u128::from(total));
        let share = [u128::from(self.number - 1) * total, u128::from(self.number) * total];
        let piece = [u128::from(start) * of, (u128::from(start) + u128::from(weight)) * of];
        piece[0] <= share[1] && piece[1] >= share[0]
    }

    /// Its share of `count` samples: as many as any other part has, or one more or less.
    pub fn samples(self, count: u32) -> Range<u32> {
        let at = |number: u64| (u128::from(count) * u128::from(number) / u128::from(self.of)) as u32;
        at(self.number - 1)..at(self.number)
    }
}

/// The number, from 1, of the part of so many that has the piece of this weight at `start` of the line.
pub fn number_of(of: u64, total: u64, start: u64, weight: u64) -> u64 {
    let middle = 2 * u128::from(start) + u128::from(weight);
    let number = (middle * u128::from(of)).checked_div(2 * u128::from(total)).unwrap_or(0);
    // The end of the line, where the last pieces weigh nothing.
    (number as u64).min(of - 1) + 1
}

impl FromStr for Part {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let numbers =
            text.split_once('/').and_then(|(number, of)| Some((number.parse().ok()?, of.parse().ok()?)));
        match numbers {
            Some((number, of)) => Self::new(number, of),
            None => Err(Error::Parameter {
                name: "part",
                value: text.to_owned(),
                requirement: "write its number and how many there are, as in 3/8".into(),
            }),
        }
    }
}

/// The work of each of `of` parts, where pieces have these weights.
pub fn work(weights: &[u64], of: u64) -> Vec<u64> {
    let total = weights.iter().sum();
    let (mut work, mut start) = (vec![0; of as usize], 0);
    for &weight in weights {
        work[number_of(of, total, start, weight) as usize - 1] += weight;
        start += weight;
    }
    work
}

/// How much more than the mean the part with most work has, as a share of the mean.
pub fn excess(work: &[u64]) -> f64 {
    let total: u64 = work.iter().sum();
    let most = work.iter().copied().max().unwrap_or(0);
    if total == 0 { 0.0 } else { most as f64 * work.len() as f64 / total as f64 - 1.0 }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn parts_are_numbered_from_one() {
        for text in ["0/4", "5/4", "1/0", "1/1000001", "1", "a/b", "-1/4", "1/4/2", ""] {
            assert!(text.parse::<Part>().unwrap_err().to_string().contains("as in 3/8"), "{text}");
        }
        assert_eq!(work(&[1, 1, 1, 1], 2), [2, 2]);
        assert_eq!(work(&[6, 1, 1], 4), [0, 6, 0, 2]);
        assert_eq!((excess(&[2, 2]), excess(&[3, 1]), excess(&[0])), (0.0, 0.5, 0.0));
    }

    proptest! {
        /// Every piece is in one part, which touches it, and no part has much more than its share.
        #[test]
        fn every_piece_is_in_one_part(weights in prop::collection::vec(0_u64..1000, 1..60), of in 1_u64..70) {
            let total: u64 = weights.iter().sum();
            let mut start = 0;
            for &weight in &weights {
                let parts = (1..=of).map(|number| Part::new(number, of).unwrap());
                let having: Vec<Part> = parts.filter(|part| part.has(total, start, weight)).collect();
                prop_assert_eq!(having.len(), 1);
                prop_assert!(having[0].touches(total, start, weight));
                start += weight;
            }
            let largest = weights.iter().copied().max().unwrap_or(0);
            for work in work(&weights, of) {
                prop_assert!(work * of <= total + largest * of, "{} of {}", work, total);
            }
        }

        #[test]
        fn samples_are_shared_out(count in any::<u32>(), of in 1_u64..1000) {
            let mut end = 0;
            for number in 1..=of {
                let samples = Part::new(number, of).unwrap().samples(count);
                prop_assert_eq!(samples.start, end);
                end = samples.end;
            }
            prop_assert_eq!(end, count);
        }
    }
}
