//! Import and export of arrays through the Arrow C Data Interface.
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

use std::ffi::{c_char, c_void};

use arrow_array::ffi::{from_ffi, FFI_ArrowArray, FFI_ArrowSchema};
use arrow_data::ArrayData;
use ophio_core::fingerprints::arrow::ColumnError;

use crate::slice;
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
    format: *const c_char,
    name: *const c_char,
    metadata: *const c_char,
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
    buffers: *const *const c_void,
    children: *const *const ArrayLayout,
    dictionary: *const ArrayLayout,
    release: *const c_void,
    private_data: *const c_void,
}

const _: () = assert!(size_of::<ArrayLayout>() == size_of::<FFI_ArrowArray>());

/// The maximum depth of nested types. The crate recurses for each level, and a stack overflow ends
/// the process.
const DEPTH: usize = 64;

/// Returns how many children a type of this format has, and whether it may have more. The crate
/// panics if there are fewer.
fn children_of(format: &str) -> (i64, bool) {
    match format.as_bytes() {
        [b'+', b's', ..] => (0, true),
        [b'+', b'u', ..] => {
            let ids = format.split_once(':').map_or("", |(_, ids)| ids);
            let count = ids.split(',').filter(|id| !id.is_empty()).count();
            (count as i64, false)
        }
        [b'+', b'r', ..] => (2, false),
        [b'+', ..] => (1, false),
        _ => (0, false),
    }
}

/// Rejects a column whose buffers cannot be those of its type: without one that the crate reads,
/// or with a last offset that is negative, which it takes as a length.
///
/// # Safety
///
/// The buffers are there, as long as the interface says.
unsafe fn check_buffers(array: &ArrayLayout, format: &str) -> Result<(), &'static str> {
    // Bytes for a value are at most 32, so that no length overflows.
    let values = array.length.checked_add(array.offset);
    if values.is_none_or(|values| values >= i64::MAX / 64) {
        return Err("it is longer than memory can be");
    }
    if array.n_buffers > 0 && array.buffers.is_null() {
        return Err("a buffer is missing");
    }
    let is_view = format == "vu" || format == "vz";
    if is_view && array.n_buffers < 3 {
        return Err("a buffer is missing");
    }
    if !matches!(format, "u" | "z" | "U" | "Z") || array.length == 0 {
        return Ok(());
    }
    if array.n_buffers < 3 {
        return Err("a buffer is missing");
    }
    // SAFETY: there are at least three.
    let offsets = unsafe { *array.buffers.add(1) };
    if offsets.is_null() {
        return Err("a buffer is missing");
    }
    let last = (array.length + array.offset) as usize;
    // SAFETY: an offset more than there are values, by the caller's promise. They need not be
    // aligned.
    let last = unsafe {
        match format {
            "u" | "z" => i64::from(offsets.cast::<i32>().add(last).read_unaligned()),
            _ => offsets.cast::<i64>().add(last).read_unaligned(),
        }
    };
    if last < 0 {
        return Err("an offset is negative");
    }
    Ok(())
}

/// Rejects arrays for which the crate would panic or end the process: types that are nested too
/// deep, an array and a schema that do not match, names that are not UTF-8, and negative numbers.
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
    // SAFETY: texts that end with a NUL, by the caller's promise.
    let text = |text| unsafe { slice::until_nul(text, "format") };
    let format = match std::str::from_utf8(text(schema.format)?) {
        Ok(format) if !format.starts_with("w:-") && !format.starts_with("+w:-") => format,
        _ => return Err(refused("its type is not one of the interface")),
    };
    let name = match schema.name {
        name if name.is_null() => "",
        name => std::str::from_utf8(text(name)?)
            .map_err(|_| refused("the name of a column is not UTF-8"))?,
    };
    let (children, is_least) = children_of(format);
    if array.n_children < children || (!is_least && array.n_children > children) {
        return Err(refused("it does not have the type of its schema"));
    }
    // SAFETY: the caller's promise.
    unsafe { check_buffers(array, format) }
        .map_err(|what| refused(&format!("column `{name}`: {what}")))?;
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

impl From<ColumnError> for Error {
    fn from(error: ColumnError) -> Self {
        let status = match error {
            ColumnError::TooLarge => OphioStatus::OutOfRange,
            _ => OphioStatus::Schema,
        };
        Error::new(status, error)
    }
}

/// An array that was moved here. Dropping it releases the array.
pub(crate) struct Moved {
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
    pub(crate) unsafe fn from(array: *mut ArrowArray, schema: *mut ArrowSchema) -> Self {
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
    pub(crate) unsafe fn import(self) -> Result<ArrayData, Error> {
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
pub(crate) unsafe fn answer<E: Into<Error>>(
    moved: Moved,
    out_array: *mut ArrowArray,
    out_schema: *mut ArrowSchema,
    ask: impl FnOnce(&ArrayData) -> Result<ArrayData, E>,
) -> Result<(), Error> {
    let place = Place::new(out_array, out_schema)?;
    // SAFETY: the caller's promise.
    let rows = unsafe { moved.import() }?;
    let answer = ask(&rows).map_err(Into::into)?;
    // SAFETY: the caller's promise.
    unsafe { place.write(&answer) }
}
