//! Applying rules to columns of stack traces.
//!
//! `core/src/enhancements/stacktrace/arrow` describes the columns.

use arrow_data::ArrayData;
use ophio_core::enhancements::stacktrace::arrow::{self, ArrowError};
use ophio_core::enhancements::Enhancements;

use super::preview::OphioEnhancementsPreview;
use super::rules::OphioEnhancements;
use crate::arrow::{answer, ArrowArray, ArrowSchema, Moved};
use crate::guard::guard;
use crate::handle;
use crate::status::{Error, OphioStatus};

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::Column(error) => error.into(),
            ArrowError::Row { row, error } => Error::from(error).within(format_args!("row {row}")),
        }
    }
}

/// Applies rules to an array, as [`answer`] does.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; the rest is as for
/// [`answer`].
unsafe fn ask_rules(
    rules: *const OphioEnhancements,
    array: *mut ArrowArray,
    schema: *mut ArrowSchema,
    out_array: *mut ArrowArray,
    out_schema: *mut ArrowSchema,
    ask: impl FnOnce(&Enhancements, &ArrayData) -> Result<ArrayData, ArrowError>,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `array` and `schema`.
        let moved = unsafe { Moved::from(array, schema) };
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?.current();
        // SAFETY: the caller's promise about the arrays and the places.
        unsafe {
            answer(moved, out_array, out_schema, |stacktraces| {
                ask(&rules, stacktraces)
            })
        }
    })
}

/// Sets `in_app` and category of the frames of many stack traces in columns.
///
/// `array` and `schema` are a struct array of the Arrow C Data Interface, a record batch, whose
/// rows are stack traces:
///
/// - `frames`: list of struct of the texts `category`, `family`, `function`, `module`,
///   `package`, `path`, of `in_app`: bool and of `orig_in_app`: int8;
/// - `exception`: struct of the texts `ty`, `value`, `mechanism`.
///
/// A text may be of type utf8 or binary, large or a view, also in a dictionary; any value may
/// be null. Other columns are ignored, but must be valid as well. No text is copied.
///
/// Both are moved: the call releases them, also on failure, and the caller must not release them.
///
/// Writes a struct array to `out_array` and `out_schema`, which the caller releases. It has a row
/// for each input row, with `category`, a list of dictionary-encoded utf8, and `in_app`, a list of
/// bool. Both are as long as `frames`. For a row that is null the result is null.
///
/// `threads` threads do the work, including the calling thread; 0 means 1. Threads may share
/// `rules`. Fails with `OPHIO_STATUS_SCHEMA` if a column is missing, of another type, or corrupt,
/// with `OPHIO_STATUS_FRAME` if a text is not UTF-8 or a number is out of range, with
/// `OPHIO_STATUS_LIMIT` if a stack trace has too many frames, with `OPHIO_STATUS_OUT_OF_RANGE` if
/// all stack traces together have more than 2,147,483,647 frames, with
/// `OPHIO_STATUS_INVALID_ARGUMENT` if the array was already released, and with
/// `OPHIO_STATUS_NULL_POINTER`. On failure nothing is written.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `array` and `schema` are
/// NULL or a valid array of the interface, or a released one, which no other thread uses;
/// `out_array` and `out_schema` are NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_apply_arrow(
    rules: *const OphioEnhancements,
    array: *mut ArrowArray,
    schema: *mut ArrowSchema,
    threads: usize,
    out_array: *mut ArrowArray,
    out_schema: *mut ArrowSchema,
) -> OphioStatus {
    let ask =
        |rules: &Enhancements, stacktraces: &ArrayData| arrow::apply(rules, stacktraces, threads);
    // SAFETY: the caller's promise about the arrays, the rules and the places.
    unsafe { ask_rules(rules, array, schema, out_array, out_schema, ask) }
}

/// Decides which frames of many stack traces in columns count for grouping.
///
/// Arguments and threads are as in `ophio_enhancements_apply_arrow`. Fails as
/// `ophio_enhancements_apply_arrow` does. The frames may have a field `contributes`: bool, the
/// initial `contributes` of their components; without it, the initial value is whether the frame is
/// in-app.
///
/// The result has `frames`, a list of struct of `contributes`: bool and `hint`: dictionary of
/// utf8, and for the stack trace `contributes`: bool, `hint`: dictionary of utf8, and
/// `invert_stacktrace`: bool.
///
/// # Safety
///
/// As that of `ophio_enhancements_apply_arrow`.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_assemble_arrow(
    rules: *const OphioEnhancements,
    array: *mut ArrowArray,
    schema: *mut ArrowSchema,
    threads: usize,
    out_array: *mut ArrowArray,
    out_schema: *mut ArrowSchema,
) -> OphioStatus {
    let ask = |rules: &Enhancements, stacktraces: &ArrayData| {
        arrow::assemble(rules, stacktraces, threads)
    };
    // SAFETY: the caller's promise about the arrays, the rules and the places.
    unsafe { ask_rules(rules, array, schema, out_array, out_schema, ask) }
}

/// Compares two rule sets on each of many stack traces in columns.
///
/// Arguments and threads are as in `ophio_enhancements_apply_arrow`, with frames to which no rules
/// were applied; the initial `contributes` of a frame is whether it is in-app after the rules. The
/// frames may have a field `repeats`: bool, whether a frame repeats the frame before it, which does
/// not count initially.
///
/// Fails as `ophio_enhancements_apply_arrow` does. The result has `changed`: bool; the numbers of
/// frames `frames`, `changed_frames`, `in_app`, `category` and `contributes`: int32, in total and
/// with a change of each kind; and `grouping`: bool, whether the result for the stack trace as a
/// whole differs.
///
/// # Safety
///
/// As that of `ophio_enhancements_apply_arrow`, for both sets of rules.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_preview_arrow(
    old_rules: *const OphioEnhancements,
    new_rules: *const OphioEnhancements,
    array: *mut ArrowArray,
    schema: *mut ArrowSchema,
    threads: usize,
    out_array: *mut ArrowArray,
    out_schema: *mut ArrowSchema,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `array` and `schema`.
        let moved = unsafe { Moved::from(array, schema) };
        // SAFETY: the caller's promise about `old_rules`.
        let old = unsafe { handle::borrow(old_rules, "old_rules") }?.current();
        // SAFETY: the caller's promise about `new_rules`.
        let new = unsafe { handle::borrow(new_rules, "new_rules") }?.current();
        let ask = |stacktraces: &ArrayData| arrow::preview(&old, &new, stacktraces, threads);
        // SAFETY: the caller's promise about the arrays and the places.
        unsafe { answer(moved, out_array, out_schema, ask) }
    })
}

/// Compares many more stack traces in columns, on `threads` threads.
///
/// `array` and `schema` are as in `ophio_enhancements_apply_arrow`, and moved as there; rows that
/// are null are skipped. If the call fails, nothing is counted. Fails as
/// `ophio_enhancements_apply_arrow` does.
///
/// # Safety
///
/// `preview` is NULL or comes from `ophio_enhancements_preview_new` and is not freed yet; `array` and
/// `schema` are as in `ophio_enhancements_apply_arrow`.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_preview_add_arrow(
    preview: *mut OphioEnhancementsPreview,
    array: *mut ArrowArray,
    schema: *mut ArrowSchema,
    threads: usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `array` and `schema`.
        let moved = unsafe { Moved::from(array, schema) };
        // SAFETY: the caller's promise about `preview`.
        let preview = unsafe { handle::borrow(preview, "preview") }?;
        // SAFETY: the caller's promise about `array` and `schema`.
        let stacktraces = unsafe { moved.import() }?;
        preview.with(|preview| Ok(preview.add_arrow(&stacktraces, threads)?))
    })
}

#[cfg(test)]
mod tests {
    use std::sync::Arc;

    use arrow_buffer::Buffer;
    use arrow_schema::{DataType, Field};
    use ophio_core::enhancements::{Cache, Enhancements, ExceptionField, FrameField, TextField};

    use super::*;
    use arrow::ColumnError;

    /// An array that is not checked.
    fn unchecked(
        data_type: DataType,
        len: usize,
        buffers: Vec<Buffer>,
        child_data: Vec<ArrayData>,
    ) -> ArrayData {
        let builder = ArrayData::builder(data_type).len(len);
        let builder = builder.buffers(buffers).child_data(child_data);
        // SAFETY: that is what these tests are about: nothing that reads it trusts it.
        unsafe { builder.build_unchecked() }
    }

    fn structure(len: usize, fields: &[(&str, ArrayData)]) -> ArrayData {
        let field =
            |(name, data): &(&str, ArrayData)| Field::new(*name, data.data_type().clone(), true);
        let types = fields.iter().map(field).collect();
        let columns = fields.iter().map(|(_, data)| data.clone()).collect();
        unchecked(DataType::Struct(types), len, vec![], columns)
    }

    fn nothing(len: usize) -> ArrayData {
        unchecked(DataType::Null, len, vec![], vec![])
    }

    /// One stack trace of three frames, with these paths, and lists with these offsets.
    fn stacktrace(path: ArrayData, offsets: &[i32]) -> ArrayData {
        let fields = FrameField::ALL.map(|field| {
            let column = match field {
                FrameField::Text(TextField::Path) => path.clone(),
                _ => nothing(3),
            };
            (field.name(), column)
        });
        let frames = structure(3, &fields);
        let item = Arc::new(Field::new("item", frames.data_type().clone(), true));
        let offsets = vec![Buffer::from_slice_ref(offsets)];
        let lists = unchecked(DataType::List(item), 1, offsets, vec![frames]);
        let exception = structure(
            1,
            &ExceptionField::ALL.map(|field| (field.name(), nothing(1))),
        );
        structure(1, &[("frames", lists), ("exception", exception)])
    }

    fn asked(array: &ArrayData) -> Result<ArrayData, ArrowError> {
        let rules = Enhancements::parse("path:main +app", &Cache::new(0)).unwrap();
        arrow::apply(&rules, array, 1)
    }

    #[test]
    fn offsets_and_keys_that_lie_are_errors() {
        let offsets = |offsets: &[i32]| Buffer::from_slice_ref(offsets);
        let bytes = || Buffer::from_slice_ref(b"main");
        let views = |len: u32, buffer: u32, start: u32| {
            let view = [len, 0, buffer, start].map(u32::to_ne_bytes).concat();
            Buffer::from_slice_ref(view.repeat(3))
        };
        let words = || unchecked(DataType::Utf8, 1, vec![offsets(&[0, 4]), bytes()], vec![]);
        let dictionary = DataType::Dictionary(Box::new(DataType::Int32), Box::new(DataType::Utf8));
        let good = [
            (
                DataType::Utf8,
                vec![offsets(&[0, 4, 4, 4]), bytes()],
                vec![],
            ),
            (DataType::Utf8View, vec![views(4, 0, 0), bytes()], vec![]),
            (dictionary.clone(), vec![offsets(&[0, 0, 0])], vec![words()]),
        ];
        for (data_type, buffers, child) in good {
            asked(&stacktrace(
                unchecked(data_type, 3, buffers, child),
                &[0, 3],
            ))
            .unwrap();
        }
        for (data_type, buffers, child) in [
            (
                DataType::Utf8,
                vec![offsets(&[0, 4, 5, 5]), bytes()],
                vec![],
            ),
            (
                DataType::Utf8,
                vec![offsets(&[0, 4, 3, 4]), bytes()],
                vec![],
            ),
            (
                DataType::Utf8,
                vec![offsets(&[-1, 4, 4, 4]), bytes()],
                vec![],
            ),
            (DataType::Utf8, vec![offsets(&[0, 4]), bytes()], vec![]),
            (
                DataType::LargeUtf8,
                vec![offsets(&[0, 0, 4, 0]), bytes()],
                vec![],
            ),
            (DataType::Utf8, vec![], vec![]),
            (DataType::Utf8View, vec![views(13, 0, 0), bytes()], vec![]),
            (DataType::Utf8View, vec![views(13, 1, 0), bytes()], vec![]),
            (
                DataType::Utf8View,
                vec![views(u32::MAX, 0, u32::MAX), bytes()],
                vec![],
            ),
            (DataType::Utf8View, vec![], vec![]),
            (dictionary.clone(), vec![offsets(&[0, 1, 0])], vec![words()]),
            (
                dictionary.clone(),
                vec![offsets(&[0, -1, 0])],
                vec![words()],
            ),
            (dictionary.clone(), vec![offsets(&[0, 0])], vec![words()]),
            (dictionary, vec![offsets(&[0, 0, 0])], vec![]),
            // Shorter than the struct that it is a field of.
            (DataType::Null, vec![], vec![]),
        ] {
            let told = format!("{data_type} {buffers:?}");
            let len = if data_type == DataType::Null { 2 } else { 3 };
            let asked = asked(&stacktrace(
                unchecked(data_type, len, buffers, child),
                &[0, 3],
            ));
            let corrupt = matches!(
                asked,
                Err(ArrowError::Column(ColumnError::Corrupt {
                    column: "frames.path",
                    ..
                }))
            );
            assert!(corrupt, "{told}: {asked:?}");
        }
        for lying in [&[0, 4][..], &[2, 1], &[-1, 2], &[0]] {
            let asked = asked(&stacktrace(nothing(3), lying));
            let corrupt = matches!(
                asked,
                Err(ArrowError::Column(ColumnError::Corrupt {
                    column: "frames",
                    ..
                }))
            );
            assert!(corrupt, "{lying:?}: {asked:?}");
        }
    }
}
