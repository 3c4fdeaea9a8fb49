//! Solves the deterministic growth model on one's own grid, and prints what is guaranteed of the solution.
//!
//! ```text
//! cargo run --release --no-default-features --example growth
//! ```

use bellwether::growth::{Choice, GridSpec, Model, Problem, Settings, Spacing, solve, transition_path};

fn main() -> bellwether::Result<()> {
    // Relative risk aversion, discount factor, depreciation, capital share.
    let model = Model::new(2.0, 0.95, 0.1, 0.33)?;
    let steady = model.steady_state();
    println!("steady state   k* = {:.6}, c* = {:.6}", steady.capital, steady.consumption);

    // Ends are multiples of k*.
    let grid = GridSpec::default().points(1000).between(0.25, 1.75).spacing(Spacing::Linear);
    let problem = Problem::new(model, grid, Choice::Continuous)?;
    let settings = Settings::for_choice(Choice::Continuous).tolerance(1e-8);
    let solution = solve(&problem, &settings, &mut |_| {})?;

    let certificate = &solution.certificate;
    println!("iterations     {}, and {} on coarser grids", solution.iterations, solution.preparations);
    println!(
        "guaranteed     |V - V_N| <= {:.2e} at every grid point, V_N being exact on this grid",
        certificate.bound
    );
    println!("residual       |T V - V| <= {:.2e}", certificate.residual);
    println!(
        "Euler errors   10^{:.2} at most, 10^{:.2} on average",
        certificate.euler_max, certificate.euler_mean
    );

    println!("\n{:>10} {:>10} {:>10} {:>10}", "k", "V", "k'", "c");
    for row in (0..problem.len()).step_by(111) {
        let (capital, next) = (problem.capital()[row], solution.capital_next[row]);
        let consumption = problem.resources()[row] - next;
        println!("{capital:>10.6} {:>10.6} {next:>10.6} {consumption:>10.6}", solution.value[row]);
    }

    println!("\nfrom half of k*:");
    let path = transition_path(&problem, &solution.capital_next, 0.5 * steady.capital, 40)?;
    for point in path.iter().step_by(10) {
        println!("period {:>2}      k = {:.6}, c = {:.6}", point.t, point.k, point.c);
    }
    Ok(())
}
