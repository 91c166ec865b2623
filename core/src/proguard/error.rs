//! Why a mapping or a query cannot be read.

use std::path::PathBuf;

use thiserror::Error;

use crate::limits::LimitExceeded;

/// An error of reading a mapping or packed queries.
#[derive(Debug, Error)]
pub enum ProguardError {
    /// The file cannot be read.
    #[error("cannot read {}: {source}", path.display())]
    Read {
        /// The file.
        path: PathBuf,
        /// The error of the operating system.
        source: std::io::Error,
    },
    /// A file is not a cache, or it is damaged.
    #[error("cannot read {} as a cache of a mapping: {reason}", path.display())]
    Cache {
        /// The file.
        path: PathBuf,
        /// What is wrong, and what is expected.
        reason: String,
    },
    /// The mapping exceeds a limit.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
    /// Packed queries do not have the form that [`Mapper::remap_packed`](super::Mapper::remap_packed) describes.
    #[error("malformed queries: {0}")]
    Queries(#[from] rmp_serde::decode::Error),
}
