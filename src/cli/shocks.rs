//! Shocks as they are typed: `--shocks` and what goes with it.

use std::path::Path;

use clap::Args;

use crate::error::{Error, Result};
use crate::figures::figure;
use crate::growth::{Chain, RowSums};

/// What the user typed.
#[derive(Debug, Args)]
pub(super) struct ShockArgs {
    /// Productivity shocks: rouwenhorst or tauchen, which approximate ln z' = ρ ln z + ε by a Markov chain,
    /// or a CSV file with a row for each state, its productivity and the probabilities of the next state.
    #[arg(long, value_name = "CHAIN", help_heading = "Shocks")]
    shocks: Option<String>,
    /// States of the chain [default: 7].
    #[arg(long, value_name = "N", requires = "shocks", help_heading = "Shocks")]
    states: Option<usize>,
    /// Autocorrelation ρ of log productivity, between -1 and 1 [default: 0.95].
    #[arg(long, value_name = "RHO", requires = "shocks", help_heading = "Shocks")]
    persistence: Option<f64>,
    /// Standard deviation of the shocks ε [default: 0.007].
    #[arg(long, value_name = "SIGMA", requires = "shocks", help_heading = "Shocks")]
    deviation: Option<f64>,
    /// With tauchen: how far the states reach, in standard deviations of log productivity [default: 3].
    #[arg(long, value_name = "M", requires = "shocks", help_heading = "Shocks")]
    width: Option<f64>,
    /// With a file: what is done with rows of probabilities that do not sum to 1 [default: one].
    #[arg(long, value_enum, requires = "shocks", help_heading = "Shocks")]
    row_sums: Option<RowSums>,
}

/// A chain and what it is.
#[derive(Debug)]
pub(super) struct Shocks {
    pub chain: Chain,
    /// In words.
    pub description: String,
}

impl ShockArgs {
    /// The chain that was asked for; none without `--shocks`.
    pub(super) fn chain(&self) -> Result<Option<Shocks>> {
        let Some(shocks) = &self.shocks else { return Ok(None) };
        let Self { states, persistence, deviation, width, row_sums, .. } = self;
        let (count, rho, sd) = (states.unwrap_or(7), persistence.unwrap_or(0.95), deviation.unwrap_or(0.007));
        let autoregression = |name: &str| format!("{name}, ρ = {}, σ_ε = {}", figure(rho), figure(sd));
        let (chain, description) = match shocks.as_str() {
            "rouwenhorst" => {
                unused("width", *width, "the states of tauchen reach so far; leave it out")?;
                (Chain::rouwenhorst(rho, sd, count)?, autoregression("Rouwenhorst"))
            }
            "tauchen" => {
                let width = width.unwrap_or(3.0);
                (Chain::tauchen(rho, sd, count, width)?, autoregression("Tauchen"))
            }
            file => {
                let own = "a chain from a file has its own; leave it out";
                unused("states", states.map(|n| n as f64), own)?;
                unused("rho", *persistence, own)?;
                unused("shock_sd", *deviation, own)?;
                unused("width", *width, own)?;
                (Chain::read(Path::new(file), row_sums.unwrap_or_default())?, format!("from {file}"))
            }
        };
        if let (Some(row_sums), "rouwenhorst" | "tauchen") = (row_sums, shocks.as_str()) {
            return Err(Error::Parameter {
                name: "row_sums",
                value: format!("{row_sums:?}").to_lowercase(),
                requirement: "it is for a chain from a file; leave it out".into(),
            });
        }
        let states = chain.states();
        let description = format!(
            "{} of productivity from {:.6} to {:.6}, {description}",
            match states.len() {
                1 => "1 state".into(),
                n => format!("{n} states"),
            },
            states[0],
            states[states.len() - 1],
        );
        Ok(Some(Shocks { chain, description }))
    }
}

/// Refuses what has been typed, and would not be used.
fn unused(name: &'static str, typed: Option<f64>, requirement: &str) -> Result<()> {
    match typed {
        None => Ok(()),
        Some(value) => Err(Error::Parameter { name, value: figure(value), requirement: requirement.into() }),
    }
}
