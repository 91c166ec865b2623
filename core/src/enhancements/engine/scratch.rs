//! Space that a thread uses again for its next stack trace.
//!
//! A question takes a [`ScratchGuard`], which gives the space back when it is dropped, clean:
//! no slot is set and no rule is triggered. Only what was touched is cleaned, so the cost does
//! not depend on the number of rules.

use std::cell::Cell;

use super::ids::ConditionId;
use super::program::Finder;
use super::triggered::Triggered;

#[derive(Default)]
pub(super) struct Scratch {
    /// For each condition, 1 + the index of its set of frames; 0 if no frame meets it.
    pub(super) slots: Vec<u32>,
    /// The conditions that have a set.
    pub(super) touched: Vec<ConditionId>,
    pub(super) triggered: Triggered,
    pub(super) finder: Finder,
    /// The key of the frame at hand.
    pub(super) key: Vec<u8>,
    /// The facts about the frame at hand, encoded.
    pub(super) facts: Vec<u8>,
}

thread_local! {
    static SCRATCH: Cell<Option<Box<Scratch>>> = const { Cell::new(None) };
}

/// The scratch space of this thread, for as long as it is held.
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
            return; // it may be half changed: the next question starts with a new one
        }
        let mut scratch = std::mem::take(&mut self.0);
        for condition in scratch.touched.drain(..) {
            scratch.slots[condition.index()] = 0;
        }
        scratch.triggered.clear();
        let _ = SCRATCH.try_with(|kept| kept.set(Some(scratch)));
    }
}
