//! Columns: non-negative quantities of a day's rows as integers, so that sums are exact in any order.
//!
//! A *column* is a quantity v₀ … vₙ₋₁ ≥ 0 of the n rows of a day, such as the squared returns of one stock.
//! It is scaled by a power of two and rounded to integers, to nearest with ties to even,
//!
//! ```text
//! q[i] = round(v[i] · 2^e)
//! ```
//!
//! and each q is written in *limbs*: digits, most significant first, each in a field of bits wide enough for
//! the sum of any n of them. The first limb takes a word of 32 bits and holds up to cap = ⌊(2³² − 1) / n⌋.
//! The lower d bits of q follow in as few limbs as may be, full ones first: a digit of w bits has a field of
//!
//! ```text
//! F(w) = bits of n·(2^w − 1),   at most 32,
//! ```
//!
//! and e is the largest with max v · 2^e ≤ cap · 2^d. Sums of n limbs fit their fields whichever rows are
//! drawn, so words are added without a thought to what is in them. At the end the sums' limbs are put
//! together again, once: Σ q = (…((s₀·2^w₁ + s₁)·2^w₂ + s₂)…), where sₖ is the sum of limb k, of wₖ bits.
//!
//! **Bound.** Each q is within ½ of v·2^e, so a sum of n drawn rows is within n·2^(−e−1) of the exact sum.
//! How small can a resampled sum be? On a day of jumps far smaller than the column's own sum: it may miss
//! every jump. So the bound is taken relative to the *bulk*, the sum of the column without its five largest
//! rows, but no less than 2⁻⁶⁰ of its sum:
//!
//! ```text
//! bulk = max(Σ v[i] over v[i] < t  +  (m − 5)·t,  2⁻⁶⁰ Σ v[i])
//! ```
//!
//! with t the fifth largest value (0 where n < 5) and m the number of rows with `v[i]` ≥ t; sums are f64 in
//! row order. d is the least for which n·2^(−e−1) / bulk ≤ 1e-6 − 2⁻⁴⁹. The last term is for the roundings of
//! f64 on the way from prices to columns and from sums to quantiles ([`FLOATING_ERROR`]), so that any
//! resampled sum S* is within [`MAX_RELATIVE_ERROR`] · max(S*, bulk). A column's limbs depend on that column
//! alone. At n = 385 half of the columns of real squared returns need one lower bit, nearly all at most
//! three.
//!
//! **Layout.** A row is some words, and a *line* sixteen of them. Fields are placed widest first, each in the
//! word with the least room that suffices (best fit), so that the lower limbs of twelve stocks mostly share
//! the four words that their first limbs leave of a line. Rows of a day are contiguous and padded with zeros
//! to [`DayColumns::stride`] words: 1, or whole lines, which are lines of the cache.

use bytemuck::{Pod, Zeroable};
use ndarray::{ArrayRef2, Axis};

use crate::error::{Error, Result};

/// Largest error of any resampled sum, relative to the larger of that sum and the column's bulk, before a
/// column gets another bit.
pub const MAX_RELATIVE_ERROR: f64 = 1e-6;

/// What roundings of f64 may add to a resampled sum's relative error, 2⁻⁴⁹: with u = 2⁻⁵³, a squared log
/// return is within 8u ([`crate::panel::DayPrices::returns`]), an integer sum in the units of the values
/// within u, the interpolation of a quantile within 3u.
pub const FLOATING_ERROR: f64 = 8.0 * f64::EPSILON;

/// The number of largest rows that a low resample is taken to miss.
const MISSED: usize = 5;

/// The least bulk, as a share of the column's sum.
const LEAST_BULK: f64 = 1.0 / (1_u64 << 60) as f64;

/// Most rows of a day.
pub const MAX_ROWS: usize = 1 << 24;

/// Most bytes of a day's rows: places in them are 32-bit numbers.
pub const MAX_BYTES: u64 = u32::MAX as u64;

/// Words of a cache line: strides above 1 are multiples of it.
pub const LINE: usize = 16;

/// One cache line of words, aligned as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, align(64))]
pub(crate) struct Line(pub(crate) [u32; LINE]);

/// Bits of a word, and of the widest field.
const FULL: u32 = 32;

/// One digit of a column: a field of a word of its rows.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limb {
    /// Number of the word in a row.
    pub word: usize,
    /// Lowest bit of the field.
    pub shift: u32,
    /// Bits of the field, F(w): sums of digits fit.
    pub width: u32,
    /// Bits of a digit, w; 0 for the first limb, whose digits are at most cap.
    pub digit_bits: u32,
}

impl Limb {
    /// The limb's sum within the sum of its word.
    #[inline(always)]
    pub fn of(&self, word_sum: u32) -> u32 {
        (word_sum >> self.shift) & (u32::MAX >> (FULL - self.width))
    }
}

/// How one column is written in limbs.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The limbs, most significant first, at least one.
    pub limbs: Vec<Limb>,
    /// Power of two of the scale, e: value · 2^e was rounded.
    pub exponent: i32,
    /// The sum of the column itself, in f64 and row order.
    pub sum: f64,
    /// Largest error of any resampled sum that comes from rounding to integers, in the units of the values:
    /// n·2^(−e−1), or 0 for a column of zeros.
    pub rounding: f64,
    /// Largest error of any resampled sum, relative to the larger of that sum and the column's bulk (0 for a
    /// column of zeros).
    pub relative_error: f64,
}

/// How many fields of each width some columns have: what decides how many words of a row they take.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct FieldCount {
    /// By width, from 0 (of which there are none) to 32 bits.
    widths: [u32; FULL as usize + 1],
}

/// What decides how a column is written: figures of its values times a power of two, 1 unless their sum
/// overflows.
#[derive(Debug, Clone, Copy)]
struct Extent {
    smallest: f64,
    largest: f64,
    sum: f64,
    bulk: f64,
}

impl Default for FieldCount {
    fn default() -> Self {
        Self { widths: [0; FULL as usize + 1] }
    }
}

impl FieldCount {
    /// Adds the fields of a column of which `draws` rows are summed, with so many lower bits.
    pub fn add(&mut self, draws: u32, lower_bits: u32) {
        self.widths[FULL as usize] += 1;
        for digit_bits in lower_digits(draws, lower_bits) {
            self.widths[field_width(draws, digit_bits) as usize] += 1;
        }
    }

    /// The same with the fields of one more column.
    #[must_use]
    pub fn with(mut self, draws: u32, lower_bits: u32) -> Self {
        self.add(draws, lower_bits);
        self
    }

    /// Words of a row that these fields take, widest first, each where the least room suffices: as
    /// [`DayColumns`] places them.
    pub fn row_words(&self) -> usize {
        // Words by their free bits.
        let mut free = [0_u32; FULL as usize + 1];
        let mut row_words = 0;
        for width in (1..=FULL as usize).rev() {
            let mut left = self.widths[width];
            if left == 0 {
                continue;
            }
            // The fields that come to a word fill it: what it has left after one is again the least room that
            // suffices.
            let fill = |room: usize, available: u32, free: &mut [u32], left: &mut u32| {
                let most = (room / width) as u32;
                let filled = available.min(*left / most);
                free[room - most as usize * width] += filled;
                *left -= filled * most;
                let partly = u32::from(filled < available && *left > 0);
                if partly > 0 {
                    free[room - *left as usize * width] += 1;
                    *left = 0;
                }
                filled + partly
            };
            for room in width..=FULL as usize {
                if left > 0 && free[room] > 0 {
                    let used = fill(room, free[room], &mut free, &mut left);
                    free[room] -= used;
                }
            }
            row_words += fill(FULL as usize, u32::MAX, &mut free, &mut left) as usize;
        }
        row_words
    }
}

/// The columns of one day, as rows of limbs.
#[derive(Debug, Clone, PartialEq)]
pub struct DayColumns {
    day: u32,
    rows: u32,
    stride: usize,
    row_words: usize,
    columns: Vec<Column>,
    lines: Vec<Line>,
}

impl DayColumns {
    /// The columns of calendar day `day` (YYYYMMDD) from `values`, n rows × columns, all finite and not
    /// negative.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where there is no row, more than [`MAX_ROWS`], or a value that is negative or not
    /// finite; [`Error::Memory`] where the rows take more than [`MAX_BYTES`].
    pub fn new(day: u32, values: &ArrayRef2<f64>) -> Result<Self> {
        Self::planned(day, values, plan_columns(values)?)
    }

    /// As [`Self::new`], with the columns that [`plan_columns`] gave for `values`, or for more columns than
    /// these: how a column is written does not depend on the others, only its words do.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] where the rows take more than [`MAX_BYTES`].
    pub fn planned(day: u32, values: &ArrayRef2<f64>, mut columns: Vec<Column>) -> Result<Self> {
        debug_assert_eq!(columns.len(), values.ncols());
        let row_words = place(&mut columns);
        let rows = values.nrows();
        let stride = stride_of(row_words);
        let needed = (rows * stride) as u64 * 4;
        if needed > MAX_BYTES {
            return Err(Error::Memory {
                what: format!("a table of {rows} rows for {} stocks", columns.len()),
                needed,
                allowed: MAX_BYTES,
                advice: "resample fewer stocks at a time, or shorter days".into(),
            });
        }
        let mut lines = vec![Line([0; LINE]); (rows * stride).div_ceil(LINE)];
        let words: &mut [u32] = bytemuck::cast_slice_mut(&mut lines);
        // Most columns have a limb in a word of its own, and some a second one beside others.
        let heads: Vec<Head> = columns.iter().map(Head::new).collect();
        let seconds: Vec<(usize, Limb)> = (columns.iter().map(|column| &column.limbs).enumerate())
            .filter(|&(column, limbs)| heads[column].scale > 0.0 && limbs.len() > 1)
            .map(|(column, limbs)| (column, limbs[1]))
            .collect();
        let others: Vec<usize> = (0..columns.len()).filter(|&column| heads[column].scale == 0.0).collect();
        for (values, row) in values.rows().into_iter().zip(words.chunks_exact_mut(stride)) {
            for (&value, head) in values.iter().zip(&heads) {
                row[head.word] = (round_small(value * head.scale) >> head.below) as u32;
            }
            for &(column, limb) in &seconds {
                let digit =
                    round_small(values[column] * heads[column].scale) as u32 & ((1 << limb.digit_bits) - 1);
                row[limb.word] |= digit << limb.shift;
            }
            for &column in &others {
                columns[column].write(values[column], row);
            }
        }
        Ok(Self { day, rows: rows as u32, stride, row_words, columns, lines })
    }

    /// Calendar day as the number YYYYMMDD, a word of the random stream's counter.
    pub fn day(&self) -> u32 {
        self.day
    }

    /// Number of rows, n.
    pub fn rows(&self) -> u32 {
        self.rows
    }

    /// Words from one row to the next.
    pub fn stride(&self) -> usize {
        self.stride
    }

    /// Number of words of a row in use; those beyond are zero.
    pub fn row_words(&self) -> usize {
        self.row_words
    }

    /// How each column is written.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The words, n rows × stride, aligned to 64 bytes.
    pub fn words(&self) -> &[u32] {
        &bytemuck::cast_slice(&self.lines)[..self.rows as usize * self.stride]
    }
}

/// How each column of a day is written, from its `values`, n rows × columns: what [`DayColumns::new`] does
/// first.
///
/// # Errors
///
/// As [`DayColumns::new`].
pub fn plan_columns(values: &ArrayRef2<f64>) -> Result<Vec<Column>> {
    plan_columns_for(values, values.nrows().min(MAX_ROWS) as u32)
}

/// As [`plan_columns`], for resamples that sum up to `draws` rows, a row counted as often as it comes
/// ([`Scheme::draws`](crate::resample::Scheme::draws)), instead of as many as the day has.
///
/// # Errors
///
/// As [`DayColumns::new`].
pub fn plan_columns_for(values: &ArrayRef2<f64>, draws: u32) -> Result<Vec<Column>> {
    let (rows, draws) = (values.nrows(), draws.max(1));
    if rows == 0 || rows > MAX_ROWS {
        return Err(Error::Parameter {
            name: "the number of rows of a day",
            value: rows.to_string(),
            requirement: format!(
                "it must lie between 1 and {MAX_ROWS}; resample shorter days or a coarser grid"
            ),
        });
    }
    let planned = extents(values, 1.0).into_iter().enumerate().map(|(number, extent)| {
        let column = values.column(number);
        let bad = |value: &&f64| !(value.is_finite() && **value >= 0.0);
        if (extent.smallest < 0.0 || !extent.sum.is_finite())
            && let Some(value) = column.iter().find(bad)
        {
            return Err(Error::Parameter {
                name: "a value to resample",
                value: value.to_string(),
                requirement: "columns hold finite numbers that are not negative".into(),
            });
        }
        // Where the sum of finite values overflows, or 2⁻⁶⁰ of it underflows, its figures are those of values
        // times a power of two.
        let scale = match extent.sum {
            f64::INFINITY => -64,
            sum if sum > 0.0 && sum < f64::MIN_POSITIVE / LEAST_BULK => 200,
            _ => return Ok(Column::plan(draws, &extent, 0)),
        };
        let scaled = extents(&column.insert_axis(Axis(1)), power_of_two(scale))[0];
        Ok(Column::plan(draws, &scaled, scale))
    });
    planned.collect()
}

/// What decides how each column of `values`, n rows × columns, times `scale` is written. Row by row, as
/// values lie in memory: sums then come in row order, and show what is not finite, as the least values show
/// what is negative.
fn extents(values: &ArrayRef2<f64>, scale: f64) -> Vec<Extent> {
    let columns = values.ncols();
    // Figures of the same kind side by side, so that the loops over columns are vectors.
    let (mut least, mut sums) = (vec![0.0_f64; columns], vec![0.0_f64; columns]);
    // The largest values of each column, in falling order, and the last of them.
    let (mut largest, mut fifth) = (vec![[0.0_f64; MISSED]; columns], vec![0.0_f64; columns]);
    for row in values.rows() {
        for ((&value, least), sum) in row.iter().zip(&mut least).zip(&mut sums) {
            let value = value * scale;
            *least = if value < *least { value } else { *least };
            *sum += value;
        }
        for (column, (&value, fifth)) in row.iter().zip(&mut fifth).enumerate() {
            let value = value * scale;
            if value > *fifth {
                let largest = &mut largest[column];
                let place = largest.iter().take_while(|larger| **larger >= value).count();
                largest.copy_within(place..MISSED - 1, place + 1);
                largest[place] = value;
                *fifth = largest[MISSED - 1];
            }
        }
    }
    // The rows below the fifth largest, and the number of the others.
    let (mut below, mut others) = (vec![0.0_f64; columns], vec![0.0_f64; columns]);
    for row in values.rows() {
        let figures = below.iter_mut().zip(&mut others).zip(&fifth);
        for (&value, ((sum, others), fifth)) in row.iter().zip(figures) {
            let value = value * scale;
            let is_below = value < *fifth;
            *sum += if is_below { value } else { 0.0 };
            *others += if is_below { 0.0 } else { 1.0 };
        }
    }
    let of_column = |column: usize| {
        let ties = (others[column] - MISSED as f64).max(0.0) * fifth[column];
        Extent {
            smallest: least[column],
            largest: largest[column][0],
            sum: sums[column],
            bulk: (below[column] + ties).max(sums[column] * LEAST_BULK),
        }
    };
    (0..columns).map(of_column).collect()
}

/// The bits of the digits of the lower limbs that have `lower_bits` bits in all, of which `draws` are summed,
/// most significant first: full ones, then what is left.
fn lower_digits(draws: u32, lower_bits: u32) -> impl Iterator<Item = u32> {
    // The most bits of a digit whose sums fit a word.
    let full = (u64::from(u32::MAX / draws) + 1).ilog2();
    let (count, rest) = (lower_bits / full, lower_bits % full);
    std::iter::repeat_n(full, count as usize).chain((rest > 0).then_some(rest))
}

/// The bits of a field that holds the sum of `draws` digits of `digit_bits` bits.
fn field_width(draws: u32, digit_bits: u32) -> u32 {
    (u64::from(draws) * ((1 << digit_bits) - 1)).ilog2() + 1
}

/// Gives every limb its place, widest first, each in the word with the least room that suffices; of equal
/// ones, in the last that came to have it. Returns the number of words of a row.
fn place(columns: &mut [Column]) -> usize {
    let mut row_words = 0;
    // The words with so many free bits.
    let mut free: [Vec<usize>; FULL as usize + 1] = std::array::from_fn(|_| Vec::new());
    for width in (1..=FULL).rev() {
        let limbs = columns.iter_mut().flat_map(|column| &mut column.limbs);
        for limb in limbs.filter(|limb| limb.width == width) {
            let room = (width..=FULL).find(|&room| !free[room as usize].is_empty());
            let word = room.and_then(|room| free[room as usize].pop());
            let (word, room) = match (word, room) {
                (Some(word), Some(room)) => (word, room),
                _ => {
                    row_words += 1;
                    (row_words - 1, FULL)
                }
            };
            (limb.word, limb.shift) = (word, FULL - room);
            free[(room - width) as usize].push(word);
        }
    }
    row_words
}

/// Words from a row to the next, of which `words` are in use: one, or whole lines.
pub const fn stride_of(words: usize) -> usize {
    if words <= 1 { 1 } else { words.next_multiple_of(LINE) }
}

impl Column {
    /// Chooses limbs and scale for sums of up to n = `draws` values, of which `extent` is that of the values
    /// times 2^`scale`. The limbs have no place yet.
    fn plan(draws: u32, extent: &Extent, scale: i32) -> Self {
        let &Extent { largest, sum, bulk, .. } = extent;
        if largest == 0.0 {
            let limbs = Limb::unplaced(draws, 0).collect();
            return Self { limbs, exponent: 0, sum, rounding: 0.0, relative_error: 0.0 };
        }
        let exponent = largest_exponent(largest, u32::MAX / draws);
        // n · 2^(−e−1) / bulk, in an order that neither overflows nor underflows.
        let half_of_draws = 0.5 * f64::from(draws);
        let (first, second) = (exponent / 2, exponent - exponent / 2);
        let mut error = scale_by_power(half_of_draws / scale_by_power(bulk, first), -second);
        let mut lower_bits = 0;
        while error > MAX_RELATIVE_ERROR - FLOATING_ERROR {
            error *= 0.5;
            lower_bits += 1;
        }
        let exponent = exponent + lower_bits as i32 + scale;
        Self {
            limbs: Limb::unplaced(draws, lower_bits).collect(),
            exponent,
            sum: scale_by_power(sum, -scale),
            rounding: scale_by_power(half_of_draws, -exponent),
            relative_error: error + FLOATING_ERROR,
        }
    }

    /// Bits of all digits but the first.
    pub fn lower_bits(&self) -> u32 {
        self.limbs[1..].iter().map(|limb| limb.digit_bits).sum()
    }

    /// The most that the lower limbs add to a joined sum: all their fields full.
    pub fn largest_rest(&self) -> u128 {
        self.limbs[1..]
            .iter()
            .fold(0, |total, limb| (total << limb.digit_bits) + u128::from(u32::MAX >> (FULL - limb.width)))
    }

    /// Writes `value` into the column's fields of a row, which hold zeros.
    fn write(&self, value: f64, row: &mut [u32]) {
        let mut rest = round_scaled(value, self.exponent);
        let mut below = self.lower_bits();
        for (number, limb) in self.limbs.iter().enumerate() {
            row[limb.word] |= ((rest >> below) as u32) << limb.shift;
            rest &= (1 << below) - 1;
            below -= self.limbs.get(number + 1).map_or(0, |next| next.digit_bits);
        }
    }

    /// Bytes of the integer that a joined sum is selected as.
    pub fn key_bytes(&self) -> u64 {
        match self.limbs.len() {
            1 => 4,
            _ if self.joins_in_64_bits() => 8,
            _ => 16,
        }
    }

    /// Whether every sum of the column, its limbs joined, fits 64 bits.
    pub fn joins_in_64_bits(&self) -> bool {
        // The first limb's sum has 32 bits, and the lower limbs' sums carry less than one bit more.
        FULL + 1 + self.lower_bits() <= 64
    }

    /// What a sum of 64 bits is multiplied by to be in the units of the values, 2^−e, where that is as exact
    /// as [`Self::value_of`]: at usual sizes.
    pub fn unit(&self) -> Option<f64> {
        const USUAL: i32 = 900;
        (self.joins_in_64_bits() && self.exponent.abs() <= USUAL).then(|| power_of_two(-self.exponent))
    }

    /// An integer sum in the units of the values: `total` · 2^−e, rounded once.
    #[inline]
    pub fn value_of(&self, total: u128) -> f64 {
        scale_by_power(total as f64, -self.exponent)
    }
}

/// How the first limb of a column is written, where it has at most one other.
#[derive(Debug, Clone, Copy)]
struct Head {
    word: usize,
    /// 2^e; or zero where that is not a normal number, the column has more limbs or its integers more than 51
    /// bits, for another way to write it. Products that are not exact are far below ½, so that
    /// [`round_small`] gives what [`round_scaled`] does.
    scale: f64,
    /// Bits of the second limb's digits; 0 where the scale is.
    below: u32,
}

impl Head {
    fn new(column: &Column) -> Self {
        let below = column.lower_bits();
        let normal = (-1022..=1023).contains(&column.exponent);
        let scale = if normal && column.limbs.len() <= 2 && FULL + below <= 51 {
            power_of_two(column.exponent)
        } else {
            0.0
        };
        Self { word: column.limbs[0].word, scale, below: if scale == 0.0 { 0 } else { below } }
    }
}

impl Limb {
    /// The limbs of a column of which `draws` rows are summed, with so many lower bits, without a place.
    fn unplaced(draws: u32, lower_bits: u32) -> impl Iterator<Item = Self> {
        let first = Self { word: 0, shift: 0, width: FULL, digit_bits: 0 };
        let lower = lower_digits(draws, lower_bits).map(move |digit_bits| Self {
            width: field_width(draws, digit_bits),
            digit_bits,
            ..first
        });
        std::iter::once(first).chain(lower)
    }
}

/// The largest e with `largest` · 2^e ≤ `cap`, for `largest` > 0.
fn largest_exponent(largest: f64, cap: u32) -> i32 {
    let (mantissa, exponent) = decompose(largest);
    // largest = mantissa · 2^exponent; align the mantissa's top bit with that of cap, then step down if it is
    // above.
    let top = i64::from(cap.ilog2()) - i64::from(mantissa.ilog2());
    let fits = |shift: i64| {
        if shift >= 0 {
            u128::from(mantissa) << shift <= u128::from(cap)
        } else {
            u128::from(mantissa) <= u128::from(cap) << -shift
        }
    };
    let shift = if fits(top) { top } else { top - 1 };
    (shift - i64::from(exponent)) as i32
}

/// `value` = mantissa · 2^exponent with an integer mantissa, for finite `value` ≥ 0.
fn decompose(value: f64) -> (u64, i32) {
    let bits = value.to_bits();
    let (exponent, fraction) = ((bits >> 52) as i32 & 0x7ff, bits & ((1 << 52) - 1));
    if exponent == 0 { (fraction, -1074) } else { (fraction | 1 << 52, exponent - 1075) }
}

/// round(`value` · 2^`exponent`), ties to even, in integer arithmetic: exact for subnormal values and any
/// exponent for which the result fits.
fn round_scaled(value: f64, exponent: i32) -> u128 {
    let (mantissa, own) = decompose(value);
    let shift = own + exponent;
    if shift >= 0 {
        return u128::from(mantissa) << shift;
    }
    let shift = -shift as u32;
    if shift > 63 {
        return 0;
    }
    let (whole, rest, half) = (mantissa >> shift, mantissa & ((1 << shift) - 1), 1 << (shift - 1));
    u128::from(whole + u64::from(rest > half || (rest == half && whole & 1 == 1)))
}

/// round(`value`), ties to even, for 0 ≤ `value` < 2⁵¹: above 2⁵² doubles are the integers, so that the
/// addition rounds.
#[inline]
fn round_small(value: f64) -> u64 {
    const SHIFT: f64 = (1_u64 << 52) as f64;
    (value + SHIFT).to_bits() - SHIFT.to_bits()
}

/// `value` · 2^`exponent` without overflow on the way, correctly rounded unless the result is subnormal.
fn scale_by_power(mut value: f64, mut exponent: i32) -> f64 {
    const STEP: i32 = 1000;
    while exponent > STEP {
        value *= power_of_two(STEP);
        exponent -= STEP;
    }
    while exponent < -STEP {
        value *= power_of_two(-STEP);
        exponent += STEP;
    }
    value * power_of_two(exponent)
}

/// 2^`exponent` for −1022 ≤ `exponent` ≤ 1023.
fn power_of_two(exponent: i32) -> f64 {
    f64::from_bits(((exponent + 1023) as u64) << 52)
}

#[cfg(test)]
mod tests {
    use ndarray::Array2;
    use proptest::prelude::*;

    use super::*;

    fn columns(values: &[f64]) -> DayColumns {
        let values = Array2::from_shape_vec((values.len(), 1), values.to_vec()).unwrap();
        DayColumns::new(20_070_103, &values).unwrap()
    }

    /// The sum of the rows drawn, through the limbs; and no limb's sum may exceed 32 bits.
    fn resampled(day: &DayColumns, drawn: impl Iterator<Item = usize>) -> f64 {
        let column = &day.columns()[0];
        let mut sums = vec![0u32; day.row_words()];
        for row in drawn {
            for (word, sum) in sums.iter_mut().enumerate() {
                *sum = sum.checked_add(day.words()[row * day.stride() + word]).expect("a sum overflowed");
            }
        }
        column.value_of(
            column
                .limbs
                .iter()
                .fold(0, |total, limb| (total << limb.digit_bits) + u128::from(limb.of(sums[limb.word]))),
        )
    }

    /// Draws that stretch the bound: the day itself, every row n times, and a mixture.
    fn check_bound(values: &[f64]) {
        let day = columns(values);
        let column = &day.columns()[0];
        let n = values.len();
        let sum: f64 = values.iter().sum();
        assert!(column.relative_error <= MAX_RELATIVE_ERROR);
        assert!(sum == 0.0 || column.relative_error > 0.0);
        // The sums under test and the f64 sums they are compared with round too, by n ulps at the most.
        let mut falling = values.to_vec();
        falling.sort_unstable_by(|a, b| b.total_cmp(a));
        let bulk = falling.iter().skip(5).sum::<f64>().max(sum * 2f64.powi(-60));
        let allowed = |exact: f64| {
            column.relative_error * bulk.max(exact) + exact * n as f64 * f64::EPSILON + f64::from_bits(1)
        };
        let check = |drawn: Vec<usize>| {
            let exact: f64 = drawn.iter().map(|&row| values[row]).sum();
            let sum = resampled(&day, drawn.into_iter());
            assert!((sum - exact).abs() <= allowed(exact), "{sum} for {exact}, {column:?}");
        };
        check((0..n).collect());
        let largest = (0..n).max_by(|&a, &b| values[a].total_cmp(&values[b])).unwrap();
        check(vec![largest; n]);
        for row in (0..n).step_by(n / 50 + 1) {
            check(vec![row; n]);
            check((0..n).map(|i| if i % 3 == 0 { largest } else { (i * 7 + row) % n }).collect());
        }
    }

    /// Fields hold as many draws of any row as are planned for; and fewer draws leave finer integers.
    #[test]
    fn columns_are_planned_for_their_draws() {
        let mut values: Vec<f64> = (0..385).map(|i| 1e-9 * f64::from(i * i % 17)).collect();
        values[200] = 1e-3;
        let values = Array2::from_shape_vec((385, 1), values).unwrap();
        let mut exponents = Vec::new();
        for draws in [1_u32, 7, 100, 385, 1000, 50_000] {
            let planned = plan_columns_for(&values, draws).unwrap();
            let day = DayColumns::planned(20_070_103, &values, planned).unwrap();
            let column = &day.columns()[0];
            for row in [13, 200] {
                let exact = f64::from(draws) * values[[row, 0]];
                let sum = resampled(&day, std::iter::repeat_n(row, draws as usize));
                assert!((sum - exact).abs() <= column.rounding + 1e-12 * exact, "{draws} draws: {sum}");
            }
            exponents.push(column.exponent - column.lower_bits() as i32);
            if draws == 385 {
                assert_eq!(plan_columns(&values).unwrap(), plan_columns_for(&values, 385).unwrap());
            }
        }
        // The first limb of a row may be as large as the draws allow.
        assert!(exponents.windows(2).all(|pair| pair[0] > pair[1]), "{exponents:?}");
    }

    #[test]
    fn adversarial_columns_keep_the_bound() {
        let mut jump = vec![1e-9; 385];
        jump[200] = 0.05;
        check_bound(&jump);
        check_bound(&vec![3e-7; 385]);
        check_bound(&[0.0; 385]);
        check_bound(&[2.5e-8]);
        check_bound(&[f64::MAX / 4.0, 1.0]);
        check_bound(&[f64::from_bits(1), 0.0, f64::from_bits(3)]);
        check_bound(&[1e-310, 2e-310, f64::MIN_POSITIVE]);
        let mut long: Vec<f64> = (0..100_000).map(|i| 1e-12 * f64::from(i % 17)).collect();
        check_bound(&long);
        long[7] = 1.0;
        check_bound(&long);
    }

    /// Fields and digits of the limbs of a column with one row of `share` of its sum, and the rest equal.
    fn fields(rows: usize, share: f64) -> Vec<(u32, u32)> {
        let mut values = vec![(1.0 - share) / (rows - 1) as f64; rows];
        values[rows / 2] = share;
        columns(&values).columns()[0].limbs.iter().map(|limb| (limb.width, limb.digit_bits)).collect()
    }

    #[test]
    fn limbs_follow_the_largest_row_beside_the_bulk() {
        // By hand, for 385 rows: cap is 2^23.4, so that e is 23 less the power of two that the largest row
        // needs, and the bound is 385/2 · 2^−e over a bulk of about one.
        assert_eq!(fields(385, 1.0 / 385.0), [(32, 0)]);
        assert_eq!(fields(385, 0.0285), [(32, 0)]);
        assert_eq!(fields(385, 0.057), [(32, 0), (9, 1)]);
        assert_eq!(fields(385, 0.1), [(32, 0), (11, 2)]);
        assert_eq!(fields(385, 0.9), [(32, 0), (17, 8)]);
        // A bulk of 0.99e-9 asks for 35 bits: a field of 32 bits holds a digit of 23.
        assert_eq!(fields(385, 1.0 - 1e-9), [(32, 0), (32, 23), (21, 12)]);
        // n = 100,000: a field of 32 bits has digits of 15.
        assert_eq!(fields(100_000, 0.9)[..2], [(32, 0), (32, 15)]);
    }

    /// The example that the bound relative to the column's own sum got wrong: the lower end was 0.
    #[test]
    fn low_resamples_of_a_day_with_a_jump_are_as_exact_as_others() {
        let mut values = vec![1e-10; 79];
        values[40] = 0.25;
        let day = columns(&values);
        let low = resampled(&day, (0..79).map(|row| row % 40));
        assert!((low / 79e-10 - 1.0).abs() <= 1e-6, "{low}");
    }

    #[test]
    fn words_are_shared_and_counted() {
        // Bulks that ask for each kind of limb, in a mixed order.
        let shares = [0.9, 0.003, 0.057, 0.1, 0.057, 0.057, 0.9, 0.057, 0.057];
        let values = Array2::from_shape_fn((385, shares.len()), |(row, stock)| {
            if row == 3 * stock { shares[stock] } else { (1.0 - shares[stock]) / 384.0 }
        });
        let day = DayColumns::new(1, &values).unwrap();
        // Nine full words; 17 and 11 bits; 17 and 9; 9, 9 and 9; 9.
        assert_eq!((day.row_words(), day.stride()), (13, 16));
        let mut fields: Vec<_> = day.columns().iter().flat_map(|column| &column.limbs).collect();
        fields.sort_unstable_by_key(|limb| (limb.word, limb.shift));
        for pair in fields.windows(2) {
            assert!(
                pair[0].word < pair[1].word || pair[0].shift + pair[0].width <= pair[1].shift,
                "{pair:?}"
            );
        }
        assert!(fields.iter().all(|limb| limb.word < day.row_words() && limb.shift + limb.width <= 32));
    }

    proptest! {
        /// Counted, placed, and by the definition of best fit, field by field.
        #[test]
        fn words_are_counted_as_they_are_placed(
            rows in prop_oneof![1_u32..500, Just(MAX_ROWS as u32)],
            lower_bits in prop::collection::vec(0_u32..60, 1..40),
        ) {
            let column = |&lower_bits: &u32| Column {
                limbs: Limb::unplaced(rows, lower_bits).collect(),
                exponent: 0, sum: 0.0, rounding: 0.0, relative_error: 0.0,
            };
            let mut columns: Vec<Column> = lower_bits.iter().map(column).collect();
            let counts = lower_bits.iter().fold(FieldCount::default(), |all, &bits| all.with(rows, bits));
            let counted = counts.row_words();
            let limbs = columns.iter().flat_map(|column| &column.limbs);
            let mut fields: Vec<u32> = limbs.map(|limb| limb.width).collect();
            fields.sort_unstable_by(|a, b| b.cmp(a));
            let mut free: Vec<u32> = Vec::new();
            for width in fields {
                match free.iter_mut().filter(|room| **room >= width).min() {
                    Some(room) => *room -= width,
                    None => free.push(FULL - width),
                }
            }
            prop_assert_eq!(counted, free.len());
            prop_assert_eq!(place(&mut columns), counted);
            for limb in columns.iter().flat_map(|column| &column.limbs) {
                prop_assert!(limb.word < counted && limb.shift + limb.width <= FULL);
                // Sums of digits fit, and one bit less would not do.
                let most = u64::from(rows) * ((1_u64 << limb.digit_bits) - 1);
                let tight = || most >> limb.width == 0 && most >> (limb.width - 1) == 1;
                prop_assert!(limb.digit_bits == 0 || tight());
            }
            let limbs = columns.iter().flat_map(|column| &column.limbs);
            let mut placed: Vec<_> = limbs.map(|limb| (limb.word, limb.shift, limb.width)).collect();
            placed.sort_unstable();
            let apart = |pair: &[(usize, u32, u32)]| {
                pair[0].0 < pair[1].0 || pair[0].1 + pair[0].2 <= pair[1].1
            };
            prop_assert!(placed.windows(2).all(apart));
            for (column, &lower_bits) in columns.iter().zip(&lower_bits) {
                prop_assert_eq!(column.lower_bits(), lower_bits);
            }
        }
    }

    #[test]
    fn the_bulk_is_the_sum_without_the_five_largest() {
        let bulk = |values: &[f64]| {
            let values = Array2::from_shape_vec((values.len(), 1), values.to_vec()).unwrap();
            extents(&values, 1.0)[0].bulk
        };
        assert_eq!(bulk(&[9.0, 1.0, 8.0, 2.0, 7.0, 6.0, 5.0, 3.0]), 6.0);
        // Ties at the fifth: 4 · 5 = 20 of which five are missed.
        assert_eq!(bulk(&[4.0, 1.0, 4.0, 4.0, 4.0, 4.0, 4.0, 0.0]), 5.0);
        assert_eq!(bulk(&[2.0; 10]), 10.0);
        // No more than five rows, or no more that are not zero: the least that a bulk is taken to be.
        let least = 2f64.powi(-60);
        assert_eq!(bulk(&[3.0]), 3.0 * least);
        assert_eq!(bulk(&[1.0; 5]), 5.0 * least);
        assert_eq!(bulk(&[1.0, 0.0, 1.0, 0.0, 0.0, 0.0]), 2.0 * least);
        // Not by subtraction, which would leave rounding errors of the sum.
        assert_eq!(bulk(&[1.0, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17, 1e-17]), 2e-17);
    }

    #[test]
    fn columns_whose_sum_overflows_keep_the_bound() {
        let column = &columns(&vec![f64::MAX / 2.0; 100]).columns()[0].clone();
        assert!(column.sum.is_infinite());
        assert!(column.relative_error > 0.0 && column.relative_error <= MAX_RELATIVE_ERROR, "{column:?}");
        assert!(column.rounding > 0.0 && column.rounding.is_finite());
    }

    #[test]
    fn limbs_of_a_column_do_not_depend_on_the_others() {
        let mut values = Array2::from_shape_fn((385, 3), |(i, s)| (i * (s + 1)) as f64 * 1e-8);
        values[[9, 1]] = 1.0;
        let all = DayColumns::new(1, &values).unwrap();
        for stock in 0..3 {
            let alone = DayColumns::new(1, &values.slice(ndarray::s![.., stock..=stock])).unwrap();
            let (a, b) = (&alone.columns()[0], &all.columns()[stock]);
            assert_eq!(a.exponent, b.exponent);
            for row in 0..385 {
                let limbs = |day: &DayColumns, column: &Column| {
                    let of = |limb: &Limb| (limb.width, limb.of(day.words()[row * day.stride() + limb.word]));
                    column.limbs.iter().map(of).collect::<Vec<_>>()
                };
                assert_eq!(limbs(&alone, a), limbs(&all, b));
            }
        }
    }

    #[test]
    fn rounding_is_to_nearest_even() {
        assert_eq!(round_scaled(2.5, 0), 2);
        assert_eq!(round_scaled(3.5, 0), 4);
        assert_eq!(round_scaled(2.500_000_1, 0), 3);
        assert_eq!(round_scaled(0.0, 500), 0);
        assert_eq!(round_scaled(f64::from_bits(3), 1074), 3);
        assert_eq!(round_scaled(f64::from_bits(3), 1073), 2);
        assert_eq!(round_scaled(1e300, -1100), 0);
        for value in
            [2.5, 3.5, 2.500_000_1, 0.0, 0.5, 0.5_f64.next_up(), 1e-300, 5e-324, 2_251_799_813_685_246.5]
        {
            assert_eq!(u128::from(round_small(value)), round_scaled(value, 0), "{value}");
        }
        assert_eq!(largest_exponent(1.0, 7), 2);
        assert_eq!(largest_exponent(1.75, 7), 2);
        assert_eq!(largest_exponent(1.76, 7), 1);
    }

    #[test]
    fn bad_values_are_refused() {
        for value in [-1.0, f64::NAN, f64::INFINITY] {
            let error = DayColumns::new(1, &Array2::from_elem((2, 1), value)).unwrap_err();
            assert!(error.to_string().contains(&value.to_string()), "{error}");
        }
        assert!(DayColumns::new(1, &Array2::zeros((0, 1))).is_err());
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(300))]
        #[test]
        fn both_ways_to_round_agree(bits in any::<u64>(), exponent in -1022_i32..=1023) {
            // Any double with a magnitude of at most 2^50 after scaling.
            let value = f64::from_bits(bits & !(1 << 63));
            let value = scale_by_power(f64::from_bits(value.to_bits() & ((1 << 52) - 1) | 1023 << 52),
                ((bits >> 52) as i32 % 1100 - 1050) - exponent);
            prop_assume!(value.is_finite());
            let small = round_small(value * power_of_two(exponent));
            prop_assert_eq!(u128::from(small), round_scaled(value, exponent));
        }

        #[test]
        fn random_columns_keep_the_bound(
            logs in prop::collection::vec(-40.0f64..3.0, 1..600),
            zeros in 0.0f64..1.0,
            jump in prop::option::of(0.0f64..20.0),
        ) {
            let value = |(i, &l): (usize, &f64)| {
                if (i as f64 * 0.618).fract() < zeros { 0.0 } else { l.exp() }
            };
            let mut values: Vec<f64> = logs.iter().enumerate().map(value).collect();
            if let Some(jump) = jump {
                values[0] = jump.exp();
            }
            check_bound(&values);
        }
    }
}
