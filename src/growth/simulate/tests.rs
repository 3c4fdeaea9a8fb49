//! Paths against closed forms, the chain's probabilities, and NumPy (`tests/oracles/simulate_growth.py`).

use super::draw::NextState;
use super::*;
use crate::growth::{Chain, GridSpec, Method, Model, RowSums, Settings, Spacing, solve, transition_path};

fn solved(model: Model, chain: Chain, points: usize, choice: Choice) -> (Problem, Solution) {
    let spec = GridSpec::default().points(points).between(0.5, 1.5).spacing(Spacing::Log);
    let problem = Problem::with_shocks(model, chain, spec, choice).unwrap();
    let solution = solve(&problem, &Settings::for_choice(choice), &mut |_| ()).unwrap();
    (problem, solution)
}

fn collocated(model: Model, chain: Chain) -> (Problem, Solution) {
    let spec = GridSpec::default().points(50).between(0.5, 1.5).spacing(Spacing::Log);
    let problem = Problem::with_shocks(model, chain, spec, Choice::Continuous).unwrap();
    let settings = Settings::for_choice(Choice::Continuous).method(Method::Collocation);
    let solution = solve(&problem, &settings, &mut |_| ()).unwrap();
    (problem, solution)
}

fn go_on(_: u64) -> ControlFlow<()> {
    ControlFlow::Continue(())
}

/// Log utility and full depreciation: k′ = αβ z k^α.
fn brock_mirman() -> Model {
    Model::new(1.0, 0.95, 1.0, 0.33).unwrap()
}

#[test]
fn the_next_state_is_an_exact_comparison() {
    let transition = vec![0.25, 0.75, 0.0, 0.0, 0.0, 1.0, 0.5, 0.0, 0.5];
    let chain = Chain::new(vec![0.9, 1.0, 1.1], transition, RowSums::One).unwrap();
    let next = NextState::new(&chain, 0, 0);
    let quarter = 1 << 62;
    for (state, number, expected) in [
        (0, 0, 0),
        (0, quarter - 1, 0),
        (0, quarter, 1),
        // Nothing has probability 0, at either end and in between.
        (0, u64::MAX, 1),
        (1, 0, 2),
        (2, 2 * quarter - 1, 0),
        (2, 2 * quarter, 2),
        (2, u64::MAX, 2),
    ] {
        assert_eq!(next.after(state, number), expected, "{state}, {number:x}");
    }
}

#[test]
fn states_are_those_of_the_oracle() {
    let golden = include_str!("../../../tests/golden/simulate_growth.csv");
    let mut paths = 0;
    for line in golden.lines().filter(|line| line.starts_with("states,")) {
        let [_, chain, seed, path, first, expected] = line.split(',').collect::<Vec<_>>()[..] else {
            panic!("{line}")
        };
        let chain = match chain {
            "aruoba" => Chain::aruoba(),
            _ => Chain::rouwenhorst(0.6, 0.02, 7).unwrap(),
        };
        let mut next = NextState::new(&chain, seed.parse().unwrap(), path.parse().unwrap());
        let first: u64 = first.parse().unwrap();
        let mut state = (chain.len() - 1) / 2;
        let mut times = first..;
        let states: Vec<usize> = expected
            .split(' ')
            .map(|_| {
                state = next.draw(state, times.next().unwrap());
                state
            })
            .collect();
        let expected: Vec<usize> = expected.split(' ').map(|state| state.parse().unwrap()).collect();
        assert_eq!(states, expected, "{line}");
        paths += 1;
    }
    assert!(paths >= 6);
}

#[test]
fn moments_are_numpys() {
    // The series of the oracle: three cycles with a trend, a large mean.
    let golden = include_str!("../../../tests/golden/simulate_growth.csv");
    let mut checked = 0;
    for line in golden.lines().filter(|line| line.starts_with("moments,")) {
        let fields: Vec<f64> = line.split(',').skip(1).map(|field| field.parse().unwrap()).collect();
        let [length, level, mean, sd, autocorrelation, correlation] = fields[..] else { panic!("{line}") };
        let period = |t: u64| {
            let t64 = t as f64;
            let x = level + ((t * 7919) % 1009) as f64 / 1009.0 + (t % 3) as f64;
            let y = 2.0 + ((t * 104_729) % 1013) as f64 / 1013.0 + 1e-5 * t64 - 0.5 * (t % 3) as f64;
            SimulatedPeriod { period: t, k: x, z: 1.0, c: x, y, i: 0.0 }
        };
        let periods: Vec<SimulatedPeriod> = (0..length as u64).map(period).collect();
        for size in [1, 100, PERIODS_A_CHUNK] {
            let mut sums = Accumulator::default();
            periods.chunks(size).for_each(|chunk| sums.add(chunk));
            let found = sums.moments();
            // What the level leaves of the deviations' digits.
            let exact = 1e-13 + 4e-16 * level;
            // Each chunk that is joined rounds the mean once more.
            let rounded = 2.3e-16 * (2.0 + periods.len().div_ceil(size) as f64).sqrt();
            assert!((found.k.mean / mean - 1.0).abs() < rounded, "{line}: {:?}", found.k);
            assert!((found.k.sd / sd - 1.0).abs() < exact, "{line}: {:?}", found.k);
            assert!((found.k.autocorrelation.unwrap() - autocorrelation).abs() < exact, "{:?}", found.k);
            assert!((found.k.output_correlation.unwrap() - correlation).abs() < exact, "{:?}", found.k);
            assert!((found.y.output_correlation.unwrap() - 1.0).abs() < 1e-15);
            // A constant has no correlation.
            assert!(found.z.autocorrelation.is_none() && found.z.output_correlation.is_none());
            assert!(found.z.sd < 1e-15 && found.i.sd == 0.0 && found.i.autocorrelation.is_none());
        }
        checked += 1;
    }
    assert!(checked >= 3);
}

#[test]
fn without_shocks_the_steady_state_is_kept() {
    let (problem, solution) = collocated(Model::default(), Chain::certain());
    let steady = problem.model().steady_state();
    for period in Simulator::new(&problem, &solution, &Simulation::new(2000)).unwrap() {
        assert!((period.k / steady.capital - 1.0).abs() < 1e-11 && period.z == 1.0, "{period:?}");
        assert!((period.c / steady.consumption - 1.0).abs() < 1e-11, "{period:?}");
        assert!((period.c + period.i - period.y).abs() < 1e-14);
    }
    let found = simulate(&problem, &solution, &Simulation::new(5000), &mut go_on).unwrap();
    assert!(found.moments.k.autocorrelation.is_none() && found.moments.k.sd < 1e-12);
    assert_eq!(found.visits, [5000]);
    // Elsewhere it goes there, as the transition path does.
    let (problem, solution) = solved(Model::default(), Chain::certain(), 200, Choice::Continuous);
    let simulation = Simulation::new(200).burn_in(0).from_capital(2.0);
    let path = transition_path(&problem, &solution.capital_next, 2.0, 199).unwrap();
    let simulated: Vec<SimulatedPeriod> = Simulator::new(&problem, &solution, &simulation).unwrap().collect();
    assert_eq!(simulated.len(), 200);
    for (a, b) in simulated.iter().zip(path) {
        assert!(a.k == b.k && a.y == b.output && a.i == b.investment && (a.c - b.c).abs() < 1e-14);
    }
}

#[test]
fn the_closed_form_is_simulated() {
    let (rho, sd, alpha) = (0.9, 0.02, 0.33);
    let chain = Chain::rouwenhorst(rho, sd, 5).unwrap();
    let length = 150_000;
    let log_share = (alpha * 0.95_f64).ln();
    for (problem, solution, exact) in [
        {
            let (p, s) = collocated(brock_mirman(), chain.clone());
            (p, s, 1e-11)
        },
        // With V linear between 400 points k′ is right to a cell, ln 3/399.
        {
            let (p, s) = solved(brock_mirman(), chain, 400, Choice::Continuous);
            (p, s, 2.75e-3)
        },
    ] {
        let path = Simulator::new(&problem, &solution, &Simulation::new(length).seed(3)).unwrap();
        let (mut logs, mut expected) = (Vec::new(), None);
        for period in path {
            let x = period.k.ln();
            if let Some(expected) = expected.replace(log_share + period.z.ln() + alpha * x) {
                assert!(f64::abs(x - expected) < exact, "{period:?}: {expected}");
            }
            logs.push(x);
        }
        // ln k is an autoregression with roots α and ρ, as that of ln z is exact by Rouwenhorst's chain.
        let t = length as f64;
        let mean = logs.iter().sum::<f64>() / t;
        let variance = logs.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / t;
        let lagged = logs.windows(2).map(|pair| (pair[0] - mean) * (pair[1] - mean)).sum::<f64>() / t;
        let variance_z = sd * sd / (1.0 - rho * rho);
        let true_variance = variance_z * (1.0 + alpha * rho) / ((1.0 - alpha * rho) * (1.0 - alpha * alpha));
        let true_autocorrelation = (alpha + rho) / (1.0 + alpha * rho);
        // Standard errors: of the mean from the spectrum at 0, of the others of an effective sample.
        let error_of_mean = sd / ((1.0 - alpha) * (1.0 - rho)) / t.sqrt();
        let r = true_autocorrelation * true_autocorrelation;
        let effective = t * (1.0 - r) / (1.0 + r);
        let off = (mean - log_share / (1.0 - alpha)) / error_of_mean;
        let off_variance = (variance / true_variance - 1.0) / (2.0 / effective).sqrt();
        let off_lag = (lagged / variance - true_autocorrelation) / ((1.0 - r) / effective).sqrt();
        println!("{off:.2} {off_variance:.2} {off_lag:.2} standard errors");
        assert!(off.abs() < 4.0 && off_variance.abs() < 4.0 && off_lag.abs() < 4.0);
    }
}

#[test]
fn transitions_have_their_probabilities() {
    let chain = Chain::aruoba();
    for (chain, seed) in [(chain, 1), (Chain::rouwenhorst(0.5, 0.01, 4).unwrap(), 2)] {
        let n = chain.len();
        let mut next = NextState::new(&chain, seed, 0);
        let (mut counts, mut state) = (vec![0.0_f64; n * n], 0);
        for time in 0..400_000 {
            let after = next.draw(state, time);
            counts[state * n + after] += 1.0;
            state = after;
        }
        let (mut chi_square, mut freedom) = (0.0, 0.0);
        for state in 0..n {
            let row = chain.row(state);
            let (sum, visits): (f64, f64) =
                (row.iter().sum(), counts[state * n..(state + 1) * n].iter().sum());
            freedom -= 1.0;
            for (count, p) in counts[state * n..(state + 1) * n].iter().zip(row) {
                let expected = visits * p / sum;
                if *p == 0.0 {
                    assert_eq!(*count, 0.0);
                } else {
                    assert!(expected > 5.0);
                    chi_square += (count - expected).powi(2) / expected;
                    freedom += 1.0;
                }
            }
        }
        println!("{chi_square:.1} with {freedom} degrees of freedom");
        assert!(f64::abs(chi_square - freedom) < 4.0 * f64::sqrt(2.0 * freedom), "{chi_square}");
    }
}

#[test]
fn a_path_is_the_beginning_of_a_longer_one_and_seeds_tell_paths_apart() {
    let (problem, solution) =
        solved(Model::default(), Chain::rouwenhorst(0.9, 0.02, 5).unwrap(), 60, Choice::Continuous);
    let path = |simulation: Simulation| -> Vec<SimulatedPeriod> {
        Simulator::new(&problem, &solution, &simulation).unwrap().collect()
    };
    let long = path(Simulation::new(500).burn_in(0));
    assert_eq!(path(Simulation::new(100).burn_in(0)), long[..100]);
    for (early, late) in path(Simulation::new(100).burn_in(37)).iter().zip(&long[37..]) {
        assert_eq!(*early, SimulatedPeriod { period: early.period, ..*late });
    }
    for other in
        [Simulation::new(500).seed(1), Simulation::new(500).path(1), Simulation::new(500).seed(1 << 32)]
    {
        assert_ne!(path(other.burn_in(0)), long);
    }
    // Moments and shares are those of the path.
    let found = simulate(&problem, &solution, &Simulation::new(500).burn_in(0).with_shares(), &mut go_on);
    let found = found.unwrap();
    let mean = |of: fn(&SimulatedPeriod) -> f64| long.iter().map(of).sum::<f64>() / 500.0;
    assert!((found.moments.k.mean - mean(|period| period.k)).abs() < 1e-13);
    assert_eq!(found.visits.iter().sum::<u64>(), 500);
    let shares = found.shares.unwrap();
    let at = |state: usize, j: usize| shares[state * 60 + j];
    let capital: f64 =
        (0..5).flat_map(|z| (0..60).map(move |j| (z, j))).map(|(z, j)| at(z, j) * problem.capital()[j]).sum();
    assert!((capital - found.moments.k.mean).abs() < 1e-12);
    for state in 0..5 {
        let share: f64 = (0..60).map(|j| at(state, j)).sum();
        assert!((share - found.visits[state] as f64 / 500.0).abs() < 1e-12);
    }
}

#[test]
fn with_choice_on_the_grid_capital_stays_on_it() {
    let chain = Chain::rouwenhorst(0.9, 0.02, 3).unwrap();
    let (problem, solution) = solved(Model::default(), chain, 80, Choice::Grid);
    let simulation = Simulation::new(3000).burn_in(0).from_capital(2.0);
    let mut expected = None;
    let mut path = Simulator::new(&problem, &solution, &simulation).unwrap();
    loop {
        let state = path.state();
        let Some(period) = path.next() else { break };
        let point = problem.capital().iter().position(|&k| k == period.k);
        assert!(expected.is_none_or(|expected| expected == period.k));
        expected = Some(solution.capital_next[state * 80 + point.unwrap()]);
    }
    // The last point, too, where lines between points would be off by a rounding.
    let (low, high) = problem.grid().ends();
    assert_eq!(nearest(&problem, high), 79);
    assert_eq!(nearest(&problem, low), 0);
}

#[test]
fn a_grid_that_binds_is_counted() {
    let spec = GridSpec::default().points(30).between(0.98, 1.02);
    let chain = Chain::rouwenhorst(0.95, 0.02, 3).unwrap();
    let problem = Problem::with_shocks(Model::default(), chain, spec, Choice::Continuous).unwrap();
    let solution = solve(&problem, &Settings::for_choice(Choice::Continuous), &mut |_| ()).unwrap();
    let found = simulate(&problem, &solution, &Simulation::new(1000), &mut go_on).unwrap();
    assert!(found.at_ends > 100, "{}", found.at_ends);
    // Where it does not hold the steady state, the path starts at the nearer end.
    let spec = GridSpec::default().points(30).between(1.2, 1.5);
    let problem = Problem::new(Model::default(), spec, Choice::Continuous).unwrap();
    let (capital, state) = Simulation::new(10).check(&problem).unwrap();
    assert_eq!((capital, state), (problem.capital()[0], 0));
}

#[test]
fn wrong_parameters_are_named_and_observers_may_break() {
    let chain = Chain::rouwenhorst(0.9, 0.02, 4).unwrap();
    let (problem, solution) = solved(Model::default(), chain, 30, Choice::Continuous);
    let fine = Simulation::new(10);
    for (simulation, parameter) in [
        (Simulation::new(0), "length"),
        (Simulation::new(1), "length"),
        (Simulation::new(u64::MAX), "length"),
        (fine.burn_in(u64::MAX), "burn_in"),
        (fine.from_state(4), "from_state"),
        (fine.from_state(usize::MAX), "from_state"),
        (fine.from_capital(f64::NAN), "from_capital"),
        (fine.from_capital(0.0), "from_capital"),
        (fine.from_capital(1e300), "from_capital"),
    ] {
        let refused = simulate(&problem, &solution, &simulation, &mut go_on).unwrap_err();
        assert!(matches!(refused, Error::Parameter { name, .. } if name == parameter), "{refused}");
    }
    // The lower of two in the middle.
    assert_eq!(fine.check(&problem).unwrap().1, 1);
    for periods in [0, 1000, 6000] {
        let mut done = 0;
        let broken = simulate(&problem, &solution, &Simulation::new(9000), &mut |new| {
            done += new;
            if done > periods { ControlFlow::Break(()) } else { ControlFlow::Continue(()) }
        });
        assert!(matches!(broken, Err(Error::Cancelled)) && done > periods && done < 10_000);
    }
}
