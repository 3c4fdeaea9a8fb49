//! The capital grid: N points k_0 < … < k_{N−1} from low·k* to high·k*, at equal distances of k or of ln k,
//! and linear interpolation between them.

use super::model::SteadyState;
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

    /// Bytes that a solution on this grid with so many states of productivity takes at its peak. Nothing here
    /// asks the system how much is free: that is for the caller to compare with.
    pub fn bytes(&self, states: usize) -> u64 {
        // Capital, resources, two values, two policies, scratch for the maximizer, the coarser grids, the
        // Euler errors, the enclosure and the rows written: 250 bytes were measured, and threads have heaps
        // of their own. With shocks also expected values, and what solving for a policy's value takes.
        let a_point = if states == 1 { 40 * 8 } else { 56 * 8 * states as u64 };
        (self.points as u64).saturating_mul(a_point)
    }

    /// The capitals at the ends, checked.
    fn ends(self, steady: SteadyState) -> Result<(f64, f64)> {
        let refuse =
            |name, value: String, requirement: String| Err(Error::Parameter { name, value, requirement });
        let Self { points, low, high, .. } = self;
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
        Ok((lowest, highest))
    }

    /// The refusal of points that coincide.
    pub(super) fn too_many_points(self) -> Error {
        let requirement = format!(
            "so many points between `low` {} and `high` {} coincide; use fewer, or ends further apart",
            figure(self.low),
            figure(self.high)
        );
        Error::Parameter { name: "points", value: self.points.to_string(), requirement }
    }
}

/// The grid itself.
#[derive(Debug, Clone)]
pub struct Grid {
    spec: GridSpec,
    /// k_i, N, strictly increasing.
    capital: Vec<f64>,
    /// Segments in a unit of k, or of ln k.
    segments_a_unit: f64,
}

impl Grid {
    /// The grid of `spec` around the steady state.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] where it makes no sense.
    pub fn new(spec: GridSpec, steady: SteadyState) -> Result<Self> {
        let (lowest, highest) = spec.ends(steady)?;
        let grid = Self::between(lowest, highest, spec);
        if !increasing(&grid.capital) {
            return Err(spec.too_many_points());
        }
        Ok(grid)
    }

    /// The points of `spec` between given capitals.
    fn between(lowest: f64, highest: f64, spec: GridSpec) -> Self {
        let GridSpec { points, spacing, .. } = spec;
        let capital = points_between(lowest, highest, points, spacing);
        Self { spec, capital, segments_a_unit: segments_a_unit(lowest, highest, points, spacing) }
    }

    /// The same ends with another number of points.
    pub(super) fn with_points(&self, points: usize) -> Self {
        let (lowest, highest) = self.ends();
        Self::between(lowest, highest, GridSpec { points, ..self.spec })
    }

    /// The grid as asked for.
    pub fn spec(&self) -> GridSpec {
        self.spec
    }

    /// Capital k_i, N, increasing.
    pub fn capital(&self) -> &[f64] {
        &self.capital
    }

    /// The least and the greatest capital.
    pub fn ends(&self) -> (f64, f64) {
        (self.capital[0], self.capital[self.capital.len() - 1])
    }

    /// Number of points N.
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

/// Whether each figure is larger than the one before.
pub(super) fn increasing(figures: &[f64]) -> bool {
    figures.windows(2).all(|pair| pair[0] < pair[1])
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

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::model::Model;

    fn grid(points: usize, spacing: Spacing) -> Grid {
        let spec = GridSpec { points, spacing, ..GridSpec::default() };
        Grid::new(spec, Model::default().steady_state()).unwrap()
    }

    #[test]
    fn cells_hold_their_capital() {
        for spacing in [Spacing::Linear, Spacing::Log] {
            let grid = grid(1001, spacing);
            let k = grid.capital();
            for j in 0..k.len() - 1 {
                assert_eq!(grid.segment(k[j]), j);
                assert_eq!(grid.segment(k[j + 1].next_down()), j);
                assert_eq!(grid.segment(0.5 * (k[j] + k[j + 1])), j);
            }
            assert_eq!(grid.segment(k[1000]), 999);
            assert_eq!(grid.segment(0.0), 0);
            assert_eq!(grid.segment(1e9), 999);
        }
    }

    #[test]
    fn interpolation_is_exact_on_lines() {
        let grid = grid(17, Spacing::Log);
        let line: Vec<f64> = grid.capital().iter().map(|k| 3.0 - 2.0 * k).collect();
        for k in [0.8, 1.0, 3.3, 5.5] {
            assert!((grid.interpolate(&line, k) - (3.0 - 2.0 * k)).abs() < 1e-13);
        }
    }
}
