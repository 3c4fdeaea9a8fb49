//! Columns: non-negative quantities of a day's rows as integers, so that sums are exact in any order.
//!
//! A *column* is a quantity v₀ … vₙ₋₁ ≥ 0 of the n rows of a day, such as the squared returns of one stock. It is scaled
//! by a power of two and rounded to integers, to nearest with ties to even,
//!
//! ```text
//! q[i] = round(v[i] · 2^e)
//! ```
//!
//! and each q is written in *limbs*: digits, most significant first, each in a field of F bits. For digits of a field never
//! to overflow it when any n of them are added, they have
//!
//! ```text
//! w(F) = ⌊log₂(⌊(2^F − 1) / n⌋ + 1)⌋ bits.
//! ```
//!
//! The first limb takes a word of 32 bits and may hold up to cap = ⌊(2³² − 1) / n⌋; e is the largest with
//! max v · 2^e ≤ cap · 2^(bits of the lower limbs). Sums of n limbs fit their fields whichever rows are drawn, so words are
//! added without a thought to what is in them, and the sums' limbs are put together again once, at the end.
//!
//! **Bound.** Each q is within ½ of v·2^e, so a sum of n drawn rows is within n·2^(−e−1) of the exact sum. A column gets the
//! fewest bits for which that is at most [`MAX_RELATIVE_ERROR`] of the column's own sum: one limb, or one and a lower limb
//! of 10, 16 or 32 bits, or more. Its limbs depend on that column alone. At n = 385 one limb does where the largest row is
//! below about 3 % of the sum, a lower limb of 10 bits (one bit a digit) below 6 %, one of 16 bits (seven) below 370 %.
//!
//! **Layout.** Words of one row are its *lanes*; lower limbs share lanes, two of 16 bits or three of 10, so that twelve stocks
//! mostly fit one cache line. Rows of a day are contiguous and padded with zeros to [`DayColumns::stride`] words: 1, or a
//! multiple of 16, so that a row is read in whole cache lines.

use bytemuck::{Pod, Zeroable};
use ndarray::ArrayRef2;

use crate::error::{Error, Result};

/// Largest error of any resampled sum, relative to the column's own sum, before a column gets another limb.
pub const MAX_RELATIVE_ERROR: f64 = 1e-6;

/// Most rows of a day.
pub const MAX_ROWS: usize = 1 << 24;

/// Most bytes of a day's rows: places in them are 32-bit numbers.
pub const MAX_BYTES: u64 = u32::MAX as u64;

/// Words of a cache line: strides above 1 are multiples of it.
pub const LINE: usize = 16;

/// One cache line of words, aligned as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u32; LINE]);

/// Bits of a word, and of a full limb's field.
const FULL: u32 = 32;
/// Bits of a field of which a word holds two.
const HALF: u32 = 16;
/// Bits of a field of which a word holds three.
const THIRD: u32 = 10;

/// One digit of a column: a field of a lane.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limb {
    /// Number of the lane.
    pub lane: usize,
    /// Lowest bit of the field.
    pub shift: u32,
    /// Bits of the field, F: sums of digits fit.
    pub width: u32,
    /// Bits of a digit, w(F); the first limb's digits are below cap instead.
    pub digit_bits: u32,
}

impl Limb {
    /// The limb's sum within the sum of its lane.
    #[inline(always)]
    pub fn of(&self, lane_sum: u32) -> u32 {
        (lane_sum >> self.shift) & (u32::MAX >> (FULL - self.width))
    }
}

/// How one column is written in limbs.
#[derive(Debug, Clone, PartialEq)]
pub struct Column {
    /// The limbs, most significant first, at least one.
    pub limbs: Vec<Limb>,
    /// Power of two of the scale, e: value · 2^e was rounded.
    pub exponent: i32,
    /// Largest error of any resampled sum, relative to the column's own sum (0 for a column of zeros).
    pub relative_error: f64,
}

/// How many fields of each width some columns have: what decides how many lanes they take.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct LimbCount {
    /// Fields of 32 bits.
    pub full: usize,
    /// Fields of 16 bits.
    pub half: usize,
    /// Fields of 10 bits.
    pub third: usize,
}

/// What decides how a column is written.
#[derive(Debug, Clone, Copy, Default)]
struct Extent {
    smallest: f64,
    largest: f64,
    sum: f64,
}

impl LimbCount {
    /// Lanes that these fields take: a 10-bit field goes beside a single 16-bit one, else three share a lane.
    pub fn lanes(&self) -> usize {
        let beside = (self.half % 2).min(self.third);
        self.full + self.half.div_ceil(2) + (self.third - beside).div_ceil(3)
    }
}

impl std::ops::Add for LimbCount {
    type Output = Self;

    fn add(self, other: Self) -> Self {
        Self { full: self.full + other.full, half: self.half + other.half, third: self.third + other.third }
    }
}

/// The columns of one day, as rows of limbs.
#[derive(Debug, Clone, PartialEq)]
pub struct DayColumns {
    day: u32,
    rows: u32,
    stride: usize,
    lanes: usize,
    columns: Vec<Column>,
    lines: Vec<Line>,
}

impl DayColumns {
    /// The columns of calendar day `day` (YYYYMMDD) from `values`, n rows × columns, all finite and not negative.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where there is no row, more than [`MAX_ROWS`], or a value that is negative or not finite;
    /// [`Error::Memory`] where the rows take more than [`MAX_BYTES`].
    pub fn new(day: u32, values: &ArrayRef2<f64>) -> Result<Self> {
        Self::planned(day, values, plan_columns(values)?)
    }

    /// As [`Self::new`], with the columns that [`plan_columns`] gave for `values`, or for more columns than these: how a column is
    /// written does not depend on the others, only its lanes do.
    ///
    /// # Errors
    ///
    /// [`Error::Memory`] where the rows take more than [`MAX_BYTES`].
    pub fn planned(day: u32, values: &ArrayRef2<f64>, mut columns: Vec<Column>) -> Result<Self> {
        debug_assert_eq!(columns.len(), values.ncols());
        place(&mut columns);
        let rows = values.nrows();
        let lanes = columns.iter().map(Column::limb_count).fold(LimbCount::default(), |a, b| a + b).lanes();
        let stride = stride_of(lanes);
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
        // Most columns have a limb in a lane of its own, and some a second one beside others.
        let heads: Vec<Head> = columns.iter().map(Head::new).collect();
        let seconds: Vec<(usize, Limb)> = (columns.iter().map(|column| &column.limbs).enumerate())
            .filter(|&(column, limbs)| heads[column].scale > 0.0 && limbs.len() > 1)
            .map(|(column, limbs)| (column, limbs[1]))
            .collect();
        let others: Vec<usize> = (0..columns.len()).filter(|&column| heads[column].scale == 0.0).collect();
        for (values, row) in values.rows().into_iter().zip(words.chunks_exact_mut(stride)) {
            for (&value, head) in values.iter().zip(&heads) {
                row[head.lane] = (round_small(value * head.scale) >> head.below) as u32;
            }
            for &(column, limb) in &seconds {
                let digit =
                    round_small(values[column] * heads[column].scale) as u32 & ((1 << limb.digit_bits) - 1);
                row[limb.lane] |= digit << limb.shift;
            }
            for &column in &others {
                columns[column].write(values[column], row);
            }
        }
        Ok(Self { day, rows: rows as u32, stride, lanes, columns, lines })
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

    /// Number of lanes in use; the words of a row beyond are zero.
    pub fn lanes(&self) -> usize {
        self.lanes
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

/// How each column of a day is written, from its `values`, n rows × columns: what [`DayColumns::new`] does first.
///
/// # Errors
///
/// As [`DayColumns::new`].
pub fn plan_columns(values: &ArrayRef2<f64>) -> Result<Vec<Column>> {
    let rows = values.nrows();
    if rows == 0 || rows > MAX_ROWS {
        return Err(Error::Parameter {
            name: "the number of rows of a day",
            value: rows.to_string(),
            requirement: format!(
                "it must lie between 1 and {MAX_ROWS}; resample shorter days or a coarser grid"
            ),
        });
    }
    // Row by row, as values lie in memory. Sums show what is not finite, and the least what is negative.
    let mut extents = vec![Extent::default(); values.ncols()];
    for row in values.rows() {
        for (&value, extent) in row.iter().zip(&mut extents) {
            extent.smallest = if value < extent.smallest { value } else { extent.smallest };
            extent.largest = if value > extent.largest { value } else { extent.largest };
            extent.sum += value;
        }
    }
    let planned = extents.iter().zip(values.columns()).map(|(extent, column)| {
        let bad = |value: &&f64| !(value.is_finite() && **value >= 0.0);
        if extent.smallest < 0.0 || !extent.sum.is_finite() {
            // The sum of finite values may overflow, which alone is no fault.
            if let Some(value) = column.iter().find(bad) {
                return Err(Error::Parameter {
                    name: "a value to resample",
                    value: value.to_string(),
                    requirement: "columns hold finite numbers that are not negative".into(),
                });
            }
        }
        Ok(Column::plan(rows, extent))
    });
    let mut columns = planned.collect::<Result<Vec<_>>>()?;
    place(&mut columns);
    Ok(columns)
}

/// Gives every limb its place: full fields first, then pairs of 16 bits, then 10 bits where there is room.
fn place(columns: &mut [Column]) {
    let mut lanes = 0;
    // The lane that is filled at present, and its bits in use.
    let mut used = FULL;
    for width in [FULL, HALF, THIRD] {
        for limb in columns.iter_mut().flat_map(|column| &mut column.limbs).filter(|limb| limb.width == width)
        {
            if used + width > FULL {
                lanes += 1;
                used = 0;
            }
            (limb.lane, limb.shift) = (lanes - 1, used);
            used += width;
        }
    }
}

/// Words a row takes for `lanes` lanes: one, or whole lines.
pub const fn stride_of(lanes: usize) -> usize {
    if lanes <= 1 { 1 } else { lanes.next_multiple_of(LINE) }
}

impl Column {
    /// Chooses limbs and scale for n = `rows` values of this extent. The limbs have no place yet.
    fn plan(rows: usize, &Extent { largest, sum, .. }: &Extent) -> Self {
        let cap = u32::MAX / rows as u32;
        if largest == 0.0 {
            let limbs = vec![Limb::unplaced(FULL, rows)];
            return Self { limbs, exponent: 0, relative_error: 0.0 };
        }
        let one_limb = largest_exponent(largest, cap);
        let mut column = Self { limbs: Vec::new(), exponent: one_limb, relative_error: f64::INFINITY };
        for full in 1.. {
            for narrow in [None, Some(THIRD), Some(HALF)] {
                let widths = std::iter::repeat_n(FULL, full).chain(narrow);
                column.limbs = widths.map(|width| Limb::unplaced(width, rows)).collect();
                column.exponent = one_limb + column.lower_bits() as i32;
                // n · 2^(−e−1) / sum, in an order that neither overflows nor underflows.
                let (first, second) = (column.exponent / 2, column.exponent - column.exponent / 2);
                column.relative_error =
                    rows as f64 * scale_by_power(0.5 / scale_by_power(sum, first), -second);
                if column.relative_error <= MAX_RELATIVE_ERROR {
                    return column;
                }
            }
        }
        // Each full limb adds at least seven bits, so that the loop has returned.
        column
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

    /// The fields of the column.
    pub fn limb_count(&self) -> LimbCount {
        let count = |width| self.limbs.iter().filter(|limb| limb.width == width).count();
        LimbCount { full: count(FULL), half: count(HALF), third: count(THIRD) }
    }

    /// Writes `value` into the column's fields of a row, which hold zeros.
    fn write(&self, value: f64, row: &mut [u32]) {
        let mut rest = round_scaled(value, self.exponent);
        let mut below = self.lower_bits();
        for (number, limb) in self.limbs.iter().enumerate() {
            row[limb.lane] |= ((rest >> below) as u32) << limb.shift;
            rest &= (1 << below) - 1;
            below -= self.limbs.get(number + 1).map_or(0, |next| next.digit_bits);
        }
    }

    /// Whether every sum of the column, its limbs joined, fits 64 bits.
    pub fn joins_in_64_bits(&self) -> bool {
        // The first limb's sum has 32 bits, and the lower limbs' sums carry less than one bit more.
        FULL + 1 + self.lower_bits() <= 64
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
    lane: usize,
    /// 2^e; or zero where that is not a normal number, the column has more limbs or its integers more than 51 bits, for another
    /// way to write it. Products that are not exact are far below ½, so that [`round_small`] gives what [`round_scaled`] does.
    scale: f64,
    /// Bits of the second limb's digits.
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
        Self { lane: column.limbs[0].lane, scale, below }
    }
}

impl Limb {
    /// A limb of `width` bits among n = `rows`.
    fn unplaced(width: u32, rows: usize) -> Self {
        let most = (u32::MAX >> (FULL - width)) / rows as u32;
        Self { lane: 0, shift: 0, width, digit_bits: (u64::from(most) + 1).ilog2() }
    }
}

/// The largest e with `largest` · 2^e ≤ `cap`, for `largest` > 0.
fn largest_exponent(largest: f64, cap: u32) -> i32 {
    let (mantissa, exponent) = decompose(largest);
    // largest = mantissa · 2^exponent; align the mantissa's top bit with that of cap, then step down if it is above.
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

/// round(`value` · 2^`exponent`), ties to even, in integer arithmetic: exact for subnormal values and any exponent for
/// which the result fits.
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

/// round(`value`), ties to even, for 0 ≤ `value` < 2⁵¹: above 2⁵² doubles are the integers, so that the addition rounds.
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
        let mut sums = vec![0u32; day.lanes()];
        for row in drawn {
            for (lane, sum) in sums.iter_mut().enumerate() {
                *sum = sum.checked_add(day.words()[row * day.stride() + lane]).expect("a sum overflowed");
            }
        }
        column.value_of(
            column
                .limbs
                .iter()
                .fold(0, |total, limb| (total << limb.digit_bits) + u128::from(limb.of(sums[limb.lane]))),
        )
    }

    /// Draws that stretch the bound: the day itself, every row n times, and a mixture.
    fn check_bound(values: &[f64]) {
        let day = columns(values);
        let column = &day.columns()[0];
        let n = values.len();
        let sum: f64 = values.iter().sum();
        assert!(column.relative_error <= MAX_RELATIVE_ERROR);
        // The sums under test and the f64 sums they are compared with round too, by n ulps at the most.
        let allowed =
            |exact: f64| column.relative_error * sum + exact * n as f64 * f64::EPSILON + f64::from_bits(1);
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

    #[test]
    fn limbs_follow_the_largest_share() {
        let widths = |share: f64| {
            let mut values = vec![(1.0 - share) / 384.0; 385];
            values[9] = share;
            columns(&values).columns()[0].limbs.iter().map(|limb| limb.width).collect::<Vec<_>>()
        };
        assert_eq!(widths(1.0 / 385.0), [FULL]);
        assert_eq!(widths(0.0285), [FULL]);
        assert_eq!(widths(0.057), [FULL, THIRD]);
        assert_eq!(widths(0.1), [FULL, HALF]);
        assert_eq!(widths(0.9), [FULL, HALF]);
        let mut long = vec![0.0; 100_000];
        long[0] = 1.0;
        let long = columns(&long);
        let limbs: Vec<_> =
            long.columns()[0].limbs.iter().map(|limb| (limb.width, limb.digit_bits)).collect();
        // n = 100,000: 16 bits hold no digit, 32 bits digits of 15 bits.
        assert_eq!(limbs, [(FULL, 15), (FULL, 15), (FULL, 15)]);
    }

    #[test]
    fn lanes_are_shared_and_counted() {
        // Shares of the largest row that ask for each kind of limb, in a mixed order.
        let shares = [0.9, 0.003, 0.057, 0.1, 0.057, 0.057, 0.9, 0.057, 0.057];
        let values = Array2::from_shape_fn((385, shares.len()), |(row, stock)| {
            if row == 3 * stock { shares[stock] } else { (1.0 - shares[stock]) / 384.0 }
        });
        let day = DayColumns::new(1, &values).unwrap();
        let count = day.columns().iter().map(Column::limb_count).fold(LimbCount::default(), |a, b| a + b);
        assert_eq!(count, LimbCount { full: 9, half: 3, third: 5 });
        // 9 full; two of 16 bits; 16 and 10; three of 10; one of 10.
        assert_eq!((count.lanes(), day.lanes(), day.stride()), (13, 13, 16));
        let mut fields: Vec<_> = day.columns().iter().flat_map(|column| &column.limbs).collect();
        fields.sort_unstable_by_key(|limb| (limb.lane, limb.shift));
        for pair in fields.windows(2) {
            assert!(
                pair[0].lane < pair[1].lane || pair[0].shift + pair[0].width <= pair[1].shift,
                "{pair:?}"
            );
        }
        assert!(fields.iter().all(|limb| limb.lane < day.lanes() && limb.shift + limb.width <= 32));
    }

    #[test]
    fn lanes_are_counted_as_they_are_placed() {
        for full in 1..4 {
            for half in 0..6 {
                for third in 0..8 {
                    let limb = |width| Limb::unplaced(width, 385);
                    let widths = std::iter::repeat_n(THIRD, third).chain(std::iter::repeat_n(HALF, half));
                    let limbs = widths.chain(std::iter::repeat_n(FULL, full)).map(limb).collect();
                    let mut columns = [Column { limbs, exponent: 0, relative_error: 0.0 }];
                    place(&mut columns);
                    let placed = columns[0].limbs.iter().map(|limb| limb.lane + 1).max().unwrap();
                    assert_eq!(columns[0].limb_count().lanes(), placed, "{full} {half} {third}");
                }
            }
        }
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
                    let of = |limb: &Limb| (limb.width, limb.of(day.words()[row * day.stride() + limb.lane]));
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
            prop_assert_eq!(u128::from(round_small(value * power_of_two(exponent))), round_scaled(value, exponent));
        }

        #[test]
        fn random_columns_keep_the_bound(
            logs in prop::collection::vec(-40.0f64..3.0, 1..600),
            zeros in 0.0f64..1.0,
            jump in prop::option::of(0.0f64..20.0),
        ) {
            let mut values: Vec<f64> =
                logs.iter().enumerate().map(|(i, &l)| if (i as f64 * 0.618).fract() < zeros { 0.0 } else { l.exp() }).collect();
            if let Some(jump) = jump {
                values[0] = jump.exp();
            }
            check_bound(&values);
        }
    }
}
