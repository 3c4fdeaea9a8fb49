//! Schemes: how often each row of a day enters a resample.
//!
//! A resample of a day with n rows sums every column over some rows, a row perhaps several times; the scheme
//! says which, as a pure function of the seed, the day, the sample and n. In sums, with rows numbered from 0
//! and row numbers taken modulo n:
//!
//! ```text
//! iid         S = Σ v[i_k], k < n                                   i_k uniform
//! wild        S = Σ v[i] over the rows i in A                       each row in A with probability p
//! block       S = Σ_k Σ_t v[s_k + t], t < L_k, Σ L_k = n            s_k uniform, L_k = L but for the last
//! stationary  the same                                              s_k uniform, L_k geometric with mean L
//! ```
//!
//! **Iid** (Efron 1979): draw k is that of [`RowRange`] in the stream of
//! [`Purpose::Rows`].
//!
//! **Wild** (Gonçalves and Meddahi 2009): see [`super::wild`]. Row i is in A where word i of the stream of
//! [`Purpose::WildWeights`] is below [`THRESHOLD`](super::wild::THRESHOLD).
//!
//! **Circular blocks** (Politis and Romano 1992) of L consecutive rows, the first row following the last:
//! ⌈n/L⌉ blocks, the last cut to n − L(⌈n/L⌉ − 1) rows. Start s_k is draw k of the exactly uniform rows of
//! the stream of [`Purpose::BlockStarts`]. L = 1 has the distribution of iid; L = n gives the column's own
//! sum.
//!
//! **Stationary blocks** (Politis and Romano 1994) of mean length L: place j of the resample begins a block
//! where j = 0, or where word j of the stream of [`Purpose::StationaryLengths`] is below round(2³²/L); else
//! it takes the row after that of place j − 1. The k-th block, from 0, starts at draw k of the exactly
//! uniform rows of the stream of [`Purpose::StationaryStarts`].
//!
//! Rows that are neighbours stay neighbours within blocks, so that dependence over less than L rows is kept.
//! How long: [`super::block_length`].
//!
//! Sources: B. Efron, "Bootstrap methods: another look at the jackknife", Annals of Statistics 7(1), 1979. S.
//! Gonçalves and N. Meddahi, "Bootstrapping realized volatility", Econometrica 77(1), 2009. D. N. Politis and
//! J. P. Romano, "A circular block-resampling procedure for stationary data", in LePage and Billard (eds.),
//! "Exploring the Limits of Bootstrap", 1992; "The stationary bootstrap", JASA 89(428), 1994.

use super::wild;
use crate::error::{Error, Result};
use crate::random::index::RowRange;
use crate::random::{Purpose, Stream};

/// How often each row of a day enters a resample.
#[derive(Debug, Clone, Copy, PartialEq)]
pub enum Scheme {
    /// As many rows as the day has, drawn with replacement.
    Iid,
    /// A random subset of the rows, for external weights of two values.
    Wild,
    /// Circular blocks of a fixed length.
    Block {
        /// Rows of a block, L, 1 ≤ L ≤ n.
        length: u32,
    },
    /// Circular blocks of geometric lengths.
    Stationary {
        /// Mean number of rows of a block, L, 1 ≤ L ≤ n.
        length: f64,
    },
}

/// The schemes' names.
pub const NAMES: [&str; 4] = ["iid", "wild", "block", "stationary"];

/// The scheme of this name; blocks are of `length` rows (stationary ones on average).
///
/// # Errors
///
/// [`Error::Parameter`] for an unknown name, or a length that is lacking, of no use, below 1 or, for blocks
/// of a fixed length, no whole number.
pub fn by_name(name: &str, length: Option<f64>) -> Result<Scheme> {
    let refused =
        |requirement: String| Error::Parameter { name: "scheme", value: name.to_owned(), requirement };
    let scheme = match (name, length) {
        ("iid", None) => Scheme::Iid,
        ("wild", None) => Scheme::Wild,
        ("block", Some(length)) => {
            let whole = length as u32;
            if f64::from(whole) != length {
                return Err(bad_length(
                    length,
                    "blocks of a fixed length have a whole number of rows".into(),
                ));
            }
            Scheme::Block { length: whole }
        }
        ("stationary", Some(length)) => Scheme::Stationary { length },
        ("iid" | "wild", Some(_)) => return Err(refused("it has no blocks; leave `block` out".into())),
        ("block" | "stationary", None) => {
            return Err(refused(
                "it needs a block length; give the number of rows of a block by `block`".into(),
            ));
        }
        _ => return Err(refused(format!("there are {}", NAMES.join(", ")))),
    };
    scheme.check(u32::MAX)?;
    Ok(scheme)
}

/// The largest word that begins a stationary block of mean length `length` ≥ 1: round(2³²/L) − 1.
pub(super) fn last_beginning(length: f64) -> u32 {
    // A mean length of up to 2²⁴ rows leaves 256 words at the least; the cast saturates.
    ((4_294_967_296.0 / length).round() - 1.0) as u32
}

fn bad_length(length: f64, requirement: String) -> Error {
    Error::Parameter { name: "block", value: length.to_string(), requirement }
}

impl Scheme {
    /// Its name, of [`NAMES`].
    pub fn name(&self) -> &'static str {
        match self {
            Self::Iid => "iid",
            Self::Wild => "wild",
            Self::Block { .. } => "block",
            Self::Stationary { .. } => "stationary",
        }
    }

    /// The block length, where there is one: a mean for stationary blocks.
    pub fn length(&self) -> Option<f64> {
        match *self {
            Self::Iid | Self::Wild => None,
            Self::Block { length } => Some(length.into()),
            Self::Stationary { length } => Some(length),
        }
    }

    /// The purpose of the random stream that its rows come from.
    pub fn purpose(&self) -> Purpose {
        match self {
            Self::Iid => Purpose::Rows,
            Self::Wild => Purpose::WildWeights,
            Self::Block { .. } => Purpose::BlockStarts,
            Self::Stationary { .. } => Purpose::StationaryStarts,
        }
    }

    /// Rows that a resample of a day with `rows` rows sums at most, the same row counted as often as it
    /// comes: no sum of so many integers may overflow.
    pub fn draws(&self, rows: u32) -> u32 {
        rows
    }

    /// A column's sum over the resample, from what was summed of its rows and from its whole sum `all`. Where
    /// rows are drawn that is the sum itself; the wild scheme multiplies returns by one of two weights, and a
    /// column of such a `degree` in the returns by its power.
    #[inline(always)]
    pub fn value(&self, sum: f64, all: f64, degree: u32) -> f64 {
        match self {
            Self::Wild => match wild::factors(degree) {
                Some([of_all, of_subset]) => of_all * all + of_subset * sum,
                None => f64::NAN,
            },
            _ => sum,
        }
    }

    /// Turns of the loop that sums a resample of a day with `rows` rows: draws of rows or of blocks, or
    /// places that may begin one.
    pub(super) fn turns(&self, rows: u32) -> u32 {
        match *self {
            Self::Iid | Self::Wild | Self::Stationary { .. } => rows,
            Self::Block { length } => rows.div_ceil(length.max(1)),
        }
    }

    /// The rows of resample `sample` of `day` (YYYYMMDD), which has n = `rows` rows, in the order in which
    /// they are drawn: the definition, which the engines have faster ways to sum. The scheme must suit the
    /// day ([`Self::check`]).
    pub fn rows(&self, rows: u32, seed: u64, day: u32, sample: u32) -> Vec<u32> {
        let stream = |purpose| Stream { seed, purpose, day, sample };
        let own = stream(self.purpose());
        let range = RowRange::new(rows);
        // The k-th row from `start` on, the first row following the last.
        let after = |start: u32, k: u32| ((u64::from(start) + u64::from(k)) % u64::from(rows)) as u32;
        match *self {
            Self::Iid => range.draw_in_order(&own),
            Self::Wild => (0..rows).filter(|&row| own.word(row, 0) < wild::THRESHOLD).collect(),
            Self::Block { length } => {
                (0..rows).map(|place| after(range.draw(&own, place / length), place % length)).collect()
            }
            Self::Stationary { length } => {
                let lengths = stream(Purpose::StationaryLengths);
                let last = last_beginning(length);
                let (mut blocks, mut row) = (0, 0);
                let mut next = |place: u32| {
                    if place == 0 || lengths.word(place, 0) <= last {
                        row = range.draw(&own, blocks);
                        blocks += 1;
                    } else {
                        row = after(row, 1);
                    }
                    row
                };
                (0..rows).map(&mut next).collect()
            }
        }
    }

    /// Checks that it suits a day of `rows` rows.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where blocks are shorter than one row or longer than the day.
    pub fn check(&self, rows: u32) -> Result<()> {
        match self.length() {
            // Written so that no number fails.
            Some(length) if !(length >= 1.0 && length.is_finite()) => {
                Err(bad_length(length, "a block has one row at least".into()))
            }
            Some(length) if length > f64::from(rows) => Err(bad_length(
                length,
                format!(
                    "a day has {rows} rows, which no block may exceed; take shorter blocks or longer days"
                ),
            )),
            _ => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_and_lengths_make_schemes_or_errors() {
        assert_eq!(by_name("iid", None).unwrap(), Scheme::Iid);
        assert_eq!(by_name("wild", None).unwrap(), Scheme::Wild);
        assert_eq!(by_name("block", Some(12.0)).unwrap(), Scheme::Block { length: 12 });
        assert_eq!(by_name("stationary", Some(7.5)).unwrap(), Scheme::Stationary { length: 7.5 });
        for name in NAMES {
            let length = ["block", "stationary"].contains(&name).then_some(3.0);
            assert_eq!(by_name(name, length).unwrap().name(), name);
            // The twin: a length where there is none, and none where there is one.
            let other = if length.is_some() { None } else { Some(3.0) };
            assert!(
                by_name(name, other).unwrap_err().to_string().starts_with(&format!("scheme is {name}, but"))
            );
        }
        assert!(by_name("moving", None).unwrap_err().to_string().contains("there are iid, wild, block"));
        for length in [0.0, 0.5, -3.0, f64::NAN, f64::INFINITY, 1e30] {
            for name in ["block", "stationary"] {
                let refused = by_name(name, Some(length)).unwrap_err().to_string();
                assert!(refused.starts_with("block is "), "{refused}");
            }
        }
        assert!(by_name("block", Some(2.5)).unwrap_err().to_string().contains("whole number"));
    }

    #[test]
    fn blocks_longer_than_the_day_are_refused() {
        for (scheme, rows, suits) in [
            (Scheme::Block { length: 385 }, 385, true),
            (Scheme::Block { length: 386 }, 385, false),
            (Scheme::Block { length: 0 }, 385, false),
            (Scheme::Stationary { length: 1.0 }, 1, true),
            (Scheme::Stationary { length: 1.01 }, 1, false),
            (Scheme::Stationary { length: 0.99 }, 385, false),
            (Scheme::Iid, 1, true),
            (Scheme::Wild, 1, true),
        ] {
            assert_eq!(scheme.check(rows).is_ok(), suits, "{scheme:?}, {rows} rows");
        }
    }

    /// Pinned by values computed apart from this code (`tests/oracles/stream.py`): the first four rows, the
    /// last, and Σ (place + 1) · row.
    #[test]
    fn golden_rows() {
        let (block, stationary) = (Scheme::Block { length: 4 }, Scheme::Stationary { length: 3.5 });
        type Golden = (Scheme, u32, &'static [u32], u32, u64);
        let golden: [Golden; 9] = [
            (Scheme::Wild, 11, &[6], 6, 6),
            (block, 11, &[4, 5, 6, 7, 7, 8, 9, 10, 5, 6, 7], 7, 468),
            (stationary, 11, &[1, 2, 3, 4, 5, 6, 2, 10, 0, 1, 7], 7, 272),
            (Scheme::Wild, 385, &[6, 11, 13, 22, 24, 26], 379, 1_231_989),
            (block, 385, &[164, 165, 166, 167, 278, 279], 275, 13_965_811),
            (stationary, 385, &[42, 43, 44, 45, 46, 47, 86], 307, 13_371_969),
            (Scheme::Wild, 2500, &[6, 11, 13, 22], 2499, 394_707_350),
            (block, 2500, &[1069, 1070, 1071, 1072, 1208], 207, 4_113_029_934),
            (stationary, 2500, &[274, 275, 276, 277, 278, 279, 2417], 2408, 3_833_054_331),
        ];
        for (scheme, rows, first, last, weighted) in golden {
            let found = scheme.rows(rows, (1 << 40) + 5, 20_241_231, 3_000_000_000);
            assert_eq!(found[..first.len()], *first, "{scheme:?}, {rows}");
            assert_eq!(found.last(), Some(&last));
            let sum: u64 = (1..).zip(&found).map(|(place, &row)| place * u64::from(row)).sum();
            assert_eq!(sum, weighted, "{scheme:?}, {rows}");
        }
    }

    /// Standardized χ² of counts that are expected to be equal.
    fn standardized(counts: &[u64]) -> f64 {
        let expected = counts.iter().sum::<u64>() as f64 / counts.len() as f64;
        let chi2: f64 = counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum();
        let freedom = counts.len() as f64 - 1.0;
        (chi2 - freedom) / (2.0 * freedom).sqrt()
    }

    /// First rows of blocks are uniform, and in stationary ones places begin blocks independently, as often
    /// as they should.
    #[test]
    fn blocks_begin_uniformly_and_as_often_as_they_should() {
        let (rows, samples) = (50, 20_000);
        for length in [1.0, 2.5, 5.0, 50.0] {
            let mut schemes = vec![Scheme::Stationary { length }];
            if length != 2.5 {
                schemes.push(Scheme::Block { length: length as u32 });
            }
            for scheme in schemes {
                let (mut first, mut last) = (vec![0; rows as usize], vec![0; rows as usize]);
                // Places where the next row is not the one after, which hides one block in n.
                let mut jumps = 0;
                for sample in 0..samples {
                    let drawn = scheme.rows(rows, 3, 20_070_103, sample);
                    assert_eq!(drawn.len(), rows as usize);
                    first[drawn[0] as usize] += 1;
                    last[drawn[rows as usize - 1] as usize] += 1;
                    jumps += drawn.windows(2).filter(|pair| (pair[0] + 1) % rows != pair[1]).count();
                }
                assert!(standardized(&first).abs() < 4.0, "{scheme:?}");
                assert!(standardized(&last).abs() < 4.0, "{scheme:?}");
                let (places, hidden) = (f64::from(samples * (rows - 1)), 1.0 - 1.0 / f64::from(rows));
                if let Scheme::Stationary { .. } = scheme {
                    let share = hidden / length;
                    let error = (share * (1.0 - share) / places).sqrt();
                    assert!(
                        (jumps as f64 / places - share).abs() < 4.0 * error + 1e-9,
                        "{scheme:?}: {jumps}"
                    );
                } else {
                    let blocks = f64::from(samples * (rows.div_ceil(length as u32) - 1));
                    let error = (blocks * hidden * (1.0 - hidden)).sqrt();
                    assert!((jumps as f64 - blocks * hidden).abs() <= 4.0 * error, "{scheme:?}: {jumps}");
                }
            }
        }
    }

    /// Blocks go on with the first row after the last; blocks of all rows have each once.
    #[test]
    fn blocks_wrap_around_and_whole_ones_have_every_row_once() {
        let mut wrapped = 0;
        for sample in 0..200 {
            let drawn = Scheme::Block { length: 7 }.rows(23, 0, 20_070_103, sample);
            for block in drawn.chunks(7) {
                assert!(block.windows(2).all(|pair| (pair[0] + 1) % 23 == pair[1]), "{drawn:?}");
                wrapped += block.windows(2).filter(|pair| pair[0] == 22 && pair[1] == 0).count();
            }
            let mut whole = Scheme::Block { length: 23 }.rows(23, 0, 20_070_103, sample);
            whole.sort_unstable();
            assert_eq!(whole, (0..23).collect::<Vec<_>>());
        }
        // Of 800 blocks of up to seven rows six in 23 wrap around.
        assert!((150..260).contains(&wrapped), "{wrapped}");
    }

    /// Sums of blocks of one row have the mean and the variance of iid ones: Σ v and n (Σ v²/n − (Σ v/n)²).
    /// Longer blocks do not, where neighbours are alike.
    #[test]
    fn blocks_of_one_row_have_the_iid_distribution() {
        let (rows, samples) = (40, 40_000);
        let value = |row: u32| f64::from(row);
        let mean = (0..rows).map(value).sum::<f64>();
        let square = (0..rows).map(|row| value(row).powi(2)).sum::<f64>();
        let variance = square - mean * mean / f64::from(rows);
        for (scheme, is_iid) in [
            (Scheme::Iid, true),
            (Scheme::Block { length: 1 }, true),
            (Scheme::Stationary { length: 1.0 }, true),
            (Scheme::Block { length: 4 }, false),
            (Scheme::Stationary { length: 4.0 }, false),
        ] {
            let sums: Vec<f64> = (0..samples)
                .map(|sample| scheme.rows(rows, 1, 20_070_103, sample).into_iter().map(value).sum())
                .collect();
            let count = f64::from(samples);
            let found_mean = sums.iter().sum::<f64>() / count;
            let found = sums.iter().map(|sum| (sum - found_mean).powi(2)).sum::<f64>() / count;
            // Of long blocks the variance is larger.
            assert!((found_mean - mean).abs() < 4.0 * (found / count).sqrt(), "{scheme:?}: {found_mean}");
            let near = (found / variance - 1.0).abs() < 4.0 * (2.0 / count).sqrt();
            assert_eq!(near, is_iid, "{scheme:?}: variance {found}, iid {variance}");
        }
    }
}
