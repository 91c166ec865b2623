//! Errors of parsing rules and of reading their binary form.
//!
//! A [`SyntaxError`] stores the line and an offset for each cause. It formats its message only when
//! the message is read:
//!
//! ```text
//! Invalid syntax at `foo:bar +app`: failed to parse matchers:
//! at `foo:bar +app`: failed to parse matcher
//! Unknown matcher `foo`
//! ```

use std::fmt;
use std::ops::Range;

use thiserror::Error;

use crate::enhancements::codes::Code;
use crate::limits::LimitExceeded;

/// An error of reading rules.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EnhancementsError {
    /// A line of the text form is not a rule.
    #[error(transparent)]
    Syntax(#[from] Box<SyntaxError>),
    /// The binary form is malformed.
    #[error(transparent)]
    ConfigStructure(#[from] ConfigStructureError),
    /// The input exceeds a limit.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// The half of a rule in which the parser failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// The matchers.
    Matchers,
    /// The actions.
    Actions,
}

/// One cause in the chain from "failed to parse matchers" to the innermost error.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// The offset in the line, in bytes, if the cause has its own offset.
    pub at: Option<usize>,
    /// Where the quoted text ends, if it does not end with the line.
    pub end: Option<usize>,
    /// What is wrong.
    pub message: String,
}

/// A line that is not a rule.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct SyntaxError {
    /// The number of the line, counted from 1.
    pub line_number: usize,
    /// The line without the white space around it.
    pub line: String,
    /// The offset of the invalid half, in bytes from the start of `line`.
    pub at: usize,
    /// The invalid half.
    pub stage: Stage,
    /// The code of the error.
    pub code: Code,
    /// The span of the error, in bytes from the start of `line`.
    pub place: Range<usize>,
    /// The causes, from the outermost to the innermost.
    pub causes: Vec<Cause>,
}

impl fmt::Display for SyntaxError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let half = match self.stage {
            Stage::Matchers => "matchers",
            Stage::Actions => "actions",
        };
        let rest = self.line.get(self.at..).unwrap_or_default();
        write!(f, "Invalid syntax at `{rest}`: failed to parse {half}:")?;
        for cause in &self.causes {
            match cause.at {
                Some(at) => {
                    let end = cause.end.unwrap_or(self.line.len());
                    let place = self.line.get(at..end).unwrap_or_default();
                    write!(f, "\nat `{place}`: {}", cause.message)?;
                }
                None => write!(f, "\n{}", cause.message)?,
            }
        }
        Ok(())
    }
}

/// A binary form that is malformed.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum ConfigStructureError {
    /// The MessagePack structure is not as expected.
    #[error("Invalid syntax in the config structure: {0}")]
    Structure(String),
    /// An unknown version.
    #[error(
        "Invalid syntax in the config structure: version {0} is not supported, only 2 and 3 are"
    )]
    Version(u64),
    /// A matcher that is not valid.
    #[error("Invalid syntax in the config structure: rule {rule}: matcher `{matcher}`: {reason}")]
    Matcher {
        /// The index of the rule, from 0.
        rule: usize,
        /// The matcher.
        matcher: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An action that is not valid.
    #[error("Invalid syntax in the config structure: rule {rule}: action `{action}`: {reason}")]
    Action {
        /// The index of the rule, from 0.
        rule: usize,
        /// The action.
        action: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A text that is too long for the binary form.
    #[error("the config structure cannot hold more than {0} bytes")]
    TooLarge(usize),
    /// An input that exceeds a limit.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}
