//! Segments: the parts of rule sets.
//!
//! Sentry makes a rule set for every event: the built-in rules, followed by the rules of the
//! project. The expensive part of a rule set is the engine with its index and its memo, and it must
//! not be built for every event. So a rule set is a list of segments. A segment is immutable, and
//! rule sets share it:
//!
//! ```text
//! set of event 1    [ built-in ] [ project A ]
//! set of event 2    [ built-in ] [ project A ]      the same two segments
//! set of event 3    [ built-in ] [ project B ]      the first is shared
//! ```
//!
//! The segments run one after the other, each on the results of the segment before. So a set of two
//! segments has the same results as one list of the same rules.

use std::collections::HashSet;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::sync::Arc;

use once_cell::race::OnceBox;
use smol_str::SmolStr;

use crate::enhancements::action::{Action, VarAction};
use crate::enhancements::engine::{Engine, DEFAULT_BYTES};
use crate::enhancements::rule::Rule;
use crate::enhancements::select::{self, Part};

/// Immutable rules, with their engine.
#[derive(Default)]
pub(super) struct Segment {
    rules: Vec<Rule>,
    /// The categories that the rules set with `category=`, each once, in the order of first use.
    categories: Vec<SmolStr>,
    // Made on first use. Threads that race for it make it twice and keep one: no thread
    // waits, so a fork in the middle leaves nothing locked in the child.
    engine: OnceBox<Engine>,
    /// The argument of `set_memo_bytes` plus 1; 0 before the first call.
    memo_bytes: AtomicUsize,
    parts: [OnceBox<Arc<Segment>>; Part::COUNT],
}

impl Segment {
    pub(super) fn new(rules: Vec<Rule>) -> Self {
        let mut seen = HashSet::new();
        let categories = rules
            .iter()
            .flat_map(Rule::actions)
            .filter_map(|action| match action {
                Action::Var(VarAction::Category(category)) => Some(category),
                _ => None,
            })
            .filter(|category| seen.insert(*category))
            .cloned()
            .collect();
        Self {
            rules,
            categories,
            ..Self::default()
        }
    }

    pub(super) fn rules(&self) -> &[Rule] {
        &self.rules
    }

    pub(super) fn categories(&self) -> &[SmolStr] {
        &self.categories
    }

    pub(super) fn engine(&self) -> &Engine {
        self.engine.get_or_init(|| {
            let bytes = self.memo_bytes.load(Ordering::Relaxed);
            let bytes = bytes.checked_sub(1).unwrap_or(DEFAULT_BYTES);
            Box::new(Engine::new(&self.rules, &self.categories, bytes))
        })
    }

    /// Limits the memory for the memo, in bytes; 0 turns it off.
    pub(super) fn set_memo_bytes(&self, bytes: usize) {
        self.memo_bytes
            .store(bytes.saturating_add(1), Ordering::Relaxed);
        if let Some(engine) = self.engine.get() {
            engine.memo().set_bytes(bytes);
        }
    }

    pub(super) fn memo_bytes_in_use(&self) -> usize {
        let engine = self.engine.get();
        engine.map_or(0, |engine| engine.memo().bytes_in_use())
    }

    /// Returns the rules of a part as a segment. It is made once.
    pub(super) fn part(&self, part: Part) -> Arc<Segment> {
        let make = || {
            let rules = select::select(&self.rules, part);
            Box::new(Arc::new(Segment::new(rules)))
        };
        self.parts[part as usize].get_or_init(make).clone()
    }
}
