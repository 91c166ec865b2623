//! Many events in one call, and what matches as JSON.
//!
//! ```text
//! MessagePack array of events, each in a text or binary \
//!                                                         > [null, {"rule": 3, ...}, ...]
//! JSON, one event a line                                /
//! ```
//!
//! Results are in the order of the events. The first event that cannot be read ends it: a
//! result that is missing would move all that follow.

use serde::Serialize;
use thiserror::Error;

use super::event::{Event, EventError};
use super::rule_set::{FingerprintMatch, FingerprintRules};
use super::variables::{UnknownVariable, Variables};
use crate::msgpack_array::{self, PackedValuesError};

/// Why events cannot be matched.
#[derive(Debug, Error)]
pub enum BatchError {
    /// The buffer is not a MessagePack array of events.
    #[error(transparent)]
    Packed(#[from] PackedValuesError),
    /// An event of the array cannot be read.
    #[error("event {index}: {error}")]
    Event {
        /// The index of the event, from 0.
        index: usize,
        /// What is wrong with it.
        error: EventError,
    },
    /// A line of JSON cannot be read.
    #[error("line {line}: {error}")]
    Line {
        /// The line, from 1.
        line: usize,
        /// What is wrong with it.
        error: EventError,
    },
}

/// A match as JSON.
#[derive(Serialize)]
struct Written<'m> {
    rule: usize,
    resolved: &'m [String],
    title: Option<&'m str>,
}

impl FingerprintMatch<'_> {
    /// Writes the match as a JSON object: `rule` (its index), `resolved` and `title`.
    pub fn to_json(&self) -> String {
        let written = Written {
            rule: self.index,
            resolved: &self.resolved,
            title: self.title.as_deref(),
        };
        // Texts and a number: this cannot fail.
        serde_json::to_string(&written).unwrap_or_default()
    }
}

impl FingerprintRules {
    /// Matches many events, each JSON or MessagePack, in a MessagePack array of binaries or
    /// texts. Returns a JSON array with `null` or a match for each of them.
    ///
    /// # Errors
    ///
    /// Fails if the buffer is malformed, or an event in it.
    pub fn match_packed(
        &self,
        events: &[u8],
        unknown: UnknownVariable,
    ) -> Result<String, BatchError> {
        let mut listed = Vec::new();
        msgpack_array::for_each(events, |event| {
            listed.push(event);
            Ok(())
        })?;
        let mut answers = Answers::default();
        for (index, event) in listed.into_iter().enumerate() {
            let event = Event::read(event).map_err(|error| BatchError::Event { index, error })?;
            answers.add(self.match_event(&event, unknown));
        }
        Ok(answers.finish())
    }

    /// Matches many events, one a line of JSON. Empty lines are skipped. Returns a JSON array
    /// with `null` or a match for each event.
    ///
    /// # Errors
    ///
    /// Fails with the first line that is not an event.
    pub fn match_json_lines(
        &self,
        json: &[u8],
        unknown: UnknownVariable,
    ) -> Result<String, BatchError> {
        let mut answers = Answers::default();
        for (line, event) in (1..).zip(json.split(|&byte| byte == b'\n')) {
            let event = event.trim_ascii();
            if event.is_empty() {
                continue;
            }
            let event =
                Event::from_json(event).map_err(|error| BatchError::Line { line, error })?;
            answers.add(self.match_event(&event, unknown));
        }
        Ok(answers.finish())
    }
}

/// A JSON array that is written.
#[derive(Default)]
struct Answers(String);

impl Answers {
    fn add(&mut self, found: Option<FingerprintMatch<'_>>) {
        self.0.push(if self.0.is_empty() { '[' } else { ',' });
        match found {
            Some(found) => self.0.push_str(&found.to_json()),
            None => self.0.push_str("null"),
        }
    }

    fn finish(mut self) -> String {
        if self.0.is_empty() {
            self.0.push('[');
        }
        self.0.push(']');
        self.0
    }
}

/// Reads the parts of a fingerprint from a MessagePack array of texts.
///
/// # Errors
///
/// Fails if the buffer is anything else, or a text is not UTF-8.
pub fn read_parts(packed: &[u8]) -> Result<Vec<&str>, PackedValuesError> {
    let mut parts = Vec::new();
    msgpack_array::for_each(packed, |part| {
        parts.push(std::str::from_utf8(part).map_err(PackedValuesError::new)?);
        Ok(())
    })?;
    Ok(parts)
}

impl Variables<'_> {
    /// Fills in a fingerprint as [`resolve`](Self::resolve) does. Returns a JSON array.
    pub fn resolve_to_json(&self, fingerprint: &[&str]) -> String {
        // Texts: this cannot fail.
        serde_json::to_string(&self.resolve(fingerprint)).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn rules() -> FingerprintRules {
        FingerprintRules::parse("level:a -> {{ level }}, \"é\\\"\" title=\"T\"\nlevel:b -> b")
            .unwrap()
    }

    #[test]
    fn events_are_matched_in_their_order() {
        let events = b"\x93\xc4\x0f{\"level\": \"b\"} \xa2{}\xc4\x09\x81\xa5level\xa1a";
        let found = rules().match_packed(events, UnknownVariable::Keep).unwrap();
        assert_eq!(
            found,
            r#"[{"rule":1,"resolved":["b"],"title":null},null,{"rule":0,"resolved":["a","é\""],"title":"T"}]"#
        );
        let lines = b"{\"level\": \"b\"}\r\n\n  {}\n";
        let found = rules().match_json_lines(lines, UnknownVariable::Keep);
        assert_eq!(
            found.unwrap(),
            r#"[{"rule":1,"resolved":["b"],"title":null},null]"#
        );
        let none = rules().match_packed(b"\x90", UnknownVariable::Keep);
        assert_eq!(none.unwrap(), "[]");
    }

    #[test]
    fn errors_name_the_event() {
        let error = rules()
            .match_packed(b"\x92\xa2{}\xa2[]", UnknownVariable::Keep)
            .unwrap_err();
        let expected = "event 1: expected an event, which is an object, not a list";
        assert_eq!(error.to_string(), expected);
        let error = rules()
            .match_json_lines(b"{}\n\n{", UnknownVariable::Keep)
            .unwrap_err();
        assert_eq!(
            error.to_string(),
            "line 3: not JSON: expected a key in quotes at line 1 column 2"
        );
        assert!(rules().match_packed(b"x", UnknownVariable::Keep).is_err());
        assert!(read_parts(b"\x91\xc4\x01\xff").is_err());
        assert_eq!(read_parts(b"\x92\xa1a\xa0").unwrap(), ["a", ""]);
    }
}
