//! `OphioEnhancementsKept`: stack traces over which many rule sets are compared with the same old
//! one.
//!
//! ```text
//! ophio_enhancements_kept_new(packed, &kept)                       once
//! ophio_enhancements_preview_new(old_rules, new_rules, &preview)   for each new rule set
//! ophio_enhancements_preview_add_kept(preview, kept, ...)
//! ```

use ophio_core::enhancements::kept::{Counting, Kept};

use super::preview::OphioEnhancementsPreview;
use super::rules::OphioEnhancements;
use crate::guard::{guard, guard_into};
use crate::handle;
use crate::slice;
use crate::status::{Error, OphioStatus};
use crate::string::OphioStr;

/// Stack traces that are kept, with the results of the old rules of the last preview.
///
/// Threads may share it. While one of them computes the results of the old rules, another computes
/// them as well, and does not keep them.
pub struct OphioEnhancementsKept(Kept);

/// Keeps stack traces for many previews. They are copied.
///
/// `packed` is as for `ophio_enhancements_preview_add`. Writes an object to `kept`, which is the
/// caller's: free it with `ophio_enhancements_kept_free`. Fails with `OPHIO_STATUS_FRAME`,
/// `OPHIO_STATUS_LIMIT` or `OPHIO_STATUS_INVALID_ARGUMENT` as `ophio_enhancements_apply_packed`
/// does, and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `packed` is readable for `packed_len` bytes; `kept` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_kept_new(
    packed: *const u8,
    packed_len: usize,
    kept: *mut *mut OphioEnhancementsKept,
) -> OphioStatus {
    // SAFETY: the caller's promise about `kept`.
    let kept = unsafe { handle::out(kept, "kept") };
    guard_into(kept, || {
        // SAFETY: the caller's promise about `packed`.
        let packed = unsafe { slice::bytes(packed, packed_len, "packed") }?;
        Ok(handle::new(OphioEnhancementsKept(Kept::new(packed)?)))
    })
}

/// Compares kept stack traces, on `threads` threads, which end with the call.
///
/// Stack traces that are the same for the rules are compared once, and counted as often as they
/// occur. This call compares those of which the first is one of the `count` stack traces from
/// `first` on. So a caller can compare all of them in several calls, and stop between two. The
/// results of the old rules are computed in the first call, and kept until a preview with other old
/// rules is used. Changed stack traces that are the same are explained once. They are not added to
/// `examples` of the report.
///
/// `marks` has a number for each kept stack trace, `marks_len` in all. Those of the compared ones
/// are written: 4 times the number of the first stack trace that is the same, plus 1 if anything
/// changes, plus 2 if other frames count in one of the variants. If the call fails, nothing is
/// counted. Fails with `OPHIO_STATUS_FRAME` as `ophio_enhancements_preview_add` does, with
/// `OPHIO_STATUS_INVALID_ARGUMENT` if `marks_len` is not the number of stack traces or another
/// thread uses the preview, and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `preview` and `kept` are NULL or come from this library and are not freed yet; `marks` is NULL or
/// may be written for `marks_len` numbers.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_preview_add_kept(
    preview: *mut OphioEnhancementsPreview,
    kept: *const OphioEnhancementsKept,
    first: usize,
    count: usize,
    threads: usize,
    marks: *mut u64,
    marks_len: usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `preview`.
        let preview = unsafe { handle::borrow(preview, "preview") }?;
        // SAFETY: the caller's promise about `kept`.
        let kept = &unsafe { handle::borrow(kept, "kept") }?.0;
        // SAFETY: the caller's promise about `marks`.
        let marks = unsafe { slice::out(marks, marks_len, "marks") }?;
        if marks.len() != kept.len() {
            return Err(Error::new(
                OphioStatus::InvalidArgument,
                format_args!(
                    "`marks` has {} numbers, expected one for each of {} stack traces",
                    marks.len(),
                    kept.len()
                ),
            ));
        }
        let range = first..first.saturating_add(count);
        preview.with(|preview| {
            preview.add_kept(kept, range, threads, |number, same, mark| {
                let flags = u64::from(mark.changes) + 2 * u64::from(mark.counting);
                marks[number].write(4 * same as u64 + flags);
            })?;
            Ok(())
        })
    })
}

/// Finds the frames that count by rules in kept stack traces, on `threads` threads, which end with
/// the call.
///
/// `numbers` has the numbers of `numbers_len` kept stack traces. Writes a MessagePack array to
/// `counting`, which is the caller's: free it with `ophio_str_free`. It has two arrays for each stack
/// trace: the indexes of the frames that count in the app variant, and of those that count in the
/// system variant, in the order in which grouping uses them. Fails with `OPHIO_STATUS_FRAME` as
/// `ophio_enhancements_preview_add` does, with `OPHIO_STATUS_OUT_OF_RANGE` if there is no stack trace
/// with such a number, and with `OPHIO_STATUS_INVALID_ARGUMENT` and `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `kept` and `rules` are NULL or come from this library and are not freed yet; `numbers` is readable
/// for `numbers_len` numbers; `counting` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_kept_counting(
    kept: *const OphioEnhancementsKept,
    rules: *const OphioEnhancements,
    numbers: *const usize,
    numbers_len: usize,
    threads: usize,
    counting: *mut OphioStr,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `kept`.
        let kept = &unsafe { handle::borrow(kept, "kept") }?.0;
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?.current();
        // SAFETY: the caller's promise about `numbers`.
        let numbers = unsafe { slice::array(numbers, numbers_len, "numbers") }?;
        // SAFETY: the caller's promise about `counting`.
        let place = unsafe { handle::out(counting, "counting") }?;
        if let Some(number) = numbers.iter().find(|&&number| number >= kept.len()) {
            return Err(Error::new(
                OphioStatus::OutOfRange,
                format_args!(
                    "there is no stack trace {number}, expected a number below {}",
                    kept.len()
                ),
            ));
        }
        let found = kept.counting(&rules, numbers, threads)?;
        place.write(Counting::to_msgpack(&found).into());
        Ok(())
    })
}

/// Frees kept stack traces and sets the pointer to them to NULL; NULL, or a pointer to NULL, does
/// nothing.
///
/// # Safety
///
/// `kept` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_kept_free(kept: *mut *mut OphioEnhancementsKept) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(kept) }
}
