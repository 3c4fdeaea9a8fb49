//! Percentile-t intervals of daily realized variance, by the library alone.
//!
//! `cargo run --release --no-default-features --example intervals`

use bellwether::bootstrap::{Bootstrap, Engine, Resources};
use bellwether::jobs::Jobs;
use bellwether::panel::{LoadOptions, PanelReader};
use bellwether::resample::Scheme;
use bellwether::{interval, measure};

fn main() -> bellwether::Result<()> {
    let jobs = Jobs::new();
    let resources = Resources { jobs: &jobs, memory: 256 << 20 };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/sample");

    // 10,000 resamples of each day, intervals of 95 %, seed 0.
    let bootstrap = Bootstrap::new(10_000, 0.95, 0)?.with(
        measure::by_name("variance", None)?,
        Scheme::Iid,
        vec![interval::by_name("studentized-log")?],
    )?;

    let mut panel = PanelReader::open(&[folder.into()], &LoadOptions::default(), resources.memory, &jobs)?;
    let (intervals, _) = bootstrap.run_panel(&mut panel, &mut Engine::Cpu, &resources, &())?;

    for (day, date) in intervals.dates.iter().enumerate() {
        let volatility = |variance: f64| 100.0 * (252.0 * variance).sqrt();
        let [lower, rv, upper] = [intervals.lower(), &intervals.estimate, intervals.upper()]
            .map(|array| volatility(array[[day, 0]]));
        println!("{date}: {rv:.1} % a year, between {lower:.1} % and {upper:.1} %");
    }
    Ok(())
}
