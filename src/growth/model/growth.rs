//! The model's parameters and its steady state.
//!
//! ```text
//! max Σ β^t U(c_t),   k_{t+1} = k_t^α − c_t + (1−δ) k_t,   c_t > 0,   k_0 > 0 given
//! ```
//!
//! Capital k, output k^α and consumption c are in units of the good; values V are in units of utility.
//! Capital stays where it is when the Euler equation holds with c_t = c_{t+1}:
//!
//! ```text
//! 1 = β (α k*^(α−1) + 1 − δ),   k* = ((1/β − 1 + δ)/α)^(1/(α−1)),   c* = k*^α − δ k*,   V(k*) = U(c*)/(1−β)
//! ```

use super::super::math;
use super::super::utility::{Utility, with_utility};
use crate::error::{Error, Result};
use crate::figures::figure;

/// The parameters of the growth model, validated.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
pub struct Model {
    sigma: f64,
    beta: f64,
    delta: f64,
    alpha: f64,
}

/// The steady state: where capital stays for ever.
#[derive(Debug, Clone, Copy, PartialEq, serde::Serialize)]
#[non_exhaustive]
pub struct SteadyState {
    /// Capital k*.
    pub capital: f64,
    /// Consumption c* a period.
    pub consumption: f64,
    /// The value V(k*) of staying.
    pub value: f64,
}

impl Default for Model {
    /// The lecture's parameters: σ 2, β 0.95, δ 0.1, α 0.33.
    fn default() -> Self {
        Self { sigma: 2.0, beta: 0.95, delta: 0.1, alpha: 0.33 }
    }
}

impl Model {
    /// A model with relative risk aversion `sigma` > 0 (1 is logarithmic utility), discount factor 0 < `beta`
    /// < 1, depreciation 0 < `delta` ≤ 1 a period and capital share 0 < `alpha` < 1.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] with the name and the reason, also where the steady state cannot be represented.
    pub fn new(sigma: f64, beta: f64, delta: f64, alpha: f64) -> Result<Self> {
        let refuse = |name, value: f64, requirement: &str| {
            Err(Error::Parameter { name, value: figure(value), requirement: requirement.to_string() })
        };
        if !(sigma > 0.0 && sigma.is_finite()) {
            return refuse(
                "sigma",
                sigma,
                "risk aversion must be positive and finite (1 is logarithmic utility)",
            );
        }
        if !(beta > 0.0 && beta < 1.0) {
            return refuse(
                "beta",
                beta,
                "the discount factor must lie between 0 and 1, both excluded, for the sum to be finite",
            );
        }
        if !(delta > 0.0 && delta <= 1.0) {
            return refuse(
                "delta",
                delta,
                "depreciation must be above 0 and at most 1; without it there is no steady state to put \
                 the grid around",
            );
        }
        if !(alpha > 0.0 && alpha < 1.0) {
            return refuse(
                "alpha",
                alpha,
                "the capital share must lie between 0 and 1, both excluded, for output to be concave in \
                 capital",
            );
        }
        let model = Self { sigma, beta, delta, alpha };
        let steady = model.steady_state();
        // Squares and products with other figures of the model must not overflow or vanish either.
        if !(1e-100..=1e100).contains(&steady.capital) || steady.consumption <= 0.0 {
            return refuse(
                "alpha",
                alpha,
                &format!(
                    "with these `beta` and `delta` the steady state would be k* = {:e}, c* = {:e}; move \
                     `alpha` away from 0 and 1",
                    steady.capital, steady.consumption
                ),
            );
        }
        if !steady.value.is_finite() {
            return refuse("sigma", sigma, "the value of the steady state overflows; choose a smaller one");
        }
        Ok(model)
    }

    /// Relative risk aversion σ.
    pub fn sigma(&self) -> f64 {
        self.sigma
    }

    /// Discount factor β.
    pub fn beta(&self) -> f64 {
        self.beta
    }

    /// Depreciation δ a period.
    pub fn delta(&self) -> f64 {
        self.delta
    }

    /// Capital share α.
    pub fn alpha(&self) -> f64 {
        self.alpha
    }

    /// Output k^α.
    pub fn output(&self, capital: f64) -> f64 {
        math::power(capital, self.alpha)
    }

    /// Resources f(k) = k^α + (1−δ) k, to be split between consumption and next period's capital.
    pub fn resources(&self, capital: f64) -> f64 {
        self.resources_at(1.0, capital)
    }

    /// Resources z k^α + (1−δ) k with productivity z.
    pub fn resources_at(&self, productivity: f64, capital: f64) -> f64 {
        productivity * self.output(capital) + (1.0 - self.delta) * capital
    }

    /// Gross return f′(k) = α k^(α−1) + 1 − δ on a unit of capital.
    pub fn gross_return(&self, capital: f64) -> f64 {
        self.gross_return_at(1.0, capital)
    }

    /// Gross return z α k^(α−1) + 1 − δ on a unit of capital with productivity z.
    pub fn gross_return_at(&self, productivity: f64, capital: f64) -> f64 {
        productivity * (self.alpha * math::power(capital, self.alpha - 1.0)) + 1.0 - self.delta
    }

    /// Utility U(c) of a period's consumption c > 0.
    pub fn utility(&self, consumption: f64) -> f64 {
        with_utility!(known self.sigma, |utility| utility.value(consumption))
    }

    /// Marginal utility U′(c) = c^(−σ).
    pub fn marginal_utility(&self, consumption: f64) -> f64 {
        with_utility!(known self.sigma, |utility| utility.marginal(consumption))
    }

    /// Capital, consumption and value at the steady state.
    pub fn steady_state(&self) -> SteadyState {
        let rental = 1.0 / self.beta - 1.0 + self.delta;
        let capital = libm::pow(rental / self.alpha, 1.0 / (self.alpha - 1.0));
        // k^α − δk = k (rental/α − δ), which subtracts figures of like size only where they differ little
        // anyway.
        let consumption = capital * (rental / self.alpha - self.delta);
        SteadyState { capital, consumption, value: self.utility(consumption) / (1.0 - self.beta) }
    }

    /// The capital above which output no longer replaces what depreciates: k^α = δ k.
    pub fn largest_sustainable_capital(&self) -> f64 {
        self.largest_sustainable_capital_at(1.0)
    }

    /// The same with productivity z: z k^α = δ k.
    pub fn largest_sustainable_capital_at(&self, productivity: f64) -> f64 {
        libm::pow(self.delta / productivity, 1.0 / (self.alpha - 1.0))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_default_steady_state_is_the_oracles() {
        let steady = Model::default().steady_state();
        assert!((steady.capital - 3.160860199072236).abs() < 1e-12);
        assert!((steady.consumption - 1.145874837717893).abs() < 1e-12);
        assert!((steady.value - 2.546086761245494).abs() < 1e-12);
    }

    #[test]
    fn the_steady_state_solves_the_euler_equation() {
        for (sigma, beta, delta, alpha) in
            [(1.0, 0.9, 1.0, 0.3), (0.5, 0.99, 0.025, 0.36), (5.0, 0.8, 0.3, 0.7)]
        {
            let model = Model::new(sigma, beta, delta, alpha).unwrap();
            let steady = model.steady_state();
            assert!((beta * model.gross_return(steady.capital) - 1.0).abs() < 1e-13);
            let stays = model.resources(steady.capital) - steady.consumption;
            assert!((stays / steady.capital - 1.0).abs() < 1e-13);
        }
    }

    #[test]
    fn each_parameter_is_refused_by_its_name() {
        let refused = |sigma, beta, delta, alpha| match Model::new(sigma, beta, delta, alpha) {
            Err(Error::Parameter { name, .. }) => name,
            other => panic!("{other:?}"),
        };
        for bad in [0.0, -1.0, f64::NAN, f64::INFINITY] {
            assert_eq!(refused(bad, 0.95, 0.1, 0.33), "sigma");
            assert_eq!(refused(2.0, bad, 0.1, 0.33), "beta");
            assert_eq!(refused(2.0, 0.95, bad, 0.33), "delta");
            assert_eq!(refused(2.0, 0.95, 0.1, bad), "alpha");
        }
        assert_eq!(refused(2.0, 1.0, 0.1, 0.33), "beta");
        assert_eq!(refused(2.0, 0.95, 0.1, 1.0), "alpha");
        assert_eq!(refused(2.0, 0.95, 1.1, 0.33), "delta");
        assert!(Model::new(2.0, 0.95, 1.0, 0.33).is_ok());
        assert_eq!(refused(2.0, 0.95, 0.1, 0.9999), "alpha");
    }
}
