//! A stack trace while rules run on it, segment after segment: the facts and the state of its
//! frames, and the walk over the rules that match.
//!
//! The frames that a rule matches are the intersection of a few sets, which are shifted by one for
//! callers and callees. The exception is only tested if the intersection is not empty.
//!
//! Both passes walk over the rules in the same way ([`Trace::run`]). They differ in the rules that
//! have an effect, and in the effect ([`Effect`]).

use super::facts::Facts;
use super::ids::CategoryId;
use super::masks::Mask;
use super::memo::Memo;
use super::program::{Act, Program, RuleProgram, Test, TestKind};
use super::scratch::ScratchGuard;
use super::state::State;
use crate::enhancements::matcher::Offset;
use crate::enhancements::rule::RuleNumber;
use crate::enhancements::stacktrace::view::{StacktraceError, StacktraceView};

/// Receives the numbers of the rules that match, if the caller wants them.
pub(in crate::enhancements) type Matched<'m> = Option<&'m mut Vec<RuleNumber>>;

/// The effect of matching rules in one of the two passes.
pub(super) trait Effect<M> {
    /// Returns whether the rule can have an effect.
    fn concerns(rule: &RuleProgram) -> bool;

    /// Runs the actions of a rule for the frames that it matches, which are at least one. `rule`
    /// is its number in the rule set.
    fn run(&mut self, rule: RuleNumber, actions: &[Act], frames: &M, trace: &mut Trace<'_, M>);
}

/// A stack trace while rules run on it.
pub(super) struct Trace<'a, M> {
    stacktrace: &'a StacktraceView<'a>,
    /// The current segment: its index, its rules, and the number of its first rule.
    segment: usize,
    program: &'a Program,
    first_rule: usize,
    /// All frames.
    all: M,
    scratch: ScratchGuard,
    facts: Facts<M>,
    pub(super) state: State<'a, M>,
}

impl<'a, M: Mask> Trace<'a, M> {
    /// Runs all rules that match, in their order, and returns the state of the frames. Appends the
    /// numbers of the rules to `matched`.
    ///
    /// # Errors
    ///
    /// Fails at the first text of a frame that is not UTF-8. Then no rule has run.
    pub(super) fn run(
        stacktrace: &'a StacktraceView<'a>,
        segments: impl Iterator<Item = (&'a Program, &'a Memo)>,
        effect: &mut impl Effect<M>,
        matched: &mut Matched<'_>,
    ) -> Result<State<'a, M>, StacktraceError> {
        let first_error = |found| stacktrace.unpack().err().unwrap_or(found);
        let frames = stacktrace.frames.len();
        let mut state = State::new(frames);
        for (index, frame) in stacktrace.frames.iter().enumerate() {
            let category = frame.category(index).map_err(first_error)?;
            state.put(index, category, frame.in_app);
        }
        state.start();
        let mut segments = segments.peekable();
        let Some(&(first, _)) = segments.peek() else {
            return Ok(state);
        };
        let mut trace = Self {
            stacktrace,
            segment: 0,
            program: first,
            first_rule: 0,
            all: M::range(0, frames, frames),
            scratch: ScratchGuard::take(),
            facts: Facts::new(frames),
            state,
        };
        for (program, memo) in segments {
            trace.program = program;
            trace.enter(memo).map_err(first_error)?;
            trace.walk(effect, matched);
            trace.segment += 1;
            trace.first_rule += program.rules.len();
        }
        Ok(trace.state)
    }

    /// Computes which conditions of the current segment each frame meets.
    ///
    /// # Errors
    ///
    /// Fails if a text of a frame is not UTF-8. Only the first segment can fail, because all
    /// segments read the same texts.
    fn enter(&mut self, memo: &Memo) -> Result<(), StacktraceError> {
        let program = self.program;
        self.scratch.clear();
        self.scratch.prepare(program, M::WIDE);
        let mut memo = memo.shard();
        for (index, frame) in self.stacktrace.frames.iter().enumerate() {
            self.facts
                .add(program, &mut memo, &mut self.scratch, frame, index)?;
        }
        self.state.number(program);
        for category in &self.state.categories {
            self.scratch.trigger_by_category(program, category.number);
        }
        Ok(())
    }

    fn walk<E: Effect<M>>(&mut self, effect: &mut E, matched: &mut Matched<'_>) {
        while let Some(rule) = self.scratch.triggered.pop() {
            let number = RuleNumber::at(self.first_rule + rule.index());
            let rule = &self.program.rules[rule.index()];
            if !E::concerns(rule) {
                continue;
            }
            let frames = self.matches(rule);
            if frames.is_empty() {
                continue;
            }
            if let Some(matched) = matched {
                matched.push(number);
            }
            effect.run(
                number,
                rule.actions.of(&self.program.actions),
                &frames,
                self,
            );
        }
    }

    /// Sets the category of a frame. If no frame had it before, this triggers the later rules that
    /// test for it (see [`Triggered`](super::triggered::Triggered)).
    pub(super) fn set_category(&mut self, frame: usize, category: CategoryId) {
        let (segment, program) = (self.segment, self.program);
        if self.state.set_category(segment, program, frame, category) {
            self.scratch.trigger_by_category(program, Some(category));
        }
    }

    /// Returns the frames that a rule matches.
    fn matches(&self, rule: &RuleProgram) -> M {
        let mut frames = self.all.clone();
        for test in rule.tests.of(&self.program.tests) {
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
        if self
            .program
            .matches_exception(rule, &self.stacktrace.exception)
        {
            frames
        } else {
            self.none()
        }
    }

    /// Returns the frames that pass a test. For a test of a caller or callee these are not the
    /// frames that the rule matches.
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
        M::none(self.stacktrace.frames.len())
    }

    fn all_but(&self, frames: &M) -> M {
        let mut others = self.all.clone();
        others.minus(frames);
        others
    }
}
