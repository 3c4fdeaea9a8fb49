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
//! **Iid** (Efron 1979): draw k is that of [`RowRange`](crate::random::index::RowRange) in the stream of
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
/// [`Error::Parameter`] for an unknown name, or a length that is lacking, of no use, below 1 or, for blocks of
/// a fixed length, no whole number.
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
        ("iid" | "wild", Some(_)) => return Err(refused("it has no blocks; leave the length out".into())),
        ("block" | "stationary", None) => {
            return Err(refused("it needs a block length; give the number of rows of a block".into()));
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
    Error::Parameter { name: "the block length", value: length.to_string(), requirement }
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
                assert!(refused.starts_with("the block length is "), "{refused}");
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
}
