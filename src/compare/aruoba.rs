//! Aruoba and Fernández-Villaverde's benchmark of languages against the clock: under their rule, and beside
//! it the library's best method to a guaranteed error.
//!
//! Their rule stops at a change below 1e-7, which guarantees 1.9e-6 of the problem on the grid; the other
//! method, collocation and one application of the operator, guarantees 1e-7. Values are in units of (1−β)
//! utility, as theirs are. Methods end at different functions within their bounds, so that V is compared as
//! in [`growth`](super::growth). On a GPU, f32 cannot tell a change of 1e-7 from rounding, so that there is
//! no such run.

use super::race::{Contender, Steps};
use super::{Device, Outcome, Rules, race};
use crate::error::Result;
use crate::figures::{figure, grouped, upper};
use crate::growth::aruoba::{Aruoba, Iterated, Solved};

/// The guaranteed error of the best method, in units of (1−β) utility.
pub const TOLERANCE: f64 = 1e-7;

/// What came of a run.
#[derive(Debug, Clone)]
pub struct Answer {
    /// V, states × points, in units of (1−β) utility.
    value: Vec<f64>,
    /// The guaranteed error.
    bound: f64,
    /// The run, where it was under their rule.
    iterated: Option<Iterated>,
}

/// Times both on the `devices` that are CPUs.
///
/// # Errors
///
/// [`Error::Mismatch`](crate::error::Error::Mismatch); any of [`solve`].
pub fn compare(
    devices: &[Device],
    rules: &Rules,
    progress: &dyn Fn(&Device, u64),
) -> Result<Outcome<Answer>> {
    let benchmark = &Aruoba::new();
    let size = (benchmark.capital().len() * benchmark.chain().len()) as u64;
    let mut contenders = Vec::new();
    for device in devices.iter().filter(|device| device.gpu.is_none()) {
        let run = move |_: u64, _: Option<&mut Steps>| {
            let iterated = device.jobs.install(|| benchmark.iterate())?;
            Ok(Answer { value: iterated.value.clone(), bound: iterated.bound, iterated: Some(iterated) })
        };
        contenders.push(Contender { device, method: "their rule", run: Box::new(run) });
    }
    for device in devices.iter().filter(|device| device.gpu.is_none()) {
        let run = move |_: u64, _: Option<&mut Steps>| {
            let Solved { value, bound, .. } = device.jobs.install(|| benchmark.solve(TOLERANCE))?;
            Ok(Answer { value, bound, iterated: None })
        };
        contenders.push(Contender { device, method: "collocation", run: Box::new(run) });
    }
    let task = race::Task {
        unit: "grid points",
        differ: &differ,
        apart: &|_: &Answer| std::time::Duration::ZERO,
        progress,
    };
    race::race(&mut contenders, &[size], rules, &task)
}

/// Where two value functions are farther apart than their bounds allow, or two runs under the same rule
/// differ.
fn differ(one: &Answer, other: &Answer) -> Option<String> {
    if let (Some(one), Some(other)) = (&one.iterated, &other.iterated) {
        let equal = one.iterations == other.iterations && one.choice == other.choice;
        return (!equal).then(|| "the choices are not the same".into());
    }
    let apart = one.value.iter().zip(&other.value).map(|(one, other)| (one - other).abs());
    let farthest = apart.fold(0.0, |most, apart| if apart <= most { most } else { apart });
    let allowed = one.bound + other.bound;
    // Written so that a distance that is no number fails.
    let near = one.value.len() == other.value.len() && farthest <= allowed;
    (!near).then(|| {
        let allowed = upper(allowed, 1);
        format!("the value functions are {farthest:.1e} apart, above their guaranteed errors, {allowed}")
    })
}

/// What was computed, a line each.
pub fn description(outcome: &Outcome<Answer>) -> Vec<String> {
    let benchmark = Aruoba::new();
    let (points, states) = (benchmark.capital().len(), benchmark.chain().len());
    let mut lines = vec![format!(
        "the benchmark of Aruoba and Fernández-Villaverde (2015): {} capitals × {states} states, values in \
         units of (1−β) utility",
        grouped(points as u64)
    )];
    if let Some((answer, found)) =
        outcome.answers.first().and_then(|answer| Some((answer, answer.iterated.as_ref()?)))
    {
        // The number that they print: capital 1,000 and productivity 3, counted from 1.
        let checked = benchmark.capital()[found.choice[2 * points + 999] as usize];
        lines.push(format!(
            "their rule: plain iteration to a change below 1e-7: {} iterations, last change {:.3e}, choice \
             at capital 1,000 and productivity 3: {checked:.6}; guarantees {}; {}",
            found.iterations,
            found.change,
            upper(answer.bound, 1),
            if found.is_proved {
                "one more application, to all candidates, moves no choice by more than a point"
            } else {
                "one more application to all candidates moves choices"
            }
        ));
        lines.push(format!(
            "the model without a grid has a closed form, here with the row of the transition matrix that \
             sums to 1.0001: V is within {} of it at all points",
            upper(benchmark.distance_from_closed_form(&found.value), 1)
        ));
    }
    lines.push(format!(
        "collocation: V of the economy by Chebyshev polynomials, then one application of the operator to all \
         candidates, whose changes bound the error; guarantees {} of the same problem on the grid",
        figure(TOLERANCE)
    ));
    lines.push("no run on a GPU: its 32-bit values cannot tell such a change from rounding".into());
    lines
}
