//! Rule sets: rules that are tried in their order, the first one that matches wins.

use std::fmt;
use std::sync::Arc;

use super::check;
use super::error::FingerprintsError;
use super::parser::{self, WrittenRule};
use super::print::{self, NoTextForm};
use super::rule::Rule;
use super::stored;
use crate::limits::Limit;

/// Fingerprint rules in their order. They do not change, so threads can share them.
#[derive(Clone)]
pub struct FingerprintRules(Arc<[Rule]>);

impl FingerprintRules {
    /// Parses a rule text.
    ///
    /// # Errors
    ///
    /// Fails if the text has something that is not a rule, or is above a limit.
    pub fn parse(text: &str) -> Result<Self, FingerprintsError> {
        Limit::RuleBytes.check(text.len())?;
        let mut rules = Vec::new();
        let mut stopped = Ok(());
        parser::parse(text, |found| {
            let added = found
                .map_err(|failure| {
                    let diagnostic = check::diagnostic(text, failure);
                    FingerprintsError::Syntax(Box::new(diagnostic))
                })
                .and_then(|WrittenRule { span, rule, .. }| {
                    Limit::PatternBytes.check(span.len())?;
                    rules.push(rule);
                    Ok(Limit::Rules.check(rules.len())?)
                });
            stopped = added;
            stopped.is_ok()
        });
        stopped?;
        Ok(Self(rules.into()))
    }

    /// Reads rules from the stored form.
    ///
    /// # Errors
    ///
    /// Fails if the stored form is malformed, or is above a limit.
    pub fn from_json(json: &[u8]) -> Result<Self, FingerprintsError> {
        Ok(Self(stored::from_json(json)?.into()))
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

    /// Returns the rules, in their order.
    pub fn rules(&self) -> &[Rule] {
        &self.0
    }
}

impl PartialEq for FingerprintRules {
    fn eq(&self, other: &Self) -> bool {
        self.rules() == other.rules()
    }
}

impl Eq for FingerprintRules {}

impl fmt::Debug for FingerprintRules {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "FingerprintRules({} rules)", self.rules().len())
    }
}
