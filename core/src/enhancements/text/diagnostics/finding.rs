//! A problem of one rule, before it has a line and columns.

use crate::enhancements::codes::Code;
use crate::enhancements::text::parser::Place;

/// A problem of a rule, with its span in the trimmed line.
pub(super) struct Finding {
    pub(super) code: Code,
    pub(super) place: Place,
    pub(super) message: String,
    pub(super) suggestion: Option<String>,
}
