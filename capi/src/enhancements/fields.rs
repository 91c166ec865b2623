//! The names of the fields of frames and of exception data, for bindings.

use ophio_core::enhancements::fields::{ExceptionField, FrameField};

use crate::slice::OphioSlice;

/// Returns the names of the fields of a frame, joined by line feeds.
///
/// They are in the order of packed frames. The slice is valid for as long as the
/// library is loaded. Any thread may call this. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_enhancements_frame_fields() -> OphioSlice {
    OphioSlice::borrowed(FrameField::NAMES.as_bytes())
}

/// Returns the names of the fields of exception data, joined by line feeds.
///
/// They are in the order of packed exception data. The slice is valid for as long
/// as the library is loaded. Any thread may call this. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_enhancements_exception_fields() -> OphioSlice {
    OphioSlice::borrowed(ExceptionField::NAMES.as_bytes())
}
