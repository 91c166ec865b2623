//! `OphioEnhancementsPreview`: what another rule set would change, over many stack traces.

use std::sync::{Mutex, TryLockError};

use ophio_core::enhancements::preview::Preview;
use ophio_core::enhancements::stacktrace::msgpack;

use super::rules::OphioEnhancements;
use crate::guard::{guard, guard_into};
use crate::handle;
use crate::slice;
use crate::status::{Error, OphioStatus};
use crate::string::{self, OphioStr};

/// A comparison of two rule sets over stack traces that are added in several calls.
///
/// Only one thread at a time may use it. A call of a second thread fails; it does not wait.
pub struct OphioEnhancementsPreview(Mutex<Preview>);

impl OphioEnhancementsPreview {
    pub(super) fn with<T>(
        &self,
        call: impl FnOnce(&mut Preview) -> Result<T, Error>,
    ) -> Result<T, Error> {
        match self.0.try_lock() {
            Ok(mut preview) => call(&mut preview),
            // After a panic, or a limit that unwinds, the counts may be inconsistent.
            Err(TryLockError::Poisoned(_)) => Err(Error::new(
                OphioStatus::InvalidArgument,
                "the preview cannot be used after a call that failed in the middle",
            )),
            Err(TryLockError::WouldBlock) => Err(Error::new(
                OphioStatus::InvalidArgument,
                "the preview is in use by another thread",
            )),
        }
    }
}

/// Starts a comparison of two rule sets. Rules that are appended later are not included.
///
/// Writes the preview to `preview`, which is the caller's: free it with
/// `ophio_enhancements_preview_free`. Threads may share the rules. Fails with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `old_rules` and `new_rules` are NULL or were made by this library and are not freed yet; `preview` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_preview_new(
    old_rules: *const OphioEnhancements,
    new_rules: *const OphioEnhancements,
    preview: *mut *mut OphioEnhancementsPreview,
) -> OphioStatus {
    // SAFETY: the caller's promise about `preview`.
    let preview = unsafe { handle::out(preview, "preview") };
    guard_into(preview, || {
        // SAFETY: the caller's promise about `old_rules`.
        let old = unsafe { handle::borrow(old_rules, "old_rules") }?.current();
        // SAFETY: the caller's promise about `new_rules`.
        let new = unsafe { handle::borrow(new_rules, "new_rules") }?.current();
        Ok(handle::new(OphioEnhancementsPreview(Mutex::new(
            Preview::new(&old, &new),
        ))))
    })
}

/// Runs the body of a function that changes a preview.
///
/// # Safety
///
/// `preview` meets the requirements of [`handle::borrow`].
unsafe fn change(
    preview: *const OphioEnhancementsPreview,
    change: impl FnOnce(&mut Preview) -> Result<(), Error>,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise.
        unsafe { handle::borrow(preview, "preview") }?.with(change)
    })
}

/// Sets whether the frames of events are fresh.
///
/// `ophio_enhancements_preview_add_json_lines` restores `in_app` of a frame from
/// `data.orig_in_app`, as in `ophio_events_frames`, unless `fresh` is true. Fails with
/// `OPHIO_STATUS_INVALID_ARGUMENT` if another thread uses the preview, and with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `preview` is NULL or comes from `ophio_enhancements_preview_new` and is not freed yet.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_preview_set_fresh(
    preview: *mut OphioEnhancementsPreview,
    fresh: bool,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        change(preview, |preview| {
            preview.set_fresh(fresh);
            Ok(())
        })
    }
}

/// Sets the maximum number of changed stack traces that are explained to find the responsible
/// rules, initially 10,000. Explaining takes most of the time. The other numbers of the report do
/// not depend on it. Fails with `OPHIO_STATUS_INVALID_ARGUMENT` if another thread uses the preview,
/// and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `preview` is NULL or comes from `ophio_enhancements_preview_new` and is not freed yet.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_preview_set_max_explained(
    preview: *mut OphioEnhancementsPreview,
    max_explained: usize,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        change(preview, |preview| {
            preview.set_max_explained(max_explained as u64);
            Ok(())
        })
    }
}

/// Compares many more stack traces, on `threads` threads, which end with the call.
///
/// `packed` is a MessagePack array of stack traces, each as in
/// `ophio_enhancements_apply_packed`, with frames to which no rules were applied. A third value
/// after exception and frames may be a binary with a byte for each frame: 1 if it repeats the frame
/// before it, else 0. If the call fails, nothing is counted. Fails with `OPHIO_STATUS_FRAME`, `OPHIO_STATUS_LIMIT` or
/// `OPHIO_STATUS_INVALID_ARGUMENT` as there, also if another thread uses the preview, and with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `preview` is NULL or comes from `ophio_enhancements_preview_new` and is not freed yet; `packed` is
/// readable for `packed_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_preview_add(
    preview: *mut OphioEnhancementsPreview,
    packed: *const u8,
    packed_len: usize,
    threads: usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `preview`.
        let preview = unsafe { handle::borrow(preview, "preview") }?;
        // SAFETY: the caller's promise about `packed`.
        let packed = unsafe { slice::bytes(packed, packed_len, "packed") }?;
        let stacktraces = msgpack::decode_many(packed)?;
        preview.with(|preview| Ok(preview.add(&stacktraces, threads)?))
    })
}

/// Compares the stack traces of events, one event a line of JSON, on `threads` threads, which end
/// with the call. Empty lines are skipped.
///
/// Stops before the first line that is not an event. Writes the number of bytes of the lines that
/// were read to `read`. It is `json_len`, or less if there is such a line; then
/// `ophio_events_pack_json_lines` reports what is wrong with that line. Writes the number of stack
/// traces in the lines that were read to `stacktraces`. If the call fails, nothing is counted.
/// Fails with `OPHIO_STATUS_INVALID_ARGUMENT` if another thread uses the preview, and with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `preview` is NULL or comes from `ophio_enhancements_preview_new` and is not freed yet; `json` is
/// readable for `json_len` bytes; `read` and `stacktraces` are NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_preview_add_json_lines(
    preview: *mut OphioEnhancementsPreview,
    json: *const u8,
    json_len: usize,
    threads: usize,
    read: *mut usize,
    stacktraces: *mut usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `preview`.
        let preview = unsafe { handle::borrow(preview, "preview") }?;
        // SAFETY: the caller's promise about `read`.
        let read = unsafe { handle::out(read, "read") }?;
        // SAFETY: the caller's promise about `stacktraces`.
        let stacktraces = unsafe { handle::out(stacktraces, "stacktraces") }?;
        // SAFETY: the caller's promise about `json`.
        let json = unsafe { slice::bytes(json, json_len, "json") }?;
        let added = preview.with(|preview| Ok(preview.add_json_lines(json, threads)?))?;
        read.write(added.bytes);
        stacktraces.write(added.stacktraces);
        Ok(())
    })
}

/// Writes the results so far, as JSON.
///
/// Writes an object to `report` that is the caller's: free it with `ophio_str_free`. It has the
/// numbers `stacktraces`, `frames`, `changed_stacktraces`, `changed_frames`, `in_app`,
/// `category`, `contributes`, `system`, `grouping`, `grouping_app`, `grouping_system`,
/// `restored_stacktraces`, `restored_frames` and `explained`, `examples` (the first stack traces
/// that change, from 0), and `old_rules` and `new_rules`, with `matched` and `responsible` for
/// each rule. `restored_stacktraces` and `restored_frames` count what
/// `ophio_enhancements_preview_add_json_lines` restored. Fails with
/// `OPHIO_STATUS_INVALID_ARGUMENT` if another thread uses the preview, and with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `preview` is NULL or comes from `ophio_enhancements_preview_new` and is not freed yet; `report` is NULL
/// or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_preview_report(
    preview: *const OphioEnhancementsPreview,
    report: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `preview` and `report`.
    unsafe {
        string::describe((preview, "preview"), (report, "report"), |preview| {
            preview.with(|preview| Ok(preview.report().to_json()))
        })
    }
}

/// Frees a preview and sets the pointer to it to NULL; NULL, or a pointer to NULL, does nothing.
///
/// # Safety
///
/// `preview` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_preview_free(
    preview: *mut *mut OphioEnhancementsPreview,
) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(preview) }
}
