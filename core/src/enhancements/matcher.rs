//! Matchers: the conditions of a rule on a frame or on the exception.
//!
//! ```text
//! [ function:main ] | !path:**/test/** family:native | [ module:io ]  type:IOError
//!   ^ caller          ^ the frame itself               ^ callee       ^ exception
//! ```
//!
//! A caller is the frame before (index - 1), a callee the frame after (index + 1). If there is no
//! such frame, the matcher fails, even if it is negated.

use std::fmt;

use smol_str::SmolStr;

use crate::enhancements::family::Families;
use crate::enhancements::fields::{ExceptionField, Subject, TextField};
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::pattern::{Dialect, Pattern};
use crate::glob::InvalidGlob;

/// The frame that a matcher tests, relative to the frame that is tried.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Offset {
    /// The frame before.
    Caller,
    /// The frame itself.
    This,
    /// The frame after.
    Callee,
}

impl Offset {
    /// Returns the index of the frame to test.
    pub fn index(self, index: usize) -> Option<usize> {
        match self {
            Self::Caller => index.checked_sub(1),
            Self::This => Some(index),
            Self::Callee => index.checked_add(1),
        }
    }
}

/// A test of a frame. Two tests are equal if they mean the same, even if they are written
/// differently.
#[derive(Clone, Debug)]
pub enum FrameTest {
    /// The category matches a pattern.
    Category(Pattern),
    /// A text matches a pattern.
    Text(TextField, Pattern),
    /// The frame has one of these families.
    Family {
        /// The families.
        families: Families,
        /// The argument as it was written.
        raw: SmolStr,
    },
    /// `in_app` has this value; a missing `in_app` counts as false.
    App {
        /// The required value; `None` for an argument that is not a boolean, which never matches.
        expected: Option<bool>,
        /// The argument as it was written.
        raw: SmolStr,
    },
}

impl PartialEq for FrameTest {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Category(pattern), Self::Category(other)) => pattern == other,
            (Self::Text(field, pattern), Self::Text(other_field, other_pattern)) => {
                (field, pattern) == (other_field, other_pattern)
            }
            (
                Self::Family { families, .. },
                Self::Family {
                    families: others, ..
                },
            ) => families == others,
            (
                Self::App { expected, .. },
                Self::App {
                    expected: other, ..
                },
            ) => expected == other,
            _ => false,
        }
    }
}

impl Eq for FrameTest {}

impl FrameTest {
    /// Returns whether the frame passes the test, without negation.
    pub fn holds(&self, frame: &Frame<'_>) -> bool {
        let matches = |pattern: &Pattern, value: Option<&str>| {
            value.is_some_and(|value| pattern.is_match(value.as_bytes()))
        };
        match self {
            Self::Category(pattern) => matches(pattern, frame.category),
            Self::Text(field, pattern) => matches(pattern, field.of(frame)),
            Self::Family { families, .. } => families.intersects(Families::of_frame(frame.family)),
            Self::App { expected, .. } => *expected == Some(frame.in_app.unwrap_or(false)),
        }
    }

    /// Returns the subject of the test.
    pub fn subject(&self) -> Subject {
        match self {
            Self::Category(_) => Subject::Category,
            Self::Text(field, _) => Subject::Text(*field),
            Self::Family { .. } => Subject::Family,
            Self::App { .. } => Subject::App,
        }
    }

    /// Returns the name in the text form.
    pub fn name(&self) -> &'static str {
        self.subject().name()
    }

    /// Returns the pattern of the test, if it has one.
    pub fn pattern(&self) -> Option<&Pattern> {
        match self {
            Self::Category(pattern) | Self::Text(_, pattern) => Some(pattern),
            Self::Family { .. } | Self::App { .. } => None,
        }
    }

    /// Returns the argument as it was written.
    pub fn argument(&self) -> &str {
        match self {
            Self::Category(pattern) | Self::Text(_, pattern) => pattern.as_str(),
            Self::Family { raw, .. } | Self::App { raw, .. } => raw,
        }
    }
}

/// A matcher on a frame, its caller or its callee.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameMatcher {
    /// Whether the matcher is negated (`!`).
    pub negated: bool,
    /// The frame that is tested.
    pub offset: Offset,
    /// The test.
    pub test: FrameTest,
}

impl FrameMatcher {
    /// Returns whether the matcher holds for the frame at `index`.
    pub fn is_match(&self, frames: &[Frame<'_>], index: usize) -> bool {
        self.offset
            .index(index)
            .and_then(|index| frames.get(index))
            .is_some_and(|frame| self.test.holds(frame) != self.negated)
    }
}

/// A matcher on the exception. Its pattern is valid.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ExceptionMatcher {
    /// Whether the matcher is negated (`!`).
    pub negated: bool,
    /// The field that is tested.
    pub field: ExceptionField,
    /// The pattern that it must match.
    pub pattern: Pattern,
}

impl ExceptionMatcher {
    /// Returns the name in the text form.
    pub fn name(&self) -> &'static str {
        Subject::Exception(self.field).name()
    }

    /// Returns whether the matcher holds. A missing field counts as `<unknown>`.
    pub fn is_match(&self, exception: &ExceptionData<'_>) -> bool {
        let value = self.field.of(exception).unwrap_or("<unknown>");
        self.pattern.is_match(value.as_bytes()) != self.negated
    }
}

/// A matcher on a frame or on the exception.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Matcher {
    Frame(FrameMatcher),
    Exception(ExceptionMatcher),
}

impl Matcher {
    /// Builds a matcher from its parts.
    ///
    /// A pattern on a frame may be invalid, and then never matches. A pattern on the exception must
    /// be valid.
    pub(super) fn new(
        subject: Subject,
        negated: bool,
        offset: Offset,
        argument: &str,
    ) -> Result<Self, InvalidGlob> {
        let test = match subject {
            // The exception is the same for every frame, so caller and callee have no meaning for
            // it and are dropped.
            Subject::Exception(field) => {
                let pattern = Pattern::new(argument, Dialect::Name);
                pattern.validate()?;
                return Ok(Self::Exception(ExceptionMatcher {
                    negated,
                    field,
                    pattern,
                }));
            }
            Subject::Category => FrameTest::Category(Pattern::new(argument, Dialect::Name)),
            Subject::Text(field) => FrameTest::Text(field, Pattern::new(argument, field.dialect())),
            Subject::Family => FrameTest::Family {
                families: Families::from_names(argument),
                raw: SmolStr::new(argument),
            },
            Subject::App => FrameTest::App {
                expected: parse_bool(argument),
                raw: SmolStr::new(argument),
            },
        };
        Ok(Self::Frame(FrameMatcher {
            negated,
            offset,
            test,
        }))
    }
}

/// Parses a boolean of a rule.
pub(super) fn parse_bool(text: &str) -> Option<bool> {
    match text {
        "1" | "yes" | "true" => Some(true),
        "0" | "no" | "false" => Some(false),
        _ => None,
    }
}

impl fmt::Display for FrameMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bang = if self.negated { "!" } else { "" };
        let (open, close) = match self.offset {
            Offset::Caller => ("[", "] |"),
            Offset::This => ("", ""),
            Offset::Callee => ("| [", "]"),
        };
        let (name, argument) = (self.test.name(), self.test.argument());
        write!(f, "{open}{bang}{name}:{argument}{close}")
    }
}

impl fmt::Display for ExceptionMatcher {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let bang = if self.negated { "!" } else { "" };
        write!(f, "{bang}{}:{}", self.name(), self.pattern.as_str())
    }
}
