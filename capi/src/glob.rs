//! The C API of [`ophio_core::glob`]: patterns with wildcards.
//!
//! `ophio_glob_match_text` is the short form for bindings in which calls are expensive: it returns
//! its result.

use std::ffi::c_char;

use ophio_core::glob::{escape, Glob, GlobSet, InvalidGlob, Options, PackedValuesError};
use ophio_core::limits::Limit;

use crate::guard::{answer, guard, guard_into};
use crate::handle;
use crate::slice::{self, OphioSlice};
use crate::status::{Error, OphioStatus};
use crate::string::{self, OphioStr};

/// Options of a glob. Pass the sum of several options; 0 is no option.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioGlobOption {
    /// `*` and `?` stop at `/`: only a `**` that is a whole segment matches slashes.
    DoubleStar = 1,
    /// ASCII letters match in either case.
    CaseInsensitive = 2,
    /// Backslashes are slashes, in pattern and value. So a wildcard cannot be escaped.
    PathNormalize = 4,
    /// Wildcards match line feeds.
    AllowNewline = 8,
}

/// A compiled glob.
///
/// It is immutable: threads may share it, and after a fork the child may use it.
pub struct OphioGlob(Glob);

/// Compiled globs that are matched together.
///
/// It is immutable: threads may share it, and after a fork the child may use it.
pub struct OphioGlobSet(GlobSet);

impl From<InvalidGlob> for Error {
    fn from(error: InvalidGlob) -> Self {
        Error::new(OphioStatus::Glob, error)
    }
}

impl From<PackedValuesError> for Error {
    fn from(error: PackedValuesError) -> Self {
        match error {
            PackedValuesError::Limit(error) => error.into(),
            PackedValuesError::Malformed(_) => Error::new(OphioStatus::InvalidArgument, error),
        }
    }
}

fn options(bits: u32) -> Result<Options, Error> {
    if bits > 15 {
        return Err(Error::new(
            OphioStatus::InvalidArgument,
            format_args!("`options` is {bits}, expected a sum of OphioGlobOption"),
        ));
    }
    let has = |option: OphioGlobOption| bits & option as u32 != 0;
    Ok(Options {
        double_star: has(OphioGlobOption::DoubleStar),
        case_insensitive: has(OphioGlobOption::CaseInsensitive),
        path_normalize: has(OphioGlobOption::PathNormalize),
        allow_newline: has(OphioGlobOption::AllowNewline),
    })
}

/// Compiles a glob.
///
/// `pattern` is UTF-8, `options` a sum of `OphioGlobOption`. If it fails with
/// `OPHIO_STATUS_GLOB`, it writes to `position`, which may be NULL, the offset of the error in
/// `pattern`, in bytes.
///
/// Writes the glob to `glob`, which is the caller's: free it with `ophio_glob_free`. Any thread
/// may call this. Fails with `OPHIO_STATUS_GLOB`, `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `pattern` is readable for `pattern_len` bytes. `position` is NULL or may be written; `glob` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_new(
    pattern: *const u8,
    pattern_len: usize,
    options: u32,
    position: *mut usize,
    glob: *mut *mut OphioGlob,
) -> OphioStatus {
    // SAFETY: the caller's promise about `glob`.
    let glob = unsafe { handle::out(glob, "glob") };
    guard_into(glob, || {
        // SAFETY: the caller's promise about `pattern`.
        let pattern = unsafe { slice::text(pattern, pattern_len, "pattern") }?;
        Limit::PatternBytes.check(pattern.len())?;
        match Glob::new(pattern, self::options(options)?) {
            Ok(glob) => Ok(handle::new(OphioGlob(glob))),
            Err(fault) => {
                // SAFETY: the caller's promise about `position`.
                if let Ok(position) = unsafe { handle::out(position, "position") } {
                    position.write(fault.position());
                }
                Err(fault.into())
            }
        }
    })
}

/// Frees a glob and sets the pointer to it to NULL; NULL, or a pointer to NULL, does nothing.
///
/// # Safety
///
/// `glob` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_free(glob: *mut *mut OphioGlob) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(glob) }
}

/// Matches a whole value.
///
/// `value` is any bytes. Writes to `matched` whether it matches. The time is linear in
/// `value_len`. Threads may share `glob`. Fails with `OPHIO_STATUS_LIMIT` if that would take more
/// than `OPHIO_LIMIT_GLOB_STEPS`, and with `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `glob` comes from `ophio_glob_new` and is not freed yet. `value` is readable for
/// `value_len` bytes; `matched` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_is_match(
    glob: *const OphioGlob,
    value: *const u8,
    value_len: usize,
    matched: *mut bool,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        ask(
            (glob, "glob"),
            (value, value_len),
            (matched, "matched"),
            |glob, value| Ok(glob.0.is_match(value)),
        )
    }
}

/// The body of a function that asks a glob or a set about a value.
///
/// # Safety
///
/// `object` was made by this library and is not freed yet; the value is readable for as many
/// bytes; `answer` is NULL or may be written.
unsafe fn ask<H, T>(
    object: (*const H, &str),
    value: (*const u8, usize),
    answer: (*mut T, &str),
    ask: impl FnOnce(&H, &[u8]) -> Result<T, Error>,
) -> OphioStatus {
    // SAFETY: the caller's promise about `answer`.
    let place = unsafe { handle::out(answer.0, answer.1) };
    guard_into(place, || {
        // SAFETY: the caller's promise about `object`.
        let object = unsafe { handle::borrow(object.0, object.1) }?;
        // SAFETY: the caller's promise about the value.
        let value = unsafe { slice::bytes(value.0, value.1, "value") }?;
        ask(object, value)
    })
}

/// Returns a substring test that a host can run instead of calling `ophio_glob_is_match`, for
/// bindings in languages where a call into C takes longer than a substring test.
///
/// Writes a MessagePack array to `shortcut`: the number of the test, a text to put before the
/// value, one to put after it, and two texts to look for in the result. The tests:
///
/// - 0: the value matches if the result contains both texts;
/// - 1: it matches if the result contains one of them;
/// - 2: it can match only if the result contains the first text. Then call `ophio_glob_is_match`.
///   This test has no texts around the value, and holds for values with line feeds, too.
///
/// A test holds for values that are valid UTF-8, have no line feed, and are already in lower case
/// and have slashes if the options require it. The string is the caller's: free it with
/// `ophio_str_free`. Threads may share `glob`. Fails with `OPHIO_STATUS_NULL_POINTER` only.
///
/// # Safety
///
/// `glob` comes from `ophio_glob_new` and is not freed yet. `shortcut` may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_shortcut(
    glob: *const OphioGlob,
    shortcut: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        string::describe((glob, "glob"), (shortcut, "shortcut"), |glob| {
            Ok(glob.0.shortcut().to_packed())
        })
    }
}

/// Returns whether a text matches as a whole: 1 if it does, 0 if not.
///
/// On failure it returns the negative of `OPHIO_STATUS_NULL_POINTER`, or of `OPHIO_STATUS_LIMIT` if
/// a match would take more than `OPHIO_LIMIT_GLOB_STEPS`.
///
/// This is `ophio_glob_is_match` with as few arguments as possible, for bindings in languages where
/// each argument takes 50 ns. `text` ends at its first NUL, and is any bytes otherwise. Threads may
/// share `glob`.
///
/// # Safety
///
/// `glob` comes from `ophio_glob_new` and is not freed yet. `text` is NULL or ends with a NUL.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_match_text(glob: *const OphioGlob, text: *const c_char) -> i32 {
    answer(|| {
        // SAFETY: the caller's promise about `glob`.
        let glob = unsafe { handle::borrow(glob, "glob") }?;
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::until_nul(text, "text") }?;
        Ok(glob.0.is_match(text))
    })
}

/// Matches many whole values.
///
/// `values` is a MessagePack array of texts, or binaries, or both, with `matched_len` elements;
/// bytes after it are ignored. Writes a byte for each value to `matched`: 1 for a match and 0 for
/// none. Threads may share `glob`. Fails with `OPHIO_STATUS_INVALID_ARGUMENT` if `values` is
/// malformed or has another length, with `OPHIO_STATUS_LIMIT` if a match would take more than
/// `OPHIO_LIMIT_GLOB_STEPS`, and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `glob` comes from `ophio_glob_new` and is not freed yet. `values` is readable for
/// `values_len` bytes, and `matched` may be written for `matched_len` bytes.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_match_packed(
    glob: *const OphioGlob,
    values: *const u8,
    values_len: usize,
    matched: *mut u8,
    matched_len: usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `glob`.
        let glob = unsafe { handle::borrow(glob, "glob") }?;
        // SAFETY: the caller's promise about `values`.
        let values = unsafe { slice::bytes(values, values_len, "values") }?;
        // SAFETY: the caller's promise about `matched`.
        let matched = unsafe { slice::out(matched, matched_len, "matched") }?;
        let mut found = vec![false; matched.len()];
        glob.0.match_packed(values, &mut found)?;
        for (place, found) in matched.iter_mut().zip(found) {
            place.write(found.into());
        }
        Ok(())
    })
}

/// Writes a pattern that matches a text literally, with any options.
///
/// `text` is UTF-8. The result is the caller's: free it with `ophio_str_free`. Any thread
/// may call this. Fails with `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_NULL_POINTER`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes, and `pattern` may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_escape(
    text: *const u8,
    text_len: usize,
    pattern: *mut OphioStr,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        // SAFETY: the caller's promise about `pattern`.
        let pattern = unsafe { handle::out(pattern, "pattern") }?;
        pattern.write(escape(text).into());
        Ok(())
    })
}

/// Compiles many globs with the same options, to match them together.
///
/// `patterns` is a MessagePack array of texts, or binaries that hold UTF-8, or both;
/// `options` is a sum of `OphioGlobOption`. A glob that is not valid matches nothing:
/// `ophio_glob_set_diagnostic` reads what is wrong with it.
///
/// Writes the set to `set`, which is the caller's: free it with `ophio_glob_set_free`. Any
/// thread may call this. Fails with `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `patterns` is readable for `patterns_len` bytes; `set` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_set_new(
    patterns: *const u8,
    patterns_len: usize,
    options: u32,
    set: *mut *mut OphioGlobSet,
) -> OphioStatus {
    // SAFETY: the caller's promise about `set`.
    let set = unsafe { handle::out(set, "set") };
    guard_into(set, || {
        // SAFETY: the caller's promise about `patterns`.
        let patterns = unsafe { slice::bytes(patterns, patterns_len, "patterns") }?;
        let set = GlobSet::from_packed(patterns, self::options(options)?)?;
        Ok(handle::new(OphioGlobSet(set)))
    })
}

/// Frees a set of globs and sets the pointer to it to NULL; NULL, or a pointer to NULL, does nothing.
/// Slices borrowed from it must not be read afterwards.
///
/// # Safety
///
/// `set` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_set_free(set: *mut *mut OphioGlobSet) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(set) }
}

/// An error in a glob of a set.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioGlobDiagnostic {
    /// The number of the glob, counted from 0.
    pub number: usize,
    /// The offset of the error in the pattern, in bytes.
    pub position: usize,
    /// What is wrong. Borrowed from the set.
    pub message: OphioSlice,
}

/// Finds the first glob of a set, from number `from` on, that is not valid.
///
/// Writes what is wrong with it to `diagnostic`, whose message is valid until the set is freed.
/// If every glob from there on is valid, `number` is the number of globs in the set, and the
/// message is empty. Threads may share `set`. Fails with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `set` comes from `ophio_glob_set_new` and is not freed yet. `diagnostic` may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_set_diagnostic(
    set: *const OphioGlobSet,
    from: usize,
    diagnostic: *mut OphioGlobDiagnostic,
) -> OphioStatus {
    // SAFETY: the caller's promise about `diagnostic`.
    let diagnostic = unsafe { handle::out(diagnostic, "diagnostic") };
    guard_into(diagnostic, || {
        // SAFETY: the caller's promise about `set`.
        let set = unsafe { handle::borrow(set, "set") }?;
        Ok(match set.0.fault_from(from) {
            Some((number, fault)) => OphioGlobDiagnostic {
                number,
                position: fault.position(),
                message: OphioSlice::borrowed(fault.reason().as_bytes()),
            },
            None => OphioGlobDiagnostic {
                number: set.0.len(),
                position: 0,
                message: OphioSlice::EMPTY,
            },
        })
    })
}

/// Matches a whole value against the globs of a set.
///
/// `value` is any bytes. Writes to `matched` whether any glob matches. Threads may share `set`.
/// Fails with `OPHIO_STATUS_LIMIT` if a match would take more than `OPHIO_LIMIT_GLOB_STEPS`, and
/// with `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `set` comes from `ophio_glob_set_new` and is not freed yet. `value` is readable for
/// `value_len` bytes; `matched` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_set_is_match(
    set: *const OphioGlobSet,
    value: *const u8,
    value_len: usize,
    matched: *mut bool,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        ask(
            (set, "set"),
            (value, value_len),
            (matched, "matched"),
            |set, value| Ok(set.0.is_match(value)),
        )
    }
}

/// Finds the globs of a set that a whole value matches.
///
/// `value` is any bytes. Writes the number of globs that match to `count`. Writes at most
/// `numbers_len` of their numbers, counted from 0, in ascending order, to `numbers`. Threads may
/// share `set`. Fails with `OPHIO_STATUS_LIMIT` if a match would take more than
/// `OPHIO_LIMIT_GLOB_STEPS`, and with `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `set` comes from `ophio_glob_set_new` and is not freed yet. `value` is readable for
/// `value_len` bytes, and `numbers` may be written for `numbers_len` numbers; `count` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_glob_set_matches(
    set: *const OphioGlobSet,
    value: *const u8,
    value_len: usize,
    numbers: *mut u32,
    numbers_len: usize,
    count: *mut usize,
) -> OphioStatus {
    let find = |set: &OphioGlobSet, value: &[u8]| {
        // SAFETY: the caller's promise about `numbers`.
        let numbers = unsafe { slice::out(numbers, numbers_len, "numbers") }?;
        let mut found = Vec::new();
        set.0.matches(value, &mut found);
        for (place, &number) in numbers.iter_mut().zip(&found) {
            place.write(number);
        }
        Ok(found.len())
    };
    // SAFETY: the caller's promise.
    unsafe { ask((set, "set"), (value, value_len), (count, "count"), find) }
}
