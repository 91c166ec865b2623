//! Reads packed stack traces whose frames are mappings.
//!
//! A caller that has a mapping for each frame packs all mappings in one call of its MessagePack
//! library. This is faster than taking the values out first:
//!
//! ```text
//! [{"ty": .., "value": .., "mechanism": ..}, [{"category": .., "function": .., ...}, ...]]
//! ```
//!
//! The keys of a mapping may be in any order, and other keys are ignored. Most mappings of a stack
//! trace have the same order of keys, so a key is first compared with the key at the same position
//! of the previous frame.
//!
//! The engine receives the same view as for the packed form of [`msgpack`](super::msgpack). For
//! that the values of the key of a frame must be consecutive, so they are copied.

use std::cell::Cell;

use crate::enhancements::fields::{ByKey, ExceptionField, FrameField};
use crate::enhancements::frame::ExceptionData;
use crate::enhancements::stacktrace::msgpack::{self, packed_key, Reader};
use crate::enhancements::stacktrace::view::{
    utf8, FieldPath, FrameKey, FrameView, StacktraceError, StacktraceView,
};
use crate::limits::Limit;

/// A buffer for the keys of frames. Each thread keeps one, unless it is too large.
#[derive(Debug, Default)]
pub struct KeyBuffer(Vec<u8>);

/// A buffer that has grown larger than this is freed.
const MAX_KEPT: usize = 64 << 10;

thread_local! {
    static KEPT: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

impl KeyBuffer {
    /// Takes the buffer of this thread, or makes a new one.
    pub fn take() -> Self {
        Self(KEPT.try_with(Cell::take).unwrap_or_default())
    }

    /// Reads a stack trace whose frames are mappings or, in the packed form, arrays.
    ///
    /// # Errors
    ///
    /// Fails as [`msgpack::decode`] does, and if a key is missing in a mapping.
    pub fn decode<'a>(
        &'a mut self,
        bytes: &'a [u8],
    ) -> Result<StacktraceView<'a>, StacktraceError> {
        match bytes {
            [0x92, 0x80..=0x8f | 0xde | 0xdf, ..] => read(bytes, &mut self.0),
            _ => msgpack::decode(bytes),
        }
    }
}

impl Drop for KeyBuffer {
    fn drop(&mut self) {
        if self.0.capacity() <= MAX_KEPT {
            let buffer = std::mem::take(&mut self.0);
            // When a thread ends, its buffer may already be freed.
            let _ = KEPT.try_with(|kept| kept.set(buffer));
        }
    }
}

fn read<'a>(
    bytes: &'a [u8],
    buffer: &'a mut Vec<u8>,
) -> Result<StacktraceView<'a>, StacktraceError> {
    let mut reader = Reader::new(bytes);
    reader.array(2, "expected an array of exception and frames")?;
    let exception = read_exception(&mut reader)?;

    let count = reader.array_len("expected an array of frames")?;
    Limit::Frames.check(reader.at_most(count))?;
    // The copied values are shorter than the mappings. The buffer may contain bytes of an earlier
    // call, which are overwritten before they are read.
    if buffer.len() < bytes.len() {
        buffer.resize(bytes.len(), 0);
    }
    let mut room = buffer.as_mut_slice();
    let mut frames = Vec::with_capacity(reader.at_most(count));
    let mut keys = Keys::new(&FRAME_KEYS);
    for index in 0..count {
        frames.push(read_frame(&mut reader, &mut keys, &mut room, index)?);
    }
    reader.end("bytes follow the stack trace")?;
    Ok(StacktraceView {
        exception,
        frames,
        repeats: Vec::new(),
    })
}

fn read_exception<'a>(reader: &mut Reader<'a>) -> Result<ExceptionData<'a>, StacktraceError> {
    let mut keys = Keys::new(&EXCEPTION_KEYS);
    let mut values = [None; ExceptionField::COUNT];
    let path = |field: ExceptionField| FieldPath::Exception(field.name());
    let mut seen = 0;
    for position in 0..pairs(reader)? {
        let number = keys.next(reader, position)?;
        let Some(&field) = ExceptionField::ALL.get(number) else {
            reader.skip()?;
            continue;
        };
        seen |= 1 << number;
        values[number] = utf8(reader.bytes(|| path(field))?, path(field))?;
    }
    keys.check(seen, FieldPath::Exception)?;
    ExceptionData::from_fields(|field| Ok(values[field as usize]))
}

// `read_frame` reads a category, the key, and the two fields after it.
const _: () = assert!(FrameField::COUNT == 1 + FrameField::KEY.len() + 2);

#[inline]
fn read_frame<'a>(
    reader: &mut Reader<'a>,
    keys: &mut Keys<{ FrameField::COUNT }>,
    room: &mut &'a mut [u8],
    index: usize,
) -> Result<FrameView<'a>, StacktraceError> {
    let path = |field: FrameField| FieldPath::Frame(index, field.name());
    let (mut category, mut in_app, mut orig_in_app) = (None, None, None);
    let mut texts: ByKey<&[u8]> = ByKey::default();
    let mut seen = 0;
    for position in 0..pairs(reader)? {
        let number = keys.next(reader, position)?;
        let Some(&field) = FrameField::ALL.get(number) else {
            reader.skip()?;
            continue;
        };
        seen |= 1 << number;
        match field {
            FrameField::Category => category = reader.bytes(|| path(field))?,
            FrameField::InApp => in_app = reader.bool(path(field))?,
            FrameField::OrigInApp => orig_in_app = reader.small_int(path(field))?,
            FrameField::Family | FrameField::Text(_) => {
                // The key begins after the category.
                texts[number - 1] = reader.encoded_bytes(|| path(field))?;
            }
        }
    }
    keys.check(seen, |name| FieldPath::Frame(index, name))?;

    let len = texts.iter().map(|text| text.len()).sum();
    let (key, rest) =
        std::mem::take(room)
            .split_at_mut_checked(len)
            .ok_or(StacktraceError::Structure(
                "its texts are longer than it is",
            ))?;
    *room = rest;
    let mut start = 0;
    for text in texts {
        match *text {
            [byte] => key[start] = byte,
            _ => key[start..start + text.len()].copy_from_slice(text),
        }
        start += text.len();
    }
    Ok(FrameView {
        category,
        key: FrameKey::Encoded(key),
        in_app,
        orig_in_app,
    })
}

/// Begins a mapping: the number of its keys.
fn pairs(reader: &mut Reader<'_>) -> Result<usize, StacktraceError> {
    match reader.map_or_other()? {
        Some(count) => Ok(count),
        None => Err(StacktraceError::Structure("expected a mapping")),
    }
}

/// The names of the fields of a mapping, and their positions in the previous mapping.
struct Keys<const N: usize> {
    names: &'static [Name; N],
    /// The field that was at each position; `N` for a key that is not a field.
    order: [u8; POSITIONS],
}

/// The number of positions for which the previous field is kept. Keys after them are looked up.
const POSITIONS: usize = 32;

static EXCEPTION_KEYS: [Name; ExceptionField::COUNT] = {
    let mut names = [Name::new(""); ExceptionField::COUNT];
    let mut index = 0;
    while index < names.len() {
        names[index] = Name::new(ExceptionField::ALL[index].name());
        index += 1;
    }
    names
};

static FRAME_KEYS: [Name; FrameField::COUNT] = {
    let mut names = [Name::new(""); FrameField::COUNT];
    let mut index = 0;
    while index < names.len() {
        names[index] = Name::new(FrameField::ALL[index].name());
        index += 1;
    }
    names
};

/// A packed key, in a form that can be compared without a function call.
#[derive(Clone, Copy)]
struct Name {
    text: &'static str,
    /// The marker and the first 15 bytes, and a mask of their bits.
    packed: u128,
    mask: u128,
}

impl Name {
    const fn new(text: &'static str) -> Self {
        Self {
            text,
            packed: packed_key(text),
            mask: u128::MAX >> (8 * (15 - text.len())),
        }
    }
}

impl<const N: usize> Keys<N> {
    fn new(names: &'static [Name; N]) -> Self {
        // The first mapping usually has its keys in the order of the fields. If not, the order is
        // learned from it.
        let mut order = [N as u8; POSITIONS];
        for (number, last) in (0..).zip(&mut order[..N]) {
            *last = number;
        }
        Self { names, order }
    }

    /// Reads the key at this position. Returns the number of its field, or `N`.
    #[inline]
    fn next(&mut self, reader: &mut Reader<'_>, position: usize) -> Result<usize, StacktraceError> {
        if let Some(&last) = self.order.get(position) {
            let last = usize::from(last);
            if let Some(name) = self.names.get(last) {
                if reader.skip_if(name.packed, name.mask, 1 + name.text.len()) {
                    return Ok(last);
                }
            }
        }
        let key = reader.key()?;
        Ok(self.find(position, key))
    }

    #[cold]
    fn find(&mut self, position: usize, key: &[u8]) -> usize {
        let found = self
            .names
            .iter()
            .position(|name| name.text.as_bytes() == key);
        let number = found.unwrap_or(N);
        if let Some(last) = self.order.get_mut(position) {
            *last = number as u8;
        }
        number
    }

    /// Fails if one of the fields is missing.
    #[inline]
    fn check(
        &self,
        seen: u32,
        path: impl Fn(&'static str) -> FieldPath,
    ) -> Result<(), StacktraceError> {
        let missing = (!seen).trailing_zeros() as usize;
        match self.names.get(missing) {
            Some(name) => Err(StacktraceError::Missing(path(name.text))),
            None => Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::enhancements::frame::Frame;
    use crate::enhancements::stacktrace::msgpack::pack;

    fn put_text(out: &mut Vec<u8>, text: &str) {
        out.push(0xd9);
        out.push(text.len() as u8);
        out.extend(text.as_bytes());
    }

    fn put_value(out: &mut Vec<u8>, value: Option<&str>) {
        match value {
            None => out.push(0xc0),
            Some(text) => {
                out.extend([0xc4, text.len() as u8]);
                out.extend(text.as_bytes());
            }
        }
    }

    /// Packs mappings with their keys in an order that depends on the frame, and with others.
    fn mappings(exception: &ExceptionData<'_>, frames: &[Frame<'_>], turn: usize) -> Vec<u8> {
        let mut out = vec![0x92, 0x80 | ExceptionField::COUNT as u8];
        for field in ExceptionField::ALL.iter().rev() {
            put_text(&mut out, field.name());
            put_value(&mut out, field.of(exception));
        }
        out.extend([0xdd, 0, 0, 0, frames.len() as u8]);
        for (number, frame) in frames.iter().enumerate() {
            out.extend([0xde, 0, FrameField::COUNT as u8 + 2]);
            let mut fields = FrameField::ALL;
            fields.rotate_left(turn * number % FrameField::COUNT);
            put_text(&mut out, "other");
            // {"a": [1.0, [nil], ext, "text", 2^32, -1]}
            out.extend([
                0x81, 0xa1, b'a', 0x96, 0xcb, 1, 2, 3, 4, 5, 6, 7, 8, 0x91, 0xc0,
            ]);
            out.extend([0xd4, 1, 2, 0xa4, b't', b'e', b'x', b't']);
            out.extend([0xcf, 0, 0, 0, 1, 0, 0, 0, 0, 0xff]);
            for field in fields {
                put_text(&mut out, field.name());
                match field {
                    FrameField::Category => put_value(&mut out, frame.category),
                    FrameField::Family => put_value(&mut out, frame.family),
                    FrameField::Text(text) => put_value(&mut out, text.of(frame)),
                    FrameField::InApp => out.push(match frame.in_app {
                        None => 0xc0,
                        Some(false) => 0xc2,
                        Some(true) => 0xc3,
                    }),
                    FrameField::OrigInApp => match frame.orig_in_app {
                        None => out.push(0xc0),
                        Some(value) => out.extend([0xd0, value as u8]),
                    },
                }
            }
            put_text(&mut out, "functions");
            out.extend([0xc7, 2, 5, 0, 0]);
        }
        out
    }

    fn sample<'a>() -> (ExceptionData<'a>, Vec<Frame<'a>>) {
        let exception = ExceptionData {
            ty: Some("Error"),
            value: None,
            mechanism: Some("m"),
        };
        let frame = Frame {
            category: Some("c"),
            family: Some("native"),
            function: Some("main"),
            module: None,
            package: Some(""),
            path: Some("/a/b"),
            in_app: Some(true),
            orig_in_app: Some(-128),
        };
        (exception, vec![frame, Frame::default(), frame, frame])
    }

    #[test]
    fn keys_in_any_order_give_the_packed_form() {
        let (exception, frames) = sample();
        for turn in 0..FrameField::COUNT {
            let bytes = mappings(&exception, &frames, turn);
            let mut buffer = KeyBuffer::take();
            let read = buffer.decode(&bytes).unwrap();
            assert_eq!(read.exception, exception);
            assert_eq!(read.unpack().unwrap(), frames, "turned by {turn}");
        }
    }

    #[test]
    fn both_forms_have_the_same_keys() {
        let (exception, frames) = sample();
        let packed = pack(&exception, &frames).unwrap();
        let (mut one, mut other) = (KeyBuffer::take(), KeyBuffer::take());
        let bytes = mappings(&exception, &frames, 3);
        assert_eq!(one.decode(&packed).unwrap(), other.decode(&bytes).unwrap());
    }

    #[test]
    fn a_key_that_is_there_twice_needs_no_more_room_than_there_is() {
        let mut bytes = vec![0x92, 0x80 | ExceptionField::COUNT as u8];
        for field in ExceptionField::ALL {
            put_text(&mut bytes, field.name());
            bytes.push(0xc0);
        }
        bytes.extend([0x91, 0x80 | (FrameField::COUNT as u8 + 1)]);
        for field in FrameField::ALL {
            put_text(&mut bytes, field.name());
            bytes.push(0xc0);
        }
        put_text(&mut bytes, "path");
        put_value(&mut bytes, Some("/a"));
        let mut buffer = KeyBuffer::take();
        let read = buffer.decode(&bytes).unwrap();
        assert_eq!(read.unpack().unwrap()[0].path, Some("/a"));
    }

    #[test]
    fn every_shortened_buffer_is_an_error() {
        let (exception, frames) = sample();
        let bytes = mappings(&exception, &frames, 3);
        for len in 2..bytes.len() {
            assert!(KeyBuffer::take().decode(&bytes[..len]).is_err(), "{len}");
        }
        let longer = [&bytes[..], &[0xc0]].concat();
        assert!(KeyBuffer::take().decode(&longer).is_err());
    }

    #[test]
    fn a_missing_key_is_reported_with_its_frame() {
        let (exception, frames) = sample();
        let bytes = mappings(&exception, &frames, 0);
        for field in FrameField::ALL {
            let mut damaged = bytes.clone();
            let name = field.name().as_bytes();
            let at = damaged
                .windows(name.len() + 1)
                .rposition(|part| part[0] == name.len() as u8 && part[1..] == *name)
                .unwrap();
            damaged[at + 1] = b'!';
            let err = KeyBuffer::take().decode(&damaged).unwrap_err();
            assert_eq!(
                err.to_string(),
                format!("frame 3: missing key `{}`", field.name())
            );
        }
    }

    #[test]
    fn a_count_that_lies_reserves_nothing() {
        let mut lying = mappings(&ExceptionData::default(), &[], 0);
        lying.truncate(lying.len() - 4);
        lying.extend([0xff; 4]);
        assert!(KeyBuffer::take().decode(&lying).is_err());
        let deep = [&[0x92, 0x81, 0xa1, b'a'][..], &[0xdd; 100_000]].concat();
        assert!(KeyBuffer::take().decode(&deep).is_err());
    }
}
