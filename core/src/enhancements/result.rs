//! The results of rules for frames, components and stack traces, and hints.
//!
//! ```text
//! apply      frame      -> AppliedFrame    in_app, number of the category
//! assemble   component  -> Component       contributes, hint
//!            stack trace -> AssembleResult  contributes, hint, order of the frames
//! ```
//!
//! A hint is a kind and the number of a rule. Most hints are never read, so the text is only
//! formatted when a caller asks for it:
//!
//! ```text
//! (Ignored, 17)  ->  ignored by stack trace rule (family:native function:std::* -group)
//! ```

use std::fmt;

use crate::enhancements::action::{Action, VarAction};
use crate::enhancements::rule::{Rule, RuleNumber};

/// The result of the rules for a frame.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct AppliedFrame {
    /// The category as an index into the categories of the rule set, or `None` if the frame kept
    /// the category that it came with.
    pub category: Option<u32>,
    /// Whether the frame is the user's code.
    pub in_app: Option<bool>,
}

/// The results of both passes over a stack trace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Evaluation {
    pub(super) applied: Vec<AppliedFrame>,
    /// The app variant: only in-app frames count.
    pub(super) app: Assembled,
    /// The system variant.
    pub(super) system: Assembled,
}

impl Evaluation {
    /// Returns the variant that decides about grouping.
    pub(super) fn decides(&self) -> &Assembled {
        if self.app.result.contributes {
            &self.app
        } else {
            &self.system
        }
    }
}

/// The result of the second pass for a variant of a stack trace.
#[derive(Debug, PartialEq, Eq)]
pub(super) struct Assembled {
    pub(super) components: Vec<Component>,
    pub(super) result: AssembleResult,
}

impl Assembled {
    /// Returns the frames that count, in the order in which grouping uses them.
    pub(super) fn sequence(&self) -> Vec<usize> {
        if !self.result.contributes {
            return Vec::new();
        }
        let components = self.components.iter().enumerate();
        let counting = components.filter(|(_, component)| component.contributes == Some(true));
        let mut sequence: Vec<_> = counting.map(|(index, _)| index).collect();
        if self.result.invert_stacktrace {
            sequence.reverse();
        }
        sequence
    }
}

/// A frame's part in the grouping of an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Component {
    /// Whether the frame counts for grouping; `None` if it is undecided.
    pub contributes: Option<bool>,
    /// The reason for `contributes`, with the rule that set it.
    pub hint: Option<Hint>,
}

impl Component {
    /// Makes a component without a hint.
    pub fn new(contributes: Option<bool>) -> Self {
        Self {
            contributes,
            hint: None,
        }
    }
}

/// The result of the rules for a stack trace as a whole.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct AssembleResult {
    /// Whether the stack trace counts for grouping.
    pub contributes: bool,
    /// Why it does not count, if a rule decided it.
    pub hint: Option<TooFewFrames>,
    /// Whether grouping should use the frames in reverse order.
    pub invert_stacktrace: bool,
}

/// The kind of a hint.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum HintKind {
    /// `+group` made it contribute.
    UnIgnored,
    /// `-group` stopped it from contributing.
    Ignored,
    /// The rules marked its frame in-app.
    InApp,
    /// The rules marked its frame out of app.
    OutOfApp,
    /// It is beyond `max-frames`.
    PastMaxFrames,
}

impl HintKind {
    /// All kinds, each at the index that is its number.
    pub const ALL: [Self; 5] = [
        Self::UnIgnored,
        Self::Ignored,
        Self::InApp,
        Self::OutOfApp,
        Self::PastMaxFrames,
    ];

    /// Returns the kind for a component whose `contributes` became this value.
    pub fn of_group(contributes: bool) -> Self {
        if contributes {
            Self::UnIgnored
        } else {
            Self::Ignored
        }
    }

    /// Returns the kind for a component whose frame now has this `in_app`.
    pub fn of_app(in_app: Option<bool>) -> Self {
        if in_app == Some(true) {
            Self::InApp
        } else {
            Self::OutOfApp
        }
    }
}

/// The reason for the state of a component: a kind, and the number of the rule.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Hint {
    /// The kind.
    pub kind: HintKind,
    /// The rule.
    pub rule: RuleNumber,
}

impl Hint {
    /// Returns the text, or `None` if there is no such rule.
    pub fn text(self, rules: &[Rule]) -> Option<String> {
        let rule = rules.get(self.rule.index())?;
        let what = match self.kind {
            HintKind::UnIgnored => "un-ignored",
            HintKind::Ignored => "ignored",
            HintKind::InApp => "marked in-app",
            HintKind::OutOfApp => "marked out of app",
            HintKind::PastMaxFrames => {
                let max = max_frames(rule)?;
                let frames = if max == 1 { "frame is" } else { "frames are" };
                return Some(format!(
                    "ignored because only {max} {frames} considered {}",
                    By(rule)
                ));
            }
        };
        Some(format!("{what} {}", By(rule)))
    }
}

/// Why a stack trace does not count: fewer frames contribute than `min-frames` requires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct TooFewFrames {
    /// The number of frames that contribute.
    pub contributing: usize,
    /// The rule that set `min-frames`.
    pub rule: RuleNumber,
}

impl TooFewFrames {
    /// Returns the text, or `None` if there is no such rule.
    pub fn text(self, rules: &[Rule]) -> Option<String> {
        let rule = rules.get(self.rule.index())?;
        let n = self.contributing;
        let frames = if n == 1 { "frame" } else { "frames" };
        Some(format!(
            "discarded because stack trace only contains {n} {frames} \
             which is under the configured threshold {}",
            By(rule)
        ))
    }
}

/// Returns the value of the last `max-frames` of a rule, which is the one that applies.
fn max_frames(rule: &Rule) -> Option<u64> {
    rule.actions().iter().rev().find_map(|action| match action {
        Action::Var(VarAction::MaxFrames(max)) => Some(*max),
        _ => None,
    })
}

struct By<'a>(&'a Rule);

impl fmt::Display for By<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "by stack trace rule ({})", self.0)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::{Cache, Enhancements};

    #[test]
    fn texts_name_the_rule() {
        let text = "function:a max-frames=1\nfunction:b max-frames=7 max-frames=2";
        let rules = Enhancements::parse(text, &Cache::new(0)).unwrap();
        let hint = |kind, rule| {
            let rule = RuleNumber(rule);
            Hint { kind, rule }.text(rules.rules())
        };
        for (kind, rule, expected) in [
            (HintKind::UnIgnored, 0, "un-ignored by stack trace rule (function:a max-frames=1)"),
            (HintKind::Ignored, 0, "ignored by stack trace rule (function:a max-frames=1)"),
            (HintKind::InApp, 0, "marked in-app by stack trace rule (function:a max-frames=1)"),
            (HintKind::OutOfApp, 0, "marked out of app by stack trace rule (function:a max-frames=1)"),
            (HintKind::PastMaxFrames, 0, "ignored because only 1 frame is considered by stack trace rule (function:a max-frames=1)"),
            (HintKind::PastMaxFrames, 1, "ignored because only 2 frames are considered by stack trace rule (function:b max-frames=7 max-frames=2)"),
        ] {
            assert_eq!(hint(kind, rule).as_deref(), Some(expected));
        }
        assert_eq!(hint(HintKind::Ignored, 2), None);
        let few = |contributing| {
            TooFewFrames {
                contributing,
                rule: RuleNumber(0),
            }
            .text(rules.rules())
        };
        assert!(few(1).unwrap().contains("contains 1 frame which"));
        assert!(few(3).unwrap().contains("contains 3 frames which"));
    }

    #[test]
    fn numbers_of_kinds_are_their_indexes() {
        for (index, kind) in HintKind::ALL.into_iter().enumerate() {
            assert_eq!(kind as usize, index);
        }
    }
}
