//! The growth model against its oracles: a table from a global Chebyshev solution, the closed form of Brock
//! and Mirman, a direct maximizer, and solutions to rounding error.

use proptest::prelude::*;

use super::*;

const METHODS: [Method; 4] = [Method::Vfi, Method::Accelerated, Method::Howard, Method::Egm];
const CHOICES: [Choice; 2] = [Choice::Continuous, Choice::Grid];

fn problem(model: Model, points: usize, choice: Choice) -> Problem {
    Problem::new(model, GridSpec { points, ..GridSpec::default() }, choice).unwrap()
}

fn run(problem: &Problem, change: impl FnOnce(&mut Settings)) -> Solution {
    let mut settings = Settings::for_choice(problem.choice());
    change(&mut settings);
    solve(problem, &settings, &mut |_| ()).unwrap()
}

/// The tolerance that the refusal of an absurd one names for Howard's method.
fn reachable(problem: &Problem) -> f64 {
    let settings =
        Settings { method: Method::Howard, tolerance: 1e-300, ..Settings::for_choice(problem.choice()) };
    match solve(problem, &settings, &mut |_| ()) {
        Err(crate::Error::Growth(GrowthError::Tolerance { reachable, .. })) => reachable,
        other => panic!("{:?}", other.map(|solution| solution.certificate)),
    }
}

/// The gridded problem's solution, as exact as f64 guarantees it.
fn to_rounding(problem: &Problem) -> Solution {
    let tolerance = reachable(problem);
    run(problem, |s| (s.method, s.tolerance) = (Method::Howard, tolerance))
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    a.iter().zip(b).fold(0.0, |most, (a, b)| f64::max(most, (a - b).abs()))
}

/// V itself for the default model at the points of `on`: the solution on a grid so fine that its error, which
/// falls with the square of the spacing, is 2.5e-9, extrapolated with that of half the points to 1e-10 or so.
fn true_value(on: &Problem) -> Vec<f64> {
    let at = |points: usize| {
        let fine = problem(Model::default(), points, Choice::Continuous);
        let value = run(&fine, |s| {
            s.method = Method::Howard;
            s.tolerance = 1e-11;
        })
        .value;
        on.capital().iter().map(|&k| fine.interpolate(&value, k)).collect::<Vec<f64>>()
    };
    // Both grids hold the points of `on`.
    let segments = on.len() - 1;
    let parts = 100_000_usize.div_ceil(segments);
    let (half, full) = (at(segments * parts + 1), at(segments * 2 * parts + 1));
    half.iter().zip(full).map(|(half, full)| full + (full - half) / 3.0).collect()
}

#[test]
fn plain_iteration_takes_213_iterations_on_any_grid() {
    for choice in CHOICES {
        for points in [100, 1000, 10_000] {
            let solution = run(&problem(Model::default(), points, choice), |s| {
                s.method = Method::Vfi;
                s.stop = Stop::Change;
            });
            assert_eq!((solution.iterations, solution.preparations), (213, 0), "{choice:?}, N = {points}");
        }
    }
}

#[test]
fn the_solution_meets_the_oracle_table() {
    let table = [
        (0.25, 0.658945368657, 0.977491473967, -0.834006724939),
        (0.50, 0.860627869122, 1.724802420522, 0.821873760814),
        (0.75, 1.015120298672, 2.448014277522, 1.822434802670),
        (1.00, 1.145874837717893, 3.160860199072236, 2.546086761245494),
        (1.25, 1.261675831472, 3.867970529822, 3.114508271528),
        (1.50, 1.366948573775, 4.571479781988, 3.583020099955),
        (1.75, 1.464291409925, 5.272546917553, 3.981627955638),
    ];
    let fine = problem(Model::default(), 100_000, Choice::Continuous);
    let solution = run(&fine, |s| s.tolerance = 1e-10);
    for (share, consumption, capital_next, value) in table {
        let k = (share * fine.model().steady_state().capital).min(fine.capital()[fine.len() - 1]);
        let next = fine.interpolate(&solution.capital_next, k);
        // The gridded problem's own error is 2.5e-9 in V; its policy clings to the points, 5e-5 apart.
        assert!((fine.interpolate(&solution.value, k) - value).abs() < 4e-9, "V at {share}");
        assert!((next - capital_next).abs() < 5e-5, "k' at {share}: {next}");
        assert!((fine.model().resources(k) - next - consumption).abs() < 5e-5, "c at {share}");
    }
}

#[test]
fn the_error_of_the_grid_is_the_oracles() {
    let oracle = [
        (Choice::Grid, [(100, 5.4e-3), (1000, 6.7e-5), (10_000, 8.0e-7)]),
        (Choice::Continuous, [(100, 1.8e-3), (1000, 2.1e-5), (10_000, 2.5e-7)]),
    ];
    for (choice, errors) in oracle {
        for (points, expected) in errors {
            let problem = problem(Model::default(), points, choice);
            let error = distance(&to_rounding(&problem).value, &true_value(&problem));
            println!("{choice:?}, N = {points}: max |V_N - V| = {error:.3e}");
            // To the two digits of the table.
            let digit = 10f64.powf(f64::log10(expected).floor() - 1.0);
            assert!((error - expected).abs() <= 0.5001 * digit, "{choice:?}, N = {points}: {error:e}");
        }
    }
}

#[test]
fn euler_errors_are_the_oracles() {
    let oracle = [
        (Choice::Continuous, [(100, -1.94, -2.62), (1000, -2.81, -3.57), (10_000, -3.80, -4.56)]),
        (Choice::Grid, [(100, -1.26, -1.83), (1000, -2.15, -2.79), (10_000, -3.13, -3.77)]),
    ];
    for (choice, rows) in oracle {
        for (points, max, mean) in rows {
            let certificate = to_rounding(&problem(Model::default(), points, choice)).certificate;
            let (found_max, found_mean) = (certificate.euler_max, certificate.euler_mean);
            println!("{choice:?}, N = {points}: Euler max {found_max:.3}, mean {found_mean:.3}");
            assert!((found_max - max).abs() < 0.05 && (found_mean - mean).abs() < 0.05, "{certificate:?}");
        }
    }
}

#[test]
fn every_certificate_holds() {
    for choice in CHOICES {
        for points in [2, 3, 100, 1000, 10_000] {
            let problem = problem(Model::default(), points, choice);
            let exact = to_rounding(&problem);
            for method in METHODS {
                for stop in [Stop::Bound, Stop::Change] {
                    let solution = run(&problem, |s| (s.method, s.stop) = (method, stop));
                    let certificate = solution.certificate;
                    let error = distance(&solution.value, &exact.value);
                    assert!(
                        error <= certificate.bound + exact.certificate.bound,
                        "{method:?} {choice:?} {points}"
                    );
                    assert!(stop == Stop::Change || certificate.bound <= 1e-6, "{certificate:?}");
                    // A bound may hold by being loose; this one may not be looser than its derivation allows.
                    let beta = problem.model().beta();
                    assert!(
                        certificate.residual <= (1.0 + beta) * error + 1e-13,
                        "{method:?} {choice:?} {points}"
                    );
                }
            }
        }
    }
}

#[test]
fn a_certificate_that_is_too_small_would_be_noticed() {
    // The twin of the test above: V moved by more than the bound, and the bound of another V.
    let problem = problem(Model::default(), 100, Choice::Continuous);
    let solution = run(&problem, |_| ());
    let mut moved = solution.value.clone();
    moved[50] += 1e-5;
    assert!(certify(&problem, &moved).unwrap().0.bound > 1e-5);
    assert!(distance(&moved, &to_rounding(&problem).value) > solution.certificate.bound);
}

#[test]
fn the_three_searches_on_the_grid_agree_exactly() {
    for (sigma, delta, spacing) in
        [(2.0, 0.1, Spacing::Linear), (1.0, 1.0, Spacing::Log), (0.5, 0.025, Spacing::Linear)]
    {
        let model = Model::new(sigma, 0.95, delta, 0.33).unwrap();
        for points in [2, 3, 100, 1000, 5000] {
            let spec = GridSpec { points, spacing, ..GridSpec::default() };
            let problem = Problem::new(model, spec, Choice::Grid).unwrap();
            let solve_by = |maximizer| {
                run(&problem, |s| {
                    (s.method, s.stop, s.maximizer) = (Method::Vfi, Stop::Change, maximizer);
                })
            };
            let brute = solve_by(Maximizer::Brute);
            for other in [solve_by(Maximizer::Sweep), solve_by(Maximizer::Bisection)] {
                assert_eq!(brute.value, other.value, "N = {points}, {model:?}");
                assert_eq!(brute.capital_next, other.capital_next, "N = {points}, {model:?}");
                assert_eq!(brute.iterations, other.iterations);
            }
        }
    }
}

/// The best of all candidates, each evaluated, the first where several are best.
fn plainly(problem: &Problem, value: &[f64]) -> (Vec<f64>, Vec<f64>) {
    let (k, f, model) = (problem.capital(), problem.resources(), problem.model());
    let best = |&f: &f64| {
        let mut best = (f64::NEG_INFINITY, k[0]);
        for (k, v) in k.iter().zip(value).filter(|(k, _)| **k < f) {
            let total = model.utility(f - k) + model.beta() * v;
            if total > best.0 {
                best = (total, *k);
            }
        }
        best
    };
    f.iter().map(best).unzip()
}

#[test]
fn the_searches_find_the_best_candidate_for_any_value() {
    for points in [2, 5, 63, 64, 65, 700, 5000] {
        let problem = problem(Model::default(), points, Choice::Grid);
        let dip = 0.3 * (problem.capital()[1] - problem.capital()[0]);
        let concave = |_: usize, k: f64| 3.0 * k.ln();
        let jagged = |i: usize, k: f64| k + 0.1 * ((i * 7919) % 13) as f64;
        let falling = |_: usize, k: f64| -k * k;
        let jump = |_: usize, k: f64| if k > 3.0 { 5.0 } else { 0.0 };
        // Hides better candidates beyond it from some rows, and not from later ones.
        let dented = |i: usize, k: f64| 3.0 * k.ln() - if i == points / 3 { dip } else { 0.0 };
        let shapes: [&dyn Fn(usize, f64) -> f64; 5] = [&concave, &jagged, &falling, &jump, &dented];
        for (shape, at) in shapes.into_iter().enumerate() {
            let value: Vec<f64> = problem.capital().iter().enumerate().map(|(i, &k)| at(i, k)).collect();
            let expected = plainly(&problem, &value);
            for maximizer in [Maximizer::Brute, Maximizer::Sweep, Maximizer::Bisection] {
                let (mut next, mut policy) = (vec![0.0; points], vec![0.0; points]);
                Bellman::new(&problem, maximizer).apply(&value, &mut next, &mut policy);
                assert!((next, policy) == expected, "{maximizer:?}, N = {points}, shape {shape}");
            }
        }
    }
}

#[test]
fn brute_force_takes_the_first_of_equals() {
    let problem = problem(Model::default(), 500, Choice::Grid);
    let model = problem.model();
    for row in 200..300 {
        // At this row all candidates are worth the same, up to rounding: many exactly.
        let worth = |&k: &f64| {
            let consumption = problem.resources()[row] - k;
            if consumption > 0.0 { (1.0 - model.utility(consumption)) / model.beta() } else { 0.0 }
        };
        let value: Vec<f64> = problem.capital().iter().map(worth).collect();
        let (mut next, mut policy) = (vec![0.0; 500], vec![0.0; 500]);
        Bellman::new(&problem, Maximizer::Brute).apply(&value, &mut next, &mut policy);
        assert!((next, policy) == plainly(&problem, &value), "row {row}");
    }
}

#[test]
fn every_search_takes_the_first_of_exact_equals() {
    for points in [3, 16, 65, 300, 5000] {
        let problem = problem(Model::default(), points, Choice::Grid);
        for first in [0, 1, 7, 63, 64, 255, 256, 4099].into_iter().filter(|&first| first < points) {
            // Beside so much V, utility is lost in rounding: all from `first` on that can be paid for are
            // worth exactly the same.
            let value: Vec<f64> = (0..points).map(|j| if j < first { 0.0 } else { 1e25 }).collect();
            let expected = plainly(&problem, &value);
            let last = problem.resources()[points - 1];
            let (total, beta) = (expected.0[points - 1], problem.model().beta());
            assert_eq!(expected.1[points - 1], problem.capital()[first]);
            assert!(last > problem.capital()[points - 1] && total == beta * 1e25, "no ties");
            for maximizer in [Maximizer::Brute, Maximizer::Sweep, Maximizer::Bisection] {
                let (mut next, mut policy) = (vec![0.0; points], vec![0.0; points]);
                Bellman::new(&problem, maximizer).apply(&value, &mut next, &mut policy);
                assert!((next, policy) == expected, "{maximizer:?}, N = {points}, from {first}");
            }
        }
    }
}

#[test]
fn the_segment_formula_finds_the_best_of_many_choices() {
    let problem = problem(Model::default(), 40, Choice::Continuous);
    let (low, high) = (problem.capital()[0], problem.capital()[39]);
    // From values that make everybody spend what can be spent to values that make everybody save.
    for scale in [0.01, 0.5, 2.0, 10.0, 100.0] {
        let value: Vec<f64> = problem.capital().iter().map(|k| scale * k.ln()).collect();
        let apply = |maximizer| {
            let (mut next, mut policy) = (vec![0.0; 40], vec![0.0; 40]);
            Bellman::new(&problem, maximizer).apply(&value, &mut next, &mut policy);
            (next, policy)
        };
        let (next, policy) = apply(Maximizer::Cell);
        for i in 0..40 {
            let f = problem.resources()[i];
            let total = |k: f64| problem.model().utility(f - k) + 0.95 * problem.interpolate(&value, k);
            let tried = (0..100_000).map(|t| low + (high.min(f) - low) * f64::from(t) / 100_000.0);
            let best = tried.map(total).fold(f64::NEG_INFINITY, f64::max);
            assert!(next[i] >= best - 1e-13 * scale.max(1.0), "{scale}, row {i}");
            assert!((next[i] - total(policy[i])).abs() < 1e-13 * scale.max(1.0));
        }
        // Golden section is as good, because it looks at the nodes around its result.
        assert!(distance(&apply(Maximizer::Golden).0, &next) < 1e-13 * scale.max(1.0), "{scale}");
    }
}

#[test]
fn golden_section_agrees_with_the_segment_formula() {
    let problem = problem(Model::default(), 200, Choice::Continuous);
    let exact = to_rounding(&problem);
    for method in [Method::Vfi, Method::Accelerated, Method::Howard] {
        let golden = run(&problem, |s| (s.method, s.maximizer) = (method, Maximizer::Golden));
        assert!(golden.certificate.bound <= 1e-6);
        assert!(distance(&golden.value, &exact.value) <= golden.certificate.bound);
    }
}

#[test]
fn values_that_are_not_concave_are_certified_too() {
    let problem = problem(Model::default(), 300, Choice::Continuous);
    let exact = to_rounding(&problem);
    for size in [1e-9, 1e-4, 0.3] {
        let jagged: Vec<f64> =
            exact.value.iter().enumerate().map(|(i, v)| v + size * ((i * 7919) % 13) as f64 / 13.0).collect();
        let certificate = certify(&problem, &jagged).unwrap().0;
        let error = distance(&jagged, &exact.value);
        assert!(error <= certificate.bound, "{size}: {error:e} against {certificate:?}");
        assert!(certificate.bound < 40.0 * error, "{size}: {error:e} against {certificate:?}");
    }
}

/// Brock and Mirman's solution: V(k) and k′(k).
fn closed_form(model: &Model, k: f64) -> (f64, f64) {
    let (alpha, beta) = (model.alpha(), model.beta());
    let saved = alpha * beta;
    let b = alpha / (1.0 - saved);
    let a = ((1.0 - saved).ln() + saved / (1.0 - saved) * saved.ln()) / (1.0 - beta);
    (a + b * k.ln(), saved * k.powf(alpha))
}

#[test]
fn brock_and_mirmans_closed_form_is_found() {
    let model = Model::new(1.0, 0.95, 1.0, 0.33).unwrap();
    for choice in CHOICES {
        let mut errors = Vec::new();
        for points in [100, 1000, 10_000] {
            let problem = problem(model, points, choice);
            let solution = to_rounding(&problem);
            let spacing = problem.capital()[1] - problem.capital()[0];
            let mut error: f64 = 0.0;
            for (i, &k) in problem.capital().iter().enumerate() {
                let (value, next) = closed_form(&model, k);
                error = error.max((solution.value[i] - value).abs());
                assert!((solution.capital_next[i] - next).abs() <= spacing, "k' at {k}, N = {points}");
            }
            errors.push(error);
        }
        println!("Brock-Mirman, {choice:?}: {errors:?}");
        // The error falls with the square of the spacing.
        assert!(errors[0] / errors[1] > 60.0 && errors[1] / errors[2] > 60.0, "{errors:?}");
        assert!(errors[2] < 3e-6, "{errors:?}");
    }
}

#[test]
fn a_tolerance_below_rounding_is_refused_with_one_that_works() {
    for choice in CHOICES {
        for method in METHODS {
            let problem = problem(Model::default(), 1000, choice);
            let ask = |tolerance| {
                let settings = Settings { method, tolerance, ..Settings::for_choice(choice) };
                solve(&problem, &settings, &mut |_| ())
            };
            let refused = ask(1e-18).map(|solution| solution.certificate);
            let Err(crate::Error::Growth(GrowthError::Tolerance { reachable, .. })) = refused else {
                panic!("{refused:?}")
            };
            let solution = ask(reachable).unwrap();
            assert!(solution.certificate.bound <= reachable && reachable < 1e-12, "{reachable:e}");
        }
    }
}

/// Problems whose consumption is lost in the rounding of resources, at one end of the grid.
fn beyond_f64() -> [Problem; 2] {
    let grid = |points, low, high| GridSpec { points, low, high, spacing: Spacing::Linear };
    let at_the_upper_end = Model::new(10.0, 0.999, 1e-3, 0.7).unwrap();
    let at_the_lower_end = Model::new(5.0, 0.99999, 1e-6, 0.9).unwrap();
    [(at_the_upper_end, grid(1000, 1e-7, 1e11)), (at_the_lower_end, grid(11, 4.48209e-5, 1.75))]
        .map(|(model, grid)| Problem::new(model, grid, Choice::Continuous).unwrap())
}

#[test]
fn what_f64_cannot_hold_is_refused_and_nothing_else_is_returned() {
    let mut refused = 0;
    for problem in beyond_f64() {
        for method in METHODS {
            for (stop, tolerance) in [(Stop::Change, 1e-3), (Stop::Bound, 1e-3), (Stop::Change, 1e-300)] {
                let settings = Settings {
                    method,
                    stop,
                    tolerance,
                    max_iterations: 10_000,
                    ..Settings::for_choice(Choice::Continuous)
                };
                match solve(&problem, &settings, &mut |_| ()) {
                    Err(crate::Error::Growth(GrowthError::NotFinite { .. })) => refused += 1,
                    Err(_) => {}
                    // A wide tolerance may be met before consumption is lost.
                    Ok(Solution { value, capital_next, certificate, .. }) => {
                        assert!(value.iter().chain(&capital_next).all(|x| x.is_finite()));
                        assert!(certificate.bound.is_finite() && certificate.euler_max.is_finite());
                        assert!(stop == Stop::Change || certificate.bound <= tolerance);
                    }
                }
            }
        }
        if let Ok((policy, _)) = euler_policy(&problem, 1e-8) {
            assert!(policy.iter().all(|k| k.is_finite()));
        }
    }
    assert!(refused >= 3, "{refused}");
}

#[test]
fn what_is_not_a_number_is_neither_hidden_nor_certified() {
    for choice in CHOICES {
        // On one thread and on several.
        for points in [3, 5000] {
            let problem = problem(Model::default(), points, choice);
            let solution = run(&problem, |_| ());
            for place in [0, points / 2, points - 1] {
                for what in [f64::NAN, f64::NEG_INFINITY, f64::INFINITY] {
                    let mut value = solution.value.clone();
                    value[place] = what;
                    let certificate = certify(&problem, &value).map(|(certificate, _)| certificate);
                    assert!(
                        matches!(certificate, Err(crate::Error::Growth(GrowthError::NotFinite { .. }))),
                        "{choice:?}, {what} at {place}: {certificate:?}"
                    );
                    let (mut next, mut policy) = (vec![0.0; points], vec![0.0; points]);
                    let mut bellman = Bellman::new(&problem, Maximizer::fastest(choice));
                    let change = bellman.apply(&value, &mut next, &mut policy).norm();
                    assert!(!change.is_finite(), "{choice:?}, {what} at {place}: {change}");
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 150, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn the_tolerance_that_a_refusal_names_is_accepted(
        sigma in prop_oneof![Just(1.0), Just(2.0), 0.2..8.0],
        beta in 0.5..0.99,
        delta in prop_oneof![Just(1.0), 0.01..1.0],
        alpha in 0.1..0.8,
        points in 2..1000_usize,
        low in 0.05..0.9,
        width in 0.01..10.0,
        on_grid in any::<bool>(),
        by_change in any::<bool>(),
        method in 0..4_usize,
        asked in prop_oneof![Just(1e-300), 1e-16..1e-13],
    ) {
        let choice = CHOICES[usize::from(on_grid)];
        let model = Model::new(sigma, beta, delta, alpha).unwrap();
        let spec = GridSpec { points, low, high: low + width, spacing: Spacing::Linear };
        if let Ok(problem) = Problem::new(model, spec, choice) {
            let stop = if by_change { Stop::Change } else { Stop::Bound };
            let ask = |tolerance| {
                let settings =
                    Settings::for_choice(choice).method(METHODS[method]).tolerance(tolerance).stop(stop);
                solve(&problem, &settings, &mut |_| ())
            };
            match ask(asked) {
                Ok(_) => {}
                Err(crate::Error::Growth(GrowthError::Tolerance { reachable, .. })) => {
                    prop_assert!(reachable > asked);
                    if let Err(error) = ask(reachable) {
                        prop_assert!(false, "{reachable:e}, then {error}");
                    }
                }
                Err(other) => prop_assert!(false, "{other}"),
            }
        }
    }
}

#[test]
fn too_few_iterations_are_an_error() {
    let problem = problem(Model::default(), 100, Choice::Continuous);
    for method in METHODS {
        let settings = Settings { method, max_iterations: 3, ..Settings::for_choice(Choice::Continuous) };
        let error = solve(&problem, &settings, &mut |_| ()).unwrap_err().to_string();
        assert!(error.contains("after 3 iterations") && error.contains("max_iterations"), "{error}");
    }
}

#[test]
fn the_transition_path_goes_to_the_steady_state() {
    let problem = problem(Model::default(), 1000, Choice::Continuous);
    let steady = problem.model().steady_state();
    let solution = run(&problem, |_| ());
    let path = transition_path(&problem, &solution.capital_next, 1.0, 300).unwrap();
    assert_eq!(path.len(), 301);
    for pair in path.windows(2) {
        let (now, next) = (pair[0], pair[1]);
        assert!((now.c + now.investment - now.output).abs() < 1e-14);
        assert!((now.investment + 0.9 * now.k - next.k).abs() < 1e-14);
        assert!(now.c > 0.0 && next.k >= now.k);
    }
    assert!((path[300].k - steady.capital).abs() < 0.005 && (path[300].c - steady.consumption).abs() < 0.001);
    assert!(transition_path(&problem, &solution.capital_next, 100.0, 5).is_err());
}

/// What must hold for any parameters: the certificate, a rising policy, positive consumption.
fn check_any(model: Model, spec: GridSpec, choice: Choice, method: Method) {
    let what = format!("{model:?} {spec:?} {choice:?} {method:?}");
    let problem = Problem::new(model, spec, choice).unwrap();
    // No draw is out of reach: the values themselves may be huge.
    let tolerance = f64::max(1e-6, 10.0 * reachable(&problem));
    let solution = run(&problem, |s| (s.method, s.tolerance) = (method, tolerance));
    let exact = to_rounding(&problem);
    let error = distance(&solution.value, &exact.value);
    let bound = solution.certificate.bound;
    assert!(bound <= tolerance, "{bound:e} > {tolerance:e}: {what}");
    assert!(error <= bound + exact.certificate.bound, "{error:e} > {bound:e}: {what}");
    assert!(
        solution.capital_next.windows(2).all(|pair| pair[0] <= pair[1] * (1.0 + 1e-12)),
        "policy falls: {what}"
    );
    let positive = problem.resources().iter().zip(&solution.capital_next).all(|(f, k)| f - k > 0.0);
    assert!(positive, "consumption: {what}");
}

#[test]
fn certificates_hold_over_the_corners_of_the_parameters() {
    for sigma in [0.5, 1.0, 2.0, 5.0] {
        for beta in [0.9, 0.99] {
            for delta in [0.025, 1.0] {
                let model = Model::new(sigma, beta, delta, 0.33).unwrap();
                for choice in CHOICES {
                    for method in METHODS {
                        check_any(model, GridSpec { points: 200, ..GridSpec::default() }, choice, method);
                    }
                }
            }
        }
    }
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn certificates_hold_for_random_parameters(
        sigma in prop_oneof![Just(1.0), Just(2.0), 0.2..8.0],
        beta in 0.5..0.99,
        delta in prop_oneof![Just(1.0), 0.01..1.0],
        alpha in 0.1..0.8,
        points in 2..300_usize,
        low in 0.05..0.9,
        width in 0.01..3.0,
        log in any::<bool>(),
        on_grid in any::<bool>(),
        method in 0..4_usize,
    ) {
        let spacing = if log { Spacing::Log } else { Spacing::Linear };
        let choice = CHOICES[usize::from(on_grid)];
        let model = Model::new(sigma, beta, delta, alpha).unwrap();
        let spec = GridSpec { points, low, high: low + width, spacing };
        if Problem::new(model, spec, choice).is_ok() {
            check_any(model, spec, choice, METHODS[method]);
        }
    }
}
