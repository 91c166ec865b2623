//! Rule sets: the rules are tried in their order, and the first one that matches wins.
//!
//! Sentry makes a rule set for each event, mostly from the same text as for events before. So a table
//! keeps the rules by their text, with their index. The index is made for the second event. The first
//! event is matched without it ([`once`](super::once)), because many rule sets have only one event.

use std::fmt;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, Weak};

use once_cell::race::OnceBox;

use super::check::{Diagnostic, Lines};
use super::error::FingerprintsError;
use super::event::Event;
use super::explain::{self, Explanation};
use super::index::Engine;
use super::once;
use super::parser::{self, WrittenRule};
use super::print::{self, NoTextForm};
use super::rule::Rule;
use super::stored;
use super::variables::{Filling, Variables};
use crate::known::Known;
use crate::limits::{check_rule_text, Limit, LimitExceeded};

/// Fingerprint rules in their order.
///
/// A rule set is immutable, so threads can share it, and clones share what was made for it.
#[derive(Clone, Default)]
pub struct FingerprintRules(Arc<Shared>);

#[derive(Default)]
struct Shared {
    rules: Box<[Rule]>,
    /// The line of each rule, from 1; 0, or none, if it does not come from a text.
    lines: Box<[u32]>,
    // Made on first use. Threads that race for it make it twice and keep one: no thread
    // waits, so a fork in the middle leaves nothing locked in the child.
    engine: OnceBox<Engine>,
    /// Whether an event was matched: the next one makes the index.
    is_used: AtomicBool,
    /// The last rules that were put behind these, and both together.
    combined: Mutex<Option<(Weak<Shared>, Arc<Shared>)>>,
}

/// The rules of a text, and the limits when it was read.
type Read = (Arc<Shared>, [usize; 3]);

/// Tables of at most 512 texts, which have 4 MiB together. Their rules and indexes take about ten
/// times that.
static OF_TEXT: Known<Box<[u8]>, Read> = Known::new(512, 4 << 20);
static OF_JSON: Known<Box<[u8]>, Read> = Known::new(512, 4 << 20);

/// Returns the rules of a text, from a table or from `read`.
fn known_or<E>(
    known: &Known<Box<[u8]>, Read>,
    text: &[u8],
    read: impl FnOnce() -> Result<FingerprintRules, E>,
) -> Result<FingerprintRules, E> {
    let limits = [Limit::RuleBytes, Limit::Rules, Limit::PatternBytes].map(Limit::get);
    if let Some((shared, then)) = known.get(text) {
        if then == limits {
            return Ok(FingerprintRules(shared));
        }
    }
    let made = read()?;
    known.put(text.into(), (made.0.clone(), limits), text.len());
    Ok(made)
}

/// The rule that matches an event.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FingerprintMatch<'r> {
    /// The index of the rule.
    pub index: usize,
    /// The rule, with its fingerprint and attributes as they are written.
    pub rule: &'r Rule,
    /// The fingerprint with its variables filled in.
    pub resolved: Vec<String>,
    /// The title with its variables filled in, unless it is missing or empty.
    pub title: Option<String>,
}

impl FingerprintRules {
    /// Returns a rule set of these rules.
    ///
    /// # Errors
    ///
    /// Fails if there are more rules than the limit.
    pub fn new(rules: Vec<Rule>) -> Result<Self, LimitExceeded> {
        Self::with_lines(rules, Vec::new())
    }

    fn with_lines(rules: Vec<Rule>, lines: Vec<u32>) -> Result<Self, LimitExceeded> {
        Limit::Rules.check(rules.len())?;
        Ok(Self(Arc::new(Shared {
            rules: rules.into(),
            lines: lines.into(),
            ..Shared::default()
        })))
    }

    /// Parses a rule text.
    ///
    /// # Errors
    ///
    /// Fails if the text has something that is not a rule, or is above a limit.
    pub fn parse(text: &str) -> Result<Self, FingerprintsError> {
        known_or(&OF_TEXT, text.as_bytes(), || Self::parse_new(text))
    }

    fn parse_new(text: &str) -> Result<Self, FingerprintsError> {
        check_rule_text(text)?;
        let lines = Lines::new(text);
        let (mut rules, mut starts) = (Vec::new(), Vec::new());
        let mut stopped = Ok(());
        parser::parse(text, |found| {
            let added = found
                .map_err(|failure| {
                    let diagnostic = lines.diagnostic(failure);
                    FingerprintsError::Syntax(Box::new(diagnostic))
                })
                .and_then(|WrittenRule { span, rule, .. }| {
                    Limit::PatternBytes.check(span.len())?;
                    starts.push(lines.number(span.start));
                    rules.push(rule);
                    Ok(Limit::Rules.check(rules.len())?)
                });
            stopped = added;
            stopped.is_ok()
        });
        stopped?;
        Ok(Self::with_lines(rules, starts)?)
    }

    /// Parses a rule text, and leaves out what is not a rule. Returns the rules, and the errors
    /// of what was left out.
    ///
    /// # Errors
    ///
    /// Fails if the text is above a limit.
    pub fn parse_lenient(text: &str) -> Result<(Self, Vec<Diagnostic>), LimitExceeded> {
        check_rule_text(text)?;
        let lines = Lines::new(text);
        let (mut rules, mut starts, mut left_out) = (Vec::new(), Vec::new(), Vec::new());
        let mut within = Ok(());
        parser::parse(text, |found| {
            match found {
                Ok(WrittenRule { span, rule, .. }) => {
                    within = Limit::PatternBytes.check(span.len());
                    starts.push(lines.number(span.start));
                    rules.push(rule);
                }
                Err(failure) => left_out.push(lines.diagnostic(failure)),
            }
            within.is_ok()
        });
        within?;
        Ok((Self::with_lines(rules, starts)?, left_out))
    }

    /// Reads rules from the stored form.
    ///
    /// # Errors
    ///
    /// Fails if the stored form is malformed, or is above a limit.
    pub fn from_json(json: &[u8]) -> Result<Self, FingerprintsError> {
        known_or(&OF_JSON, json, || Ok(Self::new(stored::from_json(json)?)?))
    }

    /// Forgets what was read before, in the whole process. Rule sets that are in use stay.
    pub fn forget_all() {
        OF_TEXT.clear();
        OF_JSON.clear();
    }

    /// Writes the rules in the stored form.
    pub fn to_json(&self) -> String {
        stored::to_json(self.rules())
    }

    /// Writes the rules as text, one a line, that parses to the same rules.
    ///
    /// # Errors
    ///
    /// Fails if there is a rule that no text can hold: only the stored form can have one.
    pub fn to_text(&self) -> Result<String, NoTextForm> {
        print::to_text(self.rules())
    }

    /// Returns a rule set with built-in rules after those of this set.
    ///
    /// # Errors
    ///
    /// Fails if there are more rules than the limit.
    pub fn with_builtin(&self, builtin: &Self) -> Result<Self, LimitExceeded> {
        let Ok(mut combined) = self.0.combined.try_lock() else {
            return self.followed_by(builtin);
        };
        if let Some((last, both)) = &*combined {
            // While the reference is kept, no other rules can be at that address.
            if last.as_ptr() == Arc::as_ptr(&builtin.0) && both.rules.len() <= Limit::Rules.get() {
                return Ok(Self(both.clone()));
            }
        }
        let both = self.followed_by(builtin)?;
        *combined = Some((Arc::downgrade(&builtin.0), both.0.clone()));
        Ok(both)
    }

    fn followed_by(&self, builtin: &Self) -> Result<Self, LimitExceeded> {
        let added = builtin.rules().iter().cloned().map(|rule| Rule {
            is_builtin: true,
            ..rule
        });
        let rules = self.rules().iter().cloned().chain(added).collect();
        let lines = |set: &Self| {
            (0..set.len())
                .map(|index| set.line(index).unwrap_or(0))
                .collect()
        };
        let lines: [Vec<_>; 2] = [lines(self), lines(builtin)];
        Self::with_lines(rules, lines.concat())
    }

    /// Returns the line of a rule in its text, from 1. `None` if it does not come from a text.
    pub fn line(&self, index: usize) -> Option<u32> {
        let line = self.0.lines.get(index).copied();
        line.filter(|&line| line > 0)
    }

    /// Returns the rules, in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.0.rules
    }

    /// Returns the number of rules.
    pub fn len(&self) -> usize {
        self.rules().len()
    }

    /// Returns whether there are no rules.
    pub fn is_empty(&self) -> bool {
        self.rules().is_empty()
    }

    /// Returns the index of the first rule that matches an event.
    pub fn first_match(&self, event: &Event<'_>) -> Option<usize> {
        if self.is_empty() {
            return None;
        }
        if self.0.engine.get().is_none() && !self.0.is_used.swap(true, Ordering::Relaxed) {
            return once::first_match(self.rules(), event);
        }
        self.engine().first_match(event)
    }

    fn engine(&self) -> &Engine {
        let make = || Box::new(Engine::new(self.rules()));
        self.0.engine.get_or_init(make)
    }

    /// Returns the first rule that matches an event, with its variables filled in.
    pub fn match_event<'e>(
        &self,
        event: &'e Event<'e>,
        filling: impl Into<Filling<'e>>,
    ) -> Option<FingerprintMatch<'_>> {
        let index = self.first_match(event)?;
        let rule = &self.rules()[index];
        let variables = Variables::new(event, filling);
        let resolved = variables.resolve(&rule.fingerprint);
        let title = rule.title.as_deref().filter(|title| !title.is_empty());
        Some(FingerprintMatch {
            index,
            rule,
            resolved: resolved.into_iter().map(Into::into).collect(),
            title: title.map(|title| variables.expand_title(title)),
        })
    }

    /// Explains for each rule why it matches an event, or which matcher fails on which values.
    pub fn explain(&self, event: &Event<'_>) -> Explanation {
        explain::explain(self.engine().rules(), event)
    }
}

/// Rule sets are equal if their rules are.
impl PartialEq for FingerprintRules {
    fn eq(&self, other: &Self) -> bool {
        self.rules() == other.rules()
    }
}

impl Eq for FingerprintRules {}

impl fmt::Debug for FingerprintRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FingerprintRules({} rules)", self.len())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::fingerprints::UnknownVariable;

    #[test]
    fn a_lenient_parse_leaves_out_what_is_not_a_rule() {
        let text = "type:a -> b\nnope\n\ntyp:c -> d\rtype:e -> f";
        let (rules, left_out) = FingerprintRules::parse_lenient(text).unwrap();
        assert_eq!(
            rules,
            FingerprintRules::parse("type:a -> b\ntype:e -> f").unwrap()
        );
        let lines: Vec<_> = left_out.iter().map(|each| each.line).collect();
        assert_eq!(lines, [2, 4]);
    }

    #[test]
    fn rules_that_were_read_before_are_found_again() {
        let text = "type:found_again -> x";
        let parsed = FingerprintRules::parse(text).unwrap();
        // Other tests of this process use the table, too: it may be in use for a moment.
        let mut again = (0..1_000).map(|_| FingerprintRules::parse(text).unwrap());
        let again = again
            .find(|again| Arc::ptr_eq(&parsed.0, &again.0))
            .unwrap();
        assert_eq!(again.line(0), Some(1));
        let json = parsed.to_json();
        let stored = FingerprintRules::from_json(json.as_bytes()).unwrap();
        assert_eq!((stored.line(0), &stored), (None, &parsed));
        assert!(
            FingerprintRules::from_json(b"{").is_err() && FingerprintRules::parse("{").is_err()
        );

        let builtin = FingerprintRules::parse("level:info -> builtin").unwrap();
        let both = stored.with_builtin(&builtin).unwrap();
        assert!(Arc::ptr_eq(
            &both.0,
            &stored.with_builtin(&builtin).unwrap().0
        ));
        let other = FingerprintRules::new(builtin.rules().to_vec()).unwrap();
        let others = stored.with_builtin(&other).unwrap();
        assert!(!Arc::ptr_eq(&both.0, &others.0));
        assert_eq!(both, others);
        let twice = stored.with_builtin(&stored).unwrap();
        assert_eq!(twice.len(), 2);
    }

    #[test]
    fn an_index_is_made_for_the_second_event() {
        let rules = FingerprintRules::new(
            FingerprintRules::parse("level:a -> a\nlevel:b -> b")
                .unwrap()
                .rules()
                .to_vec(),
        );
        let rules = rules.unwrap();
        let event = Event::from_json(br#"{"level": "b"}"#).unwrap();
        for is_indexed in [false, false, true] {
            assert_eq!(rules.0.engine.get().is_some(), is_indexed);
            assert_eq!(rules.first_match(&event), Some(1));
        }
    }

    #[test]
    fn the_first_rule_that_matches_wins() {
        let rules = FingerprintRules::parse(
            "type:B -> b\ntype:A -> {{ type }} {{ nope }} title=\"{{ value }}!\"\ntype:A -> c title=\"\"",
        )
        .unwrap();
        let json = br#"{"exception": {"values": [{"type": "A", "value": "v"}]}}"#;
        let event = Event::from_json(json).unwrap();
        let found = rules.match_event(&event, UnknownVariable::Mark).unwrap();
        assert_eq!(found.index, 1);
        assert_eq!(found.resolved, ["A", "<unrecognized-variable-nope>"]);
        assert_eq!(found.title.as_deref(), Some("v!"));
        let last = FingerprintRules::new(rules.rules()[2..].to_vec()).unwrap();
        assert_eq!(
            last.match_event(&event, UnknownVariable::Keep)
                .unwrap()
                .title,
            None
        );
        assert_eq!(FingerprintRules::default().first_match(&event), None);
        let both = FingerprintRules::default().with_builtin(&rules).unwrap();
        assert!(both.rules().iter().all(|rule| rule.is_builtin));
        assert_ne!(both, rules);
        assert_eq!(both.first_match(&event), Some(1));
    }
}
