//! Series, slices, groups of counts and lists against each other, and against the errors that they state.

use super::SumLaw;
use super::inverted::Inverted;
use super::scaled::{FEW, GROUPED, KINDS, Scaled, WORK, Way};
use super::series::{Plan, Series};
use super::slices::Split;

/// Squares of bell-shaped numbers.
fn squares(rows: u32) -> Vec<f64> {
    let uniform = |row: u32, which: u32| {
        f64::from((row * 4 + which).wrapping_mul(2_654_435_761) >> 8) / f64::from(1 << 24)
    };
    let bell = |row: u32| (0..4).map(|which| uniform(row, which)).sum::<f64>() - 2.0;
    (1..=rows).map(|row| bell(row).powi(2)).collect()
}

#[test]
fn too_few_frequencies_are_found_out_by_the_stated_error() {
    let law = SumLaw::iid(&squares(385)).unwrap();
    let scaled = Scaled::new(&law);
    let level = 0.005;
    let truth = scaled.quantiles(&[level])[0];
    assert!(truth.error < 1e-7 * scaled.size, "{truth:?}");
    let whole = scaled.inverted(0.0, scaled.moments.most, 1e-10, 1);
    let terms = whole.series.terms();
    assert!((16..200).contains(&terms), "{terms}");
    let plan = Plan {
        period: whole.series.period,
        lattice: None,
        negligible: 1e-10,
        faded: 1e-9,
        scan: 1 << 12,
        work: 16 * 385,
    };
    // One block of frequencies, where all need more.
    let series = Series::new(&scaled.days, &plan);
    let cut = Inverted {
        series,
        upper: whole.upper,
        lower: whole.lower,
        tail: whole.tail,
        always: 0.0,
        unit: None,
        range: whole.range,
    };
    let found = cut.quantiles(&scaled, &[level])[0];
    let off = (found.value - truth.value).abs();
    assert!(off > 1e-6 * scaled.size, "{off}: the cut does no harm");
    assert!(found.error >= off, "off by {off}, stated {}", found.error);
}

#[test]
fn ticks_need_frequencies_far_beyond_the_first_fall() {
    // Moves by no tick, one and two, at prices within a few ticks.
    let values: Vec<f64> = (0..385u32)
        .map(|row| {
            let ticks = [0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 2.0, 0.0, 1.0, 0.0][(row * 7 % 10) as usize];
            (ticks / f64::from(1_000 + row % 9)).powi(2)
        })
        .collect();
    let scaled = Scaled::new(&SumLaw::iid(&values).unwrap());
    let found = scaled.quantiles(&[0.005])[0];
    assert!(found.error < 1e-6 * scaled.size, "{found:?}");
    let whole = scaled.inverted(0.0, scaled.moments.most, 1e-10, 1);
    let plan = Plan {
        period: whole.series.period,
        lattice: None,
        negligible: 1e-10,
        faded: 1e-9,
        scan: 0,
        work: WORK,
    };
    let first = Series::new(&scaled.days, &plan);
    assert!(2 * first.terms() < whole.series.terms(), "{} terms", whole.series.terms());
}

#[test]
fn slices_and_a_series_of_the_whole_sum_agree() {
    let mut price = 1_700.0f64;
    let values: Vec<f64> = (0..385u32)
        .map(|row| {
            let moves = [0.0, 0.0, 0.0, 1.0, 0.0, -1.0, 0.0, 2.0, 0.0, 0.0, -1.0, 0.0, 1.0];
            let change = moves[((row + 1).wrapping_mul(2_654_435_761) >> 16) as usize % 13];
            let before = price;
            price += change;
            (change / before).powi(2)
        })
        .collect();
    let scaled = Scaled::new(&SumLaw::iid(&values).unwrap());
    let split = Split::of(&scaled.days).unwrap();
    let levels = [0.001, 0.005, 0.3, 0.975, 0.999];
    let slices = scaled.sliced(&split, &levels, 1e-10, 1e-7).unwrap();
    let whole = scaled.inverted(0.0, scaled.moments.most, 1e-12, 1).quantiles(&scaled, &levels);
    for (slices, whole) in slices.iter().zip(&whole) {
        let off = (slices.value - whole.value).abs();
        assert!(off <= slices.error + whole.error, "{slices:?} {whole:?}");
        assert!(slices.error < 1e-6 * scaled.size, "{slices:?} of {}", scaled.size);
    }
    // Too coarse to tell outcomes apart: the stated error says so.
    let coarse = scaled.sliced(&split, &levels, 1e-10, 1e-3).unwrap();
    assert!(
        coarse
            .iter()
            .zip(&whole)
            .all(|(coarse, whole)| { (coarse.value - whole.value).abs() <= coarse.error + whole.error })
    );
}

#[test]
fn groups_of_counts_are_the_list_of_outcomes() {
    // Five values, none of which is 0, the heaviest in the middle; 40 draws have 135,751 outcomes.
    let values: Vec<f64> =
        (0..40u32).map(|row| [1.9, 1.3, 1.9, 2.71, 1.9, 0.77, 1.9, 3.3][row as usize % 8]).collect();
    let scaled = Scaled::new(&SumLaw::iid(&values).unwrap());
    let Some(Way::Listed(list)) = scaled.listed(1 << 20, 0, 0.0) else { panic!("not listed") };
    let Some(Way::Grouped(groups)) = scaled.grouped(KINDS, GROUPED[0], FEW) else { panic!("not grouped") };
    assert!(groups.error() < 1e-11, "{}", groups.error());
    for level in [0.001, 0.005, 0.3, 0.5, 0.975, 0.999] {
        let (value, _) = list.quantile(level);
        let (other, error) = groups.quantile(level, scaled.about(level), 0.01, scaled.moments.most);
        assert!((value - other).abs() <= error + 1e-12, "{level}: {value} {other} {error}");
        assert!(error < 1e-3, "{level}: {error}");
        let [_, listed] = list.cdf(value, 1e-9);
        assert!((listed - groups.at_most(value + 1e-9).0).abs() < 1e-11, "{level}");
    }
}

#[test]
fn listed_and_inverted_laws_agree() {
    // Few enough outcomes to be listed, and a lattice that can be inverted.
    let values: Vec<f64> = (0..200u32).map(|row| f64::from([0, 0, 3, 0, 0, 7][row as usize % 6])).collect();
    let scaled = Scaled::new(&SumLaw::iid(&values).unwrap());
    let inverted = scaled.inverted(0.0, scaled.moments.most, 1e-14, 1);
    assert!(inverted.unit.is_some() && inverted.series.complete);
    let levels = [0.001, 0.005, 0.3, 0.975, 0.999];
    for (listed, inverted) in scaled.quantiles(&levels).iter().zip(inverted.quantiles(&scaled, &levels)) {
        assert!((listed.value - inverted.value).abs() < 1e-9, "{listed:?} {inverted:?}");
    }
    let x = 300.0 / scaled.unit;
    let [listed] = scaled.cdfs(&[x])[..] else { unreachable!() };
    let other = inverted.cdf(x, scaled.moments.most, 1e-9);
    assert!((listed.below - other.below).abs() < 1e-11 && (listed.at_most - other.at_most).abs() < 1e-11);
}
