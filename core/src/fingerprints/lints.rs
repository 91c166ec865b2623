//! Warnings about valid rules that probably do not do what was intended.
//!
//! ```text
//! module:[        a glob that is not valid matches nothing
//! app:maybe       neither `yes` nor `no`
//! sdk:sentry.pyton     no event has this name
//! -> {{ typ }}         stays as it is written
//! [ type:a ] | ...     a frame has no type
//! ```

use std::collections::hash_map::{Entry, HashMap};

use memchr::memmem;

use super::codes::Code;
use super::key::{is_tag_name, Comparison, Field, Key, Scope, TAGS};
use super::matching::{boolean, glob};
use super::parser::{plain, Failure, Span, WrittenMatcher, WrittenRule};
use super::rule::{Matcher, Neighbor};
use super::{sdk, variables};
use crate::diagnostics::nearest;

const BOOLEANS: [&str; 4] = ["yes", "no", "true", "false"];
const FAMILIES: [&str; 3] = ["native", "javascript", "other"];
const ALL: &str = "all";

/// Reports what one rule has.
pub(super) fn lint_rule(rule: &WrittenRule, text: &str, report: &mut impl FnMut(Failure)) {
    for (written, matcher) in rule.matchers.iter().zip(&rule.rule.matchers) {
        pattern(written, matcher, report);
        if matcher.neighbor != Neighbor::This && matcher.key.scope() != Scope::Frames {
            let key = &matcher.key;
            report(Failure {
                code: Code::NotOfFrames,
                span: written.name.clone(),
                message: format!("a frame has no `{key}`, so this never matches"),
                suggestion: None,
                is_certain: false,
            });
        }
    }
    for (span, part) in rule.values.iter().zip(&rule.rule.fingerprint) {
        let unknown = variables::whole_variable(part).filter(|name| !variables::is_known(name));
        if let Some(name) = unknown {
            report(unknown_variable(span.clone(), name));
        }
    }
    if let Some(span) = &rule.title {
        titles(span, text, report);
    }
}

/// Reports variables in a title, as it is written.
fn titles(span: &Span, text: &str, report: &mut impl FnMut(Failure)) {
    let mut at = span.start;
    while let Some(len) = memmem::find(&text.as_bytes()[at..span.end], b"{{") {
        at += len;
        let Some((len, name)) = variables::variable_at(&text[at..span.end]) else {
            // One fault is enough: this is a title with braces of another kind.
            return;
        };
        if !variables::is_known(name) && !name.contains('\\') {
            report(unknown_variable(at..at + len, name));
        }
        at += len;
    }
}

fn unknown_variable(span: Span, name: &str) -> Failure {
    let same = variables::NAMES
        .iter()
        .find(|known| plain(known) == plain(name));
    let meant = same.copied().or_else(|| nearest(name, &variables::NAMES));
    let mut message = format!("Unknown variable `{name}`");
    let mut suggestion = meant.map(|name| format!("{{{{ {name} }}}}"));
    if same.is_none() && is_tag_name(name) {
        message += ": in Sentry this is a tag";
        suggestion = Some(format!("{{{{ {TAGS}{name} }}}}"));
    }
    Failure {
        code: Code::UnknownVariable,
        span,
        message,
        suggestion,
        is_certain: same.is_some(),
    }
}

fn pattern(written: &WrittenMatcher, matcher: &Matcher, report: &mut impl FnMut(Failure)) {
    let pattern = &*matcher.pattern;
    let mut warn = |code, message, suggestion: Option<&str>| {
        report(Failure {
            code,
            span: written.argument.clone(),
            message,
            is_certain: suggestion.is_some_and(|word| word.eq_ignore_ascii_case(pattern)),
            suggestion: suggestion.map(str::to_owned),
        });
    };
    match matcher.key.comparison() {
        comparison @ (Comparison::Exact | Comparison::Folded | Comparison::Path) => {
            // Only these can be wrong. Nearly no pattern has one, and a glob takes a while.
            if pattern.contains(['[', '{', '}', '\\']) {
                if let Err(error) = glob(pattern, comparison) {
                    warn(Code::InvalidGlob, error.to_string(), None);
                }
            }
        }
        Comparison::Boolean if boolean(pattern).is_none() => {
            let message = format!("`{pattern}` is neither `yes` nor `no`");
            warn(Code::NoBoolean, message, nearest(pattern, &BOOLEANS));
        }
        Comparison::Boolean => {}
        Comparison::List => {
            let known: &[&'static str] = match matcher.key {
                Key::Field(Field::Family) => &FAMILIES,
                _ => &sdk::KNOWN,
            };
            let is_known = |name: &str| [ALL, sdk::OTHER].contains(&name) || known.contains(&name);
            for name in pattern.split(',').filter(|name| !is_known(name)) {
                // In a list the span has other names as well.
                let suggestion = nearest(name, known).filter(|_| name == pattern);
                let message = format!("no event has the {} `{name}`", matcher.key);
                warn(Code::UnknownName, message, suggestion);
            }
        }
    }
}

/// What rules before have.
#[derive(Default)]
pub(super) struct FingerprintSetLints {
    /// The matchers, and the line of the first rule with them.
    seen: HashMap<Vec<Matcher>, u32>,
}

impl FingerprintSetLints {
    /// Reports what a rule, which begins in a line, has in common with those before it.
    pub(super) fn add(&mut self, rule: WrittenRule, line: u32, report: &mut impl FnMut(Failure)) {
        match self.seen.entry(rule.rule.matchers) {
            Entry::Vacant(entry) => {
                entry.insert(line);
            }
            Entry::Occupied(first) => report(Failure {
                code: Code::NeverReached,
                span: rule.span,
                message: format!(
                    "line {} has the same matchers and comes first, so it wins",
                    first.get()
                ),
                suggestion: None,
                is_certain: false,
            }),
        }
    }
}

#[cfg(test)]
mod tests {
    use crate::fingerprints::check::{check, Diagnostic};

    #[test]
    fn rules_that_were_probably_not_intended_are_reported() {
        for (text, expected) in [
            ("module:[a sdk:sentry.python -> x", &["1:8-10 OPH301 -"][..]),
            ("app:Yes path:C:\\x -> x", &[]),
            (
                "app:yse thread.crashed:2 -> x",
                &["1:5-8 OPH302 yes", "1:24-25 OPH302 -"],
            ),
            ("family:natve,other -> x", &["1:8-19 OPH303 -"]),
            ("family:natve -> x", &["1:8-13 OPH303 native"]),
            (
                "sdk:\"sentry.pyton\" -> x",
                &["1:5-19 OPH303 sentry.python"],
            ),
            (
                "sdk:sentry.javascript.*,all,other -> x",
                &["1:5-34 OPH303 -"],
            ),
            (
                "type:é -> {{ typ }} {{default}}",
                &["1:11-20 OPH304 {{ type }}"],
            ),
            (
                "type:a -> {{ tags.x }} \"{{ nope }}\" \"{{ nope }} x\"",
                &["1:24-36 OPH304 -"],
            ),
            (
                "type:a -> x title=\"{{ type }}: {{valeu}}\"",
                &["1:32-41 OPH304 {{ value }}"],
            ),
            ("[ type:a ] | module:b -> x", &["1:3-7 OPH305 -"]),
            (
                "type:a value:b -> x\n type:a value:b -> y",
                &["2:2-21 OPH306 -"],
            ),
            ("type:a -> x\n!type:a -> y\nvalue:a -> z", &[]),
            ("type:[ -> x\nnope", &["1:6-7 OPH301 -", "2:5-5 OPH203 -"]),
        ] {
            let show = |each: &Diagnostic| {
                let suggestion = each.suggestion.as_deref().unwrap_or("-");
                let (line, column, end) = (each.line, each.column, each.end_column);
                format!("{line}:{column}-{end} {} {suggestion}", each.code)
            };
            let found: Vec<_> = check(text).iter().map(show).collect();
            assert_eq!(found, expected, "{text:?}");
        }
    }
}
