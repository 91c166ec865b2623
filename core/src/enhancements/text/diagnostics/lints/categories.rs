//! All rules together: a category that a matcher requires, and that no rule sets before.
//!
//! Rules run in order, first those that change frames and then those that decide about grouping:
//!
//! ```text
//! 1  category:mine  -app          nothing has set the category: this does nothing
//! 2  category:mine  -group        runs after rule 3: fine
//! 3  function:f     category=mine
//! ```
//!
//! The rules of a project run after those of Sentry, whose categories [`SENTRY`] lists.

use std::collections::{HashMap, HashSet};

use super::one_rule::is_literal;
use crate::diagnostics::nearest;
use crate::enhancements::action::{Action, VarAction};
use crate::enhancements::codes::Code;
use crate::enhancements::matcher::{FrameTest, Matcher};
use crate::enhancements::text::diagnostics::finding::Finding;
use crate::enhancements::text::parser::{Span, WrittenRule};

/// The categories that the rules of Sentry, and those of this package, set.
pub(super) const SENTRY: [&str; 24] = [
    "av",
    "driver",
    "dtor",
    "foreign",
    "framework",
    "free",
    "gl",
    "handler",
    "indirection",
    "internals",
    "load",
    "lock",
    "malloc",
    "runtime",
    "shutdown",
    "std",
    "system",
    "telemetry",
    "thread_start",
    "threadbase",
    "throw",
    "ui",
    "wait",
    "concurrent",
];

/// A matcher that requires a category.
struct Wanted {
    rule: usize,
    place: Span,
    category: String,
    negated: bool,
    /// Whether the rule changes frames, so that only earlier rules can set the category.
    is_early: bool,
}

/// The categories that rules set and require.
#[derive(Default)]
pub(super) struct Categories {
    /// The first rule that sets each, and its line.
    set: HashMap<String, (usize, usize)>,
    wanted: Vec<Wanted>,
}

impl Categories {
    /// Adds the next rule, which is in this line.
    pub(super) fn add(&mut self, rule: &WrittenRule, index: usize, line: usize) {
        let is_early = rule
            .actions
            .iter()
            .any(|(_, action)| action.modifies_frames());
        for matcher in &rule.matchers {
            let Matcher::Frame(frame) = &matcher.matcher else {
                continue;
            };
            // What wildcards match is not known: an event can bring categories of its own.
            if let FrameTest::Category(pattern) = &frame.test {
                if is_literal(pattern) && !SENTRY.contains(&pattern.as_str()) {
                    self.wanted.push(Wanted {
                        rule: index,
                        place: matcher.argument.clone(),
                        category: pattern.as_str().to_owned(),
                        negated: frame.negated,
                        is_early,
                    });
                }
            }
        }
        for (_, action) in &rule.actions {
            if let Action::Var(VarAction::Category(category)) = action {
                let first = self.set.entry(category.to_string());
                first.or_insert((index, line));
            }
        }
    }

    /// Reports all findings, each with the index of its rule.
    pub(super) fn finish(self, report: &mut impl FnMut(usize, Finding)) {
        let names: Vec<_> = self.set.keys().map(String::as_str).collect();
        let known: HashSet<_> = names.iter().chain(&SENTRY).copied().collect();
        let mut known: Vec<_> = known.into_iter().filter(|name| name.len() < 40).collect();
        known.sort_unstable();
        // Comparing with thousands of names would take too long.
        known.truncate(100);
        for wanted in self.wanted {
            let category = &wanted.category;
            let message = match self.set.get(category) {
                Some(&(first, line)) if wanted.is_early && first >= wanted.rule => {
                    if first == wanted.rule {
                        format!("only this rule sets the category `{category}`, after its matchers were tested")
                    } else {
                        format!("the category `{category}` is set only later, by line {line}")
                    }
                }
                Some(_) => continue,
                None if wanted.negated => {
                    format!("no rule sets the category `{category}`, so this always holds")
                }
                None => format!("no rule sets the category `{category}`"),
            };
            let is_set = self.set.contains_key(category);
            let nearest = (!is_set).then(|| nearest(category, &known)).flatten();
            let nearest = nearest.map(str::to_owned);
            let finding = Finding::new(Code::UnsetCategory, wanted.place, message);
            report(wanted.rule, finding.possible(nearest));
        }
    }
}
