//! The C face of [`ophio_core::enhancements`]: stack trace rules.
//!
//! ```text
//! cache.rs       OphioCache: parsed rules, kept for the next parse
//! config.rs      OphioEnhancementsConfig: a project's rules, at work on an event's frames
//! rules.rs       OphioEnhancements: made, extended, counted, printed
//! diagnostics.rs OphioDiagnostics: every problem of a text; texts written anew
//! introspection.rs what they are and did, their other forms and parts
//! structs.rs     asking it about frames in C structs
//! packed.rs      asking it about frames in one packed buffer: what Python does
//! arrow.rs       asking it about stack traces in columns
//! preview.rs     OphioPreview: what another rule set would change
//! stacktraces.rs prepared stack traces, many at once
//! tristate.rs    missing, false or true
//! ```

#[cfg(feature = "arrow")]
pub mod arrow;
pub mod cache;
pub mod config;
pub mod diagnostics;
pub mod introspection;
pub mod packed;
pub mod preview;
pub mod rules;
pub mod stacktraces;
pub mod structs;
pub mod tristate;
