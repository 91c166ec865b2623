//! Errors of reading rules and events.

use thiserror::Error;

use super::check::Diagnostic;
use crate::limits::LimitExceeded;

/// Why fingerprint rules cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum FingerprintsError {
    /// The text has something that is not a rule.
    #[error("{0}")]
    Syntax(Box<Diagnostic>),
    /// The stored form is malformed.
    #[error(transparent)]
    Stored(#[from] StoredError),
    /// The input is above a limit.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// A stored form that is malformed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid fingerprint rules: {0}")]
pub struct StoredError(pub(super) String);
