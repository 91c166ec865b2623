//! One path pattern: what paths never contain, and what matches less than it seems to.
//!
//! Values are paths of files in lower case with forward slashes. They are absolute, or URLs, or
//! relative to a folder that depends on the SDK:
//!
//! ```text
//! /home/me/shop/src/cart.py    https://shop.example/a.js    app:///a.js    src/cart.rs
//! ```

use crate::enhancements::codes::Code;
use crate::enhancements::fields::{Subject, TextField};
use crate::enhancements::matcher::Matcher;
use crate::enhancements::text::diagnostics::finding::Finding;
use crate::enhancements::text::parser::{Span, WrittenMatcher};

/// Folders whose files have no folder in front: those of run-time systems, and of Elixir.
const ROOTS: [&str; 5] = ["deps", "internal", "native", "node", "webpack"];

/// Reports the problems of a valid path pattern.
pub(super) fn lint_path(matcher: &WrittenMatcher, line: &str, report: &mut impl FnMut(Finding)) {
    let argument = &line[matcher.argument.clone()];
    let mut warn = |code, place: Span, message: String, instead: Option<String>| {
        let start = matcher.argument.start;
        let place = start + place.start..start + place.end;
        report(Finding::new(code, place, message).possible(instead));
    };
    if let Some((place, suggestion)) = partial_stars(argument) {
        let message = "`**` is not a whole path segment here, so it acts as `*` and stops at `/`";
        let suggestion = suggestion.map(str::to_owned);
        warn(Code::PartialStars, place, message.to_owned(), suggestion);
    }
    // Values are in lower case. Patterns ignore only the case of A to Z.
    let upper = |c: char| !c.is_ascii() && c.to_lowercase().next() != Some(c);
    if let Some((at, c)) = argument.char_indices().find(|&(_, c)| upper(c)) {
        let message = format!("paths are in lower case, and patterns ignore only the case of A to Z: `{c}` never matches");
        let lower = Some(c.to_lowercase().collect());
        warn(Code::NeverInPath, at..at + c.len_utf8(), message, lower);
    }
    // A backslash is a slash in these patterns and cannot escape a bracket.
    if let Some(at) = argument.find(r"\]").or_else(|| argument.find(r"\}")) {
        let message =
            "a backslash is a slash in a path pattern and does not escape: `[[]`, `[]]`, \
                       `[{]` and `[}]` match brackets";
        warn(Code::NeverInPath, at..at + 1, message.to_owned(), None);
    }
    let len = argument.len();
    if argument.len() > 1 && argument.ends_with(['/', '\\']) {
        let message = "no path ends with a slash: `/**` matches all files of a folder";
        warn(
            Code::NeverInPath,
            len - 1..len,
            message.to_owned(),
            Some("/**".to_owned()),
        );
    }
    let home = ["~/", "~\\"].iter().any(|home| argument.starts_with(home));
    let relative = ["./", "../", ".\\", "..\\"]
        .into_iter()
        .find(|dots| argument.starts_with(dots));
    if home {
        let message = "paths have the folder itself and not `~`";
        warn(
            Code::NeverInPath,
            0..2,
            message.to_owned(),
            Some("**/".to_owned()),
        );
    } else if let Some(dots) = relative {
        let message = format!("a path rarely begins with `{dots}`: `**/` stands for any folder");
        warn(
            Code::NeverInPath,
            0..dots.len(),
            message,
            Some("**/".to_owned()),
        );
    } else if is_path(matcher) && has_no_root(argument) {
        let message =
            "this only matches a path that begins with it: `**/` in front stands for any \
                       folder";
        let instead = Some(format!("**/{argument}"));
        warn(Code::NoRoot, 0..len, message.to_owned(), instead);
    }
}

fn is_path(matcher: &WrittenMatcher) -> bool {
    match &matcher.matcher {
        Matcher::Frame(frame) => frame.test.subject() == Subject::Text(TextField::Path),
        Matcher::Exception(_) => false,
    }
}

/// Returns whether a pattern begins with the name of a folder: nothing stands for those around it.
fn has_no_root(argument: &str) -> bool {
    let Some((first, rest)) = argument.split_once(['/', '\\']) else {
        return false;
    };
    let is_name = |c: char| c.is_alphanumeric() || matches!(c, '_' | '-' | '.' | '@');
    !first.is_empty()
        && first.chars().all(is_name)
        // A host or a package of Go: `github.com/a/b`.
        && !first.contains('.')
        && rest.contains('*')
        && !ROOTS.contains(&first)
}

/// Returns the first run of two or more stars that is not a whole segment, and what was probably
/// meant. A segment ends at a slash, and inside braces also at a comma or a brace.
fn partial_stars(argument: &str) -> Option<(Span, Option<&'static str>)> {
    let bytes = argument.as_bytes();
    let (mut at, mut braces) = (0, 0_u32);
    while let Some(&byte) = bytes.get(at) {
        match byte {
            b'{' => braces += 1,
            b'}' => braces = braces.saturating_sub(1),
            // A class: the first character does not close it, nor does the first one after `!` or
            // `^`.
            b'[' => {
                at += 1 + usize::from(matches!(bytes.get(at + 1), Some(b'!' | b'^')));
                let rest = bytes.get(at + 1..).unwrap_or_default();
                at += 1 + rest.iter().position(|&b| b == b']').unwrap_or(rest.len());
            }
            b'*' => {
                let len = bytes[at..].iter().take_while(|&&b| b == b'*').count();
                let before = at.checked_sub(1).map(|before| bytes[before]);
                let after = bytes.get(at + len).copied();
                let border = |b, brace| match b {
                    None | Some(b'/' | b'\\') => true,
                    Some(b) => braces > 0 && (b == b',' || b == brace),
                };
                let (opens, closes) = (border(before, b'{'), border(after, b'}'));
                let whole = len == 2 && opens && closes;
                // Nothing precedes the scheme of a URL, so here `*` is as good.
                let is_scheme = at == 0 && begins_with_scheme(&argument[len..]);
                if len > 1 && !whole && !is_scheme {
                    let meant = match (len, opens, closes) {
                        (2, true, false) if begins_with_folder(&argument[at + len..]) => {
                            Some("**/")
                        }
                        (2, true, false) => Some("**/*"),
                        (2, false, true) => Some("*/**"),
                        _ => None,
                    };
                    return Some((at..at + len, meant));
                }
                at += len - 1;
            }
            _ => {}
        }
        at += 1;
    }
    None
}

/// Returns whether a text begins with `https://`, `webpack://` or a similar scheme, or with a drive.
fn begins_with_scheme(text: &str) -> bool {
    let scheme = |c: char| c.is_ascii_alphanumeric() || matches!(c, '+' | '.' | '-');
    let rest = text.trim_start_matches(scheme);
    let len = text.len() - rest.len();
    len > 0 && (rest.starts_with("://") || len == 1 && rest.starts_with(':'))
}

/// Returns whether a text begins with the name of a folder: a letter first, a slash at the end.
fn begins_with_folder(text: &str) -> bool {
    let end = text.find(['/', '\\', ',', '}']).unwrap_or(text.len());
    text.starts_with(|c: char| c.is_alphanumeric() || c == '_' || c == '@')
        && !text[..end].contains(['*', '?', '['])
        && text[end..].starts_with(['/', '\\'])
}
