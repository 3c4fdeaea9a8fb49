//! Moments of series, in one pass and without loss of digits.
//!
//! For a series x_1 … x_T with mean m:
//!
//! ```text
//! m = Σ x_t / T,   sd = √(Σ (x_t − m)² / T)
//! autocorrelation  = Σ_{t≥2} (x_t − m)(x_{t−1} − m) / Σ (x_t − m)²
//! correlation(x,y) = Σ (x_t − m)(y_t − m_y) / √(Σ (x_t − m)² Σ (y_t − m_y)²)
//! ```
//!
//! Sums are those of a chunk around its own means, in two passes, put together by the formulas of Chan, Golub
//! and LeVeque (1983), "Algorithms for computing the sample variance": nothing large is subtracted. For the
//! autocorrelation the products are first taken around the means of x_2 … x_T and x_1 … x_{T−1}, and then
//! moved to m.

use serde::{Serialize, Serializer};

use super::SimulatedPeriod;

/// What a variable does in the long run. Mean and standard deviation are in its own units.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct Moment {
    /// Mean.
    pub mean: f64,
    /// Standard deviation, with divisor T (that of the distribution, not an estimate from a sample).
    pub sd: f64,
    /// First autocorrelation; none where the variable is constant, up to rounding.
    pub autocorrelation: Option<f64>,
    /// Correlation with output; none where either is constant.
    pub output_correlation: Option<f64>,
}

impl Moment {
    /// From the mean, and means of the squared deviation, the product with the next period's and with
    /// output's deviation, and of output's squared deviation; and output's mean.
    pub(in crate::growth) fn new(
        mean: f64,
        variance: f64,
        with_next: f64,
        with_output: f64,
        output: (f64, f64),
    ) -> Self {
        let varies = |mean: f64, variance: f64| variance.sqrt() > CONSTANT * mean.abs();
        let is_variable = varies(mean, variance);
        let both = is_variable && varies(output.0, output.1);
        Self {
            mean,
            sd: variance.sqrt(),
            autocorrelation: is_variable.then(|| (with_next / variance).clamp(-1.0, 1.0)),
            output_correlation: both
                .then(|| (with_output / (variance.sqrt() * output.1.sqrt())).clamp(-1.0, 1.0)),
        }
    }
}

/// A standard deviation of less than this share of the mean is rounding.
const CONSTANT: f64 = 1e-14;

/// Moments of the variables of a path.
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub struct Moments {
    /// Of capital k.
    pub k: Moment,
    /// Of productivity z.
    pub z: Moment,
    /// Of consumption c.
    pub c: Moment,
    /// Of output y.
    pub y: Moment,
    /// Of gross investment i.
    pub i: Moment,
}

impl Moments {
    /// Names and moments, in the order of a path's columns.
    pub fn each(&self) -> [(&'static str, &Moment); 5] {
        [("k", &self.k), ("z", &self.z), ("c", &self.c), ("y", &self.y), ("i", &self.i)]
    }

    /// From those of each variable, in this order.
    pub(in crate::growth) fn from_each([k, z, c, y, i]: [Moment; 5]) -> Self {
        Self { k, z, c, y, i }
    }
}

impl Serialize for Moments {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_map(self.each())
    }
}

/// Number of variables, and which of them is output, in the order of [`Moments::each`].
pub(in crate::growth) const VARIABLES: usize = 5;
pub(in crate::growth) const OUTPUT: usize = 3;

/// Means of two series a and b, and the sum of the products of their deviations.
#[derive(Debug, Clone, Copy, Default)]
struct Products {
    count: f64,
    mean_a: f64,
    mean_b: f64,
    sum: f64,
}

impl Products {
    /// Those of the pairs (a_t, b_t), of which there is at least one.
    fn of(a: &[f64], b: &[f64]) -> Self {
        let count = a.len() as f64;
        let mean = |x: &[f64]| x.iter().sum::<f64>() / count;
        let (mean_a, mean_b) = (mean(a), mean(b));
        let (mut sum, mut left_a, mut left_b) = (0.0, 0.0, 0.0);
        for (a, b) in a.iter().zip(b) {
            let (a, b) = (a - mean_a, b - mean_b);
            sum += a * b;
            left_a += a;
            left_b += b;
        }
        // What rounding has left in the means.
        let (left_a, left_b) = (left_a / count, left_b / count);
        Self { count, mean_a: mean_a + left_a, mean_b: mean_b + left_b, sum: sum - left_a * left_b * count }
    }

    /// Of these and the `other` pairs together.
    fn join(&mut self, other: &Self) {
        let count = self.count + other.count;
        let share = other.count / count;
        let (a, b) = (other.mean_a - self.mean_a, other.mean_b - self.mean_b);
        self.sum += other.sum + a * b * self.count * share;
        self.mean_a += a * share;
        self.mean_b += b * share;
        self.count = count;
    }
}

/// Sums over the periods of a path.
#[derive(Debug, Clone, Default)]
pub(super) struct Accumulator {
    /// Of each variable with itself, with itself a period before, and with output.
    own: [Products; VARIABLES],
    lagged: [Products; VARIABLES],
    with_output: [Products; VARIABLES],
    /// The last period so far.
    last: Option<[f64; VARIABLES]>,
}

impl Accumulator {
    /// Adds the next periods, at least one.
    pub(super) fn add(&mut self, periods: &[SimulatedPeriod]) {
        let variables = |period: &SimulatedPeriod| [period.k, period.z, period.c, period.y, period.i];
        let series = |variable: usize| -> Vec<f64> {
            // In front the last period of those before, if there is one.
            let before = self.last.map(|last| last[variable]);
            before.into_iter().chain(periods.iter().map(|period| variables(period)[variable])).collect()
        };
        let all: Vec<Vec<f64>> = (0..VARIABLES).map(series).collect();
        let new = usize::from(self.last.is_some());
        for (variable, x) in all.iter().enumerate() {
            self.own[variable].join(&Products::of(&x[new..], &x[new..]));
            self.with_output[variable].join(&Products::of(&x[new..], &all[OUTPUT][new..]));
            if x.len() > 1 {
                self.lagged[variable].join(&Products::of(&x[1..], &x[..x.len() - 1]));
            }
        }
        self.last = periods.last().map(variables);
    }

    /// The moments of all periods, of which there are at least two.
    pub(super) fn moments(&self) -> Moments {
        let output = self.own[OUTPUT];
        Moments::from_each(std::array::from_fn(|variable| {
            let (own, lagged, with) = (self.own[variable], self.lagged[variable], self.with_output[variable]);
            let mean = own.mean_a;
            let moved = (lagged.mean_a - mean) * (lagged.mean_b - mean) * lagged.count;
            Moment::new(
                mean,
                own.sum / own.count,
                (lagged.sum + moved) / own.count,
                with.sum / own.count,
                (output.mean_a, output.sum / output.count),
            )
        }))
    }
}
