//! Facts: what the static parts of the frames of a stack trace come to.
//!
//! ```text
//! frames                      0 1 2 3 4
//! condition 17                . x . x .       from the memo or the index, frame by frame
//! family native               x x x . .
//! ```
//!
//! They do not change while rules run.

use super::ids::ConditionId;
use super::index::FAMILIES;
use super::masks::Mask;
use super::memo::{FrameFacts, ShardGuard};
use super::program::Program;
use super::scratch::{Scratch, ScratchGuard};
use crate::enhancements::family::Families;
use crate::enhancements::stacktrace::msgpack::{PackedError, PackedFrame};

pub(super) struct Facts<M> {
    frames: usize,
    /// The frames that meet each condition that any meets.
    met: Vec<M>,
    /// The frames of each family.
    families: [M; FAMILIES.len()],
}

impl<M: Mask> Facts<M> {
    /// Nothing is known of any frame yet.
    pub(super) fn new(program: &Program, frames: usize, scratch: &mut ScratchGuard) -> Self {
        if scratch.slots.len() < program.conditions.len() {
            scratch.slots.resize(program.conditions.len(), 0);
        }
        scratch.triggered.reserve(program.rules.len());
        for &rule in &program.triggers.always {
            scratch.triggered.insert(rule);
        }
        Self {
            frames,
            met: Vec::new(),
            families: std::array::from_fn(|_| M::none(frames)),
        }
    }

    /// Adds the facts about a frame: from the memo if it knows them, else from the index.
    #[inline]
    pub(super) fn add(
        &mut self,
        program: &Program,
        memo: &mut Option<ShardGuard<'_>>,
        scratch: &mut Scratch,
        frame: &PackedFrame<'_>,
        index: usize,
    ) -> Result<(), PackedError> {
        let Some(memo) = memo else {
            find(program, scratch, frame, index)?;
            let facts = std::mem::take(&mut scratch.facts);
            self.put(program, scratch, index, FrameFacts::of(&facts));
            scratch.facts = facts;
            return Ok(());
        };
        let mut buffer = std::mem::take(&mut scratch.key);
        let key = frame.key.bytes(&mut buffer);
        let hash = memo.hash(key);
        if let Some(facts) = memo.get(hash, key) {
            self.put(program, scratch, index, facts);
        } else {
            find(program, scratch, frame, index)?;
            memo.insert(hash, key, FrameFacts::of(&scratch.facts));
            let facts = std::mem::take(&mut scratch.facts);
            self.put(program, scratch, index, FrameFacts::of(&facts));
            scratch.facts = facts;
        }
        scratch.key = buffer;
        Ok(())
    }

    #[inline]
    fn put(
        &mut self,
        program: &Program,
        scratch: &mut Scratch,
        frame: usize,
        facts: FrameFacts<'_>,
    ) {
        let bits = facts.families();
        for (mask, family) in self.families.iter_mut().zip(FAMILIES) {
            if bits & family.bits() != 0 {
                mask.insert(frame);
            }
        }
        for condition in facts.conditions() {
            let slot = &mut scratch.slots[condition.index()];
            if *slot == 0 {
                self.met.push(M::none(self.frames));
                *slot = self.met.len() as u32;
                scratch.touched.push(condition);
                if let Some(rule) = program.triggered_by(condition) {
                    scratch.triggered.insert(rule);
                }
            }
            self.met[*slot as usize - 1].insert(frame);
        }
    }

    /// The frames that meet a condition.
    pub(super) fn meeting(&self, scratch: &Scratch, condition: ConditionId) -> M {
        match scratch.slots[condition.index()] {
            0 => M::none(self.frames),
            slot => self.met[slot as usize - 1].clone(),
        }
    }

    /// The frames of any of these families.
    pub(super) fn of_families(&self, families: Families) -> M {
        let mut frames = M::none(self.frames);
        for (mask, family) in self.families.iter().zip(FAMILIES) {
            if families.intersects(family) {
                frames.or(mask);
            }
        }
        frames
    }
}

/// Finds the facts about a frame without the memo, and leaves them in the scratch space.
fn find(
    program: &Program,
    scratch: &mut Scratch,
    frame: &PackedFrame<'_>,
    index: usize,
) -> Result<(), PackedError> {
    let fields = frame.key_fields(index)?;
    program.conditions_of(&fields, &mut scratch.finder);
    let families = Families::of_frame(fields.family);
    FrameFacts::encode(families, &scratch.finder.found, &mut scratch.facts);
    Ok(())
}
