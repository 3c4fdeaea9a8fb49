//! Simulated paths: productivity drawn from its chain, capital by the policy of a solution.
//!
//! In period t the economy has capital k_t and productivity z_t (a state of the chain). With the policy k′,
//!
//! ```text
//! y_t = z_t k_t^α,   k_{t+1} = k′(k_t, z_t),   i_t = k_{t+1} − (1−δ) k_t,   c_t = y_t − i_t
//! ```
//!
//! all in units of the good, a period; z is a multiple of output. c is computed as resources z k^α + (1−δ) k
//! less k′.
//!
//! **The policy** is the solution's own: by collocation its polynomials; otherwise, with continuous choice,
//! lines between the nodes, as in the Euler errors; with choice on the grid the point that was chosen, so
//! that a path stays on grid points (it starts at the nearest one). Capital is kept on the range of the grid,
//! and periods that begin at one of its ends are counted.
//!
//! **The start** is the steady state's capital k*, or the end of the grid that is nearest to it, and the
//! middle state (the lower of two), unless said otherwise. `burn_in` periods are drawn and dropped before the
//! first that counts: by default 1,000, after which a deviation from the long run that fades by 1 % a period
//! is 4e-5 of itself.
//!
//! **Draws.** From period s to s + 1, s = 0, 1, … from the start and so including the burn-in, the next state
//! is drawn with the 64-bit number u_s: words 2s (low half) and 2s + 1 (high half) of the stream with purpose
//! [`Productivity`](crate::random::Purpose::Productivity), day 0, and the path's number as sample. With the
//! sums S_j = P(z, 1) + … + P(z, j), in f64 and in this order,
//!
//! ```text
//! z′ = the first j with u_s < ⌊2^64 (S_j / S_n)⌋,   else n
//! ```
//!
//! an exact comparison of integers. Rows that do not sum to 1 are so divided by their sums: V may be
//! discounted by what they sum to, but something must follow. A state with P(z, z′) = 0 never follows, and
//! all others do so with their probability up to n 2⁻⁵³. A path of T periods is the beginning of a longer
//! one with the same seed and burn-in. In NumPy, with `row` a row of P and `u` a Python integer:
//!
//! ```text
//! sums = numpy.cumsum(row)
//! state = sum(u >= int(share * 2.0**64) for share in (sums / sums[-1])[:-1])
//! ```
//!
//! Moments are those of Ljungqvist and Sargent, "Recursive Macroeconomic Theory" (chapter 2); see
//! [`Moments`].

mod draw;
mod moments;
#[cfg(test)]
mod tests;

use std::ops::ControlFlow;

use self::draw::NextState;
use self::moments::Accumulator;
pub use self::moments::{Moment, Moments};
pub(super) use self::moments::{OUTPUT, VARIABLES};
use super::choice::Choice;
use super::collocation::Collocation;
use super::memory::check_reservable;
use super::problem::Problem;
use super::solve::Solution;
use crate::error::{Error, Result};
use crate::figures::{figure, grouped};

/// The most periods of a path, and of a burn-in: hours of work.
const MOST_PERIODS: u64 = 1_000_000_000;

/// Periods that are done together: between them the observer is asked, and sums are merged.
const PERIODS_A_CHUNK: usize = 4096;

/// What is simulated: so many periods, and from where.
///
/// ```
/// # use bellwether::growth::Simulation;
/// let simulation = Simulation::new(10_000).seed(7).burn_in(0);
/// assert_eq!(simulation.burn_in, 0);
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Simulation {
    /// Periods T that count, from 2 to 1,000,000,000.
    pub length: u64,
    /// Periods before them, at most 1,000,000,000.
    pub burn_in: u64,
    /// Seed of the random stream.
    pub seed: u64,
    /// Number of the path: each has draws of its own.
    pub path: u32,
    /// Capital at the start; none is the steady state's, or the nearest end of the grid.
    pub from_capital: Option<f64>,
    /// State at the start, a number from 0; none is the middle one.
    pub from_state: Option<usize>,
    /// Whether the share of time at each node is counted, for [`Simulated::shares`].
    pub shares: bool,
}

impl Simulation {
    /// The burn-in where none is named.
    pub const BURN_IN: u64 = 1000;

    /// `length` periods after the default burn-in, from the default start.
    pub fn new(length: u64) -> Self {
        Self {
            length,
            burn_in: Self::BURN_IN,
            seed: 0,
            path: 0,
            from_capital: None,
            from_state: None,
            shares: false,
        }
    }

    /// With this seed of the random stream.
    pub fn seed(self, seed: u64) -> Self {
        Self { seed, ..self }
    }

    /// After so many periods that do not count.
    pub fn burn_in(self, burn_in: u64) -> Self {
        Self { burn_in, ..self }
    }

    /// The path of this number.
    pub fn path(self, path: u32) -> Self {
        Self { path, ..self }
    }

    /// From this capital, in the units of k.
    pub fn from_capital(self, capital: f64) -> Self {
        Self { from_capital: Some(capital), ..self }
    }

    /// From this state, a number from 0.
    pub fn from_state(self, state: usize) -> Self {
        Self { from_state: Some(state), ..self }
    }

    /// With the share of time at each node.
    pub fn with_shares(self) -> Self {
        Self { shares: true, ..self }
    }

    /// Whether it makes sense for `problem`; capital and state at the start.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] with the parameter that does not.
    pub fn check(&self, problem: &Problem) -> Result<(f64, usize)> {
        let refuse =
            |name, value: String, requirement: String| Err(Error::Parameter { name, value, requirement });
        let most = grouped(MOST_PERIODS);
        if !(2..=MOST_PERIODS).contains(&self.length) {
            let requirement = format!("a simulated path has between 2 and {most} periods");
            return refuse("length", self.length.to_string(), requirement);
        }
        if self.burn_in > MOST_PERIODS {
            let requirement = format!("at most {most} periods can be dropped before the path");
            return refuse("burn_in", self.burn_in.to_string(), requirement);
        }
        let states = problem.states();
        let state = self.from_state.unwrap_or((states - 1) / 2);
        if state >= states {
            let requirement = match states {
                1 => "productivity has one state, number 1".to_string(),
                _ => format!("the states of productivity have the numbers 1 to {states}"),
            };
            return refuse("from_state", state.wrapping_add(1).to_string(), requirement);
        }
        let (lowest, highest) = problem.grid().ends();
        let capital = match self.from_capital {
            None => problem.model().steady_state().capital.clamp(lowest, highest),
            Some(capital) if (lowest..=highest).contains(&capital) => capital,
            Some(capital) => {
                let requirement = format!(
                    "the grid runs from {} to {}; choose a capital there, or widen it by `low` and `high`",
                    figure(lowest),
                    figure(highest)
                );
                return refuse("from_capital", figure(capital), requirement);
            }
        };
        let capital = match problem.choice() {
            Choice::Continuous => capital,
            Choice::Grid => problem.capital()[nearest(problem, capital)],
        };
        Ok((capital, state))
    }
}

/// One period of a simulated path.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct SimulatedPeriod {
    /// Period, from 0, after the burn-in.
    pub period: u64,
    /// Capital k at the start of the period.
    pub k: f64,
    /// Productivity z.
    pub z: f64,
    /// Consumption c.
    pub c: f64,
    /// Output y = z k^α.
    pub y: f64,
    /// Gross investment i = k′ − (1−δ) k.
    pub i: f64,
}

/// k′ as a function of state and capital.
#[derive(Debug, Clone, Copy)]
enum Policy<'a> {
    /// Lines between k′ at the nodes, Z × N.
    Lines(&'a [f64]),
    /// The grid point chosen at each node, Z × N.
    Points(&'a [f64]),
    /// A function of its own.
    Collocation(&'a Collocation),
}

impl Policy<'_> {
    fn capital_next(&self, problem: &Problem, state: usize, capital: f64) -> f64 {
        let (lowest, highest) = problem.grid().ends();
        let next = match self {
            Self::Lines(at_nodes) => problem.interpolate(problem.of(state, at_nodes), capital),
            Self::Points(at_nodes) => problem.of(state, at_nodes)[nearest(problem, capital)],
            Self::Collocation(solution) => solution.capital_next(state, capital),
        };
        next.clamp(lowest, highest)
    }
}

/// The number of the grid point that is nearest to `capital`.
fn nearest(problem: &Problem, capital: f64) -> usize {
    let (j, points) = (problem.segment(capital), problem.capital());
    if capital - points[j] > points[j + 1] - capital { j + 1 } else { j }
}

/// The periods of a path, one after another: nothing is held but the present.
///
/// ```
/// use bellwether::growth::{Chain, Choice, GridSpec, Model, Problem, Settings, solve};
/// use bellwether::growth::{Simulation, Simulator};
///
/// let chain = Chain::rouwenhorst(0.95, 0.007, 3)?;
/// let problem =
///     Problem::with_shocks(Model::default(), chain, GridSpec::default(), Choice::Continuous)?;
/// let solution = solve(&problem, &Settings::for_choice(Choice::Continuous), &mut |_| ())?;
/// let path = Simulator::new(&problem, &solution, &Simulation::new(100))?;
/// assert!(path.map(|period| period.c).all(|c| (1.0..1.3).contains(&c)));
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Debug, Clone)]
pub struct Simulator<'a> {
    problem: &'a Problem,
    policy: Policy<'a>,
    next_state: NextState,
    simulation: Simulation,
    /// Periods since the start.
    time: u64,
    state: usize,
    capital: f64,
}

impl<'a> Simulator<'a> {
    /// The path of `simulation` under the policy of `solution`.
    ///
    /// # Errors
    ///
    /// As [`Simulation::check`].
    pub fn new(problem: &'a Problem, solution: &'a Solution, simulation: &Simulation) -> Result<Self> {
        let (capital, state) = simulation.check(problem)?;
        let policy = match (&solution.collocation, problem.choice()) {
            (Some(collocation), _) => Policy::Collocation(collocation),
            (None, Choice::Continuous) => Policy::Lines(&solution.capital_next),
            (None, Choice::Grid) => Policy::Points(&solution.capital_next),
        };
        let next_state = NextState::new(problem.chain(), simulation.seed, simulation.path);
        Ok(Self { problem, policy, next_state, simulation: *simulation, time: 0, state, capital })
    }

    /// State in the coming period, a number from 0.
    pub fn state(&self) -> usize {
        self.state
    }

    /// Capital in the coming period.
    pub fn capital(&self) -> f64 {
        self.capital
    }

    /// Capital one period on, which is then the present one; before that the next state.
    fn advance(&mut self) -> f64 {
        let next = self.policy.capital_next(self.problem, self.state, self.capital);
        self.state = self.next_state.draw(self.state, self.time);
        self.capital = next;
        self.time += 1;
        next
    }

    /// Does periods of the burn-in, some of those that are left; none where it is over.
    fn burn(&mut self) -> u64 {
        let periods = (self.simulation.burn_in.saturating_sub(self.time)).min(PERIODS_A_CHUNK as u64);
        for _ in 0..periods {
            self.advance();
        }
        periods
    }
}

impl Iterator for Simulator<'_> {
    type Item = SimulatedPeriod;

    fn next(&mut self) -> Option<SimulatedPeriod> {
        while self.burn() > 0 {}
        let period = self.time - self.simulation.burn_in;
        if period == self.simulation.length {
            return None;
        }
        let model = self.problem.model();
        let (k, z) = (self.capital, self.problem.chain().states()[self.state]);
        let next = self.advance();
        let (y, kept) = (z * model.output(k), (1.0 - model.delta()) * k);
        Some(SimulatedPeriod { period, k, z, c: y + kept - next, y, i: next - kept })
    }
}

/// What a simulated path says about the long run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Simulated {
    /// Periods T.
    pub length: u64,
    /// Periods before them.
    pub burn_in: u64,
    /// Seed of the random stream.
    pub seed: u64,
    /// Number of the path.
    pub path: u32,
    /// Capital at the start, before the burn-in.
    pub from_capital: f64,
    /// Productivity at the start.
    pub from_productivity: f64,
    /// Periods that begin with capital at an end of the grid.
    pub at_ends: u64,
    /// Periods in each state, Z.
    pub visits: Vec<u64>,
    /// Moments of the path.
    pub moments: Moments,
    /// Share of the periods at each node, Z × N, where it was asked for: a period between two nodes counts
    /// at both, the more so the nearer.
    #[serde(skip)]
    pub shares: Option<Vec<f64>>,
}

/// Simulates the path of `simulation` under the policy of `solution`, in memory that does not grow with it.
/// `observe` is told how many periods have been done since it was last asked, those of the burn-in included.
///
/// # Errors
///
/// As [`Simulation::check`]; [`Error::Memory`] where the system does not give the memory for the shares;
/// [`Error::Cancelled`] where `observe` breaks.
pub fn simulate(
    problem: &Problem,
    solution: &Solution,
    simulation: &Simulation,
    observe: &mut dyn FnMut(u64) -> ControlFlow<()>,
) -> Result<Simulated> {
    let mut path = Simulator::new(problem, solution, simulation)?;
    let (from_capital, from_state) = (path.capital, path.state);
    let mut shares = match simulation.shares {
        true => {
            let what = || format!("the shares of {} nodes", problem.nodes());
            check_reservable(what, problem.nodes() as u64 * 8, "choose a smaller `points`")?;
            Some(vec![0.0; problem.nodes()])
        }
        false => None,
    };
    let mut tell = |periods: u64| match observe(periods) {
        ControlFlow::Continue(()) => Ok(()),
        ControlFlow::Break(()) => Err(Error::Cancelled),
    };
    loop {
        match path.burn() {
            0 => break,
            periods => tell(periods)?,
        }
    }
    let (lowest, highest) = problem.grid().ends();
    let mut visits = vec![0; problem.states()];
    let mut at_ends = 0;
    let mut sums = Accumulator::default();
    let mut chunk = Vec::with_capacity(PERIODS_A_CHUNK);
    loop {
        chunk.clear();
        while chunk.len() < PERIODS_A_CHUNK {
            let state = path.state;
            let Some(period) = path.next() else { break };
            visits[state] += 1;
            at_ends += u64::from(period.k <= lowest || period.k >= highest);
            if let Some(shares) = &mut shares {
                let (j, share) = lottery(problem, period.k);
                let node = state * problem.len() + j;
                shares[node] += 1.0 - share;
                shares[node + 1] += share;
            }
            chunk.push(period);
        }
        if chunk.is_empty() {
            break;
        }
        sums.add(&chunk);
        tell(chunk.len() as u64)?;
    }
    if let Some(shares) = &mut shares {
        shares.iter_mut().for_each(|share| *share /= simulation.length as f64);
    }
    Ok(Simulated {
        length: simulation.length,
        burn_in: simulation.burn_in,
        seed: simulation.seed,
        path: simulation.path,
        from_capital,
        from_productivity: problem.chain().states()[from_state],
        at_ends,
        visits,
        moments: sums.moments(),
        shares,
    })
}

/// The segment j with k_j ≤ k ≤ k_{j+1}, and the share of k that belongs to k_{j+1}, from 0 to 1: a lottery
/// between the two with this probability of the second has the mean k.
pub(super) fn lottery(problem: &Problem, capital: f64) -> (usize, f64) {
    let (j, points) = (problem.segment(capital), problem.capital());
    let share = (capital - points[j]) / (points[j + 1] - points[j]);
    (j, share.clamp(0.0, 1.0))
}
