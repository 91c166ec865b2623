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

use super::key::Scope;
use super::print;
use super::rule::{Matcher, Neighbor};
use super::rule_set::FingerprintRules;
use super::writer::Json;

impl FingerprintRules {
    /// Describes the rules: a JSON array with an object for each of them.
    pub fn describe(&self) -> String {
        let mut json = Json::default();
        json.list(0..self.len(), |json, index| self.write_rule(json, index));
        json.finish()
    }

    /// Describes one rule: a JSON object. `None` if there is no rule of this index.
    pub fn describe_rule(&self, index: usize) -> Option<String> {
        let mut json = Json::default();
        (index < self.len()).then(|| self.write_rule(&mut json, index))?;
        Some(json.finish())
    }

    fn write_rule(&self, json: &mut Json, index: usize) {
        let rule = &self.rules()[index];
        let mut text = String::new();
        print::write_rule(&mut text, rule);
        json.object(|json| {
            json.key("text").text(&text);
            let line = self.line(index).map(|line| line as usize);
            json.key("line").maybe_number(line);
            json.key("is_builtin").boolean(rule.is_builtin);
            json.key("matchers").list(&rule.matchers, write_matcher);
            json.key("fingerprint").texts(&rule.fingerprint);
            json.key("attributes").object(|json| {
                for (name, value) in rule.attributes() {
                    json.key(name).text(value);
                }
            });
        });
    }
}

fn write_matcher(json: &mut Json, matcher: &Matcher) {
    let (neighbor, scope) = match matcher.neighbor {
        Neighbor::This => (None, matcher.key.scope()),
        Neighbor::Caller => (Some("caller"), Scope::Frames),
        Neighbor::Callee => (Some("callee"), Scope::Frames),
    };
    json.object(|json| {
        json.key("name").text(&matcher.key.to_string());
        json.key("pattern").text(&matcher.pattern);
        json.key("negated").boolean(matcher.negated);
        json.key("neighbor").maybe_text(neighbor);
        json.key("scope").text(scope.name());
    });
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
