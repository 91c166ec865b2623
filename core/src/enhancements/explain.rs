//! Explanations: which rules changed a frame, step by step.
//!
//! ```text
//! frame 2   function:log_* -app      in_app       true -> false
//!           path:**/lib/** ^-group   contributes  true -> false    (matched frame 0)
//! ```
//!
//! This module has no second implementation of the rules. It runs the interpreter, which reports
//! every action to an [`Observer`]. So an explanation agrees with the interpreter.
//!
//! An action with a range can reach a frame from several frames that the rule matches. It is
//! reported for the first of them, because the others change nothing more. So an explanation has at
//! most as many steps as frames times actions. One step for each pair of frames would make a rule
//! like `function:* ^+group` quadratic.
//!
//! The two passes run one after the other, as in Sentry: the first pass changes frames, and the
//! second pass uses the changed frames to decide about grouping.

use std::cmp::Ordering;

use serde::Serialize;

use crate::enhancements::action::{Action, FlagKind, VarAction};
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::interpreter::{self, Observer};
use crate::enhancements::matcher::{FrameTest, Offset};
use crate::enhancements::result::{AssembleResult, Component};
use crate::enhancements::rule::Rule;

/// The field that a step changes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Field {
    /// Whether a frame is the user's code.
    InApp,
    /// The category of a frame.
    Category,
    /// Whether a frame counts for grouping.
    Contributes,
    /// The maximum number of frames that count.
    MaxFrames,
    /// The minimum number of frames that must count.
    MinFrames,
    /// Whether grouping uses the frames in reverse order.
    InvertStacktrace,
}

/// A value of one of these fields.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
#[serde(untagged)]
pub enum Value {
    /// Unset, or a boolean.
    Flag(Option<bool>),
    /// A category, or none.
    Text(Option<String>),
    /// A limit; 0 is no limit.
    Number(u64),
}

/// An action that ran.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Step {
    /// The index of the rule.
    pub rule: u32,
    /// The action as it is written, or the limit that a rule set.
    pub action: String,
    /// The frame that the rule matched. If the action has a range, other frames change. `None` for
    /// a limit, which concerns all frames.
    pub matched: Option<usize>,
    /// The field that the action sets.
    pub field: Field,
    /// The old value.
    pub before: Value,
    /// The new value. It equals the old value if the action had no effect.
    pub after: Value,
}

/// The result for a frame, and the steps that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FrameExplanation {
    /// Whether it is the user's code, after all rules.
    pub in_app: Option<bool>,
    /// Its category, after all rules.
    pub category: Option<String>,
    /// Whether it counts for grouping. `None` also if there is no component for it.
    pub contributes: Option<bool>,
    /// Why.
    pub hint: Option<String>,
    /// The actions on this frame, in their order.
    pub steps: Vec<Step>,
}

/// The result for a stack trace, and the steps that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Its frames.
    pub frames: Vec<FrameExplanation>,
    /// Whether it counts for grouping.
    pub contributes: bool,
    /// The hint, if a rule decided that it does not count.
    pub hint: Option<String>,
    /// Whether it is looked at in reverse order.
    pub invert_stacktrace: bool,
    /// The actions on the stack trace as a whole, in their order.
    pub steps: Vec<Step>,
    /// Why a rule did or did not match a frame, if the caller asked for it.
    pub why_not: Option<Vec<Test>>,
}

impl Explanation {
    /// Returns the explanation as a JSON object, with the names of these fields.
    pub fn to_json(&self) -> String {
        // This cannot fail: the value has no floats, and the keys of its maps are texts.
        serde_json::to_string(self).unwrap_or_default()
    }
}

/// A matcher that was tried on a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Test {
    /// The matcher in the form that hints have.
    pub matcher: String,
    /// The frame that it tests; `None` for the exception, and if there is no such frame.
    pub frame: Option<usize>,
    /// The value that it tests; `None` if there is none.
    pub value: Option<String>,
    /// Whether it holds.
    pub holds: bool,
    /// The reason.
    pub reason: String,
}

/// Explains the effects of rules on a stack trace.
///
/// `frames` are frames to which no rules were applied. Without `components` there is a component
/// for each frame, and its initial value is whether the frame is in-app after the rules. `why_not`
/// is the index of a rule and of a frame: each matcher of the rule is tried on the frame, in the
/// state that the frame had when the rule ran.
///
/// ```
/// use ophio::enhancements::{explain, Cache, Enhancements, ExceptionData, Frame};
///
/// let rules = Enhancements::parse("function:log_* -app\nfunction:a +app", &Cache::new(0))?;
/// let frame = Frame { function: Some("log_it"), in_app: Some(true), ..Frame::default() };
/// let found = explain::explain(
///     rules.rules(), &[frame], &ExceptionData::default(), None, Some((1, 0)),
/// );
/// assert_eq!(found.frames[0].steps[0].rule, 0);
/// assert_eq!(found.why_not.unwrap()[0].reason, "`log_it` does not match");
/// # Ok::<(), ophio::enhancements::EnhancementsError>(())
/// ```
pub fn explain(
    rules: &[Rule],
    frames: &[Frame<'_>],
    exception: &ExceptionData<'_>,
    components: Option<&[Component]>,
    why_not: Option<(usize, usize)>,
) -> Explanation {
    let mut changed = frames.to_vec();
    let mut log = Log {
        rules,
        frames: vec![Vec::new(); frames.len()],
        stacktrace: Vec::new(),
        matches: None,
    };
    interpreter::apply_observed(rules, &mut changed, exception, &mut log);
    log.matches = None;
    let mut components = components.map_or_else(
        || {
            let counts = |frame: &Frame<'_>| Component::new(Some(frame.in_app == Some(true)));
            changed.iter().map(counts).collect()
        },
        <[Component]>::to_vec,
    );
    let result: AssembleResult =
        interpreter::assemble_observed(rules, &changed, exception, &mut components, &mut log);
    let why_not = why_not.map(|(number, index)| {
        let Some(rule) = rules.get(number) else {
            return Vec::new();
        };
        // A rule that changes frames sees the changes of the rules before it, any other rule sees
        // all changes. A rule of both kinds runs twice: the result is from the first run if it
        // matches there, else from the second run.
        let mut seen = changed.clone();
        if rule.modifies_frames() {
            let mut then = frames.to_vec();
            interpreter::apply_modifications_to_frames(&rules[..number], &mut then, exception);
            if rule.matches_frame(&then, index) || !rule.affects_grouping() {
                seen = then;
            }
        }
        tests(rule, &seen, exception, index)
    });
    let explained = changed.iter().zip(log.frames).enumerate();
    let explained = explained.map(|(index, (frame, steps))| {
        let component = components.get(index);
        FrameExplanation {
            in_app: frame.in_app,
            category: frame.category.map(str::to_owned),
            contributes: component.and_then(|component| component.contributes),
            hint: component
                .and_then(|component| component.hint)
                .and_then(|hint| hint.text(rules)),
            steps,
        }
    });
    Explanation {
        frames: explained.collect(),
        contributes: result.contributes,
        hint: result.hint.and_then(|hint| hint.text(rules)),
        invert_stacktrace: result.invert_stacktrace,
        steps: log.stacktrace,
        why_not,
    }
}

/// Records what the interpreter reports.
struct Log<'r> {
    rules: &'r [Rule],
    frames: Vec<Vec<Step>>,
    stacktrace: Vec<Step>,
    /// The matches of the rule that runs.
    matches: Option<Matches>,
}

/// Which frames a rule has matched so far: they come in ascending order.
#[derive(Clone, Copy)]
struct Matches {
    rule: u32,
    first: usize,
    previous: Option<usize>,
    current: usize,
}

impl Log<'_> {
    /// Returns whether an action has reached a frame before, from another match of its rule.
    fn is_repeated(&mut self, rule: u32, matched: usize, target: usize) -> bool {
        let new = Matches {
            rule,
            first: matched,
            previous: None,
            current: matched,
        };
        let matches = match &mut self.matches {
            Some(matches) if matches.rule == rule => matches,
            other => other.insert(new),
        };
        if matches.current != matched {
            matches.previous = Some(matches.current);
            matches.current = matched;
        }
        match target.cmp(&matched) {
            // The first match has reached all frames after it, and each match those before it.
            Ordering::Greater => matched != matches.first,
            Ordering::Less => matches.previous.is_some_and(|previous| target < previous),
            Ordering::Equal => false,
        }
    }

    fn put(&mut self, target: Option<usize>, step: Step) {
        match target {
            None => self.stacktrace.push(step),
            Some(frame) => {
                // A component without a frame has no steps.
                if let Some(steps) = self.frames.get_mut(frame) {
                    steps.push(step);
                }
            }
        }
    }
}

impl Observer for Log<'_> {
    fn flag(
        &mut self,
        rule: u32,
        action: &Action,
        matched: usize,
        target: usize,
        (before, after): (Option<bool>, Option<bool>),
    ) {
        if self.is_repeated(rule, matched, target) {
            return;
        }
        let field = match action {
            Action::Flag(flag) if flag.kind == FlagKind::Group => Field::Contributes,
            _ => Field::InApp,
        };
        let step = Step {
            rule,
            action: action.to_string(),
            matched: Some(matched),
            field,
            before: Value::Flag(before),
            after: Value::Flag(after),
        };
        self.put(Some(target), step);
    }

    fn category(&mut self, rule: u32, matched: usize, before: Option<&str>, after: &str) {
        let step = Step {
            rule,
            action: format!("category={after}"),
            matched: Some(matched),
            field: Field::Category,
            before: Value::Text(before.map(str::to_owned)),
            after: Value::Text(Some(after.to_owned())),
        };
        self.put(Some(matched), step);
    }

    fn variable(&mut self, rule: u32, var: &VarAction, matched: usize, before: u64) {
        let flag = |number: u64| Value::Flag(Some(number != 0));
        let (field, before, after) = match var {
            VarAction::MaxFrames(n) => (Field::MaxFrames, Value::Number(before), Value::Number(*n)),
            VarAction::MinFrames(n) => (Field::MinFrames, Value::Number(before), Value::Number(*n)),
            VarAction::InvertStacktrace(invert) => (
                Field::InvertStacktrace,
                flag(before),
                Value::Flag(Some(*invert)),
            ),
            VarAction::Category(_) => return,
        };
        let step = Step {
            rule,
            action: var.to_string(),
            matched: Some(matched),
            field,
            before,
            after,
        };
        self.put(None, step);
    }

    fn past_max_frames(&mut self, rule: u32, target: usize) {
        let max = self.rules.get(rule as usize).and_then(|rule| {
            let limit = |action: &&Action| matches!(action, Action::Var(VarAction::MaxFrames(_)));
            rule.actions().iter().rev().find(limit)
        });
        let step = Step {
            rule,
            action: max.map_or_else(String::new, ToString::to_string),
            matched: None,
            field: Field::Contributes,
            before: Value::Flag(Some(true)),
            after: Value::Flag(Some(false)),
        };
        self.put(Some(target), step);
    }
}

/// Tries each matcher of a rule on a frame.
fn tests(
    rule: &Rule,
    frames: &[Frame<'_>],
    exception: &ExceptionData<'_>,
    index: usize,
) -> Vec<Test> {
    let of_exception = rule.exception_matchers().iter().map(|matcher| {
        let value = matcher.field.of(exception);
        let holds = matcher.is_match(exception);
        Test {
            matcher: matcher.to_string(),
            frame: None,
            value: value.map(str::to_owned),
            holds,
            reason: reason(value.unwrap_or("<unknown>"), holds, matcher.negated),
        }
    });
    let of_frames = rule.frame_matchers().iter().map(|matcher| {
        let looked_at = matcher.offset.index(index).filter(|&at| at < frames.len());
        let holds = matcher.is_match(frames, index);
        let value = looked_at.and_then(|at| match &matcher.test {
            FrameTest::Category(_) => frames[at].category.map(str::to_owned),
            FrameTest::Text(field, _) => field.of(&frames[at]).map(str::to_owned),
            FrameTest::Family { .. } => frames[at].family.map(str::to_owned),
            FrameTest::App { .. } => Some(match frames[at].in_app {
                Some(true) => "true".to_owned(),
                Some(false) => "false".to_owned(),
                None => "unset, which counts as false".to_owned(),
            }),
        });
        let reason = match (&matcher.test, looked_at, &value) {
            (_, None, _) => match matcher.offset {
                Offset::Caller => "there is no frame before".to_owned(),
                Offset::This => "there is no such frame".to_owned(),
                Offset::Callee => "there is no frame after".to_owned(),
            },
            (test, ..) if test.pattern().is_some_and(|p| p.validate().is_err()) => {
                format!("the glob is not valid{}", negation(matcher.negated))
            }
            (_, _, Some(value)) => reason(value, holds, matcher.negated),
            (_, _, None) => format!(
                "the frame has no {}{}",
                matcher.test.name(),
                negation(matcher.negated)
            ),
        };
        Test {
            matcher: matcher.to_string(),
            frame: looked_at,
            value,
            holds,
            reason,
        }
    });
    of_exception.chain(of_frames).collect()
}

fn reason(value: &str, holds: bool, negated: bool) -> String {
    let matches = if holds != negated {
        "matches"
    } else {
        "does not match"
    };
    format!("`{value}` {matches}{}", negation(negated))
}

fn negation(negated: bool) -> &'static str {
    if negated {
        ", and the matcher is negated"
    } else {
        ""
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::testing::{frame, rule};
    use crate::enhancements::{Cache, Enhancements};
    use crate::testing::{cases, Random};

    #[test]
    fn an_action_is_a_step_of_a_frame_once() {
        let text = "function:a* ^+group v-group +app ^-app";
        let rules = Enhancements::parse(text, &Cache::new(0)).unwrap();
        let function = |at: usize| Frame {
            function: Some(["a", "b", "ab"][at % 3]),
            ..Frame::default()
        };
        let frames: Vec<_> = (0..60).map(function).collect();
        let found = explain(
            rules.rules(),
            &frames,
            &ExceptionData::default(),
            None,
            None,
        );
        for (index, frame) in found.frames.iter().enumerate() {
            let mut actions: Vec<_> = frame.steps.iter().map(|step| &*step.action).collect();
            let before = actions.len();
            actions.sort_unstable();
            actions.dedup();
            assert_eq!(actions.len(), before, "frame {index}");
        }
        // By the first frame that reaches it.
        let matched = |frame: usize, action: &str| {
            let steps = &found.frames[frame].steps;
            let step = steps.iter().find(|step| step.action == action);
            step.and_then(|step| step.matched)
        };
        assert_eq!(matched(40, "^+group"), Some(0));
        assert_eq!(matched(40, "v-group"), Some(41));
        assert_eq!(matched(40, "+app"), None);
        assert_eq!(matched(41, "+app"), Some(41));
        assert_eq!(matched(59, "v-group"), None);
    }

    #[test]
    fn an_explanation_equals_the_engine_and_its_steps_add_up() {
        let mut random = Random::new(21);
        let cache = Cache::new(0);
        let mut steps = 0;
        for _ in 0..cases(2_000) {
            let text: Vec<_> = (0..6).map(|_| rule(&mut random)).collect();
            let Ok(rules) = Enhancements::parse(&text.join("\n"), &cache) else {
                continue;
            };
            let frames: Vec<_> = (0..random.0.usize(..6))
                .map(|_| frame(&mut random))
                .collect();
            let exception = ExceptionData {
                ty: *random.pick(&[None, Some("a"), Some("b")]),
                ..ExceptionData::default()
            };
            let found = explain(rules.rules(), &frames, &exception, None, None);
            let mut changed = frames.clone();
            rules.apply_modifications_to_frames(&mut changed, &exception);
            let counts = |frame: &Frame<'_>| Component::new(Some(frame.in_app == Some(true)));
            let mut components: Vec<_> = changed.iter().map(counts).collect();
            let result = rules.assemble_stacktrace_component(&changed, &exception, &mut components);
            assert_eq!(found.contributes, result.contributes);
            assert_eq!(found.invert_stacktrace, result.invert_stacktrace);
            for ((explained, frame), (before, component)) in found
                .frames
                .iter()
                .zip(&changed)
                .zip(frames.iter().zip(&components))
            {
                assert_eq!(explained.in_app, frame.in_app);
                assert_eq!(explained.category.as_deref(), frame.category);
                assert_eq!(explained.contributes, component.contributes);
                assert_eq!(
                    explained.hint,
                    component.hint.and_then(|hint| hint.text(rules.rules()))
                );
                // From the first value on, each step begins where the one before ended.
                let category = |text: Option<&str>| Value::Text(text.map(str::to_owned));
                for (field, first, last) in [
                    (
                        Field::InApp,
                        Value::Flag(before.in_app),
                        Value::Flag(frame.in_app),
                    ),
                    (
                        Field::Category,
                        category(before.category),
                        category(frame.category),
                    ),
                    (
                        Field::Contributes,
                        Value::Flag(Some(frame.in_app == Some(true))),
                        Value::Flag(component.contributes),
                    ),
                ] {
                    let of_field = explained.steps.iter().filter(|step| step.field == field);
                    let end = of_field.fold(first, |value, step| {
                        steps += 1;
                        assert_eq!(step.before, value, "{text:?}");
                        step.after.clone()
                    });
                    assert_eq!(end, last);
                }
            }
        }
        assert!(steps > 1_000, "{steps}");
    }

    #[test]
    fn every_matcher_says_why() {
        let text = "[ function:x ] | error.type:A !module:m family:native app:yes function:[ path:*.c +app";
        let rules = Enhancements::parse(text, &Cache::new(0)).unwrap();
        let frame = Frame {
            module: Some("m"),
            family: Some("javascript"),
            ..Frame::default()
        };
        let exception = ExceptionData::default();
        let found = explain(rules.rules(), &[frame], &exception, None, Some((0, 0)));
        let reasons: Vec<_> = found.why_not.unwrap();
        let reasons: Vec<_> = reasons
            .iter()
            .map(|test| (test.holds, &*test.reason))
            .collect();
        assert_eq!(
            reasons,
            [
                (false, "`<unknown>` does not match"),
                (false, "there is no frame before"),
                (false, "`m` matches, and the matcher is negated"),
                (false, "`javascript` does not match"),
                (false, "`unset, which counts as false` does not match"),
                (false, "the glob is not valid"),
                (false, "the frame has no path"),
            ]
        );
        // Its second turn is the one in which it matches.
        let text = "category:x -group +app\nfunction:a category=x";
        let two = Enhancements::parse(text, &Cache::new(0)).unwrap();
        let named = Frame {
            function: Some("a"),
            ..Frame::default()
        };
        let found = explain(two.rules(), &[named], &exception, None, Some((0, 0)));
        assert!(found.why_not.unwrap()[0].holds);
        let none = explain(rules.rules(), &[frame], &exception, None, Some((1, 0)));
        assert_eq!(none.why_not, Some(vec![]));
    }
}
