//! The pass that sets `in_app` and category, for all frames at once.
//!
//! ```text
//! rule            matching frames      effect
//! ... -app        . x . x .            in_app false:  . x . x .
//! ... ^-app       . x . x .            in_app false:  . . x x x    above the lowest
//! ... v+app       . x . x .            in_app true:   x x x . .    below the highest
//! ```
//!
//! The interpreter runs the actions frame by frame, and the last write wins. For a rule with
//! several such actions the result is the same as running them one after the other for all frames,
//! in this order:
//!
//! ```text
//! ^-app    all frames above the lowest match: the later actions overwrite it
//! -app     the matches: for the highest match this is the last write
//! v+app    all frames below the highest match, which is the last match
//! ```
//!
//! Running frame by frame took quadratic time.

use super::masks::Mask;
use super::program::{Act, RuleProgram};
use super::state::State;
use super::trace::{Effect, Trace};
use crate::enhancements::action::{FlagAction, FlagKind, Range};
use crate::enhancements::rule::RuleNumber;

/// The pass in which rules change frames.
pub(super) struct Apply {
    /// The number of frames.
    pub(super) frames: usize,
}

impl<M: Mask> Effect<M> for Apply {
    fn concerns(rule: &RuleProgram) -> bool {
        rule.modifies_frames
    }

    fn run(&mut self, _rule: RuleNumber, actions: &[Act], frames: &M, trace: &mut Trace<'_, M>) {
        let flags = || actions.iter().filter_map(|act| act.flag(FlagKind::App));
        for range in [Range::Up, Range::This, Range::Down] {
            for flag in flags().filter(|flag| flag.range == range) {
                let reached = reach(flag, frames, self.frames);
                set_in_app(&mut trace.state, flag, &reached);
            }
        }
        for act in actions {
            if let Act::Category(category) = *act {
                frames.for_each(|frame| trace.set_category(frame, category));
            }
        }
    }
}

/// Returns the frames that a flag action sets, for all frames that matched.
pub(super) fn reach<M: Mask>(flag: FlagAction, matched: &M, len: usize) -> M {
    match (flag.range, matched.first(), matched.last()) {
        (Range::This, _, _) => matched.clone(),
        (Range::Up, Some(first), _) => M::range(first + 1, len, len),
        (Range::Down, _, Some(last)) => M::range(0, last, len),
        (Range::Up | Range::Down, _, _) => M::none(len),
    }
}

fn set_in_app<M: Mask>(state: &mut State<'_, M>, flag: FlagAction, frames: &M) {
    state.in_app_known.or(frames);
    if flag.flag {
        state.in_app_true.or(frames);
    } else {
        state.in_app_true.minus(frames);
    }
}
