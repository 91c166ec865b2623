//! Which components count for grouping, for all frames at once.
//!
//! Frames do not change here, so the sets of frames that rules are for are known from the
//! start; what changes is which components contribute. A hint is written where a rule
//! changes that, so what is needed are the frames where it is not yet so:
//!
//! ```text
//! frames the rule is for     . x x x .
//! contributing already       . . x . .
//! +group changes             . x . x .     and these get the hint
//! ```

use super::apply::reach;
use super::masks::Mask;
use super::program::{order_matters, Act};
use super::trace::{Trace, Walk};
use super::Matched;
use crate::enhancements::action::{FlagAction, FlagKind, Range};
use crate::enhancements::frame::Component;
use crate::enhancements::hint::{Hint, HintKind};
use crate::enhancements::interpreter::StacktraceState;
use crate::enhancements::stacktrace::msgpack::PackedStacktrace;

/// Runs the rules that have a say in grouping. Rules ran before that have set components and
/// `state`; the first rule here has the number `first_rule` in hints. `matched` gets the
/// rules that match any frame.
pub(super) fn assemble<M: Mask>(
    trace: &mut Trace<'_, M>,
    stacktrace: &PackedStacktrace<'_>,
    components: &mut [Component],
    state: &mut StacktraceState,
    first_rule: u32,
    matched: &mut Matched<'_>,
) {
    let mut judge = Judge::new(stacktrace, components, first_rule > 0);
    let mut walk = Walk::default();
    while let Some((number, rule)) = trace.next_rule(&mut walk) {
        if !rule.affects_grouping {
            continue;
        }
        let frames = trace.matches(rule);
        if frames.is_empty() {
            continue;
        }
        let number = first_rule + number;
        if let Some(matched) = matched {
            matched.push(number);
        }
        let flags = || {
            rule.actions.iter().filter_map(|act| match act {
                Act::Flag(flag) => Some(*flag),
                _ => None,
            })
        };
        if order_matters(flags()) {
            frames.for_each(|frame| {
                let mut one = M::none(stacktrace.frames.len());
                one.insert(frame);
                for flag in flags() {
                    judge.flag(number, flag, &one, trace);
                }
            });
        } else {
            for flag in flags() {
                judge.flag(number, flag, &frames, trace);
            }
        }
        for act in &rule.actions {
            match *act {
                Act::MaxFrames(n) => state.max_frames = Some((n, number)),
                Act::MinFrames(n) => state.min_frames = Some((n, number)),
                Act::Invert(invert) => state.invert_stacktrace = invert,
                Act::Flag(_) | Act::Category(_) => {}
            }
        }
    }
    judge.write(components);
}

/// The components that have a frame, as sets.
struct Judge<M> {
    frames: usize,
    components: usize,
    /// The frames that have a component.
    paired: M,
    contributing: M,
    /// Those whose component is decided not to contribute.
    ignored: M,
    /// Frames whose `in_app` differs from what it was.
    changed: M,
    /// Frames of which nobody knows what it was.
    unknown: M,
    hints: Vec<Option<Hint>>,
}

impl<M: Mask> Judge<M> {
    /// `keep_hints` says whether hints are those of rules that ran before.
    fn new(stacktrace: &PackedStacktrace<'_>, components: &[Component], keep_hints: bool) -> Self {
        let frames = stacktrace.frames.len();
        let none = M::none(frames);
        let paired = frames.min(components.len());
        let mut judge = Self {
            frames,
            components: components.len(),
            paired: M::range(0, paired, frames),
            contributing: none.clone(),
            ignored: none.clone(),
            changed: none.clone(),
            unknown: none,
            hints: match keep_hints {
                true => components[..paired].iter().map(|each| each.hint).collect(),
                false => vec![None; paired],
            },
        };
        for (frame, component) in components[..paired].iter().enumerate() {
            match component.contributes {
                Some(true) => judge.contributing.insert(frame),
                Some(false) => judge.ignored.insert(frame),
                None => {}
            }
            match stacktrace.frames[frame].in_app_changed() {
                Some(true) => judge.changed.insert(frame),
                Some(false) => {}
                None => judge.unknown.insert(frame),
            }
        }
        judge
    }

    fn flag(&mut self, rule: u32, flag: FlagAction, matched: &M, trace: &Trace<'_, M>) {
        let mut matched = matched.clone();
        if flag.range == Range::Down {
            // As in the interpreter: from far behind the last component, none is below.
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
                    let in_app = Some(trace.in_app_true.contains(frame));
                    let kind = HintKind::of_app(in_app);
                    self.hints[frame] = Some(Hint { kind, rule });
                });
            }
        }
    }

    fn write(self, components: &mut [Component]) {
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
    }
}
