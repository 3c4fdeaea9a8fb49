//! The growth model on every adapter of this machine: what the device proposes, against its twins on the CPU
//! and the closed form, and what the CPU certifies about it.
//!
//! Without an adapter these tests are listed as ignored; with `BELLWETHER_REQUIRE_GPU=1` in the environment
//! they fail instead. Each comparison has a perturbed twin that must differ.

use assert_cmd::Command;
use bellwether::Error;
use bellwether::gpu::{AdapterEntry, Gpu};
use bellwether::growth::gpu::{brute::BruteForce, egm};
use bellwether::growth::{
    Bellman, Chain, Choice, GridSpec, Maximizer, Method, Model, Problem, Settings, Solution, euler_policy,
    solve, solve_on,
};
use libtest_mimic::Trial;

use crate::adapters;

type Test = fn(&AdapterEntry);

const TESTS: &[(&str, Test)] = &[
    ("the_continuous_choice_is_certified", the_continuous_choice_is_certified),
    ("the_proposed_policy_is_that_of_the_twin", the_proposed_policy_is_that_of_the_twin),
    ("the_proposed_policy_meets_the_closed_form", the_proposed_policy_meets_the_closed_form),
    ("the_choice_on_the_grid_is_certified", the_choice_on_the_grid_is_certified),
    ("brute_force_is_that_of_the_twin", brute_force_is_that_of_the_twin),
    ("brute_force_is_right_at_20000_points", brute_force_is_right_at_20000_points),
    ("brute_force_takes_the_first_of_equals", brute_force_takes_the_first_of_equals),
    ("the_continuous_choice_with_shocks_is_certified", the_continuous_choice_with_shocks_is_certified),
    ("the_choice_on_the_grid_with_shocks_is_certified", the_choice_on_the_grid_with_shocks_is_certified),
    ("proposals_with_shocks_are_those_of_the_twin", proposals_with_shocks_are_those_of_the_twin),
    ("brute_force_with_shocks_is_that_of_the_twin", brute_force_with_shocks_is_that_of_the_twin),
    ("nodes_of_20000_points_and_9_states_are_right", nodes_of_20000_points_and_9_states_are_right),
    ("iterations_stay_within_the_budget", iterations_stay_within_the_budget),
    ("the_command_says_what_was_proposed", the_command_says_what_was_proposed),
    ("what_the_device_cannot_do_is_refused", what_the_device_cannot_do_is_refused),
];

/// The tests, each on every adapter.
pub(crate) fn trials() -> Vec<Trial> {
    let on_each = |&(name, test): &(&str, Test)| adapters::on_each_adapter(&format!("growth::{name}"), test);
    TESTS.iter().flat_map(on_each).collect()
}

fn open(entry: &AdapterEntry) -> Gpu {
    Gpu::open(entry.clone()).unwrap()
}

fn problem(model: Model, points: usize, choice: Choice) -> Problem {
    Problem::new(model, GridSpec::default().points(points), choice).unwrap()
}

/// The CPU's solution, with a bound far below the tolerance that the device is asked for.
fn on_cpu(problem: &Problem) -> Solution {
    let settings = Settings::for_choice(problem.choice()).method(Method::Howard).tolerance(1e-9);
    solve(problem, &settings, &mut |_| ()).unwrap()
}

fn on_gpu(gpu: &Gpu, problem: &Problem, change: impl FnOnce(&mut Settings)) -> Solution {
    let mut settings = Settings::for_gpu(problem.choice());
    change(&mut settings);
    solve_on(gpu, problem, &settings, &mut |_| ()).unwrap()
}

fn distance(a: &[f64], b: &[f64]) -> f64 {
    assert_eq!(a.len(), b.len());
    a.iter().zip(b).fold(0.0, |most, (a, b)| f64::max(most, (a - b).abs()))
}

/// Both certificates meet the tolerance, and the values agree within them. Twin: a value moved by twice the
/// bounds is too far.
fn assert_certified(what: &str, gpu: &Solution, cpu: &Solution) {
    let (bound, of_both) = (gpu.certificate.bound, gpu.certificate.bound + cpu.certificate.bound);
    let apart = distance(&gpu.value, &cpu.value);
    let proposal = gpu.proposal.unwrap();
    println!(
        "{what}: bound {bound:.2e}, |V_gpu - V_cpu| {apart:.2e} of {of_both:.2e}; {} iterations in f32, \
         then {}; the proposal {:.1e} from V, {:.1e} from k'",
        proposal.iterations, gpu.iterations, proposal.value_distance, proposal.policy_distance
    );
    assert!(bound <= 1e-6 && cpu.certificate.bound <= 1e-6, "{what}: {bound:e}");
    assert!(apart <= of_both, "{what}: {apart:e} of {of_both:e}");
    let mut perturbed = gpu.value.clone();
    perturbed[0] += 2.0 * of_both;
    assert!(distance(&perturbed, &cpu.value) > of_both, "{what}");
}

fn the_continuous_choice_is_certified(entry: &AdapterEntry) {
    let gpu = open(entry);
    for points in [2, 3, 100, 1000, 10_000, 100_000] {
        let problem = problem(Model::default(), points, Choice::Continuous);
        let (gpu, cpu) = (on_gpu(&gpu, &problem, |_| ()), on_cpu(&problem));
        assert_certified(&format!("continuous, N = {points}"), &gpu, &cpu);
        // The grid's own doing: the method's policy is smooth, that of the gridded problem clings to the
        // points, up to a step of the grid away.
        let step = problem.capital()[1] - problem.capital()[0];
        assert!(gpu.proposal.unwrap().policy_distance <= step + F32_POLICY, "N = {points}");
    }
}

/// How far f32 may take k′ from its twin. An iteration rounds f_i, k_j, x_j and c_j, each of at most 8 and so
/// by 2.4e-7: 1e-6 in all. Errors of iterations add up to at most 1/(1 − λ) times that, where an error in k′
/// shrinks by λ ≤ 0.9 an iteration.
const F32_POLICY: f64 = 1e-5;

fn the_proposed_policy_is_that_of_the_twin(entry: &AdapterEntry) {
    let gpu = open(entry);
    for points in [2, 3, 64, 65, 100, 1000, 1024, 1025, 10_000, 100_000] {
        let problem = problem(Model::default(), points, Choice::Continuous);
        let (proposed, iterations) = egm::euler_policy(&problem, &gpu).unwrap();
        let (twin, in_f64) = euler_policy(&problem, 1e-9).unwrap();
        let apart = distance(&proposed, &twin);
        println!("N = {points}: k' {apart:.2e} from f64 after {iterations} iterations ({in_f64} in f64)");
        assert!(apart <= F32_POLICY, "N = {points}: {apart:e}");
        // Perturbed twin: a discount factor that differs in the fourth digit.
        let other = Model::new(2.0, 0.9501, 0.1, 0.33).unwrap();
        let [low, high] = [0, points - 1].map(|i| problem.capital()[i] / other.steady_state().capital);
        let spec = GridSpec::default().points(points).between(low, high);
        let other = Problem::new(other, spec, Choice::Continuous).unwrap();
        let (twin, _) = euler_policy(&other, 1e-9).unwrap();
        assert!(distance(&proposed, &twin) > F32_POLICY, "N = {points}");
    }
}

/// Brock and Mirman: σ = 1, δ = 1, k' = αβ k^α.
fn the_proposed_policy_meets_the_closed_form(entry: &AdapterEntry) {
    let gpu = open(entry);
    let (alpha, beta) = (0.33, 0.95);
    let model = Model::new(1.0, beta, 1.0, alpha).unwrap();
    let problem = problem(model, 10_000, Choice::Continuous);
    let (proposed, _) = egm::euler_policy(&problem, &gpu).unwrap();
    let exact = |scale: f64| problem.capital().iter().map(|k| scale * k.powf(alpha)).collect::<Vec<f64>>();
    // The grid's part, (step/k)²/8 of k', is 3e-8 at the lower end.
    let apart = distance(&proposed, &exact(alpha * beta));
    println!("closed form: k' off by {apart:.2e}");
    assert!(apart < 1e-6, "{apart:e}");
    // Perturbed twin: the policy of another discount factor.
    assert!(distance(&proposed, &exact(alpha * (beta + 1e-4))) > 1e-6);
    let solution = on_gpu(&gpu, &problem, |_| ());
    let b = alpha / (1.0 - alpha * beta);
    let a = ((1.0 - alpha * beta).ln() + alpha * beta / (1.0 - alpha * beta) * (alpha * beta).ln())
        / (1.0 - beta);
    let value: Vec<f64> = problem.capital().iter().map(|k| a + b * k.ln()).collect();
    // The gridded problem's own error is that of interpolation, (step/k)²/8 · B/(1−β) at most: 3e-7 · 10.
    assert!(distance(&solution.value, &value) < 3e-6 + solution.certificate.bound);
}

fn the_choice_on_the_grid_is_certified(entry: &AdapterEntry) {
    let gpu = open(entry);
    let models = [(2.0, 0.1), (1.0, 1.0), (0.7, 0.1), (5.0, 0.1)];
    for (sigma, delta) in models {
        let model = Model::new(sigma, 0.95, delta, 0.33).unwrap();
        // A tile of 256, more, and some.
        for points in [2, 100, 256, 257, 600] {
            let problem = problem(model, points, Choice::Grid);
            let cpu = on_cpu(&problem);
            for method in [Method::Howard, Method::Vfi] {
                let gpu = on_gpu(&gpu, &problem, |settings| settings.method = method);
                assert_certified(&format!("grid, σ = {sigma}, N = {points}, {method:?}"), &gpu, &cpu);
            }
        }
    }
}

/// How far f32 may take T V: u = 2⁻²⁴ for each rounding, as the certificate counts them for f64. The chosen
/// consumption is 0.65 and more, so that U'(c) ≤ 2.4 multiplies the roundings of f ≤ 6.8, k' ≤ 5.6 and c ≤
/// 1.5; 1/c and U(c) are off by three units each, at most 1.6; V less its reference, at most 3.5, is rounded
/// four times. In all 2.4 · 14 + 2 · 3 · 1.6 + 4 · 3.5 < 60 u.
const F32_VALUE: f64 = 60.0 / (1u32 << 24) as f64;

/// The device's operator on `value` against the CPU's, `times` over.
fn assert_applies_alike(gpu: &Gpu, problem: &Problem, value: &[f64], times: usize, tolerance: f64) {
    let points = problem.len();
    let applied = BruteForce::new(problem, gpu).unwrap().apply(value, times).unwrap();
    // On a large grid the sweep, which finds what brute force finds: see the tests of the library.
    let maximizer = if points > 10_000 { Maximizer::Sweep } else { Maximizer::Brute };
    let mut bellman = Bellman::new(problem, maximizer);
    let (mut before, mut next, mut policy) = (value.to_vec(), vec![0.0; points], vec![0.0; points]);
    let mut changes = Vec::new();
    for time in 0..times {
        if time > 0 {
            std::mem::swap(&mut before, &mut next);
        }
        changes.push(bellman.apply(&before, &mut next, &mut policy).norm());
    }
    let tolerance = tolerance * times as f64;
    let apart = distance(&applied.value, &next);
    let k = problem.capital();
    let chosen: Vec<f64> = applied.choices.iter().map(|&j| k[j as usize]).collect();
    let apart_in_points = distance(&chosen, &policy) / (k[1] - k[0]);
    println!("N = {points}, {times} times: T V off by {apart:.2e}, k' by {apart_in_points:.1} points");
    assert!(apart <= tolerance, "N = {points}: {apart:e}");
    for (change, of_gpu) in changes.iter().zip(&applied.changes) {
        assert!((change - f64::from(*of_gpu)).abs() <= 2.0 * tolerance, "{change:e}, {of_gpu:e}");
    }
    // What each choice is worth in f64, given the last V.
    let worth = |i: usize, j: usize| {
        problem.model().utility(problem.resources()[i] - k[j]) + problem.model().beta() * before[j]
    };
    let loss = |shift: usize| {
        let of_row = |i: usize| next[i] - worth(i, (applied.choices[i] as usize).saturating_sub(shift));
        (0..points).map(of_row).fold(0.0, f64::max)
    };
    assert!(loss(0) <= 2.0 * tolerance, "N = {points}: {:e}", loss(0));
    // Perturbed twins: choices one hundredth of the grid below, and values moved by the tolerance.
    assert!(loss(points.div_ceil(100)) > 2.0 * tolerance, "N = {points}");
    let moved: Vec<f64> = applied.value.iter().map(|v| v + 2.0 * tolerance).collect();
    assert!(distance(&moved, &next) > tolerance);
}

/// A V near the solution, on any grid.
fn near_the_solution(problem: &Problem) -> Vec<f64> {
    let coarse = Problem::new(*problem.model(), problem.spec().points(500), Choice::Continuous).unwrap();
    let value = on_cpu(&coarse).value;
    problem.capital().iter().map(|&k| coarse.interpolate(&value, k)).collect()
}

fn brute_force_is_that_of_the_twin(entry: &AdapterEntry) {
    let gpu = open(entry);
    // One tile, some, a slice of candidates, and a little more of each.
    for points in [100, 255, 256, 257, 1000, 8192, 8193] {
        let problem = problem(Model::default(), points, Choice::Grid);
        // Each time's changes are compared, so that the last time has those before it.
        for &times in if points < 8192 { &[1, 2, 3][..] } else { &[2] } {
            assert_applies_alike(&gpu, &problem, &near_the_solution(&problem), times, F32_VALUE);
        }
    }
}

/// A loop over all candidates would have 20,000 turns a row, and 80,000 for the four rows of an invocation:
/// more than some drivers allow. Slices keep each within 8,192.
fn brute_force_is_right_at_20000_points(entry: &AdapterEntry) {
    let gpu = open(entry);
    let problem = problem(Model::default(), 20_000, Choice::Grid);
    let near = near_the_solution(&problem);
    assert_applies_alike(&gpu, &problem, &near, 2, F32_VALUE);
    let (gpu, cpu) = (on_gpu(&gpu, &problem, |_| ()), on_cpu(&problem));
    assert_certified("grid, N = 20000", &gpu, &cpu);
}

/// On a grid so narrow that f32 does not tell its points apart all candidates cost the same, and those with
/// the same V are worth exactly the same: within a tile of 256, in different tiles, and in slices of 8,192.
fn brute_force_takes_the_first_of_equals(entry: &AdapterEntry) {
    let gpu = open(entry);
    let cases: [(usize, &[usize]); 3] = [
        (16, &[0, 1, 7]),
        (300, &[0, 1, 7, 63, 64, 255, 256, 299]),
        // What is new here are the slices.
        (8200, &[1, 256, 8191, 8192]),
    ];
    for (points, firsts) in cases {
        let spec = GridSpec::default().points(points).between(1.0, 1.0 + 1e-9);
        let problem = Problem::new(Model::default(), spec, Choice::Grid).unwrap();
        let mut brute = BruteForce::new(&problem, &gpu).unwrap();
        for &first in firsts {
            // All from `first` on are equal, and better than those before.
            let mut value: Vec<f64> = (0..points).map(|j| if j < first { 0.0 } else { 1.0 }).collect();
            let choices = brute.apply(&value, 1).unwrap().choices;
            assert!(choices.iter().all(|&j| j == first as u32), "N = {points}, {first}");
            // The perturbed twin: the last one is better.
            value[points - 1] += 1.0;
            let choices = brute.apply(&value, 1).unwrap().choices;
            assert!(choices.iter().all(|&j| j == points as u32 - 1), "N = {points}, {first}");
        }
    }
}

/// The lecture's model with productivity that follows Rouwenhorst's chain.
fn shocked(states: usize, points: usize, choice: Choice) -> Problem {
    let chain = Chain::rouwenhorst(0.95, 0.02, states).unwrap();
    Problem::with_shocks(Model::default(), chain, GridSpec::default().points(points), choice).unwrap()
}

fn the_continuous_choice_with_shocks_is_certified(entry: &AdapterEntry) {
    let gpu = open(entry);
    for (states, points) in [(2, 2), (3, 100), (9, 500), (5, 3000)] {
        let problem = shocked(states, points, Choice::Continuous);
        let (gpu, cpu) = (on_gpu(&gpu, &problem, |_| ()), on_cpu(&problem));
        assert_certified(&format!("continuous, {states} × {points}"), &gpu, &cpu);
    }
    // Other utilities, and a chain whose rows do not sum to 1.
    for sigma in [1.0, 0.5, 5.0] {
        let model = Model::new(sigma, 0.95, 0.1, 0.33).unwrap();
        let spec = GridSpec::default().points(300);
        let problem = Problem::with_shocks(model, Chain::aruoba(), spec, Choice::Continuous).unwrap();
        let (gpu, cpu) = (on_gpu(&gpu, &problem, |_| ()), on_cpu(&problem));
        assert_certified(&format!("continuous, σ = {sigma}"), &gpu, &cpu);
    }
}

fn the_choice_on_the_grid_with_shocks_is_certified(entry: &AdapterEntry) {
    let gpu = open(entry);
    for (sigma, chain) in [
        (2.0, Chain::rouwenhorst(0.95, 0.02, 3).unwrap()),
        (1.0, Chain::aruoba()),
        (0.7, Chain::tauchen(0.5, 0.05, 4, 3.0).unwrap()),
    ] {
        let model = Model::new(sigma, 0.95, 0.1, 0.33).unwrap();
        for points in [2, 100, 257, 513] {
            let spec = GridSpec::default().points(points);
            let problem = Problem::with_shocks(model, chain.clone(), spec, Choice::Grid).unwrap();
            let cpu = on_cpu(&problem);
            for method in [Method::Howard, Method::Vfi] {
                let gpu = on_gpu(&gpu, &problem, |settings| settings.method = method);
                assert_certified(&format!("grid, σ = {sigma}, N = {points}, {method:?}"), &gpu, &cpu);
            }
        }
    }
}

fn proposals_with_shocks_are_those_of_the_twin(entry: &AdapterEntry) {
    let gpu = open(entry);
    for (states, points) in [(2, 64), (3, 65), (9, 1000), (5, 5000)] {
        let problem = shocked(states, points, Choice::Continuous);
        let (proposed, iterations) = egm::euler_policy(&problem, &gpu).unwrap();
        let (twin, in_f64) = euler_policy(&problem, 1e-9).unwrap();
        let apart = distance(&proposed, &twin);
        println!(
            "{states} × {points}: k' {apart:.2e} from f64 after {iterations} iterations ({in_f64} in f64)"
        );
        // Powers of two figures near 1 and a sum of Z terms add a few roundings to those of `F32_POLICY`.
        assert!(apart <= 3.0 * F32_POLICY, "{states} × {points}: {apart:e}");
        // Perturbed twin: the policies of two states exchanged.
        let n = points;
        let exchanged = [&twin[n..2 * n], &twin[..n], &twin[2 * n..]].concat();
        assert!(distance(&proposed, &exchanged) > 3.0 * F32_POLICY);
    }
}

/// The device's operator on `value` with shocks against the CPU's, `times` over.
fn assert_applies_alike_with_shocks(gpu: &Gpu, problem: &Problem, value: &[f64], times: usize) {
    let applied = BruteForce::new(problem, gpu).unwrap().apply(value, times).unwrap();
    // The sweep finds what brute force finds: see the tests of the library.
    let mut bellman = Bellman::new(problem, Maximizer::Sweep);
    let (mut before, mut next, mut policy) = (value.to_vec(), value.to_vec(), value.to_vec());
    for _ in 0..times {
        std::mem::swap(&mut before, &mut next);
        bellman.apply(&before, &mut next, &mut policy);
    }
    // Consumption is 0.5 and more with shocks; the expectation rounds Z products of values.
    let tolerance = 2.0 * F32_VALUE * times as f64;
    let apart = distance(&applied.value, &next);
    println!("{} nodes, {times} times: T V off by {apart:.2e}", problem.nodes());
    assert!(apart <= tolerance, "{} nodes: {apart:e} of {tolerance:e}", problem.nodes());
    // Perturbed twin: values of two states exchanged.
    let n = problem.len();
    let exchanged = [&next[n..2 * n], &next[..n], &next[2 * n..]].concat();
    assert!(distance(&applied.value, &exchanged) > tolerance);
}

/// A V near the solution with shocks, on any grid.
fn near_the_solution_with_shocks(problem: &Problem) -> Vec<f64> {
    let spec = problem.spec().points(300);
    let coarse =
        Problem::with_shocks(*problem.model(), problem.chain().clone(), spec, Choice::Continuous).unwrap();
    let value = on_cpu(&coarse).value;
    let of_state = |state: usize| {
        let value = coarse.of(state, &value).to_vec();
        let coarse = &coarse;
        problem.capital().iter().map(move |&k| coarse.interpolate(&value, k)).collect::<Vec<f64>>()
    };
    (0..problem.states()).flat_map(of_state).collect()
}

fn brute_force_with_shocks_is_that_of_the_twin(entry: &AdapterEntry) {
    let gpu = open(entry);
    for (states, points) in [(2, 100), (3, 257), (9, 300), (2, 8193)] {
        let problem = shocked(states, points, Choice::Grid);
        let value = near_the_solution_with_shocks(&problem);
        for &times in if points < 8192 { &[1, 2, 3][..] } else { &[2] } {
            assert_applies_alike_with_shocks(&gpu, &problem, &value, times);
        }
    }
    // Rows that do not sum to 1 move the reference of the values.
    let spec = GridSpec::default().points(300);
    let problem = Problem::with_shocks(Model::default(), Chain::aruoba(), spec, Choice::Grid).unwrap();
    assert_applies_alike_with_shocks(&gpu, &problem, &near_the_solution_with_shocks(&problem), 3);
}

/// As many nodes as are asked for, within the loops that some drivers allow. Brute force, whose work grows
/// with the square of the points, on more points than a slice has candidates, or rows with so many states,
/// and on more nodes than 65,536.
fn nodes_of_20000_points_and_9_states_are_right(entry: &AdapterEntry) {
    let gpu = open(entry);
    let problem = shocked(9, 20_000, Choice::Continuous);
    let (on_gpu, on_cpu) = (on_gpu(&gpu, &problem, |_| ()), on_cpu(&problem));
    assert_certified("continuous, 9 × 20000", &on_gpu, &on_cpu);
    let problem = shocked(9, 8200, Choice::Grid);
    assert_applies_alike_with_shocks(&gpu, &problem, &near_the_solution_with_shocks(&problem), 1);
}

fn iterations_stay_within_the_budget(entry: &AdapterEntry) {
    let gpu = open(entry);
    for (points, choice, method) in [
        (100, Choice::Continuous, Method::Egm),
        (400, Choice::Continuous, Method::Egm),
        (3000, Choice::Continuous, Method::Egm),
        (100, Choice::Grid, Method::Vfi),
        (400, Choice::Grid, Method::Vfi),
        (400, Choice::Grid, Method::Howard),
        (3000, Choice::Grid, Method::Howard),
    ] {
        let problem = problem(Model::default(), points, choice);
        let mut solved = 0;
        for max_iterations in [2, 3, 5, 20, 33, 60, 100, 1000] {
            let settings = Settings::for_gpu(choice).method(method).max_iterations(max_iterations);
            let mut most = 0;
            let solution =
                solve_on(&gpu, &problem, &settings, &mut |progress| most = most.max(progress.iterations));
            assert!(most <= max_iterations, "N = {points}, {method:?}: {most} of {max_iterations}");
            match solution {
                Ok(solution) => {
                    let done = solution.iterations + solution.preparations;
                    assert!(done <= max_iterations && done == most, "{done}, {most} of {max_iterations}");
                    solved += 1;
                }
                Err(error) => {
                    let message = error.to_string();
                    assert!(message.contains(&format!("after {max_iterations} iterations")), "{message}");
                    assert!(message.contains("`device cpu`") && !message.contains("howard"), "{message}");
                }
            }
        }
        // 60 are enough for all: what a proposal leaves undone the polish does.
        assert!(solved >= 3, "N = {points}, {method:?}: {solved}");
    }
}

fn growth(arguments: &str) -> (bool, String) {
    let mut command = Command::new(env!("CARGO_BIN_EXE_bellwether"));
    let output = command.arg("growth").args(arguments.split_whitespace()).output().unwrap();
    (output.status.success(), String::from_utf8(output.stderr).unwrap())
}

fn the_command_says_what_was_proposed(entry: &AdapterEntry) {
    let device = entry.index;
    for arguments in ["--grid 100", "--grid 2000", "--grid 300 --choice grid"] {
        let (done, message) = growth(&format!("{arguments} --device {device}"));
        assert!(done, "{message}");
        for expected in ["proposal ", "32-bit", "guaranteed", "device start", &entry.label()] {
            assert!(message.contains(expected), "{expected}: {message}");
        }
    }
    // The perturbed twin: the CPU proposes nothing.
    let (_, message) = growth("--device cpu");
    assert!(!message.contains("proposal ") && message.contains("the CPU"), "{message}");
}

fn what_the_device_cannot_do_is_refused(entry: &AdapterEntry) {
    let device = entry.index;
    let wrong = [
        ("--method howard", "--method is howard, but"),
        ("--method egm --choice grid", "--method is egm, but"),
        ("--maximizer golden", "--maximizer is golden, but"),
        ("--maximizer sweep --choice grid", "--maximizer is sweep, but"),
        ("--high 1e13 --tolerance 1", "32-bit floating point"),
        ("--sigma 60 --low 0.01 --tolerance 1e30 --choice grid", "32-bit floating point"),
        ("--max-iterations 5", "after 5 iterations"),
        ("--max-iterations 5", "choose --device cpu"),
        ("--max-iterations 1", "--max-iterations is 1, but"),
        ("--tolerance 1e-18", "ask for that or more"),
    ];
    for (arguments, expected) in wrong {
        let (done, message) = growth(&format!("{arguments} --device {device}"));
        assert!(!done && message.contains(expected), "{arguments}: {message}");
    }
    let gpu = open(entry);
    // Twelve bytes of the grid, a point.
    let most = gpu.limits().max_storage_buffer_binding_size.min(gpu.limits().max_buffer_size) / 12;
    if most < 20_000_000 {
        let problem = problem(Model::default(), most as usize + 1, Choice::Continuous);
        let refused = egm::euler_policy(&problem, &gpu);
        assert!(matches!(refused, Err(Error::Parameter { name: "points", .. })));
    }
}
