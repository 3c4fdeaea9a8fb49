//! How often do intervals hold the truth, at your number of returns a day?
//!
//! `cargo run --release --no-default-features --example coverage -- 78`
//!
//! Arguments: numbers of returns a day (78), separated by blanks.

use bellwether::coverage::Coverage;
use bellwether::jobs::Jobs;
use bellwether::output::coverage::write_table;

fn main() -> Result<(), Box<dyn std::error::Error>> {
    let returns = std::env::args().skip(1).map(|word| word.parse()).collect::<Result<Vec<usize>, _>>()?;
    let returns = if returns.is_empty() { vec![78] } else { returns };
    // Two-factor stochastic volatility with leverage; every interval there is.
    let coverage = Coverage { returns, confidences: vec![0.95, 0.99], ..Coverage::default() };
    let rows = coverage.run(&Jobs::all_cores()?, &())?;
    write_table(&coverage, &rows, &mut std::io::stdout().lock())?;
    Ok(())
}
