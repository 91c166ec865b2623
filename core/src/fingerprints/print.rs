//! Rules written as text that the parser reads: `parse(to_text(rules)) == rules`.
//!
//! ```text
//! matcher   type:A    message:"two words"    "tags.a:b":c    [ module:a ] |
//! value     database  "two words"  {{ type }}
//! ```
//!
//! What needs no quotes has none. The stored form can hold rules that no text can: without a
//! matcher, with two callers, or with a tag whose name has a space. So what was written is
//! parsed again, and must be the same rule.

use std::fmt::Write;

use thiserror::Error;

use super::literal::write_quoted;
use super::parser;
use super::rule::{Matcher, Neighbor, Rule, TITLE};
use super::stored::sentry_text;
use super::variables;
use crate::functions::is_space;

/// A rule that the text form cannot hold.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("rule {index} ({rule}) cannot be written as text")]
pub struct NoTextForm {
    /// The index of the rule.
    pub index: usize,
    /// The rule as Sentry prints it.
    pub rule: String,
}

/// Writes rules, one a line.
pub(super) fn to_text(rules: &[Rule]) -> Result<String, NoTextForm> {
    let mut text = String::new();
    for (index, rule) in rules.iter().enumerate() {
        let start = text.len();
        write_rule(&mut text, rule);
        if !is_same(&text[start..], rule) {
            let rule = sentry_text(rule);
            return Err(NoTextForm { index, rule });
        }
        text.push('\n');
    }
    Ok(text)
}

/// Whether a text is one rule, and this one.
fn is_same(text: &str, rule: &Rule) -> bool {
    let (mut count, mut same) = (0, true);
    parser::parse(text, |parsed| {
        count += 1;
        same &= parsed.is_ok_and(|parsed| {
            let parsed = parsed.rule;
            parsed.matchers == rule.matchers
                && parsed.fingerprint == rule.fingerprint
                && parsed.title == rule.title
        });
        same
    });
    same && count == 1
}

/// Writes a rule.
pub(super) fn write_rule(text: &mut String, rule: &Rule) {
    write_matchers(text, rule);
    text.push_str(" -> ");
    write_values(text, rule);
}

/// Writes the matchers of a rule.
pub(super) fn write_matchers(text: &mut String, rule: &Rule) {
    for (number, matcher) in rule.matchers.iter().enumerate() {
        let (before, after) = match matcher.neighbor {
            Neighbor::This => ("", ""),
            Neighbor::Caller => ("[ ", " ] |"),
            Neighbor::Callee => ("| [ ", " ]"),
        };
        if number > 0 {
            text.push(' ');
        }
        text.push_str(before);
        write_matcher(text, matcher);
        text.push_str(after);
    }
}

/// Writes what is behind the arrow of a rule.
pub(super) fn write_values(text: &mut String, rule: &Rule) {
    for (number, part) in rule.fingerprint.iter().enumerate() {
        if number > 0 {
            text.push_str(", ");
        }
        write_value(text, part);
    }
    if let Some(title) = &rule.title {
        if !rule.fingerprint.is_empty() {
            text.push(' ');
        }
        let _ = write!(text, "{TITLE}=");
        write_quoted(title, text);
    }
}

fn write_matcher(text: &mut String, matcher: &Matcher) {
    if matcher.negated {
        text.push('!');
    }
    let name = matcher.key.to_string();
    if name.bytes().all(parser::is_name) {
        text.push_str(&name);
    } else {
        let _ = write!(text, "\"{name}\"");
    }
    text.push(':');
    let pattern = &matcher.pattern;
    if pattern.is_empty() || pattern.starts_with('"') || !is_clean(pattern) {
        write_quoted(pattern, text);
    } else {
        text.push_str(pattern);
    }
}

fn write_value(text: &mut String, part: &str) {
    // A variable without white space at its edges, so that it ends where it is seen to end.
    let variable = variables::whole_variable(part);
    let is_variable = variable.is_some_and(|name| !name.contains("}}")) && !part.contains(odd);
    let plain = |byte: u8| parser::is_name(byte) || byte == b'/' || byte == b':';
    if is_variable || (!part.is_empty() && part.bytes().all(plain)) {
        text.push_str(part);
    } else {
        write_quoted(part, text);
    }
}

/// White space that is not a space, and what is not seen.
fn odd(c: char) -> bool {
    c != ' ' && (is_space(c) || c.is_control())
}

/// Whether a pattern without quotes is read and seen as it is.
fn is_clean(pattern: &str) -> bool {
    !pattern.contains(|c: char| is_space(c) || c.is_control())
}

#[cfg(test)]
mod tests {
    use crate::fingerprints::{testing, FingerprintRules};
    use crate::testing::{cases, Random};

    #[test]
    fn what_needs_no_quotes_has_none() {
        for (text, expected) in [
            (r#"error.type:"A" -> "database""#, "type:A -> database\n"),
            (
                r#"!value:"a b"->"a b" {{ type }}"#,
                "!value:\"a b\" -> \"a b\", {{ type }}\n",
            ),
            (r#"type:"" -> """#, "type:\"\" -> \"\"\n"),
            (r#"type:"\"a" -> "\"""#, "type:\"\\\"a\" -> \"\\\"\"\n"),
            (r#"type:a->b -> -"#, "type:a->b -> -\n"),
            (
                r#""tags.a:b":c -> title="T""#,
                "\"tags.a:b\":c -> title=\"T\"\n",
            ),
            (
                "[ type:a ]|thread.id:b |[ !path:c ]->d",
                "[ type:a ] | thread.id:b | [ !path:c ] -> d\n",
            ),
            ("type:a -> {{\ntype }}", "type:a -> \"{{\\ntype }}\"\n"),
            ("type:a -> {{a}},{{b}} }}", "type:a -> \"{{a}},{{b}} }}\"\n"),
        ] {
            let rules = FingerprintRules::parse(text).unwrap();
            assert_eq!(rules.to_text().unwrap(), expected, "{text}");
        }
    }

    #[test]
    fn rules_survive_being_written_as_text_and_stored() {
        let mut random = Random::new(41);
        let mut valid = 0;
        for _ in 0..cases(5_000) {
            let text = testing::text(&mut random);
            let Ok(rules) = FingerprintRules::parse(&text) else {
                continue;
            };
            valid += rules.rules().len();
            let printed = rules
                .to_text()
                .unwrap_or_else(|error| panic!("{text:?}: {error}"));
            assert_eq!(
                FingerprintRules::parse(&printed).unwrap(),
                rules,
                "{printed}"
            );
            let json = rules.to_json();
            assert_eq!(
                FingerprintRules::from_json(json.as_bytes()).unwrap(),
                rules,
                "{json}"
            );
            let json: serde_json::Value = serde_json::from_str(&json).unwrap();
            assert_eq!(json["version"], 1);
        }
        assert!(valid > 3_000, "{valid}");
    }

    #[test]
    fn the_stored_form_can_hold_what_no_text_can() {
        for matchers in [
            "[]",
            r#"[["tags.a b", "c"]]"#,
            r#"[["[type]|", "a"]]"#,
            r#"[["type", "a"], ["[type]|", "a"]]"#,
            r#"[["[type]|", "a"], ["[type]|", "a"], ["type", "a"]]"#,
        ] {
            let json =
                format!(r#"{{"rules": [{{"matchers": {matchers}, "fingerprint": ["a"]}}]}}"#);
            let rules = FingerprintRules::from_json(json.as_bytes()).unwrap();
            assert_eq!(rules.to_text().unwrap_err().index, 0, "{matchers}");
        }
    }
}
