//! The input forms of stack traces, and the view that the engine reads.
//!
//! ```text
//! view       the view that the engine reads            points into the input buffers
//! msgpack    match frames, packed as arrays            one buffer per stack trace
//! mappings   match frames, packed as mappings          one buffer per stack trace
//! event      frames of Sentry events                   converted to match frames
//! json       events as JSON                            converted to MessagePack, then as event
//! repeats    frames of events that repeat the frame before them
//! arrow      columns of stack traces                   read in place
//! ```

#[cfg(feature = "arrow")]
pub mod arrow;
pub mod event;
pub mod json;
mod key;
pub mod mappings;
pub mod msgpack;
mod repeats;
pub mod view;
