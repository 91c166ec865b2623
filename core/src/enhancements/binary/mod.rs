//! The binary form of rules: what Sentry passes around and stores.
//!
//! ```text
//! config_structure    MessagePack: [version, bases, rules]
//! stored              that, compressed by zstandard, in base64
//! ```

pub(super) mod config_structure;
pub(super) mod stored;
