//! The capital grid, and the problem on it.
//!
//! N points k_0 < … < k_{N−1} from low·k* to high·k*, at equal distances of k or of ln k. Next period's
//! capital is chosen between the same ends, either anywhere (V is then interpolated linearly between the
//! points) or at the points alone. With resources f_i = f(k_i), the *gridded problem* is to find the N values
//! V_i with
//!
//! ```text
//! V_i = max over k′ in [k_0, k_{N−1}], k′ < f_i, of U(f_i − k′) + β V(k′)
//! ```
//!
//! Its solution V_N exists and is unique because the right-hand side is a contraction by β. Choosing k′ = k_0
//! must leave something to consume at every point: f_0 > k_0, the one condition that the ends of the grid
//! have to meet.

use rayon::prelude::*;

use super::error::GrowthError;
use super::memory::check_reservable;
use super::model::Model;
use super::rows::ROWS_A_TASK;
use crate::error::{Error, Result};
use crate::figures::figure;

/// How the grid points are spaced.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Spacing {
    /// At equal distances of k.
    Linear,
    /// At equal distances of ln k: denser where V bends most.
    Log,
}

/// Which next capital may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// Any k′ between the ends of the grid; V is interpolated linearly.
    Continuous,
    /// The grid points alone.
    Grid,
}

/// The grid as asked for: the [default](Self::default), and what is set otherwise.
///
/// ```
/// # use bellwether::growth::{GridSpec, Spacing};
/// let spec = GridSpec::default().points(1000).spacing(Spacing::Log);
/// assert_eq!((spec.points, spec.low), (1000, 0.25));
/// ```
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct GridSpec {
    /// Number of points, at least 2.
    pub points: usize,
    /// Lower end, as a multiple of the steady state's capital.
    pub low: f64,
    /// Upper end, as a multiple of the steady state's capital.
    pub high: f64,
    /// How the points are spaced.
    pub spacing: Spacing,
}

impl Default for GridSpec {
    /// The lecture's grid: 100 points on [0.25 k*, 1.75 k*].
    fn default() -> Self {
        Self { points: 100, low: 0.25, high: 1.75, spacing: Spacing::Linear }
    }
}

impl GridSpec {
    /// With so many points, at least 2.
    pub fn points(self, points: usize) -> Self {
        Self { points, ..self }
    }

    /// From `low` to `high`, multiples of the steady state's capital.
    pub fn between(self, low: f64, high: f64) -> Self {
        Self { low, high, ..self }
    }

    /// With this spacing of the points.
    pub fn spacing(self, spacing: Spacing) -> Self {
        Self { spacing, ..self }
    }

    /// Bytes that a solution on this grid takes at its peak. Nothing here asks the system how much is free:
    /// that is for the caller to compare with.
    pub fn bytes(&self) -> u64 {
        (self.points as u64).saturating_mul(BYTES_A_POINT)
    }
}

/// The gridded problem: a model, a grid and the rule of choice.
#[derive(Debug, Clone)]
pub struct Problem {
    model: Model,
    spec: GridSpec,
    choice: Choice,
    /// k_i, N, strictly increasing.
    capital: Vec<f64>,
    /// f(k_i), N, strictly increasing.
    resources: Vec<f64>,
    /// Segments in a unit of k, or of ln k.
    segments_a_unit: f64,
}

/// Bytes that a solution of one grid point takes at its peak: capital, resources, two values, two policies,
/// scratch for the maximizer, the coarser grids and the Euler errors.
const BYTES_A_POINT: u64 = 16 * 8;

impl Problem {
    /// The problem of `model` on the grid of `spec`.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where the grid makes no sense, [`GrowthError::Consumption`] where nothing is left
    /// to consume at some point, [`Error::Memory`] where the system does not give the memory.
    pub fn new(model: Model, spec: GridSpec, choice: Choice) -> Result<Self> {
        let refuse =
            |name, value: String, requirement: String| Err(Error::Parameter { name, value, requirement });
        let GridSpec { points, low, high, spacing } = spec;
        if points < 2 {
            return refuse("points", points.to_string(), "at least 2 points are needed".into());
        }
        if !(low > 0.0 && low.is_finite()) {
            return refuse(
                "low",
                figure(low),
                "it is a multiple of k* and must be positive and finite".into(),
            );
        }
        if !(high > low && high.is_finite()) {
            return refuse(
                "high",
                figure(high),
                format!("it must be finite and above `low`, which is {}", figure(low)),
            );
        }
        check_reservable(|| format!("a grid of {points} points"), spec.bytes(), "choose a smaller `points`")?;
        let steady = model.steady_state();
        let (lowest, highest) = (low * steady.capital, high * steady.capital);
        if !(lowest > 1e-200 && highest < 1e200) {
            let name = if lowest > 1e-200 { "high" } else { "low" };
            let value = if lowest > 1e-200 { high } else { low };
            return refuse(
                name,
                figure(value),
                "capital there cannot be represented; move it towards 1".into(),
            );
        }
        let left = model.resources(lowest) - lowest;
        // A difference in the last digits of f(k) would be rounding, not consumption.
        if left <= 1e-9 * lowest {
            return Err(GrowthError::Consumption {
                low,
                largest: model.largest_sustainable_capital() / steady.capital,
            }
            .into());
        }
        let capital = points_between(lowest, highest, points, spacing);
        let resources = resources(&model, &capital);
        let increasing = |v: &[f64]| v.windows(2).all(|pair| pair[0] < pair[1]);
        if !increasing(&capital) || !increasing(&resources) {
            let requirement = format!(
                "so many points between `low` {} and `high` {} coincide; use fewer, or ends further apart",
                figure(low),
                figure(high)
            );
            return refuse("points", points.to_string(), requirement);
        }
        let worst = model.utility(resources[0] - capital[0]) / (1.0 - model.beta());
        let best = model.utility(resources[points - 1] - capital[0]) / (1.0 - model.beta());
        if !(worst.abs() < 1e200 && best.abs() < 1e200) {
            let requirement =
                "utility overflows on this grid; choose a smaller one, or a `low` closer to 1".into();
            return refuse("sigma", figure(model.sigma()), requirement);
        }
        let segments_a_unit = segments_a_unit(lowest, highest, points, spacing);
        Ok(Self { model, spec, choice, capital, resources, segments_a_unit })
    }

    /// The same model between the same ends with another number of points and rule of choice.
    pub(super) fn with_points(&self, points: usize, choice: Choice) -> Self {
        let (lowest, highest) = (self.capital[0], self.capital[self.len() - 1]);
        let capital = points_between(lowest, highest, points, self.spec.spacing);
        let resources = resources(&self.model, &capital);
        let segments_a_unit = segments_a_unit(lowest, highest, points, self.spec.spacing);
        let spec = GridSpec { points, ..self.spec };
        Self { model: self.model, spec, choice, capital, resources, segments_a_unit }
    }

    /// The model.
    pub fn model(&self) -> &Model {
        &self.model
    }

    /// The grid as asked for.
    pub fn spec(&self) -> GridSpec {
        self.spec
    }

    /// Which next capital may be chosen.
    pub fn choice(&self) -> Choice {
        self.choice
    }

    /// Capital k_i at the N grid points, increasing.
    pub fn capital(&self) -> &[f64] {
        &self.capital
    }

    /// Resources f(k_i) at the N grid points, increasing.
    pub fn resources(&self) -> &[f64] {
        &self.resources
    }

    /// Number of grid points N.
    #[allow(clippy::len_without_is_empty)] // never empty
    pub fn len(&self) -> usize {
        self.capital.len()
    }

    /// The segment j, 0 … N−2, with k_j ≤ k ≤ k_{j+1}; the nearest segment where k lies outside of the grid.
    pub fn segment(&self, capital: f64) -> usize {
        let last = self.len() - 2;
        let lowest = self.capital[0];
        let distance = match self.spec.spacing {
            Spacing::Linear => capital - lowest,
            Spacing::Log => libm::log(capital / lowest),
        };
        // A float cast saturates; rounding is mended by the steps below.
        let mut segment = ((distance * self.segments_a_unit) as usize).min(last);
        while segment > 0 && capital < self.capital[segment] {
            segment -= 1;
        }
        while segment < last && capital >= self.capital[segment + 1] {
            segment += 1;
        }
        segment
    }

    /// The piecewise linear function through (k_i, `at_points`_i) at `capital`, which must lie on the grid.
    pub fn interpolate(&self, at_points: &[f64], capital: f64) -> f64 {
        let j = self.segment(capital);
        let weight = (capital - self.capital[j]) / (self.capital[j + 1] - self.capital[j]);
        at_points[j] + weight * (at_points[j + 1] - at_points[j])
    }
}

/// `points` capitals from `lowest` to `highest`, both ends exact.
fn points_between(lowest: f64, highest: f64, points: usize, spacing: Spacing) -> Vec<f64> {
    let last = (points - 1) as f64;
    let ratio = libm::log(highest / lowest);
    let mut capital: Vec<f64> = (0..points)
        .map(|i| match spacing {
            Spacing::Linear => lowest + (highest - lowest) * (i as f64 / last),
            Spacing::Log => lowest * libm::exp(ratio * (i as f64 / last)),
        })
        .collect();
    capital[points - 1] = highest;
    capital
}

fn segments_a_unit(lowest: f64, highest: f64, points: usize, spacing: Spacing) -> f64 {
    let range = match spacing {
        Spacing::Linear => highest - lowest,
        Spacing::Log => libm::log(highest / lowest),
    };
    (points - 1) as f64 / range
}

/// f(k) at each `capital`.
fn resources(model: &Model, capital: &[f64]) -> Vec<f64> {
    let at = |&k: &f64| model.resources(k);
    if capital.len() <= ROWS_A_TASK {
        capital.iter().map(at).collect()
    } else {
        capital.par_iter().with_min_len(ROWS_A_TASK).map(at).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn problem(points: usize, spacing: Spacing) -> Problem {
        let spec = GridSpec { points, spacing, ..GridSpec::default() };
        Problem::new(Model::default(), spec, Choice::Continuous).unwrap()
    }

    #[test]
    fn cells_hold_their_capital() {
        for spacing in [Spacing::Linear, Spacing::Log] {
            let problem = problem(1001, spacing);
            let k = problem.capital();
            for j in 0..k.len() - 1 {
                assert_eq!(problem.segment(k[j]), j);
                assert_eq!(problem.segment(k[j + 1].next_down()), j);
                assert_eq!(problem.segment(0.5 * (k[j] + k[j + 1])), j);
            }
            assert_eq!(problem.segment(k[1000]), 999);
            assert_eq!(problem.segment(0.0), 0);
            assert_eq!(problem.segment(1e9), 999);
        }
    }

    #[test]
    fn interpolation_is_exact_on_lines() {
        let problem = problem(17, Spacing::Log);
        let line: Vec<f64> = problem.capital().iter().map(|k| 3.0 - 2.0 * k).collect();
        for k in [0.8, 1.0, 3.3, 5.5] {
            assert!((problem.interpolate(&line, k) - (3.0 - 2.0 * k)).abs() < 1e-13);
        }
    }

    #[test]
    fn grids_without_consumption_name_the_flag() {
        let model = Model::default();
        let largest = model.largest_sustainable_capital() / model.steady_state().capital;
        let grid =
            |low| Problem::new(model, GridSpec { low, high: 100.0, ..GridSpec::default() }, Choice::Grid);
        let message = grid(largest * 1.001).unwrap_err().to_string();
        assert!(message.contains("`low`"), "{message}");
        assert!(grid(largest * 0.999).is_ok());
    }

    #[test]
    fn too_many_points_are_refused_before_they_are_allocated() {
        let spec = GridSpec { points: usize::MAX, ..GridSpec::default() };
        assert!(matches!(Problem::new(Model::default(), spec, Choice::Grid), Err(Error::Memory { .. })));
    }
}
