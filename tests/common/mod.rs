//! What several integration tests share.

pub(crate) mod malformed;
pub(crate) mod malformed_tables;
