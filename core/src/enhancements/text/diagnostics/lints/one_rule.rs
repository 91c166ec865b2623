//! The matchers and actions of one rule: they exclude each other, or change nothing.
//!
//! ```text
//! function:a function:b -app     no function is both
//! app:yes +app                   the frame is in-app already
//! +group -group                  the second one overrides the first one
//! ```
//!
//! A matcher is compared with the first one on the same field, so the time is linear. It finds the
//! cases that occur: two names, a name and a pattern, two patterns that begin differently.

use std::collections::HashMap;

use super::targets::{target, TARGETS};
use crate::enhancements::action::{Action, FlagKind, Range, VarAction};
use crate::enhancements::codes::Code;
use crate::enhancements::family::Families;
use crate::enhancements::fields::Subject;
use crate::enhancements::matcher::{FrameTest, Matcher, Offset};
use crate::enhancements::pattern::{Dialect, Pattern};
use crate::enhancements::text::diagnostics::finding::Finding;
use crate::enhancements::text::parser::{WrittenMatcher, WrittenRule};
use crate::glob::{Program, Value};

/// A stack trace is never as long, so a limit above it does nothing.
const MAX_STACKTRACE_FRAMES: u64 = 1_000_000;

/// Reports the problems of a rule.
pub(super) fn lint_rule(rule: &WrittenRule, line: &str, report: &mut impl FnMut(Finding)) {
    contradictions(rule, line, report);
    let known = known(rule);
    let mut later = [false; TARGETS];
    let mut overridden = Vec::new();
    for (place, action) in rule.actions.iter().rev() {
        let sets = &mut later[target(action)];
        if *sets {
            overridden.push(place.clone());
        }
        *sets = true;
    }
    for place in overridden.into_iter().rev() {
        let message = "a later action of this rule overrides this one";
        report(Finding::new(Code::NoEffect, place, message));
    }
    for (place, action) in &rule.actions {
        let message = match action {
            Action::Flag(flag)
                if flag.flag && flag.kind == FlagKind::App && flag.range == Range::This =>
            {
                known
                    .is_app
                    .then_some("the matchers require it: the frame is in-app already")
            }
            Action::Var(VarAction::Category(category)) => {
                let same = known.category == Some(category.as_str());
                same.then_some("the matchers require it: the frame has this category already")
            }
            Action::Var(VarAction::MaxFrames(frames)) => {
                (*frames > MAX_STACKTRACE_FRAMES).then_some("no stack trace has as many frames")
            }
            _ => None,
        };
        if let Some(message) = message {
            report(Finding::new(Code::NoEffect, place.clone(), message));
        }
    }
}

/// What the matchers require of the frame itself.
struct Known<'a> {
    is_app: bool,
    category: Option<&'a str>,
}

fn known(rule: &WrittenRule) -> Known<'_> {
    let mut known = Known {
        is_app: false,
        category: None,
    };
    for matcher in &rule.matchers {
        let Matcher::Frame(frame) = &matcher.matcher else {
            continue;
        };
        if frame.offset != Offset::This {
            continue;
        }
        match &frame.test {
            // `app:no` also holds for a frame without `in_app`, which `-app` changes.
            FrameTest::App {
                expected: Some(expected),
                ..
            } => known.is_app |= *expected != frame.negated,
            FrameTest::Category(pattern) if !frame.negated && is_literal(pattern) => {
                known.category = Some(pattern.as_str());
            }
            _ => {}
        }
    }
    known
}

/// Returns whether a pattern matches only its own text.
pub(super) fn is_literal(pattern: &Pattern) -> bool {
    !pattern.as_str().contains(['*', '?', '[', '{', '}', '\\'])
}

/// What the matchers on one field of one frame require.
#[derive(Default)]
struct Required<'a> {
    /// The first matcher with a text without wildcards, else the first one.
    pattern: Option<(&'a WrittenMatcher, &'a Pattern)>,
    /// The first negated one.
    negated: Option<(&'a WrittenMatcher, &'a Pattern)>,
    families: Option<(&'a WrittenMatcher, Families)>,
    app: Option<(&'a WrittenMatcher, bool)>,
    /// Each argument, and whether it is negated.
    arguments: HashMap<&'a str, (&'a WrittenMatcher, bool)>,
}

fn contradictions(rule: &WrittenRule, line: &str, report: &mut impl FnMut(Finding)) {
    if rule.matchers.len() < 2 {
        return;
    }
    let mut fields: Vec<((Offset, Subject), Required<'_>)> = Vec::new();
    for matcher in &rule.matchers {
        let key = match &matcher.matcher {
            Matcher::Frame(frame) => (frame.offset, frame.test.subject()),
            Matcher::Exception(exception) => (Offset::This, Subject::Exception(exception.field)),
        };
        // There are few subjects, and three offsets.
        let at = fields.iter().position(|(other, _)| *other == key);
        let at = at.unwrap_or_else(|| {
            fields.push((key, Required::default()));
            fields.len() - 1
        });
        if let Some(other) = fields[at].1.excluded_by(matcher) {
            let (first, second) = (written(other, line), written(matcher, line));
            let message =
                format!("`{first}` and `{second}` cannot both hold, so this rule never matches");
            report(Finding::new(
                Code::Contradiction,
                matcher.argument.clone(),
                message,
            ));
            return;
        }
    }
}

/// Returns a matcher as it is written, without brackets.
fn written<'a>(matcher: &WrittenMatcher, line: &'a str) -> &'a str {
    let quote = usize::from(line[..matcher.argument.start].ends_with('"'));
    let before = &line[..matcher.argument.start - quote];
    let start = before.rfind(|c: char| c.is_whitespace() || c == '[' || c == '"');
    let start = start.map_or(0, |at| {
        at + before[at..].chars().next().map_or(1, char::len_utf8)
    });
    &line[start..matcher.argument.end + quote]
}

impl<'a> Required<'a> {
    /// Adds a matcher. Returns an earlier one that excludes it.
    fn excluded_by(&mut self, matcher: &'a WrittenMatcher) -> Option<&'a WrittenMatcher> {
        let (negated, argument, pattern) = match &matcher.matcher {
            Matcher::Frame(frame) => match &frame.test {
                FrameTest::Category(pattern) | FrameTest::Text(_, pattern) => {
                    (frame.negated, pattern.as_str(), Some(pattern))
                }
                FrameTest::Family { families, raw } => {
                    if !frame.negated {
                        match &self.families {
                            Some((other, earlier)) if !earlier.intersects(*families) => {
                                return Some(other);
                            }
                            None if *families != Families::NONE => {
                                self.families = Some((matcher, *families));
                            }
                            _ => {}
                        }
                    }
                    (frame.negated, raw.as_str(), None)
                }
                FrameTest::App { expected, raw } => {
                    if let Some(expected) = expected {
                        let value = *expected != frame.negated;
                        match self.app {
                            Some((other, earlier)) if earlier != value => return Some(other),
                            _ => self.app = Some((matcher, value)),
                        }
                    }
                    (frame.negated, raw.as_str(), None)
                }
            },
            Matcher::Exception(exception) => (
                exception.negated,
                exception.pattern.as_str(),
                Some(&exception.pattern),
            ),
        };
        // A pattern that is not valid never matches, and has a warning of its own.
        if pattern.is_some_and(|pattern| pattern.validate().is_err()) {
            return None;
        }
        let earlier = self.arguments.entry(argument).or_insert((matcher, negated));
        if earlier.1 != negated {
            return Some(earlier.0);
        }
        let pattern = pattern?;
        if negated {
            if let Some((other, literal)) = self.pattern {
                if is_literal(literal) && matches(pattern, literal) == Some(true) {
                    return Some(other);
                }
            }
            self.negated.get_or_insert((matcher, pattern));
            return None;
        }
        if let Some((other, earlier)) = self.negated {
            if is_literal(pattern) && matches(earlier, pattern) == Some(true) {
                return Some(other);
            }
        }
        match self.pattern {
            Some((other, earlier)) if are_exclusive(earlier, pattern) => return Some(other),
            Some((_, earlier)) if is_literal(earlier) || !is_literal(pattern) => {}
            _ => self.pattern = Some((matcher, pattern)),
        }
        None
    }
}

/// Returns whether no value matches both patterns. It may return false although none does.
fn are_exclusive(one: &Pattern, other: &Pattern) -> bool {
    let (one, other) = if is_literal(one) {
        (one, other)
    } else {
        (other, one)
    };
    let text = |pattern: &Pattern| match pattern.dialect() {
        // A slash at the front may be missing in the value.
        Dialect::Path => {
            let lower = pattern.normalized().to_ascii_lowercase();
            lower.strip_prefix('/').map(str::to_owned).unwrap_or(lower)
        }
        Dialect::Name => pattern.normalized().to_string(),
    };
    if is_literal(one) {
        return matches(other, one) == Some(false);
    }
    let (one, other) = (text(one), text(other));
    let wild = |c: char| matches!(c, '*' | '?' | '[' | '{' | '}' | '\\');
    let start = |text: &str| text.find(wild).unwrap_or(text.len());
    let (first, second) = (&one[..start(&one)], &other[..start(&other)]);
    !first.starts_with(second) && !second.starts_with(first)
}

/// Returns whether a pattern matches a value that a pattern without wildcards matches.
fn matches(pattern: &Pattern, literal: &Pattern) -> Option<bool> {
    let syntax = pattern.dialect().syntax();
    let (value, glob) = (literal.normalized(), pattern.normalized());
    let value = match pattern.dialect() {
        Dialect::Path => value.to_ascii_lowercase(),
        Dialect::Name => value.to_string(),
    };
    // A program is much faster to build than a regex.
    let program = Program::new(&glob, syntax);
    let is_match = |value: &str| program.is_match(&Value::new(value.as_bytes()));
    let short = value
        .strip_prefix('/')
        .filter(|_| pattern.dialect() == Dialect::Path);
    Some(is_match(&value)? || short.map_or(Some(false), is_match)?)
}
