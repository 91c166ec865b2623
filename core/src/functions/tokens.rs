//! The token of a name that is the function.
//!
//! What is left of a name is cut at white space, outside of brackets:
//!
//! ```text
//! static int Shop::sell            the last one                         Shop::sell
//! Shop.sell throws ⟿ Swift.Bool    the one before the arrow             Shop.sell
//! closure #1 in Shop.sell          the last one, and a word about it    closure in Shop.sell
//! ```

use super::is_space;
use super::marks::ARROW;

/// Returns the function, or `None` where there is no token.
pub(super) fn function(text: &str, platform: &str) -> Option<String> {
    let mut tokens = split(text);
    // MSVC puts a space between a generic operator and its parameters.
    let generic_operator = tokens.len() > 1 && tokens.last().is_some_and(|last| last == "<T>");
    if generic_operator {
        tokens.pop();
        tokens.last_mut()?.push_str(" <T>");
    }
    if text.contains("initialization expression of") {
        if let Some(of) = tokens.iter().rposition(|token| token == "of") {
            let mut next = tokens.get(of + 1)?;
            if next == "static" {
                next = tokens.get(of + 2)?;
            }
            let next = next.strip_prefix(':').unwrap_or(next);
            return Some(format!("initializer expression of {next}"));
        }
    }
    let token = match tokens.iter().rposition(|token| token == ARROW) {
        Some(arrow) => {
            // Before the first token comes the last one, as Python counts.
            let before = |at: usize| at.checked_sub(1).unwrap_or(tokens.len() - 1);
            let at = before(arrow);
            if tokens[at] == "throws" {
                &tokens[before(at)]
            } else {
                &tokens[at]
            }
        }
        None => tokens.last()?,
    };
    if matches!(platform, "cocoa" | "swift") && token.starts_with('@') {
        let thunk = if text.contains("thunk for ") {
            "thunk for "
        } else {
            ""
        };
        return Some(format!("{thunk}closure"));
    }
    let closure = token != "closure" && tokens.iter().any(|token| token == "closure");
    let word = if closure { "closure in " } else { "" };
    Some(format!("{word}{token}"))
}

/// Cuts at white space outside of brackets. A closing bracket counts if it closes the innermost
/// open one. What follows a bracket that is never closed is dropped.
fn split(text: &str) -> Vec<String> {
    let mut tokens = Vec::new();
    let mut token = String::new();
    let mut open = Vec::new();
    let mut kept = 0;
    for (at, c) in text.char_indices() {
        let next = at + c.len_utf8();
        let closing = match c {
            '(' => Some(')'),
            '{' => Some('}'),
            '[' => Some(']'),
            '<' => Some('>'),
            _ => None,
        };
        if let Some(closing) = closing {
            open.push(closing);
        } else if open.last() == Some(&c) {
            open.pop();
            if open.is_empty() {
                token.push_str(&text[kept..next]);
                kept = next;
            }
        } else if open.is_empty() {
            if is_space(c) {
                if !token.is_empty() {
                    tokens.push(std::mem::take(&mut token));
                }
            } else {
                token.push_str(&text[kept..next]);
            }
            kept = next;
        }
    }
    if !token.is_empty() {
        tokens.push(token);
    }
    tokens
}
