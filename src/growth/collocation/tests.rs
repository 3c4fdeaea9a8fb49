use super::*;

/// k/k*, c, k′, V: the oracle without shocks.
const ORACLE: [(f64, f64, f64, f64); 7] = [
    (0.25, 0.658945368657, 0.977491473967, -0.834006724939),
    (0.50, 0.860627869122, 1.724802420522, 0.821873760814),
    (0.75, 1.015120298672, 2.448014277522, 1.822434802670),
    (1.00, 1.145874837717893, 3.160860199072236, 2.546086761245494),
    (1.25, 1.261675831472, 3.867970529822, 3.114508271528),
    (1.50, 1.366948573775, 4.571479781988, 3.583020099955),
    (1.75, 1.464291409925, 5.272546917553, 3.981627955638),
];

fn lecture(chain: &Chain) -> (Collocation, f64) {
    let model = Model::default();
    let steady = model.steady_state().capital;
    (Collocation::new(&model, chain, 0.25 * steady, 1.75 * steady).unwrap(), steady)
}

/// The largest Euler error at 10,000 points off the nodes, in all states.
fn worst_euler_error(solution: &Collocation, low: f64, high: f64) -> f64 {
    let mut worst = 0.0;
    for point in 1..=10_000 {
        let k = low + (high - low) * (f64::from(point) * 0.618_033_988_749_894_9).fract();
        for state in 0..solution.economy.len() {
            worst = sup(worst, solution.euler_error(state, k));
        }
    }
    worst
}

#[test]
fn the_oracle_table_is_met() {
    let (solution, steady) = lecture(&Chain::certain());
    for (share, c, next, value) in ORACLE {
        let k = share * steady;
        let found = (solution.consumption(0, k), solution.capital_next(0, k), solution.value(0, k));
        let off = [found.0 - c, found.1 - next, found.2 - value];
        assert!(off.iter().all(|off| off.abs() < 1e-11), "{share}: {off:?}");
    }
    let worst = worst_euler_error(&solution, 0.25 * steady, 1.75 * steady);
    println!(
        "{:?}, {} steps, {:.1e}, {worst:.1e}",
        solution.coefficients(),
        solution.steps(),
        solution.residual()
    );
    assert!(worst < 1e-12, "{worst:e}");
}

#[test]
fn the_oracles_with_shocks_are_met() {
    for (states, at_steady, at_low) in
        [(5, 2.542824570404, -0.837835263355), (7, 2.542824547129, -0.837835288829)]
    {
        let (solution, steady) = lecture(&Chain::rouwenhorst(0.95, 0.007, states).unwrap());
        let middle = states / 2;
        let off =
            [solution.value(middle, steady) - at_steady, solution.value(middle, 0.25 * steady) - at_low];
        println!("{states} states: {:?}, {} steps", solution.coefficients(), solution.steps());
        assert!(off.iter().all(|off| off.abs() < 1e-11), "{states} states: {off:?}");
        let worst = worst_euler_error(&solution, 0.25 * steady, 1.75 * steady);
        assert!(worst < 1e-12, "{worst:e}");
    }
}

/// A, B of V = A_z + B_z ln k, and the share of resources saved, with full depreciation and log utility.
pub(in crate::growth) fn closed_form(model: &Model, chain: &Chain) -> Vec<(f64, f64, f64)> {
    let (alpha, beta, n) = (model.alpha(), model.beta(), chain.len());
    let system = |factor: f64, right: &[f64]| {
        let identity = |e: usize| f64::from(u8::from(e / n == e % n));
        let mut matrix: Vec<f64> = (0..n * n).map(|e| identity(e) - factor * chain.transition()[e]).collect();
        let mut right = right.to_vec();
        assert!(solve_linear(&mut matrix, &mut right));
        right
    };
    let b = system(alpha * beta, &vec![alpha; n]);
    let expected: Vec<f64> =
        (0..n).map(|z| chain.row(z).iter().zip(&b).map(|(p, b)| beta * p * b).sum()).collect();
    let saved: Vec<f64> = expected.iter().map(|e| e / (1.0 + e)).collect();
    let reward = |z: usize| {
        let log_z = chain.states()[z].ln();
        (1.0 - saved[z]).ln() + log_z + expected[z] * (saved[z].ln() + log_z)
    };
    let a = system(beta, &(0..n).map(reward).collect::<Vec<_>>());
    (0..n).map(|z| (a[z], b[z], saved[z])).collect()
}

#[test]
fn full_depreciation_meets_the_closed_form() {
    let alpha = 0.33333333333;
    let model = Model::new(1.0, 0.95, 1.0, alpha).unwrap();
    let steady = model.steady_state().capital;
    for chain in [Chain::certain(), Chain::rouwenhorst(0.95, 0.007, 5).unwrap(), Chain::aruoba()] {
        let solution = Collocation::new(&model, &chain, 0.25 * steady, 1.75 * steady).unwrap();
        for (state, (a, b, saved)) in closed_form(&model, &chain).into_iter().enumerate() {
            for share in [0.25, 0.6, 1.0, 1.6] {
                let k = share * steady;
                let next = saved * chain.states()[state] * k.powf(alpha);
                assert!((solution.capital_next(state, k) / next - 1.0).abs() < 1e-12);
                let value = a + b * k.ln();
                assert!((solution.value(state, k) - value).abs() < 1e-11 * value.abs(), "{state}, {share}");
            }
        }
    }
}

#[test]
fn ranges_that_capital_leaves_are_refused() {
    let model = Model::default();
    let steady = model.steady_state().capital;
    for (low, high) in [(1.1, 1.75), (0.25, 0.9), (0.99, 1.01)] {
        let chain = Chain::rouwenhorst(0.95, 0.007, 5).unwrap();
        let refused = Collocation::new(&model, &chain, low * steady, high * steady).unwrap_err().to_string();
        assert!(refused.contains("around 1"), "{refused}");
    }
}

#[test]
fn random_models_are_solved_or_refused() {
    use crate::growth::enclose::{Proposal, enclose};
    let mut state = 99_u64;
    let mut draw = |low: f64, high: f64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (high - low) * ((state >> 11) as f64 / (1_u64 << 53) as f64)
    };
    let (mut solved, mut refused) = (0, Vec::new());
    while solved + refused.len() < 200 {
        let sigma = [1.0, 2.0, draw(0.2, 8.0)][draw(0.0, 3.0) as usize];
        let Ok(model) = Model::new(sigma, draw(0.5, 0.99), draw(0.01, 1.0), draw(0.1, 0.8)) else { continue };
        let steady = model.steady_state().capital;
        let (low, high) = (draw(0.05, 0.9) * steady, draw(1.05, 3.0) * steady);
        let chain = match (solved + refused.len()) % 3 {
            0 => Chain::rouwenhorst(draw(-0.5, 0.98), draw(0.001, 0.05), 3).unwrap(),
            _ => Chain::certain(),
        };
        let solution = match Collocation::new(&model, &chain, low, high) {
            Ok(solution) => solution,
            Err(error) => {
                refused.push(format!("{model:?} {:.2} {:.2}: {error}", low / steady, high / steady));
                continue;
            }
        };
        solved += 1;
        for point in 0..500 {
            let k = low + (high - low) * f64::from(point) / 499.0;
            for state in 0..chain.len() {
                assert!(solution.euler_error(state, k) < 1e-8, "{model:?} {low} {high} at {k}");
            }
        }
        let capital: Vec<f64> = (0..2000).map(|i| low + (high - low) * (f64::from(i) / 1999.0)).collect();
        let (value, next, consumption) = solution.at(&capital);
        let proposal = Proposal { value: &value, capital_next: &next, consumption: &consumption };
        let enclosure = enclose(&model, &chain, &capital, &proposal, 50).unwrap();
        let scale = value.iter().fold(1.0, |most, v| f64::max(most, v.abs()));
        for (v, (low, high)) in value.iter().zip(enclosure.low().iter().zip(enclosure.high())) {
            assert!(*low <= v + 1e-10 * scale && *v <= high + 1e-10 * scale, "{model:?}: {v} {low} {high}");
        }
    }
    println!("{solved} solved, {} refused", refused.len());
    refused.iter().for_each(|why| println!("{why}"));
    assert!(solved >= 120);
}

#[test]
fn euler_errors_side_by_side_are_those_one_by_one() {
    let chains = [Chain::certain(), Chain::rouwenhorst(0.9, 0.02, 5).unwrap()];
    for (model, chain) in [(1.0, 0.3), (2.0, 0.1), (5.0, 1.0)].into_iter().flat_map(|(sigma, delta)| {
        let model = Model::new(sigma, 0.95, delta, 0.33).unwrap();
        chains.iter().map(move |chain| (model, chain))
    }) {
        let steady = model.steady_state().capital;
        let mut solution = Collocation::new(&model, chain, 0.5 * steady, 1.5 * steady).unwrap();
        for perturbed in [false, true] {
            if perturbed {
                solution.consumption[1] *= 1.0 + 1e-6;
            }
            let capital: Vec<f64> = (0..333).map(|i| steady * (0.5 + f64::from(i) / 332.0)).collect();
            let found = solution.relative_euler_errors(&capital);
            for (row, &found) in found.iter().enumerate() {
                let one = solution.euler_error(row / 333, capital[row % 333]);
                assert!((found - one).abs() < 1e-14 + 1e-9 * one, "{model:?}: {found:e} for {one:e}");
            }
            let worst = found.iter().fold(0.0, |most, &error| sup(most, error));
            assert_eq!(worst > 1e-9, perturbed, "{worst:e}");
        }
    }
}
