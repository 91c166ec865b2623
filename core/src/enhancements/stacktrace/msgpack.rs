//! Packed stack traces: all frames in one buffer, which is how Python passes them.
//!
//! Setting the eight fields of a C struct through cffi takes about 1,940 ns per frame; one
//! MessagePack call for the whole stack trace takes about 216 ns per frame. So a stack trace is
//! passed as one MessagePack value and read in place:
//!
//! ```text
//! [exception, frames]            or  [exception, frames, repeats]
//!
//! exception = [ty, value, mechanism]
//! frame     = [category, family, function, module, package, path, in_app, orig_in_app]
//!                        `------------ the key ----------------'
//! repeats   = a binary with a byte for each frame: 1 if it repeats the frame before it
//! ```
//!
//! Only explanations and previews read `repeats`. It is left out if no frame repeats another.
//!
//! Texts are MessagePack binaries that contain UTF-8, or nil. The part of a frame that no rule can
//! change is contiguous, so that the memo can recognise a frame by comparing one slice, its
//! [key](FrameView::key). Texts are checked for UTF-8 when they are used, not when the buffer is
//! read.

use std::borrow::Cow;
use std::ops::Range;

use super::key;
use super::view::{
    key_texts, utf8, FieldPath, FrameKey, FrameView, StacktraceError, StacktraceView,
};
use crate::enhancements::fields::{ExceptionField, FrameField};
use crate::enhancements::frame::{ExceptionData, Frame};
use crate::limits::Limit;
use crate::reader::msgpack::{self, Malformed};
use crate::reader::python_float;

/// Reads a packed stack trace without copying any text.
///
/// # Errors
///
/// Fails if the buffer is not a packed stack trace, a field has the wrong type, or a text of the
/// exception is not UTF-8.
pub fn decode(bytes: &[u8]) -> Result<StacktraceView<'_>, StacktraceError> {
    let mut reader = Reader(bytes);
    let stacktrace = read_stacktrace(&mut reader)?;
    reader.end("bytes follow the stack trace")?;
    Ok(stacktrace)
}

/// Reads an array of packed stack traces without copying any text.
///
/// # Errors
///
/// Fails as [`decode`] does.
pub fn decode_many(bytes: &[u8]) -> Result<Vec<StacktraceView<'_>>, StacktraceError> {
    let mut reader = Reader(bytes);
    let count = reader.array_len("expected an array of stack traces")?;
    let mut stacktraces = Vec::with_capacity(reader.at_most(count));
    for _ in 0..count {
        stacktraces.push(read_stacktrace(&mut reader)?);
    }
    reader.end("bytes follow the stack traces")?;
    Ok(stacktraces)
}

/// Returns where each of an array of packed stack traces is. It checks them as [`decode`] does.
///
/// # Errors
///
/// Fails as [`decode`] does.
pub(in crate::enhancements) fn ranges(bytes: &[u8]) -> Result<Vec<Range<usize>>, StacktraceError> {
    let mut reader = Reader(bytes);
    let count = reader.array_len("expected an array of stack traces")?;
    let mut found = Vec::with_capacity(reader.at_most(count));
    for _ in 0..count {
        let start = bytes.len() - reader.0.len();
        read_stacktrace(&mut reader)?;
        found.push(start..bytes.len() - reader.0.len());
    }
    reader.end("bytes follow the stack traces")?;
    Ok(found)
}

/// Returns the exception of a packed stack trace, and the bytes after it.
///
/// # Errors
///
/// Fails as [`decode`] does at the exception.
pub(in crate::enhancements) fn exception_of(
    bytes: &[u8],
) -> Result<(ExceptionData<'_>, &[u8]), StacktraceError> {
    let mut reader = Reader(bytes);
    let (_, exception) = read_exception(&mut reader)?;
    Ok((exception, reader.0))
}

/// Reads the number of parts, and the first of them.
fn read_exception<'a>(
    reader: &mut Reader<'a>,
) -> Result<(usize, ExceptionData<'a>), StacktraceError> {
    const EXPECTED: &str = "expected an array of exception and frames";
    let parts = reader.array_len(EXPECTED)?;
    if !matches!(parts, 2 | 3) {
        return Err(StacktraceError::Structure(EXPECTED));
    }
    reader.array(
        ExceptionField::COUNT,
        "expected an array of the fields of the exception",
    )?;
    let exception = ExceptionData::from_fields(|field| {
        let path = FieldPath::Exception(field.name());
        utf8(reader.bytes(|| path)?, path)
    })?;
    Ok((parts, exception))
}

fn read_stacktrace<'a>(reader: &mut Reader<'a>) -> Result<StacktraceView<'a>, StacktraceError> {
    let (parts, exception) = read_exception(reader)?;
    let count = reader.array_len("expected an array of frames")?;
    // The code below reports a wrong count.
    Limit::Frames.check(reader.at_most(count))?;
    let mut frames = Vec::with_capacity(reader.at_most(count));
    for index in 0..count {
        frames.push(read_frame(reader, index)?);
    }
    let mut repeats = Vec::new();
    if parts == 3 {
        let bytes = reader.bytes(|| FieldPath::Exception("repeats"))?;
        repeats.extend(bytes.unwrap_or_default().iter().map(|&byte| byte != 0));
        if repeats.len() != frames.len() {
            return Err(StacktraceError::Structure(
                "expected a byte of `repeats` for each frame",
            ));
        }
    }
    Ok(StacktraceView {
        exception,
        frames,
        repeats,
    })
}

// `read_frame` reads the category, the key and the two numbers after it. A field that is neither
// does not compile until `read_frame` reads it.
const _: () = assert!(FrameField::COUNT == 1 + FrameField::KEY.len() + 2);

fn read_frame<'a>(reader: &mut Reader<'a>, index: usize) -> Result<FrameView<'a>, StacktraceError> {
    reader.array(
        FrameField::COUNT,
        "expected an array of the fields of a frame",
    )?;
    let path = |field: FrameField| FieldPath::Frame(index, field.name());
    let category = reader.bytes(|| path(FrameField::Category))?;
    let key = match key::length_of_short(reader.0, FrameField::KEY.len()) {
        Some(len) => reader.take(len)?,
        None => read_long_key(reader, path)?,
    };
    Ok(FrameView {
        category,
        key: FrameKey::Encoded(key),
        in_app: reader.bool(path(FrameField::InApp))?,
        orig_in_app: reader.small_int(path(FrameField::OrigInApp))?,
    })
}

/// Reads the key of a frame with a long text, or reports the field that is no text.
#[cold]
fn read_long_key<'a>(
    reader: &mut Reader<'a>,
    path: impl Fn(FrameField) -> FieldPath,
) -> Result<&'a [u8], StacktraceError> {
    let start = reader.0;
    for field in FrameField::KEY {
        reader.bytes(|| path(field))?;
    }
    Ok(&start[..start.len() - reader.0.len()])
}

/// Packs a stack trace, the way [`decode`] reads it.
///
/// Every value is written in its shortest form, as MessagePack libraries do. So equal stack traces
/// are packed to equal bytes.
///
/// # Errors
///
/// Fails if the number of frames, or of bytes of a text, does not fit in 32 bits.
pub fn pack(
    exception: &ExceptionData<'_>,
    frames: &[Frame<'_>],
) -> Result<Vec<u8>, StacktraceError> {
    let keys = key_texts(frames);
    pack_view(&StacktraceView::of_frames(exception, frames, &keys))
}

/// Packs a stack trace, as [`pack`] does.
///
/// # Errors
///
/// Those of [`pack`].
pub(super) fn pack_view(stacktrace: &StacktraceView<'_>) -> Result<Vec<u8>, StacktraceError> {
    let mut packed = Vec::with_capacity(64 + stacktrace.frames.len() * 96);
    pack_into(&mut packed, stacktrace)?;
    Ok(packed)
}

/// Appends a packed stack trace.
///
/// # Errors
///
/// Those of [`pack`]; a part of it may be written then.
pub(in crate::enhancements) fn pack_into(
    packed: &mut Vec<u8>,
    stacktrace: &StacktraceView<'_>,
) -> Result<(), StacktraceError> {
    let repeats = stacktrace.repeats.contains(&true);
    packed.extend([
        short_array(2 + usize::from(repeats)),
        short_array(ExceptionField::COUNT),
    ]);
    for field in ExceptionField::ALL {
        put_text(packed, field.of(&stacktrace.exception))?;
    }
    match u32::try_from(stacktrace.frames.len()).map_err(|_| TOO_LARGE)? {
        count @ 0..=15 => packed.push(short_array(count as usize)),
        count @ 16..=0xffff => {
            packed.push(marker::ARRAY16);
            packed.extend((count as u16).to_be_bytes());
        }
        count => {
            packed.push(marker::ARRAY32);
            packed.extend(count.to_be_bytes());
        }
    }
    for frame in &stacktrace.frames {
        packed.push(const { short_array(FrameField::COUNT) });
        put_bytes(packed, frame.category)?;
        match frame.key {
            FrameKey::Encoded(key) => packed.extend_from_slice(key),
            FrameKey::Texts(texts) => {
                for text in texts {
                    put_bytes(packed, *text)?;
                }
            }
        }
        packed.push(match frame.in_app {
            None => marker::NIL,
            Some(false) => marker::FALSE,
            Some(true) => marker::TRUE,
        });
        match frame.orig_in_app {
            None => packed.push(marker::NIL),
            Some(n @ -32..) => packed.push(n as u8),
            Some(n) => packed.extend([marker::INT8, n as u8]),
        }
    }
    if repeats {
        let bytes: Vec<u8> = (0..stacktrace.frames.len())
            .map(|index| stacktrace.is_repeat(index).into())
            .collect();
        put_bytes(packed, Some(&bytes))?;
    }
    Ok(())
}

/// Appends a text, or nil.
///
/// # Errors
///
/// If the text has more bytes than 32 bits count.
#[inline]
pub(super) fn put_text(packed: &mut Vec<u8>, text: Option<&str>) -> Result<(), StacktraceError> {
    put_bytes(packed, text.map(str::as_bytes))
}

/// Appends bytes, or nil. Fails as [`put_text`] does.
#[inline]
pub(super) fn put_bytes(packed: &mut Vec<u8>, text: Option<&[u8]>) -> Result<(), StacktraceError> {
    if text.is_some_and(|text| u32::try_from(text.len()).is_err()) {
        return Err(TOO_LARGE);
    }
    key::put(packed, text);
    Ok(())
}

/// Returns the first byte of an array with this number of items, at most 15.
const fn short_array(len: usize) -> u8 {
    assert!(len <= 15);
    0x90 | len as u8
}

const TOO_LARGE: StacktraceError = StacktraceError::Structure("it is too large");

/// The first bytes of MessagePack values in a packed stack trace.
mod marker {
    pub(super) use super::super::key::{BIN32, BIN8, NIL};

    pub(super) const FALSE: u8 = 0xc2;
    pub(super) const TRUE: u8 = 0xc3;
    pub(super) const UINT8: u8 = 0xcc;
    pub(super) const UINT64: u8 = 0xcf;
    pub(super) const INT8: u8 = 0xd0;
    pub(super) const INT64: u8 = 0xd3;
    pub(super) const STR8: u8 = 0xd9;
    pub(super) const STR32: u8 = 0xdb;
    /// The first byte of [`super::SIZED`], before the size.
    pub(super) const EXT32: u8 = 0xc9;
    pub(super) const ARRAY16: u8 = 0xdc;
    pub(super) const ARRAY32: u8 = 0xdd;
    pub(super) const MAP16: u8 = 0xde;
    pub(super) const MAP32: u8 = 0xdf;

    /// Returns the kind of value that begins with this byte, named as in Python.
    pub(super) fn kind(first: u8) -> &'static str {
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

/// The type of an extension that holds a list or a map, so that it can be skipped at once: reading
/// the stack traces of an event skips each frame six times. [`json`](super::json) writes it.
pub(super) const SIZED: u8 = 0x73;

/// The number of bytes before a sized list or map: marker, size, [`SIZED`].
pub(super) const SIZED_HEAD: usize = 6;

/// How many bytes a key has at most for [`packed_key`].
const MAX_PACKED_KEY: usize = 15;

/// A key of a map as it is packed, with its marker, in one number: it is compared without a call.
pub(super) const fn packed_key(text: &str) -> u128 {
    assert!(text.len() <= MAX_PACKED_KEY);
    let mut packed = [0; MAX_PACKED_KEY + 1];
    packed[0] = 0xa0 | text.len() as u8;
    let mut index = 0;
    while index < text.len() {
        packed[index + 1] = text.as_bytes()[index];
        index += 1;
    }
    u128::from_le_bytes(packed)
}

const ENDS: StacktraceError = StacktraceError::Structure("it ends too early");

/// The rest of the buffer. Every method removes one value from its front.
pub(super) struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        Self(bytes)
    }

    /// Returns the number of items to reserve memory for, if the buffer states `count` items.
    ///
    /// The stated number can be wrong. An item has at least seven bytes, so the length of the
    /// buffer limits the result.
    pub(super) fn at_most(&self, count: usize) -> usize {
        count.min(self.0.len() / 7 + 1)
    }

    /// Returns what is left of the buffer.
    pub(super) fn rest(&self) -> &'a [u8] {
        self.0
    }

    /// Removes nil from the front, if it is there.
    pub(super) fn nil(&mut self) -> bool {
        let rest = self.0.strip_prefix(&[marker::NIL]);
        self.0 = rest.unwrap_or(self.0);
        rest.is_some()
    }

    /// Fails if the buffer is not empty.
    pub(super) fn end(&self, error: &'static str) -> Result<(), StacktraceError> {
        if self.0.is_empty() {
            Ok(())
        } else {
            Err(StacktraceError::Structure(error))
        }
    }

    #[inline]
    fn take(&mut self, len: usize) -> Result<&'a [u8], StacktraceError> {
        let (taken, rest) = self.0.split_at_checked(len).ok_or(ENDS)?;
        self.0 = rest;
        Ok(taken)
    }

    #[inline]
    fn first(&mut self) -> Result<u8, StacktraceError> {
        let (&first, rest) = self.0.split_first().ok_or(ENDS)?;
        self.0 = rest;
        Ok(first)
    }

    /// Reads a big-endian number of `len` bytes.
    #[inline]
    fn number(&mut self, len: usize) -> Result<u64, StacktraceError> {
        let bytes = self.take(len)?;
        Ok(bytes.iter().fold(0, |n, &byte| n << 8 | u64::from(byte)))
    }

    /// Skips the head of a sized list or map.
    #[inline]
    fn unwrap_sized(&mut self) {
        if let [marker::EXT32, _, _, _, _, SIZED, inner @ ..] = self.0 {
            self.0 = inner;
        }
    }

    pub(super) fn array_len(&mut self, expected: &'static str) -> Result<usize, StacktraceError> {
        self.unwrap_sized();
        let len = match self.first()? {
            first @ 0x90..=0x9f => u64::from(first & 0x0f),
            marker::ARRAY16 => self.number(2)?,
            marker::ARRAY32 => self.number(4)?,
            _ => return Err(StacktraceError::Structure(expected)),
        };
        usize::try_from(len).map_err(|_| ENDS)
    }

    #[inline]
    pub(super) fn array(
        &mut self,
        len: usize,
        expected: &'static str,
    ) -> Result<(), StacktraceError> {
        if self.array_len(expected)? == len {
            Ok(())
        } else {
            Err(StacktraceError::Structure(expected))
        }
    }

    /// Reads a binary or nil.
    #[inline(always)]
    pub(super) fn bytes(
        &mut self,
        path: impl FnOnce() -> FieldPath,
    ) -> Result<Option<&'a [u8]>, StacktraceError> {
        match key::take(&mut self.0) {
            Some(text) => Ok(text),
            None => Err(self.no_bytes(path())),
        }
    }

    /// Reads a binary or nil, as packed bytes.
    #[inline]
    pub(super) fn encoded_bytes(
        &mut self,
        path: impl FnOnce() -> FieldPath,
    ) -> Result<&'a [u8], StacktraceError> {
        let start = self.0;
        self.bytes(path)?;
        Ok(&start[..start.len() - self.0.len()])
    }

    #[cold]
    fn no_bytes(&self, path: FieldPath) -> StacktraceError {
        match self.0.first().copied() {
            None | Some(marker::NIL | marker::BIN8..=marker::BIN32) => ENDS,
            Some(first) => wrong_type(path, "bytes or None", first),
        }
    }

    /// Reads the number of pairs of a map.
    pub(super) fn map(
        &mut self,
        place: impl FnOnce() -> FieldPath,
    ) -> Result<usize, StacktraceError> {
        self.unwrap_sized();
        let len = match self.first()? {
            first @ 0x80..=0x8f => u64::from(first & 0x0f),
            marker::MAP16 => self.number(2)?,
            marker::MAP32 => self.number(4)?,
            first => return Err(wrong_type(place(), "a dict", first)),
        };
        usize::try_from(len).map_err(|_| ENDS)
    }

    /// Reads the number of pairs of a map, or `None` for nil.
    pub(super) fn map_or_nil(
        &mut self,
        place: impl FnOnce() -> FieldPath,
    ) -> Result<Option<usize>, StacktraceError> {
        if self.nil() {
            return Ok(None);
        }
        self.map(place).map(Some)
    }

    /// Reads the number of pairs of a map. Any other value is skipped.
    pub(super) fn map_or_other(&mut self) -> Result<Option<usize>, StacktraceError> {
        if self.is_map() {
            return self.map(|| FieldPath::Exception("data")).map(Some);
        }
        self.skip().map(|()| None)
    }

    /// Skips `len` bytes if they equal the bytes of `expected` that `mask` selects, in
    /// little-endian order. Returns false if they differ, or if the buffer ends within the next 16
    /// bytes.
    #[inline]
    pub(super) fn skip_if(&mut self, expected: u128, mask: u128, len: usize) -> bool {
        let found = self
            .0
            .first_chunk()
            .map(|&bytes| u128::from_le_bytes(bytes) & mask);
        if found != Some(expected) {
            return false;
        }
        self.0 = &self.0[len..];
        true
    }

    /// Reads a key of a map. A key that is not a text is skipped, and the result is empty.
    #[inline]
    pub(super) fn key(&mut self) -> Result<&'a [u8], StacktraceError> {
        match *self.0 {
            [first @ 0xa0..=0xbf, ref rest @ ..] => {
                self.0 = rest;
                self.take(usize::from(first & 0x1f))
            }
            [marker::STR8, len, ref rest @ ..] => {
                self.0 = rest;
                self.take(usize::from(len))
            }
            _ => self.skip().map(|()| &[][..]),
        }
    }

    /// A key of a map, as [`packed_key`] has it. Any other key is skipped, and is 0.
    #[inline]
    pub(super) fn packed_key(&mut self) -> Result<u128, StacktraceError> {
        if let Some((&bytes, _)) = self.0.split_first_chunk() {
            if let first @ 0xa0..=0xaf = bytes[0] {
                let len = 1 + usize::from(first & 0x0f);
                self.0 = &self.0[len..];
                let unused = 8 * (bytes.len() - len) as u32;
                return Ok(u128::from_le_bytes(bytes) << unused >> unused);
            }
        }
        self.other_key()
    }

    #[cold]
    fn other_key(&mut self) -> Result<u128, StacktraceError> {
        let key = self.key()?;
        if key.len() > MAX_PACKED_KEY {
            return Ok(0);
        }
        Ok(std::str::from_utf8(key).map_or(0, packed_key))
    }

    /// Whether a map is at the front.
    pub(super) fn is_map(&self) -> bool {
        let mut inner = Reader(self.0);
        inner.unwrap_sized();
        matches!(
            inner.0.first(),
            Some(0x80..=0x8f | &marker::MAP16 | &marker::MAP32)
        )
    }

    /// Removes any value from the front and returns its bytes.
    pub(super) fn value(&mut self) -> Result<&'a [u8], StacktraceError> {
        let start = self.0;
        self.skip()?;
        Ok(&start[..start.len() - self.0.len()])
    }

    /// Removes any value from the front, nested to any depth.
    pub(super) fn skip(&mut self) -> Result<(), StacktraceError> {
        msgpack::skip(&mut self.0).map_err(|error| match error {
            Malformed::Ends => ENDS,
            Malformed::Reserved => StacktraceError::Structure("0xc1 begins no value"),
        })
    }

    /// Reads a string or binary of UTF-8, or nil. A number is read as Python prints it.
    #[inline]
    pub(super) fn any_text(
        &mut self,
        place: FieldPath,
    ) -> Result<Option<Cow<'a, str>>, StacktraceError> {
        if self.is_number() {
            return Ok(Some(self.digits()?.into()));
        }
        Ok(self.text(place)?.map(Cow::Borrowed))
    }

    /// Whether a number is at the front.
    #[inline]
    pub(super) fn is_number(&self) -> bool {
        matches!(
            self.0.first(),
            Some(0x00..=0x7f | 0xca..=0xd3 | 0xe0..=0xff)
        )
    }

    /// Takes a number off the front, and writes it.
    #[cold]
    pub(super) fn digits(&mut self) -> Result<String, StacktraceError> {
        let first = self.first()?;
        Ok(match first {
            0x00..=0x7f => first.to_string(),
            0xca => python_float(f32::from_bits(self.number(4)? as u32).into()),
            0xcb => python_float(f64::from_bits(self.number(8)?)),
            0xcc..=0xcf => self.number(1 << (first & 3))?.to_string(),
            0xd0..=0xd3 => {
                let len = 1 << (first & 3);
                let unused = 64 - 8 * len as u32;
                (((self.number(len)? << unused) as i64) >> unused).to_string()
            }
            _ => (first as i8).to_string(),
        })
    }

    /// Reads a string or binary of UTF-8, or nil.
    #[inline]
    pub(super) fn text(&mut self, path: FieldPath) -> Result<Option<&'a str>, StacktraceError> {
        utf8(self.text_bytes(|| path)?, path)
    }

    /// A string or binary, or nil. Not checked for UTF-8.
    #[inline]
    pub(super) fn text_bytes(
        &mut self,
        path: impl FnOnce() -> FieldPath,
    ) -> Result<Option<&'a [u8]>, StacktraceError> {
        // Nearly all are strings of less than 256 bytes.
        let len = match *self.0 {
            [first @ 0xa0..=0xbf, ref rest @ ..] => {
                self.0 = rest;
                usize::from(first & 0x1f)
            }
            [marker::STR8, len, ref rest @ ..] => {
                self.0 = rest;
                usize::from(len)
            }
            [marker::NIL, ref rest @ ..] => {
                self.0 = rest;
                return Ok(None);
            }
            _ => return self.other_text(path()),
        };
        self.take(len).map(Some)
    }

    #[cold]
    fn other_text(&mut self, path: FieldPath) -> Result<Option<&'a [u8]>, StacktraceError> {
        match self.0.first() {
            Some(&first @ marker::STR8..=marker::STR32) => {
                self.first()?;
                let len = self.number(1 << (first - marker::STR8))?;
                self.take(usize::try_from(len).map_err(|_| ENDS)?).map(Some)
            }
            Some(&first) if !matches!(first, marker::NIL | marker::BIN8..=marker::BIN32) => {
                self.unwrap_sized();
                let first = self.first().unwrap_or(first);
                Err(wrong_type(path, "a text or None", first))
            }
            _ => self.bytes(|| path),
        }
    }

    #[inline]
    pub(super) fn bool(&mut self, path: FieldPath) -> Result<Option<bool>, StacktraceError> {
        self.unwrap_sized();
        match self.first()? {
            marker::NIL => Ok(None),
            marker::FALSE => Ok(Some(false)),
            marker::TRUE => Ok(Some(true)),
            first => Err(wrong_type(path, "a bool or None", first)),
        }
    }

    /// Reads a signed integer of 8 bits, or nil. Booleans are 0 and 1, as in Python.
    #[inline]
    pub(super) fn small_int(&mut self, path: FieldPath) -> Result<Option<i8>, StacktraceError> {
        self.unwrap_sized();
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
            None => Err(wrong_type(path, "an int from -128 to 127 or None", first)),
        }
    }
}

#[cold]
fn wrong_type(path: FieldPath, expected: &'static str, first: u8) -> StacktraceError {
    StacktraceError::Type {
        path,
        expected,
        found: marker::kind(first),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    use crate::enhancements::fields::TextField;

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
        let decoded = decode(&packed).unwrap();
        assert_eq!(decoded.exception, exception);
        assert_eq!(decoded.unpack().unwrap(), frames);
    }

    #[test]
    fn every_shortened_buffer_is_an_error() {
        let (exception, mut frames) = sample();
        frames[1].function = Some("f");
        let packed = pack(&exception, &frames).unwrap();
        for len in 0..packed.len() {
            let result = decode(&packed[..len]);
            assert_eq!(result, Err(ENDS), "{len} bytes");
        }
        let longer = [&packed[..], &[0xc0]].concat();
        assert!(matches!(
            decode(&longer),
            Err(StacktraceError::Structure(_))
        ));
    }

    /// The beginning of a stack trace whose exception has no fields.
    fn without_exception() -> Vec<u8> {
        let mut packed = vec![0x92, short_array(ExceptionField::COUNT)];
        packed.extend([0xc0; ExceptionField::COUNT]);
        packed
    }

    /// A frame whose field has the given MessagePack value.
    fn with_field(field: FrameField, value: &[u8]) -> Vec<u8> {
        let mut packed = without_exception();
        packed.push(0x91);
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
            let decoded = decode(&packed);
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
            let err = decode(&with_field(field, value)).unwrap_err();
            assert_eq!(err.to_string(), message);
        }
        for field in FrameField::KEY.into_iter().chain([FrameField::Category]) {
            let name = field.name();
            let packed = with_field(field, &[0xc4, 1, 0xff]);
            let decoded = decode(&packed).unwrap();
            let message = decoded.unpack().unwrap_err().to_string();
            assert_eq!(message, format!("frame 0: field `{name}`: invalid UTF-8"));
        }
    }

    #[test]
    fn a_count_that_lies_reserves_nothing() {
        let mut lying = without_exception();
        lying.extend([0xdd, 0xff, 0xff, 0xff, 0xff]);
        assert_eq!(decode(&lying), Err(ENDS));
    }
}
