//! Many events in one call, with the matches as JSON.
//!
//! ```text
//! MessagePack array of events, each in a text or binary \
//!                                                         > [null, {"rule": 3, ...}, ...]
//! JSON, one event a line                                /
//! ```
//!
//! The results are in the order of the events. A call fails at the first event that cannot be read:
//! if it left out one result, the results after it would belong to other events.

use thiserror::Error;

use super::event::{Event, EventError};
use super::rule_set::{FingerprintMatch, FingerprintRules};
use super::variables::{Filling, Variables};
use super::writer::Json;
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

impl FingerprintMatch<'_> {
    /// Writes the match as a JSON object: `rule` (its index), `resolved` and `title`.
    pub fn to_json(&self) -> String {
        let mut json = Json::default();
        write(&mut json, Some(self));
        json.finish()
    }
}

fn write(json: &mut Json, found: Option<&FingerprintMatch<'_>>) {
    let Some(found) = found else {
        return json.null();
    };
    json.object(|json| {
        json.key("rule").number(found.index);
        json.key("resolved").texts(&found.resolved);
        json.key("title").maybe_text(found.title.as_deref());
    });
}

impl FingerprintRules {
    /// Matches many events, each JSON or MessagePack, in a MessagePack array of binaries or
    /// texts. Returns a JSON array with `null` or a match for each of them.
    ///
    /// # Errors
    ///
    /// Fails if the buffer is malformed, or an event in it.
    pub fn match_packed<'f>(
        &self,
        events: &[u8],
        filling: impl Into<Filling<'f>>,
    ) -> Result<String, BatchError> {
        let mut listed = Vec::new();
        msgpack_array::for_each(events, |event| {
            listed.push(event);
            Ok(())
        })?;
        let events = listed.into_iter().enumerate().map(|(index, event)| {
            Event::read(event).map_err(|error| BatchError::Event { index, error })
        });
        self.match_all(events, filling.into())
    }

    /// Matches many events, one a line of JSON. Empty lines are skipped. Returns a JSON array
    /// with `null` or a match for each event.
    ///
    /// # Errors
    ///
    /// Fails with the first line that is not an event.
    pub fn match_json_lines<'f>(
        &self,
        json: &[u8],
        filling: impl Into<Filling<'f>>,
    ) -> Result<String, BatchError> {
        let lines = (1..).zip(json.split(|&byte| byte == b'\n'));
        let lines = lines.map(|(line, event)| (line, event.trim_ascii()));
        let events = lines
            .filter(|(_, event)| !event.is_empty())
            .map(|(line, event)| {
                Event::from_json(event).map_err(|error| BatchError::Line { line, error })
            });
        self.match_all(events, filling.into())
    }

    fn match_all<'e>(
        &self,
        events: impl Iterator<Item = Result<Event<'e>, BatchError>>,
        filling: Filling<'_>,
    ) -> Result<String, BatchError> {
        let mut failed = None;
        let events = events.map_while(|event| event.map_err(|error| failed = Some(error)).ok());
        let mut json = Json::default();
        json.list(events, |json, event| {
            write(json, self.match_event(&event, filling).as_ref());
        });
        match failed {
            Some(error) => Err(error),
            None => Ok(json.finish()),
        }
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
        let mut json = Json::default();
        json.texts(&self.resolve(fingerprint));
        json.finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprints::UnknownVariable;

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
