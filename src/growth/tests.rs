//! The growth model against its oracles: the table of DESIGN.md, the closed form of Brock and Mirman, a direct maximizer,
//! and solutions to rounding error.

use super::*;

fn problem(model: Model, points: usize, choice: Choice) -> Problem {
    Problem::new(model, GridSpec { points, ..GridSpec::default() }, choice).unwrap()
}

fn run(problem: &Problem, change: impl FnOnce(&mut Settings)) -> Solution {
    let mut settings = Settings::for_choice(problem.choice());
    change(&mut settings);
    solve(problem, &settings, &mut |_| ()).unwrap()
}

#[test]
fn explore() {
    for choice in [Choice::Continuous, Choice::Grid] {
        for points in [100, 1000, 10_000] {
            let p = problem(Model::default(), points, choice);
            for method in [Method::Vfi, Method::Accelerated, Method::Howard, Method::Egm] {
                for stop in [Stop::Change, Stop::Bound] {
                    let s = run(&p, |s| {
                        s.method = method;
                        s.stop = stop;
                    });
                    println!(
                        "{choice:?} {points} {method:?} {stop:?}: {} + {} {:?} {:?}",
                        s.iterations, s.preparations, s.certificate, s.timing
                    );
                }
            }
        }
    }
}
