//! Rules: the conditions on an event, and the fingerprint of an event that meets them.
//!
//! ```text
//! error.type:OutOfMemory !module:tests.* -> out-of-memory {{ module }} title="Out of memory"
//!
//! matchers      type "OutOfMemory",  not module "tests.*"
//! fingerprint   "out-of-memory", "{{ module }}"
//! title         "Out of memory"
//! ```

use smol_str::SmolStr;

use super::key::Key;

/// Which frame a matcher looks at.
///
/// In fingerprint rules the caller is the frame *after* and the callee the frame *before*. In stack
/// trace rules it is the reverse.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Neighbor {
    /// The frame itself, or an entry of another scope.
    #[default]
    This,
    /// `[ matcher ] |`: the frame after it.
    Caller,
    /// `| [ matcher ]`: the frame before it.
    Callee,
}

/// A condition on an event.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Matcher {
    /// What it looks at.
    pub key: Key,
    /// What the value is compared with.
    pub pattern: SmolStr,
    /// Whether it holds if the value does not match.
    pub negated: bool,
    /// Which frame it looks at.
    pub neighbor: Neighbor,
}

/// A fingerprint rule.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash)]
pub struct Rule {
    /// What must hold.
    pub matchers: Vec<Matcher>,
    /// The parts of the fingerprint, with their variables.
    pub fingerprint: Vec<SmolStr>,
    /// The title of the issue, with its variables. An empty one counts as missing.
    pub title: Option<SmolStr>,
    /// Whether it is a rule of Sentry, and not of the user.
    pub is_builtin: bool,
}

impl Rule {
    /// Returns the names and values of the attributes, sorted.
    pub fn attributes(&self) -> impl Iterator<Item = (&'static str, &str)> {
        self.title.iter().map(|title| (TITLE, title.as_str()))
    }
}

/// The only attribute.
pub(super) const TITLE: &str = "title";
