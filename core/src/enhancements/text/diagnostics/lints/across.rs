//! All rules together: a later rule repeats or overrides an earlier one.
//!
//! A rule is *shadowed* if later rules with the same matchers, or with some of them, set
//! everything that it sets:
//!
//! ```text
//! 1  function:a path:b  +app      sets app
//! 2  category:x   -group          (tests a category: a rule between 1 and 3 must not
//! 3  function:a   -app -group      test what rule 1 sets, here app)
//! ```
//!
//! A hash of the matchers finds such rules, and running indexes answer what is between two rules. So
//! the time is linear.

use std::collections::hash_map::Entry;
use std::collections::HashMap;
use std::sync::Arc;

use super::categories::Categories;
use super::targets::{target, Targets, APP, CATEGORY, TARGETS};
use crate::enhancements::action::{Action, VarAction};
use crate::enhancements::codes::Code;
use crate::enhancements::matcher::{FrameTest, Matcher};
use crate::enhancements::pattern::Dialect;
use crate::enhancements::text::diagnostics::finding::Finding;
use crate::enhancements::text::parser::{Span, WrittenMatcher, WrittenRule};

/// Returns whether the value of a variable has the same effect as leaving it unset.
fn is_default(action: &Action) -> bool {
    match action {
        Action::Var(VarAction::MaxFrames(n)) => *n == 0,
        // `min-frames` only applies to stack traces with at least one contributing frame.
        Action::Var(VarAction::MinFrames(n)) => *n <= 1,
        Action::Var(VarAction::InvertStacktrace(invert)) => !invert,
        _ => false,
    }
}

/// The facts about a rule.
struct Seen {
    line: usize,
    place: Span,
    /// The numbers of its matchers, sorted. Equal matchers have the same number.
    matchers: Arc<[u32]>,
    actions: Vec<Action>,
    sets: Targets,
    /// Which of `APP` and `CATEGORY` its matchers test.
    asks: Targets,
    is_duplicate: bool,
}

/// All rules of a text.
#[derive(Default)]
pub(in super::super) struct RuleSetLints {
    rules: Vec<Seen>,
    categories: Categories,
    /// The number of each matcher.
    numbers: HashMap<String, u32>,
    /// The first and the latest rule with these matchers and actions.
    latest: HashMap<(Arc<[u32]>, Vec<Action>), usize>,
    findings: Vec<(usize, Finding)>,
    /// The variables that an earlier rule has set to a value other than the default.
    in_use: Targets,
}

impl RuleSetLints {
    /// Adds the next rule, which is in this line.
    pub(in super::super) fn add(&mut self, rule: &WrittenRule, line: usize) {
        let index = self.rules.len();
        self.categories.add(rule, index, line);
        let matchers = self.interned(rule);
        let actions: Vec<_> = rule
            .actions
            .iter()
            .map(|(_, action)| action.clone())
            .collect();
        let bits = |keep: fn(&Action) -> bool| {
            let kept = actions.iter().filter(|action| keep(action));
            kept.fold(0, |bits: Targets, action| bits | 1 << target(action))
        };
        let place = rule.place();

        let needless = bits(is_default) & !self.in_use;
        let sets = bits(|_| true);
        self.in_use |= bits(|action| !is_default(action));
        if !actions.is_empty() && sets == needless & !self.in_use {
            self.findings.push((
                index,
                Finding::new(
                    Code::NoEffect,
                    rule.actions[0].0.start..place.end,
                    "this sets the default value, and no earlier rule sets another one",
                ),
            ));
        }

        let mut is_duplicate = false;
        match self.latest.entry((matchers.clone(), actions.clone())) {
            Entry::Vacant(vacant) => {
                vacant.insert(index);
            }
            Entry::Occupied(mut latest) if !actions.is_empty() => {
                is_duplicate = true;
                let earlier = latest.insert(index);
                self.findings.push((
                    index,
                    Finding::new(
                        Code::Duplicate,
                        place.clone(),
                        format!("line {} has the same rule", self.rules[earlier].line),
                    ),
                ));
            }
            Entry::Occupied(_) => {}
        }
        self.rules.push(Seen {
            line,
            place,
            matchers,
            actions,
            sets,
            asks: asks(rule),
            is_duplicate,
        });
    }

    /// Returns the numbers of the matchers of a rule.
    fn interned(&mut self, rule: &WrittenRule) -> Arc<[u32]> {
        let mut numbers: Vec<_> = rule
            .matchers
            .iter()
            .map(|matcher| {
                let fresh = u32::try_from(self.numbers.len()).unwrap_or(u32::MAX);
                *self.numbers.entry(canonical(matcher)).or_insert(fresh)
            })
            .collect();
        numbers.sort_unstable();
        numbers.dedup();
        numbers.into()
    }

    /// Reports all findings, each with the index of its rule.
    pub(in super::super) fn finish(mut self, report: &mut impl FnMut(usize, Finding)) {
        for (index, finding) in self.shadowed() {
            report(index, finding);
        }
        for (index, finding) in self.findings.drain(..) {
            report(index, finding);
        }
        self.categories.finish(report);
    }

    /// Finds shadowed rules, from the last rule to the first.
    fn shadowed(&self) -> Vec<(usize, Finding)> {
        const NONE: usize = usize::MAX;
        let mut found = Vec::new();
        // The nearest later rule that tests app or category, and the nearest one that sets it.
        let (mut asks_app, mut asks_category) = (NONE, NONE);
        let (mut sets_app, mut sets_category) = (NONE, NONE);
        // The nearest later rule with these matchers that sets a target.
        let mut all: HashMap<Arc<[u32]>, [usize; TARGETS]> = HashMap::new();
        for (index, rule) in self.rules.iter().enumerate().rev() {
            // Of those with the same matchers, or with some of them: these match more frames.
            let mut setters = [NONE; TARGETS];
            subsets(&rule.matchers, |subset| {
                if let Some(later) = all.get(subset) {
                    for (nearest, later) in setters.iter_mut().zip(later) {
                        *nearest = (*nearest).min(*later);
                    }
                }
            });
            let nearest = |bits: Targets, at: &mut usize| {
                if bits != 0 {
                    *at = index;
                }
            };
            nearest(rule.sets & APP, &mut sets_app);
            nearest(rule.sets & CATEGORY, &mut sets_category);
            // No rule may test the value before it is overridden, and the later rule must match the
            // same frames as this one.
            let is_overridden = |bit: usize| {
                let by = setters[bit];
                let (seen, moves) = match 1 << bit {
                    bit if bit & APP != 0 => (asks_app, true),
                    CATEGORY => (asks_category, true),
                    // Frames do not change in the pass that decides about grouping.
                    _ => (NONE, false),
                };
                let moved = (rule.asks & APP != 0 && sets_app < by)
                    || (rule.asks & CATEGORY != 0 && sets_category < by);
                by != NONE && seen > by && !(moves && moved)
            };
            let bits = || (0..TARGETS).filter(|bit| rule.sets >> bit & 1 == 1);
            // If the later rule is identical, the later one gets the diagnostic.
            let last = bits().map(|bit| setters[bit]).max().unwrap_or(NONE);
            if rule.sets != 0
                && bits().all(is_overridden)
                && !bits().any(|bit| self.is_same(index, setters[bit]))
            {
                let later = &self.rules[last];
                let matchers = if later.matchers == rule.matchers {
                    "has the same matchers"
                } else {
                    "matches all frames that this rule matches"
                };
                let message = format!(
                    "line {} {matchers} and overrides all that this rule sets",
                    later.line
                );
                let finding = Finding::new(Code::Shadowed, rule.place.clone(), message);
                found.push((index, finding));
            }
            let own = all.entry(rule.matchers.clone()).or_insert([NONE; TARGETS]);
            for bit in bits() {
                own[bit] = index;
            }
            nearest(rule.asks & APP, &mut asks_app);
            nearest(rule.asks & CATEGORY, &mut asks_category);
        }
        found
    }

    fn is_same(&self, index: usize, later: usize) -> bool {
        let (rule, later) = (&self.rules[index], &self.rules[later]);
        later.is_duplicate && rule.actions == later.actions
    }
}

/// Returns which of `APP` and `CATEGORY` the matchers test.
fn asks(rule: &WrittenRule) -> Targets {
    let asked = rule.matchers.iter().map(|matcher| match &matcher.matcher {
        Matcher::Frame(frame) => match frame.test {
            FrameTest::App { .. } => APP,
            FrameTest::Category(_) => CATEGORY,
            FrameTest::Text(..) | FrameTest::Family { .. } => 0,
        },
        Matcher::Exception(_) => 0,
    });
    asked.fold(0, |all, bits| all | bits)
}

/// Returns a matcher in a form that is equal for matchers with the same meaning: that of hints,
/// without details that have no effect.
fn canonical(matcher: &WrittenMatcher) -> String {
    match &matcher.matcher {
        Matcher::Exception(exception) => exception.to_string(),
        Matcher::Frame(frame) => match frame.test.pattern() {
            Some(pattern) if pattern.dialect() == Dialect::Path => {
                frame.to_string().to_ascii_lowercase().replace('\\', "/")
            }
            _ => frame.to_string(),
        },
    }
}

/// Rules with more matchers are rare. All their subsets would be too many.
const MAX_MATCHERS: usize = 4;

/// Calls `each` with the matchers, and with the sets of fewer matchers, but not with none.
fn subsets(matchers: &[u32], mut each: impl FnMut(&[u32])) {
    each(matchers);
    if matchers.len() > MAX_MATCHERS {
        for one in matchers {
            each(std::slice::from_ref(one));
        }
        return;
    }
    for chosen in 1..(1_usize << matchers.len()) - 1 {
        let is_chosen = |at: &usize| chosen >> at & 1 == 1;
        let some = (0..matchers.len()).filter(is_chosen).map(|at| matchers[at]);
        each(&some.collect::<Vec<_>>());
    }
}
