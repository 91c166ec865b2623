//! A rule set in the form that runs: what of a rule depends on a frame alone, and what on the
//! rules before it.
//!
//! A rule's matchers are sorted by when their answer is known:
//!
//! ```text
//! [ function:a* path:** ] | !module:m  family:native  category:x  app:no   +app
//!   `------ condition ---'    `-- condition --'       `-- dynamic tests -'
//!    of the caller, static     of the frame, static    change as rules run
//! ```
//!
//! *Conditions* look at the fields that no rule changes, so the same frame always meets the
//! same ones, and the memo keeps them. *Tests* say which frames a rule is for: those that meet
//! a condition, have a category, are in-app. [`super::compile`] makes all of it.
//!
//! *The index is made late.* It takes about as long as looking up [`TRIAL`] frames without it,
//! whatever the number of rules, and the rules of a project may never be looked at again. So
//! the first frames are tried on all conditions.

use std::sync::atomic::{AtomicU32, Ordering};

use foldhash::fast::RandomState;
use hashbrown::HashMap;
use once_cell::race::OnceBox;
use smol_str::SmolStr;

use super::glob::{FieldValue, Glob};
use super::ids::{CategoryId, CategoryTestId, ConditionId, GlobId, RuleId};
use super::index::{FieldIndex, FieldIndexBuilder};
use crate::enhancements::action::{FlagAction, FlagKind};
use crate::enhancements::family::Families;
use crate::enhancements::fields::{ByKey, ByText, ExceptionField, TextField};
use crate::enhancements::frame::ExceptionData;
use crate::enhancements::matcher::Offset;
use crate::glob::selectivity;

/// How many frames are looked up without an index. Few in unit tests, which try both ways.
const TRIAL: u32 = if cfg!(test) { 2 } else { 64 };

/// A rule set in the form that runs.
#[derive(Default)]
pub(super) struct Program {
    pub(super) rules: Vec<RuleProgram>,
    pub(super) conditions: Vec<Condition>,
    // The lists that rules and conditions have spans of.
    pub(super) tests: Vec<Test>,
    pub(super) exceptions: Vec<ExceptionTest>,
    pub(super) actions: Vec<Act>,
    pub(super) patterns: Vec<Negatable<FieldPattern>>,
    pub(super) families: Vec<Negatable<Families>>,
    pub(super) category_tests: Vec<CategoryTest>,
    pub(super) globs: Vec<Glob>,
    /// The numbers of categories: those that rules set come first, in the order of the rule
    /// set's list, then those that rules only test for.
    pub(super) categories: HashMap<SmolStr, CategoryId, RandomState>,
    /// The texts of the categories that have a number.
    pub(super) category_texts: Vec<SmolStr>,
    pub(super) triggers: Triggers,
    // Threads that race for it make it twice and keep one: no thread waits, so a fork in the
    // middle leaves nothing locked in the child.
    index: OnceBox<Index>,
    /// How many frames were looked up without it.
    tried: AtomicU32,
}

/// An index for each text field, in the order of their numbers.
pub(super) type Index = ByText<FieldIndex>;

/// A range of a list of the program. Rules have few tests and actions each, and a list of its
/// own for each would be most of the time that compiling takes.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// From a length that the list had to the one that it has now.
    pub(super) fn since<T>(start: usize, list: &[T]) -> Self {
        Self {
            start: start as u32,
            end: list.len() as u32,
        }
    }

    pub(super) fn of<T>(self, list: &[T]) -> &[T] {
        &list[self.start as usize..self.end as usize]
    }
}

/// A question, with whether the answer is turned around.
#[derive(Clone, Copy)]
pub(super) struct Negatable<T> {
    pub(super) negated: bool,
    pub(super) question: T,
}

/// What makes a rule worth a look, beside the conditions, which know their rule themselves.
#[derive(Default)]
pub(super) struct Triggers {
    /// For each category, the rules that it triggers.
    pub(super) by_category: Vec<Vec<RuleId>>,
    /// The rules that any category triggers, because they test for it by a pattern.
    pub(super) by_any_category: Vec<RuleId>,
    /// The rules that nothing triggers, so they always run.
    pub(super) always: Vec<RuleId>,
}

/// What a rule asks of the static part of one frame.
pub(super) struct Condition {
    /// The rule that is triggered by a frame that meets this, if the condition triggers one.
    pub(super) triggers: Option<RuleId>,
    pub(super) patterns: Patterns,
}

/// The patterns of a condition, and how they count.
#[derive(Clone, Copy)]
pub(super) enum Patterns {
    /// All hold, at least one of them not negated, and so do the tests of families.
    AllOf { families: Span, patterns: Span },
    /// None matches; all are negated. Nearly every frame is like that, so a frame is said to
    /// meet this condition where it *violates* it: where any of the patterns matches.
    NoneOf { patterns: Span },
}

/// A pattern on a field.
#[derive(Clone, Copy)]
pub(super) struct FieldPattern {
    pub(super) field: TextField,
    pub(super) glob: GlobId,
}

/// Whether families pass all of some tests.
pub(super) fn families_pass(tests: &[Negatable<Families>], families: Families) -> bool {
    let passes = |test: &Negatable<Families>| test.question.intersects(families) != test.negated;
    tests.iter().all(passes)
}

/// A rule: spans of the lists of its program.
pub(super) struct RuleProgram {
    pub(super) tests: Span,
    pub(super) exceptions: Span,
    pub(super) actions: Span,
    pub(super) modifies_frames: bool,
    pub(super) affects_grouping: bool,
}

/// What must hold for a frame that the rule is for.
pub(super) struct Test {
    /// The frame that is looked at.
    pub(super) offset: Offset,
    pub(super) negated: bool,
    pub(super) kind: TestKind,
}

pub(super) enum TestKind {
    /// It meets the condition.
    Condition(ConditionId),
    /// It shares one of these families.
    Family(Families),
    /// Its category passes the test.
    Category(CategoryTestId),
    /// Its `in_app` is true, or is not.
    App(bool),
    /// It is there.
    Exists,
    /// Nothing passes.
    Never,
}

pub(super) struct ExceptionTest {
    pub(super) field: ExceptionField,
    pub(super) negated: bool,
    pub(super) glob: GlobId,
}

/// A test of a category.
pub(super) enum CategoryTest {
    /// It is this one.
    Is(CategoryId),
    /// It matches a pattern.
    Matches(GlobId),
}

/// An action; categories are numbers.
#[derive(Clone, Copy)]
pub(super) enum Act {
    Flag(FlagAction),
    Category(CategoryId),
    MaxFrames(u64),
    MinFrames(u64),
    Invert(bool),
}

impl Act {
    /// The flag action, if it sets `kind`.
    pub(super) fn flag(&self, kind: FlagKind) -> Option<FlagAction> {
        match self {
            Self::Flag(flag) if flag.kind == kind => Some(*flag),
            _ => None,
        }
    }
}

/// The static texts of a frame in the forms that patterns are tried on.
type Values<'a> = ByText<Option<FieldValue<'a>>>;

impl Program {
    /// The rule that a condition triggers where a frame meets it.
    #[inline]
    pub(super) fn triggered_by(&self, condition: ConditionId) -> Option<RuleId> {
        self.conditions[condition.index()].triggers
    }

    /// The rules that a category triggers; `None` is one that no rule names.
    pub(super) fn triggered_by_category(
        &self,
        category: Option<CategoryId>,
    ) -> impl Iterator<Item = RuleId> + '_ {
        let own = category.map(|category| &self.triggers.by_category[category.index()][..]);
        let any = &self.triggers.by_any_category;
        own.unwrap_or_default().iter().chain(any).copied()
    }

    /// The index, once there were enough frames to make one.
    fn index(&self) -> Option<&Index> {
        if let Some(index) = self.index.get() {
            return Some(index);
        }
        if self.tried.fetch_add(1, Ordering::Relaxed) < TRIAL {
            return None;
        }
        Some(self.index.get_or_init(|| Box::new(self.make_index())))
    }

    /// Indexes the conditions.
    fn make_index(&self) -> Index {
        let mut builders: ByText<FieldIndexBuilder<'_>> = Default::default();
        let glob = |pattern: &FieldPattern| &self.globs[pattern.glob.index()];
        for (number, condition) in self.conditions.iter().enumerate() {
            let number = ConditionId::at(number);
            match condition.patterns {
                Patterns::NoneOf { patterns } => {
                    for Negatable { question, .. } in patterns.of(&self.patterns) {
                        builders[question.field as usize].add(glob(question), number, |_| true);
                    }
                }
                Patterns::AllOf { families, patterns } => {
                    let patterns = patterns.of(&self.patterns).iter();
                    let positive = patterns.filter(|pattern| !pattern.negated);
                    let best = positive
                        .map(|pattern| &pattern.question)
                        .max_by_key(|pattern| selectivity(&glob(pattern).anchors()));
                    if let Some(best) = best {
                        let tests = families.of(&self.families);
                        let can_meet = |frame| families_pass(tests, frame);
                        builders[best.field as usize].add(glob(best), number, can_meet);
                    }
                }
            }
        }
        builders.map(FieldIndexBuilder::build)
    }

    /// Finds the conditions that a frame meets, in their order.
    pub(super) fn conditions_of(&self, key: &ByKey<Option<&str>>, finder: &mut Finder) {
        let [family, texts @ ..] = key;
        let families = Families::of_frame(*family);
        let Finder {
            candidates,
            scratch,
            found,
        } = finder;
        found.clear();
        let mut values: Values<'_> = Default::default();
        let spaces = values.iter_mut().zip(scratch);
        for ((value, scratch), (text, field)) in spaces.zip(texts.iter().zip(TextField::ALL)) {
            *value = text.map(|text| FieldValue::new(text.as_bytes(), field.dialect(), scratch));
        }
        let index = self.index();
        if index.is_none() {
            values.iter_mut().flatten().for_each(FieldValue::find_pairs);
        }
        let meets = |condition: &ConditionId| {
            let patterns = self.conditions[condition.index()].patterns;
            self.meets(families, &values, patterns)
        };
        let Some(index) = index else {
            let all = (0..self.conditions.len()).map(ConditionId::at);
            found.extend(all.filter(meets));
            return;
        };
        candidates.clear();
        for (index, value) in index.iter().zip(&values) {
            if let Some(value) = value {
                index.candidates(value, families, candidates);
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        let candidates = candidates.iter().map(|&number| ConditionId(number));
        found.extend(candidates.filter(meets));
    }

    fn meets(&self, families: Families, values: &Values<'_>, patterns: Patterns) -> bool {
        let matches = |pattern: &Negatable<FieldPattern>| {
            let value = &values[pattern.question.field as usize];
            let glob = &self.globs[pattern.question.glob.index()];
            value.as_ref().is_some_and(|value| glob.is_match(value))
        };
        match patterns {
            Patterns::NoneOf { patterns } => patterns.of(&self.patterns).iter().any(matches),
            Patterns::AllOf {
                families: tests,
                patterns,
            } => {
                let holds = |pattern| matches(pattern) != pattern.negated;
                families_pass(tests.of(&self.families), families)
                    && patterns.of(&self.patterns).iter().all(holds)
            }
        }
    }

    /// Whether the exception is one that the rule is for.
    pub(super) fn matches_exception(
        &self,
        rule: &RuleProgram,
        exception: &ExceptionData<'_>,
    ) -> bool {
        let tests = rule.exceptions.of(&self.exceptions);
        tests.iter().all(|test| {
            let text = test.field.of(exception).unwrap_or("<unknown>");
            self.matches_name(test.glob, text) != test.negated
        })
    }

    fn matches_name(&self, glob: GlobId, text: &str) -> bool {
        self.globs[glob.index()].is_match(&FieldValue::name(text.as_bytes()))
    }

    /// The number of a category, if a rule sets it or tests for it.
    pub(super) fn category(&self, text: &str) -> Option<CategoryId> {
        self.categories.get(text).copied()
    }

    /// The text of a category that has a number.
    pub(super) fn category_text(&self, category: CategoryId) -> &str {
        &self.category_texts[category.index()]
    }

    /// Whether a category passes a test. `number` is the one it has here, if it has one.
    pub(super) fn category_passes(
        &self,
        test: CategoryTestId,
        number: Option<CategoryId>,
        text: &str,
    ) -> bool {
        match self.category_tests[test.index()] {
            CategoryTest::Is(wanted) => number == Some(wanted),
            CategoryTest::Matches(glob) => self.matches_name(glob, text),
        }
    }
}

/// Reusable space for finding the conditions of a frame.
#[derive(Default)]
pub(super) struct Finder {
    candidates: Vec<u32>,
    scratch: ByText<Vec<u8>>,
    /// What was found.
    pub(super) found: Vec<ConditionId>,
}
