//! The stored form: JSON, as Sentry keeps it.

use thiserror::Error;

/// A stored form that is malformed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid fingerprint rules: {0}")]
pub struct StoredError(pub(super) String);
