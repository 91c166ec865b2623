//! Events: what rules look at, read from JSON or MessagePack.
//!
//! ```text
//! event
//! |-- platform, level, logger, release, transaction
//! |-- logentry.formatted, logentry.message
//! |-- sdk.name
//! |-- tags                              [["env", "prod"], ...] or {"env": "prod", ...}
//! |-- exception.values[n]               type, value, stacktrace.frames
//! |-- stacktrace.frames
//! `-- threads.values[n]                 id, name, state, crashed, current, stacktrace.frames
//! ```
//!
//! An [`Event`] has the texts as the event has them, borrowed from the input where there are no
//! escapes. It trims and changes nothing: matching and variables need different forms.
//!
//! Keys can be missing. Like Sentry, this reader takes an object or list of the wrong kind for
//! a missing one (old events have `exception` as a list). A text of the wrong kind is an
//! error, and so is an element of a list that should be an object.

use std::borrow::Cow;
use std::collections::HashMap;

use crate::limits::Limit;
pub use crate::reader::ReadError as EventError;
use crate::reader::{json, msgpack, Source};

/// A text of an event.
pub(super) type Text<'j> = Option<Cow<'j, str>>;

/// An event, as far as fingerprint rules look at it.
#[derive(Debug, Default)]
pub struct Event<'j> {
    /// Empty if it is missing, which means the same.
    pub(super) platform: Cow<'j, str>,
    pub(super) level: Text<'j>,
    pub(super) logger: Text<'j>,
    pub(super) release: Text<'j>,
    pub(super) transaction: Text<'j>,
    /// `logentry.formatted`
    pub(super) formatted: Text<'j>,
    /// `logentry.message`
    pub(super) message: Text<'j>,
    /// `sdk.name`
    pub(super) sdk: Text<'j>,
    pub(super) tags: Vec<(Cow<'j, str>, Text<'j>)>,
    /// `None` where there is null.
    pub(super) exceptions: Vec<Option<Exception<'j>>>,
    /// `stacktrace.frames`
    pub(super) frames: Vec<Frame<'j>>,
    pub(super) threads: Vec<Thread<'j>>,
    /// Whether `threads.values` has one element, null included: variables look at that one.
    pub(super) has_one_thread: bool,
}

/// An exception of an event.
#[derive(Debug, Default)]
pub(super) struct Exception<'j> {
    pub(super) ty: Text<'j>,
    pub(super) value: Text<'j>,
    pub(super) frames: Vec<Frame<'j>>,
}

/// A thread of an event.
#[derive(Debug, Default)]
pub(super) struct Thread<'j> {
    pub(super) id: Text<'j>,
    pub(super) name: Text<'j>,
    pub(super) state: Text<'j>,
    pub(super) crashed: Option<bool>,
    pub(super) current: Option<bool>,
    pub(super) frames: Vec<Frame<'j>>,
}

/// A frame of an event.
#[derive(Debug, Default)]
pub(super) struct Frame<'j> {
    pub(super) function: Text<'j>,
    /// Whether `raw_function` is there: then the function is trimmed already.
    pub(super) is_trimmed: bool,
    pub(super) module: Text<'j>,
    pub(super) package: Text<'j>,
    pub(super) abs_path: Text<'j>,
    pub(super) filename: Text<'j>,
    pub(super) platform: Text<'j>,
    pub(super) in_app: Option<bool>,
}

/// The text, if it is there and not empty.
pub(super) fn present<'t>(text: &'t Text<'_>) -> Option<&'t str> {
    text.as_deref().filter(|text| !text.is_empty())
}

impl<'j> Frame<'j> {
    /// The first path that is present; `abs_path or filename`.
    pub(super) fn path(&self) -> Option<&str> {
        present(&self.abs_path).or(self.filename.as_deref())
    }
}

impl<'j> Event<'j> {
    /// Reads an event.
    ///
    /// # Errors
    ///
    /// Fails if the bytes are not JSON, if the event is not an object, if a text is a boolean,
    /// list or object, if an exception, thread, frame or tag is of the wrong kind, or if there
    /// are more frames than the limit.
    pub fn from_json(json: &'j [u8]) -> Result<Self, EventError> {
        Self::read_all(&mut json::Reader::new(json)?)
    }

    /// Reads an event in MessagePack, as the objects of a host language are packed.
    ///
    /// # Errors
    ///
    /// Those of [`from_json`](Self::from_json).
    pub fn from_msgpack(packed: &'j [u8]) -> Result<Self, EventError> {
        Self::read_all(&mut msgpack::Reader::new(packed))
    }

    /// Reads an event in JSON or MessagePack: the first byte says which it is.
    ///
    /// # Errors
    ///
    /// Those of [`from_json`](Self::from_json).
    pub fn read(bytes: &'j [u8]) -> Result<Self, EventError> {
        if msgpack::is_map(bytes) {
            Self::from_msgpack(bytes)
        } else {
            Self::from_json(bytes)
        }
    }

    fn read_all(reader: &mut Source<'j>) -> Result<Self, EventError> {
        let mut event = Self::default();
        if !reader.is_object() {
            return Err(reader.unexpected("an event, which is an object"));
        }
        let mut frames = 0;
        reader.object(&mut |reader, key| {
            match key {
                "platform" => event.platform = reader.text()?.unwrap_or_default(),
                "level" => event.level = reader.text()?,
                "logger" => event.logger = reader.text()?,
                "release" => event.release = reader.text()?,
                "transaction" => event.transaction = reader.text()?,
                "logentry" => {
                    (event.formatted, event.message) = (None, None);
                    reader.object(&mut |reader, key| {
                        match key {
                            "formatted" => event.formatted = reader.text()?,
                            "message" => event.message = reader.text()?,
                            _ => reader.skip()?,
                        }
                        Ok(())
                    })?;
                }
                "sdk" => {
                    event.sdk = None;
                    reader.object(&mut |reader, key| {
                        match key {
                            "name" => event.sdk = reader.text()?,
                            _ => reader.skip()?,
                        }
                        Ok(())
                    })?;
                }
                "tags" => event.tags = tags(reader)?,
                "exception" => event.exceptions = values(reader, exception, &mut frames)?,
                "stacktrace" => event.frames = stacktrace(reader, &mut frames)?,
                "threads" => {
                    let is_bare = reader.is_list();
                    let threads = if is_bare {
                        elements(reader, thread, &mut frames)?
                    } else {
                        values(reader, thread, &mut frames)?
                    };
                    event.has_one_thread = !is_bare && threads.len() == 1;
                    event.threads = threads.into_iter().flatten().collect();
                }
                _ => reader.skip()?,
            }
            Ok(())
        })?;
        reader.end()?;
        Ok(event)
    }
}

/// Reads one element, an object.
type Element<'j, T> = fn(&mut Source<'j>, &mut usize) -> Result<T, EventError>;

/// Reads the list under `values`; `None` where there is null.
fn values<'j, T>(
    reader: &mut Source<'j>,
    element: Element<'j, T>,
    frames: &mut usize,
) -> Result<Vec<Option<T>>, EventError> {
    let mut values = Vec::new();
    reader.object(&mut |reader, key| {
        match key {
            "values" => values = elements(reader, element, frames)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(values)
}

fn elements<'j, T>(
    reader: &mut Source<'j>,
    element: Element<'j, T>,
    frames: &mut usize,
) -> Result<Vec<Option<T>>, EventError> {
    let mut elements = Vec::new();
    reader.list(&mut |reader| {
        if reader.null()? {
            elements.push(None);
            return Ok(());
        }
        if !reader.is_object() {
            return Err(reader.unexpected("an object or null"));
        }
        elements.push(Some(element(reader, frames)?));
        Ok(())
    })?;
    Ok(elements)
}

fn exception<'j>(reader: &mut Source<'j>, frames: &mut usize) -> Result<Exception<'j>, EventError> {
    let mut exception = Exception::default();
    reader.object(&mut |reader, key| {
        match key {
            "type" => exception.ty = reader.text()?,
            "value" => exception.value = reader.text()?,
            "stacktrace" => exception.frames = stacktrace(reader, frames)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(exception)
}

fn thread<'j>(reader: &mut Source<'j>, frames: &mut usize) -> Result<Thread<'j>, EventError> {
    let mut thread = Thread::default();
    reader.object(&mut |reader, key| {
        match key {
            "id" => thread.id = reader.text()?,
            "name" => thread.name = reader.text()?,
            "state" => thread.state = reader.text()?,
            "crashed" => thread.crashed = reader.boolean()?,
            "current" => thread.current = reader.boolean()?,
            "stacktrace" => thread.frames = stacktrace(reader, frames)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(thread)
}

/// Reads the frames of a stack trace, without those that are null.
fn stacktrace<'j>(
    reader: &mut Source<'j>,
    count: &mut usize,
) -> Result<Vec<Frame<'j>>, EventError> {
    let mut frames = Vec::new();
    reader.object(&mut |reader, key| {
        if key != "frames" {
            return reader.skip();
        }
        frames.clear();
        reader.list(&mut |reader| {
            if reader.null()? {
                return Ok(());
            }
            if !reader.is_object() {
                return Err(reader.unexpected("an object or null"));
            }
            *count += 1;
            Limit::Frames.check(*count)?;
            frames.push(frame(reader)?);
            Ok(())
        })?;
        Ok(())
    })?;
    Ok(frames)
}

fn frame<'j>(reader: &mut Source<'j>) -> Result<Frame<'j>, EventError> {
    let mut frame = Frame::default();
    reader.object(&mut |reader, key| {
        match key {
            "function" => frame.function = reader.text()?,
            "raw_function" => frame.is_trimmed = reader.truth()?,
            "module" => frame.module = reader.text()?,
            "package" => frame.package = reader.text()?,
            "abs_path" => frame.abs_path = reader.text()?,
            "filename" => frame.filename = reader.text()?,
            "platform" => frame.platform = reader.text()?,
            "in_app" => frame.in_app = reader.boolean()?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(frame)
}

type Tag<'j> = (Cow<'j, str>, Text<'j>);

/// Keeps the last of several values with one name, where the first one is: as Python reads a key
/// that an object has twice.
fn without_repeats(tags: Vec<Tag<'_>>) -> Vec<Tag<'_>> {
    // Nearly all events have fewer, and no repeats: this takes less time than a table of names.
    const FEW: usize = 16;
    let is_new = |(at, tag): (usize, &Tag<'_>)| tags[..at].iter().all(|other| other.0 != tag.0);
    if tags.len() <= FEW && tags.iter().enumerate().all(is_new) {
        return tags;
    }
    let mut places = HashMap::new();
    let mut kept: Vec<Tag<'_>> = Vec::new();
    for (name, value) in tags {
        let place = *places.entry(name.clone()).or_insert(kept.len());
        match kept.get_mut(place) {
            Some(tag) => tag.1 = value,
            None => kept.push((name, value)),
        }
    }
    kept
}

/// Reads tags: a list of pairs, or an object.
fn tags<'j>(reader: &mut Source<'j>) -> Result<Vec<Tag<'j>>, EventError> {
    let mut tags = Vec::new();
    if reader.is_object() {
        reader.object(&mut |reader, key| {
            tags.push((Cow::Owned(key.to_owned()), reader.lenient_text()?));
            Ok(())
        })?;
        return Ok(without_repeats(tags));
    }
    reader.list(&mut |reader| {
        if reader.null()? {
            return Ok(());
        }
        if !reader.is_list() {
            return Err(reader.unexpected("a pair or null"));
        }
        let mut pair = [const { None }; 2];
        let mut count = 0;
        reader.list(&mut |reader| {
            let text = reader.lenient_text()?;
            if let Some(place) = pair.get_mut(count) {
                *place = text;
            }
            count += 1;
            Ok(())
        })?;
        if count != 2 {
            let message = format!("expected a pair of name and value, not {count} values");
            return Err(EventError::new(message));
        }
        let [name, value] = pair;
        // A tag without a name is none that a rule can name.
        if let Some(name) = name {
            tags.push((name, value));
        }
        Ok(())
    })?;
    Ok(tags)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprints::testing;
    use crate::testing::{cases, slow_cases, Random};

    #[test]
    fn errors_name_the_field() {
        for (json, expected) in [
            ("", "not JSON: expected a value at line 1 column 1"),
            ("[]", "expected an event, which is an object, not a list"),
            ("{", "not JSON: expected a key in quotes at line 1 column 2"),
            ("{} x", "not JSON: expected the end at line 1 column 4"),
            ("{\n\"a\": tru}", "a: not JSON: expected a value at line 2 column 6"),
            (r#"{"level": true}"#, "level: expected a text, a number or null, not a boolean"),
            (r#"{"logentry": {"formatted": []}}"#, "logentry.formatted: expected a text, a number or null, not a list"),
            (r#"{"tags": [["a"]]}"#, "tags[0]: expected a pair of name and value, not 1 values"),
            (r#"{"tags": ["a"]}"#, "tags[0]: expected a pair or null, not a text"),
            (
                r#"{"exception": {"values": [null, {"stacktrace": {"frames": [{}, {"module": {}}]}}]}}"#,
                "exception.values[1].stacktrace.frames[1].module: expected a text, a number or null, not an object",
            ),
            (r#"{"threads": {"values": [1]}}"#, "threads.values[0]: expected an object or null, not a number"),
        ] {
            let error = Event::from_json(json.as_bytes()).unwrap_err();
            assert_eq!(error.to_string(), expected, "{json}");
        }
    }

    #[test]
    fn what_is_of_another_kind_is_missing() {
        for json in [
            "{}",
            r#"{"exception": "x", "stacktrace": 1, "threads": true, "tags": "x", "logentry": [], "sdk": null}"#,
            r#"{"exception": {"values": "x"}, "stacktrace": {"frames": {}}, "threads": {}, "logentry": "x"}"#,
        ] {
            let event = Event::from_json(json.as_bytes()).unwrap();
            assert!(
                event.exceptions.is_empty() && event.frames.is_empty() && event.tags.is_empty()
            );
        }
        let tags = Event::from_json(br#"{"tags": {"a": true, "c": null}}"#)
            .unwrap()
            .tags;
        assert_eq!(
            tags,
            [("a".into(), Some("True".into())), ("c".into(), None)]
        );
    }

    #[test]
    fn the_last_of_tags_with_one_name_counts() {
        let pairs: Vec<_> = (0..40).map(|n| format!(r#""t{n}": "x""#)).collect();
        for (json, expected) in [
            (
                r#""a": 1, "b": 2, "a": 3"#.to_owned(),
                vec![("a", "3"), ("b", "2")],
            ),
            (
                format!(r#""a": 1, {}, "a": 3"#, pairs.join(", ")),
                vec![("a", "3"), ("t0", "x")],
            ),
        ] {
            let json = format!(r#"{{"tags": {{{json}}}}}"#);
            let event = Event::from_json(json.as_bytes()).unwrap();
            let tags: Vec<_> = event.tags.iter().take(2).collect();
            let shown = tags.iter().map(|tag| (&*tag.0, tag.1.as_deref().unwrap()));
            assert_eq!(shown.collect::<Vec<_>>(), expected);
        }
    }

    #[test]
    fn an_event_means_the_same_in_both_forms() {
        let mut random = Random::new(91);
        for _ in 0..slow_cases(2_000) {
            let json = testing::event(&mut random);
            let value: serde_json::Value = serde_json::from_str(&json).unwrap();
            let packed = rmp_serde::to_vec(&value).unwrap();
            let one = Event::from_json(json.as_bytes());
            let other = Event::from_msgpack(&packed);
            assert_eq!(format!("{one:?}"), format!("{other:?}"), "{json}");
            for len in 0..packed.len() {
                assert!(Event::from_msgpack(&packed[..len]).is_err());
            }
        }
    }

    #[test]
    fn errors_in_messagepack_name_the_field() {
        for (packed, expected) in [
            (&b""[..], "not MessagePack: it ends too early"),
            (b"\x90", "expected an event, which is an object, not a list"),
            (b"\x80\xc0", "not MessagePack: 1 bytes follow the event"),
            (
                b"\x81\x01\x01",
                "expected a key that is a text, not a number",
            ),
            (
                b"\x81\xa5level\xc4\x01a",
                "level: expected a text, a number or null, not bytes",
            ),
            (
                b"\x81\xa5level\xa1\xff",
                "level: not MessagePack: a text is not UTF-8",
            ),
            (
                b"\x81\xa5level\xcb\x7f\xf0\0\0\0\0\0\0",
                "level: expected a text, a number or null, not a number that is not finite",
            ),
            (
                b"\x81\xa5other\xdd\xff\xff\xff\xff",
                "other: not MessagePack: it ends too early",
            ),
            (
                b"\x81\xa5other\xc1",
                "other: not MessagePack: 0xc1 begins no value",
            ),
        ] {
            let error = Event::from_msgpack(packed).unwrap_err();
            assert_eq!(error.to_string(), expected, "{packed:?}");
        }
    }

    #[test]
    fn what_is_skipped_can_be_deep() {
        let mut packed = b"\x81\xa5other".to_vec();
        packed.extend([0x91].repeat(1_000_000));
        packed.push(0xc0);
        assert!(Event::from_msgpack(&packed).is_ok());
        packed.pop();
        assert!(Event::from_msgpack(&packed).is_err());
    }

    #[test]
    fn no_messagepack_panics() {
        let mut random = Random::new(92);
        for _ in 0..cases(20_000) {
            let mut packed = b"\x84\xa4tags".to_vec();
            packed.extend((0..random.0.usize(1..20)).map(|_| random.0.u8(..)));
            let _ = Event::from_msgpack(&packed);
            packed[1..5].copy_from_slice(b"\xa3sdk");
            let _ = Event::from_msgpack(&packed);
        }
    }
}
