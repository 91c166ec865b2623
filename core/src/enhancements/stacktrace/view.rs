//! The view of a stack trace that the engine reads, for all input forms.
//!
//! ```text
//! msgpack    one buffer         key: a slice of it      \
//! mappings   one buffer         key: copied             |
//! arrow      columns            key: a list of texts     > StacktraceView -> engine
//! Frame      texts of a caller  key: a list of texts    /
//! ```
//!
//! A view borrows from the buffers of the caller. The part of a frame that no rule can change is
//! its [key](FrameView::key), by which the memo recognises a frame. Texts are checked for UTF-8
//! when they are used.

use std::fmt;

use thiserror::Error;

use super::key;
use crate::enhancements::fields::{ByKey, FrameField, TextField};
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::limits::LimitExceeded;

/// The path of a field of a stack trace, for errors.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FieldPath {
    /// A field of the exception.
    Exception(&'static str),
    /// A field of the frame with this index.
    Frame(usize, &'static str),
}

impl fmt::Display for FieldPath {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exception(field) => write!(f, "exception data: field `{field}`"),
            Self::Frame(index, field) => write!(f, "frame {index}: field `{field}`"),
        }
    }
}

fn missing_key(path: &FieldPath) -> String {
    match path {
        FieldPath::Exception(field) => format!("exception data: missing key `{field}`"),
        FieldPath::Frame(index, field) => format!("frame {index}: missing key `{field}`"),
    }
}

/// An error of reading a stack trace.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum StacktraceError {
    /// The buffer does not have the expected structure.
    #[error("not a packed stack trace: {0}")]
    Structure(&'static str),
    /// A value of a field has the wrong type.
    #[error("{path}: expected {expected}, not {found}")]
    Type {
        /// The field.
        path: FieldPath,
        /// The expected type.
        expected: &'static str,
        /// The type of the value.
        found: &'static str,
    },
    /// A text is not UTF-8.
    #[error("{0}: invalid UTF-8")]
    Utf8(FieldPath),
    /// The key of a field is missing in a mapping.
    #[error("{}", missing_key(.0))]
    Missing(FieldPath),
    /// The stack trace exceeds the limit on frames.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// The part of a frame that no rule can change, from `family` to `path`. It is not checked for
/// UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKey<'a> {
    /// The texts in one slice, as [`super::key`] encodes them.
    Encoded(&'a [u8]),
    /// The texts in separate buffers.
    Texts(&'a KeyTexts<'a>),
}

impl<'a> FrameKey<'a> {
    /// Returns the key as one slice, with the same bytes for both forms. Texts in separate buffers
    /// are joined in `buffer`.
    #[inline]
    pub(in crate::enhancements) fn bytes<'b>(self, buffer: &'b mut Vec<u8>) -> &'b [u8]
    where
        'a: 'b,
    {
        let texts = match self {
            Self::Encoded(key) => return key,
            Self::Texts(texts) => texts,
        };
        buffer.clear();
        for text in texts {
            key::put(buffer, *text);
        }
        buffer
    }
}

/// The texts of the fields in [`FrameField::KEY`], in separate buffers.
pub type KeyTexts<'a> = [Option<&'a [u8]>; FrameField::KEY.len()];

const BAD_KEY: StacktraceError = StacktraceError::Structure("the key of a frame is not complete");

/// One frame. It borrows its texts.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct FrameView<'a> {
    /// The category, not checked for UTF-8.
    pub category: Option<&'a [u8]>,
    /// The fields from `family` to `path`, not checked for UTF-8.
    pub key: FrameKey<'a>,
    /// Whether the frame is the user's code.
    pub in_app: Option<bool>,
    /// The original `in_app`.
    pub orig_in_app: Option<i8>,
}

impl<'a> FrameView<'a> {
    /// Unpacks the key of the frame with this index: the fields in [`FrameField::KEY`].
    ///
    /// # Errors
    ///
    /// Fails with [`StacktraceError::Utf8`] at the first field that is not UTF-8.
    pub(in crate::enhancements) fn key_fields(
        &self,
        index: usize,
    ) -> Result<ByKey<Option<&'a str>>, StacktraceError> {
        let mut encoded = match self.key {
            FrameKey::Encoded(key) => key,
            FrameKey::Texts(_) => &[],
        };
        let mut fields = ByKey::default();
        for (number, (value, field)) in fields.iter_mut().zip(FrameField::KEY).enumerate() {
            let path = FieldPath::Frame(index, field.name());
            let bytes = match self.key {
                FrameKey::Encoded(_) => key::take(&mut encoded).ok_or(BAD_KEY)?,
                FrameKey::Texts(texts) => texts[number],
            };
            *value = utf8(bytes, path)?;
        }
        Ok(fields)
    }

    /// Returns the category of the frame with this index.
    ///
    /// # Errors
    ///
    /// Fails with [`StacktraceError::Utf8`] if it is not UTF-8.
    pub fn category(&self, index: usize) -> Result<Option<&'a str>, StacktraceError> {
        utf8(
            self.category,
            FieldPath::Frame(index, FrameField::Category.name()),
        )
    }

    /// Returns whether `in_app` differs from its original value; `None` if that is not known.
    pub fn in_app_changed(&self) -> Option<bool> {
        let plain = Frame {
            in_app: self.in_app,
            orig_in_app: self.orig_in_app,
            ..Frame::default()
        };
        plain.in_app_changed()
    }

    /// Unpacks the frame with this index.
    ///
    /// # Errors
    ///
    /// Fails with [`StacktraceError::Utf8`] at the first field that is not UTF-8.
    pub fn unpack(&self, index: usize) -> Result<Frame<'a>, StacktraceError> {
        let category = self.category(index)?;
        let [family, texts @ ..] = self.key_fields(index)?;
        let text = |field: TextField| texts[field as usize];
        Ok(Frame {
            category,
            family,
            function: text(TextField::Function),
            module: text(TextField::Module),
            package: text(TextField::Package),
            path: text(TextField::Path),
            in_app: self.in_app,
            orig_in_app: self.orig_in_app,
        })
    }
}

/// A stack trace. It borrows its texts.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct StacktraceView<'a> {
    /// The exception it belongs to.
    pub exception: ExceptionData<'a>,
    /// The frames, in their order.
    pub frames: Vec<FrameView<'a>>,
    /// Whether each frame repeats the frame before it. Empty if that is not known: then none does.
    pub repeats: Vec<bool>,
}

impl<'a> StacktraceView<'a> {
    /// Makes a view of unpacked frames, with the texts of each from [`key_texts`].
    pub fn of_frames(
        exception: &ExceptionData<'a>,
        frames: &[Frame<'a>],
        keys: &'a [KeyTexts<'a>],
    ) -> Self {
        let frame = |(frame, key): (&Frame<'a>, &'a KeyTexts<'a>)| FrameView {
            category: frame.category.map(str::as_bytes),
            key: FrameKey::Texts(key),
            in_app: frame.in_app,
            orig_in_app: frame.orig_in_app,
        };
        Self {
            exception: *exception,
            frames: frames.iter().zip(keys).map(frame).collect(),
            repeats: Vec::new(),
        }
    }

    /// Returns whether a frame repeats the frame before it.
    pub fn is_repeat(&self, index: usize) -> bool {
        self.repeats.get(index).copied().unwrap_or(false)
    }

    /// Unpacks all frames.
    ///
    /// # Errors
    ///
    /// Fails with [`StacktraceError::Utf8`] at the first text that is not UTF-8.
    pub fn unpack(&self) -> Result<Vec<Frame<'a>>, StacktraceError> {
        self.frames
            .iter()
            .enumerate()
            .map(|(index, frame)| frame.unpack(index))
            .collect()
    }
}

/// Returns the key texts of each frame.
pub fn key_texts<'a>(frames: &[Frame<'a>]) -> Vec<KeyTexts<'a>> {
    let bytes = |text: Option<&'a str>| text.map(str::as_bytes);
    let texts = |frame: &Frame<'a>| {
        let mut key = KeyTexts::default();
        let [family, texts @ ..] = &mut key;
        *family = bytes(frame.family);
        *texts = TextField::ALL.map(|field| bytes(field.of(frame)));
        key
    };
    frames.iter().map(texts).collect()
}

pub(in crate::enhancements) fn utf8(
    bytes: Option<&[u8]>,
    path: FieldPath,
) -> Result<Option<&str>, StacktraceError> {
    bytes
        .map(|bytes| std::str::from_utf8(bytes).map_err(|_| StacktraceError::Utf8(path)))
        .transpose()
}
