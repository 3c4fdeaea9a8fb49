use super::*;
use crate::growth::collocation::closed_form;
use crate::growth::{Choice, GridSpec, Method, Problem, Settings, Spacing, solve};

fn points(low: f64, high: f64, n: usize) -> Vec<f64> {
    let mut points: Vec<f64> = (0..n).map(|i| low + (high - low) * (i as f64 / (n - 1) as f64)).collect();
    points[n - 1] = high;
    points
}

/// The enclosure from collocation, in at most so many iterations.
fn by_collocation(
    model: &Model,
    chain: &Chain,
    capital: &[f64],
    iterations: usize,
) -> (Collocation, Enclosure) {
    let solution = Collocation::new(model, chain, capital[0], capital[capital.len() - 1]).unwrap();
    let (value, next, consumption) = solution.at(capital);
    let proposal = Proposal { value: &value, capital_next: &next, consumption: &consumption };
    let enclosure = enclose(model, chain, capital, &proposal, iterations).unwrap();
    (solution, enclosure)
}

fn off_the_nodes(capital: &[f64]) -> impl Iterator<Item = f64> {
    let (low, high) = (capital[0], capital[capital.len() - 1]);
    (1..=10_000).map(move |m| low + (high - low) * (f64::from(m) * 0.618_033_988_749_894_9).fract())
}

/// Whether `value` lies within, at the points and at 10,000 others.
fn holds(
    enclosure: &Enclosure,
    capital: &[f64],
    state: usize,
    value: impl Fn(f64) -> f64,
    slack: f64,
) -> bool {
    let n = capital.len();
    let at_points = capital.iter().enumerate().all(|(i, &k)| {
        let (low, high, v) = (enclosure.low[state * n + i], enclosure.high[state * n + i], value(k));
        low <= v + slack && v <= high + slack
    });
    at_points
        && off_the_nodes(capital).all(|k| {
            let ((low, high), v) = (enclosure.bounds_at(state, k), value(k));
            low <= v + slack && v <= high + slack
        })
}

#[test]
fn the_solution_of_a_grid_is_enclosed_as_tightly_as_it_can_be() {
    let model = Model::default();
    for choice in [Choice::Continuous, Choice::Grid] {
        for (n, width) in [(100, 7.9e-3), (1000, 7.7e-5), (10_000, 7.7e-7)] {
            let problem = Problem::new(model, GridSpec::default().points(n), choice).unwrap();
            let settings = Settings::for_choice(choice).method(Method::Howard).tolerance(1e-11);
            let solution = solve(&problem, &settings, &mut |_| ()).unwrap();
            let chain = Chain::certain();
            let consumption = smooth_consumption(&model, &chain, problem.capital());
            let proposal = Proposal {
                value: &solution.value,
                capital_next: &solution.capital_next,
                consumption: &consumption,
            };
            let enclosure = enclose(&model, &chain, problem.capital(), &proposal, 100).unwrap();
            let truth =
                Collocation::new(&model, &chain, problem.capital()[0], problem.capital()[n - 1]).unwrap();
            println!(
                "{choice:?} {n}: width {:.2e}, error of V_N {:.2e}, rounding {:.1e}, {} iterations",
                enclosure.width(),
                enclosure.error_of(&solution.value),
                enclosure.rounding(),
                enclosure.iterations()
            );
            // The oracle itself is within 1e-12.
            assert!(holds(&enclosure, problem.capital(), 0, |k| truth.value(0, k), 1e-12));
            assert!(enclosure.width() <= if choice == Choice::Continuous { width } else { 2.0 * width });
            assert!(!enclosure.is_confined());
            // V_N is below V: it is the bound below, up to its own error and rounding.
            for (low, v) in enclosure.low().iter().zip(&solution.value) {
                assert!((v - low).abs() < 1e-9, "{low} against {v}");
            }
        }
    }
}

#[test]
fn one_application_encloses_a_smooth_proposal() {
    let model = Model::default();
    let steady = model.steady_state().capital;
    for n in [1000, 10_000, 100_000] {
        let capital: Vec<f64> =
            (0..n).map(|i| 0.25 * steady * libm::exp(7.0_f64.ln() * i as f64 / (n - 1) as f64)).collect();
        let (solution, enclosure) = by_collocation(&model, &Chain::certain(), &capital, 1);
        println!("{n}: {:.2e}, rounding {:.1e}", enclosure.width(), enclosure.rounding());
        assert!(holds(&enclosure, &capital, 0, |k| solution.value(0, k), 1e-12));
        assert!(enclosure.width() < 8.2e-7 * (10_000.0 / n as f64).powi(2));
    }
}

#[test]
fn closed_forms_are_enclosed() {
    let model = Model::new(1.0, 0.95, 1.0, 0.33).unwrap();
    let steady = model.steady_state().capital;
    for chain in [Chain::certain(), Chain::rouwenhorst(0.95, 0.007, 5).unwrap(), Chain::aruoba()] {
        for n in [2, 10, 100, 1000, 10_000] {
            let capital = points(0.25 * steady, 1.75 * steady, n);
            let (_, enclosure) = by_collocation(&model, &chain, &capital, 100);
            println!("{} states, {n}: {:.2e}", chain.len(), enclosure.width());
            for (state, (a, b, _)) in closed_form(&model, &chain).into_iter().enumerate() {
                let slack = 1e-13 * a.abs();
                assert!(holds(&enclosure, &capital, state, |k| a + b * k.ln(), slack), "{n}");
                // A value that is off by its width is found out.
                let wrong = enclosure.width() * 1.01;
                assert!(!holds(&enclosure, &capital, state, |k| a + wrong + b * k.ln(), slack), "{n}");
            }
        }
    }
}

#[test]
fn widths_with_shocks_are_of_second_order() {
    let model = Model::default();
    let steady = model.steady_state().capital;
    let chain = Chain::rouwenhorst(0.95, 0.007, 5).unwrap();
    for n in [100, 1000, 10_000] {
        let capital = points(0.25 * steady, 1.75 * steady, n);
        let (solution, enclosure) = by_collocation(&model, &chain, &capital, 100);
        println!("{n}: {:.2e}, {} iterations", enclosure.width(), enclosure.iterations());
        assert!((0..5).all(|z| holds(&enclosure, &capital, z, |k| solution.value(z, k), 1e-12)));
        assert!(enclosure.width() < 7.9e-3 * (100.0 / n as f64).powi(2));
    }
}

#[test]
fn a_proposal_that_is_wrong_widens_the_bounds_and_does_not_break_them() {
    let model = Model::default();
    let chain = Chain::certain();
    let steady = model.steady_state().capital;
    let capital = points(0.25 * steady, 1.75 * steady, 300);
    let (solution, right) = by_collocation(&model, &chain, &capital, 100);
    let (value, next, consumption) = solution.at(&capital);
    // Values, policies and prices that are off, each at a time, at every third point.
    let off = |x: &[f64], by: f64| -> Vec<f64> {
        x.iter().enumerate().map(|(i, x)| if i % 3 == 0 { x * (1.0 + by) } else { *x }).collect()
    };
    for (by, which) in [(0.01, 0), (-0.01, 0), (0.01, 1), (-0.01, 1), (0.01, 2), (-0.01, 2)] {
        let pick = |x: &[f64], at: usize| if which == at { off(x, by) } else { x.to_vec() };
        let (value, next, consumption) = (pick(&value, 0), pick(&next, 1), pick(&consumption, 2));
        let proposal = Proposal { value: &value, capital_next: &next, consumption: &consumption };
        let wrong = enclose(&model, &chain, &capital, &proposal, 3).unwrap();
        assert!(holds(&wrong, &capital, 0, |k| solution.value(0, k), 1e-12), "{by}, {which}");
        assert!(wrong.width() > 1.2 * right.width(), "{by}, {which}");
    }
}

#[test]
fn a_wrong_slope_is_found_out() {
    // The bound's own mathematics with one of its slopes off by 1e-3: V no longer lies below.
    let model = Model::default();
    let steady = model.steady_state().capital;
    // Fine enough for the bounds to leave less room than that.
    let capital = points(0.25 * steady, 1.75 * steady, 100_000);
    let (solution, mut enclosure) = by_collocation(&model, &Chain::certain(), &capital, 100);
    assert!(holds(&enclosure, &capital, 0, |k| solution.value(0, k), 1e-12));
    enclosure.slopes.iter_mut().for_each(|s| *s *= 1.0 - 1e-3);
    let is_below = |k: f64| solution.value(0, k) <= enclosure.bounds_at(0, k).1;
    assert!(!off_the_nodes(&capital).all(is_below));
}

#[test]
fn an_economy_that_reaches_the_end_of_the_grid_is_said_to_be_confined() {
    let model = Model::default();
    for (low, high, confined) in [(0.25, 1.75, false), (1.1, 1.75, true), (0.25, 0.9, true)] {
        let spec = GridSpec::default().points(200).between(low, high);
        let problem = Problem::new(model, spec, Choice::Continuous).unwrap();
        let settings = Settings::for_choice(Choice::Continuous).tolerance(1e-10);
        let solution = solve(&problem, &settings, &mut |_| ()).unwrap();
        let chain = Chain::certain();
        let consumption = smooth_consumption(&model, &chain, problem.capital());
        let proposal = Proposal {
            value: &solution.value,
            capital_next: &solution.capital_next,
            consumption: &consumption,
        };
        let enclosure = enclose(&model, &chain, problem.capital(), &proposal, 200).unwrap();
        assert_eq!(enclosure.is_confined(), confined, "{low}, {high}");
        // The same economy on a fine grid.
        let fine = Problem::new(model, spec.points(20_000), Choice::Continuous).unwrap();
        let exact = solve(&fine, &settings, &mut |_| ()).unwrap();
        println!("[{low}, {high}]: {:.2e}", enclosure.width());
        assert!(holds(&enclosure, problem.capital(), 0, |k| fine.interpolate(&exact.value, k), 1e-6));
        assert!(enclosure.width() < 1e-2);
    }
}

#[test]
fn the_enclosure_holds_the_middle_of_a_finer_one() {
    // A reproducible stream of parameters.
    let mut state = 12_345_u64;
    let mut draw = |low: f64, high: f64| {
        state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        low + (high - low) * ((state >> 11) as f64 / (1_u64 << 53) as f64)
    };
    let (mut models, mut collocated, mut widest) = (0, 0, 0.0_f64);
    while models < 500 {
        let sigma = match draw(0.0, 3.0) as usize {
            0 => 1.0,
            1 => 2.0,
            _ => draw(0.3, 6.0),
        };
        let (beta, delta, alpha) = (draw(0.6, 0.985), draw(0.02, 1.0), draw(0.15, 0.7));
        let Ok(model) = Model::new(sigma, beta, delta, alpha) else { continue };
        let low = draw(0.1, 0.9);
        let spec =
            GridSpec::default().points(20 + draw(0.0, 60.0) as usize).between(low, low + draw(0.2, 2.0));
        let chain = match models % 4 {
            0 => Chain::rouwenhorst(draw(0.0, 0.95), draw(0.002, 0.03), 2 + models % 3).unwrap(),
            _ => Chain::certain(),
        };
        let spec = GridSpec { spacing: if models % 2 == 0 { Spacing::Log } else { Spacing::Linear }, ..spec };
        let enclosed = |points: usize| {
            let problem = Problem::new(model, spec.points(points), Choice::Continuous).ok()?;
            let k = problem.capital();
            let consumption = smooth_consumption(&model, &chain, k);
            let f: Vec<f64> = chain
                .states()
                .iter()
                .flat_map(|z| k.iter().map(move |&k| z * model.output(k) + (1.0 - model.delta()) * k))
                .collect();
            let next: Vec<f64> =
                f.iter().zip(&consumption).map(|(f, c)| (f - c).clamp(k[0], k[k.len() - 1])).collect();
            // Some start for V: the worst is as good as any, but takes longer.
            let worst =
                model.utility(consumption.iter().copied().fold(f64::INFINITY, f64::min)) / (1.0 - beta);
            let value: Vec<f64> = consumption.iter().map(|_| worst).collect();
            let proposal = Proposal { value: &value, capital_next: &next, consumption: &consumption };
            Some((k.to_vec(), enclose(&model, &chain, k, &proposal, 2000).unwrap()))
        };
        let (Some((k, coarse)), Some((fine_k, fine))) =
            (enclosed(spec.points), enclosed(8 * (spec.points - 1) + 1))
        else {
            continue;
        };
        models += 1;
        collocated += usize::from(Collocation::new(&model, &chain, k[0], k[k.len() - 1]).is_ok());
        let middle = fine.middle();
        for (row, middle) in middle.iter().enumerate() {
            let (low, high) = coarse.bounds_at(row / fine_k.len(), fine_k[row % fine_k.len()]);
            // Where no choice is left the bounds are rounding alone, and the middle is within that of V.
            let rounding = fine.rounding();
            assert!(
                low <= middle + rounding && middle - rounding <= high,
                "{model:?}, {spec:?}: {middle} not in {low}..{high}"
            );
        }
        widest = widest.max(fine.width() / coarse.width());
    }
    println!("{collocated} of 500 by collocation; the fine width is {widest:.2} of the coarse one at most");
    assert!(collocated > 200);
}
