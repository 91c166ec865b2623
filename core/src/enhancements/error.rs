//! Errors of reading rules.
//!
//! A [`SyntaxError`] keeps places, not texts: the line, and an offset into it
//! for every cause. Its message is made when somebody reads it:
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

/// Why rules could not be read.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum EnhancementsError {
    /// A line of the text form is not a rule.
    #[error(transparent)]
    Syntax(#[from] Box<SyntaxError>),
    /// The binary form is malformed.
    #[error(transparent)]
    ConfigStructure(#[from] ConfigStructureError),
    /// There is more of it than is taken.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// The half of a rule in which the parser failed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Stage {
    /// What the rule asks.
    Matchers,
    /// What the rule does.
    Actions,
}

/// One step from "failed to parse matchers" down to what is wrong.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Cause {
    /// Where in the line, in bytes, if the cause has a place of its own.
    pub at: Option<usize>,
    /// Where that place ends, if not at the end of the line.
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
    /// Where the half begins that is not understood, in bytes from the start of `line`.
    pub at: usize,
    /// Which half that is.
    pub stage: Stage,
    /// What kind of error it is.
    pub code: Code,
    /// The span of the fault, in bytes from the start of `line`.
    pub place: Range<usize>,
    /// From the outermost to the innermost.
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
    /// Not the MessagePack structure that is expected.
    #[error("Invalid syntax in the config structure: {0}")]
    Structure(String),
    /// A version that is not known.
    #[error(
        "Invalid syntax in the config structure: version {0} is not supported, only 2 and 3 are"
    )]
    Version(u64),
    /// A matcher that is not understood.
    #[error("Invalid syntax in the config structure: rule {rule}: matcher `{matcher}`: {reason}")]
    Matcher {
        /// The index of the rule, from 0.
        rule: usize,
        /// The matcher.
        matcher: String,
        /// What is wrong with it.
        reason: String,
    },
    /// An action that is not understood.
    #[error("Invalid syntax in the config structure: rule {rule}: action `{action}`: {reason}")]
    Action {
        /// The index of the rule, from 0.
        rule: usize,
        /// The action.
        action: String,
        /// What is wrong with it.
        reason: String,
    },
    /// A text that the binary form cannot hold.
    #[error("the config structure cannot hold more than {0} bytes")]
    TooLarge(usize),
    /// A pattern that is longer than what is taken.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}
