//! Outliers among the prices of a day, by the rule of Brownlees and Gallo (2006).
//!
//! Price i of a day is kept where
//!
//! ```text
//! |pᵢ − p̄ᵢ| < 3 sᵢ + γ
//! ```
//!
//! p̄ᵢ is the δ-trimmed mean and sᵢ the standard deviation of a neighbourhood of k prices around i, i itself
//! among them. All n prices of the day are judged by the prices as given: none by what is left of the others.
//!
//! - **Neighbourhood**: the prices numbered from i − ⌊k/2⌋ on, k of them, all of the same day: for prices at
//!   the beginning of the day the first k, for those at its end the last k. For an odd k it is symmetric. A
//!   day with fewer than k prices is one neighbourhood.
//! - **Trimmed mean**: the mean without the ⌊kδ/2⌋ lowest and as many of the highest prices. δ is the share
//!   left out in all, at both ends together. (A product kδ/2 within 1e-9 of a whole number counts as that
//!   number.)
//! - **Standard deviation**: of all k prices about their own mean, with the divisor k − 1. It is not trimmed.
//! - **Granularity** γ, in the units of the price: deviations below it are never outliers. Prices often stand
//!   still, and then s is zero; so γ must be positive, and is best a multiple of the tick size.
//!
//! As s is not trimmed, one outlier stretches it. A price that is off by D among k equal ones has s = D/√k,
//! and is found where D (1 − 3/√k) > γ; so k must be at least 10. Outliers
//! that are off alike hide each other, from about a tenth of the neighbourhood on.
//!
//! The article speaks of the δ-trimmed sample mean and the sample standard deviation; it can be read with a
//! deviation that is trimmed too, and with a δ that counts one end alone. Both are taken here as in the R
//! package TAQMNGR (Calvori, Cipollini and Gallo), by one of the two authors, but for three things in its
//! code: it divides the squares by k, on days shorter than k it trims the lowest prices alone, and it makes
//! an even k odd by one price more. `rmOutliersTrades` of the R package highfrequency is another rule
//! (distance from a rolling median, in median absolute deviations of the day).
//!
//! The neighbourhood moves along the day as a sorted window, whose sums are taken anew at each price: O(k) a
//! price, without the drift of running sums. Sums are of differences from the median, scaled by the range:
//! equal prices have s = 0 and p̄ = p exactly, the sum of squares hardly cancels, and no price is too large
//! or too small for its square.
//!
//! Source: C. T. Brownlees and G. M. Gallo (2006), "Financial econometric analysis at ultra-high frequency:
//! Data handling concerns", Computational Statistics & Data Analysis 51, 2232-2245.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result};

/// The least number of prices in a neighbourhood: among fewer, no price is 3 standard deviations away.
const LEAST: usize = 10;
/// The most: a window that moves costs this much at each price.
const MOST: usize = 10_000;

/// Which prices of a day are outliers, by the rule of Brownlees and Gallo (2006), with its k, δ and γ: see
/// [`Cleaning`](super::Cleaning).
///
/// As text: `K,DELTA,GAMMA`, as in `60,0.1,0.02`.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Outliers {
    neighbours: usize,
    trim: f64,
    granularity: f64,
}

impl Outliers {
    /// The rule with k = `neighbours` prices in a neighbourhood (10 to 10,000), of which the share δ = `trim`
    /// is left out of the mean (0 included, 1 excluded), and γ = `granularity`, in the units of the price
    /// (above 0).
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where one of them is out of range.
    pub fn new(neighbours: usize, trim: f64, granularity: f64) -> Result<Self> {
        let outliers = Self { neighbours, trim, granularity };
        let refuse = |requirement: &str| {
            let value = outliers.to_string();
            Err(Error::Parameter { name: "outliers", value, requirement: requirement.to_owned() })
        };
        if !(LEAST..=MOST).contains(&neighbours) {
            return refuse(
                "the neighbourhood must be of 10 to 10,000 prices: among fewer than 10, none is 3 standard \
                 deviations away",
            );
        }
        if !(0.0..1.0).contains(&trim) {
            return refuse("the share trimmed must be at least 0 and below 1");
        }
        if !(granularity > 0.0 && granularity.is_finite()) {
            return refuse(
                "the granularity must be above 0, or prices that stand still would all be outliers; take the \
                 tick size or a multiple of it",
            );
        }
        Ok(outliers)
    }

    /// Whether each price of a day is kept: not an outlier. Prices are positive, in the order of time.
    pub fn kept(&self, prices: &[f64]) -> Vec<bool> {
        let n = prices.len();
        let k = self.neighbours.min(n);
        let Some(last) = n.checked_sub(k).filter(|_| n > 0) else { return Vec::new() };
        let trimmed = ((k as f64 * self.trim / 2.0 + 1e-9).floor() as usize).min((k - 1) / 2);
        let mut window = prices[..k].to_vec();
        window.sort_unstable_by(f64::total_cmp);
        let (mut start, mut neighbourhood) = (0, Neighbourhood::of(&window, trimmed));
        let keep = |(row, &price): (usize, &f64)| {
            let first = row.saturating_sub(k / 2).min(last);
            while start < first {
                replace(&mut window, prices[start], prices[start + k]);
                start += 1;
                if start == first {
                    neighbourhood = Neighbourhood::of(&window, trimmed);
                }
            }
            (price - neighbourhood.mean).abs() < 3.0 * neighbourhood.deviation + self.granularity
        };
        prices.iter().enumerate().map(keep).collect()
    }
}

/// k = 60, δ = 0.1 and γ = 0.02 (two ticks of a price in dollars).
impl Default for Outliers {
    fn default() -> Self {
        Self { neighbours: 60, trim: 0.1, granularity: 0.02 }
    }
}

impl FromStr for Outliers {
    type Err = Error;

    /// # Errors
    ///
    /// [`Error::Parameter`] where the text is not three numbers, or one of them is out of range.
    fn from_str(text: &str) -> Result<Self> {
        let numbers = || {
            let mut fields = text.split(',').map(str::trim);
            let (neighbours, trim, granularity) = (fields.next()?, fields.next()?, fields.next()?);
            let numbers = (neighbours.parse().ok()?, trim.parse().ok()?, granularity.parse().ok()?);
            fields.next().is_none().then_some(numbers)
        };
        let Some((neighbours, trim, granularity)) = numbers() else {
            return Err(Error::Parameter {
                name: "outliers",
                value: text.to_owned(),
                requirement:
                    "it must be three numbers with commas between, as in 60,0.1,0.02: the prices in \
                              a neighbourhood, the share trimmed from its mean, the granularity in units of \
                              the price"
                        .to_owned(),
            });
        };
        Self::new(neighbours, trim, granularity)
    }
}

impl fmt::Display for Outliers {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{},{}", self.neighbours, self.trim, self.granularity)
    }
}

/// What a price is compared with.
struct Neighbourhood {
    mean: f64,
    deviation: f64,
}

impl Neighbourhood {
    /// Of sorted prices, at least one, of which `trimmed` at each end do not go into the mean.
    fn of(sorted: &[f64], trimmed: usize) -> Self {
        let k = sorted.len();
        let (median, range) = (sorted[k / 2], sorted[k - 1] - sorted[0]);
        if range == 0.0 {
            return Self { mean: median, deviation: 0.0 };
        }
        let difference = |price: &f64| (price - median) / range;
        // Four sums of each at once, which the processor adds side by side.
        let (mut sums, mut squares) = ([0.0; 4], [0.0; 4]);
        let (fours, rest) = sorted.as_chunks::<4>();
        for four in fours {
            for lane in 0..4 {
                let difference = difference(&four[lane]);
                sums[lane] += difference;
                squares[lane] += difference * difference;
            }
        }
        for (lane, price) in rest.iter().enumerate() {
            let difference = difference(price);
            sums[lane] += difference;
            squares[lane] += difference * difference;
        }
        let (sum, squares): (f64, f64) = (sums.iter().sum(), squares.iter().sum());
        let tails = sorted[..trimmed].iter().chain(&sorted[k - trimmed..]).map(difference).sum::<f64>();
        let trimmed_mean = (sum - tails) / (k - 2 * trimmed) as f64;
        // The mean is within a standard deviation of the median, so that little cancels.
        let variance = (squares - sum * sum / k as f64) / (k - 1) as f64;
        Self { mean: median + range * trimmed_mean, deviation: range * variance.max(0.0).sqrt() }
    }
}

/// Replaces a price of a sorted window by another.
fn replace(window: &mut [f64], old: f64, new: f64) {
    let out = window.partition_point(|price| price.total_cmp(&old).is_lt());
    let into = window.partition_point(|price| price.total_cmp(&new).is_lt());
    if into > out {
        window[out..into].rotate_left(1);
        window[into - 1] = new;
    } else {
        window[into..=out].rotate_right(1);
        window[into] = new;
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The rule from its formulas, each neighbourhood by itself.
    fn by_the_formulas(outliers: &Outliers, prices: &[f64]) -> Vec<bool> {
        let n = prices.len();
        let k = outliers.neighbours.min(n);
        (0..n)
            .map(|row| {
                let first = row.saturating_sub(k / 2).min(n - k);
                let mut near = prices[first..first + k].to_vec();
                near.sort_by(f64::total_cmp);
                let mean = near.iter().sum::<f64>() / k as f64;
                let variance =
                    near.iter().map(|price| (price - mean).powi(2)).sum::<f64>() / (k - 1).max(1) as f64;
                let trimmed = (k as f64 * outliers.trim / 2.0) as usize;
                let inner = &near[trimmed..k - trimmed];
                let trimmed_mean = inner.iter().sum::<f64>() / inner.len() as f64;
                (prices[row] - trimmed_mean).abs() < 3.0 * variance.sqrt() + outliers.granularity
            })
            .collect()
    }

    #[test]
    fn a_price_far_off_is_an_outlier_wherever_it_is() {
        let outliers = Outliers::new(10, 0.2, 0.01).unwrap();
        for n in [10, 11, 50] {
            for row in 0..n {
                let mut prices = vec![100.0; n];
                // s = D/√10, so that 0.05132 D > 0.01 is found: from 0.1949 on.
                for (off, kept) in [(0.194, true), (0.196, false), (-0.194, true), (-0.196, false)] {
                    prices[row] = 100.0 + off;
                    let found = outliers.kept(&prices);
                    assert!(
                        found.iter().enumerate().all(|(at, &is)| is == (kept || at != row)),
                        "{n} {row} {off}"
                    );
                }
            }
        }
    }

    /// Two prices that are off alike hide each other where they are of one neighbourhood: with k = 12 one
    /// that is off by D among equal ones has s = D/√12 and is 11/12 D from the mean, two have
    /// s = D √(20/132) and are 10/12 D from it. So which of them is found says where neighbourhoods end.
    #[test]
    fn a_neighbourhood_reaches_from_half_of_it_before_to_less_than_half_behind() {
        let found = |k: usize, apart: usize| {
            let mut prices = [100.0; 60];
            (prices[25], prices[25 + apart]) = (101.0, 101.0);
            let kept = Outliers::new(k, 0.0, 0.01).unwrap().kept(&prices);
            assert_eq!(
                kept.iter().filter(|kept| !**kept).count(),
                [25, 25 + apart].iter().filter(|row| !kept[**row]).count()
            );
            [!kept[25], !kept[25 + apart]]
        };
        // Of price i those from i − 6 to i + 5.
        assert_eq!(found(12, 5), [false, false]);
        assert_eq!(found(12, 6), [true, false]);
        assert_eq!(found(12, 7), [true, true]);
        // From i − 6 to i + 6.
        assert_eq!(found(13, 6), [false, false]);
        assert_eq!(found(13, 7), [true, true]);
        // At the ends of the day: the first k, and the last.
        let mut prices = [100.0; 60];
        (prices[2], prices[11], prices[48], prices[57]) = (101.0, 101.0, 101.0, 101.0);
        let outliers = Outliers::new(12, 0.0, 0.01).unwrap();
        let kept = outliers.kept(&prices);
        assert_eq!([kept[2], kept[11], kept[48], kept[57]], [true, false, false, true]);
    }

    #[test]
    fn days_of_few_prices_are_one_neighbourhood() {
        let outliers = Outliers::new(60, 0.1, 0.02).unwrap();
        assert!(outliers.kept(&[]).is_empty());
        assert_eq!(outliers.kept(&[5.0]), [true]);
        assert_eq!(outliers.kept(&[5.0, 9.0]), [true, true]);
        let mut prices = [30.0; 25];
        prices[3] = 31.0;
        let kept = outliers.kept(&prices);
        assert!(kept.iter().enumerate().all(|(row, kept)| *kept == (row != 3)));
    }

    #[test]
    fn no_price_is_too_large_or_too_small() {
        for scale in [1e-300, 1e-200, 1e200, 1e300] {
            let outliers = Outliers::new(12, 0.2, 1e-3 * scale).unwrap();
            let mut prices: Vec<f64> = (0..40).map(|row| scale * f64::from(100 + row % 2)).collect();
            prices[20] = 150.0 * scale;
            let kept = outliers.kept(&prices);
            assert!(kept.iter().enumerate().all(|(row, kept)| *kept == (row != 20)), "{scale}: {kept:?}");
        }
    }

    #[test]
    fn parameters_out_of_range_are_refused() {
        for (text, why) in [
            ("9,0.1,0.02", "10 to 10,000 prices"),
            ("10001,0.1,0.02", "10 to 10,000 prices"),
            ("60,1,0.02", "share trimmed"),
            ("60,-0.1,0.02", "share trimmed"),
            ("60,NaN,0.02", "share trimmed"),
            ("60,0.1,0", "granularity must be above 0"),
            ("60,0.1,inf", "granularity must be above 0"),
            ("60,0.1", "three numbers"),
            ("60,0.1,0.02,1", "three numbers"),
            ("60.5,0.1,0.02", "three numbers"),
            ("", "three numbers"),
        ] {
            let error = text.parse::<Outliers>().unwrap_err().to_string();
            assert!(error.starts_with("outliers is ") && error.contains(why), "{text}: {error}");
        }
        assert_eq!("60, 0.1, 0.02".parse::<Outliers>().unwrap(), Outliers::default());
        assert_eq!(Outliers::default().to_string(), "60,0.1,0.02");
    }

    proptest! {
        #[test]
        fn the_moving_window_finds_what_the_formulas_say(
            prices in prop::collection::vec(9_900..10_100_u32, 0..120),
            k in 10..40_usize,
            trim in prop::sample::select(vec![0.0, 0.1, 0.25, 0.5]),
            spikes in prop::collection::vec((0..120_usize, 8_000..13_000_u32), 0..4),
        ) {
            let mut prices: Vec<f64> = prices.into_iter().map(|price| f64::from(price) / 100.0).collect();
            for (row, price) in spikes {
                if let Some(place) = prices.get_mut(row) {
                    *place = f64::from(price) / 100.0;
                }
            }
            // Off the prices' own grid, so that no deviation is at the bound.
            let outliers = Outliers::new(k, trim, 0.012_345_678_9).unwrap();
            prop_assert_eq!(outliers.kept(&prices), by_the_formulas(&outliers, &prices));
        }

        #[test]
        fn a_window_stays_sorted(prices in prop::collection::vec(1..9_u32, 5..60)) {
            let prices: Vec<f64> = prices.into_iter().map(f64::from).collect();
            let mut window = prices[..5].to_vec();
            window.sort_by(f64::total_cmp);
            for row in 5..prices.len() {
                replace(&mut window, prices[row - 5], prices[row]);
                let mut sorted = prices[row - 4..=row].to_vec();
                sorted.sort_by(f64::total_cmp);
                prop_assert_eq!(&window, &sorted);
            }
        }
    }
}
