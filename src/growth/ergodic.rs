//! The distribution of capital and productivity in the long run, computed without draws.
//!
//! Young (2010), "Solving the incomplete markets model with aggregate uncertainty using the Krusell-Smith
//! algorithm and non-stochastic simulations", Journal of Economic Dynamics and Control 34: the distribution
//! is a histogram over the nodes, with probability λ(z, i) at productivity z and capital k_i. Whoever is
//! there has k′(z, i) next. Between the grid points around it, k_j ≤ k′ ≤ k_{j+1}, a lottery decides whose
//! mean is k′, and productivity moves by its chain:
//!
//! ```text
//! ω(z, i)   = (k′(z, i) − k_j) / (k_{j+1} − k_j)
//! λ′(z′, l) = Σ_z P(z, z′) Σ_i λ(z, i) [ (1 − ω) 1{l = j} + ω 1{l = j+1} ]
//! ```
//!
//! Of this sparse Markov chain λ = λ′ is found by iteration from k* and the chain's own stationary
//! distribution, until Σ |λ′ − λ| ≤ 1e-12. Where that does not fall any more, as the chain is periodic, half
//! of each step is taken, which has the same fixed points. Rows of P that do not sum to 1 are divided by
//! their sums, as in simulated paths.
//!
//! Means of k′ are kept exactly. The lottery adds to the variance of k′ up to h²/4, where h is the distance
//! of the points around it, each period; what it adds to that of k is 1/(1 − (∂k′/∂k)²) times as much, and
//! what it adds is noise, which lowers the autocorrelation. All of it is of second order in h: twice as many
//! grid points leave a quarter. With choice on the grid k′ is a point, and nothing is added.
//!
//! **Moments** are those of [`Moments`](super::Moments), with sums over λ for sums over time, and the next
//! period's values by the same lottery.

use std::ops::ControlFlow;

use rayon::prelude::*;

use super::chain::{Chain, RowSums};
use super::error::GrowthError;
use super::memory::check_reservable;
use super::problem::Problem;
use super::rows::ROWS_A_TASK;
use super::simulate::{Moment, Moments, OUTPUT, Simulation, VARIABLES, lottery};
use super::solve::Solution;
use crate::error::{Error, Result};

/// The L1 change at which the distribution is taken to have arrived.
const SETTLED: f64 = 1e-12;

/// Iterations after which a change that does not fall is taken to be that of a periodic chain.
const PATIENCE: usize = 2000;

/// The most iterations.
const MOST_ITERATIONS: usize = 500_000;

/// Probabilities below this are left out: arithmetic with figures that are next to 0 is slow.
const NOTHING: f64 = 1e-250;

/// The distribution of capital and productivity in the long run.
#[derive(Debug, Clone, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct Ergodic {
    /// λ at the nodes, Z × N; it sums to 1.
    #[serde(skip)]
    pub probability: Vec<f64>,
    /// Iterations done.
    pub iterations: usize,
    /// The last of them changed λ by this much in sum.
    pub change: f64,
    /// Probability of the grid's first and last point: that of an economy whose capital is kept on the grid,
    /// where it is not about 0.
    pub at_ends: f64,
    /// Moments of the distribution.
    pub moments: Moments,
}

/// The distribution of capital and productivity in the long run under the policy of `solution`. Where it is
/// not unique, it is that to which the default start of a [`Simulation`] leads. `observe` is asked after each
/// iteration, and told the change.
///
/// # Errors
///
/// [`Error::Memory`] where the system does not give the memory, [`GrowthError::Ergodic`] where the
/// distribution does not settle, [`Error::Cancelled`] where `observe` breaks.
pub fn ergodic(
    problem: &Problem,
    solution: &Solution,
    observe: &mut dyn FnMut(f64) -> ControlFlow<()>,
) -> Result<Ergodic> {
    let nodes = problem.nodes();
    let what = || format!("the distribution over {nodes} nodes");
    // λ, λ′, what is between them, segments and shares, figures for the moments.
    check_reservable(what, 9 * 8 * nodes as u64, "choose a smaller `points`")?;
    let mut histogram = Histogram::new(problem, &solution.capital_next)?;
    let (mut iterations, mut change, mut lazy) = (0, f64::INFINITY, false);
    let mut earlier = f64::INFINITY;
    while change > SETTLED {
        if iterations == MOST_ITERATIONS {
            return Err(GrowthError::Ergodic { iterations, change }.into());
        }
        if iterations % PATIENCE == PATIENCE - 1 {
            lazy = lazy || change > 0.5 * earlier;
            earlier = change;
        }
        change = histogram.step(lazy);
        iterations += 1;
        if observe(change).is_break() {
            return Err(Error::Cancelled);
        }
    }
    let total: f64 = histogram.probability.iter().sum();
    histogram.probability.iter_mut().for_each(|p| *p /= total);
    let n = problem.len();
    let at_ends = histogram.probability.chunks(n).map(|of_state| of_state[0] + of_state[n - 1]).sum();
    let moments = histogram.moments(problem, &solution.capital_next);
    Ok(Ergodic { probability: histogram.probability, iterations, change, at_ends, moments })
}

/// The Markov chain on the nodes, and a distribution.
struct Histogram {
    /// Rows that sum to 1.
    chain: Chain,
    /// Of k′ at each node the segment j and the share ω, Z × N.
    segments: Vec<(usize, f64)>,
    /// λ, Z × N.
    probability: Vec<f64>,
    /// After the lottery and before productivity moves, and λ′.
    between: Vec<f64>,
    next: Vec<f64>,
    /// First and last grid point with some probability in any state.
    support: (usize, usize),
}

impl Histogram {
    fn new(problem: &Problem, policy: &[f64]) -> Result<Self> {
        let (n, nodes) = (problem.len(), problem.nodes());
        let chain = problem.chain();
        let chain = Chain::new(chain.states().to_vec(), chain.transition().to_vec(), RowSums::Scaled)?;
        let (lowest, highest) = problem.grid().ends();
        let segments = policy.iter().map(|next| lottery(problem, next.clamp(lowest, highest))).collect();
        let (capital, state) = Simulation::new(2).check(problem)?;
        let states = chain.stationary().unwrap_or_else(|_| {
            let mut start = vec![0.0; chain.len()];
            start[state] = 1.0;
            start
        });
        let (j, share) = lottery(problem, capital);
        let mut probability = vec![0.0; nodes];
        for (of_state, p) in probability.chunks_mut(n).zip(states) {
            of_state[j] = p * (1.0 - share);
            of_state[j + 1] = p * share;
        }
        let (between, next) = (vec![0.0; nodes], vec![0.0; nodes]);
        Ok(Self { chain, segments, probability, between, next, support: (j, j + 1) })
    }

    /// One period, or half of one where `lazy`; the change in sum.
    fn step(&mut self, lazy: bool) -> f64 {
        let Self { chain, segments, probability, between, next, support } = self;
        let n = probability.len() / chain.len();
        let (first, last) = *support;
        // The lottery; where λ′ may have something then.
        let scatter = |(state, between): (usize, &mut [f64])| {
            between.fill(0.0);
            let (mut low, mut high) = (n, 0);
            for node in state * n + first..=state * n + last {
                let (p, (j, share)) = (probability[node], segments[node]);
                if p > NOTHING {
                    between[j] += p * (1.0 - share);
                    between[j + 1] += p * share;
                    (low, high) = (low.min(j), high.max(j + 1));
                }
            }
            (low, high)
        };
        let join = |a: (usize, usize), b: (usize, usize)| (a.0.min(b.0), a.1.max(b.1));
        let is_small = probability.len() <= ROWS_A_TASK;
        let (low, high) = match is_small {
            true => between.chunks_mut(n).enumerate().map(scatter).fold((n, 0), join),
            false => between.par_chunks_mut(n).enumerate().map(scatter).reduce(|| (n, 0), join),
        };
        let (low, high) = if lazy { join((low, high), (first, last)) } else { (low, high) };
        let (all_low, all_high) = join((low, high), (first, last));
        // Productivity.
        let between = &*between;
        let mix = |(to, (next, old)): (usize, (&mut [f64], &[f64]))| {
            next.fill(0.0);
            for from in 0..chain.len() {
                let p = chain.row(from)[to];
                if p > 0.0 {
                    let between = &between[from * n + low..=from * n + high];
                    next[low..=high].iter_mut().zip(between).for_each(|(sum, b)| *sum += p * b);
                }
            }
            let mut change = 0.0;
            for (next, old) in next[all_low..=all_high].iter_mut().zip(&old[all_low..=all_high]) {
                if lazy {
                    *next = 0.5 * (*next + old);
                }
                change += (*next - old).abs();
            }
            change
        };
        let changes: Vec<f64> = match is_small {
            true => next.chunks_mut(n).zip(probability.chunks(n)).enumerate().map(mix).collect(),
            false => next.par_chunks_mut(n).zip(probability.par_chunks(n)).enumerate().map(mix).collect(),
        };
        std::mem::swap(probability, next);
        *support = (low, high);
        // In the order of the states, whatever the threads.
        changes.iter().sum()
    }

    /// The moments of λ.
    fn moments(&self, problem: &Problem, policy: &[f64]) -> Moments {
        let (n, model, capital) = (problem.len(), problem.model(), problem.capital());
        let figure = |variable: usize, node: usize| {
            let (k, z) = (capital[node % n], self.chain.states()[node / n]);
            match variable {
                0 => k,
                1 => z,
                2 => problem.resources()[node] - policy[node],
                OUTPUT => z * model.output(k),
                _ => policy[node] - (1.0 - model.delta()) * k,
            }
        };
        let reached = || (0..self.probability.len()).filter(|&node| self.probability[node] > 0.0);
        let mean = |of: &dyn Fn(usize) -> f64| reached().map(|node| self.probability[node] * of(node)).sum();
        let deviations = |variable: usize| -> (f64, Vec<f64>) {
            let m: f64 = mean(&|node| figure(variable, node));
            // The mean of what is left is rounding of the first one.
            let left: f64 = mean(&|node| figure(variable, node) - m);
            (m + left, (0..self.probability.len()).map(|node| figure(variable, node) - (m + left)).collect())
        };
        let (output_mean, output) = deviations(OUTPUT);
        let output_variance: f64 = mean(&|node| output[node] * output[node]);
        let mut expected = vec![0.0; self.probability.len()];
        Moments::from_each(std::array::from_fn::<_, VARIABLES, _>(|variable| {
            let (m, x) = deviations(variable);
            // Given today's state and tomorrow's capital.
            for (state, expected) in expected.chunks_mut(n).enumerate() {
                expected.fill(0.0);
                for (p, x) in self.chain.row(state).iter().zip(x.chunks(n)) {
                    if *p > 0.0 {
                        expected.iter_mut().zip(x).for_each(|(sum, x)| *sum += p * x);
                    }
                }
            }
            let next = |node: usize| {
                let ((j, share), first) = (self.segments[node], node / n * n);
                (1.0 - share) * expected[first + j] + share * expected[first + j + 1]
            };
            Moment::new(
                m,
                mean(&|node| x[node] * x[node]),
                mean(&|node| x[node] * next(node)),
                mean(&|node| x[node] * output[node]),
                (output_mean, output_variance),
            )
        }))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::linear::solve_linear;
    use crate::growth::{Choice, GridSpec, Method, Model, Settings, Spacing, simulate, solve};

    fn go_on(_: f64) -> ControlFlow<()> {
        ControlFlow::Continue(())
    }

    fn solved(model: Model, chain: Chain, spec: GridSpec, choice: Choice) -> (Problem, Solution) {
        let problem = Problem::with_shocks(model, chain, spec, choice).unwrap();
        let solution = solve(&problem, &Settings::for_choice(choice), &mut |_| ()).unwrap();
        (problem, solution)
    }

    /// λ from the dense matrix of the chain on the nodes, by elimination.
    fn dense(problem: &Problem, solution: &Solution) -> Vec<f64> {
        let (n, nodes, capital) = (problem.len(), problem.nodes(), problem.capital());
        // (Mᵀ − I) λ = 0, its last equation replaced by Σ λ = 1.
        let mut matrix = vec![0.0; nodes * nodes];
        for node in 0..nodes {
            matrix[node * nodes + node] -= 1.0;
            let next = solution.capital_next[node];
            // By counting, not by the grid's own search.
            let j = capital[1..n - 1].iter().filter(|&&k| k <= next).count();
            let share = (next - capital[j]) / (capital[j + 1] - capital[j]);
            let row = problem.chain().row(node / n);
            let sum: f64 = row.iter().sum();
            for (to, p) in row.iter().enumerate() {
                matrix[(to * n + j) * nodes + node] += p / sum * (1.0 - share);
                matrix[(to * n + j + 1) * nodes + node] += p / sum * share;
            }
        }
        matrix[(nodes - 1) * nodes..].fill(1.0);
        let mut right = vec![0.0; nodes];
        right[nodes - 1] = 1.0;
        assert!(solve_linear(&mut matrix, &mut right));
        right
    }

    #[test]
    fn the_distribution_is_that_of_the_whole_matrix() {
        let spec = GridSpec::default().points(70).between(0.8, 1.25);
        let alternating = Chain::new(vec![0.98, 1.02], vec![0.0, 1.0, 1.0, 0.0], RowSums::One).unwrap();
        for (chain, choice) in [
            (Chain::rouwenhorst(0.9, 0.01, 3).unwrap(), Choice::Continuous),
            (Chain::rouwenhorst(0.5, 0.01, 3).unwrap(), Choice::Grid),
            (alternating, Choice::Continuous),
            (Chain::certain(), Choice::Continuous),
        ] {
            let (problem, solution) = solved(Model::default(), chain, spec, choice);
            let found = ergodic(&problem, &solution, &mut go_on).unwrap();
            let total: f64 = found.probability.iter().sum();
            assert!((total - 1.0).abs() < 1e-14 && found.change <= SETTLED);
            if choice == Choice::Continuous {
                let expected = dense(&problem, &solution);
                let apart: f64 = found.probability.iter().zip(&expected).map(|(a, b)| (a - b).abs()).sum();
                println!("{} iterations, {apart:.1e} apart", found.iterations);
                assert!(apart < 1e-10, "{apart:e}");
            }
            // Productivity alone has the chain's own distribution.
            let states = problem.chain().stationary().unwrap();
            for (of_state, p) in found.probability.chunks(problem.len()).zip(states) {
                assert!((of_state.iter().sum::<f64>() - p).abs() < 1e-12);
            }
        }
    }

    #[test]
    fn a_chain_that_alternates_settles_where_its_start_leads() {
        // Two pairs of states, each of which alternates: neither is left, and no step alone settles.
        let (zero, one) = (vec![0.0, 1.0, 0.0, 0.0], vec![1.0, 0.0, 0.0, 0.0]);
        let (two, three) = (vec![0.0, 0.0, 0.0, 1.0], vec![0.0, 0.0, 1.0, 0.0]);
        let states = vec![0.98, 0.99, 1.01, 1.02];
        let chain = Chain::new(states, [zero, one, two, three].concat(), RowSums::One).unwrap();
        assert!(chain.stationary().is_err());
        let spec = GridSpec::default().points(40).between(0.9, 1.1);
        let (problem, solution) = solved(Model::default(), chain, spec, Choice::Continuous);
        let found = ergodic(&problem, &solution, &mut go_on).unwrap();
        assert!(found.iterations > PATIENCE);
        let of_state: Vec<f64> = found.probability.chunks(40).map(|p| p.iter().sum()).collect();
        for (p, expected) in of_state.iter().zip([0.5, 0.5, 0.0, 0.0]) {
            assert!((p - expected).abs() < 1e-11, "{of_state:?}");
        }
        assert!((found.moments.z.autocorrelation.unwrap() + 1.0).abs() < 1e-9, "{:?}", found.moments.z);
        let path = simulate(&problem, &solution, &Simulation::new(100), &mut |_| ControlFlow::Continue(()));
        assert!((path.unwrap().moments.k.mean / found.moments.k.mean - 1.0).abs() < 1e-4);
    }

    #[test]
    fn the_closed_form_has_these_moments() {
        // ln k is an autoregression with roots α and ρ, and k is nearly 1 + ln k where shocks are small.
        let (rho, sd, alpha) = (0.9, 1e-4, 0.33);
        let model = Model::new(1.0, 0.95, 1.0, alpha).unwrap();
        let spec = GridSpec::default().points(2001).between(0.99, 1.01).spacing(Spacing::Log);
        let problem =
            Problem::with_shocks(model, Chain::rouwenhorst(rho, sd, 5).unwrap(), spec, Choice::Continuous);
        let problem = problem.unwrap();
        let settings = Settings::for_choice(Choice::Continuous).method(Method::Collocation);
        let solution = solve(&problem, &settings, &mut |_| ()).unwrap();
        let found = ergodic(&problem, &solution, &mut go_on).unwrap();
        assert_eq!(found.at_ends, 0.0);
        let (k, z) = (found.moments.k, found.moments.z);
        let variance_z = sd * sd / (1.0 - rho * rho);
        let variance = variance_z * (1.0 + alpha * rho) / ((1.0 - alpha * rho) * (1.0 - alpha * alpha));
        let autocorrelation = (alpha + rho) / (1.0 + alpha * rho);
        let steady = model.steady_state().capital;
        // Of third order in the shocks, and of second in the distance of points, which is 1e-5: a lottery's
        // variance is at most a quarter of its square, one in 7,000 of the variance of ln k.
        assert!((k.mean / steady - 1.0).abs() < 1e-6, "{k:?}");
        assert!((k.sd / steady / variance.sqrt() - 1.0).abs() < 3e-4, "{k:?}, {variance:e}");
        assert!((k.autocorrelation.unwrap() - autocorrelation).abs() < 3e-4, "{k:?}, {autocorrelation}");
        // Of z and not of ln z: of second order in the shocks.
        assert!(
            (z.autocorrelation.unwrap() - rho).abs() < 1e-6 && (z.sd / variance_z.sqrt() - 1.0).abs() < 1e-6
        );
        // y = k'/(αβ): output's correlation with tomorrow's capital is 1, and c and i are shares of y.
        for moment in [found.moments.c, found.moments.i] {
            assert!((moment.output_correlation.unwrap() - 1.0).abs() < 1e-9, "{moment:?}");
        }
    }

    #[test]
    fn simulated_paths_spend_their_time_there() {
        let spec = GridSpec::default().points(120).between(0.6, 1.5).spacing(Spacing::Log);
        let chain = Chain::rouwenhorst(0.8, 0.02, 3).unwrap();
        for choice in [Choice::Continuous, Choice::Grid] {
            let (problem, solution) = solved(Model::default(), chain.clone(), spec, choice);
            let found = ergodic(&problem, &solution, &mut go_on).unwrap();
            let simulation = Simulation::new(60_000).with_shares();
            let path =
                simulate(&problem, &solution, &simulation, &mut |_| ControlFlow::Continue(())).unwrap();
            for ((name, computed), (_, simulated)) in found.moments.each().iter().zip(path.moments.each()) {
                let of_mean = (computed.mean - simulated.mean) / computed.sd;
                println!("{name}: {of_mean:.4} sd apart, {computed:?} {simulated:?}");
                assert!(of_mean.abs() < 0.1 && (computed.sd / simulated.sd - 1.0).abs() < 0.05, "{name}");
                let apart = computed.autocorrelation.unwrap() - simulated.autocorrelation.unwrap();
                assert!(apart.abs() < 0.02, "{name}: {apart}");
                let apart = computed.output_correlation.unwrap() - simulated.output_correlation.unwrap();
                assert!(apart.abs() < 0.05, "{name}: {apart}");
            }
            let shares = path.shares.unwrap();
            // In steps of a tenth of the grid: how much of the time is spent up to there.
            let up_to = |p: &[f64], j: usize| p.chunks(120).flat_map(|p| &p[..j]).sum::<f64>();
            for j in (0..120).step_by(12) {
                let apart = up_to(&found.probability, j) - up_to(&shares, j);
                assert!(apart.abs() < 0.05, "{j}: {apart}");
            }
        }
    }

    #[test]
    fn a_grid_that_does_not_hold_it_is_told_and_observers_may_break() {
        let spec = GridSpec::default().points(30).between(0.98, 1.02);
        let chain = Chain::rouwenhorst(0.95, 0.02, 3).unwrap();
        let (problem, solution) = solved(Model::default(), chain, spec, Choice::Continuous);
        let found = ergodic(&problem, &solution, &mut go_on).unwrap();
        assert!(found.at_ends > 0.1, "{}", found.at_ends);
        let broken = ergodic(&problem, &solution, &mut |_| ControlFlow::Break(()));
        assert!(matches!(broken, Err(Error::Cancelled)));
    }
}
