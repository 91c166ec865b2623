//! The last error of each thread, as C's `errno` is one.
//!
//! A call that fails returns a status, and leaves its message here. Nothing is cleared when a
//! call succeeds, so success costs nothing: the last error means something only right after a
//! failure.

use std::cell::RefCell;

use crate::slice::OphioSlice;
use crate::status::{Error, OphioStatus};

thread_local! {
    /// The last failure on this thread.
    static LAST_ERROR: RefCell<Option<Error>> = const { RefCell::new(None) };
}

/// Keeps `error` as the last one of this thread.
///
/// While a thread ends, its storage may be gone before the host's last
/// destructor calls us: then the status has to be enough, and the message is lost.
#[cold]
pub(crate) fn record(error: Error) {
    let _ = LAST_ERROR.try_with(|last| last.replace(Some(error)));
}

/// Returns the status of the last failure on the calling thread,
/// `OPHIO_STATUS_OK` if there is none.
///
/// Successful calls do not reset it. A function that returns a status has returned
/// the same number already. Any thread
/// may call it, and gets its own. Cannot fail.
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
/// it at once. Any thread may call it, and gets its own. Cannot fail.
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

/// Forgets the last failure of the calling thread and frees its message.
///
/// There is no need to call it: the next failure replaces the last one. Any
/// thread may call it. Cannot fail.
#[no_mangle]
pub extern "C" fn ophio_last_error_clear() {
    let _ = LAST_ERROR.try_with(|last| last.take());
}
