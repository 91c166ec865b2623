//! Readers of JSON and MessagePack, which take what they are asked for and skip the rest.
//!
//! An event has some kilobytes, and rules look at a few texts of it. So nothing is built from the
//! input: a caller walks through objects and lists, and texts are borrowed where they can be.
//!
//! ```text
//! JSON        -> json    \
//!                         > Source -> the reader of events, of stored rules
//! MessagePack -> msgpack /
//! ```
//!
//! Both forms are read by the same code, so an event means the same in both. An error has the
//! path of the value: `exception.values[0].type`. Nothing is recursive except what the caller
//! nests.

pub(crate) mod json;
pub(crate) mod msgpack;
mod number;

use std::borrow::Cow;
use std::fmt;

use thiserror::Error;

pub(crate) use self::number::python_float;
use crate::limits::LimitExceeded;

/// An input that cannot be read. The message says what is wrong, and the field path or the
/// position where.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub struct ReadError {
    /// From the innermost to the outermost: `type`, `[0]`, `values`, `exception`.
    path: Vec<String>,
    message: String,
    limit: Option<LimitExceeded>,
}

impl fmt::Display for ReadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (number, part) in self.path.iter().rev().enumerate() {
            if number > 0 && !part.starts_with('[') {
                f.write_str(".")?;
            }
            f.write_str(part)?;
        }
        if !self.path.is_empty() {
            f.write_str(": ")?;
        }
        f.write_str(&self.message)
    }
}

impl From<LimitExceeded> for ReadError {
    fn from(error: LimitExceeded) -> Self {
        Self {
            limit: Some(error),
            ..Self::new(error.to_string())
        }
    }
}

impl ReadError {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Self {
            path: Vec::new(),
            message: message.into(),
            limit: None,
        }
    }

    /// The error for a value of another kind than expected.
    pub(crate) fn unexpected(expected: &str, found: &str) -> Self {
        Self::new(format!("expected {expected}, not {found}"))
    }

    pub(crate) fn within(mut self, part: String) -> Self {
        self.path.push(part);
        self
    }

    /// Returns the limit that the input exceeds, if that is what is wrong.
    pub fn limit(&self) -> Option<LimitExceeded> {
        self.limit
    }
}

pub(crate) type Result<T> = std::result::Result<T, ReadError>;

/// A text that is borrowed from the input `'j` where it can be.
pub(crate) type MaybeText<'j> = Option<Cow<'j, str>>;

/// Values that are not read yet, in JSON or MessagePack.
///
/// A trait object, not a type parameter: the code that reads events is 40 kB, and is there once.
pub(crate) type Source<'j> = dyn Read<'j> + 'j;

/// What a [`Source`] can do. Each function reads one, unless it says otherwise.
pub(crate) trait Read<'j> {
    /// Whether an object is next. Reads nothing.
    fn is_object(&mut self) -> bool;

    /// Whether a list is next. Reads nothing.
    fn is_list(&mut self) -> bool;

    /// Whether a text is next. Reads nothing.
    fn is_text(&mut self) -> bool;

    /// Whether a boolean is next. Reads nothing.
    fn is_boolean(&mut self) -> bool;

    /// Returns the error for a value of the wrong kind, which is next. Reads nothing.
    fn unexpected(&mut self, expected: &str) -> ReadError;

    /// Reads null, if it is next.
    fn null(&mut self) -> Result<bool>;

    /// Skips any value.
    fn skip(&mut self) -> Result<()>;

    /// Begins an object, and returns what [`next_key`](Self::next_key) counts in. Skips what is
    /// not an object, and returns `None`.
    fn begin_object(&mut self) -> Result<Option<usize>>;

    /// Reads the next key of an object. The value is next.
    fn next_key(&mut self, open: &mut usize) -> Result<Option<Cow<'j, str>>>;

    /// Begins a list, and returns what [`next_element`](Self::next_element) counts in. Skips what
    /// is not a list, and returns `None`.
    fn begin_list(&mut self) -> Result<Option<usize>>;

    /// Returns whether there is a next element of a list, which is next.
    fn next_element(&mut self, open: &mut usize) -> Result<bool>;

    /// Reads a text. A number, which some SDKs send, is read as Python prints it.
    fn text(&mut self) -> Result<MaybeText<'j>>;

    /// Reads a text, a number or a boolean, as tags have them. Booleans are read as Sentry
    /// stores them: `True` and `False`.
    fn lenient_text(&mut self) -> Result<MaybeText<'j>>;

    /// Reads a boolean or a number that is 1 or 0. Anything else is none.
    fn boolean(&mut self) -> Result<Option<bool>>;

    /// Reads any value and returns whether it is something: not null, false, zero or empty.
    fn truth(&mut self) -> Result<bool>;

    /// Checks that nothing is left.
    fn end(&mut self) -> Result<()>;
}

impl<'j> dyn Read<'j> + 'j {
    /// Reads an object: calls `read` for each key, which must read the value. Skips what is not
    /// an object, and returns whether it was one.
    pub(crate) fn object(
        &mut self,
        read: &mut dyn FnMut(&mut Self, &str) -> Result<()>,
    ) -> Result<bool> {
        let Some(mut open) = self.begin_object()? else {
            return Ok(false);
        };
        while let Some(key) = self.next_key(&mut open)? {
            read(self, &key).map_err(|error| error.within(key.into_owned()))?;
        }
        Ok(true)
    }

    /// Reads a list: calls `read` for each element, which must read it. Skips what is not a
    /// list, and returns whether it was one.
    pub(crate) fn list(&mut self, read: &mut dyn FnMut(&mut Self) -> Result<()>) -> Result<bool> {
        let Some(mut open) = self.begin_list()? else {
            return Ok(false);
        };
        let mut number = 0;
        while self.next_element(&mut open)? {
            read(self).map_err(|error| error.within(format!("[{number}]")))?;
            number += 1;
        }
        Ok(true)
    }
}
