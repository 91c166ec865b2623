//! Fingerprint rules: which events become one issue.
//!
//! A rule has conditions and a fingerprint. An event that meets the conditions gets the fingerprint.
//! Events with the same fingerprint are one issue. Sentry parses and runs these rules in Python.
//!
//! ```text
//! error.type:DatabaseError                      -> database-error
//! message:"*timed out*" tags.env:prod           -> timeout, {{ stack.function }}
//! family:native path:**/plugins/** !app:no      -> {{ default }}, plugins title="A plugin failed"
//! [ module:retry ] | function:connect           -> connect-after-retry
//! ```
//!
//! Data flows through the modules in this order:
//!
//! ```text
//! text -> parser \          / print  -> text           parses to the same rules
//!                 > rule ->
//! JSON -> stored /          \ stored -> JSON           as Sentry keeps them
//!                            describe -> JSON         each part of each rule
//!
//! text -> format -> text                               the same rules in columns
//! text -> check  -> diagnostics                        every problem at once
//!
//! JSON        \
//!              > reader -> event -> view -> matching   the definition: tries each rule
//! MessagePack /              |               index     the same, without trying all
//!                            |               once      the same, for one event
//!                            |               explain   the same, with reasons
//!                            |               batch     for many events
//!                            |               arrow     for columns of events
//!                            `-> variables             fills in fingerprint and title
//! ```
//!
//! [`first_match`] is the definition of what rules mean: it tries each rule. [`FingerprintRules`] is
//! tested against it. It has an index, which selects the few rules that may match. So an event takes
//! about the same time with 10,000 rules as with 300, from the second event on. The first event of a
//! rule set is matched without the index.
//!
//! These cases surprise:
//!
//! - `type:A value:b` needs one exception that is both, and `function:f module:m` one frame;
//! - if an event has no exception, `!type:A` does not match: there is nothing that is not A;
//! - `message` looks at the values of exceptions, too;
//! - the caller is the frame *after*. In stack trace rules it is the frame before;
//! - `release` is compared as paths are: `*` stops at `/`.
//!
//! # Example
//!
//! ```
//! use ophio::fingerprints::{Event, FingerprintRules, UnknownVariable};
//!
//! let rules = FingerprintRules::parse(
//!     "error.type:Timeout -> timeout, {{ tags.env }} title=\"{{ error.type }} in {{ module }}\"",
//! )?;
//! let json = br#"{
//!     "tags": [["env", "prod"]],
//!     "exception": {"values": [{
//!         "type": "Timeout",
//!         "stacktrace": {"frames": [{"module": "app.db", "in_app": true}]}
//!     }]}
//! }"#;
//! let event = Event::from_json(json)?;
//! let found = rules.match_event(&event, UnknownVariable::Keep).unwrap();
//! assert_eq!(found.resolved, ["timeout", "prod"]);
//! assert_eq!(found.title.as_deref(), Some("Timeout in app.db"));
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

#[cfg(feature = "arrow")]
pub mod arrow;
mod batch;
pub mod check;
mod codes;
mod describe;
mod error;
mod event;
pub mod explain;
mod format;
mod index;
mod key;
mod lints;
mod literal;
mod matching;
mod once;
mod parser;
mod print;
mod rule;
mod rule_set;
mod sdk;
mod stored;
#[cfg(test)]
mod testing;
mod variables;
mod view;
mod writer;

pub use crate::msgpack_array::PackedValuesError;
pub use batch::{read_parts, BatchError};
pub use error::{FingerprintsError, StoredError};
pub use event::{Event, EventError};
pub use format::format_rules;
pub(crate) use key::is_tag_name;
pub use key::{Comparison, Field, Key, Scope, StoredName};
pub use literal::LiteralError;
pub use matching::first_match;
pub use print::NoTextForm;
pub use rule::{Matcher, Neighbor, Rule};
pub use rule_set::{FingerprintMatch, FingerprintRules};
pub use variables::{fingerprint_type, Filling, FingerprintType, UnknownVariable, Variables};

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cases, Random};

    #[test]
    fn nothing_panics() {
        const PIECES: [&str; 40] = [
            "type:",
            "a",
            "->",
            " ",
            "\"",
            "\\",
            "{{",
            "}}",
            "{",
            "}",
            "[",
            "]",
            "|",
            "!",
            "#",
            ",",
            "=",
            "title=\"",
            "\n",
            "\r",
            "\t",
            "\0",
            "é",
            "\u{2028}",
            "😀",
            "tags.",
            "thread.id:1",
            "app:yes",
            "sdk:",
            "*",
            "**",
            "/",
            "[é-",
            "\\x",
            "\\u00e",
            "\\ud83d",
            "\\ude00",
            "\\777",
            ":",
            "-",
        ];
        let mut random = Random::new(81);
        let event =
            Event::from_json(br#"{"stacktrace": {"frames": [{}, {"module": "a"}]}}"#).unwrap();
        for _ in 0..cases(20_000) {
            let text = random.concat(&PIECES, 16);
            let _ = check::check(&text);
            let _ = FingerprintRules::parse(&text);
            let rules = FingerprintRules::parse(&format!("type:a -> x\ntype:{text}"));
            if let Ok(rules) = rules {
                let _ = rules.explain(&event);
                assert_eq!(
                    rules.first_match(&event),
                    first_match(rules.rules(), &event)
                );
                assert_eq!(
                    FingerprintRules::parse(&rules.to_text().unwrap()).unwrap(),
                    rules
                );
            }
            let _ = Variables::new(&event, UnknownVariable::Mark).expand_title(&text);
            let _ = FingerprintRules::from_json(text.as_bytes());
        }
    }

    #[test]
    fn no_event_panics() {
        const PIECES: [&str; 32] = [
            "{",
            "}",
            "[",
            "]",
            ",",
            ":",
            "\"a\"",
            "null",
            "1",
            "true",
            "\"\\u00e9\"",
            "\"\\ud83d\"",
            "é",
            "\"exception\":",
            "\"values\":",
            "\"stacktrace\":",
            "\"frames\":",
            "\"function\":",
            "\"threads\":",
            "\"tags\":",
            "\"logentry\":",
            "\"formatted\":",
            "\"sdk\":",
            "\"name\":",
            "\"type\":",
            "[{",
            "}]",
            "{\"values\":[{",
            "\"in_app\":",
            "\"raw_function\":",
            "[[\"a\",\"b\"]]",
            " ",
        ];
        let rules =
            "type:a value:* -> {{ type }}\nfunction:* -> {{ function }}\n!sdk:x tags.a:b -> x";
        let rules = FingerprintRules::parse(rules).unwrap();
        let mut random = Random::new(82);
        let mut valid = 0;
        for _ in 0..cases(20_000) {
            let json = "{".to_owned() + &random.concat(&PIECES, 10) + "}";
            if let Ok(event) = Event::from_json(json.as_bytes()) {
                let found = rules.match_event(&event, UnknownVariable::Keep);
                assert_eq!(
                    found.map(|found| found.index),
                    first_match(rules.rules(), &event)
                );
                let _ = rules.explain(&event);
                assert!(
                    serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok(),
                    "{json}"
                );
                valid += 1;
            }
        }
        assert!(valid > 200, "{valid}");
        assert!(Event::from_json(b"{\"a\": \"\xff\"}").is_err());
    }
}
