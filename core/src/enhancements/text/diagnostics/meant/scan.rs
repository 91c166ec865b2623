//! Parts of a line that is not a rule: words, tokens, and what is inside of quotes.
//!
//! The parser has failed, so these functions divide the text by white space and quotes only:
//!
//! ```text
//! function:"a b"  path:/a/My App/**  +app
//!          ~~~~~                            quoted
//!                 ~~~~~~~~~~                a token: up to the white space around a position
//!                         ~~~~~~~~~         from `My`: words that are not matchers or actions
//! ```

use crate::enhancements::fields::Subject;
use crate::enhancements::text::diagnostics::suggest;
use crate::enhancements::text::parser::Span;

/// Returns whether a byte can be in a name or a word.
pub(super) fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'.' | b'-')
}

pub(super) fn is_word_start(c: char) -> bool {
    c.is_alphanumeric() || c == '_' || c == '.'
}

/// Returns where the word at the end of a text begins.
pub(super) fn token_of_word(text: &str) -> usize {
    text.len() - text.bytes().rev().take_while(|&byte| is_word(byte)).count()
}

/// Returns the text up to the white space around a position.
pub(super) fn token(text: &str, at: usize) -> Span {
    let space = |c: char| c.is_ascii_whitespace();
    let start = text[..at].rfind(space).map_or(0, |space| space + 1);
    let end = text[at..].find(space).map_or(text.len(), |len| at + len);
    start..end
}

/// Returns the characters that are not inside of an argument with quotes, with their positions.
pub(super) fn unquoted(text: &str) -> impl Iterator<Item = (usize, char)> + '_ {
    let mut before = ' ';
    let mut is_quoted = false;
    text.char_indices().filter(move |&(_, c)| {
        let opens = c == '"' && before == ':';
        let was_quoted = is_quoted;
        is_quoted = if is_quoted { c != '"' } else { opens };
        before = c;
        !was_quoted
    })
}

/// Returns the argument without quotes that ends before a position. Only spaces are between.
pub(super) fn argument_before(text: &str, at: usize) -> Option<Span> {
    let before = text[..at].trim_end();
    let start = token(before, before.len()).start;
    let (name, argument) = before[start..].split_once(':')?;
    let name = name.trim_start_matches(['!', '[']);
    let is_name = !name.is_empty() && name.bytes().all(is_word);
    (is_name && !argument.starts_with('"')).then(|| before.len() - argument.len()..before.len())
}

/// Returns whether the text where a matcher or an action is expected begins with an action, or ends.
pub(super) fn ends_matchers(rest: &str) -> bool {
    let word = rest.split_ascii_whitespace().next().unwrap_or_default();
    word.is_empty() || word.starts_with('#') || is_action(word)
}

pub(super) fn is_action(word: &str) -> bool {
    let flag = word.trim_start_matches(['^', 'v']);
    let named = |flag: &str| suggest::flag(flag).is_some() || matches!(flag, "sentinel" | "prefix");
    flag.strip_prefix(['+', '-']).is_some_and(named)
        || word.split_once('=').is_some_and(|(name, _)| {
            suggest::variable(name).is_some() || suggest::flag(name).is_some()
        })
}

/// Returns the end of the words from a position on that are neither matchers nor actions.
pub(super) fn words_end(text: &str, from: usize) -> usize {
    let mut end = from;
    let mut at = from;
    for word in text[from..].split_inclusive(|c: char| c.is_ascii_whitespace()) {
        let trimmed = word.trim_end_matches(|c: char| c.is_ascii_whitespace());
        let name = trimmed.trim_start_matches('!').split(':').next();
        let is_matcher = trimmed.contains(':')
            && !trimmed.contains("::")
            && Subject::from_name(name.unwrap_or_default()).is_some();
        let is_other = trimmed.starts_with(['|', '#', '^', '+']) || trimmed.starts_with("//");
        if at > from && (is_matcher || is_other || is_action(trimmed)) {
            break;
        }
        if !trimmed.is_empty() {
            end = at + trimmed.len();
        }
        at += word.len();
    }
    end
}
