//! Makes a program of rules.
//!
//! For each rule, and for each frame it looks at (itself, its caller, its callee), the
//! matchers on static fields become one condition:
//!
//! ```text
//! function:a* !path:b family:native    AllOf   found by its best positive pattern
//! !path:b !module:c family:native      NoneOf  found by any of its patterns, as a violation;
//!                                              the family is a test of its own
//! family:native                        a test, no condition: nothing to find it by
//! ```
//!
//! *Which patterns find a condition.* An all-of condition cannot be met unless each of its
//! positive patterns matches, so the index knows it by one of them, the most selective. A
//! none-of condition is violated by any of its patterns, so the index knows it by all.
//!
//! *What triggers a rule.* Exactly one of these, the first that the rule has:
//!
//! 1. an all-of condition: the rule matches no frame unless some frame meets it;
//! 2. a positive test of a category: no frame matches unless one has such a category;
//! 3. nothing: the rule always runs.
//!
//! Invalid globs match nothing. A positive one makes the rule match nothing; a negated one
//! asks only that the frame is there.

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use smol_str::SmolStr;

use super::glob::Glob;
use super::ids::{CategoryId, CategoryTestId, ConditionId, GlobId, RuleId};
use super::index::FieldIndexBuilder;
use super::program::{
    families_pass, Act, CategoryTest, Condition, ExceptionTest, FieldPattern, Patterns, Program,
    RuleProgram, Test, TestKind,
};
use crate::enhancements::action::{Action, VarAction};
use crate::enhancements::family::Families;
use crate::enhancements::fields::ByText;
use crate::enhancements::matcher::{FrameTest, Offset};
use crate::enhancements::pattern::{Dialect, Pattern};
use crate::enhancements::rule::Rule;
use crate::glob::selectivity;

/// How the conditions that a frame may meet are found.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Indexing {
    /// By an index: costs half a millisecond for some hundred rules, once.
    Full,
    /// By trying all: for few rules that are asked once or twice.
    None,
}

/// Compiles rules. `categories` has each category that they set, once: these get the first
/// numbers, in this order.
pub(super) fn compile(rules: &[Rule], categories: &[SmolStr], indexing: Indexing) -> Program {
    let mut compiler = Compiler::default();
    for category in categories {
        compiler.category(category);
    }
    for (number, rule) in rules.iter().enumerate() {
        compiler.rule(RuleId::at(number), rule);
    }
    compiler.finish(indexing)
}

#[derive(Default)]
struct Compiler<'r> {
    program: Program,
    globs: HashMap<(Dialect, &'r str), GlobId, RandomState>,
}

/// The matchers of a rule on one frame, sorted; each with whether it is negated.
#[derive(Default)]
struct Matchers {
    families: Vec<(Families, bool)>,
    patterns: Vec<(FieldPattern, bool)>,
    categories: Vec<(CategoryTestId, bool)>,
    apps: Vec<(Option<bool>, bool)>,
}

/// What triggers a rule.
#[derive(Clone, Copy)]
enum Trigger {
    Condition,
    Category(CategoryTestId),
    Always,
}

impl<'r> Compiler<'r> {
    fn rule(&mut self, number: RuleId, rule: &'r Rule) {
        let first_test = self.program.tests.len() as u32;
        let mut trigger = Trigger::Always;
        for offset in [Offset::This, Offset::Caller, Offset::Callee] {
            self.frame(number, rule, offset, &mut trigger);
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

        let first_exception = self.program.exceptions.len() as u32;
        for matcher in rule.exception_matchers() {
            let glob = self.glob(&matcher.pattern);
            self.program.exceptions.push(ExceptionTest {
                field: matcher.field,
                negated: matcher.negated,
                glob,
            });
        }
        let actions = rule.actions().iter().map(|action| self.act(action));
        let actions = actions.collect();
        self.program.rules.push(RuleProgram {
            tests: first_test..self.program.tests.len() as u32,
            exceptions: first_exception..self.program.exceptions.len() as u32,
            actions,
            modifies_frames: rule.modifies_frames(),
            affects_grouping: rule.affects_grouping(),
        });
    }

    /// Adds the tests on one of the frames that a rule looks at.
    fn frame(&mut self, number: RuleId, rule: &'r Rule, offset: Offset, trigger: &mut Trigger) {
        let matchers = self.matchers(rule, offset);
        let patterns = self.live_patterns(offset, matchers.patterns);
        if patterns.iter().any(|(_, negated)| !negated) {
            let triggers = !matches!(trigger, Trigger::Condition);
            *trigger = Trigger::Condition;
            let patterns = Patterns::AllOf {
                families: matchers.families.into(),
                patterns: patterns.into(),
            };
            let condition = self.condition(triggers.then_some(number), patterns);
            self.test(offset, false, TestKind::Condition(condition));
        } else {
            for (families, negated) in matchers.families {
                self.test(offset, negated, TestKind::Family(families));
            }
            if !patterns.is_empty() {
                let patterns = patterns.into_iter().map(|(pattern, _)| pattern).collect();
                let condition = self.condition(None, Patterns::NoneOf(patterns));
                self.test(offset, true, TestKind::Condition(condition));
            }
        }
        for (test, negated) in matchers.categories {
            if !negated && matches!(trigger, Trigger::Always) {
                *trigger = Trigger::Category(test);
            }
            self.test(offset, negated, TestKind::Category(test));
        }
        for (expected, negated) in matchers.apps {
            let kind = expected.map_or(TestKind::Never, TestKind::App);
            self.test(offset, negated, kind);
        }
    }

    fn matchers(&mut self, rule: &'r Rule, offset: Offset) -> Matchers {
        let mut sorted = Matchers::default();
        for matcher in rule.frame_matchers().iter().filter(|m| m.offset == offset) {
            let negated = matcher.negated;
            match &matcher.test {
                FrameTest::Category(pattern) => {
                    let test = self.category_test(pattern);
                    sorted.categories.push((test, negated));
                }
                FrameTest::Text(field, pattern) => {
                    let (field, glob) = (*field, self.glob(pattern));
                    let pattern = FieldPattern { field, glob };
                    sorted.patterns.push((pattern, negated));
                }
                FrameTest::Family { families, .. } => sorted.families.push((*families, negated)),
                FrameTest::App { expected, .. } => sorted.apps.push((*expected, negated)),
            }
        }
        sorted
    }

    /// Leaves out the patterns that match nothing, and adds the tests that they come to.
    fn live_patterns(
        &mut self,
        offset: Offset,
        mut patterns: Vec<(FieldPattern, bool)>,
    ) -> Vec<(FieldPattern, bool)> {
        let all = patterns.len();
        let mut never = false;
        patterns.retain(|(pattern, negated)| {
            let invalid = self.program.globs[pattern.glob.index()].is_never();
            never |= invalid && !negated;
            !invalid
        });
        if never {
            self.test(offset, false, TestKind::Never);
        }
        if patterns.is_empty() && all > 0 {
            self.test(offset, false, TestKind::Exists);
        }
        patterns
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

    /// The number of a category; a new one if it has none.
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
        let literal = literal.and_then(|text| String::from_utf8(text.to_vec()).ok());
        let test = match literal {
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

    /// Indexes the conditions.
    fn finish(self, indexing: Indexing) -> Program {
        let mut builders: ByText<FieldIndexBuilder<'_>> = Default::default();
        let glob = |pattern: &FieldPattern| &self.program.globs[pattern.glob.index()];
        let mut add = |pattern: &FieldPattern, number, can_meet: &dyn Fn(Families) -> bool| {
            let builder = &mut builders[pattern.field as usize];
            match indexing {
                Indexing::Full => builder.add(glob(pattern), number, can_meet),
                Indexing::None => builder.add_unindexed(number),
            }
        };
        for (number, condition) in self.program.conditions.iter().enumerate() {
            let number = ConditionId::at(number);
            match &condition.patterns {
                Patterns::NoneOf(patterns) => {
                    for pattern in patterns {
                        add(pattern, number, &|_| true);
                    }
                }
                Patterns::AllOf { families, patterns } => {
                    let positive = patterns.iter().filter(|(_, negated)| !negated);
                    let best =
                        positive
                            .map(|(pattern, _)| pattern)
                            .max_by_key(|pattern| match indexing {
                                Indexing::Full => selectivity(&glob(pattern).anchors()),
                                Indexing::None => 0,
                            });
                    if let Some(best) = best {
                        add(best, number, &|frame| families_pass(families, frame));
                    }
                }
            }
        }
        let indexes = builders.map(FieldIndexBuilder::build);
        Program {
            indexes,
            ..self.program
        }
    }
}
