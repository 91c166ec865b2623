//! Rules as programs: what of a rule depends on a frame alone, and what on the trace.
//!
//! A rule's matchers are sorted by when their answer is known:
//!
//! ```text
//! [ function:a* path:** ] | !module:m  family:native  category:x  app:no   +app
//!   `------ condition ---'    `-- condition --'       `-- dynamic tests -'
//!    of the caller, static     of the frame, static    change as rules run
//! ```
//!
//! *Conditions* look at the fields that no rule changes, so each frame meets the same ones
//! always; the memo keeps them. A condition with a positive pattern is met or not. One with
//! only negated patterns would be met by nearly every frame, so what is kept is its
//! violation: that one of the patterns matches. Families alone are no condition; there are
//! three of them, and a mask of frames for each.
//!
//! *What wakes a rule.* A rule with a positive condition need only be looked at where some
//! frame meets it; one that asks for a category, once a frame has such a category; the few
//! others, always.

use std::collections::HashMap;

use smol_str::SmolStr;

use super::glob::{FieldValue, Glob};
use super::index::{FieldIndex, FieldIndexBuilder};
use crate::enhancements::action::{Action, FlagAction, FlagKind, Range, VarAction};
use crate::enhancements::family::Families;
use crate::enhancements::frame::ExceptionData;
use crate::enhancements::matcher::{ExceptionField, FrameField, FrameTest, Offset};
use crate::enhancements::pattern::{Dialect, Pattern};
use crate::enhancements::rule::Rule;
use crate::enhancements::stacktrace::msgpack::KeyFields;
use crate::glob::selectivity;

/// The fields that conditions look at, in the order of their indexes.
const FIELDS: [FrameField; 4] = [
    FrameField::Function,
    FrameField::Module,
    FrameField::Package,
    FrameField::Path,
];

/// A rule set in the form that runs.
#[derive(Default)]
pub(super) struct Program {
    globs: Vec<Glob>,
    conditions: Vec<Condition>,
    indexes: [FieldIndex; 4],
    pub(super) rules: Box<[RuleProgram]>,
    tests: Vec<Test>,
    exceptions: Vec<ExceptionTest>,
    categories: Vec<CategoryTest>,
    /// The numbers of category values: those that rules set come first, in their order,
    /// then those that rules only ask for.
    values: HashMap<SmolStr, u32>,
    /// The texts of the categories that have a number.
    texts: Box<[SmolStr]>,
    /// Which rules a category value wakes.
    wakes: Box<[Box<[u32]>]>,
    /// Which rules any category wakes, because their pattern is no plain text.
    wakes_any: Box<[u32]>,
    /// The rules that nothing wakes, so they always run.
    pub(super) always: Box<[u32]>,
}

/// Whether conditions are found by an index, or all of them are tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Indexing {
    /// By an index: costs half a millisecond for some hundred rules, once.
    Full,
    /// All are tried: for few rules that are asked once or twice.
    None,
}

/// What a rule asks of the static part of one frame.
struct Condition {
    rule: u32,
    /// Whether a frame that meets it makes the rule run.
    wakes: bool,
    /// Whether this is what must not be: any of the patterns matches.
    violation: bool,
    /// The families that the frame must share one of, each with whether that is negated.
    families: Box<[(Families, bool)]>,
    patterns: Box<[FieldTest]>,
}

impl Condition {
    /// Whether frames of these families may meet it.
    fn admits(&self, families: Families) -> bool {
        let admits = |&(asked, negated): &(Families, bool)| asked.intersects(families) != negated;
        self.families.iter().all(admits)
    }
}

/// A pattern on a field.
struct FieldTest {
    /// An index into `FIELDS`.
    field: u8,
    negated: bool,
    glob: u32,
}

/// A rule: ranges of the lists of its program, and what it does.
pub(super) struct RuleProgram {
    tests: (u32, u32),
    exceptions: (u32, u32),
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
    /// It meets the condition with this number.
    Condition(u32),
    /// It shares one of these families.
    Family(Families),
    /// Its category passes the test with this number.
    Category(u32),
    /// Its `in_app` is true, or is not.
    App(bool),
    /// It is there.
    Exists,
    /// Nothing passes.
    Never,
}

struct ExceptionTest {
    field: ExceptionField,
    negated: bool,
    glob: u32,
}

/// A test of a category: equal to a value, or by pattern.
struct CategoryTest {
    value: Option<u32>,
    glob: u32,
}

/// An action; categories are numbers.
#[derive(Clone, Copy)]
pub(super) enum Act {
    Flag(FlagAction),
    Category(u32),
    MaxFrames(u64),
    MinFrames(u64),
    Invert(bool),
}

impl Program {
    /// Compiles rules. `categories` has each category that they set, once.
    pub(super) fn new(rules: &[Rule], categories: &[SmolStr], indexing: Indexing) -> Self {
        let mut compiler = Compiler::default();
        compiler.program.values = categories.iter().cloned().zip(0..).collect();
        let programs = (0..)
            .zip(rules)
            .map(|(number, rule)| compiler.rule(number, rule));
        let programs = programs.collect();
        compiler.finish(programs, indexing)
    }

    pub(super) fn conditions_len(&self) -> usize {
        self.conditions.len()
    }

    /// The rule that a condition wakes where a frame meets it.
    #[inline]
    pub(super) fn woken_by(&self, condition: u32) -> Option<u32> {
        let condition = &self.conditions[condition as usize];
        condition.wakes.then_some(condition.rule)
    }

    pub(super) fn tests(&self, rule: &RuleProgram) -> &[Test] {
        &self.tests[rule.tests.0 as usize..rule.tests.1 as usize]
    }

    /// Finds the conditions that a frame meets, in no order.
    pub(super) fn conditions_of(&self, frame: &KeyFields<'_>, finder: &mut Finder) {
        let families = Families::of_frame(frame.family);
        let Finder {
            candidates,
            scratch,
            found,
        } = finder;
        candidates.clear();
        found.clear();
        let texts = [frame.function, frame.module, frame.package, frame.path];
        let mut values = [None; 4];
        for (((value, scratch), text), field) in
            values.iter_mut().zip(scratch).zip(texts).zip(FIELDS)
        {
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
            if self.is_met(&self.conditions[candidate as usize], families, &values) {
                found.push(candidate);
            }
        }
    }

    fn is_met(
        &self,
        condition: &Condition,
        families: Families,
        values: &[Option<FieldValue<'_>>; 4],
    ) -> bool {
        let matches = |test: &FieldTest| {
            let value = &values[usize::from(test.field)];
            let glob = &self.globs[test.glob as usize];
            value.as_ref().is_some_and(|value| glob.is_match(value)) != test.negated
        };
        if condition.violation {
            return condition.patterns.iter().any(matches);
        }
        condition.admits(families) && condition.patterns.iter().all(matches)
    }

    /// Whether the exception is one that the rule is for.
    pub(super) fn matches_exception(
        &self,
        rule: &RuleProgram,
        exception: &ExceptionData<'_>,
    ) -> bool {
        let tests = &self.exceptions[rule.exceptions.0 as usize..rule.exceptions.1 as usize];
        tests.iter().all(|test| {
            let text = test.field.of(exception).unwrap_or("<unknown>");
            self.matches_name(test.glob, text) != test.negated
        })
    }

    fn matches_name(&self, glob: u32, text: &str) -> bool {
        self.globs[glob as usize].is_match(&FieldValue::name(text.as_bytes()))
    }

    /// The number of a category, if a rule sets it or asks for it.
    pub(super) fn category(&self, text: &str) -> Option<u32> {
        self.values.get(text).copied()
    }

    /// The text of a category that has a number.
    pub(super) fn category_text(&self, number: u32) -> &str {
        self.texts.get(number as usize).map_or("", SmolStr::as_str)
    }

    /// How many categories have a number; higher ones are free for others.
    pub(super) fn categories_len(&self) -> u32 {
        self.values.len() as u32
    }

    /// Whether a category passes a test. `text` is called only where the number is not enough.
    pub(super) fn category_passes<'t>(
        &self,
        test: u32,
        value: u32,
        text: impl FnOnce() -> &'t str,
    ) -> bool {
        let test = &self.categories[test as usize];
        match test.value {
            Some(wanted) => wanted == value,
            None => self.matches_name(test.glob, text()),
        }
    }

    /// The rules that a category wakes.
    pub(super) fn woken_by_category(&self, value: u32) -> impl Iterator<Item = u32> + '_ {
        let own = self
            .wakes
            .get(value as usize)
            .map_or(&[][..], |rules| &rules[..]);
        own.iter().chain(&self.wakes_any).copied()
    }
}

/// Reusable space for finding the conditions of a frame.
#[derive(Default)]
pub(super) struct Finder {
    candidates: Vec<u32>,
    scratch: [Vec<u8>; 4],
    /// What was found.
    pub(super) found: Vec<u32>,
}

#[derive(Default)]
struct Compiler {
    program: Program,
    globs: HashMap<(Dialect, SmolStr), u32>,
    wakes: HashMap<u32, Vec<u32>>,
    wakes_any: Vec<u32>,
    always: Vec<u32>,
}

/// The matchers of a rule on one frame, sorted.
#[derive(Default)]
struct Asked {
    families: Vec<(Families, bool)>,
    patterns: Vec<FieldTest>,
    categories: Vec<(u32, bool)>,
    apps: Vec<(Option<bool>, bool)>,
}

impl Compiler {
    fn glob(&mut self, pattern: &Pattern) -> u32 {
        let key = (pattern.dialect(), SmolStr::new(pattern.as_str()));
        *self.globs.entry(key).or_insert_with(|| {
            self.program.globs.push(Glob::new(pattern));
            self.program.globs.len() as u32 - 1
        })
    }

    fn category(&mut self, pattern: &Pattern) -> u32 {
        let glob = self.glob(pattern);
        let literal = self.program.globs[glob as usize]
            .literal()
            .map(<[u8]>::to_vec);
        let value = literal
            .and_then(|text| String::from_utf8(text).ok())
            .map(|text| {
                let next = self.program.values.len() as u32;
                *self.program.values.entry(text.into()).or_insert(next)
            });
        self.program.categories.push(CategoryTest { value, glob });
        self.program.categories.len() as u32 - 1
    }

    fn rule(&mut self, number: u32, rule: &Rule) -> RuleProgram {
        let first_test = self.program.tests.len() as u32;
        let mut wake = None;
        let mut woken = false;
        for offset in [Offset::This, Offset::Caller, Offset::Callee] {
            let asked = self.asked(rule, offset);
            let wakes = self.condition(number, offset, &asked, woken);
            woken |= wakes;
            for &(test, negated) in &asked.categories {
                if !negated {
                    wake = wake.or(Some(test));
                }
                self.test(offset, negated, TestKind::Category(test));
            }
            for &(expected, negated) in &asked.apps {
                let kind = expected.map_or(TestKind::Never, TestKind::App);
                self.test(offset, negated, kind);
            }
        }
        match wake {
            _ if woken => {}
            Some(test) => match self.program.categories[test as usize].value {
                Some(value) => self.wakes.entry(value).or_default().push(number),
                None => self.wakes_any.push(number),
            },
            None => self.always.push(number),
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
        RuleProgram {
            tests: (first_test, self.program.tests.len() as u32),
            exceptions: (first_exception, self.program.exceptions.len() as u32),
            actions: rule
                .actions()
                .iter()
                .map(|action| self.act(action))
                .collect(),
            modifies_frames: rule.modifies_frames(),
            affects_grouping: rule.affects_grouping(),
        }
    }

    fn asked(&mut self, rule: &Rule, offset: Offset) -> Asked {
        let mut asked = Asked::default();
        for matcher in rule.frame_matchers().iter().filter(|m| m.offset == offset) {
            let negated = matcher.negated;
            match &matcher.test {
                FrameTest::Field(FrameField::Category, pattern) => {
                    let test = self.category(pattern);
                    asked.categories.push((test, negated));
                }
                FrameTest::Field(field, pattern) => {
                    let field = FIELDS.iter().position(|f| f == field).unwrap_or_default() as u8;
                    let glob = self.glob(pattern);
                    asked.patterns.push(FieldTest {
                        field,
                        negated,
                        glob,
                    });
                }
                FrameTest::Family { families, .. } => asked.families.push((*families, negated)),
                FrameTest::App { expected, .. } => asked.apps.push((*expected, negated)),
            }
        }
        asked
    }

    /// Adds the static tests on one frame; tells whether they wake the rule.
    fn condition(&mut self, rule: u32, offset: Offset, asked: &Asked, woken: bool) -> bool {
        let is_never = |test: &FieldTest| self.program.globs[test.glob as usize].is_never();
        let never = asked
            .patterns
            .iter()
            .any(|test| !test.negated && is_never(test));
        let live = asked.patterns.iter().filter(|test| !is_never(test));
        let live: Vec<_> = live.map(|test| FieldTest { ..*test }).collect();
        if never {
            self.test(offset, false, TestKind::Never);
        }
        if live.is_empty() && !asked.patterns.is_empty() {
            self.test(offset, false, TestKind::Exists);
        }
        let violation = live.iter().all(|test| test.negated);
        // Families are part of a condition only if there is a pattern to find it by.
        if violation {
            for &(families, negated) in &asked.families {
                self.test(offset, negated, TestKind::Family(families));
            }
        }
        if live.is_empty() {
            return false;
        }
        let number = self.program.conditions.len() as u32;
        let positive = |test: &FieldTest| FieldTest {
            negated: false,
            ..*test
        };
        let wakes = !violation && !woken;
        self.program.conditions.push(Condition {
            rule,
            wakes,
            violation,
            families: if violation {
                [].into()
            } else {
                asked.families.clone().into()
            },
            patterns: if violation {
                live.iter().map(positive).collect()
            } else {
                live.into()
            },
        });
        self.test(offset, violation, TestKind::Condition(number));
        wakes
    }

    fn test(&mut self, offset: Offset, negated: bool, kind: TestKind) {
        self.program.tests.push(Test {
            offset,
            negated,
            kind,
        });
    }

    fn act(&mut self, action: &Action) -> Act {
        match action {
            Action::Flag(flag) => Act::Flag(*flag),
            Action::Var(VarAction::MaxFrames(n)) => Act::MaxFrames(*n),
            Action::Var(VarAction::MinFrames(n)) => Act::MinFrames(*n),
            Action::Var(VarAction::InvertStacktrace(invert)) => Act::Invert(*invert),
            // Every category that a rule sets is in the list of values from the start.
            Action::Var(VarAction::Category(text)) => {
                Act::Category(self.program.category(text).unwrap_or(u32::MAX))
            }
        }
    }

    fn finish(mut self, rules: Box<[RuleProgram]>, indexing: Indexing) -> Program {
        let mut builders: [FieldIndexBuilder<'_>; 4] = Default::default();
        for (number, condition) in (0..).zip(&self.program.conditions) {
            let glob = |test: &FieldTest| &self.program.globs[test.glob as usize];
            let can_meet = |families: Families| condition.admits(families);
            let mut add = |test: &FieldTest| {
                let builder = &mut builders[usize::from(test.field)];
                match indexing {
                    Indexing::Full => builder.add(glob(test), number, can_meet),
                    Indexing::None => builder.add_unindexed(number),
                }
            };
            if condition.violation {
                // Any of them is enough.
                condition.patterns.iter().for_each(add);
            } else if let Some(best) = condition
                .patterns
                .iter()
                .filter(|test| !test.negated)
                .max_by_key(|test| match indexing {
                    Indexing::Full => selectivity(&glob(test).anchors()),
                    Indexing::None => 0,
                })
            {
                add(best);
            }
        }
        let indexes = builders.map(FieldIndexBuilder::build);
        let values = self.program.values.len() as u32;
        let mut texts = vec![SmolStr::default(); values as usize];
        for (text, &number) in &self.program.values {
            texts[number as usize] = text.clone();
        }
        let wakes = (0..values).map(|value| self.wakes.remove(&value).unwrap_or_default().into());
        Program {
            texts: texts.into(),
            wakes: wakes.collect(),
            wakes_any: self.wakes_any.into(),
            always: self.always.into(),
            indexes,
            rules,
            ..self.program
        }
    }
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

/// Whether actions on flags must run frame by frame: one of them reaches beyond the frame
/// that matched, so another one's effect depends on which frame came first.
pub(super) fn order_matters(mut flags: impl Iterator<Item = FlagAction>) -> bool {
    let Some(first) = flags.next() else {
        return false;
    };
    let mut wide = first.range != Range::This;
    let mut more = false;
    for flag in flags {
        more = true;
        wide |= flag.range != Range::This;
    }
    more && wide
}
