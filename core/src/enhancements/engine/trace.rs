//! A stack trace while rules run over it: what is known of its frames, and the walk over the
//! rules that match.
//!
//! A rule's frames are the intersection of a few sets, some of them moved by one for callers
//! and callees. The exception is looked at only where something is left.
//!
//! Both questions walk over the same rules in the same way ([`Trace::run`]); they differ in
//! which rules concern them and in what these do ([`Effect`]).

use super::facts::Facts;
use super::ids::{CategoryId, RuleId};
use super::masks::Mask;
use super::memo::Memo;
use super::program::{Program, RuleProgram, Test, TestKind};
use super::scratch::ScratchGuard;
use super::state::State;
use super::Matched;
use crate::enhancements::frame::ExceptionData;
use crate::enhancements::matcher::Offset;
use crate::enhancements::stacktrace::msgpack::{PackedError, PackedStacktrace};

/// What one of the two questions makes of the rules that match.
pub(super) trait Effect<M> {
    /// Whether the rule can have an effect.
    fn concerns(rule: &RuleProgram) -> bool;

    /// Runs the actions of a rule for the frames that it matches; there is at least one.
    fn run(&mut self, number: RuleId, rule: &RuleProgram, frames: &M, trace: &mut Trace<'_, M>);
}

/// A stack trace while rules run over it.
pub(super) struct Trace<'a, M> {
    program: &'a Program,
    scratch: ScratchGuard,
    exception: ExceptionData<'a>,
    /// All frames.
    all: M,
    facts: Facts<M>,
    pub(super) state: State<'a, M>,
}

impl<'a, M: Mask> Trace<'a, M> {
    /// Finds out what all frames meet.
    ///
    /// # Errors
    ///
    /// If a text of a frame is not UTF-8.
    pub(super) fn new(
        program: &'a Program,
        memo: &Memo,
        stacktrace: &'a PackedStacktrace<'_>,
    ) -> Result<Self, PackedError> {
        let frames = stacktrace.frames.len();
        let mut scratch = ScratchGuard::take();
        let mut trace = Self {
            program,
            exception: stacktrace.exception,
            all: M::range(0, frames, frames),
            facts: Facts::new(program, frames, &mut scratch),
            state: State::new(frames),
            scratch,
        };
        let mut memo = memo.shard();
        for (index, frame) in stacktrace.frames.iter().enumerate() {
            let category = frame.category(index)?;
            trace
                .facts
                .add(program, &mut memo, &mut trace.scratch, frame, index)?;
            if let Some(new) = trace.state.push(program, category, frame.in_app) {
                trace.trigger_by_category(new);
            }
        }
        Ok(trace)
    }

    pub(super) fn len(&self) -> usize {
        self.state.category_of.len()
    }

    /// Runs all rules that match, in their order. Their numbers are appended to `matched`.
    pub(super) fn run(&mut self, effect: &mut impl Effect<M>, matched: &mut Matched<'_>) {
        let program = self.program;
        while let Some(number) = self.scratch.triggered.pop() {
            let rule = &program.rules[number.index()];
            if !concerned(effect, rule) {
                continue;
            }
            let frames = self.matches(rule);
            if frames.is_empty() {
                continue;
            }
            if let Some(matched) = matched {
                matched.push(number.0);
            }
            effect.run(number, rule, &frames, self);
        }
    }

    /// Gives a frame a category. If no frame had it before, the rules are triggered that test
    /// for it: those that come later, as [`Triggered`](super::triggered::Triggered) has it.
    pub(super) fn set_category(&mut self, frame: usize, category: CategoryId) {
        if self.state.set_category(self.program, frame, category) {
            self.trigger_by_category(Some(category));
        }
    }

    fn trigger_by_category(&mut self, category: Option<CategoryId>) {
        for rule in self.program.triggered_by_category(category) {
            self.scratch.triggered.insert(rule);
        }
    }

    /// The frames that a rule is for.
    fn matches(&self, rule: &RuleProgram) -> M {
        let mut frames = self.all.clone();
        for test in self.program.tests(rule) {
            let mut passed = self.passed(test);
            match test.offset {
                Offset::This => {}
                Offset::Caller => passed.up(),
                Offset::Callee => passed.down(),
            }
            frames.and(&passed);
            if frames.is_empty() {
                return frames;
            }
        }
        if self.program.matches_exception(rule, &self.exception) {
            frames
        } else {
            self.none()
        }
    }

    /// The frames that pass a test, which may be neighbours of those that a rule is for.
    fn passed(&self, test: &Test) -> M {
        let passed = match test.kind {
            TestKind::Condition(condition) => self.facts.meeting(&self.scratch, condition),
            TestKind::Family(families) => self.facts.of_families(families),
            TestKind::Category(test) => {
                let mut passed = self.none();
                for category in &self.state.categories {
                    let (number, text) = (category.number, category.text);
                    if self.program.category_passes(test, number, text) {
                        passed.or(&category.frames);
                    }
                }
                passed
            }
            TestKind::App(true) => self.state.in_app_true.clone(),
            TestKind::App(false) => self.all_but(&self.state.in_app_true),
            TestKind::Exists => self.all.clone(),
            TestKind::Never => self.none(),
        };
        if test.negated {
            self.all_but(&passed)
        } else {
            passed
        }
    }

    fn none(&self) -> M {
        M::none(self.len())
    }

    fn all_but(&self, frames: &M) -> M {
        let mut others = self.all.clone();
        others.minus(frames);
        others
    }
}

fn concerned<M, E: Effect<M>>(_effect: &E, rule: &RuleProgram) -> bool {
    E::concerns(rule)
}
