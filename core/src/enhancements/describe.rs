//! Describes the rules of a rule set as JSON, for programs that inspect them.

use serde::Serialize;

use crate::enhancements::action::{Action, FlagKind, Range, VarAction};
use crate::enhancements::matcher::Offset;
use crate::enhancements::rule::Rule;

#[derive(Serialize)]
struct DescribedRule<'a> {
    canonical: String,
    matchers: Vec<DescribedMatcher<'a>>,
    actions: Vec<DescribedAction>,
}

#[derive(Serialize)]
struct DescribedMatcher<'a> {
    field: &'static str,
    pattern: &'a str,
    negated: bool,
    of: &'static str,
}

#[derive(Serialize)]
struct DescribedAction {
    text: String,
    name: &'static str,
    value: Value,
    /// `None` for a variable.
    range: Option<&'static str>,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Value {
    Flag(bool),
    Number(u64),
    Text(String),
}

/// Describes rules as a JSON array.
pub(super) fn describe(rules: &[Rule]) -> String {
    let described: Vec<_> = rules.iter().map(rule).collect();
    // This cannot fail: the value has no floats, and the keys of its maps are texts.
    serde_json::to_string(&described).unwrap_or_default()
}

fn rule(rule: &Rule) -> DescribedRule<'_> {
    let of_exception = rule
        .exception_matchers()
        .iter()
        .map(|matcher| DescribedMatcher {
            field: matcher.name(),
            pattern: matcher.pattern.as_str(),
            negated: matcher.negated,
            of: "exception",
        });
    let of_frames = rule
        .frame_matchers()
        .iter()
        .map(|matcher| DescribedMatcher {
            field: matcher.test.name(),
            pattern: matcher.test.argument(),
            negated: matcher.negated,
            of: match matcher.offset {
                Offset::Caller => "caller",
                Offset::This => "frame",
                Offset::Callee => "callee",
            },
        });
    DescribedRule {
        canonical: rule.to_string(),
        matchers: of_exception.chain(of_frames).collect(),
        actions: rule.actions().iter().map(action).collect(),
    }
}

fn action(action: &Action) -> DescribedAction {
    let (name, value, range) = match action {
        Action::Flag(flag) => {
            let name = match flag.kind {
                FlagKind::App => "app",
                FlagKind::Group => "group",
            };
            let range = match flag.range {
                Range::This => "this",
                Range::Up => "up",
                Range::Down => "down",
            };
            (name, Value::Flag(flag.flag), Some(range))
        }
        Action::Var(var) => {
            let (name, value) = match var {
                VarAction::MinFrames(n) => ("min-frames", Value::Number(*n)),
                VarAction::MaxFrames(n) => ("max-frames", Value::Number(*n)),
                VarAction::InvertStacktrace(invert) => ("invert-stacktrace", Value::Flag(*invert)),
                VarAction::Category(category) => ("category", Value::Text(category.to_string())),
            };
            (name, value, None)
        }
    };
    DescribedAction {
        text: action.to_string(),
        name,
        value,
        range,
    }
}
