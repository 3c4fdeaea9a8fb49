//! The wild bootstrap: sums over a random subset of the rows, on the CPU; and what becomes of them.
//!
//! Each return is multiplied by an external weight, r*_i = r_i η_i, with independent η of two values: a with
//! probability p, else b,
//!
//! ```text
//! a = ⅕ √(31 + √186),   b = −⅕ √(31 − √186),   p = ½ − 3/√186 = 0.28003…
//! E η² = 1,   E η⁴ = 31/25,   E η⁶ = (31/25)(37/25),
//! ```
//!
//! the optimal choice of Gonçalves and Meddahi (2009, proposition 4.5): errors of studentized realized
//! variance up to O(h^(3/2)) under constant volatility. With A the set of rows that drew a, a column of even
//! degree d in the returns (2 for squared returns, 4 for their squares) has the sum
//!
//! ```text
//! Σ v_i η_i^d = b^d Σ v_i + (a^d − b^d) Σ_A v_i,
//! ```
//!
//! so that an engine only sums over A, exactly, and [`factors`] does the rest. Row i is in A where word i of
//! the sample's stream is below [`THRESHOLD`]: the same for all columns of a day.
//!
//! **On the CPU.** A block of the stream has the words of four rows. For eight samples at once, one in each
//! lane, the four comparisons make a number below 16, which of the four rows are in A; and the sixteen sums
//! that four rows can have are in a table. So a sample takes n/4 additions of a row, and n/4 vector Philox
//! blocks for eight samples, without rejection. The table is made for as many rows at a time as
//! `TABLE_BYTES` hold, once for a thread's chunk of samples.
//!
//! Source: S. Gonçalves and N. Meddahi, "Bootstrapping realized volatility", Econometrica 77(1), 2009. Twin:
//! `shaders/wild.wgsl`.

use std::ops::Range;

use super::Chunk;
use crate::columns::{DayColumns, LINE, Line};
use crate::random::philox::{BlockWords, Samples};
use crate::random::{Purpose, Stream};
use crate::vector::{Lanes, Vectorized, WIDE_LANES, Wide};

/// Row i draws a where its word is below this: round(p·2³²), p = ½ − 3/√186.
pub const THRESHOLD: u32 = 1_202_716_803;

/// The two values of η: a = ⅕√(31 + √186), drawn by the rows in A, and b = −⅕√(31 − √186).
pub const ETA: [f64; 2] = [1.336_236_232_063_565_2, -0.833_350_305_766_168_1];

/// E η² = 1, E η⁴ = 31/25, E η⁶ = (31/25)(37/25).
pub const MOMENTS: [f64; 3] = [1.0, 31.0 / 25.0, 31.0 * 37.0 / 625.0];

/// b^d and a^d − b^d of a column of degree d in the returns, so that the column's sum is b^d · total + (a^d −
/// b^d) · sum over A. Known for the degrees 2, 4, 6 and 8.
///
/// # Examples
///
/// ```
/// use bellwether::resample::wild::factors;
///
/// // Realized variance is 3, and rows that make up 1 of it drew a.
/// let [all, subset] = factors(2).unwrap();
/// assert!((all * 3.0 + subset * 1.0 - 3.1744727321).abs() < 1e-9);
/// ```
pub const fn factors(degree: u32) -> Option<[f64; 2]> {
    match degree {
        2 => Some([0.694_472_732_120_565_8, 1.091_054_535_758_868_6]),
        4 => Some([0.482_292_375_659_003_07, 2.705_815_248_681_994]),
        6 => Some([0.334_938_903_804_826_1, 5.357_514_192_390_348]),
        8 => Some([0.232_605_935_618_804_97, 9.931_424_288_762_39]),
        _ => None,
    }
}

/// Rows whose words a block of the stream has.
const ROWS: usize = 4;

/// Sums that so many rows can have.
const SUBSETS: usize = 1 << ROWS;

/// Bytes of sums that are tabulated at a time, where four rows take no more: half of a small core's cache.
pub(super) const TABLE_BYTES: usize = 256 << 10;

/// Blocks that are kept, and how far they are drawn ahead, as in [`super::draws`].
const RING: usize = 4;
const AHEAD: usize = 2;

/// Bytes of the table that a thread makes for rows of `stride` words.
pub(super) fn table_bytes(rows: u32, stride: usize) -> u64 {
    let all = (rows as usize).div_ceil(ROWS) as u64 * group_bytes(stride);
    all.min((TABLE_BYTES as u64).max(group_bytes(stride)))
}

/// Bytes of the sums of four rows.
fn group_bytes(stride: usize) -> u64 {
    (SUBSETS * stride * 4) as u64
}

/// A day, and what drawing its subsets takes that does not depend on the sample.
pub(super) struct WildDay<'a> {
    day: &'a DayColumns,
    seed: u64,
    /// Of every block that a sample needs, and [`AHEAD`] more.
    blocks: Vec<BlockWords>,
}

impl<'a> WildDay<'a> {
    /// Subsets of the rows of `day`, for samples of the stream with this `seed`.
    pub(super) fn new(day: &'a DayColumns, seed: u64) -> Self {
        let purpose = Stream::purpose_word(Purpose::WildWeights, 0);
        let count = day.rows().div_ceil(ROWS as u32) + AHEAD as u32;
        let words = |block| BlockWords::new(block, day.day(), purpose, Stream::key(seed));
        Self { day, seed, blocks: (0..count).map(words).collect() }
    }

    /// Rows `group`·4 and the three after it: line `line` of each, zeros beyond the last row.
    #[inline(always)]
    fn line(&self, group: usize, row: usize, line: usize) -> [u32; LINE] {
        let start = (group * ROWS + row) * self.day.stride() + line * LINE;
        match self.day.words().get(start..start + LINE) {
            Some(words) => std::array::from_fn(|word| words[word]),
            None => [0; LINE],
        }
    }

    /// As [`Self::line`], of rows of one word.
    #[inline(always)]
    fn word(&self, group: usize, row: usize) -> u32 {
        self.day.words().get(group * ROWS + row).copied().unwrap_or(0)
    }

    /// The sums of every subset of each of the `groups` of four rows, lines × groups × subsets.
    #[inline(always)]
    fn tabulate<V: Lanes>(&self, groups: Range<usize>, table: &mut [[Line; SUBSETS]]) {
        for (line, table) in table.chunks_exact_mut(groups.len()).enumerate() {
            for (group, sums) in groups.clone().zip(table) {
                sums[0] = Line([0; LINE]);
                for row in 0..ROWS {
                    let words = V::load(&self.line(group, row, line));
                    for subset in 0..1 << row {
                        words.add(V::load(&sums[subset].0)).store(&mut sums[1 << row | subset].0);
                    }
                }
            }
        }
    }

    /// As [`Self::tabulate`], of rows of one word: the sums of a group's subsets in one line.
    #[inline(always)]
    fn tabulate_words(&self, groups: Range<usize>, table: &mut [Line]) {
        for (group, Line(sums)) in groups.zip(table) {
            sums[0] = 0;
            for row in 0..ROWS {
                let word = self.word(group, row);
                for subset in 0..1 << row {
                    sums[1 << row | subset] = sums[subset].wrapping_add(word);
                }
            }
        }
    }
}

/// Which of four rows are in A, as bits, for eight samples.
#[inline(always)]
fn draw<W: Wide>(samples: &Samples<W>, block: &BlockWords, subsets: &mut [u64; WIDE_LANES]) {
    let [w0, w1, w2, w3] = samples.words(block);
    let threshold = W::splat(THRESHOLD.into());
    let lower = w0.choose_below(threshold, W::splat(1)).xor(w1.choose_below(threshold, W::splat(2)));
    let upper = w2.choose_below(threshold, W::splat(4)).xor(w3.choose_below(threshold, W::splat(8)));
    lower.xor(upper).store(subsets);
}

/// One chunk of samples on the current thread.
pub(super) struct WildChunk<'a> {
    pub(super) wild: &'a WildDay<'a>,
    pub(super) samples: Range<u32>,
}

impl Vectorized for WildChunk<'_> {
    type Output = Chunk<'static>;

    #[inline(always)]
    fn run<V: Lanes>(self) -> Chunk<'static> {
        let day = self.wild.day;
        let mut chunk = Chunk::new(&self.samples, day.row_words());
        let groups = (day.rows() as usize).div_ceil(ROWS);
        let lines = day.stride() / LINE;
        let at_a_time = (TABLE_BYTES as u64 / group_bytes(day.stride())).clamp(1, groups as u64) as usize;
        let mut words = vec![Line([0; LINE]); if lines == 0 { at_a_time } else { 0 }];
        let mut table = vec![[Line([0; LINE]); SUBSETS]; lines * at_a_time];
        let mut subsets = vec![[0; WIDE_LANES]; if lines > 2 { at_a_time } else { 0 }];
        for start in (0..groups).step_by(at_a_time) {
            let groups = start..(start + at_a_time).min(groups);
            let table = &mut table[..lines * groups.len()];
            match lines {
                0 => {
                    self.wild.tabulate_words(groups.clone(), &mut words);
                    self.single::<V>(groups, &words, &mut chunk);
                }
                1 => {
                    self.wild.tabulate::<V>(groups.clone(), table);
                    self.lines::<V, 1>(groups, table, &mut chunk);
                }
                2 => {
                    self.wild.tabulate::<V>(groups.clone(), table);
                    self.lines::<V, 2>(groups, table, &mut chunk);
                }
                _ => {
                    self.wild.tabulate::<V>(groups.clone(), table);
                    self.many_lines::<V>(groups, table, &mut subsets, &mut chunk);
                }
            }
        }
        chunk
    }
}

// Loops are written out where closures would read shorter: what is not inlined is not compiled for the
// instruction set.
impl WildChunk<'_> {
    #[inline(always)]
    fn stream<W: Wide>(&self, first: usize) -> Samples<W> {
        Samples::new(self.samples.start + first as u32, self.wild.day.day(), Stream::key(self.wild.seed))
    }

    /// Rows of one word.
    #[inline(always)]
    fn single<V: Lanes>(&self, groups: Range<usize>, table: &[Line], chunk: &mut Chunk<'static>) {
        for first in (0..self.samples.len()).step_by(WIDE_LANES) {
            let samples = self.stream::<V::Wide>(first);
            let mut ring = [[0; WIDE_LANES]; RING];
            let mut sums = [[0u32]; WIDE_LANES];
            for ahead in 0..AHEAD {
                draw(&samples, &self.wild.blocks[groups.start + ahead], &mut ring[ahead]);
            }
            let blocks = &self.wild.blocks[groups.start + AHEAD..];
            for (number, (line, words)) in table[..groups.len()].iter().zip(blocks).enumerate() {
                draw(&samples, words, &mut ring[(number + AHEAD) % RING]);
                let subsets = &ring[number % RING];
                for lane in 0..WIDE_LANES {
                    sums[lane][0] = sums[lane][0].wrapping_add(line.0[subsets[lane] as usize % SUBSETS]);
                }
            }
            chunk.add(first, 0, &sums);
        }
    }

    /// Rows of one or two lines: the sums of eight samples stay in registers, where there are enough.
    #[inline(always)]
    fn lines<V: Lanes, const LINES: usize>(
        &self,
        groups: Range<usize>,
        table: &[[Line; SUBSETS]],
        chunk: &mut Chunk<'static>,
    ) {
        let count = groups.len();
        for first in (0..self.samples.len()).step_by(WIDE_LANES) {
            let samples = self.stream::<V::Wide>(first);
            let mut ring = [[0; WIDE_LANES]; RING];
            let mut sums = [[V::splat(0); LINES]; WIDE_LANES];
            for ahead in 0..AHEAD {
                draw(&samples, &self.wild.blocks[groups.start + ahead], &mut ring[ahead]);
            }
            for number in 0..count {
                let words = &self.wild.blocks[groups.start + number + AHEAD];
                draw(&samples, words, &mut ring[(number + AHEAD) % RING]);
                let mut of_group = [&table[number]; LINES];
                for line in 1..LINES {
                    of_group[line] = &table[line * count + number];
                }
                add_lines_of_all(of_group, &ring[number % RING], &mut sums);
            }
            for line in 0..LINES {
                let mut words = [[0; LINE]; WIDE_LANES];
                for (sums, words) in sums.iter().zip(&mut words) {
                    sums[line].store(words);
                }
                chunk.add(first, line * LINE, &words);
            }
        }
    }

    /// Rows of more lines: the subsets of all groups are drawn, then the lines are added one after the other.
    #[inline(always)]
    fn many_lines<V: Lanes>(
        &self,
        groups: Range<usize>,
        table: &[[Line; SUBSETS]],
        subsets: &mut [[u64; WIDE_LANES]],
        chunk: &mut Chunk<'static>,
    ) {
        for first in (0..self.samples.len()).step_by(WIDE_LANES) {
            let samples = self.stream::<V::Wide>(first);
            for (words, subsets) in self.wild.blocks[groups.clone()].iter().zip(&mut *subsets) {
                draw(&samples, words, subsets);
            }
            for (line, of_line) in table.chunks_exact(groups.len()).enumerate() {
                let mut sums = [[V::splat(0)]; WIDE_LANES];
                for (of_group, subsets) in of_line.iter().zip(&*subsets) {
                    add_lines_of_all([of_group], subsets, &mut sums);
                }
                let mut words = [[0; LINE]; WIDE_LANES];
                for ([sum], words) in sums.iter().zip(&mut words) {
                    sum.store(words);
                }
                chunk.add(first, line * LINE, &words);
            }
        }
    }
}

/// Adds the lines that eight samples drew of one group.
#[inline(always)]
fn add_lines<V: Lanes, const LINES: usize>(
    table: &[&[Line; SUBSETS]; LINES],
    subset: u64,
    sums: &mut [V; LINES],
) {
    for line in 0..LINES {
        sums[line] = sums[line].add(V::load(&table[line][subset as usize % SUBSETS].0));
    }
}

/// As [`add_lines`], for all eight samples. Written out, so that the sums stay in registers.
#[inline(always)]
fn add_lines_of_all<V: Lanes, const LINES: usize>(
    table: [&[Line; SUBSETS]; LINES],
    subsets: &[u64; WIDE_LANES],
    [s0, s1, s2, s3, s4, s5, s6, s7]: &mut [[V; LINES]; WIDE_LANES],
) {
    add_lines(&table, subsets[0], s0);
    add_lines(&table, subsets[1], s1);
    add_lines(&table, subsets[2], s2);
    add_lines(&table, subsets[3], s3);
    add_lines(&table, subsets[4], s4);
    add_lines(&table, subsets[5], s5);
    add_lines(&table, subsets[6], s6);
    add_lines(&table, subsets[7], s7);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::resample::Scheme;

    /// The law of η in closed form, and the constants against it.
    #[test]
    fn the_two_values_have_the_moments() {
        let root = 186f64.sqrt();
        let p = 0.5 - 3.0 / root;
        assert_eq!(THRESHOLD, (p * 2f64.powi(32)).round() as u32);
        let [a, b] = ETA;
        assert!(
            (a - (31.0 + root).sqrt() / 5.0).abs() < 1e-15 && (b + (31.0 - root).sqrt() / 5.0).abs() < 1e-15
        );
        for (degree, moment) in (2..).step_by(2).zip(MOMENTS) {
            let [all, subset] = factors(degree).unwrap();
            let found = p * a.powi(degree as i32) + (1.0 - p) * b.powi(degree as i32);
            assert!((found - moment).abs() < 1e-15 * moment, "{degree}: {found}");
            assert!((all + p * subset - moment).abs() < 1e-15 * moment, "{degree}");
        }
        for degree in [2, 4, 6, 8] {
            let [all, subset] = factors(degree).unwrap();
            let (a, b) = (a.powi(degree as i32), b.powi(degree as i32));
            assert!((all - b).abs() < 2e-15 * b && (subset - (a - b)).abs() < 4e-15 * a, "{degree}");
        }
        assert_eq!(factors(3), None);
    }

    /// Of the words that are drawn, within four standard errors.
    #[test]
    fn drawn_weights_have_the_moments() {
        let (rows, samples) = (1000, 4000);
        let drawn: usize =
            (0..samples).map(|sample| Scheme::Wild.rows(rows, 1, 20_070_103, sample).len()).sum();
        let count = f64::from(rows * samples);
        let share = drawn as f64 / count;
        for (degree, moment) in (2..).step_by(2).zip(MOMENTS) {
            let [all, subset] = factors(degree).unwrap();
            let error = 4.0 * subset * (0.28 * 0.72 / count).sqrt();
            assert!((all + subset * share - moment).abs() < error, "{degree}: {share}");
            // The twin: a hundredth more is found out.
            assert!((all + subset * (share + 0.01) - moment).abs() > error, "{degree}");
        }
    }
}
