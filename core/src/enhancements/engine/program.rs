//! Compiled rules: conditions, which depend only on a frame, and tests, which depend on earlier
//! rules.
//!
//! The matchers of a rule are sorted by the time when their result is known:
//!
//! ```text
//! [ function:a* path:** ] | !module:m  family:native  category:x  app:no   +app
//!   `------ condition ---'    `-- condition --'       `-- dynamic tests -'
//!    of the caller, static     of the frame, static    change as rules run
//! ```
//!
//! *Conditions* test the fields that no rule changes, so the same frame always meets the same
//! conditions, and the memo keeps them. *Tests* select the frames that a rule matches: those that
//! meet a condition, have a category, or are in-app. [`super::compile`] creates both.
//!
//! *The index is built late.* Building it takes about as long as looking up [`TRIAL`] frames
//! without it, for any number of rules, and the rules of a project may never be used again. So for
//! the first frames all conditions are tried.

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

/// The number of frames that are looked up without an index. It is small in unit tests, which cover
/// both ways.
const TRIAL: u32 = if cfg!(test) { 2 } else { 64 };

/// A compiled segment.
#[derive(Default)]
pub(super) struct Program {
    pub(super) rules: Vec<RuleProgram>,
    pub(super) conditions: Vec<Condition>,
    // The lists into which the spans of rules and conditions point.
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
    // If two threads need it at once, both build it and one is kept. No thread waits, so a fork in
    // the middle leaves no lock in the child.
    index: OnceBox<Index>,
    /// The number of frames that were looked up without it.
    tried: AtomicU32,
}

/// An index for each text field, in the order of their numbers.
pub(super) type Index = ByText<FieldIndex>;

/// A range of a list of the program. Rules have few tests and actions each, and allocating a list
/// for each rule would take most of the time of compiling.
#[derive(Clone, Copy, Debug, Default)]
pub(super) struct Span {
    start: u32,
    end: u32,
}

impl Span {
    /// Makes a span from an earlier length of the list to its current length.
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

/// A value that can be negated.
#[derive(Clone, Copy)]
pub(super) struct Negatable<T> {
    pub(super) negated: bool,
    pub(super) question: T,
}

/// What triggers rules, except for conditions, which store their rule.
#[derive(Default)]
pub(super) struct Triggers {
    /// For each category, the rules that it triggers.
    pub(super) by_category: Vec<Vec<RuleId>>,
    /// The rules that any category triggers, because they test for it by a pattern.
    pub(super) by_any_category: Vec<RuleId>,
    /// The rules that always run, because nothing triggers them.
    pub(super) always: Vec<RuleId>,
}

/// The requirements of a rule on the static part of one frame.
pub(super) struct Condition {
    /// The rule that a frame triggers if it meets the condition; `None` if the condition triggers
    /// no rule.
    pub(super) triggers: Option<RuleId>,
    pub(super) patterns: Patterns,
}

/// The patterns of a condition, and how they are combined.
#[derive(Clone, Copy)]
pub(super) enum Patterns {
    /// All patterns and tests of families must hold. At least one pattern is not negated.
    AllOf { families: Span, patterns: Span },
    /// No pattern may match; all are negated. Nearly every frame satisfies this, so a frame *meets*
    /// this condition if it *violates* it: if any of the patterns matches.
    NoneOf { patterns: Span },
}

/// A pattern on a field.
#[derive(Clone, Copy)]
pub(super) struct FieldPattern {
    pub(super) field: TextField,
    pub(super) glob: GlobId,
}

/// Returns whether families pass all tests.
pub(super) fn families_pass(tests: &[Negatable<Families>], families: Families) -> bool {
    let passes = |test: &Negatable<Families>| test.question.intersects(families) != test.negated;
    tests.iter().all(passes)
}

/// A compiled rule: spans of the lists of its program.
pub(super) struct RuleProgram {
    pub(super) tests: Span,
    pub(super) exceptions: Span,
    pub(super) actions: Span,
    pub(super) modifies_frames: bool,
    pub(super) affects_grouping: bool,
}

/// A requirement on the frames that the rule matches.
pub(super) struct Test {
    /// The frame that is tested.
    pub(super) offset: Offset,
    pub(super) negated: bool,
    pub(super) kind: TestKind,
}

pub(super) enum TestKind {
    /// The frame meets the condition.
    Condition(ConditionId),
    /// The frame has one of these families.
    Family(Families),
    /// The category of the frame passes the test.
    Category(CategoryTestId),
    /// `in_app` of the frame is true, or is not.
    App(bool),
    /// The frame exists.
    Exists,
    /// No frame passes.
    Never,
}

pub(super) struct ExceptionTest {
    pub(super) field: ExceptionField,
    pub(super) negated: bool,
    pub(super) glob: GlobId,
}

/// A test of a category.
pub(super) enum CategoryTest {
    /// The category is this one.
    Is(CategoryId),
    /// The category matches a pattern.
    Matches(GlobId),
}

/// A compiled action. Categories are numbers.
#[derive(Clone, Copy)]
pub(super) enum Act {
    Flag(FlagAction),
    Category(CategoryId),
    MaxFrames(u64),
    MinFrames(u64),
    Invert(bool),
}

impl Act {
    /// Returns the flag action, if it sets `kind`.
    pub(super) fn flag(&self, kind: FlagKind) -> Option<FlagAction> {
        match self {
            Self::Flag(flag) if flag.kind == kind => Some(*flag),
            _ => None,
        }
    }
}

/// The static texts of a frame in the forms for which patterns are tried.
type Values<'a> = ByText<Option<FieldValue<'a>>>;

impl Program {
    /// Returns the rule that a condition triggers if a frame meets it.
    #[inline]
    pub(super) fn triggered_by(&self, condition: ConditionId) -> Option<RuleId> {
        self.conditions[condition.index()].triggers
    }

    /// Returns the rules that a category triggers; `None` is a category that no rule names.
    pub(super) fn triggered_by_category(
        &self,
        category: Option<CategoryId>,
    ) -> impl Iterator<Item = RuleId> + '_ {
        let own = category.map(|category| &self.triggers.by_category[category.index()][..]);
        let any = &self.triggers.by_any_category;
        own.unwrap_or_default().iter().chain(any).copied()
    }

    /// Returns the index, after enough frames were looked up.
    fn index(&self) -> Option<&Index> {
        if let Some(index) = self.index.get() {
            return Some(index);
        }
        if self.tried.fetch_add(1, Ordering::Relaxed) < TRIAL {
            return None;
        }
        Some(self.index.get_or_init(|| Box::new(self.make_index())))
    }

    /// Builds the index of the conditions.
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

    /// Returns whether the rule matches the exception.
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

    /// Returns the number of a category, if a rule sets it or tests for it.
    pub(super) fn category(&self, text: &str) -> Option<CategoryId> {
        self.categories.get(text).copied()
    }

    /// Returns the text of a category.
    pub(super) fn category_text(&self, category: CategoryId) -> &str {
        &self.category_texts[category.index()]
    }

    /// Returns whether a category passes a test. `number` is its number in this program, if it has
    /// one.
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

/// Reusable buffers for finding the conditions of a frame.
#[derive(Default)]
pub(super) struct Finder {
    candidates: Vec<u32>,
    scratch: ByText<Vec<u8>>,
    /// The conditions that were found.
    pub(super) found: Vec<ConditionId>,
}
