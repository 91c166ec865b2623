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
//! second pass uses the changed frames to decide about grouping. The second pass runs twice, once
//! for each variant of the stack trace:
//!
//! ```text
//!          counts initially                          can count
//! app      in-app frames that repeat no other        in-app frames only
//! system   all frames that repeat no other           all frames
//! ```
//!
//! The app variant decides, unless none of its frames counts: then the system variant decides. A
//! rule matches the same frames for both, so an action is one step, with the values of both.

use std::cmp::Ordering;
use std::io::{self, Write};

use serde::Serialize;

use crate::enhancements::action::{Action, FlagKind, VarAction};
use crate::enhancements::fields::Subject;
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::interpreter::{self, Observer};
use crate::enhancements::matcher::{FrameMatcher, FrameTest, Offset};
use crate::enhancements::pattern::{Dialect, Pattern};
use crate::enhancements::result::{AssembleResult, Component, HintKind};
use crate::enhancements::rule::{Rule, RuleNumber};

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
    /// The rule.
    pub rule: RuleNumber,
    /// The action as it is written, or the limit that a rule set.
    pub action: String,
    /// The frame that the rule matched. If the action has a range, other frames change. `None` for
    /// a limit, which concerns all frames.
    pub matched: Option<usize>,
    /// The field that the action sets.
    pub field: Field,
    /// The old value. Of `contributes`: the value in the app variant.
    pub before: Value,
    /// The new value. It equals the old value if the action had no effect.
    pub after: Value,
    /// The old and the new `contributes` in the system variant. `None` for another field, and if the
    /// caller passed components.
    pub system: Option<[Value; 2]>,
}

impl Step {
    /// Returns whether it changed `in_app` or the category, or `contributes` in the app variant.
    /// Unset and false are equal.
    pub(super) fn changes(&self) -> bool {
        differ(&self.before, &self.after)
    }

    /// Returns whether it changed `contributes` in the system variant.
    pub(super) fn changes_system(&self) -> bool {
        let values = self.system.as_ref();
        values.is_some_and(|[before, after]| differ(before, after))
    }
}

fn differ(before: &Value, after: &Value) -> bool {
    match (before, after) {
        (Value::Flag(before), Value::Flag(after)) => {
            (*before == Some(true)) != (*after == Some(true))
        }
        _ => before != after,
    }
}

/// The result for a frame, and the steps that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FrameExplanation {
    /// Whether it is the user's code, after all rules.
    pub in_app: Option<bool>,
    /// Its category, after all rules.
    pub category: Option<String>,
    /// Whether it counts for grouping in the app variant. `None` also if there is no component for
    /// it.
    pub contributes: Option<bool>,
    /// Why.
    pub hint: Option<String>,
    /// Whether it counts in the system variant. `None` also if the caller passed components.
    pub system: Option<bool>,
    /// Why.
    pub system_hint: Option<String>,
    /// Whether it repeats the frame before it. Then it counts only if a rule with `+group` brings it
    /// back.
    pub repeats: bool,
    /// The actions on this frame, in their order.
    pub steps: Vec<Step>,
}

/// The result for a stack trace, and the steps that led to it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Explanation {
    /// Its frames.
    pub frames: Vec<FrameExplanation>,
    /// Whether the app variant counts for grouping.
    pub contributes: bool,
    /// The hint, if a rule decided that it does not count.
    pub hint: Option<String>,
    /// Whether the system variant counts. `None` if the caller passed components.
    pub system: Option<bool>,
    /// The hint, if a rule decided that it does not count.
    pub system_hint: Option<String>,
    /// The variant that decides: the app variant if it counts, else the system variant if that
    /// counts.
    pub decides: Option<Variant>,
    /// Whether it is looked at in reverse order.
    pub invert_stacktrace: bool,
    /// The actions on the stack trace as a whole, in their order.
    pub steps: Vec<Step>,
    /// Why a rule did or did not match a frame, if the caller asked for it.
    pub why_not: Option<Vec<Test>>,
}

/// A variant of a stack trace.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub enum Variant {
    /// The in-app frames.
    App,
    /// All frames.
    System,
}

impl Explanation {
    /// Returns the explanation as a JSON object, with the names of these fields.
    pub fn to_json(&self) -> String {
        // This cannot fail: the value has no floats, and the keys of its maps are texts.
        // The length first: a text that grows takes up to twice its length at once.
        let mut length = Length(0);
        self.write_json(&mut length);
        let mut json = Vec::with_capacity(length.0);
        self.write_json(&mut json);
        String::from_utf8(json).unwrap_or_default()
    }

    /// Neither the values nor the writers fail.
    fn write_json(&self, out: &mut dyn Write) {
        let _ = serde_json::to_writer(out, self);
    }
}

/// Counts the bytes that are written.
struct Length(usize);

impl Write for Length {
    fn write(&mut self, bytes: &[u8]) -> io::Result<usize> {
        self.0 += bytes.len();
        Ok(bytes.len())
    }

    fn flush(&mut self) -> io::Result<()> {
        Ok(())
    }
}

/// A matcher that was tried on a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Test {
    /// The matcher in the form that hints have.
    pub matcher: String,
    /// The name of what it tests, such as `path`.
    pub field: &'static str,
    /// The frame that it tests; `None` for the exception, and if there is no such frame.
    pub frame: Option<usize>,
    /// The value that it tests; `None` if there is none.
    pub value: Option<String>,
    /// Whether it holds.
    pub holds: bool,
    /// The reason.
    pub reason: String,
    /// The rule that sets the category or `in_app` for which the matcher would hold, if the rule
    /// that was asked for changes frames: it runs after that rule, so too late.
    pub later: Option<RuleNumber>,
}

/// Explains the effects of rules on a stack trace.
///
/// `frames` are frames to which no rules were applied, and `repeats` says which of them repeat the
/// frame before them; it may be empty. Without `components` both variants of the stack trace are
/// explained. With them, one variant is explained, which starts with these components. `why_not` is
/// the index of a rule and of a frame: each matcher of the rule is tried on the frame, in the state
/// that the frame had when the rule ran.
///
/// ```
/// use ophio::enhancements::{explain, Cache, Enhancements, ExceptionData, Frame};
///
/// let rules = Enhancements::parse("function:log_* -app\nfunction:a +app", &Cache::new(0))?;
/// let frame = Frame { function: Some("log_it"), in_app: Some(true), ..Frame::default() };
/// let found = explain::explain(
///     rules.rules(), &[frame], &[], &ExceptionData::default(), None, Some((1, 0)),
/// );
/// assert_eq!(found.frames[0].steps[0].rule.index(), 0);
/// assert_eq!(found.why_not.unwrap()[0].reason, "`log_it` does not match");
/// # Ok::<(), ophio::enhancements::EnhancementsError>(())
/// ```
pub fn explain(
    rules: &[Rule],
    frames: &[Frame<'_>],
    repeats: &[bool],
    exception: &ExceptionData<'_>,
    components: Option<&[Component]>,
    why_not: Option<(usize, usize)>,
) -> Explanation {
    let mut changed = frames.to_vec();
    let mut first = Log::new(rules, frames.len());
    interpreter::apply_observed(rules, &mut changed, exception, &mut first);

    let repeats = |index: usize| repeats.get(index) == Some(&true);
    let is_in_app = |frame: &Frame<'_>| frame.in_app == Some(true);
    let start = |index: usize, frame: &Frame<'_>, variant: Variant| {
        let may_count = variant == Variant::System || is_in_app(frame);
        Component::new(Some(may_count && !repeats(index)))
    };
    let components_of = |variant: Variant| -> Vec<Component> {
        let frames = changed.iter().enumerate();
        frames
            .map(|(index, frame)| start(index, frame, variant))
            .collect()
    };
    let given = components.is_some();
    let mut app = components.map_or_else(|| components_of(Variant::App), <[Component]>::to_vec);
    let (mut result, log) = assembled(rules, &changed, exception, &mut app);
    let mut system = components_of(Variant::System);
    let other = (!given).then(|| assembled(rules, &changed, exception, &mut system));
    let (system_result, mut of_system) = match other {
        Some((result, log)) => (Some(result), log.frames),
        None => (None, Vec::new()),
    };
    if !given {
        leave_app_frames(&changed, &mut app, &mut result);
    }
    let why_not = why_not.map(|(number, index)| {
        rules.get(number).map_or_else(Vec::new, |rule| {
            let states = States {
                frames,
                changed: &changed,
                steps: &first.frames,
                exception,
            };
            states.tests(rules, rule, number, index)
        })
    });
    let hint_of = |component: &Component| component.hint.and_then(|hint| hint.text(rules));
    let steps = first.frames.into_iter().zip(log.frames).enumerate();
    let explained = changed.iter().zip(steps);
    let explained = explained.map(|(frame, (index, (mut steps, of_app)))| {
        let component = app.get(index);
        let mut step = FrameExplanation {
            in_app: frame.in_app,
            category: frame.category.map(str::to_owned),
            contributes: component.and_then(|component| component.contributes),
            hint: component.and_then(hint_of),
            system: None,
            system_hint: None,
            repeats: repeats(index),
            steps: Vec::new(),
        };
        if given {
            steps.extend(of_app);
        } else {
            step.system = system[index].contributes;
            step.system_hint = hint_of(&system[index]);
            let of_system = std::mem::take(&mut of_system[index]);
            let in_app = is_in_app(frame);
            steps.extend(joined(of_app, of_system, in_app, in_app && !repeats(index)));
        }
        step.steps = steps;
        step
    });
    let frames = explained.collect();
    let system = system_result.map(|result| result.contributes);
    Explanation {
        frames,
        contributes: result.contributes,
        hint: result.hint.and_then(|hint| hint.text(rules)),
        system,
        system_hint: system_result
            .and_then(|result| result.hint)
            .and_then(|hint| hint.text(rules)),
        decides: match system {
            _ if result.contributes => Some(Variant::App),
            Some(true) => Some(Variant::System),
            _ => None,
        },
        invert_stacktrace: result.invert_stacktrace,
        steps: log.stacktrace,
        why_not,
    }
}

/// Runs the second pass.
fn assembled<'r>(
    rules: &'r [Rule],
    frames: &[Frame<'_>],
    exception: &ExceptionData<'_>,
    components: &mut [Component],
) -> (AssembleResult, Log<'r>) {
    let mut log = Log::new(rules, frames.len());
    let result = interpreter::assemble_observed(rules, frames, exception, components, &mut log);
    (result, log)
}

/// Takes the frames that are not in-app out of the app variant: they never count there, whatever
/// rules with `+group` say.
fn leave_app_frames(
    frames: &[Frame<'_>],
    components: &mut [Component],
    result: &mut AssembleResult,
) {
    let in_app = frames.iter().map(|frame| frame.in_app);
    result.contributes &= only_in_app(in_app, components);
}

/// Does this for any frames: `in_app` has their values. Returns whether a component still
/// contributes.
pub(super) fn only_in_app(
    in_app: impl Iterator<Item = Option<bool>>,
    components: &mut [Component],
) -> bool {
    for (in_app, component) in in_app.zip(&mut *components) {
        if in_app != Some(true) {
            component.contributes = Some(false);
            // A hint about counting is wrong now.
            component.hint = component
                .hint
                .filter(|hint| matches!(hint.kind, HintKind::InApp | HintKind::OutOfApp));
        }
    }
    components
        .iter()
        .any(|component| component.contributes == Some(true))
}

/// Joins the steps of a frame in both variants. The actions are the same; only a limit can reach a
/// frame in one variant alone.
fn joined(app: Vec<Step>, system: Vec<Step>, in_app: bool, app_start: bool) -> Vec<Step> {
    let mut of_app = app.into_iter().peekable();
    let mut steps = Vec::new();
    let mut last = Value::Flag(Some(app_start));
    for system in system.iter() {
        // It is a limit if there is no frame that matched.
        let is_same = |step: &Step| step.matched.is_some() == system.matched.is_some();
        let mut step = of_app.next_if(is_same).unwrap_or_else(|| Step {
            before: last.clone(),
            after: last.clone(),
            ..system.clone()
        });
        step.system = Some([system.before.clone(), system.after.clone()]);
        last = step.after.clone();
        steps.push(step);
    }
    let system_end = steps.last().map_or(Value::Flag(Some(true)), |step| {
        step.system
            .as_ref()
            .map_or(Value::Flag(None), |[_, after]| after.clone())
    });
    steps.extend(of_app.map(|step| Step {
        system: Some([system_end.clone(), system_end.clone()]),
        ..step
    }));
    if !in_app {
        for step in &mut steps {
            step.before = Value::Flag(Some(false));
            step.after = Value::Flag(Some(false));
        }
    }
    steps
}

/// Records what the interpreter reports.
struct Log<'r> {
    rules: &'r [Rule],
    frames: Vec<Vec<Step>>,
    stacktrace: Vec<Step>,
    /// The matches of the rule that runs.
    matches: Option<Matches>,
    /// The limits of the rule that runs which were reported: its number, and its actions.
    limits: (RuleNumber, Vec<String>),
}

/// Which frames a rule has matched so far: they come in ascending order.
#[derive(Clone, Copy)]
struct Matches {
    rule: RuleNumber,
    first: usize,
    previous: Option<usize>,
    current: usize,
}

impl<'r> Log<'r> {
    fn new(rules: &'r [Rule], frames: usize) -> Self {
        Self {
            rules,
            frames: vec![Vec::new(); frames],
            stacktrace: Vec::new(),
            matches: None,
            limits: (RuleNumber::default(), Vec::new()),
        }
    }

    /// Returns whether an action has reached a frame before, from another match of its rule.
    fn is_repeated(&mut self, rule: RuleNumber, matched: usize, target: usize) -> bool {
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
        rule: RuleNumber,
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
            system: None,
        };
        self.put(Some(target), step);
    }

    fn category(&mut self, rule: RuleNumber, matched: usize, before: Option<&str>, after: &str) {
        let step = Step {
            rule,
            action: format!("category={after}"),
            matched: Some(matched),
            field: Field::Category,
            before: Value::Text(before.map(str::to_owned)),
            after: Value::Text(Some(after.to_owned())),
            system: None,
        };
        self.put(Some(matched), step);
    }

    fn variable(&mut self, rule: RuleNumber, var: &VarAction, matched: usize, before: u64) {
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
        // A rule that matches many frames sets a limit many times, to the same value.
        let action = var.to_string();
        if self.limits.0 != rule {
            self.limits = (rule, Vec::new());
        }
        if self.limits.1.contains(&action) {
            return;
        }
        self.limits.1.push(action.clone());
        let step = Step {
            rule,
            action,
            matched: Some(matched),
            field,
            before,
            after,
            system: None,
        };
        self.put(None, step);
    }

    fn past_max_frames(&mut self, rule: RuleNumber, target: usize) {
        let max = self.rules.get(rule.index()).and_then(|rule| {
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
            system: None,
        };
        self.put(Some(target), step);
    }
}

/// The states of frames that a rule may have seen.
struct States<'f> {
    /// Before any rule.
    frames: &'f [Frame<'f>],
    /// After the first pass.
    changed: &'f [Frame<'f>],
    /// The steps of the first pass.
    steps: &'f [Vec<Step>],
    exception: &'f ExceptionData<'f>,
}

impl States<'_> {
    /// Tries each matcher of a rule on a frame, for the pass in which the rule could have acted.
    ///
    /// A rule that changes frames sees the changes of the rules before it, any other rule sees all
    /// changes. A rule of both kinds runs twice: the result is from the first pass if it matches
    /// there, else from the second pass.
    fn tests(&self, rules: &[Rule], rule: &Rule, number: usize, index: usize) -> Vec<Test> {
        if !rule.modifies_frames() {
            return tests(rule, self.changed, self.exception, index);
        }
        let mut then = self.frames.to_vec();
        let before = &rules[..number];
        interpreter::apply_modifications_to_frames(before, &mut then, self.exception);
        let counts = |action: &Action| match action {
            Action::Flag(flag) => flag.kind == FlagKind::Group,
            Action::Var(var) => !matches!(var, VarAction::Category(_)),
        };
        let in_first = rule.matches_frame(&then, index) || !rule.actions().iter().any(counts);
        let seen = if in_first { &then } else { self.changed };
        let mut found = tests(rule, seen, self.exception, index);
        let of_frames = &mut found[rule.exception_matchers().len()..];
        for (test, matcher) in of_frames.iter_mut().zip(rule.frame_matchers()) {
            if !matcher.is_match(&then, index) {
                test.later = self.set_later(matcher, &then, number, index);
            }
        }
        found
    }

    /// Returns the first rule from `number` on after which a matcher holds.
    fn set_later(
        &self,
        matcher: &FrameMatcher,
        then: &[Frame<'_>],
        number: usize,
        index: usize,
    ) -> Option<RuleNumber> {
        let at = matcher.offset.index(index)?;
        let mut seen = then.to_vec();
        let steps = self.steps.get(at)?.iter();
        let mut steps = steps.filter(|step| step.rule.index() >= number);
        let holds = steps.find(|step| {
            match (step.field, &step.after) {
                (Field::InApp, Value::Flag(flag)) => seen[at].in_app = *flag,
                (Field::Category, Value::Text(text)) => seen[at].category = text.as_deref(),
                _ => {}
            }
            matcher.is_match(&seen, index)
        });
        holds.map(|step| step.rule)
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
        let reason = reason(value.unwrap_or("<unknown>"), holds, matcher.negated);
        Test {
            matcher: matcher.to_string(),
            field: Subject::Exception(matcher.field).name(),
            frame: None,
            value: value.map(str::to_owned),
            holds,
            reason: with_escape(reason, holds, &matcher.pattern),
            later: None,
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
            field: matcher.test.name(),
            frame: looked_at,
            value,
            holds,
            reason: match matcher.test.pattern() {
                Some(pattern) => with_escape(reason, holds, pattern),
                None => reason,
            },
            later: None,
        }
    });
    of_exception.chain(of_frames).collect()
}

/// Adds to the reason of a matcher that fails that a backslash in its pattern has a meaning.
fn with_escape(reason: String, holds: bool, pattern: &Pattern) -> String {
    if holds || pattern.dialect() == Dialect::Path {
        return reason;
    }
    let mut chars = pattern.as_str().chars();
    while let Some(char) = chars.next() {
        match (char, if char == '\\' { chars.next() } else { None }) {
            ('\\', Some(next)) if next != '\\' => {
                return format!(
                    "{reason}; `\\{next}` in the pattern is an escape that matches `{next}`: \
                     write `\\\\\\\\` to match a backslash"
                );
            }
            _ => {}
        }
    }
    reason
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
            &[],
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
            let repeats: Vec<_> = (0..frames.len())
                .map(|_| random.0.usize(..3) == 0)
                .collect();
            let found = explain(rules.rules(), &frames, &repeats, &exception, None, None);
            let mut changed = frames.clone();
            rules.apply_modifications_to_frames(&mut changed, &exception);
            let assemble = |may_count: fn(&Frame<'_>) -> bool| {
                let counts = |(frame, repeats): (&Frame<'_>, &bool)| {
                    Component::new(Some(may_count(frame) && !repeats))
                };
                let mut components: Vec<_> = changed.iter().zip(&repeats).map(counts).collect();
                let result =
                    rules.assemble_stacktrace_component(&changed, &exception, &mut components);
                (result, components)
            };
            let is_in_app = |frame: &Frame<'_>| frame.in_app == Some(true);
            let (system_result, system) = assemble(|_| true);
            let (result, mut components) = assemble(is_in_app);
            for (component, frame) in components.iter_mut().zip(&changed) {
                if !is_in_app(frame) {
                    component.contributes = Some(false);
                }
            }
            let counts = components.iter().any(|each| each.contributes == Some(true));
            assert_eq!(found.contributes, result.contributes && counts);
            assert_eq!(found.system, Some(system_result.contributes));
            assert_eq!(
                found.decides,
                match (found.contributes, system_result.contributes) {
                    (true, _) => Some(Variant::App),
                    (false, true) => Some(Variant::System),
                    (false, false) => None,
                }
            );
            assert_eq!(found.invert_stacktrace, result.invert_stacktrace);
            for (index, ((explained, frame), (before, component))) in found
                .frames
                .iter()
                .zip(&changed)
                .zip(frames.iter().zip(&components))
                .enumerate()
            {
                assert_eq!(explained.system, system[index].contributes);
                let hint = system[index].hint.and_then(|hint| hint.text(rules.rules()));
                assert_eq!(explained.system_hint, hint);
                let start = Value::Flag(Some(!repeats[index]));
                let of_system = explained.steps.iter().flat_map(|step| &step.system);
                let end = of_system.fold(start, |value, [before, after]| {
                    assert_eq!(*before, value, "{text:?}");
                    after.clone()
                });
                assert_eq!(end, Value::Flag(explained.system));
                assert_eq!(explained.in_app, frame.in_app);
                assert_eq!(explained.category.as_deref(), frame.category);
                assert_eq!(explained.contributes, component.contributes);
                let hint = component.hint.and_then(|hint| hint.text(rules.rules()));
                if is_in_app(frame) || explained.hint.is_some() {
                    assert_eq!(explained.hint, hint);
                } else {
                    assert!(hint.is_none_or(|hint| hint.contains("ignored")));
                }
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
                        Value::Flag(Some(is_in_app(frame) && !repeats[index])),
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
        let found = explain(rules.rules(), &[frame], &[], &exception, None, Some((0, 0)));
        let tests = found.why_not.unwrap();
        let fields: Vec<_> = tests.iter().map(|test| test.field).collect();
        assert_eq!(
            fields,
            ["type", "function", "module", "family", "app", "function", "path"]
        );
        let reasons: Vec<_> = tests
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
        let found = explain(two.rules(), &[named], &[], &exception, None, Some((0, 0)));
        assert!(found.why_not.unwrap()[0].holds);
        let none = explain(rules.rules(), &[frame], &[], &exception, None, Some((1, 0)));
        assert_eq!(none.why_not, Some(vec![]));
    }

    /// Why a rule did or did not match frame 0: whether each matcher holds, and the rule that sets
    /// what it needs later.
    fn why_not(text: &str, frame: Frame<'_>, rule: usize) -> Vec<(bool, Option<usize>)> {
        let rules = Enhancements::parse(text, &Cache::new(0)).unwrap();
        let exception = ExceptionData::default();
        let found = explain(
            rules.rules(),
            &[frame],
            &[],
            &exception,
            None,
            Some((rule, 0)),
        );
        let tests = found.why_not.unwrap().into_iter();
        tests
            .map(|test| (test.holds, test.later.map(RuleNumber::index)))
            .collect()
    }

    #[test]
    fn a_rule_that_ran_too_early_says_which_rule_came_later() {
        let frame = Frame {
            function: Some("f"),
            ..Frame::default()
        };
        for (text, rule, expected) in [
            // Only frames change: the second pass cannot help.
            (
                "category:x -app\nfunction:f category=x",
                0,
                &[(false, Some(1))][..],
            ),
            ("function:f category=x\ncategory:x -app", 1, &[(true, None)]),
            (
                "category:x -group\nfunction:f category=x",
                0,
                &[(true, None)],
            ),
            (
                "category:x -app -group\nfunction:f category=x",
                0,
                &[(true, Some(1))],
            ),
            (
                "app:yes category=x\nfunction:f -app\nfunction:f +app",
                0,
                &[(false, Some(2))],
            ),
            (
                "!category:x -app\nfunction:f category=x",
                0,
                &[(true, None)],
            ),
            (
                "category:x category=y\nfunction:f category=z",
                0,
                &[(false, None)],
            ),
            (
                "category:x category=x\nfunction:g category=x",
                0,
                &[(false, None)],
            ),
        ] {
            assert_eq!(why_not(text, frame, rule), expected, "{text}");
        }
    }

    #[test]
    fn an_escape_in_a_pattern_that_fails_is_mentioned() {
        let frame = Frame {
            function: Some(r"Own\Lib\f"),
            path: Some("own/lib"),
            ..Frame::default()
        };
        let rules = [
            (r"function:Own\Lib\* +app", true),
            (r"function:Own\\Lib\\* +app", true),
            (r"function:Own\\\\Lib\\\\x* +app", false),
            (r"path:x\own +app", false),
            (r"!function:Own\Lib* +app", false),
            (r"error.type:a\b +app", true),
        ];
        for (text, mentioned) in rules {
            let rules = Enhancements::parse(text, &Cache::new(0)).unwrap();
            let found = explain(
                rules.rules(),
                &[frame],
                &[],
                &ExceptionData::default(),
                None,
                Some((0, 0)),
            );
            let test = &found.why_not.unwrap()[0];
            assert_eq!(
                test.reason.contains("escape"),
                mentioned,
                "{text}: {test:?}"
            );
        }
    }

    #[test]
    fn a_frame_that_is_not_in_app_never_counts_in_the_app_variant() {
        let (yes, no) = (Some(true), Some(false));
        let frame = |function, in_app| Frame {
            function: Some(function),
            in_app,
            ..Frame::default()
        };
        let mine = [frame("a", yes), frame("b", no), frame("c", None)];
        let others = &mine[1..];
        let again = [frame("a", yes), frame("a", yes), frame("b", no)];
        for (frames, repeats, text, app, system, decides) in [
            (&mine[..], &[][..], "", "y--", "yyy", Some(Variant::App)),
            (
                &mine,
                &[],
                "function:b +group",
                "y--",
                "yyy",
                Some(Variant::App),
            ),
            (
                &mine,
                &[],
                "function:b +app",
                "yy-",
                "yyy",
                Some(Variant::App),
            ),
            (
                &mine,
                &[],
                "function:a -app",
                "---",
                "yyy",
                Some(Variant::System),
            ),
            (
                &mine,
                &[],
                "function:a -group",
                "---",
                "-yy",
                Some(Variant::System),
            ),
            (&mine, &[], "function:* -group", "---", "---", None),
            (
                &mine,
                &[],
                "function:c max-frames=1",
                "y--",
                "--y",
                Some(Variant::App),
            ),
            (
                &mine,
                &[],
                "function:c min-frames=2",
                "y--",
                "yyy",
                Some(Variant::System),
            ),
            (&mine, &[], "function:c min-frames=4", "y--", "yyy", None),
            (
                others,
                &[],
                "function:* +group",
                "--",
                "yy",
                Some(Variant::System),
            ),
            (&again, &[false, true], "", "y--", "y-y", Some(Variant::App)),
            (
                &again,
                &[false, true],
                "function:a +group",
                "yy-",
                "yyy",
                Some(Variant::App),
            ),
        ] {
            let rules = Enhancements::parse(text, &Cache::new(0)).unwrap();
            let exception = ExceptionData::default();
            let found = explain(rules.rules(), frames, repeats, &exception, None, None);
            let shown = |of: fn(&FrameExplanation) -> Option<bool>| -> String {
                let flags = found.frames.iter().map(of);
                flags
                    .map(|flag| if flag == yes { 'y' } else { '-' })
                    .collect()
            };
            assert_eq!(shown(|frame| frame.contributes), app, "{text}");
            assert_eq!(shown(|frame| frame.system), system, "{text}");
            assert_eq!(found.decides, decides, "{text}");
        }
    }

    #[test]
    fn a_limit_is_one_step_a_rule() {
        let text = "function:* max-frames=6 min-frames=1\nfunction:* max-frames=6";
        let rules = Enhancements::parse(text, &Cache::new(0)).unwrap();
        let frames = [Frame {
            function: Some("f"),
            ..Frame::default()
        }; 100];
        let found = explain(
            rules.rules(),
            &frames,
            &[],
            &ExceptionData::default(),
            None,
            None,
        );
        let steps: Vec<_> = found
            .steps
            .iter()
            .map(|step| (step.rule.index(), &*step.action))
            .collect();
        assert_eq!(
            steps,
            [
                (0, "max-frames=6"),
                (0, "min-frames=1"),
                (1, "max-frames=6")
            ]
        );
    }
}
