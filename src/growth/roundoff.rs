//! The unit in which all statements about rounding are made.

/// The unit roundoff u of f64.
pub(super) const ROUNDOFF: f64 = 0.5 * f64::EPSILON;

/// Covers what is of second order in u.
pub(super) const SECOND_ORDER: f64 = 1.0 + 1e-6;
