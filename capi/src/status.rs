//! How a call ends: a status for programs, and an error with a message for people.

use std::fmt::Display;

/// How a call ended.
///
/// A number never changes its meaning; later versions may add numbers, so treat
/// one that you do not know as a failure. 1 to 15 can come from any function,
/// the others belong to one part of the library.
#[repr(C)]
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum OphioStatus {
    /// It worked, and the results are written.
    Ok = 0,
    /// A fault inside the library was caught. Please report it; the process and
    /// the objects it holds are intact.
    Panic = 1,
    /// A pointer that must not be NULL is NULL.
    NullPointer = 2,
    /// Bytes that must be UTF-8 are not.
    InvalidUtf8 = 3,
    /// An argument has a value that is not allowed.
    InvalidArgument = 4,
    /// A number is too large or too small for what it counts.
    OutOfRange = 5,
    /// There is more than a limit allows: see `OphioLimit`.
    Limit = 6,
    /// The text of stack trace rules, or their binary form, is malformed.
    Syntax = 16,
    /// A stack frame, or the data of an exception, has a field of the wrong type.
    Frame = 17,
    /// An Arrow array has not the columns that stack traces have.
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
    /// An error with a status that is not [`OphioStatus::Ok`].
    pub fn new(status: OphioStatus, message: impl Display) -> Self {
        debug_assert_ne!(status, OphioStatus::Ok, "an error needs a failure's status");
        Error {
            status,
            message: message.to_string(),
        }
    }

    /// The same error, with the place where it happened before its message.
    #[cfg(feature = "arrow")]
    pub fn within(mut self, place: impl Display) -> Self {
        self.message = format!("{place}: {}", self.message);
        self
    }

    /// The status that the call returns.
    pub fn status(&self) -> OphioStatus {
        self.status
    }

    /// What went wrong, for people.
    pub fn message(&self) -> &str {
        &self.message
    }

    /// The argument called `name` is NULL and must not be.
    #[cold]
    pub fn null(name: &str) -> Self {
        Error::new(
            OphioStatus::NullPointer,
            format_args!("`{name}` must not be NULL"),
        )
    }
}
