//! `compare`: the same work on one core, all cores and adapters, timed.

use bellwether::compare::{
    self as race, Comparison, Rules, Timing, Wanted, bootstrap, growth, record, uniform,
};
use bellwether::growth::{Chain, Choice, GridSpec, Model};
use bellwether::output::Format;
use pyo3::prelude::*;

use crate::device::Resources;
use crate::errors::{guarded, value_error};
use crate::panel::Panel;
use crate::run::{Watch, interruptible};

/// Times a workload at some sizes on some devices; returns what came of it as JSON, and warnings.
#[pyfunction]
#[allow(clippy::too_many_arguments, reason = "Python's side sorts them out")]
pub(crate) fn compare(
    py: Python<'_>,
    workload: &str,
    panel: Option<&Bound<'_, Panel>>,
    sizes: Vec<u64>,
    devices: Vec<String>,
    confidence: f64,
    seed: u64,
    tolerance: f64,
    min_runs: usize,
    min_time: f64,
    resources: Resources,
) -> PyResult<(String, Vec<String>)> {
    guarded(|| {
        let wanted = devices.iter().map(|name| name.parse()).collect::<Result<Vec<Wanted>, String>>();
        let wanted = wanted.map_err(|why| value_error(format!("devices has {devices:?}, but {why}")))?;
        let days = match (workload, panel) {
            ("bootstrap", Some(panel)) => panel.get().held().cloned(),
            ("bootstrap", None) => return Err(value_error("the workload \"bootstrap\" needs prices")),
            (_, None) => None,
            (_, Some(_)) => return Err(value_error(format!("the workload {workload:?} takes no prices"))),
        };
        let memory = resources.memory()?;
        let watch = Watch::default();
        interruptible(py, &watch, None, || {
            let rules = Rules { timing: Timing::new(min_runs, min_time)?, detail: false };
            let jobs = resources.own_jobs()?;
            let backends = match (race::needs_adapters(&wanted), resources.prober()) {
                (false, _) => bellwether::wgpu::Backends::empty(),
                (true, Some(mut prober)) => prober.allow(bellwether::wgpu::Backends::all()),
                (true, None) => bellwether::wgpu::Backends::all(),
            };
            let devices = race::open(&wanted, &jobs, backends)?;
            let look = |_: &race::Device, _: u64| watch.check();
            let comparison = match workload {
                "bootstrap" => {
                    let days = days.as_ref().map_or(&[][..], |days| days);
                    for &size in &sizes {
                        bootstrap::check_samples(size, confidence, seed)?;
                    }
                    let spec = bootstrap::Spec { days, confidence, seed, memory };
                    let outcome = bootstrap::compare(&devices, &sizes, &spec, &rules, &look)?;
                    Comparison::new("bootstrap", "samples", Vec::new(), &rules, &outcome)
                }
                "growth" => {
                    let spec = growth::Spec {
                        model: Model::default(),
                        chain: Chain::certain(),
                        grid: GridSpec::default(),
                        choice: Choice::Continuous,
                        tolerance,
                    };
                    jobs.install(|| spec.check(&sizes))?;
                    let outcome = growth::compare(&devices, &sizes, &spec, &rules, &look)?;
                    Comparison::new("growth", "grid points", Vec::new(), &rules, &outcome)
                }
                "uniform" => {
                    for &size in &sizes {
                        uniform::check_size(size)?;
                    }
                    let outcome = uniform::compare(&devices, &sizes, seed, &rules, &look)?;
                    let means = outcome.answers.iter().map(|sum| (sum.size.into(), sum.mean())).collect();
                    Comparison::new("uniform", "n", Vec::new(), &rules, &outcome).with_means(means)
                }
                other => {
                    return Err(bellwether::Error::Parameter {
                        name: "workload",
                        value: other.into(),
                        requirement: "there are bootstrap, growth and uniform".into(),
                    });
                }
            };
            let mut out = Vec::new();
            let written = record::write(&mut out, &comparison, Format::Json);
            written.map_err(bellwether::Error::io("write", "the comparison"))?;
            Ok((String::from_utf8_lossy(&out).into_owned(), comparison.warnings()))
        })
    })
}
