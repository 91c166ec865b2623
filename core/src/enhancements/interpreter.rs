//! The reference interpreter: it defines what rules mean, in the simplest code.
//!
//! It tries every rule on every frame, in order. It is slow, but a faster implementation must give
//! the same results, and explanations use it.
//!
//! ```text
//! for each rule                 (if it matches the exception)
//!   for each frame              (if it matches the frame)
//!     for each action           -> the frame, or the frames after (^) or before (v)
//! ```

use crate::enhancements::action::{Action, FlagAction, FlagKind, Range, VarAction};
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::result::{AssembleResult, Component, Hint, HintKind, TooFewFrames};
use crate::enhancements::rule::{Rule, RuleNumber};

/// Receives every action that runs. `()` ignores all actions, at no cost.
pub(super) trait Observer {
    /// Called when a rule sets a flag of a frame or component.
    fn flag(
        &mut self,
        _rule: RuleNumber,
        _action: &Action,
        _matched: usize,
        _target: usize,
        _values: (Option<bool>, Option<bool>),
    ) {
    }
    /// Called when a rule sets the category of a frame.
    fn category(
        &mut self,
        _rule: RuleNumber,
        _matched: usize,
        _before: Option<&str>,
        _after: &str,
    ) {
    }
    /// Called when a rule sets a variable of the stack trace. `before` is 0 for unset and false.
    fn variable(&mut self, _rule: RuleNumber, _var: &VarAction, _matched: usize, _before: u64) {}
    /// Called when a component stops contributing because of `max-frames`.
    fn past_max_frames(&mut self, _rule: RuleNumber, _target: usize) {}
}

impl Observer for () {}

/// Applies rules to frames: sets their `in_app` and `category`.
///
/// All matches of a rule are found before its actions run, so a rule never matches because of its
/// own effect. The rules after it do see the effect.
pub fn apply_modifications_to_frames<'a>(
    rules: &'a [Rule],
    frames: &mut [Frame<'a>],
    exception: &ExceptionData<'_>,
) {
    apply_observed(rules, frames, exception, &mut ());
}

/// Does the same as [`apply_modifications_to_frames`], with an observer.
pub(super) fn apply_observed<'a>(
    rules: &'a [Rule],
    frames: &mut [Frame<'a>],
    exception: &ExceptionData<'_>,
    observer: &mut impl Observer,
) {
    for (number, rule) in (0..)
        .map(RuleNumber)
        .zip(rules)
        .filter(|(_, rule)| rule.modifies_frames())
    {
        for index in matching_frames(rule, frames, exception) {
            for action in rule.actions() {
                match action {
                    Action::Flag(FlagAction {
                        flag,
                        kind: FlagKind::App,
                        range,
                    }) => {
                        for target in range.indexes(index, frames.len()) {
                            let before = frames[target].in_app.replace(*flag);
                            observer.flag(number, action, index, target, (before, Some(*flag)));
                        }
                    }
                    Action::Var(VarAction::Category(category)) => {
                        let before = frames[index].category.replace(category);
                        observer.category(number, index, before, category);
                    }
                    Action::Flag(_) | Action::Var(_) => {}
                }
            }
        }
    }
}

/// Decides which components count for grouping, and sets their hints.
///
/// Component and frame of the same index belong together. Frames without a
/// component are matched but get no result; components without a frame count for
/// the limits. Every hint is replaced.
pub fn assemble_stacktrace_component(
    rules: &[Rule],
    frames: &[Frame<'_>],
    exception: &ExceptionData<'_>,
    components: &mut [Component],
) -> AssembleResult {
    assemble_observed(rules, frames, exception, components, &mut ())
}

/// Does the same as [`assemble_stacktrace_component`], with an observer.
pub(super) fn assemble_observed(
    rules: &[Rule],
    frames: &[Frame<'_>],
    exception: &ExceptionData<'_>,
    components: &mut [Component],
    observer: &mut impl Observer,
) -> AssembleResult {
    let mut state = StacktraceState::default();
    for component in &mut *components {
        component.hint = None;
    }

    for (number, rule) in (0..).map(RuleNumber).zip(rules) {
        if !rule.affects_grouping() {
            continue;
        }
        for index in matching_frames(rule, frames, exception) {
            for action in rule.actions() {
                match action {
                    Action::Flag(flag) => {
                        let changes = flag_components(number, flag, index, frames, components);
                        for (target, before) in changes {
                            let values = (before, Some(flag.flag));
                            observer.flag(number, action, index, target, values);
                        }
                    }
                    Action::Var(var) => {
                        observer.variable(number, var, index, state.number(var));
                        state.set(number, var);
                    }
                }
            }
        }
    }

    let result = state.result(components);
    for (target, component) in components.iter().enumerate() {
        if let Some(hint) = component.hint {
            if hint.kind == HintKind::PastMaxFrames {
                observer.past_max_frames(hint.rule, target);
            }
        }
    }
    result
}

/// Returns the indexes of the frames that a rule matches.
pub fn matching_frames(
    rule: &Rule,
    frames: &[Frame<'_>],
    exception: &ExceptionData<'_>,
) -> Vec<usize> {
    if !rule.matches_exception(exception) {
        return Vec::new();
    }
    (0..frames.len())
        .filter(|&index| rule.matches_frame(frames, index))
        .collect()
}

/// The variables that rules set for the stack trace as a whole. The last rule wins, and its index
/// is kept for the hint. A limit of 0 is off.
#[derive(Default)]
pub(super) struct StacktraceState {
    /// The limit, and the rule that set it.
    pub(super) max_frames: Option<(u64, RuleNumber)>,
    /// The limit, and the rule that set it.
    pub(super) min_frames: Option<(u64, RuleNumber)>,
    pub(super) invert_stacktrace: bool,
}

impl StacktraceState {
    fn set(&mut self, rule: RuleNumber, var: &VarAction) {
        match var {
            VarAction::MaxFrames(n) => self.max_frames = Some((*n, rule)),
            VarAction::MinFrames(n) => self.min_frames = Some((*n, rule)),
            VarAction::InvertStacktrace(invert) => self.invert_stacktrace = *invert,
            VarAction::Category(_) => {}
        }
    }

    /// Returns the current value of a variable, as a number.
    fn number(&self, var: &VarAction) -> u64 {
        match var {
            VarAction::MaxFrames(_) => self.max_frames.map_or(0, |(max, _)| max),
            VarAction::MinFrames(_) => self.min_frames.map_or(0, |(min, _)| min),
            VarAction::InvertStacktrace(_) => self.invert_stacktrace.into(),
            VarAction::Category(_) => 0,
        }
    }

    /// Applies the limits, once all rules have run.
    pub(super) fn result(&self, components: &mut [Component]) -> AssembleResult {
        limit_frames(self, components);
        let contributing = count_contributing(components);
        let mut result = AssembleResult {
            contributes: contributing > 0,
            hint: None,
            invert_stacktrace: self.invert_stacktrace,
        };
        if let Some((min, rule)) = self.min_frames {
            if contributing > 0 && (contributing as u64) < min {
                result.contributes = false;
                result.hint = Some(TooFewFrames { contributing, rule });
            }
        }
        result
    }
}

/// Runs a flag action. Returns the components whose `group` was set, and the old value of each.
fn flag_components(
    rule: RuleNumber,
    action: &FlagAction,
    index: usize,
    frames: &[Frame<'_>],
    components: &mut [Component],
) -> Vec<(usize, Option<bool>)> {
    let mut set = Vec::new();
    let paired = frames.len().min(components.len());
    // If the list of components ends before the frame that matched, "every frame before it" is
    // empty. This is the behaviour of the first version, and existing groups depend on it.
    if action.range == Range::Down && index > components.len() {
        return set;
    }
    for target in action.range.indexes(index, frames.len()) {
        if target >= paired {
            break;
        }
        let (frame, component) = (&frames[target], &mut components[target]);
        match action.kind {
            FlagKind::Group => {
                set.push((target, component.contributes));
                if component.contributes != Some(action.flag) {
                    component.contributes = Some(action.flag);
                    let kind = HintKind::of_group(action.flag);
                    component.hint = Some(Hint { kind, rule });
                }
            }
            // The first pass may have changed `in_app` of the frame. The hint explains the value
            // that it has now.
            FlagKind::App => {
                let changed = frame
                    .in_app_changed()
                    .unwrap_or(component.contributes == Some(action.flag));
                if changed {
                    let kind = HintKind::of_app(frame.in_app);
                    component.hint = Some(Hint { kind, rule });
                }
            }
        }
    }
    set
}

/// Applies `max-frames`: only the last contributing frames keep contributing.
fn limit_frames(state: &StacktraceState, components: &mut [Component]) {
    let Some((max, rule)) = state.max_frames.filter(|(max, _)| *max > 0) else {
        return;
    };
    let max_usize = usize::try_from(max).unwrap_or(usize::MAX);
    let contributing = components
        .iter_mut()
        .rev()
        .filter(|component| component.contributes == Some(true));
    for component in contributing.skip(max_usize) {
        component.contributes = Some(false);
        let kind = HintKind::PastMaxFrames;
        component.hint = Some(Hint { kind, rule });
    }
}

fn count_contributing(components: &[Component]) -> usize {
    components
        .iter()
        .filter(|component| component.contributes == Some(true))
        .count()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::{Cache, Enhancements};

    fn rules(text: &str) -> Enhancements {
        Enhancements::parse(text, &Cache::new(0)).unwrap()
    }

    fn frames<'a>(functions: &[&'a str]) -> Vec<Frame<'a>> {
        let frame = |function| Frame {
            function: Some(function),
            ..Frame::default()
        };
        functions.iter().copied().map(frame).collect()
    }

    fn in_app(text: &str, functions: &[&str]) -> Vec<Option<bool>> {
        let rules = rules(text);
        let mut frames = frames(functions);
        apply_modifications_to_frames(rules.rules(), &mut frames, &ExceptionData::default());
        frames.iter().map(|frame| frame.in_app).collect()
    }

    #[test]
    fn a_match_far_behind_the_last_component_sets_none_before_it() {
        let rules = rules("function:x v-group");
        for (functions, expected) in [(["a", "x", "a"], [Some(false)]), (["a", "a", "x"], [None])] {
            let mut components = [Component::default()];
            let frames = frames(&functions);
            rules.assemble_stacktrace_component(
                &frames,
                &ExceptionData::default(),
                &mut components,
            );
            assert_eq!(components.map(|c| c.contributes), expected, "{functions:?}");
        }
    }

    #[test]
    fn ranges_set_frames_after_and_before() {
        let (yes, no) = (Some(true), Some(false));
        assert_eq!(
            in_app("function:b +app", &["a", "b", "c"]),
            [None, yes, None]
        );
        assert_eq!(
            in_app("function:b ^-app", &["a", "b", "c"]),
            [None, None, no]
        );
        assert_eq!(
            in_app("function:b v+app", &["a", "b", "c"]),
            [yes, None, None]
        );
        assert_eq!(
            in_app("function:b v+app ^-app", &["b", "b", "c"]),
            [yes, no, no]
        );
    }

    #[test]
    fn neighbours_and_their_absence() {
        let yes = Some(true);
        assert_eq!(
            in_app("[ function:a ] | function:* +app", &["a", "b"]),
            [None, yes]
        );
        assert_eq!(
            in_app("[ !function:x ] | function:* +app", &["a", "b"]),
            [None, yes]
        );
        assert_eq!(
            in_app("function:* | [ !function:x ] +app", &["a", "b"]),
            [yes, None]
        );
    }

    #[test]
    fn later_rules_see_what_earlier_ones_did_but_no_rule_sees_itself() {
        let rules = rules("[ category:x ] | function:* category=x\ncategory:x +app");
        let mut frames = frames(&["a", "b", "c"]);
        frames[0].category = Some("x");
        apply_modifications_to_frames(rules.rules(), &mut frames, &ExceptionData::default());
        let seen: Vec<_> = frames.iter().map(|f| (f.category, f.in_app)).collect();
        assert_eq!(
            seen,
            [
                (Some("x"), Some(true)),
                (Some("x"), Some(true)),
                (None, None)
            ]
        );
    }

    #[test]
    fn limits_count_from_the_last_component() {
        let rules = rules("function:* max-frames=1 min-frames=2");
        let mut components = vec![Component::new(Some(true)); 3];
        components[2].contributes = None;
        let result = assemble_stacktrace_component(
            rules.rules(),
            &frames(&["a"]),
            &ExceptionData::default(),
            &mut components,
        );
        let contributes: Vec<_> = components.iter().map(|c| c.contributes).collect();
        assert_eq!(contributes, [Some(false), Some(true), None]);
        let kind = HintKind::PastMaxFrames;
        assert_eq!(
            components[0].hint,
            Some(Hint {
                kind,
                rule: RuleNumber(0)
            })
        );
        assert!(!result.contributes);
        let too_few = TooFewFrames {
            contributing: 1,
            rule: RuleNumber(0),
        };
        assert_eq!(result.hint, Some(too_few));
    }

    #[test]
    fn hints_of_app_actions_tell_the_frames_value() {
        for (orig, now, contributes, expected) in [
            (Some(0), Some(true), None, Some(HintKind::InApp)),
            (Some(1), Some(false), None, Some(HintKind::OutOfApp)),
            (Some(0), Some(false), Some(true), None),
            (Some(-1), None, Some(true), None),
            (Some(-1), Some(true), None, Some(HintKind::InApp)),
            (None, Some(false), Some(true), Some(HintKind::OutOfApp)),
            (None, Some(true), Some(false), None),
        ] {
            let rules = rules("function:a +app");
            let mut frames = frames(&["a"]);
            frames[0].in_app = now;
            frames[0].orig_in_app = orig;
            let mut components = [Component::new(contributes)];
            assemble_stacktrace_component(
                rules.rules(),
                &frames,
                &ExceptionData::default(),
                &mut components,
            );
            let expected = expected.map(|kind| Hint {
                kind,
                rule: RuleNumber(0),
            });
            assert_eq!(
                components[0].hint, expected,
                "{orig:?} {now:?} {contributes:?}"
            );
            assert_eq!(components[0].contributes, contributes);
        }
    }
}
