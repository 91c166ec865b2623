//! The logic of libophio, in safe Rust.
//!
//! Each public module is one binding: it has a C face of the same name in the
//! crate `ophio-capi` and a Python face of the same name in the package
//! `sentry_ophio`. Nothing here knows of C or Python.

#![forbid(unsafe_code)]

pub mod codeowners;
pub mod enhancements;
pub mod functions;
pub mod glob;
pub mod limits;
mod msgpack_array;
pub mod proguard;
#[cfg(test)]
mod testing;
