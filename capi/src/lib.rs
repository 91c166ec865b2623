//! The C face of [`ophio`]: the only crate with unsafe code.
