//! Matchers: what a rule asks of a frame or of the exception.
//!
//! ```text
//! [ function:main ] | !path:**/test/** family:native | [ module:io ]  type:IOError
//!   ^ caller          ^ the frame itself               ^ callee       ^ exception
//! ```
//!
//! A caller is the frame before (index - 1), a callee the frame after
//! (index + 1). Where there is none, the matcher fails, negated or not.

use std::fmt;

use smol_str::SmolStr;

use crate::enhancements::family::Families;
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::enhancements::pattern::{Dialect, Pattern};
use crate::glob::InvalidGlob;

/// A text field of a frame that a pattern can be asked of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum FrameField {
    /// `category`
    Category,
    /// `function`
    Function,
    /// `module`
    Module,
    /// `package`
    Package,
    /// `path`
    Path,
}

impl FrameField {
    /// The name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Category => "category",
            Self::Function => "function",
            Self::Module => "module",
            Self::Package => "package",
            Self::Path => "path",
        }
    }

    /// How patterns on this field read case and slashes.
    pub fn dialect(self) -> Dialect {
        match self {
            Self::Package | Self::Path => Dialect::Path,
            Self::Category | Self::Function | Self::Module => Dialect::Name,
        }
    }

    /// The value of this field.
    pub fn of<'a>(self, frame: &Frame<'a>) -> Option<&'a str> {
        match self {
            Self::Category => frame.category,
            Self::Function => frame.function,
            Self::Module => frame.module,
            Self::Package => frame.package,
            Self::Path => frame.path,
        }
    }
}

/// A text field of the exception.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum ExceptionField {
    /// `type`
    Type,
    /// `value`
    Value,
    /// `mechanism`
    Mechanism,
}

impl ExceptionField {
    /// The name in the text form.
    pub fn name(self) -> &'static str {
        match self {
            Self::Type => "type",
            Self::Value => "value",
            Self::Mechanism => "mechanism",
        }
    }

    /// The value of this field.
    pub fn of<'a>(self, exception: &ExceptionData<'a>) -> Option<&'a str> {
        match self {
            Self::Type => exception.ty,
            Self::Value => exception.value,
            Self::Mechanism => exception.mechanism,
        }
    }
}

/// Which frame a matcher looks at, seen from the frame that is tried.
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
    /// The index of the frame that is looked at.
    pub fn index(self, index: usize) -> Option<usize> {
        match self {
            Self::Caller => index.checked_sub(1),
            Self::This => Some(index),
            Self::Callee => index.checked_add(1),
        }
    }
}

/// What is asked of a frame. Equal are those that ask the same, however it is written.
#[derive(Clone, Debug)]
pub enum FrameTest {
    /// A field matches a pattern.
    Field(FrameField, Pattern),
    /// The frame's families share one with these.
    Family {
        /// The families that are asked for.
        families: Families,
        /// The argument as it was written.
        raw: SmolStr,
    },
    /// `in_app` is this value, where a missing one counts as false.
    App {
        /// The value asked for; `None` for an argument that is no boolean,
        /// which nothing matches.
        expected: Option<bool>,
        /// The argument as it was written.
        raw: SmolStr,
    },
}

impl PartialEq for FrameTest {
    fn eq(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Field(field, pattern), Self::Field(other_field, other_pattern)) => {
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
    /// Whether the frame passes, negation left aside.
    pub fn holds(&self, frame: &Frame<'_>) -> bool {
        match self {
            Self::Field(field, pattern) => field
                .of(frame)
                .is_some_and(|value| pattern.is_match(value.as_bytes())),
            Self::Family { families, .. } => families.intersects(Families::of_frame(frame.family)),
            Self::App { expected, .. } => *expected == Some(frame.in_app.unwrap_or(false)),
        }
    }

    /// The name in the text form.
    pub fn name(&self) -> &'static str {
        match self {
            Self::Field(field, _) => field.name(),
            Self::Family { .. } => "family",
            Self::App { .. } => "app",
        }
    }

    /// The argument as it was written.
    pub fn argument(&self) -> &str {
        match self {
            Self::Field(_, pattern) => pattern.as_str(),
            Self::Family { raw, .. } | Self::App { raw, .. } => raw,
        }
    }
}

/// A matcher on a frame or on its neighbour.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FrameMatcher {
    /// Whether the answer is turned around (`!`).
    pub negated: bool,
    /// Which frame is looked at.
    pub offset: Offset,
    /// What is asked of it.
    pub test: FrameTest,
}

impl FrameMatcher {
    /// Whether the matcher holds for the frame at `index`.
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
    /// Whether the answer is turned around (`!`).
    pub negated: bool,
    /// The field that is looked at.
    pub field: ExceptionField,
    /// What it must match.
    pub pattern: Pattern,
}

impl ExceptionMatcher {
    /// Whether the matcher holds. A missing field counts as `<unknown>`.
    pub fn is_match(&self, exception: &ExceptionData<'_>) -> bool {
        let value = self.field.of(exception).unwrap_or("<unknown>");
        self.pattern.is_match(value.as_bytes()) != self.negated
    }
}

/// Any matcher, as both readers build it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Matcher {
    Frame(FrameMatcher),
    Exception(ExceptionMatcher),
}

/// What a matcher is about: its name without its argument.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Subject {
    Field(FrameField),
    Family,
    App,
    Exception(ExceptionField),
}

impl Matcher {
    /// Builds a matcher from its parts.
    ///
    /// A pattern on a frame may be invalid, and then never matches; one on the
    /// exception may not.
    pub(super) fn new(
        subject: Subject,
        negated: bool,
        offset: Offset,
        argument: &str,
    ) -> Result<Self, InvalidGlob> {
        let test = match subject {
            // The exception is the same for every frame, so a place beside the
            // frame means nothing and is dropped.
            Subject::Exception(field) => {
                let pattern = Pattern::new(argument, Dialect::Name);
                pattern.validate()?;
                return Ok(Self::Exception(ExceptionMatcher {
                    negated,
                    field,
                    pattern,
                }));
            }
            Subject::Field(field) => {
                FrameTest::Field(field, Pattern::new(argument, field.dialect()))
            }
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

/// Reads a boolean as rules write it.
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
        write!(f, "{bang}{}:{}", self.field.name(), self.pattern.as_str())
    }
}
