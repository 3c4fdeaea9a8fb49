//! Solutions of the growth model and transition paths as CSV and JSON.
//!
//! CSV holds the table alone, one row a grid point or period. JSON holds the same rows as objects under
//! `rows`, beside the model, the grid, the method, the steady state, the certificate and the times in
//! seconds. Figures are in shortest round-trip form.
//!
//! The certificate's `bound` is guaranteed: no `value` is farther than that from V_N, the exact solution of
//! the problem on this grid. It is about the error that iterating and rounding leave. How far V_N itself is
//! from the value function of the model is the grid's doing and no part of it: that falls with the square of
//! the spacing, and the Euler errors give an idea of it. `residual` is max |T V − V|, `rounding` the part of
//! the bound that is due to rounding, and `euler_max` and `euler_mean` are logarithms to base 10 of relative
//! errors of consumption off the grid; see [`Certificate`].

use std::io::{self, Write};

use serde::Serialize;

use crate::growth::{
    Certificate, Choice, GridSpec, Model, Problem, ProposalReport, Settings, Solution, SteadyState,
    euler_errors,
};

/// One grid point of a solution, as written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GrowthRow {
    /// Capital k.
    pub k: f64,
    /// V(k), within the certificate's bound of the exact solution on this grid.
    pub value: f64,
    /// The best k′.
    pub capital_next: f64,
    /// f(k) − k′.
    pub consumption: f64,
    /// Euler error at k, log10.
    pub euler_error: f64,
}

/// The rows of a solution, one a grid point, in order of capital.
pub fn growth_rows(problem: &Problem, solution: &Solution) -> Vec<GrowthRow> {
    let errors = euler_errors(problem, &solution.capital_next);
    let row = |(i, euler_error)| {
        let (k, capital_next): (f64, f64) = (problem.capital()[i], solution.capital_next[i]);
        let consumption = problem.resources()[i] - capital_next;
        GrowthRow { k, value: solution.value[i], capital_next, consumption, euler_error }
    };
    errors.into_iter().enumerate().map(row).collect()
}

/// Writes rows as CSV with a header.
///
/// # Errors
///
/// What the writer fails with.
pub fn write_csv<R: Serialize>(rows: &[R], out: &mut dyn Write) -> io::Result<()> {
    let mut writer = csv::Writer::from_writer(out);
    for row in rows {
        writer.serialize(row)?;
    }
    writer.flush()
}

#[derive(Serialize)]
struct Document<'a, R> {
    model: &'a Model,
    steady_state: SteadyState,
    grid: GridSpec,
    choice: Choice,
    settings: &'a Settings,
    iterations: usize,
    preparations: usize,
    /// Null where no GPU proposed.
    proposal: Option<ProposalReport>,
    certificate: &'a Certificate,
    seconds: Seconds,
    rows: &'a [R],
}

#[derive(Serialize)]
struct Seconds {
    start: f64,
    solve: f64,
    polish: f64,
    certify: f64,
}

/// Writes rows ([`GrowthRow`], or [`PathPoint`](crate::growth::PathPoint)) as JSON, with all that they were
/// computed from and what is guaranteed.
///
/// # Errors
///
/// What the writer fails with.
pub fn write_json<R: Serialize>(
    problem: &Problem,
    settings: &Settings,
    solution: &Solution,
    rows: &[R],
    out: &mut dyn Write,
) -> io::Result<()> {
    let timing = &solution.timing;
    let document = Document {
        model: problem.model(),
        steady_state: problem.model().steady_state(),
        grid: problem.spec(),
        choice: problem.choice(),
        settings,
        iterations: solution.iterations,
        preparations: solution.preparations,
        proposal: solution.proposal,
        certificate: &solution.certificate,
        seconds: Seconds {
            start: timing.start.as_secs_f64(),
            solve: timing.solve.as_secs_f64(),
            polish: timing.polish.as_secs_f64(),
            certify: timing.certify.as_secs_f64(),
        },
        rows,
    };
    serde_json::to_writer_pretty(&mut *out, &document)?;
    writeln!(out)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::{PathPoint, solve, transition_path};

    fn solved() -> (Problem, Settings, Solution) {
        let spec = GridSpec { points: 20, ..GridSpec::default() };
        let problem = Problem::new(Model::default(), spec, Choice::Continuous).unwrap();
        let settings = Settings::for_choice(Choice::Continuous);
        let solution = solve(&problem, &settings, &mut |_| ()).unwrap();
        (problem, settings, solution)
    }

    #[test]
    fn csv_reads_back_to_the_last_bit() {
        let (problem, _, solution) = solved();
        let rows = growth_rows(&problem, &solution);
        let mut out = Vec::new();
        write_csv(&rows, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("k,value,capital_next,consumption,euler_error\n"));
        for (line, row) in text.lines().skip(1).zip(&rows) {
            let read: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
            assert_eq!(read, [row.k, row.value, row.capital_next, row.consumption, row.euler_error]);
        }
        assert_eq!(text.lines().count(), 21);
    }

    #[test]
    fn json_holds_the_certificate_and_the_rows() {
        let (problem, settings, solution) = solved();
        let path: Vec<PathPoint> = transition_path(&problem, &solution.capital_next, 1.0, 3).unwrap();
        let mut out = Vec::new();
        write_json(&problem, &settings, &solution, &path, &mut out).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(read["certificate"]["bound"].as_f64(), Some(solution.certificate.bound));
        assert_eq!(read["settings"]["method"], "accelerated");
        assert_eq!(read["model"]["sigma"], 2.0);
        assert_eq!(read["rows"].as_array().unwrap().len(), 4);
        assert_eq!(read["rows"][0]["k"], 1.0);
    }
}
