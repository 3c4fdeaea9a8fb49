//! The deterministic growth model.

/// Why the growth model could not be solved as asked.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum GrowthError {}
