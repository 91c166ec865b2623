//! The logic of libophio, in safe Rust.
//!
//! Each public module is one binding: it has a C API of the same name in the
//! crate `ophio-capi` and a Python module of the same name in the package
//! `sentry_ophio`. Nothing here depends on C or Python.

#![forbid(unsafe_code)]

#[cfg(feature = "arrow")]
mod arrow;
mod characters;
pub mod codeowners;
mod diagnostics;
pub mod enhancements;
pub mod fingerprints;
pub mod functions;
pub mod glob;
mod known;
pub mod limits;
mod msgpack_array;
mod parallel;
pub mod parameterization;
pub mod proguard;
mod reader;
mod shortcut;
#[cfg(test)]
mod testing;
