//! A stack trace while rules run over it: for each question, the frames that say yes.
//!
//! ```text
//! frames                      0 1 2 3 4
//! condition 17                . x . x .       from the memo or the index, frame by frame
//! family native               x x x . .
//! category std (now)          . . x . .       changes as rules run
//! in_app true (now)           x . . . x       changes as rules run
//! ```
//!
//! A rule's frames are the intersection of a few such sets, some of them moved by one for
//! callers and callees. The exception is asked only where something is left.

use std::cell::Cell;

use super::masks::Mask;
use super::memo::Memo;
use super::program::{Finder, Program, RuleProgram, Test, TestKind};
use super::triggered::Triggered;
use crate::enhancements::family::Families;
use crate::enhancements::frame::ExceptionData;
use crate::enhancements::matcher::Offset;
use crate::enhancements::stacktrace::msgpack::{KeyFields, PackedError, PackedStacktrace};

/// No category.
pub(super) const NONE: u32 = u32::MAX;

/// Space that is used again by the next stack trace of this thread. Between two, all
/// `slots` are 0 and nothing is triggered.
#[derive(Default)]
struct Scratch {
    /// For each condition, 1 + the index of its set of frames.
    slots: Vec<u32>,
    /// The conditions that have a set.
    touched: Vec<u32>,
    triggered: Triggered,
    finder: Finder,
    facts: Vec<u32>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// The scratch space of this thread, for as long as it is held.
struct Lease(Box<Scratch>);

impl Lease {
    fn take() -> Self {
        let scratch = SCRATCH.try_with(Cell::take).ok().flatten();
        Self(scratch.unwrap_or_default())
    }
}

impl Drop for Lease {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // it may be half changed: the next one begins anew
        }
        let mut scratch = std::mem::take(&mut self.0);
        for condition in scratch.touched.drain(..) {
            scratch.slots[condition as usize] = 0;
        }
        scratch.triggered.clear();
        let _ = SCRATCH.try_with(|place| place.set(Some(scratch)));
    }
}

/// A stack trace while rules run over it.
pub(super) struct Trace<'a, M> {
    program: &'a Program,
    scratch: Lease,
    exception: ExceptionData<'a>,
    frames: usize,
    /// All frames.
    pub(super) all: M,
    /// The frames that meet each condition that any meets.
    met: Vec<M>,
    families: [M; 3],
    /// The frames of each category that is there now.
    categories: Vec<(u32, M)>,
    /// The category of each frame now.
    pub(super) category_of: Vec<u32>,
    /// Categories that came with frames and that no rule knows: their numbers follow those
    /// of the program.
    foreign: Vec<&'a str>,
    pub(super) in_app_true: M,
    pub(super) in_app_known: M,
}

impl<'a, M: Mask> Trace<'a, M> {
    /// Finds out what the static parts of all frames meet.
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
        let none = M::none(frames);
        let mut trace = Self {
            program,
            scratch: Lease::take(),
            exception: stacktrace.exception,
            frames,
            all: M::range(0, frames, frames),
            met: Vec::new(),
            families: [none.clone(), none.clone(), none.clone()],
            categories: Vec::new(),
            category_of: Vec::with_capacity(frames),
            foreign: Vec::new(),
            in_app_true: none.clone(),
            in_app_known: none,
        };
        let scratch = &mut *trace.scratch.0;
        if scratch.slots.len() < program.conditions_len() {
            scratch.slots.resize(program.conditions_len(), 0);
        }
        scratch.triggered.reserve(program.rules.len());
        for &rule in &program.always {
            scratch.triggered.insert(rule);
        }
        let mut lane = memo.lane();
        for (frame, read) in stacktrace.frames.iter().enumerate() {
            let category = read.category(frame)?;
            let known = match &mut lane {
                Some((lane, bytes)) => lane.get(read.key, *bytes),
                None => None,
            };
            if let Some(facts) = known {
                trace.meets(frame, facts);
            } else {
                let fields = read.key_fields(frame)?;
                let mut facts = trace.find(&fields);
                if let Some((lane, bytes)) = &mut lane {
                    lane.insert(read.key, &facts, *bytes);
                }
                trace.meets(frame, &facts);
                facts.clear();
                trace.scratch.0.facts = facts;
            }
            if let Some(in_app) = read.in_app {
                trace.in_app_known.insert(frame);
                if in_app {
                    trace.in_app_true.insert(frame);
                }
            }
            trace.category_of.push(NONE);
            if let Some(category) = category {
                let number = trace.number(category);
                trace.set_category(frame, number);
            }
        }
        Ok(trace)
    }

    /// The facts about a frame: its families, then the conditions it meets.
    fn find(&mut self, fields: &KeyFields<'_>) -> Vec<u32> {
        let scratch = &mut *self.scratch.0;
        self.program.conditions_of(fields, &mut scratch.finder);
        let mut facts = std::mem::take(&mut scratch.facts);
        facts.push(u32::from(Families::of_frame(fields.family).bits()));
        facts.extend_from_slice(&scratch.finder.found);
        facts
    }

    #[inline]
    fn meets(&mut self, frame: usize, facts: &[u32]) {
        let Some((&families, conditions)) = facts.split_first() else {
            return;
        };
        for (bit, mask) in self.families.iter_mut().enumerate() {
            if families >> bit & 1 == 1 {
                mask.insert(frame);
            }
        }
        let scratch = &mut *self.scratch.0;
        for &condition in conditions {
            let slot = &mut scratch.slots[condition as usize];
            if *slot == 0 {
                self.met.push(M::none(self.frames));
                *slot = self.met.len() as u32;
                scratch.touched.push(condition);
                if let Some(rule) = self.program.woken_by(condition) {
                    scratch.triggered.insert(rule);
                }
            }
            self.met[*slot as usize - 1].insert(frame);
        }
    }

    /// The number of a category that a frame came with.
    fn number(&mut self, category: &'a str) -> u32 {
        if let Some(number) = self.program.category(category) {
            return number;
        }
        let first = self.program.categories_len();
        let known = self.foreign.iter().position(|&text| text == category);
        let index = known.unwrap_or_else(|| {
            self.foreign.push(category);
            self.foreign.len() - 1
        });
        first + index as u32
    }

    /// Gives a frame a category, and wakes the rules that ask for it.
    pub(super) fn set_category(&mut self, frame: usize, category: u32) {
        let before = std::mem::replace(&mut self.category_of[frame], category);
        if before == category {
            return;
        }
        if let Some((_, mask)) = self.categories.iter_mut().find(|(c, _)| *c == before) {
            mask.remove(frame);
        }
        if let Some((_, mask)) = self.categories.iter_mut().find(|(c, _)| *c == category) {
            mask.insert(frame);
            return;
        }
        let mut mask = M::none(self.frames);
        mask.insert(frame);
        self.categories.push((category, mask));
        // Those that have run already come up again at the next pass over the bits; a walk
        // looks ahead only, so they are not run twice: see `next_rule`.
        for rule in self.program.woken_by_category(category) {
            self.scratch.0.triggered.insert(rule);
        }
    }

    /// The next rule that something triggered, after `last`.
    pub(super) fn next_rule(&mut self, walk: &mut Walk) -> Option<(u32, &'a RuleProgram)> {
        loop {
            let rule = self.scratch.0.triggered.pop(&mut walk.cursor)?;
            // A category that came up late wakes earlier rules, too; for those it is too late.
            if walk.last.is_none_or(|last| rule > last) {
                walk.last = Some(rule);
                return Some((rule, &self.program.rules[rule as usize]));
            }
        }
    }

    /// The frames that a rule is for.
    pub(super) fn matches(&self, rule: &RuleProgram) -> M {
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
            M::none(self.frames)
        }
    }

    /// The frames that pass a test, which may be neighbours of those that a rule is for.
    fn passed(&self, test: &Test) -> M {
        let mut passed = match test.kind {
            TestKind::Condition(condition) => match self.scratch.0.slots[condition as usize] {
                0 => M::none(self.frames),
                slot => self.met[slot as usize - 1].clone(),
            },
            TestKind::Family(families) => {
                let mut passed = M::none(self.frames);
                for (bit, mask) in self.families.iter().enumerate() {
                    if families.bits() >> bit & 1 == 1 {
                        passed.or(mask);
                    }
                }
                passed
            }
            TestKind::Category(test) => {
                let mut passed = M::none(self.frames);
                for (category, mask) in &self.categories {
                    let text = || self.text(*category);
                    if self.program.category_passes(test, *category, text) {
                        passed.or(mask);
                    }
                }
                passed
            }
            TestKind::App(true) => self.in_app_true.clone(),
            TestKind::App(false) => {
                let mut passed = self.all.clone();
                passed.minus(&self.in_app_true);
                passed
            }
            TestKind::Exists => self.all.clone(),
            TestKind::Never => M::none(self.frames),
        };
        if test.negated {
            let mut others = self.all.clone();
            others.minus(&passed);
            passed = others;
        }
        passed
    }

    fn text(&self, category: u32) -> &str {
        let first = self.program.categories_len();
        match category.checked_sub(first) {
            Some(foreign) => self.foreign[foreign as usize],
            None => self.program.category_text(category),
        }
    }
}

/// A walk over the rules that were triggered, in their order.
#[derive(Default)]
pub(super) struct Walk {
    cursor: super::triggered::Cursor,
    last: Option<u32>,
}
