//! Applies rules to columns: import and export through the Arrow C Data Interface.
//!
//! An array is two structs, `ArrowArray` and `ArrowSchema`, with pointers to the producer's memory
//! and a function that releases it:
//!
//! ```text
//! caller   array, schema  --moved-->   here     released when the call ends, also on failure
//! caller   out_array, out_schema  <--moved--    released by the caller
//! ```
//!
//! The interface defines how an array is moved: the struct is copied and its `release` is set to
//! NULL, so that it is released once. The call moves it first, before anything can fail.
//! `core/src/enhancements/stacktrace/arrow` describes the columns.

use std::ffi::c_void;

use arrow_array::ffi::{from_ffi, FFI_ArrowArray, FFI_ArrowSchema};
use arrow_data::ArrayData;
use ophio_core::enhancements::stacktrace::arrow::{self, ArrowError};
use ophio_core::enhancements::Enhancements;

use super::preview::OphioEnhancementsPreview;
use super::rules::OphioEnhancements;
use crate::guard::guard;
use crate::handle;
use crate::status::{Error, OphioStatus};

/// The struct of that name in the Arrow C Data Interface.
///
/// Copy its definition from the specification, or include a header that defines it, before or after
/// this header.
pub struct ArrowArray {
    _opaque: [u8; 0],
}

/// The struct of that name in the Arrow C Data Interface.
///
/// Copy its definition from the specification, or include a header that defines it, before or after
/// this header.
pub struct ArrowSchema {
    _opaque: [u8; 0],
}

/// A schema in the layout of the interface, for checks that the crate does not do.
#[repr(C)]
struct SchemaLayout {
    format_name_metadata: [*const c_void; 3],
    flags: i64,
    n_children: i64,
    children: *const *const SchemaLayout,
    dictionary: *const SchemaLayout,
    release: *const c_void,
    private_data: *const c_void,
}

const _: () = assert!(size_of::<SchemaLayout>() == size_of::<FFI_ArrowSchema>());

/// An array in the layout of the interface.
#[repr(C)]
struct ArrayLayout {
    length: i64,
    null_count: i64,
    offset: i64,
    n_buffers: i64,
    n_children: i64,
    buffers: *const c_void,
    children: *const *const ArrayLayout,
    dictionary: *const ArrayLayout,
    release: *const c_void,
    private_data: *const c_void,
}

const _: () = assert!(size_of::<ArrayLayout>() == size_of::<FFI_ArrowArray>());

/// The maximum depth of nested types. The crate recurses for each level, and a stack overflow ends
/// the process.
const DEPTH: usize = 64;

/// Rejects arrays for which the crate would panic or end the process: types that are nested too
/// deep, an array and a schema that do not match, and negative numbers.
///
/// # Safety
///
/// Both are NULL or valid structs of the interface, and so are all structs that they point to.
unsafe fn check_shape(
    array: *const ArrayLayout,
    schema: *const SchemaLayout,
    depth: usize,
) -> Result<(), Error> {
    let refused = |what: &str| {
        let message = format_args!("the array cannot be imported: {what}").to_string();
        Error::new(OphioStatus::Schema, message)
    };
    // SAFETY: NULL or readable, by the caller's promise.
    let (array, schema) = match unsafe { (array.as_ref(), schema.as_ref()) } {
        (None, None) => return Ok(()),
        (Some(array), Some(schema)) => (array, schema),
        _ => return Err(refused("it does not have the type of its schema")),
    };
    if depth > DEPTH {
        return Err(refused("its type is nested more than 64 levels deep"));
    }
    if array.length < 0 || array.offset < 0 || array.n_buffers < 0 {
        return Err(refused("a length is negative"));
    }
    if array.n_children != schema.n_children || array.n_children < 0 {
        return Err(refused("it does not have the type of its schema"));
    }
    // SAFETY: the same promise holds for what is within.
    unsafe { check_shape(array.dictionary, schema.dictionary, depth + 1) }?;
    for child in 0..array.n_children as usize {
        if array.children.is_null() || schema.children.is_null() {
            return Err(refused("its schema has children and it has none"));
        }
        // SAFETY: the array has this many children, by the caller's promise.
        let (array, schema) = unsafe { (*array.children.add(child), *schema.children.add(child)) };
        if array.is_null() {
            return Err(refused("a child is missing"));
        }
        // SAFETY: the same promise holds for what is within.
        unsafe { check_shape(array, schema, depth + 1) }?;
    }
    Ok(())
}

impl From<ArrowError> for Error {
    fn from(error: ArrowError) -> Self {
        match error {
            ArrowError::Missing { .. } | ArrowError::Type { .. } | ArrowError::Corrupt { .. } => {
                Error::new(OphioStatus::Schema, error)
            }
            ArrowError::Row { row, error } => Error::from(error).within(format_args!("row {row}")),
            ArrowError::TooLarge => Error::new(OphioStatus::OutOfRange, error),
        }
    }
}

/// An array that was moved here. Dropping it releases the array.
struct Moved {
    array: Option<FFI_ArrowArray>,
    schema: Option<FFI_ArrowSchema>,
    released: bool,
}

impl Moved {
    /// Moves an array out of the caller's structs.
    ///
    /// # Safety
    ///
    /// Each is NULL or aligned, points to a struct of the Arrow C Data Interface, released or
    /// not, and no other thread uses it meanwhile.
    unsafe fn from(array: *mut ArrowArray, schema: *mut ArrowSchema) -> Self {
        // SAFETY: NULL or readable, by the caller's promise.
        let layout = unsafe { schema.cast::<SchemaLayout>().as_ref() };
        let released = layout.is_some_and(|layout| layout.release.is_null());
        // SAFETY: not NULL, and the caller's promise.
        let array = (!array.is_null()).then(|| unsafe { FFI_ArrowArray::from_raw(array.cast()) });
        // SAFETY: not NULL, and the caller's promise.
        let schema =
            (!schema.is_null()).then(|| unsafe { FFI_ArrowSchema::from_raw(schema.cast()) });
        Self {
            array,
            schema,
            released,
        }
    }

    /// Imports the array. Dropping the result releases it.
    ///
    /// # Safety
    ///
    /// The array is of the type in the schema, and each of its buffers is as long as
    /// the interface says.
    unsafe fn import(self) -> Result<ArrayData, Error> {
        let array = self.array.ok_or_else(|| Error::null("array"))?;
        let schema = self.schema.ok_or_else(|| Error::null("schema"))?;
        if array.is_released() || self.released {
            return Err(Error::new(
                OphioStatus::InvalidArgument,
                "the array or its schema was released already",
            ));
        }
        let layouts = (
            std::ptr::from_ref(&array).cast::<ArrayLayout>(),
            std::ptr::from_ref(&schema).cast::<SchemaLayout>(),
        );
        // SAFETY: the caller's promise.
        unsafe { check_shape(layouts.0, layouts.1, 0) }?;
        // SAFETY: the caller's promise.
        unsafe { from_ffi(array, &schema) }.map_err(|error| {
            let message = format_args!("the array cannot be imported: {error}").to_string();
            Error::new(OphioStatus::Schema, message)
        })
    }
}

/// The out parameters for an array.
struct Place {
    array: *mut ArrowArray,
    schema: *mut ArrowSchema,
}

impl Place {
    fn new(array: *mut ArrowArray, schema: *mut ArrowSchema) -> Result<Self, Error> {
        if array.is_null() {
            return Err(Error::null("out_array"));
        }
        if schema.is_null() {
            return Err(Error::null("out_schema"));
        }
        Ok(Self { array, schema })
    }

    /// Moves an array to the caller.
    ///
    /// # Safety
    ///
    /// The places are aligned and may be written.
    unsafe fn write(self, data: &ArrayData) -> Result<(), Error> {
        let schema = FFI_ArrowSchema::try_from(data.data_type())
            .map_err(|error| Error::new(OphioStatus::Schema, error))?;
        let array = FFI_ArrowArray::new(data);
        // SAFETY: the caller's promise. The old value is not dropped, since it may be
        // uninitialised.
        unsafe {
            self.schema.cast::<FFI_ArrowSchema>().write(schema);
            self.array.cast::<FFI_ArrowArray>().write(array);
        }
        Ok(())
    }
}

/// Computes a result for an array and moves it to the caller. The out parameters are checked before
/// any work.
///
/// # Safety
///
/// As that of [`Moved::import`] and of [`Place::write`].
unsafe fn answer(
    moved: Moved,
    out_array: *mut ArrowArray,
    out_schema: *mut ArrowSchema,
    ask: impl FnOnce(&ArrayData) -> Result<ArrayData, ArrowError>,
) -> Result<(), Error> {
    let place = Place::new(out_array, out_schema)?;
    // SAFETY: the caller's promise.
    let stacktraces = unsafe { moved.import() }?;
    let answer = ask(&stacktraces)?;
    // SAFETY: the caller's promise.
    unsafe { place.write(&answer) }
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
/// were applied; the initial `contributes` of a frame is whether it is in-app after the rules.
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
                Err(ArrowError::Corrupt {
                    column: "frames.path",
                    ..
                })
            );
            assert!(corrupt, "{told}: {asked:?}");
        }
        for lying in [&[0, 4][..], &[2, 1], &[-1, 2], &[0]] {
            let asked = asked(&stacktrace(nothing(3), lying));
            let corrupt = matches!(
                asked,
                Err(ArrowError::Corrupt {
                    column: "frames",
                    ..
                })
            );
            assert!(corrupt, "{lying:?}: {asked:?}");
        }
    }
}
