//! Exactly uniform row numbers on 0..n, one or two from each random word.
//!
//! **One a word** (Lemire 2019). A word x gives the row ⌊x·n / 2³²⌋ and the fraction f = x·n mod 2³². Among
//! the 2³² words each row has ⌊2³²/n⌋ or one more; rejecting the words with f < t, t = 2³² mod n, leaves
//! every row exactly ⌊2³²/n⌋.
//!
//! **Two a word** (Brackett-Rozinsky and Lemire 2024). The fraction is itself spread over 0..2³², so it gives
//! a second row: ⌊f·n / 2³²⌋, with fraction f·n mod 2³². Rejecting where the last fraction is below t = 2³²
//! mod n² leaves all n² pairs equally likely. With n ≤ [`PAIR_LIMIT`] a word is rejected with probability
//! below n²/2³² ≤ 2⁻¹⁰.
//!
//! **Redraw.** A rejected word is replaced by the word of the same number at the next attempt, a pure
//! function of the stream and the attempt ([`Stream::word`]), so that every device redraws alike. The second
//! row of the last word goes unused when the number of rows wanted is odd; whether that word is rejected does
//! not depend on it.
//!
//! Sources: D. Lemire, "Fast random integer generation in an interval", ACM TOMACS 29(1), 2019. N.
//! Brackett-Rozinsky and D. Lemire, "Batched ranged random integer generation", Software: Practice and
//! Experience 55(1), 2025. Twin: `shaders/index.wgsl`.

use super::Stream;
use super::philox::{BlockWords, Samples};
use crate::vector::{WIDE_LANES, Wide};

/// Largest number of rows for which one word gives two rows.
pub const PAIR_LIMIT: u32 = 2048;

/// The rows 0..n to draw from, with what the draw needs to know of n.
///
/// # Examples
///
/// ```
/// use bellwether::random::{Purpose, Stream, index::RowRange};
///
/// let range = RowRange::new(385);
/// let stream = Stream { seed: 0, purpose: Purpose::Rows, day: 20070103, sample: 0 };
/// let draws = range.draw_in_order(&stream);
/// assert_eq!(draws.len(), 385);
/// assert!(draws.iter().all(|&row| row < 385));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RowRange {
    rows: u32,
    rows_per_word: u32,
    threshold: u32,
}

impl RowRange {
    /// The rows 0..`rows`, 1 ≤ `rows`.
    pub const fn new(rows: u32) -> Self {
        let (rows_per_word, outcomes) =
            if rows <= PAIR_LIMIT { (2, rows as u64 * rows as u64) } else { (1, rows as u64) };
        let threshold = if outcomes == 0 { 0 } else { ((1u64 << 32) % outcomes) as u32 };
        Self { rows, rows_per_word, threshold }
    }

    /// Number of rows to draw from, n; a sample draws as many.
    pub const fn rows(&self) -> u32 {
        self.rows
    }

    /// Rows that one word gives: 2 up to [`PAIR_LIMIT`], else 1.
    pub const fn rows_per_word(&self) -> u32 {
        self.rows_per_word
    }

    /// A word whose last fraction is below this is rejected: 2³² mod n² with two rows a word, 2³² mod n with
    /// one.
    pub const fn threshold(&self) -> u32 {
        self.threshold
    }

    /// The rows of one word (the second is 0 where a word gives one), or `None` where the word is rejected.
    pub const fn split(&self, word: u32) -> Option<[u32; 2]> {
        let product = word as u64 * self.rows as u64;
        let (first, mut fraction) = ((product >> 32) as u32, product as u32);
        let mut second = 0;
        if self.rows_per_word == 2 {
            let product = fraction as u64 * self.rows as u64;
            (second, fraction) = ((product >> 32) as u32, product as u32);
        }
        if fraction < self.threshold { None } else { Some([first, second]) }
    }

    /// The rows of word number `word` of `stream`, redrawn from attempt to attempt until one is accepted.
    pub fn of_word(&self, stream: &Stream, word: u32) -> [u32; 2] {
        let mut attempt = 0;
        loop {
            // Each attempt is accepted with probability above one half, so that this ends.
            if let Some(rows) = self.split(stream.word(word, attempt)) {
                return rows;
            }
            attempt = attempt.wrapping_add(1);
        }
    }

    /// Draw number `number` of `stream`.
    pub fn draw(&self, stream: &Stream, number: u32) -> u32 {
        self.of_word(stream, number / self.rows_per_word)[(number % self.rows_per_word) as usize]
    }

    /// The sample's n draws, in drawing order: draw i is row i mod 2 of word ⌊i/2⌋ with two rows a word, else
    /// the row of word i. The definition; [`Self::draw_block`] is the fast way to the same.
    pub fn draw_in_order(&self, stream: &Stream) -> Vec<u32> {
        let words = self.rows.div_ceil(self.rows_per_word);
        let rows_of = |word| self.of_word(stream, word).into_iter().take(self.rows_per_word as usize);
        (0..words).flat_map(rows_of).take(self.rows as usize).collect()
    }

    /// The rows of `block` for the eight consecutive `samples` of `stream`, exactly uniform on 0..n, each
    /// times `unit`: put into `places`. `PER_WORD` is [`Self::rows_per_word`], as a constant. No product may
    /// reach 2¹⁶ with two rows a word, or 2³² with one.
    #[inline(always)]
    pub fn draw_block<W: Wide, const PER_WORD: usize>(
        &self,
        stream: &Stream,
        samples: &Samples<W>,
        block: (u32, &BlockWords),
        unit: u32,
        places: &mut Places,
    ) {
        let [w0, w1, w2, w3] = samples.words(block.1);
        let n = W::splat(self.rows.into());
        // Products whose high words are rows. Written out, as closures may not be compiled for the
        // instruction set.
        let first = [w0.multiply(n), w1.multiply(n), w2.multiply(n), w3.multiply(n)];
        let mut last = first;
        let mut packed = [first[0].pair_high(first[1]), first[2].pair_high(first[3])];
        if PER_WORD == 2 {
            last = [first[0].multiply(n), first[1].multiply(n), first[2].multiply(n), first[3].multiply(n)];
            let second = [last[0].pair_high(last[1]), last[2].pair_high(last[3])];
            packed = [packed[0].or_above(second[0]), packed[1].or_above(second[1])];
            packed = [packed[0].scale_halves(unit as u16), packed[1].scale_halves(unit as u16)];
        } else {
            packed = [packed[0].scale_words(unit), packed[1].scale_words(unit)];
        }
        packed[0].store(&mut places[0]);
        packed[1].store(&mut places[1]);
        // The low words are the fractions.
        let least = last[0].smaller(last[1]).smaller(last[2].smaller(last[3]));
        let rejected = least.below(W::splat(self.threshold.into()));
        if rejected != 0 {
            self.redraw_block::<PER_WORD>(stream, block.0, unit, rejected, places);
        }
    }

    /// Draws a block anew, word by word, for the samples (lanes, as bits) of which a word was rejected.
    #[cold]
    #[inline(never)]
    fn redraw_block<const PER_WORD: usize>(
        &self,
        stream: &Stream,
        block: u32,
        unit: u32,
        rejected: u8,
        places: &mut Places,
    ) {
        for lane in (0..WIDE_LANES).filter(|&lane| rejected >> lane & 1 != 0) {
            let stream = Stream { sample: stream.sample.wrapping_add(lane as u32), ..*stream };
            let rows: [_; 4] = std::array::from_fn(|word| self.of_word(&stream, block * 4 + word as u32));
            for (half, places) in places.iter_mut().enumerate() {
                places[lane] = pack::<PER_WORD>([rows[2 * half], rows[2 * half + 1]], unit);
            }
        }
    }
}

/// The places of a block's rows, for eight samples: of each those of the first two words and those of the
/// last two, packed ([`pack`]).
pub type Places = [[u64; WIDE_LANES]; 2];

/// The places of two words' rows in drawing order, lowest first: four of 16 bits with two rows a word, two of
/// 32 bits with one. A place is a row times `unit`.
pub const fn pack<const PER_WORD: usize>(rows: [[u32; 2]; 2], unit: u32) -> u64 {
    let [[a, b], [c, d]] = rows;
    if PER_WORD == 2 {
        (a * unit) as u64 | ((b * unit) as u64) << 16 | ((c * unit) as u64) << 32 | ((d * unit) as u64) << 48
    } else {
        (a * unit) as u64 | ((c * unit) as u64) << 32
    }
}

/// Place number `number` of those that [`pack`] put together.
#[inline(always)]
pub const fn unpack<const PER_WORD: usize>(packed: u64, number: usize) -> u32 {
    if PER_WORD == 2 { (packed >> (16 * number)) as u16 as u32 } else { (packed >> (32 * number)) as u32 }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::random::Purpose;
    use crate::vector::{Lanes, Vectorized, Vectors};

    fn stream(sample: u32) -> Stream {
        Stream { seed: 0x0123_4567_89ab_cdef, purpose: Purpose::Rows, day: 20_070_103, sample }
    }

    /// The draws of eight samples from `sample` on, by blocks.
    #[derive(Clone, Copy)]
    struct Drawn {
        rows: u32,
        sample: u32,
    }

    impl Drawn {
        #[inline(always)]
        fn draw<V: Lanes, const PER_WORD: usize>(self) -> Vec<Vec<u32>> {
            let range = RowRange::new(self.rows);
            let stream = stream(self.sample);
            let key = Stream::key(stream.seed);
            let samples = Samples::<V::Wide>::new(stream.sample, stream.day, key);
            let mut out = vec![Vec::new(); WIDE_LANES];
            for block in 0..self.rows.div_ceil(4 * PER_WORD as u32) {
                let purpose = Stream::purpose_word(stream.purpose, 0);
                let words = BlockWords::new(block, stream.day, purpose, key);
                let mut places = Places::default();
                range.draw_block::<V::Wide, PER_WORD>(&stream, &samples, (block, &words), 3, &mut places);
                for (lane, out) in out.iter_mut().enumerate() {
                    for half in places {
                        out.extend(
                            (0..2 * PER_WORD).map(|number| unpack::<PER_WORD>(half[lane], number) / 3),
                        );
                    }
                }
            }
            out.iter_mut().for_each(|draws| draws.truncate(self.rows as usize));
            out
        }
    }

    impl Vectorized for Drawn {
        type Output = Vec<Vec<u32>>;

        #[inline(always)]
        fn run<V: Lanes>(self) -> Self::Output {
            if RowRange::new(self.rows).rows_per_word() == 2 {
                self.draw::<V, 2>()
            } else {
                self.draw::<V, 1>()
            }
        }
    }

    #[test]
    fn blocks_of_samples_are_the_defined_draws() {
        for rows in [1, 2, 3, 7, 8, 9, 127, 128, 129, 385, 1000, 2012, 2048, 2049, 4097, 23_400, 100_000] {
            // At 2012 rows a block of 8 samples redraws with probability 3 %: 2,000 blocks see some sixty.
            for first in (0..if rows < 4000 { 64 } else { 1 }).step_by(WIDE_LANES) {
                let portable = Vectors::Portable.run(Drawn { rows, sample: first });
                for vectors in Vectors::available() {
                    assert!(
                        vectors.run(Drawn { rows, sample: first }) == portable,
                        "{vectors:?}, {rows} rows"
                    );
                }
                for (lane, draws) in portable.into_iter().enumerate() {
                    let sample = first + lane as u32;
                    assert!(
                        draws == RowRange::new(rows).draw_in_order(&stream(sample)),
                        "{rows} rows, {sample}"
                    );
                    // The perturbed twin: another sample's draws differ (from 127 rows on, surely at this
                    // seed).
                    if rows >= 127 {
                        assert!(draws != RowRange::new(rows).draw_in_order(&stream(sample + 1)));
                    }
                }
            }
        }
    }

    /// By counting: over all 2^16 words of a 16-bit model of the method each outcome is equally likely. The
    /// same arithmetic as [`RowRange::split`], at a word size where every word can be tried.
    #[test]
    fn every_outcome_has_the_same_number_of_words() {
        for rows in [1u32, 2, 3, 5, 7, 10, 16] {
            let threshold = (1u32 << 16) % (rows * rows);
            let mut counts = vec![0u32; (rows * rows) as usize];
            for word in 0..1u32 << 16 {
                let product = word * rows;
                let (first, fraction) = (product >> 16, product & 0xffff);
                let product = fraction * rows;
                let (second, fraction) = (product >> 16, product & 0xffff);
                if fraction >= threshold {
                    counts[(first * rows + second) as usize] += 1;
                }
            }
            assert!(counts.iter().all(|&count| count == (1 << 16) / (rows * rows)), "{rows}: {counts:?}");
        }
    }

    #[test]
    fn threshold_is_where_rejection_begins() {
        // n = 3: n² = 9, 2³² mod 9 = 4. Word 0 leaves fraction 0 and is rejected; word 1 leaves 9 and is
        // accepted.
        let range = RowRange::new(3);
        assert_eq!(range.threshold(), 4);
        assert_eq!(range.split(0), None);
        assert_eq!(range.split(1), Some([0, 0]));
        // A word in the middle: 0x5555_5556·3 = 2³² + 2, so the row is 1 and the fraction 2, then 6 ≥ 4.
        assert_eq!(range.split(0x5555_5556), Some([1, 0]));
        assert_eq!(range.split(u32::MAX), Some([2, 2]));
        // Powers of two divide 2³²: nothing is ever rejected.
        assert_eq!(RowRange::new(1024).threshold(), 0);
        assert_eq!(RowRange::new(1).split(0), Some([0, 0]));
    }

    #[test]
    fn a_rejected_word_is_drawn_again_at_the_next_attempt() {
        // Just above half of 2³² nearly every second word is rejected: chains of several attempts occur.
        let range = RowRange::new((1 << 31) + 1);
        let mut longest = 0;
        for word in 0..1000 {
            let attempts =
                (0..).take_while(|&attempt| range.split(stream(0).word(word, attempt)).is_none()).count();
            longest = longest.max(attempts);
            let expected = range.split(stream(0).word(word, attempts as u32));
            assert_eq!(Some(range.of_word(&stream(0), word)), expected);
        }
        assert!(longest >= 5, "1000 words at one half: a chain of {longest} only");
        // Within the fast path: 2³² mod 2012² is large, a word is rejected with probability 9.2e-4.
        let range = RowRange::new(2012);
        let rejections: usize = (0..200)
            .map(|sample| {
                (0..1006).filter(|&word| range.split(stream(sample).word(word, 0)).is_none()).count()
            })
            .sum();
        assert!(rejections >= 100, "only {rejections} rejected words: the redraw went untested");
    }

    /// χ² of the row counts against uniform, standardized: (χ² − (n−1)) / √(2(n−1)) is about N(0, 1). The
    /// seed is fixed, so that this is a check of the stream and not a gamble; a bias of one part in 300 would
    /// show as ten or more.
    #[test]
    fn rows_are_uniform_by_chi_square() {
        for rows in [2u32, 3, 385, 1000, 23_400] {
            let samples = (8_000_000 / rows).next_multiple_of(WIDE_LANES as u32);
            let mut counts = vec![0u64; rows as usize];
            for first in (0..samples).step_by(WIDE_LANES) {
                for row in Vectors::best().run(Drawn { rows, sample: first }).into_iter().flatten() {
                    counts[row as usize] += 1;
                }
            }
            let expected = f64::from(samples);
            let chi2: f64 = counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum();
            let freedom = f64::from(rows - 1);
            let z = (chi2 - freedom) / (2.0 * freedom).sqrt();
            assert!(z.abs() < 4.0, "{rows} rows: chi-square {chi2} at {freedom} degrees of freedom, z = {z}");
        }
    }

    /// Both rows of a word are also independent of each other: χ² over the n² pairs.
    #[test]
    fn pairs_are_uniform_by_chi_square() {
        for rows in [2u32, 3, 20] {
            let cells = (rows * rows) as usize;
            let mut counts = vec![0u64; cells];
            let words = 2_000_000;
            for word in 0..words {
                let [first, second] = RowRange::new(rows).of_word(&stream(0), word);
                counts[(first * rows + second) as usize] += 1;
            }
            let expected = f64::from(words) / cells as f64;
            let chi2: f64 = counts.iter().map(|&count| (count as f64 - expected).powi(2) / expected).sum();
            let freedom = cells as f64 - 1.0;
            let z = (chi2 - freedom) / (2.0 * freedom).sqrt();
            assert!(z.abs() < 4.0, "{rows} rows: z = {z}");
        }
    }

    /// Version 1 of the stream, pinned by values computed apart from this code (`tests/oracles/stream.py`).
    /// If this fails, every published result changes: give the stream a new version.
    #[test]
    fn golden_values() {
        let stream = Stream { seed: 0, purpose: Purpose::Rows, day: 20_070_103, sample: 0 };
        let draws = RowRange::new(385).draw_in_order(&stream);
        assert_eq!(draws[..12], [147, 296, 183, 334, 262, 190, 74, 105, 376, 192, 243, 337]);
        let draws = RowRange::new(23_400).draw_in_order(&stream);
        assert_eq!(draws[..8], [8981, 11175, 15954, 4514, 22883, 14822, 12046, 12509]);
        let far = Stream { seed: (1 << 40) + 5, day: 20_241_231, sample: 3_000_000_000, ..stream };
        assert_eq!(RowRange::new(1799).draw_in_order(&far)[1795..], [1084, 1651, 1386, 469]);
    }
}
