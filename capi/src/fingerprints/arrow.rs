//! Matching columns of events.

use ophio_core::fingerprints::arrow::ArrowError;

use super::{event_status, unknown_variable, OphioFingerprints};
use crate::arrow::{answer, ArrowArray, ArrowSchema, Moved};
use crate::guard::guard;
use crate::handle;
use crate::status::{Error, OphioStatus};

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::Column(error) => error.into(),
            ArrowError::Row {
                error: ref cause, ..
            } => Error::new(event_status(cause), &error),
        }
    }
}

/// Finds for each of many events in columns the first rule that matches it.
///
/// `array` and `schema` are an array of the Arrow C Data Interface. It has the events as JSON, in
/// a type of text as in `ophio_enhancements_apply_arrow`, or it is a struct array, a record
/// batch, whose rows are stack traces of events:
///
/// - `frames`: list of struct of the texts `family`, `function`, `module`, `package`, `path`, and
///   of `in_app`: bool;
/// - `exception`: struct of the texts `ty` and `value`;
/// - optionally the texts `platform`, `level`, `logger`, `release`, `transaction`, `message`
///   (that of the log entry) and `sdk` (its name), and `tags`: map of texts to texts.
///
/// A value without a column is missing in the event. Any value may be null. Both are moved: the
/// call releases them, also on failure, and the caller must not release them. `unknown` is an
/// `OphioFingerprintsUnknown`. `threads` threads do the work, including the calling thread; 0 means
/// 1. Threads may share `rules`.
///
/// Writes a struct array to `out_array` and `out_schema`, which the caller releases. It has a row
/// for each input row: `rule`: int32, the index of the rule, `resolved`: list of utf8, its
/// fingerprint with the variables filled in, and `title`: utf8, its title with the variables
/// filled in. All are null if no rule matches, and for a row that is null.
///
/// Fails with `OPHIO_STATUS_SCHEMA` if a column is missing, of another type, or corrupt, with
/// `OPHIO_STATUS_EVENT` and the number of the row if it is not an event or a text is not UTF-8, with
/// `OPHIO_STATUS_LIMIT` if an event has too many frames, with `OPHIO_STATUS_OUT_OF_RANGE` if a
/// column of the result would have more than 2,147,483,647 bytes, with
/// `OPHIO_STATUS_INVALID_ARGUMENT` if `unknown` has another value or the array was already
/// released, and with `OPHIO_STATUS_NULL_POINTER`. On failure nothing is written.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `array` and `schema` are
/// NULL or a valid array of the interface, or a released one, which no other thread uses;
/// `out_array` and `out_schema` are NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_match_arrow(
    rules: *const OphioFingerprints,
    array: *mut ArrowArray,
    schema: *mut ArrowSchema,
    unknown: u32,
    threads: usize,
    out_array: *mut ArrowArray,
    out_schema: *mut ArrowSchema,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `array` and `schema`.
        let moved = unsafe { Moved::from(array, schema) };
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?;
        let unknown = unknown_variable(unknown)?;
        // SAFETY: the caller's promise about the arrays and the places.
        unsafe {
            answer(moved, out_array, out_schema, |events| {
                rules.0.match_arrow(events, unknown, threads)
            })
        }
    })
}
