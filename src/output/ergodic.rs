//! The distribution of capital and productivity in the long run as a table: a row a node, in order of
//! productivity and then capital, and beside the probability the share of time that a simulated path spends
//! there, where there is one.

use serde::Serialize;

use crate::growth::{Ergodic, Problem};

/// One node, as written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct ErgodicRow {
    /// Productivity z.
    pub z: f64,
    /// Capital k.
    pub k: f64,
    /// Probability of the node in the long run.
    pub probability: f64,
}

/// One node with a simulated path, as written.
#[derive(Debug, Clone, Copy, PartialEq, Serialize)]
#[non_exhaustive]
pub struct SimulatedShareRow {
    /// Productivity z.
    pub z: f64,
    /// Capital k.
    pub k: f64,
    /// Probability of the node in the long run.
    pub probability: f64,
    /// Share of the simulated periods at the node: one between two nodes counts at both, the more so the
    /// nearer.
    pub simulated: f64,
}

/// The rows of a distribution.
pub fn ergodic_rows<'a>(
    problem: &'a Problem,
    ergodic: &'a Ergodic,
) -> impl Iterator<Item = ErgodicRow> + use<'a> {
    ergodic.probability.iter().enumerate().map(|(node, &probability)| {
        let (state, point) = (node / problem.len(), node % problem.len());
        ErgodicRow { z: problem.chain().states()[state], k: problem.capital()[point], probability }
    })
}

/// The rows of a distribution beside the `shares` of a simulated path (Z × N).
pub fn simulated_share_rows<'a>(
    problem: &'a Problem,
    ergodic: &'a Ergodic,
    shares: &'a [f64],
) -> impl Iterator<Item = SimulatedShareRow> + use<'a> {
    ergodic_rows(problem, ergodic).zip(shares).map(|(row, &simulated)| {
        let ErgodicRow { z, k, probability } = row;
        SimulatedShareRow { z, k, probability, simulated }
    })
}

#[cfg(feature = "parquet")]
mod rows {
    use super::{ErgodicRow, SimulatedShareRow};
    use crate::output::table::{Kind, Row, Value};

    impl Row for ErgodicRow {
        const COLUMNS: &'static [(&'static str, Kind)] =
            &[("z", Kind::Number), ("k", Kind::Number), ("probability", Kind::Number)];

        fn values(&self) -> Vec<Value<'_>> {
            [self.z, self.k, self.probability].map(Value::Number).to_vec()
        }
    }

    impl Row for SimulatedShareRow {
        const COLUMNS: &'static [(&'static str, Kind)] = &[
            ("z", Kind::Number),
            ("k", Kind::Number),
            ("probability", Kind::Number),
            ("simulated", Kind::Number),
        ];

        fn values(&self) -> Vec<Value<'_>> {
            [self.z, self.k, self.probability, self.simulated].map(Value::Number).to_vec()
        }
    }
}
