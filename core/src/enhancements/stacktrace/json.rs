//! Events as JSON: their stack traces, read in one pass.
//!
//! An event may hold several stack traces. They are found in this order, and the first path
//! is what errors and results call a *place* in Python:
//!
//! ```text
//! event
//! |-- stacktrace
//! |-- exception.values[n].stacktrace     with the exception that it belongs to
//! `-- threads.values[n].stacktrace
//! ```
//!
//! Old events write `exception` and `threads` as a list, or as one value. What is null is
//! skipped, also among frames. What no rule looks at is not kept, so reading an event takes a
//! fifth of the time that Python's `json` takes, and no object is made of it.

use std::borrow::Cow;
use std::fmt;
use std::marker::PhantomData;

use serde::de::value::MapAccessDeserializer;
use serde::de::{Deserialize, Deserializer, MapAccess, SeqAccess, Visitor};
use serde::Deserialize as DeriveDeserialize;
use thiserror::Error;

use crate::enhancements::stacktrace::event::{Bytes, EventStacktrace, FrameFields, MatchFrame};
use crate::limits::{Limit, LimitExceeded};

/// An event that cannot be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EventJsonError {
    /// It is not JSON, or a value has the wrong type. The message names the field.
    #[error("{0}")]
    Json(String),
    /// A stack trace has more frames than the limit.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// A stack trace of an event.
#[derive(Debug)]
pub struct FoundStacktrace<'a> {
    /// Where it was in the event, such as `exception.values[0]`.
    pub place: String,
    /// Its frames and its exception.
    pub stacktrace: EventStacktrace<'a>,
}

/// Reads the stack traces of an event.
///
/// # Errors
///
/// If the bytes are not JSON, a value has the wrong type, or there are too many frames.
pub fn stacktraces_of(json: &[u8]) -> Result<Vec<FoundStacktrace<'_>>, EventJsonError> {
    let mut reader = serde_json::Deserializer::from_slice(json);
    let mut track = serde_path_to_error::Track::new();
    let tracked = serde_path_to_error::Deserializer::new(&mut reader, &mut track);
    let Object(event) = Object::<RawEvent<'_>>::deserialize(tracked).map_err(|error| {
        let path = track.path().to_string();
        EventJsonError::Json(match path.as_str() {
            "." | "?" => error.to_string(),
            path => format!("{path}: {error}"),
        })
    })?;
    reader
        .end()
        .map_err(|error| EventJsonError::Json(error.to_string()))?;
    event.stacktraces()
}

/// Reads the stack traces of events, one event a line, and packs them as
/// [`StacktraceView`](super::view::StacktraceView) reads them. Empty lines are skipped.
///
/// Returns a MessagePack array with an array for each stack trace: the line (counted from 1),
/// the place, the packed form, and the number of frames.
///
/// # Errors
///
/// The first line that is not an event.
pub fn pack_lines(json: &[u8]) -> Result<Vec<u8>, LineError> {
    let mut packed = Vec::new();
    for (line, event) in (1_u64..).zip(json.split(|byte| *byte == b'\n')) {
        let event = event.trim_ascii();
        if event.is_empty() {
            continue;
        }
        let at = |error: EventJsonError| LineError { line, error };
        for found in stacktraces_of(event).map_err(at)? {
            let frames = found.stacktrace.frames.len();
            let written = found.stacktrace.to_packed();
            let written = written.map_err(|error| at(EventJsonError::Json(error.to_string())))?;
            packed.push((line, found.place, Bytes(written), frames));
        }
    }
    // Numbers, texts and binaries: nothing that MessagePack cannot hold.
    Ok(rmp_serde::to_vec(&packed).unwrap_or_default())
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

/// A JSON object only: derived readers take arrays, too.
struct Object<T>(T);

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Object<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ObjectVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for ObjectVisitor<T> {
            type Value = Object<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(Object)
            }
        }
        deserializer.deserialize_map(ObjectVisitor(PhantomData))
    }
}

/// An object; any other value says nothing.
struct Lenient<T>(Option<T>);

impl<T> Default for Lenient<T> {
    fn default() -> Self {
        Self(None)
    }
}

impl<'de, T: Deserialize<'de>> Deserialize<'de> for Lenient<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct LenientVisitor<T>(PhantomData<T>);
        impl<'de, T: Deserialize<'de>> Visitor<'de> for LenientVisitor<T> {
            type Value = Lenient<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a value")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                T::deserialize(MapAccessDeserializer::new(map)).map(|value| Lenient(Some(value)))
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                while items.next_element::<serde::de::IgnoredAny>()?.is_some() {}
                Ok(Lenient(None))
            }
            fn visit_bool<E>(self, _: bool) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
            fn visit_i64<E>(self, _: i64) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
            fn visit_u64<E>(self, _: u64) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
            fn visit_f64<E>(self, _: f64) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
            fn visit_str<E>(self, _: &str) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
            fn visit_unit<E>(self) -> Result<Self::Value, E> {
                Ok(Lenient(None))
            }
        }
        deserializer.deserialize_any(LenientVisitor(PhantomData))
    }
}

/// A text, borrowed where that is possible; a number as its digits.
struct Text<'a>(Cow<'a, str>);

impl<'de: 'a, 'a> Deserialize<'de> for Text<'a> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct TextVisitor;
        impl<'de> Visitor<'de> for TextVisitor {
            type Value = Text<'de>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a text")
            }
            fn visit_borrowed_str<E>(self, text: &'de str) -> Result<Text<'de>, E> {
                Ok(Text(text.into()))
            }
            fn visit_str<E>(self, text: &str) -> Result<Text<'de>, E> {
                Ok(Text(text.to_owned().into()))
            }
            fn visit_i64<E>(self, number: i64) -> Result<Text<'de>, E> {
                Ok(Text(number.to_string().into()))
            }
            fn visit_u64<E>(self, number: u64) -> Result<Text<'de>, E> {
                Ok(Text(number.to_string().into()))
            }
            fn visit_f64<E>(self, number: f64) -> Result<Text<'de>, E> {
                Ok(Text(format!("{number:?}").into()))
            }
        }
        deserializer.deserialize_any(TextVisitor)
    }
}

type OptText<'a> = Option<Text<'a>>;

fn text(text: OptText<'_>) -> Option<Cow<'_, str>> {
    text.map(|text| text.0)
}

/// What `in_app` was, as a number.
struct Number(i8);

impl<'de> Deserialize<'de> for Number {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct NumberVisitor;
        impl Visitor<'_> for NumberVisitor {
            type Value = Number;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("a whole number from -128 to 127")
            }
            fn visit_bool<E>(self, value: bool) -> Result<Number, E> {
                Ok(Number(value.into()))
            }
            fn visit_i64<E: serde::de::Error>(self, number: i64) -> Result<Number, E> {
                let found = i8::try_from(number).map(Number);
                found.map_err(|_| E::invalid_value(serde::de::Unexpected::Signed(number), &self))
            }
            fn visit_u64<E: serde::de::Error>(self, number: u64) -> Result<Number, E> {
                let found = i8::try_from(number).map(Number);
                found.map_err(|_| E::invalid_value(serde::de::Unexpected::Unsigned(number), &self))
            }
        }
        deserializer.deserialize_any(NumberVisitor)
    }
}

#[derive(DeriveDeserialize)]
struct RawEvent<'a> {
    #[serde(borrow, default)]
    platform: OptText<'a>,
    #[serde(borrow, default)]
    stacktrace: Option<Object<RawStacktrace<'a>>>,
    #[serde(borrow, default)]
    exception: Option<Values<RawValue<'a>>>,
    #[serde(borrow, default)]
    threads: Option<Values<RawThread<'a>>>,
}

#[derive(DeriveDeserialize)]
struct RawStacktrace<'a> {
    #[serde(borrow, default)]
    frames: Option<Vec<Option<Object<RawFrame<'a>>>>>,
}

#[derive(DeriveDeserialize)]
struct RawValue<'a> {
    #[serde(borrow, default, rename = "type")]
    ty: OptText<'a>,
    #[serde(borrow, default)]
    value: OptText<'a>,
    #[serde(borrow, default)]
    mechanism: Lenient<RawMechanism<'a>>,
    #[serde(borrow, default)]
    stacktrace: Option<Object<RawStacktrace<'a>>>,
    #[serde(borrow, default)]
    values: Option<List<RawValue<'a>>>,
}

#[derive(DeriveDeserialize)]
struct RawMechanism<'a> {
    #[serde(borrow, default, rename = "type")]
    ty: OptText<'a>,
}

#[derive(DeriveDeserialize)]
struct RawThread<'a> {
    #[serde(borrow, default)]
    stacktrace: Option<Object<RawStacktrace<'a>>>,
    #[serde(borrow, default)]
    values: Option<List<RawThread<'a>>>,
}

#[derive(DeriveDeserialize)]
struct RawFrame<'a> {
    #[serde(borrow, default)]
    function: OptText<'a>,
    #[serde(borrow, default)]
    raw_function: OptText<'a>,
    #[serde(borrow, default)]
    module: OptText<'a>,
    #[serde(borrow, default)]
    package: OptText<'a>,
    #[serde(borrow, default)]
    abs_path: OptText<'a>,
    #[serde(borrow, default)]
    filename: OptText<'a>,
    #[serde(borrow, default)]
    platform: OptText<'a>,
    #[serde(default)]
    in_app: Option<bool>,
    #[serde(borrow, default)]
    data: Lenient<RawData<'a>>,
}

#[derive(DeriveDeserialize)]
struct RawData<'a> {
    #[serde(borrow, default)]
    category: OptText<'a>,
    #[serde(default)]
    orig_in_app: Option<Number>,
    #[serde(default)]
    client_in_app: Option<bool>,
}

type List<T> = Vec<Option<Object<T>>>;

/// `{"values": [...]}`, a list, or one value: the shapes that events have had.
enum Values<T> {
    /// Under `values`.
    Named(List<T>),
    /// A list.
    List(List<T>),
    /// One value.
    One(T),
}

/// A value that may also be what holds the values.
trait Holder: Sized {
    fn values(&mut self) -> Option<List<Self>>;
}

impl Holder for RawValue<'_> {
    fn values(&mut self) -> Option<List<Self>> {
        self.values.take()
    }
}

impl Holder for RawThread<'_> {
    fn values(&mut self) -> Option<List<Self>> {
        self.values.take()
    }
}

impl<'de, T: Holder + Deserialize<'de>> Deserialize<'de> for Values<T> {
    fn deserialize<D: Deserializer<'de>>(deserializer: D) -> Result<Self, D::Error> {
        struct ValuesVisitor<T>(PhantomData<T>);
        impl<'de, T: Holder + Deserialize<'de>> Visitor<'de> for ValuesVisitor<T> {
            type Value = Values<T>;
            fn expecting(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str("an object or a list")
            }
            fn visit_map<A: MapAccess<'de>>(self, map: A) -> Result<Self::Value, A::Error> {
                let mut value = T::deserialize(MapAccessDeserializer::new(map))?;
                Ok(match value.values() {
                    Some(values) => Values::Named(values),
                    None => Values::One(value),
                })
            }
            fn visit_seq<A: SeqAccess<'de>>(self, mut items: A) -> Result<Self::Value, A::Error> {
                let mut values = Vec::new();
                while let Some(value) = items.next_element()? {
                    values.push(value);
                }
                Ok(Values::List(values))
            }
        }
        deserializer.deserialize_any(ValuesVisitor(PhantomData))
    }
}

impl<T> Values<T> {
    /// The values, each with its place.
    fn placed(self, name: &str) -> Vec<(String, T)> {
        let (prefix, values) = match self {
            Self::Named(values) => (format!("{name}.values"), values),
            Self::List(values) => (name.to_owned(), values),
            Self::One(value) => return vec![(name.to_owned(), value)],
        };
        let numbered = values.into_iter().enumerate();
        let placed = numbered.filter_map(|(number, value)| {
            value.map(|Object(value)| (format!("{prefix}[{number}]"), value))
        });
        placed.collect()
    }
}

impl<'a> RawEvent<'a> {
    fn stacktraces(self) -> Result<Vec<FoundStacktrace<'a>>, EventJsonError> {
        let platform = text(self.platform);
        let platform = platform.as_deref();
        let mut found = Vec::new();
        if let Some(Object(stacktrace)) = self.stacktrace {
            found.push(FoundStacktrace {
                place: "stacktrace".to_owned(),
                stacktrace: EventStacktrace {
                    frames: stacktrace.frames(platform)?,
                    ..EventStacktrace::default()
                },
            });
        }
        let exceptions = self.exception.map(|values| values.placed("exception"));
        for (place, value) in exceptions.into_iter().flatten() {
            let Some(Object(stacktrace)) = value.stacktrace else {
                continue;
            };
            let mechanism = value.mechanism.0.and_then(|mechanism| text(mechanism.ty));
            found.push(FoundStacktrace {
                place,
                stacktrace: EventStacktrace {
                    ty: text(value.ty),
                    value: text(value.value),
                    mechanism,
                    frames: stacktrace.frames(platform)?,
                },
            });
        }
        let threads = self.threads.map(|values| values.placed("threads"));
        for (place, thread) in threads.into_iter().flatten() {
            if let Some(Object(stacktrace)) = thread.stacktrace {
                found.push(FoundStacktrace {
                    place,
                    stacktrace: EventStacktrace {
                        frames: stacktrace.frames(platform)?,
                        ..EventStacktrace::default()
                    },
                });
            }
        }
        Ok(found)
    }
}

impl<'a> RawStacktrace<'a> {
    fn frames(self, platform: Option<&str>) -> Result<Vec<MatchFrame<'a>>, LimitExceeded> {
        let frames = self.frames.unwrap_or_default();
        Limit::Frames.check(frames.len())?;
        let frames = frames.into_iter().flatten();
        Ok(frames
            .map(|Object(frame)| frame.into_match_frame(platform))
            .collect())
    }
}

impl<'a> RawFrame<'a> {
    fn into_match_frame(self, platform: Option<&str>) -> MatchFrame<'a> {
        let data = self.data.0;
        let data = data.map(|data| {
            let orig_in_app = data.orig_in_app.map(|number| number.0);
            (text(data.category), orig_in_app, data.client_in_app)
        });
        let (category, orig_in_app, client_in_app) = data.unwrap_or_default();
        FrameFields {
            function: text(self.function),
            raw_function: text(self.raw_function),
            module: text(self.module),
            package: text(self.package),
            abs_path: text(self.abs_path),
            filename: text(self.filename),
            platform: text(self.platform),
            in_app: self.in_app,
            category,
            orig_in_app,
            client_in_app,
        }
        .into_match_frame(platform)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn found(json: &str) -> Vec<String> {
        let found = stacktraces_of(json.as_bytes()).unwrap();
        let shown = found.iter().map(|found| {
            let functions: Vec<_> = found
                .stacktrace
                .frames
                .iter()
                .map(|f| &*f.function)
                .collect();
            let ty = found.stacktrace.ty.as_deref().unwrap_or("-");
            format!("{} {ty} {}", found.place, functions.join(","))
        });
        shown.collect()
    }

    #[test]
    fn every_stack_trace_is_found() {
        let one = r#"{"frames": [null, {"function": "f(int)", "vars": {"a": [1.5, {}]}}]}"#;
        for (event, expected) in [
            ("{}".to_owned(), &[][..]),
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
        ] {
            assert_eq!(found(&event), expected, "{event}");
        }
    }

    #[test]
    fn errors_name_the_field() {
        for (json, expected) in [
            ("[]", "invalid type: sequence, expected an object at line 1 column 0"),
            (
                r#"{"stacktrace": {"frames": [{"function": []}]}}"#,
                "stacktrace.frames[0].function: invalid type: sequence, expected a text at line 1 column 42",
            ),
            (
                r#"{"stacktrace": {"frames": [{"data": {"orig_in_app": 300}}]}}"#,
                "stacktrace.frames[0].data.orig_in_app: invalid value: integer `300`, expected a whole number from -128 to 127 at line 1 column 55",
            ),
        ] {
            assert_eq!(stacktraces_of(json.as_bytes()).unwrap_err().to_string(), expected);
        }
        assert!(stacktraces_of(b"{} x").is_err());
    }
}
