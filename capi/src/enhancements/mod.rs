//! The C API of [`ophio_core::enhancements`]: stack trace rules.
//!
//! ```text
//! cache.rs       OphioEnhancementsCache: parsed rules, kept for the next parse
//! config.rs      OphioEnhancementsConfig: a project's rules, applied to an event's frames
//! rules.rs       OphioEnhancements: made, extended, counted, printed
//! diagnostics.rs OphioEnhancementsDiagnostics: every problem of a text; formatting
//! fields.rs      the names of the fields
//! introspection.rs descriptions, explanations, other forms, parts
//! structs.rs     applying them to frames in C structs
//! packed.rs      applying them to frames in one packed buffer, as Python does
//! arrow.rs       applying them to stack traces in columns
//! preview.rs     OphioEnhancementsPreview: what another rule set would change
//! kept.rs        OphioEnhancementsKept: stack traces for many previews
//! stacktraces.rs prepared stack traces, many at once
//! tristate.rs    missing, false or true
//! ```

#[cfg(feature = "arrow")]
pub mod arrow;
pub mod cache;
pub mod config;
pub mod diagnostics;
pub mod fields;
pub mod introspection;
pub mod kept;
pub mod packed;
pub mod preview;
pub mod rules;
pub mod stacktraces;
pub mod structs;
pub mod tristate;
