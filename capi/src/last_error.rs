//! The last error of each thread, like `errno` in C.
//!
//! A call that fails returns a status and stores its message here. A call that succeeds does not
//! clear it, so the last error is meaningful only directly after a failure.

use std::cell::RefCell;

use crate::slice::OphioSlice;
use crate::status::{Error, OphioStatus};

thread_local! {
    /// The last failure on this thread.
    static LAST_ERROR: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Stores `error` as the last error of this thread.
///
/// When a thread ends, a destructor of the host may call the library after this storage was freed.
/// Then the message is lost, and the caller only gets the status.
#[cold]
pub(crate) fn record(error: Error) {
    let _ = LAST_ERROR.try_with(|last| last.replace(Some(error)));
}

/// Returns the status of the last failure on the calling thread,
/// `OPHIO_STATUS_OK` if there is none.
///
/// Successful calls do not reset it. A function that returns a status returns the same number. Any
/// thread may call this and gets its own status. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_last_error_code() -> OphioStatus {
    LAST_ERROR
        .try_with(|last| last.borrow().as_ref().map(|error| error.status()))
        .ok()
        .flatten()
        .unwrap_or(OphioStatus::Ok)
}

/// Returns the message of the last failure on the calling thread: UTF-8, without a
/// final newline; empty if there is none.
///
/// The slice is borrowed. It is valid on this thread only, until the next call
/// that fails on this thread, `ophio_last_error_clear`, or the thread's end: copy
/// it at once. Any thread may call this and gets its own message. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_last_error_message() -> OphioSlice {
    LAST_ERROR
        .try_with(|last| {
            last.borrow()
                .as_ref()
                .map(|error| OphioSlice::borrowed(error.message().as_bytes()))
        })
        .ok()
        .flatten()
        .unwrap_or(OphioSlice::EMPTY)
}

/// Clears the last failure of the calling thread and frees its message.
///
/// There is no need to call it: the next failure replaces the last one. Any
/// thread may call it. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_last_error_clear() {
    let _ = LAST_ERROR.try_with(|last| last.take());
}
