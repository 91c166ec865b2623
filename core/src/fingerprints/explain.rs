//! Explanations: for each rule why it matches an event, or which matcher fails on which values.
//!
//! ```text
//! rule     type:A value:b module:app.*
//!
//! exceptions   entry 1 of 2 satisfies type and value
//! frames       no entry of 3: module fails on "lib.x" and "lib.y"      so the rule fails
//! ```
//!
//! A rule matches exactly if there is an entry for each scope, as [`matching`](super::matching)
//! defines it. Where each matcher of a scope holds on some entry and yet none satisfies all of
//! them, the numbers of entries show it.

use super::event::Event;
use super::key::Scope;
use super::matching::{Compiled, Condition};
use super::view::{Fields, Found, View};
use super::writer::Json;

/// How many values an explanation of a matcher has at most.
pub const MAX_VALUES: usize = 8;

/// How many bytes a value of an explanation has at most.
pub const MAX_VALUE_BYTES: usize = 256;

/// Why rules match an event, or do not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explanation {
    /// The index of the rule that wins: the first one that matches.
    pub matched: Option<usize>,
    /// One for each rule, in their order.
    pub rules: Vec<RuleExplanation>,
}

/// Why one rule matches, or does not.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct RuleExplanation {
    /// Whether the rule matches. It wins if no earlier one does.
    pub matches: bool,
    /// One for each scope that the rule looks at.
    pub scopes: Vec<ScopeExplanation>,
}

/// What the matchers of one scope find there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScopeExplanation {
    /// The scope.
    pub scope: Scope,
    /// How many entries the event has there. Without any, the rule does not match.
    pub entries: usize,
    /// The first entry that satisfies all matchers of the scope.
    pub entry: Option<usize>,
    /// One for each matcher of the scope.
    pub matchers: Vec<MatcherExplanation>,
}

/// What one matcher finds.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct MatcherExplanation {
    /// The index of the matcher in the rule.
    pub matcher: usize,
    /// On how many entries it holds.
    pub holds: usize,
    /// The different values on which it does not hold, at most [`MAX_VALUES`]. `None` stands
    /// for a value or frame that is missing. A long value is cut.
    pub fails_on: Vec<Option<String>>,
    /// Whether there are more of them.
    pub has_more: bool,
}

impl Explanation {
    /// Writes the explanation as a JSON object, with the names of these fields.
    pub fn to_json(&self) -> String {
        let mut json = Json::default();
        json.object(|json| {
            json.key("matched").maybe_number(self.matched);
            json.key("rules").list(&self.rules, |json, rule| {
                json.object(|json| {
                    json.key("matches").boolean(rule.matches);
                    json.key("scopes").list(&rule.scopes, write_scope);
                });
            });
        });
        json.finish()
    }
}

fn write_scope(json: &mut Json, scope: &ScopeExplanation) {
    json.object(|json| {
        json.key("scope").text(scope.scope.name());
        json.key("entries").number(scope.entries);
        json.key("entry").maybe_number(scope.entry);
        json.key("matchers").list(&scope.matchers, |json, matcher| {
            json.object(|json| {
                json.key("matcher").number(matcher.matcher);
                json.key("holds").number(matcher.holds);
                let write = |json: &mut Json, value: &Option<String>| {
                    json.maybe_text(value.as_deref());
                };
                json.key("fails_on").list(&matcher.fails_on, write);
                json.key("has_more").boolean(matcher.has_more);
            });
        });
    });
}

/// Explains rules on an event.
pub(super) fn explain(rules: &[Compiled], event: &Event<'_>) -> Explanation {
    let view = View::new(event, Fields::ALL);
    let explained = rules.iter().map(|rule| explain_rule(rule, &view));
    let rules: Vec<_> = explained.collect();
    Explanation {
        matched: rules.iter().position(|rule| rule.matches),
        rules,
    }
}

fn explain_rule(rule: &Compiled, view: &View<'_>) -> RuleExplanation {
    let scopes = rule.groups.iter().map(|(scope, conditions)| {
        let entries = view.entries(*scope);
        let satisfies = |&entry: &usize| {
            conditions
                .iter()
                .all(|condition| condition.holds(view, entry))
        };
        ScopeExplanation {
            scope: *scope,
            entries,
            entry: (0..entries).find(satisfies),
            matchers: conditions
                .iter()
                .map(|condition| explain_matcher(condition, view, entries))
                .collect(),
        }
    });
    let scopes: Vec<_> = scopes.collect();
    RuleExplanation {
        matches: scopes.iter().all(|scope| scope.entry.is_some()),
        scopes,
    }
}

fn explain_matcher(condition: &Condition, view: &View<'_>, entries: usize) -> MatcherExplanation {
    let mut holds = 0;
    let mut failures = Failures::default();
    for entry in 0..entries {
        if condition.holds(view, entry) {
            holds += 1;
        } else {
            let values = values(condition, view, entry);
            values.into_iter().for_each(|value| failures.add(value));
        }
    }
    MatcherExplanation {
        matcher: condition.number,
        holds,
        has_more: failures.has_more,
        fails_on: failures.finish(),
    }
}

/// The different values on which a matcher does not hold.
///
/// Texts are apart from the missing value: comparing two `Option<String>` is compiled to a look at
/// the length of a text that is not there, which Valgrind reports.
#[derive(Default)]
struct Failures {
    texts: Vec<String>,
    /// How many texts are before the missing value.
    missing_after: Option<usize>,
    has_more: bool,
}

impl Failures {
    fn add(&mut self, value: Option<String>) {
        let is_known = match &value {
            Some(text) => self.texts.contains(text),
            None => self.missing_after.is_some(),
        };
        if is_known {
            return;
        }
        if self.texts.len() + usize::from(self.missing_after.is_some()) == MAX_VALUES {
            self.has_more = true;
            return;
        }
        match value {
            Some(text) => self.texts.push(text),
            None => self.missing_after = Some(self.texts.len()),
        }
    }

    /// Returns the values in the order in which they were added.
    fn finish(self) -> Vec<Option<String>> {
        let mut values: Vec<_> = self.texts.into_iter().map(Some).collect();
        if let Some(place) = self.missing_after {
            values.insert(place, None);
        }
        values
    }
}

/// What a condition looks at, for an entry of its scope.
fn values(condition: &Condition, view: &View<'_>, entry: usize) -> Vec<Option<String>> {
    let entry = condition.entry(view, entry);
    let Some(entry) = entry.filter(|_| !condition.is_out_of_scope()) else {
        return vec![None];
    };
    match view.find(&condition.key, entry) {
        Found::Texts([None, None]) => vec![None],
        Found::Texts(texts) => {
            let texts = texts.into_iter().flatten();
            texts.map(|text| Some(cut(&text.raw))).collect()
        }
        Found::Name(name) => vec![Some(name.to_owned())],
        Found::Boolean(value) => vec![value.map(|value| value.to_string())],
    }
}

fn cut(text: &str) -> String {
    let mut len = text.len().min(MAX_VALUE_BYTES);
    while !text.is_char_boundary(len) {
        len -= 1;
    }
    text[..len].to_owned()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprints::matching::first_match;
    use crate::fingerprints::{testing, FingerprintRules};
    use crate::testing::{cases, Random};

    const EVENT: &str = r#"{"level": "error", "exception": {"values": [
        {"type": "A", "value": "x", "stacktrace": {"frames": [
            {"module": "m", "abs_path": "/a", "filename": "b"}, {"module": "n", "in_app": true}, {"module": "m"}]}},
        {"type": "B", "value": "y"}]}}"#;

    #[test]
    fn each_matcher_names_what_it_fails_on() {
        for (matchers, expected) in [
            ("type:A value:x", "exceptions 0 of 2: type 1 B, value 1 y"),
            ("type:A value:y", "exceptions - of 2: type 1 B, value 1 x"),
            ("module:o", "frames - of 3: module 0 m n"),
            ("!module:m", "frames 1 of 3: module 1 m"),
            (
                "path:c module:m",
                "frames - of 3: path 0 /a b -, module 2 n",
            ),
            ("app:yes", "frames 1 of 3: app 1 -"),
            (
                "[ module:n ] | module:m",
                "frames 0 of 3: module 1 m -, module 2 n",
            ),
            (
                "[ type:A ] | module:m",
                "frames - of 3: type 0 -, module 2 n",
            ),
            (
                "level:warning type:A",
                "log info - of 1: level 0 error; exceptions 0 of 2: type 1 B",
            ),
            ("logger:a", "log info - of 1: logger 0 -"),
            ("thread.id:a", "threads - of 0: thread.id 0"),
            (
                "sdk:x family:y",
                "sdk - of 1: sdk 0 other; family - of 1: family 0 other",
            ),
        ] {
            let rules = FingerprintRules::parse(&format!("{matchers} -> x")).unwrap();
            let event = Event::from_json(EVENT.as_bytes()).unwrap();
            let explained = rules.explain(&event);
            let matcher = |matcher: &MatcherExplanation| {
                let mut words = vec![
                    rules.rules()[0].matchers[matcher.matcher].key.to_string(),
                    matcher.holds.to_string(),
                ];
                let values = matcher.fails_on.iter();
                words.extend(values.map(|value| value.clone().unwrap_or("-".to_owned())));
                words.join(" ")
            };
            let scope = |scope: &ScopeExplanation| {
                let entry = scope
                    .entry
                    .map_or("-".to_owned(), |entry| entry.to_string());
                let matchers: Vec<_> = scope.matchers.iter().map(matcher).collect();
                format!(
                    "{} {entry} of {}: {}",
                    scope.scope.name(),
                    scope.entries,
                    matchers.join(", ")
                )
            };
            let scopes: Vec<_> = explained.rules[0].scopes.iter().map(scope).collect();
            assert_eq!(scopes.join("; "), expected, "{matchers}");
        }
    }

    #[test]
    fn explanations_are_bounded() {
        let long = "é".repeat(1_000);
        let frames: Vec<_> = (0..20)
            .map(|n| format!(r#"{{"module": "{n}{long}"}}"#))
            .collect();
        let json = format!(r#"{{"stacktrace": {{"frames": [{}]}}}}"#, frames.join(","));
        let event = Event::from_json(json.as_bytes()).unwrap();
        let rules = FingerprintRules::parse("module:x -> y").unwrap();
        let matcher = &rules.explain(&event).rules[0].scopes[0].matchers[0];
        assert_eq!(matcher.fails_on.len(), MAX_VALUES);
        assert!(matcher.has_more);
        let value = matcher.fails_on[0].as_deref().unwrap();
        assert!(value.len() <= MAX_VALUE_BYTES && value.starts_with("0é"));
    }

    #[test]
    fn an_explanation_says_what_matching_does() {
        let mut random = Random::new(61);
        for _ in 0..cases(1_000) {
            let lines: Vec<_> = (0..4).map(|_| testing::rule(&mut random)).collect();
            let rules = FingerprintRules::parse(&lines.join("\n")).unwrap();
            let json = testing::event(&mut random);
            let event = Event::from_json(json.as_bytes()).unwrap();
            let explained = rules.explain(&event);
            assert_eq!(
                explained.matched,
                first_match(rules.rules(), &event),
                "{lines:?} {json}"
            );
            for (rule, explained) in rules.rules().iter().zip(&explained.rules) {
                let alone = first_match(std::slice::from_ref(rule), &event);
                assert_eq!(explained.matches, alone.is_some(), "{rule:?} {json}");
            }
        }
    }
}
