//! The Arrow C Data Interface, in and out.
//!
//! An array comes as two structs, `ArrowArray` and `ArrowSchema`, which hold pointers to the
//! producer's memory and a function that releases it:
//!
//! ```text
//! caller   array, schema  --moved-->   here     released when the call ends, however it ends
//! caller   out_array, out_schema  <--moved--    the caller's to release
//! ```
//!
//! Moving is what the interface says: the struct is copied and its `release` set to NULL, so
//! that it is released once. It is done first, before anything can fail.

use std::ffi::c_void;

use arrow_array::ffi::{from_ffi, FFI_ArrowArray, FFI_ArrowSchema};
use arrow_data::ArrayData;
use ophio_core::fingerprints::arrow::ColumnError;

use crate::status::{Error, OphioStatus};

/// The struct of that name in the Arrow C Data Interface.
///
/// Declare it as that says, or include a header that does, before or after this one.
pub struct ArrowArray {
    _opaque: [u8; 0],
}

/// The struct of that name in the Arrow C Data Interface.
///
/// Declare it as that says, or include a header that does, before or after this one.
pub struct ArrowSchema {
    _opaque: [u8; 0],
}

/// A schema as the interface lays it out, for what the crate does not tell.
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

/// An array as the interface lays it out.
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

/// How deep types may nest. The crate calls itself for each level, and a stack that ends takes
/// the process with it.
const DEPTH: usize = 64;

/// Refuses what the crate would panic or end the process on: types that nest too deep, an array
/// and a schema that do not fit together, and negative numbers.
///
/// # Safety
///
/// Both are NULL or as the interface says, with all that they point to.
unsafe fn check_shape(
    array: *const ArrayLayout,
    schema: *const SchemaLayout,
    depth: usize,
) -> Result<(), Error> {
    let refused = |what: &str| {
        let message = format_args!("the array cannot be taken: {what}").to_string();
        Error::new(OphioStatus::Schema, message)
    };
    // SAFETY: NULL or readable, by the caller's promise.
    let (array, schema) = match unsafe { (array.as_ref(), schema.as_ref()) } {
        (None, None) => return Ok(()),
        (Some(array), Some(schema)) => (array, schema),
        _ => return Err(refused("it is not of the type that its schema tells")),
    };
    if depth > DEPTH {
        return Err(refused("its type nests more than 64 levels deep"));
    }
    if array.length < 0 || array.offset < 0 || array.n_buffers < 0 {
        return Err(refused("a length is negative"));
    }
    if array.n_children != schema.n_children || array.n_children < 0 {
        return Err(refused("it is not of the type that its schema tells"));
    }
    // SAFETY: the same promise holds for what is within.
    unsafe { check_shape(array.dictionary, schema.dictionary, depth + 1) }?;
    for child in 0..array.n_children as usize {
        if array.children.is_null() || schema.children.is_null() {
            return Err(refused("it has no children where its schema has some"));
        }
        // SAFETY: there are so many, by the caller's promise.
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

/// An array that was moved here; dropping it releases it.
pub(crate) struct Moved {
    array: Option<FFI_ArrowArray>,
    schema: Option<FFI_ArrowSchema>,
    released: bool,
}

impl Moved {
    /// Moves an array here.
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

    /// The array, which is released with the result.
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
            let message = format_args!("the array cannot be taken: {error}").to_string();
            Error::new(OphioStatus::Schema, message)
        })
    }
}

/// The places for a result.
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

    /// Gives an array to the caller.
    ///
    /// # Safety
    ///
    /// The places are aligned and may be written.
    unsafe fn write(self, data: &ArrayData) -> Result<(), Error> {
        let schema = FFI_ArrowSchema::try_from(data.data_type())
            .map_err(|error| Error::new(OphioStatus::Schema, error))?;
        let array = FFI_ArrowArray::new(data);
        // SAFETY: the caller's promise. What lay there is not dropped: it may be anything.
        unsafe {
            self.schema.cast::<FFI_ArrowSchema>().write(schema);
            self.array.cast::<FFI_ArrowArray>().write(array);
        }
        Ok(())
    }
}

/// Gives the caller the answer about an array. The places are looked at before any work.
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
