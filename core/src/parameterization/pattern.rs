//! Patterns: what a list consists of, and why one cannot be used.

use std::borrow::Cow;

use thiserror::Error;

/// A kind of value to replace.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Pattern {
    /// What a match is replaced by, in angle brackets. It is an identifier.
    pub name: Cow<'static, str>,
    /// What matches: a regex of Python's `re`, in verbose form.
    pub regex: Cow<'static, str>,
}

impl Pattern {
    /// Returns a pattern.
    pub fn new(name: impl Into<Cow<'static, str>>, regex: impl Into<Cow<'static, str>>) -> Self {
        Self {
            name: name.into(),
            regex: regex.into(),
        }
    }
}

/// A list of patterns that cannot be used.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("pattern {name:?}: {message}{}", at(*position))]
pub struct PatternError {
    pattern: usize,
    name: String,
    position: Option<usize>,
    message: String,
}

fn at(position: Option<usize>) -> String {
    position.map_or_else(String::new, |position| format!(" at position {position}"))
}

impl PatternError {
    pub(super) fn new(
        pattern: usize,
        name: &str,
        position: Option<usize>,
        message: impl Into<String>,
    ) -> Self {
        Self {
            pattern,
            name: name.to_owned(),
            position,
            message: message.into(),
        }
    }

    /// Returns the number of the pattern in the list, from 0.
    pub fn pattern(&self) -> usize {
        self.pattern
    }

    /// Returns the name of the pattern.
    pub fn name(&self) -> &str {
        &self.name
    }

    /// Returns the character of the regex at which the fault is, from 0, if it is at one.
    pub fn position(&self) -> Option<usize> {
        self.position
    }

    /// Returns what is wrong.
    pub fn message(&self) -> &str {
        &self.message
    }
}
