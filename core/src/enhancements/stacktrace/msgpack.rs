//! Packed stack traces: how frames cross from Python, in one buffer.
//!
//! Setting eight fields of a C struct for each frame through cffi costs about
//! 1,940 ns a frame; one MessagePack call for the whole stack trace about 216 ns.
//! So a stack trace arrives as one MessagePack value and is read in place:
//!
//! ```text
//! [exception, frames]
//!
//! exception = [ty, value, mechanism]
//! frame     = [category, family, function, module, package, path, in_app, orig_in_app]
//!                        `------------ the key ----------------'
//! ```
//!
//! Texts are MessagePack binaries that hold UTF-8, or nil. The part of a frame
//! that no rule can change lies together, so that a frame seen before can be
//! recognised by comparing one slice, its [key](PackedFrame::key). Texts are
//! checked for UTF-8 when they are looked at, not when they arrive.
//!
//! If the texts of a frame are in separate buffers, as in columns, the key is a list of them
//! instead: [`FrameKey`]. The rest is the same for both.

use std::fmt;

use thiserror::Error;

use crate::enhancements::fields::{ByKey, ExceptionField, FrameField, TextField};
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::limits::{Limit, LimitExceeded};

/// Where in a stack trace something is wrong.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Place {
    /// In a field of the exception.
    Exception(&'static str),
    /// In a field of the frame with this index.
    Frame(usize, &'static str),
}

impl fmt::Display for Place {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Exception(field) => write!(f, "exception data: field `{field}`"),
            Self::Frame(index, field) => write!(f, "frame {index}: field `{field}`"),
        }
    }
}

/// A packed stack trace that is not as it should be.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
pub enum PackedError {
    /// The buffer is not the structure that is expected.
    #[error("not a packed stack trace: {0}")]
    Structure(&'static str),
    /// A field has a value of another type.
    #[error("{place}: expected {expected}, not {found}")]
    Type {
        /// Where.
        place: Place,
        /// What may stand there.
        expected: &'static str,
        /// What stands there.
        found: &'static str,
    },
    /// A text is not UTF-8.
    #[error("{0}: invalid UTF-8")]
    Utf8(Place),
    /// There are more frames than are taken.
    #[error(transparent)]
    Limit(#[from] LimitExceeded),
}

/// The part of a frame that no rule can change, from `family` to `path`. Not checked for UTF-8.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FrameKey<'a> {
    /// As it is packed; the types of the fields are right.
    Packed(&'a [u8]),
    /// Text by text.
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
            Self::Packed(key) => return key,
            Self::Texts(texts) => texts,
        };
        buffer.clear();
        for text in texts {
            put_bytes(buffer, *text);
        }
        buffer
    }
}

/// The texts of the fields in [`FrameField::KEY`], in separate buffers.
pub type KeyTexts<'a> = [Option<&'a [u8]>; FrameField::KEY.len()];

/// One frame, still packed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct PackedFrame<'a> {
    /// The category, not checked for UTF-8.
    pub category: Option<&'a [u8]>,
    /// The fields from `family` to `path`, not checked for UTF-8.
    pub key: FrameKey<'a>,
    /// Whether the frame is the user's code.
    pub in_app: Option<bool>,
    /// What `in_app` originally was.
    pub orig_in_app: Option<i8>,
}

impl<'a> PackedFrame<'a> {
    /// Unpacks the key of the frame with this index: the fields in [`FrameField::KEY`].
    ///
    /// # Errors
    ///
    /// [`PackedError::Utf8`] for the first field that is not UTF-8.
    pub(in crate::enhancements) fn key_fields(
        &self,
        index: usize,
    ) -> Result<ByKey<Option<&'a str>>, PackedError> {
        let mut reader = Reader(match self.key {
            FrameKey::Packed(key) => key,
            FrameKey::Texts(_) => &[],
        });
        let mut fields = ByKey::default();
        for (number, (value, field)) in fields.iter_mut().zip(FrameField::KEY).enumerate() {
            let place = Place::Frame(index, field.name());
            let bytes = match self.key {
                FrameKey::Packed(_) => reader.bytes(|| place)?,
                FrameKey::Texts(texts) => texts[number],
            };
            *value = utf8(bytes, place)?;
        }
        Ok(fields)
    }

    /// The category of the frame with this index.
    ///
    /// # Errors
    ///
    /// [`PackedError::Utf8`] if it is not UTF-8.
    pub fn category(&self, index: usize) -> Result<Option<&'a str>, PackedError> {
        utf8(
            self.category,
            Place::Frame(index, FrameField::Category.name()),
        )
    }

    /// Whether `in_app` differs from what it was; `None` if that is not known.
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
    /// [`PackedError::Utf8`] for the first field that is not UTF-8.
    pub fn unpack(&self, index: usize) -> Result<Frame<'a>, PackedError> {
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

/// A stack trace whose frames are still packed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct PackedStacktrace<'a> {
    /// The exception it belongs to.
    pub exception: ExceptionData<'a>,
    /// The frames, in their order.
    pub frames: Vec<PackedFrame<'a>>,
}

impl<'a> PackedStacktrace<'a> {
    /// Reads the frame of a packed stack trace without copying any text.
    ///
    /// # Errors
    ///
    /// If the buffer is not a packed stack trace, a field has the wrong type, or
    /// a text of the exception is not UTF-8.
    pub fn decode(bytes: &'a [u8]) -> Result<Self, PackedError> {
        let mut reader = Reader(bytes);
        let stacktrace = Self::read(&mut reader)?;
        reader.end("bytes follow the stack trace")?;
        Ok(stacktrace)
    }

    /// Reads the frame of each of an array of packed stack traces.
    ///
    /// # Errors
    ///
    /// As those of [`PackedStacktrace::decode`].
    pub fn decode_many(bytes: &'a [u8]) -> Result<Vec<Self>, PackedError> {
        let mut reader = Reader(bytes);
        let count = reader.array_len("expected an array of stack traces")?;
        let mut stacktraces = Vec::with_capacity(reader.at_most(count));
        for _ in 0..count {
            stacktraces.push(Self::read(&mut reader)?);
        }
        reader.end("bytes follow the stack traces")?;
        Ok(stacktraces)
    }

    fn read(reader: &mut Reader<'a>) -> Result<Self, PackedError> {
        reader.array(2, "expected an array of exception and frames")?;
        reader.array(
            ExceptionField::COUNT,
            "expected an array of the fields of the exception",
        )?;
        let exception = ExceptionData::from_fields(|field| {
            let place = Place::Exception(field.name());
            utf8(reader.bytes(|| place)?, place)
        })?;

        let count = reader.array_len("expected an array of frames")?;
        // The code below reports a wrong count.
        Limit::Frames.check(reader.at_most(count))?;
        let mut frames = Vec::with_capacity(reader.at_most(count));
        for index in 0..count {
            frames.push(read_frame(reader, index)?);
        }
        Ok(Self { exception, frames })
    }

    /// Frames as they are, with the texts of each from [`key_texts`]; nothing is packed.
    pub fn of_frames(
        exception: &ExceptionData<'a>,
        frames: &[Frame<'a>],
        keys: &'a [KeyTexts<'a>],
    ) -> Self {
        let frame = |(frame, key): (&Frame<'a>, &'a KeyTexts<'a>)| PackedFrame {
            category: frame.category.map(str::as_bytes),
            key: FrameKey::Texts(key),
            in_app: frame.in_app,
            orig_in_app: frame.orig_in_app,
        };
        Self {
            exception: *exception,
            frames: frames.iter().zip(keys).map(frame).collect(),
        }
    }

    /// Unpacks all frames.
    ///
    /// # Errors
    ///
    /// [`PackedError::Utf8`] for the first text that is not UTF-8.
    pub fn unpack(&self) -> Result<Vec<Frame<'a>>, PackedError> {
        self.frames
            .iter()
            .enumerate()
            .map(|(index, frame)| frame.unpack(index))
            .collect()
    }
}

/// The texts by which each of these frames can be recognised.
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

// `read_frame` reads the category, the key and the two numbers behind it. A field that is
// neither does not compile until it is read there.
const _: () = assert!(FrameField::COUNT == 1 + FrameField::KEY.len() + 2);

fn read_frame<'a>(reader: &mut Reader<'a>, index: usize) -> Result<PackedFrame<'a>, PackedError> {
    reader.array(
        FrameField::COUNT,
        "expected an array of the fields of a frame",
    )?;
    let place = |field: FrameField| Place::Frame(index, field.name());
    let category = reader.bytes(|| place(FrameField::Category))?;
    let start = reader.0;
    for field in FrameField::KEY {
        reader.bytes(|| place(field))?;
    }
    let key = &start[..start.len() - reader.0.len()];
    Ok(PackedFrame {
        category,
        key: FrameKey::Packed(key),
        in_app: reader.bool(place(FrameField::InApp))?,
        orig_in_app: reader.small_int(place(FrameField::OrigInApp))?,
    })
}

/// Packs a stack trace, the way [`PackedStacktrace::decode`] reads it.
///
/// Every value is written as short as it can be, as MessagePack libraries do it: equal
/// stack traces are equal bytes, whoever packs them.
///
/// # Errors
///
/// If there are more frames, or a text has more bytes, than 32 bits count.
pub fn pack(exception: &ExceptionData<'_>, frames: &[Frame<'_>]) -> Result<Vec<u8>, PackedError> {
    let mut writer = Writer::new(exception, frames.len())?;
    for frame in frames {
        writer.frame(frame)?;
    }
    Ok(writer.0)
}

/// Writes a packed stack trace, frame by frame.
pub(in crate::enhancements) struct Writer(pub(in crate::enhancements) Vec<u8>);

impl Writer {
    /// Begins a stack trace that will have so many frames.
    pub(in crate::enhancements) fn new(
        exception: &ExceptionData<'_>,
        frames: usize,
    ) -> Result<Self, PackedError> {
        let count = u32::try_from(frames).map_err(|_| TOO_LARGE)?;
        let mut writer = Self(Vec::with_capacity(64 + frames * 96));
        writer
            .0
            .extend([short_array(2), short_array(ExceptionField::COUNT)]);
        for field in ExceptionField::ALL {
            writer.text(field.of(exception))?;
        }
        let out = &mut writer.0;
        match count {
            0..=15 => out.push(0x90 | count as u8),
            16..=0xffff => {
                out.push(marker::ARRAY16);
                out.extend((count as u16).to_be_bytes());
            }
            _ => {
                out.push(marker::ARRAY32);
                out.extend(count.to_be_bytes());
            }
        }
        Ok(writer)
    }

    /// Writes a frame.
    pub(in crate::enhancements) fn frame(&mut self, frame: &Frame<'_>) -> Result<(), PackedError> {
        self.0.push(const { short_array(FrameField::COUNT) });
        for field in FrameField::ALL {
            match field {
                FrameField::Category => self.text(frame.category)?,
                FrameField::Family => self.text(frame.family)?,
                FrameField::Text(field) => self.text(field.of(frame))?,
                FrameField::InApp => self.0.push(match frame.in_app {
                    None => marker::NIL,
                    Some(false) => marker::FALSE,
                    Some(true) => marker::TRUE,
                }),
                FrameField::OrigInApp => match frame.orig_in_app {
                    None => self.0.push(marker::NIL),
                    Some(n @ -32..) => self.0.push(n as u8),
                    Some(n) => self.0.extend([marker::INT8, n as u8]),
                },
            }
        }
        Ok(())
    }

    #[inline]
    fn text(&mut self, value: Option<&str>) -> Result<(), PackedError> {
        let text = value.map(str::as_bytes);
        u32::try_from(text.map_or(0, <[u8]>::len)).map_err(|_| TOO_LARGE)?;
        put_bytes(&mut self.0, text);
        Ok(())
    }
}

/// Returns the first byte of an array of so many items, at most 15.
const fn short_array(len: usize) -> u8 {
    assert!(len <= 15);
    0x90 | len as u8
}

/// Appends a binary or nil. The length is written as far as 32 bits hold it.
#[inline]
fn put_bytes(out: &mut Vec<u8>, text: Option<&[u8]>) {
    let Some(text) = text else {
        out.push(marker::NIL);
        return;
    };
    match text.len() {
        len @ 0..=0xff => out.extend_from_slice(&[marker::BIN8, len as u8]),
        len @ 0x100..=0xffff => {
            out.push(marker::BIN16);
            out.extend((len as u16).to_be_bytes());
        }
        len => {
            out.push(marker::BIN32);
            out.extend((len as u32).to_be_bytes());
        }
    }
    out.extend_from_slice(text);
}

const TOO_LARGE: PackedError = PackedError::Structure("it is too large");

pub(in crate::enhancements) fn utf8(
    bytes: Option<&[u8]>,
    place: Place,
) -> Result<Option<&str>, PackedError> {
    bytes
        .map(|bytes| std::str::from_utf8(bytes).map_err(|_| PackedError::Utf8(place)))
        .transpose()
}

/// The first bytes of MessagePack values that stand in a packed stack trace.
mod marker {
    pub(in crate::enhancements) const NIL: u8 = 0xc0;
    pub(in crate::enhancements) const FALSE: u8 = 0xc2;
    pub(in crate::enhancements) const TRUE: u8 = 0xc3;
    pub(in crate::enhancements) const BIN8: u8 = 0xc4;
    pub(in crate::enhancements) const BIN16: u8 = 0xc5;
    pub(in crate::enhancements) const BIN32: u8 = 0xc6;
    pub(in crate::enhancements) const UINT8: u8 = 0xcc;
    pub(in crate::enhancements) const UINT64: u8 = 0xcf;
    pub(in crate::enhancements) const INT8: u8 = 0xd0;
    pub(in crate::enhancements) const INT64: u8 = 0xd3;
    pub(in crate::enhancements) const STR8: u8 = 0xd9;
    pub(in crate::enhancements) const STR32: u8 = 0xdb;
    pub(in crate::enhancements) const ARRAY16: u8 = 0xdc;
    pub(in crate::enhancements) const ARRAY32: u8 = 0xdd;

    /// What kind of value begins with this byte, in Python's words.
    pub(in crate::enhancements) fn kind(first: u8) -> &'static str {
        match first {
            NIL => "None",
            FALSE | TRUE => "a bool",
            0x00..=0x7f | 0xe0..=0xff | UINT8..=INT64 => "an int",
            0x80..=0x8f | 0xde | 0xdf => "a dict",
            0x90..=0x9f | ARRAY16 | ARRAY32 => "a list",
            0xa0..=0xbf | 0xd9..=0xdb => "a str",
            BIN8..=BIN32 => "bytes",
            0xca | 0xcb => "a float",
            0xc1 | 0xc7..=0xc9 | 0xd4..=0xd8 => "a value of another type",
        }
    }
}

const ENDS: PackedError = PackedError::Structure("it ends too early");

/// What is left of the buffer. Every method takes one value off its front.
pub(in crate::enhancements) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(in crate::enhancements) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// How many items to make room for, of which the buffer says that there are `count`.
    ///
    /// That is a claim, and an item takes seven bytes at the least: what cannot be there
    /// is not reserved.
    pub(in crate::enhancements) fn at_most(&self, count: usize) -> usize {
        count.min(self.0.len() / 7 + 1)
    }

    /// `count`, if what is left can hold so many items.
    pub(in crate::enhancements) fn checked(&self, count: usize) -> Result<usize, PackedError> {
        if self.at_most(count) == count {
            Ok(count)
        } else {
            Err(ENDS)
        }
    }

    /// Takes nil off the front, if it is there.
    pub(in crate::enhancements) fn nil(&mut self) -> bool {
        let rest = self.0.strip_prefix(&[marker::NIL]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Fails if something is left.
    pub(in crate::enhancements) fn end(&self, error: &'static str) -> Result<(), PackedError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(PackedError::Structure(error))
        }
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<&'a [u8], PackedError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(ENDS)?;
        self.0 = rest;
        Ok(taken)
    }

    #[inline]
    fn first(&mut self) -> Result<u8, PackedError> {
        let (&first, rest) = self.0.split_first().ok_or(ENDS)?;
        self.0 = rest;
        Ok(first)
    }

    /// A big-endian number of `len` bytes.
    #[inline]
    fn number(&mut self, len: usize) -> Result<u64, PackedError> {
        let bytes = self.take(len)?;
        Ok(bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    }

    pub(in crate::enhancements) fn array_len(
        &mut self,
        expected: &'static str,
    ) -> Result<usize, PackedError> {
        let len = match self.first()? {
            first @ 0x90..=0x9f => u64::from(first & 0x0f),
            marker::ARRAY16 => self.number(2)?,
            marker::ARRAY32 => self.number(4)?,
            _ => return Err(PackedError::Structure(expected)),
        };
        usize::try_from(len).map_err(|_| ENDS)
    }

    #[inline]
    pub(in crate::enhancements) fn array(
        &mut self,
        len: usize,
        expected: &'static str,
    ) -> Result<(), PackedError> {
        if self.array_len(expected)? == len {
            Ok(())
        } else {
            Err(PackedError::Structure(expected))
        }
    }

    /// A binary or nil.
    #[inline(always)]
    fn bytes(&mut self, place: impl FnOnce() -> Place) -> Result<Option<&'a [u8]>, PackedError> {
        // Nearly all are nil or have less than 256 bytes.
        match *self.0 {
            [marker::NIL, ref rest @ ..] => {
                self.0 = rest;
                Ok(None)
            }
            [marker::BIN8, len, ref rest @ ..] if rest.len() >= usize::from(len) => {
                let (bytes, rest) = rest.split_at(usize::from(len));
                self.0 = rest;
                Ok(Some(bytes))
            }
            _ => self.any_bytes(place()),
        }
    }

    #[cold]
    fn any_bytes(&mut self, place: Place) -> Result<Option<&'a [u8]>, PackedError> {
        let len = match self.first()? {
            marker::NIL => return Ok(None),
            marker::BIN8 => self.number(1)?,
            marker::BIN16 => self.number(2)?,
            marker::BIN32 => self.number(4)?,
            first => return Err(wrong_type(place, "bytes or None", first)),
        };
        let len = usize::try_from(len).map_err(|_| ENDS)?;
        self.take(len).map(Some)
    }

    /// A string or binary of UTF-8, or nil.
    #[inline]
    pub(in crate::enhancements) fn text(
        &mut self,
        place: Place,
    ) -> Result<Option<&'a str>, PackedError> {
        let len = match self.0.first() {
            Some(&first @ 0xa0..=0xbf) => {
                self.first()?;
                u64::from(first & 0x1f)
            }
            Some(&first @ marker::STR8..=marker::STR32) => {
                self.first()?;
                self.number(1 << (first - marker::STR8))?
            }
            Some(&first) if !matches!(first, marker::NIL | marker::BIN8..=marker::BIN32) => {
                return Err(wrong_type(place, "a text or None", first));
            }
            _ => return utf8(self.bytes(|| place)?, place),
        };
        let len = usize::try_from(len).map_err(|_| ENDS)?;
        utf8(Some(self.take(len)?), place)
    }

    #[inline]
    pub(in crate::enhancements) fn bool(
        &mut self,
        place: Place,
    ) -> Result<Option<bool>, PackedError> {
        match self.first()? {
            marker::NIL => Ok(None),
            marker::FALSE => Ok(Some(false)),
            marker::TRUE => Ok(Some(true)),
            first => Err(wrong_type(place, "a bool or None", first)),
        }
    }

    /// An integer that fits in 8 bits with its sign, or nil. Booleans are 0 and 1,
    /// as they are in Python.
    #[inline]
    pub(in crate::enhancements) fn small_int(
        &mut self,
        place: Place,
    ) -> Result<Option<i8>, PackedError> {
        let first = self.first()?;
        let value = match first {
            marker::NIL => return Ok(None),
            marker::FALSE => Some(0),
            marker::TRUE => Some(1),
            0x00..=0x7f | 0xe0..=0xff => Some(first as i8),
            marker::UINT8..=marker::UINT64 => {
                let len = 1 << (first - marker::UINT8);
                i8::try_from(self.number(len)?).ok()
            }
            marker::INT8..=marker::INT64 => {
                let len = 1 << (first - marker::INT8);
                let unused = 64 - 8 * len as u32;
                let signed = (self.number(len)? << unused) as i64 >> unused;
                i8::try_from(signed).ok()
            }
            _ => None,
        };
        match value {
            Some(value) => Ok(Some(value)),
            None => Err(wrong_type(place, "an int from -128 to 127 or None", first)),
        }
    }
}

#[cold]
fn wrong_type(place: Place, expected: &'static str, first: u8) -> PackedError {
    PackedError::Type {
        place,
        expected,
        found: marker::kind(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn sample<'a>() -> (ExceptionData<'a>, Vec<Frame<'a>>) {
        let exception = ExceptionData {
            ty: Some("Error"),
            value: None,
            mechanism: Some("\u{e9}"),
        };
        let long = "x".repeat(70_000).leak();
        let frames = vec![
            Frame::default(),
            Frame {
                category: Some("c"),
                family: Some("native"),
                function: Some(long),
                module: Some(""),
                package: Some("p"),
                path: Some("/a/b"),
                in_app: Some(true),
                orig_in_app: Some(-128),
            },
        ];
        (exception, frames)
    }

    #[test]
    fn what_is_packed_is_unpacked_to_the_same() {
        let (exception, frames) = sample();
        let packed = pack(&exception, &frames).unwrap();
        let decoded = PackedStacktrace::decode(&packed).unwrap();
        assert_eq!(decoded.exception, exception);
        assert_eq!(decoded.unpack().unwrap(), frames);
    }

    #[test]
    fn every_shortened_buffer_is_an_error() {
        let (exception, mut frames) = sample();
        frames[1].function = Some("f");
        let packed = pack(&exception, &frames).unwrap();
        for len in 0..packed.len() {
            let result = PackedStacktrace::decode(&packed[..len]);
            assert_eq!(result, Err(ENDS), "{len} bytes");
        }
        let longer = [&packed[..], &[0xc0]].concat();
        assert!(matches!(
            PackedStacktrace::decode(&longer),
            Err(PackedError::Structure(_))
        ));
    }

    /// A frame whose field has the given MessagePack value.
    fn with_field(field: FrameField, value: &[u8]) -> Vec<u8> {
        let mut packed = vec![0x92, 0x93, 0xc0, 0xc0, 0xc0, 0x91];
        packed.push(short_array(FrameField::COUNT));
        for other in FrameField::ALL {
            packed.extend_from_slice(if other == field { value } else { &[0xc0] });
        }
        packed
    }

    #[test]
    fn numbers_of_every_width_are_read() {
        for (value, expected) in [
            (&[0x05][..], Some(5)),
            (&[0xff], Some(-1)),
            (&[0xcc, 127], Some(127)),
            (&[0xcc, 128], None),
            (&[0xcd, 0, 1], Some(1)),
            (&[0xce, 0, 0, 0, 2], Some(2)),
            (&[0xcf, 0, 0, 0, 0, 0, 0, 0, 3], Some(3)),
            (&[0xcf, 255, 0, 0, 0, 0, 0, 0, 3], None),
            (&[0xd0, 0x80], Some(-128)),
            (&[0xd1, 0xff, 0xfe], Some(-2)),
            (&[0xd1, 0xff, 0x00], None),
            (&[0xd2, 0xff, 0xff, 0xff, 0xfd], Some(-3)),
            (&[0xd3, 255, 255, 255, 255, 255, 255, 255, 252], Some(-4)),
            (&[0xc2], Some(0)),
            (&[0xc3], Some(1)),
            (&[0xa0], None),
        ] {
            let packed = with_field(FrameField::OrigInApp, value);
            let decoded = PackedStacktrace::decode(&packed);
            match expected {
                Some(n) => assert_eq!(decoded.unwrap().frames[0].orig_in_app, Some(n)),
                None => assert!(decoded.is_err(), "{value:?}"),
            }
        }
    }

    #[test]
    fn errors_name_frame_and_field() {
        for (field, value, message) in [
            (FrameField::Text(TextField::Function), &[0xa1, b'f'][..], "frame 0: field `function`: expected bytes or None, not a str"),
            (FrameField::Text(TextField::Path), &[0x01], "frame 0: field `path`: expected bytes or None, not an int"),
            (FrameField::InApp, &[0x01], "frame 0: field `in_app`: expected a bool or None, not an int"),
            (FrameField::OrigInApp, &[0xcc, 200], "frame 0: field `orig_in_app`: expected an int from -128 to 127 or None, not an int"),
            (FrameField::Category, &[0x90], "frame 0: field `category`: expected bytes or None, not a list"),
        ] {
            let err = PackedStacktrace::decode(&with_field(field, value)).unwrap_err();
            assert_eq!(err.to_string(), message);
        }
        for field in FrameField::KEY.into_iter().chain([FrameField::Category]) {
            let name = field.name();
            let packed = with_field(field, &[0xc4, 1, 0xff]);
            let decoded = PackedStacktrace::decode(&packed).unwrap();
            let message = decoded.unpack().unwrap_err().to_string();
            assert_eq!(message, format!("frame 0: field `{name}`: invalid UTF-8"));
        }
    }

    #[test]
    fn a_count_that_lies_reserves_nothing() {
        let lying = [0x92, 0x93, 0xc0, 0xc0, 0xc0, 0xdd, 0xff, 0xff, 0xff, 0xff];
        assert_eq!(PackedStacktrace::decode(&lying), Err(ENDS));
    }
}
