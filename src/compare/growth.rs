//! Value function iteration against the clock: plain iteration, and beside it the best method, at equal
//! guaranteed error.
//!
//! A run is [`solve`], or on a GPU [`solve_on`]: from the gridded problem to a value function, its policy and
//! their certificate. Every method stops when the error that it guarantees is at most the same tolerance, so
//! that no time is bought with accuracy. A GPU proposes in f32, and the polish and the certificate by the CPU
//! are in its time; compiling its kernels, which is part of each of its runs, is not.
//!
//! | choice | plain iteration | best method |
//! |---|---|---|
//! | continuous | CPU: exact formula on each segment; GPU: none | CPU: accelerated; GPU: endogenous grid |
//! | grid | CPU and GPU: all candidates compared | CPU: accelerated, monotone sweep; GPU: Howard |
//!
//! With the continuous choice f32 on a GPU can't iterate on values.
//!
//! Methods end at different functions within their bounds; that of each device must lie within the sum of its
//! bound and the first's:
//!
//! ```text
//! max |V − V′| ≤ bound + bound′
//! ```

use super::race::{Contender, KernelClock, Steps};
use super::{Device, Outcome, Rules, race};
use crate::error::{Error, Result};
use crate::growth::{
    Chain, Choice, GridSpec, Maximizer, Method, Model, Problem, Settings, Solution, Stop, solve, solve_on,
};
use crate::jobs::Jobs;

/// What to solve: a model and a grid, whose number of points is the size, and how precisely.
#[derive(Debug, Clone)]
pub struct Spec {
    /// The model.
    pub model: Model,
    /// Its shocks; [`Chain::certain`] for none.
    pub chain: Chain,
    /// The grid; its number of points is not used.
    pub grid: GridSpec,
    /// Where next period's capital may lie.
    pub choice: Choice,
    /// The guaranteed error of V, in units of utility.
    pub tolerance: f64,
}

/// A method as a device runs it, and its name.
type Named = (&'static str, Method, Maximizer);

/// Plain iteration, the yardstick; `None` where a device has none.
fn plain(choice: Choice, gpu: bool) -> Option<Named> {
    match (choice, gpu) {
        (Choice::Continuous, false) => Some(("plain iteration", Method::Vfi, Maximizer::Cell)),
        (Choice::Continuous, true) => None,
        (Choice::Grid, _) => Some(("plain iteration", Method::Vfi, Maximizer::Brute)),
    }
}

/// The best method of a device.
fn best(choice: Choice, gpu: bool) -> Named {
    if gpu {
        let Settings { method, maximizer, .. } = Settings::for_gpu(choice);
        let name = if method == Method::Egm { "endogenous grid" } else { "Howard" };
        (name, method, maximizer)
    } else {
        ("accelerated", Method::Accelerated, Maximizer::fastest(choice))
    }
}

impl Spec {
    /// Checks the sizes and the tolerance before long work.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] or [`Error::Growth`] where they make no sense.
    pub fn check(&self, sizes: &[u64]) -> Result<()> {
        let settings = Settings { tolerance: self.tolerance, ..Settings::for_choice(self.choice) };
        settings.check(self.choice)?;
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
            name: "points",
            value: points.to_string(),
            requirement: "that is more points than this machine can number".into(),
        };
        let points = usize::try_from(points).map_err(too_many)?;
        Problem::with_shocks(self.model, self.chain.clone(), GridSpec { points, ..self.grid }, self.choice)
    }

    /// The methods that `devices` run, in the order of the race: plain iteration on all, then the best on
    /// all.
    fn methods<'d>(&self, devices: &'d [Device]) -> Vec<(&'d Device, Named)> {
        let plain =
            |device: &'d Device| plain(self.choice, device.gpu.is_some()).map(|named| (device, named));
        let best = |device: &'d Device| (device, best(self.choice, device.gpu.is_some()));
        devices.iter().filter_map(plain).chain(devices.iter().map(best)).collect()
    }

    /// How many methods `devices` run together.
    pub fn contenders(&self, devices: &[Device]) -> usize {
        self.methods(devices).len()
    }
}

/// Times the solution on grids of `sizes` points on `devices`, by plain iteration and by the best method.
///
/// # Errors
///
/// [`Error::Parameter`] for what makes no sense; [`Error::Mismatch`]; any of [`solve`] and [`solve_on`].
pub fn compare(
    devices: &[Device],
    sizes: &[u64],
    spec: &Spec,
    rules: &Rules,
    progress: &dyn Fn(&Device, u64),
) -> Result<Outcome<Solution>> {
    // Problems are made in parallel too, by the most threads that take part.
    let most = devices.iter().max_by_key(|device| device.threads());
    let jobs = most.map_or_else(Jobs::new, |device| device.jobs.clone());
    let problems =
        sizes.iter().map(|&size| jobs.install(|| spec.problem(size))).collect::<Result<Vec<_>>>()?;
    let problems = &problems;
    let mut contenders = Vec::new();
    for (device, (name, method, maximizer)) in spec.methods(devices) {
        let settings = Settings {
            method,
            maximizer,
            stop: Stop::Bound,
            tolerance: spec.tolerance,
            ..Settings::for_choice(spec.choice)
        };
        let run = move |size: u64, steps: Option<&mut Steps>| {
            let made;
            let problem = match problems.iter().find(|problem| problem.len() as u64 == size) {
                Some(problem) => problem,
                None => {
                    made = device.jobs.install(|| spec.problem(size))?;
                    &made
                }
            };
            let solution = match &device.gpu {
                // The queue stays on one thread; the polish takes the threads that it is given.
                Some(gpu) => device.jobs.install(|| solve_on(gpu, problem, &settings, &mut |_| {}))?,
                None => device.jobs.install(|| solve(problem, &settings, &mut |_| {}))?,
            };
            if let Some(steps) = steps {
                // The iterations with all that goes to the device and back; the polish and the certificate
                // are the host's.
                steps.kernel = solution.timing.solve;
                steps.clock = match device.gpu {
                    Some(_) => KernelClock::WithTransfers,
                    None => KernelClock::Wall,
                };
            }
            Ok(solution)
        };
        contenders.push(Contender { device, method: name, run: Box::new(run) });
    }
    let task = race::Task {
        unit: "grid points",
        differ: &differ,
        apart: &|solution: &Solution| solution.timing.start,
        progress,
    };
    race::race(&mut contenders, sizes, rules, &task)
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
        let allowed = crate::figures::upper(allowed, 1);
        format!(
            "the value functions are {farthest:.1e} apart, more than the sum of their guaranteed errors, \
             {allowed}"
        )
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
            chain: Chain::certain(),
            grid: GridSpec { points: 100, low: 0.25, high: 1.75, spacing: Spacing::Linear },
            choice: Choice::Continuous,
            tolerance: 1e-6,
        }
    }

    #[test]
    fn methods_agree_within_their_bounds() {
        let devices = [Device::cpu(1).unwrap(), Device::cpu(2).unwrap()];
        let timing = Timing { warm_up: Duration::ZERO, min_runs: 1, min_time: Duration::ZERO };
        let rules = Rules { timing, detail: true };
        let chains = [Chain::certain(), Chain::rouwenhorst(0.9, 0.01, 3).unwrap()];
        for (chain, choice) in chains
            .into_iter()
            .flat_map(|chain| [Choice::Continuous, Choice::Grid].map(|choice| (chain.clone(), choice)))
        {
            let spec = Spec { choice, chain, ..spec() };
            let outcome = compare(&devices, &[50, 100], &spec, &rules, &|_, _| {}).unwrap();
            assert_eq!(outcome.laps.len(), 8);
            assert_eq!(outcome.devices[3].method, "accelerated");
            assert!(outcome.answers.iter().all(|answer| answer.certificate.bound <= 1e-6));
        }
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
