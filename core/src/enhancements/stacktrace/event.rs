//! Match frames: converts the frames of an event to the frames that rules match.
//!
//! A frame of an event has more fields than rules use, in another form. Sentry converts frames in
//! Python, which takes 10,800 ns per frame. This module converts them in one pass over the bytes:
//!
//! ```text
//! frame of an event                           match frame
//! platform of the frame, or of the event  ->  family    native, javascript, other
//! if it has raw_function: function        ->  function  unchanged
//! else: function, trimmed                 ->            without arguments, hashes, ...
//! abs_path, or filename if it has none    ->  path      ASCII in lower case, with slashes
//! package                                 ->  package   the same
//! data.category, data.orig_in_app         ->  category, orig_in_app
//! module, in_app                          ->  unchanged
//! ```
//!
//! The caller packs the frames with all of their keys into one MessagePack value:
//!
//! ```text
//! [platform, exception, frames]
//!
//! exception = nil or {"type": ..., "value": ..., "mechanism": {"type": ...}, ...}
//! frames    = [{"function": ..., "module": ..., "data": {...}, ...}, ...]
//! ```
//!
//! Packing whole objects is faster than selecting values in Python first. Keys may be missing and
//! in any order; keys that no rule uses are skipped. Texts are strings or binaries. If a number is
//! in the position of a text, as some SDKs send it, its digits are read.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use crate::enhancements::family::Families;
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::stacktrace::msgpack::{Reader, Writer};
use crate::enhancements::stacktrace::view::{FieldPath, StacktraceError};
use crate::functions::trim_function_name;
use crate::limits::Limit;

/// The name of a function without a name.
const UNKNOWN: &str = "<unknown>";

/// The frames of a stack trace of an event, with the fields that rules use.
#[derive(Debug, Default)]
pub struct EventStacktrace<'a> {
    /// The type of the exception.
    pub ty: Option<Cow<'a, str>>,
    /// The value of the exception.
    pub value: Option<Cow<'a, str>>,
    /// The type of the exception's mechanism.
    pub mechanism: Option<Cow<'a, str>>,
    /// The frames, in their order.
    pub frames: Vec<MatchFrame<'a>>,
}

/// A match frame, which owns the texts that were changed.
#[derive(Debug, Default)]
pub struct MatchFrame<'a> {
    /// The category.
    pub category: Option<Cow<'a, str>>,
    /// The family of the platform.
    pub family: &'static str,
    /// The name of the function, trimmed; never empty.
    pub function: Cow<'a, str>,
    /// The module.
    pub module: Option<Cow<'a, str>>,
    /// The package, lowered and slashed.
    pub package: Option<Cow<'a, str>>,
    /// The path, lowered and slashed.
    pub path: Option<Cow<'a, str>>,
    /// Whether the frame is the user's code.
    pub in_app: Option<bool>,
    /// The original `in_app`.
    pub orig_in_app: Option<i8>,
    /// `data.client_in_app`: the `in_app` of the SDK.
    pub client_in_app: Option<bool>,
}

/// How null in a list of frames is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Null {
    /// It is an error, because results are paired with the frames of the caller.
    Refused,
    /// It is skipped.
    Skipped,
}

impl MatchFrame<'_> {
    /// Returns the frame in the form that rules use.
    pub fn frame(&self) -> Frame<'_> {
        Frame {
            category: self.category.as_deref(),
            family: Some(self.family),
            function: Some(&self.function),
            module: self.module.as_deref(),
            package: self.package.as_deref(),
            path: self.path.as_deref(),
            in_app: self.in_app,
            orig_in_app: self.orig_in_app,
        }
    }
}

impl<'a> EventStacktrace<'a> {
    /// Reads the frames of a stack trace.
    ///
    /// # Errors
    ///
    /// Fails if the buffer does not have the form above, a field has the wrong type, a text is not
    /// UTF-8, or there are more frames than the limit.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, StacktraceError> {
        let mut reader = Reader::new(bytes);
        let stacktrace = Self::read(&mut reader)?;
        reader.end("bytes follow the frames")?;
        Ok(stacktrace)
    }

    /// Reads the frames of each of an array of stack traces.
    ///
    /// # Errors
    ///
    /// Fails as [`EventStacktrace::decode`] does.
    pub fn decode_many(bytes: &'a [u8]) -> Result<Vec<Self>, StacktraceError> {
        let mut reader = Reader::new(bytes);
        let count = reader.array_len("expected an array of stack traces")?;
        let mut stacktraces = Vec::with_capacity(reader.at_most(count));
        for _ in 0..count {
            stacktraces.push(Self::read(&mut reader)?);
        }
        reader.end("bytes follow the stack traces")?;
        Ok(stacktraces)
    }

    /// Reads one stack trace: an array of three values.
    ///
    /// # Errors
    ///
    /// Fails as [`EventStacktrace::decode`] does.
    pub(super) fn of_parts(
        platform: &'a [u8],
        exception: &'a [u8],
        frames: &'a [u8],
    ) -> Result<Self, StacktraceError> {
        let mut stacktrace = Self::default();
        let platform = Reader::new(platform).any_text(FieldPath::Exception("platform"))?;
        stacktrace.read_exception(&mut Reader::new(exception))?;
        let mut reader = Reader::new(frames);
        if !reader.nil() {
            stacktrace.read_frames(&mut reader, platform.as_deref(), Null::Skipped)?;
        }
        Ok(stacktrace)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, StacktraceError> {
        reader.array(3, "expected an array of platform, exception and frames")?;
        let platform = reader.any_text(FieldPath::Exception("platform"))?;
        let mut stacktrace = Self::default();
        stacktrace.read_exception(reader)?;
        stacktrace.read_frames(reader, platform.as_deref(), Null::Refused)?;
        Ok(stacktrace)
    }

    fn read_frames(
        &mut self,
        reader: &mut Reader<'a>,
        platform: Option<&str>,
        null: Null,
    ) -> Result<(), StacktraceError> {
        let count = reader.array_len("expected an array of frames")?;
        Limit::Frames.check(reader.at_most(count))?;
        self.frames.reserve(reader.at_most(count));
        for index in 0..count {
            if null == Null::Skipped && reader.nil() {
                continue;
            }
            self.frames.push(read_frame(reader, index, platform)?);
        }
        Ok(())
    }

    fn read_exception(&mut self, reader: &mut Reader<'a>) -> Result<(), StacktraceError> {
        let Some(keys) = reader.map_or_nil(|| FieldPath::Exception("exception"))? else {
            return Ok(());
        };
        for _ in 0..keys {
            match reader.key()? {
                b"type" => self.ty = reader.any_text(FieldPath::Exception("type"))?,
                b"value" => self.value = reader.any_text(FieldPath::Exception("value"))?,
                b"mechanism" => {
                    // A mechanism that is not an object is ignored.
                    let Some(keys) = reader.map_or_other()? else {
                        continue;
                    };
                    for _ in 0..keys {
                        match reader.key()? {
                            b"type" => {
                                let path_of = FieldPath::Exception("mechanism.type");
                                self.mechanism = reader.any_text(path_of)?;
                            }
                            _ => reader.skip()?,
                        }
                    }
                }
                _ => reader.skip()?,
            }
        }
        Ok(())
    }

    /// Returns the exception in the form that rules use.
    pub fn exception(&self) -> ExceptionData<'_> {
        ExceptionData {
            ty: self.ty.as_deref(),
            value: self.value.as_deref(),
            mechanism: self.mechanism.as_deref(),
        }
    }

    /// Writes the packed form.
    ///
    /// # Errors
    ///
    /// Fails if the length of a text does not fit in 32 bits.
    pub fn to_packed(&self) -> Result<Vec<u8>, StacktraceError> {
        let mut packed = Vec::with_capacity(64 + self.frames.len() * 96);
        self.pack_into(&mut packed)?;
        Ok(packed)
    }

    /// Appends the packed form.
    ///
    /// # Errors
    ///
    /// Fails as [`EventStacktrace::to_packed`] does. Then a part may be written.
    pub(super) fn pack_into(&self, packed: &mut Vec<u8>) -> Result<(), StacktraceError> {
        let mut writer = Writer::begin(packed, &self.exception(), self.frames.len())?;
        for frame in &self.frames {
            writer.frame(&frame.frame())?;
        }
        Ok(())
    }

    /// Returns the frames in the form that rules use.
    pub fn frames(&self) -> Vec<Frame<'_>> {
        self.frames.iter().map(MatchFrame::frame).collect()
    }
}

/// Makes the packed form of a stack trace of an event.
///
/// # Errors
///
/// Fails as [`EventStacktrace::decode`] does.
pub fn pack_event_frames(bytes: &[u8]) -> Result<Vec<u8>, StacktraceError> {
    EventStacktrace::decode(bytes)?.to_packed()
}

/// Makes the packed forms of many stack traces: a MessagePack array of binaries.
///
/// # Errors
///
/// Fails as [`EventStacktrace::decode_many`] does.
pub fn pack_many_event_frames(bytes: &[u8]) -> Result<Vec<u8>, StacktraceError> {
    let stacktraces = EventStacktrace::decode_many(bytes)?;
    let packed = stacktraces.iter().map(|stacktrace| {
        let packed = stacktrace.to_packed()?;
        Ok((Bytes(packed), stacktrace.frames.len()))
    });
    let packed: Result<Vec<_>, StacktraceError> = packed.collect();
    rmp_serde::to_vec(&packed?).map_err(|_| StacktraceError::Structure("it is too large"))
}

/// Bytes that serialize as a binary.
pub(super) struct Bytes(pub(super) Vec<u8>);

impl Serialize for Bytes {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(&self.0)
    }
}

/// Makes match frames: a MessagePack array of maps, texts as binaries.
///
/// # Errors
///
/// Fails as [`EventStacktrace::decode`] does.
pub fn match_frames_packed(bytes: &[u8]) -> Result<Vec<u8>, StacktraceError> {
    let stacktrace = EventStacktrace::decode(bytes)?;
    let frames: Vec<_> = stacktrace.frames().into_iter().map(Written::from).collect();
    rmp_serde::to_vec_named(&frames).map_err(|_| StacktraceError::Structure("it is too large"))
}

/// A match frame in the form that callers receive.
#[derive(Serialize)]
struct Written<'a> {
    category: Option<Binary<'a>>,
    family: Option<Binary<'a>>,
    function: Option<Binary<'a>>,
    in_app: Option<bool>,
    orig_in_app: Option<i8>,
    module: Option<Binary<'a>>,
    package: Option<Binary<'a>>,
    path: Option<Binary<'a>>,
}

/// A text that serializes as a binary.
struct Binary<'a>(&'a str);

impl Serialize for Binary<'_> {
    fn serialize<S: Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.serialize_bytes(self.0.as_bytes())
    }
}

impl<'a> From<Frame<'a>> for Written<'a> {
    fn from(frame: Frame<'a>) -> Self {
        Self {
            category: frame.category.map(Binary),
            family: frame.family.map(Binary),
            function: frame.function.map(Binary),
            in_app: frame.in_app,
            orig_in_app: frame.orig_in_app,
            module: frame.module.map(Binary),
            package: frame.package.map(Binary),
            path: frame.path.map(Binary),
        }
    }
}

/// The fields of an event's frame that rules use, as in the event.
#[derive(Default)]
struct FrameFields<'a> {
    function: Option<Cow<'a, str>>,
    raw_function: Option<Cow<'a, str>>,
    module: Option<Cow<'a, str>>,
    package: Option<Cow<'a, str>>,
    abs_path: Option<Cow<'a, str>>,
    filename: Option<Cow<'a, str>>,
    platform: Option<Cow<'a, str>>,
    in_app: Option<bool>,
    category: Option<Cow<'a, str>>,
    orig_in_app: Option<i8>,
    client_in_app: Option<bool>,
}

impl<'a> FrameFields<'a> {
    /// Converts the frame to a match frame.
    fn into_match_frame(self, event_platform: Option<&str>) -> MatchFrame<'a> {
        let event_platform = event_platform.filter(|text| !text.is_empty());
        let platform = present(&self.platform).or(event_platform);
        let is_trimmed = present(&self.raw_function).is_some();
        MatchFrame {
            family: family(platform),
            function: function(self.function, is_trimmed, platform),
            path: if present(&self.abs_path).is_some() {
                self.abs_path.map(lowered)
            } else {
                self.filename.map(lowered)
            },
            package: self.package.map(lowered),
            module: self.module,
            category: self.category,
            in_app: self.in_app,
            orig_in_app: self.orig_in_app,
            client_in_app: self.client_in_app,
        }
    }
}

fn read_frame<'a>(
    reader: &mut Reader<'a>,
    index: usize,
    event_platform: Option<&str>,
) -> Result<MatchFrame<'a>, StacktraceError> {
    let path_of = |field: &'static str| FieldPath::Frame(index, field);
    let keys = reader.map(|| path_of("frame"))?;
    let mut frame = FrameFields::default();
    for _ in 0..keys {
        match reader.key()? {
            b"function" => frame.function = reader.any_text(path_of("function"))?,
            b"raw_function" => frame.raw_function = reader.any_text(path_of("raw_function"))?,
            b"module" => frame.module = reader.any_text(path_of("module"))?,
            b"package" => frame.package = reader.any_text(path_of("package"))?,
            b"abs_path" => frame.abs_path = reader.any_text(path_of("abs_path"))?,
            b"filename" => frame.filename = reader.any_text(path_of("filename"))?,
            b"platform" => frame.platform = reader.any_text(path_of("platform"))?,
            b"in_app" => frame.in_app = reader.bool(path_of("in_app"))?,
            b"data" => {
                // Data that is not an object is ignored.
                let Some(keys) = reader.map_or_other()? else {
                    continue;
                };
                for _ in 0..keys {
                    match reader.key()? {
                        b"category" => {
                            frame.category = reader.any_text(path_of("data.category"))?;
                        }
                        b"orig_in_app" => {
                            frame.orig_in_app = reader.small_int(path_of("data.orig_in_app"))?;
                        }
                        b"client_in_app" => {
                            frame.client_in_app = reader.bool(path_of("data.client_in_app"))?;
                        }
                        _ => reader.skip()?,
                    }
                }
            }
            _ => reader.skip()?,
        }
    }
    Ok(frame.into_match_frame(event_platform))
}

/// Returns a text, unless it is missing or empty.
fn present<'t>(text: &'t Option<Cow<'_, str>>) -> Option<&'t str> {
    text.as_deref().filter(|text| !text.is_empty())
}

/// Returns the name of a frame's function. If the frame has a raw name, the name was already
/// trimmed.
pub(crate) fn function<'a>(
    name: Option<Cow<'a, str>>,
    is_trimmed: bool,
    platform: Option<&str>,
) -> Cow<'a, str> {
    let trimmed = match name {
        None => return UNKNOWN.into(),
        Some(name) if is_trimmed => name,
        Some(Cow::Borrowed(name)) => trim_function_name(name, platform),
        Some(Cow::Owned(name)) => trim_function_name(&name, platform).into_owned().into(),
    };
    if trimmed.is_empty() {
        UNKNOWN.into()
    } else {
        trimmed
    }
}

/// Returns the family of a platform.
pub(crate) fn family(platform: Option<&str>) -> &'static str {
    let family = match platform {
        Some("objc" | "cocoa" | "swift" | "native" | "c") => Families::NATIVE,
        Some("javascript" | "node") => Families::JAVASCRIPT,
        _ => Families::OTHER,
    };
    family.name()
}

/// Returns a path with ASCII in lower case, and with slashes.
fn lowered(path: Cow<'_, str>) -> Cow<'_, str> {
    let changes = |byte: u8| byte.is_ascii_uppercase() || byte == b'\\';
    if !path.bytes().any(changes) {
        return path;
    }
    let mut path = path.into_owned();
    path.make_ascii_lowercase();
    if path.contains('\\') {
        path = path.replace('\\', "/");
    }
    path.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What a frame becomes, given as JSON.
    fn read(platform: &str, frame: &str) -> Result<String, StacktraceError> {
        let json = format!(
            "[{platform}, {{\"type\": \"E\", \"mechanism\": {{\"type\": \"m\"}}}}, [{frame}]]"
        );
        let value: serde_json::Value = serde_json::from_str(&json).unwrap();
        let bytes = rmp_serde::to_vec(&value).unwrap();
        let stacktrace = EventStacktrace::decode(&bytes)?;
        assert_eq!(stacktrace.exception().ty, Some("E"));
        assert_eq!(stacktrace.exception().mechanism, Some("m"));
        let frame = stacktrace.frames()[0];
        Ok(format!(
            "{:?} {:?} {:?} {:?} {:?} {:?} {:?} {:?}",
            frame.category,
            frame.family,
            frame.function,
            frame.module,
            frame.package,
            frame.path,
            frame.in_app,
            frame.orig_in_app
        )
        .replace("Some", ""))
    }

    #[test]
    fn frames_become_match_frames() {
        for (platform, frame, expected) in [
            (
                r#""native""#,
                r#"{"function": "f(int)", "module": "m", "package": "A\\B.DLL", "abs_path": "/X/Y",
                    "filename": "y", "in_app": true, "data": {"category": "c", "orig_in_app": -1}}"#,
                r#"("c") ("native") ("f") ("m") ("a/b.dll") ("/x/y") (true) (-1)"#,
            ),
            (
                "null",
                r#"{"package": "", "abs_path": "", "filename": "ÉA", "platform": "node"}"#,
                r#"None ("javascript") ("<unknown>") None ("") ("Éa") None None"#,
            ),
            (
                r#""c""#,
                r#"{"function": "f(x)", "raw_function": "int f(x)", "platform": ""}"#,
                r#"None ("native") ("f(x)") None None None None None"#,
            ),
            (
                r#""rust""#,
                r#"{"function": "", "vars": {"a": [1, {"b": 1.5}]}, "filename": null, "abs_path": ""}"#,
                r#"None ("other") ("<unknown>") None None None None None"#,
            ),
            (
                r#""python""#,
                r#"{"function": 7, "in_app": false, "data": [1], "abs_path": null, "filename": ""}"#,
                r#"None ("other") ("7") None None ("") (false) None"#,
            ),
        ] {
            assert_eq!(read(platform, frame).unwrap(), expected);
        }
    }

    #[test]
    fn errors_name_frame_and_field() {
        for (frame, expected) in [
            ("7", "frame 0: field `frame`: expected a dict, not an int"),
            (
                r#"{"module": []}"#,
                "frame 0: field `module`: expected a text or None, not a list",
            ),
            (
                r#"{"in_app": 1}"#,
                "frame 0: field `in_app`: expected a bool or None, not an int",
            ),
            (
                r#"{"data": {"orig_in_app": 200}}"#,
                "frame 0: field `data.orig_in_app`: expected an int from -128 to 127 or None, not an int",
            ),
        ] {
            assert_eq!(read("null", frame).unwrap_err().to_string(), expected);
        }
        assert!(pack_event_frames(&[0x93, 0xc0]).is_err());
        assert!(pack_event_frames(&[
            0x93, 0xc0, 0xc0, 0x91, 0x81, 0xa1, b'x', 0xdd, 0xff, 0xff, 0xff, 0xff
        ])
        .is_err());
    }
}
