//! The flags of `bellwether growth`.

use std::path::PathBuf;

use clap::{ArgGroup, Args};

use super::device::DeviceArgs;
use super::parse_seed;
use super::shocks::ShockArgs;
use crate::growth::{Choice, Maximizer, Method, Spacing, Stop};
use crate::output::Format;

/// What the user typed.
#[derive(Debug, Args)]
#[command(allow_negative_numbers = true)]
#[command(group(ArgGroup::new("started").args(["path", "simulate"]).multiple(true)))]
pub(super) struct GrowthArgs {
    /// Relative risk aversion σ > 0; 1 is logarithmic utility.
    #[arg(long, default_value_t = 2.0, help_heading = "Model")]
    pub(super) sigma: f64,
    /// Discount factor, between 0 and 1.
    #[arg(long, default_value_t = 0.95, help_heading = "Model")]
    pub(super) beta: f64,
    /// Depreciation of capital a period, above 0 and at most 1.
    #[arg(long, default_value_t = 0.1, help_heading = "Model")]
    pub(super) delta: f64,
    /// Capital share of output k^α, between 0 and 1.
    #[arg(long, default_value_t = 0.33, help_heading = "Model")]
    pub(super) alpha: f64,

    /// The error of V that is allowed, against the true value function of the economy, in units of utility:
    /// the number of grid points follows [default: 1e-4, unless a flag speaks of a grid or of iterations on
    /// it].
    #[arg(long, value_name = "A", help_heading = "Accuracy or grid")]
    pub(super) accuracy: Option<f64>,
    /// Number of grid points, instead of an accuracy [default: the lecture's 100].
    #[arg(long, value_name = "N", help_heading = "Accuracy or grid")]
    pub(super) grid: Option<usize>,
    /// Lower end of the grid, as a multiple of the steady state's capital.
    #[arg(long, default_value_t = 0.25, help_heading = "Accuracy or grid")]
    pub(super) low: f64,
    /// Upper end of the grid, as a multiple of the steady state's capital.
    #[arg(long, default_value_t = 1.75, help_heading = "Accuracy or grid")]
    pub(super) high: f64,
    /// Spacing of the grid points [default: linear; log with an accuracy].
    #[arg(long, value_enum, help_heading = "Accuracy or grid")]
    pub(super) grid_spacing: Option<Spacing>,
    /// Where next period's capital may lie [default: continuous].
    #[arg(long, value_enum, help_heading = "Accuracy or grid")]
    pub(super) choice: Option<Choice>,

    /// How V is found [default: collocation; with a grid accelerated; on a GPU egm, or howard with --choice
    /// grid].
    #[arg(long, value_enum, help_heading = "Method")]
    pub(super) method: Option<Method>,
    /// How the best next capital is found [default: cell, or sweep with --choice grid; on a GPU cell, or
    /// brute].
    #[arg(long, value_enum, help_heading = "Method")]
    pub(super) maximizer: Option<Maximizer>,
    /// When iterations on a grid stop: at a guaranteed iteration error, or at a small change [default:
    /// bound].
    #[arg(long, value_enum, help_heading = "Method")]
    pub(super) stop: Option<Stop>,
    /// The iteration error: the distance of V to the exact solution on this grid, which is not its distance
    /// to the true V; or the change; in units of utility [default: 1e-6].
    #[arg(long, help_heading = "Method")]
    pub(super) tolerance: Option<f64>,
    /// Give up after this many iterations [default: 100,000].
    #[arg(long, value_name = "N", help_heading = "Method")]
    pub(super) max_iterations: Option<usize>,

    #[command(flatten)]
    pub(super) shocks: ShockArgs,

    #[command(flatten)]
    pub(super) simulation: SimulationArgs,

    #[command(flatten)]
    pub(super) device: DeviceArgs,

    /// Write the solution to this file instead of standard output.
    #[arg(short, long, value_name = "FILE", help_heading = "Output")]
    pub(super) output: Option<PathBuf>,
    /// Format of the solution and of the paths [default: by each file's extension, else csv].
    #[arg(long, value_enum, help_heading = "Output")]
    pub(super) format: Option<Format>,
    /// Also compute the transition path of this many periods.
    #[arg(long, value_name = "T", requires_all = ["from_capital", "path_output"], help_heading = "Output")]
    pub(super) path: Option<usize>,
    /// Capital at the start of the path, in the units of k [default, of a simulated one: that of the steady
    /// state].
    #[arg(long, value_name = "K0", requires = "started", help_heading = "Output")]
    pub(super) from_capital: Option<f64>,
    /// File for the path.
    #[arg(long, value_name = "FILE", requires = "path", help_heading = "Output")]
    pub(super) path_output: Option<PathBuf>,
    /// Picture of the value function, the policy and the Euler errors, of the transition path, and with
    /// --ergodic of capital in the long run: a file that ends in .svg or .png.
    #[arg(long, value_name = "FILE", help_heading = "Output")]
    pub(super) plot: Option<PathBuf>,
}

/// What the user typed about simulated paths.
#[derive(Debug, Args)]
pub(super) struct SimulationArgs {
    /// Simulate a path of this many periods from the solved policy, and print the moments of capital,
    /// productivity, consumption, output and investment.
    #[arg(long, value_name = "T", help_heading = "Simulation")]
    pub(super) simulate: Option<u64>,
    /// Seed of the random stream that productivity is drawn from [default: 0].
    #[arg(long, value_name = "N", value_parser = parse_seed, requires = "simulate")]
    #[arg(help_heading = "Simulation")]
    pub(super) seed: Option<u64>,
    /// Periods that are drawn and dropped before the first that counts [default: 1000].
    #[arg(long, value_name = "N", requires = "simulate", help_heading = "Simulation")]
    pub(super) burn_in: Option<u64>,
    /// Productivity at the start: the number of its state, from 1 [default: the middle one].
    #[arg(long, value_name = "STATE", requires = "simulate", help_heading = "Simulation")]
    pub(super) from_state: Option<usize>,
    /// File for the simulated path: period, k, z, c, y (output) and i (investment).
    #[arg(long, value_name = "FILE", requires = "simulate", help_heading = "Simulation")]
    pub(super) paths: Option<PathBuf>,
    /// File for the distribution of capital and productivity in the long run, computed by Young's histogram
    /// method: z, k, probability, and beside it the share of the simulated periods. Its moments are printed.
    #[arg(long, value_name = "FILE", help_heading = "Simulation")]
    pub(super) ergodic: Option<PathBuf>,
}
