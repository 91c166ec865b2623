//! The binary form of rules, and the compressed form that Sentry stores.
//!
//! ```text
//! config_structure    MessagePack: [version, bases, rules]
//! stored              the binary form, compressed by zstandard, in base64
//! ```

pub(super) mod config_structure;
pub(super) mod stored;
