//! Columns: non-negative quantities of a day's rows as integers, so that sums are exact in any order.
//!
//! A *column* is a quantity v₀ … vₙ₋₁ ≥ 0 of the n rows of a day, such as the squared returns of one stock. It is scaled
//! by a power of two and rounded to integers, to nearest with ties to even,
//!
//! ```text
//! q[i] = round(v[i] · 2^e)
//! ```
//!
//! and each q is written in L ≥ 1 *limbs*, digits of w bits, most significant first, where
//!
//! ```text
//! cap = ⌊(2³² − 1) / n⌋,   w = ⌊log₂(cap + 1)⌋,   e the largest with max v · 2^e ≤ cap · 2^(w·(L−1)).
//! ```
//!
//! Every limb is at most cap, so no sum of n of them exceeds 32 bits, whichever rows are drawn; each limb is summed as a
//! column of its own, and the sums are put together again once, at the end.
//!
//! **Bound.** Each q is within ½ of v·2^e, so a sum of n drawn rows is within n·2^(−e−1) of the exact sum. A column gets the
//! fewest limbs for which that is at most [`MAX_RELATIVE_ERROR`] of the column's own sum; the number depends on that
//! column alone. One limb does where the largest row is below about 2³³·10⁻⁶/n² of the sum (5.8 % at n = 385).
//!
//! **Layout.** Rows of a day are contiguous and padded with zeros to [`DayColumns::stride`] words: 1, 2, 4, 8 or a
//! multiple of 16, so that a row is read in whole vectors, and from 16 on in whole cache lines.

use bytemuck::{Pod, Zeroable};
use ndarray::ArrayRef2;

use crate::error::{Error, Result};

/// Largest error of any resampled sum, relative to the column's own sum, before a column gets another limb.
pub const MAX_RELATIVE_ERROR: f64 = 1e-6;

/// Most rows of a day.
pub const MAX_ROWS: usize = 1 << 24;

/// Words of a cache line: strides above 8 are multiples of it.
pub const LINE: usize = 16;

/// One cache line of words, aligned as such.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Pod, Zeroable)]
#[repr(C, align(64))]
struct Line([u32; LINE]);

/// How one column is written in limbs.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Column {
    /// Number of the column's first limb among the day's lanes; the others follow.
    pub first_lane: usize,
    /// Number of limbs, L.
    pub limbs: usize,
    /// Bits of a limb, w.
    pub limb_bits: u32,
    /// Power of two of the scale, e: value · 2^e was rounded.
    pub exponent: i32,
    /// Largest error of any resampled sum, relative to the column's own sum (0 for a column of zeros).
    pub relative_error: f64,
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
    /// [`Error::Parameter`] where there is no row, more than [`MAX_ROWS`], or a value that is negative or not finite.
    pub fn new(day: u32, values: &ArrayRef2<f64>) -> Result<Self> {
        let rows = values.nrows();
        let columns = plan_columns(values)?;
        let lanes = columns.iter().map(|column| column.limbs).sum();
        let stride = stride_of(lanes);
        let mut lines = vec![Line([0; LINE]); (rows * stride).div_ceil(LINE)];
        let words: &mut [u32] = bytemuck::cast_slice_mut(&mut lines);
        for (row, words) in values.rows().into_iter().zip(words.chunks_exact_mut(stride)) {
            for (&value, column) in row.iter().zip(&columns) {
                column.write(value, &mut words[column.first_lane..column.first_lane + column.limbs]);
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

    /// Number of limbs over all columns; the words of a row beyond are zero.
    pub fn lanes(&self) -> usize {
        self.lanes
    }

    /// How each column is written.
    pub fn columns(&self) -> &[Column] {
        &self.columns
    }

    /// The limbs, n rows × stride, aligned to 64 bytes.
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
    let mut lanes = 0;
    let columns = values.columns().into_iter().map(|column| {
        let column = Column::plan(rows, column.iter().copied(), lanes)?;
        lanes += column.limbs;
        Ok(column)
    });
    columns.collect()
}

/// Words a row takes for `lanes` limbs: a power of two up to 8, then whole lines.
pub const fn stride_of(lanes: usize) -> usize {
    if lanes <= 8 { lanes.next_power_of_two() } else { lanes.next_multiple_of(LINE) }
}

impl Column {
    /// Chooses limbs and scale for `values`, n = `rows` of them.
    fn plan(rows: usize, values: impl Iterator<Item = f64>, first_lane: usize) -> Result<Self> {
        let (mut largest, mut sum) = (0.0f64, 0.0);
        for value in values {
            if !(value.is_finite() && value >= 0.0) {
                return Err(Error::Parameter {
                    name: "a value to resample",
                    value: value.to_string(),
                    requirement: "columns hold finite numbers that are not negative".into(),
                });
            }
            largest = largest.max(value);
            sum += value;
        }
        let cap = u32::MAX / rows as u32;
        let limb_bits = (u64::from(cap) + 1).ilog2();
        if largest == 0.0 {
            return Ok(Self { first_lane, limbs: 1, limb_bits, exponent: 0, relative_error: 0.0 });
        }
        let one_limb = largest_exponent(largest, cap);
        let mut limbs = 1;
        loop {
            let exponent = one_limb + (limb_bits * (limbs - 1)) as i32;
            // n · 2^(−e−1) / sum, in an order that neither overflows nor underflows.
            let relative_error = rows as f64
                * scale_by_power(0.5 / scale_by_power(sum, exponent / 2), -(exponent - exponent / 2));
            if relative_error <= MAX_RELATIVE_ERROR {
                return Ok(Self { first_lane, limbs: limbs as usize, limb_bits, exponent, relative_error });
            }
            limbs += 1;
        }
    }

    /// Writes `value` into its limbs, most significant first.
    fn write(&self, value: f64, limbs: &mut [u32]) {
        let mut rest = round_scaled(value, self.exponent);
        let (last, upper) =
            limbs.split_last_mut().map_or((None, &mut [][..]), |(last, upper)| (Some(last), upper));
        let mut shift = self.limb_bits * upper.len() as u32;
        for limb in upper {
            *limb = (rest >> shift) as u32;
            rest &= (1 << shift) - 1;
            shift -= self.limb_bits;
        }
        if let Some(last) = last {
            *last = rest as u32;
        }
    }

    /// Whether every sum of the column, its limbs joined, fits 64 bits.
    pub fn joins_in_64_bits(&self) -> bool {
        // n · max q ≤ n · cap · 2^(w(L−1)) < 2^(32 + w(L−1)), and the lower limbs' carries stay below one more bit.
        33 + self.limb_bits * (self.limbs as u32 - 1) <= 64
    }

    /// An integer sum in the units of the values: `total` · 2^−e, rounded once.
    #[inline]
    pub fn value_of(&self, total: u128) -> f64 {
        scale_by_power(total as f64, -self.exponent)
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
        let column = day.columns()[0];
        let mut sums = vec![0u32; day.lanes()];
        for row in drawn {
            for (lane, sum) in sums.iter_mut().enumerate() {
                *sum = sum.checked_add(day.words()[row * day.stride() + lane]).expect("a sum overflowed");
            }
        }
        column.value_of(sums.iter().fold(0, |total, &sum| (total << column.limb_bits) + u128::from(sum)))
    }

    /// Draws that stretch the bound: the day itself, every row n times, and a mixture.
    fn check_bound(values: &[f64]) {
        let day = columns(values);
        let column = day.columns()[0];
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
        let equal = columns(&[1.0; 385]);
        assert_eq!((equal.columns()[0].limbs, equal.stride()), (1, 1));
        let mut jump = vec![1.0; 385];
        jump[0] = 385.0;
        assert_eq!(columns(&jump).columns()[0].limbs, 2);
        // n = 385: cap = 11,155,759, so that limbs have 23 bits.
        assert_eq!(columns(&jump).columns()[0].limb_bits, 23);
        let mut long = vec![0.0; 100_000];
        long[0] = 1.0;
        assert_eq!(columns(&long).columns()[0].limbs, 3);
    }

    #[test]
    fn limbs_of_a_column_do_not_depend_on_the_others() {
        let mut values = Array2::from_shape_fn((385, 3), |(i, s)| (i * (s + 1)) as f64 * 1e-8);
        values[[9, 1]] = 1.0;
        let all = DayColumns::new(1, &values).unwrap();
        assert_eq!(all.lanes(), 4);
        for stock in 0..3 {
            let alone = DayColumns::new(1, &values.slice(ndarray::s![.., stock..=stock])).unwrap();
            let (a, b) = (alone.columns()[0], all.columns()[stock]);
            assert_eq!((a.limbs, a.exponent), (b.limbs, b.exponent));
            for row in 0..385 {
                let first = row * all.stride() + b.first_lane;
                assert_eq!(
                    all.words()[first..first + b.limbs],
                    alone.words()[row * alone.stride()..][..a.limbs]
                );
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
