//! Why the growth model could not be solved as asked.

use std::path::PathBuf;

use crate::figures::{figure, upper};

/// Why the growth model could not be solved as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrowthError {
    /// Nothing is left to consume at the lower end of the grid, even when capital is run down to it.
    #[error(
        "`low` is {0}, but consumption must be positive at every grid point, and from {1} k* on depreciation \
         takes all that is produced{2}; choose `low` below {1}",
        figure(*low), figure(*largest),
        if *productivity == 1.0 { String::new() } else {
            format!(" with productivity {}", figure(*productivity))
        }
    )]
    Consumption {
        /// The lower end, as a multiple of k*.
        low: f64,
        /// What it must stay below.
        largest: f64,
        /// Productivity in the state where that is so; 1 without shocks.
        productivity: f64,
    },
    /// Rounding in f64 makes the tolerance impossible to guarantee.
    #[error(
        "`tolerance` is {asked:e}, but rounding in 64-bit floating point allows this problem {measure} of \
         {reachable:e} at best; ask for that or more"
    )]
    Tolerance {
        /// The tolerance asked for.
        asked: f64,
        /// What the stopping rule looks at.
        measure: &'static str,
        /// One that can be reached.
        reachable: f64,
    },
    /// No grid that is tried gives the accuracy.
    #[error(
        "`accuracy` is {asked:e}, but the true value function can be enclosed to {reachable:e} with {points} \
         grid points, the most that are tried; ask for that or more"
    )]
    Accuracy {
        /// The accuracy asked for.
        asked: f64,
        /// One that can be reached.
        reachable: f64,
        /// The most grid points.
        points: usize,
    },
    /// A figure has left the range of f64, or is lost in rounding.
    #[error(
        "{what} at capital {} is not a finite number: 64-bit floating point cannot hold this problem there, \
         as consumption is lost in the rounding of resources or its utility overflows; move `low` and `high` \
         towards 1, or `beta`, `delta` and `alpha` away from their ends",
        figure(*capital)
    )]
    NotFinite {
        /// What is not finite.
        what: &'static str,
        /// Capital at a grid point, of the grid itself or of a coarser one, where that is so.
        capital: f64,
    },
    /// A file of a Markov chain is malformed.
    #[error("{}{}: {problem}", path.display(), line.map(|line| format!(":{line}")).unwrap_or_default())]
    ChainFile {
        /// The file.
        path: PathBuf,
        /// The line, from 1, where it is one.
        line: Option<u64>,
        /// What is wrong, and what to do.
        problem: String,
    },
    /// The distribution in the long run does not settle.
    #[error(
        "the distribution of capital and productivity still changes by {} after {iterations} iterations: \
         capital or productivity moves too slowly; choose a chain that is less persistent, or simulate",
        upper(*change, 1)
    )]
    Ergodic {
        /// Iterations done.
        iterations: usize,
        /// The last change in sum.
        change: f64,
    },
    /// Collocation found no solution.
    #[error("collocation finds no solution: {reason}")]
    Collocation {
        /// Why.
        reason: String,
    },
    /// The iterations allowed were not enough.
    #[error(
        "no solution after {iterations} iterations: {measure} is still {}, above `tolerance` {tolerance:e}; \
         {advice}",
        upper(*reached, 1)
    )]
    NotConverged {
        /// Iterations done.
        iterations: usize,
        /// What the stopping rule looks at.
        measure: &'static str,
        /// Its last value.
        reached: f64,
        /// What it had to reach.
        tolerance: f64,
        /// What to do.
        advice: &'static str,
    },
}
