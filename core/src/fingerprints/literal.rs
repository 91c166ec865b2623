//! Quoted texts: what stands between two quotes, with the escapes of Python.
//!
//! ```text
//! written           means
//! "a \"b\" \\ c"    a "b" \ c
//! "tab\t"           a tab              \a \b \f \n \r \t \v \' as well
//! "\x41\101\u0041"  AAA                hexadecimal, octal, Unicode
//! "C:\Windows"      C:\Windows         an unknown escape keeps its backslash
//! "\xg1"            \xg1               so does one that is not complete
//! ```
//!
//! A text can have line breaks. Python reads each of `\r\n`, `\r` and `\n` as `\n`.
//!
//! Three texts have no meaning: one with a NUL that is not escaped, one with `\U` above the
//! last code point, and one with half of a surrogate pair.

use std::borrow::Cow;
use std::fmt::Write;

use memchr::memchr3;
use thiserror::Error;

use crate::reader::json::pair;

/// Why a quoted text has no meaning.
#[derive(Clone, Copy, Debug, Error, PartialEq, Eq)]
pub enum LiteralError {
    /// A NUL that is not escaped.
    #[error("a quoted text cannot have a NUL: write `\\0`")]
    Nul,
    /// A `\U` that is no code point.
    #[error("there is no such code point: the last one is `\\U0010ffff`")]
    CodePoint,
    /// Half of a surrogate pair.
    #[error("half of a surrogate pair is not a character")]
    Surrogate,
}

/// Returns what the text between two quotes means.
pub(super) fn unescape(raw: &str) -> Result<Cow<'_, str>, LiteralError> {
    if memchr3(b'\\', b'\r', 0, raw.as_bytes()).is_none() {
        return Ok(raw.into());
    }
    let mut text = String::with_capacity(raw.len());
    let mut rest = raw;
    while let Some(at) = memchr3(b'\\', b'\r', 0, rest.as_bytes()) {
        text.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        rest = match rest.as_bytes()[at] {
            b'\r' => {
                text.push('\n');
                after.strip_prefix('\n').unwrap_or(after)
            }
            b'\\' => escape(after, &mut text)?,
            _ => return Err(LiteralError::Nul),
        };
    }
    text.push_str(rest);
    Ok(text.into())
}

/// Reads what follows a backslash, and returns what is left.
fn escape<'r>(rest: &'r str, text: &mut String) -> Result<&'r str, LiteralError> {
    let Some(first) = rest.chars().next() else {
        text.push('\\');
        return Ok(rest);
    };
    let after = &rest[first.len_utf8()..];
    let plain = match first {
        '\\' | '\'' | '"' => first,
        'a' => '\x07',
        'b' => '\x08',
        'f' => '\x0c',
        'n' => '\n',
        'r' => '\r',
        't' => '\t',
        'v' => '\x0b',
        '0'..='7' => {
            let len = rest
                .bytes()
                .take(3)
                .take_while(|b| (b'0'..=b'7').contains(b));
            let (digits, after) = rest.split_at(len.count());
            text.extend(number(digits, 8).and_then(char::from_u32));
            return Ok(after);
        }
        'x' | 'u' | 'U' => {
            let len = match first {
                'x' => 2,
                'u' => 4,
                _ => 8,
            };
            let Some(code) = hexadecimal(after, len) else {
                text.extend(['\\', first]);
                return Ok(after);
            };
            let after = &after[len..];
            if let Some(c) = char::from_u32(code) {
                text.push(c);
                return Ok(after);
            }
            if code > 0x10_ffff {
                return Err(LiteralError::CodePoint);
            }
            // Python keeps two halves apart, and JSON makes them one character.
            let low = after
                .strip_prefix("\\u")
                .and_then(|low| hexadecimal(low, 4));
            let c = low
                .filter(|_| code < 0xdc00)
                .and_then(|low| pair(code, low));
            text.push(c.ok_or(LiteralError::Surrogate)?);
            return Ok(&after[6..]);
        }
        other => {
            text.push('\\');
            // A `\r` is read again: it becomes a line feed.
            if other == '\r' || other == '\0' {
                return Ok(rest);
            }
            other
        }
    };
    text.push(plain);
    Ok(after)
}

fn hexadecimal(text: &str, len: usize) -> Option<u32> {
    number(text.get(..len)?, 16)
}

/// Reads digits, without the sign that Rust accepts.
fn number(digits: &str, radix: u32) -> Option<u32> {
    let mut digits = digits.chars().map(|c| c.to_digit(radix));
    digits.try_fold(0, |all, digit| Some(all * radix + digit?))
}

/// Appends a quoted text that means `text`.
pub(super) fn write_quoted(text: &str, out: &mut String) {
    out.push('"');
    for c in text.chars() {
        match c {
            '\\' => out.push_str("\\\\"),
            '"' => out.push_str("\\\""),
            '\n' => out.push_str("\\n"),
            '\r' => out.push_str("\\r"),
            '\t' => out.push_str("\\t"),
            // Also line breaks that only some editors know.
            c if c.is_control() || matches!(c, '\u{2028}' | '\u{2029}') => {
                let code = u32::from(c);
                let _ = if code < 0x100 {
                    write!(out, "\\x{code:02x}")
                } else {
                    write!(out, "\\u{code:04x}")
                };
            }
            c => out.push(c),
        }
    }
    out.push('"');
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cases, Random};

    #[test]
    fn escapes_mean_what_they_mean_in_python() {
        for (raw, expected) in [
            ("", Ok("")),
            ("é", Ok("é")),
            (r#"\"\\\'"#, Ok(r#""\'"#)),
            (r"\a\b\f\n\r\t\v", Ok("\x07\x08\x0c\n\r\t\x0b")),
            (r"\x41\u0041\U00000041", Ok("AAA")),
            (r"\101\1018\60", Ok("AA80")),
            (r"\777", Ok("\u{1ff}")),
            (r"\0", Ok("\0")),
            (r"C:\Windows\d", Ok(r"C:\Windows\d")),
            (r"\8\é\{", Ok(r"\8\é\{")),
            (r"\x4\xg1\u004\u004é", Ok(r"\x4\xg1\u004\u004é")),
            (r"\u+041", Ok(r"\u+041")),
            (r"\N{DIGIT ONE}", Ok(r"\N{DIGIT ONE}")),
            ("a\r\nb\rc\nd", Ok("a\nb\nc\nd")),
            ("a\\\rb", Ok("a\\\nb")),
            (r"\ud83d\ude00", Ok("😀")),
            (r"\ud83d", Err(LiteralError::Surrogate)),
            (r"\ude00\ud83d", Err(LiteralError::Surrogate)),
            (r"\ud83dx", Err(LiteralError::Surrogate)),
            (r"\U00110000", Err(LiteralError::CodePoint)),
            ("a\0", Err(LiteralError::Nul)),
            ("\\\0", Err(LiteralError::Nul)),
        ] {
            assert_eq!(unescape(raw).as_deref(), expected.as_deref(), "{raw:?}");
        }
    }

    #[test]
    fn what_is_quoted_means_the_same_text() {
        const PIECES: [&str; 16] = [
            "a", "\\", "\"", "\n", "\r", "\t", "\0", "\x7f", "\u{85}", "\u{2028}", "é", "x41",
            "u0041", "0", "😀", "n",
        ];
        let mut random = Random::new(21);
        for _ in 0..cases(5_000) {
            let text = random.concat(&PIECES, 8);
            let mut quoted = String::new();
            write_quoted(&text, &mut quoted);
            let raw = &quoted[1..quoted.len() - 1];
            assert_eq!(unescape(raw).unwrap(), text);
        }
    }
}
