//! Asking rules about frames in C structs.
//!
//! The natural form for C and C++: an array of [`OphioFrame`] in, an array of
//! results out.

use std::mem::MaybeUninit;

use ophio_core::enhancements::stacktrace::msgpack::{self, pack};
use ophio_core::enhancements::{AssembleResult, Component, ExceptionData, Frame};
use ophio_core::limits::Limit;

use super::rules::{hint_number, OphioEnhancements};
use super::tristate::{read_tristate, tristate};
use crate::handle;
use crate::slice::{self, OphioSlice, OphioStr};
use crate::status::{guard, Error, OphioStatus};

/// One frame of a stack trace, borrowed for the time of a call.
///
/// A text is UTF-8; one whose `data` is NULL is missing, which is not the same as
/// empty. `path` and `package` are expected in lower case with forward slashes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioFrame {
    /// The category.
    pub category: OphioSlice,
    /// The family: a comma list of `native`, `javascript`, `other`, `all`.
    pub family: OphioSlice,
    /// The name of the function.
    pub function: OphioSlice,
    /// The module or class.
    pub module: OphioSlice,
    /// The package, or the path of the binary image.
    pub package: OphioSlice,
    /// The path of the source file.
    pub path: OphioSlice,
    /// Whether the frame is the user's code: an `OphioTristate`.
    pub in_app: u8,
    /// Whether `orig_in_app` is known: 0 or 1.
    pub has_orig_in_app: u8,
    /// What `in_app` was before anything changed it: 0 false, 1 true, else not set.
    pub orig_in_app: i8,
}

/// The exception that a stack trace belongs to. A text whose `data` is NULL is missing.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioExceptionData {
    /// The type, such as `ValueError`.
    pub ty: OphioSlice,
    /// The message.
    pub value: OphioSlice,
    /// The type of the mechanism that reported it.
    pub mechanism: OphioSlice,
}

/// What rules made of a frame.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OphioAppliedFrame {
    /// The category that a rule set, a number for `ophio_enhancements_category`, or
    /// -1 where the frame has the category that it came with.
    pub category: i32,
    /// Whether the frame is the user's code: an `OphioTristate`.
    pub in_app: u8,
}

/// A frame's part in grouping: read before a call, written by it.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OphioComponent {
    /// Why `contributes` is what it is: a number for `ophio_enhancements_hint`, 0 for
    /// no hint. Written only.
    pub hint: u32,
    /// Whether the frame counts for grouping: an `OphioTristate`.
    pub contributes: u8,
}

/// What rules say about a stack trace as a whole.
#[repr(C)]
#[derive(Debug)]
pub struct OphioAssembleResult {
    /// Whether the stack trace counts for grouping.
    pub contributes: bool,
    /// Whether the frames should be looked at in reverse order.
    pub invert_stacktrace: bool,
    /// Why the stack trace does not count; empty if no rule said so. It is the
    /// caller's: free it with `ophio_str_free`.
    pub hint: OphioStr,
}

/// Sets `in_app` and category of frames as the rules say.
///
/// `frames` is an array of `frames_len`, and is not changed; `exception` may be NULL.
/// Writes an entry a frame to `applied`. Threads may share `rules`. Fails with
/// `OPHIO_STATUS_INVALID_UTF8` or `OPHIO_STATUS_INVALID_ARGUMENT` where a field is not as
/// it should be, and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `frames` is
/// readable for `frames_len` entries and the texts in it and in `exception` for their
/// lengths; `applied` is NULL or may be written for `frames_len` entries.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_apply(
    rules: *const OphioEnhancements,
    frames: *const OphioFrame,
    frames_len: usize,
    exception: *const OphioExceptionData,
    applied: *mut OphioAppliedFrame,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?.current();
        // SAFETY: the caller's promise about `frames` and `exception`.
        let packed = unsafe { pack_structs(frames, frames_len, exception) }?;
        // SAFETY: the caller's promise about `applied`.
        let applied = unsafe { slice::out(applied, frames_len, "applied") }?;

        let stacktrace = msgpack::decode(&packed)?;
        let mut results = Vec::with_capacity(frames_len);
        rules.apply_packed(&stacktrace, &mut results)?;
        for (place, result) in applied.iter_mut().zip(&results) {
            place.write(OphioAppliedFrame {
                category: result
                    .category
                    .and_then(|index| i32::try_from(index).ok())
                    .unwrap_or(-1),
                in_app: tristate(result.in_app),
            });
        }
        Ok(())
    })
}

/// Decides which components count for grouping, and says why.
///
/// `frames` is an array of `frames_len`, `components` one of `components_len`: their
/// `contributes` is read and both fields are written. Components and frames are paired
/// from the start. `exception` may be NULL. Writes to `result`, whose hint the caller
/// frees. Threads may share `rules`. On failure nothing is written; it fails as
/// `ophio_enhancements_apply` does.
///
/// # Safety
///
/// As for `ophio_enhancements_apply`; `components` is readable and writable for
/// `components_len` entries; `result` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_assemble(
    rules: *const OphioEnhancements,
    frames: *const OphioFrame,
    frames_len: usize,
    exception: *const OphioExceptionData,
    components: *mut OphioComponent,
    components_len: usize,
    result: *mut OphioAssembleResult,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?.current();
        // SAFETY: the caller's promise about `frames` and `exception`.
        let packed = unsafe { pack_structs(frames, frames_len, exception) }?;
        // SAFETY: the caller's promise about `components`.
        let places = unsafe { slice::out(components, components_len, "components") }?;
        // SAFETY: the caller's promise about `result`.
        let result = unsafe { handle::out(result, "result") }?;

        let mut components = read_components(places)?;
        let stacktrace = msgpack::decode(&packed)?;
        let AssembleResult {
            contributes,
            hint,
            invert_stacktrace,
        } = rules.assemble_packed(&stacktrace, &mut components)?;
        for (place, component) in places.iter_mut().zip(&components) {
            place.write(OphioComponent {
                hint: hint_number(component.hint),
                contributes: tristate(component.contributes),
            });
        }
        result.write(OphioAssembleResult {
            contributes,
            invert_stacktrace,
            hint: hint
                .and_then(|few| few.text(rules.rules()))
                .unwrap_or_default()
                .into(),
        });
        Ok(())
    })
}

/// Reads `contributes` of components that the caller of an export has written.
fn read_components(places: &[MaybeUninit<OphioComponent>]) -> Result<Vec<Component>, Error> {
    places
        .iter()
        .map(|place| {
            // SAFETY: the exports ask for components that can be read, and every
            // bit pattern is one.
            let component = unsafe { place.assume_init() };
            read_tristate(component.contributes, "contributes").map(Component::new)
        })
        .collect()
}

/// Copies frames in structs into a packed stack trace.
///
/// # Safety
///
/// `frames` is readable for `frames_len` entries, `exception` is NULL or readable, and
/// so are the texts in both.
pub(super) unsafe fn pack_structs(
    frames: *const OphioFrame,
    frames_len: usize,
    exception: *const OphioExceptionData,
) -> Result<Vec<u8>, Error> {
    // SAFETY: the caller's promise about `frames`.
    let structs = unsafe { slice::array(frames, frames_len, "frames") }?;
    Limit::Frames.check(frames_len)?;
    // SAFETY: the caller's promise about `exception`.
    let exception = match unsafe { exception.as_ref() } {
        None => ExceptionData::default(),
        Some(exception) => ExceptionData {
            // SAFETY: the caller's promise about the texts.
            ty: unsafe { optional(exception.ty, "ty") }?,
            // SAFETY: as above.
            value: unsafe { optional(exception.value, "value") }?,
            // SAFETY: as above.
            mechanism: unsafe { optional(exception.mechanism, "mechanism") }?,
        },
    };
    let frames = structs
        .iter()
        .map(|frame| {
            Ok(Frame {
                // SAFETY: the caller's promise about the texts.
                category: unsafe { optional(frame.category, "category") }?,
                // SAFETY: as above.
                family: unsafe { optional(frame.family, "family") }?,
                // SAFETY: as above.
                function: unsafe { optional(frame.function, "function") }?,
                // SAFETY: as above.
                module: unsafe { optional(frame.module, "module") }?,
                // SAFETY: as above.
                package: unsafe { optional(frame.package, "package") }?,
                // SAFETY: as above.
                path: unsafe { optional(frame.path, "path") }?,
                in_app: read_tristate(frame.in_app, "in_app")?,
                orig_in_app: (frame.has_orig_in_app != 0).then_some(frame.orig_in_app),
            })
        })
        .collect::<Result<Vec<_>, Error>>()?;
    Ok(pack(&exception, &frames)?)
}

/// A text, or `None` where its pointer is NULL.
///
/// # Safety
///
/// That of [`slice::bytes`].
unsafe fn optional<'a>(text: OphioSlice, name: &str) -> Result<Option<&'a str>, Error> {
    if text.data.is_null() && text.len == 0 {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { text.text(name) }.map(Some)
}
