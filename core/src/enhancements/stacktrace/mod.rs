//! Stack traces as they come in, and what carries them.
//!
//! ```text
//! view       what the engine sees                      points into what carried it
//! msgpack    match frames, packed by the caller        one buffer a stack trace
//! mappings   match frames, as the mappings they are    one buffer a stack trace
//! event      frames as Sentry events have them         made into match frames
//! json       events as JSON                             written as msgpack, then as event
//! arrow      columns of stack traces                   read where they are
//! ```

#[cfg(feature = "arrow")]
pub mod arrow;
pub mod event;
pub mod json;
mod key;
pub mod mappings;
pub mod msgpack;
pub mod view;
