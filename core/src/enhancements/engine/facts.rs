//! Facts: the results of conditions and families for the frames of a stack trace.
//!
//! ```text
//! frames                      0 1 2 3 4
//! condition 17                . x . x .       from the memo or the index, frame by frame
//! family native               x x x . .
//! ```
//!
//! They do not change while rules run. The scratch space has the facts about conditions: a set of
//! frames for each condition of the program.

use super::ids::ConditionId;
use super::index::FAMILIES;
use super::masks::Mask;
use super::memo::{hash, FrameFacts, ShardGuard};
use super::program::Program;
use super::scratch::Scratch;
use crate::enhancements::family::Families;
use crate::enhancements::stacktrace::view::{FrameView, StacktraceError};

pub(super) struct Facts<M> {
    frames: usize,
    /// The frames of each family.
    families: [M; FAMILIES.len()],
}

impl<M: Mask> Facts<M> {
    pub(super) fn new(frames: usize) -> Self {
        Self {
            frames,
            families: std::array::from_fn(|_| M::none(frames)),
        }
    }

    /// Adds the facts about a frame, from the memo or, for an unknown frame, from the index.
    /// Triggers the rules of the conditions that the frame meets.
    ///
    /// # Errors
    ///
    /// Fails if the frame is not in the memo and one of its texts is not UTF-8.
    #[inline]
    pub(super) fn add(
        &mut self,
        program: &Program,
        memo: &mut Option<ShardGuard<'_>>,
        scratch: &mut Scratch,
        frame: &FrameView<'_>,
        index: usize,
    ) -> Result<(), StacktraceError> {
        let Some(memo) = memo else {
            return self.find(program, scratch, frame, index);
        };
        let mut buffer = std::mem::take(&mut scratch.key);
        let key = frame.key.bytes(&mut buffer);
        let hash = match scratch.hashes.get(index) {
            Some(&known) => known,
            None => {
                let new = hash(key);
                scratch.hashes.push(new);
                new
            }
        };
        if let Some(facts) = memo.get(hash, key) {
            self.put(program, scratch, index, facts);
        } else {
            self.find(program, scratch, frame, index)?;
            memo.insert(hash, key, FrameFacts::of(&scratch.facts));
        }
        scratch.key = buffer;
        Ok(())
    }

    /// Computes the facts about a frame with the index, adds them, and stores them in the scratch
    /// space.
    fn find(
        &mut self,
        program: &Program,
        scratch: &mut Scratch,
        frame: &FrameView<'_>,
        index: usize,
    ) -> Result<(), StacktraceError> {
        let key = frame.key_fields(index)?;
        program.conditions_of(&key, &mut scratch.finder);
        let [family, ..] = key;
        let families = Families::of_frame(family);
        let mut facts = std::mem::take(&mut scratch.facts);
        FrameFacts::encode(families, &scratch.finder.found, &mut facts);
        self.put(program, scratch, index, FrameFacts::of(&facts));
        scratch.facts = facts;
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
            let met = &mut M::of_mut(&mut scratch.met)[condition.index()];
            if met.is_blank() {
                *met = M::none(self.frames);
                met.insert(frame);
                scratch.touched.push(condition);
                if let Some(rule) = program.triggered_by(condition) {
                    scratch.triggered.insert(rule);
                }
            } else {
                met.insert(frame);
            }
        }
    }

    /// Returns the frames that meet a condition.
    #[inline]
    pub(super) fn meeting(&self, scratch: &Scratch, condition: ConditionId) -> M {
        let met = &M::of(&scratch.met)[condition.index()];
        if met.is_blank() {
            M::none(self.frames)
        } else {
            met.clone()
        }
    }

    /// Returns the frames of any of these families.
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
