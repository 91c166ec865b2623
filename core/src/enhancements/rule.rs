//! A rule: matchers and actions.
//!
//! Rules are immutable and shared: a cache and many rule sets can hold the same rule. So a [`Rule`]
//! is a reference-counted pointer and cheap to clone.

use std::fmt;
use std::sync::Arc;

use serde::Serialize;

use crate::enhancements::action::Action;
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::matcher::{ExceptionMatcher, FrameMatcher, Matcher};

/// One rule. Cloning shares it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Rule(Arc<Parts>);

#[derive(Debug, PartialEq, Eq)]
struct Parts {
    exception_matchers: Box<[ExceptionMatcher]>,
    frame_matchers: Box<[FrameMatcher]>,
    actions: Box<[Action]>,
}

/// The number of a rule in its rule set, from 0, over all segments. It is 32 bits wide: a hint
/// keeps one for each component.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(transparent)]
pub struct RuleNumber(pub u32);

impl RuleNumber {
    /// Returns the number of the rule with this index. A rule set has far fewer rules than 2^32.
    pub(super) fn at(index: usize) -> Self {
        Self(index as u32)
    }

    /// Returns the index of the rule in the list of its rule set.
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Sorts the numbers of rules, and leaves each once.
pub(super) fn distinct(mut rules: Vec<RuleNumber>) -> Vec<RuleNumber> {
    rules.sort_unstable();
    rules.dedup();
    rules
}

impl Rule {
    pub(super) fn new(matchers: Vec<Matcher>, actions: Vec<Action>) -> Self {
        let mut exception_matchers = Vec::new();
        let mut frame_matchers = Vec::new();
        for matcher in matchers {
            match matcher {
                Matcher::Frame(matcher) => frame_matchers.push(matcher),
                Matcher::Exception(matcher) => exception_matchers.push(matcher),
            }
        }
        Self(Arc::new(Parts {
            exception_matchers: exception_matchers.into(),
            frame_matchers: frame_matchers.into(),
            actions: actions.into(),
        }))
    }

    /// Returns the rule with only the actions for which `keep` returns true.
    pub(super) fn with_actions(&self, keep: fn(&Action) -> bool) -> Self {
        if self.actions().iter().all(keep) {
            return self.clone();
        }
        Self(Arc::new(Parts {
            exception_matchers: self.0.exception_matchers.clone(),
            frame_matchers: self.0.frame_matchers.clone(),
            actions: self
                .actions()
                .iter()
                .filter(|action| keep(action))
                .cloned()
                .collect(),
        }))
    }

    /// Returns the matchers on the exception.
    pub fn exception_matchers(&self) -> &[ExceptionMatcher] {
        &self.0.exception_matchers
    }

    /// Returns the matchers on a frame, its caller and its callee.
    pub fn frame_matchers(&self) -> &[FrameMatcher] {
        &self.0.frame_matchers
    }

    /// Returns the actions, in their order.
    pub fn actions(&self) -> &[Action] {
        &self.0.actions
    }

    /// Returns whether the rule matches the exception.
    pub fn matches_exception(&self, exception: &ExceptionData<'_>) -> bool {
        self.exception_matchers()
            .iter()
            .all(|matcher| matcher.is_match(exception))
    }

    /// Returns whether the rule matches the frame at `index`.
    pub fn matches_frame(&self, frames: &[Frame<'_>], index: usize) -> bool {
        self.frame_matchers()
            .iter()
            .all(|matcher| matcher.is_match(frames, index))
    }

    /// Returns whether the rule changes frames (`app` or `category=`).
    pub fn modifies_frames(&self) -> bool {
        self.actions().iter().any(Action::modifies_frames)
    }

    /// Returns whether the rule affects grouping (any action except `category=`).
    pub fn affects_grouping(&self) -> bool {
        self.actions().iter().any(Action::affects_grouping)
    }
}

/// Writes the rule in the form that hints have: exception matchers, frame matchers, actions.
impl fmt::Display for Rule {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mut separator = "";
        let mut put = |part: &dyn fmt::Display| {
            write!(f, "{separator}{part}")?;
            separator = " ";
            Ok(())
        };
        self.exception_matchers().iter().try_for_each(|m| put(m))?;
        self.frame_matchers().iter().try_for_each(|m| put(m))?;
        self.actions().iter().try_for_each(|a| put(a))
    }
}
