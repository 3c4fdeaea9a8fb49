//! Models of one day's prices whose integrated variance is known.
//!
//! Over a day, t from 0 to 1, the log price in percent moves by
//!
//! ```text
//! dX = μ dt + u(t) σ(t) dW + dJ,        observed: X(i/n) + ε_i,  i = 0 … n;  r_i the differences
//! ```
//!
//! and what intervals of realized variance are held against is the integrated variance of exactly the time
//! that the n returns cover, IV = ∫₀¹ u² σ² dt.
//!
//! | name | σ | u | μ | beside it |
//! |---|---|---|--:|---|
//! | `constant` | 1 | 1 | 0 | n·RV/IV is χ² with n degrees of freedom |
//! | `u-shape` | 1 | U | 0 | |
//! | `sv1` | exp(β₀ + β₁ v) | 1 | 0.03 | |
//! | `sv2` | s-exp(β₀ + β₁ v₁ + β₂ v₂) | U | 0.03 | |
//! | `sv2-jumps` | the same | U | 0.03 | J: compound Poisson |
//! | `sv2-noise` | the same | U | 0.03 | ε: Gaussian noise |
//!
//! * **sv1**: dv = −0.025 v dt + dB, β₁ = 0.125, β₀ = β₁²/(2 · −0.025), so that E σ² = 1; corr(dB, dW) =
//!   −0.3; v(0) from its stationary distribution, N(0, 20) (Barndorff-Nielsen, Hansen, Lunde and Shephard
//!   2008).
//! * **sv2**: a slow factor, dv₁ = −0.00137 v₁ dt + dB₁, and a fast one, dv₂ = −1.386 v₂ dt + (1 + 0.25 v₂)
//!   dB₂; β = (−1.2, 0.04, 1.5); both correlated with the price at −0.3: leverage. s-exp is the exponential
//!   with a linear tail (Chernov, Gallant, Ghysels and Tauchen 2003; the values are Huang and Tauchen's,
//!   2005, which Gonçalves and Meddahi 2009 take too). v₁(0) is drawn from its stationary distribution, v₂
//!   runs for five days before.
//! * **U**: u(t) = 0.88929198 + 0.75 exp(−10 t) + 0.25 exp(−10 (1 − t)), ∫u² dt = 0.99996: volatile at the
//!   open, quiet at noon, livelier again before the close (Hasbrouck 1999; Andersen, Dobrev and Schaumburg
//!   2012).
//! * **Jumps**: 0.1 a day at uniform times, of size N(0, 0.5²) percent, in the range that Huang and Tauchen
//!   (2005) study. Realized variance then estimates IV and the squares of the jumps
//!   ([`Day::jump_variation`]): its intervals miss IV on days with jumps.
//! * **Noise**: ε_i ~ N(0, ω²), independent, ω² = 0.001 √(∫u⁴σ⁴ dt) (as Barndorff-Nielsen and others 2008):
//!   RV is too large by 2 n ω², on average.
//!
//! # Steps
//!
//! The processes move by Euler steps, at least 4,680 a day (five seconds of a session of 6.5 hours) and at
//! least ten a return, a whole number for each return. Whatever the number, IV = Σ u² σ² Δt over the steps is
//! *exactly* the variance of the simulated returns: they are those of a process with piecewise constant
//! volatility. The steps only decide how near that process is to the diffusion. Volatility's relative move
//! within a step is 1.5 √Δt, two percent, with which returns of a minute (13 steps) have the diffusion's
//! leverage and kurtosis to well within what ten thousand days can tell.
//!
//! # Randomness
//!
//! Day number r of n returns reads the stream ([`Purpose::Coverage`](crate::random::Purpose::Coverage), day
//! n, sample r). Jumps and noise come after the diffusion in it: with and without them the diffusion is the
//! same. exp and ln are the platform's; see [`super::panel`].
//!
//! # Sources
//!
//! M. Chernov, A. R. Gallant, E. Ghysels and G. Tauchen, "Alternative models for stock price dynamics",
//! Journal of Econometrics 116, 2003. X. Huang and G. Tauchen, "The relative contribution of jumps to total
//! price variance", Journal of Financial Econometrics 3(4), 2005. O. E. Barndorff-Nielsen, P. R. Hansen, A.
//! Lunde and N. Shephard, "Designing realized kernels to measure the ex post variation of equity prices in
//! the presence of noise", Econometrica 76(6), 2008. S. Gonçalves and N. Meddahi, "Bootstrapping realized
//! volatility", Econometrica 77(1), 2009. J. Hasbrouck, "The dynamics of discrete bid and ask quotes",
//! Journal of Finance 54(6), 1999. T. G. Andersen, D. Dobrev and E. Schaumburg, "Jump-robust volatility
//! estimation using nearest neighbor truncation", Journal of Econometrics 169(1), 2012.

mod volatility;

use rand_distr::{Distribution, Exp1};

use super::normal;
use crate::error::{Error, Result};
use crate::random::rng::StreamRng;
use crate::random::{Purpose, Stream};
use volatility::Volatility;

/// Most returns of a day: one a second of a session of 6.5 hours.
pub const MAX_RETURNS: usize = 23_400;

/// Fewest Euler steps of a day.
const STEPS: usize = 4_680;
/// Fewest Euler steps of a return.
const STEPS_PER_RETURN: usize = 10;
/// Drift of the models with stochastic volatility, percent a day.
const DRIFT: f64 = 0.03;
/// Jumps a day.
const JUMPS: f64 = 0.1;
/// Standard deviation of a jump, percent.
const JUMP_SIZE: f64 = 0.5;
/// ω²/√(∫u⁴σ⁴ dt).
const NOISE: f64 = 0.001;

/// A model of one day's prices.
///
/// # Examples
///
/// ```
/// use bellwether::simulate::model::{Days, by_name};
///
/// let day = Days::new(by_name("sv2")?, 78)?.day(1, 0);
/// assert_eq!(day.returns.len(), 78);
/// let realized: f64 = day.returns.iter().map(|r| r * r).sum();
/// assert!((realized / day.integrated_variance - 1.0).abs() < 1.0);
/// # Ok::<(), bellwether::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
pub struct Model {
    name: &'static str,
    volatility: Volatility,
    u_shape: bool,
    drift: f64,
    jumps: bool,
    noise: bool,
}

/// The model `sv2`: two-factor stochastic volatility with leverage, U-shaped.
pub const SV2: Model = Model {
    name: "sv2",
    volatility: Volatility::TwoFactor,
    u_shape: true,
    drift: DRIFT,
    jumps: false,
    noise: false,
};

/// The models' names.
pub const NAMES: [&str; 6] = ["constant", "u-shape", "sv1", "sv2", "sv2-jumps", "sv2-noise"];

/// The model of this name.
///
/// # Errors
///
/// [`Error::Parameter`] for an unknown name.
pub fn by_name(name: &str) -> Result<Model> {
    let constant = Model {
        name: "constant",
        volatility: Volatility::Constant,
        u_shape: false,
        drift: 0.0,
        jumps: false,
        noise: false,
    };
    match name {
        "constant" => Ok(constant),
        "u-shape" => Ok(Model { name: "u-shape", u_shape: true, ..constant }),
        "sv1" => Ok(Model { name: "sv1", volatility: Volatility::OneFactor, u_shape: false, ..SV2 }),
        "sv2" => Ok(SV2),
        "sv2-jumps" => Ok(Model { name: "sv2-jumps", jumps: true, ..SV2 }),
        "sv2-noise" => Ok(Model { name: "sv2-noise", noise: true, ..SV2 }),
        _ => Err(Error::Parameter {
            name: "model",
            value: name.to_owned(),
            requirement: format!("there are {}", NAMES.join(", ")),
        }),
    }
}

impl Model {
    /// What users call it.
    pub fn name(&self) -> &'static str {
        self.name
    }

    /// What it is, in a line.
    pub fn description(&self) -> &'static str {
        match self.name {
            "constant" => "constant volatility",
            "u-shape" => "deterministic U-shaped volatility",
            "sv1" => "one-factor stochastic volatility with leverage",
            "sv2-jumps" => "two-factor stochastic volatility with leverage, U-shaped, with jumps",
            "sv2-noise" => "two-factor stochastic volatility with leverage, U-shaped, with noise",
            _ => "two-factor stochastic volatility with leverage, U-shaped",
        }
    }
}

/// The U shape of volatility within a day, t from 0 at the open to 1 at the close; ∫u² dt = 0.99996.
pub(super) fn u_shape(t: f64) -> f64 {
    0.889_291_98 + 0.75 * (-10.0 * t).exp() + 0.25 * (-10.0 * (1.0 - t)).exp()
}

/// One simulated day. Variances are in squared percent.
#[derive(Debug, Clone, PartialEq)]
pub struct Day {
    /// Log returns in percent, n.
    pub returns: Vec<f64>,
    /// ∫u²σ² dt over the time that the returns cover.
    pub integrated_variance: f64,
    /// Sum of the squared jumps.
    pub jump_variation: f64,
    /// ω² of the noise.
    pub noise_variance: f64,
}

/// Days of a model with so many returns each.
#[derive(Debug, Clone)]
pub struct Days {
    model: Model,
    returns: usize,
    /// u at the middle of each step, return after return.
    pattern: Vec<f64>,
}

impl Days {
    /// Days of `model` with so many `returns`, 2 to [`MAX_RETURNS`].
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`] for another number.
    pub fn new(model: Model, returns: usize) -> Result<Self> {
        if !(2..=MAX_RETURNS).contains(&returns) {
            return Err(Error::Parameter {
                name: "returns",
                value: returns.to_string(),
                requirement: format!("a simulated day has 2 to {MAX_RETURNS} returns"),
            });
        }
        let steps = returns * STEPS.div_ceil(returns).max(STEPS_PER_RETURN);
        let middle = |step: usize| (step as f64 + 0.5) / steps as f64;
        let u = |step: usize| if model.u_shape { u_shape(middle(step)) } else { 1.0 };
        Ok(Self { model, returns, pattern: (0..steps).map(u).collect() })
    }

    /// Returns of a day, n.
    pub fn returns(&self) -> usize {
        self.returns
    }

    /// Euler steps of a day.
    pub fn steps(&self) -> usize {
        self.pattern.len()
    }

    /// Day number `number` of `seed`.
    pub fn day(&self, seed: u64, number: u32) -> Day {
        let day = self.returns as u32;
        let mut rng = StreamRng::new(Stream { seed, purpose: Purpose::Coverage, day, sample: number });
        let time = 1.0 / self.steps() as f64;
        let root = time.sqrt();
        let mut state = self.model.volatility.start(&mut rng);
        let (mut variance, mut quarticity) = (0.0, 0.0);
        let of_return = |pattern: &[f64]| {
            let mut sum = 0.0;
            for u in pattern {
                let spot = u * state.volatility();
                let square = spot * spot;
                variance += square * time;
                quarticity += square * square * time;
                sum += self.model.drift * time + spot * root * state.step(time, root, &mut rng);
            }
            sum
        };
        let mut returns: Vec<f64> =
            self.pattern.chunks_exact(self.steps() / self.returns).map(of_return).collect();
        let jump_variation = if self.model.jumps { add_jumps(&mut returns, &mut rng) } else { 0.0 };
        let noise_variance = if self.model.noise { NOISE * quarticity.sqrt() } else { 0.0 };
        if self.model.noise {
            add_noise(&mut returns, noise_variance.sqrt(), &mut rng);
        }
        Day { returns, integrated_variance: variance, jump_variation, noise_variance }
    }
}

/// Adds the jumps of a day; returns the sum of their squares.
fn add_jumps(returns: &mut [f64], rng: &mut StreamRng) -> f64 {
    let mut squares = 0.0;
    let mut time = 0.0;
    loop {
        let gap: f64 = Exp1.sample(rng);
        time += gap / JUMPS;
        // The first one of no more than the day's returns; also where rounding takes the time to its end.
        let Some(place) = returns.get_mut((time * returns.len() as f64) as usize) else { return squares };
        let size = JUMP_SIZE * normal(rng);
        *place += size;
        squares += size * size;
    }
}

/// Adds the differences of n + 1 independent errors of the log prices.
fn add_noise(returns: &mut [f64], deviation: f64, rng: &mut StreamRng) {
    let mut before = deviation * normal(rng);
    for r in returns {
        let after = deviation * normal(rng);
        *r += after - before;
        before = after;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn days(name: &str, returns: usize, count: u32) -> Vec<Day> {
        let days = Days::new(by_name(name).unwrap(), returns).unwrap();
        (0..count).map(|number| days.day(7, number)).collect()
    }

    fn realized(day: &Day) -> f64 {
        day.returns.iter().map(|r| r * r).sum()
    }

    /// Mean of the numbers, and its standard error.
    fn mean(numbers: impl Iterator<Item = f64>) -> (f64, f64) {
        let numbers: Vec<f64> = numbers.collect();
        let count = numbers.len() as f64;
        let mean = numbers.iter().sum::<f64>() / count;
        let variance = numbers.iter().map(|x| (x - mean).powi(2)).sum::<f64>() / (count - 1.0);
        (mean, (variance / count).sqrt())
    }

    fn assert_near(numbers: impl Iterator<Item = f64>, expected: f64) {
        let (mean, error) = mean(numbers);
        assert!((mean - expected).abs() < 4.0 * error, "{mean} ± {error}, but {expected} was expected");
        assert!(error > 0.0 && error < 0.2 * expected.abs(), "{error} tells nothing");
    }

    #[test]
    fn every_name_has_a_model() {
        for name in NAMES {
            let model = by_name(name).unwrap();
            assert_eq!(model.name(), name);
            assert!(!model.description().is_empty());
        }
        assert!(by_name("sv3").unwrap_err().to_string().contains("sv2-noise"));
        for returns in [0, 1, MAX_RETURNS + 1] {
            let refused = Days::new(by_name("sv1").unwrap(), returns).unwrap_err().to_string();
            assert!(refused.starts_with(&format!("returns is {returns}, but")), "{refused}");
        }
    }

    #[test]
    fn steps_are_whole_for_each_return_and_enough() {
        for (returns, steps) in
            [(2, 4680), (12, 4680), (39, 4680), (78, 4680), (385, 5005), (23_400, 234_000)]
        {
            assert_eq!(Days::new(by_name("sv2").unwrap(), returns).unwrap().steps(), steps);
        }
    }

    /// RV estimates IV and, in the models that have them, the jumps and 2 n ω² of noise. The drift adds μ²/n.
    #[test]
    fn realized_variance_is_right_on_average() {
        for name in NAMES {
            let days = days(name, 39, 2000);
            let excess = |day: &Day| {
                let known = day.integrated_variance + day.jump_variation + 78.0 * day.noise_variance;
                realized(day) / known - 1.0
            };
            let (mean, error) = mean(days.iter().map(excess));
            assert!(mean.abs() < 4.0 * error && error < 0.01, "{name}: {mean} ± {error}");
            // The perturbed twin: a tenth of the variance is not lost in the noise of this test.
            assert!((mean - 0.1).abs() > 4.0 * error, "{name}: {mean} ± {error}");
        }
    }

    #[test]
    fn integrated_variance_is_the_sum_over_the_steps() {
        let days = Days::new(by_name("u-shape").unwrap(), 78).unwrap();
        let sum: f64 = days.pattern.iter().map(|u| u * u).sum::<f64>() / days.steps() as f64;
        assert!((days.day(1, 1).integrated_variance - sum).abs() < 1e-12);
        // ∫u² dt in closed form, with a = 0.88929198, b = 0.75, c = 0.25 and e = exp(−10):
        // a² + (b² + c²)(1 − e²)/20 + 2a(b + c)(1 − e)/10 + 2bc·e.
        let (a, e) = (0.889_291_98, (-10f64).exp());
        let exact = a * a + 0.625 * (1.0 - e * e) / 20.0 + 2.0 * a * (1.0 - e) / 10.0 + 0.375 * e;
        assert!((exact - 1.0).abs() < 1e-4 && (sum - exact).abs() < 1e-6, "{exact} and {sum}");
        assert_eq!(
            Days::new(by_name("constant").unwrap(), 5).unwrap().day(1, 1).integrated_variance.round(),
            1.0
        );
    }

    /// The process by its definition, step by step, from the same normals.
    #[test]
    fn the_two_factor_model_is_what_its_definition_says() {
        let (returns, number) = (12, 3);
        let days = Days::new(by_name("sv2").unwrap(), returns).unwrap();
        let found = days.day(9, number);
        let stream = Stream { seed: 9, purpose: Purpose::Coverage, day: 12, sample: number };
        let mut rng = StreamRng::new(stream);
        let mut slow = normal(&mut rng) / (2.0 * 0.00137f64).sqrt();
        let mut fast = 0.0f64;
        for _ in 0..1000 {
            fast += -1.386 * fast / 200.0 + (1.0 + 0.25 * fast) * normal(&mut rng) / 200f64.sqrt();
        }
        let (mut variance, mut price, mut at) = (0.0, 0.0, vec![0.0]);
        for step in 0..4680 {
            let t = (f64::from(step) + 0.5) / 4680.0;
            let u = 0.88929198 + 0.75 * (-10.0 * t).exp() + 0.25 * (10.0 * t - 10.0).exp();
            let x: f64 = -1.2 + 0.04 * slow + 1.5 * fast;
            let knot = 1.5f64.ln();
            let sigma = if x <= knot { x.exp() } else { 1.5 * ((x * x - knot * knot) / knot + 1.0).sqrt() };
            let dt: f64 = 1.0 / 4680.0;
            let (dw1, dw2, dw3) = (normal(&mut rng), normal(&mut rng), normal(&mut rng));
            variance += u * u * sigma * sigma * dt;
            price += 0.03 * dt + u * sigma * dt.sqrt() * (-0.3 * dw1 - 0.3 * dw2 + 0.82f64.sqrt() * dw3);
            slow += -0.00137 * slow * dt + dt.sqrt() * dw1;
            fast += -1.386 * fast * dt + (1.0 + 0.25 * fast) * dt.sqrt() * dw2;
            if (step + 1) % 390 == 0 {
                at.push(price);
            }
        }
        assert!((found.integrated_variance / variance - 1.0).abs() < 1e-9);
        for (r, pair) in found.returns.iter().zip(at.windows(2)) {
            assert!((r - (pair[1] - pair[0])).abs() < 1e-9, "{r}");
        }
    }

    /// Kolmogorov and Smirnov: n·RV/IV of constant volatility is χ² with n degrees of freedom; of two, 1 −
    /// exp(−x/2).
    #[test]
    fn constant_volatility_has_chi_squared_variances() {
        let distance = |name: &str| {
            let mut values: Vec<f64> = days(name, 2, 1500).iter().map(|day| 2.0 * realized(day)).collect();
            values.sort_by(f64::total_cmp);
            let count = values.len() as f64;
            let apart = values.iter().enumerate().map(|(rank, x)| {
                let law = 1.0 - (-x / 2.0).exp();
                (law - rank as f64 / count).max((rank as f64 + 1.0) / count - law)
            });
            apart.fold(0.0, f64::max) * count.sqrt()
        };
        // The level of one in ten thousand.
        assert!(distance("constant") < 2.23, "{}", distance("constant"));
        assert!(distance("sv1") > 2.23, "{}", distance("sv1"));
    }

    /// E σ² = 1 by the choice of β₀, and the factor's law is that of its start.
    #[test]
    fn one_factor_variance_has_mean_one() {
        let days = days("sv1", 12, 2000);
        assert_near(days.iter().map(|day| day.integrated_variance), 1.0);
        // ln IV is nearly ln σ²: N(2β₀, (2β₁)² · 20).
        assert_near(days.iter().map(|day| day.integrated_variance.ln()), -0.625);
        assert_near(days.iter().map(|day| (day.integrated_variance.ln() + 0.625).powi(2)), 1.25);
    }

    #[test]
    fn leverage_makes_volatility_rise_when_the_price_falls() {
        // sign(r_i) · (ln r²_{i+1} − its mean of the day), averaged over a day: 0 by symmetry without
        // leverage.
        for (name, leverage) in [("sv2", true), ("u-shape", false)] {
            let of_day = |day: &Day| {
                let logarithms: Vec<f64> = day.returns.iter().map(|r| (r * r + 1e-12).ln()).collect();
                let level = logarithms[1..].iter().sum::<f64>() / 77.0;
                let pairs = day.returns.iter().zip(&logarithms[1..]);
                pairs.map(|(r, next)| r.signum() * (next - level)).sum::<f64>() / 77.0
            };
            let (mean, error) = mean(days(name, 78, 1000).iter().map(of_day));
            assert_eq!(mean < -4.0 * error, leverage, "{name}: {mean} ± {error}");
            assert!(mean < 4.0 * error, "{name}: {mean} ± {error}");
        }
    }

    #[test]
    fn jumps_come_at_their_rate_and_change_nothing_else() {
        let (with, without) = (days("sv2-jumps", 12, 3000), days("sv2", 12, 3000));
        let jumped = with.iter().filter(|day| day.jump_variation > 0.0).count() as f64 / 3000.0;
        let expected = 1.0 - (-JUMPS).exp();
        let error = (expected * (1.0 - expected) / 3000.0).sqrt();
        assert!((jumped - expected).abs() < 4.0 * error, "{jumped}, not {expected}");
        assert_near(with.iter().map(|day| 40.0 * day.jump_variation), 40.0 * JUMPS * JUMP_SIZE * JUMP_SIZE);
        for (with, without) in with.iter().zip(&without) {
            assert_eq!(with.integrated_variance.to_bits(), without.integrated_variance.to_bits());
            assert_eq!(with.returns == without.returns, with.jump_variation == 0.0);
        }
    }

    #[test]
    fn noise_is_added_to_the_prices() {
        let (with, without) = (days("sv2-noise", 78, 500), days("sv2", 78, 500));
        let pairs = with.iter().zip(&without);
        let noise = pairs.map(|(with, without)| {
            let noise = with.returns.iter().zip(&without.returns).map(|(with, without)| with - without);
            (with.noise_variance, noise.collect::<Vec<f64>>())
        });
        let noise: Vec<(f64, Vec<f64>)> = noise.collect();
        let square =
            |(variance, noise): &(f64, Vec<f64>)| noise.iter().map(|e| e * e).sum::<f64>() / variance;
        assert_near(noise.iter().map(square), 2.0 * 78.0);
        // Differences of independent errors: neighbours share one, with opposite signs.
        let neighbours = |(variance, noise): &(f64, Vec<f64>)| {
            noise.windows(2).map(|pair| pair[0] * pair[1]).sum::<f64>() / variance
        };
        assert_near(noise.iter().map(neighbours), -77.0);
        // ω² = 0.001 √IQ, and IQ ≥ IV².
        assert!(with.iter().all(|day| day.noise_variance >= 0.001 * day.integrated_variance));
    }

    #[test]
    fn days_are_pinned() {
        let day = Days::new(by_name("sv2").unwrap(), 12).unwrap().day(1, 0);
        let found = [day.returns[0], day.returns[11], day.integrated_variance];
        // The last bit is the platform's.
        let near = found.iter().zip(GOLDEN).all(|(found, golden)| (found / golden - 1.0).abs() < 1e-9);
        assert!(near, "{found:?}, not {GOLDEN:?}");
    }

    /// First and last return and IV of day 0 of twelve returns, seed 1.
    const GOLDEN: [f64; 3] = [0.061_330_840_698_754_3, -0.096_323_266_873_055_02, 0.033_506_601_018_453_05];
}
