//! A reader of JSON that takes what it is asked for, and skips the rest.
//!
//! An event has some kilobytes, and rules look at a few texts of it. So nothing is built from
//! the JSON: a caller walks through objects and lists, and texts without escapes are borrowed.
//!
//! ```text
//! {"level": "error", "request": {...}, "exception": {"values": [{"type": "E", ...}]}}
//!  text              skipped           object       list        text
//! ```
//!
//! What is skipped must be JSON as well, except that texts can have control characters. Half of
//! a surrogate pair is read as U+FFFD. A [strict](Reader::strict) reader accepts neither. A number
//! that is skipped can have any number of digits, and can be `NaN`, `Infinity` or `-Infinity`, which
//! Python writes and reads. Lists and objects can be [`MAX_DEPTH`] deep.

use std::borrow::Cow;

use memchr::memchr2;

use super::{number, MaybeText, Read, ReadError, Result};

/// How deep lists and objects can be nested.
pub(crate) const MAX_DEPTH: u32 = 128;

/// Numbers that are not finite, as Python writes them.
const WORDS: [&str; 3] = ["NaN", "Infinity", "-Infinity"];

/// What is not read yet.
pub(crate) struct Reader<'j> {
    json: &'j str,
    at: usize,
    depth: u32,
    is_strict: bool,
}

impl<'j> Reader<'j> {
    pub(crate) fn new(json: &'j [u8]) -> Result<Self> {
        let json = std::str::from_utf8(json).map_err(|error| {
            let at = error.valid_up_to();
            ReadError::new(format!("not JSON: byte {at} is not UTF-8"))
        })?;
        Ok(Self {
            json,
            at: 0,
            depth: 0,
            is_strict: false,
        })
    }

    /// Makes a reader that accepts what other readers of JSON do. A text with a control character
    /// is an error, also where it is skipped. Half of a surrogate pair is an error in a text that
    /// is read: no text can hold it.
    pub(crate) fn strict(json: &'j [u8]) -> Result<Self> {
        let reader = Self::new(json)?;
        Ok(Self {
            is_strict: true,
            ..reader
        })
    }

    /// Skips a value and returns its text.
    fn value(&mut self) -> Result<&'j str> {
        self.next_byte();
        let start = self.at;
        self.skip()?;
        Ok(&self.json[start..self.at])
    }

    fn skip_key(&mut self) -> Result<()> {
        if self.next_byte() != Some(b'"') {
            return Err(self.syntax("expected a key in quotes"));
        }
        self.skip_quoted()?;
        self.expect(b':', "expected `:`")
    }

    fn enter(&mut self) -> Result<()> {
        if self.depth == MAX_DEPTH {
            return Err(self.syntax(&format!("more than {MAX_DEPTH} levels")));
        }
        self.depth += 1;
        self.at += 1;
        Ok(())
    }

    fn leave(&mut self) {
        self.depth -= 1;
        self.at += 1;
    }

    /// Skips white space, and returns the byte after it.
    #[inline]
    fn next_byte(&mut self) -> Option<u8> {
        let bytes = self.json.as_bytes();
        loop {
            let byte = *bytes.get(self.at)?;
            if !matches!(byte, b' ' | b'\n' | b'\r' | b'\t') {
                return Some(byte);
            }
            self.at += 1;
        }
    }

    fn expect(&mut self, byte: u8, message: &str) -> Result<()> {
        if self.next_byte() == Some(byte) {
            self.at += 1;
            return Ok(());
        }
        Err(self.syntax(message))
    }

    fn word(&mut self, word: &str) -> Result<()> {
        if self.json[self.at..].starts_with(word) {
            self.at += word.len();
            return Ok(());
        }
        Err(self.syntax("expected a value"))
    }

    fn number(&mut self) -> Result<()> {
        let bytes = &self.json.as_bytes()[self.at..];
        if let Some(word) = WORDS.iter().find(|word| bytes.starts_with(word.as_bytes())) {
            self.at += word.len();
            return Ok(());
        }
        let digits = |at: usize| {
            let digits = bytes[at..].iter().take_while(|byte| byte.is_ascii_digit());
            at + digits.count()
        };
        let first = usize::from(bytes.first() == Some(&b'-'));
        let mut end = digits(first);
        let mut valid = end > first && (bytes[first] != b'0' || end == first + 1);
        if bytes.get(end) == Some(&b'.') {
            let fraction = end + 1;
            end = digits(fraction);
            valid &= end > fraction;
        }
        if matches!(bytes.get(end), Some(b'e' | b'E')) {
            let sign = matches!(bytes.get(end + 1), Some(b'+' | b'-'));
            let exponent = end + 1 + usize::from(sign);
            end = digits(exponent.min(bytes.len()));
            valid &= end > exponent;
        }
        if !valid {
            return Err(self.syntax("expected a number"));
        }
        self.at += end;
        Ok(())
    }

    /// Skips a text, and returns whether it has escapes.
    #[inline]
    fn skip_quoted(&mut self) -> Result<bool> {
        let bytes = self.json.as_bytes();
        let start = self.at + 1;
        let end = quote_or_backslash(bytes, start);
        let has_escapes = bytes.get(end) != Some(&b'"');
        if has_escapes {
            self.skip_escaped(end)?;
        } else {
            self.at = end + 1;
        }
        // All bytes at once, without a branch.
        let control = |text: &[u8]| text.iter().fold(false, |any, &byte| any | (byte < b' '));
        if self.is_strict && control(&bytes[start..self.at]) {
            self.at = start;
            return Err(self.syntax("this text has a control character"));
        }
        Ok(has_escapes)
    }

    /// Skips the rest of a text, of which an escape is at `at`.
    fn skip_escaped(&mut self, mut at: usize) -> Result<()> {
        let bytes = self.json.as_bytes();
        loop {
            at = quote_or_backslash(bytes, at);
            match bytes.get(at) {
                None => return Err(self.syntax("this text is not closed")),
                Some(b'"') => {
                    self.at = at + 1;
                    return Ok(());
                }
                Some(_) => {}
            }
            at += match bytes.get(at + 1) {
                Some(b'"' | b'\\' | b'/' | b'b' | b'f' | b'n' | b'r' | b't') => 2,
                Some(b'u') if code(bytes, at + 2).is_some() => 6,
                _ => {
                    self.at = at;
                    return Err(self.syntax("this escape is not valid"));
                }
            };
        }
    }

    fn quoted(&mut self) -> Result<Cow<'j, str>> {
        let start = self.at + 1;
        let has_escapes = self.skip_quoted()?;
        let raw = &self.json[start..self.at - 1];
        let (text, is_whole) = if has_escapes {
            let (text, is_whole) = unescaped(raw);
            (text.into(), is_whole)
        } else {
            (raw.into(), true)
        };
        if self.is_strict && !is_whole {
            self.at = start;
            return Err(self.syntax("this text has half of a surrogate pair"));
        }
        Ok(text)
    }

    fn syntax(&self, message: &str) -> ReadError {
        let before = &self.json.as_bytes()[..self.at.min(self.json.len())];
        let line = 1 + memchr::memchr_iter(b'\n', before).count();
        let begin = memchr::memrchr(b'\n', before).map_or(0, |at| at + 1);
        let column = 1 + self.json[begin..before.len()].chars().count();
        ReadError::new(format!(
            "not JSON: {message} at line {line} column {column}"
        ))
    }
}

impl<'j> Read<'j> for Reader<'j> {
    fn is_object(&mut self) -> bool {
        self.next_byte() == Some(b'{')
    }

    fn is_list(&mut self) -> bool {
        self.next_byte() == Some(b'[')
    }

    fn is_text(&mut self) -> bool {
        self.next_byte() == Some(b'"')
    }

    fn is_boolean(&mut self) -> bool {
        matches!(self.next_byte(), Some(b't' | b'f'))
    }

    fn unexpected(&mut self, expected: &str) -> ReadError {
        let found = match self.next_byte() {
            Some(b'"') => "a text",
            Some(b'{') => "an object",
            Some(b'[') => "a list",
            Some(b't' | b'f') => "a boolean",
            Some(b'n') => "null",
            Some(b'-' | b'0'..=b'9' | b'N' | b'I') => "a number",
            _ => return self.syntax("expected a value"),
        };
        ReadError::unexpected(expected, found)
    }

    fn null(&mut self) -> Result<bool> {
        if self.next_byte() != Some(b'n') {
            return Ok(false);
        }
        self.word("null").map(|()| true)
    }

    fn skip(&mut self) -> Result<()> {
        // One bit for each level that is open here: 1 for an object.
        let mut open = 0_u128;
        let outside = self.depth;
        loop {
            // A value begins here.
            match self.next_byte() {
                Some(b'"') => {
                    self.skip_quoted()?;
                }
                Some(b'{') => {
                    self.enter()?;
                    if self.next_byte() == Some(b'}') {
                        self.leave();
                    } else {
                        open = open << 1 | 1;
                        self.skip_key()?;
                        continue;
                    }
                }
                Some(b'[') => {
                    self.enter()?;
                    if self.next_byte() == Some(b']') {
                        self.leave();
                    } else {
                        open <<= 1;
                        continue;
                    }
                }
                Some(b'-' | b'0'..=b'9' | b'N' | b'I') => self.number()?,
                Some(b't') => self.word("true")?,
                Some(b'f') => self.word("false")?,
                Some(b'n') => self.word("null")?,
                _ => return Err(self.syntax("expected a value")),
            }
            // A value ended: close what ends with it.
            loop {
                if self.depth == outside {
                    return Ok(());
                }
                let is_object = open & 1 == 1;
                match self.next_byte() {
                    Some(b',') => {
                        self.at += 1;
                        if is_object {
                            self.skip_key()?;
                        }
                        break;
                    }
                    Some(b'}') if is_object => {}
                    Some(b']') if !is_object => {}
                    _ if is_object => return Err(self.syntax("expected `,` or `}`")),
                    _ => return Err(self.syntax("expected `,` or `]`")),
                }
                self.leave();
                open >>= 1;
            }
        }
    }

    fn begin_object(&mut self) -> Result<Option<usize>> {
        if self.next_byte() != Some(b'{') {
            return self.skip().map(|()| None);
        }
        self.enter()?;
        Ok(Some(0))
    }

    fn next_key(&mut self, open: &mut usize) -> Result<Option<Cow<'j, str>>> {
        match self.next_byte() {
            Some(b'}') => {
                self.leave();
                return Ok(None);
            }
            Some(b',') if *open > 0 => self.at += 1,
            _ if *open > 0 => return Err(self.syntax("expected `,` or `}`")),
            _ => {}
        }
        *open = 1;
        if self.next_byte() != Some(b'"') {
            return Err(self.syntax("expected a key in quotes"));
        }
        let key = self.quoted()?;
        self.expect(b':', "expected `:`")?;
        Ok(Some(key))
    }

    fn begin_list(&mut self) -> Result<Option<usize>> {
        if self.next_byte() != Some(b'[') {
            return self.skip().map(|()| None);
        }
        self.enter()?;
        Ok(Some(0))
    }

    fn next_element(&mut self, open: &mut usize) -> Result<bool> {
        match self.next_byte() {
            Some(b']') => {
                self.leave();
                return Ok(false);
            }
            Some(b',') if *open > 0 => self.at += 1,
            _ if *open > 0 => return Err(self.syntax("expected `,` or `]`")),
            _ => {}
        }
        *open = 1;
        Ok(true)
    }

    fn text(&mut self) -> Result<MaybeText<'j>> {
        match self.next_byte() {
            Some(b'"') => self.quoted().map(Some),
            Some(b'-' | b'0'..=b'9' | b'N' | b'I') => {
                let number = self.value()?;
                if WORDS.contains(&number) {
                    return Err(self.syntax("this number is not finite"));
                }
                let text = number::python_number(number);
                let infinite = || self.syntax("this number is too large");
                text.map(Some).ok_or_else(infinite)
            }
            _ if self.null()? => Ok(None),
            _ => Err(self.unexpected("a text, a number or null")),
        }
    }

    fn lenient_text(&mut self) -> Result<MaybeText<'j>> {
        let text = match self.next_byte() {
            Some(b't') => self.word("true").map(|()| "True"),
            Some(b'f') => self.word("false").map(|()| "False"),
            _ => return self.text(),
        };
        text.map(|text| Some(text.into()))
    }

    fn boolean(&mut self) -> Result<Option<bool>> {
        Ok(match self.value()? {
            "true" => Some(true),
            "false" => Some(false),
            // A value that is not a number does not parse: it has a bracket, a quote or a `u`.
            other => other.parse().ok().and_then(number::flag),
        })
    }

    fn truth(&mut self) -> Result<bool> {
        let value = self.value()?;
        let empty = |inside: &str| inside.bytes().all(|byte| byte.is_ascii_whitespace());
        Ok(match value.as_bytes() {
            b"null" | b"false" | b"\"\"" => false,
            [b'[' | b'{', .., b']' | b'}'] => !empty(&value[1..value.len() - 1]),
            [b'-' | b'0'..=b'9', ..] => value.parse() != Ok(0.0),
            _ => true,
        })
    }

    fn end(&mut self) -> Result<()> {
        match self.next_byte() {
            None => Ok(()),
            Some(_) => Err(self.syntax("expected the end")),
        }
    }
}

/// The offset of the next quote or backslash, or of the end.
#[inline]
fn quote_or_backslash(bytes: &[u8], mut at: usize) -> usize {
    // Nearly all texts have less than 32 bytes. For these, eight bytes at a time take half of
    // the time of a call of memchr.
    for _ in 0..4 {
        let Some(eight) = bytes.get(at..at + 8) else {
            break;
        };
        let eight = eight.try_into().map_or(0, u64::from_le_bytes);
        let found = zero_bytes(eight ^ every(b'"')) | zero_bytes(eight ^ every(b'\\'));
        if found != 0 {
            return at + found.trailing_zeros() as usize / 8;
        }
        at += 8;
    }
    let rest = bytes.get(at..).unwrap_or_default();
    at + memchr2(b'"', b'\\', rest).unwrap_or(rest.len())
}

/// A word of which each byte is this one.
const fn every(byte: u8) -> u64 {
    u64::from_le_bytes([byte; 8])
}

/// A word with the highest bit of the first byte that is zero, and of none before it.
fn zero_bytes(word: u64) -> u64 {
    word.wrapping_sub(every(1)) & !word & every(0x80)
}

/// The number of a `\u` escape.
fn code(bytes: &[u8], at: usize) -> Option<u32> {
    let digits = bytes.get(at..at + 4)?.iter();
    digits.copied().try_fold(0, |all, digit| {
        Some(all << 4 | char::from(digit).to_digit(16)?)
    })
}

/// Returns the character that two halves of a surrogate pair stand for.
pub(crate) fn pair(high: u32, low: u32) -> Option<char> {
    let halves = (0xd800..0xdc00).contains(&high) && (0xdc00..0xe000).contains(&low);
    let code = || 0x1_0000 + ((high - 0xd800) << 10) + (low - 0xdc00);
    halves.then(code).and_then(char::from_u32)
}

/// A text without its escapes, which are known to be valid, and whether it has no half of a
/// surrogate pair.
fn unescaped(raw: &str) -> (String, bool) {
    let mut is_whole = true;
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr::memchr(b'\\', rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let bytes = rest.as_bytes();
        let mut len = 2;
        let c = match bytes.get(at + 1) {
            Some(b'b') => '\x08',
            Some(b'f') => '\x0c',
            Some(b'n') => '\n',
            Some(b'r') => '\r',
            Some(b't') => '\t',
            Some(b'u') => {
                len = 6;
                let high = code(bytes, at + 2).unwrap_or_default();
                char::from_u32(high).unwrap_or_else(|| {
                    let next = bytes.get(at + 6..at + 8) == Some(b"\\u");
                    let low = next.then(|| code(bytes, at + 8)).flatten();
                    let pair = low.and_then(|low| pair(high, low));
                    len += if pair.is_some() { 6 } else { 0 };
                    is_whole &= pair.is_some();
                    pair.unwrap_or(char::REPLACEMENT_CHARACTER)
                })
            }
            Some(&other) => char::from(other),
            None => break,
        };
        text.push(c);
        rest = &rest[at + len..];
    }
    text.push_str(rest);
    (text, is_whole)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cases, Random};

    fn skips(json: &str) -> bool {
        let mut reader = Reader::new(json.as_bytes()).unwrap();
        reader.skip().and_then(|()| reader.end()).is_ok()
    }

    #[test]
    fn what_is_skipped_is_json() {
        const PIECES: [&str; 30] = [
            "{", "}", "[", "]", ",", ":", "\"a\"", "\"a\":", "1", "-", "0", ".", "e", "E+1",
            "true", "null", "false", " ", "\\", "\"", "\\u00e9", "\\n", "é", "[]", "{}", "01",
            "1.5", "nul", "\\ud83d", "\n",
        ];
        let mut random = Random::new(31);
        let mut valid = 0;
        for _ in 0..cases(30_000) {
            let json = random.concat(&PIECES, 8);
            let known = serde_json::from_str::<serde::de::IgnoredAny>(&json).is_ok();
            let control = json.contains('\n') && !known;
            if !control {
                assert_eq!(skips(&json), known, "{json:?}");
            }
            valid += usize::from(known);
        }
        assert!(valid > 500, "{valid}");
    }

    #[test]
    fn the_end_of_a_text_is_found_at_any_length() {
        for len in 0..80 {
            for fill in [b'a', b'!', b'#', b'[', b']', 0, 0xa2, 0xdc, 0xff] {
                let mut bytes = vec![fill; len];
                assert_eq!(quote_or_backslash(&bytes, 0), len);
                for end in [b'"', b'\\'] {
                    bytes.extend([end, b'"', fill]);
                    assert_eq!(quote_or_backslash(&bytes, 0), len, "{fill} {end}");
                    assert_eq!(quote_or_backslash(&bytes, len / 2), len, "{fill} {end}");
                    bytes.truncate(len);
                }
            }
        }
    }

    #[test]
    fn texts_are_read_as_json_has_them() {
        for (json, expected) in [
            (r#""""#, Some("")),
            (r#" "a\"\\\/b" "#, Some("a\"\\/b")),
            (r#""\b\f\n\r\t""#, Some("\x08\x0c\n\r\t")),
            (r#""\u00e9\ud83d\ude00""#, Some("é😀")),
            (r#""\ud83d""#, Some("\u{fffd}")),
            (r#""\ud83d\ud83d\ude00""#, Some("\u{fffd}😀")),
            (r#""\ude00\u0041""#, Some("\u{fffd}A")),
            ("1.50", Some("1.5")),
            ("null", None),
        ] {
            let mut reader = Reader::new(json.as_bytes()).unwrap();
            assert_eq!(reader.text().unwrap().as_deref(), expected, "{json}");
        }
    }

    #[test]
    fn a_strict_reader_reads_what_can_be_written_again() {
        for (json, expected) in [
            (r#""\ud83d\ude00\n""#, Ok("😀\n")),
            (
                r#""a\ud83d""#,
                Err("this text has half of a surrogate pair at line 1 column 2"),
            ),
            (
                "\"a\tb\"",
                Err("this text has a control character at line 1 column 2"),
            ),
        ] {
            let mut reader = Reader::strict(json.as_bytes()).unwrap();
            let found = reader.text().map(Option::unwrap);
            let found = found.map_err(|error| error.to_string());
            let found = found
                .as_deref()
                .map_err(|error| error.trim_start_matches("not JSON: "));
            assert_eq!(found, expected);
        }
    }

    #[test]
    fn a_strict_reader_skips_what_other_readers_accept() {
        let skips = |json: &str| {
            let mut reader = Reader::strict(json.as_bytes()).unwrap();
            reader.skip().and_then(|()| reader.end()).is_ok()
        };
        for json in ["[\"a\\nb\", 1e400]", "\"\\ud83d\"", "{\"\u{7f}\": 0.1}"] {
            assert!(skips(json), "{json:?}");
        }
        assert!(!skips("[\"a\nb\"]") && !skips("{\"\0\": 1}") && !skips("\"\\n\u{1f}\""));
        let digits = "9".repeat(5_000);
        let words = "[NaN, Infinity, {\"a\": -Infinity}]";
        for number in [
            "1e400",
            "[-1.5E999]",
            &digits,
            &format!("0.{digits}"),
            words,
        ] {
            assert!(skips(number), "{number}");
        }
        for number in [
            "nan",
            "N",
            "NaN1",
            "Infinit",
            "-I",
            "+Infinity",
            "-NaN",
            "InfinityNaN",
        ] {
            assert!(!skips(number), "{number}");
        }
    }

    #[test]
    fn truth_is_that_of_python() {
        for (json, expected) in [
            ("null", false),
            ("false", false),
            ("0", false),
            ("-0.0", false),
            ("0e5", false),
            ("1e-400", false),
            ("\"\"", false),
            ("[ ]", false),
            ("{\n}", false),
            ("true", true),
            ("0.1", true),
            ("\"0\"", true),
            ("[0]", true),
            ("{\"a\": 0}", true),
            ("NaN", true),
            ("-Infinity", true),
        ] {
            let mut reader = Reader::new(json.as_bytes()).unwrap();
            assert_eq!(reader.truth().unwrap(), expected, "{json}");
        }
    }

    #[test]
    fn depth_is_limited() {
        let nested = |depth: usize| "[".repeat(depth) + &"]".repeat(depth);
        assert!(skips(&nested(128)));
        assert!(!skips(&nested(129)));
        assert!(!skips(&"[".repeat(1_000_000)));
        assert!(!skips(&"{\"a\":".repeat(1_000_000)));
    }
}
