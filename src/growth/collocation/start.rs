//! Where Newton's method starts.

use super::economy::Economy;

/// ln c at capitals whose logarithms are given, states × nodes: a line in ln k through the steady state
/// without shocks, with the slope that the linearized Euler equation has there. With ψ = dc/dk and γ = β
/// f″(k*) c*/σ < 0 it is the positive root of
///
/// ```text
/// ψ² − (1/β − 1 + γ) ψ + γ/β = 0
/// ```
pub(super) fn near_steady_state(economy: &Economy, low: f64, high: f64, logs: &[f64]) -> Vec<f64> {
    let (model, beta) = (economy.model(), economy.beta());
    let steady = model.steady_state();
    let bend = model.alpha() * (model.alpha() - 1.0) * libm::pow(steady.capital, model.alpha() - 2.0);
    let gamma = beta * bend * steady.consumption / economy.sigma();
    let half = 0.5 * (1.0 / beta - 1.0 + gamma);
    let slope = half + (half * half - gamma / beta).sqrt();
    let elasticity = slope * steady.capital / steady.consumption;
    let middle = libm::log(steady.capital);
    let mut guess = Vec::with_capacity(economy.len() * logs.len());
    for state in 0..economy.len() {
        let more = 0.3 * libm::log(economy.productivity(state));
        for &log in logs {
            let resources = economy.resources(state, libm::exp(log));
            let line = steady.consumption * libm::exp(elasticity * (log - middle) + more);
            // Capital tomorrow on the range, roughly.
            let most = 0.98 * (resources - low);
            guess.push(libm::log(line.clamp(f64::min(resources - high, most).max(0.02 * most), most)));
        }
    }
    guess
}

/// The same by the endogenous grid method on few points, from the last period's consumption: slow, but it
/// converges from anywhere. `egm.rs` has its mathematics.
pub(in crate::growth) fn endogenous_grid(
    economy: &Economy,
    low: f64,
    high: f64,
    points: usize,
    logs: &[f64],
) -> Vec<f64> {
    const MOST: usize = 2000;
    let (states, beta, sigma) = (economy.len(), economy.beta(), economy.sigma());
    let (first, last) = (libm::log(low), libm::log(high));
    let capital: Vec<f64> =
        (0..points).map(|i| libm::exp(first + (last - first) * i as f64 / (points - 1) as f64)).collect();
    let resources: Vec<f64> =
        (0..states).flat_map(|z| capital.iter().map(move |&k| economy.resources(z, k))).collect();
    let mut consumption: Vec<f64> = resources.iter().map(|f| f - low).collect();
    let gross: Vec<f64> = (0..states)
        .flat_map(|z| capital.iter().map(move |k| economy.gross_return(z, libm::log(*k))))
        .collect();
    let (mut weights, mut endogenous) = (vec![0.0; states * points], vec![0.0; points]);
    for _ in 0..MOST {
        for (weight, (c, gross)) in weights.iter_mut().zip(consumption.iter().zip(&gross)) {
            *weight = libm::pow(*c, -sigma) * gross;
        }
        let mut change = 0.0_f64;
        for z in 0..states {
            for j in 0..points {
                let expected = |(to, p): (usize, &f64)| p * weights[to * points + j];
                let sum: f64 = economy.row(z).iter().enumerate().map(expected).sum();
                endogenous[j] = capital[j] + libm::pow(beta * sum, -1.0 / sigma);
            }
            for i in 0..points {
                let f = resources[z * points + i];
                let next = interpolate(&endogenous, &capital, f).clamp(low, high);
                let new = f - next;
                let old = &mut consumption[z * points + i];
                change = f64::max(change, (new - *old).abs() / new);
                *old = new;
            }
        }
        if change < 1e-6 {
            break;
        }
    }
    let log_capital: Vec<f64> = capital.iter().map(|k| libm::log(*k)).collect();
    let log_c: Vec<f64> = consumption.iter().map(|c| libm::log(*c)).collect();
    log_c.chunks(points).flat_map(|c| logs.iter().map(|&log| interpolate(&log_capital, c, log))).collect()
}

/// The line through the two points (x, y) around `at`, or through the two at an end.
fn interpolate(x: &[f64], y: &[f64], at: f64) -> f64 {
    let j = x.partition_point(|&x| x <= at).clamp(1, x.len() - 1) - 1;
    y[j] + (y[j + 1] - y[j]) * ((at - x[j]) / (x[j + 1] - x[j]))
}
