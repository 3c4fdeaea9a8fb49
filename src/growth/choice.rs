//! The rule of choice.

/// Which next capital may be chosen.
#[derive(Debug, Clone, Copy, PartialEq, Eq, serde::Serialize)]
#[serde(rename_all = "lowercase")]
pub enum Choice {
    /// Any k′ between the ends of the grid; V is interpolated linearly.
    Continuous,
    /// The grid points alone.
    Grid,
}
