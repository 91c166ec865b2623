//! Applies rules to frames in C structs.
//!
//! This is the usual form in C and C++: the input is an array of [`OphioEnhancementsFrame`], the
//! output an array of results.

use ophio_core::enhancements::stacktrace::msgpack::{self, pack};
use ophio_core::enhancements::{AssembleResult, Component, ExceptionData, Frame};
use ophio_core::limits::Limit;

use super::rules::{hint_number, OphioEnhancements};
use super::tristate::{read_tristate, tristate};
use crate::guard::guard;
use crate::handle;
use crate::slice::{OphioSlice, Structs};
use crate::status::{Error, OphioStatus};
use crate::string::OphioStr;

/// One frame of a stack trace, borrowed during a call.
///
/// A text is UTF-8. If its `data` is NULL, it is missing, which differs from empty. `path` and
/// `package` are expected in lower case with forward slashes.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioEnhancementsFrame {
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
    /// What `in_app` was before anything changed it: 0 false, 1 true, any other number unset.
    pub orig_in_app: i8,
}

/// The exception that a stack trace belongs to. A text whose `data` is NULL is missing.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioEnhancementsExceptionData {
    /// The type, such as `ValueError`.
    pub ty: OphioSlice,
    /// The message.
    pub value: OphioSlice,
    /// The type of the mechanism that reported it.
    pub mechanism: OphioSlice,
}

/// The results for a frame.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OphioEnhancementsAppliedFrame {
    /// The category that a rule set, a number for `ophio_enhancements_category`, or
    /// -1 if the frame kept the category that it came with.
    pub category: i32,
    /// Whether the frame is the user's code: an `OphioTristate`.
    pub in_app: u8,
}

/// A frame's part in grouping: read and written by a call.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct OphioEnhancementsComponent {
    /// The reason for `contributes`: a number for `ophio_enhancements_hint`, 0 for no hint. Only
    /// written.
    pub hint: u32,
    /// Whether the frame counts for grouping: an `OphioTristate`.
    pub contributes: u8,
}

/// The result for a stack trace as a whole.
#[repr(C)]
#[derive(Debug)]
pub struct OphioEnhancementsAssembleResult {
    /// Whether the stack trace counts for grouping.
    pub contributes: bool,
    /// Whether grouping should use the frames in reverse order.
    pub invert_stacktrace: bool,
    /// Why the stack trace does not count; empty if no rule decided it. It is the
    /// caller's: free it with `ophio_str_free`.
    pub hint: OphioStr,
}

/// Applies rules to frames: computes `in_app` and category of each.
///
/// `frames` is an array of `frames_len` structs of `frame_size` bytes, and `applied` one of as
/// many structs of `applied_size` bytes: pass `sizeof` of the structs. `exception` may be NULL.
/// Writes an entry for each frame to `applied`. Threads may share `rules`. Fails with
/// `OPHIO_STATUS_INVALID_UTF8` or `OPHIO_STATUS_INVALID_ARGUMENT` if a field has an invalid value,
/// with `OPHIO_STATUS_LIMIT` if there are too many frames, and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `frames` is
/// readable for `frames_len` entries and the texts in it and in `exception` for their
/// lengths; `applied` is NULL or may be written for `frames_len` entries.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_apply(
    rules: *const OphioEnhancements,
    frames: *const OphioEnhancementsFrame,
    frames_len: usize,
    frame_size: usize,
    exception: *const OphioEnhancementsExceptionData,
    applied: *mut OphioEnhancementsAppliedFrame,
    applied_size: usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?.current();
        // SAFETY: the caller's promise about `frames` and `exception`.
        let packed = unsafe { pack_structs(frames, frames_len, frame_size, exception) }?;
        // SAFETY: the caller's promise about `applied`.
        let applied = unsafe { Structs::new(applied, frames_len, applied_size, "applied") }?;

        let stacktrace = msgpack::decode(&packed)?;
        let mut results = Vec::with_capacity(frames_len);
        rules.apply_packed(&stacktrace, &mut results)?;
        for (place, result) in applied.pointers().zip(&results) {
            let category = result.category.and_then(|index| i32::try_from(index).ok());
            let written = OphioEnhancementsAppliedFrame {
                category: category.unwrap_or(-1),
                in_app: tristate(result.in_app),
            };
            // SAFETY: the caller's promise about `applied`.
            unsafe { place.write(written) };
        }
        Ok(())
    })
}

/// Decides which components count for grouping, and gives a hint for each.
///
/// `frames` is an array of `frames_len` structs of `frame_size` bytes, `components` one of
/// `components_len` structs of `component_size` bytes: pass `sizeof` of the structs. Reads
/// `contributes` of the components and writes both fields. Components and frames are paired
/// from the start. `exception` may be NULL. Writes to `result`, whose hint the caller
/// frees. Threads may share `rules`. Fails as `ophio_enhancements_apply` does.
///
/// # Safety
///
/// As for `ophio_enhancements_apply`; `components` is readable and writable for
/// `components_len` entries; `result` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_assemble(
    rules: *const OphioEnhancements,
    frames: *const OphioEnhancementsFrame,
    frames_len: usize,
    frame_size: usize,
    exception: *const OphioEnhancementsExceptionData,
    components: *mut OphioEnhancementsComponent,
    components_len: usize,
    component_size: usize,
    result: *mut OphioEnhancementsAssembleResult,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?.current();
        // SAFETY: the caller's promise about `frames` and `exception`.
        let packed = unsafe { pack_structs(frames, frames_len, frame_size, exception) }?;
        // SAFETY: the caller's promise about `components`.
        let places =
            unsafe { Structs::new(components, components_len, component_size, "components") }?;
        // SAFETY: the caller's promise about `result`.
        let result = unsafe { handle::out(result, "result") }?;

        // SAFETY: the caller's promise about `components`.
        let mut components = unsafe { read_components(places) }?;
        let stacktrace = msgpack::decode(&packed)?;
        let AssembleResult {
            contributes,
            hint,
            invert_stacktrace,
        } = rules.assemble_packed(&stacktrace, &mut components)?;
        for (place, component) in places.pointers().zip(&components) {
            let written = OphioEnhancementsComponent {
                hint: hint_number(component.hint),
                contributes: tristate(component.contributes),
            };
            // SAFETY: the caller's promise about `components`.
            unsafe { place.write(written) };
        }
        result.write(OphioEnhancementsAssembleResult {
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

/// Reads `contributes` of components.
///
/// # Safety
///
/// The components may be read.
unsafe fn read_components(
    places: Structs<OphioEnhancementsComponent>,
) -> Result<Vec<Component>, Error> {
    let read = |place: *mut OphioEnhancementsComponent| {
        // SAFETY: the caller's promise; every bit pattern is a component.
        let component = unsafe { place.read() };
        read_tristate(component.contributes, "contributes").map(Component::new)
    };
    places.pointers().map(read).collect()
}

/// Copies frames in structs into a packed stack trace.
///
/// # Safety
///
/// `frames` is readable for `frames_len` entries, `exception` is NULL or readable, and
/// so are the texts in both.
pub(super) unsafe fn pack_structs(
    frames: *const OphioEnhancementsFrame,
    frames_len: usize,
    frame_size: usize,
    exception: *const OphioEnhancementsExceptionData,
) -> Result<Vec<u8>, Error> {
    // SAFETY: the caller's promise about `frames`.
    let structs = unsafe { Structs::new(frames.cast_mut(), frames_len, frame_size, "frames") }?;
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
        .pointers()
        .map(|frame| {
            // SAFETY: the caller's promise about `frames`; every bit pattern is one.
            let frame = unsafe { frame.read() };
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

/// Returns a text, or `None` if its pointer is NULL.
///
/// # Safety
///
/// That of [`OphioSlice::text`].
unsafe fn optional<'a>(text: OphioSlice, name: &str) -> Result<Option<&'a str>, Error> {
    if text.data.is_null() && text.len == 0 {
        return Ok(None);
    }
    // SAFETY: the caller's promise.
    unsafe { text.text(name) }.map(Some)
}
