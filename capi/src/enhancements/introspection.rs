//! Functions that describe, explain, convert and split rules.

use ophio_core::enhancements::stacktrace::mappings::KeyBuffer;
use ophio_core::enhancements::{explain, Component, NoTextForm, Part, StoredError};

use super::rules::OphioEnhancements;
use super::tristate::read_tristate;
use crate::guard::guard_into;
use crate::handle;
use crate::slice;
use crate::status::{Error, OphioStatus};
use crate::string::{self, OphioStr};

/// A part of a rule set.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioEnhancementsPart {
    /// Only actions that change frames: `app` and `category=`.
    Classifier = 0,
    /// Only the other actions.
    Contributes = 1,
    /// Only rules that profiles understand.
    Profiling = 2,
}

impl From<StoredError> for Error {
    fn from(error: StoredError) -> Self {
        match error {
            StoredError::Rules(error) => error.into(),
            _ => Error::new(OphioStatus::Syntax, error),
        }
    }
}

impl From<NoTextForm> for Error {
    fn from(error: NoTextForm) -> Self {
        Error::new(OphioStatus::Syntax, error)
    }
}

/// Explains what rules do to a packed stack trace, step by step, as JSON.
///
/// `packed` is as in `ophio_enhancements_apply_packed`, with frames as they were before any
/// rule. A third value after exception and frames may be a binary with a byte for each frame: 1 if
/// it repeats the frame before it, else 0. `contributes` has a byte for each component as in `ophio_enhancements_assemble_packed`. If
/// it is NULL, both variants of the stack trace are explained: in the app variant, frames that are
/// in-app after the rules count initially, in the system variant all frames; no frame counts that
/// repeats the frame before it. For `rule` and `frame` the result says why that rule matched that frame
/// or not; `SIZE_MAX` turns this off.
///
/// Writes an object to `explanation` that is the caller's: free it with `ophio_str_free`. Its
/// `frames` have `in_app`, `category`, `contributes`, `hint`, `system`, `system_hint`, `repeats` and
/// `steps`; it has `contributes`, `hint`, `system`, `system_hint`, `decides` (`app`, `system` or
/// null), `invert_stacktrace` and `steps` of the stack trace; a step has `rule`, `action`,
/// `matched`, `field`, `before`, `after` and `system` (null, or `contributes` before and after in the
/// system variant); `why_not` is null or has `matcher`, `field`, `frame`, `value`, `holds`, `reason`
/// and `later` (the rule that sets later what the matcher needs, or null) for each matcher.
/// `contributes` and `hint` are those of the app variant, or of the only variant if `contributes` is
/// not NULL.
///
/// It runs the interpreter and is slow. Threads may share `rules`. Fails as
/// `ophio_enhancements_assemble_packed` does, and with `OPHIO_STATUS_OUT_OF_RANGE` if there is no
/// such rule or frame.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `packed` is readable for
/// `packed_len` bytes, `contributes` is NULL or readable for `components_len`; `explanation`
/// is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_explain(
    rules: *const OphioEnhancements,
    packed: *const u8,
    packed_len: usize,
    contributes: *const u8,
    components_len: usize,
    rule: usize,
    frame: usize,
    explanation: *mut OphioStr,
) -> OphioStatus {
    let write = |rules: &OphioEnhancements| {
        let rules = rules.current();
        // SAFETY: the caller's promise about `packed`.
        let packed = unsafe { slice::bytes(packed, packed_len, "packed") }?;
        let components: Option<Vec<Component>> = if contributes.is_null() && components_len == 0 {
            None
        } else {
            // SAFETY: the caller's promise about `contributes`.
            let bytes = unsafe { slice::bytes(contributes, components_len, "contributes") }?;
            let read = |&byte| Ok(Component::new(read_tristate(byte, "contributes")?));
            Some(bytes.iter().map(read).collect::<Result<_, Error>>()?)
        };
        let mut buffer = KeyBuffer::take();
        let stacktrace = buffer.decode(packed)?;
        let frames = stacktrace.unpack()?;
        let asked = (rule != usize::MAX || frame != usize::MAX).then_some((rule, frame));
        if let Some((rule, frame)) = asked {
            for (name, number, count) in [
                ("rule", rule, rules.rules().len()),
                ("frame", frame, frames.len()),
            ] {
                if number >= count {
                    return Err(Error::new(
                        OphioStatus::OutOfRange,
                        format_args!("there is no {name} {number}: there are {count}"),
                    ));
                }
            }
        }
        let found = explain::explain(
            rules.rules(),
            &frames,
            &stacktrace.repeats,
            &stacktrace.exception,
            components.as_deref(),
            asked,
        );
        Ok(found.to_json())
    };
    // SAFETY: the caller's promise.
    unsafe { string::describe((rules, "rules"), (explanation, "explanation"), write) }
}

/// Describes each rule, as JSON.
///
/// Writes an array of objects to `description` that is the caller's: free it with
/// `ophio_str_free`. A rule has `canonical` (as hints print it), `matchers` (each with `field`,
/// `pattern`, `negated`, and `of`: `caller`, `frame`, `callee` or `exception`) and `actions`
/// (each with `text`, `name`, `value`, and `range`: `this`, `up`, `down`, or null for a
/// variable). Threads may share `rules`. Fails with `OPHIO_STATUS_NULL_POINTER` only.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `description` is NULL or
/// may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_describe(
    rules: *const OphioEnhancements,
    description: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        string::describe((rules, "rules"), (description, "description"), |rules| {
            Ok(rules.current().describe())
        })
    }
}

/// Writes rules in the text form, one per line. The text parses to the same rules.
///
/// Writes a string to `text` that is the caller's: free it with `ophio_str_free`. Threads may
/// share `rules`. Fails with `OPHIO_STATUS_SYNTAX` if a rule cannot be written as text (only the
/// binary form can contain such a rule), and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `text` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_to_text(
    rules: *const OphioEnhancements,
    text: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        string::describe((rules, "rules"), (text, "text"), |rules| {
            Ok(rules.current().to_text()?)
        })
    }
}

/// Writes rules in the binary form, a MessagePack structure.
///
/// `version` is 2 or 3. `bases` is UTF-8, with a line feed between names: they are stored in the
/// structure and have no other effect. Writes bytes to `data` that are the caller's: free them with
/// `ophio_str_free`. Threads may share `rules`. Fails with `OPHIO_STATUS_SYNTAX` for another
/// version, `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `bases` is readable for
/// `bases_len` bytes; `data` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_to_config_structure(
    rules: *const OphioEnhancements,
    version: u64,
    bases: *const u8,
    bases_len: usize,
    data: *mut OphioStr,
) -> OphioStatus {
    let write = |rules: &OphioEnhancements| {
        // SAFETY: the caller's promise about `bases`.
        let bases = unsafe { slice::text(bases, bases_len, "bases") }?;
        let bases: Vec<String> = bases.lines().map(str::to_owned).collect();
        let written = rules.current().to_config_structure(version, &bases);
        written.map_err(|error| Error::new(OphioStatus::Syntax, error))
    };
    // SAFETY: the caller's promise.
    unsafe { string::describe((rules, "rules"), (data, "data"), write) }
}

/// Makes a rule set of a part of another: only some rules, with only some actions.
///
/// `part` is an `OphioEnhancementsPart`. Rules without a remaining action are dropped. Threads may
/// share `rules`. Writes the rule set to `part_rules`, which is the caller's: free it with
/// `ophio_enhancements_free`. Fails with `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `part_rules` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_part(
    rules: *const OphioEnhancements,
    part: u32,
    part_rules: *mut *mut OphioEnhancements,
) -> OphioStatus {
    // SAFETY: the caller's promise about `part_rules`.
    let part_rules = unsafe { handle::out(part_rules, "part_rules") };
    guard_into(part_rules, || {
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?.current();
        let part = match part {
            0 => Part::Classifier,
            1 => Part::Contributes,
            2 => Part::Profiling,
            _ => {
                return Err(Error::new(
                    OphioStatus::InvalidArgument,
                    format_args!("{part} is not a valid OphioEnhancementsPart"),
                ))
            }
        };
        Ok(OphioEnhancements::new(rules.part(part)))
    })
}

/// Compares two rule sets.
///
/// Writes to `equal` whether they have the same rules in the same order. Threads may share both.
/// Fails with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` and `other` are NULL or were made by this library and are not freed yet; `equal` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_equal(
    rules: *const OphioEnhancements,
    other: *const OphioEnhancements,
    equal: *mut bool,
) -> OphioStatus {
    // SAFETY: the caller's promise about `equal`.
    let equal = unsafe { handle::out(equal, "equal") };
    guard_into(equal, || {
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?.current();
        // SAFETY: the caller's promise about `other`.
        let other = unsafe { handle::borrow(other, "other") }?.current();
        Ok(rules.rules() == other.rules())
    })
}

/// Writes rules in the form in which Sentry stores them: the binary form, compressed by
/// zstandard, in URL-safe base64 without padding.
///
/// Writes a string to `text` that is the caller's: free it with `ophio_str_free`. Threads may
/// share `rules`. Fails with `OPHIO_STATUS_SYNTAX` if a pattern is too long for the binary form,
/// and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `text` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_to_base64(
    rules: *const OphioEnhancements,
    text: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        string::describe((rules, "rules"), (text, "text"), |rules| {
            let stored = rules.current().to_base64();
            stored.map_err(|error| Error::new(OphioStatus::Syntax, error))
        })
    }
}
