//! The first event of a rule set.
//!
//! Many rule sets live for one event, and making the index takes longer than trying 300 rules. So
//! the first event is matched without an index: a [`Glance`] at the globs of a rule shows mostly
//! that it does not match, and only the others are compiled and tried.

use std::borrow::Cow;

use super::event::Event;
use super::key::{Comparison, Field, Key};
use super::matching::{boolean, Compiled};
use super::rule::{Matcher, Neighbor, Rule};
use super::view::{Fields, Found, View};
use crate::glob::Glance;

/// Returns the number of the first rule that matches.
pub(super) fn first_match(rules: &[Rule], event: &Event<'_>) -> Option<usize> {
    let mut needed = Fields::default();
    for matcher in rules.iter().flat_map(|rule| &rule.matchers) {
        needed.insert_key(&matcher.key);
        if matcher.neighbor != Neighbor::This {
            // It may look at no field of a frame, but needs to know whether there is one.
            needed.insert_key(&Key::Field(Field::App));
        }
    }
    let view = View::new(event, needed);
    rules.iter().position(|rule| {
        let mut matchers = rule.matchers.iter();
        matchers.all(|matcher| may_hold(matcher, &view)) && Compiled::new(rule).is_match(&view)
    })
}

/// Whether a matcher may hold on an entry: if not, it is certain that its rule does not match.
fn may_hold(matcher: &Matcher, view: &View<'_>) -> bool {
    if matcher.negated {
        return true;
    }
    let comparison = matcher.key.comparison();
    let pattern = as_compared(&matcher.pattern, comparison);
    let glance = Glance::new(&pattern);
    // Frames that follow each other often have the same value.
    let mut last = [None; 2];
    (0..view.entries(matcher.key.scope())).any(|entry| match view.find(&matcher.key, entry) {
        Found::Texts(texts) => {
            let raw = texts.map(|text| text.map(|text| &*text.raw));
            if raw == last {
                return false;
            }
            last = raw;
            let mut texts = texts.iter().flatten();
            texts.any(|text| glance.may_match(&text.value()))
        }
        Found::Name(name) => pattern
            .split(',')
            .any(|known| known == "all" || known == name),
        Found::Boolean(found) => found.is_some() && boolean(&pattern) == found,
    })
}

/// A pattern in the case and with the slashes that values are compared in.
fn as_compared(pattern: &str, comparison: Comparison) -> Cow<'_, str> {
    let changes = |byte: u8| byte.is_ascii_uppercase() || !byte.is_ascii();
    let mut pattern = Cow::Borrowed(pattern);
    let is_folded = matches!(comparison, Comparison::Folded | Comparison::Path);
    if is_folded && pattern.bytes().any(changes) {
        pattern = pattern.to_lowercase().into();
    }
    if comparison == Comparison::Path && pattern.contains('\\') {
        pattern = pattern.replace('\\', "/").into();
    }
    pattern
}
