//! Realized covariance, correlation and beta of two stocks with intervals, by the library alone.
//!
//! `cargo run --release --no-default-features --example covariance`

use bellwether::bootstrap::{Bootstrap, Engine, Resources};
use bellwether::interval::Percentile;
use bellwether::jobs::Jobs;
use bellwether::measure;
use bellwether::panel::{Align, LoadOptions, load};
use bellwether::resample::Scheme;
use std::sync::Arc;

fn main() -> bellwether::Result<()> {
    let jobs = Jobs::new();
    let resources = Resources { jobs: &jobs, memory: 256 << 20 };
    let folder = concat!(env!("CARGO_MANIFEST_DIR"), "/data/sample");
    let returns = load(&[folder.into()], &LoadOptions::default().align(Align::Exact), &jobs)?.panel.returns();

    // The second stock of each pair is the last one; the others have a cell each.
    let second = returns.stocks.len() - 1;
    for name in ["covariance", "correlation", "beta"] {
        let measure = measure::by_name(name, Some(second))?;
        let bootstrap =
            Bootstrap::new(1000, 0.95, 0)?.with(measure, Scheme::Iid, vec![Arc::new(Percentile)])?;
        let intervals = bootstrap.run(&returns.days, &mut Engine::Cpu, &resources, &())?;
        for (cell, &stock) in intervals.cells.iter().enumerate() {
            let [lower, estimate, upper] =
                [intervals.lower(), &intervals.estimate, intervals.upper()].map(|array| array[[0, cell]]);
            println!(
                "{}: {name} of {} with {} is {estimate:.3e}, between {lower:.3e} and {upper:.3e}",
                intervals.dates[0], returns.stocks[stock], returns.stocks[second]
            );
        }
    }
    Ok(())
}
