//! Generic parameters: `<...>` becomes `<T>`.
//!
//! Two kinds are kept. A lambda is not a parameter: `<lambda>`. And if a Rust name begins with a
//! pair, the pair contains the type of the function:
//!
//! ```text
//! <Foo<u8> as shop::Sell>::sell       Foo<T>::sell
//! <T as shop::Sell>::sell             shop::Sell::sell     T is a parameter, so the trait is used
//! <<A as B>::C as D>::e               A::C::e              nested pairs
//! ```

use std::borrow::Cow;

use super::enclosed;
use super::lambdas;

/// Replaces the outermost pairs of a name.
pub(super) fn replaced(name: &str) -> Cow<'_, str> {
    enclosed::replaced(name, b'<', b'>', |inner, start, out| {
        if is_lambda(inner) {
            out.extend(["<", inner, ">"]);
        } else if start > 0 {
            out.push_str("<T>");
        } else {
            leading_type(inner, out);
        }
    })
}

fn is_lambda(inner: &str) -> bool {
    inner == "lambda" || lambdas::len_at(inner, 0).is_some()
}

/// Appends the type of a leading pair. `inner` is the text between its brackets.
///
/// A leading pair may begin with another one, and so on. All of them are unwrapped first, and
/// then completed from the innermost one outwards: the type of one is where the next begins,
/// so each is written once.
fn leading_type(inner: &str, out: &mut String) {
    let start = out.len();
    // What follows the leading pair in each, the outermost first.
    let mut rests = Vec::new();
    let ends = leading_ends(inner);
    let mut ends = ends.iter().rev();
    let mut begin = 0;
    let mut end = inner.len();
    loop {
        let text = &inner[begin..end];
        if let Some(rest) = without_blanket(text) {
            begin = end - rest.len();
        }
        let text = &inner[begin..end];
        if !text.starts_with('<') {
            rests.push(text);
            break;
        }
        // The end of the pair that begins here.
        let close = loop {
            match ends.next() {
                Some(&(open, close)) if open == begin => break Some(close),
                Some(_) => {}
                None => break None,
            }
        };
        let Some(close) = close else {
            break; // cannot be: pairs within a pair are complete
        };
        rests.push(&inner[close + 1..end]);
        (begin, end) = (begin + 1, close);
        if is_lambda(&inner[begin..end]) {
            out.extend(["<", &inner[begin..end], ">"]);
            break;
        }
    }
    // Where a new ` as ` may begin.
    let mut search = start;
    for rest in rests.into_iter().rev() {
        let before = out.len();
        let replaced = enclosed::replaced(rest, b'<', b'>', |inner, _, out| {
            if is_lambda(inner) {
                out.extend(["<", inner, ">"]);
            } else {
                out.push_str("<T>");
            }
        });
        out.push_str(&replaced);
        if let Some(found) = out.get(search..).and_then(|text| text.find(" as ")) {
            out.truncate(search + found);
        }
        search = before.saturating_sub(3).clamp(start, out.len());
        while !out.is_char_boundary(search) {
            search -= 1;
        }
    }
}

/// Removes the `X as ` of an implementation for all types.
fn without_blanket(text: &str) -> Option<&str> {
    let rest = text.strip_prefix(|c: char| c.is_ascii_uppercase())?;
    rest.strip_prefix(" as ")
}

/// Returns the positions where the pairs of a balanced text open and close, ordered by where they
/// close.
fn leading_ends(text: &str) -> Vec<(usize, usize)> {
    let (mut open, mut pairs) = (Vec::new(), Vec::new());
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'<' => open.push(at),
            b'>' => pairs.extend(open.pop().map(|start| (start, at))),
            _ => {}
        }
    }
    pairs
}
