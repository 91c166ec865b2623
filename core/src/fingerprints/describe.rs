//! Descriptions: each part of each rule, as JSON for programs.
//!
//! ```text
//! [{"text": "!type:A -> x", "line": 3, "is_builtin": false,
//!   "matchers": [{"name": "type", "pattern": "A", "negated": true, "neighbor": null,
//!                 "scope": "exceptions"}],
//!   "fingerprint": ["x"], "attributes": {}}]
//! ```
//!
//! The names of matchers are those that text has, so they differ from the
//! [stored form](super::stored). `text` parses to the rule if any text does.

use std::collections::BTreeMap;

use serde::Serialize;

use super::key::Scope;
use super::print;
use super::rule::{Matcher, Neighbor};
use super::rule_set::FingerprintRules;

#[derive(Serialize)]
struct DescribedRule<'r> {
    text: String,
    line: Option<u32>,
    is_builtin: bool,
    matchers: Vec<DescribedMatcher<'r>>,
    fingerprint: &'r [smol_str::SmolStr],
    attributes: BTreeMap<&'static str, &'r str>,
}

#[derive(Serialize)]
struct DescribedMatcher<'r> {
    name: String,
    pattern: &'r str,
    negated: bool,
    neighbor: Option<&'static str>,
    scope: &'static str,
}

fn describe(matcher: &Matcher) -> DescribedMatcher<'_> {
    DescribedMatcher {
        name: matcher.key.to_string(),
        pattern: &matcher.pattern,
        negated: matcher.negated,
        neighbor: match matcher.neighbor {
            Neighbor::This => None,
            Neighbor::Caller => Some("caller"),
            Neighbor::Callee => Some("callee"),
        },
        scope: match matcher.neighbor {
            Neighbor::This => matcher.key.scope(),
            Neighbor::Caller | Neighbor::Callee => Scope::Frames,
        }
        .name(),
    }
}

impl FingerprintRules {
    /// Describes the rules: a JSON array with an object for each of them.
    pub fn describe(&self) -> String {
        let rules = self.rules().iter().enumerate().map(|(index, rule)| {
            let mut text = String::new();
            print::write_rule(&mut text, rule);
            DescribedRule {
                text,
                line: self.line(index),
                is_builtin: rule.is_builtin,
                matchers: rule.matchers.iter().map(describe).collect(),
                fingerprint: &rule.fingerprint,
                attributes: rule.attributes().collect(),
            }
        });
        // Texts, numbers and booleans: this cannot fail.
        serde_json::to_string(&rules.collect::<Vec<_>>()).unwrap_or_default()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_part_is_described() {
        let text = "# c\n\nstack.module:\"a b\" | [ !app:yes ] -> x, {{type}} title=\"T\"";
        let rules = FingerprintRules::parse(text).unwrap();
        assert_eq!(
            rules.describe(),
            concat!(
                r#"[{"text":"module:\"a b\" | [ !app:yes ] -> x, {{type}} title=\"T\"","#,
                r#""line":3,"is_builtin":false,"matchers":["#,
                r#"{"name":"module","pattern":"a b","negated":false,"neighbor":null,"scope":"frames"},"#,
                r#"{"name":"app","pattern":"yes","negated":true,"neighbor":"callee","scope":"frames"}],"#,
                r#""fingerprint":["x","{{type}}"],"attributes":{"title":"T"}}]"#
            )
        );
        let all = FingerprintRules::from_json(rules.to_json().as_bytes())
            .unwrap()
            .with_builtin(&rules)
            .unwrap();
        assert_eq!(
            (all.line(0), all.line(1), all.line(2)),
            (None, Some(3), None)
        );
    }
}
