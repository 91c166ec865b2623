//! The binary form of rules, the "config structure": how Sentry stores them.
//!
//! MessagePack, with one letter for each kind of matcher and bits for flags:
//!
//! ```text
//! [version, bases, [[matchers, actions], ...]]
//!
//! "[!ffoo]|"  caller, negated, function, foo       "|[FNJ]"  callee, family native,javascript
//! "a1"        app:yes, however it is written       "a0"      app:no
//! 0x401       bits 8 up: range and flag (4: ^-), low bits: 1 is app
//! ["max-frames", 3]
//! ```
//!
//! The input is untrusted. Memory is allocated as bytes arrive, not for the lengths that the
//! input states, and `rmp-serde` limits the depth.

use serde::{Deserialize, Serialize};
use smol_str::SmolStr;

use crate::enhancements::action::{Action, FlagAction, FlagKind, Range, VarAction};
use crate::enhancements::error::ConfigStructureError;
use crate::enhancements::family::Families;
use crate::enhancements::fields::Subject;
use crate::enhancements::matcher::{FrameMatcher, FrameTest, Matcher, Offset};
use crate::enhancements::rule::Rule;
use crate::limits::Limit;

/// The supported versions. They differ only in the names that `bases` may have.
const VERSIONS: [u64; 2] = [2, 3];

#[derive(Debug, Serialize, Deserialize)]
struct EncodedEnhancements(u64, Vec<String>, Vec<EncodedRule>);

#[derive(Debug, Serialize, Deserialize)]
struct EncodedRule(Vec<String>, Vec<EncodedAction>);

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum EncodedAction {
    Flag(u64),
    Var(String, EncodedValue),
}

#[derive(Debug, Serialize, Deserialize)]
#[serde(untagged)]
enum EncodedValue {
    Int(u64),
    Bool(bool),
    Str(SmolStr),
}

/// How the reader treats the letter of the family `other`.
///
/// The package `sentry-ophio` 1.2.0 writes the letter but ignores it when it reads rules, so a
/// stored rule with `family:other` never matches there. If the letter is read, such rules begin to
/// match.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum OtherFamily {
    /// It is read as the family `other`.
    #[default]
    Read,
    /// It is ignored, as in 1.2.0.
    Ignore,
}

/// The content of a structure.
#[derive(Debug)]
pub(in crate::enhancements) struct Decoded {
    /// The names of the base rule sets.
    pub(in crate::enhancements) bases: Vec<String>,
    /// The rules in order.
    pub(in crate::enhancements) rules: Vec<Rule>,
}

/// Reads rules. Bytes after the structure are ignored.
pub(in crate::enhancements) fn decode(
    input: &[u8],
    other: OtherFamily,
) -> Result<Decoded, ConfigStructureError> {
    let mut deserializer = rmp_serde::Deserializer::from_read_ref(input);
    let EncodedEnhancements(version, bases, rules) = Deserialize::deserialize(&mut deserializer)
        .map_err(|err| ConfigStructureError::Structure(err.to_string()))?;
    if !VERSIONS.contains(&version) {
        return Err(ConfigStructureError::Version(version));
    }
    let rules = rules
        .into_iter()
        .enumerate()
        .map(|(index, EncodedRule(matchers, actions))| {
            let matchers = matchers
                .iter()
                .map(|text| {
                    Limit::PatternBytes.check(text.len())?;
                    decode_matcher(text, other).map_err(|reason| ConfigStructureError::Matcher {
                        rule: index,
                        matcher: text.clone(),
                        reason,
                    })
                })
                .collect::<Result<_, _>>()?;
            let actions = actions
                .into_iter()
                .map(|action| decode_action(action, index))
                .collect::<Result<_, _>>()?;
            Ok(Rule::new(matchers, actions))
        })
        .collect::<Result<_, ConfigStructureError>>()?;
    Ok(Decoded { bases, rules })
}

/// Writes rules.
pub(in crate::enhancements) fn encode<'a>(
    rules: impl IntoIterator<Item = &'a Rule>,
    version: u64,
    bases: &[String],
) -> Result<Vec<u8>, ConfigStructureError> {
    if !VERSIONS.contains(&version) {
        return Err(ConfigStructureError::Version(version));
    }
    let rules = rules.into_iter().map(encode_rule).collect();
    rmp_serde::to_vec(&EncodedEnhancements(version, bases.to_vec(), rules))
        .map_err(|err| ConfigStructureError::Structure(err.to_string()))
}

fn encode_rule(rule: &Rule) -> EncodedRule {
    let exceptions = rule.exception_matchers().iter().map(|matcher| {
        let bang = if matcher.negated { "!" } else { "" };
        let letter = Subject::Exception(matcher.field).letter();
        format!("{bang}{letter}{}", matcher.pattern.as_str())
    });
    let frames = rule.frame_matchers().iter().map(encode_frame_matcher);
    EncodedRule(
        exceptions.chain(frames).collect(),
        rule.actions().iter().map(encode_action).collect(),
    )
}

fn encode_frame_matcher(matcher: &FrameMatcher) -> String {
    let (open, close) = match matcher.offset {
        Offset::Caller => ("[", "]|"),
        Offset::This => ("", ""),
        Offset::Callee => ("|[", "]"),
    };
    let bang = if matcher.negated { "!" } else { "" };
    let letter = matcher.test.subject().letter();
    let argument = match &matcher.test {
        FrameTest::Family { raw, .. } => raw.split(',').filter_map(family_letter).collect(),
        // Sentry writes a digit for each spelling of a boolean, and nothing for an argument that is
        // not a boolean.
        FrameTest::App { expected, .. } => match expected {
            Some(true) => "1".to_owned(),
            Some(false) => "0".to_owned(),
            None => String::new(),
        },
        test @ (FrameTest::Category(_) | FrameTest::Text(..)) => test.argument().to_owned(),
    };
    format!("{open}{bang}{letter}{argument}{close}")
}

fn family_letter(name: &str) -> Option<char> {
    let mut known = Families::NAMED.into_iter();
    known.find_map(|(other, letter, _)| (other == name).then_some(letter))
}

fn family_name(letter: char) -> Option<&'static str> {
    let mut known = Families::NAMED.into_iter();
    known.find_map(|(name, other, _)| (other == letter).then_some(name))
}

fn decode_matcher(text: &str, other: OtherFamily) -> Result<Matcher, String> {
    let between = |open, close| text.strip_prefix(open)?.strip_suffix(close);
    let (offset, inner) = if let Some(inner) = between("|[", "]") {
        (Offset::Callee, inner)
    } else if let Some(inner) = between("[", "]|") {
        (Offset::Caller, inner)
    } else {
        (Offset::This, text)
    };
    let (negated, inner) = match inner.strip_prefix('!') {
        Some(rest) => (true, rest),
        None => (false, inner),
    };
    let mut chars = inner.chars();
    let letter = chars.next().ok_or("it is empty")?;
    let argument = chars.as_str();
    let subject =
        Subject::from_letter(letter).ok_or_else(|| format!("unknown letter `{letter}`"))?;
    let matcher = if subject == Subject::Family {
        let names: Vec<_> = argument
            .chars()
            .filter_map(family_name)
            .filter(|name| *name != "other" || other == OtherFamily::Read)
            .collect();
        Matcher::new(subject, negated, offset, &names.join(","))
    } else {
        Matcher::new(subject, negated, offset, argument)
    };
    matcher.map_err(|err| err.to_string())
}

fn encode_action(action: &Action) -> EncodedAction {
    match action {
        Action::Flag(FlagAction { flag, kind, range }) => {
            let kind = match kind {
                FlagKind::Group => 0,
                FlagKind::App => 1,
            };
            let range = match range {
                Range::This => 0,
                Range::Up => 1,
                Range::Down => 2,
            };
            let sign = if *flag { 0 } else { 3 };
            EncodedAction::Flag(kind | (range + sign) << 8)
        }
        Action::Var(var) => {
            let (name, value) = match var {
                VarAction::MinFrames(n) => ("min-frames", EncodedValue::Int(*n)),
                VarAction::MaxFrames(n) => ("max-frames", EncodedValue::Int(*n)),
                VarAction::InvertStacktrace(b) => ("invert-stacktrace", EncodedValue::Bool(*b)),
                VarAction::Category(name) => ("category", EncodedValue::Str(name.clone())),
            };
            EncodedAction::Var(name.to_owned(), value)
        }
    }
}

fn decode_action(action: EncodedAction, rule: usize) -> Result<Action, ConfigStructureError> {
    let error = |action: String, reason: &str| ConfigStructureError::Action {
        rule,
        action,
        reason: reason.to_owned(),
    };
    match action {
        EncodedAction::Flag(bits) => {
            let kind = match bits & 0xf {
                0 => FlagKind::Group,
                1 => FlagKind::App,
                _ => return Err(error(bits.to_string(), "unknown flag")),
            };
            let (range, flag) = match bits >> 8 {
                0 => (Range::This, true),
                1 => (Range::Up, true),
                2 => (Range::Down, true),
                3 => (Range::This, false),
                4 => (Range::Up, false),
                5 => (Range::Down, false),
                _ => return Err(error(bits.to_string(), "unknown range")),
            };
            Ok(Action::Flag(FlagAction { flag, kind, range }))
        }
        EncodedAction::Var(name, value) => {
            let var = match (name.as_str(), value) {
                ("min-frames", EncodedValue::Int(n)) => VarAction::MinFrames(n),
                ("max-frames", EncodedValue::Int(n)) => VarAction::MaxFrames(n),
                ("invert-stacktrace", EncodedValue::Bool(b)) => VarAction::InvertStacktrace(b),
                ("category", EncodedValue::Str(s)) => VarAction::Category(s),
                (name @ ("min-frames" | "max-frames"), _) => {
                    return Err(error(name.to_owned(), "expected an unsigned number"));
                }
                ("invert-stacktrace", _) => return Err(error(name, "expected a boolean")),
                ("category", _) => return Err(error(name, "expected a text")),
                _ => return Err(error(name, "unknown variable")),
            };
            Ok(Action::Var(var))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::text::parser::parse_rule;

    fn bytes(rules: &[(&[&str], &[EncodedAction])]) -> Vec<u8> {
        let rules: Vec<_> = rules.iter().collect();
        rmp_serde::to_vec(&(2, Vec::<String>::new(), rules)).unwrap()
    }

    fn decode_one(matcher: &str) -> Result<String, String> {
        decode(
            &bytes(&[(&[matcher], &[EncodedAction::Flag(0x300)])]),
            OtherFamily::Read,
        )
        .map(|decoded| decoded.rules[0].to_string())
        .map_err(|err| err.to_string())
    }

    #[test]
    fn matchers_are_read() {
        for (matcher, expected) in [
            ("fa", "function:a -group"),
            ("!mA", "!module:A -group"),
            ("[pa]|", "[path:a] | -group"),
            ("|[!Pa]", "| [!package:a] -group"),
            ("FNJaO", "family:native,javascript,all,other -group"),
            ("FxN", "family:native -group"),
            ("f", "function: -group"),
            ("a1", "app:1 -group"),
            ("[tx]|", "type:x -group"),
            ("cx", "category:x -group"),
            ("fa]|", "function:a]| -group"),
        ] {
            assert_eq!(decode_one(matcher).as_deref(), Ok(expected), "{matcher:?}");
        }
    }

    #[test]
    fn booleans_are_written_as_sentry_stores_them() {
        for (text, expected) in [
            ("app:1", "a1"),
            ("app:yes", "a1"),
            ("app:true", "a1"),
            ("!app:0", "!a0"),
            ("[ app:no ] | function:f", "[a0]|"),
            ("function:f | [ !app:false ]", "|[!a0]"),
            ("app:maybe", "a"),
            ("app:\"\"", "a"),
            ("function:yes", "fyes"),
            ("category:true", "ctrue"),
        ] {
            let rule = parse_rule(&format!("{text} -group"), 1).unwrap();
            let EncodedRule(matchers, _) = encode_rule(&rule);
            assert!(
                matchers.contains(&expected.to_owned()),
                "{text}: {matchers:?}"
            );
        }
    }

    #[test]
    fn the_family_other_is_ignored_on_request() {
        let rules = bytes(&[(&["FNO"], &[EncodedAction::Flag(0x300)])]);
        for (other, expected) in [
            (OtherFamily::Read, "family:native,other -group"),
            (OtherFamily::Ignore, "family:native -group"),
        ] {
            assert_eq!(
                decode(&rules, other).unwrap().rules[0].to_string(),
                expected
            );
        }
    }

    #[test]
    fn malformed_matchers_are_errors() {
        for matcher in [
            "", "!", "[]|", "|[]", "é", "!é", "[é]|", "[fa", "[fa|", "|[fa]|", "!!fa", "![fa]|",
            "xa", "t[",
        ] {
            let message = decode_one(matcher).unwrap_err();
            assert!(message.starts_with("Invalid syntax "), "{message}");
            assert!(message.contains(&format!("`{matcher}`")), "{message}");
        }
    }

    #[test]
    fn malformed_structures_are_errors() {
        for input in [
            &b""[..],
            b"\xc1",
            b"\x93",
            b"\x92\x02\x90",
            b"\x94\x02\x90\x90\x90",
            b"\x93\x01\x90\x90",
            b"\x93\x02\x91\x01\x90",
            b"\xdd\xff\xff\xff\xff",
            b"\x93\x02\x90\xdd\xff\xff\xff\xff",
        ] {
            let message = decode(input, OtherFamily::Read).unwrap_err().to_string();
            assert!(message.starts_with("Invalid syntax "), "{message}");
        }
        assert_eq!(
            decode(b"\x93\x03\x90\x90trailing", OtherFamily::Read).map(|r| r.rules.len()),
            Ok(0)
        );
    }

    #[test]
    fn malformed_actions_are_errors() {
        for action in [
            EncodedAction::Flag(0x302),
            EncodedAction::Flag(0x600),
            EncodedAction::Flag(u64::MAX),
            EncodedAction::Var("max-frames".into(), EncodedValue::Bool(true)),
            EncodedAction::Var("invert-stacktrace".into(), EncodedValue::Int(1)),
            EncodedAction::Var("category".into(), EncodedValue::Int(1)),
            EncodedAction::Var("foo".into(), EncodedValue::Int(1)),
        ] {
            let message = decode(&bytes(&[(&["fa"], &[action])]), OtherFamily::Read)
                .unwrap_err()
                .to_string();
            assert!(message.starts_with("Invalid syntax "), "{message}");
        }
    }

    #[test]
    fn what_is_encoded_is_decoded_to_the_same() {
        for line in [
            "function:a +app",
            "[ !family:native,other ] | !path:**/x app:yes category:c | [ package:p ] ^-group v+app",
            "type:x !value:y mechanism:\"a b\" module:m max-frames=3 min-frames=1 category=z",
            "function:\u{e9}[ invert-stacktrace=no invert-stacktrace=yes",
        ] {
            let rule = parse_rule(line, 1).unwrap();
            for version in VERSIONS {
                let encoded = encode(std::slice::from_ref(&rule), version, &["base:v1".to_owned()]).unwrap();
                assert_eq!(decode(&encoded, OtherFamily::Read).unwrap().rules, std::slice::from_ref(&rule), "{line:?}");
            }
        }
        assert_eq!(encode([], 4, &[]), Err(ConfigStructureError::Version(4)));
    }
}
