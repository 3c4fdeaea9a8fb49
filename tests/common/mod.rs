//! What several integration tests share.

pub(crate) mod malformed;
#[cfg(feature = "parquet")]
mod malformed_arrow;
pub(crate) mod malformed_tables;
