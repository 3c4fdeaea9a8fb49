//! Against all candidates, one after another: the same V and the same choice, to the last bit.

use super::*;
use crate::growth::utility::{Log, Power, Reciprocal, Utility};
use crate::random::philox::philox4x32_10;

/// max |T V − V| below this ends an iteration, as in the lecture.
const TOLERANCE: f64 = 1e-6;

/// All candidates at all rows: the first of the best.
fn brute<U: Utility>(choices: Choices<'_, U>) -> (Vec<f64>, Vec<u32>) {
    let best = |&f: &f64| {
        let (mut best, mut value) = (0, f64::NEG_INFINITY);
        for (j, (&k, &c)) in choices.grid.iter().zip(choices.continuation).enumerate() {
            let total = choices.utility.value(f - k) + choices.beta * c;
            if f - k > 0.0 && total > value {
                (best, value) = (j as u32, total);
            }
        }
        (value, best)
    };
    choices.resources.iter().map(best).unzip()
}

/// The lecture's grid and resources.
fn lecture(points: usize) -> (Vec<f64>, Vec<f64>) {
    let step = 1.5 * 3.160860199072236 / (points - 1) as f64;
    let grid: Vec<f64> = (0..points).map(|i| 0.25 * 3.160860199072236 + step * i as f64).collect();
    let resources = grid.iter().map(|k| k.powf(0.33) + 0.9 * k).collect();
    (grid, resources)
}

fn bits(values: &[f64]) -> Vec<u64> {
    values.iter().map(|value| value.to_bits()).collect()
}

/// Draws on [0, 1), the same every time.
struct Draws(u32);

impl Draws {
    fn next(&mut self) -> f64 {
        self.0 += 1;
        f64::from(philox4x32_10([self.0, 0, 0, 0], [7, 9])[0]) / 2f64.powi(32)
    }

    fn below(&mut self, bound: usize) -> usize {
        (self.next() * bound as f64) as usize
    }
}

/// Plain iteration from V = 0; the applications that were refused.
fn iterate<U: Indifference>(grid: &[f64], resources: &[f64], utility: U) -> usize {
    let mut stored = StoredPolicy::default();
    let (mut value, mut next) = (vec![0.0; grid.len()], vec![0.0; grid.len()]);
    let mut refused = 0;
    for iteration in 0..400 {
        let choices = Choices { grid, resources, continuation: &value, beta: 0.95, utility };
        let (right, policy) = brute(choices);
        let change = stored.apply(choices, &value, &mut next);
        match change {
            Some(change) => {
                assert_eq!(bits(&next), bits(&right), "iteration {iteration}");
                assert_eq!(stored.choice(), policy, "iteration {iteration}");
                let greatest =
                    right.iter().zip(&value).fold(0.0, |most: f64, (a, b)| most.max((a - b).abs()));
                assert_eq!(change.norm(), greatest);
            }
            None => {
                refused += 1;
                next.copy_from_slice(&right);
            }
        }
        std::mem::swap(&mut value, &mut next);
        if change.is_some_and(|change| change.norm() < TOLERANCE) {
            return refused;
        }
    }
    panic!("no end");
}

#[test]
fn plain_iteration_is_that_of_all_candidates() {
    for points in [2, 3, 10, 97, 200] {
        let (grid, resources) = lecture(points);
        assert_eq!(iterate(&grid, &resources, Reciprocal), 0);
        assert_eq!(iterate(&grid, &resources, Log), 0);
        assert_eq!(iterate(&grid, &resources, Power::<false>::new(1.5)), 0);
        assert_eq!(iterate(&grid, &resources, Power::<false>::new(0.5)), 0);
    }
}

#[test]
fn uneven_grids_and_candidates_that_starve_are_no_exception() {
    let grid: Vec<f64> = (0..80).map(|i| 0.2 * 1.05_f64.powi(i)).collect();
    // Poor rows: most candidates leave nothing to consume.
    let resources: Vec<f64> = grid.iter().map(|k| k.powf(0.4) + 0.05 * k).collect();
    assert_eq!(iterate(&grid, &resources, Reciprocal), 0);
    assert_eq!(iterate(&grid, &resources, Log), 0);
    assert_eq!(iterate(&grid, &resources, Power::<false>::new(3.0)), 0);
}

/// Continuation values that keep changing, by little and by much, such that rows are indifferent at resources
/// that rise, some of them at a row itself but for rounding. How many applications are proved, and how many
/// choices are within rounding.
fn wander<U: Indifference>(utility: U, seed: u32) -> (usize, usize) {
    let mut draws = Draws(seed);
    let grid: Vec<f64> = (0..60).map(|j| 0.8 + 0.08 * f64::from(j)).collect();
    let resources: Vec<f64> = (0..45).map(|i| 1.7 + 0.13 * f64::from(i)).collect();
    let (old, mut next) = (vec![0.0; resources.len()], vec![0.0; resources.len()]);
    let mut stored = StoredPolicy::default();
    let (mut proved, mut ties) = (0, 0);
    let mut steps = vec![0.1; grid.len() - 1];
    for step in 0..300 {
        if step % 20 == 0 {
            steps.iter_mut().for_each(|step| *step = 0.03 + 0.14 * draws.next());
        } else {
            let q = draws.below(steps.len());
            steps[q] = 0.03 + 0.14 * draws.next();
        }
        let mut value = vec![20.0 * draws.next() - 10.0];
        let mut indifferent = 1.5;
        for q in 0..steps.len() {
            indifferent += steps[q];
            let row = draws.below(resources.len());
            let near = resources.iter().copied().find(|f| (f - indifferent).abs() < 0.02);
            let at = near.filter(|_| row.is_multiple_of(3)).unwrap_or(indifferent);
            let rise = (utility.value(at - grid[q]) - utility.value(at - grid[q + 1])) / 0.95;
            let mut higher = value[q] + rise;
            for _ in 0..draws.below(4) {
                higher = if draws.next() < 0.5 { higher.next_up() } else { higher.next_down() };
            }
            value.push(higher);
        }
        let choices =
            Choices { grid: &grid, resources: &resources, continuation: &value, beta: 0.95, utility };
        let (right, policy) = brute(choices);
        if stored.apply(choices, &old, &mut next).is_some() {
            proved += 1;
            assert_eq!(bits(&next), bits(&right), "step {step}");
            assert_eq!(stored.choice(), policy, "step {step}");
            let size = choices.size();
            let close = |row: usize| {
                let j = policy[row] as usize;
                j > 0 && choices.prefers(row, j - 1, size).is_none()
                    || j + 1 < grid.len() && choices.prefers(row, j, size).is_none()
            };
            ties += (0..resources.len()).filter(|&row| close(row)).count();
        }
    }
    (proved, ties)
}

#[test]
fn ties_go_to_the_first_and_rounding_decides_as_it_does_there() {
    let (mut proved, mut ties) = (0, 0);
    for seed in 0..6 {
        for (some, close) in [
            wander(Reciprocal, 1_000_000 * seed),
            wander(Log, 1_000_000 * seed + 1),
            wander(Power::<false>::new(1.5), 1_000_000 * seed + 2),
        ] {
            proved += some;
            ties += close;
        }
    }
    println!("{proved} of {} applications proved, {ties} choices within rounding", 18 * 300);
    assert!(proved > 2000 && ties > 500, "{proved}, {ties}");
}

#[test]
fn threads_change_nothing() {
    let (grid, resources) = lecture(3 * ROWS_A_PART);
    let run = |threads: usize, closed: bool| {
        let pool = rayon::ThreadPoolBuilder::new().num_threads(threads).build().unwrap();
        pool.install(|| {
            let mut stored = StoredPolicy::default();
            let (mut value, mut next) = (vec![0.0; grid.len()], vec![0.0; grid.len()]);
            for _ in 0..if closed { 90 } else { 12 } {
                let (grid, resources) = (&grid[..], &resources[..]);
                let beta = if closed { 0.95 } else { 0.3 };
                let done = if closed {
                    let choices =
                        Choices { grid, resources, continuation: &value, beta, utility: Reciprocal };
                    stored.apply(choices, &value, &mut next)
                } else {
                    let utility = Power::<false>::new(1.5);
                    stored.apply(
                        Choices { grid, resources, continuation: &value, beta, utility },
                        &value,
                        &mut next,
                    )
                };
                assert!(done.is_some());
                std::mem::swap(&mut value, &mut next);
            }
            (bits(&value), stored.choice().to_vec(), stored.state)
        })
    };
    for closed in [true, false] {
        let one = run(1, closed);
        assert_eq!(one.2, State::Thresholds);
        for threads in [2, 3] {
            let several = run(threads, closed);
            assert!(one == several, "{threads} threads");
        }
    }
}

#[test]
fn what_is_no_number_is_refused() {
    let (grid, resources) = lecture(50);
    for place in [0, 20, 49] {
        for wrong in [f64::NAN, f64::INFINITY, f64::NEG_INFINITY] {
            let mut stored = StoredPolicy::default();
            let mut value: Vec<f64> = grid.iter().map(|k| k.ln()).collect();
            let mut next = vec![0.0; 50];
            let old = vec![0.0; 50];
            for wrong_now in [false, false, false, true] {
                value[place] = if wrong_now { wrong } else { grid[place].ln() };
                let choices = Choices {
                    grid: &grid,
                    resources: &resources,
                    continuation: &value,
                    beta: 0.95,
                    utility: Reciprocal,
                };
                assert_eq!(stored.apply(choices, &old, &mut next).is_some(), !wrong_now);
            }
        }
    }
}
