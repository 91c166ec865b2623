//! Replaces lambdas, which each compiler numbers in another way.
//!
//! ```text
//! gcc     {lambda(int, char)#3}
//! MSVC    lambda_0123456789abcdef0123456789abcdef
//! clang   $_12
//! ```
//!
//! All become `lambda`. MSVC numbers anonymous namespaces in the same way: `?A0x1234abcd::`.

use std::borrow::Cow;

use memchr::{memchr, memchr2, memchr3_iter, memchr_iter, memmem};

use super::characters::{is_digit, is_word};
use super::edit::Edit;
use super::marks::ANONYMOUS;

/// Replaces lambdas, then anonymous namespaces.
pub(super) fn normalized(name: &str) -> Cow<'_, str> {
    match without_lambdas(name) {
        Cow::Borrowed(name) => with_namespaces(name),
        Cow::Owned(name) => with_namespaces(&name).into_owned().into(),
    }
}

fn without_lambdas(name: &str) -> Cow<'_, str> {
    let bytes = name.as_bytes();
    // Most names have none, and a search for each first byte is quick.
    if memchr2(b'{', b'$', bytes).is_none() && !name.contains(MSVC) {
        return name.into();
    }
    let mut edit = Edit::new(name);
    let mut finder = Finder::default();
    // The rarest byte of each kind: MSVC's is the last of `lambda_`.
    for at in memchr3_iter(b'{', b'$', b'_', bytes) {
        let start = match bytes[at] {
            b'_' if bytes[..=at].ends_with(MSVC.as_bytes()) => at + 1 - MSVC.len(),
            b'_' => continue,
            _ => at,
        };
        if start < edit.end() {
            continue;
        }
        if let Some(len) = finder.len_at(name, start) {
            edit.replace(start..start + len).push_str("lambda");
        }
    }
    edit.finish()
}

/// Returns the length in bytes of the lambda that begins at a position.
pub(super) fn len_at(name: &str, at: usize) -> Option<usize> {
    Finder::default().len_at(name, at)
}

/// The beginning of MSVC's lambdas.
const MSVC: &str = "lambda_";

/// Remembers where gcc's lambdas end, so that many that do not end take linear time.
#[derive(Default)]
struct Finder {
    /// The first end, `)#3}`, after a position: both positions, and the length of the end.
    end: Option<(usize, Option<(usize, usize)>)>,
    /// The position of a line end that was found inside a lambda.
    line_end: usize,
}

impl Finder {
    fn len_at(&mut self, name: &str, at: usize) -> Option<usize> {
        let bytes = name.as_bytes();
        match bytes[at..].first()? {
            b'{' => self.gcc(name, at),
            b'l' => msvc(name, at),
            b'$' => clang(name, at),
            _ => None,
        }
    }

    fn gcc(&mut self, name: &str, at: usize) -> Option<usize> {
        const START: &str = "{lambda(";
        if !name.as_bytes()[at..].starts_with(START.as_bytes()) {
            return None;
        }
        let inside = at + START.len();
        let known = self
            .end
            .filter(|(from, end)| *from <= inside && end.is_none_or(|(end, _)| end >= inside));
        let end = match known {
            Some((_, end)) => end,
            None => end_from(name, inside),
        };
        self.end = Some((inside, end));
        let (end, len) = end?;
        if (inside..end).contains(&self.line_end) {
            return None;
        }
        if let Some(found) = memchr(b'\n', &name.as_bytes()[inside..end]) {
            self.line_end = inside + found;
            return None;
        }
        Some(end + len - at)
    }
}

/// Returns the position and length of the first `)#3}` from a position on.
fn end_from(name: &str, from: usize) -> Option<(usize, usize)> {
    let mut found = memmem::find_iter(&name.as_bytes()[from..], b")#");
    found.find_map(|found| {
        let start = from + found;
        let digits = &name[start + 2..];
        let len = digits.find(|c: char| !is_digit(c)).unwrap_or(digits.len());
        let closed = len > 0 && digits[len..].starts_with('}');
        closed.then_some((start, 2 + len + 1))
    })
}

fn msvc(name: &str, at: usize) -> Option<usize> {
    const DIGITS: usize = 32;
    let bytes = &name.as_bytes()[at..];
    let digits = bytes.strip_prefix(MSVC.as_bytes())?.get(..DIGITS)?;
    let len = MSVC.len() + DIGITS;
    if !digits.iter().all(is_hex) {
        return None;
    }
    let whole = !name[..at].ends_with(is_word) && !name[at + len..].starts_with(is_word);
    whole.then_some(len)
}

fn clang(name: &str, at: usize) -> Option<usize> {
    let digits = name[at..].strip_prefix("$_")?;
    let len = digits.find(|c: char| !is_digit(c)).unwrap_or(digits.len());
    (len > 0 && !digits[len..].starts_with(is_word)).then_some(2 + len)
}

fn with_namespaces(name: &str) -> Cow<'_, str> {
    const START: &str = "?A0x";
    const END: &str = "::";
    let mut edit = Edit::new(name);
    for at in memchr_iter(b'?', name.as_bytes()) {
        let digits = at + START.len();
        let end = digits + 8;
        let bytes = name.as_bytes();
        if bytes[at..].starts_with(START.as_bytes())
            && bytes
                .get(digits..end)
                .is_some_and(|digits| digits.iter().all(is_hex))
            && bytes[end..].starts_with(END.as_bytes())
        {
            edit.replace(at..end).push_str(ANONYMOUS);
        }
    }
    edit.finish()
}

/// Returns whether a byte is a digit of the numbers that compilers append.
fn is_hex(byte: &u8) -> bool {
    matches!(byte, b'0'..=b'9' | b'a'..=b'f')
}
