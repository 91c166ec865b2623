//! Errors of stack traces in columns.

use crate::arrow::RowError;
use crate::enhancements::stacktrace::view::StacktraceError;

/// An error in an array of stack traces.
pub type ArrowError = RowError<StacktraceError>;
