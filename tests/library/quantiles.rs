//! Quantiles against NumPy: every value of `tests/golden/quantiles.csv`, bit for bit.
//!
//! The file's data are made from the random stream; the recipe is in `tests/oracles/quantiles.py`.

use bellwether::interval::position::Position;
use bellwether::interval::tails::quantiles;
use bellwether::random::{Purpose, Stream};

const GOLDEN: &str = include_str!("../golden/quantiles.csv");

/// The data of a case: integers `number[i] mod modulus`, and how they become values.
#[derive(Debug, Clone, Copy, PartialEq)]
struct Recipe {
    case: u32,
    count: u32,
    modulus: u64,
    shift: i64,
    exponent: i32,
}

impl Recipe {
    /// The integers to select from, drawn for sample `sample` (the file's are those of sample 0).
    fn keys(&self, sample: u32) -> Vec<u64> {
        let stream = Stream { seed: 2007, purpose: Purpose::Rows, day: self.case, sample };
        let number = |i: u32| u64::from(stream.word(2 * i, 0)) | u64::from(stream.word(2 * i + 1, 0)) << 32;
        (0..self.count).map(|i| number(i) % self.modulus).collect()
    }

    /// Exact: at most 53 bits, times a power of two.
    fn value(&self, key: u64) -> f64 {
        (key as i64 - self.shift) as f64 * 2f64.powi(self.exponent)
    }
}

/// A recipe with its levels and NumPy's quantiles.
struct Case {
    recipe: Recipe,
    golden: Vec<(f64, f64)>,
}

fn cases() -> Vec<Case> {
    let mut cases: Vec<Case> = Vec::new();
    for line in GOLDEN.lines().skip(1) {
        let fields: Vec<&str> = line.split(',').collect();
        let [case, count, modulus, shift, exponent, probability, quantile] = fields[..] else {
            panic!("not seven fields: {line}")
        };
        let recipe = Recipe {
            case: case.parse().unwrap(),
            count: count.parse().unwrap(),
            modulus: modulus.parse().unwrap(),
            shift: shift.parse().unwrap(),
            exponent: exponent.parse().unwrap(),
        };
        let bits = |text: &str| f64::from_bits(u64::from_str_radix(text, 16).unwrap());
        let golden = (bits(probability), bits(quantile));
        match cases.last_mut() {
            Some(last) if last.recipe == recipe => last.golden.push(golden),
            _ => cases.push(Case { recipe, golden: vec![golden] }),
        }
    }
    cases
}

/// Equal to the last bit; 0 and −0 are one number.
fn same(a: f64, b: f64) -> bool {
    a.to_bits() == b.to_bits() || (a == 0.0 && b == 0.0)
}

#[test]
fn every_golden_value_is_met_bit_for_bit() {
    let mut met = 0;
    for Case { recipe, golden } in cases() {
        let keys = recipe.keys(0);
        for &(p, expected) in &golden {
            let [quantile, _] = quantiles(&keys, [p, p], |key| recipe.value(key));
            assert!(same(quantile, expected), "{recipe:?}, p = {p}: {quantile:e}, NumPy has {expected:e}");
            met += 1;
        }
    }
    assert_eq!(met, 2976, "the golden file has lost lines");
}

/// Two levels at once, and in the three widths of integer that resampled sums come in.
#[test]
fn levels_asked_together_are_the_levels_asked_alone() {
    for Case { recipe, mut golden } in cases() {
        golden.sort_by(|a, b| a.0.total_cmp(&b.0));
        let keys = recipe.keys(0);
        let check = |quantiles: [f64; 2], [lower, upper]: [(f64, f64); 2], width: &str| {
            let equal = same(quantiles[0], lower.1) && same(quantiles[1], upper.1);
            assert!(equal, "{recipe:?}, {width}, {quantiles:?} for {lower:?}, {upper:?}");
        };
        for levels in golden.windows(2) {
            let p = [levels[0].0, levels[1].0];
            check(quantiles(&keys, p, |key| recipe.value(key)), [levels[0], levels[1]], "u64");
        }
        let ends = [golden[0], golden[golden.len() - 1]];
        let p = ends.map(|(p, _)| p);
        let wide: Vec<u128> = keys.iter().map(|&key| u128::from(key)).collect();
        check(quantiles(&wide, p, |key| recipe.value(key as u64)), ends, "u128");
        if recipe.modulus <= 1 << 32 {
            let narrow: Vec<u32> = keys.iter().map(|&key| key as u32).collect();
            check(quantiles(&narrow, p, |key| recipe.value(key.into())), ends, "u32");
        }
    }
}

/// The perturbed twin: the same recipe on other draws. Where the integers are many, no quantile may agree.
#[test]
fn other_data_have_other_quantiles() {
    let (mut compared, mut equal) = (0, 0);
    for Case { recipe, golden } in cases().into_iter().filter(|case| case.recipe.modulus >= 1 << 32) {
        for (p, expected) in golden {
            let [quantile, _] = quantiles(&recipe.keys(1), [p, p], |key| recipe.value(key));
            compared += 1;
            equal += usize::from(same(quantile, expected));
        }
    }
    assert!(compared > 1000, "{compared}");
    assert_eq!(equal, 0, "of {compared} quantiles");
}

/// The golden values tell NumPy's rounding from the textbook's: below + weight · (above − below) misses some
/// of them.
#[test]
fn the_textbook_interpolation_is_told_apart() {
    let mut missed = 0;
    for Case { recipe, golden } in cases() {
        let mut values: Vec<f64> = recipe.keys(0).into_iter().map(|key| recipe.value(key)).collect();
        values.sort_by(f64::total_cmp);
        for (p, expected) in golden {
            let Position { below, above, weight } = Position::new(values.len(), p);
            let textbook = values[below] + weight * (values[above] - values[below]);
            missed += usize::from(!same(textbook, expected));
        }
    }
    assert!(missed >= 20, "only {missed} of the golden values depend on how the interpolation rounds");
}
