//! Rule sets: rules that are tried in their order, the first one that matches wins.

use std::fmt;
use std::sync::Arc;

use super::check;
use super::error::FingerprintsError;
use super::parser::{self, WrittenRule};
use super::rule::Rule;
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
