//! Suggestions ("did you mean"): the known word that is nearest to an unknown one.
//!
//! [`nearest`] defines the distance.

use crate::diagnostics::nearest;
use crate::enhancements::codes::Code;
use crate::enhancements::error::SyntaxError;
use crate::enhancements::family::Families;
use crate::enhancements::fields::Subject;

const FLAGS: [&str; 2] = ["app", "group"];
const VARIABLES: [&str; 4] = ["max-frames", "min-frames", "invert-stacktrace", "category"];
const BOOLEANS: [&str; 4] = ["yes", "no", "true", "false"];

/// Returns a replacement for the text with the error.
pub(super) fn for_error(error: &SyntaxError) -> Option<String> {
    let word = error.line.get(error.place.clone())?;
    let after = error.line.get(error.place.end..)?;
    let found = match error.code {
        Code::UnknownMatcher => nearest(word, &matchers()),
        // An unknown matcher whose first letter no matcher has, or a matcher after the actions.
        Code::NoMatcher | Code::NoEquals if after.starts_with(':') => {
            nearest(word, &matchers()).filter(|&name| name != word)
        }
        Code::UnknownFlag => nearest(word, &FLAGS),
        Code::UnknownVariable => nearest(word, &VARIABLES),
        Code::BadValue => nearest(word, &BOOLEANS),
        _ => None,
    };
    found.map(str::to_owned)
}

/// Returns the family that was probably meant.
pub(super) fn family(word: &str) -> Option<String> {
    nearest(word, &families()).map(str::to_owned)
}

/// Returns the boolean that was probably meant.
pub(super) fn boolean(word: &str) -> Option<String> {
    nearest(word, &BOOLEANS).map(str::to_owned)
}

fn matchers() -> Vec<&'static str> {
    Subject::all().flat_map(Subject::names).copied().collect()
}

fn families() -> [&'static str; Families::NAMED.len()] {
    Families::NAMED.map(|(name, ..)| name)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_found_and_other_words_left_alone() {
        let (matchers, families) = (matchers(), families());
        for (word, known, expected) in [
            ("funktion", &matchers[..], Some("function")),
            ("Function", &matchers, Some("function")),
            ("stack.abs-path", &matchers, Some("stack.abs_path")),
            ("moduel", &matchers, Some("module")),
            ("filename", &matchers, None),
            ("x", &matchers, None),
            ("ap", &FLAGS, Some("app")),
            ("gruop", &FLAGS, Some("group")),
            ("maxframes", &VARIABLES, Some("max-frames")),
            ("max_frames", &VARIABLES, Some("max-frames")),
            ("Native", &families, Some("native")),
            ("python", &families, None),
            ("TRUE", &BOOLEANS, Some("true")),
            ("", &BOOLEANS, None),
        ] {
            assert_eq!(nearest(word, known), expected, "{word:?}");
        }
    }
}
