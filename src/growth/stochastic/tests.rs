//! The model with shocks against its oracles: the closed form with full depreciation and log utility, the
//! values of a global Chebyshev solution, the model without shocks.

use super::super::discount::Discounting;
use super::super::evaluate::evaluate;
use super::super::*;

const METHODS: [Method; 4] = [Method::Vfi, Method::Accelerated, Method::Howard, Method::Egm];
const CHOICES: [Choice; 2] = [Choice::Continuous, Choice::Grid];

fn problem(model: Model, chain: Chain, points: usize, choice: Choice) -> Problem {
    Problem::with_shocks(model, chain, GridSpec::default().points(points), choice).unwrap()
}

fn run(problem: &Problem, change: impl FnOnce(&mut Settings)) -> Solution {
    let mut settings = Settings::for_choice(problem.choice());
    change(&mut settings);
    solve(problem, &settings, &mut |_| ()).unwrap()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |most, (a, b)| f64::max(most, (a - b).abs()))
}

/// Brock and Mirman's model with shocks, σ = 1 and δ = 1, for any P: V = A_z + B_z ln k and the share θ_z of
/// resources that is saved.
struct ClosedForm {
    a: Vec<f64>,
    b: Vec<f64>,
    saved: Vec<f64>,
}

/// The solution x of (I − f P) x = y, by iteration.
fn resolvent(chain: &Chain, factor: f64, y: &[f64]) -> Vec<f64> {
    let mut x = y.to_vec();
    for _ in 0..60_000 {
        x = (0..y.len())
            .map(|z| y[z] + factor * chain.row(z).iter().zip(&x).map(|(p, x)| p * x).sum::<f64>())
            .collect();
    }
    x
}

impl ClosedForm {
    fn new(model: &Model, chain: &Chain) -> Self {
        let (alpha, beta) = (model.alpha(), model.beta());
        let b = resolvent(chain, alpha * beta, &vec![alpha; chain.len()]);
        let expected = |z: usize| beta * chain.row(z).iter().zip(&b).map(|(p, b)| p * b).sum::<f64>();
        let saved: Vec<f64> = (0..chain.len()).map(|z| expected(z) / (1.0 + expected(z))).collect();
        let constant = |z: usize| {
            (1.0 - saved[z]).ln() + (1.0 + expected(z)) * chain.states()[z].ln() + expected(z) * saved[z].ln()
        };
        let constants: Vec<f64> = (0..chain.len()).map(constant).collect();
        Self { a: resolvent(chain, beta, &constants), b, saved }
    }
}

#[test]
fn the_closed_form_is_found_for_any_matrix() {
    let lecture = Model::new(1.0, 0.95, 1.0, 0.33).unwrap();
    let benchmark = Model::new(1.0, 0.95, 1.0, 0.33333333333).unwrap();
    for (model, chain) in [(lecture, persistent()), (benchmark, aruoba())] {
        let exact = ClosedForm::new(&model, &chain);
        for choice in CHOICES {
            let mut errors = Vec::new();
            for points in [100, 1000, 10_000] {
                let spec = GridSpec::default().between(0.5, 1.5).points(points);
                let problem = Problem::with_shocks(model, chain.clone(), spec, choice).unwrap();
                let solution = run(&problem, |s| (s.method, s.tolerance) = (Method::Howard, 1e-10));
                let spacing = problem.capital()[1] - problem.capital()[0];
                let (mut error, mut policy) = (0.0_f64, 0.0_f64);
                for (node, value) in solution.value.iter().enumerate() {
                    let (z, k) = (node / points, problem.capital()[node % points]);
                    error = error.max((value - exact.a[z] - exact.b[z] * k.ln()).abs());
                    let next = exact.saved[z] * problem.resources()[node];
                    policy = policy.max((solution.capital_next[node] - next).abs());
                }
                assert!(policy <= spacing, "{choice:?}, N = {points}: k' off by {policy:e} of {spacing:e}");
                errors.push(error);
            }
            println!("{choice:?}, {} states: {errors:?}", chain.len());
            // The error falls with the square of the spacing.
            assert!(errors[0] / errors[1] > 60.0 && errors[1] / errors[2] > 60.0, "{errors:?}");
            assert!(errors[2] < 3e-7, "{errors:?}");
        }
    }
}

#[test]
fn states_that_never_change_are_models_by_themselves() {
    // No state leads to another, so that each is the model with its own productivity, for ever.
    let identity = vec![1.0, 0.0, 0.0, 0.0, 1.0, 0.0, 0.0, 0.0, 1.0];
    let chain = chain(vec![0.9, 1.0, 1.2], identity);
    for choice in CHOICES {
        for points in [100, 3000] {
            let alone = Problem::new(Model::default(), GridSpec::default().points(points), choice).unwrap();
            let together = problem(Model::default(), chain.clone(), points, choice);
            let start: Vec<f64> = alone.capital().iter().map(|k| 3.0 * k.ln()).collect();
            let of_three = [&start[..], &start, &start].concat();
            let apply = |problem: &Problem, value: &[f64]| {
                let (mut next, mut policy) = (vec![0.0; value.len()], vec![0.0; value.len()]);
                Bellman::new(problem, Maximizer::fastest(choice)).apply(value, &mut next, &mut policy);
                (next, policy)
            };
            let ((one, choices), (three, policies)) = (apply(&alone, &start), apply(&together, &of_three));
            // Bit for bit.
            assert!(one == together.of(1, &three) && choices == together.of(1, &policies), "{choice:?}");
            assert!(one != together.of(0, &three));
            let (one, three) = (run(&alone, |_| ()), run(&together, |_| ()));
            let apart = distance(&one.value, together.of(1, &three.value));
            assert!(apart <= one.certificate.bound + three.certificate.bound, "{apart:e}");
        }
    }
}

#[test]
fn one_state_of_productivity_1_is_the_model_without_shocks_to_the_last_bit() {
    for choice in CHOICES {
        for method in METHODS {
            let one = chain(vec![1.0], vec![1.0]);
            let with = run(&problem(Model::default(), one, 500, choice), |s| s.method = method);
            let spec = GridSpec::default().points(500);
            let without = run(&Problem::new(Model::default(), spec, choice).unwrap(), |s| s.method = method);
            assert!(with.value == without.value && with.capital_next == without.capital_next);
            assert_eq!(with.certificate, without.certificate);
            // The perturbed twin.
            let other = chain(vec![1.0 + 1e-9], vec![1.0]);
            let other = run(&problem(Model::default(), other, 500, choice), |s| s.method = method);
            assert!(with.value != other.value);
        }
    }
}

#[test]
fn methods_agree_and_every_certificate_holds() {
    for (model, chain) in [
        (Model::default(), persistent()),
        (Model::new(1.0, 0.9, 1.0, 0.4).unwrap(), aruoba()),
        (Model::new(5.0, 0.9, 0.3, 0.3).unwrap(), wide()),
        (Model::new(0.5, 0.9, 0.05, 0.3).unwrap(), wide()),
    ] {
        for choice in CHOICES {
            for points in [2, 30, 300, 1500] {
                let problem = problem(model, chain.clone(), points, choice);
                let exact = run(&problem, |s| (s.method, s.tolerance) = (Method::Howard, 1e-10));
                for method in METHODS {
                    for stop in [Stop::Bound, Stop::Change] {
                        let solution = run(&problem, |s| (s.method, s.stop) = (method, stop));
                        let error = distance(&solution.value, &exact.value);
                        let bound = solution.certificate.bound;
                        let what = format!("{model:?} {choice:?} N = {points} {method:?} {stop:?}");
                        assert!(error <= bound + exact.certificate.bound, "{what}: {error:e} of {bound:e}");
                        assert!(stop == Stop::Change || bound <= 1e-6, "{what}: {bound:e}");
                    }
                }
            }
        }
    }
}

#[test]
fn a_value_that_is_off_in_one_state_is_noticed() {
    // The twin of the test above: V moved in a single state, by what the scalar bound would discount to less.
    let problem = problem(Model::default(), persistent(), 200, Choice::Continuous);
    let solution = run(&problem, |s| (s.method, s.tolerance) = (Method::Howard, 1e-9));
    for state in 0..problem.states() {
        let mut moved = solution.value.clone();
        moved[state * 200..(state + 1) * 200].iter_mut().for_each(|v| *v += 1e-5);
        let bound = certify(&problem, &moved).unwrap().0.bound;
        assert!((1e-5..1e-3).contains(&bound), "{state}: {bound:e}");
    }
}

#[test]
fn the_interval_by_state_takes_few_iterations() {
    // Shocks so persistent that V rises in one state and falls in another for long.
    let model = Model::new(1.0, 0.95, 1.0, 0.33333333333).unwrap();
    let spec = GridSpec::default().between(0.5, 1.5).points(400);
    let problem = Problem::with_shocks(model, aruoba(), spec, Choice::Continuous).unwrap();
    let by_state = run(&problem, |s| s.tolerance = 1e-6).iterations;
    let plain = run(&problem, |s| (s.method, s.tolerance) = (Method::Vfi, 1e-6)).iterations;
    println!("{by_state} iterations by state, {plain} plain");
    assert!(by_state <= 20 && plain > 200, "{by_state}, {plain}");
}

#[test]
fn the_solution_meets_the_oracle() {
    // The state in the middle of Rouwenhorst's chain with ρ = 0.95 and σ = 0.007.
    let at = |points: usize| {
        let problem = problem(Model::default(), persistent(), points, Choice::Continuous);
        let solution = run(&problem, |s| (s.method, s.tolerance) = (Method::Howard, 1e-11));
        let steady = problem.model().steady_state().capital;
        [1.0, 0.25].map(|share| {
            let k = f64::max(share * steady, problem.capital()[0]);
            problem.interpolate(problem.of(2, &solution.value), k)
        })
    };
    let (half, full) = (at(5001), at(10_001));
    for ((half, full), oracle) in half.iter().zip(full).zip([2.542824570404, -0.837835263355]) {
        // The error of interpolation, 2.5e-7 at most at 10,000 points without shocks, falls with the square
        // of the spacing.
        assert!((full - oracle).abs() < 3e-7, "{full} against {oracle}");
        assert!((half - oracle).abs() < 1.2e-6, "{half} against {oracle}");
    }
}

#[test]
fn the_value_of_a_policy_solves_its_equations() {
    for chain in [persistent(), wide(), aruoba()] {
        for points in [2, 7, 700] {
            let problem = problem(Model::default(), chain.clone(), points, Choice::Continuous);
            let (low, high) = problem.grid().ends();
            let policies: [&dyn Fn(f64, f64) -> f64; 4] = [
                &|z, k| 3.0 * z + 0.8 * (k - 3.0),
                &|_, _| low,
                &|z, k| k + 0.05 * (8.0 * k * z).sin(),
                &|_, k| k,
            ];
            for (which, next) in policies.into_iter().enumerate() {
                let mut policy: Vec<f64> = (0..problem.nodes())
                    .map(|node| {
                        let (z, k) = (chain.states()[node / points], problem.capital()[node % points]);
                        let f = problem.resources()[node];
                        next(z, k).clamp(low, high).min(low + 0.9 * (f - low))
                    })
                    .collect();
                let mut value = vec![0.0; problem.nodes()];
                evaluate(&problem, &mut policy, &mut value);
                let mut expected = vec![0.0; problem.nodes()];
                problem.expectation(&value, &mut expected);
                let size = value.iter().fold(1.0, |most: f64, v| most.max(v.abs()));
                for node in 0..problem.nodes() {
                    let now = problem.model().utility(problem.resources()[node] - policy[node]);
                    let later = problem.interpolate(problem.of(node / points, &expected), policy[node]);
                    let off = (now + problem.model().beta() * later - value[node]).abs();
                    assert!(off < 1e-13 * size, "policy {which}, N = {points}, node {node}: {off:e}");
                }
            }
        }
    }
}

#[test]
fn sums_over_all_periods_are_bounds_and_no_looser_than_rounding() {
    for chain in [persistent(), wide(), aruoba()] {
        for beta in [0.3, 0.95, 0.999] {
            let discounting = Discounting::new(beta, &chain).unwrap();
            let due: Vec<f64> = (0..chain.len()).map(|z| 0.1 + ((z * 7) % 5) as f64).collect();
            let exact = resolvent(&chain, beta, &due).into_iter().fold(0.0, f64::max);
            let sum = discounting.largest_total(&due);
            assert!(sum >= exact * (1.0 - 1e-13) && sum <= exact * (1.0 + 1e-11), "{sum}, {exact}");
        }
        assert!(Discounting::new(1.0, &chain).is_err());
    }
    // Row sums of 1.0001 or less than 1 / 0.99995: the sum is not finite.
    assert!(Discounting::new(0.99999, &aruoba()).is_err());
    assert!(Discounting::new(0.99999, &persistent()).is_ok());
}

/// Rouwenhorst's chain with ρ = 0.95, σ = 0.007 and five states.
fn persistent() -> Chain {
    Chain::rouwenhorst(0.95, 0.007, 5).unwrap()
}

/// Two states far apart, and little persistence.
fn wide() -> Chain {
    chain(vec![0.6, 1.3], vec![0.6, 0.4, 0.3, 0.7])
}

fn aruoba() -> Chain {
    Chain::aruoba()
}

fn chain(states: Vec<f64>, transition: Vec<f64>) -> Chain {
    Chain::new(states, transition, RowSums::Any).unwrap()
}
