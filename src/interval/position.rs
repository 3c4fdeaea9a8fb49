//! Sample quantiles by linear interpolation between order statistics.
//!
//! For a sample of B numbers with order statistics x₍₀₎ ≤ … ≤ x₍B−1₎ and 0 ≤ p ≤ 1, with h = (B − 1)·p and j
//! = ⌊h⌋,
//!
//! ```text
//! Q(p) = x₍j₎ + w·d        where w = h − j < ½, with d = x₍j+1₎ − x₍j₎
//! Q(p) = x₍j+1₎ − d·(1 − w)   where w ≥ ½
//! ```
//!
//! which is type 7 of R. J. Hyndman and Y. Fan, "Sample quantiles in statistical packages", The American
//! Statistician 50(4), 1996, and the default of `np.quantile`; in exact arithmetic both lines are the same,
//! but NumPy rounds in these two ways, and so do we, so that results are equal to the last bit. Each
//! operation is one of f64, in the order written. Order statistics are found by selection from a stream
//! ([`crate::interval::tails`]; expected O(B)), on the integers that were resampled: they have no NaN, no
//! signed zero, and an order that is the same everywhere.

/// Probability levels of the two ends of an equal-tailed interval: (1 − c)/2 and (1 + c)/2 for confidence c.
///
/// Evaluated in decimal, as a person would, from the shortest decimal number that is read as `confidence`:
/// the results are the doubles nearest to (1 − c)/2 and (1 + c)/2. So 0.99 gives 0.005, where binary
/// arithmetic gives 0.0050000000000000044.
///
/// # Examples
///
/// ```
/// use bellwether::interval::position::tail_levels;
///
/// assert_eq!(tail_levels(0.99), [0.005, 0.995]);
/// assert_eq!(tail_levels(0.999), [0.0005, 0.9995]);
/// ```
pub fn tail_levels(confidence: f64) -> [f64; 2] {
    let binary = [(1.0 - confidence) / 2.0, (1.0 + confidence) / 2.0];
    // Halves of integers over a power of ten: five times the integer over ten times as much.
    let halves = |confidence: u128, unit: u128| [5 * (unit - confidence), 5 * (unit + confidence)];
    in_decimal(confidence, 1, halves).unwrap_or(binary)
}

/// The level of a single end: 1 − c for confidence c, the double nearest to what decimal arithmetic gives.
///
/// # Examples
///
/// ```
/// use bellwether::interval::position::one_tail_level;
///
/// assert_eq!(one_tail_level(0.9), 0.1);
/// ```
pub fn one_tail_level(confidence: f64) -> f64 {
    in_decimal(confidence, 0, |confidence, unit| [unit - confidence])
        .map_or(1.0 - confidence, |[level]| level)
}

/// Levels that are integers over a power of ten: `numerators` of the confidence as such an integer and of
/// that power, over the power with so many more `decimals`. Reading rounds once, correctly. Nothing where the
/// confidence has so many decimals that binary arithmetic does as well.
fn in_decimal<const N: usize>(
    confidence: f64,
    decimals: usize,
    numerators: impl Fn(u128, u128) -> [u128; N],
) -> Option<[f64; N]> {
    // More decimals than these change neither level: both are then within 2⁻⁵⁴ of one half, or of one.
    const MOST_DECIMALS: usize = 37;
    let text = confidence.to_string();
    let digits = text.strip_prefix("0.").unwrap_or_default();
    if digits.len() > MOST_DECIMALS {
        return None;
    }
    let unit = 10_u128.pow(digits.len() as u32);
    let width = digits.len() + decimals;
    let level = |numerator: u128| format!("0.{numerator:0width$}").parse().unwrap_or(f64::NAN);
    digits.parse().ok().map(|confidence: u128| numerators(confidence, unit).map(level))
}

/// Where a quantile lies between two order statistics.
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Position {
    /// Number of the order statistic below, from 0.
    pub below: usize,
    /// Number of the order statistic above; the same at the last.
    pub above: usize,
    /// Weight of the one above, 0 ≤ weight < 1.
    pub weight: f64,
}

impl Position {
    /// The position of the `p`-quantile, 0 ≤ `p` ≤ 1, among `count` ≥ 1 numbers.
    pub fn new(count: usize, p: f64) -> Self {
        let last = count - 1;
        let virtual_index = last as f64 * p;
        let below = (virtual_index.floor() as usize).min(last);
        Self { below, above: (below + 1).min(last), weight: virtual_index - below as f64 }
    }

    /// Numbers of the order statistics that are a standard error away, below and above: of B numbers, those
    /// below the p-quantile are Bp ± √(Bp(1 − p)).
    pub fn spread(count: usize, p: f64) -> [usize; 2] {
        let (center, deviation) = (count as f64 * p, (count as f64 * p * (1.0 - p)).sqrt());
        // Order statistic number k, from 0, has k numbers below it.
        let number = |k: f64| (k.max(0.0) as usize).min(count - 1);
        [number((center - deviation).floor() - 1.0), number((center + deviation).ceil() - 1.0)]
    }

    /// The quantile from the values of the two order statistics, rounded as NumPy's `_lerp` does. Where one
    /// of them decides alone it is that one, also where the other is infinite, of which NumPy makes NaN.
    pub fn interpolate(&self, below: f64, above: f64) -> f64 {
        if below == above || self.weight == 0.0 {
            return below;
        }
        if below.is_infinite() || above.is_infinite() {
            return match (below.is_finite(), above.is_finite()) {
                (true, _) => above,
                (_, true) => below,
                _ => {
                    if self.weight < 0.5 {
                        below
                    } else {
                        above
                    }
                }
            };
        }
        let difference = above - below;
        if self.weight >= 0.5 {
            above - difference * (1.0 - self.weight)
        } else {
            below + difference * self.weight
        }
    }
}

#[cfg(test)]
mod tests {
    use super::super::tails::quantiles;
    use super::*;

    #[test]
    fn tails_are_decimal() {
        assert_eq!(tail_levels(0.99), [0.005, 0.995]);
        assert_eq!(tail_levels(0.95), [0.025, 0.975]);
        assert_eq!(tail_levels(0.9), [0.05, 0.95]);
        assert_eq!(tail_levels(0.5), [0.25, 0.75]);
        assert_eq!(tail_levels(0.6827), [0.15865, 0.84135]);
        assert_eq!(tail_levels(0.9999), [0.00005, 0.99995]);
    }

    /// Levels of confidences with many decimals, by exact rational arithmetic (Python's `fractions`, see
    /// `tests/oracles/quantiles.py`).
    #[test]
    fn levels_are_the_doubles_nearest_to_the_decimal_ones() {
        let golden = include_str!("../../tests/golden/levels.csv");
        for line in golden.lines().skip(1) {
            let fields: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
            assert_eq!(tail_levels(fields[0]), fields[1..], "{line}");
        }
        assert!(golden.lines().count() > 500);
        assert_eq!(tail_levels(1e-300), [0.5, 0.5]);
        assert_eq!(tail_levels(f64::MIN_POSITIVE), [0.5, 0.5]);
    }

    #[test]
    fn ends_and_single_numbers() {
        assert_eq!(quantiles(&[5u32], [0.0, 0.3], f64::from), [5.0; 2]);
        assert_eq!(quantiles(&[5u32], [0.3, 1.0], f64::from), [5.0; 2]);
        assert_eq!(quantiles(&[9u32, 1, 5], [0.0, 1.0], f64::from), [1.0, 9.0]);
        assert_eq!(quantiles(&[9u32, 1, 5], [0.0, 0.5], f64::from), [1.0, 5.0]);
        assert_eq!(quantiles(&[0u32, 10], [0.25, 0.75], f64::from), [2.5, 7.5]);
    }

    #[test]
    fn infinite_neighbours_are_no_nan() {
        let between = |weight: f64| Position { below: 0, above: 1, weight };
        assert_eq!(between(0.0).interpolate(1.0, f64::INFINITY), 1.0);
        assert_eq!(between(0.3).interpolate(1.0, f64::INFINITY), f64::INFINITY);
        assert_eq!(between(0.8).interpolate(1.0, f64::INFINITY), f64::INFINITY);
        assert_eq!(between(0.8).interpolate(f64::NEG_INFINITY, f64::INFINITY), f64::INFINITY);
        assert_eq!(between(0.2).interpolate(f64::NEG_INFINITY, f64::INFINITY), f64::NEG_INFINITY);
        assert_eq!(between(0.7).interpolate(f64::INFINITY, f64::INFINITY), f64::INFINITY);
        assert_eq!(between(0.7).interpolate(f64::NEG_INFINITY, 1.0), f64::NEG_INFINITY);
    }

    #[test]
    fn equal_levels_and_ties() {
        let sample: Vec<u64> = (0..1000).map(|i| (i * 7919) % 10).collect();
        assert_eq!(quantiles(&sample, [0.5, 0.5], |k| k as f64), [4.5, 4.5]);
        assert_eq!(quantiles(&sample, [0.5, 0.95], |k| k as f64), [4.5, 9.0]);
    }
}
