//! Value function iteration against the clock: plain iteration, and beside it the best method, at equal guaranteed error.
//!
//! A run is [`solve`]: from the gridded problem to a value function, its policy and their certificate. Every method stops
//! when the error that it guarantees is at most the same tolerance, so that no time is bought with accuracy. Methods end at
//! different functions within their bounds; that of each device must lie within the sum of the bounds of the first's:
//!
//! ```text
//! max |V − V′| ≤ bound + bound′
//! ```

use super::race::{Contender, Steps};
use super::{Device, Outcome, Rules, race};
use crate::error::{Error, Result};
use crate::growth::{Choice, GridSpec, Maximizer, Method, Model, Problem, Settings, Solution, Stop, solve};

/// What to solve: a model and a grid, whose number of points is the size, and how precisely.
#[derive(Debug, Clone, Copy)]
pub struct Spec {
    /// The model.
    pub model: Model,
    /// The grid; its number of points is not used.
    pub grid: GridSpec,
    /// The guaranteed error of V, in units of utility.
    pub tolerance: f64,
}

/// The methods of the race: plain iteration, the yardstick, and the best.
pub const METHODS: [(Method, &str); 2] =
    [(Method::Vfi, "plain iteration"), (Method::Accelerated, "accelerated")];

impl Spec {
    /// Checks the sizes and the tolerance before long work.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] or [`Error::Growth`] where they make no sense.
    pub fn check(&self, sizes: &[u64]) -> Result<()> {
        let settings = Settings { tolerance: self.tolerance, ..Settings::for_choice(Choice::Continuous) };
        settings.check(Choice::Continuous)?;
        // The smallest is what can be wrong; the largest may be long to make.
        sizes.iter().min().map_or(Ok(()), |&size| self.problem(size).map(drop))
    }

    /// The problem with `points` grid points.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] or [`Error::Growth`] where it makes no sense.
    pub fn problem(&self, points: u64) -> Result<Problem> {
        let too_many = |_| Error::Parameter {
            name: "--grid",
            value: points.to_string(),
            requirement: "that is more points than this machine can number".into(),
        };
        let points = usize::try_from(points).map_err(too_many)?;
        Problem::new(self.model, GridSpec { points, ..self.grid }, Choice::Continuous)
    }
}

/// Times the solution on grids of `sizes` points on `devices`, by plain iteration and by the best method.
///
/// # Errors
///
/// [`Error::Parameter`] for an adapter (the solver works on the CPU), or for what makes no sense; [`Error::Mismatch`]; any of
/// [`solve`].
pub fn compare(
    devices: &[Device],
    sizes: &[u64],
    spec: &Spec,
    rules: &Rules,
    progress: &dyn Fn(&Device, u64),
) -> Result<Outcome<Solution>> {
    if let Some(device) = devices.iter().find(|device| device.gpu.is_some()) {
        return Err(Error::Parameter {
            name: "--devices",
            value: device.name.clone(),
            requirement: "the growth model is solved on the CPU; give one, all or cpu".into(),
        });
    }
    let problems = sizes.iter().map(|&size| spec.problem(size)).collect::<Result<Vec<_>>>()?;
    let problems = &problems;
    let mut contenders = Vec::new();
    for (method, name) in METHODS {
        for device in devices {
            let settings = Settings {
                method,
                maximizer: Maximizer::fastest(Choice::Continuous),
                stop: Stop::Bound,
                tolerance: spec.tolerance,
                ..Settings::for_choice(Choice::Continuous)
            };
            let run = move |size: u64, steps: Option<&mut Steps>| {
                // The sizes are those of the problems, in order.
                let problem = problems.iter().find(|problem| problem.len() as u64 == size);
                let problem = match problem {
                    Some(problem) => problem,
                    None => &spec.problem(size)?,
                };
                let solution = device.jobs.install(|| solve(problem, &settings, &mut |_| {}))?;
                if let Some(steps) = steps {
                    // The iterations; the polish and the certificate are the host's part.
                    steps.kernel = solution.timing.solve;
                }
                Ok(solution)
            };
            contenders.push(Contender { device, method: name, run: Box::new(run) });
        }
    }
    race::race(&mut contenders, sizes, "grid points", rules, &differ, progress)
}

/// Where two value functions are farther apart than their bounds allow.
fn differ(one: &Solution, other: &Solution) -> Option<String> {
    let farthest = one.value.iter().zip(&other.value).map(|(one, other)| (one - other).abs());
    let farthest = farthest.fold(0.0, f64::max);
    let allowed = one.certificate.bound + other.certificate.bound;
    let same_grid = one.value.len() == other.value.len();
    // Written so that a distance that is no number fails.
    let equal =
        same_grid && farthest <= allowed && one.value.iter().chain(&other.value).all(|v| v.is_finite());
    (!equal).then(|| {
        format!("the value functions are {farthest:.1e} apart, more than the sum of their guaranteed errors, {allowed:.1e}")
    })
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;
    use crate::compare::Timing;
    use crate::growth::Spacing;

    fn spec() -> Spec {
        Spec {
            model: Model::new(2.0, 0.95, 0.1, 0.33).unwrap(),
            grid: GridSpec { points: 100, low: 0.25, high: 1.75, spacing: Spacing::Linear },
            tolerance: 1e-6,
        }
    }

    #[test]
    fn methods_agree_within_their_bounds() {
        let devices = [Device::cpu(1).unwrap(), Device::cpu(2).unwrap()];
        let timing = Timing { warm_up: Duration::ZERO, min_runs: 1, min_time: Duration::ZERO };
        let rules = Rules { timing, detail: true };
        let outcome = compare(&devices, &[50, 100], &spec(), &rules, &|_, _| {}).unwrap();
        assert_eq!(outcome.cells.len(), 8);
        assert_eq!(outcome.devices[3].method, "accelerated");
        assert!(outcome.answers.iter().all(|answer| answer.certificate.bound <= 1e-6));
    }

    #[test]
    fn what_is_beyond_the_bounds_is_a_difference() {
        let problem = spec().problem(100).unwrap();
        let solution = solve(&problem, &Settings::for_choice(Choice::Continuous), &mut |_| {}).unwrap();
        assert_eq!(differ(&solution, &solution), None);
        let mut moved = solution.clone();
        moved.value[7] += 1.9 * solution.certificate.bound;
        assert_eq!(differ(&solution, &moved), None);
        moved.value[7] += 0.2 * solution.certificate.bound;
        assert!(differ(&solution, &moved).unwrap().contains("apart"));
        moved.value[7] = f64::NAN;
        assert!(differ(&solution, &moved).is_some());
    }

    #[test]
    fn senseless_grids_are_refused() {
        assert!(spec().problem(0).is_err());
        assert!(spec().problem(1).is_err());
    }
}
