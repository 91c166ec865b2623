//! Lambdas, as each compiler numbers them.
//!
//! ```text
//! gcc     {lambda(int, char)#3}
//! MSVC    lambda_0123456789abcdef0123456789abcdef
//! clang   $_12
//! ```
//!
//! All become `lambda`. MSVC numbers anonymous namespaces in the same way: `?A0x1234abcd::`.

use std::borrow::Cow;

use memchr::{memchr, memmem};

use super::is_word;
use super::marks::ANONYMOUS;

/// Replaces lambdas, then anonymous namespaces.
pub(super) fn normalized(name: &str) -> Cow<'_, str> {
    let mut name = Cow::Borrowed(name);
    if name.contains("lambda") || name.contains("$_") {
        name = without_lambdas(&name).into();
    }
    if name.contains("?A0x") {
        name = with_namespaces(&name).into();
    }
    name
}

fn without_lambdas(name: &str) -> String {
    let mut out = String::with_capacity(name.len());
    let mut finder = Finder::default();
    let (mut kept, mut at) = (0, 0);
    while at < name.len() {
        match finder.len_at(name, at) {
            Some(len) => {
                out.extend([&name[kept..at], "lambda"]);
                at += len;
                kept = at;
            }
            None => at += 1,
        }
    }
    out + &name[kept..]
}

/// The length of the lambda that begins at a position, in bytes.
pub(super) fn len_at(name: &str, at: usize) -> Option<usize> {
    Finder::default().len_at(name, at)
}

/// Remembers where gcc's lambdas end, so that many that do not end take linear time.
#[derive(Default)]
struct Finder {
    /// The first end, `)#3}`, after a position: both of them, and the end's length.
    end: Option<(usize, Option<(usize, usize)>)>,
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
        let one_line = memchr(b'\n', &name.as_bytes()[inside..end]).is_none();
        one_line.then_some(end + len - at)
    }
}

/// The first `)#3}` from a position on: where it begins, and its length.
fn end_from(name: &str, from: usize) -> Option<(usize, usize)> {
    let mut found = memmem::find_iter(&name.as_bytes()[from..], b")#");
    found.find_map(|found| {
        let start = from + found;
        let digits = &name[start + 2..];
        let len = digits
            .find(|c: char| !c.is_numeric())
            .unwrap_or(digits.len());
        let closed = len > 0 && digits[len..].starts_with('}');
        closed.then_some((start, 2 + len + 1))
    })
}

fn msvc(name: &str, at: usize) -> Option<usize> {
    const START: &str = "lambda_";
    const DIGITS: usize = 32;
    let bytes = &name.as_bytes()[at..];
    let digits = bytes.strip_prefix(START.as_bytes())?.get(..DIGITS)?;
    let len = START.len() + DIGITS;
    let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
    if !digits.iter().all(hex) {
        return None;
    }
    let whole = !name[..at].ends_with(is_word) && !name[at + len..].starts_with(is_word);
    whole.then_some(len)
}

fn clang(name: &str, at: usize) -> Option<usize> {
    let digits = name[at..].strip_prefix("$_")?;
    let len = digits
        .find(|c: char| !c.is_numeric())
        .unwrap_or(digits.len());
    (len > 0 && !digits[len..].starts_with(is_word)).then_some(2 + len)
}

fn with_namespaces(name: &str) -> String {
    const START: &str = "?A0x";
    const DIGITS: usize = 8;
    let mut out = String::with_capacity(name.len());
    let mut rest = name;
    while let Some(found) = rest.find(START) {
        let (before, from) = rest.split_at(found);
        out.push_str(before);
        let digits = &from.as_bytes()[START.len()..];
        let hex = |byte: &u8| matches!(byte, b'0'..=b'9' | b'a'..=b'f');
        let number = digits
            .get(..DIGITS)
            .is_some_and(|digits| digits.iter().all(hex));
        if number && digits[DIGITS..].starts_with(b"::") {
            out.push_str(ANONYMOUS);
            rest = &from[START.len() + DIGITS..];
        } else {
            out.push_str(START);
            rest = &from[START.len()..];
        }
    }
    out + rest
}
