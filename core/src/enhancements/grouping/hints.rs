//! Combines the hints of both passes into one hint for each frame.
//!
//! | a frame of the app variant | its hint |
//! | --- | --- |
//! | `data.client_in_app` equals the final `in_app` | `marked in-app by the client` |
//! | else the classifier marked it | `marked in-app by custom stacktrace rule (RULE)` |
//! | else it is out of app | `non app frame` |
//! | it is in-app, and a contributes rule has a hint | that hint, after ` and ` or ` but ` |
//!
//! Frames of the system variant only have hints about counting.
//!
//! A hint is about counting if it contains the word `ignored`, else about `in_app`. Sentry
//! distinguishes hints in this way, by their whole text including the rule.

use std::collections::HashSet;

use serde::Serialize;

use crate::enhancements::result::{AssembleResult, Component, Hint};
use crate::enhancements::rule_set::Enhancements;

/// One variant of a stack trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// Whether the stack trace counts for grouping.
    pub contributes: bool,
    /// The hint, if it does not count.
    pub hint: Option<String>,
    /// The different outcomes of frames, each once.
    pub outcomes: Vec<FrameOutcome>,
    /// For each frame, the index of its outcome in `outcomes`.
    pub frames: Vec<u32>,
}

/// The result for a frame.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FrameOutcome {
    /// Whether the frame counts for grouping.
    pub contributes: Option<bool>,
    /// The hint.
    pub hint: Option<String>,
}

/// The facts about a frame that hints depend on.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// `in_app`, after the rules.
    pub(super) in_app: Option<bool>,
    /// `data.client_in_app`.
    pub(super) client_in_app: Option<bool>,
    /// The hint of the classifier.
    pub(super) marked: Option<Hint>,
}

/// Formats hints.
pub(super) struct Hints<'c> {
    pub(super) classifier: &'c Enhancements,
    pub(super) contributes: &'c Enhancements,
    /// The rules of the project in the form that hints have.
    pub(super) own: &'c HashSet<String>,
}

impl Hints<'_> {
    pub(super) fn app(
        &self,
        seen: &[Seen],
        result: &AssembleResult,
        components: &[Component],
    ) -> Variant {
        let frames = seen.iter().zip(components);
        let (frames, outcomes) =
            distinct(frames.map(|(seen, each)| (*seen, *each)), |(seen, each)| {
                let in_app = seen.in_app == Some(true);
                FrameOutcome {
                    contributes: if in_app {
                        each.contributes
                    } else {
                        Some(false)
                    },
                    hint: self.app_hint(seen, each),
                }
            });
        self.variant(result, outcomes, frames)
    }

    pub(super) fn system(&self, result: &AssembleResult, components: &[Component]) -> Variant {
        let (frames, outcomes) = distinct(components.iter().copied(), |each| FrameOutcome {
            contributes: each.contributes,
            hint: self.counting(each),
        });
        self.variant(result, outcomes, frames)
    }

    fn variant(
        &self,
        result: &AssembleResult,
        outcomes: Vec<FrameOutcome>,
        frames: Vec<u32>,
    ) -> Variant {
        let hint = result
            .hint
            .and_then(|hint| hint.text(self.contributes.rules()));
        let hint = hint.map(|hint| self.named(hint).replace("stack trace", "stacktrace"));
        Variant {
            contributes: result.contributes,
            hint,
            outcomes,
            frames,
        }
    }

    fn app_hint(&self, seen: &Seen, component: &Component) -> Option<String> {
        let in_app = seen.in_app == Some(true);
        let marked = if seen.client_in_app.is_some() && seen.client_in_app == seen.in_app {
            let what = if in_app { "in-app" } else { "out of app" };
            Some(format!("marked {what} by the client"))
        } else {
            let text = seen
                .marked
                .and_then(|hint| hint.text(self.classifier.rules()));
            let text = text
                .map(|text| self.named(text))
                .filter(|text| !is_about_counting(text));
            text.or_else(|| (!in_app).then(|| "non app frame".to_owned()))
        };
        if !in_app {
            return marked;
        }
        match (marked, self.counting(component)) {
            (Some(marked), Some(counting)) => {
                let joint = if component.contributes == Some(true) {
                    "and"
                } else {
                    "but"
                };
                Some(format!("{marked} {joint} {counting}"))
            }
            (marked, counting) => marked.or(counting),
        }
    }

    /// Returns the hint about counting.
    fn counting(&self, component: &Component) -> Option<String> {
        let text = component.hint?.text(self.contributes.rules())?;
        Some(self.named(text)).filter(|text| is_about_counting(text))
    }

    /// Adds to the rule at the end of a hint whether it is a custom or a built-in rule.
    fn named(&self, hint: String) -> String {
        const BY: &str = "stack trace rule (";
        let Some((before, rule)) = hint.split_once(BY) else {
            return hint;
        };
        let Some(rule) = rule.strip_suffix(')') else {
            return hint;
        };
        let whose = if self.own.contains(rule) {
            "custom"
        } else {
            "built-in"
        };
        format!("{before}{whose} stacktrace rule ({rule})")
    }
}

fn is_about_counting(hint: &str) -> bool {
    hint.contains("ignored")
}

/// Makes the outcomes of all frames. Equal outcomes are stored once, since there are few different
/// ones.
fn distinct<T: PartialEq>(
    frames: impl Iterator<Item = T>,
    outcome: impl Fn(&T) -> FrameOutcome,
) -> (Vec<u32>, Vec<FrameOutcome>) {
    let mut known: Vec<T> = Vec::new();
    let mut outcomes = Vec::new();
    let numbers = frames.map(|frame| {
        let found = known.iter().position(|other| *other == frame);
        found.unwrap_or_else(|| {
            outcomes.push(outcome(&frame));
            known.push(frame);
            known.len() - 1
        }) as u32
    });
    let numbers = numbers.collect();
    (numbers, outcomes)
}
