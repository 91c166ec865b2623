//! What a glob means: the dialect of the crate `globset`, and the place of a fault in it.
//!
//! | syntax | matches |
//! | --- | --- |
//! | `?` | one byte |
//! | `*` | any number of bytes |
//! | `**` | as a whole segment, `**/` `/**/` `/**`, any number of directories; else as `*` |
//! | `[a-z]` `[!a]` | one byte of those listed, or not of those |
//! | `{a,b}` | one of several; braces in braces are not valid |
//! | `\*` | the character itself |
//!
//! [`Syntax`] says what `?` and `*` stop at. The regex that `globset` makes of a glob is
//! the definition; where `globset` finds a fault, [`InvalidGlob`] adds where it is.

use globset::{ErrorKind, GlobBuilder};
use thiserror::Error;

/// How a glob is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub(crate) struct Syntax {
    /// `?` and `*` stop at `/`.
    pub(crate) separators: bool,
    /// ASCII letters match in either case.
    pub(crate) fold_case: bool,
    /// Wildcards match line feeds, which they do anyway where they stop at slashes.
    pub(crate) newlines: bool,
}

impl Syntax {
    /// The regex that defines what a glob matches; dots in it are to be read as
    /// [`Syntax::newlines`] says.
    pub(crate) fn regex_source(self, glob: &str) -> Result<String, InvalidGlob> {
        GlobBuilder::new(glob)
            .literal_separator(self.separators)
            .case_insensitive(self.fold_case)
            .backslash_escape(true)
            .build()
            .map(|glob| glob.regex().to_owned())
            .map_err(|err| InvalidGlob {
                position: place(glob, err.kind()),
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
    /// What a glob is whose regex takes more memory than it may.
    pub(crate) fn too_large(glob: &str) -> Self {
        let reason = "it takes too much memory";
        Self {
            position: 0,
            reason: reason.to_owned(),
            message: format!("error parsing glob '{glob}': {reason}"),
        }
    }

    /// Where the fault is, in bytes: at the bracket that is not closed, for example.
    pub fn position(&self) -> usize {
        self.position
    }

    /// What is wrong, without the glob.
    pub fn reason(&self) -> &str {
        &self.reason
    }
}

/// Finds the first place in `glob` that has a fault of this kind.
fn place(glob: &str, kind: &ErrorKind) -> usize {
    let mut open = None;
    let mut at = 0;
    while let Some(next) = glob[at..].chars().next() {
        match next {
            '\\' => {
                let Some(escaped) = glob[at + 1..].chars().next() else {
                    return at; // a dangling escape
                };
                at += escaped.len_utf8();
            }
            '[' => {
                let class = class(&glob[at..]);
                let backwards = class
                    .backwards
                    .filter(|_| matches!(kind, ErrorKind::InvalidRange(..)));
                match (backwards, class.len) {
                    (Some(range), _) => return at + range,
                    (None, None) => return at, // not closed
                    (None, Some(len)) => at += len - 1,
                }
            }
            '{' if open.is_some() => return at, // nested
            '{' => open = Some(at),
            '}' => open = None,
            _ => {}
        }
        at += next.len_utf8();
    }
    open.unwrap_or(0)
}

struct Class {
    /// How long it is; None if it has no end.
    len: Option<usize>,
    /// Where the first range is that runs backwards.
    backwards: Option<usize>,
}

/// Reads the class that `text` begins with.
fn class(text: &str) -> Class {
    let mut chars = text.char_indices().skip(1).peekable();
    chars.next_if(|&(_, c)| matches!(c, '!' | '^'));
    let (mut backwards, mut before) = (None, None);
    let mut first = true;
    while let Some((at, c)) = chars.next() {
        match c {
            ']' if !first => {
                return Class {
                    len: Some(at + 1),
                    backwards,
                }
            }
            '-' if !first => {
                // A dash at the end is itself.
                if let Some((_, high)) = chars.next_if(|&(_, high)| high != ']') {
                    if let Some((low_at, low)) = before.take() {
                        if low > high {
                            backwards = backwards.or(Some(low_at));
                        }
                    }
                }
            }
            _ => before = Some((at, c)),
        }
        first = false;
    }
    Class {
        len: None,
        backwards,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{cases, Random};

    #[test]
    fn the_place_of_a_fault() {
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
    fn what_is_before_the_place_can_be_mended() {
        // All up to the place of a fault is a valid glob, or would be if closed.
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
