//! Encodes texts as consecutive bytes: the key of a frame, and the texts of the packed form.
//!
//! ```text
//! nil                 0xc0
//! up to 255 bytes     0xc4 length  bytes...      two and four bytes of length: 0xc5, 0xc6
//! ```
//!
//! These are the nil and the binaries of MessagePack. The key of a frame, the part that no rule
//! changes, is a sequence of such texts, so the key of a packed frame is a slice of the buffer.
//! [`put`] writes the length in the shortest form, so that each text has exactly one encoding.

/// The first byte of a missing text.
pub(super) const NIL: u8 = 0xc0;
/// The first byte of a text with one, two or four bytes of length.
pub(super) const BIN8: u8 = 0xc4;
pub(super) const BIN16: u8 = 0xc5;
pub(super) const BIN32: u8 = 0xc6;

/// Appends a text. Its length is limited to 32 bits.
#[inline]
pub(super) fn put(out: &mut Vec<u8>, text: Option<&[u8]>) {
    let Some(text) = text else {
        out.push(NIL);
        return;
    };
    match text.len() {
        len @ 0..=0xff => out.extend_from_slice(&[BIN8, len as u8]),
        len @ 0x100..=0xffff => {
            out.push(BIN16);
            out.extend((len as u16).to_be_bytes());
        }
        len => {
            out.push(BIN32);
            out.extend((len as u32).to_be_bytes());
        }
    }
    out.extend_from_slice(text);
}

/// Removes a text from the front and returns it. Returns `None`, and removes nothing, if the front
/// is not a text.
#[inline(always)]
pub(super) fn take<'a>(bytes: &mut &'a [u8]) -> Option<Option<&'a [u8]>> {
    // Nearly all texts are nil or have less than 256 bytes.
    match **bytes {
        [NIL, ref rest @ ..] => {
            *bytes = rest;
            Some(None)
        }
        [BIN8, len, ref rest @ ..] if rest.len() >= usize::from(len) => {
            let (text, rest) = rest.split_at(usize::from(len));
            *bytes = rest;
            Some(Some(text))
        }
        _ => take_long(bytes).map(Some),
    }
}

/// Returns how many bytes `count` texts at the front take. Returns `None` if they are not all nil or
/// shorter than 256 bytes; then [`take`] reads them one by one.
///
/// It is a third of the work of taking them one by one.
#[inline]
pub(super) fn length_of_short(bytes: &[u8], count: usize) -> Option<usize> {
    let mut at = 0;
    for _ in 0..count {
        at += match *bytes.get(at)? {
            NIL => 1,
            BIN8 => 2 + usize::from(*bytes.get(at + 1)?),
            _ => return None,
        };
    }
    (at <= bytes.len()).then_some(at)
}

#[cold]
fn take_long<'a>(bytes: &mut &'a [u8]) -> Option<&'a [u8]> {
    let (&first, rest) = bytes.split_first()?;
    let width = match first {
        BIN16 => 2,
        BIN32 => 4,
        _ => return None,
    };
    let (len, rest) = rest.split_at_checked(width)?;
    let len = len
        .iter()
        .fold(0, |len, &byte| len << 8 | usize::from(byte));
    let (text, rest) = rest.split_at_checked(len)?;
    *bytes = rest;
    Some(text)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_length_of_short_texts_is_known() {
        let mut bytes = Vec::new();
        let texts = [None, Some(&b"a"[..]), Some(&[b'x'; 255]), Some(b""), None];
        for text in texts {
            put(&mut bytes, text);
        }
        let len = bytes.len();
        bytes.push(BIN8);
        assert_eq!(length_of_short(&bytes, texts.len()), Some(len));
        for cut in 0..len {
            assert_eq!(length_of_short(&bytes[..cut], texts.len()), None, "{cut}");
        }
        assert_eq!(length_of_short(&bytes, texts.len() + 1), None);
        let mut long = Vec::new();
        put(&mut long, Some(&[b'x'; 256]));
        assert_eq!(length_of_short(&long, 1), None);
        assert_eq!(length_of_short(b"\xa1a", 1), None);
    }

    #[test]
    fn what_is_put_is_taken() {
        let long = vec![b'x'; 70_000];
        for text in [
            None,
            Some(&b""[..]),
            Some(b"a"),
            Some(&long[..300]),
            Some(&long),
        ] {
            let mut bytes = Vec::new();
            put(&mut bytes, text);
            for len in 0..bytes.len() {
                let mut short = &bytes[..len];
                assert_eq!(take(&mut short), None);
                assert_eq!(short.len(), len);
            }
            bytes.push(NIL);
            let mut rest = &bytes[..];
            assert_eq!(take(&mut rest), Some(text));
            assert_eq!(rest, [NIL]);
        }
    }
}
