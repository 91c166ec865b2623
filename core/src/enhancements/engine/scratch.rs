//! Buffers that a thread reuses for its next stack trace.
//!
//! A pass takes a [`ScratchGuard`]. When the guard is dropped, it clears the buffers and returns
//! them: no frame meets a condition, and no rule is triggered. Only the used parts are cleared, so
//! the cost does not depend on the number of rules.

use std::cell::Cell;

use super::ids::{CategoryId, ConditionId};
use super::masks::Sets;
use super::program::{Finder, Program};
use super::triggered::Triggered;

#[derive(Default)]
pub(super) struct Scratch {
    /// For each condition, the frames that meet it.
    pub(super) met: Sets,
    /// The conditions that any frame meets.
    pub(super) touched: Vec<ConditionId>,
    pub(super) triggered: Triggered,
    pub(super) finder: Finder,
    /// For each frame, the hash of its key.
    pub(super) hashes: Vec<u64>,
    /// The key of the current frame.
    pub(super) key: Vec<u8>,
    /// The encoded facts about the current frame.
    pub(super) facts: Vec<u8>,
}

impl Scratch {
    /// Makes room for a program, and triggers the rules that always run.
    pub(super) fn prepare(&mut self, program: &Program, wide: bool) {
        self.met.reserve(program.conditions.len(), wide);
        self.triggered.reserve(program.rules.len());
        for &rule in &program.triggers.always {
            self.triggered.insert(rule);
        }
    }

    /// Triggers the rules of a category; `None` is a category that no rule names.
    pub(super) fn trigger_by_category(&mut self, program: &Program, category: Option<CategoryId>) {
        for rule in program.triggered_by_category(category) {
            self.triggered.insert(rule);
        }
    }

    /// Clears everything that depends on a program.
    pub(super) fn clear(&mut self) {
        for condition in self.touched.drain(..) {
            self.met.clear(condition.index());
        }
        self.triggered.clear();
    }
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// The scratch space of this thread, until it is dropped.
pub(super) struct ScratchGuard(Box<Scratch>);

impl ScratchGuard {
    pub(super) fn take() -> Self {
        let scratch = SCRATCH.try_with(Cell::take).ok().flatten();
        Self(scratch.unwrap_or_default())
    }
}

impl std::ops::Deref for ScratchGuard {
    type Target = Scratch;

    fn deref(&self) -> &Scratch {
        &self.0
    }
}

impl std::ops::DerefMut for ScratchGuard {
    fn deref_mut(&mut self) -> &mut Scratch {
        &mut self.0
    }
}

impl Drop for ScratchGuard {
    fn drop(&mut self) {
        if std::thread::panicking() {
            return; // after a panic it may be inconsistent: the next pass starts with a new one
        }
        let mut scratch = std::mem::take(&mut self.0);
        scratch.clear();
        scratch.hashes.clear();
        let _ = SCRATCH.try_with(|kept| kept.set(Some(scratch)));
    }
}
