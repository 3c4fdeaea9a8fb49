//! Refresh times: when all stocks have traded anew.
//!
//! The first refresh time of a day is that at which each of d stocks has had a tick, and the next is that at
//! which each has had another:
//!
//! ```text
//! τ₁ = max_i t^(i)_1,   τ_{j+1} = max_i t^(i)_{N_i(τ_j) + 1}
//! ```
//!
//! where t^(i)_n is the time of the n-th tick of stock i, and N_i(τ) the number of its ticks up to τ. There
//! are at most as many as the stock with the fewest ticks has; after the last, some stock has no further
//! tick. The price of a stock at τ is that of its last tick at or before it. Where several ticks of a stock
//! have one time, they count as one.
//!
//! Source: O. E. Barndorff-Nielsen, P. R. Hansen, A. Lunde and N. Shephard (2011), "Multivariate realised
//! kernels: consistent positive semi-definite estimators of the covariation of equity prices with noise and
//! non-synchronous trading", Journal of Econometrics 162, 149-169.

use ndarray::Array2;

/// The refresh times of several stocks on a day, increasing: the first is when each has had a tick, and the
/// next is when each has had another. `stocks` has
/// the times of each stock's ticks, which never go back. There are none where there is no stock, or one has
/// no tick. Takes time in proportion to all ticks.
///
/// ```
/// # use bellwether::panel::refresh_times;
/// assert_eq!(refresh_times(&[&[1, 2, 5, 9], &[3, 4, 6]]), [3, 5, 9]);
/// ```
pub fn refresh_times(stocks: &[&[u64]]) -> Vec<u64> {
    let mut refreshed = Vec::new();
    // What is left of each stock: the ticks after the last refresh time.
    let mut left = stocks.to_vec();
    while let Some(time) = all_ticked(&left) {
        refreshed.push(time);
        for times in &mut left {
            *times = &times[times.iter().take_while(|other| **other <= time).count()..];
        }
    }
    refreshed
}

/// When each of the stocks has had its first tick; none where one has none, or there is no stock.
fn all_ticked(stocks: &[&[u64]]) -> Option<u64> {
    let mut latest = None;
    for times in stocks {
        latest = latest.max(Some(*times.first()?));
    }
    latest
}

/// The refresh times of several stocks on a day, and each stock's previous price at them, times × stocks.
/// `stocks` has the times and prices of each stock's ticks, of equal number; the times never go back.
pub fn refresh_prices(stocks: &[(&[u64], &[f64])]) -> (Vec<u64>, Array2<f64>) {
    let times: Vec<&[u64]> = stocks.iter().map(|(times, _)| *times).collect();
    let refreshed = refresh_times(&times);
    let mut prices = Array2::zeros((refreshed.len(), stocks.len()));
    for ((times, ticks), mut column) in stocks.iter().zip(prices.columns_mut()) {
        let mut ticks = times.iter().zip(*ticks).peekable();
        let mut last = 0.0;
        for (time, price) in refreshed.iter().zip(&mut column) {
            while let Some((_, tick)) = ticks.next_if(|(tick, _)| *tick <= time) {
                last = *tick;
            }
            *price = last;
        }
    }
    (refreshed, prices)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn all_stocks_have_a_new_tick_at_each_refresh_time() {
        let stocks: [&[u64]; 3] = [&[1, 3, 4, 6, 9, 12], &[2, 5, 7, 8, 11], &[4, 10, 13]];
        assert_eq!(refresh_times(&stocks), [4, 10, 13]);
        assert!(refresh_times(&[]).is_empty());
        assert!(refresh_times(&[&[1, 2], &[]]).is_empty());
        assert_eq!(refresh_prices(&[]).1.dim(), (0, 0));
    }

    #[test]
    fn the_last_of_equal_times_gives_the_price() {
        let (times, prices) =
            refresh_prices(&[(&[1, 5, 5], &[1.0, 2.0, 3.0]), (&[2, 2, 4, 6], &[4.0, 5.0, 6.0, 7.0])]);
        assert_eq!(times, [2, 5]);
        assert_eq!(prices, ndarray::array![[1.0, 5.0], [3.0, 6.0]]);
    }

    fn times() -> impl Strategy<Value = Vec<u64>> {
        prop::collection::btree_set(0..500_u64, 1..60).prop_map(|times| times.into_iter().collect())
    }

    proptest! {
        #[test]
        fn one_stock_is_refreshed_at_its_ticks(times in times(), copies in 1..4_usize) {
            prop_assert_eq!(refresh_times(&vec![&times[..]; copies]), times);
        }

        #[test]
        fn refresh_times_are_those_of_the_definition(stocks in prop::collection::vec(times(), 1..6)) {
            let stocks: Vec<&[u64]> = stocks.iter().map(Vec::as_slice).collect();
            let mut expected: Vec<u64> = Vec::new();
            loop {
                let past = |time: &&u64| expected.last().is_some_and(|last| *time <= last);
                let next = stocks.iter().map(|times| times.get(times.iter().filter(past).count()).copied());
                let Some(next) = next.collect::<Option<Vec<u64>>>() else { break };
                expected.push(next.into_iter().max().unwrap());
            }
            prop_assert_eq!(refresh_times(&stocks), expected);
        }
    }
}
