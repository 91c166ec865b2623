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

use super::error::{FingerprintsError, StoredError};
use super::key::Key;
use super::rule::{Matcher, Neighbor, Rule, TITLE};
use super::writer::write_text;
use crate::limits::Limit;
use crate::reader::{json, ReadError, Source};
use smol_str::SmolStr;

/// The only version.
const VERSION: &str = "1";

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
    read_rules(json).map_err(|error| match error.limit() {
        Some(error) => error.into(),
        None => StoredError(error.to_string()).into(),
    })
}

fn read_rules(json: &[u8]) -> Result<Vec<Rule>, ReadError> {
    let mut reader = json::Reader::strict(json)?;
    let reader: &mut Source<'_> = &mut reader;
    if !reader.is_object() {
        return Err(reader.unexpected("an object").within("the rules".into()));
    }
    let mut rules = None;
    reader.object(&mut |reader, key| {
        match key {
            "version" => {
                let is_text = reader.is_text();
                let version = reader.text()?.unwrap_or("null".into());
                if is_text || version != VERSION {
                    let message = format!("{version} is not supported, only {VERSION} is");
                    return Err(ReadError::new(message));
                }
            }
            "rules" => {
                let mut read = Vec::new();
                elements(reader, "a list", &mut |reader| {
                    Limit::Rules.check(read.len() + 1)?;
                    read.push(read_rule(reader)?);
                    Ok(())
                })?;
                rules = Some(read);
            }
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    reader.end()?;
    rules.ok_or_else(|| missing("rules"))
}

fn read_rule(reader: &mut Source<'_>) -> Result<Rule, ReadError> {
    if !reader.is_object() {
        return Err(reader.unexpected("an object"));
    }
    let (mut matchers, mut fingerprint) = (None, None);
    let (mut title, mut is_builtin) = (None, false);
    reader.object(&mut |reader, key| {
        match key {
            "matchers" => {
                let mut read = Vec::new();
                elements(reader, "a list", &mut |reader| {
                    read.push(read_matcher(reader)?);
                    Ok(())
                })?;
                matchers = Some(read);
            }
            "fingerprint" => {
                let mut read = Vec::new();
                elements(reader, "a list", &mut |reader| {
                    read.push(text(reader)?);
                    Ok(())
                })?;
                fingerprint = Some(read);
            }
            "attributes" => title = read_title(reader)?,
            "is_builtin" => is_builtin = read_boolean(reader)?,
            _ => reader.skip()?,
        }
        Ok(())
    })?;
    Ok(Rule {
        matchers: matchers.ok_or_else(|| missing("matchers"))?,
        fingerprint: fingerprint.ok_or_else(|| missing("fingerprint"))?,
        title,
        is_builtin,
    })
}

/// Reads attributes, of which the title is the only one.
fn read_title(reader: &mut Source<'_>) -> Result<Option<SmolStr>, ReadError> {
    let mut title = None;
    if reader.null()? {
        return Ok(title);
    }
    if !reader.is_object() {
        return Err(reader.unexpected("an object"));
    }
    reader.object(&mut |reader, key| {
        if key != TITLE {
            return Err(ReadError::new("unknown attribute"));
        }
        title = if reader.null()? {
            None
        } else {
            Some(text(reader)?)
        };
        Ok(())
    })?;
    Ok(title)
}

fn read_boolean(reader: &mut Source<'_>) -> Result<bool, ReadError> {
    if reader.null()? {
        return Ok(false);
    }
    if !reader.is_boolean() {
        return Err(reader.unexpected("a boolean"));
    }
    Ok(reader.boolean()? == Some(true))
}

fn read_matcher(reader: &mut Source<'_>) -> Result<Matcher, ReadError> {
    const PAIR: &str = "a pair of name and pattern";
    let mut pair = [const { None }; 2];
    let mut count = 0;
    elements(reader, PAIR, &mut |reader| {
        let read = text(reader)?;
        if let Some(place) = pair.get_mut(count) {
            *place = Some(read);
        }
        count += 1;
        Ok(())
    })?;
    let (2, [Some(name), Some(pattern)]) = (count, pair) else {
        return Err(ReadError::unexpected(PAIR, &format!("{count} texts")));
    };
    let inside = |before: &str, after: &str| name.strip_prefix(before)?.strip_suffix(after);
    let (neighbor, inner) = match (inside("[", "]|"), inside("|[", "]")) {
        (Some(inner), _) => (Neighbor::Caller, inner),
        (_, Some(inner)) => (Neighbor::Callee, inner),
        _ => (Neighbor::This, name.as_str()),
    };
    // Sentry cuts any number of them.
    let plain = inner.trim_start_matches('!');
    let Some(key) = Key::from_stored_name(plain) else {
        return Err(ReadError::new(format!("Unknown matcher `{plain}`")));
    };
    Ok(Matcher {
        key,
        pattern,
        negated: inner.len() > plain.len(),
        neighbor,
    })
}

/// Reads a list: calls `read` for each element, which must read it.
fn elements(
    reader: &mut Source<'_>,
    expected: &str,
    read: &mut dyn FnMut(&mut Source<'_>) -> Result<(), ReadError>,
) -> Result<(), ReadError> {
    if !reader.is_list() {
        return Err(reader.unexpected(expected));
    }
    reader.list(read).map(drop)
}

fn text(reader: &mut Source<'_>) -> Result<SmolStr, ReadError> {
    if !reader.is_text() {
        return Err(reader.unexpected("a text"));
    }
    let text = reader.text()?.unwrap_or_default();
    Limit::PatternBytes.check(text.len())?;
    Ok(SmolStr::new(text))
}

/// The error for a list that is not there.
fn missing(name: &str) -> ReadError {
    ReadError::unexpected("a list", "nothing").within(name.to_owned())
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
                "version: 2 is not supported, only 1 is",
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
                "rules[0].matchers[0]: expected a pair of name and pattern, not 1 texts",
            ),
            (
                r#"{"rules": [{"matchers": [], "fingerprint": [1]}]}"#,
                "rules[0].fingerprint[0]: expected a text, not a number",
            ),
            (
                r#"{"rules": [{"matchers": [], "fingerprint": [], "attributes": {"x": ""}}]}"#,
                "rules[0].attributes.x: unknown attribute",
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
