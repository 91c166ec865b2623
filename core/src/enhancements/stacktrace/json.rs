//! Reads the stack traces of events in JSON.
//!
//! An event may have several stack traces. They are found in this order. In Python, errors and
//! results call the path of a stack trace its *place*:
//!
//! ```text
//! event
//! |-- stacktrace
//! |-- exception.values[n].stacktrace     with the exception that it belongs to
//! `-- threads.values[n].stacktrace
//! ```
//!
//! In old events `exception` and `threads` are a list, or one value. Null is skipped, also in lists
//! of frames.
//!
//! Sentry's web API returns the same stack traces in another form, with other names of keys:
//!
//! ```text
//! event
//! `-- entries[n]     {"type": "exception", "data": {"values": [{"stacktrace": ...}]}}
//!                    {"type": "threads", ...}  {"type": "stacktrace", "data": {"frames": ...}}
//! ```
//!
//! A frame has `absPath` for `abs_path`, and so on: [`sdk_name`] has the names. `in_app` of all
//! frames is [restored](EventStacktrace::restore), unless the frames are fresh.
//!
//! What rules look at is written as MessagePack first, in one pass, and then read as frames that
//! come from a caller's objects are ([`event`](super::event)). So there is one reader of frames,
//! and no code for a second one: derived readers of JSON made the library 60 kB larger. Values
//! under other keys, such as local variables, are skipped. [`crate::reader`] reads the JSON, as it
//! does for fingerprint rules.

use std::fmt;

use thiserror::Error;

use crate::enhancements::stacktrace::event::{Bytes, EventStacktrace};
use crate::enhancements::stacktrace::msgpack::{self, Reader, SIZED, SIZED_HEAD};
use crate::enhancements::stacktrace::view::{FieldPath, StacktraceError, StacktraceView};
use crate::reader::{json, ReadError, Source};

/// An error of reading an event. The message says what is wrong, and where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{0}")]
pub struct EventJsonError(String);

impl EventJsonError {
    fn at(place: &str, error: impl fmt::Display) -> Self {
        Self(format!("{place}: {error}"))
    }
}

/// A line that is not an event.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("line {line}: {error}")]
pub struct LineError {
    /// The line, counted from 1.
    pub line: u64,
    /// What is wrong with it.
    pub error: EventJsonError,
}

/// Reads the stack traces of events, one event a line, and packs them as
/// [`StacktraceView`](super::view::StacktraceView) reads them. Empty lines are skipped.
///
/// Returns a MessagePack array with an array for each stack trace: the line (counted from 1),
/// the path, the packed form, and the number of frames.
///
/// # Errors
///
/// Fails at the first line that is not an event.
pub fn pack_lines(json: &[u8]) -> Result<Vec<u8>, LineError> {
    const FRESH: bool = false;
    let mut packed = Vec::new();
    let mut buffer = Vec::new();
    for (line, event) in (1_u64..).zip(json.split(|byte| *byte == b'\n')) {
        let found = stacktraces_in(event, FRESH, &mut buffer);
        let found = found.map_err(|error| LineError { line, error })?;
        for Found {
            place, stacktrace, ..
        } in found
        {
            let view = stacktrace.view_with_repeats();
            let written = msgpack::pack_view(&view).map_err(|error| LineError {
                line,
                error: EventJsonError::at(&place, error),
            })?;
            packed.push((line, place, Bytes(written), stacktrace.len()));
        }
    }
    // This cannot fail: the value has only numbers, texts and binaries.
    Ok(rmp_serde::to_vec(&packed).unwrap_or_default())
}

/// A stack trace of an event.
struct Found<'b> {
    /// Its path in the event.
    place: String,
    stacktrace: EventStacktrace<'b>,
    /// The number of frames whose `in_app` was restored.
    restored: u64,
}

/// Reads the stack traces of an event. A line without an event has none.
fn stacktraces_in<'b>(
    event: &[u8],
    fresh: bool,
    buffer: &'b mut Vec<u8>,
) -> Result<Vec<Found<'b>>, EventJsonError> {
    if event.trim_ascii().is_empty() {
        return Ok(Vec::new());
    }
    transcode(event.trim_ascii_end(), buffer).map_err(|error| EventJsonError(error.to_string()))?;
    let found = stacktraces_of(buffer)?.into_iter();
    let found = found.map(|(place, mut stacktrace)| Found {
        place,
        restored: if fresh { 0 } else { stacktrace.restore() },
        stacktrace,
    });
    Ok(found.collect())
}

/// Calls `each` for the stack traces of events, one event a line, up to the first line that is
/// not an event, with the number of frames whose `in_app` was restored. Returns how many bytes the
/// lines have that were read.
///
/// # Errors
///
/// Fails if `each` fails.
pub(in crate::enhancements) fn read_lines<E>(
    json: &[u8],
    fresh: bool,
    mut each: impl FnMut(&StacktraceView<'_>, u64) -> Result<(), E>,
) -> Result<usize, E> {
    let mut bytes = 0;
    let mut buffer = Vec::new();
    for line in json.split_inclusive(|byte| *byte == b'\n') {
        let Ok(stacktraces) = stacktraces_in(line, fresh, &mut buffer) else {
            break;
        };
        for found in stacktraces {
            each(&found.stacktrace.view_with_repeats(), found.restored)?;
        }
        bytes += line.len();
    }
    Ok(bytes)
}

/// Splits a text into parts of whole lines of about equal length. A part may be empty.
pub(in crate::enhancements) fn parts_of_lines(json: &[u8], count: usize) -> Vec<&[u8]> {
    let size = json.len().div_ceil(count.max(1)).max(1);
    let mut rest = json;
    let mut parts = Vec::new();
    while !rest.is_empty() {
        let least = size.min(rest.len());
        let end = rest[least - 1..].iter().position(|byte| *byte == b'\n');
        let (part, others) = rest.split_at(end.map_or(rest.len(), |end| least + end));
        parts.push(part);
        rest = others;
    }
    parts
}

/// Finds the stack traces of an event in MessagePack, with their paths.
fn stacktraces_of(event: &[u8]) -> Result<Vec<(String, EventStacktrace<'_>)>, EventJsonError> {
    let event_at = |error: StacktraceError| EventJsonError::at("the event", error);
    let mut parts = Parts::default();
    let mut reader = Reader::new(event);
    let keys = reader
        .map(|| FieldPath::Exception("event"))
        .map_err(event_at)?;
    for _ in 0..keys {
        let key = reader.key().map_err(event_at)?;
        let value = reader.value().map_err(event_at)?;
        match key {
            b"platform" => parts.platform = value,
            b"stacktrace" => parts.stacktrace = value,
            b"exception" => parts.exception = value,
            b"threads" => parts.threads = value,
            b"entries" => parts.add_entries(value).map_err(event_at)?,
            b"event_id" => {
                let path = FieldPath::Exception("event_id");
                Reader::new(value).any_text(path).map_err(event_at)?;
            }
            _ => {}
        }
    }
    if !parts.platform.is_empty() {
        let path = FieldPath::Exception("platform");
        Reader::new(parts.platform)
            .any_text(path)
            .map_err(event_at)?;
    }
    let mut found = Vec::new();
    if !parts.stacktrace.is_empty() {
        parts.add(&mut found, "stacktrace".into(), None, parts.stacktrace)?;
    }
    for (name, interface) in [("exception", parts.exception), ("threads", parts.threads)] {
        for (place, value) in values(name, interface)? {
            let wrong = |error: StacktraceError| EventJsonError::at(&place, error);
            let stacktrace = member(value, b"stacktrace").map_err(wrong)?;
            let exception = (name == "exception").then_some(value);
            parts.add(&mut found, place, exception, stacktrace)?;
        }
    }
    Ok(found)
}

/// The values of an event's keys; empty for a missing key.
#[derive(Default)]
struct Parts<'a> {
    platform: &'a [u8],
    stacktrace: &'a [u8],
    exception: &'a [u8],
    threads: &'a [u8],
}

impl<'a> Parts<'a> {
    /// Finds the parts in the entries of an event from the web API. Anything else has no entries.
    fn add_entries(&mut self, entries: &'a [u8]) -> Result<(), StacktraceError> {
        let mut reader = Reader::new(entries);
        let Ok(count) = reader.array_len("expected a list") else {
            return Ok(());
        };
        for _ in 0..count {
            let entry = reader.value()?;
            if !Reader::new(entry).is_map() {
                continue;
            }
            let data = member(entry, b"data")?;
            let kind = member(entry, b"type")?;
            if kind.is_empty() {
                continue;
            }
            match Reader::new(kind).key()? {
                b"exception" => self.exception = data,
                b"threads" => self.threads = data,
                b"stacktrace" => self.stacktrace = data,
                _ => {}
            }
        }
        Ok(())
    }

    /// Reads a stack trace, unless it is missing or null.
    fn add(
        &self,
        found: &mut Vec<(String, EventStacktrace<'a>)>,
        place: String,
        exception: Option<&'a [u8]>,
        stacktrace: &'a [u8],
    ) -> Result<(), EventJsonError> {
        if stacktrace.is_empty() || stacktrace == NIL {
            return Ok(());
        }
        let read = member(stacktrace, b"frames").and_then(|frames| {
            let frames = if frames.is_empty() { NIL } else { frames };
            let platform = if self.platform.is_empty() {
                NIL
            } else {
                self.platform
            };
            EventStacktrace::of_parts(platform, exception.unwrap_or(NIL), frames)
        });
        let read = read.map_err(|error| EventJsonError::at(&place, error))?;
        found.push((place, read));
        Ok(())
    }
}

const NIL: &[u8] = &[0xc0];

/// Returns the value of a key of a map; empty if the key is missing.
fn member<'a>(map: &'a [u8], name: &[u8]) -> Result<&'a [u8], StacktraceError> {
    let mut reader = Reader::new(map);
    let mut found = &[][..];
    for _ in 0..reader.map(|| FieldPath::Exception("value"))? {
        let key = reader.key()?;
        let value = reader.value()?;
        if key == name {
            found = value;
        }
    }
    Ok(found)
}

/// Returns the values of an interface with their paths. They are under `values`, a list, or one
/// value.
fn values<'a>(name: &str, interface: &'a [u8]) -> Result<Vec<(String, &'a [u8])>, EventJsonError> {
    let wrong = |error: StacktraceError| EventJsonError::at(name, error);
    if interface.is_empty() || interface == NIL {
        return Ok(Vec::new());
    }
    let mut prefix = name.to_owned();
    let mut list = interface;
    if Reader::new(interface).is_map() {
        let named = member(interface, b"values").map_err(wrong)?;
        if named.is_empty() {
            return Ok(vec![(prefix, interface)]);
        }
        prefix.push_str(".values");
        list = named;
    }
    if list == NIL {
        return Ok(Vec::new());
    }
    let mut reader = Reader::new(list);
    let count = reader.array_len("expected a list").map_err(wrong)?;
    let mut found = Vec::new();
    for number in 0..count {
        let value = reader.value().map_err(wrong)?;
        if value != NIL {
            found.push((format!("{prefix}[{number}]"), value));
        }
    }
    Ok(found)
}

/// Writes JSON as MessagePack, without the keys that no reader uses.
fn transcode(json: &[u8], out: &mut Vec<u8>) -> Result<(), ReadError> {
    out.clear();
    let mut reader = json::Reader::strict(json)?;
    let reader: &mut Source<'_> = &mut reader;
    let mut is_event = false;
    if reader.is_object() {
        let mut is_empty = true;
        write_object(reader, out, Names::Sdk, &mut |key| {
            is_empty = false;
            is_event |= is_of_events(key);
        })?;
        is_event |= is_empty;
    } else {
        // The caller reports what is wrong with it.
        is_event = true;
        write_value(reader, out, Names::Sdk)?;
    }
    reader.end()?;
    if is_event {
        Ok(())
    } else {
        Err(ReadError::new(NO_EVENT))
    }
}

/// What is said of an object that is not an event.
const NO_EVENT: &str =
    "the object has none of the keys of an event, such as `event_id`, `exception` or `entries`";

/// Whether an object with a key of this name is an event. An empty object is one, too.
fn is_of_events(key: &str) -> bool {
    matches!(
        key,
        "event_id"
            | "eventID"
            | "entries"
            | "exception"
            | "stacktrace"
            | "threads"
            | "logentry"
            | "message"
            | "template"
            | "csp"
            | "hpkp"
            | "expectct"
            | "expectstaple"
            | "breadcrumbs"
            | "request"
            | "contexts"
            | "fingerprint"
            | "debug_meta"
            | "sdk"
            | "spans"
    )
}

/// The names of keys of an event.
#[derive(Clone, Copy)]
enum Names {
    /// Those that an SDK sends.
    Sdk,
    /// Those of the web API, in `entries`.
    Web,
}

/// Writes an object, and calls `seen` for each of its keys.
fn write_object(
    reader: &mut Source<'_>,
    out: &mut Vec<u8>,
    names: Names,
    seen: &mut dyn FnMut(&str),
) -> Result<(), ReadError> {
    let head = begin(out, 0xdf);
    let mut count = 0;
    reader.object(&mut |reader, key| {
        seen(key);
        let key = match names {
            Names::Sdk => key,
            Names::Web => sdk_name(key),
        };
        if !is_wanted(key) {
            return reader.skip();
        }
        let names = if key == "entries" { Names::Web } else { names };
        count += 1;
        write_text(out, key);
        write_value(reader, out, names)
    })?;
    complete(out, head, count);
    Ok(())
}

/// Returns the name that an SDK has for a key of the web API.
fn sdk_name(key: &str) -> &str {
    match key {
        "absPath" => "abs_path",
        "rawFunction" => "raw_function",
        "inApp" => "in_app",
        "lineNo" => "lineno",
        "colNo" => "colno",
        "origInApp" => "orig_in_app",
        "clientInApp" => "client_in_app",
        other => other,
    }
}

/// Writes one value of JSON, with all nested values.
fn write_value(reader: &mut Source<'_>, out: &mut Vec<u8>, names: Names) -> Result<(), ReadError> {
    if reader.is_text() {
        write_text(out, &reader.text()?.unwrap_or_default());
    } else if reader.is_object() {
        write_object(reader, out, names, &mut |_| {})?;
    } else if reader.is_list() {
        let head = begin(out, 0xdd);
        let mut count = 0;
        reader.list(&mut |reader| {
            count += 1;
            write_value(reader, out, names)
        })?;
        complete(out, head, count);
    } else if reader.is_boolean() {
        out.push(0xc2 + u8::from(reader.boolean()? == Some(true)));
    } else {
        match reader.text()? {
            Some(digits) => write_number(out, &digits),
            None => out.push(0xc0),
        }
    }
    Ok(())
}

fn write_text(out: &mut Vec<u8>, text: &str) {
    match text.len() {
        len @ 0..=31 => out.push(0xa0 | len as u8),
        len @ 32..=255 => out.extend([0xd9, len as u8]),
        len => {
            out.push(0xdb);
            // A text of JSON that is longer does not fit into memory with its event.
            out.extend((len as u32).to_be_bytes());
        }
    }
    out.extend_from_slice(text.as_bytes());
}

/// Writes a number. An integer of more than 64 bits is written as the text that readers would
/// read, since MessagePack has no number for it.
fn write_number(out: &mut Vec<u8>, digits: &str) {
    if let Ok(number) = digits.parse::<u64>() {
        out.push(0xcf);
        out.extend(number.to_be_bytes());
    } else if let Ok(number) = digits.parse::<i64>() {
        out.push(0xd3);
        out.extend(number.to_be_bytes());
    } else if !digits.contains(['.', 'e']) {
        write_text(out, digits);
    } else if let Ok(number) = digits.parse::<f64>() {
        out.push(0xcb);
        out.extend(number.to_be_bytes());
    }
}

/// Writes the head of a list or an object, whose length and size are not known yet.
fn begin(out: &mut Vec<u8>, marker: u8) -> usize {
    out.extend([0xc9, 0, 0, 0, 0, SIZED]);
    out.push(marker);
    out.extend([0; 4]);
    out.len()
}

/// Completes a head.
fn complete(out: &mut [u8], head: usize, count: u32) {
    const COUNT: usize = 4;
    out[head - COUNT..head].copy_from_slice(&count.to_be_bytes());
    // What does not fit into 32 bits is not in memory beside its JSON: see `write_text`.
    let inner = head - COUNT - 1;
    let size = (out.len() - inner) as u32;
    out[inner - SIZED_HEAD + 1..inner - 1].copy_from_slice(&size.to_be_bytes());
}

/// Whether a reader uses a key of this name in any object.
fn is_wanted(key: &str) -> bool {
    matches!(
        key,
        "event_id" | "platform" | "stacktrace" | "exception" | "threads" | "values" | "entries"
            | "type" | "value" | "mechanism" // exception
            | "frames" | "function" | "raw_function" | "module" | "package" | "abs_path"
            | "filename" | "lineno" | "colno" | "in_app" | "data" // frame
            | "category" | "orig_in_app" | "client_in_app" // data
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(json: &str) -> Result<Vec<String>, EventJsonError> {
        let mut buffer = Vec::new();
        transcode(json.as_bytes(), &mut buffer)
            .map_err(|error| EventJsonError(error.to_string()))?;
        let found = stacktraces_of(&buffer)?;
        let shown = found.iter().map(|(place, stacktrace)| {
            let view = stacktrace.view();
            let frames = view.unpack().unwrap();
            let functions: Vec<_> = frames.iter().flat_map(|frame| frame.function).collect();
            let ty = view.exception.ty.unwrap_or("-");
            format!("{place} {ty} {}", functions.join(","))
        });
        Ok(shown.collect())
    }

    #[test]
    fn every_stack_trace_is_found() {
        let one = r#"{"frames": [null, {"function": "f(int)", "vars": {"a": [1.5, {}]}}]}"#;
        for (event, expected) in [
            (r#"{"event_id": "1"}"#.to_owned(), &[][..]),
            (
                format!(r#"{{"stacktrace": {one}}}"#),
                &["stacktrace - f(int)"],
            ),
            (
                format!(
                    r#"{{"exception": {{"values": [null, {{"type": "E", "stacktrace": {one}}}]}}, "platform": "native"}}"#
                ),
                &["exception.values[1] E f"],
            ),
            (
                format!(r#"{{"exception": [{{"mechanism": 7, "stacktrace": {one}}}]}}"#),
                &["exception[0] - f(int)"],
            ),
            (
                format!(
                    r#"{{"exception": {{"type": "E", "stacktrace": {one}}}, "threads": {{"values": [{{}}, {{"stacktrace": {one}}}]}}}}"#
                ),
                &["exception E f(int)", "threads.values[1] - f(int)"],
            ),
            // The form of the web API.
            (
                format!(
                    r#"{{"platform": "c", "entries": [null, {{"type": "breadcrumbs", "data": {{"values": [1]}}}},
                    {{"type": "exception", "data": {{"values": [{{"type": "E", "stacktrace": {one}}}]}}}},
                    {{"data": {{"values": [{{"stacktrace": {one}}}]}}, "type": "threads"}}]}}"#
                ),
                &["exception.values[0] E f", "threads.values[0] - f"],
            ),
            (
                format!(r#"{{"entries": [{{"type": "stacktrace", "data": {one}}}, {{}}, 7]}}"#),
                &["stacktrace - f(int)"],
            ),
            (r#"{"entries": {}, "eventID": "1"}"#.to_owned(), &[]),
        ] {
            assert_eq!(read(&event).unwrap(), expected, "{event}");
        }
    }

    #[test]
    fn frames_of_the_web_api_have_other_names() {
        let frame = r#"{"function": "f", "rawFunction": "f(int)", "absPath": "/A\\b.c", "inApp": true,
            "lineNo": 7, "colNo": null, "package": "Lib"}"#;
        let json = format!(
            r#"{{"entries": [{{"type": "stacktrace", "data": {{"frames": [{frame}, {frame}]}}}}]}}"#
        );
        let mut buffer = Vec::new();
        let found = stacktraces_in(json.as_bytes(), false, &mut buffer).unwrap();
        let view = found[0].stacktrace.view_with_repeats();
        let frame = view.unpack().unwrap()[0];
        assert_eq!(frame.path, Some("/a/b.c"));
        assert_eq!(frame.package, Some("lib"));
        assert_eq!(frame.in_app, Some(true));
        assert_eq!(view.repeats, [false, true]);
    }

    #[test]
    fn in_app_is_restored_unless_the_frames_are_fresh() {
        for (in_app, original, restored) in [
            ("false", "1", Some(true)),
            ("true", "0", Some(false)),
            ("true", "-1", None),
            ("true", "null", Some(true)),
            ("null", "1", Some(true)),
        ] {
            let json = format!(
                r#"{{"stacktrace": {{"frames": [{{"in_app": {in_app}, "data": {{"orig_in_app": {original}}}}}]}}}}"#
            );
            let fresh = match in_app {
                "true" => Some(true),
                "false" => Some(false),
                _ => None,
            };
            for (is_fresh, expected) in [(false, restored), (true, fresh)] {
                let mut buffer = Vec::new();
                let found = stacktraces_in(json.as_bytes(), is_fresh, &mut buffer).unwrap();
                let view = found[0].stacktrace.view();
                assert_eq!(view.frames[0].in_app, expected, "{json}");
                assert_eq!(found[0].restored, u64::from(expected != fresh), "{json}");
            }
        }
    }

    #[test]
    fn lines_are_read_up_to_the_first_that_is_not_an_event() {
        let good = r#"{"stacktrace": {"frames": [{"function": "f", "vars": {"frames": 1}}]}}"#;
        for (text, traces, behind) in [
            (String::new(), 0, ""),
            (format!("{good}\n\n {good} "), 2, ""),
            (format!("{good}\r\n[]\n{good}\n"), 1, "[]"),
            (format!("{{\"message\": 1}}\n{good}\n{{\n{good}"), 1, "{"),
            (
                format!("{good}\n{{\"platform\": \"c\"}}\n"),
                1,
                "{\"platform\"",
            ),
            (
                // Its first stack trace is not counted either.
                good.replacen('{', r#"{"threads": [7], "#, 1),
                0,
                r#"{"threads""#,
            ),
        ] {
            let mut found = 0;
            let read = read_lines(text.as_bytes(), false, |stacktrace, _| {
                found += 1;
                stacktrace.unpack().map(|_| ())
            });
            let read = read.unwrap();
            assert_eq!(found, traces, "{text}");
            assert!(text[read..].starts_with(behind), "{text}");
            assert_eq!(read == text.len(), behind.is_empty(), "{text}");
        }
    }

    #[test]
    fn parts_are_whole_lines() {
        let text = b"a\nbb\n\nccccccccc\nd";
        for count in 0..20 {
            let parts = parts_of_lines(text, count);
            assert!(parts.len() <= count.max(1));
            assert_eq!(parts.concat(), text);
            for part in &parts[..parts.len() - 1] {
                assert!(part.ends_with(b"\n"));
            }
        }
        assert!(parts_of_lines(b"", 3).is_empty());
    }

    #[test]
    fn numbers_keep_their_value() {
        for (json, expected) in [
            ("0", &[0xcf, 0, 0, 0, 0, 0, 0, 0, 0][..]),
            (
                "18446744073709551615",
                &[0xcf, 255, 255, 255, 255, 255, 255, 255, 255],
            ),
            ("-1", &[0xd3, 255, 255, 255, 255, 255, 255, 255, 255]),
            ("-0", &[0xcf, 0, 0, 0, 0, 0, 0, 0, 0]),
            ("1.0", &[0xcb, 63, 240, 0, 0, 0, 0, 0, 0]),
            ("1e16", &[0xcb, 67, 65, 195, 121, 55, 224, 128, 0]),
            ("18446744073709551616", b"\xb418446744073709551616"),
        ] {
            let mut out = Vec::new();
            transcode(json.as_bytes(), &mut out).unwrap();
            assert_eq!(out, expected, "{json}");
        }
        for (json, expected) in [
            (
                r#"{"value": 1e999}"#,
                "this number is too large at line 1 column 16",
            ),
            (
                r#"{"value": NaN}"#,
                "this number is not finite at line 1 column 14",
            ),
        ] {
            let error = transcode(json.as_bytes(), &mut Vec::new()).unwrap_err();
            assert_eq!(error.to_string(), format!("value: not JSON: {expected}"));
        }
    }

    #[test]
    fn a_number_that_no_rule_reads_may_be_of_any_size() {
        let digits = "9".repeat(5_000);
        for number in [
            &*digits,
            "-1e999",
            "[NaN, -Infinity]",
            &format!("0.{digits}"),
            &format!("1e{digits}"),
        ] {
            let frames = format!(r#"{{"function": "f", "vars": {{"a": {number}}}}}"#);
            let event = format!(r#"{{"stacktrace": {{"frames": [{frames}]}}, "extra": {number}}}"#);
            assert_eq!(read(&event).unwrap(), ["stacktrace - f"]);
        }
    }

    #[test]
    fn errors_name_the_field() {
        for (json, expected) in [
            (
                r#"{"platform": [], "stacktrace": null}"#,
                "the event: exception data: field `platform`: expected a text or None, not a list",
            ),
            (
                r#"{"event_id": {}}"#,
                "the event: exception data: field `event_id`: expected a text or None, not a dict",
            ),
            (
                "[]",
                "the event: exception data: field `event`: expected a dict, not a list",
            ),
            ("{", "not JSON: expected a key in quotes at line 1 column 2"),
            ("{} x", "not JSON: expected the end at line 1 column 4"),
            (r#"{"id": "1", "title": "an issue"}"#, NO_EVENT),
            (
                r#"{"stacktrace": {"frames": [{"function": []}]}}"#,
                "stacktrace: frame 0: field `function`: expected a text or None, not a list",
            ),
            (
                r#"{"exception": [{"stacktrace": {"frames": [{"data": {"orig_in_app": 300}}]}}]}"#,
                "exception[0]: frame 0: field `data.orig_in_app`: expected an int from -128 to 127 or None, not an int",
            ),
        ] {
            assert_eq!(read(json).unwrap_err().to_string(), expected);
        }
        let error = transcode(b"{\"a\": \"\xff\"}", &mut Vec::new()).unwrap_err();
        assert_eq!(error.to_string(), "not JSON: byte 7 is not UTF-8");
    }
}
