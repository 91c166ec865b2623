//! Suggestions ("did you mean"): the known word that is nearest to an unknown one.
//!
//! ```text
//! funktion    nearest by letters           function, a guess
//! Function    the same but for case        function, certain
//! filename    a name from another place    path, a guess
//! level       a name of fingerprint rules  none, and the message says so
//! ```
//!
//! [`nearest`] defines the distance.

use crate::diagnostics::nearest;
use crate::enhancements::family::Families;
use crate::enhancements::fields::Subject;
use crate::enhancements::pattern::{Dialect, Pattern};
use crate::fingerprints::{is_tag_name, Key};

const FLAGS: [&str; 2] = ["app", "group"];
pub(super) const VARIABLES: [&str; 4] =
    ["max-frames", "min-frames", "invert-stacktrace", "category"];
pub(super) const BOOLEANS: [&str; 4] = ["yes", "no", "true", "false"];

/// Names that Sentry, its SDKs and other tools have for what a matcher tests.
const OTHER_NAMES: &[(&str, &str)] = &[
    ("message", "value"),
    ("error.message", "value"),
    ("exception.value", "value"),
    ("file", "path"),
    ("filename", "path"),
    ("filepath", "path"),
    ("abspath", "path"),
    ("absolutepath", "path"),
    ("stack.filename", "path"),
    ("stack.file", "path"),
    ("stack.path", "path"),
    ("source", "path"),
    ("url", "path"),
    ("func", "function"),
    ("method", "function"),
    ("symbol", "function"),
    ("stack.func", "function"),
    ("class", "module"),
    ("namespace", "module"),
    ("library", "package"),
    ("image", "package"),
    ("binary", "package"),
    ("error", "type"),
    ("exception", "type"),
    ("exception.type", "type"),
    ("errortype", "type"),
    ("errorvalue", "value"),
    ("inapp", "app"),
    ("stack.inapp", "app"),
    ("platform", "family"),
    ("language", "family"),
];

/// Returns a word without what is often written differently: case, `_`, `-`.
pub(super) fn plain(word: &str) -> String {
    word.to_ascii_lowercase().replace(['_', '-'], "")
}

/// Returns what to say about an unknown matcher, the name that was probably meant, and whether that
/// is certain.
pub(super) fn matcher(name: &str) -> (String, Option<&'static str>, bool) {
    let all = || Subject::all().flat_map(Subject::names).copied();
    let written = plain(name);
    let unknown = format!("Unknown matcher `{name}`");
    if let Some(same) = all().find(|known| plain(known) == written) {
        return (unknown, Some(same), true);
    }
    let other = OTHER_NAMES.iter().find(|(other, _)| *other == written);
    let meant = other.map(|&(_, known)| known);
    if Key::from_text_name(name).is_some() {
        return (
            format!("{unknown}: fingerprint rules have it, stack trace rules do not"),
            meant,
            false,
        );
    }
    if is_tag_name(name) {
        return (
            format!(
                "{unknown}: fingerprint rules have it as `tags.{name}`, stack trace rules do not"
            ),
            meant,
            false,
        );
    }
    let known: Vec<_> = all().collect();
    let meant = meant.or_else(|| nearest(name, &known));
    if meant.is_some() {
        return (unknown, meant, false);
    }
    let names: Vec<_> = Subject::all().map(Subject::name).collect();
    (
        format!("{unknown}: the matchers are {}", list(&names)),
        None,
        false,
    )
}

/// Returns the flag that was probably meant.
pub(super) fn flag(word: &str) -> Option<&'static str> {
    let same = FLAGS.into_iter().find(|flag| is_same_flag(word, flag));
    same.or_else(|| nearest(word, &FLAGS))
}

/// Returns whether a word is another spelling of a flag.
pub(super) fn is_same_flag(word: &str, flag: &str) -> bool {
    let word = plain(word);
    word == flag || flag == "app" && ["inapp", "in.app"].contains(&word.as_str())
}

/// Returns the sign that stands for a boolean.
pub(super) fn sign(value: &str) -> Option<char> {
    match value.to_ascii_lowercase().as_str() {
        "true" | "yes" | "1" | "on" => Some('+'),
        "false" | "no" | "0" | "off" => Some('-'),
        _ => None,
    }
}

/// Returns the variable that was probably meant.
pub(super) fn variable(word: &str) -> Option<&'static str> {
    let same = VARIABLES
        .into_iter()
        .find(|known| plain(known) == plain(word));
    same.or_else(|| nearest(word, &VARIABLES))
}

/// Returns the family that was probably meant.
pub(super) fn family(word: &str) -> Option<String> {
    nearest(word, &families()).map(str::to_owned)
}

/// Returns the boolean that was probably meant.
pub(super) fn boolean(word: &str) -> Option<String> {
    nearest(word, &BOOLEANS).map(str::to_owned)
}

/// Returns names as a list in a sentence.
pub(super) fn list(names: &[&str]) -> String {
    let quoted: Vec<_> = names.iter().map(|name| format!("`{name}`")).collect();
    match quoted.split_last() {
        Some((last, [])) => last.clone(),
        Some((last, first)) => format!("{} and {last}", first.join(", ")),
        None => String::new(),
    }
}

/// Writes an invalid glob, as it is in the text, so that its brackets are characters: `[[]`.
pub(super) fn glob(argument: &str, is_path: bool) -> Option<String> {
    let dialect = if is_path {
        Dialect::Path
    } else {
        Dialect::Name
    };
    let mut text = argument.to_owned();
    if is_path {
        text = text.replace("\\[", "[[]").replace("\\]", "]");
        text = text.replace("\\{", "[{]").replace("\\}", "[}]");
    }
    // Each round replaces one bracket, and few are wrong.
    for _ in 0..4 {
        let unescaped = text.replace(r"\\", r"\");
        let Err(fault) = Pattern::new(&unescaped, dialect).validate() else {
            return (text != argument).then_some(text);
        };
        if unescaped.len() != text.len() {
            return None;
        }
        let at = fault.position();
        let instead = match text.as_bytes().get(at)? {
            b'[' => "[[]",
            b'{' => "[{]",
            _ => return None,
        };
        text.replace_range(at..=at, instead);
    }
    None
}

fn families() -> [&'static str; Families::NAMED.len()] {
    Families::NAMED.map(|(name, ..)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_words_left_alone() {
        for (word, expected) in [
            ("funktion", Some(("function", false))),
            ("Function", Some(("function", true))),
            ("stack.abs-path", Some(("stack.abs_path", true))),
            ("moduel", Some(("module", false))),
            ("filename", Some(("path", false))),
            ("message", Some(("value", false))),
            ("os.name", None),
            ("level", None),
            ("x", None),
        ] {
            let (_, meant, is_certain) = matcher(word);
            assert_eq!(meant.map(|meant| (meant, is_certain)), expected, "{word}");
        }
        for (found, expected) in [
            (flag("ap"), Some("app")),
            (flag("in_app"), Some("app")),
            (flag("gruop"), Some("group")),
            (flag("foo"), None),
            (variable("maxframes"), Some("max-frames")),
            (variable("max_frames"), Some("max-frames")),
            (variable("x"), None),
        ] {
            assert_eq!(found, expected);
        }
        assert_eq!(family("Native").as_deref(), Some("native"));
        assert_eq!(family("python"), None);
        assert_eq!(boolean("TRUE").as_deref(), Some("true"));
        assert_eq!(boolean(""), None);
    }

    #[test]
    fn brackets_become_characters() {
        for (argument, is_path, expected) in [
            ("?[Sentry*", false, Some("?[[]Sentry*")),
            (r"[-+]\[", true, Some("[-+][[]")),
            ("a{b", true, Some("a[{]b")),
            ("[z-a]", false, None),
            ("a", false, None),
        ] {
            assert_eq!(glob(argument, is_path).as_deref(), expected, "{argument}");
        }
    }
}
