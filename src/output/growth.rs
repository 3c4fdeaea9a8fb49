//! Solutions of the growth model and transition paths as CSV, JSON, Parquet and Arrow.
//!
//! CSV holds the table alone, one row a grid point or period; with shocks one row a node, productivity in
//! front. JSON holds the same rows as objects under
//! `rows`, beside the model, the grid, the method, the steady state, the certificate and the times in
//! seconds. Figures are in shortest round-trip form. Parquet holds the rows as a table, and the rest as the
//! key `bellwether` of its metadata.
//!
//! **What is guaranteed about V.** `value_low` and `value_high` enclose the true value function of the
//! economy, rounding included: no grid is in the way. `enclosure` holds the largest `width` between them
//! and the `error` of `value` that follows; `confined` says whether that is the economy whose capital is
//! kept on the grid. See [`Enclosure`].
//!
//! **What is guaranteed about the iteration.** The certificate's `iteration_error` bounds the distance from
//! `value` to V_N, the exact solution of the problem on this grid: the error that iterating and rounding
//! leave. `residual` is max |T V − V|, `rounding` the part that is due to rounding, and `euler_max` and
//! `euler_mean` are logarithms to base 10 of relative errors of consumption off the grid; see
//! [`Certificate`].
//!
//! **In the long run.** Where a path was simulated or the distribution computed, `simulation` and `ergodic`
//! hold how, and the moments; see [`Simulated`] and [`Ergodic`].

use std::io::{self, Write};

use serde::Serialize;

use crate::growth::{
    Certificate, Chain, Choice, Enclosure, Ergodic, GridSpec, Model, Problem, ProposalReport, Settings,
    Simulated, Solution, SteadyState, euler_errors,
};

/// What a table was computed from, and what is written beside it.
#[derive(Debug, Clone, Copy)]
#[non_exhaustive]
pub struct Source<'a> {
    /// The problem on its grid.
    pub problem: &'a Problem,
    /// How it was solved.
    pub settings: &'a Settings,
    /// Its solution.
    pub solution: &'a Solution,
    /// Bounds on the true V.
    pub enclosure: &'a Enclosure,
    /// What a simulated path says, where there is one.
    pub simulated: Option<&'a Simulated>,
    /// The distribution in the long run, where it was computed.
    pub ergodic: Option<&'a Ergodic>,
}

impl<'a> Source<'a> {
    /// A solution alone.
    pub fn new(
        problem: &'a Problem,
        settings: &'a Settings,
        solution: &'a Solution,
        enclosure: &'a Enclosure,
    ) -> Self {
        Self { problem, settings, solution, enclosure, simulated: None, ergodic: None }
    }

    /// With what a simulated path and the distribution in the long run say.
    pub fn long_run(self, simulated: Option<&'a Simulated>, ergodic: Option<&'a Ergodic>) -> Self {
        Self { simulated, ergodic, ..self }
    }
}

/// One grid point of a solution, as written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct GrowthRow {
    /// Capital k.
    pub k: f64,
    /// V(k): the solution on this grid; where an accuracy was asked for, the middle of the bounds.
    pub value: f64,
    /// The best k′.
    pub capital_next: f64,
    /// f(k) − k′.
    pub consumption: f64,
    /// Euler error at k, log10.
    pub euler_error: f64,
    /// A lower bound on the true V(k).
    pub value_low: f64,
    /// An upper bound on the true V(k).
    pub value_high: f64,
}

/// One node of a solution with shocks, as written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ShockRow {
    /// Productivity z.
    pub z: f64,
    /// Capital k.
    pub k: f64,
    /// V(k, z): the solution on this grid; where an accuracy was asked for, the middle of the bounds.
    pub value: f64,
    /// The best k′.
    pub capital_next: f64,
    /// z k^α + (1−δ) k − k′.
    pub consumption: f64,
    /// Euler error at (z, k), log10.
    pub euler_error: f64,
    /// A lower bound on the true V(k, z).
    pub value_low: f64,
    /// An upper bound on the true V(k, z).
    pub value_high: f64,
}

/// The rows of a solution with shocks, one a node, in order of productivity and then capital.
pub fn shock_rows(problem: &Problem, solution: &Solution, enclosure: &Enclosure) -> Vec<ShockRow> {
    let states = problem.chain().states();
    let row = |(node, row): (usize, GrowthRow)| {
        let GrowthRow { k, value, capital_next, consumption, euler_error, value_low, value_high } = row;
        let z = states[node / problem.len()];
        ShockRow { z, k, value, capital_next, consumption, euler_error, value_low, value_high }
    };
    growth_rows(problem, solution, enclosure).into_iter().enumerate().map(row).collect()
}

/// The rows of a solution, one a grid point, in order of capital; with shocks state by state.
pub fn growth_rows(problem: &Problem, solution: &Solution, enclosure: &Enclosure) -> Vec<GrowthRow> {
    let errors = match &solution.collocation {
        Some(collocation) => collocation.euler_errors(problem.capital()),
        None => euler_errors(problem, &solution.capital_next),
    };
    let n = problem.len();
    let row = |(i, euler_error)| {
        let (k, capital_next): (f64, f64) = (problem.capital()[i % n], solution.capital_next[i]);
        let consumption = problem.resources()[i] - capital_next;
        let (value_low, value_high) = (enclosure.low()[i], enclosure.high()[i]);
        let value = solution.value[i];
        GrowthRow { k, value, capital_next, consumption, euler_error, value_low, value_high }
    };
    errors.into_iter().enumerate().map(row).collect()
}

/// Writes rows as CSV with a header, one after another.
///
/// # Errors
///
/// What the writer fails with.
pub fn write_csv<R: Serialize>(rows: impl IntoIterator<Item = R>, out: &mut dyn Write) -> io::Result<()> {
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
    /// Left out without shocks.
    #[serde(skip_serializing_if = "Option::is_none")]
    shocks: Option<&'a Chain>,
    grid: GridSpec,
    choice: Choice,
    settings: &'a Settings,
    iterations: usize,
    preparations: usize,
    /// Null where no GPU proposed.
    proposal: Option<ProposalReport>,
    enclosure: Enclosed,
    certificate: &'a Certificate,
    seconds: Seconds,
    /// Left out where no path was simulated.
    #[serde(skip_serializing_if = "Option::is_none")]
    simulation: Option<&'a Simulated>,
    /// Left out where it was not computed.
    #[serde(skip_serializing_if = "Option::is_none")]
    ergodic: Option<&'a Ergodic>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rows: Option<R>,
}

/// What is guaranteed about the true value function.
#[derive(Serialize)]
struct Enclosed {
    /// The largest distance between the bounds.
    width: f64,
    /// No `value` is farther from the true one than this.
    error: f64,
    /// The part of the width that is due to rounding.
    rounding: f64,
    iterations: usize,
    /// Whether the economy is the one whose capital is kept on the grid.
    confined: bool,
}

#[derive(Serialize)]
struct Seconds {
    start: f64,
    solve: f64,
    polish: f64,
    certify: f64,
}

/// Rows that are made as they are written, so that none is held.
struct Rows<F>(F);

impl<F, I> Serialize for Rows<F>
where
    F: Fn() -> I,
    I: IntoIterator<Item: Serialize>,
{
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_seq(self.0())
    }
}

/// Writes rows ([`GrowthRow`], [`ShockRow`], [`PathPoint`](crate::growth::PathPoint),
/// [`SimulatedPeriod`](crate::growth::SimulatedPeriod), or those of [`ergodic`](super::ergodic)) as JSON,
/// with all that they were computed from and what is guaranteed. `rows` makes them, one after another.
///
/// # Errors
///
/// What the writer fails with.
pub fn write_json<I: IntoIterator<Item: Serialize>>(
    source: &Source<'_>,
    rows: impl Fn() -> I,
    out: &mut dyn Write,
) -> io::Result<()> {
    serde_json::to_writer_pretty(&mut *out, &document(source, Some(Rows(rows))))?;
    writeln!(out)
}

/// Writes rows as Parquet or Arrow.
///
/// # Errors
///
/// What the writer fails with.
#[cfg(feature = "parquet")]
pub fn write_columns<R: super::table::Row>(
    source: &Source<'_>,
    rows: impl IntoIterator<Item = R>,
    format: super::Format,
    out: &mut dyn Write,
) -> io::Result<()> {
    super::table::write_rows(out, format, rows, &document::<()>(source, None))
}

#[cfg(feature = "parquet")]
mod rows {
    use super::{GrowthRow, ShockRow};
    use crate::growth::{PathPoint, SimulatedPeriod};
    use crate::output::table::{Kind, Row, Value};

    impl Row for GrowthRow {
        const COLUMNS: &'static [(&'static str, Kind)] = &[
            ("k", Kind::Number),
            ("value", Kind::Number),
            ("capital_next", Kind::Number),
            ("consumption", Kind::Number),
            ("euler_error", Kind::Number),
            ("value_low", Kind::Number),
            ("value_high", Kind::Number),
        ];

        fn values(&self) -> Vec<Value<'_>> {
            let Self { k, value, capital_next, consumption, euler_error, value_low, value_high } = *self;
            let numbers = [k, value, capital_next, consumption, euler_error, value_low, value_high];
            numbers.map(Value::Number).to_vec()
        }
    }

    impl Row for ShockRow {
        const COLUMNS: &'static [(&'static str, Kind)] = &[
            ("z", Kind::Number),
            ("k", Kind::Number),
            ("value", Kind::Number),
            ("capital_next", Kind::Number),
            ("consumption", Kind::Number),
            ("euler_error", Kind::Number),
            ("value_low", Kind::Number),
            ("value_high", Kind::Number),
        ];

        fn values(&self) -> Vec<Value<'_>> {
            let Self { z, k, value, capital_next, consumption, euler_error, value_low, value_high } = *self;
            let numbers = [z, k, value, capital_next, consumption, euler_error, value_low, value_high];
            numbers.map(Value::Number).to_vec()
        }
    }

    impl Row for PathPoint {
        const COLUMNS: &'static [(&'static str, Kind)] = &[
            ("t", Kind::Integer),
            ("k", Kind::Number),
            ("c", Kind::Number),
            ("output", Kind::Number),
            ("investment", Kind::Number),
        ];

        fn values(&self) -> Vec<Value<'_>> {
            let Self { t, k, c, output, investment } = *self;
            let numbers = [k, c, output, investment].map(Value::Number);
            [Value::Integer(t as i64)].into_iter().chain(numbers).collect()
        }
    }

    impl Row for SimulatedPeriod {
        const COLUMNS: &'static [(&'static str, Kind)] = &[
            ("period", Kind::Integer),
            ("k", Kind::Number),
            ("z", Kind::Number),
            ("c", Kind::Number),
            ("y", Kind::Number),
            ("i", Kind::Number),
        ];

        fn values(&self) -> Vec<Value<'_>> {
            let Self { period, k, z, c, y, i, .. } = *self;
            let numbers = [k, z, c, y, i].map(Value::Number);
            [Value::Integer(period as i64)].into_iter().chain(numbers).collect()
        }
    }
}

/// What rows were computed from and what is guaranteed, with the rows where there are any.
fn document<'a, R>(source: &Source<'a>, rows: Option<R>) -> Document<'a, R> {
    let Source { problem, settings, solution, enclosure, simulated, ergodic } = *source;
    let timing = &solution.timing;
    Document {
        model: problem.model(),
        steady_state: problem.model().steady_state(),
        shocks: problem.has_shocks().then(|| problem.chain()),
        grid: problem.spec(),
        choice: problem.choice(),
        settings,
        iterations: solution.iterations,
        preparations: solution.preparations,
        proposal: solution.proposal,
        enclosure: Enclosed {
            width: enclosure.width(),
            error: enclosure.error_of(&solution.value),
            rounding: enclosure.rounding(),
            iterations: enclosure.iterations(),
            confined: enclosure.is_confined(),
        },
        certificate: &solution.certificate,
        seconds: Seconds {
            start: timing.start.as_secs_f64(),
            solve: timing.solve.as_secs_f64(),
            polish: timing.polish.as_secs_f64(),
            certify: timing.certify.as_secs_f64(),
        },
        simulation: simulated,
        ergodic,
        rows,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::growth::enclose::enclose_solution;
    use crate::growth::{PathPoint, solve, transition_path};

    fn solved() -> (Problem, Settings, Solution, Enclosure) {
        let spec = GridSpec { points: 20, ..GridSpec::default() };
        let problem = Problem::new(Model::default(), spec, Choice::Continuous).unwrap();
        let settings = Settings::for_choice(Choice::Continuous);
        let solution = solve(&problem, &settings, &mut |_| ()).unwrap();
        let enclosure = enclose_solution(&problem, &solution).unwrap();
        (problem, settings, solution, enclosure)
    }

    #[test]
    fn csv_reads_back_to_the_last_bit() {
        let (problem, _, solution, enclosure) = solved();
        let rows = growth_rows(&problem, &solution, &enclosure);
        let mut out = Vec::new();
        write_csv(&rows, &mut out).unwrap();
        let text = String::from_utf8(out).unwrap();
        assert!(text.starts_with("k,value,capital_next,consumption,euler_error,value_low,value_high\n"));
        for (line, row) in text.lines().skip(1).zip(&rows) {
            let read: Vec<f64> = line.split(',').map(|field| field.parse().unwrap()).collect();
            let GrowthRow { k, value, capital_next, consumption, euler_error, value_low, value_high } = *row;
            assert_eq!(read, [k, value, capital_next, consumption, euler_error, value_low, value_high]);
            // The value is the grid's, known to the tolerance; the bounds are the economy's.
            assert!(value_low <= value + 1e-6 && value <= value_high + 1e-6);
        }
        assert_eq!(text.lines().count(), 21);
    }

    #[cfg(feature = "parquet")]
    #[test]
    fn files_of_columns_hold_the_same_numbers() {
        use crate::output::Format;
        use crate::panel::ColumnFile;
        use crate::panel::parquet::Values;
        let (problem, settings, solution, enclosure) = solved();
        let rows = growth_rows(&problem, &solution, &enclosure);
        let folder = tempfile::tempdir().unwrap();
        let source = Source::new(&problem, &settings, &solution, &enclosure);
        for format in [Format::Parquet, Format::Arrow] {
            let path = folder.path().join("growth");
            let mut out = std::fs::File::create(&path).unwrap();
            write_columns(&source, rows.iter().copied(), format, &mut out).unwrap();
            let table = ColumnFile::open(&path).unwrap();
            let columns = table.read(0, &[0, 1, 2, 3, 4]).unwrap();
            let column = |number: usize| match &columns[number].values {
                Values::Number(values) => values.clone(),
                other => panic!("{other:?}"),
            };
            assert_eq!(column(0), problem.capital());
            assert_eq!(column(1), solution.value);
            assert_eq!(column(4), rows.iter().map(|row| row.euler_error).collect::<Vec<_>>());
            let how: serde_json::Value = serde_json::from_str(table.metadata("bellwether").unwrap()).unwrap();
            assert_eq!(how["certificate"]["iteration_error"].as_f64(), Some(solution.certificate.bound));
            assert!(how["rows"].is_null());
        }

        let path = transition_path(&problem, &solution.capital_next, 1.0, 3).unwrap();
        let mut out = Vec::new();
        write_columns(&source, path, Format::Parquet, &mut out).unwrap();
        assert!(out.starts_with(b"PAR1"));
    }

    #[test]
    fn json_holds_the_certificate_and_the_rows() {
        let (problem, settings, solution, enclosure) = solved();
        let path: Vec<PathPoint> = transition_path(&problem, &solution.capital_next, 1.0, 3).unwrap();
        let mut out = Vec::new();
        let source = Source::new(&problem, &settings, &solution, &enclosure);
        write_json(&source, || &path, &mut out).unwrap();
        let read: serde_json::Value = serde_json::from_slice(&out).unwrap();
        assert_eq!(read["certificate"]["iteration_error"].as_f64(), Some(solution.certificate.bound));
        assert_eq!(read["enclosure"]["width"].as_f64(), Some(enclosure.width()));
        assert_eq!(read["enclosure"]["confined"], false);
        assert_eq!(read["settings"]["method"], "accelerated");
        assert_eq!(read["model"]["sigma"], 2.0);
        assert_eq!(read["rows"].as_array().unwrap().len(), 4);
        assert_eq!(read["rows"][0]["k"], 1.0);
    }
}
