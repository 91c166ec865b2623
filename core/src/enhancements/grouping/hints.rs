//! How the hints of the two halves become one hint a frame.
//!
//! | a frame of the app variant | its hint |
//! | --- | --- |
//! | the client's `in_app` still stands | `marked in-app by the client` |
//! | else the classifier marked it | `marked in-app by custom stacktrace rule (RULE)` |
//! | else it is out of app | `non app frame` |
//! | it is in-app, and a rule decided whether it counts | that, after ` and ` or ` but ` |
//!
//! Frames of the system variant have the hints about counting only.
//!
//! A hint is about counting if the word `ignored` is in it, else about `in_app`. That is how
//! Sentry distinguishes them, by the text, the rule's included.

use std::collections::HashSet;

use serde::Serialize;

use crate::enhancements::result::{AssembleResult, Component, Hint};
use crate::enhancements::rule_set::Enhancements;

/// One variant of a stack trace.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct Variant {
    /// Whether the stack trace counts for grouping.
    pub contributes: bool,
    /// Why it does not.
    pub hint: Option<String>,
    /// What frames became, each once.
    pub outcomes: Vec<FrameOutcome>,
    /// For each frame, where in `outcomes` it is.
    pub frames: Vec<u32>,
}

/// What a frame became.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct FrameOutcome {
    /// Whether the frame counts for grouping.
    pub contributes: Option<bool>,
    /// Why.
    pub hint: Option<String>,
}

/// What is known of a frame beside its components.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) struct Seen {
    /// `in_app`, after the rules.
    pub(super) in_app: Option<bool>,
    /// What the client said of it.
    pub(super) client_in_app: Option<bool>,
    /// What the classifier says of it.
    pub(super) marked: Option<Hint>,
}

/// Writes hints.
pub(super) struct Hints<'c> {
    pub(super) classifier: &'c Enhancements,
    pub(super) contributes: &'c Enhancements,
    /// The rules of the project as hints print them.
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

    /// The hint about counting.
    fn counting(&self, component: &Component) -> Option<String> {
        let text = component.hint?.text(self.contributes.rules())?;
        Some(self.named(text)).filter(|text| is_about_counting(text))
    }

    /// Says of the rule at the end of a hint whose it is.
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

/// Makes the outcome of each frame, once for those that are alike: they are few.
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
