//! The stored form: JSON, as Sentry keeps rules.
//!
//! ```text
//! {"version": 1, "rules": [{
//!     "text": "!type:\"A\" -> \"x{{ module }}\" title=\"T\"",
//!     "matchers": [["!type", "A"]],
//!     "fingerprint": ["x", "{{ module }}"],
//!     "attributes": {"title": "T"},
//!     "is_builtin": true                          only if it is
//! }]}
//! ```
//!
//! `text` is the rule as Sentry prints it. Nothing in it is escaped, and parts of a fingerprint
//! follow each other, so it may not parse again: [`FingerprintRules::to_text`] prints rules
//! that do. Readers ignore it.
//!
//! A caller matcher has the name `[type]|` and a callee matcher `|[type]`. Sentry's own reader
//! does not accept these, nor the stored names of thread matchers; this one does.
//!
//! [`FingerprintRules::to_text`]: super::FingerprintRules::to_text

use std::fmt::Write;

use serde_json::Value;
use smol_str::SmolStr;
use thiserror::Error;

use super::error::FingerprintsError;
use super::key::Key;
use super::rule::{Matcher, Neighbor, Rule, TITLE};
use crate::limits::Limit;

/// The only version.
const VERSION: u64 = 1;

/// A stored form that is malformed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("invalid fingerprint rules: {0}")]
pub struct StoredError(String);

impl StoredError {
    fn new(message: impl Into<String>) -> Self {
        Self(message.into())
    }

    /// The error for a value of another kind than expected.
    fn unexpected(path: &str, expected: &str, found: Option<&Value>) -> Self {
        let found = match found {
            None => "nothing",
            Some(Value::Null) => "null",
            Some(Value::Bool(_)) => "a boolean",
            Some(Value::Number(_)) => "a number",
            Some(Value::String(_)) => "a text",
            Some(Value::Array(_)) => "a list",
            Some(Value::Object(_)) => "an object",
        };
        Self(format!("{path}: expected {expected}, not {found}"))
    }
}

/// Writes rules as JSON.
pub(super) fn to_json(rules: &[Rule]) -> String {
    let mut json = format!(r#"{{"version":{VERSION},"rules":["#);
    for (number, rule) in rules.iter().enumerate() {
        if number > 0 {
            json.push(',');
        }
        write_rule(&mut json, rule);
    }
    json.push_str("]}");
    json
}

/// Returns a rule as Sentry prints it.
pub(super) fn sentry_text(rule: &Rule) -> String {
    let mut text = String::new();
    for (number, matcher) in rule.matchers.iter().enumerate() {
        let (before, after) = match matcher.neighbor {
            Neighbor::This => ("", ""),
            Neighbor::Caller => ("[ ", " ] |"),
            Neighbor::Callee => ("| [ ", " ]"),
        };
        let space = if number > 0 { " " } else { "" };
        let not = if matcher.negated { "!" } else { "" };
        let (name, pattern) = (matcher.key.stored_name(), &matcher.pattern);
        let _ = write!(text, "{space}{before}{not}{name}:\"{pattern}\"{after}");
    }
    let _ = write!(text, " -> \"{}\"", rule.fingerprint.concat());
    for (name, value) in rule.attributes() {
        let _ = write!(text, " {name}=\"{value}\"");
    }
    text
}

fn write_rule(json: &mut String, rule: &Rule) {
    json.push_str(r#"{"text":"#);
    write_text(json, &sentry_text(rule));
    json.push_str(r#","matchers":["#);
    for (number, matcher) in rule.matchers.iter().enumerate() {
        json.push_str(if number > 0 { ",[" } else { "[" });
        write_text(json, &matcher_name(matcher));
        json.push(',');
        write_text(json, &matcher.pattern);
        json.push(']');
    }
    json.push_str(r#"],"fingerprint":["#);
    for (number, part) in rule.fingerprint.iter().enumerate() {
        if number > 0 {
            json.push(',');
        }
        write_text(json, part);
    }
    json.push_str(r#"],"attributes":{"#);
    for (number, (name, value)) in rule.attributes().enumerate() {
        if number > 0 {
            json.push(',');
        }
        write_text(json, name);
        json.push(':');
        write_text(json, value);
    }
    json.push('}');
    if rule.is_builtin {
        json.push_str(r#","is_builtin":true"#);
    }
    json.push('}');
}

/// Writes a text of JSON.
pub(super) fn write_text(json: &mut String, text: &str) {
    json.push('"');
    for c in text.chars() {
        match c {
            '"' => json.push_str("\\\""),
            '\\' => json.push_str("\\\\"),
            '\n' => json.push_str("\\n"),
            '\r' => json.push_str("\\r"),
            '\t' => json.push_str("\\t"),
            c if u32::from(c) < 0x20 => {
                let _ = write!(json, "\\u{:04x}", u32::from(c));
            }
            c => json.push(c),
        }
    }
    json.push('"');
}

fn matcher_name(matcher: &Matcher) -> String {
    let not = if matcher.negated { "!" } else { "" };
    let name = matcher.key.stored_name();
    match matcher.neighbor {
        Neighbor::This => format!("{not}{name}"),
        Neighbor::Caller => format!("[{not}{name}]|"),
        Neighbor::Callee => format!("|[{not}{name}]"),
    }
}

/// Reads rules from JSON.
pub(super) fn from_json(json: &[u8]) -> Result<Vec<Rule>, FingerprintsError> {
    Limit::RuleBytes.check(json.len())?;
    let value: Value =
        serde_json::from_slice(json).map_err(|error| StoredError::new(error.to_string()))?;
    let Value::Object(structure) = &value else {
        return Err(StoredError::unexpected("the rules", "an object", Some(&value)).into());
    };
    match structure.get("version") {
        None => {}
        Some(version) if version.as_u64() == Some(VERSION) => {}
        Some(version) => {
            let message = format!("version {version} is not supported, only {VERSION} is");
            return Err(StoredError::new(message).into());
        }
    }
    let rules = list("rules", structure.get("rules"))?;
    Limit::Rules.check(rules.len())?;
    let rules = rules.iter().enumerate();
    rules
        .map(|(number, rule)| read_rule(&format!("rules[{number}]"), rule))
        .collect()
}

fn read_rule(path: &str, rule: &Value) -> Result<Rule, FingerprintsError> {
    if !rule.is_object() {
        return Err(StoredError::unexpected(path, "an object", Some(rule)).into());
    }
    let mut matchers = Vec::new();
    let listed = list(&format!("{path}.matchers"), rule.get("matchers"))?;
    for (number, matcher) in listed.iter().enumerate() {
        matchers.push(read_matcher(
            &format!("{path}.matchers[{number}]"),
            matcher,
        )?);
    }
    let mut fingerprint = Vec::new();
    let parts = list(&format!("{path}.fingerprint"), rule.get("fingerprint"))?;
    for (number, part) in parts.iter().enumerate() {
        fingerprint.push(text(&format!("{path}.fingerprint[{number}]"), part)?);
    }
    let mut title = None;
    match rule.get("attributes") {
        None | Some(Value::Null) => {}
        Some(Value::Object(attributes)) => {
            for (name, value) in attributes {
                let path = format!("{path}.attributes");
                if name != TITLE {
                    let message = format!("{path}: Unknown attribute `{name}`");
                    return Err(StoredError::new(message).into());
                }
                if !value.is_null() {
                    title = Some(text(&format!("{path}.{name}"), value)?);
                }
            }
        }
        other => {
            let path = format!("{path}.attributes");
            return Err(StoredError::unexpected(&path, "an object", other).into());
        }
    }
    let is_builtin = match rule.get("is_builtin") {
        None | Some(Value::Null) => false,
        Some(Value::Bool(is_builtin)) => *is_builtin,
        other => {
            let path = format!("{path}.is_builtin");
            return Err(StoredError::unexpected(&path, "a boolean", other).into());
        }
    };
    Ok(Rule {
        matchers,
        fingerprint,
        title,
        is_builtin,
    })
}

fn read_matcher(path: &str, matcher: &Value) -> Result<Matcher, FingerprintsError> {
    let pair = matcher.as_array().map(Vec::as_slice);
    let Some([name, pattern]) = pair else {
        let expected = "a pair of name and pattern";
        return Err(StoredError::unexpected(path, expected, Some(matcher)).into());
    };
    let (name, pattern) = (text(path, name)?, text(path, pattern)?);
    let inside = |before: &str, after: &str| name.strip_prefix(before)?.strip_suffix(after);
    let (neighbor, inner) = match (inside("[", "]|"), inside("|[", "]")) {
        (Some(inner), _) => (Neighbor::Caller, inner),
        (_, Some(inner)) => (Neighbor::Callee, inner),
        _ => (Neighbor::This, name.as_str()),
    };
    // Sentry cuts any number of them.
    let plain = inner.trim_start_matches('!');
    let Some(key) = Key::from_stored_name(plain) else {
        return Err(StoredError::new(format!("{path}: Unknown matcher `{plain}`")).into());
    };
    Ok(Matcher {
        key,
        pattern,
        negated: inner.len() > plain.len(),
        neighbor,
    })
}

fn list<'v>(path: &str, value: Option<&'v Value>) -> Result<&'v [Value], StoredError> {
    match value {
        Some(Value::Array(elements)) => Ok(elements),
        other => Err(StoredError::unexpected(path, "a list", other)),
    }
}

fn text(path: &str, value: &Value) -> Result<SmolStr, FingerprintsError> {
    let Value::String(text) = value else {
        return Err(StoredError::unexpected(path, "a text", Some(value)).into());
    };
    Limit::PatternBytes.check(text.len())?;
    Ok(SmolStr::new(text))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprints::FingerprintRules;

    #[test]
    fn rules_are_stored_as_sentry_stores_them() {
        let text =
            "[ thread.id:1 ] | !error.type:\"a\\\"b\" | [ !path:c ] -> x {{ type }} title=\"é\\n\"";
        let rules = FingerprintRules::parse(text).unwrap();
        let json = rules.to_json();
        assert_eq!(
            json,
            r#"{"version":1,"rules":[{"text":"[ thread_id:\"1\" ] | !type:\"a\"b\" | [ !path:\"c\" ] -> \"x{{ type }}\" title=\"é\n\"","#
                .to_owned()
                + r#""matchers":[["[thread_id]|","1"],["!type","a\"b"],["|[!path]","c"]],"#
                + r#""fingerprint":["x","{{ type }}"],"attributes":{"title":"é\n"}}]}"#
        );
        assert_eq!(FingerprintRules::from_json(json.as_bytes()).unwrap(), rules);
    }

    #[test]
    fn rules_of_other_versions_and_of_sentry_are_read() {
        let json = r#"{"rules": [{"matchers": [["!!stack.module", "a"], ["tags.b c", ""]], "fingerprint": [],
            "attributes": null, "is_builtin": true, "other": 1}]}"#;
        let rules = FingerprintRules::from_json(json.as_bytes()).unwrap();
        let rule = &rules.rules()[0];
        assert!(rule.is_builtin && rule.matchers[0].negated);
        assert_eq!(rule.matchers[1].key, Key::Tag("b c".into()));
        let again = FingerprintRules::from_json(rules.to_json().as_bytes());
        assert_eq!(again.unwrap(), rules);
    }

    #[test]
    fn errors_name_the_field() {
        for (json, expected) in [
            ("[]", "the rules: expected an object, not a list"),
            ("{}", "rules: expected a list, not nothing"),
            (
                r#"{"version": 2, "rules": []}"#,
                "version 2 is not supported, only 1 is",
            ),
            (
                r#"{"rules": [1]}"#,
                "rules[0]: expected an object, not a number",
            ),
            (
                r#"{"rules": [{"matchers": [["nope", "a"]], "fingerprint": []}]}"#,
                "rules[0].matchers[0]: Unknown matcher `nope`",
            ),
            (
                r#"{"rules": [{"matchers": [["type"]], "fingerprint": []}]}"#,
                "rules[0].matchers[0]: expected a pair of name and pattern, not a list",
            ),
            (
                r#"{"rules": [{"matchers": [], "fingerprint": [1]}]}"#,
                "rules[0].fingerprint[0]: expected a text, not a number",
            ),
            (
                r#"{"rules": [{"matchers": [], "fingerprint": [], "attributes": {"x": ""}}]}"#,
                "rules[0].attributes: Unknown attribute `x`",
            ),
        ] {
            let error = FingerprintRules::from_json(json.as_bytes()).unwrap_err();
            assert_eq!(
                error.to_string(),
                format!("invalid fingerprint rules: {expected}")
            );
        }
        let error = FingerprintRules::from_json(b"{").unwrap_err();
        assert!(matches!(error, FingerprintsError::Stored(_)));
    }
}
