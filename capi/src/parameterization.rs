//! The C API of [`ophio_core::parameterization`]: replacing ids, dates and numbers in messages by
//! their kind.

use std::ffi::c_char;

use ophio_core::parameterization::{
    default_patterns, Counts, Limits, PackedPatternsError, PackedTextsError, ParameterizeError,
    Parameterizer, PatternError,
};

use crate::guard::{guard, guard_into, guard_len, length};
use crate::handle;
use crate::slice::{self, OphioSlice, Structs};
use crate::status::{Error, OphioStatus};
use crate::string::OphioStr;

/// A compiled list of patterns.
///
/// It is immutable: threads may share it, and after a fork the child may use it.
pub struct OphioParameterization(pub(crate) Parameterizer);

/// Limits for a list of patterns. A field that is 0 stands for the default.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioParameterizationLimits {
    /// The maximum number of patterns in a list: 1,000 by default.
    pub patterns: usize,
    /// The maximum length of a regex in bytes: 16 KiB by default.
    pub regex_bytes: usize,
    /// The maximum number of operations of a list after compilation: 50,000 by default.
    pub operations: usize,
    /// The maximum size in bytes of the states that a thread keeps for a list: 32 MiB by default.
    pub state_bytes: usize,
    /// The maximum length of a text in bytes: no limit by default.
    pub text_bytes: usize,
    /// The maximum number of steps in a text, for patterns that are not linear: 1,000,000 by
    /// default.
    pub steps: u64,
    /// The number of steps that each byte of a text adds to `steps`: 50 by default.
    pub steps_per_byte: u64,
}

/// A pattern of a list.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioParameterizationPattern {
    /// The name, which replaces a match, in angle brackets. Borrowed from the list.
    pub name: OphioSlice,
    /// The regex. Borrowed from the list.
    pub regex: OphioSlice,
    /// Whether it takes time in proportion to the text. If not, it is matched by backtracking,
    /// with a limit on the steps.
    pub is_linear: bool,
}

/// A list, and a buffer for new texts.
#[repr(C)]
#[derive(Debug)]
pub struct OphioParameterizationBuffer {
    /// The list.
    pub parameterization: *const OphioParameterization,
    /// The first byte of the buffer.
    pub data: *mut u8,
    /// The number of bytes of the buffer.
    pub len: usize,
}

impl From<PatternError> for Error {
    fn from(error: PatternError) -> Self {
        Error::new(OphioStatus::Pattern, error)
    }
}

impl From<ParameterizeError> for Error {
    fn from(error: ParameterizeError) -> Self {
        Error::new(OphioStatus::Limit, error)
    }
}

impl From<PackedTextsError> for Error {
    fn from(error: PackedTextsError) -> Self {
        match error {
            PackedTextsError::Malformed(error) => error.into(),
            PackedTextsError::Text { .. } => Error::new(OphioStatus::Limit, error),
        }
    }
}

impl From<OphioParameterizationLimits> for Limits {
    fn from(limits: OphioParameterizationLimits) -> Self {
        fn or<T: Default + PartialEq>(value: T, default: T) -> T {
            if value == T::default() {
                default
            } else {
                value
            }
        }
        let defaults = Limits::default();
        Limits {
            patterns: or(limits.patterns, defaults.patterns),
            regex_bytes: or(limits.regex_bytes, defaults.regex_bytes),
            operations: or(limits.operations, defaults.operations),
            state_bytes: or(limits.state_bytes, defaults.state_bytes),
            text_bytes: or(
                Some(limits.text_bytes).filter(|&it| it > 0),
                defaults.text_bytes,
            ),
            steps: or(limits.steps, defaults.steps),
            steps_per_byte: or(limits.steps_per_byte, defaults.steps_per_byte),
        }
    }
}

/// Compiles a list of patterns.
///
/// `patterns` is a MessagePack array of arrays of two texts, a name and a regex of Python's `re`
/// in verbose form; with the length 0, the default patterns are used. `only` is a MessagePack array
/// of the names of the patterns to use; with the length 0, all patterns are used. `limits` may be
/// NULL; `limits_size` is the size of the struct otherwise.
///
/// If it fails with `OPHIO_STATUS_PATTERN`, it writes to `number`, which may be NULL, the number
/// of the pattern in the list, counted from 0, and to `position`, which may be NULL, the
/// character of the regex at which the error is, counted from 0. For an unknown name in `only`, the
/// number is the number of patterns. The position is SIZE_MAX if the error is not at a character.
///
/// Writes the list to `parameterization`, which is the caller's: free it with
/// `ophio_parameterization_free`. Any thread may call this. Fails with `OPHIO_STATUS_PATTERN`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `patterns` is readable for `patterns_len` bytes, and `only` for `only_len`. `limits` is NULL
/// or readable for `limits_size` bytes. `number`, `position` and `parameterization` are NULL or
/// may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_parameterization_new(
    patterns: *const u8,
    patterns_len: usize,
    only: *const u8,
    only_len: usize,
    limits: *const OphioParameterizationLimits,
    limits_size: usize,
    number: *mut usize,
    position: *mut usize,
    parameterization: *mut *mut OphioParameterization,
) -> OphioStatus {
    // SAFETY: the caller's promise about `parameterization`.
    let parameterization = unsafe { handle::out(parameterization, "parameterization") };
    guard_into(parameterization, || {
        // SAFETY: the caller's promise about `patterns`.
        let patterns = unsafe { slice::bytes(patterns, patterns_len, "patterns") }?;
        // SAFETY: the caller's promise about `only`.
        let only = unsafe { slice::bytes(only, only_len, "only") }?;
        let only = Some(only).filter(|only| !only.is_empty());
        let limits = if limits.is_null() {
            Limits::default()
        } else {
            // SAFETY: the caller's promise about `limits`.
            unsafe { Structs::new(limits.cast_mut(), 1, limits_size, "limits") }?;
            // SAFETY: not NULL, of this size at least, and readable by the caller's promise.
            unsafe { limits.read() }.into()
        };
        let made = if patterns.is_empty() {
            Parameterizer::with_packed_names(&default_patterns(), only, limits)
        } else {
            Parameterizer::from_packed(patterns, only, limits)
        };
        match made {
            Ok(made) => Ok(handle::new(OphioParameterization(made))),
            Err(PackedPatternsError::Malformed(error)) => Err(error.into()),
            Err(PackedPatternsError::Pattern(error)) => {
                // SAFETY: the caller's promise about `number`.
                if let Ok(number) = unsafe { handle::out(number, "number") } {
                    number.write(error.pattern());
                }
                // SAFETY: the caller's promise about `position`.
                if let Ok(position) = unsafe { handle::out(position, "position") } {
                    position.write(error.position().unwrap_or(usize::MAX));
                }
                Err(error.into())
            }
        }
    })
}

/// Frees a list and sets the pointer to it to NULL; NULL, or a pointer to NULL, does nothing.
/// Slices borrowed from it must not be read afterwards.
///
/// # Safety
///
/// `parameterization` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_parameterization_free(
    parameterization: *mut *mut OphioParameterization,
) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(parameterization) }
}

/// Returns how many patterns a list uses; 0 for NULL.
///
/// Threads may share `parameterization`.
///
/// # Safety
///
/// `parameterization` is NULL or comes from `ophio_parameterization_new` and is not freed yet.
#[no_mangle]
pub unsafe extern "C" fn ophio_parameterization_len(
    parameterization: *const OphioParameterization,
) -> usize {
    guard_len(|| {
        // SAFETY: the caller's promise.
        let list = unsafe { parameterization.as_ref() };
        list.map_or(0, |list| list.0.patterns().len())
    })
}

/// Reads a pattern of a list.
///
/// `number` is counted from 0, without the patterns that are not used. Writes to `pattern`,
/// whose slices are valid until the list is freed. Threads may share `parameterization`. Fails
/// with `OPHIO_STATUS_OUT_OF_RANGE`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `parameterization` comes from `ophio_parameterization_new` and is not freed yet. `pattern` is
/// NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_parameterization_pattern(
    parameterization: *const OphioParameterization,
    number: usize,
    pattern: *mut OphioParameterizationPattern,
) -> OphioStatus {
    // SAFETY: the caller's promise about `pattern`.
    let pattern = unsafe { handle::out(pattern, "pattern") };
    guard_into(pattern, || {
        // SAFETY: the caller's promise about `parameterization`.
        let list = unsafe { handle::borrow(parameterization, "parameterization") }?;
        let patterns = list.0.patterns();
        let pattern = patterns.get(number).ok_or_else(|| {
            Error::new(
                OphioStatus::OutOfRange,
                format_args!(
                    "there is no pattern {number}: the list has {}",
                    patterns.len()
                ),
            )
        })?;
        Ok(OphioParameterizationPattern {
            name: OphioSlice::borrowed(pattern.name.as_bytes()),
            regex: OphioSlice::borrowed(pattern.regex.as_bytes()),
            is_linear: list.0.is_linear(number),
        })
    })
}

/// Replaces each match in a text by the name of its pattern in angle brackets.
///
/// `text` is UTF-8. Takes time in proportion to its length. Writes the new text to `replaced`,
/// which is the caller's: free it with `ophio_str_free`. Threads may share `parameterization`.
/// Fails with `OPHIO_STATUS_LIMIT` if the text is too long, or a pattern that is not linear
/// takes too many steps, and with `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `parameterization` comes from `ophio_parameterization_new` and is not freed yet. `text` is
/// readable for `text_len` bytes; `replaced` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_parameterization_parameterize(
    parameterization: *const OphioParameterization,
    text: *const u8,
    text_len: usize,
    replaced: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `replaced`.
    let replaced = unsafe { handle::out(replaced, "replaced") };
    guard_into(replaced, || {
        // SAFETY: the caller's promise about `parameterization`.
        let list = unsafe { handle::borrow(parameterization, "parameterization") }?;
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        Ok(list.0.parameterize(text)?.into_owned().into())
    })
}

/// Replaces each match in a text, and returns the length of the new text; 0 if there is no match.
///
/// On failure it returns the negative of `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT` or `OPHIO_STATUS_NULL_POINTER`, and of
/// `OPHIO_STATUS_OUT_OF_RANGE` if the text or the new text is longer than the buffer.
///
/// This is `ophio_parameterization_parameterize` without an allocated result and with few arguments,
/// for bindings in languages where each of them takes as long as the search. `text` is UTF-8 and ends at
/// its first NUL. The new text is written to `buffer->data`, without a NUL. Threads may share the
/// list, but not the buffer.
///
/// # Safety
///
/// `buffer` is NULL or readable. Its list is NULL, or comes from `ophio_parameterization_new` and
/// is not freed yet, and `buffer->data` may be written. `text` is NULL or ends with a NUL.
#[no_mangle]
pub unsafe extern "C" fn ophio_parameterization_parameterize_text(
    buffer: *const OphioParameterizationBuffer,
    text: *const c_char,
) -> i32 {
    length(|| {
        // SAFETY: the caller's promise about `buffer`.
        let buffer = unsafe { handle::borrow(buffer, "buffer") }?;
        // SAFETY: the caller's promise about the list.
        let list = unsafe { handle::borrow(buffer.parameterization, "buffer->parameterization") }?;
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::until_nul(text, "text") }?;
        if text.len() > buffer.len {
            return Err(slice::too_short("the text", text.len(), buffer.len));
        }
        let text = slice::utf8(text, "text")?;
        // SAFETY: the caller's promise about the buffer.
        let bytes = unsafe { slice::out(buffer.data, buffer.len, "buffer->data") }?;
        list.0.parameterize_with(
            text,
            |_| (),
            |replaced| slice::write_text(replaced.unwrap_or(""), bytes, "the new text"),
        )?
    })
}

/// Replaces the matches in many texts, as `ophio_parameterization_parameterize` does, and counts
/// them.
///
/// `texts` is a MessagePack array of texts. Adds the number of matches of each pattern to `counts`:
/// `counts_len` is the number of patterns, or 0 to count nothing. Writes a MessagePack array of the
/// new texts to `replaced`, which is the caller's: free it with `ophio_str_free`. Threads may share
/// `parameterization`. Fails with `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `parameterization` comes from `ophio_parameterization_new` and is not freed yet. `texts` is
/// readable for `texts_len` bytes; `counts` holds `counts_len` numbers and may be written;
/// `replaced` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_parameterization_parameterize_packed(
    parameterization: *const OphioParameterization,
    texts: *const u8,
    texts_len: usize,
    counts: *mut u64,
    counts_len: usize,
    replaced: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `replaced`.
    let replaced = unsafe { handle::out(replaced, "replaced") };
    guard_into(replaced, || {
        // SAFETY: the caller's promise about `parameterization`.
        let list = unsafe { handle::borrow(parameterization, "parameterization") }?;
        // SAFETY: the caller's promise about `texts`.
        let texts = unsafe { slice::bytes(texts, texts_len, "texts") }?;
        // SAFETY: the caller's promise about `counts`.
        let counts = unsafe { Place::new(counts, counts_len, &list.0, counts_len == 0) }?;
        let mut found = Counts::new();
        let texts = list.0.parameterize_packed(texts, &mut found)?;
        // SAFETY: the caller's promise about `counts`.
        unsafe { counts.add(&found) };
        Ok(texts.into())
    })
}

/// Counts the matches in many texts.
///
/// `texts` is a MessagePack array of texts. Adds the number of matches of each pattern to `counts`:
/// `counts_len` is the number of patterns. Threads may share `parameterization`. Fails with
/// `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `parameterization` comes from `ophio_parameterization_new` and is not freed yet. `texts` is
/// readable for `texts_len` bytes; `counts` holds `counts_len` numbers and may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_parameterization_counts(
    parameterization: *const OphioParameterization,
    texts: *const u8,
    texts_len: usize,
    counts: *mut u64,
    counts_len: usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `parameterization`.
        let list = unsafe { handle::borrow(parameterization, "parameterization") }?;
        // SAFETY: the caller's promise about `texts`.
        let texts = unsafe { slice::bytes(texts, texts_len, "texts") }?;
        // SAFETY: the caller's promise about `counts`.
        let counts = unsafe { Place::new(counts, counts_len, &list.0, false) }?;
        let found = list.0.counts_packed(texts)?;
        // SAFETY: the caller's promise about `counts`.
        unsafe { counts.add(&found) };
        Ok(())
    })
}

/// The counts of the caller, to which a call adds.
struct Place {
    counts: *mut u64,
    len: usize,
}

impl Place {
    /// Checks the arguments. `none` allows that there are no numbers.
    ///
    /// # Safety
    ///
    /// `counts` is NULL, or holds `len` numbers and may be written.
    unsafe fn new(
        counts: *mut u64,
        len: usize,
        list: &Parameterizer,
        none: bool,
    ) -> Result<Self, Error> {
        // SAFETY: the caller's promise.
        unsafe { slice::out(counts, len, "counts") }?;
        let expected = list.patterns().len();
        if len != expected && !none {
            return Err(Error::new(
                OphioStatus::InvalidArgument,
                format_args!("the length of `counts` is {len}, expected {expected}"),
            ));
        }
        Ok(Place { counts, len })
    }

    /// Adds the counts of a call.
    ///
    /// # Safety
    ///
    /// As for `new`.
    unsafe fn add(self, found: &Counts) {
        for (number, found) in found.iter().enumerate().take(self.len) {
            // SAFETY: `number` is less than `len`; the caller's promise.
            let count = unsafe { &mut *self.counts.add(number) };
            *count = count.saturating_add(*found);
        }
    }
}

/// Finds the matches in a text, from left to right.
///
/// `text` is UTF-8. Writes to `matches` a MessagePack array with an array of three numbers for
/// each match: the number of the pattern, and where the match begins and ends, in characters if
/// `characters` is true and in bytes otherwise. The string is the caller's: free it with
/// `ophio_str_free`. Threads may share `parameterization`. Fails with `OPHIO_STATUS_LIMIT`,
/// `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `parameterization` comes from `ophio_parameterization_new` and is not freed yet. `text` is
/// readable for `text_len` bytes; `matches` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_parameterization_find(
    parameterization: *const OphioParameterization,
    text: *const u8,
    text_len: usize,
    characters: bool,
    matches: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `matches`.
    let matches = unsafe { handle::out(matches, "matches") };
    guard_into(matches, || {
        // SAFETY: the caller's promise about `parameterization`.
        let list = unsafe { handle::borrow(parameterization, "parameterization") }?;
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        Ok(list.0.find_packed(text, characters)?.into())
    })
}

/// Finds the matches in many texts.
///
/// `texts` is a MessagePack array of texts. Writes to `matches` a MessagePack array with an array
/// for each text, as `ophio_parameterization_find` writes it. The string is the caller's: free it
/// with `ophio_str_free`. Threads may share `parameterization`. Fails with `OPHIO_STATUS_LIMIT`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `parameterization` comes from `ophio_parameterization_new` and is not freed yet. `texts` is
/// readable for `texts_len` bytes; `matches` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_parameterization_find_packed(
    parameterization: *const OphioParameterization,
    texts: *const u8,
    texts_len: usize,
    characters: bool,
    matches: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `matches`.
    let matches = unsafe { handle::out(matches, "matches") };
    guard_into(matches, || {
        // SAFETY: the caller's promise about `parameterization`.
        let list = unsafe { handle::borrow(parameterization, "parameterization") }?;
        // SAFETY: the caller's promise about `texts`.
        let texts = unsafe { slice::bytes(texts, texts_len, "texts") }?;
        Ok(list.0.find_many_packed(texts, characters)?.into())
    })
}
