//! Replaces text between brackets, which it finds by counting.
//!
//! ```text
//! a ( b ( c ) d ) e ) f ( g
//! 0 1   2   1   0   -1    0        depth after each bracket
//! a                                kept: at depth 0
//!   `-------------'                a pair: complete when the depth is 0 again
//!                   e              kept
//!                     `----------' dropped: below 0, then at 0 by an opening bracket: what
//!                                  follows that is kept again
//! ```
//!
//! A pair that is not closed is dropped, with everything after it.

use std::borrow::Cow;

use memchr::{memchr, memchr2_iter};

/// Replaces the outermost pairs of brackets. `replace` receives the text between them and the
/// position of the opening bracket, and appends the replacement of the pair.
///
/// Without an opening bracket, the text is returned as it is.
pub(super) fn replaced<'t>(
    text: &'t str,
    open: u8,
    close: u8,
    mut replace: impl FnMut(&'t str, usize, &mut String),
) -> Cow<'t, str> {
    if memchr(open, text.as_bytes()).is_none() {
        return text.into();
    }
    let mut out = String::with_capacity(text.len());
    let mut depth = 0_i64;
    let mut start = 0;
    // The start of the text that is kept, while the depth is 0.
    let mut kept = 0;
    for at in memchr2_iter(open, close, text.as_bytes()) {
        let byte = text.as_bytes()[at];
        if depth == 0 {
            out.push_str(&text[kept..at]);
        }
        if byte == open {
            if depth == 0 {
                start = at;
            }
            depth += 1;
        } else {
            depth -= 1;
            if depth == 0 {
                replace(&text[start + 1..at], start, &mut out);
            }
        }
        kept = at + 1;
    }
    if depth == 0 {
        out.push_str(&text[kept..]);
    }
    out.into()
}

/// Removes arguments. `(anonymous namespace)` and `(operator)` are kept.
pub(super) fn without_arguments(name: &str) -> Cow<'_, str> {
    replaced(name, b'(', b')', |inner, _, out| {
        let inner = inner.trim_matches(super::is_space);
        if matches!(inner, "anonymous namespace" | "operator") {
            out.extend(["(", inner, ")"]);
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn pairs_are_found_by_counting() {
        for (text, expected) in [
            ("a", "a"),
            ("a)b", "a)b"), // no opening bracket
            ("a(b(c)d)e", "a!e"),
            ("a)b(c)d(", "ac"),
            ("(a)(b)", "!!"),
            ("a(b", "a"),
            ("é(ü)ö", "é!ö"),
        ] {
            let found = replaced(text, b'(', b')', |_, _, out| out.push('!'));
            assert_eq!(found, expected, "{text}");
        }
    }
}
