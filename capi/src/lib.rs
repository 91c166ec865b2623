//! The C face of `core`: the only crate with unsafe code.
