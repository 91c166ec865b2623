//! Patterns: globs over bytes, in the two dialects that rules use.
//!
//! The dialect is that of the crate `globset`, matched by the regex that
//! `globset` creates from a glob: anchored, byte by byte, and with `.` not matching
//! a line feed. This module adds the difference between names and paths:
//!
//! ```text
//!             function:foo*        path:src/*.c
//! case        matters              is ignored (ASCII)
//! backslash   escapes              is a separator: becomes /
//! * and ?     cross /              stop at /
//! leading /   is a normal byte     may be missing in the value
//! ```
//!
//! [`crate::glob`] has everything that these dialects share with other globs.

use std::fmt;

use smol_str::SmolStr;

use crate::glob::{InvalidGlob, LazyRegex, Program, Syntax, Value};

/// How a pattern treats case and slashes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Dialect {
    /// For names: functions, modules, categories, exception fields.
    Name,
    /// For paths: `path` and `package`.
    Path,
}

impl Dialect {
    /// Returns the syntax of a glob of this dialect, after its separators became slashes.
    pub(super) fn syntax(self) -> Syntax {
        let path = self == Self::Path;
        Syntax {
            separators: path,
            fold_case: path,
            newlines: false,
        }
    }
}

/// A glob with its text as it was written.
///
/// An invalid glob is a pattern that never matches.
pub struct Pattern {
    raw: SmolStr,
    dialect: Dialect,
    regex: LazyRegex,
}

impl Pattern {
    /// Makes a pattern, which need not be valid.
    pub fn new(raw: &str, dialect: Dialect) -> Self {
        Self {
            raw: SmolStr::new(raw),
            dialect,
            regex: LazyRegex::default(),
        }
    }

    /// Returns the pattern as it was written.
    pub fn as_str(&self) -> &str {
        &self.raw
    }

    /// Returns how the pattern treats case and slashes.
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }

    /// Returns the glob in the form that is matched: separators of a path are slashes.
    pub fn normalized(&self) -> SmolStr {
        match self.dialect {
            Dialect::Path if self.raw.contains('\\') => self.raw.replace('\\', "/").into(),
            _ => self.raw.clone(),
        }
    }

    /// Checks that the glob is valid.
    ///
    /// # Errors
    ///
    /// Fails with the error of the glob.
    pub fn validate(&self) -> Result<(), InvalidGlob> {
        // Only a glob with one of these characters can be invalid. Few patterns have one, and
        // building the regex is slow.
        if !self.raw.contains(['[', '{', '}', '\\']) {
            return Ok(());
        }
        self.regex_source().map(|_| ())
    }

    /// Returns the regex that defines what the pattern matches.
    ///
    /// # Errors
    ///
    /// Fails with the error of the glob.
    pub fn regex_source(&self) -> Result<String, InvalidGlob> {
        self.dialect.syntax().regex_source(&self.normalized())
    }

    /// Returns whether the regex matches the whole value.
    pub fn is_match(&self, value: &[u8]) -> bool {
        let Some(regex) = self.regex.get(|| self.normalized(), self.dialect.syntax()) else {
            return false;
        };
        // On long values of long patterns the regex can be slow, and the program of the engine is
        // not, if there is one.
        let matches = |value: &[u8]| regex.is_match_or(value, || self.is_match_by_program(value));
        if matches(value) {
            return true;
        }
        if self.dialect == Dialect::Path && !value.starts_with(b"/") {
            return matches(&[b"/", value].concat());
        }
        false
    }

    #[cold]
    fn is_match_by_program(&self, value: &[u8]) -> Option<bool> {
        let syntax = self.dialect.syntax();
        let program = Program::new(&self.normalized(), syntax);
        if syntax.fold_case {
            return program.is_match(&Value::new(&value.to_ascii_lowercase()));
        }
        program.is_match(&Value::new(value))
    }
}

impl Clone for Pattern {
    fn clone(&self) -> Self {
        Self::new(&self.raw, self.dialect)
    }
}

impl PartialEq for Pattern {
    fn eq(&self, other: &Self) -> bool {
        self.raw == other.raw && self.dialect == other.dialect
    }
}

impl Eq for Pattern {}

impl fmt::Debug for Pattern {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_tuple("Pattern")
            .field(&self.raw)
            .field(&self.dialect)
            .finish()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_name_matches_as_a_whole_and_with_case() {
        for (pattern, value, expected) in [
            ("foo", "foo", true),
            ("foo", "Foo", false),
            ("foo", "foobar", false),
            ("foo*", "foo/bar", true),
            ("f?o", "f/o", true),
            ("f*", "f\n", false),
            ("é", "é", true),
            ("?", "é", false),
            ("??", "é", true),
            ("[a-c]x", "bx", true),
            ("[!a]", "b", true),
            ("{a,b}c", "bc", true),
            ("{a,b{c,d}}", "bd", false), // braces in braces are not valid
            ("a}", "a", true),           // a brace that closes nothing is dropped
            (r"a\*", "a*", true),
            (r"a\*", "ab", false),
            ("[", "[", false),
            ("", "", true),
        ] {
            let matched = Pattern::new(pattern, Dialect::Name).is_match(value.as_bytes());
            assert_eq!(matched, expected, "{pattern:?} on {value:?}");
        }
    }

    #[test]
    fn a_path_ignores_case_and_stops_at_slashes() {
        for (pattern, value, expected) in [
            ("/usr/*", "/usr/lib", true),
            ("/usr/*", "/usr/lib/x", false),
            ("/usr/**", "/usr/lib/x", true),
            ("/usr/**", "usr/lib/x", true),
            ("usr/**", "/usr/lib", false),
            (r"C:\Windows\**", "c:/windows/system32/x.dll", true),
            ("**/SRC/*.c", "a/b/src/x.C", true),
            ("a*b", "a\nb", true),
            ("**/b", "a\n/b", false),
            ("É", "é", false),
        ] {
            let matched = Pattern::new(pattern, Dialect::Path).is_match(value.as_bytes());
            assert_eq!(matched, expected, "{pattern:?} on {value:?}");
        }
    }

    #[test]
    fn an_invalid_glob_says_what_is_wrong() {
        let err = Pattern::new("[a", Dialect::Name).validate().unwrap_err();
        assert!(err.to_string().contains("[a"), "{err}");
        assert!(Pattern::new("[a]", Dialect::Name).validate().is_ok());
    }
}
