//! The text form of rules.
//!
//! ```text
//! text -> parser -> rules -> source -> text      parses to the same rules
//!              `-> diagnostics                   every problem at once, with suggestions
//! text -> format -> text                         the same rules in columns
//! ```

pub mod diagnostics;
pub(super) mod format;
pub(super) mod parser;
pub(super) mod source;
