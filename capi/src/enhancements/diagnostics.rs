//! `OphioEnhancementsDiagnostics`: the problems of a rule text.
//!
//! The list is immutable. A caller reads its entries one by one; their texts are slices borrowed
//! from the list.

use ophio_core::enhancements::text::diagnostics::{self, Diagnostic, Severity};
use ophio_core::enhancements::{format_rules, Enhancements};
use ophio_core::limits::check_rule_text;

use super::cache::OphioEnhancementsCache;
use super::rules::{with_cache, OphioEnhancements};
use crate::guard::{guard, guard_into, guard_len};
use crate::handle;
use crate::slice::{self, OphioSlice};
use crate::status::{Error, OphioStatus};
use crate::string::OphioStr;

/// The problems of a rule text, in the order of their spans.
///
/// It is immutable: threads may share it, and after a fork the child may use it.
pub struct OphioEnhancementsDiagnostics(Vec<Diagnostic>);

/// The severity of a problem.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioEnhancementsSeverity {
    /// The line is not a rule, and the text cannot be parsed.
    Error = 0,
    /// The rule is valid, but probably does not do what was intended.
    Warning = 1,
}

/// A problem of a rule text.
///
/// Lines and columns count from 1, columns in code points. The slices are UTF-8, borrowed
/// from the list, and valid until that is freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioEnhancementsDiagnostic {
    /// The severity: an `OphioEnhancementsSeverity`.
    pub severity: u32,
    /// The number of the line.
    pub line: u32,
    /// The first column.
    pub column: u32,
    /// The column after the last one: at most the length of the line + 1.
    pub end_column: u32,
    /// The code of the problem, such as `OPH002`: see docs/diagnostics.md.
    pub code: OphioSlice,
    /// The meaning of that code, in a few words.
    pub title: OphioSlice,
    /// What is wrong.
    pub message: OphioSlice,
    /// A suggested replacement for the span; NULL and 0 if there is none.
    pub suggestion: OphioSlice,
    /// For an error the message with which parsing fails; empty for a warning.
    pub details: OphioSlice,
    /// The line, without its line break.
    pub source: OphioSlice,
}

/// Whether a problem has a fix.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioEnhancementsFixKind {
    /// There is no fix.
    None = 0,
    /// The fix may be what was meant.
    Possible = 1,
    /// The fix is what was meant, beyond doubt.
    Certain = 2,
}

/// An edit of a line that solves a problem: replace the text between two columns.
///
/// The slice is UTF-8, borrowed from the list, and valid until that is freed.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioEnhancementsFix {
    /// Whether there is a fix: an `OphioEnhancementsFixKind`. If not, all else is 0.
    pub kind: u32,
    /// The first column that is replaced.
    pub column: u32,
    /// The column after the last one that is replaced.
    pub end_column: u32,
    /// The new text, without a line break. It may be empty.
    pub replacement: OphioSlice,
}

/// Finds all problems of rules in the text form: UTF-8, one rule a line.
///
/// The list has an error exactly if `ophio_enhancements_parse` fails, or, with `lenient`, if
/// `ophio_enhancements_parse_lenient` fails. Writes a list to `diagnostics` that is the caller's:
/// free it with `ophio_enhancements_diagnostics_free`. The list stays valid after `text` is freed.
/// Any thread may call this. Fails with `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `diagnostics` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_check(
    text: *const u8,
    text_len: usize,
    lenient: bool,
    diagnostics: *mut *mut OphioEnhancementsDiagnostics,
) -> OphioStatus {
    let check = if lenient {
        diagnostics::check_lenient
    } else {
        diagnostics::check
    };
    // SAFETY: the caller's promise about `text` and `diagnostics`.
    unsafe {
        read_text((text, text_len), (diagnostics, "diagnostics"), |text| {
            Ok(list(check(text)))
        })
    }
}

/// Finds the rules in the text form that Sentry's profiling ignores.
///
/// Writes a list of warnings to `diagnostics` that is the caller's, as `ophio_enhancements_check`
/// does. A line that is not a rule has none. Any thread may call this. Fails with
/// `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `diagnostics` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_check_profiling(
    text: *const u8,
    text_len: usize,
    diagnostics: *mut *mut OphioEnhancementsDiagnostics,
) -> OphioStatus {
    // SAFETY: the caller's promise about `text` and `diagnostics`.
    unsafe {
        read_text((text, text_len), (diagnostics, "diagnostics"), |text| {
            Ok(list(diagnostics::check_profiling(text)))
        })
    }
}

/// Applies the fixes that are certain to rules in the text form.
///
/// All other text stays, and fixing a fixed text changes nothing. Writes a string to `fixed` that
/// is the caller's: free it with `ophio_str_free`. Any thread may call this. Fails with
/// `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `fixed` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_fix(
    text: *const u8,
    text_len: usize,
    fixed: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `text` and `fixed`.
    unsafe {
        read_text((text, text_len), (fixed, "fixed"), |text| {
            Ok(diagnostics::fix(text).into())
        })
    }
}

/// Parses rules in the text form, but drops retired actions (`+sentinel`, `+prefix` and their
/// negations), and rules without other actions.
///
/// Does the same as `ophio_enhancements_parse`, and also writes a list to `diagnostics` with a
/// warning for each action that was dropped. It is the caller's: free it with
/// `ophio_enhancements_diagnostics_free`. Fails as `ophio_enhancements_parse` does.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `cache` is NULL or comes from
/// `ophio_enhancements_cache_new` and is not freed yet; `diagnostics` is NULL or may be written; `rules` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_parse_lenient(
    text: *const u8,
    text_len: usize,
    cache: *const OphioEnhancementsCache,
    diagnostics: *mut *mut OphioEnhancementsDiagnostics,
    rules: *mut *mut OphioEnhancements,
) -> OphioStatus {
    // SAFETY: the caller's promise about `rules`.
    let rules = unsafe { handle::out(rules, "rules") };
    guard_into(rules, || {
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        // SAFETY: the caller's promise about `diagnostics`.
        let place = unsafe { handle::out(diagnostics, "diagnostics") }?;
        // SAFETY: the caller's promise about `cache`.
        let parsed = unsafe { with_cache(cache, |cache| Enhancements::parse_lenient(text, cache)) };
        let (parsed, left_out) = parsed?;
        place.write(list(left_out));
        Ok(OphioEnhancements::new(parsed))
    })
}

/// Formats rules in the text form: in columns, with comments and empty lines kept,
/// and with the same meaning.
///
/// Writes a string to `formatted` that is the caller's: free it with `ophio_str_free`.
/// Any thread may call this. Fails with `OPHIO_STATUS_SYNTAX` if a line is not a rule,
/// `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `formatted` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_format(
    text: *const u8,
    text_len: usize,
    formatted: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `text` and `formatted`.
    unsafe {
        read_text((text, text_len), (formatted, "formatted"), |text| {
            Ok(format_rules(text)?.into())
        })
    }
}

/// Returns the number of entries of a list; 0 if `diagnostics` is NULL.
///
/// Threads may share `diagnostics`.
///
/// # Safety
///
/// `diagnostics` is NULL or was made by this library and is not freed yet.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_diagnostics_len(
    diagnostics: *const OphioEnhancementsDiagnostics,
) -> usize {
    // SAFETY: the caller's promise about `diagnostics`.
    guard_len(|| unsafe { diagnostics.as_ref() }.map_or(0, |list| list.0.len()))
}

/// Reads the entry with this index, from 0.
///
/// Writes it to `diagnostic`. Its slices are borrowed from `diagnostics` and valid until that is
/// freed. Threads may share `diagnostics`. Fails with `OPHIO_STATUS_OUT_OF_RANGE` if the list has
/// no such entry, and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `diagnostics` is NULL or was made by this library and is not freed yet; `diagnostic` is
/// NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_diagnostics_get(
    diagnostics: *const OphioEnhancementsDiagnostics,
    index: usize,
    diagnostic: *mut OphioEnhancementsDiagnostic,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `diagnostic`.
        let place = unsafe { handle::out(diagnostic, "diagnostic") }?;
        // SAFETY: the caller's promise about `diagnostics`.
        let found = unsafe { entry(diagnostics, index) }?;
        let lend = |text: &str| OphioSlice::borrowed(text.as_bytes());
        place.write(OphioEnhancementsDiagnostic {
            severity: match found.severity {
                Severity::Error => OphioEnhancementsSeverity::Error,
                Severity::Warning => OphioEnhancementsSeverity::Warning,
            } as u32,
            line: count(found.line),
            column: count(found.column),
            end_column: count(found.end_column),
            code: lend(found.code.name()),
            title: lend(found.code.title()),
            message: lend(&found.message),
            suggestion: found.suggestion.as_deref().map_or(OphioSlice::EMPTY, lend),
            details: lend(&found.details),
            source: lend(&found.source),
        });
        Ok(())
    })
}

/// Reads the fix of the entry with this index, from 0.
///
/// Writes it to `fix`. Its slice is borrowed from `diagnostics` and valid until that is
/// freed. Threads may share `diagnostics`. Fails with `OPHIO_STATUS_OUT_OF_RANGE` if the list has
/// no such entry, and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `diagnostics` is NULL or was made by this library and is not freed yet; `fix` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_diagnostics_fix(
    diagnostics: *const OphioEnhancementsDiagnostics,
    index: usize,
    fix: *mut OphioEnhancementsFix,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `fix`.
        let place = unsafe { handle::out(fix, "fix") }?;
        // SAFETY: the caller's promise about `diagnostics`.
        let found = unsafe { entry(diagnostics, index) }?;
        place.write(match &found.fix {
            None => OphioEnhancementsFix {
                kind: OphioEnhancementsFixKind::None as u32,
                column: 0,
                end_column: 0,
                replacement: OphioSlice::EMPTY,
            },
            Some(fix) => OphioEnhancementsFix {
                kind: if fix.is_certain {
                    OphioEnhancementsFixKind::Certain
                } else {
                    OphioEnhancementsFixKind::Possible
                } as u32,
                column: count(fix.column),
                end_column: count(fix.end_column),
                replacement: OphioSlice::borrowed(fix.replacement.as_bytes()),
            },
        });
        Ok(())
    })
}

/// Frees a list and sets the pointer to it to NULL; NULL, or a pointer to NULL, does nothing.
/// Slices borrowed from it must not be read afterwards.
///
/// # Safety
///
/// `diagnostics` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_enhancements_diagnostics_free(
    diagnostics: *mut *mut OphioEnhancementsDiagnostics,
) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(diagnostics) }
}

/// Runs the body of a function that reads rules in the text form, the argument `text`, and writes
/// the result to the argument called `output.1`.
///
/// # Safety
///
/// The text meets the requirements of [`slice::text`], the output those of [`handle::out`].
unsafe fn read_text<T>(
    text: (*const u8, usize),
    output: (*mut T, &str),
    read: impl FnOnce(&str) -> Result<T, Error>,
) -> OphioStatus {
    // SAFETY: the caller's promise about the output.
    let place = unsafe { handle::out(output.0, output.1) };
    guard_into(place, || {
        // SAFETY: the caller's promise about the text.
        let text = unsafe { slice::text(text.0, text.1, "text") }?;
        check_rule_text(text)?;
        read(text)
    })
}

/// Makes the object for a list of problems.
fn list(found: Vec<Diagnostic>) -> *mut OphioEnhancementsDiagnostics {
    handle::new(OphioEnhancementsDiagnostics(found))
}

/// Returns the entry of a list with this index, from 0.
///
/// # Safety
///
/// `diagnostics` meets the requirements of [`handle::borrow`].
unsafe fn entry<'a>(
    diagnostics: *const OphioEnhancementsDiagnostics,
    index: usize,
) -> Result<&'a Diagnostic, Error> {
    // SAFETY: the caller's promise.
    let list = unsafe { handle::borrow(diagnostics, "diagnostics") }?;
    list.0.get(index).ok_or_else(|| {
        let message = format!("there is no diagnostic {index}");
        Error::new(OphioStatus::OutOfRange, message)
    })
}

/// Converts a line or column for C. A text of rules has less than 4 GiB.
fn count(number: usize) -> u32 {
    u32::try_from(number).unwrap_or(u32::MAX)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::ptr::null_mut;

    #[test]
    fn a_list_is_read_and_freed() {
        let text = "funktion:a +app\nfunction:a +prefix -group";
        let mut list = null_mut();
        let mut entry = std::mem::MaybeUninit::uninit();
        // SAFETY: a text and places of ours; the list is freed once.
        unsafe {
            let status = ophio_enhancements_check(text.as_ptr(), text.len(), true, &mut list);
            assert_eq!(status, OphioStatus::Ok);
            assert_eq!(ophio_enhancements_diagnostics_len(list), 2);
            let status = ophio_enhancements_diagnostics_get(list, 0, entry.as_mut_ptr());
            assert_eq!(status, OphioStatus::Ok);
            let entry = entry.assume_init();
            assert_eq!(entry.severity, OphioEnhancementsSeverity::Error as u32);
            assert_eq!((entry.line, entry.column, entry.end_column), (1, 1, 9));
            assert_eq!(entry.suggestion.text("suggestion"), Ok("function"));
            assert_eq!(entry.source.text("source"), Ok("funktion:a +app"));
            let mut fix = std::mem::MaybeUninit::uninit();
            let status = ophio_enhancements_diagnostics_fix(list, 0, fix.as_mut_ptr());
            assert_eq!(status, OphioStatus::Ok);
            let fix = fix.assume_init();
            assert_eq!(fix.kind, OphioEnhancementsFixKind::Possible as u32);
            assert_eq!((fix.column, fix.end_column), (1, 9));
            assert_eq!(fix.replacement.text("replacement"), Ok("function"));
            let mut other_fix = fix;
            let status = ophio_enhancements_diagnostics_fix(list, 2, &mut other_fix);
            assert_eq!(status, OphioStatus::OutOfRange);
            let mut other = entry;
            let status = ophio_enhancements_diagnostics_get(list, 2, &mut other);
            assert_eq!(status, OphioStatus::OutOfRange);
            ophio_enhancements_diagnostics_free(&mut list);
        }
    }

    #[test]
    fn null_is_refused() {
        // SAFETY: NULL is allowed everywhere here.
        unsafe {
            let status = ophio_enhancements_check(null_mut(), 0, false, null_mut());
            assert_eq!(status, OphioStatus::NullPointer);
            let status =
                ophio_enhancements_parse_lenient(null_mut(), 0, null_mut(), null_mut(), null_mut());
            assert_eq!(status, OphioStatus::NullPointer);
            let status = ophio_enhancements_format(null_mut(), 0, null_mut());
            assert_eq!(status, OphioStatus::NullPointer);
            let status = ophio_enhancements_diagnostics_get(null_mut(), 0, null_mut());
            assert_eq!(status, OphioStatus::NullPointer);
            let status = ophio_enhancements_diagnostics_fix(null_mut(), 0, null_mut());
            assert_eq!(status, OphioStatus::NullPointer);
            let status = ophio_enhancements_check_profiling(null_mut(), 0, null_mut());
            assert_eq!(status, OphioStatus::NullPointer);
            let status = ophio_enhancements_fix(null_mut(), 0, null_mut());
            assert_eq!(status, OphioStatus::NullPointer);
            assert_eq!(ophio_enhancements_diagnostics_len(null_mut()), 0);
            ophio_enhancements_diagnostics_free(null_mut());
        }
    }
}
