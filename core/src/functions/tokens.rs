//! Selects the token of a name that has the function.
//!
//! The name is split at white space, outside of brackets:
//!
//! ```text
//! static int Shop::sell            the last one                         Shop::sell
//! Shop.sell throws ⟿ Swift.Bool    the one before the arrow             Shop.sell
//! closure #1 in Shop.sell          the last one, with "closure in"       closure in Shop.sell
//! ```

use std::borrow::Cow;

use super::is_space;
use super::marks::ARROW;

/// Returns the function, or `None` if there is no token.
pub(super) fn function<'t>(text: &'t str, platform: &str) -> Option<Cow<'t, str>> {
    let mut tokens = split(text);
    // MSVC puts a space between a generic operator and its parameters.
    let generic_operator = tokens.len() > 1 && tokens.last() == Some(&"<T>");
    if generic_operator {
        tokens.pop();
    }
    // The last token, with its parameters.
    let whole = |at: usize| -> Cow<'t, str> {
        if generic_operator && at == tokens.len() - 1 {
            format!("{} <T>", tokens[at]).into()
        } else {
            tokens[at].into()
        }
    };
    let last_of = |word: &str| {
        let last = tokens.len().checked_sub(1)?;
        // A word with parameters appended is another word.
        let words = if generic_operator { last } else { last + 1 };
        tokens[..words].iter().rposition(|&token| token == word)
    };
    if let Some(of) = last_of("of") {
        if text.contains("initialization expression of") {
            let next = of + 1;
            let is_static = tokens.get(next) == Some(&"static");
            let next = if is_static && !(generic_operator && next == tokens.len() - 1) {
                next + 1
            } else {
                next
            };
            tokens.get(next)?;
            let name = whole(next);
            let name = name.strip_prefix(':').unwrap_or(&name);
            return Some(format!("initializer expression of {name}").into());
        }
    }
    let last = tokens.len().checked_sub(1)?;
    let at = match last_of(ARROW) {
        Some(arrow) => {
            // The token before the first one is the last one, as with index -1 in Python.
            let before = |at: usize| at.checked_sub(1).unwrap_or(last);
            let at = before(arrow);
            if whole(at) == "throws" {
                before(at)
            } else {
                at
            }
        }
        None => last,
    };
    let token = whole(at);
    if matches!(platform, "cocoa" | "swift") && token.starts_with('@') {
        let thunk = text.contains("thunk for ");
        let closure = if thunk {
            "thunk for closure"
        } else {
            "closure"
        };
        return Some(closure.into());
    }
    if token != "closure" && last_of("closure").is_some() {
        return Some(format!("closure in {token}").into());
    }
    Some(token)
}

/// Splits at white space outside of brackets. A closing bracket counts if it closes the innermost
/// open one. The text after a bracket that is not closed is dropped.
fn split(text: &str) -> Vec<&str> {
    let bytes = text.as_bytes();
    let mut tokens = Vec::with_capacity(4);
    // The ends of the open brackets.
    let mut open: Vec<u8> = Vec::new();
    // The token that is being read.
    let (mut start, mut end) = (0, 0);
    let mut at = 0;
    loop {
        // Most bytes are a part of a token, wherever they are.
        let rest = &bytes[at..];
        let run = rest.iter().position(|&byte| IS_SPECIAL[usize::from(byte)]);
        let first = at + run.unwrap_or(rest.len());
        if first > at && open.is_empty() {
            end = first;
        }
        let Some(&byte) = bytes.get(first) else {
            break;
        };
        at = first + 1;
        match byte {
            b'(' => open.push(b')'),
            b'{' => open.push(b'}'),
            b'[' => open.push(b']'),
            b'<' => open.push(b'>'),
            _ => {
                if let Some(&closing) = open.last() {
                    if byte == closing {
                        open.pop();
                        if open.is_empty() {
                            end = at;
                        }
                    }
                    continue;
                }
                let c = text[first..].chars().next().unwrap_or_default();
                at = first + c.len_utf8();
                if is_space(c) {
                    if start < end {
                        tokens.push(&text[start..end]);
                    }
                    start = at;
                }
                end = at;
            }
        }
    }
    if start < end {
        tokens.push(&text[start..end]);
    }
    tokens
}

/// The bytes that [`split`] looks at: brackets, and what may be white space, which the first byte
/// of a character outside of ASCII may be. All others are parts of a token.
static IS_SPECIAL: [bool; 256] = {
    let mut special = [true; 256];
    let mut byte = b'!';
    while byte <= b'~' {
        special[byte as usize] =
            matches!(byte, b'(' | b')' | b'{' | b'}' | b'[' | b']' | b'<' | b'>');
        byte += 1;
    }
    special
};
