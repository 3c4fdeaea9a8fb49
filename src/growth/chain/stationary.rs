//! The stationary distribution π = π P, by the elimination of Grassmann, Taksar and Heyman (1985), which adds
//! and divides but never subtracts: each π(z) is right to rounding of itself, however small.
//!
//! It is unique if there is one set of states that no path leaves, and that is all reached from each of its
//! states. States outside of it have probability 0. Rows that do not sum to 1 are divided by their sums.

use super::{Chain, refuse};
use crate::error::Result;

impl Chain {
    /// The stationary distribution of the states, n, which sums to 1.
    ///
    /// # Errors
    ///
    /// [`Error::Parameter`](crate::Error::Parameter) where it is not unique: the chain can end in one of
    /// several sets of states, and which it is depends on the start.
    pub fn stationary(&self) -> Result<Vec<f64>> {
        let n = self.len();
        let members = self.recurrent()?;
        let m = members.len();
        let mut p = vec![0.0; m * m];
        for (a, &from) in members.iter().enumerate() {
            let row = self.row(from);
            let sum: f64 = members.iter().map(|&to| row[to]).sum();
            for (b, &to) in members.iter().enumerate() {
                p[a * m + b] = row[to] / sum;
            }
        }
        for last in (1..m).rev() {
            let leaves: f64 = p[last * m..last * m + last].iter().sum();
            for from in 0..last {
                p[from * m + last] /= leaves;
                for to in 0..last {
                    p[from * m + to] += p[from * m + last] * p[last * m + to];
                }
            }
        }
        let mut weights = vec![1.0; m];
        for state in 1..m {
            weights[state] = (0..state).map(|from| weights[from] * p[from * m + state]).sum();
        }
        let sum: f64 = weights.iter().sum();
        let mut distribution = vec![0.0; n];
        for (&state, weight) in members.iter().zip(weights) {
            distribution[state] = weight / sum;
        }
        if distribution.iter().all(|p| p.is_finite()) {
            return Ok(distribution);
        }
        refuse("transition", "nearly reducible".into(), "its stationary distribution is lost in rounding")
    }

    /// The one set of states that no path leaves.
    fn recurrent(&self) -> Result<Vec<usize>> {
        let n = self.len();
        let reached: Vec<Vec<bool>> = (0..n).map(|from| self.reached(from)).collect();
        // Recurrent is who is reached again from all that it reaches.
        let recurrent = |&state: &usize| (0..n).all(|to| !reached[state][to] || reached[to][state]);
        let members: Vec<usize> = (0..n).filter(recurrent).collect();
        match members.iter().find(|&&state| !reached[members[0]][state]) {
            None => Ok(members),
            Some(state) => refuse(
                "transition",
                "reducible".into(),
                format!(
                    "states {} and {} are never left for each other, so that the stationary distribution \
                     depends on the start; connect them",
                    members[0] + 1,
                    state + 1
                ),
            ),
        }
    }

    /// Which states some path from `from` comes to, itself included.
    fn reached(&self, from: usize) -> Vec<bool> {
        let mut reached = vec![false; self.len()];
        reached[from] = true;
        let mut open = vec![from];
        while let Some(state) = open.pop() {
            for (to, &p) in self.row(state).iter().enumerate() {
                if p > 0.0 && !reached[to] {
                    reached[to] = true;
                    open.push(to);
                }
            }
        }
        reached
    }
}
