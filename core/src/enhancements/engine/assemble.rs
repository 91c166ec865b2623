//! The pass that decides which components count for grouping, for all frames at once.
//!
//! Frames do not change in this pass; only `contributes` of components does. A rule writes its hint
//! only where it changes `contributes`, so the pass computes the matching frames whose components
//! have another value:
//!
//! ```text
//! frames that match          . x x x .
//! contributing already       . . x . .
//! +group changes             . x . x .     these components get the hint
//! ```

use super::apply::reach;
use super::masks::Mask;
use super::program::{Act, RuleProgram};
use super::trace::{Effect, Trace};
use crate::enhancements::action::{FlagAction, FlagKind, Range};
use crate::enhancements::interpreter::StacktraceState;
use crate::enhancements::result::{AssembleResult, Component, Hint, HintKind};
use crate::enhancements::rule::RuleNumber;
use crate::enhancements::stacktrace::view::StacktraceView;

/// The pass that decides which components count. Its state is sets of the frames of the components.
pub(super) struct Assemble<M> {
    frames: usize,
    components: usize,
    /// The frames that have a component.
    paired: M,
    contributing: M,
    /// The frames whose component does not contribute (false, and not undecided).
    ignored: M,
    /// The frames whose `in_app` differs from the original value.
    changed: M,
    /// The frames whose original `in_app` is unknown.
    unknown: M,
    hints: Vec<Option<Hint>>,
    stacktrace: StacktraceState,
}

impl<M: Mask> Effect<M> for Assemble<M> {
    fn concerns(rule: &RuleProgram) -> bool {
        rule.affects_grouping
    }

    fn run(&mut self, rule: RuleNumber, actions: &[Act], frames: &M, trace: &mut Trace<'_, M>) {
        let flags = || {
            actions.iter().filter_map(|act| match act {
                Act::Flag(flag) => Some(*flag),
                _ => None,
            })
        };
        if order_matters(flags()) {
            frames.for_each(|frame| {
                let mut one = M::none(self.frames);
                one.insert(frame);
                for flag in flags() {
                    self.flag(rule, flag, &one, trace);
                }
            });
        } else {
            for flag in flags() {
                self.flag(rule, flag, frames, trace);
            }
        }
        for act in actions {
            match *act {
                Act::MaxFrames(n) => self.stacktrace.max_frames = Some((n, rule)),
                Act::MinFrames(n) => self.stacktrace.min_frames = Some((n, rule)),
                Act::Invert(invert) => self.stacktrace.invert_stacktrace = invert,
                Act::Flag(_) | Act::Category(_) => {}
            }
        }
    }
}

/// Returns whether flag actions must run frame by frame: if one of them has a range, the effect of
/// another depends on the order of the frames.
fn order_matters(mut flags: impl Iterator<Item = FlagAction>) -> bool {
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

impl<M: Mask> Assemble<M> {
    pub(super) fn new(stacktrace: &StacktraceView<'_>, components: &[Component]) -> Self {
        let frames = stacktrace.frames.len();
        let paired = frames.min(components.len());
        let mut new = Self {
            frames,
            components: components.len(),
            paired: M::range(0, paired, frames),
            contributing: M::none(frames),
            ignored: M::none(frames),
            changed: M::none(frames),
            unknown: M::none(frames),
            hints: vec![None; paired],
            stacktrace: StacktraceState::default(),
        };
        for (frame, component) in components[..paired].iter().enumerate() {
            match component.contributes {
                Some(true) => new.contributing.insert(frame),
                Some(false) => new.ignored.insert(frame),
                None => {}
            }
            match stacktrace.frames[frame].in_app_changed() {
                Some(true) => new.changed.insert(frame),
                Some(false) => {}
                None => new.unknown.insert(frame),
            }
        }
        new
    }

    fn flag(&mut self, rule: RuleNumber, flag: FlagAction, matched: &M, trace: &Trace<'_, M>) {
        let mut matched = matched.clone();
        if flag.range == Range::Down {
            // As in the interpreter: if the matching frame is beyond the last component, the range
            // below it is empty.
            let near = (self.components + 1).min(self.frames);
            matched.and(&M::range(0, near, self.frames));
        }
        let mut target = reach(flag, &matched, self.frames);
        target.and(&self.paired);
        let same = if flag.flag {
            &self.contributing
        } else {
            &self.ignored
        };
        match flag.kind {
            FlagKind::Group => {
                target.minus(same);
                let hint = Hint {
                    kind: HintKind::of_group(flag.flag),
                    rule,
                };
                target.for_each(|frame| self.hints[frame] = Some(hint));
                let (to, from) = if flag.flag {
                    (&mut self.contributing, &mut self.ignored)
                } else {
                    (&mut self.ignored, &mut self.contributing)
                };
                to.or(&target);
                from.minus(&target);
            }
            FlagKind::App => {
                let mut counts = same.clone();
                counts.and(&self.unknown);
                counts.or(&self.changed);
                target.and(&counts);
                target.for_each(|frame| {
                    let in_app = Some(trace.state.in_app_true.contains(frame));
                    let kind = HintKind::of_app(in_app);
                    self.hints[frame] = Some(Hint { kind, rule });
                });
            }
        }
    }

    /// Writes the results into the components, and applies the limits.
    pub(super) fn finish(self, components: &mut [Component]) -> AssembleResult {
        for (frame, component) in components.iter_mut().enumerate() {
            component.hint = self.hints.get(frame).copied().flatten();
            if frame < self.hints.len() {
                if self.contributing.contains(frame) {
                    component.contributes = Some(true);
                } else if self.ignored.contains(frame) {
                    component.contributes = Some(false);
                }
            }
        }
        self.stacktrace.result(components)
    }
}
