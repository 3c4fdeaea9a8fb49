//! Two quantiles of a stream of integers that need not be held.
//!
//! The ends of an interval are set by few order statistics near both ends of the sample: with B numbers and
//! levels p ≤ q, by the ⌊(B−1)p⌋ + 2 smallest and the B − ⌊(B−1)q⌋ largest ([`crate::interval::position`]).
//! Only these are kept while the numbers come in,
//!
//! ```text
//! kept = the m smallest of the numbers seen;   bound = the largest kept, once there are m
//! ```
//!
//! and a number is kept only if it is below the bound. Up to sixteen are kept in order. More collect in a
//! buffer half as large again; when it is full, a selection finds the m smallest and a lower bound. After t
//! numbers in random order one is kept with probability m/t, so that of B only about m·(1 + ln(B/m)) ever
//! are: for 99 % and any B, 3 in 100. The largest are the smallest of the complements.
//!
//! **Screening.** A sum in several limbs ([`crate::columns`]) is q = 2^w·h + r with its first limb h and what
//! the lower ones add, 0 ≤ r ≤ R. So q below a bound b has h ≤ ⌊b/2^w⌋, and q above a bound c has h ≥
//! ⌊(c−R)/2^w⌋: sixteen first limbs at a time are compared with these two words, and only the few sums that
//! pass are put together from their limbs.
//!
//! What comes out depends on the numbers, not on their order or on how they are cut into chunks. Memory is
//! 1.5 times the numbers kept, which are one in 100 for a confidence of 99 %.

use crate::columns::Column;
use crate::interval::Quantile;
use crate::interval::position::Position;
use crate::resample::{Chunk, Word};
use crate::vector::{LANES, Lanes, Vectorized, Vectors};

/// Both tails of a stream of `count` numbers, from which two quantiles follow.
#[derive(Debug, Clone)]
pub struct Tails<K> {
    levels: [f64; 2],
    count: usize,
    /// Numbers still to come.
    left: usize,
    smallest: Smallest<K>,
    /// Of the complements.
    largest: Smallest<K>,
}

impl<K: Word> Tails<K> {
    /// For the quantiles at two `levels`, the first at most the second, of `count` ≥ 1 numbers.
    pub fn new(count: usize, levels: [f64; 2]) -> Self {
        let [smallest, largest] = kept(count, levels).map(Smallest::new);
        Self { levels, count, left: count, smallest, largest }
    }

    /// For `coming` of the `count` numbers, of which others see the rest: [`Self::kept`].
    pub fn of_some(count: usize, levels: [f64; 2], coming: usize) -> Self {
        Self { left: coming, ..Self::new(count, levels) }
    }

    /// What can still decide the quantiles of all numbers, once those that were to come have: the smallest
    /// and the largest, each in increasing order.
    ///
    /// # Panics
    ///
    /// Where fewer numbers came than were announced.
    pub fn kept(self, came: usize) -> [Vec<K>; 2] {
        assert!(self.left == 0, "{} numbers did not come", self.left);
        let smallest = self.smallest.whole(came);
        let mut largest = self.largest.whole(came);
        largest.iter_mut().for_each(|key| *key = !*key);
        largest.reverse();
        [smallest, largest]
    }

    /// Takes what others kept of so many numbers.
    ///
    /// # Panics
    ///
    /// As [`Self::push`].
    pub fn absorb(&mut self, numbers: usize, [smallest, largest]: [&[K]; 2]) {
        self.announce(numbers);
        smallest.iter().for_each(|&key| self.smallest.push(key));
        largest.iter().for_each(|&key| self.largest.push(!key));
    }

    /// Takes some of the numbers.
    ///
    /// # Panics
    ///
    /// Where more numbers come than were announced: the quantiles would be wrong.
    pub fn push(&mut self, keys: &[K]) {
        self.announce(keys.len());
        for &key in keys {
            self.consider(key);
        }
    }

    /// Takes the sums of `column` in `chunk`, joined. `K` must be wide enough for them.
    ///
    /// # Panics
    ///
    /// As [`Self::push`].
    pub fn push_sums(&mut self, column: &Column, chunk: &Chunk<'_>) {
        self.push_sums_with(Vectors::best(), column, chunk);
    }

    /// As [`Self::push_sums`], with the vectors that are named.
    fn push_sums_with(&mut self, vectors: Vectors, column: &Column, chunk: &Chunk<'_>) {
        self.announce(chunk.samples());
        vectors.run(Screen { tails: self, column, chunk });
    }

    fn announce(&mut self, numbers: usize) {
        assert!(numbers <= self.left, "{} numbers were announced, more came", self.count);
        self.left -= numbers;
    }

    #[inline(always)]
    fn consider(&mut self, key: K) {
        self.smallest.push(key);
        self.largest.push(!key);
    }

    /// Sums whose first limb is above the first and below the second word are not needed, where the lower
    /// limbs have so many `bits` and add `rest` at most.
    #[inline(always)]
    fn screen(&self, bits: u32, rest: u128) -> [u32; 2] {
        let (low, high): (u128, u128) = (self.smallest.bound.into(), (!self.largest.bound).into());
        // With one limb there is nothing to shift, which 128 bits take a while for.
        let words = if bits == 0 { [low, high] } else { [low >> bits, high.saturating_sub(rest) >> bits] };
        words.map(|word| word.min(u32::MAX.into()) as u32)
    }

    /// The levels of the two quantiles.
    pub fn levels(&self) -> [f64; 2] {
        self.levels
    }

    /// The two quantiles. `value` gives a key its number, and must not decrease.
    ///
    /// # Panics
    ///
    /// Where fewer numbers came than were announced.
    pub fn quantiles(self, value: impl Fn(K) -> f64) -> [Quantile; 2] {
        let Self { levels: [lower, upper], count, left, smallest, largest } = self;
        assert!(left == 0, "{left} of {count} numbers did not come");
        let (smallest, largest) = (smallest.sorted(), largest.sorted());
        let of_level = |level: f64, at: &dyn Fn(usize) -> f64| {
            let position = Position::new(count, level);
            let around = [position.below, position.above].map(at);
            Quantile::of_order_statistics(&position, around, Position::spread(count, level).map(at))
        };
        // From the top, the last number has rank 0.
        [
            of_level(lower, &|rank| value(smallest.ranked(rank))),
            of_level(upper, &|rank| value(!largest.ranked(count - 1 - rank))),
        ]
    }
}

/// The quantiles of `sample` (not empty) at two `levels`, the first at most the second. `value` gives a key
/// its number and must not decrease.
pub fn quantiles<K: Word>(sample: &[K], levels: [f64; 2], value: impl Fn(K) -> f64) -> [f64; 2] {
    let mut tails = Tails::new(sample.len(), levels);
    tails.push(sample);
    tails.quantiles(value).map(|quantile| quantile.value)
}

/// Takes the sums of a chunk, sixteen first limbs at a time.
struct Screen<'a, K> {
    tails: &'a mut Tails<K>,
    column: &'a Column,
    chunk: &'a Chunk<'a>,
}

impl<K: Word> Vectorized for Screen<'_, K> {
    type Output = ();

    #[inline(always)]
    fn run<V: Lanes>(self) {
        let Self { tails, column, chunk } = self;
        let (sixteens, rest) = chunk.sums_of(column.limbs[0].word).as_chunks::<LANES>();
        let (bits, rest_of_limbs) = (column.lower_bits(), column.largest_rest());
        let mut screen = tails.screen(bits, rest_of_limbs).map(V::splat);
        for (number, sums) in sixteens.iter().enumerate() {
            let first_limbs = V::load(sums);
            let mut passing = !(screen[0].below(first_limbs) & first_limbs.below(screen[1]));
            if passing != 0 {
                while passing != 0 {
                    tails.consider(chunk.sum(column, number * LANES + passing.trailing_zeros() as usize));
                    passing &= passing - 1;
                }
                screen = tails.screen(bits, rest_of_limbs).map(V::splat);
            }
        }
        for number in chunk.samples() - rest.len()..chunk.samples() {
            tails.consider(chunk.sum(column, number));
        }
    }
}

/// Most numbers that [`Tails`] of `count` numbers hold at a time.
pub fn held(count: usize, levels: [f64; 2]) -> usize {
    kept(count, levels).map(capacity).iter().sum()
}

/// How many of the smallest, and of the largest, decide the quantiles at these levels and their errors.
fn kept(count: usize, [lower, upper]: [f64; 2]) -> [usize; 2] {
    let [_, high] = Position::spread(count, lower);
    let [low, _] = Position::spread(count, upper);
    let highest = Position::new(count, lower).above.max(high);
    let lowest = Position::new(count, upper).below.min(low);
    [highest + 1, count - lowest]
}

/// Most numbers that are kept in order, so that the bound is as low as it can be at any time.
const FEW: usize = 16;

/// Room for `keep` numbers: just these where they are few, else some more, so that selections are few and
/// each finds much to drop.
fn capacity(keep: usize) -> usize {
    if keep <= FEW { keep } else { keep + keep / 2 }
}

/// The `keep` smallest numbers of a stream: those in `keys`, up to some that are too many; where fewer than
/// `keep` are in there, the missing ones equal `bound`.
#[derive(Debug, Clone)]
struct Smallest<K> {
    keep: usize,
    /// In increasing order where few are kept.
    keys: Vec<K>,
    /// No number from here on is needed any more.
    bound: K,
}

impl<K: Word> Smallest<K> {
    fn new(keep: usize) -> Self {
        Self { keep, keys: Vec::with_capacity(capacity(keep)), bound: !K::from(0) }
    }

    #[inline(always)]
    fn push(&mut self, key: K) {
        if key < self.bound {
            if self.keep <= FEW {
                self.insert(key);
            } else {
                self.keys.push(key);
                if self.keys.len() == capacity(self.keep) {
                    self.lower_bound();
                }
            }
        }
    }

    /// Puts a key in its place among few; the largest makes room for it.
    #[inline(always)]
    fn insert(&mut self, key: K) {
        if self.keys.len() < self.keep {
            self.keys.push(key);
        }
        let mut place = self.keys.len() - 1;
        while place > 0 && self.keys[place - 1] > key {
            self.keys[place] = self.keys[place - 1];
            place -= 1;
        }
        self.keys[place] = key;
        if self.keys.len() == self.keep {
            self.bound = self.keys[self.keep - 1];
        }
    }

    #[inline(never)]
    fn lower_bound(&mut self) {
        let (_, bound, _) = self.keys.select_nth_unstable(self.keep - 1);
        self.bound = *bound;
        self.keys.truncate(self.keep);
    }

    /// All that are kept of `came` numbers, in increasing order, with those that equal the bound.
    fn whole(self, came: usize) -> Vec<K> {
        let (wanted, bound) = (self.keep.min(came), self.bound);
        let mut keys = self.sorted().keys;
        keys.truncate(wanted);
        keys.resize(wanted, bound);
        keys
    }

    /// The same in increasing order.
    fn sorted(mut self) -> Self {
        if self.keep > FEW {
            self.keys.sort_unstable();
        }
        self
    }

    /// The number of a rank below `keep`, from 0 for the smallest, of keys in increasing order.
    fn ranked(&self, rank: usize) -> K {
        self.keys.get(rank).copied().unwrap_or(self.bound)
    }
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;
    use crate::columns::DayColumns;
    use crate::interval::position::tail_levels;
    use crate::resample::{Scheme, cpu};

    /// By sorting.
    fn defined<K: Word>(keys: &[K], levels: [f64; 2], value: impl Fn(K) -> f64) -> [f64; 2] {
        let mut sorted = keys.to_vec();
        sorted.sort_unstable();
        levels.map(|level| {
            let position = Position::new(sorted.len(), level);
            position.interpolate(value(sorted[position.below]), value(sorted[position.above]))
        })
    }

    fn streamed<K: Word>(keys: &[K], levels: [f64; 2], chunk: usize, value: impl Fn(K) -> f64) -> [f64; 2] {
        let mut tails = Tails::new(keys.len(), levels);
        for keys in keys.chunks(chunk) {
            tails.push(keys);
            let held = held(tails.count, levels);
            assert!(tails.smallest.keys.len() + tails.largest.keys.len() <= held);
            assert!(tails.smallest.keys.capacity() + tails.largest.keys.capacity() <= held);
        }
        tails.quantiles(value).map(|quantile| quantile.value)
    }

    #[test]
    fn extreme_integers_are_numbers_like_others() {
        for keys in [vec![u32::MAX; 700], vec![0; 700], [vec![0; 350], vec![u32::MAX; 350]].concat()] {
            for confidence in [0.01, 0.5, 0.99, 0.999_999] {
                let levels = tail_levels(confidence);
                assert_eq!(
                    streamed(&keys, levels, 64, f64::from),
                    defined(&keys, levels, f64::from),
                    "{confidence}"
                );
            }
        }
    }

    #[test]
    fn few_numbers_are_held_and_fewer_kept() {
        // Beside those that the quantiles lie between, the few that their errors are from: √(Bp(1 − p)).
        assert_eq!(held(1_000_000, [0.005, 0.995]), 5071 + 5071 / 2 + 5072 + 5072 / 2);
        assert_eq!(held(1000, [0.005, 0.995]), 8 + 9);
        assert_eq!(held(1, [0.005, 0.995]), 2);
        // Falling numbers are the worst order: each is smaller than all before it.
        let falling: Vec<u32> = (0..100_000).rev().collect();
        let levels = [0.005, 0.995];
        assert_eq!(streamed(&falling, levels, 1000, f64::from), defined(&falling, levels, f64::from));
    }

    #[test]
    #[should_panic(expected = "1 of 3 numbers did not come")]
    fn too_few_numbers_are_found_out() {
        let mut tails = Tails::new(3, [0.1, 0.9]);
        tails.push(&[1u32, 2]);
        tails.quantiles(f64::from);
    }

    #[test]
    #[should_panic(expected = "more came")]
    fn too_many_numbers_are_found_out() {
        Tails::new(3, [0.1, 0.9]).push(&[1u32; 4]);
    }

    /// A day whose columns have one, two and three limbs, of all widths.
    fn day() -> DayColumns {
        let shares = [0.003, 0.057, 0.1, 0.9, 0.057, 0.99];
        let values = Array2::from_shape_fn((385, shares.len()), |(row, stock)| {
            let spread = ((row * 7919 + stock * 104_729) % 1009) as f64 / 1009.0;
            if row == 3 * stock { shares[stock] } else { 2.0 * spread * (1.0 - shares[stock]) / 384.0 }
        });
        DayColumns::new(20_070_103, &values).unwrap()
    }

    #[test]
    fn screened_sums_give_what_sorting_gives_with_all_vectors() {
        let day = day();
        for samples in [1, 15, 16, 17, 1000, 20_011] {
            let sums = cpu::resample(&day, &Scheme::Iid, 4, 0..samples).unwrap();
            for confidence in [0.5, 0.99, 0.9999] {
                let levels = tail_levels(confidence);
                for column in day.columns() {
                    let expected =
                        defined(&sums.joined::<u128>(column), levels, |total| column.value_of(total));
                    for vectors in Vectors::available() {
                        let mut tails = Tails::<u64>::new(samples as usize, levels);
                        for chunk in sums.chunks() {
                            tails.push_sums_with(vectors, column, chunk);
                        }
                        let found = tails
                            .quantiles(|total| column.value_of(total.into()))
                            .map(|quantile| quantile.value);
                        assert_eq!(
                            found, expected,
                            "{samples} samples, {confidence}, {column:?}, {vectors:?}"
                        );
                    }
                }
            }
        }
    }

    /// The words that screen are right at their edges, with lower limbs that carry as much as they can.
    #[test]
    fn no_needed_sum_is_screened_out() {
        for column in day().columns() {
            let (bits, rest) = (column.lower_bits(), column.largest_rest());
            for bound in [1_u128 << bits, (1 << bits) + 1, 5 << bits, (77 << bits) - 1, (77 << bits) + rest] {
                let mut tails = Tails::<u64>::new(10, [0.1, 0.9]);
                (tails.smallest.bound, tails.largest.bound) = (bound as u64, !(bound as u64));
                let [low, high] = tails.screen(bits, rest);
                for first_limb in 0..100_u128 {
                    for rest in [0, rest / 2, rest] {
                        let sum = (first_limb << bits) + rest;
                        assert!(sum >= bound || first_limb <= u128::from(low), "{column:?} {bound} {sum}");
                        assert!(sum <= bound || first_limb >= u128::from(high), "{column:?} {bound} {sum}");
                    }
                }
            }
        }
    }

    proptest! {
        /// However numbers are shared out, what each share keeps decides as all numbers do.
        #[test]
        fn shares_give_what_all_give(
            keys in prop::collection::vec(any::<u32>(), 1..2000),
            modulus in prop_oneof![1_u32..20, Just(u32::MAX)],
            levels in (0.0..=1.0_f64, 0.0..=1.0_f64),
            share in 1_usize..700,
        ) {
            let levels = [levels.0.min(levels.1), levels.0.max(levels.1)];
            let mut keys: Vec<u32> = keys.into_iter().map(|key| key % modulus).collect();
            keys[0] = u32::MAX;
            let mut all = Tails::new(keys.len(), levels);
            for keys_of in keys.chunks(share) {
                let mut some = Tails::of_some(keys.len(), levels, keys_of.len());
                some.push(keys_of);
                let [smallest, largest] = some.kept(keys_of.len());
                prop_assert!(smallest.len() <= keys_of.len() && largest.is_sorted());
                all.absorb(keys_of.len(), [&smallest, &largest]);
            }
            let mut expected = Tails::new(keys.len(), levels);
            expected.push(&keys);
            prop_assert_eq!(all.quantiles(f64::from), expected.quantiles(f64::from));
        }

        /// Any numbers with any ties, in chunks of any size, at any two levels, in all widths.
        #[test]
        fn streams_give_what_sorting_gives(
            keys in prop::collection::vec(any::<u32>(), 1..3000),
            modulus in prop_oneof![1_u32..20, Just(u32::MAX)],
            levels in (0.0..=1.0_f64, 0.0..=1.0_f64),
            chunk in 1_usize..2000,
        ) {
            let levels = [levels.0.min(levels.1), levels.0.max(levels.1)];
            let keys: Vec<u32> = keys.into_iter().map(|key| key % modulus).collect();
            let expected = defined(&keys, levels, f64::from);
            prop_assert_eq!(streamed(&keys, levels, chunk, f64::from), expected);
            let wide: Vec<u64> = keys.iter().map(|&key| u64::from(key) << 31).collect();
            let value = |key: u64| (key >> 31) as f64;
            prop_assert_eq!(streamed(&wide, levels, chunk, value), expected);
            let widest: Vec<u128> = keys.iter().map(|&key| u128::from(key) << 90).collect();
            let value = |key: u128| (key >> 90) as f64;
            prop_assert_eq!(streamed(&widest, levels, chunk, value), expected);
        }
    }
}
