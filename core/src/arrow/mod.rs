//! Arrow arrays: columns that are read in place, and columns that are made.
//!
//! ```text
//! caller's arrays -> columns -> rows as a binding looks at them
//! results         -> build   -> arrays that are the caller's
//! ```
//!
//! Stack trace rules (`enhancements::stacktrace::arrow`) and fingerprint rules
//! (`fingerprints::arrow`) read and write columns with this module.
//!
//! Arrays are untrusted input. Offsets, keys of dictionaries and UTF-8 are checked when they are
//! read, so a slice of a large batch costs only what the slice costs.

pub(crate) mod build;
pub(crate) mod columns;
#[cfg(test)]
pub(crate) mod testing;

use thiserror::Error;

/// An error in the columns of an array.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ColumnError {
    /// A column is missing.
    #[error("column `{column}` is missing: expected {expected}")]
    Missing {
        /// Its name.
        column: &'static str,
        /// The type it should have.
        expected: &'static str,
    },
    /// A column has the wrong type.
    #[error("column `{column}`: expected {expected}, not {found}")]
    Type {
        /// Its name.
        column: &'static str,
        /// The type it should have.
        expected: &'static str,
        /// The type it has.
        found: String,
    },
    /// A column points outside of its buffers.
    #[error("column `{column}` is corrupt: {what}")]
    Corrupt {
        /// Its name.
        column: &'static str,
        /// What is wrong.
        what: &'static str,
    },
    /// The result would need offsets of 64 bits.
    #[error("a column of the result has at most 2,147,483,647 values or bytes: pass fewer rows")]
    TooLarge,
}

/// An error in a row, or in a column.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum RowError<E> {
    /// A column is not valid.
    #[error(transparent)]
    Column(#[from] ColumnError),
    /// A value is not valid.
    #[error("row {row}: {error}")]
    Row {
        /// The row, counted from 0 in its batch.
        row: usize,
        /// The error.
        error: E,
    },
}
