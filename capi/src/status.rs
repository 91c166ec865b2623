//! The result of a call: a status for programs, and an error with a message for people.

use std::fmt::Display;

/// The status that a call returns.
///
/// A number never changes its meaning. Later versions may add numbers, so treat an unknown number
/// as a failure. Any function can return 1 to 15; each other number belongs to one part of the
/// library.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioStatus {
    /// Success: the results are written.
    Ok = 0,
    /// The library caught an internal error (a panic). Please report it. The process and its
    /// objects are intact.
    Panic = 1,
    /// A pointer that must not be NULL is NULL.
    NullPointer = 2,
    /// A text is not valid UTF-8.
    InvalidUtf8 = 3,
    /// An argument has a value that is not allowed.
    InvalidArgument = 4,
    /// A number is too large or too small for what it counts.
    OutOfRange = 5,
    /// The input exceeds a limit: see `OphioLimit`.
    Limit = 6,
    /// The text of stack trace rules, or their binary form, is malformed.
    Syntax = 16,
    /// A stack frame, or the data of an exception, has a field of the wrong type.
    Frame = 17,
    /// An Arrow array does not have the columns of stack traces.
    Schema = 18,
    /// A glob is not valid.
    Glob = 32,
    /// A CODEOWNERS file cannot be read.
    Codeowners = 33,
    /// A mapping file of ProGuard or R8 cannot be read.
    Proguard = 34,
    /// A pattern of parameterization is not valid, or a list of them is too large.
    Pattern = 35,
    /// The text of fingerprint rules, or their stored form, is malformed.
    Fingerprints = 36,
    /// An event cannot be read.
    Event = 37,
}

/// Why a call failed: the status that it returns and a message for people.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Error {
    status: OphioStatus,
    message: String,
}

impl Error {
    /// Makes an error with a status other than [`OphioStatus::Ok`].
    pub fn new(status: OphioStatus, message: impl Display) -> Self {
        debug_assert_ne!(status, OphioStatus::Ok, "an error needs a failure's status");
        Error {
            status,
            message: message.to_string(),
        }
    }

    /// Returns the same error with a location in front of its message.
    #[cfg(feature = "arrow")]
    pub fn within(mut self, place: impl Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// Returns the status that the call returns.
    pub fn status(&self) -> OphioStatus {
        self.status
    }

    /// Returns the message, for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// Makes the error for an argument, called `name`, that is NULL.
    #[cold]
    pub fn null(name: &str) -> Self {
        Error::new(
            OphioStatus::NullPointer,
            format_args!("`{name}` must not be NULL"),
        )
    }
}
