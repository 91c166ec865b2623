//! The C API of [`ophio_core::codeowners`]: who owns which files.
//!
//! For a path the functions return numbers of rules. A caller reads a rule by its number.

use std::ffi::c_char;
use std::mem::MaybeUninit;

use ophio_core::codeowners::{
    self, is_path_match, Codeowners, CodeownersError, Dialect, OwnerKind, Severity,
};
use ophio_core::limits::Limit;

use crate::enhancements::diagnostics::OphioEnhancementsSeverity;
use crate::guard::{answer, guard, guard_into};
use crate::handle;
use crate::slice::{self, OphioSlice};
use crate::status::{Error, OphioStatus};
use crate::string::OphioStr;

/// The host whose rules for CODEOWNERS files apply.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioCodeownersDialect {
    /// One list of rules. The last rule that matches wins.
    Github = 0,
    /// Rules in sections. In each section the last rule that matches wins.
    Gitlab = 1,
}

/// The kind of an owner.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioCodeownersOwnerKind {
    /// `@name`: a user. For GitLab perhaps a group without a parent: both look the same.
    User = 0,
    /// `@organization/team`, or for GitLab a group in other groups.
    Team = 1,
    /// `@@maintainer`: all members of a GitLab project who have this role.
    Role = 2,
    /// An e-mail address.
    Email = 3,
}

/// A CODEOWNERS file.
///
/// It is immutable: threads may share it, and after a fork the child may use it.
pub struct OphioCodeowners(Codeowners);

/// The size of a CODEOWNERS file.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioCodeownersCounts {
    /// The number of lines with a pattern.
    pub rules: usize,
    /// The number of sections, including the one before any heading: at least 1.
    pub sections: usize,
    /// The number of diagnostics.
    pub diagnostics: usize,
}

/// A line of a CODEOWNERS file: a pattern and its owners.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioCodeownersRule {
    /// The pattern as it is written. Borrowed from the file.
    pub pattern: OphioSlice,
    /// The number of owners; 0 means that matching files have no owner.
    pub owners: usize,
    /// The line, counted from 1.
    pub line: u32,
    /// The number of its section, counted from 0.
    pub section: u32,
    /// Whether matching files have no owner in this section, even if other rules match.
    pub excludes: bool,
}

/// A section of a CODEOWNERS file.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioCodeownersSection {
    /// The name in its first heading; empty for the section before any heading. Borrowed from the
    /// file.
    pub name: OphioSlice,
    /// The line of that heading, counted from 1; 0 if there is none.
    pub line: u32,
    /// The number of required approvals.
    pub approvals: u32,
    /// Whether approval is optional.
    pub optional: bool,
}

/// A problem in a CODEOWNERS file.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioCodeownersDiagnostic {
    /// What is wrong, and what happens to the line. Borrowed from the file.
    pub message: OphioSlice,
    /// The line, counted from 1.
    pub line: u32,
    /// The column where it begins, in characters, counted from 1.
    pub column: u32,
    /// The column after its last character.
    pub end_column: u32,
}

/// The code of a problem in a CODEOWNERS file, and what belongs to it.
#[repr(C)]
#[derive(Clone, Copy, Debug)]
pub struct OphioCodeownersDetails {
    /// The code of the problem, such as `OPH501`: see docs/diagnostics.md. Borrowed from the file.
    pub code: OphioSlice,
    /// The meaning of that code, in a few words. Borrowed from the file.
    pub title: OphioSlice,
    /// A suggested replacement for the characters of the problem; NULL and 0 if there is none.
    /// Borrowed from the file.
    pub suggestion: OphioSlice,
    /// The severity, an `OphioEnhancementsSeverity`: with an error the host skips the line.
    pub severity: u32,
}

impl From<CodeownersError> for Error {
    fn from(error: CodeownersError) -> Self {
        Error::new(OphioStatus::Codeowners, error)
    }
}

/// Returns the item with this number, which is the argument called `name`.
fn at<'a, T>(things: &'a [T], number: usize, name: &str) -> Result<&'a T, Error> {
    things.get(number).ok_or_else(|| {
        let count = things.len();
        Error::new(
            OphioStatus::OutOfRange,
            format_args!("`{name}` is {number}, and there are {count}"),
        )
    })
}

/// Matches a path against a pattern of Sentry's ownership rules.
///
/// `path` is any bytes, `pattern` is UTF-8. Writes to `matched` whether it matches.
/// Each thread keeps its own compiled patterns. Any thread may call this. Fails with
/// `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `path` is readable for `path_len` bytes, `pattern` for `pattern_len`; `matched` is NULL or may
/// be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_is_path_match(
    path: *const u8,
    path_len: usize,
    pattern: *const u8,
    pattern_len: usize,
    matched: *mut bool,
) -> OphioStatus {
    // SAFETY: the caller's promise about `matched`.
    let matched = unsafe { handle::out(matched, "matched") };
    guard_into(matched, || {
        // SAFETY: the caller's promise about `path`.
        let path = unsafe { slice::bytes(path, path_len, "path") }?;
        // SAFETY: the caller's promise about `pattern`.
        let pattern = unsafe { slice::text(pattern, pattern_len, "pattern") }?;
        Limit::PatternBytes.check(pattern.len())?;
        Ok(is_path_match(path, pattern))
    })
}

/// Returns a substring test that a host can run instead of calling
/// `ophio_codeowners_is_path_match`.
///
/// `pattern` is UTF-8. Writes to `shortcut` what `ophio_glob_shortcut` writes. A test holds for
/// paths that are valid UTF-8 and have no line feed. The string is the caller's: free it with
/// `ophio_str_free`. Any thread may call this. Fails with `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_NULL_POINTER`, `OPHIO_STATUS_INVALID_ARGUMENT`.
///
/// # Safety
///
/// `pattern` is readable for `pattern_len` bytes, and `shortcut` may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_shortcut(
    pattern: *const u8,
    pattern_len: usize,
    shortcut: *mut OphioStr,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `pattern`.
        let pattern = unsafe { slice::text(pattern, pattern_len, "pattern") }?;
        Limit::PatternBytes.check(pattern.len())?;
        // SAFETY: the caller's promise about `shortcut`.
        let shortcut = unsafe { handle::out(shortcut, "shortcut") }?;
        shortcut.write(codeowners::shortcut(pattern).to_packed().into());
        Ok(())
    })
}

/// Returns whether a path matches a pattern of Sentry's ownership rules: 1 if it does, 0 if not.
///
/// On failure it returns the negative of `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_LIMIT` or
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// This is `ophio_codeowners_is_path_match` with as few arguments as possible, for bindings in
/// languages where each argument takes 50 ns. Both texts end at their first NUL. `path` is any
/// bytes otherwise, `pattern` is UTF-8. Any thread may call this.
///
/// # Safety
///
/// `path` and `pattern` are NULL or end with a NUL.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_match_text(
    path: *const c_char,
    pattern: *const c_char,
) -> i32 {
    answer(|| {
        // SAFETY: the caller's promise about `path`.
        let path = unsafe { slice::until_nul(path, "path") }?;
        // SAFETY: the caller's promise about `pattern`.
        let pattern = unsafe { slice::until_nul(pattern, "pattern") }?;
        let pattern = slice::utf8(pattern, "pattern")?;
        Limit::PatternBytes.check(pattern.len())?;
        Ok(is_path_match(path, pattern))
    })
}

/// Reads a CODEOWNERS file.
///
/// `text` is UTF-8, `dialect` one of `OphioCodeownersDialect`. A file of more than `max_bytes`
/// is an error: GitHub reads up to 3,000,000. Invalid lines are skipped, and
/// `ophio_codeowners_diagnostic` reads their diagnostics.
///
/// Writes the file to `file`, which is the caller's: free it with `ophio_codeowners_free`. Any
/// thread may call this. Fails with `OPHIO_STATUS_CODEOWNERS`, `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `file` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_parse(
    text: *const u8,
    text_len: usize,
    dialect: u32,
    max_bytes: usize,
    file: *mut *mut OphioCodeowners,
) -> OphioStatus {
    // SAFETY: the caller's promise about `file`.
    let file = unsafe { handle::out(file, "file") };
    guard_into(file, || {
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        let dialect = match dialect {
            0 => Dialect::GitHub,
            1 => Dialect::GitLab,
            _ => {
                return Err(Error::new(
                    OphioStatus::InvalidArgument,
                    format_args!("{dialect} is not a valid OphioCodeownersDialect"),
                ))
            }
        };
        let file = Codeowners::parse(text, dialect, max_bytes)?;
        Ok(handle::new(OphioCodeowners(file)))
    })
}

/// Frees a file and sets the pointer to it to NULL; NULL, or a pointer to NULL, does nothing.
/// Slices borrowed from it must not be read afterwards.
///
/// # Safety
///
/// `file` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_free(file: *mut *mut OphioCodeowners) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(file) }
}

/// Counts the rules, sections and diagnostics of a file.
///
/// Threads may share `file`. Fails with `OPHIO_STATUS_NULL_POINTER` only.
///
/// # Safety
///
/// `file` comes from `ophio_codeowners_parse` and is not freed yet. `counts` may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_counts(
    file: *const OphioCodeowners,
    counts: *mut OphioCodeownersCounts,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `file`.
        let file = unsafe { handle::borrow(file, "file") }?;
        // SAFETY: the caller's promise about `counts`.
        let counts = unsafe { handle::out(counts, "counts") }?;
        counts.write(OphioCodeownersCounts {
            rules: file.0.rules().len(),
            sections: file.0.sections().len(),
            diagnostics: file.0.diagnostics().len(),
        });
        Ok(())
    })
}

/// Reads a rule of a file.
///
/// `number` counts from 0. Threads may share `file`. The slices that are written are valid until
/// the file is freed. Fails with `OPHIO_STATUS_OUT_OF_RANGE`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `file` comes from `ophio_codeowners_parse` and is not freed yet. `rule` may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_rule(
    file: *const OphioCodeowners,
    number: usize,
    rule: *mut OphioCodeownersRule,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `file`.
        let file = unsafe { handle::borrow(file, "file") }?;
        // SAFETY: the caller's promise about `rule`.
        let place = unsafe { handle::out(rule, "rule") }?;
        let found = at(file.0.rules(), number, "number")?;
        place.write(OphioCodeownersRule {
            pattern: OphioSlice::borrowed(found.pattern.as_bytes()),
            owners: found.owners.len(),
            line: found.line,
            section: found.section,
            excludes: found.excludes,
        });
        Ok(())
    })
}

/// Reads an owner of a rule: a user, team, role or e-mail address as it is written.
///
/// `rule` and `number` count from 0. `owner` is valid until the file is freed. Threads may
/// share `file`. Fails with `OPHIO_STATUS_OUT_OF_RANGE`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `file` comes from `ophio_codeowners_parse` and is not freed yet. `owner` may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_owner(
    file: *const OphioCodeowners,
    rule: usize,
    number: usize,
    owner: *mut OphioSlice,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `file`.
        let file = unsafe { handle::borrow(file, "file") }?;
        // SAFETY: the caller's promise about `owner`.
        let place = unsafe { handle::out(owner, "owner") }?;
        let rule = at(file.0.rules(), rule, "rule")?;
        let found = at(&rule.owners, number, "number")?;
        place.write(OphioSlice::borrowed(found.text.as_bytes()));
        Ok(())
    })
}

/// Reads the kind of an owner of a rule.
///
/// `rule` and `number` count from 0. Writes an `OphioCodeownersOwnerKind` to `kind`. Threads may
/// share `file`. Fails with `OPHIO_STATUS_OUT_OF_RANGE`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `file` comes from `ophio_codeowners_parse` and is not freed yet. `kind` may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_owner_kind(
    file: *const OphioCodeowners,
    rule: usize,
    number: usize,
    kind: *mut u32,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `file`.
        let file = unsafe { handle::borrow(file, "file") }?;
        // SAFETY: the caller's promise about `kind`.
        let place = unsafe { handle::out(kind, "kind") }?;
        let rule = at(file.0.rules(), rule, "rule")?;
        let kind = match at(&rule.owners, number, "number")?.kind {
            OwnerKind::User => OphioCodeownersOwnerKind::User,
            OwnerKind::Team => OphioCodeownersOwnerKind::Team,
            OwnerKind::Role => OphioCodeownersOwnerKind::Role,
            OwnerKind::Email => OphioCodeownersOwnerKind::Email,
        };
        place.write(kind as u32);
        Ok(())
    })
}

/// Reads a section of a file.
///
/// `number` counts from 0. Threads may share `file`. The slices that are written are valid until
/// the file is freed. Fails with `OPHIO_STATUS_OUT_OF_RANGE`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `file` comes from `ophio_codeowners_parse` and is not freed yet. `section` may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_section(
    file: *const OphioCodeowners,
    number: usize,
    section: *mut OphioCodeownersSection,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `file`.
        let file = unsafe { handle::borrow(file, "file") }?;
        // SAFETY: the caller's promise about `section`.
        let place = unsafe { handle::out(section, "section") }?;
        let found = at(file.0.sections(), number, "number")?;
        place.write(OphioCodeownersSection {
            name: OphioSlice::borrowed(found.name.as_bytes()),
            line: found.line,
            approvals: found.approvals,
            optional: found.optional,
        });
        Ok(())
    })
}

/// Reads a problem of a file.
///
/// `number` counts from 0. Threads may share `file`. The slices that are written are valid until
/// the file is freed. Fails with `OPHIO_STATUS_OUT_OF_RANGE`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `file` comes from `ophio_codeowners_parse` and is not freed yet. `diagnostic` may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_diagnostic(
    file: *const OphioCodeowners,
    number: usize,
    diagnostic: *mut OphioCodeownersDiagnostic,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `file`.
        let file = unsafe { handle::borrow(file, "file") }?;
        // SAFETY: the caller's promise about `diagnostic`.
        let place = unsafe { handle::out(diagnostic, "diagnostic") }?;
        let found = at(file.0.diagnostics(), number, "number")?;
        place.write(OphioCodeownersDiagnostic {
            message: OphioSlice::borrowed(found.message.as_bytes()),
            line: found.line,
            column: found.column,
            end_column: found.end_column,
        });
        Ok(())
    })
}

/// Reads the code of a problem of a file, its severity, and a suggestion.
///
/// `number` counts from 0. Threads may share `file`. The slices that are written are valid until
/// the file is freed. Fails with `OPHIO_STATUS_OUT_OF_RANGE`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `file` comes from `ophio_codeowners_parse` and is not freed yet. `details` may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_diagnostic_details(
    file: *const OphioCodeowners,
    number: usize,
    details: *mut OphioCodeownersDetails,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `file`.
        let file = unsafe { handle::borrow(file, "file") }?;
        // SAFETY: the caller's promise about `details`.
        let place = unsafe { handle::out(details, "details") }?;
        let found = at(file.0.diagnostics(), number, "number")?;
        let lend = |text: &str| OphioSlice::borrowed(text.as_bytes());
        place.write(OphioCodeownersDetails {
            code: lend(found.code.name()),
            title: lend(found.code.title()),
            suggestion: found.suggestion.as_deref().map_or(OphioSlice::EMPTY, lend),
            severity: match found.code.severity() {
                Severity::Error => OphioEnhancementsSeverity::Error,
                Severity::Warning => OphioEnhancementsSeverity::Warning,
            } as u32,
        });
        Ok(())
    })
}

/// Finds for many paths the rule that wins in each section.
///
/// `paths` is a MessagePack array of texts, or binaries, or both: files from the root of the
/// repository, with or without a first slash. Writes a number for each path and section: the number
/// of the rule that wins, counted from 0, or `UINT32_MAX` if no rule matches. So `winners_len` is
/// the number of paths times the number of sections. Threads may share `file`. Fails with
/// `OPHIO_STATUS_INVALID_ARGUMENT` if `paths` is malformed, and with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `file` comes from `ophio_codeowners_parse` and is not freed yet. `paths` is readable for
/// `paths_len` bytes, and `winners` may be written for `winners_len` numbers.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_find_packed(
    file: *const OphioCodeowners,
    paths: *const u8,
    paths_len: usize,
    winners: *mut u32,
    winners_len: usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `file`.
        let file = unsafe { handle::borrow(file, "file") }?;
        // SAFETY: the caller's promise about `paths`.
        let paths = unsafe { slice::bytes(paths, paths_len, "paths") }?;
        // SAFETY: the caller's promise about `winners`.
        let places = unsafe { slice::out(winners, winners_len, "winners") }?;
        write_all(places, &file.0.find_packed(paths)?, "winners_len")
    })
}

/// Finds the rules whose pattern matches any of many paths, also where another rule wins.
///
/// `paths` is a MessagePack array as for `ophio_codeowners_find_packed`. Writes for each rule
/// whether it matches, so `matched_len` is the number of rules. Threads may share `file`. Fails
/// with `OPHIO_STATUS_INVALID_ARGUMENT` if `paths` is malformed, and with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `file` comes from `ophio_codeowners_parse` and is not freed yet. `paths` is readable for
/// `paths_len` bytes, and `matched` may be written for `matched_len` values.
#[no_mangle]
pub unsafe extern "C" fn ophio_codeowners_matched_packed(
    file: *const OphioCodeowners,
    paths: *const u8,
    paths_len: usize,
    matched: *mut bool,
    matched_len: usize,
) -> OphioStatus {
    guard(|| {
        // SAFETY: the caller's promise about `file`.
        let file = unsafe { handle::borrow(file, "file") }?;
        // SAFETY: the caller's promise about `paths`.
        let paths = unsafe { slice::bytes(paths, paths_len, "paths") }?;
        // SAFETY: the caller's promise about `matched`.
        let places = unsafe { slice::out(matched, matched_len, "matched") }?;
        write_all(places, &file.0.matched_packed(paths)?, "matched_len")
    })
}

/// Writes the results, if the caller has as many places; `name` is the argument with their number.
fn write_all<T: Copy>(places: &mut [MaybeUninit<T>], found: &[T], name: &str) -> Result<(), Error> {
    if found.len() != places.len() {
        return Err(Error::new(
            OphioStatus::InvalidArgument,
            format_args!("`{name}` is {}, not {}", places.len(), found.len()),
        ));
    }
    for (place, found) in places.iter_mut().zip(found) {
        place.write(*found);
    }
    Ok(())
}
