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

use std::collections::HashMap;

use smol_str::SmolStr;

use super::glob::{FieldValue, Glob};
use super::ids::{CategoryId, CategoryTestId, ConditionId, GlobId, RuleId};
use super::index::FieldIndex;
use crate::enhancements::action::{FlagAction, FlagKind};
use crate::enhancements::family::Families;
use crate::enhancements::fields::{ByKey, ByText, ExceptionField, TextField};
use crate::enhancements::frame::ExceptionData;
use crate::enhancements::matcher::Offset;

/// A rule set in the form that runs.
#[derive(Default)]
pub(super) struct Program {
    pub(super) globs: Vec<Glob>,
    pub(super) conditions: Vec<Condition>,
    pub(super) indexes: ByText<FieldIndex>,
    pub(super) rules: Vec<RuleProgram>,
    pub(super) tests: Vec<Test>,
    pub(super) exceptions: Vec<ExceptionTest>,
    pub(super) category_tests: Vec<CategoryTest>,
    /// The numbers of categories: those that rules set come first, in the order of the rule
    /// set's list, then those that rules only test for.
    pub(super) categories: HashMap<SmolStr, CategoryId>,
    /// The texts of the categories that have a number.
    pub(super) category_texts: Vec<SmolStr>,
    pub(super) triggers: Triggers,
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
pub(super) enum Patterns {
    /// All hold, at least one of them not negated, and so do the tests of families.
    AllOf {
        /// Families that the frame must share one of, each with whether that is negated.
        families: Box<[(Families, bool)]>,
        /// Patterns, each with whether it is negated.
        patterns: Box<[(FieldPattern, bool)]>,
    },
    /// None matches. Nearly every frame is like that, so a frame is said to meet this
    /// condition where it *violates* it: where any of the patterns matches.
    NoneOf(Box<[FieldPattern]>),
}

/// A pattern on a field.
#[derive(Clone, Copy)]
pub(super) struct FieldPattern {
    pub(super) field: TextField,
    pub(super) glob: GlobId,
}

/// Whether families pass tests, each with whether it is negated.
pub(super) fn families_pass(tests: &[(Families, bool)], families: Families) -> bool {
    let passes = |&(wanted, negated): &(Families, bool)| wanted.intersects(families) != negated;
    tests.iter().all(passes)
}

/// A rule: ranges of the lists of its program, and what it does.
pub(super) struct RuleProgram {
    pub(super) tests: std::ops::Range<u32>,
    pub(super) exceptions: std::ops::Range<u32>,
    pub(super) actions: Box<[Act]>,
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

    pub(super) fn tests(&self, rule: &RuleProgram) -> &[Test] {
        &self.tests[rule.tests.start as usize..rule.tests.end as usize]
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
        candidates.clear();
        found.clear();
        let mut values: Values<'_> = Default::default();
        let spaces = values.iter_mut().zip(scratch);
        for ((value, scratch), (text, field)) in spaces.zip(texts.iter().zip(TextField::ALL)) {
            *value = text.map(|text| FieldValue::new(text.as_bytes(), field.dialect(), scratch));
        }
        for (index, value) in self.indexes.iter().zip(&values) {
            if let Some(value) = value {
                index.candidates(value, families, candidates);
            }
        }
        candidates.sort_unstable();
        candidates.dedup();
        for &candidate in &*candidates {
            let candidate = ConditionId(candidate);
            if self.meets(families, &values, &self.conditions[candidate.index()]) {
                found.push(candidate);
            }
        }
    }

    fn meets(&self, families: Families, values: &Values<'_>, condition: &Condition) -> bool {
        let matches = |pattern: &FieldPattern| {
            let value = &values[pattern.field as usize];
            let glob = &self.globs[pattern.glob.index()];
            value.as_ref().is_some_and(|value| glob.is_match(value))
        };
        match &condition.patterns {
            Patterns::NoneOf(patterns) => patterns.iter().any(matches),
            Patterns::AllOf {
                families: tests,
                patterns,
            } => {
                let holds =
                    |(pattern, negated): &(FieldPattern, bool)| matches(pattern) != *negated;
                families_pass(tests, families) && patterns.iter().all(holds)
            }
        }
    }

    /// Whether the exception is one that the rule is for.
    pub(super) fn matches_exception(
        &self,
        rule: &RuleProgram,
        exception: &ExceptionData<'_>,
    ) -> bool {
        let range = rule.exceptions.start as usize..rule.exceptions.end as usize;
        self.exceptions[range].iter().all(|test| {
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
