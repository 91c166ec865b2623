//! Compiles rules to a program.
//!
//! For each rule, and for each frame that it tests (the frame, its caller, its callee), the
//! matchers on static fields become one condition:
//!
//! ```text
//! function:a* !path:b family:native    AllOf   found by its best positive pattern
//! !path:b !module:c family:native      NoneOf  found by any of its patterns, as a violation;
//!                                              the family is a test of its own
//! family:native                        a test and not a condition: it has no pattern
//! ```
//!
//! *Which patterns find a condition.* A frame meets an all-of condition only if each of its
//! positive patterns matches, so the index contains one of them, the most selective. Any pattern of
//! a none-of condition can violate it, so the index contains all of them.
//!
//! *What triggers a rule.* Exactly one of these, the first one that the rule has:
//!
//! 1. an all-of condition: the rule matches no frame unless some frame meets it;
//! 2. a positive test of a category: no frame matches unless one has such a category;
//! 3. nothing: the rule always runs.
//!
//! Invalid globs match nothing. If a positive glob is invalid, the rule matches nothing; if a
//! negated glob is invalid, the frame only has to exist.

use std::mem;

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smol_str::SmolStr;

use super::glob::Glob;
use super::ids::{CategoryId, CategoryTestId, ConditionId, GlobId, RuleId};
use super::program::{
    Act, CategoryTest, Condition, ExceptionTest, FieldPattern, Negatable, Patterns, Program,
    RuleProgram, Span, Test, TestKind,
};
use crate::enhancements::action::{Action, VarAction};
use crate::enhancements::family::Families;
use crate::enhancements::matcher::{FrameTest, Offset};
use crate::enhancements::pattern::{Dialect, Pattern};
use crate::enhancements::rule::Rule;

/// Compiles rules. `categories` has each category that the rules set, once. These categories get
/// the first numbers, in this order.
pub(super) fn compile(rules: &[Rule], categories: &[SmolStr]) -> Program {
    let mut compiler = Compiler::default();
    compiler.reserve(rules.len());
    for category in categories {
        compiler.category(category);
    }
    for (number, rule) in rules.iter().enumerate() {
        compiler.rule(RuleId::at(number), rule);
    }
    compiler.program
}

#[derive(Default)]
struct Compiler<'r> {
    program: Program,
    globs: HashMap<(Dialect, &'r str), GlobId, RandomState>,
    /// The matchers of the current rule and frame; reused for the next.
    matchers: Matchers,
}

/// The matchers of a rule on one frame, sorted.
#[derive(Default)]
struct Matchers {
    families: Vec<Negatable<Families>>,
    patterns: Vec<Negatable<FieldPattern>>,
    categories: Vec<Negatable<CategoryTestId>>,
    apps: Vec<Negatable<Option<bool>>>,
}

/// What triggers a rule.
#[derive(Clone, Copy)]
enum Trigger {
    Condition,
    Category(CategoryTestId),
    Always,
}

impl<'r> Compiler<'r> {
    /// Reserves memory for rules with one pattern and one action each, as most rules have.
    fn reserve(&mut self, rules: usize) {
        self.globs.reserve(rules);
        let program = &mut self.program;
        program.rules.reserve(rules);
        program.conditions.reserve(rules);
        program.tests.reserve(rules);
        program.actions.reserve(rules);
        program.patterns.reserve(rules);
        program.globs.reserve(rules);
    }

    fn rule(&mut self, number: RuleId, rule: &'r Rule) {
        let tests = self.program.tests.len();
        let mut trigger = Trigger::Always;
        for offset in [Offset::This, Offset::Caller, Offset::Callee] {
            self.sort_matchers(rule, offset);
            self.frame(number, offset, &mut trigger);
        }
        let triggers = &mut self.program.triggers;
        match trigger {
            Trigger::Condition => {}
            Trigger::Always => triggers.always.push(number),
            Trigger::Category(test) => match self.program.category_tests[test.index()] {
                CategoryTest::Is(category) => triggers.by_category[category.index()].push(number),
                CategoryTest::Matches(_) => triggers.by_any_category.push(number),
            },
        }

        let exceptions = self.program.exceptions.len();
        for matcher in rule.exception_matchers() {
            let glob = self.glob(&matcher.pattern);
            self.program.exceptions.push(ExceptionTest {
                field: matcher.field,
                negated: matcher.negated,
                glob,
            });
        }
        let actions = self.program.actions.len();
        for action in rule.actions() {
            let act = self.act(action);
            self.program.actions.push(act);
        }
        let program = &mut self.program;
        program.rules.push(RuleProgram {
            tests: Span::since(tests, &program.tests),
            exceptions: Span::since(exceptions, &program.exceptions),
            actions: Span::since(actions, &program.actions),
            modifies_frames: rule.modifies_frames(),
            affects_grouping: rule.affects_grouping(),
        });
    }

    /// Sorts the matchers of a rule on one of the frames that it tests.
    fn sort_matchers(&mut self, rule: &'r Rule, offset: Offset) {
        for matcher in rule.frame_matchers().iter().filter(|m| m.offset == offset) {
            let negated = matcher.negated;
            match &matcher.test {
                FrameTest::Category(pattern) => {
                    let question = self.category_test(pattern);
                    let test = Negatable { negated, question };
                    self.matchers.categories.push(test);
                }
                FrameTest::Text(field, pattern) => {
                    let (field, glob) = (*field, self.glob(pattern));
                    let question = FieldPattern { field, glob };
                    let test = Negatable { negated, question };
                    self.matchers.patterns.push(test);
                }
                FrameTest::Family { families, .. } => self.matchers.families.push(Negatable {
                    negated,
                    question: *families,
                }),
                FrameTest::App { expected, .. } => self.matchers.apps.push(Negatable {
                    negated,
                    question: *expected,
                }),
            }
        }
    }

    /// Adds the tests on this frame.
    fn frame(&mut self, number: RuleId, offset: Offset, trigger: &mut Trigger) {
        let mut matchers = mem::take(&mut self.matchers);
        self.drop_invalid(offset, &mut matchers.patterns);
        let patterns = self.program.patterns.len();
        self.program.patterns.extend_from_slice(&matchers.patterns);
        let patterns = Span::since(patterns, &self.program.patterns);
        if matchers.patterns.iter().any(|pattern| !pattern.negated) {
            let triggers = !matches!(trigger, Trigger::Condition);
            *trigger = Trigger::Condition;
            let families = self.program.families.len();
            self.program.families.extend_from_slice(&matchers.families);
            let families = Span::since(families, &self.program.families);
            let patterns = Patterns::AllOf { families, patterns };
            let condition = self.condition(triggers.then_some(number), patterns);
            self.test(offset, false, TestKind::Condition(condition));
        } else {
            for families in &matchers.families {
                self.test(
                    offset,
                    families.negated,
                    TestKind::Family(families.question),
                );
            }
            if !matchers.patterns.is_empty() {
                let condition = self.condition(None, Patterns::NoneOf { patterns });
                self.test(offset, true, TestKind::Condition(condition));
            }
        }
        for category in &matchers.categories {
            if !category.negated && matches!(trigger, Trigger::Always) {
                *trigger = Trigger::Category(category.question);
            }
            self.test(
                offset,
                category.negated,
                TestKind::Category(category.question),
            );
        }
        for app in &matchers.apps {
            let kind = app.question.map_or(TestKind::Never, TestKind::App);
            self.test(offset, app.negated, kind);
        }
        matchers.families.clear();
        matchers.patterns.clear();
        matchers.categories.clear();
        matchers.apps.clear();
        self.matchers = matchers;
    }

    /// Removes the patterns that match nothing, and adds the tests that replace them.
    fn drop_invalid(&mut self, offset: Offset, patterns: &mut Vec<Negatable<FieldPattern>>) {
        let all = patterns.len();
        let mut never = false;
        patterns.retain(|pattern| {
            let invalid = self.program.globs[pattern.question.glob.index()].is_never();
            never |= invalid && !pattern.negated;
            !invalid
        });
        if never {
            self.test(offset, false, TestKind::Never);
        }
        if patterns.is_empty() && all > 0 {
            self.test(offset, false, TestKind::Exists);
        }
    }

    fn condition(&mut self, triggers: Option<RuleId>, patterns: Patterns) -> ConditionId {
        let conditions = &mut self.program.conditions;
        conditions.push(Condition { triggers, patterns });
        ConditionId::at(conditions.len() - 1)
    }

    fn test(&mut self, offset: Offset, negated: bool, kind: TestKind) {
        self.program.tests.push(Test {
            offset,
            negated,
            kind,
        });
    }

    fn glob(&mut self, pattern: &'r Pattern) -> GlobId {
        let key = (pattern.dialect(), pattern.as_str());
        *self.globs.entry(key).or_insert_with(|| {
            self.program.globs.push(Glob::new(pattern));
            GlobId::at(self.program.globs.len() - 1)
        })
    }

    /// Returns the number of a category. A category without a number gets a new one.
    fn category(&mut self, text: &str) -> CategoryId {
        if let Some(known) = self.program.category(text) {
            return known;
        }
        let number = CategoryId::at(self.program.category_texts.len());
        self.program.category_texts.push(text.into());
        self.program.triggers.by_category.push(Vec::new());
        self.program.categories.insert(text.into(), number);
        number
    }

    fn category_test(&mut self, pattern: &'r Pattern) -> CategoryTestId {
        let glob = self.glob(pattern);
        let literal = self.program.globs[glob.index()].literal();
        let literal = literal.and_then(|text| std::str::from_utf8(text).ok());
        let test = match literal.map(SmolStr::new) {
            Some(text) => CategoryTest::Is(self.category(&text)),
            None => CategoryTest::Matches(glob),
        };
        self.program.category_tests.push(test);
        CategoryTestId::at(self.program.category_tests.len() - 1)
    }

    fn act(&mut self, action: &Action) -> Act {
        match action {
            Action::Flag(flag) => Act::Flag(*flag),
            Action::Var(VarAction::MaxFrames(n)) => Act::MaxFrames(*n),
            Action::Var(VarAction::MinFrames(n)) => Act::MinFrames(*n),
            Action::Var(VarAction::InvertStacktrace(invert)) => Act::Invert(*invert),
            Action::Var(VarAction::Category(text)) => Act::Category(self.category(text)),
        }
    }
}
