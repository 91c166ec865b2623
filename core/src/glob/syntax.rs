//! The syntax of globs: the dialect of the crate `globset`, with options and errors.
//!
//! | syntax | matches |
//! | --- | --- |
//! | `?` | one byte |
//! | `*` | any number of bytes |
//! | `**` | as a whole segment, `**/` `/**/` `/**`, any number of directories; else as `*` |
//! | `[a-z]` `[!a]` | one byte that is listed, or one that is not |
//! | `{a,b}` | one of several; braces in braces are not valid |
//! | `\*` | the character itself |
//!
//! [`Syntax`] defines where `?` and `*` stop. The regex that `globset` creates from a glob defines
//! what it matches. `globset` also decides which globs are valid and writes the error message;
//! [`InvalidGlob`] adds the position of the error.

use globset::GlobBuilder;
use thiserror::Error;

use super::token;

/// The options of the syntax.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Syntax {
    /// `?` and `*` stop at `/`.
    pub(crate) separators: bool,
    /// ASCII letters match in either case.
    pub(crate) fold_case: bool,
    /// Wildcards match line feeds. Wildcards that stop at slashes always match line feeds.
    pub(crate) newlines: bool,
}

impl Syntax {
    /// Returns the regex that defines what a glob matches. Compile it with
    /// [`Syntax::newlines`] as the flag that lets a dot match a line feed.
    pub(crate) fn regex_source(self, glob: &str) -> Result<String, InvalidGlob> {
        GlobBuilder::new(glob)
            .literal_separator(self.separators)
            .case_insensitive(self.fold_case)
            .backslash_escape(true)
            .build()
            .map(|glob| glob.regex().to_owned())
            .map_err(|err| InvalidGlob {
                // `globset` and the tokenizer accept the same globs, so this fails as well.
                position: token::parse(glob).err().unwrap_or_default(),
                reason: err.kind().to_string(),
                message: err.to_string(),
            })
    }
}

/// A glob that is not valid.
#[derive(Clone, Debug, Error, PartialEq, Eq)]
#[error("{message}")]
pub struct InvalidGlob {
    position: usize,
    reason: String,
    message: String,
}

impl InvalidGlob {
    /// Makes the error for a glob whose regex would exceed its memory limit.
    pub(crate) fn too_large(glob: &str) -> Self {
        let reason = "it takes too much memory";
        Self {
            position: 0,
            reason: reason.to_owned(),
            message: format!("error parsing glob '{glob}': {reason}"),
        }
    }

    /// Returns the position of the error in bytes, for example of a bracket that is not closed.
    pub fn position(&self) -> usize {
        self.position
    }

    /// Returns what is wrong, without the glob.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cases, Random};

    #[test]
    fn a_fault_has_a_position_and_a_reason() {
        for (glob, position, reason) in [
            ("a[", 1, "unclosed character class; missing ']'"),
            ("[]a][", 4, "unclosed character class; missing ']'"),
            (r"\[é[b", 4, "unclosed character class; missing ']'"),
            (
                "a{b,c",
                1,
                "unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
            ),
            (
                "{a}{b",
                3,
                "unclosed alternate group; missing '}' (maybe escape '{' with '[{]'?)",
            ),
            ("a{b,{c}}", 4, "nested alternate groups are not allowed"),
            (r"é\", 2, r"dangling '\'"),
            ("x[az-ab]", 3, "invalid range; 'z' > 'a'"),
        ] {
            let fault = Syntax::default().regex_source(glob).unwrap_err();
            assert_eq!(
                (fault.position(), fault.reason()),
                (position, reason),
                "{glob}"
            );
        }
    }

    #[test]
    fn the_text_before_a_fault_is_valid() {
        // It is a valid glob, or becomes one when its brace is closed.
        const PIECES: [&str; 12] = [
            "[", "]", "{", "}", "\\", "a", "z-a", "-", "é", ",", "!", "^",
        ];
        let mut random = Random::new(11);
        let mut seen = 0;
        for _ in 0..cases(5_000) {
            let glob = random.concat(&PIECES, 8);
            let Err(fault) = Syntax::default().regex_source(&glob) else {
                continue;
            };
            seen += 1;
            let (before, after) = glob.split_at(fault.position());
            let what = after.chars().next().unwrap();
            let syntax = Syntax::default();
            let valid = |glob: &str| syntax.regex_source(glob).is_ok();
            match fault.reason() {
                r"dangling '\'" => assert!(after == "\\", "{glob}"),
                reason if reason.starts_with("unclosed character") => {
                    assert!(what == '[', "{glob}");
                    assert!(valid(before) || valid(&format!("{before}}}")), "{glob}");
                }
                reason if reason.starts_with("unclosed alternate") => {
                    assert!(what == '{' && valid(before), "{glob}");
                }
                reason if reason.starts_with("nested") => {
                    assert!(what == '{' && valid(&format!("{before}}}")), "{glob}");
                }
                reason => assert!(reason.contains(&format!("'{what}' >")), "{glob}: {fault}"),
            }
        }
        assert!(seen > 1_000);
    }
}
