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
//! in the position of a text, as some SDKs send it, it is read as Python prints it.

use std::borrow::Cow;

use serde::{Serialize, Serializer};

use crate::enhancements::family::Families;
use crate::enhancements::fields::{FrameField, TextField};
use crate::enhancements::frame::{original_in_app, ExceptionData, Frame};
use crate::enhancements::stacktrace::msgpack::{self, packed_key, Reader};
use crate::enhancements::stacktrace::view::{
    utf8, FieldPath, FrameKey, FrameView, StacktraceError, StacktraceView,
};
use crate::functions::{has_rules, with_trimmed};
use crate::limits::Limit;

/// The name of a function without a name.
const UNKNOWN: &str = "<unknown>";

/// The frames of a stack trace of an event, in the form that rules look at.
#[derive(Debug, Default)]
pub struct EventStacktrace<'a> {
    /// The type of the exception.
    ty: Option<Cow<'a, str>>,
    /// The value of the exception.
    value: Option<Cow<'a, str>>,
    /// The type of the exception's mechanism.
    mechanism: Option<Cow<'a, str>>,
    frames: Vec<MatchFrame<'a>>,
    /// The keys of all frames, one behind the other: a frame costs no allocation.
    keys: Vec<u8>,
    /// The frames as they were read.
    source: &'a [u8],
}

/// What a match frame has beside its key.
#[derive(Debug)]
struct MatchFrame<'a> {
    category: Option<Cow<'a, [u8]>>,
    /// Where its key ends. It begins where that of the frame before ends.
    key_end: usize,
    in_app: Option<bool>,
    orig_in_app: Option<i8>,
    /// What the SDK says of `in_app`.
    client_in_app: Option<bool>,
}

/// How null in a list of frames is read.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Null {
    /// It is an error, because results are paired with the frames of the caller.
    Refused,
    /// It is skipped.
    Skipped,
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
        stacktrace.source = frames;
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
        stacktrace.source = reader.rest();
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
        let platform = Platform::new(platform);
        let likely = reader.at_most(count);
        self.frames.reserve(likely);
        self.keys.reserve(64 * likely);
        for index in 0..count {
            if null == Null::Skipped && reader.nil() {
                continue;
            }
            let fields = FrameFields::read(reader, index)?;
            let frame = fields.into_match_frame(index, &platform, &mut self.keys)?;
            self.frames.push(frame);
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

    /// The stack trace as rules look at it.
    pub fn view(&self) -> StacktraceView<'_> {
        let mut key_start = 0;
        let frames = self.frames.iter().map(|frame| {
            let key = &self.keys[key_start..frame.key_end];
            key_start = frame.key_end;
            FrameView {
                category: frame.category.as_deref(),
                key: FrameKey::Encoded(key),
                in_app: frame.in_app,
                orig_in_app: frame.orig_in_app,
            }
        });
        StacktraceView {
            exception: self.exception(),
            frames: frames.collect(),
            repeats: Vec::new(),
        }
    }

    /// The stack trace as explanations and previews look at it: with the frames that repeat the
    /// frame before them.
    pub fn view_with_repeats(&self) -> StacktraceView<'_> {
        StacktraceView {
            repeats: super::repeats::repeats(self.source),
            ..self.view()
        }
    }

    /// Restores `in_app` of frames that rules changed before.
    ///
    /// Sentry stores the value that a frame came with in `data.orig_in_app`: 1 is true, 0 false, -1
    /// null. Before it runs rules on an event again, `in_app` becomes that value. Returns the number
    /// of frames that had another one.
    pub fn restore(&mut self) -> u64 {
        let mut restored = 0;
        for frame in &mut self.frames {
            if let Some(original) = frame.orig_in_app {
                let in_app = original_in_app(original);
                restored += u64::from(frame.in_app != in_app);
                frame.in_app = in_app;
            }
        }
        restored
    }

    /// How many frames there are.
    pub fn len(&self) -> usize {
        self.frames.len()
    }

    /// Whether there are no frames.
    pub fn is_empty(&self) -> bool {
        self.frames.is_empty()
    }

    /// What the SDK says of `in_app` of each frame.
    pub fn client_in_app(&self) -> impl Iterator<Item = Option<bool>> + '_ {
        self.frames.iter().map(|frame| frame.client_in_app)
    }
}

/// Makes the packed form of a stack trace of an event.
///
/// # Errors
///
/// Fails as [`EventStacktrace::decode`] does.
pub fn pack_event_frames(bytes: &[u8]) -> Result<Vec<u8>, StacktraceError> {
    msgpack::pack_view(&EventStacktrace::decode(bytes)?.view_with_repeats())
}

/// Makes the packed forms of many stack traces: a MessagePack array of binaries.
///
/// # Errors
///
/// Fails as [`EventStacktrace::decode_many`] does.
pub fn pack_many_event_frames(bytes: &[u8]) -> Result<Vec<u8>, StacktraceError> {
    let stacktraces = EventStacktrace::decode_many(bytes)?;
    let packed = stacktraces.iter().map(|stacktrace| {
        let packed = msgpack::pack_view(&stacktrace.view_with_repeats())?;
        Ok((Bytes(packed), stacktrace.len()))
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
    written(&written_frames(&stacktrace)?)
}

/// Makes match frames of an event that Sentry groups again: a MessagePack array of the match frames
/// as [`match_frames_packed`] makes them, and of an array with a boolean for each frame, whether it
/// repeats the frame before it. `in_app` is [restored](EventStacktrace::restore), unless the frames
/// are `fresh`.
///
/// # Errors
///
/// Fails as [`EventStacktrace::decode`] does.
pub fn event_frames_packed(bytes: &[u8], fresh: bool) -> Result<Vec<u8>, StacktraceError> {
    let mut stacktrace = EventStacktrace::decode(bytes)?;
    if !fresh {
        stacktrace.restore();
    }
    let repeats = super::repeats::repeats(stacktrace.source);
    written(&(written_frames(&stacktrace)?, repeats))
}

fn written_frames<'s>(
    stacktrace: &'s EventStacktrace<'_>,
) -> Result<Vec<Written<'s>>, StacktraceError> {
    let frames = stacktrace.view().unpack()?;
    Ok(frames.into_iter().map(Written::from).collect())
}

fn written(value: &impl Serialize) -> Result<Vec<u8>, StacktraceError> {
    rmp_serde::to_vec_named(value).map_err(|_| StacktraceError::Structure("it is too large"))
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

/// A text of an event's frame that is looked at.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Text {
    Function,
    RawFunction,
    Module,
    Package,
    AbsPath,
    Filename,
    Platform,
    Category,
}

impl Text {
    const COUNT: usize = Self::Category as usize + 1;
    const NAMES: [&str; Self::COUNT] = [
        "function",
        "raw_function",
        "module",
        "package",
        "abs_path",
        "filename",
        "platform",
        "data.category",
    ];
}

// The keys that are looked at, of a frame and of its data.
const FUNCTION: u128 = packed_key("function");
const RAW_FUNCTION: u128 = packed_key("raw_function");
const MODULE: u128 = packed_key("module");
const PACKAGE: u128 = packed_key("package");
const ABS_PATH: u128 = packed_key("abs_path");
const FILENAME: u128 = packed_key("filename");
const PLATFORM: u128 = packed_key("platform");
const IN_APP: u128 = packed_key("in_app");
const DATA: u128 = packed_key("data");
const CATEGORY: u128 = packed_key("category");
const ORIG_IN_APP: u128 = packed_key("orig_in_app");
const CLIENT_IN_APP: u128 = packed_key("client_in_app");

/// The fields of an event's frame that rules look at, as the event has them.
///
/// Texts are not checked for UTF-8 here: the engine does that for frames that it does not know.
#[derive(Default)]
struct FrameFields<'a> {
    texts: [Option<&'a [u8]>; Text::COUNT],
    /// Numbers that stand in place of texts, which is rare.
    digits: Vec<(Text, String)>,
    in_app: Option<bool>,
    orig_in_app: Option<i8>,
    client_in_app: Option<bool>,
}

impl<'a> FrameFields<'a> {
    #[inline]
    fn read(reader: &mut Reader<'a>, index: usize) -> Result<Self, StacktraceError> {
        let path_of = |field: &'static str| FieldPath::Frame(index, field);
        let keys = reader.map(|| path_of("frame"))?;
        let mut frame = Self::default();
        for _ in 0..keys {
            match reader.packed_key()? {
                FUNCTION => frame.read_text(reader, index, Text::Function)?,
                RAW_FUNCTION => frame.read_text(reader, index, Text::RawFunction)?,
                MODULE => frame.read_text(reader, index, Text::Module)?,
                PACKAGE => frame.read_text(reader, index, Text::Package)?,
                ABS_PATH => frame.read_text(reader, index, Text::AbsPath)?,
                FILENAME => frame.read_text(reader, index, Text::Filename)?,
                PLATFORM => frame.read_text(reader, index, Text::Platform)?,
                IN_APP => frame.in_app = reader.bool(path_of("in_app"))?,
                DATA => frame.read_data(reader, index)?,
                _ => reader.skip()?,
            }
        }
        Ok(frame)
    }

    #[inline(never)]
    fn read_data(&mut self, reader: &mut Reader<'a>, index: usize) -> Result<(), StacktraceError> {
        let path_of = |field: &'static str| FieldPath::Frame(index, field);
        // Data that is not an object says nothing.
        let Some(keys) = reader.map_or_other()? else {
            return Ok(());
        };
        for _ in 0..keys {
            match reader.packed_key()? {
                CATEGORY => self.read_text(reader, index, Text::Category)?,
                ORIG_IN_APP => {
                    self.orig_in_app = reader.small_int(path_of("data.orig_in_app"))?;
                }
                CLIENT_IN_APP => {
                    self.client_in_app = reader.bool(path_of("data.client_in_app"))?;
                }
                _ => reader.skip()?,
            }
        }
        Ok(())
    }

    #[inline]
    fn read_text(
        &mut self,
        reader: &mut Reader<'a>,
        index: usize,
        text: Text,
    ) -> Result<(), StacktraceError> {
        if reader.is_number() {
            let digits = reader.digits()?;
            self.digits.push((text, digits));
            return Ok(());
        }
        let path = || FieldPath::Frame(index, Text::NAMES[text as usize]);
        self.texts[text as usize] = reader.text_bytes(path)?;
        if !self.digits.is_empty() {
            // The key was there twice, and the last one counts.
            self.digits.retain(|(other, _)| *other != text);
        }
        Ok(())
    }

    #[inline]
    fn text(&self, text: Text) -> Option<&[u8]> {
        let digits = self.digits.iter().rev().find(|(other, _)| *other == text);
        match digits {
            Some((_, digits)) => Some(digits.as_bytes()),
            None => self.texts[text as usize],
        }
    }

    /// A text that is there and not empty.
    #[inline]
    fn present(&self, text: Text) -> Option<&[u8]> {
        self.text(text).filter(|text| !text.is_empty())
    }

    /// Brings the frame into the shape that rules look at, and appends its key.
    #[inline]
    fn into_match_frame(
        self,
        index: usize,
        event_platform: &Platform<'_>,
        keys: &mut Vec<u8>,
    ) -> Result<MatchFrame<'a>, StacktraceError> {
        let path_of = |text: Text| FieldPath::Frame(index, Text::NAMES[text as usize]);
        let own = match self.present(Text::Platform) {
            None => None,
            own => Some(Platform::new(utf8(own, path_of(Text::Platform))?)),
        };
        let platform = own.as_ref().unwrap_or(event_platform);
        for field in FrameField::KEY {
            match field {
                FrameField::Family => msgpack::put_text(keys, Some(platform.family))?,
                FrameField::Text(TextField::Function) => {
                    let name = self.present(Text::Function).unwrap_or(UNKNOWN.as_bytes());
                    match platform.with_rules {
                        Some(platform) if self.present(Text::RawFunction).is_none() => {
                            let path = path_of(Text::Function);
                            let name = utf8(Some(name), path)?.unwrap_or_default();
                            with_trimmed(name, platform, |name| {
                                let name = if name.is_empty() { UNKNOWN } else { name };
                                msgpack::put_text(keys, Some(name))
                            })?;
                        }
                        _ => msgpack::put_bytes(keys, Some(name))?,
                    }
                }
                FrameField::Text(TextField::Module) => {
                    msgpack::put_bytes(keys, self.text(Text::Module))?;
                }
                FrameField::Text(TextField::Package) => {
                    put_lowered(keys, self.text(Text::Package))?;
                }
                FrameField::Text(TextField::Path) => {
                    let path = self.present(Text::AbsPath);
                    put_lowered(keys, path.or_else(|| self.text(Text::Filename)))?;
                }
                // They are not in the key.
                FrameField::Category | FrameField::InApp | FrameField::OrigInApp => {}
            }
        }
        let category = self.texts[Text::Category as usize].map(Cow::Borrowed);
        let mut digits = self.digits.into_iter().rev();
        let digits = digits.find(|(text, _)| *text == Text::Category);
        Ok(MatchFrame {
            category: digits.map_or(category, |(_, digits)| Some(digits.into_bytes().into())),
            key_end: keys.len(),
            in_app: self.in_app,
            orig_in_app: self.orig_in_app,
            client_in_app: self.client_in_app,
        })
    }
}

/// What follows from the platform of an event or frame.
struct Platform<'p> {
    family: &'static str,
    /// The platform, if names of its functions are trimmed.
    with_rules: Option<&'p str>,
}

impl<'p> Platform<'p> {
    fn new(platform: Option<&'p str>) -> Self {
        Self {
            family: family(platform),
            with_rules: platform.filter(|platform| has_rules(platform)),
        }
    }
}

/// Returns the name of a frame's function. If the frame has a raw name, the name was already
/// trimmed.
pub(crate) fn function<'a>(
    name: Option<Cow<'a, str>>,
    is_trimmed: bool,
    platform: Option<&str>,
) -> Cow<'a, str> {
    let platform = platform.filter(|platform| !is_trimmed && has_rules(platform));
    let trimmed = match (name, platform) {
        (None, _) => return UNKNOWN.into(),
        (Some(name), None) => name,
        (Some(name), Some(platform)) => {
            let changed = |trimmed: &str| (trimmed != name).then(|| Cow::Owned(trimmed.to_owned()));
            with_trimmed(&name, platform, changed).unwrap_or(name)
        }
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

/// Appends a path with ASCII in lower case, and with slashes.
fn put_lowered(keys: &mut Vec<u8>, path: Option<&[u8]>) -> Result<(), StacktraceError> {
    msgpack::put_bytes(keys, path)?;
    // All bytes at once, without a branch, and in place.
    let start = keys.len() - path.map_or(0, <[u8]>::len);
    for byte in &mut keys[start..] {
        *byte = match *byte {
            b'\\' => b'/',
            other => other.to_ascii_lowercase(),
        };
    }
    Ok(())
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
        let view = stacktrace.view();
        let frame = view.unpack().unwrap()[0];
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
