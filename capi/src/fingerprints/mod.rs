//! The C API of [`ophio_core::fingerprints`]: fingerprint rules.
//!
//! ```text
//! text, JSON -> OphioFingerprints -> text, JSON
//!                     |
//! event ------------> match, explain         an event whole, as JSON or MessagePack
//! ```
//!
//! Results with parts of different kinds are JSON: every host can read it, and a call writes
//! one string.

#[cfg(feature = "arrow")]
pub mod arrow;

use ophio_core::fingerprints::check::Diagnostic;
use ophio_core::fingerprints::{
    check, fingerprint_type, format_rules, read_parts, BatchError, Event, EventError, Filling,
    FingerprintRules, FingerprintType, FingerprintsError, NoTextForm, UnknownVariable, Variables,
};
use ophio_core::limits::check_rule_text;

use crate::guard::{guard_into, guard_len, guard_unit};
use crate::handle;
use crate::parameterization::OphioParameterization;
use crate::slice;
use crate::status::{Error, OphioStatus};
use crate::string::{self, OphioStr};

/// Fingerprint rules.
///
/// They are immutable: threads may share them, and after a fork the child may use them.
pub struct OphioFingerprints(FingerprintRules);

/// What happens to a variable that is not known.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioFingerprintsUnknown {
    /// It stays as it is written.
    Keep = 0,
    /// It becomes `<unrecognized-variable-NAME>`, as in newer versions of Sentry.
    Mark = 1,
}

/// What a fingerprint is made of.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioFingerprintsType {
    /// Nothing.
    Empty = 0,
    /// Only `{{ default }}`: the event is grouped as without rules.
    Default = 1,
    /// `{{ default }}` and other parts: the group is divided.
    Hybrid = 2,
    /// Only other parts.
    Custom = 3,
}

impl From<FingerprintsError> for Error {
    fn from(error: FingerprintsError) -> Self {
        let status = match error {
            FingerprintsError::Limit(_) => OphioStatus::Limit,
            _ => OphioStatus::Fingerprints,
        };
        Error::new(status, error)
    }
}

impl From<NoTextForm> for Error {
    fn from(error: NoTextForm) -> Self {
        Error::new(OphioStatus::Fingerprints, error)
    }
}

/// The status of an event that cannot be read.
fn event_status(error: &EventError) -> OphioStatus {
    match error.limit() {
        Some(_) => OphioStatus::Limit,
        None => OphioStatus::Event,
    }
}

impl From<EventError> for Error {
    fn from(error: EventError) -> Self {
        Error::new(event_status(&error), error)
    }
}

impl From<BatchError> for Error {
    fn from(error: BatchError) -> Self {
        match error {
            BatchError::Packed(error) => error.into(),
            BatchError::Event {
                error: ref cause, ..
            }
            | BatchError::Line {
                error: ref cause, ..
            } => Error::new(event_status(cause), &error),
        }
    }
}

/// Reads how variables are filled in.
///
/// # Safety
///
/// `parameterizer` is NULL, or was made by this library and is not freed yet.
unsafe fn filling<'a>(
    unknown: u32,
    parameterizer: *const OphioParameterization,
) -> Result<Filling<'a>, Error> {
    // SAFETY: the caller's promise.
    let parameterizer = unsafe { parameterizer.as_ref() };
    Ok(Filling {
        unknown: unknown_variable(unknown)?,
        parameterizer: parameterizer.map(|it| &it.0),
    })
}

fn unknown_variable(number: u32) -> Result<UnknownVariable, Error> {
    match number {
        0 => Ok(UnknownVariable::Keep),
        1 => Ok(UnknownVariable::Mark),
        _ => Err(Error::new(
            OphioStatus::InvalidArgument,
            format_args!("`unknown` is {number}, not a valid OphioFingerprintsUnknown"),
        )),
    }
}

/// Diagnostics as JSON.
fn diagnostics_to_json(found: &[Diagnostic]) -> OphioStr {
    check::to_json(found).into()
}

/// Parses fingerprint rules: UTF-8, one rule a line.
///
/// Any thread may call this. Writes the rules to `rules`, which are the caller's: free them with
/// `ophio_fingerprints_free`. Fails with `OPHIO_STATUS_FINGERPRINTS` and a message about the
/// first bad line, `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `rules` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_parse(
    text: *const u8,
    text_len: usize,
    rules: *mut *mut OphioFingerprints,
) -> OphioStatus {
    // SAFETY: the caller's promise about `rules`.
    let rules = unsafe { handle::out(rules, "rules") };
    guard_into(rules, || {
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        let parsed = FingerprintRules::parse(text)?;
        Ok(handle::new(OphioFingerprints(parsed)))
    })
}

/// Parses fingerprint rules, and leaves out what is not a rule.
///
/// Any thread may call this. Writes the rules to `rules`, as `ophio_fingerprints_parse` does,
/// and to `left_out` the errors of what was left out, as `ophio_fingerprints_check` writes them:
/// free that with `ophio_str_free`. Fails with `OPHIO_STATUS_LIMIT`,
/// `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `left_out` and `rules` are NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_parse_lenient(
    text: *const u8,
    text_len: usize,
    left_out: *mut OphioStr,
    rules: *mut *mut OphioFingerprints,
) -> OphioStatus {
    // SAFETY: the caller's promise about `rules`.
    let rules = unsafe { handle::out(rules, "rules") };
    guard_into(rules, || {
        // SAFETY: the caller's promise about `left_out`.
        let left_out = unsafe { handle::out(left_out, "left_out") }?;
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        let (parsed, found) = FingerprintRules::parse_lenient(text)?;
        left_out.write(diagnostics_to_json(&found));
        Ok(handle::new(OphioFingerprints(parsed)))
    })
}

/// Finds all problems of a text of fingerprint rules.
///
/// There is an error among them exactly if `ophio_fingerprints_parse` fails. Any thread may call
/// this. Writes a JSON array to `diagnostics` that is the caller's: free it with
/// `ophio_str_free`. Each object in it has `severity` (`error` or `warning`), `code`, `title`,
/// `line`, `column`, `end_column`, `message`, `suggestion` (or null), `details` and `source` (null
/// if it is that of the one before): what the fields of `OphioEnhancementsDiagnostic` are. Fails with `OPHIO_STATUS_LIMIT`,
/// `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `diagnostics` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_check(
    text: *const u8,
    text_len: usize,
    diagnostics: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `diagnostics`.
    let diagnostics = unsafe { handle::out(diagnostics, "diagnostics") };
    guard_into(diagnostics, || {
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        check_rule_text(text)?;
        Ok(diagnostics_to_json(&check::check(text)))
    })
}

/// Formats fingerprint rules: in columns, with comments and empty lines kept, and with the same
/// meaning.
///
/// Any thread may call this. Writes a string to `formatted` that is the caller's: free it with
/// `ophio_str_free`. Fails as `ophio_fingerprints_parse` does, with
/// `OPHIO_STATUS_FINGERPRINTS`, `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_UTF8`,
/// `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `text` is readable for `text_len` bytes; `formatted` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_format(
    text: *const u8,
    text_len: usize,
    formatted: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `formatted`.
    let formatted = unsafe { handle::out(formatted, "formatted") };
    guard_into(formatted, || {
        // SAFETY: the caller's promise about `text`.
        let text = unsafe { slice::text(text, text_len, "text") }?;
        Ok(format_rules(text)?.into())
    })
}

/// Reads fingerprint rules from the JSON in which Sentry stores them.
///
/// Any thread may call this. Writes the rules to `rules`, which are the caller's: free them with
/// `ophio_fingerprints_free`. Fails with `OPHIO_STATUS_FINGERPRINTS` if it is malformed,
/// `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `json` is readable for `json_len` bytes; `rules` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_from_json(
    json: *const u8,
    json_len: usize,
    rules: *mut *mut OphioFingerprints,
) -> OphioStatus {
    // SAFETY: the caller's promise about `rules`.
    let rules = unsafe { handle::out(rules, "rules") };
    guard_into(rules, || {
        // SAFETY: the caller's promise about `json`.
        let json = unsafe { slice::bytes(json, json_len, "json") }?;
        let read = FingerprintRules::from_json(json)?;
        Ok(handle::new(OphioFingerprints(read)))
    })
}

/// Calls `write` with rules, and writes its string.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `place` is NULL or may be
/// written.
unsafe fn write_string(
    rules: *const OphioFingerprints,
    place: *mut OphioStr,
    name: &str,
    write: impl FnOnce(&FingerprintRules) -> Result<String, Error>,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe { string::describe((rules, "rules"), (place, name), |rules| write(&rules.0)) }
}

/// Writes fingerprint rules as the JSON in which Sentry stores them.
///
/// Threads may share `rules`. Writes a string to `json` that is the caller's: free it with
/// `ophio_str_free`. Fails with `OPHIO_STATUS_NULL_POINTER` only.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `json` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_to_json(
    rules: *const OphioFingerprints,
    json: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe { write_string(rules, json, "json", |rules| Ok(rules.to_json())) }
}

/// Writes fingerprint rules as text, one a line, that parses to the same rules.
///
/// Threads may share `rules`. Writes a string to `text` that is the caller's: free it with
/// `ophio_str_free`. Fails with `OPHIO_STATUS_FINGERPRINTS` if there is a rule that no text can
/// hold (only the stored form can have one), and with `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `text` is NULL or may be
/// written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_to_text(
    rules: *const OphioFingerprints,
    text: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe { write_string(rules, text, "text", |rules| Ok(rules.to_text()?)) }
}

/// Describes each part of each rule, as JSON.
///
/// Threads may share `rules`. Writes an array to `description` that is the caller's: free it
/// with `ophio_str_free`. Each object in it has `text`, `line` (null if the rule does not come
/// from a text), `is_builtin`, `matchers`, `fingerprint` and `attributes`. A matcher has `name`,
/// `pattern`, `negated`, `neighbor` (null, `caller` or `callee`) and `scope`. Fails with
/// `OPHIO_STATUS_NULL_POINTER` only.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `description` is NULL or
/// may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_describe(
    rules: *const OphioFingerprints,
    description: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise.
    unsafe {
        write_string(rules, description, "description", |rules| {
            Ok(rules.describe())
        })
    }
}

/// Describes each part of one rule, as JSON.
///
/// Threads may share `rules`. Writes an object to `description`, as those that
/// `ophio_fingerprints_describe` writes, that is the caller's: free it with `ophio_str_free`. Fails
/// with `OPHIO_STATUS_OUT_OF_RANGE` if there is no rule `index`, and with
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `description` is NULL or
/// may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_describe_rule(
    rules: *const OphioFingerprints,
    index: usize,
    description: *mut OphioStr,
) -> OphioStatus {
    let write = |rules: &FingerprintRules| {
        rules.describe_rule(index).ok_or_else(|| {
            let count = rules.len();
            let message = format_args!("there is no rule {index}: there are {count}");
            Error::new(OphioStatus::OutOfRange, message)
        })
    };
    // SAFETY: the caller's promise.
    unsafe { write_string(rules, description, "description", write) }
}

/// Makes a rule set with built-in rules after those of `rules`.
///
/// Threads may share `rules` and `builtin`. Writes the rule set to `combined`, which is the
/// caller's: free it with `ophio_fingerprints_free`. It does not need the others any more. Fails
/// with `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` and `builtin` are NULL or were made by this library and are not freed yet; `combined`
/// is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_with_builtin(
    rules: *const OphioFingerprints,
    builtin: *const OphioFingerprints,
    combined: *mut *mut OphioFingerprints,
) -> OphioStatus {
    // SAFETY: the caller's promise about `combined`.
    let combined = unsafe { handle::out(combined, "combined") };
    guard_into(combined, || {
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?;
        // SAFETY: the caller's promise about `builtin`.
        let builtin = unsafe { handle::borrow(builtin, "builtin") }?;
        let made = rules.0.with_builtin(&builtin.0)?;
        Ok(handle::new(OphioFingerprints(made)))
    })
}

/// Frees fingerprint rules and sets the pointer to them to NULL; NULL, or a pointer to NULL, does
/// nothing.
///
/// # Safety
///
/// `rules` is NULL, or may be written and holds NULL or what this library made. Nothing uses the
/// object, and a copy of the pointer is not used afterwards.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_free(rules: *mut *mut OphioFingerprints) {
    // SAFETY: the caller's promise.
    unsafe { handle::free(rules) }
}

/// Clears the table of fingerprint rules, in which the process finds rules that were read before by
/// their text. Rules that are in use stay.
///
/// There is no need to call it, since the size of the table is limited. Any thread may call this;
/// if another thread uses the table, the call does nothing.
#[no_mangle]
pub extern "C" fn ophio_fingerprints_forget_all() {
    guard_unit(FingerprintRules::forget_all);
}

/// Returns the number of rules; 0 if `rules` is NULL.
///
/// Threads may share `rules`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_len(rules: *const OphioFingerprints) -> usize {
    // SAFETY: the caller's promise about `rules`.
    guard_len(|| unsafe { rules.as_ref() }.map_or(0, |rules| rules.0.len()))
}

/// Compares two rule sets.
///
/// Threads may share `rules` and `other`. Writes to `equal` whether they have the same rules in
/// the same order. Fails with `OPHIO_STATUS_NULL_POINTER` only.
///
/// # Safety
///
/// `rules` and `other` are NULL or were made by this library and are not freed yet; `equal` is
/// NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_equal(
    rules: *const OphioFingerprints,
    other: *const OphioFingerprints,
    equal: *mut bool,
) -> OphioStatus {
    // SAFETY: the caller's promise about `equal`.
    let equal = unsafe { handle::out(equal, "equal") };
    guard_into(equal, || {
        // SAFETY: the caller's promise about `rules`.
        let rules = unsafe { handle::borrow(rules, "rules") }?;
        // SAFETY: the caller's promise about `other`.
        let other = unsafe { handle::borrow(other, "other") }?;
        Ok(rules.0 == other.0)
    })
}

/// Finds the first rule that matches an event.
///
/// `event` is an event of Sentry: a JSON object, or a MessagePack map. `unknown` is an
/// `OphioFingerprintsUnknown`. `parameterizer` replaces ids, dates and numbers in the variable
/// `message`; with NULL, the message stays as it is, and so does one that is beyond its limits.
/// Threads may share `rules` and `parameterizer`.
///
/// Writes to `found` the empty string if no rule matches. Otherwise it is a JSON object: `rule`
/// is the index of the rule, `resolved` its fingerprint with the variables filled in, and `title`
/// its title with the variables filled in, or null. The string is the caller's: free it with
/// `ophio_str_free`. Fails with `OPHIO_STATUS_EVENT` if it is not an event,
/// `OPHIO_STATUS_LIMIT` if it has too many frames, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` and `parameterizer` are NULL, or were made by this library and are not freed yet;
/// `event` is readable for `event_len` bytes; `found` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_match(
    rules: *const OphioFingerprints,
    event: *const u8,
    event_len: usize,
    unknown: u32,
    parameterizer: *const OphioParameterization,
    found: *mut OphioStr,
) -> OphioStatus {
    let write = |rules: &FingerprintRules| {
        // SAFETY: the caller's promise about `event`.
        let event = unsafe { slice::bytes(event, event_len, "event") }?;
        let event = Event::read(event)?;
        // SAFETY: the caller's promise about `parameterizer`.
        let found = rules.match_event(&event, unsafe { filling(unknown, parameterizer) }?);
        Ok(found.map(|found| found.to_json()).unwrap_or_default())
    };
    // SAFETY: the caller's promise.
    unsafe { write_string(rules, found, "found", write) }
}

/// Finds for each of many events the first rule that matches it.
///
/// `events` is a MessagePack array of binaries, or texts, or both: each is an event as
/// `ophio_fingerprints_match` takes it. `unknown` and
/// `parameterizer` are those of that function. Threads may share `rules`.
///
/// Writes to `found` a JSON array with null, or the object that `ophio_fingerprints_match`
/// writes, for each event. It is the caller's: free it with `ophio_str_free`. Fails with
/// `OPHIO_STATUS_EVENT` and a message about the first one that is not an event,
/// `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` and `parameterizer` are NULL, or were made by this library and are not freed yet;
/// `events` is readable for `events_len` bytes; `found` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_match_packed(
    rules: *const OphioFingerprints,
    events: *const u8,
    events_len: usize,
    unknown: u32,
    parameterizer: *const OphioParameterization,
    found: *mut OphioStr,
) -> OphioStatus {
    let write = |rules: &FingerprintRules| {
        // SAFETY: the caller's promise about `events`.
        let events = unsafe { slice::bytes(events, events_len, "events") }?;
        // SAFETY: the caller's promise about `parameterizer`.
        Ok(rules.match_packed(events, unsafe { filling(unknown, parameterizer) }?)?)
    };
    // SAFETY: the caller's promise.
    unsafe { write_string(rules, found, "found", write) }
}

/// Finds for each of many events, one a line of JSON, the first rule that matches it.
///
/// Empty lines are skipped. `unknown` and `parameterizer` are as in `ophio_fingerprints_match`.
/// Threads may share `rules`. Writes to `found` what `ophio_fingerprints_match_packed` does. Fails with
/// `OPHIO_STATUS_EVENT` and a message about the first line that is not an event,
/// `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`, `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` and `parameterizer` are NULL, or were made by this library and are not freed yet;
/// `json` is readable for `json_len` bytes; `found` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_match_json_lines(
    rules: *const OphioFingerprints,
    json: *const u8,
    json_len: usize,
    unknown: u32,
    parameterizer: *const OphioParameterization,
    found: *mut OphioStr,
) -> OphioStatus {
    let write = |rules: &FingerprintRules| {
        // SAFETY: the caller's promise about `json`.
        let json = unsafe { slice::bytes(json, json_len, "json") }?;
        // SAFETY: the caller's promise about `parameterizer`.
        Ok(rules.match_json_lines(json, unsafe { filling(unknown, parameterizer) }?)?)
    };
    // SAFETY: the caller's promise.
    unsafe { write_string(rules, found, "found", write) }
}

/// Explains for each rule why it matches an event, or which matcher fails on which values, as
/// JSON.
///
/// `event` is as in `ophio_fingerprints_match`. Threads may share `rules`. It tries each rule
/// and is slow.
///
/// Writes an object to `explanation` that is the caller's: free it with `ophio_str_free`. It has
/// `matched`, the index of the rule that wins or null, and `rules`. A rule has `matches` and
/// `scopes`: what it looks at. A scope has its name as `scope`, the number of `entries` that the
/// event has there, the first `entry` that satisfies all matchers or null, and `matchers`. A
/// matcher has the index of the `matcher` in the rule, on how many entries it `holds`, the values
/// that it `fails_on` (null for a missing one), and whether it `has_more` of them. Fails with
/// `OPHIO_STATUS_EVENT`, `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `rules` is NULL or was made by this library and is not freed yet; `event` is readable for
/// `event_len` bytes; `explanation` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_explain(
    rules: *const OphioFingerprints,
    event: *const u8,
    event_len: usize,
    explanation: *mut OphioStr,
) -> OphioStatus {
    let write = |rules: &FingerprintRules| {
        // SAFETY: the caller's promise about `event`.
        let event = unsafe { slice::bytes(event, event_len, "event") }?;
        Ok(rules.explain(&Event::read(event)?).to_json())
    };
    // SAFETY: the caller's promise.
    unsafe { write_string(rules, explanation, "explanation", write) }
}

/// Fills in the variables of a fingerprint.
///
/// `fingerprint` is a MessagePack array of texts, `event`, `unknown` and `parameterizer` are
/// as in `ophio_fingerprints_match`. Any thread may call this. Writes a JSON array of
/// texts to `resolved` that is the caller's: free it with `ophio_str_free`. Fails with
/// `OPHIO_STATUS_EVENT`, `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `fingerprint` is readable for `fingerprint_len` bytes, `event` for `event_len`;
/// `parameterizer` is NULL, or was made by this library and is not freed yet; `resolved` is NULL
/// or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_resolve(
    fingerprint: *const u8,
    fingerprint_len: usize,
    event: *const u8,
    event_len: usize,
    unknown: u32,
    parameterizer: *const OphioParameterization,
    resolved: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `resolved`.
    let resolved = unsafe { handle::out(resolved, "resolved") };
    guard_into(resolved, || {
        // SAFETY: the caller's promise about `fingerprint`.
        let packed = unsafe { slice::bytes(fingerprint, fingerprint_len, "fingerprint") }?;
        // SAFETY: the caller's promise about `event`.
        let event = unsafe { slice::bytes(event, event_len, "event") }?;
        // SAFETY: the caller's promise about `parameterizer`.
        let filling = unsafe { filling(unknown, parameterizer) }?;
        let parts = read_parts(packed)?;
        let event = Event::read(event)?;
        Ok(Variables::new(&event, filling)
            .resolve_to_json(&parts)
            .into())
    })
}

/// Fills in the variables of a title.
///
/// `title` is UTF-8, `event`, `unknown` and `parameterizer` are as in
/// `ophio_fingerprints_match`. Any thread may call this. Writes a string to `expanded` that is
/// the caller's: free it with `ophio_str_free`. Fails with `OPHIO_STATUS_EVENT`,
/// `OPHIO_STATUS_LIMIT`, `OPHIO_STATUS_INVALID_UTF8`, `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `title` is readable for `title_len` bytes, `event` for `event_len`; `parameterizer` is NULL, or
/// was made by this library and is not freed yet; `expanded` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_expand_title(
    title: *const u8,
    title_len: usize,
    event: *const u8,
    event_len: usize,
    unknown: u32,
    parameterizer: *const OphioParameterization,
    expanded: *mut OphioStr,
) -> OphioStatus {
    // SAFETY: the caller's promise about `expanded`.
    let expanded = unsafe { handle::out(expanded, "expanded") };
    guard_into(expanded, || {
        // SAFETY: the caller's promise about `title`.
        let title = unsafe { slice::text(title, title_len, "title") }?;
        // SAFETY: the caller's promise about `event`.
        let event = unsafe { slice::bytes(event, event_len, "event") }?;
        // SAFETY: the caller's promise about `parameterizer`.
        let filling = unsafe { filling(unknown, parameterizer) }?;
        let event = Event::read(event)?;
        Ok(Variables::new(&event, filling).expand_title(title).into())
    })
}

/// Returns what a fingerprint is made of.
///
/// `fingerprint` is a MessagePack array of texts. Any thread may call this. Writes an
/// `OphioFingerprintsType` to `kind`. Fails with `OPHIO_STATUS_INVALID_ARGUMENT`,
/// `OPHIO_STATUS_NULL_POINTER`.
///
/// # Safety
///
/// `fingerprint` is readable for `fingerprint_len` bytes; `kind` is NULL or may be written.
#[no_mangle]
pub unsafe extern "C" fn ophio_fingerprints_type(
    fingerprint: *const u8,
    fingerprint_len: usize,
    kind: *mut u32,
) -> OphioStatus {
    // SAFETY: the caller's promise about `kind`.
    let kind = unsafe { handle::out(kind, "kind") };
    guard_into(kind, || {
        // SAFETY: the caller's promise about `fingerprint`.
        let packed = unsafe { slice::bytes(fingerprint, fingerprint_len, "fingerprint") }?;
        let kind = match fingerprint_type(&read_parts(packed)?) {
            None => OphioFingerprintsType::Empty,
            Some(FingerprintType::Default) => OphioFingerprintsType::Default,
            Some(FingerprintType::Hybrid) => OphioFingerprintsType::Hybrid,
            Some(FingerprintType::Custom) => OphioFingerprintsType::Custom,
        };
        Ok(kind as u32)
    })
}
